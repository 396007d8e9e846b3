//! What a member does when its group rebalances, or goes on without it.

use super::bench_test::*;
use super::*;
use crate::config::Assignor;
use crate::message::{ErrorCode, MessageKind};
use crate::protocol::{Preset, Protocol};

#[test]
fn an_eager_member_commits_waits_gives_everything_away_and_joins() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.deliver(vec![batch(0, 2)]);
    bench.happened();
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    assert!(bench.take(MessageKind::JoinGroupRequest).is_empty(), "the commit is not answered");
    assert!(bench.happened().is_empty());
    let (broker, correlation, _) = bench.fetch();
    bench.answer(broker, correlation, fetched(0, ErrorCode::None, vec![batch(2, 2)]));
    assert!(bench.polled().is_empty(), "it reads no more");
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 2)]);
    assert_eq!(bench.happened(), ["revoked 1 [0]"]);
    let (broker, correlation, body) = bench.take_one(MessageKind::JoinGroupRequest);
    assert!(matches!(body, Body::JoinGroupRequest { member: Some(ME), .. }));
    bench.committed = Some(Offset(2));
    bench.generation = 2;
    bench.answer(broker, correlation, bench.join_reply());
    bench.answer_clerks();
    assert_eq!(bench.happened(), ["assigned 2 [0]", "at 0 2"]);
    assert_eq!(bench.fetch().2, [(0, 2)]);
}

#[test]
fn a_commit_before_a_rebalance_is_waited_for_no_longer_than_the_rebalance() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| setup.settings.max_poll_interval_ms = 2_000).started();
    bench.deliver(vec![batch(0, 2)]);
    bench.happened();
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    let (broker, correlation, _) = bench.commits().remove(0);
    let error = ErrorCode::CoordinatorNotAvailable;
    bench.answer(broker, correlation, Body::OffsetCommitReply { error });
    bench.answer_clerks();
    bench.pass(100);
    assert_eq!(bench.commits().len(), 1, "it is repeated");
    bench.pass(1_899);
    assert!(bench.happened().is_empty());
    bench.pass(1);
    assert_eq!(bench.happened()[..2], ["revoked 1 [0]", "assigned 2 [0]"]);
}

#[test]
fn a_cooperative_member_reads_through_the_rebalance_revokes_and_joins_again() {
    let mut bench = Bench::new(&[Some(ONE), Some(TWO)], cooperatively);
    bench.committed = Some(Offset::ZERO);
    bench.share = Some(vec![0, 1]);
    bench = bench.started();
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.happened();
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    assert_eq!(bench.happened(), ["kept 1 [0, 1]"]);
    let (broker, correlation, body) = bench.take_one(MessageKind::JoinGroupRequest);
    let Body::JoinGroupRequest { subscription, .. } = body else { unreachable!() };
    assert_eq!((numbers(&subscription.owned), subscription.generation.0), (vec![0, 1], 1));
    let fetches = bench.fetches();
    for (which, fetch) in fetches.iter().enumerate() {
        bench.answer(fetch.0, fetch.1, fetched(which as u16, ErrorCode::None, vec![batch(0, 3)]));
    }
    assert_eq!(bench.happened(), ["polled 0 0-2", "polled 1 0-2"]);

    bench.share = Some(vec![0]);
    bench.generation = 2;
    bench.answer(broker, correlation, bench.join_reply());
    bench.answer_clerks();
    assert!(bench.happened().is_empty(), "it commits before it gives anything up");
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 3), (1, 3)]);
    assert_eq!(bench.happened(), ["revoked 2 [1]", "assigned 2 [0]", "kept 2 [0]"]);
    let (.., body) = bench.take_one(MessageKind::JoinGroupRequest);
    let Body::JoinGroupRequest { subscription, .. } = body else { unreachable!() };
    assert_eq!((numbers(&subscription.owned), subscription.generation.0), (vec![0], 2));
    let fetches: Vec<_> = bench.fetches().into_iter().map(|(_, _, what)| what).collect();
    assert_eq!(fetches, [[(0, 3)], [(1, 3)]], "partition 0 is read on, partition 1 was asked for before");
}

#[test]
fn the_sticky_assignor_is_told_what_was_given_away() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        setup.settings.partition_assignment_strategy = Assignor::Sticky;
    });
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    let (.., body) = bench.take_one(MessageKind::JoinGroupRequest);
    let Body::JoinGroupRequest { subscription, .. } = body else { unreachable!() };
    assert_eq!((numbers(&subscription.owned), subscription.generation.0), (vec![0], 1));
}

