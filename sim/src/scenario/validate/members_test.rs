//! Faults on clients, sound ones and others.

use crate::scenario::load::{Loaded, load_str};
use crate::scenario::plan::{PlannedAction, PlannedTarget};
use highwater_model::ids::NodeId;

/// `shop` writes; `billing` has two members from the start and two more to join, `audit` has one.
fn load(faults: &str) -> Result<Loaded, String> {
    let text = format!(
        r#"{{
  "story": "Clients come and go.",
  "cluster": {{ "brokers": 1 }},
  "topics": [{{ "name": "orders" }}],
  "producers": [{{ "name": "shop", "topic": "orders", "records": 1, "every_ms": 1 }}],
  "groups": [
    {{ "name": "billing", "topics": ["orders"], "members": 2, "joining": 2 }},
    {{ "name": "audit", "topics": ["orders"] }}
  ],
  "faults": [
{faults}
  ],
  "duration_ms": 10000
}}"#
    );
    load_str("x.json", &text, &[]).map_err(|errors| errors.to_string())
}

fn at(at: u64, action: &str) -> String {
    format!(r#"{{ "when": {{ "at_ms": {at} }}, "do": {{ {action} }} }}"#)
}

fn upon(event: &str, action: &str) -> String {
    format!(r#"{{ "when": {{ "event": "{event}" }}, "do": {{ {action} }} }}"#)
}

/// Exactly one error, with these words.
#[track_caller]
fn refused(faults: &str, words: &[&str]) {
    let told = load(faults).expect_err("was loaded");
    assert_eq!(told.lines().count(), 1, "{told}");
    for word in words {
        assert!(told.contains(word), "no {word} in {told}");
    }
}

#[test]
fn faults_on_clients_are_planned() {
    let faults = [
        at(1, r#""crash": "shop", "restart_after_ms": 5"#),
        at(2, r#""shutdown": "billing-0", "restart_after_ms": 5"#),
        at(3, r#""leave": "billing-1""#),
        at(4, r#""join": "billing-3""#),
        at(5, r#""join": "billing-1""#),
        upon("member_joined", r#""leave": "that client""#),
        upon("send_acknowledged", r#""crash": "that client""#),
    ];
    let plan = load(&faults.join(",\n")).unwrap().plan;
    assert!(matches!(
        plan.faults[0].action,
        PlannedAction::Crash { target: PlannedTarget::Node(NodeId(2)), .. }
    ));
    let node = |node| PlannedTarget::Node(NodeId(node));
    let actions: Vec<_> = plan.faults[2..6].iter().map(|fault| fault.action.clone()).collect();
    let expected = [
        PlannedAction::Leave { target: node(4) },
        PlannedAction::Join { target: node(6) },
        PlannedAction::Join { target: node(4) },
        PlannedAction::Leave { target: PlannedTarget::EventClient },
    ];
    assert_eq!(actions, expected);
    assert_eq!(plan.names.faults[2].as_ref(), "leave billing-1");
}

#[test]
fn a_client_has_no_disk_to_lose() {
    let words = ["`shop` is a client and has no disk", "allowed: `process`"];
    refused(&at(1, r#""crash": "shop", "ending": "power""#), &words);
    refused(&upon("send_failed", r#""crash": "that client", "ending": "power""#), &["is a client"]);
}

#[test]
fn only_members_and_brokers_stop_in_good_order() {
    let words = [
        "`shop` is a producer, which cannot be asked to stop; allowed: a member of a group; or the action `crash`",
    ];
    refused(&at(1, r#""shutdown": "shop""#), &words);
    refused(&upon("send_failed", r#""shutdown": "that client""#), &["`send_failed` tells of no group"]);
    refused(
        &at(1, r#""leave": "shop""#),
        &["`shop` is a producer, and no member", "`billing-0` to `billing-3`, `audit-0`"],
    );
    refused(&at(1, r#""leave": 1"#), &["`broker 1`, which is no member of a group"]);
    refused(&at(1, r#""shutdown": "controller""#), &["is neither a broker nor a client"]);
    refused(&upon("member_joined", r#""join": "that client""#), &["a member's name, `billing-0`"]);
}

#[test]
fn a_member_of_no_group_is_told_the_nearest() {
    let words = [
        "no group has a member `billing-7`; did you mean `billing-0`?",
        "`billing-0` to `billing-3`, `audit-0`",
    ];
    refused(&at(1, r#""join": "billing-7""#), &words);
    refused(&at(1, r#""leave": "bling-1""#), &["did you mean `billing-1`?"]);
    let filter = r#"{ "when": { "event": "member_joined", "client": "billing-9" }, "do": { "lag": 1 } }"#;
    refused(filter, &["there is no client `billing-9`; did you mean `billing-0`?"]);
}

#[test]
fn whoever_joins_was_not_there_before() {
    let joins = at(500, r#""join": "billing-1""#);
    refused(
        &joins,
        &["`billing-1` runs from the start", "`billing-2` to `billing-3`, or a member that a fault stopped"],
    );
    refused(&at(500, r#""join": "audit-0""#), &["or add `joining` to the group, for `audit-1`"]);
    refused(&[joins.clone(), at(600, r#""leave": "billing-1""#)].join(",\n"), &["nothing stops it before"]);
    for stopped in [
        at(400, r#""leave": "billing-1""#),
        at(400, r#""crash": "billing-1""#),
        upon("member_joined", r#""shutdown": "billing-1""#),
        upon("member_joined", r#""leave": "that client""#),
    ] {
        assert!(load(&[joins.clone(), stopped].join(",\n")).is_ok());
    }
}

#[test]
fn messages_of_their_own_come_not_before_others_leave() {
    let before = upon("member_joined", r#""leave": "that client""#)
        .replace("joined\"", "joined\", \"before\": \"ack\"");
    refused(&before, &["`leave` cannot strike before messages leave"]);
}

#[test]
fn a_group_goes_only_with_an_event() {
    let timed = r#"{ "when": { "at_ms": 1, "group": "billing" }, "do": { "lag": 1 } }"#;
    refused(timed, &["names a time, and `group` only goes with an event"]);
}
