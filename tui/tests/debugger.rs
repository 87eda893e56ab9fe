//! The Debug view and the other views in a debugger, against one that only pretends: every screen, every key, forks.

mod fixture;

use fixture::fake::Fake;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use tui::commands::{Command, Group};
use tui::debugger::Look;
use tui::draw::draw;
use tui::keys::Key;
use tui::session::{Request, Session};
use tui::state::State;
use tui::theme::{Charset, ColorDepth, Theme};
use tui::update::{Effect, Message, Mouse, Progress, update};
use tui::views::View;
use tui::views::debug::places::Pane;

const SIZES: [(u16, u16); 4] = [(60, 15), (80, 24), (120, 40), (200, 60)];

/// The UI and its debugger, put together as the event loop does.
struct Ui {
    state: State,
    session: Fake,
    revision: u64,
}

impl Ui {
    fn new(trace: fixture::Trace, size: (u16, u16)) -> Ui {
        let session = Fake::new(trace);
        let mut state = State::new(session.description(), session.program(), Theme::FULL, size, 1 << 30);
        state.attach_debugger();
        state.view = View::Debug;
        let mut ui = Ui { state, session, revision: 0 };
        ui.pump();
        ui
    }

    /// Looks at the session until it has nothing new.
    fn pump(&mut self) {
        for _ in 0..100 {
            if self.revision != self.session.revision() {
                self.revision = self.session.revision();
                update(&mut self.state, Message::Forked);
            }
            let state = &mut self.state;
            let more = self.session.drain(&mut |chunk| {
                update(state, Message::Chunk(chunk));
                true
            });
            let progress =
                Progress { status: self.session.status(), findings: Some(self.session.findings()), dropped: 0 };
            update(&mut self.state, Message::Progress(progress));
            let look =
                Look { inspection: self.session.debug(), busy: self.session.busy(), answers: self.session.answers() };
            let effects = update(&mut self.state, Message::Debugger(look)).effects;
            if effects.is_empty() && !more {
                return;
            }
            self.act(effects);
        }
        panic!("the session never comes to rest");
    }

    fn act(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Request(request) => self.session.request(request),
                Effect::Complete(line) => {
                    update(&mut self.state, Message::Completions(self.session.complete(&line)));
                }
                _ => {}
            }
        }
    }

    /// Presses keys; gives what was asked of the session by them.
    fn press(&mut self, keys: &[Key]) -> Vec<Request> {
        let before = self.session.asked.len();
        for &key in keys {
            let effects = update(&mut self.state, Message::Key(key)).effects;
            self.act(effects);
            self.pump();
        }
        self.session.asked[before..].to_vec()
    }

    fn keys(&mut self, keys: &str) -> Vec<Request> {
        self.press(&keys.chars().map(Key::Char).collect::<Vec<_>>())
    }

    /// Types a command line.
    fn line(&mut self, line: &str) -> Vec<Request> {
        self.keys(":");
        self.keys(line);
        self.press(&[Key::Enter])
    }

    fn mouse(&mut self, mouse: Mouse, x: u16, y: u16) {
        let effects = update(&mut self.state, Message::Mouse(mouse, x, y)).effects;
        self.act(effects);
        self.pump();
    }

    fn event(&self) -> u64 {
        self.state.inspection().unwrap().at.event
    }
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

/// One story at every size.
fn check(name: &str, trace: impl Fn() -> fixture::Trace, story: impl Fn(&mut Ui)) {
    for size in SIZES {
        let mut ui = Ui::new(trace(), size);
        story(&mut ui);
        insta::assert_snapshot!(format!("{name}_{}x{}", size.0, size.1), render(&ui.state).0);
    }
}

