//! The last walk over every function: fills in the types, settles how closures capture, numbers the locals, checks
//! literals and matches, and chooses what depends on final types.
//!
//! It starts at the functions that are not nested and enters closures and `go` bodies where they stand, so that the
//! function around is settled before what captures its variables.

use super::state::*;
use crate::builtins::Builtin;
use crate::core::{
    CaptureMode, Const, ConstDef, Expr, ExprKind, FuncId, Function, FunctionKind, LocalId, Method, Pattern,
    PatternKind, Place, PlaceBase, Program, Projection, RuntimeType, SelectOp, SpawnKind, Stmt,
};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::SourceMap;
use crate::types::{Ty, TyKind, Types};
use std::sync::Arc;

/// The function that is being finished.
struct Finishing {
    locals: Vec<LocalInfo>,
    remap: Vec<LocalId>,
    /// Loops around the current node.
    loop_depth: u32,
    prelude: bool,
}

impl Checker<'_> {
    /// Finishes all functions and makes the program, unless there was an error.
    pub fn finish_all(&mut self) {
        let init = self.build_init();
        self.finished = (0..self.built.len()).map(|_| None).collect();
        let nested = |built: &Built| matches!(built.function.kind, FunctionKind::Closure | FunctionKind::Go);
        for index in 0..self.built.len() {
            if self.built[index].as_ref().is_some_and(|built| !nested(built)) {
                self.finish_function(FuncId(index as u32), &[]);
            }
        }
        for index in 0..self.built.len() {
            if self.built[index].is_some() {
                self.finish_function(FuncId(index as u32), &[]);
            }
        }
        self.warn_imports();
        let failed = self.pending.iter().any(|d| d.severity() == crate::diagnostics::Severity::Error);
        if failed {
            return;
        }
        let main = match self.scopes[1].values.get("main") {
            Some(ValueDef::Fns(list)) => list.first().and_then(|&decl| self.decl(decl).func),
            _ => None,
        };
        let methods = self.method_table();
        let functions: Vec<Function> = std::mem::take(&mut self.finished)
            .into_iter()
            .map(|function| function.unwrap_or_else(unused_function))
            .collect();
        let mut globals = std::mem::take(&mut self.program_globals);
        for global in &mut globals {
            global.ty = self.final_type(global.ty);
        }
        let consts = self.const_defs();
        let structs = self.struct_defs();
        let enums = self.enum_defs();
        self.program = Some(Program {
            functions,
            structs,
            enums,
            globals,
            consts,
            methods,
            init,
            main,
            types: std::mem::take(&mut self.types),
            dynamic: None,
            sources: Arc::new(SourceMap::default()),
        });
    }

    /// The user's constants whose value is known.
    fn const_defs(&mut self) -> Vec<ConstDef> {
        let mut defs = Vec::new();
        for index in 0..self.consts.len() {
            let info = &self.consts[index];
            if info.prelude || info.global.is_some() {
                continue;
            }
            let name = info.ast.name.name.to_string();
            if let Some((value, ty)) = self.const_scalar(index as u32) {
                defs.push(ConstDef { name, ty: self.final_type(ty), value });
            }
        }
        defs
    }

    fn warn_imports(&mut self) {
        for scope in 1..self.scopes.len() {
            for (name, span) in std::mem::take(&mut self.scopes[scope].unused_imports) {
                self.error(Code::UnusedImport, span, format!("`{name}` is imported, but never used"));
            }
        }
    }

    /// Methods that are called by name.
    fn method_table(&mut self) -> Vec<Method> {
        let mut table = Vec::new();
        for index in 0..self.method_list.len() {
            let (head, decl) = self.method_list[index];
            let info = self.decl(decl);
            if !self.dynamic_methods.contains(&*info.name) {
                continue;
            }
            let func = if info.is_async { info.starter } else { info.func };
            let (Some(func), name) = (func, info.name.to_string()) else { continue };
            table.push(Method { receiver: runtime_type(head), name, func });
        }
        table
    }

    /// A type without variables: what nothing has settled is `()`.
    pub fn final_type(&mut self, ty: Ty) -> Ty {
        let ty = self.shallow(ty);
        let kind = self.types.kind(ty);
        if let TyKind::Infer(_) = kind {
            return match self.free_kind(ty) {
                Some(super::infer::VarKind::Int) => Types::I64,
                Some(super::infer::VarKind::Float) => Types::F64,
                _ => Types::UNIT,
            };
        }
        if !kind.has_parts() {
            return ty;
        }
        let kind = kind.clone();
        let mapped = kind.map_parts(&mut |part| self.final_type(part));
        self.types.intern(mapped)
    }

    /// Finishes a function; `shared` says for each of its captures whether it shares the variable's cell.
    fn finish_function(&mut self, func: FuncId, shared: &[bool]) {
        let Some(mut built) = self.built[func.0 as usize].take() else { return };
        let outer_generics = std::mem::replace(&mut self.generics, std::mem::take(&mut built.generics));
        let captures = built.function.captures as usize;
        for (position, &shared) in shared.iter().enumerate().take(captures) {
            let local = built.remap.iter().position(|target| target.0 as usize == position);
            if let Some(local) = local {
                built.locals[local].local.cell = shared;
                built.locals[local].changed |= shared;
            }
        }
        for local in &mut built.locals {
            local.local.ty = self.final_type(local.local.ty);
        }
        let mut at =
            Finishing { locals: built.locals, remap: built.remap, loop_depth: 0, prelude: built.function.prelude };
        let mut function = built.function;
        function.ret = self.final_type(function.ret);
        self.finish_expr(&mut function.body, &mut at);
        let mut locals: Vec<Option<crate::core::Local>> = (0..at.locals.len()).map(|_| None).collect();
        for (index, info) in at.locals.into_iter().enumerate() {
            locals[at.remap[index].0 as usize] = Some(info.local);
        }
        function.locals = locals.into_iter().flatten().collect();
        self.finished[func.0 as usize] = Some(function);
        self.generics = outer_generics;
    }

    fn finish_expr(&mut self, e: &mut Expr, at: &mut Finishing) {
        e.ty = self.final_type(e.ty);
        match &mut e.kind {
            ExprKind::Const(value) => {
                let value = value.clone();
                if let Some(value) = self.finish_const(value, e.ty, e.span) {
                    e.kind = ExprKind::Const(value);
                }
                return;
            }
            ExprKind::Closure(func, captures) => {
                let mut shared = Vec::new();
                for capture in captures.iter_mut() {
                    let info = &mut at.locals[capture.outer.0 as usize];
                    // A variable that changes is shared; one that does not is as good as its value.
                    let cell = info.local.mutable && info.changed;
                    info.local.cell |= cell;
                    capture.mode = if cell { CaptureMode::Cell } else { CaptureMode::Value };
                    capture.outer = at.remap[capture.outer.0 as usize];
                    shared.push(cell);
                }
                let func = *func;
                self.finish_function(func, &shared);
                return;
            }
            ExprKind::Spawn(SpawnKind::Go, func, _) => {
                let func = *func;
                self.finish_function(func, &[]);
            }
            _ => {}
        }
        let looped = matches!(
            e.kind,
            ExprKind::Loop(..) | ExprKind::While { .. } | ExprKind::ForRange { .. } | ExprKind::ForEach { .. }
        );
        if let ExprKind::ForEach { iterable, clone_elements, pattern, .. } = &mut e.kind
            && *clone_elements
        {
            let ty = self.final_type(pattern.ty);
            *clone_elements = !self.is_copy_like(ty) && !self.is_handle(ty) && self.used_again(iterable, at);
        }
        at.loop_depth += u32::from(looped);
        self.finish_parts(e, at);
        at.loop_depth -= u32::from(looped);
        self.settle(e, at);
    }

    /// Whether the list that a loop walks over is used elsewhere or walked over again.
    fn used_again(&self, iterable: &Expr, at: &Finishing) -> bool {
        let (ExprKind::Borrow(place) | ExprKind::Read(place)) = &iterable.kind else { return true };
        match place.base {
            PlaceBase::Local(local) if place.projections.is_empty() => {
                let info = &at.locals[local.0 as usize];
                info.used > 1 || info.loop_depth < at.loop_depth || info.local.cell
            }
            _ => true,
        }
    }

    fn finish_parts(&mut self, e: &mut Expr, at: &mut Finishing) {
        match &mut e.kind {
            ExprKind::Read(place) | ExprKind::Borrow(place) => self.finish_place(place, at),
            ExprKind::BorrowMut(place) => {
                self.finish_place_base(place, at, true);
            }
            ExprKind::Assign(place, value) | ExprKind::AssignOp(_, place, value) => {
                self.finish_place(place, at);
                self.finish_expr(value, at);
            }
            ExprKind::Block(stmts, tail) => {
                for stmt in stmts {
                    match stmt {
                        Stmt::Let { pattern, value, .. } => {
                            self.finish_pattern(pattern, at);
                            if let Some(value) = value {
                                self.finish_expr(value, at);
                                self.check_irrefutable(pattern);
                            }
                        }
                        Stmt::Expr(value) | Stmt::Defer(value) | Stmt::Unpack { value, .. } => {
                            self.finish_expr(value, at)
                        }
                    }
                }
                if let Some(tail) = tail {
                    self.finish_expr(tail, at);
                }
            }
            ExprKind::Match(value, arms) => {
                self.finish_expr(value, at);
                for arm in arms.iter_mut() {
                    self.finish_pattern(&mut arm.pattern, at);
                    if let Some(guard) = &mut arm.guard {
                        self.finish_expr(guard, at);
                    }
                    self.finish_expr(&mut arm.body, at);
                }
                let ty = value.ty;
                self.check_exhaustive(ty, arms, e.span);
            }
            ExprKind::ForRange { var, lo, hi, body, otherwise, .. } => {
                *var = at.remap[var.0 as usize];
                self.finish_expr(lo, at);
                self.finish_expr(hi, at);
                self.finish_expr(body, at);
                if let Some(otherwise) = otherwise {
                    self.finish_expr(otherwise, at);
                }
            }
            ExprKind::ForEach { pattern, iterable, body, otherwise, .. } => {
                self.finish_pattern(pattern, at);
                self.check_irrefutable(pattern);
                self.finish_expr(iterable, at);
                self.finish_expr(body, at);
                if let Some(otherwise) = otherwise {
                    self.finish_expr(otherwise, at);
                }
            }
            ExprKind::Select(arms, default) => {
                for arm in arms {
                    let some = matches!(arm.op, SelectOp::RecvOption(_));
                    match &mut arm.op {
                        SelectOp::Recv(value)
                        | SelectOp::RecvOption(value)
                        | SelectOp::RecvPair(value)
                        | SelectOp::After(value)
                        | SelectOp::Future(value) => self.finish_expr(value, at),
                        SelectOp::Send(channel, value) => {
                            self.finish_expr(channel, at);
                            self.finish_expr(value, at);
                        }
                    }
                    if let Some(pattern) = &mut arm.pattern {
                        self.finish_pattern(pattern, at);
                        if !some {
                            self.check_irrefutable(pattern);
                        }
                    }
                    self.finish_expr(&mut arm.body, at);
                }
                if let Some(default) = default {
                    self.finish_expr(default, at);
                }
            }
            _ => {
                // The rest holds expressions only.
                each_child(e, &mut |child| self.finish_expr(child, at));
            }
        }
    }

    fn finish_place(&mut self, place: &mut Place, at: &mut Finishing) {
        self.finish_place_base(place, at, false);
    }

    fn finish_place_base(&mut self, place: &mut Place, at: &mut Finishing, borrowed: bool) {
        place.ty = self.final_type(place.ty);
        match &mut place.base {
            PlaceBase::Local(local) => {
                // A mutable reference to a plain value needs a cell to refer to.
                if borrowed && place.projections.is_empty() && !self.is_aggregate(place.ty) {
                    at.locals[local.0 as usize].local.cell = true;
                }
                *local = at.remap[local.0 as usize];
            }
            PlaceBase::Global(_) => {}
            PlaceBase::Value(value) => self.finish_expr(value, at),
        }
        for projection in &mut place.projections {
            match projection {
                Projection::Field(_, ty) | Projection::Deref(ty) => *ty = self.final_type(*ty),
                Projection::Index(index, ty) => {
                    self.finish_expr(index, at);
                    let index = &mut **index;
                    scalar_read(index, self);
                    *ty = self.final_type(*ty);
                }
            }
        }
    }

    /// Values that a mutable reference can refer to by their handle.
    fn is_aggregate(&self, ty: Ty) -> bool {
        matches!(
            self.types.kind(ty),
            TyKind::Struct(..)
                | TyKind::List(_)
                | TyKind::Array(..)
                | TyKind::Span(_)
                | TyKind::Map(..)
                | TyKind::Set(_)
                | TyKind::Box(_)
                | TyKind::Channel(_)
                | TyKind::Mutex(_)
                | TyKind::RwLock(_)
                | TyKind::MutexGuard(_)
                | TyKind::ReadGuard(_)
                | TyKind::WriteGuard(_)
                | TyKind::Once
                | TyKind::Barrier
                | TyKind::WaitGroup
                | TyKind::Semaphore
                | TyKind::Atomic(_)
                | TyKind::Context
                | TyKind::Ticker
        )
    }

    fn finish_pattern(&mut self, pattern: &mut Pattern, at: &mut Finishing) {
        pattern.ty = self.final_type(pattern.ty);
        let span = pattern.span;
        match &mut pattern.kind {
            PatternKind::Wild => {}
            PatternKind::Bind(local, inner) => {
                *local = at.remap[local.0 as usize];
                if let Some(inner) = inner {
                    self.finish_pattern(inner, at);
                }
            }
            PatternKind::Const(value) => {
                let value = value.clone();
                if let Some(value) = self.finish_const(value, pattern.ty, span) {
                    pattern.kind = PatternKind::Const(value);
                }
            }
            PatternKind::Range { lo, hi, .. } => {
                for end in [lo, hi].into_iter().flatten() {
                    if let Some(value) = self.finish_const(end.clone(), pattern.ty, span) {
                        *end = value;
                    }
                }
            }
            PatternKind::Variant(_, parts) | PatternKind::Or(parts) => {
                parts.iter_mut().for_each(|part| self.finish_pattern(part, at));
            }
            PatternKind::Fields(parts) => parts.iter_mut().for_each(|(_, part)| self.finish_pattern(part, at)),
            PatternKind::List { before, rest, after } => {
                before.iter_mut().chain(after).for_each(|part| self.finish_pattern(part, at));
                if let Some(Some(local)) = rest {
                    *local = at.remap[local.0 as usize];
                }
            }
            PatternKind::TypeTest(ty, inner) => {
                *ty = self.final_type(*ty);
                self.finish_pattern(inner, at);
            }
        }
    }

    /// A constant for its final type: an integer literal may have become a float; it must fit.
    fn finish_const(&mut self, value: Const, ty: Ty, span: crate::source::Span) -> Option<Const> {
        match (value, self.types.kind(ty).clone()) {
            (Const::Int(value), TyKind::F64 | TyKind::F32) => Some(Const::Float(value as f64)),
            (Const::Int(value), TyKind::Int(kind)) => {
                let (low, high) = kind.range();
                if !(low..=high).contains(&value) {
                    let message = format!("{value} does not fit `{}`, which holds {low} to {high}", kind.name());
                    self.report(Diagnostic::new(Code::LiteralOutOfRange, span, message));
                }
                None
            }
            _ => None,
        }
    }

    /// What is decided by final types, after the parts are finished.
    fn settle(&mut self, e: &mut Expr, at: &Finishing) {
        match &mut e.kind {
            ExprKind::Binary(_, left, right) | ExprKind::Compare(_, left, right) => {
                scalar_read(left, self);
                scalar_read(right, self);
                self.settle_operator(e);
            }
            ExprKind::AssignOp(_, _, value) | ExprKind::Cast(value) => {
                scalar_read(value, self);
                if let ExprKind::Cast(value) = &mut e.kind
                    && value.ty == e.ty
                {
                    let inner = std::mem::replace(&mut value.kind, ExprKind::Error);
                    e.kind = inner;
                }
            }
            ExprKind::Unary(_, value) => scalar_read(value, self),
            ExprKind::Assert(value, _) => scalar_read(value, self),
            ExprKind::If(condition, ..) => scalar_read(condition, self),
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                scalar_read(left, self);
                scalar_read(right, self);
            }
            ExprKind::Builtin(Builtin::ToString | Builtin::CloneValue, _) => self.settle_clone(e),
            ExprKind::Builtin(_, args) => args.iter_mut().for_each(|arg| scalar_read(arg, self)),
            ExprKind::Format(parts) => {
                for part in parts {
                    self.settle_shown(part, at.prelude);
                }
            }
            _ => {}
        }
    }
}

