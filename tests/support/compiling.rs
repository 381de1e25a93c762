//! From a plan's text to what the compiler makes of it, without the command line.

use std::path::{Path, PathBuf};

use wsplan::compile::{Compiled, Directory, Options, compile_source};
use wsplan::diagnostic::{Diagnostic, Diagnostics, Sources};

/// What became of a plan.
pub(crate) struct Outcome {
    pub(crate) sources: Sources,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) compiled: Option<Compiled>,
}

/// Compiles a file under its own name, without its folders, so that what is shown is the same on every machine.
pub(crate) fn compile_file(path: &Path) -> Outcome {
    let text = std::fs::read_to_string(path).unwrap();
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    compile_named(&name, &text, path.parent().unwrap().to_owned())
}

/// Compiles a text, as if it lay among the ready-made plans, whose data files it may name.
pub(crate) fn compile_text(text: &str) -> Outcome {
    compile_named("plan.yaml", text, Path::new(env!("CARGO_MANIFEST_DIR")).join("plans"))
}

fn compile_named(name: &str, text: &str, base_directory: PathBuf) -> Outcome {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add(name, text);
    let files = Directory::new(base_directory);
    let environment = |name: &str| match name {
        "WSPLAN_TEST" => Some("from the environment".to_owned()),
        "WSPLAN_WORD" => Some("hunter2".to_owned()),
        "SECRET" => Some("s3cret".to_owned()),
        _ => None,
    };
    let options = Options {
        environment: &environment,
        default_name: name.trim_end_matches(".yaml").to_owned(),
        ..Options::new(&files)
    };
    let compiled = compile_source(&mut sources, file, &options, &mut diagnostics);
    Outcome { sources, diagnostics: diagnostics.into_sorted(), compiled }
}
