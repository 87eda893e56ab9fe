//! A recorded trace of ten million events: how long it takes to open, and to draw at every zoom on a large screen.
//!
//! The trace is made anew in the folder for temporary files, some 30 MB; `VEX_BENCH_EVENTS` asks for another length.

use divan::Bencher;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tracer::about::{About, Ending};
use tracer::archive;
use tracer::file::{FileWriter, Header, SUMMARIES, TraceFile, add_section};
use tracer::finding::Verdict;
use tracer::store::Store;
use tracer::testing::large::{Shape, program, run};
use tui::draw::draw;
use tui::keys::Key;
use tui::session::{Description, Status};
use tui::state::State;
use tui::theme::Theme;
use tui::update::{Message, Progress, update};

fn main() {
    divan::main();
    if let Some(path) = TRACE.get() {
        let _ = std::fs::remove_file(path);
    }
}

static TRACE: OnceLock<PathBuf> = OnceLock::new();

/// The trace, with its summary.
fn trace() -> &'static PathBuf {
    TRACE.get_or_init(|| {
        let events = std::env::var("VEX_BENCH_EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000_000);
        let path = std::env::temp_dir().join(format!("vex-bench-{}.vxt", std::process::id()));
        let header = Header { about: About::default(), program: Arc::new(program()) };
        let mut writer = FileWriter::create(&path, &header).expect("a file");
        let shape = Shape { producers: 8, workers: 24, spawned: 1 };
        run(events, shape, |chunk| writer.push(chunk).expect("it is written"));
        let ending = Ending {
            verdict: Verdict::Ok,
            exit_code: 0,
            program_exit_code: Some(0),
            clock: 0,
            dropped: 0,
            note: String::new(),
        };
        writer.finish(ending, &[], &[]).expect("it is finished");
        let summary = archive::summarise(&open_file(&path), 2).expect("a summary");
        add_section(&path, SUMMARIES, &summary).expect("it is stored");
        path
    })
}

fn open_file(path: &Path) -> TraceFile {
    TraceFile::open(path).expect("a trace")
}

fn open() -> Store {
    archive::open(open_file(trace()), None, 2)
}

/// The screen that shows it.
fn shown() -> (State, Terminal<TestBackend>) {
    let size = (200, 60);
    let description = Description { title: "large.vex".to_string(), mode: String::new(), live: false, replay: None };
    let store = open();
    let program = Arc::clone(store.program());
    let mut state = State::new(description, program, Theme::FULL, size, 0);
    state.open(store);
    let ending = tui::session::Ending { verdict: Verdict::Ok, exit_code: 0, note: String::new() };
    let progress = Progress { status: Status::Finished(ending), findings: None, dropped: 0 };
    update(&mut state, Message::Progress(progress));
    (state, Terminal::new(TestBackend::new(size.0, size.1)).expect("a screen"))
}

fn frame(state: &mut State, terminal: &mut Terminal<TestBackend>, key: char) {
    update(state, Message::Key(Key::Char(key)));
    terminal.draw(|frame| draw(state, frame.buffer_mut())).expect("it is drawn");
}

/// Opens the trace and draws the first frame.
#[divan::bench(sample_count = 5)]
fn first_frame(bencher: Bencher) {
    trace();
    bencher.bench(|| {
        let (mut state, mut terminal) = shown();
        frame(&mut state, &mut terminal, '1');
    });
}

/// Makes the summary.
#[divan::bench(sample_count = 3)]
fn summarise(bencher: Bencher) {
    let file = open_file(trace());
    bencher.bench(|| archive::summarise(&file, 2).expect("a summary").len());
}

/// A frame of the timeline after so many steps of zooming in, moving on in each.
#[divan::bench(args = [0, 2, 4, 6, 8, 10, 12, 14, 16], sample_count = 30)]
fn redraw(bencher: Bencher, zooms: u32) {
    let (mut state, mut terminal) = shown();
    (0..zooms).for_each(|_| frame(&mut state, &mut terminal, '+'));
    let mut steps = 0u32;
    bencher.bench_local(|| {
        steps += 1;
        // Half a screen on, and back: what comes into view was not there before.
        frame(&mut state, &mut terminal, if (steps / 8).is_multiple_of(2) { 'H' } else { 'L' });
    });
}

/// A frame of each other view.
#[divan::bench(args = ['2', '3', '4', '6', '8', '9', '0'], sample_count = 30)]
fn view(bencher: Bencher, view: char) {
    let (mut state, mut terminal) = shown();
    bencher.bench_local(|| frame(&mut state, &mut terminal, view));
}
