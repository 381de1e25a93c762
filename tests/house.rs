//! The house keeps its shape: which room may use which, that every file belongs to one, and that functions stay
//! readable. Read from the sources, so that a wrong arrow fails here and not in a review.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may use.
const ROOMS: &[(&str, &[&str])] = &[
    ("data", &[]),
    ("diagnostic", &[]),
    ("quantity", &[]),
    ("deflate", &[]),
    ("plan", &["diagnostic", "quantity"]),
    ("program", &["data", "diagnostic", "quantity"]),
    ("codec", &["program"]),
    ("load", &["quantity"]),
    ("metrics", &["quantity"]),
    ("compile", &["data", "diagnostic", "load", "metrics", "plan", "program", "quantity"]),
    ("machine", &["data", "diagnostic", "program"]),
    ("net", &["deflate", "program"]),
    ("drive", &["load", "machine", "metrics", "program"]),
    ("dry", &["codec", "drive", "load", "machine", "metrics", "program"]),
    ("engine", &["codec", "drive", "load", "machine", "metrics", "net", "program"]),
    ("report", &["diagnostic", "dry", "metrics"]),
    ("serve", &["deflate"]),
];

/// Rooms that must not know that there is a runtime or a network.
const PURE: &[&str] = &[
    "codec",
    "compile",
    "data",
    "deflate",
    "diagnostic",
    "drive",
    "dry",
    "load",
    "machine",
    "metrics",
    "plan",
    "program",
    "quantity",
    "report",
];

/// A function that is longer wants a split.
const FUNCTION_LINES_MAX: usize = 70;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files below a folder, but for those that only hold a module's tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs")
            && path.file_name().is_some_and(|n| n != "tests.rs")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code of a file without its unit tests, which stand at the end, and without comments.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The rooms that a text names as `crate::ROOM`, or as `{ROOM, ...}` behind `use crate::`.
fn rooms_named(code: &str) -> BTreeSet<&'static str> {
    let names_of = |word: &str| ROOMS.iter().map(|(room, _)| *room).find(|room| *room == word);
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let scope = if rest.starts_with('{') { rest.split('}').next().unwrap_or(rest) } else { rest };
        let words = scope.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let wanted = if rest.starts_with('{') { usize::MAX } else { 1 };
        named.extend(words.take(wanted).filter_map(names_of));
    }
    named
}

#[test]
fn no_arrow_points_up() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        for path in sources(&root().join(room)) {
            for used in rooms_named(&code(&path)) {
                if used != *room && !allowed.contains(&used) {
                    wrong.push(format!("{} uses {used}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_folder_is_a_room_of_the_table() {
    let folders =
        std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_dir());
    let found: BTreeSet<_> = folders.map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let known: BTreeSet<_> =
        ROOMS.iter().map(|(room, _)| (*room).to_owned()).chain(["cli".to_owned()]).collect();
    assert_eq!(found, known);
}

#[test]
fn pure_rooms_know_no_runtime_and_no_network() {
    let foreign = ["tokio", "hyper", "fastwebsockets", "std::net::Tcp", "SystemTime", "Instant::now"];
    for room in PURE {
        for path in sources(&root().join(room)) {
            let code = code(&path);
            for word in foreign {
                assert!(!code.contains(word), "{} names {word}", path.display());
            }
        }
    }
}

#[test]
fn only_the_network_names_its_libraries_and_only_the_command_line_prints() {
    for (room, _) in ROOMS {
        for path in sources(&root().join(room)) {
            let code = code(&path);
            if !["net", "serve"].contains(room) {
                assert!(!code.contains("fastwebsockets") && !code.contains("hyper"), "{}", path.display());
            }
            for printing in ["println!", "print!(", "std::env::var", "env::args"] {
                assert!(!code.contains(printing), "{} has {printing}", path.display());
            }
        }
    }
}

#[test]
fn every_file_belongs_to_the_crate() {
    for path in sources(&root()) {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let folder = path.parent().unwrap();
        if stem == "main" || stem == "lib" {
            continue;
        }
        let (parent, name) = if stem == "mod" {
            (folder.parent().unwrap(), folder.file_name().unwrap().to_string_lossy().into_owned())
        } else {
            (folder, stem)
        };
        let owners = [parent.join("mod.rs"), parent.join("lib.rs"), parent.with_extension("rs")];
        let declaration = format!("mod {name};");
        let is_declared = owners
            .iter()
            .filter_map(|owner| std::fs::read_to_string(owner).ok())
            .any(|text| text.lines().any(|line| line.trim().ends_with(&declaration)));
        assert!(is_declared, "{} is included nowhere", path.display());
    }
}

#[test]
fn functions_stay_readable() {
    let mut long = Vec::new();
    for path in sources(&root()) {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_function = line.split_whitespace().take(4).any(|word| word == "fn");
            if !is_function || line.trim_end().ends_with(';') || line.trim_start().starts_with("//") {
                continue;
            }
            // rustfmt closes a function at its own indentation.
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|line| *line == closing).unwrap_or(0);
            if length > FUNCTION_LINES_MAX {
                long.push(format!("{}:{} has {length} lines", path.display(), start + 1));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_binary_is_thin() {
    let main = std::fs::read_to_string(root().join("main.rs")).unwrap();
    assert!(main.lines().count() < 60);
}
