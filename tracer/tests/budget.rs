//! Budgets: what they may say, what is said of mistakes, and what becomes of each limit.

use proptest::prelude::*;
use std::path::Path;
use tracer::budget::{self, Budget, Line, SECTIONS, Shape, Statistic, Verdict};
use tracer::profile::{ChannelRow, Distribution, Flag, LockRow, Profile, RateRow, SiteInfo, SiteTime, WaitRow};

fn times(durations: impl IntoIterator<Item = u64>) -> Distribution {
    let mut out = Distribution::new();
    durations.into_iter().for_each(|ns| out.record(ns));
    out
}

fn wait(reason: &str, object: Option<&str>, site: Option<u32>, durations: &[u64]) -> WaitRow {
    let (object, time) = (object.map(str::to_string), times(durations.iter().copied()));
    WaitRow { reason: reason.into(), object, site, time }
}

/// A run of 2 ms in which tasks waited 1 ms at most to receive, and never for the lock.
fn profile() -> Profile {
    let mut profile = Profile::default();
    profile.totals.duration_ns = 2_000_000;
    profile.totals.tasks = 12;
    profile.totals.peak_tasks = 5;
    profile.rates = vec![
        RateRow { operation: "channel send/recv".into(), count: 100, per_second: 50_000.0, ..RateRow::default() },
        RateRow { operation: "task spawn".into(), count: 0, ..RateRow::default() },
    ];
    profile.sites = vec![
        SiteInfo { file: "dir/p.vex".into(), line: 3, column: 5, function: "work".into() },
        SiteInfo { file: "dir/p.vex".into(), line: 9, column: 1, function: "main".into() },
    ];
    profile.by_site = vec![
        SiteTime { site: 0, on_cpu_ns: 750, blocked_ns: 0, events: 3 },
        SiteTime { site: 1, on_cpu_ns: 250, blocked_ns: 0, events: 1 },
    ];
    profile.waits = vec![wait("recv", None, None, &[1_000_000, 10])];
    profile.waits_by_object =
        vec![wait("recv", Some("jobs"), None, &[1_000_000]), wait("recv", Some("done"), None, &[10])];
    profile.waits_by_site = vec![wait("recv", None, Some(0), &[1_000_000]), wait("recv", None, Some(1), &[10])];
    profile.locks = vec![LockRow {
        name: "table".into(),
        kind: "mutex".into(),
        acquired: 10,
        hold: times([100, 200]),
        ..LockRow::default()
    }];
    profile.channels = vec![ChannelRow {
        name: "jobs".into(),
        received: 4,
        sent: 4,
        per_second: 2000.0,
        full_share: 0.25,
        ..ChannelRow::default()
    }];
    profile.flags = vec![Flag { rule: "convoy".into(), ..Flag::default() }];
    profile.findings = vec![serde_json::json!({ "verdict": "leak" })];
    profile
}

fn check(text: &str) -> Vec<Line> {
    let budget = Budget::parse(text, Path::new("b.toml")).unwrap_or_else(|error| panic!("{error}"));
    budget.check(&profile())
}

/// The verdicts of a budget's limits, as `ok`, `over`, `missing`, with what was measured.
fn verdicts(text: &str) -> Vec<(String, &'static str, bool)> {
    check(text).into_iter().map(|line| (line.measured_text, line.verdict.name(), line.fails)).collect()
}

