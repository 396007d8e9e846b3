//! `--set KEY=VALUE`: any setting of a file by its path, or by its short name wherever it stands.
//!
//! - `cluster.config.min.insync.replicas`, `topics.0.partitions`, `producers.shop.config.acks`,
//!   `network.latency_ms`: one place. Elements of lists go by their number or their `name`.
//! - `acks`, `min.insync.replicas`: Kafka's names; in every producer, in every group, in the brokers. What a topic
//!   has set for itself gives way to the brokers'.
//! - `duration_ms`, `protocol`, `brokers`, `partitions`, `ack_strategy`: keys of the format; in every place that has them.
//!   `idempotence`, `partitioner`, `truncate_when`: any of the protocol's switches.
//!
//! A value is JSON, or a bare word where a string is asked for.

use serde_json::Value;

use super::errors::Problem;
use super::path::{JsonPath, at};
use super::shape::{Shape, alternatives, kinds, properties};
use super::suggest::{list, nearest};

/// What became of the overrides.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The places that were set, in order, and by which override.
    pub set: Vec<(JsonPath, usize)>,
    /// What is wrong, and with which override.
    pub problems: Vec<(usize, Problem)>,
}

/// Sets in `file` what `overrides` say, in order.
pub fn apply(shape: &Shape, file: &mut Value, overrides: &[String]) -> Applied {
    let mut applied = Applied::default();
    for (index, text) in overrides.iter().enumerate() {
        match set(shape, file, text) {
            Ok(places) => applied.set.extend(places.into_iter().map(|place| (place, index))),
            Err(problem) => applied.problems.push((index, *problem)),
        }
    }
    applied
}

/// A place that a key means, and the schema of what may stand there.
type Places<'s> = Vec<(JsonPath, &'s Value)>;

fn set(shape: &Shape, file: &mut Value, text: &str) -> Result<Vec<JsonPath>, Box<Problem>> {
    let Some((key, written)) = text.split_once('=') else {
        return Err(problem("an override without a value").allowed("KEY=VALUE").into());
    };
    let places = places(shape, file, key)?;
    let Some((first, schema)) = places.first() else { return Ok(Vec::new()) };
    let value = value(shape, schema, first, written)?;
    for (path, _) in &places {
        let Some(place) = path.make(file) else {
            let above = path.parent().unwrap_or_default();
            let message = format!("{above} is not in the file, so that no part of it can be set");
            return Err(problem(message).allowed(format!("{above}=..., the whole of it")).into());
        };
        *place = value.clone();
        give_way(file, path);
    }
    Ok(places.into_iter().map(|(path, _)| path).collect())
}

fn problem(message: impl Into<String>) -> Problem {
    Problem::new(JsonPath::ROOT, message)
}

/// The value that was meant: JSON if that may stand there, else the bare word.
fn value(shape: &Shape, schema: &Value, path: &JsonPath, written: &str) -> Result<Value, Box<Problem>> {
    let json = serde_json::from_str::<Value>(written).ok();
    let word = Value::from(written);
    let mut complaint = None;
    for candidate in [Some(word), json].into_iter().flatten().rev() {
        let findings = shape.check_part(schema, path, &mut candidate.clone());
        match findings.problems.into_iter().next() {
            None => return Ok(candidate),
            Some(found) => complaint = complaint.or(Some(found)),
        }
    }
    Err(complaint.unwrap_or_else(|| problem("no value")).into())
}

fn places<'s>(shape: &'s Shape, file: &Value, key: &str) -> Result<Places<'s>, Box<Problem>> {
    let dotted = key.replace('[', ".").replace(']', "");
    let root = shape.root();
    if strip_property(root, &dotted).is_some() {
        return follow(shape, root, file, &dotted).map(|place| vec![place]);
    }
    let named = by_kafkas_name(shape, file, &dotted).or_else(|| by_short_name(shape, file, &dotted));
    match named {
        Some((places, _)) if !places.is_empty() => Ok(places),
        Some((_, owners)) => {
            let message = format!("the scenario has no {owners} that could take `{key}`");
            Err(problem(message).into())
        }
        None => Err(unknown(shape, key).into()),
    }
}

/// Where elements of a type stand: in the object at a path, or in each element of a list.
struct Home {
    definition: &'static str,
    owners: &'static str,
    list: Option<&'static str>,
    below: &'static [&'static str],
}

