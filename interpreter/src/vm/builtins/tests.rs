//! One table for each family of built-ins.

use super::testing::World;
use crate::builtins::Builtin;
use crate::value::{Tag, Value};
use crate::vm::heap::NONE_VALUE;

#[test]
fn lists() {
    World::new().check(
        r#"
        ListNew => []
        ListWithCapacity 5 => []
        ListWithCapacity -1 => ! negative capacity: -1
        ListPush [1] 2 => (); [1, 2]
        ListPush [] "a" => (); [a]
        ListPush box([1]) 2 => (); [1, 2]
        ListPush elem([[1], []] 1) 2 => (); [2]
        ListPush field(P([], 0) 0) 2 => (); [2]
        ListPush 1 2 => ! internal: expected list, found I64
        ListPop [1, 2] => Some(2); [1]
        ListPop [] => None
        ListInsert [1, 3] 1 2 => (); [1, 2, 3]
        ListInsert [1] 1 2 => (); [1, 2]
        ListInsert [1] 0 2 => (); [2, 1]
        ListInsert [1] 2 2 => ! index out of range: the length is 1 but the index is 2
        ListInsert [1] -1 2 => ! index out of range: the length is 1 but the index is -1
        ListRemove [1, 2, 3] 1 => 2; [1, 3]
        ListRemove [1, 2, 3] 5 => ! index out of range: the length is 3 but the index is 5
        ListRemove [1, 2, 3] 2u8 => 3; [1, 2]
        ListRemove [1, 2, 3] 2i128 => 3; [1, 2]
        ListRemove [1, 2, 3] 3u128 => ! index out of range: the length is 3 but the index is 3
        ListClear [1, 2] => (); []
        ListSet [1, 2] 0 9 => (); [9, 2]
        ListSet [1, 2] 2 9 => ! index out of range: the length is 2 but the index is 2
        ListLen [1, 2] => 2
        ListIsEmpty [] => true
        ListIsEmpty [()] => false
        ListGet [1, 2] 1 => Some(2)
        ListGet [1, 2] 2 => None
        ListGet [1, 2] -1 => None
        ListFirst [1, 2] => Some(1)
        ListFirst [] => None
        ListLast [1, 2] => Some(2)
        ListCopyAt [[1], [2]] 1 => [2]
        ListCopyAt [] 0 => ! index out of range: the length is 0 but the index is 0
        ListSwap [1, 2, 3] 0 2 => (); [3, 2, 1]
        ListSwap [1, 2, 3] 0 3 => ! index out of range: the length is 3 but the index is 3
        ListReverse [1, 2, 3] => (); [3, 2, 1]
        ListSort [3, 1, 2] => (); [1, 2, 3]
        ListSort [3u64, 18446744073709551615u64, 2u64] => (); [2, 3, 18446744073709551615]
        ListSort ["b", "a", "ab"] => (); [a, ab, b]
        ListSort [(2, "x"), (1, "z"), (1, "y")] => (); [(1, y), (1, z), (2, x)]
        ListSort [Some(2), None, Some(1)] => (); [None, Some(1), Some(2)]
        ListSort [2.5, -1.0, 0.5] => (); [-1.0, 0.5, 2.5]
        ListSort ['b', 'a'] => (); [a, b]
        ListSort [true, false] => (); [false, true]
        ListSort [5ms, 3ms] => (); [3ms, 5ms]
        ListSort [{1: 2}, {}] => ! values of kind map and map have no order
        ListContains [1, 2] 2 => true
        ListContains [[1], [2]] [2] => true
        ListContains ["a"] "b" => false
        ListIndexOf [1, 2, 2] 2 => Some(1)
        ListIndexOf [] 2 => None
        ListJoin [1, 2, 3] ", " => 1, 2, 3
        ListJoin ["a", "b"] => ab
        ListJoin [] "-" =>
        ListExtend [1] [2, 3] => (); [1, 2, 3]
        ListSlice [1, 2, 3] 1 3 => [2, 3]
        ListSlice [1, 2, 3] 1 1 => []
        ListSlice [1, 2, 3] 2 1 => ! slice out of range: it starts at 2 but ends at 1
        ListSlice [1, 2, 3] 1 4 => ! slice out of range: the length is 3 but the slice is 1..4
        ListEnumerate ["a", "b"] => [(0, a), (1, b)]
        ListTruncate [1, 2, 3] 2 => (); [1, 2]
        ListTruncate [1, 2, 3] 9 => ()
        ListSum [1, 2, 3] => 6
        ListSum [1.5, 2.0] => 3.5
        ListSum [] => 0
        ListSum [9223372036854775807, 1] => ! integer overflow in `+`: 9223372036854775807 + 1 does not fit in i64
        ListMin [3, 1, 2] => Some(1)
        ListMax ["a", "c", "b"] => Some(c)
        ListMax [] => None
        "#,
    );
}

