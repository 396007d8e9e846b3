//! Every scenario is as it says, on a thousand seeds: what it is meant to break breaks, what it is to show is seen, and
//! every other promise is kept.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use highwater_reports::outcome::Outcome;
use highwater_reports::render::{Again, text};
use highwater_sim::sweep::{SweepOptions, sweep};

use crate::support::scenarios::{each_scenario, given, prepared};

macro_rules! expected {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                is_as_expected(stringify!($name));
            }
        )*
    };
}
each_scenario!(expected);

fn is_as_expected(name: &str) {
    let jobs = available_parallelism().map_or(1, NonZeroUsize::get);
    let options = SweepOptions { seeds: 0..1_000, jobs };
    let report = sweep(&prepared(name), &options, &(), &Arc::default());
    let file = given(name);
    let command = format!("highwater run {file} --seeds 0..1000");
    let told = text::sweep(&report, &Again { scenario: &file, sweep: &command });
    assert_eq!(report.outcome(), Outcome::AsExpected, "{told}");
}
