//! Schedules as text: what is written is read again, and nothing that is read does harm.

use proptest::prelude::*;
use proptest::sample::Index;
use scheduler::schedule::{
    Decision, InputLine, LONGEST, Name, Operation, Point, ProgramStamp, Schedule, TaskPath, VERSION, What,
};
use tracer::event::Kind;

fn name() -> impl Strategy<Value = Name> {
    prop_oneof!["[a-z]{1,6}", "[a-z.]{1,4}[<>%@:,=+/ é-]{0,2}[0-9]", "\\PC{1,5}"].prop_map(|name| name.as_str().into())
}

fn path() -> impl Strategy<Value = TaskPath> {
    (name(), prop::collection::vec((name(), 1..9u32), 0..7)).prop_map(|(root, parts)| {
        parts.into_iter().fold(TaskPath::root(root), |path, (name, nth)| path.child(name, nth))
    })
}

fn point() -> impl Strategy<Value = Point> {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.is_operation()).collect();
    let object = prop_oneof![Just(Name::from("")), name()];
    let operation = (prop::sample::select(kinds), object).prop_map(|(kind, object)| Operation { kind, object });
    (path(), any::<u64>(), prop_oneof![Just(1), 1..9u32], prop::option::of(operation))
        .prop_map(|(task, nth, stop, operation)| Point { task, nth, stop, operation })
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        (path(), prop::option::of(1..u32::MAX)).prop_map(|(task, slice)| What::Run { task, slice }),
        Just(What::Time),
        any::<u64>().prop_map(|ticks| What::Preempt { ticks }),
        any::<u64>().prop_map(|instructions| What::Cut { instructions }),
        any::<u32>().prop_map(|arm| What::Arm { arm }),
        any::<u32>().prop_map(|value| What::Number { value }),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    let place = prop_oneof![
        (1..u64::MAX).prop_map(|key| (Some(key), None)),
        point().prop_map(|point| (None, Some(point))),
        (1..u64::MAX, point()).prop_map(|(key, point)| (Some(key), Some(point))),
    ];
    (place, what()).prop_map(|((key, after), what)| Decision { key, after, what })
}

prop_compose! {
    fn schedule()(
        program in prop::option::of((any::<String>(), any::<u64>())),
        seed in any::<u64>(),
        slices in prop::option::of(any::<u64>()),
        args in prop::collection::vec(any::<String>(), 0..3),
        input in prop::collection::vec((prop::option::of(path()), any::<String>()), 0..3),
        decisions in prop::collection::vec(decision(), 0..8),
    ) -> Schedule {
        let program = program.map(|(path, hash)| ProgramStamp { path, hash });
        let input = input.into_iter().map(|(task, text)| InputLine { task, text }).collect();
        Schedule { program, seed, slices, args, input, decisions }
    }
}

