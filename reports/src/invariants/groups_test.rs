//! `group-exclusivity`, `commit-fencing`, `lag-bounded`.

use std::sync::Arc;

use highwater_model::config::Assignor;
use highwater_model::event::Event;
use highwater_model::ids::{
    BrokerId, Generation, GroupId, LeaderEpoch, MemberId, NodeId, Offset, RecordId, TopicId, TopicPartition,
};
use highwater_model::machine::Ending;
use highwater_model::message::{ErrorCode, Subscription};
use highwater_model::record::{Batch, Content, GroupRecord, Record, StoredMember};
use highwater_model::time::Micros;
use highwater_model::view::ConsumerView;

use crate::property::Property::{CommitFencing, GroupExclusivity, LagBounded};
use crate::testing::{ORDERS, Stage, partition};

const BILLING: GroupId = GroupId(0);
const ONE: NodeId = NodeId(5);
const TWO: NodeId = NodeId(6);

fn member(client: NodeId) -> MemberId {
    MemberId { client, number: u64::from(client.0) }
}

fn assigned(client: NodeId, generation: u32, partitions: &[TopicPartition]) -> Event {
    Event::PartitionsAssigned {
        client,
        group: BILLING,
        generation: Generation(generation),
        partitions: partitions.into(),
    }
}

fn stabilized(assignment: &[(NodeId, TopicPartition)]) -> Event {
    Event::GroupStabilized {
        broker: BrokerId(1),
        group: BILLING,
        generation: Generation(1),
        assignment: assignment.iter().map(|(client, owned)| (member(*client), vec![*owned])).collect(),
    }
}

fn other() -> TopicPartition {
    TopicPartition { partition: 1, ..ORDERS }
}

#[test]
fn partitions_that_change_hands_in_good_order_are_not_reported() {
    let mut stage = Stage::new();
    stage.look(&[stabilized(&[(ONE, ORDERS), (TWO, other())])]);
    stage.look(&[assigned(ONE, 1, &[ORDERS]), assigned(TWO, 1, &[other()])]);
    // A zombie of generation 1 still believes in it.
    stage.look(&[assigned(TWO, 2, &[ORDERS, other()])]);
    let revoked = Event::PartitionsRevoked {
        client: TWO,
        group: BILLING,
        generation: Generation(2),
        partitions: [ORDERS].into(),
    };
    stage.look(&[revoked, assigned(ONE, 2, &[ORDERS])]);
    stage.assert_held(GroupExclusivity);
}

#[test]
fn a_member_that_was_fenced_or_died_owns_nothing() {
    let mut stage = Stage::new();
    let fenced = Event::MemberFenced {
        client: ONE,
        group: BILLING,
        error: ErrorCode::UnknownMemberId,
        partitions: [ORDERS].into(),
    };
    stage.look(&[assigned(ONE, 1, &[ORDERS]), fenced, assigned(TWO, 1, &[ORDERS])]);
    stage.look(&[Event::NodeStopped { node: TWO, ending: Ending::Process }, assigned(ONE, 1, &[ORDERS])]);
    stage.assert_held(GroupExclusivity);
}

#[test]
fn a_partition_that_a_coordinator_gives_to_two_is_reported() {
    let mut stage = Stage::new();
    stage.look(&[stabilized(&[(ONE, ORDERS), (TWO, ORDERS)])]);
    stage.assert_broken(
        GroupExclusivity,
        "broker 1 gives orders-0 in generation 1 of group billing to billing-0 and to ?",
    );
}

#[test]
fn a_partition_that_two_members_own_in_one_generation_is_reported() {
    let mut stage = Stage::new();
    stage.look(&[assigned(ONE, 1, &[ORDERS])]);
    stage.look(&[assigned(TWO, 1, &[other(), ORDERS])]);
    stage.assert_broken(
        GroupExclusivity,
        "billing-0 and ? both own orders-0 in generation 1 of group billing",
    );
}

fn joined(client: NodeId) -> Event {
    Event::MemberJoined { broker: BrokerId(1), group: BILLING, client, member: member(client) }
}

fn generation(generation: u32) -> Event {
    Event::GenerationStarted {
        broker: BrokerId(1),
        group: BILLING,
        generation: Generation(generation),
        members: 1,
    }
}

