//! Follows a path through a JSON value. Paths of names and indices are walked here; the rest goes through
//! `jsonpath_rust`, which queries any type that shows it a few views of itself.

use crate::program::{Json, Path, Query, Step};
use jsonpath_rust::query::js_path_process;
use jsonpath_rust::query::queryable::Queryable;
use std::borrow::Cow;

/// The nodes a path selects, in document order.
#[derive(Debug)]
pub enum Selected<'m, 'a> {
    /// Of a path that selects one node at most: lies in a tree, or was read for itself.
    Simple(Option<Cow<'m, Json<'a>>>),
    /// Of any other path.
    Full(Vec<&'m Json<'a>>),
}

impl<'a> Selected<'_, 'a> {
    /// The nodes.
    pub fn nodes(&self) -> impl Iterator<Item = &Json<'a>> + Clone {
        let (one, several) = match self {
            Self::Simple(node) => (node.as_deref(), [].as_slice()),
            Self::Full(nodes) => (None, nodes.as_slice()),
        };
        one.into_iter().chain(several.iter().copied())
    }

    /// The first of them.
    pub fn first(&self) -> Option<&Json<'a>> {
        self.nodes().next()
    }
}

/// The nodes that a path selects in a value.
pub fn select<'m, 'a>(path: &Path, root: &'m Json<'a>) -> Selected<'m, 'a> {
    match path.query() {
        Query::Simple(steps) => Selected::Simple(steps.iter().try_fold(root, follow).map(Cow::Borrowed)),
        Query::Full(query) => {
            // An error would be a query whose result is a computed value; parsed queries select nodes.
            let nodes = js_path_process(query, root).unwrap_or_default();
            Selected::Full(nodes.into_iter().map(|node| node.val).collect())
        }
    }
}

fn follow<'m, 'a>(node: &'m Json<'a>, step: &Step) -> Option<&'m Json<'a>> {
    match step {
        Step::Name(name) => node.member(name),
        Step::Index(index) => node.element(*index),
    }
}

/// Of a simple path that selects nothing: the steps up to the one that leads nowhere, and the node that lacks it.
pub(super) fn missing<'p, 'm, 'a>(path: &'p Path, root: &'m Json<'a>) -> Option<(&'p [Step], &'m Json<'a>)> {
    let Query::Simple(steps) = path.query() else { return None };
    let mut node = root;
    for (index, step) in steps.iter().enumerate() {
        match follow(node, step) {
            Some(next) => node = next,
            None => return Some((&steps[..=index], node)),
        }
    }
    None
}

impl Queryable for Json<'_> {
    fn get(&self, key: &str) -> Option<&Self> {
        self.member(key)
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        match self {
            Self::Object(members) => Some(members.iter().map(|(name, value)| (&**name, value)).collect()),
            _ => None,
        }
    }

    fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Decimal(number) => number.parse().ok(),
            _ => None,
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            _ => None,
        }
    }

    fn null() -> Self {
        Self::Null
    }
}

// What `Queryable` asks for: how the literals of a filter become values.

impl From<&str> for Json<'_> {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned().into())
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Json<'_> {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<i64> for Json<'_> {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<f64> for Json<'_> {
    fn from(number: f64) -> Self {
        Self::Decimal(format!("{number:?}").into())
    }
}

impl From<Vec<Self>> for Json<'_> {
    fn from(elements: Vec<Self>) -> Self {
        Self::Array(elements)
    }
}
