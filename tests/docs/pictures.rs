//! The pictures of `docs/load.md`: each block `picture` shows the load of the plan above it, drawn from the schedule that
//! a run follows, so that it cannot say anything else. `WSPLAN_BLESS=1` draws them anew.
//!
//! | info string | |
//! |---|---|
//! | `picture` | how many users there are, or how many arrive, over time |
//! | `picture stay=4s` | how many of those who arrive are there, where each stays so long |
//! | `picture iteration=2s` | each user's iterations, taken to last so long where its profile does not say otherwise |

mod chart;
mod timeline;

use std::fmt::Write;
use std::time::Duration;

use wsplan::quantity::{Exact, parse_duration};

use super::plans::whole;
use crate::support::cases::Comparison;
use crate::support::compiling::compile_text;
use crate::support::documents::{document, fences};

/// How many columns a picture has.
const WIDTH: usize = 60;

/// The same, to divide times by.
const COLUMNS: u32 = 60;

/// A page with its pictures drawn anew, and how many there are.
fn drawn(page: &crate::support::documents::Document) -> (String, usize) {
    let (mut text, mut rest) = (String::new(), page.text.as_str());
    let (mut plan, mut count) = (None, 0);
    for fence in fences(page) {
        if fence.language() == "yaml" {
            plan = Some(whole(&fence));
        }
        if fence.language() != "picture" {
            continue;
        }
        let old = format!("```{}\n{}```", fence.info, fence.text);
        let (before, behind) = rest.split_once(&old).unwrap_or_else(|| panic!("{}", fence.place()));
        let plan = plan.as_deref().unwrap_or_else(|| panic!("{}: no plan above it", fence.place()));
        let compiled = compile_text(plan).compiled.unwrap_or_else(|| panic!("{}", fence.place()));
        let names: Vec<&str> = compiled.program.scenarios.iter().map(|s| s.name.as_str()).collect();
        let taken = |key| fence.words().find_map(|word| word.strip_prefix(key)).map(length);
        let picture = match (taken("iteration="), taken("stay=")) {
            (Some(iteration), _) => timeline::draw(&compiled, iteration),
            (None, Some(stay)) => chart::draw_present(&compiled.load, &names, stay),
            (None, None) => chart::draw(&compiled.load, &names),
        };
        write!(text, "{before}```{}\n{picture}```", fence.info).unwrap();
        (rest, count) = (behind, count + 1);
    }
    (text + rest, count)
}

fn length(text: &str) -> Duration {
    parse_duration(text).expect("a length of time")
}

/// Times below a picture: at whole steps where there are few of them, or else at both ends.
fn ticks(total: Duration) -> Vec<(usize, String)> {
    const STEPS: [u64; 14] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200];
    let fits = |part: &u32| {
        total.as_nanos().is_multiple_of((*part).into()) && {
            let step = total / *part;
            step.subsec_nanos() == 0 && STEPS.contains(&step.as_secs())
        }
    };
    let parts = [6, 5, 4, 3, 2].into_iter().find(fits).unwrap_or(1);
    (0..=parts)
        .map(|part| (WIDTH * part as usize / parts as usize, Exact(total / parts * part).to_string()))
        .collect()
}

/// The line of labels, each beginning at its column.
fn labels(indent: usize, labels: &[(usize, String)]) -> String {
    let mut line = String::new();
    for (column, label) in labels {
        let width = indent + column;
        line = format!("{line:width$}{label}");
    }
    line + "\n"
}

#[test]
fn pictures_show_what_plans_do() {
    let page = document("docs/load.md");
    let (text, count) = drawn(&page);
    let mut comparison = Comparison::default();
    comparison.compare(&page.path, &text);
    comparison.finish();
    assert!(count > 10, "{count} pictures were found");
}
