use std::sync::Arc;

use highwater_model::config::Acks;
use highwater_model::event::{Event, EventKind};

use super::super::json;
use super::{Again, faults, run, sweep};
use crate::clients_for_tests::{SHOP, acknowledged, batch, led, polled, sent, setup, step};
use crate::end::RunEnd;
use crate::expect::{Expect, HowOften};
use crate::faults::{FaultReport, FaultsReport};
use crate::panel::{Extent, Panel, PanelSetup};
use crate::property::Property;
use crate::report::RunReport;
use crate::sweep::SweepReport;

const AGAIN: Again<'static> =
    Again { scenario: "scenarios/ack-lost.json", sweep: "highwater sweep scenarios/ack-lost.json --seeds 1" };

fn told(setup: &PanelSetup) -> RunReport {
    let view = led(&[batch(0, &[0]), batch(1, &[0])], 2);
    let mut panel = Panel::new(setup.clone());
    for (id, event) in (1..).zip([sent(0), acknowledged(0, &[0]), polled(0, &[0]), polled(1, &[0])]) {
        panel.look(&step(id, SHOP), &[event], &view);
    }
    panel.finish(
        &step(20, SHOP),
        &view,
        RunEnd::Converged,
        &Extent { fingerprint: 0xfeed, steps: 9, events: 4, messages: 6 },
    )
}

fn with(expect: Expect) -> PanelSetup {
    let overrides = Arc::new(["producers.shop.acks=-1".to_owned()]);
    PanelSetup { expect: Arc::new(expect), overrides, ..setup(Acks::All) }
}

fn last_line(text: &str) -> &str {
    text.trim_end().rsplit('\n').next().unwrap_or_default()
}

#[test]
fn a_run_that_went_as_expected_ends_with_its_fingerprint() {
    let text = run(&told(&with(Expect::default())), &AGAIN);
    assert!(
        text.starts_with(
            "AS EXPECTED  ack-lost, 0.11-iv1, seed 7, producers.shop.acks=-1\n\n  The leader dies"
        )
    );
    assert_eq!(
        last_line(&text),
        "run          converged at 20.000 ms, 9 steps, 4 events, 6 messages, fingerprint 000000000000feed"
    );
}

