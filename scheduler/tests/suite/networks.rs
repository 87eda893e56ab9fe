//! Random programs whose outcome does not depend on the schedule: both runtimes must agree on it.
//!
//! They are networks in the manner of Kahn (each channel has one sender and one receiver, nobody looks whether a channel is ready), with counters
//! behind mutexes, wait groups and joins around them. Where a network stops in the middle, the same tasks are left waiting on
//! every schedule.

use crate::both::Outcome;
use crate::driver::run_program;
use crate::parallel;
use crate::script::{Op, Program};
use proptest::prelude::*;

/// A channel's ends and room.
#[derive(Clone, Debug)]
struct Edge {
    from: usize,
    to: usize,
    capacity: u32,
}

/// What a worker of the network does, beside its channels.
#[derive(Clone, Debug)]
enum Piece {
    /// To its nth outgoing channel.
    Send(usize, i64),
    /// From its nth incoming channel.
    Recv(usize),
    Critical(usize),
    Yield,
    Sleep(u64),
    Work(u64),
    Permit,
    Once,
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        6 => (0..3usize, 0..99i64).prop_map(|(nth, value)| Piece::Send(nth, value)),
        6 => (0..3usize).prop_map(Piece::Recv),
        2 => (0..2usize).prop_map(Piece::Critical),
        1 => Just(Piece::Yield),
        1 => (0..20_000u64).prop_map(Piece::Sleep),
        1 => (0..20_000u64).prop_map(Piece::Work),
        1 => Just(Piece::Permit),
        1 => Just(Piece::Once),
    ]
}

/// Names of the shared things; channels follow.
const MUTEXES: usize = 0;
const SEMAPHORE: usize = 2;
const GROUP: usize = 3;
const ONCE: usize = 4;
const CHANNELS: usize = 5;

fn ops(pieces: &[Piece], outgoing: &[usize], incoming: &[usize], closes: bool) -> Vec<Op> {
    let mut ops = Vec::new();
    for piece in pieces {
        match *piece {
            Piece::Send(nth, value) if !outgoing.is_empty() => {
                ops.push(Op::Send(outgoing[nth % outgoing.len()], value));
            }
            Piece::Recv(nth) if !incoming.is_empty() => ops.push(Op::Recv(incoming[nth % incoming.len()])),
            Piece::Send(..) | Piece::Recv(_) => {}
            Piece::Critical(mutex) => {
                ops.extend([Op::Lock(MUTEXES + mutex), Op::Yield, Op::Work(3), Op::Unlock(MUTEXES + mutex)]);
            }
            Piece::Yield => ops.push(Op::Yield),
            Piece::Sleep(time) => ops.push(Op::Sleep(time)),
            Piece::Work(ticks) => ops.push(Op::Work(ticks)),
            Piece::Permit => ops.extend([Op::Acquire(SEMAPHORE), Op::Yield, Op::Release(SEMAPHORE)]),
            Piece::Once => ops.extend([Op::OnceBegin(ONCE), Op::Yield, Op::OnceEnd(ONCE)]),
        }
    }
    if closes {
        ops.extend(outgoing.iter().map(|&channel| Op::Close(channel)));
    }
    ops
}

prop_compose! {
    fn network()(
        workers in prop::collection::vec((prop::collection::vec(piece(), 0..12), any::<bool>(), any::<bool>(), 1..4u32), 1..8),
        edges in prop::collection::vec((0..8usize, 0..8usize, 0..4u32), 0..12),
        waits in any::<bool>(),
    ) -> Program {
        let count = workers.len();
        let edges: Vec<Edge> =
            edges.into_iter().map(|(from, to, capacity)| Edge { from: from % count, to: to % count, capacity }).collect();
        let mut main = vec![
            Op::Mutex(MUTEXES), Op::Mutex(MUTEXES + 1), Op::Semaphore(SEMAPHORE, 2), Op::Once(ONCE),
            Op::WaitGroup(GROUP, workers.iter().filter(|worker| !worker.1).count() as u32),
        ];
        main.extend(edges.iter().enumerate().map(|(i, edge)| Op::Chan(CHANNELS + i, edge.capacity)));
        let first_future = CHANNELS + edges.len();
        for (i, worker) in workers.iter().enumerate() {
            main.push(if worker.1 { Op::Async(first_future + i, i + 1) } else { Op::Go(i + 1) });
        }
        main.extend((0..count).filter(|&i| workers[i].1).map(|i| Op::Await(first_future + i)));
        if waits {
            main.push(Op::Wait(GROUP));
        }
        let mut tasks = vec![("main".to_string(), main)];
        for (i, (pieces, joined, closes, rounds)) in workers.iter().enumerate() {
            let ends = |of: fn(&Edge) -> usize| -> Vec<usize> {
                (0..edges.len()).filter(|&edge| of(&edges[edge]) == i).map(|edge| CHANNELS + edge).collect()
            };
            let (outgoing, incoming) = (ends(|edge| edge.from), ends(|edge| edge.to));
            let mut all = Vec::new();
            for round in 0..*rounds {
                all.extend(ops(pieces, &outgoing, &incoming, *closes && round + 1 == *rounds));
            }
            if !joined {
                all.push(Op::Add(GROUP, -1));
            }
            tasks.push((format!("t{i}"), all));
        }
        Program { names: (0..first_future + count).map(|i| format!("n{i}")).collect(), tasks }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(500), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn networks_come_to_the_same_outcome_on_both_runtimes(program in network(), seed in 0..1000u64) {
        let alone = run_program(&program, seed);
        let expected = Outcome::of(&alone.words, alone.end, &alone.findings);
        for workers in [1, 2, 4, 8] {
            let run = parallel::run(&program, workers, seed);
            prop_assert_eq!(&Outcome::of(&run.words, run.end, &run.findings), &expected, "{} workers", workers);
        }
    }
}
