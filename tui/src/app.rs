//! The event loop: everything that can wake the UI comes together here, becomes a message, and is drawn if it changed something.
//!
//! One thread takes what the session has recorded (for a few milliseconds at most), waits for keys for the rest of the frame,
//! and draws only after a message said that there is something new, at most [`FRAMES`] times a second. Another only reads the terminal:
//! the reader may never come back once the terminal is gone, and the loop must see that and end.

use crate::debugger::Look;
use crate::draw;
use crate::keys::Key;
use crate::session::{Request, Session, Status};
use crate::state::{Speed, State};
use crate::terminal::{Screen, Signals};
use crate::update::{Effect, Message, Mouse, Progress, Workers, update};
use crate::views::View;
use crate::{Error, Options, Outcome};
use crossterm::event::{self, Event, KeyModifiers, MouseButton, MouseEventKind};
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use tracer::event::Kind;

/// Frames a second at most.
const FRAMES: u32 = 30;
/// How long a frame may take in events of the program before it must look at the keys again.
const DRAIN: Duration = Duration::from_millis(12);
/// How long to wait for a key where nothing else can happen; a signal is noticed after it at the latest.
const IDLE: Duration = Duration::from_millis(200);
/// How long to wait for a key while a debugger has something to answer: most steps take less.
const SOON: Duration = Duration::from_millis(4);
/// How long a command of a debugger may take before the screen says so: saying it of every step would be a flicker.
const PATIENCE: Duration = Duration::from_millis(150);
/// Over how long the rate of events is measured.
const RATE_SPAN: Duration = Duration::from_millis(500);

/// Shows a session until the user quits.
#[expect(clippy::disallowed_methods, reason = "frames and rates are the viewer's wall time; the run never sees it")]
pub(crate) fn run(session: &mut dyn Session, options: &Options) -> Result<Outcome, Error> {
    let signals = Signals::listen().map_err(Error::Terminal)?;
    let mut screen = Screen::enter(options.mouse).map_err(Error::Terminal)?;
    let size = crossterm::terminal::size().map_err(Error::Terminal)?;
    let mut state = State::new(session.description(), session.program(), options.theme, size, options.memory);
    state.view = options.view;
    if let Some(store) = session.store() {
        state.open(store);
    }
    state.notice = session.warnings().into_iter().reduce(|all, warning| format!("{all}; {warning}"));
    if session.is_debugger() {
        state.attach_debugger();
        state.view = View::Debug;
    }
    let mut watch = Watch { revision: session.revision(), busy: None };
    state.speed = options.rate.map_or(Speed::Full, Speed::Events);

    let keys = reader();
    let frame = Duration::from_secs(1) / FRAMES;
    let mut dirty = true;
    let mut drawn: Option<Instant> = None;
    let mut rate_since = (Instant::now(), 0);
    // How often the session was asked for events since then, and how often it had more than there was time for.
    let mut asked = (0u32, 0u32);
    let quit = loop {
        if signals.end() || hung_up() {
            break true;
        }
        if signals.stop() {
            screen.suspend().map_err(Error::Terminal)?;
            dirty = true;
        } else if signals.went_on() {
            // After a SIGSTOP nobody could give the terminal back: the shell has changed its modes.
            screen.resume().map_err(Error::Terminal)?;
            dirty = true;
        }

        let now = Instant::now();
        let elapsed = now.duration_since(rate_since.0);
        let more = drain(session, &mut state, &mut watch, elapsed >= RATE_SPAN, &mut dirty);
        asked = (asked.0 + 1, asked.1 + u32::from(more));
        if elapsed >= RATE_SPAN {
            let events = state.store.len();
            // A fork of a debugged run has taken some back.
            let rate = events.saturating_sub(rate_since.1) as f64 / elapsed.as_secs_f64();
            rate_since = (now, events);
            dirty |= update(&mut state, Message::Rate(rate)).changed;
            let seconds = elapsed.as_secs_f64();
            let (stats, no_counters) = (session.workers(), session.no_counters());
            let behind = asked.1 * 2 > asked.0;
            asked = (0, 0);
            let workers = Workers { stats, seconds, no_counters, behind };
            dirty |= update(&mut state, Message::Workers(workers)).changed;
        }

        // What was shown coarsely for want of time can be shown exactly now.
        dirty |= state.store.refined();

        let since = drawn.map_or(frame, |at| now.duration_since(at));
        if dirty && since >= frame {
            screen.terminal.draw(|f| draw::draw(&state, f.buffer_mut())).map_err(Error::Terminal)?;
            drawn = Some(Instant::now());
            dirty = false;
        }

        let wait = match &state.status {
            _ if more => Duration::ZERO,
            _ if dirty => frame.saturating_sub(since),
            _ if state.debugger_is_busy() => SOON,
            _ if state.store.refining() => frame,
            Status::Finished(_) => IDLE,
            _ => frame,
        };
        if input(session, &mut state, &mut screen, &keys, wait, &mut dirty)? {
            break false;
        }
    };
    session.request(Request::Quit);
    drop(screen);
    drop(signals);
    let ending = match state.status {
        Status::Finished(ending) => Some(ending),
        _ => None,
    };
    Ok(Outcome { ending, killed: quit })
}

