//! Functions and constants of the library that a signature cannot describe: printing, asserting, sleeping, the
//! constructors whose type arguments may be left out, and the names with a `$`.

use super::builtin_types::BuiltinType;
use super::expect::{Expect, error_expr, expr, look, looked};
use super::state::*;
use super::tables::{needs_import, snake_case};
use crate::builtins::Builtin;
use crate::core::{Expr, ExprKind};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::{OPTION, Ty, TyKind, Types};
use crate::vex::ast;

/// Names that are handled here.
pub const SPECIAL_NAMES: &[&str] = &[
    "println",
    "print",
    "eprintln",
    "eprint",
    "panic",
    "assert",
    "assertEq",
    "assertNe",
    "format",
    "now",
    "sleep",
    "async_delay",
    "drop",
    "yield",
    "withValue",
    "withValueStr",
    "getValue",
    "getValueStr",
    "abs",
    "min",
    "max",
    "clone",
    "NANOSECOND",
    "MICROSECOND",
    "MILLISECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "spawn_blocking",
    "todo!",
    "unreachable",
];

/// Whether a name of the root scope is handled here.
pub fn is_special(name: &str) -> bool {
    SPECIAL_NAMES.contains(&name)
}

impl<'a> Checker<'a> {
    /// Whether a name, in either style and with or without `$`, is handled here.
    pub fn special_name(&self, name: &str) -> bool {
        let plain = name.strip_prefix('$').unwrap_or(name);
        is_special(plain) || SPECIAL_NAMES.iter().any(|own| snake_case(own) == snake_case(plain))
    }

    /// A constant of the library.
    pub fn special_value(&mut self, name: &str, span: Span) -> Option<Expr> {
        let nanos: i128 = match name {
            "NANOSECOND" => 1,
            "MICROSECOND" => 1_000,
            "MILLISECOND" => 1_000_000,
            "SECOND" => 1_000_000_000,
            "MINUTE" => 60_000_000_000,
            "HOUR" => 3_600_000_000_000,
            _ => {
                // `println` and its kin as values: a function of one argument.
                let decl = match name.strip_prefix('$').unwrap_or(name) {
                    "println" => "value_println",
                    "print" => "value_print",
                    "sleep" | "async_delay" => "value_sleep",
                    "panic" => "value_panic",
                    _ => return None,
                };
                let Some(ValueDef::Fns(decls)) = self.scopes[0].values.get(decl).cloned() else { return None };
                let func = self.request(decls[0]);
                let info = self.decl(decls[0]);
                let (count, params, ret) = (info.generics.len(), info.params.clone(), info.ret);
                let args: Vec<Ty> = (0..count).map(|_| self.fresh()).collect();
                let params = params.iter().map(|param| self.subst(param.ty, &args)).collect();
                let ty = self.types.intern(TyKind::Fn(params, ret));
                return Some(expr(ExprKind::Function(func), ty, span));
            }
        };
        Some(self.nanos(nanos, span))
    }

