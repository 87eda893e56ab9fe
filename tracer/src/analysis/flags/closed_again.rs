//! A channel that was closed already is closed again. The language may say that this has no effect; but who closes a channel is mostly who
//! knows that nothing comes any more, and two of them hardly both know.

use super::super::{Analysis, Known, Out};
use crate::event::{Kind, ObjectId, Site};
use crate::events::Event;
use crate::names::count;
use crate::profile::{Flag, Severity};
use std::collections::BTreeMap;

/// Closes without effect, by channel and place.
#[derive(Default)]
pub(in super::super) struct ClosedAgain(BTreeMap<(ObjectId, Site), (u64, u64)>);

impl Analysis for ClosedAgain {
    #[inline]
    fn event(&mut self, at: &Event, _known: &Known) {
        if at.kind == Kind::CloseAgain {
            self.0.entry((ObjectId(at.object), at.site)).or_insert((0, at.ordinal)).0 += 1;
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        for ((channel, site), (times, event)) in self.0 {
            let name = known.object_name(channel);
            let often = if times == 1 { String::new() } else { format!(" {} times", count(times)) };
            let mut sites = vec![out.site(site)];
            sites.extend(known.object(channel).map(|info| out.site(info.made_at)));
            out.flag(Flag {
                rule: "closed-again".to_string(),
                severity: Severity::Warning,
                sentence: format!(
                    "{name} is closed at {}{often} although it is closed already, which has no effect. Let one task close it.",
                    known.place(site)
                ),
                sites,
                about: vec![name],
                count: times,
                ns: None,
                event: Some(event),
            });
        }
    }
}
