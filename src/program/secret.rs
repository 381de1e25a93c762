//! What is shown nowhere although it stands in the plan: values under names that say what they are, as in
//! `json: { password: hunter2 }`. They are sent, and neither form of a program has them.

use super::escape::Escape;
use super::template::{Expr, Secret, Segment, Template};
use super::value::Value;

/// How names end that are those of secrets, in lower case and without `-` and `_`.
const ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "privatekey",
];

/// Whether a member of a body, a form field, a query parameter or a header is called as what is to be kept secret is.
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

impl Template {
    /// The same template, whose literal parts are shown nowhere.
    #[must_use]
    pub fn hidden(self) -> Self {
        let hide = |segment| match segment {
            Segment::Literal(bytes) => {
                let text = String::from_utf8(bytes.into_vec())
                    .map_err(|bytes| Segment::Literal(bytes.into_bytes().into()));
                text.map_or_else(
                    |literal| literal,
                    |text| {
                        let value = Secret::new(Value::Text(text));
                        Segment::Value { expr: Expr::Secret(value), escape: Escape::None }
                    },
                )
            }
            other => other,
        };
        Self { segments: self.segments.into_iter().map(hide).collect() }
    }

    /// Adds all of another template.
    pub fn append(&mut self, other: Self) {
        for segment in other.segments {
            match segment {
                Segment::Literal(bytes) => self.push_literal(&bytes),
                other => self.segments.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_however_they_are_written() {
        for name in ["password", "newPassword", "client_secret", "X-Api-Key", "PWD", "access_token", "apikey"]
        {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["passwords_changed", "user", "token_type", "secretary", "key", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_hidden_is_sent_and_not_shown() {
        let mut body = Template::literal("{\"password\":");
        body.append(Template::literal("\"hunter2\"").hidden());
        body.push_literal(b"}");
        assert_eq!(body.to_string(), r#""{\"password\":" {secret} "}""#);
        let shown = serde_json::to_string(&body).unwrap();
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
