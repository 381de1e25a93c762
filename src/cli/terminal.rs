//! What goes to whom: diagnostics and progress to people on standard error, results on standard output. A reader that
//! went away is no reason to fail.

use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

use terminal_size::terminal_size_of;

use super::exit::Exit;
use crate::diagnostic::{Diagnostic, Sources, Style, render, summary};

/// Writes to standard error.
pub(super) fn say(text: &str) {
    let mut stream = stderr().lock();
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// Writes a result to standard output, and says so where that is not possible: on a full disk it is lost.
#[must_use]
pub(super) fn print(text: &str) -> Exit {
    let mut stream = stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("cannot write to standard output: {error}"), None);
            Exit::Unable
        }
        _ => Exit::Success,
    }
}

/// An error that has no place in a plan.
pub(super) fn complain(message: &str, help: Option<&str>) {
    let help = help.map(|help| format!("  help: {help}\n")).unwrap_or_default();
    say(&format!("error: {message}\n{help}"));
}

/// So many diagnostics are shown to people; nobody reads more.
const MOST_SHOWN: usize = 100;

/// Shows diagnostics to people. Where they are too many, warnings are left out before errors.
pub(super) fn show(diagnostics: &[Diagnostic], sources: &Sources) {
    if diagnostics.is_empty() {
        return;
    }
    let style = Style { color: is_colored(&stderr()), width: width(), unicode: true };
    if diagnostics.len() <= MOST_SHOWN {
        say(&render(diagnostics, sources, style));
    } else {
        let mut gravest: Vec<&Diagnostic> = diagnostics.iter().collect();
        gravest.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        let shown: Vec<Diagnostic> = gravest.into_iter().take(MOST_SHOWN).cloned().collect();
        say(&render(&shown, sources, style));
        let hidden_count = diagnostics.len() - MOST_SHOWN;
        say(&format!("and {hidden_count} more, which `wsplan check --format json` lists\n"));
    }
    say(&format!("{}\n", summary(diagnostics, sources)));
}

/// Whether a stream is a terminal that wants colour (<https://no-color.org>).
pub(super) fn is_colored(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The terminal's width in columns, as far as it says; 100 where it does not.
pub(super) fn width() -> usize {
    std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .or_else(|| terminal_size_of(stderr()).map(|(columns, _)| usize::from(columns.0)))
        .unwrap_or(100)
}
