//! One walk over a JSON text that checks all of it and finds the values of all simple paths that are asked for. It
//! builds nothing and allocates nothing: what is found is where the values lie. The answers are those of the tree, and
//! even for a message of a few bytes it takes no longer.
//!
//! Where a name stands twice in an object the last one wins, whatever the earlier one held.

use super::json::{DEPTH_LIMIT, NotJson, parse};
use super::lexer::{Lexer, Quoted};
use crate::program::{Json, PathNode, PathSet};

/// How many values, with the message itself and those on the way, are found without an allocation. A set of more is rare,
/// and this lies on the stack for every message.
const FEW: usize = 24;

/// Where a value lies.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// Of a value that is not there: no value is empty.
    const NONE: Self = Self { start: 0, end: 0 };
}

/// What a walk has found.
#[derive(Debug)]
pub(super) struct Found<'a> {
    text: &'a str,
    few: [Span; FEW],
    /// In place of the few, where there are more.
    many: Vec<Span>,
}

impl<'a> Found<'a> {
    /// Walks over a text, for the paths of a set.
    pub(super) fn scan(text: &'a str, asked: &PathSet) -> Result<Self, NotJson> {
        let mut found = Self { text, few: [Span::NONE; FEW], many: Vec::new() };
        let count = asked.nodes().len();
        if count > FEW {
            found.many = vec![Span::NONE; count];
        }
        let spans = if count > FEW { &mut found.many[..] } else { &mut found.few[..] };
        let mut scan = Scan { lexer: Lexer::new(text), nodes: asked.nodes(), spans, depth: 0 };
        scan.lexer.space();
        scan.value((count > 0).then_some(0))?;
        scan.lexer.end()?;
        Ok(found)
    }

    /// The value of a node of the set.
    pub(super) fn value(&self, node: usize) -> Option<Json<'a>> {
        let spans = if self.many.is_empty() { &self.few[..] } else { &self.many };
        let Span { start, end } = spans[node];
        let written = self.text.get(start..end).filter(|written| !written.is_empty())?;
        if let Some(string) = written.strip_prefix('"')
            && !string.contains('\\')
        {
            return string.strip_suffix('"').map(|string| Json::Text(string.into()));
        }
        Some(parse(written).expect("a part of what was checked"))
    }
}

struct Scan<'a, 's> {
    lexer: Lexer<'a>,
    nodes: &'s [PathNode],
    spans: &'s mut [Span],
    depth: usize,
}

