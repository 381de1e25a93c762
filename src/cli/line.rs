//! The plan that a command line stands for, where it names a target in place of a file: its text, which is then checked,
//! compiled and run as that of any file is.

mod script;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;

use self::script::{Part, Script};
use super::arguments::{duration, header};
use super::front::{self, Front, Overrides};
use crate::compile::{LoadOverrides, Users};
use crate::diagnostic::{Diagnostics, Severity, Sources};
use crate::plan::schema::nouns::expect_is_long;
use crate::plan::syntax::{self, Limits, Node, NodeKind, write};
use crate::quantity::Exact;

/// What the text is called where mistakes are shown.
pub(super) const NAME: &str = "<command line>";

/// How long an `--expect` waits where nothing says so: as long as in a plan.
const WITHIN: Duration = Duration::from_secs(10);

/// What users do, where there is no file that says so.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Without a plan file")]
pub(super) struct Line {
    #[command(flatten)]
    script: Script,
    /// Send this header with the upgrade; may hold `{{...}}`
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// Offer this subprotocol
    #[arg(long, value_name = "NAME")]
    subprotocol: Vec<String>,
    /// How long each --expect waits [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    within: Option<Duration>,
    /// Print the plan that the command line stands for, and end
    #[arg(long)]
    pub(super) print_plan: bool,
}

/// Whether what is given as the plan is a target.
pub(super) fn is_target(plan: &Path) -> bool {
    let schemes = ["ws://", "wss://", "builtin:"];
    let is_scheme = |text: &str, scheme: &str| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    plan.to_str().is_some_and(|text| schemes.iter().any(|scheme| is_scheme(text, scheme)))
}

impl Line {
    /// A flag that is given and speaks of a run without a plan file.
    pub(super) fn flag(&self) -> Option<&'static str> {
        let flags = [
            ("--header", !self.header.is_empty()),
            ("--subprotocol", !self.subprotocol.is_empty()),
            ("--within", self.within.is_some()),
            ("--print-plan", self.print_plan),
        ];
        let first = self.script.parts.first().map(Part::flag);
        first.or_else(|| flags.into_iter().find(|(_, is_given)| *is_given).map(|(flag, _)| flag))
    }

    /// Writes the plan into `sources` and compiles it. Of the overrides, what a plan can say is in its text; its text too.
    pub(super) fn load(
        &self,
        sources: &mut Sources,
        target: &str,
        overrides: &Overrides,
        unset_environment: Severity,
    ) -> (String, Front) {
        let mut diagnostics = Diagnostics::new();
        let mut reader = Reader { sources, diagnostics: &mut diagnostics };
        let text = self.text(target, overrides, &mut reader);
        if diagnostics.has_errors() {
            return (text, Front { diagnostics: diagnostics.into_sorted(), compiled: None });
        }
        let front = front::of_text(sources, NAME, &text, &overrides.of_run(), unset_environment);
        (text, front)
    }

    fn text(&self, target: &str, overrides: &Overrides, reader: &mut Reader<'_>) -> String {
        let mut out = String::from("# yaml-language-server: $schema=plan.schema.json\n");
        let _ = writeln!(out, "name: {}\ntarget: {}", write::scalar(name(target)), write::scalar(target));
        let vars = overrides.vars();
        if !vars.is_empty() {
            out.push_str("\nvars:\n");
        }
        // As where there is a plan file, the last value of a name is the one that counts.
        let is_last =
            |(at, (name, _)): &(usize, &(String, String))| vars[at + 1..].iter().all(|(n, _)| n != name);
        for (_, (name, value)) in vars.iter().enumerate().filter(is_last) {
            match reader.json("--var", value, |_| true) {
                Some(node) => write::entry(&mut out, "  ", name, &node),
                None => drop(writeln!(out, "  {}: {}", write::key(name), write::scalar(value))),
            }
        }
        let load = overrides.load();
        if load != LoadOverrides::default() {
            let _ = writeln!(out, "\nload: {{ {} }}", fields(&load).join(", "));
        }
        out.push_str("\nscenarios:\n  user:\n    steps:\n");
        self.connect(&mut out);
        let longest = load.duration.map_or(WITHIN, |duration| duration.min(WITHIN));
        let within = self.within.unwrap_or(longest);
        self.script.parts.iter().for_each(|part| step(&mut out, part, within, reader));
        out.push_str("      - close: {}\n");
        out
    }

    fn connect(&self, out: &mut String) {
        if self.header.is_empty() && self.subprotocol.is_empty() {
            out.push_str("      - connect: {}\n");
            return;
        }
        out.push_str("      - connect:\n");
        if !self.header.is_empty() {
            out.push_str("          headers:\n");
        }
        for (name, value) in &self.header {
            let _ = writeln!(out, "            {}: {}", write::key(name), write::scalar(value));
        }
        if !self.subprotocol.is_empty() {
            let names: Vec<String> = self.subprotocol.iter().map(|name| write::scalar(name)).collect();
            let _ = writeln!(out, "          subprotocols: [{}]", names.join(", "));
        }
    }
}

