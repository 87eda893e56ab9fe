//! What the primitives cost, driven by test tasks of one line each instead of an interpreter: with tracing off and with
//! every event recorded (chunks handed to a sink that forgets them).
//!
//! The figure is for one operation: a message, a lock and unlock, a spawn with its end, a choice of a select.

use divan::Bencher;
use scheduler::{Arm, At, Config, Next, Oracle, Resume, Scheduler, Selected, Step, TimeSource};
use tracer::chunk::Chunk;
use tracer::event::EndStatus;
use tracer::record::{Off, Recorder, Tracer};
use tracer::sink::Sink;

fn main() {
    divan::main();
}

/// A guest value: 16 bytes, as in the interpreter.
type Value = (u64, u64);

/// What the interpreter keeps in a task.
#[derive(Clone, Debug, Default)]
struct Body {
    registers: Vec<Value>,
    pc: u64,
}

type S = Scheduler<Value, Body>;

/// Forgets what it gets.
struct Forget;

impl Sink for Forget {
    fn take(&mut self, chunk: Chunk) -> Chunk {
        chunk
    }
}

/// A tracer for a bench.
trait Kind {
    type Tracer: Tracer;
    fn tracer() -> Self::Tracer;
}

struct TracingOff;
struct TracingOn;

impl Kind for TracingOff {
    type Tracer = Off;
    fn tracer() -> Off {
        Off
    }
}

impl Kind for TracingOn {
    type Tracer = Recorder;
    fn tracer() -> Recorder {
        Recorder::new(Forget)
    }
}

const N: u64 = 100_000;

fn scheduler() -> S {
    Scheduler::new(Config {
        oracle: Oracle::seed(0),
        time: TimeSource::virtual_time(),
        time_value: |now| (0, now),
        may_cancel: false,
    })
}

/// The next task and the state of its body.
#[inline(always)]
fn next<T: Tracer>(s: &mut S, tr: &mut T, clock: u64) -> Option<u32> {
    loop {
        match s.next_task(tr, clock) {
            Next::Run { slot, .. } => return Some(slot),
            Next::Poll => {}
            _ => return None,
        }
    }
}

fn at(clock: &mut u64) -> At {
    *clock += 2;
    At { site: 7, clock: *clock }
}

fn measure<K: Kind>(bencher: Bencher, run: impl Fn(&mut S, &mut K::Tracer, &mut u64)) {
    let mut tr = K::tracer();
    let mut clock = 0;
    bencher.counter(divan::counter::ItemsCount::new(N)).bench_local(|| {
        let mut s = scheduler();
        s.spawn(&mut tr, At { site: 0, clock }, 0, false);
        next(&mut s, &mut tr, clock);
        run(&mut s, &mut tr, &mut clock);
        s.live()
    });
}

/// Two tasks and two rendezvous: each sends on one and receives on the other.
#[divan::bench(types = [TracingOff, TracingOn])]
fn unbuffered_ping_pong<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        let ping = s.channel(tr, at(clock), 0);
        let pong = s.channel(tr, at(clock), 0);
        s.spawn(tr, at(clock), 1, false);
        let mut slot = s.current();
        let first = slot;
        let mut sent = 0;
        while sent < N {
            // An operation that the task was parked in is over now; `pc` says whether the next is its first or second.
            if s.task_mut(slot).take_resume() != Resume::None {
                s.task_mut(slot).body.pc ^= 1;
            }
            loop {
                let second = s.task(slot).body.pc != 0;
                let parked = if (slot == first) != second {
                    sent += 1;
                    let to = if slot == first { ping } else { pong };
                    s.send(tr, at(clock), to, (1, sent)) == Step::Blocked
                } else {
                    let from = if slot == first { pong } else { ping };
                    s.recv(tr, at(clock), from) == Step::Blocked
                };
                if parked {
                    break;
                }
                s.task_mut(slot).body.pc ^= 1;
            }
            divan::black_box(s.scan_due(*clock));
            slot = next(s, tr, *clock).unwrap_or(slot);
        }
    });
}

