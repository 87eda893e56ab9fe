//! Classes: a struct with the attributes of all its methods and of the classes it derives from, a constructor, and methods that are found by
//! name. Inheritance is flattened: a class lists the methods that it inherits.

use super::super::build::PRELUDE;
use super::super::form::Name;
use super::super::tree::*;
use super::body::Body;
use super::{Emit, make};
use crate::core::{
    Capture, CaptureMode, Expr, ExprKind, FuncId, Function, FunctionKind, GlobalId, Local, LocalId, Method,
    RuntimeType, Stmt, StructDef,
};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::{StructId, Types};

/// What is known of a class.
#[derive(Debug, Default)]
pub(super) struct ClassCode {
    pub base: Option<ClassId>,
    pub constructor: FuncId0,
    /// All attributes, those of the classes that it derives from first.
    fields: Vec<Name>,
    /// All methods, inherited ones too.
    methods: Vec<(Name, FrameId)>,
    /// The variables of its own attributes.
    attributes: Vec<(Name, GlobalId)>,
}

/// A function's number, 0 until it is known.
type FuncId0 = u32;

impl Emit<'_> {
    pub(super) fn constructor(&self, class: ClassId) -> FuncId {
        FuncId(self.classes.get(class.0 as usize).map_or(0, |code| code.constructor))
    }

    /// A method of a class, inherited ones too.
    pub(super) fn method(&self, class: ClassId, name: &Name) -> Option<FuncId> {
        let methods = &self.classes.get(class.0 as usize)?.methods;
        methods.iter().find(|(method, _)| method == name).map(|(_, frame)| FuncId(frame.0))
    }

    /// The `__init__` of a class.
    pub(super) fn initializer(&self, class: ClassId) -> Option<FrameId> {
        self.method(class, &Name::from("__init__")).map(|function| FrameId(function.0))
    }

    /// Finds out what each class has, and gives its constructor a number.
    pub(super) fn lay_out_classes(&mut self) {
        let count = self.tree.classes.len();
        for class in 0..count {
            let base = self.base(ClassId(class as u32));
            self.functions.push(None);
            let constructor = self.functions.len() as u32 - 1;
            self.classes.push(ClassCode { base, constructor, ..ClassCode::default() });
        }
        let mut done = vec![false; count];
        for class in 0..count {
            self.lay_out(class, &mut done, 0);
        }
        for class in 0..count {
            let entry = self.tree.class(ClassId(class as u32));
            let fields = self.classes[class].fields.iter().map(|name| (name.to_string(), Types::DYNAMIC)).collect();
            self.structs.push(StructDef {
                name: entry.name.to_string(),
                fields,
                tuple: false,
                copy: false,
                drop: None,
            });
            let id = StructId(class as u32);
            if let Some(base) = self.classes[class].base {
                self.dynamic.bases.push((id, StructId(base.0)));
            }
            let constructor = FuncId(self.classes[class].constructor);
            self.dynamic.types.push((constructor, RuntimeType::Struct(id)));
            for (name, _) in &entry.attributes {
                let (name, span) = (name.clone(), entry.span);
                let shown = format!("{}.{name}", entry.name);
                let global = self.new_global(shown, span);
                self.classes[class].attributes.push((name, global));
            }
            for (name, frame) in self.classes[class].methods.clone() {
                self.need(frame);
                let func = self.method_function(frame);
                self.methods.push(Method { receiver: RuntimeType::Struct(id), name: name.to_string(), func });
            }
        }
    }

    /// The function that is called for a method: itself, or one that calls the closure which the object holds.
    fn method_function(&mut self, id: FrameId) -> FuncId {
        let frame = self.tree.frame(id);
        if frame.captures.is_empty() {
            return FuncId(id.0);
        }
        if let Some(&function) = self.closure_methods.get(&id) {
            return function;
        }
        let span = frame.span;
        let locals: Vec<Local> = frame
            .params
            .iter()
            .map(|param| {
                let var = self.tree.var(param.var);
                Local { name: var.name.to_string(), ty: Types::DYNAMIC, mutable: true, cell: false, span: var.span }
            })
            .collect();
        let read = |at: u32| make::read(make::local(LocalId(at), span));
        let held = match frame.name.split_once('.') {
            Some((class, method)) => hidden(class, method),
            None => frame.name.as_str().into(),
        };
        let closure = make::dynamic(ExprKind::Attr(Box::new(read(0)), held.to_string()), span);
        let args = (0..frame.params.len() as u32).map(read).collect();
        let body = make::dynamic(ExprKind::CallValue(Box::new(closure), args), span);
        let function = self.add_function(Function {
            name: frame.name.clone(),
            kind: FunctionKind::Plain,
            captures: 0,
            params: frame.params.len() as u32,
            optional: frame.params.iter().filter(|param| param.default.is_some()).count() as u32,
            rest: frame.rest,
            locals,
            ret: Types::DYNAMIC,
            body,
            span,
            prelude: false,
        });
        self.closure_methods.insert(id, function);
        function
    }

    /// The class that a class derives from.
    fn base(&mut self, class: ClassId) -> Option<ClassId> {
        let id = self.tree.class(class).base?;
        let entry = self.tree.use_of(id);
        let var = match entry.candidates[..] {
            [] => self.prelude_var(&entry.name),
            [var] => Some(var),
            _ => None,
        };
        if let Some(Definition::Class(base)) = var.and_then(|var| self.definition(var)) {
            return Some(base);
        }
        let message = format!("`{}` is no class that is known before the program runs", entry.name);
        self.report(Code::BadForm, entry.span, message);
        None
    }

    fn lay_out(&mut self, class: usize, done: &mut [bool], depth: usize) {
        if std::mem::replace(&mut done[class], true) {
            return;
        }
        let id = ClassId(class as u32);
        let entry = self.tree.class(id);
        let (mut fields, mut methods) = (Vec::new(), Vec::new());
        if let Some(base) = self.classes[class].base {
            if self.derives_from_itself(id) || depth > super::super::reader::MAX_DEPTH {
                let message = format!("the class `{}` derives from itself", entry.name);
                self.report(Code::CyclicDefinition, entry.span, message);
                self.classes[class].base = None;
            } else {
                self.lay_out(base.0 as usize, done, depth + 1);
                let code = &self.classes[base.0 as usize];
                fields.clone_from(&code.fields);
                methods.clone_from(&code.methods);
            }
        }
        let loose = if entry.module == PRELUDE { &[][..] } else { &self.tree.loose_fields[..] };
        // A method that takes variables along is a closure, which each object holds.
        let closures = entry.methods.iter().filter(|(_, frame)| !self.tree.frame(*frame).captures.is_empty());
        let closures: Vec<Name> = closures.map(|(name, _)| hidden(&entry.name, name)).collect();
        for name in entry.fields.iter().chain(loose).chain(&closures) {
            if !fields.contains(name) {
                fields.push(name.clone());
            }
        }
        for (name, frame) in &entry.methods {
            match methods.iter_mut().find(|(other, _): &&mut (Name, FrameId)| other == name) {
                Some(inherited) => inherited.1 = *frame,
                None => methods.push((name.clone(), *frame)),
            }
        }
        self.classes[class].fields = fields;
        self.classes[class].methods = methods;
    }

    fn derives_from_itself(&self, class: ClassId) -> bool {
        let mut at = class;
        for _ in 0..self.classes.len() {
            match self.classes[at.0 as usize].base {
                Some(base) if base == class => return true,
                Some(base) => at = base,
                None => return false,
            }
        }
        true
    }

    /// Makes the constructors.
    pub(super) fn finish_classes(&mut self) {
        for class in 0..self.tree.classes.len() as u32 {
            let class = ClassId(class);
            let function = self.constructor_code(class);
            let index = self.classes[class.0 as usize].constructor as usize;
            if let Some(slot) = self.functions.get_mut(index) {
                *slot = Some(function);
            }
            for (name, global) in &self.classes[class.0 as usize].attributes {
                self.dynamic.attributes.push((self.constructor(class), name.to_string(), *global));
            }
        }
    }

    fn constructor_code(&mut self, class: ClassId) -> Function {
        let entry = self.tree.class(class);
        let span = entry.span;
        let initializer = self.initializer(class).map(|frame| (frame, self.tree.frame(frame)));
        let params = initializer.and_then(|(_, frame)| frame.params.get(1..)).unwrap_or_default();
        let taken = entry.captures.len() as u32;
        let vars = entry.captures.iter().map(|&var| (var, self.in_cell(var)));
        let vars = vars.chain(params.iter().map(|param| (param.var, false)));
        let mut locals: Vec<Local> = vars
            .map(|(var, cell)| {
                let var = self.tree.var(var);
                Local { name: var.name.to_string(), ty: Types::DYNAMIC, mutable: true, cell, span: var.span }
            })
            .collect();
        let object = LocalId(locals.len() as u32);
        locals.push(Local { name: String::new(), ty: Types::DYNAMIC, mutable: true, cell: false, span });
        let fields = self.classes[class.0 as usize].fields.clone();
        let order = (0..fields.len() as u32).collect();
        let values = fields.iter().map(|field| self.first_value(class, field, span)).collect();
        let made = make::dynamic(ExprKind::Struct(StructId(class.0), values, order), span);
        let mut stmts = vec![make::let_local(object, made, span)];
        if let Some((frame, _)) = initializer {
            let args = std::iter::once(object).chain((taken..taken + params.len() as u32).map(LocalId));
            let args = args.map(|local| make::read(make::local(local, span))).collect();
            let function = self.method_function(frame);
            stmts.push(Stmt::Expr(make::dynamic(ExprKind::Call(function, args), span)));
        }
        let body = make::block(stmts, make::read(make::local(object, span)), span);
        Function {
            name: entry.name.to_string(),
            kind: if taken == 0 { FunctionKind::Plain } else { FunctionKind::Closure },
            captures: taken,
            params: params.len() as u32,
            optional: params.iter().filter(|param| param.default.is_some()).count() as u32,
            rest: initializer.is_some_and(|(_, frame)| frame.rest && frame.params.len() > 1),
            locals,
            ret: Types::DYNAMIC,
            body,
            span,
            prelude: entry.module == PRELUDE,
        }
    }
}

