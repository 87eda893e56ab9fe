//! Every format on one small profile written by hand, and on names that try to break out of it.

use super::*;
use crate::about::About;
use crate::profile::*;

/// The bytes of a format.
pub(super) fn bytes(format: Format, trace: Option<&dyn Trace>, profile: &Profile) -> Vec<u8> {
    let mut out = Vec::new();
    write(format, trace, profile, &mut out).unwrap();
    out
}

fn text(format: Format, profile: &Profile) -> String {
    String::from_utf8(bytes(format, None, profile)).unwrap()
}

fn of(durations: &[u64]) -> Distribution {
    let mut out = Distribution::new();
    durations.iter().for_each(|&ns| out.record(ns));
    out
}

/// `main` calls `worker`, which computes for 700 ns in 7 samples and waits: 2 × for `jobs`, once for the lock `counter`, and sleeps.
fn profile_named(worker: &str, file: &str, object: &str) -> Profile {
    let site = |line, column, function: &str| SiteInfo { file: file.into(), line, column, function: function.into() };
    let blocked = |frame, reason: &str, count, ns| BlockedTime { frame, reason: reason.into(), count, ns };
    Profile {
        version: VERSION,
        about: About { title: file.into(), writer: "vex 0.1.0".into(), seed: Some(7), ..About::default() },
        totals: Totals { duration_ns: 2000, blocked_ns: 450, sleeping_ns: 100, ..Totals::default() },
        sites: vec![site(3, 5, "main"), site(12, 9, worker), site(14, 1, worker)],
        frames: vec![
            FrameInfo { site: 0, caller: None },
            FrameInfo { site: 1, caller: Some(0) },
            FrameInfo { site: 2, caller: Some(0) },
        ],
        on_cpu: vec![StackTime { frame: 1, samples: 7, ns: 700 }, StackTime { frame: 0, samples: 1, ns: 100 }],
        blocked: vec![blocked(2, "recv", 2, 400), blocked(1, "lock", 1, 50), blocked(0, "sleep", 1, 100)],
        waits: vec![
            WaitRow { reason: "recv".into(), time: of(&[100, 300]), ..WaitRow::default() },
            WaitRow { reason: "lock".into(), time: of(&[50]), ..WaitRow::default() },
        ],
        waits_by_object: vec![WaitRow {
            reason: "recv".into(),
            object: Some(object.into()),
            time: of(&[100, 300]),
            ..WaitRow::default()
        }],
        locks: vec![LockRow { name: "counter".into(), wait: of(&[50]), hold: of(&[20, 30]), ..LockRow::default() }],
        ..Profile::default()
    }
}

pub(super) fn profile() -> Profile {
    profile_named("worker", "t.vex", "jobs")
}

/// Names that mean something to somebody: to JSON, XML, CSV, shells, terminals, log formats.
pub(super) fn hostile() -> Profile {
    profile_named("wo\"r;k,e\nr</x>&\u{1b}[31m\u{0}\u{7f}\u{fffd}", "a b\\;\t\"<.vex", "j,o b\r\n\"s'")
}

/// Formats that a profile is enough for.
fn of_profiles() -> impl Iterator<Item = Format> {
    Format::ALL.iter().copied().filter(|format| !format.info().events)
}

#[test]
fn names_are_unique_and_found() {
    for (index, &format) in Format::ALL.iter().enumerate() {
        let info = format.info();
        assert_eq!(Format::by_name(info.name), Some(format));
        assert!(!info.doc.is_empty() && !info.extension.is_empty());
        for other in &Format::ALL[index + 1..] {
            assert_ne!(info.name, other.info().name);
            assert_ne!(info.name, other.info().alias);
        }
    }
    assert_eq!(Format::by_name(""), None);
    assert_eq!(Format::by_name("xml"), None);
}

