//! Whole screens, drawn from runs made by hand: every view at three sizes and empty, without colours, in ASCII.

mod fixture;

use fixture::Trace;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;
use tracer::workers::WorkerStats;
use tui::draw::draw;
use tui::keys::Key;
use tui::session::Status;
use tui::state::State;
use tui::theme::{Charset, ColorDepth, Theme};
use tui::update::{Effect, Message, Mouse, Progress, Workers, update};

/// What an engine with so many workers says at two looks.
fn look_at_workers(state: &mut State, workers: u32, hardware: bool) {
    use tracer::counters::{Counter, Sample};
    for round in 1..=2u64 {
        let stats = (0..workers).map(|worker| {
            let n = u64::from(worker) + 1;
            let mut machine = Sample::default();
            machine.set(Counter::TaskClock, Some(round * 990_000_000));
            machine.set(Counter::ContextSwitches, Some(round * 20));
            machine.set(Counter::PageFaults, Some(round * 600));
            if hardware {
                machine.set(Counter::Cycles, Some(round * 3_000_000_000));
                machine.set(Counter::Instructions, Some(round * 7_100_000_000));
                machine.set(Counter::CacheMisses, Some(round * 4_300_000));
                machine.set(Counter::BranchMisses, Some(round * 18_000_000));
            }
            WorkerStats {
                worker,
                ticks: round * (406_000_000 - n * 3_000_000),
                switches: round * 6_000_000,
                steals: round * 6 * n,
                parks: round * n,
                wakes: round,
                queue: worker % 3,
                idle: false,
                machine,
            }
        });
        let no_counters = (!hardware).then(|| "No hardware counters: this virtual machine has none.".to_string());
        update(
            state,
            Message::Workers(Workers { stats: stats.collect(), seconds: 0.5, no_counters, behind: hardware }),
        );
    }
}

const SIZES: [(u16, u16); 3] = [(60, 15), (80, 24), (120, 40)];

fn state(trace: &Trace, size: (u16, u16), theme: Theme) -> State {
    State::new(trace.description(), trace.program.clone(), theme, size, 1 << 30)
}

/// The UI after the whole run has come in.
fn finished(trace: &Trace, size: (u16, u16)) -> State {
    let mut state = state(trace, size, Theme::FULL);
    for chunk in trace.chunks(4000) {
        update(&mut state, Message::Chunk(&chunk));
    }
    let status = Status::Finished(trace.ending.clone());
    update(&mut state, Message::Progress(Progress { status, findings: Some(trace.findings.clone()), dropped: 0 }));
    state
}

/// The UI after the whole run has come in, which is not known to be over.
fn running(trace: &Trace, size: (u16, u16)) -> State {
    let mut state = state(trace, size, Theme::FULL);
    for chunk in trace.chunks(4000) {
        update(&mut state, Message::Chunk(&chunk));
    }
    let progress = Progress { status: Status::Running, findings: Some(Vec::new()), dropped: 0 };
    update(&mut state, Message::Progress(progress));
    state
}

fn press(state: &mut State, keys: &[Key]) {
    for &key in keys {
        update(state, Message::Key(key));
    }
}

fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::Char).collect()
}

fn render(state: &State) -> (String, Buffer) {
    let mut terminal = Terminal::new(TestBackend::new(state.size.0, state.size.1)).unwrap();
    terminal.draw(|frame| draw(state, frame.buffer_mut())).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let row: String = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    (text, buffer)
}

fn check(name: &str, state: &State) {
    insta::assert_snapshot!(name, render(state).0);
}

/// One view of one run at every size, after some keys.
fn check_sizes(name: &str, trace: &Trace, keys: &[Key]) {
    for size in SIZES {
        let mut state = finished(trace, size);
        press(&mut state, keys);
        check(&format!("{name}_{}x{}", size.0, size.1), &state);
    }
}

#[test]
fn timeline() {
    check_sizes("timeline_philosophers", &fixture::philosophers(), &[Key::Down, Key::Down]);
    check_sizes("timeline_pool", &fixture::pool(), &[Key::Down, Key::Char('N'), Key::Char('N'), Key::Char('N')]);
}

