//! Channels. A handle carries the tag of the zero value of its element type, which receives from a closed channel give.

use super::objects::BYTES;
use super::{Env, arg};
use crate::builtins::Builtin;
use crate::dynamic::ErrorKind;
use crate::value::{Tag, Value};
use crate::vm::engine::Engine;
use crate::vm::fault::{Fault, Outcome};
use crate::vm::heap::{Heap, NONE_VALUE};
use scheduler::{Runtime, Step, Try};

/// The panic of a send on a closed channel.
pub const SEND_CLOSED: &str = "send on closed channel";
/// The failure of a send on a closed channel.
#[cold]
pub fn send_closed() -> Fault {
    Fault::error(ErrorKind::Runtime, SEND_CLOSED)
}

/// The panic of a receive that needs a value which a closed channel cannot give.
pub const RECV_CLOSED: &str = "receive on closed channel";
/// The panic of a second close.
pub const CLOSE_CLOSED: &str = "close of closed channel";

/// The error of a send or receive that gives a Result.
const CLOSED: &str = "channel closed";

/// How a receive or send treats its outcome: the mode of the instructions `Send` and `Recv`.
pub mod mode {
    /// The plain value; trouble panics.
    pub const PLAIN: u8 = 0;
    /// An Option (receive), a bool (send).
    pub const OPTION: u8 = 1;
    /// A Result.
    pub const RESULT: u8 = 2;
    /// The value is not used: a closed channel is fine.
    pub const DISCARD: u8 = 3;
    /// A tuple of the value and whether there was one (receive).
    pub const PAIR: u8 = 4;
    /// The value, and in the next register whether there was one (receive).
    pub const TWO: u8 = crate::bytecode::access::RECV_TWO;
}

/// The mode of a built-in send or receive.
pub fn mode_of(builtin: Builtin) -> u8 {
    match builtin {
        Builtin::ChannelSendBool | Builtin::ChannelRecv => mode::OPTION,
        Builtin::ChannelSendResult | Builtin::ChannelRecvResult => mode::RESULT,
        Builtin::ChannelRecvDiscard => mode::DISCARD,
        _ => mode::PLAIN,
    }
}

/// `Channel(n)`: capacity and zero value.
pub fn new<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let capacity = env.count(arg(args, 0)?, "channel capacity")?;
    let zero = args.get(1).copied().unwrap_or(Value::NONE);
    env.heap.charge(BYTES);
    Ok(Value::channel(env.sched.channel(env.tr, env.at, capacity), zero))
}

/// The zero value that a closed channel gives; a panic where its type has none.
pub fn zero(heap: &mut Heap, channel: Value) -> Result<Value, Fault> {
    match channel.channel_zero() {
        Tag::NoValue => Err(Fault::panic(RECV_CLOSED)),
        Tag::String => heap.string(""),
        Tag::List => heap.list(Vec::new()),
        Tag::Map => Ok(heap.map()),
        Tag::Set => Ok(heap.set()),
        Tag::Variant0 => Ok(NONE_VALUE),
        Tag::I128 => Ok(heap.i128(0)),
        Tag::U128 => Ok(heap.u128(0)),
        scalar => Ok(Value::new(scalar, 0)),
    }
}

/// The three sends that may block.
pub fn send<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, args: &[Value]) -> Result<Outcome, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    let value = arg(args, 1)?;
    env.publish(value);
    let went = match env.sched.send(env.tr, env.at, channel.slot(), value) {
        Step::Ready(()) => true,
        Step::Closed => false,
        Step::Blocked => return Ok(Outcome::Blocked),
    };
    sent(env.heap, mode_of(builtin), went).map(Outcome::Done)
}

/// What a send gives, by its mode: it went through, or the channel is closed.
pub fn sent(heap: &mut Heap, mode: u8, went: bool) -> Result<Value, Fault> {
    match (mode, went) {
        (mode::PLAIN, true) => Ok(Value::UNIT),
        (mode::PLAIN, false) => Err(send_closed()),
        (mode::OPTION, _) => Ok(Value::bool(went)),
        (_, true) => Ok(heap.ok(Value::UNIT)),
        (_, false) => heap.err_text(CLOSED),
    }
}

/// `try_send(v)`
pub fn try_send<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    let value = arg(args, 1)?;
    env.publish(value);
    match env.sched.try_send(env.tr, env.at, channel.slot(), value) {
        Try::Ready(()) => Ok(env.heap.ok(Value::UNIT)),
        Try::NotNow => env.heap.err_text("channel full"),
        Try::Closed => env.heap.err_text(CLOSED),
    }
}

/// The four receives that may block.
pub fn recv<E: Engine>(env: &mut Env<'_, E>, builtin: Builtin, args: &[Value]) -> Result<Outcome, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    let value = match env.sched.recv(env.tr, env.at, channel.slot()) {
        Step::Ready(value) => Some(value),
        Step::Closed => None,
        Step::Blocked => return Ok(Outcome::Blocked),
    };
    received(env.heap, mode_of(builtin), channel, value).map(Outcome::Done)
}

/// What a receive gives, by its mode; without a value the channel is closed and drained.
pub fn received(heap: &mut Heap, mode: u8, channel: Value, value: Option<Value>) -> Result<Value, Fault> {
    match (mode, value) {
        (mode::PLAIN, Some(value)) => Ok(value),
        (mode::PLAIN, None) => zero(heap, channel),
        (mode::OPTION, value) => Ok(heap.option(value)),
        (mode::RESULT, Some(value)) => Ok(heap.ok(value)),
        (mode::RESULT, None) => heap.err_text(CLOSED),
        (mode::PAIR, Some(value)) => Ok(heap.tuple(&[value, Value::bool(true)])),
        (mode::PAIR, None) => Ok(heap.tuple(&[Value::UNIT, Value::bool(false)])),
        (mode::DISCARD.., _) => Ok(Value::UNIT),
    }
}

/// `try_recv()`
pub fn try_recv<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    match env.sched.try_recv(env.tr, env.at, channel.slot()) {
        Try::Ready(value) => Ok(env.heap.some(value)),
        Try::NotNow | Try::Closed => Ok(NONE_VALUE),
    }
}

/// `close()`
pub fn close<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    if env.sched.close(env.tr, env.at, channel.slot()) { Ok(Value::UNIT) } else { Err(Fault::panic(CLOSE_CLOSED)) }
}

/// `len()`
pub fn len<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    Ok(Value::usize(env.sched.channel_len(channel.slot()) as u64))
}

/// `capacity()`
pub fn capacity<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    Ok(Value::usize(env.sched.channel_capacity(channel.slot()).into()))
}

/// `is_closed()`
pub fn is_closed<E: Engine>(env: &mut Env<'_, E>, args: &[Value]) -> Result<Value, Fault> {
    let channel = env.seen(arg(args, 0)?, Tag::Channel)?;
    Ok(Value::bool(env.sched.channel_closed(channel.slot())))
}
