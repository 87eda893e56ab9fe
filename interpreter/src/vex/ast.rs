//! The untyped syntax tree of Vex: exactly what was written, with a place for everything.
//!
//! The parser builds it, name resolution and the type checker read it; nobody changes it.
//!
//! - Every node has a [`Span`]; names have their own ([`Ident`]).
//! - Nodes that later stages attach facts to (expressions, patterns, types, blocks, parameters, items …) carry
//!   a [`NodeId`], unique over all files of one program, so that a fact lives in a side table and not in the tree.
//! - Ambiguities that need names to settle stay open here and are said on the variant:
//!   `a.b(c)` is always [`ExprKind::MethodCall`] (it may turn out to be an associated function, an enum variant
//!   or a module's function), a bare name in a pattern is always [`PatKind::Binding`] (it may turn out to be a
//!   unit variant such as `None`).
//! - The parser limits the height of the tree (see `parser::MAX_HEIGHT`), so walking and dropping it may recurse.
//! - After a syntax error the tree holds [`ExprKind::Error`] and its like; they come only with a diagnostic.

use std::sync::Arc;

use crate::source::{FileId, Span};

/// The text of a name; clones share one allocation.
pub type Name = Arc<str>;

/// Identity of a node, unique over all files of one program; the key of side tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// Hands out node ids; one for all files of a program.
#[derive(Debug, Default)]
pub struct NodeIds {
    next: u32,
}

impl NodeIds {
    /// A new id.
    pub fn fresh(&mut self) -> NodeId {
        let id = NodeId(self.next);
        self.next += 1;
        id
    }

    /// How many were handed out: all ids are below it.
    pub fn count(&self) -> usize {
        self.next as usize
    }
}

/// A name where it was written. `self`, `Self` and `_` are names too; `$println` keeps its `$`.
#[derive(Clone, Debug)]
pub struct Ident {
    /// The name.
    pub name: Name,
    /// Where it stands.
    pub span: Span,
}

/// A dotted path: `Msg`, `Msg.Put`, `sync.Mutex`. Never empty.
#[derive(Clone, Debug)]
pub struct Path {
    /// The names, from left to right.
    pub segments: Vec<Ident>,
    /// From the first name to the last.
    pub span: Span,
}

/// One file.
#[derive(Debug)]
pub struct Module {
    /// The file it was read from.
    pub file: FileId,
    /// Declarations in source order.
    pub items: Vec<Item>,
}

// ---------------------------------------------------------------------------------------------- declarations

/// A declaration; at the top of a file, or inside a function body ([`StmtKind::Item`]).
#[derive(Debug)]
pub struct Item {
    /// Identity of the declaration.
    pub id: NodeId,
    /// From its first keyword (`export` included) to its end.
    pub span: Span,
    /// The `export` before it.
    pub export: Option<Span>,
    /// The text of the `///` lines before it, without the slashes.
    pub doc: Option<Name>,
    /// What is declared.
    pub kind: ItemKind,
}

/// The kinds of declarations.
#[derive(Debug)]
pub enum ItemKind {
    /// `fn`, in all its forms.
    Function(Box<Function>),
    /// `struct`.
    Struct(Box<Struct>),
    /// `enum`.
    Enum(Box<Enum>),
    /// `contract`.
    Contract(Box<Contract>),
    /// `type Name = T`.
    TypeAlias(Box<TypeAlias>),
    /// `const N: i32 = 8`; constants inside functions are items as well.
    Const(Box<Const>),
    /// A module global: `let x = e`, `let! x = e`, `threadlocal let! x = e`. Only at the top of a file.
    Global(Box<Let>),
    /// `import .. from "m"`.
    Import(Box<Import>),
    /// `policy Name { field tag, .. }`.
    Policy(Box<Policy>),
    /// `extern "C" { fn f(x: i32): i32; }`.
    Extern(Box<Extern>),
}

