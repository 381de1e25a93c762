//! What is counted and timed, and how it adds up: counters, HDR histograms, errors, snapshots, thresholds.
//!
//! Each thread of the engine owns a [`Recorder`]; nothing on the message path is shared. At every tick the
//! recorder's interval is taken out as a [`Snapshot`]. Snapshots of one interval [`merge`](Snapshot::merge)
//! into one, and intervals [`append`](Snapshot::append) to the totals, both without losing a count.
//! [`Threshold`]s judge the totals. Nothing here prints, and nothing here knows a plan or a socket.

mod counters;
mod counts;
pub mod delivery;
mod errors;
mod kind;
mod layout;
mod percentile;
mod recorder;
mod sample;
mod samples;
pub mod search;
mod snapshot;
mod steps;
mod text;
mod threshold;
mod timing;
pub mod watch;

pub use counts::{Counter, Counts, Gauge};
pub use delivery::{DeliveryCounts, DeliveryFigure};
pub use errors::{DISTINCT_ERRORS_MAX, ErrorEntry, ErrorTable, SAMPLE_BYTES_MAX};
pub use kind::{ErrorKind, UnknownErrorKind};
pub use layout::{Layout, TimerId};
pub use percentile::{Percentile, PercentileError};
pub use recorder::{Recorder, UserEnd};
pub use sample::{Context, LastFrame, Sample};
pub use samples::Samples;
pub use snapshot::Snapshot;
pub use steps::StepFigures;
pub use text::{format_count, format_duration, format_percent, format_rate};
pub use threshold::{
    Judgement, Metric, Observed, Operator, Stat, StepFigure, Threshold, ThresholdError, ThresholdMistake,
    Value, judge,
};
pub use timing::{LONGEST_TIME, Timing};
pub use watch::{Reason, Resources, ThreadWatch, Watch, saturation};
