use super::*;
use crate::protocol::Preset;

const E: fn(u32) -> LeaderEpoch = LeaderEpoch;

/// Epoch 1 from 0, epoch 3 from 4, epoch 5 from 9; the log ends at 12.
fn cache(preset: Preset) -> Epochs {
    let mut epochs = Epochs { rules: EpochRules::new(&preset.protocol(), false), ..Epochs::default() };
    for (epoch, start) in [(1, 0), (1, 2), (3, 4), (5, 9)] {
        epochs.append(E(epoch), Offset(start));
    }
    epochs
}

fn ends(epochs: &Epochs, asked: [u32; 5]) -> Vec<Option<(u32, u64)>> {
    let end = |epoch| epochs.end_of(E(epoch), Offset(12)).map(|(epoch, end)| (epoch.0, end.0));
    asked.into_iter().map(end).collect()
}

fn all(epochs: &Epochs) -> Vec<(u32, u64)> {
    epochs.begun.iter().map(|entry| (entry.epoch.0, entry.start.0)).collect()
}

#[test]
fn an_epoch_ends_where_the_next_begins_and_one_above_all_is_unknown() {
    for preset in [Preset::V0_11, Preset::V2_0_1, Preset::NEWEST] {
        let known = ends(&cache(preset), [1, 2, 4, 5, 6]);
        assert_eq!(
            known,
            [Some((1, 4)), Some((1, 4)), Some((3, 9)), Some((5, 12)), None],
            "{}",
            preset.name()
        );
    }
}

#[test]
fn an_epoch_below_all_is_unknown_until_2_0_0_and_later_ends_where_the_first_begins() {
    for (preset, below) in
        [(Preset::V2_0, None), (Preset::V2_0_1, Some((0, 0))), (Preset::V3_7, Some((0, 0)))]
    {
        assert_eq!(ends(&cache(preset), [0; 5])[0], below, "{}", preset.name());
    }
}

#[test]
fn a_log_without_epochs_knows_none() {
    let epochs = Epochs { rules: EpochRules::new(&Preset::NEWEST.protocol(), false), ..Epochs::default() };
    assert_eq!((epochs.latest(), epochs.end_of(E(0), Offset(0))), (None, None));
}

#[test]
fn a_leader_notes_its_epoch_at_its_election_from_2_0_1_on() {
    for (preset, latest) in [(Preset::V2_0, 5), (Preset::V2_0_1, 7)] {
        let mut epochs = cache(preset);
        epochs.elected(E(7), Offset(12));
        assert_eq!(epochs.latest(), Some(E(latest)), "{}", preset.name());
        epochs.append(E(7), Offset(12));
        assert_eq!(epochs.start_of(E(7)), Some(Offset(12)));
    }
}

#[test]
fn what_contradicts_the_cache_is_not_entered_until_2_0_0_and_later_wins() {
    let entered = |preset| {
        let mut epochs = cache(preset);
        epochs.append(E(4), Offset(12));
        all(&epochs)
    };
    assert_eq!(entered(Preset::V0_11), [(1, 0), (3, 4), (5, 9)]);
    assert_eq!(entered(Preset::V2_0_1), [(1, 0), (3, 4), (4, 12)]);
}

#[test]
fn an_election_takes_the_place_of_one_in_which_nothing_was_written() {
    let mut epochs = cache(Preset::V2_1);
    epochs.elected(E(6), Offset(12));
    epochs.elected(E(8), Offset(12));
    assert_eq!(all(&epochs), [(1, 0), (3, 4), (5, 9), (8, 12)]);
}

#[test]
fn a_cut_forgets_the_epochs_that_begin_at_it_or_beyond() {
    let mut epochs = cache(Preset::V0_11);
    epochs.cut(Offset(9), true);
    assert_eq!(all(&epochs), [(1, 0), (3, 4)]);
}

#[test]
fn a_cut_beyond_the_end_forgets_what_was_never_written_in_only_from_2_6_1_on() {
    for (preset, latest) in [(Preset::V2_4, 6), (Preset::V2_7, 5)] {
        let mut epochs = cache(preset);
        epochs.elected(E(6), Offset(12));
        epochs.cut(Offset(12), false);
        assert_eq!(epochs.latest(), Some(E(latest)), "{}", preset.name());
    }
}

#[test]
fn what_was_never_written_in_is_gone_after_a_restart() {
    let mut epochs = cache(Preset::V2_1);
    epochs.elected(E(6), Offset(12));
    epochs.loaded(Offset(12));
    assert_eq!(epochs.latest(), Some(E(5)));
}
