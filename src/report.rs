//! What vex says about a run: findings on standard error, or one JSON document on standard output.

use crate::cli::Leaks;
use crate::exit;
use interpreter::vm::run::RunReport;
use serde_json::{Value, json};
use tracer::finding::{Finding, Verdict};
use tracer::program::ProgramInfo;
use tracer::report::Report;

/// The exit code of a run.
pub fn exit_code(report: &RunReport, leaks: Leaks) -> i32 {
    exit::of_verdict(report.verdict, leaks == Leaks::Deny).unwrap_or(report.exit_code)
}

/// The findings that `--leaks` lets through.
pub fn shown(findings: &[Finding], leaks: Leaks) -> Vec<Finding> {
    findings.iter().filter(|f| f.verdict != Verdict::Leak || leaks != Leaks::Ignore).cloned().collect()
}

/// The findings as text for standard error; a time limit is said too.
pub fn text(program: &ProgramInfo, report: &RunReport, leaks: Leaks) -> String {
    let findings = shown(&report.findings, leaks);
    let words = Report::new(program, &findings);
    let mut out: Vec<String> = findings.iter().map(|finding| words.text(finding)).collect();
    if report.verdict == Verdict::TimeLimit {
        out.push(format!(
            "time limit reached: {} was stopped\n",
            program.files.first().map_or("the program", |f| &f.path)
        ));
    }
    out.join("\n")
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

/// A run as a JSON document: the verdict, vex's exit code, the program's own, its output and every finding.
pub fn json(program: &ProgramInfo, report: &RunReport, leaks: Leaks, stdout: &str, stderr: &str) -> Value {
    let findings = shown(&report.findings, leaks);
    let words = Report::new(program, &findings);
    let bugs: Vec<_> = findings.iter().map(|finding| words.json(finding)).collect();
    json!({
        "verdict": verdict_name(report.verdict),
        "exit_code": exit_code(report, leaks),
        "program_exit_code": report.exit_code,
        "clock": report.clock,
        "findings": bugs,
        "stdout": stdout,
        "stderr": stderr,
    })
}
