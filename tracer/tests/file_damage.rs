//! Damaged trace files: cut off anywhere, changed, with bytes too many or too few. A reader gives a message or a shorter trace.
//!
//! `VEX_FUZZ_INPUTS` says how many damaged files to try in all; see `docs/fuzzing.md`.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::Path;
use tracer::about::{About, Ending};
use tracer::chunk::{Chunk, SLOTS};
use tracer::event::{BLOCKED, EndStatus, Kind, Record, TaskId};
use tracer::file::{FileWriter, Header, TraceFile, add_section};
use tracer::finding::{Finding, Verdict};
use tracer::trace::Trace;

/// A small run: spawns, a channel, text, two workers, in blocks of a few events.
fn sample(path: &Path) {
    let header = Header { about: About { title: "t.vex".to_string(), ..About::default() }, ..Header::default() };
    let mut writer = FileWriter::create(path, &header).expect("a file");
    let begin = [
        Record::new(Kind::TaskSpawn as u8, 1, 0, 1, 0),
        Record::new(Kind::Switch as u8, 0, 3, 1, 1000),
        Record::new(Kind::ChanMake as u8, 2, 5, 1, 2),
        Record::new(Kind::Output as u8, 3, 1, 0, 5),
        Record::new(Kind::ClockJump as u8, 0, 0, 1, 1),
    ];
    writer.push(&Chunk::of(0, 0, TaskId(0), &begin, b"hello")).expect("room");
    writer.flush().expect("room");
    let mut clock = 9 + (1 << 32) + 1;
    let mut first = 5;
    for _ in 0..4 {
        let mut records = Vec::new();
        for n in 0..20 {
            records.push(Record::new(Kind::Send as u8, 4, 7, 1, 0));
            records.push(Record::new(Kind::Recv as u8 | BLOCKED, 5, 9, 1, 0));
            records.push(Record::new(Kind::Worker as u8, 0, n, n % 2, 1 + n % 2));
        }
        let chunk = Chunk::of(first, clock, TaskId(1), &records, b"");
        writer.push(&chunk).expect("room");
        writer.flush().expect("room");
        first += records.len() as u64;
        clock += 20 * 16 + 190;
    }
    let finding = Finding {
        verdict: Verdict::Leak,
        message: String::new(),
        culprit: None,
        stack: Vec::new(),
        tasks: Vec::new(),
        cycle: Vec::new(),
        clock: 5,
        event: Some((2 << 48) + 3),
        race: None,
    };
    writer.finding(&finding).expect("room");
    let end = [Record::new(Kind::TaskEnd as u8, 6, 1, 0, EndStatus::Done as u32)];
    writer.push(&Chunk::of(first, clock, TaskId(1), &end, b"")).expect("room");
    let ending = Ending {
        verdict: Verdict::Leak,
        exit_code: 0,
        program_exit_code: Some(0),
        clock,
        dropped: 0,
        note: String::new(),
    };
    writer.finish(ending, &[finding], &[(*b"SUMM", vec![3; 200])]).expect("room");
}

/// Reads everything that there is, and gives the events; `None` where the file was refused.
fn read(path: &Path) -> Option<Vec<(u64, Record)>> {
    let trace = match TraceFile::open(path) {
        Ok(trace) => trace,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return None;
        }
    };
    let mut events = Vec::new();
    let mut end = 0;
    trace
        .each(&mut |chunk| {
            assert!(chunk.first >= end && chunk.len() <= SLOTS, "ordinals go up");
            events.extend((chunk.first..).zip(chunk.records().iter().copied()));
            end = chunk.first + chunk.len() as u64;
        })
        .expect("what is damaged is no error");
    assert!(end <= trace.len());
    let _ = (trace.section(*b"SUMM"), trace.findings().len(), trace.ending());
    Some(events)
}

/// A reader of what is left must not make events up: all that it reads stand at the same place in the whole file.
fn check(path: &Path, bytes: &[u8], whole: &[(u64, Record)]) -> usize {
    std::fs::write(path, bytes).expect("a file");
    let events = read(path).unwrap_or_default();
    for (ordinal, record) in &events {
        let place = whole.binary_search_by_key(ordinal, |event| event.0);
        assert_eq!(place.ok().map(|place| &whole[place].1), Some(record), "event {ordinal}");
    }
    events.len()
}

#[test]
fn a_file_cut_off_anywhere_is_read_up_to_its_last_whole_block() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("t.vxt");
    sample(&path);
    let bytes = std::fs::read(&path).expect("it is there");
    let whole = read(&path).expect("a trace");
    let mut before = 0;
    for length in 0..=bytes.len() {
        let events = check(&path, &bytes[..length], &whole);
        assert!(events >= before, "more bytes, fewer events at {length}");
        before = events;
    }
    assert_eq!(before, whole.len());
}

#[test]
fn a_changed_byte_costs_one_block_at_most() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("t.vxt");
    sample(&path);
    let bytes = std::fs::read(&path).expect("it is there");
    let whole = read(&path).expect("a trace");
    for at in 16..bytes.len() {
        for change in [0x01, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            let events = check(&path, &damaged, &whole);
            assert!(events + 60 >= whole.len(), "byte {at}: {events} events of {}", whole.len());
        }
    }
}

/// How a file is damaged.
#[derive(Clone, Debug)]
enum Damage {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Double(usize, usize),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Set(at, byte)),
        (any::<usize>(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        (any::<usize>(), 1usize..100).prop_map(|(at, length)| Damage::Remove(at, length)),
        (any::<usize>(), 1usize..400).prop_map(|(at, length)| Damage::Double(at, length)),
        any::<usize>().prop_map(Damage::Cut),
    ];
    prop::collection::vec(one, 1..5)
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        let place = |at: &usize| at % (length + 1);
        match self {
            Damage::Set(at, byte) => {
                if let Some(old) = bytes.get_mut(at % length.max(1)) {
                    *old = *byte;
                }
            }
            Damage::Insert(at, new) => {
                bytes.splice(place(at)..place(at), new.iter().copied());
            }
            Damage::Remove(at, count) => {
                bytes.drain(place(at)..(place(at) + count).min(length));
            }
            Damage::Double(at, count) => {
                let piece = bytes[place(at)..(place(at) + count).min(length)].to_vec();
                bytes.splice(place(at)..place(at), piece);
            }
            Damage::Cut(at) => bytes.truncate(place(at)),
        }
    }
}

fn inputs() -> u32 {
    std::env::var("VEX_FUZZ_INPUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(2000)
}

#[test]
fn no_damage_makes_a_reader_panic_or_invent_events() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("t.vxt");
    sample(&path);
    let bytes = std::fs::read(&path).expect("it is there");
    let whole = read(&path).expect("a trace");
    let mut runner = TestRunner::new(Config { cases: inputs(), failure_persistence: None, ..Config::default() });
    let tried = runner.run(&damage(), |damage| {
        let mut damaged = bytes.clone();
        damage.iter().for_each(|damage| damage.apply(&mut damaged));
        check(&path, &damaged, &whole);
        // What can be read can be given its index back.
        if read(&path).is_some() {
            let before = read(&path);
            add_section(&path, *b"SUMM", b"new").expect("room");
            prop_assert!(read(&path) == before);
            let trace = TraceFile::open(&path).expect("a trace");
            prop_assert_eq!(trace.section(*b"SUMM"), Some(b"new".to_vec()));
        }
        Ok(())
    });
    tried.expect("no failure");
}