/// What a command of the debugger's keys asks for, where the run stands in a worker's line and where somebody is to be chosen. The
/// rest of them changes only what is shown.
const ASKS: &[(Command, &str)] = &[
    (Command::StepInstruction, "step"),
    (Command::InstructionBack, "back step"),
    (Command::StepLine, "line"),
    (Command::LineBack, "back line"),
    (Command::Over, "over"),
    (Command::OverBack, "back over"),
    (Command::Out, "out"),
    (Command::OutBack, "back out"),
    (Command::RunTask, "run"),
    (Command::NextEvent, "event"),
    (Command::EventBack, "back event"),
    (Command::Switch, "switch"),
    (Command::SwitchBack, "back switch"),
    (Command::Continue, "continue"),
    (Command::ContinueBack, "back continue"),
    (Command::Preempt, "preempt"),
    (Command::Undo, "undo"),
    (Command::Breakpoint, "break pool.vex:25"),
    (Command::Watch, "watch id"),
    (Command::LastWrite, "back write id"),
    (Command::Earlier, "goto 38"),
    (Command::Later, "goto 42"),
    (Command::Beginning, "start"),
    (Command::Frontier, "end"),
];

/// Those that ask for nothing by themselves.
const SILENT: &[Command] = &[
    Command::Alone,
    Command::Moves,
    Command::PickMove,
    Command::SetVariable,
    Command::GoToEvent,
    Command::Here,
    Command::Type,
    Command::Console,
    Command::NextPane,
    Command::LastPane,
    Command::FoldLeft,
    Command::UnfoldRight,
];

#[test]
fn every_key_of_the_table_asks_for_its_command() {
    for &command in Command::ALL.iter().filter(|command| command.group() == Group::Debugger) {
        let asks = ASKS.iter().find(|row| row.0 == command).map(|row| row.1);
        assert!(asks.is_some() != SILENT.contains(&command), "{command:?} is in one of the lists");
        for &key in command.keys() {
            let mut ui = Ui::new(fixture::pool(), (100, 30));
            ui.keys("c");
            ui.line("goto 40");
            ui.press(&[Key::Esc]);
            ui.state.selection.line = Some((0, 25));
            assert_eq!(ui.press(&[key]), asks.map_or(Vec::new(), asked), "{command:?}");
        }
    }
}

#[test]
fn steps_can_be_of_the_selected_task_alone() {
    let mut ui = Ui::new(fixture::pool(), (100, 30));
    ui.keys("a");
    for (key, line) in [("s", "step alone"), ("l", "line alone"), ("n", "over alone"), ("o", "out alone")] {
        assert_eq!(ui.keys(key), asked(line));
    }
    assert!(render(&ui.state).0.contains("alone"));
    assert_eq!(ui.keys("S"), asked("back step"));
    ui.keys("a");
    assert_eq!(ui.keys("s"), asked("step"));
}

#[test]
fn moves_are_picked_by_number_by_cursor_and_with_the_mouse() {
    let mut ui = Ui::new(fixture::pool(), (100, 30));
    ui.keys("www");
    assert!(ui.state.inspection().unwrap().moves.len() > 2);
    // Before the list has the keys digits open views.
    ui.keys("2");
    assert_eq!(ui.state.view, View::Channels);
    ui.keys("D");
    assert_eq!(ui.keys("p"), []);
    assert_eq!(ui.state.debug.focus, Pane::Moves);
    assert_eq!(ui.keys("9"), []);
    assert!(ui.state.notice.as_ref().unwrap().contains("3 moves"), "{:?}", ui.state.notice);
    assert_eq!(ui.keys("2"), asked("pick 2"));
    assert_eq!(ui.state.inspection().unwrap().choices, 1);
    assert_eq!(ui.keys("u"), asked("undo"));
    ui.press(&[Key::Down]);
    assert_eq!(ui.press(&[Key::Enter]), asked("pick 2"));
    ui.keys("u");
    ui.press(&[Key::Down, Key::Down]);
    assert_eq!(ui.keys("p"), asked("pick 3"));
    ui.keys("u");
    // A click puts the cursor there.
    let text = render(&ui.state).0;
    let row = text.lines().position(|line| line.contains("2 watcher#1")).unwrap() as u16;
    ui.mouse(Mouse::Click, 60, row);
    assert_eq!(ui.state.debug.chosen_move, 1);
    // Where nobody is to be chosen Enter says so, and digits open views again.
    ui.keys("e");
    ui.press(&[Key::Enter]);
    assert!(ui.state.notice.as_ref().unwrap().contains("nobody is to be chosen"));
    ui.keys("4");
    assert_eq!(ui.state.view, View::Waits);
}

