//! Which property is promised under which configuration.
//!
//! A promise follows from the settings of clients and brokers, and from what befell the disks; never from the
//! protocol's era. A setting that allows unclean elections withdraws nothing until there was one: what is lost without is lost by
//! the protocol. acks=-1 with clean elections promises in every era that acknowledged records last: an era that
//! loses them is found *violated*, not excused. Source: `judges.md`, `kafka-behaviour.md` section 11.
//!
//! A power failure that may take records off a disk (any, unless `log.flush.interval.messages` is 1) withdraws for the
//! run every promise that rests on logs that last. That is coarser than need be: with fewer such failures than copies
//! the promise could stand. But which copies were flushed in time is for a finer judge.

mod needs;

use highwater_model::config;
use highwater_model::config::{
    AckStrategy, Acks, AutoOffsetReset, ClusterConfig, CommitPoint, IsolationLevel, PartitionerClass,
};
use highwater_model::event::Event;
use highwater_model::ids::{GroupId, NodeId, TopicId};
use highwater_model::machine::Ending;

pub use needs::Needs;

use crate::clients::{Reader, Writer};
use crate::property::Property;

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
    ordered: bool,
    keys_stay: bool,
    restarted: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Topic {
    /// Only those were elected who have what was committed; or nobody else may be, whoever was.
    clean: bool,
    may_elect_unclean: bool,
    read_from_start: bool,
    /// By a group with `read_committed`.
    committed_read_from_start: bool,
    /// What acks=-1 waits for.
    strategy: AckStrategy,
    internal: bool,
    grown: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    commit_after: bool,
    from_start: bool,
    takes_time: bool,
    committed_only: bool,
}

/// Whom this run's settings promise what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promises {
    /// By [`NodeId`]; none for nodes that do not produce.
    clients: Vec<Option<Client>>,
    /// By [`TopicId`].
    topics: Vec<Topic>,
    /// By [`GroupId`].
    groups: Vec<Option<Group>>,
    brokers: u8,
    every_record_flushed: bool,
    disks_last: bool,
    /// Lives of brokers that ended otherwise than in good order.
    unclean_endings: u32,
    /// So many of them cost no acknowledged record, whatever the disks lose: less than every min.insync.replicas, where the controller
    /// elects only who is sure to have all. Otherwise 0.
    bearable_endings: u32,
}

impl Promises {
    /// Reads the settings.
    pub fn new(config: &ClusterConfig, producers: &[Writer], groups: &[Reader]) -> Self {
        let mut clients = Vec::new();
        for writer in producers {
            *slot(&mut clients, usize::from(writer.node.0)) = Some(Client::of(writer));
        }
        let topics = (0..).map(TopicId).zip(&config.topics);
        let mut topics: Vec<Topic> = topics.map(|(id, topic)| Topic::of(config, id, topic)).collect();
        let mut known = Vec::new();
        for reader in groups {
            let group = Group::of(reader);
            *slot(&mut known, usize::from(reader.group.0)) = Some(group);
            for topic in reader.topics.iter().filter(|_| group.from_start) {
                if let Some(topic) = topics.get_mut(usize::from(topic.0)) {
                    topic.read_from_start = true;
                    topic.committed_read_from_start |= group.committed_only;
                }
            }
        }
        let every_record_flushed = config.broker.log_flush_interval_messages <= 1;
        Self {
            clients,
            topics,
            groups: known,
            brokers: config.brokers,
            every_record_flushed,
            disks_last: true,
            unclean_endings: 0,
            bearable_endings: bearable_endings(config),
        }
    }

