//! Back-pressure: which consumer stalls which producers, through how many stages.
//!
//! Producers of a channel wait because its consumers are slow. Are they slow themselves, or do they wait to send, too? Then the cause
//! is further down. So a channel whose consumers spend most of their working time waiting to send to another one hangs above that
//! one; one whose consumers do not is where a chain begins.

use super::{Analysis, Change, Known, Out};
use crate::event::{Kind, ObjectId};
use crate::events::Event;
use crate::finding::WaitReason;
use crate::names::{duration, list};
use crate::profile::BackPressureChain;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Share of the run that producers must have waited for a channel, together, for a chain to be told.
const STALLED: f64 = 0.05;

/// Share of its working time that a consumer must wait to send for its slowness to be somebody else's.
const PASSED_ON: f64 = 0.5;

/// Channels that are looked at, at most: those made first.
const CHANNELS: usize = 1 << 14;

/// What tasks of one function did with one channel.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    sends: u64,
    receives: u64,
    send_wait: u64,
    recv_wait: u64,
}

/// Who uses which channel, and how long functions lived.
#[derive(Default)]
pub(super) struct Pressure {
    /// By channel, then by function.
    uses: BTreeMap<u32, Vec<(u32, Use)>>,
    lives: BTreeMap<u32, u64>,
}

impl Pressure {
    fn of(&mut self, channel: u32, function: u32) -> Option<&mut Use> {
        if self.uses.len() >= CHANNELS && !self.uses.contains_key(&channel) {
            return None;
        }
        let uses = self.uses.entry(channel).or_default();
        let found = match uses.iter().position(|entry| entry.0 == function) {
            Some(found) => found,
            None => {
                uses.push((function, Use::default()));
                uses.len() - 1
            }
        };
        uses.get_mut(found).map(|entry| &mut entry.1)
    }

    fn stalled(&self, channel: u32) -> u64 {
        self.uses.get(&channel).map_or(0, |uses| uses.iter().map(|(_, of)| of.send_wait).fold(0, u64::saturating_add))
    }

    fn functions(&self, channel: u32, which: impl Fn(&Use) -> bool) -> Vec<u32> {
        let uses = self.uses.get(&channel).map_or(&[][..], |uses| uses);
        uses.iter().filter(|(_, of)| which(of)).map(|entry| entry.0).collect()
    }

    /// How long tasks of a function lived and did not wait for values of a channel.
    fn working(&self, function: u32, channel: u32) -> u64 {
        let of = self.uses.get(&channel).and_then(|uses| uses.iter().find(|entry| entry.0 == function));
        self.lives.get(&function).copied().unwrap_or(0).saturating_sub(of.map_or(0, |(_, of)| of.recv_wait))
    }

    /// The channel whose receivers are why those of this one are slow.
    fn cause(&self, channel: u32) -> Option<u32> {
        let consumers = self.functions(channel, |of| of.receives > 0);
        let working: u64 =
            consumers.iter().map(|&function| self.working(function, channel)).fold(0, u64::saturating_add);
        let waits = |uses: &Vec<(u32, Use)>| -> u64 {
            uses.iter()
                .filter(|entry| consumers.contains(&entry.0))
                .map(|(_, of)| of.send_wait)
                .fold(0, u64::saturating_add)
        };
        let others =
            self.uses.iter().filter(|&(&other, _)| other != channel).map(|(&other, uses)| (waits(uses), other));
        let (waited, cause) = others.max_by_key(|&(waited, other)| (waited, Reverse(other)))?;
        (waited > 0 && waited as f64 >= working as f64 * PASSED_ON).then_some(cause)
    }
}