#[test]
fn a_breakpoint_is_set_and_removed_with_one_key_here_and_in_the_source() {
    let mut ui = Ui::new(fixture::pool(), (100, 30));
    ui.state.selection.line = Some((0, 28));
    assert_eq!(ui.keys("b"), asked("break pool.vex:28"));
    ui.keys("8");
    assert!(render(&ui.state).0.contains("●· 28"), "{}", render(&ui.state).0);
    assert_eq!(ui.keys("b"), asked("delete 1"));
    assert!(render(&ui.state).0.contains(" · 28"), "{}", render(&ui.state).0);
}

#[test]
fn tasks_frames_and_variables_are_chosen_in_their_panes() {
    let mut ui = Ui::new(fixture::pool(), (120, 40));
    ui.line("goto 60");
    ui.press(&[Key::Esc]);
    while ui.state.debug.focus != Pane::Tasks {
        ui.press(&[Key::Tab]);
    }
    assert_eq!(ui.press(&[Key::Down]), asked("task worker#1"));
    assert_eq!(ui.state.task_name(ui.state.selection.task.unwrap()), "worker#1");
    // Its place is what the source shows.
    assert_eq!(ui.state.selection.line, Some((0, 28)));
    ui.press(&[Key::BackTab, Key::BackTab]);
    assert_eq!(ui.state.debug.focus, Pane::Stack);
    assert_eq!(ui.press(&[Key::Down]), asked("frame 1"));
    assert_eq!(ui.press(&[Key::Down]), []);
    assert_eq!(ui.state.selection.line, Some((0, 14)));
    ui.press(&[Key::BackTab]);
    assert_eq!(ui.state.debug.focus, Pane::Variables);
    // The second one's first part, and that one's field.
    ui.press(&[Key::Down, Key::Right, Key::Down, Key::Right, Key::Down]);
    assert_eq!(ui.keys("t"), asked("watch jobs[0].id"));
    ui.keys("=");
    assert_eq!(ui.state.prompt.as_ref().unwrap().text, "set jobs[0].id = ");
    ui.keys("3");
    assert_eq!(ui.press(&[Key::Enter]), asked("set jobs[0].id = 3"));
    // A task picked in another view is the debugger's when one comes back.
    ui.press(&[Key::Esc, Key::Char('1'), Key::Down]);
    assert_eq!(ui.state.task_name(ui.state.selection.task.unwrap()), "worker#2");
    assert_eq!(ui.keys("D"), asked("task worker#2"));
}

#[test]
fn a_variable_that_changed_says_so() {
    let mut ui = Ui::new(fixture::pool(), (120, 40));
    ui.line("goto 40");
    ui.press(&[Key::Esc]);
    assert!(!render(&ui.state).0.contains("← new"));
    ui.keys("ee");
    assert!(render(&ui.state).0.contains("job: Job = Job { id: 7 } ← new"), "{}", render(&ui.state).0);
    ui.keys("e");
    assert!(!render(&ui.state).0.contains("← new"));
}

