//! Offsets of a group that belong to a transaction.

use super::*;
use crate::config::Assignor;
use crate::ids::{Generation, MemberId};
use crate::message::Subscription;

impl Bench {
    fn add_offsets(&mut self, producer: TransactionalProducer) -> ErrorCode {
        let body = Body::AddOffsetsToTxnRequest { producer, group: BILLING };
        let read = |body: &Body| {
            let Body::AddOffsetsToTxnReply { error } = body else { return None };
            Some(*error)
        };
        self.ask(STATE, ANN, body, read).expect("it is answered")
    }

    fn commit_offset(
        &mut self,
        producer: TransactionalProducer,
        member: Option<(MemberId, Generation)>,
        offset: u64,
    ) -> ErrorCode {
        let offsets = vec![(orders(0), Offset(offset))];
        let body = Body::TxnOffsetCommitRequest { producer, group: BILLING, member, offsets };
        let read = |body: &Body| {
            let Body::TxnOffsetCommitReply { error } = body else { return None };
            Some(*error)
        };
        self.ask(OFFSETS, ANN, body, read).expect("it is answered")
    }

    fn join(&mut self, client: NodeId) -> (MemberId, Generation) {
        let subscription =
            Subscription { topics: Arc::new([TopicId(0)]), owned: Vec::new(), generation: Generation(0) };
        let body = Body::JoinGroupRequest {
            group: BILLING,
            member: None,
            instance: None,
            session_timeout: Micros::from_millis(10_000),
            rebalance_timeout: Micros::from_millis(60_000),
            assignor: Assignor::Range,
            subscription: Box::new(subscription),
        };
        let read = |body: &Body| {
            let Body::JoinGroupReply { member, generation, .. } = *body else { return None };
            Some((member, generation))
        };
        self.ask(OFFSETS, client, body, read).expect("there is no delay and nobody else")
    }

    fn group_is_at(&mut self, require_stable: bool) -> Result<Option<u64>, ErrorCode> {
        let partitions = vec![orders(0)];
        let body = Body::OffsetFetchRequest { group: BILLING, partitions, require_stable };
        let read = |body: &Body| {
            let Body::OffsetFetchReply { error, offsets } = body else { return None };
            let offset = offsets.first().and_then(|&(_, offset)| offset).map(|offset| offset.0);
            Some(error.result().map(|()| offset))
        };
        self.ask(OFFSETS, BOB, body, read).expect("it is answered at once")
    }
}

/// Ann has committed offset 5 within a transaction.
fn pending(preset: Preset) -> (Bench, TransactionalProducer) {
    let mut bench = Bench::new(preset);
    let ann = bench.init(ANN);
    assert_eq!(bench.add_offsets(ann), ErrorCode::None);
    assert_eq!(bench.commit_offset(ann, None, 5), ErrorCode::None);
    (bench, ann)
}

#[test]
fn offsets_hold_once_their_transaction_is_committed() {
    let (mut bench, ann) = pending(Preset::V2_7);
    assert_eq!(bench.group_is_at(false), Ok(None));
    assert_eq!(bench.group_is_at(true), Err(ErrorCode::UnstableOffsetCommit));
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    assert_eq!(bench.group_is_at(true), Ok(Some(5)));
    assert!(bench.saw(EventKind::OffsetCommitted));
}

#[test]
fn offsets_of_an_aborted_transaction_are_dropped() {
    let (mut bench, ann) = pending(Preset::V2_7);
    assert_eq!(bench.end(ann, false), ErrorCode::None);
    assert_eq!(bench.group_is_at(true), Ok(None));
    assert!(!bench.saw(EventKind::OffsetCommitted));
}

#[test]
fn before_2_5_a_member_is_told_what_is_committed_while_more_is_pending() {
    let (mut bench, _) = pending(Preset::V2_4);
    assert_eq!(bench.group_is_at(true), Ok(None));
}

#[test]
fn a_new_coordinator_of_the_group_knows_what_is_pending() {
    let (mut bench, ann) = pending(Preset::V2_7);
    bench.crash(1, 3);
    assert_eq!(bench.group_is_at(true), Err(ErrorCode::UnstableOffsetCommit));
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    assert_eq!(bench.group_is_at(true), Ok(Some(5)));
    bench.crash(3, 2);
    assert_eq!(bench.group_is_at(true), Ok(Some(5)), "and the next, what was");
}

#[test]
fn a_member_that_is_not_in_the_group_may_not_commit() {
    let mut bench = Bench::new(Preset::V2_7);
    let ann = bench.init(ANN);
    bench.add_offsets(ann);
    let member = Some((MemberId { client: ANN, number: 1 }, Generation(3)));
    assert_eq!(bench.commit_offset(ann, member, 5), ErrorCode::UnknownMemberId);
    assert_eq!(bench.group_is_at(true), Ok(None));
}

#[test]
fn offsets_that_come_late_are_not_verified_from_3_6_on() {
    let (mut bench, ann) = pending(Preset::V3_7);
    assert_eq!(bench.end(ann, false), ErrorCode::None);
    assert_eq!(bench.commit_offset(ann, None, 6), ErrorCode::InvalidTxnState);
    assert_eq!(bench.group_is_at(true), Ok(None));
}

#[test]
fn a_member_may_commit_in_its_generation_only() {
    let mut bench = Bench::new(Preset::V2_7);
    let ann = bench.init(ANN);
    bench.add_offsets(ann);
    let (member, generation) = bench.join(ANN);
    let before = Some((member, Generation(generation.0 - 1)));
    assert_eq!(bench.commit_offset(ann, before, 4), ErrorCode::IllegalGeneration);
    assert_eq!(bench.commit_offset(ann, Some((member, generation)), 5), ErrorCode::None);
    assert_eq!(bench.end(ann, true), ErrorCode::None);
    assert_eq!(bench.group_is_at(true), Ok(Some(5)));
}
