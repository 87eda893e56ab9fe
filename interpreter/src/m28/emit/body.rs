//! One frame: its locals, and where they are declared.
//!
//! A local is declared where a form of its scope's own sequence sets it first, if nothing before mentions it; otherwise at the beginning of its
//! scope, without a value.

use super::super::form::Name;
use super::super::tree::*;
use super::{Emit, Home, make};
use crate::core::{Expr, LabelId, Local, LocalId, Place, PlaceBase, Stmt};
use crate::source::Span;
use crate::types::{Ty, Types};
use rustc_hash::{FxHashMap, FxHashSet};

/// A frame being compiled.
pub(super) struct Body<'e, 't> {
    pub emit: &'e mut Emit<'t>,
    pub frame: FrameId,
    pub locals: Vec<Local>,
    local_of: FxHashMap<VarId, LocalId>,
    /// Locals that are declared already.
    declared: FxHashSet<VarId>,
    /// Locals of each scope that are declared at its beginning.
    early: FxHashMap<ScopeId, Vec<VarId>>,
    /// Exceptions that are being handled here, innermost last.
    pub handled: Vec<LocalId>,
    labels: u32,
    /// The variable that the value being made is for: the name of an object that a function of the prelude would make.
    pub naming: Option<Name>,
    /// Loops whose variables are copied to the scope around at the end of each turn.
    pub turns: Vec<(LabelId, Vec<(VarId, VarId)>)>,
}

impl<'e, 't> Body<'e, 't> {
    pub fn new(emit: &'e mut Emit<'t>, id: FrameId) -> Self {
        let frame = emit.tree.frame(id);
        let mut body = Body {
            frame: id,
            locals: Vec::new(),
            local_of: FxHashMap::default(),
            declared: FxHashSet::default(),
            early: FxHashMap::default(),
            handled: Vec::new(),
            naming: None,
            labels: frame.labels,
            turns: Vec::new(),
            emit,
        };
        for &var in &frame.captures {
            body.declare_as_is(var);
        }
        for param in &frame.params {
            body.declare_as_is(param.var);
        }
        body
    }

