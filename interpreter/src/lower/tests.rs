//! Lowering of trees built by hand: the shapes of code that speed and soundness depend on.

use super::compile;
use crate::builtins::Builtin;
use crate::bytecode::program::Code;
use crate::bytecode::{disasm, verify};
use crate::core::*;
use crate::source::{SourceMap, Span};
use crate::types::{Ty, TyKind, Types};
use std::sync::Arc;

fn expr(kind: ExprKind, ty: Ty) -> Expr {
    Expr { kind, ty, span: Span::default() }
}

fn int(n: i128) -> Expr {
    expr(ExprKind::Const(Const::Int(n)), Types::I64)
}

fn local(id: u32, ty: Ty) -> Place {
    Place { base: PlaceBase::Local(LocalId(id)), projections: vec![], ty, span: Span::default() }
}

fn read(id: u32, ty: Ty) -> Expr {
    expr(ExprKind::Read(local(id, ty)), ty)
}

fn borrow(id: u32, ty: Ty) -> Expr {
    expr(ExprKind::Borrow(local(id, ty)), ty)
}

fn bind(id: u32, ty: Ty) -> Pattern {
    Pattern { kind: PatternKind::Bind(LocalId(id), None), ty, span: Span::default() }
}

fn let_(id: u32, value: Expr) -> Stmt {
    Stmt::Let { pattern: bind(id, value.ty), value: Some(value), span: Span::default() }
}

fn binary(op: BinaryOp, a: Expr, b: Expr) -> Expr {
    let ty = a.ty;
    expr(ExprKind::Binary(op, Box::new(a), Box::new(b)), ty)
}

fn builtin(b: Builtin, args: Vec<Expr>, ty: Ty) -> Expr {
    expr(ExprKind::Builtin(b, args), ty)
}

fn block(stmts: Vec<Stmt>) -> Expr {
    expr(ExprKind::Block(stmts, None), Types::UNIT)
}

fn for_range(var: u32, lo: Expr, hi: Expr, body: Expr) -> Expr {
    let kind = ExprKind::ForRange {
        label: LabelId(var),
        var: LocalId(var),
        lo: Box::new(lo),
        hi: Box::new(hi),
        inclusive: false,
        body: Box::new(body),
        otherwise: None,
    };
    expr(kind, Types::UNIT)
}

fn add_assign(place: Place, value: Expr) -> Expr {
    expr(ExprKind::AssignOp(BinaryOp::Add, place, Box::new(value)), Types::UNIT)
}

fn function(name: &str, params: u32, locals: &[(&str, Ty)], ret: Ty, body: Expr) -> Function {
    let locals = locals.iter().map(|&(name, ty)| Local {
        name: name.to_string(),
        ty,
        mutable: true,
        cell: false,
        span: Span::default(),
    });
    Function {
        name: name.to_string(),
        kind: FunctionKind::Plain,
        captures: 0,
        params,
        optional: 0,
        rest: false,
        locals: locals.collect(),
        ret,
        body,
        span: Span::default(),
        prelude: false,
    }
}

fn program(types: Types, functions: Vec<Function>) -> Program {
    let variant = |name: &str, n| (name.to_string(), vec![Ty(n); 1]);
    Program {
        functions,
        structs: vec![],
        enums: vec![
            EnumDef {
                name: "Option".into(),
                variants: vec![variant("Some", Types::DYNAMIC.0), ("None".into(), vec![])],
                copy: false,
            },
            EnumDef {
                name: "Result".into(),
                variants: vec![variant("Ok", Types::DYNAMIC.0), variant("Err", Types::DYNAMIC.0)],
                copy: false,
            },
        ],
        globals: vec![],
        consts: vec![],
        methods: vec![],
        init: None,
        main: Some(FuncId(0)),
        types,
        dynamic: None,
        sources: Arc::new(SourceMap::default()),
    }
}

fn compiled(program: &Program) -> Code {
    let code = compile(program).expect("compiles");
    verify::verify(&code).expect("verifies");
    code
}

/// Opcodes of the instructions of `main`, in order.
#[track_caller]
fn check(program: &Program, expected: &str) {
    let code = compiled(program);
    let main = &code.functions[0];
    let ops: Vec<&str> = code.instrs[main.start as usize..main.end as usize].iter().map(|i| i.op.name()).collect();
    assert_eq!(ops.join(" "), expected, "\n{}", disasm::program(&code));
}

/// The code of a recursive function, for tests of what comes after lowering.
pub(crate) fn sample() -> Code {
    compiled(&fib())
}

/// The code of a loop that locks, for the same.
pub(crate) fn lock_sample() -> Code {
    compiled(&lock_loop(vec![]))
}

fn fib() -> Program {
    let types = Types::default();
    let call =
        |n| expr(ExprKind::Call(FuncId(0), vec![binary(BinaryOp::Sub, read(0, Types::I64), int(n))]), Types::I64);
    let cond = expr(ExprKind::Compare(CompareOp::Lt, Box::new(borrow(0, Types::I64)), Box::new(int(2))), Types::BOOL);
    let body = expr(
        ExprKind::If(
            Box::new(cond),
            Box::new(read(0, Types::I64)),
            Some(Box::new(binary(BinaryOp::Add, call(1), call(2)))),
        ),
        Types::I64,
    );
    let fib = function("fib", 1, &[("n", Types::I64)], Types::I64, body);
    let main = function("main", 0, &[], Types::UNIT, block(vec![]));
    let mut program = program(types, vec![fib, main]);
    program.main = Some(FuncId(1));
    program
}

