//! The counters of Linux, through `perf_event_open`, and through `/proc` where that is refused.
//!
//! The processor has room for a handful of counters at once. Those whose ratios matter (cycles and instructions, misses
//! and references) share a group, which the kernel gives a place as a whole or not at all; groups take turns where there
//! is no room for all, and their values are scaled ([`super::scaled`]). Software counters need no room.
//!
//! The crate is `perf-event2` and not `perf-event`: the latter's group panics on its next read when a member could not be
//! opened, which is the ordinary case on a processor without, say, stalled cycles.

use super::availability::{Availability, Circumstances, Missing, Source, explain};
use super::scaled::{Reading, Scaled};
use super::{Class, Counter, Sample};
use perf_event::events::{Hardware, Software};
use perf_event::{Builder, ReadFormat};
use std::io;
use std::path::{Path, PathBuf};

/// Counters that are read together.
const GROUPS: &[&[Counter]] = &[
    &[Counter::Cycles, Counter::Instructions, Counter::Branches, Counter::BranchMisses],
    &[Counter::CacheReferences, Counter::CacheMisses],
    &[Counter::StalledFrontend, Counter::StalledBackend],
    &[Counter::TaskClock, Counter::ContextSwitches, Counter::Migrations, Counter::PageFaults],
];

/// Processors without these are common and lack nothing that anyone misses.
const OPTIONAL: &[Counter] = &[Counter::StalledFrontend, Counter::StalledBackend];

/// The counters of a thread, or of a thread and those that it starts. Made by the thread that they count; any may read them.
pub struct Counters {
    groups: Vec<Group>,
    singles: Vec<Single>,
    files: Vec<Counter>,
    /// The thread's folder below `/proc`, and what its files said last: they vanish with the thread.
    folder: PathBuf,
    said: Sample,
    availability: Availability,
}

/// Counters that run together.
struct Group {
    group: perf_event::Group,
    members: Vec<(Counter, perf_event::Counter, Scaled)>,
    hardware: bool,
}

/// A counter on its own.
struct Single {
    counter: Counter,
    handle: perf_event::Counter,
    scaled: Scaled,
}

impl Counters {
    /// Opens the counters of the calling thread. What cannot be had is left out, and [`Counters::availability`] says why.
    pub fn open() -> Counters {
        Counters::with(|counters, wanted| {
            let mut refused = None;
            let mut group: Option<Group> = None;
            for &counter in wanted {
                if let Err(error) = join(&mut group, counter) {
                    refused = refused.or(Some((counter, error)));
                }
            }
            if let Some(mut group) = group
                && group.group.enable().is_ok()
            {
                counters.availability.present.extend(group.members.iter().map(|(c, ..)| (*c, source(*c))));
                counters.groups.push(group);
            }
            refused
        })
    }

    /// The same for the calling thread and all threads that it starts from now on. These are not grouped (the kernel cannot
    /// read an inherited group), so that ratios are a little less exact where counters take turns.
    pub fn open_with_children() -> Counters {
        Counters::with(|counters, wanted| {
            let mut refused = None;
            for &counter in wanted {
                let opened = opened(counter, |builder| {
                    let mut handle = builder.inherit(true).read_format(TIMES).build()?;
                    handle.enable()?;
                    Ok(handle)
                });
                match opened {
                    Ok(handle) => {
                        counters.availability.present.push((counter, source(counter)));
                        counters.singles.push(Single { counter, handle, scaled: Scaled::default() });
                    }
                    Err(error) => refused = refused.or(Some((counter, error))),
                }
            }
            refused
        })
    }

    /// Opens the groups one by one with `open`, which gives the first counter that was refused.
    fn with(mut open: impl FnMut(&mut Counters, &[Counter]) -> Option<(Counter, io::Error)>) -> Counters {
        let mut counters = Counters {
            groups: Vec::new(),
            singles: Vec::new(),
            files: Vec::new(),
            folder: folder(),
            said: Sample::default(),
            availability: Availability::default(),
        };
        for &wanted in GROUPS {
            let Some((counter, error)) = open(&mut counters, wanted) else { continue };
            if OPTIONAL.contains(&counter) {
                continue;
            }
            let why = explain(error.raw_os_error(), circumstances());
            match counter.class() {
                Class::Hardware => counters.availability.hardware = counters.availability.hardware.take().or(Some(why)),
                _ => counters.software_refused(wanted, why),
            }
        }
        counters.availability.present.sort_by_key(|(counter, _)| *counter);
        counters
    }

    /// Some counters of the kernel were refused: `/proc` has most of them.
    fn software_refused(&mut self, wanted: &[Counter], why: Missing) {
        for &counter in wanted {
            if self.availability.source(counter).is_none()
                && self.singles.is_empty()
                && from_files(&self.folder, counter).is_some()
            {
                self.files.push(counter);
                self.availability.present.push((counter, Source::Files));
            }
        }
        if wanted.iter().any(|&counter| self.availability.source(counter).is_none()) {
            self.availability.software = Some(why);
        }
    }

