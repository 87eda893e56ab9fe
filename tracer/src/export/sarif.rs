//! SARIF 2.1.0, for code scanning: findings are errors, red flags are what their severity says.
//!
//! A deadlock has a code flow with a thread flow for each of its tasks: where it was spawned, where it took what it holds, where it waits.

use super::trouble::{self, Spot, Trouble};
use super::{Error, Input};
use crate::profile::{Flag, Severity};
use serde_json::{Map, Value, json};
use std::io::Write;

pub(super) fn write(input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    serde_json::to_writer_pretty(&mut *out, &document(input))?;
    out.write_all(b"\n")?;
    Ok(())
}

fn document(input: &Input) -> Value {
    let profile = input.profile;
    let mut rules: Vec<Value> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for (verdict, doc) in trouble::RULES {
        ids.push(verdict.name().to_string());
        rules.push(rule(verdict.name(), doc, "error"));
    }
    for flag in &profile.flags {
        if !ids.contains(&flag.rule) {
            ids.push(flag.rule.clone());
            rules.push(rule(&flag.rule, &flag.rule.replace('-', " "), level(flag.severity)));
        }
    }
    let index = |id: &str| ids.iter().position(|known| known == id);
    let findings = trouble::findings(input).into_iter().map(|trouble| finding(&trouble, index(&trouble.rule)));
    let flags = profile.flags.iter().map(|flag| red_flag(input, flag, index(&flag.rule)));
    let version = profile.about.writer.split_whitespace().nth(1).unwrap_or(env!("CARGO_PKG_VERSION"));
    let mut invocation = json!({ "executionSuccessful": true });
    if let Some(ending) = &profile.ending {
        invocation["exitCode"] = ending.exit_code.into();
    }
    if let Some(replay) = &profile.about.replay {
        invocation["commandLine"] = replay.as_str().into();
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "vex",
                "version": version,
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "invocations": [invocation],
            "columnKind": "unicodeCodePoints",
            "results": findings.chain(flags).collect::<Vec<_>>(),
        }],
    })
}

fn rule(id: &str, doc: &str, level: &str) -> Value {
    json!({ "id": id, "shortDescription": { "text": doc }, "defaultConfiguration": { "level": level } })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn finding(trouble: &Trouble, rule: Option<usize>) -> Value {
    let mut result = result(&trouble.rule, rule, "error", &trouble.message, trouble.at.as_ref());
    let flows: Vec<Value> = trouble.threads.iter().filter(|thread| !thread.steps.is_empty()).map(thread_flow).collect();
    if !flows.is_empty() {
        result.insert("codeFlows".into(), json!([{ "message": { "text": trouble.message }, "threadFlows": flows }]));
    }
    if !trouble.stack.is_empty() {
        let frames: Vec<Value> = trouble.stack.iter().map(|(function, at)| frame(function, at.as_ref())).collect();
        result.insert("stacks".into(), json!([{ "frames": frames }]));
    }
    result.into()
}

fn thread_flow(thread: &trouble::Thread) -> Value {
    let locations = thread.steps.iter().map(|(spot, what)| json!({ "location": location(spot, Some(what)) }));
    json!({ "id": thread.task, "message": { "text": thread.task }, "locations": locations.collect::<Vec<_>>() })
}

fn frame(function: &str, at: Option<&Spot>) -> Value {
    let mut place = at.map_or_else(|| json!({}), |at| location(at, None));
    place["logicalLocations"] = json!([{ "name": function, "kind": "function" }]);
    json!({ "location": place })
}

fn red_flag(input: &Input, flag: &Flag, rule: Option<usize>) -> Value {
    let spots: Vec<Spot> = flag
        .sites
        .iter()
        .map(|&site| super::stacks::site(input.profile, site))
        .filter(|site| !site.file.is_empty() && site.line > 0)
        .map(|site| Spot { file: site.file.clone(), line: site.line, column: site.column })
        .collect();
    let mut result = result(&flag.rule, rule, level(flag.severity), &flag.sentence, spots.first());
    if spots.len() > 1 {
        let related: Vec<Value> = spots[1..].iter().map(|spot| location(spot, None)).collect();
        result.insert("relatedLocations".into(), related.into());
    }
    if flag.count > 0 {
        result.insert("occurrenceCount".into(), flag.count.into());
    }
    result.into()
}

fn result(id: &str, rule: Option<usize>, level: &str, message: &str, at: Option<&Spot>) -> Map<String, Value> {
    let mut result = Map::new();
    result.insert("ruleId".into(), id.into());
    if let Some(rule) = rule {
        result.insert("ruleIndex".into(), rule.into());
    }
    result.insert("level".into(), level.into());
    result.insert("message".into(), json!({ "text": message }));
    result.insert("locations".into(), at.iter().map(|at| location(at, None)).collect());
    // What makes two runs speak of the same problem: the rule and the place. Names of tasks and times change from run to run.
    let place = at.map_or_else(|| "?".to_string(), |at| format!("{}:{}:{}", at.file, at.line, at.column));
    result.insert("partialFingerprints".into(), json!({ "vex/v1": format!("{id}@{place}") }));
    result
}

fn location(spot: &Spot, message: Option<&str>) -> Value {
    let mut region = json!({ "startLine": spot.line.max(1) });
    if spot.column > 0 {
        region["startColumn"] = spot.column.into();
    }
    let mut location =
        json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&spot.file) }, "region": region } });
    if let Some(message) = message {
        location["message"] = json!({ "text": message });
    }
    location
}

/// A path as a reference to a file: relative where it is, everything but plain characters in `%` notation.
fn uri(path: &str) -> String {
    let mut out = if path.starts_with('/') { "file://".to_string() } else { String::new() };
    for &byte in path.as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
