//! Declarations.

use super::{Block, Expr, Ident, Name, NodeId, Pattern, TypeExpr};
use crate::source::Span;
/// A declaration; at the top of a file, or inside a function body ([`StmtKind::Item`](super::StmtKind::Item)).
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
    /// The type (of one element for a rest parameter).
    /// A [`TypeKind::Error`](super::TypeKind::Error) if it was left out.
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
