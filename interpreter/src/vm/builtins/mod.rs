//! What built-in operations do: one file for each family, one table that leads to them.
//!
//! [`call`] runs a built-in to its end, or leaves the task blocked in it; [`complete`] finishes the latter when the task runs
//! again. Receivers may be references, boxes or guards: [`Env::seen`] looks through them. What calls a guest closure is not
//! here but in the prelude.
//!
//! To add one: a row in [`crate::builtins`]; the compiler then asks for its arm in both tables here.

pub mod atomics;
pub mod boxes;
pub mod channels;
pub mod contexts;
pub mod lists;
pub mod locks;
pub mod maps;
pub mod misc;
pub mod numbers;
mod objects;
pub mod sort;
pub mod strings;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod time;

pub use locks::release;

use super::arith;
use super::fault::{Fault, Outcome};
use super::heap::{Heap, wrong};
use super::sharing::Common;
use super::task::Body;
use crate::builtins::Builtin;
use crate::bytecode::Code;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use scheduler::{At, Resume, Runtime, Scheduler};
use tracer::event::Kind;

/// The scheduler of the virtual machine.
pub type Sched = Scheduler<Value, Body>;

/// What built-ins work with.
pub struct Env<'a, E: Engine> {
    /// The guest's heap.
    pub heap: &'a mut Heap,
    /// Tasks and everything they wait for.
    pub sched: &'a mut E::Sched,
    /// Where events go.
    pub tr: &'a mut E::Tracer,
    /// Place and time of the call.
    pub at: At,
    /// The program.
    pub code: &'a Code,
    /// What all machines of the run write to.
    pub common: &'a Common,
    /// Slot of the running task.
    pub task: u32,
}

impl<E: Engine> Env<'_, E> {
    /// A value with this tag, behind any references, boxes and guards.
    #[inline]
    pub fn seen(&mut self, value: Value, tag: Tag) -> Result<Value, Fault> {
        if value.is(tag) { Ok(value) } else { self.see_through(value, tag) }
    }

    #[cold]
    #[inline(never)]
    fn see_through(&mut self, mut value: Value, tag: Tag) -> Result<Value, Fault> {
        for _ in 0..64 {
            value = match value.kind() {
                kind if kind == tag => return Ok(value),
                Tag::MutexGuard => *self.sched.mutex_value(value.slot()).ok_or_else(locks::released)?,
                Tag::ReadGuard | Tag::WriteGuard => self.sched.rwlock_value(value.slot()),
                Tag::Box | Tag::Cell | Tag::FieldRef | Tag::IndexRef => self.heap.load(value)?,
                _ => break,
            };
        }
        Err(wrong(&format!("{tag:?}").to_lowercase(), value))
    }

    /// What a scalar argument stands for: the value behind references, boxes and guards.
    fn plain(&mut self, mut value: Value) -> Result<Value, Fault> {
        for _ in 0..64 {
            value = match value.kind() {
                Tag::MutexGuard => *self.sched.mutex_value(value.slot()).ok_or_else(locks::released)?,
                Tag::ReadGuard | Tag::WriteGuard => self.sched.rwlock_value(value.slot()),
                Tag::Box | Tag::Cell | Tag::FieldRef | Tag::IndexRef => self.heap.load(value)?,
                _ => return Ok(value),
            };
        }
        Err(wrong("a value", value))
    }

    /// The text of a string argument.
    fn text(&mut self, value: Value) -> Result<&str, Fault> {
        let value = self.seen(value, Tag::String)?;
        self.heap.str(value)
    }

    /// An integer argument of any kind.
    fn integer(&mut self, value: Value) -> Result<i128, Fault> {
        let value = self.plain(value)?;
        arith::integer(self.heap, value)
    }

    /// A count from the guest: any integer kind, not negative; what is larger than 32 bits counts as the largest.
    fn count(&mut self, value: Value, what: &str) -> Result<u32, Fault> {
        let number = self.integer(value)?;
        if number < 0 {
            return Err(Fault::Panic(format!("negative {what}: {number}")));
        }
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// A duration in nanoseconds, not negative; a bare integer counts milliseconds.
    fn nanoseconds(&mut self, value: Value) -> Result<u64, Fault> {
        let value = self.plain(value)?;
        if value.is(Tag::Duration) {
            return Ok(value.int().max(0) as u64);
        }
        let milliseconds = arith::integer(self.heap, value)?.max(0);
        Ok(i64::try_from(milliseconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX) as u64)
    }
}

