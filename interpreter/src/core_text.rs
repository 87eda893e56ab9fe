//! The core tree as compact text, one line a statement: for tests and for people who work on the front ends.

use crate::core::{
    Const, Expr, ExprKind, Function, Pattern, PatternKind, Place, PlaceBase, Program, Projection, SelectOp, Stmt,
};
use std::fmt::Write as _;

/// All functions of the program that are not of the prelude.
pub fn program_text(program: &Program) -> String {
    let mut out = String::new();
    for function in program.functions.iter().filter(|function| !function.prelude) {
        function_text(&mut out, program, function);
    }
    out
}

fn function_text(out: &mut String, program: &Program, function: &Function) {
    let _ = write!(out, "{:?} {}(", function.kind, function.name);
    let leading = (function.captures + function.params) as usize;
    for (index, local) in function.locals.iter().enumerate().take(leading) {
        if index > 0 {
            out.push_str(", ");
        }
        let _ = write!(out, "{}{}", local.name, if local.cell { "@" } else { "" });
    }
    out.push_str(") ");
    let mut text = Text { out, program, function, depth: 0 };
    text.expr(&function.body);
    out.push('\n');
}

struct Text<'t> {
    out: &'t mut String,
    program: &'t Program,
    function: &'t Function,
    depth: usize,
}

