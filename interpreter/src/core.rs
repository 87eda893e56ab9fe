//! The core tree: what every language lowers to, typed, resolved and desugared. Ownership checks and the bytecode
//! compiler read it; nothing in it says which language it came from.
//!
//! Ideas that its readers rely on:
//! * Names are resolved: locals by [`LocalId`] in their function, functions by [`FuncId`], fields and variants by position.
//! * Reading a place in value position copies where the type is Copy or a shareable handle, and moves otherwise.
//!   What only looks is an explicit [`ExprKind::Borrow`]; method receivers, operands of comparisons and of formatting are wrapped in it.
//! * Immutable references are erased at run time: `&x` is the value. `&x!` is the handle where the type is a mutable
//!   aggregate (struct, list, map, set, box, sync object) and a real reference cell otherwise; [`Projection::Deref`] sees through both.
//! * Async calls, `go` blocks and `go f(x)` are all [`ExprKind::Spawn`]; a `go` block is a function whose leading
//!   parameters are its captures.
//! * A guard, a future and a value with a `drop` method are *droppable*: the bytecode compiler releases them at scope exit, and
//!   unnamed ones at the end of their statement.

use crate::builtins::Builtin;
use crate::dynamic::{DynOp, Dynamic};
use crate::source::{SourceMap, Span};
use crate::types::{EnumId, IntKind, StructId, Ty, Types};
use std::sync::Arc;

/// Index of a function in [`Program::functions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FuncId(pub u32);

/// Index of a local in [`Function::locals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u32);

/// Index of a global in [`Program::globals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GlobalId(pub u32);

/// A loop or block that `break` and `continue` can name, unique in its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelId(pub u32);

/// A whole program.
#[derive(Debug)]
pub struct Program {
    /// All functions: the user's, the prelude's, closures, `go` bodies.
    pub functions: Vec<Function>,
    /// Structs; a tuple struct has fields `0`, `1`, ….
    pub structs: Vec<StructDef>,
    /// Enums; the first two are `Option` and `Result`.
    pub enums: Vec<EnumDef>,
    /// Module globals; initialised in order by [`Program::init`].
    pub globals: Vec<Global>,
    /// Constants of the user's that stand for their value wherever they are named; only debuggers ask for them.
    pub consts: Vec<ConstDef>,
    /// Methods that are found by name at run time (calls on type parameters and contracts, operators of generic code, `toString`).
    pub methods: Vec<Method>,
    /// Sets the globals; runs before `main`, in its task.
    pub init: Option<FuncId>,
    /// Where the program starts.
    pub main: Option<FuncId>,
    /// The types.
    pub types: Types,
    /// Of a language without static types: its classes. Failures of the engine then become exceptions.
    pub dynamic: Option<Dynamic>,
    /// The files, for diagnostics and traces.
    pub sources: Arc<SourceMap>,
}

/// A struct.
#[derive(Debug)]
pub struct StructDef {
    /// Name shown to people.
    pub name: String,
    /// Field names and types (types in terms of the struct's parameters).
    pub fields: Vec<(String, Ty)>,
    /// Whether it is a tuple struct (printed `Id(7)`).
    pub tuple: bool,
    /// Whether values are copied rather than moved (contract `Copy`).
    pub copy: bool,
    /// `fn (self: &T) drop()`.
    pub drop: Option<FuncId>,
}

/// An enum.
#[derive(Debug)]
pub struct EnumDef {
    /// Name shown to people.
    pub name: String,
    /// Variant names and the types of their fields.
    pub variants: Vec<(String, Vec<Ty>)>,
    /// Whether values are copied rather than moved.
    pub copy: bool,
}

/// A constant that is no global.
#[derive(Debug)]
pub struct ConstDef {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Its value.
    pub value: Const,
}

/// A module global.
#[derive(Debug)]
pub struct Global {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Whether it may be assigned.
    pub mutable: bool,
    /// One copy a task (`threadlocal`); set by evaluating `initial` in the task at first use.
    pub thread_local: Option<FuncId>,
    /// Where it is declared.
    pub span: Span,
}

/// The kind of a value that a method was defined for, as the virtual machine can tell it at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum RuntimeType {
    Struct(StructId),
    Enum(EnumId),
    Int(IntKind),
    Float32,
    Float,
    Bool,
    Char,
    String,
    Unit,
    List,
    Map,
    Set,
    Tuple,
    Function,
    Box,
    Duration,
    Time,
    Other,
}

/// A method found by name.
#[derive(Debug)]
pub struct Method {
    /// For values of this kind.
    pub receiver: RuntimeType,
    /// The method's name (`area`, `toString`, `op+`).
    pub name: String,
    /// The code; the receiver is its first argument.
    pub func: FuncId,
}

