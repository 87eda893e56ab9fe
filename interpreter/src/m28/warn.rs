//! Warnings about names: those that nothing binds.

use super::build::PRELUDE;
use super::library;
use super::tree::*;
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::vex::check::suggest;
use rustc_hash::FxHashSet;

/// Warns of names that nothing binds: using one raises a NameError. Declarations without a variable to declare are errors.
pub fn unbound_names(tree: &Tree, sink: &mut Diagnostics) {
    // Names that stand before a dot, for what the library calls `time.sleep`.
    let dotted: FxHashSet<&str> =
        library::all().flat_map(|entry| entry.names).filter_map(|name| Some(name.split_once('.')?.0)).collect();
    for entry in &tree.uses {
        let frame = tree.frame(tree.scope(entry.scope).frame);
        if !entry.candidates.is_empty() || frame.module == PRELUDE || entry.how == How::Define {
            continue;
        }
        // A name that another file wants of this one: that it is missing is an error there.
        if entry.span.file != tree.frame(tree.module(frame.module).frame).span.file {
            continue;
        }
        let name = &*entry.name;
        if entry.how == How::Assign {
            if entry.creates.is_none() {
                let message = format!("no function around binds `{name}`, which is declared `nonlocal`");
                sink.push(Diagnostic::new(Code::UnknownName, entry.span, message));
            }
            continue;
        }
        let prelude = tree.scope(tree.module(PRELUDE).scope).vars.contains_key(name);
        if prelude || library::find(name).is_some() || dotted.contains(name) {
            continue;
        }
        let message = format!("nothing binds `{name}`: this raises a NameError");
        let known = tree.vars.iter().filter(|var| tree.frame(var.frame).module != PRELUDE).map(|var| &*var.name);
        let known = known.chain(library::all().flat_map(|entry| entry.names).copied());
        let known = known.filter(|name| !name.starts_with('%'));
        sink.push(suggest(Diagnostic::new(Code::UnboundName, entry.span, message), name, known));
    }
}
