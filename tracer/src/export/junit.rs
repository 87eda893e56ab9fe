//! A JUnit report for CI: a test case for each kind of finding, which fails where the run has one, and for each line of a budget.
//!
//! Red flags are no failures; they are the standard output of the first suite.

use super::trouble::{self, Trouble};
use super::{Error, Format, Input};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

pub(super) fn write(input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    let profile = input.profile;
    let title = xml(&profile.about.title);
    let mut report = Report::new(format!("vex: {title}"));
    let time = Duration::from_nanos(profile.totals.duration_ns);
    report.set_time(time);

    let found = trouble::findings(input);
    let mut suite = TestSuite::new("findings");
    suite.set_time(time);
    for (verdict, doc) in trouble::RULES {
        let of_kind: Vec<&Trouble> = found.iter().filter(|trouble| trouble.rule == verdict.name()).collect();
        let mut case = TestCase::new(verdict.name(), status(&of_kind, verdict.name()));
        case.set_classname(title.clone());
        if of_kind.is_empty() {
            case.set_system_out(format!("none: {doc}"));
        }
        suite.add_test_case(case);
    }
    let flags: Vec<String> =
        profile.flags.iter().map(|flag| xml(&format!("{}: {}", flag.rule, flag.sentence))).collect();
    if !flags.is_empty() {
        suite.set_system_out(flags.join("\n"));
    }
    report.add_test_suite(suite);

    if !input.budget.is_empty() {
        let mut suite = TestSuite::new("budget");
        for line in input.budget {
            let mut status = if line.passed {
                TestCaseStatus::success()
            } else {
                TestCaseStatus::non_success(NonSuccessKind::Failure)
            };
            status.set_type("over-budget").set_message(xml(&line.verdict));
            let mut case = TestCase::new(xml(&line.name), status);
            case.set_classname(title.clone());
            if line.passed {
                case.set_system_out(xml(&line.verdict));
            }
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    let text = report.to_string().map_err(|error| Error::Encode(Format::Junit, error.to_string()))?;
    // The schema of Jenkins' xUnit plugin has this attribute on suites alone.
    let (head, suites) = text.split_at(text.find("<testsuite ").unwrap_or(text.len()));
    out.write_all(head.replacen(" skipped=\"0\"", "", 1).as_bytes())?;
    out.write_all(suites.as_bytes())?;
    Ok(())
}

/// A failure where there is such a finding.
fn status(found: &[&Trouble], kind: &str) -> TestCaseStatus {
    let Some(first) = found.first() else { return TestCaseStatus::success() };
    let mut text = String::new();
    for trouble in found {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", trouble.message);
        if let Some(at) = &trouble.at {
            let _ = writeln!(text, "at {}:{}:{}", at.file, at.line, at.column);
        }
        for (function, at) in &trouble.stack {
            let at = at.as_ref().map_or_else(|| "?".to_string(), |at| format!("{}:{}:{}", at.file, at.line, at.column));
            let _ = writeln!(text, "  at {function} ({at})");
        }
        for (spot, what) in trouble.threads.iter().flat_map(|thread| &thread.steps) {
            let _ = writeln!(text, "  {}:{}:{}: {what}", spot.file, spot.line, spot.column);
        }
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(xml(&first.message)).set_description(xml(&text));
    status
}

/// Text without the two characters that no XML document may have and that the crate lets through.
fn xml(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}')).collect()
}
