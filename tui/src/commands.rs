//! The one table of commands: what can be done, with which keys, where. Key bindings, the line of keys at the bottom of the
//! screen, the help view and `docs/keys.md` are all read from it; a test refuses keys that clash.

use crate::keys::Key;
use crate::views::View;
use std::fmt::Write;

/// Where a command works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every view.
    Everywhere,
    /// In these.
    Views(&'static [View]),
    /// In every view but these, where the key means something else.
    Except(&'static [View]),
    /// In the list of moves of the Debug view while it has the keys; there it goes before everything else.
    Moves,
}

impl Scope {
    /// Whether it covers a view.
    pub fn covers(self, view: View) -> bool {
        match self {
            Scope::Everywhere => true,
            Scope::Views(views) => views.contains(&view),
            Scope::Except(views) => !views.contains(&view),
            Scope::Moves => false,
        }
    }

    /// Where that is, in words; empty for everywhere.
    pub fn words(self) -> String {
        let names = |views: &[View]| views.iter().map(|view| view.name()).collect::<Vec<_>>().join(", ");
        match self {
            Scope::Everywhere => String::new(),
            Scope::Views(views) => names(views),
            Scope::Except(views) => format!("not in {}", names(views)),
            Scope::Moves => "Debug, in the list of moves".to_string(),
        }
    }
}

/// Under which heading help lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The run.
    Program,
    /// Stepping through it.
    Debugger,
    /// Getting about.
    Move,
    /// Switching views.
    Views,
    /// What one view can do.
    View,
    /// The rest.
    Screen,
}

impl Group {
    /// Every group, in the order of help.
    pub const ALL: [Group; 6] =
        [Group::Debugger, Group::Program, Group::Views, Group::Move, Group::View, Group::Screen];

    /// Whether it is of use in a debugger only.
    pub fn of_debugger(self) -> bool {
        self == Group::Debugger
    }

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Program => "The program",
            Group::Debugger => "Stepping (vex debug)",
            Group::Move => "Getting about",
            Group::Views => "Views",
            Group::View => "In one view",
            Group::Screen => "The screen",
        }
    }
}

macro_rules! commands {
    ($( $name:ident, $hint:literal, $group:ident, $scope:expr, [$($key:expr),+], $doc:literal; )+) => {
        /// Something the user can ask for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Command { $( #[doc = $doc] $name, )+ }

        impl Command {
            /// Every command, in the order of help.
            pub const ALL: &'static [Command] = &[$(Command::$name),+];

            /// One line on what it does.
            pub fn doc(self) -> &'static str {
                match self { $(Command::$name => $doc,)+ }
            }

            /// A word or two for the line of keys; empty where the command is not worth its room there.
            pub fn hint(self) -> &'static str {
                match self { $(Command::$name => $hint,)+ }
            }

            /// The heading it stands under.
            pub fn group(self) -> Group {
                match self { $(Command::$name => Group::$group,)+ }
            }

            /// Where it works.
            pub fn scope(self) -> Scope {
                match self { $(Command::$name => $scope,)+ }
            }

            /// The keys that give it, the one to teach first.
            pub fn keys(self) -> &'static [Key] {
                match self { $(Command::$name => &[$($key),+],)+ }
            }
        }
    };
}

use Key::{
    BackTab, Backspace, Char, Ctrl, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, ShiftDown, ShiftLeft,
    ShiftRight, ShiftUp, Tab, Up,
};
use Scope::{Everywhere, Except, Moves, Views};

/// Where debugger keys do not take a key's general meaning away.
const ELSEWHERE: Scope = Except(&[View::Debug]);
const DEBUG: Scope = Views(&[View::Debug]);
const LINES: Scope = Views(&[View::Debug, View::Source]);

const TIMELINE: Scope = Views(&[View::Timeline]);
const TABLES: Scope = Views(&[View::Channels, View::Locks]);
const FILTERED: Scope = Views(&[View::Timeline, View::Channels, View::Locks, View::Output, View::Events]);
const SIDEWAYS: Scope = Views(&[View::Timeline, View::Waits, View::Throughput, View::Source, View::Output]);

