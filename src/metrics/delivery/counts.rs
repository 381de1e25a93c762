//! The figures of a stream, and the names by which thresholds call them.

use crate::metrics::ErrorKind;
use crate::metrics::counters::counters;

counters! {
    /// What became of the messages of a stream. [The module](super) says what each figure means.
    #[derive(Copy)]
    struct DeliveryCounts;
    /// One of the [`DeliveryCounts`], by the name that thresholds use behind the stream's.
    enum DeliveryFigure;
    /// Messages published.
    published Published "published";
    /// Messages of which nothing more can be said: their key was not theirs alone, or there were too many.
    untracked Untracked "untracked" of Published;
    /// Copies that were to come: those delivered and those lost.
    expected Expected "expected";
    /// Copies that came in time to users they were meant for.
    delivered Delivered "delivered" of Expected;
    /// Copies that did not come in time.
    lost Lost "lost" of Expected;
    /// Copies that came, but late; they are among the lost.
    late Late "late" of Expected;
    /// Copies that came again.
    duplicated Duplicated "duplicated" of Expected;
    /// Copies that came behind one that the same sender published later.
    reordered Reordered "reordered" of Delivered;
    /// Of every two messages seen in both orders, the users who saw them in the rarer one.
    reordered_total ReorderedTotal "reordered_total" of Delivered;
    /// Copies that came to users they were not meant for.
    leaked Leaked "leaked" of Expected;
    /// Copies that came to users who entered the audience only after the publishing, or were cut off then.
    extra Extra "extra";
    /// Copies that had not come when their user left, within the time that they had.
    excused Excused "excused";
    /// Copies that users have not got because they were cut off: their connection was lost, and had to be opened again.
    missed Missed "missed";
    /// Copies of messages that nobody published, or too long ago.
    unknown Unknown "unknown";
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