    /// A call of a library function that is handled here.
    pub fn special_call(
        &mut self,
        name: &str,
        type_args: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Option<Expr> {
        let span = e.span;
        let dollar = name.starts_with('$');
        let plain = name.strip_prefix('$').unwrap_or(name);
        let snake = snake_case(plain);
        if needs_import(plain) && !dollar && !self.in_prelude && !self.imported(name) {
            return None;
        }
        let scope = self.frame().scope;
        self.mark_import(scope, name);
        Some(match (snake.as_str(), args.len()) {
            ("println", _) => self.print(Builtin::Print, args, true, span),
            ("print", _) => self.print(Builtin::Print, args, false, span),
            ("eprintln", _) => self.print(Builtin::Eprint, args, true, span),
            ("eprint", _) => self.print(Builtin::Eprint, args, false, span),
            ("format", _) => {
                let parts = self.format_args(args, span);
                expr(ExprKind::Format(parts), Types::STRING, span)
            }
            ("panic" | "unreachable", _) => {
                let message = match (snake.as_str(), args) {
                    ("unreachable", []) => super::expect::string("entered unreachable code", span),
                    (_, []) => super::expect::string("explicit panic", span),
                    _ => {
                        let parts = self.format_args(args, span);
                        expr(ExprKind::Format(parts), Types::STRING, span)
                    }
                };
                expr(ExprKind::Panic(Box::new(message)), Types::NEVER, span)
            }
            ("assert", 1..) => {
                let condition = self.check_bool(&args[0]);
                let message = match &args[1..] {
                    [] => None,
                    rest => {
                        let parts = self.format_args(rest, span);
                        Some(Box::new(expr(ExprKind::Format(parts), Types::STRING, span)))
                    }
                };
                expr(ExprKind::Assert(Box::new(looked(condition)), message), Types::UNIT, span)
            }
            ("assert_eq" | "assert_ne", 2 | 3) => self.assert_equal(snake == "assert_eq", args, span),
            ("now", 0) => expr(ExprKind::Builtin(Builtin::Now, Vec::new()), Types::TIME, span),
            ("yield", 0) => expr(ExprKind::Builtin(Builtin::YieldNow, Vec::new()), Types::UNIT, span),
            ("sleep" | "async_delay", 1) => {
                let duration = self.sleep_duration(&args[0]);
                if expect == Expect::Drop || matches!(expect.ty().map(|ty| self.shallow(ty)), Some(Types::UNIT)) {
                    expr(ExprKind::Builtin(Builtin::Sleep, vec![duration]), Types::UNIT, span)
                } else {
                    self.call_prelude("sleep_future", vec![duration], span).unwrap_or_else(|| error_expr(span))
                }
            }
            ("drop", 1) => {
                let value = self.check_expr(&args[0], Expect::Any);
                expr(ExprKind::Builtin(Builtin::Release, vec![value]), Types::UNIT, span)
            }
            ("clone", 1) => {
                let place = self.check_place(&args[0]);
                let place = self.deref_refs(place);
                let ty = place.ty;
                expr(ExprKind::Builtin(Builtin::CloneValue, vec![look(place)]), ty, span)
            }
            ("abs", 1) => {
                let value = self.check_expr(&args[0], Expect::Any);
                let value = self.operand(value);
                let ty = value.ty;
                self.require_arithmetic(ast::BinaryOp::Sub, ty, span);
                expr(ExprKind::Builtin(Builtin::Abs, vec![looked(value)]), ty, span)
            }
            ("min" | "max", 2) => {
                let left = self.check_expr(&args[0], Expect::Any);
                let left = self.operand(left);
                let right = self.check_expr(&args[1], Expect::Is(left.ty));
                let right = self.coerce(right, left.ty);
                let ty = left.ty;
                self.require_arithmetic(ast::BinaryOp::Lt, ty, span);
                let builtin = if snake == "min" { Builtin::MinOf } else { Builtin::MaxOf };
                expr(ExprKind::Builtin(builtin, vec![looked(left), looked(right)]), ty, span)
            }
            ("with_value" | "with_value_str", 3) => {
                let parent = self.context_arg(&args[0]);
                let key = self.key_arg(&args[1]);
                let value = self.check_expr(&args[2], Expect::Any);
                expr(ExprKind::Builtin(Builtin::ContextWithValue, vec![parent, key, value]), Types::CONTEXT, span)
            }
            ("get_value" | "get_value_str", 2) => {
                let context = self.context_arg(&args[0]);
                let key = self.key_arg(&args[1]);
                let value = if snake == "get_value_str" {
                    Types::STRING
                } else {
                    match type_args.first() {
                        Some(&ty) => ty,
                        None => self.fresh_at(e.id, 0),
                    }
                };
                let ty = self.types.intern(TyKind::Enum(OPTION, vec![value]));
                if let Some(want) = expect.ty()
                    && self.could_unify(ty, want)
                {
                    self.unify(ty, want);
                }
                expr(ExprKind::Builtin(Builtin::ContextValue, vec![context, key]), ty, span)
            }
            _ => return None,
        })
    }

    fn imported(&self, name: &str) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        let mut at = Some(frame.scope);
        while let Some(id) = at {
            let scope = &self.scopes[id.0 as usize];
            if scope.modules.contains_key(name)
                || scope.modules.values().any(|module| matches!(module, ModuleDef::Std(std) if std.path == "context"))
            {
                return true;
            }
            at = scope.parent;
        }
        false
    }

