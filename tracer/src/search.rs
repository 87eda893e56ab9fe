//! Finding events: those of a task, an object or a place in the code, and what led to an event and what it led to.
//!
//! In memory the states of tasks lead there. In a file the blocks that mention the subject are looked through, and only
//! those ([`crate::archive::filter`]), so that a rare task is found among a hundred million events.

use crate::archive::filter::{Subject, object_of};
use crate::archive::source::Blocks;
use crate::archive::{Archive, Scratch};
use crate::event::{Field, Kind, TaskId};
use crate::events::Event;
use crate::model::lanes::Interval;
use crate::model::series::Series;
use crate::model::state::{Phase, TaskState};
use crate::store::Store;
use std::ops::Range;

/// Events looked through at once on the way back.
const WINDOW: u64 = 4096;

/// Events after an operation that belong to it: further tasks that it woke.
const SAME: u64 = 4096;

/// Tasks whose waking is told of an event at most.
const WOKEN: usize = 64;

impl Store {
    /// The first event of a subject after another event.
    pub fn next_of(&self, subject: Subject, after: u64) -> Option<u64> {
        let from = after.saturating_add(1);
        if let Some(archive) = &self.archive {
            return filed(archive, subject, from..self.len(), true);
        }
        match subject {
            Subject::Task(task) => self.next_of_task(task, after),
            _ => self.events(from..self.len()).find(|event| subject.has(event)).map(|event| event.ordinal),
        }
    }

    /// The last event of a subject before another event.
    pub fn previous_of(&self, subject: Subject, before: u64) -> Option<u64> {
        let before = before.min(self.len());
        if let Some(archive) = &self.archive {
            return filed(archive, subject, self.first()..before, false);
        }
        if let Subject::Task(task) = subject {
            return self.last_of_task(task, before.checked_sub(1)?);
        }
        let mut upper = before;
        while upper > self.first() {
            let lower = upper.saturating_sub(WINDOW).max(self.first());
            if let Some(found) = self.events(lower..upper).filter(|event| subject.has(event)).last() {
                return Some(found.ordinal);
            }
            upper = lower;
        }
        None
    }

    /// Gives the events of a subject in a range of ordinals to `take`, in order, until it says `false`.
    pub fn each_of(&self, subject: Subject, range: Range<u64>, mut take: impl FnMut(&Event) -> bool) {
        let Some(archive) = &self.archive else {
            return self.each(range, |event| !subject.has(event) || take(event));
        };
        let mut scratch = Scratch::default();
        let source: &dyn Blocks = &**archive.source();
        let inside = |event: &Event| range.contains(&event.ordinal) && subject.has(event);
        for block in archive.block_of(range.start)..archive.len() {
            if archive.ordinals(block).start >= range.end {
                return;
            }
            if archive.may_have(block, subject)
                && !scratch.block(source, block).filter(inside).all(|event| take(&event))
            {
                return;
            }
        }
    }

    /// The newest event of a task at or before another event, by the states of the task.
    fn last_of_task(&self, id: TaskId, moment: u64) -> Option<u64> {
        const STEP: u64 = 256;
        let own = |event: &Event| Subject::Task(id).has(event);
        let intervals = &self.tasks().get(id)?.intervals;
        let mut upper = moment.saturating_add(1).min(self.len());
        let mut index = intervals.partition(|interval| interval.event <= moment).checked_sub(1)?;
        // Only a running task has events: go back to where it ran last, and look there.
        loop {
            let interval = intervals.get(index)?;
            if interval.state() == TaskState::Running {
                while upper > interval.event {
                    let lower = upper.saturating_sub(STEP).max(interval.event);
                    if let Some(found) = self.events(lower..upper).filter(own).last() {
                        return Some(found.ordinal);
                    }
                    upper = lower;
                }
            } else if self.event(interval.event).as_ref().is_some_and(own) {
                return Some(interval.event);
            }
            upper = upper.min(interval.event + 1);
            index = index.checked_sub(1)?;
        }
    }

