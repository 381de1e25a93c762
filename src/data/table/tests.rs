use std::io::{Seek, Write};

use proptest::prelude::*;

use super::*;
use crate::data::{Cell, ROW_BYTES_MAX};

const CSV: Form = Form::Csv { delimiter: b',' };

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

fn open(form: Form, text: &str) -> Result<Table, Fault> {
    Table::open(file(text.as_bytes()), form, None)
}

fn rows(table: &Table) -> Vec<String> {
    (0..table.row_count()).map(|number| table.row(number).unwrap().to_json()).collect()
}

#[test]
fn csv_has_its_columns_in_the_first_line_or_is_told_them() {
    let text = "\u{feff} name,\"full name\"\r\nada,\"Ada \"\"the first\"\"\nLovelace\"\r\n\r\nbob,\n";
    let table = open(CSV, text).unwrap();
    assert_eq!(table.columns(), ["name", "full name"]);
    let second = r#"{"name":"bob","full name":""}"#;
    assert_eq!(rows(&table), [r#"{"name":"ada","full name":"Ada \"the first\"\nLovelace"}"#, second]);
    assert_eq!(table.row(1).unwrap().cells([0]), Some(vec![Cell::Text("bob".to_owned())]));
    assert_eq!(table.row(2).unwrap_err(), Fault::Gone);

    let columns = Some(vec!["a".to_owned(), "b".to_owned()]);
    let table = Table::open(file(b"1;2\n3;4"), Form::Csv { delimiter: b';' }, columns).unwrap();
    assert_eq!(rows(&table), [r#"{"a":"1","b":"2"}"#, r#"{"a":"3","b":"4"}"#]);
}

#[test]
fn json_keeps_types_and_more_than_the_first_row_has() {
    let array = "\u{feff} [ {\"id\": 1.50, \"tags\": [\"]}\", \"\\\"\"]},\n{\"x\": {}, \"tags\": null, \"id\": \"b\"} ]\n";
    let lines =
        "{\"id\": 1.50, \"tags\": [\"]}\", \"\\\"\"]}\r\n\n  {\"x\": {}, \"tags\": null, \"id\": \"b\"}";
    for (form, text) in [(Form::Json, array), (Form::JsonLines, lines)] {
        let table = open(form, text).unwrap();
        assert_eq!(table.columns(), ["id", "tags"]);
        let json = |text: &str| Cell::Json(text.to_owned());
        let first = table.row(0).unwrap().cells([1, 0]).unwrap();
        assert_eq!(first, [json(r#"["]}", "\""]"#), json("1.50")], "{form:?}");
        assert_eq!(table.row(1).unwrap().cells([0]).unwrap(), [json("\"b\"")]);
        assert_eq!(table.row(1).unwrap().to_json(), r#"{"x": {}, "tags": null, "id": "b"}"#);
        assert_eq!(table.row_count(), 2);
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let not_json = |line, reason: &str| Fault::NotJson { line, reason: reason.to_owned() };
    for (form, text, fault) in [
        (CSV, "", Fault::NoRows),
        (CSV, "a,b\n", Fault::NoRows),
        (CSV, "a,b\n1,2\n\n\"x\ny\",2,3\n", Fault::Ragged { line: 4, field_count: 3, column_count: 2 }),
        (CSV, "\r\na,b\r\n\r\n1,2\r\n1\r\n", Fault::Ragged { line: 5, field_count: 1, column_count: 2 }),
        (CSV, "a,b\n1\n", Fault::Ragged { line: 2, field_count: 1, column_count: 2 }),
        (CSV, "a,b,a\n1,2,3\n", Fault::DuplicateColumn("a".to_owned())),
        (CSV, "a,,b\n1,2,3\n", Fault::NamelessColumn(2)),
        (Form::Json, "", Fault::NotAnArray),
        (Form::Json, "{}", Fault::NotAnArray),
        (Form::Json, "[]", Fault::NoRows),
        (Form::Json, "[{\"a\":1},\n2]", Fault::NotAMap { line: 2 }),
        (
            Form::Json,
            "[{\"a\":1}\n{\"a\":2}]",
            not_json(2, "a comma or the end of the array is expected behind a row"),
        ),
        (Form::Json, "[{\"a\":1},]", Fault::NotAMap { line: 1 }),
        (Form::Json, "[{\"a\":1}]\n]", Fault::BehindArray { line: 2 }),
        (Form::Json, "[{\"a\":1}", not_json(1, "the array is never closed")),
        (Form::Json, "[{\"a\":1", not_json(1, "it is never closed")),
        (Form::Json, "[{\"a\":1},\n{\"a\":x}]", not_json(2, "expected value")),
        (Form::Json, "[{\"a\":1},\n{\"b\":1}]", Fault::Lacks { line: 2, column: "a".to_owned() }),
        (Form::Json, "[{\"a\":1,\"a\":2}]", Fault::DuplicateColumn("a".to_owned())),
        (Form::JsonLines, "\n", Fault::NoRows),
        (Form::JsonLines, "{\"a\":1}\n[1]\n", Fault::NotAMap { line: 2 }),
        (Form::JsonLines, "{\"a\":1}\n\n{\"a\"\n", not_json(3, "EOF while parsing an object")),
        (Form::JsonLines, "{\"a\":1} {\"a\":2}\n", not_json(1, "trailing characters")),
    ] {
        assert_eq!(open(form, text).map(|_| ()), Err(fault), "{text:?}");
    }
    let not_utf8 = Table::open(file(b"a\nx\n\xff\n"), CSV, None);
    assert_eq!(not_utf8.map(|_| ()), Err(Fault::NotUtf8 { line: 3 }));
    let not_utf8 = Table::open(file(b"{\"a\":1}\n{\"a\":\"\xff\"}"), Form::JsonLines, None);
    assert_eq!(not_utf8.map(|_| ()), Err(Fault::NotUtf8 { line: 2 }));
}

#[test]
fn nothing_draws_a_whole_file_into_memory() {
    let long = "x".repeat(3 * ROW_BYTES_MAX);
    for (form, text) in [
        (CSV, format!("a\n1\n\"{long}")),
        (CSV, format!("a\n1\n{long}\n")),
        (Form::JsonLines, format!("{{\"a\":1}}\n{{\"a\":\"{long}\"}}")),
        (Form::Json, format!("[{{\"a\":1}},\n\n{{\"a\":\"{long}\"}}]")),
    ] {
        let line = if form == Form::JsonLines { 2 } else { 3 };
        assert_eq!(open(form, &text).map(|_| ()), Err(Fault::LongRow { line }), "{form:?}");
    }
}

#[test]
fn a_file_that_changed_is_no_panic() {
    let path = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(path.path(), "a,b\n1,2\n3,4\n5,6\n").unwrap();
    let table = Table::within(File::open(path.path()).unwrap(), CSV, None, (0, 8)).unwrap();
    std::fs::write(path.path(), "a,b\n1,2\n3\n").unwrap();
    assert!(table.row(0).is_ok());
    assert_eq!(table.row(1).unwrap_err(), Fault::Gone);
    assert_eq!(table.row(2).unwrap_err(), Fault::Gone);
}

proptest! {
    #[test]
    fn rows_come_back_as_they_were_written(
        rows in prop::collection::vec(prop::collection::vec("[a-c\",;\n\r \\\\{}\\[\\]é]{0,6}", 2), 1..40),
        places_max in 1..9_usize,
        memory_bytes in prop_oneof![Just(0_u64), Just(MEMORY_BYTES)],
    ) {
        let maps: Vec<_> = rows.iter().map(|row| serde_json::json!({ "one": row[0], "two": row[1] })).collect();
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(["one", "two"]).unwrap();
        for row in &rows {
            csv.write_record(row).unwrap();
        }
        let lines: Vec<_> = maps.iter().map(ToString::to_string).collect();
        for (form, bytes) in [
            (CSV, csv.into_inner().unwrap()),
            (Form::Json, serde_json::to_vec_pretty(&maps).unwrap()),
            (Form::JsonLines, lines.join("\n").into_bytes()),
        ] {
            let table = Table::within(file(&bytes), form, None, (memory_bytes, places_max)).unwrap();
            prop_assert_eq!(table.row_count(), rows.len() as u64);
            for (number, map) in maps.iter().enumerate() {
                let row: serde_json::Value = serde_json::from_str(&table.row(number as u64).unwrap().to_json()).unwrap();
                prop_assert_eq!(&row, map, "{:?}", form);
            }
        }
    }

    #[test]
    fn no_file_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "[a\"\\[\\]{}:,\n1 \\\\]{0,40}") {
        for form in [CSV, Form::Json, Form::JsonLines] {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                if let Ok(table) = Table::within(file(bytes), form, None, (0, 2)) {
                    for number in 0..table.row_count() {
                        prop_assert!(table.row(number).is_ok());
                    }
                }
            }
        }
    }
}
