//! Members come, go and share.

use super::*;

#[test]
fn two_members_join_and_share() {
    let mut bench = Bench::alone(1_500);
    bench.join(ANN, None);
    assert!(bench.saw(EventKind::MemberJoined) && bench.saw(EventKind::RebalanceStarted));
    bench.join(BOB, None);
    assert_eq!(bench.joined(BOB), None);
    bench.let_all_come();
    let (ann, bob) = (bench.joined(ANN).expect("told"), bench.joined(BOB).expect("told"));
    assert_eq!((ann.generation, bob.generation), (1, 1));
    assert_eq!((ann.leader, bob.leader), (ann.member, ann.member), "the first to join leads");
    let everyone: Vec<_> = ann.members.iter().map(|joined| joined.member).collect();
    assert_eq!((everyone, bob.members), (vec![ann.member, bob.member], vec![]));

    bench.sync(bob.member, 1, &[]);
    assert_eq!(bench.share(BOB), None, "it waits for the leader");
    bench.sync(ann.member, 1, &[(ann.member, &[1, 0]), (bob.member, &[2, 3])]);
    assert_eq!(bench.share(ANN), Some((ErrorCode::None, vec![0, 1])));
    assert_eq!(bench.share(BOB), Some((ErrorCode::None, vec![2, 3])));
    assert!(bench.saw(EventKind::GroupStabilized));
    assert_eq!(bench.heartbeat(bob.member, 1), ErrorCode::None);
}

#[test]
fn a_third_member_makes_the_others_join_again() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.join(CAT, None);
    assert!(bench.saw(EventKind::RebalanceStarted));
    assert_eq!(bench.heartbeat(ann, 1), ErrorCode::RebalanceInProgress);
    bench.join(ANN, Some(ann));
    assert_eq!(bench.joined(ANN), None);
    bench.join(BOB, Some(bob));
    let (led, cat) = (bench.joined(ANN).expect("told"), bench.joined(CAT).expect("told"));
    assert_eq!((led.generation, led.members.len(), led.leader), (2, 3, ann));
    assert_eq!(bench.heartbeat(ann, 2), ErrorCode::RebalanceInProgress, "it is to ask for its share");
    bench.sync(ann, 2, &[(ann, &[0]), (bob, &[1]), (cat.member, &[2, 3])]);
    bench.sync(cat.member, 2, &[]);
    assert_eq!(bench.share(CAT), Some((ErrorCode::None, vec![2, 3])), "a stable group answers at once");
}

#[test]
fn a_member_whose_session_ends_is_expelled() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.at(12_000);
    assert_eq!(bench.heartbeat(ann, 1), ErrorCode::None);
    bench.at(12_999);
    assert!(!bench.saw(EventKind::MemberExpired));
    assert_eq!(bench.broker.next_deadline(), Some(Instant::from_millis(13_000)));
    bench.at(13_000);
    assert!(bench.saw(EventKind::MemberExpired) && bench.saw(EventKind::RebalanceStarted));
    assert_eq!(bench.heartbeat(bob, 1), ErrorCode::UnknownMemberId);
    bench.join(ANN, Some(ann));
    let joined = bench.joined(ANN).expect("there is nobody else");
    assert_eq!((joined.generation, joined.members.len()), (2, 1));
}

