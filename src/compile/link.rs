//! The connections of a scenario's users: each name of a `connect` is one, and so are all those without a name. Which of
//! them a step or a reaction acts on is known before the run.

use super::Compiler;
use crate::diagnostic::{Diagnostic, Span, codes, nearest};
use crate::plan::model::{Modifiers, Spanned, Step, Verb};
use crate::program::{Link, LinkId, Op, State};

/// The connections of the scenario at hand.
#[derive(Default)]
pub(super) struct Links {
    known: Vec<Known>,
    /// The one that the step at hand acts on.
    pub(super) present: LinkId,
    /// Names that are a user's own connection here and one of a pool there.
    clashes: Vec<(String, Span, Span)>,
    /// Pools that a step names without having borrowed from them, each reported once.
    not_borrowed: Vec<String>,
    /// The one that the steps of a block are about, where they are not told otherwise.
    pub(super) block: Option<LinkId>,
}

/// A connection, and the first step that opens it.
struct Known {
    name: Option<String>,
    span: Span,
    /// Whether it is one at all: it is not where each `connect` is to be refused.
    is_opened: bool,
    /// Whether it is one of a pool.
    is_borrowed: bool,
}

/// A connection as the lints see it.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown {
    /// What messages call it.
    pub(super) name: Option<String>,
    /// Whether it is one of a pool.
    pub(super) is_borrowed: bool,
}

/// Why it is not known which connection a step acts on.
enum Unclear<'s> {
    /// No `connect` has the name.
    Unknown(&'s Spanned<String>),
    /// There are several, all with a name, and the step has none.
    Ambiguous,
    /// It acts on none.
    Misplaced(&'s Spanned<String>),
}

impl Links {
    fn collect(&mut self, steps: &[Step]) {
        for step in steps {
            match &step.verb {
                Verb::Connect(connect) => {
                    let is_opened = connect.expect_status.is_none();
                    self.know(step.name.as_ref(), step.span, (is_opened, false));
                    self.collect(&connect.on_connected);
                }
                Verb::Borrow(borrow) => {
                    self.know(step.name.as_ref().or(Some(&borrow.from)), step.span, (false, true));
                    self.collect(&borrow.steps);
                }
                verb => verb.blocks().into_iter().for_each(|steps| self.collect(steps)),
            }
        }
    }

    fn know(&mut self, name: Option<&Spanned<String>>, span: Span, (is_opened, is_borrowed): (bool, bool)) {
        let name = name.map(|name| name.value.clone());
        match self.known.iter_mut().find(|known| known.name == name) {
            None => self.known.push(Known { name, span, is_opened, is_borrowed }),
            Some(known) if known.is_borrowed != is_borrowed => {
                self.clashes.extend(name.map(|name| (name, known.span, span)));
            }
            Some(known) => known.is_opened |= is_opened,
        }
    }

    fn named(&self, name: Option<&str>) -> Option<LinkId> {
        let place = self.known.iter().position(|known| known.name.as_deref() == name)?;
        (place < LinkId::COUNT_MAX).then(|| LinkId::new(place))
    }

    fn of_name<'s>(&self, name: &'s Spanned<String>) -> Result<LinkId, Unclear<'s>> {
        self.named(Some(&name.value)).ok_or(Unclear::Unknown(name))
    }

    /// The connection that a step acts on, where it acts on one.
    fn of<'s>(&self, step: &'s Step) -> Result<Option<LinkId>, Unclear<'s>> {
        let Modifiers { on, enter, .. } = &step.modifiers;
        let acts = match &step.verb {
            Verb::Connect(_) => return self.of_connect(step, step.name.as_ref()).map(Some),
            Verb::Borrow(borrow) => {
                return self.of_connect(step, step.name.as_ref().or(Some(&borrow.from))).map(Some);
            }
            Verb::Send(_)
            | Verb::Expect(_)
            | Verb::Gather(_)
            | Verb::Request(_)
            | Verb::Ping(_)
            | Verb::Close(_)
            | Verb::ExpectClose(_) => true,
            // Without a name it is for the replies of all.
            Verb::AwaitAll => on.is_some(),
            Verb::Invalid => return Ok(None),
            Verb::Http(_)
            | Verb::Think(_)
            | Verb::Loop(_)
            | Verb::If(_)
            | Verb::Choose(_)
            | Verb::Group(_)
            | Verb::Use(_)
            | Verb::Barrier(_)
            | Verb::Set(_)
            | Verb::Log(_)
            | Verb::Fail(_)
            | Verb::Stop(_) => enter.is_some(),
        };
        match on {
            Some(on) if acts => self.of_name(on).map(Some),
            Some(on) => Err(Unclear::Misplaced(on)),
            None if !acts => Ok(None),
            None if self.block.is_some() => Ok(self.block),
            None => self.implied().map(Some).ok_or(Unclear::Ambiguous),
        }
    }

    /// The connection of a step that names none: the user's only one of its own, or the only one that is opened, else the
    /// one without a name.
    fn implied(&self) -> Option<LinkId> {
        let own = || (0..self.known.len().min(LinkId::COUNT_MAX)).filter(|at| !self.known[*at].is_borrowed);
        let (mut all, mut opened) = (own(), own().filter(|at| self.known[*at].is_opened));
        match ((all.next(), all.next()), (opened.next(), opened.next())) {
            ((None, _), _) => Some(LinkId::FIRST),
            ((Some(only), None), _) | (_, (Some(only), None)) => Some(LinkId::new(only)),
            _ => self.named(None),
        }
    }

    fn of_connect<'s>(&self, step: &'s Step, name: Option<&Spanned<String>>) -> Result<LinkId, Unclear<'s>> {
        match &step.modifiers.on {
            Some(on) => Err(Unclear::Misplaced(on)),
            None => Ok(self.named(name.map(|name| name.value.as_str())).unwrap_or_default()),
        }
    }

    /// As [`Compiler::link_of`], where a mistake has been reported or will be.
    pub(super) fn of_known(&self, step: &Step) -> Option<LinkId> {
        self.of(step).ok().flatten()
    }

    /// As [`Compiler::reaction_link`], likewise.
    pub(super) fn of_known_name(&self, name: Option<&Spanned<String>>) -> Option<LinkId> {
        self.named(Some(&name?.value))
    }

    /// Whether this is the first time that a step names this pool without having borrowed from it.
    pub(super) fn first_of_pool(&mut self, name: &str) -> bool {
        let is_first = !self.not_borrowed.iter().any(|known| known == name);
        if is_first {
            self.not_borrowed.push(name.to_owned());
        }
        is_first
    }

    /// The connections as the lints see them; without a name where there is only one, for nobody asks which.
    pub(super) fn shown(&self) -> Vec<Shown> {
        if self.known.is_empty() {
            return vec![Shown::default()];
        }
        let name = |known: &Known| known.name.clone().filter(|_| known.is_borrowed || self.known.len() > 1);
        self.known.iter().map(|known| Shown { name: name(known), is_borrowed: known.is_borrowed }).collect()
    }

    /// Whether a name is that of two connections of different sorts, which was reported.
    pub(super) fn is_unclear(&self) -> bool {
        !self.clashes.is_empty()
    }

    /// The connections as the program has them.
    pub(super) fn finish(self, states: &[State]) -> Vec<Link> {
        let expects = |link: LinkId| {
            let looks = |state: &State| matches!(state.op, Op::Expect(_) | Op::Gather(_));
            states.iter().any(|state| state.link == link && looks(state))
        };
        let known = self.known.into_iter().take(LinkId::COUNT_MAX).enumerate();
        known
            .map(|(place, known)| Link { name: known.name, has_expect: expects(LinkId::new(place)) })
            .collect()
    }
}

