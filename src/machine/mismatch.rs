//! Why a message is not what an assertion wants: the first condition that does not hold, what it expected and what
//! was there. It asks `matching` for every verdict, so the two cannot disagree; here is only the wording.

use super::Scope;
use super::matching::{bytes_hold, clause_holds, holds};
use super::message::{Message, Payload};
use super::operand::resolve;
use super::select::missing;
use crate::diagnostic::Span;
use crate::program::matcher::{BinaryTest, Bytes, Clause, Comparison, Condition, Matcher, Test};
use crate::program::{Json, JsonType, Path, Shown, Step};
use std::fmt::{self, Write};

/// Values are shown up to this many characters.
const SHOWN_CHARACTERS: usize = 200;

/// The first condition that does not hold. Values are shown as they came; what is secret is the reporter's matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The condition in the plan.
    pub span: Span,
    /// What it speaks of: the JSONPath as written, `text` or `binary`.
    pub subject: String,
    /// The operator's word; `length gte` for a comparison of lengths.
    pub operator: &'static str,
    /// The operand as it was at that time.
    pub expected: String,
    /// What was there instead.
    pub actual: String,
}

/// `$.session: expected eq "abc", got "xyz"`.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, operator, expected, actual, .. } = self;
        write!(f, "{subject}: expected {operator} {expected}, got {actual}")
    }
}

/// Whether a message satisfies all of a matcher, and if not, the first reason.
pub fn judge(matcher: &Matcher, message: &Message<'_>, scope: &mut Scope<'_>) -> Result<(), Mismatch> {
    let broken = matcher.clauses.iter().find(|clause| !clause_holds(clause, message, scope));
    broken.map_or(Ok(()), |clause| match clause {
        Clause::Path(path, conditions) => judge_path(path, conditions, message, scope),
        Clause::Text(conditions) => judge_text(conditions, message.payload(), scope),
        Clause::Binary(conditions) => judge_binary(conditions, message.payload(), scope),
    })
}

/// What a matcher asks for, with the values that its variables have now: `$.id eq "0-7" and $.ok eq true`.
pub(super) fn wanted(matcher: &Matcher, scope: &mut Scope<'_>) -> String {
    let mut parts = Vec::new();
    for clause in &matcher.clauses {
        match clause {
            Clause::Path(path, conditions) => parts.extend(conditions.iter().map(|condition| {
                let Condition { test, .. } = condition;
                format!("{} {} {}", path.source(), test.operator(), expected(test, scope))
            })),
            Clause::Text(conditions) => parts.extend(conditions.iter().map(|condition| {
                let Condition { test, .. } = condition;
                format!("text {} {}", test.operator_of_text(), expected(test, scope))
            })),
            Clause::Binary(conditions) => parts.extend(conditions.iter().map(|condition| {
                let Condition { test, .. } = condition;
                format!("binary {} {}", test.operator(), expected_bytes(test, scope))
            })),
        }
    }
    parts.join(" and ")
}

fn judge_path(
    path: &Path,
    conditions: &[Condition<Test>],
    message: &Message<'_>,
    scope: &mut Scope<'_>,
) -> Result<(), Mismatch> {
    let Some(first) = conditions.first() else { return Ok(()) };
    let (root, selected) = match message.root().and_then(|root| Ok((root, message.select(path)?))) {
        Ok(found) => found,
        Err(reason) => {
            return Err(of_value(path.source(), first, format!("a message that is {reason}"), scope));
        }
    };
    let nodes: Vec<_> = selected.nodes().collect();
    let Some((broken, actual)) = broken(conditions, &nodes, scope) else { return Ok(()) };
    let actual = match actual {
        Actual::Node(node) => shown(&broken.test, node, scope),
        Actual::Nothing => nothing(path, root),
        Actual::Several(nodes) => several(nodes),
    };
    Err(of_value(path.source(), broken, actual, scope))
}

/// What a condition was not satisfied by.
enum Actual<'n, 'm, 'a> {
    Nothing,
    Node(&'m Json<'a>),
    Several(&'n [&'m Json<'a>]),
}

