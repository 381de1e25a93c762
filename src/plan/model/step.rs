//! A step: one verb, with modifiers beside it.

use super::{
    Barrier, Body, Borrow, Choice, Connect, Expect, ExpectClose, Gather, Http, If, Modifiers, Ping, Repeat,
    Request, Spanned, Stop, Template, Think, Use, block, count, entries, text,
};
use crate::diagnostic::Span;
use crate::plan::schema::nouns::VERBS;
use crate::plan::syntax::{Entry, Key, Node};

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where it stands: the verb's keyword.
    pub span: Span,
    /// What the figures call it.
    pub name: Option<Spanned<String>>,
    /// What else it says.
    pub modifiers: Modifiers,
    /// What it does.
    pub verb: Verb,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// `connect`
    Connect(Box<Connect>),
    /// `send`
    Send(Body),
    /// `expect`
    Expect(Expect),
    /// `expect` with `count`, `any_order`, `absent` or `at_most`
    Gather(Gather),
    /// `request`
    Request(Box<Request>),
    /// `http`
    Http(Box<Http>),
    /// `await_all`
    AwaitAll,
    /// `think`
    Think(Think),
    /// `loop`
    Loop(Repeat),
    /// `ping`
    Ping(Ping),
    /// `if`
    If(If),
    /// `choose`
    Choose(Vec<Choice>),
    /// `group`
    Group(Vec<Step>),
    /// `use`
    Use(Use),
    /// `borrow`
    Borrow(Borrow),
    /// `barrier`
    Barrier(Barrier),
    /// `close`
    Close(Close),
    /// `expect_close`
    ExpectClose(ExpectClose),
    /// `set`
    Set(Vec<Assignment>),
    /// `log`
    Log(Template),
    /// `fail`
    Fail(Template),
    /// `stop`
    Stop(Stop),
    /// Something that was reported; it is taken to do nothing, and everything it might have done is not complained of.
    Invalid,
}

/// How to close the connection.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Close {
    /// The close code.
    pub code: Option<Spanned<u64>>,
    /// The reason.
    pub reason: Option<Template>,
}

/// One name of a `set`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The name.
    pub name: Key,
    /// The value; strings in it may hold templates.
    pub value: Node,
}

impl Step {
    pub(super) fn decode(node: &Node) -> Self {
        let verbs: Vec<&Entry> = entries(Some(node)).filter(|entry| is_verb(&entry.key)).collect();
        let verb = match verbs.as_slice() {
            [only] => Verb::decode(&only.key.text, &only.value),
            // None, or more than one.
            _ => None,
        };
        let first =
            verbs.first().copied().or(node.entries().and_then(<[_]>::first)).map(|entry| entry.key.span);
        Self {
            span: first.unwrap_or(node.span),
            name: node.lookup("name").and_then(text),
            modifiers: Modifiers::decode(node),
            verb: verb.unwrap_or(Verb::Invalid),
        }
    }
}

fn is_verb(key: &Key) -> bool {
    VERBS.contains(&key.text.as_str())
}

impl Verb {
    fn decode(verb: &str, node: &Node) -> Option<Self> {
        Some(match verb {
            "connect" => Self::Connect(Box::new(Connect::decode(node))),
            "send" => Self::Send(Body::decode(node)?),
            "expect" => Gather::decode(node).map_or_else(|| Self::Expect(Expect::decode(node)), Self::Gather),
            "request" => Self::Request(Box::new(Request::decode(node)?)),
            "http" => Self::Http(Box::new(Http::decode(node)?)),
            "await_all" => Self::AwaitAll,
            "think" => Self::Think(Think::decode(node)?),
            "loop" => Self::Loop(Repeat::decode(node)?),
            "if" => Self::If(If::decode(node)?),
            "choose" => Self::Choose(block::choices(node)),
            "group" => Self::Group(block::steps(Some(node))),
            "use" => Self::Use(Use::decode(node)?),
            "borrow" => Self::Borrow(Borrow::decode(node)?),
            "barrier" => Self::Barrier(Barrier::decode(node)?),
            "close" => Self::Close(Close {
                code: node.lookup("code").and_then(count),
                reason: node.lookup("reason").and_then(Template::decode),
            }),
            "ping" => Self::Ping(Ping::decode(node)),
            "expect_close" => Self::ExpectClose(ExpectClose::decode(node)),
            "set" => Self::Set(
                entries(Some(node))
                    .map(|entry| Assignment { name: entry.key.clone(), value: entry.value.clone() })
                    .collect(),
            ),
            "log" => Self::Log(Template::decode(node)?),
            "fail" => Self::Fail(Template::decode(node)?),
            "stop" => Self::Stop(Stop::decode(node)?),
            _ => return None,
        })
    }

    /// The lists of steps inside it, for whoever looks through all steps.
    pub fn blocks(&self) -> Vec<&[Step]> {
        match self {
            Self::Loop(repeat) => vec![&repeat.steps],
            Self::If(branch) => {
                [&branch.then].into_iter().chain(&branch.otherwise).map(Vec::as_slice).collect()
            }
            Self::Choose(choices) => choices.iter().map(|choice| choice.steps.as_slice()).collect(),
            Self::Group(steps) => vec![steps],
            Self::Borrow(borrow) => vec![&borrow.steps],
            Self::Use(used) => used.fragment.iter().map(|fragment| fragment.steps.as_slice()).collect(),
            Self::Connect(connect) => vec![&connect.on_connected],
            Self::Send(_)
            | Self::Expect(_)
            | Self::Gather(_)
            | Self::Request(_)
            | Self::Http(_)
            | Self::AwaitAll
            | Self::Think(_)
            | Self::Barrier(_)
            | Self::Ping(_)
            | Self::Close(_)
            | Self::ExpectClose(_)
            | Self::Set(_)
            | Self::Log(_)
            | Self::Fail(_)
            | Self::Stop(_)
            | Self::Invalid => Vec::new(),
        }
    }

    /// The keyword.
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::Send(_) => "send",
            Self::Expect(_) | Self::Gather(_) => "expect",
            Self::Request(_) => "request",
            Self::Http(_) => "http",
            Self::AwaitAll => "await_all",
            Self::Think(_) => "think",
            Self::Loop(_) => "loop",
            Self::Ping(_) => "ping",
            Self::If(_) => "if",
            Self::Choose(_) => "choose",
            Self::Group(_) => "group",
            Self::Use(_) => "use",
            Self::Borrow(_) => "borrow",
            Self::Barrier(_) => "barrier",
            Self::Close(_) => "close",
            Self::ExpectClose(_) => "expect_close",
            Self::Set(_) => "set",
            Self::Log(_) => "log",
            Self::Fail(_) => "fail",
            Self::Stop(_) => "stop",
            Self::Invalid => "invalid",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::plan::schema::nouns;
    use crate::plan::syntax::{Limits, parse};

    /// A verb that only the schema knows would pass the check and be left out of every run.
    #[test]
    fn every_verb_of_the_schema_is_understood() {
        let step = nouns::all().into_iter().find(|noun| noun.name == "step").unwrap();
        for verb in VERBS {
            let example = step.field(verb).unwrap().example;
            let mut sources = Sources::new();
            let file = sources.add("step", format!("{verb}: {example}"));
            let node = parse(&sources, file, &Limits::default(), &mut Diagnostics::new()).unwrap();
            assert_eq!(Step::decode(&node).verb.keyword(), *verb);
        }
    }
}
