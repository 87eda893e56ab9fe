//! Bytes: how many the guest has in use, when to collect, and what the limit is.
//!
//! The books are shared; each machine notes in its own copy what it allocates and enters it into the shared books when it has moved by
//! [`STEP`] bytes, or when its copy says that something is due. A machine that is alone never needs the shared books between two
//! collections, so its numbers are exact and the question at every safepoint is one comparison.

use super::Fault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

/// Below this many bytes a collection is not worth its time.
const FIRST_THRESHOLD: usize = 4 << 20;

/// Slots are 32 bits wide; no slab may come near their end.
const MAX_BYTES: u64 = 1 << 35;

/// What a machine that is not alone may be off by.
const STEP: usize = 64 << 10;

/// The books that all machines share. Only sums pass through here, no data: nothing is ordered by these.
#[derive(Debug)]
struct Books {
    bytes: AtomicIsize,
    outside: AtomicIsize,
    /// Collect when `bytes` reaches this.
    threshold: AtomicUsize,
    /// Collect at every safepoint.
    stress: AtomicBool,
    /// More than one machine enters numbers.
    shared: AtomicBool,
}

/// One machine's account.
#[derive(Debug)]
pub(crate) struct Account {
    /// Bytes in use, as far as this machine knows.
    bytes: usize,
    /// The part of `bytes` that is not in the slabs: the scheduler's objects, task stacks.
    outside: usize,
    /// Ask the books, or collect, when `bytes` reaches this.
    trigger: usize,
    /// What `bytes` and `outside` were when they were last entered.
    entered: usize,
    entered_outside: usize,
    max_bytes: usize,
    books: Arc<Books>,
}

/// The account of a machine that is alone, as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    bytes: usize,
    outside: usize,
    trigger: usize,
    entered: usize,
    entered_outside: usize,
    books: (isize, isize, usize),
}

impl Account {
    /// What it says, of a machine that is alone.
    pub(crate) fn image(&self) -> Image {
        let books = &self.books;
        Image {
            bytes: self.bytes,
            outside: self.outside,
            trigger: self.trigger,
            entered: self.entered,
            entered_outside: self.entered_outside,
            books: (
                books.bytes.load(Ordering::Relaxed),
                books.outside.load(Ordering::Relaxed),
                books.threshold.load(Ordering::Relaxed),
            ),
        }
    }

    /// Lowers the limit to so many bytes more than are in use; gives the one before.
    pub(crate) fn limit(&mut self, more: usize) -> usize {
        let lower = self.max_bytes.min(self.bytes.saturating_add(more));
        std::mem::replace(&mut self.max_bytes, lower)
    }

    /// Sets the limit.
    pub(crate) fn set_limit(&mut self, max_bytes: usize) {
        self.max_bytes = max_bytes;
    }

    /// Makes it say that again.
    pub(crate) fn restore(&mut self, image: &Image) {
        let Image { bytes, outside, trigger, entered, entered_outside, books: (all, all_outside, threshold) } = *image;
        (self.bytes, self.outside, self.trigger) = (bytes, outside, trigger);
        (self.entered, self.entered_outside) = (entered, entered_outside);
        self.books.bytes.store(all, Ordering::Relaxed);
        self.books.outside.store(all_outside, Ordering::Relaxed);
        self.books.threshold.store(threshold, Ordering::Relaxed);
    }

    /// Books with a limit.
    pub(crate) fn new(max_bytes: u64) -> Account {
        let max_bytes = max_bytes.min(MAX_BYTES) as usize;
        let threshold = FIRST_THRESHOLD.min(max_bytes / 2);
        Account {
            bytes: 0,
            outside: 0,
            trigger: threshold,
            entered: 0,
            entered_outside: 0,
            max_bytes,
            books: Arc::new(Books {
                bytes: AtomicIsize::new(0),
                outside: AtomicIsize::new(0),
                threshold: AtomicUsize::new(threshold),
                stress: AtomicBool::new(false),
                shared: AtomicBool::new(false),
            }),
        }
    }

    /// Another machine's account in the same books.
    pub(crate) fn share(&mut self) -> Account {
        self.books.shared.store(true, Ordering::Relaxed);
        self.settle();
        let mut other = Account {
            bytes: 0,
            outside: 0,
            trigger: 0,
            entered: 0,
            entered_outside: 0,
            max_bytes: self.max_bytes,
            books: self.books.clone(),
        };
        other.settle();
        other
    }

    /// Bytes in use, garbage that is not yet collected included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The most bytes that may be in use.
    pub(crate) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Counts bytes in a slab.
    #[inline(always)]
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Counts what an object has grown or shrunk by.
    #[inline(always)]
    pub(crate) fn resized(&mut self, before: usize, after: usize) {
        self.bytes = (self.bytes + after).saturating_sub(before);
    }

    /// Counts bytes that something outside the heap has taken.
    #[inline(always)]
    pub(crate) fn charge(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.outside += bytes;
    }

    /// Counts what everything outside weighs now, where it is more than was known.
    pub(crate) fn weigh(&mut self, outside: usize) {
        if outside > self.outside {
            self.bytes += outside - self.outside;
            self.outside = outside;
        }
    }

