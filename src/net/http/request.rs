//! One HTTP request, and the headers that it leaves with.

use std::collections::HashSet;

use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};

use super::jar::Jar;
use crate::net::request::RequestError;
use crate::program::{Url, is_handshake_header};

/// What is asked for. `Host`, `Content-Length` and the jar's cookies are added to it.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// `GET` and the like; any token (RFC 9110 section 9.1).
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Sent in this order. A `Host` replaces the URL's.
    pub headers: HeaderMap,
    /// Sent beside the jar's, in place of those of the same name.
    pub cookies: Vec<(String, String)>,
    /// What it carries; may be nothing.
    pub body: Bytes,
    /// How many redirects are followed.
    pub follow: u32,
}

impl HttpRequest {
    /// A request from texts, as plans have them.
    pub fn new(
        method: &str,
        url: Url,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Self, RequestError> {
        let method = Method::from_bytes(method.as_bytes())
            .map_err(|_| RequestError::Method { method: method.to_owned() })?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let (name, value) = parse_header(name, value)?;
            if is_handshake_header(name.as_str()) {
                return Err(RequestError::ReservedHeader { name });
            }
            map.append(name, value);
        }
        Ok(Self { method, url, headers: map, cookies: Vec::new(), body: body.into(), follow: 0 })
    }

    /// The headers as they leave, with the cookies of the jar that are for this URL.
    pub(super) fn outgoing_headers(&self, jar: &Jar) -> Result<HeaderMap, RequestError> {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 3);
        let host = HeaderValue::from_str(&self.url.host_header()).expect("a target's host is ASCII");
        headers.insert(header::HOST, host);
        for (name, value) in &self.headers {
            if name == header::HOST {
                headers.insert(name, value.clone());
            } else {
                headers.append(name, value.clone());
            }
        }
        set_cookies(&mut headers, &jar.cookies_for(&self.url), &self.cookies)?;
        Ok(headers)
    }

    /// The request that follows from a redirect (RFC 9110 section 15.4): all but 307 and 308 turn it into one without
    /// a body, as browsers do. What proves who asks is not told to another server.
    pub(super) fn redirected(mut self, status: StatusCode, url: Url) -> Self {
        let keeps_method = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT)
            || matches!(self.method, Method::GET | Method::HEAD);
        if !keeps_method {
            self.method = Method::GET;
            self.body = Bytes::new();
            let content = |name: &HeaderName| name.as_str().starts_with("content-");
            let names: Vec<_> = self.headers.keys().filter(|name| content(name)).cloned().collect();
            names.into_iter().for_each(|name| drop(self.headers.remove(name)));
        }
        if !self.url.is_same_origin(&url) {
            for name in [header::AUTHORIZATION, header::COOKIE, header::HOST, header::PROXY_AUTHORIZATION] {
                self.headers.remove(name);
            }
            self.cookies.clear();
        }
        self.url = url;
        self
    }
}

/// A header from texts. What proves who asks is never shown with it.
pub(in crate::net) fn parse_header(
    name: &str,
    value: &str,
) -> Result<(HeaderName, HeaderValue), RequestError> {
    let parsed =
        HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(value.as_bytes()).ok());
    let (name, mut value) = parsed.ok_or_else(|| RequestError::Header { name: name.to_owned() })?;
    value.set_sensitive(crate::program::is_secret_header(name.as_str()));
    Ok((name, value))
}

