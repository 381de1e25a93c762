//! What is refused when a matcher or a capture is compiled, where it points, and what it advises.

use super::{compile_captures, compile_condition, compile_matcher};

/// A matcher and what is reported.
const MATCHERS: &[(&str, &str)] = &[
    (
        "{ $type: a }",
        r#"WSP0304 `$type` is not a JSONPath; "t": `t` cannot stand here; help: a name follows a dot: `$.type`"#,
    ),
    (
        "{ \"$.a.[0]\": a }",
        r#"WSP0304 `$.a.[0]` is not a JSONPath; "[": `[` cannot stand here; help: no dot before `[`: `$.a[0]`"#,
    ),
    (
        "{ $.a b: c }",
        r#"WSP0304 `$.a b` is not a JSONPath; " ": a blank cannot stand here; help: a name with other characters than letters, digits and `_` is written `['a b']`"#,
    ),
    ("{ \"$. a\": c }", r#"WSP0304 `$. a` is not a JSONPath; "\"$. a\"": not well-formed (RFC 9535)"#),
    ("{ \"$['a\": c }", r#"WSP0304 `$['a` is not a JSONPath; "'": this `'` is never closed"#),
    (
        "{ $..: a }",
        r#"WSP0304 `$..` is not a JSONPath; ".": ends too early; help: behind `..` goes a name, `*` or `[...]`: `$..*`"#,
    ),
    (
        "{ $.a.: a }",
        r#"WSP0304 `$.a.` is not a JSONPath; ".": ends too early; help: a name follows the dot, or there is none: `$.a`"#,
    ),
    (
        "{ $.user-id: a }",
        r#"WSP0304 `$.user-id` is not a JSONPath; "-": `-` cannot stand here; help: a name with other characters than letters, digits and `_` is written `['user-id']`"#,
    ),
    (
        "{ \"$.a[b]\": a }",
        r#"WSP0304 `$.a[b]` is not a JSONPath; "b": `b` cannot stand here; help: a name with other characters than letters, digits and `_` is written `['b']`"#,
    ),
    (
        "{ \"$.a[?@.b = 1]\": a }",
        r#"WSP0304 `$.a[?@.b = 1]` is not a JSONPath; "=": `=` cannot stand here; help: equality is `==`"#,
    ),
    (
        "{ \"$.a[(@.length-1)]\": a }",
        r#"WSP0304 `$.a[(@.length-1)]` is not a JSONPath; "(": `(` cannot stand here; help: the last element is `[-1]`"#,
    ),
    (
        "{ \"$.a[?@.b =~ 'x']\": a }",
        r#"WSP0304 `$.a[?@.b =~ 'x']` is not a JSONPath; "=": `=` cannot stand here; help: a regular expression is `match(@.name, 'pattern')` or `search(...)`"#,
    ),
    ("{ \"$.a[0\": a }", r#"WSP0304 `$.a[0` is not a JSONPath; "[": this `[` is never closed"#),
    (
        "{ \"$.a \": a }",
        r#"WSP0304 `$.a ` is not a JSONPath; "\"$.a \"": a blank cannot stand here; help: no blanks around it: `$.a`"#,
    ),
    (
        "{ \"$[?length(@.*) < 3]\": a }",
        r#"WSP0304 `$[?length(@.*) < 3]` is not a JSONPath; "\"$[?length(@.*) < 3]\"": `length`, `match` and `search` take single values: a query with `*`, `..`, a slice, several names or a filter may select many"#,
    ),
    (
        "{ \"$[?count(@.a)]\": a }",
        r#"WSP0304 `$[?count(@.a)]` is not a JSONPath; "\"$[?count(@.a)]\"": `length`, `count` and `value` have to be compared with something"#,
    ),
    (
        "{ \"$[?in(@.a, $.b)]\": a }",
        r#"WSP0304 `$[?in(@.a, $.b)]` is not a JSONPath; "\"$[?in(@.a, $.b)]\"": `in` is no function of RFC 9535"#,
    ),
    (
        "{ \"$[?@[?@ > 1]]\": a }",
        r#"WSP0304 `$[?@[?@ > 1]]` is not a JSONPath; "\"$[?@[?@ > 1]]\"": a filter directly on `@` inside a filter is not supported"#,
    ),
    (
        "{ \"$[99999999999999999999]\": a }",
        r#"WSP0304 `$[99999999999999999999]` is not a JSONPath; "99999999999999999999": out of range"#,
    ),
    (
        "{ $.a: { matches: \"^(a\" } }",
        r#"WSP0305 regular expression does not compile; "(": unclosed group; help: close it with `)`; a `(` that is meant as a character is written `\(`"#,
    ),
    (
        "{ $.a: { matches: 'x[z-a]y' } }",
        r#"WSP0305 regular expression does not compile; "z-a": invalid character class range, the start must be <= the end"#,
    ),
    (
        "{ $.a: { matches: 'a(?=b)' } }",
        r#"WSP0305 regular expression does not compile; "(?=": look-around, including look-ahead and look-behind, is not supported; help: patterns are matched in linear time, which this does not allow: match more, and compare what a `capture` took out"#,
    ),
    (
        "{ $.a: { matches: '\\p{Foo}' } }",
        r#"WSP0305 regular expression does not compile; "\\p{Foo}": Unicode property not found"#,
    ),
    (
        "{ $.a: { matches: '(\\w{100}){100}' } }",
        r#"WSP0305 regular expression does not compile; "'(\\w{100}){100}'": compiles to over 1 MiB; help: repeat less, or write what is repeated more narrowly than `.` or `\w`"#,
    ),
    (
        "{ $.a: { matches: 'id-{{n}}' } }",
        r#"WSP0313 a regular expression cannot hold a template; "{{n}}": known only while a user runs; help: capture what varies and compare it with `eq` or `contains`; a literal `{{` is written `\{\{`"#,
    ),
    (
        "{ text: { matches: '(?-u)\\xff' } }",
        r#"WSP0305 regular expression does not compile; "\\xff": pattern can match invalid UTF-8"#,
    ),
    ("{ $.a: { lt: [1] } }", r#"WSP0203 `lt` compares numbers or strings; "[1]": a list has no order"#),
    (
        "{ $.a: { gte: true } }",
        r#"WSP0203 `gte` compares numbers or strings; "true": a boolean has no order"#,
    ),
    (
        "{ $.a: { gte: { b: \"{{n}}\" } } }",
        r#"WSP0203 `gte` compares numbers or strings; "{ b: \"{{n}}\" }": a map has no order"#,
    ),
    (
        "{ text: 5 }",
        r#"WSP0203 text can only be compared with a string; "5": a number is no text; help: put it in quotes: `"5"`"#,
    ),
    (
        "{ text: { contains: [a] } }",
        r#"WSP0203 a part of a text can only be compared with a string; "[a]": a list is no text"#,
    ),
    (
        "{ $.a: { exists: false, eq: 1 } }",
        r#"WSP0210 `$.a` can never hold; "exists: false": must not exist; "eq: 1": but here it must have a value; help: leave one of them out"#,
    ),
    (
        "{ $.a: { one_of: [1, \"x{{upper (uuid)}}\"] } }",
        r#"WSP0313 a matcher cannot compare with a random value; "\"x{{upper (uuid)}}\"": `uuid` gives another value for every message; help: keep the value with `set` and compare with its name"#,
    ),
    (
        "{ binary: { equals: { hex: 0g } } }",
        r#"WSP0309 `g` is no hexadecimal digit; "g": ; help: two digits a byte, of 0-9 and a-f, as in `ca fe 01`"#,
    ),
    (
        "{ binary: { equals: { hex: abc } } }",
        r#"WSP0309 the last byte has one digit where it must have two; "c": ; help: two digits a byte, of 0-9 and a-f, as in `ca fe 01`"#,
    ),
    (
        "{ binary: { equals: { base64: \"a*\" } } }",
        r#"WSP0309 `*` is no Base64 character; "*": ; help: four characters for three bytes, of A-Z, a-z, 0-9, `+` and `/`, as in `yv4B`"#,
    ),
];

#[test]
fn matchers_are_refused_at_the_place() {
    for (matcher, expected) in MATCHERS {
        let compiled = compile_matcher(matcher);
        assert!(compiled.result.is_none() || !compiled.diagnostics.is_empty(), "{matcher}");
        assert_eq!(compiled.reported(), *expected, "{matcher}");
    }
}

#[test]
fn every_mistake_of_a_matcher_is_reported_at_once() {
    let compiled =
        compile_matcher("{ $a: 1, $.b: { matches: '(', lt: [] }, text: { equals: 1, contains: 2 } }");
    assert_eq!(compiled.diagnostics.len(), 5, "{}", compiled.reported());
    assert!(compiled.result.is_none());
}

/// A `capture` and what is reported.
const CAPTURES: &[(&str, &str)] = &[
    (
        "{ a: token }",
        r#"WSP0304 `token` is not a JSONPath; "t": `t` cannot stand here; help: a JSONPath starts with `$`: `$.token`"#,
    ),
    (
        "{ a: { regex: 'id=.+', group: 1 } }",
        r#"WSP0208 the pattern has no such group; "1": no group of the pattern; help: it has none; put parentheses around what is to be kept"#,
    ),
    (
        "{ a: { regex: '(a)(b)', group: 3 } }",
        r#"WSP0208 the pattern has no such group; "3": no group of the pattern; help: its groups are 1 to 2; a name is given by `(?<name>...)`"#,
    ),
    (
        "{ a: { regex: '(?<one>a)(b)', group: two } }",
        r#"WSP0209 the pattern has no such group; "two": no group of the pattern; help: its groups are 1 to 2; with names: `one`"#,
    ),
    (
        "{ a: { regex: '(' } }",
        r#"WSP0305 regular expression does not compile; "(": unclosed group; help: close it with `)`; a `(` that is meant as a character is written `\(`"#,
    ),
];

#[test]
fn captures_are_refused_at_the_place() {
    for (capture, expected) in CAPTURES {
        let compiled = compile_captures(capture);
        assert_eq!(compiled.reported(), *expected, "{capture}");
    }
}

#[test]
fn undefined_names_stop_a_condition() {
    // The names' owner reports them.
    assert!(compile_condition("{ nobody: 1 }").result.is_none());
}
