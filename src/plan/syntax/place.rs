//! Finding places in the text that the parser does not report: indicators, templates, the ends of tokens. Each
//! function takes byte offsets into the whole text and gives such offsets back.

use std::ops::Range;

/// The first of the ASCII `indicators` in `from..to` that begins a token, skipping comments. The range must hold no quoted text.
pub(super) fn indicator(text: &str, from: usize, to: usize, indicators: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    while at < to.min(bytes.len()) {
        let begins = at == 0 || bytes[at - 1].is_ascii_whitespace() || at == bom_length(text);
        if begins && bytes[at] == b'#' {
            at += bytes[at..].iter().position(|&byte| matches!(byte, b'\n' | b'\r'))?;
        } else if begins && indicators.contains(&bytes[at]) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Where a value that is not there would stand: behind the colon of a key that ends at `key_end`, if it has one.
pub(super) fn behind_colon(text: &str, key_end: usize) -> usize {
    let rest = &text[key_end..];
    let blank_bytes = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if rest[blank_bytes..].starts_with(':') { key_end + blank_bytes + 1 } else { key_end }
}

/// A block scalar from its `|` or `>` to the end of its last line that is not blank. `content` is what the parser
/// calls its span, `from` an offset behind the token before it.
pub(super) fn block_scalar(text: &str, from: usize, content: &Range<usize>) -> Range<usize> {
    let start = indicator(text, from, content.end.max(content.start + 1), b"|>").unwrap_or(content.start);
    let end = content.end.max(start);
    let body = &text[start..end];
    let kept = body.trim_end_matches([' ', '\t', '\n', '\r']);
    // Blanks at the end of the last line belong to the text, the lines behind it do not.
    let tail = &body[kept.len()..];
    let blank_bytes = tail.find(['\n', '\r']).unwrap_or(tail.len());
    let line_end = text[end..].starts_with(['\n', '\r']) || end == text.len() || blank_bytes < tail.len();
    start..start + kept.len() + if line_end { blank_bytes } else { 0 }
}

/// What a label at one offset should underline: a word, one mark, or nothing at the end of a line.
pub(super) fn token(text: &str, offset: usize) -> Range<usize> {
    let start = text.floor_char_boundary(offset);
    let rest = &text[start..];
    if rest.trim().is_empty() {
        let end = text.trim_end().len();
        return end..end;
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$');
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let first = rest.chars().next().filter(|&c| c != '\n' && c != '\r').map_or(0, char::len_utf8);
    start..start + word.max(first)
}

/// The line around an offset, without its end.
pub(super) fn line(text: &str, offset: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let start = bytes[..offset].iter().rposition(ends).map_or(0, |i| i + 1);
    let end = bytes[offset..].iter().position(ends).map_or(bytes.len(), |i| offset + i);
    start..end
}

/// The last line before this one that is not blank.
pub(super) fn line_before(text: &str, line_start: usize) -> Option<Range<usize>> {
    let before = text[..line_start].trim_end();
    (!before.is_empty()).then(|| line(text, before.len()))
}

/// A `{{template}}` on a line that stands bare at the start of a value, where YAML reads it as a map.
pub(super) fn bare_template(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let content = &text[line.clone()];
    let (mut quote, mut before, mut blank) = (None, None, true);
    for (at, c) in content.char_indices() {
        if let Some(open) = quote {
            quote = (c != open).then_some(open);
        } else if c == '#' && blank {
            return None;
        } else if starts_value(before, blank) {
            if content[at..].starts_with("{{") {
                let length = content[at..].find("}}").map_or(content.len() - at, |end| end + 2);
                return Some(line.start + at..line.start + at + length);
            }
            quote = matches!(c, '"' | '\'').then_some(c);
        }
        blank = c.is_whitespace();
        before = if blank { before } else { Some(c) };
    }
    None
}

/// Whether a value may start behind this mark, with or without a blank between.
fn starts_value(before: Option<char>, blank: bool) -> bool {
    match before {
        None | Some('[' | '{' | ',') => true,
        Some(':' | '-' | '?') => blank,
        Some(_) => false,
    }
}

/// The colon of a `key:value` line whose missing space makes it text instead of an entry.
pub(super) fn colon_without_space(text: &str, line: &Range<usize>) -> Option<usize> {
    let content = &text[line.clone()];
    let key = content.trim_start_matches([' ', '\t', '-', '{', ',']);
    let key_start = content.len() - key.len();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '"' | '\'');
    let colon = key.find(|c| !is_word(c)).filter(|&at| at > 0 && key[at..].starts_with(':'))?;
    let rest = &key[colon + 1..];
    let joined = rest.starts_with(|c: char| !c.is_whitespace()) && !rest.starts_with("//");
    let entry_behind_all = rest.contains(": ") || rest.trim_end().ends_with(':');
    (joined && !entry_behind_all).then_some(line.start + key_start + colon)
}

/// The quote that opens a text which does not end before `to`; what lies between `from` and it may hold whole ones.
pub(super) fn open_quote(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while let Some(start) = indicator_or_flow(text, at, to) {
        let mark = text.as_bytes()[start];
        match closing_quote(&text.as_bytes()[start + 1..to.min(text.len())], mark) {
            Some(length) => at = start + 1 + length + 1,
            None => return Some(start),
        }
    }
    None
}

/// Like [`indicator`] for quotes, which inside brackets may also follow a mark.
fn indicator_or_flow(text: &str, from: usize, to: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..to.min(bytes.len())).find(|&at| {
        let begins = at == 0 || bytes[at - 1].is_ascii_whitespace() || b"[{,:".contains(&bytes[at - 1]);
        begins && matches!(bytes[at], b'"' | b'\'')
    })
}

/// How far behind the opening quote the closing one stands.
fn closing_quote(bytes: &[u8], mark: u8) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if mark == b'"' => at += 1,
            byte if byte == mark && mark == b'\'' && bytes.get(at + 1) == Some(&mark) => at += 1,
            byte if byte == mark => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The first backslash of a double-quoted text at `start` that YAML knows no meaning for, with its letter.
pub(super) fn unknown_escape(text: &str, start: usize) -> Option<Range<usize>> {
    let mut chars = text[start..].char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '"' {
            return None;
        }
        if c == '\\' {
            let (letter_at, letter) = chars.next()?;
            if !"0abt\tnvfre \"/\\N_LPxuU\n\r".contains(letter) {
                return Some(start + at..start + letter_at + letter.len_utf8());
            }
        }
    }
    None
}

