//! Boxes joined by labelled arrows: a chain, or a ring that closes on itself, laid out to a width.
//!
//! A ring is drawn as one where half of it fits on a line:
//!
//! ```text
//! ( a ) ──wants──▶ [ m ] ──held by──▶ ( b )
//!   ▲                                   │ wants
//!   │ held by                           ▼
//! ( d ) ◀──held by── … ◀──wants─────  [ n ]
//! ```
//!
//! and otherwise as a list with a bracket at its left that leads from the end back to the start. A chain that is too long for a
//! line goes on, indented, on the next. The result is data (texts with places), so that clicks find what was drawn.

use crate::format::{fit, width};

/// Something with a box around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node<T> {
    /// What stands in the box.
    pub text: String,
    /// Round brackets for those who act, square ones for what they act on.
    pub round: bool,
    /// What it stands for.
    pub tag: T,
    /// What its arrow to the next node says; the last node's leads to the first, in a ring.
    pub edge: String,
}

impl<T> Node<T> {
    fn boxed(&self, columns: usize) -> String {
        let inner = fit(&self.text, columns.saturating_sub(4).max(1));
        if self.round { format!("( {inner} )") } else { format!("[ {inner} ]") }
    }
}

/// What a piece of the drawing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<T> {
    /// A box.
    Node(T),
    /// A line or an arrow.
    Line,
    /// The label of an arrow.
    Label,
}

/// A text at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<T> {
    /// Column.
    pub x: usize,
    /// Row.
    pub y: usize,
    /// The text.
    pub text: String,
    /// What it is.
    pub part: Part<T>,
}

/// Pieces in a number of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing<T> {
    /// The pieces.
    pub pieces: Vec<Piece<T>>,
    /// Rows they take.
    pub height: usize,
}

impl<T: Copy> Drawing<T> {
    fn new() -> Self {
        Drawing { pieces: Vec::new(), height: 0 }
    }

    fn add(&mut self, x: usize, y: usize, text: impl Into<String>, part: Part<T>) -> usize {
        let text = text.into();
        let end = x + width(&text);
        self.height = self.height.max(y + 1);
        self.pieces.push(Piece { x, y, text, part });
        end
    }

    /// `──label──▶` (or, pointing left, `◀──label──`) from one column to another, the label in the middle.
    fn arrow(&mut self, from: usize, to: usize, y: usize, label: &str, left: bool) {
        let room = to.saturating_sub(from);
        let label = fit(label, room.saturating_sub(3));
        let lines = room.saturating_sub(width(&label) + 1);
        let (before, after) = (lines / 2, lines - lines / 2);
        let mut x = from;
        if left {
            x = self.add(x, y, "◀", Part::Line);
        }
        x = self.add(x, y, "─".repeat(before), Part::Line);
        x = self.add(x, y, label, Part::Label);
        x = self.add(x, y, "─".repeat(after), Part::Line);
        if !left {
            self.add(x, y, "▶", Part::Line);
        }
    }
}

/// Columns of an arrow with its label, and a space at each side.
fn arrow_width(label: &str) -> usize {
    width(label) + 3 + 2
}

/// A row of boxes with arrows between them: its width.
fn row_width<T>(nodes: &[Node<T>], columns: usize) -> usize {
    let boxes: usize = nodes.iter().map(|node| width(&node.boxed(columns))).sum();
    let arrows: usize = nodes.iter().take(nodes.len().saturating_sub(1)).map(|node| arrow_width(&node.edge)).sum();
    boxes + arrows
}

/// A chain from the first node to the last.
pub fn chain<T: Copy>(nodes: &[Node<T>], columns: usize) -> Drawing<T> {
    let mut drawing = Drawing::new();
    let (mut x, mut y) = (0, 0);
    for (i, node) in nodes.iter().enumerate() {
        let text = node.boxed(columns);
        if i > 0 {
            let edge = &nodes[i - 1].edge;
            let arrow = arrow_width(edge);
            if x + arrow + width(&text) > columns {
                (x, y) = (2, y + 1);
                let end = (x + arrow - 1).min(columns);
                drawing.arrow(x, end, y, edge, false);
                x = end + 1;
            } else {
                drawing.arrow(x + 1, x + arrow - 1, y, edge, false);
                x += arrow;
            }
        }
        let room = columns.saturating_sub(x).max(5);
        x = drawing.add(x, y, node.boxed(room), Part::Node(node.tag));
    }
    drawing
}

