//! The views: one file each, one row each in the table below.

macro_rules! views {
    ($( $(#[doc = $doc:literal])+ $name:ident = $digit:literal, $long:literal, $short:literal; )+) => {
        /// A view of the run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub enum View { $( $(#[doc = $doc])+ $name, )+ #[doc = "The keys."] #[default] Help }

        impl View {
            /// Every view, in the order of the tabs.
            pub const ALL: &'static [View] = &[$(View::$name,)+ View::Help];

            /// The key that opens it.
            pub fn digit(self) -> char {
                match self { $(View::$name => $digit,)+ View::Help => '?' }
            }

            /// Its name on its tab.
            pub fn name(self) -> &'static str {
                match self { $(View::$name => $long,)+ View::Help => "Help" }
            }

            /// Its name on the tab of a narrow screen.
            pub fn short_name(self) -> &'static str {
                match self { $(View::$name => $short,)+ View::Help => "Help" }
            }
        }
    };
}

// The digits are those of the whole set: a view that comes later takes the one that is kept free for it.
views! {
    /// The run stopped: source, variables, stacks, who can run next.
    Debug = 'D', "Debug", "Dbg";
    /// A lane for each task.
    Timeline = '1', "Timeline", "Time";
    /// How full the channels are and who waits on them.
    Channels = '2', "Channels", "Chan";
    /// Who holds which lock, and what that costs.
    Locks = '3', "Locks", "Lock";
    /// The wait-for graph.
    Waits = '4', "Waits", "Wait";
    /// The rates of operations, and what the workers do.
    Throughput = '6', "Throughput", "Rate";
    /// The source with the tasks standing in it.
    Source = '8', "Source", "Src";
    /// What the program has written.
    Output = '9', "Output", "Out";
    /// The log of events.
    Events = '0', "Events", "Ev";
}

impl View {
    /// Whether the detail may stand beside the view; where the view needs all columns for itself it stands below.
    pub fn detail_beside(self) -> bool {
        match self {
            View::Timeline | View::Source | View::Events => true,
            View::Debug | View::Channels | View::Locks | View::Waits | View::Throughput => false,
            View::Output | View::Help => false,
        }
    }

    /// Whether the detail of the selection says something here that the view does not.
    pub fn has_detail(self) -> bool {
        match self {
            View::Timeline | View::Channels | View::Locks | View::Waits | View::Throughput => true,
            View::Source | View::Events => true,
            View::Debug | View::Output | View::Help => false,
        }
    }

    /// The views of a session, in the order of the tabs.
    pub fn of_session(debugger: bool) -> impl Iterator<Item = View> {
        View::ALL.iter().copied().filter(move |view| debugger || *view != View::Debug)
    }
}

pub mod channels;
pub mod debug;
pub mod events;
pub mod help;
pub mod list;
pub mod locks;
pub mod output;
pub mod source;
pub mod table;
pub mod throughput;
pub mod timeline;
pub mod waits;

use crate::commands::Command;
use crate::state::State;
use crate::update::Mouse;
use channels::ChannelsView;
use events::EventsView;
use locks::LocksView;
use output::OutputView;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// What the frame of the view shown says.
pub fn title(state: &State) -> Line<'static> {
    match state.view {
        // Its panes have titles of their own.
        View::Debug => Line::default(),
        View::Timeline => timeline::title(state),
        View::Channels => table::title::<ChannelsView>(state),
        View::Locks => table::title::<LocksView>(state),
        View::Waits => waits::title(state),
        View::Throughput => throughput::title(state),
        View::Source => source::title(state),
        View::Output => output::title(state),
        View::Events => events::title(state),
        View::Help => Line::from("help"),
    }
}

/// Draws the view shown into its frame.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    match state.view {
        View::Debug => debug::draw(state, buffer, area),
        View::Timeline => timeline::draw(state, buffer, area),
        View::Channels => table::draw::<ChannelsView>(state, buffer, area),
        View::Locks => table::draw::<LocksView>(state, buffer, area),
        View::Waits => waits::draw(state, buffer, area),
        View::Throughput => throughput::draw(state, buffer, area),
        View::Source => source::draw(state, buffer, area),
        View::Output => output::draw(state, buffer, area),
        View::Events => events::draw(state, buffer, area),
        View::Help => help::draw(state, buffer, area),
    }
}

