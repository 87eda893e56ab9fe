//! Schedules: the reference one, and random ones that are repeatable and differ.

use crate::driver::{ends, run};
use crate::script::Program;
use scheduler::{At, Config, Next, Oracle, Scheduler, TimeSource};
use std::collections::BTreeSet;
use tracer::event::Kind;

const BUSY: &str = "main: chan c 2; mutex m; wg w 3; go a; go b; go c; recv c; recv c; recv c; wait w\n\
                    a: lock m; say a1; unlock m; send c 1; say a2; add w -1\n\
                    b: lock m; say b1; unlock m; send c 2; say b2; add w -1\n\
                    c: lock m; say c1; unlock m; send c 3; say c2; add w -1";

#[test]
fn the_reference_schedule_runs_each_task_until_it_waits() {
    ends(BUSY, "a:a1 a:a2 b:b1 b:b2 c:c1 c:c2 main:1 main:2 main:3");
}

#[test]
fn the_reference_schedule_never_preempts() {
    let run = ends("main: go a; work 10000000; say main\na: say a", "main:main a:a");
    assert_eq!(run.events(|kind| matches!(kind, Kind::Preempt | Kind::Switch)), "task.switch task.switch");
}

#[test]
fn yielding_goes_to_the_end_of_the_queue() {
    ends("main: go a; go b; yield; say m\na: say a; yield; say a\nb: say b; yield; say b", "a:a b:b main:m a:a b:b");
}

#[test]
fn the_same_seed_gives_the_same_stream() {
    for seed in 0..30 {
        assert_eq!(run(BUSY, seed).log.0, run(BUSY, seed).log.0, "seed {seed}");
    }
}

#[test]
fn seeds_cover_the_interleavings() {
    let orders: BTreeSet<String> = (0..200).map(|seed| run(BUSY, seed).said).collect();
    assert!(orders.len() > 60, "{} different runs of 200", orders.len());
    // Two tasks with two steps each have six interleavings; all are found.
    let text = "main: go a; go b\na: say 1; say 2\nb: say 3; say 4";
    let orders: BTreeSet<String> = (0..200).map(|seed| run(text, seed).said).collect();
    assert_eq!(orders.len(), 6, "{orders:?}");
}

#[test]
fn seeds_find_the_two_locks_in_two_orders() {
    let text = "main: mutex x; mutex y; go a; go b\na: lock x; lock y; unlock y; unlock x\nb: lock y; lock x; unlock x; unlock y";
    let stuck = (1..101).filter(|&seed| run(text, seed).end == Next::Stuck).count();
    assert!((5..95).contains(&stuck), "{stuck} of 100");
}

#[test]
fn a_fair_schedule_preempts_in_real_runs() {
    let mut s: Scheduler<i64, ()> = Scheduler::new(Config {
        oracle: Oracle::fair(),
        time: TimeSource::virtual_time(),
        time_value: |now| now as i64,
        may_cancel: false,
    });
    let tr = &mut crate::driver::Log::default();
    let a = s.spawn(tr, At::default(), 0, false);
    assert!(matches!(s.next_task(tr, 0), Next::Run { slot, .. } if slot == a));
    assert!(s.slice_end(tr, At::default()).is_some(), "alone it goes on");
    let b = s.spawn(tr, At::default(), 0, false);
    assert!(s.slice_end(tr, At::default()).is_none());
    assert!(matches!(s.next_task(tr, 0), Next::Run { slot, .. } if slot == b));
}

#[test]
fn the_host_is_asked_to_poll_in_a_run_of_short_slices() {
    let program =
        Program::parse("main: chan c 0; go a; go b; sleep 1\na: send c 1; again 20000\nb: recv c; again 20000");
    let run = crate::driver::run_program(&program, 0);
    assert!(run.polls > 1);
}
