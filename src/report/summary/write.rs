//! Writing the summary so that whoever reads the file finds all of it or what was there before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{fmt, process};

use super::Summary;

/// How many names are tried for the file beside; more are taken only if something leaves them behind.
const NAMES_TRIED: u32 = 100;

impl Summary {
    /// Whether a summary can be written to `path`, asked before a run rather than after it, when its figures would be
    /// lost. Nothing that is there is touched; what is no regular file is not tried.
    pub fn can_write(path: &Path) -> Result<(), WriteError> {
        let failed = |source| WriteError { path: path.to_owned(), source };
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&target) {
            Ok(found) if found.is_dir() => Err(failed(io::ErrorKind::IsADirectory.into())),
            Ok(found) if !found.is_file() => Ok(()),
            _ => {
                let (beside, _) = create_beside(&target).map_err(failed)?;
                fs::remove_file(beside).map_err(failed)
            }
        }
    }

    /// Writes the summary beside `path` and renames it there. A symbolic link is followed; what is no regular
    /// file (`/dev/stderr`, a pipe) is written to directly.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        let failed = |source| WriteError { path: path.to_owned(), source };
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let json = self.to_json();
        if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
            let written = OpenOptions::new()
                .write(true)
                .open(&target)
                .and_then(|mut file| file.write_all(json.as_bytes()));
            return written.map_err(failed);
        }
        let (beside, file) = create_beside(&target).map_err(failed)?;
        let renamed = fill(file, &json).and_then(|()| fs::rename(&beside, &target));
        renamed.map_err(|source| {
            // What was begun is of no use to anybody; that it cannot be removed adds nothing to the error.
            let _ = fs::remove_file(&beside);
            failed(source)
        })
    }
}

fn fill(mut file: File, json: &str) -> io::Result<()> {
    file.write_all(json.as_bytes())?;
    // Before the rename, or a crash could leave the name on an empty file.
    file.sync_all()
}

fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::IsADirectory))?;
    let mut attempt = 0;
    loop {
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}-{attempt}.partial", process::id()));
        let beside = target.with_file_name(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Ok(file) => return Ok((beside, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < NAMES_TRIED => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// A summary that could not be written.
#[derive(Debug)]
pub struct WriteError {
    /// The file as it was asked for.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write the summary to {}: {}", self.path.display(), self.source)
    }
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
