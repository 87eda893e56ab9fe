//! The race detector on hand-made runs: each edge of the order, and what is not ordered; and random runs against a reference that
//! compares all pairs of accesses.

use proptest::prelude::*;
use tracer::event::{BLOCKED, Kind};
use tracer::race::Racing;
use tracer::race::location::{Location, Space};
use tracer::record::Tracer;

/// A run that is written down event by event. `main` is task 1; objects have numbers from 50 on.
struct Run {
    racing: Racing,
    clock: u64,
    site: u32,
    races: usize,
}

const X: Location = Location { space: Space::Global, slot: 0, part: 0 };

impl Run {
    /// `main` has spawned tasks 2 and 3, and runs.
    fn new() -> Self {
        let mut run = Self { racing: Racing::new(None), clock: 0, site: 1, races: 0 };
        run.on(0, Kind::TaskSpawn, 1, 0);
        run.on(1, Kind::TaskSpawn, 2, 1);
        run.on(1, Kind::TaskSpawn, 3, 1);
        run
    }

    fn emit(&mut self, kind: u8, object: u32, arg: u32) {
        self.clock += 1;
        self.site += 1;
        self.racing.emit(kind, self.site, self.clock, object, arg);
    }

    /// The task goes on.
    fn switch(&mut self, task: u32) {
        if task != 0 {
            self.emit(Kind::Switch as u8, task, 1);
        }
    }

    fn on(&mut self, task: u32, kind: Kind, object: u32, arg: u32) -> &mut Self {
        self.switch(task);
        self.emit(kind as u8, object, arg);
        self
    }

    fn blocks(&mut self, task: u32, kind: Kind, object: u32) -> &mut Self {
        self.switch(task);
        self.emit(kind as u8 | BLOCKED, object, 0);
        self
    }

    fn access(&mut self, task: u32, location: Location, write: bool) -> &mut Self {
        self.switch(task);
        self.clock += 1;
        self.site += 1;
        self.racing.access(self.site, self.clock, location, write);
        self.races += self.racing.races().len();
        self
    }

    fn write(&mut self, task: u32) -> &mut Self {
        self.access(task, X, true)
    }

    fn read(&mut self, task: u32) -> &mut Self {
        self.access(task, X, false)
    }

    #[track_caller]
    fn ordered(&mut self) {
        assert_eq!(self.races, 0);
    }

    #[track_caller]
    fn races(&mut self) {
        assert!(self.races > 0);
    }
}

const O: u32 = 50;

#[test]
fn writes_conflict_with_everything_and_reads_with_writes() {
    Run::new().write(2).write(3).races();
    Run::new().write(2).read(3).races();
    Run::new().read(2).write(3).races();
    Run::new().read(2).read(3).read(1).ordered();
    Run::new().write(2).write(2).read(2).ordered();
    let other = Location::new(Space::List, 4, 1);
    Run::new().access(2, Location::new(Space::List, 4, 0), true).access(3, other, true).ordered();
    Run::new().access(2, other, true).access(3, other, true).races();
    Run::new().access(2, Location::new(Space::Record, 4, 1), true).access(3, other, true).ordered();
    Run::new()
        .access(2, Location::shape(Space::List, 4), true)
        .access(3, Location::shape(Space::List, 4), false)
        .races();
}

#[test]
fn reads_that_are_not_ordered_are_all_remembered() {
    // Task 3 reads after task 2 and then syncs with the writer; the read of task 2 does not.
    let mut run = Run::new();
    run.on(1, Kind::MutexMake, O, 0).read(2).read(3).on(3, Kind::Lock, O, 0).on(3, Kind::Unlock, O, 0);
    run.on(1, Kind::Lock, O, 0).write(1).races();
}

#[test]
fn a_spawn_comes_before_the_child_and_nothing_later_does() {
    let mut run = Run::new();
    run.write(1).on(1, Kind::TaskSpawn, 4, 1).write(4).ordered();
    Run::new().on(1, Kind::TaskSpawn, 4, 1).write(1).write(4).races();
    Run::new().on(1, Kind::TaskSpawn, 4, 1).write(4).write(1).races();
    Run::new().on(1, Kind::AsyncSpawn, 4, 1).write(4).write(1).races();
}