commands! {
    StepInstruction, "step",   Debugger, DEBUG, [Char('s')], "One instruction of the selected task";
    InstructionBack, "",       Debugger, DEBUG, [Char('S')], "Back by one of its instructions";
    StepLine,   "line",        Debugger, DEBUG, [Char('l')], "To its next line, into functions that it calls";
    LineBack,   "",            Debugger, DEBUG, [Char('L')], "Back to its line before";
    Over,       "next",        Debugger, DEBUG, [Char('n')], "To its next line, over functions that it calls";
    OverBack,   "",            Debugger, DEBUG, [Char('N')], "Back over its line before";
    Out,        "out",         Debugger, DEBUG, [Char('o')], "Until its function has returned";
    OutBack,    "",            Debugger, DEBUG, [Char('O')], "Back to where its function was called";
    Alone,      "alone",       Debugger, DEBUG, [Char('a')], "These let only the selected task run, or everybody again";
    RunTask,    "run",         Debugger, DEBUG, [Char('x')], "The selected task runs alone until it blocks or ends";
    NextEvent,  "event",       Debugger, DEBUG, [Char('e')], "Past the next event of anybody";
    EventBack,  "",            Debugger, DEBUG, [Char('E')], "Back to before the last event";
    Switch,     "switch",      Debugger, DEBUG, [Char('w')], "To the next scheduling point, where somebody is to be chosen";
    SwitchBack, "",            Debugger, DEBUG, [Char('W')], "Back to the last scheduling point";
    Continue,   "continue",    Debugger, DEBUG, [Char('c')], "To a breakpoint, a finding or the end";
    ContinueBack, "",          Debugger, DEBUG, [Char('C')], "Back to a breakpoint or the beginning";
    Moves,      "pick",        Debugger, DEBUG, [Char('p')], "Go to the list of moves: who can run next; there, pick the one under the cursor";
    PickMove,   "pick",        Debugger, Moves, [Char('1'), Char('2'), Char('3'), Char('4'), Char('5'), Char('6'), Char('7'), Char('8'), Char('9')], "Pick the move with this number";
    Preempt,    "",            Debugger, DEBUG, [Char('P')], "The running task makes room here, so that somebody else can be picked";
    Undo,       "undo",        Debugger, DEBUG, [Char('u')], "Take the last pick back, and stand where it was made";
    Breakpoint, "break",       Debugger, LINES, [Char('b')], "Set a breakpoint on the line under the cursor, or remove it";
    Watch,      "watch",       Debugger, DEBUG, [Char('t')], "Stop when the selected variable gets another value";
    LastWrite,  "",            Debugger, DEBUG, [Char('r')], "Back to before the last write of the selected variable";
    SetVariable, "",           Debugger, DEBUG, [Char('=')], "Give the selected variable another value";
    GoToEvent,  "",            Debugger, DEBUG, [Char('g')], "Go to an event by its number";
    Here,       "go here",     Debugger, ELSEWHERE, [Char('G')], "Bring the run to the moment that is looked at";
    Earlier,    "",            Debugger, DEBUG, [Char('<')], "A cell of the bar back";
    Later,      "",            Debugger, DEBUG, [Char('>')], "A cell of the bar on";
    Beginning,  "",            Debugger, DEBUG, [Char('^')], "To the beginning of the run";
    Frontier,   "",            Debugger, DEBUG, [Char('$')], "As far as the run has ever been";
    Type,       "command",     Debugger, DEBUG, [Char(':')], "Type a command of the debugger (`help` lists them); ↑↓ bring back earlier ones";
    Console,    "",            Debugger, DEBUG, [Char('i')], "Show or hide what has been asked and answered";
    NextPane,   "pane",        Debugger, DEBUG, [Tab],       "The next pane";
    LastPane,   "",            Debugger, DEBUG, [BackTab],   "The pane before";
    FoldLeft,   "",            Debugger, DEBUG, [Left],      "Text to the left; a variable folds";
    UnfoldRight, "",           Debugger, DEBUG, [Right],     "Text to the right; a variable unfolds";

    Pause,      "pause",      Program, Everywhere, [Char(' ')],             "Pause the program, or let it run on; in a debugger: continue, interrupt";
    Step,       "step",       Program, Everywhere, [Char('.')],             "Let the paused program do one event; in a debugger: past the next event";
    Slower,     "slower",     Program, ELSEWHERE,  [Char('<')],             "Slow motion: fewer events a second, down to 1";
    Faster,     "faster",     Program, ELSEWHERE,  [Char('>')],             "Faster again, up to full speed";
    Finding,    "finding",    Program, Everywhere, [Char('!')],             "Go to what went wrong: the next finding, at the event that closed it";

    Debug,      "debug",      Views,   Everywhere, [Char('D')],             "Debug: source, variables, stack, who can run next (`vex debug` only)";
    Timeline,   "",           Views,   Everywhere, [Char('1')],             "Timeline: a lane for each task";
    Channels,   "",           Views,   Everywhere, [Char('2')],             "Channels: how full, who waits";
    Locks,      "",           Views,   Everywhere, [Char('3')],             "Locks: who holds them, who waits, what they cost";
    Waits,      "why blocked", Views,  Everywhere, [Char('4')],             "Waits: who waits for whom, and why that never ends";
    Throughput, "",           Views,   Everywhere, [Char('6')],             "Throughput: rates against their targets, what the workers do";
    Source,     "",           Views,   Everywhere, [Char('8')],             "Source: where every task stands";
    Output,     "",           Views,   Everywhere, [Char('9')],             "Output: what the program has written";
    Events,     "",           Views,   Everywhere, [Char('0')],             "Events: everything, one line each";
    NextView,   "",           Views,   ELSEWHERE,  [Tab],                   "The next view";
    LastView,   "",           Views,   ELSEWHERE,  [BackTab],               "The view before";

    Open,       "open",       Move,    Everywhere, [Enter],                 "Go to the thing under the cursor; in a debugger: in the log bring the run to that event";
    Back,       "back",       Move,    Everywhere, [Backspace],             "Back to where you came from";
    Up,         "",           Move,    Everywhere, [Up, Char('k')],         "Up a row";
    Down,       "",           Move,    Everywhere, [Down, Char('j')],       "Down a row";
    PageUp,     "",           Move,    Everywhere, [PageUp],                "Up a page";
    PageDown,   "",           Move,    Everywhere, [PageDown],              "Down a page";
    First,      "",           Move,    Everywhere, [Home],                  "To the beginning";
    Last,       "",           Move,    Everywhere, [End],                   "To the end";
    Next,       "next event", Move,    ELSEWHERE,  [Char('n')],             "The next event of the selected task or object";
    Previous,   "",           Move,    ELSEWHERE,  [Char('N')],             "The event before";
    Cause,      "cause",      Move,    ELSEWHERE,  [Char('c')],             "Go to the event that caused the one under the cursor";
    Follow,     "follow",     Move,    Everywhere, [Char('f')],             "Follow what is newest; moving leaves it";
    GoTo,       "",           Move,    ELSEWHERE,  [Char(':')],             "Go to an event by its number, or to a time such as 1.2ms";
    Filter,     "filter",     Move,    FILTERED,   [Char('/')],             "Show only what matches; see the notes below for what can be said";
    Clear,      "",           Move,    Everywhere, [Esc],                   "Drop the filter, close help, take back a question; in a debugger: interrupt it, close the console";

    Left,       "",           View,    SIDEWAYS,   [Left, Char('h')],       "Cursor, moment or text to the left";
    Right,      "",           View,    SIDEWAYS,   [Right, Char('l')],      "Cursor, moment or text to the right";
    ZoomIn,     "zoom",       View,    TIMELINE,   [Char('+'), Char('=')],  "Zoom in about the cursor; on a group, unfold it first";
    ZoomOut,    "",           View,    TIMELINE,   [Char('-')],             "Zoom out about the cursor";
    ZoomFit,    "fit",        View,    TIMELINE,   [Char('z')],             "The whole run in one screen";
    PanLeft,    "",           View,    TIMELINE,   [ShiftLeft, Char('H')],  "Earlier by half a screen";
    PanRight,   "",           View,    TIMELINE,   [ShiftRight, Char('L')], "Later by half a screen";
    LaneUp,     "",           View,    TIMELINE,   [ShiftUp, Char('K')],    "Scroll the lanes up, leaving the cursor";
    LaneDown,   "",           View,    TIMELINE,   [ShiftDown, Char('J')],  "Scroll the lanes down, leaving the cursor";
    Axis,       "time/events", View,   TIMELINE,   [Char('t')],             "Measure by time or by events";
    Group,      "group",      View,    TIMELINE,   [Char('g')],             "Fold the tasks of one function into one row, or unfold the row";
    Workers,    "",           View,    TIMELINE,   [Char('w')],             "Fold the lanes of the workers into one row, or unfold it";
    Sort,       "sort",       View,    TABLES,   [Char('s')],             "Sort by the next column";
    Reverse,    "",           View,    TABLES,   [Char('r')],             "Turn the order round";

    Help,       "help",       Screen,  Everywhere, [Char('?')],             "This page";
    Detail,     "",           Screen,  ELSEWHERE,  [Char('d')],             "Show or hide the detail of the selection";
    Redraw,     "",           Screen,  Everywhere, [Ctrl('l')],             "Draw the whole screen anew";
    Suspend,    "",           Screen,  Everywhere, [Ctrl('z')],             "Back to the shell for a while (`fg` returns)";
    Quit,       "quit",       Screen,  Everywhere, [Char('q'), Ctrl('c')],  "Stop the program and leave";
}

