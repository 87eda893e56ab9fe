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
}

impl Scope {
    /// Whether it covers a view.
    pub fn covers(self, view: View) -> bool {
        match self {
            Scope::Everywhere => true,
            Scope::Views(views) => views.contains(&view),
        }
    }
}

/// Under which heading help lists a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The run.
    Program,
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
    pub const ALL: [Group; 5] = [Group::Program, Group::Views, Group::Move, Group::View, Group::Screen];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Group::Program => "The program",
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
use Scope::{Everywhere, Views};

const TIMELINE: Scope = Views(&[View::Timeline]);
const TABLES: Scope = Views(&[View::Channels, View::Locks]);
const FILTERED: Scope = Views(&[View::Timeline, View::Channels, View::Locks, View::Output, View::Events]);
const SIDEWAYS: Scope = Views(&[View::Timeline, View::Waits, View::Throughput, View::Source, View::Output]);

commands! {
    Pause,      "pause",      Program, Everywhere, [Char(' ')],             "Pause the program, or let it run on";
    Step,       "step",       Program, Everywhere, [Char('.')],             "Let the paused program do one event";
    Slower,     "slower",     Program, Everywhere, [Char('<')],             "Slow motion: fewer events a second, down to 1";
    Faster,     "faster",     Program, Everywhere, [Char('>')],             "Faster again, up to full speed";
    Finding,    "finding",    Program, Everywhere, [Char('!')],             "Go to what went wrong: the next finding, at the event that closed it";

    Timeline,   "",           Views,   Everywhere, [Char('1')],             "Timeline: a lane for each task";
    Channels,   "",           Views,   Everywhere, [Char('2')],             "Channels: how full, who waits";
    Locks,      "",           Views,   Everywhere, [Char('3')],             "Locks: who holds them, who waits, what they cost";
    Waits,      "why blocked", Views,  Everywhere, [Char('4')],             "Waits: who waits for whom, and why that never ends";
    Throughput, "",           Views,   Everywhere, [Char('6')],             "Throughput: rates against their targets, what the workers do";
    Source,     "",           Views,   Everywhere, [Char('8')],             "Source: where every task stands";
    Output,     "",           Views,   Everywhere, [Char('9')],             "Output: what the program has written";
    Events,     "",           Views,   Everywhere, [Char('0')],             "Events: everything, one line each";
    NextView,   "",           Views,   Everywhere, [Tab],                   "The next view";
    LastView,   "",           Views,   Everywhere, [BackTab],               "The view before";

    Open,       "open",       Move,    Everywhere, [Enter],                 "Go to the thing under the cursor";
    Back,       "back",       Move,    Everywhere, [Backspace],             "Back to where you came from";
    Up,         "",           Move,    Everywhere, [Up, Char('k')],         "Up a row";
    Down,       "",           Move,    Everywhere, [Down, Char('j')],       "Down a row";
    PageUp,     "",           Move,    Everywhere, [PageUp],                "Up a page";
    PageDown,   "",           Move,    Everywhere, [PageDown],              "Down a page";
    First,      "",           Move,    Everywhere, [Home],                  "To the beginning";
    Last,       "",           Move,    Everywhere, [End],                   "To the end";
    Next,       "next event", Move,    Everywhere, [Char('n')],             "The next event of the selected task or object";
    Previous,   "",           Move,    Everywhere, [Char('N')],             "The event before";
    Cause,      "cause",      Move,    Everywhere, [Char('c')],             "Go to the event that caused the one under the cursor";
    Follow,     "follow",     Move,    Everywhere, [Char('f')],             "Follow what is newest; moving leaves it";
    GoTo,       "",           Move,    Everywhere, [Char(':')],             "Go to an event by its number, or to a time such as 1.2ms";
    Filter,     "filter",     Move,    FILTERED,   [Char('/')],             "Show only what matches; see the notes below for what can be said";
    Clear,      "",           Move,    Everywhere, [Esc],                   "Drop the filter, close help, take back a question";

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
    Detail,     "",           Screen,  Everywhere, [Char('d')],             "Show or hide the detail of the selection";
    Redraw,     "",           Screen,  Everywhere, [Ctrl('l')],             "Draw the whole screen anew";
    Suspend,    "",           Screen,  Everywhere, [Ctrl('z')],             "Back to the shell for a while (`fg` returns)";
    Quit,       "quit",       Screen,  Everywhere, [Char('q'), Ctrl('c')],  "Stop the program and leave";
}

impl Command {
    /// The command that a key gives in a view.
    pub fn of(key: Key, view: View) -> Option<Command> {
        Command::ALL.iter().copied().find(|command| command.scope().covers(view) && command.keys().contains(&key))
    }

    /// Its keys as help shows them.
    pub fn key_text(self) -> String {
        self.keys().iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
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
                Scope::Views(views) => views.iter().map(|view| view.name()).collect::<Vec<_>>().join(", "),
            };
            let _ = writeln!(page, "| {} | {} | {place} |", keys.join(" "), command.doc());
        }
    }
    page.push_str("\n## Mouse\n\nClick a tab, a row, a lane or a cell to go there; the wheel scrolls, and on the Timeline with Ctrl it zooms.\n");
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
        View::ALL.iter().any(|&view| a.covers(view) && b.covers(view))
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
