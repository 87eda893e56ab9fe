//! A run of any length, made up event by event: producers, workers and a collector over two channels and a lock, with
//! first-in-first-out scheduling. For measuring what large traces cost; no more of it is in memory than a chunk or so.

use crate::chunk::Chunk;
use crate::event::{BLOCKED, EndStatus, Kind, Site};
use crate::program::{FunctionInfo, Place, ProgramInfo, SourceText};
use crate::record::{Recorder, Tracer};
use crate::sink::MemorySink;
use std::collections::VecDeque;

/// How many of each there are.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Tasks that send jobs.
    pub producers: u32,
    /// Tasks that receive jobs and send results.
    pub workers: u32,
    /// Short-lived tasks that are spawned for each thousand operations.
    pub spawned: u32,
}

const COLLECTOR: u32 = 2;
const JOBS: usize = 0;
const RESULTS: usize = 1;
const LOCK: u32 = 3;

/// Operations after which a task is preempted.
const SLICE: u32 = 64;

#[derive(Default)]
struct Channel {
    capacity: u32,
    level: u32,
    senders: VecDeque<u32>,
    receivers: VecDeque<u32>,
}

struct Run {
    recorder: Recorder,
    shape: Shape,
    clock: u64,
    channels: [Channel; 2],
    owner: u32,
    locking: VecDeque<u32>,
    ready: VecDeque<u32>,
    /// How far each task is in its loop, by number.
    steps: Vec<u8>,
    tasks: u32,
    random: u64,
}

/// The program that such a run is of.
pub fn program() -> ProgramInfo {
    let place = |line| Place { file: 0, line, column: 5 };
    let text = "fn main() {}\n\nfn produce() {\n    jobs.send(1)\n}\n\nfn work() {\n    jobs.recv()\n    total.lock()\n    total.unlock()\n    results.send(2)\n}\n\nfn collect() {\n    results.recv()\n}\n\nfn brief() {}\n";
    let functions = [("main", 1), ("collect", 14), ("produce", 3), ("work", 7), ("brief", 18)];
    ProgramInfo {
        files: vec![SourceText { path: "large.vex".to_string(), text: text.into() }],
        functions: functions
            .map(|(name, line)| FunctionInfo { name: name.to_string(), place: place(line), ..FunctionInfo::default() })
            .to_vec(),
        places: (1..20).map(place).collect(),
        object_names: vec![
            (Site(0), "jobs".to_string()),
            (Site(1), "results".to_string()),
            (Site(2), "total".to_string()),
        ],
        ..ProgramInfo::default()
    }
}

/// Gives at least so many events to `take`, chunk by chunk.
pub fn run(events: u64, shape: Shape, mut take: impl FnMut(&Chunk)) {
    let (sink, memory) = MemorySink::unbounded();
    let channels = [16, 4].map(|capacity| Channel { capacity, ..Channel::default() });
    let mut run = Run {
        recorder: Recorder::new(sink),
        shape,
        clock: 0,
        channels,
        owner: 0,
        locking: VecDeque::new(),
        ready: VecDeque::new(),
        steps: vec![0],
        tasks: 0,
        random: 1,
    };
    run.spawn(0);
    run.ready.clear();
    run.emit(Kind::Switch as u8, 0, 1, 0);
    run.emit(Kind::ChanMake as u8, 0, 1, 16);
    run.emit(Kind::ChanMake as u8, 1, 2, 4);
    run.emit(Kind::MutexMake as u8, 2, LOCK, 0);
    run.spawn(1);
    (0..shape.producers).for_each(|_| run.spawn(2));
    (0..shape.workers).for_each(|_| run.spawn(3));
    run.emit(Kind::TaskEnd as u8, 0, 0, EndStatus::Done as u32);
    while run.recorder.ordinal() < events {
        let Some(task) = run.ready.pop_front() else { break };
        run.slice(task);
        memory.take().iter().for_each(&mut take);
    }
    run.recorder.finish();
    memory.take().iter().for_each(&mut take);
}

