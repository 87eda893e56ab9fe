//! A reference model of channels, judged by the values: many senders and receivers with plain, trying and selecting operations, and somebody who
//! closes, on four workers.
//!
//! What must hold of each channel: what is received was sent, and once only; a receiver gets each sender's values in the order in which they were
//! sent; what was sent and not received is still in the buffer, so it is no more than fits, and nothing where somebody found the channel drained
//! or waits for a value. (That the buffer is never over-full in between, and that nobody waits while his partner is there, the
//! causality checker sees in the events.)

use crate::parallel::{self, Run};
use crate::script::{Arm, Op, Program};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const CHANNELS: usize = 3;

/// What a task does; values are numbered when the program is put together.
#[derive(Clone, Debug)]
enum Act {
    Send(usize),
    TrySend(usize),
    Recv(usize),
    TryRecv(usize),
    /// Arms: a channel and whether it sends; a timeout; a default.
    Select(Vec<(usize, bool)>, Option<u64>, bool),
    Yield,
    Close(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let channel = 0..CHANNELS;
    prop_oneof![
        6 => channel.clone().prop_map(Act::Send),
        1 => channel.clone().prop_map(Act::TrySend),
        6 => channel.clone().prop_map(Act::Recv),
        1 => channel.clone().prop_map(Act::TryRecv),
        6 => (prop::collection::vec((channel, any::<bool>()), 1..4), prop::option::weighted(0.3, 1..20_000u64), prop::bool::weighted(0.2))
            .prop_map(|(arms, timeout, default)| Act::Select(arms, timeout, default)),
        2 => Just(Act::Yield),
    ]
}

prop_compose! {
    fn program()(
        tasks in prop::collection::vec(prop::collection::vec(act(), 0..30), 1..16),
        capacities in prop::array::uniform3(0..4u32),
        closes in prop::collection::vec((0..16usize, 0..30usize, 0..CHANNELS), 0..3),
    ) -> Program {
        let mut tasks = tasks;
        for (task, place, channel) in closes {
            let count = tasks.len();
            let acts = &mut tasks[task % count];
            acts.insert(place.min(acts.len()), Act::Close(channel));
        }
        let mut main: Vec<Op> = (0..CHANNELS).map(|channel| Op::Chan(channel, capacities[channel])).collect();
        main.extend((0..tasks.len()).map(|task| Op::Go(task + 1)));
        let mut scripts = vec![("main".to_string(), main)];
        for (task, acts) in tasks.into_iter().enumerate() {
            let mut value = task as i64 * 1000;
            let mut next = || {
                value += 1;
                value
            };
            let mut ops = Vec::new();
            for act in acts {
                ops.push(match act {
                    Act::Send(channel) => Op::Send(channel, next()),
                    Act::TrySend(channel) => Op::TrySend(channel, next()),
                    Act::Recv(channel) => Op::Recv(channel),
                    Act::TryRecv(channel) => Op::TryRecv(channel),
                    Act::Select(arms, timeout, default) => {
                        let arm = |(channel, sends)| if sends { Arm::Send(channel, next()) } else { Arm::Recv(channel) };
                        Op::Select(arms.into_iter().map(arm).chain(timeout.map(Arm::After)).collect(), default)
                    }
                    Act::Yield => Op::Yield,
                    Act::Close(channel) => Op::Close(channel),
                });
                // So that it can be seen how far the task came.
                ops.push(Op::Say("next".into()));
            }
            scripts.push((format!("t{task}"), ops));
        }
        Program { names: (0..CHANNELS).map(|i| format!("n{i}")).collect(), tasks: scripts }
    }
}

/// What was seen of a channel.
#[derive(Debug, Default)]
struct Seen {
    sent: BTreeSet<i64>,
    /// By receiver, in order.
    received: Vec<Vec<i64>>,
    /// Somebody found it closed and drained, or waits for a value at the end.
    empty: bool,
}

/// Follows a task's operations by its words.
fn follow(seen: &mut [Seen], ops: &[Op], words: &[&str]) {
    let mut words = words.iter().copied();
    let mut received: [Vec<i64>; CHANNELS] = Default::default();
    for pair in ops.chunks(2) {
        // The word of the operation, if it has one; and whether it came to its end.
        let (word, over) = match words.next() {
            Some("next") => ("", true),
            Some(word) => (word, words.next() == Some("next")),
            None => ("", false),
        };
        let mut got = |seen: &mut [Seen], channel: usize, word: &str| match word {
            "closed" => seen[channel].empty = true,
            value => received[channel].push(value.parse().unwrap_or_else(|_| panic!("no value: {value}"))),
        };
        match (&pair[0], word) {
            (Op::Recv(channel), "") => {
                assert!(!over, "a receive without outcome");
                seen[*channel].empty = true;
            }
            (Op::Select(arms, _), "") => {
                assert!(!over || arms.is_empty());
                for arm in arms {
                    if let Arm::Recv(channel) = arm {
                        seen[*channel].empty = true;
                    }
                }
            }
            (Op::Send(channel, value), "") if over => assert!(seen[*channel].sent.insert(*value)),
            (Op::TrySend(channel, value), "sent") => assert!(seen[*channel].sent.insert(*value)),
            (Op::Recv(channel), word) => got(seen, *channel, word),
            (Op::TryRecv(channel), word) if word != "not-now" => got(seen, *channel, word),
            (Op::Select(arms, _), word) if word != "default" => {
                let (arm, outcome) = word.split_once('=').unwrap_or((word, ""));
                let arm: usize = arm.trim_start_matches("arm").parse().unwrap_or_else(|_| panic!("no arm: {word}"));
                match (&arms[arm], outcome) {
                    (Arm::Recv(channel), outcome) => got(seen, *channel, outcome),
                    (Arm::Send(channel, value), "") => assert!(seen[*channel].sent.insert(*value)),
                    _ => {}
                }
            }
            _ => {}
        }
        if !over {
            break;
        }
    }
    for (channel, values) in received.into_iter().enumerate() {
        seen[channel].received.push(values);
    }
}

fn judge(program: &Program, run: &Run) {
    let mut words: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (_, script, word) in &run.words {
        words.entry(*script).or_default().push(word);
    }
    let mut seen: Vec<Seen> = (0..CHANNELS).map(|_| Seen::default()).collect();
    for (script, (_, ops)) in program.tasks.iter().enumerate().skip(1) {
        follow(&mut seen, ops, words.get(&script).map_or(&[], Vec::as_slice));
    }
    for (channel, seen) in seen.iter().enumerate() {
        let Op::Chan(_, capacity) = program.tasks[0].1[channel] else { panic!("main makes the channels") };
        let mut left = seen.sent.clone();
        for values in &seen.received {
            let mut newest: BTreeMap<i64, i64> = BTreeMap::new();
            for &value in values {
                assert!(left.remove(&value), "{value} was received but not sent to channel {channel}, or twice");
                let before = newest.insert(value / 1000, value);
                assert!(before < Some(value), "{value} after {before:?} from channel {channel}");
            }
        }
        let room = if seen.empty { 0 } else { capacity as usize };
        assert!(left.len() <= room, "{left:?} are lost in channel {channel} with room for {capacity}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(500), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn channels_keep_to_the_model(program in program(), seed in 0..1000u64) {
        let run = parallel::run(&program, 4, seed);
        judge(&program, &run);
    }
}
