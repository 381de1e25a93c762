//! Finds what each `use` of a plan stands for, before anything is lowered: fragments of the plan, and files, which are read,
//! parsed and held to the table of keywords like the plan itself. What uses itself is refused here, so that whoever
//! follows a `use` comes to an end.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::file::Files;
use crate::diagnostic::{Diagnostic, Diagnostics, FileId, Sources, Span, codes, nearest};
use crate::plan::model::fragment::{Origin, each_use};
use crate::plan::model::{Fragment, Plan, Step, Use};
use crate::plan::schema::{self, Unread};
use crate::plan::syntax::{self, Key};

/// How deep fragments may be used in fragments.
const DEPTH_MAX: usize = 32;
/// How many steps a plan may have when all that it uses stands in its place.
const STEPS_MAX: usize = 100_000;

/// A fragment with all that is used in it, and how many steps that comes to.
type Found = Option<(Arc<Fragment>, usize)>;

struct Resolver<'r> {
    sources: &'r mut Sources,
    /// The file of the plan.
    file: FileId,
    files: &'r dyn Files,
    diagnostics: &'r mut Diagnostics,
    unread: Unread,
    named: HashMap<String, Fragment>,
    found: HashMap<String, Found>,
    /// What is being looked into, outermost first, and where it is used.
    open: Vec<(String, Span)>,
}

/// Puts into each `use` what it stands for.
pub(super) fn resolve(
    plan: &mut Plan,
    (sources, file): (&mut Sources, FileId),
    files: &dyn Files,
    diagnostics: &mut Diagnostics,
) {
    let named =
        plan.fragments.iter().map(|fragment| (fragment.name.text.clone(), fragment.clone())).collect();
    let unread = std::mem::take(&mut plan.unread);
    let mut resolver = Resolver {
        sources,
        file,
        files,
        diagnostics,
        unread,
        named,
        found: HashMap::new(),
        open: Vec::new(),
    };
    let mut step_count = 0;
    for scenario in plan.setup.iter_mut().chain(&mut plan.scenarios).chain(&mut plan.teardown) {
        step_count += resolver.steps(&mut scenario.steps);
        if step_count > STEPS_MAX {
            resolver.too_many(scenario.name.span);
        }
    }
    let Resolver { unread, found, diagnostics, .. } = resolver;
    for fragment in plan.fragments.iter().filter(|_| !unread.is_any) {
        let name = &fragment.name.text;
        if !found.contains_key(&named_key(name)) {
            diagnostics.push(
                Diagnostic::new(codes::UNUSED_FRAGMENT, format!("fragment `{name}` is never used"))
                    .label(fragment.name.span, "defined here, used nowhere: nothing in it is checked")
                    .help(format!("remove it, or use it: `- use: {{ fragment: {name} }}`")),
            );
        }
    }
    plan.unread = unread;
}

fn named_key(name: &str) -> String {
    format!("fragment {name}")
}

