use highwater_model::config::Acks;
use highwater_model::event::Event;
use highwater_model::ids::{CorrelationId, Generation, GroupId, MemberId, NodeId, Offset, TransactionalId};
use highwater_model::machine::{Ending, Input};
use highwater_model::message::{Body, Envelope, ErrorCode, Message};

use super::header::Header;
use super::{Recorder, edn, jsonl};
use crate::clients_for_tests::{BILLING, ORDERS, SHOP, acknowledged, polled, sent, setup, step, timed_out};
use crate::end::RunEnd;

/// One event a step, the n-th at n milliseconds.
fn told(events: &[Event]) -> Recorder {
    let mut recorder = Recorder::new(3);
    for (id, event) in (1..).zip(events) {
        recorder.take(&step(id, event.client().unwrap_or(SHOP)), None, std::slice::from_ref(event), &[]);
    }
    recorder
}

/// The lines of the JSON face, without the header.
fn json_lines(recorder: &Recorder) -> Vec<String> {
    let setup = setup(Acks::All);
    let text = jsonl::file(&Header::new(&setup), recorder.ops(), &RunEnd::Converged, &setup.names).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The operations of the face for Jepsen, without their brackets.
fn edn_lines(events: &[Event]) -> Vec<String> {
    let setup = setup(Acks::All);
    let text = edn::file(&setup, told(events).ops(), &setup.names);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert_eq!(
        lines[..2],
        ["; highwater-history 1: scenario ack-lost, seed 7, protocol 0.11-iv1, for jepsen.tests.kafka", "["]
    );
    assert_eq!(lines.last().unwrap(), "]");
    lines[2..lines.len() - 1].to_vec()
}

fn crashed(node: NodeId) -> [Event; 2] {
    [Event::NodeStopped { node, ending: Ending::Process }, Event::NodeRestarted { node }]
}

fn assigned(partitions: u16) -> Event {
    let partitions = [ORDERS].into_iter().take(usize::from(partitions)).collect();
    Event::PartitionsAssigned { client: BILLING, group: GroupId(0), generation: Generation(1), partitions }
}

#[test]
fn the_header_says_what_promises_follow_from() {
    let setup = setup(Acks::All);
    let text = serde_json::to_string(&Header::new(&setup)).unwrap();
    for part in [
        r#"{"format":"highwater-history","version":1,"scenario":"ack-lost","seed":7,"protocol":"0.11-iv1","set":[],"#,
        r#"{"client":"shop","topic":"orders","acks":"-1","enable.idempotence":false,"max.in.flight.requests.per.connection":5,"values_from":40000000000}"#,
        r#""isolation.level":"read_uncommitted","auto.offset.reset":"earliest","#,
        r#"{"topic":"orders","partitions":1,"unclean.leader.election.enable":false,"ack_strategy":"isr"}"#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn every_operation_is_a_line_and_the_last_says_how_the_run_ended() {
    let events = [sent(0), sent(1), acknowledged(3, &[0, 1]), polled(3, &[0, 1]), timed_out(&[2])];
    assert_eq!(
        json_lines(&told(&events)),
        [
            r#"{"index":0,"time":1000000,"process":0,"client":"shop","type":"invoke","f":"send","value":[["send","orders-0",40000000000]]}"#,
            r#"{"index":1,"time":2000000,"process":0,"client":"shop","type":"invoke","f":"send","value":[["send","orders-0",40000000001]]}"#,
            r#"{"index":2,"time":3000000,"process":0,"client":"shop","type":"ok","f":"send","value":[["send","orders-0",[3,40000000000]],["send","orders-0",[4,40000000001]]]}"#,
            r#"{"index":3,"time":4000000,"process":1,"client":"billing-0","type":"ok","f":"poll","group":"billing","value":[["poll",{"orders-0":[[3,40000000000],[4,40000000001]]}]]}"#,
            r#"{"index":4,"time":5000000,"process":0,"client":"shop","type":"info","f":"send","value":[["send","orders-0",40000000002]],"error":"REQUEST_TIMED_OUT"}"#,
            r#"{"ops":5,"end":"converged"}"#,
        ]
    );
}

#[test]
fn a_client_that_lives_again_is_another_process() {
    let events = [&[sent(0)], &crashed(SHOP)[..], &[sent(0)]].concat();
    let recorder = told(&events);
    let lives: Vec<(u32, &str)> = recorder.ops().iter().map(|op| (op.process, op.what.f())).collect();
    assert_eq!(lives, [(0, "send"), (0, "crash"), (1, "restart"), (1, "send")]);
}

#[test]
fn what_only_brokers_know_is_left_out() {
    let stored = Event::OffsetCommitted {
        partition: ORDERS,
        broker: highwater_model::ids::BrokerId(1),
        client: BILLING,
        group: GroupId(0),
        offset: Offset(2),
    };
    let broker = crashed(NodeId(1));
    assert_eq!(told(&[&[stored], &broker[..]].concat()).ops(), []);
}

#[test]
fn a_commit_is_done_when_its_member_is_told_so() {
    let mut recorder = Recorder::new(3);
    let message = |body| Message { correlation: CorrelationId(9), body };
    let request = Body::OffsetCommitRequest {
        group: GroupId(0),
        generation: Generation(1),
        member: MemberId::default(),
        instance: None,
        offsets: vec![(ORDERS, Offset(2))],
    };
    let asks = [Envelope { to: NodeId(1), message: message(request) }];
    let answer =
        |error| Input::Message { from: NodeId(1), message: message(Body::OffsetCommitReply { error }) };
    recorder.take(&step(1, BILLING), None, &[], &asks);
    recorder.take(&step(2, BILLING), Some(&answer(ErrorCode::None)), &[], &[]);
    recorder.take(&step(3, BILLING), Some(&answer(ErrorCode::None)), &[], &[]);
    assert_eq!(
        json_lines(&recorder)[..2],
        [
            r#"{"index":0,"time":1000000,"process":0,"client":"billing-0","type":"invoke","f":"commit-offsets","group":"billing","value":{"orders-0":2}}"#,
            r#"{"index":1,"time":2000000,"process":0,"client":"billing-0","type":"ok","f":"commit-offsets","group":"billing","value":{"orders-0":2}}"#,
        ]
    );
    assert_eq!(recorder.ops().len(), 2, "nobody waits for a second answer");
}

#[test]
fn jepsen_is_told_of_batches_and_of_polls_with_their_invocations() {
    assert_eq!(
        edn_lines(&[sent(0), sent(1), acknowledged(3, &[0, 1]), polled(3, &[0, 1])]),
        [
            r#"{:index 0 :time 1000000 :process 0 :type :invoke :f :send :value [[:send "orders-0" 40000000000] [:send "orders-0" 40000000001]]}"#,
            r#"{:index 1 :time 3000000 :process 0 :type :ok :f :send :value [[:send "orders-0" [3 40000000000]] [:send "orders-0" [4 40000000001]]]}"#,
            r#"{:index 2 :time 4000000 :process 1 :type :invoke :f :poll :value [[:poll]]}"#,
            r#"{:index 3 :time 4000000 :process 1 :type :ok :f :poll :value [[:poll {"orders-0" [[3 40000000000] [4 40000000001]]}]]}"#,
        ]
    );
}

#[test]
fn jepsens_processes_have_one_send_under_way_each_and_none_after_a_doubtful_end() {
    let events =
        [sent(0), sent(1), acknowledged(1, &[1]), sent(2), timed_out(&[2]), timed_out(&[0]), sent(3)];
    let told: Vec<String> = edn_lines(&events)
        .iter()
        .map(|line| line.split(" :process ").nth(1).unwrap()[..14].to_owned())
        .collect();
    assert_eq!(
        told,
        [
            "0 :type :invok",
            "1 :type :invok",
            "1 :type :ok :f",
            "1 :type :invok",
            "1 :type :info ",
            "0 :type :info ",
            "2 :type :invok",
            "2 :type :info ",
        ]
    );
}

#[test]
fn jepsen_is_told_of_a_transaction_as_one_operation() {
    let begun = Event::TransactionBegun { client: SHOP, transaction: TransactionalId(0), number: 0 };
    let ended =
        Event::TransactionEnded { client: SHOP, transaction: TransactionalId(0), number: 0, commit: false };
    assert_eq!(
        edn_lines(&[begun, sent(0), acknowledged(3, &[0]), ended]),
        [
            r#"{:index 0 :time 1000000 :process 0 :type :invoke :f :txn :value [[:send "orders-0" 40000000000]]}"#,
            r#"{:index 1 :time 4000000 :process 0 :type :fail :f :txn :value [[:send "orders-0" 40000000000]]}"#,
        ]
    );
}

#[test]
fn jepsen_is_told_that_a_position_was_set_anew_by_taking_the_partition_away_and_giving_it_again() {
    let reset = Event::PositionReset { client: BILLING, group: GroupId(0), partition: ORDERS, to: Offset(0) };
    let told: Vec<String> = edn_lines(&[assigned(1), reset.clone(), polled(0, &[0]), reset])
        .iter()
        .filter(|line| line.contains(":ok"))
        .map(|line| line.split(" :f ").nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        told,
        [
            r#":assign :value ["orders-0"]}"#,
            r#":poll :value [[:poll {"orders-0" [[0 40000000000]]}]]}"#,
            r#":assign :value []}"#,
            r#":assign :value ["orders-0"]}"#,
        ]
    );
}

#[test]
fn what_a_client_had_under_way_when_it_crashed_is_unknown_to_jepsen() {
    let events = [&[sent(0)], &crashed(SHOP)[..], &[sent(1)]].concat();
    let told = edn_lines(&events);
    assert!(told[1].starts_with("{:index 1 :time 2000000 :process 0 :type :info :f :send"), "{told:?}");
    assert!(told[3].contains(":process 1 :type :info :f :crash :value nil"), "{told:?}");
    assert!(told[4].contains(":process 2 :type :invoke :f :send"), "{told:?}");
}
