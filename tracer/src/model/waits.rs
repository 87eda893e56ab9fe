//! The wait-for graph: who waits for what, who holds it, and where that goes round in a ring.
//!
//! Nodes are tasks and objects. It is made from a [`Now`], so it can be had for any event of a run. Whether a wait is
//! orphaned (nobody left who could serve it) takes more than events can tell: the scheduler's findings say so, and
//! [`Graph::mark`] takes it over.

use super::now::{Arm, Now, TaskNow};
use super::state::TaskState;
use crate::event::{ObjectId, TaskId};
use crate::finding::{Finding, ObjectKind, WaitReason};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BinaryHeap;

/// A node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Node {
    /// A task.
    Task(TaskId),
    /// An object.
    Object(ObjectId),
}

/// What an edge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// A task wants a lock, a permit or a once.
    Wants,
    /// A lock, a permit or a once is held by a task.
    HeldBy,
    /// A task waits to send to a channel.
    SendsTo,
    /// A task waits to receive from a channel.
    ReceivesFrom,
    /// A task waits for another's end, for a wait group, a barrier, a timer.
    WaitsFor,
    /// A read-write lock lets no new reader in, because this task waits to write.
    ReservedFor,
}

impl Relation {
    /// The label of the edge.
    pub fn name(self) -> &'static str {
        match self {
            Relation::Wants => "wants",
            Relation::HeldBy => "held by",
            Relation::SendsTo => "sends to",
            Relation::ReceivesFrom => "receives from",
            Relation::WaitsFor => "waits for",
            Relation::ReservedFor => "reserved for",
        }
    }
}

/// An edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Edge {
    /// Who or what.
    pub from: Node,
    /// How.
    pub relation: Relation,
    /// For whom or what.
    pub to: Node,
    /// One of several ways on (an arm of a select, one of several permits): the wait is over when any of them is.
    pub alternative: bool,
}

/// A blocked task in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// The task.
    pub task: TaskId,
    /// Why it waits.
    pub reason: WaitReason,
    /// Clock when it began.
    pub since: u64,
    /// The event with which it began.
    pub event: u64,
    /// Index into [`Graph::cycles`] of a ring that it is part of.
    pub cycle: Option<usize>,
    /// Whether a finding says that nobody can wake it any more.
    pub orphan: bool,
}

/// The graph at one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Blocked tasks in the order of their numbers; sleeping ones are not in the graph.
    pub waiters: Vec<Waiter>,
    /// Edges: each waiter's, then those of the objects, in the order of their numbers.
    pub edges: Vec<Edge>,
    /// Rings: each task waits for the next, the last for the first. The task with the lowest number comes first.
    pub cycles: Vec<Vec<TaskId>>,
    /// Blocked tasks that were left out because of the limit.
    pub left_out: usize,
}

impl Graph {
    /// The graph of a state, with at most `limit` blocked tasks in it (those with the lowest numbers; rings are searched
    /// among all).
    pub fn of(now: &Now, limit: usize) -> Graph {
        // There may be a million of them, most in wait for a channel: only those that may be in a ring are gathered, and
        // only those that are shown are put in order.
        let mut total = 0;
        let mut ringable: Vec<(&TaskNow, WaitReason)> = Vec::new();
        let mut shown: BinaryHeap<(TaskId, u32)> = BinaryHeap::new();
        for (place, task) in now.places() {
            let TaskState::Blocked(reason) = task.state else { continue };
            if reason == WaitReason::Sleep {
                continue;
            }
            total += 1;
            if can_need(reason) {
                ringable.push((task, reason));
            }
            if shown.len() < limit {
                shown.push((task.id, place));
            } else if shown.peek().is_some_and(|&(highest, _)| task.id < highest) {
                shown.pop();
                shown.push((task.id, place));
            }
        }
        let writers = waiting_writers(&ringable);
        let mut graph = Graph { cycles: cycles(now, &ringable, &writers), ..Graph::default() };
        graph.left_out = total - shown.len();
        let mut ring_of = FxHashMap::default();
        for (index, ring) in graph.cycles.iter().enumerate() {
            for &task in ring {
                ring_of.entry(task).or_insert(index);
            }
        }
        let mut objects = Vec::new();
        for (_, place) in shown.into_sorted_vec() {
            let Some(task) = now.at_place(place) else { continue };
            let TaskState::Blocked(reason) = task.state else { continue };
            graph.waiters.push(Waiter {
                task: task.id,
                reason,
                since: task.since,
                event: task.event,
                cycle: ring_of.get(&task.id).copied(),
                orphan: false,
            });
            graph.wait_edges(task, reason, &mut objects);
        }
        objects.sort_unstable();
        objects.dedup();
        for id in objects {
            let Some(object) = now.object(id) else { continue };
            let from = Node::Object(id);
            let alternative = object.kind == ObjectKind::Semaphore && object.holds.len() > 1;
            for hold in &object.holds {
                let to = Node::Task(hold.task);
                graph.edges.push(Edge { from, relation: Relation::HeldBy, to, alternative });
            }
            if !object.holds.iter().any(|hold| hold.exclusive) {
                for &writer in writers.get(&id).into_iter().flatten() {
                    let to = Node::Task(writer);
                    graph.edges.push(Edge { from, relation: Relation::ReservedFor, to, alternative: false });
                }
            }
        }
        graph
    }

