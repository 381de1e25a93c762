//! The helpers of the template language, in one table that feeds the compiler's checks, its suggestions and
//! `docs/templates.md`.
//!
//! To add one: a row in the table below, and an arm in `machine::helper::call` that computes it (in `machine::fake`
//! for what is made up, or in [`Helper::fold`] where it needs neither randomness nor the clock, so that constants are
//! folded). Bless `docs/templates.md` and the helper is checked, suggested, documented and known inside blocks too.

mod builtin;
mod sign;

use super::json;
use super::value::Value;
pub use builtin::{Builtin, Forms};

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Anything.
    Any,
    /// A whole number in a range, both ends included. Text that spells one counts.
    Integer {
        /// The least allowed.
        least: i64,
        /// The greatest allowed.
        most: i64,
    },
    /// A number. Text that spells one counts.
    Number,
    /// One of some words; they may stand without quotes.
    Word(&'static [&'static str]),
    /// A map.
    Map,
}

/// What a helper gives, where that is always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Depends on the arguments.
    Any,
}

/// One argument of a helper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Its name in messages and docs; the key of a keyed one.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// `Some` where it may be left out, in which case this word stands for it. Such a one is written `name=value`.
    pub default: Option<&'static str>,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signature {
    /// The name in templates.
    pub name: &'static str,
    /// The arguments in their order.
    pub parameters: &'static [Parameter],
    /// Whether the last argument may stand any number of times.
    pub repeats: bool,
    /// What comes out.
    pub gives: Gives,
    /// What it does, for the docs.
    pub doc: &'static str,
    /// A use of it.
    pub example: &'static str,
}

const LONGEST_TEXT: i64 = 65_536;

