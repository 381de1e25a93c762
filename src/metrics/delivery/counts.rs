//! The figures of a stream, and the names by which thresholds call them.

use serde::{Deserialize, Serialize};

use crate::metrics::ErrorKind;

/// Writes the struct, its sum and the names from one table, so that none of them can lack a figure.
macro_rules! figures {
    ($($(#[doc = $doc:literal])+ $field:ident $variant:ident $(of $whole:ident)?;)+) => {
        /// What became of the messages of a stream. [The module](super) says what each figure means.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct DeliveryCounts {
            $($(#[doc = $doc])+ pub $field: u64,)+
        }

        impl DeliveryCounts {
            /// Adds all of another's counts.
            pub fn merge(&mut self, other: &Self) {
                $(self.$field = self.$field.saturating_add(other.$field);)+
            }
        }

        /// One of the [`DeliveryCounts`], by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum DeliveryFigure {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl DeliveryFigure {
            /// Every figure.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that thresholds use behind the stream's.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)+ }
            }

            /// This figure's value.
            pub fn of(self, counts: &DeliveryCounts) -> u64 {
                match self { $(Self::$variant => counts.$field,)+ }
            }

            /// What it is a share of, where a percentage means something.
            pub fn whole(self) -> Option<Self> {
                match self { $($(Self::$variant => Some(Self::$whole),)?)+ _ => None }
            }
        }
    };
}

figures! {
    /// Messages published.
    published Published;
    /// Messages of which nothing more can be said: their key was not theirs alone, or there were too many.
    untracked Untracked of Published;
    /// Copies that were to come: those delivered and those lost.
    expected Expected;
    /// Copies that came in time to users they were meant for.
    delivered Delivered of Expected;
    /// Copies that did not come in time.
    lost Lost of Expected;
    /// Copies that came, but late; they are among the lost.
    late Late of Expected;
    /// Copies that came again.
    duplicated Duplicated of Expected;
    /// Copies that came behind one that the same sender published later.
    reordered Reordered of Delivered;
    /// Of every two messages seen in both orders, the users who saw them in the rarer one.
    reordered_total ReorderedTotal of Delivered;
    /// Copies that came to users they were not meant for.
    leaked Leaked of Expected;
    /// Copies that came to users who entered the audience only after the publishing.
    extra Extra;
    /// Copies that had not come when their user left, within the time that they had.
    excused Excused;
    /// Copies of messages that nobody published, or too long ago.
    unknown Unknown;
}

impl DeliveryFigure {
    /// The kind as which each of these copies is an error; reordered ones are where the stream asks for that order.
    pub fn error(self) -> Option<ErrorKind> {
        match self {
            Self::Lost => Some(ErrorKind::DeliveryLost),
            Self::Duplicated => Some(ErrorKind::DeliveryDuplicated),
            Self::Leaked => Some(ErrorKind::DeliveryLeaked),
            Self::Reordered => Some(ErrorKind::DeliveryReordered),
            Self::ReorderedTotal => Some(ErrorKind::DeliveryReorderedTotal),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_adds_up_and_has_its_own_name() {
        let fields = serde_json::to_value(DeliveryCounts::default()).unwrap();
        let fields = fields.as_object().unwrap();
        assert_eq!(fields.len(), DeliveryFigure::ALL.len());
        let numbered: serde_json::Map<_, _> =
            fields.keys().zip(1u64..).map(|(name, n)| (name.clone(), n.into())).collect();
        let mut counts: DeliveryCounts = serde_json::from_value(numbered.clone().into()).unwrap();
        counts.merge(&counts.clone());
        for figure in DeliveryFigure::ALL {
            assert_eq!(Some(figure.of(&counts)), numbered[figure.name()].as_u64().map(|n| 2 * n));
        }
    }
}
