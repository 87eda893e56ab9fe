//! Many tasks: memory and time in proportion.

use scheduler::{At, Config, Next, Oracle, Scheduler, Step, TimeSource};
use tracer::event::EndStatus;
use tracer::record::Off;

/// A body like an interpreter's: a stack of 16-byte registers of its own.
#[derive(Clone, Debug, Default)]
struct Body {
    registers: Vec<(u8, u64)>,
    _pc: u32,
    _base: u32,
}

fn scheduler() -> Scheduler<(u64, u64), Body> {
    Scheduler::new(Config {
        oracle: Oracle::seed(0),
        time: TimeSource::virtual_time(),
        time_value: |now| (0, now),
        may_cancel: false,
    })
}

#[test]
fn a_task_is_lean() {
    let body = size_of::<Body>();
    let task = size_of::<scheduler::Task<(u64, u64), Body>>() - body;
    assert!(task <= 112, "{task} bytes without the body");
}

#[test]
fn a_million_parked_tasks() {
    const TASKS: usize = 1_000_000;
    let (mut s, tr, at) = (scheduler(), &mut Off, At::default());
    s.spawn(tr, at, 0, false);
    let Next::Run { slot: main, .. } = s.next_task(tr, 0) else { panic!() };
    let channel = s.channel(tr, at, 0);
    for _ in 0..TASKS {
        let slot = s.spawn(tr, at, 1, false);
        s.task_mut(slot).body.registers.resize(16, (0, 0));
    }
    s.yield_now(tr, at);
    let mut parked = 0;
    loop {
        match s.next_task(tr, 0) {
            Next::Run { slot, .. } if slot == main => break,
            Next::Run { .. } => {
                assert_eq!(s.recv(tr, at, channel), Step::Blocked);
                parked += 1;
            }
            Next::Poll => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(parked, TASKS);
    let each = s.bytes() / TASKS + 16 * size_of::<(u8, u64)>();
    assert!(each < 456, "{each} bytes a task");
    assert!(s.close(tr, at, channel));
    s.end_task(tr, at, EndStatus::Done, (0, 0));
    let mut ended = 0;
    loop {
        match s.next_task(tr, 0) {
            Next::Run { .. } => {
                s.end_task(tr, at, EndStatus::Done, (0, 0));
                ended += 1;
            }
            Next::Poll => {}
            Next::Finished => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ended, TASKS);
    let before = s.bytes();
    for _ in 0..TASKS {
        s.spawn(tr, at, 1, false);
    }
    assert_eq!(s.bytes(), before, "the slots of ended tasks are used again");
}

#[test]
fn a_long_run_uses_no_more_memory() {
    let (mut s, tr, at) = (scheduler(), &mut Off, At::default());
    let main = s.spawn(tr, at, 0, false);
    let _ = s.next_task(tr, 0);
    let mut bytes = 0;
    for round in 0..100_000 {
        let slot = s.spawn(tr, at, 1, true);
        let future = s.handle(slot);
        assert_eq!(s.await_task(tr, at, future, true), Step::Blocked);
        loop {
            match s.next_task(tr, 0) {
                Next::Run { slot, .. } if slot == main => break,
                Next::Run { .. } => s.end_task(tr, at, EndStatus::Done, (0, round)),
                _ => {}
            }
        }
        assert_eq!(s.task(main).value, (0, round));
        if round == 10 {
            bytes = s.bytes();
        }
    }
    assert_eq!((s.bytes(), s.live()), (bytes, 1));
}
