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

/// What befell the cluster that no client knows of, and that a promise may hang on.
#[derive(Clone, Copy)]
struct Hidden {
    power_failed: bool,
    /// An unclean election withdraws promises; whether there was one clients are not told.
    may_elect_unclean: bool,
}

impl Sum {
    fn compare(&mut self, seed: u64, opinions: &[(Property, Opinion)], report: &RunReport, hidden: Hidden) {
        for (property, opinion) in opinions {
            let judged = &report.properties[property];
            let at =
                format!("{}, seed {seed}, {}: {opinion:?}, {judged:?}", report.scenario, property.name());
            assert!((opinion.least..=opinion.most).contains(&judged.broken), "{at}");
            if opinion.promised_most == 0 && !hidden.may_elect_unclean {
                assert_ne!(judged.verdict, Verdict::Violated, "{at}");
            }
            if opinion.promised_least > 0 && !hidden.power_failed {
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

/// What chance breaks with power failures and members that die, in whatever era.
const CHAOS: &[Property] = &[
    Property::InconsistentOffsets,
    Property::Duplicate,
    Property::LostWrite,
    Property::Unseen,
    Property::NonmonotonicSend,
    Property::Reprocessed,
];

/// And where what a group has read is cut away and written anew below its position.
const CHAOS_THAT_CUTS: &[Property] = &[
    Property::InconsistentOffsets,
    Property::Duplicate,
    Property::LostWrite,
    Property::Unseen,
    Property::NonmonotonicSend,
    Property::Reprocessed,
    Property::Skipped,
];

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
    chaos_of_the_newest_brokers: "chaos" ["protocol=4.0-elr"] 0..60, CHAOS, None;
    chaos_of_2_0: "chaos" ["protocol=2.0"] 0..60, CHAOS, None;
    chaos_before_leader_epochs: "chaos" ["protocol=0.11-iv1"] 0..60, CHAOS_THAT_CUTS, None;
    chaos_of_0_10: "chaos" ["protocol=0.10", "enable.idempotence=false"] 0..60, CHAOS_THAT_CUTS, None;
    chaos_with_unclean_elections_and_acks_of_the_leader: "chaos" ["protocol=2.0", "unclean.leader.election.enable=true", "enable.idempotence=false", "acks=1"] 0..60, CHAOS, None;
    chaos_of_clients_before_leader_epochs: "chaos_of_clients" [] 0..25, &[Property::InconsistentOffsets, Property::Duplicate, Property::Reprocessed], None;
    chaos_of_the_newest_clients: "chaos_of_clients" ["protocol=4.0-elr"] 0..25, &[Property::Duplicate, Property::Reprocessed], None;
    transactions_that_commit_and_abort: "transactions_commit_and_abort" [] 0..60, &[], None;
    transactions_whose_coordinator_dies: "transactions_coordinator_crash" [] 0..80, &[], None;
    transactions_of_the_newest_whose_coordinator_dies: "transactions_coordinator_crash" ["protocol=4.0-elr"] 0..60, &[], None;
    transactions_of_a_zombie: "transactions_zombie_is_fenced" [] 0..60, &[], None;
    processing_exactly_once: "exactly_once_processing" [] 0..20, &[Property::Reprocessed], None;
    retries_in_flight_that_reorder: "in_flight_retry_reorders" [] 0..70, &[Property::Duplicate, Property::NonmonotonicSend], None;
    an_acknowledgement_of_the_leader_alone: "acks_1_loses_unreplicated" [] 0..60, &[Property::InconsistentOffsets, Property::LostWrite, Property::NonmonotonicSend], None;
    no_acknowledgement_at_all: "acks_0_loses_on_crash" [] 0..60, &[Property::LostWrite], None;
    a_producer_that_begins_anew: "producer_restart_duplicates" [] 0..60, &[Property::Duplicate], None;
    a_group_that_reads_again: "group_member_crash_reprocesses" [] 0..40, &[Property::Reprocessed], None;
    a_group_that_commits_too_early: "commit_before_processing_loses" [] 0..40, &[Property::Skipped], None;
    a_producer_that_asks_again: "leader_crash_before_ack_duplicates" [] 0..40, &[Property::Duplicate], None;
    a_leader_that_does_not_look_for_duplicates: "producer_retry_deduplicated" [] 0..40, &[Property::Duplicate, Property::NonmonotonicSend], Some(Defect::SkipsDeduplication);
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
    let may_elect_unclean =
        prepared.plan.config.topics.iter().any(|topic| topic.unclean_leader_election_enable);
    let mut sum = Sum::default();
    for seed in seeds {
        let (text, report, power_failed) = match defect {
            Some(defect) => defect.during(|| play(&prepared, seed)),
            None => play(&prepared, seed),
        };
        sum.compare(seed, &opinions(&text), &report, Hidden { power_failed, may_elect_unclean });
    }
    sum.broke.sort();
    assert_eq!(sum.broke, broken);
    assert!(sum.exact * 100 >= sum.opinions * 95, "{} of {} are exact", sum.exact, sum.opinions);
}