/// Gives a command to the view shown.
pub fn command(state: &mut State, command: Command) {
    match state.view {
        View::Debug => debug::command(state, command),
        View::Timeline => timeline::command(state, command),
        View::Channels => table::command::<ChannelsView>(state, command),
        View::Locks => table::command::<LocksView>(state, command),
        View::Waits => waits::command(state, command),
        View::Throughput => throughput::command(state, command),
        View::Source => source::command(state, command),
        View::Output => output::command(state, command),
        View::Events => events::command(state, command),
        View::Help => help::command(state, command),
    }
}

/// Tells the view shown what the mouse did at a place inside it.
pub fn pointer(state: &mut State, mouse: Mouse, x: u16, y: u16) {
    match state.view {
        View::Debug => debug::pointer(state, mouse, x, y),
        View::Timeline => timeline::pointer(state, mouse, x, y),
        View::Channels => table::pointer::<ChannelsView>(state, mouse, y),
        View::Locks => table::pointer::<LocksView>(state, mouse, y),
        View::Waits => waits::pointer(state, mouse, x, y),
        View::Throughput => throughput::pointer(state, mouse, y),
        View::Source => source::pointer(state, mouse, x, y),
        View::Output => list::pointer::<OutputView>(state, mouse, y),
        View::Events => list::pointer::<EventsView>(state, mouse, y),
        View::Help => help::pointer(state, mouse),
    }
}

/// Makes the view shown right after a change. The others catch up when they are shown.
pub fn settle(state: &mut State) {
    match state.view {
        View::Debug => debug::settle(state),
        View::Timeline => timeline::settle(state),
        View::Channels => table::settle::<ChannelsView>(state),
        View::Locks => table::settle::<LocksView>(state),
        View::Waits => waits::settle(state),
        View::Throughput => throughput::settle(state),
        View::Source => source::settle(state),
        View::Output => output::settle(state),
        View::Events => events::settle(state),
        View::Help => help::settle(state),
    }
}

/// The moment was set: every view brings its cursor along.
pub fn moment_changed(state: &mut State) {
    timeline::moment_changed(state);
    table::moment_changed::<ChannelsView>(state);
    table::moment_changed::<LocksView>(state);
    throughput::moment_changed(state);
    source::moment_changed(state);
    list::moment_changed::<OutputView>(state);
    list::moment_changed::<EventsView>(state);
}

/// A view came up: it goes where the selection is.
pub fn shown(state: &mut State) {
    match state.view {
        View::Debug => debug::shown(state),
        View::Timeline => timeline::moment_changed(state),
        View::Channels => table::moment_changed::<ChannelsView>(state),
        View::Locks => table::moment_changed::<LocksView>(state),
        View::Throughput => throughput::moment_changed(state),
        View::Source => source::shown(state),
        View::Output => list::moment_changed::<OutputView>(state),
        View::Events => list::moment_changed::<EventsView>(state),
        View::Waits => waits::shown(state),
        View::Help => help::shown(state),
    }
}

/// Keys and words for the line of keys, most useful first.
pub fn hints(state: &State) -> &'static [(&'static str, &'static str)] {
    match state.view {
        View::Debug => debug::hints(state),
        View::Timeline => &[
            ("←→", "move"),
            ("+-", "zoom"),
            ("↑↓", "task"),
            ("n N", "next event"),
            ("Enter", "source"),
            ("c", "cause"),
            ("f", "follow"),
            ("g", "group"),
            ("t", "time/events"),
            ("/", "filter"),
        ],
        View::Channels => {
            &[("↑↓", "channel"), ("Enter", "source"), ("n N", "next event"), ("s r", "sort"), ("/", "filter")]
        }
        View::Locks => &[("↑↓", "lock"), ("Enter", "source"), ("n N", "next event"), ("s r", "sort"), ("/", "filter")],
        View::Waits => &[("↑↓", "move"), ("Enter", "go there"), ("n N", "next event"), ("f", "newest")],
        View::Throughput => {
            &[("↑↓", "row"), ("Enter", "its events"), ("←→", "earlier, later"), ("f", "newest"), ("d", "detail")]
        }
        View::Source => &[("↑↓", "line"), ("Enter", "task there"), ("n N", "next event"), ("←→", "sideways")],
        View::Output => &[("↑↓", "line"), ("Enter", "source"), ("f", "follow"), ("/", "filter")],
        View::Events if state.debugger.is_some() => {
            &[("↑↓", "event"), ("Enter", "go there"), ("c", "cause"), (":", "go to"), ("f", "follow"), ("/", "filter")]
        }
        View::Events => {
            &[("↑↓", "event"), ("Enter", "source"), ("c", "cause"), (":", "go to"), ("f", "follow"), ("/", "filter")]
        }
        View::Help => &[],
    }
}
