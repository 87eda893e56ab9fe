//! From the resolved syntax tree to the core tree.
//!
//! - this file: the program as a whole, and what all of it shares; `body` one frame at a time;
//! - `names` reading and setting variables; `values` expressions; `calls`; `control` branches, loops, exceptions; `tasks` `go`, `select` and
//!   locks; `classes`; `make` small parts of core trees.
//!
//! Variables of a file's top level are globals, except that those of the main file which no other frame uses are locals of the main function.
//! Other variables are locals; one that a function or task takes along lives in a cell, unless it cannot change after that.

mod body;
mod calls;
mod classes;
mod control;
mod make;
mod names;
mod tasks;
mod values;

use super::build::{MAIN, PRELUDE};
use super::form::Name;
use super::library;
use super::mentions;
use super::tree::*;
use crate::core::{EnumDef, FuncId, Function, FunctionKind, Global, GlobalId, Local, Program, StructDef};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::dynamic::{Dynamic, ErrorKind};
use crate::source::{SourceMap, Span};
use crate::types::{StructId, TyKind, Types};
use classes::ClassCode;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Makes the core tree. There may be errors in the sink afterwards, and then the tree is of no use.
pub fn emit(tree: &Tree, sources: &SourceMap, sink: &mut Diagnostics) -> Program {
    let mut emit = Emit {
        tree,
        sink,
        functions: tree.frames.iter().map(|_| None).collect(),
        globals: Vec::new(),
        global_of: FxHashMap::default(),
        loaded: FxHashMap::default(),
        wrappers: FxHashMap::default(),
        classes: Vec::new(),
        structs: Vec::new(),
        methods: Vec::new(),
        dynamic: Dynamic::default(),
        settled: (0..tree.modules.len()).map(|at| mentions::from_here(tree, ModuleId(at as u32))).collect(),
        shows_objects: shows_objects(tree),
        closure_methods: FxHashMap::default(),
        merged: FxHashSet::default(),
        needed: Vec::new(),
        asked: FxHashSet::default(),
    };
    emit.lay_out_classes();
    for frame in (0..tree.frames.len() as u32).map(FrameId) {
        // A frame stands after the one around it, which may have made it needless.
        if !emit.in_prelude(frame) && !emit.merged.contains(&frame) {
            emit.frame(frame);
        }
    }
    emit.finish_classes();
    emit.error_classes();
    emit.type_functions();
    emit.library_methods();
    while let Some(frame) = emit.needed.pop() {
        emit.frame(frame);
    }
    let main = FuncId(tree.module(MAIN).frame.0);
    let mut types = Types::default();
    let param = types.intern(TyKind::Param(0));
    let other = types.intern(TyKind::Param(1));
    let enums = vec![
        EnumDef {
            name: "Option".to_owned(),
            variants: vec![("Some".to_owned(), vec![param]), ("None".to_owned(), Vec::new())],
            copy: false,
        },
        EnumDef {
            name: "Result".to_owned(),
            variants: vec![("Ok".to_owned(), vec![param]), ("Err".to_owned(), vec![other])],
            copy: false,
        },
    ];
    let functions = emit.functions.into_iter().map(|function| function.unwrap_or_else(make::unused)).collect();
    Program {
        functions,
        structs: emit.structs,
        enums,
        globals: emit.globals,
        consts: Vec::new(),
        methods: emit.methods,
        init: None,
        main: Some(main),
        types,
        dynamic: Some(emit.dynamic),
        sources: Arc::new(sources.clone()),
    }
}

/// The program being made.
pub(super) struct Emit<'t> {
    tree: &'t Tree,
    sink: &'t mut Diagnostics,
    /// The function of each frame, by position, then those that are generated.
    functions: Vec<Option<Function>>,
    globals: Vec<Global>,
    global_of: FxHashMap<VarId, GlobalId>,
    /// For each file, the variable that is set when it runs.
    loaded: FxHashMap<ModuleId, GlobalId>,
    /// Functions made of built-ins and operators that are used as values.
    wrappers: FxHashMap<Name, FuncId>,
    classes: Vec<ClassCode>,
    structs: Vec<StructDef>,
    methods: Vec<crate::core::Method>,
    dynamic: Dynamic,
    /// Files whose names others use only after the whole of it ran.
    settled: Vec<bool>,
    /// A class defines how its objects are shown.
    shows_objects: bool,
    /// Functions that call a method's closure, by the method's frame.
    closure_methods: FxHashMap<FrameId, FuncId>,
    /// Bodies of `go` that only call a function with what does not change: its task runs that function itself.
    merged: FxHashSet<FrameId>,
    /// Frames of the prelude that the program uses.
    needed: Vec<FrameId>,
    asked: FxHashSet<FrameId>,
}

/// Where a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Home {
    Global(GlobalId),
    Local,
}

