//! Names that faults speak of: which there are, and new ones for those that move up.

use serde_json::Value;

use super::edit::{list, number};
use crate::scenario::target::Target;

/// What there is in a scenario.
pub(super) struct Known {
    brokers: u64,
    /// Topics and how many partitions each has or may come to have.
    topics: Vec<(String, u64)>,
    clients: Vec<String>,
    groups: Vec<String>,
}

impl Known {
    pub(super) fn of(file: &Value) -> Self {
        let name = |it: &Value| it["name"].as_str().unwrap_or_default().to_owned();
        let mut clients: Vec<String> = list(file, "producers").iter().map(name).collect();
        for group in list(file, "groups") {
            let members = number(group, "members", 1) + number(group, "joining", 0);
            clients.extend((0..members).map(|member| format!("{}-{member}", name(group))));
        }
        let grown = |topic: &str| {
            let faults = list(file, "faults").iter().map(|fault| &fault["do"]);
            let grows = faults.filter(|action| action["create_partitions"] == topic);
            grows.filter_map(|action| action["count"].as_u64()).max().unwrap_or(0)
        };
        let topics = list(file, "topics").iter().map(|topic| {
            let partitions = number(topic, "partitions", 1).max(grown(&name(topic)));
            (name(topic), partitions)
        });
        Self {
            brokers: number(&file["cluster"], "brokers", 1),
            topics: topics.collect(),
            clients,
            groups: list(file, "groups").iter().map(name).collect(),
        }
    }

    /// Whether there is all that a fault speaks of.
    pub(super) fn has_all(&self, fault: &Value) -> bool {
        let (when, action) = (&fault["when"], &fault["do"]);
        let has = |value: &Value, known: &dyn Fn(&str) -> bool| value.as_str().is_none_or(known);
        has(&when["partition"], &|it| self.partition(it))
            && has(&action["elect_preferred"], &|it| self.partition(it))
            && has(&action["create_partitions"], &|it| self.topics.iter().any(|(topic, _)| topic == it))
            && has(&when["client"], &|it| self.clients.iter().any(|known| known == it))
            && has(&when["group"], &|it| self.groups.iter().any(|known| known == it))
            && places(fault).all(|target| self.target(target))
    }

    /// Takes nodes that are not there out of a partition of the network; if a side is left with none, the fault has lost its
    /// sense, and says so by a target that nobody has.
    pub(super) fn keep_groups(&self, action: &mut Value) {
        for side in action.get_mut("partition").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(nodes) = side.as_array_mut() {
                nodes.retain(|node| self.target(node));
                if nodes.is_empty() {
                    nodes.push("broker 0".into());
                }
            }
        }
    }

    fn partition(&self, name: &str) -> bool {
        let Some((topic, number)) = name.rsplit_once('-') else { return false };
        if topic.starts_with("__") {
            return true;
        }
        let within = |most: u64| number.parse::<u64>().is_ok_and(|number| number < most);
        self.topics.iter().any(|(known, partitions)| known == topic && within(*partitions))
    }

    fn target(&self, target: &Value) -> bool {
        let is_broker = |id: u64| (1..=self.brokers).contains(&id);
        if let Some(id) = target.as_u64() {
            return is_broker(id);
        }
        let Some(Ok(target)) = target.as_str().map(str::parse::<Target>) else { return true };
        match target {
            Target::Broker(id) => is_broker(id.into()),
            Target::Leader(partition) | Target::Follower { partition, .. } => self.partition(&partition),
            Target::Coordinator(group) => self.groups.contains(&group),
            Target::Client(name) => self.clients.contains(&name),
            Target::Controller
            | Target::TransactionCoordinator(_)
            | Target::AnyBroker
            | Target::EventBroker
            | Target::EventClient
            | Target::Rest => true,
        }
    }
}

/// The keys of an action under which a target stands.
const TARGETS: [&str; 8] = ["crash", "shutdown", "leave", "join", "pause", "lag", "from", "to"];

/// Where a fault has targets.
fn places(fault: &Value) -> impl Iterator<Item = &Value> {
    let action = &fault["do"];
    let links = [action, &action["cut"], &action["degrade"]];
    let single = links.into_iter().flat_map(|it| TARGETS.iter().filter_map(|&key| it.get(key)));
    let groups = action["partition"].as_array().into_iter().flatten();
    single.chain(groups.filter_map(Value::as_array).flatten()).chain(fault["when"].get("broker"))
}

/// Calls every target of a file's faults by a new name. None says that it is gone.
pub(super) fn rename(file: &mut Value, new: &dyn Fn(&Target) -> Option<Target>) {
    for fault in file.get_mut("faults").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(fault) = fault.as_object_mut() else { continue };
        let parts = fault.iter_mut().map(|(_, part)| part);
        for value in parts.flat_map(places_mut) {
            if let Ok(target) = serde_json::from_value::<Target>(value.clone()) {
                // Nobody has this number.
                *value = new(&target).unwrap_or(Target::Broker(0)).to_string().into();
            }
        }
    }
}

/// As [`places`], in `when` or `do`.
fn places_mut(part: &mut Value) -> Vec<&mut Value> {
    let mut found = Vec::new();
    for (key, value) in part.as_object_mut().into_iter().flatten() {
        let is_target = TARGETS.contains(&key.as_str()) || key == "broker";
        if (key == "cut" || key == "degrade") && value.is_object() {
            found.extend(value.as_object_mut().into_iter().flatten().map(|(_, end)| end));
        } else if key == "partition" && value.is_array() {
            let sides = value.as_array_mut().into_iter().flatten();
            found.extend(sides.filter_map(Value::as_array_mut).flatten());
        } else if is_target {
            found.push(value);
        }
    }
    found
}

/// Calls every partition that a file's faults speak of by a new name.
pub(super) fn rename_partitions(file: &mut Value, new: &dyn Fn(&str) -> String) {
    let renamed = |value: &mut Value| {
        if let Some(name) = value.as_str().filter(|name| !name.is_empty()) {
            *value = new(name).into();
        }
    };
    for fault in file.get_mut("faults").and_then(Value::as_array_mut).into_iter().flatten() {
        for pointer in ["/when/partition", "/do/elect_preferred"] {
            if let Some(value) = fault.pointer_mut(pointer) {
                renamed(value);
            }
        }
    }
    rename(file, &|target| {
        Some(match target {
            Target::Leader(partition) => Target::Leader(new(partition)),
            Target::Follower { number, partition } => {
                Target::Follower { number: *number, partition: new(partition) }
            }
            Target::Broker(_)
            | Target::Controller
            | Target::Coordinator(_)
            | Target::TransactionCoordinator(_)
            | Target::AnyBroker
            | Target::EventBroker
            | Target::EventClient
            | Target::Rest
            | Target::Client(_) => target.clone(),
        })
    });
}
