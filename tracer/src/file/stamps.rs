//! From stamps to ordinals: which event of the merged stream is the how-many-th of a worker?
//!
//! The scheduler names the events of its findings by [`Stamp`]s, since nobody knows ordinals before the streams of several
//! workers have been merged. So every block notes how many events of which worker it has, and those that a stamp may mean are
//! read again at the end. The store follows the same rules ([`crate::events::Events::ordinal_of`]).

use super::index::BlockInfo;
use crate::chunk::Chunk;
use crate::event::{Kind, Record, Stamp};
use crate::finding::Finding;
use std::collections::BTreeMap;

/// How many events of which worker a block has, those that were lost before it among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// The worker counted last, apart from the others: most blocks know few.
    newest: (u32, u64),
    others: Vec<(u32, u64)>,
}

/// Whether a worker's recorder counted this record: the merge adds and drops such as only serve to read the stream.
#[inline]
fn is_counted(record: &Record) -> bool {
    let kind = record.kind_site as u8;
    kind != Kind::Worker as u8 && kind != Kind::ClockJump as u8
}

impl Tally {
    /// Counts an event that a worker recorded.
    #[inline]
    pub(super) fn count(&mut self, worker: u32, record: &Record) {
        if is_counted(record) {
            self.add(worker, 1);
        }
    }

    /// Counts events of a worker.
    #[inline]
    pub(super) fn add(&mut self, worker: u32, events: u64) {
        if worker != self.newest.0 {
            self.change(worker);
        }
        self.newest.1 = self.newest.1.saturating_add(events);
    }

    #[cold]
    fn change(&mut self, worker: u32) {
        let known = self.others.iter().position(|other| other.0 == worker);
        let found = known.map_or((worker, 0), |at| self.others.swap_remove(at));
        let before = std::mem::replace(&mut self.newest, found);
        if before.1 > 0 {
            self.others.push(before);
        }
    }

    /// How many events of this worker.
    fn of(&self, worker: u32) -> u64 {
        [self.newest].iter().chain(&self.others).filter(|entry| entry.0 == worker).map(|entry| entry.1).sum()
    }

    /// Adds another one's counts.
    pub(super) fn merge(&mut self, other: &Tally) {
        for &(worker, events) in other.others.iter().chain([&other.newest]) {
            self.add(worker, events);
        }
    }
}

/// Gives findings the ordinals of their events, where they name them by stamps; an event that is not there (it was lost) is
/// none. `before` is what came before the first block, `read` gives a block's events.
pub(super) fn resolve<'a>(
    findings: &mut [Finding],
    before: &Tally,
    blocks: impl Iterator<Item = (&'a BlockInfo, &'a Tally)>,
    mut read: impl FnMut(usize, &mut Chunk) -> bool,
) {
    let mut wanted: BTreeMap<u64, Option<u64>> = stamps(findings).map(|stamp| (*stamp, None)).collect();
    if wanted.is_empty() {
        return;
    }
    let mut so_far = before.clone();
    let mut chunk = Chunk::new();
    for (number, (info, tally)) in blocks.enumerate() {
        let here: Vec<(u32, u64)> = wanted
            .iter()
            .filter(|entry| entry.1.is_none())
            .filter_map(|(&stamp, _)| Stamp::of(stamp))
            .filter_map(|stamp| {
                let nth = stamp.count.checked_sub(so_far.of(stamp.worker))?;
                (nth < tally.of(stamp.worker)).then_some((stamp.worker, stamp.count))
            })
            .collect();
        if !here.is_empty() && read(number, &mut chunk) {
            find(info, &chunk, &so_far, tally, &mut wanted);
        }
        so_far.merge(tally);
    }
    for event in findings.iter_mut().flat_map(events) {
        if let Some(number) = event
            && Stamp::of(*number).is_some()
        {
            *event = wanted.get(number).copied().flatten();
        }
    }
}

/// Looks through a block for the events that are wanted.
fn find(info: &BlockInfo, chunk: &Chunk, before: &Tally, tally: &Tally, wanted: &mut BTreeMap<u64, Option<u64>>) {
    // The events that were lost before this block count for its first worker, and come first.
    let mut seen = before.clone();
    let mut own = Tally::default();
    count(chunk, &mut own, |_, _, _| ());
    seen.add(info.worker, tally.of(info.worker).saturating_sub(own.of(info.worker)));
    count(chunk, &mut Tally::default(), |at, worker, _| {
        let stamp = Stamp { worker, count: seen.of(worker) }.number();
        if let Some(found) = wanted.get_mut(&stamp) {
            *found = Some(info.first + at as u64);
        }
        seen.add(worker, 1);
    });
}

/// Counts the events of a chunk, and names each that counts: where it is, and its worker.
pub(super) fn count(chunk: &Chunk, tally: &mut Tally, mut each: impl FnMut(usize, u32, &Record)) {
    let mut worker = chunk.worker;
    for (at, record) in chunk.records().iter().enumerate() {
        if record.kind_site as u8 == Kind::Worker as u8 {
            worker = record.object;
        } else if is_counted(record) {
            tally.add(worker, 1);
            each(at, worker, record);
        }
    }
}

/// Whether findings name events by stamps.
pub(super) fn are_stamped(findings: &[Finding]) -> bool {
    stamps(findings).next().is_some()
}

fn stamps(findings: &[Finding]) -> impl Iterator<Item = &u64> {
    findings
        .iter()
        .flat_map(|finding| finding.tasks.iter().map(|task| &task.event).chain([&finding.event]))
        .flatten()
        .filter(|number| Stamp::of(**number).is_some())
}

fn events(finding: &mut Finding) -> impl Iterator<Item = &mut Option<u64>> {
    finding.tasks.iter_mut().map(|task| &mut task.event).chain([&mut finding.event])
}
