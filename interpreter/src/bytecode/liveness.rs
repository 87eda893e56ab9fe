//! Which registers hold values that are still needed, at any instruction: for the exact collector and for finding who can reach what.
//!
//! Backward data flow over one function, from the table of opcodes. The clean-up code of a cancelled task counts as a successor
//! of every instruction that it covers. Results are kept for each function, made when first asked for.

use super::access::{accesses, jump_target};
use super::ops::{Flow, Op};
use super::program::{Code, FunctionCode};
use std::sync::OnceLock;

/// A set of registers of one frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveSet {
    words: Vec<u64>,
}

impl LiveSet {
    /// Whether the register is in the set.
    pub fn contains(&self, register: u16) -> bool {
        self.words.get(register as usize / 64).is_some_and(|w| w >> (register % 64) & 1 != 0)
    }

    /// The registers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            (0..64).filter(move |bit| word >> bit & 1 != 0).map(move |bit| (i * 64 + bit) as u16)
        })
    }
}

/// The liveness of all functions of a program.
#[derive(Debug)]
pub struct Liveness {
    functions: Vec<OnceLock<FunctionLiveness>>,
}

/// One function's: a row of bits for each instruction.
#[derive(Debug)]
struct FunctionLiveness {
    words: usize,
    /// Live before each instruction.
    before: Vec<u64>,
    /// Live after each instruction on some way out of it, without what it writes itself.
    after: Vec<u64>,
}

impl Liveness {
    /// For a verified program; nothing is computed yet.
    pub fn new(code: &Code) -> Liveness {
        Liveness { functions: code.functions.iter().map(|_| OnceLock::new()).collect() }
    }

    /// Registers whose values are needed by the instruction at `pc` or later: for a task that will execute it (again).
    pub fn live_before(&self, code: &Code, pc: u32) -> LiveSet {
        self.set(code, pc, |f| &f.before)
    }

    /// Registers whose values are needed after the instruction at `pc`, apart from those that it writes: for a frame that waits for a call.
    pub fn live_after(&self, code: &Code, pc: u32) -> LiveSet {
        self.set(code, pc, |f| &f.after)
    }

    /// As [`Liveness::live_before`], as the words of the set, borrowed.
    pub fn words_before(&self, code: &Code, pc: u32) -> &[u64] {
        self.row(code, pc, |f| &f.before)
    }

    /// As [`Liveness::live_after`], as the words of the set, borrowed.
    pub fn words_after(&self, code: &Code, pc: u32) -> &[u64] {
        self.row(code, pc, |f| &f.after)
    }

    fn set(&self, code: &Code, pc: u32, table: impl Fn(&FunctionLiveness) -> &Vec<u64>) -> LiveSet {
        LiveSet { words: self.row(code, pc, table).to_vec() }
    }

    fn row(&self, code: &Code, pc: u32, table: impl Fn(&FunctionLiveness) -> &Vec<u64>) -> &[u64] {
        let Some(index) = code.function_at(pc) else { return &[] };
        let (Some(function), Some(cell)) = (code.functions.get(index as usize), self.functions.get(index as usize))
        else {
            return &[];
        };
        let live = cell.get_or_init(|| FunctionLiveness::of(code, function));
        let row = (pc - function.start) as usize * live.words;
        table(live).get(row..row + live.words).unwrap_or_default()
    }
}

