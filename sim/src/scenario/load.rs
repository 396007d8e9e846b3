//! From a file's text and the overrides to a plan, or to everything that is wrong with them.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::build::build;
use super::defaults;
use super::errors::{LoadError, LoadErrors, Part, Place, Problem, Spot, line_and_column};
use super::files;
use super::format::Scenario;
use super::overrides::{self, Applied};
use super::path::JsonPath;
use super::plan::Plan;
use super::shape::Shape;
use super::spans::{self, Span, Spans};
use super::swarm;
use super::validate::{all_but_overlaps, validate};

/// A scenario that may be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// As it stands in the file, with overrides, and defaults that depend on other settings filled in.
    pub scenario: Scenario,
    /// What a run needs of it.
    pub plan: Arc<Plan>,
}

/// Reads a scenario file.
///
/// # Errors
/// Everything that is wrong with it and with the overrides.
pub fn load(path: &Path, overrides: &[String]) -> Result<Loaded, LoadErrors> {
    let text = files::read(path)?;
    load_str(&path.display().to_string(), &text, overrides)
}

/// Reads a scenario from its text. `file` is its file's name, which errors and the plan's name come from.
///
/// # Errors
/// Everything that is wrong with it and with the overrides.
pub fn load_str(file: &str, text: &str, overrides: &[String]) -> Result<Loaded, LoadErrors> {
    // A byte order mark says nothing in UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let loaded = load_one(file, text, overrides)?;
    let variants = swarm::variants(&loaded, overrides, |overrides| load_one(file, text, overrides));
    match variants {
        Ok(variants) if variants.is_empty() => Ok(loaded),
        Ok(variants) => {
            let plan = Plan { variants, ..Plan::clone(&loaded.plan) };
            Ok(Loaded { plan: Arc::new(plan), ..loaded })
        }
        Err(problem) => {
            let mut reading = Reading::new(file, text, overrides);
            reading.scenario();
            reading.report([*problem]);
            Err(reading.into_errors())
        }
    }
}

/// The plan of a scenario that nobody wrote: of many that are tried, only those that make sense matter. A fault may strike what
/// another holds if `overlaps`.
pub(crate) fn load_value(shape: &Shape, name: &str, mut value: Value, overlaps: bool) -> Option<Plan> {
    let findings = shape.check(&mut value);
    if findings.broken || !findings.problems.is_empty() {
        return None;
    }
    defaults::fill(&mut value);
    let scenario = Scenario::deserialize(value).ok()?;
    let problems = if overlaps { all_but_overlaps(&scenario) } else { validate(&scenario) };
    problems.is_empty().then(|| build(name, &scenario, &[]).ok())?
}

/// Without the variants of a swarm.
fn load_one(file: &str, text: &str, overrides: &[String]) -> Result<Loaded, LoadErrors> {
    let mut reading = Reading::new(file, text, overrides);
    match reading.scenario() {
        Some(loaded) if reading.errors.is_empty() => Ok(loaded),
        _ => Err(reading.into_errors()),
    }
}

struct Reading<'a> {
    file: &'a str,
    text: &'a str,
    overrides: &'a [String],
    spans: Spans,
    set: Vec<(JsonPath, usize)>,
    errors: Vec<LoadError>,
}

impl<'a> Reading<'a> {
    fn new(file: &'a str, text: &'a str, overrides: &'a [String]) -> Self {
        Self { file, text, overrides, spans: Spans::default(), set: Vec::new(), errors: Vec::new() }
    }

    /// The scenario and its plan, as far as they can be made; errors are gathered on the way.
    fn scenario(&mut self) -> Option<Loaded> {
        let document = match spans::parse(self.text) {
            Ok(document) => document,
            Err((range, message)) => {
                self.errors.push(self.error_at(range, Problem::new(JsonPath::ROOT, message)));
                return None;
            }
        };
        self.spans = document.spans;
        self.report(document.problems);
        let mut value = document.value;
        let shape = Shape::default();
        let Applied { set, problems } = overrides::apply(&shape, &mut value, self.overrides);
        self.set = set;
        for (index, problem) in problems {
            let place = Place::Override(self.overrides[index].clone());
            self.errors.push(self.error(place, problem, Vec::new()));
        }
        let findings = shape.check(&mut value);
        for (stands, sought) in findings.renamed {
            self.spans.take(stands, sought);
        }
        self.report(findings.problems);
        if findings.broken {
            return None;
        }
        defaults::fill(&mut value);
        self.typed(value, &findings.tainted)
    }

