//! The critical path: the chain of causes that ends where `main` ends. Walking back from there, a task that was blocked is left for the one
//! that woke it, one that was spawned for its spawner; what is met on the way is what the run could not have been faster than.
//!
//! It is not walked back, though: every live task carries the sums of the path that leads to where it is. Running, being ready and
//! sleeping add to it; a task that is woken or spawned takes over the path of who did that. Paths share their beginnings, as
//! nodes of a tree: a node is a part of a path, and a part that only one other goes on from is added to that one. So there are never more
//! than two nodes for each live task, however long the run is, and one reading is enough.
//!
//! Time on a worker between two events counts for the place of the second: it is what led to it.

use super::{Analysis, Change, Known, Live, Out};
use crate::event::{Kind, Site, TaskId};
use crate::events::Event;
use crate::finding::WaitReason;
use crate::model::state::TaskState;
use crate::profile::{CriticalPath, SiteShare};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

const NONE: u32 = u32::MAX;

/// What a stretch of a path is.
#[derive(Clone, Copy)]
enum Stretch {
    Running,
    Ready,
    Sleeping,
    Other,
}

/// Sums over a part of a path.
#[derive(Clone, Debug, Default)]
struct Sums {
    /// By [`Stretch`].
    ns: [u64; 4],
    handovers: u64,
    /// By place, sorted; time without a worker has none.
    sites: Vec<(Site, u64)>,
}

impl Sums {
    fn add_site(&mut self, site: Site, ns: u64) {
        match self.sites.binary_search_by_key(&site, |entry| entry.0) {
            Ok(found) => self.sites[found].1 += ns,
            Err(place) => self.sites.insert(place, (site, ns)),
        }
    }

    /// Adds another part; the smaller list goes into the larger.
    fn merge(&mut self, mut other: Sums) {
        if other.sites.len() > self.sites.len() {
            std::mem::swap(&mut self.sites, &mut other.sites);
        }
        other.sites.iter().for_each(|&(site, ns)| self.add_site(site, ns));
        for (sum, ns) in self.ns.iter_mut().zip(other.ns) {
            *sum += ns;
        }
        self.handovers += other.handovers;
    }
}

/// A part of paths.
#[derive(Clone, Debug)]
struct Node {
    parent: u32,
    /// Tasks that stand here and parts that go on from here.
    users: u32,
    sums: Sums,
}

/// All parts.
#[derive(Clone, Debug, Default)]
struct Tree {
    nodes: Vec<Node>,
    free: Vec<u32>,
}

impl Tree {
    fn new_node(&mut self, parent: u32) -> u32 {
        match self.free.pop() {
            Some(free) => {
                let node = &mut self.nodes[free as usize];
                (node.parent, node.users) = (parent, 1);
                free
            }
            None => {
                self.nodes.push(Node { parent, users: 1, sums: Sums::default() });
                (self.nodes.len() - 1) as u32
            }
        }
    }

    fn get(&mut self, node: u32) -> Option<&mut Node> {
        self.nodes.get_mut(node as usize)
    }

    /// One more stands at a node.
    fn share(&mut self, node: u32) -> u32 {
        if let Some(node) = self.get(node) {
            node.users += 1;
        }
        node
    }

    /// One less; what nobody goes on from is forgotten.
    fn leave(&mut self, node: u32) {
        let mut at = node;
        while let Some(node) = self.get(at) {
            node.users = node.users.saturating_sub(1);
            if node.users > 0 {
                return;
            }
            let parent = node.parent;
            node.sums.ns = [0; 4];
            node.sums.handovers = 0;
            node.sums.sites.clear();
            self.free.push(at);
            at = parent;
        }
    }

    /// Adds the parts before a node that only it goes on from to it.
    fn compress(&mut self, node: u32) {
        loop {
            let Some(parent) = self.get(node).map(|node| node.parent) else { return };
            let Some(before) = self.get(parent).filter(|before| before.users == 1) else { return };
            let (sums, above) = (std::mem::take(&mut before.sums), before.parent);
            before.users = 0;
            self.free.push(parent);
            if let Some(node) = self.get(node) {
                node.sums.merge(sums);
                node.parent = above;
            }
        }
    }