#[test]
fn a_member_that_is_fenced_loses_what_it_owned_and_joins_under_a_new_name() {
    for error in [ErrorCode::UnknownMemberId, ErrorCode::IllegalGeneration] {
        let mut bench = Bench::new(&[Some(ONE)], plainly).started();
        bench.held.push(MessageKind::JoinGroupRequest);
        bench.deliver(vec![batch(0, 2)]);
        bench.happened();
        bench.heartbeat_says(error);
        assert_eq!(bench.happened(), [format!("fenced {} [0]", error.name())]);
        assert!(bench.commits().is_empty(), "nothing can be committed any more");
        let (.., body) = bench.take_one(MessageKind::JoinGroupRequest);
        assert!(matches!(body, Body::JoinGroupRequest { member: None, .. }));
    }
}

#[test]
fn a_static_member_whose_place_was_taken_ends() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| setup.instance = Some(NODE)).started();
    bench.happened();
    bench.heartbeat_says(ErrorCode::FencedInstanceId);
    assert_eq!(bench.happened(), ["fenced FENCED_INSTANCE_ID [0]"]);
    assert_eq!(bench.member.next_deadline(), None);
    let (broker, correlation, _) = bench.fetch();
    bench.answer(broker, correlation, fetched(0, ErrorCode::None, vec![batch(0, 1)]));
    assert!(bench.polled().is_empty());
}

#[test]
fn a_heartbeats_answer_of_an_older_generation_says_nothing() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| setup.settings.fetch_max_wait_ms = 60_000)
        .holding(&[MessageKind::HeartbeatRequest]);
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    bench.pass(3_000);
    let (broker, correlation, _) = bench.take_one(MessageKind::HeartbeatRequest);
    bench.pass(3_000);
    let later = bench.take_one(MessageKind::HeartbeatRequest);
    let reply = |error| Body::HeartbeatReply { error };
    bench.answer(later.0, later.1, reply(ErrorCode::RebalanceInProgress));
    bench.answer_clerks();
    bench.happened();
    assert_eq!(bench.member.membership.generation, Generation(2));
    bench.answer(broker, correlation, reply(ErrorCode::UnknownMemberId));
    assert!(bench.happened().is_empty());
}

#[test]
fn when_the_coordinator_moves_the_membership_stays() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    bench.happened();
    bench.coordinator = Some(TWO);
    bench.heartbeat_says(ErrorCode::NotCoordinator);
    bench.held.push(MessageKind::HeartbeatRequest);
    bench.pass(3_000);
    let (broker, _, body) = bench.take_one(MessageKind::HeartbeatRequest);
    assert_eq!(broker, TWO);
    assert!(matches!(body, Body::HeartbeatRequest { member: ME, generation: Generation(1), .. }));
    assert!(bench.happened().is_empty());
}

#[test]
fn an_eager_member_returns_nothing_while_it_looks_for_the_coordinator_and_all_of_it_afterwards() {
    let mut bench = Bench::new(&[Some(TWO)], plainly).started();
    bench.coordinator = None;
    bench.heartbeat_says(ErrorCode::NotCoordinator);
    bench.happened();
    bench.deliver(vec![batch(0, 2)]);
    assert!(bench.happened().is_empty());
    bench.coordinator = Some(TWO);
    bench.pass(100);
    assert_eq!(bench.happened(), ["polled 0 0-1"]);
    assert_eq!(bench.fetch().2, [(0, 2)]);
}

#[test]
fn a_coordinator_that_is_silent_for_the_whole_session_counts_as_dead() {
    let mut bench = Bench::new(&[Some(TWO)], |setup| {
        setup.settings.session_timeout_ms = 5_000;
        // So that no request times out before.
        setup.settings.fetch_max_wait_ms = 60_000;
    })
    .holding(&[MessageKind::HeartbeatRequest])
    .started();
    bench.held.push(MessageKind::FindCoordinatorRequest);
    bench.pass(4_999);
    assert!(bench.take(MessageKind::FindCoordinatorRequest).is_empty());
    bench.pass(1);
    assert_eq!(bench.take(MessageKind::FindCoordinatorRequest).len(), 1);
}