    /// Withdraws promises when a disk may have lost records, a leader was elected uncleanly where that is allowed, a producer begins
    /// anew, or a topic grows.
    #[inline]
    pub fn hear(&mut self, event: &Event) {
        if let Event::NodeStopped { node, ending } = event {
            self.disks_last &= self.every_record_flushed || *ending != Ending::Power;
            let is_unclean = *ending != Ending::Clean && node.as_broker(self.brokers).is_some();
            self.unclean_endings += u32::from(is_unclean);
        } else if let Event::NodeRestarted { node } = event {
            if let Some(Some(client)) = self.clients.get_mut(usize::from(node.0)) {
                client.restarted = true;
            }
        } else if let Event::PartitionsCreated { partition, .. } = event
            && let Some(topic) = self.topics.get_mut(usize::from(partition.topic.0))
        {
            topic.grown = true;
        } else if let Event::LeaderElected { partition, unclean: true, .. } = event
            && let Some(topic) = self.topics.get_mut(usize::from(partition.topic.0))
        {
            topic.clean &= !topic.may_elect_unclean;
        }
    }

    /// To whom the property is promised, as things stand.
    pub fn of(&self, property: Property) -> Promise {
        let needs = Needs::of(property);
        let clients_may = self.any_client(&needs);
        let groups_may = self.groups.iter().flatten().any(|group| group.meets(&needs));
        let groups_clean = self.coordinators_last();
        let acks_last = needs.bears_few && self.unclean_endings <= self.bearable_endings;
        let possible = (self.disks_last || acks_last || !needs.lasting_disks)
            && !needs.exactly_once
            && (groups_clean || !needs.clean_groups)
            && (clients_may || !needs.asks_clients())
            && (groups_may || !needs.asks_groups());
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

    /// Whether some client fulfils what the property needs of clients; a coordinator that writes to
    /// `__consumer_offsets` does.
    fn any_client(&self, needs: &Needs) -> bool {
        let coordinators = self.topics.iter().any(|topic| topic.internal) && needs.coordinators_do();
        coordinators || self.clients.iter().flatten().any(|client| client.meets(needs))
    }

    /// Whether this client's records on this topic fulfil what the property needs of settings.
    #[inline]
    pub fn covers(&self, property: Property, client: NodeId, topic: TopicId) -> bool {
        let needs = Needs::of(property);
        let topic = self.topic(topic);
        let client = self.clients.get(usize::from(client.0)).copied().flatten();
        let met = match client {
            Some(client) => client.meets(&needs),
            None => !needs.asks_clients() || (topic.internal && needs.coordinators_do()),
        };
        met && (!needs.clean_election || topic.clean)
            && !(needs.acks_all && topic.strategy == AckStrategy::Leader)
            && !(needs.fixed_keys && topic.grown)
            && !needs.exactly_once
    }

    /// Whether this group fulfils what the property needs of groups.
    pub fn covers_group(&self, property: Property, group: GroupId) -> bool {
        let needs = Needs::of(property);
        let group = self.groups.get(usize::from(group.0)).copied().flatten();
        !needs.exactly_once && group.is_some_and(|group| group.meets(&needs))
    }

    /// Whether what this client had acknowledged stands: that all the topic's strategy asks for have it.
    #[inline]
    pub fn is_firm(&self, client: NodeId, topic: TopicId) -> bool {
        self.acks(client) == Some(Acks::All) && self.topic(topic).strategy != AckStrategy::Leader
    }

    /// The acks that this client asks for; none for nodes that do not produce.
    #[inline]
    pub fn acks(&self, client: NodeId) -> Option<Acks> {
        self.clients.get(usize::from(client.0)).copied().flatten().map(|client| client.acks)
    }

    /// Whether only those may be elected on the topic who have what was committed.
    pub fn is_clean(&self, topic: TopicId) -> bool {
        self.topic(topic).clean
    }

    /// Whether some group reads this topic from its start.
    pub fn read_from_start(&self, topic: TopicId) -> bool {
        self.topic(topic).read_from_start
    }

    /// Whether some group with `read_committed` reads this topic from its start.
    pub fn committed_read_from_start(&self, topic: TopicId) -> bool {
        self.topic(topic).committed_read_from_start
    }

    /// Whether what was written to this topic and committed lasts.
    pub fn is_lasting(&self, topic: TopicId) -> bool {
        self.is_clean(topic) && self.disks_last
    }

    /// Whether only those may be elected as coordinators who have what was committed.
    pub fn coordinators_last(&self) -> bool {
        self.topics.iter().all(|topic| topic.clean || !topic.internal)
    }

    /// Whether the group reads only what is committed.
    #[inline]
    pub fn committed_only(&self, group: GroupId) -> bool {
        let group = self.groups.get(usize::from(group.0)).copied().flatten();
        group.is_some_and(|group| group.committed_only)
    }

    /// Whether the group's application needs time for a record.
    #[inline]
    pub fn takes_time(&self, group: GroupId) -> bool {
        let group = self.groups.get(usize::from(group.0)).copied().flatten();
        group.is_some_and(|group| group.takes_time)
    }

    fn topic(&self, topic: TopicId) -> Topic {
        self.topics.get(usize::from(topic.0)).copied().unwrap_or_default()
    }
}

impl Client {
    fn of(writer: &Writer) -> Self {
        let settings = &writer.settings;
        // Where the application names the partition, no partitioner has a say.
        let keys_stay =
            writer.partition.is_some() || settings.partitioner_class == PartitionerClass::DefaultPartitioner;
        Self {
            acks: settings.acks,
            idempotent: settings.enable_idempotence,
            ordered: settings.enable_idempotence || settings.max_in_flight == 1,
            keys_stay,
            restarted: false,
        }
    }

