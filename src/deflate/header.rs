//! The header `Sec-WebSocket-Extensions`, taken apart (RFC 6455 section 9.1).

/// One extension of an offer or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension<'h> {
    /// Its name.
    pub name: &'h str,
    /// Its parameters in their order, with the value of those that have one.
    pub parameters: Vec<(&'h str, Option<&'h str>)>,
}

/// A header that is no list of extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotExtensions;

/// The extensions that a header lists; several headers are one list, joined by commas (RFC 9110 section 5.3).
pub fn parse(header: &str) -> Result<Vec<Extension<'_>>, NotExtensions> {
    // A comma or a semicolon within quotes would be no token, which a quoted value must be.
    header.split(',').map(str::trim).filter(|member| !member.is_empty()).map(extension).collect()
}

fn extension(member: &str) -> Result<Extension<'_>, NotExtensions> {
    let mut parts = member.split(';').map(str::trim);
    let name = parts.next().and_then(token).ok_or(NotExtensions)?;
    Ok(Extension { name, parameters: parts.map(parameter).collect::<Result<_, _>>()? })
}

fn parameter(part: &str) -> Result<(&str, Option<&str>), NotExtensions> {
    let Some((name, value)) = part.split_once('=') else {
        return Ok((token(part).ok_or(NotExtensions)?, None));
    };
    let value = value.trim();
    let unquoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let (name, value) = token(name.trim()).zip(token(unquoted)).ok_or(NotExtensions)?;
    Ok((name, Some(value)))
}

/// RFC 9110 section 5.6.2.
fn token(text: &str) -> Option<&str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (!text.is_empty() && text.bytes().all(is_token)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_understood() {
        let header = r#"permessage-deflate; client_max_window_bits; server_max_window_bits=10, , x;a="b""#;
        let extensions = [
            Extension {
                name: "permessage-deflate",
                parameters: vec![("client_max_window_bits", None), ("server_max_window_bits", Some("10"))],
            },
            Extension { name: "x", parameters: vec![("a", Some("b"))] },
        ];
        assert_eq!(parse(header), Ok(extensions.to_vec()));
        assert_eq!(parse(" , "), Ok(vec![]));
    }

    #[test]
    fn what_is_no_list_of_extensions_is_refused() {
        for header in
            ["a b", "a;", "a; b=", "a; =b", "a; b=\"c d\"", "a; b=\"c", "a; b=\"\"", ";", "a; b=c=d"]
        {
            assert_eq!(parse(header), Err(NotExtensions), "{header}");
        }
    }
}
