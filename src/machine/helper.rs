//! What the helpers do. Their names and arguments stand in the table of [`crate::program::helper`]; each has its
//! arm in [`call`], or in [`Helper::fold`] where it needs neither randomness nor the clock. A helper draws the same
//! numbers for the same arguments, so that a seed gives the same run.

use std::fmt::Write;

use rand::RngExt as _;

use super::fake;
use super::render::{Product, RenderFailure, evaluate, produce};
use super::scope::{Rng, Scope};
use crate::program::helper::{ALPHABETS, Parameter};
use crate::program::json::{self, Stack};
use crate::program::{Expr, Helper, Value};

/// Calls a helper. The arguments are complete: the compiler has filled in those left out.
pub(super) fn call<'r, 'a: 'r>(
    helper: Helper,
    arguments: &'r [Expr],
    scope: &mut Scope<'a>,
) -> Result<Product<'r>, RenderFailure> {
    let arguments = Arguments { helper, list: arguments };
    match helper {
        Helper::Uuid => Ok(Product::Short(uuid(uuid::Builder::from_random_bytes(scope.rng.random())))),
        Helper::Uuid7 => {
            let ms = u64::try_from(scope.unix_ms()).unwrap_or(0);
            Ok(Product::Short(uuid(uuid::Builder::from_unix_timestamp_millis(ms, &scope.rng.random()))))
        }
        Helper::NowMs => Ok(Product::Owned(Value::Int(scope.unix_ms()))),
        Helper::NowS => Ok(Product::Owned(Value::Int(scope.unix_ms().div_euclid(1000)))),
        Helper::NowIso => Ok(Product::Short(rfc3339(scope.unix_ms()))),
        Helper::RandomInt => {
            let (low, high) = (arguments.int(0, scope)?, arguments.int(1, scope)?);
            arguments.agree(&[&Value::Int(low), &Value::Int(high)])?;
            Ok(Product::Owned(Value::Int(scope.rng.random_range(low..=high))))
        }
        Helper::RandomFloat => {
            let (low, high) = (arguments.float(0, scope)?, arguments.float(1, scope)?);
            arguments.agree(&[&Value::Float(low), &Value::Float(high)])?;
            let share: f64 = scope.rng.random();
            // Weighed so that a range wider than the largest double does not overflow.
            Ok(Product::Owned(Value::Float((low * (1.0 - share) + high * share).clamp(low, high))))
        }
        Helper::Pick => match arguments.list {
            [list] => pick_item(arguments, list, scope),
            choices => produce(&choices[scope.rng.random_range(0..choices.len())], scope),
        },
        Helper::RandomString => {
            let length = usize::try_from(arguments.int(0, scope)?).unwrap_or(0);
            let alphabet = arguments.word(1, scope)?;
            Ok(random_string(length, alphabet, scope.rng))
        }
        Helper::Add | Helper::Sub | Helper::Mul | Helper::Div | Helper::Mod => {
            let (a, b) = (Value::Int(arguments.int(0, scope)?), Value::Int(arguments.int(1, scope)?));
            arguments.agree(&[&a, &b])?;
            Ok(Product::Owned(helper.fold(&[&a, &b]).unwrap_or_default()))
        }
        Helper::Json
        | Helper::Upper
        | Helper::Lower
        | Helper::Sha256
        | Helper::HmacSha256
        | Helper::Jwt
        | Helper::Base64
        | Helper::Base64Url
        | Helper::Base64Decode
        | Helper::Hex => arguments.fold(scope),
        Helper::Fake(fake) => Ok(Product::Owned(fake::make_up(fake, scope.rng))),
    }
}

/// The arguments of one call, read as what the table says they are.
#[derive(Clone, Copy)]
struct Arguments<'r> {
    helper: Helper,
    list: &'r [Expr],
}

impl<'r> Arguments<'r> {
    fn int(&self, index: usize, scope: &mut Scope<'_>) -> Result<i64, RenderFailure> {
        self.admitted(index, scope, Value::as_int)
    }

    fn float(&self, index: usize, scope: &mut Scope<'_>) -> Result<f64, RenderFailure> {
        self.admitted(index, scope, Value::as_float)
    }

