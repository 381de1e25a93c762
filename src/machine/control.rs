//! Control frames that a step waits for: the Pong of its own Ping, and the server's Close.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::io::{Event, FailureKind, Output};
use super::message::Message;
use super::mismatch::{Mismatch, judge};
use super::phase::Phase;
use super::user::User;
use crate::program::{DueTimers, ExpectClose, LinkId, Op, Ping};

impl User {
    /// Sends a Ping; then the user waits for its Pong.
    pub(super) fn ping(&mut self, ping: Ping, due: Option<DueTimers>, now: Duration, out: &mut impl Output) {
        self.ping_count = self.ping_count.wrapping_add(1);
        let due = self.take_due(due);
        out.ping(self.present_link(), ping_payload(self.ping_count).as_bytes());
        self.paced_queued(due);
        self.phase = Phase::Pinging { sent: None, deadline: now + ping.within };
    }

    /// A Pong came. One that answers no Ping that is waited for means nothing (RFC 6455 section 5.5.3).
    pub(super) fn pong(&mut self, now: Duration, link: LinkId, payload: &[u8], out: &mut impl Output) {
        let Phase::Pinging { sent: Some(sent), .. } = self.phase else { return };
        let program = Arc::clone(&self.setting.program);
        let Op::Ping(ping) = &program.state(self.at).op else { return };
        if link == self.present_link() && payload == ping_payload(self.ping_count).as_bytes() {
            out.count(Event::OperationEnded);
            out.time(ping.timer, now.saturating_sub(sent));
            self.paced_taken(now, out);
            self.go_on(now, out);
        }
    }

    pub(super) fn expect_close(&mut self, expected: &ExpectClose, due: Option<DueTimers>, now: Duration) {
        self.take_due(due);
        self.phase = Phase::ExpectingClose { since: now, deadline: now + expected.within };
    }

    /// The server closed the connection, which a step has waited for since a time.
    pub(super) fn closed_as_expected(
        &mut self,
        since: Duration,
        (code, reason): (u16, &str),
        now: Duration,
        out: &mut impl Output,
    ) {
        let program = Arc::clone(&self.setting.program);
        let Op::ExpectClose(expected) = &program.state(self.at).op else { return };
        if let Err(mismatch) = self.judge_close(expected, (code, reason), now) {
            return self.fail(now, FailureKind::Assertion, &mismatch, out);
        }
        out.count(Event::OperationEnded);
        out.time(expected.timer, now.saturating_sub(since));
        self.paced_taken(now, out);
        self.go_on(now, out);
    }

    fn judge_close<'r>(
        &mut self,
        expected: &ExpectClose,
        (code, reason): (u16, &'r str),
        now: Duration,
    ) -> Result<(), OtherClose<'r>> {
        // Without a Close frame nobody has closed anything, unless the plan asks for just that.
        if expected.code.map_or(code == 1006, |wanted| wanted != code) {
            return Err(OtherClose::Code { wanted: expected.code, code, reason });
        }
        let Some(matcher) = &expected.reason else { return Ok(()) };
        judge(matcher, &Message::text(reason), &mut self.scope(now))
            .map_err(|mismatch| OtherClose::Reason(Mismatch { subject: "reason".to_owned(), ..mismatch }))
    }
}

/// What tells a user's Pings from one another, and from those of others that a server mixes up.
fn ping_payload(number: u32) -> String {
    format!("ping {number}")
}

/// How a connection was closed otherwise than a step expects.
enum OtherClose<'r> {
    Code { wanted: Option<u16>, code: u16, reason: &'r str },
    Reason(Mismatch),
}

impl fmt::Display for OtherClose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { wanted, code, reason } => {
                f.write_str("expected the server to close")?;
                if let Some(wanted) = wanted {
                    write!(f, " with {wanted}")?;
                }
                match code {
                    1006 => f.write_str(", the connection ended without a Close frame")?,
                    1005 => f.write_str(", got a Close without a code")?,
                    code => write!(f, ", got {code}")?,
                }
                if reason.is_empty() { Ok(()) } else { write!(f, ": {reason}") }
            }
            Self::Reason(mismatch) => mismatch.fmt(f),
        }
    }
}
