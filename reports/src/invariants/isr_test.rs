//! `isr-eviction-timely`, `isr-rejoin` and `maximal-isr`.

use std::sync::Arc;

use highwater_model::event::Event;
use highwater_model::ids::{BrokerId, NodeId, Offset};
use highwater_model::protocol::Preset;

use crate::property::Property::{IsrEvictionTimely, IsrRejoin, MaximalIsr};
use crate::testing::{ORDERS, SHOP, Stage, at, fetched, set};

fn drops(broker: u8) -> Event {
    let removed = set(&[broker]);
    let isr = set(&[1, 2, 3]).difference(removed);
    Event::IsrShrinkProposed { partition: ORDERS, broker: BrokerId(1), removed, isr }
}

fn takes_in(broker: u8, end: u64, high_watermark: u64) -> Event {
    Event::IsrExpandProposed {
        partition: ORDERS,
        broker: BrokerId(1),
        added: BrokerId(broker),
        isr: set(&[1, 2, 3]),
        end_offset: Offset(end),
        high_watermark: Offset(high_watermark),
    }
}

/// By the rules of another version.
fn of_version(stage: &mut Stage, preset: Preset) {
    stage.change(|setup| Arc::make_mut(&mut setup.config).protocol = preset.protocol());
}

/// Broker 2 caught up at 4 000 ms, broker 3 fetches now and then.
fn lagging() -> Stage {
    let mut stage = Stage::settled();
    stage.wait(4_000);
    stage.look(&[fetched(1, 2, 3, 3), fetched(1, 3, 3, 3)]);
    stage
}

#[test]
fn a_follower_is_dropped_once_its_clock_allows_it() {
    let mut stage = lagging();
    stage.wait(10_001);
    stage.look(&[drops(2)]);
    stage.assert_held(IsrEvictionTimely);
}

#[test]
fn a_follower_dropped_before_its_clock_allows_it_is_reported() {
    let mut stage = lagging();
    stage.wait(10_000);
    stage.look(&[drops(2)]);
    stage.assert_broken(
        IsrEvictionTimely,
        "broker 1 proposes to drop broker 2 from the ISR of orders-0 though it had caught up at 4000.000 ms, 10000.000 \
         ms ago; replica.lag.time.max.ms is 10000",
    );
}

#[test]
fn a_fetch_up_to_the_end_of_the_fetch_before_counts_from_then() {
    let mut stage = lagging();
    stage.wait(1_000);
    // The log grew to 5 at once after the fetch at 4 000 ms, and now to 9.
    stage.look(&[fetched(1, 2, 3, 5)]);
    stage.wait(1_000);
    stage.look(&[fetched(1, 2, 5, 9)]);
    stage.wait(8_999);
    assert_eq!(stage.step.at, at(14_999));
    stage.look(&[drops(2)]);
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 1, "it had caught up at 5000 ms");
    stage.wait(2);
    stage.look(&[drops(2)]);
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 1);
    assert_eq!(stage.tally(IsrEvictionTimely).looked, 2);
}

#[test]
fn a_new_epoch_starts_the_clocks_anew() {
    let mut stage = lagging();
    stage.wait(9_000);
    let events = stage.elect(1, 1, &[1, 2, 3]);
    stage.look(&events);
    stage.wait(10_000);
    stage.look(&[drops(2)]);
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 1);
}

#[test]
fn a_follower_that_stays_too_long_is_reported_once() {
    let mut stage = lagging();
    for _ in 0..20 {
        stage.wait(1_000);
        stage.look(&[fetched(1, 3, 3, 3)]);
    }
    stage.assert_broken(
        IsrEvictionTimely,
        "broker 2 is still in the ISR {1,2,3} of broker 1, leader of orders-0 in epoch 0, 16000.000 ms after it last \
         caught up or could be judged; replica.lag.time.max.ms is 10000",
    );
}

#[test]
fn a_leader_that_forgets_a_dead_follower_is_reported_though_nothing_touches_the_partition() {
    let mut stage = lagging();
    for _ in 0..4 {
        stage.wait(5_000);
        stage.look_elsewhere();
    }
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 2, "both followers stay too long");
}

#[test]
fn a_leader_that_stood_still_or_waits_for_an_answer_is_given_time() {
    let mut stage = lagging();
    stage.wait(12_000);
    stage.look(&[Event::NodeResumed { node: NodeId(1) }, fetched(1, 3, 3, 3)]);
    stage.wait(12_000);
    stage.replica(1).isr_change_pending = true;
    stage.look(&[fetched(1, 3, 3, 3)]);
    stage.replica(1).isr_change_pending = false;
    stage.wait(15_000);
    stage.look(&[fetched(1, 3, 3, 3)]);
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 0);
    stage.wait(101);
    stage.look(&[fetched(1, 3, 3, 3)]);
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 1);
}

#[test]
fn a_follower_that_reaches_the_high_watermark_is_taken_in() {
    let mut stage = Stage::settled();
    stage.look(&[fetched(1, 2, 3, 4), takes_in(2, 3, 3)]);
    stage.assert_held(IsrRejoin);
}

