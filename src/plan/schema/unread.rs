//! What may have stood in the parts of a plan that were not understood. A misspelt `capture` takes the names below it
//! along, and each use of them would be reported again, as undefined; so the names are kept here and later stages are
//! silent about them until the plan has its shape.

use std::collections::HashSet;

use crate::plan::syntax::{Node, NodeKind};

/// Names of a plan whose shape is wrong; empty where it is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread {
    /// Whether anything was refused at all.
    pub is_any: bool,
    /// Names that a variable, a capture, a `set` or the item of a loop may have.
    pub defined: HashSet<String>,
    /// Words of templates and conditions: names that may be read.
    pub mentioned: HashSet<String>,
    /// What the figures may call steps: their names, and those of scenarios.
    pub measured: HashSet<String>,
}

impl Unread {
    /// Looks through the whole tree, and through the values that stood under unknown keys.
    pub(super) fn of(root: &Node, refused: &[&Node]) -> Self {
        let mut unread = Self { is_any: true, ..Self::default() };
        unread.walk(root);
        for node in refused {
            unread.define(node);
        }
        unread
    }

    fn walk(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::List(items) => items.iter().for_each(|item| self.walk(item)),
            NodeKind::Map(entries) => {
                for entry in entries {
                    match entry.key.text.as_str() {
                        "capture" | "set" | "vars" | "data" | "delivery" | "params" | "fragments" => {
                            self.keys(&entry.value, |unread| &mut unread.defined);
                        }
                        "while" | "when" => self.keys(&entry.value, |unread| &mut unread.mentioned),
                        "scenarios" => self.keys(&entry.value, |unread| &mut unread.measured),
                        "as" => self.defined.extend(entry.value.text().map(str::to_owned)),
                        "name" => self.measured.extend(entry.value.text().map(str::to_owned)),
                        _ => {}
                    }
                    self.walk(&entry.value);
                }
            }
            _ => {}
        }
    }

    /// Takes in what may have stood in another file.
    pub fn add(&mut self, other: Self) {
        self.is_any |= other.is_any;
        self.defined.extend(other.defined);
        self.mentioned.extend(other.mentioned);
        self.measured.extend(other.measured);
    }

    /// The keys of a map, or of the maps that somebody made a list of.
    fn keys(&mut self, node: &Node, of: impl Copy + Fn(&mut Self) -> &mut HashSet<String>) {
        let keys = node.entries().unwrap_or_default().iter().map(|entry| entry.key.text.clone());
        of(self).extend(keys);
        node.items().unwrap_or_default().iter().for_each(|item| self.keys(item, of));
    }

    /// Every key in what was refused may be a name: nobody knows what the author meant it to be.
    fn define(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::List(items) => items.iter().for_each(|item| self.define(item)),
            NodeKind::Map(entries) => {
                for entry in entries {
                    self.defined.insert(entry.key.text.clone());
                    self.define(&entry.value);
                }
            }
            _ => {}
        }
    }

    /// Learns what the templates of a text mention. The text of the file is meant: what stands in it twice, or under a
    /// key that is not known, is in no tree.
    pub fn mention(&mut self, text: &str) {
        let mut rest = text;
        while let Some((_, tag)) = rest.split_once("{{") {
            let (inside, behind) = tag.split_once("}}").unwrap_or((tag, ""));
            let words = inside.split(|c: char| !c.is_alphanumeric() && c != '_');
            self.mentioned.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
            rest = behind;
        }
    }
}
