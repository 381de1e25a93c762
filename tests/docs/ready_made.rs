//! `plans/`: what people copy is without a warning, runs, and shows what it says it shows.

mod carried_out;
mod shown;
mod wire;

use std::collections::BTreeSet;

use self::carried_out::{Ran, carry_out};
use self::shown::{ROWS, RUNS};
use crate::support::compiling::compile_file;
use crate::support::documents::{document, root};

/// The names of the plans.
fn names() -> BTreeSet<String> {
    let entries = std::fs::read_dir(root().join("plans")).unwrap().map(|entry| entry.unwrap().path());
    let plans = entries.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    plans.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

fn differ_in_nothing(some: &BTreeSet<String>, others: &BTreeSet<String>, what: &str) {
    let differing: Vec<&String> = some.symmetric_difference(others).collect();
    assert!(differing.is_empty(), "{what}: {differing:?}");
}

#[test]
fn every_plan_is_checked_without_a_warning() {
    for name in names() {
        let outcome = compile_file(&root().join(format!("plans/{name}.yaml")));
        assert!(outcome.diagnostics.is_empty(), "{name}: {:#?}", outcome.diagnostics);
        assert_eq!(outcome.compiled.unwrap().program.name, name, "a plan is called as its file is");
    }
}

/// What other tools can do and people look for here has its plan, and no plan goes without anybody noticing.
#[test]
fn what_people_look_for_is_shown_by_a_plan_that_runs() {
    let run: BTreeSet<String> = RUNS.iter().map(|run| run.plan.to_owned()).collect();
    differ_in_nothing(&names(), &run, "plans that are there or are run, but not both");
    let mut without_a_row = names();
    for row in ROWS {
        assert!(!row.plans.is_empty(), "{} has no plan", row.what);
        for plan in row.plans {
            assert!(run.contains(*plan), "{} of {}: there is no {plan} any more", row.what, row.from);
            without_a_row.remove(*plan);
        }
    }
    assert_eq!(without_a_row, BTreeSet::new(), "plans that stand for nothing");
}

/// One row a plan, with what it says of itself.
#[test]
fn the_readme_lists_every_plan() {
    let page = document("README.md").text;
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once("](plans/")?.1.split_once(".yaml) |"))
        .map(|(name, _)| name.to_owned())
        .collect();
    differ_in_nothing(&names(), &listed, "plans that are there or are listed, but not both");
}

/// How fast a run was is not judged here: the machine may be busy with other tests.
fn is_of_time(expression: &serde_json::Value) -> bool {
    expression.as_str().is_some_and(|text| text.ends_with('s') && !text.ends_with("/s"))
}

/// Nothing failed, and every threshold that is not of time held.
fn went_well(ran: &Ran) {
    assert_eq!(ran.summary["errors"], serde_json::json!([]), "{ran:?}");
    let thresholds = ran.summary["thresholds"].as_array().unwrap();
    let failed: Vec<_> =
        thresholds.iter().filter(|t| t["passed"] == false && !is_of_time(&t["expression"])).collect();
    assert!(failed.is_empty(), "{failed:?} of {ran:?}");
}

#[test]
fn every_plan_shows_what_it_is_for() {
    let mut wrong = Vec::new();
    for (run, ran) in RUNS.iter().zip(carry_out(RUNS)) {
        assert!(ran.status < 2, "{}: {ran:?}", run.plan);
        if run.goes_well {
            went_well(&ran);
        }
        if !(run.shows)(&ran) {
            wrong.push(format!("{} {:?} {ran:?}", run.plan, run.arguments));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
