//! What a debugger is told of a stopped run.

use crate::driver::run_by;
use crate::script::Program;
use scheduler::inspect::{Facts, Fires, ObjectState, Wants};
use scheduler::oracle::Oracle;
use tracer::finding::ObjectKind;

/// The objects of a kind at the last point where nobody runs.
fn last(text: &str, kind: ObjectKind) -> (Vec<ObjectState<i64>>, Vec<(u64, Fires)>) {
    let program = Program::parse(text);
    let mut seen = (Vec::new(), Vec::new());
    run_by(&program, Oracle::seed(0), |hand| {
        let objects: Vec<_> = hand.s.live_objects(kind).map(|(slot, _)| slot).collect();
        seen.0 = objects.iter().filter_map(|&slot| hand.s.inspect(kind, slot)).collect();
        seen.1 = hand.s.pending().iter().map(|pending| (pending.deadline, pending.fires)).collect();
    });
    seen
}

/// Who waits: number, arm, what for.
fn waiting(state: &ObjectState<i64>) -> Vec<(u32, Option<u16>, Wants<i64>)> {
    state.waiting.iter().map(|waiting| (waiting.task.0, waiting.arm, waiting.wants)).collect()
}

#[test]
fn a_channel_says_what_is_in_it_and_who_waits() {
    let text = "main: chan c 2; chan d 0; go a; go b; go s; send c 7; send c 8; recv d\na: send c 9\nb: send c 10\n\
                s: select send:c:11 send:d:3 recv:d";
    // The select's arm for `d` was taken by main: its other entries are gone.
    let (channels, _) = last(text, ObjectKind::Channel);
    let [c, d] = &channels[..] else { panic!("{channels:?}") };
    let Facts::Channel { capacity, buffered, closed, .. } = &c.facts else { panic!("{c:?}") };
    assert_eq!((*capacity, &buffered[..], *closed), (2, &[7, 8][..], false));
    assert_eq!(waiting(c), [(2, None, Wants::Send(9)), (3, None, Wants::Send(10))]);
    assert_eq!(waiting(d), []);
    let text = "main: chan c 0; chan d 0; go s; go r; yield; recv d\ns: select recv:c send:d:3 send:c:5\nr: recv d; recv c; recv c";
    let (channels, _) = last(text, ObjectKind::Channel);
    assert_eq!(waiting(&channels[0]), [(3, None, Wants::Receive)]);
    assert_eq!(waiting(&channels[1]), [(1, None, Wants::Receive)]);
}

#[test]
fn entries_of_selects_are_told_with_their_arms() {
    let text = "main: chan c 0; chan d 0; go s; go t\ns: select recv:c send:d:3\nt: select send:c:1 recv:d";
    let program = Program::parse(text);
    let mut most = Vec::new();
    run_by(&program, Oracle::seed(0), |hand| {
        let slots: Vec<_> = hand.s.live_objects(ObjectKind::Channel).map(|(slot, _)| slot).collect();
        let all: Vec<_> = slots
            .iter()
            .filter_map(|&slot| hand.s.inspect(ObjectKind::Channel, slot))
            .map(|state| waiting(&state))
            .collect();
        if all.iter().any(|waiting| !waiting.is_empty()) {
            most = all;
            assert_eq!(hand.s.arms_of(1).map(Iterator::count), Some(2));
        }
    });
    assert_eq!(most, [vec![(2, Some(0), Wants::Receive)], vec![(2, Some(1), Wants::Send(3))]]);
}

#[test]
fn locks_say_who_holds_them() {
    let (mutexes, _) = last("main: mutex m; chan c 0; go a; lock m; yield; recv c\na: lock m", ObjectKind::Mutex);
    let Facts::Mutex { owner: Some(owner), .. } = &mutexes[0].facts else { panic!("{mutexes:?}") };
    assert_eq!((owner.task.0, owner.live), (1, true));
    assert_eq!(waiting(&mutexes[0]), [(2, None, Wants::It)]);
    let text = "main: rwlock l; chan c 0; go w; go r; read l; recv c\nw: write l\nr: read l";
    let (locks, _) = last(text, ObjectKind::RwLock);
    let Facts::RwLock { readers, writer: None, .. } = &locks[0].facts else { panic!("{locks:?}") };
    assert_eq!(readers.iter().map(|reader| reader.task.0).collect::<Vec<_>>(), [1]);
    assert_eq!(waiting(&locks[0]), [(2, None, Wants::Write), (3, None, Wants::Read)]);
}

#[test]
fn timers_say_when_and_for_whom() {
    let text = "main: ticker t 50; chan c 0; go a; recv c\na: sleep 20; recv c";
    let (timers, pending) = last(text, ObjectKind::Timer);
    let Facts::Timer { period, deadline, .. } = &timers[0].facts else { panic!("{timers:?}") };
    assert_eq!(*period, Some(50));
    assert!(pending.contains(&(deadline.expect("it is set"), Fires::Timer(timers[0].slot))), "{pending:?}");
}
