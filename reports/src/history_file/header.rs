//! The first line of a history: what a reader must know who has nothing else.
//!
//! The settings that promises follow from, by Kafka's names: whose acknowledgements stand, who is idempotent, transactional,
//! reads only what is committed, begins at the log's start, commits what it has worked on, and where elections are clean.

use highwater_model::config::{AckStrategy, Acks, AutoOffsetReset, CommitPoint, IsolationLevel};
use highwater_model::names::Names;
use highwater_model::protocol::Preset;
use serde::Serialize;

use super::ops::VALUES_OF_A_CLIENT;
use crate::clients::{Reader, Writer};
use crate::panel::PanelSetup;

/// What the format is called.
pub const FORMAT: &str = "highwater-history";
/// Its version: larger whenever a reader of the one before would misread it.
pub const FORMAT_VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    format: &'static str,
    version: u32,
    scenario: String,
    seed: u64,
    protocol: Preset,
    set: Vec<String>,
    producers: Vec<Producer>,
    groups: Vec<Group>,
    topics: Vec<Topic>,
}

#[derive(Clone, Debug, Serialize)]
struct Producer {
    client: String,
    topic: String,
    acks: Acks,
    #[serde(rename = "enable.idempotence")]
    idempotence: bool,
    #[serde(rename = "max.in.flight.requests.per.connection")]
    max_in_flight: u32,
    #[serde(rename = "transactional.id", skip_serializing_if = "Option::is_none")]
    transactional_id: Option<String>,
    /// The value of its first record; each later one is larger by one.
    values_from: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Group {
    group: String,
    topics: Vec<String>,
    members: Vec<String>,
    #[serde(rename = "isolation.level")]
    isolation: IsolationLevel,
    #[serde(rename = "auto.offset.reset")]
    reset: AutoOffsetReset,
    #[serde(rename = "enable.auto.commit")]
    auto_commit: bool,
    /// When its application commits by itself.
    commit: CommitPoint,
    /// Whether its application needs time for a record, and says when it has finished.
    takes_time: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Topic {
    topic: String,
    partitions: usize,
    #[serde(rename = "unclean.leader.election.enable")]
    unclean: bool,
    ack_strategy: AckStrategy,
}

impl Header {
    /// The first line of this run's history.
    pub fn new(setup: &PanelSetup) -> Self {
        let PanelSetup { names, config, .. } = setup;
        let topics = names.topics.iter().zip(&config.topics);
        let topic = |(name, topic): (&String, &highwater_model::config::Topic)| Topic {
            topic: name.clone(),
            partitions: topic.assignment.len(),
            unclean: topic.unclean_leader_election_enable,
            ack_strategy: topic.ack_strategy,
        };
        Self {
            format: FORMAT,
            version: FORMAT_VERSION,
            scenario: setup.scenario.to_string(),
            seed: setup.seed,
            protocol: setup.protocol.preset,
            set: setup.overrides.to_vec(),
            producers: setup.producers.iter().map(|writer| producer(writer, names)).collect(),
            groups: setup.groups.iter().map(|reader| group(reader, names)).collect(),
            topics: topics.map(topic).collect(),
        }
    }
}

fn producer(writer: &Writer, names: &Names) -> Producer {
    let Writer { node, settings, topic, .. } = writer;
    Producer {
        client: names.node(*node).to_owned(),
        topic: names.topic(*topic).to_owned(),
        acks: settings.acks,
        idempotence: settings.enable_idempotence,
        max_in_flight: settings.max_in_flight,
        transactional_id: settings.transactional_id.as_ref().map(ToString::to_string),
        values_from: u64::from(node.0) * VALUES_OF_A_CLIENT,
    }
}

fn group(reader: &Reader, names: &Names) -> Group {
    let Reader { group, topics, settings, members, commit, takes_time, .. } = reader;
    Group {
        group: names.group(*group).to_owned(),
        topics: topics.iter().map(|topic| names.topic(*topic).to_owned()).collect(),
        members: members.iter().map(|member| names.node(*member).to_owned()).collect(),
        isolation: settings.isolation_level,
        reset: settings.auto_offset_reset,
        auto_commit: settings.enable_auto_commit,
        commit: *commit,
        takes_time: *takes_time,
    }
}
