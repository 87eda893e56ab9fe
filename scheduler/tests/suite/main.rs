//! The runtimes, driven by small scripts instead of an interpreter. `machine` interprets them, `driver` runs them on the deterministic
//! scheduler, `parallel` on worker threads, `both` compares the two; `check` judges every stream of events. The other modules
//! are the suites, one a subject.

mod both;
mod channel_model;
mod channels;
mod check;
mod detection;
mod driver;
mod futures;
mod hammer;
mod inspects;
mod locks;
mod machine;
mod memory;
mod networks;
mod parallel;
mod random;
mod replays;
mod scale;
mod schedules;
mod script;
mod selects;
mod store;
mod sync;
mod texts;
mod time;
