//! Expressions, their arms and operators.

use super::{Block, Ident, Name, NodeId, Path, Pattern, TypeExpr};
use crate::source::Span;
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