#[test]
fn the_end_of_a_task_comes_before_who_awaits_it() {
    Run::new().write(2).on(2, Kind::TaskEnd, 0, 0).on(1, Kind::Await, 2, 0).write(1).ordered();
    Run::new().blocks(1, Kind::Await, 2).write(2).on(2, Kind::TaskEnd, 1, 0).write(1).ordered();
    Run::new().write(2).on(2, Kind::TaskEnd, 0, 0).write(1).races();
    Run::new().write(2).on(2, Kind::TaskEnd, 0, 0).on(1, Kind::Await, 3, 0).write(1).races();
    // Two wait; the record names one, a further one tells of the other.
    let mut run = Run::new();
    run.blocks(1, Kind::Await, 2).blocks(3, Kind::Await, 2).write(2).on(2, Kind::TaskEnd, 1, 0).on(0, Kind::Wake, 3, 0);
    run.write(3).ordered();
}

#[test]
fn an_unbuffered_send_and_its_receive_are_ordered_both_ways() {
    for sender_waits in [true, false] {
        let meet = |run: &mut Run| {
            if sender_waits {
                run.blocks(2, Kind::Send, O).on(3, Kind::Recv, O, 2);
            } else {
                run.blocks(3, Kind::Recv, O).on(2, Kind::Send, O, 3);
            }
        };
        let mut run = Run::new();
        run.on(1, Kind::ChanMake, O, 0).write(2);
        meet(&mut run);
        run.write(3).ordered();
        let mut run = Run::new();
        run.on(1, Kind::ChanMake, O, 0).write(3);
        meet(&mut run);
        run.write(2).ordered();
        let mut run = Run::new();
        run.on(1, Kind::ChanMake, O, 0);
        meet(&mut run);
        run.write(2).write(3).races();
    }
}

#[test]
fn a_buffered_send_comes_before_its_receive_only() {
    let channel = |capacity| {
        let mut run = Run::new();
        run.on(1, Kind::ChanMake, O, capacity);
        run
    };
    channel(2).write(2).on(2, Kind::Send, O, 0).on(3, Kind::Recv, O, 0).write(3).ordered();
    // What comes after the send is not ordered, and the receive does not come before what follows the send.
    channel(2).on(2, Kind::Send, O, 0).write(2).on(3, Kind::Recv, O, 0).write(3).races();
    channel(2).write(3).on(2, Kind::Send, O, 0).on(3, Kind::Recv, O, 0).write(2).races();
    // The first value is from task 1, the second from task 2: who gets the first knows nothing of task 2.
    let mut run = channel(2);
    run.on(1, Kind::Send, O, 0).write(2).on(2, Kind::Send, O, 0).on(3, Kind::Recv, O, 0).write(3).races();
    let mut run = channel(2);
    run.on(1, Kind::Send, O, 0).write(2).on(2, Kind::Send, O, 0);
    run.on(3, Kind::Recv, O, 0).on(3, Kind::Recv, O, 0).write(3).ordered();
}

#[test]
fn the_kth_receive_comes_before_the_send_that_uses_its_room() {
    let full = || {
        let mut run = Run::new();
        run.on(1, Kind::ChanMake, O, 1).on(2, Kind::Send, O, 0).write(3).on(3, Kind::Recv, O, 0);
        run
    };
    full().on(2, Kind::Send, O, 0).write(2).ordered();
    full().write(2).races();
    // Capacity 2: the second send still has room of its own.
    let mut run = Run::new();
    run.on(1, Kind::ChanMake, O, 2).on(2, Kind::Send, O, 0).write(3).on(3, Kind::Recv, O, 0);
    run.on(2, Kind::Send, O, 0).write(2).races();
    // A sender that waited for room goes on when the receive makes some.
    let mut run = Run::new();
    run.on(1, Kind::ChanMake, O, 1).on(2, Kind::Send, O, 0).blocks(2, Kind::Send, O).write(3).on(3, Kind::Recv, O, 2);
    run.write(2).ordered();
    // A receiver that waited gets the value at once.
    let mut run = Run::new();
    run.on(1, Kind::ChanMake, O, 1).blocks(3, Kind::Recv, O).write(2).on(2, Kind::Send, O, 3).write(3).ordered();
}