impl Analysis for Pressure {
    fn event(&mut self, at: &Event, known: &Known) {
        let sends = match at.kind {
            Kind::Send | Kind::SelectSendArm => true,
            Kind::Recv | Kind::SelectRecvArm => false,
            _ => return,
        };
        let Some(task) = known.task(at.task) else { return };
        if let Some(of) = self.of(at.object, task.function) {
            *(if sends { &mut of.sends } else { &mut of.receives }) += 1;
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        let function = change.task.function;
        let life = self.lives.entry(function).or_default();
        *life = life.saturating_add(change.ns);
        // A wait that never ended is no slowness but a leak.
        if change.to.is_none() {
            return;
        }
        match change.wait() {
            Some(WaitReason::Send) => {
                if let Some(of) = self.of(change.task.on, function) {
                    of.send_wait = of.send_wait.saturating_add(change.ns);
                }
            }
            Some(WaitReason::Recv) => {
                if let Some(of) = self.of(change.task.on, function) {
                    of.recv_wait = of.recv_wait.saturating_add(change.ns);
                }
            }
            _ => {}
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        let enough = (known.duration() as f64 * STALLED).max(1.0);
        let stalled: Vec<u32> =
            self.uses.keys().copied().filter(|&channel| self.stalled(channel) as f64 >= enough).collect();
        let causes: BTreeMap<u32, u32> = stalled
            .iter()
            .filter_map(|&channel| Some((channel, self.cause(channel).filter(|cause| stalled.contains(cause))?)))
            .collect();
        let mut chains = Vec::new();
        for &root in stalled.iter().filter(|channel| !causes.contains_key(channel)) {
            let mut channels = vec![root];
            // Upwards, to the one that waits longest because of this one.
            loop {
                let at = channels.last().copied().unwrap_or(root);
                let above = causes.iter().filter(|&(above, &cause)| cause == at && !channels.contains(above));
                match above.map(|(&above, _)| above).max_by_key(|&above| (self.stalled(above), Reverse(above))) {
                    Some(above) => channels.push(above),
                    None => break,
                }
            }
            chains.push(self.chain(&channels, known));
        }
        chains.sort_by_key(|chain| Reverse(chain.stalled_ns));
        if let Some(worst) = chains.first() {
            out.advise("back-pressure", worst.sentence.clone());
        }
        out.profile.back_pressure = chains;
    }
}

impl Pressure {
    fn chain(&self, channels: &[u32], known: &Known) -> BackPressureChain {
        let names = |functions: Vec<u32>| {
            let mut names: Vec<String> =
                functions.into_iter().map(|function| known.function(function).to_string()).collect();
            names.dedup();
            list(&names)
        };
        let consumers: Vec<String> =
            channels.iter().map(|&channel| names(self.functions(channel, |of| of.receives > 0))).collect();
        let (root, top) = (channels.first().copied().unwrap_or(0), channels.last().copied().unwrap_or(0));
        let stalled_ns = channels.iter().map(|&channel| self.stalled(channel)).fold(0, u64::saturating_add);
        let slow = self.functions(root, |of| of.receives > 0);
        let life: u64 =
            slow.iter().filter_map(|function| self.lives.get(function)).fold(0, |sum, &ns| sum.saturating_add(ns));
        let working: u64 = slow.iter().map(|&function| self.working(function, root)).fold(0, u64::saturating_add);
        let consumer_busy = (working as f64 / life.max(1) as f64).min(1.0);
        let channel_names: Vec<String> = channels.iter().map(|&channel| known.object_name(ObjectId(channel))).collect();
        let producers = self.functions(top, |of| of.send_wait > 0);
        let producers: Vec<String> =
            producers.into_iter().map(|function| known.function(function).to_string()).collect();
        let slow = consumers.first().map_or("?", String::as_str);
        let first = channel_names.first().map_or("?", String::as_str);
        let mut sentence = format!(
            "{slow} is the bottleneck: it works {:.0} % of its time and takes values from {first} more slowly than they come",
            consumer_busy * 100.0
        );
        for (channel, consumer) in channel_names.iter().zip(&consumers).skip(1) {
            sentence.push_str(&format!(", so {consumer} waits, and {channel} backs up"));
        }
        sentence.push_str(&format!(
            "; {} waited {} to send. Run more of {slow}, or make it do less for each value.",
            list(&producers),
            duration(stalled_ns)
        ));
        BackPressureChain { channels: channel_names, consumers, producers, stalled_ns, consumer_busy, sentence }
    }
}
