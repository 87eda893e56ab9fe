//! The readable form of a program's code, beside its source (`vex check --emit bytecode`).
//!
//! One line an instruction: its index, the opcode, then its operands in order, each by its meaning: `r3`, a constant as it is written,
//! a function's name, `-> 12` for a jump. The source line comes before the first instruction that it gave.

use super::instr::{Instr, Reg};
use super::ops::{Op, Operand};
use super::program::{ArmCode, Code, Constant, FunctionCode};
use crate::builtins::Builtin;
use crate::core::RuntimeType;
use crate::value::Tag;
use std::fmt::Write;

/// The functions of the program that are not of the prelude.
pub fn program(code: &Code) -> String {
    let mut out = String::new();
    for function in code.functions.iter().filter(|f| !f.prelude) {
        if !out.is_empty() {
            out.push('\n');
        }
        write_function(code, function, &mut out);
    }
    out
}

/// One function.
pub fn function(code: &Code, function: &FunctionCode) -> String {
    let mut out = String::new();
    write_function(code, function, &mut out);
    out
}

fn write_function(code: &Code, function: &FunctionCode, out: &mut String) {
    let captures = if function.captures > 0 { format!("captures {}, ", function.captures) } else { String::new() };
    let _ =
        writeln!(out, "fn {}: {captures}params {}, registers {}", function.name, function.params, function.registers);
    let mut line_before = None;
    for pc in function.start..function.end {
        let Some(&instr) = code.instrs.get(pc as usize) else { break };
        let covered: Vec<String> = function
            .cleanups
            .iter()
            .filter(|cleanup| cleanup.target == pc)
            .map(|cleanup| format!("{}..{}", cleanup.from, cleanup.to))
            .collect();
        if !covered.is_empty() {
            let _ = writeln!(out, "    (clean-up of {})", covered.join(", "));
        }
        if let Some(&span) = code.spans.get(pc as usize)
            && let Some(file) = code.sources.files().get(span.file.0 as usize)
        {
            let line = file.line_column(span.lo).line;
            if line_before != Some((span.file, line)) {
                let _ = writeln!(out, "  {line:>4} | {}", file.line(line).unwrap_or("").trim());
                line_before = Some((span.file, line));
            }
        }
        let _ = writeln!(out, "{pc:>6}  {}", instruction(code, pc, instr).trim_end());
    }
    for local in &function.locals {
        let cell = if local.cell { " (cell)" } else { "" };
        let _ = writeln!(
            out,
            "    r{}{cell} {}: {} in {}..{}",
            local.register.0, local.name, local.ty, local.from, local.to
        );
    }
}

/// One instruction.
pub fn instruction(code: &Code, pc: u32, instr: Instr) -> String {
    let [n, a, b, c] = instr.op.operands();
    let mut parts: Vec<String> = Vec::new();
    for (operand, field) in [(a, instr.a), (b, instr.b), (c, instr.c)] {
        if let Some(text) = operand_text(code, pc, instr, operand, field) {
            parts.push(text);
        }
    }
    match n {
        Operand::Tag => parts.push(Tag::from_byte(instr.n).map_or("?".to_string(), |t| format!("{t:?}"))),
        Operand::Mode => parts.push(mode_text(instr)),
        _ => {}
    }
    parts.retain(|part| !part.is_empty());
    format!("{:<14} {}", instr.op.name(), parts.join(", "))
}

fn register(field: u16) -> String {
    format!("r{}", Reg::from_operand(field).0)
}

fn operand_text(code: &Code, pc: u32, instr: Instr, operand: Operand, field: u16) -> Option<String> {
    let wide = instr.wide_index() as usize;
    let at = |distance: i64| format!("-> {}", pc as i64 + 1 + distance);
    let or_number = |name: Option<String>, number: usize| name.unwrap_or_else(|| format!("?{number}"));
    Some(match operand {
        Operand::None | Operand::Count | Operand::Tag | Operand::Mode => return None,
        Operand::Write if instr.op == Op::Send && instr.n == 0 => return None,
        Operand::Write | Operand::Read | Operand::Update => register(field),
        Operand::ReadMany | Operand::WriteMany => row(Reg::from_operand(field).0, instr.n),
        Operand::Frame => {
            let window = Reg::from_operand(field).0;
            format!("r{window}({})", row(window + 1, instr.n))
        }
        Operand::Imm => (field as i16).to_string(),
        Operand::Number if instr.op == Op::MakeClosure => {
            or_number(code.functions.get(field as usize).map(|f| f.name.clone()), field as usize)
        }
        Operand::Number if instr.op == Op::CallValue => match usize::from(field).checked_sub(1) {
            None => return None,
            Some(list) => {
                code.argument_names.get(list).map_or_else(|| format!("?{list}"), |names| names.join("= ") + "=")
            }
        },
        Operand::Number if matches!(instr.op, Op::Attr | Op::SetAttr) => {
            or_number(code.method_names.get(field as usize).map(|m| format!(".{m}")), field as usize)
        }
        Operand::Number => format!("#{field}"),
        Operand::Jump => at(instr.imm_c()),
        Operand::WideJump => at(instr.wide_imm() as i64),
        Operand::WideImm => instr.wide_imm().to_string(),
        Operand::Const => or_number(code.constants.get(wide).map(|k| constant_text(code, k)), wide),
        Operand::Func => or_number(code.functions.get(wide).map(|f| f.name.clone()), wide),
        Operand::Global => or_number(code.globals.get(wide).map(|g| g.name.clone()), wide),
        Operand::Method => or_number(code.method_names.get(wide).map(|m| format!(".{m}")), wide),
        Operand::Builtin => or_number(Builtin::from_index(field).map(|b| b.name().to_string()), field as usize),
        Operand::Select => or_number(select_text(code, field), field as usize),
        Operand::Table => or_number(
            code.tables.get(field as usize).map(|t| {
                let targets: Vec<String> = t.iter().map(u32::to_string).collect();
                format!("-> [{}]", targets.join(" "))
            }),
            field as usize,
        ),
        Operand::VariantIndex => {
            or_number(code.variants.get(field as usize).map(|&(e, v)| variant_text(code, e, v)), field as usize)
        }
        Operand::StructIndex => or_number(code.structs.get(field as usize).map(|s| s.name.clone()), field as usize),
        Operand::TypeTest => {
            or_number(code.type_tests.get(field as usize).map(|t| type_text(code, *t)), field as usize)
        }
    })
}