    /// The characters of the alphabet that an argument names.
    fn word(&self, index: usize, scope: &mut Scope<'_>) -> Result<&'static [u8], RenderFailure> {
        self.admitted(index, scope, |value| {
            let Value::Text(word) = value else { return None };
            ALPHABETS.iter().find(|(name, _)| name == word).map(|(_, characters)| characters.as_bytes())
        })
    }

    fn admitted<T>(
        &self,
        index: usize,
        scope: &mut Scope<'_>,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, RenderFailure> {
        let parameter = &self.helper.signature().parameters[index];
        let value = evaluate(&self.list[index], scope)?;
        let admitted = parameter.kind.admits(&value);
        read(&value).filter(|_| admitted).ok_or_else(|| self.not_of_its_kind(parameter, &value))
    }

    fn agree(&self, values: &[&Value]) -> Result<(), RenderFailure> {
        let values: [Option<&Value>; 2] = std::array::from_fn(|i| values.get(i).copied());
        self.helper.objection(&values).map_or(Ok(()), |objection| Err(self.refused(objection)))
    }

    fn fold(&self, scope: &mut Scope<'_>) -> Result<Product<'r>, RenderFailure> {
        let parameters = self.helper.signature().parameters.iter();
        let values = self.list.iter().zip(parameters).map(|(argument, parameter)| {
            let value = evaluate(argument, scope)?;
            if parameter.kind.admits(&value) {
                Ok(value)
            } else {
                Err(self.not_of_its_kind(parameter, &value))
            }
        });
        let values = values.collect::<Result<Vec<_>, RenderFailure>>()?;
        let values: Vec<&Value> = values.iter().map(AsRef::as_ref).collect();
        self.helper.fold(&values).map(Product::Owned).ok_or_else(|| {
            let values: Vec<_> = values.into_iter().map(Some).collect();
            self.refused(self.helper.objection(&values).unwrap_or_default())
        })
    }

    fn refused(&self, objection: String) -> RenderFailure {
        RenderFailure::Arguments { helper: self.helper, objection }
    }

    fn not_of_its_kind(&self, parameter: &Parameter, value: &Value) -> RenderFailure {
        RenderFailure::Argument {
            helper: self.helper,
            parameter: parameter.name,
            expected: parameter.kind,
            actual: value.describe(),
        }
    }
}

fn pick_item<'r>(
    arguments: Arguments<'r>,
    list: &'r Expr,
    scope: &mut Scope<'_>,
) -> Result<Product<'r>, RenderFailure> {
    let list = evaluate(list, scope)?;
    let items = list.as_container().and_then(json::items).filter(|items| !items.is_empty());
    let Some(items) = items else {
        let objection = arguments.helper.objection(&[Some(&list)]).unwrap_or_default();
        return Err(RenderFailure::Arguments { helper: arguments.helper, objection });
    };
    let item = items[scope.rng.random_range(0..items.len())];
    Ok(Product::Owned(Value::from_json_text(item).unwrap_or_default()))
}

fn uuid(builder: uuid::Builder) -> Stack<36> {
    let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
    let mut text = Stack::new();
    let written = text.write_str(builder.into_uuid().hyphenated().encode_lower(&mut buffer));
    debug_assert!(written.is_ok(), "a UUID is 36 bytes long");
    text
}

/// RFC 3339 section 5.6, in UTC with milliseconds.
fn rfc3339(unix_ms: i64) -> Stack<36> {
    let timestamp = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or(jiff::Timestamp::MAX);
    let at = jiff::tz::Offset::UTC.to_datetime(timestamp);
    let (date, time) = (at.date(), at.time());
    let mut text = Stack::new();
    let written = write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    );
    debug_assert!(written.is_ok(), "a year has four digits in jiff");
    text
}

fn random_string(length: usize, alphabet: &[u8], rng: &mut Rng) -> Product<'static> {
    let mut draw = || char::from(alphabet[rng.random_range(0..alphabet.len())]);
    if length > 36 {
        return Product::Owned(Value::Text((0..length).map(|_| draw()).collect()));
    }
    let mut text = Stack::new();
    let written = (0..length).try_for_each(|_| text.write_char(draw()));
    debug_assert!(written.is_ok(), "36 ASCII characters fit");
    Product::Short(text)
}
