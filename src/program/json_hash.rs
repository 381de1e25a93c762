//! Hashing of JSON values in agreement with their equality: `1`, `1.0` and `10e-1` are equal and hash alike, and so do
//! objects whose members stand in another order; the string `"1"` is another value.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Json;
use super::decimal::{self, Canonical};

impl Hash for Json<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Null => state.write_u8(0),
            Self::Bool(bool) => (1_u8, *bool).hash(state),
            Self::Int(int) => (2_u8, *int).hash(state),
            Self::Decimal(number) => match decimal::canonical(number) {
                Canonical::Int(int) => (2_u8, int).hash(state),
                Canonical::Decimal { negative, point, digits } => {
                    (3_u8, negative, point).hash(state);
                    digits.for_each(|digit| state.write_u8(digit));
                }
            },
            Self::Text(text) => (4_u8, text).hash(state),
            Self::Array(elements) => (5_u8, elements).hash(state),
            Self::Object(members) => {
                // The order of the members says nothing: a sum has none.
                let member = |(name, value): &(std::borrow::Cow<'_, str>, Json<'_>)| {
                    let mut hasher = DefaultHasher::new();
                    (name, value).hash(&mut hasher);
                    hasher.finish()
                };
                let sum = members.iter().map(member).fold(0_u64, u64::wrapping_add);
                (6_u8, members.len(), sum).hash(state);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json_value::tests::any_json;
    use super::*;
    use proptest::prelude::*;

    fn hash(json: &Json<'_>) -> u64 {
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn what_is_equal_hashes_alike() {
        let decimal = |text: &'static str| Json::Decimal(text.into());
        let alike = [
            [Json::Int(1), decimal("1.0")],
            [Json::Int(-1000), decimal("-1E3")],
            [Json::Int(0), decimal("-0.000e7")],
            [Json::Int(i64::MIN), decimal("-9223372036854775808.0")],
            [Json::Int(i64::MAX), decimal("9223372036854775807.0")],
            [decimal("9223372036854775808"), decimal("9223372036854775.808e3")],
            [decimal("-0.050"), decimal("-5e-2")],
        ];
        for [left, right] in alike {
            assert_eq!(left, right);
            assert_eq!(hash(&left), hash(&right), "{left} {right}");
        }
    }

    #[test]
    fn what_only_prints_alike_does_not() {
        assert_ne!(hash(&Json::Int(1)), hash(&Json::Text("1".into())));
        assert_ne!(hash(&Json::Null), hash(&Json::Text("null".into())));
        assert_ne!(hash(&Json::Decimal("0.5".into())), hash(&Json::Decimal("-0.5".into())));
        assert_ne!(hash(&Json::Decimal("1e30".into())), hash(&Json::Decimal("1e31".into())));
    }

    proptest! {
        #[test]
        fn an_objects_order_says_nothing(json in any_json()) {
            if let Json::Object(members) = &json {
                let mut members = members.clone();
                members.reverse();
                prop_assert_eq!(hash(&Json::Object(members)), hash(&json));
            }
        }

        #[test]
        fn equal_values_hash_alike(left in any_json(), right in any_json()) {
            prop_assert!(left != right || hash(&left) == hash(&right));
        }
    }
}
