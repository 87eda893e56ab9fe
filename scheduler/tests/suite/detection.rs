//! Who is stuck: every primitive, rings, orphans, part of a program while the rest runs on; and who is not.

use crate::driver::{Run, run, says};
use crate::parallel;
use crate::script::Program;
use scheduler::Next;
use tracer::event::Kind;
use tracer::finding::Verdict;

fn check(text: &str, expected: &str) -> Run {
    let run = run(text, 0);
    assert_eq!(run.stuck(), expected, "of\n{text}");
    run
}

#[test]
fn a_wait_that_nobody_can_end_is_found_in_every_primitive() {
    let cases = [
        ("chan x 0; recv x", "recv"),
        ("chan x 0; send x 1", "send"),
        ("chan x 1; send x 1; send x 1", "send"),
        ("chan x 0; select recv:x send:x:1", "select"),
        ("wg x 1; wait x", "wait"),
        ("barrier x 2; arrive x", "barrier"),
        ("sem x 0; acquire x", "acquire"),
    ];
    for (ops, reason) in cases {
        check(&format!("main: {ops}"), &format!("deadlock: main {reason}"));
        // The same in a task that nobody waits for is a leak, found while main sleeps.
        let run = check(&format!("main: go a; sleep 10\na: {ops}"), &format!("leak: a {reason}"));
        assert_eq!(run.findings[0].clock, run.findings[0].tasks[0].since);
    }
}

#[test]
fn two_locks_in_two_orders_are_a_ring() {
    let run = check(
        "main: mutex x; mutex y; go a; lock x; yield; lock y\na: lock y; yield; lock x",
        "deadlock: main lock <a> [holds mutex from 3], a lock <main> [holds mutex from 100] ring main a",
    );
    let finding = &run.findings[0];
    let last_block = run.log.0.iter().rposition(|(record, _)| record.blocked()).unwrap();
    assert_eq!(finding.event, Some(last_block as u64), "the event that closed the ring");
    assert_eq!(finding.culprit.unwrap().id.0, 2);
}

#[test]
fn philosophers_are_one_ring() {
    let run = check(
        "main: mutex x; mutex y; mutex z; wg w 3; go a; go b; go c; wait w\n\
         a: lock x; yield; lock y; unlock y; unlock x; add w -1\n\
         b: lock y; yield; lock z; unlock z; unlock y; add w -1\n\
         c: lock z; yield; lock x; unlock x; unlock z; add w -1",
        "deadlock: main wait <a> <b> <c>, a lock <b> [holds mutex from 100], b lock <c> [holds mutex from 200], \
         c lock <a> [holds mutex from 300] ring a b c",
    );
    assert_eq!(run.findings[0].culprit.unwrap().id.0, 4, "main was parked before");
}

#[test]
fn rings_go_through_locks_awaits_and_once() {
    check(
        "main: mutex m; lock m; async f a; await f\na: lock m",
        "deadlock: main await <a> [holds mutex from 1], a lock <main> ring main a",
    );
    check(
        "main: once o; mutex m; lock m; go a; yield; once-begin o; once-end o\na: once-begin o; lock m; once-end o",
        "deadlock: main call_once <a> [holds mutex from 2], a lock <main> ring main a",
    );
    check("main: once o; once-begin o; once-begin o", "deadlock: main call_once <main> ring main");
    check(
        "main: rwlock x; rwlock y; go a; read x; yield; write y\na: read y; write x",
        "deadlock: main write <a> [holds rwlock from 3], a write <main> [holds rwlock from 100] ring main a",
    );
    check(
        "main: mutex m; chan c 0; lock m; go a; recv c; unlock m\na: lock m; send c 1",
        "deadlock: main recv <a> [holds mutex from 2], a lock <main> ring main a",
    );
}

#[test]
fn an_orphan_names_the_partner_that_ended() {
    let run = check("main: chan c 0; go a; recv c\na: yield; say bye; select send:c:1 default", "");
    assert_eq!(run.end, Next::Finished);
    let run = check(
        "main: chan c 0; go a; recv c; recv c\na: send c 1; yield; try-recv c; work 5",
        "deadlock: main recv (missing a)",
    );
    let finding = &run.findings[0];
    assert_eq!(finding.event.map(|event| run.log.0[event as usize].0.kind()), Some(Some(Kind::TaskEnd)));
    // The partner may have ended before the wait began.
    check("main: chan c 0; go a; recv c; recv c\na: send c 1", "deadlock: main recv (missing a)");
    check("main: chan c 1; go a; send c 1; send c 2; send c 3\na: recv c", "deadlock: main send (missing a)");
    check("main: wg w 2; go a; wait w\na: add w -1", "deadlock: main wait (missing a)");
    check("main: chan c 0; chan d 0; go a; recv c; recv d\na: send c 1", "deadlock: main recv");
}

#[test]
fn part_of_a_program_is_found_while_the_rest_runs_on() {
    let run = check(
        "main: mutex x; mutex y; go a; go b; sleep 1000; say main-lives\na: lock x; yield; lock y\nb: lock y; yield; lock x",
        "leak: a lock <b> [holds mutex from 100], b lock <a> [holds mutex from 200] ring a b",
    );
    assert_eq!(run.said, "main:main-lives");
    let found = run.log.0.iter().position(|(record, _)| record.kind() == Some(Kind::Finding)).unwrap();
    assert_eq!(run.log.0[found - 1].0.kind(), Some(Kind::Lock), "at the very event that closes it");
}

