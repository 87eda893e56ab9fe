//! Runs scripts on the scheduler: the smallest interpreter that follows its protocol.

use crate::check;
use crate::script::{self, Name, Op, Program};
use scheduler::{
    Arm, ArmOutcome, At, Cause, Child, Config, ContextKind, Handle, Next, OnceStep, Oracle, Reach, Resume, Scheduler,
    Selected, State, Step, TimeSource, Try,
};
use std::collections::BTreeSet;
use std::fmt::Write;
use tracer::event::{EndStatus, Kind, Record, Site};
use tracer::finding::{Finding, ObjectKind};
use tracer::record::Tracer;

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

/// A finished run.
pub struct Run {
    /// What tasks said and got, in order: `a:5 main:closed`.
    pub said: String,
    /// `Finished` or `Stuck`.
    pub end: Next,
    pub findings: Vec<Finding>,
    pub log: Log,
    /// Guest time at the end.
    pub time: u64,
    /// How often the host was asked to look at its flags.
    pub polls: usize,
    /// How often stuck tasks were looked for.
    pub scans: usize,
    /// What the scheduler holds at the end.
    pub bytes: usize,
    names: Vec<String>,
}

impl Run {
    /// One line for each finding: its tasks, each with what it waits for; rings in brackets.
    pub fn stuck(&self) -> String {
        let lines = self.findings.iter().map(|finding| {
            let tasks = finding.tasks.iter().map(|task| {
                let name = &self.names[task.task.function as usize];
                let mut out = format!("{name} {}", task.reason.name());
                for other in &task.waits_for {
                    let _ = write!(out, " <{}>", self.names[other.function as usize]);
                }
                if let Some(missing) = task.missing {
                    let _ = write!(out, " (missing {})", self.names[missing.task.function as usize]);
                }
                for (object, site) in &task.held {
                    let _ = write!(out, " [holds {} from {}]", object.kind.name(), site.0);
                }
                out
            });
            let ring: Vec<&str> =
                finding.cycle.iter().map(|&i| self.names[finding.tasks[i].task.function as usize].as_str()).collect();
            let ring = if ring.is_empty() { String::new() } else { format!(" ring {}", ring.join(" ")) };
            format!("{:?}: {}{ring}", finding.verdict, tasks.collect::<Vec<_>>().join(", ")).to_lowercase()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Names of the events, one a word: `!` after blocked ones, `>` and a task after wake-ups. Only these kinds.
    pub fn events(&self, wanted: impl Fn(Kind) -> bool) -> String {
        let words = self.log.0.iter().filter_map(|(record, _)| {
            let kind = record.kind()?;
            let woken = check::woken(record).map(|id| format!(">{id}")).unwrap_or_default();
            wanted(kind).then(|| format!("{}{}{woken}", kind.name(), if record.blocked() { "!" } else { "" }))
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Runs a program text with a seed.
pub fn run(text: &str, seed: u64) -> Run {
    run_program(&Program::parse(text), seed)
}

/// What the tasks say must be this.
pub fn says(text: &str, expected: &str) -> Run {
    let run = run(text, 0);
    assert_eq!(run.said, expected, "of\n{text}");
    run
}

/// The program must end, and nothing be found.
pub fn ends(text: &str, expected: &str) -> Run {
    let run = says(text, expected);
    assert_eq!((run.end, run.stuck().as_str()), (Next::Finished, ""), "of\n{text}");
    run
}

pub fn run_program(program: &Program, seed: u64) -> Run {
    let may_cancel = program.tasks.iter().any(|(_, ops)| {
        ops.iter().any(|op| match op {
            Op::Cancel(_) => true,
            Op::Select(arms, _) => arms.iter().any(|arm| matches!(arm, script::Arm::Future(_))),
            _ => false,
        })
    });
    let config = Config {
        oracle: Oracle::seed(seed),
        time: TimeSource::virtual_time(),
        time_value: |now| now as i64,
        may_cancel,
    };
    let mut driver = Driver {
        s: Scheduler::new(config),
        tr: Log::default(),
        things: Things(vec![None; program.names.len()]),
        program,
        clock: 0,
        said: String::new(),
        findings: Vec::new(),
        reported: BTreeSet::new(),
        switches: 0,
        polls: 0,
        scans: 0,
    };
    let end = driver.run();
    driver.s.settle(&mut driver.findings);
    check::stream(&driver.tr);
    crate::store::agrees(&driver.tr, &driver.findings);
    Run {
        said: driver.said.trim_end().to_string(),
        end,
        findings: driver.findings,
        time: driver.s.now(),
        log: driver.tr,
        polls: driver.polls,
        scans: driver.scans,
        bytes: driver.s.bytes(),
        names: program.tasks.iter().map(|task| task.0.clone()).collect(),
    }
}

struct Driver<'a> {
    s: Scheduler<i64, Body>,
    tr: Log,
    things: Things,
    program: &'a Program,
    clock: u64,
    said: String,
    findings: Vec<Finding>,
    /// Numbers of the tasks that findings call stuck: they must never run again.
    reported: BTreeSet<u32>,
    switches: usize,
    polls: usize,
    scans: usize,
}

/// Runs longer than this have gone wrong.
const LONGEST: u64 = 1_000_000;

/// What a step of a task leads to.
enum After {
    GoOn,
    Left,
}

impl Driver<'_> {
    fn run(&mut self) -> Next {
        let main = self.s.spawn(&mut self.tr, At::default(), 0, false);
        self.s.task_mut(main).body = Body::default();
        let mut last = 0;
        loop {
            let next = self.s.next_task(&mut self.tr, self.clock);
            match next {
                Next::Run { slot, slice } => {
                    self.switches += 1;
                    let id = self.s.task(slot).id;
                    assert!(!self.reported.contains(&id), "task {id} was called stuck and runs again");
                    self.run_task(slot, slice);
                }
                Next::Poll => self.polls += 1,
                Next::Idle => {
                    if self.s.scan_due(self.clock) {
                        self.scan();
                    } else {
                        self.s.pass_time(&mut self.tr, &mut self.clock, || false);
                    }
                }
                Next::Finished => return next,
                Next::Stuck => {
                    self.scan();
                    let left: BTreeSet<u32> = self.s.live_tasks().map(|(_, task)| task.id).collect();
                    assert_eq!(left, self.reported, "all tasks that are left are reported, and no others");
                    return next;
                }
            }
            assert!(self.clock >= last, "the clock went back");
            last = self.clock;
            let switches = self.switches as u64;
            assert!(switches < LONGEST, "the run does not end");
        }
    }

    fn scan(&mut self) {
        self.scans += 1;
        let mut reach = Marks { program: self.program, things: &self.things.0, marked: vec![], tasks: vec![], cost: 0 };
        for finding in self.s.scan(&mut reach, self.clock) {
            let at = At { site: 0, clock: self.clock };
            self.s.finding_event(&mut self.tr, at, self.findings.len() as u32, &finding);
            self.reported.extend(finding.tasks.iter().map(|task| task.task.id.0));
            assert!(finding.event < Some(self.tr.ordinal()));
            self.findings.push(finding);
        }
    }

    fn run_task(&mut self, slot: u32, slice: u32) {
        let mut budget = slice as i64;
        let resume = self.s.task_mut(slot).take_resume();
        let mut step = if resume == Resume::None { After::GoOn } else { self.resume(slot, resume) };
        loop {
            if let After::Left = step {
                if self.s.scan_due(self.clock) {
                    self.scan();
                }
                return;
            }
            let body = &self.s.task(slot).body;
            let (script, pc, cancelled) = (body.script, body.pc, body.cancelled);
            let site = (script * 100 + pc) as u32;
            let at = At { site, clock: self.clock };
            if budget <= 0 {
                match self.s.slice_end(&mut self.tr, at) {
                    Some(slice) => budget += slice as i64,
                    None => return,
                }
            }
            let program = self.program;
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

    fn say(&mut self, slot: u32, what: impl std::fmt::Display) {
        let name = &self.program.tasks[self.s.task(slot).body.script].0;
        let _ = write!(self.said, "{name}:{what} ");
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
                let ops = &self.program.tasks[script].1;
                let defer = ops.iter().position(|op| *op == Op::Say("defer".into())).unwrap_or(ops.len());
                self.s.task_mut(slot).body.pc = defer;
                return After::GoOn;
            }
            Resume::Waited => {
                let body = &self.s.task(slot).body;
                if let Some(Op::OnceBegin(_)) = self.program.tasks[body.script].1.get(body.pc) {
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
        let ops = &self.program.tasks[body.script].1;
        while !matches!(ops.get(body.pc), None | Some(Op::OnceEnd(_))) {
            body.pc += 1;
        }
        self.advance(slot)
    }

    fn make(&mut self, slot: u32, name: Name, kind: ObjectKind, object: u32) -> After {
        self.things.0[name] = Some(Thing::Object(kind, object));
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

    fn tried<R: std::fmt::Display>(&mut self, slot: u32, tried: Try<R>) -> After {
        match tried {
            Try::Ready(value) => self.say(slot, value),
            Try::NotNow => self.say(slot, "not-now"),
            Try::Closed => self.say(slot, "closed"),
        }
        self.advance(slot)
    }

    fn spawn(&mut self, slot: u32, task: usize, at: At, future: Option<Name>) -> After {
        let new = self.s.spawn(&mut self.tr, at, task as u32, future.is_some());
        self.s.task_mut(new).body = Body { script: task, ..Body::default() };
        if let Some(name) = future {
            self.things.0[name] = Some(Thing::Future(self.s.handle(new)));
        }
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
                let parent = parent.map(|parent| self.things.object(parent));
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
                self.make(slot, name, Channel, object)
            }
            Op::Done(name, context) => {
                let object = self.s.context_done(&mut self.tr, at, self.things.object(context));
                self.make(slot, name, Channel, object)
            }
            Op::CancelContext(name) => {
                self.s.cancel_context(&mut self.tr, at, self.things.object(name), Cause::Cancelled);
                self.advance(slot)
            }
            Op::Stop(name) => {
                let mut timer = None;
                self.s.children(Channel, self.things.object(name), |child| {
                    if let Child::Object(Timer, slot) = child {
                        timer = Some(slot);
                    }
                });
                let stopped = self.s.stop_timer(&mut self.tr, at, timer.unwrap());
                self.say(slot, stopped);
                self.advance(slot)
            }
            Op::Go(task) => self.spawn(slot, task, at, None),
            Op::Async(name, task) => self.spawn(slot, task, at, Some(name)),
            Op::Send(name, value) => {
                let step = self.s.send(&mut self.tr, at, self.things.object(name), value);
                self.blocks(slot, step)
            }
            Op::TrySend(name, value) => {
                let tried = self.s.try_send(&mut self.tr, at, self.things.object(name), value);
                self.tried(slot, map(tried, |()| "sent"))
            }
            Op::Recv(name) => {
                let step = self.s.recv(&mut self.tr, at, self.things.object(name));
                self.gives(slot, step)
            }
            Op::TryRecv(name) => {
                let tried = self.s.try_recv(&mut self.tr, at, self.things.object(name));
                self.tried(slot, tried)
            }
            Op::Close(name) => {
                if !self.s.close(&mut self.tr, at, self.things.object(name)) {
                    self.say(slot, "closed-twice");
                }
                self.advance(slot)
            }
            Op::Lock(name) => {
                let step = self.s.lock(&mut self.tr, at, self.things.object(name));
                self.blocks(slot, step)
            }
            Op::TryLock(name) => {
                let tried = self.s.try_lock(&mut self.tr, at, self.things.object(name));
                self.tried(slot, map(tried, |()| "locked"))
            }
            Op::Unlock(name) => {
                if self.s.mutex_owner(self.things.object(name)) == self.s.task(slot).id {
                    self.s.unlock(&mut self.tr, at, self.things.object(name));
                }
                self.advance(slot)
            }
            Op::Read(name) => {
                let step = self.s.read_lock(&mut self.tr, at, self.things.object(name));
                self.blocks(slot, step)
            }
            Op::Write(name) => {
                let step = self.s.write_lock(&mut self.tr, at, self.things.object(name));
                self.blocks(slot, step)
            }
            Op::Unread(name) => {
                self.s.read_unlock(&mut self.tr, at, self.things.object(name));
                self.advance(slot)
            }
            Op::Unwrite(name) => {
                self.s.write_unlock(&mut self.tr, at, self.things.object(name));
                self.advance(slot)
            }
            Op::Add(name, n) => {
                if self.s.wait_group_add(&mut self.tr, at, self.things.object(name), n).is_err() {
                    self.say(slot, "negative");
                }
                self.advance(slot)
            }
            Op::Wait(name) => {
                let step = self.s.wait_group_wait(&mut self.tr, at, self.things.object(name));
                self.blocks(slot, step)
            }
            Op::Arrive(name) => match self.s.barrier_wait(&mut self.tr, at, self.things.object(name)) {
                Step::Blocked => After::Left,
                _ => {
                    self.say(slot, "leads");
                    self.advance(slot)
                }
            },
            Op::Acquire(name) => {
                let step = self.s.acquire(&mut self.tr, at, self.things.object(name));
                self.blocks(slot, step)
            }
            Op::Release(name) => {
                self.s.release(&mut self.tr, at, self.things.object(name));
                self.advance(slot)
            }
            Op::OnceBegin(name) => match self.s.once_begin(&mut self.tr, at, self.things.object(name)) {
                OnceStep::Run => self.advance(slot),
                OnceStep::Done => self.skip_once(slot),
                OnceStep::Blocked => After::Left,
            },
            Op::OnceEnd(name) => {
                self.s.once_end(&mut self.tr, at, self.things.object(name));
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
                let step = self.s.await_task(&mut self.tr, at, self.things.future(name), true);
                self.gives(slot, step)
            }
            Op::Detach(name) => {
                self.s.detach(&mut self.tr, at, self.things.future(name));
                self.advance(slot)
            }
            Op::Cancel(name) => {
                self.s.cancel_task(&mut self.tr, at, self.things.future(name));
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
                script::Arm::Recv(name) => Arm::Recv(self.things.object(name)),
                script::Arm::Send(name, value) => Arm::Send(self.things.object(name), value),
                script::Arm::After(time) => Arm::Timer(time),
                script::Arm::Future(name) => Arm::Future(self.things.future(name)),
            })
            .collect();
        match self.s.select_try(&mut self.tr, at, &arms, has_default) {
            Selected::Arm { arm, outcome, value } => self.said_arm(slot, arm, outcome, value),
            Selected::Default => self.say(slot, "default"),
            Selected::NotReady => {
                self.s.select_block(&mut self.tr, at, &arms);
                return After::Left;
            }
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
