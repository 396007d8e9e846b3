//! Notices of a partition that nobody leads.

use crate::broker::broker_test::{Bench, ORDERS, config_of, records};
use crate::config::{Acks, BrokerConfig};
use crate::event::EventKind;
use crate::ids::{BrokerId, CorrelationId, LeaderEpoch, NodeId, PartitionEpoch};
use crate::message::{Body, ErrorCode, PartitionState};
use crate::protocol::Preset;

fn nobody_leads(epoch: u32) -> PartitionState {
    PartitionState {
        partition: ORDERS,
        leader: None,
        leader_epoch: LeaderEpoch(epoch),
        isr: [BrokerId(1)].into_iter().collect(),
        partition_epoch: PartitionEpoch(epoch),
        replicas: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
        ..PartitionState::default()
    }
}

fn bench(preset: Preset) -> Bench {
    Bench::of(1, config_of(preset.protocol(), 1, BrokerConfig::default()))
}

/// Broker 1 leads, a produce and a follower's fetch wait, and it is told that nobody leads.
fn told_that_nobody_leads(preset: Preset) -> Bench {
    let mut bench = bench(preset);
    bench.notice(1, 1, [1, 2]);
    bench.produce(Acks::All, records(0, 1));
    bench.follower_fetches(3, 1);
    bench.tell(nobody_leads(2));
    bench
}

#[test]
fn under_kraft_a_leader_that_is_told_that_nobody_leads_steps_down() {
    let bench = told_that_nobody_leads(Preset::V3_3);
    assert_eq!((bench.replica().leader(), bench.replica().leader_epoch), (None, Some(LeaderEpoch(2))));
    assert_eq!(bench.produce_answer(), Some((ErrorCode::NotLeaderForPartition, None)));
    assert_eq!(bench.fetch_answer().map(|answer| answer.error), Some(ErrorCode::NotLeaderForPartition));
}

#[test]
fn with_zookeeper_a_leader_takes_no_heed_of_such_a_notice() {
    for preset in [Preset::V0_10, Preset::V2_8] {
        let bench = told_that_nobody_leads(preset);
        assert!(bench.replica().leads(), "{preset:?}");
        assert_eq!(bench.produce_answer(), None);
    }
}

#[test]
fn one_that_leads_again_knows_nothing_of_its_followers_logs() {
    let mut bench = told_that_nobody_leads(Preset::V3_3);
    bench.notice(1, 3, [1, 2]);
    assert!(bench.saw(EventKind::BecameLeader));
    let leader = bench.replica().as_leader().expect("told so");
    assert!(leader.remotes.iter().all(|remote| remote.log_end.is_none()));
}

#[test]
fn a_follower_of_a_leader_that_is_gone_fetches_no_more_until_there_is_another() {
    let fetches = |bench: &Bench| {
        let is_fetch = |to: NodeId, body: &Body| {
            matches!(body, Body::FetchRequest { .. }) && to == NodeId::from(BrokerId(2))
        };
        bench.out.sends.iter().any(|sent| is_fetch(sent.to, &sent.message.body))
    };
    let mut bench = bench(Preset::V3_3);
    bench.notice(2, 1, [1, 2]);
    assert!(fetches(&bench));
    bench.tell(nobody_leads(2));
    bench.hear(BrokerId(2), CorrelationId(1), Body::FetchReply { partitions: Vec::new() });
    bench.at(60_000);
    assert!(!fetches(&bench));
    bench.notice(2, 3, [1, 2]);
    assert!(fetches(&bench) && bench.saw(EventKind::BecameFollower));
}
