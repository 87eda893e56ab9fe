//! Tests of the checker, grouped by the sections of the language sheet. A case is a source text and what it gives.

use super::{Loader, check};
use crate::core::Program;
use crate::diagnostics::{Diagnostics, Severity};
use crate::source::SourceMap;
use crate::vex::ast::NodeIds;
use crate::vex::parser;

/// Files that stand in the same text as the main file, each after a line `//// path`.
struct Sections<'t>(Vec<(&'t str, &'t str)>);

impl Loader for Sections<'_> {
    fn load(&mut self, _importer: &str, path: &str) -> Result<(String, String), String> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found
            .map(|(name, text)| (name.to_string(), text.to_string()))
            .ok_or_else(|| format!("there is no file `{path}`"))
    }
}

/// Checks a text; the diagnostics as `(code, line)` with messages.
fn run(text: &str) -> (Option<Program>, Vec<(&'static str, u32)>, String) {
    let mut parts = text.split("\n//// ");
    let text = parts.next().unwrap_or("");
    let mut files = Sections(parts.filter_map(|part| part.split_once('\n')).collect());
    let mut sources = SourceMap::default();
    let file = sources.add("test.vex", text);
    let mut ids = NodeIds::default();
    let mut sink = Diagnostics::default();
    let module = parser::parse(text, file, &mut ids, &mut sink);
    let program = check(&mut sources, file, module, &mut ids, &mut sink, &mut files);
    let mut found = Vec::new();
    let mut texts = String::new();
    for diagnostic in sink.sorted() {
        texts.push_str(&format!(
            "{} {}: {}\n",
            diagnostic.code.id(),
            sources.locate(diagnostic.primary),
            diagnostic.message
        ));
        if diagnostic.severity() == Severity::Error {
            found.push((
                diagnostic.code.id(),
                sources.file(diagnostic.primary.file).line_column(diagnostic.primary.lo).line,
            ));
        }
    }
    (program, found, texts)
}

/// Runs the cases of a file: each starts with `===` and the errors it must give as `CODE:LINE`, none if it must check.
/// What stands before the first is a remark.
#[track_caller]
fn run_cases(cases: &str) {
    let mut failures = String::new();
    for case in cases.split("\n===").skip(1) {
        let (head, text) = case.split_once('\n').unwrap_or((case, ""));
        let expected: Vec<&str> = head.split_whitespace().collect();
        let (program, errors, texts) = run(text);
        let found: Vec<String> = errors.iter().map(|(code, line)| format!("{code}:{line}")).collect();
        if found != expected || program.is_some() != expected.is_empty() {
            failures.push_str(&format!("---- expected {expected:?}, found {found:?}\n{text}\n{texts}\n"));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn the_table_of_conflicts_is_resolved_as_the_sheet_says() {
    run_cases(include_str!("cases/conflicts.txt"));
}

#[test]
fn declarations_and_types() {
    run_cases(include_str!("cases/declarations.txt"));
}

#[test]
fn expressions() {
    run_cases(include_str!("cases/expressions.txt"));
}

#[test]
fn tasks_channels_locks_and_contexts() {
    run_cases(include_str!("cases/tasks.txt"));
}

#[test]
fn every_error_is_reported_where_it_is() {
    run_cases(include_str!("cases/errors.txt"));
}

#[test]
fn inference_reaches_back() {
    run_cases(include_str!("cases/inference.txt"));
}

/// The core tree of a program must hold these fragments.
#[track_caller]
fn elaborates_to(text: &str, fragments: &[&str]) {
    let (program, _, texts) = run(text);
    let Some(program) = program else { panic!("errors in\n{text}\n{texts}") };
    let core = crate::core_text::program_text(&program);
    for fragment in fragments {
        assert!(core.contains(fragment), "`{fragment}` is not in\n{core}");
    }
}

#[test]
fn what_is_done_with_a_value_chooses_the_operation() {
    let channels = "fn main() {
        let ch: Channel<i64> = Channel(2)
        ch.send(1)
        let ok = ch.send(2)
        ch <- 3
        <-ch
        let v = <-ch
        println(v, ok)
    }";
    elaborates_to(
        channels,
        &[
            "(ChannelNew 2 zero)",
            "(ChannelSend &ch 1)",
            "let ok = (ChannelSendBool &ch 2)",
            "(ChannelSend &ch 3)",
            "(ChannelRecvDiscard &ch)",
            "let v = (ChannelRecvValue &ch)",
        ],
    );
    let closures = "fn main() {
        let! n = 0
        let k = 2
        let! add = || { n += k }
        add()
        go { println(k) }
        println(n)
    }";
    elaborates_to(
        closures,
        &["(closure main.closure n:Cell k:Value)", "(spawn Go main.go k)", "Closure main.closure(n@, k)"],
    );
    let waiting = "async fn f(x: i32): i32 { await sleep(5); x }
    async fn main() {
        let a = f(1)
        f(2)
        let (b, c) = await join!(f(3), f(4))
        println(await a + b + c)
    }";
    elaborates_to(
        waiting,
        &["(Sleep (DurationFromMillis 5))", "let a = (spawn Async f 1)", "(spawn Async f 2)", "(Add (await a) b)"],
    );
}

#[test]
fn programs_of_the_suite_check() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/programs/vex");
    let mut paths: Vec<_> = std::fs::read_dir(root)
        .expect("the programs are there")
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "vex"))
        .collect();
    paths.sort();
    let mut failures = String::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("readable");
        if text.contains("// expect: compile-error") || text.contains("from \"./") {
            continue;
        }
        let (_, errors, texts) = run(&text);
        if !errors.is_empty() {
            failures.push_str(&format!("{}\n{texts}\n", path.display()));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
