//! Random programs on random schedules. What must hold for all of them:
//!
//! - changes of state are legal (`check`, by the driver),
//! - a task that a finding calls stuck never runs again (the driver asserts it at each switch),
//! - where a run ends stuck, exactly the tasks that are left are named by findings (the driver asserts it),
//! - the same seed gives the same run.

use crate::driver::run_program;
use crate::parallel;
use crate::script::{Arm, Op, Program};
use proptest::prelude::*;

/// Names 0..: channels 0 1 2, mutexes 3 4, rwlock 5, wait group 6, semaphore 7, barrier 8, once 9, context 10, its `done`
/// channel 11, futures 12 and up.
const FIRST_FUTURE: usize = 12;

/// What the tasks behind the futures of pieces do.
fn leaf() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..3usize, 0..9i64).prop_map(|(name, value)| Op::Send(name, value)),
        (0..3usize).prop_map(Op::Recv),
        (1..50u64).prop_map(Op::Sleep),
        Just(Op::Yield),
        Just(Op::Lock(3)),
        Just(Op::Unlock(3)),
        Just(Op::Recv(11)),
    ]
}

fn arm() -> impl Strategy<Value = Arm> {
    prop_oneof![
        (0..3usize).prop_map(Arm::Recv),
        (0..3usize, 0..9i64).prop_map(|(name, value)| Arm::Send(name, value)),
        (1..50u64).prop_map(Arm::After),
        Just(Arm::Recv(11)),
    ]
}

/// Stand-ins for the futures of a piece, named when the program is put together.
const FUTURES: [usize; 2] = [usize::MAX, usize::MAX - 1];

/// Scripts that pieces spawn; `Op::Async` in a piece counts from 0 among them.
const LEAVES: usize = 2;

/// Futures that begin and end in one piece.
fn futures() -> impl Strategy<Value = Vec<Op>> {
    let [p, q] = FUTURES;
    (0..LEAVES, 0..LEAVES, 1..50u64, 0..6).prop_map(move |(a, b, time, shape)| {
        let select = |arms: Vec<Arm>| Op::Select(arms, false);
        match shape {
            0 => vec![Op::Async(p, a), Op::Await(p)],
            1 => vec![Op::Async(p, a), Op::Async(p, b), Op::Await(p)],
            2 => vec![Op::Async(p, a), Op::Sleep(time), Op::Cancel(p)],
            3 => vec![Op::Async(p, a), Op::Yield, Op::Detach(p)],
            4 => vec![Op::Async(p, a), select(vec![Arm::Future(p), Arm::After(time)]), Op::Cancel(p)],
            _ => vec![
                Op::Async(p, a),
                Op::Async(q, b),
                select(vec![Arm::Future(p), Arm::Future(q)]),
                Op::Cancel(p),
                Op::Cancel(q),
            ],
        }
    })
}

/// Gives the futures of the pieces names of their own and finds their scripts.
fn settle(ops: &mut [Op], first_leaf: usize, names: &mut Vec<String>) {
    let mut current = FUTURES;
    let own = |name: &mut usize, current: &[usize; 2]| {
        if let Some(index) = FUTURES.iter().position(|future| future == name) {
            *name = current[index];
        }
    };
    for op in ops {
        match op {
            Op::Async(name, task) if FUTURES.contains(name) => {
                current[usize::MAX - *name] = names.len();
                names.push(format!("n{}", names.len()));
                own(name, &current);
                *task += first_leaf;
            }
            Op::Await(name) | Op::Cancel(name) | Op::Detach(name) => own(name, &current),
            Op::Select(arms, _) => arms.iter_mut().for_each(|arm| {
                if let Arm::Future(name) = arm {
                    own(name, &current);
                }
            }),
            _ => {}
        }
    }
}

