//! Locks without guards: whoever reaches one may release it. Releasing what is not held is fatal; no handler catches it.

use super::{given, integer_arg, of_kind, type_error, types};
use crate::value::{Tag, Value};
use crate::vm::builtins::Env;
use crate::vm::builtins::locks::NEGATIVE_COUNTER;
use crate::vm::engine::Engine;
use crate::vm::fault::{Fault, Outcome};
use scheduler::{Runtime, Side, Step, Try};

/// The panic of releasing a mutex that nobody holds.
pub const UNLOCKED_MUTEX: &str = "unlock of unlocked mutex";
/// The panic of releasing the write side of a lock that nobody writes.
pub const UNLOCKED_RWMUTEX: &str = "unlock of unlocked rwmutex";

/// What an object of the scheduler counts for in memory until it is weighed.
const BYTES: usize = 128;

/// `mutex()`
pub fn mutex<E: Engine>(env: &mut Env<'_, E>) -> Value {
    env.heap.charge(BYTES);
    env.sched.open_locks();
    Value::handle(Tag::Mutex, env.sched.mutex(env.tr, env.at, Value::UNIT))
}

/// `rwmutex()`
pub fn rwmutex<E: Engine>(env: &mut Env<'_, E>) -> Value {
    env.heap.charge(BYTES);
    env.sched.open_locks();
    Value::handle(Tag::RwLock, env.sched.rwlock(env.tr, env.at, Value::UNIT))
}

fn stepped(step: Step) -> Result<Outcome, Fault> {
    match step {
        Step::Ready(()) => Ok(Outcome::Done(Value::UNIT)),
        Step::Blocked => Ok(Outcome::Blocked),
        Step::Closed => Err(Fault::panic("internal: a lock was closed")),
    }
}

/// A mutex, or the write side of a read-write lock.
fn exclusive<E: Engine>(env: &Env<'_, E>, args: &[Value]) -> Result<(Side, u32), Fault> {
    let lock = super::arg(args, 0)?;
    match lock.kind() {
        Tag::Mutex => Ok((Side::Mutex, lock.slot())),
        Tag::RwLock => Ok((Side::Write, lock.slot())),
        _ => {
            let name = types::type_name(env.code, env.heap, lock);
            Err(type_error(format!("expected mutex or rwmutex, got '{name}'")))
        }
    }
}

/// `mutex-lock(lock)`
pub fn lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    stepped(match exclusive(env, args)? {
        (Side::Mutex, lock) => env.sched.lock(env.tr, env.at, lock),
        (_, lock) => env.sched.write_lock(env.tr, env.at, lock),
    })
}

/// `mutex-try-lock(lock)`
pub fn try_lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let tried = match exclusive(env, args)? {
        (Side::Mutex, lock) => env.sched.try_lock(env.tr, env.at, lock),
        (_, lock) => env.sched.try_write(env.tr, env.at, lock),
    };
    Ok(Value::bool(tried == Try::Ready(())))
}

/// `mutex-unlock(lock)`
pub fn unlock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let (side, lock) = exclusive(env, args)?;
    release(env, side, lock, if side == Side::Mutex { UNLOCKED_MUTEX } else { UNLOCKED_RWMUTEX })
}

fn release<E: Engine>(env: &mut Env<'_, E>, side: Side, lock: u32, message: &str) -> Result<Value, Fault> {
    if env.sched.unlock_any(env.tr, env.at, side, lock) { Ok(Value::UNIT) } else { Err(Fault::panic(message)) }
}

fn rwlock<E: Engine>(env: &Env<'_, E>, args: &[Value]) -> Result<u32, Fault> {
    of_kind(env, args, 0, Tag::RwLock).map(Value::slot)
}

/// `rwmutex-rlock(lock)`
pub fn read_lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let lock = rwlock(env, args)?;
    stepped(env.sched.read_lock(env.tr, env.at, lock))
}

/// `rwmutex-try-rlock(lock)`
pub fn try_read_lock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let lock = rwlock(env, args)?;
    Ok(Value::bool(env.sched.try_read(env.tr, env.at, lock) == Try::Ready(())))
}

/// `rwmutex-runlock(lock)`
pub fn read_unlock<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let lock = rwlock(env, args)?;
    release(env, Side::Read, lock, "runlock of rwmutex that nobody reads")
}

/// `waitgroup()`
pub fn wait_group<E: Engine>(env: &mut Env<'_, E>) -> Value {
    env.heap.charge(BYTES);
    Value::handle(Tag::WaitGroup, env.sched.wait_group(env.tr, env.at, 0))
}

fn group<E: Engine>(env: &Env<'_, E>, args: &[Value]) -> Result<u32, Fault> {
    of_kind(env, args, 0, Tag::WaitGroup).map(Value::slot)
}

fn count<E: Engine>(env: &mut Env<'_, E>, group: u32, by: i64) -> Result<Value, Fault> {
    match env.sched.wait_group_add(env.tr, env.at, group, by) {
        Ok(()) => Ok(Value::UNIT),
        Err(_) => Err(Fault::panic(NEGATIVE_COUNTER)),
    }
}

/// `waitgroup-add(group [n])`
pub fn wait_group_add<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let group = group(env, args)?;
    let by = if given(args, 1).is_some() { integer_arg(env, args, 1)? } else { 1 };
    count(env, group, by)
}

/// `waitgroup-done(group)`
pub fn wait_group_done<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let group = group(env, args)?;
    count(env, group, -1)
}

/// `waitgroup-wait(group)`
pub fn wait_group_wait<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let group = group(env, args)?;
    stepped(env.sched.wait_group_wait(env.tr, env.at, group))
}
