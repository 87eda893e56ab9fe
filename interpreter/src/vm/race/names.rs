//! What a place in memory is called in the program: `variable total`, `list results[3]`, `map counts`, `field p.x`.
//!
//! A heap object has no name. What the accessing instruction's register holds has one: it is the register of a named variable, or was
//! loaded from one a few instructions before. Only asked for a race that is reported.

use crate::bytecode::instr::Reg;
use crate::bytecode::{Code, Instr, Op};
use crate::value::{Tag, Value};
use crate::vm::heap::Heap;
use tracer::event::Site;
use tracer::race::location::{Location, Space};

/// Steps back through moves and loads.
const DEPTH: usize = 12;

/// The place in words, by the sites of its two accesses.
pub(super) fn place(code: &Code, heap: &Heap, location: Location, sites: [Site; 2]) -> String {
    if location.space == Space::Global {
        let name = code.globals.get(location.slot as usize).map_or("?", |global| global.name.as_str());
        return format!("variable {name}");
    }
    let name = sites.iter().find_map(|site| object(code, site.0));
    let word = match location.space {
        Space::Map if code.dynamic.is_some() => "dict",
        space => space.word(),
    };
    match (location.space, name) {
        (Space::Record, name) => {
            let field = field(code, heap, location);
            match name {
                Some(name) => format!("field {name}.{field}"),
                None => format!("field {field}"),
            }
        }
        (Space::List, Some(name)) if !location.is_shape() => format!("list {name}[{}]", location.part),
        (Space::List, None) if !location.is_shape() => format!("element {} of a list", location.part),
        (_, Some(name)) => format!("{word} {name}"),
        (_, None) => format!("a {word}"),
    }
}

/// The name of a field; its number in a tuple.
fn field(code: &Code, heap: &Heap, location: Location) -> String {
    let record = Value::handle(Tag::Struct, location.slot);
    let kind = heap.with_record(record, |record| record.ty).unwrap_or(u32::MAX);
    let fields = code.structs.get(kind as usize).map(|info| info.fields.as_slice()).unwrap_or_default();
    fields.get(location.part as usize).cloned().unwrap_or_else(|| location.part.to_string())
}

/// The name of the object that the instruction at a site is about.
fn object(code: &Code, pc: u32) -> Option<String> {
    let i = code.instrs.get(pc as usize)?;
    let operand = match i.op {
        Op::StoreCell
        | Op::SetField
        | Op::SetIndex
        | Op::DerefStore
        | Op::DerefAddImm
        | Op::DynSetIndex
        | Op::SetAttr
        | Op::AppendList => i.a,
        Op::Call | Op::CallMethod | Op::CallValue | Op::CallAttr => i.a + 2,
        _ => i.b,
    };
    register(code, pc, Reg::from_operand(operand), DEPTH)
}

/// The name of what a register holds before an instruction.
fn register(code: &Code, pc: u32, wanted: Reg, depth: usize) -> Option<String> {
    let function = code.functions.get(code.function_at(pc)? as usize)?;
    let live = |at: u32| {
        let in_scope = |local: &&crate::bytecode::program::LocalCode| {
            local.register == wanted && local.from <= at && at < local.to
        };
        function.locals.iter().find(in_scope)
    };
    if let Some(local) = live(pc) {
        return Some(local.name.clone());
    }
    let depth = depth.checked_sub(1)?;
    let before = (function.start..pc).rev();
    let (at, made) = before.map(|at| (at, code.instrs[at as usize])).find(|(_, i)| writes(*i, wanted))?;
    match made.op {
        Op::LoadGlobal => Some(code.globals.get(made.wide_index() as usize)?.name.clone()),
        Op::Move | Op::LoadCell | Op::Deref => register(code, at, Reg::from_operand(made.b), depth),
        Op::GetField | Op::RefField | Op::Attr => register(code, at, Reg::from_operand(made.b), depth),
        Op::GetIndex | Op::RefIndex | Op::DynIndex => {
            register(code, at, Reg::from_operand(made.b), depth).map(|name| format!("{name}[…]"))
        }
        _ => None,
    }
}

/// Whether an instruction writes a register.
fn writes(i: Instr, wanted: Reg) -> bool {
    use crate::bytecode::ops::Operand;
    let [_, a, b, c] = i.op.operands();
    let fields = [(a, i.a), (b, i.b), (c, i.c)];
    fields.iter().any(|&(operand, register)| {
        matches!(operand, Operand::Write | Operand::Update | Operand::Frame) && Reg::from_operand(register) == wanted
    })
}
