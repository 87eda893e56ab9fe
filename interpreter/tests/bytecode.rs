//! The disassembly of each program in `tests/bytecode`, compared with the `.golden` file beside it.
//!
//! `UPDATE=1 cargo test -p interpreter --test bytecode` writes the files anew; the difference is then for a reader to judge.

use interpreter::bytecode::{disasm, verify};
use interpreter::diagnostics::Diagnostics;
use interpreter::lower;
use interpreter::source::SourceMap;
use interpreter::vex::ast::NodeIds;
use interpreter::vex::check::{NoFiles, check};
use interpreter::vex::parser;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn programs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests").join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "vex"))
        .collect();
    paths.sort();
    paths
}

/// The disassembly of a program, or what is wrong with it.
fn disassembly(name: &str, text: &str) -> Result<String, String> {
    let mut sources = SourceMap::default();
    let file = sources.add(name, text);
    let (mut ids, mut sink) = (NodeIds::default(), Diagnostics::default());
    let module = parser::parse(text, file, &mut ids, &mut sink);
    let program = check(&mut sources, file, module, &mut ids, &mut sink, &mut NoFiles);
    let messages = |list: &[interpreter::diagnostics::Diagnostic]| {
        list.iter().fold(String::new(), |mut out, d| {
            let _ = writeln!(out, "{} {}: {}", d.code.id(), sources.locate(d.primary), d.message);
            out
        })
    };
    let program = program.ok_or_else(|| messages(sink.list()))?;
    let code = lower::compile(&program).map_err(|errors| messages(&errors))?;
    verify::verify(&code).map_err(|error| error.to_string())?;
    let mut out = disasm::program(&code);
    for (site, name) in &code.object_names {
        let _ = writeln!(out, "object {site}: {name}");
    }
    Ok(out)
}

#[test]
fn disassembly_is_as_recorded() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for path in programs("bytecode") {
        let text = std::fs::read_to_string(&path).expect("readable");
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = disassembly(&name, &text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let golden = path.with_extension("golden");
        if update {
            std::fs::write(&golden, &found).expect("writable");
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != found {
            wrong.push(format!("{name} gives now:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "UPDATE=1 writes the files anew\n{}", wrong.join("\n"));
}
