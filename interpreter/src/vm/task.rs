//! The virtual machine's part of a task: registers and where it stands.

use super::machine::Entry;
use super::raise::Origin;
use crate::value::{Tag, Value};

/// Return address of a task's first frame: returning from it ends the task.
pub const RETURN_END: u64 = u64::MAX;

/// Values that a task's stack may hold: 16 MB. A deeper recursion is a stack overflow of the guest.
pub const MAX_STACK: usize = 1 << 20;

/// Registers and position of a task that is not running. While it runs, the dispatch loop holds `pc` and `base`.
#[derive(Clone, Debug, Default)]
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
    /// The exception that is on its way to a handler; [`Value::NONE`] otherwise.
    pub raising: Value,
    /// Where the exception that it raised last came from.
    pub origin: Option<Box<Origin>>,
}

impl Body {
    /// Makes it ready to run a function from its start, reusing the stack of an earlier task.
    #[inline]
    pub fn start(&mut self, entry: Entry, captures: &[Value], args: &[Value]) {
        let registers = entry.registers as usize + 1;
        if self.stack.len() < registers {
            self.enlarge(registers);
        }
        self.stack[0] = Value::new(Tag::Return, RETURN_END);
        for (register, &value) in self.stack[1..].iter_mut().zip(captures.iter().chain(args)) {
            *register = value;
        }
        self.pc = entry.start;
        self.base = 1;
        self.thread_locals = None;
        self.raising = Value::NONE;
        self.origin = None;
    }

    /// Makes room for at least so many values, exactly at first and in doubling steps later.
    #[cold]
    #[inline(never)]
    pub fn enlarge(&mut self, length: usize) {
        let wanted = if self.stack.is_empty() { length.next_multiple_of(4) } else { length.max(self.stack.len() * 2) };
        self.stack.reserve_exact(wanted - self.stack.len());
        self.stack.resize(wanted, Value::NONE);
    }
}
