//! Simple paths on any text: the one walk over the bytes, the tree, and jsonpath-rust on serde_json's value must find the
//! same, and the first two must refuse a text at the same place.
#![no_main]

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::query::js_path_process;
use libfuzzer_sys::fuzz_target;
use wsplan::machine::{Message, Payload};
use wsplan::program::{Path, PathSet};

/// A step: the so-many-th string of the text as a name, or an index.
type Step = (bool, i8);

fn query(steps: &[Step], names: &[&str]) -> JpQuery {
    let selector = |&(is_name, number): &Step| match names.get(usize::from(number.unsigned_abs())) {
        Some(name) if is_name => Selector::Name((*name).to_owned()),
        _ => Selector::Index(i64::from(number)),
    };
    JpQuery::new(steps.iter().map(|step| Segment::Selector(selector(step))).collect())
}

fuzz_target!(|input: (Vec<Vec<Step>>, &str)| {
    let (asked, text) = input;
    let names: Vec<&str> = text.split('"').filter(|name| !name.contains(['\\', '\''])).collect();
    let queries: Vec<JpQuery> = asked.iter().map(|steps| query(steps, &names)).collect();
    let paths: Vec<Path> = queries.iter().map(|query| Path::new("$", query.clone())).collect();
    let set = PathSet::new(&paths);
    let scanned = Message::asked(Payload::Text(text), &set);
    let tree = Message::new(Payload::Text(text));
    let theirs: Option<serde_json::Value> = serde_json::from_str(text).ok();
    for (path, query) in paths.iter().zip(&queries) {
        let (ours, of_tree) = match (scanned.select(path), tree.select(path)) {
            (Ok(ours), Ok(of_tree)) => (ours, of_tree),
            (ours, of_tree) => {
                assert_eq!(ours.err(), of_tree.err());
                assert!(theirs.is_none());
                continue;
            }
        };
        assert_eq!(ours.first(), of_tree.first());
        let Some(theirs) = &theirs else { continue };
        let theirs = js_path_process(query, theirs).expect("a query of nodes");
        let ours = ours.first().map(|node| serde_json::from_str(&node.to_string()).expect("JSON"));
        assert_eq!(ours.as_ref(), theirs.first().map(|node| node.clone().val()));
    }
});
