//! The checker's state: tables of declarations, the functions being elaborated, and what is reported.

use super::builtin_types::BuiltinType;
use super::infer::Slot;
use super::modules::Loaded;
use super::tables::StdModule;
use crate::builtins::Builtin;
use crate::core::{self, Capture, EnumDef, FuncId, FunctionKind, LabelId, Local, LocalId, Program, StructDef};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::types::{ContractId, EnumId, IntKind, StructId, Ty, Types};
use crate::vex::ast::{self, Name, NodeId, Visibility};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;

/// Index of a scope in [`Checker::scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub u32);

/// Index of a declaration in [`Checker::decls`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeclId(pub u32);

/// The scope of the built-ins and the prelude.
pub const ROOT: ScopeId = ScopeId(0);

/// What a type's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeDef {
    Prim(Ty),
    Builtin(BuiltinType),
    Struct(StructId),
    Enum(EnumId),
    Contract(ContractId),
    Alias(u32),
}

/// What a value's name stands for at the top of a scope.
#[derive(Clone, Debug)]
pub enum ValueDef {
    /// Functions; several are overloads.
    Fns(Vec<DeclId>),
    Global(u32),
    Const(u32),
}

/// What a module's name stands for.
#[derive(Clone, Copy, Debug)]
pub enum ModuleDef {
    File(ScopeId),
    Std(&'static StdModule),
}

/// The declarations of a file, or of a block with declarations in it.
#[derive(Default)]
pub struct Scope {
    /// The scope around a block's; `None` for a file (the root comes after it).
    pub parent: Option<ScopeId>,
    pub types: FxHashMap<Name, TypeDef>,
    pub values: FxHashMap<Name, ValueDef>,
    pub modules: FxHashMap<Name, ModuleDef>,
    /// Variants by their bare name.
    pub variants: FxHashMap<Name, Vec<(EnumId, u32)>>,
    /// Names with `export`.
    pub exports: FxHashSet<Name>,
    /// Where names were declared first, for "declared twice".
    pub spans: FxHashMap<Name, Span>,
    /// Imported names with the place of the import, until they are used.
    pub unused_imports: Vec<(Name, Span)>,
}

/// A type parameter.
#[derive(Clone, Debug)]
pub struct GenericInfo {
    pub name: Name,
    pub bounds: Vec<(ContractId, Vec<Ty>)>,
    pub default: Option<Ty>,
}

/// A field.
pub struct FieldInfo<'a> {
    pub name: Name,
    pub ty: Ty,
    pub default: Option<&'a ast::Expr>,
    pub visibility: Visibility,
    pub span: Span,
}

/// A struct.
pub struct StructInfo<'a> {
    pub name: Name,
    pub scope: ScopeId,
    pub ast: &'a ast::Struct,
    pub generics: Vec<GenericInfo>,
    pub fields: Vec<FieldInfo<'a>>,
    pub tuple: bool,
    pub contracts: Vec<(ContractId, Vec<Ty>, Span)>,
    pub assoc: FxHashMap<Name, Ty>,
    pub copy: bool,
}

/// An enum.
pub struct EnumInfo<'a> {
    pub name: Name,
    pub scope: ScopeId,
    pub ast: &'a ast::Enum,
    pub generics: Vec<GenericInfo>,
    pub variants: Vec<(Name, Vec<Ty>)>,
    pub discriminants: Vec<i128>,
    pub contracts: Vec<(ContractId, Vec<Ty>, Span)>,
    pub copy: bool,
}

/// A contract. Its methods' signatures have `Self` as parameter 0, then the contract's parameters, then its
/// associated types.
pub struct ContractInfo<'a> {
    pub name: Name,
    pub scope: ScopeId,
    pub ast: &'a ast::Contract,
    pub generics: Vec<GenericInfo>,
    pub assoc: Vec<Name>,
    pub supers: Vec<(ContractId, Vec<Ty>)>,
    pub methods: Vec<DeclId>,
}

/// `type A = T`.
pub struct AliasInfo<'a> {
    pub ast: &'a ast::TypeAlias,
    pub scope: ScopeId,
    /// While it is being resolved, to find circles.
    pub busy: bool,
}

/// How a method takes its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiverKind {
    /// `self: T`
    Value,
    /// `self: &T`
    Ref,
    /// `self: &T!`
    RefMut,
}