    fn context_arg(&mut self, arg: &'a ast::Expr) -> Expr {
        let place = self.check_place(arg);
        let place = self.deref_refs(place);
        if !self.unify(place.ty, Types::CONTEXT) {
            let value = look(place);
            self.report_mismatch(&value, Types::CONTEXT);
            return error_expr(arg.span);
        }
        look(place)
    }

    /// A key of a context: any value, by its text.
    fn key_arg(&mut self, arg: &'a ast::Expr) -> Expr {
        let value = self.check_expr(arg, Expect::Any);
        let value = self.operand(value);
        if super::ops::is_text(&self.kind(value.ty)) {
            return looked(value);
        }
        let span = value.span;
        expr(ExprKind::Format(vec![looked(value)]), Types::STRING, span)
    }

    /// The argument of `sleep`: a duration, or an integer of milliseconds.
    pub fn sleep_duration(&mut self, arg: &'a ast::Expr) -> Expr {
        let value = self.check_expr(arg, Expect::Any);
        if self.is_unknown(value.ty) {
            self.unify(value.ty, Types::I64);
        }
        looked(self.duration_of(value))
    }

    fn assert_equal(&mut self, equal: bool, args: &'a [ast::Expr], span: Span) -> Expr {
        let left = self.check_expr(&args[0], Expect::Any);
        let left = self.unwrap_operand(left);
        let left = self.operand(left);
        let right = self.check_expr(&args[1], Expect::Is(left.ty));
        let right = self.unwrap_operand(right);
        let right = self.operand(right);
        if !self.unify(left.ty, right.ty) {
            let (a, b) = (self.show(left.ty), self.show(right.ty));
            let message = format!("values of one type are compared, these are `{a}` and `{b}`");
            self.error(Code::TypeMismatch, span, message);
            return error_expr(span);
        }
        // Both are evaluated once, compared, and shown if they differ.
        let mut stmts = Vec::new();
        let mut places = Vec::new();
        for value in [left, right] {
            match value.kind {
                ExprKind::Const(_) => places.push(value),
                ExprKind::Read(place) | ExprKind::Borrow(place) if Self::is_plain(&place) => places.push(look(place)),
                kind => {
                    let (place, stmt) = self.bind_temporary(Expr { kind, ..value });
                    stmts.push(stmt);
                    places.push(look(place));
                }
            }
        }
        let (Some(right), Some(left)) = (places.pop(), places.pop()) else { return error_expr(span) };
        let text = |text: &str| super::expect::string(text, span);
        let verb = if equal { "assertion failed: left is " } else { "assertion failed: both are " };
        let mut message = vec![text(verb), left.clone(), text(if equal { ", right is " } else { "" })];
        if equal {
            message.push(right.clone());
        }
        if let Some(extra) = args.get(2) {
            message.push(text(": "));
            message.extend(self.format_args(std::slice::from_ref(extra), span));
        }
        let op = if equal { crate::core::CompareOp::Eq } else { crate::core::CompareOp::Ne };
        let condition = expr(ExprKind::Compare(op, Box::new(left), Box::new(right)), Types::BOOL, span);
        let message = expr(ExprKind::Format(message), Types::STRING, span);
        let assert = expr(ExprKind::Assert(Box::new(condition), Some(Box::new(message))), Types::UNIT, span);
        if stmts.is_empty() { assert } else { super::expect::block(stmts, assert) }
    }

