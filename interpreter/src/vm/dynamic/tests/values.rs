//! Functions of numbers, sequences, dicts and strings.

use super::World;
use crate::value::Value;

#[test]
fn conversions() {
    World::new().check(
        "int 3.9 => 3
         int -3.9 => -3
         int '  -42 ' => -42
         int '1_000' => 1000
         int True => 1
         int 'ff' 16 => 255
         int '0x1F' 16 => 31
         int '0b101' 0 => 5
         int => 0
         int '9223372036854775807' => 9223372036854775807
         int '-9223372036854775808' => -9223372036854775808
         int '9223372036854775808' => ! OverflowError
         int '999999999999999999999999999999999999999999' => ! OverflowError
         int 'x' => ! ValueError: invalid literal for int() with base 10: 'x'
         int '' => ! ValueError
         int '1__0' => ! ValueError
         int '_1' => ! ValueError
         int '12' 1 => ! ValueError: int() base must be
         int 1e19 => ! OverflowError
         int nan => ! ValueError: cannot convert float NaN to integer
         int inf => ! OverflowError: cannot convert float infinity to integer
         int [] => ! TypeError: int() argument must be a string or a number, not 'list'
         float 2 => 2.0
         float '1e3' => 1000.0
         float ' inf ' => inf
         float 'x' => ! ValueError: could not convert string to float: 'x'
         float None => ! TypeError: float() argument must be a string or a number, not 'NoneType'
         bool [] => False
         bool 'a' => True
         bool => False
         list => []
         list 1 2 3 => [1, 2, 3]
         list 'ab' => ['a', 'b']
         list (1, 2) => [1, 2]
         list {'k': 1} => ['k']
         list 5 => [5]
         list [1] [2] => [[1], [2]]
         tuple => ()
         tuple [1 2] => (1, 2)
         tuple 1 => (1,)
         dict => {}
         dict {'a': 1} => {'a': 1}
         dict [('a', 1) ['b' 2]] => {'a': 1, 'b': 2}
         dict 'a' 1 'b' 2 => {'a': 1, 'b': 2}
         dict 'a' 1 'b' => ! ValueError: dict() needs a value for each key
         dict [1] => ! ValueError: dictionary update sequence element #0
         dict [[1 2 3]] => ! ValueError: dictionary update sequence element #0
         dict 5 => ! TypeError: 'int' object is not iterable
         dict [] 1 => ! TypeError: unhashable type: 'list'",
    );
}

