//! A hundred thousand tasks: what a frame costs depends on what is visible, not on how much there is.

mod fixture;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::time::{Duration, Instant};
use tui::draw::draw;
use tui::keys::Key;
use tui::session::Status;
use tui::state::State;
use tui::theme::Theme;
use tui::update::{Message, Progress, update};

/// Far above what a frame takes (a few milliseconds), far below what looking at every task for every cell would.
const FRAME: Duration = Duration::from_millis(250);

#[test]
#[expect(clippy::disallowed_methods, reason = "measures the viewer, not a run")]
fn a_hundred_thousand_tasks_are_drawn_in_a_frame() {
    let trace = fixture::crowd(100_000);
    let mut state = State::new(trace.description(), trace.program.clone(), Theme::FULL, (200, 60), 1 << 30);
    let chunks = trace.chunks(4000);
    let start = Instant::now();
    for chunk in &chunks {
        state.take(chunk);
    }
    println!("{} events in {:?}", state.store.len(), start.elapsed());
    let status = Status::Finished(trace.ending.clone());
    let start = Instant::now();
    update(&mut state, Message::Progress(Progress { status, findings: Some(Vec::new()), dropped: 0 }));
    println!("first settle {:?}", start.elapsed());
    let keys = [
        Key::Down,
        Key::Enter,
        Key::PageDown,
        Key::Char('+'),
        Key::Char('t'),
        Key::Right,
        Key::End,
        Key::PageUp,
        Key::Char('n'),
        Key::Char('N'),
        Key::Char('g'),
        Key::Char('2'),
        Key::Char('4'),
        Key::Char('6'),
        Key::Left,
        Key::Char('8'),
        Key::Char('0'),
        Key::PageUp,
        Key::Char('9'),
        Key::Char('1'),
        Key::Char('z'),
    ];
    let mut worst = Duration::ZERO;
    for key in keys {
        let start = Instant::now();
        update(&mut state, Message::Key(key));
        let updated = start.elapsed();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
        draw(&state, &mut buffer);
        println!("{key:?}: update {updated:?}, draw {:?}", start.elapsed() - updated);
        worst = worst.max(start.elapsed());
    }
    assert!(worst < FRAME, "a frame took {worst:?}");
}