impl Emit<'_> {
    /// What a new object has in a field: nothing, or the closure of a method.
    fn first_value(&self, class: ClassId, field: &Name, span: Span) -> Expr {
        let unset = make::dynamic(ExprKind::Unset, span);
        let mut at = Some(class);
        while let Some(id) = at {
            let entry = self.tree.class(id);
            let method = entry.methods.iter().find(|(name, _)| hidden(&entry.name, name) == *field);
            if let Some((_, frame)) = method {
                let taken = &self.tree.class(class).captures;
                let captures = self.tree.frame(*frame).captures.iter().filter_map(|var| {
                    let outer = LocalId(taken.iter().position(|other| other == var)? as u32);
                    let mode = if self.in_cell(*var) { CaptureMode::Cell } else { CaptureMode::Value };
                    Some(Capture { outer, mode, span: self.tree.var(*var).span })
                });
                return make::dynamic(ExprKind::Closure(FuncId(frame.0), captures.collect()), span);
            }
            at = self.classes.get(id.0 as usize).and_then(|code| code.base);
        }
        unset
    }
}

/// The attribute in which an object holds the closure of a method: no name that a program can write.
fn hidden(class: &str, method: &str) -> Name {
    format!("{class}.{method}").into()
}

impl<'t> Body<'_, 't> {
    /// Sets a class's attributes, then its name.
    pub fn class(&mut self, class: ClassId, name: UseId, span: Span) -> Expr {
        let tree = self.tree();
        let entry = tree.class(class);
        let mut stmts = Vec::new();
        let globals: Vec<GlobalId> =
            self.emit.classes[class.0 as usize].attributes.iter().map(|(_, global)| *global).collect();
        for ((_, value), global) in entry.attributes.iter().zip(globals) {
            let value = self.value(value);
            let place = make::place(crate::core::PlaceBase::Global(global), Types::DYNAMIC, span);
            stmts.push(Stmt::Expr(make::assign(place, value)));
        }
        let constructor = self.emit.constructor(class);
        let value = if entry.captures.is_empty() {
            make::dynamic(ExprKind::Function(constructor), span)
        } else {
            let captures = self.captures(&entry.captures);
            make::dynamic(ExprKind::Closure(constructor, captures), span)
        };
        stmts.push(Stmt::Expr(self.set_name(name, value, span)));
        make::effects(stmts, span)
    }
}
