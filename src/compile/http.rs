//! Lowering of `http`: what is asked for, what must hold of the answer, what is kept of it; and of what a `connect` has
//! of the same.

use http::uri::PathAndQuery;

use super::Compiler;
use super::connect::is_token;
use super::flow::{Effect, Touch};
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model;
use crate::plan::model::answer::{self, Source};
use crate::plan::model::http as plan;
use crate::plan::syntax::Key;
use crate::program::{
    AnswerCapture, AnswerSource, Content, Credentials, Escape, Http, HttpExpect, HttpTimers, Op, Status,
    Template, UpgradeExpect, Url, Visitor, is_secret_name,
};

impl Compiler<'_, '_> {
    /// Lowers a `connect`; adds what it sets.
    pub(super) fn connect_step(
        &mut self,
        span: Span,
        connect: &model::Connect,
        name: &str,
        sets: &mut Vec<Touch>,
    ) -> Effect {
        let connect = self.connect(connect, name);
        let expect = connect.expect.as_deref();
        sets.extend(expect.map(|expect| touches(&expect.captures)).unwrap_or_default());
        let is_refused = expect.is_some_and(|expect| expect.status.is_some());
        self.emit(Op::Connect(Box::new(connect)), span);
        if is_refused { Effect::Refused } else { Effect::Connect }
    }

    /// Lowers an `http`; adds what it sets.
    pub(super) fn http_step(
        &mut self,
        span: Span,
        http: &plan::Http,
        name: &str,
        sets: &mut Vec<Touch>,
    ) -> Effect {
        let http = self.http(http, name, span);
        sets.extend(touches(&http.captures));
        self.emit(Op::Http(Box::new(http)), span);
        Effect::Fetch
    }

    fn http(&mut self, http: &plan::Http, name: &str, span: Span) -> Http {
        if !is_token(&http.method.value) {
            let message = format!("`{}` cannot be a method", http.method.value);
            let help = "letters, digits and !#$%&'*+-.^_`|~ are possible (RFC 9110 section 9.1)";
            let diagnostic = Diagnostic::new(codes::BAD_REQUEST, message).help(help);
            self.diagnostics.push(diagnostic.label(http.method.span, "not a token"));
        }
        let url = self.http_url(&http.url);
        let may_fail_over = self.has_several_targets && !is_http(http.url.text());
        let query = self.query(&http.query);
        let headers = self.headers(&http.headers, &http.visitor, None);
        let visitor = self.visitor(&http.visitor);
        let content = http.content.as_ref().map(|content| self.content(content, span));
        Http {
            method: http.method.value.clone(),
            url,
            query,
            headers,
            visitor,
            content,
            follow: u32::try_from(http.follow).unwrap_or(u32::MAX),
            expect: self.http_expect(&http.expect),
            captures: self.answer_captures(&http.captures),
            within: self.within(http.within),
            timers: HttpTimers {
                dns: self.timer(format!("{name}.dns")),
                tcp: self.timer(format!("{name}.tcp")),
                proxy: self.way.is_proxied.then(|| self.timer(format!("{name}.proxy"))),
                tls: self.timer(format!("{name}.tls")),
                wait: self.timer(format!("{name}.wait")),
                total: self.timer(format!("{name}.total")),
                failover: may_fail_over.then(|| self.timer(format!("{name}.failover"))),
            },
        }
    }

    /// Values are encoded for their place, but for those that are or may be the beginning of a URL, which are taken as
    /// they are.
    fn http_url(&mut self, written: &model::Template) -> Template {
        let text = written.text();
        let host = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
        let is_value = text.starts_with("{{") || host.is_some_and(|host| host.contains("{{"));
        let escape = if is_value { Escape::None } else { Escape::Url };
        let Some(url) = self.lowering().text(written, escape) else { return Template::default() };
        let known = url.as_literal().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let problem = match known {
            Some(known) => problem_of(known),
            None if text.starts_with(['/', '{']) || is_http(text) => None,
            None => Some("neither a path nor a URL".to_owned()),
        };
        if let Some(problem) = problem {
            let what = known.unwrap_or(text);
            let diagnostic = Diagnostic::new(codes::BAD_REQUEST, format!("`{what}` cannot be asked for"))
                .help("write a path on the target, such as `/login`, or a URL, such as `http://127.0.0.1:8080/login`");
            self.diagnostics.push(diagnostic.label(written.span(), problem));
        }
        url
    }