/// The names of alphabets with their characters.
pub const ALPHABETS: &[(&str, &str)] = &[
    ("alnum", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
    ("alpha", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("digits", "0123456789"),
    ("hex", "0123456789abcdef"),
    ("lower", "abcdefghijklmnopqrstuvwxyz"),
    ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("url", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
];
const ALPHABET_NAMES: &[&str] = &["alnum", "alpha", "digits", "hex", "lower", "upper", "url"];

const fn argument(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, default: None }
}

/// How the bytes of a digest are written.
const ENCODINGS: &[&str] = &["hex", "base64", "base64url"];
/// How the bytes of a key are given.
const KEY_FORMS: &[&str] = &["text", "hex", "base64"];
/// The signatures of a token that need no more than a shared secret (RFC 7518 section 3.1).
const ALGORITHMS: &[&str] = &["HS256", "HS384", "HS512"];
const TEXT: Parameter = argument("TEXT", Kind::Any);
const ENCODING: Parameter = Parameter { name: "encoding", kind: Kind::Word(ENCODINGS), default: Some("hex") };

const ANY_INTEGER: Kind = Kind::Integer { least: i64::MIN, most: i64::MAX };

macro_rules! helpers {
    (
        $($variant:ident $name:literal ($($parameter:expr),*) $(repeats $repeats:literal)? -> $gives:ident, $example:literal, $doc:literal;)*
        @made_up $($made:ident $made_name:literal -> $made_gives:ident, $made_doc:literal;)*
    ) => {
        /// A helper.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Helper {
            $(#[doc = $doc] $variant,)*
            /// Something made up.
            Fake(Fake),
        }

        /// What can be made up.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fake {
            $(#[doc = $made_doc] $made,)*
        }

        impl Helper {
            /// Every helper, in the order of the docs.
            pub const ALL: &[Self] = &[$(Self::$variant,)* $(Self::Fake(Fake::$made)),*];

            /// Its row of the table.
            pub fn signature(self) -> &'static Signature {
                match self {
                    $(Self::$variant => {
                        const ROW: Signature = Signature {
                            name: $name,
                            parameters: &[$($parameter),*],
                            repeats: false $(|| $repeats)?,
                            gives: Gives::$gives,
                            doc: $doc,
                            example: $example,
                        };
                        &ROW
                    })*
                    $(Self::Fake(Fake::$made) => {
                        const ROW: Signature = Signature {
                            name: $made_name,
                            parameters: &[],
                            repeats: false,
                            gives: Gives::$made_gives,
                            doc: $made_doc,
                            example: concat!("{{", $made_name, "}}"),
                        };
                        &ROW
                    })*
                }
            }
        }
    };
}

helpers! {
    Uuid "uuid" () -> Text, "{{uuid}}",
        "a random UUID (version 4)";
    Uuid7 "uuid7" () -> Text, "{{uuid7}}",
        "a UUID that starts with the time (version 7), so that later ones sort behind earlier ones";
    NowMs "now_ms" () -> Integer, "{{now_ms}}",
        "the time: milliseconds since 1970";
    NowS "now_s" () -> Integer, "{{now_s}}",
        "the time: whole seconds since 1970, as `exp` and `iat` of a token want it";
    NowIso "now_iso" () -> Text, "{{now_iso}}",
        "the time as RFC 3339 writes it, in UTC with milliseconds: `2026-11-20T08:30:00.250Z`";
    RandomInt "random_int" (argument("LOW", ANY_INTEGER), argument("HIGH", ANY_INTEGER)) -> Integer, "{{random_int 1 6}}",
        "a whole number from LOW to HIGH, both included";
    RandomFloat "random_float" (argument("LOW", Kind::Number), argument("HIGH", Kind::Number)) -> Number, "{{random_float 0 1.5}}",
        "a number from LOW to HIGH, both included";
    Pick "pick" (argument("CHOICE", Kind::Any)) repeats true -> Any, r#"{{pick "buy" "sell"}}"#,
        "one of its arguments, or of the items of a list where that is the only argument: `{{pick rooms}}`";
    RandomString "random_string" (
        argument("LENGTH", Kind::Integer { least: 0, most: LONGEST_TEXT }),
        Parameter { name: "alphabet", kind: Kind::Word(ALPHABET_NAMES), default: Some("alnum") }
    ) -> Text, "{{random_string 8 alphabet=hex}}",
        "LENGTH random characters of an alphabet";
    Add "add" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{add loop.index 1}}",
        "A plus B, whole numbers";
    Sub "sub" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{sub loop.index 1}}",
        "A minus B, whole numbers";
    Mul "mul" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{mul loop.index 2}}",
        "A times B, whole numbers";
    Div "div" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{div user.id 10}}",
        "A divided by B, rounded down to a whole number";
    Mod "mod" (argument("A", ANY_INTEGER), argument("B", ANY_INTEGER)) -> Integer, "{{mod user.id 10}}",
        "what is left of A divided by B: from 0 to B - 1";
    Json "json" (argument("VALUE", Kind::Any)) -> Text, "{{json account}}",
        "the JSON text of a value, as a string: a string comes with its quotes";
    Upper "upper" (argument("TEXT", Kind::Any)) -> Text, "{{upper room}}",
        "the text in upper case";
    Lower "lower" (argument("TEXT", Kind::Any)) -> Text, "{{lower room}}",
        "the text in lower case";
    Sha256 "sha256" (TEXT, ENCODING) -> Text, "{{sha256 room}}",
        "the SHA-256 digest of the text";
    HmacSha256 "hmac_sha256" (
        argument("KEY", Kind::Any),
        TEXT,
        Parameter { name: "key", kind: Kind::Word(KEY_FORMS), default: Some("text") },
        ENCODING
    ) -> Text, r#"{{hmac_sha256 "key" room encoding=base64}}"#,
        "the HMAC of the text with SHA-256 (RFC 2104); `key` says whether KEY is the key itself, or its `hex` or `base64`";
    Jwt "jwt" (
        argument("CLAIMS", Kind::Map),
        argument("SECRET", Kind::Any),
        Parameter { name: "alg", kind: Kind::Word(ALGORITHMS), default: Some("HS256") }
    ) -> Text, r#"{{jwt account "secret"}}"#,
        "a JSON web token of a map, signed (RFC 7519): HEADER.CLAIMS.SIGNATURE";
    Base64 "base64" (TEXT) -> Text, "{{base64 room}}",
        "the text in base64 (RFC 4648 section 4)";
    Base64Url "base64url" (TEXT) -> Text, "{{base64url room}}",
        "the text in base64 for URLs, without padding (RFC 4648 section 5)";
    Base64Decode "base64_decode" (TEXT) -> Text, r#"{{base64_decode "bG9iYnk="}}"#,
        "the text that base64 of either kind stands for, padded or not";
    Hex "hex" (TEXT) -> Text, "{{hex room}}",
        "the bytes of the text in hexadecimal";
    @made_up
    Name "fake.name" -> Text, "a first and a last name";
    FirstName "fake.first_name" -> Text, "a first name";
    LastName "fake.last_name" -> Text, "a last name";
    Username "fake.username" -> Text, "a name for a login: small letters, digits and `_`";
    Password "fake.password" -> Text, "12 to 20 letters, digits and signs";
    Email "fake.email" -> Text, "an address at `example.com`, `example.net` or `example.org`, where nobody gets mail";
    Phone "fake.phone" -> Text, "a telephone number, as they are written in North America";
    Company "fake.company" -> Text, "the name of a company";
    Job "fake.job" -> Text, "what somebody works as";
    Street "fake.street" -> Text, "a number and a street";
    City "fake.city" -> Text, "a city";
    State "fake.state" -> Text, "a state of the USA";
    Postcode "fake.postcode" -> Text, "a postcode of the USA";
    Country "fake.country" -> Text, "a country";
    CountryCode "fake.country_code" -> Text, "a country in two letters (ISO 3166-1)";
    Latitude "fake.latitude" -> Number, "degrees from -90 to 90";
    Longitude "fake.longitude" -> Number, "degrees from -180 to 180";
    Word "fake.word" -> Text, "a word of Latin";
    Sentence "fake.sentence" -> Text, "4 to 10 words with a full stop";
    Paragraph "fake.paragraph" -> Text, "3 to 6 sentences";
    Title "fake.title" -> Text, "2 to 4 words, the first with a capital";
    Phrase "fake.phrase" -> Text, "what a company would say of itself";
    Domain "fake.domain" -> Text, "a name below `example.com`, `example.net` or `example.org`";
    Url "fake.url" -> Text, "an `https` address of such a name";
    Ipv4 "fake.ipv4" -> Text, "an IPv4 address";
    Ipv6 "fake.ipv6" -> Text, "an IPv6 address";
    Mac "fake.mac" -> Text, "the address of a network card";
    UserAgent "fake.user_agent" -> Text, "what a browser says it is";
    FileName "fake.file_name" -> Text, "the name of a file";
    MimeType "fake.mime_type" -> Text, "the type of a file, such as `image/png`";
    Color "fake.color" -> Text, "a colour: `#1A2B3C`";
    Currency "fake.currency" -> Text, "a currency in three letters (ISO 4217)";
    CardNumber "fake.card_number" -> Text, "the number of a credit card, with a check digit that is right";
    Bool "fake.bool" -> Any, "true or false";
}