#[test]
fn a_close_comes_before_a_receive_that_finds_it_closed() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::ChanMake, O, 0);
        run
    };
    made().write(2).on(2, Kind::Close, O, 0).on(3, Kind::RecvClosed, O, 0).write(3).ordered();
    made().blocks(3, Kind::Recv, O).write(2).on(2, Kind::Close, O, 1).on(0, Kind::Wake, 3, O).write(3).ordered();
    // A send that finds it closed learns nothing, nor does an attempt that fails.
    made().write(2).on(2, Kind::Close, O, 0).on(3, Kind::SendClosed, O, 0).write(3).races();
    made().blocks(3, Kind::Send, O).write(2).on(2, Kind::Close, O, 1).on(0, Kind::Wake, 3, O).write(3).races();
    made().write(2).on(3, Kind::TryRecvEmpty, O, 0).write(3).races();
    made().on(2, Kind::Close, O, 0).write(2).on(3, Kind::RecvClosed, O, 0).write(3).races();
}

#[test]
fn an_unlock_comes_before_the_next_lock() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::MutexMake, O, 0).on(1, Kind::MutexMake, O + 1, 0);
        run
    };
    let mut run = made();
    run.on(2, Kind::Lock, O, 0).write(2).on(2, Kind::Unlock, O, 0).on(3, Kind::Lock, O, 0).write(3).ordered();
    let mut run = made();
    run.on(2, Kind::Lock, O, 0).blocks(3, Kind::Lock, O).write(2).on(2, Kind::Unlock, O, 3).write(3).ordered();
    let mut run = made();
    run.on(2, Kind::Lock, O, 0).write(2).on(2, Kind::Unlock, O, 0).on(3, Kind::Lock, O + 1, 0).write(3).races();
    let mut run = made();
    run.on(2, Kind::Lock, O, 0).on(2, Kind::Unlock, O, 0).write(2).on(3, Kind::Lock, O, 0).write(3).races();
    made().on(2, Kind::Lock, O, 0).write(2).on(3, Kind::TryLockFail, O, 0).write(3).races();
}

#[test]
fn readers_of_a_lock_are_ordered_by_writers_only() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::RwMake, O, 0);
        run
    };
    let mut run = made();
    run.on(2, Kind::WriteLock, O, 0)
        .write(2)
        .on(2, Kind::WriteUnlock, O, 0)
        .on(3, Kind::ReadLock, O, 0)
        .read(3)
        .ordered();
    let mut run = made();
    run.on(2, Kind::ReadLock, O, 0)
        .read(2)
        .on(2, Kind::ReadUnlock, O, 0)
        .on(3, Kind::WriteLock, O, 0)
        .write(3)
        .ordered();
    let mut run = made();
    run.on(2, Kind::ReadLock, O, 0).write(2).on(2, Kind::ReadUnlock, O, 0).on(3, Kind::ReadLock, O, 0).read(3).races();
    // Hand-overs: to a writer, and to several readers.
    let mut run = made();
    run.on(2, Kind::ReadLock, O, 0)
        .blocks(3, Kind::WriteLock, O)
        .read(2)
        .on(2, Kind::ReadUnlock, O, 3)
        .write(3)
        .ordered();
    let mut run = made();
    run.on(2, Kind::WriteLock, O, 0).blocks(3, Kind::ReadLock, O).blocks(1, Kind::ReadLock, O).write(2);
    run.on(2, Kind::WriteUnlock, O, 3).on(0, Kind::Wake, 1, O).read(3).read(1).ordered();
}