#[test]
fn unrelated_troubles_are_separate_findings() {
    check("main: go a; go b; sleep 5\na: chan p 0; recv p\nb: chan q 0; send q 1", "leak: a recv\nleak: b send");
    check("main: chan c 0; go a; go b; sleep 5\na: recv c\nb: recv c", "leak: a recv, b recv");
}

#[test]
fn whoever_joins_a_stuck_set_later_is_reported_by_itself() {
    let run = check(
        "main: mutex m; go a; sleep 5; go b; sleep 5\na: lock m; lock m\nb: lock m",
        "leak: a lock <a> [holds mutex from 100] ring a\nleak: b lock <a>",
    );
    assert_eq!(run.findings.len(), 2);
}

#[test]
fn the_verdict_is_settled_at_the_end() {
    let run =
        check("main: chan c 0; go a; sleep 5; recv c\na: chan p 0; recv p", "deadlock: a recv\ndeadlock: main recv");
    assert!(run.findings.iter().all(|finding| finding.verdict == Verdict::Deadlock));
}

#[test]
fn whoever_can_still_be_woken_is_not_stuck() {
    let cases = [
        // by a task that sleeps, and by one that only a sleeper can wake
        "main: chan c 0; go a; recv c\na: sleep 50; send c 1",
        "main: chan c 0; chan d 0; go a; go b; recv c\na: recv d; send c 1\nb: sleep 50; send d 1",
        // by a timer alone
        "main: after t 50; recv t",
        "main: ctx c - 50; done d c; recv d",
        "main: ctx p - 50; ctx c p; done d c; recv d",
        "main: chan c 0; select recv:c after:50",
        // by the owner of a lock, who sleeps
        "main: mutex m; go a; yield; lock m\na: lock m; sleep 50; unlock m",
        "main: rwlock m; go a; go a; yield; write m\na: read m; sleep 50; unread m",
        // by a task that is not yet spawned
        "main: chan c 0; go a; recv c\na: sleep 5; go b\nb: send c 1",
        // by being cancelled
        "main: chan c 0; async f a; async g b; select future:f future:g; cancel g\na: sleep 5\nb: recv c",
    ];
    for text in cases {
        let run = check(text, "");
        assert_eq!(run.end, Next::Finished, "{text}");
    }
}

#[test]
fn fellow_receivers_are_not_each_others_partners() {
    check("main: chan c 0; go a; sleep 1; recv c\na: recv c", "deadlock: main recv, a recv");
}

#[test]
fn a_channel_full_of_nothing_but_waiters_says_so() {
    let run = says("main: wg w 2; chan c 0; go a; go a; wait w\na: recv c; add w -1", "");
    assert_eq!(run.findings.len(), 1);
    assert_eq!(run.findings[0].tasks.len(), 3);
}

#[test]
fn a_long_run_does_not_spend_its_time_on_scans_and_still_finds() {
    // Long past the allowance two tasks lock in two orders: the chain of owners calls for the scan at that very event.
    let run = run(
        "main: mutex x; mutex y; chan c 0; go s; go r; go w; sleep 1000000\n\
         s: send c 1; again 40000\n\
         r: recv c; again 40000\n\
         w: sleep 100; go a; go b\n\
         a: lock x; yield; lock y\n\
         b: lock y; yield; lock x",
        0,
    );
    assert_eq!(run.stuck(), "leak: a lock <b> [holds mutex from 400], b lock <a> [holds mutex from 500] ring a b");
    let found = run.log.0.iter().position(|(record, _)| record.kind() == Some(Kind::Finding)).unwrap();
    assert_eq!(run.log.0[found - 1].0.kind(), Some(Kind::Lock));
    assert!(run.scans < 20_000, "{} scans", run.scans);
}

#[test]
fn workers_find_part_of_a_program_while_the_rest_runs_on() {
    let program = Program::parse(
        "main: mutex x; mutex y; chan c 0; wg w 1; go a; go b; go o; go m; wait w\n\
         a: lock x; sleep 10000; lock y\n\
         b: lock y; sleep 10000; lock x\n\
         o: chan p 0; recv p\n\
         m: sleep 50000; again 400; add w -1",
    );
    for workers in [1, 2, 4] {
        let run = parallel::run(&program, workers, 0);
        let found: Vec<usize> = (0..run.log.len()).filter(|&i| run.log[i].1.kind() == Some(Kind::Finding)).collect();
        let over = run.log.iter().position(|(_, record, _)| record.kind() == Some(Kind::WaitGroupDone)).unwrap();
        assert!(found.len() == 2 && found.iter().all(|&event| event < over), "{found:?} before {over}");
        let mut rings: Vec<usize> = run.findings.iter().map(|finding| finding.cycle.len()).collect();
        rings.sort_unstable();
        assert_eq!(rings, [0, 2], "an orphan and a ring");
        assert!(run.findings.iter().all(|finding| finding.verdict == Verdict::Leak), "main ends");
    }
}
