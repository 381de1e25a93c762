//! `--help`: its examples run, and the flags that the pages speak of are among its flags.

use std::collections::BTreeSet;
use std::process::Command;

use super::wsplan::{arguments, carry_out};
use crate::support::documents::{documents, root};

const COMMANDS: [&str; 6] = ["check", "run", "compile", "serve", "explain", "schema"];

fn help(command: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wsplan")).args(command).arg("--help").output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_examples_of_every_command_run() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("plans/echo.yaml"), folder.path().join("plan.yaml")).unwrap();
    std::fs::create_dir(folder.path().join("plans")).unwrap();
    std::fs::copy(root().join("plans/echo.yaml"), folder.path().join("plans/plan.yaml")).unwrap();
    for command in [vec![]].into_iter().chain(COMMANDS.map(|command| vec![command])) {
        let help = help(&command);
        let (_, examples) =
            help.split_once("\nExample").unwrap_or_else(|| panic!("{command:?} has no example"));
        let lines: Vec<_> = examples.lines().filter_map(|line| arguments(line.trim())).collect();
        assert!(!lines.is_empty(), "{command:?} has no example");
        for line in lines {
            let ended = carry_out(&line, folder.path());
            assert_eq!(ended.status, 0, "{line:?}: {}", ended.text);
        }
    }
}

#[test]
fn every_command_is_known_here() {
    let help = help(&[]);
    let (_, rest) = help.split_once("Commands:\n").unwrap();
    let listed = rest.lines().map_while(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    assert!(listed.eq(COMMANDS), "{help}");
}

/// Flags of other programs that the pages show: cargo's, and those of `bin/bench`.
const FOREIGN: [&str; 13] = [
    "--release",
    "--example",
    "--test",
    "--path",
    "--lib",
    "--locked",
    "--all-targets",
    "--doc",
    "--bench",
    "--quick",
    "--peers",
    "--rounds",
    "--cores",
];

#[test]
fn every_flag_that_is_written_of_exists() {
    let mut known: BTreeSet<String> = FOREIGN.map(str::to_owned).into();
    for command in COMMANDS {
        known.extend(flags(&help(&[command])));
    }
    known.insert("--help".to_owned());
    for document in documents() {
        let unknown: Vec<String> = flags(&document.text).filter(|flag| !known.contains(flag)).collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", document.name);
    }
}

/// Everything that looks like a long flag.
fn flags(text: &str) -> impl Iterator<Item = String> {
    let starts_one = |word: &&str| word.len() > 2 && word.as_bytes()[2].is_ascii_lowercase();
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| word.starts_with("--"))
        .filter(starts_one)
        .map(str::to_owned)
}
