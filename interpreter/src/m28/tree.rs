//! The syntax tree: what forms mean, with names that stand in scopes but are not resolved yet (`flow.rs` does that).
//!
//! Everything that other things refer to lives in a table of [`Tree`] and is named by its position: scopes, variables, uses of names,
//! frames (what becomes a function), classes and modules.

use super::form::Name;
use crate::core::LabelId;
use crate::dynamic::DynOp;
use crate::source::Span;
use rustc_hash::FxHashMap;

macro_rules! ids {
    ($($name:ident $doc:literal;)+) => {
        $( #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32); )+
    };
}

ids! {
    ScopeId "A scope.";
    VarId "A variable.";
    UseId "A place where a name is used.";
    FrameId "What becomes a function: the top level of a file, a function, the body of a `go`.";
    ClassId "A class.";
    ModuleId "A file.";
}

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The top level of a file.
    Module,
    /// A call of a function, or the body of a `go`.
    Call,
    /// `let`
    Let,
    /// The turn of a `for` with its own loop variables, or the case of a `select` with its values. Nothing else is bound here.
    Turn,
}

/// Where `=` in a function puts a name that was declared so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// `(global x)`
    Global,
    /// `(nonlocal x)`
    Nonlocal,
}

/// A scope.
#[derive(Debug)]
pub struct Scope {
    pub kind: ScopeKind,
    pub parent: Option<ScopeId>,
    pub frame: FrameId,
    pub vars: FxHashMap<Name, VarId>,
    pub declared: FxHashMap<Name, Declared>,
    /// Loops of the frame around it.
    pub loops: u32,
}

/// A variable.
#[derive(Debug)]
pub struct Var {
    pub name: Name,
    pub scope: ScopeId,
    pub frame: FrameId,
    pub span: Span,
    /// Set before anything in its scope runs: a parameter, a loop variable, what a `select` received.
    pub preset: bool,
    /// Of a loop variable: the variable of the scope around, which keeps the last value.
    pub outer: Option<VarId>,
    /// A binder other than `=` exists: the variable is there, whatever else is visible.
    pub strong: bool,
    /// `=` may create it.
    pub created: bool,
    /// Places that set it.
    pub writes: u32,
    /// It may be set again while somebody holds on to it: in a loop of its scope, or in another frame.
    pub rewritten: bool,
    /// Somewhere it is read, or asked for.
    pub read: bool,
    /// Another frame uses it.
    pub captured: bool,
    /// A frame took it when it was not certain that it was set.
    pub captured_early: bool,
    /// What it is if it is set once.
    pub is: Option<Definition>,
    /// The number of places that bind it, of any kind.
    pub binders: u32,
    /// The top-level form of its file after which it is set for certain.
    pub set_by: Option<u32>,
}

/// What a variable stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    Function(FrameId),
    Class(ClassId),
    Module(ModuleId),
}

/// What is done with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Read,
    /// `=`
    Assign,
    /// `def` and other binders: in the current scope.
    Define,
    /// `set`
    Set,
}

/// A name where it is used.
#[derive(Debug)]
pub struct Use {
    pub name: Name,
    pub scope: ScopeId,
    pub span: Span,
    pub how: How,
    /// Variables that it may mean, nearest first: the first that is set. Only the last may be known to be set.
    pub candidates: Vec<VarId>,
    /// The last candidate is known to be set.
    pub definite: bool,
    /// `=`: the variable that is created where none of the candidates is set.
    pub creates: Option<VarId>,
}

/// A parameter.
#[derive(Debug)]
pub struct Param {
    pub var: VarId,
    pub default: Option<Node>,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    Module,
    Function,
    Lambda,
    Go,
}

/// What becomes a function.
#[derive(Debug)]
pub struct Frame {
    pub kind: FrameKind,
    pub name: String,
    pub parent: Option<FrameId>,
    pub module: ModuleId,
    pub scope: ScopeId,
    pub params: Vec<Param>,
    pub rest: bool,
    pub body: Vec<Node>,
    /// The head of the definition.
    pub span: Span,
    /// Labels that were given to loops.
    pub labels: u32,
    /// Variables of frames around that it uses.
    pub captures: Vec<VarId>,
}

/// A class.
#[derive(Debug)]
pub struct Class {
    pub name: Name,
    pub span: Span,
    pub module: ModuleId,
    /// The class it derives from.
    pub base: Option<UseId>,
    /// Its own methods.
    pub methods: Vec<(Name, FrameId)>,
    /// Its own attributes: name, value, place.
    pub attributes: Vec<(Name, Node)>,
    /// Attributes that its methods set in `self`.
    pub fields: Vec<Name>,
    /// Variables of frames around that its methods use, and those of the class it derives from.
    pub captures: Vec<VarId>,
}

/// A file.
#[derive(Debug)]
pub struct Module {
    /// What imports call it.
    pub name: String,
    pub frame: FrameId,
    pub scope: ScopeId,
    /// What it imports, and whether at its top level.
    pub imports: Vec<(ModuleId, bool)>,
    /// Names mentioned by each top-level form, apart from bodies of functions and methods.
    pub mentions: Vec<Vec<Name>>,
    /// Names mentioned in the bodies of the functions and classes of its top level, by name of those.
    pub bodies: FxHashMap<Name, Vec<Name>>,
}

