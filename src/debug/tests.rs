//! The command language: every command, every form, every mistake.

use super::breakpoint::EVENTS;
use super::command::{Command, Line, Which};
use super::parse::{Wrong, parse};
use super::table::{Form, Id, TABLE};
use interpreter::debug::request::{BreakOn, Breakpoint, Direction, Go, Hits, Motion};
use proptest::prelude::*;
use tracer::event::Kind;

fn go(motion: Motion) -> Go {
    Go { motion, direction: Direction::Forward, alone: false, times: 1 }
}

#[track_caller]
fn moves(text: &str, expected: Go) {
    assert_eq!(parse(text), Ok(Command::Go(expected)), "{text}");
}

#[track_caller]
fn means(text: &str, expected: Command) {
    assert_eq!(parse(text), Ok(expected), "{text}");
}

#[track_caller]
fn wrong(text: &str, column: usize, part: &str) {
    match parse(text) {
        Err(wrong) => {
            assert!(wrong.message.contains(part), "{text}: {}", wrong.message);
            assert_eq!(wrong.column, column, "{text}: {}", wrong.message);
        }
        Ok(command) => panic!("{text} is {command:?}"),
    }
}

#[test]
fn every_example_of_the_table_is_understood() {
    for row in TABLE {
        let command = parse(row.example);
        assert!(command.is_ok(), "{}: {command:?}", row.example);
        // A motion's row says truly which forms it has.
        let words = row.example.trim_start_matches("back ");
        let (back, alone) = (parse(&format!("back {words}")), parse(&format!("{words} alone")));
        if row.form != Form::Plain {
            assert_eq!(back.is_ok(), matches!(row.form, Form::Both | Form::Alone | Form::Back), "{}", row.name);
            assert_eq!(alone.is_ok(), row.form == Form::Alone, "{}", row.name);
        }
        for alias in row.aliases {
            if row.form != Form::Back && row.id != Id::Back {
                let aliased = row.example.replacen(row.name, alias, 1);
                assert_eq!(parse(&aliased).is_ok(), command.is_ok(), "{aliased}");
            }
        }
    }
}

#[test]
fn motions() {
    moves("step", go(Motion::Instruction));
    moves("s 3", Go { times: 3, ..go(Motion::Instruction) });
    moves("step 1_000 alone", Go { times: 1000, alone: true, ..go(Motion::Instruction) });
    moves("line alone", Go { alone: true, ..go(Motion::Into) });
    moves("into", go(Motion::Into));
    moves("next", go(Motion::Over));
    moves("fin", go(Motion::Out));
    moves("event 10", Go { times: 10, ..go(Motion::Event) });
    moves("switch", go(Motion::Switch));
    moves("operation fork[2] 2", Go { times: 2, ..go(Motion::Operation("fork[2]".into())) });
    moves("operation \"wait group@12:5\"", go(Motion::Operation("wait group@12:5".into())));
    moves("blocking", go(Motion::Blocking));
    moves("run", go(Motion::UntilBlocked));
    moves("c", go(Motion::Continue));
    moves("goto 118", go(Motion::EventAt(118)));
    moves("goto step 40211", go(Motion::Step(40211)));
    moves("start", go(Motion::Start));
    moves("end", go(Motion::Frontier));
    let back = |motion| Go { direction: Direction::Back, ..go(motion) };
    moves("back line", back(Motion::Into));
    moves("back switch 3", Go { times: 3, ..back(Motion::Switch) });
    moves("rev s", back(Motion::Instruction));
    moves("back over alone", Go { alone: true, ..back(Motion::Over) });
    moves("back continue", back(Motion::Continue));
    moves("back write p.x", back(Motion::LastWrite("p.x".into())));
    moves("back w total", back(Motion::LastWrite("total".into())));
    moves("back sent jobs", back(Motion::Sent("jobs".into())));
    moves("back taken m", back(Motion::Taken("m".into())));
    means("back", Command::Back);
}

