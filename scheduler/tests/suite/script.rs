//! The language of the tests. A program is a list of tasks, each a name and its operations:
//!
//! ```text
//! main: chan c 0; go a; recv c
//! a: send c 5
//! ```
//!
//! The first task is `main`. Names of objects are global. A task can reach what the operations that it has still to do
//! name, and what the tasks that it has still to spawn can reach: an exact liveness without registers.

use scheduler::Side;
use std::collections::BTreeMap;

/// Index of a name in [`Program::names`].
pub type Name = usize;

#[derive(Clone, Debug, PartialEq)]
pub enum Arm {
    Recv(Name),
    Send(Name, i64),
    After(u64),
    Future(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    Chan(Name, u32),
    Mutex(Name),
    RwLock(Name),
    WaitGroup(Name, u32),
    Once(Name),
    Barrier(Name, u32),
    Semaphore(Name, u32),
    /// A context below another, with a timeout or without.
    Context(Name, Option<Name>, Option<u64>),
    /// The channel `after` gives; ticker.
    After(Name, u64),
    Ticker(Name, u64),
    Done(Name, Name),
    CancelContext(Name),
    /// With a reason.
    CancelFor(Name, String),
    /// Says how a context ended.
    Why(Name),
    Stop(Name),
    Go(usize),
    Async(Name, usize),
    Send(Name, i64),
    TrySend(Name, i64),
    Recv(Name),
    TryRecv(Name),
    Close(Name),
    Lock(Name),
    TryLock(Name),
    Unlock(Name),
    Read(Name),
    Write(Name),
    Unread(Name),
    Unwrite(Name),
    /// Any task may release any lock from now on.
    Open,
    /// Releases a lock, whoever holds it.
    Free(Side, Name),
    Add(Name, i64),
    Wait(Name),
    Arrive(Name),
    Acquire(Name),
    Release(Name),
    /// The body of a once is the operations up to `OnceEnd`.
    OnceBegin(Name),
    OnceEnd(Name),
    Sleep(u64),
    Yield,
    Work(u64),
    Await(Name),
    Detach(Name),
    Cancel(Name),
    Select(Vec<Arm>, bool),
    Say(String),
    /// Back to the first operation, this many times (0: for ever).
    Again(u32),
}

#[derive(Clone, Debug, Default)]
pub struct Program {
    pub names: Vec<String>,
    pub tasks: Vec<(String, Vec<Op>)>,
}

impl Program {
    /// Reads a program; panics on nonsense, as only tests write them.
    pub fn parse(text: &str) -> Program {
        let mut tasks: Vec<(String, String)> = Vec::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, ops) = line.split_once(": ").unwrap_or_else(|| panic!("no task in {line:?}"));
            tasks.push((name.to_string(), ops.to_string()));
        }
        let mut reader = Reader { names: BTreeMap::new(), tasks: tasks.iter().map(|task| task.0.clone()).collect() };
        let tasks = tasks
            .iter()
            .map(|(name, ops)| {
                let ops = ops.split(';').map(str::trim).filter(|op| !op.is_empty());
                (name.clone(), ops.map(|op| reader.op(op)).collect())
            })
            .collect();
        let mut names = vec![String::new(); reader.names.len()];
        for (name, index) in reader.names {
            names[index] = name;
        }
        Program { names, tasks }
    }
}

struct Reader {
    names: BTreeMap<String, Name>,
    tasks: Vec<String>,
}

impl Reader {
    fn name(&mut self, name: &str) -> Name {
        let next = self.names.len();
        *self.names.entry(name.to_string()).or_insert(next)
    }

    fn task(&self, name: &str) -> usize {
        self.tasks.iter().position(|task| task == name).unwrap_or_else(|| panic!("no task {name}"))
    }

