//! Stack samples: time on a worker by stack, and which stack blocked operations had. Only recorded where a profile asked for it.

use super::sites;
use super::{Analysis, Change, Known, Out};
use crate::event::{Kind, Site, TaskId};
use crate::events::Event;
use crate::model::state::TaskState;
use crate::profile::{BlockedTime, FrameInfo, StackTime};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// A stack: its innermost call and the stack that called it.
#[derive(Clone, Copy)]
struct Node {
    site: Site,
    caller: u32,
}

/// Stacks, samples and blocked time.
#[derive(Default)]
pub(super) struct Stacks {
    nodes: FxHashMap<u32, Node>,
    /// Samples and ticks by stack.
    on_cpu: BTreeMap<u32, (u64, u64)>,
    /// Waits and nanoseconds by stack and reason.
    blocked: BTreeMap<(u32, &'static str), (u64, u64)>,
    /// The stacks of those that are blocked now.
    stacks: FxHashMap<TaskId, u32>,
    /// How long tasks ran, together.
    running: u64,
}

impl Analysis for Stacks {
    #[inline]
    fn event(&mut self, at: &Event, _known: &Known) {
        match at.kind {
            Kind::StackFrame => {
                self.nodes.entry(at.object).or_insert(Node { site: at.site, caller: at.arg });
            }
            Kind::Sample => {
                let (samples, ns) = self.on_cpu.entry(at.object).or_default();
                *samples += 1;
                *ns = ns.saturating_add(u64::from(at.arg));
            }
            Kind::BlockedAt => {
                self.stacks.insert(at.task, at.object);
            }
            _ => {}
        }
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        if change.task.state == TaskState::Running {
            self.running = self.running.saturating_add(change.ns);
        }
        let Some(reason) = change.wait() else { return };
        if let Some(stack) = self.stacks.remove(&change.task.id) {
            let (count, ns) = self.blocked.entry((stack, reason.name())).or_default();
            *count += 1;
            *ns = ns.saturating_add(change.ns);
        }
    }

    fn finish(self, known: &Known, out: &mut Out) {
        // A tick is a nanosecond of virtual time. In real time it is some part of the time that tasks ran.
        let ticks: u64 = self.on_cpu.values().map(|sum| sum.1).fold(0, u64::saturating_add);
        let time = |sum: u64| match known.is_virtual {
            true => sum,
            false => (u128::from(sum) * u128::from(self.running) / u128::from(ticks.max(1))) as u64,
        };
        let mut frames: FxHashMap<u32, u32> = FxHashMap::default();
        let mut on_cpu: BTreeMap<u32, StackTime> = BTreeMap::new();
        for (&stack, &(samples, ns)) in &self.on_cpu {
            let Some(frame) = frame(stack, &self.nodes, &mut frames, out) else { continue };
            let row = on_cpu.entry(frame).or_insert(StackTime { frame, ..StackTime::default() });
            row.samples += samples;
            row.ns = row.ns.saturating_add(time(ns));
        }
        let mut blocked: BTreeMap<(u32, &str), BlockedTime> = BTreeMap::new();
        for (&(stack, reason), &(count, ns)) in &self.blocked {
            let Some(frame) = frame(stack, &self.nodes, &mut frames, out) else { continue };
            let new = BlockedTime { frame, reason: reason.to_string(), ..BlockedTime::default() };
            let row = blocked.entry((frame, reason)).or_insert(new);
            row.count += count;
            row.ns = row.ns.saturating_add(ns);
        }
        for row in on_cpu.values() {
            let site = out.profile.frames.get(row.frame as usize).map_or(0, |frame| frame.site);
            sites::add(&mut out.profile.by_site, site, |place| place.on_cpu_ns += row.ns);
        }
        out.profile.on_cpu = on_cpu.into_values().collect();
        out.profile.on_cpu.sort_by_key(|row| (std::cmp::Reverse(row.ns), row.frame));
        out.profile.blocked = blocked.into_values().collect();
        out.profile.blocked.sort_by(|a, b| (b.ns, a.frame, &a.reason).cmp(&(a.ns, b.frame, &b.reason)));
    }
}

/// The index of a stack's innermost call in the profile. A stack that was never defined (its record was lost) has none; a ring, which
/// only a damaged trace has, is cut.
fn frame(stack: u32, nodes: &FxHashMap<u32, Node>, frames: &mut FxHashMap<u32, u32>, out: &mut Out) -> Option<u32> {
    let mut path = Vec::new();
    let mut at = stack;
    let mut caller = None;
    while at != 0 {
        if let Some(&known) = frames.get(&at) {
            caller = Some(known);
            break;
        }
        let Some(node) = nodes.get(&at).filter(|_| path.len() <= nodes.len()) else { break };
        path.push((at, node.site));
        at = node.caller;
    }
    for (stack, site) in path.into_iter().rev() {
        let site = out.site(site);
        let index = out.frame(FrameInfo { site, caller });
        frames.insert(stack, index);
        caller = Some(index);
    }
    caller
}