#[test]
fn what_a_signature_calls_a_clone_shares_nothing() {
    let mut world = World::new();
    let table = "ListPush A 9 => (); [[1], [2], 9]\nListPush B 9 => (); [[1], 9]\nListPush C 9 => (); [1, 9]";
    let list = world.parse("[[1], [2]]")[0];
    world.bound.insert('A', list);
    let slice = world.parse("0 1");
    let slice = world.call(Builtin::ListSlice, &[list, slice[0], slice[1]]);
    let Ok(crate::vm::fault::Outcome::Done(slice)) = slice else { panic!("{slice:?}") };
    world.bound.insert('B', slice);
    let inner = world.heap.elements(slice).expect("a list")[0];
    world.bound.insert('C', inner);
    world.check(table);
    assert_eq!(world.show(list), "[[1], [2], 9]");
    assert_eq!(world.show(slice), "[[1, 9], 9]");
}

#[test]
fn strings() {
    World::new().check(
        r#"
        StringLen "häh" => 4
        StringIsEmpty "" => true
        StringTrim "  a b " => a b
        StringToUpper "aß" => ASS
        StringToLower "AB" => ab
        StringContains "hello" "ell" => true
        StringContains "hello" 'h' => true
        StringContains "hello" "x" => false
        StringStartsWith "hello" "he" => true
        StringEndsWith "hello" "he" => false
        StringIndexOf "hello" "l" => Some(2)
        StringIndexOf "hello" "x" => None
        StringReplace "a-b-c" "-" "+" => a+b+c
        StringReplace "ab" "" "." => .a.b.
        StringSplit "a,b,,c" "," => [a, b, , c]
        StringSplit "abc" "" => [a, b, c]
        StringSplit "" "," => []
        StringRepeat "ab" 3 => ababab
        StringRepeat "ab" 0 =>
        StringRepeat "ab" -1 => ! negative count: -1
        StringRepeat "abcdefgh" 100000000 => ! out of memory: 762.9 MiB more on top of...
        StringChars "añ" => [a, ñ]
        StringSubstring "hello" 1 3 => el
        StringSubstring "häh" 1 3 => ä
        StringSubstring "häh" 1 2 => ! slice 1..2 cuts a character of the string in two
        StringSubstring "hi" 1 9 => ! slice out of range: the length is 2 but the slice is 1..9
        StringParseInt " 42 " => Some(42)
        StringParseInt "4x" => None
        StringParseInt "99999999999999999999" => None
        StringParseFloat "2.5" => Some(2.5)
        StringParseFloat "x" => None
        StringLines "a\nb" => [a, b]
        StringCharAt "häh" 1 => Some(ä)
        StringCharAt "hi" 2 => None
        StringCharAt "hi" -1 => None
        "#,
    );
}

