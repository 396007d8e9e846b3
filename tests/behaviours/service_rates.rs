//! How fast brokers write and applications work, and what more partitions change about it.

use highwater_model::event::{Event, EventKind};
use highwater_model::time::Micros;
use highwater_reports::property::Property;
use serde_json::json;

use crate::support::{Run, facts, ms, on_each_seed_of, on_seeds, scenario};

/// From the first record's sending to the last acknowledgement.
fn takes(run: &Run) -> Micros {
    let last = run.all(EventKind::SendAcknowledged).last().expect("records are acknowledged").at;
    last.since(run.first_of(EventKind::RecordSent).at)
}

#[test]
fn a_topic_that_writes_at_a_rate_takes_in_more_by_as_much_as_it_has_more_partitions_on_other_brokers() {
    // 400 records at 50 a second and partition, handed over in two seconds. Each partition is led by a broker of its own, so
    // that no produce waits on its connection behind another partition's.
    let written = |partitions: u64| {
        let topic = json!({
            "name": "orders", "partitions": partitions, "replication": 3,
            "service_rate": { "records_per_second": 50 }
        });
        let shop = json!({
            "name": "shop", "topic": "orders", "records": 400, "every_ms": 5, "start_ms": 1000,
            "config": { "acks": "-1", "retries": 5 }
        });
        scenario(&json!({ "topics": [topic], "producers": [shop], "groups": [] }))
    };
    for partitions in [1, 2, 3] {
        on_seeds(&written(partitions), 0..4, |run| {
            run.assert_converged();
            assert_eq!(run.report.counts.acknowledged, 400);
            let (least, took) = (ms(8_000 / partitions), takes(run));
            assert!(
                took >= Micros(least.0 - 300_000) && took <= least + ms(600),
                "{partitions} partitions: {took} ms"
            );
        });
    }
}

/// When the last record was sent, and how many records' work was finished by some time after that.
fn finished(run: &Run, later: Micros) -> u64 {
    let sent = run.all(EventKind::RecordSent).last().expect("records are sent").at;
    let work = facts!(run, Event::RecordsProcessed { from, to, .. } => to.0 - from.0);
    work.iter().filter(|(fact, _)| fact.at <= sent + later).map(|(_, records)| records).sum()
}

#[test]
fn consumers_keep_up_at_the_computed_number_of_partitions() {
    on_each_seed_of("consumers_keep_up_at_computed_partitions", &[], |run| {
        run.assert_converged();
        assert_eq!(finished(run, ms(1_000)), 1_800);
        assert_eq!(run.report.properties[&Property::LagBounded].broken, 0);
    });
}

#[test]
fn consumers_fall_behind_with_one_partition_fewer_by_as_much_as_the_arithmetic_says() {
    on_each_seed_of("consumers_fall_behind_below_it", &[], |run| {
        run.assert_converged();
        // In the 20 s in which 1,800 records are sent, 3 members at 25 a second finish at most 1,500. A poll's work is told
        // of when all of it is done.
        let done = finished(run, ms(0));
        assert!(done > 1_100 && done <= 1_500, "{done}");
        assert!(run.report.properties[&Property::LagBounded].broken > 0);
    });
}