#[test]
fn sequences() {
    World::new().check(
        "len [1 2] => 2
         len 'häß' => 3
         len {'a': 1} => 1
         len () => 0
         len 5 => ! TypeError: object of type 'int' has no len()
         nth [1 2] 1 => 2
         nth 1 [1 2] => 2
         nth (1, True) -1 => True
         nth [1] 5 'none' => 'none'
         nth {} 'k' 0 => 0
         nth [1] 5 => ! IndexError: list index out of range
         nth [1] => ! TypeError: too few arguments
         slice [1 2 3] 1 => [2, 3]
         slice [1 2 3] -2 -1 => [2]
         slice [1 2 3] 2 1 => []
         slice [1 2 3] min-int max-int => [1, 2, 3]
         slice (1, 2) 0 1 => (1,)
         substr 'hello' 1 3 => 'el'
         substr 'häß' -2 => 'äß'
         substr 'hello' 0 99 => 'hello'
         substr 5 1 => ! TypeError: 'int' object is not subscriptable
         substr 'a' 'b' => ! TypeError: slice indices must be integers or None, not 'str'
         contains [1 2] 2 => True
         contains {'a': 1} 'b' => False
         range 3 => [0, 1, 2]
         range 1 4 => [1, 2, 3]
         range 5 1 -2 => [5, 3]
         range 1 10 4 => [1, 5, 9]
         range 0 => []
         range -3 => []
         range 3 1 => []
         range min-int max-int max-int => [-9223372036854775808, -1, 9223372036854775806]
         range 1 2 0 => ! ValueError: range() arg 3 must not be zero
         range 1.5 => ! TypeError: 'float' object cannot be interpreted as an integer
         range max-int => fatal: out of memory
         range min-int max-int => fatal: out of memory
         sum [1 2 3] => 6
         sum [1 2.5] => 3.5
         sum [] => 0
         sum [[1] [2]] [] => [1, 2]
         sum [max-int 1] => ! OverflowError
         sum ['a'] => ! TypeError: unsupported operand type(s) for +: 'int' and 'str'
         sum 5 => ! TypeError: 'int' object is not iterable
         min 3 1 2 => 1
         max [3 1 2] => 3
         min 'ab' 'aa' => 'aa'
         min [1 1.0] => 1
         max 1 True => 1
         min [] => ! ValueError: min() arg is an empty sequence
         max [1 'a'] => ! TypeError: '>' not supported between instances of 'str' and 'int'
         min => ! TypeError: too few arguments
         %extreme-by ['aa' 'b'] [2 1] True => 'b'
         any [0 1] => True
         any [] => False
         all [1 0] => False
         all [] => True
         sorted [3 1 2] => [1, 2, 3]
         sorted 'cab' => ['a', 'b', 'c']
         sorted [2 1.5 True] => [True, 1.5, 2]
         sorted [(2, 'a') (1, 'b')] => [(1, 'b'), (2, 'a')]
         sorted {'b': 1, 'a': 2} => ['a', 'b']
         sorted [1 'a'] => ! TypeError: '<' not supported between instances of 'str' and 'int'
         sorted [nan 1 nan 0] => [nan, 1, nan, 0]
         %sorted-naturally [1 3 2] True => [3, 2, 1]
         %sorted-by ['x' 'y' 'z'] [2 1 2] False => ['y', 'x', 'z']
         %sorted-by ['x' 'y' 'z'] [2 1 2] True => ['x', 'z', 'y']
         reversed [1 2] => [2, 1]
         reversed 'ab' => ['b', 'a']
         enumerate ['a' 'b'] => [(0, 'a'), (1, 'b')]
         enumerate ['a'] 5 => [(5, 'a')]
         zip [1 2 3] 'ab' => [(1, 'a'), (2, 'b')]
         zip [1] => [(1,)]
         zip => []
         zip [1] 2 => ! TypeError: 'int' object is not iterable",
    );
}

#[test]
fn lists_are_changed_in_place() {
    World::new().check(
        "append [1] 2 => None; [1, 2]
         append [1] 2 3 => None; [1, 2, 3]
         append (1,) 2 => ! TypeError: expected list, got 'tuple'
         extend [1] 'ab' => None; [1, 'a', 'b']
         extend [1] 2 => ! TypeError: 'int' object is not iterable
         list.insert [1 2] 1 'x' => None; [1, 'x', 2]
         list.insert [1 2] -1 'x' => None; [1, 'x', 2]
         list.insert [1 2] 99 'x' => None; [1, 2, 'x']
         list.insert [1 2] min-int 'x' => None; ['x', 1, 2]
         list.pop [1 2 3] => 3; [1, 2]
         list.pop [1 2 3] 0 => 1; [2, 3]
         list.pop [1 2 3] -2 => 2; [1, 3]
         list.pop [] => ! IndexError: pop from empty list
         list.pop [1] 1 => ! IndexError: pop index out of range
         list.remove [1 2 1] 1.0 => None; [2, 1]
         list.remove [1] 2 => ! ValueError: list.remove(x): x not in list
         list.index ['a' 'b'] 'b' => 1
         list.index [1 2 1] 1 1 => 2
         list.index [1] 'x' => ! ValueError: 'x' is not in list
         list.count [1 True 1.0 2] 1 => 3
         list.sort [3 1 2] => None; [1, 2, 3]
         list.sort [1 'a'] => ! TypeError
         list.reverse [1 2] => None; [2, 1]
         list.clear [1] => None; []
         list.copy [1 [2]] => [1, [2]]
         %assign-all [1] [2 3] => None; [2, 3]",
    );
}