#[test]
fn views_stand_where_the_run_stands_and_what_lies_ahead_is_dimmed() {
    let mut ui = Ui::new(fixture::pool(), (100, 30));
    ui.keys("c");
    assert_eq!(ui.state.moment(), ui.state.store.newest());
    ui.keys("CEEE");
    ui.line("goto 60");
    assert_eq!((ui.state.moment(), ui.state.follow, ui.event()), (59, true, 60));
    assert_eq!(ui.state.future(), Some(60));
    ui.press(&[Key::Esc, Key::Char('0')]);
    let (text, buffer) = render(&ui.state);
    let dim = |y: usize| buffer[(20, y as u16)].modifier.contains(Modifier::DIM);
    let row = |event: &str| text.lines().position(|line| line.contains(event)).unwrap();
    assert!(!dim(row("   58 ")) && !dim(row("   59 ")) && dim(row("   60 ")) && dim(row("   63 ")));
    ui.keys("1");
    let (text, buffer) = render(&ui.state);
    let y = text.lines().position(|line| line.contains("worker#1")).unwrap() as u16;
    let cells: Vec<_> = (13..70).map(|x| buffer[(x, y)].modifier).collect();
    let line = cells.iter().position(|cell| cell.contains(Modifier::REVERSED)).unwrap();
    assert!(cells[..line].iter().all(|cell| !cell.contains(Modifier::DIM)));
    assert!(cells[line + 1..].iter().all(|cell| cell.contains(Modifier::DIM)));
    // Looking elsewhere leaves the run where it is; G brings it along.
    ui.press(&[Key::Left, Key::Left]);
    assert!(!ui.state.follow && ui.event() == 60);
    let moment = ui.state.moment();
    assert_eq!(ui.keys("G"), asked(&format!("goto {}", moment + 1)));
    assert_eq!((ui.state.moment(), ui.state.follow), (moment, true));
    // In the log Enter does.
    ui.keys("0");
    ui.press(&[Key::Down, Key::Down]);
    assert_eq!(ui.press(&[Key::Enter]), asked(&format!("goto {}", moment + 3)));
    assert_eq!((ui.state.moment(), ui.state.view), (moment + 2, View::Events));
    // And steps are to be had everywhere.
    assert_eq!(ui.keys("."), asked("event"));
    assert_eq!(ui.keys(" "), asked("continue"));
}

#[test]
fn a_task_picked_in_another_view_stays_picked_while_another_is_stepped() {
    let mut ui = Ui::new(fixture::pool(), (100, 30));
    ui.line("goto 38");
    ui.press(&[Key::Esc, Key::Char('1'), Key::Down]);
    let picked = ui.state.selection.task;
    assert_ne!(picked, ui.state.inspection().unwrap().selected);
    ui.keys("..");
    assert_eq!((ui.state.selection.task, ui.event()), (picked, 40));
    // Unless the debugger turns to somebody else.
    ui.keys("................");
    assert_eq!(ui.state.selection.task, ui.state.inspection().unwrap().selected);
}

#[test]
fn a_fork_keeps_the_view_and_the_selection_and_forgets_what_lay_ahead() {
    for view in ['D', '1', '2', '4', '6', '8', '9', '0'] {
        let mut ui = Ui::new(fixture::pool(), (100, 30));
        ui.keys("c");
        ui.line("goto 16");
        ui.press(&[Key::Esc, Key::Char(view)]);
        let before = ui.state.view;
        assert_eq!(ui.state.store.len(), 235);
        let task = ui.state.inspection().unwrap().moves[1].task;
        let effects = {
            // As the key for it would, from any view.
            ui.state.ask_debugger("pick 2".into(), false);
            std::mem::take(&mut ui.state.requests)
        };
        ui.act(effects.into_iter().map(Effect::Request).collect());
        ui.pump();
        assert_eq!((ui.revision, ui.state.store.len(), ui.state.view), (1, 17, before), "{view}");
        assert_eq!((ui.state.future(), ui.state.moment()), (None, 16));
        assert!(ui.state.selection.task.is_some() && task.is_some());
        assert!(ui.state.findings.is_empty());
        render(&ui.state);
        ui.keys("D");
        ui.keys("c");
        assert_eq!(ui.state.store.len(), 235);
    }
}

#[test]
fn the_bar_is_clicked_dragged_and_moved_along() {
    let mut ui = Ui::new(fixture::pool(), (100, 30));
    ui.keys("c");
    let y = 28;
    ui.mouse(Mouse::Click, 40, y);
    let there = ui.event();
    assert!((100..108).contains(&there), "{there}");
    // What is dragged over while the debugger is busy is not gone to; the last place is.
    ui.session.slow = true;
    let before = ui.session.asked.len();
    for x in 41..60 {
        ui.mouse(Mouse::Click, x, y);
    }
    assert_eq!(ui.session.asked.len(), before + 1);
    ui.session.work();
    ui.pump();
    ui.session.work();
    ui.pump();
    assert_eq!(ui.session.asked.len(), before + 2);
    assert!(ui.event() > there + 20);
    ui.session.slow = false;
    assert_eq!(ui.keys("^"), asked("start"));
    assert_eq!(ui.keys(">"), asked("goto 3"));
    ui.mouse(Mouse::Click, 4, y);
    assert_eq!(ui.event(), 1);
}

