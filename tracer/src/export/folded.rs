//! Folded stacks: a line for each, outermost call first, and its nanoseconds.
//!
//! One file holds both pictures: the first frame is `on-cpu` or `off-cpu`, so that a flame graph shows them side by side and
//! `grep ^on-cpu` keeps one. Below `off-cpu` the last frame says why the task waited: `[recv]`.

use super::stacks;
use crate::profile::Profile;
use std::io::{self, Write};

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    for time in profile.on_cpu.iter().filter(|time| time.ns > 0) {
        line("on-cpu", profile, time.frame, None, time.ns, out)?;
    }
    for time in profile.blocked.iter().filter(|time| time.ns > 0) {
        line("off-cpu", profile, time.frame, Some(&time.reason), time.ns, out)?;
    }
    Ok(())
}

fn line(
    root: &str,
    profile: &Profile,
    frame: u32,
    reason: Option<&str>,
    ns: u64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut frames: Vec<String> =
        stacks::sites(profile, frame).map(|site| stacks::function_and_line(stacks::site(profile, site))).collect();
    frames.reverse();
    frames.extend(reason.map(|reason| format!("[{reason}]")));
    let mut text = root.to_string();
    for frame in &frames {
        text.push(';');
        // A semicolon would begin another frame, and a line break another stack.
        text.extend(frame.chars().map(|c| if c == ';' || c.is_control() { '_' } else { c }));
    }
    writeln!(out, "{text} {ns}")
}
