//! A JSONPath query (RFC 9535), parsed once. Most paths of plans are only names and indices: those are kept as steps,
//! which a walk over the bytes can follow; the rest is `jsonpath_rust`'s own tree.

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use std::fmt;

/// A query and the text it was written as. Two paths are equal when they select the same, however they are written:
/// `$.a` and `$['a']`.
#[derive(Debug, Clone)]
pub struct Path {
    source: String,
    query: Query,
}

/// How a path is followed.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// Names and indices only: selects one node or none.
    Simple(Vec<Step>),
    /// Anything else: selects any number of nodes.
    Full(JpQuery),
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// `.name`: the member of an object.
    Name(String),
    /// `[0]`: the element of an array; negative from the end.
    Index(i64),
}

impl Path {
    /// The path of a query and its text.
    pub fn new(source: impl Into<String>, query: JpQuery) -> Self {
        let query = simple(&query).map_or(Query::Full(query), Query::Simple);
        Self { source: source.into(), query }
    }

    /// How it is followed.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

fn simple(query: &JpQuery) -> Option<Vec<Step>> {
    let step = |segment: &Segment| match segment {
        Segment::Selector(Selector::Name(name)) => Some(Step::Name(name.clone())),
        Segment::Selector(Selector::Index(index)) => Some(Step::Index(*index)),
        _ => None,
    };
    query.segments.iter().map(step).collect()
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.query == other.query
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
