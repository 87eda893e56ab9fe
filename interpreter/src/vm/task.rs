//! The virtual machine's part of a task: registers and where it stands.

use crate::value::Value;

/// Registers and position of a task that is not running. While it runs, the dispatch loop holds `pc` and `base`.
#[derive(Debug, Default)]
pub struct Body {
    /// The register stack; frames overlap as the calling convention says. Its length is its capacity: registers above the
    /// running frame hold left-overs that no instruction reads.
    pub stack: Vec<Value>,
    /// Instruction to go on with (for a blocked task: the one it blocked in).
    pub pc: u32,
    /// Register 0 of the running frame, as an index into `stack`.
    pub base: u32,
    /// This task's copies of thread-local globals, by global; made at first use.
    pub thread_locals: Option<Box<Vec<Value>>>,
}
