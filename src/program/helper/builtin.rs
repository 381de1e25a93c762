//! What the Handlebars crate does itself, in the same kind of table.

/// What the Handlebars crate does itself: blocks, and the helpers that go with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// The name in templates.
    pub name: &'static str,
    /// Whether it is written `{{#name}}...{{/name}}`, `{{name}}`, or either way.
    pub forms: Forms,
    /// The fewest arguments.
    pub least: usize,
    /// The most arguments.
    pub most: usize,
    /// Whether names inside the block are looked up in a value that the block opens.
    pub opens: bool,
    /// What it does, for the docs.
    pub doc: &'static str,
    /// A use of it.
    pub example: &'static str,
}

/// How a [`Builtin`] may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forms {
    /// `{{#name}}...{{/name}}` only.
    Block,
    /// `{{name}}` or `(name)` only.
    Inline,
    /// Either way; as a block it is an `if` of its value.
    Both,
}

const fn block(name: &'static str, opens: bool, example: &'static str, doc: &'static str) -> Builtin {
    Builtin { name, forms: Forms::Block, least: 1, most: 1, opens, doc, example }
}

const fn test(
    name: &'static str,
    counts: (usize, usize),
    example: &'static str,
    doc: &'static str,
) -> Builtin {
    Builtin { name, forms: Forms::Both, least: counts.0, most: counts.1, opens: false, doc, example }
}

const fn inline(
    name: &'static str,
    counts: (usize, usize),
    example: &'static str,
    doc: &'static str,
) -> Builtin {
    Builtin { name, forms: Forms::Inline, least: counts.0, most: counts.1, opens: false, doc, example }
}

impl Builtin {
    /// Every one, in the order of the docs.
    pub const ALL: &[Self] = &[
        block(
            "if",
            false,
            "{{#if vip}}gold{{else}}tin{{/if}}",
            "the first part where the value is there, not empty, not zero and not false",
        ),
        block("unless", false, "{{#unless vip}}tin{{/unless}}", "the part where `if` would leave it out"),
        block(
            "each",
            true,
            "{{#each rooms}}{{this}};{{/each}}",
            "the part once for every item of a list or map, which is `this`; `@index`, `@first`, `@last`, `@key` say which",
        ),
        block(
            "with",
            true,
            "{{#with account}}{{name}}{{/with}}",
            "the part with the names looked up in a value",
        ),
        test(
            "eq",
            (2, 2),
            "{{#if (eq side \"buy\")}}+{{/if}}",
            "whether two values are the same, type included",
        ),
        test("ne", (2, 2), "{{#if (ne side \"buy\")}}-{{/if}}", "whether they are not"),
        test("gt", (2, 2), "{{gt loop.index 3}}", "whether the first is greater"),
        test("gte", (2, 2), "{{gte loop.index 3}}", "whether it is greater or the same"),
        test("lt", (2, 2), "{{lt loop.index 3}}", "whether it is less"),
        test("lte", (2, 2), "{{lte loop.index 3}}", "whether it is less or the same"),
        test("and", (1, MANY), "{{#if (and vip open)}}go{{/if}}", "whether all values would do for `if`"),
        test("or", (1, MANY), "{{#if (or vip open)}}go{{/if}}", "whether one of them would"),
        test("not", (1, 1), "{{#if (not vip)}}stop{{/if}}", "whether the value would not do for `if`"),
        inline("len", (1, 1), "{{len rooms}}", "how many items a list or map has, how many bytes a string"),
        inline(
            "lookup",
            (2, 2),
            "{{lookup rooms 0}}",
            "the item of a list or map at an index or key that is itself a value",
        ),
    ];

    /// The one of a name.
    pub fn from_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|builtin| builtin.name == name)
    }
}

const MANY: usize = 64;
