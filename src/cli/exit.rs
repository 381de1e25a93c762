//! The exit statuses, as CI reads them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It held.
    Success,
    /// The plan ran, and a threshold failed, or something failed where no threshold speaks of errors.
    Verdict,
    /// The plan or the command line is wrong.
    Usage,
    /// The run could not be carried out, or its result could not be written.
    Unable,
    /// Interrupted, after a drain that still reported everything.
    Interrupted,
}

impl Exit {
    /// The number that the process ends with.
    pub fn status(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Verdict => 1,
            Self::Usage => 2,
            Self::Unable => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}
