//! Analyses: what a recorded run says about where time went and what stands in the way, one file each.
//!
//! A run is read twice, chunk by chunk, and never held. The first reading finds the run's bounds and its anchors; in the second,
//! one driver feeds [`Now`](crate::model::now::Now), the state machine of the views, with events whose clocks are nanoseconds,
//! and passes on what changed to every [`Analysis`] of the table below. When all is read, each writes its part of the
//! [`Profile`]. So an analysis costs memory for what it keeps, not for the length of the run; where it has to keep less than
//! everything, it says so in the profile.
//!
//! How to add one: `docs/how-to/add-an-analysis.md`.

mod back_pressure;
mod capacity;
mod channels;
mod counts;
mod critical_path;
mod flags;
mod known;
mod locks;
mod out;
mod parallelism;
mod rates;
mod read;
mod scheduling;
mod sites;
mod spawn_tree;
mod stacks;
mod time;
mod totals;
mod waits;
mod workers;

pub use known::{Change, Known, Live, Object, Target};
pub use out::Out;

use crate::event::{ObjectId, TaskId};
use crate::events::Event;
use crate::finding::ObjectKind;
use crate::model;
use crate::model::now::Now;
use crate::model::state::TaskState;
use crate::profile::{Profile, VERSION};
use crate::report::Report;
use crate::trace::Trace;
use read::Reader;
use std::io;
use time::Time;

/// What looks at a run. All clocks are nanoseconds. Everything defaults to "does not matter here".
#[expect(unused_variables, reason = "the defaults look at nothing")]
pub trait Analysis {
    /// An event, before what it changes; notes of the recorder are events, too.
    fn event(&mut self, at: &Event, known: &Known) {}
    /// A task was created and is ready; its parent (0 for `main`) may be long gone.
    fn spawned(&mut self, task: &Live, at: &Event, known: &Known) {}
    /// A task's state is over: told when the next begins, and for those still alive when the run ends.
    fn changed(&mut self, change: &Change, known: &Known) {}
    /// An object was made, the timers of sleeps left out.
    fn made(&mut self, object: ObjectId, info: &Object, known: &Known) {}
    /// A channel's length, a wait group's count, a semaphore's free permits … changed.
    fn level(&mut self, object: ObjectId, level: u32, at: &Event, known: &Known) {}
    /// A value entered a channel.
    fn queued(&mut self, channel: ObjectId, at: &Event, known: &Known) {}
    /// The channel's oldest value was taken.
    fn took(&mut self, channel: ObjectId, at: &Event, known: &Known) {}
    /// A channel was closed.
    fn closed(&mut self, channel: ObjectId, at: &Event, known: &Known) {}
    /// A task got a lock or permit, after waiting for it this many nanoseconds.
    fn acquired(&mut self, object: ObjectId, task: TaskId, waited: Option<u64>, at: &Event, known: &Known) {}
    /// A task gave a lock or permit back, having held it for this many nanoseconds.
    fn released(&mut self, object: ObjectId, task: TaskId, held: u64, at: &Event, known: &Known) {}
    /// Writes its part of the profile.
    fn finish(self, known: &Known, out: &mut Out);
}

