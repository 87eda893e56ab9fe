//! A section: what a trace file is made of. A header that can be believed by itself, then the payload.
//!
//! The header has a mark and a checksum of its own, so that a reader without an index (the writer was killed) or behind a
//! damaged place finds the next section by looking at a few bytes, and so that no length is believed, and no memory taken,
//! before it has been checked. What a scan needs to know of a section stands in the *info* behind the header, uncompressed
//! and under the header's checksum.

use super::Error;
use lz4_flex::block::{CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size};

/// What every section begins with.
pub(super) const MARK: [u8; 4] = [0xb5, b'v', b'x', 0x1a];

/// Bytes of a header.
pub(super) const HEADER: usize = 28;

/// Longest info.
pub(super) const INFO: usize = 256;

/// Largest payload, uncompressed; a section's lengths have 32 bits.
pub(super) const LARGEST: usize = u32::MAX as usize;

/// lz4 makes no more than this of one stored byte.
const EXPANSION: u64 = 255;

/// A section's name.
pub(super) type Tag = [u8; 4];

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tag: Tag,
    pub(super) info: usize,
    pub(super) stored: usize,
    pub(super) raw: usize,
    payload_sum: u32,
}

impl Head {
    /// Bytes of the section, header and all.
    pub(super) fn size(&self) -> u64 {
        (HEADER + self.info) as u64 + self.stored as u64
    }

    /// Reads a header and its info from the beginning of `bytes`; `None` where there is none that can be believed.
    pub(super) fn parse(bytes: &[u8]) -> Option<(Head, &[u8])> {
        let header = bytes.first_chunk::<HEADER>()?;
        if header[..4] != MARK {
            return None;
        }
        let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (info, stored, raw) = (word(8) as usize, word(12) as usize, word(16) as usize);
        if info > INFO {
            return None;
        }
        let behind = bytes.get(HEADER..HEADER + info)?;
        let mut sum = crc32fast::Hasher::new();
        sum.update(&header[4..24]);
        sum.update(behind);
        if sum.finalize() != word(24) {
            return None;
        }
        let believable = stored == raw || (stored < raw && raw as u64 <= (stored as u64).saturating_mul(EXPANSION));
        believable.then_some((
            Head { tag: [header[4], header[5], header[6], header[7]], info, stored, raw, payload_sum: word(20) },
            behind,
        ))
    }

    /// The stored payload of a section that has been read whole, where its checksum is right.
    fn payload<'a>(&self, section: &'a [u8]) -> Result<&'a [u8], Error> {
        let payload = section.get(HEADER + self.info..).filter(|payload| payload.len() == self.stored);
        let payload = payload.ok_or(Error::Damaged("a section is cut off"))?;
        if crc32fast::hash(payload) != self.payload_sum {
            return Err(Error::Damaged("a checksum is wrong"));
        }
        Ok(payload)
    }

    /// Whether the checksum of a section that has been read whole is right.
    pub(super) fn is_whole(&self, section: &[u8]) -> bool {
        self.payload(section).is_ok()
    }

    /// The payload of a section that has been read whole, into `raw`.
    pub(super) fn unpack(&self, section: &[u8], raw: &mut Vec<u8>) -> Result<(), Error> {
        let payload = self.payload(section)?;
        raw.clear();
        if self.stored == self.raw {
            raw.extend_from_slice(payload);
            return Ok(());
        }
        raw.resize(self.raw, 0);
        match decompress_into(payload, raw) {
            Ok(length) if length == self.raw => Ok(()),
            _ => Err(Error::Damaged("a section cannot be decompressed")),
        }
    }
}

/// Makes sections, and keeps the memory for it.
pub(super) struct Packer {
    out: Vec<u8>,
    small: CompressTable,
    large: CompressTable,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self { out: Vec::new(), small: CompressTable::small(), large: CompressTable::large() }
    }

    /// A section as it stands in the file, header and all; `None` where the payload is larger than [`LARGEST`].
    pub(super) fn pack(&mut self, tag: Tag, info: &[u8], raw: &[u8]) -> Option<&[u8]> {
        if raw.len() > LARGEST || info.len() > INFO {
            return None;
        }
        let start = HEADER + info.len();
        self.out.resize(start + get_maximum_output_size(raw.len()), 0);
        // Which table is used must depend on this section alone: the same section is always the same bytes.
        let table = if raw.len() < u16::MAX as usize { &mut self.small } else { &mut self.large };
        let stored = match compress_into_with_table(raw, &mut self.out[start..], table) {
            Ok(stored) if stored < raw.len() => stored,
            _ => {
                self.out[start..start + raw.len()].copy_from_slice(raw);
                raw.len()
            }
        };
        self.out.truncate(start + stored);
        let payload_sum = crc32fast::hash(&self.out[start..]);
        self.out[..4].copy_from_slice(&MARK);
        self.out[4..8].copy_from_slice(&tag);
        for (at, word) in [(8, info.len() as u32), (12, stored as u32), (16, raw.len() as u32), (20, payload_sum)] {
            self.out[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        self.out[HEADER..start].copy_from_slice(info);
        let mut sum = crc32fast::Hasher::new();
        sum.update(&self.out[4..24]);
        sum.update(info);
        self.out[24..28].copy_from_slice(&sum.finalize().to_le_bytes());
        Some(&self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_comes_back_and_no_changed_byte_is_believed() {
        let raw = b"the quick brown fox the quick brown fox the quick brown fox".as_slice();
        let section = Packer::new().pack(*b"TEST", b"info", raw).expect("small").to_vec();
        let (head, info) = Head::parse(&section).expect("a header");
        assert_eq!((head.tag, info, head.size() as usize), (*b"TEST", b"info".as_slice(), section.len()));
        assert!(head.stored < head.raw);
        let mut back = Vec::new();
        head.unpack(&section, &mut back).expect("whole");
        assert_eq!(back, raw);
        for at in 0..section.len() {
            let mut damaged = section.clone();
            damaged[at] ^= 0x10;
            let read = Head::parse(&damaged).map(|(head, _)| head.unpack(&damaged, &mut back));
            assert!(!matches!(read, Some(Ok(()))), "byte {at}");
            let read = Head::parse(&section[..at]).map(|(head, _)| head.unpack(&section[..at], &mut back));
            assert!(!matches!(read, Some(Ok(()))), "cut at {at}");
        }
    }

    #[test]
    fn what_does_not_shrink_is_stored_as_it_is() {
        let raw: Vec<u8> = (0..=255).collect();
        let section = Packer::new().pack(*b"TEST", b"", &raw).expect("small").to_vec();
        let (head, _) = Head::parse(&section).expect("a header");
        assert_eq!((head.stored, head.raw), (256, 256));
        let mut back = Vec::new();
        head.unpack(&section, &mut back).expect("whole");
        assert_eq!(back, raw);
    }
}
