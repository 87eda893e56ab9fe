//! Operations on values of languages without static types: what their tags decide at run time.
//!
//! The machine's instructions for operators, indexing, attributes and loops come here with whatever is not the commonest case; the library
//! functions of such languages are the built-ins whose names begin with `Dyn`, dispatched by [`call`]. Failures are
//! [`Fault::Error`], which the machine turns into exceptions. Nothing here calls guest code: what takes a function is written in the
//! guest's language, in its prelude.
//!
//! An argument that is not given is missing at the end, or unset ([`Value::NONE`]).
//!
//! * [`arith`], [`compare`], [`index`], [`sequence`], [`text`] what values do; [`types`] what they are;
//! * [`convert`], [`collections`], [`lists`], [`dicts`], [`strings`], [`format`], [`numbers`] the library of values, with
//!   [`methods`] by the kind of the receiver; [`channels`], [`locks`], [`contexts`], [`time`], [`output`] that of the machine.

pub mod arith;
mod channels;
mod collections;
pub mod compare;
mod contexts;
mod convert;
mod dicts;
mod format;
pub mod index;
mod lists;
pub mod locks;
pub mod methods;
mod numbers;
mod output;
pub mod sequence;
mod strings;
#[cfg(test)]
mod tests;
pub mod text;
mod time;
pub mod types;

pub use arith::arith;
pub use compare::{compare, truthy};
pub use index::{index, set_index};
pub use sequence::iterate;
pub use text::plain_text;
pub use types::{attribute, method, type_name};

use super::builtins::Env;
use super::engine::Engine;
use super::fault::{Fault, Outcome};
use crate::builtins::Builtin;
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use scheduler::{Resume, Runtime};

/// The argument at a position, where one is given.
#[inline]
fn given(args: &[Value], at: usize) -> Option<Value> {
    args.get(at).copied().filter(|value| !value.is(Tag::NoValue))
}

/// The argument at a position.
///
/// # Errors
/// TypeError where it is not given.
#[inline]
fn arg(args: &[Value], at: usize) -> Result<Value, Fault> {
    given(args, at).ok_or_else(missing)
}

#[cold]
fn missing() -> Fault {
    Fault::error(ErrorKind::Type, "too few arguments")
}

/// A TypeError.
#[cold]
fn type_error(message: impl Into<String>) -> Fault {
    Fault::error(ErrorKind::Type, message)
}

/// A ValueError.
#[cold]
fn value_error(message: impl Into<String>) -> Fault {
    Fault::error(ErrorKind::Value, message)
}

/// The argument at a position, an integer.
///
/// # Errors
/// TypeError for anything else.
fn integer_arg<E: Engine>(env: &Env<'_, E>, args: &[Value], at: usize) -> Result<i64, Fault> {
    let value = arg(args, at)?;
    index::integer(value).ok_or_else(|| {
        let name = types::type_name(env.code, env.heap, value);
        type_error(format!("'{name}' object cannot be interpreted as an integer"))
    })
}

/// The argument at a position, which must be of one kind.
///
/// # Errors
/// TypeError for anything else.
fn of_kind<E: Engine>(env: &Env<'_, E>, args: &[Value], at: usize, tag: Tag) -> Result<Value, Fault> {
    let value = arg(args, at)?;
    if value.is(tag) {
        return Ok(value);
    }
    let (wanted, name) = (types::tag_name(tag), types::type_name(env.code, env.heap, value));
    Err(type_error(format!("expected {wanted}, got '{name}'")))
}

