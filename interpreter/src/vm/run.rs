//! The driver of a run: from a compiled program to a verdict.

use super::engine::{Deterministic, Engine, Stepping};
use super::fault::Fault;
use super::io::Io;
use super::machine::{Limits, Machine, Program, Stop};
use super::sharing::{Common, Warned};
use super::task::Body;
use crate::bytecode::Code;
use crate::bytecode::verify::VerifyError;
use crate::value::{Tag, Value};
use scheduler::schedule::{Divergence, Schedule, Script};
use scheduler::{At, Config, Next, Oracle, Runtime, Scheduler, TimeSource};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tracer::finding::{Finding, Verdict};
use tracer::record::Tracer;

/// Ticks of running from one stack sample to the next, for a profile that does not say otherwise. A prime number, so that no loop
/// is sampled in step.
pub const SAMPLE: u32 = 997;

/// How to run a program.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// Seed of the schedule; without one the schedule is first in, first out, with fair slices.
    pub seed: Option<u64>,
    /// Whether sleeping takes real time.
    pub real_time: bool,
    /// Limits on the program.
    pub limits: Limits,
    /// End at once when `main` returns, instead of letting the other tasks finish.
    pub stop_at_main: bool,
    /// Record the running task's stack after every so many ticks of running, and the stacks of those that block.
    pub sample: Option<u32>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The verdict: of several findings the one that decides.
    pub verdict: Verdict,
    /// The program's own exit code: what `main` returned, or `exit(n)`.
    pub exit_code: i32,
    /// Everything that was found, in order.
    pub findings: Vec<Finding>,
    /// What the program did without effect, but hardly meant, by place.
    pub warnings: Vec<Warned>,
    /// The trace clock at the end.
    pub clock: u64,
}

/// A run that is over, with the guest's streams, which may have kept its output.
pub struct Ran {
    /// How it ended.
    pub report: RunReport,
    /// The streams.
    pub io: Io,
}

/// Runs a program. `found` is told of each finding as it is made.
pub fn run<T: Tracer + 'static>(
    code: &Code,
    options: &RunOptions,
    tr: T,
    io: Io,
    stop: Arc<AtomicBool>,
    found: &mut dyn FnMut(&Finding),
) -> Ran {
    let program = match Program::new(code) {
        Ok(program) => program,
        Err(error) => return rejected(&error, io, found),
    };
    let time = if options.real_time { TimeSource::real_time() } else { TimeSource::virtual_time() };
    let sched = Scheduler::new(Config {
        oracle: options.seed.map_or_else(Oracle::fair, Oracle::seed),
        time,
        time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
        may_cancel: may_cancel(code),
    });
    let mut machine = Machine::<Deterministic<T>>::new(&program, sched, tr, io, options.limits, stop);
    machine.stop_at_main = options.stop_at_main;
    machine.sample_every(options.sample, 0);
    let report = machine.run(found);
    let common = machine.common.clone();
    drop(machine);
    let io = Arc::into_inner(common).map_or_else(Io::memory, Common::into_io);
    Ran { report, io }
}

/// Runs a program that was made ready before, once; for who runs it again and again. Gives its tracer back.
pub fn run_once<T: Tracer + 'static>(
    program: &Program,
    options: &RunOptions,
    tr: T,
    io: Io,
    stop: Arc<AtomicBool>,
) -> (RunReport, T) {
    let sched = Scheduler::new(Config {
        oracle: options.seed.map_or_else(Oracle::fair, Oracle::seed),
        time: TimeSource::virtual_time(),
        time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
        may_cancel: may_cancel(program.code()),
    });
    let mut machine = Machine::<Deterministic<T>>::new(program, sched, tr, io, options.limits, stop);
    machine.stop_at_main = options.stop_at_main;
    let report = machine.run(&mut |_| ());
    (report, machine.tr)
}

/// What a schedule made of a run, and the run of it.
pub struct Replayed {
    /// The run's own schedule, by which it can be done again: seeds and decisions.
    pub schedule: Schedule,
    /// Where it was not what its schedule said.
    pub divergences: Vec<Divergence>,
    /// It ended there, because it may not diverge.
    pub refused: bool,
}