#[test]
fn each_limit_comes_to_what_was_measured_and_a_verdict() {
    for (text, measured, verdict) in [
        ("duration = \"2ms\"", "2.00 ms", "ok"),
        ("duration = \"1.9ms\"", "2.00 ms", "over budget"),
        ("duration = { min = \"3ms\" }", "2.00 ms", "over budget"),
        ("rates.\"channel send/recv\" = \"50k/s\"", "50k/s", "ok"),
        ("rates.\"channel send/recv\" = \"50.1k/s\"", "50k/s", "over budget"),
        ("rates.\"channel send/recv\" = { max = \"10k/s\" }", "50k/s", "over budget"),
        ("waits.recv.max = \"1ms\"", "1.00 ms", "ok"),
        ("waits.recv.count = 1", "2", "over budget"),
        ("waits.recv.p50 = \"9ns\"", "10 ns", "over budget"),
        ("objects.jobs.recv.max = \"999us\"", "1.00 ms", "over budget"),
        ("objects.done.recv.max = \"999us\"", "10 ns", "ok"),
        ("objects.\"*\".recv.max = \"999us\"", "1.00 ms", "over budget"),
        ("sites.\"p.vex:3\".recv.max = \"999us\"", "1.00 ms", "over budget"),
        ("sites.\"dir/p.vex:3:5\".recv.max = \"999us\"", "1.00 ms", "over budget"),
        ("sites.main.recv.max = \"999us\"", "10 ns", "ok"),
        ("sites.work.on-cpu = \"70%\"", "75%", "over budget"),
        ("locks.table.hold.max = \"200ns\"", "200 ns", "ok"),
        ("locks.table.contended = \"0%\"", "0%", "ok"),
        ("channels.jobs.full = \"20%\"", "25%", "over budget"),
        ("channels.jobs.rate = \"1k/s\"", "2k/s", "ok"),
        ("tasks.peak = 4", "5", "over budget"),
        ("tasks.created = \"1k\"", "12", "ok"),
        ("events.dropped = 0", "0", "ok"),
        ("findings.any = 0", "1", "over budget"),
        ("findings.deadlock = 0", "0", "ok"),
        ("flags.convoy = 0", "1", "over budget"),
        ("flags.starvation = 0", "0", "ok"),
        ("numbers.\"rate/channel send/recv\" = { min = \"1M/s\" }", "50k/s", "over budget"),
        ("numbers.\"on-cpu/dir/p.vex:3:5\" = \"1us\"", "750 ns", "ok"),
    ] {
        let found = verdicts(text);
        assert_eq!(found, [(measured.to_string(), verdict, verdict != "ok")], "{text}");
    }
}

#[test]
fn what_was_not_measured_is_not_passed_silently() {
    for (text, note) in [
        ("rates.\"task spawn\" = \"1/s\"", "the run never did this"),
        (
            "rates.\"chanel send/recv\" = \"1/s\"",
            "the profile has no operation `chanel send/recv`; did you mean `channel send/recv`?",
        ),
        ("locks.tabel.hold.p99 = \"1s\"", "the profile has no lock `tabel`; did you mean `table`?"),
        ("locks.\"x*\".hold.p99 = \"1s\"", "no lock of the profile fits `x*`"),
        ("waits.barrier.p99 = \"1s\"", "the run never did this"),
        ("scheduling.p99 = { min = \"1s\" }", "nothing of the kind happened"),
        ("numbers.nonsense = 1", "the profile has no number `nonsense`"),
        ("critical-path = \"1s\"", "the run never did this"),
    ] {
        let lines = check(text);
        let found: Vec<_> = lines.iter().map(|line| (line.verdict, line.fails, line.note.as_str())).collect();
        assert_eq!(found, [(Verdict::NotMeasured, true, note)], "{text}");
        let allowed = check(&format!("missing = \"ok\"\n{text}"));
        assert_eq!((allowed[0].verdict, allowed[0].fails), (Verdict::NotMeasured, false), "{text}");
    }
    let one = check("waits.barrier.p99 = { max = \"1s\", missing = \"ok\" }");
    assert_eq!((one[0].verdict, one[0].fails), (Verdict::NotMeasured, false));
    let strict = check("missing = \"ok\"\nwaits.barrier.p99 = { max = \"1s\", missing = \"fail\" }");
    assert_eq!((strict[0].verdict, strict[0].fails), (Verdict::NotMeasured, true));
}

#[test]
fn who_never_waited_is_within_every_limit() {
    for text in [
        "waits.lock.p99 = \"0ns\"",
        "waits.send.p99 = \"1ms\"",
        "objects.jobs.send.max = \"1ms\"",
        "sites.work.send.max = \"1ms\"",
        "locks.table.wait.p99 = \"1us\"",
        "scheduling.p99 = \"1us\"",
    ] {
        assert_eq!(verdicts(text), [("none".to_string(), "ok", false)], "{text}");
    }
    assert_eq!(verdicts("waits.lock.count = 0"), [("0".to_string(), "ok", false)]);
}

