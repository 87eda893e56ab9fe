//! Small trace files of each version of the format, as they were written then: they are read for ever.
//!
//! Beside each stands what it must read as. `samples/README.md` says how they were made; a file that has been committed is never
//! made again.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracer::dump::dump;
use tracer::file::TraceFile;
use tracer::store::Store;
use tracer::trace::Trace;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")
}

/// Everything that a trace says, as text.
fn text(path: &Path) -> String {
    let trace = TraceFile::open(path).expect("a trace");
    let mut out = String::new();
    let about = serde_json::to_string(trace.about()).expect("a document");
    let ending = serde_json::to_string(&trace.ending()).expect("a document");
    writeln!(out, "about: {about}\nending: {ending}\nfindings: {}", trace.findings().len()).expect("memory");
    for finding in trace.findings() {
        writeln!(out, "  {}", serde_json::to_string(finding).expect("a document")).expect("memory");
    }
    for block in trace.blocks() {
        let (first, events, worker, task) = (block.first, block.events, block.worker, block.task.0);
        writeln!(
            out,
            "block: {events} from {first}, clock {}..{}, worker {worker}, task {task}",
            block.clock, block.end_clock
        )
        .expect("memory");
    }
    let program = trace.program();
    writeln!(out, "program: {} files, {} functions", program.files.len(), program.functions.len()).expect("memory");
    let mut store = Store::new(Arc::clone(program));
    trace.each(&mut |chunk| store.push(chunk)).expect("readable");
    assert_eq!((trace.damaged(), store.damaged()), (0, 0));
    let mut lines = Vec::new();
    dump(&store, store.first()..store.len(), &mut lines).expect("memory");
    out + &String::from_utf8(lines).expect("text")
}

#[test]
fn samples_of_every_version_are_read_as_they_always_were() {
    let mut read = 0;
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder()).expect("samples").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "vxt")) {
        let expected = path.with_extension("txt");
        let text = text(path);
        if std::env::var_os("VEX_NEW_SAMPLE").is_some() && !expected.exists() {
            std::fs::write(&expected, &text).expect("a file");
        }
        let expected = std::fs::read_to_string(&expected).expect("what it must read as");
        for (number, (is, should)) in text.lines().zip(expected.lines()).enumerate() {
            assert_eq!(is, should, "{} line {}", path.display(), number + 1);
        }
        assert_eq!(text.lines().count(), expected.lines().count(), "{}", path.display());
        read += 1;
    }
    assert!(read >= 4, "{read}");
}
