//! The smallest interpreter that follows the runtimes' protocol: one worker's machine for scripts, the same for both.

use crate::script::{self, Name, Op, Program};
use scheduler::parallel::Worker;
use scheduler::{
    Arm, ArmOutcome, At, Cause, Child, ContextKind, Handle, OnceStep, Reach, Resume, Runtime, Scheduler, Selected,
    State, Step, Try,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracer::event::{EndStatus, Kind, Record, Site};
use tracer::finding::{Finding, ObjectKind};
use tracer::record::{Operations, Tracer};

/// The interpreter's part of a task.
#[derive(Clone, Debug, Default)]
pub struct Body {
    pub script: usize,
    pub pc: usize,
    rounds: u32,
    cancelled: bool,
}

/// A tracer that keeps everything, with absolute clocks beside the records.
#[derive(Clone, Debug, Default)]
pub struct Log(pub Vec<(Record, u64)>);

impl Tracer for Log {
    const ON: bool = true;
    fn emit(&mut self, kind: u8, site: u32, clock: u64, object: u32, arg: u32) {
        self.0.push((Record::new(kind, site, 0, object, arg), clock));
    }
    fn text(&mut self, _kind: Kind, _site: u32, _clock: u64, _text: &str) {}
    fn ordinal(&self) -> u64 {
        self.0.len() as u64
    }
    fn operations(&self, from: u64) -> Option<Operations> {
        let mut since = Operations::default();
        for (record, _) in &self.0[from as usize..] {
            if let Some(kind) = record.kind().filter(|kind| kind.is_operation()) {
                since = Operations { count: since.count + 1, last: Some((kind, record.object)) };
            }
        }
        Some(since)
    }
    fn poll(&mut self, _clock: u64) -> bool {
        false
    }
    fn idle(&mut self, _clock: u64) {}
    fn quit(&self) -> bool {
        false
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Thing {
    Object(ObjectKind, u32),
    Future(Handle),
}

/// What the names stand for by now.
struct Things(Vec<Option<Thing>>);

impl Things {
    fn object(&self, name: Name) -> u32 {
        match self.0[name] {
            Some(Thing::Object(_, slot)) => slot,
            other => panic!("name {name} is {other:?}"),
        }
    }

    fn future(&self, name: Name) -> Handle {
        match self.0[name] {
            Some(Thing::Future(handle)) => handle,
            other => panic!("name {name} is {other:?}"),
        }
    }
}

/// What the machines of a run share.
pub struct Common<'a> {
    pub program: &'a Program,
    things: Mutex<Things>,
    /// Tickers by their channels.
    tickers: Mutex<BTreeMap<u32, u32>>,
    /// What tasks said and got, in order: number of the task, its script, the word.
    pub said: Mutex<Vec<(u32, usize, String)>>,
    pub findings: Mutex<Vec<Finding>>,
    /// Numbers of the tasks that findings call stuck: they must never run again.
    pub reported: Mutex<BTreeSet<u32>>,
}

/// Locks what a panicking test thread may have left: the first panic tells more.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Common<'a> {
    pub fn new(program: &'a Program) -> Self {
        Self {
            program,
            things: Mutex::new(Things(vec![None; program.names.len()])),
            tickers: Mutex::default(),
            said: Mutex::default(),
            findings: Mutex::default(),
            reported: Mutex::default(),
        }
    }

    fn object(&self, name: Name) -> u32 {
        locked(&self.things).object(name)
    }

    fn future(&self, name: Name) -> Handle {
        locked(&self.things).future(name)
    }
}

/// What the two runtimes answer differently.
pub trait Host: Runtime<i64, Body> {
    /// Whether the running task holds a mutex.
    fn owns(&mut self, mutex: u32) -> bool;
}

impl Host for Scheduler<i64, Body> {
    fn owns(&mut self, mutex: u32) -> bool {
        self.mutex_owner(mutex) == self.task(self.current()).id
    }
}

impl Host for Worker<i64, Body> {
    fn owns(&mut self, mutex: u32) -> bool {
        self.mutex_value(mutex).is_some()
    }
}

/// What a step of a task leads to.
enum After {
    GoOn,
    Left,
}

/// One worker's interpreter.
pub struct Machine<'a, R> {
    pub s: R,
    pub tr: Log,
    pub common: &'a Common<'a>,
    pub clock: u64,
    pub switches: u64,
    pub scans: usize,
}