/// A function declaration: free, associated or a method; also the members of an `extern` block.
#[derive(Debug)]
pub struct Function {
    /// Identity of the function (differs from its item's).
    pub id: NodeId,
    /// From `fn` (or `async`, `unsafe`) to the end of the return type: the line to name for the function as a whole.
    pub header: Span,
    /// `async` before `fn`.
    pub is_async: Option<Span>,
    /// `unsafe` before `fn`.
    pub is_unsafe: Option<Span>,
    /// What it belongs to.
    pub owner: FnOwner,
    /// The name; for operators `op+`, `op==`, `op[]`, `op[]=`. A trailing `!` is dropped.
    pub name: Ident,
    /// `<T: C, U>` after the name.
    pub generics: Generics,
    /// The parameters, without the receiver.
    pub params: Vec<Param>,
    /// The type after `:`; missing means unit.
    pub ret: Option<TypeExpr>,
    /// The body; missing in `extern` blocks.
    pub body: Option<Block>,
}

/// What a function belongs to.
#[derive(Debug)]
pub enum FnOwner {
    /// `fn f()`.
    None,
    /// `fn P.new()`, `fn Vec<T>.from(..)`: an associated function of this type.
    /// Type arguments that name no known type introduce type parameters, as in [`FnOwner::Receiver`].
    Type(TypeExpr),
    /// `fn (self: &P!) shift(..)`: a method.
    Receiver(Receiver),
}

/// The receiver of a method: `(self: &P)`.
#[derive(Debug)]
pub struct Receiver {
    /// Identity of the binding `self`.
    pub id: NodeId,
    /// The name, nearly always `self`.
    pub name: Ident,
    /// `self!: P`, a mutable binding.
    pub mutable: bool,
    /// The type as written: `&P`, `&P!`, `P`, `&Vec<T>`, `Option<T>` … Names inside type arguments that are no
    /// known types are the method's type parameters (`fn (self: &Vec<T>) map<U>(..)` has `T` and `U`).
    pub ty: TypeExpr,
    /// The parentheses included.
    pub span: Span,
}

/// A parameter of a function.
#[derive(Debug)]
pub struct Param {
    /// Identity of the binding.
    pub id: NodeId,
    /// Its name.
    pub name: Ident,
    /// `name!: T`.
    pub mutable: bool,
    /// `rest: ...T`: collects the remaining arguments into a list of `T`.
    pub rest: bool,
    /// The type (of one element for a rest parameter). An [`TypeKind::Error`] if it was left out.
    pub ty: TypeExpr,
    /// `= e`.
    pub default: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// The type parameters of a declaration; empty where there are none.
#[derive(Debug, Default)]
pub struct Generics {
    /// The parameters, in order.
    pub params: Vec<GenericParam>,
    /// `<..>` if written.
    pub span: Option<Span>,
}

/// One type parameter: `T: Shape + Clone = Sq`. Bounds of a `where` clause are added to the parameter they name.
#[derive(Debug)]
pub struct GenericParam {
    /// Identity of the parameter.
    pub id: NodeId,
    /// Its name.
    pub name: Ident,
    /// The contracts after `:`.
    pub bounds: Vec<TypeExpr>,
    /// The type after `=`.
    pub default: Option<TypeExpr>,
}

/// `struct`.
#[derive(Debug)]
pub struct Struct {
    /// Its name.
    pub name: Ident,
    /// Its type parameters.
    pub generics: Generics,
    /// `struct Sq: Shape, Clone`.
    pub contracts: Vec<TypeExpr>,
    /// `struct User with ApiModel`.
    pub policies: Vec<Ident>,
    /// From `struct` to before the body; a missing contract method is reported here.
    pub header: Span,
    /// Its fields.
    pub body: StructBody,
    /// `type Item = i32` inside the body.
    pub assoc_types: Vec<AssocType>,
}

/// The fields of a struct.
#[derive(Debug)]
pub enum StructBody {
    /// `struct P { x: i32 }`.
    Named(Vec<Field>),
    /// `struct Id(i64)`; the fields are called `0`, `1`, …
    Tuple(Vec<Field>),
    /// `struct Marker` alone.
    Unit,
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Identity of the field.
    pub id: NodeId,
    /// Its name, or its number as a name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// `x: i32 = 5`.
    pub default: Option<Expr>,
    /// The section it stands in.
    pub visibility: Visibility,
    /// The text of its back-tick tag.
    pub tag: Option<Ident>,
    /// All of it.
    pub span: Span,
}

/// The section of a struct that a field stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// `public:`, or no section.
    Public,
    /// `readonly:`: written in its own file only.
    Readonly,
    /// `private:`: visible in its own file only.
    Private,
}

