//! Which partition a record goes to.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::{Event, EventKind};
use serde_json::{Value, json};

use crate::support::scenarios::changed;
use crate::support::{Fact, Run, facts, ms, on_each_seed, on_each_seed_of, on_seeds, shop};

/// Where each record went, in the order of sending: the partition's number.
fn sent(run: &Run) -> Vec<(Fact<'_>, u16)> {
    facts!(run, Event::RecordSent { partition, .. } => partition.partition)
}

/// How many records each partition got.
fn spread(run: &Run) -> BTreeMap<u16, usize> {
    let mut spread = BTreeMap::new();
    for (_, partition) in sent(run) {
        *spread.entry(partition).or_default() += 1;
    }
    spread
}

#[test]
fn records_without_a_key_go_round_all_partitions_one_by_one() {
    on_each_seed_of("partitioner_round_robin", &["faults=[]"], |run| {
        let sent: Vec<u16> = sent(run).into_iter().map(|(_, partition)| partition).collect();
        assert_eq!(sent.len(), 300);
        assert!(sent.windows(2).all(|two| two[1] == (two[0] + 1) % 3), "{sent:?}");
        assert_eq!(spread(run), BTreeMap::from([(0, 100), (1, 100), (2, 100)]));
    });
}

#[test]
fn the_round_begins_at_another_partition_on_another_seed() {
    let mut first = BTreeSet::new();
    on_seeds(&changed("partitioner_round_robin", &["faults=[]", "records=5"]), 0..20, |run| {
        first.insert(sent(run)[0].1);
    });
    assert_eq!(first, BTreeSet::from([0, 1, 2]));
}

#[test]
fn a_partition_without_a_leader_is_left_out_of_the_round_and_comes_back_into_it() {
    on_each_seed_of("partitioner_round_robin", &[], |run| {
        let offline = run.first_of(EventKind::PartitionOffline);
        let elected = run.first_of(EventKind::LeaderElected);
        let Event::PartitionOffline { partition: without, .. } = *offline.event else {
            unreachable!("it is of that kind")
        };
        assert_eq!(without.partition, 1, "broker 2 has its only replica");
        // The producer asks for metadata once in a second, metadata.max.age.ms.
        let knows = offline.at + ms(1_100);
        let sent = sent(run);
        let during: Vec<u16> = sent
            .iter()
            .filter(|(fact, _)| fact.at > knows && fact.before(&elected))
            .map(|(_, partition)| *partition)
            .collect();
        assert!(during.len() > 50);
        assert!(!during.contains(&1), "{during:?}");
        assert!(during.windows(2).all(|two| two[0] != two[1]), "the two others in turn: {during:?}");
        let back = sent.iter().filter(|(fact, partition)| elected.before(fact) && *partition == 1);
        assert!(back.count() > 0, "it takes records again");
    });
}

#[test]
fn the_sticky_partitioner_sends_the_same_records_in_far_fewer_requests_and_still_uses_every_partition() {
    let requests = |run: &Run| {
        assert_eq!(run.report.counts.acknowledged, 600);
        assert_eq!(spread(run).len(), 6);
        run.count(EventKind::ProduceSent)
    };
    let (mut sticky, mut round_robin) = (Vec::new(), Vec::new());
    on_seeds(&changed("partitioner_sticky", &[]), 0..12, |run| sticky.push(requests(run)));
    // Without the switch it is the preset's own way, which goes round.
    on_seeds(&changed("partitioner_sticky", &["switches={}"]), 0..12, |run| round_robin.push(requests(run)));
    for (sticky, round_robin) in sticky.iter().zip(&round_robin) {
        assert!(sticky * 2 < *round_robin, "{sticky} requests against {round_robin}");
    }
}

