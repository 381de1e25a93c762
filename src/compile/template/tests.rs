#![expect(clippy::redundant_closure_for_method_calls, reason = "the method's path is bound to one lifetime")]

use super::*;
use crate::compile::scope::Binding;
use crate::diagnostic::nearest;
use crate::plan::syntax::{Limits, parse};
use crate::program::SlotId;

/// A few names of each kind.
struct Fixture;

const SLOTS: [&str; 5] = ["name", "user.id", "account", "rooms", "loop.index"];

impl Names for Fixture {
    fn knows(&self, name: &str) -> bool {
        SLOTS.contains(&name)
            || ["room", "limits", "list", "none"].contains(&name)
            || name.starts_with("env.")
    }

    fn resolve(&mut self, name: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<Binding> {
        if let Some(index) = SLOTS.iter().position(|slot| *slot == name) {
            return Some(Binding::Slot(SlotId::new(index)));
        }
        let json = |text: &str| Some(Binding::Constant(Value::from_json_text(text).unwrap()));
        match name {
            "room" => json("\"lobby \\\"1\\\"\""),
            "limits" => json(r#"{"max": 5, "deep": {"price": 1.50, "list": [7, "x"]}}"#),
            "list" => json(r#"["a", {"b": 1}]"#),
            "none" => json("null"),
            "env.TOKEN" => Some(Binding::Secret(Value::Text("hunter2".into()))),
            _ => {
                let help = nearest(name, SLOTS.into_iter().chain(["room"])).unwrap_or_default().to_owned();
                let diagnostic = Diagnostic::new(codes::UNDEFINED_NAME, format!("undefined name `{name}`"));
                diagnostics.push(diagnostic.label(span, "").help(help));
                None
            }
        }
    }
}

/// Runs something on the node of a YAML text; what was reported is `code message [text under the label] help`.
fn lowered<T>(
    yaml: &str,
    lower: impl FnOnce(&mut Lowering<'_>, &Node) -> Option<T>,
) -> Result<T, Vec<String>> {
    let mut sources = Sources::new();
    let file = sources.add("plan.yaml", yaml);
    let mut diagnostics = Diagnostics::new();
    let node = parse(&sources, file, &Limits::default(), &mut diagnostics).unwrap();
    assert!(diagnostics.is_empty(), "{yaml}: {diagnostics:?}");
    let mut names = Fixture;
    let result = lower(&mut Lowering::new(&sources, &mut names, &mut diagnostics), &node);
    let told = |d: Diagnostic| {
        let help = d.help.map_or(String::new(), |help| format!(" ({help})"));
        format!("{} {} [{}]{help}", d.code, d.message, sources.slice(d.labels[0].span))
    };
    match result {
        Some(value) => {
            assert!(diagnostics.is_empty(), "{yaml}: {diagnostics:?}");
            Ok(value)
        }
        None => Err(diagnostics.into_sorted().into_iter().map(told).collect()),
    }
}

fn text_with(text: &str, escape: Escape) -> Result<Template, Vec<String>> {
    let yaml = serde_json::to_string(text).unwrap();
    lowered(&yaml, |lowering, node| lowering.text(&model::Template::decode(node).unwrap(), escape))
}

fn text(text: &str) -> String {
    text_with(text, Escape::None).map_or_else(|errors| errors.join("; "), |template| template.to_string())
}

fn json(yaml: &str) -> String {
    lowered(yaml, |lowering, node| lowering.json(node))
        .map_or_else(|errors| errors.join("; "), |template| template.to_string())
}

fn value(yaml: &str) -> String {
    lowered(yaml, |lowering, node| lowering.value(node))
        .map_or_else(|errors| errors.join("; "), |expr| expr.to_string())
}

fn check(lower: impl Fn(&str) -> String, cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(lower(source), *expected, "{source}");
    }
}

#[test]
fn texts_become_segments() {
    check(
        text,
        &[
            ("", r#""""#),
            (r"a \ b \{{c}} d", r#""a \\ b {{c}} d""#),
            ("Hello {{name}}!", r#""Hello " {$0} "!""#),
            ("{{{name}}}{{&name}}", "{$0} {$0}"),
            (
                "{{user.id}}/{{account.name}}/{{account.list.[0]}}",
                r#"{$1} "/" {$2["name"]} "/" {$2["list"]["0"]}"#,
            ),
            ("{{./name}} {{this.name}} {{@root.name}}", r#"{$0} " " {$0} " " {$0}"#),
            ("a {{room}} b", r#""a lobby \"1\" b""#),
            (
                "{{limits.max}} {{limits.deep.price}} {{limits.deep.list.1}} {{list}}",
                r#""5 1.50 x [\"a\", {\"b\": 1}]""#,
            ),
            ("{{none}}", r#""null""#),
            ("a{{! words }}b{{!-- }} --}}c", r#""abc""#),
            ("a  {{~name~}}  b", r#""a" {$0} "b""#),
            ("{{uuid}} {{(uuid)}}", r#"{uuid()} " " {uuid()}"#),
            ("{{random_int 1 (random_int 2 3)}}", "{random_int(1, random_int(2, 3))}"),
            ("{{random_int 1 limits.max}}", "{random_int(1, 5)}"),
            (
                "{{random_string 8}}{{random_string 8 alphabet=hex}}",
                r#"{random_string(8, "alnum")} {random_string(8, "hex")}"#,
            ),
            (r#"{{random_string 8 alphabet="hex"}}"#, r#"{random_string(8, "hex")}"#),
            (r#"{{pick "a" 1.50 name}}"#, r#"{pick("a", 1.50, $0)}"#),
            ("{{pick list}}", r#"{pick("a", {"b": 1})}"#),
            ("{{pick rooms}}", "{pick($3)}"),
            (
                "{{upper room}} {{json room}} {{lower (upper name)}}",
                r#""LOBBY \"1\" \"lobby \\\"1\\\"\" " {lower(upper($0))}"#,
            ),
            ("{{pick 12345678901234567890123 1}}", "{pick(12345678901234567890123, 1)}"),
            ("{{{{raw}}}}{{x}} {{{{/raw}}}}", r#""{{x}} ""#),
            ("{{env.TOKEN}}", "{secret}"),
            ("{{upper env.TOKEN}}", "{secret}"),
            ("{{len rooms}}", r#"{interpret "{{len rooms}}"}"#),
        ],
    );
}

#[test]
fn places_have_their_own_escaping() {
    let with = |escape| move |source: &str| text_with(source, escape).unwrap().to_string();
    check(with(Escape::Url), &[("a b&x={{name}}&y={{room}}", r#""a b&x=" {$0|url} "&y=lobby%20%221%22""#)]);
    check(with(Escape::JsonString), &[("\"{{room}}\"", r#""\\\"lobby \\\"1\\\"\\\"""#)]);
}

#[test]
fn json_keeps_types_and_escapes_for_its_place() {
    check(
        json,
        &[
            (
                "{ a: '{{name}}', b: 'x {{name}}' }",
                r#""{\"a\":" {$0|json} ",\"b\":\"x " {$0|json_string} "\"}""#,
            ),
            ("[1.50, -0, 1e3, 0x10, null, true, 'a\"b']", r#""[1.50,-0,1e3,16,null,true,\"a\\\"b\"]""#),
            (
                "{ '{{name}}': { '{{room}}': [] } }",
                r#""{\"" {$0|json_string} "\":{\"lobby \\\"1\\\"\":[]}}""#,
            ),
            (
                "{ n: '{{limits.max}}', t: '{{limits.max}} x', l: '{{list}}', s: '{{room}}' }",
                r#""{\"n\":5,\"t\":\"5 x\",\"l\":[\"a\", {\"b\": 1}],\"s\":\"lobby \\\"1\\\"\"}""#,
            ),
            ("['{{! c }}{{random_int 1 6}}']", r#""[" {random_int(1, 6)|json} "]""#),
            ("['{{len rooms}}']", r#""[" {interpret "{{len rooms}}"|json} "]""#),
            ("[\"say \\\"{{name}}\\\"\"]", r#""[\"say \\\"" {$0|json_string} "\\\"\"]""#),
            ("['{{env.TOKEN}}']", r#""[" {secret|json} "]""#),
            ("{}", r#""{}""#),
        ],
    );
}

#[test]
fn values_keep_their_types() {
    check(
        value,
        &[
            ("7", "7"),
            ("1.50", "1.50"),
            ("text", r#""text""#),
            ("'{{limits.max}}'", "5"),
            ("'{{name}}'", "$0"),
            ("'{{random_int 1 6}}'", "random_int(1, 6)"),
            ("'a {{name}}'", r#"text("a " {$0})"#),
            ("'a {{room}}'", r#""a lobby \"1\"""#),
            ("[1, '{{limits.max}}']", "[1,5]"),
            ("[1, '{{name}}']", r#"json("[1," {$0|json} "]")"#),
            ("'Bearer {{env.TOKEN}}'", "secret"),
            ("{ a: '{{env.TOKEN}}' }", "secret"),
        ],
    );
}

#[test]
fn constants_are_values_known_now() {
    let constant = |yaml: &str| lowered(yaml, |lowering, node| lowering.constant(node));
    assert_eq!(constant("'{{upper room}}!'").unwrap().value, Value::Text("LOBBY \"1\"!".into()));
    assert_eq!(constant("'{{limits.deep.price}}'").unwrap().value, Value::Json("1.50".into()));
    let secret = constant("'Bearer {{env.TOKEN}}'").unwrap();
    assert_eq!((secret.value, secret.secret), (Value::Text("Bearer hunter2".into()), true));
    for (yaml, label) in [
        ("'a {{room}} {{name}} {{uuid}}'", "{{name}}"),
        ("'{{uuid}}'", "{{uuid}}"),
        ("{ a: [1, 'x {{user.id}}'] }", "{{user.id}}"),
        ("'x {{#if room}}y{{/if}}'", "{{#if room}}"),
    ] {
        let errors = constant(yaml).unwrap_err();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].starts_with(&format!("WSP0313 value is not constant [{label}]")), "{errors:?}");
    }
}

#[test]
fn wrong_syntax_is_named_and_pointed_at() {
    check(
        text,
        &[
            (
                "a {{name",
                "WSP0301 `{{` is never closed [{{] (end it with as many `}`; to send braces as they are, write `\\{{`)",
            ),
            (
                "a {{{name}}",
                "WSP0301 `{{{` is never closed [{{{] (end it with as many `}`; to send braces as they are, write `\\{{`)",
            ),
            (
                "{{}} {{ }}",
                "WSP0301 nothing stands between the braces of `{{}}` [{{}}] (to send braces as they are, write `\\{{`); WSP0301 nothing stands between the braces of `{{ }}` [{{ }}] (to send braces as they are, write `\\{{`)",
            ),
            (
                "{{#if name}}x",
                "WSP0301 `{{#if name}}` is never closed [{{#if name}}] (write `{{/if}}` where the block ends)",
            ),
            ("{{#if name}}x{{/each}}", "WSP0301 `{{/each}}` closes `{{#if}}` [{{/each}}] (write `{{/if}}`)"),
            ("x{{/if}}", "WSP0301 `{{/if}}` closes nothing [{{/if}}]"),
            ("x{{else}}", "WSP0301 `{{else}}` stands outside a block [{{else}}]"),
            (
                "{{! never",
                "WSP0301 comment is never closed [{{!] (end it with `}}`, or with `--}}` where it starts with `{{!--`)",
            ),
            ("{{a.b 1}}", "WSP0301 `a.b` cannot take arguments: it is no helper [a.b]"),
            ("{{fake.word 1}}", "WSP0301 `fake.word` takes no arguments [fake.word]"),
            ("{{upper (lower name}}", "WSP0301 parentheses do not match [{{upper (lower name}}]"),
            ("{{pick 01 2}}", "WSP0301 `01` is no number [01]"),
            (
                "{{> partial}}",
                "WSP0301 partials and decorators are not part of the language [{{> partial}}] (write the text out where it is used, or keep it in `vars`)",
            ),
        ],
    );
    // Whatever the words, the place is inside the wrong tag, and each wrong tag is told.
    let errors =
        text_with("ok {{name}} {{upper name=}} x {{name,}} {{upper \"a}} é", Escape::None).unwrap_err();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[2].contains("string is never closed"), "{errors:?}");
}

#[test]
fn wrong_names_and_calls_are_all_pointed_at() {
    check(
        text,
        &[
            (
                "{{nme}} {{upper nam}}",
                "WSP0401 undefined name `nme` [nme] (name); WSP0401 undefined name `nam` [nam] (name)",
            ),
            ("{{user.ids}}", "WSP0401 undefined name `user.ids` [user.ids] (user.id)"),
            (
                "{{limits.mx}}",
                "WSP0401 `limits` is a map and has no `mx` [limits.mx] (did you mean `limits.max`?)",
            ),
            (
                "{{limits.deep.prize}}",
                "WSP0401 `limits` is a map and has no `deep.prize` [limits.deep.prize] (did you mean `limits.deep.price`?)",
            ),
            ("{{room.x}}", "WSP0401 `room` is a string and has no `x` [room.x]"),
            ("{{../name}}", "WSP0401 `../name` leads out of the template [../name]"),
            ("{{this}}", "WSP0401 `this` means something only inside `{{#each}}` or `{{#with}}` [this]"),
            (
                "{{@index}}",
                "WSP0401 `@index` means something only inside `{{#each}}` [@index] (inside `{{#each}}` there are `@index`, `@key`, `@first` and `@last`)",
            ),
            (
                "{{randm_int 1 2}}",
                "WSP0302 unknown helper `randm_int` [randm_int] (did you mean `random_int`?)",
            ),
            ("{{upper (lwer name)}}", "WSP0302 unknown helper `lwer` [lwer] (did you mean `lower`?)"),
            ("{{room 1}}", "WSP0302 `room` is a value and takes no arguments [room]"),
            ("{{#iff name}}{{/iff}}", "WSP0302 unknown block `iff` [iff] (did you mean `{{#if}}`?)"),
            (
                "{{#name}}{{/name}}",
                "WSP0302 unknown block `name` [name] (write `{{#if name}}`, `{{#each name}}` or `{{#with name}}`)",
            ),
            (
                "{{random_int 1}}",
                "WSP0303 `random_int` takes 2 arguments, not 1 [{{random_int 1}}] (it is `random_int LOW HIGH`: {{random_int 1 6}})",
            ),
            (
                "{{upper (uuid 1)}}",
                "WSP0303 `uuid` takes no arguments, not 1 [(uuid 1)] (it is `uuid`: {{uuid}})",
            ),
            ("a {{random_int 10 1}}", "WSP0303 `random_int`: LOW is greater than HIGH [{{random_int 10 1}}]"),
            (
                "{{random_int 1 \"x\"}}",
                r#"WSP0303 HIGH of `random_int` is "x" where it must be a whole number [\"x\"]"#,
            ),
            (
                "{{random_int 1.5 limits}}",
                "WSP0303 LOW of `random_int` is 1.5 where it must be a whole number [1.5]; WSP0303 HIGH of `random_int` is a map where it must be a whole number [limits]",
            ),
            (
                "{{random_string 70000}}",
                "WSP0303 LENGTH of `random_string` is 70000 where it must be a whole number from 0 to 65536 [70000]",
            ),
            (
                "{{random_string 8 alphabet=\"hx\"}}",
                r#"WSP0303 alphabet of `random_string` is "hx" where it must be one of alnum, alpha, digits, hex, lower, upper, url [\"hx\"]"#,
            ),
            (
                "{{random_string 8 alphabt=hex}}",
                "WSP0303 `random_string` has no argument `alphabt` [alphabt] (did you mean `alphabet`?)",
            ),
            (
                "{{random_string 8 alphabet=hex alphabet=hex}}",
                "WSP0303 `alphabet` is given to `random_string` more than once [alphabet]",
            ),
            (
                "{{pick 1}}",
                "WSP0303 `pick`: the only argument is a number where it must be a list [{{pick 1}}]",
            ),
            ("{{pick []}}", "WSP0303 `pick`: there is nothing in the list [{{pick []}}]"),
            ("{{upper uuid}}", "WSP0303 `uuid` is a helper, not a value [uuid] (write `(uuid)` to call it)"),
            ("{{if name}}", "WSP0303 `if` is a block [if] ({{#if vip}}gold{{else}}tin{{/if}})"),
            (
                "{{eq 1}}",
                "WSP0303 `eq` takes 2 arguments, not 1 [{{eq 1}}] ({{#if (eq side \"buy\")}}+{{/if}})",
            ),
            (
                "{{random_int 1 env.TOKEN}}",
                "WSP0303 HIGH of `random_int` is a string where it must be a whole number [env.TOKEN]",
            ),
        ],
    );
}

#[test]
fn names_inside_blocks_are_checked_where_they_can_be() {
    for fine in [
        "{{#each rooms}}{{this}}{{name}}{{@index}}{{../name}}{{@root.user.id}}{{/each}}",
        "{{#each rooms as |one at|}}{{one.x}} {{at}} {{../user.id}}{{else}}{{name}}{{/each}}",
        "{{#each rooms}}{{#if @first}}{{#each this}}{{@../index}}{{../../name}}{{/each}}{{/if}}{{/each}}",
        "{{#with account}}{{upper anything}}{{pick this.a ../room}}{{/with}}",
        "{{#if (eq name room)}}a{{else if account.vip}}b{{else}}c{{/if}}",
        "{{#if loop.index includeZero=true}}a{{/if}}",
        "{{#eq name room}}a{{/eq}}{{{{raw}}}}{{x}}{{{{/raw}}}}",
    ] {
        assert!(text_with(fine, Escape::None).is_ok(), "{fine}: {:?}", text_with(fine, Escape::None));
    }
    check(
        text,
        &[
            (
                "{{#if nme}}{{nam}}{{else}}{{nae}}{{/if}}",
                "WSP0401 undefined name `nme` [nme] (name); WSP0401 undefined name `nam` [nam] (name); WSP0401 undefined name `nae` [nae] (name)",
            ),
            (
                "{{#if name}}a{{else if nme}}b{{else if nam}}c{{/if}}",
                "WSP0401 undefined name `nme` [nme] (name); WSP0401 undefined name `nam` [nam] (name)",
            ),
            (
                "{{#each rooms}}{{../nme}}{{@root.nam}}{{else}}{{this}}{{/each}}",
                "WSP0401 undefined name `nme` [../nme] (name); WSP0401 undefined name `nam` [@root.nam] (name); WSP0401 `this` means something only inside `{{#each}}` or `{{#with}}` [this]",
            ),
            (
                "{{#each rooms}}{{../../name}}{{/each}}",
                "WSP0401 `../../name` leads out of the template [../../name]",
            ),
            (
                "{{#each rooms}}{{random_int 1}}{{/each}}",
                "WSP0303 `random_int` takes 2 arguments, not 1 [{{random_int 1}}] (it is `random_int LOW HIGH`: {{random_int 1 6}})",
            ),
            (
                "{{#each rooms}}{{@indx}}{{/each}}",
                "WSP0401 unknown name `@indx` [@indx] (inside `{{#each}}` there are `@index`, `@key`, `@first` and `@last`)",
            ),
            ("{{#each rooms as |one|}}{{/each}}{{one}}", "WSP0401 undefined name `one` [one] ()"),
            (
                "{{#if name as |x|}}{{/if}}",
                "WSP0303 `if` gives names to 0 values, not 1 [{{#if name as |x|}}]",
            ),
            (
                "{{#if}}{{/if}}",
                "WSP0303 `if` takes one argument, not 0 [{{#if}}] ({{#if vip}}gold{{else}}tin{{/if}})",
            ),
            (
                "{{#if name}}{{> x}}{{/if}}",
                "WSP0301 partials and decorators are not part of the language [{{> x}}] (write the text out where it is used, or keep it in `vars`)",
            ),
        ],
    );
}

#[test]
fn a_block_knows_what_it_reads() {
    let template =
        text_with("{{#each rooms}}{{../name}}{{upper (uuid)}}{{/each}} {{#if room}}x{{/if}}", Escape::None);
    let template = template.unwrap();
    let [Segment::Block(each), Segment::Literal(_), Segment::Block(plain)] = template.segments.as_slice()
    else {
        panic!("{template}");
    };
    assert_eq!(each.slots, [SlotId::new(0), SlotId::new(3)]);
    assert_eq!(each.source, "{{#each rooms}}{{../name}}{{upper (uuid)}}{{/each}}");
    assert_eq!(plain.slots, []);
    assert_eq!(template.slots(), [SlotId::new(0), SlotId::new(3)]);
}

#[test]
fn labels_are_exact_in_every_style_of_text() {
    for yaml in [
        "a: 'say {{nme}}'",
        "a: say {{nme}}",
        r#"a: "say \"x\" {{nme}}""#,
        "a: |\n  first\n  then {{nme}}\n",
        "a: >-\n  first\n  then\n  {{nme}}\n",
        "{\"a\": [\"x\", {\"{{nme}}\": 1}]}",
    ] {
        let errors = lowered(yaml, |lowering, node| lowering.json(node)).unwrap_err();
        assert_eq!(errors, ["WSP0401 undefined name `nme` [nme] (name)"], "{yaml}");
    }
}

#[test]
fn limits_name_themselves() {
    let nested = |n: usize| format!("{{{{upper {}name{}}}}}", "(upper ".repeat(n), ")".repeat(n));
    assert!(text_with(&nested(16), Escape::None).is_ok());
    assert!(text(&nested(17)).contains("nested deeper than 16"));
    assert!(
        text(&nested(20_000)).contains("nested deeper than 16"),
        "long before the parser overflows its stack"
    );
    let blocks = |n: usize| format!("{}x{}", "{{#if name}}".repeat(n), "{{/if}}".repeat(n));
    assert!(text_with(&blocks(16), Escape::None).is_ok());
    assert!(text(&blocks(17)).contains("nested deeper than 16"));
    assert!(text_with(&"{{name}}".repeat(1024), Escape::None).is_ok());
    assert!(text(&"{{name}}".repeat(1025)).contains("more than 1024 tags"));
    assert!(text(&format!("{{{{name}}}}{}", "x".repeat(256 << 10))).contains("262144 are allowed"));
    assert!(text_with(&"x".repeat(1 << 20), Escape::None).is_ok(), "a text without tags may be long");
}

proptest::proptest! {
    #[test]
    fn any_text_is_lowered_or_reported_without_a_panic(
        parts in proptest::collection::vec(proptest::sample::select(PARTS.to_vec()), 0..12)
    ) {
        let source = parts.concat();
        if let Err(errors) = text_with(&source, Escape::JsonString) {
            proptest::prop_assert!(!errors.is_empty(), "{source:?} failed silently");
        }
    }
}

const PARTS: &[&str] = &[
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{#if name}}",
    "{{/if}}",
    "{{else}}",
    "{{else if room}}",
    "{{^}}",
    "{{#each rooms}}",
    "{{/each}}",
    "name",
    " ",
    "\n",
    "é",
    "\\",
    "~",
    "(",
    ")",
    "uuid",
    "pick ",
    "random_int 1 2",
    "\"",
    "'",
    "1",
    "-",
    ".",
    "/",
    "../",
    "this",
    "@index",
    "as |x|",
    "=",
    "[",
    "]",
    "{",
    "}",
    "|",
    "!",
    "--",
    "{{!--",
    "--}}",
    "{{{{raw}}}}",
    "{{{{/raw}}}}",
    "{{>x}}",
    "{{*x}}",
    "&",
    "true",
    "null",
];