impl<'a, R: Host> Machine<'a, R> {
    pub fn new(s: R, common: &'a Common<'a>) -> Self {
        Self { s, tr: Log::default(), common, clock: 0, switches: 0, scans: 0 }
    }

    /// Makes the first task.
    pub fn spawn_main(&mut self) {
        self.s.spawn(&mut self.tr, At::default(), 0, false, |body| *body = Body::default());
    }

    /// Looks for stuck tasks.
    pub fn scan(&mut self) {
        self.scans += 1;
        let (common, clock) = (self.common, self.clock);
        let found = self.s.frozen(|s| {
            let things = locked(&common.things);
            let mut reach =
                Marks { program: common.program, things: &things.0, marked: vec![], tasks: vec![], cost: 0 };
            let found = s.scan(&mut reach, clock);
            let ids = found.iter().flat_map(|finding| finding.tasks.iter().map(|task| task.task.id.0));
            locked(&common.reported).extend(ids);
            found
        });
        for finding in found {
            let at = At { site: 0, clock: self.clock };
            let mut findings = locked(&common.findings);
            self.s.finding_event(&mut self.tr, at, findings.len() as u32, &finding);
            assert!(R::PARALLEL || finding.event < Some(self.tr.ordinal()));
            findings.push(finding);
        }
    }

    /// All tasks that are left must be reported, and no others.
    pub fn left_are_reported(&mut self) {
        let left: BTreeSet<u32> = self.s.frozen(|s| s.live_tasks().map(|(_, task)| task.id).collect());
        assert_eq!(left, *locked(&self.common.reported), "all tasks that are left are reported, and no others");
    }

    /// No task may be left.
    pub fn left_are_none(&mut self) {
        assert_eq!(self.s.frozen(|s| s.live_tasks().count()), 0);
    }

    /// Runs a task until it leaves.
    pub fn run_task(&mut self, slot: u32, slice: u32) {
        self.run_until(slot, slice, None);
    }

    /// Runs a task until it leaves, or has done so many operations: then the place where it stands.
    pub fn run_until(&mut self, slot: u32, slice: u32, most: Option<u64>) -> Option<At> {
        let mut done = 0;
        self.switches += 1;
        let id = self.s.task(slot).id;
        assert!(!locked(&self.common.reported).contains(&id), "task {id} was called stuck and runs again");
        let mut budget = slice as i64;
        let resume = self.s.task_mut(slot).take_resume();
        let mut step = if resume == Resume::None { After::GoOn } else { self.resume(slot, resume) };
        loop {
            if let After::Left = step {
                if self.s.scan_due(self.clock) {
                    self.scan();
                }
                return None;
            }
            let body = &self.s.task(slot).body;
            let (script, pc, cancelled) = (body.script, body.pc, body.cancelled);
            let site = (script * 100 + pc) as u32;
            let at = At { site, clock: self.clock };
            if budget <= 0 {
                match self.s.slice_end(&mut self.tr, at) {
                    Some(slice) => budget += slice as i64,
                    None => return None,
                }
            }
            if most == Some(done) {
                return Some(at);
            }
            done += 1;
            let program = self.common.program;
            let Some(op) = program.tasks[script].1.get(pc) else {
                let status = if cancelled { EndStatus::Cancelled } else { EndStatus::Done };
                self.s.end_task(&mut self.tr, at, status, script as i64 * 10);
                step = After::Left;
                continue;
            };
            let ticks = if let Op::Work(ticks) = op { *ticks } else { 1 };
            budget -= ticks as i64;
            self.clock += ticks;
            step = self.op(slot, op, At { site, clock: self.clock });
        }
    }

