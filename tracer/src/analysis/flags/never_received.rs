//! Values that were sent and that nobody ever received: they lie in a buffer at the end, or their senders still wait.

use super::super::{Analysis, Change, Known, Out};
use crate::event::{ObjectId, Site};
use crate::events::Event;
use crate::finding::{Verdict, WaitReason};
use crate::names::count;
use crate::profile::{Flag, Severity};
use std::collections::BTreeMap;

/// What is left of a channel.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    values: u64,
    senders: u64,
    /// Where the last value was sent.
    site: Site,
    event: u64,
}

/// Values that are under way.
#[derive(Default)]
pub(in super::super) struct NeverReceived(BTreeMap<ObjectId, Left>);

impl Analysis for NeverReceived {
    fn queued(&mut self, channel: ObjectId, at: &Event, _known: &Known) {
        let left = self.0.entry(channel).or_default();
        left.values += 1;
        if ObjectId(at.object) == channel {
            (left.site, left.event) = (at.site, at.ordinal);
        }
    }

    fn took(&mut self, channel: ObjectId, _at: &Event, _known: &Known) {
        if let Some(left) = self.0.get_mut(&channel) {
            left.values = left.values.saturating_sub(1);
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if change.to.is_none() && change.wait() == Some(WaitReason::Send) {
            let left = self.0.entry(ObjectId(change.task.on)).or_default();
            left.senders += 1;
            (left.site, left.event) = (change.task.site, change.task.event);
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        // A run that was stopped, failed or got stuck as a whole leaves values everywhere.
        let ended = known.ending.as_ref().is_some_and(|ending| matches!(ending.verdict, Verdict::Ok | Verdict::Leak));
        if !ended || !known.is_whole() {
            return;
        }
        for (channel, left) in self.0.into_iter().filter(|(_, left)| left.values + left.senders > 0) {
            // What fills a timer's channel is no send of the program.
            let Some(info) = known.object(channel).filter(|info| info.kind == crate::finding::ObjectKind::Channel)
            else {
                continue;
            };
            let name = known.object_name(channel);
            let values = |n: u64| if n == 1 { "1 value".to_string() } else { format!("{} values", count(n)) };
            let mut parts = Vec::new();
            if left.values > 0 {
                parts.push(format!(
                    "{} sent to {name} (last at {}) never received",
                    values(left.values),
                    known.place(left.site)
                ));
            }
            if left.senders > 0 {
                let senders =
                    if left.senders == 1 { "1 task".to_string() } else { format!("{} tasks", count(left.senders)) };
                parts.push(format!("{senders} left waiting to send to {name} at {}", known.place(left.site)));
            }
            let what = crate::names::list(&parts);
            let advice = if left.senders > 0 {
                "Receive as often as is sent, or give the channel room for all."
            } else {
                "Receive until the channel is closed, or do not send what nobody wants."
            };
            let sites = vec![out.site(left.site), out.site(info.made_at)];
            let severity = if left.senders > 0 { Severity::Warning } else { Severity::Note };
            out.flag(Flag {
                rule: "never-received".to_string(),
                severity,
                sentence: format!("{what}. {advice}"),
                sites,
                about: vec![name],
                count: left.values + left.senders,
                ns: None,
                event: Some(left.event),
            });
        }
    }
}
