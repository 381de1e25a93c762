//! Text measured in terminal columns: padding, cutting, wrapping; and sizes as people read them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text, or its beginning and an ellipsis, in at most so many columns.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let end = prefix_len(text, width.saturating_sub(1));
    if width == 0 { String::new() } else { format!("{}…", text[..end].trim_end()) }
}

/// The text, or an ellipsis and its end, in at most so many columns: what tells paths apart is their end.
pub(super) fn cut_start(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let fits = |(start, _): &(usize, char)| columns(&text[*start..]) < width;
    let start = text.char_indices().find(fits).map_or(text.len(), |(start, _)| start);
    if width == 0 { String::new() } else { format!("…{}", &text[start..]) }
}

/// How many bytes of the text fit into so many columns.
fn prefix_len(text: &str, width: usize) -> usize {
    let mut taken = 0;
    let past = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > width
    });
    past.map_or(text.len(), |(index, _)| index)
}

/// The text in lines of at most `width` columns, broken at spaces where there are any; what is more than
/// `lines_max` lines is cut off with an ellipsis.
pub(super) fn wrap(text: &str, width: usize, lines_max: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if lines.len() + 1 == lines_max {
            lines.push(cut(rest, width));
            break;
        }
        let fits = prefix_len(rest, width);
        let end = if fits == rest.len() {
            fits
        } else {
            rest[..fits].rfind(' ').filter(|at| *at > 0).unwrap_or(fits)
        };
        lines.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    lines
}

/// A number of bytes with three significant digits, in steps of a thousand: `512 B`, `4.20 MB`.
pub(super) fn format_bytes(bytes: f64) -> String {
    let mut size = bytes;
    let units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < units.len() {
        size /= 1000.0;
        unit += 1;
    }
    let decimals = match size {
        _ if unit == 0 => 0,
        s if s < 9.995 => 2,
        s if s < 99.95 => 1,
        _ => 0,
    };
    format!("{size:.decimals$} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_have_three_significant_digits() {
        let cases = [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (999.9, "1.00 kB"),
            (4_200_000.0, "4.20 MB"),
            (99_960_000.0, "100 MB"),
            (999_600_000.0, "1.00 GB"),
            (1.8e19, "18.0 EB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(format_bytes(bytes), text);
        }
    }

    #[test]
    fn lines_break_at_spaces_and_end_in_an_ellipsis() {
        assert_eq!(wrap("no message matched within 2s", 11, 9), ["no message", "matched", "within 2s"]);
        assert_eq!(wrap("no message matched within 2s", 11, 2), ["no message", "matched wi…"]);
        assert_eq!(wrap("aaaaaaaaaa bb", 4, 9), ["aaaa", "aaaa", "aa", "bb"]);
        assert_eq!(wrap("日本語日本語", 5, 9), ["日本", "語日", "本語"]);
        assert_eq!(wrap("  ", 5, 9), [""; 0]);
    }

    #[test]
    fn paths_keep_their_end() {
        assert_eq!(cut_start("plans/chat.yaml:31", 18), "plans/chat.yaml:31");
        assert_eq!(cut_start("plans/chat.yaml:31", 13), "…chat.yaml:31");
        assert_eq!(cut_start("plans/chat.yaml:31", 0), "");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in "[a-z 日é]{0,60}", width in 2usize..20, lines_max in 1usize..5) {
            prop_assert!(columns(&cut(&text, width)) <= width);
            prop_assert!(columns(&cut_start(&text, width)) <= width);
            let lines = wrap(&text, width, lines_max);
            prop_assert!(lines.len() <= lines_max);
            prop_assert!(lines.iter().all(|line| columns(line) <= width));
        }
    }
}
