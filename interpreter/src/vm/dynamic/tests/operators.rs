//! Operators and indexing.

use super::World;
use crate::value::Value;
use crate::vm::dynamic::truthy;

#[test]
fn numbers_are_calculated_with() {
    World::new().check(
        "+ 1 2 => 3
         + 1 2.5 => 3.5
         + True 1 => 2
         - 1 2.0 => -1.0
         * 3 True => 3
         / 6 3 => 2.0
         / 7 2 => 3.5
         / 9007199254740993 1 => 9007199254740992.0
         // 7 2 => 3
         // -7 2 => -4
         // 7 -2 => -4
         // -7.5 2 => -4.0
         // 7.0 2 => 3.0
         % 7 3 => 1
         % -7 3 => 2
         % 7 -3 => -2
         % -7.5 2 => 0.5
         % 5.5 -2 => -0.5
         ** 2 10 => 1024
         ** 2 -1 => 0.5
         ** 2 0.5 => 1.4142135623730951
         ** -2 3 => -8
         ** 0 0 => 1
         ** 1 max-int => 1
         ** -1 max-int => -1
         ** 0 max-int => 0
         - 5 => -5
         - 2.5 => -2.5
         - True => -1",
    );
}

#[test]
fn what_does_not_fit_and_what_has_no_result_is_an_exception() {
    World::new().check(
        "+ max-int 1 => ! OverflowError: integer overflow: 9223372036854775807 + 1
         - min-int 1 => ! OverflowError
         * max-int 2 => ! OverflowError
         // min-int -1 => ! OverflowError
         % min-int -1 => 0
         - min-int => ! OverflowError
         ** 2 63 => ! OverflowError
         ** 10 max-int => ! OverflowError
         ** 10.0 400 => ! OverflowError
         / 1 0 => ! ZeroDivisionError: division by zero
         / 1.5 0.0 => ! ZeroDivisionError: division by zero
         // 1 0 => ! ZeroDivisionError: division by zero
         // 1 0.0 => ! ZeroDivisionError: division by zero
         % 1 0 => ! ZeroDivisionError: division by zero
         % 1 False => ! ZeroDivisionError: division by zero
         ** 0 -1 => ! ZeroDivisionError
         ** -8 0.5 => ! ValueError
         + 'a' 1 => ! TypeError: unsupported operand type(s) for +: 'str' and 'int'
         + 1 'a' => ! TypeError: unsupported operand type(s) for +: 'int' and 'str'
         + [1] (2,) => ! TypeError: unsupported operand type(s) for +: 'list' and 'tuple'
         + None 1 => ! TypeError: unsupported operand type(s) for +: 'NoneType' and 'int'
         - 'a' 'b' => ! TypeError: unsupported operand type(s) for -: 'str' and 'str'
         - 'a' => ! TypeError: bad operand type for unary -: 'str'
         * 'a' 'b' => ! TypeError: can't multiply sequence by non-int of type 'str'
         * [1] 1.5 => ! TypeError: can't multiply sequence by non-int of type 'float'
         // {} 1 => ! TypeError: unsupported operand type(s) for //: 'dict' and 'int'",
    );
}

#[test]
fn strings_and_lists_join_and_repeat() {
    World::new().check(
        "+ 'a' 'b' => 'ab'
         + '' 'b' => 'b'
         + [1] [2 3] => [1, 2, 3]
         + (1,) (2,) => (1, 2)
         * 'ab' 3 => 'ababab'
         * 2 [1] => [1, 1]
         * [1] -1 => []
         * 'ab' 0 => ''
         * (1,) 2 => (1, 1)
         * '' max-int => ''
         * [] max-int => []
         * 'ab' max-int => fatal: out of memory
         * [1] max-int => fatal: out of memory
         * (1,) 100000000 => fatal: out of memory",
    );
}

#[test]
fn equality_is_structural_and_crosses_numbers() {
    World::new().check(
        "== 1 1.0 => True
         == True 1 => True
         == False 0.0 => True
         == 0.0 -0.0 => True
         == 9007199254740993 9007199254740992.0 => False
         == nan nan => False
         != nan nan => True
         == 'a' 'a' => True
         == 'a' 1 => False
         == None None => True
         == None False => False
         == [1 [2]] [1.0 [2]] => True
         == [1] (1,) => False
         == (1, 'a') (1, 'a') => True
         == {'k': [1]} {'k': [1.0]} => True
         == {1: 'x'} {1.0: 'x'} => True
         == {1: 'x'} {2: 'x'} => False
         == {'a': 1, 'b': 2} {'b': 2, 'a': 1} => True
         != [1] [2] => True
         is None None => True
         is 'a' 'a' => True
         is [] [] => False
         is 1 1.0 => False",
    );
}