impl FunctionLiveness {
    fn of(code: &Code, function: &FunctionCode) -> FunctionLiveness {
        let words = (function.registers as usize).div_ceil(64).max(1);
        let count = (function.end - function.start) as usize;
        let mut before = vec![0u64; words * count];
        let mut after = vec![0u64; words * count];
        // The landing of each instruction, if it is covered.
        let mut landing: Vec<Option<u32>> = vec![None; count];
        for cleanup in function.cleanups.iter().rev() {
            for pc in cleanup.from..cleanup.to {
                landing[(pc - function.start) as usize] = Some(cleanup.target - function.start);
            }
        }
        let mut out = vec![0u64; words];
        let mut kills = vec![0u64; words];
        let mut uses = vec![0u64; words];
        // Nearly all code is in order, so a few passes from the end reach the fixed point.
        loop {
            let mut changed = false;
            for i in (0..count).rev() {
                let pc = function.start + i as u32;
                let instr = code.instrs[pc as usize];
                out.fill(0);
                kills.fill(0);
                uses.fill(0);
                accesses(instr, &code.selects, &mut |access| {
                    for r in access.first.0 as usize..access.first.0 as usize + access.count as usize {
                        let (word, bit) = (r / 64, 1u64 << (r % 64));
                        if access.read {
                            uses[word] |= bit;
                        }
                        if access.written {
                            kills[word] |= bit;
                        }
                    }
                });
                let flow = instr.op.flow();
                // Receiving and iterating write only where they do not jump.
                let writes_on_jump = !matches!(instr.op, Op::RecvOrJump | Op::IterNext);
                if matches!(flow, Flow::Next | Flow::Branch) && i + 1 < count {
                    join(&mut out, &before, i + 1, words);
                }
                if !writes_on_jump {
                    subtract(&mut out, &kills);
                }
                if let Some(target) = jump_target(pc, instr) {
                    join(&mut out, &before, (target - function.start as i64) as usize, words);
                }
                if flow == Flow::Table
                    && let Some(table) = code.tables.get(instr.c as usize)
                {
                    for &target in table {
                        join(&mut out, &before, (target - function.start) as usize, words);
                    }
                }
                if writes_on_jump {
                    subtract(&mut out, &kills);
                }
                if let Some(target) = landing[i] {
                    // A task may be cancelled in it, whatever it would have written.
                    join(&mut out, &before, target as usize, words);
                }
                let row = i * words;
                after[row..row + words].copy_from_slice(&out);
                for (word, &used) in out.iter_mut().zip(&uses) {
                    *word |= used;
                }
                if before[row..row + words] != out[..] {
                    before[row..row + words].copy_from_slice(&out);
                    changed = true;
                }
            }
            if !changed {
                return FunctionLiveness { words, before, after };
            }
        }
    }
}

fn join(out: &mut [u64], before: &[u64], index: usize, words: usize) {
    for (word, &live) in out.iter_mut().zip(&before[index * words..(index + 1) * words]) {
        *word |= live;
    }
}

fn subtract(out: &mut [u64], kills: &[u64]) {
    for (word, &killed) in out.iter_mut().zip(kills) {
        *word &= !killed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytecode::instr::{Instr, Reg};
    use crate::lower::tests::sample;

    fn at(code: &Code, op: Op, which: usize) -> u32 {
        code.instrs.iter().enumerate().filter(|(_, i)| i.op == op).nth(which).expect("there").0 as u32
    }

    #[test]
    fn a_frame_that_waits_for_a_call_keeps_what_it_needs_later() {
        // fib(n): JumpGeImm Return AddImm Call AddImm Call AddI Return
        let code = sample();
        let live = Liveness::new(&code);
        let registers = |set: LiveSet| set.iter().collect::<Vec<_>>();
        let first = at(&code, Op::Call, 0);
        assert_eq!(registers(live.live_after(&code, first)), [0], "n is needed for the second call");
        let second = at(&code, Op::Call, 1);
        let kept = Reg::from_operand(code.instrs[first as usize].a).0;
        assert_eq!(registers(live.live_after(&code, second)), [kept], "only the first result");
        assert_eq!(registers(live.live_before(&code, 0)), [0]);
    }

    #[test]
    fn clean_up_code_keeps_what_it_releases() {
        let code = crate::lower::tests::lock_sample();
        let live = Liveness::new(&code);
        let lock = at(&code, Op::MutexLock, 0);
        let guard = Reg::from_operand(code.instrs[lock as usize].a).0;
        assert!(!live.live_before(&code, lock).contains(guard), "written by the lock");
        assert!(live.live_before(&code, lock + 1).contains(guard));
        assert!(live.live_after(&code, lock + 1).contains(guard));
        assert!(!live.live_before(&code, lock + 3).contains(guard), "released");
    }

    #[test]
    fn a_send_without_a_result_writes_nothing() {
        let mut written = 0;
        accesses(Instr::new(Op::Send, 0, 2, 4, 0), &[], &mut |a| written += a.written as u32);
        assert_eq!(written, 0);
    }
}
