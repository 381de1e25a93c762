//! The author who makes every mistake: valid plans, and ones with mistakes, with keys deleted, doubled and renamed,
//! values exchanged, and their text cut off and scrambled. Whatever comes out, checking must not panic, must point
//! into the text, and must never leave anything out in silence: a plan either has an error, or each of its steps,
//! reactions, captures and conditions is in the program.
//!
//! `WSPLAN_MUTATIONS=100000 cargo test --release mutations` looks longer than every test run does.

use rand::{Rng, RngExt as _, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde_json::{Map, Value, json};

use wsplan::compile::Compiled;
use wsplan::diagnostic::{Sources, Style, render, to_json};
use wsplan::load::Part;
use wsplan::plan::schema::nouns;
use wsplan::plan::syntax::{self, Node, NodeKind};

use crate::support::cases::inputs;
use crate::support::compiling::compile_text;

/// How many mutations of each kind a test run makes.
fn mutation_count() -> usize {
    std::env::var("WSPLAN_MUTATIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(600)
}

/// All plans that there are, as text.
fn corpus() -> Vec<String> {
    let mut files = inputs("../../plans", "yaml");
    for folder in ["check", "program", "machine", "run"] {
        files.extend(inputs(folder, "yaml"));
    }
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// Checks and compiles a text and holds the outcome to what must hold of every one.
#[track_caller]
fn survive(text: &str) {
    let outcome = compile_text(text);
    for label in outcome.diagnostics.iter().flat_map(|d| &d.labels) {
        let range = label.span.range();
        assert!(range.start <= range.end && text.get(range).is_some(), "{label:?} points outside of {text}");
    }
    let style = Style { color: false, width: 80, unicode: true };
    render(&outcome.diagnostics, &outcome.sources, style);
    serde_json::from_str::<Value>(&to_json(&outcome.diagnostics, &outcome.sources)).unwrap();
    let has_errors = outcome.diagnostics.iter().any(wsplan::diagnostic::Diagnostic::is_error);
    assert_eq!(outcome.compiled.is_none(), has_errors, "{:?}\n{text}", outcome.diagnostics);
    let bugs = outcome.diagnostics.iter().filter(|d| d.code.to_string() == "WSP0299").count();
    assert_eq!(bugs, 0, "{:?}\n{text}", outcome.diagnostics);
    if let Some(compiled) = outcome.compiled {
        let tree = tree(text).expect("what compiles parses");
        assert_eq!(Census::of_program(&compiled), Census::of_tree(&tree), "{text}");
    }
}

/// What a plan holds, counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Census {
    states: usize,
    reactions: usize,
    captures: usize,
    conditions: usize,
    assignments: usize,
    connect_options: usize,
    thresholds: usize,
    weights: u64,
    logs: usize,
    sends: usize,
    /// What is told of streams: publish, deliver, enter, leave.
    told: usize,
}

impl Census {
    fn of_program(compiled: &Compiled) -> Self {
        use wsplan::program::{Answer, Expect, Op, State, Until};
        let program = &compiled.program;
        let share = |part: &Part| match part {
            Part::Weight(share) | Part::Users(share) => *share,
        };
        let mut census = Self {
            states: program.states.len(),
            reactions: program.reactions.len(),
            thresholds: compiled.thresholds.len(),
            weights: compiled.load.lanes().iter().flat_map(|lane| lane.mix.parts()).map(share).sum(),
            ..Self::default()
        };
        let expect = |census: &mut Self, expect: &Expect| {
            census.captures += expect.captures.len();
            census.told += usize::from(expect.deliver.is_some());
            census.conditions += expect.filter.instructions().len();
            census.conditions += expect.assert.as_ref().map_or(0, |assert| assert.instructions().len());
        };
        let is_audience = |state: &&State| matches!(state.op, Op::Audience(_));
        // The parameters of a `use`, which has no state of its own.
        let is_parameters = |state: &&State| match &state.op {
            Op::Set(values) => values.iter().any(|(slot, _)| program.slots[slot.index()].contains(':')),
            _ => false,
        };
        // The way back from what is done when a connection stands.
        let is_way_back = |state: &&State| matches!(state.op, Op::Return);
        let is_extra = |state: &&State| is_audience(state) || is_parameters(state) || is_way_back(state);
        census.states -= program.states.iter().filter(is_extra).count();
        // One that has the place of its connect is implied by it.
        let connects: Vec<_> =
            program.states.iter().filter(|s| matches!(s.op, Op::Connect(_))).map(|s| s.span).collect();
        census.told +=
            program.states.iter().filter(is_audience).filter(|s| !connects.contains(&s.span)).count();
        for state in program.states.iter().filter(|state| !is_parameters(state)) {
            match &state.op {
                Op::Expect(wait) => expect(&mut census, wait),
                Op::Gather(gather) => {
                    for wanted in &gather.wanted {
                        census.captures += wanted.captures.len();
                        census.told += usize::from(wanted.deliver.is_some());
                        census.conditions += wanted.filter.instructions().len();
                        census.conditions +=
                            wanted.assert.as_ref().map_or(0, |assert| assert.instructions().len());
                    }
                }
                Op::Request(request) => {
                    census.sends += 1;
                    census.told += usize::from(request.publish.is_some());
                    expect(&mut census, &request.reply);
                }
                Op::Send { publish, .. } => {
                    census.sends += 1;
                    census.told += usize::from(publish.is_some());
                }
                Op::Set(values) => census.assignments += values.len(),
                Op::Log(_) | Op::Fail(_) => census.logs += 1,
                Op::If { condition, .. } => census.conditions += condition.instructions().len(),
                Op::Connect(connect) => {
                    census.connect_options += connect.query.len() + connect.headers.len();
                    census.connect_options +=
                        connect.subprotocols.len() + usize::from(connect.path.is_some());
                    census.connect_options += usize::from(connect.deflate.is_some());
                    census.connect_options += usize::from(connect.reconnect.is_some());
                }
                Op::Test { repeat, .. } => {
                    if let Until::While(condition) = &repeat.until {
                        census.conditions += condition.instructions().len();
                    }
                }
                _ => {}
            }
        }
        for reaction in &program.reactions {
            census.captures += reaction.captures.len();
            census.told += usize::from(reaction.deliver.is_some());
            census.conditions += reaction.when.instructions().len();
            census.logs += usize::from(reaction.log.is_some()) + usize::from(reaction.fail.is_some());
            census.sends += usize::from(!matches!(reaction.answer, Answer::None));
        }
        census
    }

    fn of_tree(plan: &Value) -> Self {
        let mut census = Self { thresholds: len(&plan["thresholds"]), ..Self::default() };
        for once in ["setup", "teardown"].iter().filter(|once| plan[**once].is_array()) {
            census.states += 1;
            census.steps(&plan[*once], plan);
        }
        for scenario in members(&plan["scenarios"]) {
            census.weights += scenario["weight"].as_u64().or(scenario["users"].as_u64()).unwrap_or(1);
            census.states += 1;
            census.steps(&scenario["steps"], plan);
            for reaction in items(&scenario["always"]) {
                census.reactions += 1;
                census.captures += len(&reaction["capture"]);
                census.told += present(reaction, &["deliver"]);
                census.conditions += conditions(&reaction["when"]);
                census.logs += present(reaction, &["log", "fail"]);
                census.sends += present(reaction, &["echo", "send"]);
            }
        }
        census
    }

    /// A matcher alone, or with what must hold of the message.
    fn awaited(&mut self, awaited: &Value) {
        let is_long = awaited.get("where").is_some();
        self.conditions += conditions(if is_long { &awaited["where"] } else { awaited });
        if is_long {
            self.conditions += conditions(&awaited["assert"]);
            self.captures += len(&awaited["capture"]);
            self.told += present(awaited, &["deliver"]);
        }
    }

    fn steps(&mut self, steps: &Value, plan: &Value) {
        for step in items(steps) {
            if let Some(used) = step.get("use") {
                let fragment = &plan["fragments"][used["fragment"].as_str().unwrap_or_default()];
                self.steps(fragment.get("steps").unwrap_or(fragment), plan);
            } else {
                self.states += 1;
            }
            if let Some(repeat) = step.get("loop") {
                self.states += 1;
                self.conditions += conditions(&repeat["while"]);
                self.steps(&repeat["steps"], plan);
            }
            if let Some(branch) = step.get("if") {
                self.conditions += conditions(&branch["when"]);
                self.steps(&branch["then"], plan);
                self.steps(&branch["else"], plan);
            }
            items(&step["choose"]).for_each(|choice| self.steps(&choice["steps"], plan));
            self.states += present(step, &["group"]);
            self.steps(&step["group"], plan);
            self.states += present(step, &["borrow"]);
            self.steps(&step["borrow"]["steps"], plan);
            if let Some(expect) = step.get("expect") {
                match expect.get("any_order") {
                    Some(list) => items(list).for_each(|awaited| self.awaited(awaited)),
                    None => self.awaited(expect),
                }
            }
            if let Some(request) = step.get("request") {
                self.conditions += conditions(&request["reply"]) + conditions(&request["assert"]);
                self.captures += len(&request["capture"]);
            }
            let connect = &step["connect"];
            self.steps(&connect["on_connected"], plan);
            self.connect_options +=
                usize::from(connect.is_string()) + present(connect, &["path", "deflate", "reconnect"]);
            self.connect_options +=
                len(&connect["query"]) + len(&connect["headers"]) + len(&connect["subprotocols"]);
            self.assignments += len(&step["set"]);
            self.logs += present(step, &["log", "fail"]);
            self.sends += present(step, &["send", "request"]);
            self.told += present(step, &["publish", "enter", "leave"]);
        }
    }
}

fn conditions(matcher: &Value) -> usize {
    let of_subject = |subject: &Value| match subject.as_object() {
        None => 1,
        Some(operators) => operators
            .iter()
            .map(|(word, operand)| if word == "length" && operand.is_object() { len(operand) } else { 1 })
            .sum(),
    };
    members(matcher).map(of_subject).sum()
}

fn len(value: &Value) -> usize {
    items(value).count() + members(value).count()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn members(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_object().into_iter().flat_map(Map::values)
}

fn present(value: &Value, keys: &[&str]) -> usize {
    keys.iter().filter(|key| value.get(key).is_some()).count()
}

/// The tree of a text, aliases expanded; `None` where it has none.
fn tree(text: &str) -> Option<Value> {
    let mut sources = Sources::new();
    let file = sources.add("plan.yaml", text);
    let node = syntax::parse(
        &sources,
        file,
        &syntax::Limits::default(),
        &mut wsplan::diagnostic::Diagnostics::new(),
    )?;
    Some(plain(&node))
}

fn plain(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::Null,
        NodeKind::Bool(bool) => json!(bool),
        NodeKind::Number(number) => Value::Number(number.clone()),
        NodeKind::String(text) => json!(text),
        NodeKind::List(items) => items.iter().map(plain).collect(),
        NodeKind::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.text.clone(), plain(&entry.value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// Every place in a tree, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                places(item, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

fn any<'a, T>(random: &mut impl Rng, choices: &'a [T]) -> &'a T {
    &choices[random.random_range(0..choices.len())]
}

/// Values of every type, right and wrong ones.
fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(1_000_000_001),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!("5"),
        json!("5s"),
        json!("0s"),
        json!("1m30s"),
        json!("64KiB"),
        json!("x"),
        json!("$.a"),
        json!("$"),
        json!("/"),
        json!("{{user.id}}"),
        json!("{{nobody}}"),
        json!("{{"),
        json!("{{#if user.id}}a{{/if}}"),
        json!("\u{0}\u{202e}é"),
        json!([]),
        json!([1, "a"]),
        json!(["1s", "2s"]),
        json!({}),
        json!({ "a": 1 }),
        json!({ "$.a": { "gt": 1 } }),
        json!({ "$text": "x" }),
        json!({ "connect": {} }),
        json!({ "times": 2, "steps": [{ "think": "1s" }] }),
        json!([{ "connect": {} }, { "send": "x" }]),
        json!({ "between": ["1s", "2s"] }),
    ]
}

/// One change to a tree.
fn mutate(tree: &mut Value, random: &mut impl Rng) {
    let mut all = Vec::new();
    places(tree, "", &mut all);
    let at = any(random, &all).clone();
    let other = tree.pointer(any::<String>(random, &all)).cloned().unwrap_or_default();
    let words: Vec<&str> =
        nouns::all().into_iter().flat_map(|noun| noun.fields).map(|field| field.key).collect();
    let place = tree.pointer_mut(&at).expect("it was found there");
    match (random.random_range(0..7), place) {
        (0, place) => *place = any(random, &values()).clone(),
        (1, place) => *place = other,
        (2, Value::Object(entries)) if !entries.is_empty() => {
            let key = any(random, &entries.keys().cloned().collect::<Vec<_>>()).clone();
            entries.shift_remove(&key);
        }
        (3, Value::Object(entries)) if !entries.is_empty() => {
            let key = any(random, &entries.keys().cloned().collect::<Vec<_>>()).clone();
            let value = entries.shift_remove(&key).unwrap_or_default();
            entries.insert((*any(random, &words)).to_owned(), value);
        }
        (4, Value::Object(entries)) => {
            entries.insert((*any(random, &words)).to_owned(), other);
        }
        (5, Value::Array(items)) if !items.is_empty() => {
            let index = random.random_range(0..items.len());
            items.remove(index);
        }
        (6, Value::Array(items)) => {
            let index = random.random_range(0..=items.len());
            items.insert(index, other);
        }
        (_, place) => *place = any(random, &values()).clone(),
    }
}

#[test]
fn mutated_trees_lose_nothing_in_silence() {
    let texts = corpus();
    let (valid, wrong): (Vec<&String>, Vec<&String>) =
        texts.iter().partition(|text| compile_text(text).compiled.is_some());
    let [valid, wrong] =
        [valid, wrong].map(|texts| texts.into_iter().filter_map(|text| tree(text)).collect::<Vec<Value>>());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut valid_count = 0;
    for _ in 0..mutation_count() {
        let from = if random.random_range(0..4) == 0 { &wrong } else { &valid };
        let mut tree = any(&mut random, from).clone();
        for _ in 0..random.random_range(1..4) {
            mutate(&mut tree, &mut random);
        }
        let text = serde_json::to_string_pretty(&tree).unwrap();
        survive(&text);
        valid_count += usize::from(compile_text(&text).compiled.is_some());
    }
    assert!(
        valid_count * 40 > mutation_count(),
        "too few are valid for the count to say anything: {valid_count}"
    );
}

#[test]
fn cut_and_scrambled_texts_are_survived() {
    let texts = corpus();
    let scraps = [
        "\t", "\r\n", "\u{feff}", "{{", "}}", "\"", "'", "- ", ": ", "[", "}", "&a ", "*a", "<<: *a\n", "\0",
        "é", "---\n", "|\n", "#", "!x ",
    ];
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2);
    for _ in 0..mutation_count() {
        let mut text = any(&mut random, &texts).clone();
        let mut at = || {
            let offset = random.random_range(0..=text.len());
            text.floor_char_boundary(offset)
        };
        let (from, to) = (at(), at());
        let (from, to) = (from.min(to), from.max(to));
        let line = || {
            let start = text[..from].rfind('\n').map_or(0, |at| at + 1);
            start..text[from..].find('\n').map_or(text.len(), |at| from + at + 1)
        };
        match random.random_range(0..6) {
            0 => text.truncate(from),
            4 => text.replace_range(line(), ""),
            5 => {
                let doubled = text[line()].repeat(2);
                text.replace_range(line(), &doubled);
            }
            1 => text.insert_str(from, any::<&str>(&mut random, &scraps)),
            2 => text.replace_range(
                from..text.ceil_char_boundary(to.min(from + 20)),
                any::<&str>(&mut random, &scraps),
            ),
            _ => text = text[from..].to_owned(),
        }
        survive(&text);
    }
}

/// A plan is written from its beginning to its end: every state of it on the way is one that an editor checks.
#[test]
fn a_plan_is_survived_while_it_is_typed() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/plans/keepalive.yaml")).unwrap();
    for (end, _) in text.char_indices() {
        survive(&text[..end]);
    }
}

#[test]
fn the_corpus_itself_is_counted_right() {
    for text in corpus() {
        survive(&text);
    }
}
