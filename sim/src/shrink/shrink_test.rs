use std::sync::LazyLock;

use highwater_reports::signature::Role;

use super::*;

fn chaos() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/chaos.json");
    std::fs::read_to_string(path).unwrap()
}

static CALM: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

fn question<'a>(text: &'a str, seed: u64, jobs: usize) -> Question<'a> {
    Question {
        file: "chaos.json",
        text,
        set: &[],
        seed,
        property: None,
        unless: &[],
        jobs,
        tries: 250,
        stop: &|| false,
        interrupted: &CALM,
        schema: None,
        listener: &|_, _| {},
    }
}

fn shrunk(question: &Question<'_>) -> (Shrinking, String) {
    match shrink(question) {
        Ok(Answer::Shrunk(found, text)) => (*found, text),
        Ok(Answer::Sound | Answer::Interrupted | Answer::Overlaps) | Err(_) => panic!("it is not shrunk"),
    }
}

#[test]
fn what_comes_of_it_is_smaller_fails_alike_on_its_own_and_is_the_same_on_any_number_of_threads() {
    let text = chaos();
    let (found, small) = shrunk(&question(&text, 2, 1));
    assert_eq!(shrunk(&question(&text, 2, 3)), (found.clone(), small.clone()));
    assert!(found.after.faults <= 3 && found.after.records <= 5, "{:?}", found.after);
    assert!(found.after.bytes < found.before.bytes && found.after.steps < found.before.steps);
    assert_eq!(found.before_signature.property, found.after_signature.property);
    let plan = load_str("small.json", &small, &[]).expect("it is a valid file").plan;
    assert!(plan.random.is_none());
    let report = run::run(&Arc::new(Prepared::new(plan)), found.after_seed, RunOptions::default());
    assert_eq!(report.signature, Some(found.after_signature));
}

#[test]
fn who_stops_it_gets_the_smallest_so_far_even_if_that_is_all_of_it_spelt_out() {
    let text = chaos();
    let stopped = Question { stop: &|| true, ..question(&text, 2, 1) };
    let (found, small) = shrunk(&stopped);
    assert!(!found.finished && found.tried == 0);
    assert!(!small.contains("random_faults"));
    let plan = load_str("small.json", &small, &[]).expect("it is a valid file").plan;
    let report = run::run(&Arc::new(Prepared::new(plan)), found.after_seed, RunOptions::default());
    assert_eq!(report.signature.map(|it| it.property), Some(found.after_signature.property));
}

#[test]
fn whether_a_seed_fails_that_was_not_played_to_its_end_is_not_known() {
    let interrupted = Arc::new(AtomicBool::new(true));
    let text = chaos();
    assert!(matches!(
        shrink(&Question { interrupted: &interrupted, ..question(&text, 2, 1) }),
        Ok(Answer::Interrupted)
    ));
}

#[test]
fn a_seed_on_which_nothing_breaks_has_nothing_to_shrink() {
    let text = r#"{ "story": "All is well.", "cluster": { "brokers": 1 }, "topics": [{ "name": "orders" }], "duration_ms": 100 }"#;
    assert!(matches!(shrink(&question(text, 0, 1)), Ok(Answer::Sound)));
    let other = Question { property: Some(Property::Routing), ..question(text, 0, 1) };
    assert!(matches!(shrink(&other), Ok(Answer::Sound)));
    assert!(shrink(&question("{", 0, 1)).is_err());
}

#[test]
fn what_would_mend_it_must_mend_it() {
    let text = chaos();
    let epochs = ["protocol=0.11".to_owned()];
    let property = Some(Property::AckedDurable);
    let (found, small) = shrunk(&Question { unless: &epochs, property, ..question(&text, 40, 1) });
    for (set, breaks) in [(&[][..], true), (&epochs[..], false)] {
        let plan = load_str("small.json", &small, set).expect("it is a valid file").plan;
        let report = run::run(&Arc::new(Prepared::new(plan)), found.after_seed, RunOptions::default());
        assert_eq!(report.properties[&Property::AckedDurable].broken > 0, breaks);
    }
}

#[test]
fn faults_may_differ_but_not_how_logs_were_cut_nor_how_leaders_were_elected() {
    let of = |shape: &[&str]| {
        let shape = shape.iter().map(|&part| part.to_owned()).collect();
        Signature::new(Property::StrongIsr, Role::Follower, shape)
    };
    let full = of(&["power loss of leader", "clean election", "ISR shrunk", "truncation (epoch end)"]);
    let sought = Sought { property: Property::StrongIsr, only: false, signature: Some(full.clone()) };
    assert!(sought.is_like(&full));
    assert!(sought.is_like(&of(&["crash of leader", "clean election", "truncation (epoch end)"])));
    assert!(!sought.is_like(&of(&["clean election"])), "nothing was cut");
    assert!(!sought.is_like(&of(&["clean election", "truncation (power loss)"])));
    assert!(!sought.is_like(&of(&["clean election", "unclean election", "truncation (epoch end)"])));
    let other_role = Signature { role: Role::Leader, ..full.clone() };
    assert!(!sought.is_like(&other_role));
    let other_property = Signature { property: Property::WeakIsr, ..full };
    assert!(!sought.is_like(&other_property));
}
