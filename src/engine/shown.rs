//! Payloads for people: shortened, and without what is secret. What could control a terminal is left for who prints it.

use crate::program::{BodyKind, Secrets};

/// The beginning of a payload in at most so many characters: text as it is, bytes as pairs of hexadecimal digits, an ellipsis
/// where there is more of it. `is_cut` says that there is more than `bytes` already.
pub(super) fn shown(
    (kind, bytes): (BodyKind, &[u8]),
    is_cut: bool,
    most_characters: usize,
    secrets: &Secrets,
) -> String {
    if kind == BodyKind::Binary {
        let shown_count = bytes.len().min(most_characters / 3);
        let digits: Vec<String> = bytes[..shown_count].iter().map(|byte| format!("{byte:02x}")).collect();
        let more = if is_cut || shown_count < bytes.len() { "…" } else { "" };
        return format!("{}{more}", digits.join(" "));
    }
    // A character that the cut has divided is not shown. So much is looked at that what is hidden leaves enough to show.
    let looked_at = &bytes[..bytes.len().min(most_characters * 8)];
    let text = match std::str::from_utf8(looked_at) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&looked_at[..error.valid_up_to()]).unwrap_or_default(),
    };
    let is_cut = is_cut || looked_at.len() < bytes.len();
    shortened(&secrets.hide(text, is_cut), is_cut, most_characters)
}

/// The beginning of a text in at most so many characters.
pub(super) fn shortened(text: &str, is_cut: bool, most_characters: usize) -> String {
    match text.char_indices().nth(most_characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if is_cut => format!("{text}…"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_and_bytes_between_bytes() {
        let secrets = Secrets::default();
        let text = |text: &str, most| shown((BodyKind::Text, text.as_bytes()), false, most, &secrets);
        assert_eq!(text("größe", 5), "größe");
        assert_eq!(text("größe", 4), "größ…");
        assert_eq!(text("", 4), "");
        let divided = &"größe".as_bytes()[..3];
        assert_eq!(shown((BodyKind::Text, divided), true, 9, &secrets), "gr…");
        let binary = |bytes: &[u8], most| shown((BodyKind::Binary, bytes), false, most, &secrets);
        assert_eq!(binary(&[0, 0x1f, 0xff], 9), "00 1f ff");
        assert_eq!(binary(&[0, 0x1f, 0xff], 8), "00 1f…");
        assert_eq!(binary(&[], 8), "");
    }

    #[test]
    fn what_is_secret_is_hidden_before_anything_is_cut() {
        let secrets = Secrets::new(["hunter2hunter2".to_owned()]);
        let text = |text: &str, is_cut| shown((BodyKind::Text, text.as_bytes()), is_cut, 24, &secrets);
        assert_eq!(text("now hunter2hunter2, then what more there is", false), "now (secret), then what …");
        assert_eq!(text("this ends in hunter2hun", true), "this ends in (secret)…");
    }
}