/// A parameter.
#[derive(Clone)]
pub struct ParamInfo<'a> {
    pub name: Name,
    pub ty: Ty,
    pub rest: bool,
    pub default: Option<&'a ast::Expr>,
}

/// Where a function's code comes from.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// A function written in Vex.
    Ast(&'a ast::Function),
    /// A row of the table of built-ins.
    Builtin(Builtin),
    /// A method that a contract requires, perhaps with a default body.
    Contract(&'a ast::ContractMethod),
    /// A function of an `extern` block.
    Extern(&'a ast::Function),
}

/// A declared function or method.
pub struct Decl<'a> {
    /// The name in its scope or type.
    pub name: Name,
    /// The name people know it by.
    pub full_name: String,
    pub scope: ScopeId,
    pub body: Body<'a>,
    /// Type parameters: those of the receiver (or owner), then its own.
    pub generics: Vec<GenericInfo>,
    /// How many of them come from the receiver or owner.
    pub owner_generics: usize,
    pub receiver: Option<(ReceiverKind, Ty)>,
    /// The owner of an associated function or method.
    pub self_ty: Option<Ty>,
    pub params: Vec<ParamInfo<'a>>,
    pub ret: Ty,
    pub is_async: bool,
    pub prelude: bool,
    pub span: Span,
    /// Set once something refers to it (prelude) or at once (programs).
    pub func: Option<FuncId>,
    /// For async functions used as values: a plain function that starts it.
    pub starter: Option<FuncId>,
}

/// A module global or a constant that is computed at the start.
pub struct GlobalInfo<'a> {
    pub name: Name,
    pub scope: ScopeId,
    pub ty: Option<Ty>,
    pub declared: Option<&'a ast::TypeExpr>,
    pub init: Option<&'a ast::Expr>,
    pub mutable: bool,
    pub thread_local: bool,
    pub span: Span,
    pub prelude: bool,
    /// Its number in the program, once something refers to it.
    pub id: Option<core::GlobalId>,
    pub busy: bool,
    /// Computes its value.
    pub func: Option<FuncId>,
}

/// A constant.
pub struct ConstInfo<'a> {
    pub scope: ScopeId,
    pub ast: &'a ast::Const,
    pub prelude: bool,
    /// The global that holds it if it is no plain literal.
    pub global: Option<u32>,
    pub busy: bool,
}

/// The head of a type, for finding methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Head {
    Struct(StructId),
    Enum(EnumId),
    Contract(ContractId),
    Int(IntKind),
    F32,
    F64,
    Bool,
    Char,
    String,
    Unit,
    Tuple,
    List,
    Map,
    Set,
    Range,
    Fn,
    Builtin(BuiltinType),
    Context,
    Duration,
    Time,
    Param,
}

/// A local variable while its function is elaborated.
pub struct LocalInfo {
    pub local: Local,
    /// Read, borrowed or captured.
    pub used: u32,
    /// Assigned, or borrowed mutably, after its declaration.
    pub changed: bool,
    /// Declared without a value: may be assigned once though immutable.
    pub deferred: bool,
    /// Warn if it is not used.
    pub warn: bool,
    /// How many loops were around its declaration.
    pub loop_depth: u32,
}

/// A loop or labelled block that is open.
pub struct LoopInfo {
    pub name: Option<Name>,
    pub label: LabelId,
    /// `break` may leave it and `continue` restart it (a labelled block: only `break` with its name).
    pub is_loop: bool,
    /// Type of the values that `break` carries; `None` where the value is not wanted.
    pub value: Option<Ty>,
    /// Some `break` leaves it.
    pub broken: bool,
    /// Some `break` carried a value.
    pub broke_value: bool,
}

/// A function while it is elaborated.
pub struct Frame {
    pub func: FuncId,
    pub name: String,
    pub kind: FunctionKind,
    pub span: Span,
    pub prelude: bool,
    pub locals: Vec<LocalInfo>,
    pub params: Vec<LocalId>,
    pub captures: Vec<Capture>,
    /// The local of each capture.
    pub capture_locals: Vec<LocalId>,
    pub captured: FxHashMap<LocalId, LocalId>,
    /// Visible locals by name, the innermost last.
    pub names: FxHashMap<Name, Vec<LocalId>>,
    /// Names declared in each open block.
    pub blocks: Vec<Vec<Name>>,
    pub loops: Vec<LoopInfo>,
    pub next_label: u32,
    pub ret: Ty,
    /// `await` is allowed.
    pub async_context: bool,
    /// The scope that names are looked up in after the locals.
    pub scope: ScopeId,
}

