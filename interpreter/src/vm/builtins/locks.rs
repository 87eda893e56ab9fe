//! Mutex, RwLock, Once, Barrier, WaitGroup, Semaphore, and releasing what is held.

use super::objects::BYTES;
use super::{Env, arg};
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::{Fault, Outcome};
use crate::vm::heap::NONE_VALUE;
use scheduler::{At, Handle, OnceStep, Runtime, Step, Try};

/// The panic of a wait group that is done more often than it was added to.
pub const NEGATIVE_COUNTER: &str = "negative WaitGroup counter";

/// The failure of a task that looks through a guard whose lock is another task's by now. The checker rules such programs out.
#[cold]
#[inline(never)]
pub fn released() -> Fault {
    Fault::panic("use of a guard after it was released")
}

/// Releases what a droppable value stands for: unlocks for a guard, detaches for a future; nothing for other values.
pub fn release<E: Engine>(sched: &mut E::Sched, tr: &mut E::Tracer, at: At, value: Value) {
    match value.kind() {
        Tag::MutexGuard => sched.unlock(tr, at, value.slot()),
        Tag::ReadGuard => sched.read_unlock(tr, at, value.slot()),
        Tag::WriteGuard => sched.write_unlock(tr, at, value.slot()),
        Tag::Future => sched.detach(tr, at, Handle::unpack(value.payload)),
        _ => {}
    }
}

/// `done`: what a step gives once it went through. Only channels can be closed.
fn stepped(step: Step, done: Value) -> Result<Outcome, Fault> {
    match step {
        Step::Ready(()) => Ok(Outcome::Done(done)),
        Step::Blocked => Ok(Outcome::Blocked),
        Step::Closed => Err(Fault::panic("internal: a lock was closed")),
    }
}

/// `Mutex.new(v)`
pub fn mutex_new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = arg(args, 0)?;
    env.publish(value);
    env.heap.charge(BYTES);
    Ok(Value::handle(Tag::Mutex, env.sched.mutex(env.tr, env.at, value)))
}

/// `lock()`
pub fn mutex_lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let lock = env.seen(arg(args, 0)?, Tag::Mutex)?.slot();
    stepped(env.sched.lock(env.tr, env.at, lock), Value::handle(Tag::MutexGuard, lock))
}

/// `Some(guard)` or `None`.
fn tried<E: Engine>(env: &mut Env<'_, E>, outcome: Try, guard: Tag, lock: u32) -> Value {
    match outcome {
        Try::Ready(()) => env.heap.some(Value::handle(guard, lock)),
        Try::NotNow | Try::Closed => NONE_VALUE,
    }
}

/// `try_lock()`
pub fn mutex_try_lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let lock = env.seen(arg(args, 0)?, Tag::Mutex)?.slot();
    let outcome = env.sched.try_lock(env.tr, env.at, lock);
    Ok(tried(env, outcome, Tag::MutexGuard, lock))
}

/// `RwLock.new(v)`
pub fn rwlock_new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let value = arg(args, 0)?;
    env.publish(value);
    env.heap.charge(BYTES);
    Ok(Value::handle(Tag::RwLock, env.sched.rwlock(env.tr, env.at, value)))
}

/// `read()`
pub fn read_lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let lock = env.seen(arg(args, 0)?, Tag::RwLock)?.slot();
    stepped(env.sched.read_lock(env.tr, env.at, lock), Value::handle(Tag::ReadGuard, lock))
}

/// `write()`
pub fn write_lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let lock = env.seen(arg(args, 0)?, Tag::RwLock)?.slot();
    stepped(env.sched.write_lock(env.tr, env.at, lock), Value::handle(Tag::WriteGuard, lock))
}

/// `try_read()`
pub fn try_read<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let lock = env.seen(arg(args, 0)?, Tag::RwLock)?.slot();
    let outcome = env.sched.try_read(env.tr, env.at, lock);
    Ok(tried(env, outcome, Tag::ReadGuard, lock))
}

