//! Where a redirect leads (RFC 9110 section 15.4).

use hyper::StatusCode;
use hyper::header::{self, HeaderMap};

use crate::program::Url;

/// Whether a status asks for another URL.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The URL that an answer's `Location` leads to, seen from where it came; `None` where there is no such header.
pub(super) fn location(headers: &HeaderMap, from: &Url) -> Option<Result<Url, String>> {
    let location = String::from_utf8_lossy(headers.get(header::LOCATION)?.as_bytes()).into_owned();
    let base = format!("{}{}", from.http_origin(), from.path_and_query());
    Some(resolve(&base, &location))
}

fn resolve(base: &str, location: &str) -> Result<Url, String> {
    let base = url::Url::parse(base).map_err(|error| error.to_string())?;
    let mut joined = base.join(location).map_err(|error| format!("{location:?}: {error}"))?;
    joined.set_fragment(None);
    let text = joined.to_string();
    match Url::parse(&text) {
        // Not to ws://, which `Url` knows as well.
        Ok(url) if text.starts_with("http") => Ok(url),
        Ok(_) => Err(format!("{text:?} is no URL of http or https")),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_seen_from_where_it_came() {
        let base = "http://h:9001/a/b?c=1";
        let to = |location: &str| resolve(base, location).map(|url| url.to_string());
        assert_eq!(to("/x").as_deref(), Ok("http://h:9001/x"));
        assert_eq!(to("x?d=2#part").as_deref(), Ok("http://h:9001/a/x?d=2"));
        assert_eq!(to("//other/").as_deref(), Ok("http://other/"));
        assert_eq!(to("https://other:8443/y").as_deref(), Ok("https://other:8443/y"));
        for bad in ["ws://h/", "ftp://h/", "http://u:p@h/", "http://[::"] {
            assert!(to(bad).is_err(), "{bad}");
        }
    }
}
