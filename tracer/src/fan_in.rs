//! A run of several workers and its watcher: a sink for each worker's recorder, and one merged stream at the other end.
//!
//! Each worker has a row of its own for its chunks, so that one that is ahead never keeps those of another from coming
//! through. A sink never waits when it takes a chunk, for its worker may hold what others need: it says that it is full
//! ([`Sink::is_full`]), and the recorder waits at the worker's next safepoint ([`Sink::settle`]). A worker that waits
//! counts as idle: it holds back neither the merge nor its peers.

use crate::chunk::Chunk;
use crate::control::Control;
use crate::merge::Merger;
use crate::progress::Progress;
use crate::sink::{BackPressure, Next, Receive, Sink};
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, unbounded};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a worker that waits for room goes without looking whether the watcher has left.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many chunks of a worker are under way: in its row, or with the merger.
#[derive(Debug)]
struct Load {
    chunks: AtomicUsize,
    limit: usize,
    waiting: Mutex<()>,
    room: Condvar,
}

impl Load {
    fn is_full(&self) -> bool {
        self.chunks.load(Relaxed) >= self.limit
    }

    fn less(&self) {
        self.chunks.fetch_sub(1, Relaxed);
        if !self.is_full() {
            // With the lock, so that nobody is between looking and waiting.
            drop(self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            self.room.notify_all();
        }
    }
}

/// Hands the chunks of one of several workers to a watcher in another thread.
pub struct WorkerSink {
    worker: u32,
    full: Sender<Chunk>,
    /// The other end of `full`: dropping the oldest means receiving it here.
    oldest: Receiver<Chunk>,
    empty: Receiver<Chunk>,
    bell: Sender<()>,
    load: Arc<Load>,
    progress: Arc<Progress>,
    pressure: BackPressure,
    control: Arc<Control>,
    /// The newest clock that this worker told of.
    clock: u64,
}

/// A worker's row as the watcher sees it.
struct Row {
    full: Receiver<Chunk>,
    empty: Sender<Chunk>,
    load: Arc<Load>,
    ended: bool,
}

/// The watcher's end: what all workers recorded, as one stream.
pub struct MergedReceiver {
    rows: Vec<Row>,
    merger: Merger,
    progress: Arc<Progress>,
    bell: Receiver<()>,
    control: Arc<Control>,
}

/// A connection between `workers` recorders and a watcher, with room for about `chunks` chunks (64 KiB each) in all. The
/// recorders are to be made [`crate::record::Recorder::at_safepoints`], each with the number of its sink.
pub fn live_workers(
    workers: usize,
    chunks: usize,
    pressure: BackPressure,
    control: Arc<Control>,
) -> (Vec<WorkerSink>, MergedReceiver) {
    let progress = Arc::new(Progress::new(workers));
    let limit = (chunks / workers.max(1)).max(2);
    // One ring is enough to wake the watcher, who looks at everything then.
    let (ring, bell) = bounded(1);
    let mut sinks = Vec::new();
    let mut rows = Vec::new();
    for worker in 0..workers as u32 {
        let (full, oldest) = unbounded();
        let (back, empty) = bounded(limit + 1);
        let (waiting, room) = (Mutex::new(()), Condvar::new());
        let load = Arc::new(Load { chunks: AtomicUsize::new(0), limit, waiting, room });
        rows.push(Row { full: oldest.clone(), empty: back, load: load.clone(), ended: false });
        sinks.push(WorkerSink {
            worker,
            full,
            oldest,
            empty,
            bell: ring.clone(),
            load,
            progress: progress.clone(),
            pressure,
            control: control.clone(),
            clock: 0,
        });
    }
    (sinks, MergedReceiver { rows, merger: Merger::new(), progress, bell, control })
}

impl Sink for WorkerSink {
    fn take(&mut self, mut chunk: Chunk) -> Chunk {
        // After the watcher has left nobody reads: keep recording cheap and quiet.
        if self.control.is_quit() {
            chunk.clear();
            return chunk;
        }
        let mut recycled = None;
        if self.pressure == BackPressure::DropOldest
            && self.load.is_full()
            && let Ok(mut oldest) = self.oldest.try_recv()
        {
            self.load.less();
            self.control.dropped(oldest.len() as u64);
            oldest.clear();
            recycled = Some(oldest);
        }
        self.load.chunks.fetch_add(1, Relaxed);
        if let Err(back) = self.full.send(chunk) {
            chunk = back.into_inner();
            chunk.clear();
            return chunk;
        }
        let _ = self.bell.try_send(());
        recycled.or_else(|| self.empty.try_recv().ok()).unwrap_or_default()
    }

