//! The example tables of RFC 9535, row by row. One row is left out, because it is refused: `$[?@[?@.b]]`.

use super::compile_matcher;
use wsplan::machine::{Message, Payload};
use wsplan::program::matcher::Clause;
use wsplan::program::{Path, PathSet, Query};

/// A section's document and its rows: a query and the nodes it selects, in order.
type Table = (&'static str, &'static [(&'static str, &'static [&'static str])]);

const BOOKSTORE: &str = r#"{"store":{"book":[
  {"category":"reference","author":"Nigel Rees","title":"Sayings of the Century","price":8.95},
  {"category":"fiction","author":"Evelyn Waugh","title":"Sword of Honour","price":12.99},
  {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553-21311-3","price":8.99},
  {"category":"fiction","author":"J. R. R. Tolkien","title":"The Lord of the Rings","isbn":"0-395-19395-8","price":22.99}
],"bicycle":{"color":"red","price":399}}}"#;

const AUTHORS: &[&str] =
    &[r#""Nigel Rees""#, r#""Evelyn Waugh""#, r#""Herman Melville""#, r#""J. R. R. Tolkien""#];

const TABLES: &[Table] = &[
    // Section 1.5, table 2; whole books by their titles.
    (
        BOOKSTORE,
        &[
            ("$.store.book[*].author", AUTHORS),
            ("$..author", AUTHORS),
            ("$.store..price", &["8.95", "12.99", "8.99", "22.99", "399"]),
            ("$..book[2].title", &[r#""Moby Dick""#]),
            ("$..book[2].author", &[r#""Herman Melville""#]),
            ("$..book[2].publisher", &[]),
            ("$..book[-1].title", &[r#""The Lord of the Rings""#]),
            ("$..book[0,1].title", &[r#""Sayings of the Century""#, r#""Sword of Honour""#]),
            ("$..book[:2].title", &[r#""Sayings of the Century""#, r#""Sword of Honour""#]),
            ("$..book[?@.isbn].title", &[r#""Moby Dick""#, r#""The Lord of the Rings""#]),
            ("$..book[?@.price<10].title", &[r#""Sayings of the Century""#, r#""Moby Dick""#]),
        ],
    ),
    // Section 2.2.3.
    (r#"{"k":"v"}"#, &[("$", &[r#"{"k":"v"}"#])]),
    // Section 2.3.1.3, table 5.
    (
        r#"{"o":{"j j":{"k.k":3}},"'":{"@":2}}"#,
        &[
            ("$.o['j j']", &[r#"{"k.k":3}"#]),
            ("$.o['j j']['k.k']", &["3"]),
            (r#"$.o["j j"]["k.k"]"#, &["3"]),
            (r#"$["'"]["@"]"#, &["2"]),
        ],
    ),
    // Section 2.3.2.3, table 6.
    (
        r#"{"o":{"j":1,"k":2},"a":[5,3]}"#,
        &[
            ("$[*]", &[r#"{"j":1,"k":2}"#, "[5,3]"]),
            ("$.o[*]", &["1", "2"]),
            ("$.o[*, *]", &["1", "2", "1", "2"]),
            ("$.a[*]", &["5", "3"]),
        ],
    ),
    // Section 2.3.3.3, table 7.
    (r#"["a","b"]"#, &[("$[1]", &[r#""b""#]), ("$[-2]", &[r#""a""#])]),
    // Sections 2.3.4.3, table 9, and 2.5.1.3, table 15.
    (
        r#"["a","b","c","d","e","f","g"]"#,
        &[
            ("$[1:3]", &[r#""b""#, r#""c""#]),
            ("$[5:]", &[r#""f""#, r#""g""#]),
            ("$[1:5:2]", &[r#""b""#, r#""d""#]),
            ("$[5:1:-2]", &[r#""f""#, r#""d""#]),
            ("$[::-1]", &[r#""g""#, r#""f""#, r#""e""#, r#""d""#, r#""c""#, r#""b""#, r#""a""#]),
            ("$[0, 3]", &[r#""a""#, r#""d""#]),
            ("$[0:2, 5]", &[r#""a""#, r#""b""#, r#""f""#]),
            ("$[0, 0]", &[r#""a""#, r#""a""#]),
        ],
    ),
    // Section 2.3.5.3, table 12.
    (
        r#"{"a":[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}],"o":{"p":1,"q":2,"r":3,"s":5,"t":{"u":6}},"e":"f"}"#,
        &[
            ("$.a[?@.b == 'kilo']", &[r#"{"b":"kilo"}"#]),
            ("$.a[?(@.b == 'kilo')]", &[r#"{"b":"kilo"}"#]),
            ("$.a[?@>3.5]", &["5", "4", "6"]),
            ("$.a[?@.b]", &[r#"{"b":"j"}"#, r#"{"b":"k"}"#, r#"{"b":{}}"#, r#"{"b":"kilo"}"#]),
            (
                "$[?@.*]",
                &[
                    r#"[3,5,1,2,4,6,{"b":"j"},{"b":"k"},{"b":{}},{"b":"kilo"}]"#,
                    r#"{"p":1,"q":2,"r":3,"s":5,"t":{"u":6}}"#,
                ],
            ),
            ("$.o[?@<3, ?@<3]", &["1", "2", "1", "2"]),
            (r#"$.a[?@<2 || @.b == "k"]"#, &["1", r#"{"b":"k"}"#]),
            (r#"$.a[?match(@.b, "[jk]")]"#, &[r#"{"b":"j"}"#, r#"{"b":"k"}"#]),
            (r#"$.a[?search(@.b, "[jk]")]"#, &[r#"{"b":"j"}"#, r#"{"b":"k"}"#, r#"{"b":"kilo"}"#]),
            ("$.o[?@>1 && @<4]", &["2", "3"]),
            ("$.o[?@.u || @.x]", &[r#"{"u":6}"#]),
            ("$.a[?@.b == $.x]", &["3", "5", "1", "2", "4", "6"]),
            (
                "$.a[?@ == @]",
                &[
                    "3",
                    "5",
                    "1",
                    "2",
                    "4",
                    "6",
                    r#"{"b":"j"}"#,
                    r#"{"b":"k"}"#,
                    r#"{"b":{}}"#,
                    r#"{"b":"kilo"}"#,
                ],
            ),
        ],
    ),
    // Section 2.5.2.3, table 16.
    (
        r#"{"o":{"j":1,"k":2},"a":[5,3,[{"j":4},{"k":6}]]}"#,
        &[
            ("$..j", &["1", "4"]),
            ("$..[0]", &["5", r#"{"j":4}"#]),
            ("$..o", &[r#"{"j":1,"k":2}"#]),
            ("$.o..[*, *]", &["1", "2", "1", "2"]),
            ("$.a..[0, 1]", &["5", r#"{"j":4}"#, "3", r#"{"k":6}"#]),
        ],
    ),
    // Section 2.6.1, table 17.
    (
        r#"{"a":null,"b":[null],"c":[{}],"null":1}"#,
        &[
            ("$.a", &["null"]),
            ("$.a[0]", &[]),
            ("$.a.d", &[]),
            ("$.b[0]", &["null"]),
            ("$.b[*]", &["null"]),
            ("$.b[?@]", &["null"]),
            ("$.b[?@==null]", &["null"]),
            ("$.c[?@.d==null]", &[]),
            ("$.null", &["1"]),
        ],
    ),
];

/// Section 2.3.5.3, table 11.
const COMPARISONS: &[(&str, bool)] = &[
    ("$.absent1 == $.absent2", true),
    ("$.absent1 <= $.absent2", true),
    ("$.absent == 'g'", false),
    ("$.absent1 != $.absent2", false),
    ("$.absent != 'g'", true),
    ("1 <= 2", true),
    ("1 > 2", false),
    ("13 == '13'", false),
    ("'a' <= 'b'", true),
    ("'a' > 'b'", false),
    ("$.obj == $.arr", false),
    ("$.obj != $.arr", true),
    ("$.obj == $.obj", true),
    ("$.obj != $.obj", false),
    ("$.arr == $.arr", true),
    ("$.arr != $.arr", false),
    ("$.obj == 17", false),
    ("$.obj != 17", true),
    ("$.obj <= $.arr", false),
    ("$.obj < $.arr", false),
    ("$.obj <= $.obj", true),
    ("$.arr <= $.arr", true),
    ("1 <= $.arr", false),
    ("1 >= $.arr", false),
    ("1 > $.arr", false),
    ("1 < $.arr", false),
    ("true <= true", true),
    ("true > true", false),
];

/// Section 2.4.9, table 13, without the rows about functions that do not exist.
const WELL_TYPED: &[(&str, bool)] = &[
    ("$[?length(@) < 3]", true),
    ("$[?length(@.*) < 3]", false),
    ("$[?count(@.*) == 1]", true),
    ("$[?count(1) == 1]", false),
    ("$[?match(@.timezone, 'Europe/.*')]", true),
    ("$[?match(@.timezone, 'Europe/.*') == true]", false),
    ("$[?value(@..color) == \"red\"]", true),
    ("$[?value(@..color)]", false),
];

fn compiled(query: &str) -> Path {
    let matcher = compile_matcher(&serde_json::json!({ query: { "exists": true } }).to_string()).accepted();
    let [Clause::Path(path, _)] = &matcher.clauses[..] else { panic!("not a path: {query}") };
    path.clone()
}

fn nodes(message: &Message<'_>, path: &Path) -> Vec<String> {
    message.select(path).expect("JSON").nodes().map(ToString::to_string).collect()
}

fn selected(query: &str, document: &str) -> Vec<String> {
    nodes(&Message::text(document), &compiled(query))
}

/// What is found without a tree, in one walk for all simple queries of a table and in one for each of them, is what the
/// table says.
#[test]
fn simple_queries_find_what_the_tables_say() {
    let mut count = 0;
    for (document, rows) in TABLES {
        let simple: Vec<_> = rows
            .iter()
            .map(|(query, expected)| (compiled(query), *expected))
            .filter(|(path, _)| matches!(path.query(), Query::Simple(_)))
            .collect();
        count += simple.len();
        let all = PathSet::new(simple.iter().map(|(path, _)| path));
        let message = Message::asked(Payload::Text(document), &all);
        for (path, expected) in &simple {
            assert!(all.node_of(path).is_some(), "{path}");
            assert_eq!(nodes(&message, path), *expected, "{path}");
            let one = PathSet::new([path]);
            assert_eq!(nodes(&Message::asked(Payload::Text(document), &one), path), *expected, "{path}");
        }
    }
    assert_eq!(count, 12, "of section 2.2.3 one, of tables 5 and 7 all, of table 17 five");
}

#[test]
fn queries_select_what_the_tables_say() {
    for (document, rows) in TABLES {
        for (query, nodes) in *rows {
            assert_eq!(selected(query, document), *nodes, "{query}");
        }
    }
    assert_eq!(selected("$..*", BOOKSTORE).len(), 27);
    assert_eq!(selected("$.store.*", BOOKSTORE).len(), 2);
}

#[test]
fn filters_compare_as_the_table_says() {
    for (comparison, holds) in COMPARISONS {
        let found = selected(&format!("$[?{comparison}]"), r#"{"obj":{"x":"y"},"arr":[2,3]}"#);
        assert_eq!(found.len(), if *holds { 2 } else { 0 }, "{comparison}");
    }
}

#[test]
fn what_is_not_well_typed_is_refused() {
    for (query, accepted) in WELL_TYPED {
        let compiled = compile_matcher(&serde_json::json!({ *query: { "exists": true } }).to_string());
        assert_eq!(compiled.result.is_some(), *accepted, "{query}: {}", compiled.reported());
    }
}
