//! Cases as data: an input file with the expected output beside it. `WSPLAN_BLESS=1` writes what came instead of
//! comparing; a blessed change is read before it is committed.

use std::path::{Path, PathBuf};

/// The files of a folder below `tests/cases` with an ending, by name.
pub(crate) fn inputs(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == ending));
    files.sort();
    assert!(!files.is_empty(), "no *.{ending} in {}", folder.display());
    files
}

/// Collects differences, so that one run shows them all.
#[derive(Default)]
pub(crate) struct Comparison {
    differing: Vec<String>,
}

impl Comparison {
    /// Holds `actual` against the file, or writes it there.
    pub(crate) fn compare(&mut self, expected: &Path, actual: &str) {
        if std::env::var_os("WSPLAN_BLESS").is_some() {
            std::fs::write(expected, actual).unwrap();
            return;
        }
        let wanted = std::fs::read_to_string(expected).unwrap_or_default();
        if wanted != actual {
            let name = expected.display();
            let (wanted, actual) = parted(&wanted, actual);
            self.differing.push(format!("--- {name} (expected)\n{wanted}\n--- (actual)\n{actual}"));
        }
    }

    /// Fails where anything differed.
    pub(crate) fn finish(self) {
        assert!(
            self.differing.is_empty(),
            "{}\n\nWSPLAN_BLESS=1 cargo test writes the actual ones; read them before you commit.",
            self.differing.join("\n")
        );
    }
}

/// Both texts from a little before they part; short ones whole.
fn parted<'t>(one: &'t str, other: &'t str) -> (&'t str, &'t str) {
    const SHORT_BYTES: usize = 4_000;
    const BEFORE_LINES: usize = 5;
    if one.len().max(other.len()) < SHORT_BYTES {
        return (one, other);
    }
    let same_lines = one.lines().zip(other.lines()).take_while(|(a, b)| a == b).count();
    let skipped: usize =
        one.split_inclusive('\n').take(same_lines.saturating_sub(BEFORE_LINES)).map(str::len).sum();
    let excerpt = |text: &'t str| {
        let rest = &text[skipped.min(text.len())..];
        rest.char_indices().nth(SHORT_BYTES / 2).map_or(rest, |(end, _)| &rest[..end])
    };
    (excerpt(one), excerpt(other))
}
