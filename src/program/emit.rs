//! The program in forms for people and programs: a listing, JSON, and graphs for Graphviz and Mermaid. All of them show
//! the same states with the same words; `line` says which line of the plan a span starts at. What is secret stands in
//! none of them.

mod describe;
mod http;
mod json;

use std::borrow::Cow;
use std::fmt::Write as _;

use self::describe::Describe;
use super::{DataFile, DataUse, Expr, Op, Program, Protocol, Scenario, StateId, UserProfile};
use crate::diagnostic::shown;

pub use json::json;

/// Tells the line of the plan, from 1, that a span starts at.
pub type LineOf<'l> = dyn Fn(crate::diagnostic::Span) -> u32 + 'l;

/// A listing: each state with its id, the line of the plan, where it leads, and what it does, a condition, a capture
/// or an option a line.
pub fn text(program: &Program, line: &LineOf<'_>) -> String {
    let describe = Describe { program, line };
    let mut out = format!("program {}\ntarget {}\n", program.name, program.shown_target());
    if let Some(proxy) = &program.proxy {
        let _ = writeln!(out, "proxy {proxy}");
    }
    for unusual in program.tls.unusual() {
        let _ = writeln!(out, "tls {unusual}");
    }
    if program.protocol != Protocol::default() {
        let _ = writeln!(out, "protocol {}", program.protocol.word());
    }
    for (index, name) in program.slots.iter().enumerate() {
        let _ = writeln!(out, "slot ${index} {name}");
    }
    for (index, file) in program.data.iter().enumerate() {
        let DataFile { name, path, table, pick, at_end, .. } = file;
        let (row_count, pick, at_end) = (table.row_count(), pick.word(), at_end.word());
        let _ = writeln!(out, "data f{index} {name} {path} rows {row_count} pick {pick} at_end {at_end}");
    }
    for (index, stream) in program.streams.iter().enumerate() {
        let _ = writeln!(out, "stream d{index} {}", describe.stream(stream));
    }
    for (index, barrier) in program.barriers.iter().enumerate() {
        let _ = writeln!(out, "barrier b{index} {} of {} users", barrier.name, barrier.user_count);
    }
    push_profiles(&mut out, program);
    push_pools(&mut out, describe);
    for (index, scenario) in program.scenarios.iter().enumerate() {
        let Scenario { name, .. } = scenario;
        let on_failure = scenario.on_failure.word();
        let is_setup = program.setup.as_ref().is_some_and(|setup| setup.scenario == index);
        let _ = if is_setup || program.teardown == Some(index) {
            writeln!(out, "\n{name} once")
        } else {
            writeln!(out, "\nscenario {name} on_failure {on_failure}")
        };
        for slot in program.setup.iter().filter(|_| is_setup).flat_map(|setup| &setup.keeps) {
            let _ = writeln!(out, "  for all {slot}");
        }
        for (index, link) in scenario.links.iter().enumerate().filter(|_| scenario.links.len() > 1) {
            let _ =
                writeln!(out, "  connection c{index} {}", link.name.as_deref().unwrap_or("without a name"));
        }
        for (slot, value) in &scenario.initial {
            let _ = writeln!(out, "  initially {slot} = {value}");
        }
        for DataUse { data, columns, row } in &scenario.data {
            for (column, slot) in columns {
                let _ = writeln!(out, "  each time {slot} = {data} column {column}");
            }
            if let Some(slot) = row {
                let _ = writeln!(out, "  each time {slot} = {data} row");
            }
        }
        for index in scenario.reactions.clone() {
            let reaction = &program.reactions[index];
            let head = format!("  {:<5} line {:<4} ", format!("r{index}"), line(reaction.span));
            push_entry(&mut out, &head, &describe.reaction(reaction));
        }
        for id in states_of(program, scenario) {
            let state = program.state(id);
            let ways: Vec<String> = edges(program, id).iter().map(|(_, to)| to.to_string()).collect();
            let leads = if ways.is_empty() { String::new() } else { format!("-> {}", ways.join(" or ")) };
            let head = format!("  {:<5} line {:<4} {leads:<14} ", id.to_string(), line(state.span));
            push_entry(&mut out, &head, &describe.state(state));
        }
    }
    fit(&out)
}

fn push_profiles(out: &mut String, program: &Program) {
    for UserProfile { name, think } in &program.profiles.each {
        let _ = writeln!(out, "profile {name} think {think}");
    }
}

/// The first line behind its head, the others below it.
fn push_pools(out: &mut String, describe: Describe<'_>) {
    for (index, pool) in describe.program.pools.iter().enumerate() {
        let (head, lines) = describe.pool(pool);
        let _ = writeln!(out, "pool p{index} {head}");
        for line in lines {
            let _ = writeln!(out, "  {line}");
        }
    }
}

fn push_entry(out: &mut String, head: &str, lines: &[String]) {
    let mut lines = lines.iter();
    let _ = writeln!(out, "{head}{}", lines.next().map_or("", String::as_str));
    for line in lines {
        let _ = writeln!(out, "{:width$}{line}", "", width = head.len() + 2);
    }
}

