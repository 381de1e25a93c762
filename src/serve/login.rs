//! The chat server's login: who knows the password gets a token, which an upgrade may have to show.
//!
//! A token proves itself (the user's name and an HMAC of it under a key of this server's), so that nothing is kept of
//! logins and a token is good for as long as the server runs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use ring::hmac;
use ring::rand::SystemRandom;
use serde::Deserialize;

use super::options::LoginOptions;

/// Where one logs in.
pub(crate) const PATH: &str = "/login";

/// The cookie that carries a token.
const COOKIE: &str = "session";

/// The longest body of a login.
const BODY_BYTES: usize = 64 << 10;

/// The longest name of a user, in bytes.
const USER_BYTES: usize = 128;

/// Who is let in.
pub(crate) struct Gate {
    key: hmac::Key,
    password: String,
    is_closed: bool,
}

#[derive(Deserialize)]
struct Login {
    user: String,
    password: String,
}

/// Why nobody was logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Method,
    TooLong,
    MediaType,
    Malformed,
    Password,
}

impl Gate {
    /// With a key that nobody knows.
    pub(crate) fn new(options: &LoginOptions) -> Self {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Self {
            key: key.expect("the system has randomness"),
            password: options.password.clone(),
            is_closed: options.is_required,
        }
    }

    /// Answers a request to log in; whether it did.
    pub(crate) async fn log_in<B>(&self, request: Request<B>) -> (Response<Full<Bytes>>, bool)
    where
        B: hyper::body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.admit(request).await {
            Ok(user) => (self.welcome(&user), true),
            Err(refusal) => (refusal.into_response(), false),
        }
    }

    async fn admit<B>(&self, request: Request<B>) -> Result<String, Refusal>
    where
        B: hyper::body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if request.method() != Method::POST {
            return Err(Refusal::Method);
        }
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next()).map(str::trim);
        let is_form = match media_type {
            Some("application/json") => false,
            Some("application/x-www-form-urlencoded") => true,
            _ => return Err(Refusal::MediaType),
        };
        let body = Limited::new(request.into_body(), BODY_BYTES).collect().await;
        let body = body.map_err(|_| Refusal::TooLong)?.to_bytes();
        let login = if is_form { from_form(&body) } else { serde_json::from_slice(&body).ok() };
        let Login { user, password } = login.ok_or(Refusal::Malformed)?;
        if user.is_empty() || user.len() > USER_BYTES {
            return Err(Refusal::Malformed);
        }
        if password == self.password { Ok(user) } else { Err(Refusal::Password) }
    }

    fn welcome(&self, user: &str) -> Response<Full<Bytes>> {
        let token = self.token(user);
        let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly");
        let body = serde_json::json!({ "user": user, "token": token });
        let mut response = json(StatusCode::OK, &body);
        let cookie = HeaderValue::try_from(cookie).expect("base64 is ASCII");
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        response
    }

    fn token(&self, user: &str) -> String {
        let proof = hmac::sign(&self.key, user.as_bytes());
        format!("{}.{}", URL_SAFE_NO_PAD.encode(user), URL_SAFE_NO_PAD.encode(proof))
    }

    fn is_good(&self, token: &str) -> bool {
        let Some((user, proof)) = token.split_once('.') else { return false };
        let decoded = (URL_SAFE_NO_PAD.decode(user), URL_SAFE_NO_PAD.decode(proof));
        matches!(decoded, (Ok(user), Ok(proof)) if hmac::verify(&self.key, &user, &proof).is_ok())
    }

    /// Whether an upgrade may go on: with a token as `Authorization: Bearer`, as the cookie, or as `?token=`.
    pub(crate) fn lets_in(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        if !self.is_closed {
            return true;
        }
        let texts = |name| headers.get_all(name).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
        let bearer = texts(header::AUTHORIZATION).filter_map(|value| value.strip_prefix("Bearer "));
        let pairs = texts(header::COOKIE).flat_map(|line| line.split(';'));
        let cookies =
            pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == COOKIE);
        let query = uri.query().unwrap_or_default();
        let in_query = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
        bearer.chain(cookies.map(|(_, token)| token)).any(|token| self.is_good(token.trim()))
            || in_query.is_some_and(|(_, token)| self.is_good(&token))
    }
}