    /// Functions of types that are handled here: `Channel.new`, `Box.new`, `Vec.from`, `AtomicI64.new`, ….
    pub fn special_type_call(
        &mut self,
        def: TypeDef,
        method: &str,
        type_args: Vec<Ty>,
        args: &'a [ast::Expr],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Option<Expr> {
        let span = e.span;
        let snake = snake_case(method);
        match (def, snake.as_str()) {
            (TypeDef::Builtin(BuiltinType::Channel), "new" | "with_capacity" | "buffered" | "unbuffered") => {
                Some(self.new_channel(type_args, args, e, expect))
            }
            (TypeDef::Builtin(BuiltinType::Box), "new") => {
                let wanted = match (type_args.first(), expect.ty().map(|ty| self.kind(ty))) {
                    (Some(&ty), _) => Some(ty),
                    (None, Some(TyKind::Box(ty))) => Some(ty),
                    _ => None,
                };
                let [arg] = args else {
                    self.one_argument("Box", args, span);
                    return Some(error_expr(span));
                };
                let value = match wanted {
                    Some(ty) => self.check_to(arg, ty),
                    None => self.check_expr(arg, Expect::Any),
                };
                let ty = self.types.intern(TyKind::Box(value.ty));
                Some(expr(ExprKind::Builtin(Builtin::BoxNew, vec![value]), ty, span))
            }
            (TypeDef::Prim(ty), "new") if matches!(self.kind(ty), TyKind::Atomic(_)) => {
                let TyKind::Atomic(value_ty) = self.kind(ty) else { return None };
                Some(self.new_atomic(value_ty, args, span))
            }
            (TypeDef::Builtin(BuiltinType::Atomic), "new") => {
                let value_ty = match type_args.first() {
                    Some(&ty) => ty,
                    None => self.fresh_at(e.id, 0),
                };
                Some(self.new_atomic(value_ty, args, span))
            }
            (TypeDef::Builtin(BuiltinType::Vec | BuiltinType::Set), "from" | "of") => {
                let [arg] = args else { return None };
                let element = match type_args.first() {
                    Some(&ty) => ty,
                    None => self.fresh_at(e.id, 0),
                };
                let list = self.types.intern(TyKind::List(element));
                let value = self.check_expr(arg, Expect::Is(list));
                let value = match self.kind(value.ty) {
                    TyKind::Array(..) | TyKind::Span(_) => Expr { ty: list, ..value },
                    _ => self.coerce(value, list),
                };
                if def == TypeDef::Builtin(BuiltinType::Vec) {
                    return Some(value);
                }
                self.call_prelude("set_from_list", vec![value], span)
            }
            (TypeDef::Builtin(BuiltinType::Mutex | BuiltinType::RwLock), "new") if args.len() == 1 => {
                // The content's type may come from the annotation: `let m: Mutex<[i32]> = Mutex.new([])`.
                let wanted = match (type_args.first(), expect.ty().map(|ty| self.kind(ty))) {
                    (Some(&ty), _) => Some(ty),
                    (None, Some(TyKind::Mutex(ty) | TyKind::RwLock(ty))) => Some(ty),
                    _ => None,
                };
                let value = match wanted {
                    Some(ty) => self.check_to(&args[0], ty),
                    None => self.check_expr(&args[0], Expect::Any),
                };
                let (kind, builtin) = if def == TypeDef::Builtin(BuiltinType::Mutex) {
                    (TyKind::Mutex(value.ty), Builtin::MutexNew)
                } else {
                    (TyKind::RwLock(value.ty), Builtin::RwLockNew)
                };
                let ty = self.types.intern(kind);
                Some(expr(ExprKind::Builtin(builtin, vec![value]), ty, span))
            }
            (TypeDef::Prim(Types::STRING), "new") if args.is_empty() => Some(super::expect::string("", span)),
            (TypeDef::Prim(Types::STRING), "from" | "new") if args.len() == 1 => {
                let value = self.check_expr(&args[0], Expect::Any);
                let value = looked(self.operand(value));
                Some(expr(ExprKind::Format(vec![value]), Types::STRING, span))
            }
            (TypeDef::Prim(Types::DURATION), name) if args.len() == 1 => {
                let (scale, builtin) = match name {
                    "seconds" => (1, Builtin::DurationFromSecs),
                    "millis" | "milliseconds" => (1, Builtin::DurationFromMillis),
                    "micros" | "microseconds" => (1, Builtin::DurationFromMicros),
                    "nanos" | "nanoseconds" => (1, Builtin::DurationFromNanos),
                    "minutes" | "from_minutes" | "from_mins" => (60, Builtin::DurationFromSecs),
                    "hours" | "from_hours" => (3600, Builtin::DurationFromSecs),
                    "from_seconds" => (1, Builtin::DurationFromSecs),
                    "from_milliseconds" => (1, Builtin::DurationFromMillis),
                    "from_microseconds" => (1, Builtin::DurationFromMicros),
                    "from_nanoseconds" => (1, Builtin::DurationFromNanos),
                    _ => return None,
                };
                let count = self.check_expr(&args[0], Expect::Any);
                let mut count = self.int_of(count, Types::I64);
                if scale > 1 {
                    let factor = self.int_const(scale, Types::I64, span);
                    let kind = ExprKind::Binary(crate::core::BinaryOp::Mul, Box::new(looked(count)), Box::new(factor));
                    count = expr(kind, Types::I64, span);
                }
                Some(expr(ExprKind::Builtin(builtin, vec![count]), Types::DURATION, span))
            }
            (TypeDef::Prim(Types::TIME), "now") if args.is_empty() => {
                Some(expr(ExprKind::Builtin(Builtin::Now, Vec::new()), Types::TIME, span))
            }
            (TypeDef::Prim(ty), name @ ("max" | "min" | "max_value" | "min_value")) if args.is_empty() => {
                let TyKind::Int(kind) = self.kind(ty) else { return None };
                let (low, high) = kind.range();
                let value = if name.starts_with("max") { high } else { low };
                Some(self.int_const(value, ty, span))
            }
            _ => None,
        }
    }

