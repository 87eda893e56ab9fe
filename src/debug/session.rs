//! A debugger behind the screen: it works on a thread of its own, and the screen never waits for it.
//!
//! Commands come as lines through a channel and are done one after the other; after each the newest inspection, the answer and the
//! events that are new are put where the screen looks. An interrupt takes back the commands that wait as well: each carries
//! the number of the interrupt that it came after, and a command with an old number is only answered.

use super::console::Console;
use super::parse::parse;
use super::scan;
use crate::cli::Policy;
use crate::exit;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tracer::chunk::Chunk;
use tracer::finding::Finding;
use tracer::inspect::Inspection;
use tracer::program::ProgramInfo;
use tui::session::{Answer, Description, Ending, Request, Session, Status};

/// Events for the screen.
#[derive(Default)]
struct Events {
    /// How often the past has changed.
    revision: u64,
    /// What the screen has not taken yet.
    chunks: VecDeque<Chunk>,
}

/// What the two threads share.
#[derive(Default)]
struct Shared {
    inspection: Mutex<Option<Arc<Inspection>>>,
    answers: Mutex<Vec<Answer>>,
    busy: Mutex<Option<String>>,
    findings: Mutex<Vec<Finding>>,
    events: Mutex<Events>,
    interrupts: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A line of commands that waits.
struct Line {
    text: String,
    /// How many interrupts there had been.
    interrupts: u64,
}

/// A debugger that a screen shows.
pub struct DebugSession {
    description: Description,
    program: Arc<ProgramInfo>,
    shared: Arc<Shared>,
    interrupt: Arc<AtomicBool>,
    /// Gone when the user has left.
    lines: Option<Sender<Line>>,
    revision: u64,
    policy: Policy,
}

impl DebugSession {
    /// Puts a debugger to work. The thread ends, and gives the console back, after [`Request::Quit`]. `interrupt` is the flag that the
    /// debugger was made with.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(
        console: Console,
        description: Description,
        interrupt: Arc<AtomicBool>,
        policy: Policy,
    ) -> std::io::Result<(Self, JoinHandle<Console>)> {
        let program = console.program().clone();
        let shared = Arc::new(Shared::default());
        let (lines, receiver) = channel();
        let worker = Worker { console, shared: shared.clone(), interrupt: interrupt.clone(), given: Given::default() };
        let thread = std::thread::Builder::new().name("debugger".into()).stack_size(crate::STACK);
        let handle = thread.spawn(move || worker.work(&receiver))?;
        Ok((Self { description, program, shared, interrupt, lines: Some(lines), revision: 0, policy }, handle))
    }
}

/// How much of the journal the screen was given.
#[derive(Default)]
struct Given {
    revision: u64,
    events: u64,
}

/// Where the screen would wait for ever, it learns of a fault of ours.
struct Last(Arc<Shared>);

impl Drop for Last {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let command = lock(&self.0.busy).take().unwrap_or_default();
            let text = "internal error: the debugger has stopped; the run can still be looked at, and `q` leaves\n"
                .to_string();
            lock(&self.0.answers).push(Answer { command, text, failed: true });
        }
    }
}

struct Worker {
    console: Console,
    shared: Arc<Shared>,
    interrupt: Arc<AtomicBool>,
    given: Given,
}

impl Worker {
    fn work(mut self, lines: &Receiver<Line>) -> Console {
        let _last = Last(self.shared.clone());
        self.publish();
        while let Ok(line) = lines.recv() {
            // The flag of an interrupt that came before this command was asked for is not meant for it; one that comes
            // between the two lines has a new number.
            self.interrupt.store(false, Ordering::SeqCst);
            if self.shared.interrupts.load(Ordering::SeqCst) == line.interrupts {
                *lock(&self.shared.busy) = Some(line.text.clone());
                let answer = self.answer(line.text);
                self.publish();
                lock(&self.shared.answers).push(answer);
                *lock(&self.shared.busy) = None;
            } else {
                let text = "interrupted before it began\n".to_string();
                lock(&self.shared.answers).push(Answer { command: line.text, text, failed: true });
            }
        }
        self.console
    }

