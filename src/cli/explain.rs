//! `wsplan explain`: what a code means, with an example.

use clap::Args;

use super::exit::Exit;
use super::terminal::{complain, print};
use crate::diagnostic::{Code, Severity, explain};

/// Explains the code of a diagnostic.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  wsplan explain WSP0402")]
pub(super) struct ExplainArgs {
    /// The code, such as WSP0402; without one all codes are listed
    code: Option<String>,
}

/// Prints the entry of the code, or the list of codes.
pub(super) fn run(args: &ExplainArgs) -> Exit {
    let Some(text) = &args.code else {
        let line = |code: &Code| {
            let severity = match code.severity() {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            format!("{code}  {severity:<7}  {}\n", code.title())
        };
        return print(&Code::all().iter().map(line).collect::<Vec<_>>().concat());
    };
    let Some(code) = Code::parse(text) else {
        complain(&format!("there is no code `{text}`"), Some("`wsplan explain` lists them all"));
        return Exit::Usage;
    };
    print(&plain(explain(code)))
}

/// An entry as a terminal shows it: without the marks of Markdown, the examples indented.
fn plain(entry: &str) -> String {
    let mut out = String::new();
    let mut in_block = false;
    for line in entry.lines() {
        match line.strip_prefix("```") {
            Some(_) if in_block => in_block = false,
            Some(info) => {
                in_block = true;
                out.push_str(if info.ends_with("fixed") {
                    "without the mistake:\n\n"
                } else {
                    "for example:\n\n"
                });
            }
            None if in_block => out.push_str(format!("    {line}").trim_end()),
            None => out.push_str(line.trim_start_matches("## ")),
        }
        if !line.starts_with("```") {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_shown_without_marks() {
        let entry = "## WSP0001: title\n\nProse.\n\n```yaml\na:\n\n  b: 1\n```\n\n```yaml fixed\na: 2\n```";
        let shown = "WSP0001: title\n\nProse.\n\nfor example:\n\n    a:\n\n      b: 1\n\nwithout the mistake:\n\n    a: 2\n";
        assert_eq!(plain(entry), shown);
        for code in Code::all() {
            let shown = plain(explain(*code));
            assert!(!shown.contains("```") && shown.starts_with(&code.to_string()), "{shown}");
        }
    }
}