#[test]
fn a_rebalance_waits_for_the_longest_rebalance_timeout_and_goes_on_without_who_did_not_come() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.join(CAT, None);
    // Bob shows that he lives, but is too busy to join.
    for millis in (6_000..63_000).step_by(3_000) {
        bench.at(millis);
        assert_eq!(bench.heartbeat(bob, 1), ErrorCode::RebalanceInProgress);
        if millis == 6_000 {
            bench.join(ANN, Some(ann));
        }
    }
    assert_eq!(bench.joined(ANN), None);
    bench.at(63_000);
    assert!(bench.saw(EventKind::MemberExpired));
    let joined = bench.joined(ANN).expect("the time is up");
    assert_eq!((joined.generation, joined.members.len()), (2, 2));
    assert_eq!(bench.heartbeat(bob, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn no_session_ends_while_an_answer_is_owed() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.join(CAT, None);
    bench.join(ANN, Some(ann));
    for millis in (6_000..33_000).step_by(3_000) {
        bench.at(millis);
        assert!(!bench.saw(EventKind::MemberExpired));
        bench.heartbeat(bob, 1);
    }
    bench.join(BOB, Some(bob));
    assert_eq!(bench.joined(ANN).map(|joined| joined.generation), Some(2));
    bench.sync(bob, 2, &[]);
    // Now the leader is silent, and Bob waits for it.
    bench.at(39_999);
    assert!(!bench.saw(EventKind::MemberExpired));
    bench.at(40_000);
    let expired = |event: &Event| matches!(event, Event::MemberExpired { client, .. } if *client == BOB);
    assert!(bench.saw(EventKind::MemberExpired) && !bench.out.events.iter().any(expired));
    assert_eq!(bench.share(BOB), Some((ErrorCode::RebalanceInProgress, vec![])));
}

#[test]
fn members_wait_for_their_shares_until_those_are_replicated() {
    let mut bench = Bench::with_followers(1);
    bench.join(ANN, None);
    let ann = bench.joined(ANN).expect("told").member;
    bench.sync(ann, 1, &[(ann, &[0])]);
    assert_eq!(bench.share(ANN), None);
    bench.notice(2, 1, &[1, 2, 3]);
    assert_eq!(bench.share(ANN), Some((ErrorCode::NotCoordinator, vec![])));
    assert!(!bench.saw(EventKind::GroupStabilized));
}

#[test]
fn shares_that_cannot_be_stored_are_worked_out_again() {
    let mut bench = Bench::with_followers(1);
    bench.join(ANN, None);
    let ann = bench.joined(ANN).expect("told").member;
    bench.sync(ann, 1, &[(ann, &[0])]);
    bench.at(5_000);
    assert_eq!(bench.share(ANN), Some((ErrorCode::RebalanceInProgress, vec![])));
    assert!(bench.saw(EventKind::RebalanceStarted));
    bench.join(ANN, Some(ann));
    assert_eq!(bench.joined(ANN).map(|joined| joined.generation), Some(2));
}

#[test]
fn shares_of_a_generation_that_is_over_are_not_given_out() {
    let mut bench = Bench::with_followers(1);
    bench.join(ANN, None);
    let ann = bench.joined(ANN).expect("told").member;
    bench.sync(ann, 1, &[(ann, &[0])]);
    bench.join(BOB, None);
    assert_eq!(bench.share(ANN), Some((ErrorCode::RebalanceInProgress, vec![])));
    bench.followers_have(1);
    assert!(!bench.saw(EventKind::GroupStabilized));
    assert_eq!(bench.heartbeat(ann, 1), ErrorCode::RebalanceInProgress);
}

#[test]
fn a_member_that_leaves_makes_the_others_join_again_and_another_one_lead() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.leave(ann);
    assert!(bench.saw(EventKind::MemberLeft) && bench.saw(EventKind::RebalanceStarted));
    assert_eq!(bench.heartbeat(bob, 1), ErrorCode::RebalanceInProgress);
    bench.join(BOB, Some(bob));
    let joined = bench.joined(BOB).expect("there is nobody else");
    assert_eq!((joined.generation, joined.leader, joined.members.len()), (2, bob, 1));
    bench.leave(bob);
    let empty = Event::GenerationStarted {
        broker: BrokerId(1),
        group: BILLING,
        generation: Generation(3),
        members: 0,
    };
    assert!(bench.out.events.contains(&empty) && bench.saw(EventKind::RecordsAppended));
}

#[test]
fn a_stable_follower_that_joins_again_as_it_was_hears_of_the_same_generation() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.join(BOB, Some(bob));
    assert_eq!(bench.joined(BOB).map(|joined| joined.generation), Some(1));
    assert!(!bench.saw(EventKind::RebalanceStarted));
    bench.join(ANN, Some(ann));
    assert!(bench.saw(EventKind::RebalanceStarted), "the leader may know of more partitions");
}

#[test]
fn a_member_that_wants_something_else_makes_everyone_join_again() {
    let (mut bench, _, bob) = Bench::ann_and_bob();
    bench.join_as(BOB, Some(bob), |join| join.subscription.owned = vec![orders(2)]);
    assert!(bench.saw(EventKind::RebalanceStarted));
    assert_eq!(bench.joined(BOB), None);
}

