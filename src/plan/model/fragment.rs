//! Fragments: steps that several places use, with parameters.

use std::sync::Arc;

use super::block::steps;
use super::step::Assignment;
use super::{Spanned, Step, Verb, entries, text};
use crate::plan::syntax::{Key, Node, NodeKind};

/// Steps with parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Fragment {
    /// Its name, or the file that holds it.
    pub name: Key,
    /// Names that are known in it.
    pub params: Vec<Param>,
    /// What it does.
    pub steps: Vec<Step>,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Its name.
    pub name: Key,
    /// Its value where none is given; without one it must be given.
    pub default: Option<Node>,
}

/// `use`: where the steps stand, and what their parameters are.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// Which steps.
    pub origin: Origin,
    /// The values of parameters.
    pub arguments: Vec<Assignment>,
    /// What `origin` stands for, once all files are there; `None` where that was reported.
    pub fragment: Option<Arc<Fragment>>,
}

/// Where a fragment stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// `fragment: login`, in the plan.
    Named(Spanned<String>),
    /// `file: login.yaml`
    File(Spanned<String>),
}

impl Origin {
    /// The name or the path.
    pub fn text(&self) -> &Spanned<String> {
        match self {
            Self::Named(text) | Self::File(text) => text,
        }
    }
}

impl Fragment {
    /// A list of steps, or `params` and `steps`.
    pub fn decode(name: Key, node: &Node) -> Self {
        let param = |entry: &crate::plan::syntax::Entry| Param {
            name: entry.key.clone(),
            default: Some(entry.value.clone()).filter(|value| value.kind != NodeKind::Null),
        };
        let list = if node.items().is_some() { Some(node) } else { node.lookup("steps") };
        Self { name, params: entries(node.lookup("params")).map(param).collect(), steps: steps(list) }
    }
}

impl Use {
    pub(super) fn decode(node: &Node) -> Option<Self> {
        let named = || node.lookup("fragment").and_then(text).map(Origin::Named);
        let origin = node.lookup("file").and_then(text).map(Origin::File).or_else(named)?;
        let argument = |entry: &crate::plan::syntax::Entry| Assignment {
            name: entry.key.clone(),
            value: entry.value.clone(),
        };
        let arguments = entries(node.lookup("with")).map(argument).collect();
        Some(Self { origin, arguments, fragment: None })
    }
}

/// Calls this for every `use` in steps, but not for those in what is used.
pub fn each_use(steps: &mut [Step], visit: &mut dyn FnMut(&mut Use)) {
    for step in steps {
        match &mut step.verb {
            Verb::Use(used) => visit(used),
            Verb::Loop(repeat) => each_use(&mut repeat.steps, visit),
            Verb::If(branch) => {
                each_use(&mut branch.then, visit);
                each_use(branch.otherwise.as_deref_mut().unwrap_or_default(), visit);
            }
            Verb::Choose(choices) => choices.iter_mut().for_each(|choice| each_use(&mut choice.steps, visit)),
            Verb::Group(steps) => each_use(steps, visit),
            Verb::Borrow(borrow) => each_use(&mut borrow.steps, visit),
            Verb::Connect(connect) => each_use(&mut connect.on_connected, visit),
            _ => {}
        }
    }
}
