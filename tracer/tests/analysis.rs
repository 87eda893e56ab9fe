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
    let path = &profile.critical_path;
    let parts = [path.running_ns, path.ready_ns, path.sleeping_ns, path.other_ns];
    assert_eq!(path.ns, parts.into_iter().fold(0, u64::saturating_add));
    assert!(path.ns <= totals.duration_ns, "{path:?} of {}", totals.duration_ns);
    path.sites.iter().for_each(|row| share(row.share));
    profile.parallelism.shares.iter().copied().for_each(share);
    let load = &profile.parallelism;
    assert!(load.running >= 0.0 && load.running <= load.runnable, "{load:?}");
    let ran = totals.running_ns as f64 / totals.duration_ns.max(1) as f64;
    assert!((load.running - ran).abs() <= ran * 1e-6 + 1e-6, "{} and {ran}", load.running);
    for (index, row) in profile.spawn_tree.iter().enumerate() {
        assert!(row.parent.is_none_or(|parent| (parent as usize) < index));
    }
    assert_eq!(profile.spawn_tree.iter().map(|row| row.count).sum::<u64>(), totals.tasks);
    for flag in &profile.flags {
        assert!(flag.sites.iter().all(|&site| (site as usize) < profile.sites.len()), "{flag:?}");
        assert!(!flag.sentence.is_empty() && flag.event.is_none_or(|event| event < totals.events), "{flag:?}");
    }
    for width in [0, 60, 100] {
        assert!(!tracer::profile::report(profile, width).is_empty());
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

#[test]
fn the_critical_path_of_a_fork_and_join_has_exactly_the_length_of_its_longest_branch() {
    let mut s = Stream::with_main();
    let wg = s.make(Kind::WaitGroupMake, 2, "wg", 0);
    s.line(3).emit(Kind::WaitGroupAdd, wg, 2).wait(5);
    let (short, long) = (s.line(4).spawn(1), s.line(5).spawn(2));
    s.wait(3).line(6).block(Kind::WaitGroupWait, wg, 2);
    // The short branch runs for 10, the long one waits for it, runs for 7, sleeps for 100 and runs for 2.
    s.switch(short).wait(10).line(7).emit(Kind::WaitGroupDone, wg, 1).end(0);
    s.switch(long).wait(7).line(8).block(Kind::Sleep, 50, 0).wait(100).emit(Kind::TimerFire, 50, long);
    s.switch(long).wait(2).line(9).emit(Kind::WaitGroupDone, wg, 0).emit(Kind::Wake, 1, wg).end(0);
    s.wait(4).switch(1).wait(6).line(10).end(0);
    let profile = profile(&mut s);
    check(&profile);
    let path = &profile.critical_path;
    // Main 5, the long branch ready 3 + 10, running 7 + 2, asleep 100, main ready 4, running 6.
    assert_eq!((path.ns, path.running_ns, path.ready_ns, path.sleeping_ns, path.other_ns), (137, 20, 17, 100, 0));
    assert_eq!(path.handovers, 2);
    let sites: Vec<(u32, u64)> = path.sites.iter().map(|row| (profile.sites[row.site as usize].line, row.ns)).collect();
    assert_eq!(sites, [(8, 107), (10, 6), (4, 5), (9, 2)]);
}

#[test]
fn a_task_that_waits_for_a_worker_far_longer_than_the_others_is_starved() {
    let run = |last: u64| {
        let mut s = Stream::with_main();
        for wait in std::iter::repeat_n(1000, 30).chain([last]) {
            let worker = s.line(4).spawn(1);
            s.wait(wait).line(5).switch(worker).wait(10).line(6).end(0).switch(1);
        }
        s.wait(10).end(0);
        let profile = profile(&mut s);
        check(&profile);
        profile
    };
    let starved = run(20_000_000);
    let flag = &starved.flags[0];
    assert_eq!((flag.rule.as_str(), flag.about[0].as_str(), flag.ns), ("starvation", "worker#31", Some(20_000_000)));
    assert!(flag.sentence.contains("t.vex:4:5"), "{}", flag.sentence);
    assert!(run(9_000_000).flags.is_empty(), "not long enough to matter");
}

#[test]
fn a_task_that_waits_for_a_lock_far_longer_than_the_others_is_starved() {
    let mut s = Stream::with_main();
    let m = s.make(Kind::MutexMake, 3, "m", 0);
    for wait in std::iter::repeat_n(1000, 30).chain([20_000_000]) {
        let worker = s.spawn(1);
        s.line(8).emit(Kind::Lock, m, 0).switch(worker).line(5).block(Kind::Lock, m, 0);
        s.switch(1).wait(wait).emit(Kind::Unlock, m, worker).switch(worker).emit(Kind::Unlock, m, 0).end(0).switch(1);
    }
    s.end(0);
    let profile = profile(&mut s);
    check(&profile);
    let flag = profile.flags.iter().find(|flag| flag.rule == "starvation").unwrap();
    assert_eq!((flag.about.as_slice(), flag.ns), (&["worker#31".to_string(), "m".to_string()][..], Some(20_000_000)));
    assert!(flag.sentence.contains("t.vex:5:5"), "{}", flag.sentence);
}

#[test]
fn one_worker_with_all_the_work_is_overloaded() {
    let run = |shared: bool| {
        let mut s = Stream::with_main();
        let (a, b) = (s.spawn(1), s.spawn(1));
        s.wait(5);
        if shared {
            s.emit(Kind::Worker, 1, 0).switch(a).emit(Kind::Worker, 0, 1);
        }
        s.wait(60_000_000).emit(Kind::Yield, 0, 0);
        s.switch(if shared { 1 } else { a }).end(0).switch(b).end(0);
        let mut trace = s.trace();
        trace.about.workers = 2;
        let profile = analysis::profile(&trace).unwrap();
        check(&profile);
        profile.flags.iter().map(|flag| flag.rule.clone()).collect::<Vec<_>>()
    };
    assert_eq!(run(false), ["overloaded-worker"]);
    assert!(run(true).is_empty());
}

#[test]
fn stacks_are_named_once_and_used_again() {
    let mut s = Stream::with_main();
    let c = s.make(Kind::ChanMake, 3, "c", 0);
    s.line(4).emit(Kind::StackFrame, 1, 0).line(5).emit(Kind::StackFrame, 2, 1);
    s.wait(10).line(5).emit(Kind::Sample, 2, 10).wait(10).emit(Kind::Sample, 2, 10).emit(Kind::Sample, 1, 5);
    s.line(6).block(Kind::Recv, c, 0).emit(Kind::BlockedAt, 1, 0).wait(7);
    // A stack that was never named and one that calls itself are passed over.
    s.emit(Kind::Sample, 9, 5).emit(Kind::StackFrame, 7, 8).emit(Kind::StackFrame, 8, 7).emit(Kind::Sample, 7, 3);
    let profile = profile(&mut s);
    check(&profile);
    let line = |frame: u32| profile.sites[profile.frames[frame as usize].site as usize].line;
    let row = &profile.on_cpu[0];
    assert_eq!((line(row.frame), row.samples, row.ns), (5, 2, 20));
    assert_eq!(line(profile.frames[row.frame as usize].caller.unwrap()), 4);
    let row = &profile.blocked[0];
    assert_eq!((line(row.frame), row.reason.as_str(), row.count, row.ns), (4, "recv", 1, 7));
}

#[test]
fn a_recording_that_was_cut_off_raises_no_flag_of_what_is_left() {
    let mut s = Stream::with_main();
    let c = s.make(Kind::ChanMake, 3, "c", 4);
    s.emit(Kind::Send, c, 0).wait(10);
    let mut trace = s.trace();
    assert_eq!(analysis::profile(&trace).unwrap().flags[0].rule, "never-received");
    trace.ending = None;
    let profile = analysis::profile(&trace).unwrap();
    assert!(profile.flags.is_empty() && profile.ending.is_none());
    assert!(tracer::profile::report(&profile, 100).contains("cut off"));
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
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

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

#[test]
fn closing_a_channel_again_is_a_flag_with_both_places() {
    let mut s = Stream::with_main();
    let c = s.make(Kind::ChanMake, 3, "c", 0);
    s.line(4).emit(Kind::Close, c, 0).line(5).emit(Kind::CloseAgain, c, 0).wait(3).emit(Kind::CloseAgain, c, 0);
    let profile = profile(&mut s);
    check(&profile);
    let lines = |flag: &tracer::profile::Flag| -> Vec<u32> {
        flag.sites.iter().map(|&site| profile.sites[site as usize].line).collect()
    };
    let flags: Vec<_> = profile.flags.iter().map(|flag| (flag.rule.as_str(), flag.count, lines(flag))).collect();
    assert_eq!(flags, [("closed-again", 2, vec![5, 3])]);
    assert!(
        profile.flags[0].sentence.contains("2 times although it is closed already"),
        "{}",
        profile.flags[0].sentence
    );
}
