//! Channels: how full each was, what went through it, how long values lay in it and tasks waited for it.

use super::capacity::Probes;
use super::counts::Counts;
use super::{Analysis, Change, Known, Object, Out};
use crate::event::ObjectId;
use crate::events::Event;
use crate::finding::{ObjectKind, WaitReason};
use crate::model::slots::Slots;
use crate::profile::ChannelRow;
use std::cmp::Reverse;
use std::collections::VecDeque;

/// Channels that are written out.
const ROWS: usize = 1000;

/// A channel.
#[derive(Clone, Default)]
struct Channel {
    capacity: u32,
    born: u64,
    closed: Option<u64>,
    length: u32,
    /// Since when it has had this length.
    since: u64,
    peak: u32,
    /// Length times nanoseconds.
    area: u128,
    full: u64,
    empty: u64,
    sent: u64,
    received: u64,
    send_wait: Counts,
    recv_wait: Counts,
    latency: Counts,
    /// When the values in it were put in.
    values: VecDeque<u64>,
}

impl Channel {
    /// Lets time pass.
    fn advance(&mut self, time: u64) {
        let ns = time.saturating_sub(self.since);
        self.since = time;
        self.area += u128::from(self.length) * u128::from(ns);
        if self.length == 0 {
            self.empty += ns;
        }
        if self.capacity > 0 && self.length >= self.capacity {
            self.full += ns;
        }
    }
}

/// All channels.
#[derive(Default)]
pub(super) struct Channels {
    channels: Slots<Channel>,
    probes: Probes,
}

impl Analysis for Channels {
    fn event(&mut self, at: &Event, _known: &Known) {
        self.probes.event(at);
    }

    fn made(&mut self, object: ObjectId, info: &Object, _known: &Known) {
        if info.kind == ObjectKind::Channel {
            let channel = Channel { capacity: info.size, born: info.born, since: info.born, ..Channel::default() };
            self.channels.insert(object.0, channel);
        }
    }

    fn level(&mut self, object: ObjectId, level: u32, at: &Event, _known: &Known) {
        if let Some(channel) = self.channels.get_mut(object.0) {
            channel.advance(at.clock);
            channel.length = level;
            channel.peak = channel.peak.max(level);
        }
    }

    fn queued(&mut self, object: ObjectId, at: &Event, _known: &Known) {
        if let Some(channel) = self.channels.get_mut(object.0) {
            channel.sent += 1;
            channel.values.push_back(at.clock);
        }
    }

    fn took(&mut self, object: ObjectId, at: &Event, _known: &Known) {
        if let Some(channel) = self.channels.get_mut(object.0) {
            channel.received += 1;
            if let Some(sent) = channel.values.pop_front() {
                channel.latency.record(at.clock.saturating_sub(sent));
            }
        }
    }

    fn closed(&mut self, object: ObjectId, at: &Event, _known: &Known) {
        if let Some(channel) = self.channels.get_mut(object.0) {
            channel.closed.get_or_insert(at.clock);
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        self.probes.changed(change);
        let reason = match change.wait() {
            Some(reason @ (WaitReason::Send | WaitReason::Recv)) => reason,
            _ => return,
        };
        if let Some(channel) = self.channels.get_mut(change.task.on) {
            let waits = if reason == WaitReason::Send { &mut channel.send_wait } else { &mut channel.recv_wait };
            waits.record(change.ns);
        }
    }

    fn finish(mut self, known: &Known, out: &mut Out) {
        let seconds = known.duration().max(1) as f64 / 1e9;
        for channel in self.channels.values_mut() {
            // A closed channel lives until it is empty; then there is nothing more to say of it.
            let end = match channel.closed {
                Some(closed) if channel.length == 0 => closed.max(channel.since),
                _ => known.end,
            };
            channel.advance(end);
        }
        let mut channels: Vec<(u32, &Channel)> = self.channels.iter().collect();
        let waited = |channel: &Channel| channel.send_wait.total().saturating_add(channel.recv_wait.total());
        channels.sort_by_key(|(number, channel)| (Reverse(waited(channel)), Reverse(channel.sent), *number));
        let left_out = channels.len().saturating_sub(ROWS);
        for (number, channel) in channels.into_iter().take(ROWS) {
            let Some(&info) = known.object(ObjectId(number)) else { continue };
            let made_at = out.site(info.made_at);
            let life = channel.since.saturating_sub(channel.born);
            let capacity = u64::from(channel.capacity);
            let verdict = self.probes.verdict(ObjectId(number), capacity, channel.send_wait.total(), known);
            let share = |ns: u64| if life == 0 { 0.0 } else { (ns as f64 / life as f64).min(1.0) };
            out.profile.channels.push(ChannelRow {
                name: known.object_name(ObjectId(number)),
                made_at,
                capacity,
                peak: u64::from(channel.peak),
                mean_length: if life == 0 { 0.0 } else { channel.area as f64 / life as f64 },
                full_share: share(channel.full),
                empty_share: share(channel.empty),
                sent: channel.sent,
                received: channel.received,
                per_second: channel.received as f64 / seconds,
                send_wait: channel.send_wait.distribution(),
                recv_wait: channel.recv_wait.distribution(),
                latency: channel.latency.distribution(),
                suggested_capacity: verdict.capacity,
                advice: verdict.advice,
            });
        }
        let help = out.profile.channels.iter().find(|row| row.suggested_capacity.is_some());
        if let Some(sentence) = help.map(|row| format!("Channel {}: {}", row.name, row.advice)) {
            out.advise("channels", sentence);
        }
        if left_out > 0 {
            out.advise(
                "channels",
                format!("{left_out} channels that were waited for less than those listed are left out."),
            );
        }
    }
}
