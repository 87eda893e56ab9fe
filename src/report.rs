//! What vex says about a run: findings on standard error, or one JSON document on standard output.

use crate::cli::{Bounds, Execution, Leaks, OnExit, Policy, Races};
use crate::exit;
use interpreter::vm::run::RunReport;
use interpreter::vm::sharing::Warned;
use scheduler::schedule::Schedule;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;
use tracer::event::Site;
use tracer::finding::{Finding, Verdict};
use tracer::program::ProgramInfo;
use tracer::report::Report;

/// The exit code of a run.
pub fn exit_code(report: &RunReport, policy: Policy) -> i32 {
    match exit::of_verdict(verdict(report, policy), policy) {
        Some(code) => code,
        // A race that is only warned of does not hide a leak that is not.
        None if policy.leaks == Leaks::Deny && found(report, Verdict::Leak) => exit::LEAK,
        None => report.exit_code,
    }
}

/// The verdict on a run. A race is more than that the time was up, where it is denied.
pub fn verdict(report: &RunReport, policy: Policy) -> Verdict {
    let denied = policy.races == Races::Deny && found(report, Verdict::Race);
    if denied && report.verdict == Verdict::TimeLimit { Verdict::Race } else { report.verdict }
}

fn found(report: &RunReport, verdict: Verdict) -> bool {
    report.findings.iter().any(|finding| finding.verdict == verdict)
}

/// The findings that `--leaks` lets through.
pub fn shown(findings: &[Finding], policy: Policy) -> Vec<Finding> {
    findings.iter().filter(|f| f.verdict != Verdict::Leak || policy.leaks != Leaks::Ignore).cloned().collect()
}

/// The findings as text for standard error; a time limit is said too.
pub fn text(program: &ProgramInfo, report: &RunReport, policy: Policy) -> String {
    let findings = shown(&report.findings, policy);
    let words = Report::new(program, &findings);
    let mut out: Vec<String> = findings.iter().map(|finding| words.text(finding)).collect();
    for warned in &report.warnings {
        let place = program.locate(Site(warned.site));
        let times = if warned.count == 1 { String::new() } else { format!(" ({} times)", warned.count) };
        out.push(format!("warning: {place} {}{times}\n", warned.warning.sentence()));
    }
    if report.verdict == Verdict::TimeLimit {
        out.push(format!(
            "time limit reached: {} was stopped\n",
            program.files.first().map_or("the program", |f| &f.path)
        ));
    }
    out.join("\n")
}

/// The command that does a run of the deterministic runtime again; `None` where nothing can promise that: without a seed, and in
/// real time.
pub fn replay(file: &Path, args: &[String], execution: &Execution) -> Option<String> {
    let seed = execution.seed.filter(|_| !execution.real_time)?;
    let schedule = Schedule::of_seed(seed).to_inline()?;
    Some(replay_of(file, args, &schedule, &execution.bounds))
}

/// The command that does a schedule, as an inline string or a file, again.
pub fn replay_of(file: &Path, args: &[String], schedule: &str, bounds: &Bounds) -> String {
    let mut command = format!("vex replay {} --schedule {schedule}", quoted(&file.display().to_string()));
    if bounds.leaks == Leaks::Deny {
        command.push_str(" --leaks deny");
    }
    match bounds.races {
        Races::Off => {}
        Races::Warn => command.push_str(" --races warn"),
        Races::Deny => command.push_str(" --races deny"),
    }
    if bounds.on_exit == OnExit::Stop {
        command.push_str(" --on-exit stop");
    }
    if !args.is_empty() {
        command.push_str(" --");
    }
    for argument in args {
        command.push(' ');
        command.push_str(&quoted(argument));
    }
    command
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The word of a verdict in JSON.
pub fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Deadlock => "deadlock",
        Verdict::Leak => "leak",
        Verdict::Panic => "panic",
        Verdict::Assert => "assert",
        Verdict::Race => "race",
        Verdict::Livelock => "livelock",
        Verdict::TimeLimit => "time-limit",
    }
}

/// A run as a JSON document: the verdict, vex's exit code, the program's own where it ended by itself, and every finding;
/// `output` is what it wrote to standard output and standard error, where that is not elsewhere.
pub fn json(program: &ProgramInfo, report: &RunReport, policy: Policy, output: Option<(&str, &str)>) -> Value {
    let findings = shown(&report.findings, policy);
    let words = Report::new(program, &findings);
    let bugs: Vec<_> = findings.iter().map(|finding| words.json(finding)).collect();
    let ended = matches!(report.verdict, Verdict::Ok | Verdict::Leak | Verdict::Race);
    let mut document = json!({
        "verdict": verdict_name(verdict(report, policy)),
        "exit_code": exit_code(report, policy),
        "program_exit_code": ended.then_some(report.exit_code),
        "clock": report.clock,
        "findings": bugs,
    });
    if !report.warnings.is_empty() {
        let warning = |warned: &Warned| {
            let (what, at) = (warned.warning.name(), program.locate(Site(warned.site)));
            json!({ "warning": what, "at": at, "count": warned.count, "message": warned.warning.sentence() })
        };
        document["warnings"] = report.warnings.iter().map(warning).collect();
    }
    if let Some((stdout, stderr)) = output {
        document["stdout"] = stdout.into();
        document["stderr"] = stderr.into();
    }
    document
}

/// A source error as a JSON document, with every diagnostic.
///
/// # Errors
/// Never for diagnostics as they are.
pub fn source_error(diagnostics: &[impl Serialize]) -> serde_json::Result<Value> {
    let diagnostics = serde_json::to_value(diagnostics)?;
    Ok(json!({ "verdict": "error", "exit_code": exit::SOURCE, "diagnostics": diagnostics }))
}

/// A file that cannot be looked at as a JSON document.
pub fn refusal(code: i32, message: &str) -> Value {
    json!({ "verdict": "error", "exit_code": code, "message": message, "diagnostics": [] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell_where_they_have_to_be() {
        for plain in ["a.vex", "dir/p-1.vex", "1:seed=7", "größe"] {
            assert_eq!(quoted(plain), plain);
        }
        for (word, expected) in [("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$x;", "'$x;'")] {
            assert_eq!(quoted(word), expected);
        }
    }
}
