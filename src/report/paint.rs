//! The few colours of a report, or none.

use std::borrow::Cow;

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// What one came to read.
    Plain,
    /// What stands out: names and headings.
    Strong,
    /// What explains the rest.
    Quiet,
    /// What is as it should be.
    Good,
    /// What is not.
    Bad,
    /// What should be looked at.
    Odd,
}

/// Writes tones as ANSI colours, where colour is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) colour: bool,
}

impl Paint {
    pub(super) fn paint(self, tone: Tone, text: &str) -> Cow<'_, str> {
        let code = match tone {
            Tone::Plain => "",
            Tone::Strong => "1",
            Tone::Quiet => "2",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Odd => "33",
        };
        if self.colour && !code.is_empty() && !text.is_empty() {
            Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }
}