#[test]
fn timeline_by_time_zoomed_in() {
    let keys = [Key::Char('t'), Key::Down, Key::Char('N'), Key::Char('+'), Key::Char('+'), Key::Char('+')];
    check_sizes("timeline_zoomed", &fixture::philosophers(), &keys);
}

#[test]
fn channels() {
    check_sizes("channels", &fixture::pool(), &[Key::Char('2'), Key::Down]);
}

#[test]
fn locks() {
    check_sizes("locks", &fixture::philosophers(), &[Key::Char('3'), Key::Down]);
}

#[test]
fn waits() {
    check_sizes("waits_deadlock", &fixture::philosophers(), &[Key::Char('4')]);
    check_sizes("waits_orphan", &fixture::pool(), &[Key::Char('!')]);
}

#[test]
fn waits_in_the_middle_of_a_run() {
    let mut keys = vec![Key::Char('4'), Key::Char(':')];
    keys.extend(typed("100"));
    keys.push(Key::Enter);
    check_sizes("waits_middle", &fixture::pool(), &keys);
}

#[test]
fn throughput() {
    for size in SIZES.into_iter().chain([(200, 60), (300, 100)]) {
        let mut state = running(&fixture::crowd(2_000), size);
        look_at_workers(&mut state, 2, false);
        press(&mut state, &[Key::Char('6'), Key::Down]);
        check(&format!("throughput_{}x{}", size.0, size.1), &state);
    }
}

#[test]
fn throughput_with_more_workers_than_fit() {
    for size in SIZES {
        let mut state = running(&fixture::pool(), size);
        look_at_workers(&mut state, 64, true);
        press(&mut state, &[Key::Char('6'), Key::PageDown, Key::PageDown]);
        check(&format!("throughput_workers_{}x{}", size.0, size.1), &state);
    }
}

#[test]
fn workers_have_lanes_of_their_own() {
    check_sizes("timeline_workers", &fixture::parallel(3), &[Key::Down]);
    // Too many for a lane each; unfolded they are only where there is room.
    let mut state = finished(&fixture::parallel(12), (120, 50));
    check("timeline_workers_folded", &state);
    press(&mut state, &[Key::Char('w')]);
    check("timeline_workers_unfolded", &state);
    update(&mut state, Message::Resize(120, 30));
    press(&mut state, &[Key::Char('t'), Key::Char('6')]);
    check("throughput_parallel", &state);
}

#[test]
fn throughput_of_a_run_that_is_over() {
    check_sizes("throughput_pool", &fixture::pool(), &[Key::Char('6'), Key::Left, Key::Left, Key::Down]);
}

#[test]
fn enter_on_an_operation_shows_its_events() {
    let mut state = finished(&fixture::pool(), (100, 30));
    press(&mut state, &[Key::Char('6'), Key::Down, Key::Enter]);
    assert_eq!(state.view, tui::views::View::Events);
    assert_eq!(state.events.filter.text(), "kind:=chan.recv|chan.send");
    let (text, _) = render(&state);
    assert!(text.contains("receives from jobs") && text.contains("sends to results"), "{text}");
    assert!(!text.contains("locks log"), "{text}");
    press(&mut state, &[Key::Backspace]);
    assert_eq!(state.view, tui::views::View::Throughput);
}

#[test]
fn the_moment_goes_through_the_run_and_rates_with_it() {
    let mut state = finished(&fixture::pool(), (100, 30));
    press(&mut state, &[Key::Char('6')]);
    let end = state.throughput.rates;
    press(&mut state, &[Key::Left; 30]);
    assert!(!state.follow);
    let middle = state.throughput.rates;
    assert!((0..end.len()).all(|row| middle[row].total <= end[row].total));
    assert!(middle[1].total > 0 && middle[1].total < end[1].total, "{middle:?}");
    press(&mut state, &[Key::Left; 100]);
    assert_eq!(state.selection.event, Some(0));
    press(&mut state, &[Key::Right; 200]);
    assert!(state.follow);
    assert_eq!(state.throughput.rates, end);
}

#[test]
fn source() {
    check_sizes("source", &fixture::philosophers(), &[Key::Char('!'), Key::Char('8')]);
}

#[test]
fn output() {
    check_sizes("output", &fixture::pool(), &[Key::Char('9'), Key::Up, Key::Up]);
}

