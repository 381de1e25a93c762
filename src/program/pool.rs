//! Pools: connections that users share.

use std::time::Duration;

use super::Connect;
use crate::diagnostic::Span;

/// Connections that users share, each of which one user has at a time.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// How many connections there are at most; one at least.
    pub size: usize,
    /// How long a user waits for its turn.
    pub acquire_timeout: Duration,
    /// How one is opened; the same for everybody.
    pub connect: Connect,
    /// Where it stands in the plan.
    pub span: Span,
}
