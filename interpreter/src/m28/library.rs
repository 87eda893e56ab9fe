//! The one table of library functions: name, call, what it is made of, what it does.
//!
//! A function is an operation of the engine or a function of the prelude (`prelude.m28`), which is where everything stands that calls functions
//! of the program. The compiler finds names here ([`find`]) after those of the program; the page `docs/languages/m28-library.md` is made
//! of this table (`UPDATE=1 cargo test -p interpreter --lib m28::library` writes it anew). A call in the table shows parameters that need not be given in brackets, and `*x` for any number of them.

use crate::builtins::Builtin;
use crate::core::RuntimeType;

/// What a library function is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// An operation of the engine. Arguments that are not given are left out at the end, or unset.
    Builtin(Builtin),
    /// A function (or class) of the prelude.
    Prelude(&'static str),
}

/// A library function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its names; the first is the one that is documented first.
    pub names: &'static [&'static str],
    /// How it is called, without its name: `x [default]`.
    pub parameters: &'static str,
    /// What it is made of.
    pub made: Made,
    /// What it does.
    pub doc: &'static str,
}

impl Entry {
    /// How many arguments it takes at least.
    pub fn min(&self) -> usize {
        self.parameters.split_whitespace().filter(|word| !word.starts_with(['[', '*'])).count()
    }

    /// How many arguments it takes at most; `None`: any number.
    pub fn max(&self) -> Option<usize> {
        let words = || self.parameters.split_whitespace();
        if words().any(|word| word.starts_with('*')) { None } else { Some(words().count()) }
    }

    /// The function of the prelude that takes its place where arguments are given by name (`key=f`), if there is one. It takes
    /// the same arguments, and those.
    pub fn with_names(&self) -> Option<&'static str> {
        look_up(WITH_NAMES, self.names[0])
    }

    /// The function of the prelude that takes its place in programs whose classes define `__str__`.
    pub fn with_str(&self) -> Option<&'static str> {
        look_up(WITH_STR, self.names[0])
    }
}

fn look_up(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
}

/// The library function with a name. Names that begin with `%` are for the prelude and the compiler.
pub fn find(name: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.names.contains(&name))
}

/// Every library function, in order of the table.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    SECTIONS.iter().flat_map(|(_, entries)| entries.iter())
}

/// Functions that take arguments by name, and the functions of the prelude that do that.
const WITH_NAMES: &[(&str, &str)] = &[("sorted", "%sorted"), ("min", "%min"), ("max", "%max")];

/// Functions that show values, and the functions of the prelude that ask objects for their text first.
const WITH_STR: &[(&str, &str)] = &[("print", "%print-objects"), ("str", "%str-objects")];

/// Methods of built-in types that are functions of the prelude; the rest are in `vm/dynamic/methods.rs`.
pub const METHODS: &[(RuntimeType, &str, &str)] = &[(RuntimeType::List, "sort", "%list-sort")];

/// Functions named like types, which `type` gives and `isinstance` takes.
pub const TYPES: &[(&str, RuntimeType)] = &[
    ("int", RuntimeType::Int(crate::types::IntKind::I64)),
    ("float", RuntimeType::Float),
    ("bool", RuntimeType::Bool),
    ("str", RuntimeType::String),
    ("list", RuntimeType::List),
    ("tuple", RuntimeType::Tuple),
    ("dict", RuntimeType::Map),
];

macro_rules! library {
    ($($section:literal { $( [$($name:literal)+] $parameters:literal $kind:ident($made:expr) $doc:literal; )+ })+) => {
        /// The table, by section.
        pub const SECTIONS: &[(&str, &[Entry])] = &[$((
            $section,
            &[$( Entry { names: &[$($name),+], parameters: $parameters, made: library!(@ $kind $made), doc: $doc } ),+],
        )),+];
    };
    (@ builtin $made:expr) => { Made::Builtin({ use Builtin::*; $made }) };
    (@ prelude $made:expr) => { Made::Prelude($made) };
}