/// One operation, or a few that belong together.
fn piece() -> impl Strategy<Value = Vec<Op>> {
    let one = prop_oneof![
        4 => (0..3usize, 0..9i64).prop_map(|(name, value)| Op::Send(name, value)),
        4 => (0..3usize).prop_map(Op::Recv),
        1 => (0..3usize).prop_map(Op::TryRecv),
        1 => (0..3usize, 0..9i64).prop_map(|(name, value)| Op::TrySend(name, value)),
        1 => (0..3usize).prop_map(Op::Close),
        1 => (1..50u64).prop_map(Op::Sleep),
        2 => Just(Op::Yield),
        1 => (1..100u64).prop_map(Op::Work),
        1 => Just(Op::Add(6, -1)),
        1 => Just(Op::Wait(6)),
        1 => Just(Op::Arrive(8)),
        1 => Just(Op::Acquire(7)),
        1 => Just(Op::Release(7)),
        1 => Just(Op::Recv(11)),
        1 => Just(Op::CancelContext(10)),
        1 => (3..5usize).prop_map(Op::TryLock),
        3 => (prop::collection::vec(arm(), 0..8), any::<bool>()).prop_map(|(arms, default)| Op::Select(arms, default)),
    ];
    let one = one.boxed();
    let inside = prop::collection::vec(one, 1..3).boxed();
    let around = move |before: Op, after: Op| {
        inside
            .clone()
            .prop_map(move |ops| [before.clone()].into_iter().chain(ops).chain([after.clone()]).collect::<Vec<Op>>())
    };
    prop_oneof![
        6 => around(Op::Yield, Op::Yield).prop_map(|ops| ops[1..ops.len() - 1].to_vec()),
        2 => around(Op::Lock(3), Op::Unlock(3)),
        2 => around(Op::Lock(4), Op::Unlock(4)),
        1 => Just(vec![Op::Lock(3), Op::Lock(4), Op::Unlock(4), Op::Unlock(3)]),
        1 => Just(vec![Op::Lock(4), Op::Yield, Op::Lock(3), Op::Unlock(3), Op::Unlock(4)]),
        1 => around(Op::Read(5), Op::Unread(5)),
        1 => around(Op::Write(5), Op::Unwrite(5)),
        1 => around(Op::OnceBegin(9), Op::OnceEnd(9)),
        2 => futures(),
    ]
}

prop_compose! {
    /// A program of fewer tasks than this, beside `main`.
    pub fn program(most: usize)(
        tasks in prop::collection::vec((prop::collection::vec(piece(), 0..5), any::<bool>()), 1..most),
        own in prop::collection::vec(piece(), 0..4),
        leaves in prop::array::uniform2(prop::collection::vec(leaf(), 0..3)),
        capacities in prop::array::uniform3(0..3u32),
        cancels in any::<bool>(),
        timeout in prop::option::of(1..100u64),
    ) -> Program {
        let mut main: Vec<Op> = (0..3).map(|i| Op::Chan(i, capacities[i])).collect();
        main.extend([Op::Mutex(3), Op::Mutex(4), Op::RwLock(5), Op::WaitGroup(6, 2), Op::Semaphore(7, 1)]);
        main.extend([Op::Barrier(8, 2), Op::Once(9), Op::Context(10, None, timeout), Op::Done(11, 10)]);
        for (i, (_, joined)) in tasks.iter().enumerate() {
            main.push(if *joined { Op::Async(FIRST_FUTURE + i, i + 1) } else { Op::Go(i + 1) });
        }
        main.extend(own.into_iter().flatten());
        for (i, (_, joined)) in tasks.iter().enumerate() {
            if *joined {
                main.push(if cancels && i % 2 == 0 { Op::Cancel(FIRST_FUTURE + i) } else { Op::Await(FIRST_FUTURE + i) });
            }
        }
        let mut names = (0..FIRST_FUTURE + tasks.len()).map(|i| format!("n{i}")).collect();
        let first_leaf = tasks.len() + 1;
        let mut all = vec![("main".to_string(), main)];
        for (i, (ops, _)) in tasks.into_iter().enumerate() {
            all.push((format!("t{}", i + 1), ops.into_iter().flatten().collect()));
        }
        all.iter_mut().for_each(|(_, ops)| settle(ops, first_leaf, &mut names));
        for (i, ops) in leaves.into_iter().enumerate() {
            all.push((format!("leaf{i}"), ops));
        }
        Program { names, tasks: all }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), failure_persistence: None, ..ProptestConfig::default() })]

    /// The same on worker threads, where `parallel` and the machine assert it: every run ends, changes of state are legal in the merged order of all
    /// workers' events, nothing called stuck runs again, and exactly what is left is called stuck.
    #[test]
    fn findings_are_true_and_complete_in_parallel(program in program(6), seed in 0..1000u64, workers in 1..9u32) {
        parallel::run(&program, workers, seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn findings_are_true_and_complete(program in program(6), seed in 0..1000u64) {
        let first = run_program(&program, seed);
        let again = run_program(&program, seed);
        prop_assert_eq!(first.log.0, again.log.0);
        prop_assert_eq!(first.said, again.said);
    }
}