/// `enum`.
#[derive(Debug)]
pub struct Enum {
    /// Its name.
    pub name: Ident,
    /// Its type parameters.
    pub generics: Generics,
    /// `enum E: Display`.
    pub contracts: Vec<TypeExpr>,
    /// From `enum` to before the body.
    pub header: Span,
    /// Its variants.
    pub variants: Vec<Variant>,
}

/// A variant of an enum.
#[derive(Debug)]
pub struct Variant {
    /// Identity of the variant.
    pub id: NodeId,
    /// Its name.
    pub name: Ident,
    /// `Put(i32, string)`; empty for a unit variant.
    pub payload: Vec<TypeExpr>,
    /// `= 3`.
    pub discriminant: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// `contract`.
#[derive(Debug)]
pub struct Contract {
    /// Its name.
    pub name: Ident,
    /// Its type parameters, with default type arguments.
    pub generics: Generics,
    /// `contract B: A`.
    pub supers: Vec<TypeExpr>,
    /// From `contract` to before the body.
    pub header: Span,
    /// Required methods.
    pub methods: Vec<ContractMethod>,
    /// `type Item;`.
    pub assoc_types: Vec<AssocType>,
}

/// A method that a contract requires.
#[derive(Debug)]
pub struct ContractMethod {
    /// Identity of the method.
    pub id: NodeId,
    /// Its name (operators as in [`Function::name`]).
    pub name: Ident,
    /// `async` before it.
    pub is_async: Option<Span>,
    /// Its own type parameters.
    pub generics: Generics,
    /// An explicit `self: &Self`, tolerated; `None` is the implicit receiver.
    pub receiver: Option<Receiver>,
    /// `!` after the parameters (or after the name), or an explicit `self: &Self!`: the receiver is mutable.
    pub mutable: bool,
    /// The parameters, without the receiver.
    pub params: Vec<Param>,
    /// The type after `:`; missing means unit.
    pub ret: Option<TypeExpr>,
    /// A default body.
    pub body: Option<Block>,
    /// All of it.
    pub span: Span,
}

/// `type Item;` in a contract, `type Item = T;` in a contract or struct.
#[derive(Debug)]
pub struct AssocType {
    /// Identity of the type.
    pub id: NodeId,
    /// Its name.
    pub name: Ident,
    /// `type Item: Display`.
    pub bounds: Vec<TypeExpr>,
    /// The type after `=`.
    pub ty: Option<TypeExpr>,
    /// All of it.
    pub span: Span,
}

/// `type Name<T> = ..`.
#[derive(Debug)]
pub struct TypeAlias {
    /// Its name.
    pub name: Ident,
    /// Its type parameters.
    pub generics: Generics,
    /// What it stands for.
    pub ty: TypeExpr,
}

/// `const N: i32 = 8`.
#[derive(Debug)]
pub struct Const {
    /// Identity of the constant.
    pub id: NodeId,
    /// Its name.
    pub name: Ident,
    /// Its type, if written.
    pub ty: Option<TypeExpr>,
    /// Its value.
    pub value: Expr,
}

/// `let`, as a statement or (at the top of a file) a global.
#[derive(Debug)]
pub struct Let {
    /// Identity of the statement.
    pub id: NodeId,
    /// `let!`: every name of the pattern may be assigned again.
    pub mutable: bool,
    /// `threadlocal` before it: one copy a task.
    pub threadlocal: Option<Span>,
    /// The keyword `let` or `let!`.
    pub keyword: Span,
    /// What is bound.
    pub pattern: Pattern,
    /// The type after `:`.
    pub ty: Option<TypeExpr>,
    /// The value; missing in `let x: T`, which is assigned once later.
    pub init: Option<Expr>,
}

/// `import`.
#[derive(Debug)]
pub struct Import {
    /// Which names.
    pub names: ImportNames,
    /// The module: `sync`, `./m.vex`; its span includes the quotes.
    pub path: Ident,
}

/// The names an import brings in.
#[derive(Debug)]
pub enum ImportNames {
    /// `import { A, B as C } from "m"`.
    Named(Vec<ImportName>),
    /// `import * as t from "m"`; also `import t from "m"`.
    Namespace(Ident),
    /// `import "m"`: brings in the module under the last part of its path.
    Whole,
}

/// One name of an import.
#[derive(Debug)]
pub struct ImportName {
    /// Identity of the imported name.
    pub id: NodeId,
    /// Its name in the module.
    pub name: Ident,
    /// `as local`.
    pub alias: Option<Ident>,
}

/// `policy Name { field tag, .. }`; no effect when the program runs.
#[derive(Debug)]
pub struct Policy {
    /// Its name.
    pub name: Ident,
    /// `with Other`.
    pub parents: Vec<Ident>,
    /// Field and the text of its back-tick tag.
    pub fields: Vec<(Ident, Ident)>,
}

/// `extern "C" { .. }`.
#[derive(Debug)]
pub struct Extern {
    /// The string after `extern`.
    pub abi: Option<Ident>,
    /// Functions without a body.
    pub functions: Vec<Function>,
}

// ----------------------------------------------------------------------------------------------------- types

/// A type as written.
#[derive(Debug)]
pub struct TypeExpr {
    /// Identity of this mention of a type.
    pub id: NodeId,
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: TypeKind,
}

/// The kinds of types.
#[derive(Debug)]
pub enum TypeKind {
    /// `i32`, `Vec<T>`, `sync.Mutex<T>`, `T.Item`, `Self`, `ptr`. Arguments belong to the last segment.
    Path {
        /// The name.
        path: Path,
        /// `<..>`; empty if left out.
        args: Vec<TypeExpr>,
    },
    /// `&T`, `&T!`.
    Ref {
        /// `!`.
        mutable: bool,
        /// The target.
        target: Box<TypeExpr>,
    },
    /// Raw `*T`, `*T!`.
    Pointer {
        /// `!`.
        mutable: bool,
        /// The target.
        target: Box<TypeExpr>,
    },
    /// `[T]`.
    List(Box<TypeExpr>),
    /// `[T; N]`.
    Array {
        /// The type of an element.
        element: Box<TypeExpr>,
        /// How many.
        len: Box<Expr>,
    },
    /// `(A, B)`; `()` is the empty one. `(A)` is just `A`.
    Tuple(Vec<TypeExpr>),
    /// `fn(A, B): R`.
    Fn {
        /// Parameter types (names, if written, are dropped).
        params: Vec<TypeExpr>,
        /// The type after `:`; missing means unit.
        ret: Option<Box<TypeExpr>>,
    },
    /// `A | B`, at least two.
    Union(Vec<TypeExpr>),
    /// `_`: to be inferred.
    Infer,
    /// A syntax error was reported here.
    Error,
}

// ------------------------------------------------------------------------------------------------- statements

/// `{ .. }`.
#[derive(Debug)]
pub struct Block {
    /// Identity of the block.
    pub id: NodeId,
    /// The braces included. A block the parser made around a single statement (`x => y = 1`) has the statement's span.
    pub span: Span,
    /// All statements but the tail.
    pub stmts: Vec<Stmt>,
    /// The last expression if no `;` follows it: the block's value.
    pub tail: Option<Box<Expr>>,
}

/// A statement.
#[derive(Debug)]
pub struct Stmt {
    /// Where it stands, without the `;`.
    pub span: Span,
    /// What it is.
    pub kind: StmtKind,
}

/// The kinds of statements. A statement in the place of an expression (`v = <-a => n += v`, `|x| n = x`) is
/// wrapped into an [`ExprKind::Block`] that holds only it.
#[derive(Debug)]
pub enum StmtKind {
    /// `let`.
    Let(Box<Let>),
    /// A declaration inside a function.
    Item(Box<Item>),
    /// An expression whose value is dropped.
    Expr(Box<Expr>),
    /// `place = e`, `place += e`.
    Assign {
        /// What is assigned; any expression, the checker says whether it is a place. [`ExprKind::Name`] `_` discards;
        /// a tuple or list of places assigns each.
        target: Box<Expr>,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
        /// The operator token.
        op_span: Span,
        /// The value.
        value: Box<Expr>,
    },
    /// `ch <- v`.
    Send {
        /// The channel.
        channel: Box<Expr>,
        /// The `<-`.
        op_span: Span,
        /// What is sent.
        value: Box<Expr>,
    },
    /// `go ..`.
    Go {
        /// Identity of the spawn site.
        id: NodeId,
        /// The word `go`.
        keyword: Span,
        /// What runs.
        body: GoBody,
    },
    /// `defer stmt`, `defer { .. }`; a single statement is wrapped into a block.
    Defer {
        /// The word `defer`.
        keyword: Span,
        /// What runs at scope exit.
        body: Box<Block>,
    },
}

/// What a `go` statement starts.
#[derive(Debug)]
pub enum GoBody {
    /// `go { .. }`.
    Block(Box<Block>),
    /// `go f(args)`: an [`ExprKind::Call`] or [`ExprKind::MethodCall`], perhaps of a closure.
    Call(Box<Expr>),
}

// ------------------------------------------------------------------------------------------------ expressions

/// An expression.
#[derive(Debug)]
pub struct Expr {
    /// Identity of the expression.
    pub id: NodeId,
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// The kinds of expressions.
#[derive(Debug)]
pub enum ExprKind {
    /// `42`, `0xFF`, `255u8`. Also `7f64` is [`ExprKind::Float`].
    Int {
        /// The value.
        value: u128,
        /// `u8` in `255u8`; one of the integer types, the lexer has checked it.
        suffix: Option<Name>,
    },
    /// `1.5`, `2e3`, `1.5f32`.
    Float {
        /// The value.
        value: f64,
        /// `f32` or `f64`.
        suffix: Option<Name>,
    },
    /// `"text"`, escapes resolved.
    Str(Name),
    /// `f".. {e} .."` or a back-tick template with `{{ e }}`. A template without holes is one too.
    Interpolated {
        /// Text and holes in order; empty for `f""`.
        parts: Vec<StrPart>,
        /// Back-ticks.
        template: bool,
    },
    /// `'x'`.
    Char(char),
    /// `true`, `false`.
    Bool(bool),
    /// `nil`.
    Nil,
    /// A name in a place of a value: variable, function, type, module, variant, `self`, `$println`.
    Name(Name),
    /// `(e)`. Kept, since `(s.f)(x)` calls a field and `s.f(x)` a method.
    Paren(Box<Expr>),
    /// `(a, b)`; `()` is unit.
    Tuple(Vec<Expr>),
    /// `[a, b]`; elements may be [`ExprKind::Spread`].
    List(Vec<Expr>),
    /// `[v; n]`.
    Repeat {
        /// The element.
        value: Box<Expr>,
        /// How many.
        len: Box<Expr>,
    },
    /// `...xs`, as an argument or list element only.
    Spread(Box<Expr>),
    /// `P { x: 1, y, ..base }`.
    Struct {
        /// The name.
        path: Box<Path>,
        /// `P<i32> { .. }`.
        type_args: Vec<TypeExpr>,
        /// The fields.
        fields: Vec<FieldInit>,
        /// The expression after `..`.
        base: Option<Box<Expr>>,
    },
    /// `f(x)`, `f<i64>(x)`, `Channel<T>(n)`. The callee is never a bare field access (that is a method call).
    Call {
        /// What is called.
        callee: Box<Expr>,
        /// Explicit type arguments.
        type_args: Vec<TypeExpr>,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `r.m(x)`, `Channel.new<i32>(10)`, `sync.Mutex.new(0)`, `Msg.Put(3)`, `m.lock!()`.
    MethodCall {
        /// What stands before the dot: a value, a type or a module.
        receiver: Box<Expr>,
        /// The name; a trailing `!` is dropped.
        method: Ident,
        /// Explicit type arguments.
        type_args: Vec<TypeExpr>,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `Vec<i32>` before a dot, as in `Vec<i32>.new()`; also a function with type arguments handed on as a value.
    Instantiate {
        /// The generic name.
        base: Box<Expr>,
        /// Its arguments.
        type_args: Vec<TypeExpr>,
    },
    /// `p.x`, `t.0` (the number as a name), `Msg.Stop`, `sync.Mutex`.
    Field {
        /// What stands before the dot.
        base: Box<Expr>,
        /// The field.
        field: Ident,
    },
    /// `xs[i]`; a slice has a [`ExprKind::Range`] as index.
    Index {
        /// The list or map.
        base: Box<Expr>,
        /// The index.
        index: Box<Expr>,
    },
    /// `-e`, `!e`, `~e`, `*e`.
    Unary {
        /// Which.
        op: UnaryOp,
        /// On what.
        operand: Box<Expr>,
    },
    /// `&e`, `&e!`, `&!e`.
    Borrow {
        /// `!`.
        mutable: bool,
        /// What is borrowed.
        operand: Box<Expr>,
    },
    /// `<-ch`.
    Receive(Box<Expr>),
    /// `await e`. `await e?` is `(await e)?`.
    Await(Box<Expr>),
    /// `e?`.
    Try(Box<Expr>),
    /// All two-sided operators that compute from values, `&&` and `||` included.
    Binary {
        /// Which.
        op: BinaryOp,
        /// The operator token.
        op_span: Span,
        /// Left side.
        left: Box<Expr>,
        /// Right side.
        right: Box<Expr>,
    },
    /// `a ?? b`.
    Coalesce {
        /// Option or Result.
        value: Box<Expr>,
        /// What stands in (evaluated eagerly).
        default: Box<Expr>,
    },
    /// `a !> v`, `a !> || v`, `a !> |e| v`: the closure is taken apart, its body is evaluated only if needed.
    Rescue {
        /// Option or Result.
        value: Box<Expr>,
        /// `|e|`.
        param: Option<Box<ClosureParam>>,
        /// What stands in.
        fallback: Box<Expr>,
    },
    /// `x |> f`, `x |> f(y)` (that is `f(x, y)`).
    Pipe {
        /// The first argument.
        value: Box<Expr>,
        /// A function, or a call that misses its first argument.
        target: Box<Expr>,
    },
    /// `c ? a : b`.
    Conditional {
        /// The condition.
        condition: Box<Expr>,
        /// If true.
        then: Box<Expr>,
        /// If false.
        otherwise: Box<Expr>,
    },
    /// `a..b`, `a..=b`, `..b`, `a..`, `..`.
    Range {
        /// Start.
        low: Option<Box<Expr>>,
        /// End.
        high: Option<Box<Expr>>,
        /// `..=`.
        inclusive: bool,
    },
    /// `e as T`.
    Cast {
        /// What is converted.
        value: Box<Expr>,
        /// To what.
        ty: Box<TypeExpr>,
    },
    /// `if .. elif .. else ..`, with `if let`.
    If {
        /// `if` and every `elif` / `else if`, in order; at least one.
        branches: Vec<(Condition, Block)>,
        /// `else`.
        otherwise: Option<Block>,
    },
    /// `match`.
    Match {
        /// What is looked at.
        scrutinee: Box<Expr>,
        /// The arms.
        arms: Vec<Arm>,
    },
    /// `while c { .. }`, `while let p = e { .. }`.
    While {
        /// `'name:`.
        label: Option<Ident>,
        /// The condition.
        condition: Box<Condition>,
        /// The body.
        body: Block,
    },
    /// `loop { .. }`.
    Loop {
        /// `'name:`.
        label: Option<Ident>,
        /// The body.
        body: Block,
    },
    /// `for p in e { .. }`.
    For {
        /// `'name:`.
        label: Option<Ident>,
        /// What is bound each turn.
        pattern: Box<Pattern>,
        /// Range, list, map, channel, string …
        iter: Box<Expr>,
        /// The body.
        body: Block,
    },
    /// `{ .. }`, with a label perhaps.
    Block {
        /// `'name:`.
        label: Option<Ident>,
        /// The statements.
        block: Block,
    },
    /// `unsafe { .. }`.
    Unsafe(Block),
    /// `select { .. }` and `select! { .. }`.
    Select {
        /// `select!`.
        is_async: bool,
        /// `select` or `select!`.
        keyword: Span,
        /// The arms; may be empty.
        arms: Vec<SelectArm>,
    },
    /// `join!(a(), b())`.
    Join(Vec<Expr>),
    /// `|a: i32, b| e`, `|x: i32|: i32 { .. }`, `|| { .. }`.
    Closure(Box<Closure>),
    /// `return`, `return e`.
    Return(Option<Box<Expr>>),
    /// `break`, `break 'label`, `break v`.
    Break {
        /// Which loop.
        label: Option<Ident>,
        /// Its value.
        value: Option<Box<Expr>>,
    },
    /// `continue`, `continue 'label`.
    Continue {
        /// Which loop.
        label: Option<Ident>,
    },
    /// A syntax error was reported here.
    Error,
}

/// A part of an f-string or template.
#[derive(Debug)]
pub enum StrPart {
    /// Plain text, escapes resolved.
    Text(Name),
    /// A hole.
    Hole(Expr),
}

/// One field of a struct literal.
#[derive(Debug)]
pub struct FieldInit {
    /// The field.
    pub name: Ident,
    /// Its value; for the short form `P { x }` a [`ExprKind::Name`] with the field's span.
    pub value: Expr,
    /// Whether it was the short form.
    pub shorthand: bool,
}

/// The head of `if` and `while`.
#[derive(Debug)]
pub enum Condition {
    /// A `bool`.
    Expr(Expr),
    /// `let p = e`.
    Let {
        /// What must match.
        pattern: Pattern,
        /// What is looked at.
        value: Expr,
    },
}

/// An arm of a `match`.
#[derive(Debug)]
pub struct Arm {
    /// What must match.
    pub pattern: Pattern,
    /// `if ..` after it.
    pub guard: Option<Expr>,
    /// Its value.
    pub body: Expr,
    /// All of it.
    pub span: Span,
}

/// An arm of a `select`.
#[derive(Debug)]
pub struct SelectArm {
    /// Identity of the arm.
    pub id: NodeId,
    /// What it waits for.
    pub op: SelectOp,
    /// From the first token to `=>`: the operation, for messages and stops.
    pub op_span: Span,
    /// Its value.
    pub body: Expr,
    /// All of it.
    pub span: Span,
}

/// What an arm of a `select` waits for.
#[derive(Debug)]
pub enum SelectOp {
    /// `v = <-ch`, `(a, b) = <-ch`, `_ = <-ch`, `<-ch`.
    Receive {
        /// What the value is bound to; `None` if no binding was written.
        pattern: Option<Pattern>,
        /// The channel.
        channel: Box<Expr>,
    },
    /// `opt = ch.recv()`, `Some(v) = ch.recv()`, `ch.recv()`: also ready once closed. The pattern is for the Option.
    ReceiveOption {
        /// What the Option is bound to.
        pattern: Option<Pattern>,
        /// The channel: what stands before `.recv()`.
        channel: Box<Expr>,
    },
    /// `out <- v`; also `out.send(v)`.
    Send {
        /// The channel.
        channel: Box<Expr>,
        /// What is sent.
        value: Box<Expr>,
    },
    /// `after d`: a duration, an integer of milliseconds, or a call of `sleep`.
    After(Box<Expr>),
    /// `default`.
    Default,
    /// `r = fetch(1)`, `fetch(1)`: any other expression; a future, in `select!` only (the checker says so).
    Future {
        /// What the result is bound to.
        pattern: Option<Pattern>,
        /// The future.
        future: Box<Expr>,
    },
}

/// A closure.
#[derive(Debug)]
pub struct Closure {
    /// The parameters.
    pub params: Vec<ClosureParam>,
    /// The type after `|..|:`.
    pub ret: Option<TypeExpr>,
    /// An expression, often a block.
    pub body: Expr,
    /// From the first `|` to the second.
    pub header: Span,
}

/// A parameter of a closure.
#[derive(Debug)]
pub struct ClosureParam {
    /// What is bound; a plain name mostly.
    pub pattern: Pattern,
    /// `name!`.
    pub mutable: bool,
    /// The type after `:`.
    pub ty: Option<TypeExpr>,
}

/// One-sided operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`
    Not,
    /// `~`
    BitNot,
    /// `*`
    Deref,
}

/// Two-sided operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
    /// `**`
    Pow,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `>`
    Gt,
    /// `<=`
    Le,
    /// `>=`
    Ge,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl BinaryOp {
    /// The operator as written.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::Pow => "**",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitXor => "^",
            BinaryOp::BitOr => "|",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Gt => ">",
            BinaryOp::Le => "<=",
            BinaryOp::Ge => ">=",
            BinaryOp::And => "&&",
            BinaryOp::Or => "||",
        }
    }
}

impl UnaryOp {
    /// The operator as written.
    pub fn text(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Not => "!",
            UnaryOp::BitNot => "~",
            UnaryOp::Deref => "*",
        }
    }
}