fn row(first: u16, count: u8) -> String {
    match count {
        0 => String::new(),
        1 => format!("r{first}"),
        _ => format!("r{first}..r{}", first + count as u16 - 1),
    }
}

fn mode_text(instr: Instr) -> String {
    const BINARY: [&str; 11] = ["+", "-", "*", "/", "%", "**", "&", "|", "^", "<<", ">>"];
    const UNARY: [&str; 3] = ["-", "!", "~"];
    const COMPARE: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
    const ITER: [&str; 7] = ["list", "set", "map", "string", "channel", "range", "any"];
    const SEND: [&str; 3] = ["", "bool", "result"];
    const RECV: [&str; 6] = ["value", "option", "result", "discard", "pair", "two"];
    const NOT: [&str; 2] = ["", "not"];
    let names: &[&str] = match instr.op {
        Op::Arith => &BINARY,
        Op::Unary => &UNARY,
        Op::Compare => &COMPARE,
        Op::IterNext => &ITER,
        Op::Send => &SEND,
        Op::Recv => &RECV,
        Op::MakeRange => &["..", "..="],
        Op::DynArith | Op::DynCompare => return crate::dynamic::DynOp::ALL[instr.n as usize % 16].symbol().to_string(),
        Op::JumpDynEq | Op::JumpDynLt | Op::JumpDynLe | Op::JumpTruth | Op::Truth => &NOT,
        Op::JumpDynEqImm | Op::JumpDynLtImm | Op::JumpDynLeImm | Op::JumpDynGtImm | Op::JumpDynGeImm => &NOT,
        _ => &[],
    };
    names.get(instr.n as usize).map_or_else(|| instr.n.to_string(), |s| s.to_string())
}

fn constant_text(code: &Code, constant: &Constant) -> String {
    match constant {
        Constant::Int(kind, n) => format!("{n}{}", kind.name()),
        Constant::F64(x) => format!("{x:?}"),
        Constant::F32(x) => format!("{x:?}f32"),
        Constant::Str(s) => format!("{s:?}"),
        Constant::Function(f) => {
            code.functions.get(*f as usize).map_or_else(|| format!("fn ?{f}"), |f| format!("fn {}", f.name))
        }
        Constant::Variant(e, v) => variant_text(code, *e, *v),
        Constant::Duration(n) => format!("{n}ns"),
        Constant::NoValue => "no value".to_string(),
        Constant::Nil => "nil".to_string(),
        Constant::Symbol(n) => {
            code.symbols.get(*n as usize).map_or_else(|| format!("symbol ?{n}"), |s| format!("'{s}"))
        }
    }
}

fn variant_text(code: &Code, e: u32, v: u32) -> String {
    let Some(def) = code.enums.get(e as usize) else { return format!("?{e}.{v}") };
    format!("{}.{}", def.name, def.variants.get(v as usize).map_or("?", |v| &v.0))
}

fn type_text(code: &Code, kind: RuntimeType) -> String {
    match kind {
        RuntimeType::Struct(id) => code.structs.get(id.0 as usize).map_or("?".to_string(), |s| s.name.clone()),
        RuntimeType::Enum(id) => code.enums.get(id.0 as usize).map_or("?".to_string(), |e| e.name.clone()),
        RuntimeType::Int(kind) => kind.name().to_string(),
        other => format!("{other:?}"),
    }
}

fn select_text(code: &Code, index: u16) -> Option<String> {
    let select = code.selects.get(index as usize)?;
    let mut arms: Vec<String> = select
        .arms
        .iter()
        .map(|arm| match arm {
            ArmCode::Recv(r, true) => format!("<-r{}", r.0),
            ArmCode::Recv(r, false) => format!("_ <-r{}", r.0),
            ArmCode::RecvOption(r) => format!("r{}.recv()", r.0),
            ArmCode::RecvPair(r) => format!("_, _ <-r{}", r.0),
            ArmCode::Send(channel, value) => format!("r{} <- r{}", channel.0, value.0),
            ArmCode::After(r) => format!("after r{}", r.0),
            ArmCode::Future(r) => format!("future r{}", r.0),
        })
        .collect();
    if select.default {
        arms.push("default".to_string());
    }
    Some(format!("[{}]", arms.join(", ")))
}