#[test]
fn the_round_robin_partitioner_beside_sticky_batches_passes_over_every_second_partition() {
    // KAFKA-9965: it is asked twice for a record that opens a batch.
    let asked_twice = &["partitioner.class=RoundRobinPartitioner", "switches.round_robin_skips=true"];
    on_each_seed_of("partitioner_sticky", asked_twice, |run| {
        assert_eq!(spread(run), BTreeMap::from([(1, 200), (3, 200), (5, 200)]));
    });
}

#[test]
fn a_sticky_producer_stays_on_a_partition_until_a_batch_is_closed_and_then_goes_elsewhere() {
    on_each_seed_of("partitioner_sticky", &[], |run| {
        let sent: Vec<u16> = sent(run).into_iter().map(|(_, partition)| partition).collect();
        let stays = sent.windows(2).filter(|two| two[0] == two[1]).count();
        assert!(stays > 400, "of 600 records {stays} go where the one before went");
        assert!(stays < 580, "it moves on");
    });
}

/// Where each key's records went, in order.
fn by_key(run: &Run, fits: impl Fn(&Fact<'_>) -> bool) -> BTreeMap<&[u8], Vec<u16>> {
    let mut by_key = BTreeMap::<&[u8], Vec<u16>>::new();
    for (fact, (key, partition)) in
        facts!(run, Event::RecordSent { partition, record, .. } => (record.key(), partition.partition))
    {
        if fits(&fact) {
            by_key.entry(key.expect("all have a key")).or_default().push(partition);
        }
    }
    by_key
}

fn one(partitions: &[u16]) -> u16 {
    assert!(partitions.iter().all(|partition| *partition == partitions[0]), "{partitions:?}");
    partitions[0]
}

#[test]
fn records_of_a_key_go_to_one_partition_whoever_leads_it_and_on_every_seed() {
    let mut everywhere = BTreeSet::new();
    on_seeds(&changed("group_shares_partitions", &[]), 0..12, |run| {
        let places: Vec<u16> = by_key(run, |_| true).values().map(|partitions| one(partitions)).collect();
        assert_eq!(places.len(), 24);
        everywhere.insert(places);
    });
    assert_eq!(everywhere.len(), 1, "the key alone decides");
}

#[test]
fn growth_moves_some_keys_once_and_leaves_the_others() {
    on_each_seed_of("partition_growth_moves_keys", &[], |run| {
        run.assert_converged();
        let created = run.first_of(EventKind::PartitionsCreated);
        // Producers hear of it within metadata.max.age.ms, half a second here.
        let (before, after) =
            (by_key(run, |fact| fact.before(&created)), by_key(run, |fact| fact.at > created.at + ms(600)));
        assert_eq!((before.len(), after.len()), (12, 12));
        let (mut moved, mut stayed) = (0, 0);
        for (key, partitions) in &before {
            let (old, new) = (one(partitions), one(&after[key]));
            assert!(old < 2);
            if old == new { stayed += 1 } else { moved += 1 }
        }
        assert!(moved > 0 && stayed > 0, "{moved} moved, {stayed} stayed");
        assert!(after.values().any(|partitions| partitions[0] == 2), "some are in the new one");
        for (key, partitions) in by_key(run, |_| true) {
            let changes = partitions.windows(2).filter(|two| two[0] != two[1]).count();
            assert!(changes <= 1, "{key:?} went to {partitions:?}");
        }
    });
}

#[test]
fn a_partition_that_the_application_names_gets_everything_with_a_key_or_without() {
    let named = |keys: Value| {
        let mut producer = shop(40, 50, json!({}));
        producer["partition"] = json!(2);
        if !keys.is_null() {
            producer["keys"] = keys;
        }
        json!({ "topics": [{ "name": "orders", "partitions": 4, "replication": 3 }], "producers": [producer] })
    };
    for keys in [Value::Null, json!(8)] {
        on_each_seed(&named(keys), |run| {
            run.assert_converged();
            assert_eq!(spread(run), BTreeMap::from([(2, 40)]));
        });
    }
}
