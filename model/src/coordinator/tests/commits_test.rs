//! Which commits are let in, and when they are answered.

use super::*;

#[test]
fn a_commit_of_an_expelled_member_is_refused() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.at(12_000);
    bench.heartbeat(ann, 1);
    bench.at(13_000);
    bench.commit(bob, 1, 7);
    assert_eq!(bench.commit_answer(BOB), Some(ErrorCode::UnknownMemberId));
    assert!(bench.saw(EventKind::CommitRefused) && !bench.saw(EventKind::RecordsAppended));
    assert_eq!(bench.committed(), (ErrorCode::None, None));
}

#[test]
fn a_commit_of_an_older_generation_is_refused() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.leave(bob);
    bench.join(ANN, Some(ann));
    bench.sync(ann, 2, &[]);
    bench.commit(ann, 1, 7);
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::IllegalGeneration));
    bench.commit(ann, 2, 8);
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::None));
    assert_eq!(bench.committed(), (ErrorCode::None, Some(Offset(8))));
}

#[test]
fn a_commit_is_let_in_while_a_rebalance_is_prepared_and_not_before_the_shares_are_out() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.join(CAT, None);
    bench.commit(bob, 1, 7);
    assert_eq!(bench.commit_answer(BOB), Some(ErrorCode::None));
    bench.join(ANN, Some(ann));
    bench.join(BOB, Some(bob));
    bench.commit(bob, 2, 8);
    assert_eq!(bench.commit_answer(BOB), Some(ErrorCode::RebalanceInProgress));
}

#[test]
fn a_commit_counts_as_a_heartbeat() {
    let (mut bench, ann, bob) = Bench::ann_and_bob();
    bench.at(12_000);
    bench.commit(ann, 1, 7);
    bench.commit(bob, 1, 7);
    bench.at(21_999);
    assert!(!bench.saw(EventKind::MemberExpired));
    bench.at(22_000);
    assert!(bench.saw(EventKind::MemberExpired));
}

#[test]
fn a_commit_is_answered_once_all_in_sync_replicas_have_it() {
    let (mut bench, ann) = Bench::ann_with_followers(1);
    bench.commit(ann, 1, 7);
    assert!(bench.saw(EventKind::CommitAccepted) && bench.saw(EventKind::RecordsAppended));
    assert_eq!(bench.commit_answer(ANN), None);
    assert_eq!(bench.committed(), (ErrorCode::None, None), "nor can it be read before");
    bench.follower_has(2, 2);
    assert_eq!(bench.commit_answer(ANN), None);
    bench.follower_has(3, 2);
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::None));
    assert!(bench.saw(EventKind::OffsetCommitted) && bench.saw(EventKind::ProduceAcknowledged));
    assert_eq!(bench.committed(), (ErrorCode::None, Some(Offset(7))));
}

#[test]
fn a_commit_that_is_not_replicated_in_time_is_answered_with_an_error() {
    let (mut bench, ann) = Bench::ann_with_followers(1);
    bench.commit(ann, 1, 7);
    bench.at(5_000);
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::RequestTimedOut));
    assert!(bench.saw(EventKind::ProduceFailed) && !bench.saw(EventKind::OffsetCommitted));
    assert_eq!(bench.committed(), (ErrorCode::None, None));
    assert_eq!(bench.successor(2).committed(), (ErrorCode::None, Some(Offset(7))), "but it was written");
}

#[test]
fn a_commit_that_too_few_replicas_could_take_is_not_written() {
    let (mut bench, ann) = Bench::ann_with_followers(2);
    bench.notice(1, 1, &[1]);
    bench.commit(ann, 1, 7);
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::CoordinatorNotAvailable));
    assert!(bench.saw(EventKind::ProduceRefused) && !bench.saw(EventKind::RecordsAppended));
}

#[test]
fn a_commit_of_nothing_is_answered_at_once() {
    let (mut bench, ann) = Bench::ann_with_followers(1);
    let (group, generation, instance) = (BILLING, Generation(1), None);
    bench.hear(
        ANN,
        Body::OffsetCommitRequest { group, generation, member: ann, instance, offsets: Vec::new() },
    );
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::None));
    assert!(!bench.saw(EventKind::CommitAccepted) && !bench.saw(EventKind::RecordsAppended));
}

#[test]
fn a_commit_of_one_group_is_nothing_to_another() {
    let (mut bench, ann, _) = Bench::ann_and_bob();
    bench.commit(ann, 1, 7);
    let other = GroupId(1);
    bench.hear(
        ANN,
        Body::OffsetFetchRequest { group: other, partitions: vec![orders(0)], require_stable: false },
    );
    let of_other = bench.told(ANN, |body| {
        let Body::OffsetFetchReply { offsets, .. } = body else { return None };
        Some(offsets.clone())
    });
    assert_eq!(of_other, Some(vec![(orders(0), None)]));
    let (generation, instance, offsets) = (Generation(1), None, vec![(orders(0), Offset(9))]);
    bench.hear(ANN, Body::OffsetCommitRequest { group: other, generation, member: ann, instance, offsets });
    assert_eq!(bench.commit_answer(ANN), Some(ErrorCode::IllegalGeneration));
    assert_eq!(bench.committed(), (ErrorCode::None, Some(Offset(7))));
}

#[test]
fn the_brokers_own_records_never_repeat_a_number_over_its_lives() {
    let values = |bench: &mut Bench| -> Vec<_> {
        bench.join(ANN, None);
        let ann = bench.joined(ANN).expect("there is nobody else").member;
        bench.sync(ann, 1, &[]);
        let mut values = Vec::new();
        for offset in 0..3 {
            bench.commit(ann, 1, offset);
            for event in &bench.out.events {
                if let Event::RecordsAppended { client, batch, .. } = event {
                    assert_eq!(*client, NodeId(1));
                    values.extend(batch.records.iter().map(|record| record.value));
                }
            }
        }
        values
    };
    let mut first = Bench::alone(0);
    let mut all = values(&mut first);
    let storage = Storage { logs: std::collections::BTreeMap::new(), ..first.broker.stop(Ending::Power) };
    let mut second = Bench::with(1, config(&[1], 1, 0), storage);
    second.notice(1, 1, &[1]);
    all.extend(values(&mut second));
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!((all.len(), distinct.len()), (6, 6));
}
