//! What may be left out: faults, clients, topics, partitions, brokers, replicas, settings.

use serde_json::Value;

use super::edit::{self, list, number};
use super::names::{rename, rename_partitions};
use super::search::Search;
use crate::scenario::target::Target;

/// All of them once. Says whether any helped.
pub(super) fn round(search: &mut Search<'_>) -> bool {
    let faults = fewer(search, |it| list(it, "faults").len(), |it, gone| edit::without(it, "faults", gone));
    let producers =
        fewer(search, |it| list(it, "producers").len(), |it, gone| edit::without(it, "producers", gone));
    let groups = fewer(search, |it| list(it, "groups").len(), |it, gone| edit::without(it, "groups", gone));
    let topics = fewer(search, |it| list(it, "topics").len(), |it, gone| edit::without(it, "topics", gone));
    let partitions = search.exhaust(fewer_partitions);
    let members = search.exhaust(fewer_members);
    let brokers = search.exhaust(fewer_brokers);
    let replicas = search.exhaust(fewer_replicas);
    let settings = fewer(search, |it| edit::settings(it).len(), without_settings);
    faults | producers | groups | topics | partitions | members | brokers | replicas | settings
}

/// Delta debugging (Zeller, Hildebrandt, Simplifying and Isolating Failure-Inducing Input, 2002) on a list: without runs of its
/// elements, first all, then halves, then quarters; the last first, for what comes late has the least to do with it.
fn fewer(
    search: &mut Search<'_>,
    count: impl Fn(&Value) -> usize,
    without: impl Fn(&Value, &[usize]) -> Value,
) -> bool {
    let mut helped = false;
    let mut run = count(&search.best);
    while run > 0 && !search.is_over() {
        let all = count(&search.best);
        let starts = (0..all).step_by(run).rev();
        let candidates = starts.map(|start| {
            let gone: Vec<usize> = (start..(start + run).min(all)).collect();
            without(&search.best, &gone)
        });
        let candidates: Vec<Value> = candidates.collect();
        if search.improve(candidates) {
            helped = true;
            run = run.min(count(&search.best));
        } else {
            run /= 2;
        }
    }
    helped
}

fn without_settings(file: &Value, gone: &[usize]) -> Value {
    let settings = edit::settings(file);
    let mut file = file.clone();
    for &place in gone {
        edit::remove(&mut file, &settings[place]);
    }
    file
}

/// Each topic with one partition alone, and without each of its partitions; those that come later move up.
fn fewer_partitions(file: &Value) -> Vec<Value> {
    let mut candidates = Vec::new();
    for (place, topic) in list(file, "topics").iter().enumerate() {
        let partitions = number(topic, "partitions", 1);
        if partitions > 1 {
            let alone = (0..partitions).map(|kept| keeping(file, place, &[kept]));
            let without = (0..partitions).rev().map(|gone| {
                let kept: Vec<u64> = (0..partitions).filter(|&other| other != gone).collect();
                keeping(file, place, &kept)
            });
            candidates.extend(alone.chain(without));
        }
    }
    candidates
}

/// The file with these partitions of a topic and no others.
fn keeping(file: &Value, place: usize, kept: &[u64]) -> Value {
    let mut file = file.clone();
    edit::assign(&mut file, place);
    let topic = &mut file["topics"][place];
    let name = topic["name"].as_str().unwrap_or_default().to_owned();
    let assignment: Vec<Value> =
        kept.iter().map(|&partition| topic["assignment"][partition as usize].clone()).collect();
    topic["assignment"] = assignment.into();
    topic["partitions"] = kept.len().into();
    let moved = |number: u64| kept.iter().position(|&partition| partition == number);
    rename_partitions(&mut file, &|partition| {
        let number = partition.strip_prefix(&name).and_then(|rest| rest.strip_prefix('-'));
        match number.and_then(|number| number.parse::<u64>().ok()) {
            // Nobody has a partition of such a number.
            Some(number) => format!("{name}-{}", moved(number).unwrap_or(usize::MAX)),
            None => partition.to_owned(),
        }
    });
    for producer in file.get_mut("producers").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(number) = producer["partition"].as_u64()
            && producer["topic"] == name.as_str()
        {
            producer["partition"] = moved(number).unwrap_or(0).into();
        }
    }
    file
}

fn fewer_members(file: &Value) -> Vec<Value> {
    let mut candidates = Vec::new();
    for (place, group) in list(file, "groups").iter().enumerate() {
        for key in ["members", "joining"] {
            let pointer = format!("/groups/{place}/{key}");
            let now = number(group, key, 0);
            candidates.extend((1..now).map(|fewer| edit::with(file, &pointer, fewer.into())));
        }
    }
    candidates
}

/// Without each broker, the last first; those that come later move up.
fn fewer_brokers(file: &Value) -> Vec<Value> {
    let brokers = number(&file["cluster"], "brokers", 1);
    if brokers < 2 {
        Vec::new()
    } else {
        (1..=brokers).rev().map(|gone| without_broker(file, gone)).collect()
    }
}

fn without_broker(file: &Value, gone: u64) -> Value {
    let mut file = file.clone();
    for place in 0..list(&file, "topics").len() {
        edit::assign(&mut file, place);
        let topic = &mut file["topics"][place];
        let lists = topic["assignment"].as_array_mut().into_iter().flatten();
        let mut lists: Vec<&mut Vec<Value>> = lists.filter_map(Value::as_array_mut).collect();
        for replicas in &mut lists {
            replicas.retain(|broker| broker.as_u64() != Some(gone));
            for broker in replicas.iter_mut() {
                if let Some(id) = broker.as_u64().filter(|&id| id > gone) {
                    *broker = (id - 1).into();
                }
            }
        }
        // Where it had no replica, the last goes in its stead: all partitions have as many.
        let fewest = lists.iter().map(|replicas| replicas.len()).min().unwrap_or(0);
        for replicas in lists {
            replicas.truncate(fewest);
        }
        topic["replication"] = fewest.into();
    }
    rename(&mut file, &|target| {
        let Target::Broker(id) = target else { return Some(target.clone()) };
        match u64::from(*id) {
            same if same == gone => None,
            later if later > gone => Some(Target::Broker(id - 1)),
            _ => Some(target.clone()),
        }
    });
    file["cluster"]["brokers"] = (number(&file["cluster"], "brokers", 1) - 1).into();
    file
}

/// Each topic without one replica of each partition: the last, the one before it, and so on.
fn fewer_replicas(file: &Value) -> Vec<Value> {
    let mut candidates = Vec::new();
    for (place, topic) in list(file, "topics").iter().enumerate() {
        for gone in
            (0..number(topic, "replication", 1)).rev().take_while(|_| number(topic, "replication", 1) > 1)
        {
            let mut file = file.clone();
            edit::assign(&mut file, place);
            let topic = &mut file["topics"][place];
            for replicas in topic["assignment"].as_array_mut().into_iter().flatten() {
                if let Some(replicas) = replicas.as_array_mut().filter(|list| (gone as usize) < list.len()) {
                    replicas.remove(gone as usize);
                }
            }
            topic["replication"] = (number(topic, "replication", 1) - 1).into();
            candidates.push(file);
        }
    }
    candidates
}
