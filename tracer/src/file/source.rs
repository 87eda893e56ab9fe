//! Reading a file at any place, from several threads at once.
//!
//! Positioned reads and no memory map: what is read is copied (a block is some ten kilobytes, and has to be decompressed
//! anyway), the page cache does the rest, and a file that is cut off or damaged while it is open is an error message and
//! not a signal that ends the process.

use std::fs::File;
use std::io;

/// A file that is open for reading.
#[derive(Debug)]
pub(super) struct Source {
    #[cfg(unix)]
    file: File,
    #[cfg(not(unix))]
    file: std::sync::Mutex<File>,
    length: u64,
}

impl Source {
    /// Takes an open file, as long as it is now.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        #[cfg(not(unix))]
        let file = std::sync::Mutex::new(file);
        Ok(Self { file, length })
    }

    /// Its length when it was opened: what is appended later is not looked at.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Fills `bytes` from a place in the file.
    #[cfg(unix)]
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, bytes, offset)
    }

    /// Fills `bytes` from a place in the file.
    #[cfg(not(unix))]
    pub(super) fn read(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(bytes)
    }

    /// As many bytes from a place in the file as there are, `most` at most.
    pub(super) fn read_some(&self, offset: u64, most: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
        let left = self.length.saturating_sub(offset).min(most as u64);
        bytes.clear();
        bytes.resize(left as usize, 0);
        self.read(offset, bytes)
    }
}
