//! Any bytes as a data file: what is kept in memory and what is read from the disk by a sparse index must be the same
//! rows or the same fault, and every row must be what serde_json makes of the same file.
#![no_main]

use std::fs::{File, OpenOptions};
use std::io::Write;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use wsplan::data::{Cell, Fault, Form, MEMORY_BYTES, Table};

/// A file with these bytes that nobody else sees.
fn file(bytes: &[u8]) -> File {
    let path = std::env::temp_dir().join(format!("wsplan-fuzz-data-{}", std::process::id()));
    let mut file = File::create(&path).expect("the directory is there");
    file.write_all(bytes).expect("there is room");
    let opened = OpenOptions::new().read(true).open(&path).expect("it has just been written");
    std::fs::remove_file(&path).expect("it is this program's own");
    opened
}

fn cells(table: &Table, number: u64) -> Vec<Cell> {
    let row = table.row(number).expect("it was looked at");
    row.cells(0..table.columns().len()).expect("it is whole")
}

/// What a row says of itself as one map is what its cells say.
fn agrees(table: &Table, number: u64) {
    let whole: Map<String, Value> =
        serde_json::from_str(&table.row(number).expect("it was looked at").to_json()).expect("it is a map");
    for (name, cell) in table.columns().iter().zip(cells(table, number)) {
        let value = match cell {
            Cell::Text(text) => Value::String(text),
            Cell::Json(text) => serde_json::from_str(&text).expect("it is JSON"),
        };
        assert_eq!(whole.get(name), Some(&value), "{name}");
    }
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (form, delimiter, bytes) = input;
    // What else stands between fields is refused before a file is opened.
    let delimiter = match delimiter & 0x7f {
        b'"' | b'\n' | b'\r' => b',',
        other => other,
    };
    let (form, columns) = match form % 4 {
        0 => (Form::Csv { delimiter }, None),
        1 => (Form::Csv { delimiter }, Some(vec!["a".to_owned(), "b".to_owned()])),
        2 => (Form::Json, None),
        _ => (Form::JsonLines, None),
    };
    let open = |within| Table::within(file(bytes), form, columns.clone(), within);
    let (kept, read) = (open((MEMORY_BYTES, 1 << 16)), open((0, 2)));
    let (kept, read) = match (kept, read) {
        (Ok(kept), Ok(read)) => (kept, read),
        (Err(one), Err(other)) => return assert_eq!(one.to_string(), other.to_string()),
        (one, other) => panic!("{:?} {:?}", one.map(drop), other.map(drop)),
    };
    assert_eq!((kept.columns(), kept.row_count()), (read.columns(), read.row_count()));
    let count = kept.row_count();
    // The last first: nothing may depend on the order in which rows are asked for.
    for number in (0..count).rev().take(50).chain((0..count).take(50)) {
        assert_eq!(cells(&kept, number), cells(&read, number), "row {number}");
        agrees(&kept, number);
    }
    assert!(matches!(kept.row(count), Err(Fault::Gone)), "no row behind the last");
    if form == Form::Json {
        let all: Vec<Map<String, Value>> = serde_json::from_slice(bytes).expect("an array of maps");
        assert_eq!(all.len() as u64, count);
    }
});
