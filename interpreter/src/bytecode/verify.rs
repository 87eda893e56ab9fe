//! The verifier: what makes register access without checks sound. It runs on every program at load.
//!
//! For each function: operands that name registers are even and below the frame's size, ranges and call windows included; jumps stay inside
//! the function; its last instruction does not fall through; every index into a table is valid; tags and modes exist; calls
//! give as many arguments as the callee takes; clean-ups and named locals lie inside. What it does not check is types: a typed instruction on a value of
//! another type computes nonsense, but touches nothing that it should not.

use super::access::{accesses, jump_target};
use super::instr::Instr;
use super::ops::{Flow, Op, Operand};
use super::program::{Code, FunctionCode};
use crate::builtins::Builtin;
use crate::value::Tag;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// The instruction, if it is about one.
    pub pc: Option<u32>,
    /// The function, if it is about one.
    pub function: Option<u32>,
    /// A sentence.
    pub message: String,
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(pc) = self.pc {
            write!(f, "instruction {pc}: ")?;
        } else if let Some(function) = self.function {
            write!(f, "function {function}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for VerifyError {}

/// Checks a whole program.
pub fn verify(code: &Code) -> Result<(), VerifyError> {
    let fail = |message: &str| Err(VerifyError { pc: None, function: None, message: message.to_string() });
    if code.instrs.len() >= 1 << 24 || code.spans.len() != code.instrs.len() {
        return fail("too many instructions, or not one source position for each");
    }
    let mut at = 0;
    for (index, function) in code.functions.iter().enumerate() {
        verify_function(code, index as u32, function, at)?;
        at = function.end;
    }
    if at as usize != code.instrs.len() {
        return fail("instructions that belong to no function");
    }
    let exists = |f: u32| (f as usize) < code.functions.len();
    let arguments = |f: u32| code.functions.get(f as usize).map(|f| f.captures + f.params);
    // `main` and `init` are called without arguments.
    if arguments(code.main) != Some(0) {
        return fail("there is no such `main` without parameters");
    }
    if code.init.is_some_and(|f| arguments(f) != Some(0)) {
        return fail("there is no such initialiser without parameters");
    }
    if code.structs.iter().any(|s| s.drop.is_some_and(|f| !exists(f))) {
        return fail("a struct's drop function does not exist");
    }
    if code.methods.iter().any(|m| !exists(m.2) || m.1 as usize >= code.method_names.len()) {
        return fail("a method's function or name does not exist");
    }
    for constant in &code.constants {
        if let super::program::Constant::Function(f) = constant
            && !exists(*f)
        {
            return fail("a constant names a function that does not exist");
        }
    }
    for &(e, v) in &code.variants {
        if code.enums.get(e as usize).is_none_or(|e| v as usize >= e.variants.len()) {
            return fail("a variant that does not exist");
        }
    }
    Ok(())
}

fn verify_function(code: &Code, index: u32, function: &FunctionCode, start: u32) -> Result<(), VerifyError> {
    let fail = |message: String| Err(VerifyError { pc: None, function: Some(index), message });
    if function.start != start || function.end <= function.start || function.end as usize > code.instrs.len() {
        return fail(format!("its instructions {}..{} do not follow its predecessor's", function.start, function.end));
    }
    if function.registers > super::instr::Reg::MAX {
        return fail(format!("{} registers", function.registers));
    }
    if function.captures as u32 + function.params as u32 > function.registers as u32 {
        return fail("more parameters than registers".to_string());
    }
    for pc in function.start..function.end {
        let check = Check { code, function, pc };
        if let Err(message) = check.instruction(code.instrs[pc as usize]) {
            return Err(VerifyError { pc: Some(pc), function: Some(index), message });
        }
    }
    let last = code.instrs[function.end as usize - 1];
    if !matches!(last.op.flow(), Flow::End | Flow::Jump | Flow::Table) {
        return fail(format!("its last instruction {} falls through", last.op.name()));
    }
    let inside = |pc: u32| (function.start..function.end).contains(&pc);
    for cleanup in &function.cleanups {
        if cleanup.from >= cleanup.to || !inside(cleanup.from) || cleanup.to > function.end || !inside(cleanup.target) {
            return fail(format!("clean-up {}..{} to {}", cleanup.from, cleanup.to, cleanup.target));
        }
    }
    for local in &function.locals {
        if local.register.0 >= function.registers || local.from > local.to || local.to > function.end {
            return fail(format!("local `{}` is nowhere", local.name));
        }
    }
    Ok(())
}

struct Check<'c> {
    code: &'c Code,
    function: &'c FunctionCode,
    pc: u32,
}

impl Check<'_> {
    fn instruction(&self, instr: Instr) -> Result<(), String> {
        let [n, a, b, c] = instr.op.operands();
        for (operand, field) in [(a, instr.a), (b, instr.b), (c, instr.c)] {
            self.field(operand, field, instr)?;
        }
        match n {
            Operand::None if instr.n != 0 => return Err(format!("field n is {} and has no meaning", instr.n)),
            Operand::Tag if Tag::from_byte(instr.n).is_none() => return Err(format!("tag {} does not exist", instr.n)),
            Operand::Mode if instr.n > max_mode(instr.op) => return Err(format!("mode {} does not exist", instr.n)),
            _ => {}
        }
        let mut wrong = None;
        let registers = self.function.registers as u32;
        accesses(instr, &self.code.selects, &mut |access| {
            if access.first.0 as u32 + access.count as u32 > registers {
                wrong = Some(access);
            }
        });
        if let Some(access) = wrong {
            return Err(format!(
                "{} uses register {} (and {} more) of {registers}",
                instr.op.name(),
                access.first.0,
                access.count - 1
            ));
        }
        let inside = |target: i64| (self.function.start as i64..self.function.end as i64).contains(&target);
        if let Some(target) = jump_target(self.pc, instr)
            && !inside(target)
        {
            return Err(format!("a jump to {target} leaves the function"));
        }
        if c == Operand::Table
            && let Some(table) = self.code.tables.get(instr.c as usize)
            && (table.is_empty() || table.iter().any(|&t| !inside(t as i64)))
        {
            return Err("an empty jump table, or one that leaves the function".to_string());
        }
        self.arguments(instr)
    }

    /// Every field by its meaning: registers are even, indexes exist, unused fields are 0.
    fn field(&self, operand: Operand, field: u16, instr: Instr) -> Result<(), String> {
        let code = self.code;
        let exists = |what: &str, index: usize, len: usize| {
            if index < len { Ok(()) } else { Err(format!("{what} {index} does not exist")) }
        };
        let wide = instr.wide_index() as usize;
        match operand {
            Operand::Write
            | Operand::Read
            | Operand::Update
            | Operand::ReadMany
            | Operand::WriteMany
            | Operand::Frame => {
                if field.is_multiple_of(2) {
                    Ok(())
                } else {
                    Err(format!("register operand {field} is odd"))
                }
            }
            Operand::Const => exists("constant", wide, code.constants.len()),
            Operand::Func => exists("function", wide, code.functions.len()),
            Operand::Global => exists("global", wide, code.globals.len()),
            Operand::Method => exists("method name", wide, code.method_names.len()),
            Operand::Builtin => match Builtin::from_index(field) {
                Some(_) => Ok(()),
                None => Err(format!("built-in {field} does not exist")),
            },
            Operand::Select => exists("select", field as usize, code.selects.len()),
            Operand::Table => exists("jump table", field as usize, code.tables.len()),
            Operand::VariantIndex => exists("variant", field as usize, code.variants.len()),
            Operand::StructIndex => exists("struct", field as usize, code.structs.len()),
            Operand::TypeTest => exists("type test", field as usize, code.type_tests.len()),
            _ => Ok(()),
        }
    }

    /// Known callees get as many arguments as they take, records as many fields as they have.
    fn arguments(&self, instr: Instr) -> Result<(), String> {
        let wide = instr.wide_index() as usize;
        match instr.op {
            Op::Call | Op::Spawn | Op::SpawnAsync => {
                let Some(callee) = self.code.functions.get(wide) else { return Ok(()) };
                let takes = callee.captures + callee.params;
                if takes != instr.n as u16 {
                    return Err(format!("{} arguments for `{}`, which takes {takes}", instr.n, callee.name));
                }
            }
            Op::MakeClosure => {
                let Some(callee) = self.code.functions.get(instr.c as usize) else {
                    return Err(format!("function {} does not exist", instr.c));
                };
                if callee.captures != instr.n as u16 {
                    return Err(format!("{} captures for `{}`, which has {}", instr.n, callee.name, callee.captures));
                }
            }
            Op::CallValue if instr.c != 0 => match self.code.argument_names.get(instr.c as usize - 1) {
                Some(names) if names.len() <= instr.n as usize => {}
                _ => return Err(format!("names of arguments {} do not exist, or are too many", instr.c)),
            },
            Op::Attr | Op::SetAttr => {
                let name = if instr.op == Op::Attr { instr.c } else { instr.b };
                if name as usize >= self.code.method_names.len() {
                    return Err(format!("attribute {name} does not exist"));
                }
            }
            Op::MakeStruct => {
                let Some(def) = self.code.structs.get(instr.c as usize) else { return Ok(()) };
                if def.fields.len() != instr.n as usize {
                    return Err(format!("{} fields for `{}`, which has {}", instr.n, def.name, def.fields.len()));
                }
            }
            Op::MakeVariant => {
                let variant = self.code.variants.get(instr.c as usize);
                let fields =
                    variant.and_then(|&(e, v)| self.code.enums.get(e as usize)?.variants.get(v as usize)).map(|v| v.1);
                if fields.is_some_and(|f| f != instr.n as u16) {
                    return Err(format!("{} fields for a variant that has {}", instr.n, fields.unwrap_or(0)));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The largest mode of an opcode whose field `n` is one.
fn max_mode(op: Op) -> u8 {
    match op {
        Op::Arith => crate::core::BinaryOp::Shr as u8,
        Op::Unary => crate::core::UnaryOp::BitNot as u8,
        Op::Compare => crate::core::CompareOp::Ge as u8,
        Op::MakeRange => 1,
        Op::IterNext => crate::core::IterKind::Dynamic as u8,
        Op::Send => 2,
        Op::Recv => super::access::RECV_TWO,
        Op::DynArith => crate::dynamic::DynOp::Neg as u8,
        Op::DynCompare => crate::dynamic::DynOp::In as u8,
        Op::JumpDynEq | Op::JumpDynLt | Op::JumpDynLe | Op::JumpTruth | Op::Truth => 1,
        Op::JumpDynEqImm | Op::JumpDynLtImm | Op::JumpDynLeImm | Op::JumpDynGtImm | Op::JumpDynGeImm => 1,
        _ => u8::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::tests::sample;
    use proptest::prelude::*;

    #[test]
    fn operands_outside_of_the_frame_are_found() {
        let good = sample();
        assert_eq!(verify(&good), Ok(()));
        let with = |change: &dyn Fn(&mut Code)| {
            let mut code = good.clone();
            change(&mut code);
            verify(&code).map_err(|e| e.to_string())
        };
        let call = good.instrs.iter().position(|i| i.op == Op::Call).expect("a call");
        let registers = good.functions[0].registers;
        assert!(with(&|c| c.instrs[call].a = registers * 2).is_err());
        assert!(with(&|c| c.instrs[call].a = registers * 2 - 2).is_err(), "the arguments are past the end");
        assert!(with(&|c| c.instrs[call].a += 1).is_err(), "odd");
        assert!(with(&|c| c.instrs[call].n = 2).is_err(), "the callee takes one");
        assert!(with(&|c| c.instrs[call].c = 7).is_err(), "no such function");
        assert!(with(&|c| c.functions[0].end -= 1).is_err());
        assert!(with(&|c| c.functions[0].registers = 1).is_err());
        assert!(with(&|c| c.instrs[0].c = 0x4000).is_err(), "the jump leaves the function");
        assert!(with(&|c| c.main = 9).is_err());
        let last = good.instrs.len() - 1;
        assert!(with(&|c| c.instrs[last] = Instr::new(Op::Move, 0, 0, 0, 0)).is_err(), "runs off the end");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        /// Whatever the code, the verifier answers; and what it lets pass stays inside frame and function.
        #[test]
        fn corrupted_code_is_refused_or_harmless(at in any::<prop::sample::Index>(), byte in 0usize..8, value in any::<u8>()) {
            let mut code = sample();
            let index = at.index(code.instrs.len());
            let i = &mut code.instrs[index];
            match byte {
                0 => i.op = Op::from_byte(value % Op::ALL.len() as u8).unwrap_or(Op::Trap),
                1 => i.n = value,
                2 | 3 => i.a = (i.a & !(0xFF << (8 * (byte - 2)))) | (value as u16) << (8 * (byte - 2)),
                4 | 5 => i.b = (i.b & !(0xFF << (8 * (byte - 4)))) | (value as u16) << (8 * (byte - 4)),
                _ => i.c = (i.c & !(0xFF << (8 * (byte - 6)))) | (value as u16) << (8 * (byte - 6)),
            }
            if verify(&code).is_ok() {
                let function = &code.functions[code.function_at(index as u32).expect("in a function") as usize];
                let live = crate::bytecode::liveness::Liveness::new(&code);
                for register in live.live_before(&code, index as u32).iter() {
                    prop_assert!(register < function.registers);
                }
                crate::bytecode::disasm::program(&code);
            }
        }
    }
}
