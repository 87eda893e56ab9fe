use crate::bytecode::Code;
use crate::debug::request::{Direction, Go, Motion};
use crate::debug::session::{Debugger, SPACING, Setup};
use crate::debug::tests::travel::{code, programs, state};
use crate::debug::travel::Stops;
use crate::pipeline::{Kind, compile};
use crate::vm::machine::Limits;
use proptest::prelude::*;
use scheduler::schedule::Schedule;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracer::inspect::Reason;

fn setup(seed: u64) -> Setup {
    Setup {
        schedule: Schedule::of_seed(seed),
        limits: Limits { memory: 64 << 20, tasks: 100_000 },
        stop_at_main: false,
        races: false,
        input: Vec::new(),
        args: Vec::new(),
        interrupt: Arc::new(AtomicBool::new(false)),
        spacing: SPACING,
    }
}

fn example(name: &str) -> Box<Code> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/vex").join(name);
    Box::new(compile(&path, Kind::Program).expect("it is there").code.expect("it compiles"))
}

fn debugger(name: &str) -> Debugger {
    Debugger::new(&example(name), setup(0)).expect("it is valid")
}

/// A debugger of a program's text.
fn of_text(text: &str) -> Debugger {
    Debugger::new(&super::stand::compile(text), setup(0)).expect("it is valid")
}

/// The whole of what a user sees, and all that decides how the run goes on.
fn seen(debugger: &mut Debugger) -> String {
    let inspection = debugger.inspection();
    format!("{inspection:#?}\n{}\n{:?}", state(&debugger.travel), debugger.schedule())
}

fn go(debugger: &mut Debugger, motion: Motion, direction: Direction) -> Reason {
    debugger.go(&Go { motion, direction, alone: false, times: 1 })
}

fn forward(debugger: &mut Debugger, motion: Motion) -> Reason {
    go(debugger, motion, Direction::Forward)
}

fn back(debugger: &mut Debugger, motion: Motion) -> Reason {
    go(debugger, motion, Direction::Back)
}

fn line(debugger: &Debugger) -> u32 {
    debugger.place_of_frame().map_or(0, |place| place.line)
}

/// Moves until one says this; picks it.
fn pick(debugger: &mut Debugger, who: &str) -> Reason {
    let moves = debugger.moves();
    let found = moves.iter().find(|m| m.who == who).unwrap_or_else(|| panic!("{who} is among {moves:#?}"));
    debugger.pick(found.number).expect("it can be picked")
}

#[test]
fn a_deadlock_is_chosen_by_hand_and_then_avoided() {
    let mut debugger = debugger("philosophers.vex");
    // All sit down and sleep, then each takes the fork at the left before anybody takes a second one.
    forward(&mut debugger, Motion::Switch);
    for phil in ["phil#1", "phil#2", "phil#3", "phil#4"] {
        assert_eq!(pick(&mut debugger, phil), Reason::Done);
        forward(&mut debugger, Motion::Switch);
    }
    let start = debugger.at();
    let mut rounds = 0;
    let closed = loop {
        let reason = forward(&mut debugger, Motion::Switch);
        let cycle = debugger.moves().into_iter().find(|m| m.effect.contains("cycle"));
        if let Some(closing) = cycle {
            assert!(closing.does.contains("waits to lock fork["), "{closing:?}");
            break debugger.pick(closing.number).expect("it can be picked");
        }
        assert_eq!(reason, Reason::Done, "nobody is stuck before the cycle");
        rounds += 1;
        assert!(rounds < 1000);
    };
    // The pick goes to the task's first step; the cycle closes at the lock.
    assert_eq!(closed, Reason::Done);
    assert_eq!(forward(&mut debugger, Motion::Continue), Reason::Finding { index: 0 });
    let stuck = debugger.at();
    assert_eq!(debugger.findings().len(), 1);
    for _ in 0..3 {
        assert_eq!(back(&mut debugger, Motion::Switch), Reason::Done);
    }
    assert!(debugger.at() < stuck && debugger.at() > start);
    assert_eq!(debugger.frontier(), stuck, "the future is still known");
    assert_eq!(debugger.findings().len(), 0);
}

#[test]
fn lines_are_stepped_into_over_and_out_of() {
    let text = "fn double(n: i64): i64 {\n    let twice = n + n;\n    return twice;\n}\n\nfn main() {\n    let a = double(1);\n    let b = double(a)\n        + double(3);\n    println(b);\n}\n";
    let mut debugger = of_text(text);
    let mut lines = Vec::new();
    while forward(&mut debugger, Motion::Into) == Reason::Done
        && debugger.ended().is_none()
        && debugger.travel.running().is_some()
    {
        lines.push(line(&debugger));
    }
    assert_eq!(lines, [7, 2, 3, 8, 2, 3, 9, 2, 3, 8, 10, 11], "the sum stands on line 8");
    forward(&mut debugger, Motion::Start);
    let mut lines = Vec::new();
    while forward(&mut debugger, Motion::Over) == Reason::Done
        && debugger.ended().is_none()
        && debugger.travel.running().is_some()
    {
        lines.push(line(&debugger));
    }
    assert_eq!(lines, [7, 8, 9, 8, 10, 11]);
    let mut lines = Vec::new();
    while back(&mut debugger, Motion::Over) == Reason::Done {
        lines.push(line(&debugger));
    }
    assert_eq!(lines, [11, 10, 8, 9, 8, 7]);
    forward(&mut debugger, Motion::Start);
    for _ in 0..3 {
        forward(&mut debugger, Motion::Into);
    }
    assert_eq!((line(&debugger), debugger.variables().len()), (3, 2));
    forward(&mut debugger, Motion::Out);
    assert_eq!(line(&debugger), 8, "nothing is left to do on line 7");
    for _ in 0..2 {
        back(&mut debugger, Motion::Into);
    }
    assert_eq!(line(&debugger), 2);
    back(&mut debugger, Motion::Out);
    assert_eq!(line(&debugger), 7);
}