/// Runs a program by a schedule, in virtual time; of `options` only the limits count. Its points need a tracer that counts
/// operations, like [`tracer::counting::Counting`].
pub fn run_scripted<T: Tracer + 'static>(
    code: &Code,
    options: &RunOptions,
    script: Script,
    tr: T,
    io: Io,
    stop: Arc<AtomicBool>,
    found: &mut dyn FnMut(&Finding),
) -> (Ran, Replayed) {
    // Only the engine that counts its steps can stop a task between two instructions.
    if script.cuts() {
        replay::<Stepping<T>>(code, options, script, tr, io, stop, found)
    } else {
        replay::<Deterministic<T>>(code, options, script, tr, io, stop, found)
    }
}

fn replay<E: Engine<Sched = Scheduler<Value, Body>>>(
    code: &Code,
    options: &RunOptions,
    script: Script,
    tr: E::Tracer,
    io: Io,
    stop: Arc<AtomicBool>,
    found: &mut dyn FnMut(&Finding),
) -> (Ran, Replayed) {
    let program = match Program::new(code) {
        Ok(program) => program,
        Err(error) => {
            let schedule = Schedule::default();
            return (rejected(&error, io, found), Replayed { schedule, divergences: Vec::new(), refused: false });
        }
    };
    let sched = Scheduler::new(Config {
        oracle: Oracle::Scripted(Box::new(script)),
        time: TimeSource::virtual_time(),
        time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
        may_cancel: may_cancel(code),
    });
    let mut machine = Machine::<E>::new(&program, sched, tr, io, options.limits, stop);
    machine.stop_at_main = options.stop_at_main;
    machine.sample_every(options.sample, 0);
    let report = machine.run(found);
    let refused = machine.sched.refused();
    let replayed =
        Replayed { schedule: machine.sched.schedule_so_far(), divergences: machine.sched.divergences(true), refused };
    let common = machine.common.clone();
    drop(machine);
    let io = Arc::into_inner(common).map_or_else(Io::memory, Common::into_io);
    (Ran { report, io }, replayed)
}

/// The run of a program that the verifier rejects: a mistake of the compiler, since nothing else makes code.
pub(super) fn rejected(error: &VerifyError, io: Io, found: &mut dyn FnMut(&Finding)) -> Ran {
    let finding = Finding {
        verdict: Verdict::Panic,
        message: format!("internal error: the program is not valid: {error}"),
        culprit: None,
        stack: Vec::new(),
        tasks: Vec::new(),
        cycle: Vec::new(),
        clock: 0,
        event: None,
        race: None,
    };
    found(&finding);
    let report =
        RunReport { verdict: finding.verdict, exit_code: 0, findings: vec![finding], warnings: Vec::new(), clock: 0 };
    Ran { report, io }
}

/// Whether the program can cancel tasks: only an async select does.
pub(crate) fn may_cancel(code: &Code) -> bool {
    use crate::bytecode::program::ArmCode;
    code.selects.iter().any(|select| select.arms.iter().any(|arm| matches!(arm, ArmCode::Future(_))))
}

/// Why a run is over.
pub(crate) enum End {
    /// All tasks have ended, or `main` has and nobody waits for the rest.
    Finished,
    /// Tasks are blocked for good.
    Stuck,
    /// A task failed.
    Failed(Finding),
    /// `exit(n)`.
    Exit(i32),
    /// The stop flag.
    Stopped,
}

impl<E: Engine<Sched = Scheduler<Value, Body>>> Machine<E> {
    /// Puts `main` into the run queue.
    pub(crate) fn begin(&mut self) {
        let main = self.code.main;
        let entry = self.entries[self.start as usize];
        let at = At { site: self.code.functions[main as usize].start, clock: 0 };
        Runtime::spawn(&mut self.sched, &mut self.tr, at, main, false, |body: &mut Body| body.start(entry, &[], &[]));
    }

