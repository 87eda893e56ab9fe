//! Constants: evaluated here where they are numbers, text or bools; other constants are globals.

use super::expect::{error_expr, expr};
use super::state::*;
use crate::core::{Const, Expr, ExprKind};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast;

/// The longest fixed array.
const MAX_ARRAY: i128 = 1 << 24;

impl<'a> Checker<'a> {
    /// An integer that is known without running the program.
    pub fn const_int(&mut self, e: &'a ast::Expr, scope: ScopeId) -> Option<i128> {
        match &e.kind {
            ast::ExprKind::Int { value, .. } => i128::try_from(*value).ok(),
            ast::ExprKind::Paren(inner) => self.const_int(inner, scope),
            ast::ExprKind::Cast { value, .. } => self.const_int(value, scope),
            ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand } => self.const_int(operand, scope)?.checked_neg(),
            ast::ExprKind::Binary { op, left, right, .. } => {
                let left = self.const_int(left, scope)?;
                let right = self.const_int(right, scope)?;
                match op {
                    ast::BinaryOp::Add => left.checked_add(right),
                    ast::BinaryOp::Sub => left.checked_sub(right),
                    ast::BinaryOp::Mul => left.checked_mul(right),
                    ast::BinaryOp::Div => left.checked_div(right),
                    ast::BinaryOp::Rem => left.checked_rem(right),
                    ast::BinaryOp::Shl => left.checked_shl(u32::try_from(right).ok()?),
                    ast::BinaryOp::Shr => left.checked_shr(u32::try_from(right).ok()?),
                    ast::BinaryOp::BitAnd => Some(left & right),
                    ast::BinaryOp::BitOr => Some(left | right),
                    ast::BinaryOp::BitXor => Some(left ^ right),
                    ast::BinaryOp::Pow => left.checked_pow(u32::try_from(right).ok()?),
                    _ => None,
                }
            }
            ast::ExprKind::Name(name) => {
                if self.frames.last().is_some() && self.has_local(name) {
                    return None;
                }
                match self.lookup_value(name, scope)? {
                    ValueDef::Const(index) => self.const_int_of(index),
                    _ => None,
                }
            }
            ast::ExprKind::Field { base, field } => {
                let ast::ExprKind::Name(module) = &base.kind else { return None };
                let module = self.lookup_module(module, scope)?;
                match self.value_in(module, &field.name)? {
                    ValueDef::Const(index) => self.const_int_of(index),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn const_int_of(&mut self, index: u32) -> Option<i128> {
        let info = &mut self.consts[index as usize];
        if info.busy {
            return None;
        }
        info.busy = true;
        let (value, scope) = (&info.ast.value, info.scope);
        let result = self.const_int(value, scope);
        self.consts[index as usize].busy = false;
        result
    }

    /// The length of an array type.
    pub fn const_len(&mut self, e: &'a ast::Expr, scope: ScopeId) -> u64 {
        match self.const_int(e, scope) {
            Some(len) if (0..=MAX_ARRAY).contains(&len) => len as u64,
            Some(_) => {
                self.error(Code::LiteralOutOfRange, e.span, format!("an array has 0 to {MAX_ARRAY} elements"));
                0
            }
            None => {
                if !matches!(e.kind, ast::ExprKind::Error) {
                    self.error(Code::NotAConstant, e.span, "the length of an array must be a constant");
                }
                0
            }
        }
    }

    /// A constant's value and type, if it is a plain one.
    pub fn const_scalar(&mut self, index: u32) -> Option<(Const, Ty)> {
        let info = &self.consts[index as usize];
        let (def, scope) = (info.ast, info.scope);
        let declared = def.ty.as_ref().map(|ty| self.resolve_type(ty, scope));
        let (value, default) = match &def.value.kind {
            ast::ExprKind::Str(text) => (Const::Str(text.to_string()), Types::STRING),
            ast::ExprKind::Bool(value) => (Const::Bool(*value), Types::BOOL),
            ast::ExprKind::Char(c) => (Const::Char(*c), Types::CHAR),
            ast::ExprKind::Float { value, suffix: None } => (Const::Float(*value), Types::F64),
            _ => {
                let value = self.const_int_of(index)?;
                // `const N = 5u8`, `const N = 5 as u8` keep their type through an initialiser.
                let plain = is_plain_number(&def.value);
                if declared.is_none() && !plain {
                    return None;
                }
                (Const::Int(value), Types::I64)
            }
        };
        let ty = declared.unwrap_or(default);
        let fits = matches!(
            (&value, self.kind(ty)),
            (Const::Int(_), TyKind::Int(_))
                | (Const::Float(_), TyKind::F64 | TyKind::F32)
                | (Const::Str(_), TyKind::String | TyKind::Str)
                | (Const::Bool(_), TyKind::Bool)
                | (Const::Char(_), TyKind::Char)
        );
        fits.then_some((value, ty))
    }

    /// Checks a constant that nothing may use.
    pub fn check_const(&mut self, index: u32) {
        match self.const_scalar(index) {
            Some((Const::Int(value), ty)) => {
                if let TyKind::Int(kind) = self.kind(ty) {
                    let (low, high) = kind.range();
                    if !(low..=high).contains(&value) {
                        let span = self.consts[index as usize].ast.value.span;
                        self.error(Code::LiteralOutOfRange, span, format!("{value} does not fit `{}`", kind.name()));
                    }
                }
            }
            Some(_) => {}
            None => {
                self.const_global(index);
            }
        }
    }

    /// The global that holds a constant which is no plain value.
    fn const_global(&mut self, index: u32) -> u32 {
        let info = &self.consts[index as usize];
        if let Some(global) = info.global {
            return global;
        }
        let (def, scope, prelude) = (info.ast, info.scope, info.prelude);
        let global = self.globals.len() as u32;
        self.globals.push(GlobalInfo {
            name: def.name.name.clone(),
            scope,
            ty: None,
            declared: def.ty.as_ref(),
            init: Some(&def.value),
            mutable: false,
            thread_local: false,
            span: def.name.span,
            prelude,
            id: None,
            busy: false,
            func: None,
        });
        self.consts[index as usize].global = Some(global);
        self.global_type(global);
        global
    }

    /// A constant as a value.
    pub fn const_value(&mut self, index: u32, span: Span) -> Expr {
        if let Some((value, ty)) = self.const_scalar(index) {
            if let (Const::Int(value), TyKind::Int(kind)) = (&value, self.kind(ty))
                && !(kind.range().0..=kind.range().1).contains(value)
            {
                // Reported where it is declared.
                return error_expr(span);
            }
            return expr(ExprKind::Const(value), ty, span);
        }
        let global = self.const_global(index);
        let place = self.global_place(global, span);
        if matches!(place.base, crate::core::PlaceBase::Value(_)) {
            return error_expr(span);
        }
        super::expect::read(place)
    }
}

fn is_plain_number(e: &ast::Expr) -> bool {
    match &e.kind {
        ast::ExprKind::Int { suffix, .. } => suffix.is_none(),
        ast::ExprKind::Paren(inner) => is_plain_number(inner),
        ast::ExprKind::Unary { op: ast::UnaryOp::Neg, operand } => is_plain_number(operand),
        ast::ExprKind::Binary { left, right, .. } => is_plain_number(left) && is_plain_number(right),
        _ => false,
    }
}