/// One producer, one consumer, a buffer of 128.
#[divan::bench(types = [TracingOff, TracingOn])]
fn buffered_128<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        let channel = s.channel(tr, at(clock), 128);
        s.spawn(tr, at(clock), 1, false);
        let mut slot = s.current();
        let producer = slot;
        let mut sent = 0;
        while sent < N {
            s.task_mut(slot).take_resume();
            if slot == producer {
                while sent < N {
                    sent += 1;
                    if s.send(tr, at(clock), channel, (1, sent)) == Step::Blocked {
                        break;
                    }
                }
            } else {
                while s.recv(tr, at(clock), channel) != Step::Blocked {}
            }
            slot = next(s, tr, *clock).unwrap_or(slot);
        }
    });
}

#[divan::bench(types = [TracingOff, TracingOn])]
fn mutex_pair<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        let mutex = s.mutex(tr, at(clock), (0, 0));
        for _ in 0..N {
            let _ = s.lock(tr, at(clock), mutex);
            s.mutex_value(mutex).1 += 1;
            s.unlock(tr, at(clock), mutex);
        }
    });
}

#[divan::bench(types = [TracingOff, TracingOn])]
fn atomic_add<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        let atomic = s.new_atomic(tr, at(clock), 0);
        for _ in 0..N {
            *divan::black_box(&mut *s).atomic(atomic) += 1;
            s.atomic_event(tr, at(clock), atomic);
        }
    });
}

/// Batches of 1000 tasks that end at once, as in the peers' benchmark.
#[divan::bench(types = [TracingOff, TracingOn])]
fn spawn_and_end<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        for _ in 0..N / 1000 {
            for i in 0..1000 {
                let slot = s.spawn(tr, at(clock), 1, false);
                let body = &mut s.task_mut(slot).body;
                body.registers.clear();
                body.registers.push((1, i));
                body.pc = 0;
            }
            s.yield_now(tr, at(clock));
            while next(s, tr, *clock).is_some_and(|slot| s.task(slot).function == 1) {
                s.end_task(tr, at(clock), EndStatus::Done, (0, 0));
            }
        }
    });
}

#[divan::bench(types = [TracingOff, TracingOn])]
fn spawn_and_await<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        for i in 0..N {
            let slot = s.spawn(tr, at(clock), 1, true);
            let future = s.handle(slot);
            let _ = s.await_task(tr, at(clock), future, true);
            next(s, tr, *clock);
            s.end_task(tr, at(clock), EndStatus::Done, (0, i));
            let main = next(s, tr, *clock).unwrap_or(0);
            s.task_mut(main).take_resume();
        }
    });
}

#[divan::bench(types = [TracingOff, TracingOn])]
fn yield_to_another<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        s.spawn(tr, at(clock), 1, false);
        for _ in 0..N {
            s.yield_now(tr, at(clock));
            next(s, tr, *clock);
        }
    });
}

/// A send, and a select of four receives of which the ready one moves on.
#[divan::bench(types = [TracingOff, TracingOn])]
fn select_of_4_ready<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        let channels = [0; 4].map(|_| s.channel(tr, at(clock), 1));
        let arms = channels.map(Arm::Recv);
        for i in 0..N {
            let _ = s.send(tr, at(clock), channels[i as usize % 4], (0, i));
            let Selected::Arm { .. } = s.select_try(tr, at(clock), &arms, false) else { return };
        }
    });
}

/// As above, but the select comes first and is parked.
#[divan::bench(types = [TracingOff, TracingOn])]
fn select_of_4_parked<K: Kind>(bencher: Bencher) {
    measure::<K>(bencher, |s, tr, clock| {
        let channels = [0; 4].map(|_| s.channel(tr, at(clock), 1));
        let arms = channels.map(Arm::Recv);
        let main = s.current();
        s.spawn(tr, at(clock), 1, false);
        let mut sent = 0;
        let mut slot = main;
        while sent < N {
            s.task_mut(slot).take_resume();
            if slot == main {
                s.select_block(tr, at(clock), &arms);
            } else {
                sent += 1;
                let _ = s.send(tr, at(clock), channels[sent as usize % 4], (0, sent));
                s.yield_now(tr, at(clock));
            }
            slot = next(s, tr, *clock).unwrap_or(main);
        }
    });
}
