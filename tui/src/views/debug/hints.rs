//! The line of keys: what is of use where the run stands and in the pane that has the keys.

use super::places::Pane;
use crate::state::State;

/// Keys and words for the line of keys, by what has the keys and where the run stands.
pub fn hints(state: &State) -> &'static [(&'static str, &'static str)] {
    if state.debugger.as_ref().is_some_and(|debugger| debugger.busy.is_some()) {
        return &[("Esc", "interrupt"), ("D 1 … 0", "other views")];
    }
    let moves = state.inspection().is_some_and(|at| !at.moves.is_empty());
    let ended = state.inspection().is_some_and(|at| at.ended.is_some());
    match state.debug.focus {
        Pane::Source if ended => &[
            ("E", "event back"),
            ("W", "switch back"),
            ("C", "continue back"),
            ("^", "beginning"),
            ("u", "undo"),
            ("<", "earlier"),
            (":", "command"),
            ("Tab", "pane"),
        ],
        Pane::Moves if moves => &[
            ("1-9", "pick"),
            ("Enter", "pick ▶"),
            ("u", "undo"),
            ("l L", "line"),
            ("w W", "switch"),
            ("c C", "continue"),
            ("Esc", "leave"),
            ("Tab", "pane"),
            (":", "command"),
        ],
        Pane::Variables => &[
            ("Enter", "unfold"),
            ("=", "set"),
            ("t", "watch"),
            ("r", "last write"),
            ("l L", "line"),
            ("c C", "continue"),
            ("Tab", "pane"),
            (":", "command"),
        ],
        Pane::Stack => {
            &[("↑↓", "frame"), ("Enter", "source"), ("o O", "out"), ("l L", "line"), ("Tab", "pane"), (":", "command")]
        }
        Pane::Tasks => {
            &[("↑↓", "task"), ("x", "run it"), ("l L", "line"), ("w W", "switch"), ("Tab", "pane"), (":", "command")]
        }
        Pane::Console => &[("↑↓", "scroll"), (":", "command"), ("Esc", "close"), ("Tab", "pane")],
        _ if moves => &[
            ("p", "pick"),
            ("l L", "line"),
            ("w W", "switch"),
            ("c C", "continue"),
            ("u", "undo"),
            ("b", "break"),
            (":", "command"),
            ("e E", "event"),
            ("s S", "step"),
            ("Tab", "pane"),
        ],
        _ => &[
            ("l L", "line"),
            ("n N", "over"),
            ("w W", "switch"),
            ("c C", "continue"),
            (":", "command"),
            ("b", "break"),
            ("e E", "event"),
            ("s S", "step"),
            ("Tab", "pane"),
            ("o", "out"),
            ("u", "undo"),
        ],
    }
}
