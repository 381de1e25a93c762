//! Streams of broadcasts: their declarations, and the places where steps and reactions tell of them.
//!
//! The group of a stream (`to`) is a template of the users', so it is lowered anew wherever one enters, leaves or
//! publishes, with the names that are known there.

use super::Compiler;
use super::flow::{Effect, Flow};
use super::link::Links;
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::metrics::{Counter, DeliveryFigure};
use crate::plan::model::{self, Modifiers, Plan, Spanned, Step, Verb};
use crate::plan::syntax::{Key, Node, NodeKind};
use crate::program::delivery::{Audience, Order, Publish, Stream};
use crate::program::{Escape, LinkId, Op, Path, PathSet, Query, StreamId, Template};

/// A stream of the plan, and who told of it.
pub(super) struct Declared<'p> {
    stream: &'p model::Stream,
    key: Option<Path>,
    is_published: bool,
    is_delivered: bool,
    /// Whether a mistake in its group was reported; once is enough.
    is_group_refused: bool,
}

impl<'p> Compiler<'_, 'p> {
    /// Learns the streams, before the scenarios.
    pub(super) fn declare_streams(&mut self, plan: &'p Plan) {
        for stream in &plan.delivery {
            self.free_stream_name(&stream.name);
            stream.key.iter().for_each(|path| self.stream_key_fits(path));
            let key = stream.key.as_ref().and_then(|node| self.lowering().path(node));
            self.streams.push(Declared {
                stream,
                key,
                is_published: false,
                is_delivered: false,
                is_group_refused: false,
            });
        }
    }

    /// A threshold on a stream's figure must not speak of a counter that is called the same.
    fn free_stream_name(&mut self, name: &Key) {
        let is_counter = |called: &String| Counter::ALL.iter().any(|counter| counter.name() == called);
        let mut figures = DeliveryFigure::ALL.iter().map(|figure| format!("{}.{}", name.text, figure.name()));
        if let Some(taken) = figures.find(is_counter) {
            self.diagnostics.push(
                Diagnostic::new(codes::RESERVED_NAME, format!("`{}` is built in", name.text))
                    .label(name.span, format!("`{taken}` is counted in every run, of something else"))
                    .help("choose another name"),
            );
        }
    }

    /// What the streams come to, behind the scenarios.
    pub(super) fn streams(&mut self, plan: &Plan) -> Vec<Stream> {
        let declared = std::mem::take(&mut self.streams);
        for stream in declared.iter().filter(|_| !plan.unread.is_any) {
            self.both_ends(stream);
        }
        let mut streams = Vec::with_capacity(declared.len());
        for Declared { stream, key, .. } in declared {
            let timer = self.timer(format!("{}.delivery", stream.name.text));
            let Some(key) = self.understood(key, stream.name.span) else { continue };
            streams.push(Stream {
                name: stream.name.text.clone(),
                asked: PathSet::new([&key]),
                key,
                includes_sender: stream.includes_sender,
                within: self.within(stream.within),
                order: match stream.order {
                    model::delivery::Order::None => Order::None,
                    model::delivery::Order::Sender => Order::Sender,
                    model::delivery::Order::Total => Order::Total,
                },
                timer,
                span: stream.name.span,
            });
        }
        streams
    }

    fn both_ends(&mut self, declared: &Declared<'_>) {
        let name = &declared.stream.name;
        let (what, label, help) = match (declared.is_published, declared.is_delivered) {
            (true, true) => return,
            (true, false) => (
                "delivered from",
                "every copy would count as lost",
                format!("report copies: `deliver: {}` in a reaction or an expect", name.text),
            ),
            (false, true) => (
                "published to",
                "every copy would be unknown",
                format!("register messages: `publish: {}` beside a send or request", name.text),
            ),
            (false, false) => (
                "published to or delivered from",
                "nobody tells of it",
                format!(
                    "write `publish: {0}` beside a send or request, and `deliver: {0}` in a reaction or an expect",
                    name.text
                ),
            ),
        };
        self.diagnostics.push(
            Diagnostic::new(codes::HALF_STREAM, format!("nothing is {what} stream `{}`", name.text))
                .label(name.span, label)
                .help(help),
        );
    }

    /// The stream of a name; one that is not there is reported.
    fn stream_named(&mut self, name: &Spanned<String>) -> Option<StreamId> {
        let place = self.streams.iter().position(|declared| declared.stream.name.text == name.value);
        if place.is_none() && !self.names.is_unread(&name.value) {
            let known = || self.streams.iter().map(|declared| declared.stream.name.text.as_str());
            let help = match nearest(&name.value, known()) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!("declare it: `delivery: {{ {}: {{ key: $.id }} }}`", name.value),
            };
            self.diagnostics.push(
                Diagnostic::new(codes::UNKNOWN_STREAM, format!("there is no stream `{}`", name.value))
                    .label(name.span, "not declared in `delivery`")
                    .help(help),
            );
        }
        if place.is_some() && self.names.is_once() {
            self.diagnostics.push(
                Diagnostic::new(codes::DELIVERY_ONCE, "delivery is not followed in a setup or a teardown")
                    .label(name.span, "no user of the load does this")
                    .help("write it in a scenario: copies are expected at users, and counted while they run"),
            );
        }
        place.map(StreamId::new)
    }

    /// `deliver` of a reaction or an expect.
    pub(super) fn deliver(&mut self, name: Option<&Spanned<String>>) -> Option<StreamId> {
        let stream = self.stream_named(name?)?;
        self.streams[stream.index()].is_delivered = true;
        Some(stream)
    }

    /// `publish` beside a step that sends a body.
    pub(super) fn publish(&mut self, modifiers: &Modifiers, body: &model::Body) -> Option<Box<Publish>> {
        let publish = modifiers.publish.as_ref()?;
        let stream = self.stream_named(&publish.stream)?;
        self.streams[stream.index()].is_published = true;
        let key = if let Some(node) = &publish.key {
            let operand = self.lowering().operand(node);
            Some(self.understood(operand, node.span)?)
        } else {
            self.has_key(stream, publish.stream.span, body);
            None
        };
        Some(Box::new(Publish { stream, key, group: self.group(stream) }))
    }

    /// `publish` beside a step that sends nothing.
    pub(super) fn no_publish(&mut self, step: &Step) {
        let Some(publish) = &step.modifiers.publish else { return };
        if let (Some(stream), false) =
            (self.stream_named(&publish.stream), matches!(step.verb, Verb::Invalid))
        {
            self.streams[stream.index()].is_published = true;
            self.diagnostics.push(
                Diagnostic::new(codes::MISPLACED_PUBLISH, "there is no message to publish")
                    .label(publish.stream.span, format!("beside `{}`, which sends none", step.verb.keyword()))
                    .help("write it beside the `send` or `request` whose message is broadcast"),
            );
        }
    }

    /// Whether a message's key can be in its body, as far as that is known.
    fn has_key(&mut self, stream: StreamId, span: Span, body: &model::Body) {
        let declared = &self.streams[stream.index()];
        let Some(path) = &declared.key else { return };
        let reason = match body {
            model::Body::Json(node) if lacks(path, node) => {
                format!("`{path}` selects nothing in this message")
            }
            model::Body::Text(text) if !text.text().trim_start().starts_with(['{', '[']) => {
                format!("this message is no JSON to take `{path}` from")
            }
            model::Body::Binary { .. } => format!("this message is no JSON to take `{path}` from"),
            _ => return,
        };
        let name = &declared.stream.name;
        let help = format!(
            "say what the key is: `publish: {{ stream: {}, key: \"{{{{correlation_id}}}}\" }}`",
            name.text
        );
        self.diagnostics.push(
            Diagnostic::new(codes::NO_DELIVERY_KEY, "a published message has no key")
                .label(span, reason)
                .label(name.span, "the stream tells messages apart by it")
                .help(help),
        );
    }

    /// The template of a stream's group, with the names of this place.
    fn group(&mut self, stream: StreamId) -> Template {
        let declared = &self.streams[stream.index()];
        let Some(to) = declared.stream.to.as_ref().filter(|_| !declared.is_group_refused) else {
            return Template::default();
        };
        let lowered = self.lowering().text(to, Escape::None);
        self.streams[stream.index()].is_group_refused = lowered.is_none();
        self.understood(lowered, to.span()).unwrap_or_default()
    }

    /// The streams whose copies a scenario reports without ever saying `enter`: its users are in the audience from
    /// every connect on, where copies are reported of one connection only, from its own.
    pub(super) fn implied_audiences(
        &mut self,
        scenario: &model::Scenario,
    ) -> Vec<(StreamId, Option<LinkId>)> {
        let mut told = Told { links: &self.links, delivered: Vec::new(), entered: Vec::new() };
        told.steps(&scenario.steps);
        for reaction in &scenario.always {
            let link = self.links.of_known_name(reaction.on.as_ref());
            told.delivered.extend(reaction.deliver.as_ref().map(|stream| (stream, link)));
        }
        let place = |name: &str| self.streams.iter().position(|d| d.stream.name.text == name);
        let mut streams: Vec<(StreamId, Option<LinkId>)> = Vec::new();
        for (name, link) in
            told.delivered.iter().filter(|(name, _)| !told.entered.contains(&name.value.as_str()))
        {
            let implied = place(&name.value).map(|place| (StreamId::new(place), *link));
            // Entered with every connect, it is entered with that one too.
            let is_new =
                |(stream, link)| !streams.contains(&(stream, link)) && !streams.contains(&(stream, None));
            streams.extend(implied.filter(|implied| is_new(*implied)));
        }
        streams
    }

    /// A state in which the user enters an audience or leaves it, behind the step that brings it about.
    pub(super) fn audience(&mut self, enters: bool, stream: StreamId, span: Span) -> Flow {
        let group = self.group(stream);
        self.emit(Op::Audience(Box::new(Audience { enters, stream, group })), span);
        let (verb, effect) = if enters { ("enter", Effect::Send) } else { ("leave", Effect::None) };
        Flow { span, verb, reads: self.names.take_reads(), sets: Vec::new(), effect, link: None }
    }

    /// `enter` and `leave` beside a step.
    pub(super) fn audiences(&mut self, step: &Step) -> Vec<Flow> {
        let mut flows = Vec::new();
        for (enters, name) in [(true, &step.modifiers.enter), (false, &step.modifiers.leave)] {
            if let Some(name) = name
                && let Some(stream) = self.stream_named(name)
            {
                flows.push(self.audience(enters, stream, name.span));
            }
        }
        flows
    }
}