/// The table of analyses: everything that is told to all of them is made from it.
macro_rules! analyses {
    ($($(#[doc = $doc:literal])* $name:ident: $type:ty,)+) => {
        #[derive(Default)]
        struct All { $($(#[doc = $doc])* $name: $type,)+ }

        /// The driver: follows the run, and passes on what changed with what is known.
        #[derive(Default)]
        struct Driver { known: Known, all: All }

        impl Driver {
            #[inline]
            fn event(&mut self, at: &Event) {
                $(self.all.$name.event(at, &self.known);)+
            }

            fn change(&mut self, change: &Change) {
                $(self.all.$name.changed(change, &self.known);)+
            }

            fn finish(self, out: &mut Out) {
                $(self.all.$name.finish(&self.known, out);)+
            }
        }

        impl model::Analysis for Driver {
            fn spawned(&mut self, task: TaskId, parent: TaskId, function: u32, at: &Event) {
                let live = self.known.spawned(task, parent, function, at);
                $(self.all.$name.spawned(&live, at, &self.known);)+
            }
            fn state(&mut self, task: TaskId, to: TaskState, at: &Event) {
                if let Some((before, ns)) = self.known.state(task, to, at) {
                    self.change(&Change { task: &before, ns, to: Some(to), at });
                }
            }
            fn made(&mut self, object: ObjectId, kind: ObjectKind, size: u32, at: &Event) {
                if self.known.made(object, kind, size, at) && let Some(&info) = self.known.object(object) {
                    $(self.all.$name.made(object, &info, &self.known);)+
                }
            }
            fn level(&mut self, object: ObjectId, level: u32, at: &Event) {
                $(self.all.$name.level(object, level, at, &self.known);)+
            }
            fn queued(&mut self, channel: ObjectId, _send: u64, at: &Event) {
                $(self.all.$name.queued(channel, at, &self.known);)+
            }
            fn took(&mut self, channel: ObjectId, _receive: u64, at: &Event) {
                $(self.all.$name.took(channel, at, &self.known);)+
            }
            fn closed(&mut self, channel: ObjectId, at: &Event) {
                $(self.all.$name.closed(channel, at, &self.known);)+
            }
            fn acquired(&mut self, object: ObjectId, task: TaskId, waited: Option<u64>, at: &Event) {
                $(self.all.$name.acquired(object, task, waited, at, &self.known);)+
            }
            fn released(&mut self, object: ObjectId, task: TaskId, held: u64, at: &Event) {
                $(self.all.$name.released(object, task, held, at, &self.known);)+
            }
        }
    };
}

analyses! {
    /// The numbers of the whole run.
    totals: totals::TotalsOf,
    /// The operations of the performance table.
    rates: rates::RatesOf,
    /// Samples, and what blocked in which stack.
    stacks: stacks::Stacks,
    /// Time and events by place.
    sites: sites::Sites,
    /// Waits by reason, object and place.
    waits: waits::Waits,
    /// Locks.
    locks: locks::Locks,
    /// Channels.
    channels: channels::Channels,
    /// From ready to running.
    scheduling: scheduling::Scheduling,
    /// The chain of causes that ends where `main` ends.
    critical_path: critical_path::Paths,
    /// How much went on at once.
    parallelism: parallelism::Load,
    /// Who spawned whom.
    spawn_tree: spawn_tree::SpawnTree,
    /// Workers.
    workers: workers::Workers,
    /// Which consumer stalls which producers.
    back_pressure: back_pressure::Pressure,
    /// Red flags; some look at what the analyses above have found.
    lock_across_wait: flags::lock_across_wait::LockAcrossWait,
    /// A lock's queue is long for long.
    convoy: flags::convoy::Convoy,
    /// One waits much longer than the others.
    starvation: flags::starvation::Starvation,
    /// A task asks again and again.
    busy_polling: flags::busy_polling::BusyPolling,
    /// A hot channel without a buffer.
    unbuffered: flags::unbuffered::Unbuffered,
    /// One spawn makes tasks faster than they end.
    explosion: flags::explosion::Explosion,
    /// Values that nobody received.
    never_received: flags::never_received::NeverReceived,
    /// Channels that are closed again.
    closed_again: flags::closed_again::ClosedAgain,
    /// One worker has all the work.
    overloaded_worker: flags::overloaded_worker::OverloadedWorker,
    /// Awaits in sequence that could be joined.
    sequential_awaits: flags::sequential_awaits::SequentialAwaits,
}

/// The profile of a run. Reads it twice.
///
/// # Errors
/// When the trace cannot be read.
pub fn profile(trace: &dyn Trace) -> io::Result<Profile> {
    let (mut driver, mut time) = survey(trace)?;
    let (mut reader, mut now) = (Reader::default(), Now::default());
    let mut last = None;
    trace.each(&mut |chunk| {
        reader.read(chunk, |event| {
            let event = Event { clock: time.of(event.clock), text: "", ..*event };
            driver.event(&event);
            now.apply(&event, &mut driver);
            last = Some(event);
        });
    })?;
    if let Some(at) = last {
        for task in driver.known.living() {
            driver.change(&Change { task: &task, ns: at.clock.saturating_sub(task.since), to: None, at: &at });
        }
    }
    let mut out = Out::new(trace.program().clone());
    out.profile.version = VERSION;
    out.profile.about = trace.about().clone();
    out.profile.ending = trace.ending().cloned();
    findings(trace, &time, &mut out);
    driver.finish(&mut out);
    out.profile.flags.sort_by(|a, b| (b.severity, b.ns, &a.rule).cmp(&(a.severity, a.ns, &b.rule)));
    Ok(out.profile)
}

/// Reads the run for the first time: its bounds, and where in time it is.
fn survey(trace: &dyn Trace) -> io::Result<(Driver, Time)> {
    let (mut reader, mut time) = (Reader::default(), Time::default());
    let (mut first, mut last) = (None, 0);
    trace.each(&mut |chunk| {
        reader.read(chunk, |event| {
            time.note(event);
            first.get_or_insert(event.clock);
            last = event.clock;
        });
    })?;
    let known = Known::of(trace, &reader, &time, first.unwrap_or(0)..last);
    time.rewind();
    Ok((Driver { known, all: All::default() }, time))
}

/// The findings as `vex run --json` prints them, at times instead of clocks.
fn findings(trace: &dyn Trace, time: &Time, out: &mut Out) {
    let mut findings = trace.findings().to_vec();
    for finding in &mut findings {
        finding.clock = time.at(finding.clock);
        finding.tasks.iter_mut().for_each(|task| task.since = time.at(task.since));
    }
    let report = Report::new(trace.program(), &findings);
    let words = findings.iter().filter_map(|finding| serde_json::to_value(report.json(finding)).ok());
    out.profile.findings = words.collect();
}
