//! Would a larger buffer have helped? A channel whose senders waited is run again on paper: with the pauses that its senders made between two
//! sends and its receivers between two receives, and with other capacities.
//!
//! Where the receivers are slower than the senders all along no buffer helps, it only delays the waiting: a capacity counts as help
//! only where it is small against the number of values that were looked at.

use super::{Change, Known};
use crate::event::{Kind, ObjectId, TaskId};
use crate::events::Event;
use crate::finding::WaitReason;
use crate::names::duration;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Channels that are looked at: the first of which a sender had to wait.
const CHANNELS: usize = 64;

/// Pauses of each side that are kept.
const PAUSES: usize = 4096;

/// Share of the run that senders must have waited for a capacity to be looked for.
const WORTH: f64 = 0.01;

/// What share of the waiting must go for a capacity to be suggested.
const HELPS: f64 = 0.9;

/// One side of a channel.
#[derive(Clone, Debug, Default)]
struct Side {
    /// When each task's last operation was complete.
    done: FxHashMap<TaskId, u64>,
    pauses: Vec<u64>,
}

impl Side {
    fn asks(&mut self, task: TaskId, time: u64) {
        if let Some(done) = self.done.get(&task)
            && self.pauses.len() < PAUSES
        {
            self.pauses.push(time.saturating_sub(*done));
        }
    }

    fn completes(&mut self, task: TaskId, time: u64) {
        self.done.insert(task, time);
    }
}

/// What is known of the channels of which senders had to wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes(FxHashMap<u32, (Side, Side)>);

/// What other capacities would have done.
pub(super) struct Verdict {
    /// The smallest one that helps.
    pub capacity: Option<u64>,
    /// A sentence.
    pub advice: String,
}

impl Probes {
    pub fn event(&mut self, at: &Event) {
        let sends = match at.kind {
            Kind::Send => true,
            Kind::Recv => false,
            _ => return,
        };
        if sends && at.blocked && self.0.len() < CHANNELS {
            self.0.entry(at.object).or_default();
        }
        let Some((senders, receivers)) = self.0.get_mut(&at.object) else { return };
        let side = if sends { senders } else { receivers };
        side.asks(at.task, at.clock);
        if !at.blocked {
            side.completes(at.task, at.clock);
        }
    }

    pub fn changed(&mut self, change: &Change) {
        let sends = match change.wait() {
            Some(WaitReason::Send) => true,
            Some(WaitReason::Recv) => false,
            _ => return,
        };
        if let Some((senders, receivers)) = self.0.get_mut(&change.task.on) {
            let side = if sends { senders } else { receivers };
            side.completes(change.task.id, change.at.clock);
        }
    }

    /// What to say of a channel whose senders waited this long together.
    pub fn verdict(&self, channel: ObjectId, capacity: u64, waited: u64, known: &Known) -> Verdict {
        let nothing = Verdict { capacity: None, advice: String::new() };
        if (waited as f64) < known.duration() as f64 * WORTH {
            return nothing;
        }
        let Some((senders, receivers)) = self.0.get(&channel.0) else { return nothing };
        let now = run(senders, receivers, capacity);
        let values = senders.pauses.len().min(receivers.pauses.len()) as u64;
        if now == 0 || values < 8 {
            return nothing;
        }
        let mut candidate = (capacity + 1).next_power_of_two();
        let mut left = now;
        while candidate <= values / 8 {
            left = run(senders, receivers, candidate);
            if left as f64 <= now as f64 * (1.0 - HELPS) {
                let less = (now - left) as f64 / now as f64 * 100.0;
                let advice = format!(
                    "A capacity of {candidate} instead of {capacity} would have saved about {less:.0} % of the {} that senders waited.",
                    duration(waited)
                );
                return Verdict { capacity: Some(candidate), advice };
            }
            candidate *= 2;
        }
        let advice = if left as f64 > now as f64 * 0.5 {
            "Its receivers are slower than its senders: a larger buffer would only delay the waiting."
        } else {
            "A larger buffer would help a little, until it is full."
        };
        Verdict { capacity: None, advice: advice.to_string() }
    }
}

/// How long senders wait together with this capacity.
fn run(senders: &Side, receivers: &Side, capacity: u64) -> u64 {
    let mut sending: BinaryHeap<Reverse<(u64, usize)>> =
        (0..senders.done.len().max(1)).map(|of| Reverse((0, of))).collect();
    let mut receiving: BinaryHeap<Reverse<(u64, usize)>> =
        (0..receivers.done.len().max(1)).map(|of| Reverse((0, of))).collect();
    let (mut to_send, mut to_receive) = (senders.pauses.iter(), receivers.pauses.iter());
    let (mut blocked, mut hungry) = (VecDeque::new(), VecDeque::new());
    let (mut length, mut waited) = (0u64, 0u64);
    loop {
        let send = sending.peek().map_or(u64::MAX, |Reverse((time, _))| *time);
        let receive = receiving.peek().map_or(u64::MAX, |Reverse((time, _))| *time);
        if send.min(receive) == u64::MAX {
            return waited;
        }
        if send <= receive {
            let Some(Reverse((time, sender))) = sending.pop() else { return waited };
            if let Some(receiver) = hungry.pop_front() {
                let Some(pause) = to_receive.next() else { return waited };
                receiving.push(Reverse((time.saturating_add(*pause), receiver)));
            } else if length < capacity {
                length += 1;
            } else {
                blocked.push_back((time, sender));
                continue;
            }
            let Some(pause) = to_send.next() else { return waited };
            sending.push(Reverse((time.saturating_add(*pause), sender)));
        } else {
            let Some(Reverse((time, receiver))) = receiving.pop() else { return waited };
            if length == 0 && blocked.is_empty() {
                hungry.push_back(receiver);
                continue;
            }
            length = length.saturating_sub(1);
            if let Some((since, sender)) = blocked.pop_front() {
                waited = waited.saturating_add(time.saturating_sub(since));
                // The value takes the place of the one that left, or went from hand to hand.
                length = (length + 1).min(capacity);
                let Some(pause) = to_send.next() else { return waited };
                sending.push(Reverse((time.saturating_add(*pause), sender)));
            }
            let Some(pause) = to_receive.next() else { return waited };
            receiving.push(Reverse((time.saturating_add(*pause), receiver)));
        }
    }
}