    /// The next event of a task after another event, by the states of the task.
    fn next_of_task(&self, id: TaskId, moment: u64) -> Option<u64> {
        let intervals = &self.tasks().get(id)?.intervals;
        let mut index =
            intervals.partition(|interval| interval.event <= moment).saturating_sub(1).max(intervals.first());
        while let Some(interval) = intervals.get(index) {
            let end = intervals.get(index + 1).map_or(self.len(), |next| next.event + 1);
            if interval.state() == TaskState::Running || interval.event > moment {
                let from = interval.event.max(moment + 1);
                if let Some(found) = self.events(from..end).find(|event| Subject::Task(id).has(event)) {
                    return Some(found.ordinal);
                }
            }
            index += 1;
        }
        None
    }

    // Causes and effects

    /// What an event goes back to: for a receive the send that it took its value from, for an operation that blocked the
    /// event that ended the wait, for a switch the event that made the task ready, for anything else the event that
    /// made its task ready for the slice it is part of.
    pub fn cause(&self, ordinal: u64) -> Option<u64> {
        let event = self.event(ordinal).filter(|event| !event.kind.is_bookkeeping())?;
        if event.kind == Kind::Recv
            && !event.blocked
            && let Some(send) = self.partner(ordinal)
        {
            return Some(send);
        }
        let id = if event.kind == Kind::Switch { TaskId(event.object) } else { event.task };
        match event.blocked {
            // Blocked from this event on, ready from the one that woke it.
            true => self.change_after(id, ordinal),
            false => self.ready_before(id, ordinal),
        }
    }

