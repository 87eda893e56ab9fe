//! Scrolling through a long list of numbered things, and keeping those that match a filter.

/// Which part of a list is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scroll {
    /// The first row shown.
    pub top: usize,
    /// Whether the cursor's row is to be scrolled to.
    pub reveal: bool,
}

impl Scroll {
    /// Keeps the part inside the list, and the cursor in it where that was asked for.
    pub fn settle(&mut self, cursor: Option<usize>, rows: usize, room: usize) {
        if std::mem::take(&mut self.reveal)
            && let Some(cursor) = cursor
        {
            self.top = reveal(self.top, cursor, room);
        }
        self.top = self.top.min(rows.saturating_sub(room));
    }

    /// Scrolls without moving the cursor.
    pub fn by(&mut self, rows: i32) {
        self.top = self.top.saturating_add_signed(rows as isize * 3);
    }
}

/// The first row shown, moved just so far that a row can be seen.
pub fn reveal(top: usize, row: usize, room: usize) -> usize {
    top.clamp((row + 1).saturating_sub(room.max(1)), row)
}

/// What a filter has let through so far of things numbered from 0; goes on where it stopped.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The next thing to look at.
    pub next: u64,
    /// What matched, in order.
    pub found: Vec<u64>,
}

impl Scan {
    /// How many matched before and at a number.
    pub fn rank(&self, number: u64) -> usize {
        self.found.partition_point(|&found| found <= number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_scrolled_to_only_when_it_moved() {
        let mut scroll = Scroll { top: 0, reveal: true };
        scroll.settle(Some(25), 100, 10);
        assert_eq!(scroll.top, 16);
        scroll.by(-2);
        scroll.settle(Some(25), 100, 10);
        assert_eq!(scroll.top, 10);
        scroll.by(1000);
        scroll.settle(Some(25), 100, 10);
        assert_eq!(scroll.top, 90);
        scroll.settle(None, 3, 10);
        assert_eq!(scroll.top, 0);
    }
}
