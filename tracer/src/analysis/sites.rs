//! Time and events by place: where tasks were blocked, and where things happened. Time on a worker by place comes from samples,
//! which [`super::stacks`] adds; where there are none nothing is made up.

use super::{Analysis, Change, Known, Out};
use crate::event::{Kind, Site};
use crate::events::Event;
use crate::finding::WaitReason;
use crate::model::slots::Slots;
use crate::profile::SiteTime;

/// What happened at one site.
#[derive(Clone, Copy, Default)]
struct At {
    events: u64,
    blocked: u64,
}

/// Time and events by site.
#[derive(Default)]
pub(super) struct Sites(Slots<At>);

impl Sites {
    #[inline]
    fn at(&mut self, site: Site) -> Option<&mut At> {
        if self.0.get(site.0).is_none() {
            self.0.insert(site.0, At::default());
        }
        self.0.get_mut(site.0)
    }
}

impl Analysis for Sites {
    #[inline]
    fn event(&mut self, at: &Event, _known: &Known) {
        // A timer fires nowhere.
        if !at.kind.is_bookkeeping()
            && at.kind != Kind::TimerFire
            && let Some(here) = self.at(at.site)
        {
            here.events += 1;
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if let Some(reason) = change.wait()
            && reason != WaitReason::Sleep
            && let Some(here) = self.at(change.task.site)
        {
            here.blocked = here.blocked.saturating_add(change.ns);
        }
    }

    fn finish(self, _known: &Known, out: &mut Out) {
        for (site, at) in self.0.iter() {
            let index = out.site(Site(site));
            add(&mut out.profile.by_site, index, |row| {
                row.events += at.events;
                row.blocked_ns = row.blocked_ns.saturating_add(at.blocked);
            });
        }
        out.profile.by_site.retain(|row| row.events > 0 || row.on_cpu_ns > 0 || row.blocked_ns > 0);
        out.profile.by_site.sort_by_key(|row| {
            (std::cmp::Reverse(row.on_cpu_ns.saturating_add(row.blocked_ns)), std::cmp::Reverse(row.events), row.site)
        });
    }
}

/// Changes the row of a site; rows stand in the order of the sites until they are sorted.
pub(super) fn add(rows: &mut Vec<SiteTime>, site: u32, change: impl FnOnce(&mut SiteTime)) {
    while rows.len() <= site as usize {
        rows.push(SiteTime { site: rows.len() as u32, ..SiteTime::default() });
    }
    if let Some(row) = rows.get_mut(site as usize) {
        change(row);
    }
}
