//! What the guest writes and reads.
//!
//! Text is cut at line ends: an event and a write to the real stream carry whole lines of one task, or what is left when the
//! program stops, so that output of several tasks never mixes within a line that was printed in one call. A closed pipe is
//! remembered ([`Io::is_broken`]); the loop ends the program quietly.

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tracer::event::Kind;
use tracer::record::Tracer;

/// Bytes kept back before they are written to the real stream.
const BUFFER: usize = 1 << 13;

/// Where a stream of the guest goes, besides the trace.
pub enum Sink {
    /// Nowhere: it is only an event (the screen belongs to a view).
    Events,
    /// Kept in memory.
    Memory,
    /// Written here.
    Stream(Box<dyn Write + Send>),
}

/// What the guest reads.
#[derive(Default)]
pub enum Input {
    /// Nothing: at its end from the start.
    #[default]
    Empty,
    /// Lines from here (a file, a text, the real standard input).
    Stream(Box<dyn BufRead + Send>),
    /// These lines, of which so many have been read: a debugger reads them again.
    Lines(Vec<String>, usize),
}

impl Input {
    /// The lines of a text.
    pub fn text(text: impl Into<String>) -> Input {
        Input::Stream(Box::new(std::io::Cursor::new(text.into().into_bytes())))
    }
}

/// One of the guest's two output streams.
struct Output {
    sink: Sink,
    pending: Vec<u8>,
    memory: String,
}

impl Output {
    fn new(sink: Sink) -> Output {
        Output { sink, pending: Vec::new(), memory: String::new() }
    }

    /// Takes text; whether the stream still stands.
    fn write(&mut self, text: &str) -> bool {
        match &mut self.sink {
            Sink::Events => true,
            Sink::Memory => {
                self.memory.push_str(text);
                true
            }
            Sink::Stream(_) => {
                self.pending.extend_from_slice(text.as_bytes());
                self.pending.len() < BUFFER || self.flush()
            }
        }
    }

    fn flush(&mut self) -> bool {
        let Sink::Stream(stream) = &mut self.sink else { return true };
        if self.pending.is_empty() {
            return true;
        }
        let done = stream.write_all(&self.pending).and_then(|()| stream.flush());
        self.pending.clear();
        done.is_ok()
    }
}

/// The guest's standard streams and arguments.
pub struct Io {
    out: Output,
    err: Output,
    input: Arc<Mutex<Input>>,
    /// The arguments after `--`.
    pub args: Vec<String>,
    /// A stream of ours was closed at its other end: the program should end, quietly.
    broken: Arc<AtomicBool>,
    /// Bytes written to both streams.
    pub written: u64,
}

impl Io {
    /// Streams that go to these sinks.
    pub fn new(out: Sink, err: Sink, input: Input) -> Io {
        Io {
            out: Output::new(out),
            err: Output::new(err),
            input: Arc::new(Mutex::new(input)),
            args: Vec::new(),
            broken: Arc::default(),
            written: 0,
        }
    }

    /// The real standard streams.
    pub fn real() -> Io {
        Io::new(
            Sink::Stream(Box::new(std::io::stdout())),
            Sink::Stream(Box::new(std::io::stderr())),
            Input::Stream(Box::new(std::io::BufReader::new(std::io::stdin()))),
        )
    }

    /// Output kept in memory, no input: for tests.
    pub fn memory() -> Io {
        Io::new(Sink::Memory, Sink::Memory, Input::Empty)
    }

    /// Whether a stream of ours was closed at its other end.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// The same as something to keep: it is set when that happens.
    pub fn broken_flag(&self) -> Arc<AtomicBool> {
        self.broken.clone()
    }

    /// What was written to standard output, where it is kept in memory.
    pub fn stdout(&self) -> &str {
        &self.out.memory
    }

    /// What was written to standard error, where it is kept in memory.
    pub fn stderr(&self) -> &str {
        &self.err.memory
    }

    /// The current task prints: an event, and the text to the sink.
    pub fn print<T: Tracer>(&mut self, tr: &mut T, site: u32, clock: u64, to: Kind, text: &str) {
        if text.is_empty() {
            return;
        }
        if T::ON {
            tr.text(to, site, clock, text);
        }
        self.written += text.len() as u64;
        let error = to == Kind::ErrorOutput;
        // What was printed before on the other stream comes out before.
        let stands =
            if error { self.out.flush() && self.err.write(text) && self.err.flush() } else { self.out.write(text) };
        self.broken.fetch_or(!stands, Ordering::Relaxed);
    }

    /// Writes out what is kept back: at the end, at a panic, before waiting for input, and whenever the engine sleeps.
    pub fn flush(&mut self) {
        let stands = self.out.flush() & self.err.flush();
        self.broken.fetch_or(!stands, Ordering::Relaxed);
    }

    /// Lines read so far of those that can be read again.
    pub fn lines_read(&self) -> usize {
        match &*self.input.lock().unwrap_or_else(PoisonError::into_inner) {
            Input::Lines(_, next) => *next,
            Input::Empty | Input::Stream(_) => 0,
        }
    }

    /// Goes back to a line of those that can be read again.
    pub fn read_again_from(&mut self, line: usize) {
        if let Input::Lines(_, next) = &mut *self.input.lock().unwrap_or_else(PoisonError::into_inner) {
            *next = line;
        }
    }

    /// The guest's input, to be read without holding the output.
    pub fn input(&self) -> Arc<Mutex<Input>> {
        self.input.clone()
    }
}

impl Input {
    /// A line without its end; `None` at the end of the input. Blocks while a person types.
    pub fn read_line(&mut self) -> Option<String> {
        let stream = match self {
            Input::Empty => return None,
            Input::Stream(stream) => stream,
            Input::Lines(lines, next) => {
                let line = lines.get(*next).cloned();
                *next += line.is_some() as usize;
                return line;
            }
        };
        let mut line = Vec::new();
        match stream.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => {
                while matches!(line.last(), Some(b'\n' | b'\r')) {
                    line.pop();
                }
                Some(String::from_utf8_lossy(&line).into_owned())
            }
        }
    }
}

impl Drop for Io {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use tracer::record::Off;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn both_streams_come_out_in_order() {
        let both = Shared::default();
        let stream = || Sink::Stream(Box::new(both.clone()));
        let mut io = Io::new(stream(), stream(), Input::Empty);
        io.print(&mut Off, 0, 0, Kind::Output, "one\n");
        assert_eq!(both.0.lock().expect("not poisoned").len(), 0);
        io.print(&mut Off, 0, 0, Kind::ErrorOutput, "two\n");
        io.print(&mut Off, 0, 0, Kind::Output, "three\n");
        drop(io);
        assert_eq!(*both.0.lock().expect("not poisoned"), b"one\ntwo\nthree\n");
    }

    #[test]
    fn a_closed_pipe_is_remembered_and_harms_nobody() {
        let mut io = Io::new(Sink::Stream(Box::new(Closed)), Sink::Memory, Input::Empty);
        io.print(&mut Off, 0, 0, Kind::Output, "lost");
        assert!(!io.is_broken());
        io.flush();
        assert!(io.is_broken());
    }

    #[test]
    fn lines_are_read_without_their_ends() {
        let io = Io::new(Sink::Memory, Sink::Memory, Input::text("a\r\n\nlast"));
        let lines: Vec<_> =
            std::iter::from_fn(|| io.input().lock().expect("nobody panics with it").read_line()).collect();
        assert_eq!(lines, ["a", "", "last"]);
    }
}