#[test]
fn everything_else() {
    for (text, expected) in [
        ("moves", Command::Moves),
        ("pick 2", Command::Pick(2)),
        ("preempt", Command::Preempt),
        ("u", Command::Undo),
        ("breakpoints", Command::Breakpoints),
        ("delete 1 3", Command::Delete(Which::Numbers(vec![1, 3]))),
        ("d all", Command::Delete(Which::All)),
        ("enable 2", Command::Enable(Which::Numbers(vec![2]), true)),
        ("disable all", Command::Enable(Which::All, false)),
        ("where", Command::Where { all: false }),
        ("bt all", Command::Where { all: true }),
        ("tasks", Command::Tasks),
        ("task worker#3", Command::Select("worker#3".into())),
        ("select main/worker.1", Command::Select("main/worker.1".into())),
        ("frame 1", Command::Frame(1)),
        ("up", Command::FrameBy(1)),
        ("down 2", Command::FrameBy(-2)),
        ("locals", Command::Locals),
        ("p xs[1] + 2", Command::Evaluate { text: "xs[1] + 2".into(), effects: false }),
        ("print alone", Command::Evaluate { text: "alone".into(), effects: false }),
        ("eval! xs.push(4)", Command::Evaluate { text: "xs.push(4)".into(), effects: true }),
        ("set x = 3", Command::Set { place: "x".into(), value: "3".into() }),
        ("set m[\"a=b\"].y=a == b", Command::Set { place: "m[\"a=b\"].y".into(), value: "a == b".into() }),
        ("objects", Command::Objects),
        ("object jobs", Command::Object("jobs".into())),
        ("waits", Command::Waits),
        ("list", Command::List(None)),
        ("l 12", Command::List(Some(Line { file: None, line: 12 }))),
        ("list a/pool.vex:12", Command::List(Some(Line { file: Some("a/pool.vex".into()), line: 12 }))),
        ("events", Command::Events(10)),
        ("events 3", Command::Events(3)),
        ("output", Command::Output),
        ("findings", Command::Findings),
        ("info", Command::Info),
        ("schedule", Command::Schedule),
        ("save \"my file.vxs\"", Command::Save("my file.vxs".into())),
        ("save my file.vxs", Command::Save("my file.vxs".into())),
        ("restart", Command::Restart),
        ("help", Command::Help(None)),
        ("quit", Command::Quit),
        ("  quit\t", Command::Quit),
    ] {
        means(text, expected);
    }
    let helped = |text| match parse(text) {
        Ok(Command::Help(Some(row))) => row.id,
        other => panic!("{other:?}"),
    };
    assert_eq!(helped("help b"), Id::Break);
    assert_eq!(helped("help back"), Id::Back);
    assert_eq!(helped("help back write"), Id::Write);
    assert_eq!(helped("help sent"), Id::Sent);
}

/// A breakpoint without conditions.
fn plain(on: BreakOn, text: &str) -> Breakpoint {
    Breakpoint { on, condition: None, hits: None, log: None, once: false, text: text.into() }
}

fn on_event(kinds: &[Kind], on: Option<&str>) -> BreakOn {
    let on = on.map(str::to_string);
    BreakOn::Event { kinds: kinds.to_vec(), blocked: false, on, by: None, held_longer: None, value: None }
}

#[track_caller]
fn breaks(text: &str, expected: Breakpoint) {
    means(text, Command::Break(expected));
}

#[test]
fn breakpoints_on_places() {
    let line = |file: Option<&str>, line| BreakOn::Line { file: file.map(str::to_string), line };
    breaks("break 12", plain(line(None, 12), "break 12"));
    breaks("b  12 ", plain(line(None, 12), "break 12"));
    breaks("break pool.vex:12", plain(line(Some("pool.vex"), 12), "break pool.vex:12"));
    breaks("break \"my pool.vex\":12", plain(line(Some("my pool.vex"), 12), "break \"my pool.vex\":12"));
    breaks("break fn worker", plain(BreakOn::Function("worker".into()), "break fn worker"));
    breaks("break panic", plain(BreakOn::Panic, "break panic"));
    breaks("break finding", plain(BreakOn::Finding, "break finding"));
    breaks("watch p.x", plain(BreakOn::Write("p.x".into()), "watch p.x"));
    breaks("watch m[\"a b\"]", plain(BreakOn::Write("m[\"a b\"]".into()), "watch m[\"a b\"]"));
}

