//! Finds locals by name, through the functions around a closure, and captures them on the way.

use super::state::*;
use crate::core::{Capture, CaptureMode, FunctionKind, Local, LocalId, Place, PlaceBase};
use crate::source::Span;

impl Checker<'_> {
    /// The local of this name that is visible here; captures it if it belongs to a function around.
    pub fn find_local(&mut self, name: &str, span: Span) -> Option<LocalId> {
        let top = self.frames.len().checked_sub(1)?;
        let mut level = top;
        let found = loop {
            let frame = &self.frames[level];
            if let Some(&local) = frame.names.get(name).and_then(|list| list.last()) {
                break local;
            }
            if !matches!(frame.kind, FunctionKind::Closure | FunctionKind::Go) || level == 0 {
                return None;
            }
            level -= 1;
        };
        let mut local = found;
        for inner in level + 1..=top {
            local = self.capture(inner, local, span);
        }
        Some(local)
    }

    /// Whether a local of this name is visible, without capturing it.
    pub fn has_local(&self, name: &str) -> bool {
        for frame in self.frames.iter().rev() {
            if frame.names.get(name).is_some_and(|list| !list.is_empty()) {
                return true;
            }
            if !matches!(frame.kind, FunctionKind::Closure | FunctionKind::Go) {
                return false;
            }
        }
        false
    }

    fn capture(&mut self, level: usize, outer: LocalId, span: Span) -> LocalId {
        if let Some(&local) = self.frames[level].captured.get(&outer) {
            return local;
        }
        let info = &mut self.frames[level - 1].locals[outer.0 as usize];
        info.used += 1;
        let source = info.local.clone();
        let frame = &mut self.frames[level];
        let local = LocalId(frame.locals.len() as u32);
        frame.locals.push(LocalInfo {
            local: Local { cell: false, ..source },
            used: 0,
            changed: false,
            deferred: false,
            warn: false,
            loop_depth: 0,
        });
        // The mode is settled when it is known whether the variable is ever changed (`finish`).
        frame.captures.push(Capture { outer, mode: CaptureMode::Value, span });
        frame.capture_locals.push(local);
        frame.captured.insert(outer, local);
        local
    }

    /// The place of a local of the innermost function.
    pub fn local_place(&mut self, local: LocalId, span: Span) -> Place {
        let info = &mut self.frame().locals[local.0 as usize];
        info.used += 1;
        let ty = info.local.ty;
        Place { base: PlaceBase::Local(local), projections: Vec::new(), ty, span }
    }

    /// Notes that a local is assigned or borrowed mutably; the variable of the function around it too, if it is a
    /// closure's capture.
    pub fn mark_changed(&mut self, local: LocalId) {
        let mut level = self.frames.len();
        let mut local = local;
        while level > 0 {
            level -= 1;
            let frame = &mut self.frames[level];
            frame.locals[local.0 as usize].changed = true;
            let Some(position) = frame.capture_locals.iter().position(|&own| own == local) else { return };
            local = frame.captures[position].outer;
        }
    }
}