#[test]
fn maps_and_sets() {
    World::new().check(
        r#"
        MapNew => {}
        MapInsert {} "a" 1 => true; {a: 1}
        MapInsert {"a": 1, "b": 2} "a" 3 => false; {a: 3, b: 2}
        MapGet {"a": 1} "a" => Some(1)
        MapGet {"a": 1} "b" => None
        MapGet {(1, "x"): 1} (1, "x") => Some(1)
        MapGet {1: 1} 1u8 => Some(1)
        MapGet {0.0: 1} -0.0 => Some(1)
        MapGet {[1, 2]: 1} [1, 2] => Some(1)
        MapGet {Some(1): 1} Some(1) => Some(1)
        MapGet {None: 1} None => Some(1)
        MapGetOwned {"a": [1]} "a" => Some([1])
        MapGetOr {"a": 1} "a" 5 => 1
        MapGetOr {"a": 1} "b" 5 => 5
        MapContains {"a": 1} "a" => true
        MapContainsKey {"a": 1} "b" => false
        MapRemove {"a": 1, "b": 2, "c": 3} "b" => Some(2); {a: 1, c: 3}
        MapRemove {"a": 1} "b" => None
        MapLen {1: 1, 2: 2} => 2
        MapIsEmpty {} => true
        MapKeys {3: "c", 1: "a"} => [3, 1]
        MapValues {3: "c", 1: "a"} => [c, a]
        MapClear {1: 1} => (); {}
        SetNew => {}
        SetInsert set{1} 2 => true; {1, 2}
        SetInsert set{1} 1 => false
        SetContains set{"a"} "a" => true
        SetRemove set{1, 2} 1 => true; {2}
        SetRemove set{1, 2} 3 => false
        SetLen set{1, 1, 2} => 2
        SetIsEmpty set{} => true
        SetToList set{3, 1} => [3, 1]
        SetClear set{1} => (); {}
        "#,
    );
}

#[test]
fn boxes() {
    World::new().check(
        r#"
        BoxNew 1 => 1
        BoxGet box([1]) => [1]
        BoxSet box(1) 2 => (); 2
        BoxSwap box(1) 2 => 1; 2
        BoxTake box(1) => 1; <moved>
        BoxGetRef box("a") => a
        BoxGetRefMut box([1]) => [1]
        BoxClone box(1) => 1
        "#,
    );
}

#[test]
fn a_box_that_was_emptied_panics_until_it_is_filled_again() {
    let mut world = World::new();
    let cell = world.parse("box(1)")[0];
    world.bound.insert('B', cell);
    world.check(
        r#"
        BoxTake B => 1; <moved>
        BoxGet B => ! use of a Box whose content was taken
        BoxTake B => ! use of a Box whose content was taken
        BoxSwap B 1 => ! use of a Box whose content was taken
        BoxSet B 7 => (); 7
        BoxGet B => 7
        "#,
    );
}

#[test]
fn numbers() {
    World::new().check(
        r#"
        Abs -3 => 3
        Abs -2.5 => 2.5
        Abs -5ms => 5ms
        Abs 3u8 => 3
        Abs -128i8 => ! integer overflow in `-`: -(-128) does not fit in i8
        MinOf 1 2 => 1
        MaxOf 1 2 => 2
        MaxOf "a" "b" => b
        MinOf NaN 1.0 => 1.0
        MinOf 1.0 NaN => 1.0
        Sqrt 2.0 => 1.414214
        Floor -1.5 => -2.0
        Ceil 1.2 => 2.0
        Round 2.5 => 3.0
        PowFloat 2.0 0.5 => 1.414214
        Sqrt 4 => ! internal: expected a float, found I64
        WrappingAdd 255u8 1u8 => 0
        WrappingSub 0u32 1u32 => 4294967295
        WrappingMul 9223372036854775807 2 => -2
        WrappingMul 18446744073709551615u64 18446744073709551615u64 => 1
        WrappingAdd 340282366920938463463374607431768211455u128 2u128 => 1
        WrappingAdd 170141183460469231731687303715884105727i128 1i128 => -170141183460469231731687303715884105728
        CharToInt 'a' => 97
        CharIsDigit '7' => true
        CharIsAlpha 'é' => true
        CharIsSpace ' ' => true
        CharToUpper 'é' => É
        CharToUpper 'ß' => ß
        CharToLower 'A' => a
        RandomInt 3 4 => 3
        RandomInt 4 4 => ! randomInt of an empty range: 4..4
        "#,
    );
}

