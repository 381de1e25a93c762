//! Messages that are bytes.

use super::pattern;
use super::value::{length_for, resolve};
use crate::machine::Scope;
use crate::program::Json;
use crate::program::matcher::{BinaryTest, Bytes};

/// Bytes with all that they are to begin with, hold, and match, as long as they are to be.
pub(super) fn binary(tests: &[&BinaryTest], scope: &mut Scope<'_>) -> Vec<u8> {
    let (mut start, mut rest, mut wanted) = (Vec::new(), Vec::new(), 0);
    for test in tests {
        match test {
            BinaryTest::Equals(bytes) => return bytes_of(bytes, scope),
            BinaryTest::StartsWith(bytes) => {
                let bytes = bytes_of(bytes, scope);
                if bytes.len() > start.len() {
                    start = bytes;
                }
            }
            BinaryTest::Contains(bytes) => rest.extend(bytes_of(bytes, scope)),
            BinaryTest::Matches(regex) => rest.extend(pattern::bytes(regex.0.as_str()).unwrap_or_default()),
            BinaryTest::Length(comparison, length) => wanted = length_for(*comparison, *length),
        }
    }
    start.append(&mut rest);
    start.resize(wanted.max(start.len()), 0);
    start
}

fn bytes_of(bytes: &Bytes, scope: &mut Scope<'_>) -> Vec<u8> {
    match bytes {
        Bytes::Constant(bytes) => bytes.clone(),
        Bytes::Text(operand) => match resolve(operand, scope) {
            Some(Json::Text(text)) => text.into_owned().into_bytes(),
            _ => Vec::new(),
        },
    }
}
