//! The embedded server of a run, as a child process: it may open as many files as the generator.

use crate::program::{Builtin, Url};
use crate::serve::Kind;
use crate::serve::child::{ChildError, ChildServer, Launch};

/// A server that lives as long as the run.
pub(super) struct Server {
    child: ChildServer,
}

impl Server {
    pub(super) fn start(builtin: &Builtin) -> Result<Self, String> {
        let kind: Kind =
            builtin.name.parse().map_err(|_| format!("there is no server `{}`", builtin.name))?;
        let arguments = builtin
            .options
            .iter()
            .map(
                |(option, value)| {
                    if value.is_empty() { format!("--{option}") } else { format!("--{option}={value}") }
                },
            )
            .collect();
        let child = ChildServer::start(&Launch { program: None, kind, arguments });
        child.map(|child| Self { child }).map_err(|error| format!("the embedded server: {error}"))
    }

    pub(super) fn url(&self) -> Result<Url, String> {
        Url::parse(&self.child.url).map_err(|error| format!("the embedded server: {error}"))
    }

    pub(super) fn stop(self) -> Result<(), ChildError> {
        self.child.stop().map(drop)
    }
}