library! {
    "Output and text" {
        ["print" "println"] "*values" builtin(DynPrint) "Writes the values on one line, separated by spaces.";
        ["str"] "*values" builtin(DynStr) "The texts of the values, joined.";
        ["repr"] "value" builtin(DynRepr) "The value as it stands inside of a list: strings quoted.";
        ["format"] "template *values" builtin(DynFormat) "`{}`, `{0}`, `{:>8}`, `{:.2f}` … in a template, replaced by values.";
    }
    "Types" {
        ["int"] "[value] [base]" builtin(DynInt) "An integer: of a float towards zero, of a string by its digits.";
        ["float"] "[value]" builtin(DynFloat) "A float.";
        ["bool"] "[value]" builtin(DynBool) "Whether the value counts as true.";
        ["list"] "*values" builtin(DynList) "A list of several values, or of what the one value gives when it is walked over.";
        ["tuple"] "*values" builtin(DynTuple) "A tuple, likewise.";
        ["dict"] "*values" builtin(DynDict) "A dict: of another one, of pairs, or of keys and values in turn.";
        ["type"] "value" builtin(DynType) "The value's class or type.";
        ["isinstance"] "value class" builtin(DynIsInstance) "Whether the value is of a class or type, or of one of a tuple of them.";
        ["callable"] "value" builtin(DynIsCallable) "Whether the value can be called.";
    }
    "Sequences" {
        ["len"] "x" builtin(DynLen) "Number of elements, keys or characters; of values in a channel's buffer.";
        ["nth"] "x i [default]" builtin(DynNth) "Element i; the default where there is none.";
        ["range"] "a [b] [step]" builtin(DynRange) "The list of integers from 0 (or a) to before a (or b).";
        ["slice" "substr"] "x from [to]" builtin(DynSlice) "The part from a position to before another one.";
        ["contains"] "x value" builtin(DynContains) "Whether the element, key or part is there.";
        ["map"] "f x [y] [z]" prelude("map") "The list of what the function gives for each element.";
        ["filter"] "f x" prelude("filter") "The list of the elements for which the function gives what counts as true.";
        ["reduce"] "f x [initial]" prelude("reduce") "The elements folded into one value by a function of two.";
        ["for-each"] "f x" prelude("for-each") "Calls the function with each element.";
        ["sum"] "x [start]" builtin(DynSum) "Sum of the elements.";
        ["min"] "*values" builtin(DynMin) "The smallest of several values, or of the one value's elements; `key=`, `default=`.";
        ["max"] "*values" builtin(DynMax) "The largest, likewise.";
        ["any"] "x" builtin(DynAny) "Whether any element counts as true.";
        ["all"] "x" builtin(DynAll) "Whether all elements count as true.";
        ["sorted"] "x" builtin(DynSorted) "A sorted list; `key=`, `reverse=`. Equal elements keep their order.";
        ["reversed" "reverse"] "x" builtin(DynReversed) "A list in opposite order.";
        ["enumerate"] "x [start]" builtin(DynEnumerate) "The list of pairs of position and element.";
        ["zip"] "*sequences" builtin(DynZip) "The list of tuples of elements at the same position.";
        ["append"] "list *values" builtin(DynAppend) "Adds at the end of the list, in place.";
        ["extend"] "list x" builtin(DynExtend) "Adds all elements of x to the list, in place.";
    }
    "Dicts" {
        ["get"] "dict key [default]" builtin(DynGet) "The value under a key; the default (or None) where there is none.";
        ["keys"] "dict" builtin(DynKeys) "The list of keys, in order of insertion.";
        ["values"] "dict" builtin(DynValues) "The list of values.";
        ["items"] "dict" builtin(DynItems) "The list of pairs of key and value.";
    }
    "Strings" {
        ["join"] "separator [strings]" builtin(DynJoin) "The strings, joined; the separator may come second, or be left out.";
        ["split"] "s [separator] [most]" builtin(DynSplit) "The list of parts between white space or separators.";
        ["upper"] "s" builtin(DynUpper) "Upper case.";
        ["lower"] "s" builtin(DynLower) "Lower case.";
        ["strip" "trim"] "s [characters]" builtin(DynStrip) "Without white space (or those characters) at both ends.";
        ["replace"] "s old new [most]" builtin(DynReplace) "With occurrences replaced.";
        ["startswith" "starts-with?"] "s start" builtin(DynStartsWith) "Whether it begins so.";
        ["endswith" "ends-with?"] "s end" builtin(DynEndsWith) "Whether it ends so.";
        ["find"] "s part [from]" builtin(DynFind) "Position of the first occurrence, -1 without one.";
        ["ord"] "character" builtin(DynOrd) "A character's number.";
        ["chr"] "number" builtin(DynChr) "A number's character.";
    }
    "Numbers" {
        ["abs"] "x" builtin(DynAbs) "Absolute value.";
        ["round"] "x [digits]" builtin(DynRound) "Rounded, halves to the even side; an integer without digits.";
        ["pow"] "x y [modulus]" builtin(DynPow) "Power.";
        ["divmod"] "x y" builtin(DynDivMod) "The pair of `//` and `%`.";
        ["sqrt" "math.sqrt"] "x" builtin(DynSqrt) "Square root.";
        ["floor" "math.floor"] "x" builtin(DynFloor) "Rounded down to an integer.";
        ["ceil" "math.ceil"] "x" builtin(DynCeil) "Rounded up to an integer.";
        ["random" "random.random"] "" builtin(Random) "A float in 0..1, drawn from the run's seed.";
        ["randint" "random.randint"] "a b" builtin(DynRandomInt) "An integer from a to b, both included, drawn from the run's seed.";
    }
    "Operators as values" {
        ["+"] "a *more" prelude("%add") "Sum.";
        ["-"] "a *more" prelude("%subtract") "Difference; of one operand its negation.";
        ["*"] "a *more" prelude("%multiply") "Product.";
        ["/"] "a b" prelude("%divide") "Quotient, a float.";
        ["//"] "a b" prelude("%floor-divide") "Quotient, rounded down.";
        ["%"] "a b" prelude("%modulo") "Remainder.";
        ["**"] "a b" prelude("%power") "Power.";
        ["=="] "a b" prelude("%equal") "Equal.";
        ["!="] "a b" prelude("%unequal") "Not equal.";
        ["<"] "a b" prelude("%less") "Less.";
        ["<="] "a b" prelude("%at-most") "Less or equal.";
        [">"] "a b" prelude("%greater") "Greater.";
        [">="] "a b" prelude("%at-least") "Greater or equal.";
        ["not"] "a" prelude("%not") "Whether it does not count as true.";
    }
    "Time and the program" {
        ["sleep" "time.sleep"] "seconds" builtin(DynSleep) "Waits.";
        ["time-sleep"] "milliseconds" builtin(DynSleepMillis) "Waits.";
        ["time" "time.time" "now"] "" builtin(DynNow) "Seconds since the run began; virtual under a seed.";
        ["exit" "sys.exit"] "[code]" builtin(DynExit) "Ends the program.";
    }
    "Channels" {
        ["chan" "make-chan"] "[capacity]" builtin(DynChan) "A channel; without a capacity it hands over directly.";
        ["send"] "channel value" builtin(DynSend) "Waits until the value is taken or has room. RuntimeError on a closed channel.";
        ["recv"] "channel" builtin(DynRecv) "Waits for a value: `(value, True)`; `(None, False)` once closed and empty.";
        ["try-send"] "channel value" builtin(DynTrySend) "Sends if that is possible at once; whether it was.";
        ["try-recv"] "channel" builtin(DynTryRecv) "Receives if that is possible at once: the value, whether there was one, whether there may be more.";
        ["close-chan"] "channel" builtin(DynClose) "Closes the channel and wakes all who wait at it. A second time has no effect but a warning.";
        ["chan-closed?"] "channel" builtin(DynIsClosed) "Whether the channel is closed.";
    }
    "Locks and wait groups" {
        ["mutex"] "" builtin(DynMutex) "A mutex. Not re-entrant; any goroutine may unlock it.";
        ["rwmutex"] "" builtin(DynRwMutex) "A read-write lock; the `mutex-` functions are its write side.";
        ["mutex-lock"] "lock" builtin(DynLock) "Waits until the lock is ours.";
        ["mutex-unlock"] "lock" builtin(DynUnlock) "Releases it; fatal where it is not locked.";
        ["mutex-try-lock"] "lock" builtin(DynTryLock) "Locks if nobody holds it; whether it did.";
        ["rwmutex-rlock"] "lock" builtin(DynReadLock) "Waits until no writer holds or waits for it, then reads.";
        ["rwmutex-runlock"] "lock" builtin(DynReadUnlock) "Stops reading; fatal where nobody reads.";
        ["rwmutex-try-rlock"] "lock" builtin(DynTryReadLock) "Locks for reading if that is possible at once; whether it was.";
        ["waitgroup"] "" builtin(DynWaitGroup) "A wait group with counter 0.";
        ["waitgroup-add"] "group [n]" builtin(DynWaitGroupAdd) "Raises the counter by n (1); below zero is fatal.";
        ["waitgroup-done"] "group" builtin(DynWaitGroupDone) "Lowers the counter; below zero is fatal.";
        ["waitgroup-wait"] "group" builtin(DynWaitGroupWait) "Waits until the counter is 0.";
    }
    "Contexts" {
        ["context-background"] "" builtin(DynContextBackground) "A context that nothing cancels.";
        ["context-with-cancel"] "parent" prelude("context-with-cancel") "`[context cancel]`; `(cancel)` or `(cancel \"reason\")` cancels it, once.";
        ["context-with-timeout"] "parent ms" prelude("context-with-timeout") "The same; it is also cancelled after so many milliseconds.";
        ["context-done"] "context" builtin(DynContextDone) "The channel that is closed when the context is cancelled.";
        ["context-canceled?"] "context" builtin(DynContextIsCanceled) "Whether it is cancelled.";
        ["context-error"] "context" builtin(DynContextError) "None, or why it is cancelled.";
    }
    "Exceptions" {
        ["Exception"] "[message]" prelude("Exception") "Any failure; the class of all others.";
        ["ValueError"] "[message]" prelude("ValueError") "A value of the right type that makes no sense.";
        ["TypeError"] "[message]" prelude("TypeError") "A value of the wrong type.";
        ["RuntimeError"] "[message]" prelude("RuntimeError") "A failure without a kind of its own: a send on a closed channel.";
        ["ZeroDivisionError"] "[message]" prelude("ZeroDivisionError") "Division by zero.";
        ["IndexError"] "[message]" prelude("IndexError") "A position outside of a sequence.";
        ["KeyError"] "[message]" prelude("KeyError") "A key that a dict does not have.";
        ["NameError"] "[message]" prelude("NameError") "A variable that is not set.";
        ["AssertionError"] "[message]" prelude("AssertionError") "A failed assertion.";
        ["AttributeError"] "[message]" prelude("AttributeError") "An attribute that an object does not have.";
        ["OverflowError"] "[message]" prelude("OverflowError") "A result outside of the 64-bit integers.";
    }
    "For the prelude and the compiler" {
        ["%exception"] "what [message]" prelude("%exception") "What `raise` raises.";
        ["%print"] "*values" builtin(DynPrint) "`print` without asking objects.";
        ["%str"] "*values" builtin(DynStr) "`str` without asking objects.";
        ["%sorted-naturally"] "x reverse" builtin(DynSorted) "A sorted list.";
        ["%sorted-by"] "x keys reverse" builtin(DynSortedBy) "A list sorted by keys.";
        ["%extreme-by"] "x keys smallest" builtin(DynExtremeBy) "The value with the smallest or largest key.";
        ["%assign-all"] "list x" builtin(DynAssignAll) "Makes a list hold what another one holds.";
        ["%has-method"] "value name" builtin(DynHasMethod) "Whether an object's class has a method.";
        ["%is-class"] "value" builtin(DynIsClass) "Whether a value is a class or type.";
        ["%context-child"] "parent" builtin(DynContextChild) "A context below another one.";
        ["%context-timeout"] "parent ms" builtin(DynContextTimeout) "The same with a deadline.";
        ["%context-cancel"] "context [reason]" builtin(DynContextCancel) "Cancels a context.";
        ["%spread"] "number list" builtin(DynSpread) "Calls an operation with the elements of a list.";
        ["%bound"] "value" builtin(DynBound) "An integer as it is.";
        ["%millis"] "ms" builtin(DynMillis) "A duration of the engine.";
        ["%format-value"] "value specification" builtin(DynFormatValue) "A value by a format specification.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Tag;
    use crate::vm::dynamic::methods;
    use crate::vm::dynamic::types::tag_name;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_stands_for_two_functions() {
        let mut seen = BTreeSet::new();
        for name in all().flat_map(|entry| entry.names) {
            assert!(seen.insert(name), "{name} twice");
        }
    }

    #[test]
    fn what_the_prelude_has_to_define_is_there() {
        let prelude = include_str!("prelude.m28");
        let made = all().filter_map(|entry| match entry.made {
            Made::Prelude(name) => Some(name),
            Made::Builtin(_) => None,
        });
        let others = WITH_NAMES.iter().chain(WITH_STR).map(|(_, name)| *name).chain(METHODS.iter().map(|m| m.2));
        for name in made.chain(others) {
            let defined = [format!("(def ({name} "), format!("(class {name} ")];
            assert!(defined.iter().any(|text| prelude.contains(text)), "{name}");
        }
    }

    #[test]
    fn functions_that_have_other_forms_are_in_the_table() {
        for (name, _) in WITH_NAMES.iter().chain(WITH_STR) {
            assert!(all().any(|entry| entry.names[0] == *name), "{name}");
        }
        assert!(TYPES.iter().all(|(name, _)| find(name).is_some()));
    }

    /// The page of the library.
    fn page() -> String {
        let mut out = String::from(
            "# The library of M28\n\n\
             Made of the table in `interpreter/src/m28/library.rs`; a test says when it is stale (`UPDATE=1 cargo test -p interpreter --lib\n\
             m28::library` writes it anew). Brackets are round what need not be given, `*x` stands for any number of values. What differs from\n\
             other implementations, and what is decided where the language does not say, is on [the page of the language](m28.md).\n",
        );
        for (section, entries) in SECTIONS.iter().filter(|(_, entries)| !entries[0].names[0].starts_with("%e")) {
            out += &format!("\n## {section}\n\n| call | what it does |\n| --- | --- |\n");
            for entry in *entries {
                let call = |name: &&str| format!("`({})`", format!("{name} {}", entry.parameters).trim_end());
                let mut names = entry.names.iter();
                let mut calls = names.next().map(call).unwrap_or_default();
                names.for_each(|name| calls += &format!(", `{name}`"));
                out += &format!("| {calls} | {} |\n", entry.doc);
            }
        }
        out += "\n## Methods\n\nCalled as `(x.name …)`; they do what their row above says, or here:\n\n| of | method | what it does |\n| --- | --- | --- |\n";
        for tag in [Tag::List, Tag::Tuple, Tag::Map, Tag::String] {
            for (name, builtin) in methods::of(tag) {
                out += &format!("| {} | `{name}` | {} |\n", tag_name(tag), builtin.doc());
            }
        }
        out
    }

    #[test]
    fn the_page_of_the_library_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/languages/m28-library.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, page()).expect("the page can be written");
        }
        let there = std::fs::read_to_string(path).unwrap_or_default();
        assert!(there == page(), "stale: UPDATE=1 cargo test -p interpreter --lib m28::library writes it anew");
    }

    #[test]
    fn methods_never_block() {
        for tag in Tag::ALL {
            for (name, builtin) in methods::of(*tag) {
                assert!(!crate::vm::dynamic::blocks(*builtin), "{name}: the call of a method cannot be gone on with");
            }
        }
    }

    #[test]
    fn arguments_are_counted_by_the_call() {
        let arity = |name| find(name).map(|entry| (entry.min(), entry.max()));
        assert_eq!(arity("print"), Some((0, None)));
        assert_eq!(arity("nth"), Some((2, Some(3))));
        assert_eq!(arity("chan"), Some((0, Some(1))));
        assert_eq!(arity("waitgroup-add"), Some((1, Some(2))));
        assert_eq!(arity("mutex"), Some((0, Some(0))));
        assert_eq!(arity("append"), Some((1, None)));
        assert_eq!(arity("nothing"), None);
    }
}