impl<'s> Scan<'_, 's> {
    /// Walks over a value, which may be that of a node.
    fn value(&mut self, node: Option<usize>) -> Result<(), NotJson> {
        let Some(at) = node else { return self.skip() };
        let node = &self.nodes[at];
        // A member of the same name may have come before this one.
        self.spans[at..node.end].fill(Span::NONE);
        let start = self.lexer.at();
        match self.lexer.peek() {
            Some(b'{') if !node.names.is_empty() => self.object(node)?,
            Some(b'[') if !node.indices.is_empty() => self.array(node)?,
            _ => self.skip()?,
        }
        self.spans[at] = Span { start, end: self.lexer.at() };
        Ok(())
    }

    fn object(&mut self, node: &'s PathNode) -> Result<(), NotJson> {
        self.open()?;
        if !self.lexer.eat(b'}') {
            loop {
                let name = self.lexer.name()?;
                self.value(self.member(node, name))?;
                if self.lexer.ends(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    #[inline]
    fn member(&self, node: &PathNode, name: Quoted) -> Option<usize> {
        match self.lexer.verbatim(name) {
            Some(name) => node.member(name),
            None => node
                .names
                .iter()
                .find(|(known, _)| self.lexer.characters(name).eq(known.chars()))
                .map(|(_, node)| *node),
        }
    }

    /// Where elements are counted from the end, a first walk counts them. An element that is asked for in two ways is
    /// walked over once for each.
    fn array(&mut self, node: &'s PathNode) -> Result<(), NotJson> {
        let start = self.lexer;
        let mut count = None;
        if node.indices.iter().any(|(index, _)| *index < 0) {
            count = Some(self.elements(&[], None)?);
            self.lexer = start;
        }
        self.elements(&node.indices, count).map(|_| ())
    }

    fn elements(&mut self, indices: &[(i64, usize)], count: Option<i64>) -> Result<i64, NotJson> {
        self.open()?;
        let mut index = 0;
        if !self.lexer.eat(b']') {
            loop {
                let start = self.lexer;
                let is_this =
                    |asked: i64| asked == index || count.is_some_and(|count| asked == index - count);
                let mut nodes = indices.iter().filter(|(asked, _)| is_this(*asked)).map(|(_, node)| *node);
                self.value(nodes.next())?;
                for other in nodes {
                    self.lexer = start;
                    self.value(Some(other))?;
                }
                index += 1;
                if self.lexer.ends(b']')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(index)
    }

    fn open(&mut self) -> Result<(), NotJson> {
        if self.depth == DEPTH_LIMIT {
            return Err(NotJson::TooDeep);
        }
        self.depth += 1;
        self.lexer.advance();
        self.lexer.space();
        Ok(())
    }

    /// Walks over a value in which nothing is asked for. A bit for each open bracket says whether it is an object's.
    fn skip(&mut self) -> Result<(), NotJson> {
        let outside = self.depth;
        let mut objects: u128 = 0;
        loop {
            match self.lexer.peek() {
                Some(b'"') => drop(self.lexer.string()?),
                Some(b'-' | b'0'..=b'9') => drop(self.lexer.number()?),
                Some(b'{') => {
                    self.open()?;
                    objects = objects << 1 | 1;
                    if self.lexer.peek() != Some(b'}') {
                        self.lexer.name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open()?;
                    objects <<= 1;
                    if self.lexer.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b't') => self.lexer.word("true")?,
                Some(b'f') => self.lexer.word("false")?,
                Some(b'n') => self.lexer.word("null")?,
                _ => return self.lexer.broken(),
            }
            // A value has ended, or is about to: so do those that it is the last of.
            loop {
                if self.depth == outside {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                self.lexer.space();
                if self.lexer.eat(if is_object { b'}' } else { b']' }) {
                    objects >>= 1;
                    self.depth -= 1;
                } else if self.lexer.eat(b',') {
                    self.lexer.space();
                    if is_object {
                        self.lexer.name()?;
                    }
                    break;
                } else {
                    return self.lexer.broken();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::json::DEPTH_LIMIT;
    use crate::machine::{Message, Payload, select};
    use crate::program::Path;
    use jsonpath_rust::parser::parse_json_path;
    use jsonpath_rust::query::js_path_process;
    use proptest::prelude::*;

    fn path(text: &str) -> Path {
        Path::new(text, parse_json_path(text).unwrap())
    }

    /// What a scan finds for a path, alone and among others.
    fn found(text: &str, asked: &str) -> Option<String> {
        let path = path(asked);
        let set = PathSet::new([&path]);
        let found = Found::scan(text, &set).unwrap();
        found.value(set.node_of(&path).unwrap()).map(|value| value.to_string())
    }

    #[test]
    fn values_are_found_where_they_lie() {
        let text = r#" { "a" : { "b" : [ 1 , "x\n" , { "c" : null } ] } , "d" : 1.50 } "#;
        for (path, value) in [
            ("$.a.b[0]", Some("1")),
            ("$.a.b[1]", Some(r#""x\n""#)),
            ("$.a.b[2].c", Some("null")),
            ("$.a.b[-1].c", Some("null")),
            ("$.a.b[-3]", Some("1")),
            ("$.a.b[3]", None),
            ("$.a.b[-4]", None),
            ("$.a.b.c", None),
            ("$.a[0]", None),
            ("$.d", Some("1.50")),
            ("$.d.e", None),
            ("$.e", None),
            ("$", Some(r#"{"a":{"b":[1,"x\n",{"c":null}]},"d":1.50}"#)),
        ] {
            assert_eq!(found(text, path).as_deref(), value, "{path}");
        }
    }

    #[test]
    fn the_last_of_two_equal_names_wins_with_all_that_is_below_it() {
        assert_eq!(found(r#"{"a":1,"a":2}"#, "$.a").as_deref(), Some("2"));
        assert_eq!(found(r#"{"a":{"b":1},"a":{"c":2}}"#, "$.a.b"), None);
        assert_eq!(found(r#"{"a":{"b":1},"a":3}"#, "$.a.b"), None);
        assert_eq!(found(r#"{"a":{"b":1},"a":{"b":2},"\u0061":{"b":3}}"#, "$.a.b").as_deref(), Some("3"));
        assert_eq!(found(r#"[{"a":1,"a":[2]},{"a":[5],"a":[6,7]}]"#, "$[-1].a[-1]").as_deref(), Some("7"));
    }

    #[test]
    fn an_escaped_name_is_the_name_it_means() {
        assert_eq!(found(r#"{"\u0061\/\n":1}"#, r#"$["a/\n"]"#).as_deref(), Some("1"));
        assert_eq!(found(r#"{"\ud83d\ude00":1}"#, "$['😀']").as_deref(), Some("1"));
        assert_eq!(found(r#"{"😀":1}"#, r#"$["\ud83d\ude00"]"#).as_deref(), Some("1"));
        assert_eq!(found(r#"{"\ud800":1}"#, "$['\u{FFFD}']").as_deref(), Some("1"));
        assert_eq!(found(r#"{"\\u0061":1}"#, "$.a"), None);
    }

    #[test]
    fn an_element_may_be_asked_for_from_both_ends() {
        let paths = [path("$[0].a"), path("$[-1].b"), path("$[-2]"), path("$[1]")];
        let set = PathSet::new(&paths);
        let values = |text| {
            let found = Found::scan(text, &set).unwrap();
            let value = |path| found.value(set.node_of(path).unwrap());
            paths.iter().map(|path| value(path).map(|value| value.to_string())).collect::<Vec<_>>()
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(values(r#"[{"a":1,"b":2}]"#), [some("1"), some("2"), None, None]);
        assert_eq!(
            values(r#"[{"a":1,"b":2},{"a":3,"b":4}]"#),
            [some("1"), some("4"), some(r#"{"a":1,"b":2}"#), some(r#"{"a":3,"b":4}"#)]
        );
        assert_eq!(values("[]"), [None, None, None, None]);
    }

    #[test]
    fn more_values_than_few_are_found_as_well() {
        let texts: Vec<_> = (0..3 * FEW).map(|n| format!("$.n{n}")).collect();
        let paths: Vec<_> = texts.iter().map(|text| path(text)).collect();
        let set = PathSet::new(&paths);
        let members: Vec<_> = (0..3 * FEW).map(|n| format!("\"n{n}\":{n}")).collect();
        let text = format!("{{{}}}", members.join(","));
        let found = Found::scan(&text, &set).unwrap();
        for (n, path) in (0_i64..).zip(&paths) {
            assert_eq!(found.value(set.node_of(path).unwrap()), Some(Json::Int(n)));
        }
    }

    #[test]
    fn depth_is_limited_exactly_wherever_it_is() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        let asked = [path("$[0][0]"), path("$[-1][-1].a")];
        for set in [PathSet::EMPTY.clone(), PathSet::new(&asked)] {
            assert!(Found::scan(&nested(DEPTH_LIMIT), &set).is_ok());
            assert_eq!(Found::scan(&nested(DEPTH_LIMIT + 1), &set).err(), Some(NotJson::TooDeep));
            let objects = r#"{"a":"#.repeat(DEPTH_LIMIT) + "1" + &"}".repeat(DEPTH_LIMIT);
            assert!(Found::scan(&objects, &set).is_ok());
            assert_eq!(Found::scan(&format!("[{objects}]"), &set).err(), Some(NotJson::TooDeep));
            assert_eq!(Found::scan(&"[".repeat(1_000_000), &set).err(), Some(NotJson::TooDeep));
        }
    }

    /// Names as they are written in texts, some the same by another spelling.
    const WRITTEN: [&str; 8] = ["a", "b", r"\u0061", r"\u0062\u0063", "bc", "", r"\ud83d\ude00", "😀"];

    /// JSON texts whose objects have the same few names again and again.
    fn any_text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            prop::sample::select(vec!["null", "true", "false", "0", "-1.50", "12e3", r#""""#, "[]", "{ }"])
                .prop_map(str::to_owned),
            r#""[a-c€\\"]{0,10}""#.prop_map(|text| format!("{:?}", &text[1..text.len() - 1])),
            any::<i64>().prop_map(|n| n.to_string()),
        ];
        let blank = || prop::sample::select(vec!["", "", "", " ", "\n\t "]);
        leaf.prop_recursive(5, 60, 6, move |inner| {
            let member = (prop::sample::select(WRITTEN.to_vec()), blank(), inner.clone());
            let members = prop::collection::vec(member, 0..6).prop_map(|members| {
                let member = |(name, blank, value)| format!("{blank}\"{name}\"{blank}:{blank}{value}{blank}");
                format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
            });
            let elements = (prop::collection::vec(inner, 0..6), blank())
                .prop_map(|(elements, blank)| format!("[{blank}{}{blank}]", elements.join(",")));
            prop_oneof![members, elements]
        })
    }

    fn any_paths() -> impl Strategy<Value = Vec<String>> {
        let step = prop_oneof![
            4 => prop::sample::select(vec!["['a']", "['b']", "['bc']", "['']", "['😀']"]).prop_map(str::to_owned),
            2 => (-3_i64..3).prop_map(|index| format!("[{index}]")),
        ];
        let path = prop::collection::vec(step, 0..5).prop_map(|steps| format!("${}", steps.concat()));
        prop::collection::vec(path, 0..12)
    }

    /// The scan's verdict on a text and its values are those of the tree.
    fn same_as_tree(text: &str, texts: &[String]) -> Result<(), TestCaseError> {
        let paths: Vec<_> = texts.iter().map(|text| path(text)).collect();
        let set = PathSet::new(&paths);
        let tree = parse(text);
        let found = Found::scan(text, &set);
        prop_assert_eq!(found.as_ref().err(), tree.as_ref().err(), "{}", text);
        let (Ok(found), Ok(tree)) = (found, tree) else { return Ok(()) };
        for path in &paths {
            let ours = found.value(set.node_of(path).unwrap());
            let theirs = select(path, &tree);
            prop_assert_eq!(ours.as_ref(), theirs.first(), "{} in {}", path, text);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn finds_what_the_tree_finds(text in any_text(), paths in any_paths()) {
            same_as_tree(&text, &paths)?;
        }

        #[test]
        fn finds_what_jsonpath_rust_finds(text in any_text(), paths in any_paths()) {
            let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
            let asked: Vec<_> = paths.iter().map(|text| path(text)).collect();
            let set = PathSet::new(&asked);
            let message = Message::asked(Payload::Text(&text), &set);
            for asked in &asked {
                let ours = message.select(asked).unwrap();
                let ours = ours.first().map(|value| serde_json::from_str(&value.to_string()).unwrap());
                let query = parse_json_path(asked.source()).unwrap();
                let theirs = js_path_process(&query, &theirs).unwrap();
                prop_assert_eq!(ours.as_ref(), theirs.first().map(|node| node.clone().val()), "{}", asked);
            }
        }

        #[test]
        fn refuses_what_the_tree_refuses_at_the_same_byte(
            text in any_text(),
            paths in any_paths(),
            at in any::<prop::sample::Index>(),
            put in prop::sample::select(vec!["", "\"", "\\", "\\u12", "{", "}", "[", "]", ",", ":", "0", "-", "e", "\u{1}", " "]),
            cut in 0..3_usize,
        ) {
            let characters: Vec<_> = text.chars().collect();
            let at = at.index(characters.len());
            let behind = (at + cut).min(characters.len());
            let mut broken: String = characters[..at].iter().collect();
            broken.push_str(put);
            broken.extend(&characters[behind..]);
            same_as_tree(&broken, &paths)?;
        }

        #[test]
        fn takes_any_text_as_the_tree_does(text in r#"[\[\]{}",:0-9eE.+\-a\\un tf\n]{0,12}"#, paths in any_paths()) {
            same_as_tree(&text, &paths)?;
        }
    }
}