/// The argument at a position. The verifier cannot know how many a built-in wants, so a missing one is told here.
#[inline(always)]
fn arg(args: &[Value], at: usize) -> Result<Value, Fault> {
    args.get(at).copied().ok_or_else(missing)
}

#[cold]
#[inline(never)]
fn missing() -> Fault {
    Fault::panic("internal: a built-in misses an argument")
}

/// Runs a built-in.
pub fn call<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, args: &[Value]) -> Result<Outcome, Fault> {
    use Builtin::*;
    let value = match builtin {
        Print => misc::print(env, args, Kind::Output)?,
        Eprint => misc::print(env, args, Kind::ErrorOutput)?,
        ToString => misc::to_string(env, args)?,
        CloneValue => misc::clone(env, args)?,
        Equal => misc::equal(env, args)?,
        Exit => return Err(misc::exit(env, args)?),
        ReadLine => return misc::read_line(env),
        Args => misc::arguments(env)?,

        Sleep => return time::sleep(env, args),
        YieldNow => return Ok(Outcome::Yield),
        Now => time::now(env),
        After => time::after(env, args)?,
        NewTicker => time::new_ticker(env, args)?,
        TickerChannel => time::ticker_channel(env, args)?,
        TickerStop => time::ticker_stop(env, args)?,
        TimeSub => time::since(env, args)?,
        TimeElapsed => time::elapsed(env, args)?,
        DurationFromNanos => time::duration_from(env, args, 1)?,
        DurationFromMicros => time::duration_from(env, args, 1_000)?,
        DurationFromMillis => time::duration_from(env, args, 1_000_000)?,
        DurationFromSecs => time::duration_from(env, args, 1_000_000_000)?,
        DurationNanos => time::duration_as(env, args, 1)?,
        DurationMicros => time::duration_as(env, args, 1_000)?,
        DurationMillis => time::duration_as(env, args, 1_000_000)?,
        DurationSecs => time::duration_as(env, args, 1_000_000_000)?,
        DurationSecsFloat => time::duration_seconds(env, args)?,

        ChannelNew => channels::new(env, args)?,
        ChannelSend | ChannelSendBool | ChannelSendResult => return channels::send(env, builtin, args),
        ChannelTrySend => channels::try_send(env, args)?,
        ChannelRecvValue | ChannelRecvDiscard | ChannelRecv | ChannelRecvResult => {
            return channels::recv(env, builtin, args);
        }
        ChannelTryRecv => channels::try_recv(env, args)?,
        ChannelClose => channels::close(env, args)?,
        ChannelLen => channels::len(env, args)?,
        ChannelCapacity | ChannelCap => channels::capacity(env, args)?,
        ChannelIsClosed => channels::is_closed(env, args)?,

        MutexNew => locks::mutex_new(env, args)?,
        MutexLock => return locks::mutex_lock(env, args),
        MutexTryLock => locks::mutex_try_lock(env, args)?,
        RwLockNew => locks::rwlock_new(env, args)?,
        RwLockRead => return locks::read_lock(env, args),
        RwLockWrite => return locks::write_lock(env, args),
        RwLockTryRead => locks::try_read(env, args)?,
        RwLockTryWrite => locks::try_write(env, args)?,
        OnceNew => locks::once_new(env),
        OnceBegin => return locks::once_begin(env, args),
        OnceEnd => locks::once_end(env, args)?,
        OnceIsDone => locks::once_is_done(env, args)?,
        BarrierNew => locks::barrier_new(env, args)?,
        BarrierWait => return locks::barrier_wait(env, args),
        WaitGroupNew => locks::wait_group_new(env),
        WaitGroupAdd => locks::wait_group_add(env, args)?,
        WaitGroupDone => locks::wait_group_done(env, args)?,
        WaitGroupWait => return locks::wait_group_wait(env, args),
        SemaphoreNew => locks::semaphore_new(env, args)?,
        SemaphoreAcquire => return locks::semaphore_acquire(env, args),
        SemaphoreTryAcquire => locks::semaphore_try_acquire(env, args)?,
        SemaphoreRelease => locks::semaphore_release(env, args)?,
        Release => {
            release::<E>(env.sched, env.tr, env.at, arg(args, 0)?);
            Value::UNIT
        }

        AtomicNew => atomics::new(env, args)?,
        AtomicLoad => atomics::load(env, args)?,
        AtomicStore => atomics::store(env, args)?,
        AtomicSwap => atomics::swap(env, args)?,
        AtomicAdd | AtomicSub | AtomicAnd | AtomicOr | AtomicXor => atomics::fetch(env, builtin, args)?,
        AtomicCompareExchange => atomics::compare_exchange(env, args)?,

        ContextBackground | ContextTodo => contexts::root(env),
        ContextWithCancel => contexts::with_cancel(env, args)?,
        ContextWithTimeout => contexts::with_timeout(env, args)?,
        ContextWithDeadline => contexts::with_deadline(env, args)?,
        ContextWithValue => contexts::with_value(env, args)?,
        ContextCancel => contexts::cancel(env, args)?,
        ContextIsDone => contexts::is_done(env, args)?,
        ContextIsCanceled => contexts::is_canceled(env, args)?,
        ContextIsTimeout => contexts::is_timeout(env, args)?,
        ContextCause => contexts::cause(env, args)?,
        ContextValue => contexts::value(env, args)?,
        ContextHasValue => contexts::has_value(env, args)?,
        ContextRemaining => contexts::remaining(env, args)?,
        ContextDone => contexts::done(env, args)?,

        BoxNew => boxes::new(env, args)?,
        BoxGet => boxes::get(env, args)?,
        BoxSet => boxes::set(env, args)?,
        BoxSwap => boxes::swap(env, args)?,
        BoxTake => boxes::take(env, args)?,
        BoxGetRef => boxes::get_ref(env, args)?,
        BoxGetRefMut => boxes::get_ref_mut(env, args)?,
        BoxClone => boxes::clone(env, args)?,

        ListNew => env.heap.list(Vec::new())?,
        ListWithCapacity => lists::with_capacity(env, args)?,
        ListPush => lists::push(env, args)?,
        ListPop => lists::pop(env, args)?,
        ListInsert => lists::insert(env, args)?,
        ListRemove => lists::remove(env, args)?,
        ListClear => lists::clear(env, args)?,
        ListSet => lists::set(env, args)?,
        ListLen => lists::len(env, args)?,
        ListIsEmpty => lists::is_empty(env, args)?,
        ListGet => lists::get(env, args)?,
        ListFirst => lists::first(env, args)?,
        ListLast => lists::last(env, args)?,
        ListCopyAt => lists::copy_at(env, args)?,
        ListSwap => lists::swap(env, args)?,
        ListReverse => lists::reverse(env, args)?,
        ListSort => lists::sort(env, args)?,
        ListContains => lists::contains(env, args)?,
        ListIndexOf => lists::index_of(env, args)?,
        ListJoin => lists::join(env, args)?,
        ListExtend => lists::extend(env, args)?,
        ListSlice => lists::slice(env, args)?,
        ListEnumerate => lists::enumerate(env, args)?,
        ListTruncate => lists::truncate(env, args)?,
        ListSum => lists::sum(env, args)?,
        ListMin => lists::extreme(env, args, std::cmp::Ordering::Less)?,
        ListMax => lists::extreme(env, args, std::cmp::Ordering::Greater)?,

        StringLen => strings::len(env, args)?,
        StringIsEmpty => strings::is_empty(env, args)?,
        StringTrim => strings::trim(env, args)?,
        StringToUpper => strings::to_upper(env, args)?,
        StringToLower => strings::to_lower(env, args)?,
        StringContains => strings::contains(env, args)?,
        StringStartsWith => strings::starts_with(env, args)?,
        StringEndsWith => strings::ends_with(env, args)?,
        StringIndexOf => strings::index_of(env, args)?,
        StringReplace => strings::replace(env, args)?,
        StringSplit => strings::split(env, args)?,
        StringRepeat => strings::repeat(env, args)?,
        StringChars => strings::chars(env, args)?,
        StringSubstring => strings::substring(env, args)?,
        StringParseInt => strings::parse_int(env, args)?,
        StringParseFloat => strings::parse_float(env, args)?,
        StringLines => strings::lines(env, args)?,
        StringCharAt => strings::char_at(env, args)?,

        MapNew => env.heap.map(),
        MapInsert => maps::insert(env, args)?,
        MapGet => maps::get(env, args)?,
        MapGetOwned => maps::get_owned(env, args)?,
        MapGetOr => maps::get_or(env, args)?,
        MapContains | MapContainsKey => maps::contains(env, args, Tag::Map)?,
        MapRemove => maps::remove(env, args)?,
        MapLen => maps::len(env, args, Tag::Map)?,
        MapIsEmpty => maps::is_empty(env, args, Tag::Map)?,
        MapKeys => maps::keys(env, args, Tag::Map)?,
        MapValues => maps::values(env, args)?,
        MapClear => maps::clear(env, args, Tag::Map)?,
        SetNew => env.heap.set(),
        SetInsert => maps::set_insert(env, args)?,
        SetContains => maps::contains(env, args, Tag::Set)?,
        SetRemove => maps::set_remove(env, args)?,
        SetLen => maps::len(env, args, Tag::Set)?,
        SetIsEmpty => maps::is_empty(env, args, Tag::Set)?,
        SetToList => maps::keys(env, args, Tag::Set)?,
        SetClear => maps::clear(env, args, Tag::Set)?,

        Abs => numbers::abs(env, args)?,
        MinOf => numbers::extreme(env, args, std::cmp::Ordering::Less)?,
        MaxOf => numbers::extreme(env, args, std::cmp::Ordering::Greater)?,
        Sqrt => numbers::float(env, args, f64::sqrt)?,
        Floor => numbers::float(env, args, f64::floor)?,
        Ceil => numbers::float(env, args, f64::ceil)?,
        Round => numbers::float(env, args, f64::round)?,
        PowFloat => numbers::pow(env, args)?,
        WrappingAdd | WrappingSub | WrappingMul => numbers::wrapping(env, builtin, args)?,
        CharToInt => numbers::char_to_int(env, args)?,
        CharIsDigit => numbers::char_is(env, args, |c| c.is_ascii_digit())?,
        CharIsAlpha => numbers::char_is(env, args, char::is_alphabetic)?,
        CharIsSpace => numbers::char_is(env, args, char::is_whitespace)?,
        CharToUpper => numbers::char_to(env, args, |c| first(c.to_uppercase(), c))?,
        CharToLower => numbers::char_to(env, args, |c| first(c.to_lowercase(), c))?,
        Random => numbers::random(env),
        RandomInt => numbers::random_int(env, args)?,
        // The rest are operations of languages without static types.
        _ => return super::dynamic::call(env, builtin, args),
    };
    Ok(Outcome::Done(value))
}

