//! The programs of `examples/`, each run to its end. They are modules here because `cargo test` leaves it open whether
//! the built examples are older than their sources.

#[path = "../examples/check_compile_run.rs"]
mod check_compile_run;
#[path = "../examples/drive_machine.rs"]
mod drive_machine;

use crate::support::documents::root;

#[test]
fn a_plan_is_checked_compiled_and_run() {
    check_compile_run::main().unwrap();
}

#[test]
fn a_machine_is_driven_by_hand() {
    drive_machine::main().unwrap();
}

#[test]
fn every_example_is_run_here() {
    let itself = include_str!("examples.rs");
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy();
        assert!(itself.contains(&format!("{stem}::main()")), "{}", path.display());
    }
}
