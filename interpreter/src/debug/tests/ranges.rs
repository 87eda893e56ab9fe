//! The ranges during which locals have their registers are right at every instruction.

use super::stand::{Stand, programs};
use crate::bytecode::access::{accesses, jump_target};
use crate::bytecode::ops::Flow;
use crate::bytecode::program::FunctionCode;
use crate::bytecode::{Code, Op};
use crate::debug::frames;
use crate::debug::values::locals::local_value;
use crate::value::Tag;
use crate::vm::heap::Kind;

/// For each instruction of a function the registers that are written on every way there; `None` where no way leads there.
fn assigned(code: &Code, function: &FunctionCode) -> Vec<Option<Vec<bool>>> {
    let count = (function.end - function.start) as usize;
    let mut before: Vec<Option<Vec<bool>>> = vec![None; count];
    let mut entry = vec![false; function.registers as usize];
    entry[..(function.captures + function.params) as usize].fill(true);
    let mut pending = vec![(0usize, entry)];
    while let Some((at, state)) = pending.pop() {
        let merged: Vec<bool> = match &before[at] {
            Some(known) => known.iter().zip(&state).map(|(a, b)| *a && *b).collect(),
            None => state,
        };
        if before[at].as_ref() == Some(&merged) {
            continue;
        }
        before[at] = Some(merged.clone());
        let pc = function.start + at as u32;
        let instr = code.instrs[pc as usize];
        let mut after = merged.clone();
        accesses(instr, &code.selects, &mut |access| {
            if access.written {
                let first = access.first.0 as usize;
                after[first..first + access.count as usize].fill(true);
            }
        });
        let on_jump = if matches!(instr.op, Op::RecvOrJump | Op::IterNext) { &merged } else { &after };
        if let Some(target) = jump_target(pc, instr) {
            pending.push((target as usize - function.start as usize, on_jump.clone()));
        }
        match instr.op.flow() {
            Flow::Next | Flow::Branch => pending.push((at + 1, after)),
            Flow::Table => {
                for &target in &code.tables[instr.c as usize] {
                    pending.push(((target - function.start) as usize, after.clone()));
                }
            }
            Flow::Jump | Flow::End => {}
        }
    }
    before
}

#[test]
fn a_local_is_shown_only_where_its_register_has_its_value() {
    let mut checked = 0;
    for (path, code) in programs() {
        for function in &code.functions {
            let assigned = assigned(&code, function);
            for local in &function.locals {
                for pc in local.from..local.to {
                    let Some(state) = &assigned[(pc - function.start) as usize] else { continue };
                    assert!(
                        state[local.register.0 as usize],
                        "{}: `{}` of `{}` is shown at {pc}, where r{} is not set",
                        path.display(),
                        local.name,
                        function.name,
                        local.register.0
                    );
                    checked += 1;
                }
                // What is not assigned again keeps its register to itself.
                let first = code.instrs[local.from.saturating_sub(1) as usize].op;
                if local.mutable || local.cell || first == Op::Clear {
                    continue;
                }
                for pc in local.from..local.to.saturating_sub(1) {
                    let instr = code.instrs[pc as usize];
                    accesses(instr, &code.selects, &mut |access| {
                        let registers = access.first.0..access.first.0 + access.count;
                        let fine = matches!(instr.op, Op::Clear | Op::Release | Op::NewCell);
                        assert!(
                            fine || !access.written || !registers.contains(&local.register.0),
                            "{}: r{} of `{}` in `{}` is written by {} at {pc}",
                            path.display(),
                            local.register.0,
                            local.name,
                            function.name,
                            instr.op.name()
                        );
                    });
                }
            }
        }
    }
    assert!(checked > 10_000, "only {checked} places");
}

/// Whether a value can be of a type, as far as both say it plainly.
fn fits(ty: &str, tag: Tag) -> bool {
    let indirect = matches!(
        tag,
        Tag::NoValue
            | Tag::Box
            | Tag::Cell
            | Tag::FieldRef
            | Tag::IndexRef
            | Tag::MutexGuard
            | Tag::ReadGuard
            | Tag::WriteGuard
    );
    if indirect {
        return true;
    }
    match ty {
        "bool" => tag == Tag::Bool,
        "char" => tag == Tag::Char,
        "f64" => tag == Tag::F64,
        "f32" => tag == Tag::F32,
        "string" | "str" => tag == Tag::String,
        "Duration" => tag == Tag::Duration,
        "WaitGroup" => tag == Tag::WaitGroup,
        _ if ty.starts_with("Channel<") => tag == Tag::Channel,
        _ if ty.starts_with("Mutex<") => tag == Tag::Mutex,
        _ if ty.starts_with("Map<") => tag == Tag::Map,
        _ if ty.starts_with("Option<") || ty.starts_with("Result<") => matches!(tag, Tag::Variant | Tag::Variant0),
        _ if ty.starts_with('[') => tag == Tag::List,
        _ => match tag.int_kind() {
            Some(kind) => ty == kind.name() || !crate::types::IntKind::ALL.iter().any(|kind| kind.name() == ty),
            None => !crate::types::IntKind::ALL.iter().any(|kind| kind.name() == ty),
        },
    }
}

#[test]
fn at_every_step_locals_hold_values_of_their_types() {
    assert!(look_at_every_step(4_000, false) > 100_000);
}

#[test]
fn nor_do_they_hold_what_got_the_slot_of_something_collected() {
    assert!(look_at_every_step(1_000, true) > 30_000);
}

/// Steps through the programs, where `stress` says so with a collection at every safepoint; gives the number of values seen.
fn look_at_every_step(steps: u64, stress: bool) -> usize {
    let mut seen = 0;
    for (path, code) in programs() {
        let mut stand = Stand::of(&code);
        if stress {
            stand.machine.heap.stress();
        }
        for _ in 0..steps {
            stand.steps(1);
            if stand.ended {
                break;
            }
            if !stand.machine.stepper.is_midway() {
                continue;
            }
            let (view, slot) = (stand.view(), stand.slot());
            let body = &view.sched.task(slot).body;
            for frame in frames::all(view.code, body).take(3) {
                for local in frames::locals(view.code, &frame) {
                    let value = local_value(&view, slot, &local);
                    if let Some(kind) = Kind::of(value.kind()) {
                        let there = match kind {
                            Kind::Wide => view.heap.wides.is_taken(value.slot()),
                            Kind::String => view.heap.strings.is_taken(value.slot()),
                            Kind::List => view.heap.lists.is_taken(value.slot()),
                            Kind::Table => view.heap.tables.is_taken(value.slot()),
                            Kind::Record => view.heap.records.is_taken(value.slot()),
                            Kind::Cell => view.heap.cells.is_taken(value.slot()),
                            Kind::Ref => view.heap.refs.is_taken(value.slot()),
                        };
                        assert!(there, "{}: `{}` leads nowhere", path.display(), local.code.name);
                    }
                    assert!(
                        fits(&local.code.ty, value.kind()),
                        "{}:{}: `{}: {}` holds {value:?} in r{} at {}",
                        path.display(),
                        view.program.locate(tracer::event::Site(frame.pc)),
                        local.code.name,
                        local.code.ty,
                        local.code.register.0,
                        frame.pc,
                    );
                    seen += 1;
                }
            }
        }
    }
    seen
}