#[test]
fn the_first_rebalance_waits_on_while_members_come_but_not_beyond_the_rebalance_timeout() {
    let mut bench = Bench::alone(3_000);
    let short = |join: &mut Join| join.rebalance_timeout = Micros::from_millis(7_000);
    bench.join_as(ANN, None, short);
    bench.at(2_000);
    bench.join_as(BOB, None, short);
    bench.at(3_000);
    assert_eq!(bench.joined(ANN), None);
    bench.at(5_000);
    bench.join_as(CAT, None, short);
    bench.at(6_000);
    assert_eq!(bench.joined(ANN), None);
    bench.at(6_500);
    bench.join_as(NodeId(13), None, short);
    bench.at(6_999);
    assert_eq!(bench.joined(ANN), None);
    bench.at(7_000);
    assert_eq!(bench.joined(ANN).map(|joined| joined.members.len()), Some(4));
}

#[test]
fn without_an_initial_delay_the_first_member_is_alone_at_first() {
    let mut bench = Bench::alone(0);
    bench.join(ANN, None);
    assert_eq!(bench.joined(ANN).map(|joined| (joined.generation, joined.members.len())), Some((1, 1)));
}

#[test]
fn a_session_timeout_out_of_bounds_is_refused() {
    let mut bench = Bench::alone(0);
    for millis in [5_999, 300_001] {
        bench.join_as(ANN, None, |join| join.session_timeout = Micros::from_millis(millis));
        assert_eq!(bench.joined(ANN).map(|joined| joined.error), Some(ErrorCode::InvalidSessionTimeout));
    }
}

#[test]
fn a_member_with_another_assignor_is_refused() {
    let (mut bench, ..) = Bench::ann_and_bob();
    bench.join_as(CAT, None, |join| join.assignor = Assignor::Sticky);
    assert_eq!(bench.joined(CAT).map(|joined| joined.error), Some(ErrorCode::InconsistentGroupProtocol));
    assert!(!bench.saw(EventKind::MemberJoined));
}

#[test]
fn a_member_that_nobody_knows_is_to_join_anew() {
    let (mut bench, ..) = Bench::ann_and_bob();
    let nobody = MemberId { client: CAT, number: 99 };
    bench.join(CAT, Some(nobody));
    assert_eq!(bench.joined(CAT).map(|joined| joined.error), Some(ErrorCode::UnknownMemberId));
    let mut bench = Bench::alone(0);
    bench.join(CAT, Some(nobody));
    assert_eq!(bench.joined(CAT).map(|joined| joined.error), Some(ErrorCode::UnknownMemberId));
    assert_eq!(bench.heartbeat(nobody, 1), ErrorCode::UnknownMemberId);
}

#[test]
fn fifty_members_share() {
    let mut bench = Bench::alone(1_500);
    let clients: Vec<NodeId> = (100..150).map(NodeId).collect();
    for &client in &clients {
        bench.join(client, None);
    }
    bench.let_all_come();
    let joined: Vec<_> = clients.iter().map(|&client| bench.joined(client).expect("told")).collect();
    let everyone: Vec<_> = joined[0].members.iter().map(|member| member.member).collect();
    assert_eq!(everyone, joined.iter().map(|joined| joined.member).collect::<Vec<_>>());
    for joined in joined.iter().skip(1) {
        bench.sync(joined.member, 1, &[]);
    }
    let partitions: Vec<u16> = (0..200).collect();
    let shares: Vec<_> = everyone.iter().copied().zip(partitions.chunks(4)).collect();
    bench.sync(everyone[0], 1, &shares);
    for (&client, share) in clients.iter().zip(partitions.chunks(4)) {
        assert_eq!(bench.share(client), Some((ErrorCode::None, share.to_vec())));
    }
    assert!(bench.saw(EventKind::GroupStabilized));
}

#[test]
fn until_2_6_a_heartbeat_before_the_shares_are_there_is_told_to_join_again_and_from_2_7_on_it_counts() {
    for (preset, said) in [(Preset::V2_4, ErrorCode::RebalanceInProgress), (Preset::V2_7, ErrorCode::None)] {
        let mut bench = Bench::alone_under(preset.protocol());
        bench.join(ANN, None);
        let ann = bench.joined(ANN).expect("told").member;
        assert_eq!(bench.heartbeat(ann, 1), said);
    }
}