    fn wait_edges(&mut self, task: &TaskNow, reason: WaitReason, objects: &mut Vec<ObjectId>) {
        let from = Node::Task(task.id);
        let object = ObjectId(task.on);
        let mut edge = |relation, to, alternative| {
            if let Node::Object(object) = to {
                objects.push(object);
            }
            self.edges.push(Edge { from, relation, to, alternative });
        };
        match reason {
            WaitReason::Send => edge(Relation::SendsTo, Node::Object(object), false),
            WaitReason::Recv => edge(Relation::ReceivesFrom, Node::Object(object), false),
            WaitReason::Select => {
                let several = task.arms.len() > 1;
                for arm in &task.arms {
                    match *arm {
                        Arm::Recv(channel) => edge(Relation::ReceivesFrom, Node::Object(channel), several),
                        Arm::Send(channel) => edge(Relation::SendsTo, Node::Object(channel), several),
                        Arm::Timer(timer) => edge(Relation::WaitsFor, Node::Object(timer), several),
                        Arm::Future(task) => edge(Relation::WaitsFor, Node::Task(task), several),
                    }
                }
            }
            WaitReason::Lock
            | WaitReason::ReadLock
            | WaitReason::WriteLock
            | WaitReason::Once
            | WaitReason::Semaphore => edge(Relation::Wants, Node::Object(object), false),
            WaitReason::Await => edge(Relation::WaitsFor, Node::Task(TaskId(task.on)), false),
            WaitReason::WaitGroup | WaitReason::Barrier | WaitReason::Sleep => {
                edge(Relation::WaitsFor, Node::Object(object), false);
            }
            // A C call is an index of a function, an I/O operation an object; neither is held by anyone.
            WaitReason::Io => {}
        }
    }

    /// Takes over what a finding knows beyond events: rings through channels that nobody else can reach, and orphans, which
    /// are its tasks outside of rings.
    pub fn mark(&mut self, finding: &Finding) {
        let ring: Vec<TaskId> =
            finding.cycle.iter().filter_map(|&index| finding.tasks.get(index)).map(|blocked| blocked.task.id).collect();
        let ring = turned(ring);
        let waits = |task: &TaskId| self.waiters.binary_search_by_key(task, |waiter| waiter.task).is_ok();
        if !ring.is_empty() && !self.cycles.contains(&ring) && ring.iter().all(waits) {
            self.cycles.push(ring.clone());
        }
        let ring_index = self.cycles.iter().position(|known| *known == ring);
        for blocked in &finding.tasks {
            let Ok(found) = self.waiters.binary_search_by_key(&blocked.task.id, |waiter| waiter.task) else { continue };
            let waiter = &mut self.waiters[found];
            if waiter.reason != blocked.reason {
                continue;
            }
            if ring.contains(&waiter.task) {
                waiter.cycle = waiter.cycle.or(ring_index);
            }
            waiter.orphan = waiter.cycle.is_none();
        }
    }

