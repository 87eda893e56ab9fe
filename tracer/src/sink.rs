//! Where full chunks go: kept in memory, counted and hashed, or handed to a live watcher.

use crate::chunk::Chunk;
use crate::control::Control;
use crate::event::{Field, Kind};
use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Takes full (or, for a watcher, partial) chunks from a recorder.
///
/// Only [`Sink::take`] matters to most. The rest is for a watcher of several workers ([`crate::fan_in`]).
pub trait Sink: Send {
    /// Takes a chunk and gives an empty one to go on with.
    fn take(&mut self, chunk: Chunk) -> Chunk;

    /// Whether the worker should wait in [`Sink::settle`] before it records much more.
    fn is_full(&self) -> bool {
        false
    }

    /// Waits until there is room.
    fn settle(&mut self) {}

    /// All events below this clock have been handed over, and the next one is not below it.
    fn floor(&mut self, _clock: u64) {}

    /// All events have been handed over, none above this clock, and for a while there will be none.
    fn idle(&mut self, _clock: u64) {}

    /// Events will come again; gives the clock below which there must be none, at least this one.
    fn awake(&mut self, clock: u64) -> u64 {
        clock
    }
}

/// Keeps chunks in memory: all of them, or the newest (a flight recorder). Clones for several workers' recorders share
/// the memory and its limit; [`crate::merge::merge`] puts what they kept into one order.
#[derive(Clone, Debug)]
pub struct MemorySink {
    memory: Memory,
}

/// What a [`MemorySink`] kept; a handle that outlives the recorder.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    shared: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    limit: Option<usize>,
    dropped: u64,
}

impl MemorySink {
    /// Keeps everything.
    pub fn unbounded() -> (Self, Memory) {
        let memory = Memory::default();
        (Self { memory: memory.clone() }, memory)
    }

    /// Keeps the newest chunks, about `bytes` of them (always at least one), and counts the events it drops.
    pub fn ring(bytes: usize) -> (Self, Memory) {
        let (sink, memory) = Self::unbounded();
        memory.lock().limit = Some(bytes);
        (sink, memory)
    }
}

/// Bytes that a chunk's content stands for (its slots are counted as used, since a ring is made of whole chunks).
fn weight(chunk: &Chunk) -> usize {
    size_of_val(chunk.records()) + chunk.text.len()
}

impl Sink for MemorySink {
    fn take(&mut self, chunk: Chunk) -> Chunk {
        let mut kept = self.memory.lock();
        kept.bytes += weight(&chunk);
        kept.chunks.push_back(chunk);
        let mut recycled = None;
        while kept.limit.is_some_and(|limit| kept.bytes > limit) && kept.chunks.len() > 1 {
            if let Some(mut oldest) = kept.chunks.pop_front() {
                kept.bytes -= weight(&oldest);
                kept.dropped += oldest.len() as u64;
                oldest.clear();
                recycled = Some(oldest);
            }
        }
        recycled.unwrap_or_default()
    }
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the chunks kept so far out, oldest first.
    pub fn take(&self) -> Vec<Chunk> {
        let mut kept = self.lock();
        kept.bytes = 0;
        kept.chunks.drain(..).collect()
    }

    /// Events that the ring dropped.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }
}

/// Keeps nothing but a count and a hash of the stream: for benches and determinism checks.
#[derive(Debug, Default)]
pub struct HashSink {
    totals: TotalsHandle,
}

/// What a [`HashSink`] or [`CountSink`] saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events.
    pub events: u64,
    /// A hash over all records and texts, independent of how the stream was cut into chunks.
    pub hash: u64,
}

/// A handle to the totals of a [`HashSink`] or [`CountSink`].
#[derive(Clone, Debug, Default)]
pub struct TotalsHandle(Arc<Mutex<Totals>>);

impl TotalsHandle {
    /// The totals so far.
    pub fn get(&self) -> Totals {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HashSink {
    /// A sink and the handle to its totals.
    pub fn new() -> (Self, TotalsHandle) {
        let sink = Self::default();
        let handle = sink.totals.clone();
        (sink, handle)
    }
}

/// Keeps nothing but a count: what an event costs when nobody looks. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct CountSink {
    totals: TotalsHandle,
}

impl CountSink {
    /// A sink and the handle to its totals, whose hash stays 0.
    pub fn new() -> (Self, TotalsHandle) {
        let sink = Self::default();
        let handle = sink.totals.clone();
        (sink, handle)
    }
}

impl Sink for CountSink {
    fn take(&mut self, mut chunk: Chunk) -> Chunk {
        self.totals.0.lock().unwrap_or_else(PoisonError::into_inner).events += chunk.len() as u64;
        chunk.clear();
        chunk
    }
}

impl Sink for HashSink {
    fn take(&mut self, mut chunk: Chunk) -> Chunk {
        let mut totals = self.totals.0.lock().unwrap_or_else(PoisonError::into_inner);
        totals.events += chunk.len() as u64;
        let mut hash = totals.hash;
        let mut mix = |word: u64| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        for record in chunk.records() {
            mix(record.kind_site as u64 | (record.clock_delta as u64) << 32);
            if record.kind().map(Kind::object_field) == Some(Field::TextAt) {
                chunk.text_of(record).iter().for_each(|&byte| mix(byte as u64));
            } else {
                mix(record.wide());
            }
        }
        totals.hash = hash;
        drop(totals);
        chunk.clear();
        chunk
    }
}

/// What a live sink does when its watcher is slower than the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackPressure {
    /// The program waits.
    Block,
    /// The oldest chunk on the way is dropped, and its events counted.
    DropOldest,
}

