//! What the messages of a plan are made of.

/// `protocol: json`: how frames and messages belong together, and what a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Protocol {
    /// A frame is a message, as text or binary as the plan has it, which may hold JSON.
    #[default]
    Json,
    /// A frame is a message, which is text and no JSON.
    Text,
    /// A frame is a message, and every one is binary.
    Binary,
    /// One that does all that a protocol may do: for tests of the place where protocols are known.
    #[cfg(test)]
    Odd,
}

impl Protocol {
    /// The word of the plan.
    pub fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Binary => "binary",
            #[cfg(test)]
            Self::Odd => "odd",
        }
    }
}
