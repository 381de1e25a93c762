//! Matchers to instructions. What can never hold is an error: an order of lists, text that equals a number.

use super::Lowering;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::model::matcher as plan;
use crate::plan::model::matcher::{Operator, Subject};
use crate::plan::model::{Encoding, Template};
use crate::plan::syntax::{Key, Node, NodeKind};
use crate::program::matcher::{
    BinaryTest, Bytes, Clause, Comparison, Condition, Matcher, Test, VariableClause, VariableMatcher,
};
use crate::program::{Json, JsonType, Operand};

impl Lowering<'_> {
    /// A matcher of messages. `None` when something in it was reported, here or when it was decoded; everything in it
    /// has been looked at then.
    pub fn matcher(&mut self, matcher: &plan::Matcher) -> Option<Matcher> {
        let clauses: Vec<_> = matcher.clauses.iter().map(|clause| self.clause(clause)).collect();
        clauses
            .into_iter()
            .collect::<Option<_>>()
            .filter(|_| matcher.is_whole)
            .map(|clauses| Matcher { clauses })
    }

    /// A condition on variables. `None` when something in it was reported.
    pub fn variable_matcher(&mut self, matcher: &plan::Matcher) -> Option<VariableMatcher> {
        let clauses: Vec<_> = matcher.clauses.iter().map(|clause| self.variable_clause(clause)).collect();
        clauses
            .into_iter()
            .collect::<Option<_>>()
            .filter(|_| matcher.is_whole)
            .map(|clauses| VariableMatcher { clauses })
    }

    fn variable_clause(&mut self, clause: &plan::Clause) -> Option<VariableClause> {
        let variable = self.variable(&clause.key);
        let conditions = self.conditions(clause);
        Some(VariableClause { name: clause.key.text.clone(), variable: variable?, conditions: conditions? })
    }

    fn clause(&mut self, clause: &plan::Clause) -> Option<Clause> {
        match clause.subject {
            Subject::Binary => {
                let tests: Vec<_> = clause.tests.iter().map(|test| self.binary_condition(test)).collect();
                tests.into_iter().collect::<Option<_>>().map(Clause::Binary)
            }
            Subject::Text | Subject::Header => self.conditions(clause).map(Clause::Text),
            Subject::Path | Subject::Variable => {
                let path = self.path_of_key(&clause.key);
                let conditions = self.conditions(clause);
                Some(Clause::Path(path?, conditions?))
            }
        }
    }

    /// What must hold of a text that is no message. `None` when something in it was reported.
    pub(super) fn text_conditions(&mut self, clause: &plan::Clause) -> Option<Vec<Condition<Test>>> {
        self.conditions(clause)
    }

    fn conditions(&mut self, clause: &plan::Clause) -> Option<Vec<Condition<Test>>> {
        let tests: Vec<_> = clause.tests.iter().map(|test| self.condition(clause.subject, test)).collect();
        self.nothing_has_no_value(clause);
        tests.into_iter().collect()
    }

    fn condition(&mut self, subject: Subject, test: &plan::Test) -> Option<Condition<Test>> {
        let node = &test.operand;
        let is_text = matches!(subject, Subject::Text | Subject::Header);
        let lowered = match test.operator {
            Operator::Compare(comparison) if is_text => {
                Test::Compare(lower(comparison), self.text_operand("text", node)?)
            }
            Operator::Compare(comparison) => {
                Test::Compare(lower(comparison), self.compared(comparison, node)?)
            }
            Operator::Exists => match node.kind {
                NodeKind::Bool(exists) => Test::Exists(exists),
                _ => return None,
            },
            Operator::Type => Test::Type(JsonType::parse(node.text()?)?),
            Operator::Matches => Test::Matches(self.pattern(node)?),
            Operator::Contains if is_text => Test::Contains(self.text_operand("a part of a text", node)?),
            Operator::Contains => Test::Contains(self.operand(node)?),
            Operator::OneOf => Test::OneOf(self.operands(node.items()?)?),
            Operator::StartsWith => Test::StartsWith(self.text_operand("the start of a text", node)?),
            Operator::Length(comparison) => Test::Length(lower(comparison), count(node)?),
        };
        Some(Condition { test: lowered, span: test.span })
    }

    fn binary_condition(&mut self, test: &plan::Test) -> Option<Condition<BinaryTest>> {
        let node = &test.operand;
        let lowered = match test.operator {
            Operator::Compare(_) => BinaryTest::Equals(self.byte_operand(node)?),
            Operator::Contains => BinaryTest::Contains(self.byte_operand(node)?),
            Operator::StartsWith => BinaryTest::StartsWith(self.byte_operand(node)?),
            Operator::Matches => BinaryTest::Matches(self.binary_pattern(node)?),
            Operator::Length(comparison) => BinaryTest::Length(lower(comparison), count(node)?),
            Operator::Exists | Operator::Type | Operator::OneOf => return None,
        };
        Some(Condition { test: lowered, span: test.span })
    }

    /// The operand of a comparison: an order is one of numbers or of strings.
    fn compared(&mut self, comparison: plan::Comparison, node: &Node) -> Option<Operand> {
        let operand = self.operand(node)?;
        let ordered = match &operand {
            Operand::Constant(json) => json.order(json).is_some(),
            Operand::Expr(_) => true,
            Operand::List(_) | Operand::Map(_) => false,
        };
        if ordered || matches!(comparison, plan::Comparison::Eq | plan::Comparison::Ne) {
            return Some(operand);
        }
        let word = lower(comparison).word();
        self.report(
            Diagnostic::new(codes::WRONG_TYPE, format!("`{word}` compares numbers or strings"))
                .label(node.span, format!("{} has no order", node.describe())),
        );
        None
    }

    fn text_operand(&mut self, what: &str, node: &Node) -> Option<Operand> {
        match self.operand(node)? {
            Operand::Constant(json) if !json.is(JsonType::String) => {
                let mut diagnostic =
                    Diagnostic::new(codes::WRONG_TYPE, format!("{what} can only be compared with a string"))
                        .label(node.span, format!("{} is no text", node.describe()));
                if matches!(node.kind, NodeKind::Number(_) | NodeKind::Bool(_)) {
                    diagnostic = diagnostic.help(format!("put it in quotes: `\"{json}\"`"));
                }
                self.report(diagnostic);
                None
            }
            operand => Some(operand),
        }
    }

    /// `exists: false` beside anything that only a value can satisfy.
    fn nothing_has_no_value(&mut self, clause: &plan::Clause) {
        let absent = |test: &&plan::Test| {
            test.operator == Operator::Exists && test.operand.kind == NodeKind::Bool(false)
        };
        let of_a_value =
            |test: &&plan::Test| !absent(test) && test.operator != Operator::Compare(plan::Comparison::Ne);
        let absent = clause.tests.iter().find(absent);
        let (Some(absent), Some(other)) = (absent, clause.tests.iter().find(of_a_value)) else { return };
        self.report(
            Diagnostic::new(codes::CONFLICTING_KEYS, format!("`{}` can never hold", clause.key.text))
                .label(absent.span, "must not exist")
                .label(other.span, "but here it must have a value")
                .help("leave one of them out"),
        );
    }

    fn byte_operand(&mut self, node: &Node) -> Option<Bytes> {
        if node.text().is_some() {
            return Some(match self.text_operand("a binary message", node)? {
                Operand::Constant(Json::Text(text)) => Bytes::Constant(text.into_owned().into_bytes()),
                operand => Bytes::Text(operand),
            });
        }
        let [entry] = node.entries()? else { return None };
        let encoding = match entry.key.text.as_str() {
            "hex" => Encoding::Hex,
            "base64" => Encoding::Base64,
            _ => return None,
        };
        self.bytes(encoding, &Template::decode(&entry.value)?).map(Bytes::Constant)
    }

    /// A variable is what a template of it alone would be, so that names are resolved in one way.
    fn variable(&mut self, key: &Key) -> Option<Operand> {
        let template = NodeKind::String(format!("{{{{{}}}}}", key.text));
        self.operand(&Node { span: key.span, kind: template })
    }
}

fn lower(comparison: plan::Comparison) -> Comparison {
    match comparison {
        plan::Comparison::Eq => Comparison::Eq,
        plan::Comparison::Ne => Comparison::Ne,
        plan::Comparison::Lt => Comparison::Lt,
        plan::Comparison::Lte => Comparison::Lte,
        plan::Comparison::Gt => Comparison::Gt,
        plan::Comparison::Gte => Comparison::Gte,
    }
}

fn count(node: &Node) -> Option<usize> {
    match &node.kind {
        NodeKind::Number(number) => usize::try_from(number.as_u64()?).ok(),
        _ => None,
    }
}