/// What is remembered of a debugger between two looks.
struct Watch {
    /// The version of the past that the store has.
    revision: u64,
    /// Since when it has been at something.
    busy: Option<Instant>,
}

/// Takes in what the session has; says whether there is more. Findings may be long lists: they are asked for when one was
/// recorded, when the status changes, and else only now and then.
#[expect(clippy::disallowed_methods, reason = "bounds the time of a frame")]
fn drain(session: &mut dyn Session, state: &mut State, watch: &mut Watch, ask: bool, dirty: &mut bool) -> bool {
    let forked = watch.revision != session.revision();
    if forked {
        watch.revision = session.revision();
        *dirty |= update(state, Message::Forked).changed;
    }
    let recorded = state.store.count(Kind::Finding);
    let deadline = Instant::now() + DRAIN;
    let more = session.drain(&mut |chunk| {
        *dirty |= update(state, Message::Chunk(chunk)).changed;
        Instant::now() < deadline
    });
    let status = session.status();
    let ask = ask || forked || status != state.status || recorded != state.store.count(Kind::Finding);
    let progress = Progress { status, findings: ask.then(|| session.findings()), dropped: session.dropped() };
    *dirty |= update(state, Message::Progress(progress)).changed;
    if state.debugger.is_some() {
        let busy = session.busy();
        let since = match busy {
            Some(_) => *watch.busy.get_or_insert_with(Instant::now),
            None => {
                watch.busy = None;
                deadline
            }
        };
        let busy = busy.filter(|_| since.elapsed() >= PATIENCE);
        let look = Look { inspection: session.debug(), busy, answers: session.answers() };
        let step = update(state, Message::Debugger(look));
        *dirty |= step.changed;
        for effect in step.effects {
            if let Effect::Request(request) = effect {
                session.request(request);
            }
        }
    }
    more
}

/// Waits for input and acts on all of it; says whether the user wants to leave.
fn input(
    session: &mut dyn Session,
    state: &mut State,
    screen: &mut Screen,
    keys: &Receiver<io::Result<Event>>,
    wait: Duration,
    dirty: &mut bool,
) -> Result<bool, Error> {
    let mut wait = wait;
    loop {
        let event = match keys.recv_timeout(wait) {
            Ok(event) => event.map_err(Error::Terminal)?,
            Err(RecvTimeoutError::Timeout) => return Ok(false),
            Err(RecvTimeoutError::Disconnected) => return Ok(true),
        };
        // What has come in together is acted on together, then drawn once.
        wait = Duration::ZERO;
        let Some(message) = message(&event) else { continue };
        let step = update(state, message);
        *dirty |= step.changed;
        for effect in step.effects {
            match effect {
                Effect::Quit => return Ok(true),
                Effect::Request(request) => session.request(request),
                Effect::Complete(line) => {
                    let lines = session.complete(&line);
                    *dirty |= update(state, Message::Completions(lines)).changed;
                }
                Effect::Redraw => screen.redraw().map_err(Error::Terminal)?,
                Effect::Suspend => screen.suspend().map_err(Error::Terminal)?,
            }
        }
    }
}

/// Reads the terminal on a thread of its own, until nobody listens or it fails.
fn reader() -> Receiver<io::Result<Event>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            if event.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
                continue;
            }
            let failed = event.is_err();
            if sender.send(event).is_err() || failed {
                break;
            }
        }
    });
    receiver
}

/// Whether the terminal is gone: its window was closed, its connection cut.
fn hung_up() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdin = std::io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

fn message(event: &Event) -> Option<Message<'static>> {
    match event {
        Event::Key(key) => Key::of(key).map(Message::Key),
        Event::Resize(columns, rows) => Some(Message::Resize(*columns, *rows)),
        Event::Mouse(mouse) => {
            let control = mouse.modifiers.contains(KeyModifiers::CONTROL);
            let shift = mouse.modifiers.contains(KeyModifiers::SHIFT);
            let what = match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => Mouse::Click,
                MouseEventKind::ScrollUp if control => Mouse::Zoom(true),
                MouseEventKind::ScrollDown if control => Mouse::Zoom(false),
                MouseEventKind::ScrollUp if shift => Mouse::Sideways(-1),
                MouseEventKind::ScrollDown if shift => Mouse::Sideways(1),
                MouseEventKind::ScrollUp => Mouse::Wheel(-1),
                MouseEventKind::ScrollDown => Mouse::Wheel(1),
                MouseEventKind::ScrollLeft => Mouse::Sideways(-1),
                MouseEventKind::ScrollRight => Mouse::Sideways(1),
                _ => return None,
            };
            Some(Message::Mouse(what, mouse.column, mouse.row))
        }
        _ => None,
    }
}
