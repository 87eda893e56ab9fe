//! The assembler of one function: instructions with labels, in a main and a cold section.
//!
//! The cold section (clean-up code) is put after the main one. Positions are therefore only final when the function is
//! finished; until then a [`Position`] says section and offset. Jumps name labels. A 16-bit jump that turns out too far goes over an
//! island (`branch +1; Jump +1; Jump far`), so that every opcode keeps its one meaning.
//!
//! After an instruction that does not fall through nothing is emitted until a label that is used is bound: dead code vanishes here,
//! and no other part of lowering has to think about it.

use crate::bytecode::instr::Instr;
use crate::bytecode::ops::{Flow, Op, Operand};
use crate::source::Span;

/// A place to jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label(u32);

/// Where an instruction stands: offset and, in the highest bit, the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position(u32);

const COLD: u32 = 1 << 31;

/// More instructions than this are refused: a site has 24 bits in the trace, and one function should not take them all.
pub const MAX_INSTRUCTIONS: usize = 1 << 22;

/// Chains of jumps are followed so far.
const MAX_HOPS: usize = 8;

struct Pending {
    instr: Instr,
    span: Span,
    target: Option<Label>,
}

#[derive(Clone, Copy, Default)]
struct LabelState {
    position: Option<Position>,
    used: bool,
    /// Control comes here without a jump (clean-up).
    entry: bool,
}

/// See the module.
pub struct Assembler {
    sections: [Vec<Pending>; 2],
    section: usize,
    labels: Vec<LabelState>,
    reachable: [bool; 2],
    tables: Vec<Vec<Label>>,
    first_table: u32,
}

/// A finished function.
pub struct Assembled {
    /// The instructions, jumps resolved.
    pub instrs: Vec<Instr>,
    /// Their sources.
    pub spans: Vec<Span>,
    /// Its jump tables: absolute indexes.
    pub tables: Vec<Vec<u32>>,
    start: u32,
    /// Final offset of each instruction of the main section (and of its end), then of the cold one.
    offsets: [Vec<u32>; 2],
    labels: Vec<Option<Position>>,
}

impl Assembled {
    /// The final index of a position.
    pub fn resolve(&self, position: Position) -> u32 {
        let (section, offset) = split(position);
        let offsets = &self.offsets[section];
        self.start + offsets.get(offset).or(offsets.last()).copied().unwrap_or(0)
    }

    /// The final index of a label, if it was bound.
    pub fn resolve_label(&self, label: Label) -> Option<u32> {
        self.labels.get(label.0 as usize).copied().flatten().map(|p| self.resolve(p))
    }
}

fn split(position: Position) -> (usize, usize) {
    ((position.0 & COLD != 0) as usize, (position.0 & !COLD) as usize)
}

impl Assembler {
    /// For a function whose first jump table gets the number `first_table`.
    pub fn new(first_table: u32) -> Assembler {
        Assembler {
            sections: [Vec::new(), Vec::new()],
            section: 0,
            labels: Vec::new(),
            reachable: [true, false],
            tables: Vec::new(),
            first_table,
        }
    }

    /// Whether the next instruction can be reached (otherwise it is not emitted).
    pub fn reachable(&self) -> bool {
        self.reachable[self.section]
    }

    /// Whether the function has grown beyond all bounds.
    pub fn too_large(&self) -> bool {
        self.sections[0].len() + self.sections[1].len() > MAX_INSTRUCTIONS
    }

    /// Where the next instruction will stand.
    pub fn position(&self) -> Position {
        let bit = if self.section == 1 { COLD } else { 0 };
        Position(self.sections[self.section].len() as u32 | bit)
    }

    /// Emits to the cold section from now on (or to the main one again).
    pub fn set_cold(&mut self, cold: bool) {
        self.section = cold as usize;
    }

    /// A new label, not bound yet.
    pub fn label(&mut self) -> Label {
        self.labels.push(LabelState::default());
        Label(self.labels.len() as u32 - 1)
    }

    /// Whether something jumps there.
    pub fn is_used(&self, label: Label) -> bool {
        self.labels[label.0 as usize].used
    }

    /// The label stands here. One that jumps come to makes what follows reachable.
    pub fn bind(&mut self, label: Label) {
        let position = self.position();
        let state = &mut self.labels[label.0 as usize];
        state.position = Some(position);
        self.reachable[self.section] |= state.used;
    }

