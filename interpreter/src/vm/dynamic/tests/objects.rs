//! Channels, locks, wait groups and contexts.

use super::World;
use crate::builtins::Builtin;
use crate::value::Value;
use crate::vm::fault::Outcome;
use crate::vm::sharing::{Warned, Warning};

impl World {
    fn made(&mut self, builtin: Builtin, args: &[Value]) -> Value {
        match self.0.call(builtin, args) {
            Ok(Outcome::Done(value)) => value,
            other => panic!("{builtin:?}: {other:?}"),
        }
    }
}

#[test]
fn channels() {
    let mut world = World::new();
    let (unbuffered, buffered) = (world.made(Builtin::DynChan, &[]), world.made(Builtin::DynChan, &[Value::i64(1)]));
    world.bind('U', unbuffered);
    world.bind('B', buffered);
    world.check(
        "chan -1 => ! ValueError: channel buffer size must be non-negative, got -1
         chan 99999999999 => ! ValueError
         chan 1.5 => ! TypeError
         str U => '<channel unbuffered closed=False>'
         str B => '<channel buffer=1 closed=False>'
         try-send U 1 => False
         try-recv U => (None, False, True)
         try-send B 'x' => True
         try-send B 'y' => False
         len B => 1
         try-recv B => ('x', True, True)
         send B 'z' => None
         close-chan B => None
         chan-closed? B => True
         str B => '<channel buffer=1 closed=True>'
         send B 1 => ! RuntimeError: send on closed channel
         try-send B 1 => ! RuntimeError: send on closed channel
         recv B => ('z', True)
         recv B => (None, False)
         recv B => (None, False)
         try-recv B => (None, False, False)
         chan-closed? U => False
         send 5 1 => ! TypeError: expected channel, got 'int'
         recv => ! TypeError: too few arguments
         recv U => blocked",
    );
}

#[test]
fn closing_twice_has_no_effect_but_a_warning() {
    let mut world = World::new();
    let channel = world.made(Builtin::DynChan, &[]);
    world.bind('C', channel);
    world.check("close-chan C => None");
    assert_eq!(world.0.common.warnings(), []);
    world.check("close-chan C => None\nclose-chan C => None");
    assert_eq!(world.0.common.warnings(), [Warned { warning: Warning::ClosedAgain, site: 0, count: 2 }]);
}

#[test]
fn mutexes() {
    let mut world = World::new();
    let lock = world.made(Builtin::DynMutex, &[]);
    world.bind('M', lock);
    world.check(
        "str M => '<mutex>'
         mutex-lock M => None
         mutex-try-lock M => False
         mutex-unlock M => None
         mutex-try-lock M => True
         mutex-unlock M => None
         mutex-unlock M => fatal: unlock of unlocked mutex
         mutex-lock 5 => ! TypeError: expected mutex or rwmutex, got 'int'
         mutex-lock M => None
         mutex-lock M => blocked",
    );
}

#[test]
fn read_write_locks() {
    let mut world = World::new();
    let lock = world.made(Builtin::DynRwMutex, &[]);
    world.bind('L', lock);
    world.check(
        "str L => '<rwmutex>'
         rwmutex-rlock L => None
         rwmutex-try-rlock L => True
         mutex-try-lock L => False
         mutex-unlock L => fatal: unlock of unlocked rwmutex
         rwmutex-runlock L => None
         rwmutex-runlock L => None
         rwmutex-runlock L => fatal: runlock of rwmutex that nobody reads
         mutex-lock L => None
         rwmutex-try-rlock L => False
         mutex-try-lock L => False
         mutex-unlock L => None
         mutex-try-lock L => True
         mutex-unlock L => None
         rwmutex-rlock L => None
         mutex-lock L => blocked",
    );
}

#[test]
fn wait_groups() {
    let mut world = World::new();
    let group = world.made(Builtin::DynWaitGroup, &[]);
    world.bind('W', group);
    world.check(
        "str W => '<waitgroup>'
         waitgroup-wait W => None
         waitgroup-add W 2 => None
         waitgroup-done W => None
         waitgroup-add W => None
         waitgroup-add W -2 => None
         waitgroup-wait W => None
         waitgroup-done W => fatal: negative WaitGroup counter
         waitgroup-add W 'a' => ! TypeError
         waitgroup-add W 1 => None
         waitgroup-wait W => blocked",
    );
}

#[test]
fn contexts_are_cancelled_once_and_tell_their_children_why() {
    let mut world = World::new();
    let root = world.made(Builtin::DynContextBackground, &[]);
    let parent = world.made(Builtin::DynContextChild, &[root]);
    let child = world.made(Builtin::DynContextChild, &[parent]);
    let grandchild = world.made(Builtin::DynContextTimeout, &[child, Value::i64(1000)]);
    let done = world.made(Builtin::DynContextDone, &[grandchild]);
    let other = world.made(Builtin::DynContextChild, &[root]);
    for (letter, value) in [('R', root), ('P', parent), ('C', child), ('G', grandchild), ('D', done), ('O', other)] {
        world.bind(letter, value);
    }
    world.check(
        "str P => '<context: active>'
         context-error P => None
         context-canceled? P => False
         chan-closed? D => False
         %context-cancel C 'no longer needed' => None
         %context-cancel C 'too late' => None
         context-error C => 'no longer needed'
         context-error G => 'parent context canceled: no longer needed'
         context-canceled? G => True
         chan-closed? D => True
         recv D => (None, False)
         context-error P => None
         %context-cancel P => None
         context-error P => 'context canceled'
         context-error C => 'no longer needed'
         str P => '<context: canceled>'
         context-error R => None
         %context-cancel O None => None
         context-error O => 'context canceled'
         context-done 5 => ! TypeError: expected context, got 'int'",
    );
    let late = world.made(Builtin::DynContextChild, &[parent]);
    let later = world.made(Builtin::DynContextChild, &[late]);
    let now = world.made(Builtin::DynContextTimeout, &[root, Value::i64(0)]);
    for (letter, value) in [('L', late), ('M', later), ('N', now)] {
        world.bind(letter, value);
    }
    world.check(
        "context-error L => 'parent context canceled: context canceled'
         context-error M => 'parent context canceled: parent context canceled: context canceled'
         context-error N => 'deadline exceeded'
         %context-timeout R -1 => ! ValueError: timeout must be non-negative
         %context-timeout R 'a' => ! TypeError: timeout must be a number, not 'str'",
    );
}

#[test]
fn a_context_under_many_is_told_the_whole_way_or_is_out_of_memory() {
    let mut world = World::new();
    let root = world.made(Builtin::DynContextBackground, &[]);
    let mut below = root;
    for _ in 0..10_000 {
        below = world.made(Builtin::DynContextChild, &[below]);
    }
    world.made(Builtin::DynContextCancel, &[root]);
    world.bind('C', below);
    let text = world.run("context-error C");
    assert_eq!(text.matches("parent context canceled: ").count(), 10_000);
}

#[test]
fn time() {
    let mut world = World::new();
    world.check(
        "time => 0.0
         sleep -1 => ! ValueError: sleep length must be non-negative
         sleep nan => ! ValueError
         sleep 'a' => ! TypeError: sleep length must be a number, not 'str'
         time-sleep -0.5 => ! ValueError
         sleep 0.5 => blocked",
    );
    let duration = world.made(Builtin::DynMillis, &[Value::f64(1.5)]);
    assert_eq!(duration.int(), 1_500_000);
    let for_ever = world.made(Builtin::DynMillis, &[Value::f64(f64::INFINITY)]);
    assert_eq!(for_ever.int(), i64::MAX);
}
