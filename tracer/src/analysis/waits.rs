//! How long tasks waited: by reason, by object and by place. A wait that had not ended counts until the end of the run.
//!
//! Every place and every object has a distribution of its own, up to [`OBJECTS`] objects at a time of counting; what comes after them
//! goes into one row for each reason. The profile shows the [`ROWS`] longest; the others are in one row as well, so that the sums
//! stay right.

use super::counts::Counts;
use super::{Analysis, Change, Known, Out, Target};
use crate::event::Site;
use crate::finding::WaitReason;
use crate::profile::{Distribution, WaitRow};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Objects (for each reason) that have a distribution of their own.
const OBJECTS: usize = 1 << 16;

/// Rows by object that are written out.
const ROWS: usize = 1000;

/// Waits.
#[derive(Default)]
pub(super) struct Waits {
    by_reason: BTreeMap<u8, Distribution>,
    by_object: FxHashMap<(u8, Target), Counts>,
    /// Of objects past [`OBJECTS`], by reason: their waits.
    others: BTreeMap<u8, Counts>,
    by_site: FxHashMap<(u8, Site), Counts>,
}

impl Analysis for Waits {
    fn changed(&mut self, change: &Change, _known: &Known) {
        let Some(reason) = change.wait() else { return };
        let reason = reason as u8;
        self.by_reason.entry(reason).or_default().record(change.ns);
        self.by_site.entry((reason, change.task.site)).or_default().record(change.ns);
        let key = (reason, change.target());
        let full = self.by_object.len() >= OBJECTS;
        match self.by_object.get_mut(&key) {
            Some(counts) => counts.record(change.ns),
            None if full => self.others.entry(reason).or_default().record(change.ns),
            None => self.by_object.entry(key).or_default().record(change.ns),
        }
    }

    fn finish(mut self, known: &Known, out: &mut Out) {
        let name = |reason: u8| WaitReason::ALL.get(reason as usize).map_or("?", |reason| reason.name()).to_string();
        for (&reason, time) in &self.by_reason {
            let row = WaitRow { reason: name(reason), time: time.clone(), ..WaitRow::default() };
            out.profile.waits.push(row);
        }
        sort(&mut out.profile.waits);

        let mut objects: Vec<((u8, Target), Counts)> = self.by_object.drain().collect();
        objects.sort_unstable_by_key(|(key, counts)| (Reverse(counts.total()), *key));
        for ((reason, _), counts) in objects.split_off(ROWS.min(objects.len())) {
            self.others.entry(reason).or_default().add(&counts);
        }
        for ((reason, target), counts) in &objects {
            let object = known.target_name(*target);
            let row = WaitRow { reason: name(*reason), object, site: None, time: counts.distribution() };
            out.profile.waits_by_object.push(row);
        }
        sort(&mut out.profile.waits_by_object);
        for (&reason, counts) in &self.others {
            let object = Some("(others)".to_string());
            let row = WaitRow { reason: name(reason), object, site: None, time: counts.distribution() };
            out.profile.waits_by_object.push(row);
        }

        let mut sites: Vec<((u8, Site), Counts)> = self.by_site.drain().collect();
        sites.sort_unstable_by_key(|(key, _)| *key);
        let mut places: BTreeMap<(u8, u32), Counts> = BTreeMap::new();
        for ((reason, site), counts) in &sites {
            places.entry((*reason, out.site(*site))).or_default().add(counts);
        }
        for ((reason, site), counts) in &places {
            let row = WaitRow { reason: name(*reason), object: None, site: Some(*site), time: counts.distribution() };
            out.profile.waits_by_site.push(row);
        }
        sort(&mut out.profile.waits_by_site);
    }
}

/// The longest first; rows that took as long in the order of their words.
fn sort(rows: &mut [WaitRow]) {
    rows.sort_by(|a, b| {
        let key = |row: &WaitRow| (Reverse(row.time.total()), Reverse(row.time.count()));
        (key(a), &a.reason, &a.object, a.site).cmp(&(key(b), &b.reason, &b.object, b.site))
    });
}
