//! How a member finds its coordinator and joins.

use super::bench_test::*;
use super::*;
use crate::message::{ErrorCode, MessageKind};

#[test]
fn a_member_asks_for_its_coordinator_joins_and_gets_its_share() {
    let mut bench = Bench::new(&[Some(ONE), Some(TWO)], plainly);
    bench.coordinator = Some(TWO);
    bench.share = Some(vec![1]);
    bench.committed = Some(Offset(4));
    let mut bench = bench.holding(&[MessageKind::JoinGroupRequest]).started();
    let (broker, correlation, body) = bench.take_one(MessageKind::JoinGroupRequest);
    assert_eq!(broker, TWO);
    assert!(matches!(body, Body::JoinGroupRequest { member: None, instance: None, .. }));
    bench.generation = 7;
    bench.answer(broker, correlation, bench.join_reply());
    bench.answer_clerks();
    assert_eq!(bench.happened(), ["assigned 7 [1]", "at 1 4"]);
    assert_eq!(bench.fetch().2, [(1, 4)]);
    let mut view = ClusterView::default();
    view.consumers.push(crate::view::ConsumerView { node: NODE, ..Default::default() });
    bench.member.show(&mut view);
    assert!(view.consumers[0].stable);
    assert_eq!(view.consumers[0].generation, Generation(7));
}

#[test]
fn a_follower_brings_no_assignments_and_the_leader_brings_everyones() {
    let mut bench = Bench::new(&[Some(ONE); 3], plainly)
        .holding(&[MessageKind::JoinGroupRequest, MessageKind::SyncGroupRequest])
        .started();
    let (broker, correlation, _) = bench.take_one(MessageKind::JoinGroupRequest);
    let members = vec![joined(ME), joined(OTHER)];
    let (error, generation) = (ErrorCode::None, Generation(1));
    let reply = Body::JoinGroupReply { error, generation, member: ME, leader: ME, members };
    bench.answer(broker, correlation, reply);
    let (.., body) = bench.take_one(MessageKind::SyncGroupRequest);
    let Body::SyncGroupRequest { assignments, member, .. } = body else { unreachable!() };
    assert_eq!(member, ME);
    assert_eq!(assignments, [(ME, partitions(&[0, 1])), (OTHER, partitions(&[2]))]);

    let mut bench = Bench::new(&[Some(ONE)], plainly).holding(&[MessageKind::SyncGroupRequest]);
    bench.share = Some(vec![0]);
    bench = bench.started();
    let (.., body) = bench.take_one(MessageKind::SyncGroupRequest);
    assert!(matches!(body, Body::SyncGroupRequest { assignments, .. } if assignments.is_empty()));
}

#[test]
fn a_leader_without_metadata_waits_for_it() {
    let mut bench = Bench::new(&[Some(ONE)], plainly)
        .holding(&[MessageKind::MetadataRequest, MessageKind::SyncGroupRequest])
        .started();
    let opening = bench.take(MessageKind::MetadataRequest);
    assert!(bench.take(MessageKind::SyncGroupRequest).is_empty());
    bench.held.retain(|kind| *kind != MessageKind::MetadataRequest);
    bench.requests.extend(opening);
    bench.answer_clerks();
    let (.., body) = bench.take_one(MessageKind::SyncGroupRequest);
    assert!(matches!(body, Body::SyncGroupRequest { assignments, .. } if assignments[0].1.len() == 1));
}

#[test]
fn nobody_knows_the_coordinator_for_a_while() {
    let mut bench = Bench::new(&[Some(ONE)], plainly);
    bench.coordinator = None;
    bench = bench.started();
    bench.pass(450);
    bench.coordinator = Some(ONE);
    assert!(bench.happened().is_empty());
    bench.pass(100);
    assert_eq!(bench.happened()[0], "assigned 1 [0]");
}

#[test]
fn a_join_that_meets_a_broker_that_no_longer_coordinates_is_repeated_at_the_next_after_the_back_off() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).holding(&[MessageKind::JoinGroupRequest]).started();
    let (broker, correlation, _) = bench.take_one(MessageKind::JoinGroupRequest);
    bench.coordinator = Some(TWO);
    let reply = Body::JoinGroupReply {
        error: ErrorCode::NotCoordinator,
        generation: Generation(0),
        member: Default::default(),
        leader: Default::default(),
        members: Vec::new(),
    };
    bench.answer(broker, correlation, reply);
    bench.answer_clerks();
    bench.pass(99);
    assert!(bench.take(MessageKind::JoinGroupRequest).is_empty());
    bench.pass(1);
    assert_eq!(bench.take_one(MessageKind::JoinGroupRequest).0, TWO);
}

