use highwater_model::config::Acks;
use highwater_model::ids::{BrokerId, CorrelationId};
use highwater_model::machine::Ending;
use highwater_model::message::{Body, Fetcher};

use super::*;
use crate::seed::Share;

/// A network with what came out of it so far.
struct Net {
    wire: Wire,
    sent: u32,
}

const A: NodeId = NodeId(1);
const B: NodeId = NodeId(2);
const C: NodeId = NodeId(3);
const NO_CAUSE: StepId = StepId(0);

fn net() -> Net {
    net_with((Micros::from_millis(1), Micros::from_millis(10)), 1)
}

fn net_with(latency: (Micros, Micros), seed: u64) -> Net {
    let names: Vec<String> = ["zero", "a", "b", "c"].map(str::to_owned).into();
    Net { wire: Wire::new(names.len(), latency, link_streams(&names), Seed::new(seed)), sent: 0 }
}

impl Net {
    /// Sends a numbered message; returns its number.
    fn send(&mut self, from: NodeId, to: NodeId) -> u32 {
        self.send_body(from, to, Body::MetadataRequest)
    }

    fn send_body(&mut self, from: NodeId, to: NodeId, body: Body) -> u32 {
        self.sent += 1;
        let message = Message { correlation: CorrelationId(self.sent), body };
        self.wire.send(from, Envelope { to, message }, NO_CAUSE);
        self.sent
    }

    /// Lets everything come off until nothing is left: who got what.
    fn drain(&mut self) -> Vec<(NodeId, Got)> {
        std::iter::from_fn(|| self.wire.pop()).filter_map(got).collect()
    }

