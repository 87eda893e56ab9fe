//! The kit: small programs that stand where a test wants them.

use crate::bytecode::Code;
use crate::debug::view::View;
use crate::pipeline::{self, Kind};
use crate::trace_info::program_info;
use crate::value::{Tag, Value};
use crate::vm::engine::Stepping;
use crate::vm::io::Io;
use crate::vm::machine::{Limits, Machine, Program, Stop};
use crate::vm::run::may_cancel;
use scheduler::{Config, Oracle, Scheduler, TimeSource};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracer::event::Site;
use tracer::inspect::Variable;
use tracer::program::ProgramInfo;
use tracer::record::Off;

/// A program that stands.
pub struct Stand {
    pub machine: Machine<Stepping<Off>>,
    pub program: ProgramInfo,
    pub ended: bool,
}

struct NoFiles;

impl crate::vex::check::Loader for NoFiles {
    fn load(&mut self, _importer: &str, path: &str) -> Result<(String, String), String> {
        Err(format!("{path}: there are no other files"))
    }
}

/// The code of a program's text.
pub fn compile(text: &str) -> Code {
    let compiled = pipeline::compile_text("test.vex", text, Kind::Program, &mut NoFiles);
    let errors = compiled.render(false);
    compiled.code.unwrap_or_else(|| panic!("the program does not compile:\n{errors}"))
}

/// The programs of the tests that compile and run.
pub fn programs() -> Vec<(PathBuf, Code)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/programs/vex");
    let mut files: Vec<PathBuf> = Vec::new();
    for folder in [folder.clone(), folder.join("fail"), folder.join("../../../examples/vex")] {
        let entries = std::fs::read_dir(&folder).expect("the folder of programs").flatten().map(|entry| entry.path());
        files.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "vex")));
    }
    files.sort();
    let compiled = files.into_iter().filter_map(|path| {
        let code = pipeline::compile(&path, Kind::Program).expect("a readable file").code?;
        Some((path, code))
    });
    compiled.collect()
}

impl Stand {
    /// At the start.
    pub fn of(code: &Code) -> Stand {
        let sched = Scheduler::new(Config {
            oracle: Oracle::seed(0),
            time: TimeSource::virtual_time(),
            time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
            may_cancel: may_cancel(code),
        });
        let program = Program::new(code).expect("a program that verifies");
        let limits = Limits { memory: 256 << 20, tasks: 1 << 20 };
        let mut machine = Machine::new(&program, sched, Off, Io::memory(), limits, Arc::default());
        machine.begin();
        let program = program_info(&machine.code);
        Stand { machine, program, ended: false }
    }

    /// The text's program at its start.
    pub fn start(text: &str) -> Stand {
        Stand::of(&compile(text))
    }

    /// Goes on for so many steps, or to the end.
    pub fn steps(&mut self, steps: u64) {
        let target = self.machine.stepper.steps() + steps;
        self.machine.stepper.stop_at(target, false, false);
        while !self.ended && self.machine.stepper.steps() < target {
            match self.machine.dispatch() {
                Stop::Step => {}
                stop => self.ended = self.machine.act(stop).is_some(),
            }
        }
    }

    /// Goes on until the running task comes to the line.
    pub fn run_to_line(&mut self, line: u32) -> &mut Stand {
        while !(self.ended || self.machine.stepper.is_midway() && self.line() == Some(line)) {
            self.steps(1);
        }
        assert!(!self.ended, "line {line} is never reached");
        self
    }

    /// The text's program when the running task comes to the line that ends in `// here`.
    pub fn here(text: &str) -> Stand {
        let line = text.lines().position(|line| line.ends_with("// here")).expect("a line marked `here`") + 1;
        let mut stand = Stand::start(text);
        stand.run_to_line(line as u32);
        stand
    }

    /// The text's program at its end, where all tasks that are left are blocked.
    pub fn stuck(text: &str) -> Stand {
        let mut stand = Stand::start(text);
        stand.steps(1_000_000);
        assert!(stand.ended, "the program runs on and on");
        stand
    }

    /// Slot of the running task.
    pub fn slot(&self) -> u32 {
        self.machine.sched.current()
    }

    /// Line of the instruction that the running task goes on with.
    pub fn line(&self) -> Option<u32> {
        let body = &self.machine.sched.task(self.slot()).body;
        let place = self.program.place(Site(body.pc))?;
        (place.file == 0).then_some(place.line)
    }

    pub fn view(&self) -> View<'_> {
        View::of(&self.machine, &self.program)
    }
}

/// A variable as text: `name: type = value (note)`, its parts below it.
pub fn tell(variable: &Variable) -> String {
    let mut out = String::new();
    write(variable, 0, &mut out);
    out
}

fn write(variable: &Variable, depth: usize, out: &mut String) {
    out.push_str(&"  ".repeat(depth));
    out.push_str(&format!("{}: {} = {}", variable.name, variable.ty, variable.value));
    if !variable.note.is_empty() {
        out.push_str(&format!(" ({})", variable.note));
    }
    out.push('\n');
    for part in &variable.parts {
        write(part, depth + 1, out);
    }
    if variable.part_count > variable.parts.len() {
        out.push_str(&format!("{}  … of {}\n", "  ".repeat(depth), variable.part_count));
    }
}
