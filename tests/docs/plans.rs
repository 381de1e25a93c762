//! The plans on the pages, whole ones and parts.

use crate::support::compiling::compile_text;
use crate::support::documents::{Fence, documents, fences};

/// What a part may stand in: a server, and names that it may read.
const AROUND: &str =
    "vars: { room: lobby, token: secret, session: s, n: 1, account: { name: a }, rooms: [a] }\n";

const STEPS: &str = "target: builtin:chat\nscenarios:\n  u:\n    steps:\n";

/// A whole plan around what stands in a block.
pub(super) fn whole(fence: &Fence<'_>) -> String {
    let text = &fence.text;
    let is_of_a_loop = text.contains("loop.index") && !text.contains("loop:");
    let indented = || format!("      {}\n", text.trim_end().replace('\n', "\n      "));
    let has_connect = text.contains("- connect");
    if fence.is_plan() {
        text.clone()
    } else if text.starts_with("- when:") {
        let always = indented();
        format!(
            "{AROUND}target: builtin:chat\nscenarios:\n  u:\n    always:\n{always}    steps: [connect: {{}}]\n"
        )
    } else if text.starts_with("- ") && is_of_a_loop {
        let steps = indented().replace("      ", "            ");
        format!(
            "{AROUND}{STEPS}      - connect: {{}}\n      - loop:\n          times: 1\n          steps:\n{steps}"
        )
    } else if text.starts_with("- ") {
        let connect = if has_connect { "" } else { "      - connect: {}\n" };
        format!("{AROUND}{STEPS}{connect}{}", indented())
    } else {
        format!("{text}target: builtin:chat\nscenarios: {{ u: {{ steps: [connect: {{}}] }} }}\n")
    }
}

#[test]
fn plans_are_right_and_mistakes_are_those_that_are_shown() {
    let mut seen_count = 0;
    let mut wrong = Vec::new();
    for document in documents() {
        // These two have tests that know more of them.
        if ["docs/diagnostics.md", "docs/matchers.md"].contains(&document.name.as_str()) {
            continue;
        }
        for fence in fences(&document).filter(|fence| fence.language() == "yaml") {
            seen_count += 1;
            let plan = whole(&fence);
            let diagnostics = compile_text(&plan).diagnostics;
            // A part reads less than its surroundings offer, and keeps what only the rest would read.
            let counts = |code: &str| fence.is_plan() || !["WSP0403", "WSP0404"].contains(&code);
            let mut found: Vec<String> = diagnostics.iter().map(|d| d.code.to_string()).collect();
            found.retain(|code| counts(code));
            found.sort_unstable();
            found.dedup();
            let mut shown: Vec<String> =
                fence.words().filter(|word| word.starts_with("WSP")).map(str::to_owned).collect();
            shown.sort_unstable();
            if found != shown {
                wrong.push(format!("{} shows {shown:?} and has {diagnostics:#?}", fence.place()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen_count > 10, "{seen_count} blocks were found");
}
