use super::*;
use crate::ids::{BrokerId, NodeId, RecordId, TopicId, TopicPartition};
use crate::log::EpochRules;
use crate::partition::follower::OutOfRange;
use crate::protocol::Preset;
use crate::record::{Record, RecordBatch};

fn log(preset: Preset, epochs: &[u32]) -> Log {
    let mut log = Log::default().with_epochs(EpochRules::new(&preset.protocol(), false));
    for (n, &epoch) in epochs.iter().enumerate() {
        let record = Record { value: RecordId::new(NodeId(9), n as u32), content: None, size_bytes: 100 };
        log.append_as_leader(LeaderEpoch(epoch), &RecordBatch { producer: None, records: [record].into() });
    }
    log
}

fn cut(log: &Log, epoch: Option<u32>, end: u64) -> (u64, bool) {
    let Cut { to, agreed } = Cut::at(log, epoch.map(LeaderEpoch), Offset(end));
    (to.0, agreed)
}

#[test]
fn an_offset_alone_is_where_the_log_is_cut() {
    assert_eq!(cut(&log(Preset::V0_11, &[1, 1, 2]), None, 2), (2, true));
}

#[test]
fn an_epoch_that_both_know_ends_where_it_ends_first() {
    let log = log(Preset::V2_0, &[1, 1, 2]);
    assert_eq!(cut(&log, Some(1), 4), (2, true), "it ends here first");
    assert_eq!(cut(&log, Some(1), 1), (1, true), "it ends there first");
}

#[test]
fn an_epoch_that_the_follower_does_not_know_is_asked_about_again_from_the_one_below() {
    assert_eq!(cut(&log(Preset::V2_0, &[1, 1, 3]), Some(2), 4), (2, false));
}

#[test]
fn below_its_oldest_epoch_a_follower_takes_the_leaders_offset_until_2_0_0_and_its_own_start_later() {
    assert_eq!(cut(&log(Preset::V2_0, &[3, 3]), Some(1), 1), (1, true));
    assert_eq!(cut(&log(Preset::V2_0_1, &[3, 3]), Some(1), 1), (0, true));
}

fn replica(preset: Preset, epochs: &[u32], high_watermark: u64) -> Replica {
    let id = TopicPartition { topic: TopicId(0), partition: 0 };
    Replica::new(id, BrokerId(2), log(preset, epochs), Offset(high_watermark))
}

#[test]
fn a_leader_compares_by_the_last_epoch_and_offset() {
    let leader = replica(Preset::V2_8, &[1, 1, 3], 0);
    let compare = |epoch, offset| leader.compare(LeaderEpoch(epoch), Offset(offset));
    assert_eq!(compare(1, 2), Ok(None));
    assert_eq!(compare(3, 3), Ok(None));
    assert_eq!(compare(1, 3), Ok(Some((LeaderEpoch(1), Offset(2)))), "its epoch 1 is shorter");
    assert_eq!(compare(2, 2), Ok(Some((LeaderEpoch(1), Offset(2)))), "it does not know epoch 2");
    assert_eq!(compare(4, 3), Err(ErrorCode::OffsetOutOfRange));
}

#[test]
fn the_high_watermark_stays_beyond_a_cut_until_2_4() {
    for (preset, high_watermark) in [(Preset::V2_1, 3), (Preset::V2_4, 1)] {
        let mut replica = replica(preset, &[1, 1, 1], 3);
        let clamps = preset.protocol().high_watermark_clamped;
        replica.truncate(Offset(1), TruncationReason::EpochEnd, clamps, &mut Effects::default());
        assert_eq!(replica.high_watermark, Offset(high_watermark), "{}", preset.name());
    }
}

#[test]
fn a_follower_ahead_of_its_leader_halts_until_2_0_0_and_is_cut_later() {
    let ahead = |preset: Preset, unclean| {
        replica(preset, &[1, 1, 1], 0).out_of_range(Offset(2), unclean, &preset.protocol())
    };
    assert_eq!(ahead(Preset::V2_0, false), OutOfRange::Halt);
    assert_eq!(ahead(Preset::V2_0, true), OutOfRange::TruncateTo(Offset(2)));
    assert_eq!(ahead(Preset::V2_0_1, false), OutOfRange::TruncateTo(Offset(2)));
}

#[test]
fn a_leader_that_has_grown_past_the_follower_makes_it_start_over_only_where_out_of_range_wipes() {
    let mut protocol = Preset::V0_10.protocol();
    let follower = replica(Preset::V0_10, &[1, 1, 1], 0);
    assert_eq!(follower.out_of_range(Offset(4), true, &protocol), OutOfRange::FetchOn);
    protocol.out_of_range_wipes = true;
    assert_eq!(follower.out_of_range(Offset(4), true, &protocol), OutOfRange::TruncateTo(Offset(0)));
}
