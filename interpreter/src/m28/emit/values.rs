//! Expressions.

use super::super::tree::*;
use super::body::Body;
use super::make;
use crate::builtins::Builtin;
use crate::core::{Const, Expr, ExprKind, LocalId, Stmt};
use crate::dynamic::DynOp;
use crate::source::Span;
use crate::types::Types;

/// More operands than this are computed one after the other, so that the tree does not become deeper and deeper.
const MAX_NESTED: usize = 16;

impl<'t> Body<'_, 't> {
    /// A node for what it does.
    pub fn effect(&mut self, node: &'t Node) -> Expr {
        let span = node.span;
        match &node.kind {
            NodeKind::Store(target, value) => self.store(target, value, false, span),
            NodeKind::Sequence(nodes) => self.run(nodes, false, span),
            NodeKind::Let { .. }
            | NodeKind::If(..)
            | NodeKind::While { .. }
            | NodeKind::For { .. }
            | NodeKind::Try { .. }
            | NodeKind::Select { .. }
            | NodeKind::WithLock { .. }
            | NodeKind::Class(..)
            | NodeKind::Import { .. }
            | NodeKind::Go(_)
            | NodeKind::Assert(..)
            | NodeKind::Function(_, Some(_)) => self.form(node, false),
            _ => self.value(node),
        }
    }

    /// A node for its value.
    pub fn value(&mut self, node: &'t Node) -> Expr {
        let span = node.span;
        match &node.kind {
            NodeKind::Literal(literal) => self.literal(literal, span),
            NodeKind::Name(id) => self.read_name(*id),
            NodeKind::Template(parts) => {
                let parts = self.values(parts);
                let show = self.emit.prelude_definition("str", self.shows_objects());
                match show.and_then(|show| self.emit.function_of(show)) {
                    Some(show) => {
                        let callee = Box::new(make::dynamic(ExprKind::Function(show), span));
                        make::dynamic(ExprKind::CallValue(callee, parts), span)
                    }
                    None => self.builtin_call(Builtin::DynStr, parts, span),
                }
            }
            NodeKind::List(parts) => make::dynamic(ExprKind::List(self.values(parts)), span),
            NodeKind::Tuple(parts) => make::dynamic(ExprKind::Tuple(self.values(parts)), span),
            NodeKind::Dict(entries) => {
                let mut parts = Vec::new();
                for (key, value) in entries {
                    parts.push(self.value(key));
                    parts.push(self.value(value));
                }
                self.dict(parts, span)
            }
            NodeKind::Index(container, index) => {
                let container = Box::new(self.value(container));
                make::dynamic(ExprKind::Index(container, Box::new(self.value(index))), span)
            }
            NodeKind::Attr(object, name) => self.attribute(object, name, span),
            NodeKind::Call { callee, args, named } => self.call(callee, args, named, span),
            NodeKind::Arith(op, parts) => self.arithmetic(*op, parts, span),
            NodeKind::Compare(op, parts) => self.comparison(*op, parts, span),
            NodeKind::Not(operand) => {
                let operand = self.value(operand);
                make::expr(ExprKind::Unary(crate::core::UnaryOp::Not, Box::new(operand)), Types::BOOL, span)
            }
            NodeKind::And(parts) => self.logic(parts, true, span),
            NodeKind::Or(parts) => self.logic(parts, false, span),
            NodeKind::Store(target, value) => self.store(target, value, true, span),
            NodeKind::Sequence(nodes) => self.run(nodes, true, span),
            NodeKind::Break(label) => self.leave(*label, true, span),
            NodeKind::Continue(label) => self.leave(*label, false, span),
            NodeKind::Return(value) => {
                let gives = self.gives_value();
                let value = match value {
                    Some(value) => {
                        let value = self.value(value);
                        if gives {
                            value
                        } else {
                            // The value of a task's body goes nowhere.
                            make::block(vec![Stmt::Expr(value)], make::none(span), span)
                        }
                    }
                    None => make::none(span),
                };
                make::expr(ExprKind::Return(Some(Box::new(value))), Types::NEVER, span)
            }
            NodeKind::Raise(parts) => self.raise(parts, span),
            NodeKind::Nothing => make::none(span),
            NodeKind::Error => make::expr(ExprKind::Error, Types::ERROR, span),
            NodeKind::Function(..)
            | NodeKind::Let { .. }
            | NodeKind::If(..)
            | NodeKind::While { .. }
            | NodeKind::For { .. }
            | NodeKind::Try { .. }
            | NodeKind::Assert(..)
            | NodeKind::Class(..)
            | NodeKind::Import { .. }
            | NodeKind::Go(_)
            | NodeKind::Select { .. }
            | NodeKind::WithLock { .. } => self.form(node, true),
        }
    }

    pub fn values(&mut self, nodes: &'t [Node]) -> Vec<Expr> {
        nodes.iter().map(|node| self.value(node)).collect()
    }

    /// Whether the frame's result is a value.
    pub fn gives_value(&self) -> bool {
        matches!(self.tree().frame(self.frame).kind, FrameKind::Function | FrameKind::Lambda)
    }

    fn literal(&mut self, literal: &Literal, span: Span) -> Expr {
        match literal {
            Literal::None => make::none(span),
            Literal::Bool(value) => make::boolean(*value, span),
            Literal::Int(value) => make::int(*value, span),
            Literal::Float(value) => make::expr(ExprKind::Const(Const::Float(*value)), Types::F64, span),
            Literal::Str(value) => make::string(value.clone(), span),
            Literal::Symbol(name) => make::dynamic(ExprKind::Const(Const::Symbol(name.to_string())), span),
        }
    }

    /// Keys and values in turn.
    fn dict(&mut self, mut parts: Vec<Expr>, span: Span) -> Expr {
        /// As many as an instruction takes at once.
        const AT_ONCE: usize = 200;
        let rest = if parts.len() > AT_ONCE { parts.split_off(AT_ONCE) } else { Vec::new() };
        let dict = make::dynamic(ExprKind::Builtin(Builtin::DynDict, parts), span);
        if rest.is_empty() {
            return dict;
        }
        let kept = self.temporary(Types::DYNAMIC, span);
        let read = || Box::new(make::read(make::local(kept, span)));
        let mut stmts = vec![make::let_local(kept, dict, span)];
        let mut rest = rest.into_iter();
        while let (Some(key), Some(value)) = (rest.next(), rest.next()) {
            let set = ExprKind::SetIndex(read(), Box::new(key), Box::new(value));
            stmts.push(Stmt::Expr(make::dynamic(set, span)));
        }
        make::block(stmts, *read(), span)
    }

    fn arithmetic(&mut self, op: DynOp, parts: &'t [Node], span: Span) -> Expr {
        let Some((first, others)) = parts.split_first() else {
            // The neutral element.
            return make::int(i64::from(op == DynOp::Mul), span);
        };
        if others.is_empty() {
            let operand = self.value(first);
            return match op {
                DynOp::Sub => make::operator(DynOp::Neg, vec![operand], span),
                _ => operand,
            };
        }
        let mut stmts = Vec::new();
        let mut sum = self.value(first);
        for (index, part) in others.iter().enumerate() {
            if index % MAX_NESTED == MAX_NESTED - 1 {
                let kept = self.temporary(Types::DYNAMIC, span);
                stmts.push(make::let_local(kept, sum, span));
                sum = make::read(make::local(kept, span));
            }
            let operand = self.value(part);
            let so_far = first.span.to(part.span);
            sum = make::operator(op, vec![sum, operand], if others.len() == 1 { span } else { so_far });
        }
        make::block(stmts, sum, span)
    }

    fn comparison(&mut self, op: DynOp, parts: &'t [Node], span: Span) -> Expr {
        if let [left, right] = parts {
            let operands = vec![self.value(left), self.value(right)];
            return make::operator(op, operands, span);
        }
        // All operands are evaluated, each once; then neighbours are compared.
        let (mut stmts, mut kept): (Vec<Stmt>, Vec<LocalId>) = (Vec::new(), Vec::new());
        for part in parts {
            let value = self.value(part);
            let local = self.temporary(Types::DYNAMIC, part.span);
            stmts.push(make::let_local(local, value, part.span));
            kept.push(local);
        }
        let read = |local: LocalId| make::read(make::local(local, span));
        let label = self.new_label();
        let leave = |value: bool| {
            let value = Some(Box::new(make::boolean(value, span)));
            make::expr(ExprKind::Break(label, value), Types::NEVER, span)
        };
        for pair in kept.windows(2) {
            let holds = make::operator(op, vec![read(pair[0]), read(pair[1])], span);
            let fails = ExprKind::If(Box::new(make::not(holds)), Box::new(leave(false)), None);
            stmts.push(Stmt::Expr(make::expr(fails, Types::UNIT, span)));
        }
        let body = make::block(stmts, make::boolean(true, span), span);
        make::expr(ExprKind::Labelled(label, Box::new(body)), Types::BOOL, span)
    }

    fn logic(&mut self, parts: &'t [Node], all: bool, span: Span) -> Expr {
        let Some((last, others)) = parts.split_last() else { return make::boolean(all, span) };
        if others.len() > MAX_NESTED {
            return self.long_logic(others, last, all, span);
        }
        let mut value = self.value(last);
        for part in others.iter().rev() {
            let left = Box::new(self.value(part));
            let at = part.span.to(last.span);
            let ty = if left.ty == Types::BOOL && value.ty == Types::BOOL { Types::BOOL } else { Types::DYNAMIC };
            let right = Box::new(value);
            value = make::expr(if all { ExprKind::And(left, right) } else { ExprKind::Or(left, right) }, ty, at);
        }
        value
    }

    fn long_logic(&mut self, others: &'t [Node], last: &'t Node, all: bool, span: Span) -> Expr {
        let label = self.new_label();
        let mut stmts = Vec::new();
        for part in others {
            let value = self.value(part);
            let kept = self.temporary(Types::DYNAMIC, part.span);
            stmts.push(make::let_local(kept, value, part.span));
            let read = || make::read(make::local(kept, part.span));
            let leave = make::expr(ExprKind::Break(label, Some(Box::new(read()))), Types::NEVER, part.span);
            let decides = if all { make::not(read()) } else { read() };
            let test = ExprKind::If(Box::new(decides), Box::new(leave), None);
            stmts.push(Stmt::Expr(make::expr(test, Types::UNIT, part.span)));
        }
        let last = self.value(last);
        let body = make::block(stmts, last, span);
        make::dynamic(ExprKind::Labelled(label, Box::new(body)), span)
    }

    /// The parts of a sequence of exactly so many values, in locals of their own.
    pub fn unpack(&mut self, value: Expr, count: usize, span: Span, stmts: &mut Vec<Stmt>) -> Vec<LocalId> {
        let locals: Vec<LocalId> = (0..count).map(|_| self.temporary(Types::DYNAMIC, span)).collect();
        stmts.push(Stmt::Unpack { locals: locals.clone(), value, span });
        locals
    }
}
