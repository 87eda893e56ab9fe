//! The one table of diagnostic codes.
//!
//! A row: `Name = "E0123", Severity, "one-line title", "explanation"`. The enum [`Code`], its accessors and
//! docs/diagnostics.md come from it. To add one, append a row in its hundred and regenerate the page
//! (`UPDATE=1 cargo test -p interpreter diagnostics_page`). Codes are never reused.
//!
//! E01xx syntax, E02xx names, imports and declarations, E03xx types, E04xx ownership, E05xx async and tasks,
//! W01xx warnings.

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The program does not run.
    Error,
    /// The program runs.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

macro_rules! codes {
    ($($name:ident = $id:literal, $severity:ident, $title:literal, $explanation:literal;)*) => {
        /// The code of a diagnostic. See docs/diagnostics.md for all of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// All codes in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// What is printed: `E0123`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// Error or warning.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// One line: what it means.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// Why it is an error and what to do.
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => $explanation,)* }
            }
        }
    };
}

codes! {
    // ---- E01xx: reading the file, syntax
    UnreadableFile = "E0100", Error, "the file cannot be read",
        "The file does not exist, cannot be opened, is no UTF-8 text, or is larger than 4 GiB. The message says which; for text that is not UTF-8 it names the byte where it goes wrong.";
    UnexpectedToken = "E0101", Error, "something else was expected here",
        "The parser met a token that cannot stand in this place. The message says what would fit and what was found. It then goes on with the next statement, so several errors are reported in one run.";
    UnclosedDelimiter = "E0102", Error, "a bracket is never closed",
        "A `(`, `[`, `{` or `<` was opened and its partner is missing. The error stands where the partner was expected; a note shows the opening bracket.";
    UnmatchedDelimiter = "E0103", Error, "a closing bracket without an opening one",
        "A `)`, `]` or `}` closes nothing.";
    UnknownCharacter = "E0104", Error, "a character that Vex does not know",
        "Outside of strings and comments only the characters of the language may stand. Look for typographic quotes and for signs copied from a web page.";
    UnterminatedString = "E0105", Error, "a string is never closed",
        "The quote that ends the string, f-string, template or character is missing before the end of the file.";
    UnterminatedComment = "E0106", Error, "a comment is never closed",
        "`/*` needs its `*/`. Block comments do not nest.";
    BadEscape = "E0107", Error, "an unknown escape in a string",
        "Strings know `\\n`, `\\t`, `\\r`, `\\0`, `\\\\`, `\\\"`, `\\'`, `\\{`, `\\}`, `\\xNN` and `\\u{N}`.";
    BadCharacterLiteral = "E0108", Error, "a character literal must hold one character",
        "`'x'` is one character. Write `\"..\"` for a string; a label is written `'name:` before a loop.";
    BadNumber = "E0109", Error, "a number that cannot be read",
        "Digits do not fit the base (`0b12`), digits are missing (`0x`), the value does not fit 128 bits, or the suffix is no number type.";
    BadInterpolation = "E0110", Error, "a wrong hole in an f-string or template",
        "A hole holds one expression: `f\"{a + b}\"`. A literal brace is written `{{` or `\\{` in an f-string. Back-tick templates write their holes `{{ e }}`.";
    NestedTooDeeply = "E0111", Error, "the program is nested too deeply",
        "Brackets, blocks, types or chains of operators are nested beyond the limit of the parser. Give parts of the expression a name with `let`, or move them to a function.";
    MissingStatementEnd = "E0112", Error, "two statements on one line",
        "A statement ends at the end of its line or with `;`. Two of them on one line need a `;` in between.";
    MissingType = "E0113", Error, "a type is missing",
        "Parameters, fields and constants of a function's signature state their type: `name: T`.";
    StatementOutsideFunction = "E0114", Error, "a statement outside of a function",
        "At the top of a file only declarations may stand (`fn`, `struct`, `enum`, `contract`, `type`, `const`, `let`, `import`, `extern`, `policy`). Statements belong into a function; the program starts in `fn main`.";
    StructLiteralInHead = "E0115", Error, "a struct literal in the head of a statement needs parentheses",
        "In the head of `if`, `while`, `for` and `match` a `{` opens the body. Write `(P { x: 1 })` there.";
    ChainedComparison = "E0116", Error, "comparisons do not chain",
        "`a < b < c` compares a bool with `c`. Write `a < b && b < c`.";
    BadSelectArm = "E0117", Error, "an arm that a select cannot wait for",
        "An arm is `v = <-ch`, `<-ch`, `v = ch.recv()`, `ch <- v`, `after d`, `default`, or in `select!` a future `r = f()`; then `=>` and its value.";
    BadGoOrDefer = "E0118", Error, "`go` needs a block or a call",
        "`go { .. }` starts a block and `go f(x)` a call as a new task; anything else has nothing to start. `go` and `defer` are statements and give no value.";
    MisplacedModifier = "E0119", Error, "a modifier that does not fit here",
        "`export`, `async`, `unsafe`, `threadlocal`, `...` or a trailing `!` stands before or after something that it cannot modify.";
    BadParameter = "E0120", Error, "a parameter in the wrong place",
        "A rest parameter (`rest: ...T`) must be the last one, parameters with a default value stand after those without, and the receiver `self` stands in parentheses before the name: `fn (self: &P) f()`.";
    OtherLanguage = "E0121", Error, "this is written differently in Vex",
        "A habit of another language: `let mut` is `let!`, `->` before a return type is `:`, `e.await` is `await e`, `::` is `.`, `impl` blocks are receiver methods, `var` is `let!`, `func` is `fn`.";
    BadForm = "E0122", Error, "a form with the wrong parts",
        "A special form of M28 (`def`, `let`, `if`, `for`, `try`, `class`, …) has too many or too few parts, or parts of the wrong kind. The hint shows how it is written.";
    MisplacedForm = "E0123", Error, "a form that cannot stand here",
        "`else`, `elif`, `except` and `finally` belong into `if`, `cond` and `try`; `return` into a function; `name=value` into a call or a list of parameters.";

    // ---- E02xx: names, imports, declarations
    UnknownName = "E0201", Error, "a name that is not known here",
        "No variable, function, type or import of this name is visible. The hint names one that is spelled alike, or the module to import it from.";
    UnknownType = "E0202", Error, "a type that is not known here",
        "No type of this name is visible.";
    UnknownMember = "E0203", Error, "no such field or method",
        "The type of the value has no field, method, variant or associated function of this name.";
    UnknownVariant = "E0204", Error, "no such variant",
        "The enum has no variant of this name.";
    DuplicateDefinition = "E0205", Error, "a name is declared twice",
        "Two declarations of one name in one place: items of a file, fields, variants, parameters. (A `let` may shadow an earlier one, and functions may be overloaded by their parameters.)";
    UnknownModule = "E0206", Error, "the module cannot be found",
        "`import .. from` names a standard module (`sync`, `sync/atomic`, `time`, `context`, `errors`, `testing`) or a file relative to this one (`\"./m.vex\"`).";
    UnknownImport = "E0207", Error, "the module has no such name",
        "The imported module does not export this name.";
    ImportCycle = "E0208", Error, "modules import one another in a circle",
        "Move what both need into a third module.";
    PrivateMember = "E0209", Error, "a private field is used from another file",
        "Fields in a `private:` section are visible in their own file only; `readonly:` fields may be read everywhere, but written only there.";
    NoMain = "E0210", Error, "the program has no `main`",
        "A program starts in `fn main()`, `fn main(): i32` or `async fn main(): i32`.";
    UnknownLabel = "E0211", Error, "a label that no surrounding loop has",
        "`break 'name` and `continue 'name` name a loop or block around them: `'name: loop { .. }`.";
    OutsideLoop = "E0212", Error, "`break` or `continue` outside of a loop",
        "There is no loop around it in the same function, closure or `go` block.";
    AmbiguousName = "E0213", Error, "a name that may mean several things",
        "Several imports, variants or overloads fit equally well. Write the full path (`Msg.Put`) or annotate the types.";
    CyclicDefinition = "E0214", Error, "a definition that contains itself",
        "A type alias, constant or struct refers to itself without a Box, list or other indirection in between.";

    // ---- E03xx: types
    TypeMismatch = "E0301", Error, "the types do not agree",
        "A value of one type stands where another is expected. Mixing integer types in arithmetic or comparison is an error as well: convert with `as`.";
    WrongArgumentCount = "E0302", Error, "wrong number of arguments",
        "The call gives more or fewer arguments than the function, variant or type takes.";
    NotCallable = "E0303", Error, "this cannot be called",
        "Only functions, methods, closures, variants and types with a constructor can be called.";
    NonExhaustiveMatch = "E0304", Error, "a match does not cover every case",
        "Every value must have an arm. The message names a value that has none; add an arm for it or `_ => ..`.";
    MissingContractMethod = "E0305", Error, "a contract's method is missing",
        "The struct names a contract in its header, but a method of the contract is missing or has another signature.";
    MissingReturn = "E0306", Error, "a value must be returned",
        "The function has a return type, but its end can be reached without a value.";
    AssignToImmutable = "E0307", Error, "an immutable variable is changed",
        "A `let` is assigned once. Declare it with `let!` to assign again or to call a mutating method on it.";
    CannotInfer = "E0308", Error, "a type cannot be inferred",
        "Nothing says which type this is. Annotate it: `let xs: [i32] = []`, `Channel<i32>(4)`.";
    BoundNotSatisfied = "E0309", Error, "a type does not satisfy a bound",
        "The type argument lacks the contract that the function or type demands.";
    BadOperand = "E0310", Error, "an operator does not work on this type",
        "The operator is neither built in for these types nor defined by an `op` method.";
    BadTry = "E0311", Error, "`?` does not fit the function's return type",
        "`?` returns early with the error, so the function around it must return a Result (or, for an Option, an Option).";
    NotAPlace = "E0312", Error, "this cannot be assigned to",
        "Only variables, fields, elements and dereferenced references can be assigned.";
    BadPattern = "E0313", Error, "a pattern does not fit the value",
        "The pattern has another shape than the value: wrong variant, wrong number of parts, literal of another type.";
    LiteralOutOfRange = "E0314", Error, "a number does not fit its type",
        "The literal lies outside of the range of its type.";
    BadCast = "E0315", Error, "a conversion that does not exist",
        "`as` converts between number types, `bool`/`char`/enum and integers, and pointers.";
    NotIterable = "E0316", Error, "this cannot be iterated",
        "`for` runs over ranges, lists, maps, sets, channels, strings and types with an Iterator.";
    MissingField = "E0317", Error, "a field is missing or given twice",
        "A struct literal gives every field without a default value exactly once.";
    WrongTypeArguments = "E0318", Error, "wrong type arguments",
        "The number of type arguments differs from the declaration, or something is not generic at all.";
    NotAConstant = "E0319", Error, "a constant must be computable at compile time",
        "Array lengths, constants and pattern ends are built from literals and other constants.";
    UnassignedVariable = "E0320", Error, "a variable is used before it has a value",
        "`let x: T` gets its value later, on every path before the first use.";
    BadMain = "E0321", Error, "`main` has a wrong signature",
        "`main` takes no parameters and returns nothing or an i32 (the exit code).";
    Unsupported = "E0399", Error, "a feature that this implementation does not run",
        "The program is well formed, but uses something that is outside of what vex executes. The message says what.";

    // ---- E04xx: ownership
    UseAfterMove = "E0401", Error, "a value is used after it was moved",
        "Assigning, passing, returning, sending and capturing a value that is not Copy moves it; the old name is empty afterwards. Use `.clone()`, a reference, or a Box.";
    MovedIntoTwoTasks = "E0402", Error, "a value is moved into several tasks",
        "A `go` block takes what it uses with it. A second `go` block, or the next turn of a loop, finds it gone. Share it through a Channel, a Mutex or a Box.";
    AssignToCapturedCopy = "E0403", Error, "an assignment inside `go` would be lost",
        "Numbers and other Copy values are copied when the task starts, so an assignment changes the copy only. Use an atomic, a Mutex or a channel.";
    ReferenceIntoTask = "E0404", Error, "a reference is captured by a task",
        "A task may outlive the function that starts it, so it cannot hold a reference into it. Move or share the value itself.";
    BorrowAcrossAwait = "E0405", Error, "a reference or guard is alive across an `await`",
        "While the task waits, others run; a lock guard would stay locked and a reference could dangle. End it before: a block of its own, or `drop(guard)`.";
    ConflictingBorrow = "E0406", Error, "a value is borrowed mutably and otherwise at once",
        "There may be one `&T!` or any number of `&T` to a value, until their last use.";
    MoveOutOfBorrow = "E0407", Error, "a value is moved out of something borrowed",
        "A reference does not own what it points at, nor does a list give away an element by index. Clone it, or use `remove`, `take`, `swap`.";
    DanglingReference = "E0408", Error, "a reference outlives what it points at",
        "The value is dropped at the end of its scope, but the reference is still in use after that.";

    // ---- E05xx: async and tasks
    AwaitOutsideAsync = "E0501", Error, "`await` outside of an async context",
        "`await` stands in an `async fn` or in a `go` block.";
    NotAFuture = "E0502", Error, "this cannot be awaited",
        "`await`, `join!` and the arms of `select!` take futures: calls of `async fn`, `sleep`, `join!`.";
    BadSelect = "E0503", Error, "a select arm of the wrong kind",
        "`select` waits for channels and timers, `select!` (in an async context) for futures too.";

    // ---- E06xx: limits of the compiled program
    TooLarge = "E0601", Error, "something is too large to be compiled",
        "A function may have 32,767 registers and 4 million instructions, a call or tuple 255 values, a program 65,535 functions. Split it.";

    // ---- W01xx: warnings
    UnusedVariable = "W0101", Warning, "a variable is never used",
        "Remove it, or start its name with `_`.";
    UnusedResult = "W0102", Warning, "a result is dropped",
        "A Result says whether something failed. Handle it, or discard it with `let _ = ..`.";
    NeedlessMut = "W0103", Warning, "`let!` without need",
        "The variable is never changed; `let` is enough.";
    UnreachableCode = "W0104", Warning, "code that is never reached",
        "What stands before it always leaves.";
    NeedlessTry = "W0105", Warning, "`?` on a value that is neither Option nor Result",
        "The `?` has no effect here.";
    UnusedImport = "W0106", Warning, "an import is never used",
        "Remove it.";
    UnboundName = "W0107", Warning, "a name that nothing binds",
        "No variable, function or class of the program and nothing of the library has this name. Using it raises a NameError.";
    AssignmentAsValue = "W0108", Warning, "`=` where its value is used",
        "`=` assigns and gives the value. In the conditions of `if`, `elif`, `cond`, `while` and `assert` it compares; everywhere else `==` does.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_ordered_and_match_their_severity() {
        for pair in Code::ALL.windows(2) {
            let key = |c: Code| (c.severity(), c.id());
            assert!(key(pair[0]) < key(pair[1]), "{} stands before {}", pair[0].id(), pair[1].id());
        }
        for code in Code::ALL {
            let letter = match code.severity() {
                Severity::Error => 'E',
                Severity::Warning => 'W',
            };
            assert!(code.id().starts_with(letter) && code.id().len() == 5, "{}", code.id());
            assert!(!code.explanation().is_empty() && !code.title().ends_with('.'), "{}", code.id());
        }
    }
}
