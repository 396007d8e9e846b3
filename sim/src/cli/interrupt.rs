//! Ctrl-C: the first asks a sweep to stop and print what it has, the second ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from now on. If the system lets nobody listen, Ctrl-C ends the process as ever.
pub(super) fn listen() -> &'static AtomicBool {
    let _deaf = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    &ASKED
}