#[test]
fn dicts() {
    World::new().check(
        "get {'a': 1} 'a' => 1
         get {'a': 1} 'b' => None
         get {'a': 1} 'b' 0 => 0
         get [1 2] 1 => 2
         get [1 2] 5 => None
         get {} [] => ! TypeError: unhashable type: 'list'
         keys {'a': 1, 'b': 2} => ['a', 'b']
         values {'a': 1, 'b': 2} => [1, 2]
         items {'a': 1} => [('a', 1)]
         keys [1] => ! TypeError: expected dict, got 'list'
         dict.pop {'a': 1} 'a' => 1; {}
         dict.pop {} 'a' 'd' => 'd'
         dict.pop {} 'a' => ! KeyError: 'a'
         dict.popitem {'a': 1, 'b': 2} => ('b', 2); {'a': 1}
         dict.popitem {} => ! KeyError
         dict.setdefault {'a': 1} 'a' 2 => 1
         dict.setdefault {} 'a' 2 => 2; {'a': 2}
         dict.setdefault {} 'a' => None; {'a': None}
         dict.update {'a': 1} {'b': 2, 'a': 3} => None; {'a': 3, 'b': 2}
         dict.update {} [('a', 1)] => None; {'a': 1}
         dict.clear {'a': 1} => None; {}
         dict.copy {'a': 1} => {'a': 1}",
    );
}

#[test]
fn strings() {
    World::new().check(
        "upper 'häß' => 'HÄSS'
         lower 'ÄB' => 'äb'
         upper 5 => ! TypeError: expected str, got 'int'
         str.capitalize 'heLLO' => 'Hello'
         str.title 'the old man' => 'The Old Man'
         strip '  a b ' => 'a b'
         strip 'xxaxx' 'x' => 'a'
         str.lstrip '  a ' => 'a '
         str.rstrip '  a ' => '  a'
         split ' a  b ' => ['a', 'b']
         split 'a,b,,c' ',' => ['a', 'b', '', 'c']
         split 'a,b,c' ',' 1 => ['a', 'b,c']
         split ' a b c ' None 1 => ['a', 'b c']
         split '' => []
         split '' ',' => ['']
         split 'a' '' => ! ValueError: empty separator
         str.splitlines 'a\\nb' => ['a', 'b']
         join ', ' ['a' 'b'] => 'a, b'
         join ['a' 'b'] ', ' => 'a, b'
         join ['a' 'b'] => 'ab'
         join '-' 'abc' => 'a-b-c'
         join ',' [1] => ! TypeError: sequence item 0: expected str instance, int found
         join 1 2 => ! TypeError: expected str, got 'int'
         replace 'aXbX' 'X' '-' => 'a-b-'
         replace 'aXbX' 'X' '-' 1 => 'a-bX'
         replace 'ab' '' '-' => '-a-b-'
         startswith 'hello' 'he' => True
         startswith 'hello' ('x', 'he') => True
         endswith 'hello' 'x' => False
         startswith 'hello' 5 => ! TypeError: expected str, got 'int'
         find 'häßhä' 'hä' => 0
         find 'häßhä' 'hä' 1 => 3
         find 'abc' 'x' => -1
         find 'abc' '' 4 => -1
         str.rfind 'abab' 'ab' => 2
         str.index 'abc' 'c' => 2
         str.index 'abc' 'x' => ! ValueError: substring not found
         str.count 'banana' 'an' => 2
         str.isdigit '12' => True
         str.isdigit '' => False
         str.isalpha 'aä' => True
         str.isupper 'AB1' => True
         str.islower 'aB' => False
         str.ljust 'ab' 4 => 'ab  '
         str.rjust 'ab' 4 '.' => '..ab'
         str.center 'ab' 5 => ' ab  '
         str.rjust 'ab' 1 => 'ab'
         str.rjust 'ab' max-int => fatal: out of memory
         str.rjust 'ab' 4 'xy' => ! TypeError
         str.zfill '-5' 4 => '-005'
         ord 'ä' => 228
         ord 'ab' => ! TypeError: ord() expected a character, but string of length 2 found
         chr 228 => 'ä'
         chr -1 => ! ValueError
         chr 55296 => ! ValueError",
    );
}

