//! Where the parts of a tag stand. Handlebars' parser tells at which line and column a tag starts and what is in
//! it, but not where in it; this reads the tag's text again, just well enough to find its words.

use std::ops::Range;

/// A name, a literal, or a call with its arguments, as ranges of the template's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    /// The whole of it, with its parentheses.
    pub range: Range<usize>,
    /// What is called or named.
    pub name: Range<usize>,
    /// The arguments, in the order they are written.
    pub arguments: Vec<Argument>,
}

/// An argument: `value` or `key=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argument {
    /// The key.
    pub key: Option<Range<usize>>,
    /// The value.
    pub value: Shape,
}

impl Shape {
    /// A place without parts.
    pub(super) fn at(range: Range<usize>) -> Self {
        Self { name: range.clone(), range, arguments: Vec::new() }
    }

    /// The positional argument at an index; this whole shape where there is none.
    pub(super) fn positional(&self, index: usize) -> Shape {
        let found = self.arguments.iter().filter(|argument| argument.key.is_none()).nth(index);
        found.map_or_else(|| Self::at(self.range.clone()), |argument| argument.value.clone())
    }

    /// The arguments of a key: the range of the key and the value, in order. More than one is a mistake.
    pub(super) fn keyed<'s>(
        &'s self,
        text: &'s str,
        key: &'s str,
    ) -> impl Iterator<Item = (Range<usize>, &'s Shape)> {
        self.arguments.iter().filter_map(move |argument| {
            let range = argument.key.clone()?;
            (text.get(range.clone()) == Some(key)).then_some((range, &argument.value))
        })
    }
}

/// What a tag does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `{{name}}`, `{{{name}}}`, `{{&name}}`, `{{>partial}}`, `{{*decorator}}`.
    Expression,
    /// `{{#name}}`, and `{{{{name}}}}` with everything up to its `{{{{/name}}}}`.
    Open,
    /// `{{else}}`, `{{^}}`, `{{else if x}}`.
    Else,
    /// `{{/name}}`.
    Close,
    /// `{{! words }}`.
    Comment,
    /// `{{{{raw}}}}...{{{{/raw}}}}`, whole.
    Raw,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// From the first brace to behind the last.
    pub range: Range<usize>,
    /// What it does.
    pub kind: TagKind,
    /// Whether its braces are closed; one that is not goes to the end of the text.
    pub closed: bool,
    /// How deep parentheses, lists and maps are nested in it.
    pub depth: usize,
}

/// The tags of a text, in order. An escaped `\{{` is none.
pub(super) fn tags(text: &str) -> impl Iterator<Item = Tag> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let tag = next_tag(text, from)?;
        from = tag.range.end;
        Some(tag)
    })
}

fn next_tag(text: &str, from: usize) -> Option<Tag> {
    let bytes = text.as_bytes();
    let mut from = from;
    loop {
        let start = from + text.get(from..)?.find("{{")?;
        let backslashes = bytes[..start].iter().rev().take_while(|&&byte| byte == b'\\').count();
        if backslashes != 1 {
            return Some(read_tag(text, start));
        }
        // `\{{{` escapes all three.
        from = start + 2 + usize::from(bytes.get(start + 2) == Some(&b'{'));
    }
}

/// The tag whose braces open at `start`.
pub(super) fn read_tag(text: &str, start: usize) -> Tag {
    let rest = &text[start..];
    let whole = |end: Option<usize>, kind| {
        let range = start..end.map_or(text.len(), |end| start + end);
        Tag { range, kind, closed: end.is_some(), depth: 0 }
    };
    if rest.starts_with("{{{{") {
        let end = rest.find("{{{{/").and_then(|close| Some(close + rest[close..].find("}}}}")? + 4));
        return whole(end, TagKind::Raw);
    }
    if rest.starts_with("{{!--") {
        return whole(rest.find("--}}").map(|at| at + 4), TagKind::Comment);
    }
    if rest.starts_with("{{!") {
        return whole(rest.find("}}").map(|at| at + 2), TagKind::Comment);
    }
    let (end, closed, depth) = tag_end(rest);
    let inner = rest[2..].trim_start_matches('~').trim_start();
    let kind = match inner.as_bytes().first() {
        Some(b'#') => TagKind::Open,
        Some(b'/') => TagKind::Close,
        Some(b'^') => TagKind::Else,
        _ => match inner.strip_prefix("else") {
            Some(after) if after.starts_with(|c: char| c.is_whitespace() || matches!(c, '}' | '~')) => {
                TagKind::Else
            }
            _ => TagKind::Expression,
        },
    };
    Tag { closed, depth, ..whole(end, kind) }
}

