//! Which registers an instruction reads and writes, from its row in the table of opcodes. Verifier and liveness analysis share it.

use super::instr::{Instr, Reg};
use super::ops::{Op, Operand};
use super::program::{ArmCode, SelectCode};

/// The mode of `Recv` that writes two registers.
pub const RECV_TWO: u8 = 5;

/// A use of registers by an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The first register.
    pub first: Reg,
    /// How many in a row.
    pub count: u16,
    /// Whether their values are read.
    pub read: bool,
    /// Whether they are written (on the way to the next instruction).
    pub written: bool,
}

/// Calls `f` for every use of registers. A select's arms are found in `selects`; one that is missing there is left out.
pub fn accesses(instr: Instr, selects: &[SelectCode], f: &mut dyn FnMut(Access)) {
    let [n, a, b, c] = instr.op.operands();
    let many = if n == Operand::Count { instr.n as u16 } else { 0 };
    // A send that panics where the channel is closed has no result.
    let no_result = instr.op == Op::Send && instr.n == 0;
    for (operand, field) in [(a, instr.a), (b, instr.b), (c, instr.c)] {
        let first = Reg::from_operand(field);
        let one = |read, written| Access { first, count: 1, read, written };
        match operand {
            Operand::Read => f(one(true, false)),
            Operand::Write if no_result => {}
            Operand::Write => {
                let two = instr.op.writes_next() || instr.op == Op::Recv && instr.n == RECV_TWO;
                let count = if two { 2 } else { 1 };
                f(Access { first, count, read: false, written: true });
            }
            Operand::Update => {
                f(one(true, true));
                if instr.op.writes_next() {
                    f(Access { first: Reg(first.0 + 1), count: 1, read: false, written: true });
                }
            }
            Operand::WriteMany if many > 0 => f(Access { first, count: many, read: false, written: true }),
            Operand::ReadMany if many > 0 => f(Access { first, count: many, read: true, written: false }),
            Operand::Frame => {
                f(one(false, true));
                if many > 0 {
                    f(Access { first: Reg(first.0 + 1), count: many, read: true, written: false });
                }
            }
            Operand::Select => {
                let Some(select) = selects.get(field as usize) else { continue };
                for arm in &select.arms {
                    let read = |first| Access { first, count: 1, read: true, written: false };
                    match *arm {
                        ArmCode::Recv(r, _)
                        | ArmCode::RecvOption(r)
                        | ArmCode::RecvPair(r)
                        | ArmCode::After(r)
                        | ArmCode::Future(r) => {
                            f(read(r));
                        }
                        ArmCode::Send(channel, value) => {
                            f(read(channel));
                            f(read(value));
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

/// Where an instruction's jump goes, if it has one (jump tables apart). May lie outside of the program in unchecked code.
pub fn jump_target(pc: u32, instr: Instr) -> Option<i64> {
    let [_, _, b, c] = instr.op.operands();
    if c == Operand::Jump {
        Some(pc as i64 + 1 + instr.imm_c())
    } else if b == Operand::WideJump {
        Some(pc as i64 + 1 + instr.wide_imm() as i64)
    } else {
        None
    }
}
