//! What a fault did, with names in place of numbers: names outlive a change of the code that numbers nodes otherwise.

use highwater_model::ids::{NodeId, TopicId, TopicPartition};
use highwater_model::machine::Ending;
use highwater_model::message::MessageKind;
use highwater_model::names::Names;
use highwater_model::time::Micros;
use highwater_reports::latency::Millis;
use serde::{Deserialize, Serialize};

use crate::faults::Act;
use crate::scenario::suggest::nearest;
use crate::seed::Share;
use crate::wire::{Degraded, DropRule};

/// As [`Act`]. A span that is not there lasts until the heal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum NamedAct {
    Crash { node: String, ending: Ending, keeps: Option<u64>, restart_after_ms: Option<Millis> },
    Shutdown { node: String, controlled: bool, restart_after_ms: Option<Millis> },
    Leave { node: String },
    Join { node: String },
    Pause { node: String, for_ms: Option<Millis> },
    Cut { links: Vec<[String; 2]>, for_ms: Option<Millis> },
    Degrade { link: [String; 2], degraded: NamedDegraded, for_ms: Option<Millis> },
    Lag { broker: String, delay_ms: Option<Millis>, for_ms: Option<Millis> },
    Drop { message: MessageKind, from: Option<String>, to: Option<String>, count: u32 },
    ElectPreferred { partition: String },
    CreatePartitions { topic: String, count: u16 },
}

/// As [`Degraded`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NamedDegraded {
    latency_ms: Option<[Millis; 2]>,
    loss: f64,
    duplicate: f64,
    reorder: f64,
}

impl NamedAct {
    pub(super) fn new(act: &Act, names: &Names) -> Self {
        let name = |node: NodeId| names.node(node).to_owned();
        let pair = |(from, to): (NodeId, NodeId)| [name(from), name(to)];
        match *act {
            Act::Crash { node, ending, keeps, restart_after } => {
                Self::Crash { node: name(node), ending, keeps, restart_after_ms: restart_after.map(Millis) }
            }
            Act::Shutdown { node, controlled, restart_after } => {
                Self::Shutdown { node: name(node), controlled, restart_after_ms: restart_after.map(Millis) }
            }
            Act::Leave { node } => Self::Leave { node: name(node) },
            Act::Join { node } => Self::Join { node: name(node) },
            Act::Pause { node, lasts } => Self::Pause { node: name(node), for_ms: lasts.map(Millis) },
            Act::Cut { ref links, lasts } => {
                Self::Cut { links: links.iter().copied().map(pair).collect(), for_ms: lasts.map(Millis) }
            }
            Act::Degrade { from, to, degraded, lasts } => Self::Degrade {
                link: pair((from, to)),
                degraded: NamedDegraded {
                    latency_ms: degraded.latency.map(|(low, high)| [Millis(low), Millis(high)]),
                    loss: degraded.loss.share(),
                    duplicate: degraded.duplicate.share(),
                    reorder: degraded.reorder.share(),
                },
                for_ms: lasts.map(Millis),
            },
            Act::Lag { broker, delay, lasts } => Self::Lag {
                broker: name(broker.into()),
                delay_ms: delay.map(Millis),
                for_ms: lasts.map(Millis),
            },
            Act::Drop(DropRule { kind, from, to, left }) => {
                Self::Drop { message: kind, from: from.map(name), to: to.map(name), count: left }
            }
            Act::ElectPreferred(partition) => Self::ElectPreferred { partition: names.partition(partition) },
            Act::CreatePartitions { topic, count } => {
                Self::CreatePartitions { topic: names.topic(topic).to_owned(), count }
            }
        }
    }

    /// With numbers again.
    ///
    /// # Errors
    /// The name that nothing in the scenario has.
    pub(super) fn act(&self, names: &Names) -> Result<Act, String> {
        let find = Find(names);
        let span = |it: Option<Millis>| it.map(|Millis(span)| span);
        Ok(match self {
            Self::Crash { node, ending, keeps, restart_after_ms } => Act::Crash {
                node: find.node(node)?,
                ending: *ending,
                keeps: *keeps,
                restart_after: span(*restart_after_ms),
            },
            Self::Shutdown { node, controlled, restart_after_ms } => Act::Shutdown {
                node: find.node(node)?,
                controlled: *controlled,
                restart_after: span(*restart_after_ms),
            },
            Self::Leave { node } => Act::Leave { node: find.node(node)? },
            Self::Join { node } => Act::Join { node: find.node(node)? },
            Self::Pause { node, for_ms } => Act::Pause { node: find.node(node)?, lasts: span(*for_ms) },
            Self::Cut { links, for_ms } => Act::Cut {
                links: links.iter().map(|link| find.link(link)).collect::<Result<_, _>>()?,
                lasts: span(*for_ms),
            },
            Self::Degrade { link, degraded, for_ms } => {
                let (from, to) = find.link(link)?;
                Act::Degrade { from, to, degraded: degraded.degraded(), lasts: span(*for_ms) }
            }
            Self::Lag { broker, delay_ms, for_ms } => Act::Lag {
                broker: find
                    .node(broker)?
                    .as_broker(names.brokers)
                    .ok_or_else(|| format!("`{broker}` is no broker"))?,
                delay: span(*delay_ms),
                lasts: span(*for_ms),
            },
            Self::Drop { message, from, to, count } => {
                let node = |name: &Option<String>| name.as_ref().map(|name| find.node(name)).transpose();
                Act::Drop(DropRule { kind: *message, from: node(from)?, to: node(to)?, left: *count })
            }
            Self::ElectPreferred { partition } => Act::ElectPreferred(find.partition(partition)?),
            Self::CreatePartitions { topic, count } => {
                Act::CreatePartitions { topic: find.topic(topic)?, count: *count }
            }
        })
    }
}

impl NamedDegraded {
    fn degraded(&self) -> Degraded {
        let latency: Option<(Micros, Micros)> =
            self.latency_ms.map(|[Millis(low), Millis(high)]| (low, high));
        Degraded {
            latency,
            loss: Share::nearest(self.loss),
            duplicate: Share::nearest(self.duplicate),
            reorder: Share::nearest(self.reorder),
        }
    }
}

/// Numbers by name.
struct Find<'a>(&'a Names);

impl Find<'_> {
    fn node(&self, name: &str) -> Result<NodeId, String> {
        let place = self.0.nodes.iter().position(|node| node == name);
        place.map(|place| NodeId(place as u16)).ok_or_else(|| unknown("node", name, &self.0.nodes))
    }

    fn link(&self, [from, to]: &[String; 2]) -> Result<(NodeId, NodeId), String> {
        Ok((self.node(from)?, self.node(to)?))
    }

    fn topic(&self, name: &str) -> Result<TopicId, String> {
        let place = self.0.topics.iter().position(|topic| topic == name);
        place.map(|place| TopicId(place as u16)).ok_or_else(|| unknown("topic", name, &self.0.topics))
    }

    fn partition(&self, name: &str) -> Result<TopicPartition, String> {
        let (topic, number) = name.rsplit_once('-').unwrap_or((name, ""));
        let topic = self.topic(topic)?;
        let partition = number.parse().map_err(|_| format!("`{name}` is no partition, as `orders-0` is"))?;
        Ok(TopicPartition { topic, partition })
    }
}

fn unknown(what: &str, name: &str, known: &[String]) -> String {
    let near = nearest(name, known.iter().map(String::as_str));
    let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    format!("the scenario has no {what} `{name}`{near}")
}
