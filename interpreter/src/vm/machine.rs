//! The machine: everything a run owns, and how it is set up. The dispatch loop is in [`super::core`], the driver in
//! [`super::run`].

use super::arith;
use super::attributes::{Attributes, attributes};
use super::engine::Engine;
use super::fault::Fault;
use super::globals::Globals;
use super::heap::Heap;
use super::io::Io;
use super::mark::Marks;
use super::race::Lookout;
use super::sample::Sampler;
use super::sharing::Common;
use super::step::Stepper;
use crate::bytecode::instr::Reg;
use crate::bytecode::program::{Constant, FunctionCode, SelectCode};
use crate::bytecode::verify::{VerifyError, verify};
use crate::bytecode::{Code, Instr, Op};
use crate::core::{FunctionKind, RuntimeType};
use crate::value::{Tag, Value};
use rustc_hash::FxHashMap;
use scheduler::{Arm, Next};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracer::record::Tracer;

/// What a call needs to know of a function.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Index of its first instruction.
    pub start: u32,
    /// Registers of its frame.
    pub registers: u16,
    /// Captured variables, in its first registers.
    pub captures: u16,
    /// Parameters, in the registers after them.
    pub params: u16,
    /// Some parameters are optional, or the last one takes what remains.
    pub flexible: bool,
}

impl Entry {
    /// Whether so many arguments are all that it needs, as they stand.
    #[inline(always)]
    pub fn fits(&self, arguments: u8) -> bool {
        self.params == u16::from(arguments) && self.captures == 0 && !self.flexible
    }
}

/// Why the dispatch loop came back to the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The scheduler has no task to run now.
    Scheduler(Next),
    /// This task failed (or asked to end the program).
    Fault(u32, Fault),
    /// `main` returned, and nothing more is to be waited for.
    MainReturned,
    /// A cancelled task has ended: nothing for the driver to do.
    TaskEnded,
    /// The stop flag was set: time limit, or the watcher left.
    Stopped,
    /// The step that [`Machine::stepper`] asked for has come: the machine stands before it.
    Step,
}

/// Limits on the program.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of guest memory.
    pub memory: u64,
    /// Tasks alive at once.
    pub tasks: usize,
}

/// Methods by (kind of receiver, name).
pub(super) type Methods = FxHashMap<(RuntimeType, u32), u32>;

/// A program that can be run: verified, with the start-up function appended, and with the tables that calls go by. Machines can only
/// be made of this, which is what the dispatch loop's access without checks rests on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Program {
    code: Arc<Code>,
    start: u32,
    entries: Arc<[Entry]>,
    selects: Arc<[SelectCode]>,
    methods: Arc<Methods>,
    attributes: Arc<Attributes>,
}

impl Program {
    /// Makes code ready to run.
    ///
    /// # Errors
    /// When the verifier rejects it.
    pub fn new(code: &Code) -> Result<Program, VerifyError> {
        let (code, start) = with_start_up(code)?;
        verify(&code)?;
        let entry = |f: &FunctionCode| Entry {
            start: f.start,
            registers: f.registers,
            captures: f.captures,
            params: f.params,
            flexible: f.optional > 0 || f.rest,
        };
        let methods: Methods = code.methods.iter().map(|&(kind, name, function)| ((kind, name), function)).collect();
        Ok(Program {
            start,
            entries: code.functions.iter().map(entry).collect(),
            selects: code.selects.as_slice().into(),
            methods: Arc::new(methods),
            attributes: Arc::new(attributes(&code)),
            code: Arc::new(code),
        })
    }

    /// What a machine was made of.
    pub(super) fn of_parts(
        code: Arc<Code>,
        start: u32,
        entries: Arc<[Entry]>,
        selects: Arc<[SelectCode]>,
        methods: Arc<Methods>,
        attributes: Arc<Attributes>,
    ) -> Program {
        Program { code, start, entries, selects, methods, attributes }
    }

