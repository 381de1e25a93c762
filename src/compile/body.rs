//! Lowering of message bodies: JSON and text through templates, bytes and files as they are.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::file::{Files, file_diagnostic};
use super::template::Lowering;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::model;
use crate::plan::model::Encoding;
use crate::program::{Body, BodyKind, Escape, Template};

impl Lowering<'_> {
    /// What a message carries. JSON and text go out as text messages, `$binary` as binary ones; a `$file` goes out
    /// as a text message where it is UTF-8 and as a binary one where it is not. Nothing inside a file is a template.
    pub fn body(&mut self, body: &model::Body, files: &dyn Files) -> Option<Body> {
        match body {
            model::Body::Json(node) => Some(Body { kind: BodyKind::Text, template: self.json_body(node)? }),
            model::Body::Text(text) => {
                Some(Body { kind: BodyKind::Text, template: self.text(text, Escape::None)? })
            }
            model::Body::Binary { encoding, text } => {
                let bytes = self.bytes(*encoding, text)?;
                Some(Body { kind: BodyKind::Binary, template: Template::literal(bytes) })
            }
            model::Body::File { path } => self.file(path, files),
        }
    }

    /// Bytes that are written as text.
    pub(super) fn bytes(&mut self, encoding: Encoding, text: &model::Template) -> Option<Vec<u8>> {
        // Long bytes are folded over lines: white space is not part of them.
        let written: Vec<(usize, char)> =
            text.text().char_indices().filter(|(_, c)| !c.is_whitespace()).collect();
        let decoded = match encoding {
            Encoding::Hex => decode_hex(&written),
            Encoding::Base64 => decode_base64(&written),
        };
        match decoded {
            Ok(bytes) => Some(bytes),
            Err((index, message)) => {
                let span = match written.get(index) {
                    Some(&(at, c)) => text.inner(self.sources()).span(at..at + c.len_utf8()),
                    None => text.span(),
                };
                self.report(
                    Diagnostic::new(codes::BAD_BINARY, message).label(span, "").help(encoding_help(encoding)),
                );
                None
            }
        }
    }

    fn file(&mut self, path: &model::Template, files: &dyn Files) -> Option<Body> {
        let name = self.constant_text(path)?;
        match files.read(&name) {
            Ok(bytes) => {
                let kind =
                    if std::str::from_utf8(&bytes).is_ok() { BodyKind::Text } else { BodyKind::Binary };
                Some(Body { kind, template: Template::literal(bytes) })
            }
            Err(failure) => {
                self.report(file_diagnostic(codes::BODY_FILE, &name, &failure).label(path.span(), ""));
                None
            }
        }
    }
}

fn encoding_help(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "two digits a byte, of 0-9 and a-f, as in `ca fe 01`",
        Encoding::Base64 => "four characters for three bytes, of A-Z, a-z, 0-9, `+` and `/`, as in `yv4B`",
    }
}

/// The index of the character that is wrong, and what is wrong with it.
type Wrong = (usize, String);

fn decode_hex(written: &[(usize, char)]) -> Result<Vec<u8>, Wrong> {
    let digit = |index: usize| {
        let (_, c) = written[index];
        let value = c.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        value.ok_or_else(|| (index, format!("`{c}` is no hexadecimal digit")))
    };
    if let Some(bad) = (0..written.len()).find_map(|index| digit(index).err()) {
        return Err(bad);
    }
    if written.len() % 2 == 1 {
        return Err((written.len() - 1, "the last byte has one digit where it must have two".to_owned()));
    }
    (0..written.len()).step_by(2).map(|index| Ok(digit(index)? << 4 | digit(index + 1)?)).collect()
}

