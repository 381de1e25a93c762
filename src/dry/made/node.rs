//! JSON that is put together from the paths that a plan asks for: a tree of what must be where.

use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, JpQuery, Literal, Segment, Selector, SingularQuery,
    SingularQuerySegment, Test as FilterTest,
};
use regex::Regex;

use super::uses::Uses;
use super::value::{Demand, value, value_of};
use crate::machine::Scope;
use crate::program::matcher::{Comparison as Compares, Test};
use crate::program::{Json, Path, Query, SlotId, Step};

/// A value and what is asked of it.
#[derive(Default)]
pub(super) struct Node<'p> {
    demands: Vec<Demand<'p>>,
    /// Whether it has to be there.
    is_wanted: bool,
    members: Vec<(String, Node<'p>)>,
    /// By index; negative ones count from the end.
    elements: Vec<(i64, Node<'p>)>,
}

impl<'p> Node<'p> {
    /// What a path selects has to satisfy these.
    pub(super) fn ask(&mut self, path: &'p Path, tests: impl Iterator<Item = &'p Test>) {
        let tests: Vec<&Test> = tests.collect();
        // What holds of every node holds where there is none.
        let is_of_none = |test: &&Test| matches!(test, Test::Exists(false) | Test::Compare(Compares::Ne, _));
        if tests.iter().any(|test| !is_of_none(test)) {
            self.want(path);
        }
        let node = self.at(path);
        node.demands.extend(tests.into_iter().map(Demand::Test));
    }

    /// There has to be something.
    pub(super) fn want(&mut self, path: &'p Path) {
        self.at(path).is_wanted = true;
    }

    /// There has to be something that can be used as the value of a slot.
    pub(super) fn keep(&mut self, path: &'p Path, uses: &'p Uses<'p>, slot: SlotId) {
        let node = self.at(path);
        node.is_wanted = true;
        node.demands.push(Demand::Use(uses, slot));
    }

    /// There has to be a string in which a pattern occurs.
    pub(super) fn match_pattern(&mut self, path: &'p Path, pattern: &'p Regex) {
        let node = self.at(path);
        node.is_wanted = true;
        node.demands.push(Demand::Pattern(pattern));
    }

    /// Whether nothing is asked at all.
    pub(super) fn is_blank(&self) -> bool {
        !self.has_to_be() && self.demands.is_empty()
    }

    /// Whether it, or anything in it, has to be there.
    fn has_to_be(&self) -> bool {
        self.is_wanted
            || self.members.iter().any(|(_, node)| node.has_to_be())
            || self.elements.iter().any(|(_, node)| node.has_to_be())
    }

    /// The value as it may be; whether it satisfies everything is for the matchers to say.
    pub(super) fn build(&self, scope: &mut Scope<'_>) -> Json<'static> {
        let members: Vec<_> = self.members.iter().filter(|(_, node)| node.has_to_be()).collect();
        let elements: Vec<_> = self.elements.iter().filter(|(_, node)| node.has_to_be()).collect();
        if !members.is_empty() {
            let built = members.iter().map(|(name, node)| (name.clone().into(), node.build(scope)));
            return value_of(Json::Object(built.collect()), &self.demands, scope);
        }
        if elements.is_empty() {
            return value(&self.demands, scope);
        }
        // Those that are counted from the end stand behind the others.
        let reach = |is_behind: bool| {
            let of = elements.iter().filter(|(index, _)| (*index < 0) == is_behind);
            let count = |index: i64| index.unsigned_abs() + u64::from(!is_behind);
            of.map(|(index, _)| count(*index)).max().unwrap_or(0).min(LONGEST)
        };
        let mut array: Vec<Option<Json<'static>>> = (0..reach(false) + reach(true)).map(|_| None).collect();
        for (index, node) in &elements {
            let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            let at = if *index < 0 { array.len().checked_sub(distance) } else { Some(distance) };
            if let Some(place) = at.and_then(|at| array.get_mut(at)) {
                *place = Some(node.build(scope));
            }
        }
        // The others are like the first: most arrays are of one kind.
        let like = array.iter().flatten().next().cloned().unwrap_or_default();
        let array = array.into_iter().map(|element| element.unwrap_or_else(|| like.clone())).collect();
        value_of(Json::Array(array), &self.demands, scope)
    }

    fn at(&mut self, path: &'p Path) -> &mut Self {
        match path.query() {
            Query::Simple(steps) => steps.iter().fold(self, |node, step| match step {
                Step::Name(name) => node.member(name),
                Step::Index(index) => node.element(*index),
            }),
            Query::Full(JpQuery { segments }) => segments.iter().fold(self, Self::below),
        }
    }

    fn below<'n>(&'n mut self, segment: &'p Segment) -> &'n mut Self {
        match segment {
            // However deep it may be, it may be right here.
            Segment::Descendant(segment) => self.below(segment),
            Segment::Selector(selector) => self.selected(selector),
            Segment::Selectors(selectors) => match selectors.first() {
                Some(selector) => self.selected(selector),
                None => self,
            },
        }
    }

    fn selected<'n>(&'n mut self, selector: &'p Selector) -> &'n mut Self {
        match selector {
            Selector::Name(name) => self.member(name),
            Selector::Index(index) => self.element(*index),
            Selector::Slice(start, ..) => self.element(start.unwrap_or(0)),
            Selector::Wildcard => self.any(),
            Selector::Filter(filter) => {
                let node = self.any();
                node.pass(filter);
                node
            }
        }
    }

    fn any(&mut self) -> &mut Self {
        if self.members.is_empty() { self.element(0) } else { &mut self.members[0].1 }
    }

    fn member(&mut self, name: &str) -> &mut Self {
        let at = self.members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.members.push((name.to_owned(), Self::default()));
            self.members.len() - 1
        });
        &mut self.members[at].1
    }

    fn element(&mut self, index: i64) -> &mut Self {
        let at = self.elements.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
            self.elements.push((index, Self::default()));
            self.elements.len() - 1
        });
        &mut self.elements[at].1
    }

    /// What a filter compares with `==`, and what it asks to be there.
    fn pass(&mut self, filter: &'p Filter) {
        match filter {
            Filter::And(all) => all.iter().for_each(|filter| self.pass(filter)),
            Filter::Or(some) => some.iter().take(1).for_each(|filter| self.pass(filter)),
            Filter::Atom(FilterAtom::Filter { expr, not: false }) => self.pass(expr),
            Filter::Atom(FilterAtom::Test { expr, not: false }) => {
                if let FilterTest::RelQuery(segments) = &**expr {
                    segments.iter().fold(self, Self::below).is_wanted = true;
                }
            }
            Filter::Atom(FilterAtom::Comparison(comparison)) => {
                if let Comparison::Eq(left, right) = &**comparison {
                    self.equal(left, right);
                    self.equal(right, left);
                }
            }
            Filter::Atom(_) => {}
        }
    }

    fn equal(&mut self, subject: &Comparable, other: &Comparable) {
        let Comparable::SingularQuery(SingularQuery::Current(segments)) = subject else { return };
        let Comparable::Literal(literal) = other else { return };
        let node = segments.iter().fold(self, |node, segment| match segment {
            SingularQuerySegment::Name(name) => node.member(name),
            SingularQuerySegment::Index(index) => node.element(*index),
        });
        node.is_wanted = true;
        node.demands.push(Demand::Equals(match literal {
            Literal::Int(int) => Json::Int(*int),
            Literal::Float(float) => Json::Decimal(float.to_string().into()),
            Literal::String(text) => Json::Text(text.clone().into()),
            Literal::Bool(bool) => Json::Bool(*bool),
            Literal::Null => Json::Null,
        }));
    }
}

/// No array that is made up is longer: a plan may ask for the element of any index.
const LONGEST: u64 = 10_000;