impl Command {
    /// The command that a key gives in a view.
    pub fn of(key: Key, view: View) -> Option<Command> {
        Command::ALL.iter().copied().find(|command| command.scope().covers(view) && command.keys().contains(&key))
    }

    /// The command that a key gives in the list of moves before everything else.
    pub fn of_moves(key: Key) -> Option<Command> {
        Command::ALL.iter().copied().find(|command| command.scope() == Moves && command.keys().contains(&key))
    }

    /// Its keys as help shows them.
    pub fn key_text(self) -> String {
        match self.keys() {
            [first, .., last] if self.keys().len() > 4 => format!("{} … {}", first.label(), last.label()),
            keys => keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" "),
        }
    }
}

/// What filters understand; part of help and of the keys page.
pub const FILTER_NOTES: &[(&str, &str)] = &[
    ("word", "rows that contain the word (lower case matches both)"),
    ("word word", "rows that contain all of them; -word: rows without it"),
    ("task:NAME  on:NAME", "events of a task; events on an object"),
    ("kind:NAME", "events of a kind or a group of kinds: kind:channel, kind:mutex.lock, kind:blocked"),
    ("a|b  kind:=NAME", "either of them; events of exactly this kind: kind:=chan.send|chan.recv"),
];

/// The page `docs/keys.md`.
pub fn keys_page() -> String {
    let mut page = String::from(
        "# Keys\n\nWhat the keys do in the terminal UI. Made from the table in `tui/src/commands.rs`; `?` shows the same on the screen.\n",
    );
    for group in Group::ALL {
        let _ = write!(page, "\n## {}\n\n| key | does | where |\n| --- | --- | --- |\n", group.title());
        for command in Command::ALL.iter().filter(|command| command.group() == group) {
            let keys: Vec<String> = command.keys().iter().map(|key| format!("`{}`", key.label())).collect();
            let place = match command.scope() {
                Scope::Everywhere => "everywhere".to_string(),
                scope => scope.words(),
            };
            let _ = writeln!(page, "| {} | {} | {place} |", keys.join(" "), command.doc());
        }
    }
    page.push_str("\n## Mouse\n\nClick a tab, a row, a lane or a cell to go there; the wheel scrolls, and on the Timeline with Ctrl it zooms. In the Debug view a click gives a pane the keys; on the bar of the run it goes there.\n");
    page.push_str("\n## Filters\n\n| text | keeps |\n| --- | --- |\n");
    for (text, keeps) in FILTER_NOTES {
        let _ = writeln!(page, "| `{text}` | {keeps} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(a: Scope, b: Scope) -> bool {
        a == Scope::Moves && b == Scope::Moves || View::ALL.iter().any(|&view| a.covers(view) && b.covers(view))
    }

    #[test]
    fn no_key_gives_two_commands_in_one_view() {
        for (i, a) in Command::ALL.iter().enumerate() {
            for b in &Command::ALL[i + 1..] {
                for key in a.keys() {
                    assert!(
                        !(b.keys().contains(key) && meet(a.scope(), b.scope())),
                        "{} gives both {a:?} and {b:?}",
                        key.label()
                    );
                }
            }
        }
    }

    #[test]
    fn every_command_is_documented_and_reachable() {
        for &command in Command::ALL {
            assert!(!command.keys().is_empty() && command.doc().len() > 5);
            let views = View::ALL.iter().filter(|view| command.scope().covers(**view));
            for &view in views {
                assert_eq!(Command::of(command.keys()[0], view), Some(command));
            }
        }
    }

    #[test]
    fn the_keys_page_is_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/keys.md");
        let page = keys_page();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == page, "docs/keys.md is stale; run the tests of `tui` with UPDATE=1");
    }
}