#[test]
fn breakpoints_on_events() {
    breaks("break spawn", plain(on_event(&[Kind::TaskSpawn, Kind::AsyncSpawn], None), "break spawn"));
    breaks("break send jobs", plain(on_event(&[Kind::Send], Some("jobs")), "break send jobs"));
    breaks("break mutex.lock", plain(on_event(&[Kind::Lock], None), "break mutex.lock"));
    for event in EVENTS {
        let text = format!("break {} once", event.word);
        breaks(&text, Breakpoint { once: true, ..plain(on_event(event.kinds, None), &text) });
    }
    let text = "break lock m when held > 1ms";
    let locks = vec![Kind::Lock, Kind::ReadLock, Kind::WriteLock];
    let on = |held_longer, by: Option<&str>, blocked| BreakOn::Event {
        kinds: locks.clone(),
        blocked,
        on: Some("m".into()),
        by: by.map(str::to_string),
        held_longer,
        value: None,
    };
    breaks(text, plain(on(Some(1_000_000), None, false), text));
    let text = "break lock m by worker#3 when held > 250 µs blocking";
    breaks(text, plain(on(Some(250_000), Some("worker#3"), true), text));
    let text = "break blocks worker#3";
    let blocks = |by: Option<&str>| BreakOn::Event {
        kinds: Kind::ALL.to_vec(),
        blocked: true,
        on: None,
        by: by.map(str::to_string),
        held_longer: None,
        value: None,
    };
    breaks(text, plain(blocks(Some("worker#3")), text));
    breaks("break blocks", plain(blocks(None), "break blocks"));
    let text = "break send jobs where value > 3";
    let BreakOn::Event { kinds, blocked, on, by, held_longer, .. } = on_event(&[Kind::Send], Some("jobs")) else {
        return;
    };
    let value = Some("value > 3".to_string());
    breaks(text, plain(BreakOn::Event { kinds, blocked, on, by, held_longer, value }, text));
}

#[test]
fn conditions_of_breakpoints() {
    let line = || plain(BreakOn::Line { file: None, line: 3 }, "");
    for (text, expected) in [
        ("break 3 if j > 3", Breakpoint { condition: Some("j > 3".into()), ..line() }),
        ("break 3 hits 3", Breakpoint { hits: Some(Hits::At(3)), ..line() }),
        ("break 3 hits >= 3", Breakpoint { hits: Some(Hits::From(3)), ..line() }),
        ("break 3 every 10 once", Breakpoint { hits: Some(Hits::Every(10)), once: true, ..line() }),
        ("break 3 log \"j is {j}\\n\"", Breakpoint { log: Some("j is {j}\n".into()), ..line() }),
        ("break 3 log \"{f(\"a\\\"\")}\"", Breakpoint { log: Some("{f(\"a\\\"\")}".into()), ..line() }),
        (
            "break 3 if a == \"x once\" hits >= 2 log \"{a}\" once",
            Breakpoint {
                condition: Some("a == \"x once\"".into()),
                hits: Some(Hits::From(2)),
                log: Some("{a}".into()),
                once: true,
                ..line()
            },
        ),
        // Words of conditions that cannot begin one here are part of the expression.
        ("break 3 if once == log", Breakpoint { condition: Some("once == log".into()), ..line() }),
        ("break 3 if x > once + 1", Breakpoint { condition: Some("x > once + 1".into()), ..line() }),
        (
            "break 3 if (if a { b } else { c })",
            Breakpoint { condition: Some("(if a { b } else { c })".into()), ..line() },
        ),
        ("break 3 if hits > n once", Breakpoint { condition: Some("hits > n".into()), once: true, ..line() }),
    ] {
        breaks(text, Breakpoint { text: text.into(), ..expected });
    }
}

