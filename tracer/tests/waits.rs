//! The wait-for graph for every primitive, as edges in words.

use tracer::event::{Kind, TaskId};
use tracer::explain;
use tracer::model::waits::Graph;
use tracer::store::Store;
use tracer::testing::Stream;

/// The graph's edges, a line each.
fn edges(store: &Store, graph: &Graph) -> String {
    let mut out = String::new();
    for edge in &graph.edges {
        let (from, to) = (explain::node(store, edge.from), explain::node(store, edge.to));
        let or = if edge.alternative { " (or)" } else { "" };
        out.push_str(&format!("{from} {} {to}{or}\n", edge.relation.name()));
    }
    out
}

fn check(stream: &mut Stream, expected: &[&str], rings: &[&[u32]]) -> Store {
    let store = stream.store();
    let graph = store.waits(100);
    assert_eq!(edges(&store, &graph).lines().collect::<Vec<_>>(), expected);
    let rings: Vec<Vec<TaskId>> = rings.iter().map(|ring| ring.iter().map(|&task| TaskId(task)).collect()).collect();
    assert_eq!(graph.cycles, rings);
    // The same at the newest event, reached by replaying from a keyframe.
    let last = store.len() - 1;
    assert_eq!(store.waits_at(last, 100), graph);
    store
}

/// `main` starts workers; each runs at once up to where it blocks.
fn worker(s: &mut Stream, body: impl FnOnce(&mut Stream)) -> u32 {
    let task = s.spawn(1);
    s.wait(1).emit(Kind::Yield, 0, 0).switch(task);
    body(s);
    s.wait(1).switch(1);
    task
}

#[test]
fn receiving_sending_and_selecting() {
    let mut s = Stream::with_main();
    let a = s.make(Kind::ChanMake, 3, "a", 0);
    let b = s.make(Kind::ChanMake, 4, "b", 1);
    worker(&mut s, |s| {
        s.block(Kind::Recv, a, 0);
    });
    worker(&mut s, |s| {
        s.emit(Kind::Send, b, 0).block(Kind::Send, b, 0);
    });
    let timer = 77;
    worker(&mut s, |s| {
        s.block(Kind::SelectWait, 0, 3);
        s.emit(Kind::SelectRecvArm, a, 0).emit(Kind::SelectSendArm, b, 1).emit(Kind::SelectTimerArm, timer, 2);
    });
    s.block(Kind::SelectWait, 0, 0);
    let store = check(
        &mut s,
        &[
            "worker#1 receives from a",
            "worker#2 sends to b",
            "worker#3 receives from a (or)",
            "worker#3 sends to b (or)",
            "worker#3 waits for object 77 (or)",
        ],
        &[],
    );
    let (a, b) = (store.now().object(tracer::event::ObjectId(a)), store.now().object(tracer::event::ObjectId(b)));
    assert_eq!(a.map(|a| (a.waiting, a.waiting_to_send)), Some((2, 0)));
    assert_eq!(b.map(|b| (b.waiting, b.waiting_to_send, b.level)), Some((0, 2, 1)));
}

#[test]
fn two_locks_in_opposite_order_make_a_ring() {
    let mut s = Stream::with_main();
    let (m, n) = (s.make(Kind::MutexMake, 3, "fork", 0), s.make(Kind::MutexMake, 3, "fork", 0));
    let (one, two) = (s.spawn(2), s.spawn(2));
    s.block(Kind::Await, one, 0).switch(one).line(8).emit(Kind::Lock, m, 0).wait(1).emit(Kind::Yield, 0, 0);
    s.switch(two).emit(Kind::Lock, n, 0).wait(1).line(9).block(Kind::Lock, m, 0);
    s.switch(one).wait(1).line(14).block(Kind::Lock, n, 0);
    let store = check(
        &mut s,
        &[
            "main waits for phil#1",
            "phil#1 wants fork#2",
            "phil#2 wants fork#1",
            "fork#1 held by phil#1",
            "fork#2 held by phil#2",
        ],
        &[&[one, two]],
    );
    let graph = store.waits(100);
    assert_eq!(
        explain::sentences(&store, &graph),
        [
            "Each of phil#1 and phil#2 holds one and waits for the next. Closed by phil#1 at t.vex:14:5 when it asked for fork#2."
        ]
    );
    assert_eq!(
        explain::waiter(&store, store.now(), &graph, &graph.waiters[1]),
        "phil#1 waits to lock fork#2 since 3 ns, held by phil#2"
    );
    assert!(store.waits_at(store.len() - 2, 100).cycles.is_empty());
}