#[test]
fn counting_down_comes_before_a_wait_that_sees_zero() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::WaitGroupMake, O, 0).on(1, Kind::WaitGroupAdd, O, 2);
        run
    };
    let mut run = made();
    run.read(2).on(2, Kind::WaitGroupDone, O, 1).read(3).on(3, Kind::WaitGroupDone, O, 0).on(
        1,
        Kind::WaitGroupWait,
        O,
        0,
    );
    run.write(1).ordered();
    let mut run = made();
    run.blocks(1, Kind::WaitGroupWait, O).read(2).on(2, Kind::WaitGroupDone, O, 1).read(3);
    run.on(3, Kind::WaitGroupDone, O, 0).on(0, Kind::Wake, 1, O).write(1).ordered();
    // Counting down orders nothing among those who do.
    let mut run = made();
    run.write(2).on(2, Kind::WaitGroupDone, O, 1).on(3, Kind::WaitGroupDone, O, 0).write(3).races();
    let mut run = made();
    run.on(2, Kind::WaitGroupDone, O, 1).write(2).on(3, Kind::WaitGroupDone, O, 0).on(1, Kind::WaitGroupWait, O, 0);
    run.write(1).races();
}

#[test]
fn the_body_of_a_once_comes_before_whoever_finds_it_done() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::OnceMake, O, 0).on(2, Kind::OnceBegin, O, 0);
        run
    };
    let mut run = made();
    run.blocks(3, Kind::OnceBegin, O).write(2).on(2, Kind::OnceEnd, O, 1).on(0, Kind::Wake, 3, O).read(3).ordered();
    let mut run = made();
    run.write(2).on(2, Kind::OnceEnd, O, 0);
    run.switch(3);
    run.racing.observe(9, 100, O);
    run.read(3).ordered();
    made().write(2).on(2, Kind::OnceEnd, O, 0).read(3).races();
}

#[test]
fn everything_before_a_barrier_comes_before_everything_after_it() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::BarrierMake, O, 2);
        run
    };
    let pass = |run: &mut Run| {
        run.blocks(2, Kind::BarrierWait, O).on(3, Kind::BarrierWait, O, 2).on(0, Kind::Wake, 2, O);
    };
    let mut run = made();
    run.write(2);
    pass(&mut run);
    run.write(3).ordered();
    let mut run = made();
    run.write(3);
    pass(&mut run);
    run.write(2).ordered();
    let mut run = made();
    pass(&mut run);
    run.write(2).write(3).races();
    // A later round knows nothing of who is not in it.
    let mut run = made();
    pass(&mut run);
    run.write(2)
        .blocks(3, Kind::BarrierWait, O)
        .on(1, Kind::BarrierWait, O, 2)
        .on(0, Kind::Wake, 3, O)
        .write(3)
        .races();
}

#[test]
fn a_release_of_a_semaphore_comes_before_later_acquires() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::SemaphoreMake, O, 1).on(2, Kind::Acquire, O, 0);
        run
    };
    made().write(2).on(2, Kind::Release, O, 0).on(3, Kind::Acquire, O, 0).write(3).ordered();
    made().blocks(3, Kind::Acquire, O).write(2).on(2, Kind::Release, O, 3).write(3).ordered();
    made().write(2).on(3, Kind::Acquire, O, 0).write(3).races();
    made().write(2).on(2, Kind::Release, O, 0).on(3, Kind::TryAcquireFail, O, 0).write(3).races();
    // With two permits the second acquire need not wait for a release, the third has to.
    let two = || {
        let mut run = Run::new();
        run.on(1, Kind::SemaphoreMake, O, 2).on(2, Kind::Acquire, O, 1).write(2).on(2, Kind::Release, O, 0);
        run
    };
    two().on(3, Kind::Acquire, O, 0).write(3).races();
    two().on(1, Kind::Acquire, O, 0).on(3, Kind::Acquire, O, 0).write(3).ordered();
}

