//! Trace files: what is written is read again, whatever it is, and however it is cut.

use proptest::prelude::*;
use std::path::PathBuf;
use tracer::about::{About, Ending};
use tracer::chunk::{Chunk, SLOTS};
use tracer::event::{BLOCKED, Kind, Record, Stamp, TaskId};
use tracer::file::{self, FileWriter, Header, TraceFile, add_section};
use tracer::finding::{Finding, Verdict};
use tracer::trace::Trace;

/// A scratch folder and a file in it.
fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("t.vxt");
    (folder, path)
}

fn header() -> Header {
    Header { about: About { title: "t.vex".to_string(), workers: 1, ..About::default() }, ..Header::default() }
}

fn ending() -> Ending {
    Ending {
        verdict: Verdict::Ok,
        exit_code: 0,
        program_exit_code: Some(0),
        clock: 99,
        dropped: 0,
        note: String::new(),
    }
}

fn finding(message: &str) -> Finding {
    Finding {
        verdict: Verdict::Panic,
        message: message.to_string(),
        culprit: None,
        stack: Vec::new(),
        tasks: Vec::new(),
        cycle: Vec::new(),
        clock: 5,
        event: Some(3),
        race: None,
    }
}

fn write(path: &std::path::Path, chunks: &[Chunk]) -> file::Written {
    let mut writer = FileWriter::create(path, &header()).expect("a file");
    for chunk in chunks {
        writer.push(chunk).expect("room");
    }
    writer.finish(ending(), &[], &[]).expect("room")
}

/// An event as it should come back: ordinal, record without its place in the text, clock after it, worker, task, text.
type Seen = (u64, Record, u64, u32, TaskId, Vec<u8>);

/// What a reader of these chunks sees.
fn seen(chunks: &[Chunk]) -> Vec<Seen> {
    let mut all = Vec::new();
    for chunk in chunks {
        let (mut clock, mut worker, mut task) = (chunk.clock, chunk.worker, chunk.task);
        for (i, record) in (0..).zip(chunk.records()) {
            let mut record = *record;
            let mut text = Vec::new();
            clock = clock.saturating_add(record.clock_delta as u64);
            // The recorder's own kinds never block: with that flag they are other bytes that mean nothing.
            match record
                .kind()
                .filter(|kind| !record.blocked() || !matches!(kind, Kind::ClockJump | Kind::Switch | Kind::Worker))
            {
                Some(Kind::ClockJump) => clock = clock.saturating_add(record.wide()),
                Some(Kind::Switch) => task = TaskId(record.object),
                Some(Kind::Worker) => (worker, task) = (record.object, TaskId(record.arg)),
                Some(Kind::Output | Kind::ErrorOutput | Kind::Panic | Kind::Marker) => {
                    text = chunk.text_of(&record).to_vec();
                    record.object = 0;
                }
                _ => {}
            }
            all.push((chunk.first + i, record, clock, worker, task, text));
        }
    }
    all
}

fn read(trace: &TraceFile) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    trace.each(&mut |chunk| chunks.push(chunk.clone())).expect("readable");
    chunks
}

/// Records of every kind there is, of bytes that are none, and with texts that are and are not there.
fn record() -> impl Strategy<Value = (Record, Option<Vec<u8>>)> {
    let number = || prop_oneof![0u32..8, 0u32..5000, any::<u32>()];
    let known = (0..Kind::ALL.len(), any::<bool>())
        .prop_map(|(kind, blocked)| Kind::ALL[kind] as u8 | if blocked { BLOCKED } else { 0 });
    let kind = prop_oneof![8 => known, 1 => any::<u8>()];
    let site = prop_oneof![0u32..20, 0u32..1 << 24];
    let text = prop::option::weighted(0.9, prop::collection::vec(any::<u8>(), 0..20));
    (kind, site, number(), number(), number(), text)
        .prop_map(|(kind, site, delta, object, arg, text)| (Record::new(kind, site, delta, object, arg), text))
}

