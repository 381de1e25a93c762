//! Paths as Handlebars writes them: `a.b.[c d].0`, `this.a`, `../a`, `@index`, `@root.a`. Its own tree names rules of
//! a grammar that it keeps to itself, so the text is read again.

/// The parts of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Path {
    /// How many `../` it starts with.
    pub up_count: usize,
    /// Whether it starts at `this` or `./`.
    pub this: bool,
    /// Whether it starts at `@root`.
    pub root: bool,
    /// Whether it is one of `@index`, `@key` and the like; then the name is the first segment.
    pub local: bool,
    /// Names and indices.
    pub segments: Vec<String>,
}

impl Path {
    /// Reads a path that Handlebars' parser has accepted.
    pub(super) fn parse(raw: &str) -> Self {
        let mut path = Self::default();
        let mut rest = raw;
        if let Some(after) = rest.strip_prefix("@root").and_then(|after| after.strip_prefix(['.', '/'])) {
            (path.root, rest) = (true, after);
        } else if let Some(after) = rest.strip_prefix('@') {
            (path.local, rest) = (true, after);
        }
        loop {
            if let Some(after) = rest.strip_prefix("../") {
                path.up_count += 1;
                rest = after;
            } else if let Some(after) = rest.strip_prefix("./") {
                path.this = true;
                rest = after;
            } else {
                break;
            }
        }
        while !rest.is_empty() {
            let segment;
            if let Some(after) = rest.strip_prefix('[') {
                (segment, rest) = after.split_once(']').unwrap_or((after, ""));
                path.segments.push(segment.to_owned());
            } else {
                let end = rest.find(['.', '/']).unwrap_or(rest.len());
                (segment, rest) = rest.split_at(end);
                match segment {
                    // `..` in the middle, which the grammar lets through as two separators, leads nowhere.
                    "" => {}
                    "this" => path.this |= path.segments.is_empty(),
                    name => path.segments.push(name.to_owned()),
                }
            }
            rest = rest.strip_prefix(['.', '/']).unwrap_or(rest);
        }
        path
    }

    /// The path of something below a root, in words that Handlebars' parser takes.
    pub(super) fn from_root(root: &str, segments: &[String]) -> String {
        segments.iter().fold(format!("@root.{root}"), |path, segment| format!("{path}.[{segment}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_apart() {
        let show = |raw: &str| {
            let path = Path::parse(raw);
            let flags = [(path.this, "this "), (path.root, "root "), (path.local, "local ")];
            let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
            format!("{flags}{} {:?}", path.up_count, path.segments)
        };
        for (raw, expected) in [
            ("a", r#"0 ["a"]"#),
            ("a.b/0", r#"0 ["a", "b", "0"]"#),
            ("a.[b c].[d]", r#"0 ["a", "b c", "d"]"#),
            ("[x.y]", r#"0 ["x.y"]"#),
            ("this", "this 0 []"),
            ("this.a", r#"this 0 ["a"]"#),
            ("./a", r#"this 0 ["a"]"#),
            ("../../a.b", r#"2 ["a", "b"]"#),
            ("../this", "this 1 []"),
            ("@index", r#"local 0 ["index"]"#),
            ("@../index", r#"local 1 ["index"]"#),
            ("@root.a", r#"root 0 ["a"]"#),
            ("@root", r#"local 0 ["root"]"#),
        ] {
            assert_eq!(show(raw), expected, "{raw}");
        }
    }
}
