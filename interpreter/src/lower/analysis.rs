//! What is found out by walking the tree before code is generated: which locals are assigned, which aggregates are changed in
//! place, which constants a loop needs in registers.

use crate::builtins::Builtin;
use crate::core::{
    BinaryOp, CompareOp, Const, Expr, ExprKind, Function, LocalId, Place, PlaceBase, Program, Projection, SelectOp,
    Stmt,
};
use crate::types::{StructId, Ty, TyKind, Types};
use rustc_hash::FxHashSet;

/// Calls `f` for each direct part of an expression, in order of evaluation. Bodies of closures are other functions.
pub fn each_child<'e>(expr: &'e Expr, f: &mut dyn FnMut(&'e Expr)) {
    match &expr.kind {
        ExprKind::Const(_)
        | ExprKind::Function(_)
        | ExprKind::Closure(..)
        | ExprKind::Continue(_)
        | ExprKind::Zero
        | ExprKind::Unset
        | ExprKind::Error => {}
        ExprKind::IsSet(place) | ExprKind::Read(place) | ExprKind::Borrow(place) | ExprKind::BorrowMut(place) => {
            each_in_place(place, f)
        }
        ExprKind::Assign(place, value) | ExprKind::AssignOp(_, place, value) => {
            each_in_place(place, f);
            f(value);
        }
        ExprKind::Binary(_, a, b)
        | ExprKind::Compare(_, a, b)
        | ExprKind::And(a, b)
        | ExprKind::Or(a, b)
        | ExprKind::Repeat(a, b)
        | ExprKind::Index(a, b)
        | ExprKind::SetAttr(a, _, b)
        | ExprKind::Range(a, b, _) => {
            f(a);
            f(b);
        }
        ExprKind::Unary(_, a)
        | ExprKind::Cast(a)
        | ExprKind::Await(a)
        | ExprKind::Panic(a)
        | ExprKind::Raise(a)
        | ExprKind::Bound(a, _)
        | ExprKind::Attr(a, _)
        | ExprKind::Labelled(_, a)
        | ExprKind::Loop(_, a) => f(a),
        ExprKind::CallValue(callee, args)
        | ExprKind::SpawnValue(_, callee, args)
        | ExprKind::CallAttr(callee, _, args) => {
            f(callee);
            args.iter().for_each(f);
        }
        ExprKind::CallNamed(callee, args, named) => {
            f(callee);
            args.iter().for_each(&mut *f);
            named.iter().for_each(|(_, value)| f(value));
        }
        ExprKind::SetIndex(a, b, c) => {
            f(a);
            f(b);
            f(c);
        }
        ExprKind::Try { body, catch, finally } => {
            f(body);
            catch.iter().for_each(|(_, handler)| f(handler));
            finally.iter().for_each(|work| f(work));
        }
        ExprKind::Call(_, args)
        | ExprKind::CallMethod(_, args)
        | ExprKind::Builtin(_, args)
        | ExprKind::Tuple(args)
        | ExprKind::List(args)
        | ExprKind::Struct(_, args, _)
        | ExprKind::Variant(_, _, args)
        | ExprKind::Format(args)
        | ExprKind::Dyn(_, args)
        | ExprKind::Spawn(_, _, args) => args.iter().for_each(f),
        ExprKind::Block(stmts, tail) => {
            for stmt in stmts {
                match stmt {
                    Stmt::Let { value, .. } => value.iter().for_each(&mut *f),
                    Stmt::Expr(e) | Stmt::Defer(e) | Stmt::Unpack { value: e, .. } => f(e),
                }
            }
            tail.iter().for_each(|e| f(e));
        }
        ExprKind::If(cond, then, other) => {
            f(cond);
            f(then);
            other.iter().for_each(|e| f(e));
        }
        ExprKind::Match(scrutinee, arms) => {
            f(scrutinee);
            for arm in arms {
                arm.guard.iter().for_each(&mut *f);
                f(&arm.body);
            }
        }
        ExprKind::While { cond, body, otherwise, .. } => {
            f(cond);
            f(body);
            otherwise.iter().for_each(|e| f(e));
        }
        ExprKind::ForRange { lo, hi, body, otherwise, .. } => {
            f(lo);
            f(hi);
            f(body);
            otherwise.iter().for_each(|e| f(e));
        }
        ExprKind::ForEach { iterable, body, otherwise, .. } => {
            f(iterable);
            f(body);
            otherwise.iter().for_each(|e| f(e));
        }
        ExprKind::Break(_, value) | ExprKind::Return(value) => value.iter().for_each(|e| f(e)),
        ExprKind::Assert(cond, message) => {
            f(cond);
            message.iter().for_each(|e| f(e));
        }
        ExprKind::Select(arms, default) => {
            for arm in arms {
                match &arm.op {
                    SelectOp::Recv(e)
                    | SelectOp::RecvOption(e)
                    | SelectOp::RecvPair(e)
                    | SelectOp::After(e)
                    | SelectOp::Future(e) => f(e),
                    SelectOp::Send(channel, value) => {
                        f(channel);
                        f(value);
                    }
                }
            }
            arms.iter().for_each(|arm| f(&arm.body));
            default.iter().for_each(|e| f(e));
        }
    }
}

