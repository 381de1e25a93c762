//! One value that satisfies what is asked of it: each demand proposes some, and the first that all agree to is taken.

use regex::Regex;

use super::pattern;
use super::uses::Uses;
use crate::machine::matching::holds;
use crate::machine::{Scope, as_json, evaluate};
use crate::program::matcher::{Comparison, Test};
use crate::program::{Json, JsonType, Operand, SlotId};

/// What stands where anything may.
pub(super) const ANYTHING: &str = "made-up";
/// Nothing that is made up is longer: a plan may ask for any length.
const LONGEST: usize = 1 << 20;

/// What is asked of a value.
pub(super) enum Demand<'p> {
    /// By a condition of the plan.
    Test(&'p Test),
    /// To be a string in which this occurs.
    Pattern(&'p Regex),
    /// To be of use as what a slot holds.
    Use(&'p Uses<'p>, SlotId),
    /// By a filter in a path.
    Equals(Json<'static>),
}

/// A value that satisfies all demands, or else the likeliest.
pub(super) fn value(demands: &[Demand<'_>], scope: &mut Scope<'_>) -> Json<'static> {
    let mut proposals = Vec::new();
    for demand in demands {
        propose(demand, scope, &mut proposals);
    }
    proposals.push(Json::Text(composed(&tests(demands), &patterns(demands), scope).into()));
    proposals.push(Json::Text(ANYTHING.into()));
    proposals.extend([Json::Int(1), Json::Bool(true), Json::Null, Json::Array(Vec::new())]);
    let likeliest = proposals[0].clone();
    proposals.into_iter().find(|proposal| satisfies(demands, proposal, scope)).unwrap_or(likeliest)
}

/// What has been built because something has to be in it, with what else it has to hold.
pub(super) fn value_of(built: Json<'static>, demands: &[Demand<'_>], scope: &mut Scope<'_>) -> Json<'static> {
    // Where the whole is known, what has to be in it may be.
    let mut whole = demands.iter().filter_map(|demand| match demand {
        Demand::Test(Test::Compare(Comparison::Eq, operand)) => resolve(operand, scope),
        _ => None,
    });
    whole.next().unwrap_or_else(|| grown(built, demands, scope))
}

fn satisfies(demands: &[Demand<'_>], value: &Json<'static>, scope: &mut Scope<'_>) -> bool {
    demands.iter().all(|demand| match demand {
        // That it is not there is for the others to say.
        Demand::Test(Test::Exists(_)) => true,
        Demand::Test(test) => holds(test, value, scope),
        Demand::Pattern(pattern) => matches!(value, Json::Text(text) if pattern.is_match(text)),
        Demand::Equals(wanted) => wanted == value,
        Demand::Use(uses, slot) => uses.admit(*slot, value, scope),
    })
}

fn tests<'d>(demands: &'d [Demand<'_>]) -> Vec<&'d Test> {
    demands
        .iter()
        .filter_map(|demand| if let Demand::Test(test) = demand { Some(*test) } else { None })
        .collect()
}

fn patterns<'d>(demands: &'d [Demand<'_>]) -> Vec<&'d Regex> {
    let pattern =
        |demand: &'d Demand<'_>| if let Demand::Pattern(regex) = demand { Some(*regex) } else { None };
    demands.iter().filter_map(pattern).collect()
}

fn propose(demand: &Demand<'_>, scope: &mut Scope<'_>, proposals: &mut Vec<Json<'static>>) {
    let test = match demand {
        Demand::Test(test) => test,
        Demand::Pattern(_) => return,
        Demand::Equals(value) => return proposals.push(value.clone()),
        Demand::Use(uses, slot) => return proposals.extend(uses.propose(*slot)),
    };
    match test {
        Test::Compare(comparison, operand) => {
            let Some(bound) = resolve(operand, scope) else { return };
            beside(*comparison, bound, proposals);
        }
        Test::OneOf(operands) => proposals.extend(operands.iter().filter_map(|one| resolve(one, scope))),
        Test::Type(kind) => proposals.push(of_type(*kind)),
        Test::Contains(operand) => {
            let Some(part) = resolve(operand, scope) else { return };
            if let Json::Text(name) = &part {
                proposals.push(part.clone());
                proposals.push(Json::Object(vec![(name.clone(), Json::Bool(true))]));
            }
            proposals.insert(0, Json::Array(vec![part]));
        }
        Test::Length(_, wanted) => {
            for length in [*wanted, wanted.saturating_add(1), wanted.saturating_sub(1)] {
                proposals.push(Json::Array(vec![Json::Int(1); length.min(LONGEST)]));
            }
        }
        Test::Exists(_) | Test::Matches(_) | Test::StartsWith(_) => {}
    }
}

/// Values that may be so related to a bound.
fn beside(comparison: Comparison, bound: Json<'static>, proposals: &mut Vec<Json<'static>>) {
    let (above, below) = match &bound {
        Json::Int(int) => (Json::Int(int.saturating_add(1)), Json::Int(int.saturating_sub(1))),
        Json::Decimal(digits) => {
            let number: f64 = digits.parse().unwrap_or(0.0);
            // By enough to be another number also where it is large.
            let step = (number.abs() * 1e-3).max(1e-3);
            let decimal = |number: f64| Json::Decimal(format!("{number}").into());
            (decimal(number + step), decimal(number - step))
        }
        Json::Text(text) => (Json::Text(format!("{text}+").into()), Json::Text("".into())),
        _ => (Json::Text(ANYTHING.into()), Json::Null),
    };
    match comparison {
        Comparison::Eq | Comparison::Gte | Comparison::Lte => proposals.push(bound),
        Comparison::Ne | Comparison::Gt => {}
        Comparison::Lt => return proposals.extend([below, above]),
    }
    // Of several bounds one may be too low for the others.
    proposals.extend([above, below]);
}

fn of_type(kind: JsonType) -> Json<'static> {
    match kind {
        JsonType::String => Json::Text(ANYTHING.into()),
        JsonType::Number | JsonType::Integer => Json::Int(1),
        JsonType::Boolean => Json::Bool(true),
        JsonType::Array => Json::Array(vec![Json::Text(ANYTHING.into())]),
        JsonType::Object => Json::Object(Vec::new()),
        JsonType::Null => Json::Null,
    }
}

/// With what is missing of its elements or members.
fn grown(mut grown: Json<'static>, demands: &[Demand<'_>], scope: &mut Scope<'_>) -> Json<'static> {
    for test in tests(demands) {
        if let Test::Contains(operand) = test
            && let Some(part) = resolve(operand, scope)
        {
            match (&mut grown, part) {
                (Json::Array(elements), part) if !elements.contains(&part) => elements.push(part),
                (object @ Json::Object(_), Json::Text(name)) if object.member(&name).is_none() => {
                    if let Json::Object(members) = object {
                        members.push((name, Json::Bool(true)));
                    }
                }
                _ => {}
            }
        }
    }
    let Some(wanted) = wanted_length(&tests(demands)) else { return grown };
    match &mut grown {
        Json::Array(elements) => {
            let like = elements.last().cloned().unwrap_or_default();
            elements.resize(wanted.max(elements.len()), like);
        }
        Json::Object(members) => {
            let named = |at: usize| (format!("made-up-{at}").into(), Json::Bool(true));
            members.extend((members.len()..wanted).map(named));
        }
        _ => {}
    }
    grown
}

/// A text with all that it is to begin with, hold, and match, as long as it is to be.
pub(super) fn composed(tests: &[&Test], patterns: &[&Regex], scope: &mut Scope<'_>) -> String {
    let mut text = String::new();
    let mut of = |operand: &Operand, text: &mut String, at_start: bool| {
        if let Some(Json::Text(part)) = resolve(operand, scope)
            && !(if at_start { text.starts_with(&*part) } else { text.contains(&*part) })
        {
            if at_start { text.insert_str(0, &part) } else { text.push_str(&part) }
        }
    };
    let matched =
        tests.iter().filter_map(|test| if let Test::Matches(regex) = test { Some(&regex.0) } else { None });
    for regex in matched.chain(patterns.iter().copied()) {
        if !regex.is_match(&text) {
            text.push_str(&pattern::example(regex.as_str()).unwrap_or_default());
        }
    }
    for test in tests {
        if let Test::Contains(operand) = test {
            of(operand, &mut text, false);
        }
    }
    for test in tests {
        if let Test::StartsWith(operand) = test {
            of(operand, &mut text, true);
        }
    }
    let length = text.chars().count();
    if let Some(wanted) = wanted_length(tests) {
        text.extend(std::iter::repeat_n('x', wanted.saturating_sub(length)));
    } else if text.is_empty() {
        ANYTHING.clone_into(&mut text);
    }
    text
}

/// A length that satisfies the first test of one.
pub(super) fn wanted_length(tests: &[&Test]) -> Option<usize> {
    tests.iter().find_map(|test| match test {
        Test::Length(comparison, length) => Some(length_for(*comparison, *length)),
        _ => None,
    })
}

pub(super) fn length_for(comparison: Comparison, length: usize) -> usize {
    let wanted = match comparison {
        Comparison::Eq | Comparison::Lte | Comparison::Gte => length,
        Comparison::Ne | Comparison::Gt => length.saturating_add(1),
        Comparison::Lt => length.saturating_sub(1),
    };
    wanted.min(LONGEST)
}

/// The value that an operand has; `None` where it has none.
pub(super) fn resolve(operand: &Operand, scope: &mut Scope<'_>) -> Option<Json<'static>> {
    match operand {
        Operand::Constant(json) => Some(json.clone()),
        Operand::Expr(expr) => evaluate(expr, scope).ok().and_then(|value| as_json(&value)),
        Operand::List(operands) => {
            operands.iter().map(|one| resolve(one, scope)).collect::<Option<_>>().map(Json::Array)
        }
        Operand::Map(members) => members
            .iter()
            .map(|(name, one)| Some((name.clone().into(), resolve(one, scope)?)))
            .collect::<Option<_>>()
            .map(Json::Object),
    }
}
