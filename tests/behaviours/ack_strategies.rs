//! What an acknowledgement waits for, and how many failures that outlives.

use std::collections::BTreeMap;

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{RecordId, TopicId};
use highwater_model::time::{Instant, Micros};

use crate::support::{Run, at, facts, ms, on_each_seed_of};

/// When the records of each topic were acknowledged.
fn acknowledged(run: &Run) -> BTreeMap<TopicId, Vec<(Instant, RecordId)>> {
    let mut times = BTreeMap::<_, Vec<_>>::new();
    for (fact, (partition, records)) in
        facts!(run, Event::SendAcknowledged { partition, records, .. } => (*partition, records))
    {
        let times = times.entry(partition.topic).or_default();
        times.extend(records.iter().map(|record| (fact.at, record.value)));
    }
    times
}

#[test]
fn the_leader_alone_is_faster_than_a_majority_and_that_is_faster_than_all_in_sync_with_one_slow() {
    on_each_seed_of("ack_strategies_latency", &[], |run| {
        run.assert_converged();
        let sent: BTreeMap<RecordId, Instant> = facts!(run, Event::RecordSent { record, .. } => record.value)
            .into_iter()
            .map(|(fact, record)| (record, fact.at))
            .collect();
        let medians: Vec<Micros> = acknowledged(run)
            .into_values()
            .map(|times| {
                let mut waits: Vec<Micros> =
                    times.into_iter().map(|(at, record)| at.since(sent[&record])).collect();
                assert_eq!(waits.len(), 100);
                waits.sort_unstable();
                waits[50]
            })
            .collect();
        let [leader, majority, isr] = medians[..] else { panic!("there are three topics: {medians:?}") };
        assert!(leader < majority && majority < isr, "{leader}, {majority}, {isr}");
        assert!(isr > ms(40), "all in sync wait for the slow one: {isr}");
        assert!(majority < ms(40), "a majority does not: {majority}");
        assert_eq!(run.report.counts.lost, 0);
    });
}

/// The broker is back after eight seconds, and records go on for longer than that.
const BACK: [&str; 2] =
    [r#"faults=[{"when":{"at_ms":6000},"do":{"crash":1,"restart_after_ms":8000}}]"#, "records=220"];

#[test]
fn one_failure_is_outlived_by_two_replicas_in_sync_or_three_by_majority_and_by_no_fewer() {
    on_each_seed_of("ack_strategies_failures", &BACK, |run| {
        run.assert_converged();
        let died = run.first_of(EventKind::NodeStopped);
        let back = run.first_of(EventKind::NodeRestarted);
        assert_eq!((died.at, back.at), (at(6_000), at(14_000)));
        let by_topic = acknowledged(run);
        let count = |topic, from: Instant, to: Instant| {
            by_topic[&TopicId(topic)].iter().filter(|(time, _)| from < *time && *time < to).count()
        };
        // What was acknowledged before the death may be on its way.
        let outage = [0, 1, 2, 3].map(|topic| count(topic, died.at + ms(50), back.at));
        let [isr_of_two, isr_of_one, majority_of_three, majority_of_two] = outage;
        assert_eq!((isr_of_one, majority_of_two), (0, 0), "they wait for the broker");
        // The dead leader's session ends after four to six seconds, and request.timeout.ms is two: what was sent up to then
        // is acknowledged or given up.
        assert!(isr_of_two > 15 && majority_of_three > 15, "{outage:?}");
        let then = [0, 1, 2, 3].map(|topic| count(topic, at(18_000), at(22_000)));
        assert!(then.iter().all(|acknowledged| *acknowledged >= 38), "10 a second in all of them: {then:?}");
        assert_eq!(run.report.counts.lost, 0);
    });
}

#[test]
fn a_partition_led_by_majority_elects_only_with_the_votes_of_more_than_half_of_its_replicas() {
    on_each_seed_of("ack_strategies_failures", &[], |run| {
        let elected = facts!(run, Event::LeaderElected { partition, epoch, .. } => (partition.topic, *epoch));
        let mut looked = 0;
        for (elected, (topic, epoch)) in elected.iter().filter(|(_, (topic, _))| topic.0 >= 2 && topic.0 <= 3)
        {
            let votes = facts!(run, Event::VoteGiven { partition, broker, .. } => (partition.topic, *broker));
            let mut voters: Vec<_> = votes
                .iter()
                .filter(|(vote, (of, _))| of == topic && !elected.before(vote))
                .map(|(_, (_, broker))| *broker)
                .collect();
            voters.sort_unstable();
            voters.dedup();
            assert!(voters.len() >= 2, "epoch {epoch} of topic {topic}: {voters:?}");
            looked += 1;
        }
        assert_eq!(looked, 2);
    });
}
