use highwater_model::config::Acks;

use super::groups::GroupSums;
use super::{Broke, Comparison, Row, Settings, VERSION, Variation, csv, json, text};
use crate::clients_for_tests::{SHOP, acknowledged, batch, hoped, led, polled, sent, setup, step};
use crate::end::RunEnd;
use crate::panel::{Extent, Panel, PanelSetup};
use crate::property::Property;
use crate::sweep::SweepReport;

/// A run in which a record is acknowledged, which the leader's log then holds this many times. If it does not, another is read in
/// its place.
fn played(sweep: &mut SweepReport, setup: &PanelSetup, copies: u64, end: RunEnd) {
    let mut panel = Panel::new(PanelSetup { seed: sweep.seeds, ..setup.clone() });
    let log: Vec<_> = (0..copies).map(|offset| batch(offset, &[0])).collect();
    let view = led(&log, copies);
    let told =
        if setup.producers[0].settings.acks == Acks::None { hoped(&[0]) } else { acknowledged(0, &[0]) };
    panel.look(&step(1, SHOP), &[sent(0)], &view);
    panel.look(&step(2, SHOP), &[told], &view);
    for offset in 0..copies {
        panel.look(&step(3 + offset, SHOP), &[polled(offset, &[0])], &view);
    }
    if copies == 0 {
        panel.look(&step(3, SHOP), &[sent(1), polled(0, &[1])], &view);
    }
    let extent = Extent { steps: 9, events: 5, messages: 7, ..Extent::default() };
    sweep.add(panel.finish(&step(20, SHOP), &view, end, &extent));
}

fn row(acks: Acks, value: &str, runs: impl IntoIterator<Item = (u64, RunEnd)>) -> Row {
    let setup = setup(acks);
    let mut sweep = SweepReport::new(&setup);
    runs.into_iter().for_each(|(copies, end)| played(&mut sweep, &setup, copies, end));
    Row::new(Settings(vec![("acks".to_owned(), value.to_owned())]), &sweep)
}

fn stalled() -> RunEnd {
    RunEnd::Stalled { pending: Vec::new() }
}

fn panicked() -> RunEnd {
    RunEnd::Panicked { message: "the log has a hole".to_owned() }
}

/// One seed in three of acks=-1 loses its record.
fn one_in_three() -> Row {
    row(Acks::All, "-1", [(1, RunEnd::Converged), (0, RunEnd::Converged), (1, RunEnd::Converged)])
}

fn row_of_copies(copies: u64) -> Row {
    row(Acks::All, "-1", [(copies, RunEnd::Converged)])
}

fn compared(rows: Vec<Row>, combinations: u64) -> Comparison {
    let values = rows.iter().map(|row| row.settings.0[0].1.clone()).collect();
    Comparison {
        version: VERSION,
        scenario: "ack-lost".into(),
        overrides: vec!["retries=3".to_owned()],
        vary: vec![Variation { key: "acks".to_owned(), values }],
        first_seed: 0,
        last_seed: 2,
        seeds: 3,
        combinations,
        rows,
    }
}

#[test]
fn harm_is_counted_by_record_and_by_seed() {
    let row = one_in_three();
    assert_eq!((row.lost.records, row.lost.seeds), (1, 1));
    assert_eq!(row.lost.seeds_percent.map(|percent| percent.to_string()).as_deref(), Some("33.33"));
    assert_eq!((row.duplicated.records, row.lost_unconfirmed.records), (0, 0));
    let thrice = row_of_copies(3);
    assert_eq!((thrice.duplicated.records, thrice.duplicated.seeds), (2, 1));
}

#[test]
fn messages_are_shared_out_over_what_was_acknowledged_or_unconfirmed() {
    assert_eq!(one_in_three().messages, 21);
    assert_eq!(one_in_three().messages_per_record.map(|ratio| ratio.to_string()).as_deref(), Some("7"));
    let row = row(Acks::None, "0", [(0, RunEnd::Converged)]);
    assert_eq!((row.acknowledged, row.unconfirmed), (0, 1));
    assert_eq!(row.messages_per_record.map(|ratio| ratio.to_string()).as_deref(), Some("7"));
    assert_eq!((row.lost.records, row.lost_unconfirmed.records), (0, 1));
}

#[test]
fn a_stall_is_counted_though_a_promise_broke_too() {
    let row = row(Acks::All, "-1", [(0, stalled()), (1, stalled()), (1, RunEnd::Converged)]);
    assert!(
        row.verdicts.violated.iter().any(|broke| broke.property == Property::InconsistentOffsets),
        "{row:?}"
    );
    assert_eq!((row.verdicts.kept, row.verdicts.broken, row.verdicts.stalled), (1, 1, 2));
}

#[test]
fn the_property_that_broke_on_most_seeds_comes_first() {
    let row = one_in_three();
    let seeds: Vec<u64> = row.verdicts.violated.iter().map(|broke| broke.seeds).collect();
    assert!(!seeds.is_empty() && seeds.is_sorted_by(|one, next| one >= next), "{seeds:?}");
    assert_eq!((row.verdicts.kept, row.verdicts.broken), (2, 1));
}

#[test]
fn a_panic_keeps_its_seed_and_its_words() {
    let row = row(Acks::All, "-1", [(1, RunEnd::Converged), (1, panicked()), (1, panicked())]);
    assert_eq!(row.verdicts.panicked, 2);
    let first = row.first_panic.expect("there was one");
    assert_eq!((first.seed, first.message.as_str()), (1, "the log has a hole"));
}

