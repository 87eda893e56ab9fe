//! Every object of a stopped run as a list of facts: what is in it, who holds it, who waits for it in the order of service.

use super::objects::{name, task_of_number};
use super::{Detail, Teller};
use crate::debug::view::View;
use crate::value::Value;
use rustc_hash::FxHashMap;
use scheduler::Cause;
use scheduler::inspect::{Facts, Holding, ObjectState, Waiting, Wants};
use tracer::event::{ObjectId, TaskId};
use tracer::finding::ObjectKind;
use tracer::inspect::ObjectView;
use tracer::names;

/// Values of a channel's buffer, and waiting tasks, that are told one by one.
const TOLD: usize = 100;

/// All objects, by number.
pub fn views(view: &View<'_>) -> Vec<ObjectView> {
    let mut all: Vec<(ObjectId, ObjectKind, u32)> = ObjectKind::ALL
        .into_iter()
        .flat_map(|kind| view.sched.live_objects(kind).map(move |(slot, object)| (object.id, kind, slot)))
        .collect();
    all.sort_unstable_by_key(|&(id, ..)| id);
    let children = children(view);
    all.into_iter().filter_map(|(_, kind, slot)| tell(view, &children, kind, slot)).collect()
}

/// The object with a number.
pub fn object(view: &View<'_>, id: ObjectId) -> Option<ObjectView> {
    let mut of_kind =
        ObjectKind::ALL.into_iter().flat_map(|kind| view.sched.live_objects(kind).map(move |found| (kind, found)));
    let (kind, (slot, _)) = of_kind.find(|(_, (_, object))| object.id == id)?;
    tell(view, &children(view), kind, slot)
}

/// Contexts below each context.
type Children = FxHashMap<u32, Vec<u32>>;

fn children(view: &View<'_>) -> Children {
    let mut children = Children::default();
    for (slot, _) in view.sched.live_objects(ObjectKind::Context) {
        if let Some(Facts::Context { parent: Some(parent), .. }) =
            view.sched.inspect(ObjectKind::Context, slot).map(|state| state.facts)
        {
            children.entry(parent).or_default().push(slot);
        }
    }
    children
}

fn tell(view: &View<'_>, children: &Children, kind: ObjectKind, slot: u32) -> Option<ObjectView> {
    let ObjectState { object, facts, waiting, .. } = view.sched.inspect(kind, slot)?;
    let told = Told { view: *view, facts: Vec::new() };
    let waits: Vec<String> = waiting.iter().take(TOLD).map(|waiting| told.waiting(waiting)).collect();
    let facts = told.facts(slot, facts, waiting.len(), children);
    let mut waits = waits;
    if waiting.len() > TOLD {
        waits.push(format!("… {} more", waiting.len() - TOLD));
    }
    Some(ObjectView { id: object.id, kind, name: name(view, kind, slot), facts, waiting: waits })
}

struct Told<'v> {
    view: View<'v>,
    facts: Vec<(String, String)>,
}