#[test]
fn a_break_without_a_promise_says_what_would_promise_it() {
    let text = run(&told(&with(Expect::default())), &AGAIN);
    let expected = "
  duplicate                         allowed                             2         1
      at 4.000 ms, step 4, shop, orders-0: shop#0 is at offset 0 and again at offset 1
      promised only with enable.idempotence=true, a producer that is not restarted, no unclean election, no
      power failure over unflushed logs
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_numbers_of_a_run_stand_in_words() {
    let text = run(&told(&with(Expect::default())), &AGAIN);
    let expected = "
records      sent 1, acknowledged 1, unconfirmed 0, failed 0, pending 0, committed 2, delivered 2
             duplicated 1, lost 0, lost of the unconfirmed 0
elections    clean 0, unclean 0
ISR          shrinks 0, expands 0
logs         truncations 0, records truncated 0, records lost to power 0
produces     retries 0, duplicates discarded 0, refusals 0
ack latency  p50 1.000 ms, p99 1.000 ms, p99.9 1.000 ms, max 1.000 ms, of 1 records
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_partition_that_is_unavailable_as_configured_is_named() {
    let mut view = led(&[batch(0, &[0]), batch(1, &[0])], 2);
    view.brokers.iter_mut().for_each(|broker| broker.alive = false);
    let panel = Panel::new(with(Expect::default()));
    let text = run(&panel.finish(&step(20, SHOP), &view, RunEnd::Converged, &Extent::default()), &AGAIN);
    assert!(
        text.contains("             orders-0 is unavailable as configured: its ISR is {1,2,3}"),
        "{text}"
    );
}

#[test]
fn the_last_line_of_a_failure_plays_it_again() {
    let expect = Expect { must_see: vec![EventKind::LogTruncated].into(), ..Default::default() };
    let text = run(&told(&with(expect)), &AGAIN);
    assert!(text.starts_with("BROKEN  ack-lost"));
    assert!(text.contains("\nnot as expected\n  log_truncated was to be seen and never came\n"));
    let expected = "again: highwater run scenarios/ack-lost.json --seed 7 --set producers.shop.acks=-1";
    assert_eq!(last_line(&text), expected);
}

#[test]
fn a_sweep_says_what_broke_on_how_many_seeds() {
    let breaks = [(Property::Duplicate, HowOften::Always)].into();
    let setup = with(Expect { breaks, ..Default::default() });
    let mut report = SweepReport::new(&setup);
    report.add(told(&setup));
    let text = sweep(&report, &AGAIN);
    assert!(text.starts_with("AS EXPECTED  ack-lost, 0.11-iv1, seed 7"), "{text}");
    let expected = "
  duplicate                         always             1/1         0         1                   7
      at 4.000 ms, step 4, shop, orders-0: shop#0 is at offset 0 and again at offset 1
";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("again:"), "{text}");
}

#[test]
fn a_failure_that_no_seed_shows_plays_the_sweep_again() {
    let breaks = [(Property::LostWrite, HowOften::Sometimes)].into();
    let setup = with(Expect { breaks, ..Default::default() });
    let mut report = SweepReport::new(&setup);
    report.add(told(&setup));
    let text = sweep(&report, &AGAIN);
    assert!(text.contains("lost-write was to break on at least one seed and broke on none"), "{text}");
    assert_eq!(last_line(&text), "again: highwater sweep scenarios/ack-lost.json --seeds 1");
}

#[test]
fn json_says_the_same() {
    let report = told(&with(Expect::default()));
    let value: serde_json::Value =
        serde_json::from_str(&json::run(&report).expect("a report is JSON")).expect("it reads back");
    assert_eq!(value["version"], 1);
    assert_eq!(value["end"], "converged");
    assert_eq!(value["outcome"], "as_expected");
    assert_eq!(value["fingerprint"], "000000000000feed");
    assert_eq!(value["properties"]["duplicate"]["verdict"], "allowed");
    assert_eq!(value["properties"]["duplicate"]["evidence"][0]["at_ms"], 4.0);
    assert_eq!(value["ack_latency"]["p50_ms"], 1.0);
    assert_eq!(value["seen"]["records_polled"], 2);
    let mut sweep = SweepReport::new(&with(Expect::default()));
    sweep.add(report);
    let value: serde_json::Value =
        serde_json::from_str(&json::sweep(&sweep).expect("a report is JSON")).expect("it reads back");
    assert_eq!((&value["seeds"], &value["outcomes"]["as_expected"]), (&1.into(), &1.into()));
}

#[test]
fn a_fault_that_never_struck_is_told() {
    let report = |does: &str, seeds, missed| FaultReport { does: does.into(), seeds, missed };
    let planned = vec![report("crash leader of orders-0", 1, 0), report("lag broker 3", 0, 2)];
    let all = FaultsReport { planned, random: 4 };
    assert_eq!(
        faults(&all, None),
        "faults       fault 0 struck: crash leader of orders-0\n             fault 1 never struck: lag broker 3 \
         (found no target 2 times)\n             4 by chance\n"
    );
    assert!(faults(&all, Some(9)).starts_with("faults       fault 0 struck on 1 of 9 seeds: crash"));
    assert_eq!(faults(&FaultsReport::default(), None), "");
}

#[test]
fn a_fault_that_struck_on_no_seed_stands_at_the_top() {
    let mut setup = with(Expect { must_see: vec![EventKind::LogTruncated].into(), ..Default::default() });
    let faults = ["crash leader of orders-0", "leave billing-1"].map(Arc::from).to_vec();
    Arc::make_mut(&mut setup.names).faults = faults;
    let mut report = told(&setup);
    report.faults.planned[0].seeds = 1;
    let text = run(&report, &AGAIN);
    let below = "came\n\nnever struck: fault 1 (leave billing-1)\n\nwhite box";
    assert!(text.contains(below), "{text}");
    let mut sum = SweepReport::new(&setup);
    assert!(!sweep(&sum, &AGAIN).contains("never struck"), "no seed was run");
    sum.add(report.clone());
    let text = sweep(&sum, &AGAIN);
    assert!(text.contains("\n\nnever struck: fault 1 (leave billing-1)\n\nseeds "), "{text}");
    report.faults.planned[1].seeds = 1;
    assert!(!run(&report, &AGAIN).contains("never struck"));
}

#[test]
fn groups_outages_and_switches_are_told() {
    let mut setup = with(Expect::default());
    setup.switches.epoch_bump = Some(true);
    let mut report = told(&setup);
    let text = run(&report, &AGAIN);
    assert!(text.starts_with("AS EXPECTED  ack-lost, 0.11-iv1 with epoch_bump true, seed 7"), "{text}");
    let expected = "
unavailable  acks=-1 could not be answered for 19 ms, summed over partitions: no leader, too small an ISR or a
             member of it down, or with ack_strategy majority too few replicas up
groups       billing: rebalances 0, last generation 0, members expired 0, commits 0, refused 0, delivered 2,
             reprocessed 0, skipped 0, positions reset 0, truncations detected 0, max lag 0 records, unowned 0
             ms, summed over partitions
";
    report.unavailable_ms = 19;
    let text = run(&report, &AGAIN);
    assert!(text.contains(expected), "{text}");
    let value: serde_json::Value =
        serde_json::from_str(&json::run(&report).expect("a report is JSON")).expect("it reads back");
    assert_eq!(value["switches"]["epoch_bump"], true);
    assert_eq!((&value["unavailable_ms"], &value["groups"]["billing"]["delivered"]), (&19.into(), &2.into()));
    let mut sweep_report = SweepReport::new(&setup);
    sweep_report.add(report.clone());
    sweep_report.add(report);
    let text = sweep(&sweep_report, &AGAIN);
    assert!(
        text.contains("acks=-1 could not be answered for 38 ms") && text.contains("delivered 4"),
        "{text}"
    );
}

#[test]
fn latencies_stand_by_topic_where_there_are_several() {
    let mut setup = with(Expect::default());
    let mut producers = setup.producers.to_vec();
    producers.push(producers[0].clone());
    producers[1].topic.0 = 1;
    setup.producers = producers.into();
    let names = Arc::make_mut(&mut setup.names);
    names.topics.push("bills".to_owned());
    let view = led(&[batch(0, &[0]), batch(1, &[0])], 2);
    let elsewhere = |mut event: Event| {
        if let Event::RecordSent { partition, .. } | Event::SendAcknowledged { partition, .. } = &mut event {
            partition.topic.0 = 1;
        }
        event
    };
    let mut panel = Panel::new(setup.clone());
    let events =
        [sent(0), acknowledged(0, &[0]), elsewhere(sent(1)), sent(2), elsewhere(acknowledged(0, &[1]))];
    for (id, event) in (1..).zip(events) {
        panel.look(&step(id, SHOP), &[event], &view);
    }
    let report = panel.finish(
        &step(20, SHOP),
        &view,
        RunEnd::Converged,
        &Extent { fingerprint: 0xfeed, steps: 9, events: 4, messages: 3 },
    );
    let text = run(&report, &AGAIN);
    let expected = "
             bills: p50 2.000 ms, p99 2.000 ms, p99.9 2.000 ms, max 2.000 ms, of 1 records
             orders: p50 1.000 ms, p99 1.000 ms, p99.9 1.000 ms, max 1.000 ms, of 1 records
";
    assert!(text.contains(expected), "{text}");
    let mut sum = SweepReport::new(&setup);
    sum.add(report);
    assert!(sweep(&sum, &AGAIN).contains(expected));
    let value: serde_json::Value =
        serde_json::from_str(&json::sweep(&sum).expect("a report is JSON")).expect("it reads back");
    assert_eq!(value["ack_latency_by_topic"]["bills"]["p50_ms"], 2.0);
}
