//! Tables for arithmetic, comparison, text of values, copies and places; a model for the collector.

use super::arith::{arith, cast, compare, unary};
use super::builtins::testing::World;
use super::fault::Fault;
use super::format;
use super::mark::{self, Marks, Roots};
use super::{equal, heap::Heap};
use crate::core::{BinaryOp, CompareOp, UnaryOp};
use crate::value::{Tag, Value};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// What a value or failure shows as.
fn shown(world: &mut World, result: Result<Value, Fault>) -> String {
    match result {
        Ok(value) => world.show(value),
        Err(Fault::Panic(message)) => format!("! {message}"),
        Err(other) => format!("{other:?}"),
    }
}

/// Checks lines of `a op b => result`, with the operator as it is written.
fn check_binary(table: &str) {
    let mut world = World::new();
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (left, expected) = line.split_once(" => ").expect("a result");
        let symbol = left
            .split_whitespace()
            .find(|word| {
                ["+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>", "==", "<", "<=", ">", ">="].contains(word)
            })
            .expect("an operator");
        let (a, b) = left.split_once(&format!(" {symbol} ")).expect("two operands");
        let (a, b) = (world.parse(a)[0], world.parse(b)[0]);
        let compared = match symbol {
            "==" => Some(CompareOp::Eq),
            "<" => Some(CompareOp::Lt),
            "<=" => Some(CompareOp::Le),
            ">" => Some(CompareOp::Gt),
            ">=" => Some(CompareOp::Ge),
            _ => None,
        };
        let result = match compared {
            Some(op) => compare(&world.heap, op, a, b).map(Value::bool),
            None => {
                let op = BinaryOp::ALL.into_iter().find(|op| op.symbol() == symbol).expect("an operator");
                arith(&mut world.heap, op, a, b)
            }
        };
        assert_eq!(shown(&mut world, result), expected.trim(), "{line}");
    }
}

#[test]
fn arithmetic_of_every_kind() {
    check_binary(
        r#"
        1 + 2 => 3
        2147483647i32 + 1i32 => ! integer overflow in `+`: 2147483647 + 1 does not fit in i32
        -128i8 - 1i8 => ! integer overflow in `-`: -128 - 1 does not fit in i8
        0u8 - 1u8 => ! integer overflow in `-`: 0 - 1 does not fit in u8
        200u8 + 55u8 => 255
        18446744073709551615u64 + 0u64 => 18446744073709551615
        18446744073709551615u64 * 2u64 => ! integer overflow in `*`: 18446744073709551615 * 2 does not fit in u64
        9223372036854775807 * 9223372036854775807 => ! integer overflow in `*`: 9223372036854775807 * 9223372036854775807 does not fit in i64
        7 / 2 => 3
        -7 / 2 => -3
        -7 % 2 => -1
        7 / 0 => ! division by zero
        7u8 % 0u8 => ! division by zero
        -9223372036854775808 / -1 => ! integer overflow in `/`: -9223372036854775808 / -1 does not fit in i64
        -9223372036854775808 % -1 => 0
        2 ** 10 => 1024
        2 ** 63 => ! integer overflow in `**`: 2 ** 63 does not fit in i64
        2 ** -1 => ! negative exponent -1 in `**` of integers
        -1 ** 9223372036854775807 => -1
        1 ** 9223372036854775807 => 1
        12 & 10 => 8
        12 | 3 => 15
        12 ^ 10 => 6
        -1 & 255 => 255
        1u8 << 7 => 128
        255u8 << 1 => 254
        1 << 64 => ! shift out of range: i64 << 64
        1u8 << 8 => ! shift out of range: u8 << 8
        1 >> -1 => ! shift out of range: i64 >> -1
        -8 >> 1 => -4
        true & false => false
        true | false => true
        true ^ true => false
        1.5 + 2.25 => 3.75
        1.0 / 0.0 => inf
        0.1f32 + 0.2f32 => 0.3
        7.5 % 2.0 => 1.5
        2.0 ** 0.5 => 1.414214
        "a" + "b" => ab
        170141183460469231731687303715884105727i128 + 1i128 => ! integer overflow in `+`: 170141183460469231731687303715884105727 + 1 does not fit in i128
        5i128 * 6i128 => 30
        340282366920938463463374607431768211455u128 + 1u128 => ! integer overflow in `+`: 340282366920938463463374607431768211455 + 1 does not fit in u128
        340282366920938463463374607431768211454u128 + 1u128 => 340282366920938463463374607431768211455
        1u128 - 2u128 => ! integer overflow in `-`: 1 - 2 does not fit in u128
        9u128 / 0u128 => ! division by zero
        1u128 << 127 => 170141183460469231731687303715884105728
        1i128 << 128 => ! shift out of range: i128 << 128
        5ms + 3ms => 8ms
        5ms - 8ms => -3ms
        3 * 5ms => 15ms
        5ms * 3u8 => 15ms
        5ms * 1.5 => 7.5ms
        5ms / 2 => 2.5ms
        5ms / 2ms => 2
        5ms / 0 => ! division by zero
        5ms / 0ms => ! division by zero
        9223372036854775807 * 5ms => ! overflow in `*` of a duration
        t5ms - t2ms => 3ms
        t5ms + 2ms => 7ms
        t5ms - 2ms => 3ms
        [1] + [2] => ! internal: + of List and List
        "#,
    );
}

