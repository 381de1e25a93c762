//! Where to connect: the plan's targets, or the command line's in their place, as texts that are known to parse.

use super::Compiler;
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::plan::model::Plan;
use crate::program::{Builtin, Target, TargetError};

impl Compiler<'_, '_> {
    pub(super) fn targets(&mut self, plan: &Plan) -> Vec<Target> {
        // The plan's own targets are checked also where they are not used: the mistake stays in the file.
        let mut targets = Vec::new();
        for target in &plan.targets {
            if let Some(text) = self.constant_text(target) {
                targets.extend(self.target(&text, target.span()));
            }
        }
        match (&self.options.target, plan.targets.first()) {
            (Some(text), Some(first)) => self.target(text, first.span()).into_iter().collect(),
            _ => targets,
        }
    }

    fn target(&mut self, text: &str, span: Span) -> Option<Target> {
        let error = match Target::parse(text) {
            Ok(Target::Url(url)) if url.is_secure() => {
                self.diagnostics.push(
                    Diagnostic::new(codes::TLS_UNSUPPORTED, "TLS is not supported yet")
                        .label(span, "wss")
                        .help("use a ws:// target, for example behind a local proxy that ends TLS"),
                );
                return None;
            }
            Ok(target) => return Some(target),
            Err(error) => error,
        };
        let mut diagnostic = Diagnostic::new(codes::BAD_TARGET, format!("`{text}` is not a target: {error}"))
            .label(span, "to connect to");
        diagnostic.help = Some(match &error {
            TargetError::UnknownBuiltin { name } => match nearest(name, Builtin::NAMES) {
                Some(name) => format!("did you mean `builtin:{name}`?"),
                None => format!("the embedded servers are: {}", Builtin::NAMES.join(", ")),
            },
            _ => "write ws://host:port/path, or builtin:chat".to_owned(),
        });
        self.diagnostics.push(diagnostic);
        None
    }
}
