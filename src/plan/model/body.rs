//! What a message carries: `{ type: join }`, `hello`, or a map whose only key says outright what it is:
//! `$text`, `$json`, `$binary`, `$file`.

use super::template::Template;
use crate::plan::syntax::{Node, NodeKind};

/// What a message carries.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `{ type: join, room: "{{room}}" }`, `[1, 2]`, or `$json:` with any value.
    Json(Node),
    /// `hello {{name}}`, or `$text:` with a string.
    Text(Template),
    /// `$binary: { hex: "00 ff" }` or `$binary: { base64: AP8= }`.
    Binary {
        /// How the bytes are written.
        encoding: Encoding,
        /// The bytes as they are written. Not a template.
        text: Template,
    },
    /// `$file: payload.bin`.
    File {
        /// The path, relative to the plan. May hold `{{...}}` that is constant.
        path: Template,
    },
}

/// How a `$binary` body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `hex`: two digits a byte, white space between them allowed.
    Hex,
    /// `base64`: the standard or the URL alphabet, padded or not (RFC 4648 sections 4 and 5).
    Base64,
}

impl Body {
    /// The body that a node describes; `None` where it is none, which the schema has reported.
    pub fn decode(node: &Node) -> Option<Self> {
        match &node.kind {
            NodeKind::String(_) => Template::decode(node).map(Self::Text),
            NodeKind::List(_) => Some(Self::Json(node.clone())),
            NodeKind::Map(entries) => match entries.as_slice() {
                [only] => match only.key.text.as_str() {
                    "$text" => Template::decode(&only.value).map(Self::Text),
                    "$json" => Some(Self::Json(only.value.clone())),
                    "$binary" => Self::decode_binary(&only.value),
                    "$file" => Template::decode(&only.value).map(|path| Self::File { path }),
                    _ => Some(Self::Json(node.clone())),
                },
                _ => Some(Self::Json(node.clone())),
            },
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => None,
        }
    }

    fn decode_binary(node: &Node) -> Option<Self> {
        let [only] = node.entries()? else { return None };
        let encoding = match only.key.text.as_str() {
            "hex" => Encoding::Hex,
            "base64" => Encoding::Base64,
            _ => return None,
        };
        Template::decode(&only.value).map(|text| Self::Binary { encoding, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Sources};
    use crate::plan::syntax::{Limits, parse};

    fn decode(text: &str) -> Option<Body> {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", text);
        let node = parse(&sources, file, &Limits::default(), &mut Diagnostics::new()).unwrap();
        Body::decode(&node)
    }

    #[test]
    fn the_shape_says_what_a_body_is() {
        let kind = |text: &str| match decode(text) {
            None => "none".to_owned(),
            Some(Body::Json(node)) => format!("json {}", node.describe()),
            Some(Body::Text(text)) => format!("text {}", text.text()),
            Some(Body::Binary { encoding, text }) => format!("{encoding:?} {}", text.text()),
            Some(Body::File { path }) => format!("file {}", path.text()),
        };
        for (text, expected) in [
            ("hello", "text hello"),
            ("[1]", "json a list"),
            ("{ a: 1 }", "json a map"),
            ("{}", "json a map"),
            ("{ $text: hi }", "text hi"),
            ("{ $text: hi, a: 1 }", "json a map"),
            ("{ $other: hi }", "json a map"),
            ("{ $json: hi }", "json a string"),
            ("{ $json: 7 }", "json a number"),
            ("{ $json: { $text: hi } }", "json a map"),
            ("{ $binary: { hex: '00 ff' } }", "Hex 00 ff"),
            ("{ $binary: { base64: AP8= } }", "Base64 AP8="),
            ("{ $file: a.bin }", "file a.bin"),
            ("7", "none"),
            ("true", "none"),
            ("{ $text: 7 }", "none"),
            ("{ $binary: { hex: '00', base64: AP8= } }", "none"),
            ("{ $binary: AP8= }", "none"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
