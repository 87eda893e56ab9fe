//! A table of heap objects of one kind, addressed by 32-bit slots, that the machines of several workers share.
//!
//! A [`Slab`] is one machine's view of the table ([`Slab::share`] gives another one). Objects stand in segments of doubling size
//! that never move, so a slot's address is found without a lock while others add slots: the segment's number is the place of the
//! highest bit. A bit per slot says whether it is live. A view owns 64 slots at a time (one word of these bits) and allocates
//! from them alone; the next word comes, under a lock, from the list of words with free slots, the lowest first, or from the end.
//! A machine that is alone is the case of one view, and takes the lowest free slot each time.
//!
//! # Soundness
//!
//! This file and the dispatch loop are the only ones of the interpreter with `unsafe` code. The rules, which the rest of `vm` keeps (where is
//! written in `docs/design/parallel-heap.md`):
//!
//! 1. **Slots.** Every slot below `ready` is initialised, its segment's address is published before `ready` is (release; every access
//!    acquires), and neither is taken back while a view exists. A slot that is not live holds `T::default()`. So reading any slot
//!    number is memory-safe, be it ever so wrong.
//! 2. **Allocation.** A slot is written by [`Slab::insert`] only while it is not live and its word belongs to this view: words
//!    are handed out under `pool`'s lock, one view each, and a sweep leaves out words that views still own.
//! 3. **Private objects** are touched by one worker only: the one that runs the task that made them. Their handles stand nowhere
//!    but in that task's registers and in other private objects of it; the handle of anything that others may come to see is
//!    published first ([`super::Heap::publish`]), with all it leads to. Tasks move between workers through the runtime's queues, which
//!    synchronise. So a shared borrow of a private object ([`Slab::private`], from `&self`) and an exclusive one
//!    ([`Slab::private_mut`], from `&mut self`) exclude each other as borrows of the one view in whose hands the object is. Builds with debug
//!    assertions remember the task that made an object and stop at the first access by another one.
//! 4. **Published objects** are touched under the lock in their state byte only ([`Slab::locked`]), except those of kinds that do not
//!    change after they were made ([`Slab::constant`]). The closure that runs under the lock cannot reach the object by another path:
//!    it gets no view, and the accessors it might have captured would have to take the lock that is held.
//! 5. **A stopped world.** [`Slab::peek`] and [`Slab::sweep`] are called while every other worker stands at a safepoint of its loop,
//!    where it holds no borrow and no lock; the runtime's stop and start synchronise.
#![expect(unsafe_code, reason = "objects shared between workers; see the module's header")]

use super::bits::Bits;
use super::lock::State;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::UnsafeCell;
use std::fmt;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Slots of the first segment, as a power of two.
const FIRST_LOG: u32 = 8;
const FIRST: usize = 1 << FIRST_LOG;

/// Segments: enough for every 32-bit slot number, and one for the carry of `FIRST`.
const SEGMENTS: usize = 34 - FIRST_LOG as usize;

/// Slots of a word of live bits.
const WORD: u32 = 64;

/// What a slab may hold.
pub trait Object: Clone + Default + Send {
    /// What it carries to be shared.
    type State: State;

    /// The same again, of the same weight: with room to grow where this one has it.
    fn twin(&self) -> Self {
        self.clone()
    }

    /// Bytes that it owns outside its slot.
    fn extra_bytes(&self) -> usize;
}

/// A slot.
struct Slot<T: Object> {
    state: UnsafeCell<T::State>,
    object: UnsafeCell<T>,
}

/// What all views have in common.
struct Shared<T: Object> {
    /// Slots below this are initialised; a multiple of 64.
    ready: AtomicU32,
    /// Address of slot 0 of each segment, less the number of slots before it plus `FIRST`: see [`place`].
    segments: [AtomicPtr<Slot<T>>; SEGMENTS],
    /// The words of live bits of each segment.
    live: [AtomicPtr<AtomicU64>; SEGMENTS],
    pool: Mutex<Pool>,
}

