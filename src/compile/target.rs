//! Where to connect: the plan's target, or the command line's in its place.

use super::{Compiler, Lowering};
use crate::diagnostic::{Diagnostic, Diagnostics, Span, codes, nearest};
use crate::plan::model::Plan;
use crate::program::{Builtin, Target, TargetError};

impl Compiler<'_, '_> {
    pub(super) fn target(&mut self, plan: &Plan) -> Option<Target> {
        let own = plan.target.as_ref()?;
        let Some(given) = &self.options.target else {
            let text = self.constant_text(own)?;
            return self.parse_target(&text, Some(own.span()));
        };
        // What the plan's own needs, it does not need now; its variables count as used all the same.
        let mut unwanted = Diagnostics::new();
        let _ = Lowering::new(self.sources, &mut self.names, &mut unwanted).constant_text(own);
        self.parse_target(given, None)
    }

    /// `span` is where the text stands in the plan, where it stands there.
    fn parse_target(&mut self, text: &str, span: Option<Span>) -> Option<Target> {
        let error = match Target::parse(text) {
            Ok(Target::Url(url)) if url.is_secure() => {
                let help = "use a ws:// target, for example behind a local proxy that ends TLS";
                let diagnostic =
                    Diagnostic::new(codes::TLS_UNSUPPORTED, "TLS is not supported yet").help(help);
                self.diagnostics.push(at(diagnostic, span, "wss"));
                return None;
            }
            Ok(target) => return Some(target),
            Err(error) => error,
        };
        let diagnostic = Diagnostic::new(codes::BAD_TARGET, format!("`{text}` is not a target: {error}"));
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

fn at(diagnostic: Diagnostic, span: Option<Span>, label: &str) -> Diagnostic {
    match span {
        Some(span) => diagnostic.label(span, label),
        None => diagnostic,
    }
}