/// Where the tag that a text starts with ends, whether by as many braces as opened it, and how deep its brackets go.
fn tag_end(text: &str) -> (Option<usize>, bool, usize) {
    let bytes = text.as_bytes();
    let braces = if bytes.get(2) == Some(&b'{') { 3 } else { 2 };
    let (mut at, mut depth, mut deepest) = (braces, 0usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => at = string_end(bytes, at),
            b'(' | b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
                at += 1;
            }
            b'}' if depth == 0 => {
                let count = bytes[at..].iter().take_while(|&&byte| byte == b'}').count();
                if count >= 2 {
                    return (Some(at + count.min(braces)), count >= braces, deepest);
                }
                at += 1;
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    // An unbalanced bracket must not swallow the rest of the text.
    let end = text.find("}}").map(|end| end + 2);
    (end, end.is_some(), deepest)
}

/// Behind the quote that closes the string opened at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if byte == bytes[start] => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The name and the arguments of a tag.
pub(super) fn read_shape(text: &str, tag: &Tag) -> Shape {
    let mut reader = Reader { text, at: tag.range.start, end: tag.range.end };
    reader.skip(|c| matches!(c, '{' | '~' | '#' | '&' | '/' | '^' | '>' | '*') || c.is_whitespace());
    if tag.kind == TagKind::Else {
        if text[reader.at..].starts_with("else") {
            reader.at += "else".len();
        }
        reader.skip(char::is_whitespace);
    }
    let name = reader.item().unwrap_or_else(|| Shape::at(tag.range.clone()));
    let arguments = reader.arguments();
    // `{{(helper x)}}` is the call itself.
    if arguments.is_empty() && !name.arguments.is_empty() {
        return name;
    }
    Shape { range: tag.range.clone(), name: name.name, arguments }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(skipped).len();
    }

    fn arguments(&mut self) -> Vec<Argument> {
        let mut arguments = Vec::new();
        while let Some(value) = self.item() {
            if self.text.get(value.range.clone()) == Some("as") {
                self.skip(char::is_whitespace);
                if self.rest().starts_with('|') {
                    break;
                }
            }
            let before = self.at;
            self.skip(char::is_whitespace);
            if self.rest().starts_with('=') {
                self.at += 1;
                let key = Some(value.range);
                let Some(value) = self.item() else { break };
                arguments.push(Argument { key, value });
            } else {
                self.at = before;
                arguments.push(Argument { key: None, value });
            }
        }
        arguments
    }

    /// A word, a literal, or a parenthesised call. Recursion is bounded: [`Tag::depth`] has been checked.
    fn item(&mut self) -> Option<Shape> {
        self.skip(char::is_whitespace);
        let start = self.at;
        match self.rest().chars().next()? {
            '(' => {
                self.at += 1;
                let name = self.item();
                let arguments = self.arguments();
                self.skip(char::is_whitespace);
                self.at += usize::from(self.rest().starts_with(')'));
                let name = name.map_or(start..self.at, |name| name.name);
                Some(Shape { range: start..self.at, name, arguments })
            }
            '"' | '\'' => {
                self.at = string_end(self.text.as_bytes(), start).min(self.end);
                Some(Shape::at(start..self.at))
            }
            ')' | '}' | '~' | '|' | '=' => None,
            _ => {
                self.word();
                Some(Shape::at(start..self.at))
            }
        }
    }

    fn word(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            match c {
                '[' | '{' => self.bracket(),
                '(' | ')' | '}' | ']' | '~' | '|' | '=' | '"' | '\'' => break,
                c if c.is_whitespace() => break,
                c => self.at += c.len_utf8(),
            }
        }
        // A stray closing bracket must not stop the reader for good.
        self.at += usize::from(self.rest().starts_with(']'));
    }

    fn bracket(&mut self) {
        let bytes = self.text.as_bytes();
        let mut depth = 0usize;
        while self.at < self.end {
            match bytes[self.at] {
                b'"' | b'\'' => self.at = string_end(bytes, self.at).min(self.end),
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b']' | b'}' => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }
}

/// The parts of a block: its `{{else}}` tags in order, and its `{{/name}}`.
pub(super) fn block_parts(text: &str, open: &Tag) -> (Vec<Tag>, Option<Tag>) {
    let mut depth = 0usize;
    let mut elses = Vec::new();
    let mut from = open.range.end;
    while let Some(tag) = next_tag(text, from) {
        from = tag.range.end;
        match tag.kind {
            TagKind::Open => depth += 1,
            TagKind::Else if depth == 0 => elses.push(tag),
            TagKind::Close if depth == 0 => return (elses, Some(tag)),
            TagKind::Close => depth -= 1,
            _ => {}
        }
    }
    (elses, None)
}

/// The byte at a line and column, both from 1, the column in characters, as Handlebars' parser counts them.
pub(super) fn offset(text: &str, line: usize, column: usize) -> usize {
    let line_start = match line {
        0 | 1 => 0,
        _ => text.match_indices('\n').nth(line - 2).map_or(text.len(), |(at, _)| at + 1),
    };
    let rest = &text[line_start..];
    line_start + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        fn show(text: &str, shape: &Shape) -> String {
            let mut shown = vec![text[shape.name.clone()].to_owned()];
            for argument in &shape.arguments {
                let key = argument.key.clone().map_or(String::new(), |key| format!("{}=", &text[key]));
                shown.push(format!("{key}<{}>", show(text, &argument.value)));
            }
            shown.join(" ")
        }
        tags(text).map(|tag| show(text, &read_shape(text, &tag))).collect::<Vec<_>>().join(" ; ")
    }

    #[test]
    fn shapes_name_every_part() {
        for (text, expected) in [
            ("a {{b}} c", "b"),
            ("{{~ a.b.[c d].0 ~}}", "a.b.[c d].0"),
            ("{{{a}}}{{&b}}", "a ; b"),
            (
                "{{f 1 \"x }} y\" 'z' k=v [1,[2]] {\"a\":{\"b\":1}} l = 3}}",
                "f <1> <\"x }} y\"> <'z'> k=<v> <[1,[2]]> <{\"a\":{\"b\":1}}> l=<3>",
            ),
            ("{{f (g a (h)) b=(i 1)}}", "f <g <a> <h>> b=<i <1>>"),
            ("{{(f a)}}", "f <a>"),
            ("{{#each a.b as |x y|}}{{else if c}}{{/each}}", "each <a.b> ; if <c> ; each"),
            (r"\{{a}} \\{{b}} \{{{c}}} {{d}}", "b ; d"),
            ("{{else}}{{elsewhere}}", "{{else}} ; elsewhere"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_block_knows_its_parts() {
        let text = "{{#if a}}{{#if b}}{{else}}{{/if}}{{else if c}}x{{else}}y{{/if}}z{{/if}}";
        let (elses, close) = block_parts(text, &read_tag(text, 0));
        let elses: Vec<_> = elses.iter().map(|tag| &text[tag.range.clone()]).collect();
        assert_eq!(elses, ["{{else if c}}", "{{else}}"]);
        assert_eq!(close.unwrap().range.end, text.len() - "z{{/if}}".len());
    }

    #[test]
    fn lines_and_columns_lead_back_to_bytes() {
        let text = "a\nüb{{c}}\r\nd{{e}}";
        assert_eq!(&text[offset(text, 2, 3)..][..5], "{{c}}");
        assert_eq!(&text[offset(text, 3, 2)..], "{{e}}");
        assert_eq!(offset(text, 9, 9), text.len());
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in "[{}#/~!a(\\[\\])=|'\" \\\\é\n-]{0,40}") {
            for tag in tags(&text) {
                prop_assert!(tag.range.end > tag.range.start);
                let shape = read_shape(&text, &tag);
                prop_assert!(text.get(shape.name).is_some());
                let _ = block_parts(&text, &tag);
            }
        }
    }
}