/// A table as it was, of a machine that is alone: to be put back by [`Slab::restore`].
#[derive(Debug)]
pub struct Image<T> {
    live: Vec<u64>,
    /// The live objects, by slot.
    objects: Vec<T>,
    pool: Vec<u32>,
    owned: Option<u32>,
    base: u32,
    free: u64,
}

/// What a table's view goes back to: see [`Slab::begin_scratch`].
#[derive(Debug)]
pub(super) struct Scratch {
    pool: Vec<u32>,
    /// The first word that the scratch may use.
    first: u32,
    /// Words there were.
    words: u32,
    owned: Option<u32>,
    base: u32,
    free: u64,
}

/// Which words of slots may be handed out.
#[derive(Default)]
struct Pool {
    /// Words with free slots, the lowest last.
    free: Vec<u32>,
    /// The word that each view owns, by number of the view.
    owned: Vec<Option<u32>>,
}

/// One machine's view of a table of objects.
pub struct Slab<T: Object> {
    shared: Arc<Shared<T>>,
    /// First slot of the word that this view owns.
    base: u32,
    /// Its slots that are still free.
    free: u64,
    /// Number of this view.
    view: usize,
    /// The task that runs, where tasks are told apart (debug assertions only); 0 otherwise.
    task: u32,
}

/// The slots of a word, from its first, that have their bit set.
fn slots(first: u32, mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = bits.checked_ilog2().map(|_| bits.trailing_zeros())?;
        bits &= bits - 1;
        Some(first + bit)
    })
}

/// Segment of a slot, and the slot's index from the segment's shifted address.
#[inline(always)]
fn place(slot: u32) -> (usize, usize) {
    let at = slot as usize + FIRST;
    ((at.ilog2() - FIRST_LOG) as usize, at)
}

impl<T: Object> Shared<T> {
    fn new() -> Self {
        Shared {
            ready: AtomicU32::new(0),
            segments: std::array::from_fn(|_| AtomicPtr::default()),
            live: std::array::from_fn(|_| AtomicPtr::default()),
            pool: Mutex::default(),
        }
    }

    /// The slot with this number, if there is one.
    #[inline(always)]
    fn slot(&self, slot: u32) -> Option<&Slot<T>> {
        if slot >= self.ready.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: the slot is below `ready`, so its segment is there and it is initialised (rule 1).
        Some(unsafe { &*self.address(slot) })
    }

    /// Address of a slot of a segment that is there.
    #[inline(always)]
    fn address(&self, slot: u32) -> *mut Slot<T> {
        let (segment, at) = place(slot);
        // SAFETY: a slot number plus `FIRST` is below 2^33, so its highest bit is below `SEGMENTS + FIRST_LOG`.
        let shifted = unsafe { self.segments.get_unchecked(segment) }.load(Ordering::Relaxed);
        shifted.wrapping_add(at)
    }

    /// The live bits of the word that begins with this slot, which is below `ready`.
    #[inline(always)]
    fn live(&self, slot: u32) -> &AtomicU64 {
        let (segment, at) = place(slot);
        let words = self.live[segment].load(Ordering::Relaxed);
        // SAFETY: the slot is below `ready`, so the segment has its words, `FIRST << segment` slots of them; `at` less that
        // number is the slot's index in the segment.
        unsafe { &*words.add((at - (FIRST << segment)) / WORD as usize) }
    }