fn committed(broker: u8, client: NodeId, generation: u32) -> Event {
    Event::CommitAccepted {
        broker: BrokerId(broker),
        group: BILLING,
        client,
        generation: Generation(generation),
        offsets: [(ORDERS, Offset(3))].into(),
    }
}

/// A member in generation 2.
fn in_generation_two() -> Stage {
    let mut stage = Stage::new();
    stage.look(&[joined(ONE), generation(1), stabilized(&[]), generation(2), stabilized(&[])]);
    stage
}

#[test]
fn a_commit_of_a_member_in_its_generation_is_not_reported() {
    let mut stage = in_generation_two();
    stage.look(&[committed(1, ONE, 2)]);
    let rebalance =
        Event::RebalanceStarted { broker: BrokerId(1), group: BILLING, generation: Generation(2) };
    stage.look(&[rebalance, committed(1, ONE, 2)]);
    stage.assert_held(CommitFencing);
}

#[test]
fn a_commit_of_an_older_generation_that_is_let_in_is_reported() {
    let mut stage = in_generation_two();
    stage.look(&[committed(1, ONE, 1)]);
    stage.assert_broken(
        CommitFencing,
        "broker 1 let in a commit of billing-0 in generation 1 of group billing, which is in generation 2",
    );
}

#[test]
fn a_commit_of_one_who_is_no_member_any_more_is_reported() {
    let mut stage = in_generation_two();
    let expired =
        Event::MemberExpired { broker: BrokerId(1), group: BILLING, client: ONE, member: member(ONE) };
    stage.look(&[expired, committed(1, ONE, 2)]);
    stage.assert_broken(
        CommitFencing,
        "broker 1 let in a commit of billing-0 in generation 2 of group billing, of which it is no member",
    );
}

#[test]
fn a_commit_while_the_assignment_is_awaited_is_reported() {
    let mut stage = in_generation_two();
    stage.look(&[generation(3), committed(1, ONE, 3)]);
    stage.assert_broken(
        CommitFencing,
        "broker 1 let in a commit of billing-0 in generation 3 of group billing, which waits for its leader's \
         assignment",
    );
}

/// With `__consumer_offsets-0`, led by broker 1, whose log says that billing is in generation 4.
fn with_offsets() -> Stage {
    let mut stage = Stage::new();
    let offsets = TopicPartition { topic: TopicId(1), partition: 0 };
    stage.change(|setup| {
        let config = Arc::make_mut(&mut setup.config);
        config.topics.push(config.topics[0].clone());
        (config.offsets_topic, config.offsets_partitions) = (Some(offsets.topic), vec![0]);
    });
    let stored = StoredMember {
        member: member(ONE),
        instance: None,
        session_timeout: Micros::from_millis(1),
        rebalance_timeout: Micros::from_millis(1),
        subscription: Subscription {
            topics: Vec::new().into(),
            owned: Vec::new(),
            generation: Generation(0),
        },
        assignment: vec![ORDERS],
    };
    let metadata = GroupRecord::Metadata {
        group: BILLING,
        generation: Generation(4),
        assignor: Assignor::Range,
        leader: Some(member(ONE)),
        members: vec![stored],
    };
    let record = Record {
        value: RecordId::new(NodeId(1), 0),
        content: Some(Arc::new(Content::Group(metadata))),
        size_bytes: 10,
    };
    let batch = Batch {
        base_offset: Offset::ZERO,
        leader_epoch: LeaderEpoch(0),
        producer: None,
        records: [record].into(),
    };
    let mut view = partition(offsets);
    for replica in &mut view.replicas {
        replica.log.push(Arc::new(batch.clone()));
        replica.log_end = Offset(1);
    }
    stage.view.partitions.push(view);
    stage.look(&[]);
    let loaded = Event::CoordinatorLoaded { partition: offsets, broker: BrokerId(2), groups: 1 };
    stage.look(&[loaded]);
    stage
}

#[test]
fn a_new_coordinator_knows_what_it_has_read() {
    let mut stage = with_offsets();
    stage.look(&[committed(2, ONE, 4)]);
    stage.assert_held(CommitFencing);
    stage.look(&[committed(2, TWO, 4)]);
    assert_eq!(stage.tally(CommitFencing).broken, 1);
}