fn from_form(body: &[u8]) -> Option<Login> {
    let field = |wanted: &str| {
        url::form_urlencoded::parse(body)
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    Some(Login { user: field("user")?, password: field("password")? })
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{body}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl Refusal {
    fn into_response(self) -> Response<Full<Bytes>> {
        let (status, text) = match self {
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "log in with POST"),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "a login has 64 KiB at most"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "a login is JSON or a form"),
            Self::Malformed => {
                (StatusCode::BAD_REQUEST, "a login has a user of 1 to 128 bytes and a password")
            }
            Self::Password => (StatusCode::UNAUTHORIZED, "wrong password"),
        };
        let mut response = json(status, &serde_json::json!({ "error": text }));
        match self {
            Self::Method => {
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            // What is left of the body is not read.
            Self::TooLong | Self::MediaType => {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Malformed | Self::Password => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::new(&LoginOptions { password: "secret".to_owned(), is_required: true })
    }

    async fn answer(gate: &Gate, media_type: &str, body: &str) -> (u16, String, Option<String>) {
        let request = Request::post("/login").header("content-type", media_type);
        let (response, has_logged_in) =
            gate.log_in(request.body(Full::<Bytes>::from(body.to_owned())).unwrap()).await;
        let (head, body) = response.into_parts();
        assert_eq!(has_logged_in, head.status == StatusCode::OK);
        let cookie = head.headers.get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), String::from_utf8(body.to_vec()).unwrap(), cookie)
    }

    #[tokio::test]
    async fn who_knows_the_password_gets_a_token_that_opens() {
        let gate = gate();
        for (media_type, body) in [
            ("application/json; charset=utf-8", r#"{"user":"a b","password":"secret"}"#),
            ("application/x-www-form-urlencoded", "password=secret&user=a+b"),
        ] {
            let (status, body, cookie) = answer(&gate, media_type, body).await;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            let token = body["token"].as_str().unwrap();
            assert_eq!((status, body["user"].as_str()), (200, Some("a b")));
            assert_eq!(cookie, Some(format!("session={token}; Path=/; HttpOnly")));
            let mut headers = HeaderMap::new();
            let plain: Uri = "/chat".parse().unwrap();
            assert!(!gate.lets_in(&plain, &headers));
            assert!(gate.lets_in(&format!("/chat?a=1&token={token}").parse().unwrap(), &headers));
            headers.insert("cookie", format!("other=1; session={token}").parse().unwrap());
            assert!(gate.lets_in(&plain, &headers));
            let mut headers = HeaderMap::new();
            headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
            assert!(gate.lets_in(&plain, &headers));
            let other = Gate::new(&LoginOptions { is_required: true, ..LoginOptions::default() });
            assert!(!other.lets_in(&plain, &headers));
        }
    }

    #[tokio::test]
    async fn who_does_not_is_told_why() {
        let gate = gate();
        let json = "application/json";
        let too_long = format!(r#"{{"user":"{}","password":"secret"}}"#, "x".repeat(BODY_BYTES));
        for (media_type, body, status) in [
            (json, r#"{"user":"a","password":"guess"}"#, 401),
            (json, r#"{"user":"","password":"secret"}"#, 400),
            (json, r#"{"user":"a"}"#, 400),
            (json, "nonsense", 400),
            ("application/x-www-form-urlencoded", "user=a", 400),
            ("text/plain", "a secret", 415),
            (json, &too_long, 413),
        ] {
            let (answered, _, cookie) = answer(&gate, media_type, body).await;
            assert_eq!((answered, cookie), (status, None), "{media_type} {}", &body[..body.len().min(50)]);
        }
    }

    #[test]
    fn a_token_that_was_changed_is_no_token() {
        let gate = gate();
        let token = gate.token("ann");
        assert!(gate.is_good(&token));
        let (user, proof) = token.split_once('.').unwrap();
        for bad in ["", ".", "a.b", user, &format!("{user}."), &format!("{user}x.{proof}")] {
            assert!(!gate.is_good(bad), "{bad}");
        }
    }
}