    /// The nodes, tasks first, each in the order of their numbers.
    pub fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = self.waiters.iter().map(|waiter| Node::Task(waiter.task)).collect();
        nodes.extend(self.edges.iter().flat_map(|edge| [edge.from, edge.to]));
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

fn waiting_writers(blocked: &[(&TaskNow, WaitReason)]) -> FxHashMap<ObjectId, Vec<TaskId>> {
    let mut writers: FxHashMap<ObjectId, Vec<TaskId>> = FxHashMap::default();
    for &(task, reason) in blocked {
        if reason == WaitReason::WriteLock {
            writers.entry(ObjectId(task.on)).or_default().push(task.id);
        }
    }
    writers
}

/// The tasks that all have to act before this one can go on. Empty where any of several may serve it (channels, select,
/// wait groups, semaphores with several holders): such a wait closes no ring by itself.
fn needs(
    now: &Now,
    task: &TaskNow,
    reason: WaitReason,
    writers: &FxHashMap<ObjectId, Vec<TaskId>>,
    out: &mut Vec<TaskId>,
) {
    out.clear();
    let on = ObjectId(task.on);
    match reason {
        WaitReason::Await => out.push(TaskId(task.on)),
        WaitReason::Lock | WaitReason::WriteLock | WaitReason::Once => {
            out.extend(now.object(on).into_iter().flat_map(|object| &object.holds).map(|hold| hold.task));
        }
        WaitReason::ReadLock => match now.object(on).and_then(|object| object.owner()) {
            Some(owner) => out.push(owner),
            None => out.extend(writers.get(&on).into_iter().flatten()),
        },
        WaitReason::Semaphore => {
            if let Some(object) = now.object(on)
                && let [only] = object.holds[..]
            {
                out.push(only.task);
            }
        }
        WaitReason::Select => {
            if let [Arm::Future(only)] = task.arms[..] {
                out.push(only);
            }
        }
        WaitReason::Send
        | WaitReason::Recv
        | WaitReason::WaitGroup
        | WaitReason::Barrier
        | WaitReason::Sleep
        | WaitReason::Io => {}
    }
}

/// Whether [`needs`] may find anything: most of the tasks of a large program wait for a channel, and are passed over.
fn can_need(reason: WaitReason) -> bool {
    match reason {
        WaitReason::Await
        | WaitReason::Lock
        | WaitReason::ReadLock
        | WaitReason::WriteLock
        | WaitReason::Once
        | WaitReason::Semaphore
        | WaitReason::Select => true,
        WaitReason::Send
        | WaitReason::Recv
        | WaitReason::WaitGroup
        | WaitReason::Barrier
        | WaitReason::Sleep
        | WaitReason::Io => false,
    }
}

/// Rings of tasks that need each other: a depth-first walk without recursion (rings may be as long as there are tasks).
fn cycles(
    now: &Now,
    blocked: &[(&TaskNow, WaitReason)],
    writers: &FxHashMap<ObjectId, Vec<TaskId>>,
) -> Vec<Vec<TaskId>> {
    let mut rings = Vec::new();
    let mut done = FxHashSet::default();
    let mut depth_of: FxHashMap<TaskId, usize> = FxHashMap::default();
    let mut needed = Vec::new();
    for &(start, _) in blocked {
        if done.contains(&start.id) {
            continue;
        }
        // The path from the start: each task with those it needs that are still to be looked at.
        let mut path: Vec<(TaskId, Vec<TaskId>)> = Vec::new();
        let mut next = Some(start.id);
        loop {
            if let Some(id) = next.take() {
                if let Some(&depth) = depth_of.get(&id) {
                    let ring: Vec<TaskId> = path[depth..].iter().map(|(task, _)| *task).collect();
                    rings.push(turned(ring));
                } else if !done.contains(&id)
                    && let Some(task) = now.task(id)
                    && let TaskState::Blocked(reason) = task.state
                    && can_need(reason)
                {
                    needs(now, task, reason, writers, &mut needed);
                    depth_of.insert(id, path.len());
                    path.push((id, needed.clone()));
                }
            }
            match path.last_mut() {
                Some((_, rest)) if !rest.is_empty() => next = rest.pop(),
                Some(_) => {
                    if let Some((id, _)) = path.pop() {
                        depth_of.remove(&id);
                        done.insert(id);
                    }
                }
                None => break,
            }
        }
    }
    rings.sort();
    rings.dedup();
    rings
}

/// The same ring with the lowest number first.
fn turned(mut ring: Vec<TaskId>) -> Vec<TaskId> {
    if let Some(lowest) = (0..ring.len()).min_by_key(|&index| ring[index]) {
        ring.rotate_left(lowest);
    }
    ring
}
