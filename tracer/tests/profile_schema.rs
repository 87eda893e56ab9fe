//! The JSON profile, its schema and its page say the same: every field of a document is in the schema, and the other way round.

use serde_json::Value;
use std::collections::BTreeSet;
use tracer::about::{Ending, Runtime};
use tracer::finding::Verdict;
use tracer::profile::numbers::KEYS;
use tracer::profile::*;

const SCHEMA: &str = include_str!("../../docs/profile.schema.json");
const PAGE: &str = include_str!("../../docs/profile-format.md");

/// A profile with one of everything.
fn full() -> Profile {
    let one = || {
        let mut time = Distribution::new();
        time.record(5);
        time
    };
    let mut profile = Profile { version: VERSION, scheduling: one(), ..Profile::default() };
    profile.about.runtime = Runtime::Parallel;
    profile.about.args.push("arg".into());
    (profile.about.seed, profile.about.started) = (Some(1), Some(2));
    profile.about.replay = Some("vex run".into());
    profile.ending = Some(Ending {
        verdict: Verdict::TimeLimit,
        exit_code: 1,
        program_exit_code: Some(1),
        clock: 5,
        dropped: 0,
        note: "note".into(),
    });
    profile.rates.push(RateRow { target: Some(1.5), ..RateRow::default() });
    profile.sites.push(SiteInfo::default());
    profile.frames.push(FrameInfo { site: 0, caller: Some(0) });
    profile.on_cpu.push(StackTime::default());
    profile.blocked.push(BlockedTime::default());
    profile.by_site.push(SiteTime::default());
    let row = WaitRow { reason: "recv".into(), object: Some("jobs".into()), site: Some(0), time: one() };
    profile.waits.push(row.clone());
    profile.waits_by_object.push(row.clone());
    profile.waits_by_site.push(row);
    profile.locks.push(LockRow::default());
    profile.channels.push(ChannelRow { suggested_capacity: Some(8), ..ChannelRow::default() });
    profile.back_pressure.push(BackPressureChain {
        channels: vec!["jobs".into()],
        consumers: vec!["worker".into()],
        producers: vec!["main".into()],
        ..BackPressureChain::default()
    });
    profile.critical_path.sites.push(SiteShare::default());
    profile.parallelism.shares.push(0.5);
    profile.parallelism.running_over_time.push(0.5);
    profile.parallelism.runnable_over_time.push(0.5);
    profile.spawn_tree.push(SpawnRow { parent: Some(0), ..SpawnRow::default() });
    profile.workers.push(WorkerRow::default());
    let flag = Flag { sites: vec![0], about: vec!["jobs".into()], ns: Some(1), event: Some(1), ..Flag::default() };
    profile.flags.push(flag);
    profile.findings.push(serde_json::json!({ "verdict": "leak" }));
    profile.advice.push(Advice::default());
    let mut run = RunNumbers::default();
    run.numbers.insert("wait/recv".into(), 1.0);
    profile.runs.push(run);
    profile
}

/// Checks a value against a part of the schema, by the rules that it uses.
fn check(value: &Value, part: &Value, schema: &Value, path: &str) {
    if let Some(name) = part["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        assert!(schema["$defs"][name].is_object(), "{path}: {name} is not defined");
        return check(value, &schema["$defs"][name], schema, path);
    }
    if let Some(choices) = part["anyOf"].as_array() {
        // A null is nothing more to look at.
        let chosen = choices.iter().find(|choice| value.is_null() == (choice["type"] == "null"));
        return check(value, chosen.unwrap_or_else(|| panic!("{path}: no choice for {value}")), schema, path);
    }
    if let Some(words) = part["enum"].as_array() {
        assert!(words.contains(value), "{path}: {value}");
        return;
    }
    let is = |word: &str| match word {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{path}: {other}"),
    };
    let fits = match &part["type"] {
        Value::String(word) => is(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).any(is),
        other => panic!("{path}: {other}"),
    };
    assert!(fits, "{path}: {value} is not {}", part["type"]);
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(item, &part["items"], schema, &format!("{path}[{index}]"));
    }
    let (Some(fields), Some(properties)) = (value.as_object(), part["properties"].as_object()) else { return };
    let names = |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<BTreeSet<String>>();
    assert_eq!(names(fields), names(properties), "{path}");
    let required = part["required"].as_array().map_or(0, Vec::len);
    assert_eq!(required, properties.len(), "{path}: every field is always there");
    for (name, field) in fields {
        check(field, &properties[name], schema, &format!("{path}.{name}"));
    }
}

#[test]
fn documents_and_the_schema_have_the_same_fields() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for profile in [full(), Profile::default()] {
        check(&serde_json::to_value(&profile).unwrap(), &schema, &schema, "profile");
    }
    // What stands only in lists was there to be checked.
    let document = serde_json::to_value(full()).unwrap();
    for (name, value) in document.as_object().unwrap() {
        assert!(value.as_array().is_none_or(|list| !list.is_empty()), "{name} is empty");
    }
}

#[test]
fn the_page_has_every_field_and_every_key() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let definitions = schema["$defs"].as_object().unwrap().values().chain([&schema]);
    for definition in definitions {
        for (name, property) in definition["properties"].as_object().into_iter().flatten() {
            assert!(PAGE.contains(&format!("`{name}`")), "{name}");
            assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        }
    }
    for key in KEYS {
        assert!(PAGE.contains(&format!("`{}`", key.pattern)), "{}", key.pattern);
        assert!(PAGE.contains(key.what), "{}", key.what);
    }
}

#[test]
fn a_reader_passes_over_what_it_does_not_know_and_does_without_what_is_missing() {
    let mut document = serde_json::to_value(full()).unwrap();
    document["something_new"] = 5.into();
    document.as_object_mut().unwrap().remove("back_pressure");
    let profile: Profile = serde_json::from_value(document).unwrap();
    assert!(profile.back_pressure.is_empty());
    assert_eq!(profile.locks, full().locks);
    assert_eq!(serde_json::from_str::<Profile>("{}").unwrap(), Profile::default());
}