/// A look at a plain scalar is as good as reading it, and what the instructions take.
fn scalar_read(e: &mut Expr, checker: &Checker<'_>) {
    if let ExprKind::Borrow(place) = &e.kind {
        let scalar = matches!(
            checker.types.kind(e.ty),
            TyKind::Int(_)
                | TyKind::F32
                | TyKind::F64
                | TyKind::Bool
                | TyKind::Char
                | TyKind::Unit
                | TyKind::Duration
                | TyKind::Time
        );
        if scalar && place.ty == e.ty {
            let kind = std::mem::replace(&mut e.kind, ExprKind::Error);
            if let ExprKind::Borrow(place) = kind {
                e.kind = ExprKind::Read(place);
            }
        }
    }
}

/// Calls `f` with every expression directly inside of `e`, those in places and patterns' guards included.
pub fn each_child(e: &mut Expr, f: &mut dyn FnMut(&mut Expr)) {
    match &mut e.kind {
        ExprKind::Const(_)
        | ExprKind::Function(_)
        | ExprKind::Closure(..)
        | ExprKind::Continue(_)
        | ExprKind::Zero
        | ExprKind::Error => {}
        // Not of this language.
        ExprKind::Dyn(..)
        | ExprKind::Index(..)
        | ExprKind::SetIndex(..)
        | ExprKind::Attr(..)
        | ExprKind::SetAttr(..)
        | ExprKind::CallAttr(..)
        | ExprKind::CallNamed(..)
        | ExprKind::Bound(..)
        | ExprKind::IsSet(_)
        | ExprKind::Unset
        | ExprKind::Try { .. }
        | ExprKind::Raise(_) => {}
        ExprKind::Read(place) | ExprKind::Borrow(place) | ExprKind::BorrowMut(place) => place_children(place, f),
        ExprKind::Assign(place, value) | ExprKind::AssignOp(_, place, value) => {
            place_children(place, f);
            f(value);
        }
        ExprKind::Binary(_, left, right)
        | ExprKind::Compare(_, left, right)
        | ExprKind::And(left, right)
        | ExprKind::Or(left, right)
        | ExprKind::Repeat(left, right)
        | ExprKind::Range(left, right, _) => {
            f(left);
            f(right);
        }
        ExprKind::Unary(_, value)
        | ExprKind::Cast(value)
        | ExprKind::Labelled(_, value)
        | ExprKind::Loop(_, value)
        | ExprKind::Await(value)
        | ExprKind::Panic(value) => f(value),
        ExprKind::Call(_, args)
        | ExprKind::CallMethod(_, args)
        | ExprKind::Builtin(_, args)
        | ExprKind::Tuple(args)
        | ExprKind::List(args)
        | ExprKind::Struct(_, args, _)
        | ExprKind::Variant(_, _, args)
        | ExprKind::Format(args)
        | ExprKind::Spawn(_, _, args) => args.iter_mut().for_each(f),
        ExprKind::CallValue(callee, args) | ExprKind::SpawnValue(_, callee, args) => {
            f(callee);
            args.iter_mut().for_each(f);
        }
        ExprKind::Block(stmts, tail) => {
            for stmt in stmts {
                match stmt {
                    Stmt::Let { value, .. } => value.iter_mut().for_each(&mut *f),
                    Stmt::Expr(value) | Stmt::Defer(value) | Stmt::Unpack { value, .. } => f(value),
                }
            }
            if let Some(tail) = tail {
                f(tail);
            }
        }
        ExprKind::If(condition, then, otherwise) => {
            f(condition);
            f(then);
            if let Some(otherwise) = otherwise {
                f(otherwise);
            }
        }
        ExprKind::Match(value, arms) => {
            f(value);
            for arm in arms {
                arm.guard.iter_mut().for_each(&mut *f);
                f(&mut arm.body);
            }
        }
        ExprKind::While { cond, body, otherwise, .. } => {
            f(cond);
            f(body);
            if let Some(otherwise) = otherwise {
                f(otherwise);
            }
        }
        ExprKind::ForRange { lo, hi, body, otherwise, .. } => {
            f(lo);
            f(hi);
            f(body);
            if let Some(otherwise) = otherwise {
                f(otherwise);
            }
        }
        ExprKind::ForEach { iterable, body, otherwise, .. } => {
            f(iterable);
            f(body);
            if let Some(otherwise) = otherwise {
                f(otherwise);
            }
        }
        ExprKind::Break(_, value) | ExprKind::Return(value) => {
            if let Some(value) = value {
                f(value);
            }
        }
        ExprKind::Select(arms, default) => {
            for arm in arms {
                match &mut arm.op {
                    SelectOp::Recv(value)
                    | SelectOp::RecvOption(value)
                    | SelectOp::RecvPair(value)
                    | SelectOp::After(value)
                    | SelectOp::Future(value) => f(value),
                    SelectOp::Send(channel, value) => {
                        f(channel);
                        f(value);
                    }
                }
                f(&mut arm.body);
            }
            if let Some(default) = default {
                f(default);
            }
        }
        ExprKind::Assert(condition, message) => {
            f(condition);
            if let Some(message) = message {
                f(message);
            }
        }
    }
}