    /// Enters what is new into the books and learns what others have entered.
    pub(crate) fn settle(&mut self) {
        let books = &self.books;
        let enter = |total: &AtomicIsize, now: usize, before: usize| {
            let change = now.wrapping_sub(before) as isize;
            total.fetch_add(change, Ordering::Relaxed).wrapping_add(change).max(0) as usize
        };
        self.bytes = enter(&books.bytes, self.bytes, self.entered);
        self.outside = enter(&books.outside, self.outside, self.entered_outside);
        (self.entered, self.entered_outside) = (self.bytes, self.outside);
        let threshold = books.threshold.load(Ordering::Relaxed);
        self.trigger = if books.shared.load(Ordering::Relaxed) { threshold.min(self.bytes + STEP) } else { threshold };
    }

    /// Whether the next safepoint should collect.
    #[inline(always)]
    pub(crate) fn should_collect(&mut self) -> bool {
        self.bytes >= self.trigger && self.is_due()
    }

    #[cold]
    #[inline(never)]
    fn is_due(&mut self) -> bool {
        if self.books.shared.load(Ordering::Relaxed) {
            self.settle();
        }
        self.bytes >= self.books.threshold.load(Ordering::Relaxed)
    }

    /// Collects at every safepoint from now on.
    pub(crate) fn stress(&mut self) {
        self.books.stress.store(true, Ordering::Relaxed);
        self.books.threshold.store(0, Ordering::Relaxed);
        self.trigger = 0;
    }

    /// The failure of a guest that holds more than it may.
    pub(crate) fn over_limit(&self) -> Option<Fault> {
        (self.bytes > self.max_bytes).then(|| self.out_of_memory(self.bytes, 0))
    }

    /// Fails where so many more bytes would pass the limit.
    #[inline(always)]
    pub(crate) fn room_for(&self, more: usize) -> Result<(), Fault> {
        if self.bytes.saturating_add(more) > self.max_bytes { self.no_room(more) } else { Ok(()) }
    }

    /// The limit would be passed, as far as this machine knows.
    #[cold]
    #[inline(never)]
    fn no_room(&self, more: usize) -> Result<(), Fault> {
        // Another machine may have collected since.
        let entered = self.books.bytes.load(Ordering::Relaxed).max(0) as usize;
        let now = (entered + self.bytes).saturating_sub(self.entered);
        if now.saturating_add(more) > self.max_bytes { Err(self.out_of_memory(now, more)) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn out_of_memory(&self, used: usize, more: usize) -> Fault {
        let (used, limit) = (mebibytes(used), mebibytes(self.max_bytes));
        Fault::Panic(match more {
            0 => format!("out of memory: {used} are in use and the limit is {limit} (--max-memory)"),
            _ => format!(
                "out of memory: {} more on top of {used} would pass the limit of {limit} (--max-memory)",
                mebibytes(more)
            ),
        })
    }

    /// A collection has freed so many bytes of the slabs; `outside` is what everything else weighs now. Sets the next threshold.
    pub(crate) fn swept(&mut self, freed: usize, outside: usize) {
        self.settle();
        let gone = self.outside + freed;
        self.bytes = self.bytes.saturating_sub(gone) + outside;
        self.outside = outside;
        // Twice what lives, but near the limit only half of what is left: garbage must not be taken for a full heap. A step
        // is never so small that a heap which is full for good costs more than a few collections before it fails.
        let left = self.max_bytes.saturating_sub(self.bytes);
        let step = self.bytes.max(FIRST_THRESHOLD).min((left / 2).max(self.max_bytes / 32));
        let threshold = if self.books.stress.load(Ordering::Relaxed) { 0 } else { self.bytes + step };
        self.books.threshold.store(threshold, Ordering::Relaxed);
        self.settle();
    }
}

/// A number of bytes for people.
fn mebibytes(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_of_several_machines_add_up() {
        let mut a = Account::new(64 << 20);
        a.add(1 << 20);
        let mut b = a.share();
        assert_eq!(b.bytes(), 1 << 20);
        b.add(3 << 20);
        assert!(b.should_collect(), "both together are at the first threshold");
        assert!(!a.should_collect(), "this one has not come to its next step");
        a.add(STEP);
        assert!(a.should_collect());
        assert_eq!(a.bytes(), (4 << 20) + STEP);
        // `b` has freed almost all; `a` learns of it when it asks.
        b.settle();
        b.swept(4 << 20, 0);
        assert_eq!(b.bytes(), STEP);
        assert!(!b.should_collect());
        assert!(!a.should_collect());
        assert_eq!(a.bytes(), STEP);
        assert!(a.room_for(63 << 20).is_ok());
        b.add(40 << 20);
        b.settle();
        a.settle();
        assert!(a.room_for(30 << 20).is_err());
        assert!(a.over_limit().is_none());
    }

    #[test]
    fn a_machine_that_is_alone_is_exact() {
        let mut a = Account::new(64 << 20);
        a.add(FIRST_THRESHOLD - 1);
        assert!(!a.should_collect());
        a.charge(1);
        assert!(a.should_collect());
        a.swept(FIRST_THRESHOLD - 1, 0);
        assert_eq!(a.bytes(), 0);
        a.add(FIRST_THRESHOLD);
        assert!(a.should_collect());
    }
}