const KAFKAS: [Home; 3] = [
    Home { definition: "BrokerConfig", owners: "brokers", list: None, below: &["cluster", "config"] },
    Home { definition: "ProducerConfig", owners: "producers", list: Some("producers"), below: &["config"] },
    Home { definition: "ConsumerConfig", owners: "groups", list: Some("groups"), below: &["config"] },
];

const SHORT: [Home; 6] = [
    Home { definition: "Switches", owners: "protocol", list: None, below: &["switches"] },
    Home { definition: "Cluster", owners: "brokers", list: None, below: &["cluster"] },
    Home { definition: "Network", owners: "network", list: None, below: &["network"] },
    Home { definition: "TopicSpec", owners: "topics", list: Some("topics"), below: &[] },
    Home { definition: "ProducerSpec", owners: "producers", list: Some("producers"), below: &[] },
    Home { definition: "GroupSpec", owners: "groups", list: Some("groups"), below: &[] },
];

/// Keys that mean something else in each place, so that setting them everywhere makes no sense: leaders write at one rate, members
/// work at another.
const OWN: [&str; 5] = ["name", "config", "topic", "topics", "service_rate"];

impl Home {
    fn paths(&self, file: &Value) -> Vec<JsonPath> {
        let bases = match self.list {
            None => vec![JsonPath::ROOT],
            Some(list) => {
                let count = file[list].as_array().map_or(0, Vec::len);
                (0..count).map(|index| at![list, index]).collect()
            }
        };
        let below = |base: JsonPath| self.below.iter().fold(base, |path, &key| path.key(key));
        bases.into_iter().map(below).collect()
    }
}

/// The places with the setting `key`, and who would have it; `None` if nobody knows it.
fn of_homes<'s>(
    homes: &'static [Home],
    shape: &'s Shape,
    file: &Value,
    key: &str,
) -> Option<(Places<'s>, String)> {
    let mut places = Vec::new();
    let mut owners = Vec::new();
    for home in homes {
        if let Some(schema) = shape.definition(home.definition)["properties"].get(key) {
            owners.push(home.owners);
            places.extend(home.paths(file).into_iter().map(|path| (path.key(key), schema)));
        }
    }
    (!owners.is_empty()).then(|| (places, owners.join(" or ")))
}

fn by_kafkas_name<'s>(shape: &'s Shape, file: &Value, key: &str) -> Option<(Places<'s>, String)> {
    of_homes(&KAFKAS, shape, file, key)
}

fn by_short_name<'s>(shape: &'s Shape, file: &Value, key: &str) -> Option<(Places<'s>, String)> {
    if OWN.contains(&key) { None } else { of_homes(&SHORT, shape, file, key) }
}

/// What topics have set for themselves gives way to what is set for the brokers.
fn give_way(file: &mut Value, path: &JsonPath) {
    let brokers = at!["cluster", "config"];
    let [.., super::path::Step::Key(setting)] = &path.0[..] else { return };
    if path.parent().as_ref() != Some(&brokers) {
        return;
    }
    for topic in file.get_mut("topics").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(config) = topic.get_mut("config").and_then(Value::as_object_mut) {
            config.shift_remove(setting);
        }
    }
}

fn unknown(shape: &Shape, key: &str) -> Problem {
    let settings = KAFKAS.iter().flat_map(|home| properties(shape.definition(home.definition)));
    let short = SHORT.iter().flat_map(|home| properties(shape.definition(home.definition)));
    let short = short.filter(|name| !OWN.contains(name));
    let mut known: Vec<&str> = properties(shape.root()).chain(settings).chain(short).collect();
    let first = key.split('.').next().unwrap_or(key);
    let near = nearest(key, known.iter().copied()).map(ToOwned::to_owned).or_else(|| {
        let near = nearest(first, properties(shape.root()))?;
        Some(format!("{near}{}", &key[first.len()..]))
    });
    known.sort_unstable();
    known.dedup();
    // With a name at hand nobody reads them all.
    let allowed = match near {
        Some(_) => {
            "a path, such as `topics.0.partitions`, or a name that `highwater schema` lists".to_owned()
        }
        None => format!("a path, such as `topics.0.partitions`, or one of {}", list(known)),
    };
    problem(format!("no setting is called `{key}`")).nearest(near.as_deref()).allowed(allowed)
}