fn each_in_place<'e>(place: &'e Place, f: &mut dyn FnMut(&'e Expr)) {
    if let PlaceBase::Value(e) = &place.base {
        f(e);
    }
    for projection in &place.projections {
        if let Projection::Index(index, _) = projection {
            f(index);
        }
    }
}

/// Calls `f` for the expression and all parts.
pub fn walk<'e>(expr: &'e Expr, f: &mut dyn FnMut(&'e Expr)) {
    f(expr);
    each_child(expr, &mut |child| walk(child, f));
}

/// The expression without what only looks at a value: `&(e)`, `{ e }`.
pub fn peel(mut expr: &Expr) -> &Expr {
    loop {
        expr = match &expr.kind {
            ExprKind::Borrow(place) | ExprKind::Read(place) if place.projections.is_empty() => match &place.base {
                PlaceBase::Value(inner) => inner,
                _ => return expr,
            },
            ExprKind::Block(stmts, Some(tail)) if stmts.is_empty() => tail,
            _ => return expr,
        }
    }
}

/// Which locals of a function can change after they are first set (assigned, or mutably borrowed).
pub fn assigned_locals(function: &Function) -> Vec<bool> {
    let mut assigned = vec![false; function.locals.len()];
    walk(&function.body, &mut |expr| {
        let (ExprKind::Assign(place, _) | ExprKind::AssignOp(_, place, _) | ExprKind::BorrowMut(place)) = &expr.kind
        else {
            return;
        };
        // A store behind a projection changes the object, not the register.
        if let (PlaceBase::Local(id), []) = (&place.base, &place.projections[..])
            && let Some(slot) = assigned.get_mut(id.0 as usize)
        {
            *slot = true;
        }
    });
    assigned
}

/// Whether evaluating the expression may change the local's register (by an assignment or by moving out of it).
pub fn may_change(expr: &Expr, local: LocalId) -> bool {
    let mut found = false;
    walk(expr, &mut |e| {
        if let ExprKind::Assign(place, _) | ExprKind::AssignOp(_, place, _) = &e.kind {
            found |= matches!(place.base, PlaceBase::Local(id) if id == local);
        }
    });
    found
}

/// Kinds of Copy aggregates that some place of the program changes in place.
#[derive(Debug, Default)]
pub struct Mutated {
    /// A tuple's field is assigned.
    pub tuples: bool,
    /// An array's element is assigned, or an array is borrowed mutably.
    pub arrays: bool,
    /// Structs whose fields are assigned or that are borrowed mutably.
    pub structs: FxHashSet<StructId>,
    /// Globals to which a mutable reference is taken and which therefore live in a cell.
    pub cell_globals: FxHashSet<u32>,
}

/// Walks the whole program for what is changed in place.
pub fn mutated(program: &Program) -> Mutated {
    let mut found = Mutated::default();
    for function in &program.functions {
        walk(&function.body, &mut |expr| {
            let (place, borrowed) = match &expr.kind {
                ExprKind::Assign(place, _) | ExprKind::AssignOp(_, place, _) => (place, false),
                ExprKind::BorrowMut(place) => (place, true),
                _ => return,
            };
            let types = &program.types;
            let mut ty = match &place.base {
                PlaceBase::Local(id) => function.locals.get(id.0 as usize).map_or(Types::ERROR, |l| l.ty),
                PlaceBase::Global(id) => program.globals.get(id.0 as usize).map_or(Types::ERROR, |g| g.ty),
                PlaceBase::Value(e) => e.ty,
            };
            for projection in &place.projections {
                if !matches!(projection, Projection::Deref(_)) {
                    found.note(types, ty);
                }
                ty = match projection {
                    Projection::Field(_, ty) | Projection::Index(_, ty) | Projection::Deref(ty) => *ty,
                };
            }
            if borrowed {
                found.note(types, place.ty);
                if let (PlaceBase::Global(id), []) = (&place.base, &place.projections[..]) {
                    found.cell_globals.insert(id.0);
                }
            }
        });
    }
    found
}

impl Mutated {
    fn note(&mut self, types: &Types, mut ty: Ty) {
        loop {
            match types.kind(ty) {
                TyKind::Ref(inner) | TyKind::RefMut(inner) => ty = *inner,
                TyKind::Tuple(_) => break self.tuples = true,
                TyKind::Array(..) | TyKind::Span(_) => break self.arrays = true,
                TyKind::Struct(id, _) => {
                    self.structs.insert(*id);
                    break;
                }
                _ => break,
            }
        }
    }
}

