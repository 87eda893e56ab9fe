//! Schedules as values: what was decided in a run, done again.

use crate::driver::{Hand, Run, run_by, run_program};
use crate::random::program;
use crate::script::Program;
use proptest::prelude::*;
use scheduler::schedule::{
    Decision, Divergence, Follow, Forced, Found, Keep, Names, Point, Schedule, Script, TaskPath, What,
};
use scheduler::{Next, Oracle};
use tracer::event::Kind;

fn names(program: &Program) -> Names {
    Names::new(program.tasks.iter().map(|task| task.0.as_str().into()))
}

fn oracle(program: &Program, schedule: &Schedule, keep: Keep, follow: Follow) -> Oracle {
    Oracle::Scripted(Box::new(Script::new(schedule, names(program), keep, follow, false)))
}

/// Runs a schedule and notes all that was decided.
fn replay(program: &Program, schedule: &Schedule) -> Run {
    run_by(program, oracle(program, schedule, Keep::Everything, Follow::Keys), |_| ())
}

fn same(run: &Run, again: &Run) {
    assert_eq!(again.divergences, []);
    let differs = run.log.0.iter().zip(&again.log.0).position(|(a, b)| a != b);
    if let Some(at) = differs {
        panic!("event {at}: {:?} became {:?}", run.log.0[at], again.log.0[at]);
    }
    assert_eq!(again.log.0.len(), run.log.0.len());
    assert_eq!((&again.said, again.end, again.time), (&run.said, run.end, run.time));
}

/// A hand that picks, lets time pass and preempts as numbers say.
fn at_random(mut numbers: Vec<u8>) -> impl FnMut(&mut Hand<'_>) {
    move |hand| {
        let Some(number) = numbers.pop() else { return };
        let ready: Vec<u32> = hand.s.ready_slots().collect();
        let default = hand.s.default_next(hand.tr);
        assert_eq!(default.is_none(), ready.is_empty());
        match number {
            0..40 => assert_eq!(hand.s.force(hand.tr, Forced::Time), hand.s.can_pass_time()),
            40..200 if !ready.is_empty() => {
                assert!(hand.s.force(hand.tr, Forced::Task(ready[number as usize % ready.len()])));
                hand.cut = (number % 3 == 0).then_some(number as u64 % 7);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_seeded_run_is_replayed_by_its_seed_and_by_its_decisions(program in program(6), seed in 0..1000u64) {
        let run = run_program(&program, seed);
        let by_seed = replay(&program, &Schedule::of_seed(seed));
        same(&run, &by_seed);
        let spelled_out = by_seed.schedule;
        prop_assert_eq!(spelled_out.seed, 0);
        let by_decisions = replay(&program, &spelled_out);
        same(&run, &by_decisions);
        prop_assert_eq!(&by_decisions.schedule, &spelled_out);
    }

    #[test]
    fn a_run_made_by_hand_is_replayed(
        program in program(6),
        seed in 0..20u64,
        numbers in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let start = Schedule::of_seed(seed);
        let made = run_by(&program, oracle(&program, &start, Keep::Changes, Follow::Keys), at_random(numbers.clone()));
        let again = run_by(&program, oracle(&program, &made.schedule, Keep::Changes, Follow::Keys), |_| ());
        same(&made, &again);
        prop_assert_eq!(&again.schedule, &made.schedule);
        // The same from the decisions of the whole run.
        let all = run_by(&program, oracle(&program, &start, Keep::Everything, Follow::Keys), at_random(numbers));
        same(&made, &all);
        let again = replay(&program, &all.schedule);
        same(&made, &again);
        prop_assert_eq!(&again.schedule, &all.schedule);
    }

    /// Points lead through the same program as keys do; only where slices end may differ.
    #[test]
    fn points_lead_to_the_same_run(program in program(6), seed in 1..1000u64) {
        let spelled_out = replay(&program, &Schedule::of_seed(seed)).schedule;
        let run = run_by(&program, oracle(&program, &spelled_out, Keep::Everything, Follow::Points), |_| ());
        let expected = operations(&run_program(&program, seed));
        let found = operations(&run);
        let lines = |s: &Schedule| s.decisions.iter().map(|d| format!("{:?} {:?} {:?}", d.key, d.after.as_ref().map(|p| (p.task.to_string(), p.nth)), d.what)).collect::<Vec<_>>().join("\n");
        prop_assert!(found == expected, "{} {}\nWANTED\n{}\nGOT\n{}\n{:?}", found, expected, lines(&spelled_out), lines(&run.schedule), run.divergences);
    }
}

/// Who did what, in order.
fn operations(run: &Run) -> String {
    let mut task = 0;
    let mut out = String::new();
    for (record, _) in &run.log.0 {
        match record.kind() {
            Some(Kind::Switch) => task = record.object,
            Some(kind) if kind.is_operation() => out.push_str(&format!("{task}:{}:{} ", kind.name(), record.object)),
            _ => {}
        }
    }
    out
}

const CROSSED: &str = "main: mutex x; mutex y; go a; go b\n\
                       a: lock x; lock y; unlock y; unlock x\n\
                       b: lock y; lock x; unlock x; unlock y";

/// Makes the two tasks of `CROSSED` take a lock each.
fn crossed() -> Schedule {
    let program = Program::parse(CROSSED);
    let mut step = 0;
    let run = run_by(&program, oracle(&program, &Schedule::default(), Keep::Changes, Follow::Keys), |hand| {
        step += 1;
        if step == 2 {
            hand.cut = Some(1);
        }
    });
    assert_eq!(run.end, Next::Stuck);
    run.schedule
}

#[test]
fn a_deadlock_made_by_hand_is_one_decision() {
    let schedule = crossed();
    let [decision] = &schedule.decisions[..] else { panic!("{schedule:?}") };
    assert_eq!(decision.what, What::Cut { instructions: 1 });
    let point = decision.after.as_ref().expect("operations are counted");
    assert_eq!((point.task.to_string().as_str(), point.nth), ("main/a.1", 1));
}

#[test]
fn a_deadlock_is_found_again_in_an_edited_program() {
    let edited = Program::parse(
        "main: mutex x; mutex y; say hello; go a; go b\n\
         a: work 100; say a; lock x; say locked; work 300; lock y; unlock y; unlock x\n\
         b: lock y; say b; lock x; unlock x; unlock y",
    );
    let run = run_by(&edited, oracle(&edited, &crossed(), Keep::Changes, Follow::Points), |_| ());
    assert_eq!((run.end, run.divergences), (Next::Stuck, vec![]));
}

#[test]
fn a_renamed_function_is_said() {
    let renamed = Program::parse(&CROSSED.replace("go a", "go c").replace("a:", "c:"));
    let run = run_by(&renamed, oracle(&renamed, &crossed(), Keep::Changes, Follow::Points), |_| ());
    assert_eq!(run.end, Next::Finished);
    assert!(
        matches!(&run.divergences[..], [Divergence { found: Found::Never { more: 0 }, .. }]),
        "{:?}",
        run.divergences
    );
    let main = TaskPath::parse("main", None).expect("a path");
    let run_a = Decision {
        key: None,
        after: Some(Point { task: main.clone(), nth: 5, stop: 1, operation: None }),
        what: What::Run { task: main.child("a".into(), 1), slice: None },
    };
    let schedule = Schedule { decisions: vec![run_a], ..Schedule::default() };
    let run = run_by(&renamed, oracle(&renamed, &schedule, Keep::Changes, Follow::Points), |_| ());
    assert!(matches!(&run.divergences[..], [Divergence { found: Found::NoTask, .. }]), "{:?}", run.divergences);
}
