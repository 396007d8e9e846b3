//! A line on the terminal while a sweep runs: how far, how fast, what was found. None when stderr is no terminal.

use std::fmt::Write;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::sweep::Progress;

/// The line of one scenario's sweep.
pub(super) struct Line {
    bar: ProgressBar,
    unexpected: std::sync::atomic::AtomicU64,
}

impl Line {
    /// A line for this many seeds.
    pub(super) fn new(scenario: &str, seeds: u64) -> Self {
        let style = style("{prefix} {bar:24} {human_pos}/{human_len} seeds, {per_sec:0}, {eta} left{msg}");
        Self::styled(scenario, Some(seeds), style)
    }

    /// A line for as many seeds as there is time for.
    pub(super) fn until(scenario: &str, left: impl Fn() -> Duration + Clone + Send + Sync + 'static) -> Self {
        let left = move |_: &ProgressState, line: &mut dyn Write| {
            // Whole seconds, and the last one until it is over.
            let seconds = left().as_secs_f64().ceil() as u64;
            let _unshown = write!(line, "{}", HumanDuration(Duration::from_secs(seconds)));
        };
        let style = style("{prefix} {human_pos} seeds, {per_sec:0}, {left} left{msg}").with_key("left", left);
        Self::styled(scenario, None, style)
    }

    /// A line for as many seeds as it takes.
    pub(super) fn open(scenario: &str) -> Self {
        Self::styled(scenario, None, style("{prefix} {human_pos} seeds, {per_sec:0}, {elapsed} so far{msg}"))
    }

    fn styled(scenario: &str, seeds: Option<u64>, style: ProgressStyle) -> Self {
        let target =
            if stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(seeds, target);
        bar.set_style(style);
        bar.set_prefix(scenario.to_owned());
        Self { bar, unexpected: 0.into() }
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
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