    /// Which counters there are.
    pub fn availability(&self) -> &Availability {
        &self.availability
    }

    /// The counters now, since they were opened. A system call for each group: about a microsecond in all.
    pub fn read(&mut self) -> Sample {
        let mut sample = Sample::default();
        for group in &mut self.groups {
            group.read(&mut sample);
        }
        for single in &mut self.singles {
            let Ok(data) = single.handle.read_full() else { continue };
            let reading = Reading {
                count: data.count(),
                enabled: nanoseconds(data.time_enabled()),
                running: nanoseconds(data.time_running()),
            };
            if single.counter.class() == Class::Hardware {
                sample.add_times(reading.enabled, reading.running);
            }
            sample.set(single.counter, Some(single.scaled.update(reading)));
        }
        for &counter in &self.files {
            if let Some(value) = from_files(&self.folder, counter) {
                self.said.set(counter, Some(value));
            }
            sample.set(counter, self.said.get(counter));
        }
        sample
    }
}

impl Group {
    fn read(&mut self, sample: &mut Sample) {
        let Ok(data) = self.group.read() else { return };
        let (enabled, running) = (nanoseconds(data.time_enabled()), nanoseconds(data.time_running()));
        if self.hardware {
            sample.add_times(enabled, running);
        }
        for (counter, handle, scaled) in &mut self.members {
            if let Some(entry) = data.get(handle) {
                let reading = Reading { count: entry.value(), enabled, running };
                sample.set(*counter, Some(scaled.update(reading)));
            }
        }
    }
}

/// What a counter on its own is read with.
const TIMES: ReadFormat = ReadFormat::TOTAL_TIME_ENABLED.union(ReadFormat::TOTAL_TIME_RUNNING);

/// Opens a counter as a member of the group, which begins with the first member.
fn join(group: &mut Option<Group>, counter: Counter) -> io::Result<()> {
    // Whether it exists is found out first: a group whose only member is refused should not be there at all.
    opened(counter, |builder| builder.build())?;
    let Group { group, members, .. } = match group {
        Some(group) => group,
        None => group.insert(Group {
            group: perf_event::Group::new()?,
            members: Vec::new(),
            hardware: counter.class() == Class::Hardware,
        }),
    };
    let handle = opened(counter, |builder| group.add(builder.enabled(true)))?;
    members.push((counter, handle, Scaled::default()));
    Ok(())
}

/// Opens a counter with what is done in the kernel, where we may; else without.
fn opened<R>(counter: Counter, mut open: impl FnMut(&mut Builder<'_>) -> io::Result<R>) -> io::Result<R> {
    let Some(mut builder) = builder(counter) else { return Err(io::ErrorKind::Unsupported.into()) };
    if counter.class() == Class::Hardware {
        return open(&mut builder);
    }
    // Switches and migrations happen inside the kernel: without it their count would be a zero that means nothing.
    open(builder.include_kernel()).or_else(|error| match counter {
        Counter::TaskClock | Counter::PageFaults => open(builder.exclude_kernel(true)),
        _ => Err(error),
    })
}

fn builder(counter: Counter) -> Option<Builder<'static>> {
    Some(match counter {
        Counter::Cycles => Builder::new(Hardware::CPU_CYCLES),
        Counter::Instructions => Builder::new(Hardware::INSTRUCTIONS),
        Counter::CacheReferences => Builder::new(Hardware::CACHE_REFERENCES),
        Counter::CacheMisses => Builder::new(Hardware::CACHE_MISSES),
        Counter::Branches => Builder::new(Hardware::BRANCH_INSTRUCTIONS),
        Counter::BranchMisses => Builder::new(Hardware::BRANCH_MISSES),
        Counter::StalledFrontend => Builder::new(Hardware::STALLED_CYCLES_FRONTEND),
        Counter::StalledBackend => Builder::new(Hardware::STALLED_CYCLES_BACKEND),
        Counter::TaskClock => Builder::new(Software::TASK_CLOCK),
        Counter::ContextSwitches => Builder::new(Software::CONTEXT_SWITCHES),
        Counter::Migrations => Builder::new(Software::CPU_MIGRATIONS),
        Counter::PageFaults => Builder::new(Software::PAGE_FAULTS),
        _ => return None,
    })
}

fn source(counter: Counter) -> Source {
    if counter.class() == Class::Hardware { Source::Processor } else { Source::Kernel }
}

