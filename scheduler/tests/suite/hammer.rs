//! Many tasks on more workers than the machine has processors: nothing hangs, and what `parallel` asserts of every run holds.
//!
//! To be repeated on one processor: `taskset -c 0 cargo test -p scheduler --test suite hammer`.

use crate::parallel;
use crate::random::program;
use crate::script::Program;
use proptest::prelude::*;
use scheduler::Next;

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_hundred_tasks_at_a_few_objects(program in program(100), seed in 0..1000u64) {
        parallel::run(&program, 8, seed);
    }
}

#[test]
fn a_task_that_is_ready_runs_although_others_never_wait() {
    // Two tasks hand values to each other for as long as the run lasts; more workers than processors; the third must still come in.
    let program = Program::parse(
        "main: chan a 0; chan b 0; chan c 1; go x; go y; go z; recv c\n\
         x: send a 1; recv b; again 20000\n\
         y: recv a; send b 1; again 20000\n\
         z: yield; again 1000; send c 1",
    );
    for workers in [1, 2, 8] {
        assert_eq!(parallel::run(&program, workers, 0).end, Next::Finished);
    }
}

#[test]
fn all_wake_at_once_again_and_again() {
    // Everybody sleeps or waits most of the time: the workers go idle and are woken all the time.
    let spawns: String = (0..16).map(|i| format!("go t{i}; ")).collect();
    let mut text = format!("main: barrier b 16; wg w 16; {spawns}wait w\n");
    (0..16).for_each(|i| text += &format!("t{i}: arrive b; sleep {}; again 200; add w -1\n", i * 700));
    let program = Program::parse(&text);
    for workers in [1, 2, 3, 8, 16] {
        assert_eq!(parallel::run(&program, workers, 0).end, Next::Finished, "{workers} workers");
    }
}

#[test]
fn more_workers_than_anybody_has() {
    let program = Program::parse(
        "main: chan c 0; wg w 2; go s; go r; wait w\n\
         s: send c 1; sleep 100; again 500; add w -1\n\
         r: recv c; again 500; add w -1",
    );
    assert_eq!(parallel::run(&program, 64, 0).end, Next::Finished);
}

#[test]
fn open_locks_are_released_by_several_tasks_at_once() {
    // Who frees what another one holds lets two in at once; nobody may be lost for that, and no release be counted twice.
    let program = Program::parse(
        "main: open; mutex m; rwlock l; wg w 6; go a; go a; go b; go b; go c; go c; wait w\n\
         a: lock m; work 1; free m; again 2000; add w -1\n\
         b: read l; work 1; free-read l; write l; free-write l; again 1000; add w -1\n\
         c: free m; free-read l; free-write l; again 2000; add w -1",
    );
    for (workers, seed) in [(1, 0), (2, 1), (4, 2), (8, 3)] {
        assert_eq!(parallel::run(&program, workers, seed).end, Next::Finished, "{workers} workers");
    }
}