    /// The code, the start-up function included.
    pub fn code(&self) -> &Code {
        &self.code
    }
}

/// Everything a run owns.
pub struct Machine<E: Engine> {
    /// The verified program, with the start-up function appended.
    pub code: Arc<Code>,
    /// The program's start-up function: sets the globals, then calls `main`.
    pub start: u32,
    pub(super) entries: Arc<[Entry]>,
    pub(super) constants: Arc<[Value]>,
    pub(crate) globals: Globals,
    /// Scratch for the globals as roots.
    pub(super) global_values: Vec<Value>,
    /// The guest's heap.
    pub heap: Heap,
    /// Tasks and everything they wait for.
    pub sched: E::Sched,
    /// Where events go.
    pub tr: E::Tracer,
    /// What all machines of the run write to: output, findings, the result.
    pub common: Arc<Common>,
    /// Set where nobody reads the guest's output any more.
    pub(super) broken: Arc<AtomicBool>,
    /// The trace clock.
    pub clock: u64,
    pub(super) limits: Limits,
    /// The program's selects, apart from `code` so that their arms can be read while the machine changes.
    pub(super) selects: Arc<[SelectCode]>,
    /// Scratch for the arguments of built-ins.
    pub(super) arguments: Vec<Value>,
    /// Slot of the running task.
    pub(super) running: u32,
    /// The trace clock at which its slice ends.
    pub(super) slice_end: u64,
    /// Address of the end of its stack; only the dispatch loop makes a pointer of it.
    pub(super) stack_end: usize,
    /// Address of the first instruction of `code`; only the dispatch loop makes a pointer of it.
    pub(super) instrs_at: usize,
    /// Why the last long instruction failed.
    pub(super) fault: Option<Fault>,
    /// The running task failed a moment ago, and the dispatch loop has not looked at that yet.
    pub(super) failed: bool,
    /// What the loop then stops with; nothing where the failure was caught.
    pub(super) stop_due: Option<Stop>,
    /// Scratch of the collector.
    pub(super) marks: Marks,
    /// Scratch for the arms of selects.
    pub(super) arms: Vec<Arm<Value>>,
    /// Methods by (kind of receiver, name).
    pub(super) methods: Arc<Methods>,
    /// Position of each attribute in the objects of each class.
    pub(super) attributes: Arc<Attributes>,
    /// Set from outside to end the run.
    pub stop: Arc<AtomicBool>,
    /// End at once when `main` returns.
    pub stop_at_main: bool,
    /// Steps done, and where to stop; only engines that step look at it.
    pub stepper: Stepper,
    /// Takes stack samples, where a profile asked for them.
    pub(super) sampler: Option<Box<Sampler>>,
    /// Tells the tracer of accesses to memory, where that looks for races.
    pub(crate) lookout: Lookout,
}

impl<E: Engine> Machine<E> {
    /// A machine for a program.
    pub fn new(
        program: &Program,
        sched: E::Sched,
        tr: E::Tracer,
        io: Io,
        limits: Limits,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let Program { code, start, entries, selects, methods, attributes } = program.clone();
        let instrs_at = code.instrs.as_ptr() as usize;
        let mut heap = Heap::new(limits.memory);
        heap.dynamic = program.code().dynamic.is_some();
        let constants = code.constants.iter().map(|constant| load(&mut heap, constant)).collect();
        let globals = Globals::new(code.globals.len());
        let broken = io.broken_flag();
        let lookout = if E::Tracer::RACES { Lookout::new(&code) } else { Lookout::default() };
        Self {
            code,
            start,
            entries,
            constants,
            globals,
            global_values: Vec::new(),
            heap,
            sched,
            tr,
            common: Arc::new(Common::new(io)),
            broken,
            clock: 0,
            limits,
            selects,
            arguments: Vec::new(),
            running: 0,
            slice_end: 0,
            stack_end: 0,
            instrs_at,
            fault: None,
            failed: false,
            stop_due: None,
            marks: Marks::default(),
            arms: Vec::new(),
            methods,
            attributes,
            stop,
            stop_at_main: false,
            stepper: Stepper::default(),
            sampler: None,
            lookout,
        }
    }

