//! The terminal: taken over on entry, and given back as it was on every way out.
//!
//! Ways out are: the end of [`Screen`] (quit, error, unwinding), a panic in any thread, a signal (SIGINT, SIGTERM, SIGHUP) and
//! a stop (Ctrl-Z, SIGTSTP). Signals only set flags ([`Signals`]); the event loop acts on them between two frames. A panic
//! of the UI's own thread gives the terminal back before its message is printed; one of another thread (the engine) must not
//! write over the screen, so its message is kept and printed when the screen is left.

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableMouseCapture};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use std::io::{self, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::thread::ThreadId;

/// Whether the alternate screen is up now; the panic hook and the guard must agree on it.
static UP: AtomicBool = AtomicBool::new(false);
/// The thread that draws, and what other threads had to say as they panicked.
static UI_THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);
static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HOOK: Once = Once::new();

/// The terminal while the UI has it.
pub struct Screen {
    /// What to draw on.
    pub terminal: Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over.
    pub fn enter(mouse: bool) -> io::Result<Screen> {
        HOOK.call_once(install_panic_hook);
        *UI_THREAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current().id());
        // A failure half-way leaves nothing behind: the guard exists before the first mode is set.
        let mut screen = Screen { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?, mouse };
        screen.resume()?;
        Ok(screen)
    }

    /// Sets the modes (again, after a stop) and forgets what was on the screen.
    pub fn resume(&mut self) -> io::Result<()> {
        UP.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        if self.mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        tracing::debug!(mouse = self.mouse, size = ?self.terminal.size().ok(), "the terminal is taken over");
        self.redraw()
    }

    /// Forgets what is on the screen: the next frame draws every cell. `Terminal::clear` would ask the terminal where its cursor
    /// is and wait for the answer, which the thread that reads the keys takes away, and which not every terminal gives.
    pub fn redraw(&mut self) -> io::Result<()> {
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Gives the terminal back, stops the process as Ctrl-Z would have, and takes the terminal again when it goes on.
    pub fn suspend(&mut self) -> io::Result<()> {
        restore();
        signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
        self.resume()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
        *UI_THREAD.lock().unwrap_or_else(PoisonError::into_inner) = None;
        for message in std::mem::take(&mut *KEPT.lock().unwrap_or_else(PoisonError::into_inner)) {
            let _ = writeln!(io::stderr(), "{message}");
        }
    }
}

/// Gives the terminal back as it was; harmless where it already has been. Errors have nowhere to go.
fn restore() {
    if UP.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
        tracing::debug!("the terminal is given back");
    }
}

fn install_panic_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let ui = *UI_THREAD.lock().unwrap_or_else(PoisonError::into_inner);
        match ui {
            Some(id) if id != std::thread::current().id() && UP.load(Ordering::SeqCst) => {
                let thread = std::thread::current();
                let name = thread.name().unwrap_or("?").to_string();
                KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(format!("thread '{name}' {info}"));
            }
            _ => {
                restore();
                before(info);
            }
        }
    }));
}

/// Whether nobody listens any more: from then on the signals do what they do by default (the process may still have to
/// wait for its program to end, and Ctrl-C must stop that).
static DEAF: OnceLock<Arc<AtomicBool>> = OnceLock::new();
const ENDING: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// The signals that concern the screen, as flags that the event loop reads.
pub struct Signals {
    end: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
    went_on: Arc<AtomicBool>,
    ids: Vec<signal_hook::SigId>,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> io::Result<Signals> {
        let deaf = match DEAF.get() {
            Some(deaf) => deaf,
            None => {
                let deaf = Arc::new(AtomicBool::new(false));
                for signal in ENDING {
                    signal_hook::flag::register_conditional_default(signal, Arc::clone(&deaf))?;
                }
                DEAF.get_or_init(|| deaf)
            }
        };
        deaf.store(false, Ordering::SeqCst);
        let mut signals =
            Signals { end: Arc::default(), stop: Arc::default(), went_on: Arc::default(), ids: Vec::new() };
        for signal in ENDING {
            signals.ids.push(signal_hook::flag::register(signal, Arc::clone(&signals.end))?);
        }
        signals.ids.push(signal_hook::flag::register(SIGTSTP, Arc::clone(&signals.stop))?);
        signals.ids.push(signal_hook::flag::register(SIGCONT, Arc::clone(&signals.went_on))?);
        Ok(signals)
    }

    /// Whether to leave now.
    pub fn end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    /// Whether somebody asked the process to stop since the last call.
    pub fn stop(&self) -> bool {
        self.stop.swap(false, Ordering::Relaxed)
    }

    /// Whether the process went on after a stop since the last call.
    pub fn went_on(&self) -> bool {
        self.went_on.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if let Some(deaf) = DEAF.get() {
            deaf.store(true, Ordering::SeqCst);
        }
        for id in self.ids.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}