#[test]
fn numbers_strings_and_sequences_are_ordered() {
    World::new().check(
        "< 1 2 => True
         < 1 1.5 => True
         >= 2 True => True
         < nan 1 => False
         > nan 1 => False
         <= nan nan => False
         < 9007199254740992.0 9007199254740993 => True
         < max-int 1e300 => True
         > min-int -inf => True
         < 'a' 'b' => True
         < 'a' 'aa' => True
         < [1 2] [1 3] => True
         < [1] [1 0] => True
         < [] [] => False
         <= [] [] => True
         < (1, 'a') (1, 'b') => True
         < [1 [2 'x']] [1 [2 'y']] => True
         < 1 'a' => ! TypeError: '<' not supported between instances of 'int' and 'str'
         >= [1] ['a'] => ! TypeError: '>=' not supported between instances of 'int' and 'str'
         < None None => ! TypeError: '<' not supported between instances of 'NoneType' and 'NoneType'
         < {} {} => ! TypeError: '<' not supported between instances of 'dict' and 'dict'
         > (1,) [1] => ! TypeError: '>' not supported between instances of 'tuple' and 'list'",
    );
}

#[test]
fn membership() {
    World::new().check(
        "in 2 [1 2] => True
         in 2.0 [1 2] => True
         in 3 (1, 2) => False
         in 'k' {'k': 1} => True
         in 1 {'k': 1} => False
         in 1.0 {1: 'x'} => True
         in True {1: 'x'} => True
         in 'ell' 'hello' => True
         in '' 'a' => True
         in [1] {} => ! TypeError: unhashable type: 'list'
         in (1, [2]) {} => ! TypeError: unhashable type: 'list'
         in 1 'a' => ! TypeError: 'in <string>' requires string as left operand, not int
         in 1 2 => ! TypeError: argument of type 'int' is not iterable",
    );
}

#[test]
fn elements_by_position_and_key() {
    World::new().check(
        "index [1 2 3] 0 => 1
         index [1 2 3] -1 => 3
         index [1 2] True => 2
         index (1, 2) -2 => 1
         index 'häß' 1 => 'ä'
         index 'häß' -1 => 'ß'
         index 'abc' -3 => 'a'
         index {'k': 3} 'k' => 3
         index {1: 'x'} 1.0 => 'x'
         index {(1, 2): 'x'} (1, 2) => 'x'
         index [1] 1 => ! IndexError: list index out of range
         index [1] -2 => ! IndexError: list index out of range
         index [1] min-int => ! IndexError: list index out of range
         index [] max-int => ! IndexError: list index out of range
         index (1,) 1 => ! IndexError: tuple index out of range
         index 'a' 1 => ! IndexError: string index out of range
         index 'ä' -2 => ! IndexError: string index out of range
         index [1] 'a' => ! TypeError: list indices must be integers, not 'str'
         index [1] 0.0 => ! TypeError: list indices must be integers, not 'float'
         index 'a' 'b' => ! TypeError: string indices must be integers, not 'str'
         index {} 'k' => ! KeyError: 'k'
         index {} 1 => ! KeyError: 1
         index {} None => ! KeyError: None
         index {} [1] => ! TypeError: unhashable type: 'list'
         index 1 0 => ! TypeError: 'int' object is not subscriptable
         set-index [1 2] -1 9 => None; [1, 9]
         set-index {} 'k' 1 => None; {'k': 1}
         set-index {1: 'x'} 1.0 'y' => None; {1: 'y'}
         set-index [1] 1 9 => ! IndexError: list assignment index out of range
         set-index [1] 'a' 9 => ! TypeError: list indices must be integers, not 'str'
         set-index (1,) 0 9 => ! TypeError: 'tuple' object does not support item assignment
         set-index 'a' 0 'b' => ! TypeError: 'str' object does not support item assignment
         set-index {} {} 1 => ! TypeError: unhashable type: 'dict'",
    );
}

#[test]
fn what_contains_itself_is_compared_without_end_of_the_host() {
    let mut world = World::new();
    for letter in ['A', 'B'] {
        let list = world.list(vec![Value::i64(1)]);
        world.0.heap.push(list, list).expect("room");
        world.bind(letter, list);
    }
    let deep = |world: &mut World| {
        let mut list = world.list(vec![]);
        for _ in 0..100_000 {
            list = world.list(vec![list]);
        }
        list
    };
    let (first, second) = (deep(&mut world), deep(&mut world));
    world.bind('D', first);
    world.bind('E', second);
    world.check(
        "== A A => True
         == A B => ! RuntimeError: maximum recursion depth exceeded in comparison
         < A B => ! RuntimeError: maximum recursion depth exceeded in comparison
         in A [B] => ! RuntimeError: maximum recursion depth exceeded in comparison
         == D D => True
         == D E => ! RuntimeError: maximum recursion depth exceeded in comparison
         < D E => ! RuntimeError: maximum recursion depth exceeded in comparison",
    );
}

#[test]
fn truth() {
    let mut world = World::new();
    let falsy = ["None", "False", "0", "0.0", "-0.0", "''", "()", "[]", "{}", "unset"];
    let truthy_ones = ["True", "1", "-1", "0.5", "nan", "'a'", "(None,)", "[0]", "{0: 0}"];
    for (texts, expected) in [(&falsy[..], false), (&truthy_ones[..], true)] {
        for text in texts {
            let value = super::Parser { world: &mut world, rest: text }.value();
            assert_eq!(truthy(&world.0.heap, value), expected, "{text}");
        }
    }
}