#[test]
fn a_coordinator_whose_leadership_is_renewed_goes_on_knowing_its_groups() {
    let mut stage = with_offsets();
    let renewed = Event::BecameLeader {
        partition: TopicPartition { topic: TopicId(1), partition: 0 },
        broker: BrokerId(2),
        epoch: LeaderEpoch(1),
        high_watermark: Offset(1),
        end_offset: Offset(1),
    };
    stage.look(&[renewed, committed(2, ONE, 4)]);
    stage.assert_held(CommitFencing);
}

#[test]
fn a_coordinator_that_was_deposed_knows_nothing_any_more() {
    let mut stage = with_offsets();
    let deposed = Event::BecameFollower {
        partition: TopicPartition { topic: TopicId(1), partition: 0 },
        broker: BrokerId(2),
        leader: BrokerId(3),
        epoch: LeaderEpoch(1),
        high_watermark: Offset(1),
        end_offset: Offset(1),
    };
    stage.look(&[deposed, committed(2, ONE, 4)]);
    stage.assert_broken(
        CommitFencing,
        "broker 2 let in a commit of billing-0 in generation 4 of group billing, of which it knows nothing",
    );
}

fn rose(to: u64) -> Event {
    Event::HighWatermarkAdvanced {
        partition: ORDERS,
        broker: BrokerId(1),
        from: Offset::ZERO,
        to: Offset(to),
    }
}

/// With `max_lag` 5 and a member that stands at 10.
fn followed() -> Stage {
    let mut stage = Stage::new();
    stage.change(|setup| {
        let mut groups = setup.groups.to_vec();
        groups[0].max_lag = Some(5);
        setup.groups = groups.into();
    });
    stage.view.consumers = vec![ConsumerView {
        node: ONE,
        group: BILLING,
        positions: vec![(ORDERS, Some(Offset(10)))],
        ..ConsumerView::default()
    }];
    stage
}

#[test]
fn a_group_that_keeps_up_is_not_reported() {
    let mut stage = followed();
    stage.look(&[rose(15)]);
    stage.assert_held(LagBounded);
    assert_eq!(stage.judge.largest_lag(BILLING), 5);
}

#[test]
fn a_group_that_falls_behind_is_reported_once_until_it_is_back() {
    let mut stage = followed();
    stage.look(&[rose(16), rose(17)]);
    stage.assert_broken(
        LagBounded,
        "group billing stands at 10 in orders-0, 6 records behind the high watermark 16; max_lag is 5",
    );
    stage.view.consumers[0].positions[0].1 = Some(Offset(17));
    stage.look(&[rose(18), rose(40)]);
    assert_eq!(stage.tally(LagBounded).broken, 2);
}

#[test]
fn where_nobody_owns_a_partition_the_committed_offset_counts() {
    let mut stage = followed();
    stage.view.consumers[0].positions.clear();
    stage.look(&[rose(5)]);
    let stored = Event::OffsetCommitted {
        partition: ORDERS,
        broker: BrokerId(1),
        client: ONE,
        group: BILLING,
        offset: Offset(12),
    };
    stage.look(&[stored, rose(16)]);
    stage.assert_held(LagBounded);
    assert_eq!(stage.judge.largest_lag(BILLING), 5);
}

#[test]
fn a_zombies_position_does_not_stand_for_its_group() {
    let mut stage = followed();
    stage.look(&[rose(12)]);
    let newer = ConsumerView {
        node: TWO,
        group: BILLING,
        generation: Generation(2),
        positions: vec![(ORDERS, Some(Offset(30)))],
        ..ConsumerView::default()
    };
    stage.view.consumers.push(newer);
    stage.look(&[assigned(TWO, 2, &[ORDERS]), rose(31)]);
    stage.assert_held(LagBounded);
}

#[test]
fn after_the_heal_and_without_a_bound_nothing_is_asked() {
    let mut stage = followed();
    stage.look(&[Event::HealStarted, rose(99)]);
    assert_eq!(stage.tally(LagBounded).looked, 0);
    let mut stage = Stage::new();
    stage.look(&[rose(99)]);
    assert_eq!(stage.tally(LagBounded).looked, 0);
    assert_eq!(stage.judge.largest_lag(BILLING), 99);
}
