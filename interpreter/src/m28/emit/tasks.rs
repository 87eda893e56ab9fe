//! Functions as values, `go`, `select`, and bodies under a lock.

use super::super::tree::*;
use super::body::Body;
use super::make;
use crate::builtins::Builtin;
use crate::core::{Capture, CaptureMode, Expr, ExprKind, FuncId, SelectArm, SelectOp, SpawnKind, Stmt};
use crate::source::Span;
use crate::types::Types;

impl<'t> Body<'_, 't> {
    /// A function as a value: bound to its name, or given.
    pub fn function(&mut self, frame: FrameId, name: Option<UseId>, wanted: bool, span: Span) -> Expr {
        let value = self.closure(frame, span);
        match name {
            Some(name) => {
                let set = self.set_name(name, value, span);
                if wanted { make::block(vec![Stmt::Expr(set)], make::none(span), span) } else { set }
            }
            None => value,
        }
    }

    /// What a function or class takes along.
    pub fn captures(&mut self, vars: &[VarId]) -> Vec<Capture> {
        let tree = self.tree();
        let captures = vars.iter().map(|&var| Capture {
            outer: self.mention(var),
            mode: if self.emit.in_cell(var) { CaptureMode::Cell } else { CaptureMode::Value },
            span: tree.var(var).span,
        });
        captures.collect()
    }

    fn closure(&mut self, frame: FrameId, span: Span) -> Expr {
        self.emit.need(frame);
        let captures = self.captures(&self.tree().frame(frame).captures);
        let function = FuncId(frame.0);
        let kind =
            if captures.is_empty() { ExprKind::Function(function) } else { ExprKind::Closure(function, captures) };
        make::dynamic(kind, span)
    }

    pub fn go(&mut self, frame: FrameId, span: Span) -> Expr {
        self.emit.need(frame);
        if let Some(spawn) = self.spawn_call(frame, span) {
            return spawn;
        }
        let captures = self.captures(&self.tree().frame(frame).captures);
        let function = FuncId(frame.0);
        if captures.iter().all(|capture| capture.mode == CaptureMode::Value) {
            let args = captures.iter().map(|capture| make::read(make::local(capture.outer, capture.span))).collect();
            return make::expr(ExprKind::Spawn(SpawnKind::Go, function, args), Types::UNIT, span);
        }
        let closure = make::dynamic(ExprKind::Closure(function, captures), span);
        make::expr(ExprKind::SpawnValue(SpawnKind::Go, Box::new(closure), Vec::new()), Types::UNIT, span)
    }

    /// A task that only calls a known function with arguments that nothing changes: it runs the function itself.
    fn spawn_call(&mut self, frame: FrameId, span: Span) -> Option<Expr> {
        let [Node { kind: NodeKind::Call { callee, args, named }, .. }] = &self.tree().frame(frame).body[..] else {
            return None;
        };
        let NodeKind::Name(id) = &callee.kind else { return None };
        if !named.is_empty() || !args.iter().all(|arg| self.never_changes(arg)) {
            return None;
        }
        let Some(definition @ Definition::Function(_)) = self.known(*id) else { return None };
        match self.direct(definition, args, span)?.kind {
            ExprKind::Call(function, args) => {
                self.emit.merged.insert(frame);
                Some(make::expr(ExprKind::Spawn(SpawnKind::Go, function, args), Types::UNIT, span))
            }
            _ => None,
        }
    }

    /// Whether a part of a task's body has the same value when the task starts as when it runs.
    fn never_changes(&self, node: &Node) -> bool {
        match &node.kind {
            NodeKind::Literal(_) => true,
            NodeKind::Name(id) => {
                let entry = self.tree().use_of(*id);
                match entry.candidates[..] {
                    [var] if entry.definite => !self.tree().var(var).captured_early && self.emit.by_value(var),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    pub fn with_lock(&mut self, shared: bool, lock: &'t Node, body: &'t [Node], wanted: bool, span: Span) -> Expr {
        let at = lock.span;
        let value = self.value(lock);
        let kept = self.temporary(Types::DYNAMIC, at);
        let read = || make::read(make::local(kept, at));
        let (lock, unlock) = match shared {
            true => (Builtin::DynReadLock, Builtin::DynReadUnlock),
            false => (Builtin::DynLock, Builtin::DynUnlock),
        };
        let call = |builtin| make::dynamic(ExprKind::Builtin(builtin, vec![read()]), at);
        let stmts = vec![make::let_local(kept, value, at), Stmt::Expr(call(lock))];
        let body = Box::new(self.run(body, wanted, span));
        let finally = Some(Box::new(call(unlock)));
        let ty = if wanted { Types::DYNAMIC } else { Types::UNIT };
        let guarded = make::expr(ExprKind::Try { body, catch: None, finally }, ty, span);
        make::block(stmts, guarded, span)
    }

    pub fn select(
        &mut self,
        timeout: Option<&'t Node>,
        cases: &'t [Case],
        default: Option<&'t [Node]>,
        expired: Option<&'t [Node]>,
        wanted: bool,
        span: Span,
    ) -> Expr {
        let mut stmts = Vec::new();
        let timer = timeout.map(|timeout| {
            let value = self.value(timeout);
            let duration =
                make::expr(ExprKind::Builtin(Builtin::DynMillis, vec![value]), Types::DURATION, timeout.span);
            let kept = self.temporary(Types::DURATION, timeout.span);
            stmts.push(make::let_local(kept, duration, timeout.span));
            make::read(make::place(crate::core::PlaceBase::Local(kept), Types::DURATION, timeout.span))
        });
        let mut arms = Vec::new();
        for case in cases {
            let (op, pattern, mut first) = match &case.op {
                CaseOp::Recv(channel, value, ok) => {
                    let channel = self.value(channel);
                    let pair = self.temporary(Types::DYNAMIC, case.span);
                    let first = self.received(pair, *value, *ok, case.span);
                    let pattern = (!first.is_empty()).then(|| make::bind(pair, Types::DYNAMIC, case.span));
                    (SelectOp::RecvPair(channel), pattern, first)
                }
                CaseOp::Send(channel, value) => {
                    let channel = self.value(channel);
                    (SelectOp::Send(channel, self.value(value)), None, Vec::new())
                }
            };
            let (body, tail) = self.sequence(&case.body, wanted, None, case.span);
            first.extend(body);
            let body = match tail {
                Some(tail) => make::block(first, tail, case.span),
                None => make::effects(first, case.span),
            };
            arms.push(SelectArm { op, pattern, body, span: case.span });
        }
        if let (Some(timer), Some(timeout)) = (timer, timeout) {
            let body = self.run(expired.unwrap_or_default(), wanted, timeout.span);
            arms.push(SelectArm { op: SelectOp::After(timer), pattern: None, body, span: timeout.span });
        }
        let default = default.map(|body| {
            let at = body.first().map_or(span, |node| node.span);
            Box::new(self.run(body, wanted, at))
        });
        let ty = if wanted { Types::DYNAMIC } else { Types::UNIT };
        let select = make::expr(ExprKind::Select(arms, default), ty, span);
        make::block(stmts, select, span)
    }

    /// `select-value` and `select-ok`, where somebody asks for them.
    fn received(&mut self, pair: crate::core::LocalId, value: VarId, ok: VarId, span: Span) -> Vec<Stmt> {
        let mut stmts = Vec::new();
        for (index, var) in [(0, value), (1, ok)] {
            let entry = self.tree().var(var);
            if !entry.read && entry.writes == 0 {
                continue;
            }
            let local = self.declare_as_is(var);
            let pair = make::read(make::local(pair, span));
            let part = ExprKind::Index(Box::new(pair), Box::new(make::int(index, span)));
            stmts.push(make::let_local(local, make::dynamic(part, span), span));
        }
        stmts
    }
}