#[test]
fn the_leader_notices_new_partitions_and_joins_again() {
    let mut bench = Bench::new(&[Some(ONE); 2], |setup| setup.settings.metadata_max_age_ms = 4_000);
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    assert_eq!(bench.fetch().2, [(0, 0), (1, 0)]);
    bench.happened();
    bench.leaders = vec![Some(ONE); 3];
    bench.pass(4_000);
    assert_eq!(bench.happened()[..2], ["revoked 1 [0, 1]", "assigned 2 [0, 1, 2]"]);
    bench.leaders = vec![Some(ONE); 2];
    bench.pass(4_000);
    assert!(bench.happened().is_empty(), "a topic does not lose partitions, a broker is behind");

    let mut bench = Bench::new(&[Some(ONE); 2], |setup| setup.settings.metadata_max_age_ms = 4_000);
    bench.share = Some(vec![0]);
    bench = bench.started();
    bench.happened();
    bench.leaders = vec![Some(ONE); 3];
    bench.pass(4_000);
    assert!(bench.happened().is_empty(), "the others leave it to the leader");
}

#[test]
fn a_share_that_comes_while_the_application_works_takes_effect_at_the_next_poll() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        cooperatively(setup);
        setup.service_rate = Some(ServiceRate::RecordsPerSecond(100));
    });
    bench.share = Some(vec![0]);
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    let (broker, correlation, _) = bench.take_one(MessageKind::JoinGroupRequest);
    bench.deliver(vec![batch(0, 5)]);
    bench.happened();
    bench.share = Some(Vec::new());
    bench.generation = 2;
    bench.answer(broker, correlation, bench.join_reply());
    bench.answer_clerks();
    assert!(bench.happened().is_empty());
    bench.pass(50);
    assert_eq!(bench.happened(), ["processed 0 0-4"]);
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 5)]);
    assert_eq!(bench.happened(), ["revoked 2 [0]", "assigned 2 []"]);
}

#[test]
fn a_cooperative_member_that_commits_first_takes_no_records_between_two_generations() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        cooperatively(setup);
        committing(CommitPoint::BeforeProcessing)(setup);
    })
    .started();
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.happened();
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    let (broker, correlation, _) = bench.take_one(MessageKind::JoinGroupRequest);
    bench.deliver(vec![batch(0, 5)]);
    assert_eq!(bench.happened(), ["kept 1 [0]"]);
    bench.generation = 2;
    bench.answer(broker, correlation, bench.join_reply());
    bench.answer_clerks();
    assert_eq!(bench.happened(), ["assigned 2 [0]", "polled 0 0-4"]);
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 5)]);
}

/// A member of this era that has read two records and is told of a rebalance.
fn told_of_a_rebalance(protocol: Protocol, change: impl FnOnce(&mut MemberSetup)) -> Bench {
    let mut bench = Bench::of(protocol, &[Some(ONE)], change);
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.deliver(vec![batch(0, 2)]);
    bench.happened();
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    bench
}

#[test]
fn in_3_2_0_an_eager_member_returns_records_that_its_commit_before_the_rebalance_leaves_out() {
    // KAFKA-14196: whoever gets the partition next returns them again.
    for (stops, polled) in [(true, vec![]), (false, vec![(0, 2, 3)])] {
        let protocol = Protocol { revoking_stops_reading: stops, ..Preset::V2_8.protocol() };
        let mut bench = told_of_a_rebalance(protocol, plainly);
        bench.deliver(vec![batch(2, 2)]);
        assert_eq!(bench.polled(), polled);
        let committed = bench.commits().remove(0);
        assert_eq!(committed.2, [(0, 2)]);
        bench.answer(committed.0, committed.1, Body::OffsetCommitReply { error: ErrorCode::None });
        bench.answer_clerks();
        assert_eq!(bench.happened(), ["revoked 1 [0]"]);
    }
}

#[test]
fn in_3_2_0_a_cooperative_member_that_has_something_to_commit_never_joins() {
    // KAFKA-14024: the group goes on without it.
    for joins in [true, false] {
        let protocol = Protocol { joins_after_commit: joins, ..Preset::V2_8.protocol() };
        let mut bench = told_of_a_rebalance(protocol, cooperatively);
        for _ in 0..10 {
            for (broker, correlation, _) in bench.commits() {
                bench.answer(broker, correlation, Body::OffsetCommitReply { error: ErrorCode::None });
            }
            bench.pass(1_000);
        }
        assert_eq!(bench.take(MessageKind::JoinGroupRequest).is_empty(), !joins);
        if !joins {
            bench.heartbeat_says(ErrorCode::UnknownMemberId);
            assert_eq!(bench.happened(), ["fenced UNKNOWN_MEMBER_ID [0]"]);
            bench.pass(1_000);
            assert!(!bench.take(MessageKind::JoinGroupRequest).is_empty(), "now it begins anew");
        }
    }
}
