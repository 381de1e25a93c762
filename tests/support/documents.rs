//! The pages that people read, and the fenced blocks on them.
//!
//! A block's info string says what a test does with it, behind the language that colours it:
//!
//! | info string | |
//! |---|---|
//! | `yaml` | a plan, or a part of one, without mistakes |
//! | `yaml WSP0401 ...` | one that has exactly these mistakes |
//! | `yaml file=NAME` | the same, and the file that commands further down the page read |
//! | `sh` | commands to copy: those of wsplan are carried out, loads cut down |
//! | `console` | commands behind `$ `, and below each the very output that it gives |
//! | `console figures` | the same, but numbers may be others |
//! | `picture` | the load of the plan above it: drawn and compared by `docs::pictures` |
//! | anything else | shown only |
//!
//! `docs/diagnostics.md` and `docs/matchers.md` have conventions and tests of their own.

use std::path::{Path, PathBuf};

/// A page.
pub(crate) struct Document {
    /// From the root of the repository.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

/// A fenced block.
pub(crate) struct Fence<'d> {
    document: &'d Document,
    /// Of its first line, from 1.
    line: usize,
    pub(crate) info: &'d str,
    pub(crate) text: String,
}

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All pages.
pub(crate) fn documents() -> Vec<Document> {
    let mut names: Vec<String> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned).into();
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "md") {
            names.push(format!("docs/{}", path.file_name().unwrap().to_string_lossy()));
        }
    }
    names.sort();
    names.into_iter().map(|name| document(&name)).collect()
}

/// One page.
pub(crate) fn document(name: &str) -> Document {
    let path = root().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    Document { name: name.to_owned(), path, text }
}

/// The fenced blocks of a page, in order.
pub(crate) fn fences(document: &Document) -> impl Iterator<Item = Fence<'_>> {
    let mut lines = document.text.lines().enumerate();
    std::iter::from_fn(move || {
        let (line, info) =
            lines.find_map(|(line, text)| text.strip_prefix("```").map(|info| (line, info)))?;
        let block: Vec<&str> =
            lines.by_ref().map(|(_, text)| text).take_while(|text| !text.starts_with("```")).collect();
        Some(Fence { document, line: line + 2, info: info.trim(), text: block.join("\n") + "\n" })
    })
}

impl Fence<'_> {
    /// Where it stands, for messages.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.document.name, self.line)
    }

    pub(crate) fn language(&self) -> &str {
        self.info.split(' ').next().unwrap_or_default()
    }

    /// What stands behind the language.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.info.split(' ').skip(1)
    }

    pub(crate) fn file_name(&self) -> Option<&str> {
        self.words().find_map(|word| word.strip_prefix("file="))
    }

    /// Whether it is a whole plan, with mistakes or without.
    pub(crate) fn is_plan(&self) -> bool {
        self.language() == "yaml" && self.text.lines().any(|line| line.starts_with("scenarios:"))
    }
}
