//! What signs and encodes: digests, tokens, base64. All of it needs nothing but its arguments, so that constants are
//! computed when the plan is compiled.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};
use ring::{digest, hmac};
use std::fmt;

use super::Helper;
use crate::program::escape::hexadecimal;
use crate::program::value::Value;

/// Why there is no result. The argument itself is not named: it may be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An argument of the name is not in the encoding.
    NotEncoded { parameter: &'static str, encoding: &'static str },
    /// What base64 stands for are bytes that no text has.
    NotText,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotEncoded { parameter, encoding } => write!(f, "{parameter} is not {encoding}"),
            Self::NotText => f.write_str("TEXT stands for bytes that are not UTF-8"),
        }
    }
}

/// The result of a helper of this file; `None` for any other.
pub(super) fn compute(helper: Helper, arguments: &[&Value]) -> Option<Result<String, Fault>> {
    Some(match (helper, arguments) {
        (Helper::Sha256, [text, encoding]) => {
            Ok(encoded(digest::digest(&digest::SHA256, text.to_text().as_bytes()).as_ref(), encoding))
        }
        (Helper::HmacSha256, [key, text, form, encoding]) => key_bytes(key, form).map(|key| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
            encoded(hmac::sign(&key, text.to_text().as_bytes()).as_ref(), encoding)
        }),
        (Helper::Jwt, [claims, secret, algorithm]) => Ok(token(claims, secret, &algorithm.to_text())),
        (Helper::Base64, [text]) => Ok(STANDARD.encode(text.to_text())),
        (Helper::Base64Url, [text]) => Ok(URL_SAFE_NO_PAD.encode(text.to_text())),
        (Helper::Base64Decode, [text]) => from_base64(&text.to_text(), "TEXT")
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| Fault::NotText)),
        (Helper::Hex, [text]) => Ok(hexadecimal(text.to_text().as_bytes())),
        _ => return None,
    })
}

fn encoded(bytes: &[u8], encoding: &Value) -> String {
    match encoding.to_text().as_str() {
        "base64" => STANDARD.encode(bytes),
        "base64url" => URL_SAFE_NO_PAD.encode(bytes),
        _ => hexadecimal(bytes),
    }
}

fn key_bytes(key: &Value, form: &Value) -> Result<Vec<u8>, Fault> {
    let key = key.to_text();
    match form.to_text().as_str() {
        "hex" => from_hex(&key).ok_or(Fault::NotEncoded { parameter: "KEY", encoding: "hexadecimal" }),
        "base64" => from_base64(&key, "KEY"),
        _ => Ok(key.into_bytes()),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// Either alphabet, padded or not: who signs has the key as somebody gave it out.
fn from_base64(text: &str, parameter: &'static str) -> Result<Vec<u8>, Fault> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    let text = text.replace('+', "-").replace('/', "_");
    ENGINE.decode(text).map_err(|_| Fault::NotEncoded { parameter, encoding: "base64" })
}

/// RFC 7515 section 3.1: the parts in base64 for URLs, and the signature over the first two as they stand.
fn token(claims: &Value, secret: &Value, name: &str) -> String {
    let algorithm = match name {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{name}","typ":"JWT"}}"#));
    let claims = URL_SAFE_NO_PAD.encode(claims.to_json().to_string());
    let signed = format!("{header}.{claims}");
    let key = hmac::Key::new(algorithm, secret.to_text().as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()));
    format!("{signed}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(helper: Helper, arguments: &[&str]) -> Result<String, Fault> {
        let arguments: Vec<Value> = arguments.iter().map(|text| Value::Text((*text).to_owned())).collect();
        compute(helper, &arguments.iter().collect::<Vec<_>>()).unwrap()
    }

    /// FIPS 180-4's example, and test cases 2 and 1 of RFC 4231.
    #[test]
    fn digests_are_those_of_the_standards() {
        let digest = signed(Helper::Sha256, &["abc", "hex"]).unwrap();
        assert_eq!(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        let digest = signed(Helper::HmacSha256, &["Jefe", "what do ya want for nothing?", "text", "hex"]);
        assert_eq!(digest.unwrap(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        for (key, form) in [("0b".repeat(20).as_str(), "hex"), ("CwsLCwsLCwsLCwsLCwsLCwsLCws=", "base64")] {
            let digest = signed(Helper::HmacSha256, &[key, "Hi There", form, "base64"]).unwrap();
            assert_eq!(digest, "sDRMYdjbOFNcqK/OrwvxK4gdwgDJgz2nJuk3bC4yz/c=");
            let digest = signed(Helper::HmacSha256, &[key, "Hi There", form, "base64url"]).unwrap();
            assert_eq!(digest, "sDRMYdjbOFNcqK_OrwvxK4gdwgDJgz2nJuk3bC4yz_c");
        }
    }

    #[test]
    fn base64_is_read_in_either_alphabet_padded_or_not() {
        for text in ["w7/Dvg==", "w7_Dvg", "w7/Dvg", "w7_Dvg=="] {
            assert_eq!(signed(Helper::Base64Decode, &[text]).as_deref(), Ok("ÿþ"), "{text}");
        }
        assert_eq!(signed(Helper::Base64, &["ÿþ"]).as_deref(), Ok("w7/Dvg=="));
        assert_eq!(signed(Helper::Base64Url, &["ÿþ"]).as_deref(), Ok("w7_Dvg"));
        assert_eq!(signed(Helper::Hex, &["ÿ\n"]).as_deref(), Ok("c3bf0a"));
    }

    #[test]
    fn what_is_not_encoded_is_said_without_showing_it() {
        let not = |parameter, encoding| Err(Fault::NotEncoded { parameter, encoding });
        assert_eq!(signed(Helper::Base64Decode, &["a b"]), not("TEXT", "base64"));
        assert_eq!(signed(Helper::Base64Decode, &["_w"]), Err(Fault::NotText));
        assert_eq!(signed(Helper::HmacSha256, &["0b0", "x", "hex", "hex"]), not("KEY", "hexadecimal"));
        assert_eq!(signed(Helper::HmacSha256, &["+b", "x", "hex", "hex"]), not("KEY", "hexadecimal"));
        assert_eq!(signed(Helper::HmacSha256, &["!", "x", "base64", "hex"]), not("KEY", "base64"));
    }
}
