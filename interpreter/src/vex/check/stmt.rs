//! Blocks and statements.

use super::expect::{Expect, error_expr, expr, looked};
use super::state::*;
use crate::core::{Expr, ExprKind, Pattern, PatternKind, Stmt};
use crate::diagnostics::Code;
use crate::types::{Ty, Types};
use crate::vex::ast::{self, PatKind, StmtKind};

impl<'a> Checker<'a> {
    /// Elaborates a block.
    pub fn check_block(&mut self, block: &'a ast::Block, expect: Expect) -> Expr {
        self.open_block();
        let outer_scope = self.frame().scope;
        self.enter_block_items(block);
        let mut stmts = Vec::new();
        let mut leaves = false;
        let mut warned = false;
        for stmt in &block.stmts {
            if leaves && !warned && !self.in_prelude && !matches!(stmt.kind, StmtKind::Item(_)) {
                self.error(Code::UnreachableCode, stmt.span, "this is never reached");
                warned = true;
            }
            leaves |= self.check_stmt(stmt, &mut stmts);
        }
        let tail = block.tail.as_deref().map(|tail| match expect {
            Expect::Drop => self.dropped(tail),
            _ => {
                if leaves && !warned && !self.in_prelude {
                    self.error(Code::UnreachableCode, tail.span, "this is never reached");
                }
                self.check_expr(tail, expect)
            }
        });
        self.frame().scope = outer_scope;
        self.close_block();
        let ty = match (&tail, leaves) {
            (_, true) => Types::NEVER,
            (Some(tail), _) if expect == Expect::Drop && tail.ty != Types::NEVER => Types::UNIT,
            (Some(tail), _) => tail.ty,
            (None, _) => Types::UNIT,
        };
        match tail {
            Some(tail) if expect == Expect::Drop => {
                stmts.push(Stmt::Expr(tail));
                expr(ExprKind::Block(stmts, None), ty, block.span)
            }
            tail => expr(ExprKind::Block(stmts, tail.map(Box::new)), ty, block.span),
        }
    }

    /// A block with declarations in it has a scope of its own.
    fn enter_block_items(&mut self, block: &'a ast::Block) {
        if !block.stmts.iter().any(|stmt| matches!(stmt.kind, StmtKind::Item(_))) {
            return;
        }
        if let Some(&scope) = self.block_scopes.get(&block.id) {
            self.frame().scope = scope;
            return;
        }
        let parent = self.frame().scope;
        let scope = ScopeId(self.scopes.len() as u32);
        self.scopes.push(Scope { parent: Some(parent), ..Scope::default() });
        self.block_scopes.insert(block.id, scope);
        let marks = self.marks();
        let (structs, enums) = (self.structs.len(), self.enums.len());
        let (first_decl, first_const) = (self.decls.len(), self.consts.len());
        for stmt in &block.stmts {
            if let StmtKind::Item(item) = &stmt.kind {
                self.declare_items(std::slice::from_ref(&**item), scope, false);
            }
        }
        self.resolve_since(marks);
        self.check_contracts_since(structs, enums);
        for index in first_const..self.consts.len() {
            self.check_const(index as u32);
        }
        for index in first_decl..self.decls.len() {
            if matches!(self.decls[index].body, Body::Ast(_)) {
                self.request(DeclId(index as u32));
            }
        }
        self.frame().scope = scope;
    }

    /// Elaborates a statement; true where it never ends normally.
    fn check_stmt(&mut self, stmt: &'a ast::Stmt, out: &mut Vec<Stmt>) -> bool {
        match &stmt.kind {
            StmtKind::Let(def) => self.check_let(def, stmt, out),
            StmtKind::Item(_) => false,
            StmtKind::Expr(e) => {
                let value = self.dropped(e);
                let leaves = self.shallow(value.ty) == Types::NEVER;
                out.push(Stmt::Expr(value));
                leaves
            }
            StmtKind::Assign { target, op, op_span, value } => {
                self.assign(target, *op, *op_span, value, stmt.span, out);
                false
            }
            StmtKind::Send { channel, value, .. } => {
                let value = self.send_stmt(channel, value, stmt.span);
                out.push(Stmt::Expr(value));
                false
            }
            StmtKind::Go { keyword, body, .. } => {
                let value = self.go(body, *keyword, stmt.span);
                out.push(Stmt::Expr(value));
                false
            }
            StmtKind::Defer { body, .. } => {
                // A deferred block cannot leave the loops around it.
                let loops = std::mem::take(&mut self.frame().loops);
                let value = self.check_block(body, Expect::Drop);
                self.frame().loops = loops;
                out.push(Stmt::Defer(value));
                false
            }
        }
    }