#[test]
fn locking_twice_is_a_ring_of_one() {
    let mut s = Stream::with_main();
    let m = s.make(Kind::MutexMake, 3, "m", 0);
    s.emit(Kind::Lock, m, 0).line(5).block(Kind::Lock, m, 0);
    let store = check(&mut s, &["main wants m", "m held by main"], &[&[1]]);
    let sentence =
        "main waits for itself: it waits to lock m, which it holds. Closed by main at t.vex:5:5 when it asked for m.";
    assert_eq!(explain::ring(&store, &store.waits(9), 0), sentence);
}

#[test]
fn a_writer_waits_for_readers_and_later_readers_for_the_writer() {
    let mut s = Stream::with_main();
    let lock = s.make(Kind::RwMake, 3, "table", 0);
    s.emit(Kind::ReadLock, lock, 0);
    let writer = worker(&mut s, |s| {
        s.block(Kind::WriteLock, lock, 0);
    });
    s.block(Kind::ReadLock, lock, 0);
    check(
        &mut s,
        &["main wants table", "worker#1 wants table", "table held by main", "table reserved for worker#1"],
        &[&[1, writer]],
    );
}

#[test]
fn a_reader_waits_for_the_writer_and_gets_in_with_the_others() {
    let written = |last: &dyn Fn(&mut Stream, u32, [u32; 2])| {
        let mut s = Stream::with_main();
        let lock = s.make(Kind::RwMake, 3, "table", 0);
        s.emit(Kind::WriteLock, lock, 0);
        let readers = [(); 2].map(|()| {
            worker(&mut s, |s| {
                s.block(Kind::ReadLock, lock, 0);
            })
        });
        last(&mut s, lock, readers);
        s
    };
    let mut waiting = written(&|_, _, _| {});
    check(&mut waiting, &["worker#1 wants table", "worker#2 wants table", "table held by main"], &[]);
    let mut reading = written(&|s, lock, [first, second]| {
        s.emit(Kind::WriteUnlock, lock, first).emit(Kind::Wake, second, lock).block(Kind::WriteLock, lock, 0);
    });
    check(
        &mut reading,
        &["main wants table", "table held by worker#1", "table held by worker#2", "table reserved for main"],
        &[],
    );
}

#[test]
fn wait_groups_and_barriers_say_what_is_left() {
    let mut s = Stream::with_main();
    let group = s.make(Kind::WaitGroupMake, 3, "wg", 0);
    let barrier = s.make(Kind::BarrierMake, 4, "gate", 3);
    s.emit(Kind::WaitGroupAdd, group, 4);
    worker(&mut s, |s| {
        s.block(Kind::BarrierWait, barrier, 1);
    });
    worker(&mut s, |s| {
        s.block(Kind::BarrierWait, barrier, 2);
    });
    s.block(Kind::WaitGroupWait, group, 4);
    let store = check(&mut s, &["main waits for wg", "worker#1 waits for gate", "worker#2 waits for gate"], &[]);
    let graph = store.waits(10);
    let words: Vec<String> =
        graph.waiters.iter().map(|waiter| explain::waiter(&store, store.now(), &graph, waiter)).collect();
    assert_eq!(words[0], "main waits for wait group wg since 4 ns (4 left)");
    assert_eq!(words[2], "worker#2 waits at barrier gate since 3 ns (2 of 3 arrived)");
}