    fn say(&mut self, slot: u32, what: impl Display) {
        let task = self.s.task(slot);
        locked(&self.common.said).push((task.id, task.body.script, what.to_string()));
    }

    fn advance(&mut self, slot: u32) -> After {
        self.s.task_mut(slot).body.pc += 1;
        After::GoOn
    }

    /// Finishes the operation that the task was parked in.
    fn resume(&mut self, slot: u32, resume: Resume) -> After {
        let value = self.s.task(slot).value;
        match resume {
            Resume::None => return After::GoOn,
            Resume::Received | Resume::Done => self.say(slot, value),
            Resume::Closed => self.say(slot, "closed"),
            Resume::SendClosed => self.say(slot, "send-closed"),
            Resume::Gone => self.say(slot, "gone"),
            Resume::Arm { arm, outcome } => self.said_arm(slot, arm, outcome, value),
            Resume::Cancelled => {
                self.say(slot, "cancelled");
                self.s.task_mut(slot).body.cancelled = true;
                // A task's deferred work is what stands behind a `say defer`.
                let script = self.s.task(slot).body.script;
                let ops = &self.common.program.tasks[script].1;
                let defer = ops.iter().position(|op| *op == Op::Say("defer".into())).unwrap_or(ops.len());
                self.s.task_mut(slot).body.pc = defer;
                return After::GoOn;
            }
            Resume::Waited => {
                let body = &self.s.task(slot).body;
                if let Some(Op::OnceBegin(_)) = self.common.program.tasks[body.script].1.get(body.pc) {
                    return self.skip_once(slot);
                }
            }
            Resume::Sent | Resume::Acquired => {}
        }
        self.advance(slot)
    }

    fn said_arm(&mut self, slot: u32, arm: u16, outcome: ArmOutcome, value: i64) {
        match outcome {
            ArmOutcome::Received | ArmOutcome::Done => self.say(slot, format_args!("arm{arm}={value}")),
            ArmOutcome::Sent => self.say(slot, format_args!("arm{arm}")),
            other => self.say(slot, format_args!("arm{arm}={other:?}").to_string().to_lowercase()),
        }
    }

    fn skip_once(&mut self, slot: u32) -> After {
        let body = &mut self.s.task_mut(slot).body;
        let ops = &self.common.program.tasks[body.script].1;
        while !matches!(ops.get(body.pc), None | Some(Op::OnceEnd(_))) {
            body.pc += 1;
        }
        self.advance(slot)
    }

    fn make(&mut self, slot: u32, name: Name, kind: ObjectKind, object: u32) -> After {
        locked(&self.common.things).0[name] = Some(Thing::Object(kind, object));
        self.advance(slot)
    }

    fn blocks(&mut self, slot: u32, step: Step) -> After {
        match step {
            Step::Ready(()) => self.advance(slot),
            Step::Blocked => After::Left,
            Step::Closed => {
                self.say(slot, "send-closed");
                self.advance(slot)
            }
        }
    }

    fn gives(&mut self, slot: u32, step: Step<i64>) -> After {
        match step {
            Step::Ready(value) => self.say(slot, value),
            Step::Blocked => return After::Left,
            Step::Closed => self.say(slot, "closed"),
        }
        self.advance(slot)
    }

    fn tried(&mut self, slot: u32, tried: Try<impl Display>) -> After {
        match tried {
            Try::Ready(value) => self.say(slot, value),
            Try::NotNow => self.say(slot, "not-now"),
            Try::Closed => self.say(slot, "closed"),
        }
        self.advance(slot)
    }

    fn spawn(&mut self, slot: u32, task: usize, at: At, future: Option<Name>) -> After {
        let body = Body { script: task, ..Body::default() };
        // Held over the spawn: the new task may run at once, elsewhere, and ask for its own future.
        let mut things = locked(&self.common.things);
        let new = self.s.spawn(&mut self.tr, at, task as u32, future.is_some(), |old| *old = body);
        if let Some(name) = future {
            things.0[name] = Some(Thing::Future(new));
        }
        drop(things);
        self.advance(slot)
    }

