//! Any keys, clicks, sizes and chunks in any order: the UI never panics, and draws every frame.

mod fixture;

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::LazyLock;
use tracer::chunk::Chunk;
use tracer::workers::WorkerStats;
use tui::commands::Command;
use tui::draw::draw;
use tui::keys::Key;
use tui::session::Status;
use tui::state::State;
use tui::theme::{Charset, ColorDepth, Theme};
use tui::update::{Message, Mouse, Progress, Workers, update};

#[derive(Clone, Debug)]
enum Act {
    Key(Key),
    Type(String),
    Mouse(u8, u16, u16),
    Resize(u16, u16),
    Feed(usize),
    Finish,
    Draw,
    Workers(u32, u64),
}

static RUNS: LazyLock<Vec<(fixture::Trace, Vec<Chunk>)>> = LazyLock::new(|| {
    [fixture::philosophers(), fixture::pool(), fixture::crowd(60), fixture::parallel(11)]
        .into_iter()
        .map(|trace| {
            let chunks = trace.chunks(7);
            (trace, chunks)
        })
        .collect()
});

fn keys() -> impl Strategy<Value = Key> {
    let all: Vec<Key> = Command::ALL.iter().flat_map(|command| command.keys().iter().copied()).collect();
    prop_oneof![proptest::sample::select(all), any::<char>().prop_map(Key::Char), Just(Key::Delete)]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => keys().prop_map(Act::Key),
        1 => "[ -~µ]{0,12}".prop_map(Act::Type),
        2 => (0u8..8, 0u16..320, 0u16..110).prop_map(|(what, x, y)| Act::Mouse(what, x, y)),
        1 => (0u16..300, 0u16..100).prop_map(|(x, y)| Act::Resize(x, y)),
        1 => (60u16..130, 15u16..45).prop_map(|(x, y)| Act::Resize(x, y)),
        3 => (1usize..20).prop_map(Act::Feed),
        1 => Just(Act::Finish),
        2 => Just(Act::Draw),
        1 => (0u32..70, any::<u64>()).prop_map(|(workers, seed)| Act::Workers(workers, seed)),
    ]
}

fn show(state: &State) {
    let mut buffer = Buffer::empty(Rect::new(0, 0, state.size.0, state.size.1));
    draw(state, &mut buffer);
    if state.theme.charset == Charset::Ascii {
        assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
    }
}

fn play(run: usize, ascii: bool, acts: Vec<Act>) {
    let (trace, chunks) = &RUNS[run];
    let theme = match ascii {
        true => Theme { depth: ColorDepth::None, charset: Charset::Ascii },
        false => Theme::FULL,
    };
    let mut state = State::new(trace.description(), trace.program.clone(), theme, (80, 24), 1 << 30);
    let mut feed = chunks.iter();
    for act in acts {
        match act {
            Act::Key(key) => {
                update(&mut state, Message::Key(key));
            }
            Act::Type(text) => {
                for key in text.chars().map(Key::Char).chain([Key::Enter]) {
                    update(&mut state, Message::Key(key));
                }
            }
            Act::Mouse(what, x, y) => {
                let mouse = match what {
                    0..3 => Mouse::Click,
                    3 => Mouse::Wheel(1),
                    4 => Mouse::Wheel(-1),
                    5 => Mouse::Sideways(-1),
                    6 => Mouse::Zoom(true),
                    _ => Mouse::Zoom(false),
                };
                update(&mut state, Message::Mouse(mouse, x, y));
            }
            Act::Resize(columns, rows) => {
                update(&mut state, Message::Resize(columns, rows));
            }
            Act::Feed(count) => {
                for chunk in feed.by_ref().take(count) {
                    update(&mut state, Message::Chunk(chunk));
                }
                update(
                    &mut state,
                    Message::Progress(Progress { status: Status::Running, findings: Some(Vec::new()), dropped: 0 }),
                );
            }
            Act::Finish => {
                for chunk in feed.by_ref() {
                    update(&mut state, Message::Chunk(chunk));
                }
                let status = Status::Finished(trace.ending.clone());
                update(
                    &mut state,
                    Message::Progress(Progress { status, findings: Some(trace.findings.clone()), dropped: 3 }),
                );
            }
            Act::Draw => show(&state),
            Act::Workers(workers, seed) => {
                let stats = (0..workers).map(|worker| WorkerStats {
                    worker,
                    ticks: seed,
                    steals: seed.rotate_left(worker),
                    queue: worker,
                    ..WorkerStats::default()
                });
                let stats = Workers { stats: stats.collect(), seconds: (seed % 3) as f64, ..Workers::default() };
                update(&mut state, Message::Workers(stats));
            }
        }
        show(&state);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_a_user_does_panics(run in 0usize..4, ascii in any::<bool>(), acts in prop::collection::vec(acts(), 1..60)) {
        play(run, ascii, acts);
    }
}
