//! What a set of scenarios reaches, and what none of them does: events, faults, error codes, values of switches, properties.
//!
//! A scenario that reaches nothing that others do not is worth little, and a rule that no scenario reaches is not tested. Counts are
//! of seeds, and sums: they do not depend on the order in which runs are added.

pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::EventKind;
use serde::{Serialize, Serializer};
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};

use crate::property::Property;
use crate::report::RunReport;

/// What sort of thing is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, EnumIter, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Sort {
    /// A kind of event, by the name that scenario files use.
    Event,
    /// A kind of fault that struck: at a set time, upon an event, or by chance.
    Fault,
    /// An error code that an event or a reply carried.
    Error,
    /// A value of a switch of the protocol, under which a scenario is played.
    Switch,
    /// A property that something could have broken.
    Exercised,
    /// A property that broke.
    Broken,
}

/// One thing that may be reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Item {
    /// Of which sort.
    pub sort: Sort,
    /// What it is called.
    pub name: String,
}

impl Item {
    /// A thing of this sort.
    pub fn new(sort: Sort, name: impl Into<String>) -> Self {
        Self { sort, name: name.into() }
    }

    /// What every report knows of: events and properties. Faults, errors and switches are for the driver to say.
    pub fn of_reports() -> impl Iterator<Item = Self> {
        let events = EventKind::iter().map(|kind| Self::new(Sort::Event, kind.name()));
        let exercised = Property::iter().map(|property| Self::new(Sort::Exercised, property.name()));
        let broken = Property::iter().map(|property| Self::new(Sort::Broken, property.name()));
        events.chain(exercised).chain(broken)
    }

    /// Those of them that this run reached.
    pub fn reached_by(run: &RunReport) -> impl Iterator<Item = Self> + '_ {
        let events = run.seen.keys().map(|kind| Self::new(Sort::Event, kind.name()));
        let exercised = run.properties.iter().filter(|(_, report)| report.looked > 0 || report.broken > 0);
        let broken = run.properties.iter().filter(|(_, report)| report.broken > 0);
        events
            .chain(exercised.map(|(property, _)| Self::new(Sort::Exercised, property.name())))
            .chain(broken.map(|(property, _)| Self::new(Sort::Broken, property.name())))
    }
}

/// What scenarios reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The scenarios, as they were named.
    scenarios: Vec<String>,
    /// The smallest seed, and how many each was to be played on.
    seeds: (u64, u64),
    /// After how many runs it was interrupted.
    interrupted_after: Option<u64>,
    /// Everything that may be reached: by which scenarios, in their order, on how many seeds.
    items: BTreeMap<Item, BTreeMap<usize, u64>>,
}

/// A scenario that reached something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct By<'a> {
    /// Its name.
    pub scenario: &'a str,
    /// On how many seeds.
    pub seeds: u64,
}

impl Reach {
    /// Nothing is reached yet of what `items` there are.
    pub fn new(
        scenarios: Vec<String>,
        first_seed: u64,
        seeds: u64,
        items: impl IntoIterator<Item = Item>,
    ) -> Self {
        let items = items.into_iter().map(|item| (item, BTreeMap::new())).collect();
        Self { scenarios, seeds: (first_seed, seeds), interrupted_after: None, items }
    }

    /// So many seeds of a scenario, by its place, reached this.
    pub fn add(&mut self, scenario: usize, item: Item, seeds: u64) {
        *self.items.entry(item).or_default().entry(scenario).or_default() += seeds;
    }

    /// No more than so many runs were played.
    pub fn interrupt(&mut self, runs: u64) {
        self.interrupted_after = Some(runs);
    }

    /// What nothing reaches, by sort.
    pub fn unreached(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|(_, by)| by.is_empty()).map(|(item, _)| item)
    }

    /// What is reached, and by which scenarios.
    pub fn reached(&self) -> impl Iterator<Item = (&Item, Vec<By<'_>>)> {
        let reached = self.items.iter().filter(|(_, by)| !by.is_empty());
        reached.map(|(item, by)| {
            let by = by.iter().map(|(&place, &seeds)| By { scenario: &self.scenarios[place], seeds });
            (item, by.collect())
        })
    }

    /// The scenarios that reach something that no other does.
    pub fn alone(&self) -> BTreeSet<&str> {
        let one = self.items.values().filter(|by| by.len() == 1);
        one.flat_map(BTreeMap::keys).map(|&place| self.scenarios[place].as_str()).collect()
    }
}

/// What is not reached first, then everything else with all its scenarios.
impl Serialize for Reach {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Reached<'a> {
            #[serde(flatten)]
            item: &'a Item,
            by: Vec<By<'a>>,
        }
        #[derive(Serialize)]
        struct Face<'a> {
            version: u32,
            scenarios: &'a [String],
            first_seed: u64,
            seeds: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            interrupted_after_runs: Option<u64>,
            unreached: Vec<&'a Item>,
            reached: Vec<Reached<'a>>,
        }
        let face = Face {
            version: crate::report::VERSION,
            scenarios: &self.scenarios,
            first_seed: self.seeds.0,
            seeds: self.seeds.1,
            interrupted_after_runs: self.interrupted_after,
            unreached: self.unreached().collect(),
            reached: self.reached().map(|(item, by)| Reached { item, by }).collect(),
        };
        face.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str) -> Item {
        Item::new(Sort::Event, name)
    }

    #[test]
    fn what_nothing_reaches_stands_first_and_reach_is_the_same_in_whatever_order_it_was_added() {
        let names = || ["a", "b"].map(str::to_owned).to_vec();
        let mut one = Reach::new(names(), 0, 5, [event("x"), event("y"), event("z")]);
        let mut other = one.clone();
        let adds = [(1, event("y"), 2), (0, event("y"), 3), (1, event("y"), 1), (0, event("z"), 1)];
        adds.iter().cloned().for_each(|(place, item, seeds)| one.add(place, item, seeds));
        adds.into_iter().rev().for_each(|(place, item, seeds)| other.add(place, item, seeds));
        assert_eq!(one, other);
        assert_eq!(one.unreached().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["x"]);
        let (item, by) = one.reached().next().expect("y is reached");
        assert_eq!((item.name.as_str(), by[1]), ("y", By { scenario: "b", seeds: 3 }));
        assert_eq!(one.alone().into_iter().collect::<Vec<_>>(), ["a"]);
        let text = text::reach(&one);
        assert!(
            text.find("events        x").is_some_and(|place| place < text.find("  y ").unwrap_or(0)),
            "{text}"
        );
    }

    #[test]
    fn every_event_and_property_may_be_reached() {
        let items: BTreeSet<Item> = Item::of_reports().collect();
        assert_eq!(items.len(), EventKind::iter().count() + 2 * Property::iter().count());
    }
}