    fn op(&mut self, slot: u32, op: &Op, at: At) -> After {
        use ObjectKind::*;
        match *op {
            Op::Chan(name, n) => {
                let object = self.s.channel(&mut self.tr, at, n);
                self.make(slot, name, Channel, object)
            }
            Op::Mutex(name) => {
                let object = self.s.mutex(&mut self.tr, at, 0);
                self.make(slot, name, Mutex, object)
            }
            Op::RwLock(name) => {
                let object = self.s.rwlock(&mut self.tr, at, 0);
                self.make(slot, name, RwLock, object)
            }
            Op::WaitGroup(name, n) => {
                let object = self.s.wait_group(&mut self.tr, at, n);
                self.make(slot, name, WaitGroup, object)
            }
            Op::Once(name) => {
                let object = self.s.once(&mut self.tr, at);
                self.make(slot, name, Once, object)
            }
            Op::Barrier(name, n) => {
                let object = self.s.barrier(&mut self.tr, at, n);
                self.make(slot, name, Barrier, object)
            }
            Op::Semaphore(name, n) => {
                let object = self.s.semaphore(&mut self.tr, at, n);
                self.make(slot, name, Semaphore, object)
            }
            Op::Context(name, parent, timeout) => {
                let parent = parent.map(|parent| self.common.object(parent));
                let kind = timeout.map_or(ContextKind::Plain, ContextKind::Timeout);
                let object = self.s.context(&mut self.tr, at, parent, kind);
                self.make(slot, name, Context, object)
            }
            Op::After(name, time) => {
                let object = self.s.after(&mut self.tr, at, time);
                self.make(slot, name, Channel, object)
            }
            Op::Ticker(name, period) => {
                let timer = self.s.ticker(&mut self.tr, at, period);
                let object = self.s.timer_channel(timer);
                locked(&self.common.tickers).insert(object, timer);
                self.make(slot, name, Channel, object)
            }
            Op::Done(name, context) => {
                let object = self.s.context_done(&mut self.tr, at, self.common.object(context));
                self.make(slot, name, Channel, object)
            }
            Op::CancelContext(name) => {
                self.s.cancel_context(&mut self.tr, at, self.common.object(name), Cause::Cancelled);
                self.advance(slot)
            }
            Op::CancelFor(name, ref reason) => {
                self.s.cancel_context_for(&mut self.tr, at, self.common.object(name), Some(reason.as_str().into()));
                self.advance(slot)
            }
            Op::Why(name) => {
                match self.s.context_end(self.common.object(name)) {
                    Some(end) => {
                        let reason = end.reason.map_or_else(String::new, |reason| format!(":{reason}"));
                        self.say(slot, format!("{:?}{reason}+{}", end.cause, end.above));
                    }
                    None => self.say(slot, "active"),
                }
                self.advance(slot)
            }
            Op::Stop(name) => {
                let ticker = locked(&self.common.tickers)[&self.common.object(name)];
                let stopped = self.s.stop_timer(&mut self.tr, at, ticker);
                self.say(slot, stopped);
                self.advance(slot)
            }
            Op::Go(task) => self.spawn(slot, task, at, None),
            Op::Async(name, task) => self.spawn(slot, task, at, Some(name)),
            Op::Send(name, value) => {
                let step = self.s.send(&mut self.tr, at, self.common.object(name), value);
                self.blocks(slot, step)
            }
            Op::TrySend(name, value) => {
                let tried = self.s.try_send(&mut self.tr, at, self.common.object(name), value);
                self.tried(slot, map(tried, |()| "sent"))
            }
            Op::Recv(name) => {
                let step = self.s.recv(&mut self.tr, at, self.common.object(name));
                self.gives(slot, step)
            }
            Op::TryRecv(name) => {
                let tried = self.s.try_recv(&mut self.tr, at, self.common.object(name));
                self.tried(slot, tried)
            }
            Op::Close(name) => {
                if !self.s.close(&mut self.tr, at, self.common.object(name)) {
                    self.say(slot, "closed-twice");
                }
                self.advance(slot)
            }
            Op::Lock(name) => {
                let step = self.s.lock(&mut self.tr, at, self.common.object(name));
                self.blocks(slot, step)
            }
            Op::TryLock(name) => {
                let tried = self.s.try_lock(&mut self.tr, at, self.common.object(name));
                self.tried(slot, map(tried, |()| "locked"))
            }
            Op::Unlock(name) => {
                if self.s.owns(self.common.object(name)) {
                    self.s.unlock(&mut self.tr, at, self.common.object(name));
                }
                self.advance(slot)
            }
            Op::Read(name) => {
                let step = self.s.read_lock(&mut self.tr, at, self.common.object(name));
                self.blocks(slot, step)
            }
            Op::Write(name) => {
                let step = self.s.write_lock(&mut self.tr, at, self.common.object(name));
                self.blocks(slot, step)
            }
            Op::Unread(name) => {
                self.s.read_unlock(&mut self.tr, at, self.common.object(name));
                self.advance(slot)
            }
            Op::Unwrite(name) => {
                self.s.write_unlock(&mut self.tr, at, self.common.object(name));
                self.advance(slot)
            }
            Op::Open => {
                self.s.open_locks();
                self.advance(slot)
            }
            Op::Free(side, name) => {
                if !self.s.unlock_any(&mut self.tr, at, side, self.common.object(name)) {
                    self.say(slot, "not-held");
                }
                self.advance(slot)
            }
            Op::Add(name, n) => {
                if self.s.wait_group_add(&mut self.tr, at, self.common.object(name), n).is_err() {
                    self.say(slot, "negative");
                }
                self.advance(slot)
            }
            Op::Wait(name) => {
                let step = self.s.wait_group_wait(&mut self.tr, at, self.common.object(name));
                self.blocks(slot, step)
            }
            Op::Arrive(name) => match self.s.barrier_wait(&mut self.tr, at, self.common.object(name)) {
                Step::Blocked => After::Left,
                _ => {
                    self.say(slot, "leads");
                    self.advance(slot)
                }
            },
            Op::Acquire(name) => {
                let step = self.s.acquire(&mut self.tr, at, self.common.object(name));
                self.blocks(slot, step)
            }
            Op::Release(name) => {
                self.s.release(&mut self.tr, at, self.common.object(name));
                self.advance(slot)
            }
            Op::OnceBegin(name) => match self.s.once_begin(&mut self.tr, at, self.common.object(name)) {
                OnceStep::Run => self.advance(slot),
                OnceStep::Done => self.skip_once(slot),
                OnceStep::Blocked => After::Left,
            },
            Op::OnceEnd(name) => {
                self.s.once_end(&mut self.tr, at, self.common.object(name));
                self.advance(slot)
            }
            Op::Sleep(time) => {
                self.s.sleep(&mut self.tr, at, time);
                After::Left
            }
            Op::Yield => {
                self.s.task_mut(slot).body.pc += 1;
                self.s.yield_now(&mut self.tr, at);
                After::Left
            }
            Op::Work(_) => self.advance(slot),
            Op::Await(name) => {
                let step = self.s.await_task(&mut self.tr, at, self.common.future(name), true);
                self.gives(slot, step)
            }
            Op::Detach(name) => {
                self.s.detach(&mut self.tr, at, self.common.future(name));
                self.advance(slot)
            }
            Op::Cancel(name) => {
                self.s.cancel_task(&mut self.tr, at, self.common.future(name));
                self.advance(slot)
            }
            Op::Select(ref arms, has_default) => self.select(slot, arms, has_default, at),
            Op::Say(ref what) => {
                self.say(slot, what);
                self.advance(slot)
            }
            Op::Again(times) => {
                let body = &mut self.s.task_mut(slot).body;
                body.rounds += 1;
                if times > 0 && body.rounds >= times {
                    return self.advance(slot);
                }
                body.pc = 0;
                After::GoOn
            }
        }
    }