    /// Runs the program from its start to its end.
    pub fn run(&mut self, found: &mut dyn FnMut(&Finding)) -> RunReport {
        self.begin();
        let mut told = 0;
        let end = loop {
            let stop = self.dispatch();
            for finding in self.common.findings().iter().skip(told) {
                found(finding);
                told += 1;
            }
            if let Some(end) = self.act(stop) {
                break end;
            }
        };
        let report = self.settle(end);
        for finding in &report.findings[told..] {
            found(finding);
        }
        self.common.io().flush();
        self.tr.idle(self.clock);
        report
    }

    /// What the driver does about a stop of the dispatch loop; the end of the run, if it is one.
    pub(crate) fn act(&mut self, stop: Stop) -> Option<End> {
        match stop {
            Stop::TaskEnded | Stop::Step => None,
            Stop::MainReturned => Some(End::Finished),
            Stop::Stopped => Some(End::Stopped),
            Stop::Fault(_, Fault::Exit(code)) => Some(End::Exit(code)),
            Stop::Fault(slot, fault) => Some(match self.failure(slot, &fault) {
                Some(finding) => End::Failed(finding),
                None => End::Stopped,
            }),
            Stop::Scheduler(next) => match next {
                Next::Finished => Some(End::Finished),
                Next::Stuck => Some(End::Stuck),
                _ if self.stop_requested() || self.sched.refused() => Some(End::Stopped),
                Next::Idle => {
                    if self.sched.scan_due(self.clock) {
                        self.scan();
                    }
                    self.common.io().flush();
                    let stop = self.stop.clone();
                    let mut clock = self.clock;
                    self.sched.pass_time(&mut self.tr, &mut clock, || stop.load(std::sync::atomic::Ordering::Relaxed));
                    self.clock = clock;
                    None
                }
                Next::Poll | Next::Run { .. } => None,
            },
        }
    }
}

impl<E: Engine> Machine<E> {
    /// The verdict of a run that is over.
    pub(crate) fn settle(&mut self, end: End) -> RunReport {
        // The parallel runtime only estimates this number while workers run.
        let live = |machine: &mut Self| machine.sched.frozen(|sched| sched.live());
        let main_code = self.common.main_result().map_or(0, exit_code);
        let (verdict, exit_code) = match end {
            End::Exit(code) => (Verdict::Ok, code),
            // Nobody reads what the program writes: it is over, and nothing is wrong with it.
            End::Stopped if self.broken.load(Ordering::Relaxed) => (Verdict::Ok, 0),
            End::Stopped => (Verdict::TimeLimit, main_code),
            End::Failed(finding) => {
                let verdict = finding.verdict;
                self.common.findings().push(finding);
                (verdict, main_code)
            }
            End::Finished | End::Stuck => {
                // Ended at once with `main`: nobody asks what would have become of the others.
                let cut_off = self.stop_at_main && self.common.main_result().is_some();
                if live(self) > 0 && !cut_off {
                    self.scan();
                }
                // Tasks found stuck while the program ran on: what that was is only known now.
                let common = self.common.clone();
                self.sched.frozen(|sched| sched.settle(&mut common.findings()));
                let verdict = match self.common.main_result() {
                    None => Verdict::Deadlock,
                    Some(_) if cut_off && self.common.findings().is_empty() => Verdict::Ok,
                    Some(_) if live(self) > 0 => Verdict::Leak,
                    Some(_) => Verdict::Ok,
                };
                (verdict, main_code)
            }
        };
        // A race outranks what a run can live with.
        let raced = self.common.findings().iter().any(|finding| finding.verdict == Verdict::Race);
        let verdict = if raced && matches!(verdict, Verdict::Ok | Verdict::Leak) { Verdict::Race } else { verdict };
        RunReport {
            verdict,
            exit_code,
            findings: std::mem::take(&mut *self.common.findings()),
            warnings: self.common.warnings(),
            clock: self.sched.stamp(self.clock),
        }
    }
}

/// The exit code that `main`'s result stands for: an integer as the system takes it, 0 for anything else.
fn exit_code(result: Value) -> i32 {
    match result.kind().int_kind() {
        Some(_) if !result.kind().is_heap() => result.int() as i32,
        _ => 0,
    }
}
