//! The verdict: thresholds that parse, of figures that exist; and timeouts that the run is long enough for.

use std::ops::Range;
use std::time::Duration;

use super::Compiler;
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::load::Load;
use crate::metrics::{Metric, StepFigure, Threshold};
use crate::plan::model::{Plan, Spanned, Step, Verb};
use crate::plan::schema::Unread;
use crate::plan::syntax::{Node, NodeKind};
use crate::program::TimerId;
use crate::quantity::Exact;

/// How many metrics a help names.
const LISTED_METRICS: usize = 12;

impl Compiler<'_, '_> {
    pub(super) fn thresholds(&mut self, plan: &Plan) -> Vec<Threshold> {
        plan.thresholds.iter().filter_map(|text| self.threshold(text, plan)).collect()
    }

    pub(super) fn threshold(&mut self, text: &Spanned<String>, plan: &Plan) -> Option<Threshold> {
        let threshold = match Threshold::parse(&text.value) {
            Ok(threshold) => threshold,
            Err(error) => {
                let span = self.inside(text, error.offset..error.offset + error.len);
                self.diagnostics.push(
                    Diagnostic::new(codes::BAD_THRESHOLD, format!("`{}` is not a threshold", text.value))
                        .label(span, error.message())
                        .help(error.help()),
                );
                return None;
            }
        };
        if let Metric::Timer(name) = threshold.metric()
            && !self.timer_ids.contains_key(name)
            && !self.may_be_measured(name, &plan.unread)
        {
            let help = match self.similar_metric(name) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => self.measured_help(name),
            };
            let span =
                text.value.find(name.as_str()).map_or(text.span, |at| self.inside(text, at..at + name.len()));
            self.diagnostics.push(
                Diagnostic::new(codes::UNKNOWN_METRIC, format!("there is no metric `{name}`"))
                    .label(span, "measured nowhere in this plan")
                    .help(help),
            );
        }
        if let Metric::Delivery { stream, .. } = threshold.metric() {
            self.stream_is_there(text, stream, plan);
        }
        if let Metric::Step { name, figure } = threshold.metric() {
            self.step_is_there(text, name, *figure, plan);
        }
        Some(threshold)
    }

    fn step_is_there(&mut self, text: &Spanned<String>, name: &str, figure: StepFigure, plan: &Plan) {
        let timers = self.states.iter().filter_map(|state| state.op.timer());
        let of_timer = |timer: TimerId| Some(self.timers[timer.index()].rsplit_once('.')?.0.to_owned());
        let steps: Vec<String> = timers.filter_map(of_timer).collect();
        let metric = format!("{name}.{}", figure.name());
        if steps.iter().any(|step| step == name) || self.may_be_measured(&metric, &plan.unread) {
            return;
        }
        let help = match nearest(name, steps.iter().map(String::as_str)) {
            Some(similar) => format!("did you mean `{similar}.{}`?", figure.name()),
            None => self.measured_help(&metric),
        };
        let at = text.value.find(name).map_or(text.span, |at| self.inside(text, at..at + name.len()));
        self.diagnostics.push(
            Diagnostic::new(
                codes::UNKNOWN_METRIC,
                format!("there is no step `{name}` that succeeds or fails"),
            )
            .label(at, "not a step that waits for the server or for others")
            .help(help),
        );
    }

    fn stream_is_there(&mut self, text: &Spanned<String>, stream: &str, plan: &Plan) {
        let known = || plan.delivery.iter().map(|stream| stream.name.text.as_str());
        if known().any(|name| name == stream) || self.names.is_unread(stream) {
            return;
        }
        let help = match (nearest(stream, known()), known().next()) {
            (Some(similar), _) => format!("did you mean `{similar}`?"),
            (None, Some(_)) => {
                format!("the streams of this plan are {}", known().collect::<Vec<_>>().join(", "))
            }
            (None, None) => "this plan has no `delivery`".to_owned(),
        };
        let at = text.value.find(stream).map_or(text.span, |at| self.inside(text, at..at + stream.len()));
        self.diagnostics.push(
            Diagnostic::new(codes::UNKNOWN_METRIC, format!("there is no stream `{stream}`"))
                .label(at, "not declared in `delivery`")
                .help(help),
        );
    }

    fn similar_metric(&mut self, metric: &str) -> Option<String> {
        if !self.names.affords(self.timers.len()) {
            return None;
        }
        let fixed: Vec<String> = Metric::fixed_names().collect();
        let known = self.timers.iter().map(String::as_str).chain(fixed.iter().map(String::as_str));
        nearest(metric, known).map(str::to_owned)
    }

    /// What may be judged instead: the figures of the step that is named, or those that there are.
    fn measured_help(&self, metric: &str) -> String {
        let of_step = format!("{metric}.");
        let own: Vec<&str> =
            self.timers.iter().filter(|timer| timer.starts_with(&of_step)).map(String::as_str).collect();
        let all: Vec<&str> = match own.as_slice() {
            [] => self.timers.iter().map(String::as_str).chain(["errors"]).take(LISTED_METRICS).collect(),
            _ => own,
        };
        let more = if all.len() == LISTED_METRICS { ", ..." } else { "" };
        format!("this plan measures {}{more}", all.join(", "))
    }

    /// Whether a step that is not understood may have this figure.
    fn may_be_measured(&self, metric: &str, unread: &Unread) -> bool {
        let step = metric.rsplit_once('.').map_or(metric, |(step, _)| step);
        let of_step = format!("{step}.");
        let is_understood = self.timers.iter().any(|timer| timer.starts_with(&of_step));
        let is_in = |scenario: &String| {
            metric.strip_prefix(scenario.as_str()).is_some_and(|rest| rest.starts_with('.'))
        };
        !is_understood && (unread.measured.contains(step) || unread.measured.iter().any(is_in))
    }

    /// A range of a string's text, as a place in the file.
    fn inside(&self, text: &Spanned<String>, range: Range<usize>) -> Span {
        let node = Node { span: text.span, kind: NodeKind::String(text.value.clone()) };
        node.inner_span(self.sources, range)
    }

    /// A timeout that is longer than the whole run will never be seen.
    pub(super) fn timeouts_within(&mut self, load: &Load, plan: &Plan) {
        let Some(run) = load.total_duration() else { return };
        let mut timeouts = Vec::new();
        timeouts.extend(plan.defaults.within);
        timeouts.extend(plan.defaults.connect_timeout);
        timeouts.extend(plan.delivery.iter().filter_map(|stream| stream.within));
        for scenario in &plan.scenarios {
            collect(&scenario.steps, &mut timeouts);
        }
        for timeout in timeouts.iter().filter(|timeout| timeout.value > run) {
            self.diagnostics.push(
                Diagnostic::new(codes::TIMEOUT_OVER_RUN, "this timeout is longer than the run")
                    .label(timeout.span, format!("the run lasts {}", Exact(run)))
                    .help("shorten it, or let the run last longer"),
            );
        }
    }
}

fn collect(steps: &[Step], timeouts: &mut Vec<Spanned<Duration>>) {
    for step in steps {
        match &step.verb {
            Verb::Connect(connect) => {
                timeouts.extend(connect.timeout);
                collect(&connect.on_connected, timeouts);
            }
            Verb::Expect(expect) => timeouts.extend(expect.within),
            Verb::Gather(gather) => timeouts.extend(gather.within),
            Verb::Request(request) => timeouts.extend(request.reply.within),
            Verb::Ping(ping) => timeouts.extend(ping.within),
            Verb::ExpectClose(expected) => timeouts.extend(expected.within),
            Verb::Barrier(barrier) => timeouts.extend(barrier.within),
            Verb::Http(http) => timeouts.extend(http.within),
            verb => verb.blocks().into_iter().for_each(|steps| collect(steps, timeouts)),
        }
    }
}
