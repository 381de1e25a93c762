//! The IR that `compile` makes and `machine` runs: flat tables of states, templates and matchers that refer to each
//! other by newtype ids, names resolved to slots, and the span of the plan that each state came from. It holds no
//! behaviour beyond printing itself; it knows neither how plans are written nor how users are run.

mod escape;
pub mod helper;
mod id;
pub mod json;
mod template;
mod value;

pub use escape::Escape;
pub use helper::Helper;
pub use id::SlotId;
pub use template::{Body, BodyKind, Expr, Form, Interpreted, Secret, Segment, Template};
pub use value::{NotJson, Value};
