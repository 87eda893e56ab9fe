//! Operators, and the places where `=` compares.

use super::super::form::Form;
use super::super::tree::*;
use super::Builder;
use crate::diagnostics::{Code, Diagnostic};
use crate::dynamic::DynOp;
use crate::source::Span;

/// The operator behind a name.
fn operator_of(name: &str) -> Option<DynOp> {
    Some(match name {
        "+" => DynOp::Add,
        "-" => DynOp::Sub,
        "*" => DynOp::Mul,
        "/" => DynOp::Div,
        "//" => DynOp::FloorDiv,
        "%" => DynOp::Mod,
        "**" => DynOp::Pow,
        "==" => DynOp::Eq,
        "!=" => DynOp::Ne,
        "<" => DynOp::Lt,
        "<=" => DynOp::Le,
        ">" => DynOp::Gt,
        ">=" => DynOp::Ge,
        "is" => DynOp::Is,
        "in" => DynOp::In,
        _ => return None,
    })
}

impl Builder<'_> {
    /// An operator's form; `None` if the name is none.
    pub(super) fn operator(&mut self, name: &str, operands: &[Form], span: Span) -> Option<NodeKind> {
        match name {
            "and" | "or" => {
                let parts = self.operands(name, operands);
                return Some(if name == "and" { NodeKind::And(parts) } else { NodeKind::Or(parts) });
            }
            "not" => {
                let [operand] = operands else {
                    return Some(self.bad_form(span, "`not` has one operand", "(not x)"));
                };
                self.suspicious(name, operand);
                return Some(NodeKind::Not(self.boxed(operand)));
            }
            _ => {}
        }
        let op = operator_of(name)?;
        let least = match op {
            DynOp::Add | DynOp::Mul => 0,
            DynOp::Sub => 1,
            DynOp::In | DynOp::Is | DynOp::Div | DynOp::FloorDiv | DynOp::Mod | DynOp::Pow => 2,
            _ => 1,
        };
        let most = if matches!(op, DynOp::In | DynOp::Is) { 2 } else { usize::MAX };
        if operands.len() < least || operands.len() > most {
            let message = format!("`{name}` takes {}, not {}", amount(least, most, "operand"), operands.len());
            self.report(Diagnostic::new(Code::WrongArgumentCount, span, message));
            return Some(NodeKind::Error);
        }
        let parts = self.operands(name, operands);
        Some(if op.is_comparison() { NodeKind::Compare(op, parts) } else { NodeKind::Arith(op, parts) })
    }

    fn operands(&mut self, name: &str, operands: &[Form]) -> Vec<Node> {
        operands
            .iter()
            .map(|operand| {
                self.suspicious(name, operand);
                self.expr(operand)
            })
            .collect()
    }

    /// Warns of an assignment in a place where nobody assigns.
    pub(super) fn suspicious(&mut self, around: &str, form: &Form) {
        if form.head() == Some("=") && form.list().is_some_and(|list| list.len() == 3) {
            let message = format!("`=` assigns here; its value is what `{around}` goes on with");
            self.report(Diagnostic::new(Code::AssignmentAsValue, form.span, message).help(
                "write `==` to compare; `=` compares only in the conditions of `if`, `while`, `cond` and `assert`",
            ));
        }
    }

    /// Builds a condition: `(= a b)` compares there, also inside of `and`, `or` and `not`.
    pub(super) fn condition(&mut self, form: &Form) -> Node {
        let span = form.span;
        let Some([head, operands @ ..]) = form.list() else { return self.expr(form) };
        let kind = match (head.symbol().map(|name| &**name), operands) {
            (Some("="), [_, _]) => NodeKind::Compare(DynOp::Eq, self.exprs(operands)),
            (Some("and"), _) => NodeKind::And(operands.iter().map(|operand| self.condition(operand)).collect()),
            (Some("or"), _) => NodeKind::Or(operands.iter().map(|operand| self.condition(operand)).collect()),
            (Some("not"), [operand]) => NodeKind::Not(Box::new(self.condition(operand))),
            _ => return self.expr(form),
        };
        Node { kind, span }
    }
}

/// `at least 2 operands`, `1 operand`.
pub fn amount(least: usize, most: usize, what: &str) -> String {
    match (least, most) {
        (1, 1) => format!("1 {what}"),
        (1, usize::MAX) => format!("at least 1 {what}"),
        (least, usize::MAX) => format!("at least {least} {what}s"),
        (least, most) if least == most => format!("{least} {what}s"),
        (least, most) => format!("{least} to {most} {what}s"),
    }
}