#[test]
fn people_get_a_table_with_only_the_columns_that_say_something() {
    let plain = text::comparison(&compared(vec![one_in_three()], 1));
    assert!(plain.starts_with("COMPARISON  ack-lost, 3 seeds each, 0 to 2, retries=3\n\n"), "{plain}");
    assert!(!plain.contains("panicked") && !plain.contains("acks=0"), "{plain}");
    assert!(plain.ends_with("\nNone of these in any row: failed, unavailable, stalled\n"), "{plain}");
    assert!(plain.contains("1 (33.33 %)"), "{plain}");
    assert!(plain.lines().all(|line| !line.ends_with(' ')), "{plain}");
    let hoped = row(Acks::None, "0", [(0, RunEnd::Converged), (1, panicked())]);
    let more = text::comparison(&compared(vec![hoped], 1));
    assert!(more.contains("panicked") && more.contains("acks=0"), "{more}");
}

#[test]
fn records_that_were_given_up_are_told_with_their_share() {
    let failed = Row { failed: 1, sent: 8, ..one_in_three() };
    let told = text::comparison(&compared(vec![failed, one_in_three()], 2));
    assert!(told.contains("failed") && told.contains("1 (12.5 %)"), "{told}");
}

#[test]
fn what_broke_on_the_offsets_topic_alone_is_marked() {
    let broke = |only_on_offsets| {
        let mut row = one_in_three();
        let property = Property::TruncationSparesCommitted;
        row.verdicts.violated = vec![Broke { property, seeds: 3, only_on_offsets }];
        compared(vec![row], 1)
    };
    let told = text::comparison(&broke(3));
    assert!(told.contains("truncation-spares-committed 3 (offsets)\n"), "{told}");
    let told = text::comparison(&broke(2));
    assert!(told.contains("truncation-spares-committed 3\n"), "on one seed another topic's broke: {told}");
    let told = csv::comparison(&broke(2)).expect("it is written to memory");
    let told = String::from_utf8(told).expect("only strings were written");
    let expected = "truncation-spares-committed=3,truncation-spares-committed=2,";
    assert!(told.trim_end().ends_with(expected), "{told}");
}

fn with_groups(sums: GroupSums) -> Row {
    Row { groups: Some(sums), ..one_in_three() }
}

#[test]
fn groups_are_told_of_if_they_tell_combinations_apart_or_something_came_to_harm() {
    let of = |rows: [GroupSums; 2]| text::comparison(&compared(rows.map(with_groups).into(), 2));
    let calm = GroupSums { rebalances: 1234, max_lag: 5678, ..GroupSums::default() };
    let same = of([calm, calm]);
    assert!(!same.contains("rebalances") && !same.contains("max lag"), "{same}");
    let behind = of([calm, GroupSums { max_lag: 5679, ..calm }]);
    assert!(behind.contains("1234") && behind.contains("5679"), "{behind}");
    assert!(behind.ends_with("row: failed, reprocessed, skipped, unavailable, stalled\n"), "{behind}");
    let skipped = of([calm, GroupSums { skipped: 4321, ..calm }]);
    assert!(skipped.contains("max lag") && skipped.contains("4321"), "{skipped}");
}

#[test]
fn an_interrupted_comparison_says_so() {
    let told = text::comparison(&compared(vec![one_in_three()], 4));
    assert!(
        told.lines().next().is_some_and(|line| line.ends_with("; interrupted after 1 of 4 combinations"))
    );
    let none = text::comparison(&compared(Vec::new(), 4));
    assert!(none.contains("interrupted after 0 of 4"), "{none}");
}

#[test]
fn every_line_of_the_csv_has_as_many_fields_as_its_header() {
    let written = csv::comparison(&compared(vec![one_in_three(), row(Acks::None, "0", [])], 2));
    let written = written.expect("it is written to memory");
    let mut reader = ::csv::Reader::from_reader(&written[..]);
    let header = reader.headers().expect("there is one").clone();
    let rows: Vec<_> = reader.records().map(|row| row.expect("it has all fields")).collect();
    let field = |row: usize, name: &str| {
        let place = header.iter().position(|column| column == name).expect("there is such a column");
        rows[row][place].to_owned()
    };
    assert_eq!(
        (field(0, "acks"), field(0, "lost"), field(0, "lost_seeds_percent")),
        ("-1".into(), "1".into(), "33.33".into())
    );
    assert_eq!((field(0, "retries"), field(1, "retries")), ("3".into(), "3".into()), "as --set has it");
    assert_eq!((field(0, "reprocessed"), field(1, "reprocessed")), ("0".into(), String::new()));
    assert_eq!(
        (field(1, "ack_latency_p50_ms"), field(1, "messages_per_record")),
        (String::new(), String::new())
    );
}

#[test]
fn the_json_has_settings_by_key_as_they_were_written() {
    let written = json::comparison(&compared(vec![one_in_three()], 1)).expect("its keys are strings");
    let value: serde_json::Value = serde_json::from_str(&written).expect("it is JSON");
    assert_eq!((&value["version"], &value["combinations"]), (&1.into(), &1.into()));
    assert_eq!(value["rows"][0]["settings"], serde_json::json!({ "acks": "-1" }));
    assert_eq!(value["rows"][0]["messages_per_record"], 7.0);
    assert_eq!(value["rows"][0].get("first_panic"), None);
}
