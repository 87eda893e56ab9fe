//! The 64-bit instruction and its encoding.

use super::ops::Op;

/// A register by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reg(pub u16);

impl Reg {
    /// The largest register number that fits a doubled operand.
    pub const MAX: u16 = 0x7FFF;

    /// As an operand.
    #[inline]
    pub fn operand(self) -> u16 {
        self.0 * 2
    }

    /// From an operand.
    #[inline]
    pub fn from_operand(operand: u16) -> Reg {
        Reg(operand / 2)
    }
}

/// One instruction. Fields `a`, `b`, `c` hold doubled register numbers where they name registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(8))]
pub struct Instr {
    /// The opcode.
    pub op: Op,
    /// A count, a tag or a mode.
    pub n: u8,
    /// First operand.
    pub a: u16,
    /// Second operand.
    pub b: u16,
    /// Third operand.
    pub c: u16,
}

impl Instr {
    /// An instruction from its raw fields.
    pub fn new(op: Op, n: u8, a: u16, b: u16, c: u16) -> Instr {
        Instr { op, n, a, b, c }
    }

    /// An instruction whose `b` and `c` hold one 32-bit number.
    pub fn wide(op: Op, n: u8, a: u16, wide: i32) -> Instr {
        Instr { op, n, a, b: wide as u16, c: (wide >> 16) as u16 }
    }

    /// `b` and `c` as one signed number.
    #[inline(always)]
    pub fn wide_imm(self) -> i32 {
        (self.b as u32 | (self.c as u32) << 16) as i32
    }

    /// `b` and `c` as one index.
    #[inline(always)]
    pub fn wide_index(self) -> u32 {
        self.b as u32 | (self.c as u32) << 16
    }

    /// `b` as a signed number.
    #[inline(always)]
    pub fn imm_b(self) -> i64 {
        self.b as i16 as i64
    }

    /// `c` as a signed number.
    #[inline(always)]
    pub fn imm_c(self) -> i64 {
        self.c as i16 as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instruction_is_eight_bytes_and_wide_numbers_keep_their_sign() {
        assert_eq!(size_of::<Instr>(), 8);
        for n in [0, 1, -1, i32::MAX, i32::MIN, 65536, -65536] {
            assert_eq!(Instr::wide(Op::Jump, 0, 0, n).wide_imm(), n);
        }
    }
}
