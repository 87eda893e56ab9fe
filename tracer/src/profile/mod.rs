//! A profile: what a run spent its time on, as data. Analyses fill it from a trace; reports word it, exports convert it,
//! budgets and comparisons read it.
//!
//! It is also the document of `vex profile --format json`: see `docs/profile-format.md`. Fields are only ever added. Times are
//! nanoseconds, of the virtual clock in a run without wall time. Lists are sorted with the largest first and hold everything, unless
//! a field says otherwise. Sites, stacks and names are written out once and referred to by index.

mod distribution;
pub mod document;
pub mod numbers;
mod report;
pub mod table;

pub use distribution::{Distribution, PERCENTILES};
pub use numbers::numbers;
pub use report::report;

use crate::about::{About, Ending};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The version of the document: raised when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// A whole profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// [`VERSION`].
    pub version: u32,
    /// What was run.
    pub about: About,
    /// How it ended; absent where the recording was cut off.
    pub ending: Option<Ending>,
    /// The numbers of the whole run.
    pub totals: Totals,
    /// The operations of the performance table, in its order.
    pub rates: Vec<RateRow>,
    /// Places in the source that the lists below speak of.
    pub sites: Vec<SiteInfo>,
    /// Calls that the stacks below are made of: each frame names its caller. Of a stack of more than 512 calls the middle is left out.
    pub frames: Vec<FrameInfo>,
    /// Time on a worker, by stack; empty for a run that was recorded without samples.
    pub on_cpu: Vec<StackTime>,
    /// Time blocked, by stack and reason; empty for a run that was recorded without samples.
    pub blocked: Vec<BlockedTime>,
    /// Time by place.
    pub by_site: Vec<SiteTime>,
    /// Waits, by reason. One that had not ended counts until the end of the run, here and in the lists below.
    pub waits: Vec<WaitRow>,
    /// Waits, by reason and object; of a select the object that ended it. The 1000 longest; the others of a reason are one row,
    /// `(others)`.
    pub waits_by_object: Vec<WaitRow>,
    /// Waits, by reason and place.
    pub waits_by_site: Vec<WaitRow>,
    /// Mutexes and read-write locks, the most contended first; at most 1000, and `advice` says how many are left out.
    pub locks: Vec<LockRow>,
    /// Channels, those that tasks waited for longest first; at most 1000, and `advice` says how many are left out.
    pub channels: Vec<ChannelRow>,
    /// Which consumer stalls which producers.
    pub back_pressure: Vec<BackPressureChain>,
    /// From ready to running.
    pub scheduling: Distribution,
    /// What the run could not have been faster than.
    pub critical_path: CriticalPath,
    /// How much went on at once.
    pub parallelism: Parallelism,
    /// Who spawned whom, by function; at most 4096 rows, what does not fit is in a last one, `(others)`.
    pub spawn_tree: Vec<SpawnRow>,
    /// Workers.
    pub workers: Vec<WorkerRow>,
    /// What looks wrong although it is no error.
    pub flags: Vec<Flag>,
    /// What is wrong: findings as `vex run --json` prints them.
    pub findings: Vec<Value>,
    /// A sentence for each analysis that has something to say, the most important first.
    pub advice: Vec<Advice>,
    /// Of each run where there were several (`--runs N`): the numbers that comparisons need. This document is that of the median run.
    pub runs: Vec<RunNumbers>,
}

impl Profile {
    /// `file:line:column` of a place; `?` where it is not known.
    pub fn place(&self, site: u32) -> String {
        match self.sites.get(site as usize) {
            Some(site) if site.line > 0 => format!("{}:{}:{}", site.file, site.line, site.column),
            _ => "?".to_string(),
        }
    }
}

/// The numbers of the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// From the first event to the last.
    pub duration_ns: u64,
    /// Whether that is time of the virtual clock.
    pub is_virtual: bool,
    /// Events, lost ones included.
    pub events: u64,
    /// Events that were lost.
    pub dropped: u64,
    /// Tasks created.
    pub tasks: u64,
    /// Most tasks alive at once.
    pub peak_tasks: u64,
    /// Tasks that ended by a panic.
    pub panicked: u64,
    /// Tasks that were cancelled.
    pub cancelled: u64,
    /// Tasks still blocked at the end.
    pub blocked_at_end: u64,
    /// Objects made.
    pub objects: u64,
    /// Time that tasks ran, together.
    pub running_ns: u64,
    /// Time that tasks were ready and had no worker, together.
    pub ready_ns: u64,
    /// Time that tasks were blocked, together; sleeping is not counted.
    pub blocked_ns: u64,
    /// Time that tasks slept, together.
    pub sleeping_ns: u64,
}

