//! Values of the command line that have a syntax of their own.

use std::io::Read;
use std::time::Duration;

use crate::compile::{LONGEST_FILE_BYTES, Users};
use crate::metrics::Percentile;
use crate::quantity::{Rate, parse_duration, parse_duration_or_zero, parse_rate, parse_share, parse_size};

/// `250ms`, `2s`, `1m30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok_or_else(|| "a length of time with its unit is needed, such as 250ms, 2s or 1m30s".into())
}

/// The same, and `0`.
pub(super) fn duration_or_zero(text: &str) -> Result<Duration, String> {
    parse_duration_or_zero(text)
        .ok_or_else(|| "a length of time with its unit is needed, such as 5ms, 2s or 1m30s, or 0".into())
}

/// `10`, `10:20:30`.
pub(super) fn users(text: &str) -> Result<Users, String> {
    let number = |digits: &str| digits.parse::<u32>().map(u64::from).ok();
    let numbers: Option<Vec<u64>> = text.split(':').map(number).collect();
    match numbers.as_deref() {
        Some([users]) => Ok(Users::Level(*users)),
        Some(numbers) => Ok(Users::Cycles(numbers.to_vec())),
        None => Err("a number of users is needed, such as 100, or several as in 10:20:30".into()),
    }
}

/// `3`, `0.5`, `3/s`, `30/m`.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let rate = parse_rate(text).or_else(|| parse_rate(&format!("{text}/s")));
    rate.filter(|rate| *rate > Rate::ZERO)
        .ok_or_else(|| "a number of users a second above 0 is needed, such as 3, 0.5 or 30/m".into())
}

/// `64KiB`, `1MB`, `100B`.
pub(super) fn size(text: &str) -> Result<usize, String> {
    parse_size(text)
        .and_then(|bytes| usize::try_from(bytes).ok())
        .ok_or_else(|| "a number of bytes with its unit is needed, such as 100B, 64KiB or 1MB".into())
}

/// `0.1%`, as 0.001.
pub(super) fn share(text: &str) -> Result<f64, String> {
    parse_share(text).ok_or_else(|| "a percentage from 0% to 100% is needed, such as 0.1%".into())
}

/// `50,90,99.9`: several values, which are one argument.
#[derive(Debug, Clone, Default)]
pub(super) struct Percentiles(pub(super) Vec<Percentile>);

/// A list of percentiles.
pub(super) fn percentiles(text: &str) -> Result<Percentiles, String> {
    Percentile::parse_list(text).map(Percentiles).map_err(|error| error.to_string())
}

/// A file that the command line names, read when it is parsed.
#[derive(Debug, Clone)]
pub(super) struct NamedFile {
    /// As it was written.
    pub(super) name: String,
    /// All of it.
    pub(super) content: Vec<u8>,
}

/// The path of a file.
pub(super) fn named_file(path: &str) -> Result<NamedFile, String> {
    let mut content = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_FILE_BYTES + 1).read_to_end(&mut content))
        .map_err(|error| error.to_string())?;
    if content.len() as u64 > LONGEST_FILE_BYTES {
        return Err(format!("it is over {} MiB", LONGEST_FILE_BYTES >> 20));
    }
    Ok(NamedFile { name: path.to_owned(), content })
}

/// `NAME: VALUE`, of a header (RFC 9110 section 5).
pub(super) fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.is_empty() && !name.contains(char::is_whitespace) => {
            Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
        }
        _ => Err("a header is needed, such as 'X-Client: wsplan'".into()),
    }
}

/// `name=value`.
pub(super) fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE is needed".into()),
    }
}
