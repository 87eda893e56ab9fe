//! Elaborates the bodies of functions, globals' initialisers, and what they refer to, one after the other.
//!
//! A body is checked in passes (see the parent module): a pass that had to put a decision off leaves what it learned in
//! `knowledge`, and the next pass starts with it. [`MAX_PASSES`] is far more than real code needs (two).

use super::expect::{Expect, expr, read, unit};
use super::state::*;
use crate::core::{self, Expr, ExprKind, FuncId, FunctionKind, Local, LocalId, Stmt};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};
use crate::vex::ast::{self, Name, NodeId};
use rustc_hash::FxHashMap;

const MAX_PASSES: usize = 6;

/// What is put aside while another declaration is elaborated.
struct Context {
    frames: Vec<Frame>,
    generics: Vec<GenericInfo>,
    type_params: TypeParams,
    obligations: Vec<Obligation>,
    checks: Vec<(Ty, Span, ast::BinaryOp)>,
    incomplete: bool,
    last_pass: bool,
    knowledge: FxHashMap<(NodeId, u32), Ty>,
    trail: Vec<((NodeId, u32), Ty)>,
    pass_funcs: Vec<FuncId>,
    in_prelude: bool,
}

impl<'a> Checker<'a> {
    /// Elaborates everything that the program defines, and what that needs of the prelude.
    pub fn check_bodies(&mut self) {
        for index in 0..self.globals.len() {
            if !self.globals[index].prelude {
                self.global_type(index as u32);
            }
        }
        for index in 0..self.consts.len() {
            if !self.consts[index].prelude {
                self.check_const(index as u32);
            }
        }
        for index in 0..self.decls.len() {
            let decl = &self.decls[index];
            if !decl.prelude && matches!(decl.body, Body::Ast(_)) {
                self.request(DeclId(index as u32));
            }
        }
        self.check_main();
        self.request_texts();
        self.drain_queue();
        self.request_struct_drops();
        // Bodies may have been the first to name what is shown in its own way.
        self.request_texts();
        self.drain_queue();
        // Methods called by name: every type's method of that name may be meant.
        loop {
            let names: Vec<String> = self.dynamic_methods.iter().cloned().collect();
            for index in 0..self.method_list.len() {
                let decl = self.method_list[index].1;
                let name = &self.decl(decl).name;
                let wanted = names.iter().any(|wanted| **wanted == **name);
                if wanted && self.decl(decl).func.is_none() {
                    self.request(decl);
                }
                if wanted && self.decl(decl).is_async {
                    self.starter(decl);
                }
            }
            if self.queue.is_empty() && names.len() == self.dynamic_methods.len() {
                break;
            }
            self.drain_queue();
        }
    }

    fn drain_queue(&mut self) {
        let mut next = 0;
        while next < self.queue.len() {
            let decl = self.queue[next];
            next += 1;
            self.check_decl(decl);
        }
        self.queue.clear();
    }

    fn request_struct_drops(&mut self) {
        for index in 0..self.structs.len() {
            let key = (Head::Struct(crate::types::StructId(index as u32)), Name::from("drop"));
            let decl = self.methods.get(&key).and_then(|list| list.first().copied());
            let has = decl.filter(|&decl| self.decl(decl).params.is_empty());
            let func = has.map(|decl| self.request(decl));
            self.struct_drops.push(func);
        }
    }

    fn check_main(&mut self) {
        let scope = ScopeId(1);
        let Some(ValueDef::Fns(list)) = self.scopes[1].values.get("main").cloned() else {
            // A file that exports something is meant to be imported; who runs it is told by the pipeline.
            if !self.scopes[1].exports.is_empty() {
                return;
            }
            let file = self.loaded.modules[0].ast.file;
            self.error(Code::NoMain, Span::new(file, 0, 0), "the program has no function `main`");
            return;
        };
        for decl in list {
            let info = self.decl(decl);
            if info.scope != scope {
                continue;
            }
            let span = info.span;
            let i32 = Types::I32;
            let fits = info.ret == Types::UNIT || info.ret == i32 || info.ret == Types::I64 || info.ret == Types::NEVER;
            let (params, generics) = (info.params.len(), info.generics.len());
            let result = matches!(self.kind(info.ret), crate::types::TyKind::Enum(crate::types::RESULT, _));
            if params > 0 || generics > 0 {
                self.error(Code::BadMain, span, "`main` takes no parameters");
            } else if !fits && !result {
                let shown = self.show(self.decl(decl).ret);
                self.error(Code::BadMain, span, format!("`main` returns nothing or an `i32`, not `{shown}`"));
            }
        }
    }