    fn is_live(&self, slot: u32) -> bool {
        slot < self.ready.load(Ordering::Acquire) && self.live(slot).load(Ordering::Relaxed) >> (slot % WORD) & 1 != 0
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        // Nothing panics in the middle of a change of the pool.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Layouts of a segment's slots and of its words.
    fn layouts(segment: usize) -> (Layout, Layout) {
        let slots = FIRST << segment;
        let layout = |result: Result<Layout, _>| match result {
            Ok(layout) => layout,
            // Not reached: the heap's limit in bytes comes long before.
            Err(_) => handle_alloc_error(Layout::new::<T>()),
        };
        (layout(Layout::array::<Slot<T>>(slots)), layout(Layout::array::<AtomicU64>(slots / WORD as usize)))
    }

    /// Initialises 64 more slots at the end; gives the first. The caller holds the pool's lock.
    #[cold]
    #[inline(never)]
    fn grow(&self) -> u32 {
        let first = self.ready.load(Ordering::Relaxed);
        let (segment, _) = place(first);
        if self.segments[segment].load(Ordering::Relaxed).is_null() {
            let (slots, words) = Self::layouts(segment);
            // SAFETY: neither layout is empty (a slot holds at least a value); the words are initialised right here, the slots
            // word by word below, before `ready` covers them. Nobody else adds segments: the caller holds the lock.
            unsafe {
                let memory = alloc(slots).cast::<Slot<T>>();
                let bits = alloc(words).cast::<AtomicU64>();
                if memory.is_null() || bits.is_null() {
                    handle_alloc_error(slots);
                }
                for at in 0..(FIRST << segment) / WORD as usize {
                    bits.add(at).write(AtomicU64::new(0));
                }
                self.live[segment].store(bits, Ordering::Release);
                self.segments[segment].store(memory.wrapping_sub(FIRST << segment), Ordering::Release);
            }
        }
        for slot in first..first + WORD {
            let fresh = Slot { state: UnsafeCell::default(), object: UnsafeCell::default() };
            // SAFETY: inside its segment, which holds a multiple of 64 slots, and above `ready`: nobody else looks there.
            unsafe { self.address(slot).write(fresh) };
        }
        self.ready.store(first + WORD, Ordering::Release);
        first
    }
}

impl<T: Object> Drop for Shared<T> {
    fn drop(&mut self) {
        let ready = *self.ready.get_mut();
        if std::mem::needs_drop::<T>() {
            for slot in 0..ready {
                // SAFETY: initialised, and no view is left.
                unsafe { std::ptr::drop_in_place(self.address(slot)) };
            }
        }
        for segment in 0..SEGMENTS {
            let shifted = *self.segments[segment].get_mut();
            if !shifted.is_null() {
                let (slots, words) = Self::layouts(segment);
                // SAFETY: allocated in `grow` with these layouts; the address is shifted back.
                unsafe {
                    dealloc(shifted.wrapping_add(FIRST << segment).cast(), slots);
                    dealloc((*self.live[segment].get_mut()).cast(), words);
                }
            }
        }
    }
}

impl<T: Object> Default for Slab<T> {
    fn default() -> Self {
        Slab::view(Arc::new(Shared::new()))
    }
}

impl<T: Object> Drop for Slab<T> {
    fn drop(&mut self) {
        // The rest of the word that it owned is found by the next sweep.
        if let Some(owned) = self.shared.pool().owned.get_mut(self.view) {
            *owned = None;
        }
    }
}

impl<T: Object> fmt::Debug for Slab<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slab").field("view", &self.view).field("ready", &self.shared.ready).finish_non_exhaustive()
    }
}

impl<T: Object> Slab<T> {
    /// Bytes of an object's slot; what it carries to be shared is not counted.
    pub const SLOT_BYTES: usize = size_of::<T>();

    fn view(shared: Arc<Shared<T>>) -> Self {
        let view = {
            let mut pool = shared.pool();
            pool.owned.push(None);
            pool.owned.len() - 1
        };
        Slab { shared, base: 0, free: 0, view, task: 0 }
    }

    /// Another machine's view of the same table.
    pub fn share(&self) -> Slab<T> {
        Slab::view(self.shared.clone())
    }

    /// Says which task runs, for the check of rule 3; 0 for none in particular.
    pub fn set_task(&mut self, task: u32) {
        self.task = task;
    }

    /// Puts an object into a free slot; it is private.
    #[inline]
    pub fn insert(&mut self, object: T) -> u32 {
        if self.free == 0 {
            self.refill();
        }
        let bit = self.free.trailing_zeros();
        self.free &= self.free - 1;
        let slot = self.base + bit;
        let place = self.shared.address(slot);
        // SAFETY: the word belongs to this view and the slot is not live (rule 2), so nobody else touches it; what is
        // overwritten is `T::default()`, which owns nothing.
        unsafe {
            (*place).object.get().write(object);
            (*(*place).state.get()).renew(self.task);
        }
        let live = self.shared.live(self.base);
        // Nobody else writes this word while it is owned: no need for one indivisible step.
        live.store(live.load(Ordering::Relaxed) | 1 << bit, Ordering::Relaxed);
        slot
    }

