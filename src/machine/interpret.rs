//! Blocks, and the helpers that go with them, run by the Handlebars crate. The compiler has resolved all names; this
//! file hands the crate the slots that a block reads as JSON, and lends our own helpers to it for the length of one
//! call: they are registered with the render context, which dies with the call, so that nothing is global and the
//! randomness is the user's own.

use std::sync::{LazyLock, Mutex, PoisonError};

use handlebars::template::TemplateElement;
use handlebars::{
    Context, Handlebars, HelperDef, HelperResult, Output, RenderContext, RenderError, RenderErrorReason,
    Renderable, ScopedJson, no_escape,
};

use super::helper;
use super::render::{Product, RenderFailure, slot_value};
use super::scope::Scope;
use crate::program::{Escape, Expr, Helper, Interpreted, SlotId, Value};

static REGISTRY: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(no_escape);
    registry
});

/// Appends what a block writes to `out`.
pub(super) fn render(
    block: &Interpreted,
    scope: &mut Scope<'_>,
    out: &mut Vec<u8>,
) -> Result<(), RenderFailure> {
    let context = context(block, scope.slots)?;
    let lent = Mutex::new(scope);
    let mut state = RenderContext::new(None);
    lend(block, &lent, &mut state);
    block.tree.render(&REGISTRY, &context, &mut state, &mut Sink(out)).map_err(failure)
}

/// The value of the one expression that the tree is.
pub(super) fn evaluate(interpreted: &Interpreted, scope: &mut Scope<'_>) -> Result<Value, RenderFailure> {
    let Some(TemplateElement::Expression(write)) = interpreted.tree.elements.first() else {
        return Err(RenderFailure::NoValue { name: interpreted.source.clone() });
    };
    let Some(expression) = write.params.first() else {
        return Err(RenderFailure::NoValue { name: interpreted.source.clone() });
    };
    let context = context(interpreted, scope.slots)?;
    let lent = Mutex::new(scope);
    let mut state = RenderContext::new(None);
    lend(interpreted, &lent, &mut state);
    let result = expression.expand(&REGISTRY, &context, &mut state).map_err(failure)?;
    if result.is_value_missing() {
        return Err(RenderFailure::NoValue { name: interpreted.source.clone() });
    }
    Ok(Value::from_json(result.value()))
}

/// The slots under the names that the compiler gave them: `$3`.
fn context(interpreted: &Interpreted, slots: &[Value]) -> Result<Context, RenderFailure> {
    let entry = |slot: &SlotId| Ok((slot.to_string(), slot_value(*slot, slots)?.to_json()));
    let map =
        interpreted.slots.iter().map(entry).collect::<Result<serde_json::Map<_, _>, RenderFailure>>()?;
    Context::wraps(map).map_err(failure)
}

fn lend<'reg: 'rc, 'rc, 's>(
    interpreted: &Interpreted,
    lent: &'rc Lent<'rc, 's>,
    state: &mut RenderContext<'reg, 'rc>,
) {
    state.register_local_helper(Interpreted::WRITE, Box::new(Write { escape: interpreted.escape }));
    state.register_local_helper(
        Interpreted::WRITE_SLOT,
        Box::new(WriteSlot { escape: interpreted.escape, lent }),
    );
    for &helper in &interpreted.helpers {
        state.register_local_helper(helper.name(), Box::new(Call { helper, lent }));
    }
}

/// The scope while the Handlebars crate has it. Nobody else does, so the lock is free; it is there because helpers
/// must be `Sync`.
type Lent<'l, 's> = Mutex<&'l mut Scope<'s>>;

/// Writes an expression's value: `{{write value EXPRESSION "name"}}`.
struct Write {
    escape: Escape,
}

impl HelperDef for Write {
    fn call<'reg: 'rc, 'rc>(
        &self,
        call: &handlebars::Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        match call.param(0) {
            Some(value) if !value.is_value_missing() => {
                write(&Product::Owned(Value::from_json(value.value())), self.escape, out)
            }
            _ => {
                let name = call.param(1).and_then(|name| name.value().as_str()).unwrap_or_default();
                Err(nested(RenderFailure::NoValue { name: name.to_owned() }))
            }
        }
    }
}

/// Writes a slot's value, with all its digits: `{{write slot 3}}`.
struct WriteSlot<'l, 's> {
    escape: Escape,
    lent: &'l Lent<'l, 's>,
}

impl HelperDef for WriteSlot<'_, '_> {
    fn call<'reg: 'rc, 'rc>(
        &self,
        call: &handlebars::Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let scope = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let index = call.param(0).and_then(|index| index.value().as_u64());
        let Some(index) = index.and_then(|index| usize::try_from(index).ok()) else {
            return Err(nested(RenderFailure::NoValue { name: "slot".to_owned() }));
        };
        let value = slot_value(SlotId::new(index), scope.slots).map_err(nested)?;
        write(&Product::Borrowed(value), self.escape, out)
    }
}

/// One of our own helpers.
struct Call<'l, 's> {
    helper: Helper,
    lent: &'l Lent<'l, 's>,
}

impl HelperDef for Call<'_, '_> {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        call: &handlebars::Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let arguments: Vec<Expr> =
            call.params().iter().map(|value| Expr::Constant(Value::from_json(value.value()))).collect();
        let mut scope = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let product = helper::call(self.helper, &arguments, &mut scope).map_err(nested)?;
        Ok(ScopedJson::Derived(product.into_value().to_json()))
    }
}

fn write(product: &Product<'_>, escape: Escape, out: &mut dyn Output) -> HelperResult {
    let mut bytes = Vec::new();
    product.write(escape, &mut bytes);
    out.write(&String::from_utf8_lossy(&bytes))?;
    Ok(())
}

struct Sink<'o>(&'o mut Vec<u8>);

impl Output for Sink<'_> {
    fn write(&mut self, text: &str) -> std::io::Result<()> {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn nested(failure: RenderFailure) -> RenderError {
    RenderErrorReason::NestedError(Box::new(failure)).into()
}

/// Our own failures come back out as they went in; the crate's are put into words that need no line and column,
/// which would count within the template.
fn failure(error: RenderError) -> RenderFailure {
    match error.into() {
        RenderErrorReason::NestedError(inner) => match inner.downcast::<RenderFailure>() {
            Ok(failure) => *failure,
            Err(other) => RenderFailure::Block { reason: other.to_string() },
        },
        RenderErrorReason::MissingVariable(name) => {
            let name = name.unwrap_or_default();
            RenderFailure::NoValue { name: name.trim_start_matches("@root.").to_owned() }
        }
        other => RenderFailure::Block { reason: other.to_string() },
    }
}
