//! The modes in which every row is measured.

use super::rows::Row;

/// Which runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// The deterministic one, on one thread, with seed 0.
    Deterministic,
    /// The parallel one.
    Parallel,
    /// The parallel one with a single worker, to see what more of them bring.
    Single,
}

/// A mode.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// Its name; scripts know these.
    pub name: &'static str,
    /// The runtime.
    pub runtime: Runtime,
    /// Whether every event is recorded, into a ring in memory.
    pub traced: bool,
    /// In one line, for the legend.
    pub about: &'static str,
}

/// Every mode. A traced one follows its untraced one.
pub const MODES: &[Mode] = &[
    Mode {
        name: "vex-s",
        runtime: Runtime::Deterministic,
        traced: false,
        about: "deterministic runtime, one thread, no tracing",
    },
    Mode {
        name: "vex-s-traced",
        runtime: Runtime::Deterministic,
        traced: true,
        about: "the same with every event recorded",
    },
    Mode {
        name: "vex-p",
        runtime: Runtime::Parallel,
        traced: false,
        about: "parallel runtime, a worker for each core",
    },
    Mode {
        name: "vex-p-traced",
        runtime: Runtime::Parallel,
        traced: true,
        about: "the same with every event recorded",
    },
    Mode { name: "vex-p-1", runtime: Runtime::Single, traced: false, about: "parallel runtime with one worker" },
];

impl Mode {
    /// The mode of a name.
    pub fn by_name(name: &str) -> Option<&'static Mode> {
        MODES.iter().find(|mode| mode.name == name)
    }

    /// The same without tracing, if this is with.
    pub fn untraced(&self) -> Option<&'static Mode> {
        self.traced.then(|| MODES.iter().find(|mode| !mode.traced && mode.runtime == self.runtime))?
    }

    /// The same with a single worker, if there are several.
    pub fn single(&self) -> Option<&'static Mode> {
        let several = self.runtime == Runtime::Parallel && !self.traced;
        several.then(|| MODES.iter().find(|mode| mode.runtime == Runtime::Single))?
    }

    /// Whether a row is measured in this mode where nobody asked for modes by name.
    pub fn measures(&self, row: &Row) -> bool {
        self.runtime != Runtime::Single || row.scales
    }
}