/// Which streams the steps of a scenario tell of.
struct Told<'p> {
    links: &'p Links,
    /// With the connection that the copies come over.
    delivered: Vec<(&'p Spanned<String>, Option<LinkId>)>,
    entered: Vec<&'p str>,
}

impl<'p> Told<'p> {
    fn steps(&mut self, steps: &'p [Step]) {
        for step in steps {
            self.entered.extend(step.modifiers.enter.as_ref().map(|name| name.value.as_str()));
            match &step.verb {
                Verb::Expect(expect) => {
                    let link = self.links.of_known(step);
                    self.delivered.extend(expect.deliver.as_ref().map(|stream| (stream, link)));
                }
                Verb::Gather(gather) => {
                    let link = self.links.of_known(step);
                    let told = gather.wanted.iter().filter_map(|wanted| wanted.deliver.as_ref());
                    self.delivered.extend(told.map(|stream| (stream, link)));
                }
                verb => verb.blocks().into_iter().for_each(|steps| self.steps(steps)),
            }
        }
    }
}

/// Whether a path of names and indices leads nowhere in a body as the plan has it.
fn lacks(path: &Path, body: &Node) -> bool {
    let Query::Simple(steps) = path.query() else { return false };
    let mut node = body;
    for step in steps {
        let next = match (step, &node.kind) {
            (crate::program::Step::Name(name), NodeKind::Map(_)) => node.lookup(name),
            (crate::program::Step::Index(index), NodeKind::List(items)) => {
                usize::try_from(*index).map_or_else(|_| items.last(), |index| items.get(index))
            }
            // A template may become a list or map.
            (_, NodeKind::String(text)) if text.contains("{{") => return false,
            _ => None,
        };
        let Some(next) = next else { return true };
        node = next;
    }
    false
}
