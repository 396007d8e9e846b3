//! The variants of a plan: one for each combination of the settings that seeds draw.

use std::sync::Arc;

use serde_json::Value;

use super::errors::{LoadErrors, Problem};
use super::load::Loaded;
use super::path::{JsonPath, at};
use super::plan::{Plan, Variant};

/// More take memory and tell little each.
const COMBINATIONS_MAX: usize = 64;

/// Loads the scenario under each combination.
///
/// # Errors
/// The first that is not valid, or why there are none.
pub(super) fn variants(
    loaded: &Loaded,
    overrides: &[String],
    load: impl Fn(&[String]) -> Result<Loaded, LoadErrors>,
) -> Result<Vec<Variant>, Box<Problem>> {
    let Some(random) = &loaded.scenario.random_faults else { return Ok(Vec::new()) };
    let path = at!["random_faults", "swarm_settings"];
    let set =
        |key: &str| overrides.iter().any(|pair| pair.split_once('=').is_some_and(|(set, _)| set == key));
    let mut combinations: Vec<Vec<String>> = vec![Vec::new()];
    for (key, values) in random.swarm_settings.iter().filter(|(key, _)| !set(key)) {
        if values.is_empty() {
            return Err(problem(path.key(key), "has no value to draw", "a list of values"));
        }
        combinations = combinations.iter().flat_map(|settings| with(settings, key, values)).collect();
        if combinations.len() > COMBINATIONS_MAX {
            let allowed = format!("at most {COMBINATIONS_MAX} combinations in all");
            return Err(problem(path.key(key), "makes too many combinations", &allowed));
        }
    }
    combinations.retain(|settings| !settings.is_empty());
    combinations.into_iter().map(|settings| variant(loaded, overrides, settings, &load, &path)).collect()
}

/// A combination with each value of one setting more.
fn with(settings: &[String], key: &str, values: &[Value]) -> Vec<Vec<String>> {
    let pair = |value: &Value| match value.as_str() {
        Some(word) => format!("{key}={word}"),
        None => format!("{key}={value}"),
    };
    values.iter().map(|value| [settings, &[pair(value)]].concat()).collect()
}

fn variant(
    loaded: &Loaded,
    overrides: &[String],
    settings: Vec<String>,
    load: impl Fn(&[String]) -> Result<Loaded, LoadErrors>,
    path: &JsonPath,
) -> Result<Variant, Box<Problem>> {
    let told = settings.join(" ");
    let found = load(&[overrides, &settings].concat()).map_err(|errors| {
        let first = errors.errors.first();
        let (first, near) =
            first.map(|error| (error.message.as_str(), error.nearest.as_deref())).unwrap_or_default();
        let refused = problem(path.clone(), &format!("cannot draw {told}: {first}"), "what --set allows");
        Box::new(refused.nearest(near))
    })?;
    let mut plan = Plan::clone(&found.plan);
    let same = |one: &Plan, other: &Plan| {
        (&one.names, one.config.protocol, &one.expect) == (&other.names, other.config.protocol, &other.expect)
    };
    if !same(&plan, &loaded.plan) || found.scenario.random_faults != loaded.scenario.random_faults {
        let message = format!("cannot draw {told}: it changes more than a setting");
        let allowed = "settings that leave the protocol, the nodes, the faults and `expect` as they are";
        return Err(problem(path.clone(), &message, allowed));
    }
    // As given: what was drawn is told beside them.
    plan.overrides = overrides.to_vec();
    Ok(Variant { settings: settings.into(), plan: Arc::new(plan) })
}

fn problem(path: JsonPath, says: &str, allowed: &str) -> Box<Problem> {
    let message = format!("{path} {says}");
    Box::new(Problem::new(path, message).allowed(allowed))
}
