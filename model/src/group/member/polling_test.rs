//! The poll loop of an application that takes its time.

use super::bench_test::*;
use super::*;
use crate::message::{ErrorCode, MessageKind};

/// A hundred records a second: 10 ms a record.
fn slowly(setup: &mut MemberSetup) {
    setup.service_rate = Some(ServiceRate::RecordsPerSecond(100));
}

#[test]
fn records_are_worked_on_before_the_next_poll() {
    let mut bench = Bench::new(&[Some(ONE)], slowly).started();
    bench.happened();
    bench.deliver(vec![batch(0, 2)]);
    assert_eq!(bench.happened(), ["polled 0 0-1"]);
    bench.deliver(vec![batch(2, 1)]);
    bench.pass(19);
    assert!(bench.happened().is_empty(), "what was fetched in the meantime waits");
    assert!(bench.fetches().is_empty(), "and is not fetched again");
    bench.pass(1);
    assert_eq!(bench.happened(), ["processed 0 0-1", "polled 0 2-2"]);
    assert_eq!(bench.fetch().2, [(0, 3)]);
    bench.pass(10);
    assert_eq!(bench.happened(), ["processed 0 2-2"]);
}

#[test]
fn a_poll_returns_at_most_max_poll_records_and_fetches_once_the_rest_is_returned() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        slowly(setup);
        setup.settings.max_poll_records = 3;
    })
    .started();
    bench.happened();
    bench.deliver(vec![batch(0, 2), batch(2, 3)]);
    assert_eq!(bench.happened(), ["polled 0 0-1", "polled 0 2-2"]);
    assert!(bench.fetches().is_empty());
    bench.pass(30);
    assert_eq!(bench.happened(), ["processed 0 0-2", "polled 0 3-4"]);
    assert_eq!(bench.fetch().2, [(0, 5)]);
}

/// Three records of one partition and two of another: when the application has finished with them, in milliseconds.
fn finishes_after(side_by_side: bool, millis: u64) {
    let mut bench = Bench::new(&[Some(ONE), Some(ONE)], |setup| {
        slowly(setup);
        setup.side_by_side = side_by_side;
    });
    bench.committed = Some(Offset::ZERO);
    bench = bench.started();
    bench.happened();
    let (broker, correlation, _) = bench.fetch();
    let (first, second) = (vec![batch(0, 3)], vec![batch(0, 2)]);
    let parts = [fetched(0, ErrorCode::None, first), fetched(1, ErrorCode::None, second)];
    let partitions = parts.into_iter().flat_map(|part| {
        let Body::FetchReply { partitions } = part else { unreachable!() };
        partitions
    });
    bench.answer(broker, correlation, Body::FetchReply { partitions: partitions.collect() });
    assert_eq!(bench.happened(), ["polled 0 0-2", "polled 1 0-1"]);
    bench.pass(millis - 1);
    assert!(bench.happened().is_empty());
    bench.pass(1);
    assert_eq!(bench.happened(), ["processed 0 0-2", "processed 1 0-1"]);
}

#[test]
fn records_are_worked_on_one_after_another() {
    finishes_after(false, 50);
}

#[test]
fn partitions_are_worked_on_side_by_side_where_the_application_does_so() {
    finishes_after(true, 30);
}

#[test]
fn heartbeats_go_on_while_it_works_and_a_rebalance_waits_for_the_next_poll() {
    let mut bench = Bench::new(&[Some(ONE)], slowly).started();
    bench.happened();
    bench.deliver(vec![batch(0, 500)]);
    bench.happened();
    bench.heartbeat_says(ErrorCode::RebalanceInProgress);
    assert!(bench.happened().is_empty() && bench.commits().is_empty());
    bench.pass(1_999);
    assert!(bench.happened().is_empty());
    bench.pass(1);
    assert_eq!(bench.happened(), ["processed 0 0-499"]);
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 500)]);
    assert_eq!(bench.happened()[..2], ["revoked 1 [0]", "assigned 2 [0]"]);
}

