//! A text in which a regular expression occurs: the simplest way through it, with at least one round of what may be
//! repeated, so that groups hold something.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, ClassBytesRange, ClassUnicodeRange, Hir, HirKind};

/// More is never written: repetitions multiply.
const LONGEST: usize = 1 << 16;

/// A text; `None` where it would be too long or none. Whether the expression really occurs in it is for the caller to see.
pub(super) fn example(pattern: &str) -> Option<String> {
    String::from_utf8(written(pattern, true)?).ok()
}

/// The same in bytes, which need not be text.
pub(super) fn bytes(pattern: &str) -> Option<Vec<u8>> {
    written(pattern, false)
}

fn written(pattern: &str, is_text: bool) -> Option<Vec<u8>> {
    let hir = ParserBuilder::new().utf8(is_text).build().parse(pattern).ok()?;
    let mut out = Vec::new();
    write(&hir, &mut out)?;
    Some(out)
}

fn write(hir: &Hir, out: &mut Vec<u8>) -> Option<()> {
    match hir.kind() {
        // What is to the left and right of a place is left to chance.
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(class) => write_one_of(class, out)?,
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..repetition.min.max(1).min(most) {
                write(&repetition.sub, out)?;
                if out.len() > LONGEST {
                    return None;
                }
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, out)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, out))?,
        HirKind::Alternation(ways) => write(ways.first()?, out)?,
    }
    Some(())
}

/// What people would write, if it is among them.
fn write_one_of(class: &Class, out: &mut Vec<u8>) -> Option<()> {
    const USUAL: [char; 4] = ['1', 'a', 'A', '-'];
    match class {
        Class::Unicode(class) => {
            let holds = |c: char| class.iter().any(|range| (range.start()..=range.end()).contains(&c));
            let usual = USUAL.into_iter().find(|c| holds(*c));
            let c = usual.or_else(|| class.iter().next().map(ClassUnicodeRange::start))?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Class::Bytes(class) => {
            let holds = |byte: u8| class.iter().any(|range| (range.start()..=range.end()).contains(&byte));
            let usual = USUAL.into_iter().filter_map(|c| u8::try_from(c).ok()).find(|byte| holds(*byte));
            out.push(usual.or_else(|| class.iter().next().map(ClassBytesRange::start))?);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn what_is_written_matches() {
        for pattern in [
            "^join-",
            "id=([0-9a-f]{8})-(.+)",
            r"^\d{4}-\d\d-\d\dT[^ ]*Z$",
            "(?i)ready|waiting",
            r"^[A-Z][a-z]+( [A-Z][a-z]+)*$",
            r"\p{Greek}+",
            "^(a|b)?c*$",
            "",
        ] {
            let example = example(pattern).unwrap_or_else(|| panic!("{pattern}"));
            assert!(Regex::new(pattern).unwrap().is_match(&example), "{pattern}: {example}");
        }
        assert_eq!(example("id=(.*)").as_deref(), Some("id=1"), "a group holds something");
        assert_eq!(bytes(r"(?-u)\xff[\x00-\x03]"), Some(vec![0xff, 0]));
    }

    #[test]
    fn what_nothing_matches_or_what_is_too_long_is_not_written() {
        assert_eq!(example(r"[a&&b]"), None);
        assert_eq!(example("((a{1000}){1000}){1000}"), None);
    }
}
