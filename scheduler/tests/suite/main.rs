//! The scheduler, driven by small scripts instead of an interpreter. `driver` runs them, `check` judges every stream of
//! events; the other modules are the suites, one a subject.

mod channels;
mod check;
mod detection;
mod driver;
mod futures;
mod locks;
mod memory;
mod random;
mod scale;
mod schedules;
mod script;
mod selects;
mod store;
mod sync;
mod time;