impl Run {
    fn emit(&mut self, kind: u8, site: u32, object: u32, arg: u32) {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.clock += 5 + (self.random >> 59);
        self.recorder.emit(kind, site, self.clock, object, arg);
    }

    fn spawn(&mut self, function: u32) {
        self.tasks += 1;
        self.steps.push(0);
        self.emit(Kind::TaskSpawn as u8, 0, self.tasks, function);
        self.ready.push_back(self.tasks);
    }

    /// Lets a task run until it blocks or has had its slice.
    fn slice(&mut self, task: u32) {
        self.emit(Kind::Switch as u8, 0, task, 0);
        let first_worker = COLLECTOR + 1 + self.shape.producers;
        if task >= first_worker + self.shape.workers {
            return self.emit(Kind::TaskEnd as u8, 17, 0, EndStatus::Done as u32);
        }
        for _ in 0..SLICE {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if (self.random >> 33) % 1000 < self.shape.spawned.into() {
                self.spawn(4);
            }
            let step = self.steps[task as usize];
            let goes_on = match () {
                () if task == COLLECTOR => self.receive(task, RESULTS, 14),
                () if task < first_worker => self.send(task, JOBS, 3),
                () if step == 0 => self.receive(task, JOBS, 7),
                () if step == 1 => self.lock(task),
                () if step == 2 => self.unlock(),
                () => self.send(task, RESULTS, 10),
            };
            // Whoever blocks is served, and goes on behind the operation.
            self.steps[task as usize] = (step + 1) % 4;
            if !goes_on {
                return;
            }
        }
        self.emit(Kind::Preempt as u8, 0, 0, 0);
        self.ready.push_back(task);
    }

    fn send(&mut self, task: u32, channel: usize, site: u32) -> bool {
        let object = channel as u32 + 1;
        let at = &mut self.channels[channel];
        if let Some(receiver) = at.receivers.pop_front() {
            self.ready.push_back(receiver);
            self.emit(Kind::Send as u8, site, object, receiver);
            return true;
        }
        let room = at.level < at.capacity;
        if room {
            at.level += 1;
        } else {
            at.senders.push_back(task);
        }
        self.emit(Kind::Send as u8 | if room { 0 } else { BLOCKED }, site, object, 0);
        room
    }

    fn receive(&mut self, task: u32, channel: usize, site: u32) -> bool {
        let object = channel as u32 + 1;
        let at = &mut self.channels[channel];
        let some = at.level > 0;
        let mut woken = 0;
        if some {
            match at.senders.pop_front() {
                Some(sender) => woken = sender,
                None => at.level -= 1,
            }
        } else {
            at.receivers.push_back(task);
        }
        self.ready.extend((woken != 0).then_some(woken));
        self.emit(Kind::Recv as u8 | if some { 0 } else { BLOCKED }, site, object, woken);
        some
    }

    fn lock(&mut self, task: u32) -> bool {
        let free = self.owner == 0;
        if free {
            self.owner = task;
        } else {
            self.locking.push_back(task);
        }
        self.emit(Kind::Lock as u8 | if free { 0 } else { BLOCKED }, 8, LOCK, 0);
        free
    }

    fn unlock(&mut self) -> bool {
        self.owner = self.locking.pop_front().unwrap_or(0);
        let woken = self.owner;
        self.ready.extend((woken != 0).then_some(woken));
        self.emit(Kind::Unlock as u8, 9, LOCK, woken);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causal::check_store;
    use crate::store::Store;
    use std::sync::Arc;

    #[test]
    fn it_could_have_happened() {
        let mut chunks = Vec::new();
        run(30_000, Shape { producers: 3, workers: 4, spawned: 20 }, |chunk| chunks.push(chunk.clone()));
        let store = Store::of(Arc::new(program()), &chunks);
        assert!(store.len() >= 30_000 && store.tasks().len() > 100);
        assert_eq!(store.tasks().illegal_transitions(), 0);
        assert_eq!(check_store(&store), vec![]);
    }
}