#[test]
fn mistakes_are_said_with_line_and_column() {
    for (text, expected) in [
        ("rates = 1", "b.toml:1:9: [rates] is a table, not `1`"),
        ("[rates]\nx = 1", "b.toml:2:5: rates.x is a rate like \"500k/s\" or \"10M/s\", not `1`"),
        ("[rates]\nx = \"1ms\"", "b.toml:2:5: rates.x is a rate like \"500k/s\" or \"10M/s\", not \"1ms\""),
        ("[rats]\nx = \"1/s\"", "b.toml:1:2: unknown key or section `rats`; did you mean `rates`?"),
        ("duration = \"-1ms\"", "b.toml:1:12: duration is a duration like \"2.5us\", \"1ms\" or \"2s\", not \"-1ms\""),
        ("duration = {}", "b.toml:1:12: duration has neither `min` nor `max`"),
        ("duration = { most = \"1s\" }", "b.toml:1:14: unknown key of a limit `most`; there are min, max, missing"),
        ("tasks.peek = 1", "b.toml:1:7: unknown key of [tasks] `peek`; did you mean `peak`?"),
        ("tasks.peak = \"many\"", "b.toml:1:14: tasks.peak is a count like 100 or \"10k\", not \"many\""),
        ("tasks.peak = -1", "b.toml:1:14: tasks.peak is a count like 100 or \"10k\", not `-1`"),
        ("tasks.peak = true", "b.toml:1:14: tasks.peak is a count like 100 or \"10k\", not `true`"),
        ("tasks.peak = [1]", "b.toml:1:14: tasks.peak is a count like 100 or \"10k\", not a list"),
        ("waits.rcv.p99 = \"1s\"", "b.toml:1:7: unknown reason of waits `rcv`; did you mean `recv`?"),
        (
            "waits.recv = \"1s\"",
            "b.toml:1:14: say of what waits.recv is limited to \"1s\": p50, p90, p99, p99.9, max, mean, total, count \
             (`waits.recv.p99 = …`)",
        ),
        ("waits.recv.p98 = \"1s\"", "b.toml:1:12: unknown statistic `p98`; did you mean `p99`?"),
        ("waits.recv.p99.9 = \"1s\"", "b.toml:1:12: write `\"p99.9\"` in quotes: TOML splits names at points"),
        ("locks.table = 1", "b.toml:1:15: locks.table is a table of limits, not `1`"),
        ("locks.table.hld.p99 = \"1s\"", "b.toml:1:13: unknown key of a lock `hld`; did you mean `held`?"),
        ("locks.table.contended = 5", "b.toml:1:25: locks.table.contended is a percentage like \"5%\", not `5`"),
        ("findings.deadlok = 0", "b.toml:1:10: unknown verdict `deadlok`; did you mean `deadlock`?"),
        ("flags.conwoy = 0", "b.toml:1:7: unknown rule `conwoy`; did you mean `convoy`?"),
        ("missing = \"maybe\"\nduration = \"1s\"", "b.toml:1:11: `missing` is \"fail\" or \"ok\", not \"maybe\""),
        ("", "b.toml:1:1: the budget limits nothing"),
        ("# only words\n[tasks]\n", "b.toml:1:1: the budget limits nothing"),
        (
            "numbers.x = \"soon\"",
            "b.toml:1:13: numbers.x is a number with its unit, like \"10M/s\", \"1ms\", 100 or \"5%\", not \"soon\"",
        ),
    ] {
        let error = Budget::parse(text, Path::new("b.toml")).expect_err(text).to_string();
        assert_eq!(error, expected, "{text}");
    }
}

#[test]
fn what_is_no_toml_is_said_with_line_and_column() {
    for (text, place) in [
        ("duration = ", "b.toml:1:"),
        ("a\n", "b.toml:1:"),
        ("duration = \"1s\"\nduration = \"2s\"", "b.toml:2:"),
        ("x = [\n[[", "b.toml:"),
    ] {
        let error = Budget::parse(text, Path::new("b.toml")).expect_err(text).to_string();
        assert!(error.starts_with(place), "{error}");
    }
}

#[test]
fn every_mistake_is_said_at_once() {
    let error =
        Budget::parse("\"ä\" = 1\n\n  [taskz]\n[tasks]\npeak = \"é\"  \n", Path::new("b.toml")).expect_err("mistakes");
    let places: Vec<_> = error.mistakes().iter().map(|(line, column, _)| (*line, *column)).collect();
    assert_eq!(places, [(1, 1), (3, 4), (5, 8)]);
    assert_eq!(error.to_string().lines().count(), 3);
}