#[test]
fn mistakes_have_a_column_and_a_hint() {
    for (text, column, part) in [
        ("", 1, "a command"),
        ("brake 12", 1, "there is no command `brake`; did you mean `break`?"),
        ("zzzzzz", 1, "there is no command `zzzzzz`"),
        ("wa", 1, "`wa` may be `watch` or `waits`"),
        ("write x", 1, "`write` goes back only: `back write total`"),
        ("step x", 6, "nothing more is expected here, but there is `x`"),
        ("step 0", 6, "from 1"),
        ("step 99999999999", 6, "not a number"),
        ("step -1", 6, "nothing more"),
        ("step 3 x", 8, "`x`"),
        ("event alone", 7, "`event` cannot be `alone`"),
        ("back moves", 6, "`moves` does not go back"),
        ("back run", 6, "`run` does not go back"),
        ("back lin 3 3", 12, "`3`"),
        ("back stpe", 6, "did you mean `step`?"),
        ("back write", 11, "a variable's name is missing"),
        ("operation", 10, "missing"),
        ("goto", 5, "missing"),
        ("goto x", 6, "`x` is not the number of an event, or `step N`"),
        ("goto step x", 11, "`x` is not the number of a step"),
        ("pick", 5, "missing"),
        ("pick two", 6, "`two` is not the number of a move"),
        ("pick 1 2", 8, "`2`"),
        ("frame -1", 7, "not the number of a frame"),
        ("delete", 7, "missing"),
        ("delete 1 x", 10, "`x`"),
        ("delete all 1", 12, "`1`"),
        ("task", 5, "missing"),
        ("print", 6, "an expression is missing"),
        ("print f(1", 8, "this is never closed"),
        ("print \"a", 7, "this is never closed"),
        ("set x", 6, "`= EXPR` is missing"),
        ("set x == 3", 7, "one `=`"),
        ("set x <= 3", 8, "one `=`"),
        ("set = 3", 5, "what is to be set?"),
        ("set x =", 8, "a value is missing"),
        ("list x", 6, "`x` is no line"),
        ("list 0", 6, "`0` is no line"),
        ("list :3", 6, "no line"),
        ("save", 5, "a file is missing"),
        ("help brek", 6, "did you mean `break`?"),
        ("where al", 7, "`al`"),
        ("quit 3", 6, "nothing more"),
        ("break", 6, "what to stop at"),
        ("break 0", 7, "nothing to stop at"),
        ("break snd jobs", 7, "`snd` is nothing to stop at; did you mean `send`?"),
        ("break compute_all", 7, "a function is `break fn compute_all`"),
        ("break fn", 9, "the name of a function is missing"),
        ("break 3 whn x", 9, "`whn` is no condition of a breakpoint; did you mean `when`?"),
        ("break 3 once once", 14, "`once` stands here twice"),
        ("break 3 if", 11, "an expression is missing"),
        ("break 3 hits 0", 14, "from 1"),
        ("break 3 hits x", 14, "not a number of times"),
        ("break 3 hits 3 every 4", 16, "do not go together"),
        ("break 3 log x", 13, "text in quotes"),
        ("break 3 by main", 9, "`by` is for breakpoints on events"),
        ("break recv c where value > 1", 14, "`where` is for breakpoints on `send`"),
        ("break send c when held > 1ms", 14, "`when` is for breakpoints on locks"),
        ("break lock c when 1ms", 19, "`when held > DURATION`"),
        ("break lock c when held > soon", 26, "`soon` is no duration"),
        ("watch", 6, "missing"),
        ("é é", 1, "no command"),
        ("print é(", 8, "never closed"),
    ] {
        wrong(text, column, part);
    }
}

/// Words of the language, and others.
fn word() -> impl Strategy<Value = String> {
    let known: Vec<String> = TABLE
        .iter()
        .flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()))
        .chain(EVENTS.iter().map(|event| event.word))
        .chain([
            "if", "hits", ">=", "every", "once", "log", "by", "where", "when", "held", ">", "alone", "all", "=", "3",
        ])
        .map(str::to_string)
        .collect();
    prop_oneof![prop::sample::select(known), "[a-z0-9\"'(){}\\[\\]#;:\\\\é ]{0,8}", any::<String>()]
}

proptest! {
    #[test]
    fn no_input_breaks_the_parser(words in prop::collection::vec(word(), 0..8)) {
        let text = words.join(" ");
        for piece in super::scan::commands(&text) {
            prop_assert!(!piece.text.is_empty() && piece.line >= 1 && piece.column >= 1);
            if let Err(Wrong { column, message }) = parse(&piece.text) {
                prop_assert!(column >= 1 && column <= piece.text.chars().count() + 1, "{}: {message}", piece.text);
                prop_assert!(!message.is_empty());
            }
        }
        let _ = parse(&text);
    }

    #[test]
    fn what_a_breakpoint_is_called_means_the_same_breakpoint(words in prop::collection::vec(word(), 0..6)) {
        if let Ok(Command::Break(breakpoint)) = parse(&format!("break {}", words.join(" "))) {
            prop_assert_eq!(parse(&breakpoint.text), Ok(Command::Break(breakpoint)));
        }
    }
}