    /// Binds a label that clean-up entries (and not only jumps) come to.
    pub fn bind_entry(&mut self, label: Label) {
        let state = &mut self.labels[label.0 as usize];
        (state.used, state.entry) = (true, true);
        self.bind(label);
    }

    /// Appends an instruction, unless it cannot be reached.
    pub fn emit(&mut self, instr: Instr, span: Span) {
        self.push(instr, span, None);
    }

    /// Appends a jump or branch to a label, unless it cannot be reached.
    pub fn jump(&mut self, instr: Instr, label: Label, span: Span) {
        if self.reachable() {
            self.labels[label.0 as usize].used = true;
        }
        self.push(instr, span, Some(label));
    }

    /// Appends a switch over a table.
    pub fn switch(&mut self, register: u16, targets: Vec<Label>, span: Span) {
        if !self.reachable() {
            return;
        }
        for label in &targets {
            self.labels[label.0 as usize].used = true;
        }
        let table = self.first_table as usize + self.tables.len();
        self.tables.push(targets);
        self.push(Instr::new(Op::Switch, 0, register, 0, table.min(u16::MAX as usize) as u16), span, None);
    }

    /// Takes the last instruction of the section back if it is a jump to the label, which is about to be bound here.
    pub fn fall_into(&mut self, label: Label) {
        let section = &mut self.sections[self.section];
        if section.last().is_some_and(|p| p.instr.op == Op::Jump && p.target == Some(label)) {
            section.pop();
            self.reachable[self.section] = true;
        }
    }

    fn push(&mut self, instr: Instr, span: Span, target: Option<Label>) {
        if !self.reachable() || self.too_large() {
            return;
        }
        self.reachable[self.section] = matches!(instr.op.flow(), Flow::Next | Flow::Branch);
        self.sections[self.section].push(Pending { instr, span, target });
    }

    fn reachable_from_entries(
        &self,
        flat: &[&Pending],
        targets: &[Option<usize>],
        index_of: &dyn Fn(Label) -> usize,
    ) -> Vec<bool> {
        let mut reachable = vec![false; flat.len()];
        let mut pending = vec![0];
        pending
            .extend((0..self.labels.len() as u32).map(Label).filter(|l| self.labels[l.0 as usize].entry).map(index_of));
        while let Some(i) = pending.pop() {
            let Some(instr) = flat.get(i).map(|p| p.instr) else { continue };
            if std::mem::replace(&mut reachable[i], true) {
                continue;
            }
            pending.extend(targets[i]);
            match instr.op.flow() {
                Flow::Next | Flow::Branch => pending.push(i + 1),
                Flow::Table => {
                    let table = self.tables.get((instr.c as usize).wrapping_sub(self.first_table as usize));
                    pending.extend(table.iter().flat_map(|t| t.iter()).map(|&l| index_of(l)));
                }
                Flow::Jump | Flow::End => {}
            }
        }
        reachable
    }

