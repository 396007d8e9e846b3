//! What each seed of a swarm draws: which kinds of random faults are on, and which settings it runs with.
//!
//! Faults that are always on mask one another: a cluster whose leaders crash all the time never shows what slow links alone
//! do (Groce and others, Swarm Testing, 2012). Each kind and each setting has a stream of its own, so that one more of
//! them moves no other.

use std::collections::BTreeMap;

use highwater_reports::swarm::Drawn;

use crate::scenario::format::{RandomFault, RandomFaults};
use crate::scenario::plan::Plan;
use crate::seed::{Seed, even};

/// What a seed draws.
pub(crate) struct Draw {
    /// Which of the plan's variants.
    pub(crate) variant: Option<usize>,
    /// In words.
    pub(crate) told: Drawn,
}

/// None if there is nothing to draw.
pub(crate) fn draw(plan: &Plan, seed: &Seed) -> Option<Draw> {
    let random = plan.random.as_ref().filter(|random| random.swarm || !plan.variants.is_empty())?;
    let faults = random.swarm.then(|| weights(random, seed).into_keys().map(name).collect());
    let variant = variant(plan, seed);
    let settings = variant.and_then(|place| plan.variants.get(place)).map(|it| it.settings.clone());
    Some(Draw { variant, told: Drawn { faults, settings: settings.unwrap_or_default() } })
}

/// The kinds that are on for this seed, and their weights.
pub(crate) fn weights(random: &RandomFaults, seed: &Seed) -> BTreeMap<RandomFault, u32> {
    if !random.swarm {
        return random.weights.clone();
    }
    let possible =
        || random.weights.iter().filter(|&(_, &weight)| weight > 0).map(|(&kind, &weight)| (kind, weight));
    let on = |kind| even(&mut seed.stream(&format!("swarm {}", name(kind))), 0, 1) == 1;
    let drawn: BTreeMap<_, _> = possible().filter(|&(kind, _)| on(kind)).collect();
    if drawn.is_empty() { possible().collect() } else { drawn }
}

/// One that has the value of each setting that was drawn for it.
fn variant(plan: &Plan, seed: &Seed) -> Option<usize> {
    let settings = &plan.random.as_ref()?.swarm_settings;
    let mut left = Vec::from_iter(plan.variants.iter().enumerate());
    for key in settings.keys() {
        let prefix = format!("{key}=");
        let of = |settings: &[String]| settings.iter().find(|pair| pair.starts_with(&prefix)).cloned();
        let mut values: Vec<_> = left.iter().filter_map(|(_, it)| of(&it.settings)).collect();
        values.dedup();
        // A setting that `--set` has taken out of the draw is in no variant.
        let Some(last) = values.len().checked_sub(1) else { continue };
        let drawn = even(&mut seed.stream(&format!("swarm {key}")), 0, last as u64) as usize;
        left.retain(|(_, it)| of(&it.settings).as_ref() == Some(&values[drawn]));
    }
    left.first().map(|&(place, _)| place)
}

/// As the scenario says it.
fn name(kind: RandomFault) -> String {
    let name = serde_json::to_value(kind).ok();
    name.and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

#[cfg(test)]
#[path = "swarm_test.rs"]
mod swarm_test;
