//! `vex trace` and `vex debug` in a real pseudo-terminal: the screen appears, obeys, and gives the terminal back as it was on every way out.
//!
//! Nothing here waits for a fixed time: a test looks at the screen again and again until it shows what it must, and fails with
//! the screen as it was when that takes far too long.

mod pty;

use pty::{LOOK, LOOKS, Vex};
use std::sync::atomic::Ordering;
use vt100::MouseProtocolMode;

const PHILOSOPHERS: &str = "examples/vex/philosophers.vex";

/// A program that sends and receives for ever.
fn endless() -> String {
    let path = format!("{}/endless.vex", env!("CARGO_TARGET_TMPDIR"));
    let text = "fn main() {\n    let numbers = Channel<i64>(4)\n    go {\n        while true {\n            numbers.send(1)\n        }\n    }\n    let! sum = 0\n    for n in numbers {\n        sum += n\n    }\n    println(f\"{sum}\")\n}\n";
    // Several tests write the same: each the whole file at once, under a name of its own first.
    let own = format!("{path}.{:?}", std::thread::current().id());
    std::fs::write(&own, text).and_then(|()| std::fs::rename(&own, &path)).expect("a scratch file");
    path
}

/// The number of events in the header.
fn events(text: &str) -> Option<u64> {
    let header = text.lines().next()?;
    let before = header.split(" event").next().filter(|before| before.len() < header.len())?;
    before.rsplit("  ").next()?.trim().replace(' ', "").parse().ok()
}

#[test]
fn the_deadlock_is_seen_and_the_terminal_given_back() {
    let mut vex = Vex::start((120, 40), &[PHILOSOPHERS], &[]);
    vex.shows("DEADLOCK");
    {
        let screen = vex.screen.lock().expect("the screen");
        assert!(screen.screen().alternate_screen() && screen.screen().hide_cursor());
        assert_ne!(screen.screen().mouse_protocol_mode(), MouseProtocolMode::None);
    }
    vex.shows_all(&["phil#4", "▪", "never woken again: deadlock"]);
    vex.keys("4");
    vex.shows_all(&[
        "held by",
        "( phil#1 )",
        "( phil#2 )",
        "( phil#3 )",
        "( phil#4 )",
        "[ fork[0] ]",
        "[ fork[3] ]",
        "( main )",
    ]);
    // Ctrl-L draws anew what the terminal has lost, and asks it nothing: this one would not answer.
    vex.screen.lock().expect("the screen").process(b"\x1b[2J");
    vex.keys("\x0c");
    vex.shows("( phil#4 )");
    vex.resize((80, 24));
    vex.shows_all(&["( phil#4 )", "q quit", "DEADLOCK"]);
    vex.resize((60, 15));
    let waits = vex.shows_all(&["( phil#1 )", "DEADLOCK"]);
    assert!(waits.lines().count() <= 15, "{waits}");
    vex.keys("1");
    vex.shows("phil#1");
    vex.resize((40, 10));
    vex.shows("vex needs 60×15, this is 40×10");
    vex.resize((120, 40));
    vex.shows("└ phil#4");
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 102);
}

#[test]
fn a_debugger_goes_back_and_chooses_otherwise() {
    let mut vex = Vex::start_as("debug", (120, 40), &[PHILOSOPHERS], &[]);
    vex.shows_all(&["stopped at the beginning", "moves at event 1", "main"]);
    vex.keys("w");
    vex.shows_all(&["1 phil#1 sleeps for 20.0 ms", "4 phil#4 sleeps for 80.0 ms"]);
    vex.keys("p");
    vex.shows("1-9 pick");
    vex.keys("3");
    vex.shows_all(&["phil#3 runs", "1 choice", "seat: i64 = 3"]);
    vex.keys("c");
    vex.shows("stopped: deadlock");
    vex.keys("W");
    vex.shows_all(&["who is next?", " of "]);
    vex.keys("u");
    vex.shows_all(&["1 phil#1 sleeps for 20.0 ms", "4 phil#4"]);
    vex.keys(":print wg\r");
    vex.shows("wg: WaitGroup = wg count 4  (1 waits)");
    // Away with the console, then out of the list of moves, where a digit picks.
    vex.keys("\x1b");
    vex.until("no console", |text| !text.contains("(1 waits)"));
    vex.keys("\x1b");
    vex.shows("Nobody runs; one of 4 can be next");
    vex.resize((60, 15));
    vex.shows("phil#1");
    vex.resize((120, 40));
    vex.keys("1");
    vex.shows("phil#4");
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 0);
}

#[test]
fn a_debugger_that_works_for_ever_is_interrupted() {
    let path = endless();
    let mut vex = Vex::start_as("debug", (100, 30), &[&path], &[]);
    vex.shows("stopped at the beginning");
    vex.keys("c");
    vex.shows("interrupts");
    vex.keys("\x1b");
    vex.shows("nterrupted");
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 0);
}

