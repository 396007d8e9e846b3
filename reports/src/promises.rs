//! Which property is promised under which configuration.
//!
//! A promise follows from the settings of clients and brokers, and from what befell the disks; never from the
//! protocol's era. acks=-1 with clean elections promises in every era that acknowledged records last: an era that
//! loses them is found *violated*, not excused. Source: `judges.md`, `kafka-behaviour.md` section 11.
//!
//! A power failure that may take records off a disk (any, unless `log.flush.interval.messages` is 1) withdraws for the
//! run every promise that rests on logs that last. That is coarser than need be: with fewer such failures than copies
//! the promise could stand. But which copies were flushed in time is for a finer judge.

use highwater_model::config::{Acks, AutoOffsetReset, ClusterConfig};
use highwater_model::event::Event;
use highwater_model::ids::{NodeId, TopicId};
use highwater_model::machine::Ending;

use crate::clients::{Reader, Writer};
use crate::property::Property;

/// What a property needs to be promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// `unclean.leader.election.enable=false` for the topic.
    pub clean_election: bool,
    /// No power failure over logs that were not flushed.
    pub lasting_disks: bool,
    /// A producer with `acks=-1`.
    pub acks_all: bool,
    /// A producer with `enable.idempotence=true`.
    pub idempotence: bool,
}

impl Needs {
    const NOTHING: Self =
        Self { clean_election: false, lasting_disks: false, acks_all: false, idempotence: false };
    const LASTING_DISKS: Self = Self { lasting_disks: true, ..Self::NOTHING };
    const LASTING_LOGS: Self = Self { clean_election: true, ..Self::LASTING_DISKS };
    const LASTING_ACKS: Self = Self { acks_all: true, ..Self::LASTING_LOGS };
    const IDEMPOTENCE: Self = Self { idempotence: true, ..Self::LASTING_LOGS };

    /// What `property` needs.
    pub fn of(property: Property) -> Self {
        match property {
            Property::WeakIsr
            | Property::StrongIsr
            | Property::LogMatching
            | Property::LeaderCompleteness
            | Property::TruncationSparesCommitted
            | Property::InconsistentOffsets => Self::LASTING_LOGS,
            Property::AckedDurable | Property::LostWrite | Property::Unseen => Self::LASTING_ACKS,
            Property::Duplicate => Self::IDEMPOTENCE,
            // An in-sync follower whose disk lost its end is below its leader's HW, whatever anyone does.
            Property::HighWatermarkBound => Self::LASTING_DISKS,
            Property::LeaderInIsr
            | Property::OneLeaderPerEpoch
            | Property::HighWatermarkMonotone
            | Property::TruncationToHighWatermark
            | Property::IsrEvictionTimely
            | Property::IsrRejoin
            | Property::MinIsrRespected
            | Property::VisibleBelowHighWatermark
            | Property::IdempotentDedup
            | Property::AckHonesty
            | Property::Converged
            | Property::Elected
            | Property::Answered
            | Property::HighWatermarkReached
            | Property::GroupStable
            | Property::AllSeen => Self::NOTHING,
        }
    }

    /// In words: `acks=-1, clean election, no unflushed log lost with the power`.
    pub fn words(self) -> String {
        let words = [
            (self.acks_all, "acks=-1"),
            (self.idempotence, "enable.idempotence=true"),
            (self.clean_election, "unclean.leader.election.enable=false"),
            (self.lasting_disks, "no power failure over unflushed logs"),
        ];
        words.iter().filter(|(needed, _)| *needed).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
    }
}

/// To whom a property is promised in this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Promise {
    /// To all.
    Made,
    /// On some topics only, by [`TopicId`].
    Some(Vec<bool>),
    /// To nobody.
    NotMade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Client {
    acks: Acks,
    idempotent: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Topic {
    clean: bool,
    read_from_start: bool,
}

/// Whom this run's settings promise what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promises {
    /// By [`NodeId`]; none for nodes that do not produce.
    clients: Vec<Option<Client>>,
    /// By [`TopicId`].
    topics: Vec<Topic>,
    every_record_flushed: bool,
    disks_last: bool,
}

impl Promises {
    /// Reads the settings.
    pub fn new(config: &ClusterConfig, producers: &[Writer], groups: &[Reader]) -> Self {
        let mut clients = Vec::new();
        for Writer { node, settings, .. } in producers {
            let place = usize::from(node.0);
            clients.resize(clients.len().max(place + 1), None);
            clients[place] = Some(Client { acks: settings.acks, idempotent: settings.enable_idempotence });
        }
        let mut topics: Vec<Topic> = config
            .topics
            .iter()
            .map(|topic| Topic { clean: !topic.unclean_leader_election_enable, read_from_start: false })
            .collect();
        for Reader { topics: read, settings, .. } in groups {
            for topic in read.iter().filter(|_| settings.auto_offset_reset == AutoOffsetReset::Earliest) {
                if let Some(topic) = topics.get_mut(usize::from(topic.0)) {
                    topic.read_from_start = true;
                }
            }
        }
        let every_record_flushed = config.broker.log_flush_interval_messages <= 1;
        Self { clients, topics, every_record_flushed, disks_last: true }
    }

    /// Withdraws promises when a disk may have lost records.
    pub fn hear(&mut self, event: &Event) {
        if let Event::NodeStopped { ending: Ending::Power, .. } = event {
            self.disks_last &= self.every_record_flushed;
        }
    }

    /// To whom the property is promised, as things stand.
    pub fn of(&self, property: Property) -> Promise {
        let needs = Needs::of(property);
        let mut clients = self.clients.iter().flatten();
        let possible = (self.disks_last || !needs.lasting_disks)
            && (!needs.acks_all || clients.clone().any(|client| client.acks == Acks::All))
            && (!needs.idempotence || clients.any(|client| client.idempotent));
        if !possible {
            return Promise::NotMade;
        }
        if !needs.clean_election || self.topics.iter().all(|topic| topic.clean) {
            return Promise::Made;
        }
        if self.topics.iter().any(|topic| topic.clean) {
            return Promise::Some(self.topics.iter().map(|topic| topic.clean).collect());
        }
        Promise::NotMade
    }

    /// Whether this client's records on this topic fulfil what the property needs of settings.
    pub fn covers(&self, property: Property, client: NodeId, topic: TopicId) -> bool {
        let needs = Needs::of(property);
        let settings = self.clients.get(usize::from(client.0)).copied().flatten();
        (!needs.clean_election || self.topic(topic).clean)
            && (!needs.acks_all || settings.is_some_and(|client| client.acks == Acks::All))
            && (!needs.idempotence || settings.is_some_and(|client| client.idempotent))
    }

    /// The acks that this client asks for; none for nodes that do not produce.
    pub fn acks(&self, client: NodeId) -> Option<Acks> {
        self.clients.get(usize::from(client.0)).copied().flatten().map(|client| client.acks)
    }

    /// Whether some group reads this topic from its start.
    pub fn read_from_start(&self, topic: TopicId) -> bool {
        self.topic(topic).read_from_start
    }

    fn topic(&self, topic: TopicId) -> Topic {
        self.topics.get(usize::from(topic.0)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "promises_test.rs"]
mod promises_test;