#[test]
fn a_join_may_wait_for_longer_than_any_other_request_and_hides_no_other_timeout() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        cooperatively(setup);
        setup.settings.max_poll_interval_ms = 20_000;
    });
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.fetches();
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    assert_eq!(bench.take(MessageKind::JoinGroupRequest).len(), 1);
    // The fetch that left at the start was never answered: 500 ms and 5 s.
    bench.pass(2_499);
    assert!(bench.take(MessageKind::JoinGroupRequest).is_empty());
    bench.pass(200);
    assert_eq!(
        bench.take(MessageKind::JoinGroupRequest).len(),
        1,
        "the connection broke and took the join along"
    );
    assert_eq!(bench.fetch().2, [(0, 0)], "the parked join holds up no fetch");

    let mut bench = Bench::new(&[Some(ONE)], |setup| setup.settings.max_poll_interval_ms = 20_000)
        .holding(&[MessageKind::JoinGroupRequest])
        .started();
    assert_eq!(bench.take(MessageKind::JoinGroupRequest).len(), 1);
    bench.pass(24_999);
    assert!(bench.take(MessageKind::JoinGroupRequest).is_empty());
    bench.pass(200);
    assert_eq!(bench.take(MessageKind::JoinGroupRequest).len(), 1);
}

#[test]
fn a_group_that_will_not_have_it_is_fatal() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).holding(&[MessageKind::JoinGroupRequest]).started();
    let (broker, correlation, _) = bench.take_one(MessageKind::JoinGroupRequest);
    let reply = Body::JoinGroupReply {
        error: ErrorCode::InconsistentGroupProtocol,
        generation: Generation(0),
        member: Default::default(),
        leader: Default::default(),
        members: Vec::new(),
    };
    bench.answer(broker, correlation, reply);
    assert_eq!(bench.member.next_deadline(), None);
}

#[test]
fn a_static_member_says_so_in_every_request_and_does_not_leave() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| setup.instance = Some(NODE)).holding(&[
        MessageKind::JoinGroupRequest,
        MessageKind::SyncGroupRequest,
        MessageKind::HeartbeatRequest,
    ]);
    bench = bench.started();
    let (broker, correlation, body) = bench.take_one(MessageKind::JoinGroupRequest);
    assert!(matches!(body, Body::JoinGroupRequest { instance: Some(NODE), .. }));
    bench.answer(broker, correlation, bench.join_reply());
    let (broker, correlation, body) = bench.take_one(MessageKind::SyncGroupRequest);
    assert!(matches!(body, Body::SyncGroupRequest { instance: Some(NODE), .. }));
    let (error, assignment) = (ErrorCode::None, partitions(&[0]));
    bench.answer(broker, correlation, Body::SyncGroupReply { error, assignment });
    bench.answer_clerks();
    bench.deliver(vec![batch(0, 1)]);
    bench.pass(3_000);
    let (.., body) = bench.take_one(MessageKind::HeartbeatRequest);
    assert!(matches!(body, Body::HeartbeatRequest { instance: Some(NODE), .. }));
    bench.input(Input::Command(Command::Close));
    let (.., body) = bench.take_one(MessageKind::OffsetCommitRequest);
    assert!(matches!(body, Body::OffsetCommitRequest { instance: Some(NODE), .. }));
    assert!(bench.take(MessageKind::LeaveGroupRequest).is_empty());
    assert_eq!(bench.stop, Some(crate::machine::Ending::Clean));
}

#[test]
fn closing_commits_leaves_and_ends_in_one_step() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    bench.deliver(vec![batch(0, 3)]);
    bench.happened();
    bench.input(Input::Command(Command::Close));
    assert_eq!(bench.commits()[0].2, [(0, 3)]);
    let (.., body) = bench.take_one(MessageKind::LeaveGroupRequest);
    assert!(matches!(body, Body::LeaveGroupRequest { member: ME, .. }));
    assert_eq!(bench.happened(), ["revoked 1 [0]"]);
    assert_eq!(bench.stop, Some(crate::machine::Ending::Clean));
    assert_eq!(bench.member.next_deadline(), None);
}

#[test]
fn an_answer_to_an_earlier_life_is_not_taken_for_one_to_this() {
    let joining = |life| {
        let in_life = move |setup: &mut MemberSetup| setup.life = life;
        Bench::new(&[Some(ONE)], in_life).holding(&[MessageKind::JoinGroupRequest]).started()
    };
    let (_, stale, _) = joining(0).take_one(MessageKind::JoinGroupRequest);
    let mut bench = joining(1);
    bench.answer(ONE, stale, Body::SyncGroupReply { error: ErrorCode::FencedInstanceId, assignment: vec![] });
    let (broker, correlation, _) = bench.take_one(MessageKind::JoinGroupRequest);
    bench.answer(broker, correlation, bench.join_reply());
    bench.answer_clerks();
    assert!(bench.happened().contains(&"assigned 0 [0]".to_owned()));
}