    /// The node at which somebody who stands at this one can add to the path: this one, or a new one where others stand here, too.
    fn own(&mut self, node: u32) -> u32 {
        self.compress(node);
        match self.get(node) {
            Some(shared) if shared.users > 1 => self.new_node(node),
            Some(_) => node,
            None => self.new_node(NONE),
        }
    }

    /// The sums from the beginning of the path to a node.
    fn whole(&self, node: u32) -> Sums {
        let mut sums = Sums::default();
        let mut at = node;
        while let Some(node) = self.nodes.get(at as usize) {
            sums.merge(node.sums.clone());
            at = node.parent;
        }
        sums
    }
}

/// Where a live task stands.
#[derive(Clone, Copy, Debug)]
struct Standing {
    node: u32,
    /// Up to when its path is known, while it runs.
    until: u64,
    running: bool,
    /// Whether the path came over from another task just now.
    came_over: bool,
}

/// What a worker did last, as far as wake-ups need to know.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    /// The task that ended last, and where its path stood: it may wake others in its end.
    ended: Option<(TaskId, u32)>,
    /// The wake-ups that follow are a timer's.
    timer: bool,
}

/// The paths of all live tasks.
#[derive(Default)]
pub(super) struct Paths {
    tree: Tree,
    tasks: FxHashMap<TaskId, Standing>,
    workers: Vec<Last>,
    /// The path of `main`, which is over.
    main: Option<u32>,
}

impl Paths {
    fn add(&mut self, task: TaskId, stretch: Stretch, site: Site, ns: u64) {
        let Some(standing) = self.tasks.get_mut(&task) else { return };
        if ns == 0 {
            return;
        }
        let node = self.tree.own(standing.node);
        standing.node = node;
        let came_over = std::mem::take(&mut standing.came_over);
        if let Some(node) = self.tree.get(node) {
            node.sums.ns[stretch as usize] += ns;
            node.sums.handovers += u64::from(came_over);
            if !matches!(stretch, Stretch::Ready) {
                node.sums.add_site(site, ns);
            }
        }
    }

    fn worker(&mut self, worker: u32) -> &mut Last {
        let worker = worker as usize;
        if worker >= self.workers.len() {
            self.workers.resize(worker + 1, Last::default());
        }
        &mut self.workers[worker]
    }

    /// Where the task stands that woke another in an event; `None` where a timer did, or nobody is known.
    fn waker(&mut self, woken: TaskId, at: &Event) -> Option<u32> {
        let last = *self.worker(at.worker);
        if at.kind == Kind::TimerFire || last.timer && at.kind == Kind::Wake || at.task == woken {
            return None;
        }
        match self.tasks.get(&at.task) {
            Some(standing) => Some(standing.node),
            None => last.ended.filter(|(task, _)| *task == at.task).map(|(_, node)| node),
        }
    }

    /// A wait is over.
    fn woken(&mut self, change: &Change, reason: WaitReason) {
        let id = change.task.id;
        let waker =
            if matches!(change.at.kind, Kind::CallEnd | Kind::IoEnd) { None } else { self.waker(id, change.at) };
        match waker {
            Some(node) => {
                self.tree.share(node);
                if let Some(standing) = self.tasks.get_mut(&id) {
                    let before = std::mem::replace(&mut standing.node, node);
                    standing.came_over = true;
                    self.tree.leave(before);
                }
            }
            None => self.waited(change, reason),
        }
    }

    /// A wait that is nobody else's doing is part of the path itself.
    fn waited(&mut self, change: &Change, reason: WaitReason) {
        let by_timer =
            reason == WaitReason::Sleep || change.at.kind == Kind::TimerFire || self.worker(change.at.worker).timer;
        let stretch = if by_timer && reason != WaitReason::Io { Stretch::Sleeping } else { Stretch::Other };
        self.add(change.task.id, stretch, change.task.site, change.ns);
    }
}