/// A function that is elaborated but may still hold inference variables.
pub struct Built {
    /// Its own `locals` are empty still.
    pub function: core::Function,
    pub locals: Vec<LocalInfo>,
    /// Final number of each local, by its number while elaborating.
    pub remap: Vec<LocalId>,
    /// Type parameters that its types may mention.
    pub generics: Vec<GenericInfo>,
    /// How many labels it uses.
    pub labels: u32,
}

/// Type parameters that are in scope.
#[derive(Clone, Default)]
pub struct TypeParams {
    pub names: Vec<Name>,
    pub self_ty: Option<Ty>,
}

/// A demand of a call: the type must satisfy the contract.
pub struct Obligation {
    pub ty: Ty,
    pub contract: ContractId,
    pub span: Span,
}

/// See the module's documentation.
pub struct Checker<'a> {
    pub loaded: &'a Loaded,
    pub types: Types,
    pub vars: Vec<Slot>,
    pub scopes: Vec<Scope>,
    pub structs: Vec<StructInfo<'a>>,
    pub enums: Vec<EnumInfo<'a>>,
    pub contracts: Vec<ContractInfo<'a>>,
    pub aliases: Vec<AliasInfo<'a>>,
    pub decls: Vec<Decl<'a>>,
    pub globals: Vec<GlobalInfo<'a>>,
    pub consts: Vec<ConstInfo<'a>>,
    pub methods: FxHashMap<(Head, Name), Vec<DeclId>>,
    /// The same in the order of declaration.
    pub method_list: Vec<(Head, DeclId)>,
    pub associated: FxHashMap<(Head, Name), Vec<DeclId>>,
    /// Scopes of blocks with declarations, by the block's id.
    pub block_scopes: FxHashMap<NodeId, ScopeId>,
    /// Root names of standard functions in snake_case.
    pub root_snake: FxHashMap<String, Name>,

    /// Elaborated functions by number.
    pub built: Vec<Option<Built>>,
    /// Numbers that a discarded pass has used.
    pub free_funcs: Vec<FuncId>,
    /// Closures and `go` bodies of this pass.
    pub pass_funcs: Vec<FuncId>,
    /// Declarations whose bodies are still to be elaborated.
    pub queue: Vec<DeclId>,
    /// Functions being elaborated, the innermost last.
    pub frames: Vec<Frame>,
    /// Type parameters of the declaration being elaborated, with bounds.
    pub generics: Vec<GenericInfo>,
    pub type_params: TypeParams,
    pub obligations: Vec<Obligation>,
    /// Operators whose operands' type is to be looked at when it is known.
    pub checks: Vec<(Ty, Span, ast::BinaryOp)>,
    /// Type arguments of the contract whose method is called next (`Self`, its parameters, its associated types).
    pub owner_prefix: Vec<Ty>,
    /// A decision was put off in this pass.
    pub incomplete: bool,
    /// Put-off decisions are errors now.
    pub last_pass: bool,
    /// What the last pass learned about the variables made at each node.
    pub knowledge: FxHashMap<(NodeId, u32), Ty>,
    /// Variables made in this pass.
    pub trail: Vec<((NodeId, u32), Ty)>,
    /// Names of methods that are called by name at run time.
    pub dynamic_methods: BTreeSet<String>,
    /// The program's globals, in order of first need.
    pub program_globals: Vec<core::Global>,
    /// Globals to set at the start, with their values.
    pub init_steps: Vec<(core::GlobalId, core::Expr, Span)>,
    pub struct_drops: Vec<Option<FuncId>>,
    /// Whether names may be taken from modules without an import (prelude code).
    pub in_prelude: bool,
    /// Whether the program names the library's `Error`.
    pub names_error: bool,
    /// Whether the program defines a `toString` anywhere.
    pub program_has_text: bool,
    /// Functions that are done, by number.
    pub finished: Vec<Option<core::Function>>,
    pub pending: Vec<Diagnostic>,
    pub program: Option<Program>,
}

