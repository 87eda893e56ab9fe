//! The heart: the table of tasks, the run queue, the oracle, and parking and waking. Everything else is a primitive that
//! decides *whom* to park or wake.
//!
//! Protocol of a blocking operation, always in this order:
//! 1. [`Core::park`] writes the wait into the task (reason, object, place, time, event),
//! 2. the primitive puts the [`Entry`] that it gives into its wait queue,
//! 3. the event is emitted with its `BLOCKED` flag, and the operation returns `Blocked`,
//! 4. the interpreter saves its state into the task's body and asks for the next task.
//!
//! Protocol of a wake-up: the primitive takes a valid entry out of its queue, writes the value handed over into the task,
//! and calls [`Core::wake`], which raises the ticket (all other entries of the wait are stale now) and puts the task into
//! the run queue. The event of the waking operation names the task. Nobody ever retries: what a wake-up hands over (a
//! value, a lock, a permit) belongs to the woken task from that moment on.

use crate::objects::Holder;
use crate::oracle::{Choice, Oracle};
use crate::outcome::{ArmOutcome, At, Resume};
use crate::queue::{Entry, PLAIN};
use crate::ready::ReadyQueue;
use crate::slab::{NONE, Slab};
use crate::task::{State, Task, flag};
use std::collections::BTreeMap;
use tracer::event::{BLOCKED, Kind, Site, TaskId};
use tracer::finding::{TaskRef, WaitReason};
use tracer::record::Tracer;

/// `kind` as a byte with the blocked flag.
#[inline(always)]
pub const fn blocked(kind: Kind) -> u8 {
    kind as u8 | BLOCKED
}

/// A task that ended, kept for a while as evidence.
#[derive(Clone, Copy, Debug)]
pub struct EndedTask {
    /// The task.
    pub task: TaskRef,
    /// Where it ended.
    pub ended_at: u32,
    /// Clock when it ended.
    pub clock: u64,
    /// Ordinal of its end.
    pub event: u64,
}

impl Default for EndedTask {
    fn default() -> Self {
        let task = TaskRef { id: TaskId(0), function: 0, nth: 0, spawned_at: Site(0) };
        Self { task, ended_at: 0, clock: 0, event: 0 }
    }
}

/// How many ended tasks are remembered; a finding looks for its missing partner among them.
const REMEMBERED: usize = 128;

/// Switches between two [`crate::Next::Poll`].
pub const POLL_SWITCHES: u32 = 4096;

/// Tasks, run queue, oracle.
#[derive(Clone, Debug)]
pub struct Core<V, B> {
    pub tasks: Slab<Task<V, B>>,
    pub ready: ReadyQueue,
    /// Slot of the running task, [`NONE`] before the first and after an end.
    pub current: u32,
    /// Its number, 0 where there is none.
    pub current_id: u32,
    pub oracle: Oracle,
    /// Tasks that have not ended.
    pub live: u32,
    /// Something was parked or has ended since the last scan for stuck tasks.
    pub dirty: bool,
    /// The run is recorded, so that ordinals of events mean something.
    pub traced: bool,
    pub main_ended: bool,
    /// Switches until [`Scheduler::next_task`](crate::Scheduler::next_task) looks at what is rare; always at least 1.
    pub attend_in: u32,
    /// Tasks cancelled while they ran, parked since: to be woken with `Cancelled` before the next switch.
    pub cancel_parked: Vec<u32>,
    next_task: u32,
    next_object: u32,
    /// Tasks made so far of each function.
    functions: Vec<u32>,
    /// Objects made so far at each site.
    sites: Vec<u32>,
    /// Waiters beyond the first, by slot of the awaited task.
    pub more_waiters: BTreeMap<u32, Vec<Entry>>,
    ended: Box<[EndedTask; REMEMBERED]>,
    ended_count: usize,
}

impl<V: Copy + Default, B: Default> Core<V, B> {
    pub fn new(oracle: Oracle) -> Self {
        Self {
            tasks: Slab::default(),
            ready: ReadyQueue::default(),
            current: NONE,
            current_id: 0,
            live: 0,
            dirty: false,
            traced: false,
            main_ended: false,
            // A script is asked at each switch.
            attend_in: if matches!(oracle, Oracle::Scripted(_)) { 1 } else { POLL_SWITCHES },
            oracle,
            cancel_parked: Vec::new(),
            next_task: 1,
            next_object: 1,
            functions: Vec::new(),
            sites: Vec::new(),
            more_waiters: BTreeMap::new(),
            ended: Box::new([EndedTask::default(); REMEMBERED]),
            ended_count: 0,
        }
    }

    /// A new task, not yet in the run queue.
    #[inline(always)]
    pub fn new_task(&mut self, function: u32, site: u32, flags: u8) -> u32 {
        let parent = self.current_id;
        let slot = self.tasks.take();
        let nth = count(&mut self.functions, function);
        let task = &mut self.tasks[slot];
        task.id = self.next_task;
        // A run that makes four thousand million tasks begins anew behind `main`.
        self.next_task = self.next_task.checked_add(1).unwrap_or(2);
        task.function = function;
        task.nth = nth;
        task.spawned_at = site;
        task.parent = parent;
        task.site = site;
        task.flags = flags;
        task.resume = Resume::None;
        task.state = State::Ready;
        task.partner = 0;
        self.live += 1;
        slot
    }

    /// The evidence of a new object.
    #[inline(always)]
    pub fn new_object(&mut self, at: At) -> Meta {
        let id = self.object_number();
        Meta { id, site: at.site, nth: count(&mut self.sites, at.site) }
    }

