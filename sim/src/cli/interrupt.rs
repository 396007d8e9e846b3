//! Ctrl-C: the first asks a sweep to stop and print what it has, the third ends the process.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);
static TIMES: AtomicU8 = AtomicU8::new(0);

/// How often it takes to end the process at once. Not two: `timeout -s INT` and some CI servers signal a process and its group,
/// so that one interrupt arrives twice.
const TIMES_TO_END: u8 = 3;

/// Listens for Ctrl-C from now on. If the system lets nobody listen, Ctrl-C ends the process as ever.
pub(super) fn listen() -> &'static AtomicBool {
    let _deaf = ctrlc::set_handler(|| {
        ASKED.store(true, Ordering::Relaxed);
        if TIMES.fetch_add(1, Ordering::Relaxed) + 1 >= TIMES_TO_END {
            std::process::exit(130);
        }
    });
    &ASKED
}
