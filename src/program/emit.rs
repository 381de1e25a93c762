//! The program in forms for people and programs: a listing, JSON, and graphs for Graphviz and Mermaid. All of them show
//! the same states with the same words; `line` says which line of the plan a span starts at.

mod describe;

use std::fmt::Write as _;

use serde_json::{Value, json};

use self::describe::{describe, verb};
use super::{Answer, Op, Program, Reaction, Scenario, StateId};
use crate::diagnostic::Span;

/// A listing: a state a line, with its id, the line of the plan, what it does, and where it leads.
pub fn text(program: &Program, line: &dyn Fn(Span) -> u32) -> String {
    let mut out = format!("program {}\n", program.name);
    let _ = writeln!(out, "target {}", program.target);
    for (index, name) in program.slots.iter().enumerate() {
        let _ = writeln!(out, "slot ${index} {name}");
    }
    for scenario in &program.scenarios {
        let _ = writeln!(out, "\nscenario {} weight {}", scenario.name, scenario.weight);
        for (slot, value) in &scenario.initial {
            let _ = writeln!(out, "  initially {slot} = {}", value.to_json_text());
        }
        for index in scenario.reactions.clone() {
            let reaction = &program.reactions[index];
            let _ =
                writeln!(out, "  r{index:<4} line {:<4} {}", line(reaction.span), reaction_text(reaction));
        }
        for id in states_of(program, scenario) {
            let state = program.state(id);
            let what = describe(&state.op, program);
            let id = id.to_string();
            let _ = writeln!(
                out,
                "  {id:<5} line {:<4} {what}{}",
                line(state.span),
                leads_to(program, &state.op, state.next)
            );
        }
    }
    out
}

/// Everything, as JSON.
pub fn json(program: &Program, line: &dyn Fn(Span) -> u32) -> String {
    let scenarios: Vec<Value> = program
        .scenarios
        .iter()
        .map(|scenario| {
            let states: Vec<Value> =
                states_of(program, scenario).map(|id| state_json(program, id, line)).collect();
            let reactions: Vec<Value> = program.reactions[scenario.reactions.clone()]
                .iter()
                .map(|reaction| reaction_json(reaction, line))
                .collect();
            json!({
                "name": scenario.name,
                "weight": scenario.weight,
                "entry": scenario.entry.index(),
                "reactions": reactions,
                "states": states,
            })
        })
        .collect();
    let program = json!({
        "name": program.name,
        "target": program.target.to_string(),
        "slots": program.slots,
        "timers": program.timers,
        "scenarios": scenarios,
    });
    format!("{program:#}\n")
}

fn state_json(program: &Program, id: StateId, line: &dyn Fn(Span) -> u32) -> Value {
    let state = program.state(id);
    let mut value = json!({
        "id": id.index(),
        "line": line(state.span),
        "verb": verb(&state.op),
        "text": describe(&state.op, program),
        "next": edges(program, id).into_iter().map(|(_, to)| to.index()).collect::<Vec<_>>(),
    });
    let detail = match &state.op {
        Op::Send(message) => Some(("send", json!(message.template))),
        Op::Request(request) => {
            value["reply"] = json!(request.reply.filter);
            value["assert"] = json!(request.reply.assert);
            value["capture"] = json!(request.reply.captures);
            Some(("send", json!(request.send.template)))
        }
        Op::Expect(expect) => {
            value["assert"] = json!(expect.assert);
            value["capture"] = json!(expect.captures);
            Some(("where", json!(expect.filter)))
        }
        Op::Connect(connect) => Some(("path", json!(connect.path))),
        Op::Log(line) => Some(("log", json!(line))),
        _ => None,
    };
    if let Some((key, detail)) = detail {
        value[key] = detail;
    }
    value
}

fn reaction_json(reaction: &Reaction, line: &dyn Fn(Span) -> u32) -> Value {
    let send = match &reaction.answer {
        Answer::Send(message) => json!(message.template),
        Answer::Echo => json!("echo"),
        Answer::None => Value::Null,
    };
    json!({
        "line": line(reaction.span),
        "when": reaction.when,
        "capture": reaction.captures,
        "send": send,
        "log": reaction.log,
        "fail": reaction.fail,
    })
}

/// A graph for Graphviz.
pub fn dot(program: &Program, line: &dyn Fn(Span) -> u32) -> String {
    let mut out = String::from("digraph program {\n  node [shape=box, fontname=\"monospace\"];\n");
    for (index, scenario) in program.scenarios.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{index} {{\n    label={};", quoted(&scenario.name));
        for id in states_of(program, scenario) {
            let state = program.state(id);
            let label = format!("{id}  line {}\n{}", line(state.span), describe(&state.op, program));
            let _ = writeln!(out, "    {id} [label={}];", quoted(&label));
        }
        for id in states_of(program, scenario) {
            for (label, to) in edges(program, id) {
                let _ = writeln!(out, "    {id} -> {to} [label={}];", quoted(label));
            }
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

/// A graph for Mermaid, as GitHub and GitLab render it.
pub fn mermaid(program: &Program, line: &dyn Fn(Span) -> u32) -> String {
    let mut out = String::from("flowchart TD\n");
    for (index, scenario) in program.scenarios.iter().enumerate() {
        let _ = writeln!(out, "  subgraph scenario{index} [\"{}\"]", mermaid_text(&scenario.name));
        for id in states_of(program, scenario) {
            let state = program.state(id);
            let what = mermaid_text(&describe(&state.op, program));
            let _ = writeln!(out, "    {id}[\"{id} line {}<br/>{what}\"]", line(state.span));
        }
        for id in states_of(program, scenario) {
            for (label, to) in edges(program, id) {
                let label = if label.is_empty() { String::new() } else { format!("|{label}|") };
                let _ = writeln!(out, "    {id} -->{label} {to}");
            }
        }
        out.push_str("  end\n");
    }
    out
}

/// The states of a scenario lie together, from its entry to its end.
fn states_of(program: &Program, scenario: &Scenario) -> impl Iterator<Item = StateId> {
    let entry = scenario.entry.index();
    let length = program.states[entry..].iter().position(|state| matches!(state.op, Op::End));
    (entry..=entry + length.unwrap_or(0)).map(StateId::new)
}

/// Where a state leads, each way with its condition.
fn edges(program: &Program, id: StateId) -> Vec<(&'static str, StateId)> {
    let state = program.state(id);
    match &state.op {
        Op::End => Vec::new(),
        Op::Test { body, .. } => vec![("round", *body), ("over", state.next)],
        _ => vec![("", state.next)],
    }
}

fn leads_to(program: &Program, op: &Op, next: StateId) -> String {
    match op {
        Op::End => String::new(),
        Op::Test { body, .. } => format!(" -> {body} or {next}"),
        _ if matches!(program.state(next).op, Op::Test { .. }) => format!(" -> {next}"),
        _ => String::new(),
    }
}

fn reaction_text(reaction: &Reaction) -> String {
    let mut out = format!("when {}", reaction.when);
    for capture in &reaction.captures {
        let _ = write!(out, ", capture {capture}");
    }
    match &reaction.answer {
        Answer::None => {}
        Answer::Echo => out.push_str(", echo"),
        Answer::Send(message) => {
            let _ = write!(out, ", send {}", message.template);
        }
    }
    if let Some(line) = &reaction.log {
        let _ = write!(out, ", log {line}");
    }
    if let Some(reason) = &reaction.fail {
        let _ = write!(out, ", fail {reason}");
    }
    out
}

/// A string of Graphviz's language.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Text inside a Mermaid label, where quotes and angle brackets are entities.
fn mermaid_text(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}
