//! A group goes from coordinator to coordinator.

use super::*;

#[test]
fn a_coordinator_that_is_replaced_sends_everyone_away() {
    let (mut bench, ann) = Bench::ann_with_followers(1);
    bench.commit(ann, 1, 7);
    bench.join(BOB, None);
    bench.notice(2, 1, &[1, 2, 3]);
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::NotCoordinator));
    assert_eq!(bench.joined(BOB).map(|joined| joined.error), Some(ErrorCode::NotCoordinator));
    assert_eq!(bench.heartbeat(ann, 1), ErrorCode::NotCoordinator);
    assert_eq!(bench.committed(), (ErrorCode::NotCoordinator, None));
    bench.at(400_000);
    assert!(!bench.saw(EventKind::MemberExpired), "it has forgotten all");
}

#[test]
fn the_next_coordinator_knows_offsets_generation_members_and_shares() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.commit(ann, 1, 7);
    bench.commit(ann, 1, 5);
    let mut next = bench.successor(2);
    let loaded = Event::CoordinatorLoaded { partition: OFFSETS, broker: BrokerId(2), groups: 1 };
    assert!(next.out.events.contains(&loaded));
    assert_eq!(next.committed(), (ErrorCode::None, Some(Offset(5))), "the last one, though it went back");
    assert_eq!(next.heartbeat(ann, 1), ErrorCode::None);
    next.sync(bob, 1, &[]);
    assert_eq!(next.share(BOB), Some((ErrorCode::None, vec![2, 3])));
    next.join(BOB, Some(bob));
    assert_eq!(next.joined(BOB).map(|joined| (joined.generation, joined.leader)), Some((1, ann)));
    next.at(13_000);
    assert!(next.saw(EventKind::MemberExpired), "every member has a session of its own from then on");
}

#[test]
fn the_next_coordinator_knows_that_a_group_is_empty_and_goes_on_counting() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.leave(ann);
    bench.leave(bob);
    let mut next = bench.successor(2);
    assert_eq!(next.heartbeat(ann, 2), ErrorCode::UnknownMemberId);
    next.join(CAT, None);
    next.at(6_000);
    let cat = next.joined(CAT).expect("the initial delay is over");
    assert_eq!((cat.generation, cat.leader), (3, cat.member));
}

#[test]
fn a_new_leader_of_an_empty_log_has_nothing_to_load() {
    let mut bench = Bench::with(1, config(&[1], 1, 0), Storage::default());
    bench.notice(1, 0, &[1]);
    assert!(!bench.saw(EventKind::CoordinatorLoaded));
}

#[test]
fn no_two_coordinators_give_out_the_same_ids() {
    let first = Bench::ann_with_followers(1).1;
    let mut storage = Storage { incarnation: 1, ..Storage::default() };
    let mut reborn = Bench::with(1, config(&[1], 1, 0), storage.clone());
    reborn.notice(1, 0, &[1]);
    reborn.join(ANN, None);
    let second = reborn.joined(ANN).expect("told").member;
    storage.incarnation = 0;
    let mut other = Bench::with(2, config(&[2], 1, 0), storage);
    other.notice(2, 0, &[2]);
    other.join(ANN, None);
    let third = other.joined(ANN).expect("told").member;
    assert!(first != second && second != third && first != third);
}

#[test]
fn any_broker_tells_who_coordinates() {
    let find = |bench: &mut Bench| {
        bench.hear(ANN, Body::FindCoordinatorRequest { key: crate::message::CoordinatorKey::Group(BILLING) });
        bench
            .told(ANN, |body| {
                let Body::FindCoordinatorReply { error, coordinator } = body else { return None };
                Some((*error, *coordinator))
            })
            .expect("it is answered at once")
    };
    let mut bench = Bench::with(3, config(&[1, 2], 1, 0), Storage::default());
    assert_eq!(find(&mut bench), (ErrorCode::CoordinatorNotAvailable, None));
    let state = PartitionState {
        partition: OFFSETS,
        leader: Some(BrokerId(2)),
        leader_epoch: LeaderEpoch(0),
        isr: [BrokerId(2)].into_iter().collect(),
        partition_epoch: PartitionEpoch(0),
        replicas: vec![BrokerId(1), BrokerId(2)],
        ..PartitionState::default()
    };
    let mut metadata = Metadata {
        live_brokers: [BrokerId(2)].into_iter().collect(),
        partitions: vec![state],
        broker_epochs: Vec::new(),
        shutting_down: crate::ids::BrokerSet::EMPTY,
    };
    bench.hear(NodeId::CONTROLLER, Body::UpdateMetadataRequest(Arc::new(metadata.clone())));
    assert_eq!(find(&mut bench), (ErrorCode::None, Some(BrokerId(2))));
    metadata.live_brokers = [BrokerId(1)].into_iter().collect();
    bench.hear(NodeId::CONTROLLER, Body::UpdateMetadataRequest(Arc::new(metadata)));
    assert_eq!(find(&mut bench), (ErrorCode::CoordinatorNotAvailable, None));
}
