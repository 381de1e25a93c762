//! Lowering of the steps that are about control frames: `ping`, `close` and `expect_close`.

use super::Compiler;
use super::flow::Effect;
use crate::diagnostic::{Diagnostic, Span, codes};
use crate::plan::model;
use crate::program::{Close, ExpectClose, Op, Ping, REASON_MAX_BYTES};

impl Compiler<'_, '_> {
    pub(super) fn ping(&mut self, span: Span, ping: &model::Ping, name: &str) -> Effect {
        let ping = Ping { within: self.within(ping.within), timer: self.timer(format!("{name}.rtt")) };
        self.emit(Op::Ping(ping), span);
        Effect::Receive
    }

    pub(super) fn close(&mut self, span: Span, close: &model::Close) -> Effect {
        let code = close.code.map_or(1000, |code| u16::try_from(code.value).unwrap_or(1000));
        if let Some(written) = close.code
            && matches!(code, 1004..=1006 | 1015..=2999)
        {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_CLOSE, format!("close code {} cannot be sent", written.value))
                    .label(written.span, "reserved by RFC 6455 section 7.4")
                    .help("1000 is a normal close; 3000 to 4999 are free for applications"),
            );
        }
        let reason = close.reason.as_ref().map(|reason| self.template(reason));
        // What is only known while running is cut to what fits.
        let literal_bytes = reason.as_ref().and_then(|reason| reason.as_literal()).map_or(0, <[u8]>::len);
        if let Some(written) = close.reason.as_ref().filter(|_| literal_bytes > REASON_MAX_BYTES) {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::BAD_CLOSE,
                    format!("a close reason has {REASON_MAX_BYTES} bytes at most"),
                )
                .label(written.span(), format!("this has {literal_bytes}"))
                .help("it travels in a control frame (RFC 6455 section 5.5): shorten it"),
            );
        }
        let close = Close { code, reason, within: self.within(None) };
        self.emit(Op::Close(Box::new(close)), span);
        Effect::Close
    }

    pub(super) fn expect_close(&mut self, span: Span, expected: &model::ExpectClose, name: &str) -> Effect {
        let code = expected.code.map(|code| u16::try_from(code.value).unwrap_or(u16::MAX));
        // RFC 6455 section 7.4.1; 1005 and 1006 say how a connection ended that has no code.
        if let (Some(written), Some(1004 | 1015..=2999)) = (expected.code, code) {
            self.diagnostics.push(
                Diagnostic::new(codes::BAD_CLOSE, format!("close code {} never comes", written.value))
                    .label(written.span, "reserved by RFC 6455 section 7.4: no server may send it")
                    .help("1005 is a Close frame without a code, 1006 an end without a Close frame"),
            );
        }
        let expected = ExpectClose {
            code,
            reason: expected.reason.as_ref().map(|reason| self.matcher(reason)),
            within: self.within(expected.within),
            timer: self.timer(format!("{name}.wait")),
        };
        self.emit(Op::ExpectClose(Box::new(expected)), span);
        Effect::IsClosed
    }
}