    /// Lets what is due come off until this errand is.
    fn until(&mut self, at: u64) -> Vec<(NodeId, Got)> {
        self.wire.errand(Instant(at), Errand::Check, NO_CAUSE);
        let mut all = Vec::new();
        loop {
            match self.wire.pop() {
                Some(Next::Errand { errand: Errand::Check, .. }) | None => return all,
                Some(next) => all.extend(got(next)),
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Got {
    Message(NodeId, u32),
    Disconnected(NodeId),
    Deadline,
    Command,
    Start,
}

fn got(next: Next) -> Option<(NodeId, Got)> {
    let Next::Input { node, input, .. } = next else { return None };
    let got = match input {
        Input::Message { from, message } => Got::Message(from, message.correlation.0),
        Input::Disconnected(peer) => Got::Disconnected(peer),
        Input::Deadline => Got::Deadline,
        Input::Command(_) => Got::Command,
        Input::Start => Got::Start,
    };
    Some((node, got))
}

fn numbers(got: &[(NodeId, Got)], to: NodeId, from: NodeId) -> Vec<u32> {
    let message = |(node, got): &(NodeId, Got)| match *got {
        Got::Message(sender, number) if *node == to && sender == from => Some(number),
        Got::Message(..) | Got::Disconnected(_) | Got::Deadline | Got::Command | Got::Start => None,
    };
    got.iter().filter_map(message).collect()
}

#[test]
fn a_later_message_on_a_link_never_arrives_before_an_earlier_one() {
    let mut net = net();
    for _ in 0..100 {
        net.send(A, B);
        net.send(B, A);
        net.send(A, C);
    }
    let got = net.drain();
    for (to, from) in [(B, A), (A, B), (C, A)] {
        let numbers = numbers(&got, to, from);
        assert_eq!(numbers.len(), 100);
        assert!(numbers.is_sorted());
    }
}

#[test]
fn ties_go_by_receiver_then_sender_whatever_was_sent_first() {
    let mut net = net_with((Micros(5), Micros(5)), 1);
    let (late, second) = (net.send(C, B), net.send(B, A));
    let (first, last) = (net.send(A, B), net.send(A, C));
    let got = net.drain();
    assert_eq!(
        got,
        [
            (A, Got::Message(B, second)),
            (B, Got::Message(A, first)),
            (B, Got::Message(C, late)),
            (C, Got::Message(A, last))
        ]
    );
}

#[test]
fn an_extra_message_on_one_link_moves_nothing_on_another() {
    let times = |extra: u32| {
        let mut net = net();
        for _ in 0..extra {
            net.send(B, C);
        }
        net.send(A, B);
        loop {
            let next = net.wire.pop().and_then(got);
            if matches!(next, Some((B, Got::Message(A, _)))) {
                return net.wire.now();
            }
        }
    };
    assert_eq!(times(0), times(9));
}

#[test]
fn a_cut_link_holds_what_is_in_flight_and_releases_all_in_order() {
    let mut net = net_with((Micros(1_000), Micros(1_000)), 1);
    let in_flight = net.send(A, B);
    assert!(net.wire.cut(A, B));
    let during = net.send(A, B);
    let other_way = net.send(B, A);
    assert_eq!(net.until(50_000), [(A, Got::Message(B, other_way))]);
    assert!(net.wire.mend(A, B));
    let after = net.send(A, B);
    assert_eq!(numbers(&net.drain(), B, A), [in_flight, during, after]);
    assert_eq!(net.wire.now(), Instant(51_000), "the cut ends, then comes a fresh latency");
}

#[test]
fn what_was_in_flight_as_a_link_was_mended_stays_behind_what_was_held() {
    for seed in 0..50 {
        let mut net = net_with((Micros(1_000), Micros(9_000)), seed);
        let (mut sent, mut got) = (Vec::new(), Vec::new());
        for at in 1..40 {
            sent.push(net.send(A, B));
            got.extend(net.until(at * 1_000));
            if at % 8 == 3 {
                net.wire.cut(A, B);
            }
            if at % 8 == 6 {
                net.wire.mend(A, B);
            }
        }
        got.extend(net.drain());
        assert_eq!(numbers(&got, B, A), sent, "seed {seed}");
    }
}

#[test]
fn what_a_cut_sends_over_once_more_is_not_copied_again() {
    let mut net = net_with((Micros(1_000), Micros(1_000)), 1);
    let twice =
        Degraded { latency: None, loss: Share::NEVER, duplicate: Share::new(1.0), reorder: Share::NEVER };
    net.wire.degrade(A, B, 0, twice);
    net.send(A, B);
    net.wire.cut(A, B);
    assert!(net.until(50_000).is_empty());
    net.wire.mend(A, B);
    assert_eq!(net.drain().len(), 2);
}

#[test]
fn two_cuts_need_two_mendings() {
    let mut net = net();
    assert!(net.wire.cut(A, B));
    assert!(!net.wire.cut(A, B));
    net.send(A, B);
    assert!(!net.wire.mend(A, B));
    assert!(net.drain().is_empty());
    assert!(net.wire.mend(A, B));
    assert_eq!(net.drain().len(), 1);
}

#[test]
fn a_node_that_stands_still_gets_everything_in_order_as_it_goes_on() {
    let mut net = net();
    let sent: Vec<u32> = (0..10).map(|_| net.send(A, B)).collect();
    net.wire.pause(B);
    net.wire.set_deadline(B, Some(Instant(5_000)), NO_CAUSE);
    assert!(net.until(100_000).is_empty());
    net.wire.command(B, Command::ControlledShutdown, NO_CAUSE);
    net.until(100_001);
    net.wire.resume(B);
    let got = net.drain();
    assert_eq!(net.wire.now(), Instant(100_001));
    assert_eq!(numbers(&got, B, A), sent);
    assert_eq!(got.iter().filter(|(_, got)| *got == Got::Deadline).count(), 1);
    assert_eq!(got.last(), Some(&(B, Got::Command)));
}

#[test]
fn a_process_that_dies_breaks_its_connections_behind_what_it_had_in_flight() {
    let mut net = net();
    net.send(A, B);
    net.drain();
    let in_flight = [net.send(B, A), net.send(B, A)];
    net.wire.stop(B, Ending::Process, NO_CAUSE);
    let got = net.drain();
    assert_eq!(numbers(&got, A, B), in_flight);
    assert_eq!(got.last(), Some(&(A, Got::Disconnected(B))));
    assert_eq!(got.len(), 3, "nobody without a connection hears of it");
}

#[test]
fn a_message_to_a_dead_process_comes_back_as_a_broken_connection_once() {
    let mut net = net();
    net.send(A, B);
    net.send(A, B);
    net.wire.stop(B, Ending::Process, NO_CAUSE);
    assert_eq!(net.drain(), [(A, Got::Disconnected(B))]);
    net.send(A, B);
    assert_eq!(net.drain(), [(A, Got::Disconnected(B))], "connection refused");
}

#[test]
fn a_power_failure_tells_nobody_until_the_machine_is_back() {
    let mut net = net();
    net.send(A, B);
    net.drain();
    net.send(A, B);
    net.wire.stop(B, Ending::Power, NO_CAUSE);
    net.send(C, B);
    assert!(net.drain().is_empty());
    net.wire.restart(B, NO_CAUSE);
    let mut got = net.drain();
    got.sort_by_key(|&(node, _)| node);
    assert_eq!(got, [(A, Got::Disconnected(B)), (C, Got::Disconnected(B))]);
    let next = net.send(A, B);
    assert_eq!(net.drain(), [(B, Got::Message(A, next))]);
}

#[test]
fn a_message_for_an_earlier_life_does_not_reach_the_next() {
    let mut net = net();
    net.send(A, B);
    net.wire.stop(B, Ending::Process, NO_CAUSE);
    net.wire.restart(B, NO_CAUSE);
    net.send(A, B);
    assert_eq!(net.drain(), [(A, Got::Disconnected(B))], "both belong to the broken connection");
    let next = net.send(A, B);
    assert_eq!(net.drain(), [(B, Got::Message(A, next))]);
}

#[test]
fn an_answer_to_an_earlier_life_does_not_reach_the_next() {
    let mut net = net();
    net.send(A, B);
    net.drain();
    net.wire.stop(A, Ending::Power, NO_CAUSE);
    net.send(B, A);
    net.wire.restart(A, NO_CAUSE);
    assert_eq!(net.drain(), [(B, Got::Disconnected(A))]);
}

#[test]
fn news_of_an_old_connection_do_not_break_a_new_one() {
    let mut net = net();
    net.send(A, B);
    net.drain();
    net.wire.cut(B, A);
    net.wire.stop(B, Ending::Process, NO_CAUSE);
    net.wire.restart(B, NO_CAUSE);
    net.send(A, B);
    net.drain();
    net.wire.mend(B, A);
    assert_eq!(net.drain(), [(A, Got::Disconnected(B))], "refused and broken are the same news");
}

#[test]
fn closing_a_connection_tells_the_peer_behind_what_was_sent() {
    let mut net = net();
    net.send(A, B);
    net.drain();
    let reply = net.send(B, A);
    net.wire.disconnect(B, A, NO_CAUSE);
    let lost = net.send(A, B);
    assert_eq!(net.drain(), [(A, Got::Message(B, reply)), (A, Got::Disconnected(B))], "and {lost} is lost");
    let next = net.send(A, B);
    assert_eq!(net.drain(), [(B, Got::Message(A, next))]);
}

#[test]
fn dropped_messages_are_those_that_the_rule_names_and_no_more() {
    let mut net = net();
    net.wire.add_drop(DropRule { kind: MessageKind::MetadataRequest, from: Some(A), to: None, left: 2 });
    let kept = net.send(B, C);
    let other = net.send_body(A, B, Body::InitProducerIdRequest { transactional: None });
    net.send(A, B);
    net.send(A, C);
    let third = net.send(A, B);
    let got = net.drain();
    assert_eq!(numbers(&got, C, B), [kept]);
    assert_eq!(numbers(&got, B, A), [other, third]);
    assert!(numbers(&got, C, A).is_empty());
    assert_eq!(net.wire.sent(), 5, "what vanished on its way had left its node");
}

#[test]
fn a_timer_that_goes_off_too_early_is_set_anew_and_a_stale_one_is_ignored() {
    let mut net = net();
    net.wire.set_deadline(A, Some(Instant(100)), StepId(1));
    net.wire.set_deadline(A, Some(Instant(300)), StepId(2));
    net.wire.set_deadline(A, Some(Instant(200)), StepId(3));
    let first = net.wire.pop();
    assert!(matches!(first, Some(Next::Input { node: A, input: Input::Deadline, cause: StepId(3) })));
    assert_eq!(net.wire.now(), Instant(200));
    net.wire.set_deadline(A, Some(Instant(150)), StepId(4));
    assert!(matches!(net.wire.pop(), Some(Next::Input { input: Input::Deadline, .. })));
    assert_eq!(net.wire.now(), Instant(200), "a deadline in the past is due now");
    net.wire.set_deadline(A, None, StepId(5));
    assert!(net.wire.pop().is_none());
}

#[test]
fn the_dead_have_no_timers() {
    let mut net = net();
    net.wire.set_deadline(A, Some(Instant(100)), StepId(1));
    net.wire.stop(A, Ending::Process, NO_CAUSE);
    assert!(net.drain().is_empty());
}

fn follower_fetch() -> Body {
    let partitions = Vec::new();
    Body::FetchRequest {
        fetcher: Fetcher::Replica(BrokerId(1)),
        max_wait: Micros(0),
        min_bytes: 0,
        partitions,
        broker_epoch: None,
        isolation: highwater_model::config::IsolationLevel::ReadUncommitted,
    }
}

#[test]
fn a_lagging_followers_fetches_leave_later_and_nothing_else_does() {
    let mut net = net();
    net.wire.lag(A, 0, Some(Micros::from_millis(500)));
    let fetch = net.send_body(A, B, follower_fetch());
    let produce = net.send_body(
        A,
        B,
        Body::ProduceRequest {
            acks: Acks::All,
            timeout: Micros(0),
            partitions: Vec::new(),
            transactional: None,
        },
    );
    assert_eq!(numbers(&net.until(500_000), B, A), [produce]);
    assert_eq!(numbers(&net.drain(), B, A), [fetch]);
}

#[test]
fn fetches_that_were_stopped_leave_as_the_lag_ends() {
    let mut net = net();
    net.wire.lag(A, 7, None);
    let fetches = [net.send_body(A, B, follower_fetch()), net.send_body(A, B, follower_fetch())];
    assert!(net.drain().is_empty());
    assert!(!net.wire.unlag(A, 6), "another fault's lag goes on");
    assert!(net.wire.unlag(A, 7));
    assert_eq!(numbers(&net.drain(), B, A), fetches);
}

#[test]
fn the_fetches_of_a_dead_follower_never_leave() {
    let mut net = net();
    net.wire.lag(A, 0, Some(Micros::from_millis(500)));
    net.send_body(A, B, follower_fetch());
    net.wire.stop(A, Ending::Power, NO_CAUSE);
    net.wire.restart(A, NO_CAUSE);
    assert!(net.drain().is_empty());
}

#[test]
fn a_degraded_link_duplicates_and_behaves_again() {
    let mut net = net();
    let twice =
        Degraded { latency: None, loss: Share::NEVER, duplicate: Share::new(1.0), reorder: Share::NEVER };
    net.wire.degrade(A, B, 3, twice);
    let doubled = net.send(A, B);
    assert_eq!(numbers(&net.drain(), B, A), [doubled, doubled]);
    assert!(!net.wire.undegrade(A, B, 2));
    assert!(net.wire.undegrade(A, B, 3));
    let single = net.send(A, B);
    assert_eq!(numbers(&net.drain(), B, A), [single]);
}

#[test]
fn what_a_machine_without_power_held_back_is_gone() {
    let mut net = net();
    net.wire.cut(A, B);
    net.send(A, B);
    net.wire.stop(A, Ending::Power, NO_CAUSE);
    net.wire.mend(A, B);
    assert!(net.drain().is_empty());
}