impl Compiler<'_, '_> {
    /// Learns the connections of a scenario, before its steps.
    pub(super) fn learn_links(&mut self, steps: &[Step]) {
        self.links = Links::default();
        self.links.collect(steps);
        for (name, one, other) in self.links.clashes.clone() {
            self.two_connections(&name, one, other);
        }
        if let Some(surplus) = self.links.known.get(LinkId::COUNT_MAX) {
            let message = format!("a user has {} connections at most", LinkId::COUNT_MAX);
            self.diagnostics.push(
                Diagnostic::new(codes::OUT_OF_RANGE, message)
                    .label(surplus.span, "one more")
                    .help("a connection that is closed can be opened again under its name"),
            );
        }
    }

    /// The connection that a step acts on; `None` where it acts on none in particular. Reports what is not clear.
    pub(super) fn link_of(&mut self, step: &Step) -> Option<LinkId> {
        match self.links.of(step) {
            Ok(link) => link,
            Err(unclear) => {
                self.unclear(&unclear, step);
                None
            }
        }
    }

    /// The connection whose messages a reaction is for; `None` is all.
    pub(super) fn reaction_link(&mut self, on: Option<&Spanned<String>>) -> Option<LinkId> {
        let name = on?;
        let link = self.links.named(Some(&name.value));
        if link.is_none() {
            self.unknown_link(name);
        }
        link
    }

    fn unclear(&mut self, unclear: &Unclear<'_>, step: &Step) {
        match unclear {
            Unclear::Unknown(name) => self.unknown_link(name),
            Unclear::Ambiguous => self.ambiguous_link(step),
            Unclear::Misplaced(on) => {
                let help = match step.verb {
                    Verb::Connect(_) => "a `connect` says by `name` which connection it opens",
                    Verb::Borrow(_) => "a `borrow` says by `name` what its connection is called",
                    _ => "leave `on` out",
                };
                let message = format!("`on` cannot stand beside `{}`", step.verb.keyword());
                let diagnostic = Diagnostic::new(codes::CONFLICTING_KEYS, message).help(help);
                self.diagnostics.push(diagnostic.label(on.span, "this would do nothing"));
            }
        }
    }

    fn unknown_link(&mut self, name: &Spanned<String>) {
        if self.names.is_unread(&name.value) {
            return;
        }
        if self.pools.has(&name.value) {
            return self.not_borrowed(name);
        }
        let known = || self.links.known.iter().filter_map(|known| known.name.as_deref());
        let help = match nearest(&name.value, known()) {
            Some(similar) => format!("did you mean `{similar}`?"),
            None => format!("name one: `- {{ name: {}, connect: {{}} }}`", name.value),
        };
        self.diagnostics.push(
            Diagnostic::new(codes::UNKNOWN_CONNECTION, format!("there is no connection `{}`", name.value))
                .label(name.span, "no `connect` of this scenario has this name")
                .help(help),
        );
    }

    fn ambiguous_link(&mut self, step: &Step) {
        let names: Vec<_> = self.links.known.iter().filter_map(|known| known.name.as_deref()).collect();
        let message = format!("on which connection is this `{}`?", step.verb.keyword());
        let help = format!(
            "write `on: {}` beside it; there are `{}`",
            names.first().copied().unwrap_or_default(),
            names.join("`, `")
        );
        let mut diagnostic = Diagnostic::new(codes::AMBIGUOUS_CONNECTION, message)
            .label(step.span, "the scenario has several, and all have a name")
            .help(help);
        for known in self.links.known.iter().take(2) {
            diagnostic = diagnostic.label(known.span, "one of them");
        }
        self.diagnostics.push(diagnostic);
    }
}