    fn one_argument(&mut self, what: &str, args: &'a [ast::Expr], span: Span) {
        let message = format!("`{what}` takes 1 argument, {} are given", args.len());
        self.error(Code::WrongArgumentCount, span, message);
        self.check_args_loosely(args);
    }

    fn new_atomic(&mut self, value_ty: Ty, args: &'a [ast::Expr], span: Span) -> Expr {
        let ty = self.types.intern(TyKind::Atomic(value_ty));
        let [arg] = args else {
            self.one_argument("new", args, span);
            return expr(ExprKind::Error, ty, span);
        };
        let value = self.check_to(arg, value_ty);
        expr(ExprKind::Builtin(Builtin::AtomicNew, vec![value]), ty, span)
    }

    fn new_channel(&mut self, type_args: Vec<Ty>, args: &'a [ast::Expr], e: &'a ast::Expr, expect: Expect) -> Expr {
        let span = e.span;
        let element = match (type_args.first(), expect.ty().map(|ty| self.kind(ty))) {
            (Some(&ty), _) => ty,
            (None, Some(TyKind::Channel(element))) => element,
            _ => self.fresh_at(e.id, 0),
        };
        let capacity = match args {
            [] => self.int_const(0, Types::USIZE, span),
            [capacity] => {
                let value = self.check_expr(capacity, Expect::Any);
                looked(self.usize_of(value))
            }
            _ => {
                let message = format!("`Channel` takes the size of its buffer, {} arguments are given", args.len());
                self.error(Code::WrongArgumentCount, span, message);
                self.check_args_loosely(args);
                self.int_const(0, Types::USIZE, span)
            }
        };
        let zero = expr(ExprKind::Zero, element, span);
        let ty = self.types.intern(TyKind::Channel(element));
        expr(ExprKind::Builtin(Builtin::ChannelNew, vec![capacity, zero]), ty, span)
    }
}
