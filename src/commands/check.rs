//! `vex check`: everything that is wrong with source files, or what they are compiled to. Runs nothing.

use crate::cli::{CheckArgs, Emit};
use crate::{exit, load};
use interpreter::bytecode::disasm;
use interpreter::pipeline::{self, Kind};
use std::io::Write;

/// Checks the files and gives the exit code.
///
/// # Errors
/// When a file cannot be read, or standard output not written.
pub fn run(args: &CheckArgs) -> anyhow::Result<i32> {
    let mut code = exit::SUCCESS;
    let mut documents = Vec::new();
    let mut out = std::io::stdout().lock();
    for file in &args.files {
        // A file that cannot be looked at does not keep the others from being checked; the worst code counts.
        let language = match load::language(file, args.common.lang) {
            Ok(language) => language,
            Err(message) => {
                load::say(&format!("vex: {message}\n"));
                code = code.max(exit::USAGE);
                continue;
            }
        };
        let compiled = match pipeline::compile_as(file, language, Kind::Library) {
            Ok(compiled) => compiled,
            Err(error) => {
                load::say(&format!("vex: {error}\n"));
                code = code.max(exit::INPUT);
                continue;
            }
        };
        if compiled.diagnostics.has_errors() {
            code = code.max(exit::SOURCE);
        }
        if args.common.json {
            documents.extend(compiled.records());
        } else {
            let text = compiled.render(load::color(args.common.color, &std::io::stderr()));
            std::io::stderr().write_all(text.as_bytes())?;
        }
        if let (Some(Emit::Bytecode), Some(program)) = (args.emit, &compiled.code) {
            out.write_all(disasm::program(program).as_bytes())?;
        }
    }
    if args.common.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&documents)?)?;
    }
    out.flush()?;
    Ok(code)
}