    pub(super) fn query(&mut self, query: &[(Key, model::Template)]) -> Box<[(String, Template)]> {
        let encoded = |(name, value): &(Key, model::Template)| {
            let mut encoded = Vec::new();
            Escape::Url.write_text(&name.text, &mut encoded);
            let name = String::from_utf8(encoded).expect("what is percent-encoded is ASCII");
            (name, self.parameter(value))
        };
        query.iter().map(encoded).collect()
    }

    /// Headers as the plan has them, none of which may say what something else says.
    pub(super) fn headers(
        &mut self,
        headers: &[(Key, model::Template)],
        visitor: &plan::Visitor,
        origin: Option<&model::Template>,
    ) -> Box<[(String, Template)]> {
        let credentials = visitor.basic.as_ref().map(|(span, ..)| ("basic", *span));
        let credentials = credentials.or(visitor.bearer.as_ref().map(|token| ("bearer", token.span())));
        for (header, other) in
            [("authorization", credentials), ("origin", origin.map(|origin| ("origin", origin.span())))]
        {
            let own = headers.iter().find(|(key, _)| key.text.eq_ignore_ascii_case(header));
            if let (Some((key, _)), Some((what, span))) = (own, other) {
                self.diagnostics.push(
                    Diagnostic::new(codes::BAD_HEADER, format!("`{}` is said twice", key.text))
                        .label(key.span, "said here")
                        .label(span, format!("and by `{what}`"))
                        .help("leave one of them out"),
                );
            }
        }
        headers.iter().map(|(key, value)| self.header(key, value)).collect()
    }

    pub(super) fn visitor(&mut self, visitor: &plan::Visitor) -> Visitor {
        let cookies = visitor.cookies.iter().map(|(name, value)| {
            let bad = |c: char| c == ';' || c == ',' || c.is_whitespace() || c.is_control();
            let is_constant = !value.text().contains("{{");
            if is_constant && value.text().contains(bad) {
                let message = format!("the cookie `{}` has a value that cannot be sent", name.text);
                let label = "no white space, comma or semicolon";
                let help = "encode it, for example in base64 (RFC 6265 section 4.1.1)";
                self.bad_header(value.span(), message, label, help);
            }
            (name.text.clone(), self.text_template(value, Escape::None))
        });
        let cookies = cookies.collect();
        let basic = visitor.basic.as_ref().map(|(_, user, password)| {
            if user.text().contains(':') && !user.text().contains("{{") {
                let message = "a user of basic authentication has no colon".to_owned();
                self.bad_header(user.span(), message, "the colon would end it", "see RFC 7617 section 2");
            }
            let user = self.text_template(user, Escape::None);
            Credentials::Basic { user, password: self.text_template(password, Escape::None) }
        });
        let bearer = visitor.bearer.as_ref();
        let bearer = bearer.map(|token| Credentials::Bearer(self.text_template(token, Escape::None)));
        Visitor { cookies, credentials: basic.or(bearer) }
    }

    fn content(&mut self, content: &plan::Content, span: Span) -> Content {
        match content {
            plan::Content::Json(node) => {
                let body = self.outgoing(&model::Body::Json(node.clone()), span);
                Content { media_type: "application/json", template: body.template }
            }
            plan::Content::Form(pairs) => {
                let mut template = Template::default();
                for (index, (name, value)) in self.query(pairs).into_iter().enumerate() {
                    let separator = if index == 0 { "" } else { "&" };
                    template.push_literal(format!("{separator}{name}=").as_bytes());
                    template.append(if is_secret_name(&name) { value.hidden() } else { value });
                }
                Content { media_type: "application/x-www-form-urlencoded", template }
            }
            plan::Content::Text(text) => {
                Content { media_type: "text/plain; charset=utf-8", template: self.template(text) }
            }
        }
    }

