//! From stamps to ordinals: which event of the merged stream is the how-many-th of a worker?
//!
//! The scheduler names the events of its findings by [`Stamp`]s, since nobody knows ordinals before the streams of several
//! workers have been merged. So every block notes how many events of which worker it has, and those that a stamp may mean are
//! read again at the end. The store follows the same rules ([`crate::events::Events::ordinal_of`]).

use super::block::Decoder;
use super::index::BlockInfo;
use super::source::Source;
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

/// Reads a block, given how-many-th it is and what is known of it; whether that could be done.
pub(super) type Read<'a> = &'a mut dyn FnMut(usize, &BlockInfo, &mut Chunk) -> bool;

/// Reads blocks from a file.
pub(super) fn reader(file: &Source) -> impl FnMut(usize, &BlockInfo, &mut Chunk) -> bool {
    let (mut section, mut decoder) = (Vec::new(), Decoder::default());
    move |_, info, chunk| {
        let read = file.read_some(info.offset, info.stored as usize, &mut section);
        read.is_ok() && decoder.open(&section, info, chunk).is_ok()
    }
}

/// Counts the events of blocks by reading them all; `end` is the ordinal after the events before.
pub(super) fn tallies(blocks: &[BlockInfo], mut end: u64, read: Read) -> Vec<Tally> {
    let mut chunk = Chunk::new();
    let tally = |(number, info): (usize, &BlockInfo)| {
        let mut tally = Tally::default();
        if read(number, info, &mut chunk) {
            tally.add(info.worker, info.first.saturating_sub(end));
            count(&chunk, &mut tally, |_, _, _| ());
            end = info.end();
        }
        tally
    };
    blocks.iter().enumerate().map(tally).collect()
}

/// Whether a finding names an event by a stamp that is among these counts, which come after those before.
pub(super) fn may_be_in(findings: &[Finding], before: &Tally, tally: &Tally) -> bool {
    stamps(findings)
        .filter_map(|stamp| Stamp::of(*stamp))
        .any(|stamp| stamp.count.checked_sub(before.of(stamp.worker)).is_some_and(|nth| nth < tally.of(stamp.worker)))
}

/// Gives findings the ordinals of those of their events that are in these blocks, where they name them by stamps. `before` is what
/// came before the first block.
pub(super) fn resolve<'a>(
    findings: &mut [Finding],
    before: &Tally,
    blocks: impl Iterator<Item = (&'a BlockInfo, &'a Tally)>,
    read: Read,
) {
    let mut wanted: BTreeMap<u64, Option<u64>> = stamps(findings).map(|stamp| (*stamp, None)).collect();
    if wanted.is_empty() {
        return;
    }
    let mut so_far = before.clone();
    let mut chunk = Chunk::new();
    for (number, (info, tally)) in blocks.enumerate() {
        if may_be_in(findings, &so_far, tally) && read(number, info, &mut chunk) {
            find(info, &chunk, &so_far, tally, &mut wanted);
        }
        so_far.merge(tally);
    }
    for number in findings.iter_mut().flat_map(events).flatten() {
        if let Some(Some(ordinal)) = wanted.get(number) {
            *number = *ordinal;
        }
    }
}

/// What is still named by a stamp is nowhere.
pub(super) fn forget(findings: &mut [Finding]) {
    for event in findings.iter_mut().flat_map(events) {
        *event = event.filter(|number| Stamp::of(*number).is_none());
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
fn count(chunk: &Chunk, tally: &mut Tally, mut each: impl FnMut(usize, u32, &Record)) {
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