    fn op(&mut self, text: &str) -> Op {
        let words: Vec<&str> = text.split_whitespace().collect();
        let number = |i: usize| words.get(i).and_then(|word| word.parse::<i64>().ok());
        let n = |i: usize| number(i).unwrap_or_else(|| panic!("no number in {text:?}"));
        let first = words.get(1).copied().unwrap_or("");
        match words[0] {
            "chan" => Op::Chan(self.name(first), n(2) as u32),
            "mutex" => Op::Mutex(self.name(first)),
            "rwlock" => Op::RwLock(self.name(first)),
            "wg" => Op::WaitGroup(self.name(first), n(2) as u32),
            "once" => Op::Once(self.name(first)),
            "barrier" => Op::Barrier(self.name(first), n(2) as u32),
            "sem" => Op::Semaphore(self.name(first), n(2) as u32),
            "ctx" => {
                let name = self.name(first);
                let parent = words.get(2).filter(|word| **word != "-").map(|word| self.name(word));
                Op::Context(name, parent, number(3).map(|n| n as u64))
            }
            "after" => Op::After(self.name(first), n(2) as u64),
            "ticker" => Op::Ticker(self.name(first), n(2) as u64),
            "done" => Op::Done(self.name(first), self.name(words[2])),
            "cancel-ctx" => Op::CancelContext(self.name(first)),
            "cancel-for" => Op::CancelFor(self.name(first), words[2].to_string()),
            "why" => Op::Why(self.name(first)),
            "stop" => Op::Stop(self.name(first)),
            "go" => Op::Go(self.task(first)),
            "async" => Op::Async(self.name(first), self.task(words[2])),
            "send" => Op::Send(self.name(first), n(2)),
            "try-send" => Op::TrySend(self.name(first), n(2)),
            "recv" => Op::Recv(self.name(first)),
            "try-recv" => Op::TryRecv(self.name(first)),
            "close" => Op::Close(self.name(first)),
            "lock" => Op::Lock(self.name(first)),
            "try-lock" => Op::TryLock(self.name(first)),
            "unlock" => Op::Unlock(self.name(first)),
            "read" => Op::Read(self.name(first)),
            "write" => Op::Write(self.name(first)),
            "unread" => Op::Unread(self.name(first)),
            "unwrite" => Op::Unwrite(self.name(first)),
            "open" => Op::Open,
            "free" => Op::Free(Side::Mutex, self.name(first)),
            "free-read" => Op::Free(Side::Read, self.name(first)),
            "free-write" => Op::Free(Side::Write, self.name(first)),
            "add" => Op::Add(self.name(first), n(2)),
            "wait" => Op::Wait(self.name(first)),
            "arrive" => Op::Arrive(self.name(first)),
            "acquire" => Op::Acquire(self.name(first)),
            "release" => Op::Release(self.name(first)),
            "once-begin" => Op::OnceBegin(self.name(first)),
            "once-end" => Op::OnceEnd(self.name(first)),
            "sleep" => Op::Sleep(n(1) as u64),
            "yield" => Op::Yield,
            "work" => Op::Work(n(1) as u64),
            "await" => Op::Await(self.name(first)),
            "detach" => Op::Detach(self.name(first)),
            "cancel" => Op::Cancel(self.name(first)),
            "select" => {
                let has_default = words.last() == Some(&"default");
                let arms = &words[1..words.len() - has_default as usize];
                Op::Select(arms.iter().map(|arm| self.arm(arm)).collect(), has_default)
            }
            "say" => Op::Say(first.to_string()),
            "again" => Op::Again(number(1).unwrap_or(0) as u32),
            other => panic!("no operation {other:?}"),
        }
    }

    fn arm(&mut self, text: &str) -> Arm {
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["recv", name] => Arm::Recv(self.name(name)),
            ["send", name, value] => Arm::Send(self.name(name), value.parse().unwrap()),
            ["after", time] => Arm::After(time.parse().unwrap()),
            ["future", name] => Arm::Future(self.name(name)),
            _ => panic!("no arm {text:?}"),
        }
    }
}

impl Op {
    /// The names that the operation uses.
    pub fn names(&self) -> Vec<Name> {
        match self {
            Op::Chan(n, _) | Op::WaitGroup(n, _) | Op::Barrier(n, _) | Op::Semaphore(n, _) => vec![*n],
            Op::After(n, _) | Op::Ticker(n, _) | Op::Async(n, _) => vec![*n],
            Op::Context(n, parent, _) => std::iter::once(*n).chain(*parent).collect(),
            Op::Done(a, b) => vec![*a, *b],
            Op::Send(n, _) | Op::TrySend(n, _) | Op::Add(n, _) => vec![*n],
            Op::Mutex(n) | Op::RwLock(n) | Op::Once(n) | Op::CancelContext(n) | Op::Stop(n) => vec![*n],
            Op::Recv(n) | Op::TryRecv(n) | Op::Close(n) | Op::Lock(n) | Op::TryLock(n) | Op::Unlock(n) => vec![*n],
            Op::Read(n) | Op::Write(n) | Op::Unread(n) | Op::Unwrite(n) | Op::Wait(n) | Op::Arrive(n) => vec![*n],
            Op::Acquire(n) | Op::Release(n) | Op::OnceBegin(n) | Op::OnceEnd(n) => vec![*n],
            Op::Await(n) | Op::Detach(n) | Op::Cancel(n) => vec![*n],
            Op::CancelFor(n, _) | Op::Why(n) | Op::Free(_, n) => vec![*n],
            Op::Select(arms, _) => arms
                .iter()
                .filter_map(|arm| match arm {
                    Arm::Recv(n) | Arm::Send(n, _) | Arm::Future(n) => Some(*n),
                    Arm::After(_) => None,
                })
                .collect(),
            Op::Go(_) | Op::Sleep(_) | Op::Yield | Op::Work(_) | Op::Say(_) | Op::Again(_) | Op::Open => vec![],
        }
    }

    /// The task that it spawns.
    pub fn spawns(&self) -> Option<usize> {
        match self {
            Op::Go(task) | Op::Async(_, task) => Some(*task),
            _ => None,
        }
    }
}