/// Runs a built-in of these languages.
///
/// # Errors
/// What the operation fails with; mostly an exception.
pub fn call<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, args: &[Value]) -> Result<Outcome, Fault> {
    use Builtin::*;
    let value = match builtin {
        DynPrint => output::print(env, args)?,
        DynStr => output::str(env, args)?,
        DynRepr => output::repr(env, args)?,
        DynFormatValue => format::value(env, args)?,
        DynFormat => format::format(env, args)?,
        DynSpread => return spread(env, args),

        DynInt => convert::int(env, args)?,
        DynFloat => convert::float(env, args)?,
        DynBool => convert::bool(env, args),
        DynList => convert::list(env, args)?,
        DynTuple => convert::tuple(env, args)?,
        DynDict => convert::dict(env, args)?,
        DynBound => Value::i64(integer_arg(env, args, 0)?),
        DynMillis => time::millis(env, args)?,

        DynLen => collections::len(env, args)?,
        DynNth => collections::nth(env, args)?,
        DynSlice => collections::slice(env, args)?,
        DynContains => collections::contains(env, args)?,
        DynRange => collections::range(env, args)?,
        DynSum => numbers::sum(env, args)?,
        DynMin => collections::extreme(env, args, true)?,
        DynMax => collections::extreme(env, args, false)?,
        DynExtremeBy => collections::extreme_by(env, args)?,
        DynSorted => collections::sorted(env, args)?,
        DynSortedBy => collections::sorted_by(env, args)?,
        DynReversed => collections::reversed(env, args)?,
        DynEnumerate => collections::enumerate(env, args)?,
        DynZip => collections::zip(env, args)?,
        DynAny => collections::any(env, args, true)?,
        DynAll => collections::any(env, args, false)?,
        DynIndexOf => collections::index_of(env, args)?,
        DynCount => collections::count(env, args)?,

        DynAppend => lists::append(env, args)?,
        DynExtend => lists::extend(env, args)?,
        DynInsert => lists::insert(env, args)?,
        DynPop => lists::pop(env, args)?,
        DynRemove => lists::remove(env, args)?,
        DynSort => lists::sort(env, args)?,
        DynAssignAll => lists::assign_all(env, args)?,
        DynReverse => lists::reverse(env, args)?,
        DynClear => lists::clear(env, args)?,
        DynCopy => lists::copy(env, args)?,

        DynGet => dicts::get(env, args)?,
        DynKeys => dicts::keys(env, args)?,
        DynValues => dicts::values(env, args)?,
        DynItems => dicts::items(env, args)?,
        DynSetDefault => dicts::set_default(env, args)?,
        DynUpdate => dicts::update(env, args)?,
        DynPopItem => dicts::pop_item(env, args)?,

        DynUpper => strings::upper(env, args)?,
        DynLower => strings::lower(env, args)?,
        DynCapitalize => strings::capitalize(env, args)?,
        DynTitle => strings::title(env, args)?,
        DynStrip => strings::strip(env, args, true, true)?,
        DynStripLeft => strings::strip(env, args, true, false)?,
        DynStripRight => strings::strip(env, args, false, true)?,
        DynSplit => strings::split(env, args)?,
        DynSplitLines => strings::split_lines(env, args)?,
        DynJoin => strings::join(env, args)?,
        DynReplace => strings::replace(env, args)?,
        DynStartsWith => strings::starts_with(env, args)?,
        DynEndsWith => strings::ends_with(env, args)?,
        DynFind => strings::find(env, args)?,
        DynFindLast => strings::find_last(env, args)?,
        DynIsDigit => strings::all(env, args, |c| c.is_ascii_digit())?,
        DynIsAlpha => strings::all(env, args, char::is_alphabetic)?,
        DynIsAlnum => strings::all(env, args, char::is_alphanumeric)?,
        DynIsSpace => strings::all(env, args, char::is_whitespace)?,
        DynIsUpper => strings::cased(env, args, char::is_uppercase)?,
        DynIsLower => strings::cased(env, args, char::is_lowercase)?,
        DynPadLeft => strings::pad(env, args, strings::Side::Left)?,
        DynPadRight => strings::pad(env, args, strings::Side::Right)?,
        DynCenter => strings::pad(env, args, strings::Side::Both)?,
        DynZeroFill => strings::zero_fill(env, args)?,
        DynOrd => strings::ord(env, args)?,
        DynChr => strings::chr(env, args)?,

        DynAbs => numbers::abs(env, args)?,
        DynRound => numbers::round(env, args)?,
        DynPow => numbers::pow(env, args)?,
        DynDivMod => numbers::divmod(env, args)?,
        DynSqrt => numbers::sqrt(env, args)?,
        DynFloor => numbers::whole(env, args, f64::floor)?,
        DynCeil => numbers::whole(env, args, f64::ceil)?,
        DynRandomInt => numbers::random_int(env, args)?,

        DynType => types::type_of(env.code, env.heap, arg(args, 0)?)?,
        DynIsInstance => Value::bool(types::is_instance(env.code, env.heap, arg(args, 0)?, arg(args, 1)?)?),
        DynIsClass => Value::bool(types::class_of(env.code, env.heap, arg(args, 0)?).is_some()),
        DynIsCallable => Value::bool(matches!(arg(args, 0)?.kind(), Tag::Function | Tag::Closure)),
        DynHasMethod => types::has_method(env, args)?,

        DynExit => return Err(output::exit(env, args)),
        DynSleep => return time::sleep(env, args),
        DynSleepMillis => return time::sleep_millis(env, args),
        DynNow => time::now(env),

        DynChan => channels::new(env, args)?,
        DynSend => return channels::send(env, args),
        DynRecv => return channels::recv(env, args),
        DynTrySend => channels::try_send(env, args)?,
        DynTryRecv => channels::try_recv(env, args)?,
        DynClose => channels::close(env, args)?,
        DynIsClosed => channels::is_closed(env, args)?,

        DynMutex => locks::mutex(env),
        DynRwMutex => locks::rwmutex(env),
        DynLock => return locks::lock(env, args),
        DynUnlock => locks::unlock(env, args)?,
        DynTryLock => locks::try_lock(env, args)?,
        DynReadLock => return locks::read_lock(env, args),
        DynReadUnlock => locks::read_unlock(env, args)?,
        DynTryReadLock => locks::try_read_lock(env, args)?,
        DynWaitGroup => locks::wait_group(env),
        DynWaitGroupAdd => locks::wait_group_add(env, args)?,
        DynWaitGroupDone => locks::wait_group_done(env, args)?,
        DynWaitGroupWait => return locks::wait_group_wait(env, args),

        DynContextBackground => contexts::background(env),
        DynContextChild => contexts::child(env, args)?,
        DynContextTimeout => contexts::with_timeout(env, args)?,
        DynContextCancel => contexts::cancel(env, args)?,
        DynContextDone => contexts::done(env, args)?,
        DynContextIsCanceled => contexts::is_canceled(env, args)?,
        DynContextError => contexts::error(env, args)?,
        _ => return Err(Fault::panic(format!("internal: {} is no operation of dynamic languages", builtin.name()))),
    };
    Ok(Outcome::Done(value))
}

