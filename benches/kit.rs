//! `cargo bench --bench kit [-- FILTER]` is `vex bench --kit [--filter FILTER]`, built for measuring.

use std::process::Command;

fn main() {
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    command.args(["bench", "--kit"]);
    if let Some(filter) = filter {
        command.args(["--filter", &filter]);
    }
    let status = command.status().expect("vex can be started");
    std::process::exit(status.code().unwrap_or(1));
}
