//! What lowering asks of name resolution. Who implements it knows the plan's variables, the environment, the
//! captures that may be set at a place, and the built-in names.

use crate::diagnostic::{Diagnostics, Span};
use crate::program::{SlotId, Value};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// A value known now: a plan variable.
    Constant(Value),
    /// A value known now that must be shown nowhere: `env.TOKEN`, or a variable made from it.
    Secret(Value),
    /// A value that each user has.
    Slot(SlotId),
}

/// The names at a place of the plan.
pub trait Names {
    /// Whether a name means something, without recording a use or reporting anything. Dotted names are asked for
    /// whole first (`user.id`, `env.TOKEN`, `account.name`), then without their last parts: the first that is known
    /// is resolved and the parts left over are a way into its list or map. Every `env.X` is known; one that is not
    /// set is for [`Names::resolve`] to report.
    fn knows(&self, name: &str) -> bool;

    /// What a name stands for. `None` where it is not defined or may not be used at this place; then that has been
    /// reported at `span`, with the nearest names ([`crate::program::Helper::ALL`] are worth being among them). The
    /// implementor records the use.
    fn resolve(&mut self, name: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<Binding>;

    /// Something was made of a secret that is as secret: whoever shows messages is to hide it as well.
    fn hide(&mut self, _made: &Value) {}
}
