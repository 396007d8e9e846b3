use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Parser;

use super::{CompareArguments, Settings, load_all, play};

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    arguments: CompareArguments,
}

fn typed(arguments: &[&str]) -> CompareArguments {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/steady_state.json");
    Typed::parse_from([&["compare", file], arguments].concat()).arguments
}

#[test]
fn a_combination_is_the_same_run_as_the_settings_on_their_own() {
    let both = typed(&["--vary", "acks=0,1", "--seeds", "0..3", "--set", "retries=2"]);
    let alone = typed(&["--vary", "acks=1", "--seeds", "0..3", "--set", "retries=2"]);
    let rows = |arguments: &CompareArguments| {
        let loaded = load_all(arguments).unwrap_or_default();
        play(arguments, &loaded, &Arc::default()).rows
    };
    let (both, alone) = (rows(&both), rows(&alone));
    assert_eq!((both.len(), alone.len()), (2, 1));
    assert_eq!(both[1], alone[0]);
    assert_ne!(both[0].fingerprint, both[1].fingerprint);
}

#[test]
fn a_combination_that_is_interrupted_has_no_row() {
    let arguments = typed(&["--vary", "acks=0,1", "--seed", "7"]);
    let loaded = load_all(&arguments).unwrap_or_default();
    let comparison = play(&arguments, &loaded, &Arc::new(AtomicBool::new(true)));
    assert_eq!((comparison.rows.len(), comparison.combinations), (0, 2));
    assert_eq!((comparison.first_seed, comparison.last_seed, comparison.seeds), (7, 7, 1));
}

fn refused(arguments: &[&str]) -> String {
    load_all(&typed(arguments)).map(|loaded| loaded.len()).expect_err("they are not valid")
}

#[test]
fn what_is_wrong_with_several_combinations_is_told_of_the_first() {
    let told = refused(&["--vary", "acks=1,7", "--vary", "retries=1,2,3"]);
    assert!(told.starts_with("highwater: the combination acks=7, retries=1 is not valid\n"), "{told}");
    assert_eq!(
        (told.matches("is not valid").count(), told.matches("--set acks=7").count()),
        (1, 1),
        "{told}"
    );
    assert!(
        told.ends_with("3 of 6 combinations are not valid, for the reason above; nothing was run"),
        "{told}"
    );
    let told = refused(&["--vary", "akcs=0,1,-1"]);
    assert_eq!(told.matches("no setting is called `akcs`").count(), 1, "{told}");
}

#[test]
fn one_combination_that_is_not_valid_is_one() {
    let told = refused(&["--vary", "acks=1,7,-1,0"]);
    let end = "1 of 4 combinations is not valid, for the reason above; nothing was run";
    assert!(told.ends_with(end), "{told}");
    let told = refused(&["--vary", "acks=7"]);
    assert!(
        told.ends_with("1 of 1 combination is not valid, for the reason above; nothing was run"),
        "{told}"
    );
}

#[test]
fn of_many_reasons_the_first_few_are_told() {
    let told = refused(&["--vary", "acks=1,3,4,5,6,7,8,9"]);
    assert_eq!(told.matches("is not valid\n").count(), super::WRONG_SHOWN, "{told}");
    let end =
        "7 of 8 combinations are not valid, 2 of them for other reasons than those above; nothing was run";
    assert!(told.ends_with(end), "{told}");
}

#[test]
fn what_the_file_expects_is_not_judged() {
    let arguments =
        typed(&["--vary", "acks=1", "--seed", "3", "--set", r#"expect.must_see=["leader_elected"]"#]);
    let loaded = load_all(&arguments).unwrap_or_default();
    let comparison = play(&arguments, &loaded, &Arc::default());
    assert_eq!(comparison.rows.iter().map(|row| row.verdicts.kept).collect::<Vec<_>>(), [1]);
    assert_eq!(loaded[0].settings, Settings(vec![("acks".to_owned(), "1".to_owned())]));
}
