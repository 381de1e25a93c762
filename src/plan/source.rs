//! Files into [`Sources`]: the one place of this room that reads a disk. What cannot be read becomes a diagnostic
//! without a label, because there is no text yet to point into.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::diagnostic::{Diagnostic, FileId, Sources, codes};

/// The size in bytes up to which a plan file is read unless told otherwise: 8 MiB.
pub const MAX_BYTES: u64 = 8 << 20;

/// Reads a file of at most `max_bytes` and adds it under the path as it was given.
///
/// The error is a diagnostic of the `00` group: the file cannot be read, is too large, or is not UTF-8.
pub fn load(sources: &mut Sources, path: &Path, max_bytes: u64) -> Result<FileId, Diagnostic> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&name, &error))?;
    if metadata.is_dir() {
        return Err(unreadable(&name, &io::ErrorKind::IsADirectory.into()));
    }
    add(sources, &name, file, max_bytes)
}

/// The same from anything that can be read, such as standard input, under a name to show.
pub fn add(
    sources: &mut Sources,
    name: &str,
    reader: impl Read,
    max_bytes: u64,
) -> Result<FileId, Diagnostic> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file at the limit from one over it; its stated size is not believed,
    // because a pipe has none and a growing file another.
    let mut limited = reader.take(max_bytes.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() as u64 > max_bytes {
        let limit = size(max_bytes);
        return Err(Diagnostic::new(codes::FILE_TOO_LARGE, format!("`{name}` is larger than {limit}"))
            .help("a plan is read whole: move bulk data to a data file"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(sources.add(name, text)),
        Err(error) => Err(not_utf8(name, error.as_bytes(), error.utf8_error().valid_up_to())),
    }
}

fn unreadable(name: &str, error: &io::Error) -> Diagnostic {
    let (reason, help) = match error.kind() {
        io::ErrorKind::NotFound => {
            ("there is no such file", Some("check the path and the current directory"))
        }
        io::ErrorKind::PermissionDenied => {
            ("permission denied", Some("make the file readable for this user"))
        }
        io::ErrorKind::IsADirectory => ("it is a directory", Some("name a file in it")),
        io::ErrorKind::NotADirectory => ("a part of its path is not a directory", Some("check the path")),
        _ => ("", None),
    };
    let message = match reason {
        "" => format!("cannot read `{name}`: {error}"),
        reason => format!("cannot read `{name}`: {reason}"),
    };
    let diagnostic = Diagnostic::new(codes::UNREADABLE_FILE, message);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

fn not_utf8(name: &str, bytes: &[u8], offset: usize) -> Diagnostic {
    let line = bytes[..offset].split(|&byte| byte == b'\n').count();
    let message = format!("`{name}` is not UTF-8: byte {offset} (line {line}) is 0x{:02X}", bytes[offset]);
    let help = match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "this looks like UTF-16: save the file as UTF-8",
        _ => "save the file as UTF-8; a body of other bytes is written as hex or base64",
    };
    Diagnostic::new(codes::NOT_UTF8, message).help(help)
}

fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], max_bytes: u64) -> Result<String, Diagnostic> {
        let mut sources = Sources::new();
        let file = add(&mut sources, "plan.yaml", bytes, max_bytes)?;
        Ok(sources.file(file).text().to_owned())
    }

    #[test]
    fn a_file_is_added_under_the_path_that_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.yaml");
        std::fs::write(&path, "name: é\n").unwrap();
        let mut sources = Sources::new();
        let file = load(&mut sources, &path, MAX_BYTES).unwrap();
        assert_eq!(sources.file(file).text(), "name: é\n");
        assert_eq!(sources.file(file).name(), path.display().to_string());
    }

    #[test]
    fn the_limit_is_exact_and_named() {
        assert_eq!(read(b"abcd", 4).as_deref(), Ok("abcd"));
        let error = read(b"abcde", 4).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (codes::FILE_TOO_LARGE, "`plan.yaml` is larger than 4 bytes")
        );
        let endless = add(&mut Sources::new(), "plan.yaml", io::repeat(b'#'), MAX_BYTES).unwrap_err();
        assert_eq!(endless.message, "`plan.yaml` is larger than 8 MiB");
    }

    #[test]
    fn what_is_not_utf8_says_where() {
        let error = read(b"a: 1\nb: \xE4\n", MAX_BYTES).unwrap_err();
        assert_eq!(error.code, codes::NOT_UTF8);
        assert_eq!(error.message, "`plan.yaml` is not UTF-8: byte 8 (line 2) is 0xE4");
        let wide = read(b"\xFF\xFEa\0", MAX_BYTES).unwrap_err();
        assert!(wide.help.unwrap().contains("UTF-16"));
        assert_eq!(read(b"a: \xC3", MAX_BYTES).unwrap_err().code, codes::NOT_UTF8, "cut in a character");
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let reason = |path: &Path| {
            let error = load(&mut Sources::new(), path, MAX_BYTES).unwrap_err();
            assert_eq!(error.code, codes::UNREADABLE_FILE);
            error.message.rsplit("`: ").next().unwrap().to_owned()
        };
        assert_eq!(reason(&folder.path().join("missing.yaml")), "there is no such file");
        assert_eq!(reason(folder.path()), "it is a directory");
        assert_eq!(reason(&file.join("inside")), "a part of its path is not a directory");
        let denied = unreadable("plan.yaml", &io::ErrorKind::PermissionDenied.into());
        assert_eq!(denied.message, "cannot read `plan.yaml`: permission denied");
    }
}
