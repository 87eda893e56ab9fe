//! Signals during a recording: SIGINT and SIGTERM end the program, SIGUSR1 writes what a flight recorder has.

use super::Shared;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Listens for signals until it is dropped.
pub(super) struct Listener {
    handle: signal_hook::iterator::Handle,
}

impl Listener {
    /// SIGINT and SIGTERM end the program, and a second one vex. SIGUSR1 writes what a ring has.
    pub(super) fn start(shared: &Arc<Shared>, stop: Arc<AtomicBool>, ring: bool) -> Option<Self> {
        let wanted: &[i32] = if ring { &[SIGINT, SIGTERM, SIGUSR1] } else { &[SIGINT, SIGTERM] };
        let mut signals = Signals::new(wanted).ok()?;
        let (handle, shared) = (signals.handle(), shared.clone());
        thread::spawn(move || {
            for signal in signals.forever() {
                if signal == SIGUSR1 {
                    shared.dump.store(true, Ordering::Relaxed);
                } else if shared.signal.swap(signal, Ordering::Relaxed) == 0 {
                    stop.store(true, Ordering::Relaxed);
                } else {
                    std::process::exit(128 + signal);
                }
            }
        });
        Some(Self { handle })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.handle.close();
    }
}