    /// Objects made so far at a site.
    pub fn made_at(&self, site: u32) -> u32 {
        self.sites.get(site as usize).copied().unwrap_or(0)
    }

    /// A number for something that is an object in events only (a sleep).
    #[inline(always)]
    pub fn object_number(&mut self) -> u32 {
        let id = self.next_object;
        self.next_object = self.next_object.checked_add(1).unwrap_or(1);
        id
    }

    /// The running task.
    #[inline(always)]
    pub fn running(&mut self) -> &mut Task<V, B> {
        &mut self.tasks[self.current]
    }

    /// The running task as the holder of something taken here.
    #[inline(always)]
    pub fn holder(&self, at: At) -> Holder {
        Holder { slot: self.current, id: self.current_id, site: at.site }
    }

    /// Parks the running task; gives its entry for the wait queue. To be called before the event is emitted, whose ordinal
    /// it notes.
    #[inline(always)]
    pub fn park<T: Tracer>(&mut self, tr: &T, at: At, reason: WaitReason, object: u32) -> Entry {
        let slot = self.current;
        let task = &mut self.tasks[slot];
        task.state = State::Blocked;
        task.reason = reason;
        task.object = object;
        task.site = at.site;
        task.since = at.clock;
        task.event = tr.ordinal();
        task.partner = 0;
        self.dirty = true;
        self.traced = tr.recording();
        let entry = Entry { slot, ticket: task.ticket, arm: PLAIN, tag: 0 };
        if task.flags & flag::CANCEL != 0 {
            self.deliver_cancel(slot);
        }
        entry
    }

    #[cold]
    #[inline(never)]
    fn deliver_cancel(&mut self, slot: u32) {
        self.cancel_parked.push(slot);
        self.attend_in = 1;
    }

    /// Makes a parked task ready.
    #[inline(always)]
    pub fn wake(&mut self, slot: u32, resume: Resume) -> u32 {
        let task = &mut self.tasks[slot];
        task.ticket = task.ticket.wrapping_add(1);
        task.state = State::Ready;
        task.resume = resume;
        self.ready.push(slot);
        task.id
    }

    /// Makes a parked task ready and hands it a value.
    #[inline(always)]
    pub fn wake_with(&mut self, entry: Entry, value: V, plain: Resume, outcome: ArmOutcome) -> u32 {
        let task = &mut self.tasks[entry.slot];
        task.value = value;
        task.ticket = task.ticket.wrapping_add(1);
        task.state = State::Ready;
        task.resume = if entry.arm == PLAIN { plain } else { Resume::Arm { arm: entry.arm, outcome } };
        self.ready.push(entry.slot);
        task.id
    }

    /// Makes the task of a queue's entry ready. Where the entry is an arm of a select, `leave_select` has to follow.
    #[inline(always)]
    pub fn wake_entry(&mut self, entry: Entry, plain: Resume, outcome: ArmOutcome) -> u32 {
        let resume = if entry.arm == PLAIN { plain } else { Resume::Arm { arm: entry.arm, outcome } };
        self.wake(entry.slot, resume)
    }

    /// Gives the slot of a task back.
    #[inline(always)]
    pub fn free_task(&mut self, slot: u32) {
        let task = &mut self.tasks[slot];
        task.state = State::Free;
        task.id = 0;
        task.flags = 0;
        task.ticket = task.ticket.wrapping_add(1);
        task.waiter = Entry::NOBODY;
        self.tasks.put(slot);
    }

    /// Takes the next task out of the run queue.
    #[inline(always)]
    pub fn pick(&mut self) -> Option<u32> {
        if self.ready.has_choice() {
            let choice = self.oracle.choose(Choice::Task, self.ready.len() as u32);
            if choice != 0 {
                self.ready.bring_forward(choice as usize);
            }
        }
        self.ready.pop()
    }

    /// Remembers the end of the running task.
    #[inline(always)]
    pub fn remember_end<T: Tracer>(&mut self, tr: &T, at: At) {
        let task = &self.tasks[self.current];
        let ended = &mut self.ended[self.ended_count % REMEMBERED];
        *ended = EndedTask { task: task.evidence(), ended_at: at.site, clock: at.clock, event: tr.ordinal() };
        self.ended_count = self.ended_count.wrapping_add(1);
    }

    /// Takes over what another runtime remembers of ended tasks, oldest first.
    pub fn remember(&mut self, ended: Vec<EndedTask>) {
        let skip = ended.len().saturating_sub(REMEMBERED);
        for task in ended.into_iter().skip(skip) {
            self.ended[self.ended_count % REMEMBERED] = task;
            self.ended_count += 1;
        }
    }

    /// Evidence of an ended task, if it is still remembered.
    pub fn ended_task(&self, id: u32) -> Option<&EndedTask> {
        self.ended.iter().find(|ended| id != 0 && ended.task.id.0 == id)
    }
}

/// Counts one more at an index and says which it was, from 1.
#[inline(always)]
fn count(counts: &mut Vec<u32>, index: u32) -> u32 {
    if let Some(n) = counts.get_mut(index as usize) {
        *n = n.wrapping_add(1);
        *n
    } else {
        count_first(counts, index)
    }
}

#[cold]
#[inline(never)]
fn count_first(counts: &mut Vec<u32>, index: u32) -> u32 {
    // Functions and sites are indices into the program, so the table is never larger than the program.
    counts.resize(index as usize + 1, 0);
    counts[index as usize] = 1;
    1
}

/// What every object carries beside its work: who it is in events and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Meta {
    /// Its number in events; 0 in a free slot.
    pub id: u32,
    /// Where it was made.
    pub site: u32,
    /// The how-many-th made there.
    pub nth: u32,
}
