//! `--send`, `--expect` and `--think`, in the order in which they are written, which is what users do.

use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::cli::arguments::duration;

/// What users do, in this order.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    pub(super) parts: Vec<Part>,
}

/// A step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// `--send TEXT`
    Send(String),
    /// `--expect MATCHER`
    Expect(String),
    /// `--think DURATION`
    Think(Duration),
}

impl Part {
    pub(super) fn flag(&self) -> &'static str {
        match self {
            Self::Send(_) => "--send",
            Self::Expect(_) => "--expect",
            Self::Think(_) => "--think",
        }
    }
}

impl Args for Script {
    fn augment_args(command: Command) -> Command {
        let arg = |name: &'static str, value: &'static str, parser: ValueParser, help: &'static str| {
            let arg = Arg::new(name).long(name).value_name(value).value_parser(parser);
            arg.action(ArgAction::Append).help(help)
        };
        let text = ValueParser::string;
        command
            .arg(arg(
                "send",
                "TEXT",
                text(),
                "Send a message: JSON where it is a map or a list, else text; may hold `{{...}}`",
            ))
            .arg(arg(
                "expect",
                "MATCHER",
                text(),
                "Wait for a message: one of which '{ $.type: joined }' holds, or one that contains a text",
            ))
            .arg(arg(
                "think",
                "DURATION",
                ValueParser::new(duration),
                "Pause; --send, --expect and --think are done in the order in which they stand",
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Script {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut parts = of(matches, "send", |text: &String| Part::Send(text.clone()));
        parts.extend(of(matches, "expect", |text: &String| Part::Expect(text.clone())));
        parts.extend(of(matches, "think", |pause: &Duration| Part::Think(*pause)));
        parts.sort_by_key(|(index, _)| *index);
        Ok(Self { parts: parts.into_iter().map(|(_, part)| part).collect() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The values of a flag with their places on the command line.
fn of<T: Clone + Send + Sync + 'static>(
    matches: &ArgMatches,
    flag: &str,
    part: impl Fn(&T) -> Part,
) -> Vec<(usize, Part)> {
    let indices = matches.indices_of(flag).into_iter().flatten();
    indices.zip(matches.get_many(flag).into_iter().flatten().map(part)).collect()
}