#[test]
fn what_takes_long_can_be_interrupted() {
    for key in [Key::Esc, Key::Ctrl('c')] {
        let mut ui = Ui::new(fixture::pool(), (80, 24));
        ui.session.slow = true;
        ui.keys("c");
        assert!(render(&ui.state).0.contains("Esc interrupts"));
        assert_eq!(ui.press(&[key]), [Request::Interrupt]);
        assert!(render(&ui.state).0.contains("nterrupted"), "{}", render(&ui.state).0);
    }
    // When that does not help, Ctrl-C leaves all the same.
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    ui.session.slow = true;
    ui.keys("c");
    assert_eq!(update(&mut ui.state, Message::Key(Key::Ctrl('c'))).effects, [Effect::Request(Request::Interrupt)]);
    assert_eq!(update(&mut ui.state, Message::Key(Key::Ctrl('c'))).effects, [Effect::Quit]);
}

#[test]
fn keys_that_are_held_down_do_not_pile_up() {
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    ui.session.slow = true;
    for _ in 0..1000 {
        ui.keys("s");
    }
    assert!(ui.session.asked.len() < 100);
    assert!(ui.state.notice.as_ref().unwrap().contains("Esc interrupts"));
}

#[test]
fn choices_made_by_hand_are_not_lost_by_a_slip() {
    let quits = |ui: &mut Ui, key| update(&mut ui.state, Message::Key(key)).effects == [Effect::Quit];
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    ui.keys("wwwp2");
    assert!(!quits(&mut ui, Key::Char('q')));
    assert!(ui.state.notice.as_ref().unwrap().contains("1 choice made by hand would be lost"));
    assert!(quits(&mut ui, Key::Char('q')));
    // What is in a file is not lost.
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    ui.keys("wwwp2");
    ui.line("save a.vxs");
    assert!(quits(&mut ui, Key::Char('q')));
    // Without choices there is nothing to lose, and taking a command back is not leaving.
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    ui.keys(":con");
    assert!(!quits(&mut ui, Key::Ctrl('c')) && ui.state.prompt.is_none());
    assert!(quits(&mut ui, Key::Ctrl('c')));
}

#[test]
fn quit_is_understood_in_words() {
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    for key in ":quit".chars() {
        assert_eq!(update(&mut ui.state, Message::Key(Key::Char(key))).effects, []);
    }
    assert_eq!(update(&mut ui.state, Message::Key(Key::Enter)).effects, [Effect::Quit]);
}

#[test]
fn without_a_debugger_its_keys_say_so() {
    let trace = fixture::pool();
    let mut state = State::new(trace.description(), trace.program.clone(), Theme::FULL, (80, 24), 1 << 30);
    for key in ['D', 'G'] {
        assert!(update(&mut state, Message::Key(Key::Char(key))).effects.is_empty());
        assert!(state.notice.as_ref().unwrap().contains("vex debug"), "{key}");
    }
    assert_eq!(state.view, View::Timeline);
    update(&mut state, Message::Key(Key::Char('8')));
    update(&mut state, Message::Key(Key::Char('b')));
    assert!(state.notice.as_ref().unwrap().contains("vex debug"));
    let views: Vec<View> = (0..9)
        .map(|_| {
            update(&mut state, Message::Key(Key::Tab));
            state.view
        })
        .collect();
    assert!(!views.contains(&View::Debug));
}

fn asked(line: &str) -> Vec<Request> {
    vec![Request::Debug(line.to_string())]
}

#[test]
fn the_beginning() {
    check("start", fixture::pool, |_| {});
}

#[test]
fn a_scheduling_point_with_moves() {
    check("moves", fixture::pool, |ui| {
        ui.line("goto 60");
        ui.keys("w");
        ui.press(&[Key::Esc]);
        ui.keys("p");
        ui.press(&[Key::Down]);
    });
}

