//! Values of the command line that have a syntax of their own.

use std::time::Duration;

use crate::plan::schema::parse_duration;

/// `250ms`, `2s`, `1m30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok_or_else(|| "a length of time with its unit is needed, such as 250ms, 2s or 1m30s".into())
}

/// `name=value`.
pub(super) fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is needed".into()),
    }
}
