//! Files that a plan names, read while it is compiled.
//!
//! A plan is something one gets from others, and what it names is sent to a server: it may name only what lies in
//! its own directory or below, also after symbolic links have been followed.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crate::diagnostic::{Code, Diagnostic};

/// The most that a file may hold: what a whole message may hold.
pub const LONGEST_FILE_BYTES: u64 = 16 << 20;

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFailure {
    /// The path is not relative.
    Absolute,
    /// The path leads out of the directory.
    Outside,
    /// A directory, a pipe or a device.
    NotAFile,
    /// More than [`LONGEST_FILE_BYTES`].
    TooLong,
    /// The operating system's reason.
    Unreadable(String),
}

impl fmt::Display for FileFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absolute => f.write_str("its path is absolute"),
            Self::Outside => f.write_str("it lies outside the directory of the plan"),
            Self::NotAFile => f.write_str("it is no regular file"),
            Self::TooLong => f.write_str("it is too long"),
            Self::Unreadable(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for FileFailure {}

/// Where the files come from that a plan names.
pub trait Files {
    /// The content of the file at a relative path.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileFailure> {
        let mut bytes = Vec::new();
        let file = self.open(path)?;
        file.take(LONGEST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > LONGEST_FILE_BYTES {
            return Err(FileFailure::TooLong);
        }
        Ok(bytes)
    }

    /// The file at a relative path, of any length.
    fn open(&self, path: &str) -> Result<File, FileFailure>;
}

// As `map_err` hands it over.
#[allow(clippy::needless_pass_by_value)]
fn unreadable(error: std::io::Error) -> FileFailure {
    FileFailure::Unreadable(error.to_string())
}

/// The files of a directory: the one that the plan lies in.
#[derive(Debug, Clone)]
pub struct Directory {
    base: PathBuf,
}

impl Directory {
    /// The directory at a path; empty for the current one.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        let base = base.into();
        Self { base: if base.as_os_str().is_empty() { PathBuf::from(".") } else { base } }
    }

    /// The directory that a plan lies in.
    pub fn of_plan(plan: &Path) -> Self {
        Self::new(plan.parent().unwrap_or(Path::new("")))
    }
}

impl Files for Directory {
    fn open(&self, path: &str) -> Result<File, FileFailure> {
        // A drive or a root would replace the base when joined.
        let path = Path::new(path);
        if path.components().any(|part| matches!(part, Component::Prefix(_) | Component::RootDir)) {
            return Err(FileFailure::Absolute);
        }
        if climbs_out(path) {
            return Err(FileFailure::Outside);
        }
        let base = self.base.canonicalize().map_err(unreadable)?;
        let path = base.join(path).canonicalize().map_err(unreadable)?;
        if !path.starts_with(&base) {
            return Err(FileFailure::Outside);
        }
        // Before opening: a pipe would block.
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(FileFailure::NotAFile);
        }
        File::open(&path).map_err(unreadable)
    }
}

/// Says that a file cannot be used, and what would help.
pub(super) fn file_diagnostic(code: Code, name: &str, failure: &FileFailure) -> Diagnostic {
    let diagnostic = Diagnostic::new(code, format!("`{name}` cannot be used: {failure}"));
    match failure {
        FileFailure::Absolute | FileFailure::Outside => {
            diagnostic.help("a plan may name only files in its own directory and below it")
        }
        FileFailure::TooLong => diagnostic.help(format!("the limit is {} MiB", LONGEST_FILE_BYTES >> 20)),
        FileFailure::NotAFile | FileFailure::Unreadable(_) => {
            diagnostic.help("the path is relative to the directory of the plan")
        }
    }
}

/// Whether a path goes above where it starts, so that nothing about files elsewhere shows, not even whether they are
/// there.
fn climbs_out(path: &Path) -> bool {
    let mut depth = 0usize;
    for part in path.components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_is_read() {
        let outer = tempfile::tempdir().unwrap();
        let base = outer.path().join("plans");
        std::fs::create_dir_all(base.join("bodies")).unwrap();
        std::fs::write(base.join("bodies/a.txt"), "a").unwrap();
        std::fs::write(outer.path().join("secret.txt"), "s").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outer.path().join("secret.txt"), base.join("link.txt")).unwrap();
        let files = Directory::of_plan(&base.join("plan.yaml"));

        assert_eq!(files.read("bodies/a.txt"), Ok(b"a".to_vec()));
        assert_eq!(files.read("./bodies/../bodies/a.txt"), Ok(b"a".to_vec()));
        assert_eq!(files.read("../secret.txt"), Err(FileFailure::Outside));
        assert_eq!(files.read("bodies/../../secret.txt"), Err(FileFailure::Outside));
        assert_eq!(files.read("../nothing.txt"), Err(FileFailure::Outside));
        assert_eq!(files.read(outer.path().join("secret.txt").to_str().unwrap()), Err(FileFailure::Absolute));
        assert_eq!(files.read("bodies"), Err(FileFailure::NotAFile));
        assert!(matches!(files.read("none.txt"), Err(FileFailure::Unreadable(_))));
        #[cfg(unix)]
        assert_eq!(files.read("link.txt"), Err(FileFailure::Outside));
    }

    #[test]
    fn a_file_over_the_limit_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = File::create(directory.path().join("big")).unwrap();
        file.set_len(LONGEST_FILE_BYTES).unwrap();
        let files = Directory::new(directory.path());
        assert_eq!(files.read("big").map(|bytes| bytes.len() as u64), Ok(LONGEST_FILE_BYTES));
        file.set_len(LONGEST_FILE_BYTES + 1).unwrap();
        assert_eq!(files.read("big"), Err(FileFailure::TooLong));
    }
}
