//! The way from a file to a program, as every command that reads a plan goes it.

use std::path::Path;

use clap::Args;

use super::arguments::{NamedFile, duration, named_file, rate, users, variable};
use crate::compile::{Compiled, Directory, LoadOverrides, Options, TlsOverrides, Users, compile_source};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, Sources};
use crate::plan::source;
use crate::quantity::Rate;

/// What a command line may change in a plan.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Overrides {
    /// Set a variable of the plan; VALUE is JSON where it parses as such, else text
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    vars: Vec<(String, String)>,
    /// Connect there instead of to the plan's target
    #[arg(long, value_name = "URL")]
    target: Vec<String>,
    /// Connect through this HTTP proxy instead of the plan's: http://user:password@host:port
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,
    /// Trust the certificates in this PEM file in place of the plan's `tls: { ca }` and the system's
    #[arg(long, value_name = "FILE", value_parser = named_file, conflicts_with = "insecure")]
    ca: Option<NamedFile>,
    /// Take any server for whom it says it is
    #[arg(long)]
    insecure: bool,
    /// How many virtual users; 10:20:30 are cycles: when all of one have done their iterations, the next ones start
    #[arg(short, long, value_name = "N", value_parser = users)]
    users: Option<Users>,
    /// How many of them start in a second: 3, 0.5 or 30/m
    #[arg(short, long, value_name = "RATE", value_parser = rate, conflicts_with = "ramp")]
    rate: Option<Rate>,
    /// Over how long they start
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    ramp: Option<std::time::Duration>,
    /// How long the run lasts, ramp included
    #[arg(short, long, value_name = "DURATION", value_parser = duration)]
    duration: Option<std::time::Duration>,
    /// How many times each user runs its scenario
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    iterations: Option<u64>,
}

impl Overrides {
    /// `--var`
    pub(super) fn vars(&self) -> &[(String, String)] {
        &self.vars
    }

    /// `--users` and its kin.
    pub(super) fn load(&self) -> LoadOverrides {
        LoadOverrides {
            users: self.users.clone(),
            rate: self.rate,
            ramp: self.ramp,
            duration: self.duration,
            iterations: self.iterations,
        }
    }

    /// What is said of the run, and not of what users do and how many they are.
    pub(super) fn of_run(&self) -> Self {
        Self {
            target: self.target.clone(),
            proxy: self.proxy.clone(),
            ca: self.ca.clone(),
            insecure: self.insecure,
            ..Self::default()
        }
    }
}

/// What became of a plan.
#[derive(Debug)]
pub(super) struct Front {
    /// What is wrong with it, in the order of the text.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What it compiles to; `None` when anything is an error.
    pub(super) compiled: Option<Compiled>,
}

/// Reads a plan into `sources`, checks and compiles it; `-` is standard input.
pub(super) fn load(
    sources: &mut Sources,
    path: &Path,
    overrides: &Overrides,
    unset_environment: Severity,
) -> Front {
    let mut diagnostics = Diagnostics::new();
    let is_stdin = path.as_os_str() == "-";
    let name = if is_stdin { "<stdin>".to_owned() } else { path.display().to_string() };
    let loaded = if is_stdin {
        source::add(sources, &name, std::io::stdin().lock(), source::MAX_BYTES)
    } else {
        source::load(sources, path, source::MAX_BYTES)
    };
    let compiled = match loaded {
        Ok(file) => {
            let files = Directory::of_plan(path);
            let options = options(path, overrides, &files, unset_environment);
            compile_source(sources, file, &options, &mut diagnostics)
        }
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            None
        }
    };
    front(&name, diagnostics, compiled)
}

/// The same of a text that stands in no file, under a name to show. Files that it names are those of the current directory.
pub(super) fn of_text(
    sources: &mut Sources,
    name: &str,
    text: &str,
    overrides: &Overrides,
    unset_environment: Severity,
) -> Front {
    let mut diagnostics = Diagnostics::new();
    let file = sources.add(name, text);
    let files = Directory::new("");
    let options = options(Path::new(""), overrides, &files, unset_environment);
    let compiled = compile_source(sources, file, &options, &mut diagnostics);
    front(name, diagnostics, compiled)
}

fn front(name: &str, diagnostics: Diagnostics, compiled: Option<Compiled>) -> Front {
    let mut diagnostics = diagnostics.into_sorted();
    for diagnostic in &mut diagnostics {
        diagnostic.file.get_or_insert_with(|| name.into());
    }
    Front { diagnostics, compiled }
}

fn options<'a>(
    path: &Path,
    overrides: &Overrides,
    files: &'a Directory,
    unset_environment: Severity,
) -> Options<'a> {
    Options {
        vars: overrides.vars.clone(),
        targets: overrides.target.clone(),
        proxy: overrides.proxy.clone(),
        tls: TlsOverrides {
            insecure: overrides.insecure,
            ca: overrides.ca.clone().map(|file| (file.name, file.content)),
        },
        load: overrides.load(),
        environment: &|name| std::env::var(name).ok(),
        unset_environment,
        files,
        default_name: path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()),
    }
}
