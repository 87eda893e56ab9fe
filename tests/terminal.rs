//! `vex trace` and `vex debug` in a real pseudo-terminal: the screen appears, obeys, and gives the terminal back as it was on every way out.
//!
//! Nothing here waits for a fixed time: a test looks at the screen again and again until it shows what it must, and fails with
//! the screen as it was when that takes far too long.

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use vt100::MouseProtocolMode;

/// Between two looks, and how many there are before a test gives up: half a minute, for a machine that does much else.
const LOOK: Duration = Duration::from_millis(10);
const LOOKS: usize = 3_000;

const PHILOSOPHERS: &str = "examples/vex/philosophers.vex";

/// A vex in a terminal of its own.
struct Vex {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty>,
    /// Kept open, so that the modes can still be asked for when vex has ended.
    slave: Box<dyn SlavePty>,
    keyboard: Box<dyn Write + Send>,
    screen: Arc<Mutex<vt100::Parser>>,
    deaf: Arc<AtomicBool>,
    reader: JoinHandle<()>,
    modes: String,
}

impl Vex {
    /// Starts `vex trace ARGS` in a terminal of this size, with more variables in its environment.
    fn start(size: (u16, u16), args: &[&str], environment: &[(&str, &str)]) -> Vex {
        Vex::start_as("trace", size, args, environment)
    }

    /// The same for another command.
    fn start_as(name: &str, size: (u16, u16), args: &[&str], environment: &[(&str, &str)]) -> Vex {
        let pair = native_pty_system().openpty(pty_size(size)).expect("a pseudo-terminal");
        let modes = format!("{:?}", pair.master.get_termios());
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_vex"));
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")].iter().chain(environment) {
            command.env(name, value);
        }
        command.arg(name);
        command.args(args);
        let child = pair.slave.spawn_command(command).expect("vex starts");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(size.1), cells(size.0), 0)));
        let deaf = Arc::new(AtomicBool::new(false));
        let mut output = pair.master.try_clone_reader().expect("the terminal's output");
        let (shown, stop) = (screen.clone(), deaf.clone());
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read) = output.read(&mut bytes) {
                if read == 0 || stop.load(Ordering::SeqCst) {
                    break;
                }
                shown.lock().expect("the screen").process(&bytes[..read]);
            }
        });
        let keyboard = pair.master.take_writer().expect("the terminal's input");
        Vex { child, master: pair.master, slave: pair.slave, keyboard, screen, deaf, reader, modes }
    }

    fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).expect("keys are taken");
    }

    fn resize(&mut self, size: (u16, u16)) {
        // The screen is cleared, as if the terminal had forgotten everything: what it shows from now on was drawn anew.
        let mut screen = self.screen.lock().expect("the screen");
        screen.screen_mut().set_size(cells(size.1), cells(size.0));
        screen.process(b"\x1b[2J");
        drop(screen);
        self.master.resize(pty_size(size)).expect("a new size");
    }

    fn text(&self) -> String {
        self.screen.lock().expect("the screen").screen().contents()
    }

    /// Waits until the screen is as it must be.
    #[track_caller]
    fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> String {
        for _ in 0..LOOKS {
            let text = self.text();
            if holds(&text) {
                return text;
            }
            std::thread::sleep(LOOK);
        }
        panic!("the screen never was so: {what}. It ended as {:?} with\n{}", self.child.try_wait(), self.text());
    }

    /// Waits until the screen has all of these: a look may fall into the middle of a frame.
    #[track_caller]
    fn shows_all(&mut self, parts: &[&str]) -> String {
        self.until(&parts.join(", "), |text| parts.iter().all(|part| text.contains(part)))
    }

    #[track_caller]
    fn shows(&mut self, part: &str) -> String {
        self.until(part, |text| text.contains(part))
    }

    /// Waits for the end of vex.
    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        for _ in 0..LOOKS {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            std::thread::sleep(LOOK);
        }
        let _ = self.child.kill();
        panic!("vex never ended; its screen was\n{}", self.text());
    }

    /// Waits for the end, and checks that the terminal is as it was before.
    #[track_caller]
    fn ends_and_gives_back(mut self) -> ExitStatus {
        let status = self.end();
        assert_eq!(format!("{:?}", self.master.get_termios()), self.modes, "the modes of the terminal");
        for _ in 0..LOOKS {
            let screen = self.screen.lock().expect("the screen");
            let screen = screen.screen();
            let given_back = !screen.alternate_screen()
                && !screen.hide_cursor()
                && screen.mouse_protocol_mode() == MouseProtocolMode::None
                && !screen.bracketed_paste();
            if given_back {
                return status;
            }
            std::thread::sleep(LOOK);
        }
        panic!("the terminal was not given back");
    }

    fn signal(&self, name: &str) {
        let id = self.child.process_id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -s {name}");
    }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a size that is not 0")
}

fn pty_size(size: (u16, u16)) -> PtySize {
    PtySize { rows: size.1, cols: size.0, pixel_width: 0, pixel_height: 0 }
}

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