/// Chunks of all lengths, which follow each other or do not.
fn chunks() -> impl Strategy<Value = Vec<Chunk>> {
    let records = prop::collection::vec(record(), 0..300);
    let repeats = prop_oneof![6 => Just(1usize), 1 => 10usize..40];
    let chunk = (records, repeats, any::<bool>(), 0u64..3, 0u64..1 << 40, 0u32..4, 0u32..9);
    prop::collection::vec(chunk, 0..6).prop_map(|plan| {
        let mut chunks: Vec<Chunk> = Vec::new();
        for (records, repeats, follows, gap, clock, worker, task) in plan {
            let mut text = Vec::new();
            let mut all = Vec::new();
            for (mut record, piece) in records.iter().cycle().take((records.len() * repeats).min(SLOTS)).cloned() {
                let is_text =
                    matches!(record.kind(), Some(Kind::Output | Kind::ErrorOutput | Kind::Panic | Kind::Marker));
                if let (true, Some(piece)) = (is_text, piece) {
                    (record.object, record.arg) = (text.len() as u32, piece.len() as u32);
                    text.extend_from_slice(&piece);
                }
                all.push(record);
            }
            let before = chunks.last().map(|last| (seen(std::slice::from_ref(last)), last.first + last.len() as u64));
            let (events, end) = before.unwrap_or_default();
            let mut chunk = Chunk::of(end, clock, TaskId(task), &all, &text);
            chunk.worker = worker;
            match events.last() {
                Some(&(_, _, clock, worker, task, _)) if follows => {
                    (chunk.clock, chunk.worker, chunk.task) = (clock, worker, task);
                }
                _ => chunk.first += gap,
            }
            chunks.push(chunk);
        }
        chunks
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_event_comes_back(chunks in chunks()) {
        let (_folder, path) = scratch();
        let written = write(&path, &chunks);
        let trace = TraceFile::open(&path).expect("a trace");
        prop_assert_eq!(trace.warnings(), &[] as &[String]);
        let back = read(&trace);
        prop_assert_eq!(seen(&back), seen(&chunks));
        prop_assert_eq!(trace.damaged(), 0);
        prop_assert_eq!(written.events, chunks.iter().map(|chunk| chunk.len() as u64).sum::<u64>());
        prop_assert_eq!(written.bytes, std::fs::metadata(&path).expect("it is there").len());
        prop_assert_eq!(trace.ending(), Some(&ending()));
        prop_assert_eq!(&trace.about().title, "t.vex");
    }

    /// How the events were cut into chunks on their way does not show.
    #[test]
    fn the_file_depends_on_the_events_alone(records in prop::collection::vec(record(), 1..400), cuts in prop::collection::vec(1usize..500, 1..20)) {
        let records: Vec<Record> = records.iter().map(|(record, _)| *record).cycle().take(9000).collect();
        let cut = |cuts: &[usize]| {
            let (mut chunks, mut rest) = (Vec::<Chunk>::new(), records.as_slice());
            for size in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*size).min(rest.len()));
                let before = seen(chunks.last().map_or(&[], std::slice::from_ref));
                let (first, clock, worker, task) =
                    before.last().map_or((0, 0, 0, TaskId(0)), |&(ordinal, _, clock, worker, task, _)| (ordinal + 1, clock, worker, task));
                let mut chunk = Chunk::of(first, clock, task, piece, b"some text of the chunk");
                chunk.worker = worker;
                chunks.push(chunk);
                rest = after;
                if rest.is_empty() {
                    return chunks;
                }
            }
            chunks
        };
        let (_folder, path) = scratch();
        write(&path, &cut(&[4088]));
        let one = std::fs::read(&path).expect("it is there");
        write(&path, &cut(&cuts));
        prop_assert!(one == std::fs::read(&path).expect("it is there"));
    }
}

#[test]
fn a_file_without_its_end_is_read_up_to_its_last_whole_block() {
    let (_folder, path) = scratch();
    let records = vec![Record::new(Kind::Atomic as u8, 3, 1, 7, 9); 4088];
    let mut writer = FileWriter::create(&path, &header()).expect("a file");
    for n in 0..3 {
        writer.push(&Chunk::of(n * 4088, n * 4088, TaskId(0), &records, b"")).expect("room");
    }
    writer.finding(&finding("boom")).expect("room");
    writer.push(&Chunk::of(3 * 4088, 3 * 4088, TaskId(0), &records[..10], b"")).expect("room");
    drop(writer);
    let trace = TraceFile::open(&path).expect("a trace");
    assert_eq!((trace.len(), trace.blocks().len(), trace.ending()), (3 * 4088, 3, None));
    assert_eq!(trace.findings(), [finding("boom")]);
    assert!(trace.warnings()[0].contains("was cut off after event 12264"), "{:?}", trace.warnings());
    // Adding a section gives it the index that it lacks.
    drop(trace);
    add_section(&path, *b"SUMM", b"sums").expect("room");
    let trace = TraceFile::open(&path).expect("a trace");
    assert_eq!((trace.len(), trace.is_finished(), trace.ending()), (3 * 4088, true, None));
    assert_eq!(trace.section(*b"SUMM").as_deref(), Some(b"sums".as_slice()));
}

#[test]
fn sections_are_added_and_replaced() {
    let (_folder, path) = scratch();
    let chunk = Chunk::of(0, 0, TaskId(0), &[Record::new(Kind::Atomic as u8, 3, 1, 7, 9)], b"");
    let mut writer = FileWriter::create(&path, &header()).expect("a file");
    writer.push(&chunk).expect("room");
    let extra = [(*b"SUMM", b"first".to_vec()), (*b"MORE", vec![7; 1000])];
    writer.finish(ending(), &[finding("late")], &extra).expect("room");
    let before = std::fs::read(&path).expect("it is there");
    add_section(&path, *b"SUMM", b"second").expect("room");
    add_section(&path, *b"SUMM", b"first").expect("room");
    let trace = TraceFile::open(&path).expect("a trace");
    assert_eq!(trace.warnings(), &[] as &[String]);
    assert_eq!(trace.section(*b"SUMM").as_deref(), Some(b"first".as_slice()));
    assert_eq!(trace.section(*b"MORE"), Some(vec![7; 1000]));
    assert_eq!(trace.section(*b"NONE"), None);
    assert_eq!(trace.findings(), [finding("late")]);
    assert_eq!(seen(&read(&trace)), seen(&[chunk]));
    assert_eq!(std::fs::read(&path).expect("it is there").len(), before.len(), "nothing is left behind");
}

