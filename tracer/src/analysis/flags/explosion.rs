//! Goroutine explosion: one spawn makes tasks faster than they end.

use super::super::{Analysis, Known, Out};
use super::thresholds::{EXPLOSION, LEFT_ALIVE};
use crate::names::count;
use crate::profile::{Flag, Severity};

/// Looks at the rows of the spawn tree.
#[derive(Default)]
pub(in super::super) struct Explosion;

impl Analysis for Explosion {
    fn finish(self, _known: &Known, out: &mut Out) {
        let mut flags = Vec::new();
        for row in &out.profile.spawn_tree {
            if row.peak < EXPLOSION && row.alive < LEFT_ALIVE {
                continue;
            }
            let left = match row.alive {
                0 => String::new(),
                alive => format!(", and {} were still alive at the end", count(alive)),
            };
            let sentence = format!(
                "{} tasks of {} were spawned at {}, {} of them alive at once{left}. Bound them: a fixed pool of workers, or a semaphore.",
                count(row.count),
                row.function,
                out.profile.place(row.site),
                count(row.peak)
            );
            flags.push(Flag {
                rule: "goroutine-explosion".to_string(),
                severity: Severity::Warning,
                sentence,
                sites: vec![row.site],
                about: vec![row.function.clone()],
                count: row.peak,
                ns: None,
                event: None,
            });
        }
        flags.into_iter().for_each(|flag| out.flag(flag));
    }
}