#[test]
fn operations_on_one_atomic_are_ordered() {
    let mut run = Run::new();
    run.on(1, Kind::AtomicMake, O, 0).write(2).on(2, Kind::Atomic, O, 1).on(3, Kind::Atomic, O, 2).write(3).ordered();
    let mut run = Run::new();
    run.on(1, Kind::AtomicMake, O, 0).on(1, Kind::AtomicMake, O + 1, 0);
    run.write(2).on(2, Kind::Atomic, O, 1).on(3, Kind::Atomic, O + 1, 2).write(3).races();
    let mut run = Run::new();
    run.on(1, Kind::AtomicMake, O, 0).on(2, Kind::Atomic, O, 1).write(2).on(3, Kind::Atomic, O, 2).write(3).races();
}

#[test]
fn a_select_is_as_its_arm() {
    // Ready at once: the commit is followed by the operation.
    let mut run = Run::new();
    run.on(1, Kind::ChanMake, O, 1).write(2).on(2, Kind::Send, O, 0);
    run.on(3, Kind::SelectCommit, O, 0).on(0, Kind::Recv, O, 0).write(3).ordered();
    // Waiting: the sender's record names the task, whose commit comes when it runs.
    let mut run = Run::new();
    run.on(1, Kind::ChanMake, O, 0).blocks(3, Kind::SelectWait, 0).on(0, Kind::SelectRecvArm, O, 0);
    run.write(2).on(2, Kind::Send, O, 3).on(3, Kind::SelectCommit, O, 0).write(3).ordered();
    // Closed while waiting to receive; while waiting to send there is nothing to learn.
    for (arm, ordered) in [(Kind::SelectRecvArm, true), (Kind::SelectSendArm, false)] {
        let mut run = Run::new();
        run.on(1, Kind::ChanMake, O, 0).blocks(3, Kind::SelectWait, 0).on(0, arm, O, 0);
        run.write(2).on(2, Kind::Close, O, 1).on(0, Kind::Wake, 3, O).on(3, Kind::SelectCommit, O, 0).write(3);
        assert_eq!(run.races == 0, ordered, "{arm:?}");
    }
    // A future that has ended: the commit names the task. It is not taken for a channel with that number.
    Run::new().write(2).on(2, Kind::TaskEnd, 0, 0).on(1, Kind::SelectCommit, 2, 0).write(1).ordered();
    let mut run = Run::new();
    run.on(1, Kind::ChanMake, 2, 1).on(1, Kind::Send, 2, 0).write(2).on(2, Kind::TaskEnd, 0, 0);
    run.on(3, Kind::SelectCommit, 2, 0).on(0, Kind::Recv, 2, 0).write(3).races();
    // The default arm and a time-out order nothing.
    Run::new().write(2).on(3, Kind::SelectDefault, 0, 0).write(3).races();
}

/// A timer fires with no task of its own.
fn fire(run: &mut Run, timer: u32, woken: u32) {
    run.clock += 1000;
    run.racing.emit(Kind::TimerFire as u8, 0, run.clock, timer, woken);
}

#[test]
fn setting_a_timer_comes_before_what_it_does() {
    let set = |before: bool| {
        let mut run = Run::new();
        if before {
            run.write(2);
        }
        // A timer's channel is made with it, at one place and time.
        run.switch(2);
        run.emit(Kind::ChanMake as u8, O, 1);
        run.racing.emit(Kind::TimerSet as u8, run.site, run.clock, O + 1, 1);
        if !before {
            run.write(2);
        }
        run
    };
    for before in [true, false] {
        for waits in [true, false] {
            let mut run = set(before);
            if waits {
                run.blocks(3, Kind::Recv, O);
                fire(&mut run, O + 1, 3);
            } else {
                fire(&mut run, O + 1, 0);
                run.on(3, Kind::Recv, O, 0);
            }
            run.write(3);
            assert_eq!(run.races == 0, before, "{before} {waits}");
        }
    }
    let mut run = Run::new();
    run.blocks(3, Kind::Sleep, O).write(2);
    fire(&mut run, O, 3);
    run.write(3).races();
}