#[test]
fn events() {
    check_sizes("events", &fixture::pool(), &[Key::Char('0'), Key::PageUp]);
}

#[test]
fn events_filtered() {
    let mut keys = vec![Key::Char('0'), Key::Char('/')];
    keys.extend(typed("task:worker kind:blocked"));
    keys.push(Key::Enter);
    check_sizes("events_filtered", &fixture::pool(), &keys);
}

#[test]
fn help() {
    check_sizes("help", &fixture::pool(), &[Key::Char('?')]);
}

#[test]
fn a_thousand_tasks_fold_into_a_group() {
    check_sizes("group", &fixture::crowd(1000), &[Key::Down]);
}

#[test]
fn empty_views_say_what_would_fill_them() {
    let trace = fixture::play("empty.vex", &["main"], "", Vec::new());
    let description = trace.description();
    for (name, key) in [
        ("timeline", '1'),
        ("channels", '2'),
        ("locks", '3'),
        ("waits", '4'),
        ("throughput", '6'),
        ("source", '8'),
        ("output", '9'),
        ("events", '0'),
    ] {
        let mut state = State::new(description.clone(), trace.program.clone(), Theme::FULL, (80, 24), 1 << 30);
        press(&mut state, &[Key::Char(key)]);
        check(&format!("empty_{name}"), &state);
    }
}

#[test]
fn a_paused_run_says_so_and_how_to_go_on() {
    let trace = fixture::pool();
    let mut state = state(&trace, (100, 20), Theme::FULL);
    for chunk in trace.chunks(10).iter().take(12) {
        update(&mut state, Message::Chunk(chunk));
    }
    update(
        &mut state,
        Message::Progress(Progress { status: Status::Running, findings: Some(Vec::new()), dropped: 17 }),
    );
    update(&mut state, Message::Rate(51_234.0));
    check("running", &state);
    let step = update(&mut state, Message::Key(Key::Char(' ')));
    assert_eq!(step.effects, [Effect::Request(tui::session::Request::Pause)]);
    update(&mut state, Message::Progress(Progress { status: Status::Paused, findings: Some(Vec::new()), dropped: 17 }));
    press(&mut state, &[Key::Char('<')]);
    check("paused", &state);
}

#[test]
fn too_small_a_screen_says_so() {
    for size in [(59, 15), (60, 14), (20, 3), (1, 1)] {
        let state = finished(&fixture::pool(), size);
        let text = render(&state).0;
        assert!(size.0 < 20 || text.contains("vex needs"), "{text}");
    }
}

#[test]
fn without_colours_glyphs_say_it_all() {
    let theme = Theme { depth: ColorDepth::None, charset: Charset::Unicode };
    for key in ['1', '2', '3', '4', '6', '8', '9', '0', '?'] {
        let mut with = finished(&fixture::pool(), (100, 30));
        let mut without = finished(&fixture::pool(), (100, 30));
        without.theme = theme;
        press(&mut with, &[Key::Char(key)]);
        press(&mut without, &[Key::Char(key)]);
        let (text, buffer) = render(&without);
        assert_eq!(text, render(&with).0);
        let plain = buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset);
        assert!(plain, "view {key} has colours");
    }
}

#[test]
fn in_ascii_every_cell_is_ascii() {
    for (name, key) in [
        ("timeline", '1'),
        ("channels", '2'),
        ("waits", '4'),
        ("throughput", '6'),
        ("source", '8'),
        ("events", '0'),
        ("help", '?'),
    ] {
        let mut state = finished(&fixture::philosophers(), (80, 24));
        if key == '2' {
            state = finished(&fixture::pool(), (80, 24));
        }
        state.theme.charset = Charset::Ascii;
        press(&mut state, &[Key::Char(key)]);
        let (text, _) = render(&state);
        assert!(text.is_ascii(), "{text}");
        insta::assert_snapshot!(format!("ascii_{name}"), text);
    }
}