impl Told<'_> {
    fn value(&self, value: Value) -> String {
        Teller::new(self.view, 0, Detail::LINE).line(value)
    }

    fn task(&self, task: TaskId) -> String {
        task_of_number(&self.view, task.0)
    }

    fn say(&mut self, word: &str, what: impl Into<String>) {
        self.facts.push((word.to_string(), what.into()));
    }

    fn holder(&self, holder: &Holding) -> String {
        let ended = if holder.live { "" } else { ", which has ended" };
        format!("{}{ended}, at {}", self.task(holder.task), self.view.program.locate(holder.site))
    }

    fn holders(&mut self, word: &str, holders: &[Holding]) {
        for holder in holders {
            let what = self.holder(holder);
            self.say(word, what);
        }
    }

    /// What a waiting task wants.
    fn waiting(&self, waiting: &Waiting<Value>) -> String {
        let wants = match waiting.wants {
            Wants::It => String::new(),
            Wants::Receive => " to receive".to_string(),
            Wants::Send(value) => format!(" to send {}", self.value(value)),
            Wants::Read => " to read".to_string(),
            Wants::Write => " to write".to_string(),
        };
        let arm = waiting.arm.map_or(String::new(), |arm| format!(" (arm {} of a select)", arm + 1));
        format!("{}{wants}{arm}", self.task(waiting.task))
    }

    fn facts(mut self, slot: u32, facts: Facts<Value>, waiting: usize, children: &Children) -> Vec<(String, String)> {
        let view = self.view;
        let until = |at: u64| format!("in {}", names::duration(at.saturating_sub(view.sched.now())));
        match facts {
            Facts::Channel { capacity, buffered, closed, context, timer, last_sender, last_receiver } => {
                self.say("capacity", capacity.to_string());
                let mut shown: Vec<String> = buffered.iter().take(TOLD).map(|&value| self.value(value)).collect();
                if buffered.len() > TOLD {
                    shown.push(format!("… {} more", buffered.len() - TOLD));
                }
                self.say("buffer", format!("[{}]", shown.join(", ")));
                if closed {
                    self.say("closed", "yes");
                }
                if let Some(context) = context {
                    self.say("closes with", name(&view, ObjectKind::Context, context));
                }
                if let Some(timer) = timer {
                    self.say("filled by", name(&view, ObjectKind::Timer, timer));
                }
                for (word, task) in [("sent last", last_sender), ("received last", last_receiver)] {
                    if let Some(task) = task {
                        let task = self.task(task);
                        self.say(word, task);
                    }
                }
            }
            Facts::Mutex { owner, value } => {
                let value = self.value(value);
                self.say("value", value);
                self.holders("owner", owner.as_slice());
            }
            Facts::RwLock { readers, writer, value } => {
                let value = self.value(value);
                self.say("value", value);
                self.holders("reader", &readers);
                self.holders("writer", writer.as_slice());
            }
            Facts::WaitGroup { count, last_done } => {
                self.say("count", count.to_string());
                if let Some(task) = last_done {
                    let task = self.task(task);
                    self.say("lowered last", task);
                }
            }
            Facts::Once { runner, done, .. } => {
                self.say("done", if done { "yes" } else { "no" });
                self.holders("runs in", runner.as_slice());
            }
            Facts::Barrier { parties } => {
                self.say("parties", parties.to_string());
                self.say("arrived", waiting.to_string());
            }
            Facts::Semaphore { permits, holders } => {
                self.say("permits", permits.to_string());
                self.holders("holder", &holders);
            }
            Facts::Atomic { value } => self.say("value", value.to_string()),
            Facts::Timer { period, deadline, channel } => {
                if let Some(period) = period {
                    self.say("every", names::duration(period));
                }
                self.say("fires", deadline.map_or("not any more".to_string(), until));
                self.say("channel", name(&view, ObjectKind::Channel, channel));
            }
            Facts::Context { parent, cause, deadline, value, done } => {
                let state = match cause {
                    None => "active",
                    Some(_) if view.sched.context_timed_out(slot) => "past its deadline",
                    Some(Cause::Deadline) => "past its deadline",
                    Some(Cause::Parent) => "canceled with its parent",
                    Some(Cause::Cancelled) => "canceled",
                };
                self.say("state", state);
                if let Some(deadline) = deadline.filter(|_| cause.is_none()) {
                    self.say("ends", until(deadline));
                }
                if let Some((key, value)) = value {
                    let value = self.value(value);
                    self.say(&format!("value of {key}"), value);
                }
                if let Some(parent) = parent {
                    self.say("parent", name(&view, ObjectKind::Context, parent));
                }
                for &child in children.get(&slot).into_iter().flatten().take(TOLD) {
                    self.say("child", name(&view, ObjectKind::Context, child));
                }
                if let Some(done) = done {
                    self.say("closes", name(&view, ObjectKind::Channel, done));
                }
            }
        }
        self.facts
    }
}