#[test]
fn the_same_profile_gives_the_same_bytes() {
    for format in of_profiles() {
        for profile in [profile(), hostile(), Profile::default()] {
            let once = bytes(format, None, &profile);
            assert!(!once.is_empty() || format == Format::Folded, "{format}");
            assert!(once == bytes(format, None, &profile), "{format}");
            assert!(format.info().binary || std::str::from_utf8(&once).is_ok(), "{format}");
        }
    }
}

#[test]
fn a_format_of_events_needs_a_trace() {
    for &format in Format::ALL.iter().filter(|format| format.info().events) {
        let error = write(format, None, &profile(), &mut Vec::new()).unwrap_err();
        assert!(matches!(error, Error::NeedsEvents(said) if said == format));
        assert!(error.to_string().contains(format.info().name));
    }
}

#[test]
fn a_full_disk_is_an_error() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in of_profiles() {
        let written = write(format, None, &profile(), &mut Full);
        assert!(matches!(written, Err(Error::Io(_))), "{format}: {written:?}");
    }
}

#[test]
fn stacks_that_lead_nowhere_end() {
    let mut profile = profile();
    profile.frames[0].caller = Some(2);
    profile.frames[1].caller = Some(1);
    profile.frames[2].site = 99;
    profile.on_cpu[0].frame = 77;
    profile.on_cpu[1].ns = u64::MAX;
    of_profiles().for_each(|format| drop(bytes(format, None, &profile)));
}

#[test]
fn folded_stacks() {
    assert_eq!(
        text(Format::Folded, &profile()),
        "on-cpu;main (t.vex:3);worker (t.vex:12) 700\n\
         on-cpu;main (t.vex:3) 100\n\
         off-cpu;main (t.vex:3);worker (t.vex:14);[recv] 400\n\
         off-cpu;main (t.vex:3);worker (t.vex:12);[lock] 50\n\
         off-cpu;main (t.vex:3);[sleep] 100\n"
    );
    let text = text(Format::Folded, &hostile());
    assert_eq!(text.lines().count(), 5);
    assert!(
        text.lines()
            .all(|line| line.split(';').count() <= 4 && line.rsplit(' ').next().unwrap().parse::<u64>().is_ok())
    );
}

#[test]
fn speedscope_frames_and_weights() {
    let document: serde_json::Value = serde_json::from_str(&text(Format::Speedscope, &profile())).unwrap();
    let frames = document["shared"]["frames"].as_array().unwrap();
    let names: Vec<&str> = frames.iter().map(|frame| frame["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["main", "worker", "worker", "?", "[recv]", "[lock]", "[sleep]"]);
    assert_eq!(frames[1], serde_json::json!({"name": "worker", "file": "t.vex", "line": 12, "col": 9}));
    let profiles = document["profiles"].as_array().unwrap();
    assert_eq!(profiles[0]["samples"], serde_json::json!([[0, 1], [0]]));
    assert_eq!(profiles[0]["weights"], serde_json::json!([700, 100]));
    assert_eq!(profiles[0]["endValue"], 800);
    assert_eq!(profiles[1]["samples"], serde_json::json!([[0, 2, 4], [0, 1, 5], [0, 6]]));
}

#[test]
fn histograms_with_tags() {
    let log = text(Format::Hlog, &profile());
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
    let tags: Vec<&str> = lines.iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(
        tags,
        ["Tag=wait/recv", "Tag=wait/lock", "Tag=wait/recv/jobs", "Tag=lock-wait/counter", "Tag=lock-hold/counter"]
    );
    assert!(lines.iter().all(|line| line.split(',').count() == 5), "{log}");
    let log = text(Format::Hlog, &hostile());
    let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.len() == 5 && lines.iter().all(|line| line.split(',').count() == 5), "{log}");
}

#[test]
fn the_document_comes_back() {
    for profile in [profile(), hostile()] {
        assert_eq!(serde_json::from_str::<Profile>(&text(Format::Json, &profile)).unwrap(), profile);
    }
}
