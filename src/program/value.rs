//! What a slot holds and an expression yields. Kept small and typed: a number that was captured goes out as a number.

/// A value of the plan's language. It is JSON's, with strings apart from JSON texts so that neither is parsed twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// No value yet: the capture has not been made. The compiler proves that such a slot is not read.
    #[default]
    Unset,
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number that fits.
    Int(i64),
    /// Any other number that a double holds.
    Float(f64),
    /// Text, unescaped.
    Text(String),
    /// The JSON text of a list, a map, or a number that would lose digits as [`Value::Int`] or [`Value::Float`].
    Json(String),
}