    fn check_let(&mut self, def: &'a ast::Let, stmt: &'a ast::Stmt, out: &mut Vec<Stmt>) -> bool {
        let scope = self.frame().scope;
        let declared: Option<Ty> = def.ty.as_ref().map(|ty| self.resolve_type(ty, scope));
        let Some(init) = &def.init else {
            let ty = declared.unwrap_or_else(|| self.fresh_at(def.id, 0));
            if let PatKind::Binding { name } = &def.pattern.kind {
                let local = self.declare_local(&name.name, ty, def.mutable, name.span);
                self.frame().locals[local.0 as usize].deferred = true;
                let pattern = Pattern { kind: PatternKind::Bind(local, None), ty, span: name.span };
                out.push(Stmt::Let { pattern, value: None, span: stmt.span });
            } else if !matches!(def.pattern.kind, PatKind::Error) {
                self.error(Code::BadPattern, def.pattern.span, "a `let` without a value declares one name");
            }
            return false;
        };
        if matches!(def.pattern.kind, PatKind::Wild) && declared.is_none() {
            // `let _ = e` drops the value where it stands.
            let value = match &init.kind {
                ast::ExprKind::Receive(_) => self.check_expr(init, Expect::Drop),
                _ => self.check_expr(init, Expect::Any),
            };
            let leaves = self.shallow(value.ty) == Types::NEVER;
            let pattern = Pattern { kind: PatternKind::Wild, ty: value.ty, span: def.pattern.span };
            let value = match value.kind {
                // A place is only looked at: `let _ = x` moves nothing.
                ExprKind::Read(_) => looked(value),
                _ => value,
            };
            out.push(Stmt::Let { pattern, value: Some(value), span: stmt.span });
            return leaves;
        }
        let value = match declared {
            Some(ty) if self.shallow(ty) == Types::UNIT => {
                let value = self.check_expr(init, Expect::Is(ty));
                self.coerce(value, ty)
            }
            Some(ty) => self.check_to(init, ty),
            None => {
                // What an earlier pass learned about the variable helps to elaborate its value.
                let var = self.fresh_at(def.id, 0);
                let expect = if self.is_unknown(var) { Expect::Any } else { Expect::Is(var) };
                let value = self.check_expr(init, expect);
                if !self.unify(var, value.ty) && self.last_pass {
                    let shown = value.clone();
                    self.report_mismatch(&shown, var);
                }
                value
            }
        };
        let ty = declared.unwrap_or(value.ty);
        let leaves = self.shallow(value.ty) == Types::NEVER;
        let ty = if leaves && declared.is_none() { self.fresh() } else { ty };
        let mut pattern = self.let_pattern(&def.pattern, ty, def.mutable);
        pattern.ty = ty;
        out.push(Stmt::Let { pattern, value: Some(value), span: stmt.span });
        leaves
    }

    /// The pattern of a `let`. A bare name always declares a variable there.
    fn let_pattern(&mut self, pattern: &'a ast::Pattern, ty: Ty, mutable: bool) -> Pattern {
        if let PatKind::Binding { name } = &pattern.kind {
            if &*name.name == "_" {
                return Pattern { kind: PatternKind::Wild, ty, span: pattern.span };
            }
            let local = self.declare_local(&name.name, ty, mutable, name.span);
            return Pattern { kind: PatternKind::Bind(local, None), ty, span: pattern.span };
        }
        self.check_pattern(pattern, ty, mutable)
    }

    /// `ch <- v`
    fn send_stmt(&mut self, channel: &'a ast::Expr, value: &'a ast::Expr, span: crate::source::Span) -> Expr {
        let place = self.check_place(channel);
        let Some((channel, element)) = self.channel_of(place, span) else {
            self.check_expr(value, Expect::Any);
            return error_expr(span);
        };
        let value = self.check_to(value, element);
        let kind = ExprKind::Builtin(crate::builtins::Builtin::ChannelSend, vec![channel, value]);
        expr(kind, Types::UNIT, span)
    }
}
