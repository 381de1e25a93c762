//! The proxy: the plan's, or the command line's in its place.

use super::{Compiler, Constant, Lowering};
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::model;
use crate::program::Proxy;

impl Compiler<'_, '_> {
    /// A text that is no proxy is not shown: there may be a password in it.
    pub(super) fn proxy(&mut self, own: Option<&model::Template>) -> Option<Proxy> {
        let (parsed, span) = if let Some(given) = &self.options.proxy {
            if let Some(own) = own {
                // What the plan's own needs, it does not need now; its variables count as used all the same.
                let mut unwanted = Diagnostics::new();
                let _ = Lowering::new(self.sources, &mut self.names, &mut unwanted).constant_template(own);
            }
            (Proxy::parse(given, false), None)
        } else {
            let Constant { value, secret } = self.lowering().constant_template(own?)?;
            (Proxy::parse(&value.to_text(), secret), own.map(model::Template::span))
        };
        match parsed {
            Ok(proxy) => {
                self.way.is_proxied = true;
                Some(proxy)
            }
            Err(error) => {
                let diagnostic = Diagnostic::new(codes::BAD_PROXY, format!("this is not a proxy: {error}"))
                    .help("write http://host:port, or http://user:password@host:port");
                self.diagnostics.push(match span {
                    Some(span) => diagnostic.label(span, "to connect through"),
                    None => diagnostic,
                });
                None
            }
        }
    }
}
