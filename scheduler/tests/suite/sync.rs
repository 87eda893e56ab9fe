//! Wait groups, once, barriers, semaphores.

use crate::driver::{ends, run};
use scheduler::Next;
use tracer::event::{Category, Kind};

#[test]
fn a_wait_group_waits_for_zero() {
    let run =
        ends("main: wg w 0; add w 2; go a; go a; wait w; say all\na: say done; add w -1", "a:done a:done main:all");
    assert_eq!(
        run.events(|kind| kind.category() == Category::Sync || kind == Kind::Wake),
        "waitgroup.make waitgroup.add waitgroup.wait! waitgroup.done waitgroup.done task.wake>1"
    );
    ends("main: wg w 0; wait w; say at-once", "main:at-once");
}

#[test]
fn a_negative_counter_is_an_error_and_changes_nothing() {
    ends("main: wg w 1; add w -2; add w -1; add w -1; wait w; say ok", "main:negative main:negative main:ok");
}

#[test]
fn once_runs_once_and_others_wait_for_it() {
    let text =
        "main: once o; go a; go a; go a; sleep 9\na: once-begin o; say runs; sleep 1; say over; once-end o; say on";
    ends(text, "a:runs a:over a:on a:on a:on");
    for seed in 0..50 {
        let run = run(text, seed);
        assert_eq!(run.said.matches("a:runs").count(), 1);
        assert!(run.said.find("a:over") < run.said.find("a:on"), "{}", run.said);
    }
}

#[test]
fn a_barrier_lets_all_go_with_the_last_and_begins_anew() {
    let text = "main: barrier b 3; go a; go a; go a; sleep 1\na: say one; arrive b; say two; arrive b; say three";
    for seed in 0..50 {
        let run = run(text, seed);
        assert_eq!(run.end, Next::Finished);
        assert_eq!(run.said.matches("leads").count(), 2);
        let phases: Vec<&str> = run.said.split(' ').filter(|word| *word != "a:leads").collect();
        let mut sorted = phases.clone();
        sorted.sort_by_key(|word| ["a:one", "a:two", "a:three"].iter().position(|phase| phase == word));
        assert_eq!(phases, sorted, "seed {seed}");
    }
}

#[test]
fn a_semaphore_hands_permits_on_in_order() {
    let run = ends(
        "main: sem s 1; acquire s; go a; go b; yield; release s; yield\na: acquire s; say in; release s\nb: acquire s; say in; release s",
        "a:in b:in",
    );
    assert_eq!(
        run.events(|kind| kind.category() == Category::Sync),
        "semaphore.make semaphore.acquire semaphore.acquire! semaphore.acquire! semaphore.release>2 \
         semaphore.release>3 semaphore.release"
    );
    ends("main: sem s 0; release s; release s; acquire s; acquire s; say ok", "main:ok");
}
