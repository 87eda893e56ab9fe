//! Values as text.

use super::World;
use crate::value::{Tag, Value};
use crate::vm::dynamic::plain_text;
use crate::vm::dynamic::text::float_text;
use crate::vm::heap::Heap;

#[test]
fn strings_are_raw_at_the_top_and_quoted_inside() {
    World::new().check(
        r#"str 'a' => 'a'
         str 1 'a' None => '1aNone'
         str => ''
         str ['a' 1] => "['a', 1]"
         repr 'a' => "'a'"
         repr "it's" => '"it\'s"'
         str True => 'True'
         str 2.0 => '2.0'
         list ['a' 'b'] 1 => [['a', 'b'], 1]
         tuple (1, True) => (1, True)
         tuple [1] => (1,)
         dict {'k': 3} => {'k': 3}
         list 'a\\b' => ['a', '\\', 'b']
         list ['tab\tnew\n'] 0 => [['tab\tnew\n'], 0]"#,
    );
}

#[test]
fn floats_have_the_fewest_digits_that_read_back() {
    let cases = [
        (0.1, "0.1"),
        (2.0, "2.0"),
        (-0.0, "-0.0"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1e20, "1e+20"),
        (1.5e300, "1.5e+300"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (123456789.123, "123456789.123"),
        (f64::MAX, "1.7976931348623157e+308"),
        (5e-324, "5e-324"),
        (f64::NAN, "nan"),
        (f64::NEG_INFINITY, "-inf"),
        (1.0 / 3.0, "0.3333333333333333"),
        (0.1 + 0.2, "0.30000000000000004"),
    ];
    for (x, expected) in cases {
        assert_eq!(float_text(x), expected);
    }
}

#[test]
fn what_contains_itself_or_is_nested_deeply_is_cut_off() {
    let mut world = World::new();
    let list = world.list(vec![Value::i64(1)]);
    world.0.heap.push(list, list).expect("room");
    assert_eq!(world.repr(list), "[1, [...]]");
    let dict = world.0.heap.map();
    world.0.heap.map_insert(dict, Value::i64(1), dict).expect("room");
    assert_eq!(world.repr(dict), "{1: {...}}");
    let shared = world.list(vec![]);
    let twice = world.list(vec![shared, shared]);
    assert_eq!(world.repr(twice), "[[], []]");
    let mut deep = world.list(vec![]);
    for _ in 0..100_000 {
        deep = world.list(vec![deep]);
    }
    let text = world.repr(deep);
    assert!(text.contains("[[...]]") && text.len() < 3000, "{}", text.len());
}

#[test]
fn a_text_that_would_be_longer_than_memory_is_not_made() {
    let mut world = World::new();
    world.0.heap = Heap::new(1 << 20);
    let mut list = world.list(vec![Value::i64(1)]);
    for _ in 0..60 {
        list = world.list(vec![list, list]);
    }
    world.bind('L', list);
    world.check("str L => fatal: out of memory");
}

#[test]
fn objects_exceptions_functions_and_symbols() {
    let mut world = World::new();
    let message = world.0.heap.string("it's wrong").expect("room");
    let error = world.0.heap.structure(4, &[message]);
    let empty = world.0.heap.structure(3, &[Value::NONE]);
    let object = world.0.heap.structure(0, &[Value::i64(1), Value::i64(2)]);
    let nested = world.0.heap.structure(4, &[error]);
    for (letter, value) in [('X', error), ('Y', empty), ('P', object), ('N', nested)] {
        world.bind(letter, value);
    }
    for (letter, number) in [('I', 0), ('C', 2), ('F', 9)] {
        world.bind(letter, Value::new(Tag::Function, number));
    }
    world.bind('S', Value::new(Tag::Symbol, 1));
    world.check(
        r#"str X => "it's wrong"
         list X 0 => [ValueError("it's wrong"), 0]
         str Y => ''
         list Y 0 => [Exception(), 0]
         str N => 'ValueError("it\'s wrong")'
         str P => '<P object>'
         str I => "<class 'int'>"
         str C => "<class 'P'>"
         str F => '<function ?>'
         str S => 'name'"#,
    );
    let code = &world.0.code;
    assert_eq!(plain_text(&world.0.heap, code, error), "it's wrong");
}

#[test]
fn a_line_is_printed_at_once() {
    let mut world = World::new();
    world.check(
        "print 'a' 1 [2.0 'b'] => None
         print => None",
    );
    assert_eq!(world.0.common.io().stdout(), "a 1 [2.0, 'b']\n\n");
}

#[test]
fn types() {
    let mut world = World::new();
    for (letter, number) in [('I', 0), ('S', 1), ('P', 2), ('E', 3)] {
        world.bind(letter, Value::new(Tag::Function, number));
    }
    let (object, error) = (world.0.heap.structure(0, &[]), world.0.heap.structure(4, &[Value::NONE]));
    world.bind('O', object);
    world.bind('X', error);
    world.check(
        r#"type 1 => <class 'int'>
         type O => <class 'P'>
         type None => "<class 'NoneType'>"
         type [] => "<class 'list'>"
         isinstance 1 I => True
         isinstance True I => True
         isinstance 'a' I => False
         isinstance 'a' (I, S) => True
         isinstance O P => True
         isinstance X E => True
         isinstance O E => False
         isinstance X P => False
         isinstance 1 5 => ! TypeError: isinstance() arg 2 must be a type or a tuple of types
         isinstance 1 ((I,),) => False
         %is-class P => True
         %is-class 5 => False
         callable I => True
         callable 5 => False
         %has-method O '__str__' => False
         %has-method 5 '__str__' => False
         == O O => True
         in O {} => False"#,
    );
}

#[test]
fn objects_are_equal_when_they_are_the_same_one() {
    let mut world = World::new();
    for letter in ['A', 'B'] {
        let object = world.0.heap.structure(0, &[Value::i64(1), Value::i64(2)]);
        world.bind(letter, object);
    }
    world.check(
        "== A A => True
         == A B => False
         == [A] [B] => False
         == [A] [A] => True
         in B [A] => False
         in A {A: 1} => True
         in B {A: 1} => False
         in (1, A) {(1, A): 1} => True
         index {A: 1} A => 1
         index {A: 1} B => ! KeyError",
    );
    let (a, key) = (world.0.bound[&'A'], world.0.heap.map());
    world.0.heap.map_insert(key, a, Value::i64(7)).expect("room");
    world.0.heap.set_field(a, 0, Value::i64(99)).expect("a field");
    assert_eq!(world.0.heap.map_get(key, a).expect("a key"), Some(Value::i64(7)));
}

#[test]
fn walking_meets_what_is_added_meanwhile() {
    use crate::vm::dynamic::iterate;
    let mut world = World::new();
    let list = world.list(vec![Value::i64(0)]);
    let (mut at, mut seen) = (0, Vec::new());
    while let Some((next, value)) = iterate(&mut world.0.heap, list, at).expect("a list") {
        seen.push(value.int());
        if value.int() < 3 {
            world.0.heap.push(list, Value::i64(value.int() + 1)).expect("room");
        }
        at = next;
    }
    assert_eq!(seen, [0, 1, 2, 3]);
    let text = world.0.heap.string("aß").expect("room");
    let (next, first) = iterate(&mut world.0.heap, text, 0).expect("a string").expect("a character");
    let (next, second) = iterate(&mut world.0.heap, text, next).expect("a string").expect("a character");
    assert_eq!((world.repr(first), world.repr(second)), ("'a'".to_string(), "'ß'".to_string()));
    assert_eq!(iterate(&mut world.0.heap, text, next), Ok(None));
    assert_eq!(iterate(&mut world.0.heap, text, 2), Ok(None), "in the middle of a character");
    assert!(iterate(&mut world.0.heap, Value::i64(5), 0).is_err());
}
