//! Runs written by hand, for tests of whatever reads a store.
//!
//! The program is made up: one file `t.vex` in which site `n` stands at line `n`, column 5, the functions `main`,
//! `worker` and `phil`, and objects that are named after their sites as told.

use crate::about::Ending;
pub mod large;

use crate::event::{BLOCKED, EndStatus, Kind, Site};
use crate::finding::{Verdict, WaitReason};
use crate::model::state::TaskState;
use crate::program::{FunctionInfo, Place, ProgramInfo, SourceText};
use crate::record::{Recorder, Tracer};
use crate::sink::{Memory, MemorySink};
use crate::store::Store;
use crate::trace::MemoryTrace;
use std::ops::Range;
use std::sync::Arc;

/// Functions of the program, by index.
pub const FUNCTIONS: [&str; 3] = ["main", "worker", "phil"];

/// A run that is being written. Time advances by what [`Stream::wait`] says and by nothing else.
pub struct Stream {
    recorder: Recorder,
    memory: Memory,
    program: ProgramInfo,
    clock: u64,
    site: u32,
    tasks: u32,
    objects: u32,
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    /// A run that has not begun: no task yet.
    pub fn new() -> Self {
        let (sink, memory) = MemorySink::unbounded();
        let place = |line| Place { file: 0, line, column: if line == 0 { 0 } else { 5 } };
        let program = ProgramInfo {
            files: vec![SourceText { path: "t.vex".to_string(), text: "".into() }],
            functions: FUNCTIONS
                .map(|name| FunctionInfo { name: name.to_string(), place: place(1), ..FunctionInfo::default() })
                .to_vec(),
            places: (0..1000).map(place).collect(),
            ..ProgramInfo::default()
        };
        Self { recorder: Recorder::new(sink), memory, program, clock: 0, site: 0, tasks: 0, objects: 0 }
    }

    /// A run whose `main` is task 1 and runs.
    pub fn with_main() -> Self {
        let mut stream = Self::new();
        stream.spawn(0);
        stream.switch(1);
        stream
    }

    /// Lets time pass.
    pub fn wait(&mut self, ticks: u64) -> &mut Self {
        self.clock += ticks;
        self
    }

    /// The site of the records that follow.
    pub fn line(&mut self, line: u32) -> &mut Self {
        self.site = line;
        self
    }

    /// Records an event.
    pub fn emit(&mut self, kind: Kind, object: u32, arg: u32) -> &mut Self {
        self.recorder.emit(kind as u8, self.site, self.clock, object, arg);
        self
    }

    /// Records an operation in which the current task blocks.
    pub fn block(&mut self, kind: Kind, object: u32, arg: u32) -> &mut Self {
        self.recorder.emit(kind as u8 | BLOCKED, self.site, self.clock, object, arg);
        self
    }

    /// Records an event with text.
    pub fn text(&mut self, kind: Kind, text: &str) -> &mut Self {
        self.recorder.text(kind, self.site, self.clock, text);
        self
    }

    /// The next task, of a function of [`FUNCTIONS`].
    pub fn spawn(&mut self, function: u32) -> u32 {
        self.tasks += 1;
        let task = self.tasks;
        self.emit(Kind::TaskSpawn, task, function);
        task
    }

    /// Lets a task run.
    pub fn switch(&mut self, task: u32) -> &mut Self {
        self.emit(Kind::Switch, task, 0)
    }

    /// The current task ends and wakes `woken` (0: nobody).
    pub fn end(&mut self, woken: u32) -> &mut Self {
        self.emit(Kind::TaskEnd, woken, EndStatus::Done as u32)
    }

    /// Makes the next object at a line of its own or shared with others, under a name.
    pub fn make(&mut self, kind: Kind, line: u32, name: &str, size: u32) -> u32 {
        self.objects += 1;
        let (object, site) = (self.objects, Site(line));
        if let Err(index) = self.program.object_names.binary_search_by_key(&site, |entry| entry.0) {
            self.program.object_names.insert(index, (site, name.to_string()));
        }
        let before = std::mem::replace(&mut self.site, line);
        self.emit(kind, object, size);
        self.site = before;
        object
    }

    /// The clock.
    pub fn clock(&self) -> u64 {
        self.clock
    }

    /// The ordinal of the next event.
    pub fn ordinal(&self) -> u64 {
        self.recorder.ordinal()
    }

    /// The run so far, to be read again and again; it ended well. (What is written afterwards belongs to the next call.)
    pub fn trace(&mut self) -> MemoryTrace {
        self.recorder.finish();
        let ending = Ending {
            verdict: Verdict::Ok,
            exit_code: 0,
            program_exit_code: Some(0),
            clock: self.clock,
            dropped: 0,
            note: String::new(),
        };
        MemoryTrace {
            program: Arc::new(self.program.clone()),
            ending: Some(ending),
            chunks: self.memory.take(),
            ..MemoryTrace::default()
        }
    }

    /// The run so far. (What is written afterwards belongs to the next call.)
    pub fn store(&mut self) -> Store {
        self.recorder.finish();
        let chunks = self.memory.take();
        Store::of(Arc::new(self.program.clone()), &chunks)
    }
}

/// The letter of a state in [`timeline`]; a blank for none.
pub fn letter(state: Option<TaskState>) -> char {
    match state {
        None => ' ',
        Some(TaskState::Ready) => '+',
        Some(TaskState::Running) => '#',
        Some(TaskState::Done) => '.',
        Some(TaskState::Panicked) => 'X',
        Some(TaskState::Cancelled) => 'x',
        Some(TaskState::Blocked(reason)) => match reason {
            WaitReason::Send => '>',
            WaitReason::Recv => '<',
            WaitReason::Select => '?',
            WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock => 'L',
            WaitReason::Semaphore => 'P',
            WaitReason::Await => '~',
            WaitReason::WaitGroup | WaitReason::Barrier | WaitReason::Once => 'w',
            WaitReason::Sleep => 'z',
            WaitReason::Io => 'c',
        },
    }
}

/// All tasks in spawn-tree order, a line each: name, then a letter a cell.
pub fn timeline(store: &Store, times: Range<u64>, cells: usize) -> String {
    let mut out = String::new();
    for (task, depth) in store.tasks().tree(0, usize::MAX) {
        let lane: String = store.lane(task, times.clone(), cells).iter().map(|cell| letter(cell.state)).collect();
        let name = format!("{}{}", "  ".repeat(depth as usize), store.task_name(task));
        out.push_str(format!("{name:<12}{lane}").trim_end());
        out.push('\n');
    }
    out
}