fn nanoseconds(time: Option<std::time::Duration>) -> u64 {
    time.map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// The calling thread's folder, by a name that means the same to other threads.
fn folder() -> PathBuf {
    let link = std::fs::read_link("/proc/thread-self").unwrap_or_else(|_| "thread-self".into());
    Path::new("/proc").join(link)
}

/// A counter of a thread from the files of its folder.
fn from_files(folder: &Path, counter: Counter) -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    match counter {
        Counter::TaskClock => read("schedstat")?.split_whitespace().next()?.parse().ok(),
        Counter::ContextSwitches => {
            let status = read("status")?;
            let switches = status.lines().filter(|line| line.contains("ctxt_switches"));
            switches.map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
        }
        Counter::PageFaults => {
            // The name, in parentheses, may hold spaces; minor faults are the 8th field after it, major ones the 10th.
            let stat = read("stat")?;
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            Some(fields.get(7)?.parse::<u64>().ok()? + fields.get(9)?.parse::<u64>().ok()?)
        }
        _ => None,
    }
}

/// What the system says of itself.
fn circumstances() -> Circumstances {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let paranoid = read("/proc/sys/kernel/perf_event_paranoid").and_then(|text| text.trim().parse().ok());
    let status = read("/proc/self/status").unwrap_or_default();
    let seccomp = status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"));
    let flags = read("/proc/cpuinfo").unwrap_or_default();
    let virtual_machine = flags.split_whitespace().any(|word| word == "hypervisor");
    let devices = std::fs::read_dir("/sys/bus/event_source/devices").into_iter().flatten().flatten();
    // `cpu` on x86, `cpu_core` and `cpu_atom` on hybrids, `armv8_pmuv3_0` and the like on ARM.
    let processor_counters = devices
        .filter_map(|entry| entry.file_name().into_string().ok())
        .any(|name| name == "cpu" || name.starts_with("cpu_") || name.contains("pmu"));
    Circumstances { paranoid, seccomp, virtual_machine, processor_counters }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Something to count: computing, page faults and a system call.
    fn work() {
        let mut sum = 0u64;
        for i in 0..200_000u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(i));
        }
        // Never given back, so that each call touches pages that were not touched before.
        std::mem::forget(std::hint::black_box(vec![sum as u8 | 1; 1 << 22]));
        std::thread::yield_now();
    }

    #[test]
    fn what_is_there_grows_and_nothing_else_has_a_value() {
        for mut counters in [Counters::open(), Counters::open_with_children()] {
            let before = counters.read();
            let mut last = before;
            for _ in 0..5 {
                work();
                let now = counters.read();
                for &counter in Counter::ALL {
                    assert_eq!(
                        now.get(counter).is_some(),
                        counters.availability().source(counter).is_some(),
                        "{counter:?}"
                    );
                    assert!(now.get(counter) >= last.get(counter), "{counter:?} went back: {last:?} {now:?}");
                }
                last = now;
            }
            let between = last - before;
            for counter in [Counter::TaskClock, Counter::PageFaults, Counter::Cycles, Counter::Instructions] {
                if counters.availability().source(counter).is_some() {
                    assert!(between.get(counter) > Some(0), "{counter:?} {between:?}");
                }
            }
            assert_eq!(between.coverage().is_some(), counters.availability().has(Class::Hardware));
            assert!(between.coverage().is_none_or(|share| (0.0..=1.0).contains(&share)));
        }
    }

    #[test]
    fn every_linux_counts_the_operating_systems_own() {
        let counters = Counters::open();
        for counter in [Counter::TaskClock, Counter::ContextSwitches, Counter::PageFaults] {
            assert!(counters.availability().source(counter).is_some(), "{counter:?} {:?}", counters.availability());
        }
    }

    #[test]
    fn threads_started_later_count_with_their_starter() {
        let mut counters = Counters::open_with_children();
        if counters.availability().source(Counter::PageFaults) != Some(Source::Kernel) {
            return;
        }
        let before = counters.read();
        std::thread::spawn(work).join().expect("the thread ends");
        let faults = (counters.read() - before).get(Counter::PageFaults);
        assert!(faults > Some(0), "the thread touched new pages");
    }

    #[test]
    fn without_a_pmu_the_sentence_names_the_reason() {
        let counters = Counters::open();
        let on = circumstances();
        let sentence = counters.availability().sentence();
        match &counters.availability().hardware {
            None => assert_eq!(counters.availability().source(Counter::Cycles), Some(Source::Processor)),
            Some(_) if !on.processor_counters && on.paranoid.is_some_and(|level| level <= 2) && !on.seccomp => {
                assert!(sentence.contains("PMU"), "{sentence}");
            }
            Some(_) => assert!(
                ["perf_event_paranoid", "seccomp", "perf events", "not count", "error"]
                    .iter()
                    .any(|w| sentence.contains(w)),
                "{sentence}"
            ),
        }
    }

    #[test]
    fn the_files_agree_with_themselves() {
        work();
        for counter in [Counter::TaskClock, Counter::ContextSwitches, Counter::PageFaults] {
            let first = from_files(&folder(), counter);
            work();
            assert!(first.is_some() && from_files(&folder(), counter) >= first, "{counter:?}");
        }
        assert_eq!(from_files(&folder(), Counter::Cycles), None);
    }
}
