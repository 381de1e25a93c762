//! Hides from a report what no two runs have in common: times, rates, CPU, memory, ports. Counts stay, and so does
//! every word of the section on errors but the server's address. That the generator was the bottleneck is left out: it
//! depends on what else the machine does.

use std::sync::LazyLock;

use regex::Regex;

/// A duration as reports write it.
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(\d+(\.\d+)?(ns|us|ms|s)|\d+m\d\ds|\d+h\d\dm)\b").unwrap());
static RATE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[\d.,]+( [kMG]?B)?/s").unwrap());
/// How many messages were late depends on the machine.
static LATE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b[\d,]+ late\b").unwrap());
static GENERATOR: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^the generator used .* of CPU.* and .* of memory$").unwrap());
static OBSERVED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r" {2,}(\d+(\.\d+)?(ns|us|ms|s)|\d+m\d\ds)$").unwrap());
static SPACES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\S) {2,}").unwrap());
/// How far the columns of numbers are set in depends on the numbers.
static INDENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^ {3,}").unwrap());
/// Which words the system has for it differs.
static RESOLVER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(cannot be resolved: ).*").unwrap());
static ACCEPT_KEY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""[A-Za-z0-9+/]{27}=""#).unwrap());

/// A message that came before an error, and whose it was.
static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^( +)(\d+(\.\d+)?(ns|us|ms|s)|\d+m\d\ds)( +(\S+ )?[<>] (text|binary) )").unwrap()
});
static USER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^( +the last messages of user )\d+ before it$").unwrap());

/// A line of a user that is watched.
static TRACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^ *[0-9.]+ms  (user [0-9.]+|setup|teardown) ").unwrap());

/// The report with letters in place of numbers that vary, and its columns closed up.
pub(super) fn mask(report: &str, address: &str) -> String {
    let mut section = Section::Heading;
    let report = without_saturation(report);
    let mut masked = String::new();
    for line in report.lines() {
        section = section.of(line);
        let line = if address.is_empty() { line.to_owned() } else { line.replace(address, "SERVER") };
        let line = match section {
            Section::Heading => TIME.replace_all(&line, "T").into_owned(),
            Section::Timings => RATE.replace_all(&TIME.replace_all(&line, "T"), "R/s").into_owned(),
            Section::Counts => LATE.replace(&RATE.replace_all(&line, "R/s"), "L late").into_owned(),
            Section::Errors => {
                let line = FRAME.replace(&line, "${1}T${5}");
                let line = USER.replace(&line, "${1}U before it");
                RESOLVER.replace(&ACCEPT_KEY.replace_all(&line, "\"KEY\""), "${1}WHY").into_owned()
            }
            Section::Thresholds => OBSERVED.replace(&line, "  T").into_owned(),
            Section::Verdict => {
                GENERATOR.replace(&line, "the generator used C of CPU and M of memory").into_owned()
            }
        };
        let line = match section {
            Section::Counts | Section::Timings => INDENT.replace(&line, "  "),
            _ => line.into(),
        };
        masked.push_str(&SPACES.replace_all(&line, "$1 "));
        masked.push('\n');
    }
    masked
}

/// What was written of users that are watched, with letters in place of times; other lines are as they were.
pub(super) fn mask_trace(errors: &str, address: &str) -> String {
    let mut masked = String::new();
    for line in errors.split_inclusive('\n') {
        if !TRACE.is_match(line) {
            masked.push_str(line);
            continue;
        }
        let line = if address.is_empty() { line.to_owned() } else { line.replace(address, "SERVER") };
        masked.push_str(SPACES.replace_all(&TIME.replace_all(&line, "T"), "$1 ").trim_start());
    }
    masked
}

/// It stands before everything else, with an empty line behind it.
fn without_saturation(report: &str) -> &str {
    match report.split_once("\n\n") {
        Some((first, rest)) if first.starts_with("! the generator was the bottleneck") => rest,
        _ => report,
    }
}

#[derive(Clone, Copy)]
enum Section {
    Heading,
    Counts,
    Timings,
    Errors,
    Thresholds,
    Verdict,
}

impl Section {
    fn of(self, line: &str) -> Self {
        match line.split(' ').find(|word| !word.is_empty()).unwrap_or_default() {
            "users" if line.starts_with("users") => Self::Counts,
            "count" => Self::Timings,
            "errors" if line.starts_with("errors") => Self::Errors,
            "thresholds" if line == "thresholds" => Self::Thresholds,
            "the" if line.starts_with("the generator") => Self::Verdict,
            _ => self,
        }
    }
}
