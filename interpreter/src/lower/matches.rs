//! `match`: arm after arm, with a jump table in front where an enum or a row of numbers has many arms.

use super::function::{Emitter, ObjectName};
use super::pattern::Moves;
use crate::builtins::Builtin;
use crate::bytecode::instr::Reg;
use crate::bytecode::ops::Op;
use crate::core::{Const, Expr, ExprKind, MatchArm, Pattern, PatternKind};
use crate::lower::asm::Label;
use crate::source::Span;
use crate::types::{EnumId, TyKind};

/// From so many arms on a jump table pays.
const SWITCH_ARMS: usize = 4;
/// Tables of numbers are not longer than this.
const MAX_TABLE: i128 = 512;

/// What becomes of a match's value.
#[derive(Clone, Copy)]
enum Wanted {
    /// It goes to a register, or nowhere.
    Value(Option<Reg>, Option<ObjectName>),
    /// It is the function's result.
    Result,
}

/// What an arm's outermost pattern says about one case of the table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Covers {
    /// It cannot match.
    No,
    /// It may match; its test stands.
    Maybe,
    /// Its outermost test is known to hold.
    Yes,
}

/// A case of the jump table.
#[derive(Clone, Copy)]
enum Case {
    Variant(u32),
    Number(i128),
    /// Every number outside of the table.
    Others,
}

impl<'p> Emitter<'_, 'p> {
    pub fn match_expr(
        &mut self,
        scrutinee: &'p Expr,
        arms: &'p [MatchArm],
        dest: Option<Reg>,
        naming: Option<ObjectName>,
        span: Span,
    ) {
        self.match_to(scrutinee, arms, Wanted::Value(dest, naming), span);
    }

    /// A match whose value is the function's result: each arm returns.
    pub fn match_tail(&mut self, scrutinee: &'p Expr, arms: &'p [MatchArm], span: Span) {
        self.match_to(scrutinee, arms, Wanted::Result, span);
    }

    fn match_to(&mut self, scrutinee: &'p Expr, arms: &'p [MatchArm], wanted: Wanted, span: Span) {
        let done = self.asm.label();
        let mark = self.mark();
        if self.receive_match(scrutinee, arms, wanted, done) {
            self.asm.bind(done);
            self.reset(mark);
            return;
        }
        let scope = self.begin_scope();
        let (value, owned) = self.scrutinee(scrutinee);
        let mut entries: Vec<[Label; 2]> = Vec::with_capacity(arms.len());
        for _ in arms {
            entries.push([self.asm.label(), self.asm.label()]);
        }
        let nothing = self.asm.label();
        self.dispatch(scrutinee, arms, value, &entries, nothing, span);
        for (i, arm) in arms.iter().enumerate() {
            let [full, matched] = entries[i];
            self.asm.bind(full);
            // The checker has seen to it that the last arm matches whatever comes to it.
            let next = match entries.get(i + 1) {
                Some(next) => Some(next[0]),
                None if arm.guard.is_some() => Some(nothing),
                None => None,
            };
            self.arm(arm, value, owned, matched, next, wanted);
            if i + 1 < arms.len() {
                self.goto(done, super::expr::end_of(arm.body.span));
            }
        }
        if self.asm.is_used(nothing) || arms.is_empty() {
            self.goto(done, span);
            self.asm.bind(nothing);
            self.op(Op::Trap, 2, Reg(0), Reg(0), Reg(0), span);
        }
        self.asm.bind(done);
        self.end_scope(scope, super::expr::end_of(span));
    }

    fn arm(&mut self, arm: &'p MatchArm, value: Reg, owned: bool, matched: Label, next: Option<Label>, wanted: Wanted) {
        self.branch_depth += 1;
        let scope = self.begin_scope();
        self.declare_bindings(&arm.pattern);
        let bound = self.mark();
        let mut moves = Moves::default();
        match &arm.pattern.kind {
            PatternKind::Variant(variant, fields) => {
                if let Some(next) = next {
                    self.test_variant(value, *variant, next, arm.pattern.span);
                }
                self.asm.bind(matched);
                self.fields_of_variant(fields, value, next, owned, &mut moves);
            }
            PatternKind::Const(_) => {
                self.pattern(&arm.pattern, value, next, owned, &mut moves);
                self.asm.bind(matched);
            }
            _ => self.pattern(&arm.pattern, value, next, owned, &mut moves),
        }
        if let (Some(guard), Some(next)) = (&arm.guard, next) {
            self.make_cells(&moves, arm.pattern.span);
            self.scoped_branch(guard, next, false);
            self.commit_pattern(&arm.pattern, &moves, value, arm.pattern.span);
        } else {
            self.commit_pattern(&arm.pattern, &moves, value, arm.pattern.span);
            self.make_cells(&moves, arm.pattern.span);
        }
        self.bindings_ready(&moves, owned, arm.pattern.span);
        self.reset(bound);
        self.arm_body(&arm.body, wanted);
        self.end_scope(scope, super::expr::end_of(arm.body.span));
        self.branch_depth -= 1;
    }

    fn arm_body(&mut self, body: &'p Expr, wanted: Wanted) {
        self.scoped(body.span, |e| match wanted {
            Wanted::Value(dest, naming) => {
                e.naming = naming;
                e.expr_into(body, dest);
            }
            Wanted::Result => e.tail(body),
        });
    }

    fn fields_of_variant(
        &mut self,
        fields: &'p [Pattern],
        value: Reg,
        next: Option<Label>,
        owned: bool,
        moves: &mut Moves,
    ) {
        for (i, field) in fields.iter().enumerate() {
            self.field_pattern(field, value, i as u16, next, owned, moves);
        }
    }

    /// Emits a jump table to the arms where that is better than asking one after the other.
    fn dispatch(
        &mut self,
        scrutinee: &Expr,
        arms: &'p [MatchArm],
        value: Reg,
        entries: &[[Label; 2]],
        nothing: Label,
        span: Span,
    ) {
        if arms.len() < SWITCH_ARMS {
            return;
        }
        let ty = self.lowerer.kinds.strip(arms[0].pattern.ty);
        let mut cases = Vec::new();
        let is_enum = match self.lowerer.kinds.kind(ty) {
            TyKind::Enum(id, _) => {
                let variants = self.variant_count(*id);
                cases.extend((0..variants).map(Case::Variant));
                true
            }
            TyKind::Int(_) | TyKind::Char if self.lowerer.kinds.number(ty).same_payload() => {
                let mut numbers = Vec::new();
                arms.iter().for_each(|arm| constants(&arm.pattern, &mut numbers));
                let Some(&highest) = numbers.iter().max() else { return };
                let dense = numbers.len() >= SWITCH_ARMS
                    && numbers.iter().all(|n| (0..MAX_TABLE).contains(n))
                    && highest <= numbers.len() as i128 * 3;
                if !dense {
                    return;
                }
                cases.extend((0..=highest).map(Case::Number));
                false
            }
            _ => return,
        };
        cases.push(Case::Others);
        let targets: Vec<Label> = cases
            .iter()
            .map(|&case| {
                for (i, arm) in arms.iter().enumerate() {
                    match covers(&arm.pattern, case) {
                        Covers::No => {}
                        Covers::Maybe => return entries[i][0],
                        Covers::Yes => return entries[i][1],
                    }
                }
                nothing
            })
            .collect();
        let mark = self.mark();
        let mut number = value;
        if is_enum {
            number = self.alloc(span);
            self.op(Op::VariantNumber, 0, number, value, Reg(0), scrutinee.span);
        }
        if self.lowerer.jump_tables.len() >= u16::MAX as usize {
            return;
        }
        self.asm.switch(number.operand(), targets, scrutinee.span);
        self.reset(mark);
    }

    fn variant_count(&self, id: EnumId) -> u32 {
        self.lowerer.program.enums.get(id.0 as usize).map_or(0, |e| e.variants.len() as u32)
    }

    /// `match ch.recv() { Some(v) => .., None => .. }` needs no Option.
    fn receive_match(&mut self, scrutinee: &'p Expr, arms: &'p [MatchArm], wanted: Wanted, done: Label) -> bool {
        let ExprKind::Builtin(Builtin::ChannelRecv, args) = &super::analysis::peel(scrutinee).kind else {
            return false;
        };
        let ([channel], [some, none]) = (&args[..], arms) else { return false };
        if some.guard.is_some() || none.guard.is_some() {
            return false;
        }
        let PatternKind::Variant(0, fields) = &some.pattern.kind else { return false };
        let [inner] = &fields[..] else { return false };
        if !matches!(inner.kind, PatternKind::Bind(_, None) | PatternKind::Wild)
            || !matches!(none.pattern.kind, PatternKind::Wild | PatternKind::Variant(1, _))
            || self.leaves_temporaries(channel)
        {
            return false;
        }
        let span = scrutinee.span;
        let closed = self.asm.label();
        self.branch_depth += 1;
        let scope = self.begin_scope();
        self.declare_bindings(inner);
        let mut moves = Moves::default();
        let value = match &inner.kind {
            PatternKind::Bind(id, _) => self.register(*id, span),
            _ => self.alloc(span),
        };
        let channel = self.operand(channel);
        self.jump(Op::RecvOrJump, value, channel, closed, span);
        let value_is_dropped = matches!(inner.kind, PatternKind::Wild);
        if value_is_dropped {
            self.drop_value(value, inner.ty, span);
        } else {
            self.pattern(inner, value, None, true, &mut moves);
            self.make_cells(&moves, inner.span);
            self.bindings_ready(&moves, true, inner.span);
        }
        self.arm_body(&some.body, wanted);
        self.end_scope(scope, super::expr::end_of(some.body.span));
        self.goto(done, super::expr::end_of(some.body.span));
        self.asm.bind(closed);
        self.arm_body(&none.body, wanted);
        self.branch_depth -= 1;
        true
    }
}

