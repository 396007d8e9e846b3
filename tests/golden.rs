//! The reports on every scenario, word for word: on one seed, and on many.
//!
//! What changes here has changed what people read. After a change that is meant, and once every difference has been read:
//! `INSTA_UPDATE=always cargo test -p highwater-tests golden`.

use std::sync::Arc;

use highwater_reports::render::{Again, json, text};
use highwater_reports::sweep::SweepReport;
use highwater_sim::causes::explain;
use highwater_sim::run::{RunOptions, run_bare};
use highwater_sim::sweep::{SweepOptions, sweep};

use crate::support::scenarios::{each_scenario, given, prepared};

macro_rules! golden {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                reports_are_as_written(stringify!($name));
            }
        )*
    };
}
each_scenario!(golden);

/// Those whose sweep is kept as JSON too: nothing breaks; something is meant to; everything goes wrong.
pub(crate) const IN_JSON: [&str; 3] = ["chaos", "leader_crash_before_ack_duplicates", "steady_state"];

fn reports_are_as_written(name: &str) {
    let prepared = prepared(name);
    let file = given(name);
    let command = format!("highwater run {file} --seeds 0..25");
    let again = Again { scenario: &file, sweep: &command };
    let story = &prepared.plan.story;

    let mut run = run_bare(&prepared, 1, RunOptions::default());
    explain(&prepared, &mut run);
    is_as_written(&format!("{name}.seed_1"), story, &text::run(&run, &again));

    let options = SweepOptions { seeds: 0..25, jobs: 2 };
    let many: SweepReport = sweep(&prepared, &options, &(), &Arc::default());
    is_as_written(&format!("{name}.seeds_0_to_24"), story, &text::sweep(&many, &again));
    if IN_JSON.contains(&name) {
        let json = json::sweep(&many).expect("a report's keys are strings");
        is_as_written(&format!("{name}.seeds_0_to_24.json"), story, &json);
    }
}

fn is_as_written(name: &str, story: &str, report: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(story);
    settings.bind(|| insta::assert_snapshot!(name, report));
}
