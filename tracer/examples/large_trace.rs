//! Writes a made-up trace of any length: `cargo run --release -p tracer --example large_trace -- 10000000 /tmp/ten.vxt [TASKS]`.
//!
//! For measuring what large traces cost (`docs/performance.md`). With a third argument about so many tasks are spawned on the
//! way, else eight live from beginning to end. The file has no summary: `vex view` makes it.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use tracer::about::{About, Ending};
use tracer::file::{FileWriter, Header};
use tracer::finding::Verdict;
use tracer::testing::large::{Shape, program, run};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, events, path, rest @ ..] = &arguments[..] else {
        return Err("which number of events, and which file?".into());
    };
    let events: u64 = events.parse()?;
    let tasks: u64 = rest.first().map_or(Ok(0), |tasks| tasks.parse())?;
    let about =
        About { title: "large.vex".to_string(), language: "vex".to_string(), seed: Some(0), ..About::default() };
    let mut writer = FileWriter::create(Path::new(path), &Header { about, program: Arc::new(program()) })?;
    // A task that lives briefly takes about three events; an operation less than two.
    let spawned = (tasks * 1300 / events.max(1)) as u32;
    let mut written = Ok(());
    let mut clock = 0;
    run(events, Shape { producers: 3, workers: 4, spawned }, |chunk| {
        if written.is_ok() {
            written = writer.push(chunk);
        }
        clock = chunk.clock;
    });
    written?;
    let ending = Ending {
        verdict: Verdict::Ok,
        exit_code: 0,
        program_exit_code: Some(0),
        clock,
        dropped: 0,
        note: String::new(),
    };
    let written = writer.finish(ending, &[], &[])?;
    println!("{written:?}");
    Ok(())
}
