//! Data files: looked through when the plan is compiled, so that their columns are known, and every row is whole,
//! before a run.

use std::sync::Arc;

use super::Compiler;
use super::file::file_diagnostic;
use crate::data::{Form, Table};
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::load::Load;
use crate::plan::model::{self, data::Format};
use crate::program::{AtEnd, DataFile, DataId, Pick, Scenario};

impl Compiler<'_, '_> {
    /// Opens all data files, in the order of their ids. One that cannot be used was reported; then what is not known of
    /// its columns is not asked for, and the list ends before it, because no program will come of this.
    pub(super) fn data_files(&mut self, plan: &model::Plan) -> Vec<DataFile> {
        let mut opened = Vec::new();
        for (index, file) in plan.data.iter().enumerate() {
            self.free_name(&file.name);
            if let Some(variable) = plan.vars.iter().find(|variable| variable.name.text == file.name.text) {
                let message = format!("`{}` is a variable and a data file", file.name.text);
                self.diagnostics.push(
                    Diagnostic::new(codes::RESERVED_NAME, message)
                        .label(file.name.span, "a data file")
                        .label(variable.name.span, "a variable")
                        .help("call one of them something else"),
                );
            }
            if let Some(file) = self.data_file(file) {
                self.names.data().know(index, file.table.columns(), file.table.row_count());
                opened.push(file);
            }
        }
        opened
    }

    fn data_file(&mut self, file: &model::DataFile) -> Option<DataFile> {
        let path = file.file.as_ref()?;
        let options = self.options;
        let name = self.lowering().constant_text(path);
        let name = self.understood(name, path.span())?;
        let (pick, at_end) = self.pick(file);
        let form = self.form(file, &name)?;
        let columns = if matches!(form, Form::Csv { .. }) { self.own_columns(file) } else { None };
        let handle = match options.files.open(&name) {
            Ok(handle) => handle,
            Err(failure) => {
                let diagnostic = file_diagnostic(codes::BAD_DATA, &name, &failure);
                self.diagnostics.push(diagnostic.label(path.span(), ""));
                return None;
            }
        };
        match Table::open(handle, form, columns) {
            Ok(table) => {
                let table = Arc::new(table);
                Some(DataFile {
                    name: file.name.text.clone(),
                    path: name,
                    table,
                    pick,
                    at_end,
                    span: file.name.span,
                })
            }
            Err(fault) => {
                let message = format!("`{name}` cannot be used: {fault}");
                self.diagnostics.push(Diagnostic::new(codes::BAD_DATA, message).label(path.span(), ""));
                None
            }
        }
    }

    fn pick(&mut self, file: &model::DataFile) -> (Pick, AtEnd) {
        let pick = match file.pick.map_or(model::data::Pick::Sequential, |pick| pick.value) {
            model::data::Pick::Sequential => Pick::Sequential,
            model::data::Pick::Random => Pick::Random,
            model::data::Pick::Unique => Pick::Unique,
            model::data::Pick::PerUser => Pick::PerUser,
        };
        let Some(own) = file.at_end else {
            return (pick, if pick == Pick::Unique { AtEnd::StopUser } else { AtEnd::Recycle });
        };
        let at_end = match own.value {
            model::data::AtEnd::Recycle => AtEnd::Recycle,
            model::data::AtEnd::StopUser => AtEnd::StopUser,
            model::data::AtEnd::StopRun => AtEnd::StopRun,
        };
        let conflict = match (pick, at_end) {
            (Pick::Random, _) => "`random` never comes to an end",
            (Pick::Unique, AtEnd::Recycle) => "`unique` takes no row twice",
            _ => return (pick, at_end),
        };
        let mut diagnostic = Diagnostic::new(codes::BAD_DATA, conflict).label(own.span, "so this cannot be");
        if let Some(pick) = file.pick {
            diagnostic = diagnostic.label(pick.span, "");
        }
        self.diagnostics.push(diagnostic.help("remove `at_end`, or pick the rows in another way"));
        (pick, at_end)
    }

