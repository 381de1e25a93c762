//! `tests/cases/program/NAME.yaml` and the program it must compile to, as a listing in `NAME.ir`; of one that has every
//! verb also the other forms.

use serde_json::Value;
use wsplan::program::{Op, Program, emit};

use crate::support::cases::{Comparison, inputs};
use crate::support::compiling::{Outcome, compile_file};

/// The case whose program is kept in all forms.
const IN_ALL_FORMS: &str = "chatty";

fn compiled(path: &std::path::Path) -> (Outcome, Program) {
    let mut outcome = compile_file(path);
    let compiled =
        outcome.compiled.take().unwrap_or_else(|| panic!("{}: {:#?}", path.display(), outcome.diagnostics));
    (outcome, compiled.program)
}

#[test]
fn programs_are_as_expected() {
    let mut comparison = Comparison::default();
    for path in inputs("program", "yaml") {
        let (outcome, program) = compiled(&path);
        let line = |span| outcome.sources.start(span).line;
        comparison.compare(&path.with_extension("ir"), &emit::text(&program, &line));
        if path.file_stem().is_some_and(|stem| stem == IN_ALL_FORMS) {
            comparison.compare(&path.with_extension("json"), &emit::json(&program, &line));
            comparison.compare(&path.with_extension("dot"), &emit::dot(&program, &line));
            comparison.compare(&path.with_extension("mmd"), &emit::mermaid(&program, &line));
        }
    }
    comparison.finish();
}

#[test]
fn every_form_names_every_state_and_reaction() {
    for path in inputs("program", "yaml") {
        let (outcome, program) = compiled(&path);
        let line = |span| outcome.sources.start(span).line;
        let dot = emit::dot(&program, &line);
        let mermaid = emit::mermaid(&program, &line);
        for index in 0..program.states.len() {
            assert!(dot.contains(&format!("    s{index} [label=")), "{dot}");
            assert!(mermaid.contains(&format!("    s{index}[\"s{index}  line ")), "{mermaid}");
        }
        for index in 0..program.reactions.len() {
            assert!(dot.contains(&format!("    r{index} [shape=note")), "{dot}");
            assert!(mermaid.contains(&format!("    r{index}>\"r{index}  line ")), "{mermaid}");
        }
    }
}