/// The first condition that every node must satisfy and one does not, or else the condition that the node fails which
/// satisfies most of the others.
fn broken<'c, 'n, 'm, 'a>(
    conditions: &'c [Condition<Test>],
    nodes: &'n [&'m Json<'a>],
    scope: &mut Scope<'_>,
) -> Option<(&'c Condition<Test>, Actual<'n, 'm, 'a>)> {
    let (every, one): (Vec<_>, Vec<_>) =
        conditions.iter().partition(|condition| condition.test.is_of_every_node());
    for condition in every {
        if let Some(node) = nodes.iter().find(|node| !holds(&condition.test, node, scope)) {
            return Some((condition, Actual::Node(node)));
        }
    }
    let passed = |node: &&Json<'_>| one.iter().take_while(|c| holds(&c.test, node, scope)).count();
    let best = nodes.iter().map(passed).max();
    let condition = one.get(best.unwrap_or(0))?;
    Some((
        condition,
        match nodes {
            [] => Actual::Nothing,
            [node] => Actual::Node(node),
            several => Actual::Several(several),
        },
    ))
}

fn judge_text(
    conditions: &[Condition<Test>],
    payload: Payload<'_>,
    scope: &mut Scope<'_>,
) -> Result<(), Mismatch> {
    let fail = |condition: &Condition<Test>, actual, scope: &mut Scope<'_>| {
        let operator = condition.test.operator_of_text();
        Err(Mismatch { operator, ..of_value("text", condition, actual, scope) })
    };
    let Payload::Text(text) = payload else {
        return conditions.first().map_or(Ok(()), |first| fail(first, describe(payload), scope));
    };
    let value = Json::Text(text.into());
    match conditions.iter().find(|condition| !holds(&condition.test, &value, scope)) {
        None => Ok(()),
        Some(broken) => {
            let actual = shown(&broken.test, &value, scope);
            fail(broken, actual, scope)
        }
    }
}

fn judge_binary(
    conditions: &[Condition<BinaryTest>],
    payload: Payload<'_>,
    scope: &mut Scope<'_>,
) -> Result<(), Mismatch> {
    let fail = |condition: &Condition<BinaryTest>, actual, scope: &mut Scope<'_>| {
        let expected = expected_bytes(&condition.test, scope);
        let (span, operator) = (condition.span, condition.test.operator());
        Err(Mismatch { span, subject: "binary".to_owned(), operator, expected, actual })
    };
    let Payload::Binary(bytes) = payload else {
        return conditions.first().map_or(Ok(()), |first| fail(first, describe(payload), scope));
    };
    match conditions.iter().find(|condition| !bytes_hold(&condition.test, bytes, scope)) {
        None => Ok(()),
        Some(broken) => {
            let length = match broken.test {
                BinaryTest::Length(..) => format!("{}: ", bytes.len()),
                _ => String::new(),
            };
            fail(broken, length + &cut(Shown::Bytes(&bytes[..bytes.len().min(SHOWN_CHARACTERS)])), scope)
        }
    }
}

/// The condition that a text which is no message does not satisfy, or that there is no text for.
pub(super) fn shown_mismatch(
    subject: &str,
    broken: &Condition<Test>,
    value: Option<&Json<'_>>,
    scope: &mut Scope<'_>,
) -> Mismatch {
    let actual = value.map_or_else(|| "nothing".to_owned(), |value| shown(&broken.test, value, scope));
    let operator = broken.test.operator_of_text();
    Mismatch { operator, ..of_value(subject, broken, actual, scope) }
}

fn of_value(subject: &str, condition: &Condition<Test>, actual: String, scope: &mut Scope<'_>) -> Mismatch {
    Mismatch {
        span: condition.span,
        subject: subject.to_owned(),
        operator: condition.test.operator(),
        expected: expected(&condition.test, scope),
        actual,
    }
}

fn expected(test: &Test, scope: &mut Scope<'_>) -> String {
    match test {
        Test::Type(kind) => kind.word().to_owned(),
        Test::OneOf(operands) => {
            cut(Json::Array(operands.iter().map(|operand| resolve(operand, scope)).collect()))
        }
        Test::Compare(_, operand) | Test::Contains(operand) | Test::StartsWith(operand) => {
            cut(resolve(operand, scope))
        }
        Test::Exists(_) | Test::Matches(_) | Test::Length(..) => cut(test.shown()),
    }
}

