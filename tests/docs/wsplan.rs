//! Command lines of the documents, carried out by the real program with little load and within bounded time.

use std::path::Path;
use std::process::{Command, Stdio};

/// How a command ended.
pub(super) struct Ended {
    pub(super) status: i32,
    /// Standard output, then standard error.
    pub(super) text: String,
    /// Standard error alone.
    pub(super) errors: String,
}

/// What a load is cut down to.
const SMALL_LOAD: [&str; 6] = ["--users", "20", "--ramp", "500ms", "--duration", "2s"];
const LOAD_FLAGS: [&str; 6] = ["--users", "-u", "--ramp", "--duration", "-d", "--iterations"];

/// The arguments of a line that is a command of wsplan, also one by way of cargo; without what a shell would do with
/// its output.
pub(super) fn arguments(line: &str) -> Option<Vec<String>> {
    let line = line.replacen("cargo run --release -- ", "wsplan ", 1);
    let mut words = shell_words(&line).into_iter();
    (words.next()? == "wsplan").then(|| words.collect())
}

/// Parses `'a b'` and `"a b"` and stops at a comment, a pipe, a redirection or what follows.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '|' | '>' | '#' | '&') => break,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// Carries a command out in a folder. A load is cut down, a server is stopped as soon as it is up, and addresses
/// that others would serve are those of an embedded server.
pub(super) fn carry_out(arguments: &[String], folder: &Path) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsplan"));
    command.current_dir(folder).stdin(Stdio::null()).env("COLUMNS", "100").env_remove("WSPLAN_BLESS");
    match arguments.first().map(String::as_str) {
        Some("run") => command.args(cut_down(arguments, folder)),
        Some("serve") => command.args(unlistened(arguments)).arg("--until-stdin-closes"),
        _ => command.args(expanded(arguments, folder)),
    };
    let output = command.output().expect("the program can be started");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    let errors = text(output.stderr);
    Ended {
        status: output.status.code().unwrap_or(-1),
        text: format!("{}{errors}", text(output.stdout)),
        errors,
    }
}

fn cut_down(arguments: &[String], folder: &Path) -> Vec<String> {
    let mut kept = Vec::new();
    let mut has_load = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if LOAD_FLAGS.contains(&word.as_str()) {
            has_load = true;
            words.next();
        } else if word == "ws://127.0.0.1:9001" {
            kept.push("builtin:echo".to_owned());
        } else {
            let plan = std::fs::read_to_string(folder.join(word)).unwrap_or_default();
            has_load |= plan.lines().any(|line| line.starts_with("load:"));
            kept.push(word.clone());
        }
    }
    // A plan that says nothing of load is one user that runs once.
    if has_load {
        kept.extend(SMALL_LOAD.map(str::to_owned));
    }
    kept
}

/// On a port of the system's choice: the one that is written may be taken.
fn unlistened(arguments: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--listen" {
            words.next();
        } else {
            kept.push(word.clone());
        }
    }
    kept.extend(["--listen", "127.0.0.1:0"].map(str::to_owned));
    kept
}

/// `plans/*.yaml`, as a shell would expand it.
fn expanded(arguments: &[String], folder: &Path) -> Vec<String> {
    let expand = |word: &String| {
        let Some(place) = word.strip_suffix("/*.yaml") else { return vec![word.clone()] };
        let entries = std::fs::read_dir(folder.join(place)).expect("the folder is there");
        let paths = entries.map(|entry| entry.unwrap().path());
        let mut found: Vec<String> = paths
            .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
            .map(|path| format!("{place}/{}", path.file_name().unwrap().to_string_lossy()))
            .collect();
        found.sort();
        found
    };
    arguments.iter().flat_map(expand).collect()
}

#[test]
fn lines_are_read_as_a_shell_reads_them() {
    let read = |line| arguments(line).map(|words| words.join(" "));
    assert_eq!(read("wsplan check a.yaml  # all of it").as_deref(), Some("check a.yaml"));
    assert_eq!(
        read("wsplan compile a.yaml --emit dot | dot -Tsvg > a.svg").as_deref(),
        Some("compile a.yaml --emit dot")
    );
    assert_eq!(
        read("wsplan run a.yaml --target 'builtin:chat?a=1&b=2'").as_deref(),
        Some("run a.yaml --target builtin:chat?a=1&b=2")
    );
    assert_eq!(read("cargo run --release -- run a.yaml").as_deref(), Some("run a.yaml"));
    assert_eq!(read("cargo test"), None);
}
