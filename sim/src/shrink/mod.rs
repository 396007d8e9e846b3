//! Makes a failing scenario smaller: fewer faults, records, brokers and the like, a shorter run, rounder numbers, and the
//! same failure.
//!
//! ```text
//! scenario + overrides + seed ── explicit: no chance is left ── passes, numbers: candidates ┐
//!                                                  ▲                                      │
//!                                                  └── search: the first that fails alike ◄┴─ trial: one run, bare
//! ```
//!
//! A candidate counts if it fails in the same way ([`trial::Sought`]) and costs less ([`measure`]). It is tried on the seed on
//! which the best so far fails; once nothing helps there any more, on a few others besides, for a record less moves the chance
//! of all that comes after it.

mod edit;
mod explicit;
mod measure;
mod names;
mod numbers;
mod passes;
mod search;
mod text;
mod trial;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use highwater_reports::end::RunEnd;
use highwater_reports::property::Property;
use highwater_reports::report::RunReport;
use highwater_reports::shrinking::{Shrinking, Size, VERSION};
use highwater_reports::signature::{Role, Signature};
use serde_json::Value;

pub(crate) use self::search::Listener;
use self::search::Search;
use self::trial::{Bench, Sought};
use crate::faults::Decisions;
use crate::prepared::Prepared;
use crate::run::{self, RunOptions};
use crate::scenario::errors::LoadErrors;
use crate::scenario::load::{load_str, load_value};
use crate::scenario::shape::Shape;
use crate::scenario::{files, overrides, spans};
use crate::seed::Seed;
use crate::swarm;

/// On how many seeds besides a candidate may fail; on more once that does not help.
const OTHERS: [u64; 2] = [6, 24];

/// What is to be made smaller, whether it comes from a scenario file or from elsewhere.
pub(crate) struct Question<'a> {
    /// The scenario's file, which errors and its name come from.
    pub(crate) file: &'a str,
    /// Its text.
    pub(crate) text: &'a str,
    /// `--set`.
    pub(crate) set: &'a [String],
    /// The seed that fails.
    pub(crate) seed: u64,
    /// The property whose break is to be kept, whatever broke before it; by default what broke first.
    pub(crate) property: Option<Property>,
    /// `KEY=VALUE` with which the failure is to be gone, before and after.
    pub(crate) unless: &'a [String],
    /// How many threads; at least one is used.
    pub(crate) jobs: usize,
    /// How many candidates are tried at most.
    pub(crate) tries: u64,
    /// Once this says so, no further candidate is begun.
    pub(crate) stop: &'a (dyn Fn() -> bool + Sync),
    /// Once this is set whatever is played ends at once.
    pub(crate) interrupted: &'a Arc<AtomicBool>,
    /// What the smaller scenario says of its schema, if anything.
    pub(crate) schema: Option<&'a str>,
    /// Is told how it goes on.
    pub(crate) listener: &'a Listener<'a>,
}

/// What came of it.
pub(crate) enum Answer {
    /// A smaller scenario, as a file's text, or the same with its faults spelt out.
    Shrunk(Box<Shrinking>, String),
    /// It does not fail on this seed.
    Sound,
    /// It was ended before it was known what there is to shrink.
    Interrupted,
    /// What is left of it is not valid as a file: faults of chance strike what others hold, and none can be spared.
    Overlaps,
}

/// Makes a scenario smaller.
///
/// # Errors
/// What is wrong with the scenario or the overrides.
pub(crate) fn shrink(question: &Question<'_>) -> Result<Answer, LoadErrors> {
    let plan = load_str(question.file, question.text, question.set)?.plan;
    if !question.unless.is_empty() {
        load_str(question.file, question.text, &[question.set, question.unless].concat())?;
    }
    let prepared = Arc::new(Prepared::new(Arc::clone(&plan)));
    let decisions = Decisions::default();
    let stop = Some(Arc::clone(question.interrupted));
    let report =
        run::run_noted(&prepared, question.seed, RunOptions { stop, ..RunOptions::default() }, &decisions);
    if report.end == RunEnd::Interrupted {
        return Ok(Answer::Interrupted);
    }
    let shape = Shape::default();
    // What a swarm's seed draws is set as if it had been said.
    let drawn = swarm::draw(&plan, &Seed::new(question.seed)).map(|draw| draw.told.settings);
    let set: Vec<String> =
        question.set.iter().chain(drawn.iter().flat_map(|it| it.iter())).cloned().collect();
    let mut original = value(&shape, question.text, &set);
    edit::remove(&mut original, "/$schema");
    if let Some(schema) = question.schema {
        original["$schema"] = schema.into();
    }
    let file = explicit::explicit(original.clone(), &decisions.taken(), &plan.names, plan.duration);
    let name = files::stem(question.file);
    let Some((mut bench, file)) = bench(question, &report, shape, &name, file) else {
        let interrupted = question.interrupted.load(Ordering::Relaxed);
        return Ok(if interrupted { Answer::Interrupted } else { Answer::Sound });
    };

    let mut search = Search::new(&bench, file, question);
    down(&mut search);
    let (mut best, seed, tried) = (search.best, search.seed, search.tried);
    // What was found is looked at to the end.
    bench.stop = None;
    if bench.fails(&best, seed, false).is_none() {
        best = explicit::told_from_the_first(best);
    }
    let Some(after) = load_value(&bench.shape, &name, best.clone(), false) else {
        return Ok(Answer::Overlaps);
    };
    let after = run::run(&Arc::new(Prepared::new(Arc::new(after))), seed, RunOptions::default());
    let failing = bench.fails(&best, seed, false);
    let Some(before_signature) = bench.sought.signature.clone() else { return Ok(Answer::Sound) };
    let after_signature = failing.unwrap_or_else(|| before_signature.clone());
    let story = story(question, &name, &after_signature, seed);
    let written = text::written(&best, &story);
    let shrinking = Shrinking {
        version: VERSION,
        scenario: name,
        overrides: question.set.to_vec(),
        seed: question.seed,
        before_signature,
        after_signature,
        after_seed: seed,
        before: of_run(measure::size(&original), &report, question.text, decisions.taken().len()),
        after: of_run(measure::size(&best), &after, &written, measure::size(&best).faults as usize),
        tried,
        finished: !((question.stop)() || tried >= question.tries),
    };
    Ok(Answer::Shrunk(Box::new(shrinking), written))
}