#[test]
fn cancelling_a_context_comes_before_what_its_done_channel_tells() {
    let made = || {
        let mut run = Run::new();
        run.on(1, Kind::ContextMake, O, 0).on(1, Kind::ChanMake, O + 1, 0);
        run
    };
    let mut run = made();
    run.write(2).on(2, Kind::ContextCancel, O, 1).on(0, Kind::Close, O + 1, 0).on(3, Kind::RecvClosed, O + 1, 0);
    run.write(3).ordered();
    // The channel is asked for after the cancellation: it closes at once, by who asked.
    let mut run = made();
    run.write(2).on(2, Kind::ContextCancel, O, 1);
    run.switch(3);
    run.racing.observe(9, 100, O);
    run.write(3).ordered();
    made().write(2).on(2, Kind::ContextCancel, O, 1).write(3).races();
    // A deadline: what comes before the context was made comes before it.
    for before in [true, false] {
        let mut run = Run::new();
        if before {
            run.write(2);
        }
        run.on(2, Kind::ContextMake, O, 0).on(0, Kind::TimerSet, O + 5, 1).on(0, Kind::ChanMake, O + 6, 0);
        if !before {
            run.write(2);
        }
        run.blocks(3, Kind::Recv, O + 6);
        fire(&mut run, O + 5, 0);
        for (kind, object, arg) in [(Kind::ContextCancel, O, 2), (Kind::Close, O + 6, 1), (Kind::Wake, 3, O + 6)] {
            run.racing.emit(kind as u8, 0, run.clock, object, arg);
        }
        run.write(3);
        assert_eq!(run.races == 0, before);
    }
}

#[test]
fn a_cancelled_task_knows_what_its_canceller_did() {
    Run::new().write(1).on(1, Kind::TaskCancel, 2, 0).write(2).ordered();
    Run::new().on(1, Kind::TaskCancel, 2, 0).write(1).write(2).races();
}

#[test]
fn evidence_names_tasks_places_locks_and_last_synchronisations() {
    let mut run = Run::new();
    run.on(1, Kind::MutexMake, O, 0).on(2, Kind::Lock, O, 0);
    let locked_at = run.site;
    run.switch(2);
    run.racing.access(700, 70, X, true);
    run.switch(3);
    assert!(run.racing.access(800, 80, X, false));
    let races = run.racing.races();
    let [race] = races.as_slice() else { panic!("{races:?}") };
    let (first, second) = (&race.first, &race.second);
    assert_eq!((first.task.id.0, first.write, first.site.0, first.clock), (2, true, 700, 70));
    assert_eq!((second.task.id.0, second.write, second.site.0, second.clock), (3, false, 800, 80));
    assert_eq!((first.held.len(), second.held.len()), (1, 0));
    assert_eq!((first.held[0].0.id.0, first.held[0].1.0), (O, locked_at));
    assert_eq!(first.last.as_ref().map(|sync| (sync.kind.as_str(), sync.id.0)), Some(("mutex.lock", O)));
    assert_eq!(second.last, None);
    // The same two places again are the same race.
    run.switch(2);
    assert!(!run.racing.access(700, 90, X, true));
}

#[test]
fn tasks_that_everybody_knows_the_end_of_are_forgotten() {
    let mut run = Run::new();
    run.on(1, Kind::WaitGroupMake, O, 0);
    for task in 10..2000 {
        run.on(1, Kind::TaskSpawn, task, 1).write(task).on(task, Kind::WaitGroupDone, O, 0).on(
            task,
            Kind::TaskEnd,
            0,
            0,
        );
        run.on(1, Kind::WaitGroupWait, O, 0).write(1);
    }
    run.ordered();
    // Tasks 2 and 3 know of nobody, so nothing can be forgotten while they live.
    run.on(2, Kind::TaskEnd, 0, 0).on(3, Kind::TaskEnd, 0, 0);
    for task in 2000..8000 {
        run.on(1, Kind::TaskSpawn, task, 1).write(task).on(task, Kind::WaitGroupDone, O, 0).on(
            task,
            Kind::TaskEnd,
            0,
            0,
        );
        run.on(1, Kind::WaitGroupWait, O, 0).write(1);
    }
    run.ordered();
    assert!(run.racing.detector().order.tasks_known() < 4000, "{}", run.racing.detector().order.tasks_known());
    run.on(1, Kind::TaskSpawn, 9000, 1).write(9000).write(1).races();
}

