//! A line on the terminal while a sweep runs: how far, how fast, what was found. None when stderr is no terminal.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::sweep::Progress;

/// The line of one scenario's sweep.
pub(super) struct Line {
    bar: ProgressBar,
    unexpected: std::sync::atomic::AtomicU64,
}

impl Line {
    /// A line for this many seeds.
    pub(super) fn new(scenario: &str, seeds: u64) -> Self {
        let target =
            if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(seeds), target);
        let template = "{prefix} {bar:24} {human_pos}/{human_len} seeds, {per_sec:0}, {eta} left{msg}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        bar.set_prefix(scenario.to_owned());
        Self { bar, unexpected: 0.into() }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Line {
    fn done(&self, seeds: u64, unexpected: u64) {
        use std::sync::atomic::Ordering::Relaxed;
        let before = self.unexpected.fetch_add(unexpected, Relaxed);
        if unexpected > 0 {
            self.bar.set_message(format!(", {} not as expected", before + unexpected));
        }
        self.bar.inc(seeds);
    }
}
