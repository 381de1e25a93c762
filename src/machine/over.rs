//! Loops over lists and over the rows of data files. A list that is only known at run time stays the JSON text that it is; what is kept beside it is how
//! far the loop has come, so that a round reads its own item and nothing else.

use std::time::Duration;

use serde_json::value::RawValue;

use super::render::{RenderFailure, evaluate};
use super::user::User;
use crate::program::{Items, Over, Value, json};

impl User {
    /// The loop is entered: its list is what it is now.
    pub(super) fn enter_list(&mut self, over: &Over, now: Duration) -> Result<(), RenderFailure> {
        let Items::Of { list, kept, rest } = &over.items else { return Ok(()) };
        self.set(*rest, Value::Unset);
        let list = evaluate(list, &mut self.scope(now))?.into_owned();
        match &list {
            Value::Json(text) if text.starts_with('[') => {}
            other => return Err(RenderFailure::NoList { actual: kind(other) }),
        }
        self.set(*kept, list);
        self.set(*rest, Value::Int(1));
        Ok(())
    }

    /// How many items come from this round on.
    pub(super) fn items_left(&self, over: &Over, round: u64) -> u64 {
        match &over.items {
            Items::Known(items) => (items.len() as u64).saturating_sub(round),
            Items::Rows(used) => self.row_count(used).saturating_sub(round),
            Items::Of { .. } => {
                let rest = self.rest_of(over).map(|rest| format!("[{rest}"));
                rest.and_then(|rest| json::items(&rest).map(|items| items.len() as u64)).unwrap_or(0)
            }
        }
    }

    pub(super) fn has_item(&self, over: &Over, round: u64) -> bool {
        match &over.items {
            Items::Known(items) => round < items.len() as u64,
            Items::Rows(used) => round < self.row_count(used),
            Items::Of { .. } => self.rest_of(over).is_some_and(|rest| !rest.starts_with(']')),
        }
    }

    /// The round begins: its item has the name that the plan gives it.
    pub(super) fn take_item(&mut self, over: &Over, round: u64) -> Result<(), RenderFailure> {
        let value = match &over.items {
            Items::Rows(used) => return self.take_row(used, round),
            Items::Known(items) => usize::try_from(round).ok().and_then(|round| items.get(round)).cloned(),
            Items::Of { .. } => self.next_item(over),
        };
        if let (Some(slot), Some(value)) = (over.item, value) {
            self.set(slot, value);
        }
        Ok(())
    }

    /// What of the list has not been gone over, from an item or the bracket at its end on. Without a list, after a
    /// failure, there is none.
    fn rest_of(&self, over: &Over) -> Option<&str> {
        let Items::Of { kept, rest, .. } = &over.items else { return None };
        let (Value::Json(text), Value::Int(at)) = (&self.slots[kept.index()], &self.slots[rest.index()])
        else {
            return None;
        };
        Some(text.get(usize::try_from(*at).ok()?..)?.trim_start())
    }

    fn next_item(&mut self, over: &Over) -> Option<Value> {
        let Items::Of { kept, rest: at, .. } = &over.items else { return None };
        let rest = self.rest_of(over)?;
        let mut items = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let item = Value::from_json_text(items.next()?.ok()?.get()).ok()?;
        let behind = rest.get(items.byte_offset()..)?.trim_start();
        let behind_bytes = behind.strip_prefix(',').unwrap_or(behind).len();
        let Value::Json(text) = &self.slots[kept.index()] else { return None };
        let next = text.len() - behind_bytes;
        self.set(*at, Value::Int(i64::try_from(next).unwrap_or(i64::MAX)));
        Some(item)
    }
}

/// What a value is that is no list.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Unset => "nothing",
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Float(_) => "a number",
        Value::Text(_) => "text",
        Value::Json(text) if text.starts_with('{') => "a map",
        Value::Json(_) => "a number",
    }
}