    fn select(&mut self, slot: u32, arms: &[script::Arm], has_default: bool, at: At) -> After {
        let arms: Vec<Arm<i64>> = arms
            .iter()
            .map(|arm| match *arm {
                script::Arm::Recv(name) => Arm::Recv(self.common.object(name)),
                script::Arm::Send(name, value) => Arm::Send(self.common.object(name), value),
                script::Arm::After(time) => Arm::Timer(time),
                script::Arm::Future(name) => Arm::Future(self.common.future(name)),
            })
            .collect();
        match self.s.select_try(&mut self.tr, at, &arms, has_default) {
            Selected::Arm { arm, outcome, value } => self.said_arm(slot, arm, outcome, value),
            Selected::Default => self.say(slot, "default"),
            Selected::NotReady => match self.s.select_block(&mut self.tr, at, &arms) {
                Selected::Arm { arm, outcome, value } => self.said_arm(slot, arm, outcome, value),
                Selected::Default | Selected::NotReady => return After::Left,
            },
        }
        self.advance(slot)
    }
}

fn map<R, S>(tried: Try<R>, with: impl Fn(R) -> S) -> Try<S> {
    match tried {
        Try::Ready(value) => Try::Ready(with(value)),
        Try::NotNow => Try::NotNow,
        Try::Closed => Try::Closed,
    }
}