    /// Another machine for the same run, on the same heap: for another worker.
    pub fn sibling(&mut self, sched: E::Sched, tr: E::Tracer) -> Self {
        Self {
            code: self.code.clone(),
            start: self.start,
            entries: self.entries.clone(),
            constants: self.constants.clone(),
            globals: self.globals.clone(),
            global_values: Vec::new(),
            heap: self.heap.share(),
            sched,
            tr,
            common: self.common.clone(),
            broken: self.broken.clone(),
            clock: self.clock,
            limits: self.limits,
            selects: self.selects.clone(),
            arguments: Vec::new(),
            running: 0,
            slice_end: 0,
            stack_end: 0,
            instrs_at: self.instrs_at,
            fault: None,
            failed: false,
            stop_due: None,
            marks: Marks::default(),
            arms: Vec::new(),
            methods: self.methods.clone(),
            attributes: self.attributes.clone(),
            stop: self.stop.clone(),
            stop_at_main: self.stop_at_main,
            stepper: Stepper::default(),
            sampler: None,
            lookout: Lookout::default(),
        }
    }

    /// Whether the run should end now.
    pub(super) fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.tr.quit() || self.broken.load(Ordering::Relaxed)
    }
}

/// The value of a constant.
fn load(heap: &mut Heap, constant: &Constant) -> Value {
    match constant {
        Constant::Int(kind, n) => arith::truncated(heap, *kind, *n),
        Constant::F64(x) => Value::f64(*x),
        Constant::F32(x) => Value::new(Tag::F32, f64::from(*x).to_bits()),
        // A literal is never longer than the source; where even that passes the memory limit, the first allocation says so.
        Constant::Str(s) => heap.string(s.as_str()).unwrap_or(Value::NONE),
        Constant::Function(n) => Value::new(Tag::Function, u64::from(*n)),
        Constant::Variant(kind, variant) => Value::new(Tag::Variant0, u64::from(*kind) << 32 | u64::from(*variant)),
        Constant::Duration(n) => Value::new(Tag::Duration, *n as u64),
        Constant::NoValue => Value::NONE,
        Constant::Nil => Value::new(Tag::Nil, 0),
        Constant::Symbol(n) => Value::new(Tag::Symbol, u64::from(*n)),
    }
}

/// The program with a function appended that runs the initialiser and then `main`: both in one task, so that the globals are
/// set before anything else can run.
fn with_start_up(code: &Code) -> Result<(Code, u32), VerifyError> {
    let mut code = code.clone();
    let Some(main) = code.functions.get(code.main as usize) else {
        return Err(VerifyError { pc: None, function: Some(code.main), message: "there is no such `main`".into() });
    };
    let span = main.span;
    let start = code.instrs.len() as u32;
    if let Some(init) = code.init {
        code.instrs.push(Instr::wide(Op::Call, 0, Reg(0).operand(), init as i32));
    }
    code.instrs.push(Instr::wide(Op::Call, 0, Reg(0).operand(), code.main as i32));
    code.instrs.push(Instr::new(Op::Return, 0, Reg(0).operand(), 0, 0));
    code.spans.resize(code.instrs.len(), span);
    let function = code.functions.len() as u32;
    code.functions.push(FunctionCode {
        name: "start".into(),
        kind: FunctionKind::Plain,
        start,
        end: code.instrs.len() as u32,
        captures: 0,
        params: 0,
        optional: 0,
        rest: false,
        parameters: Vec::new(),
        registers: 1,
        span,
        prelude: true,
        locals: Vec::new(),
        cleanups: Vec::new(),
    });
    Ok((code, function))
}
