//! Relative links: to files that are there, and to headings that are on them.

use crate::support::documents::{Document, document, documents, root};

/// The text without what stands between fences or in code, where brackets mean something else.
fn prose(document: &Document) -> String {
    let mut is_code = false;
    let lines = document.text.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    text.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// What follows `](` up to its parenthesis.
fn links(prose: &str) -> impl Iterator<Item = &str> {
    prose.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The anchor that GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    heading.to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_heading(page: &Document, wanted: &str) -> bool {
    let mut is_code = false;
    page.text.lines().any(|line| {
        is_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        !is_code && line.starts_with('#') && anchor(heading.trim()) == wanted
    })
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen_count = 0;
    let mut wrong = Vec::new();
    for page in documents() {
        for link in links(&prose(&page)).filter(|link| !link.starts_with("http")) {
            seen_count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = if file.is_empty() {
                page.path.clone()
            } else {
                page.path.parent().unwrap().join(file).canonicalize().unwrap_or_default()
            };
            let is_there = path.starts_with(root()) && path.exists();
            let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
            let is_right = is_there && (heading.is_empty() || has_heading(&document(&name), heading));
            if !is_right {
                wrong.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen_count > 20, "{seen_count} links were found");
}

#[test]
fn a_link_that_leads_nowhere_is_noticed() {
    let page = document("docs/figures.md");
    assert!(has_heading(&page, "while-it-runs") && !has_heading(&page, "while-it-ran"));
    assert_eq!(links("[a](b.md#c) and [d](e)").collect::<Vec<_>>(), ["b.md#c", "e"]);
    assert_eq!(anchor("`--drop`, 1% & more"), "--drop-1--more");
}
