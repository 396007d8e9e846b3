use std::sync::Arc;

use super::*;
use crate::ids::{LeaderEpoch, NodeId, RecordId};
use crate::log::Log;
use crate::record::Record;

fn record(content: Option<Content>) -> Record {
    Record { value: RecordId::new(NodeId(9), 0), content: content.map(Arc::new), size_bytes: 100 }
}

fn stamp(producer: u64, epoch: u16, sequence: u32) -> ProducerStamp {
    ProducerStamp {
        id: ProducerId(producer),
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(sequence),
        transactional: true,
    }
}

fn data(producer: u64, epoch: u16, sequence: u32) -> RecordBatch {
    RecordBatch { producer: Some(stamp(producer, epoch, sequence)), records: Arc::new([record(None)]) }
}

fn marker(producer: u64, epoch: u16, commit: bool, coordinator: u32) -> RecordBatch {
    let marker = Marker {
        producer: ProducerId(producer),
        epoch: ProducerEpoch(epoch),
        commit,
        coordinator_epoch: CoordinatorEpoch(coordinator),
    };
    let records = Arc::new([record(Some(Content::Marker(marker)))]);
    RecordBatch { producer: Some(stamp(producer, epoch, 0)), records }
}

fn log(batches: &[RecordBatch]) -> Log {
    let mut log = Log::default();
    for batch in batches {
        assert_eq!(log.check(batch), Verdict::Append);
        log.append_as_leader(LeaderEpoch(0), batch);
    }
    log
}

fn stable(log: &Log, high_watermark: u64) -> u64 {
    log.last_stable_offset(Offset(high_watermark)).0
}

#[test]
fn a_log_is_stable_up_to_the_earliest_open_transaction() {
    let log = log(&[data(1, 0, 0), data(2, 0, 0), marker(1, 0, true, 0)]);
    assert_eq!(stable(&log, 3), 1);
    assert_eq!(stable(&log, 0), 0);
}

#[test]
fn a_transaction_that_has_ended_holds_the_log_until_its_marker_is_replicated() {
    let mut log = log(&[data(1, 0, 0), marker(1, 0, true, 0)]);
    assert_eq!(stable(&log, 1), 0);
    assert_eq!(stable(&log, 2), 2);
    log.transactions_mut().as_mut().expect("one was there").replicated_up_to(Offset(1));
    assert_eq!(stable(&log, 1), 0, "the marker lies at the high watermark, not below it");
}

#[test]
fn only_aborted_transactions_with_records_in_the_range_are_told() {
    let log = log(&[
        data(1, 0, 0),
        data(2, 0, 0),
        marker(2, 0, false, 0),
        marker(1, 0, false, 0),
        data(1, 0, 1),
        marker(1, 0, true, 0),
    ]);
    let told = |from, to| -> Vec<(u64, u64)> {
        let aborted = log.aborted(Offset(from), Offset(to));
        aborted.iter().map(|aborted| (aborted.producer.0, aborted.first_offset.0)).collect()
    };
    assert_eq!(told(0, 6), [(1, 0), (2, 1)]);
    assert_eq!(told(3, 6), [(1, 0)]);
    assert_eq!(told(0, 1), [(1, 0)]);
    assert_eq!(told(4, 6), []);
}

#[test]
fn a_truncation_opens_a_transaction_again_whose_marker_it_takes() {
    let mut log = log(&[data(1, 0, 0), marker(1, 1, false, 3), data(1, 1, 0)]);
    log.truncate_to(Offset(1));
    assert_eq!(stable(&log, 1), 0);
    assert_eq!(log.aborted(Offset(0), Offset(9)), []);
    assert_eq!(log.check(&data(1, 0, 1)), Verdict::Append, "nor is its epoch raised any more");
    log.truncate_to(Offset(0));
    assert_eq!(log.transactions(), None);
}

#[test]
fn a_marker_fences_older_epochs_and_begins_sequences_anew() {
    let log = log(&[data(1, 0, 0), marker(1, 1, false, 0)]);
    let refused = Verdict::Refuse(ErrorCode::InvalidProducerEpoch);
    assert_eq!(log.check(&data(1, 0, 1)), refused);
    assert_eq!(log.check(&marker(1, 0, true, 0)), refused);
    assert_eq!(log.check(&data(1, 1, 1)), Verdict::Refuse(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(log.check(&data(1, 1, 0)), Verdict::Append);
}

#[test]
fn a_marker_of_an_older_coordinator_is_refused() {
    let log = log(&[data(1, 0, 0), marker(1, 0, true, 4)]);
    let refused = Verdict::Refuse(ErrorCode::TransactionCoordinatorFenced);
    assert_eq!(log.check(&marker(1, 0, true, 3)), refused);
    assert_eq!(log.check(&marker(1, 0, true, 4)), Verdict::Append);
}

#[test]
fn what_does_not_belong_to_the_open_transaction_is_refused() {
    let log = log(&[data(1, 0, 0)]);
    let outside = ProducerStamp { transactional: false, ..stamp(1, 0, 1) };
    let batch = RecordBatch { producer: Some(outside), ..data(1, 0, 1) };
    assert_eq!(log.check(&batch), Verdict::Refuse(ErrorCode::InvalidTxnState));
}

#[test]
fn a_guard_is_good_until_a_marker_comes() {
    let mut log = Log::default();
    let known = log.transactions_mut().get_or_insert_default();
    let guard = known.start_verification(&stamp(1, 0, 5));
    assert_eq!(known.start_verification(&stamp(1, 0, 3)), guard, "a second batch gets the same");
    assert_eq!(known.check_verified(&stamp(1, 0, 3), guard), Ok(()));
    assert_eq!(
        known.check_verified(&stamp(1, 0, 5), guard),
        Err(ErrorCode::OutOfOrderSequenceNumber),
        "what lies before it comes first"
    );
    assert_eq!(known.check_verified(&stamp(1, 0, 3), None), Err(ErrorCode::InvalidTxnState));
    log.append_as_leader(LeaderEpoch(0), &marker(1, 0, false, 0));
    let known = log.transactions_mut().get_or_insert_default();
    assert_eq!(known.check_verified(&stamp(1, 0, 3), guard), Err(ErrorCode::InvalidTxnState));
}