/// What kind of body a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A named function or method.
    Plain,
    /// A named async function; calls are [`ExprKind::Spawn`] with [`SpawnKind::Async`].
    Async,
    /// A closure; called by value.
    Closure,
    /// The body of a `go` block.
    Go,
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Name shown to people: `worker`, `Point.norm`, `main.go` for a `go` block in `main`, `main.closure`.
    pub name: String,
    /// What it is.
    pub kind: FunctionKind,
    /// Captured variables, then parameters, are the leading locals: `captures + params` of them.
    pub captures: u32,
    /// Number of declared parameters.
    pub params: u32,
    /// How many of the parameters, at the end (before the one that takes the rest), may be unset when it is called.
    pub optional: u32,
    /// The last parameter is a list of the arguments that remain.
    pub rest: bool,
    /// All locals.
    pub locals: Vec<Local>,
    /// Type of the result (of the value awaited, for async functions).
    pub ret: Ty,
    /// The body.
    pub body: Expr,
    /// The definition's head (for stacks and lists of functions).
    pub span: Span,
    /// Whether it comes from the prelude (hidden by default in stacks and steps).
    pub prelude: bool,
}

/// A local variable, parameter or capture.
#[derive(Debug, Clone)]
pub struct Local {
    /// Its name; empty for one made by the front end.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Declared with `let!` or `name!:`.
    pub mutable: bool,
    /// Lives in a heap cell, because a closure captures it by reference or a `&x!` to a non-aggregate is taken.
    pub cell: bool,
    /// Where it is declared.
    pub span: Span,
}

/// An expression with its type and place.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Type of its value.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// A literal or other constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Const {
    /// `()`
    Unit,
    /// `true`, `false`
    Bool(bool),
    /// An integer; its kind is the expression's type.
    Int(i128),
    /// A float (`f64` or `f32` by the expression's type).
    Float(f64),
    /// A character.
    Char(char),
    /// A string.
    Str(String),
    /// The null pointer.
    Nil,
    /// A name as a value.
    Symbol(String),
}

/// Where a value can be read from or stored to.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where it starts.
    pub base: PlaceBase,
    /// Steps from there, in order.
    pub projections: Vec<Projection>,
    /// The place's type.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// The start of a place.
#[derive(Debug, Clone)]
pub enum PlaceBase {
    /// A local.
    Local(LocalId),
    /// A global.
    Global(GlobalId),
    /// The value of an expression (a temporary).
    Value(Box<Expr>),
}

/// A step into a place. `ty` is the type after the step.
#[derive(Debug, Clone)]
pub enum Projection {
    /// A struct's or tuple's field by position.
    Field(u32, Ty),
    /// A list's, array's, map's or string's element.
    Index(Box<Expr>, Ty),
    /// Through a reference, a box or a guard.
    Deref(Ty),
}

/// Arithmetic and bit operators. Both operands have the type of the left one (shifts: any integer on the right).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// One-operand operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it all")]
pub enum UnaryOp {
    Neg,
    Not,
    BitNot,
}

/// How a closure gets at a variable of the function around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureMode {
    /// The variable's value is copied or moved into the closure.
    Value,
    /// Both share the variable's cell ([`Local::cell`] is set in both).
    Cell,
}

/// A captured variable: `outer` in the function around becomes the closure's local of the same position.
#[derive(Clone, Copy, Debug)]
pub struct Capture {
    /// In the function around.
    pub outer: LocalId,
    /// How.
    pub mode: CaptureMode,
    /// First use inside (for messages).
    pub span: Span,
}

/// What a spawn makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnKind {
    /// `go`: nothing waits for it; the expression is `()`.
    Go,
    /// An async call: the expression is a `Future`.
    Async,
}

/// What a select arm does.
#[derive(Debug, Clone)]
pub enum SelectOp {
    /// `v = <-ch`: the value, or the zero value once closed.
    Recv(Expr),
    /// `v = ch.recv()`: an `Option`.
    RecvOption(Expr),
    /// A tuple of the value and whether there was one; `((), false)` once closed.
    RecvPair(Expr),
    /// `ch <- value`
    Send(Expr, Expr),
    /// `after d`: the expression is a `Duration`.
    After(Expr),
    /// `v = future` (async select); the loser is cancelled.
    Future(Expr),
}

/// An arm of a select.
#[derive(Debug, Clone)]
pub struct SelectArm {
    /// What it waits for.
    pub op: SelectOp,
    /// What the received value is bound to. Irrefutable, except that a `Some(v)` pattern that fails makes the arm not match: then
    /// the body is skipped.
    pub pattern: Option<Pattern>,
    /// What then happens.
    pub body: Expr,
    /// Where it stands.
    pub span: Span,
}

