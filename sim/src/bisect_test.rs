use super::*;

const FILE: &str = "hw_truncation_loses_acked.json";
const TEXT: &str = include_str!("../../scenarios/hw_truncation_loses_acked.json");

fn question(to: Preset, set: &[&str]) -> Question {
    let set = set.iter().map(ToString::to_string).collect();
    Question { seed: 1, seeds: 0..3, to, tries: 3_000, jobs: 2, set }
}

fn asked(to: Preset, set: &[&str]) -> Bisection {
    let found = bisect(FILE, TEXT, &question(to, set), &Arc::default());
    found.expect("the scenario is valid").expect("nobody stops it")
}

#[test]
fn the_switch_that_a_failure_hangs_on_is_found() {
    let found = asked(Preset::V0_11, &[]);
    assert!(found.broke.contains(&Property::AckedDurable), "{:?}", found.broke);
    let Answer::Found { mends, smallest, complete, breaks_newest } = found.answer else {
        panic!("{:?}", found.answer)
    };
    let names = |set: &[Difference]| set.iter().map(|it| it.name).collect::<Vec<_>>();
    assert_eq!(mends.iter().map(|set| names(set)).collect::<Vec<_>>(), [[Switch::Truncation]]);
    assert!(smallest && complete);
    assert_eq!(names(&breaks_newest), [Switch::Truncation]);
}

#[test]
fn defaults_stay_those_of_the_files_version() {
    let set = ["protocol=0.10", "unclean.leader.election.enable=false"];
    let found = asked(Preset::V0_11, &set);
    assert_eq!(found.from.protocol, Preset::V0_10);
    let Answer::Found { mends, .. } = found.answer else { panic!("{:?}", found.answer) };
    assert_eq!(mends[0][0].name, Switch::Truncation);
    assert_eq!(found.overrides, set);
}

#[test]
fn what_does_not_fail_is_not_bisected() {
    let found = asked(Preset::V0_11, &["truncation=epoch_query"]);
    assert_eq!(found.answer, Answer::DoesNotFail);
    assert_eq!(found.exit_code(), 1);
}

#[test]
fn what_fails_afterwards_too_is_told_so() {
    let found = asked(Preset::V0_10, &["unclean.leader.election.enable=false"]);
    let Answer::FailsAfterwards { still, on_seed } = found.answer else { panic!("{:?}", found.answer) };
    assert!(still.contains(&Property::AckedDurable) && on_seed == 1);
}

#[test]
fn without_a_switch_to_change_there_is_nothing_to_try() {
    assert_eq!(asked(Preset::V0_11Iv1, &[]).answer, Answer::SameSwitches);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let with = |jobs| {
        let question = Question { jobs, ..question(Preset::V0_11, &[]) };
        bisect(FILE, TEXT, &question, &Arc::default()).expect("the scenario is valid")
    };
    assert_eq!(with(1), with(5));
}

#[test]
fn once_stopped_there_is_no_answer() {
    let found = bisect(FILE, TEXT, &question(Preset::V0_11, &[]), &Arc::new(AtomicBool::new(true)));
    assert_eq!(found.expect("the scenario is valid"), None);
}

#[test]
fn no_promise_is_mended_by_not_making_it() {
    let found = asked(Preset::V0_10, &[]);
    assert!(matches!(found.answer, Answer::FailsAfterwards { .. }), "{:?}", found.answer);
}

#[test]
fn what_a_scenario_is_there_to_break_is_bisected_promised_or_not() {
    let text = include_str!("../../scenarios/museum/kip_320_positions.json");
    let question = Question { seeds: 0..1, seed: 0, ..question(Preset::V2_4, &[]) };
    let found = bisect("kip_320_positions.json", text, &question, &Arc::default());
    let found = found.expect("the scenario is valid").expect("nobody stops it");
    let Answer::Found { mends, .. } = &found.answer else { panic!("{:?}", found.answer) };
    assert_eq!(mends.iter().flatten().map(|it| it.name.name()).collect::<Vec<_>>(), ["positions_validated"]);
}