#[test]
fn recursive_calls_need_no_moves() {
    check(&fib(), "JumpGeImm Return AddImm Call AddImm Call AddI Return");
}

#[test]
fn nested_loop_is_three_instructions_a_turn() {
    let i64_ = Types::I64;
    let sum = binary(BinaryOp::Add, read(0, i64_), binary(BinaryOp::Sub, read(1, i64_), read(2, i64_)));
    let assign = expr(ExprKind::Assign(local(0, i64_), Box::new(sum)), Types::UNIT);
    let inner = for_range(2, int(0), int(100), block(vec![Stmt::Expr(assign)]));
    let outer = for_range(1, int(0), int(100), block(vec![Stmt::Expr(inner)]));
    let body = block(vec![let_(0, int(0)), Stmt::Expr(outer)]);
    let main = function("main", 0, &[("s", i64_), ("i", i64_), ("j", i64_)], Types::UNIT, body);
    check(
        &program(Types::default(), vec![main]),
        "LoadImm LoadImm LoadImm LoadImm SubI AddI ForStep ForStep ReturnUnit",
    );
}

#[test]
fn atomic_add_and_send_in_a_loop_are_one_instruction() {
    let mut types = Types::default();
    let atomic = types.intern(TyKind::Atomic(Types::I64));
    let channel = types.intern(TyKind::Channel(Types::I64));
    let add = builtin(Builtin::AtomicAdd, vec![borrow(0, atomic), int(1)], Types::I64);
    let send = builtin(Builtin::ChannelSend, vec![borrow(1, channel), read(2, Types::I64)], Types::UNIT);
    let body = block(vec![Stmt::Expr(add), Stmt::Expr(send)]);
    let main = function(
        "main",
        0,
        &[("a", atomic), ("ch", channel), ("i", Types::I64)],
        Types::UNIT,
        block(vec![
            let_(0, builtin(Builtin::AtomicNew, vec![int(0)], atomic)),
            let_(1, builtin(Builtin::ChannelNew, vec![int(0), expr(ExprKind::Zero, Types::I64)], channel)),
            Stmt::Expr(for_range(2, int(0), int(1000), body)),
        ]),
    );
    let program = program(types, vec![main]);
    check(
        &program,
        "LoadImm CallBuiltin LoadImm LoadImm CallBuiltin LoadImm LoadImm LoadImm AtomicAdd Send ForStep ReturnUnit",
    );
    let names: Vec<String> = compiled(&program).object_names.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "ch"]);
}

fn lock_loop(extra: Vec<Stmt>) -> Program {
    let mut types = Types::default();
    let mutex = types.intern(TyKind::Mutex(Types::I64));
    let guard = types.intern(TyKind::MutexGuard(Types::I64));
    let content = Place { projections: vec![Projection::Deref(Types::I64)], ..local(1, Types::I64) };
    let mut stmts = vec![
        let_(1, builtin(Builtin::MutexLock, vec![borrow(0, mutex)], guard)),
        Stmt::Expr(add_assign(content, int(1))),
    ];
    stmts.extend(extra);
    let main = function(
        "main",
        0,
        &[("m", mutex), ("g", guard), ("i", Types::I64)],
        Types::UNIT,
        block(vec![
            let_(0, builtin(Builtin::MutexNew, vec![int(0)], mutex)),
            Stmt::Expr(for_range(2, int(0), int(1000), block(stmts))),
        ]),
    );
    program(types, vec![main])
}

#[test]
fn a_guard_is_released_at_the_end_of_its_scope_once() {
    let shape = "LoadImm CallBuiltin LoadImm LoadImm MutexLock DerefAddImm Release ForStep ReturnUnit";
    // The clean-up of a cancelled task follows.
    check(&lock_loop(vec![]), &format!("{shape} Release Unwind"));
    let mut types = Types::default();
    types.intern(TyKind::Mutex(Types::I64));
    let guard = types.intern(TyKind::MutexGuard(Types::I64));
    let drop = builtin(Builtin::Release, vec![read(1, guard)], Types::UNIT);
    check(&lock_loop(vec![Stmt::Expr(drop)]), &format!("{shape} Release Unwind"));
}

#[test]
fn ways_out_of_a_scope_release_what_they_leave() {
    // break in the middle: the guard is released there too.
    let leave = expr(ExprKind::Break(LabelId(2), None), Types::NEVER);
    let cond = expr(ExprKind::Const(Const::Bool(true)), Types::BOOL);
    let cond = expr(ExprKind::Unary(UnaryOp::Not, Box::new(cond)), Types::BOOL);
    let maybe = expr(ExprKind::If(Box::new(cond), Box::new(leave), None), Types::UNIT);
    let code = compiled(&lock_loop(vec![Stmt::Expr(maybe)]));
    let releases = code.instrs.iter().filter(|i| i.op.name() == "Release").count();
    assert_eq!(releases, 2, "a branch that is never taken is not emitted");
    assert_eq!(code.functions[0].cleanups.len(), 1);
}