fn expected_bytes(test: &BinaryTest, scope: &mut Scope<'_>) -> String {
    match test {
        BinaryTest::Equals(Bytes::Text(operand))
        | BinaryTest::Contains(Bytes::Text(operand))
        | BinaryTest::StartsWith(Bytes::Text(operand)) => cut(resolve(operand, scope)),
        test => cut(test.shown()),
    }
}

/// A value that does not pass a test, with what it lacks where the value alone does not show it.
fn shown(test: &Test, value: &Json<'_>, scope: &mut Scope<'_>) -> String {
    let kind = value.describe();
    match test {
        Test::Length(..) => match value.length() {
            Some(length) => format!("{length}: {}", cut(value)),
            None => format!("{} ({kind} has no length)", cut(value)),
        },
        Test::Compare(comparison, operand) if !matches!(comparison, Comparison::Eq | Comparison::Ne) => {
            let operand = resolve(operand, scope);
            match value.order(&operand) {
                None => format!("{} ({kind} and {} have no order)", cut(value), operand.describe()),
                Some(_) => cut(value),
            }
        }
        Test::Type(JsonType::Integer) if value.is(JsonType::Number) => cut(value),
        Test::Type(_) => format!("{} ({kind})", cut(value)),
        Test::Matches(_) | Test::StartsWith(_) if !value.is(JsonType::String) => {
            format!("{} ({kind}, not a string)", cut(value))
        }
        _ => cut(value),
    }
}

fn several(nodes: &[&Json<'_>]) -> String {
    let mut list = String::new();
    for node in nodes.iter().take(SHOWN_CHARACTERS) {
        // Writing to a string does not fail.
        let _ = write!(list, "{}{}", if list.is_empty() { "" } else { ", " }, cut(node));
    }
    format!("none of {}: {}", nodes.len(), cut(list))
}

/// Why a path selects nothing: `nothing ($.user is null)`.
fn nothing(path: &Path, root: &Json<'_>) -> String {
    let Some((steps, node)) = missing(path, root) else { return "nothing".to_owned() };
    let Some((step, walked)) = steps.split_last() else { return "nothing".to_owned() };
    let mut reached = String::from("$");
    for step in walked {
        // Writing to a string does not fail.
        let _ = match step {
            Step::Name(name) if is_plain(name) => write!(reached, ".{name}"),
            Step::Name(name) => write!(reached, "[{}]", Json::Text(name.as_str().into())),
            Step::Index(index) => write!(reached, "[{index}]"),
        };
    }
    let reached = cut(reached);
    match (node, step) {
        (Json::Object(_), Step::Name(name)) => {
            format!("nothing ({reached} has no {})", cut(Json::Text(name.as_str().into())))
        }
        (Json::Array(elements), Step::Index(_)) => {
            format!("nothing ({reached} has {} elements)", elements.len())
        }
        _ => format!("nothing ({reached} is {})", node.describe()),
    }
}

fn is_plain(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii();
    name.chars().all(word) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

fn describe(payload: Payload<'_>) -> String {
    match payload {
        Payload::Text(text) => format!("a text message: {}", cut(Json::Text(text.into()))),
        Payload::Binary(bytes) => format!("a binary message of {} bytes", bytes.len()),
    }
}

/// A whole message: its text as it came, of a binary one its length and its bytes, either up to the limit.
impl fmt::Display for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&cut(text)),
            Self::Binary(bytes) => {
                let plural = if bytes.len() == 1 { "" } else { "s" };
                write!(f, "a binary message of {} byte{plural}, {}", bytes.len(), cut(Shown::Bytes(bytes)))
            }
        }
    }
}

/// What something is written as, up to the limit. What lies behind the limit is not even written.
pub(super) fn cut(value: impl fmt::Display) -> String {
    struct Cut(String, usize);
    impl Write for Cut {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for c in text.chars() {
                self.1 = self.1.checked_sub(1).ok_or(fmt::Error)?;
                self.0.push(c);
            }
            Ok(())
        }
    }
    let mut kept = Cut(String::new(), SHOWN_CHARACTERS);
    if write!(kept, "{value}").is_err() {
        kept.0.push('…');
    }
    kept.0
}
