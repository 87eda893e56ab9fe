//! Classes: a struct with the attributes of all its methods and of the classes it derives from, a constructor, and methods that are found by
//! name. Inheritance is flattened: a class lists the methods that it inherits.

use super::super::build::PRELUDE;
use super::super::form::Name;
use super::super::tree::*;
use super::body::Body;
use super::{Emit, make};
use crate::core::{
    Expr, ExprKind, FuncId, Function, FunctionKind, GlobalId, Local, LocalId, Method, RuntimeType, Stmt, StructDef,
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
                let func = FuncId(frame.0);
                self.methods.push(Method { receiver: RuntimeType::Struct(id), name: name.to_string(), func });
            }
        }
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
        for name in entry.fields.iter().chain(loose) {
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
        let mut locals: Vec<Local> = params
            .iter()
            .map(|param| {
                let var = self.tree.var(param.var);
                Local { name: var.name.to_string(), ty: Types::DYNAMIC, mutable: true, cell: false, span: var.span }
            })
            .collect();
        let object = LocalId(locals.len() as u32);
        locals.push(Local { name: String::new(), ty: Types::DYNAMIC, mutable: true, cell: false, span });
        let fields = self.classes[class.0 as usize].fields.len();
        let unset = (0..fields).map(|_| make::dynamic(ExprKind::Unset, span)).collect();
        let order = (0..fields as u32).collect();
        let made = make::dynamic(ExprKind::Struct(StructId(class.0), unset, order), span);
        let mut stmts = vec![make::let_local(object, made, span)];
        if let Some((frame, _)) = initializer {
            let args = std::iter::once(object).chain((0..params.len() as u32).map(LocalId));
            let args = args.map(|local| make::read(make::local(local, span))).collect();
            stmts.push(Stmt::Expr(make::dynamic(ExprKind::Call(FuncId(frame.0), args), span)));
        }
        let body = make::block(stmts, make::read(make::local(object, span)), span);
        Function {
            name: entry.name.to_string(),
            kind: FunctionKind::Plain,
            captures: 0,
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
        for (method, frame) in &entry.methods {
            if let Some(&var) = tree.frame(*frame).captures.first() {
                let message = format!(
                    "the method `{method}` uses `{}`, a variable of the function around its class",
                    tree.var(var).name
                );
                self.emit.report(Code::Unsupported, tree.frame(*frame).span, message);
            }
        }
        let constructor = self.emit.constructor(class);
        let value = make::dynamic(ExprKind::Function(constructor), span);
        stmts.push(Stmt::Expr(self.set_name(name, value, span)));
        make::effects(stmts, span)
    }
}
