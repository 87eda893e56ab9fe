//! Where the parts of the screen are. Drawing and the mouse both ask here, so a click always hits what is seen.
//!
//! ```text
//!  header: program, state, clock, tasks, events, drops        wide (100 columns or more):
//!  1 Timeline  2 Channels  4 Waits …                          ┌ view ───────┐┌ detail ──┐
//! ┌ view ────────────────────────────────────────┐            │             ││          │
//! │                                              │            └─────────────┘└──────────┘
//! ├ detail of the selection ─────────────────────┤
//! └──────────────────────────────────────────────┘
//!  keys that work here
//! ```

use crate::format::width;
use crate::views::View;
use ratatui::layout::Rect;

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (60, 15);
/// From this width on the detail stands beside the view and not below it.
const WIDE: u16 = 100;

/// The parts of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Regions {
    /// One line.
    pub header: Rect,
    /// One line.
    pub tabs: Rect,
    /// The view with its frame.
    pub view: Rect,
    /// The detail with its frame; below the view it shares the view's lower edge.
    pub detail: Option<Rect>,
    /// Whether the detail stands beside the view.
    pub beside: bool,
    /// One line.
    pub keys: Rect,
}

impl Regions {
    /// The parts of a screen of this size; `None` where it is too small.
    pub fn of(size: (u16, u16), view: View, detail: bool) -> Option<Regions> {
        let (columns, rows) = size;
        if columns < SMALLEST.0 || rows < SMALLEST.1 {
            return None;
        }
        let line = |y: u16| Rect::new(0, y, columns, 1);
        let middle = Rect::new(0, 2, columns, rows - 3);
        let mut regions =
            Regions { header: line(0), tabs: line(1), view: middle, detail: None, beside: false, keys: line(rows - 1) };
        if detail && view.has_detail() {
            if columns >= WIDE && view.detail_beside() {
                let side = (columns / 4).clamp(27, 44);
                regions.view.width -= side;
                regions.detail = Some(Rect { x: columns - side, width: side, ..middle });
                regions.beside = true;
            } else {
                let inner = match rows {
                    ..18 => 2,
                    18..22 => 3,
                    22..30 => 5,
                    _ => 7,
                };
                regions.view.height -= inner + 1;
                // One row more than it takes away: the edge between the two belongs to both.
                regions.detail = Some(Rect { y: middle.bottom() - inner - 2, height: inner + 2, ..middle });
            }
        }
        Some(regions)
    }

    /// What a view draws into: all of it where its panes have frames of their own.
    pub fn of_view(&self, view: View) -> Rect {
        if view == View::Debug { self.view } else { self.inside() }
    }

    /// The view without its frame.
    pub fn inside(&self) -> Rect {
        inside(self.view)
    }
}

/// A framed area without its frame.
pub fn inside(area: Rect) -> Rect {
    Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(2),
    }
}

/// Each tab with its text and first column.
pub fn tabs(columns: u16, debugger: bool) -> Vec<(View, String, u16)> {
    let texts = |short: bool| -> Vec<String> {
        let name = |view: View| if short { view.short_name() } else { view.name() };
        View::of_session(debugger).map(|view| format!("{} {}", view.digit(), name(view))).collect()
    };
    let (mut shown, short) = (texts(false), texts(true));
    // Two columns between tabs, one at each end; where that is too much one between them, and then short names, the longest first.
    let size = |shown: &[String], gap: usize| shown.iter().map(|text| width(text) + gap).sum::<usize>() + 2 - gap;
    let gap = if size(&shown, 2) <= columns as usize { 2 } else { 1 };
    while size(&shown, gap) > columns as usize {
        let saved = |i: &usize| width(&shown[*i]).saturating_sub(width(&short[*i]));
        let Some(longest) = (0..shown.len()).rev().max_by_key(saved).filter(|i| saved(i) > 0) else { break };
        shown[longest].clone_from(&short[longest]);
    }
    // Where even that is too much, the last ones are their keys alone.
    for index in (0..shown.len()).rev() {
        if size(&shown, gap) <= columns as usize {
            break;
        }
        shown[index].truncate(1);
    }
    let mut x = 1;
    let mut out = Vec::new();
    for (view, text) in View::of_session(debugger).zip(shown) {
        let next = x + width(&text) as u16 + gap as u16;
        out.push((view, text, x));
        x = next;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_fit_at_every_size() {
        for columns in 60..200 {
            for rows in 15..80 {
                let regions = Regions::of((columns, rows), View::Timeline, true).unwrap();
                let screen = Rect::new(0, 0, columns, rows);
                for part in [regions.header, regions.tabs, regions.view, regions.keys, regions.detail.unwrap()] {
                    assert_eq!(part.intersection(screen), part);
                }
                assert!(regions.inside().height >= 6, "{columns}x{rows}: {regions:?}");
                for debugger in [false, true] {
                    let last = tabs(columns, debugger).pop().unwrap();
                    assert!(last.2 + width(&last.1) as u16 <= columns);
                }
            }
        }
        assert_eq!(Regions::of((59, 15), View::Timeline, true), None);
        assert_eq!(Regions::of((60, 14), View::Timeline, true), None);
    }
}