impl Helper {
    /// The helper of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|helper| helper.name() == name)
    }

    /// Its name in templates.
    pub fn name(self) -> &'static str {
        self.signature().name
    }

    /// What it gives for arguments that are known when the plan is compiled; `None` for a helper that needs
    /// randomness or the clock.
    pub fn fold(self, arguments: &[&Value]) -> Option<Value> {
        if let Some(signed) = sign::compute(self, arguments) {
            return signed.ok().map(Value::Text);
        }
        match (self, arguments) {
            (Self::Json, [value]) => Some(Value::Text(value.to_json_text())),
            (Self::Upper, [value]) => Some(Value::Text(value.to_text().to_uppercase())),
            (Self::Lower, [value]) => Some(Value::Text(value.to_text().to_lowercase())),
            (_, [a, b]) => self.calculate(a, b).map(Value::Int),
            _ => None,
        }
    }

    /// Whether it gives something else each time, which no message can be compared with.
    pub fn draws(self) -> bool {
        matches!(
            self,
            Self::Uuid
                | Self::Uuid7
                | Self::RandomInt
                | Self::RandomFloat
                | Self::Pick
                | Self::RandomString
                | Self::Fake(_)
        )
    }

    /// The result of a calculation; `None` where there is none, or this is no calculation.
    fn calculate(self, a: &Value, b: &Value) -> Option<i64> {
        let (a, b) = (a.as_int()?, b.as_int()?);
        match self {
            Self::Add => a.checked_add(b),
            Self::Sub => a.checked_sub(b),
            Self::Mul => a.checked_mul(b),
            Self::Div => a.checked_div_euclid(b),
            Self::Mod => a.checked_rem_euclid(b),
            _ => None,
        }
    }

    /// What is wrong with arguments that are each of the right kind, without naming values, which may be secret. An
    /// argument is `None` where it is not known yet.
    pub fn objection(self, arguments: &[Option<&Value>]) -> Option<String> {
        match (self, arguments) {
            (Self::RandomInt, [Some(low), Some(high)]) if low.as_int() > high.as_int() => {
                Some("LOW is greater than HIGH".to_owned())
            }
            (Self::RandomFloat, [Some(low), Some(high)]) if low.as_float() > high.as_float() => {
                Some("LOW is greater than HIGH".to_owned())
            }
            (Self::Div | Self::Mod, [_, Some(b)]) if b.as_int() == Some(0) => Some("B is zero".to_owned()),
            (Self::Add | Self::Sub | Self::Mul | Self::Div | Self::Mod, [Some(a), Some(b)])
                if self.calculate(a, b).is_none() =>
            {
                Some("the result has more than 64 bits".to_owned())
            }
            (Self::Pick, [Some(list)]) => match list.as_container().and_then(json::items) {
                Some(items) if items.is_empty() => Some("there is nothing in the list".to_owned()),
                Some(_) => None,
                None => Some(format!("the only argument is {} where it must be a list", list.describe())),
            },
            (Self::HmacSha256 | Self::Base64Decode, arguments) => {
                let arguments: Option<Vec<&Value>> = arguments.iter().copied().collect();
                let signed = sign::compute(self, &arguments?)?;
                signed.err().map(|fault| fault.to_string())
            }
            _ => None,
        }
    }
}