/// What is read from anything is a schedule that can be written and read again, or an error with a place in the text.
fn harmless(text: &str) {
    for read in [Schedule::parse, Schedule::parse_inline] {
        match read(text) {
            Ok(schedule) => assert_eq!(Schedule::parse(&schedule.to_text()), Ok(schedule)),
            Err(error) => {
                assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty(), "{error:?}");
                let line = text.split('\n').nth(error.line - 1).unwrap_or_default();
                assert!(error.column <= line.chars().count() + 1, "{error:?} of {text:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(schedule in schedule()) {
        let text = schedule.to_text();
        prop_assert_eq!(Schedule::parse(&text), Ok(schedule.clone()), "{}", text);
        if let Some(inline) = schedule.to_inline() {
            let plain = "_.-%@:,=+/";
            prop_assert!(inline.chars().all(|c| c.is_alphanumeric() || plain.contains(c)), "{}", inline);
            prop_assert!(inline.chars().count() <= LONGEST && Schedule::is_inline(&inline));
            prop_assert_eq!(Schedule::parse_inline(&inline), Ok(Schedule { program: None, ..schedule }), "{}", inline);
        }
    }

    #[test]
    fn damaged_text_does_no_harm(
        schedule in schedule(),
        damage in prop::collection::vec((any::<Index>(), 0..4u8, "[ \"\\\\%@:=+,./\n#0-9a-z\\PC]"), 0..6),
        inline in any::<bool>(),
    ) {
        let text = if inline { schedule.to_inline().unwrap_or_default() } else { schedule.to_text() };
        let mut chars: Vec<char> = text.chars().collect();
        for (place, how, with) in damage {
            let at = place.index(chars.len() + 1);
            match how {
                0 => chars.truncate(at),
                1 if at < chars.len() => drop(chars.remove(at)),
                2 if at < chars.len() => chars[at] = with.chars().next().unwrap_or(' '),
                _ => chars.splice(at..at, with.chars()).for_each(drop),
            }
        }
        harmless(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn any_text_does_no_harm(text in any::<String>(), lines in prop::collection::vec("(run|time|arm|task|input|program|seed) [ -~]{0,30}", 0..5)) {
        harmless(&text);
        harmless(&format!("vex schedule {VERSION}\n{}", lines.join("\n")));
        harmless(&format!("1:{}", lines.join(",")));
    }
}

#[test]
fn the_text_form_reads_well() {
    let text = "vex schedule 1\n\
                program \"examples/vex/pool.vex\" hash=00000000deadbeef\n\
                seed 0\n\
                arg \"--fast\"\n\
                input \"a \\\"line\\\"\\n\" by=main\n\
                run main/worker.2 at=3 after=main:5 op=task.spawn\n\
                cut 17 at=3 after=main/worker.2:1.2 op=mutex.lock@fork%5B0%5D\n\
                task @1 main/worker.2/child.1/leaf.1\n\
                run @1 at=4 after=main/worker.2:1 slice=8\n\
                time at=5\n\
                arm 1 at=1\n\
                random 4 at=2 after=main:1\n";
    let schedule = Schedule::parse(text).expect("it is one");
    assert_eq!(schedule.to_text(), text);
    assert_eq!(schedule.decisions.len(), 6);
}

#[test]
fn a_seed_is_a_schedule() {
    assert_eq!(Schedule::of_seed(7).to_inline().as_deref(), Some("1:seed=7"));
    assert_eq!(Schedule::parse_inline("1:seed=7"), Ok(Schedule::of_seed(7)));
    assert_eq!(Schedule::parse_inline("1:time+at=3,arm=2+at=1").expect("it is one").decisions.len(), 2);
    for file in ["x.vxs", "./1:seed=7", ":", "a1:seed=7", "C:1.vxs"] {
        assert!(!Schedule::is_inline(file), "{file}");
    }
}

#[test]
fn errors_say_where_and_what() {
    let cases = [
        ("", "1:1: this is no schedule"),
        ("vex schedule 2\n", "1:14: version 2 is not known here"),
        ("vex schedule 1\nseed x", "2:6: `x` is no number"),
        ("vex schedule 1\nseed 1\nseed 1", "3:1: there is a seed already"),
        ("vex schedule 1\n  run main/é.1", "2:3: a decision needs `at=` or `after=`"),
        ("vex schedule 1\nrun main/é.1 at=1 after=main:x", "2:30: `x` is no number"),
        ("vex schedule 1\nrun worker#1 at=1", "2:5: `worker#1` is no task"),
        ("vex schedule 1\nrun @1 at=1", "2:5: there is no task `@1`"),
        ("vex schedule 1\ncall 3 at=1", "2:1: `call` is no kind of decision that is known here"),
        ("vex schedule 1\narg \"a", "2:7: the closing quote is missing"),
        ("vex schedule 1\narg \"\\q\"", "2:6: after a backslash"),
        ("vex schedule 1\ntime 3 at=1", "2:6: nothing like that belongs here"),
        ("vex schedule 1\ncut 3 at=0", "2:10: counting begins with 1"),
        ("vex schedule 1\nprogram \"x\" hash=12", "2:12: after the path"),
        ("vex schedule 1\ntask main main", "2:6: the name of a task begins with `@`"),
    ];
    for (text, expected) in cases {
        let error = Schedule::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
    let error = Schedule::parse_inline("1:seed=7,run=x+at=0").expect_err("keys begin with 1").to_string();
    assert!(error.starts_with("1:19: counting"), "{error}");
    let long = format!("1:{}", "time+at=1,".repeat(50));
    assert!(Schedule::parse_inline(&long).expect_err("too long").message.contains("put it into a file"));
}

/// A chain of tasks as long as a run: the text grows with the chain, not with its square.
#[test]
fn long_paths_are_written_once() {
    let mut path = TaskPath::root("main".into());
    let mut decisions = Vec::new();
    for key in 1..20_001 {
        path = path.child("next".into(), 1);
        decisions.push(Decision { key: Some(key), after: None, what: What::Run { task: path.clone(), slice: None } });
    }
    let schedule = Schedule { decisions, ..Schedule::default() };
    let text = schedule.to_text();
    assert!(text.len() < 20_000 * 64, "{} bytes", text.len());
    assert!(Schedule::parse(&text).as_ref() == Ok(&schedule));
}