fn place_children(place: &mut Place, f: &mut dyn FnMut(&mut Expr)) {
    if let PlaceBase::Value(value) = &mut place.base {
        f(value);
    }
    for projection in &mut place.projections {
        if let Projection::Index(index, _) = projection {
            f(index);
        }
    }
}

fn runtime_type(head: Head) -> RuntimeType {
    use super::builtin_types::BuiltinType as B;
    match head {
        Head::Struct(id) => RuntimeType::Struct(id),
        Head::Enum(id) => RuntimeType::Enum(id),
        Head::Int(kind) => RuntimeType::Int(kind),
        Head::F32 => RuntimeType::Float32,
        Head::F64 => RuntimeType::Float,
        Head::Bool => RuntimeType::Bool,
        Head::Char => RuntimeType::Char,
        Head::String => RuntimeType::String,
        Head::Unit => RuntimeType::Unit,
        Head::Tuple => RuntimeType::Tuple,
        Head::List => RuntimeType::List,
        Head::Map => RuntimeType::Map,
        Head::Set => RuntimeType::Set,
        Head::Fn => RuntimeType::Function,
        Head::Builtin(B::Box) => RuntimeType::Box,
        Head::Duration => RuntimeType::Duration,
        Head::Time => RuntimeType::Time,
        Head::Builtin(_) | Head::Contract(_) | Head::Range | Head::Context | Head::Param => RuntimeType::Other,
    }
}

/// What stands for a number that no function has (a closure that an earlier pass saw and the last did not).
fn unused_function() -> Function {
    let span = crate::source::Span::default();
    Function {
        name: "unused".into(),
        kind: FunctionKind::Plain,
        captures: 0,
        params: 0,
        optional: 0,
        rest: false,
        locals: Vec::new(),
        ret: Types::UNIT,
        body: super::expect::unit(span),
        span,
        prelude: true,
    }
}