fn decode_base64(written: &[(usize, char)]) -> Result<Vec<u8>, Wrong> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
    // The URL alphabet differs in two characters, which the standard one does not have.
    let standard: String = written
        .iter()
        .map(|&(_, c)| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    if let Some(index) = standard.chars().position(|c| !(c.is_ascii_alphanumeric() || "+/=".contains(c))) {
        return Err((index, format!("`{}` is no Base64 character", written[index].1)));
    }
    ENGINE.decode(&standard).map_err(|error| {
        let end = written.len().saturating_sub(1);
        match error {
            base64::DecodeError::InvalidByte(index, _) => {
                (index, "padding in the middle of Base64".to_owned())
            }
            base64::DecodeError::InvalidLength(_) => {
                (end, "Base64 breaks off in the middle of a byte".to_owned())
            }
            base64::DecodeError::InvalidLastSymbol { .. } => {
                (end, "the last character of Base64 holds bits that belong to no byte".to_owned())
            }
            base64::DecodeError::InvalidPadding => (end, "Base64 has the wrong padding".to_owned()),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::compile::scope::{Binding, Names};
    use crate::diagnostic::{Diagnostics, Sources, Span};
    use crate::plan::syntax::{Limits, parse};
    use crate::program::Value;

    /// One variable: `name` is `a`.
    struct OneName;

    impl Names for OneName {
        fn knows(&self, name: &str) -> bool {
            name == "name"
        }

        fn resolve(&mut self, _: &str, _: Span, _: &mut Diagnostics) -> Option<Binding> {
            Some(Binding::Constant(Value::Text("a".into())))
        }
    }

    use crate::compile::FileFailure;

    struct Held(HashMap<&'static str, Vec<u8>>);

    impl Files for Held {
        fn read(&self, path: &str) -> Result<Vec<u8>, FileFailure> {
            self.0.get(path).cloned().ok_or(FileFailure::Outside)
        }

        fn open(&self, _: &str) -> Result<std::fs::File, FileFailure> {
            Err(FileFailure::Outside)
        }
    }

    fn lower(text: &str) -> Result<String, String> {
        let mut sources = Sources::new();
        let file = sources.add("plan.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let node = parse(&sources, file, &Limits::default(), &mut diagnostics).unwrap();
        let body = model::Body::decode(&node).unwrap();
        let held = Held(HashMap::from([("a.txt", b"{{x}}".to_vec()), ("a.bin", vec![0xFF, 0])]));
        let mut names = OneName;
        let lowered = Lowering::new(&sources, &mut names, &mut diagnostics).body(&body, &held);
        if let Some(body) = lowered {
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            return Ok(body.to_string());
        }
        let told = |d: &Diagnostic| format!("{} {} [{}]", d.code, d.message, sources.slice(d.labels[0].span));
        Err(diagnostics.iter().map(told).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn bodies_become_templates_of_their_kind() {
        for (text, expected) in [
            ("hi {{name}}", r#"text "hi a""#),
            ("{ a: '{{name}}', b: [1.50, null, true] }", r#"text "{\"a\":\"a\",\"b\":[1.50,null,true]}""#),
            ("{ $json: '{{name}}' }", r#"text "\"a\"""#),
            ("{ $text: '{{name}}' }", r#"text "a""#),
            ("{ $binary: { hex: '' } }", r#"binary """#),
            ("{ $binary: { hex: '00 fF\n  80' } }", "binary 0x00ff80"),
            ("{ $binary: { base64: '/_8=' } }", "binary 0xffff"),
            ("{ $binary: { base64: '-_8' } }", "binary 0xfbff"),
            ("{ $file: '{{name}}.txt' }", r#"text "{{x}}""#),
            ("{ $file: a.bin }", "binary 0xff00"),
        ] {
            assert_eq!(lower(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_does_not_decode_is_pointed_at() {
        for (text, expected) in [
            ("{ $binary: { hex: '00 fg' } }", "WSP0309 `g` is no hexadecimal digit [g]"),
            (
                "{ $binary: { hex: '00 f' } }",
                "WSP0309 the last byte has one digit where it must have two [f]",
            ),
            ("{ $binary: { base64: 'AP8!' } }", "WSP0309 `!` is no Base64 character [!]"),
            ("{ $binary: { base64: 'A' } }", "WSP0309 Base64 breaks off in the middle of a byte [A]"),
            ("{ $binary: { base64: 'A=P8' } }", "WSP0309 padding in the middle of Base64 [=]"),
            (
                "{ $binary: { base64: 'AP9' } }",
                "WSP0309 the last character of Base64 holds bits that belong to no byte [9]",
            ),
            (
                "{ $file: ../a.txt }",
                "WSP0310 `../a.txt` cannot be used: it lies outside the directory of the plan [../a.txt]",
            ),
            ("{ $file: '{{now_ms}}.txt' }", "WSP0313 value is not constant [{{now_ms}}]"),
        ] {
            assert_eq!(lower(text), Err(expected.to_owned()), "{text}");
        }
    }
}