    /// The tree, for as long as it lives.
    pub fn tree(&self) -> &'t Tree {
        self.emit.tree
    }

    /// The whole of the frame.
    pub fn code(&mut self) -> Expr {
        let tree = self.tree();
        let frame = tree.frame(self.frame);
        let mut stmts = Vec::new();
        for param in &frame.params {
            if let Some(default) = &param.default {
                let place = self.place(param.var, default.span);
                let unset = make::not(make::is_set(place.clone()));
                let value = self.value(default);
                let set = make::assign(place, value);
                let span = default.span;
                stmts.push(Stmt::Expr(make::expr(
                    crate::core::ExprKind::If(Box::new(unset), Box::new(set), None),
                    Types::UNIT,
                    span,
                )));
            }
        }
        let gives = matches!(frame.kind, FrameKind::Function | FrameKind::Lambda);
        let (body, tail) = self.sequence(&frame.body, gives, Some(frame.scope), frame.span);
        stmts.extend(body);
        stmts.splice(0..0, self.declarations(frame.scope));
        match tail {
            Some(tail) => make::block(stmts, tail, frame.span),
            None => make::effects(stmts, frame.span),
        }
    }

    // ---- locals

    pub fn new_label(&mut self) -> LabelId {
        self.labels += 1;
        LabelId(self.labels - 1)
    }

    /// A local of the compiler's own.
    pub fn temporary(&mut self, ty: Ty, span: Span) -> LocalId {
        self.locals.push(Local { name: String::new(), ty, mutable: true, cell: false, span });
        LocalId(self.locals.len() as u32 - 1)
    }

    /// The local of a variable that is declared where it stands (a parameter, the variable of a loop).
    pub fn declare_as_is(&mut self, var: VarId) -> LocalId {
        self.declared.insert(var);
        self.local(var)
    }

    fn local(&mut self, var: VarId) -> LocalId {
        if let Some(&local) = self.local_of.get(&var) {
            return local;
        }
        let cell = self.emit.in_cell(var);
        let entry = self.emit.tree.var(var);
        let local = LocalId(self.locals.len() as u32);
        self.locals.push(Local {
            name: entry.name.to_string(),
            ty: Types::DYNAMIC,
            mutable: true,
            cell,
            span: entry.span,
        });
        self.local_of.insert(var, local);
        local
    }

    /// The local of a variable that may not be declared yet.
    pub fn mention(&mut self, var: VarId) -> LocalId {
        if self.declared.insert(var) {
            let scope = self.emit.tree.var(var).scope;
            self.early.entry(scope).or_default().push(var);
        }
        self.local(var)
    }

    /// Where a variable is.
    pub fn place(&mut self, var: VarId, span: Span) -> Place {
        let base = match self.emit.home(var) {
            Home::Global(global) => PlaceBase::Global(global),
            Home::Local => PlaceBase::Local(self.mention(var)),
        };
        make::place(base, Types::DYNAMIC, span)
    }

    // ---- sequences

    /// Nodes in a row, and the value of the last if it is wanted. `scope`: they are the whole of this scope, and the caller puts its
    /// [`Body::declarations`] before them.
    pub fn sequence(
        &mut self,
        nodes: &'t [Node],
        wanted: bool,
        scope: Option<ScopeId>,
        span: Span,
    ) -> (Vec<Stmt>, Option<Expr>) {
        let mut stmts = Vec::new();
        let (last, others) = match nodes.split_last() {
            Some((last, others)) if wanted => (Some(last), others),
            _ => (None, nodes),
        };
        for node in others {
            let stmt = self.statement(node, scope);
            stmts.push(stmt);
        }
        let tail = match last {
            Some(last) => Some(self.value(last)),
            None if wanted => Some(make::none(span)),
            None => None,
        };
        (stmts, tail)
    }

    /// Declares what is mentioned in a scope before it is set.
    pub fn declarations(&mut self, scope: ScopeId) -> Vec<Stmt> {
        let early = self.early.remove(&scope).unwrap_or_default();
        let declare = |var: VarId| {
            let span = self.emit.tree.var(var).span;
            let pattern = make::bind(*self.local_of.get(&var)?, Types::DYNAMIC, span);
            Some(Stmt::Let { pattern, value: None, span })
        };
        early.into_iter().filter_map(declare).collect()
    }

    /// Nodes in a row, as one expression.
    pub fn run(&mut self, nodes: &'t [Node], wanted: bool, span: Span) -> Expr {
        let (stmts, tail) = self.sequence(nodes, wanted, None, span);
        match tail {
            Some(tail) => make::block(stmts, tail, span),
            None => make::effects(stmts, span),
        }
    }

    fn statement(&mut self, node: &'t Node, scope: Option<ScopeId>) -> Stmt {
        if let NodeKind::Store(Target::Name(id), value) = &node.kind
            && let Some(var) = self.set_here(*id, scope)
        {
            let value = self.value(value);
            if !self.declared.contains(&var) {
                let local = self.declare_as_is(var);
                return make::let_local(local, value, node.span);
            }
            let place = self.place(var, self.tree().use_of(*id).span);
            return Stmt::Expr(make::expr(
                crate::core::ExprKind::Assign(place, Box::new(value)),
                Types::UNIT,
                node.span,
            ));
        }
        Stmt::Expr(self.effect(node))
    }

    /// The variable of this very scope that is set, if it is a local that nothing has mentioned yet.
    fn set_here(&mut self, id: UseId, scope: Option<ScopeId>) -> Option<VarId> {
        let entry = self.tree().use_of(id);
        let &[var] = &entry.candidates[..] else { return None };
        let fits = Some(self.emit.tree.var(var).scope) == scope
            && entry.how != How::Set
            && self.emit.home(var) == Home::Local
            && !self.declared.contains(&var);
        fits.then_some(var)
    }
}