#[test]
fn a_click_goes_where_it_points() {
    let trace = fixture::pool();
    let mut state = finished(&trace, (100, 30));
    let (text, _) = render(&state);
    // A tab.
    let column = text.lines().nth(1).unwrap().find("Channels").unwrap() as u16;
    update(&mut state, Message::Mouse(Mouse::Click, column, 1));
    assert_eq!(state.view, tui::views::View::Channels);
    // A row.
    update(&mut state, Message::Mouse(Mouse::Click, 10, 5));
    assert_eq!(state.object_name(state.selection.object.unwrap()), "results");
    // A cell of a lane: the task and the moment.
    press(&mut state, &[Key::Char('1')]);
    update(&mut state, Message::Mouse(Mouse::Click, 40, 5));
    assert_eq!(state.task_name(state.selection.task.unwrap()), "worker#1");
    let moment = state.selection.event.unwrap();
    assert!(moment > 20 && moment < 200, "{moment}");
    assert!(!state.follow);
}

#[test]
fn moving_leaves_follow_mode_and_f_takes_it_up() {
    let trace = fixture::pool();
    let mut state = finished(&trace, (100, 30));
    assert!(state.follow);
    press(&mut state, &[Key::Left]);
    assert!(!state.follow);
    let held = state.selection.event;
    // What comes in later changes nothing that is looked at.
    update(&mut state, Message::Rate(1.0));
    assert_eq!(state.selection.event, held);
    press(&mut state, &[Key::Char('f')]);
    assert!(state.follow && state.selection.event.is_none());
}

#[test]
fn enter_and_backspace_go_there_and_back() {
    let mut state = finished(&fixture::philosophers(), (100, 30));
    press(&mut state, &[Key::Down, Key::Enter]);
    assert_eq!(state.view, tui::views::View::Source);
    assert_eq!(state.selection.line, Some((0, 19)));
    press(&mut state, &[Key::Backspace]);
    assert_eq!(state.view, tui::views::View::Timeline);
    press(&mut state, &[Key::Char('0'), Key::Char('4'), Key::Backspace, Key::Backspace]);
    assert_eq!(state.view, tui::views::View::Timeline);
}

#[test]
fn the_cause_of_a_wake_up_is_the_event_that_woke() {
    let mut state = finished(&fixture::pool(), (100, 30));
    press(&mut state, &[Key::Char(':')]);
    press(&mut state, &typed("228"));
    press(&mut state, &[Key::Enter, Key::Char('c')]);
    let cause = state.store.event(state.moment()).unwrap();
    assert_eq!(tui::wording::sentence(&state, &cause), "worker#3 sends to results, wakes main");
}

#[test]
fn next_and_previous_walk_the_events_of_one_task() {
    let mut state = finished(&fixture::pool(), (100, 30));
    press(&mut state, &[Key::Down]);
    let task = state.selection.task.unwrap();
    let mut seen = Vec::new();
    for _ in 0..500 {
        press(&mut state, &[Key::Char('N')]);
        seen.push(state.moment());
        if state.notice.is_some() {
            break;
        }
    }
    seen.dedup();
    let own: Vec<u64> = state
        .store
        .events(0..state.store.len())
        .filter(|event| tui::wording::actor(event) == Some(task))
        .map(|event| event.ordinal)
        .collect();
    assert!(seen.iter().rev().eq(&own), "{seen:?}\n{own:?}");
    let mut forward = vec![state.moment()];
    for _ in 0..own.len() {
        press(&mut state, &[Key::Char('n')]);
        forward.push(state.moment());
    }
    forward.dedup();
    assert_eq!(forward, own);
}

#[test]
fn slow_motion_goes_down_to_one_event_a_second_and_back() {
    let trace = fixture::pool();
    let mut state = state(&trace, (80, 24), Theme::FULL);
    update(&mut state, Message::Progress(Progress { status: Status::Running, findings: Some(Vec::new()), dropped: 0 }));
    let mut rates = Vec::new();
    for key in std::iter::repeat_n('<', 9).chain(std::iter::repeat_n('>', 20)) {
        for effect in update(&mut state, Message::Key(Key::Char(key))).effects {
            if let Effect::Request(tui::session::Request::Rate(rate)) = effect {
                rates.push(rate);
            }
        }
    }
    assert_eq!(rates.first(), Some(&Some(100)));
    assert!(rates.contains(&Some(1)));
    assert_eq!(rates.last(), Some(&None));
}
