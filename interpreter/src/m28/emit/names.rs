//! Reading and setting variables: one place where it is known which is meant, a choice at run time where it is not.

use super::super::build::PRELUDE;
use super::super::form::Name;
use super::super::tree::*;
use super::body::Body;
use super::make;
use crate::core::{Expr, ExprKind, Stmt};
use crate::source::Span;
use crate::types::Types;

impl<'t> Body<'_, 't> {
    /// The value of a name.
    pub fn read_name(&mut self, id: UseId) -> Expr {
        let entry = self.tree().use_of(id);
        let (name, span) = (&entry.name, entry.span);
        let Some((&last, others)) = entry.candidates.split_last() else {
            return match self.static_value(name, span) {
                Some(value) => value,
                None => self.not_defined(name, span),
            };
        };
        if self.tree().frame(self.tree().var(last).frame).module == PRELUDE
            && let Some(definition) = self.emit.definition(last)
            && let Some(function) = self.emit.function_of(definition)
        {
            // The prelude's own names need no setting.
            return make::dynamic(ExprKind::Function(function), span);
        }
        let place = self.place(last, span);
        let mut value = if entry.definite {
            make::read(place)
        } else if let Some(other) = self.static_value(name, span) {
            make::if_else(make::is_set(place.clone()), make::read(place), other, span)
        } else {
            make::dynamic(ExprKind::Bound(Box::new(make::read(place)), name.to_string()), span)
        };
        for &var in others.iter().rev() {
            let place = self.place(var, span);
            value = make::if_else(make::is_set(place.clone()), make::read(place), value, span);
        }
        value
    }

    /// Fails: there is no such variable.
    fn not_defined(&mut self, name: &Name, span: Span) -> Expr {
        let unset = make::dynamic(ExprKind::Unset, span);
        make::dynamic(ExprKind::Bound(Box::new(unset), name.to_string()), span)
    }

    /// Sets what a name means to a value. The result has no value.
    pub fn set_name(&mut self, id: UseId, value: Expr, span: Span) -> Expr {
        let entry = self.tree().use_of(id);
        let candidates = &entry.candidates[..];
        // Where nothing is set, `=` makes a variable, which is the first candidate then.
        match candidates {
            [] => {
                let failed = self.not_defined(&entry.name, entry.span);
                make::effects(vec![Stmt::Expr(value), Stmt::Expr(failed)], span)
            }
            &[only] if entry.how != How::Set || entry.definite => self.set_var(only, value, span),
            _ => {
                let kept = self.temporary(Types::DYNAMIC, span);
                let read = || make::read(make::local(kept, span));
                let keep = make::let_local(kept, value, span);
                let (&last, others) = match candidates.split_last() {
                    Some(parts) => parts,
                    None => return make::none(span),
                };
                let mut set = match entry.creates {
                    Some(own) if !entry.definite => {
                        let place = self.place(last, span);
                        let other = self.set_var(last, read(), span);
                        if own == last {
                            other
                        } else {
                            let own = self.set_var(own, read(), span);
                            unit_if(make::is_set(place), other, own, span)
                        }
                    }
                    _ if entry.definite || entry.how != How::Set => self.set_var(last, read(), span),
                    _ => {
                        let place = self.place(last, span);
                        let other = self.set_var(last, read(), span);
                        let failed = self.not_defined(&entry.name, entry.span);
                        unit_if(make::is_set(place), other, failed, span)
                    }
                };
                for &var in others.iter().rev() {
                    let place = self.place(var, span);
                    let this = self.set_var(var, read(), span);
                    set = unit_if(make::is_set(place), this, set, span);
                }
                make::effects(vec![keep, Stmt::Expr(set)], span)
            }
        }
    }

    /// Sets a variable; that of a loop's turn also sets the one that stays after the loop.
    pub fn set_var(&mut self, var: VarId, value: Expr, span: Span) -> Expr {
        let place = self.place(var, span);
        let set = make::expr(ExprKind::Assign(place.clone(), Box::new(value)), Types::UNIT, span);
        // What a closure changes is copied when its turn ends: later it is its own.
        let here = self.tree().var(var).frame == self.frame;
        match self.kept_after(var).filter(|_| here) {
            Some(outer) => {
                let copy = self.set_var(outer, make::read(place), span);
                make::effects(vec![Stmt::Expr(set), Stmt::Expr(copy)], span)
            }
            None => set,
        }
    }

    /// The variable around a loop that keeps the last value of the loop's own, if anybody asks for it.
    pub fn kept_after(&self, var: VarId) -> Option<VarId> {
        let outer = self.tree().var(var).outer?;
        let module = self.tree().frame(self.tree().var(outer).frame).module;
        let asked = self.tree().var(outer).read || module != super::MAIN && self.emit.is_global(outer);
        asked.then_some(outer)
    }

    /// The first variable that a value is stored in.
    fn first_name(&self, target: &Target) -> Option<Name> {
        match target {
            Target::Name(id) => Some(self.tree().use_of(*id).name.clone()),
            Target::Unpack(parts, _) => parts.first().and_then(|part| self.first_name(part)),
            _ => None,
        }
    }

    /// Stores a value and gives it back.
    pub fn store(&mut self, target: &'t Target, value: &'t Node, wanted: bool, span: Span) -> Expr {
        self.naming = self.first_name(target);
        let stored = self.store_named(target, value, wanted, span);
        self.naming = None;
        stored
    }

    fn store_named(&mut self, target: &'t Target, value: &'t Node, wanted: bool, span: Span) -> Expr {
        match target {
            Target::Name(id) if !wanted => {
                let value = self.value(value);
                self.set_name(*id, value, span)
            }
            Target::Index(container, index) => {
                let container = Box::new(self.value(container));
                let index = Box::new(self.value(index));
                let value = Box::new(self.value(value));
                make::dynamic(ExprKind::SetIndex(container, index, value), span)
            }
            Target::Attr(object, name) if !wanted && self.module_of(object).is_some() => {
                let value = self.value(value);
                self.set_module_name(object, name, value, span)
            }
            Target::Attr(object, name) if self.module_of(object).is_none() => {
                let object = Box::new(self.value(object));
                let value = Box::new(self.value(value));
                make::dynamic(ExprKind::SetAttr(object, name.to_string(), value), span)
            }
            // Straight from where the values come: what is received from a channel need not become a tuple.
            Target::Unpack(parts, at) if !wanted => {
                let value = self.value(value);
                let mut stmts = Vec::new();
                for (target, part) in parts.iter().zip(self.unpack(value, parts.len(), *at, &mut stmts)) {
                    self.store_to(target, part, *at, &mut stmts);
                }
                make::effects(stmts, span)
            }
            Target::Name(_) | Target::Unpack(..) | Target::Attr(..) => {
                let value = self.value(value);
                let kept = self.temporary(Types::DYNAMIC, span);
                let mut stmts = vec![make::let_local(kept, value, span)];
                self.store_to(target, kept, span, &mut stmts);
                if wanted {
                    make::block(stmts, make::read(make::local(kept, span)), span)
                } else {
                    make::effects(stmts, span)
                }
            }
            Target::Error => make::expr(ExprKind::Error, Types::DYNAMIC, span),
        }
    }

    /// Sets a variable of another file.
    fn set_module_name(&mut self, module: &Node, name: &Name, value: Expr, span: Span) -> Expr {
        let var = self.module_of(module).and_then(|module| self.module_var(module, name, span));
        match var {
            Some(var) => self.set_var(var, value, span),
            None => make::expr(ExprKind::Error, Types::ERROR, span),
        }
    }

    /// Stores what stands in a local.
    fn store_to(&mut self, target: &'t Target, from: crate::core::LocalId, span: Span, stmts: &mut Vec<Stmt>) {
        let read = make::read(make::local(from, span));
        match target {
            Target::Name(id) => stmts.push(Stmt::Expr(self.set_name(*id, read, span))),
            Target::Index(container, index) => {
                let container = Box::new(self.value(container));
                let index = Box::new(self.value(index));
                stmts.push(Stmt::Expr(make::dynamic(ExprKind::SetIndex(container, index, Box::new(read)), span)));
            }
            Target::Attr(object, name) if self.module_of(object).is_some() => {
                let set = self.set_module_name(object, name, read, span);
                stmts.push(Stmt::Expr(set));
            }
            Target::Attr(object, name) => {
                let object = Box::new(self.value(object));
                stmts
                    .push(Stmt::Expr(make::dynamic(ExprKind::SetAttr(object, name.to_string(), Box::new(read)), span)));
            }
            Target::Unpack(parts, at) => {
                for (target, part) in parts.iter().zip(self.unpack(read, parts.len(), *at, stmts)) {
                    self.store_to(target, part, *at, stmts);
                }
            }
            Target::Error => {}
        }
    }
}

/// A choice between two effects.
pub fn unit_if(condition: Expr, then: Expr, otherwise: Expr, span: Span) -> Expr {
    make::expr(ExprKind::If(Box::new(condition), Box::new(then), Some(Box::new(otherwise))), Types::UNIT, span)
}
