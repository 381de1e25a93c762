//! The words of a JSON text (RFC 8259): strings, numbers and literals, checked to the byte and not yet decoded. The
//! tree and the scan are both built on it, so that they take the same texts and refuse the others at the same place.

use super::json::NotJson;

/// A place in a text.
#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    /// What is behind the place: going on by cutting off bytes needs fewer checks than counting them.
    rest: &'a [u8],
}

/// Where a string lies, without its quotes.
#[derive(Clone, Copy)]
pub(super) struct Quoted {
    start: usize,
    end: usize,
    has_escapes: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes() }
    }

    /// How many bytes are before the place.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    /// What lies between two places that words begin or end at.
    #[inline]
    pub(super) fn between(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    #[cold]
    pub(super) fn broken<T>(&self) -> Result<T, NotJson> {
        Err(NotJson::Syntax(self.at()))
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Goes behind what was peeked at.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The end of the text, with blanks before it.
    pub(super) fn end(&mut self) -> Result<(), NotJson> {
        self.space();
        if self.rest.is_empty() { Ok(()) } else { self.broken() }
    }

    #[inline]
    pub(super) fn word(&mut self, word: &str) -> Result<(), NotJson> {
        let Some(rest) = self.rest.strip_prefix(word.as_bytes()) else { return self.broken() };
        self.rest = rest;
        Ok(())
    }

    /// The name of a member and its colon, up to the value.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Quoted, NotJson> {
        if self.peek() != Some(b'"') {
            return self.broken();
        }
        let name = self.string()?;
        self.space();
        if !self.eat(b':') {
            return self.broken();
        }
        self.space();
        Ok(name)
    }

    /// After an element: `true` at the closing bracket, `false` behind a comma.
    #[inline]
    pub(super) fn ends(&mut self, bracket: u8) -> Result<bool, NotJson> {
        self.space();
        if self.eat(bracket) {
            return Ok(true);
        }
        if !self.eat(b',') {
            return self.broken();
        }
        self.space();
        Ok(false)
    }

    /// Goes behind a number; whether it is written without fraction and exponent.
    #[inline]
    pub(super) fn number(&mut self) -> Result<bool, NotJson> {
        self.eat(b'-');
        if self.eat(b'0') {
            if let Some(b'0'..=b'9') = self.peek() {
                return self.broken();
            }
        } else {
            self.digits()?;
        }
        let mut is_whole = true;
        if self.eat(b'.') {
            is_whole = false;
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            is_whole = false;
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(is_whole)
    }

    #[inline]
    fn digits(&mut self) -> Result<(), NotJson> {
        let Some(b'0'..=b'9') = self.peek() else { return self.broken() };
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
        Ok(())
    }

    /// From an opening quote to behind the closing one.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Quoted, NotJson> {
        self.advance();
        let start = self.at();
        let mut has_escapes = false;
        loop {
            self.plain();
            match self.rest {
                [b'"', rest @ ..] => {
                    let end = self.at();
                    self.rest = rest;
                    return Ok(Quoted { start, end, has_escapes });
                }
                [b'\\', rest @ ..] => {
                    self.rest = rest;
                    self.escape()?;
                    has_escapes = true;
                }
                _ => return self.broken(),
            }
        }
    }

    /// Goes to the next quote, backslash or control character, eight bytes at a time.
    #[inline]
    fn plain(&mut self) {
        while let Some((chunk, behind)) = self.rest.split_first_chunk::<8>() {
            let special = special(u64::from_le_bytes(*chunk));
            if special != 0 {
                self.rest = &self.rest[special.trailing_zeros() as usize / 8..];
                return;
            }
            self.rest = behind;
        }
        while let [first, rest @ ..] = self.rest
            && !matches!(first, b'"' | b'\\' | ..b' ')
        {
            self.rest = rest;
        }
    }

    /// What belongs to a backslash.
    #[cold]
    fn escape(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.advance(),
            Some(b'u') => {
                self.advance();
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return self.broken();
                    }
                    self.advance();
                }
            }
            _ => return self.broken(),
        }
        Ok(())
    }

    /// A string as written, where there are no escapes in it, which then is what it means.
    #[inline]
    pub(super) fn verbatim(&self, string: Quoted) -> Option<&'a str> {
        (!string.has_escapes).then(|| self.between(string.start, string.end))
    }

    /// The characters that a string means. An escaped half of a surrogate pair is U+FFFD.
    pub(super) fn characters(&self, string: Quoted) -> impl Iterator<Item = char> + 'a {
        let mut rest = self.between(string.start, string.end);
        std::iter::from_fn(move || next_character(&mut rest))
    }
}

/// The top bit of the first byte that is a quote, a backslash or a control character; behind it anything. Subtracting
/// borrows only from bytes behind one that is found.
#[inline]
fn special(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x80 * ONES;
    let below = |bytes: u64, limit: u64| bytes.wrapping_sub(limit * ONES) & !bytes;
    let quote = below(bytes ^ (ONES * u64::from(b'"')), 1);
    let backslash = below(bytes ^ (ONES * u64::from(b'\\')), 1);
    (below(bytes, 0x20) | quote | backslash) & TOPS
}

fn next_character(rest: &mut &str) -> Option<char> {
    let mut characters = rest.chars();
    let first = characters.next()?;
    if first != '\\' {
        *rest = characters.as_str();
        return Some(first);
    }
    let decoded = match characters.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => {
            let (decoded, behind) = unicode(characters.as_str());
            *rest = behind;
            return Some(decoded);
        }
        itself => itself,
    };
    *rest = characters.as_str();
    Some(decoded)
}

/// What stands behind `\u`, and the second half of a surrogate pair where this is the first; and what is behind that.
fn unicode(text: &str) -> (char, &str) {
    let (high, behind) = hex4(text);
    if (0xD800..0xDC00).contains(&high)
        && let Some(escaped) = behind.strip_prefix("\\u")
        && let (low @ 0xDC00..0xE000, behind) = hex4(escaped)
    {
        let scalar = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
        return (char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER), behind);
    }
    (char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), behind)
}

/// Four hexadecimal digits, which the lexer has seen to be there.
fn hex4(text: &str) -> (u32, &str) {
    let (digits, behind) = text.split_at_checked(4).unwrap_or((text, ""));
    (u32::from_str_radix(digits, 16).unwrap_or(u32::from(char::REPLACEMENT_CHARACTER)), behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_whatever_stands_around_it() {
        let is_special = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
        for byte in 0..=u8::MAX {
            for around in [b'a', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']', b' '] {
                for place in 0..8 {
                    for behind in [around, 0, b'"', byte] {
                        let mut bytes = [around; 8];
                        bytes[place] = byte;
                        bytes[place + 1..].fill(behind);
                        let first = bytes.iter().position(|&byte| is_special(byte));
                        let found = special(u64::from_le_bytes(bytes));
                        let found = (found != 0).then(|| found.trailing_zeros() as usize / 8);
                        assert_eq!(found, first, "{bytes:?}");
                    }
                }
            }
        }
    }
}
