//! Whether this process can hold the load that is asked for, asked before it starts: open files and local ports.

use std::fmt;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files a process needs beside its connections: the embedded server's pipes, reports, libraries.
const OTHER_FILES: u64 = 48;
/// Files of a thread's runtime.
const FILES_A_THREAD: u64 = 8;

/// Why a load cannot fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreflightError {
    /// Each user needs an open file, and the limit cannot be raised so far.
    Files {
        /// How many users at the peak.
        users: u64,
        /// How many files that needs.
        needed: u64,
        /// The hard limit.
        limit: u64,
    },
    /// Each user needs a local port of its own towards the one target.
    Ports {
        /// How many users at the peak.
        users: u64,
        /// How many ports there are.
        available: u64,
        /// The first of them.
        first: u16,
        /// The last of them.
        last: u16,
    },
}

/// Compares the limits with a peak of so many users on so many threads, who come from so many addresses, and raises the limit on open files where that is needed and
/// possible.
pub fn preflight(users: u64, threads: usize, source_count: usize) -> Result<(), PreflightError> {
    let needed = files_needed(users, threads);
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < needed
        && (hard < needed || setrlimit(Resource::RLIMIT_NOFILE, needed, hard).is_err())
    {
        return Err(PreflightError::Files { users, needed, limit: hard });
    }
    match port_range() {
        Some((first, last)) => {
            let available = (u64::from(last.saturating_sub(first)) + 1).saturating_mul(source_count as u64);
            if users > available {
                return Err(PreflightError::Ports { users, available, first, last });
            }
            Ok(())
        }
        None => Ok(()),
    }
}

/// How many files a process needs to have open for so many connections, driven by so many threads.
pub fn files_needed(connections: u64, threads: usize) -> u64 {
    connections.saturating_add(OTHER_FILES + FILES_A_THREAD * threads as u64)
}

/// What this machine lets a process have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many files it may have open, where the system says; the hard limit, up to which it is raised.
    pub files: Option<u64>,
    /// The local ports of each address, first and last, where the system says.
    pub ports: Option<(u16, u16)>,
}

/// What this machine lets this process have.
pub fn limits() -> Limits {
    Limits { files: getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(_, hard)| hard), ports: port_range() }
}

/// The range that the kernel picks local ports from; `None` where it does not say.
pub(super) fn port_range() -> Option<(u16, u16)> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut numbers = text.split_whitespace().map(str::parse::<u16>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

impl fmt::Display for PreflightError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files { users, needed, limit } => {
                write!(f, "{users} users need {needed} open files, and this process may open {limit}")
            }
            Self::Ports { users, available, first, last } => write!(
                f,
                "{users} users need a local port each, and there are {available} ({first} to {last} of each address)"
            ),
        }
    }
}

impl std::error::Error for PreflightError {}

impl PreflightError {
    /// What can be done about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Files { .. } => "raise the hard limit (`ulimit -Hn`), or run fewer users",
            Self::Ports { .. } => {
                "widen net.ipv4.ip_local_port_range, come from several addresses (`--source-ip`), or run fewer users"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_that_fits_is_let_through() {
        assert_eq!(preflight(0, 2, 1), Ok(()));
        assert_eq!(preflight(10, 2, 1), Ok(()));
    }

    #[test]
    fn a_load_that_cannot_fit_is_refused_with_the_numbers() {
        let error = preflight(u64::MAX, 2, 1).unwrap_err();
        assert!(matches!(error, PreflightError::Files { users: u64::MAX, needed: u64::MAX, .. }), "{error}");
        assert!(error.to_string().contains("open files"));
    }
}