    /// How the file is written.
    fn form(&mut self, file: &model::DataFile, path: &str) -> Option<Form> {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        let by_ending = match ending.as_str() {
            "csv" | "tsv" => Some(Format::Csv),
            "json" => Some(Format::Json),
            "jsonl" | "ndjson" => Some(Format::JsonLines),
            _ => None,
        };
        let Some(format) = file.format.map(|format| format.value).or(by_ending) else {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_DATA,
                    format!("how `{path}` is written does not show in its name"),
                )
                .label(file.name.span, "lacks `format`")
                .help("write `format: csv`, `json` or `jsonl`"),
            );
            return None;
        };
        let only_csv = [
            file.delimiter.as_ref().map(|own| ("delimiter", own.span)),
            file.columns.first().map(|own| ("columns", own.span)),
        ];
        match format {
            Format::Csv => self.delimiter(file, &ending).map(|delimiter| Form::Csv { delimiter }),
            Format::Json | Format::JsonLines => {
                for (key, span) in only_csv.into_iter().flatten() {
                    self.diagnostics.push(
                        Diagnostic::new(codes::BAD_DATA, format!("`{key}` is for CSV files"))
                            .label(span, "this is a JSON file")
                            .help("remove it"),
                    );
                }
                Some(if format == Format::Json { Form::Json } else { Form::JsonLines })
            }
        }
    }

    fn delimiter(&mut self, file: &model::DataFile, ending: &str) -> Option<u8> {
        let Some(own) = &file.delimiter else { return Some(if ending == "tsv" { b'\t' } else { b',' }) };
        match own.value.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Some(*byte),
            _ => {
                self.diagnostics.push(
                    Diagnostic::new(codes::BAD_DATA, "`delimiter` is one ASCII character, and no quote")
                        .label(own.span, "not such a character")
                        .help("write `\";\"`, or `\"\\t\"` for a tab"),
                );
                None
            }
        }
    }

    fn own_columns(&mut self, file: &model::DataFile) -> Option<Vec<String>> {
        for (at, column) in file.columns.iter().enumerate() {
            if file.columns[..at].iter().any(|other| other.value == column.value) {
                self.diagnostics.push(
                    Diagnostic::new(codes::BAD_DATA, format!("two columns are called `{}`", column.value))
                        .label(column.span, "called so again")
                        .help("give each a name of its own"),
                );
            }
        }
        (!file.columns.is_empty()).then(|| file.columns.iter().map(|name| name.value.clone()).collect())
    }

    /// Warns of users for whom there is no row, and of those that share one which was to be their own.
    pub(super) fn rows_for_all(&mut self, files: &[DataFile], scenarios: &[Scenario], load: &Load) {
        for (index, file) in files.iter().enumerate() {
            let takes =
                |scenario: &Scenario| scenario.data.iter().any(|used| used.data == DataId::new(index));
            let users = scenarios.iter().enumerate().filter(|(_, scenario)| takes(scenario));
            let user_count: u64 = users.map(|(at, _)| load.users_of(at)).fold(0, u64::saturating_add);
            let row_count = file.table.row_count();
            if user_count <= row_count || !matches!(file.pick, Pick::Unique | Pick::PerUser) {
                continue;
            }
            let help = match file.at_end {
                AtEnd::Recycle => "some of them share a row",
                AtEnd::StopUser => "the others leave at once",
                AtEnd::StopRun => "the run ends when they are used up",
            };
            let rows = if row_count == 1 { "row" } else { "rows" };
            let message =
                format!("`{}` has {row_count} {rows}, and {user_count} users take one each", file.path);
            self.diagnostics.push(
                Diagnostic::new(codes::FEW_ROWS, message)
                    .severity(Severity::Warning)
                    .label(file.span, format!("picked `{}`", file.pick.word()))
                    .help(help),
            );
        }
    }
}