    fn http_expect(&mut self, expect: &plan::HttpExpect) -> HttpExpect {
        let statuses = expect.statuses.iter().map(|status| match status {
            plan::Status::Exactly(status) => Status::Exactly(*status),
            plan::Status::Class(hundreds) => Status::Class(*hundreds),
        });
        let statuses = statuses.collect();
        let headers = expect.headers.iter().filter_map(|clause| {
            let conditions = self.lowering().text_conditions(clause);
            let conditions = self.understood(conditions, clause.key.span)?;
            Some((clause.key.text.to_ascii_lowercase(), conditions))
        });
        let headers = headers.collect();
        HttpExpect { statuses, headers, body: expect.body.as_ref().map(|body| self.matcher(body)) }
    }

    /// What a `connect` looks at in the answer, where it looks at anything.
    pub(super) fn upgrade_expect(&mut self, connect: &model::Connect) -> Option<Box<UpgradeExpect>> {
        if let Some(chosen) = &connect.expect_subprotocol
            && let Some(name) = &chosen.value
            && !connect.subprotocols.is_empty()
            && !connect.subprotocols.iter().any(|offered| offered.value == *name)
        {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_SUBPROTOCOL, format!("`{name}` is not offered"))
                    .label(chosen.span, "no server may choose it")
                    .help("add it to `subprotocols` (RFC 6455 section 4.1)"),
            );
        }
        let expect = UpgradeExpect {
            status: connect.expect_status.map(|status| status.value),
            subprotocol: connect.expect_subprotocol.as_ref().map(|chosen| chosen.value.clone()),
            captures: self.answer_captures(&connect.captures),
        };
        let is_any = expect.status.is_some() || expect.subprotocol.is_some() || !expect.captures.is_empty();
        is_any.then(|| Box::new(expect))
    }

    fn answer_captures(&mut self, captures: &[answer::AnswerCapture]) -> Box<[AnswerCapture]> {
        let lower = |capture: &answer::AnswerCapture| {
            let slot = self.define(&capture.name);
            let source = self.answer_source(&capture.source, slot);
            let source = self.understood(source, capture.name.span)?;
            Some(AnswerCapture { slot, name: capture.name.text.clone(), source, span: capture.name.span })
        };
        captures.iter().filter_map(lower).collect()
    }

    fn answer_source(&mut self, source: &Source, slot: crate::program::SlotId) -> Option<AnswerSource> {
        Some(match source {
            Source::Body(capture) => AnswerSource::Body(self.lowering().capture(capture, slot)?.source),
            Source::Header(key, search) => {
                self.header_name(key);
                let name = key.text.to_ascii_lowercase();
                AnswerSource::Header { name, pattern: self.lowering().search(search).ok()? }
            }
            Source::Cookie(key, search) => {
                AnswerSource::Cookie { name: key.text.clone(), pattern: self.lowering().search(search).ok()? }
            }
            Source::Status => AnswerSource::Status,
            Source::Subprotocol => AnswerSource::Subprotocol,
        })
    }
}

fn touches(captures: &[AnswerCapture]) -> Vec<Touch> {
    captures.iter().map(|capture| Touch::new(capture.slot, capture.span)).collect()
}

fn is_http(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// Why nothing can be asked for there.
fn problem_of(known: &str) -> Option<String> {
    if is_http(known) {
        return Url::parse(known).err().map(|error| error.to_string());
    }
    if !known.starts_with('/') {
        return Some("neither a path nor a URL".to_owned());
    }
    known
        .parse::<PathAndQuery>()
        .is_err()
        .then(|| "it has characters that must be percent-encoded (RFC 3986 section 2.1)".to_owned())
}