/// A ring: the last node leads to the first.
pub fn ring<T: Copy>(nodes: &[Node<T>], columns: usize) -> Drawing<T> {
    let upper = nodes.len().div_ceil(2);
    let (top, bottom) = nodes.split_at(upper.min(nodes.len()));
    let needed = row_width(top, columns).max(row_width(bottom, columns));
    // Fewer than two boxes a row have no corners.
    match bottom.len() < 2 || needed > columns {
        true => bracket(nodes, columns),
        false => two_rows(top, bottom, needed.max(20).min(columns)),
    }
}

/// Columns at which the boxes of a row begin, so that the first box stands at the left edge and the last at the right.
fn spread<T>(nodes: &[&Node<T>], edges: &[&str], columns: usize) -> Vec<usize> {
    let boxes: Vec<usize> = nodes.iter().map(|node| width(&node.boxed(columns))).collect();
    let fixed: usize = boxes.iter().sum::<usize>() + edges.iter().map(|edge| arrow_width(edge)).sum::<usize>();
    let spare = columns.saturating_sub(fixed);
    let gaps = edges.len().max(1);
    let mut x = 0;
    let mut out = Vec::new();
    for (i, size) in boxes.iter().enumerate() {
        out.push(x);
        if let Some(edge) = edges.get(i) {
            // What is left over is shared out evenly, to the last column.
            x += size + arrow_width(edge) + spare * (i + 1) / gaps - spare * i / gaps;
        }
    }
    out
}

fn two_rows<T: Copy>(top: &[Node<T>], bottom: &[Node<T>], columns: usize) -> Drawing<T> {
    let mut drawing = Drawing::new();
    let last_row = 3;

    let upper: Vec<&Node<T>> = top.iter().collect();
    let upper_edges: Vec<&str> = top.iter().take(top.len().saturating_sub(1)).map(|node| node.edge.as_str()).collect();
    let places = spread(&upper, &upper_edges, columns);
    let mut middle = (0, 0);
    for (i, node) in upper.iter().enumerate() {
        let text = node.boxed(columns);
        let centre = places[i] + width(&text) / 2;
        if i == 0 {
            middle.0 = centre;
        }
        middle.1 = centre;
        let end = drawing.add(places[i], 0, text, Part::Node(node.tag));
        if let Some(next) = places.get(i + 1) {
            drawing.arrow(end + 1, next - 1, 0, &node.edge, false);
        }
    }

    // The lower row is read from right to left: its first node stands at the right, under the last of the upper row.
    let lower: Vec<&Node<T>> = bottom.iter().rev().collect();
    let lower_edges: Vec<&str> = lower.iter().skip(1).map(|node| node.edge.as_str()).collect();
    let places = spread(&lower, &lower_edges, columns);
    let mut under = (0, 0);
    for (i, node) in lower.iter().enumerate() {
        let text = node.boxed(columns);
        let place = places[i];
        let centre = place + width(&text) / 2;
        if i == 0 {
            under.0 = centre;
        }
        under.1 = centre;
        let end = drawing.add(place, last_row, text, Part::Node(node.tag));
        if let Some(next) = places.get(i + 1) {
            drawing.arrow(end + 1, next - 1, last_row, lower_edges[i], true);
        }
    }

    // Down on the right, up on the left; each line stands where both boxes are.
    let right = middle.1.min(under.1);
    let left = middle.0.max(under.0);
    let down = top.last().map_or("", |node| node.edge.as_str());
    let up = bottom.last().map_or("", |node| node.edge.as_str());
    let both = left.abs_diff(right) > width(up) + width(down) + 6;
    drawing.add(right, 1, "│", Part::Line);
    drawing.add(right, 2, "▼", Part::Line);
    drawing.add(left, 1, "▲", Part::Line);
    drawing.add(left, 2, "│", Part::Line);
    if both {
        drawing.add(right.saturating_sub(width(down) + 1), 1, down, Part::Label);
        drawing.add(left + 2, 2, up, Part::Label);
    }
    drawing
}