impl<'a> Checker<'a> {
    /// A checker of these files.
    pub fn new(loaded: &'a Loaded) -> Self {
        Checker {
            loaded,
            types: Types::default(),
            vars: Vec::new(),
            scopes: Vec::new(),
            structs: Vec::new(),
            enums: Vec::new(),
            contracts: Vec::new(),
            aliases: Vec::new(),
            decls: Vec::new(),
            globals: Vec::new(),
            consts: Vec::new(),
            methods: FxHashMap::default(),
            method_list: Vec::new(),
            associated: FxHashMap::default(),
            block_scopes: FxHashMap::default(),
            root_snake: FxHashMap::default(),
            built: Vec::new(),
            free_funcs: Vec::new(),
            pass_funcs: Vec::new(),
            queue: Vec::new(),
            frames: Vec::new(),
            generics: Vec::new(),
            type_params: TypeParams::default(),
            obligations: Vec::new(),
            checks: Vec::new(),
            owner_prefix: Vec::new(),
            incomplete: false,
            last_pass: false,
            knowledge: FxHashMap::default(),
            trail: Vec::new(),
            dynamic_methods: BTreeSet::new(),
            program_globals: Vec::new(),
            init_steps: Vec::new(),
            struct_drops: Vec::new(),
            in_prelude: false,
            names_error: false,
            program_has_text: false,
            finished: Vec::new(),
            pending: Vec::new(),
            program: None,
        }
    }

    /// Checks everything.
    pub fn run(&mut self) {
        self.declare_all();
        self.resolve_all();
        self.check_contracts();
        self.check_bodies();
        self.finish_all();
    }

    /// The program, after everything was reported to `sink`.
    pub fn into_program(mut self, sink: &mut Diagnostics) -> Option<Program> {
        for diagnostic in self.pending.drain(..) {
            sink.push(diagnostic);
        }
        self.program
    }

    /// Reports.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.pending.push(diagnostic);
    }

    /// Reports an error without notes.
    pub fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.report(Diagnostic::new(code, span, message));
    }

    /// A decision needs a type that is not known yet: another pass may know it. True where it should be reported.
    pub fn put_off(&mut self) -> bool {
        self.incomplete = true;
        self.last_pass
    }

    /// The function being elaborated.
    pub fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("expressions are elaborated inside a frame")
    }

    /// A number for a function that is made now.
    pub fn new_func(&mut self) -> FuncId {
        if let Some(id) = self.free_funcs.pop() {
            return id;
        }
        self.built.push(None);
        FuncId((self.built.len() - 1) as u32)
    }

    /// The number of a declared function; makes sure that it is elaborated.
    pub fn request(&mut self, decl: DeclId) -> FuncId {
        if let Some(id) = self.decls[decl.0 as usize].func {
            return id;
        }
        self.built.push(None);
        let id = FuncId((self.built.len() - 1) as u32);
        self.decls[decl.0 as usize].func = Some(id);
        self.queue.push(decl);
        id
    }

    /// A declaration.
    pub fn decl(&self, id: DeclId) -> &Decl<'a> {
        &self.decls[id.0 as usize]
    }

    /// A scope.
    pub fn scope(&mut self, id: ScopeId) -> &mut Scope {
        &mut self.scopes[id.0 as usize]
    }

    /// The structs of the program.
    pub fn struct_defs(&mut self) -> Vec<StructDef> {
        let drops = std::mem::take(&mut self.struct_drops);
        let mut defs = Vec::new();
        for index in 0..self.structs.len() {
            let fields: Vec<(Name, Ty)> =
                self.structs[index].fields.iter().map(|field| (field.name.clone(), field.ty)).collect();
            let fields = fields.into_iter().map(|(name, ty)| (name.to_string(), self.final_type(ty))).collect();
            let info = &self.structs[index];
            defs.push(StructDef {
                name: info.name.to_string(),
                fields,
                tuple: info.tuple,
                copy: info.copy,
                drop: drops.get(index).copied().flatten(),
            });
        }
        defs
    }

    /// The enums of the program.
    pub fn enum_defs(&mut self) -> Vec<EnumDef> {
        let mut defs = Vec::new();
        for index in 0..self.enums.len() {
            let variants = self.enums[index].variants.clone();
            let variants = variants
                .into_iter()
                .map(|(name, payload)| (name.to_string(), payload.into_iter().map(|ty| self.final_type(ty)).collect()))
                .collect();
            let info = &self.enums[index];
            defs.push(EnumDef { name: info.name.to_string(), variants, copy: info.copy });
        }
        defs
    }
}
