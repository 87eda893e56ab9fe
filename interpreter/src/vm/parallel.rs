//! The driver of a parallel run: one machine for each worker thread, from a compiled program to a verdict.
//!
//! Worker 0 is the calling thread. A worker runs tasks until the run is over; who finds a reason for that notes it, the first one counts, and
//! tells the others through the runtime. What is decided when nobody runs (all tasks are over, or blocked for good) is decided by
//! the last worker to go idle. The verdict is settled by worker 0 when the others have left.

use super::engine::Engine;
use super::fault::Fault;
use super::io::Io;
use super::machine::{Machine, Program, Stop};
use super::run::{End, Ran, RunOptions, may_cancel, rejected};
use super::sharing::Common;
use super::task::Body;
use crate::bytecode::Code;
use crate::value::{Tag, Value};
use scheduler::parallel::{Idle, ParallelConfig, Watch, Worker, workers};
use scheduler::{At, Next, Runtime};
use std::marker::PhantomData;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tracer::finding::Finding;
use tracer::record::Tracer;

/// The parallel runtime with a tracer for each worker.
pub struct Parallel<T>(PhantomData<T>);

impl<T: Tracer + 'static> Engine for Parallel<T> {
    type Sched = Worker<Value, Body>;
    type Tracer = T;
}

/// Bytes of a worker thread's stack: as much as the main thread of a process usually has.
const STACK: usize = 8 << 20;

/// What the workers of a run share beside the runtime and the heap.
struct Run<'a> {
    end: Mutex<Option<End>>,
    told: Mutex<usize>,
    common: Arc<Common>,
    found: &'a (dyn Fn(&Finding) + Sync),
}

impl Run<'_> {
    /// The run ends for this reason, if there is none yet.
    fn end(&self, end: End) {
        self.end.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(end);
    }

    /// Tells of the findings made since the last call.
    fn tell(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let findings: Vec<Finding> = self.common.findings().iter().skip(*told).cloned().collect();
        *told += findings.len();
        findings.iter().for_each(|finding| (self.found)(finding));
    }
}

/// Runs a program on as many workers as there are recorders. `found` is told of each finding as it is made, by any thread; `watch` gets
/// the workers' numbers before the run begins.
pub fn run_parallel<T: Tracer + Send + 'static>(
    code: &Code,
    options: &RunOptions,
    recorders: Vec<T>,
    io: Io,
    stop: Arc<AtomicBool>,
    found: &(dyn Fn(&Finding) + Sync),
    watch: impl FnOnce(Watch),
) -> Ran {
    let program = match Program::new(code) {
        Ok(program) => program,
        Err(error) => return rejected(&error, io, &mut |finding| found(finding)),
    };
    let mut handles = workers::<Value, Body>(&ParallelConfig {
        workers: recorders.len() as u32,
        functions: program.code().functions.len() as u32,
        sites: program.code().instrs.len() as u32,
        time_value: |nanoseconds| Value::new(Tag::Time, nanoseconds),
        may_cancel: may_cancel(code),
        seed: 0,
    })
    .into_iter()
    .zip(recorders);
    let Some((sched, tr)) = handles.next() else {
        unreachable!("there is at least one worker");
    };
    watch(sched.watch());
    let mut first = Machine::<Parallel<T>>::new(&program, sched, tr, io, options.limits, stop);
    first.stop_at_main = options.stop_at_main;
    let mut others: Vec<_> = handles.map(|(sched, tr)| first.sibling(sched, tr)).collect();
    first.sample_every(options.sample, 0);
    for machine in &mut others {
        let worker = machine.sched.index();
        machine.sample_every(options.sample, worker);
    }
    let run = Run { end: Mutex::default(), told: Mutex::default(), common: first.common.clone(), found };
    first.sched.awake(&mut first.tr, 0);
    first.spawn_main();
    std::thread::scope(|scope| {
        for mut machine in others {
            let (name, run) = (format!("worker {}", machine.sched.index()), &run);
            let work = move || {
                machine.sched.awake(&mut machine.tr, 0);
                machine.work(run);
                machine.sched.retire();
                machine.tr.idle(machine.sched.stamp(machine.clock));
            };
            if std::thread::Builder::new().name(name).stack_size(STACK).spawn_scoped(scope, work).is_err() {
                // The machine is gone with the closure; its worker never runs.
                first.sched.retire();
            }
        }
        first.work(&run);
        // Others may still be about to stop the world, and this one comes to no safepoint any more.
        first.sched.retire();
    });
    let end = run.end.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(End::Finished);
    let report = first.settle(end);
    let told = *run.told.lock().unwrap_or_else(PoisonError::into_inner);
    report.findings.iter().skip(told).for_each(found);
    first.common.io().flush();
    first.tr.idle(first.sched.stamp(first.clock));
    let common = first.common.clone();
    drop((first, run));
    let io = Arc::into_inner(common).map_or_else(Io::memory, Common::into_io);
    Ran { report, io }
}

impl<T: Tracer + 'static> Machine<Parallel<T>> {
    fn spawn_main(&mut self) {
        let main = self.code.main;
        let entry = self.entries[self.start as usize];
        let at = At { site: self.code.functions[main as usize].start, clock: 0 };
        Runtime::spawn(&mut self.sched, &mut self.tr, at, main, false, |body: &mut Body| body.start(entry, &[], &[]));
    }

    /// Runs tasks until the run is over.
    fn work(&mut self, run: &Run<'_>) {
        while !self.sched.is_over() {
            let stop = self.dispatch();
            run.tell();
            if let Some(end) = self.act(stop, run) {
                run.end(end);
                self.sched.finish();
            }
        }
    }

    /// What is done about a stop of the dispatch loop; the end of the run, if it is one.
    fn act(&mut self, stop: Stop, run: &Run<'_>) -> Option<End> {
        match stop {
            Stop::TaskEnded | Stop::Step => None,
            Stop::MainReturned => Some(End::Finished),
            Stop::Stopped => Some(End::Stopped),
            Stop::Fault(_, Fault::Exit(code)) => Some(End::Exit(code)),
            Stop::Fault(slot, fault) => Some(self.failure(slot, &fault).map_or(End::Stopped, End::Failed)),
            Stop::Scheduler(_) if self.stop_requested() => Some(End::Stopped),
            Stop::Scheduler(Next::Idle) => self.rest(run),
            Stop::Scheduler(Next::Poll | Next::Run { .. } | Next::Finished | Next::Stuck) => None,
        }
    }

    /// There is nothing to run on this worker.
    fn rest(&mut self, run: &Run<'_>) -> Option<End> {
        self.common.io().flush();
        if self.sched.idle(&mut self.tr, self.clock) != Idle::Quiet {
            return None;
        }
        // Nobody runs, so what is seen now stays so.
        if self.sched.all_ended() {
            return Some(End::Finished);
        }
        let waits = self.sched.waits_for_something();
        if !waits || self.sched.scan_due(self.clock) {
            self.scan();
            run.tell();
        }
        if !waits || self.sched.is_hopeless() {
            return Some(End::Stuck);
        }
        self.sched.idle_until_due(&mut self.tr, self.clock);
        None
    }
}