    /// Does the commands of a line, up to the first that fails.
    fn answer(&mut self, line: String) -> Answer {
        let mut text = String::new();
        let mut failed = false;
        for piece in scan::commands(&line) {
            let outcome = match parse(&piece.text) {
                Ok(command) => self.console.run(&command).map_err(|refused| refused.0),
                Err(wrong) => Err(format!("column {}: {}", piece.column + wrong.column - 1, wrong.message)),
            };
            match outcome {
                Ok(answer) => text.push_str(&answer.text),
                Err(message) => {
                    text.push_str(&message);
                    text.push('\n');
                    failed = true;
                    break;
                }
            }
        }
        Answer { command: line, text, failed }
    }

    /// Puts what is new where the screen looks.
    fn publish(&mut self) {
        let debugger = self.console.debugger();
        let journal = debugger.journal();
        let mut events = lock(&self.shared.events);
        if debugger.revision() != self.given.revision {
            self.given = Given { revision: debugger.revision(), events: 0 };
            events.revision += 1;
            events.chunks.clear();
        }
        events.chunks.extend(journal.chunks(self.given.events..u64::MAX));
        self.given.events = journal.len();
        drop(events);
        // After the events: the screen knows those that an inspection speaks of.
        let inspection = self.console.debugger().inspection();
        *lock(&self.shared.inspection) = Some(Arc::new(inspection));
        *lock(&self.shared.findings) = self.console.findings();
    }
}

impl Session for DebugSession {
    fn description(&self) -> Description {
        self.description.clone()
    }

    fn program(&self) -> Arc<ProgramInfo> {
        self.program.clone()
    }

    fn drain(&mut self, take: &mut dyn FnMut(&Chunk) -> bool) -> bool {
        loop {
            let chunk = {
                let mut events = lock(&self.shared.events);
                if events.revision != self.revision {
                    self.revision = events.revision;
                    return true;
                }
                events.chunks.pop_front()
            };
            match chunk {
                Some(chunk) if take(&chunk) => {}
                Some(_) => return true,
                None => return false,
            }
        }
    }

    fn status(&self) -> Status {
        let ended = self.debug().and_then(|inspection| inspection.ended.clone());
        match ended {
            _ if lock(&self.shared.busy).is_some() => Status::Running,
            Some(ended) if lock(&self.shared.events).chunks.is_empty() => {
                let exit_code = exit::of_verdict(ended.verdict, self.policy).unwrap_or(ended.exit_code);
                Status::Finished(Ending { verdict: ended.verdict, exit_code, note: String::new() })
            }
            _ => Status::Paused,
        }
    }

    fn findings(&self) -> Vec<Finding> {
        lock(&self.shared.findings).clone()
    }

    fn dropped(&self) -> u64 {
        0
    }

    fn debug(&self) -> Option<Arc<Inspection>> {
        lock(&self.shared.inspection).clone()
    }

    fn is_debugger(&self) -> bool {
        true
    }

    fn busy(&self) -> Option<String> {
        lock(&self.shared.busy).clone()
    }

    fn answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut *lock(&self.shared.answers))
    }

    fn complete(&self, line: &str) -> Vec<String> {
        super::complete::complete(line, self.debug().as_deref(), &self.program)
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Debug(text) => {
                let interrupts = self.shared.interrupts.load(Ordering::SeqCst);
                if let Some(lines) = &self.lines
                    && let Err(unsent) = lines.send(Line { text, interrupts })
                {
                    // The thread ends only when the sender is gone, or by a fault of ours.
                    let text = "the debugger has stopped\n".to_string();
                    lock(&self.shared.answers).push(Answer { command: unsent.0.text, text, failed: true });
                }
            }
            Request::Interrupt => {
                self.shared.interrupts.fetch_add(1, Ordering::SeqCst);
                self.interrupt.store(true, Ordering::SeqCst);
            }
            Request::Quit => {
                self.request(Request::Interrupt);
                self.lines = None;
            }
            // A debugger stands still unless it is told to move.
            Request::Pause | Request::Resume | Request::Step(_) | Request::Rate(_) => {}
        }
    }
}