#[test]
fn comparisons() {
    check_binary(
        r#"
        1 == 1 => true
        1u8 == 1i128 => true
        18446744073709551615u64 == -1 => false
        18446744073709551615u64 > 1u64 => true
        1.0 == 1.0 => true
        NaN == NaN => false
        NaN < 1.0 => false
        NaN >= 1.0 => false
        0.0 == -0.0 => true
        "a" < "b" => true
        "ab" > "a" => true
        'a' < 'b' => true
        false < true => true
        (1, 2) < (1, 3) => true
        (1, "b") > (1, "a") => true
        [1, 2] < [1, 2, 3] => true
        [2] > [1, 2, 3] => true
        [] == [] => true
        [1, [2]] == [1, [2]] => true
        [1, [2]] == [1, [3]] => false
        {1: "a", 2: "b"} == {2: "b", 1: "a"} => true
        {1: "a"} == {1: "b"} => false
        set{1, 2} == set{2, 1} => true
        set{{1: 2}} == set{{1: 2}} => true
        Some(1) == Some(1) => true
        Some(1) == None => false
        None < Some(0) => true
        Ok(1) == Err(1) => false
        Stop < Put(1) => true
        Put(2) > Put(1) => true
        P(1, 2) == P(1, 2) => true
        P(1, 2) < P(1, 3) => true
        Id(1) == P(1, 2) => false
        box(1) == box(1) => true
        box([1]) == [1] => true
        cell(2) > 1 => true
        5ms < 6ms => true
        () == () => true
        1 == "1" => false
        {} < {} => ! values of kind map and map have no order
        "#,
    );
}

#[test]
fn unary_operators() {
    let mut world = World::new();
    for (op, value, expected) in [
        (UnaryOp::Neg, "5", "-5"),
        (UnaryOp::Neg, "1.5", "-1.5"),
        (UnaryOp::Neg, "5ms", "-5ms"),
        (UnaryOp::Neg, "-128i8", "! integer overflow in `-`: -(-128) does not fit in i8"),
        (UnaryOp::Neg, "1u8", "! integer overflow in `-`: -(1) does not fit in u8"),
        (UnaryOp::Neg, "0u128", "0"),
        (UnaryOp::Not, "true", "false"),
        (UnaryOp::BitNot, "0u8", "255"),
        (UnaryOp::BitNot, "0", "-1"),
        (UnaryOp::BitNot, "0u128", "340282366920938463463374607431768211455"),
    ] {
        let value = world.parse(value)[0];
        let result = unary(&mut world.heap, op, value);
        assert_eq!(shown(&mut world, result), expected);
    }
}