#[test]
fn no_form_shows_a_secret_or_moves_a_cursor() {
    for path in inputs("program", "yaml") {
        let (outcome, program) = compiled(&path);
        let line = |span| outcome.sources.start(span).line;
        for form in [emit::text, emit::json, emit::dot, emit::mermaid] {
            let shown = form(&program, &line);
            assert!(!shown.contains("hunter2") && !shown.contains("from the environment"), "{shown}");
            assert!(shown.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{shown:?}");
        }
    }
}

/// Every template, condition, capture and way on is there, each with its line where it has one.
#[test]
fn json_holds_the_whole_program() {
    for path in inputs("program", "yaml") {
        let (outcome, program) = compiled(&path);
        let line = |span| outcome.sources.start(span).line;
        let json: Value = serde_json::from_str(&emit::json(&program, &line)).unwrap();
        // In the order of their states: the setup's are the first of all.
        let mut scenarios = json["scenarios"].as_array().unwrap().clone();
        scenarios.sort_by_key(|scenario| scenario["entry"].as_u64());
        let states: Vec<&Value> = scenarios.iter().flat_map(|s| s["states"].as_array().unwrap()).collect();
        assert_eq!(states.len(), program.states.len());
        for (shown, state) in states.iter().zip(&program.states) {
            assert_eq!(shown["line"], line(state.span));
            let ways = match &state.op {
                Op::Return | Op::End | Op::Stop(_) => 0,
                Op::Test { .. } | Op::If { .. } => 2,
                Op::Connect(connect) if connect.on_connected.is_some() => 2,
                Op::Choose(choose) => choose.arms.len(),
                _ => 1,
            };
            assert_eq!(shown["transitions"].as_array().unwrap().len(), ways, "{shown}");
            assert_holds_op(shown, &state.op);
        }
        let reactions: Vec<&Value> =
            scenarios.iter().flat_map(|s| s["reactions"].as_array().unwrap()).collect();
        assert_eq!(reactions.len(), program.reactions.len());
        for (shown, reaction) in reactions.iter().zip(&program.reactions) {
            assert_lines(&shown["when"], reaction.when.instructions().len());
            assert_lines(&shown["capture"], reaction.captures.len());
            assert_eq!(shown["log"].is_array(), reaction.log.is_some());
            assert_eq!(shown["fail"].is_array(), reaction.fail.is_some());
        }
    }
}

fn assert_holds_op(shown: &Value, op: &Op) {
    let expect = |key: &str, expect: &wsplan::program::Expect| {
        assert_lines(&shown[key], expect.filter.instructions().len());
        assert_lines(
            &shown["assert"],
            expect.assert.as_ref().map_or(0, |assert| assert.instructions().len()),
        );
        assert_lines(&shown["capture"], expect.captures.len());
        assert!(shown["timer"].is_string() && shown["within_s"].is_number(), "{shown}");
    };
    match op {
        Op::Connect(connect) => {
            assert_eq!(shown["path"].is_array(), connect.path.is_some());
            assert_eq!(shown["query"].as_array().unwrap().len(), connect.query.len());
            assert_eq!(shown["headers"].as_array().unwrap().len(), connect.headers.len());
            assert_eq!(shown["subprotocols"].as_array().unwrap().len(), connect.subprotocols.len());
            assert_eq!(shown["deflate"].is_object(), connect.deflate.is_some());
        }
        Op::Send { message, .. } => {
            assert_eq!(shown["send"]["template"].as_array().unwrap().len(), message.template.segments.len());
        }
        Op::Request(request) => {
            assert_eq!(
                shown["send"]["template"].as_array().unwrap().len(),
                request.send.template.segments.len()
            );
            expect("reply", &request.reply);
            assert_eq!(shown["await"], request.in_flight.is_none());
            assert_eq!(shown["in_flight"].is_number(), request.in_flight.is_some());
            assert_eq!(shown["key"]["path"].is_string(), request.key.is_some());
        }
        Op::Http(http) => {
            assert_eq!(shown["method"], http.method);
            assert_eq!(shown["query"].as_array().unwrap().len(), http.query.len());
            assert_eq!(shown["headers"].as_array().unwrap().len(), http.headers.len());
            assert_eq!(shown["expect"]["headers"].as_array().unwrap().len(), http.expect.headers.len());
            assert_eq!(shown["capture"].as_array().unwrap().len(), http.captures.len());
            assert_eq!(shown["content"].is_object(), http.content.is_some());
            assert!(shown["timers"]["wait"].is_string() && shown["within_s"].is_number(), "{shown}");
        }
        Op::Expect(wait) => expect("where", wait),
        Op::Gather(gather) => {
            for (shown, wanted) in shown["wanted"].as_array().unwrap().iter().zip(&gather.wanted) {
                assert_lines(&shown["where"], wanted.filter.instructions().len());
                let assert = wanted.assert.as_ref();
                assert_lines(&shown["assert"], assert.map_or(0, |assert| assert.instructions().len()));
                assert_lines(&shown["capture"], wanted.captures.len());
            }
            assert_eq!(shown["wanted"].as_array().unwrap().len(), gather.wanted.len());
            assert_eq!(shown["timer"].is_string(), gather.timer.is_some());
            let quota = ["count", "any_order", "at_most"].iter().filter(|key| shown[**key] != Value::Null);
            assert_eq!(quota.count(), 1, "{shown}");
        }
        Op::Set(values) => assert_eq!(shown["set"].as_array().unwrap().len(), values.len()),
        Op::Audience(audience) => {
            let word = if audience.enters { "enter" } else { "leave" };
            assert_eq!(shown[word], audience.stream.index());
        }
        Op::If { condition, .. } => assert_lines(&shown["when"], condition.instructions().len()),
        Op::Choose(choose) => assert_eq!(shown["weights"].as_array().unwrap().len(), choose.arms.len()),
        Op::Fail(reason) => assert_eq!(shown["fail"].as_array().unwrap().len(), reason.segments.len()),
        Op::Borrow { pool, .. } => assert_eq!(shown["pool"], pool.index()),
        Op::GiveBack => assert_eq!(shown["verb"], "give_back"),
        Op::Barrier(at) => assert_eq!(shown["barrier"], at.barrier.index()),
        Op::Stop(_) => assert!(shown["stop"].is_string()),
        Op::EnterGroup { .. } => assert!(shown["group"]["since"].is_string()),
        Op::LeaveGroup { .. } => assert!(shown["group"]["timer"].is_string()),
        Op::Log(line) => assert_eq!(shown["log"].as_array().unwrap().len(), line.segments.len()),
        Op::Ping(_) => assert!(shown["timer"].is_string() && shown["within_s"].is_number(), "{shown}"),
        Op::ExpectClose(expected) => {
            assert_lines(&shown["reason"], expected.reason.as_ref().map_or(0, |r| r.instructions().len()));
            assert_eq!(shown["code"].as_u64(), expected.code.map(u64::from));
            assert!(shown["timer"].is_string() && shown["within_s"].is_number(), "{shown}");
        }
        Op::Close(close) => assert_eq!(shown["code"], close.code),
        Op::Think(_) => assert!(shown["think"].is_object()),
        Op::Enter(_) | Op::Test { .. } => assert!(shown["loop"]["index"].is_string()),
        Op::AwaitAll { .. } | Op::Return | Op::End => {}
    }
}

fn assert_lines(shown: &Value, count: usize) {
    let shown = shown.as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(shown.len(), count);
    assert!(shown.iter().all(|part| part["line"].as_u64().is_some_and(|line| line > 0)), "{shown:?}");
}
