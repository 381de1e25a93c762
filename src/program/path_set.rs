//! The simple paths that are asked of one message, as a trie, so that one walk over its bytes can follow all of them
//! at once. Which paths those are is [`asked`](super::asked)'s matter; the walk is the machine's.

use super::{Path, Query, Step};

/// Simple paths in a trie. Its nodes stand for the paths and for all that these lead through; they are numbered so
/// that what is below a node follows it directly. Paths that are not simple have no place in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PathSet {
    nodes: Vec<PathNode>,
}

/// A value that a path selects or leads through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PathNode {
    /// The members that are asked for, and their nodes.
    pub names: Vec<(String, usize)>,
    /// The elements that are asked for, counted from the start or from the end, and their nodes.
    pub indices: Vec<(i64, usize)>,
    /// The first node that is not below this one.
    pub end: usize,
}

impl PathSet {
    /// No paths.
    pub const EMPTY: &Self = &Self { nodes: Vec::new() };

    /// The simple ones among some paths.
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p Path>) -> Self {
        let simple = |path: &'p Path| match path.query() {
            Query::Simple(steps) => Some(steps.as_slice()),
            Query::Full(_) => None,
        };
        let mut paths: Vec<_> = paths.into_iter().filter_map(simple).collect();
        // So sorted, each path stands behind the longest other one that begins it: the order of the nodes.
        paths.sort_unstable();
        let mut set = Self::default();
        for path in paths {
            set.add(path);
        }
        for at in (0..set.nodes.len()).rev() {
            let PathNode { names, indices, .. } = &set.nodes[at];
            let below =
                names.iter().map(|(_, node)| *node).chain(indices.iter().map(|(_, node)| *node)).max();
            set.nodes[at].end = below.map_or(at + 1, |below| set.nodes[below].end);
        }
        set
    }

    fn add(&mut self, path: &[Step]) {
        if self.nodes.is_empty() {
            self.nodes.push(PathNode::default());
        }
        let mut at = 0;
        for step in path {
            at = self.below(at, step).unwrap_or_else(|| {
                let new = self.nodes.len();
                self.nodes.push(PathNode::default());
                match step {
                    Step::Name(name) => self.nodes[at].names.push((name.clone(), new)),
                    Step::Index(index) => self.nodes[at].indices.push((*index, new)),
                }
                new
            });
        }
    }

    fn below(&self, at: usize, step: &Step) -> Option<usize> {
        match step {
            Step::Name(name) => self.nodes[at].member(name),
            Step::Index(index) => {
                let known = self.nodes[at].indices.iter().find(|(known, _)| known == index);
                known.map(|(_, node)| *node)
            }
        }
    }

    /// The nodes; the first is the whole message, `$`.
    pub fn nodes(&self) -> &[PathNode] {
        &self.nodes
    }

    /// The node of a path, where the set holds it or leads through it.
    pub fn node_of(&self, path: &Path) -> Option<usize> {
        let Query::Simple(steps) = path.query() else { return None };
        let root = (!self.nodes.is_empty()).then_some(0)?;
        steps.iter().try_fold(root, |at, step| self.below(at, step))
    }
}

impl PathNode {
    /// The node of a member.
    pub fn member(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, node)| *node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonpath_rust::parser::parse_json_path;

    fn path(text: &str) -> Path {
        Path::new(text, parse_json_path(text).unwrap())
    }

    #[test]
    fn what_is_below_a_node_follows_it() {
        let texts = ["$.b.c", "$.a", "$[0]", "$.b[-1].d", "$..a", "$.a", "$.b[1]", "$['b']"];
        let paths: Vec<_> = texts.iter().map(|text| path(text)).collect();
        let set = PathSet::new(&paths);
        assert_eq!(set.nodes().len(), 8);
        assert_eq!(set.nodes()[0].end, 8);
        let range = |text: &str| {
            let node = set.node_of(&path(text)).expect(text);
            node..set.nodes()[node].end
        };
        assert_eq!(range("$.b"), range("$['b']"));
        for below in ["$.b.c", "$.b[1]", "$.b[-1]", "$.b[-1].d"] {
            assert!(range("$.b").contains(&range(below).start), "{below}");
        }
        for beside in ["$", "$.a", "$[0]"] {
            assert!(!range("$.b").contains(&range(beside).start), "{beside}");
        }
        assert_eq!(range("$.b").len(), 5);
        assert_eq!(set.node_of(&path("$.b.d")), None);
        assert_eq!(set.node_of(&path("$..a")), None, "not a simple path");
    }

    #[test]
    fn where_nothing_is_asked_there_is_no_node() {
        assert_eq!(PathSet::new([&path("$.*")]), *PathSet::EMPTY);
        assert_eq!(PathSet::EMPTY.node_of(&path("$")), None);
        assert_eq!(PathSet::new([&path("$")]).node_of(&path("$")), Some(0));
    }
}
