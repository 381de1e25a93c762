//! Every verb is in a case of each kind: what it compiles to, what a user does with it, what a run of it reports.

use std::collections::BTreeSet;

use wsplan::plan::schema::{Kind, nouns};

use super::mutations::collect_keys;
use super::parsed;
use crate::support::cases::inputs;

/// The verbs that the plans of a folder use, with those of the fragments that are files of their own.
fn verbs_used(folder: &str) -> BTreeSet<&'static str> {
    let mut keys = BTreeSet::new();
    for path in inputs(folder, "yaml") {
        let plan = parsed(&std::fs::read_to_string(path).unwrap());
        if let Some(plan) = plan {
            collect_keys(&plan, &Kind::Map(&nouns::PLAN), &mut keys);
        }
    }
    keys.into_iter().filter(|(noun, _)| *noun == "step").map(|(_, key)| key).collect()
}

#[test]
fn every_verb_has_a_case_of_each_kind() {
    for folder in ["program", "machine", "run"] {
        let used = verbs_used(folder);
        let missing: Vec<_> = nouns::VERBS.iter().filter(|verb| !used.contains(*verb)).collect();
        assert!(missing.is_empty(), "in no plan of tests/cases/{folder}: {missing:?}");
    }
}
