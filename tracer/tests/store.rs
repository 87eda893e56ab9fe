//! Channels, locks, memory limits, keyframes, and input that makes no sense.

use proptest::prelude::*;
use std::sync::Arc;
use tracer::chunk::Chunk;
use tracer::dump;
use tracer::event::{Kind, ObjectId, Record, TaskId};
use tracer::explain;
use tracer::model::channels::Occupancy;
use tracer::model::now::Now;
use tracer::program::ProgramInfo;
use tracer::store::Store;
use tracer::testing::Stream;

fn strip(store: &Store, channel: u32, end: u64, cells: usize) -> String {
    let cell = |cell: &Option<Occupancy>| match cell {
        None => "-".to_string(),
        Some(o) if o.min == o.max => format!("{}", o.last),
        Some(o) => format!("{}..{}:{}", o.min, o.max, o.last),
    };
    store.occupancy(ObjectId(channel), 0..end, cells).iter().map(cell).collect::<Vec<_>>().join(" ")
}

#[test]
fn occupancy_shows_lowest_highest_and_last_of_each_cell() {
    let mut s = Stream::with_main();
    s.wait(10);
    let jobs = s.make(Kind::ChanMake, 3, "jobs", 4);
    s.wait(2).emit(Kind::Send, jobs, 0).wait(2).emit(Kind::Send, jobs, 0).wait(6);
    s.emit(Kind::Send, jobs, 0).wait(5).emit(Kind::Recv, jobs, 0).wait(15).emit(Kind::Recv, jobs, 0).wait(0).end(0);
    let end = s.clock();
    let store = s.store();
    assert_eq!(strip(&store, jobs, end, 4), "- 0..2:2 2..3:2 2");
    assert_eq!(strip(&store, jobs, end * 2, 4), "0..2:2 2..3:2 1 -");
    assert_eq!(strip(&store, jobs, end, 1), "0..3:2");
    let channel = store.channels().get(ObjectId(jobs)).unwrap();
    assert_eq!((channel.sent, channel.received, channel.peak, channel.capacity), (3, 2, 3, 4));
}

#[test]
fn hand_offs_count_as_sent_and_received_and_fill_nothing() {
    let mut s = Stream::with_main();
    let rendezvous = s.make(Kind::ChanMake, 3, "c", 0);
    let worker = s.spawn(1);
    s.block(Kind::Recv, rendezvous, 0).switch(worker).wait(5).emit(Kind::Send, rendezvous, 1);
    s.wait(3).block(Kind::Send, rendezvous, 0).switch(1).wait(1).emit(Kind::Recv, rendezvous, worker);
    s.wait(1).emit(Kind::Close, rendezvous, 0);
    let store = s.store();
    let channel = store.channels().get(ObjectId(rendezvous)).unwrap();
    assert_eq!((channel.sent, channel.received, channel.peak), (2, 2, 0));
    assert_eq!((channel.waits, channel.wait_ticks, channel.closed), (2, 6, Some(10)));
}

#[test]
fn a_full_buffer_passes_values_on_in_order() {
    let mut s = Stream::with_main();
    let c = s.make(Kind::ChanMake, 3, "c", 1);
    let worker = s.spawn(1);
    let first = s.ordinal();
    s.emit(Kind::Send, c, 0);
    let second = s.ordinal();
    s.block(Kind::Send, c, 0).switch(worker);
    let receives = [s.ordinal(), s.ordinal() + 1];
    s.emit(Kind::Recv, c, 1).emit(Kind::Recv, c, 0);
    let store = s.store();
    assert_eq!(receives.map(|receive| store.cause(receive)), [Some(first), Some(second)]);
    let channel = store.channels().get(ObjectId(c)).unwrap();
    assert_eq!((channel.sent, channel.received, store.now().object(ObjectId(c)).unwrap().level), (2, 2, 0));
}

