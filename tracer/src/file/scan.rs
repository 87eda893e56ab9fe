//! Finding the sections of a file that has no index: its writer was killed, or it is damaged.
//!
//! The sections stand one behind the other, so the headers lead from each to the next. Where that chain breaks, the next
//! mark with a header whose checksum is right is looked for, byte by byte; each byte is looked at once. Payloads are checked,
//! too: who comes here has reason to.

use super::index::{BlockInfo, Index, SectionInfo};
use super::section::{HEADER, Head, INFO, MARK};
use super::source::Source;
use super::{EVENTS, INDEX, PART, PREAMBLE};
use std::io;

/// What a scan came to.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub(super) index: Index,
    /// Where the last whole section ends.
    pub(super) end: u64,
    /// Whole sections whose content is damaged, or which make no sense where they stand.
    pub(super) damaged: u64,
    /// Bytes between sections that belong to none.
    pub(super) skipped: u64,
    /// Bytes at the end that are the beginning of a section.
    pub(super) cut: u64,
}

/// Bytes looked at in one go where the chain is broken.
const WINDOW: usize = 1 << 16;

/// Looks through a file from its first section to its end.
pub(super) fn scan(source: &Source) -> io::Result<Scanned> {
    let mut found = Scanned { end: PREAMBLE as u64, ..Scanned::default() };
    let mut section = Vec::new();
    let mut offset = found.end;
    let mut events_end = 0;
    while offset < source.length() {
        source.read_some(offset, HEADER + INFO, &mut section)?;
        let Some((head, info)) = Head::parse(&section) else {
            let next = resync(source, offset + 1)?;
            // What is left behind the last section may be a trailer, or the beginning of a header.
            match next {
                Some(next) => found.skipped += next - offset,
                None => found.cut = source.length() - offset,
            }
            offset = next.unwrap_or(source.length());
            continue;
        };
        let block = BlockInfo::parse(info, offset, head.size(), head.raw as u64);
        if head.size() > source.length() - offset {
            found.cut = source.length() - offset;
            break;
        }
        source.read_some(offset, head.size() as usize, &mut section)?;
        let whole = head.is_whole(&section);
        match block.filter(|_| head.tag == EVENTS) {
            Some(block)
                if whole && block.first >= events_end && block.first.checked_add(block.events as u64).is_some() =>
            {
                events_end = block.end();
                found.index.blocks.push(block);
            }
            None if whole && head.tag != EVENTS => {
                if head.tag != INDEX && head.tag != PART {
                    found.index.sections.push(SectionInfo { tag: head.tag, offset, size: head.size() });
                }
            }
            _ => found.damaged += 1,
        }
        offset += head.size();
        found.end = offset;
    }
    Ok(found)
}

/// The next place from `offset` on where a header stands.
fn resync(source: &Source, mut offset: u64) -> io::Result<Option<u64>> {
    let mut window = Vec::new();
    let mut header = Vec::new();
    while offset < source.length() {
        source.read_some(offset, WINDOW, &mut window)?;
        for at in 0..window.len().saturating_sub(MARK.len() - 1) {
            if window[at..].starts_with(&MARK) {
                source.read_some(offset + at as u64, HEADER + INFO, &mut header)?;
                if Head::parse(&header).is_some() {
                    return Ok(Some(offset + at as u64));
                }
            }
        }
        // A mark may lie across the end of the window.
        offset += (window.len().saturating_sub(MARK.len() - 1)).max(1) as u64;
    }
    Ok(None)
}
