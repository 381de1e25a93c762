//! What becomes of the values that a plan captures, so that what is made up for one is of a kind that later steps can
//! work with: a list where it is gone over, a number where one is calculated with, and what ends a loop that goes on
//! until it is there.

use super::value::ANYTHING;
use crate::machine::Scope;
use crate::machine::matching::holds;
use crate::program::helper::Kind;
use crate::program::matcher::{Comparison, Condition, Test};
use crate::program::{
    Answer, Connect, Expr, Http, Items, Json, Op, Operand, Program, Repeat, Segment, SlotId, Template, Until,
    Value,
};

/// How deep lists of lists are looked into.
const DEEPEST: usize = 4;

/// What becomes of each slot's value.
pub(in crate::dry) struct Uses<'p>(Vec<Use<'p>>);

/// What becomes of one.
#[derive(Default)]
struct Use<'p> {
    /// Whether it is gone over.
    is_list: bool,
    /// Where its items go then.
    item: Option<SlotId>,
    /// What is looked up in it.
    paths: Vec<&'p [String]>,
    /// What helpers need it to be.
    kinds: Vec<Kind>,
    /// What loops go on for.
    whiles: Vec<&'p [Condition<Test>]>,
}

impl<'p> Uses<'p> {
    pub(in crate::dry) fn of(program: &'p Program) -> Self {
        let mut uses = Self(program.slots.iter().map(|_| Use::default()).collect());
        for state in &program.states {
            uses.in_op(&state.op);
        }
        for reaction in &program.reactions {
            if let Answer::Send(body) = &reaction.answer {
                uses.in_template(&body.template);
            }
            reaction.log.iter().chain(&reaction.fail).for_each(|template| uses.in_template(template));
        }
        uses
    }

    /// Values that may do; none where anything does.
    pub(super) fn propose(&self, slot: SlotId) -> Vec<Json<'static>> {
        self.propose_within(slot, DEEPEST)
    }

    fn propose_within(&self, slot: SlotId, depth: usize) -> Vec<Json<'static>> {
        let Some(of) = self.0.get(slot.index()) else { return Vec::new() };
        let mut proposals = Vec::new();
        if of.is_list {
            let item = of.item.filter(|_| depth > 0).map(|item| self.propose_within(item, depth - 1));
            let item = item.and_then(|proposals| proposals.into_iter().next());
            proposals.push(Json::Array(vec![item.unwrap_or_else(anything)]));
        }
        if !of.paths.is_empty() {
            proposals.push(nested(&of.paths));
        }
        proposals.extend(of.kinds.iter().map(|kind| match kind {
            Kind::Any => anything(),
            Kind::Integer { least, most } => Json::Int(1.clamp(*least, *most)),
            Kind::Number => Json::Int(1),
            Kind::Word(words) => words.first().map_or_else(anything, |word| Json::Text((*word).into())),
            Kind::Map => Json::Object(Vec::new()),
        }));
        for condition in of.whiles.iter().copied().flatten() {
            if let Test::Compare(comparison, Operand::Constant(bound)) = &condition.test {
                proposals.extend(beyond(*comparison, bound));
            }
        }
        if !of.whiles.is_empty() {
            proposals.extend([anything(), Json::Bool(true), Json::Bool(false), Json::Int(0), Json::Null]);
        }
        proposals
    }

    /// Whether a value does.
    pub(super) fn admit(&self, slot: SlotId, value: &Json<'static>, scope: &mut Scope<'_>) -> bool {
        let Some(of) = self.0.get(slot.index()) else { return true };
        let is_list = || matches!(value, Json::Array(items) if !items.is_empty());
        let known = || Value::from_json_text(&value.to_string()).unwrap_or_default();
        (!of.is_list || is_list())
            && of.paths.iter().all(|path| below(value, path).is_some())
            && (of.kinds.is_empty() || of.kinds.iter().all(|kind| kind.admits(&known())))
            && !of
                .whiles
                .iter()
                .any(|conditions| conditions.iter().all(|condition| holds(&condition.test, value, scope)))
    }

    fn in_op(&mut self, op: &'p Op) {
        match op {
            Op::Send { message, .. } => self.in_template(&message.template),
            Op::Request(request) => self.in_template(&request.send.template),
            Op::Set(values) => values.iter().for_each(|(_, expr)| self.in_expr(expr)),
            Op::Log(template) | Op::Fail(template) => self.in_template(template),
            Op::Connect(connect) => {
                let Connect { url, path, query, headers, .. } = &**connect;
                url.iter().chain(path).for_each(|template| self.in_template(template));
                query.iter().chain(headers).for_each(|(_, template)| self.in_template(template));
            }
            Op::Http(http) => {
                let Http { url, query, headers, content, .. } = &**http;
                self.in_template(url);
                query.iter().chain(headers).for_each(|(_, template)| self.in_template(template));
                content.iter().for_each(|content| self.in_template(&content.template));
            }
            Op::Enter(repeat) => self.in_repeat(repeat),
            _ => {}
        }
    }

    fn in_repeat(&mut self, repeat: &'p Repeat) {
        match &repeat.until {
            Until::While(condition) => {
                for clause in &condition.clauses {
                    if let Operand::Expr(Expr::Slot(slot)) = &clause.variable {
                        self.0[slot.index()].whiles.push(&clause.conditions);
                    }
                }
            }
            Until::Over(over) => {
                if let Items::Of { list: Expr::Slot(slot), .. } = &over.items {
                    (self.0[slot.index()].is_list, self.0[slot.index()].item) = (true, over.item);
                }
            }
            Until::Times(_) | Until::For(..) | Until::Forever => {}
        }
    }

    fn in_template(&mut self, template: &'p Template) {
        for segment in &template.segments {
            if let Segment::Value { expr, .. } = segment {
                self.in_expr(expr);
            }
        }
    }

    fn in_expr(&mut self, expr: &'p Expr) {
        match expr {
            Expr::Field { slot, path } => self.0[slot.index()].paths.push(path),
            Expr::Call { helper, arguments } => {
                let parameters = helper.signature().parameters;
                for (at, argument) in arguments.iter().enumerate() {
                    let parameter = parameters.get(at).or(parameters.last());
                    match (argument, parameter) {
                        (Expr::Slot(slot), Some(parameter)) if parameter.kind != Kind::Any => {
                            self.0[slot.index()].kinds.push(parameter.kind);
                        }
                        _ => self.in_expr(argument),
                    }
                }
            }
            Expr::Rendered { template, .. } => self.in_template(template),
            Expr::Constant(_) | Expr::Secret(_) | Expr::Slot(_) | Expr::Interpreted(_) => {}
        }
    }
}

