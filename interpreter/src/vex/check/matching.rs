//! `match`.

use super::expect::{Expect, expr};
use super::state::*;
use crate::core::{Expr, ExprKind, MatchArm};
use crate::types::Types;
use crate::vex::ast;

impl<'a> Checker<'a> {
    /// `match e { p => v, .. }`; whether every case is covered is checked in `finish`, when the types are known.
    pub fn match_expr(
        &mut self,
        scrutinee: &'a ast::Expr,
        arms: &'a [ast::Arm],
        e: &'a ast::Expr,
        expect: Expect,
    ) -> Expr {
        let value = self.scrutinee(scrutinee);
        let ty = value.ty;
        let mut heads = Vec::new();
        let mut bodies = Vec::new();
        let mut wanted = expect;
        for arm in arms {
            self.open_block();
            let pattern = self.check_pattern(&arm.pattern, ty, false);
            let guard = arm.guard.as_ref().map(|guard| self.check_bool(guard));
            let body = match wanted {
                Expect::Drop => self.dropped(&arm.body),
                _ => self.check_expr(&arm.body, wanted),
            };
            self.close_block();
            wanted = self.next_branch(wanted, &body);
            heads.push((pattern, guard));
            bodies.push(body);
        }
        let (bodies, ty) = if bodies.is_empty() { (bodies, Types::NEVER) } else { self.join(bodies, expect) };
        let arms =
            heads.into_iter().zip(bodies).map(|((pattern, guard), body)| MatchArm { pattern, guard, body }).collect();
        expr(ExprKind::Match(Box::new(value), arms), ty, e.span)
    }
}

/// Whether a loop body has a `break` with a value, of this loop or one around it.
pub fn breaks_with_value(body: &ast::Block) -> bool {
    let mut found = false;
    walk_block(body, &mut |e| found |= matches!(e.kind, ast::ExprKind::Break { value: Some(_), .. }));
    found
}

fn walk_block(block: &ast::Block, f: &mut dyn FnMut(&ast::Expr)) {
    for stmt in &block.stmts {
        match &stmt.kind {
            ast::StmtKind::Let(def) => {
                if let Some(init) = &def.init {
                    walk(init, f);
                }
            }
            ast::StmtKind::Expr(e) => walk(e, f),
            ast::StmtKind::Assign { value, .. } => walk(value, f),
            _ => {}
        }
    }
    if let Some(tail) = &block.tail {
        walk(tail, f);
    }
}

/// The expressions in which a `break` of the loop around may stand.
fn walk(e: &ast::Expr, f: &mut dyn FnMut(&ast::Expr)) {
    f(e);
    match &e.kind {
        ast::ExprKind::If { branches, otherwise } => {
            for (_, body) in branches {
                walk_block(body, f);
            }
            if let Some(otherwise) = otherwise {
                walk_block(otherwise, f);
            }
        }
        ast::ExprKind::Match { arms, .. } => arms.iter().for_each(|arm| walk(&arm.body, f)),
        ast::ExprKind::Select { arms, .. } => arms.iter().for_each(|arm| walk(&arm.body, f)),
        ast::ExprKind::Block { block, .. } | ast::ExprKind::Unsafe(block) => walk_block(block, f),
        ast::ExprKind::While { body, .. } | ast::ExprKind::Loop { body, .. } | ast::ExprKind::For { body, .. } => {
            walk_block(body, f);
        }
        ast::ExprKind::Conditional { then, otherwise, .. } => {
            walk(then, f);
            walk(otherwise, f);
        }
        ast::ExprKind::Paren(inner) => walk(inner, f),
        _ => {}
    }
}
