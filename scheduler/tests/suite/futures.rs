//! Futures: results, waiting, dropping, cancelling.

use crate::driver::{ends, run, says};
use scheduler::Next;
use tracer::event::{Category, Kind};

#[test]
fn a_result_is_taken_at_once_or_waited_for() {
    let run = ends("main: async f a; await f\na: say runs", "a:runs main:10");
    assert_eq!(
        run.events(|kind| kind.category() == Category::Future || matches!(kind, Kind::AsyncSpawn | Kind::TaskEnd)),
        "task.spawn-async future.await! task.end>1 task.end"
    );
    ends("main: async f a; yield; await f\na: say runs", "a:runs main:10");
}

#[test]
fn a_result_can_be_taken_only_once() {
    ends("main: async f a; await f; await f\na: yield", "main:10 main:closed");
}

#[test]
fn everybody_who_waits_gets_the_result() {
    ends("main: async f a; go b; go c; sleep 9\na: sleep 2\nb: await f\nc: await f", "b:10 c:10");
}

#[test]
fn a_dropped_future_runs_on() {
    let run = ends("main: async f a; detach f\na: say runs", "a:runs");
    assert_eq!(run.events(|kind| kind == Kind::Detach), "future.detach");
}

#[test]
fn joining_takes_as_long_as_the_slowest() {
    let run = ends(
        "main: async f a; async g b; async h c; await f; await g; await h\na: sleep 10\nb: sleep 30\nc: sleep 20",
        "main:10 main:20 main:30",
    );
    assert_eq!(run.time, 30);
}

#[test]
fn a_cancelled_task_leaves_its_wait_and_runs_its_deferred_work() {
    let run = ends(
        "main: async f a; async g b; select future:f future:g; cancel g\na: sleep 1\nb: sleep 100; say defer",
        "main:arm0=10 b:cancelled b:defer",
    );
    assert_eq!(run.time, 1, "the cancelled sleep does not hold time up");
    assert_eq!(run.events(|kind| kind == Kind::TaskCancel), "task.cancel>3");
}

#[test]
fn cancelling_takes_a_task_out_of_every_kind_of_wait() {
    let cases = [
        ("chan x 0", "recv x"),
        ("chan x 0", "send x 1"),
        ("chan x 0", "select recv:x send:x:1 after:50"),
        ("mutex x; lock x", "lock x"),
        ("rwlock x; write x", "read x"),
        ("rwlock x; read x", "write x"),
        ("wg x 1", "wait x"),
        ("barrier x 2", "arrive x"),
        ("sem x 0", "acquire x"),
        ("once x; once-begin x", "once-begin x; once-end x"),
        ("chan x 0", "sleep 50"),
    ];
    for (make, wait) in cases {
        let text = format!("main: {make}; async f a; yield; cancel f; yield; say end\na: {wait}; say never; say defer");
        let run = run(&text, 0);
        assert_eq!((run.end, run.said.as_str()), (Next::Finished, "a:cancelled a:defer main:end"), "{text}");
        assert_eq!(run.time, 0);
    }
}

#[test]
fn a_partner_that_comes_later_does_not_meet_a_cancelled_task() {
    let run = says("main: chan x 0; async f a; yield; cancel f; yield; send x 1\na: recv x", "a:cancelled");
    assert_eq!(run.stuck(), "deadlock: main send (missing a)");
    ends(
        "main: barrier x 2; async f a; yield; cancel f; go b; arrive x\na: arrive x\nb: arrive x",
        "a:cancelled b:leads",
    );
}

#[test]
fn a_cancelled_writer_lets_the_readers_behind_it_in() {
    ends(
        "main: rwlock x; read x; async f w; go r; yield; cancel f; yield; say end\nw: write x\nr: read x; say in; unread x",
        "w:cancelled r:in main:end",
    );
}

#[test]
fn what_a_cancelled_task_awaits_is_cancelled_with_it() {
    let run = ends(
        "main: async f a; sleep 1; cancel f\na: async g b; await g; say never\nb: sleep 50; say never; say defer",
        "a:cancelled b:cancelled b:defer",
    );
    assert_eq!(run.time, 1);
}

#[test]
fn a_task_that_never_ran_ends_at_once_and_a_ready_one_at_its_next_wait() {
    ends("main: async f a; cancel f\na: say never; sleep 9; say defer", "a:cancelled a:defer");
    ends(
        "main: chan x 0; async f a; yield; send x 1; cancel f\na: recv x; say got; sleep 9; say never; say defer",
        "a:1 a:got a:cancelled a:defer",
    );
}

#[test]
fn cancelling_what_has_ended_drops_its_result() {
    ends("main: async f a; yield; cancel f; await f\na: say ran", "a:ran main:closed");
}