// --------------------------------------------------------------------------------------------------- patterns

/// A pattern.
#[derive(Debug)]
pub struct Pattern {
    /// Identity of the pattern; of the variable for a binding.
    pub id: NodeId,
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: PatKind,
}

/// The kinds of patterns.
#[derive(Debug)]
pub enum PatKind {
    /// `_`.
    Wild,
    /// A bare name: a new variable, or a unit variant (`None`, `Stop`) or constant of that name; names settle it.
    Binding {
        /// The name.
        name: Ident,
    },
    /// A literal: number (perhaps with [`UnaryOp::Neg`]), string, char, bool, `nil`.
    Literal(Box<Expr>),
    /// `0..10`, `10..=99`, `..5`, `7..`; the ends are literals.
    Range {
        /// Start.
        low: Option<Box<Expr>>,
        /// End.
        high: Option<Box<Expr>>,
        /// `..=`.
        inclusive: bool,
    },
    /// `(a, b)`; `()` is unit. `(p)` is just `p`.
    Tuple(Vec<Pattern>),
    /// `Msg.Stop`: a path of at least two names without arguments.
    Path(Path),
    /// `Some(p)`, `Msg.Pair(a, b)`, `Id(n)` of a tuple struct.
    Variant {
        /// The variant or tuple struct.
        path: Path,
        /// The payload.
        args: Vec<Pattern>,
    },
    /// `P { x, y: p, .. }`.
    Struct {
        /// The struct.
        path: Path,
        /// The fields.
        fields: Vec<FieldPattern>,
        /// `..` at the end: other fields are ignored.
        rest: bool,
    },
    /// `[a, ..rest, z]`.
    List {
        /// Before the rest (all, if there is none).
        before: Vec<Pattern>,
        /// `..rest` (a binding) or `..` ([`PatKind::Wild`]).
        rest: Option<Box<Pattern>>,
        /// After the rest.
        after: Vec<Pattern>,
    },
    /// `1 | 2`, at least two.
    Or(Vec<Pattern>),
    /// A syntax error was reported here.
    Error,
}

/// One field of a struct pattern.
#[derive(Debug)]
pub struct FieldPattern {
    /// The field.
    pub name: Ident,
    /// Its pattern; for the short form a [`PatKind::Binding`] with the field's span.
    pub pattern: Pattern,
}
