//! Text from outside, made safe to print.

use std::borrow::Cow;
use std::fmt::Write;

/// Writes every character that could move the cursor, change colours, hide or reorder text as an escape: `\n`,
/// `\t`, `\u{1b}`. What is left shows as what it is, on one line.
///
/// Escaped are the control characters (C0, DEL, C1), the line and paragraph separators, the bidirectional
/// controls (Unicode Standard Annex 9) and what is invisible.
pub fn escape_for_terminal(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_unsafe) else { return Cow::Borrowed(text) };
    let (safe, rest) = text.split_at(first);
    let mut escaped = String::with_capacity(text.len() + 16);
    escaped.push_str(safe);
    for c in rest.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if is_unsafe(c) => {
                write!(escaped, "\\u{{{:x}}}", u32::from(c)).expect("a String takes any text");
            }
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_controls_a_terminal_is_shown_instead() {
        let cases = [
            ("\x1b[2J\x1b]0;title\x07", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\x7f\0", "\\u{7f}\\u{0}"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ];
        for (text, escaped) in cases {
            assert_eq!(escape_for_terminal(text), escaped);
        }
    }

    #[test]
    fn ordinary_text_is_not_even_copied() {
        let text = r#"{"größe": "日本語 \u00e9 👍", "path": "C:\\"}"#;
        assert!(matches!(escape_for_terminal(text), Cow::Borrowed(same) if same == text));
    }

    proptest! {
        #[test]
        fn nothing_unsafe_is_left(text: String) {
            let escaped = escape_for_terminal(&text).into_owned();
            prop_assert!(!escaped.chars().any(is_unsafe));
            prop_assert_eq!(escape_for_terminal(&escaped), escaped.as_str());
        }
    }
}