/// The host, or the embedded server: a name that a person would give.
fn name(target: &str) -> &str {
    let rest = target.split_once(':').map_or(target, |(_, rest)| rest).trim_start_matches('/');
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("").split(':').next().unwrap_or("");
    let is_plain = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    if is_plain { host } else { "run" }
}

fn fields(load: &LoadOverrides) -> Vec<String> {
    let LoadOverrides { users, rate, ramp, duration, iterations } = load;
    // How fast so many users start; or, where it is not said how many, how many come.
    let rate = rate.map(|rate| match users {
        Some(_) => format!("rate: {rate}"),
        None => format!("arrivals: {{ rate: {rate} }}"),
    });
    let users = users.as_ref().map(|users| match users {
        Users::Level(users) => format!("users: {users}"),
        Users::Cycles(users) => {
            let users: Vec<String> = users.iter().map(u64::to_string).collect();
            format!("cycles: [{}]", users.join(", "))
        }
    });
    let fields = [
        users,
        rate,
        ramp.map(|ramp| format!("ramp: {}", Exact(ramp))),
        duration.map(|duration| format!("duration: {}", Exact(duration))),
        iterations.map(|iterations| format!("iterations: {iterations}")),
    ];
    fields.into_iter().flatten().collect()
}

fn step(out: &mut String, part: &Part, within: Duration, reader: &mut Reader<'_>) {
    match part {
        Part::Think(pause) => drop(writeln!(out, "      - think: {}", Exact(*pause))),
        Part::Send(text) => match reader.json("--send", text, |text| text.starts_with(['{', '['])) {
            Some(message) => write::entry(out, "      - ", "send", &message),
            None => drop(writeln!(out, "      - send: {}", write::scalar(text))),
        },
        Part::Expect(text) => {
            out.push_str("      - expect:\n");
            let indent = " ".repeat(10);
            let node = reader.matcher(text);
            match &node {
                Some(whole) if expect_is_long(whole) => {
                    for entry in whole.entries().unwrap_or_default() {
                        write::entry(out, &indent, &entry.key.text, &entry.value);
                    }
                }
                Some(matcher) => write::entry(out, &indent, "where", matcher),
                None => {
                    let text = write::scalar(text);
                    let _ = writeln!(out, "{indent}where: {{ text: {{ contains: {text} }} }}");
                }
            }
            if node.is_none_or(|node| node.lookup("within").is_none()) {
                let _ = writeln!(out, "{indent}within: {}", Exact(within));
            }
        }
    }
}

/// Reads what arguments hold; mistakes are shown in the argument as it was written.
struct Reader<'r> {
    sources: &'r mut Sources,
    diagnostics: &'r mut Diagnostics,
}

impl Reader<'_> {
    /// What is JSON, where it looks as `is_wanted`.
    fn json(&mut self, flag: &str, text: &str, is_wanted: impl Fn(&str) -> bool) -> Option<Node> {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if is_json && is_wanted(text.trim_start()) { self.parse(flag, text) } else { None }
    }

    /// A map in braces, or one that begins with a path; anything else is text.
    fn matcher(&mut self, text: &str) -> Option<Node> {
        let text = text.trim();
        let is_map = text.starts_with('{') && text.ends_with('}');
        let is_path = (text.starts_with("$.") || text.starts_with("$[")) && text.contains(": ");
        let node = if is_map || is_path { self.parse("--expect", text)? } else { return None };
        matches!(node.kind, NodeKind::Map(_)).then_some(node)
    }

    fn parse(&mut self, flag: &str, text: &str) -> Option<Node> {
        let file = self.sources.add(flag, text);
        let mut diagnostics = Diagnostics::new();
        let node = syntax::parse(self.sources, file, &Limits::default(), &mut diagnostics);
        for mut diagnostic in diagnostics.into_sorted() {
            diagnostic.file.get_or_insert_with(|| flag.into());
            self.diagnostics.push(diagnostic);
        }
        node
    }
}

#[cfg(test)]
mod tests;