impl Emit<'_> {
    fn report(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.sink.push(Diagnostic::new(code, span, message));
    }

    /// Whether a variable is one of a file's top level that other frames use.
    fn is_global(&self, var: VarId) -> bool {
        let var = self.tree.var(var);
        let scope = self.tree.scope(var.scope);
        scope.kind == ScopeKind::Module && (var.captured || self.tree.frame(var.frame).module != MAIN)
    }

    fn home(&mut self, var: VarId) -> Home {
        if !self.is_global(var) {
            return Home::Local;
        }
        if let Some(&global) = self.global_of.get(&var) {
            return Home::Global(global);
        }
        let entry = self.tree.var(var);
        let global = self.new_global(entry.name.to_string(), entry.span);
        self.global_of.insert(var, global);
        Home::Global(global)
    }

    fn new_global(&mut self, name: String, span: Span) -> GlobalId {
        self.globals.push(Global { name, ty: Types::DYNAMIC, mutable: true, thread_local: None, span });
        GlobalId(self.globals.len() as u32 - 1)
    }

    /// The variable that says whether a file has run.
    fn loaded(&mut self, module: ModuleId) -> GlobalId {
        if let Some(&global) = self.loaded.get(&module) {
            return global;
        }
        let span = self.tree.frame(self.tree.module(module).frame).span;
        let global = self.new_global(format!("module {}", self.tree.module(module).name), span);
        self.loaded.insert(module, global);
        global
    }

    /// Whether a captured variable is taken by its value: nothing sets it after it was taken.
    fn by_value(&self, var: VarId) -> bool {
        let var = self.tree.var(var);
        !var.captured_early && !var.rewritten && var.writes == u32::from(!var.preset)
    }

    /// Whether a local lives in a cell.
    fn in_cell(&self, var: VarId) -> bool {
        self.tree.var(var).captured && !self.is_global(var) && !self.by_value(var)
    }

    fn in_prelude(&self, frame: FrameId) -> bool {
        self.tree.frame(frame).module == PRELUDE
    }

    /// What a variable always stands for, once it is set.
    fn definition(&self, var: VarId) -> Option<Definition> {
        let var = self.tree.var(var);
        var.is.filter(|_| var.writes == 1 && var.binders == 1)
    }

    /// A variable of the prelude.
    fn prelude_var(&self, name: &str) -> Option<VarId> {
        let scope = self.tree.module(PRELUDE).scope;
        self.tree.scope(scope).vars.get(name).copied()
    }

    /// A class of the prelude.
    fn prelude_class(&self, name: &str) -> Option<ClassId> {
        let var = self.prelude_var(name)?;
        match self.definition(var) {
            Some(Definition::Class(class)) => Some(class),
            _ => None,
        }
    }

    fn add_function(&mut self, function: Function) -> FuncId {
        self.functions.push(Some(function));
        FuncId(self.functions.len() as u32 - 1)
    }

    /// The classes of the engine's failures.
    fn error_classes(&mut self) {
        for &kind in ErrorKind::ALL {
            if let Some(class) = self.prelude_class(kind.class_name()) {
                let class = StructId(class.0);
                self.dynamic.errors.push((kind, class));
            }
        }
    }

    fn is_closure_method(&self, id: FrameId) -> bool {
        self.closure_methods.contains_key(&id)
    }

    /// Methods of built-in types that the prelude has.
    fn library_methods(&mut self) {
        for &(receiver, name, function) in library::METHODS {
            let definition = self.prelude_definition(function, false);
            if let Some(func) = definition.and_then(|definition| self.function_of(definition)) {
                self.methods.push(crate::core::Method { receiver, name: name.to_owned(), func });
            }
        }
    }

    /// A frame of the prelude is used.
    fn need(&mut self, frame: FrameId) {
        if self.in_prelude(frame) && self.asked.insert(frame) {
            self.needed.push(frame);
        }
    }

    /// Makes the function of a frame.
    fn frame(&mut self, id: FrameId) {
        let frame = self.tree.frame(id);
        let kind = match frame.kind {
            FrameKind::Go => FunctionKind::Go,
            FrameKind::Lambda => FunctionKind::Closure,
            FrameKind::Function if !frame.captures.is_empty() => FunctionKind::Closure,
            FrameKind::Function | FrameKind::Module => FunctionKind::Plain,
        };
        let mut body = body::Body::new(self, id);
        let code = body.code();
        let locals: Vec<Local> = body.locals;
        // A method that is a closure is called by a function that has collected the rest.
        let rest = frame.rest && !self.is_closure_method(id);
        let optional = frame.params.iter().filter(|param| param.default.is_some()).count() as u32;
        let gives = matches!(frame.kind, FrameKind::Function | FrameKind::Lambda);
        let function = Function {
            name: frame.name.clone(),
            kind,
            captures: frame.captures.len() as u32,
            params: frame.params.len() as u32,
            optional,
            rest,
            locals,
            ret: if gives { Types::DYNAMIC } else { Types::UNIT },
            body: code,
            span: frame.span,
            prelude: frame.module == PRELUDE,
        };
        if let Some(slot) = self.functions.get_mut(id.0 as usize) {
            *slot = Some(function);
        }
    }
}

/// Whether a class of the program says how its objects are shown.
fn shows_objects(tree: &Tree) -> bool {
    let shows = |class: &Class| class.module != PRELUDE && class.methods.iter().any(|(name, _)| &**name == "__str__");
    tree.classes.iter().any(shows)
}
