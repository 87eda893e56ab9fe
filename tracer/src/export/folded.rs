//! Folded stacks: a line for each, outermost call first, and its nanoseconds.
//!
//! One file holds both pictures: the first frame is `on-cpu` or `off-cpu`, so that a flame graph shows them side by side and
//! `grep ^on-cpu` keeps one. Below `off-cpu` the last frame says why the task waited: `[recv]`.

use super::stacks;
use crate::profile::Profile;
use std::io::{self, Write};

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    for (root, times) in [("on-cpu", stacks::on_cpu(profile)), ("off-cpu", stacks::off_cpu(profile))] {
        for time in times {
            let mut line = root.to_string();
            for frame in stacks::names(profile, &time) {
                line.push(';');
                // A semicolon would begin another frame, and a line break another stack.
                line.extend(frame.chars().map(|c| if c == ';' || c.is_control() { '_' } else { c }));
            }
            writeln!(out, "{line} {}", time.ns)?;
        }
    }
    Ok(())
}