/// Makes one `Cookie` line (RFC 6265 section 5.4) of what the headers have of it, the jar's cookies, and those that are
/// given, which replace the jar's of the same name.
pub(in crate::net) fn set_cookies(
    headers: &mut HeaderMap,
    kept: &[(&str, &str)],
    given: &[(String, String)],
) -> Result<(), RequestError> {
    let bad = |c: char| c == ';' || c.is_control();
    if let Some((name, _)) = given.iter().find(|(_, value)| value.contains(bad)) {
        return Err(RequestError::Cookie { name: name.clone() });
    }
    let names: HashSet<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
    let kept = kept.iter().filter(|(name, _)| !names.contains(name)).copied();
    let given = given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let mut line = Vec::new();
    for (name, value) in kept.chain(given) {
        if !line.is_empty() {
            line.extend_from_slice(b"; ");
        }
        line.extend_from_slice(name.as_bytes());
        line.push(b'=');
        line.extend_from_slice(value.as_bytes());
    }
    if line.is_empty() {
        return Ok(());
    }
    for own in headers.get_all(header::COOKIE) {
        line.extend_from_slice(b"; ");
        line.extend_from_slice(own.as_bytes());
    }
    let bad = |_| RequestError::Header { name: "cookie".to_owned() };
    let mut value = HeaderValue::from_maybe_shared(Bytes::from(line)).map_err(bad)?;
    value.set_sensitive(true);
    headers.insert(header::COOKIE, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(headers: &[(&str, &str)]) -> HttpRequest {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let url = Url::parse("http://h:9001/login").unwrap();
        HttpRequest::new("POST", url, &headers, b"{}".to_vec()).unwrap()
    }

    fn shown(headers: &HeaderMap) -> Vec<String> {
        let shown =
            |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        let mut shown: Vec<_> = headers.iter().map(shown).collect();
        shown.sort();
        shown
    }

    #[test]
    fn cookies_are_one_line_and_the_given_ones_win() {
        let mut jar = Jar::default();
        jar.take("a=jar", &Url::parse("http://h:9001/").unwrap());
        jar.take("b=jar", &Url::parse("http://h:9001/").unwrap());
        let mut request = post(&[("X-A", "1"), ("Cookie", "c=own")]);
        request.cookies = vec![("a".to_owned(), "given".to_owned())];
        let headers = request.outgoing_headers(&jar).unwrap();
        assert_eq!(shown(&headers), ["cookie: b=jar; a=given; c=own", "host: h:9001", "x-a: 1"]);
        assert!(!format!("{headers:?}").contains("given"), "{headers:?}");
        request.cookies = vec![("a".to_owned(), "line\nbreak".to_owned())];
        assert_eq!(request.outgoing_headers(&jar), Err(RequestError::Cookie { name: "a".to_owned() }));
        // It would be another cookie.
        request.cookies = vec![("a".to_owned(), "1; admin=1".to_owned())];
        assert_eq!(request.outgoing_headers(&jar), Err(RequestError::Cookie { name: "a".to_owned() }));
    }

    #[test]
    fn redirects_change_what_is_asked() {
        let headers = [("Content-Type", "application/json"), ("Authorization", "Bearer x"), ("X-A", "1")];
        let here = Url::parse("http://h:9001/next").unwrap();
        let there = Url::parse("http://other/next").unwrap();
        let followed = |status: u16, to: &Url| {
            let request = post(&headers).redirected(StatusCode::from_u16(status).unwrap(), to.clone());
            (request.method.to_string(), request.body.len(), shown(&request.headers))
        };
        let all = vec![
            "authorization: Bearer x".to_owned(),
            "content-type: application/json".to_owned(),
            "x-a: 1".to_owned(),
        ];
        assert_eq!(followed(307, &here), ("POST".to_owned(), 2, all.clone()));
        assert_eq!(followed(308, &there), ("POST".to_owned(), 2, all[1..].to_vec()));
        for status in [301, 302, 303] {
            assert_eq!(
                followed(status, &here),
                ("GET".to_owned(), 0, vec![all[0].clone(), all[2].clone()]),
                "{status}"
            );
        }
        assert_eq!(followed(302, &there), ("GET".to_owned(), 0, vec![all[2].clone()]));
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let url = || Url::parse("http://h/").unwrap();
        let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let refused = |method: &str, headers: &[(String, String)]| {
            HttpRequest::new(method, url(), headers, Vec::new()).unwrap_err()
        };
        assert_eq!(refused("GE T", &[]), RequestError::Method { method: "GE T".to_owned() });
        assert_eq!(refused("GET", &header("x", "a\nb")), RequestError::Header { name: "x".to_owned() });
        let name = HeaderName::from_static("content-length");
        assert_eq!(refused("GET", &header("Content-Length", "1")), RequestError::ReservedHeader { name });
    }
}
