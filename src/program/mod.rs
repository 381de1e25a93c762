//! The IR that `compile` makes and `machine` runs: flat tables of states, templates and matchers that refer to each
//! other by newtype ids, names resolved to slots, and the span of the plan that each state came from. It holds no
//! behaviour beyond printing itself; it knows neither how plans are written nor how users are run.

pub mod capture;
mod decimal;
mod escape;
pub mod helper;
mod id;
mod instruction;
pub mod json;
pub mod json_value;
pub mod matcher;
mod operand;
mod path;
mod template;
mod value;

pub use capture::{Capture, CaptureSource};
pub use escape::Escape;
pub use helper::Helper;
pub use id::SlotId;
pub use instruction::{Instruction, Shown};
pub use json_value::{Json, JsonType};
pub use matcher::{Matcher, Pattern, VariableMatcher};
pub use operand::Operand;
pub use path::{Path, Query, Step};
pub use template::{Body, BodyKind, Expr, Form, Interpreted, Secret, Segment, Template};
pub use value::{NotJson, Value};