/// An operation of the performance table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateRow {
    /// As the table calls it: `channel send/recv`.
    pub operation: String,
    /// How many there were.
    pub count: u64,
    /// A second, over the whole run without the time in which somebody held it up. In virtual time it says nothing about speed.
    pub per_second: f64,
    /// A second, in the best hundredth of the run.
    pub peak_per_second: f64,
    /// A second, as the table promises; absent where it promises nothing.
    pub target: Option<f64>,
}

/// A place in the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteInfo {
    /// The file's path as the user gave it; empty where unknown.
    pub file: String,
    /// Line, from 1; 0 where unknown.
    pub line: u32,
    /// Column, from 1; 0 where unknown.
    pub column: u32,
    /// The function it is in (`worker`, `main.go`).
    pub function: String,
}

/// A call on a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameInfo {
    /// The place where it is: index into [`Profile::sites`].
    pub site: u32,
    /// Its caller: index into [`Profile::frames`], always a smaller one; absent for a task's outermost call.
    pub caller: Option<u32>,
}

/// Time on a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StackTime {
    /// The innermost call: index into [`Profile::frames`].
    pub frame: u32,
    /// Samples.
    pub samples: u64,
    /// Time that they stand for.
    pub ns: u64,
}

/// Time blocked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BlockedTime {
    /// The innermost call: index into [`Profile::frames`].
    pub frame: u32,
    /// Why, in the words of reports: `recv`, `lock`.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// How long, together.
    pub ns: u64,
}

/// Time by place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteTime {
    /// Index into [`Profile::sites`].
    pub site: u32,
    /// Time on a worker in this place itself.
    pub on_cpu_ns: u64,
    /// Time blocked in this place.
    pub blocked_ns: u64,
    /// Operations (events) that happened here.
    pub events: u64,
}

/// How long tasks waited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WaitRow {
    /// Why, in the words of reports: `recv`, `lock`.
    pub reason: String,
    /// For which object (`jobs`, `fork[2]`), where the row is by object.
    pub object: Option<String>,
    /// Where: index into [`Profile::sites`], where the row is by place.
    pub site: Option<u32>,
    /// How long.
    pub time: Distribution,
}

/// A lock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LockRow {
    /// Its name.
    pub name: String,
    /// `mutex`, `rwlock`.
    pub kind: String,
    /// Where it was made: index into [`Profile::sites`].
    pub made_at: u32,
    /// How often it was taken.
    pub acquired: u64,
    /// How often somebody had to wait for it.
    pub contended: u64,
    /// How long they waited.
    pub wait: Distribution,
    /// How long it was held.
    pub hold: Distribution,
    /// Share of the run in which it was held, 0 to 1.
    pub held_share: f64,
    /// Most tasks that waited for it at once.
    pub longest_queue: u64,
}

/// A channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChannelRow {
    /// Its name.
    pub name: String,
    /// Where it was made: index into [`Profile::sites`].
    pub made_at: u32,
    /// Capacity; 0 is a rendezvous.
    pub capacity: u64,
    /// Largest length.
    pub peak: u64,
    /// Mean length over time.
    pub mean_length: f64,
    /// Share of its life in which it was full, 0 to 1.
    pub full_share: f64,
    /// Share of its life in which it was empty, 0 to 1.
    pub empty_share: f64,
    /// Values that went in, or from hand to hand.
    pub sent: u64,
    /// Values that came out.
    pub received: u64,
    /// Values a second.
    pub per_second: f64,
    /// How long senders waited.
    pub send_wait: Distribution,
    /// How long receivers waited.
    pub recv_wait: Distribution,
    /// How long values lay in it.
    pub latency: Distribution,
    /// A capacity that would have avoided most waits of senders; absent where another one would not help, or none waited.
    pub suggested_capacity: Option<u64>,
    /// What to do, in a sentence; may be empty.
    pub advice: String,
}

