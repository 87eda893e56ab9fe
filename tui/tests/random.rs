//! Any keys, clicks, sizes and chunks in any order: the UI never panics, and draws every frame.

mod fixture;

use fixture::fake::Fake;
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::LazyLock;
use tracer::chunk::Chunk;
use tracer::workers::WorkerStats;
use tui::commands::Command;
use tui::debugger::Look;
use tui::draw::draw;
use tui::keys::Key;
use tui::session::{Session, Status};
use tui::state::State;
use tui::theme::{Charset, ColorDepth, Theme};
use tui::update::{Effect, Message, Mouse, Progress, Workers, update};
use tui::views::View;

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

/// The same in a debugger, which answers at once or takes its time.
fn play_debugger(run: usize, ascii: bool, acts: Vec<Act>) {
    let (trace, _) = &RUNS[run];
    let mut session = Fake::new(trace.clone());
    let theme = match ascii {
        true => Theme { depth: ColorDepth::None, charset: Charset::Ascii },
        false => Theme::FULL,
    };
    let mut state = State::new(session.description(), session.program(), theme, (80, 24), 1 << 30);
    state.attach_debugger();
    state.view = View::Debug;
    let mut revision = session.revision();
    for act in acts {
        let messages = match act {
            Act::Key(key) => vec![Message::Key(key)],
            Act::Type(text) => text.chars().map(Key::Char).chain([Key::Enter]).map(Message::Key).collect(),
            Act::Mouse(what, x, y) => vec![Message::Mouse(mouse(what), x, y)],
            Act::Resize(columns, rows) => vec![Message::Resize(columns, rows)],
            Act::Draw => vec![Message::Key(Key::Char('D'))],
            // The debugger becomes slow, and then does what has been asked for.
            Act::Feed(_) => {
                session.slow = !session.slow;
                session.work();
                Vec::new()
            }
            Act::Finish => ":continue".chars().map(|c| Message::Key(Key::Char(c))).collect(),
            Act::Workers(..) => Vec::new(),
        };
        let mut effects: Vec<Effect> =
            messages.into_iter().flat_map(|message| update(&mut state, message).effects).collect();
        for _ in 0..4 {
            for effect in effects.drain(..) {
                if let Effect::Request(request) = effect {
                    session.request(request);
                }
            }
            if revision != session.revision() {
                revision = session.revision();
                update(&mut state, Message::Forked);
            }
            session.drain(&mut |chunk| {
                update(&mut state, Message::Chunk(chunk));
                true
            });
            let progress = Progress { status: session.status(), findings: Some(session.findings()), dropped: 0 };
            update(&mut state, Message::Progress(progress));
            let look = Look { inspection: session.debug(), busy: session.busy(), answers: session.answers() };
            effects = update(&mut state, Message::Debugger(look)).effects;
            show(&state);
            if effects.is_empty() {
                break;
            }
        }
    }
}

fn mouse(what: u8) -> Mouse {
    match what {
        0..3 => Mouse::Click,
        3 => Mouse::Wheel(1),
        4 => Mouse::Wheel(-1),
        5 => Mouse::Sideways(-1),
        6 => Mouse::Zoom(true),
        _ => Mouse::Zoom(false),
    }
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
                update(&mut state, Message::Mouse(mouse(what), x, y));
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

    #[test]
    fn nor_in_a_debugger(run in 0usize..3, ascii in any::<bool>(), acts in prop::collection::vec(acts(), 1..60)) {
        play_debugger(run, ascii, acts);
    }
}
