//! The IR that `compile` makes and `machine` runs: flat tables of states, templates and matchers that refer to each
//! other by newtype ids, names resolved to slots, and the span of the plan that each state came from. It holds no
//! behaviour beyond printing itself; it knows neither how plans are written nor how users are run.

mod id;
mod value;

pub use id::SlotId;
pub use value::Value;
