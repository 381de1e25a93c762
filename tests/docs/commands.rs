//! The commands on the pages, carried out in a folder that has the ready-made plans and the page's own files.

use std::path::Path;

use super::wsplan::{Ended, arguments, carry_out};
use crate::support::documents::{Document, Fence, documents, fences, root};

/// A command and the output that is shown of it.
struct Shown<'f> {
    command: &'f str,
    output: String,
}

/// The commands of a block: every line of `sh`, the lines behind `$ ` of `console`.
fn shown<'f>(fence: &'f Fence<'_>) -> Vec<Shown<'f>> {
    let mut found: Vec<Shown<'f>> = Vec::new();
    for line in fence.text.lines() {
        match (fence.language(), line.strip_prefix("$ "), found.last_mut()) {
            ("sh", _, _) => found.push(Shown { command: line, output: String::new() }),
            (_, Some(command), _) => found.push(Shown { command, output: String::new() }),
            (_, None, Some(last)) => last.output = format!("{}{line}\n", last.output),
            (_, None, None) => panic!("{} begins without a command", fence.place()),
        }
    }
    found
}

/// The status that a block announces by `exit=N`.
fn status(fence: &Fence<'_>) -> i32 {
    let announced = fence.words().find_map(|word| word.strip_prefix("exit="));
    announced.map_or(0, |number| number.parse().expect("a number"))
}

/// Without what differs from run to run: numbers with their units, how wide columns are, progress, and that the generator
/// was the bottleneck, which depends on what else the machine does.
fn without_figures(text: &str) -> String {
    let number = regex::Regex::new(r"[0-9][0-9,.]*( ?(ns|us|ms|s|m|B|kB|MB|GB)\b)?").unwrap();
    let is_progress = |line: &&str| !line.contains("  out ") && !line.starts_with("seed ");
    let text = match text.split_once("\n\n") {
        Some((first, rest)) if first.starts_with("! the generator was the bottleneck") => rest,
        _ => text,
    };
    let lines = text.lines().filter(is_progress).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        number.replace_all(&words.join(" "), "#").into_owned()
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn differs(fence: &Fence<'_>, shown: &Shown<'_>, ended: &Ended) -> Option<String> {
    // What goes into a file is not seen.
    let text = if shown.command.contains(" > ") { &ended.errors } else { &ended.text };
    let is_same = match (fence.language(), fence.words().any(|word| word == "figures")) {
        ("sh", _) => true,
        (_, true) => without_figures(&shown.output) == without_figures(text),
        (_, false) => shown.output.trim_end() == text.trim_end(),
    };
    let is_as_announced = ended.status == status(fence);
    let what = format!("{}: {} (exit {})\n{}", fence.place(), shown.command, ended.status, ended.text);
    (!is_same || !is_as_announced).then_some(what)
}

/// How a command differs from what is shown of it. A threshold on time may fail on a busy machine, and the page shows
/// what comes when it is not busy: a run is tried again.
fn tried(fence: &Fence<'_>, shown: &Shown<'_>, arguments: &[String], folder: &Path) -> Option<String> {
    let attempt_count = if arguments[0] == "run" { 3 } else { 1 };
    let mut difference = None;
    for _ in 0..attempt_count {
        difference = Some(differs(fence, shown, &carry_out(arguments, folder))?);
    }
    difference
}

/// Carries out what a page shows, and counts it.
fn follow(page: &Document, folder: &Path, wrong: &mut Vec<String>) -> usize {
    let mut count = 0;
    for fence in fences(page) {
        if let Some(name) = fence.file_name() {
            std::fs::write(folder.join(name), &fence.text).unwrap();
        }
        if !["sh", "console"].contains(&fence.language()) {
            continue;
        }
        for shown in shown(&fence) {
            let Some(arguments) = arguments(shown.command) else { continue };
            count += 1;
            wrong.extend(tried(&fence, &shown, &arguments, folder));
        }
    }
    count
}

#[test]
fn commands_do_what_is_shown() {
    let (mut count, mut wrong) = (0, Vec::new());
    for page in documents() {
        // Its one command is about a file that is not there, and `wsplan explain` prints it.
        if page.name == "docs/diagnostics.md" {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        for name in ["plans", "schema"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            for entry in std::fs::read_dir(root().join(name)).unwrap() {
                let path = entry.unwrap().path();
                let copy = folder.path().join(name).join(path.file_name().unwrap());
                std::fs::copy(&path, copy).unwrap();
            }
        }
        count += follow(&page, folder.path(), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count > 10, "{count} commands were found");
}

#[test]
fn programs_that_pages_tell_to_run_are_there() {
    for program in ["bin/test", ".ci/run"] {
        let path = root().join(program);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert!(mode & 0o100 != 0, "{program} cannot be run");
    }
}

#[test]
fn another_figure_is_no_difference_and_another_row_is() {
    let one = "say.rtt   1,000  52.0us\nconnects 5\n";
    assert_eq!(without_figures(one), without_figures("say.rtt 7  1.20ms\n\nconnects     12"));
    assert_ne!(without_figures(one), without_figures("joined.wait 7  1.20ms\nconnects 12"));
}