/// Calls another built-in, given by its number, with the elements of a list: a function of any number of arguments as a value.
fn spread<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Outcome, Fault> {
    let number = u16::try_from(integer_arg(env, args, 0)?).ok();
    let builtin =
        number.and_then(Builtin::from_index).filter(|&builtin| builtin != Builtin::DynSpread && !blocks(builtin));
    let Some(builtin) = builtin else { return Err(Fault::panic("internal: no such built-in to spread over")) };
    let list = of_kind(env, args, 1, Tag::List)?;
    let args = env.heap.elements(list)?.into_owned();
    call(env, builtin, &args)
}

/// Whether a task can be blocked in it.
pub(crate) fn blocks(builtin: Builtin) -> bool {
    use Builtin::*;
    matches!(builtin, DynSleep | DynSleepMillis | DynSend | DynRecv | DynLock | DynReadLock | DynWaitGroupWait)
}

/// Finishes a built-in that the task was blocked in, when it runs again.
///
/// # Errors
/// RuntimeError for a send to a channel that was closed meanwhile.
pub fn complete<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, resume: Resume) -> Result<Value, Fault> {
    match builtin {
        Builtin::DynSend => channels::sent(resume == Resume::Sent),
        Builtin::DynRecv => {
            let received = (resume == Resume::Received).then(|| env.sched.task(env.task).value);
            Ok(channels::received(env, received))
        }
        _ if blocks(builtin) => Ok(Value::UNIT),
        _ => Err(Fault::panic(format!("internal: {} does not block but was resumed", builtin.name()))),
    }
}
