//! Runs scripts on the parallel runtime, as a virtual machine would: one machine for each worker thread.
//!
//! A run that takes longer than [`PATIENCE`] has hung: then the process is aborted, after telling what every worker does.

use crate::check;
use crate::driver::may_cancel;
use crate::machine::{Body, Common, Machine, locked};
use crate::script::Program;
use scheduler::parallel::{Idle, ParallelConfig, Worker, workers};
use scheduler::{Next, Runtime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use tracer::event::Record;
use tracer::finding::Finding;

/// No test's run takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A finished run.
pub struct Run {
    /// What was said, by task: number, script, word.
    pub words: Vec<(u32, usize, String)>,
    /// `Finished` or `Stuck`.
    pub end: Next,
    pub findings: Vec<Finding>,
    /// Records of all workers, by (clock, worker), each with its worker and clock.
    pub log: Vec<(usize, Record, u64)>,
}

/// What a worker does at the moment, for the dump of a hung run: one of [`DOING`] and, while it runs a task, its slot.
#[derive(Debug, Default)]
struct Doing(AtomicU64);

const DOING: [&str; 7] =
    ["starts", "asks for a task", "runs task", "is idle", "decides", "waits for a timer", "has left"];

impl Doing {
    fn set(&self, what: usize, slot: u32) {
        self.0.store(what as u64 | u64::from(slot) << 8, Ordering::Relaxed);
    }

    fn tell(&self) -> String {
        let word = self.0.load(Ordering::Relaxed);
        format!("{} {}", DOING[(word & 0xff) as usize], word >> 8)
    }
}

/// Waits for the end of a run, in a thread of its own.
fn watch(done: &Receiver<()>, doing: &[Doing], program: &Program) {
    if let Err(RecvTimeoutError::Timeout) = done.recv_timeout(PATIENCE) {
        eprintln!("the run hangs:");
        for (worker, doing) in doing.iter().enumerate() {
            eprintln!("  worker {worker} {}", doing.tell());
        }
        eprintln!("{program:?}");
        std::process::abort();
    }
}

/// Runs a program on so many workers.
pub fn run(program: &Program, count: u32, seed: u64) -> Run {
    let config = ParallelConfig {
        workers: count,
        functions: program.tasks.len() as u32,
        sites: program.tasks.len() as u32 * 100,
        time_value: |now| now as i64,
        may_cancel: may_cancel(program),
        seed,
    };
    let common = Common::new(program);
    let end = Mutex::new(None);
    let doing: Vec<Doing> = (0..count).map(|_| Doing::default()).collect();
    let mut machines: Vec<_> = workers(&config).into_iter().map(|worker| Machine::new(worker, &common)).collect();
    machines[0].spawn_main();
    let (finished, done) = channel();
    std::thread::scope(|scope| {
        // Dropped when this thread panics, which ends the watch.
        let finished = finished;
        let watched = &doing;
        scope.spawn(move || watch(&done, watched, program));
        let (first, others) = machines.split_at_mut(1);
        let threads: Vec<_> = (others.iter_mut().zip(&doing[1..]))
            .map(|(machine, doing)| {
                let end = &end;
                scope.spawn(move || {
                    work(machine, end, doing);
                    machine.s.retire();
                    doing.set(6, 0);
                })
            })
            .collect();
        work(&mut first[0], &end, &doing[0]);
        doing[0].set(6, 0);
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        let _ = finished.send(());
    });
    let mut findings = std::mem::take(&mut *locked(&common.findings));
    machines[0].s.frozen(|s| s.settle(&mut findings));
    let mut log: Vec<(usize, Record, u64)> = Vec::new();
    for (worker, machine) in machines.iter().enumerate() {
        assert!(machine.tr.0.windows(2).all(|pair| pair[0].1 <= pair[1].1), "worker {worker}'s clock went back");
        log.extend(machine.tr.0.iter().map(|&(record, clock)| (worker, record, clock)));
    }
    log.sort_by_key(|&(worker, _, clock)| (clock, worker));
    check::stream(log.iter().map(|(worker, record, _)| (*worker, record)));
    let violations = check::causes(&log);
    assert!(violations.is_empty(), "{violations:#?}\n{}", check::listing(&log));
    Run {
        words: std::mem::take(&mut *locked(&common.said)),
        end: locked(&end).unwrap_or(Next::Finished),
        findings,
        log,
    }
}

type Host<'a> = Machine<'a, Worker<i64, Body>>;

/// Ends the run for the others when a worker's thread panics.
struct Fuse<'a, 'b>(&'a mut Host<'b>);

impl Drop for Fuse<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.s.finish();
            self.0.s.retire();
        }
    }
}

/// Runs tasks until the run is over.
fn work(machine: &mut Host<'_>, end: &Mutex<Option<Next>>, doing: &Doing) {
    let fuse = Fuse(machine);
    let m = &mut *fuse.0;
    m.s.awake(&mut m.tr, 0);
    while !m.s.is_over() {
        doing.set(1, 0);
        match m.s.next_task(&mut m.tr, m.clock) {
            Next::Run { slot, slice } => {
                doing.set(2, slot);
                m.run_task(slot, slice);
            }
            Next::Idle => {
                doing.set(3, 0);
                if m.s.idle(&mut m.tr, m.clock) == Idle::Quiet {
                    doing.set(4, 0);
                    if let Some(why) = decide(m) {
                        *locked(end) = Some(why);
                        m.s.finish();
                    } else {
                        doing.set(5, 0);
                        m.s.idle_until_due(&mut m.tr, m.clock);
                    }
                }
            }
            Next::Poll | Next::Finished => {}
            Next::Stuck => panic!("a worker never knows that by itself"),
        }
    }
}

/// Nobody runs: whether the run is over.
fn decide(m: &mut Host<'_>) -> Option<Next> {
    if m.s.all_ended() {
        m.left_are_none();
        return Some(Next::Finished);
    }
    let waits = m.s.waits_for_something();
    if !waits || m.s.scan_due(m.clock) {
        m.scan();
    }
    if !waits || m.s.is_hopeless() {
        m.left_are_reported();
        return Some(Next::Stuck);
    }
    None
}