/// The one character that another maps to; itself where it would become several.
fn first(mut mapped: impl ExactSizeIterator<Item = char>, c: char) -> char {
    if mapped.len() == 1 { mapped.next().unwrap_or(c) } else { c }
}

/// Finishes the built-in that the task was blocked in, when it runs again. (A cancelled task does not come here.)
pub fn complete<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, resume: Resume) -> Result<Value, Fault> {
    use Builtin::*;
    match builtin {
        Sleep | WaitGroupWait | SemaphoreAcquire => Ok(Value::UNIT),
        ReadLine => misc::line_read(env),
        // Who had to wait is not the one that runs the body, or the leader.
        OnceBegin | BarrierWait => Ok(Value::bool(false)),
        ChannelSend | ChannelSendBool | ChannelSendResult => {
            channels::sent(env.heap, channels::mode_of(builtin), resume == Resume::Sent)
        }
        ChannelRecvValue | ChannelRecvDiscard | ChannelRecv | ChannelRecvResult => {
            let received = (resume == Resume::Received).then(|| env.sched.task(env.task).value);
            let channel = blocked_argument(env)?;
            channels::received(env.heap, channels::mode_of(builtin), channel, received)
        }
        MutexLock => blocked_argument(env).map(|lock| Value::handle(Tag::MutexGuard, lock.slot())),
        RwLockRead => blocked_argument(env).map(|lock| Value::handle(Tag::ReadGuard, lock.slot())),
        RwLockWrite => blocked_argument(env).map(|lock| Value::handle(Tag::WriteGuard, lock.slot())),
        Print
        | Eprint
        | ToString
        | CloneValue
        | Equal
        | Exit
        | YieldNow
        | Now
        | After
        | NewTicker
        | TickerChannel
        | TickerStop
        | TimeSub
        | TimeElapsed
        | DurationFromNanos
        | DurationFromMicros
        | DurationFromMillis
        | DurationFromSecs
        | DurationNanos
        | DurationMicros
        | DurationMillis
        | DurationSecs
        | DurationSecsFloat
        | ChannelNew
        | ChannelTrySend
        | ChannelTryRecv
        | ChannelClose
        | ChannelLen
        | ChannelCapacity
        | ChannelCap
        | ChannelIsClosed
        | MutexNew
        | MutexTryLock
        | RwLockNew
        | RwLockTryRead
        | RwLockTryWrite
        | OnceNew
        | OnceEnd
        | OnceIsDone
        | BarrierNew
        | WaitGroupNew
        | WaitGroupAdd
        | WaitGroupDone
        | SemaphoreNew
        | SemaphoreTryAcquire
        | SemaphoreRelease
        | Release
        | AtomicNew
        | AtomicLoad
        | AtomicStore
        | AtomicSwap
        | AtomicAdd
        | AtomicSub
        | AtomicAnd
        | AtomicOr
        | AtomicXor
        | AtomicCompareExchange
        | ContextBackground
        | ContextTodo
        | ContextWithCancel
        | ContextWithTimeout
        | ContextWithDeadline
        | ContextWithValue
        | ContextCancel
        | ContextIsDone
        | ContextIsCanceled
        | ContextIsTimeout
        | ContextCause
        | ContextValue
        | ContextHasValue
        | ContextRemaining
        | ContextDone
        | BoxNew
        | BoxGet
        | BoxSet
        | BoxSwap
        | BoxTake
        | BoxGetRef
        | BoxGetRefMut
        | BoxClone
        | ListNew
        | ListWithCapacity
        | ListPush
        | ListPop
        | ListInsert
        | ListRemove
        | ListClear
        | ListSet
        | ListLen
        | ListIsEmpty
        | ListGet
        | ListFirst
        | ListLast
        | ListCopyAt
        | ListSwap
        | ListReverse
        | ListSort
        | ListContains
        | ListIndexOf
        | ListJoin
        | ListExtend
        | ListSlice
        | ListEnumerate
        | ListTruncate
        | ListSum
        | ListMin
        | ListMax
        | StringLen
        | StringIsEmpty
        | StringTrim
        | StringToUpper
        | StringToLower
        | StringContains
        | StringStartsWith
        | StringEndsWith
        | StringIndexOf
        | StringReplace
        | StringSplit
        | StringRepeat
        | StringChars
        | StringSubstring
        | StringParseInt
        | StringParseFloat
        | StringLines
        | StringCharAt
        | MapNew
        | MapInsert
        | MapGet
        | MapGetOwned
        | MapGetOr
        | MapContains
        | MapContainsKey
        | MapRemove
        | MapLen
        | MapIsEmpty
        | MapKeys
        | MapValues
        | MapClear
        | SetNew
        | SetInsert
        | SetContains
        | SetRemove
        | SetLen
        | SetIsEmpty
        | SetToList
        | SetClear
        | Abs
        | MinOf
        | MaxOf
        | Sqrt
        | Floor
        | Ceil
        | Round
        | PowFloat
        | WrappingAdd
        | WrappingSub
        | WrappingMul
        | CharToInt
        | CharIsDigit
        | CharIsAlpha
        | CharIsSpace
        | CharToUpper
        | CharToLower
        | Random
        | RandomInt
        | Args => Err(Fault::Panic(format!("internal: {} does not block but was resumed", builtin.name()))),
        _ => super::dynamic::complete(env, builtin, resume),
    }
}

/// The first argument of the built-in that the task is blocked in, seen through; its registers still hold it.
fn blocked_argument<E: Engine>(env: &mut Env<'_, E>) -> Result<Value, Fault> {
    let body = &env.sched.task(env.task).body;
    let instruction = env.code.instrs.get(body.pc as usize).ok_or_else(missing)?;
    let register = body.base as usize + instruction.b as usize / 2;
    let value = *body.stack.get(register).ok_or_else(missing)?;
    env.plain(value)
}