impl Kind {
    /// Whether a value is of this kind.
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Integer { least, most } => value.as_int().is_some_and(|int| (least..=most).contains(&int)),
            Self::Number => value.as_float().is_some_and(f64::is_finite),
            Self::Word(words) => matches!(value, Value::Text(text) if words.contains(&text.as_str())),
            Self::Map => value.as_container().is_some_and(|text| text.starts_with('{')),
        }
    }
}

/// With its article, for messages.
impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("a value"),
            Self::Integer { least: i64::MIN, .. } => f.write_str("a whole number"),
            Self::Integer { least, most } => write!(f, "a whole number from {least} to {most}"),
            Self::Number => f.write_str("a number"),
            Self::Word(words) => write!(f, "one of {}", words.join(", ")),
            Self::Map => f.write_str("a map"),
        }
    }
}

/// As a use of it looks: `random_string LENGTH [alphabet=alnum]`.
impl std::fmt::Display for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)?;
        for parameter in self.parameters {
            match parameter.default {
                None => write!(f, " {}", parameter.name)?,
                Some(default) => write!(f, " [{}={default}]", parameter.name)?,
            }
        }
        f.write_str(if self.repeats { " ..." } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_over_both_tables() {
        let mut names: Vec<_> =
            Helper::ALL.iter().map(|h| h.name()).chain(Builtin::ALL.iter().map(|b| b.name)).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn alphabets_and_their_names_agree() {
        assert!(ALPHABETS.iter().map(|(name, _)| name).eq(ALPHABET_NAMES));
        for (name, characters) in ALPHABETS {
            let unique: std::collections::BTreeSet<_> = characters.bytes().collect();
            assert!(characters.is_ascii() && unique.len() == characters.len(), "{name}");
        }
    }

    #[test]
    fn what_may_be_left_out_comes_last() {
        for helper in Helper::ALL {
            let parameters = helper.signature().parameters;
            assert!(parameters.is_sorted_by_key(|p| p.default.is_some()), "{helper:?}");
        }
    }
}