// --- Random runs against a reference ---

/// What a step of a random run does.
#[derive(Clone, Copy, Debug)]
enum Do {
    Lock(usize),
    Unlock,
    Atomic(usize),
    Access(u32, bool),
}

fn a_run() -> impl Strategy<Value = Vec<(u32, Do)>> {
    let what = prop_oneof![
        2 => (0..2usize).prop_map(Do::Lock),
        3 => Just(Do::Unlock),
        1 => (0..2usize).prop_map(Do::Atomic),
        6 => (0..3u32, any::<bool>()).prop_map(|(place, write)| Do::Access(place, write)),
    ];
    prop::collection::vec((1..4u32, what), 0..60)
}

/// The reference: a graph of all steps, an edge for each pair that is in order, everything reached by walking; then all pairs of
/// accesses. Knows nothing of clocks.
#[derive(Default)]
struct Graph {
    before: Vec<Vec<usize>>,
    last: [Option<usize>; 4],
    released: [Vec<usize>; 4],
    accesses: Vec<(usize, u32, u32, bool)>,
}

impl Graph {
    fn step(&mut self, task: u32, also: &[usize]) -> usize {
        let step = self.before.len();
        self.before.push(self.last[task as usize].into_iter().chain(also.iter().copied()).collect());
        self.last[task as usize] = Some(step);
        step
    }

    fn is_before(&self, early: usize, late: usize) -> bool {
        let (mut pending, mut seen) = (vec![late], vec![false; self.before.len()]);
        while let Some(step) = pending.pop() {
            if step == early {
                return true;
            }
            if !std::mem::replace(&mut seen[step], true) {
                pending.extend(&self.before[step]);
            }
        }
        false
    }

    fn has_race(&self, place: u32) -> bool {
        let here: Vec<_> = self.accesses.iter().filter(|access| access.2 == place).collect();
        here.iter().enumerate().any(|(index, &&(step, task, _, write))| {
            here[index + 1..]
                .iter()
                .any(|&&(later, other, _, writes)| task != other && (write || writes) && !self.is_before(step, later))
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_race_is_found_exactly_where_two_accesses_are_not_ordered(steps in a_run()) {
        let (mut run, mut graph) = (Run::new(), Graph::default());
        for object in 0..4 {
            run.on(1, if object < 2 { Kind::MutexMake } else { Kind::AtomicMake }, O + object, 0);
        }
        // The tasks were spawned before: they begin apart.
        let (mut owner, mut held) = ([0u32; 2], [None::<usize>; 4]);
        let mut raced = [false; 3];
        for (task, what) in steps {
            let mine = held[task as usize];
            match what {
                Do::Lock(lock) if owner[lock] == 0 && mine.is_none() => {
                    (owner[lock], held[task as usize]) = (task, Some(lock));
                    run.on(task, Kind::Lock, O + lock as u32, 0);
                    let released = graph.released[lock].clone();
                    graph.step(task, &released);
                }
                Do::Unlock => {
                    if let Some(lock) = mine {
                        (owner[lock], held[task as usize]) = (0, None);
                        run.on(task, Kind::Unlock, O + lock as u32, 0);
                        let step = graph.step(task, &[]);
                        graph.released[lock].push(step);
                    }
                }
                Do::Atomic(atomic) => {
                    run.on(task, Kind::Atomic, O + 2 + atomic as u32, 0);
                    let released = graph.released[2 + atomic].clone();
                    let step = graph.step(task, &released);
                    graph.released[2 + atomic].push(step);
                }
                Do::Access(place, write) => {
                    let before = run.races;
                    run.access(task, Location::new(Space::Global, place, 0), write);
                    raced[place as usize] |= run.races > before;
                    let step = graph.step(task, &[]);
                    graph.accesses.push((step, task, place, write));
                }
                Do::Lock(_) => {}
            }
        }
        for place in 0..3 {
            prop_assert_eq!(raced[place as usize], graph.has_race(place), "place {}", place);
        }
    }
}
