//! `wsplan explain`: what a code means, with an example.

use clap::Args;

use super::exit::Exit;
use super::terminal::{complain, print};
use crate::diagnostic::{Code, explain};

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
        for code in Code::all() {
            print(&format!("{code}  {}\n", code.title()));
        }
        return Exit::Success;
    };
    let Some(code) = Code::parse(text) else {
        complain(&format!("there is no code `{text}`"), Some("`wsplan explain` lists them all"));
        return Exit::Usage;
    };
    print(&format!("{}\n", explain(code).trim_end()));
    Exit::Success
}
