//! The names that the steps and reactions of a scenario give a value.

use std::collections::HashSet;

use crate::plan::model::{Repeat, Scenario, Step, Until, Verb};

/// What a scenario's steps and reactions set.
pub(super) fn set_names(scenario: &Scenario) -> HashSet<&str> {
    let mut names = HashSet::new();
    collect(&scenario.steps, &mut names);
    for reaction in &scenario.always {
        names.extend(reaction.captures.iter().map(|capture| capture.name.text.as_str()));
    }
    names
}

fn collect<'p>(steps: &'p [Step], names: &mut HashSet<&'p str>) {
    for step in steps {
        let captures = match &step.verb {
            Verb::Gather(gather) => {
                names.extend(gather.captures().map(|capture| capture.name.text.as_str()));
                continue;
            }
            Verb::Http(http) => {
                names.extend(http.captures.iter().map(|capture| capture.name.text.as_str()));
                continue;
            }
            Verb::Connect(connect) => {
                names.extend(connect.captures.iter().map(|capture| capture.name.text.as_str()));
                collect(&connect.on_connected, names);
                continue;
            }
            Verb::Expect(expect) => &expect.captures,
            Verb::Request(request) => &request.reply.captures,
            Verb::Set(assignments) => {
                names.extend(assignments.iter().map(|assignment| assignment.name.text.as_str()));
                continue;
            }
            verb => {
                if let Verb::Loop(Repeat { until: Until::Over { item: Some(item), .. }, .. }) = verb {
                    names.insert(item.text.as_str());
                }
                verb.blocks().into_iter().for_each(|steps| collect(steps, names));
                continue;
            }
        };
        names.extend(captures.iter().map(|capture| capture.name.text.as_str()));
    }
}