#[test]
fn random_numbers_stay_in_their_range() {
    let mut world = World::new();
    for (lo, hi) in [(0, 10), (-5, 5), (i64::MIN, i64::MAX), (0, 1 << 40)] {
        for _ in 0..100 {
            let got = world.run(Builtin::RandomInt, &[Value::i64(lo), Value::i64(hi)]);
            let got: i64 = got.parse().expect("a number");
            assert!(lo <= got && got < hi, "{lo} {got} {hi}");
        }
    }
    for _ in 0..100 {
        let got: f64 = world.run(Builtin::Random, &[]).parse().expect("a float");
        assert!((0.0..=1.0).contains(&got));
    }
}

#[test]
fn time() {
    World::new().check(
        r#"
        Now => 0ns
        TimeSub t5ms t2ms => 3ms
        TimeElapsed t0ms => 0ns
        DurationFromNanos 5 => 5ns
        DurationFromMicros 250 => 250µs
        DurationFromMillis 1500 => 1.5s
        DurationFromSecs 90u8 => 90s
        DurationFromSecs 99999999999 => ! a duration of more than 292 years
        DurationNanos 2ms => 2000000
        DurationMicros 2ms => 2000
        DurationMillis 1999999ns => 1
        DurationSecs 1500ms => 1
        DurationSecsFloat 1500ms => 1.5
        NewTicker 0ms => ! the period of a ticker must be longer than nothing
        After 5ms => Channel(cap 1)
        YieldNow => yield
        Sleep 5ms => blocked
        "#,
    );
}

#[test]
fn channels() {
    let mut world = World::new();
    let channel = |world: &mut World, capacity: u64, zero: Value| {
        let made = world.call(Builtin::ChannelNew, &[Value::usize(capacity), zero]);
        let Ok(crate::vm::fault::Outcome::Done(channel)) = made else { panic!("{made:?}") };
        channel
    };
    let b = channel(&mut world, 2, Value::i64(0));
    let n = channel(&mut world, 1, Value::NONE);
    world.bound.extend([('B', b), ('N', n)]);
    world.check(
        r#"
        ChannelNew -1 () => ! negative channel capacity: -1
        ChannelLen B => 0
        ChannelCapacity B => 2
        ChannelTryRecv B => None
        ChannelSend B 1 => ()
        ChannelSendBool B 2 => true
        ChannelTrySend B 3 => Err(channel full)
        ChannelLen B => 2
        ChannelRecvValue B => 1
        ChannelSendResult B 4 => Ok(())
        ChannelClose B => ()
        ChannelClose B => ! close of closed channel
        ChannelIsClosed B => true
        ChannelSend B 5 => ! send on closed channel
        ChannelSendBool B 5 => false
        ChannelSendResult B 5 => Err(channel closed)
        ChannelTrySend B 5 => Err(channel closed)
        ChannelRecv B => Some(2)
        ChannelTryRecv B => Some(4)
        ChannelRecvValue B => 0
        ChannelRecvDiscard B => ()
        ChannelRecv B => None
        ChannelRecvResult B => Err(channel closed)
        ChannelTryRecv B => None
        ChannelTrySend N "a" => Ok(())
        ChannelRecvResult N => Ok(a)
        ChannelClose N => ()
        ChannelRecvDiscard N => ()
        ChannelRecvValue N => ! receive on closed channel
        "#,
    );
    for (zero, shown) in [("0", "0"), ("0.0", "0.0"), ("false", "false"), ("\"\"", ""), ("()", "()"), ("[]", "[]")]
        .into_iter()
        .chain([("{}", "{}"), ("set{}", "{}"), ("None", "None"), ("0u128", "0"), ("0ms", "0ns")])
    {
        let zero = world.parse(zero)[0];
        let closed = channel(&mut world, 0, zero);
        world.run(Builtin::ChannelClose, &[closed]);
        assert_eq!(world.run(Builtin::ChannelRecvValue, &[closed]), shown);
    }
    let empty = channel(&mut world, 0, NONE_VALUE);
    assert_eq!(world.run(Builtin::ChannelRecv, &[empty]), "blocked");
}

