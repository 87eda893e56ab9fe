//! Which counters there are, and why the others are not.

use super::{Class, Counter};
use std::fmt;

/// Where a counter's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The processor's own, through the kernel.
    Processor,
    /// The kernel's `perf_event_open`.
    Kernel,
    /// Files below `/proc`: slower to read.
    Files,
}

impl Source {
    /// In reports.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Processor => "processor",
            Source::Kernel => "kernel",
            Source::Files => "/proc",
        }
    }
}

/// Why a counter cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The reason.
    pub why: String,
    /// What would help.
    pub help: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.why, self.help)
    }
}

/// Which counters there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// Those that can be had, in the order of the table, and from where.
    pub present: Vec<(Counter, Source)>,
    /// Why some or all counters of the processor cannot be had; `None` where those that matter are there.
    pub hardware: Option<Missing>,
    /// Why some counters of the operating system cannot be had.
    pub software: Option<Missing>,
}

impl Availability {
    /// Where a counter's values come from, if it can be had.
    pub fn source(&self, counter: Counter) -> Option<Source> {
        self.present.iter().find(|(one, _)| *one == counter).map(|(_, source)| *source)
    }

    /// Whether any counter of a class can be had.
    pub fn has(&self, class: Class) -> bool {
        self.present.iter().any(|(counter, _)| counter.class() == class)
    }

    /// One sentence: what there is of the processor's counters, or why not and what would help.
    pub fn sentence(&self) -> String {
        match &self.hardware {
            None => "Hardware counters are available.".into(),
            Some(missing) if self.has(Class::Hardware) => format!("Some hardware counters are missing: {missing}."),
            Some(missing) => format!("No hardware counters: {missing}."),
        }
    }
}

/// What decides whether the processor's counters can be had.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has anything to explain"))]
pub struct Circumstances {
    /// `/proc/sys/kernel/perf_event_paranoid`.
    pub paranoid: Option<i32>,
    /// Whether a seccomp filter watches our calls.
    pub seccomp: bool,
    /// Whether the processor says that it is a virtual one.
    pub virtual_machine: bool,
    /// Whether the kernel knows a processor with counters.
    pub processor_counters: bool,
}

/// Error numbers of Linux that `perf_event_open` gives, the same on every architecture that it runs on.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has anything to explain"))]
mod errno {
    pub const EPERM: i32 = 1;
    pub const ENOENT: i32 = 2;
    pub const EACCES: i32 = 13;
    pub const EMFILE: i32 = 24;
    pub const ENFILE: i32 = 23;
}

/// Why `perf_event_open` refused, from its error number and the circumstances.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has anything to explain"))]
pub fn explain(error: Option<i32>, on: Circumstances) -> Missing {
    let missing = |why: String, help: &str| Missing { why, help: help.into() };
    let paranoid = on.paranoid.unwrap_or_default();
    match error {
        Some(errno::EMFILE | errno::ENFILE) => {
            missing("too many files are open".into(), "raise the limit (`ulimit -n`), or use fewer workers")
        }
        Some(errno::EACCES | errno::EPERM) if on.paranoid.is_some_and(|level| level > 2) => missing(
            format!("the kernel refuses them to ordinary users (perf_event_paranoid is {paranoid})"),
            "`sudo sysctl kernel.perf_event_paranoid=2` or the capability CAP_PERFMON would help",
        ),
        Some(errno::EACCES | errno::EPERM) if on.seccomp => missing(
            "a seccomp filter (of a container or sandbox) refuses perf_event_open".into(),
            "a container with `--cap-add PERFMON` and a seccomp profile that allows perf_event_open would help",
        ),
        Some(errno::EACCES | errno::EPERM) => missing(
            format!("the kernel refuses them (perf_event_paranoid is {paranoid})"),
            "`sudo sysctl kernel.perf_event_paranoid=1` or the capability CAP_PERFMON would help",
        ),
        _ if on.paranoid.is_none() => {
            missing("this kernel was built without perf events".into(), "a kernel with CONFIG_PERF_EVENTS would help")
        }
        _ if !on.processor_counters && on.virtual_machine => missing(
            "this virtual machine has no PMU".into(),
            "run on bare metal, or have the hypervisor give the machine a virtual PMU",
        ),
        _ if !on.processor_counters => missing(
            "the kernel knows no PMU of this processor".into(),
            "a kernel with the driver for its counters would help",
        ),
        Some(errno::ENOENT) | None => missing("this processor does not count them".into(), "another one might"),
        Some(error) => missing(format!("perf_event_open gives error {error}"), "the kernel's log may say more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(paranoid: Option<i32>, seccomp: bool, virtual_machine: bool, processor_counters: bool) -> Circumstances {
        Circumstances { paranoid, seccomp, virtual_machine, processor_counters }
    }

    #[test]
    fn each_circumstance_has_its_own_reason() {
        for (error, circumstances, reason) in [
            (2, on(Some(2), false, true, false), "virtual machine has no PMU"),
            (2, on(Some(2), false, false, false), "knows no PMU"),
            (2, on(Some(2), false, true, true), "does not count them"),
            (13, on(Some(4), false, true, false), "perf_event_paranoid is 4"),
            (13, on(Some(2), false, true, true), "perf_event_paranoid is 2"),
            (1, on(Some(2), true, false, true), "seccomp"),
            (38, on(None, false, false, false), "without perf events"),
            (24, on(Some(2), false, false, true), "too many files"),
            (22, on(Some(2), false, false, true), "error 22"),
        ] {
            let missing = explain(Some(error), circumstances);
            assert!(missing.why.contains(reason), "{error} {circumstances:?}: {missing}");
            assert!(!missing.help.is_empty());
        }
    }

    #[test]
    fn the_sentence_says_what_there_is() {
        let missing = explain(Some(2), on(Some(2), false, true, false));
        let nothing = Availability { hardware: Some(missing.clone()), ..Availability::default() };
        assert_eq!(
            nothing.sentence(),
            "No hardware counters: this virtual machine has no PMU; run on bare metal, or have the hypervisor give the \
             machine a virtual PMU."
        );
        let some = Availability { present: vec![(Counter::Cycles, Source::Processor)], ..nothing };
        assert!(some.sentence().starts_with("Some hardware counters are missing"), "{}", some.sentence());
        assert_eq!(Availability::default().sentence(), "Hardware counters are available.");
    }
}
