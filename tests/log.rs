//! `VEX_LOG`: what vex says of itself, where, and that nothing changes without it or because of it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

const DEADLOCK: &str = "fn main() {\n    let jobs: Channel<i64> = Channel(0)\n    let v = <-jobs\n    println(v)\n}\n";

/// Runs the binary on a program in a scratch folder, with these variables.
fn vex(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    std::fs::write(folder.join("p.vex"), DEADLOCK).expect("a scratch file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_vex"));
    command.current_dir(folder).args(args).stdin(Stdio::null()).env_remove("VEX_LOG").env_remove("VEX_LOG_FILE");
    command.envs(variables.iter().copied()).output().expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_log_goes_to_standard_error_and_changes_nothing_else() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let args = ["trace", "p.vex", "--seed", "3", "--headless", "--dump"];
    let quiet = vex(folder.path(), &args, &[]);
    let empty = vex(folder.path(), &args, &[("VEX_LOG", "")]);
    let logged = vex(folder.path(), &args, &[("VEX_LOG", "debug")]);
    assert_eq!(quiet.status.code(), Some(102));
    assert_eq!((quiet.status, &quiet.stdout, &quiet.stderr), (empty.status, &empty.stdout, &empty.stderr));
    assert_eq!((quiet.status, &quiet.stdout), (logged.status, &logged.stdout));
    let (said, log) = (text(&quiet.stderr), text(&logged.stderr));
    assert!(!said.contains("INFO") && !said.contains("DEBUG"), "{said}");
    for expected in ["begin", "parse{path=\"p.vex\"", "time.busy", "run{seed=3", "verdict=\"deadlock\"", "end code=102"]
    {
        assert!(log.contains(expected), "no {expected} in\n{log}");
    }
    // The report stands whole between the lines of the log.
    assert!(said.lines().all(|line| log.lines().any(|logged| logged == line)), "{log}");
}

#[test]
fn the_filter_chooses_by_target_and_level() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let log = text(&vex(folder.path(), &["check", "p.vex"], &[("VEX_LOG", "interpreter=debug")]).stderr);
    assert!(log.contains("interpreter::pipeline") && !log.contains("vex::"), "{log}");
    let log = text(&vex(folder.path(), &["check", "p.vex"], &[("VEX_LOG", "error")]).stderr);
    assert_eq!(log, "");
}

#[test]
fn the_log_goes_to_a_file_that_is_named_at_the_end() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let variables = [("VEX_LOG", "info"), ("VEX_LOG_FILE", "logs/vex.log")];
    let said = text(&vex(folder.path(), &["check", "p.vex"], &variables).stderr);
    assert!(said.ends_with("vex: the log is in logs/vex.log\n") && !said.contains("INFO"), "{said}");
    let log = std::fs::read_to_string(folder.path().join("logs/vex.log")).expect("the log");
    assert!(log.contains("INFO vex: begin") && log.contains("end code=0"), "{log}");
}

#[test]
fn a_filter_or_file_that_cannot_be_used_is_a_wrong_command_line() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let wrong = vex(folder.path(), &["check", "p.vex"], &[("VEX_LOG", "vex=loud")]);
    let said = text(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said.starts_with("vex: VEX_LOG=vex=loud: ") && said.contains("write a level"), "{said}");
    let variables = [("VEX_LOG", "info"), ("VEX_LOG_FILE", ".")];
    let wrong = vex(folder.path(), &["check", "p.vex"], &variables);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).starts_with("vex: cannot log to .: "), "{}", text(&wrong.stderr));
}
