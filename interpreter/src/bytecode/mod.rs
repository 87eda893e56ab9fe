//! The register bytecode: one table of opcodes, and a compiled program.
//!
//! Instructions are 64 bits (`op:8 n:8 a:16 b:16 c:16`). Register operands are stored doubled (`2 * register`), because a
//! register is two words and x86 scales an index by at most 8; only [`instr`], the verifier and the disassembler know.
//! All functions share one array of instructions: an instruction's index is its site in the trace.
//!
//! Frames: a call `a` puts the return address into register `a` of the caller and the arguments into the registers after it;
//! the callee's register 0 is the caller's `a + 1`, and the result arrives in the caller's `a`.
//!
//! - `ops` (the table), `instr` (the encoding), `program` (functions and tables);
//! - `access` (registers an instruction uses), `verify` (run at load), `liveness` (for the collector), `disasm` (for people).

pub mod access;
pub mod disasm;
pub mod instr;
pub mod liveness;
pub mod ops;
pub mod program;
pub mod verify;

pub use instr::Instr;
pub use ops::Op;
pub use program::Code;