/// Whether evaluating the expression, branches inside it apart, makes an unnamed value that must be released.
pub fn has_droppable_temporary(expr: &Expr, droppable: &mut dyn FnMut(Ty) -> bool) -> bool {
    let mut found = false;
    walk(expr, &mut |e| {
        if found {
            return;
        }
        if let ExprKind::Read(place) | ExprKind::Borrow(place) | ExprKind::BorrowMut(place) = &e.kind
            && let PlaceBase::Value(base) = &place.base
        {
            found |= droppable(base.ty);
        }
        match &e.kind {
            ExprKind::Match(scrutinee, _) => found |= droppable(scrutinee.ty),
            // Which of them are only looked at is not asked here.
            ExprKind::Call(_, args)
            | ExprKind::CallMethod(_, args)
            | ExprKind::CallValue(_, args)
            | ExprKind::Builtin(_, args)
            | ExprKind::Format(args) => found |= args.iter().any(|arg| droppable(arg.ty)),
            ExprKind::Compare(_, left, right) => found |= droppable(left.ty) || droppable(right.ty),
            _ => {}
        }
    });
    found
}

/// Number of nodes, counted up to a limit.
pub fn size_up_to(expr: &Expr, limit: usize) -> usize {
    fn go(expr: &Expr, limit: usize, count: &mut usize) {
        *count += 1;
        if *count < limit {
            each_child(expr, &mut |child| {
                if *count < limit {
                    go(child, limit, count);
                }
            });
        }
    }
    let mut count = 0;
    go(expr, limit, &mut count);
    count
}

/// At most so many constants are kept in registers for a loop.
const MAX_HOISTED: usize = 16;

/// Constants inside a loop that some instruction needs in a register, each with its type: worth loading once before it.
pub fn loop_constants<'e>(
    parts: &[&'e Expr],
    needs_register: &dyn Fn(&Const, Ty, Use) -> bool,
) -> Vec<(&'e Const, Ty)> {
    let mut found: Vec<(&Const, Ty)> = Vec::new();
    let mut note = |expr: &'e Expr, how: Use| {
        let expr = peel(expr);
        if let ExprKind::Const(c) = &expr.kind
            && found.len() < MAX_HOISTED
            && needs_register(c, expr.ty, how)
            && !found.iter().any(|(other, ty)| *other == c && *ty == expr.ty)
        {
            found.push((c, expr.ty));
        }
    };
    for part in parts {
        walk(part, &mut |expr| match &expr.kind {
            ExprKind::Binary(op, a, b) => {
                note(a, Use::Operand);
                note(b, if matches!(op, BinaryOp::Add | BinaryOp::Sub) { Use::AddImm } else { Use::Operand });
            }
            ExprKind::AssignOp(op, _, b) => {
                note(b, if matches!(op, BinaryOp::Add | BinaryOp::Sub) { Use::AddImm } else { Use::Operand });
            }
            ExprKind::Compare(op, a, b) => {
                let how = if matches!(op, CompareOp::Eq | CompareOp::Ne) { Use::CompareEq } else { Use::Compare };
                note(a, how);
                note(b, how);
            }
            ExprKind::While { cond, .. } => {
                // The test at the bottom has no immediate form.
                if let ExprKind::Compare(op, a, b) = &peel(cond).kind
                    && !matches!(op, CompareOp::Eq | CompareOp::Ne)
                {
                    note(a, Use::Operand);
                    note(b, Use::Operand);
                }
            }
            ExprKind::ForRange { hi, .. } => note(hi, Use::Operand),
            ExprKind::Builtin(Builtin::AtomicAdd | Builtin::WaitGroupAdd | Builtin::ChannelSend, args) => {
                args.iter().skip(1).for_each(|arg| note(arg, Use::Operand));
            }
            ExprKind::Builtin(Builtin::ChannelSendBool | Builtin::ChannelSendResult | Builtin::ListPush, args) => {
                args.iter().skip(1).for_each(|arg| note(arg, Use::Operand));
            }
            ExprKind::Assign(place, value) if !place.projections.is_empty() => note(value, Use::Operand),
            ExprKind::Read(place) | ExprKind::Borrow(place) => {
                for projection in &place.projections {
                    if let Projection::Index(index, _) = projection {
                        note(index, Use::Operand);
                    }
                }
            }
            _ => {}
        });
    }
    found
}

/// How an instruction uses a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// As the right operand of `+` or `-`.
    AddImm,
    /// As an operand of an ordering.
    Compare,
    /// As an operand of `==` or `!=`.
    CompareEq,
    /// Only from a register.
    Operand,
}