#[test]
fn a_member_that_works_for_too_long_leaves_and_joins_again_at_its_next_poll() {
    let mut bench = Bench::new(&[Some(ONE)], |setup| {
        slowly(setup);
        setup.settings.max_poll_interval_ms = 4_000;
    })
    .started();
    bench.deliver(vec![batch(0, 500)]);
    bench.happened();
    bench.pass(3_999);
    assert!(bench.happened().is_empty());
    bench.pass(1);
    assert_eq!(bench.happened(), ["poll expired"]);
    let (.., body) = bench.take_one(MessageKind::LeaveGroupRequest);
    assert!(matches!(body, Body::LeaveGroupRequest { member: ME, .. }));
    bench.held.push(MessageKind::JoinGroupRequest);
    bench.pass(999);
    assert!(bench.take(MessageKind::JoinGroupRequest).is_empty());
    bench.pass(1);
    assert_eq!(bench.happened(), ["processed 0 0-499"], "the work is finished all the same");
    let (.., body) = bench.take_one(MessageKind::JoinGroupRequest);
    assert!(matches!(body, Body::JoinGroupRequest { member: None, .. }));
    assert!(bench.commits().is_empty());
}

#[test]
fn a_member_that_stood_still_first_finishes_its_work_and_polls() {
    let mut bench = Bench::new(&[Some(ONE)], slowly).started();
    bench.deliver(vec![batch(0, 2)]);
    bench.deliver(vec![batch(2, 1)]);
    bench.happened();
    bench.now = Instant::from_millis(400_000);
    bench.input(Input::Deadline);
    assert_eq!(
        bench.happened(),
        ["processed 0 0-1", "polled 0 2-2"],
        "its poll commits 0-1 and is no late one"
    );
    assert_eq!(bench.commits()[0].2, [(0, 2)]);
}

#[test]
fn an_error_of_a_fetch_counts_at_the_next_poll() {
    let mut bench = Bench::new(&[Some(ONE)], slowly).started();
    bench.deliver(vec![batch(0, 2)]);
    bench.happened();
    let (broker, correlation, _) = bench.fetch();
    bench.listed = Offset(9);
    bench.answer(broker, correlation, fetched(0, ErrorCode::OffsetOutOfRange, Vec::new()));
    assert!(bench.happened().is_empty());
    bench.pass(20);
    assert_eq!(bench.happened(), ["processed 0 0-1", "at 0 9"]);
}

#[test]
fn closing_does_not_commit_what_is_still_worked_on() {
    let mut bench = Bench::new(&[Some(ONE)], slowly).started();
    bench.deliver(vec![batch(0, 2)]);
    bench.pass(20);
    bench.deliver(vec![batch(2, 2)]);
    bench.input(Input::Command(Command::Close));
    assert_eq!(bench.commits()[0].2, [(0, 2)]);
}

#[test]
fn auto_commit_commits_what_earlier_polls_returned_and_in_0_9_0_0_what_this_one_returns_too() {
    for (fetched, committed) in [(false, vec![(0, 2)]), (true, vec![(0, 5)])] {
        let mut protocol = crate::protocol::Preset::V0_10.protocol();
        protocol.auto_commits_fetched = fetched;
        let mut bench = Bench::of(protocol, &[Some(ONE)], slowly);
        bench.committed = Some(Offset::ZERO);
        bench = bench.started();
        bench.deliver(vec![batch(0, 2)]);
        bench.commits();
        bench.pass(5_000);
        bench.commits();
        bench.member.commit_at = bench.now;
        bench.member.owned[0].committed = None;
        bench.events.clear();
        bench.deliver(vec![batch(2, 3)]);
        assert_eq!(bench.happened(), ["polled 0 2-4"]);
        assert_eq!(bench.commits().pop().map(|(.., what)| what), Some(committed));
    }
}