    /// What remains once the shape is right.
    fn typed(&mut self, value: Value, tainted: &[JsonPath]) -> Option<Loaded> {
        let scenario: Scenario = match decode(value) {
            Ok(scenario) => scenario,
            Err(problem) => {
                self.report([*problem]);
                return None;
            }
        };
        self.report(validate(&scenario).into_iter().filter(|problem| !problem.rests_on(tainted)));
        if !self.errors.is_empty() {
            return None;
        }
        let name = files::stem(self.file);
        match build(&name, &scenario, self.overrides) {
            Ok(plan) => Some(Loaded { scenario, plan: Arc::new(plan) }),
            Err(problem) => {
                self.report([*problem]);
                None
            }
        }
    }

    fn report(&mut self, problems: impl IntoIterator<Item = Problem>) {
        for problem in problems {
            let error = self.located(problem);
            if !self.errors.contains(&error) {
                self.errors.push(error);
            }
        }
    }

    /// In an override if it set the value, or a value that the problem follows from; else in the file.
    fn located(&self, problem: Problem) -> LoadError {
        if let Some(set) = self.set_by(&problem.path) {
            return self.error(Place::Override(set), problem, Vec::new());
        }
        let range = problem.bytes.clone().or_else(|| self.range(&problem.path, problem.part));
        let cause = problem.because.iter().find_map(|(spot, _)| match spot {
            Spot::Path(path) => self.set_by(path),
            Spot::Bytes(_) => None,
        });
        match (cause, range) {
            (Some(set), range) => {
                let here = range.map(|range| (range, "this in the file".to_owned()));
                self.error(Place::Override(set), problem, here.into_iter().collect())
            }
            (None, Some(range)) => self.error_at(range, problem),
            (None, None) => self.error(Place::File, problem, Vec::new()),
        }
    }

    fn set_by(&self, path: &JsonPath) -> Option<String> {
        let (_, index) = self.set.iter().rev().find(|(set, _)| path.is_within(set))?;
        self.overrides.get(*index).cloned()
    }

    fn range(&self, path: &JsonPath, part: Part) -> Option<Range<usize>> {
        let (Span { key, value }, exact) = self.spans.locate(path)?;
        Some(match (key, part) {
            (Some(key), Part::Key) if exact => key.clone(),
            _ => self.short(value.clone()),
        })
    }

    /// Objects and lists are pointed at by their first line only.
    fn short(&self, range: Range<usize>) -> Range<usize> {
        let first_line = self.text[range.clone()].lines().next().unwrap_or_default().len();
        range.start..range.start + first_line
    }

    fn error_at(&self, range: Range<usize>, problem: Problem) -> LoadError {
        let (line, column) = line_and_column(self.text, range.start);
        self.error(Place::At { line, column, range }, problem, Vec::new())
    }

    fn error(&self, place: Place, problem: Problem, mut because: Vec<(Range<usize>, String)>) -> LoadError {
        for (spot, says) in problem.because {
            let range = match spot {
                Spot::Bytes(range) => Some(range),
                Spot::Path(path) if self.set_by(&path).is_some() => None,
                Spot::Path(path) => self.exact(&path),
            };
            because.extend(range.map(|range| (range, says)));
        }
        LoadError {
            place,
            message: problem.message,
            allowed: problem.allowed,
            nearest: problem.nearest,
            because,
        }
    }

    /// Where a value stands, if it stands in the file and is not a default.
    fn exact(&self, path: &JsonPath) -> Option<Range<usize>> {
        let (span, exact) = self.spans.locate(path)?;
        exact.then(|| self.short(span.value.clone()))
    }

    fn into_errors(mut self) -> LoadErrors {
        self.errors.sort_by_key(|error| match &error.place {
            Place::File => (0, 0),
            Place::Override(set) => (1, self.overrides.iter().position(|other| other == set).unwrap_or(0)),
            Place::At { range, .. } => (2, range.start),
        });
        LoadErrors { file: self.file.to_owned(), text: self.text.to_owned(), errors: self.errors }
    }
}

/// Decodes what has the right shape. The types have the last word.
fn decode(value: Value) -> Result<Scenario, Box<Problem>> {
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(value, &mut track);
    Scenario::deserialize(tracked).map_err(|error| {
        let path = JsonPath::from(&track.path());
        Box::new(Problem::new(path.clone(), format!("{path}: {error}")))
    })
}

#[cfg(test)]
#[path = "load_test.rs"]
mod load_test;
