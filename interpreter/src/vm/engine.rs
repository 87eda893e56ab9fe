//! What one machine is generic over: the runtime that its tasks run on, and where its events go.
//!
//! One parameter instead of two keeps the signatures short, and [`Engine::PARALLEL`] lets code that only several machines on one
//! heap need (publishing, locks) vanish from the deterministic machine at compile time.

use super::task::Body;
use crate::value::Value;
use scheduler::{Runtime, Scheduler};
use std::marker::PhantomData;
use tracer::record::Tracer;

/// An engine: a runtime and a tracer.
pub trait Engine: 'static {
    /// Tasks, and everything they wait for.
    type Sched: Runtime<Value, Body>;
    /// Where events go.
    type Tracer: Tracer;
    /// Whether several machines run one program at once.
    const PARALLEL: bool = Self::Sched::PARALLEL;
    /// Whether the loop counts its steps and can stop at any of them.
    const STEP: bool = false;
}

/// The deterministic engine: one machine, one thread.
pub struct Deterministic<T>(PhantomData<T>);

impl<T: Tracer + 'static> Engine for Deterministic<T> {
    type Sched = Scheduler<Value, Body>;
    type Tracer = T;
}

/// The deterministic engine for debuggers: the same choices and the same events, and every instruction is a place to stop.
pub struct Stepping<T>(PhantomData<T>);

impl<T: Tracer + 'static> Engine for Stepping<T> {
    type Sched = Scheduler<Value, Body>;
    type Tracer = T;
    const STEP: bool = true;
}
