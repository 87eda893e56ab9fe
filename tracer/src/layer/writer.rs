//! The thread that writes the file: the program's own threads never wait for a disk, unless they were told to.

use super::Shared;
use super::places::Found;
use super::source::Texts;
use super::table::Wanted;
use crate::about::Ending;
use crate::file::{FileWriter, Header, Written};
use crate::finding::Verdict;
use crate::program::ProgramInfo;
use crate::sink::{LiveReceiver, Next};
use rustc_hash::FxHashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often what was recorded is brought into the file, full blocks aside: what `kill -9` may cost.
const TICK: Duration = Duration::from_millis(250);

/// Versions of the program's table that are written without asking whether they are worth their bytes.
const TABLES: u32 = 8;

/// What the thread came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) written: Written,
    /// Why events could not be written, if that is so.
    pub(super) failed: Option<io::Error>,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    receiver: LiveReceiver,
    file: FileWriter,
    header: Header,
    texts: Texts,
    /// Versions of the table in the file, and their bytes.
    tables: (u32, u64),
    failed: Option<io::Error>,
    /// What has been read about, but not told yet.
    unlearned: Vec<Wanted>,
    found: FxHashMap<u32, Found>,
    /// A version of the table that is not in the file yet.
    news: Option<ProgramInfo>,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, receiver: LiveReceiver, file: FileWriter, header: Header) -> Self {
        let (texts, tables) = (Texts::default(), (0, 0));
        let (unlearned, found) = (Vec::new(), FxHashMap::default());
        Self { shared, receiver, file, header, texts, tables, failed: None, unlearned, found, news: None }
    }

    /// Writes until the recording is closed.
    pub(super) fn run(mut self) -> io::Result<Outcome> {
        let mut ticked = now();
        loop {
            match self.receiver.wait(TICK) {
                Next::Chunk(chunk) => {
                    let written = self.file.push(&chunk);
                    self.note(written);
                    self.receiver.recycle(chunk);
                }
                Next::Empty => {}
                Next::End => break,
            }
            if now().duration_since(ticked) >= TICK {
                self.tick();
                ticked = now();
            }
        }
        self.finish()
    }

    fn note(&mut self, done: io::Result<()>) {
        if let Err(error) = done {
            self.failed.get_or_insert(error);
        }
    }

    /// Brings everything into the file that was recorded so far.
    fn tick(&mut self) {
        let shared = self.shared.clone();
        // A thread that waits for room holds the lock, and only this one makes room: never wait here.
        let Some(mut state) = shared.try_lock() else { return };
        // Chunks are only sent under the lock, so there is room for one more from here on.
        let mut chunks = Vec::new();
        while let Next::Chunk(chunk) = self.receiver.try_next() {
            chunks.push(chunk);
        }
        state.settle_all();
        let now = state.now.max(shared.clock());
        state.stream.flush(now);
        let wanted = state.table.wanted();
        let findings = state.findings.get(state.told..).unwrap_or_default().to_vec();
        state.told = state.findings.len();
        drop(state);
        while let Next::Chunk(chunk) = self.receiver.try_next() {
            chunks.push(chunk);
        }
        for chunk in chunks {
            let written = self.file.push(&chunk);
            self.note(written);
            self.receiver.recycle(chunk);
        }
        self.learn(wanted);
        self.write_table(false);
        for finding in &findings {
            let written = self.file.finding(finding);
            self.note(written);
        }
        let flushed = self.file.flush();
        self.note(flushed);
    }

    /// Reads what the sources say, and asks for the table.
    fn learn(&mut self, wanted: Vec<Wanted>) {
        for want in &wanted {
            match want {
                Wanted::Text { path, .. } => self.texts.read(path),
                Wanted::Stack { site, stack, .. } => {
                    if let Some(found) = self.shared.places.understand(*site, stack) {
                        self.found.insert(*site, found);
                    }
                }
                Wanted::Object { .. } | Wanted::Function { .. } => {}
            }
        }
        self.unlearned.extend(wanted);
        let shared = self.shared.clone();
        let Some(mut state) = shared.try_lock() else { return };
        state.table.learn(&std::mem::take(&mut self.unlearned), &std::mem::take(&mut self.found), &self.texts);
        if let Some(news) = state.table.news() {
            self.news = Some(news);
        }
    }

    /// Writes the program's table where it has changed and is worth it: a reader believes the last one.
    fn write_table(&mut self, last: bool) {
        let (count, bytes) = self.tables;
        if count >= TABLES && !last && bytes > self.file.bytes() / 4 {
            return;
        }
        let Some(program) = self.news.take() else { return };
        self.header.program = Arc::new(program);
        let before = self.file.bytes();
        let written = self.file.header(&self.header);
        self.tables = (count + 1, bytes + (self.file.bytes() - before));
        self.note(written);
    }

    fn finish(mut self) -> io::Result<Outcome> {
        let shared = self.shared.clone();
        let (wanted, findings, clock, workers) = {
            let mut state = shared.lock();
            let workers = state.workers.len() as u32;
            (state.table.wanted(), state.findings.clone(), state.stream.clock(), workers)
        };
        self.learn(wanted);
        // What was learned of stacks may ask for more: their files, then what stands in them.
        for _ in 0..2 {
            let more = shared.lock().table.wanted();
            self.learn(more);
        }
        if self.news.is_none() {
            self.news = Some(ProgramInfo::clone(&self.header.program));
        }
        self.header.about.workers = workers;
        self.write_table(true);
        let verdict = findings.iter().map(|finding| finding.verdict).next().unwrap_or(Verdict::Ok);
        let note = match &self.failed {
            Some(error) => format!("the recording ended before the program: {error}"),
            None => String::new(),
        };
        let ending = Ending {
            verdict,
            exit_code: if verdict == Verdict::Deadlock { DEADLOCK } else { 0 },
            program_exit_code: None,
            clock,
            dropped: shared.control.stats().dropped,
            note,
        };
        let written = self.file.finish(ending, &findings, &[])?;
        Ok(Outcome { written, failed: self.failed })
    }
}

/// What vex exits with where it finds a deadlock.
const DEADLOCK: i32 = 102;

#[expect(clippy::disallowed_methods, reason = "when to bring the newest events into the file; only in another program")]
fn now() -> Instant {
    Instant::now()
}