/// Reachability by the names in what is still to be done.
struct Marks<'a> {
    program: &'a Program,
    things: &'a [Option<Thing>],
    marked: Vec<Thing>,
    tasks: Vec<usize>,
    cost: u64,
}

impl Marks<'_> {
    fn ops(&mut self, s: &Scheduler<i64, Body>, script: usize, from: usize) {
        let ops = &self.program.tasks[script].1;
        let from = if ops.iter().any(|op| matches!(op, Op::Again(_))) { 0 } else { from };
        for op in &ops[from.min(ops.len())..] {
            for name in op.names() {
                if let Some(thing) = self.things[name] {
                    self.thing(s, thing);
                }
            }
            if let Some(task) = op.spawns()
                && !self.tasks.contains(&task)
            {
                self.tasks.push(task);
                self.ops(s, task, 0);
            }
        }
    }

    fn thing(&mut self, s: &Scheduler<i64, Body>, thing: Thing) {
        if self.marked.contains(&thing) {
            return;
        }
        self.marked.push(thing);
        self.cost += 1;
        if let Thing::Object(kind, slot) = thing {
            let mut children = Vec::new();
            s.children(kind, slot, |child| {
                if let Child::Object(kind, slot) = child {
                    children.push(Thing::Object(kind, slot));
                }
            });
            children.into_iter().for_each(|child| self.thing(s, child));
        }
    }
}

impl Reach<i64, Body> for Marks<'_> {
    fn begin(&mut self, _scheduler: &Scheduler<i64, Body>, _globals: bool) {
        self.marked.clear();
        self.tasks.clear();
        self.cost = 0;
    }

    fn add_task(&mut self, scheduler: &Scheduler<i64, Body>, slot: u32) {
        let task = scheduler.task(slot);
        assert!(!matches!(task.state, State::Free | State::Ended));
        self.ops(scheduler, task.body.script, task.body.pc);
    }

    fn reached(&self, kind: ObjectKind, slot: u32) -> bool {
        self.marked.contains(&Thing::Object(kind, slot))
    }

    fn reached_task(&self, slot: u32) -> bool {
        self.marked.iter().any(|thing| matches!(thing, Thing::Future(handle) if handle.slot == slot))
    }

    fn cost(&self) -> u64 {
        self.cost
    }

    fn stack(&self, _scheduler: &Scheduler<i64, Body>, _slot: u32) -> Vec<Site> {
        Vec::new()
    }
}