#[test]
fn a_follower_taken_in_below_the_high_watermark_is_reported() {
    let mut stage = Stage::settled();
    stage.look(&[fetched(1, 2, 2, 3), takes_in(2, 2, 2)]);
    stage.assert_broken(
        IsrRejoin,
        "broker 1 proposes to take broker 2, which last fetched from 2, into the ISR of orders-0 with log end 2; its \
         own high watermark is 3",
    );
}

#[test]
fn a_follower_taken_in_beyond_its_last_fetch_is_reported() {
    let mut stage = Stage::settled();
    stage.look(&[fetched(1, 2, 2, 3)]);
    stage.look(&[takes_in(2, 3, 3)]);
    assert_eq!(stage.tally(IsrRejoin).broken, 1);
}

#[test]
fn a_follower_that_never_fetched_in_this_term_may_not_be_taken_in() {
    let mut stage = Stage::settled();
    stage.look(&[fetched(1, 2, 3, 3)]);
    let events = stage.elect(3, 1, &[1, 2, 3]);
    stage.look(&events);
    let events = stage.elect(1, 2, &[1, 3]);
    stage.look(&events);
    stage.look(&[takes_in(2, 3, 3)]);
    stage.assert_broken(
        IsrRejoin,
        "broker 1 proposes to take broker 2, which has not fetched in this term, into the ISR of orders-0 with log end \
         3; its own high watermark is 3",
    );
}

#[test]
fn a_follower_taken_in_before_the_beginning_of_the_epoch_is_reported_since_2_0_1() {
    let mut stage = Stage::settled();
    of_version(&mut stage, Preset::V2_0_1);
    stage.replica(3).high_watermark = Offset(1);
    let events = stage.elect(3, 1, &[1, 3]);
    stage.look(&events);
    let takes_in = Event::IsrExpandProposed {
        partition: ORDERS,
        broker: BrokerId(3),
        added: BrokerId(2),
        isr: set(&[1, 2, 3]),
        end_offset: Offset(2),
        high_watermark: Offset(1),
    };
    stage.look(&[fetched(3, 2, 2, 3), takes_in]);
    stage.assert_broken(
        IsrRejoin,
        "broker 3 proposes to take broker 2, which last fetched from 2, into the ISR of orders-0 with log end 2; its \
         own high watermark is 1, and its epoch begins at 3",
    );
}

#[test]
fn a_silent_follower_that_has_everything_may_stay_and_must_not_be_dropped_since_2_1() {
    let mut stage = Stage::settled();
    of_version(&mut stage, Preset::V2_1);
    stage.look(&[fetched(1, 2, 3, 3), fetched(1, 3, 3, 3)]);
    for _ in 0..10 {
        stage.wait(10_000);
        stage.look(&[]);
    }
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 0);
    stage.look(&[drops(2)]);
    stage.assert_broken(
        IsrEvictionTimely,
        "broker 1 proposes to drop broker 2 from the ISR of orders-0 though the logs of both end at 3",
    );
}

#[test]
fn a_leader_that_appends_and_then_drops_a_silent_follower_in_one_step_is_in_order() {
    let mut stage = Stage::settled();
    of_version(&mut stage, Preset::V2_1);
    stage.look(&[fetched(1, 2, 3, 3), fetched(1, 3, 3, 3)]);
    stage.wait(10_001);
    stage.look(&[]);
    let batch = stage.append(1, &[3]);
    stage.look(&[
        Event::RecordsAppended { partition: ORDERS, broker: BrokerId(1), client: SHOP, batch },
        drops(2),
    ]);
    stage.assert_held(IsrEvictionTimely);
}

#[test]
fn a_silent_follower_that_had_everything_is_late_once_the_log_went_on_without_it() {
    let mut stage = Stage::settled();
    of_version(&mut stage, Preset::V2_1);
    stage.look(&[fetched(1, 2, 3, 3), fetched(1, 3, 3, 3)]);
    stage.wait(60_000);
    stage.append(1, &[3]);
    stage.look(&[]);
    stage.look(&[fetched(1, 3, 4, 4)]);
    stage.wait(15_100);
    stage.look(&[]);
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 0);
    stage.wait(1);
    stage.look(&[]);
    assert_eq!(stage.tally(IsrEvictionTimely).broken, 1, "broker 2 is late, broker 3 has everything");
}

#[test]
fn a_leader_that_reckons_with_all_that_may_be_elected_is_in_order() {
    let mut stage = Stage::settled();
    stage.replica(1).isr = set(&[1, 2]);
    stage.look(&[]);
    stage.orders().controller.isr = set(&[1, 2]);
    stage.look(&[]);
    stage.assert_held(MaximalIsr);
}

#[test]
fn a_leader_that_takes_a_follower_for_gone_before_the_controller_does_is_reported() {
    let mut stage = Stage::settled();
    stage.replica(1).maximal_isr = set(&[1, 3]);
    stage.look(&[]);
    stage.look(&[]);
    stage.assert_broken(
        MaximalIsr,
        "the controller's ISR of orders-0 is {1,2,3}, and broker 1, its leader in epoch 0, reckons with {1,3} only",
    );
}

#[test]
fn a_deposed_leader_may_believe_what_it_likes() {
    let mut stage = Stage::settled();
    stage.orders().controller.leader_epoch.0 = 1;
    stage.replica(1).maximal_isr = set(&[1]);
    stage.look(&[]);
    stage.assert_held(MaximalIsr);
}