#[test]
fn what_is_no_trace_is_said() {
    let (folder, path) = scratch();
    for (bytes, says) in [
        (b"".to_vec(), "is not a trace file"),
        (b"fn main() {}\n".to_vec(), "is not a trace file"),
        (b"\x89vxt\r\n\x1a\n\0\0\0\0\0\0\0\0".to_vec(), "is not a trace file"),
        (b"\x89vxt\r\n\x1a\n\x02\0\0\0\0\0\0\0".to_vec(), "newer vex"),
    ] {
        std::fs::write(&path, bytes).expect("a file");
        let error = TraceFile::open(&path).expect_err("no trace").to_string();
        assert!(error.contains(says), "{error}");
    }
    let error = TraceFile::open(folder.path()).expect_err("a folder").to_string();
    assert!(error.starts_with("cannot read"), "{error}");
    let error = TraceFile::open(&folder.path().join("none")).expect_err("nothing").to_string();
    assert!(error.contains("No such file"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_being_written_is_left_alone_and_can_be_read() {
    let (_folder, path) = scratch();
    let mut writer = FileWriter::create(&path, &header()).expect("a file");
    let chunk = Chunk::of(0, 0, TaskId(0), &[Record::new(Kind::Atomic as u8, 3, 1, 7, 9)], b"");
    writer.push(&chunk).expect("room");
    writer.flush().expect("room");
    assert_eq!(TraceFile::open(&path).expect("a trace").len(), 1);
    for error in [add_section(&path, *b"SUMM", b"").err(), FileWriter::create(&path, &header()).err()] {
        assert_eq!(error.expect("refused").kind(), std::io::ErrorKind::WouldBlock);
    }
    assert_eq!(TraceFile::open(&path).expect("a trace").len(), 1);
}

/// More blocks than the writer keeps in mind.
#[test]
fn the_index_of_a_long_recording_is_written_in_parts() {
    let (_folder, path) = scratch();
    let mut writer = FileWriter::create(&path, &header()).expect("a file");
    let blocks = 9000;
    for n in 0..blocks {
        let worker = (n % 2) as u32;
        let records = [
            Record::new(Kind::Worker as u8, 0, 0, worker, 1 + worker),
            Record::new(Kind::Atomic as u8, 3, 1, 7, n as u32),
        ];
        writer.push(&Chunk::of(n * 2, n, TaskId(0), &records, b"")).expect("room");
        writer.flush().expect("room");
    }
    // The n-th event of a worker is in the block 2n (+ 1 for the second one).
    let stamp = |worker, count| Finding { event: Some(Stamp { worker, count }.number()), ..finding("stamped") };
    let findings = [stamp(0, 10), stamp(1, 2000), stamp(0, 2500), stamp(1, 4499), stamp(1, 4500), stamp(5, 0)];
    let written = writer.finish(ending(), &findings, &[(*b"SUMM", b"sums".to_vec())]).expect("room");
    assert_eq!((written.blocks, written.events, written.lost), (blocks, 2 * blocks, 0));
    let trace = TraceFile::open(&path).expect("a trace");
    assert_eq!(trace.warnings(), &[] as &[String]);
    assert_eq!((trace.blocks().len() as u64, trace.len()), (blocks, 2 * blocks));
    let events: Vec<_> = trace.findings().iter().map(|finding| finding.event).collect();
    assert_eq!(events, [Some(41), Some(8003), Some(10_001), Some(17_999), None, None]);
    let mut chunk = Chunk::new();
    for block in [0, 4095, 4096, 8999] {
        trace.read(block, &mut chunk).expect("whole");
        assert_eq!((chunk.first, chunk.records()[1].arg), (2 * block as u64, block as u32));
    }
    let offsets: Vec<u64> = trace.blocks().iter().map(|block| block.offset).collect();
    add_section(&path, *b"SUMM", b"new").expect("room");
    let again = TraceFile::open(&path).expect("a trace");
    assert_eq!(
        (again.warnings(), again.len(), again.section(*b"SUMM")),
        (&[] as &[String], 2 * blocks, Some(b"new".to_vec()))
    );
    assert_eq!(again.blocks().iter().map(|block| block.offset).collect::<Vec<_>>(), offsets);
    // Without its end it is looked through.
    let file = std::fs::read(&path).expect("it is there");
    std::fs::write(&path, &file[..file.len() - 1]).expect("a file");
    let cut = TraceFile::open(&path).expect("a trace");
    assert_eq!((cut.blocks().len() as u64, cut.len()), (blocks, 2 * blocks));
    assert!(cut.warnings()[0].contains("index is missing"), "{:?}", cut.warnings());
}