/// The bytes of a byte order mark at the start.
pub(super) fn bom_length(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(content: &str) -> Option<&str> {
        bare_template(content, &(0..content.len())).map(|range| &content[range])
    }

    #[test]
    fn templates_are_bare_only_where_a_value_starts() {
        assert_eq!(template("text: {{x}} more"), Some("{{x}}"));
        assert_eq!(template("- {{#if a}}b{{/if}}"), Some("{{#if a}}"));
        assert_eq!(template("{a: [{{x}}]}"), Some("{{x}}"));
        assert_eq!(template("{{x}}: 1"), Some("{{x}}"));
        assert_eq!(template("text: say {{x}}"), None);
        assert_eq!(template("text: \"{{x}}\""), None);
        assert_eq!(template("path: /a?b={{x}}"), None);
        assert_eq!(template("a: 1 # {{x}}"), None);
        assert_eq!(template("it's: {{x}}"), Some("{{x}}"));
    }

    #[test]
    fn a_colon_lacks_its_space_only_where_a_key_stands_before_it() {
        let colon = |content: &str| colon_without_space(content, &(0..content.len()));
        assert_eq!(colon("  type:hello"), Some(6));
        assert_eq!(colon("- type:hello"), Some(6));
        assert_eq!(colon("target:ws://host"), Some(6));
        assert_eq!(colon("type: hello"), None);
        assert_eq!(colon("http://host"), None);
        assert_eq!(colon("host:port: 1"), None);
        assert_eq!(colon("say what:now"), None);
    }

    #[test]
    fn tokens_are_words_or_single_marks() {
        let text = "ab.c: [é]\n\n";
        assert_eq!(token(text, 0), 0..4);
        assert_eq!(token(text, 4), 4..5);
        assert_eq!(token(text, 7), 7..9);
        assert_eq!(token(text, 8), 7..9, "inside a character");
        assert_eq!(token(text, 11), 10..10, "the end of the file is shown behind its last word");
    }

    #[test]
    fn quotes_that_are_closed_are_skipped() {
        let text = "{\"a\\\"\": 'b''c', \"d";
        assert_eq!(open_quote(text, 0, text.len()), Some(16));
        assert_eq!(open_quote("a: 'b'", 0, 6), None);
    }
}
