//! Counters where there are none: outside Linux.

use super::{Availability, Missing, Sample};

/// The counters of a thread: here, none.
pub struct Counters {
    availability: Availability,
}

impl Counters {
    /// Opens the counters of the calling thread, and says that there are none.
    pub fn open() -> Counters {
        let missing = Missing {
            why: "they are read through Linux's perf_event_open, and this is not Linux".into(),
            help: "run vex on Linux".into(),
        };
        let availability =
            Availability { present: Vec::new(), hardware: Some(missing.clone()), software: Some(missing) };
        Counters { availability }
    }

    /// The same for the calling thread and all that it starts from now on.
    pub fn open_with_children() -> Counters {
        Counters::open()
    }

    /// Which counters there are.
    pub fn availability(&self) -> &Availability {
        &self.availability
    }

    /// The counters now: none.
    pub fn read(&mut self) -> Sample {
        Sample::default()
    }
}
