//! Template and slots in, bytes out.

use proptest::prelude::*;
use rand::SeedableRng;
use serde_json::{Map, Value as Json, json};
use wsplan::machine::{RenderFailure, Rng};
use wsplan::program::helper::Kind;
use wsplan::program::{Escape, Helper, SlotId, Value};

use super::{EPOCH, User};

const SLOTS: [(&str, &str); 7] = [
    ("name", r#""Zoë \"Z\"\n""#),
    ("count", "3"),
    ("account", r#"{"id": 12345678901234567890123, "vip": true, "tags": ["x", "y"], "none": null}"#),
    ("rooms", r#"["lobby", "attic"]"#),
    ("user.id", "17"),
    ("price", "1.50"),
    ("token", r#"{"sub": "1234567890", "name": "John Doe", "iat": 1516239022}"#),
];

fn user() -> User {
    User::with(&SLOTS)
}

#[test]
fn text_is_rendered_as_it_stands() {
    for (template, expected) in [
        ("plain", "plain"),
        ("Hi {{name}}!", "Hi Zoë \"Z\"\n!"),
        ("{{count}}{{price}}{{user.id}}", "31.5017"),
        ("{{account.id}} {{account.tags.1}} {{account.none}}", "12345678901234567890123 y null"),
        ("{{rooms}}", r#"["lobby", "attic"]"#),
        ("{{json name}} {{json rooms}}", r#""Zoë \"Z\"\n" ["lobby", "attic"]"#),
        ("{{upper (lower user.id)}} {{upper name}}", "17 ZOË \"Z\"\n"),
        ("{{len rooms}} {{lookup rooms 1}} {{eq count 3}}", "2 attic true"),
        ("{{upper (lookup rooms 0)}}", "LOBBY"),
        ("{{now_ms}} {{now_s}} {{now_iso}}", "1795163401250 1795163401 2026-11-20T08:30:01.250Z"),
        ("{{base64 name}} {{base64_decode (base64 name)}}", "Wm/DqyAiWiIK Zoë \"Z\"\n"),
        ("{{#if count}}{{hex user.id}} {{base64url (upper rooms.0)}}{{/if}}", "3137 TE9CQlk"),
        (
            "{{hmac_sha256 rooms.0 user.id}}",
            "7df58d5263f3f410f307b63c13f0ca71ab7d933cf480db8261e5aaad7d44d28d",
        ),
        (
            "{{jwt token rooms.0}}",
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.mSIMVt_Keg_8SbZdEvxpHDIStvVL2u6T9UAuPs0OxVk",
        ),
        (
            "{{add count 4}} {{sub count 4}} {{mul count count}} {{div user.id 10}} {{mod user.id 10}}",
            "7 -1 9 1 7",
        ),
        ("{{div -7 2}} {{mod -7 2}} {{#if count}}{{add 1 (mul 2 count)}}{{/if}}", "-4 1 7"),
    ] {
        assert_eq!(user().text(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn blocks_are_run_with_the_same_values_and_helpers() {
    for (template, expected) in [
        ("{{#if account.vip}}gold{{else}}tin{{/if}}", "gold"),
        ("{{#if account.none}}a{{else if (gt count 2)}}b{{else}}c{{/if}}", "b"),
        ("{{#unless count}}a{{else}}b{{/unless}}", "b"),
        ("{{#each rooms}}{{@index}}{{this}}{{#unless @last}},{{/unless}}{{/each}}", "0lobby,1attic"),
        (
            "{{#each rooms as |room at|}}{{at}}{{upper room}}{{../count}}{{@root.user.id}} {{/each}}",
            "0LOBBY317 1ATTIC317 ",
        ),
        ("{{#each account.tags}}{{this}}{{else}}none{{/each}}", "xy"),
        ("{{#with account}}{{vip}}{{tags}}{{none}}{{/with}}", r#"true["x","y"]null"#),
        ("{{#each account}}{{@key}};{{/each}}", "id;vip;tags;none;"),
        ("{{#if count}}{{price}}{{account.vip}}{{name}}{{/if}}", "1.50trueZoë \"Z\"\n"),
        (
            "{{#each rooms}}{{#each ../account.tags}}{{@../index}}{{this}}{{../this}}{{/each}}{{/each}}",
            "0xlobby0ylobby1xattic1yattic",
        ),
        ("{{#if (and account.vip (not account.none) (or false 1))}}yes{{/if}}", "yes"),
        ("{{#eq count 3}}three{{else}}other{{/eq}}", "three"),
        ("{{#if count}}{{now_ms}}{{len rooms}}{{/if}}", "17951634012502"),
        ("{{#if count}}a{{! c }}{{{{raw}}}}{{x}}{{{{/raw}}}}\\{{y}}{{/if}}", "a{{x}}{{y}}"),
        ("{{#each [1, 2]}}{{this}}{{random_int this this}}{{/each}}", "1122"),
        ("{{#if 0 includeZero=true}}zero{{/if}}", "zero"),
    ] {
        assert_eq!(user().text(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn blocks_escape_for_their_place() {
    let mut user = user();
    let json = user.json(r#"{ a: '"{{#if count}}{{name}}"{{upper name}}{{/if}}"' }"#);
    let tree: Json = serde_json::from_str(&json).unwrap();
    assert_eq!(tree, json!({ "a": "\"Zoë \"Z\"\n\"ZOË \"Z\"\n\"" }));
    let query = user.lower_text("a={{#each rooms}}{{this}}&{{../name}};{{/each}}", Escape::Url);
    assert_eq!(user.render(&query).unwrap(), "a=lobby&Zo%C3%AB%20%22Z%22%0A;attic&Zo%C3%AB%20%22Z%22%0A;");
}

#[test]
fn json_keeps_types() {
    let json = user().json(
        "{ n: '{{count}}', t: '{{count}} x', o: '{{account}}', p: '{{price}}', l: '{{len rooms}}', b: '{{eq count 3}}', \
         i: '{{random_int 5 5}}', m: '{{now_ms}}', s: '{{now_iso}}', f: '{{account.tags}}', '{{count}}': '{{upper name}}' }",
    );
    let expected = r#"{"n":3,"t":"3 x","o":{"id": 12345678901234567890123, "vip": true, "tags": ["x", "y"], "none": null},"p":1.50,"l":2,"b":true,"i":5,"m":1795163401250,"s":"2026-11-20T08:30:01.250Z","f":["x", "y"],"3":"ZOË \"Z\"\n"}"#;
    assert_eq!(json, expected);
}

#[test]
fn values_are_evaluated_with_their_types() {
    for (yaml, expected) in [
        ("'{{count}}'", Value::Int(3)),
        ("'{{account.id}}'", Value::Json("12345678901234567890123".into())),
        ("'{{account.tags.0}}'", Value::Text("x".into())),
        ("'{{count}}0'", Value::Text("30".into())),
        ("[1, '{{count}}']", Value::Json("[1,3]".into())),
        ("'{{len rooms}}'", Value::Int(2)),
        ("'{{now_ms}}'", Value::Int(1_795_163_401_250)),
        ("'{{now_iso}}'", Value::Text("2026-11-20T08:30:01.250Z".into())),
        ("'{{random_int 5 5}}'", Value::Int(5)),
        ("'{{#if count}}x{{/if}}'", Value::Text("x".into())),
    ] {
        assert_eq!(user().value(yaml), Ok(expected), "{yaml}");
    }
}

#[test]
fn what_is_not_there_is_a_failure_and_leaves_nothing_behind() {
    let slot = SlotId::new;
    for (template, failure) in [
        ("a {{account.x.y}}", RenderFailure::NoField { slot: slot(2), path: "x.y".into() }),
        ("a {{name.x}}", RenderFailure::NoField { slot: slot(0), path: "x".into() }),
        ("a {{rooms.2}}", RenderFailure::NoField { slot: slot(3), path: "2".into() }),
        ("a {{#each rooms}}{{this}}{{name}}{{/each}}", RenderFailure::NoValue { name: "name".into() }),
        ("a {{#if count}}{{account.x}}{{/if}}", RenderFailure::NoValue { name: "account.x".into() }),
        ("a {{#each account.x}}{{/each}}", RenderFailure::NoValue { name: "$2.[x]".into() }),
        (
            "a {{random_int 1 name}}",
            RenderFailure::Argument {
                helper: Helper::RandomInt,
                parameter: "HIGH",
                expected: Kind::Integer { least: i64::MIN, most: i64::MAX },
                actual: "a string",
            },
        ),
        (
            "a {{#if count}}{{random_int 10 count}}{{/if}}",
            RenderFailure::Arguments {
                helper: Helper::RandomInt,
                objection: "LOW is greater than HIGH".into(),
            },
        ),
        (
            "a {{div 1 (sub count 3)}}",
            RenderFailure::Arguments { helper: Helper::Div, objection: "B is zero".into() },
        ),
        (
            "a {{mul 9223372036854775807 count}}",
            RenderFailure::Arguments {
                helper: Helper::Mul,
                objection: "the result has more than 64 bits".into(),
            },
        ),
        (
            "a {{base64_decode name}}",
            RenderFailure::Arguments { helper: Helper::Base64Decode, objection: "TEXT is not base64".into() },
        ),
        (
            "a {{jwt rooms name}}",
            RenderFailure::Argument {
                helper: Helper::Jwt,
                parameter: "CLAIMS",
                expected: Kind::Map,
                actual: "a list",
            },
        ),
        (
            "a {{pick account.none}}",
            RenderFailure::Arguments {
                helper: Helper::Pick,
                objection: "the only argument is null where it must be a list".into(),
            },
        ),
    ] {
        assert_eq!(user().text(template), Err(failure), "{template}");
    }
    let mut unset = User::with(&[("a", "1")]);
    unset.values[0] = Value::Unset;
    for template in ["{{a}}", "{{a.b}}", "{{upper a}}", "{{#if a}}{{/if}}"] {
        assert_eq!(unset.text(template), Err(RenderFailure::Unset { slot: slot(0) }), "{template}");
    }
}

#[test]
fn helpers_make_what_they_say() {
    let mut user = user();
    let mut many =
        |template: &str| -> Vec<String> { (0..500).map(|_| user.text(template).unwrap()).collect() };
    let distinct = |texts: &[String]| texts.iter().collect::<std::collections::BTreeSet<_>>().len();

    for (helper, version) in [("{{uuid}}", 4), ("{{uuid7}}", 7)] {
        let uuids = many(helper);
        assert_eq!(distinct(&uuids), 500);
        for text in uuids {
            let uuid = uuid::Uuid::parse_str(&text).unwrap();
            assert_eq!((uuid.get_version_num(), uuid.get_variant()), (version, uuid::Variant::RFC4122));
            assert_eq!(text, uuid.hyphenated().to_string());
            if version == 7 {
                let (seconds, nanos) = uuid.get_timestamp().unwrap().to_unix();
                assert_eq!((seconds, nanos), (EPOCH.as_secs(), 250_000_000));
            }
        }
    }
    let dice = many("{{random_int 1 6}}");
    assert_eq!(distinct(&dice), 6, "both ends come");
    assert!(dice.iter().all(|text| (1..=6).contains(&text.parse::<i64>().unwrap())));
    assert_eq!(distinct(&many("{{random_int -9223372036854775808 9223372036854775807}}")), 500);
    let floats = many("{{random_float -1.5 2}}");
    assert!(distinct(&floats) > 490);
    assert!(floats.iter().all(|text| (-1.5..=2.0).contains(&text.parse::<f64>().unwrap())));
    let wide = many("{{random_float -1.7e308 1.7e308}}".replace('e', "E").as_str());
    assert!(wide.iter().all(|text| text.parse::<f64>().unwrap().is_finite()));
    assert_eq!(distinct(&many("{{pick 1 \"a\" count}}")), 3);
    assert_eq!(distinct(&many("{{pick rooms}}")), 2);
    assert_eq!(distinct(&many("{{pick [1, 2, 3, 4]}}")), 4);
    for (template, length, alphabet) in [
        ("{{random_string 8}}", 8, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
        ("{{random_string 36 alphabet=hex}}", 36, "0123456789abcdef"),
        ("{{random_string 37 alphabet=digits}}", 37, "0123456789"),
        ("{{random_string 0}}", 0, ""),
    ] {
        for text in many(template) {
            assert!(text.len() == length && text.chars().all(|c| alphabet.contains(c)), "{template}: {text}");
        }
    }
}

#[test]
fn what_is_made_up_looks_like_what_it_is_called() {
    let mut user = user();
    let every = Helper::ALL.iter().filter(|helper| matches!(helper, Helper::Fake(_)));
    for helper in every {
        let example = helper.signature().example;
        let texts: Vec<String> = (0..200).map(|_| user.text(example).unwrap()).collect();
        let distinct = texts.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert!(
            distinct > if example == "{{fake.bool}}" { 1 } else { 10 },
            "{example}: {distinct} of 200 differ"
        );
        assert!(
            texts.iter().all(|text| !text.is_empty() && !text.contains(['{', '}'])),
            "{example}: {texts:?}"
        );
        let mut same = |inner: &str| {
            user.rng = Rng::seed_from_u64(9);
            user.text(inner).unwrap()
        };
        assert_eq!(same(example), same(example), "{example}");
        assert_eq!(
            same(example),
            same(&format!("{{{{#if count}}}}{example}{{{{/if}}}}")),
            "{example} inside a block"
        );
    }
    let shapes = [
        ("{{fake.email}}", r"^[a-z]+\.[a-z]+\d{1,4}@example\.(com|net|org)$"),
        ("{{fake.username}}", r"^[a-z]+_[a-z]+\d{1,4}$"),
        ("{{fake.name}}", r"^[A-Z][A-Za-z']+ [A-Z][A-Za-z']+$"),
        ("{{fake.sentence}}", r"^[A-Z][a-z]*( [a-z]+){3,9}\.$"),
        ("{{fake.title}}", r"^[A-Z][a-z]*( [a-z]+){1,3}$"),
        ("{{fake.password}}", r"^\S{12,20}$"),
        ("{{fake.ipv4}}", r"^\d{1,3}(\.\d{1,3}){3}$"),
        ("{{fake.mac}}", r"^[0-9A-F]{2}(:[0-9A-F]{2}){5}$"),
        ("{{fake.postcode}}", r"^\d{5}(-\d{4})?$"),
        ("{{fake.country_code}}", r"^[A-Z]{2}$"),
        ("{{fake.currency}}", r"^[A-Z]{3}$"),
        ("{{fake.color}}", r"^#[0-9A-F]{6}$"),
        ("{{fake.url}}", r"^https://[a-z]+\.example\.(com|net|org)/[a-z]+$"),
        ("{{fake.mime_type}}", r"^[a-z-]+/\S+$"),
    ];
    for (template, shape) in shapes {
        let shape = regex::Regex::new(shape).unwrap();
        for _ in 0..200 {
            let text = user.text(template).unwrap();
            assert!(shape.is_match(&text), "{template}: {text}");
        }
    }
    for (template, limit) in [("'{{fake.latitude}}'", 90.0), ("'{{fake.longitude}}'", 180.0)] {
        for _ in 0..200 {
            let Ok(Value::Float(degrees)) = user.value(template) else { panic!("{template} is no number") };
            assert!(degrees.abs() <= limit, "{degrees}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let template = "{{uuid}} {{uuid7}} {{random_int 1 1000000}} {{random_float 0 1}} {{pick rooms}} {{random_string 12}} \
        {{#each rooms}}{{uuid}}{{random_int 1 1000000}}{{/each}} {{pick (uuid) (uuid)}} {{random_int 1 1000000}}";
    let (mut one, mut two, mut other) = (user(), user(), user());
    other.rng = Rng::seed_from_u64(8);
    let first = one.text(template).unwrap();
    assert_eq!(first, two.text(template).unwrap());
    assert_ne!(first, other.text(template).unwrap());
    assert_ne!(first, one.text(template).unwrap(), "blocks hand the randomness on");
}

/// A value of a slot, as JSON text.
fn slot_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("JSON has no others", |f| f.is_finite()).prop_map(|f| json!(f).to_string()),
        "[0-9]{1,3}\\.[0-9]{1,30}"
            .prop_map(|n| n.trim_start_matches('0').to_owned())
            .prop_filter("starts with a digit", |n| !n.starts_with('.')),
        "[1-9][0-9]{18,40}",
        any::<String>().prop_map(|text| json!(text).to_string()),
        "[\\x00-\\x7f]{0,12}".prop_map(|text| json!(text).to_string()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(",\n"))),
            prop::collection::vec((any::<String>(), inner), 0..4).prop_map(|entries| {
                let entries = entries.iter().map(|(key, value)| format!("{}: {value}", json!(key)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }),
        ]
    })
}

/// A string of a plan: author's text without braces, and slots.
fn plan_string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>().prop_map(|text| text.replace(['{', '}', '\\'], "<")),
        (0..4usize).prop_map(|slot| format!("{{{{s{slot}}}}}")),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

/// A JSON body of a plan.
fn plan_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        plan_string().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((plan_string(), inner), 0..4)
                .prop_map(|e| Json::Object(e.into_iter().collect())),
        ]
    })
}

/// What a body must become, by the rules of `docs/templates.md`.
fn expected(body: &Json, slots: &[String]) -> Json {
    match body {
        Json::String(text) => match text.strip_prefix("{{s").and_then(|rest| rest.strip_suffix("}}")) {
            Some(slot) if slot.len() == 1 => {
                serde_json::from_str(&slots[slot.parse::<usize>().unwrap()]).unwrap()
            }
            _ => Json::String(expected_text(text, slots)),
        },
        Json::Array(items) => items.iter().map(|item| expected(item, slots)).collect(),
        Json::Object(map) => Json::Object(
            map.iter()
                .map(|(key, value)| (expected_text(key, slots), expected(value, slots)))
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

fn expected_text(text: &str, slots: &[String]) -> String {
    slots
        .iter()
        .enumerate()
        .fold(text.to_owned(), |text, (i, slot)| {
            let value = match serde_json::from_str(slot).unwrap() {
                Json::String(text) => text,
                _ => slot.clone(),
            };
            // What a value brings in is not looked through again.
            text.split(&format!("{{{{s{i}}}}}"))
                .collect::<Vec<_>>()
                .join(&value.replace("{{s", "\u{0}{{\u{0}s"))
        })
        .replace("\u{0}{{\u{0}s", "{{s")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_values_in_any_body_give_the_json_that_was_meant(body in plan_json(), slots in prop::collection::vec(slot_json(), 4)) {
        prop_assume!(body.is_array() || body.is_object());
        let names: Vec<String> = (0..4).map(|i| format!("s{i}")).collect();
        let pairs: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(slots.iter().map(String::as_str)).collect();
        let mut user = User::with(&pairs);
        // Through the tree, not through YAML text, whose own rules about control characters are not the matter here.
        let template = user.lower_json(&serde_json::to_string(&body).unwrap().replace('\u{7f}', "\\u007f"));
        let rendered = user.render(&template).unwrap();
        let tree: Json = serde_json::from_str(&rendered).unwrap();
        prop_assert_eq!(tree, expected(&body, &slots), "{}", rendered);
    }

    #[test]
    fn blocks_in_json_strings_never_break_them(text in any::<String>(), value in any::<String>()) {
        let text = text.replace(['{', '}', '\\'], "<");
        let mut user = User::with(&[("x", &json!([value]).to_string())]);
        let template = user.lower_json(&json!([format!("-{{{{#each x}}}}-{text}{{{{this}}}}-{{{{/each}}}}-")]).to_string().replace('\u{7f}', "\\u007f"));
        let tree: Json = serde_json::from_str(&user.render(&template).unwrap()).unwrap();
        prop_assert_eq!(tree, json!([format!("--{text}{value}--")]));
    }
}
