//! HTTP steps, and what connects have of them, in the forms for people and for programs. What proves who asks is in
//! neither of them.

use serde_json::{Value, json};

use super::describe::Describe;
use super::json::Writer;
use crate::diagnostic::Span;
use crate::program::instruction::Instruction;
use crate::program::matcher::{Condition, Test};
use crate::program::{
    AnswerCapture, AnswerSource, Connect, Credentials, Expr, Http, Template, TimerId, Visitor,
    is_secret_header, is_secret_name,
};
use crate::quantity::Exact;

impl Describe<'_> {
    /// The first line behind the verb; the others go to `lines`.
    pub(super) fn http(self, lines: &mut Vec<String>, http: &Http, at: Span) -> String {
        lines.extend(http.query.iter().map(|(name, value)| pair("query", name, value)));
        lines.extend(http.headers.iter().map(|(name, value)| pair("header", name, value)));
        visitor(lines, &http.visitor);
        if let Some(content) = &http.content {
            lines.push(format!("body {} {}", content.media_type, content.template));
        }
        if http.follow > 0 {
            lines.push(format!("follow {}", http.follow));
        }
        lines.push(format!("expect {}", http.expect.wanted(http.follow > 0)));
        for (name, conditions) in &http.expect.headers {
            self.conditions(lines, "header", &instructions(name, conditions), at);
        }
        if let Some(body) = &http.expect.body {
            self.conditions(lines, "body", &body.instructions(), at);
        }
        self.answer_captures(lines, &http.captures, at);
        lines.push(format!("within {}", Exact(http.within)));
        let timers = http.timers;
        let own = [timers.dns, timers.tcp, timers.tls, timers.wait].map(|timer| {
            let name = &self.program.timers[timer.index()];
            name.rsplit_once('.').map_or(name.as_str(), |(_, own)| own)
        });
        lines.push(format!("timers {} {}", self.program.timers[timers.total.index()], own.join(" ")));
        format!(" {} {}", http.method, http.url)
    }

    /// What a connect has beside its path and query.
    pub(super) fn upgrade(self, lines: &mut Vec<String>, connect: &Connect, at: Span) {
        lines.extend(connect.headers.iter().map(|(name, value)| pair("header", name, value)));
        lines.extend(connect.origin.as_ref().map(|origin| format!("origin {origin}")));
        lines.extend(connect.subprotocols.iter().map(|name| format!("subprotocol {name}")));
        visitor(lines, &connect.visitor);
        let Some(expect) = &connect.expect else { return };
        lines.extend(expect.status.map(|status| format!("expect status {status}")));
        match &expect.subprotocol {
            Some(Some(name)) => lines.push(format!("expect subprotocol {name}")),
            Some(None) => lines.push("expect no subprotocol".to_owned()),
            None => {}
        }
        self.answer_captures(lines, &expect.captures, at);
    }

    fn answer_captures(self, lines: &mut Vec<String>, captures: &[AnswerCapture], at: Span) {
        lines.extend(captures.iter().map(|capture| {
            format!("capture {} {capture}{}", capture.slot, self.elsewhere(capture.span, at))
        }));
    }
}

/// A header or a query parameter.
pub(super) fn pair(what: &str, name: &str, value: &Template) -> String {
    if is_hidden(name) {
        return format!("{what} {name} {}", Expr::SECRET);
    }
    format!("{what} {name} {value}")
}

fn is_hidden(name: &str) -> bool {
    is_secret_header(name) || is_secret_name(name)
}

fn visitor(lines: &mut Vec<String>, visitor: &Visitor) {
    lines.extend(visitor.cookies.iter().map(|(name, _)| format!("cookie {name} {}", Expr::SECRET)));
    lines.extend(visitor.credentials.as_ref().map(|credentials| match credentials {
        Credentials::Basic { user, .. } => format!("basic {user} {}", Expr::SECRET),
        Credentials::Bearer(_) => format!("bearer {}", Expr::SECRET),
    }));
}

fn instructions<'p>(name: &'p str, conditions: &'p [Condition<Test>]) -> Vec<Instruction<'p>> {
    let shown = |condition: &'p Condition<Test>| Instruction {
        subject: name,
        operator: condition.test.operator_of_text(),
        operand: condition.test.shown(),
        span: condition.span,
    };
    conditions.iter().map(shown).collect()
}

impl Writer<'_> {
    pub(super) fn http(self, http: &Http) -> Value {
        let timer = |id: TimerId| &self.program.timers[id.index()];
        let headers = http.expect.headers.iter();
        let headers: Vec<Value> =
            headers.map(|(name, conditions)| self.conditions(&instructions(name, conditions))).collect();
        json!({
            "method": http.method,
            "url": http.url,
            "query": pairs(&http.query),
            "headers": pairs(&http.headers),
            "visitor": shown_visitor(&http.visitor),
            "content": http.content.as_ref().map(|content| {
                json!({ "media_type": content.media_type, "template": content.template })
            }),
            "follow": http.follow,
            "expect": {
                "status": http.expect.statuses,
                "headers": headers,
                "body": http.expect.body.as_ref().map(|body| self.conditions(&body.instructions())),
            },
            "capture": self.shown_captures(&http.captures),
            "within_s": http.within.as_secs_f64(),
            "timers": {
                "dns": timer(http.timers.dns),
                "tcp": timer(http.timers.tcp),
                "tls": timer(http.timers.tls),
                "wait": timer(http.timers.wait),
                "total": timer(http.timers.total),
            },
        })
    }

    /// What a connect has beside its path, query, timeout and timers.
    pub(super) fn upgrade(self, connect: &Connect) -> Value {
        let expect = connect.expect.as_deref();
        let captures = expect.map(|expect| self.shown_captures(&expect.captures));
        json!({
            "headers": pairs(&connect.headers),
            "subprotocols": connect.subprotocols,
            "origin": connect.origin,
            "visitor": shown_visitor(&connect.visitor),
            "expect": expect.map(|expect| json!({
                "status": expect.status,
                "subprotocol": expect.subprotocol.as_ref().map(|chosen| json!({ "chosen": chosen })),
                "capture": captures,
            })),
        })
    }

    fn shown_captures(self, captures: &[AnswerCapture]) -> Value {
        let shown = |capture: &AnswerCapture| {
            let pattern = match &capture.source {
                AnswerSource::Header { pattern, .. } | AnswerSource::Cookie { pattern, .. } => {
                    pattern.as_ref()
                }
                _ => None,
            };
            json!({
                "name": capture.name,
                "slot": capture.slot.to_string(),
                "from": capture.to_string(),
                "regex": pattern.map(|(pattern, _)| pattern.0.as_str()),
                "group": pattern.map(|(_, group)| group),
                "line": (self.line)(capture.span),
            })
        };
        captures.iter().map(shown).collect()
    }
}

pub(super) fn pairs(pairs: &[(String, Template)]) -> Value {
    let shown = |(name, value): &(String, Template)| {
        if is_hidden(name) {
            json!({ "name": name, "value": Expr::SECRET })
        } else {
            json!({ "name": name, "value": value })
        }
    };
    pairs.iter().map(shown).collect()
}

fn shown_visitor(visitor: &Visitor) -> Value {
    let cookies: Vec<&str> = visitor.cookies.iter().map(|(name, _)| name.as_str()).collect();
    json!({
        "cookies": cookies,
        "credentials": visitor.credentials.as_ref().map(|credentials| match credentials {
            Credentials::Basic { user, .. } => json!({ "basic": { "user": user, "password": Expr::SECRET } }),
            Credentials::Bearer(_) => json!({ "bearer": Expr::SECRET }),
        }),
    })
}