fn covers(pattern: &Pattern, case: Case) -> Covers {
    match (&pattern.kind, case) {
        (PatternKind::Variant(variant, _), Case::Variant(n)) if *variant == n => Covers::Yes,
        (PatternKind::Variant(..), _) => Covers::No,
        (PatternKind::Const(c), Case::Number(n)) if number_of(c) == Some(n) => Covers::Yes,
        (PatternKind::Const(_), Case::Number(_)) => Covers::No,
        (PatternKind::Or(alternatives), _) => {
            let any = alternatives.iter().any(|p| covers(p, case) != Covers::No);
            if any { Covers::Maybe } else { Covers::No }
        }
        (PatternKind::Bind(_, Some(inner)), _) if covers(inner, case) == Covers::No => Covers::No,
        // Constants outside of the table do not exist.
        (PatternKind::Const(_), Case::Others) => Covers::No,
        _ => Covers::Maybe,
    }
}

fn constants(pattern: &Pattern, found: &mut Vec<i128>) {
    match &pattern.kind {
        PatternKind::Const(c) => found.extend(number_of(c)),
        PatternKind::Or(alternatives) => alternatives.iter().for_each(|p| constants(p, found)),
        PatternKind::Bind(_, Some(inner)) => constants(inner, found),
        _ => {}
    }
}

fn number_of(constant: &Const) -> Option<i128> {
    match constant {
        Const::Int(n) => Some(*n),
        Const::Char(c) => Some(*c as i128),
        _ => None,
    }
}
