//! Lowering of `over`: a list that is known becomes its items, any other is asked for when the loop is entered. Of the
//! rows of a data file the program says what the steps take from one, which is known behind them.

use std::sync::Arc;

use crate::compile::Compiler;
use crate::compile::flow::{Effect, Flow, Rounds, Touch};
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model::Spanned;
use crate::plan::syntax::{Key, Node};
use crate::program::{DataUse, Expr, Items, Over, SlotId, Until, Value, json};

impl Compiler<'_, '_> {
    pub(super) fn over(&mut self, list: &Node, item: Option<SlotId>) -> (Until, Rounds) {
        match self.value(list) {
            Expr::Constant(value) => match self.known_items(&value, list.span) {
                Some(items) => {
                    let rounds = Rounds::Exactly(items.len() as u64);
                    (Until::Over(Arc::new(Over { items: Items::Known(items), item })), rounds)
                }
                None => (Until::Forever, Rounds::Unknown),
            },
            list => {
                let (kept, rest) = self.names.loop_items();
                (Until::Over(Arc::new(Over { items: Items::Of { list, kept, rest }, item })), Rounds::Listed)
            }
        }
    }

    /// Enters a loop over rows, as far as names go.
    pub(super) fn rows(&mut self, file: &Spanned<String>, item: Option<&Key>) -> (Until, Rounds) {
        if let Some(item) = item {
            self.diagnostics.push(
                Diagnostic::new(codes::CONFLICTING_KEYS, "`as` is for lists")
                    .label(item.span, "the row of a data file has its name")
                    .label(file.span, "this one")
                    .help(format!("remove `as`: a column of the row is `{{{{{}.column}}}}`", file.value)),
            );
        }
        let Some((data, row_count)) = self.names.walk(&file.value) else {
            let unknown = self.names.data().no_file(&file.value, file.span);
            self.diagnostics.push(unknown);
            return (Until::Forever, Rounds::Unknown);
        };
        let rounds = if row_count == 0 { Rounds::Unknown } else { Rounds::Exactly(row_count) };
        (until_last_row(DataUse { data, columns: Vec::new(), row: None }), rounds)
    }

    /// What a loop over rows takes from one, now that its steps are lowered.
    pub(super) fn taken_of_rows(&mut self, until: Until) -> Until {
        match &until {
            Until::Over(over) if matches!(over.items, Items::Rows(_)) => {
                self.names.data().leave_walk().map_or(until, until_last_row)
            }
            _ => until,
        }
    }

    fn known_items(&mut self, list: &Value, span: Span) -> Option<Box<[Value]>> {
        let items = match list {
            Value::Json(text) => json::items(text),
            _ => None,
        };
        // What was reported is null from there on.
        if items.is_none() && (*list != Value::Null || !self.diagnostics.has_errors()) {
            self.diagnostics.push(
                Diagnostic::new(codes::NOT_A_LIST, "`over` takes a list")
                    .label(span, "this is none")
                    .help("write a list, `over: [a, b]`, or a name that holds one, `over: \"{{rooms}}\"`"),
            );
        }
        let value = |item: &str| Value::from_json_text(item).ok();
        Some(items?.into_iter().filter_map(value).collect())
    }
}

/// When a loop over rows is over.
fn until_last_row(taken: DataUse) -> Until {
    Until::Over(Arc::new(Over { items: Items::Rows(taken), item: None }))
}

/// As the lints see it, each round sets the item first, also where the list was reported.
pub(super) fn item_set(item: Option<SlotId>, name: Option<&Key>) -> Option<Flow> {
    let (item, name) = (item?, name?);
    let sets = vec![Touch::new(item, name.span)];
    Some(Flow { span: name.span, verb: "loop", reads: Vec::new(), sets, effect: Effect::None, link: None })
}