#[test]
fn locks() {
    let mut world = World::new();
    let mut made = |builtin, args: &str| {
        let args = world.parse(args);
        match world.call(builtin, &args) {
            Ok(crate::vm::fault::Outcome::Done(value)) => value,
            other => panic!("{other:?}"),
        }
    };
    let handles = [
        ('M', made(Builtin::MutexNew, "[1]")),
        ('R', made(Builtin::RwLockNew, "5")),
        ('O', made(Builtin::OnceNew, "")),
        ('A', made(Builtin::BarrierNew, "1")),
        ('W', made(Builtin::WaitGroupNew, "")),
        ('X', made(Builtin::SemaphoreNew, "1")),
    ];
    world.bound.extend(handles);
    world.check(
        r#"
        MutexTryLock M => Some([1])
        MutexTryLock M => None
        RwLockTryRead R => Some(5)
        RwLockTryRead R => Some(5)
        RwLockTryWrite R => None
        OnceIsDone O => false
        OnceBegin O => true
        OnceEnd O => ()
        OnceBegin O => false
        OnceIsDone O => true
        BarrierNew -2 => ! negative number of parties: -2
        BarrierWait A => true
        WaitGroupWait W => ()
        WaitGroupAdd W 2 => ()
        WaitGroupDone W => ()
        WaitGroupAdd W -1 => ()
        WaitGroupDone W => ! negative WaitGroup counter
        SemaphoreNew -1 => ! negative number of permits: -1
        SemaphoreTryAcquire X => true; Semaphore(0)
        SemaphoreTryAcquire X => false
        SemaphoreRelease X => (); Semaphore(1)
        SemaphoreAcquire X => (); Semaphore(0)
        MutexLock M => blocked
        "#,
    );
}

#[test]
fn a_guard_is_seen_through_and_released() {
    let mut world = World::new();
    let list = world.parse("[1]");
    let Ok(crate::vm::fault::Outcome::Done(mutex)) = world.call(Builtin::MutexNew, &list) else { panic!("made") };
    let Ok(crate::vm::fault::Outcome::Done(guard)) = world.call(Builtin::MutexLock, &[mutex]) else { panic!("free") };
    assert!(guard.is(Tag::MutexGuard));
    world.bound.extend([('G', guard), ('M', mutex)]);
    world.check(
        r#"
        ListPush G 2 => (); [1, 2]
        ListLen G => 2
        CloneValue G => [1, 2]
        Equal G [1, 2] => true
        MutexTryLock M => None
        Release G => ()
        MutexTryLock M => Some([1, 2])
        Release 5 => ()
        "#,
    );
}

