//! A vex in a real pseudo-terminal, for tests of its screen.
//!
//! Nothing here waits for a fixed time: a test looks at the screen again and again until it shows what it must, and fails with
//! the screen as it was when that takes far too long.

#![allow(dead_code, reason = "each test uses its part")]

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, SlavePty, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use vt100::MouseProtocolMode;

/// Between two looks, and how many there are before a test gives up: half a minute, for a machine that does much else.
pub const LOOK: Duration = Duration::from_millis(10);
pub const LOOKS: usize = 3_000;

/// A vex in a terminal of its own.
pub struct Vex {
    pub child: Box<dyn Child + Send + Sync>,
    pub master: Box<dyn MasterPty>,
    /// Kept open, so that the modes can still be asked for when vex has ended.
    pub slave: Box<dyn SlavePty>,
    pub keyboard: Box<dyn Write + Send>,
    pub screen: Arc<Mutex<vt100::Parser>>,
    pub deaf: Arc<AtomicBool>,
    pub reader: JoinHandle<()>,
    pub modes: String,
}

impl Vex {
    /// Starts `vex trace ARGS` in a terminal of this size, with more variables in its environment.
    pub fn start(size: (u16, u16), args: &[&str], environment: &[(&str, &str)]) -> Vex {
        Vex::start_as("trace", size, args, environment)
    }

    /// The same for another command.
    pub fn start_as(name: &str, size: (u16, u16), args: &[&str], environment: &[(&str, &str)]) -> Vex {
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

    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).and_then(|()| self.keyboard.flush()).expect("keys are taken");
    }

    pub fn resize(&mut self, size: (u16, u16)) {
        // The screen is cleared, as if the terminal had forgotten everything: what it shows from now on was drawn anew.
        let mut screen = self.screen.lock().expect("the screen");
        screen.screen_mut().set_size(cells(size.1), cells(size.0));
        screen.process(b"\x1b[2J");
        drop(screen);
        self.master.resize(pty_size(size)).expect("a new size");
    }

    pub fn text(&self) -> String {
        self.screen.lock().expect("the screen").screen().contents()
    }

    /// Waits until the screen is as it must be.
    #[track_caller]
    pub fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) -> String {
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
    pub fn shows_all(&mut self, parts: &[&str]) -> String {
        self.until(&parts.join(", "), |text| parts.iter().all(|part| text.contains(part)))
    }

    #[track_caller]
    pub fn shows(&mut self, part: &str) -> String {
        self.until(part, |text| text.contains(part))
    }

    /// Waits for the end of vex.
    #[track_caller]
    pub fn end(&mut self) -> ExitStatus {
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
    pub fn ends_and_gives_back(mut self) -> ExitStatus {
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

    pub fn signal(&self, name: &str) {
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