#[test]
fn a_paused_program_does_one_event_a_step() {
    let mut vex = Vex::start((120, 40), &[PHILOSOPHERS, "--paused", "--seed", "0"], &[]);
    // It stops at its very first event, which may arrive a frame after the word.
    let begun = 1;
    vex.until("paused, with one event", |text| text.contains("paused") && events(text) == Some(begun));
    for step in 1..=6 {
        vex.keys(".");
        vex.until(&format!("{step} events more"), |text| events(text) == Some(begun + step));
    }
    assert!(vex.text().contains("paused"));
    vex.keys(" ");
    vex.shows("DEADLOCK");
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 102);
}

#[test]
fn slow_motion_is_said_and_leaves_at_once() {
    let mut vex = Vex::start((120, 40), &[PHILOSOPHERS, "--rate", "1"], &[]);
    vex.shows("slow: 1 event/s");
    vex.keys(">");
    vex.shows("slow: 2 events/s");
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 0);
}

#[test]
fn a_program_without_an_end_is_left_at_once() {
    let program = endless();
    let mut vex = Vex::start((100, 30), &[&program], &[]);
    vex.shows("running");
    vex.keys("2");
    vex.shows("numbers");
    vex.keys(" ");
    let paused = vex.until("paused", |text| text.contains("paused") && events(text).is_some());
    vex.keys(".");
    vex.until("a step", |text| events(text) > events(&paused));
    vex.keys(" ");
    vex.shows("running");
    vex.keys("?");
    vex.shows("Pause the program");
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 0);
}

#[test]
fn ctrl_c_and_the_signals_give_the_terminal_back() {
    type Way<'a> = (&'a str, &'a dyn Fn(&mut Vex));
    let ways: [Way; 4] = [
        ("Ctrl-C", &|vex| vex.keys("\x03")),
        ("SIGINT", &|vex| vex.signal("INT")),
        ("SIGTERM", &|vex| vex.signal("TERM")),
        ("SIGHUP", &|vex| vex.signal("HUP")),
    ];
    for (name, leave) in ways {
        for args in [[PHILOSOPHERS].as_slice(), &[PHILOSOPHERS, "--paused"]] {
            eprintln!("{name} {args:?}");
            let mut vex = Vex::start((120, 40), args, &[]);
            vex.shows(if args.len() > 1 { "paused" } else { "DEADLOCK" });
            leave(&mut vex);
            vex.ends_and_gives_back();
        }
    }
}

#[test]
fn vex_ends_when_its_terminal_vanishes() {
    for program in [PHILOSOPHERS, &endless()] {
        let mut vex = Vex::start((120, 40), &[program], &[]);
        vex.shows("events");
        // The reader holds the terminal too: it looks at its flag when there is something to read.
        vex.deaf.store(true, Ordering::SeqCst);
        vex.keys("?");
        let Vex { mut child, master, slave, keyboard, reader, .. } = vex;
        reader.join().expect("the reader ends");
        drop((keyboard, slave, master));
        let ended = (0..LOOKS).any(|_| {
            std::thread::sleep(LOOK);
            child.try_wait().expect("a child").is_some()
        });
        if !ended {
            let _ = child.kill();
        }
        assert!(ended, "{program}: vex goes on without a terminal");
    }
}

#[test]
fn without_colour_and_without_unicode() {
    let mut vex = Vex::start((120, 40), &[PHILOSOPHERS], &[("NO_COLOR", "1")]);
    vex.shows("DEADLOCK");
    let text = vex.shows("▪");
    {
        let screen = vex.screen.lock().expect("the screen");
        let cells = (0..40).flat_map(|row| (0..120).map(move |column| (row, column)));
        for (row, column) in cells {
            let cell = screen.screen().cell(row, column).expect("a cell");
            let plain = cell.fgcolor() == vt100::Color::Default && cell.bgcolor() == vt100::Color::Default;
            assert!(plain, "colour at {column},{row} of\n{text}");
        }
    }
    vex.keys("q");
    assert_eq!(vex.ends_and_gives_back().exit_code(), 102);

    for (args, environment) in [(&[PHILOSOPHERS, "--ascii"][..], &[][..]), (&[PHILOSOPHERS], &[("LANG", "C")])] {
        let mut vex = Vex::start((120, 40), args, environment);
        vex.shows("DEADLOCK");
        vex.keys("4");
        let text = vex.shows("held by");
        assert!(text.is_ascii(), "{text}");
        vex.keys("q");
        assert_eq!(vex.ends_and_gives_back().exit_code(), 102);
    }
}
