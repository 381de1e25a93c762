//! What an editor shows of a field: a description, and an example that the schema itself accepts.

use serde_json::{Value, json};

use super::SCHEMA;

/// The definitions and, as the first, the plan itself.
fn definitions() -> impl Iterator<Item = (&'static str, &'static Value)> {
    let others = SCHEMA["$defs"].as_object().unwrap().iter().map(|(name, noun)| (name.as_str(), noun));
    std::iter::once(("plan", &*SCHEMA)).chain(others)
}

/// A schema of its own for a part that refers to the definitions.
fn standing_alone(part: &Value) -> jsonschema::Validator {
    let mut part = part.clone();
    part["$defs"] = SCHEMA["$defs"].clone();
    jsonschema::draft202012::new(&part).unwrap()
}

#[test]
fn every_field_is_described_and_its_example_is_accepted() {
    let mut field_count = 0;
    let mut wrong = Vec::new();
    for (noun, definition) in definitions() {
        for (key, field) in definition["properties"].as_object().into_iter().flatten() {
            field_count += 1;
            if field["description"].as_str().is_none_or(|text| text.len() < 4) {
                wrong.push(format!("{noun}.{key} has no description"));
            }
            let [example] = field["examples"].as_array().map_or(&[][..], Vec::as_slice) else {
                wrong.push(format!("{noun}.{key} has no example"));
                continue;
            };
            if let Err(error) = standing_alone(field).validate(example) {
                wrong.push(format!("{noun}.{key}: {example} is refused: {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(field_count > 80, "{field_count} fields were found");
}

/// Two nouns of one name would share a definition, and one of them would be lost.
#[test]
fn every_noun_has_a_definition_of_its_own() {
    let nouns = wsplan::plan::schema::nouns::all();
    let mut names: Vec<&str> = nouns.iter().map(|noun| noun.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), nouns.len());
    assert_eq!(definitions().count(), nouns.len());
}

#[test]
fn an_example_that_is_refused_would_be_noticed() {
    assert!(!standing_alone(&SCHEMA["properties"]["load"]).is_valid(&json!({ "users": "many" })));
}