impl Analysis for Paths {
    #[inline]
    fn event(&mut self, at: &Event, _known: &Known) {
        if at.kind.is_bookkeeping() && at.kind != Kind::Sample {
            return;
        }
        match at.kind {
            Kind::TimerFire => self.worker(at.worker).timer = true,
            Kind::Wake | Kind::ContextCancel => {}
            Kind::Switch => {
                let last = self.worker(at.worker);
                last.timer = false;
                if let Some((_, node)) = last.ended.take() {
                    self.tree.leave(node);
                }
            }
            _ => self.worker(at.worker).timer = false,
        }
        // A timer fires in nobody's name, and what it wakes follows.
        let of_task = !matches!(at.kind, Kind::TimerFire | Kind::Wake | Kind::ContextCancel);
        if of_task
            && let Some(standing) = self.tasks.get_mut(&at.task)
            && standing.running
            && at.clock > standing.until
        {
            let ns = at.clock - standing.until;
            standing.until = at.clock;
            self.add(at.task, Stretch::Running, at.site, ns);
        }
    }

    fn spawned(&mut self, task: &Live, at: &Event, _known: &Known) {
        let parent = self.tasks.get(&task.parent).map(|standing| standing.node);
        let node = match parent {
            Some(node) => self.tree.share(node),
            None => self.tree.new_node(NONE),
        };
        self.tasks.insert(task.id, Standing { node, until: at.clock, running: false, came_over: parent.is_some() });
    }

    fn changed(&mut self, change: &Change, _known: &Known) {
        let (id, at) = (change.task.id, change.at);
        match change.task.state {
            TaskState::Running => {
                if let Some(&Standing { until, running: true, .. }) = self.tasks.get(&id) {
                    self.add(id, Stretch::Running, at.site, at.clock.saturating_sub(until));
                }
            }
            TaskState::Ready => self.add(id, Stretch::Ready, change.task.site, change.ns),
            TaskState::Blocked(reason) if change.to.is_some() => self.woken(change, reason),
            TaskState::Blocked(reason) => self.waited(change, reason),
            TaskState::Done | TaskState::Panicked | TaskState::Cancelled => {}
        }
        let over = change.to.is_none_or(TaskState::ended);
        if let Some(standing) = self.tasks.get_mut(&id) {
            standing.running = change.to == Some(TaskState::Running);
            standing.until = at.clock;
            if over {
                let node = standing.node;
                self.tasks.remove(&id);
                if id == TaskId(1) && self.main.is_none() {
                    self.tree.share(node);
                    self.main = Some(node);
                }
                // In its end it may wake others, which take its path over.
                if let Some((_, before)) = self.worker(at.worker).ended.replace((id, node)) {
                    self.tree.leave(before);
                }
            }
        }
    }

    fn finish(self, _known: &Known, out: &mut Out) {
        let Some(main) = self.main else { return };
        let sums = self.tree.whole(main);
        let [running_ns, ready_ns, sleeping_ns, other_ns] = sums.ns;
        let ns = sums.ns.iter().fold(0, |sum: u64, &ns| sum.saturating_add(ns));
        let mut sites: Vec<SiteShare> = Vec::new();
        for (site, ns) in sums.sites {
            let site = out.site(site);
            match sites.iter_mut().find(|row| row.site == site) {
                Some(row) => row.ns += ns,
                None => sites.push(SiteShare { site, ns, share: 0.0 }),
            }
        }
        sites.iter_mut().for_each(|row| row.share = (row.ns as f64 / ns.max(1) as f64).min(1.0));
        sites.sort_by_key(|row| (Reverse(row.ns), row.site));
        let handovers = sums.handovers;
        out.profile.critical_path = CriticalPath { ns, running_ns, ready_ns, sleeping_ns, other_ns, handovers, sites };
    }
}
