//! The prose of each code, from the one place where it is written: `docs/diagnostics.md`. A section starts at
//! `## WSP0101: title` and ends before the next one; a test holds the titles to the table of codes.

use super::Code;

const DOCUMENT: &str = include_str!("../../docs/diagnostics.md");

/// The section of a code in Markdown, with its heading and without blank lines around it.
pub fn explain(code: Code) -> &'static str {
    let heading = format!("\n## {code}:");
    let start = DOCUMENT.find(&heading).map_or(DOCUMENT.len(), |at| at + 1);
    let section = &DOCUMENT[start..];
    let end = section.match_indices("\n## ").map(|(at, _)| at).next().unwrap_or(section.len());
    section[..end].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_section_under_the_title_of_the_table() {
        let headings: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with("## ")).collect();
        let expected: Vec<String> =
            Code::all().iter().map(|code| format!("## {code}: {}", code.title())).collect();
        assert_eq!(headings, expected);
    }

    #[test]
    fn a_section_holds_its_prose_and_nothing_of_the_next() {
        for code in Code::all() {
            let section = explain(*code);
            assert_eq!(section.matches("\n## ").count(), 0);
            let prose = section.lines().skip(1).find(|line| !line.is_empty()).unwrap_or_default();
            assert!(prose.len() > 40 && !prose.starts_with("```"), "{code} says too little: {prose}");
        }
    }
}