#[test]
fn casts() {
    let mut world = World::new();
    for (value, to, expected) in [
        ("300", Tag::U8, "44"),
        ("-1", Tag::U32, "4294967295"),
        ("-1", Tag::U64, "18446744073709551615"),
        ("18446744073709551615u64", Tag::I64, "-1"),
        ("255u8", Tag::I8, "-1"),
        ("3.99", Tag::I32, "3"),
        ("-3.99", Tag::U8, "0"),
        ("1e3", Tag::I8, "127"),
        ("NaN", Tag::I64, "0"),
        ("7", Tag::F64, "7.0"),
        ("7", Tag::F32, "7.0"),
        ("0.1", Tag::F32, "0.1"),
        ("97", Tag::Char, "a"),
        ("'a'", Tag::I64, "97"),
        ("true", Tag::I32, "1"),
        ("-1", Tag::Char, "! -1 is not the code of a character"),
        ("55296", Tag::Char, "! 55296 is not the code of a character"),
        ("-1", Tag::I128, "-1"),
        ("-1", Tag::U128, "340282366920938463463374607431768211455"),
        ("340282366920938463463374607431768211455u128", Tag::I64, "-1"),
        ("340282366920938463463374607431768211455u128", Tag::F64, "340282366920938463463374607431768211456.0"),
        ("Stop", Tag::I64, "0"),
        ("5ms", Tag::I64, "5000000"),
        ("\"a\"", Tag::I64, "! a value of kind String cannot be cast to I64"),
    ] {
        let parsed = if value == "1e3" { Value::f64(1e3) } else { world.parse(value)[0] };
        let result = cast(&mut world.heap, parsed, to);
        assert_eq!(shown(&mut world, result), expected, "{value} as {to:?}");
    }
}

