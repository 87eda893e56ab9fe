//! From the core tree to bytecode: `compile`.
//!
//! Each function is compiled by an [`function::Emitter`], whose methods are spread over the files by what they compile:
//! - `expr` (where a value is wanted), `operators`, `branch` (conditions), `place`, `pattern`, `matches`, `loops`, `call`, `builtin`, `select`;
//! - `scope`: releases, defers and the clean-up of cancelled tasks; `glue`: generated drop functions;
//! - `asm` (labels, jumps, sections), `function` (registers and locals), `tables` (constants and their like);
//! - `kinds` (what is asked about types), `analysis` (walks over the tree).
//!
//! What may go wrong is size: registers, operands and tables have limits, and passing one is a diagnostic at the construct.

pub mod analysis;
mod asm;
mod body;
mod branch;
mod builtin;
mod call;
mod dynamic;
mod expr;
mod function;
mod glue;
mod kinds;
mod loops;
mod matches;
mod operators;
mod pattern;
mod place;
mod scope;
mod select;
mod tables;
mod type_names;

#[cfg(test)]
pub(crate) mod tests;

use crate::bytecode::instr::Instr;
use crate::bytecode::program::{
    Cleanup, Code, ConstCode, EnumCode, FunctionCode, GlobalCode, LocalCode, SelectCode, StructCode,
};
use crate::core::{CaptureMode, ExprKind, FuncId, Function, FunctionKind, GlobalId, PlaceBase, Program};
use crate::diagnostics::{Code as DiagnosticCode, Diagnostic};
use crate::source::Span;
use crate::types::Ty;
use function::{Emitter, Finished};
use kinds::Kinds;
use rustc_hash::{FxHashMap, FxHashSet};
use tables::Tables;

/// Stack of the thread that compiles: the tree's height is limited by the parser, but a level of it takes several frames here.
const STACK: usize = 256 << 20;

/// Compiles a program that the checks have passed.
///
/// # Errors
/// What is too large for the bytecode's limits.
pub fn compile(program: &Program) -> Result<Code, Vec<Diagnostic>> {
    std::thread::scope(|scope| {
        match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || compile_here(program)) {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            // No thread to be had: then here.
            Err(_) => compile_here(program),
        }
    })
}

fn compile_here(program: &Program) -> Result<Code, Vec<Diagnostic>> {
    let Some(main) = program.main else {
        let message = "the program has no `main`";
        return Err(vec![Diagnostic::new(DiagnosticCode::NoMain, Span::default(), message)]);
    };
    let mut lowerer = Lowerer::new(program);
    for (i, function) in program.functions.iter().enumerate() {
        lowerer.function(FuncId(i as u32), function);
    }
    let mut next = 0;
    while let Some(&(ty, span)) = lowerer.glue_queue.get(next) {
        lowerer.glue(ty, span);
        next += 1;
    }
    lowerer.finish(main)
}

/// Functions that do nothing but compute the first value of a global.
fn global_initializers(program: &Program) -> FxHashMap<FuncId, GlobalId> {
    let mut found = FxHashMap::default();
    for (i, global) in program.globals.iter().enumerate() {
        found.extend(global.thread_local.map(|init| (init, GlobalId(i as u32))));
    }
    if let Some(init) = program.init.and_then(|init| program.functions.get(init.0 as usize)) {
        analysis::walk(&init.body, &mut |expr| {
            if let ExprKind::Assign(place, value) = &expr.kind
                && let (PlaceBase::Global(global), ExprKind::Call(function, args)) = (&place.base, &value.kind)
                && place.projections.is_empty()
                && args.is_empty()
            {
                found.insert(*function, *global);
            }
        });
    }
    found
}

/// The program being compiled.
pub struct Lowerer<'p> {
    program: &'p Program,
    kinds: Kinds<'p>,
    tables: Tables,
    /// Globals that live in a cell, because a mutable reference to them is taken.
    cell_globals: FxHashSet<u32>,
    /// Functions that compute the first value of a global.
    global_of_initializer: FxHashMap<FuncId, GlobalId>,
    /// How each closure's function gets its captures.
    capture_modes: FxHashMap<FuncId, Vec<CaptureMode>>,
    instrs: Vec<Instr>,
    spans: Vec<Span>,
    functions: Vec<FunctionCode>,
    selects: Vec<SelectCode>,
    jump_tables: Vec<Vec<u32>>,
    object_names: Vec<(u32, String)>,
    glue_index: FxHashMap<Ty, u32>,
    glue_queue: Vec<(Ty, Span)>,
    errors: Vec<Diagnostic>,
}

