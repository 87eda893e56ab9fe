//! Adding a section to a file that is finished: its end is written anew.

use super::index::SectionInfo;
use super::reader::TraceFile;
use super::section::Packer;
use super::writer::write_index;
use super::{ENDS, EVENTS, FINDING, HEAD};
use std::fs::OpenOptions;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Puts a section into a trace file, in place of one of the same name. What was recorded is not touched: a process that is
/// killed here leaves a file that can be read. A file that was cut off gets the index that it lacks.
///
/// # Errors
/// When the file is no trace, cannot be written, or is being written by somebody else.
pub fn add_section(path: &Path, tag: [u8; 4], bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    super::lock(&file)?;
    let (mut index, end) = TraceFile::open(path)?.layout();
    // Sections that were added stand behind everything that was recorded.
    let recorded = |section: &SectionInfo| [HEAD, ENDS, FINDING, EVENTS].contains(&section.tag);
    let blocks = index.blocks.iter().map(|block| block.offset + block.stored);
    let sections =
        index.sections.iter().filter(|section| recorded(section)).map(|section| section.offset + section.size);
    let mut offset = blocks.chain(sections).max().unwrap_or(end).min(end);
    index.sections.retain(|section| section.tag != tag || section.offset < offset && recorded(section));
    let mut kept = Vec::new();
    for section in index.sections.iter_mut().filter(|section| section.offset >= offset) {
        let mut whole = vec![0; usize::try_from(section.size).unwrap_or(0)];
        file.seek(SeekFrom::Start(section.offset))?;
        file.read_exact(&mut whole)?;
        section.offset = offset + kept.len() as u64;
        kept.extend_from_slice(&whole);
    }
    let mut packer = Packer::new();
    let section = packer.pack(tag, &[], bytes);
    let section = section.ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "a section is too large"))?;
    index.sections.push(SectionInfo { tag, offset: offset + kept.len() as u64, size: section.len() as u64 });
    kept.extend_from_slice(section);
    file.set_len(offset)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(&kept)?;
    offset += kept.len() as u64;
    write_index(&mut file, offset, &index, &mut packer)?;
    Ok(())
}
