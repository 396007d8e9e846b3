use std::sync::Arc;

use super::*;
use crate::ids::{NodeId, ProducerEpoch, ProducerId, RecordId, Sequence};
use crate::protocol::Preset;
use crate::record::{ProducerStamp, Record};

fn sent(first: u32, count: u32) -> RecordBatch {
    let record = |n| Record { value: RecordId::new(NodeId(9), n), content: None, size_bytes: 100 };
    RecordBatch { producer: None, records: (first..first + count).map(record).collect() }
}

fn stamped(first: u32, count: u32) -> RecordBatch {
    let stamp = ProducerStamp {
        id: ProducerId(7),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(first),
        transactional: false,
    };
    RecordBatch { producer: Some(stamp), ..sent(first, count) }
}

/// Batches [0,2) [2,5) [5,6).
fn log() -> Log {
    let mut log = Log::default();
    for batch in [sent(0, 2), sent(2, 3), sent(5, 1)] {
        log.append_as_leader(LeaderEpoch(0), &batch);
    }
    log
}

fn bounds(batches: &[Arc<Batch>]) -> Vec<(u64, u64)> {
    batches.iter().map(|batch| (batch.base_offset.0, batch.end_offset().0)).collect()
}

#[test]
fn a_read_begins_with_the_batch_that_holds_the_offset_and_stops_below_the_bound() {
    assert_eq!(bounds(&log().read(Offset(3), Offset(6), 10_000)), [(2, 5), (5, 6)]);
    assert_eq!(bounds(&log().read(Offset(0), Offset(4), 10_000)), [(0, 2)]);
    assert_eq!(bounds(&log().read(Offset(6), Offset(6), 10_000)), []);
}

#[test]
fn a_read_sends_at_least_one_batch_however_small_the_limit() {
    assert_eq!(bounds(&log().read(Offset(0), Offset(6), 1)), [(0, 2)]);
    assert_eq!(bounds(&log().read(Offset(0), Offset(6), 500)), [(0, 2), (2, 5)]);
}

#[test]
fn a_cut_inside_a_batch_removes_the_whole_batch() {
    let mut log = log();
    assert_eq!(log.truncate_to(Offset(4)), Offset(2));
    assert_eq!(log.end_offset(), Offset(2));
}

#[test]
fn a_cut_beyond_the_end_changes_nothing() {
    let mut cut = log();
    assert_eq!(cut.truncate_to(Offset(9)), Offset(6));
    assert_eq!(cut, log());
}

#[test]
fn a_cut_forgets_the_sequences_that_it_removed() {
    let mut log = Log::default();
    log.append_as_leader(LeaderEpoch(0), &stamped(0, 2));
    log.append_as_leader(LeaderEpoch(0), &stamped(2, 1));
    assert_eq!(log.check(&stamped(3, 1)), Verdict::Append);
    log.truncate_to(Offset(2));
    assert_eq!(
        log.check(&stamped(3, 1)),
        Verdict::Refuse(crate::message::ErrorCode::OutOfOrderSequenceNumber)
    );
    assert_eq!(log.check(&stamped(2, 1)), Verdict::Append);
}

#[test]
fn a_power_failure_spares_what_was_flushed() {
    let mut log = log();
    log.flush();
    log.append_as_leader(LeaderEpoch(0), &sent(6, 1));
    log.append_as_leader(LeaderEpoch(0), &sent(7, 1));
    let mut offered = 0;
    let lost = log.lose_power(&mut |unflushed| {
        offered = unflushed;
        1
    });
    assert_eq!((offered, lost, log.end_offset()), (2, Some(Offset(8)), Offset(7)));
    assert_eq!(log.flushed_offset(), Offset(7));
}

#[test]
fn a_shown_copy_follows_appends_and_cuts() {
    let (mut log, mut copy) = (log(), Vec::new());
    log.show(&mut copy);
    log.truncate_to(Offset(2));
    log.append_as_leader(LeaderEpoch(1), &sent(9, 3));
    log.show(&mut copy);
    assert_eq!(copy, log.batches);
    assert_eq!(copy[1].leader_epoch, LeaderEpoch(1));
}