/// A consumer and the producers that it stalls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BackPressureChain {
    /// The channels from the slow consumer upwards.
    pub channels: Vec<String>,
    /// Functions of the tasks that consume, from the slow one upwards: those of `channels[i]`.
    pub consumers: Vec<String>,
    /// Functions of the tasks that wait at the end of the chain.
    pub producers: Vec<String>,
    /// How long producers waited, together.
    pub stalled_ns: u64,
    /// Share of the consumers' time in which they worked, 0 to 1.
    pub consumer_busy: f64,
    /// The same in a sentence.
    pub sentence: String,
}

/// The longest chain of causes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CriticalPath {
    /// Its length in time.
    pub ns: u64,
    /// Of it: on a worker.
    pub running_ns: u64,
    /// Of it: ready without a worker.
    pub ready_ns: u64,
    /// Of it: asleep.
    pub sleeping_ns: u64,
    /// Of it: in anything else, like waits that nobody of the program ended.
    pub other_ns: u64,
    /// How often it changed from one task to another.
    pub handovers: u64,
    /// Share of each place, the largest first.
    pub sites: Vec<SiteShare>,
}

/// A place's share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SiteShare {
    /// Index into [`Profile::sites`].
    pub site: u32,
    /// Time.
    pub ns: u64,
    /// Of the whole, 0 to 1.
    pub share: f64,
}

/// How much went on at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parallelism {
    /// Mean of tasks that ran at once.
    pub running: f64,
    /// Mean of tasks that could have run at once: running or ready.
    pub runnable: f64,
    /// Share of the run in which 0, 1, 2 … tasks ran at once.
    pub shares: Vec<f64>,
    /// Tasks that ran at once over time, in equal parts of the run.
    pub running_over_time: Vec<f64>,
    /// Tasks that could have run at once, in the same parts.
    pub runnable_over_time: Vec<f64>,
}

/// Tasks of one function that were spawned at one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpawnRow {
    /// Their function.
    pub function: String,
    /// Where they were spawned: index into [`Profile::sites`].
    pub site: u32,
    /// The row of those that spawned them: an index, always a smaller one; absent for `main`.
    pub parent: Option<u32>,
    /// How many.
    pub count: u64,
    /// Most of them alive at once.
    pub peak: u64,
    /// How many were still alive at the end.
    pub alive: u64,
    /// How long those that ended had lived.
    pub lifetime: Distribution,
    /// How long they ran, each.
    pub running: Distribution,
}

/// A worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerRow {
    /// From 0.
    pub worker: u32,
    /// Share of the run in which it ran tasks, 0 to 1.
    pub busy: f64,
    /// Switches to a task.
    pub switches: u64,
    /// Events.
    pub events: u64,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    #[default]
    Note,
    /// Costs time or memory.
    Warning,
    /// Will hurt.
    Error,
}

/// A red flag.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Flag {
    /// Which: `lock-across-wait`, `convoy`, `starvation`, `busy-polling`, `unbuffered-hot-channel`, `goroutine-explosion`,
    /// `never-received`, `closed-again`, `overloaded-worker`, `sequential-awaits`.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// What, where, how much and what to do, in a sentence or two.
    pub sentence: String,
    /// Places that it speaks of: indices into [`Profile::sites`], the main one first.
    pub sites: Vec<u32>,
    /// Tasks and objects that it speaks of, by name.
    pub about: Vec<String>,
    /// How often.
    pub count: u64,
    /// Time that it cost, where it can be told.
    pub ns: Option<u64>,
    /// An event that shows it: an ordinal of the trace.
    pub event: Option<u64>,
}

/// A sentence that a person can act on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Advice {
    /// The analysis that says it: `locks`, `critical-path`.
    pub analysis: String,
    /// The sentence.
    pub sentence: String,
}

/// The numbers of one of several runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunNumbers {
    /// From the first event to the last.
    pub duration_ns: u64,
    /// Wall time of the run as its caller saw it.
    pub wall_ns: u64,
    /// By key (`rate/channel send/recv`, `on-cpu/pool.vex:12:5`, `wait/recv`, `wait/recv/p99`), sorted by key: what comparisons align.
    pub numbers: std::collections::BTreeMap<String, f64>,
}