/// `try_write()`
pub fn try_write<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let lock = env.seen(arg(args, 0)?, Tag::RwLock)?.slot();
    let outcome = env.sched.try_write(env.tr, env.at, lock);
    Ok(tried(env, outcome, Tag::WriteGuard, lock))
}

/// `Once.new()`
pub fn once_new<E: Engine>(env: &mut Env<'_, E>) -> Value {
    env.heap.charge(BYTES);
    Value::handle(Tag::Once, env.sched.once(env.tr, env.at))
}

/// True for the caller that must run the body.
pub fn once_begin<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let once = env.seen(arg(args, 0)?, Tag::Once)?;
    Ok(match env.sched.once_begin(env.tr, env.at, once.slot()) {
        OnceStep::Run => Outcome::Done(Value::bool(true)),
        OnceStep::Done => Outcome::Done(Value::bool(false)),
        OnceStep::Blocked => Outcome::Blocked,
    })
}

/// The body has run.
pub fn once_end<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let once = env.seen(arg(args, 0)?, Tag::Once)?;
    env.sched.once_end(env.tr, env.at, once.slot());
    Ok(Value::UNIT)
}

/// `is_completed()`
pub fn once_is_done<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let once = env.seen(arg(args, 0)?, Tag::Once)?;
    Ok(Value::bool(env.sched.once_done(once.slot())))
}

/// `Barrier.new(n)`
pub fn barrier_new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let parties = env.count(arg(args, 0)?, "number of parties")?;
    env.heap.charge(BYTES);
    Ok(Value::handle(Tag::Barrier, env.sched.barrier(env.tr, env.at, parties)))
}

/// `wait()` of a barrier: true for the last one.
pub fn barrier_wait<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let barrier = env.seen(arg(args, 0)?, Tag::Barrier)?;
    stepped(env.sched.barrier_wait(env.tr, env.at, barrier.slot()), Value::bool(true))
}

/// `WaitGroup.new()`
pub fn wait_group_new<E: Engine>(env: &mut Env<'_, E>) -> Value {
    env.heap.charge(BYTES);
    Value::handle(Tag::WaitGroup, env.sched.wait_group(env.tr, env.at, 0))
}

/// Changes a wait group's counter.
fn count<E: Engine>(env: &mut Env<'_, E>, group: Value, by: i64) -> Result<Value, Fault> {
    let group = env.seen(group, Tag::WaitGroup)?;
    match env.sched.wait_group_add(env.tr, env.at, group.slot(), by) {
        Ok(()) => Ok(Value::UNIT),
        Err(_) => Err(Fault::panic(NEGATIVE_COUNTER)),
    }
}

/// `add(n)`
pub fn wait_group_add<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let by = env.integer(arg(args, 1)?)?;
    let by = by.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    count(env, arg(args, 0)?, by)
}

/// `done()`
pub fn wait_group_done<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    count(env, arg(args, 0)?, -1)
}

/// `wait()` of a wait group.
pub fn wait_group_wait<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let group = env.seen(arg(args, 0)?, Tag::WaitGroup)?;
    stepped(env.sched.wait_group_wait(env.tr, env.at, group.slot()), Value::UNIT)
}

/// `Semaphore.new(n)`
pub fn semaphore_new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let permits = env.count(arg(args, 0)?, "number of permits")?;
    env.heap.charge(BYTES);
    Ok(Value::handle(Tag::Semaphore, env.sched.semaphore(env.tr, env.at, permits)))
}

/// `acquire()`
pub fn semaphore_acquire<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let semaphore = env.seen(arg(args, 0)?, Tag::Semaphore)?;
    stepped(env.sched.acquire(env.tr, env.at, semaphore.slot()), Value::UNIT)
}

/// `try_acquire()`
pub fn semaphore_try_acquire<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let semaphore = env.seen(arg(args, 0)?, Tag::Semaphore)?;
    Ok(Value::bool(env.sched.try_acquire(env.tr, env.at, semaphore.slot()) == Try::Ready(())))
}

/// `release()`
pub fn semaphore_release<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let semaphore = env.seen(arg(args, 0)?, Tag::Semaphore)?;
    env.sched.release(env.tr, env.at, semaphore.slot());
    Ok(Value::UNIT)
}