/// Follows a dotted path down the schema and the file.
fn follow<'s>(
    shape: &'s Shape,
    root: &'s Value,
    file: &Value,
    dotted: &str,
) -> Result<(JsonPath, &'s Value), Box<Problem>> {
    let (mut path, mut schema, mut rest) = (JsonPath::ROOT, root, dotted);
    while !rest.is_empty() {
        let prefix = &dotted[..dotted.len() - rest.len()];
        let here = path.find(file).unwrap_or(&Value::Null);
        (path, schema, rest) = step(shape, &path, schema, here, prefix, rest)?;
    }
    Ok((path, schema))
}

/// One step of [`follow`]: a key, or an element by number or name.
fn step<'s, 'k>(
    shape: &'s Shape,
    path: &JsonPath,
    schema: &'s Value,
    here: &Value,
    prefix: &str,
    rest: &'k str,
) -> Result<(JsonPath, &'s Value, &'k str), Box<Problem>> {
    let (mut schema, name) = shape.resolve(schema);
    if name == Some("Action") {
        schema = here.as_object().and_then(|action| shape.action(action).ok()).unwrap_or(schema);
    }
    if let Some(first) = kinds(schema).next() {
        schema = kinds(schema).find(|kind| strip_property(kind, rest).is_some()).unwrap_or(first);
    }
    if let Some(first) = alternatives(schema).next() {
        let of_kind = |one: &&Value| one["items"].is_object() == here.is_array();
        schema = alternatives(schema).find(of_kind).unwrap_or(first);
    }
    let miss = |near: Option<&str>, allowed: String| {
        let near = near.map(|near| format!("{prefix}{near}"));
        Err(problem(format!("no setting is called `{prefix}{rest}`"))
            .nearest(near.as_deref())
            .allowed(allowed)
            .into())
    };
    if schema["properties"].is_object() {
        let Some((property, rest_after)) = strip_property(schema, rest) else {
            let first = rest.split('.').next().unwrap_or(rest);
            let known = || properties(schema);
            let near = nearest(rest, known()).or_else(|| nearest(first, known()));
            return miss(near, format!("in {path}: {}", list(known())));
        };
        return Ok((path.key(property), &schema["properties"][property], rest_after));
    }
    if schema["additionalProperties"].is_object() {
        let (key, rest_after) = rest.split_once('.').unwrap_or((rest, ""));
        return Ok((path.key(key), &schema["additionalProperties"], rest_after));
    }
    if schema["items"].is_object() {
        return match strip_element(here, rest) {
            Some((index, rest_after)) => Ok((path.index(index), &schema["items"], rest_after)),
            None => {
                let names = names(here);
                let first = rest.split('.').next().unwrap_or(rest);
                miss(nearest(first, names.iter().copied()), format!("in {path}: {}", elements(here, &names)))
            }
        };
    }
    miss(None, format!("{path} as a whole"))
}

fn strip_property<'s, 'k>(schema: &'s Value, rest: &'k str) -> Option<(&'s str, &'k str)> {
    longest(properties(schema), rest)
}

/// The longest of `names` that `rest` begins with, and what comes after its dot. Kafka's names have dots themselves.
fn longest<'s, 'k>(names: impl Iterator<Item = &'s str>, rest: &'k str) -> Option<(&'s str, &'k str)> {
    let begins = |name: &'s str| {
        let after = rest.strip_prefix(name)?;
        if after.is_empty() { Some((name, after)) } else { Some((name, after.strip_prefix('.')?)) }
    };
    names.filter_map(begins).max_by_key(|(name, _)| name.len())
}

fn strip_element<'k>(here: &Value, rest: &'k str) -> Option<(usize, &'k str)> {
    let count = here.as_array().map_or(0, Vec::len);
    let (number, after) = rest.split_once('.').unwrap_or((rest, ""));
    if let Ok(index) = number.parse::<usize>() {
        return (index < count).then_some((index, after));
    }
    let names = names(here);
    let (name, after) = longest(names.iter().copied(), rest)?;
    Some((here.as_array()?.iter().position(|element| element["name"] == name)?, after))
}

fn names(here: &Value) -> Vec<&str> {
    here.as_array().into_iter().flatten().filter_map(|element| element["name"].as_str()).collect()
}

fn elements(here: &Value, names: &[&str]) -> String {
    match (here.as_array().map_or(0, Vec::len), names) {
        (0, _) => "nothing, it is empty".to_owned(),
        (1, []) => "0".to_owned(),
        (count, []) => format!("0 to {}", count - 1),
        (1, names) => format!("0, or {}", list(names)),
        (count, names) => format!("0 to {}, or {}", count - 1, list(names)),
    }
}

#[cfg(test)]
#[path = "overrides_test.rs"]
mod overrides_test;