fn bracket<T: Copy>(nodes: &[Node<T>], columns: usize) -> Drawing<T> {
    const MARGIN: usize = 4;
    let mut drawing = Drawing::new();
    let columns = columns.max(MARGIN + 12);
    let (mut x, mut y) = (MARGIN, 0);
    for (i, node) in nodes.iter().enumerate() {
        let text = node.boxed(columns - MARGIN);
        let closing = if i + 1 == nodes.len() { 2 } else { 0 };
        let arrow = arrow_width(&node.edge).min(columns - MARGIN);
        // The arrow belongs to the box before it, and what an actor acts on to the actor: they stand on one line, where they
        // can, so that a row reads as a sentence.
        let pair = match nodes.get(i + 1) {
            Some(next) if node.round && !next.round => {
                let rest = width(&next.boxed(columns - MARGIN)) + arrow_width(&next.edge);
                if MARGIN + width(&text) + arrow + rest + closing <= columns { rest } else { 0 }
            }
            _ => 0,
        };
        if x > MARGIN && x + width(&text) + arrow + pair + closing > columns {
            (x, y) = (MARGIN, y + 1);
        }
        x = drawing.add(x, y, &text, Part::Node(node.tag));
        if x + arrow > columns + 1 {
            (x, y) = (MARGIN + 2, y + 1);
        }
        let end = (x + arrow - 1).min(columns);
        drawing.arrow(x + 1, end, y, &node.edge, false);
        x = end + 1;
    }
    let last = drawing.height - 1;
    if last == 0 {
        // All on one line: the way back runs below it.
        if let Some(tip) = drawing.pieces.last_mut() {
            tip.text = "┐".into();
        }
        let end = drawing.pieces.last().map_or(MARGIN, |tip| tip.x);
        drawing.add(1, 0, "┌▶", Part::Line);
        drawing.add(1, 1, format!("└{}┘", "─".repeat(end.saturating_sub(2))), Part::Line);
        return drawing;
    }
    drawing.add(1, 0, "┌▶", Part::Line);
    for row in 1..last {
        drawing.add(1, row, "│", Part::Line);
    }
    drawing.add(1, last, "└─", Part::Line);
    drawing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(count: usize) -> Vec<Node<usize>> {
        (0..count)
            .map(|i| match i % 2 {
                0 => Node { text: format!("phil#{}", i / 2 + 1), round: true, tag: i, edge: "wants".into() },
                _ => Node { text: format!("fork#{}", i / 2 + 2), round: false, tag: i, edge: "held by".into() },
            })
            .collect()
    }

    fn picture(drawing: &Drawing<usize>, columns: usize) -> String {
        let mut rows = vec![vec![' '; columns]; drawing.height];
        for piece in &drawing.pieces {
            for (i, c) in piece.text.chars().enumerate() {
                assert!(piece.x + i < columns, "{piece:?} is out of {columns} columns");
                let cell = &mut rows[piece.y][piece.x + i];
                assert!(*cell == ' ', "{piece:?} is drawn over something");
                *cell = c;
            }
        }
        rows.into_iter()
            .map(|row| row.into_iter().collect::<String>().trim_end().to_string())
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_ring_closes_in_two_rows_where_it_fits() {
        insta::assert_snapshot!(picture(&ring(&nodes(8), 100), 100));
    }

    #[test]
    fn a_ring_becomes_a_bracket_where_it_does_not_fit() {
        insta::assert_snapshot!(picture(&ring(&nodes(8), 56), 56));
    }

    #[test]
    fn a_lock_taken_twice_is_a_ring_of_two() {
        insta::assert_snapshot!(picture(&ring(&nodes(2), 56), 56));
    }

    #[test]
    fn two_tasks_with_two_locks_make_a_square() {
        insta::assert_snapshot!(picture(&ring(&nodes(4), 70), 70));
    }

    #[test]
    fn a_chain_goes_on_below() {
        insta::assert_snapshot!(picture(&chain(&nodes(7), 60), 60));
    }

    #[test]
    fn nothing_is_drawn_over_anything_at_any_width() {
        for count in 1..14 {
            for columns in 24..140 {
                picture(&ring(&nodes(count), columns), columns);
                picture(&chain(&nodes(count), columns), columns);
            }
        }
    }
}
