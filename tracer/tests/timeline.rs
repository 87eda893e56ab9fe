//! Task states over time, drawn: `#` running, `+` ready, `<` receiving, `>` sending, `L` at a lock, `z` sleeping, `.` done.

use tracer::event::{EndStatus, Kind, TaskId};
use tracer::finding::WaitReason;
use tracer::model::state::TaskState;
use tracer::testing::{Stream, timeline};

fn check(stream: &mut Stream, cells: usize, expected: &str) {
    let end = stream.clock();
    let store = stream.store();
    let drawn = timeline(&store, 0..end, cells);
    let expected: String =
        expected.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{}\n", &line[8..])).collect();
    assert_eq!(drawn, expected, "\n{drawn}");
    assert_eq!(store.tasks().illegal_transitions(), 0);
}

#[test]
fn a_receiver_waits_for_a_sender() {
    let mut s = Stream::with_main();
    let channel = s.make(Kind::ChanMake, 3, "jobs", 0);
    let worker = s.spawn(1);
    s.wait(4).block(Kind::Recv, channel, 0);
    s.switch(worker).wait(4);
    s.emit(Kind::Send, channel, 1).wait(2).end(0);
    s.switch(1).wait(4).end(0);
    s.wait(2);
    check(
        &mut s,
        16,
        "
        main        ####<<<<++####.
          worker#1  ++++######.....
        ",
    );
}

#[test]
fn preempted_yielding_and_sleeping_tasks_take_turns() {
    let mut s = Stream::with_main();
    let a = s.spawn(1);
    let b = s.spawn(1);
    s.wait(2).emit(Kind::Preempt, 0, 0).switch(a).wait(2).emit(Kind::Yield, 0, 0);
    s.switch(b).wait(2).block(Kind::Sleep, 9, 0);
    s.switch(1).wait(2).end(0).switch(a).wait(2).end(0);
    s.wait(4).emit(Kind::TimerFire, 9, b).switch(b).wait(2).end(0);
    check(
        &mut s,
        16,
        "
        main        ##++++##........
          worker#1  ++##++++##......
          worker#2  ++++##zzzzzzzz##
        ",
    );
}

#[test]
fn a_hand_off_of_a_lock_makes_the_waiter_ready_and_the_owner() {
    let mut s = Stream::with_main();
    let mutex = s.make(Kind::MutexMake, 3, "m", 0);
    let worker = s.spawn(1);
    s.emit(Kind::Lock, mutex, 0).wait(2).emit(Kind::Yield, 0, 0);
    s.switch(worker).wait(2).block(Kind::Lock, mutex, 0);
    s.switch(1).wait(4).emit(Kind::Unlock, mutex, worker).wait(2).end(0);
    s.switch(worker).wait(2).emit(Kind::Unlock, mutex, 0).end(0);
    check(
        &mut s,
        12,
        "
        main        ##++######..
          worker#1  ++##LLLL++##
        ",
    );
}

#[test]
fn cancelled_and_panicked_tasks_end_as_such() {
    let mut s = Stream::with_main();
    let channel = s.make(Kind::ChanMake, 3, "c", 0);
    let worker = s.spawn(1);
    s.emit(Kind::Yield, 0, 0).switch(worker).wait(2).block(Kind::Recv, channel, 0);
    s.switch(1).wait(2).emit(Kind::TaskCancel, worker, 0).wait(2);
    s.emit(Kind::Yield, 0, 0).switch(worker).wait(2).emit(Kind::TaskEnd, 0, EndStatus::Cancelled as u32);
    s.switch(1).wait(2).text(Kind::Panic, "ouch").emit(Kind::TaskEnd, 0, EndStatus::Panicked as u32).wait(2);
    check(
        &mut s,
        12,
        "
        main        ++####++##X
          worker#1  ##<<++##xxx
        ",
    );
}

#[test]
fn the_tree_lists_children_below_their_parents_and_pages_through() {
    let mut s = Stream::with_main();
    let a = s.spawn(1);
    let b = s.spawn(1);
    s.emit(Kind::Yield, 0, 0).switch(a);
    let c = s.spawn(2);
    s.end(0).switch(c);
    let d = s.spawn(2);
    s.end(0);
    let store = s.store();
    let tree = store.tasks().tree(0, 100);
    let expected = [(1, 0), (a, 1), (c, 2), (d, 3), (b, 1)].map(|(task, depth)| (TaskId(task), depth));
    assert_eq!(tree, expected);
    assert_eq!(store.tasks().tree(2, 2), expected[2..4]);
}

#[test]
fn a_cell_shows_the_longest_state_its_halves_and_that_there_was_more() {
    let mut s = Stream::with_main();
    let worker = s.spawn(1);
    s.wait(60).emit(Kind::Preempt, 0, 0).switch(worker).wait(30).end(0).switch(1).wait(10);
    s.end(0).wait(100);
    let store = s.store();
    let cells = store.lane(TaskId(1), 0..200, 2);
    assert_eq!(cells[0].state, Some(TaskState::Running));
    assert_eq!(cells[0].halves, [Some(TaskState::Running), Some(TaskState::Ready)]);
    assert!(cells[0].more);
    assert_eq!(cells[1].state, Some(TaskState::Done));
    assert!(!cells[1].more);
    let times = store.times(TaskId(1), 0..100);
    assert_eq!((times.of(TaskState::Running), times.of(TaskState::Ready)), (70, 30));
}

#[test]
fn zooming_in_on_a_long_lane_agrees_with_adding_up() {
    let mut s = Stream::with_main();
    let timer = 7;
    for i in 0..20_000u64 {
        s.wait(1 + i % 3).block(Kind::Sleep, timer, 0);
        s.wait(1 + i % 5).emit(Kind::TimerFire, timer, 1).switch(1);
    }
    let end = s.clock();
    let store = s.store();
    let sleeping = TaskState::Blocked(WaitReason::Sleep);
    let whole = store.times(TaskId(1), 0..end);
    assert_eq!(whole.of(TaskState::Running) + whole.of(sleeping), end);
    for cells in [1, 7, 200] {
        let step = end / cells;
        let sum: u64 = (0..cells).map(|i| store.times(TaskId(1), i * step..(i + 1) * step).of(sleeping)).sum();
        assert_eq!(sum, store.times(TaskId(1), 0..step * cells).of(sleeping));
    }
}

#[test]
fn the_cause_of_an_event_is_what_woke_its_task_or_sent_its_value() {
    let mut s = Stream::with_main();
    let channel = s.make(Kind::ChanMake, 3, "jobs", 4);
    let worker = s.spawn(1);
    s.wait(1).emit(Kind::Yield, 0, 0).switch(worker);
    let blocked = s.ordinal();
    s.block(Kind::Recv, channel, 0).switch(1).wait(1);
    let send = s.ordinal();
    s.emit(Kind::Send, channel, worker);
    let second = s.ordinal();
    s.emit(Kind::Send, channel, 0).emit(Kind::Yield, 0, 0);
    let switch = s.ordinal();
    s.switch(worker);
    let receive = s.ordinal();
    s.emit(Kind::Recv, channel, 0);
    let output = s.ordinal();
    s.text(Kind::Output, "hello\n");
    let store = s.store();
    assert_eq!(store.cause(blocked), Some(send));
    assert_eq!(store.cause(switch), Some(send));
    assert_eq!(store.cause(receive), Some(second));
    assert_eq!(store.cause(output), Some(send));
    assert_eq!(store.cause(1_000_000), None);
}