#[test]
fn values_show_as_the_language_says() {
    let mut world = World::new();
    for (value, expected) in [
        ("()", "()"),
        ("-5", "-5"),
        ("true", "true"),
        ("3.0", "3.0"),
        ("78.53975", "78.53975"),
        ("3.3333333333", "3.333333"),
        ("0.0000001", "0.0"),
        ("1000000.5", "1000000.5"),
        ("inf", "inf"),
        ("NaN", "NaN"),
        ("2.5f32", "2.5"),
        ("'x'", "x"),
        (r#"["a", "b"]"#, "[a, b]"),
        ("[]", "[]"),
        ("(1, \"a\", 2.0)", "(1, a, 2.0)"),
        ("{\"k\": [1], \"l\": []}", "{k: [1], l: []}"),
        ("{}", "{}"),
        ("set{1, 2}", "{1, 2}"),
        ("Some(Some(1))", "Some(Some(1))"),
        ("None", "None"),
        ("Ok(())", "Ok(())"),
        ("Err(\"bad\")", "Err(bad)"),
        ("Stop", "Stop"),
        ("Put(1)", "Put(1)"),
        ("Pair(1, \"a\")", "Pair(1, a)"),
        ("P(1, Id(2))", "P { x: 1, y: Id(2) }"),
        ("Empty", "Empty"),
        ("box(box([1]))", "[1]"),
        ("elem([1, 2] 1)", "2"),
        ("field(P(1, 2) 1)", "2"),
        ("100ms", "100ms"),
        ("1500ms", "1.5s"),
        ("0ms", "0ns"),
        ("-3ms", "-3ms"),
        ("90000ms", "90s"),
        ("range(1, 5)", "1..5"),
        ("rangeincl(1, 5)", "1..=5"),
        ("-7i128", "-7"),
    ] {
        let parsed = world.parse(value)[0];
        assert_eq!(world.show(parsed), expected, "{value}");
    }
}

#[test]
fn a_preview_quotes_strings_and_stays_short() {
    let mut world = World::new();
    let list = world.parse("[\"a\", 'b', Some(\"c\")]")[0];
    let preview = |world: &mut World, value| format::preview(&world.heap, &mut world.sched, &world.code, value);
    assert_eq!(preview(&mut world, list), r#"["a", 'b', Some("c")]"#);
    let many = world.heap.list((0..100).map(Value::i64).collect()).expect("room");
    assert_eq!(preview(&mut world, many), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, …]");
    let long = world.heap.string("é".repeat(10_000)).expect("room");
    let text = preview(&mut world, long);
    assert!(text.ends_with('…') && text.len() < 210, "{}", text.len());
}

#[test]
fn cycles_and_deep_nesting_neither_hang_nor_crash() {
    let mut world = World::new();
    // A box in a list in the box.
    let cell = world.heap.new_box(Value::UNIT);
    let list = world.heap.list(vec![Value::i64(1), cell]).expect("room");
    world.heap.store_cell(cell, list).expect("a box");
    let text = world.show(list);
    assert!(text.starts_with("[1, [1, ") && text.contains('…') && text.len() < 1000, "{text}");
    let other_cell = world.heap.new_box(Value::UNIT);
    let other = world.heap.list(vec![Value::i64(1), other_cell]).expect("room");
    world.heap.store_cell(other_cell, other).expect("a box");
    assert_eq!(equal::equal(&world.heap, list, other), Ok(true));
    assert_eq!(equal::hash(&world.heap, list), equal::hash(&world.heap, other));
    let mut deep = world.heap.list(Vec::new()).expect("room");
    let mut deep2 = world.heap.list(Vec::new()).expect("room");
    for _ in 0..100_000 {
        deep = world.heap.list(vec![deep]).expect("room");
        deep2 = world.heap.list(vec![deep2]).expect("room");
    }
    assert!(world.show(deep).contains('…'));
    assert_eq!(equal::equal(&world.heap, deep, deep2), Ok(true));
    let copy = world.heap.clone_value(deep).expect("room");
    assert_eq!(equal::equal(&world.heap, deep, copy), Ok(true));
    // A box of a box of … of itself.
    world.heap.store_cell(cell, cell).expect("a box");
    assert_eq!(world.show(cell), "…");
    assert!(equal::equal(&world.heap, cell, Value::i64(1)).is_err());
}

#[test]
fn a_copy_shares_boxes_but_no_containers() {
    let mut world = World::new();
    let original = world.parse("[P([1], 2), {1: [2]}, box([3]), \"s\"]")[0];
    let copy = world.heap.clone_value(original).expect("room");
    let parts = |heap: &Heap, list| heap.elements(list).expect("a list").to_vec();
    let (old, new) = (parts(&world.heap, original), parts(&world.heap, copy));
    assert_ne!(old[0], new[0]);
    assert_ne!(world.heap.field(old[0], 0), world.heap.field(new[0], 0));
    assert_ne!(old[1], new[1]);
    assert_eq!(old[2..], new[2..]);
    let key = Value::i64(1);
    assert_ne!(world.heap.map_get(old[1], key), world.heap.map_get(new[1], key));
    assert_eq!(world.show(copy), world.show(original));
}

#[test]
fn an_aggregate_takes_over_the_content_that_is_stored_through_its_reference() {
    let mut world = World::new();
    for (target, value) in
        [("[1]", "[2, 3]"), ("P(1, 2)", "P(3, 4)"), ("{1: 2}", "{}"), ("set{1}", "set{2}"), ("box(1)", "2")]
    {
        let (target, value) = (world.parse(target)[0], world.parse(value)[0]);
        world.heap.store(target, value).expect("the same kind");
        assert_eq!(world.show(target), world.show(value));
    }
    let (list, text) = (world.parse("[1]")[0], world.parse("\"a\"")[0]);
    assert!(world.heap.store(list, text).is_err());
    let element = world.parse("elem([1, 2] 5)")[0];
    let expected = Err(Fault::panic("index out of range: the length is 2 but the index is 5"));
    assert_eq!(world.heap.store(element, Value::i64(1)), expected);
}

#[test]
fn indexing() {
    let mut world = World::new();
    for (container, index, expected) in [
        ("[1, 2]", "1", "2"),
        ("[1, 2]", "2u8", "! index out of range: the length is 2 but the index is 2"),
        ("[1, 2]", "-1", "! index out of range: the length is 2 but the index is -1"),
        ("{\"a\": 1}", "\"a\"", "1"),
        ("{\"a\": 1}", "\"b\"", "! key not found: b"),
        ("\"häh\"", "1", "ä"),
        ("\"hi\"", "2", "! index out of range: the length is 2 but the index is 2"),
    ] {
        let (container, index) = (world.parse(container)[0], world.parse(index)[0]);
        let result = world.heap.get_index(container, index);
        assert_eq!(shown(&mut world, result), expected);
    }
    for (container, range, expected) in [
        ("[1, 2, 3]", "range(1, 3)", "[2, 3]"),
        ("[1, 2, 3]", "rangeincl(0, 1)", "[1, 2]"),
        ("[1, 2, 3]", "range(1, 4)", "! slice out of range: the length is 3 but the slice is 1..4"),
        ("\"hello\"", "range(1, 3)", "el"),
    ] {
        let (container, range) = (world.parse(container)[0], world.parse(range)[0]);
        let result = world.heap.get_slice(container, range);
        assert_eq!(shown(&mut world, result), expected);
    }
}

#[test]
fn endless_growth_is_a_fault_of_the_guest() {
    let mut world = World::new();
    world.heap = Heap::new(1 << 20);
    let list = world.heap.list(Vec::new()).expect("room");
    let mut pushed = 0;
    let fault = loop {
        match world.heap.push(list, Value::i64(pushed)) {
            Ok(()) => pushed += 1,
            Err(fault) => break fault,
        }
    };
    assert!(matches!(&fault, Fault::Panic(m) if m.starts_with("out of memory")), "{fault:?}");
    assert!((10_000..65_536).contains(&pushed), "{pushed}");
    assert!(world.heap.repeat(Value::UNIT, u64::MAX).is_err());
    let map = world.heap.map();
    assert!((0..).find_map(|n| world.heap.map_insert(map, Value::i64(n), Value::UNIT).err()).is_some());
}

/// Builds a random graph: each step makes an object that refers to earlier ones, or changes an earlier one.
fn grow(heap: &mut Heap, steps: &[(u8, u16, u16)]) -> Vec<Value> {
    let mut objects = vec![heap.list(Vec::new()).expect("room")];
    for &(what, i, j) in steps {
        let (a, b) = (objects[i as usize % objects.len()], objects[j as usize % objects.len()]);
        let made = match what % 9 {
            0 => heap.list(vec![a, b]).expect("room"),
            1 => heap.tuple(&[a, b]),
            2 => heap.structure(0, &[a, b, a, b, a]),
            3 => heap.new_box(a),
            4 => heap.closure(0, &[a]),
            5 => {
                let map = heap.map();
                heap.map_insert(map, Value::i64(i.into()), a).expect("room");
                map
            }
            6 => heap.index_ref(a, b),
            7 => heap.string(format!("{i}")).expect("room"),
            // A back edge: cycles.
            _ => {
                if a.is(Tag::Box) {
                    heap.store_cell(a, b).expect("a box");
                } else if a.is(Tag::List) {
                    heap.push(a, b).expect("room");
                }
                continue;
            }
        };
        objects.push(made);
    }
    objects
}

/// Everything that a set of values reaches, the slow and obvious way.
fn reachable(heap: &Heap, roots: &[Value]) -> BTreeSet<(u8, u64)> {
    let mut seen = BTreeSet::new();
    let mut pending = roots.to_vec();
    while let Some(value) = pending.pop() {
        if !seen.insert((value.tag, value.payload)) {
            continue;
        }
        match value.kind() {
            Tag::List => pending.extend(heap.elements(value).expect("a list").iter()),
            Tag::Tuple | Tag::Struct | Tag::Closure => {
                pending.extend(heap.record_of(value).expect("a record").fields())
            }
            Tag::Box => pending.push(heap.cell_content(value).expect("a box")),
            Tag::Map => pending.extend(heap.table(value).expect("a map").iter().flat_map(|(k, v)| [k, v])),
            Tag::IndexRef => pending.extend(heap.ref_parts(value)),
            _ => {}
        }
    }
    seen
}

proptest! {
    #[test]
    fn a_collection_frees_exactly_what_nothing_reaches(
        steps in proptest::collection::vec((any::<u8>(), any::<u16>(), any::<u16>()), 0..300),
        roots in proptest::collection::vec(any::<u16>(), 0..6),
    ) {
        let mut world = World::new();
        let objects = grow(&mut world.heap, &steps);
        let globals: Vec<Value> = roots.iter().map(|&i| objects[i as usize % objects.len()]).collect();
        let keep = reachable(&world.heap, &globals);
        let kept: Vec<Value> = objects.iter().copied().filter(|v| keep.contains(&(v.tag, v.payload))).collect();
        let shown: Vec<String> = kept.iter().map(|&v| format::plain(&world.heap, v)).collect();
        let roots = Roots { globals: &globals, constants: &[] };
        let mut marks = Marks::default();
        mark::collect(&mut world.heap, &mut world.sched, &world.code, roots, &mut marks);
        prop_assert_eq!(world.heap.objects(), kept.len());
        let after: Vec<String> = kept.iter().map(|&v| format::plain(&world.heap, v)).collect();
        prop_assert_eq!(shown, after);
        // Bytes are counted as they were added: with nothing left, only the scheduler weighs something.
        let none = Roots { globals: &[], constants: &[] };
        mark::collect(&mut world.heap, &mut world.sched, &world.code, none, &mut marks);
        prop_assert_eq!(world.heap.objects(), 0);
        prop_assert_eq!(world.heap.bytes(), world.sched.bytes());
    }
}

#[test]
fn objects_of_the_scheduler_live_as_long_as_something_reaches_them() {
    use crate::builtins::Builtin;
    use crate::vm::fault::Outcome;
    use tracer::finding::ObjectKind;
    let mut world = World::new();
    let mut make = |builtin, args: &[Value]| match world.call(builtin, args) {
        Ok(Outcome::Done(value)) => value,
        other => panic!("{other:?}"),
    };
    // A channel in a mutex in a channel; the innermost buffers a list.
    let inner = make(Builtin::ChannelNew, &[Value::i64(1), Value::NONE]);
    let mutex = make(Builtin::MutexNew, &[inner]);
    let outer = make(Builtin::ChannelNew, &[Value::i64(1), Value::NONE]);
    make(Builtin::ChannelSend, &[outer, mutex]);
    // Garbage: a cycle of two channels.
    let (a, b) = (
        make(Builtin::ChannelNew, &[Value::i64(1), Value::NONE]),
        make(Builtin::ChannelNew, &[Value::i64(1), Value::NONE]),
    );
    make(Builtin::ChannelSend, &[a, b]);
    make(Builtin::ChannelSend, &[b, a]);
    let list = world.parse("[1, 2]")[0];
    world.run(Builtin::ChannelSend, &[inner, list]);
    let mut marks = Marks::default();
    let globals = [outer];
    mark::collect(
        &mut world.heap,
        &mut world.sched,
        &world.code,
        Roots { globals: &globals, constants: &[] },
        &mut marks,
    );
    assert_eq!(world.sched.count(ObjectKind::Channel), 2);
    assert_eq!(world.sched.count(ObjectKind::Mutex), 1);
    assert_eq!(world.show(list), "[1, 2]");
    mark::collect(&mut world.heap, &mut world.sched, &world.code, Roots { globals: &[], constants: &[] }, &mut marks);
    assert_eq!(world.sched.count(ObjectKind::Channel), 0);
    assert_eq!(world.sched.count(ObjectKind::Mutex), 0);
    assert_eq!(world.heap.objects(), 0);
}

#[test]
fn code_that_does_not_verify_is_not_run() {
    use super::machine::{Limits, Program};
    use super::run::{RunOptions, run};
    use crate::bytecode::instr::{Instr, Reg};
    use crate::bytecode::{Op, program::FunctionCode};
    use tracer::finding::Verdict;
    let mut code = super::builtins::testing::names();
    assert!(Program::new(&code).is_err(), "there is no `main`");
    // A register outside the frame.
    code.instrs.push(Instr::new(Op::Return, 0, Reg(7).operand(), 0, 0));
    code.functions.push(FunctionCode {
        name: "main".into(),
        kind: crate::core::FunctionKind::Plain,
        start: 0,
        end: 1,
        captures: 0,
        params: 0,
        optional: 0,
        rest: false,
        parameters: Vec::new(),
        registers: 1,
        span: Default::default(),
        prelude: false,
        locals: Vec::new(),
        cleanups: Vec::new(),
    });
    code.spans.push(Default::default());
    let limits = Limits { memory: 1 << 20, tasks: 1 };
    let options = RunOptions { seed: Some(0), real_time: false, limits, stop_at_main: false, sample: None };
    let io = super::io::Io::memory();
    let ran = run(&code, &options, tracer::record::Off, io, Default::default(), &mut |_| ());
    assert_eq!(ran.report.verdict, Verdict::Panic);
    assert!(ran.report.findings[0].message.contains("not valid"), "{:?}", ran.report.findings);
}