#[test]
fn in_the_middle_of_a_line_with_variables() {
    check("variables", fixture::pool, |ui| {
        ui.press(&[Key::PageDown, Key::Down, Key::Down, Key::Down]);
        ui.state.selection.line = Some((0, 25));
        ui.keys("b");
        ui.state.selection.line = Some((0, 28));
        ui.keys("bc");
        ui.press(&[Key::Tab, Key::Down, Key::Enter, Key::Down, Key::Enter]);
    });
}

#[test]
fn gone_back_with_the_future_dimmed() {
    check("back", fixture::pool, |ui| {
        ui.keys("c");
        ui.line("goto 60");
        ui.press(&[Key::Esc]);
    });
    for (view, key) in [("timeline", '1'), ("waits", '4'), ("channels", '2'), ("source", '8'), ("events", '0')] {
        let mut ui = Ui::new(fixture::pool(), (100, 30));
        ui.keys("c");
        ui.line("goto 60");
        ui.press(&[Key::Esc, Key::Char(key)]);
        insta::assert_snapshot!(format!("back_{view}"), render(&ui.state).0);
    }
}

#[test]
fn ended_with_a_finding() {
    check("ended", fixture::philosophers, |ui| {
        ui.keys("c");
    });
}

#[test]
fn busy() {
    check("busy", fixture::pool, |ui| {
        ui.session.slow = true;
        ui.keys("c");
    });
}

#[test]
fn the_console() {
    check("console", fixture::pool, |ui| {
        ui.line("goto 60");
        ui.line("tasks");
        ui.line("print jobs");
        ui.line("brake 12");
    });
}

#[test]
fn typing_a_command() {
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    ui.line("goto 60");
    ui.keys(":brea");
    insta::assert_snapshot!("prompt", render(&ui.state).0);
    ui.press(&[Key::Up]);
    assert_eq!(ui.state.prompt.as_ref().unwrap().text, "goto 60");
    ui.press(&[Key::Up, Key::Down]);
    assert_eq!(ui.state.prompt.as_ref().unwrap().text, "");
}

#[test]
fn tab_ends_the_word_as_far_as_it_is_certain() {
    let mut ui = Ui::new(fixture::pool(), (80, 24));
    let text = |ui: &Ui| ui.state.prompt.as_ref().unwrap().text.clone();
    ui.keys(":c");
    ui.press(&[Key::Tab]);
    assert_eq!(text(&ui), "continue ");
    ui.press(&[Key::Ctrl('u'), Key::Char('b'), Key::Char('r'), Key::Tab]);
    assert_eq!(text(&ui), "break");
    assert!(render(&ui.state).0.contains("break  breakpoints"));
    ui.press(&[Key::Ctrl('u'), Key::Char('p'), Key::Tab]);
    assert_eq!(text(&ui), "print ");
    assert_eq!(ui.state.choices, ["jobs", "results"]);
    ui.keys("j");
    assert_eq!(ui.state.choices, [""; 0]);
    ui.press(&[Key::Tab]);
    assert_eq!(text(&ui), "print jobs ");
    ui.press(&[Key::Ctrl('u'), Key::Char('x'), Key::Tab]);
    assert_eq!(text(&ui), "x");
}

#[test]
fn in_ascii_and_without_colours() {
    for (name, story) in [("moves", "wwwp"), ("ended", "c")] {
        let mut ui = Ui::new(fixture::pool(), (80, 24));
        ui.state.theme = Theme { depth: ColorDepth::None, charset: Charset::Ascii };
        ui.keys(story);
        let (text, _) = render(&ui.state);
        assert!(text.is_ascii(), "{text}");
        insta::assert_snapshot!(format!("ascii_{name}"), text);
    }
}

#[test]
fn help_lists_the_debugger_first() {
    let mut ui = Ui::new(fixture::pool(), (120, 40));
    ui.keys("?");
    insta::assert_snapshot!("help", render(&ui.state).0);
    ui.press(&[Key::Esc]);
    assert_eq!(ui.state.view, View::Debug);
}
