//! What profilers want of a profile: each stack as the places of its calls, and each wait as the kind of trouble that it is.
//!
//! A profile may come from a file that somebody wrote by hand: indices that lead nowhere, or in a circle, end the stack.

use crate::profile::{BlockedTime, Profile, SiteInfo};

/// A place that is not known.
const UNKNOWN: &SiteInfo = &SiteInfo { file: String::new(), line: 0, column: 0, function: String::new() };

/// The place of an index.
pub(super) fn site(profile: &Profile, index: u32) -> &SiteInfo {
    profile.sites.get(index as usize).unwrap_or(UNKNOWN)
}

/// The sites of a stack, innermost call first.
pub(super) fn sites(profile: &Profile, frame: u32) -> impl Iterator<Item = u32> + '_ {
    let mut next = Some(frame);
    std::iter::from_fn(move || {
        let index = next?;
        let frame = profile.frames.get(index as usize)?;
        // A caller stands before whom it calls.
        next = frame.caller.filter(|&caller| caller < index);
        Some(frame.site)
    })
}

/// The name of a function; a word where there is none.
pub(super) fn function(site: &SiteInfo) -> &str {
    if site.function.is_empty() { "?" } else { &site.function }
}

/// `worker (pool.vex:12)`: a function and the line that it is at.
pub(super) fn function_and_line(site: &SiteInfo) -> String {
    match (site.file.as_str(), site.line) {
        ("", _) | (_, 0) => function(site).to_string(),
        (file, line) => format!("{} ({file}:{line})", function(site)),
    }
}

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    Lock,
    Channel,
    Sleep,
    Other,
}

/// What a wait is for, by its reason's word.
pub(super) fn kind(blocked: &BlockedTime) -> Waits {
    match blocked.reason.as_str() {
        "lock" | "read" | "write" => Waits::Lock,
        "send" | "recv" | "select" => Waits::Channel,
        "sleep" => Waits::Sleep,
        _ => Waits::Other,
    }
}

/// A number for a format that only has signed ones.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