/// A part of a program.
#[derive(Debug)]
pub struct Node {
    pub kind: NodeKind,
    pub span: Span,
}

/// A literal.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    /// A symbol or keyword (with its colon).
    Symbol(Name),
}

/// What a value is stored to.
#[derive(Debug)]
pub enum Target {
    Name(UseId),
    Unpack(Vec<Target>, Span),
    Index(Box<Node>, Box<Node>),
    Attr(Box<Node>, Name),
    Error,
}

/// A clause of a `try`.
#[derive(Debug)]
pub struct Handler {
    /// The classes that it catches; all if there are none.
    pub types: Vec<Node>,
    pub name: Option<UseId>,
    pub body: Vec<Node>,
    pub span: Span,
}

/// What a case of a `select` waits for.
#[derive(Debug)]
pub enum CaseOp {
    /// With the variables of the value and of whether there was one.
    Recv(Node, VarId, VarId),
    Send(Node, Node),
}

/// A case of a `select`.
#[derive(Debug)]
pub struct Case {
    pub op: CaseOp,
    pub body: Vec<Node>,
    pub span: Span,
}

/// The kinds of nodes.
#[derive(Debug)]
pub enum NodeKind {
    Literal(Literal),
    /// A name's value.
    Name(UseId),
    /// Parts of an f-string.
    Template(Vec<Node>),
    List(Vec<Node>),
    Tuple(Vec<Node>),
    Dict(Vec<(Node, Node)>),
    Index(Box<Node>, Box<Node>),
    Attr(Box<Node>, Name),
    Call {
        callee: Box<Node>,
        args: Vec<Node>,
        named: Vec<(Name, Node)>,
    },
    /// Arithmetic on any number of operands.
    Arith(DynOp, Vec<Node>),
    /// A chain of comparisons.
    Compare(DynOp, Vec<Node>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Store(Target, Box<Node>),
    /// A function: named by `def` (then the name is bound), or a lambda.
    Function(FrameId, Option<UseId>),
    Let {
        scope: ScopeId,
        bindings: Vec<(VarId, Node)>,
        body: Vec<Node>,
    },
    /// Conditions with their bodies, then what happens otherwise.
    If(Vec<(Node, Vec<Node>)>, Option<Vec<Node>>),
    While {
        label: LabelId,
        cond: Box<Node>,
        body: Vec<Node>,
    },
    For {
        label: LabelId,
        target: ForTarget,
        over: Box<Node>,
        body: Vec<Node>,
    },
    Break(LabelId),
    Continue(LabelId),
    Return(Option<Box<Node>>),
    Sequence(Vec<Node>),
    Try {
        body: Vec<Node>,
        handlers: Vec<Handler>,
        otherwise: Option<Vec<Node>>,
        finally: Option<Vec<Node>>,
    },
    /// `(raise)`, `(raise e)`, `(raise Class message…)`
    Raise(Vec<Node>),
    Assert(Box<Node>, Option<Box<Node>>),
    Class(ClassId, UseId),
    Import {
        module: ModuleId,
        /// `(import m)`: the name that the module gets.
        name: Option<UseId>,
        /// `(from m import a)`: the module's name and the one that is bound here.
        names: Vec<(UseId, UseId)>,
    },
    Go(FrameId),
    Select {
        timeout: Option<Box<Node>>,
        cases: Vec<Case>,
        /// What happens where nothing is ready.
        default: Option<Vec<Node>>,
        /// What happens when the time is over.
        expired: Option<Vec<Node>>,
    },
    WithLock {
        /// For reading only.
        shared: bool,
        lock: Box<Node>,
        body: Vec<Node>,
    },
    /// `(global x)`: nothing happens.
    Nothing,
    /// Something was wrong; it was reported.
    Error,
}

/// The loop variables of a `for`.
#[derive(Debug)]
pub enum ForTarget {
    Name(VarId),
    Unpack(Vec<ForTarget>, Span),
}

/// A whole program.
#[derive(Debug, Default)]
pub struct Tree {
    pub scopes: Vec<Scope>,
    pub vars: Vec<Var>,
    pub uses: Vec<Use>,
    pub frames: Vec<Frame>,
    pub classes: Vec<Class>,
    /// The prelude first, then the main file.
    pub modules: Vec<Module>,
    /// Attributes that are set in something other than a method's own object.
    pub loose_fields: Vec<Name>,
}

macro_rules! tables {
    ($($get:ident $get_mut:ident $table:ident $id:ident $item:ident;)+) => {
        impl Tree {
            $(
                /// The entry behind an id of this tree.
                pub fn $get(&self, id: $id) -> &$item {
                    &self.$table[id.0 as usize]
                }

                /// The entry behind an id of this tree.
                pub fn $get_mut(&mut self, id: $id) -> &mut $item {
                    &mut self.$table[id.0 as usize]
                }
            )+
        }
    };
}

tables! {
    scope scope_mut scopes ScopeId Scope;
    var var_mut vars VarId Var;
    use_of use_mut uses UseId Use;
    frame frame_mut frames FrameId Frame;
    class class_mut classes ClassId Class;
    module module_mut modules ModuleId Module;
}
