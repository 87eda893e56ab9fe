//! What the guest's collector asks for: what refers to what, and what is freed.

use scheduler::{At, Child, Config, ContextKind, Next, Oracle, Scheduler, Step, TimeSource};
use tracer::event::EndStatus;
use tracer::finding::ObjectKind;
use tracer::record::Off;

type S = Scheduler<i64, ()>;

const AT: At = At { site: 3, clock: 0 };

/// A scheduler whose main runs.
fn running() -> S {
    let mut s = S::new(Config {
        oracle: Oracle::seed(0),
        time: TimeSource::virtual_time(),
        time_value: |now| now as i64,
        may_cancel: false,
    });
    s.spawn(&mut Off, AT, 0, false);
    assert!(matches!(s.next_task(&mut Off, 0), Next::Run { .. }));
    s
}

fn children(s: &S, kind: ObjectKind, slot: u32) -> Vec<Child<i64>> {
    let mut found = Vec::new();
    s.children(kind, slot, |child| found.push(child));
    found
}

#[test]
fn objects_refer_to_their_values_and_to_each_other() {
    let mut s = running();
    let channel = s.channel(&mut Off, AT, 2);
    assert_eq!(s.send(&mut Off, AT, channel, 5), Step::Ready(()));
    assert_eq!(children(&s, ObjectKind::Channel, channel), [Child::Value(5)]);
    let mutex = s.mutex(&mut Off, AT, 6);
    assert_eq!(children(&s, ObjectKind::Mutex, mutex), [Child::Value(6)]);
    let parent = s.context(&mut Off, AT, None, ContextKind::Value("key".into(), 7));
    let child = s.context(&mut Off, AT, Some(parent), ContextKind::Plain);
    assert_eq!(children(&s, ObjectKind::Context, parent), [Child::Value(7)]);
    assert_eq!(children(&s, ObjectKind::Context, child), [Child::Object(ObjectKind::Context, parent)]);
    assert_eq!(s.context_value(child, "key"), Some(7));
    assert_eq!(s.context_value(child, "other"), None);
    let done = s.context_done(&mut Off, AT, child);
    assert_eq!(children(&s, ObjectKind::Channel, done), [Child::Object(ObjectKind::Context, child)]);
}

#[test]
fn sweeping_frees_what_is_not_wanted_and_not_in_use() {
    let mut s = running();
    let kept = s.mutex(&mut Off, AT, 1);
    let locked = s.mutex(&mut Off, AT, 2);
    let loose = s.mutex(&mut Off, AT, 3);
    assert_eq!(s.lock(&mut Off, AT, locked), Step::Ready(()));
    assert_eq!(s.sweep(ObjectKind::Mutex, |slot| slot == kept), 1);
    assert_eq!(s.count(ObjectKind::Mutex), 2);
    assert_eq!(s.sweep(ObjectKind::Mutex, |slot| slot == kept), 0, "freed only once");
    let number = s.object(ObjectKind::Mutex, kept).id;
    assert_eq!(s.mutex(&mut Off, AT, 4), loose, "the slot is used again");
    assert!(s.object(ObjectKind::Mutex, loose).id > number, "under another number");
    assert_eq!(s.object(ObjectKind::Mutex, loose).nth, 4, "the fourth made at its site");
}

#[test]
fn a_channel_with_waiters_is_in_use() {
    let mut s = running();
    let channel = s.channel(&mut Off, AT, 0);
    assert_eq!(s.recv(&mut Off, AT, channel), Step::Blocked);
    assert_eq!(s.sweep(ObjectKind::Channel, |_| false), 0);
}

#[test]
fn a_swept_timer_or_context_no_longer_moves_time() {
    let mut s = running();
    let ticker = s.ticker(&mut Off, AT, 10);
    let channel = s.timer_channel(ticker);
    s.context(&mut Off, AT, None, ContextKind::Timeout(20));
    let quiet = s.channel(&mut Off, AT, 0);
    assert_eq!(s.recv(&mut Off, AT, quiet), Step::Blocked);
    assert_eq!(s.next_task(&mut Off, 0), Next::Idle);
    assert_eq!(s.sweep(ObjectKind::Channel, |slot| slot != channel), 1);
    assert_eq!(s.sweep(ObjectKind::Timer, |_| false), 1);
    assert_eq!(s.sweep(ObjectKind::Context, |_| false), 1);
    assert_eq!(s.next_task(&mut Off, 0), Next::Stuck);
}

#[test]
fn a_slot_used_again_is_no_child_of_its_predecessors_parent() {
    let mut s = running();
    let parent = s.context(&mut Off, AT, None, ContextKind::Plain);
    let child = s.context(&mut Off, AT, Some(parent), ContextKind::Plain);
    assert_eq!(s.sweep(ObjectKind::Context, |slot| slot == parent), 1);
    let root = s.context(&mut Off, AT, None, ContextKind::Plain);
    assert_eq!(root, child);
    s.cancel_context(&mut Off, AT, parent, scheduler::Cause::Cancelled);
    assert_eq!(s.context_cause(root), None);
}

#[test]
fn results_that_nobody_can_ask_for_are_forgotten() {
    let mut s = running();
    let main = s.current();
    let ended = s.spawn(&mut Off, AT, 1, true);
    let running = s.spawn(&mut Off, AT, 1, true);
    let future = s.handle(ended);
    s.yield_now(&mut Off, AT);
    assert!(matches!(s.next_task(&mut Off, 0), Next::Run { slot, .. } if slot == ended));
    s.end_task(&mut Off, AT, EndStatus::Done, 9);
    let mut found = Vec::new();
    s.in_flight(ended, |child| found.push(child));
    assert_eq!(found, [Child::Value(9)], "the result is in flight");
    assert_eq!(s.sweep_tasks(|_| true), 0);
    assert_eq!(s.sweep_tasks(|_| false), 1);
    assert!(!s.task(running).joinable(), "a task that has not ended is detached");
    assert!(matches!(s.next_task(&mut Off, 0), Next::Run { slot, .. } if slot == running));
    s.end_task(&mut Off, AT, EndStatus::Done, 9);
    assert!(matches!(s.next_task(&mut Off, 0), Next::Run { slot, .. } if slot == main));
    assert_eq!(s.await_task(&mut Off, AT, future, true), Step::Closed);
}

#[test]
fn a_parked_select_keeps_what_it_offers() {
    let mut s = running();
    let main = s.current();
    let channel = s.channel(&mut Off, AT, 0);
    s.select_block(&mut Off, AT, &[scheduler::Arm::Send(channel, 42)]);
    let mut found = Vec::new();
    s.in_flight(main, |child| found.push(child));
    assert!(found.contains(&Child::Value(42)) && found.contains(&Child::Object(ObjectKind::Channel, channel)));
}
