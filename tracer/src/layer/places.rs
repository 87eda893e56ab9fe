//! Where a task is when it waits, locks or sends: Tokio does not say, the stack does.
//!
//! Inside of Tokio's own words the program's code is on the stack: the line with the `.await`, the guard that goes out of
//! scope. The stack is walked from the inside up to the first frame of the program's own. Which addresses those are, and what
//! their lines are, is read from the executable's debug information, which takes long, by the thread that writes the file: a
//! stack that is not understood yet gets a site whose place is filled in later. What was learned is remembered, so a walk mostly
//! ends at the first address of the program's own after comparing a dozen others.

use rustc_hash::FxHashMap;
use std::ffi::c_void;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};

/// Frames of a stack that are looked at: Tokio and the layer take about twenty.
const FRAMES: usize = 48;

/// What an address in the code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    /// The program's own code, and the site that was made of it.
    Own(u32),
    /// A library's.
    Library,
}

/// What is known of where something happens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Here {
    /// Nothing.
    #[default]
    Nowhere,
    /// The site.
    Site(u32),
    /// The addresses of a stack of which not all are known, innermost first.
    Stack(Vec<usize>),
}

/// A place as the debug information has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Addresses that are known.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Whether the writer is reading debug information, during which nobody else may walk a stack (there is one lock for both):
    /// the program goes without places for that time, and does not wait.
    reading: AtomicBool,
    known: RwLock<FxHashMap<usize, Address>>,
}

impl Places {
    /// Where this thread is.
    pub(super) fn here(&self) -> Here {
        if self.reading.load(Relaxed) {
            return Here::Nowhere;
        }
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (mut stack, mut site, mut frames) = (Vec::new(), None, 0);
        backtrace::trace(|frame| {
            let address = frame.ip() as usize;
            frames += 1;
            match known.get(&address) {
                Some(Address::Library) => {}
                Some(&Address::Own(own)) if stack.is_empty() => {
                    site = Some(own);
                    return false;
                }
                Some(Address::Own(_)) => {
                    stack.push(address);
                    return false;
                }
                None => stack.push(address),
            }
            frames < FRAMES
        });
        match site {
            Some(site) => Here::Site(site),
            None if stack.is_empty() => Here::Nowhere,
            None => Here::Stack(stack),
        }
    }

    /// Reads what a stack is whose site is `site`. Slow, for the writer.
    pub(super) fn understand(&self, site: u32, stack: &[usize]) -> Option<Found> {
        self.reading.store(true, Relaxed);
        let found = self.read(site, stack);
        self.reading.store(false, Relaxed);
        found
    }

    fn read(&self, site: u32, stack: &[usize]) -> Option<Found> {
        for &address in stack {
            let before = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&address).copied();
            if before == Some(Address::Library) {
                continue;
            }
            let mut found = None;
            backtrace::resolve(address as *mut c_void, |symbol| {
                if found.is_some() {
                    return;
                }
                let name = symbol.name().map(|name| name.to_string()).unwrap_or_default();
                if let (Some(path), Some(line)) = (symbol.filename(), symbol.lineno())
                    && is_own(path, &name)
                {
                    let path = path.to_string_lossy().into_owned();
                    found = Some(Found { path, line, column: symbol.colno().unwrap_or(1) });
                }
            });
            let what = if found.is_some() { Address::Own(site) } else { Address::Library };
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            // The first site that is made of an address stays.
            known.entry(address).or_insert(what);
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// Whether code is the program's own: neither the standard library's nor a dependency's, nor this one's.
fn is_own(path: &Path, name: &str) -> bool {
    let path = path.to_string_lossy();
    let library = ["/registry/src/", "/git/checkouts/", "/rustc/", "/toolchains/", "/.rustup/"];
    // What was inlined may have lost the beginning of its name.
    let this = path.starts_with(concat!(env!("CARGO_MANIFEST_DIR"), "/src/")) || name.contains("tracer::layer::");
    !this && !library.iter().any(|part| path.contains(part))
}