    fn is_full(&self) -> bool {
        self.pressure == BackPressure::Block && self.load.is_full() && !self.control.is_quit()
    }

    fn settle(&mut self) {
        let mut guard = self.load.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while self.is_full() {
            guard = self.load.room.wait_timeout(guard, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn floor(&mut self, clock: u64) {
        self.clock = clock;
        self.progress.floor(self.worker, clock);
    }

    fn idle(&mut self, clock: u64) {
        self.clock = clock;
        self.progress.idle(self.worker, clock);
        let _ = self.bell.try_send(());
    }

    fn awake(&mut self, clock: u64) -> u64 {
        self.progress.awake(self.worker, clock)
    }
}

/// A worker that is gone (its thread may have panicked) must hold nobody back.
impl Drop for WorkerSink {
    fn drop(&mut self) {
        self.progress.idle(self.worker, self.clock);
        let _ = self.bell.try_send(());
    }
}

/// A watcher that is gone asks for nothing more: no recorder must wait for it.
impl Drop for MergedReceiver {
    fn drop(&mut self) {
        self.control.quit();
        self.rows.iter().for_each(|row| row.load.room.notify_all());
    }
}

impl Receive for MergedReceiver {
    fn try_next(&mut self) -> Next {
        MergedReceiver::try_next(self)
    }
    fn recycle(&mut self, chunk: Chunk) {
        MergedReceiver::recycle(self, chunk);
    }
}

impl MergedReceiver {
    /// The next merged chunk, if there is one. Never waits. Where there is none the workers are asked for the events that
    /// they have so far; they come with a later call.
    pub fn try_next(&mut self) -> Next {
        if let Some(chunk) = self.merger.pop() {
            return Next::Chunk(chunk);
        }
        // Before the rows are emptied: then everything below the limit is in them.
        let limit = self.progress.limit();
        for row in &mut self.rows {
            while !row.ended {
                match row.full.try_recv() {
                    Ok(chunk) => self.merger.push(chunk),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => row.ended = true,
                }
            }
        }
        let ended = self.rows.iter().all(|row| row.ended);
        if ended {
            self.merger.finish();
        } else {
            self.merger.advance(limit);
            self.merger.flush();
        }
        while let Some(mut chunk) = self.merger.used() {
            if let Some(row) = self.rows.get(chunk.worker as usize) {
                row.load.less();
                chunk.clear();
                // A full row means that the worker has enough spare chunks.
                let _ = row.empty.try_send(chunk);
            }
        }
        match self.merger.pop() {
            Some(chunk) => Next::Chunk(chunk),
            None if ended => Next::End,
            None => {
                self.control.refresh();
                Next::Empty
            }
        }
    }

    /// Waits up to `timeout` for the next merged chunk, full or not; several times where what comes is not complete yet.
    pub fn wait(&mut self, timeout: Duration) -> Next {
        match self.try_next() {
            Next::Empty => {
                let _ = self.bell.recv_timeout(timeout);
                self.try_next()
            }
            next => next,
        }
    }

    /// Gives a chunk back.
    pub fn recycle(&mut self, chunk: Chunk) {
        self.merger.recycle(chunk);
    }

    /// The brake of the recorders at the other end.
    pub fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Events that broke the order; see [`Merger::late`].
    pub fn late(&self) -> u64 {
        self.merger.late()
    }
}
