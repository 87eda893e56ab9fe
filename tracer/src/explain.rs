//! The wait-for graph in sentences, for the Waits view.

use crate::event::ObjectId;
use crate::finding::{ObjectKind, WaitReason};
use crate::model::now::Now;
use crate::model::waits::{Edge, Graph, Node, Relation, Waiter};
use crate::names;
use crate::report::Report;
use crate::store::Store;
use std::fmt::Write;

/// What is wrong, in sentences: each ring of the graph, then the orphans that findings tell of.
pub fn sentences(store: &Store, graph: &Graph) -> Vec<String> {
    let mut out: Vec<String> = (0..graph.cycles.len()).map(|index| ring(store, graph, index)).collect();
    let report = Report::of_store(store);
    for finding in store.findings() {
        for task in &finding.tasks {
            let waiter = graph.waiters.iter().find(|waiter| waiter.task == task.task.id && waiter.orphan);
            if waiter.is_some()
                && let Some(sentence) = report.orphan_sentence(task)
                && !out.contains(&sentence)
            {
                out.push(sentence);
            }
        }
    }
    out
}

/// A ring: `Each of phil#1 … phil#4 holds one and waits for the next. Closed by phil#3 at t.vex:14:9 when it asked for fork[4].`
pub fn ring(store: &Store, graph: &Graph, index: usize) -> String {
    let Some(members) = graph.cycles.get(index) else { return String::new() };
    let waiters = graph.waiters.iter().filter(|waiter| members.contains(&waiter.task));
    let closer = waiters.clone().max_by_key(|waiter| waiter.event);
    let mut names = members.clone();
    names.sort_unstable();
    let names: Vec<String> = names.into_iter().map(|task| store.task_name(task)).collect();
    let locks = waiters.clone().all(|waiter| {
        matches!(waiter.reason, WaitReason::Lock | WaitReason::ReadLock | WaitReason::WriteLock | WaitReason::Semaphore)
    });
    let mut out = match (names.as_slice(), closer) {
        ([name], Some(waiter)) => {
            format!("{name} waits for itself: it {}", phrase(store, graph, waiter))
                + if locks { ", which it holds." } else { "." }
        }
        _ if locks => format!("Each of {} holds one and waits for the next.", names::span(&names)),
        _ => format!("Each of {} waits for the next.", names::span(&names)),
    };
    if let Some(waiter) = closer {
        let name = store.task_name(waiter.task);
        let asked = if waiter.reason == WaitReason::Await { "began to wait for" } else { "asked for" };
        let _ =
            write!(out, " Closed by {name} at {} when it {asked} {}.", place(store, waiter), on(store, graph, waiter));
    }
    out
}

/// A waiting task: `phil#2 waits to lock fork[3] since 892 µs, held by phil#3`.
pub fn waiter(store: &Store, now: &Now, graph: &Graph, waiter: &Waiter) -> String {
    let since = names::duration(store.time_of_clock(waiter.since));
    let mut out = format!("{} {} since {since}", store.task_name(waiter.task), phrase(store, graph, waiter));
    for edge in graph.edges.iter().filter(|edge| edge.from == Node::Task(waiter.task)) {
        let Node::Object(object) = edge.to else { continue };
        let holders: Vec<String> = graph
            .edges
            .iter()
            .filter(|held| held.from == edge.to && held.relation == Relation::HeldBy)
            .map(|held| node(store, held.to))
            .collect();
        if !holders.is_empty() {
            let _ = write!(out, ", held by {}", names::list(&holders));
        }
        if let Some(left) = left(now, object) {
            let _ = write!(out, " ({left})");
        }
    }
    out
}

/// A node's label: the name of a task or an object.
pub fn node(store: &Store, node: Node) -> String {
    match node {
        Node::Task(task) => store.task_name(task),
        Node::Object(object) => store.object_name(object),
    }
}

/// What is still missing at an object that is waited for: `4 left`, `2 of 3 arrived`.
pub fn left(now: &Now, object: ObjectId) -> Option<String> {
    let object = now.object(object)?;
    match object.kind {
        ObjectKind::WaitGroup => Some(format!("{} left", object.level)),
        ObjectKind::Barrier => Some(format!("{} of {} arrived", object.level, object.size)),
        ObjectKind::Channel if object.closed => Some("closed".to_string()),
        _ => None,
    }
}

fn phrase(store: &Store, graph: &Graph, waiter: &Waiter) -> String {
    names::wait_phrase(waiter.reason, &on(store, graph, waiter))
}

fn on(store: &Store, graph: &Graph, waiter: &Waiter) -> String {
    let edges = graph.edges.iter().filter(|edge: &&Edge| edge.from == Node::Task(waiter.task));
    let names: Vec<String> = edges.map(|edge| node(store, edge.to)).collect();
    names::either(&names)
}

fn place(store: &Store, waiter: &Waiter) -> String {
    store.event(waiter.event).map_or_else(|| "?".to_string(), |event| store.program().locate(event.site))
}
