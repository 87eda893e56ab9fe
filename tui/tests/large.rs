//! A hundred thousand tasks: what a frame costs depends on what is visible, not on how much there is.

mod fixture;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracer::event::{Site, TaskId};
use tracer::inspect::{Coordinate, Inspection, TaskView};
use tracer::model::state::TaskState;
use tui::debugger::Look;
use tui::draw::draw;
use tui::keys::Key;
use tui::session::Status;
use tui::state::State;
use tui::theme::Theme;
use tui::update::{Message, Progress, update};
use tui::views::View;

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

/// A debugger stands in a long run among ten thousand tasks: looking at it, and going back in it.
#[test]
#[expect(clippy::disallowed_methods, reason = "measures the viewer, not a run")]
fn a_debugger_among_many_tasks_and_events_is_drawn_in_a_frame() {
    let trace = fixture::crowd(20_000);
    let mut program = (*trace.program).clone();
    program.files[0].text = "fn main() {\n    work()\n}\n".repeat(40).into();
    let mut state = State::new(trace.description(), Arc::new(program), Theme::FULL, (200, 60), 1 << 30);
    state.attach_debugger();
    state.view = View::Debug;
    for chunk in trace.chunks(4000) {
        state.take(&chunk);
    }
    let events = state.store.len();
    let status = Status::Paused;
    update(&mut state, Message::Progress(Progress { status, findings: Some(Vec::new()), dropped: 0 }));
    let tasks: Vec<TaskView> = (1..=10_000)
        .map(|id| TaskView {
            id: TaskId(id),
            name: format!("fan#{id}"),
            path: format!("main/fan.{id}"),
            state: TaskState::Ready,
            waits: String::new(),
            on: None,
            since: 0,
            place: "crowd.vex:6:9".into(),
            site: Site(id % 100),
            holds: Vec::new(),
        })
        .collect();
    let mut worst = Duration::ZERO;
    let mut measure = |what: &str, state: &mut State, message: Message| {
        let start = Instant::now();
        update(state, message);
        let updated = start.elapsed();
        let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
        draw(state, &mut buffer);
        println!("{what}: update {updated:?}, draw {:?}", start.elapsed() - updated);
        worst = worst.max(start.elapsed());
    };
    for event in [events, events / 2 + 7, events - 10_000, 20_000, events] {
        let at = Coordinate { step: event, event };
        let inspection = Inspection {
            at,
            frontier: Coordinate { step: events, event: events },
            selected: Some(TaskId(5_000)),
            tasks: tasks.clone(),
            ..Inspection::default()
        };
        let look = Look { inspection: Some(Arc::new(inspection)), ..Look::default() };
        measure(&format!("at {event} of {events}"), &mut state, Message::Debugger(look));
        for key in ['1', '4', '8', '0', 'D'] {
            measure(&format!("  {key}"), &mut state, Message::Key(Key::Char(key)));
        }
        measure("  down", &mut state, Message::Key(Key::Down));
    }
    assert!(worst < FRAME, "a frame took {worst:?}");
}