    /// Resolves everything; the function's first instruction gets the index `start`.
    pub fn finish(self, start: u32) -> Assembled {
        let main = self.sections[0].len();
        let flat: Vec<&Pending> = self.sections.iter().flatten().collect();
        let index_of = |label: Label| -> usize {
            // Only labels of unreachable code are unbound, and nothing jumps there.
            let Some(position) = self.labels[label.0 as usize].position else { return 0 };
            let (section, offset) = split(position);
            if section == 0 { offset } else { main + offset }
        };
        let mut targets: Vec<Option<usize>> = flat.iter().map(|p| p.target.map(index_of)).collect();
        // A jump to a jump goes where that goes.
        for i in 0..targets.len() {
            for _ in 0..MAX_HOPS {
                let Some(target) = targets[i].filter(|&t| t != i && flat.get(t).is_some_and(is_plain_jump)) else {
                    break;
                };
                targets[i] = targets[target];
            }
        }
        // That may leave jumps over which nothing comes any more.
        let reachable = self.reachable_from_entries(&flat, &targets, &index_of);
        // A jump to what comes next anyway vanishes: `kept[i]` is the first instruction from i on that stays.
        let mut kept: Vec<usize> = (0..=flat.len()).collect();
        for i in (0..flat.len()).rev() {
            let goes_on = is_plain_jump(&flat[i]) && targets[i].is_some_and(|t| t > i && kept[t] == kept[i + 1]);
            if goes_on || !reachable[i] {
                kept[i] = kept[i + 1];
            }
        }

        // Islands are added until no short jump is too far; each round only adds.
        let mut island = vec![false; flat.len()];
        let mut offsets: Vec<u32>;
        loop {
            offsets = Vec::with_capacity(flat.len() + 1);
            let mut at = 0u32;
            for (i, &far) in island.iter().enumerate() {
                offsets.push(at);
                at += match far {
                    _ if kept[i] != i => 0,
                    true => 3,
                    false => 1,
                };
            }
            offsets.push(at);
            let mut changed = false;
            for (i, p) in flat.iter().enumerate() {
                let Some(target) = targets[i] else { continue };
                let distance = offsets[target] as i64 - (offsets[i] as i64 + 1);
                if !island[i] && is_short(p.instr.op) && i16::try_from(distance).is_err() {
                    island[i] = true;
                    changed = true;
                }
            }
            if !changed {
                break;
            }
        }

        let total = *offsets.last().unwrap_or(&0) as usize;
        let (mut instrs, mut spans) = (Vec::with_capacity(total), Vec::with_capacity(total));
        for (i, p) in flat.iter().enumerate() {
            if kept[i] != i {
                continue;
            }
            let mut instr = p.instr;
            let at = offsets[i] as i64;
            if let Some(target) = targets[i] {
                let target = offsets[target] as i64;
                if island[i] {
                    instr.c = 1;
                    instrs.extend([instr, Instr::wide(Op::Jump, 0, 0, 1)]);
                    instrs.push(Instr::wide(Op::Jump, 0, 0, (target - (at + 3)) as i32));
                    spans.extend([p.span; 3]);
                    continue;
                }
                let distance = target - (at + 1);
                instr = if is_short(instr.op) {
                    Instr { c: distance as i16 as u16, ..instr }
                } else {
                    Instr::wide(instr.op, instr.n, instr.a, distance as i32)
                };
            }
            instrs.push(instr);
            spans.push(p.span);
        }
        let tables =
            self.tables.iter().map(|t| t.iter().map(|&l| start + offsets[index_of(l)]).collect()).collect::<Vec<_>>();
        let cold = offsets[main..].to_vec();
        offsets.truncate(main + 1);
        let labels = self.labels.iter().map(|l| l.position).collect();
        Assembled { instrs, spans, tables, start, offsets: [offsets, cold], labels }
    }
}

fn is_plain_jump(pending: &&Pending) -> bool {
    pending.instr.op == Op::Jump && pending.target.is_some()
}

fn is_short(op: Op) -> bool {
    op.operands()[3] == Operand::Jump
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_that_is_too_far_goes_over_an_island() {
        let mut asm = Assembler::new(0);
        let (head, exit) = (asm.label(), asm.label());
        asm.bind(head);
        asm.jump(Instr::new(Op::JumpLtI, 0, 0, 2, 0), exit, Span::default());
        for _ in 0..40_000 {
            asm.emit(Instr::new(Op::Move, 0, 0, 2, 0), Span::default());
        }
        asm.jump(Instr::new(Op::LoopLtI, 0, 0, 2, 0), head, Span::default());
        asm.bind(exit);
        asm.emit(Instr::new(Op::ReturnUnit, 0, 0, 0, 0), Span::default());
        let done = asm.finish(10);
        assert_eq!(done.instrs[0].imm_c(), 1);
        assert_eq!(done.instrs[2].wide_imm() as usize + 3, done.instrs.len() - 1);
        assert_eq!(done.instrs.len(), 40_000 + 7);
        let back = done.instrs.len() - 2;
        assert_eq!(back as i64 + 1 + done.instrs[back].wide_imm() as i64, 0);
    }

    #[test]
    fn dead_code_is_not_emitted_until_a_used_label() {
        let mut asm = Assembler::new(0);
        let unused = asm.label();
        asm.emit(Instr::new(Op::ReturnUnit, 0, 0, 0, 0), Span::default());
        asm.emit(Instr::new(Op::Move, 0, 0, 2, 0), Span::default());
        asm.bind(unused);
        asm.emit(Instr::new(Op::Move, 0, 0, 2, 0), Span::default());
        assert_eq!(asm.finish(0).instrs.len(), 1);
    }
}