impl Resolver<'_> {
    /// How many steps these are with all that is used in them.
    fn steps(&mut self, steps: &mut [Step]) -> usize {
        let mut used_count = 0usize;
        each_use(steps, &mut |used| {
            if let Some((fragment, step_count)) = self.origin(&used.origin) {
                used_count = used_count.saturating_add(step_count);
                used.fragment = Some(fragment);
            }
        });
        count(steps).saturating_add(used_count)
    }

    fn origin(&mut self, origin: &Origin) -> Found {
        let text = origin.text();
        let key = match origin {
            Origin::Named(name) => named_key(&name.value),
            Origin::File(path) => format!("file {}", path.value),
        };
        if let Some(known) = self.found.get(&key) {
            return known.clone();
        }
        if let Some((_, first)) = self.open.iter().find(|(open, _)| *open == key) {
            self.diagnostics.push(
                Diagnostic::new(codes::FRAGMENT_NESTING, format!("`{}` uses itself", text.value))
                    .label(text.span, "used here, inside itself")
                    .label(*first, "used here first")
                    .help("steps that repeat belong into a `loop`"),
            );
            return None;
        }
        if self.open.len() == DEPTH_MAX {
            self.diagnostics.push(
                Diagnostic::new(
                    codes::FRAGMENT_NESTING,
                    format!("fragments are used {DEPTH_MAX} deep at most"),
                )
                .label(text.span, "one deeper"),
            );
            return None;
        }
        let fragment = match origin {
            Origin::Named(name) => self.named(&name.value, name.span),
            Origin::File(path) => self.read(&path.value, path.span),
        };
        let found = fragment.and_then(|mut fragment| {
            self.open.push((key.clone(), text.span));
            let step_count = self.steps(&mut fragment.steps);
            self.open.pop();
            if step_count > STEPS_MAX {
                self.too_many(text.span);
                return None;
            }
            Some((Arc::new(fragment), step_count))
        });
        self.found.insert(key, found.clone());
        found
    }

    fn too_many(&mut self, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(codes::FRAGMENT_NESTING, format!("a plan has {STEPS_MAX} steps at most"))
                .label(span, "more, with all that is used in it")
                .help("steps that repeat belong into a `loop`"),
        );
    }

    fn named(&mut self, name: &str, span: Span) -> Option<Fragment> {
        let fragment = self.named.get(name).cloned();
        if fragment.is_none() && !self.unread.defined.contains(name) {
            let help = match nearest(name, self.named.keys().map(String::as_str)) {
                Some(similar) => format!("did you mean `{similar}`?"),
                None => format!(
                    "define it: `fragments: {{ {name}: [...] }}`, or name a file: `file: {name}.yaml`"
                ),
            };
            self.diagnostics.push(
                Diagnostic::new(codes::UNKNOWN_FRAGMENT, format!("there is no fragment `{name}`"))
                    .label(span, "not among the plan's `fragments`")
                    .help(help),
            );
        }
        fragment
    }

    fn read(&mut self, path: &str, span: Span) -> Option<Fragment> {
        let refused = |reason: &str| {
            Diagnostic::new(codes::FRAGMENT_FILE, format!("`{path}` cannot be used: {reason}"))
                .label(span, "named here")
                .help("name a file in the directory of the plan or below it that holds a list of steps")
        };
        let text = match self.files.read(path).map(String::from_utf8) {
            Ok(Ok(text)) if text.len() as u64 <= crate::plan::source::MAX_BYTES => text,
            Ok(Ok(_)) => return self.refuse(refused("it is over 8 MiB")),
            Ok(Err(_)) => return self.refuse(refused("it is not UTF-8")),
            Err(failure) => return self.refuse(refused(&failure.to_string())),
        };
        // Shown as the plan is: from where it was named.
        let beside = Path::new(self.sources.file(self.file).name()).parent().map(|folder| folder.join(path));
        let name = beside.map_or_else(|| path.to_owned(), |path| path.display().to_string());
        let file = self.sources.add(name, text);
        let limits = syntax::Limits::default();
        let Some(root) = syntax::parse(self.sources, file, &limits, self.diagnostics) else {
            // Nobody knows what was meant to stand there.
            self.unread.is_any = true;
            return None;
        };
        let mut unread = schema::check_fragment(&root, self.diagnostics);
        if unread.is_any {
            unread.mention(self.sources.file(file).text());
        }
        self.unread.add(unread);
        Some(Fragment::decode(Key { text: path.to_owned(), span }, &root))
    }

    fn refuse(&mut self, diagnostic: Diagnostic) -> Option<Fragment> {
        self.diagnostics.push(diagnostic);
        None
    }
}

/// How many steps there are, without what is used in them.
fn count(steps: &[Step]) -> usize {
    let inner = |step: &Step| match &step.verb {
        crate::plan::model::Verb::Use(Use { .. }) => 0,
        verb => verb.blocks().into_iter().map(count).sum(),
    };
    steps.iter().map(|step| 1 + inner(step)).sum()
}