    fn meets(self, needs: &Needs) -> bool {
        (!needs.acks_all || self.acks == Acks::All)
            && (!needs.idempotence || self.idempotent)
            && (!needs.ordered_sends || self.ordered)
            && (!needs.one_session || !self.restarted)
            && (!needs.fixed_keys || self.keys_stay)
    }
}

impl Topic {
    fn of(config: &ClusterConfig, id: TopicId, topic: &config::Topic) -> Self {
        // A majority elects nobody who lacks what a majority has, whatever the topic says of unclean elections.
        let may_elect_unclean =
            topic.unclean_leader_election_enable && topic.ack_strategy != AckStrategy::Majority;
        Self {
            clean: true,
            may_elect_unclean,
            read_from_start: false,
            committed_read_from_start: false,
            strategy: topic.ack_strategy,
            internal: config.is_internal(id),
            grown: false,
        }
    }
}

impl Group {
    fn of(reader: &Reader) -> Self {
        let Reader { settings, commit, takes_time, .. } = reader;
        Self {
            commit_after: settings.enable_auto_commit || *commit != CommitPoint::BeforeProcessing,
            from_start: settings.auto_offset_reset == AutoOffsetReset::Earliest,
            takes_time: *takes_time,
            committed_only: settings.isolation_level == IsolationLevel::ReadCommitted,
        }
    }

    fn meets(self, needs: &Needs) -> bool {
        (!needs.commit_after || self.commit_after) && (!needs.from_start || self.from_start)
    }
}

/// How many lives of brokers may end uncleanly before an acknowledged record may be lost.
///
/// Where the high watermark stands still below min.insync.replicas, what was acknowledged is on that many disks; with KIP-966 nobody
/// is elected who ended uncleanly, as long as one of them did not. Source: I1 of `kafka-behaviour.md`.
fn bearable_endings(config: &ClusterConfig) -> u32 {
    let protocol = &config.protocol;
    if !protocol.eligible_leader_replicas || !protocol.unclean_shutdown_detected {
        return 0;
    }
    let least = |topic: &config::Topic| {
        let replicas = topic.assignment.iter().map(Vec::len).min().unwrap_or_default() as u32;
        topic.min_insync_replicas.min(replicas)
    };
    config.topics.iter().map(least).min().unwrap_or_default().saturating_sub(1)
}

/// A place of a list that grows with what is asked of it.
fn slot<T>(list: &mut Vec<Option<T>>, place: usize) -> &mut Option<T> {
    if place >= list.len() {
        list.resize_with(place + 1, || None);
    }
    &mut list[place]
}

#[cfg(test)]
#[path = "promises_test.rs"]
mod promises_test;