#[test]
fn locks_tell_contention_and_times() {
    let mut s = Stream::with_main();
    let m = s.make(Kind::MutexMake, 3, "m", 0);
    let worker = s.spawn(1);
    s.emit(Kind::Lock, m, 0).wait(10).emit(Kind::Yield, 0, 0).switch(worker).block(Kind::Lock, m, 0);
    s.switch(1).wait(20).emit(Kind::Unlock, m, worker).end(0).switch(worker).wait(5).emit(Kind::Unlock, m, 0);
    let store = s.store();
    let lock = store.locks().get(ObjectId(m)).unwrap();
    assert_eq!((lock.acquired, lock.contended, lock.wait_ticks, lock.hold_ticks), (2, 1, 20, 35));
    assert_eq!((lock.longest_wait, lock.longest_hold), (20, 30));
}

#[test]
fn the_state_at_any_event_is_that_of_a_run_which_ended_there() {
    let mut s = busy(3000);
    let store = s.store();
    assert!(store.len() > 100_000);
    let mut now = Now::default();
    let probes: Vec<u64> = (0..40).map(|i| (i * 7919 + i * i * 31) % store.len()).collect();
    for event in store.events(0..store.len()) {
        now.apply(&event, &mut ());
        if probes.contains(&event.ordinal) {
            let then = store.at(event.ordinal);
            assert!(then.tasks().eq(now.tasks()) && then.objects().eq(now.objects()), "at {}", event.ordinal);
            assert_eq!(then.counts(), now.counts());
        }
    }
}

/// Records a run again, into another store.
fn copy(whole: &Store, small: &mut Store) {
    for start in (0..whole.len()).step_by(4000) {
        let records: Vec<Record> = whole
            .events(start..start + 4000)
            .scan(whole.event(start.saturating_sub(1)).map_or(0, |event| event.clock), |clock, event| {
                let delta = (event.clock - std::mem::replace(clock, event.clock)) as u32;
                Some(Record::new(
                    event.kind as u8 | (event.blocked as u8) << 7,
                    event.site.0,
                    delta,
                    event.object,
                    event.arg,
                ))
            })
            .collect();
        small.push(&Chunk::of(start, 0, TaskId(0), &records, b""));
    }
}

/// Workers that sleep, lock and talk, round after round.
fn busy(rounds: u32) -> Stream {
    let mut s = Stream::with_main();
    let (c, m) = (s.make(Kind::ChanMake, 3, "c", 8), s.make(Kind::MutexMake, 4, "m", 0));
    let workers: Vec<u32> = (0..10).map(|_| s.spawn(1)).collect();
    s.wait(1).block(Kind::Await, workers[0], 0);
    for round in 0..rounds {
        for &worker in &workers {
            s.switch(worker).wait(1).emit(Kind::Lock, m, 0).emit(Kind::Unlock, m, 0);
            s.emit(if (round + worker) % 2 == 0 { Kind::Send } else { Kind::Recv }, c, 0);
            s.emit(Kind::Yield, 0, 0);
        }
    }
    s
}

#[test]
fn a_limit_forgets_the_oldest_and_keeps_the_rest_right() {
    let mut s = busy(3000);
    let whole = s.store();
    let mut s = busy(3000);
    s.line(0);
    let program = Arc::clone(whole.program());
    let mut small = Store::new(program).with_limit(400_000);
    copy(&whole, &mut small);
    assert_eq!(small.len(), whole.len());
    assert_eq!(small.dropped(), small.first());
    assert!((small.len() - small.first()) * 16 <= 400_000);
    let (from, to) = (small.start_time() + 1, small.end_time());
    for task in [1, 2, 11] {
        assert_eq!(small.lane(TaskId(task), from..to, 50), whole.lane(TaskId(task), from..to, 50));
    }
    assert_eq!(small.occupancy(ObjectId(1), from..to, 50), whole.occupancy(ObjectId(1), from..to, 50));
    let middle = (small.first() + small.len()) / 2;
    assert!(small.at(middle).tasks().eq(whole.at(middle).tasks()));
    assert_eq!(small.cause(middle), whole.cause(middle));
}