/// A graph for Graphviz.
pub fn dot(program: &Program, line: &LineOf<'_>) -> String {
    let describe = Describe { program, line };
    let mut out = String::from("digraph program {\n  node [shape=box, fontname=\"monospace\"];\n");
    for (index, scenario) in program.scenarios.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{index} {{\n    label={};", quoted(&scenario.name));
        for index in scenario.reactions.clone() {
            let reaction = &program.reactions[index];
            let label =
                label(&format!("r{index}"), line(reaction.span), &describe.reaction(reaction), dot_line);
            let _ = writeln!(out, "    r{index} [shape=note, label=\"{label}\"];");
        }
        for id in states_of(program, scenario) {
            let state = program.state(id);
            let label = label(&id.to_string(), line(state.span), &describe.state(state), dot_line);
            let _ = writeln!(out, "    {id} [label=\"{label}\"];");
        }
        for id in states_of(program, scenario) {
            for (label, to) in edges(program, id) {
                let label =
                    if label.is_empty() { String::new() } else { format!(" [label={}]", quoted(&label)) };
                let _ = writeln!(out, "    {id} -> {to}{label};");
            }
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    fit(&out)
}

/// A graph for Mermaid, as GitHub and GitLab render it.
pub fn mermaid(program: &Program, line: &LineOf<'_>) -> String {
    let describe = Describe { program, line };
    let mut out = String::from("flowchart TD\n");
    for (index, scenario) in program.scenarios.iter().enumerate() {
        let _ = writeln!(out, "  subgraph scenario{index} [\"{}\"]", mermaid_text(&scenario.name));
        for index in scenario.reactions.clone() {
            let reaction = &program.reactions[index];
            let label =
                label(&format!("r{index}"), line(reaction.span), &describe.reaction(reaction), mermaid_line);
            let _ = writeln!(out, "    r{index}>\"{label}\"]");
        }
        for id in states_of(program, scenario) {
            let state = program.state(id);
            let label = label(&id.to_string(), line(state.span), &describe.state(state), mermaid_line);
            let _ = writeln!(out, "    {id}[\"{label}\"]");
        }
        for id in states_of(program, scenario) {
            for (label, to) in edges(program, id) {
                let label = if label.is_empty() { String::new() } else { format!("|{label}|") };
                let _ = writeln!(out, "    {id} -->{label} {to}");
            }
        }
        out.push_str("  end\n");
    }
    fit(&out)
}

/// What stands in a node: its id and line, and what it does, each line ended as the graph's language wants it.
fn label(id: &str, line: u32, lines: &[String], end: fn(&str) -> String) -> String {
    let head = end(&format!("{id}  line {line}"));
    let label = lines.iter().fold(head, |label, line| label + &end(line));
    label.strip_suffix("<br/>").map_or_else(|| label.clone(), str::to_owned)
}

/// The states of a scenario lie together, from its entry to its end.
fn states_of(program: &Program, scenario: &Scenario) -> impl Iterator<Item = StateId> {
    let entry = scenario.entry.index();
    let length = program.states[entry..].iter().position(|state| matches!(state.op, Op::End));
    (entry..=entry + length.unwrap_or(0)).map(StateId::new)
}

/// Where a state leads, each way with its condition.
fn edges(program: &Program, id: StateId) -> Vec<(Cow<'static, str>, StateId)> {
    let state = program.state(id);
    match &state.op {
        Op::Return | Op::End | Op::Stop(_) => Vec::new(),
        Op::Connect(connect) if connect.on_connected.is_some() => {
            let entry = connect.on_connected.into_iter();
            entry.map(|entry| ("stands".into(), entry)).chain([("then".into(), state.next)]).collect()
        }
        Op::Test { body, .. } => vec![("round".into(), *body), ("over".into(), state.next)],
        Op::If { then, .. } => vec![("then".into(), *then), ("else".into(), state.next)],
        Op::Choose(choose) => {
            choose.arms.iter().map(|(weight, arm)| (format!("weight {weight}").into(), *arm)).collect()
        }
        _ => vec![("".into(), state.next)],
    }
}

impl Program {
    /// The target as it may be shown.
    fn shown_target(&self) -> String {
        if self.is_target_secret { Expr::SECRET.to_owned() } else { self.target.to_string() }
    }
}

/// Names and patterns are the plan's, and a plan may hold anything: nothing of it moves a terminal's cursor.
fn fit(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(&shown(line));
        out.push('\n');
    }
    out
}

/// What stands between the quotes of a string of Graphviz's language.
fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// A string of Graphviz's language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", dot_text(text))
}

/// A line of a label, flush left.
fn dot_line(line: &str) -> String {
    dot_text(line) + "\\l"
}

/// Text inside a Mermaid label, where quotes and angle brackets are entities.
fn mermaid_text(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}

fn mermaid_line(line: &str) -> String {
    mermaid_text(line) + "<br/>"
}
