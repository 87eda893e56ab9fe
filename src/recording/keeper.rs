//! The writer's thread: takes chunks until the run is over, and writes a file or keeps the newest in a ring.

use super::summary::wrote;
use super::{Recorded, Shared, lock};
use crate::cli::Policy;
use crate::{load, report};
use interpreter::vm::run::Ran;
use signal_hook::consts::SIGINT;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};
use tracer::about::Ending;
use tracer::chunk::Chunk;
use tracer::fan_in::MergedReceiver;
use tracer::file::{FileWriter, Header, Kinds, Ring, Written};
use tracer::finding::{Finding, Verdict};
use tracer::sink::{LiveReceiver, Next};

/// How long the writer waits for events before it looks at what else there is to do.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long the writer leaves several workers alone before it asks them again how far they are.
const PAUSE: Duration = Duration::from_millis(2);

/// How long events of a run in real time may wait for more before they are written.
const FRESH: Duration = Duration::from_millis(250);

/// Where the events come from.
pub(super) enum Receiver {
    One(LiveReceiver),
    Several(Box<MergedReceiver>),
}

impl Receiver {
    fn recycle(&mut self, chunk: Chunk) {
        match self {
            Self::One(receiver) => receiver.recycle(chunk),
            Self::Several(receiver) => receiver.recycle(chunk),
        }
    }
}

/// Where the events go.
pub(super) enum Target {
    File(FileWriter),
    Ring(Ring),
    /// A file that could not be written any more.
    Nothing,
}

/// The writer's side.
pub(super) struct Keeper {
    receiver: Receiver,
    target: Target,
    header: Header,
    path: PathBuf,
    /// Files that were written of a ring, and after how many events the last one.
    dumps: u32,
    dumped_at: u64,
    real_time: bool,
    shared: Arc<Shared>,
    /// Chunks and events that came.
    chunks: u64,
    events: u64,
    lost: u64,
    findings: Vec<Finding>,
    /// Findings that no dump of the ring has yet.
    untold: usize,
    failed: Option<String>,
    flushed: Instant,
}