fn anything() -> Json<'static> {
    Json::Text(ANYTHING.into())
}

/// What a condition does not hold of.
fn beyond(comparison: Comparison, bound: &Json<'static>) -> Option<Json<'static>> {
    match (comparison, bound) {
        (Comparison::Ne | Comparison::Lt | Comparison::Gt, _) => Some(bound.clone()),
        (Comparison::Lte, Json::Int(int)) => Some(Json::Int(int.saturating_add(1))),
        (Comparison::Gte, Json::Int(int)) => Some(Json::Int(int.saturating_sub(1))),
        _ => None,
    }
}

/// A value in which all of the paths lead to something: keys, and indices where all keys are numbers.
fn nested(paths: &[&[String]]) -> Json<'static> {
    let mut keys: Vec<&String> = paths.iter().filter_map(|path| path.first()).collect();
    keys.sort_unstable();
    keys.dedup();
    let below = |key: &str| -> Vec<&[String]> {
        paths
            .iter()
            .filter(|path| path.first().is_some_and(|first| first == key))
            .map(|path| &path[1..])
            .collect()
    };
    if keys.is_empty() {
        return anything();
    }
    let indices: Option<Vec<usize>> =
        keys.iter().map(|key| key.parse().ok().filter(|index| *index < 1000)).collect();
    let Some(indices) = indices else {
        return Json::Object(keys.iter().map(|key| ((*key).clone().into(), nested(&below(key)))).collect());
    };
    let length = indices.into_iter().max().map_or(0, |last| last + 1);
    Json::Array((0..length).map(|index| nested(&below(&index.to_string()))).collect())
}

fn below<'v>(value: &'v Json<'static>, path: &[String]) -> Option<&'v Json<'static>> {
    path.iter().try_fold(value, |value, key| {
        value.member(key).or_else(|| value.element(key.parse().ok().filter(|index| *index >= 0)?))
    })
}