/// Hands chunks to a watcher in another thread.
pub struct LiveSink {
    full: Sender<Chunk>,
    /// The other end of `full`: dropping the oldest means receiving it here.
    oldest: Receiver<Chunk>,
    empty: Receiver<Chunk>,
    pressure: BackPressure,
    control: Arc<Control>,
}

/// The watcher's end of a [`LiveSink`].
pub struct LiveReceiver {
    full: Receiver<Chunk>,
    empty: Sender<Chunk>,
    control: Arc<Control>,
}

/// A bounded connection of `chunks` chunks (64 KiB each) between a recorder and a watcher.
pub fn live(chunks: usize, pressure: BackPressure, control: Arc<Control>) -> (LiveSink, LiveReceiver) {
    let (full, oldest) = bounded(chunks.max(1));
    let (back, empty) = bounded(chunks.max(1) + 1);
    let receiver = LiveReceiver { full: oldest.clone(), empty: back, control: Arc::clone(&control) };
    (LiveSink { full, oldest, empty, pressure, control }, receiver)
}

impl Sink for LiveSink {
    fn take(&mut self, chunk: Chunk) -> Chunk {
        let mut chunk = chunk;
        loop {
            // After the watcher has left nobody reads: keep recording cheap and quiet.
            if self.control.is_quit() {
                chunk.clear();
                return chunk;
            }
            let sent = match self.pressure {
                BackPressure::Block => match self.full.send_timeout(chunk, Duration::from_millis(50)) {
                    Ok(()) => None,
                    Err(SendTimeoutError::Timeout(back) | SendTimeoutError::Disconnected(back)) => Some(back),
                },
                BackPressure::DropOldest => match self.full.try_send(chunk) {
                    Ok(()) => None,
                    Err(TrySendError::Full(back) | TrySendError::Disconnected(back)) => {
                        if let Ok(oldest) = self.oldest.try_recv() {
                            self.control.dropped(oldest.len() as u64);
                        }
                        Some(back)
                    }
                },
            };
            match sent {
                None => break,
                Some(back) => chunk = back,
            }
        }
        self.empty.try_recv().unwrap_or_default()
    }
}

/// A watcher that is gone asks for nothing more: the recorder must not wait for it.
impl Drop for LiveReceiver {
    fn drop(&mut self) {
        self.control.quit();
    }
}

/// What [`LiveReceiver::try_next`] found.
#[derive(Debug)]
pub enum Next {
    /// A chunk, in order. Give it back with [`LiveReceiver::recycle`] when done.
    Chunk(Chunk),
    /// Nothing yet.
    Empty,
    /// The recorder is gone and everything has been received.
    End,
}

/// The watcher's end of a live connection: of one recorder ([`LiveReceiver`]) or of several workers'
/// ([`crate::fan_in::MergedReceiver`]).
pub trait Receive: Send {
    /// The next chunk, if there is one. Never waits. Where there is none the recorders are asked for the events that they
    /// have so far; they come with a later call.
    fn try_next(&mut self) -> Next;

    /// Gives a chunk back, to be filled again.
    fn recycle(&mut self, chunk: Chunk);
}

impl Receive for LiveReceiver {
    fn try_next(&mut self) -> Next {
        LiveReceiver::try_next(self)
    }
    fn recycle(&mut self, chunk: Chunk) {
        LiveReceiver::recycle(self, chunk);
    }
}

impl LiveReceiver {
    /// The next chunk, if there is one. Never waits. Where there is none the recorder is asked for the events that it has
    /// so far; they come with a later call.
    pub fn try_next(&mut self) -> Next {
        match self.full.try_recv() {
            Ok(chunk) => Next::Chunk(chunk),
            Err(TryRecvError::Empty) => {
                self.control.refresh();
                Next::Empty
            }
            Err(TryRecvError::Disconnected) => Next::End,
        }
    }

    /// Waits up to `timeout` for the next chunk, full or not.
    pub fn wait(&mut self, timeout: Duration) -> Next {
        if self.full.is_empty() {
            self.control.refresh();
        }
        match self.full.recv_timeout(timeout) {
            Ok(chunk) => Next::Chunk(chunk),
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => Next::Empty,
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    /// Waits up to `timeout` for the next chunk that is full, and asks for no other: how a run is cut into chunks then depends
    /// on the run alone.
    pub fn wait_for_full(&mut self, timeout: Duration) -> Next {
        match self.full.recv_timeout(timeout) {
            Ok(chunk) => Next::Chunk(chunk),
            Err(crossbeam_channel::RecvTimeoutError::Timeout) => Next::Empty,
            Err(crossbeam_channel::RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    /// Gives a chunk back to the recorder.
    pub fn recycle(&mut self, mut chunk: Chunk) {
        chunk.clear();
        // A full queue means that the recorder has enough spare chunks.
        let _ = self.empty.try_send(chunk);
    }

    /// The brake of the recorder at the other end.
    pub fn control(&self) -> &Arc<Control> {
        &self.control
    }
}
