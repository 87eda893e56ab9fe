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
    /// A lane for each task.
    Timeline = '1', "Timeline", "Time";
    /// How full the channels are and who waits on them.
    Channels = '2', "Channels", "Chan";
    /// The wait-for graph.
    Waits = '4', "Waits", "Wait";
    /// The source with the tasks standing in it.
    Source = '8', "Source", "Src";
    /// What the program has written.
    Output = '9', "Output", "Out";
    /// The log of events.
    Events = '0', "Events", "Ev";
}

impl View {
    /// Whether the detail of the selection says something here that the view does not.
    pub fn has_detail(self) -> bool {
        match self {
            View::Timeline | View::Channels | View::Waits | View::Source | View::Events => true,
            View::Output | View::Help => false,
        }
    }
}