    /// Takes the next word of slots.
    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        let mut pool = self.shared.pool();
        let first = match pool.free.pop() {
            Some(word) => word * WORD,
            None => self.shared.grow(),
        };
        if let Some(owned) = pool.owned.get_mut(self.view) {
            *owned = Some(first / WORD);
        }
        drop(pool);
        self.base = first;
        self.free = !self.shared.live(first).load(Ordering::Relaxed);
    }

    /// The slot, where it can be looked at. A slot that was freed reads as nothing in debug builds (and as an empty object
    /// otherwise): it can only be met through a mistake of the engine.
    #[inline(always)]
    fn slot(&self, slot: u32) -> Option<&Slot<T>> {
        if cfg!(debug_assertions) && !self.shared.is_live(slot) {
            return None;
        }
        self.shared.slot(slot)
    }

    /// The state of an object.
    #[inline(always)]
    fn state<'a>(&self, slot: &'a Slot<T>) -> &'a T::State {
        // SAFETY: only `insert` and `sweep` borrow a state exclusively, while nobody else can look (rules 2 and 5).
        unsafe { &*slot.state.get() }
    }

    /// A private object; `None` where it is published (or there is none).
    #[inline(always)]
    pub fn private(&self, slot: u32) -> Option<&T> {
        let place = self.slot(slot)?;
        let state = self.state(place);
        if !state.is_private() {
            return None;
        }
        self.check(slot, state);
        // SAFETY: rule 3; borrowed from the view, which excludes `private_mut`.
        Some(unsafe { &*place.object.get() })
    }

    /// A private object, to be changed; as [`Slab::private`].
    #[inline(always)]
    pub fn private_mut(&mut self, slot: u32) -> Option<&mut T> {
        let place = self.slot(slot)?;
        let state = self.state(place);
        if !state.is_private() {
            return None;
        }
        self.check(slot, state);
        // SAFETY: rule 3; borrowed exclusively from the view.
        Some(unsafe { &mut *place.object.get() })
    }

    /// Works on a published object under its lock; `None` where it is private (or there is none). `work` must not look at
    /// another object that may be published.
    pub fn locked<R>(&self, slot: u32, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        let place = self.slot(slot)?;
        let _held = self.state(place).lock()?;
        // SAFETY: rule 4: the lock is held until `_held` is dropped, after `work`.
        Some(work(unsafe { &mut *place.object.get() }))
    }

    /// An object of a kind that does not change after it was made, private or published.
    #[inline(always)]
    pub fn constant(&self, slot: u32) -> Option<&T> {
        let place = self.slot(slot)?;
        // SAFETY: rule 4: nobody borrows an object of such a kind exclusively.
        Some(unsafe { &*place.object.get() })
    }

    /// Whether there is an object.
    pub fn is_taken(&self, slot: u32) -> bool {
        self.shared.is_live(slot)
    }

    /// An object, whatever its state, while the world is stopped.
    pub fn peek(&self, slot: u32) -> Option<&T> {
        let place = self.slot(slot)?;
        // SAFETY: rule 5.
        Some(unsafe { &*place.object.get() })
    }

    /// Publishes an object of the running task; whether it was private before.
    pub fn publish(&mut self, slot: u32) -> bool {
        let Some(place) = self.slot(slot) else { return false };
        let state = self.state(place);
        self.check(slot, state);
        state.publish()
    }

    /// Whether an object is published.
    #[inline(always)]
    pub fn is_published(&self, slot: u32) -> bool {
        self.slot(slot).is_some_and(|place| !self.state(place).is_private())
    }

    #[inline(always)]
    fn check(&self, slot: u32, state: &T::State) {
        debug_assert!(!state.is_strange(self.task), "object {slot} of another task was not published");
    }

    /// Number of objects.
    pub fn count(&self) -> usize {
        let ready = self.shared.ready.load(Ordering::Acquire);
        let words = (0..ready).step_by(WORD as usize);
        words.map(|first| self.shared.live(first).load(Ordering::Relaxed).count_ones() as usize).sum()
    }

    /// The table as it is, of a machine that is alone.
    pub fn image(&self) -> Image<T> {
        let shared = &self.shared;
        let words = shared.ready.load(Ordering::Acquire) / WORD;
        let live: Vec<u64> = (0..words).map(|word| shared.live(word * WORD).load(Ordering::Relaxed)).collect();
        let mut objects = Vec::with_capacity(live.iter().map(|bits| bits.count_ones() as usize).sum());
        for (word, &bits) in (0..).zip(&live) {
            objects.extend(slots(word * WORD, bits).filter_map(|slot| self.peek(slot)).map(T::twin));
        }
        let pool = shared.pool();
        let owned = pool.owned.get(self.view).copied().flatten();
        Image { live, objects, pool: pool.free.clone(), owned, base: self.base, free: self.free }
    }

    /// Makes the table what it was, of a machine that is alone. Slots that were added since stay, free, behind all others, as if
    /// they were still to be added.
    pub fn restore(&mut self, image: &Image<T>) {
        let shared = self.shared.clone();
        // Into another table: it may be smaller.
        let pool = shared.pool();
        while ((shared.ready.load(Ordering::Acquire) / WORD) as usize) < image.live.len() {
            shared.grow();
        }
        drop(pool);
        let words = shared.ready.load(Ordering::Acquire) / WORD;
        let mut objects = image.objects.iter();
        for word in 0..words {
            let first = word * WORD;
            let bits = shared.live(first);
            let (now, then) = (bits.load(Ordering::Relaxed), image.live.get(word as usize).copied().unwrap_or(0));
            bits.store(then, Ordering::Relaxed);
            for slot in slots(first, now | then) {
                let object = match then >> (slot - first) & 1 {
                    0 => T::default(),
                    _ => objects.next().map(T::twin).unwrap_or_default(),
                };
                let place = shared.address(slot);
                // SAFETY: below `ready`, so initialised; nobody else looks (rule 5, and there is no other machine).
                unsafe {
                    *(*place).object.get() = object;
                    (*(*place).state.get()).renew(self.task);
                }
            }
        }
        let mut pool = shared.pool();
        // Words are taken from the end of the list.
        pool.free = (image.live.len() as u32..words).rev().chain(image.pool.iter().copied()).collect();
        if let Some(owned) = pool.owned.get_mut(self.view) {
            *owned = image.owned;
        }
        (self.base, self.free) = (image.base, image.free);
    }

    /// From here to [`Slab::end_scratch`] objects are put behind all others, of a machine that is alone. Nothing is collected meanwhile.
    pub(super) fn begin_scratch(&mut self) -> Scratch {
        let mut pool = self.shared.pool();
        let words = self.shared.ready.load(Ordering::Acquire) / WORD;
        // Words at the end that nobody has used, the highest first in the list: what an earlier scratch has left, too.
        let unused =
            pool.free.iter().zip((0..words).rev()).take_while(|&(&free, word)| {
                free == word && self.shared.live(word * WORD).load(Ordering::Relaxed) == 0
            });
        let unused = unused.count();
        let scratch = pool.free[..unused].to_vec();
        let owned = pool.owned.get(self.view).copied().flatten();
        let pool = std::mem::replace(&mut pool.free, scratch);
        let before = Scratch { pool, owned, first: words - unused as u32, words, base: self.base, free: self.free };
        self.free = 0;
        before
    }

    /// Forgets what was added since [`Slab::begin_scratch`]: every later slot is what it would have been.
    pub(super) fn end_scratch(&mut self, before: Scratch) {
        let shared = self.shared.clone();
        let words = shared.ready.load(Ordering::Acquire) / WORD;
        for word in before.first..words {
            let bits = shared.live(word * WORD);
            for slot in slots(word * WORD, bits.load(Ordering::Relaxed)) {
                if let Some(object) = self.private_mut(slot) {
                    *object = T::default();
                }
            }
            bits.store(0, Ordering::Relaxed);
        }
        let mut pool = shared.pool();
        pool.free = (before.words..words).rev().chain(before.pool).collect();
        if let Some(owned) = pool.owned.get_mut(self.view) {
            *owned = before.owned;
        }
        (self.base, self.free) = (before.base, before.free);
    }

    /// Frees every object without a mark, while the world is stopped. Gives the number of objects and of bytes freed. Free slots of
    /// words that other views own stay theirs.
    pub fn sweep(&mut self, marks: &Bits) -> (usize, usize) {
        let (mut objects, mut bytes) = (0, 0);
        let shared = self.shared.clone();
        let mut pool = shared.pool();
        if let Some(owned) = pool.owned.get_mut(self.view) {
            *owned = None;
        }
        self.free = 0;
        pool.free.clear();
        let words = shared.ready.load(Ordering::Acquire) / WORD;
        // From the top, so that the lowest free slot is the next to be taken: the heap stays dense.
        for word in (0..words).rev() {
            let first = word * WORD;
            let bits = shared.live(first);
            let live = bits.load(Ordering::Relaxed);
            let mut dead = live & !marks.word(word as usize);
            if dead != 0 {
                bits.store(live & !dead, Ordering::Relaxed);
            }
            if live & !dead != u64::MAX && !pool.owned.contains(&Some(word)) {
                pool.free.push(word);
            }
            while dead != 0 {
                let slot = first + dead.trailing_zeros();
                dead &= dead - 1;
                // SAFETY: below `ready`, so initialised; nobody else looks (rule 5), and nothing leads to the object.
                let object = unsafe { std::mem::take(&mut *(*shared.address(slot)).object.get()) };
                bytes += Self::SLOT_BYTES + object.extra_bytes();
                objects += 1;
            }
        }
        (objects, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lock::StateByte;
    use super::*;
    use std::sync::Barrier;
    use std::sync::mpsc::channel;

    impl Object for u64 {
        type State = StateByte;

        fn extra_bytes(&self) -> usize {
            0
        }
    }

    #[test]
    fn sweeping_frees_exactly_what_is_not_marked_and_slots_are_reused_from_the_bottom() {
        let mut slab = Slab::default();
        let slots: Vec<u32> = (0..1000u64).map(|n| slab.insert(n)).collect();
        assert_eq!(slots, (0..1000).collect::<Vec<u32>>());
        let mut marks = Bits::default();
        for &slot in slots.iter().filter(|slot| *slot % 3 == 0) {
            assert!(marks.set(slot));
            assert!(!marks.set(slot));
        }
        assert_eq!(slab.sweep(&marks), (666, 666 * 8));
        assert_eq!(slab.count(), 334);
        assert_eq!(slab.private(999), Some(&999));
        assert_eq!(slab.insert(7), 1);
        assert_eq!(slab.insert(7), 2);
        assert_eq!(slab.insert(7), 4);
        assert_eq!(slab.count(), 337);
        assert_eq!(slab.private(5000), None);
        assert_eq!(slab.private(u32::MAX), None);
    }

    #[test]
    fn a_table_that_was_put_back_goes_on_like_the_first_time() {
        let mut slab = Slab::default();
        (0..100u64).for_each(|n| {
            slab.insert(n);
        });
        let mut marks = Bits::default();
        (0..100).filter(|slot| slot % 3 != 0).for_each(|slot| {
            marks.set(slot);
        });
        slab.sweep(&marks);
        let image = slab.image();
        let play = |slab: &mut Slab<u64>| {
            let slots: Vec<u32> = (0..300).map(|n| slab.insert(1000 + n)).collect();
            let mut marks = Bits::default();
            slots.iter().filter(|slot| **slot % 2 == 0).for_each(|&slot| {
                marks.set(slot);
            });
            let freed = slab.sweep(&marks);
            let more: Vec<u32> = (0..50).map(|n| slab.insert(n)).collect();
            let all: Vec<Option<u64>> = (0..200).map(|slot| slab.private(slot).copied()).collect();
            (slots, freed, more, all, slab.count())
        };
        let first = play(&mut slab);
        for _ in 0..2 {
            slab.restore(&image);
            assert_eq!(slab.count(), 66);
            assert_eq!((slab.private(0), slab.private(1)), (None, Some(&1)));
            assert!(play(&mut slab) == first);
        }
    }

    #[test]
    fn every_slot_is_one_place() {
        let mut slab = Slab::default();
        for n in 0..20_000u64 {
            let slot = slab.insert(n);
            assert_eq!(u64::from(slot), n);
        }
        assert!((0..20_000).all(|slot| slab.private(slot) == Some(&u64::from(slot))));
    }

    #[test]
    fn a_published_object_is_only_reached_under_its_lock() {
        let mut slab = Slab::default();
        let slot = slab.insert(1u64);
        assert_eq!(slab.locked(slot, |n| *n), None);
        assert!(slab.publish(slot));
        assert!(!slab.publish(slot));
        assert!(slab.private(slot).is_none() && slab.private_mut(slot).is_none());
        assert_eq!(slab.locked(slot, |n| std::mem::replace(n, 2)), Some(1));
        assert_eq!(slab.constant(slot), Some(&2));
        // A new object in the slot of an old one is private again.
        slab.sweep(&Bits::default());
        assert_eq!(slab.insert(3), slot);
        assert_eq!(slab.private(slot), Some(&3));
    }

    #[test]
    fn views_never_get_the_same_slot_and_a_sweep_leaves_them_their_words() {
        let mut a: Slab<u64> = Slab::default();
        let mut b = a.share();
        let (in_a, in_b) = (a.insert(1), b.insert(2));
        assert_eq!((in_a, in_b), (0, 64));
        a.sweep(&Bits::default());
        assert_eq!(a.count(), 0);
        // `b` still owns its word, and goes on after the slot that it has used.
        assert_eq!((0..64).map(|_| a.insert(0)).collect::<Vec<_>>(), (0..64).collect::<Vec<_>>());
        assert_eq!((a.insert(0), b.insert(0)), (128, 65));
        drop(b);
        a.sweep(&Bits::default());
        assert_eq!((0..128).map(|_| a.insert(0)).max(), Some(127));
    }

    #[cfg(debug_assertions)]
    #[test]
    #[should_panic(expected = "was not published")]
    fn an_object_of_another_task_that_was_not_published_is_noticed() {
        let mut slab = Slab::default();
        slab.set_task(1);
        let slot = slab.insert(1u64);
        slab.set_task(2);
        slab.private(slot);
    }

    #[test]
    fn objects_that_several_threads_insert_are_read_by_all() {
        const EACH: u64 = 2000;
        let threads = 4;
        let mut first: Slab<u64> = Slab::default();
        let mut views: Vec<Slab<u64>> = (1..threads).map(|_| first.share()).collect();
        for round in 0..3u64 {
            let (send, receive) = channel();
            let stop = Barrier::new(threads);
            let views: Vec<&mut Slab<u64>> = std::iter::once(&mut first).chain(&mut views).collect();
            let slots: Vec<(u32, u64)> = std::thread::scope(|scope| {
                for (thread, view) in views.into_iter().enumerate() {
                    let (send, stop) = (send.clone(), &stop);
                    scope.spawn(move || {
                        for n in 0..EACH {
                            let value = round << 32 | (thread as u64) << 16 | n;
                            let slot = view.insert(value);
                            view.publish(slot);
                            // Others count on it while more are inserted.
                            view.locked(slot, |n| *n += 1);
                            send.send((slot, value + 1)).expect("the receiver stays");
                        }
                        stop.wait();
                    });
                }
                drop(send);
                let mut slots = Vec::new();
                while let Ok((slot, value)) = receive.recv() {
                    slots.push((slot, value));
                }
                slots
            });
            let mut unique: Vec<u32> = slots.iter().map(|s| s.0).collect();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), slots.len(), "no slot twice");
            assert!(slots.iter().all(|&(slot, value)| first.locked(slot, |n| *n) == Some(value)));
            // The world is stopped: every other object goes.
            let mut marks = Bits::default();
            for &(slot, _) in slots.iter().step_by(2) {
                marks.set(slot);
            }
            let before = first.count();
            let (freed, _) = first.sweep(&marks);
            assert_eq!(first.count(), before - freed);
            assert_eq!(first.count(), slots.len() / 2);
        }
    }
}