/// A request of a random user.
#[derive(Clone, Debug)]
enum Ask {
    Go(Motion, Direction, bool),
    Step(f64),
    Event(f64),
    Pick(u32),
    Undo,
    Preempt,
    Select(prop::sample::Index),
}

fn asks() -> impl Strategy<Value = Ask> {
    let motion = prop::sample::select(vec![
        Motion::Instruction,
        Motion::Into,
        Motion::Over,
        Motion::Out,
        Motion::Event,
        Motion::Switch,
        Motion::Blocking,
        Motion::UntilBlocked,
        Motion::Continue,
        Motion::Start,
        Motion::Frontier,
    ]);
    let direction = prop::sample::select(vec![Direction::Forward, Direction::Forward, Direction::Back]);
    prop_oneof![
        8 => (motion, direction, prop::bool::weighted(0.2)).prop_map(|(motion, direction, alone)| Ask::Go(motion, direction, alone)),
        2 => (0.0..1.0f64).prop_map(Ask::Step),
        1 => (0.0..1.0f64).prop_map(Ask::Event),
        3 => (1..4u32).prop_map(Ask::Pick),
        1 => Just(Ask::Undo),
        1 => Just(Ask::Preempt),
        1 => any::<prop::sample::Index>().prop_map(Ask::Select),
    ]
}

fn ask(debugger: &mut Debugger, ask: &Ask) -> String {
    let frontier = debugger.frontier();
    let said = match ask {
        Ask::Go(motion, direction, alone) => {
            Ok(debugger.go(&Go { motion: motion.clone(), direction: *direction, alone: *alone, times: 1 }))
        }
        Ask::Step(place) => Ok(forward(debugger, Motion::Step((frontier.step as f64 * place) as u64))),
        Ask::Event(place) => Ok(forward(debugger, Motion::EventAt((frontier.event as f64 * place) as u64))),
        Ask::Pick(number) => debugger.pick(*number),
        Ask::Undo => debugger.undo(),
        Ask::Preempt => debugger.preempt(),
        Ask::Select(which) => {
            let tasks = debugger.tasks();
            if tasks.is_empty() {
                return String::new();
            }
            let id = tasks[which.index(tasks.len())].id.0.to_string();
            return format!("{:?}", debugger.select(&id));
        }
    };
    format!("{said:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 40 } else { 400 }))]

    /// Random requests against a naive debugger, which has no checkpoints and executes everything again from the start.
    #[test]
    fn a_debugger_says_what_a_naive_one_says(
        which in any::<prop::sample::Index>(),
        seed in 0..20u64,
        spacing in prop::sample::select(vec![1u64, 7, 100, 3_000]),
        requests in prop::collection::vec(asks(), 1..14),
    ) {
        let all = programs();
        let path = &all[which.index(all.len())];
        let Some(code) = code(path) else { return Ok(()) };
        let made = |spacing| Debugger::new(&code, Setup { spacing, ..setup(seed) }).expect("it is valid");
        let mut length = made(u64::MAX);
        length.travel.forward(20_000, Stops::default());
        // A continue has to come to an end.
        if length.ended().is_none() {
            return Ok(());
        }
        let spacing = spacing.max(length.at().step / 100);
        let (mut debugger, mut naive) = (made(spacing), made(u64::MAX));
        // Another schedule may wait for ever, or a task that is alone: as if the user had enough.
        debugger.travel.limit(40_000);
        naive.travel.limit(40_000);
        for (n, request) in requests.iter().enumerate() {
            let (said, right) = (ask(&mut debugger, request), ask(&mut naive, request));
            prop_assert_eq!(said, right, "request {} of {:?} in {}", n, requests, path.display());
            prop_assert_eq!(seen(&mut debugger), seen(&mut naive), "after request {} of {:?} in {}", n, requests, path.display());
            prop_assert_eq!(debugger.travel.amiss(), None);
        }
        // And forward again is the first time.
        let hash = debugger.journal().hash(0..u64::MAX);
        let frontier = debugger.frontier();
        forward(&mut debugger, Motion::Start);
        forward(&mut debugger, Motion::Step(frontier.step));
        prop_assert_eq!(debugger.at(), frontier);
        prop_assert_eq!(debugger.journal().hash(0..u64::MAX), hash);
    }
}
