//! The mutation table: what is done wrong on purpose, and which properties notice.
//!
//! A property that has never been seen to fail proves nothing. So each has a mutant that it kills: a
//! [`Defect`](highwater_model::defects::Defect) of the machines, compiled into tests only, or a rule of an older Kafka in the newest
//! one. Each mutant is played on a small scenario, seed by seed, beside its healthy twin: the same scenario and seed without what is
//! wrong. A property kills it that breaks with it and holds without it.
//!
//! [`replication`], [`clients`] and [`eras`] list mutants; [`hunt`] plays them; [`table`] is what is kept in `snapshots/mutants.snap`.

mod clients;
mod eras;
mod hunt;
mod mutant;
mod replication;
mod table;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use highwater_model::defects::Defect;
use highwater_reports::property::Property;
use strum::IntoEnumIterator;

use hunt::Hunted;
use mutant::{Mutant, Wrong};

/// Every list of mutants.
const LISTS: [&[Mutant]; 3] = [replication::MUTANTS, clients::MUTANTS, eras::MUTANTS];

/// All of them, hunted once a process.
static HUNTED: LazyLock<Vec<Hunted>> =
    LazyLock::new(|| hunt::all(&LISTS.into_iter().flatten().collect::<Vec<_>>()));

#[test]
fn the_table_is_as_written() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description("What is done wrong on purpose, and which properties notice.");
    settings.bind(|| insta::assert_snapshot!("mutants", table::text(&HUNTED)));
}

#[test]
fn every_mutant_is_killed_by_those_who_are_there_for_it() {
    let missed = |it: &Hunted| Some((it.mutant.name(), it.mutant.says, it.missed()?, it.panicked.clone()));
    let missed: Vec<_> = HUNTED.iter().filter_map(missed).collect();
    assert!(missed.is_empty(), "these properties did not notice: {missed:#?}");
}

#[test]
fn every_property_kills_a_mutant() {
    let idle = |property: &Property| !HUNTED.iter().any(|it| it.killed_by.contains_key(property));
    let idle: Vec<_> = Property::iter().filter(idle).map(Property::name).collect();
    assert!(idle.is_empty(), "nothing shows that these can fail: {idle:?}");
}

#[test]
fn every_property_has_a_mutant_that_is_there_for_it() {
    let aimed: BTreeSet<Property> = HUNTED.iter().flat_map(|it| it.mutant.aims).copied().collect();
    let without: Vec<_> = Property::iter().filter(|it| !aimed.contains(it)).map(Property::name).collect();
    assert!(without.is_empty(), "no mutant aims at {without:?}");
}

#[test]
fn every_defect_is_a_mutant() {
    let all = || LISTS.into_iter().flatten();
    let is_one = |defect: &Defect| all().any(|mutant| mutant.wrong == Wrong::Defect(*defect));
    let unused: Vec<_> = Defect::iter().filter(|defect| !is_one(defect)).collect();
    assert!(unused.is_empty(), "in no list: {unused:?}");
    let mut names: Vec<_> = all().map(Mutant::name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two mutants have the same name");
}
