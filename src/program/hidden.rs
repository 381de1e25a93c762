//! What must not be shown of messages: values that came from the environment, wherever they stand, and values under names
//! that speak of passwords and tokens.
//!
//! This is for what is shown of what was sent and received. What a program shows of itself needs none of it: there a secret
//! is a value of its own kind ([`Secret`](super::Secret)).

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

#[cfg(doc)]
use super::is_secret_name;
use super::{Escape, Value};

/// What stands in place of what is hidden.
const HIDDEN: &str = "(secret)";
/// A shorter value is no secret, and would be found everywhere.
const SHORTEST_BYTES: usize = 4;

/// How names end whose values are hidden. Those of [`is_secret_name`] are among them, and more: what is hidden here is only not
/// shown, so that one too many does no harm.
const WORDS: &str = "password|passwd|passcode|passphrase|pwd|secret|token|credentials?|api[-_]?key|access[-_]?key|private[-_]?key|authorization|cookie|jwt";

static NAME: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("(?:{WORDS})$")));
/// `"password": "..."`, also where that is JSON in a string of JSON, and where the end is cut off.
static JSON_TEXT: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r#"([\w.-]*(?:{WORDS})\\*"\s*:\s*\\*")(?:[^"\\]|\\.)*\\?"#)));
/// `"token": 17`
static JSON_OTHER: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r#"([\w.-]*(?:{WORDS})\\*"\s*:\s*)[^\s",\[\]{{}}\\]+"#)));
/// `?token=...`
static PAIR: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r#"([\w.-]*(?:{WORDS})=)[^&\s"';]+"#)));
/// `Authorization: ...`
static HEADER: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"((?:^|[\r\n])[\w-]*(?:{WORDS})[ \t]*:[ \t]*)[^\r\n]+")));
/// `Bearer ...`
static BEARER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\bbearer\s+)[\w.~+/=-]+"));

fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?i){text}")).expect("the patterns are those above")
}

/// What is to be hidden of all that is shown of a run.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    /// Each as it may be written at any place, longest first.
    values: Vec<String>,
}

/// They are not shown.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

impl Secrets {
    /// Hides these values; those under four bytes are not looked for.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut secrets = Self::default();
        secrets.add(values);
        secrets
    }

    /// Hides these values as well.
    pub fn add(&mut self, values: impl IntoIterator<Item = String>) {
        let written = &mut self.values;
        for value in values.into_iter().filter(|value| value.len() >= SHORTEST_BYTES) {
            let value = Value::Text(value);
            for escape in [Escape::None, Escape::JsonString, Escape::Url] {
                let mut bytes = Vec::new();
                escape.write(&value, &mut bytes);
                written.extend(String::from_utf8(bytes));
            }
        }
        written.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        written.dedup();
    }

    /// Whether the value of something that is called this is hidden.
    pub fn is_name_of_one(name: &str) -> bool {
        NAME.is_match(name)
    }

    /// A text without what is secret. Where its end is cut off (`is_cut`), so is what may be the beginning of a secret.
    pub fn hide(&self, text: &str, is_cut: bool) -> String {
        let mut hidden = Cow::Borrowed(text);
        for value in self.values.iter().filter(|value| text.contains(value.as_str())) {
            hidden = hidden.replace(value, HIDDEN).into();
        }
        if is_cut && let Some(rest) = self.begun_at_end(&hidden) {
            hidden = format!("{}{HIDDEN}", &hidden[..hidden.len() - rest]).into();
        }
        for pattern in [&JSON_TEXT, &JSON_OTHER, &PAIR, &HEADER, &BEARER] {
            hidden = pattern.replace_all(&hidden, format!("${{1}}{HIDDEN}")).into_owned().into();
        }
        hidden.into_owned()
    }

    /// How many bytes at the end of a text are the beginning of a secret.
    fn begun_at_end(&self, text: &str) -> Option<usize> {
        let longest = |value: &String| {
            let lengths = value.char_indices().map(|(at, _)| at).filter(|at| *at > 2);
            lengths.filter(|at| text.ends_with(&value[..*at])).max()
        };
        self.values.iter().filter_map(longest).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        Secrets::new(["hunter2!".to_owned(), "hunter2!hunter3!".to_owned(), "a\"b/c".to_owned()])
            .hide(text, false)
    }

    #[test]
    fn values_are_hidden_however_they_are_written() {
        let cases = [
            ("say hunter2! twice: hunter2!", "say (secret) twice: (secret)"),
            ("hunter2!hunter3!", "(secret)"),
            ("/chat?x=hunter2%21&y=1", "/chat?x=(secret)&y=1"),
            (r#"{"x":"a\"b/c"}"#, r#"{"x":"(secret)"}"#),
            ("x=a%22b%2Fc", "x=(secret)"),
            ("hunter2?", "hunter2?"),
        ];
        for (text, wanted) in cases {
            assert_eq!(hidden(text), wanted);
        }
    }

    #[test]
    fn values_are_hidden_under_names_that_speak_of_secrets() {
        let cases = [
            (r#"{"user":"ann","password":"x\"y","n":1}"#, r#"{"user":"ann","password":"(secret)","n":1}"#),
            (r#"{"accessToken" : "abc", "n":1}"#, r#"{"accessToken" : "(secret)", "n":1}"#),
            (r#"{"api_key":17,"n":1}"#, r#"{"api_key":(secret),"n":1}"#),
            (r#"{"secrets":["a"],"n":1}"#, r#"{"secrets":["a"],"n":1}"#),
            (r#"{"password":"cut o"#, r#"{"password":"(secret)"#),
            (r#"{"body":"{\"token\":\"abc\",\"n\":1}"}"#, r#"{"body":"{\"token\":\"(secret)"}"#),
            ("user=ann&password=x%21&n=1", "user=ann&password=(secret)&n=1"),
            ("/chat?auth_token=abc", "/chat?auth_token=(secret)"),
            ("CONNECT\nlogin:ann\npasscode: x y\n\n", "CONNECT\nlogin:ann\npasscode: (secret)\n\n"),
            ("authorization: Basic YTpi", "authorization: (secret)"),
            (r#"["auth","Bearer a.b-c"]"#, r#"["auth","Bearer (secret)"]"#),
            (r#"{"type":"say","text":"my token is lost"}"#, r#"{"type":"say","text":"my token is lost"}"#),
        ];
        for (text, wanted) in cases {
            assert_eq!(hidden(text), wanted);
        }
        for name in ["login.Password", "token", "client_secret", "newPassword", "X-Api-Key", "PWD", "apikey"]
        {
            assert!(Secrets::is_name_of_one(name), "{name}");
        }
        for name in ["session", "token_type", "secretary", "passwords_changed"] {
            assert!(!Secrets::is_name_of_one(name), "{name}");
        }
    }

    #[test]
    fn the_beginning_of_a_secret_at_the_end_is_hidden_where_the_rest_is_cut_off() {
        let secrets = Secrets::new(["hunter2!".to_owned()]);
        assert_eq!(secrets.hide("it is hunt", true), "it is (secret)");
        assert_eq!(secrets.hide("it is hunt", false), "it is hunt");
        assert_eq!(secrets.hide("it is h", true), "it is h");
    }

    #[test]
    fn what_is_too_short_is_no_secret() {
        let secrets = Secrets::new(["1".to_owned(), "abc".to_owned()]);
        assert_eq!(secrets.hide(r#"{"n":1,"x":"abc"}"#, true), r#"{"n":1,"x":"abc"}"#);
        assert!(!format!("{:?}", Secrets::new(["hunter2".to_owned()])).contains("hunter2"));
    }
}
