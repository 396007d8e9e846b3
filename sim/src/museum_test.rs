use std::path::Path;

use super::*;

fn exhibit(name: &str) -> Exhibit {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../scenarios/museum/{name}.json"));
    let file = ScenarioFile { given: format!("scenarios/museum/{name}.json"), path };
    Exhibit::open(&file).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn visit(exhibits: &[Exhibit], jobs: usize) -> Vec<Row> {
    tour(exhibits, &Tour { seeds: Some(3..5), jobs }, &(), &Arc::default())
}

#[test]
fn a_bug_breaks_where_it_was_and_its_twin_holds() {
    let rows = visit(&[exhibit("s1b_nobody_restarts")], 2);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(row.amiss, []);
    assert_eq!((row.broken, row.mended), (Harm::Lost, Harm::Holds));
    assert_eq!((row.found_after, row.first_seed, row.seeds, row.always), (Some(1), 3, 2, true));
    assert_eq!(row.verdicts.len(), Preset::iter().count());
    assert_eq!((row.verdicts[&Preset::V0_11Iv1], row.verdicts[&Preset::V0_11]), (Harm::Lost, Harm::Holds));
}

#[test]
fn what_does_not_break_as_stated_is_told_with_the_command_that_shows_it() {
    let mut wrong = exhibit("s1b_nobody_restarts");
    wrong.mended = wrong.under[1].1.clone().expect("0.11-iv1 takes the file");
    let rows = visit(&[wrong], 1);
    let amiss = &rows[0].amiss;
    assert!(
        amiss
            .iter()
            .any(|it| it.twin && it.what.iter().any(|what| what.contains("acked-durable is promised")))
    );
    assert!(amiss[0].again.starts_with("highwater run scenarios/museum/s1b_"), "{}", amiss[0].again);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let exhibits = [exhibit("s1b_nobody_restarts"), exhibit("s6_unfenced_follower_counts")];
    assert_eq!(visit(&exhibits, 1), visit(&exhibits, 7));
}

#[test]
fn a_tour_that_is_stopped_shows_only_what_was_seen_whole() {
    let exhibits = [exhibit("s1b_nobody_restarts")];
    let rows = tour(&exhibits, &Tour { seeds: None, jobs: 1 }, &(), &Arc::new(AtomicBool::new(true)));
    assert_eq!(rows, []);
}

#[test]
fn what_no_version_mended_is_mended_by_settings() {
    let rows = visit(&[exhibit("kafka_12261")], 2);
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(row.amiss, []);
    assert_eq!((row.broken, row.mended), (Harm::Skipped, Harm::Holds));
    assert_eq!(row.broken_in, row.mended_in);
    assert_eq!(row.mended_settings.to_string(), " with auto.offset.reset earliest");
    assert!(row.verdicts.values().all(|harm| *harm == Harm::Skipped), "{:?}", row.verdicts);
}

#[test]
fn a_bug_that_breaks_no_promise_shows_as_an_event_that_its_twin_has_not() {
    let rows = visit(&[exhibit("kafka_7152_idle_replica_evicted")], 1);
    assert_eq!(rows[0].amiss, []);
    assert_eq!((rows[0].broken, rows[0].mended, rows[0].found_after), (Harm::Seen, Harm::Holds, Some(1)));

    let mut unmended = exhibit("kafka_7152_idle_replica_evicted");
    unmended.mended = unmended.under[0].1.clone().expect("0.10 takes the file");
    let rows = visit(&[unmended], 1);
    let [amiss] = &rows[0].amiss[..] else { panic!("{:?}", rows[0].amiss) };
    assert_eq!((amiss.twin, &amiss.what[..]), (true, &["partition_offline comes as before".to_owned()][..]));
}

#[test]
fn logs_that_differ_for_good_are_told_apart_from_records_that_a_power_failure_may_cost() {
    let rows = visit(&[exhibit("s2_power_failure_forks_logs")], 1);
    assert_eq!((rows[0].broken, rows[0].mended), (Harm::Diverged, Harm::Holds));
    assert_eq!(rows[0].lossy.len(), Preset::iter().count());
    assert_eq!(rows[0].verdicts[&Preset::NEWEST], Harm::Holds);
}