    /// What an event led to, in order: the tasks that it made ready run, the waits that it ended, the receive that took the value
    /// that it sent. (All events of a slice go back to what made their task ready; of these only the switch is told.)
    pub fn effects(&self, ordinal: u64) -> Vec<u64> {
        let mut out = Vec::new();
        let Some(event) = self.event(ordinal).filter(|event| !event.kind.is_bookkeeping()) else { return out };
        let woken = |event: &Event| match (event.kind.object_field(), event.kind.arg_field()) {
            _ if event.blocked || event.kind == Kind::Switch => TaskId(0),
            (Field::Task | Field::Woken, Field::Function | Field::Object | Field::Status) => TaskId(event.object),
            (_, Field::Woken) => TaskId(event.arg),
            _ => TaskId(0),
        };
        let mut tasks = vec![woken(&event)];
        if matches!(event.kind, Kind::TaskCancel) {
            tasks.push(TaskId(event.object));
        }
        let after = ordinal + 1..ordinal.saturating_add(SAME);
        let further = self.events(after).take_while(|event| event.kind == Kind::Wake || event.kind.is_bookkeeping());
        // Each of these is an event of its own, which has that effect; the operation before it is what one asks about.
        tasks.extend(further.filter(|event| event.kind == Kind::Wake).map(|event| TaskId(event.object)));
        tasks.retain(|task| task.0 != 0);
        for task in tasks.into_iter().take(WOKEN) {
            if let Some(wait) = self.begun_before(task, ordinal) {
                out.push(wait);
            }
            out.extend(self.run_after(task, ordinal));
        }
        if event.kind == Kind::Send && !event.blocked && event.arg == 0 {
            out.extend(self.taken_after(ordinal));
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The event at the other end of a value that moved at this one.
    fn partner(&self, ordinal: u64) -> Option<u64> {
        match &self.archive {
            Some(archive) => archive.around(ordinal)?.messages().partner(ordinal),
            None => self.derived.messages.partner(ordinal),
        }
    }

    /// The event with which the state of a task after the one at this event begins.
    fn change_after(&self, task: TaskId, ordinal: u64) -> Option<u64> {
        let after = |intervals: &Series<Interval>| {
            let next = intervals.partition(|interval| interval.event <= ordinal);
            intervals.get(next).map(|interval| interval.event)
        };
        let Some(archive) = &self.archive else { return after(&self.tasks().get(task)?.intervals) };
        (archive.block_of(ordinal)..archive.len())
            .filter(|&block| archive.may_have(block, Subject::Task(task)))
            .find_map(|block| after(archive.around(archive.ordinals(block).start)?.intervals(task)?))
    }

    /// The event that made a task ready last, up to an event.
    fn ready_before(&self, task: TaskId, ordinal: u64) -> Option<u64> {
        let back = |intervals: &Series<Interval>, ordinal: u64| -> Option<Interval> {
            let mut index = intervals.partition(|interval| interval.event <= ordinal).checked_sub(1)?;
            while intervals.get(index)?.state() != TaskState::Ready {
                match index.checked_sub(1).filter(|&before| before >= intervals.first()) {
                    Some(before) => index = before,
                    // Where the part that is known begins: this is when the state did.
                    None => return intervals.get(index).copied(),
                }
            }
            intervals.get(index).copied()
        };
        let Some(archive) = &self.archive else {
            let found = back(&self.tasks().get(task)?.intervals, ordinal)?;
            return (found.state() == TaskState::Ready).then_some(found.event);
        };
        let mut ordinal = ordinal;
        loop {
            let found = back(archive.around(ordinal)?.intervals(task)?, ordinal)?;
            if found.state() == TaskState::Ready {
                return Some(found.event);
            }
            ordinal = found.event.min(ordinal).checked_sub(1)?;
        }
    }

    /// The operation in which a task was blocked that went on because of an event.
    fn begun_before(&self, task: TaskId, ordinal: u64) -> Option<u64> {
        let before = |intervals: &Series<Interval>, later: &dyn Fn() -> Option<u64>| {
            let index = intervals.partition(|interval| interval.event < ordinal).checked_sub(1)?;
            let next = intervals.get(index + 1).map(|next| next.event).or_else(later);
            let woken = next.is_some_and(|next| next <= ordinal + SAME);
            intervals.get(index).filter(|interval| woken && interval.state().phase() == Phase::Blocked).map(|i| i.event)
        };
        let Some(archive) = &self.archive else { return before(&self.tasks().get(task)?.intervals, &|| None) };
        // What the task does next may stand in the next block.
        let later = || {
            let last = archive.block_of(ordinal.saturating_add(SAME).min(self.len().saturating_sub(1)));
            (archive.block_of(ordinal) + 1..=last).find_map(|block| {
                let window = archive.around(archive.ordinals(block).start)?;
                let intervals = window.intervals(task)?;
                intervals.get(intervals.partition(|interval| interval.event < ordinal)).map(|next| next.event)
            })
        };
        before(archive.around(ordinal)?.intervals(task)?, &later)
    }

    /// The switch to a task that comes next.
    fn run_after(&self, task: TaskId, ordinal: u64) -> Option<u64> {
        let runs = |intervals: &Series<Interval>| {
            let mut index = intervals.partition(|interval| interval.event <= ordinal);
            loop {
                let interval = intervals.get(index)?;
                if interval.state() == TaskState::Running {
                    return Some(interval.event);
                }
                index += 1;
            }
        };
        let Some(archive) = &self.archive else { return runs(&self.tasks().get(task)?.intervals) };
        (archive.block_of(ordinal)..archive.len())
            .filter(|&block| archive.may_have(block, Subject::Task(task)))
            .find_map(|block| runs(archive.around(archive.ordinals(block).start)?.intervals(task)?))
    }

    /// The receive that took the value of a send out of the buffer.
    fn taken_after(&self, ordinal: u64) -> Option<u64> {
        let channel = self.event(ordinal).and_then(|event| object_of(&event))?;
        if self.derived.messages.is_waiting(channel, ordinal) {
            return None;
        }
        let Some(archive) = &self.archive else { return self.derived.messages.taken(ordinal) };
        archive
            .leaves_in(channel, ordinal)?
            .filter(|&block| archive.may_have(block, Subject::Object(channel)))
            .find_map(|block| archive.around(archive.ordinals(block).start)?.messages().taken(ordinal))
    }
}

/// An event of a subject in a file: the first of a range, or the last.
fn filed(archive: &Archive, subject: Subject, range: Range<u64>, first: bool) -> Option<u64> {
    if range.is_empty() {
        return None;
    }
    let mut scratch = Scratch::default();
    let source: &dyn Blocks = &**archive.source();
    let mut look = |block: usize| {
        if !archive.may_have(block, subject) {
            return None;
        }
        let mut found =
            scratch.block(source, block).filter(|event| range.contains(&event.ordinal) && subject.has(event));
        let event = if first { found.next() } else { found.last() };
        event.map(|event| event.ordinal)
    };
    let end = (archive.block_of(range.end - 1) + 1).min(archive.len());
    let mut blocks = archive.block_of(range.start)..end;
    match first {
        true => blocks.find_map(look),
        false => blocks.rev().find_map(&mut look),
    }
}
