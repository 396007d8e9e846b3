//! When and what a member commits.

#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks at the few kinds that it is about")]

use super::bench_test::*;
use super::*;
use crate::message::ErrorCode;

#[test]
fn a_poll_commits_what_earlier_polls_returned() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    bench.deliver(vec![batch(0, 2)]);
    assert!(bench.commits().is_empty(), "the interval has not passed");
    bench.now = Instant::from_millis(5_000);
    bench.deliver(vec![batch(2, 2)]);
    let commit = bench.requests.iter().find(|(.., body)| matches!(body, Body::OffsetCommitRequest { .. }));
    let (generation, member) = match &commit.unwrap().2 {
        Body::OffsetCommitRequest { generation, member, .. } => (*generation, *member),
        _ => unreachable!(),
    };
    assert_eq!((generation, member), (Generation(1), ME));
    let commits = bench.commits();
    assert_eq!(commits[0].2, [(0, 2)], "records 2 and 3 were only returned by this poll");
    assert_eq!(bench.polled(), [(0, 0, 1), (0, 2, 3)]);
}

#[test]
fn nothing_is_committed_while_positions_stand_still() {
    let mut bench = Bench::new(&[Some(ONE)], plainly);
    bench.committed = Some(Offset(2));
    bench = bench.started();
    for seconds in 1..4 {
        bench.now = Instant::from_millis(seconds * 5_000);
        bench.deliver(Vec::new());
        assert!(bench.commits().is_empty());
    }
}

#[test]
fn a_commit_that_failed_is_repeated_after_the_back_off() {
    let mut bench = Bench::new(&[Some(ONE)], plainly).started();
    bench.deliver(vec![batch(0, 2)]);
    bench.now = Instant::from_millis(5_000);
    bench.deliver(Vec::new());
    let (_, correlation, offsets) = bench.commits().remove(0);
    bench.answer(ONE, correlation, Body::OffsetCommitReply { error: ErrorCode::NotCoordinator });
    bench.answer_clerks();
    bench.deliver(Vec::new());
    assert!(bench.commits().is_empty());
    bench.now = Instant::from_millis(5_100);
    bench.deliver(Vec::new());
    assert_eq!(bench.commits()[0].2, offsets);
}

fn slowly(point: CommitPoint) -> impl FnOnce(&mut MemberSetup) {
    move |setup| {
        committing(point)(setup);
        setup.service_rate = Some(ServiceRate::RecordsPerSecond(100));
    }
}

#[test]
fn an_application_that_commits_first_waits_for_the_answer_and_then_works() {
    let mut bench = Bench::new(&[Some(ONE)], slowly(CommitPoint::BeforeProcessing)).started();
    bench.happened();
    bench.deliver(vec![batch(0, 2)]);
    bench.pass(500);
    assert_eq!(bench.happened(), ["polled 0 0-1"]);
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 2)]);
    bench.pass(20);
    assert_eq!(bench.happened(), ["processed 0 0-1"]);
    assert!(bench.commits().is_empty());
}

#[test]
fn an_application_that_commits_afterwards_works_and_waits_for_the_answer_before_it_polls() {
    let mut bench = Bench::new(&[Some(ONE)], slowly(CommitPoint::AfterProcessing)).started();
    bench.happened();
    bench.deliver(vec![batch(0, 2)]);
    bench.deliver(vec![batch(2, 1)]);
    assert!(bench.commits().is_empty());
    bench.pass(20);
    assert_eq!(bench.happened(), ["polled 0 0-1", "processed 0 0-1"]);
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 2)]);
    assert_eq!(bench.happened(), ["polled 0 2-2"]);
}

#[test]
fn the_order_is_the_same_if_work_takes_no_time() {
    for point in [CommitPoint::BeforeProcessing, CommitPoint::AfterProcessing] {
        let mut bench = Bench::new(&[Some(ONE)], committing(point)).started();
        bench.happened();
        bench.deliver(vec![batch(0, 2)]);
        assert_eq!(bench.happened(), ["polled 0 0-1"]);
        bench.deliver(vec![batch(2, 1)]);
        assert!(bench.happened().is_empty(), "it waits for its commit");
        assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 2)]);
        assert_eq!(bench.happened(), ["polled 0 2-2"]);
        assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 3)]);
    }
}

#[test]
fn an_application_that_never_commits_does_not_wait() {
    let mut bench = Bench::new(&[Some(ONE)], committing(CommitPoint::Never)).started();
    bench.happened();
    for base in 0..3 {
        bench.deliver(vec![batch(base, 1)]);
    }
    assert_eq!(bench.polled().len(), 3);
    bench.input(Input::Command(Command::Close));
    assert!(bench.commits().is_empty());
}

#[test]
fn records_whose_commit_was_refused_beforehand_are_dropped() {
    let mut bench = Bench::new(&[Some(ONE)], slowly(CommitPoint::BeforeProcessing)).started();
    bench.happened();
    bench.deliver(vec![batch(0, 2)]);
    bench.answer_commit(ErrorCode::IllegalGeneration);
    let happened = bench.happened();
    assert_eq!(happened[..3], ["polled 0 0-1", "fenced ILLEGAL_GENERATION [0]", "assigned 2 [0]"]);
    bench.pass(100);
    assert!(bench.happened().is_empty());
}

#[test]
fn a_commit_refused_for_a_rebalance_costs_the_commit_and_not_the_membership() {
    let mut bench = Bench::new(&[Some(ONE)], slowly(CommitPoint::AfterProcessing)).started();
    bench.happened();
    bench.deliver(vec![batch(0, 2)]);
    bench.pass(20);
    bench.answer_commit(ErrorCode::RebalanceInProgress);
    let happened = bench.happened();
    assert_eq!(happened[..4], ["polled 0 0-1", "processed 0 0-1", "revoked 1 [0]", "assigned 2 [0]"]);
}

#[test]
fn a_commit_that_the_application_waits_for_is_repeated_until_it_has_gone_well() {
    let mut bench = Bench::new(&[Some(TWO)], committing(CommitPoint::AfterProcessing)).started();
    bench.deliver(vec![batch(0, 2)]);
    bench.coordinator = Some(TWO);
    assert_eq!(bench.answer_commit(ErrorCode::NotCoordinator), [(0, 2)]);
    bench.pass(99);
    assert!(bench.commits().is_empty());
    bench.pass(1);
    let (broker, correlation, offsets) = bench.commits().remove(0);
    assert_eq!((broker, offsets), (TWO, vec![(0, 2)]));
    bench.input(Input::Disconnected(NodeId(2)));
    bench.answer(broker, correlation, Body::OffsetCommitReply { error: ErrorCode::None });
    bench.answer_clerks();
    bench.pass(100);
    assert_eq!(bench.answer_commit(ErrorCode::None), [(0, 2)], "the old answer is stale");
    assert_eq!(bench.fetches().pop().unwrap().2, [(0, 2)]);
}

#[test]
fn a_commit_without_an_answer_does_not_keep_a_member_that_polls_no_more() {
    let mut bench = Bench::new(&[Some(TWO)], |setup| {
        committing(CommitPoint::AfterProcessing)(setup);
        setup.settings.max_poll_interval_ms = 1_000;
    })
    .started();
    bench.happened();
    bench.deliver(vec![batch(0, 2)]);
    bench.happened();
    bench.pass(1_000);
    assert_eq!(bench.happened(), ["poll expired"]);
    bench.answer_commit(ErrorCode::UnknownMemberId);
    assert_eq!(bench.happened()[0], "assigned 2 [0]", "it is not fenced once more");
}