#[test]
fn templates() {
    World::new().check(
        "format '{} and {}' 1 'a' => '1 and a'
         format '{1}{0}' 'a' 'b' => 'ba'
         format '{{}}' => '{}'
         format '{:.2f}' 3.14159 => '3.14'
         format '{:>5}|{:<5}|{:^5}' 'a' 'b' 'c' => '    a|b    |  c  '
         format '{:05d}' -42 => '-0042'
         format '{:+}' 5 => '+5'
         format '{:x}' 255 => 'ff'
         format '{:,}' 1234567 => '1,234,567'
         format '{:.1%}' 0.256 => '25.6%'
         format '{:e}' 12345.678 => '1.234568e+04'
         format '{:.3g}' 0.00001234 => '1.23e-05'
         format '{:*^7}' 'x' => '***x***'
         format '{:.2}' 'abc' => 'ab'
         format '{}' [1 'a'] => \"[1, 'a']\"
         format '{' => ! ValueError
         format '}' => ! ValueError
         format '{}' => ! IndexError
         format '{:q}' 5 => ! ValueError
         format '{:5x7}' 5 => ! ValueError
         format '{:99999999999}' 5 => fatal: out of memory
         format '{:99999999999999999999}' 5 => ! ValueError
         format '{:.99999f}' 0.5 => ! ValueError",
    );
}

#[test]
fn numbers() {
    World::new().check(
        "abs -5 => 5
         abs -2.5 => 2.5
         abs min-int => ! OverflowError
         abs 'a' => ! TypeError: must be a number, not 'str'
         round 2.5 => 2
         round 3.5 => 4
         round -2.5 => -2
         round 2.675 2 => 2.67
         round 1234 -2 => 1200
         round 1250 -2 => 1200
         round 1350 -2 => 1400
         round 1234.5 -2 => 1200.0
         round 5 2 => 5
         round 5 min-int => 0
         round 1.5 max-int => 1.5
         round 1.5 min-int => 0.0
         round nan => ! ValueError
         round 1e300 => ! OverflowError
         pow 2 10 => 1024
         pow 3 4 5 => 1
         pow 3 -1 5 => ! ValueError
         pow 3 1 0 => ! ValueError
         divmod -7 2 => (-4, 1)
         divmod 1 0 => ! ZeroDivisionError
         sqrt 9 => 3.0
         sqrt -1 => ! ValueError: math domain error
         floor 2.7 => 2
         ceil 2.1 => 3
         floor 5 => 5
         randint 3 3 => 3
         randint 3 2 => ! ValueError
         %bound 3 => 3
         %bound 2.0 => ! TypeError: 'float' object cannot be interpreted as an integer",
    );
}

#[test]
fn a_whole_range_of_random_numbers_is_possible() {
    let mut world = World::new();
    for _ in 0..100 {
        let got: i64 = world.run("randint min-int max-int").parse().expect("an integer");
        assert!((i64::MIN..=i64::MAX).contains(&got));
        let die: i64 = world.run("randint 1 6").parse().expect("an integer");
        assert!((1..=6).contains(&die));
    }
}

#[test]
fn a_function_of_any_number_of_arguments_is_called_with_a_list() {
    let mut world = World::new();
    let number = |name| Value::i64(super::builtin(name) as i64);
    let (zip, send) = (number("zip"), number("send"));
    world.bind('Z', zip);
    world.bind('S', send);
    world.check(
        "%spread Z [[1 2] [3 4]] => [(1, 3), (2, 4)]
         %spread S [1 2] => fatal: internal
         %spread -1 [] => fatal: internal",
    );
}
