//! Members with a `group.instance.id`.

use super::*;

fn as_static(join: &mut Join) {
    join.instance = Some(BOB);
}

/// Ann, and Bob as a static member, both in generation 1.
fn ann_and_static_bob() -> (Bench, MemberId, MemberId) {
    let mut bench = Bench::alone(1_500);
    bench.join(ANN, None);
    bench.join_as(BOB, None, as_static);
    bench.let_all_come();
    let ann = bench.joined(ANN).expect("told").member;
    let bob = bench.joined(BOB).expect("told").member;
    bench.sync(bob, 1, &[]);
    bench.sync(ann, 1, &[(ann, &[0, 1]), (bob, &[2, 3])]);
    (bench, ann, bob)
}

#[test]
fn a_static_member_that_restarts_takes_its_share_again_without_a_rebalance() {
    let (mut bench, ann, old) = ann_and_static_bob();
    bench.join_as(BOB, None, as_static);
    let bob = bench.joined(BOB).expect("a stable group answers once the new id is stored");
    assert!(bob.member != old && !bench.saw(EventKind::RebalanceStarted));
    assert_eq!((bob.error, bob.generation, bob.leader), (ErrorCode::None, 1, ann));
    bench.sync(bob.member, 1, &[]);
    assert_eq!(bench.share(BOB), Some((ErrorCode::None, vec![2, 3])));
    assert_eq!(bench.heartbeat(ann, 1), ErrorCode::None);
    let mut next = bench.successor(2);
    assert_eq!(next.heartbeat(bob.member, 1), ErrorCode::None);
    assert_eq!(next.heartbeat(old, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn the_process_whose_place_a_static_member_took_is_fenced() {
    let (mut bench, _, old) = ann_and_static_bob();
    bench.join_as(BOB, None, as_static);
    let (generation, instance) = (Generation(1), Some(BOB));
    let zombie = Body::HeartbeatRequest { group: BILLING, generation, member: old, instance };
    bench.hear(BOB, zombie);
    let fenced = bench.told(BOB, heartbeat_reply);
    assert_eq!(fenced, Some(ErrorCode::FencedInstanceId));
    let offsets = vec![(orders(2), Offset(9))];
    bench.hear(BOB, Body::OffsetCommitRequest { group: BILLING, generation, member: old, instance, offsets });
    assert_eq!(bench.commit_answer(BOB), Some(ErrorCode::FencedInstanceId));
    bench.join_as(BOB, Some(old), as_static);
    assert_eq!(bench.joined(BOB).map(|joined| joined.error), Some(ErrorCode::FencedInstanceId));
}

#[test]
fn a_static_member_that_does_not_come_to_a_rebalance_stays_until_its_session_ends() {
    let (mut bench, ann, bob) = ann_and_static_bob();
    let short = |join: &mut Join| join.rebalance_timeout = Micros::from_millis(5_000);
    bench.join_as(CAT, None, short);
    bench.leave(ann);
    // Bob alone still counts with his minute. He is silent from 3 s on.
    bench.at(12_999);
    assert_eq!(bench.joined(CAT), None);
    bench.at(13_000);
    assert!(bench.saw(EventKind::MemberExpired));
    let cat = bench.joined(CAT).expect("nobody is missing now");
    assert_eq!((cat.members.len(), cat.leader), (1, cat.member), "{bob:?} led until then");
}

#[test]
fn a_static_member_that_restarts_between_join_and_sync_starts_another_rebalance() {
    let (mut bench, ann, bob) = ann_and_static_bob();
    bench.join(ANN, Some(ann));
    bench.join_as(BOB, Some(bob), as_static);
    assert_eq!(bench.joined(ANN).map(|joined| joined.generation), Some(2));
    bench.join_as(BOB, None, as_static);
    assert!(bench.saw(EventKind::RebalanceStarted));
    bench.join(ANN, Some(ann));
    assert_eq!(bench.joined(BOB).map(|joined| joined.generation), Some(3));
}

#[test]
fn a_static_member_whose_new_id_cannot_be_stored_keeps_its_old_one() {
    let mut bench = Bench::with_followers(1);
    bench.join_as(BOB, None, as_static);
    let old = bench.joined(BOB).expect("there is no delay and nobody else").member;
    bench.sync(old, 1, &[(old, &[0])]);
    bench.followers_have(1);
    bench.join_as(BOB, None, as_static);
    assert_eq!(bench.joined(BOB), None);
    bench.at(5_000);
    assert_eq!(bench.joined(BOB).map(|joined| joined.error), Some(ErrorCode::RebalanceInProgress));
    assert_eq!(bench.heartbeat(old, 1), ErrorCode::None);
}

#[test]
fn a_static_leader_that_restarts_is_not_told_to_lead() {
    let mut bench = Bench::alone(0);
    bench.join_as(BOB, None, as_static);
    let old = bench.joined(BOB).expect("there is nobody else").member;
    bench.sync(old, 1, &[(old, &[0, 1, 2, 3])]);
    bench.join_as(BOB, None, as_static);
    let bob = bench.joined(BOB).expect("the new id is stored");
    assert_eq!((bob.leader, bob.members.len()), (old, 0));
    bench.sync(bob.member, 1, &[]);
    assert_eq!(bench.share(BOB), Some((ErrorCode::None, vec![0, 1, 2, 3])));
}