#[test]
fn tasks_that_are_over_are_forgotten_and_their_children_move_up() {
    let mut s = Stream::with_main();
    let mut last = 1;
    // A chain: each task spawns the next and ends.
    for _ in 0..20_000 {
        let next = s.spawn(1);
        s.wait(1).end(0).switch(next);
        last = next;
    }
    let leaves = [s.spawn(2), s.spawn(2)];
    let whole = s.store();
    let mut small = Store::new(Arc::clone(whole.program())).with_limit(100_000);
    copy(&whole, &mut small);
    assert_eq!((small.tasks().created(), whole.tasks().len()), (20_003, 20_003));
    assert!(small.tasks().len() < 3000);
    let tree = small.tasks().tree(0, usize::MAX);
    assert_eq!(tree.len(), small.tasks().len());
    let depth = |task: u32| tree.iter().find(|(id, _)| id.0 == task).map(|&(_, depth)| depth as usize);
    assert_eq!(depth(last), Some(small.tasks().len() - 3));
    assert_eq!(leaves.map(&depth), [depth(last).map(|depth| depth + 1); 2]);
    assert_eq!(small.task_name(TaskId(last)), whole.task_name(TaskId(last)));
}

/// Everything that a view may ask for, of a store that may hold anything.
fn ask(store: &Store) {
    let mut out = Vec::new();
    let _ = dump::dump(store, 0..u64::MAX, &mut out);
    let _ = dump::dump_hash(store);
    let end = store.end_time();
    for (task, _) in store.tasks().tree(0, 50) {
        let _ = (store.lane(task, 0..end, 20), store.task_name(task));
    }
    for (channel, _) in store.channels().iter().take(50) {
        let _ = (store.occupancy(channel, 0..end.saturating_add(5), 20), store.object_name(channel));
    }
    for ordinal in [store.first(), store.first() + 3, store.len() / 2, store.len()] {
        let _ = (store.cause(ordinal), store.event(ordinal), store.time_of(ordinal));
        let graph = store.waits_at(ordinal, 100);
        let _ = (graph.nodes(), explain::sentences(store, &graph));
        let now = store.at(ordinal);
        for waiter in &graph.waiters {
            let _ = explain::waiter(store, &now, &graph, waiter);
        }
        let _ = (now.counts().alive(), now.counts().blocked());
    }
    for time in [0, end / 2, end, u64::MAX] {
        let _ = store.ordinal_at(time);
    }
}

/// Records that look like real ones more often than bytes would.
fn record() -> impl Strategy<Value = Record> {
    let small = prop_oneof![4 => 0u32..6, 1 => any::<u32>()];
    let kind = prop_oneof![9 => (0..Kind::ALL.len()).prop_map(|i| Kind::ALL[i] as u8), 1 => any::<u8>()];
    let blocked = prop_oneof![Just(0u8), Just(0x80)];
    let delta = prop_oneof![4 => 0u32..100, 1 => any::<u32>()];
    (kind, blocked, 0u32..50, delta, small.clone(), small)
        .prop_map(|(kind, blocked, site, delta, object, arg)| Record::new(kind | blocked, site, delta, object, arg))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_chunks_can_make_a_store_panic(
        chunks in prop::collection::vec(
            (prop_oneof![0u64..3000, any::<u64>()], prop_oneof![0u64..1000, any::<u64>()], any::<u8>(),
             prop::collection::vec(record(), 0..400), prop::collection::vec(any::<u8>(), 0..40)),
            0..6),
        limit in prop_oneof![Just(None), (0usize..5000).prop_map(Some)],
    ) {
        let mut store = Store::new(Arc::new(ProgramInfo::default()));
        if let Some(limit) = limit {
            store = store.with_limit(limit);
        }
        for (first, clock, task, records, text) in &chunks {
            store.push(&Chunk::of(*first, *clock, TaskId(*task as u32), records, text));
        }
        ask(&store);
    }

    #[test]
    fn no_bytes_can_make_a_store_panic(words in prop::collection::vec(any::<[u32; 4]>(), 0..2000)) {
        let records: Vec<Record> = words
            .iter()
            .map(|&[kind_site, clock_delta, object, arg]| Record { kind_site, clock_delta, object, arg })
            .collect();
        let store = Store::of(Arc::new(ProgramInfo::default()), &[Chunk::of(0, 0, TaskId(0), &records, b"text")]);
        ask(&store);
    }
}