#[test]
fn lines_are_printed_with_the_failed_ones_first() {
    let lines = check(
        "duration = \"1s\"\ntasks.peak = 4\nwaits.barrier.p99 = \"1s\"\nobjects.\"*\".recv.max = \"1us\"\nwaits.await.max = { max = \"1s\", missing = \"ok\" }",
    );
    let expected = "\
budget                measured  limit  verdict                 at
tasks.peak                   5  ≤ 4    over budget
waits.barrier.p99            –  ≤ 1s   not measured            the run never did this
objects.\"*\".recv.max   1.00 ms  ≤ 1us  over budget             jobs
duration               2.00 ms  ≤ 1s   ok
waits.await.max              –  ≤ 1s   not measured (allowed)  the run never did this
budget: 3 of 5 limits failed: tasks.peak, waits.barrier.p99, objects.\"*\".recv.max
";
    assert_eq!(budget::text(&lines), expected);
    let markdown = budget::markdown(&lines);
    assert!(markdown.starts_with("### ❌ budget: 3 of 5 limits failed: tasks.peak, "), "{markdown}");
    assert!(markdown.contains("| objects.\"\\*\".recv.max | 1.00 ms | ≤ 1us | **over budget** | jobs |"), "{markdown}");
    assert_eq!(budget::summary(&check("duration = \"1s\"")), "budget: 1 limit holds");
}

#[test]
fn lines_come_back_from_json() {
    let lines = check("duration = \"1s\"\nwaits.barrier.p99 = \"1s\"");
    let document = serde_json::to_string(&lines).expect("a document");
    assert_eq!(serde_json::from_str::<Vec<Line>>(&document).expect("lines"), lines);
}

#[test]
fn the_page_on_budgets_has_every_key() {
    let page = include_str!("../../docs/budgets.md");
    let mut missing: Vec<String> =
        Statistic::all().map(|(key, _)| key.to_string()).filter(|key| !page.contains(&format!("`{key}`"))).collect();
    for section in SECTIONS {
        let fields = match section.shape {
            Shape::Fields(fields) | Shape::Named(fields) | Shape::NamedReasons(fields) => fields,
            _ => &[],
        };
        let head = if section.name.is_empty() { String::new() } else { format!("`[{}", section.name) };
        if !page.contains(&head) {
            missing.push(head);
        }
        missing.extend(fields.iter().map(|field| format!("`{}`", field.key)).filter(|key| !page.contains(key)));
    }
    assert!(missing.is_empty(), "docs/budgets.md does not say: {missing:?}");
}

#[test]
fn the_examples_in_the_page_and_in_the_folder_are_budgets() {
    let page = include_str!("../../docs/budgets.md");
    let examples: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!examples.is_empty());
    for example in examples.into_iter().chain([include_str!("../../examples/budgets/pipeline.toml")]) {
        if let Err(error) = Budget::parse(example, Path::new("example.toml")) {
            panic!("{error}\n{example}");
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_a_budget_or_an_error_with_a_place(text in "(\\[|\\]|[a-z.]{1,6}|=|\"|\n| |[0-9]{1,3}|ms|\\{|\\}|,|é){0,40}") {
        if let Err(error) = Budget::parse(&text, Path::new("b.toml")) {
            prop_assert!(!error.mistakes().is_empty());
            for (line, column, message) in error.mistakes() {
                prop_assert!(*line >= 1 && *line <= text.lines().count() + 1 && *column >= 1 && !message.is_empty());
            }
        }
    }

    #[test]
    fn a_known_limit_with_any_value_is_checked_or_refused(value in "\\PC{0,12}") {
        let text = format!("duration = {value}");
        if let Ok(budget) = Budget::parse(&text, Path::new("b.toml")) {
            prop_assert_eq!(budget.check(&profile()).len(), budget.len());
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for text in [
        format!("x = {}", "[".repeat(100_000)),
        format!("x = {}", "{a=".repeat(100_000)),
        "a.".repeat(100_000) + "b = 1",
    ] {
        assert!(Budget::parse(&text, Path::new("b.toml")).is_err());
    }
}
