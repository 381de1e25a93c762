//! The cookies of one user (RFC 6265): which of them go along, and what answers make of them. The rules are
//! `cookie_store`'s; here is what a user keeps at most, and the order in which cookies are sent.

use cookie_store::{CookieStore, RawCookie};

use crate::program::Url;

/// What a user keeps at most; a server that sets more is not kept up with (RFC 6265 section 6.1 asks for 50 a host).
const COOKIES_MAX: usize = 300;
/// The longest name and value that are kept (RFC 6265 section 6.1).
const COOKIE_BYTES_MAX: usize = 4096;

/// One user's cookies.
#[derive(Default)]
pub struct Jar {
    store: CookieStore,
}

impl Jar {
    /// Takes one `Set-Cookie` line of an answer; the name and the value, where it is a cookie at all. One that may not
    /// be kept for that origin, or that is out of date, is given back all the same: the server did set it.
    pub fn take(&mut self, line: &str, from: &Url) -> Option<(String, String)> {
        let cookie = RawCookie::parse(line.to_owned()).ok()?;
        let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
        let is_known = || self.store.iter_any().any(|known| known.name() == name);
        let has_room = name.len() + value.len() <= COOKIE_BYTES_MAX
            && (self.store.iter_any().count() < COOKIES_MAX || is_known());
        if let (true, Some(url)) = (has_room, as_http(from)) {
            // A refusal is the rules' own, such as a domain that the server is not of.
            let _ = self.store.insert_raw(&cookie, &url);
        }
        Some((name, value))
    }

    /// The cookies that go along with a request to a URL: those of longer paths first (RFC 6265 section 5.4), and in
    /// an order that is the same each time.
    pub fn cookies_for(&self, url: &Url) -> Vec<(&str, &str)> {
        let Some(url) = as_http(url) else { return Vec::new() };
        let mut cookies = self.store.matches(&url);
        cookies.sort_by(|a, b| (b.path.len(), a.name()).cmp(&(a.path.len(), b.name())));
        cookies.into_iter().map(|cookie| cookie.name_value()).collect()
    }
}

/// Cookies know hosts and paths, and no WebSockets: an upgrade is an HTTP request to the same place.
fn as_http(url: &Url) -> Option<url::Url> {
    url::Url::parse(&format!("{}{}", url.http_origin(), url.path_and_query())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn sent(jar: &Jar, to: &str) -> String {
        let pairs: Vec<_> =
            jar.cookies_for(&url(to)).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    #[test]
    fn cookies_of_a_login_go_along_to_the_upgrade() {
        let mut jar = Jar::default();
        let from = url("http://h:9001/login");
        let taken = jar.take("session=abc; Path=/; HttpOnly", &from);
        assert_eq!(taken, Some(("session".to_owned(), "abc".to_owned())));
        assert_eq!(sent(&jar, "ws://h:9001/chat"), "session=abc");
        // RFC 6265 section 8.5: ports do not tell cookies apart.
        assert_eq!(sent(&jar, "ws://h:9002/"), "session=abc");
        assert_eq!(sent(&jar, "ws://other:9001/chat"), "");
    }

    #[test]
    fn paths_domains_and_security_are_kept_to() {
        let mut jar = Jar::default();
        let from = url("https://app.example.com/auth/login");
        jar.take("deep=1", &from);
        jar.take("all=2; Path=/", &from);
        jar.take("wide=3; Path=/; Domain=example.com", &from);
        jar.take("safe=4; Path=/; Secure", &from);
        jar.take("foreign=5; Domain=example.org", &from);
        assert_eq!(sent(&jar, "wss://app.example.com/auth/x"), "deep=1; all=2; safe=4; wide=3");
        assert_eq!(sent(&jar, "ws://app.example.com/"), "all=2; wide=3");
        assert_eq!(sent(&jar, "wss://www.example.com/"), "wide=3");
    }

    #[test]
    fn a_cookie_is_replaced_and_taken_back() {
        let mut jar = Jar::default();
        let from = url("http://h/");
        jar.take("a=1", &from);
        jar.take("a=2", &from);
        assert_eq!(sent(&jar, "http://h/"), "a=2");
        jar.take("a=; Max-Age=0", &from);
        assert_eq!(sent(&jar, "http://h/"), "");
        assert_eq!(jar.take("no cookie", &from), None);
    }

    #[test]
    fn a_jar_is_bounded() {
        let mut jar = Jar::default();
        let from = url("http://h/");
        for number in 0..COOKIES_MAX + 50 {
            jar.take(&format!("c{number}=1"), &from);
        }
        assert_eq!(jar.cookies_for(&from).len(), COOKIES_MAX);
        jar.take("c0=2", &from);
        assert!(jar.cookies_for(&from).contains(&("c0", "2")), "one that is there may change");
        let mut jar = Jar::default();
        jar.take(&format!("long={}", "x".repeat(COOKIE_BYTES_MAX)), &from);
        assert!(jar.cookies_for(&from).is_empty());
    }
}