#[test]
fn a_read_finds_its_batch_near_the_end_of_a_long_log_and_far_from_it() {
    let mut log = Log::default();
    for batch in 0..20 {
        log.append_as_leader(LeaderEpoch(0), &sent(batch * 3, 3));
    }
    for from in 0..60 {
        let first = from / 3 * 3;
        assert_eq!(bounds(&log.read(Offset(from), Offset(60), 1)), [(first, first + 3)]);
    }
    assert_eq!(bounds(&log.read(Offset(60), Offset(60), 1)), []);
}

fn by_majority() -> Log {
    Log::default().with_epochs(EpochRules { majority: true, ..EpochRules::default() })
}

/// Epoch 1: [0,2) [2,3). Epoch 3: [3,5). Then epoch 4 was reached, and nothing written in it.
fn of_three_epochs() -> Log {
    let mut log = by_majority();
    for (epoch, batch) in [(1, sent(0, 2)), (1, sent(2, 1)), (3, sent(3, 2))] {
        log.append_as_leader(LeaderEpoch(epoch), &batch);
    }
    log.note_epoch(LeaderEpoch(4));
    log
}

#[test]
fn an_epoch_ends_where_the_next_begins() {
    let log = of_three_epochs();
    let end_of = |epoch| {
        let (epoch, end) = log.end_of_epoch(LeaderEpoch(epoch)).expect("where a majority decides, always");
        (epoch.0, end.0)
    };
    assert_eq!([0, 1, 2, 3, 4, 9].map(end_of), [(0, 0), (1, 3), (1, 3), (3, 5), (4, 5), (4, 5)]);
    assert_eq!(by_majority().end_of_epoch(LeaderEpoch(7)), Some((LeaderEpoch(7), Offset(0))));
}

#[test]
fn an_epoch_that_was_reached_counts_though_it_has_no_record() {
    let mut log = of_three_epochs();
    assert_eq!(log.last_epoch(), Some(LeaderEpoch(4)));
    log.note_epoch(LeaderEpoch(2));
    assert_eq!(log.last_epoch(), Some(LeaderEpoch(4)), "an older one is not news");
    log.append_as_leader(LeaderEpoch(6), &sent(5, 1));
    assert_eq!(log.end_of_epoch(LeaderEpoch(4)), Some((LeaderEpoch(4), Offset(5))));
    assert_eq!(Log::default().last_epoch(), None);
}

#[test]
fn what_a_leader_does_not_have_goes_with_its_epochs() {
    let cut = |epoch, end| {
        let mut log = of_three_epochs();
        let end = log.truncate_to_epoch(LeaderEpoch(epoch), Offset(end));
        (end.0, log.last_epoch().map(|epoch| epoch.0))
    };
    assert_eq!(cut(3, 5), (5, Some(3)), "only the empty epoch 4 is not the leader's");
    assert_eq!(cut(4, 9), (5, Some(4)));
    assert_eq!(cut(2, 9), (3, Some(1)), "epoch 2 is not known here: down to the end of epoch 1");
    assert_eq!(cut(1, 2), (2, Some(1)), "the leader has less of epoch 1");
    assert_eq!(cut(0, 0), (0, None));
}

#[test]
fn an_epoch_beyond_a_cut_is_forgotten() {
    let mut log = of_three_epochs();
    log.truncate_to(Offset(3));
    assert_eq!(log.last_epoch(), Some(LeaderEpoch(1)));
}

#[test]
fn an_epoch_that_a_late_election_hid_is_found_again_after_an_unclean_end() {
    let rules = EpochRules::new(&Preset::V2_0_1.protocol(), false);
    let lost = || {
        let mut log = Log::default().with_epochs(rules);
        log.append_as_leader(LeaderEpoch(0), &sent(0, 4));
        log.append_as_leader(LeaderEpoch(5), &sent(4, 4));
        log.begin_epoch(LeaderEpoch(4));
        log
    };
    let mut stopped = lost();
    stopped.load();
    assert_eq!(stopped.last_epoch(), Some(LeaderEpoch(0)), "epoch 4 had thrown epoch 5 out");
    let mut killed = lost();
    killed.recover();
    killed.load();
    assert_eq!(killed.last_epoch(), Some(LeaderEpoch(5)));
}