    /// Runs `work` with nothing of the function that is being elaborated in sight.
    pub fn apart<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let outer = Context {
            frames: std::mem::take(&mut self.frames),
            generics: std::mem::take(&mut self.generics),
            type_params: std::mem::take(&mut self.type_params),
            obligations: std::mem::take(&mut self.obligations),
            checks: std::mem::take(&mut self.checks),
            incomplete: std::mem::replace(&mut self.incomplete, false),
            last_pass: std::mem::replace(&mut self.last_pass, false),
            knowledge: std::mem::take(&mut self.knowledge),
            trail: std::mem::take(&mut self.trail),
            pass_funcs: std::mem::take(&mut self.pass_funcs),
            in_prelude: self.in_prelude,
        };
        let result = work(self);
        self.frames = outer.frames;
        self.generics = outer.generics;
        self.type_params = outer.type_params;
        self.obligations = outer.obligations;
        self.checks = outer.checks;
        self.incomplete = outer.incomplete;
        self.last_pass = outer.last_pass;
        self.knowledge = outer.knowledge;
        self.trail = outer.trail;
        self.pass_funcs = outer.pass_funcs;
        self.in_prelude = outer.in_prelude;
        result
    }

    fn check_decl(&mut self, decl: DeclId) {
        let Some(func) = self.decl(decl).func else { return };
        let info = self.decl(decl);
        let (scope, generics, self_ty, prelude) = (info.scope, info.generics.clone(), info.self_ty, info.prelude);
        let body = info.body;
        self.apart(|this| {
            this.type_params = TypeParams { names: Self::generic_names(&generics), self_ty };
            this.generics = generics;
            this.in_prelude = prelude;
            match body {
                Body::Ast(function) => {
                    let Some(block) = &function.body else { return };
                    let mutable: Vec<(bool, Span)> =
                        function.params.iter().map(|param| (param.mutable, param.name.span)).collect();
                    let receiver = match &function.owner {
                        ast::FnOwner::Receiver(receiver) => Some((receiver.name.clone(), receiver.mutable)),
                        _ => None,
                    };
                    this.passes(|this| this.check_fn(func, decl, scope, receiver.clone(), &mutable, block));
                }
                Body::Contract(method) => {
                    let Some(block) = &method.body else { return };
                    let mutable: Vec<(bool, Span)> =
                        method.params.iter().map(|param| (param.mutable, param.name.span)).collect();
                    let name = ast::Ident { name: Name::from("self"), span: method.name.span };
                    this.passes(|this| this.check_fn(func, decl, scope, Some((name.clone(), false)), &mutable, block));
                }
                Body::Builtin(_) | Body::Extern(_) => this.check_wrapper(func, decl),
            }
        });
    }

    /// Runs `pass` until nothing is put off any more.
    pub fn passes(&mut self, mut pass: impl FnMut(&mut Self)) {
        let first_var = self.vars.len();
        let mut known = 0;
        for round in 0..MAX_PASSES {
            let pending = self.pending.len();
            self.incomplete = false;
            self.last_pass = self.last_pass || round + 1 == MAX_PASSES;
            self.trail.clear();
            self.obligations.clear();
            self.checks.clear();
            self.pass_funcs.clear();
            pass(self);
            if !self.incomplete || self.last_pass {
                break;
            }
            self.pending.truncate(pending);
            let mut learned = 0;
            for (node, ty) in std::mem::take(&mut self.trail) {
                let ty = self.resolve(ty);
                if !matches!(self.types.kind(ty), crate::types::TyKind::Infer(_)) {
                    learned += 1 + self.type_size(ty);
                    self.knowledge.insert(node, ty);
                }
            }
            // Nothing new: the next pass says what is missing.
            self.last_pass = learned <= known;
            known = known.max(learned);
            let mut funcs = std::mem::take(&mut self.pass_funcs);
            for func in &funcs {
                self.built[func.0 as usize] = None;
            }
            funcs.reverse();
            self.free_funcs.extend(funcs);
        }
        self.default_numbers(first_var);
        self.check_obligations();
        self.check_operators();
    }

    /// How many known nodes a type has.
    fn type_size(&self, ty: Ty) -> usize {
        let kind = self.kind(ty);
        match kind {
            crate::types::TyKind::Infer(_) => 0,
            kind => 1 + kind.parts().into_iter().map(|part| self.type_size(part)).sum::<usize>(),
        }
    }

    /// A variable that belongs to a node: it starts with what an earlier pass has learned.
    pub fn fresh_at(&mut self, node: NodeId, index: u32) -> Ty {
        let var = self.fresh();
        if let Some(&known) = self.knowledge.get(&(node, index)) {
            let known = self.renew(known);
            self.unify(var, known);
        }
        self.trail.push(((node, index), var));
        var
    }

    /// The type with new variables in place of its free ones.
    fn renew(&mut self, ty: Ty) -> Ty {
        let ty = self.shallow(ty);
        if let Some(kind) = self.free_kind(ty) {
            return self.fresh_kind(kind);
        }
        let kind = self.types.kind(ty).clone();
        if !kind.has_parts() {
            return ty;
        }
        let mapped = kind.map_parts(&mut |part| self.renew(part));
        self.types.intern(mapped)
    }

    /// An empty frame.
    #[expect(clippy::too_many_arguments, reason = "it is a record, and each caller differs in all of it")]
    pub fn new_frame(
        &self,
        func: FuncId,
        name: String,
        kind: FunctionKind,
        span: Span,
        ret: Ty,
        async_context: bool,
        scope: ScopeId,
    ) -> Frame {
        Frame {
            func,
            name,
            kind,
            span,
            prelude: self.in_prelude,
            locals: Vec::new(),
            params: Vec::new(),
            captures: Vec::new(),
            capture_locals: Vec::new(),
            captured: FxHashMap::default(),
            names: FxHashMap::default(),
            blocks: vec![Vec::new()],
            loops: Vec::new(),
            next_label: 0,
            ret,
            async_context,
            scope,
        }
    }

    fn check_fn(
        &mut self,
        func: FuncId,
        decl: DeclId,
        scope: ScopeId,
        receiver: Option<(ast::Ident, bool)>,
        mutable: &[(bool, Span)],
        block: &'a ast::Block,
    ) {
        let info = self.decl(decl);
        let kind = if info.is_async { FunctionKind::Async } else { FunctionKind::Plain };
        let (ret, span, name, prelude) = (info.ret, info.span, info.full_name.clone(), info.prelude);
        let params: Vec<(Name, Ty, bool)> = info.params.iter().map(|p| (p.name.clone(), p.ty, p.rest)).collect();
        let receiver_ty = info.receiver;
        let async_context = info.is_async || prelude;
        let frame = self.new_frame(func, name, kind, span, ret, async_context, scope);
        self.frames.push(frame);
        if let (Some((ident, mutable)), Some((_, ty))) = (receiver, receiver_ty) {
            let local = self.declare_local(&ident.name, ty, mutable, ident.span);
            self.frame().locals[local.0 as usize].warn = false;
            self.frame().params.push(local);
        }
        for ((name, ty, rest), &(mutable, span)) in params.into_iter().zip(mutable) {
            let ty = if rest { self.types.intern(crate::types::TyKind::List(ty)) } else { ty };
            let local = self.declare_local(&name, ty, mutable, span);
            // A parameter belongs to the signature, used or not.
            self.frame().locals[local.0 as usize].warn = false;
            self.frame().params.push(local);
        }
        let body = self.check_fn_body(block, ret);
        self.close_frame(body);
    }

    /// The body of a function that returns `ret`.
    pub fn check_fn_body(&mut self, block: &'a ast::Block, ret: Ty) -> Expr {
        let shallow = self.shallow(ret);
        if shallow == Types::UNIT {
            return self.check_block(block, Expect::Drop);
        }
        let body = self.check_block(block, Expect::Is(ret));
        // An `if` without `else` or a loop at the end gives no value either.
        let gives_value = match block.tail.as_deref().map(|tail| &tail.kind) {
            None | Some(ast::ExprKind::For { .. } | ast::ExprKind::While { .. }) => false,
            Some(ast::ExprKind::If { otherwise, .. }) => otherwise.is_some(),
            Some(_) => true,
        };
        if body.ty == Types::UNIT && !gives_value && !self.is_unknown(ret) {
            if shallow != Types::ERROR {
                let shown = self.show(ret);
                let name = self.frame().name.clone();
                let span = self.frame().span;
                let end = Span::new(block.span.file, block.span.hi.saturating_sub(1), block.span.hi);
                self.report(
                    crate::diagnostics::Diagnostic::new(
                        Code::MissingReturn,
                        span,
                        format!("`{name}` must return a value of type `{shown}`"),
                    )
                    .note_at(end, "the end of the body is reached without a value"),
                );
            }
            return body;
        }
        self.coerce_branch(body, ret)
    }

    /// Ends the innermost frame and keeps the function.
    pub fn close_frame(&mut self, body: Expr) -> FuncId {
        self.warn_unused();
        let Some(frame) = self.frames.pop() else { return FuncId(0) };
        let mut order: Vec<LocalId> = Vec::with_capacity(frame.locals.len());
        order.extend(&frame.capture_locals);
        order.extend(&frame.params);
        let mut remap = vec![None; frame.locals.len()];
        for (position, local) in order.iter().enumerate() {
            remap[local.0 as usize] = Some(LocalId(position as u32));
        }
        let mut next = order.len() as u32;
        for slot in &mut remap {
            if slot.is_none() {
                *slot = Some(LocalId(next));
                next += 1;
            }
        }
        let function = core::Function {
            name: frame.name,
            kind: frame.kind,
            captures: frame.capture_locals.len() as u32,
            params: frame.params.len() as u32,
            optional: 0,
            rest: false,
            locals: Vec::new(),
            ret: frame.ret,
            body,
            span: frame.span,
            prelude: frame.prelude,
        };
        let remap = remap.into_iter().flatten().collect();
        let func = frame.func;
        let labels = frame.next_label;
        let built = Built { function, locals: frame.locals, remap, generics: self.generics.clone(), labels };
        self.built[func.0 as usize] = Some(built);
        func
    }

    fn warn_unused(&mut self) {
        let Some(frame) = self.frames.last() else { return };
        if frame.prelude {
            return;
        }
        let mut warnings = Vec::new();
        for info in &frame.locals {
            let name = &info.local.name;
            if !info.warn || name.is_empty() || name.starts_with('_') {
                continue;
            }
            // A guard is there for what it does: it holds its lock to the end of the scope.
            let guard = matches!(
                self.kind(info.local.ty),
                TyKind::MutexGuard(_) | TyKind::ReadGuard(_) | TyKind::WriteGuard(_)
            );
            if info.used == 0 && guard {
                continue;
            }
            if info.used == 0 && self.is_droppable(info.local.ty) {
                // Holding it is its use.
                continue;
            }
            if info.used == 0 {
                warnings.push((Code::UnusedVariable, info.local.span, format!("`{name}` is never used")));
            } else if info.local.mutable && !info.changed && !self.is_handle(info.local.ty) {
                // A handle's content changes through it, so people declare it with `let!` as the guide does.
                let message = format!("`{name}` is never changed; `let` is enough");
                warnings.push((Code::NeedlessMut, info.local.span, message));
            }
        }
        for (code, span, message) in warnings {
            self.error(code, span, message);
        }
    }

    /// A plain function around a built-in, for use as a value.
    fn check_wrapper(&mut self, func: FuncId, decl: DeclId) {
        let info = self.decl(decl);
        let (ret, span, name, scope) = (info.ret, info.span, info.full_name.clone(), info.scope);
        let mut types: Vec<Ty> = info.receiver.iter().map(|(_, ty)| *ty).collect();
        types.extend(info.params.iter().map(|param| param.ty));
        let body = info.body;
        let frame = self.new_frame(func, name, FunctionKind::Plain, span, ret, false, scope);
        self.frames.push(frame);
        let mut args = Vec::new();
        for ty in types {
            let local = self.declare_local("", ty, false, span);
            self.frame().params.push(local);
            args.push(read(self.local_place(local, span)));
        }
        let kind = match body {
            Body::Builtin(builtin) => ExprKind::Builtin(builtin, args),
            _ => {
                let message = super::expect::string("functions of other languages cannot be called yet", span);
                ExprKind::Panic(Box::new(message))
            }
        };
        let value = expr(kind, ret, span);
        self.close_frame(value);
    }

    /// A plain function that starts an async function and gives its future.
    pub fn starter(&mut self, decl: DeclId) -> FuncId {
        if let Some(func) = self.decl(decl).starter {
            return func;
        }
        let target = self.request(decl);
        self.built.push(None);
        let func = FuncId((self.built.len() - 1) as u32);
        self.decls[decl.0 as usize].starter = Some(func);
        self.apart(|this| {
            let info = this.decl(decl);
            let (ret, span, name, scope) = (info.ret, info.span, info.full_name.clone(), info.scope);
            let mut types: Vec<Ty> = info.receiver.iter().map(|(_, ty)| *ty).collect();
            types.extend(info.params.iter().map(|param| param.ty));
            this.generics = info.generics.clone();
            this.in_prelude = true;
            let future = this.types.intern(crate::types::TyKind::Future(ret));
            let frame = this.new_frame(func, name, FunctionKind::Plain, span, future, false, scope);
            this.frames.push(frame);
            let mut args = Vec::new();
            for ty in types {
                let local = this.declare_local("", ty, false, span);
                this.frame().params.push(local);
                args.push(read(this.local_place(local, span)));
            }
            let value = expr(ExprKind::Spawn(core::SpawnKind::Async, target, args), future, span);
            this.close_frame(value);
        });
        func
    }

    /// The type of a global; elaborates its initialiser when it is first asked for.
    pub fn global_type(&mut self, index: u32) -> Ty {
        let info = &self.globals[index as usize];
        if let Some(ty) = info.ty {
            return ty;
        }
        let (name, span, scope, prelude) = (info.name.clone(), info.span, info.scope, info.prelude);
        let (declared, init, mutable, thread_local) = (info.declared, info.init, info.mutable, info.thread_local);
        if info.busy {
            self.error(Code::CyclicDefinition, span, format!("the value of `{name}` refers to itself"));
            self.globals[index as usize].ty = Some(Types::ERROR);
            return Types::ERROR;
        }
        self.globals[index as usize].busy = true;
        let declared = declared.map(|declared| self.resolve_type(declared, scope));
        if declared.is_some() {
            self.globals[index as usize].ty = declared;
        }
        let func = init.map(|init| self.initializer(&name, init, declared, span, scope, prelude));
        let ty = match (declared, func) {
            (Some(ty), _) => ty,
            (None, Some((_, ty))) => self.resolve(ty),
            (None, None) => {
                self.error(Code::CannotInfer, span, format!("`{name}` needs a type or a value"));
                Types::ERROR
            }
        };
        let info = &mut self.globals[index as usize];
        info.ty = Some(ty);
        info.func = func.map(|(func, _)| func);
        let id = core::GlobalId(self.program_globals.len() as u32);
        info.id = Some(id);
        let thread_local = if thread_local { func.map(|(func, _)| func) } else { None };
        self.program_globals.push(core::Global { name: name.to_string(), ty, mutable, thread_local, span });
        if let Some((func, _)) = func.filter(|_| thread_local.is_none()) {
            let value = self.initial_value(func, ty, span);
            self.init_steps.push((id, value, span));
        }
        ty
    }

    /// A function that computes the value of a global or constant.
    pub fn initializer(
        &mut self,
        name: &str,
        init: &'a ast::Expr,
        declared: Option<Ty>,
        span: Span,
        scope: ScopeId,
        prelude: bool,
    ) -> (FuncId, Ty) {
        self.built.push(None);
        let func = FuncId((self.built.len() - 1) as u32);
        let mut result = Types::ERROR;
        self.apart(|this| {
            this.in_prelude = prelude;
            this.passes(|this| {
                let ret = declared.unwrap_or(Types::ERROR);
                let name = format!("init.{name}");
                let frame = this.new_frame(func, name, FunctionKind::Plain, span, ret, false, scope);
                this.frames.push(frame);
                let value = match declared {
                    Some(ty) => this.check_to(init, ty),
                    None => this.check_expr(init, Expect::Any),
                };
                result = value.ty;
                this.frame().ret = value.ty;
                this.close_frame(value);
            });
        });
        (func, result)
    }

    /// What sets a global: the initialiser's own expression where it needs no variables (so that a lock or channel in it
    /// gets the global's name), otherwise a call of it.
    fn initial_value(&mut self, func: FuncId, ty: Ty, span: Span) -> Expr {
        let slot = &mut self.built[func.0 as usize];
        match slot.take() {
            Some(built) if built.locals.is_empty() && built.labels == 0 => {
                self.free_funcs.push(func);
                built.function.body
            }
            built => {
                *slot = built;
                expr(ExprKind::Call(func, Vec::new()), ty, span)
            }
        }
    }

    /// The function that sets all globals, if there are any.
    pub fn build_init(&mut self) -> Option<FuncId> {
        if self.init_steps.is_empty() {
            return None;
        }
        let span = self.init_steps[0].2;
        let mut stmts = Vec::new();
        for (global, value, span) in std::mem::take(&mut self.init_steps) {
            let ty = self.program_globals[global.0 as usize].ty;
            let place = core::Place { base: core::PlaceBase::Global(global), projections: Vec::new(), ty, span };
            stmts.push(Stmt::Expr(expr(ExprKind::Assign(place, Box::new(value)), Types::UNIT, span)));
        }
        self.built.push(None);
        let func = FuncId((self.built.len() - 1) as u32);
        let frame = self.new_frame(func, "init".into(), FunctionKind::Plain, span, Types::UNIT, false, ROOT);
        self.frames.push(Frame { prelude: true, ..frame });
        let body = expr(ExprKind::Block(stmts, Some(Box::new(unit(span)))), Types::UNIT, span);
        self.close_frame(body);
        Some(func)
    }

    /// Declares a local in the innermost block.
    pub fn declare_local(&mut self, name: &str, ty: Ty, mutable: bool, span: Span) -> LocalId {
        let frame = self.frame();
        let id = LocalId(frame.locals.len() as u32);
        let loop_depth = frame.loops.iter().filter(|open| open.is_loop).count() as u32;
        frame.locals.push(LocalInfo {
            local: Local { name: name.to_string(), ty, mutable, cell: false, span },
            used: 0,
            changed: false,
            deferred: false,
            warn: true,
            loop_depth,
        });
        if !name.is_empty() && name != "_" {
            let name = Name::from(name);
            frame.names.entry(name.clone()).or_default().push(id);
            if let Some(block) = frame.blocks.last_mut() {
                block.push(name);
            }
        }
        id
    }

    /// Opens a block of names.
    pub fn open_block(&mut self) {
        self.frame().blocks.push(Vec::new());
    }

    /// Closes it: its names are gone.
    pub fn close_block(&mut self) {
        let frame = self.frame();
        for name in frame.blocks.pop().unwrap_or_default() {
            if let Some(list) = frame.names.get_mut(&name) {
                list.pop();
            }
        }
    }
}
