//! Bars of a share, and of a rate against its target on a logarithmic scale.

/// Decades shown below the target and above it.
const BELOW: f64 = 3.0;
const ABOVE: f64 = 2.0;

/// A cell of a bar against a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Reached now.
    Now,
    /// Reached at the peak.
    Peak,
    /// The target's mark.
    Target,
    /// Not reached.
    Empty,
}

impl Cell {
    /// Its character.
    pub fn glyph(self) -> char {
        match self {
            Cell::Now => '▓',
            Cell::Peak => '░',
            Cell::Target => '│',
            Cell::Empty => ' ',
        }
    }
}

/// The cell in which the target's mark stands.
pub fn tick(cells: usize) -> usize {
    ((cells as f64 * BELOW / (BELOW + ABOVE)).round() as usize).min(cells.saturating_sub(1))
}

/// A bar of so many cells for a rate of now and its peak, both as multiples of the target: from a thousandth of the target to a
/// hundred times it. What reaches the target reaches its mark, and what does not ends before it.
pub fn target(now: f64, peak: f64, cells: usize) -> Vec<Cell> {
    let tick = tick(cells);
    let reach = |ratio: f64| -> usize {
        if ratio <= 0.0 || cells == 0 {
            return 0;
        }
        let decades = ratio.log10().clamp(-BELOW, ABOVE);
        if decades < 0.0 {
            // Something is never shown as nothing.
            (((decades + BELOW) / BELOW * tick as f64) as usize).max(1).min(tick.max(1))
        } else {
            tick + 1 + (decades / ABOVE * (cells - tick - 1) as f64).round() as usize
        }
    };
    let (now, peak) = (reach(now), reach(peak));
    (0..cells)
        .map(|cell| match cell {
            _ if cell == tick => Cell::Target,
            _ if cell < now => Cell::Now,
            _ if cell < peak => Cell::Peak,
            _ => Cell::Empty,
        })
        .collect()
}

/// A bar of a share between 0 and 1: full blocks and a part of one.
pub fn share(part: f64, cells: usize) -> String {
    const PARTS: [char; 3] = [' ', '▌', '█'];
    let halves = (part.clamp(0.0, 1.0) * cells as f64 * 2.0).round() as usize;
    let halves = if part > 0.0 { halves.max(1) } else { halves };
    (0..cells).map(|cell| PARTS[halves.saturating_sub(cell * 2).min(2)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(now: f64, peak: f64) -> String {
        target(now, peak, 20).into_iter().map(Cell::glyph).collect()
    }

    #[test]
    fn a_bar_crosses_the_mark_only_from_the_target_on() {
        assert_eq!(text(1.0, 1.0), "▓▓▓▓▓▓▓▓▓▓▓▓│       ");
        assert_eq!(text(0.99, 1.5), "▓▓▓▓▓▓▓▓▓▓▓░│░      ");
        assert_eq!(text(10.0, 100.0), "▓▓▓▓▓▓▓▓▓▓▓▓│▓▓▓▓░░░");
        assert_eq!(text(1e9, 1e9), "▓▓▓▓▓▓▓▓▓▓▓▓│▓▓▓▓▓▓▓");
        assert_eq!(text(1e-9, 0.03), "▓░░░░       │       ");
        assert_eq!(text(0.0, 0.0), "            │       ");
        for cells in 0..5 {
            assert_eq!(target(3.0, 5.0, cells).len(), cells);
            assert_eq!(target(0.3, 0.5, cells).len(), cells);
        }
    }

    #[test]
    fn a_share_is_never_nothing_unless_it_is() {
        assert_eq!(share(0.0, 4), "    ");
        assert_eq!(share(0.01, 4), "▌   ");
        assert_eq!(share(0.5, 4), "██  ");
        assert_eq!(share(0.64, 4), "██▌ ");
        assert_eq!(share(1.5, 4), "████");
    }
}