impl Text<'_> {
    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    fn list(&mut self, head: &str, parts: &[Expr]) {
        let _ = write!(self.out, "({head}");
        for part in parts {
            self.out.push(' ');
            self.expr(part);
        }
        self.out.push(')');
    }

    fn node(&mut self, head: &str, parts: &[&Expr]) {
        let _ = write!(self.out, "({head}");
        for part in parts {
            self.out.push(' ');
            self.expr(part);
        }
        self.out.push(')');
    }

    fn local(&mut self, id: crate::core::LocalId) {
        match self.function.locals.get(id.0 as usize) {
            Some(local) if !local.name.is_empty() => {
                let _ = write!(self.out, "{}", local.name);
            }
            _ => {
                let _ = write!(self.out, "%{}", id.0);
            }
        }
    }

    fn place(&mut self, place: &Place) {
        match &place.base {
            PlaceBase::Local(local) => self.local(*local),
            PlaceBase::Global(global) => {
                let _ = write!(self.out, "${}", self.program.globals[global.0 as usize].name);
            }
            PlaceBase::Value(value) => self.expr(value),
        }
        for projection in &place.projections {
            match projection {
                Projection::Field(index, _) => {
                    let _ = write!(self.out, ".{index}");
                }
                Projection::Index(index, _) => {
                    self.out.push('[');
                    self.expr(index);
                    self.out.push(']');
                }
                Projection::Deref(_) => self.out.push_str(".*"),
            }
        }
    }

    fn constant(&mut self, value: &Const) {
        let _ = match value {
            Const::Unit => write!(self.out, "()"),
            Const::Bool(value) => write!(self.out, "{value}"),
            Const::Int(value) => write!(self.out, "{value}"),
            Const::Float(value) => write!(self.out, "{value:?}"),
            Const::Char(c) => write!(self.out, "{c:?}"),
            Const::Str(text) => write!(self.out, "{text:?}"),
            Const::Nil => write!(self.out, "nil"),
            Const::Symbol(name) => write!(self.out, "'{name}"),
        };
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match &pattern.kind {
            PatternKind::Wild => self.out.push('_'),
            PatternKind::Bind(local, inner) => {
                self.local(*local);
                if let Some(inner) = inner {
                    self.out.push('@');
                    self.pattern(inner);
                }
            }
            PatternKind::Const(value) => self.constant(value),
            PatternKind::Range { lo, hi, inclusive } => {
                if let Some(lo) = lo {
                    self.constant(lo);
                }
                self.out.push_str(if *inclusive { "..=" } else { ".." });
                if let Some(hi) = hi {
                    self.constant(hi);
                }
            }
            PatternKind::Variant(index, parts) => {
                let _ = write!(self.out, "#{index}");
                self.patterns(parts);
            }
            PatternKind::Fields(parts) => {
                self.out.push('{');
                for (position, (index, part)) in parts.iter().enumerate() {
                    if position > 0 {
                        self.out.push(' ');
                    }
                    let _ = write!(self.out, "{index}:");
                    self.pattern(part);
                }
                self.out.push('}');
            }
            PatternKind::List { before, rest, after } => {
                self.out.push('[');
                self.patterns(before);
                if let Some(rest) = rest {
                    self.out.push_str("..");
                    if let Some(rest) = rest {
                        self.local(*rest);
                    }
                    self.patterns(after);
                }
                self.out.push(']');
            }
            PatternKind::Or(parts) => {
                self.out.push('|');
                self.patterns(parts);
            }
            PatternKind::TypeTest(ty, inner) => {
                let _ = write!(self.out, "is {:?} ", self.program.types.kind(*ty));
                self.pattern(inner);
            }
        }
    }

    fn patterns(&mut self, parts: &[Pattern]) {
        self.out.push('(');
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.out.push(' ');
            }
            self.pattern(part);
        }
        self.out.push(')');
    }

    fn name(&self, func: crate::core::FuncId) -> String {
        self.program.functions[func.0 as usize].name.clone()
    }

    fn expr(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Const(value) => self.constant(value),
            ExprKind::Read(place) => self.place(place),
            ExprKind::Borrow(place) => {
                self.out.push('&');
                self.place(place);
            }
            ExprKind::BorrowMut(place) => {
                self.out.push_str("&!");
                self.place(place);
            }
            ExprKind::Function(func) => {
                let name = self.name(*func);
                let _ = write!(self.out, "fn:{name}");
            }
            ExprKind::Closure(func, captures) => {
                let _ = write!(self.out, "(closure {}", self.name(*func));
                for capture in captures {
                    self.out.push(' ');
                    self.local(capture.outer);
                    let _ = write!(self.out, ":{:?}", capture.mode);
                }
                self.out.push(')');
            }
            ExprKind::Assign(place, value) => {
                self.out.push_str("(set ");
                self.place(place);
                self.out.push(' ');
                self.expr(value);
                self.out.push(')');
            }
            ExprKind::AssignOp(op, place, value) => {
                let _ = write!(self.out, "(set{op:?} ");
                self.place(place);
                self.out.push(' ');
                self.expr(value);
                self.out.push(')');
            }
            ExprKind::Binary(op, left, right) => self.node(&format!("{op:?}"), &[left, right]),
            ExprKind::Compare(op, left, right) => self.node(&format!("{op:?}"), &[left, right]),
            ExprKind::And(left, right) => self.node("and", &[left, right]),
            ExprKind::Or(left, right) => self.node("or", &[left, right]),
            ExprKind::Unary(op, value) => self.node(&format!("{op:?}"), &[value]),
            ExprKind::Cast(value) => {
                let head = format!("as {:?}", self.program.types.kind(e.ty));
                self.node(&head, &[value]);
            }
            ExprKind::Call(func, args) => {
                let name = self.name(*func);
                self.list(&name, args);
            }
            ExprKind::CallValue(callee, args) => {
                self.out.push_str("(call ");
                self.expr(callee);
                self.list("", args);
                self.out.push(')');
            }
            ExprKind::CallMethod(name, args) => self.list(&format!("method {name}"), args),
            ExprKind::Builtin(builtin, args) => self.list(builtin.name(), args),
            ExprKind::Block(stmts, tail) => {
                self.out.push('{');
                self.depth += 1;
                for stmt in stmts {
                    self.line();
                    self.stmt(stmt);
                }
                if let Some(tail) = tail {
                    self.line();
                    self.expr(tail);
                }
                self.depth -= 1;
                self.line();
                self.out.push('}');
            }
            ExprKind::Labelled(label, value) => self.node(&format!("label {}", label.0), &[value]),
            ExprKind::If(condition, then, otherwise) => match otherwise {
                Some(otherwise) => self.node("if", &[condition, then, otherwise]),
                None => self.node("if", &[condition, then]),
            },
            ExprKind::Match(value, arms) => {
                self.out.push_str("(match ");
                self.expr(value);
                self.depth += 1;
                for arm in arms {
                    self.line();
                    self.pattern(&arm.pattern);
                    if let Some(guard) = &arm.guard {
                        self.out.push_str(" if ");
                        self.expr(guard);
                    }
                    self.out.push_str(" => ");
                    self.expr(&arm.body);
                }
                self.depth -= 1;
                self.out.push(')');
            }
            ExprKind::Loop(label, body) => self.node(&format!("loop {}", label.0), &[body]),
            ExprKind::While { label, cond, body, otherwise } => {
                let head = format!("while {}", label.0);
                match otherwise {
                    Some(otherwise) => self.node(&head, &[cond, body, otherwise]),
                    None => self.node(&head, &[cond, body]),
                }
            }
            ExprKind::ForRange { label, var, lo, hi, inclusive, body, .. } => {
                let _ = write!(self.out, "(for {} ", label.0);
                self.local(*var);
                let dots = if *inclusive { "..=" } else { ".." };
                self.node(dots, &[lo, hi]);
                self.expr(body);
                self.out.push(')');
            }
            ExprKind::ForEach { label, pattern, iter, iterable, clone_elements, body, .. } => {
                let copies = if *clone_elements { " clone" } else { "" };
                let _ = write!(self.out, "(each {} {iter:?}{copies} ", label.0);
                self.pattern(pattern);
                self.out.push(' ');
                self.expr(iterable);
                self.expr(body);
                self.out.push(')');
            }
            ExprKind::Break(label, value) => {
                let head = format!("break {}", label.0);
                self.node(&head, &value.iter().map(|value| &**value).collect::<Vec<_>>());
            }
            ExprKind::Continue(label) => {
                let _ = write!(self.out, "(continue {})", label.0);
            }
            ExprKind::Return(value) => self.node("return", &value.iter().map(|value| &**value).collect::<Vec<_>>()),
            ExprKind::Tuple(parts) => self.list("tuple", parts),
            ExprKind::List(parts) => self.list("list", parts),
            ExprKind::Repeat(value, count) => self.node("repeat", &[value, count]),
            ExprKind::Struct(id, values, _) => {
                let name = self.program.structs[id.0 as usize].name.clone();
                self.list(&format!("struct {name}"), values);
            }
            ExprKind::Variant(id, index, values) => {
                let name = self.program.enums[id.0 as usize].variants[*index as usize].0.clone();
                self.list(&name, values);
            }
            ExprKind::Range(lo, hi, inclusive) => self.node(if *inclusive { "..=" } else { ".." }, &[lo, hi]),
            ExprKind::Zero => self.out.push_str("zero"),
            ExprKind::Format(parts) => self.list("format", parts),
            ExprKind::Spawn(kind, func, args) => {
                let head = format!("spawn {kind:?} {}", self.name(*func));
                self.list(&head, args);
            }
            ExprKind::SpawnValue(kind, callee, args) => {
                let _ = write!(self.out, "(spawn {kind:?} ");
                self.expr(callee);
                self.list("", args);
                self.out.push(')');
            }
            ExprKind::Await(value) => self.node("await", &[value]),
            ExprKind::Select(arms, default) => {
                self.out.push_str("(select");
                self.depth += 1;
                for arm in arms {
                    self.line();
                    if let Some(pattern) = &arm.pattern {
                        self.pattern(pattern);
                        self.out.push_str(" = ");
                    }
                    match &arm.op {
                        SelectOp::Recv(channel) => self.node("recv", &[channel]),
                        SelectOp::RecvOption(channel) => self.node("recv?", &[channel]),
                        SelectOp::RecvPair(channel) => self.node("recv-pair", &[channel]),
                        SelectOp::Send(channel, value) => self.node("send", &[channel, value]),
                        SelectOp::After(duration) => self.node("after", &[duration]),
                        SelectOp::Future(future) => self.node("future", &[future]),
                    }
                    self.out.push_str(" => ");
                    self.expr(&arm.body);
                }
                if let Some(default) = default {
                    self.line();
                    self.out.push_str("default => ");
                    self.expr(default);
                }
                self.depth -= 1;
                self.out.push(')');
            }
            ExprKind::Panic(message) => self.node("panic", &[message]),
            ExprKind::Assert(condition, message) => match message {
                Some(message) => self.node("assert", &[condition, message]),
                None => self.node("assert", &[condition]),
            },
            ExprKind::Error => self.out.push_str("error"),
            _ => self.dynamic(e),
        }
    }

    /// What only languages without static types have.
    fn dynamic(&mut self, e: &Expr) {
        match &e.kind {
            ExprKind::Dyn(op, operands) => self.list(op.symbol(), operands),
            ExprKind::Index(container, index) => self.node("index", &[container, index]),
            ExprKind::SetIndex(container, index, value) => self.node("set-index", &[container, index, value]),
            ExprKind::Attr(object, name) => self.node(&format!("attr {name}"), &[object]),
            ExprKind::SetAttr(object, name, value) => self.node(&format!("set-attr {name}"), &[object, value]),
            ExprKind::CallAttr(object, name, args) => {
                let _ = write!(self.out, "(call-attr {name} ");
                self.expr(object);
                self.list("", args);
                self.out.push(')');
            }
            ExprKind::CallNamed(callee, args, named) => {
                self.out.push_str("(call ");
                self.expr(callee);
                self.list("", args);
                for (name, value) in named {
                    let _ = write!(self.out, " {name}=");
                    self.expr(value);
                }
                self.out.push(')');
            }
            ExprKind::Bound(value, _) => self.node("bound", &[value]),
            ExprKind::IsSet(place) => {
                self.out.push_str("(set? ");
                self.place(place);
                self.out.push(')');
            }
            ExprKind::Try { body, catch, finally } => {
                self.node("try", &[body]);
                if let Some((local, handler)) = catch {
                    self.out.push_str("(catch ");
                    self.local(*local);
                    self.out.push(' ');
                    self.expr(handler);
                    self.out.push(')');
                }
                if let Some(work) = finally {
                    self.node("finally", &[work]);
                }
            }
            ExprKind::Raise(exception) => self.node("raise", &[exception]),
            _ => self.out.push_str("unset"),
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let { pattern, value, .. } => {
                self.out.push_str("let ");
                self.pattern(pattern);
                if let Some(value) = value {
                    self.out.push_str(" = ");
                    self.expr(value);
                }
            }
            Stmt::Expr(value) => self.expr(value),
            Stmt::Unpack { locals, value, .. } => {
                self.out.push_str("unpack");
                for &local in locals {
                    self.out.push(' ');
                    self.local(local);
                }
                self.out.push_str(" = ");
                self.expr(value);
            }
            Stmt::Defer(value) => {
                self.out.push_str("defer ");
                self.expr(value);
            }
        }
    }
}