#[test]
fn the_last_at_a_barrier_lets_all_go() {
    let mut s = Stream::with_main();
    let barrier = s.make(Kind::BarrierMake, 4, "gate", 2);
    let task = worker(&mut s, |s| {
        s.block(Kind::BarrierWait, barrier, 1);
    });
    s.emit(Kind::BarrierWait, barrier, 2).emit(Kind::Wake, task, barrier);
    check(&mut s, &[], &[]);
}

#[test]
fn a_once_is_run_by_its_first_caller() {
    let mut s = Stream::with_main();
    let once = s.make(Kind::OnceMake, 3, "init", 0);
    s.emit(Kind::OnceBegin, once, 0);
    let task = worker(&mut s, |s| {
        s.block(Kind::OnceBegin, once, 0);
    });
    check(&mut s, &["worker#1 wants init", "init held by main"], &[]);
    let mut s = Stream::with_main();
    let once = s.make(Kind::OnceMake, 3, "init", 0);
    s.emit(Kind::OnceBegin, once, 0);
    worker(&mut s, |s| {
        s.block(Kind::OnceBegin, once, 0);
    });
    s.emit(Kind::OnceEnd, once, 1).emit(Kind::Wake, task, once);
    check(&mut s, &[], &[]);
}

#[test]
fn permits_are_held_by_any_of_their_holders() {
    let mut s = Stream::with_main();
    let permits = s.make(Kind::SemaphoreMake, 3, "permits", 2);
    s.emit(Kind::Acquire, permits, 1);
    worker(&mut s, |s| {
        s.emit(Kind::Acquire, permits, 0).block(Kind::Acquire, permits, 0);
    });
    let store =
        check(&mut s, &["worker#1 wants permits", "permits held by main (or)", "permits held by worker#1 (or)"], &[]);
    assert_eq!(store.now().object(tracer::event::ObjectId(permits)).map(|o| o.level), Some(0));
}

#[test]
fn futures_that_await_each_other_make_a_ring() {
    let mut s = Stream::with_main();
    let (a, b) = (s.spawn(1), s.spawn(1));
    s.block(Kind::Await, a, 0).switch(a).block(Kind::Await, b, 0);
    s.switch(b).block(Kind::SelectWait, 0, 1).emit(Kind::SelectFutureArm, a, 0);
    check(
        &mut s,
        &["main waits for worker#1", "worker#1 waits for worker#2", "worker#2 waits for worker#1"],
        &[&[a, b]],
    );
}

#[test]
fn sleeping_and_finished_tasks_are_not_in_the_graph() {
    let mut s = Stream::with_main();
    let sleeper = worker(&mut s, |s| {
        s.block(Kind::Sleep, 40, 1000);
    });
    s.end(0);
    let store = check(&mut s, &[], &[]);
    assert!(store.now().task(TaskId(sleeper)).is_some());
    assert!(store.now().task(TaskId(1)).is_none());
}

#[test]
fn a_cancelled_waiter_leaves_the_queue_without_the_lock() {
    let mut s = Stream::with_main();
    let m = s.make(Kind::MutexMake, 3, "m", 0);
    s.emit(Kind::Lock, m, 0);
    let task = worker(&mut s, |s| {
        s.block(Kind::Lock, m, 0);
    });
    s.emit(Kind::TaskCancel, task, 0).emit(Kind::Unlock, m, 0);
    let store = check(&mut s, &[], &[]);
    let lock = store.now().object(tracer::event::ObjectId(m)).unwrap();
    assert_eq!((lock.waiting, lock.holds.len()), (0, 0));
}

#[test]
fn more_waiters_than_asked_for_are_counted() {
    let mut s = Stream::with_main();
    let a = s.make(Kind::ChanMake, 3, "a", 0);
    for _ in 0..5 {
        worker(&mut s, |s| {
            s.block(Kind::Recv, a, 0);
        });
    }
    let store = s.store();
    let graph = store.waits(2);
    assert_eq!((graph.waiters.len(), graph.left_out), (2, 3));
}
