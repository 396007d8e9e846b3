//! Ctrl-C: the first asks whatever runs to end and print what it has, the second ends the process.

#![expect(clippy::disallowed_types, reason = "an interrupt that comes twice is told from two by the clock")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static FIRST: OnceLock<Instant> = OnceLock::new();

/// What comes sooner after the first is the same one: `timeout -s INT` and some CI servers signal a process and its group, so that
/// one interrupt arrives twice. No hand is that quick.
const SAME: Duration = Duration::from_millis(100);

/// Listens for Ctrl-C from now on. If the system lets nobody listen, Ctrl-C ends the process as ever.
pub(super) fn listen() -> &'static Arc<AtomicBool> {
    let _deaf = ctrlc::set_handler(|| {
        let now = Instant::now();
        ASKED.store(true, Ordering::Relaxed);
        if now.duration_since(*FIRST.get_or_init(|| now)) >= SAME {
            std::process::exit(130);
        }
    });
    &ASKED
}