/// How `for` walks over a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IterKind {
    /// Elements of a list, array or span. The length is read anew each turn.
    List,
    /// Elements of a set.
    Set,
    /// `(key, value)` tuples of a map.
    Map,
    /// Characters of a string.
    String,
    /// Values of a channel until it is closed and drained.
    Channel,
    /// Numbers of a range value ([`ExprKind::Range`]).
    Range,
    /// Whatever the value is, found out at run time.
    Dynamic,
}

/// A pattern. It sees through references, boxes and guards (the checker puts the derefs into the scrutinee).
#[derive(Debug, Clone)]
pub struct Pattern {
    /// What it is.
    pub kind: PatternKind,
    /// Type of the value it is matched against.
    pub ty: Ty,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of patterns.
#[derive(Debug, Clone)]
pub enum PatternKind {
    /// `_`
    Wild,
    /// A name, with an optional pattern that must hold too.
    Bind(LocalId, Option<Box<Pattern>>),
    /// A literal.
    Const(Const),
    /// A range of integers or characters.
    Range {
        /// Lower bound, if any.
        lo: Option<Const>,
        /// Upper bound, if any.
        hi: Option<Const>,
        /// Whether `hi` belongs to it.
        inclusive: bool,
    },
    /// A variant with patterns for its fields.
    Variant(u32, Vec<Pattern>),
    /// A tuple, or a struct by all positions.
    Fields(Vec<(u32, Pattern)>),
    /// `[a, b, ..rest, z]`
    List {
        /// From the front.
        before: Vec<Pattern>,
        /// `..` with the name that takes the middle, if any.
        rest: Option<Option<LocalId>>,
        /// From the back.
        after: Vec<Pattern>,
    },
    /// Alternatives that bind the same locals.
    Or(Vec<Pattern>),
    /// A value of this run-time kind (a union's case).
    TypeTest(Ty, Box<Pattern>),
}

/// An arm of a match.
#[derive(Debug, Clone)]
pub struct MatchArm {
    /// What it matches.
    pub pattern: Pattern,
    /// An extra condition.
    pub guard: Option<Expr>,
    /// What then happens.
    pub body: Expr,
}

/// A statement.
#[derive(Debug, Clone)]
pub enum Stmt {
    /// `let p = e`; without a value it is assigned later, once.
    Let {
        /// What is bound (irrefutable).
        pattern: Pattern,
        /// The value.
        value: Option<Expr>,
        /// The whole statement.
        span: Span,
    },
    /// An expression whose value is dropped.
    Expr(Expr),
    /// Work for the exit of the block around.
    Defer(Expr),
    /// Sets locals, which begin here, to the elements of a sequence of exactly so many; it fails where there are more or fewer.
    Unpack {
        /// The locals, in order.
        locals: Vec<LocalId>,
        /// The sequence.
        value: Expr,
        /// The whole statement.
        span: Span,
    },
}

/// The kinds of expressions.
#[derive(Debug, Clone)]
pub enum ExprKind {
    /// A constant.
    Const(Const),
    /// Reads a place: a copy, or a move out of it.
    Read(Place),
    /// `&place`, and every use that only looks.
    Borrow(Place),
    /// `&place!`, and receivers of mutating methods.
    BorrowMut(Place),
    /// A function as a value.
    Function(FuncId),
    /// A closure over the function around.
    Closure(FuncId, Vec<Capture>),
    /// `place = value`; the value is `()`.
    Assign(Place, Box<Expr>),
    /// `place op= value`.
    AssignOp(BinaryOp, Place, Box<Expr>),
    /// Arithmetic.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// A comparison; the operands are looked at, not moved.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `&&`
    And(Box<Expr>, Box<Expr>),
    /// `||`
    Or(Box<Expr>, Box<Expr>),
    /// Negation.
    Unary(UnaryOp, Box<Expr>),
    /// `e as T`; the target is the expression's type.
    Cast(Box<Expr>),
    /// A call of a known function (never async: see `Spawn`).
    Call(FuncId, Vec<Expr>),
    /// A call of a function value.
    CallValue(Box<Expr>, Vec<Expr>),
    /// A call of a method found by the kind of the first argument ([`Program::methods`]).
    CallMethod(String, Vec<Expr>),
    /// A built-in operation.
    Builtin(Builtin, Vec<Expr>),
    /// `()`-typed unless it has a tail.
    Block(Vec<Stmt>, Option<Box<Expr>>),
    /// A block that `break` with this label leaves, with a value of the block's type.
    Labelled(LabelId, Box<Expr>),
    /// `if`
    If(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    /// `match`; the scrutinee is usually a `Borrow` or a `Read`. Also `if let` (last arm `_`).
    Match(Box<Expr>, Vec<MatchArm>),
    /// `loop`
    Loop(LabelId, Box<Expr>),
    /// `while cond body`; `otherwise` is its value when the condition fails (`None` of the loop used as a value).
    While {
        /// For break and continue.
        label: LabelId,
        /// Condition.
        cond: Box<Expr>,
        /// Body.
        body: Box<Expr>,
        /// Value when it ends by itself.
        otherwise: Option<Box<Expr>>,
    },
    /// `for var in lo..hi`; `var` is fresh each turn.
    ForRange {
        /// For break and continue.
        label: LabelId,
        /// The variable.
        var: LocalId,
        /// First value.
        lo: Box<Expr>,
        /// Bound.
        hi: Box<Expr>,
        /// `..=`
        inclusive: bool,
        /// Body.
        body: Box<Expr>,
        /// Value when it ends by itself.
        otherwise: Option<Box<Expr>>,
    },
    /// `for pattern in iterable`
    ForEach {
        /// For break and continue.
        label: LabelId,
        /// Each element is matched with it (irrefutable).
        pattern: Pattern,
        /// How to walk.
        iter: IterKind,
        /// Over what (usually a `Borrow`).
        iterable: Box<Expr>,
        /// Elements are cloned, because the container is used again (moved elements would be shared).
        clone_elements: bool,
        /// Body.
        body: Box<Expr>,
        /// Value when it ends by itself.
        otherwise: Option<Box<Expr>>,
    },
    /// `break label value`
    Break(LabelId, Option<Box<Expr>>),
    /// `continue label`
    Continue(LabelId),
    /// `return value`
    Return(Option<Box<Expr>>),
    /// A tuple.
    Tuple(Vec<Expr>),
    /// A list or array (by the expression's type).
    List(Vec<Expr>),
    /// `[value; count]`
    Repeat(Box<Expr>, Box<Expr>),
    /// A struct with a value for each field, in order of the definition; evaluated in order of `order` (positions).
    Struct(StructId, Vec<Expr>, Vec<u32>),
    /// A variant.
    Variant(EnumId, u32, Vec<Expr>),
    /// `a..b` as a value.
    Range(Box<Expr>, Box<Expr>, bool),
    /// The zero value of a type (of the expression's type), where it has one; otherwise "no value", which panics when a receive
    /// from a closed channel must use it. Only as an argument of `ChannelNew`.
    Zero,
    /// Text from parts: each is formatted with Display and joined.
    Format(Vec<Expr>),
    /// A new task.
    Spawn(SpawnKind, FuncId, Vec<Expr>),
    /// A new task that runs a function value.
    SpawnValue(SpawnKind, Box<Expr>, Vec<Expr>),
    /// Waits for a future.
    Await(Box<Expr>),
    /// A select. `default` runs where nothing is ready.
    Select(Vec<SelectArm>, Option<Box<Expr>>),
    /// Ends the program's run of this task with a message (its argument is a string).
    Panic(Box<Expr>),
    /// `assert(cond, message)`: a failed one is a finding of its own kind.
    Assert(Box<Expr>, Option<Box<Expr>>),
    /// An operator of a language without static types; one or two operands.
    Dyn(DynOp, Vec<Expr>),
    /// `x[i]` of any container.
    Index(Box<Expr>, Box<Expr>),
    /// `x[i] = value` of any container; gives the value.
    SetIndex(Box<Expr>, Box<Expr>, Box<Expr>),
    /// An attribute of any value.
    Attr(Box<Expr>, String),
    /// Sets an attribute of an object; gives the value.
    SetAttr(Box<Expr>, String, Box<Expr>),
    /// Calls a method of any value, or a function that an attribute holds.
    CallAttr(Box<Expr>, String, Vec<Expr>),
    /// A call of a function value with some arguments by name.
    CallNamed(Box<Expr>, Vec<Expr>, Vec<(String, Expr)>),
    /// The value of a variable that may be unset: then it fails and says the name.
    Bound(Box<Expr>, String),
    /// Whether a variable is set.
    IsSet(Place),
    /// No value: an optional parameter that is not given.
    Unset,
    /// A body whose exceptions are caught, and work that is done on every way out of it.
    Try {
        /// What may fail. Its value is that of the whole.
        body: Box<Expr>,
        /// The variable that takes the exception, and what is evaluated instead.
        catch: Option<(LocalId, Box<Expr>)>,
        /// Done at the end, on `break`, `continue` and `return`, and when an exception leaves.
        finally: Option<Box<Expr>>,
    },
    /// Raises an exception.
    Raise(Box<Expr>),
    /// Something was wrong here; already reported.
    Error,
}