#[test]
fn atomics() {
    let mut world = World::new();
    for (name, initial) in [('A', "5i32"), ('B', "true"), ('U', "255u8"), ('Z', "7usize")] {
        let initial = world.parse(initial);
        let Ok(crate::vm::fault::Outcome::Done(atomic)) = world.call(Builtin::AtomicNew, &initial) else {
            panic!("made")
        };
        world.bound.insert(name, atomic);
    }
    world.check(
        r#"
        AtomicLoad A => 5
        AtomicStore A 6i32 => (); Atomic(6)
        AtomicSwap A 7i32 => 6; Atomic(7)
        AtomicAdd A 3i32 => 7; Atomic(10)
        AtomicAdd A 2147483647i32 => 10; Atomic(-2147483639)
        AtomicStore A 12i32 => (); Atomic(12)
        AtomicSub A 2i32 => 12; Atomic(10)
        AtomicAnd A 6i32 => 10; Atomic(2)
        AtomicOr A 5i32 => 2; Atomic(7)
        AtomicXor A 1i32 => 7; Atomic(6)
        AtomicCompareExchange A 6i32 8i32 => Ok(6); Atomic(8)
        AtomicCompareExchange A 6i32 9i32 => Err(8)
        AtomicSwap B false => true; Atomic(false)
        AtomicAdd U 2u8 => 255; Atomic(1)
        AtomicSub Z 8usize => 7; Atomic(18446744073709551615)
        AtomicNew "a" => ! an atomic cannot hold a value of kind String
        "#,
    );
}

#[test]
fn contexts() {
    let mut world = World::new();
    let mut made = |builtin, args: &[Value]| match world.call(builtin, args) {
        Ok(crate::vm::fault::Outcome::Done(value)) => value,
        other => panic!("{other:?}"),
    };
    let root = made(Builtin::ContextBackground, &[]);
    let child = made(Builtin::ContextWithCancel, &[root]);
    let timed = made(Builtin::ContextWithTimeout, &[child, Value::new(Tag::Duration, 5_000_000)]);
    world.bound.extend([('R', root), ('C', child), ('T', timed)]);
    let args = world.parse("T \"user\" [1]");
    let Ok(crate::vm::fault::Outcome::Done(valued)) = world.call(Builtin::ContextWithValue, &args) else {
        panic!("made")
    };
    world.bound.insert('V', valued);
    world.check(
        r#"
        ContextValue V "user" => Some([1])
        ContextValue V "x" => None
        ContextHasValue V "user" => true
        ContextHasValue T "user" => false
        ContextIsDone V => false
        ContextCause V =>
        ContextRemaining T => 5ms
        ContextDone C => Channel(cap 0)
        ContextCancel C => ()
        ContextIsDone R => false
        ContextIsDone V => true
        ContextIsCanceled V => true
        ContextIsTimeout V => false
        ContextCause C => context canceled
        "#,
    );
    let Ok(crate::vm::fault::Outcome::Done(done)) = world.call(Builtin::ContextDone, &[valued]) else { panic!("made") };
    assert_eq!(world.run(Builtin::ChannelRecvValue, &[done]), "()");
}

#[test]
fn text_and_output() {
    let mut world = World::new();
    world.check(
        r#"
        ToString [1, "a"] => [1, a]
        Equal (1, "a") (1, "a") => true
        Equal (1, "a") (1, "b") => false
        CloneValue [[1], {1: [2]}] => [[1], {1: [2]}]
        ReadLine => None
        Args => []
        Exit 3 => Exit(3)
        Print "hello" => ()
        Print 5 => ()
        Eprint "oh" => ()
        "#,
    );
    let io = world.common.io();
    assert_eq!((io.stdout(), io.stderr()), ("hello5", "oh"));
}

#[test]
fn a_missing_or_wrong_argument_never_harms_the_host() {
    let mut world = World::new();
    let odd = world.parse(r#"-1 "x" [] {} (1, 2) None 1.5 'c' () 99999999999999999999999i128 5ms P(1, 2)"#);
    for &builtin in Builtin::ALL {
        // Whatever blocks would leave the world without a running task; those are covered by their own tables.
        if matches!(builtin, Builtin::Sleep) {
            continue;
        }
        let _ = world.call(builtin, &[]);
        for &a in &odd {
            let _ = world.call(builtin, &[a]);
            for &b in &odd {
                let _ = world.call(builtin, &[a, b, a]);
            }
        }
    }
}
