//! Where to connect: the plan's target, or the command line's in its place.

use super::{Compiler, Constant, Lowering};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes, nearest};
use crate::plan::model::{self, Plan};
use crate::program::{Builtin, Target, TargetError, TargetOrder, Targets};
use crate::quantity::{parse_duration_or_zero, parse_share, parse_size};

/// A target, and what there is to say of it.
struct Found {
    target: Target,
    /// As it may be shown.
    shown: String,
    is_secret: bool,
    /// Where it stands in the plan, where it stands there.
    span: Option<Span>,
}

/// What connections go through on their way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Way {
    /// TLS, to one target at least.
    pub(super) is_secure: bool,
    /// A proxy.
    pub(super) is_proxied: bool,
}

impl Compiler<'_, '_> {
    /// The target, and whether something secret went into it.
    pub(super) fn target(&mut self, plan: &Plan) -> Option<(Target, bool)> {
        let own = plan.target.as_ref()?;
        let given = &self.options.targets;
        let is_given = !given.is_empty();
        self.has_several_targets = if is_given { given.len() > 1 } else { own.urls.len() > 1 };
        let mut found = Vec::with_capacity(own.urls.len());
        for url in &own.urls {
            if is_given {
                // What the plan's own needs, it does not need now; its variables count as used all the same.
                let mut unwanted = Diagnostics::new();
                let _ = Lowering::new(self.sources, &mut self.names, &mut unwanted).constant_template(url);
            } else {
                found.push(self.own_target(url));
            }
        }
        found.extend(given.iter().map(|text| {
            let target = self.parse_target(text, text, None)?;
            Some(Found { target, shown: text.clone(), is_secret: false, span: None })
        }));
        let is_whole = found.iter().all(Option::is_some);
        let found: Vec<Found> = found.into_iter().flatten().collect();
        let is_secret = found.iter().any(|found| found.is_secret);
        let order = if own.is_random { TargetOrder::Random } else { TargetOrder::InOrder };
        let target = self.one_target(found, order);
        self.way.is_secure = target.as_ref().is_some_and(Target::is_secure);
        target.filter(|_| is_whole).map(|target| (target, is_secret))
    }

    fn own_target(&mut self, written: &model::Template) -> Option<Found> {
        let constant = self.lowering().constant_template(written);
        let Constant { value, secret: is_secret } = self.understood(constant, written.span())?;
        let text = value.to_text();
        let shown = if is_secret { "a secret" } else { text.as_str() };
        let target = self.parse_target(&text, shown, Some(written.span()))?;
        Some(Found { target, shown: shown.to_owned(), is_secret, span: Some(written.span()) })
    }

    /// Several make one where all are servers that stand in for one another.
    fn one_target(&mut self, mut found: Vec<Found>, order: TargetOrder) -> Option<Target> {
        if found.len() == 1 {
            return found.pop().map(|found| found.target);
        }
        let mut urls = Vec::with_capacity(found.len());
        for Found { target, shown, span, .. } in found {
            let message = match target {
                Target::Url(url) if !urls.contains(&url) => {
                    urls.push(url);
                    continue;
                }
                Target::Url(_) | Target::Several(_) => format!("`{shown}` is a target twice"),
                Target::Builtin(_) => format!("`{shown}` cannot stand beside other targets"),
            };
            let help = "several targets are servers, each named once, that can stand in for one another";
            let diagnostic = Diagnostic::new(codes::BAD_TARGET, message).help(help);
            self.diagnostics.push(at(diagnostic, span, "one too many"));
        }
        Some(Target::Several(Targets { urls, order }))
    }

    /// `shown` is what may be shown of the text, `span` is where it stands in the plan, where it stands there.
    fn parse_target(&mut self, text: &str, shown: &str, span: Option<Span>) -> Option<Target> {
        let error = match Target::parse(text) {
            Ok(Target::Builtin(builtin)) => {
                let mistakes = builtin.options.iter().filter_map(|option| mistake(&builtin.name, option));
                for mistake in mistakes {
                    let diagnostic =
                        Diagnostic::new(codes::BAD_TARGET, format!("`{shown}` is not a target: {mistake}"));
                    self.diagnostics.push(at(diagnostic, span, "to be started"));
                }
                return Some(Target::Builtin(builtin));
            }
            Ok(target) => return Some(target),
            Err(error) => error,
        };
        let diagnostic = Diagnostic::new(codes::BAD_TARGET, format!("`{shown}` is not a target: {error}"));
        let help = match &error {
            TargetError::UnknownBuiltin { name } => match nearest(name, Builtin::NAMES) {
                Some(name) => format!("did you mean `builtin:{name}`?"),
                None => format!("the embedded servers are: {}", Builtin::NAMES.join(", ")),
            },
            _ => "write ws://host:port/path, or builtin:chat".to_owned(),
        };
        self.diagnostics.push(at(diagnostic.help(help), span, "to connect to"));
        None
    }
}

/// What only the chat server has.
const CHAT_OPTIONS: [&str; 8] =
    ["keepalive", "keepalive-timeout", "lose", "duplicate", "reorder", "leak", "password", "require-login"];

/// What is wrong with an option of an embedded server, told before one is started. The notation is that of the plan,
/// which is part of what `wsplan serve` reads.
fn mistake(server: &str, (option, value): &(String, String)) -> Option<String> {
    if server == "echo" && CHAT_OPTIONS.contains(&option.as_str()) {
        return Some(format!("the echo server has no `{option}`"));
    }
    let (holds, wanted) = match option.as_str() {
        "delay" | "jitter" | "keepalive" | "keepalive-timeout" => {
            (parse_duration_or_zero(value).is_some(), "a length of time, such as 5ms")
        }
        "drop" | "lose" | "duplicate" | "reorder" | "leak" => {
            (parse_share(value).is_some(), "a share, such as 0.1%")
        }
        "deflate" => (value.parse::<bool>().is_ok(), "true or false"),
        "max-message" => (parse_size(value).is_some(), "a size, such as 64KiB"),
        "password" => (!value.is_empty(), "a text"),
        "require-login" => (matches!(value.as_str(), "" | "true" | "false"), "true or false"),
        "close-after" => (value.parse::<u64>().is_ok_and(|count| count > 0), "a number above 0"),
        _ => (value.parse::<u64>().is_ok(), "a whole number"),
    };
    (!holds).then(|| format!("`{option}` takes {wanted}"))
}

fn at(diagnostic: Diagnostic, span: Option<Span>, label: &str) -> Diagnostic {
    match span {
        Some(span) => diagnostic.label(span, label),
        None => diagnostic,
    }
}
