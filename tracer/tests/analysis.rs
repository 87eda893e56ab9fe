//! Profiles of runs written by hand, where every number is known, and of input that makes no sense.

use proptest::prelude::*;
use tracer::analysis;
use tracer::chunk::Chunk;
use tracer::event::{Kind, Record, TaskId};
use tracer::profile::{Profile, numbers};
use tracer::testing::Stream;
use tracer::trace::MemoryTrace;

fn profile(stream: &mut Stream) -> Profile {
    analysis::profile(&stream.trace()).unwrap()
}

/// What holds for every profile, whatever it is of.
fn check(profile: &Profile) {
    let totals = &profile.totals;
    let sum = |rows: &[tracer::profile::WaitRow]| rows.iter().map(|row| row.time.total()).fold(0, u64::saturating_add);
    let waited = totals.blocked_ns + totals.sleeping_ns;
    assert_eq!(sum(&profile.waits), waited);
    assert_eq!(sum(&profile.waits_by_object), waited);
    assert_eq!(sum(&profile.waits_by_site), waited);
    assert_eq!(profile.by_site.iter().map(|row| row.blocked_ns).fold(0, u64::saturating_add), totals.blocked_ns);
    assert!(profile.scheduling.total() <= totals.ready_ns);
    let share = |share: f64| assert!((0.0..=1.0).contains(&share), "{share}");
    profile.locks.iter().for_each(|row| share(row.held_share));
    profile.channels.iter().for_each(|row| [row.full_share, row.empty_share].into_iter().for_each(share));
    profile.workers.iter().for_each(|row| share(row.busy));
    for row in &profile.by_site {
        assert!((row.site as usize) < profile.sites.len());
    }
    for (index, frame) in profile.frames.iter().enumerate() {
        assert!(frame.caller.is_none_or(|caller| (caller as usize) < index));
    }
    for (key, number) in numbers(profile) {
        assert!(tracer::profile::numbers::key_of(&key).is_some(), "{key} is not in the table");
        assert!(number.is_finite(), "{key}");
    }
    let document = serde_json::to_string(profile).unwrap();
    assert!(serde_json::from_str::<Profile>(&document).unwrap() == *profile, "it does not come back from its document");
}

#[test]
fn totals_and_waits_of_a_hand_off() {
    let mut s = Stream::with_main();
    let jobs = s.make(Kind::ChanMake, 3, "jobs", 0);
    let worker = s.line(4).spawn(1);
    s.wait(10).line(5).block(Kind::Recv, jobs, 0);
    s.switch(worker).wait(30).line(6).emit(Kind::Send, jobs, 1).wait(5).line(7).end(0);
    s.switch(1).wait(2).line(8).end(0);
    let profile = profile(&mut s);
    check(&profile);
    let totals = &profile.totals;
    assert_eq!((totals.duration_ns, totals.tasks, totals.peak_tasks, totals.objects), (47, 2, 2, 1));
    // The worker waits 10 for main to block, main 5 for the worker to end.
    assert_eq!((totals.running_ns, totals.ready_ns, totals.blocked_ns), (47, 15, 30));
    let waits = &profile.waits_by_object[0];
    assert_eq!((waits.reason.as_str(), waits.object.as_deref(), waits.time.total()), ("recv", Some("jobs"), 30));
    let site = &profile.sites[profile.waits_by_site[0].site.unwrap() as usize];
    assert_eq!((site.file.as_str(), site.line), ("t.vex", 5));
    let numbers = numbers(&profile);
    assert_eq!((numbers["wait/recv"], numbers["wait/recv/max"], numbers["blocked/t.vex:5:5"]), (30.0, 30.0, 30.0));
    assert_eq!(numbers["count/channel send/recv"], 1.0);
}

#[test]
fn locks_tell_waits_holds_and_queues() {
    let mut s = Stream::with_main();
    let m = s.make(Kind::MutexMake, 3, "m", 0);
    let (a, b) = (s.spawn(1), s.spawn(2));
    s.emit(Kind::Lock, m, 0).wait(10).emit(Kind::Yield, 0, 0).switch(a).block(Kind::Lock, m, 0);
    s.switch(b).wait(10).block(Kind::Lock, m, 0);
    s.switch(1).wait(20).emit(Kind::Unlock, m, a).end(0);
    s.switch(a).wait(5).emit(Kind::Unlock, m, b).end(0);
    s.switch(b).wait(5).emit(Kind::Unlock, m, 0).wait(50).end(0);
    let profile = profile(&mut s);
    check(&profile);
    let lock = &profile.locks[0];
    assert_eq!((lock.name.as_str(), lock.kind.as_str(), lock.acquired, lock.contended), ("m", "mutex", 3, 2));
    assert_eq!(
        (lock.wait.total(), lock.wait.max(), lock.hold.total(), lock.longest_queue),
        (30 + 25, 30, 40 + 5 + 5, 2)
    );
    assert!((lock.held_share - 0.5).abs() < 1e-9, "{}", lock.held_share);
}

#[test]
fn channels_tell_occupancy_and_latency() {
    let mut s = Stream::with_main();
    let c = s.make(Kind::ChanMake, 3, "c", 2);
    let worker = s.spawn(1);
    s.wait(10).emit(Kind::Send, c, 0).wait(10).emit(Kind::Send, c, 0).wait(10).block(Kind::Send, c, 0);
    s.switch(worker).wait(20).emit(Kind::Recv, c, 1).wait(10).emit(Kind::Recv, c, 0).wait(20).emit(Kind::Recv, c, 0);
    s.wait(10).end(0);
    let profile = profile(&mut s);
    check(&profile);
    let channel = &profile.channels[0];
    assert_eq!((channel.sent, channel.received, channel.peak, channel.capacity), (3, 3, 2, 2));
    // Empty 10 and 10, one value 10 and 20, full 10 + 20 + 10.
    assert_eq!(
        (channel.full_share, channel.empty_share, channel.mean_length),
        (40.0 / 90.0, 20.0 / 90.0, 110.0 / 90.0)
    );
    // 10 to 50, 20 to 60, 50 (when it came into the buffer) to 80.
    assert_eq!((channel.latency.total(), channel.latency.max(), channel.send_wait.total()), (110, 40, 20));
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
    fn no_chunks_can_make_an_analysis_panic_or_its_sums_wrong(
        chunks in prop::collection::vec(
            (prop_oneof![0u64..3000, any::<u64>()], prop_oneof![0u64..1000, any::<u64>()], any::<u8>(),
             prop::collection::vec(record(), 0..400)),
            0..6),
    ) {
        let chunk = |(first, clock, task, records): &(u64, u64, u8, Vec<Record>)| {
            Chunk::of(*first, *clock, TaskId(u32::from(*task)), records, b"text")
        };
        let mut trace = Stream::with_main().trace();
        trace.chunks = chunks.iter().map(chunk).collect();
        check(&analysis::profile(&trace).unwrap());
        trace.ending = None;
        check(&analysis::profile(&trace).unwrap());
    }
}

#[test]
fn nothing_is_a_profile_too() {
    check(&analysis::profile(&MemoryTrace::default()).unwrap());
}
