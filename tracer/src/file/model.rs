//! What the next event of a block will be: a guess that writer and reader make alike, so that only what differs from it has
//! to be written.
//!
//! A program is loops. After an operation at one place, a task does the operation that it did there the last time, so many
//! ticks later; at the same place it uses the same object as before. So the guess goes by the pair of code (kind and site) and
//! task. After a switch the task goes on where it left off, so its last code is remembered. Where that fails, numbers often
//! go on as they did at this code before (the next task, the next value of a counter). Pairs share a small table by a hash; a
//! collision is a bad guess and nothing worse. Every block begins with an empty model.

use crate::event::{Kind, Record};

/// Pairs of code and task that are told apart, by a hash of so many bits.
const FLOW_BITS: u32 = 10;
const FLOWS: usize = 1 << FLOW_BITS;

/// Tasks whose last code is told apart.
const TASKS: usize = 256;

/// What is known of a pair of code and task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    object: u32,
    arg: u32,
    /// Ticks up to the code after it, and that code's number plus one; 0 for none.
    delta: u32,
    next: u32,
}

/// What is known of a code: a kind (with its blocked flag) at a site.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Code {
    pub(super) kind_site: u32,
    /// Whether the object is where the text so far ends.
    pub(super) is_text: bool,
    object: u32,
    object_step: u32,
    arg: u32,
    arg_step: u32,
    delta: u32,
    /// Events so far.
    pub(super) events: u32,
}

impl Code {
    pub(super) fn new(kind_site: u32, is_text: bool) -> Self {
        Self { kind_site, is_text, ..Self::default() }
    }
}

/// Two guesses for a number, and what the difference is taken from where both are wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    pub(super) first: u32,
    pub(super) second: u32,
    pub(super) base: u32,
}

/// The guesses for an event whose code is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guesses {
    pub(super) delta: Guess,
    pub(super) object: Guess,
    pub(super) arg: Guess,
    /// Which pair it is.
    at: usize,
}

/// Where the model is: apart from its tables, so that it stays in registers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Here {
    /// The pair before the next event.
    flow: usize,
    task: u32,
    /// Length of the text so far.
    text: u32,
}

/// The tables of the model.
#[derive(Debug)]
pub(super) struct Model {
    flows: Box<[Flow; FLOWS]>,
    /// Of each task, by a hash: the pair that it was at last.
    last: Box<[u16; TASKS]>,
}

impl Model {
    pub(super) fn new() -> Self {
        Self { flows: Box::new([Flow::default(); FLOWS]), last: Box::new([0; TASKS]) }
    }

    /// Begins a block in which a task runs.
    pub(super) fn begin(&mut self, task: u32) -> Here {
        self.flows.fill(Flow::default());
        self.last.fill(0);
        Here { flow: 0, task, text: 0 }
    }

    /// The number of the code that should come next, plus one; 0 where nothing is known.
    #[inline(always)]
    pub(super) fn next(&self, here: &Here) -> u32 {
        self.flows[here.flow % FLOWS].next
    }

    /// The guesses for an event of a code. `expected`: it is the one that should have come.
    #[inline(always)]
    pub(super) fn guess(&self, here: &Here, code: &Code, expected: bool) -> Guesses {
        let at = pair(code.kind_site, here.task);
        let (flow, before) = (&self.flows[at % FLOWS], &self.flows[here.flow % FLOWS]);
        let object = if code.is_text { here.text } else { flow.object };
        Guesses {
            delta: Guess { first: if expected { before.delta } else { code.delta }, second: code.delta, base: 0 },
            object: Guess { first: object, second: code.object.wrapping_add(code.object_step), base: code.object },
            arg: Guess { first: flow.arg, second: code.arg.wrapping_add(code.arg_step), base: code.arg },
            at,
        }
    }

    /// Learns from what came.
    #[inline(always)]
    pub(super) fn learn(&mut self, here: &mut Here, record: &Record, number: u32, code: &mut Code, guesses: &Guesses) {
        const SWITCH: u8 = Kind::Switch as u8;
        const WORKER: u8 = Kind::Worker as u8;
        const PREEMPT: u8 = Kind::Preempt as u8;
        let at = guesses.at;
        let before = &mut self.flows[here.flow % FLOWS];
        (before.next, before.delta) = (number + 1, record.clock_delta);
        let flow = &mut self.flows[at % FLOWS];
        (flow.object, flow.arg) = (record.object, record.arg);
        code.delta = record.clock_delta;
        code.events = code.events.wrapping_add(1);
        (code.object_step, code.object) = (record.object.wrapping_sub(code.object), record.object);
        (code.arg_step, code.arg) = (record.arg.wrapping_sub(code.arg), record.arg);
        here.text = here.text.wrapping_add(if code.is_text { record.arg } else { 0 });
        here.flow = at;
        match record.kind_site as u8 {
            SWITCH => self.go_on(here, record.object),
            WORKER => self.go_on(here, record.arg),
            PREEMPT => {}
            _ => self.last[task_slot(here.task)] = at as u16,
        }
    }

    /// Another task runs, from where it left off.
    #[inline(always)]
    fn go_on(&self, here: &mut Here, task: u32) {
        here.task = task;
        // Apart from what comes after its last operation without a switch, which is the switch.
        here.flow = (self.last[task_slot(task)] as usize ^ (FLOWS / 2)) % FLOWS;
    }
}

/// The place of a pair of code and task in the table.
#[inline(always)]
fn pair(kind_site: u32, task: u32) -> usize {
    let hash = kind_site.wrapping_mul(0x9e37_79b1) ^ task.wrapping_mul(0x85eb_ca6b);
    (hash.wrapping_mul(0xc2b2_ae35) >> (32 - FLOW_BITS)) as usize
}

#[inline(always)]
fn task_slot(task: u32) -> usize {
    task as usize % TASKS
}
