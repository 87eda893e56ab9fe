//! Before which form of a file's top level a function cannot run: the first that mentions its name, directly or through the bodies of
//! functions that it mentions.

use super::form::Name;
use super::tree::*;
use rustc_hash::FxHashMap;

/// For each file, the first form of its top level that mentions a name.
pub struct Mentions {
    first: Vec<Option<FxHashMap<Name, u32>>>,
}

impl Mentions {
    pub fn new(tree: &Tree) -> Self {
        let known = (0..tree.modules.len()).map(|module| {
            let module = ModuleId(module as u32);
            from_here(tree, module).then(|| first_mentions(tree.module(module)))
        });
        Mentions { first: known.collect() }
    }

    /// The form before which a function of the file does not run; 0 where nothing is known.
    pub fn first(&self, module: ModuleId, name: Option<&Name>) -> u32 {
        let known = self.first.get(module.0 as usize).and_then(Option::as_ref);
        match (known, name) {
            (Some(first), Some(name)) => first.get(name).copied().unwrap_or(0),
            _ => 0,
        }
    }
}

/// Whether other files use this one only after the whole of its top level has run: nothing imports it that it needs itself, and an import
/// that fails ends the program.
pub fn from_here(tree: &Tree, module: ModuleId) -> bool {
    let mut seen = vec![false; tree.modules.len()];
    let mut next: Vec<ModuleId> = tree.module(module).imports.iter().map(|(module, _)| *module).collect();
    while let Some(at) = next.pop() {
        if at == module {
            return false;
        }
        if !std::mem::replace(&mut seen[at.0 as usize], true) {
            next.extend(tree.module(at).imports.iter().map(|(module, _)| *module));
        }
    }
    tree.modules.iter().flat_map(|other| &other.imports).all(|(imported, top)| *imported != module || *top)
}

fn first_mentions(module: &Module) -> FxHashMap<Name, u32> {
    let mut first: FxHashMap<Name, u32> = FxHashMap::default();
    let mut next: Vec<&Name> = Vec::new();
    for (index, names) in module.mentions.iter().enumerate() {
        next.extend(names);
        while let Some(name) = next.pop() {
            if !first.contains_key(name) {
                first.insert(name.clone(), index as u32);
                next.extend(module.bodies.get(name).into_iter().flatten());
            }
        }
    }
    first
}
