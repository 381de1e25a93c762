//! Messages that are text and nothing more.

use regex::Regex;

use super::value::{composed, resolve};
use crate::machine::Scope;
use crate::machine::matching::holds;
use crate::program::Json;
use crate::program::matcher::{Comparison, Test};

/// A text that satisfies all tests and in which all patterns occur, or else the likeliest.
pub(super) fn text(tests: &[&Test], patterns: &[&Regex], scope: &mut Scope<'_>) -> String {
    let mut proposals = Vec::new();
    for test in tests {
        let operands = match test {
            Test::Compare(Comparison::Eq | Comparison::Gte | Comparison::Lte, operand) => {
                std::slice::from_ref(operand)
            }
            Test::OneOf(operands) => operands,
            _ => &[],
        };
        proposals.extend(operands.iter().filter_map(|operand| match resolve(operand, scope)? {
            Json::Text(text) => Some(text.into_owned()),
            _ => None,
        }));
    }
    proposals.push(composed(tests, patterns, scope));
    let likeliest = proposals[0].clone();
    let mut satisfies = |text: &String| {
        let value = Json::Text(text.as_str().into());
        tests.iter().all(|test| holds(test, &value, scope))
            && patterns.iter().all(|regex| regex.is_match(text))
    };
    proposals.into_iter().find(|text| satisfies(text)).unwrap_or(likeliest)
}