/// Round after round until nothing helps, then once more with other seeds; at the end the seed that is played unless it is said.
fn down(search: &mut Search<'_>) {
    // What chance did may overlap; what is written down may not. Most of it goes first.
    while passes::round(search) {}
    search.overlaps = false;
    let mut wider = OTHERS.into_iter();
    while !search.is_over() {
        while passes::round(search) | numbers::round(search) {}
        let Some(others) = wider.next() else { break };
        search.others = (0..others).collect();
        if passes::round(search) | numbers::round(search) {
            wider = OTHERS.into_iter();
        }
        search.others.clear();
    }
    if search.seed != 0 && !search.is_over() && search.bench.fails(&search.best, 0, false).is_some() {
        search.seed = 0;
    }
}

impl<'a> Search<'a> {
    fn new(bench: &'a Bench, best: Value, question: &'a Question<'a>) -> Self {
        Self {
            cost: measure::cost(&best),
            bench,
            best,
            seed: question.seed,
            others: Vec::new(),
            jobs: question.jobs,
            tries: question.tries,
            tried: 0,
            stop: question.stop,
            listener: question.listener,
            seen: BTreeSet::new(),
            overlaps: true,
        }
    }
}

/// The scenario as it is played: with the overrides, and without what belongs to a place or to a collection of scenarios.
fn value(shape: &Shape, text: &str, set: &[String]) -> Value {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut value = spans::parse(text).map(|document| document.value).unwrap_or_default();
    overrides::apply(shape, &mut value, set);
    edit::remove(&mut value, "/museum");
    value
}

/// What is sought, and the scenario to begin with: without expectations if it fails alike without them.
fn bench(
    question: &Question<'_>,
    report: &RunReport,
    shape: Shape,
    name: &str,
    file: Value,
) -> Option<(Bench, Value)> {
    let first = report.signature.clone();
    let property = question.property.or(first.as_ref().map(|it| it.property))?;
    let only = question.property.is_some();
    let mut bare = file.clone();
    edit::remove(&mut bare, "/expect");
    let mut expecting = file;
    edit::remove(&mut expecting, "/expect/must_see");
    let sought = Sought { property, only, signature: None };
    let mut bench = Bench {
        shape,
        name: name.to_owned(),
        sought,
        unless: question.unless.to_vec(),
        stop: Some(Arc::clone(question.interrupted)),
    };
    for file in [bare, expecting] {
        bench.sought.signature = first.clone().filter(|_| !only);
        if let Some(failing) = bench.fails(&file, question.seed, true) {
            bench.sought.signature = bench.sought.signature.or(Some(failing));
            return Some((bench, file));
        }
    }
    None
}

fn story(question: &Question<'_>, name: &str, signature: &Signature, seed: u64) -> String {
    let set: String = question.set.iter().map(|pair| format!(", {pair}")).collect();
    format!(
        "Shrunk from {name}, seed {}{set}: {} breaks at {} {}. It fails on seed {seed}{}.",
        question.seed,
        signature.property.name(),
        if matches!(signature.role, Role::End | Role::Controller) { "the" } else { "a" },
        signature.role.word(),
        question.unless.iter().map(|pair| format!(", not with {pair}")).collect::<String>(),
    )
}

fn of_run(size: Size, report: &RunReport, text: &str, faults: usize) -> Size {
    Size {
        faults: faults as u64,
        simulated_ms: report.simulated_ms,
        steps: report.steps,
        bytes: text.len() as u64,
        ..size
    }
}

#[cfg(test)]
#[path = "shrink_test.rs"]
mod shrink_test;
