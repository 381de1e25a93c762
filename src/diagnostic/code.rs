//! The table of stable codes, grouped by stage: `00` files, `01` syntax, `02` shape, `03` expressions, `04` names
//! and flow, `05` before a run, `06` while running. A code keeps its number and meaning for ever, also when it is given up (307); the prose and an
//! example of each stand in `docs/diagnostics.md`, which `wsplan explain` prints from.

use super::Severity;

/// A stable code such as `WSP0201`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    number: u16,
    severity: Severity,
    title: &'static str,
}

impl Code {
    /// The severity that diagnostics with this code have unless they say otherwise.
    pub fn severity(self) -> Severity {
        self.severity
    }

    /// What the code means, in a few words.
    pub fn title(self) -> &'static str {
        self.title
    }

    /// Every code there is, by number.
    pub fn all() -> &'static [Code] {
        codes::ALL
    }

    /// The code that is written `text`, in any case.
    pub fn parse(text: &str) -> Option<Code> {
        Self::all().iter().copied().find(|code| code.to_string().eq_ignore_ascii_case(text.trim()))
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WSP{:04}", self.number)
    }
}

macro_rules! codes {
    ($($name:ident = $number:literal, $severity:ident, $title:literal;)*) => {
        /// The codes by name.
        pub mod codes {
            use super::{Code, Severity};
            $(
                #[doc = $title]
                pub const $name: Code = Code { number: $number, severity: Severity::$severity, title: $title };
            )*
            pub(super) const ALL: &[Code] = &[$($name),*];
        }
    };
}

codes! {
    UNREADABLE_FILE = 1, Error, "file cannot be read";
    FILE_TOO_LARGE = 2, Error, "file is over the size limit";
    NOT_UTF8 = 3, Error, "file is not UTF-8";

    SYNTAX = 101, Error, "not valid YAML or JSON";
    DUPLICATE_KEY = 102, Error, "key stands twice in one map";
    TOO_DEEP = 103, Error, "nested deeper than the limit";
    TOO_MANY_NODES = 104, Error, "more values than the limit";
    TOO_MANY_ALIASES = 105, Error, "more aliases than the limit";
    SEVERAL_DOCUMENTS = 106, Error, "more than one document in a file";
    EMPTY_PLAN = 107, Error, "file holds no plan";
    KEY_NOT_TEXT = 108, Error, "key is not a string";

    UNKNOWN_KEY = 201, Error, "unknown key";
    MISSING_KEY = 202, Error, "missing key";
    WRONG_TYPE = 203, Error, "value of the wrong type";
    NO_VERB = 204, Error, "step without a verb";
    SEVERAL_VERBS = 205, Error, "step with more than one verb";
    MISSING_UNIT = 206, Error, "number where a unit is meant";
    MALFORMED_VALUE = 207, Error, "malformed value";
    OUT_OF_RANGE = 208, Error, "value out of range";
    UNKNOWN_WORD = 209, Error, "word that is not in the list";
    CONFLICTING_KEYS = 210, Error, "keys that exclude each other";
    EMPTY_VALUE = 211, Error, "nothing where something is needed";
    NOT_UNDERSTOOD = 299, Error, "a step that was checked but not understood";

    TEMPLATE_SYNTAX = 301, Error, "template does not parse";
    UNKNOWN_HELPER = 302, Error, "unknown helper";
    HELPER_ARGUMENTS = 303, Error, "wrong arguments for a helper";
    BAD_JSONPATH = 304, Error, "JSONPath does not compile";
    BAD_REGEX = 305, Error, "regular expression does not compile";
    BAD_TARGET = 306, Error, "target is not a WebSocket URL";
    BAD_THRESHOLD = 308, Error, "threshold does not parse";
    BAD_BINARY = 309, Error, "binary body does not decode";
    BODY_FILE = 310, Error, "body file cannot be used";
    BAD_HEADER = 311, Error, "header cannot be sent";
    BAD_SUBPROTOCOL = 312, Error, "subprotocol is not a token";
    NOT_CONSTANT = 313, Error, "value is not constant";
    BAD_CLOSE = 314, Error, "close code or reason cannot be sent";
    BAD_CERTIFICATE = 315, Error, "certificate or key cannot be used";
    NOT_A_LIST = 316, Error, "value is no list";
    BAD_PROXY = 317, Error, "proxy is not an HTTP URL";
    BAD_REQUEST = 318, Error, "HTTP request cannot be sent";
    FOREIGN_TO_PROTOCOL = 319, Error, "not of the plan's protocol";
    BAD_DATA = 320, Error, "data file cannot be used";

    UNDEFINED_NAME = 401, Error, "undefined name";
    POSSIBLY_UNSET = 402, Error, "capture may be unset at its use";
    UNUSED_VARIABLE = 403, Warning, "variable is never used";
    UNUSED_CAPTURE = 404, Warning, "capture is never used";
    UNREACHABLE_STEP = 405, Warning, "step is never reached";
    NOT_CONNECTED = 406, Error, "step needs a connection";
    CLOSED_BEFORE = 407, Error, "step after close needs a connection";
    SPINNING_LOOP = 408, Error, "loop would spin";
    SHADOWED_EXPECT = 409, Error, "expect can never match";
    UNKNOWN_METRIC = 410, Error, "threshold names an unknown metric";
    TIMEOUT_OVER_RUN = 411, Warning, "timeout is longer than the run";
    ZERO_WEIGHT = 412, Error, "nothing can be chosen";
    UNSET_ENVIRONMENT = 413, Error, "environment variable is not set";
    UNKNOWN_OVERRIDE = 414, Error, "override names an unknown variable";
    ALREADY_CONNECTED = 415, Error, "connect while connected";
    RESERVED_NAME = 416, Error, "name is reserved";
    NO_CORRELATION = 417, Error, "reply that cannot be told from others";
    UNKNOWN_CONNECTION = 418, Error, "no such connection";
    AMBIGUOUS_CONNECTION = 419, Error, "step that may act on several connections";
    UNKNOWN_STREAM = 430, Error, "no such delivery stream";
    HALF_STREAM = 431, Error, "delivery stream lacks one of its ends";
    NO_DELIVERY_KEY = 432, Error, "published message has no key";
    MISPLACED_PUBLISH = 433, Error, "publish beside a step that sends nothing";
    DELIVERY_ONCE = 434, Error, "delivery in a setup or a teardown";
    FEW_ROWS = 440, Warning, "data file has fewer rows than users";
    UNKNOWN_FRAGMENT = 450, Error, "no such fragment";
    FRAGMENT_NESTING = 451, Error, "fragment that uses itself, or too many";
    FRAGMENT_FILE = 452, Error, "file of steps cannot be used";
    FRAGMENT_ARGUMENTS = 453, Error, "wrong parameters for a fragment";
    UNUSED_FRAGMENT = 454, Warning, "fragment is never used";
    IMPOSSIBLE_BARRIER = 455, Error, "barrier that cannot open";
    UNKNOWN_POOL = 456, Error, "no such pool";
    UNUSED_POOL = 457, Warning, "pool is never used";
    BAD_LOAD = 460, Error, "load that cannot be";
    IDLE_LOAD = 461, Warning, "load without users, or users without a load";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_so_that_none_is_used_twice() {
        assert!(Code::all().is_sorted_by(|a, b| a.number < b.number));
    }

    #[test]
    fn parse_reads_what_display_writes() {
        for code in Code::all() {
            assert_eq!(Code::parse(&code.to_string().to_lowercase()), Some(*code));
        }
        assert_eq!(Code::parse("WSP9999"), None);
    }
}