impl Keeper {
    /// A writer that has taken nothing yet.
    pub(super) fn new(
        receiver: Receiver,
        target: Target,
        header: Header,
        path: &Path,
        real_time: bool,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            receiver,
            target,
            header,
            path: path.to_path_buf(),
            dumps: 0,
            dumped_at: 0,
            real_time,
            shared,
            chunks: 0,
            events: 0,
            lost: 0,
            findings: Vec::new(),
            untold: 0,
            failed: None,
            flushed: now(),
        }
    }

    /// Takes events until the run is over.
    pub(super) fn keep(&mut self) {
        let mut waited = false;
        loop {
            let next = match &mut self.receiver {
                Receiver::One(receiver) if self.real_time && waited => receiver.wait(PATIENCE),
                Receiver::One(receiver) => receiver.wait_for_full(PATIENCE),
                Receiver::Several(receiver) => {
                    if waited {
                        // Each time it is asked a worker cuts its chunk short: not more often than it is worth.
                        thread::sleep(PAUSE);
                    }
                    receiver.wait(PATIENCE)
                }
            };
            waited = matches!(next, Next::Empty);
            match next {
                Next::Chunk(chunk) => {
                    self.tell_findings();
                    self.chunks += 1;
                    self.events += chunk.len() as u64;
                    self.push(&chunk);
                    self.receiver.recycle(chunk);
                }
                Next::Empty => {
                    self.tell_findings();
                    self.flush();
                }
                Next::End => {
                    self.tell_findings();
                    return;
                }
            }
            if self.shared.dump.swap(false, Ordering::Relaxed) {
                self.dump("on SIGUSR1");
            }
        }
    }

    fn push(&mut self, chunk: &Chunk) {
        let pushed = match &mut self.target {
            Target::File(writer) => writer.push(chunk),
            Target::Ring(ring) => ring.push(chunk),
            Target::Nothing => {
                self.lost += chunk.len() as u64;
                return;
            }
        };
        self.check(pushed);
    }

    /// Notes why recording ends, where it does.
    fn check(&mut self, done: io::Result<()>) {
        let Err(error) = done else { return };
        if self.failed.is_none() {
            let path = self.path.display();
            let why = format!("the recording ended after {} events: cannot write {path}: {error}", self.events);
            load::say(&format!("vex: {why}; the program goes on\n"));
            self.failed = Some(why);
        }
    }

    /// Writes what waits for more events, in runs in real time: whoever looks at the file should see what has happened.
    fn flush(&mut self) {
        if let Target::File(writer) = &mut self.target
            && self.real_time
            && self.failed.is_none()
            && self.flushed.elapsed() >= FRESH
        {
            let flushed = writer.flush();
            self.check(flushed);
            tracing::debug!(events = self.events, chunks = self.chunks, lost = self.lost, "brought into the file");
            self.flushed = now();
        }
    }

    /// Writes findings that were made before the chunks that come next.
    fn tell_findings(&mut self) {
        loop {
            let mut waiting = lock(&self.shared.findings);
            let due = waiting.front().is_some_and(|&(after, _)| after <= self.chunks);
            let Some((_, finding)) = due.then(|| waiting.pop_front()).flatten() else { break };
            drop(waiting);
            if let Target::File(writer) = &mut self.target
                && self.failed.is_none()
            {
                let written = writer.finding(&finding);
                self.check(written);
            }
            self.findings.push(finding);
            self.untold += 1;
        }
        // A ring is written when something is found, but not again before half of it is new.
        if let Target::Ring(ring) = &self.target
            && self.untold > 0
        {
            let kept = ring.events() - ring.forgotten();
            if self.dumps == 0 || self.events - self.dumped_at > kept / 2 {
                self.dump("on a finding");
            }
        }
    }

    /// Writes what the ring has, of a run that goes on.
    fn dump(&mut self, why: &str) {
        let path = self.next_path();
        if let Target::Ring(ring) = &mut self.target {
            let written = ring.write(&path, &self.header, None, &self.findings);
            match written {
                Ok(written) => load::say(&format!("vex: {why}: {}\n", wrote(&path, &written, ring.forgotten()))),
                Err(error) => load::say(&format!("vex: {why}: cannot write {}: {error}\n", path.display())),
            }
            (self.dumps, self.dumped_at, self.untold) = (self.dumps + 1, self.events, 0);
        }
    }

    /// The first file of a ring is the one that was asked for, the others are numbered: `t.vxt`, `t.2.vxt`, `t.3.vxt`.
    fn next_path(&self) -> PathBuf {
        if self.dumps == 0 {
            return self.path.clone();
        }
        let extension = self.path.extension().map_or_else(String::new, |e| format!(".{}", e.to_string_lossy()));
        self.path.with_extension(format!("{}{extension}", self.dumps + 1))
    }

    /// Ends the file. All events have come.
    pub(super) fn finish(mut self, mut ran: Ran, policy: Policy, signal: i32) -> Recorded {
        let (events, chunks, lost) = (self.events, self.chunks, self.lost);
        tracing::debug!(events, chunks, lost, signal, "the recording has ended");
        let exit_code = if signal == 0 { report::exit_code(&ran.report, policy) } else { 128 + signal };
        let mut note = match signal {
            0 if ran.report.verdict == Verdict::TimeLimit => "stopped by --time-limit".to_string(),
            0 => String::new(),
            SIGINT => "stopped by SIGINT".to_string(),
            _ => "stopped by SIGTERM".to_string(),
        };
        let ended = matches!(ran.report.verdict, Verdict::Ok | Verdict::Leak | Verdict::Race);
        if let Some(why) = &self.failed {
            if !note.is_empty() {
                note.push_str("; ");
            }
            note.push_str(why);
        }
        let ending = Ending {
            verdict: report::verdict(&ran.report, policy),
            exit_code,
            program_exit_code: ended.then_some(ran.report.exit_code),
            clock: ran.report.clock,
            dropped: self.lost,
            note: note.clone(),
        };
        let findings = &mut ran.report.findings;
        let path = self.next_path();
        let mut forgotten = 0;
        let mut kinds = Kinds::default();
        let done = match std::mem::replace(&mut self.target, Target::Nothing) {
            Target::File(mut writer) => {
                // All events are in blocks then, and counted.
                let resolved = writer.flush().and_then(|()| writer.resolve(findings));
                self.check(resolved);
                kinds.clone_from(writer.kinds());
                writer.finish(ending, findings, &[])
            }
            Target::Ring(mut ring) => {
                let resolved = ring.resolve(findings);
                kinds.clone_from(ring.kinds());
                let written = resolved.and_then(|()| ring.write(&path, &self.header, Some(ending), findings));
                // The newest events, too, had to be made room for.
                forgotten = ring.forgotten();
                written
            }
            Target::Nothing => Ok(Written::default()),
        };
        let written = match done {
            Ok(mut written) => {
                // Whoever stops it wants it to end: `vex view` can make the summary as well.
                if signal == 0 {
                    summarise(&path, &mut written);
                }
                Some(written)
            }
            Err(error) => {
                if self.failed.is_none() {
                    note = format!("{} could not be finished: {error}", path.display());
                    load::say(&format!("vex: {note}\n"));
                }
                None
            }
        };
        let dropped = written.map_or(self.lost, |written| self.lost + written.lost);
        Recorded { ran, exit_code, written, events: self.events, kinds, dropped, forgotten, path, signal, note }
    }
}

/// Adds what the views need at once of a large trace, so that it opens at once. The recording is good without it.
pub(super) fn summarise(path: &Path, written: &mut Written) {
    // A pipe cannot be read again.
    if !path.is_file() {
        return;
    }
    let added = crate::recorded::summarise(path).map_err(io::Error::from);
    match added.and_then(|_| std::fs::metadata(path)) {
        Ok(file) => written.bytes = file.len(),
        Err(error) => tracing::warn!(path = %path.display(), %error, "the trace has no summary"),
    }
}

#[expect(clippy::disallowed_methods, reason = "when to write early, which no seeded run in virtual time does")]
fn now() -> Instant {
    Instant::now()
}
