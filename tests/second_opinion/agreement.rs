//! Both judges on the same runs: a thousand seeds of broken and healthy clusters.

use std::sync::{Arc, Mutex};

use highwater_model::defects::Defect;
use highwater_model::event::Event;
use highwater_model::machine::Ending;
use highwater_reports::property::Property;
use highwater_reports::report::RunReport;
use highwater_reports::verdict::Verdict;
use highwater_sim::history;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run_bare};
use highwater_sim::trace::Seen;

use super::opinion::Opinion;
use super::opinions;
use crate::support::scenarios::changed;

/// A run's history and report, and whether the power failed somewhere, which no client can know.
fn play(prepared: &Arc<Prepared>, seed: u64) -> (String, RunReport, bool) {
    let kept = Arc::new(Mutex::new((history::recorder(prepared), false)));
    let ear = Arc::clone(&kept);
    let power = |event: &Event| matches!(event, Event::NodeStopped { ending: Ending::Power, .. });
    let trace = move |seen: Seen<'_>| {
        let mut kept = ear.lock().expect("no step panicked");
        kept.0.take(seen.step, seen.input, seen.events, seen.sends);
        kept.1 |= seen.events.iter().any(power);
    };
    let options = RunOptions { trace: Some(Box::new(trace)), ..RunOptions::default() };
    let report = run_bare(prepared, seed, options);
    let kept = kept.lock().expect("no step panicked");
    (history::json_lines(prepared, &report, &kept.0), report, kept.1)
}

/// What came of the comparison of many seeds.
#[derive(Default)]
struct Sum {
    /// Properties that broke on some seed, as both say.
    broke: Vec<Property>,
    opinions: u64,
    exact: u64,
}

impl Sum {
    fn compare(
        &mut self,
        seed: u64,
        opinions: &[(Property, Opinion)],
        report: &RunReport,
        power_failed: bool,
    ) {
        for (property, opinion) in opinions {
            let judged = &report.properties[property];
            let at =
                format!("{}, seed {seed}, {}: {opinion:?}, {judged:?}", report.scenario, property.name());
            assert!((opinion.least..=opinion.most).contains(&judged.broken), "{at}");
            if opinion.promised_most == 0 {
                assert_ne!(judged.verdict, Verdict::Violated, "{at}");
            }
            if opinion.promised_least > 0 && !power_failed {
                assert_eq!(judged.verdict, Verdict::Violated, "{at}");
            }
            self.opinions += 1;
            self.exact += u64::from(opinion.is_exact());
            if opinion.least > 0 && !self.broke.contains(property) {
                self.broke.push(*property);
            }
        }
    }
}

macro_rules! agree {
    ($($test:ident: $file:literal [$($set:literal),*] $seeds:expr, $broken:expr, $defect:expr;)*) => {
        $(
            #[test]
            fn $test() {
                both_judges_agree($file, &[$($set),*], $seeds, $broken, $defect);
            }
        )*
    };
}

agree! {
    chaos_of_the_newest_brokers: "chaos" [] 0..1, &[], None;
}

/// On every seed; and between them the seeds show these anomalies, or the comparison says nothing of them.
fn both_judges_agree(
    file: &str,
    overrides: &[&str],
    seeds: std::ops::Range<u64>,
    broken: &[Property],
    defect: Option<Defect>,
) {
    let prepared = changed(file, overrides);
    let mut sum = Sum::default();
    for seed in seeds {
        let (text, report, power_failed) = match defect {
            Some(defect) => defect.during(|| play(&prepared, seed)),
            None => play(&prepared, seed),
        };
        sum.compare(seed, &opinions(&text), &report, power_failed);
    }
    sum.broke.sort();
    assert_eq!(sum.broke, broken);
    assert!(sum.exact * 100 >= sum.opinions * 95, "{} of {} are exact", sum.exact, sum.opinions);
}
