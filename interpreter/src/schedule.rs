//! What a schedule needs to know of a compiled program: whether it is the same one, and names of functions that survive edits.

use crate::bytecode::Code;
use rustc_hash::FxHashMap;
use scheduler::schedule::{Name, Names, ProgramStamp};
use std::fmt::{self, Write};

/// Which program this is: its first file, and a hash of what it is compiled to. Comments, blank lines and the file's name make no
/// difference to the hash; anything that could make a run another one does. The same on every machine and in every build.
pub fn stamp(code: &Code) -> ProgramStamp {
    let path = code.sources.files().first().map(|file| file.path.clone()).unwrap_or_default();
    ProgramStamp { path, hash: hash(code) }
}

fn hash(code: &Code) -> u64 {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    for i in &code.instrs {
        hash.bytes(&[i.op as u8, i.n]);
        for operand in [i.a, i.b, i.c] {
            hash.bytes(&operand.to_le_bytes());
        }
    }
    for f in &code.functions {
        let cleanups = f.cleanups.iter().map(|cleanup| (cleanup.from, cleanup.to, cleanup.target));
        let cleanups: Vec<_> = cleanups.collect();
        hash.debug(&(&f.name, f.start, f.end, f.captures, f.params, f.registers, cleanups));
    }
    hash.debug(&(&code.constants, &code.selects, &code.tables, &code.variants, &code.type_tests));
    hash.debug(&(
        &code.method_names,
        &code.methods,
        &code.structs,
        &code.enums,
        code.globals.len(),
        code.init,
        code.main,
    ));
    hash.0
}

/// FNV-1a, 64 bits.
struct Fnv(u64);

impl Fnv {
    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn debug(&mut self, value: &impl fmt::Debug) {
        // Writing to a hash cannot fail.
        let _ = write!(self, "{value:?};");
    }
}

impl Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

/// Names of the functions for paths of tasks, by number. Closures and `go` blocks of one function share a name; they are told
/// apart by their order, not by their lines: `main.go`, `main.go-2`.
pub fn names(code: &Code) -> Names {
    let mut count: FxHashMap<&str, u32> = FxHashMap::default();
    Names::new(code.functions.iter().map(|function| {
        let nth = count.entry(&function.name).or_insert(0);
        *nth += 1;
        match *nth {
            1 => Name::from(function.name.as_str()),
            nth => format!("{}-{nth}", function.name).into(),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::{self, Kind};
    use crate::vex::check::NoFiles;

    fn compile(text: &str) -> Code {
        let compiled = pipeline::compile_text("t.vex", text, Kind::Program, &mut NoFiles);
        let words = compiled.render(false);
        compiled.code.unwrap_or_else(|| panic!("{words}"))
    }

    #[test]
    fn comments_make_no_difference_and_everything_else_does() {
        let plain = stamp(&compile("fn main() { print(1) }")).hash;
        assert_eq!(stamp(&compile("// what it does\n\nfn main() {\n  print(1)\n}\n")).hash, plain);
        for other in
            ["fn main() { print(2) }", "fn main() { print(1); print(1) }", "fn go_on() {}\nfn main() { print(1) }"]
        {
            assert_ne!(stamp(&compile(other)).hash, plain, "{other}");
        }
    }

    #[test]
    fn blocks_of_one_function_have_names_of_their_own() {
        let code = compile("fn main() {\n  go { print(1) }\n  go { print(2) }\n}");
        let names = names(&code);
        let all: Vec<Name> = (0..code.functions.len() as u32).map(|n| names.function(n)).collect();
        assert!(
            all.iter().any(|name| &**name == "main.go") && all.iter().any(|name| &**name == "main.go-2"),
            "{all:?}"
        );
    }
}
