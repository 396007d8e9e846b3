use super::*;

fn stamp(epoch: u16, first: u32) -> ProducerStamp {
    ProducerStamp {
        id: ProducerId(1),
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(first),
        transactional: false,
    }
}

/// Six batches of one record, sequences 0 to 5.
fn six() -> ProducerStates {
    let mut states = ProducerStates::default();
    for n in 0..6 {
        states.record(&stamp(0, n), Offset(u64::from(n) + 10), 1);
    }
    states
}

const OUT_OF_ORDER: Verdict = Verdict::Refuse(ErrorCode::OutOfOrderSequenceNumber);

#[test]
fn the_last_five_batches_are_known_and_answered_with_their_offsets() {
    for n in 1..6 {
        let offset = u64::from(n) + 10;
        let duplicate = Verdict::Duplicate { base_offset: Offset(offset), end_offset: Offset(offset + 1) };
        assert_eq!(six().check(&stamp(0, n), 1), duplicate);
    }
}

#[test]
fn an_older_duplicate_shows_as_out_of_order() {
    assert_eq!(six().check(&stamp(0, 0), 1), OUT_OF_ORDER);
}

#[test]
fn a_batch_cut_otherwise_is_not_recognised() {
    assert_eq!(six().check(&stamp(0, 4), 2), OUT_OF_ORDER);
}

#[test]
fn a_gap_is_refused_and_the_next_sequence_appended() {
    assert_eq!(six().check(&stamp(0, 7), 1), OUT_OF_ORDER);
    assert_eq!(six().check(&stamp(0, 6), 1), Verdict::Append);
}

#[test]
fn an_unknown_producer_begins_at_zero() {
    assert_eq!(ProducerStates::default().check(&stamp(0, 3), 1), OUT_OF_ORDER);
    assert_eq!(ProducerStates::default().check(&stamp(0, 0), 1), Verdict::Append);
}

#[test]
fn since_kip_360_an_unknown_producer_may_begin_anywhere_and_then_goes_on_in_order() {
    let any = SequenceRules { unknown: UnknownProducer::AnySequence, ..Default::default() };
    let mut states = ProducerStates::new(any);
    assert_eq!(states.check(&stamp(3, 7), 1), Verdict::Append);
    states.record(&stamp(3, 7), Offset(0), 1);
    assert_eq!(states.check(&stamp(3, 9), 1), OUT_OF_ORDER);
    assert_eq!(states.check(&stamp(4, 1), 1), OUT_OF_ORDER, "a new epoch still begins at 0");
    assert_eq!(states.check(&stamp(4, 0), 1), Verdict::Append);
    states.clear();
    assert_eq!(states.check(&stamp(3, 7), 1), Verdict::Append, "the rule outlives a truncation");
}

#[test]
fn a_new_epoch_begins_at_zero_and_fences_the_old_one() {
    assert_eq!(six().check(&stamp(1, 6), 1), OUT_OF_ORDER);
    let mut states = six();
    states.record(&stamp(1, 0), Offset(16), 1);
    assert_eq!(states.check(&stamp(0, 6), 1), Verdict::Refuse(ErrorCode::InvalidProducerEpoch));
}

#[test]
fn in_0_11_only_the_last_batch_is_known() {
    let rules = SequenceRules { window: DedupWindow::LastBatch, ..Default::default() };
    let mut states = ProducerStates::new(rules);
    states.record(&stamp(0, 0), Offset(10), 1);
    states.record(&stamp(0, 1), Offset(11), 1);
    let last = Verdict::Duplicate { base_offset: Offset(11), end_offset: Offset(12) };
    assert_eq!(states.check(&stamp(0, 1), 1), last);
    assert_eq!(states.check(&stamp(0, 0), 1), OUT_OF_ORDER);
    assert_eq!(states.check(&stamp(0, 2), 1), Verdict::Append);
}

#[test]
fn from_1_0_to_2_4_an_unknown_producer_that_does_not_begin_at_zero_is_told_so() {
    let rules = SequenceRules { unknown: UnknownProducer::UnknownProducerId, ..Default::default() };
    let mut states = ProducerStates::new(rules);
    assert_eq!(states.check(&stamp(0, 3), 1), Verdict::Refuse(ErrorCode::UnknownProducerId));
    assert_eq!(states.check(&stamp(0, 0), 1), Verdict::Append);
    states.record(&stamp(0, 0), Offset(0), 1);
    assert_eq!(states.check(&stamp(0, 3), 1), OUT_OF_ORDER, "it knows the producer now");
}