impl<'p> Lowerer<'p> {
    fn new(program: &'p Program) -> Self {
        let mutated = analysis::mutated(program);
        let candidates: Vec<u32> = program
            .globals
            .iter()
            .enumerate()
            .map(|(i, _)| i as u32)
            .filter(|i| mutated.cell_globals.contains(i))
            .collect();
        let kinds = Kinds::new(program, mutated);
        let cell_globals = candidates
            .into_iter()
            .filter(|&i| {
                let global = &program.globals[i as usize];
                global.thread_local.is_none() && !kinds.is_aggregate(global.ty)
            })
            .collect();
        let mut capture_modes = FxHashMap::default();
        for function in &program.functions {
            analysis::walk(&function.body, &mut |expr| {
                if let ExprKind::Closure(id, captures) = &expr.kind {
                    capture_modes.insert(*id, captures.iter().map(|c| c.mode).collect());
                }
            });
        }
        Lowerer {
            global_of_initializer: global_initializers(program),
            program,
            kinds,
            tables: Tables::default(),
            cell_globals,
            capture_modes,
            instrs: Vec::new(),
            spans: Vec::new(),
            functions: Vec::new(),
            selects: Vec::new(),
            jump_tables: Vec::new(),
            object_names: Vec::new(),
            glue_index: FxHashMap::default(),
            glue_queue: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The number of the generated function that drops values of the type.
    fn drop_glue(&mut self, ty: Ty) -> u32 {
        if let Some(&index) = self.glue_index.get(&ty) {
            return index;
        }
        let index = (self.program.functions.len() + self.glue_queue.len()) as u32;
        self.glue_index.insert(ty, index);
        self.glue_queue.push((ty, Span::default()));
        index
    }

    /// The number of a select.
    fn select(&mut self, code: SelectCode) -> Option<u16> {
        let index = u16::try_from(self.selects.len()).ok()?;
        self.selects.push(code);
        Some(index)
    }

    fn function(&mut self, id: FuncId, function: &'p Function) {
        let modes = self.capture_modes.get(&id).cloned().unwrap_or_default();
        let mut emitter = Emitter::new(self, Some((id, function)));
        emitter.function_body(function, &modes);
        let finished = emitter.finish();
        let (captures, params) = (function.captures, function.params);
        let parameters = function.locals.iter().skip(captures as usize).take(params as usize);
        if captures + params > 255 {
            let message = format!("`{}` has more than 255 parameters and captured variables", function.name);
            self.errors.push(Diagnostic::new(DiagnosticCode::TooLarge, function.span, message));
        }
        self.add(
            finished,
            FunctionCode {
                name: function.name.clone(),
                kind: function.kind,
                start: 0,
                end: 0,
                captures: captures as u16,
                params: params as u16,
                optional: function.optional as u16,
                rest: function.rest,
                parameters: parameters.map(|local| local.name.clone()).collect(),
                registers: 0,
                span: function.span,
                prelude: function.prelude,
                locals: Vec::new(),
                cleanups: Vec::new(),
            },
        );
    }

    fn glue(&mut self, ty: Ty, span: Span) {
        let mut emitter = Emitter::new(self, None);
        emitter.drop_glue_body(ty, span);
        let finished = emitter.finish();
        let name = format!("drop {}", type_names::type_name(self.program, &self.kinds.types, ty));
        self.add(
            finished,
            FunctionCode {
                name,
                kind: FunctionKind::Plain,
                start: 0,
                end: 0,
                captures: 0,
                params: 1,
                optional: 0,
                rest: false,
                parameters: Vec::new(),
                registers: 0,
                span,
                prelude: true,
                locals: Vec::new(),
                cleanups: Vec::new(),
            },
        );
    }

    fn add(&mut self, finished: Finished<'p>, mut code: FunctionCode) {
        let start = self.instrs.len() as u32;
        let done = finished.asm.finish(start);
        code.start = start;
        code.end = start + done.instrs.len() as u32;
        code.registers = finished.registers.max(code.captures + code.params);
        for segment in finished.segments {
            let (from, to) = (done.resolve(segment.from), done.resolve(segment.to));
            let Some(target) = done.resolve_label(segment.landing) else { continue };
            if from < to {
                code.cleanups.push(Cleanup { from, to, target });
            }
        }
        code.cleanups.sort_by_key(|c| (c.from, c.to));
        code.cleanups.dedup_by(|next, before| {
            let joins = before.to == next.from && before.target == next.target;
            if joins {
                before.to = next.to;
            }
            joins
        });
        for range in finished.ranges {
            let (from, to) = (done.resolve(range.from), range.to.map_or(code.end, |to| done.resolve(to)));
            let Some(local) = finished.function.and_then(|f| f.locals.get(range.local.0 as usize)) else { continue };
            if from < to {
                code.locals.push(LocalCode {
                    name: local.name.clone(),
                    ty: type_names::type_name(self.program, &self.kinds.types, local.ty),
                    register: range.register,
                    cell: range.cell,
                    mutable: local.mutable,
                    from,
                    to,
                });
            }
        }
        self.object_names.extend(finished.object_names.into_iter().map(|(at, name)| (done.resolve(at), name)));
        self.instrs.extend(done.instrs);
        self.spans.extend(done.spans);
        self.jump_tables.extend(done.tables);
        self.functions.push(code);
    }

    fn finish(mut self, main: FuncId) -> Result<Code, Vec<Diagnostic>> {
        let program = self.program;
        // A site has 24 bits in the trace.
        if self.instrs.len() >= 1 << 24 || self.jump_tables.len() > u16::MAX as usize {
            let message = "the program has too many instructions";
            self.errors.push(Diagnostic::new(DiagnosticCode::TooLarge, Span::default(), message));
        }
        if self.tables.type_tests.len() > u16::MAX as usize {
            let message = "the program tests for too many kinds of values";
            self.errors.push(Diagnostic::new(DiagnosticCode::TooLarge, Span::default(), message));
        }
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let mut methods: Vec<_> =
            program.methods.iter().map(|m| (m.receiver, self.tables.method(&m.name), m.func.0)).collect();
        methods.sort_unstable();
        self.object_names.sort();
        let structs = program.structs.iter().map(|s| StructCode {
            name: s.name.clone(),
            fields: s.fields.iter().map(|f| f.0.clone()).collect(),
            tuple: s.tuple,
            drop: s.drop.map(|f| f.0),
        });
        let enums = program.enums.iter().map(|e| EnumCode {
            name: e.name.clone(),
            variants: e.variants.iter().map(|v| (v.0.clone(), v.1.len() as u16)).collect(),
        });
        let globals = program.globals.iter().enumerate().map(|(i, global)| GlobalCode {
            name: global.name.clone(),
            ty: type_names::type_name(program, &self.kinds.types, global.ty),
            cell: self.cell_globals.contains(&(i as u32)),
            mutable: global.mutable,
            thread_local: global.thread_local.is_some(),
        });
        let consts = program.consts.iter().map(|constant| ConstCode {
            name: constant.name.clone(),
            ty: type_names::type_name(program, &self.kinds.types, constant.ty),
            value: constant.value.clone(),
        });
        Ok(Code {
            globals: globals.collect(),
            consts: consts.collect(),
            structs: structs.collect(),
            enums: enums.collect(),
            instrs: self.instrs,
            spans: self.spans,
            functions: self.functions,
            constants: self.tables.constants,
            selects: self.selects,
            tables: self.jump_tables,
            variants: self.tables.variants,
            type_tests: self.tables.type_tests,
            method_names: self.tables.method_names,
            methods,
            init: program.init.map(|f| f.0),
            main: main.0,
            symbols: self.tables.symbols,
            argument_names: self.tables.argument_names,
            dynamic: program.dynamic.clone(),
            object_names: self.object_names,
            sources: program.sources.clone(),
        })
    }
}
