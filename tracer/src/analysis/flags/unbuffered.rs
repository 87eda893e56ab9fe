//! A hot channel without a buffer: senders and receivers wait for each other in turn, value by value.

use super::super::{Analysis, Known, Out};
use super::thresholds::{HOT, HOT_SHARE, HOT_WAITS};
use crate::names::{count, duration};
use crate::profile::{Flag, Severity};

/// Looks at the rows of channels.
#[derive(Default)]
pub(in super::super) struct Unbuffered;

impl Analysis for Unbuffered {
    fn finish(self, known: &Known, out: &mut Out) {
        let enough = known.duration() as f64 * HOT_SHARE;
        let mut flags = Vec::new();
        for row in out.profile.channels.iter().filter(|row| row.capacity == 0 && row.sent >= HOT) {
            let waits = row.send_wait.count() as f64 / row.sent as f64;
            let (send, recv) = (row.send_wait.total(), row.recv_wait.total());
            // Where only one side waits the other one is slower, and a buffer would just fill.
            if waits < HOT_WAITS || (send as f64) < enough || (recv as f64) < enough {
                continue;
            }
            let sentence = format!(
                "{} values went through {}, made at {}, which has no buffer: senders waited {}, receivers {}. A buffer (16, say) would let both \
                 sides work on.",
                count(row.sent),
                row.name,
                out.profile.place(row.made_at),
                duration(send),
                duration(recv)
            );
            flags.push(Flag {
                rule: "unbuffered-hot-channel".to_string(),
                severity: Severity::Warning,
                sentence,
                sites: vec![row.made_at],
                about: vec![row.name.clone()],
                count: row.sent,
                ns: Some(send.saturating_add(recv)),
                event: None,
            });
        }
        flags.into_iter().for_each(|flag| out.flag(flag));
    }
}
