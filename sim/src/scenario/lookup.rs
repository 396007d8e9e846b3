//! Finds what a scenario's names mean: topics, partitions, clients, targets.

use highwater_model::ids::{GroupId, NodeId, TopicId, TopicPartition};

use super::errors::Problem;
use super::format::{Action, GroupSpec, Scenario, TopicSpec};
use super::path::JsonPath;
use super::plan::PlannedTarget;
use super::suggest::{list, nearest};
use super::target::Target;
use super::{offsets_topic, transactions_topic};

/// A name that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// What was found, and why it is nothing.
    pub message: String,
    /// What may stand there.
    pub allowed: String,
    /// What was probably meant.
    pub nearest: Option<String>,
}

impl Miss {
    /// The problem that it is for the value at `path`.
    pub fn at(self, path: JsonPath) -> Problem {
        let message = format!("{path}: {}", self.message);
        Problem::new(path, message).allowed(self.allowed).nearest(self.nearest.as_deref())
    }
}

/// The names of one scenario. Nodes are numbered as everywhere: the controller 0, brokers from 1,
/// then producers, then the groups' members.
#[derive(Clone, Debug)]
pub struct Lookup<'a> {
    scenario: &'a Scenario,
    clients: Vec<String>,
}

impl<'a> Lookup<'a> {
    /// The names of `scenario`.
    pub fn new(scenario: &'a Scenario) -> Self {
        let producers = scenario.producers.iter().map(|producer| producer.name.clone());
        let members = scenario.groups.iter().flat_map(GroupSpec::member_names);
        Self { scenario, clients: producers.chain(members).collect() }
    }

    /// The names of all clients: producers, then members `billing-0`, in the order of their nodes.
    pub fn clients(&self) -> &[String] {
        &self.clients
    }

    /// The node of the first client, the first producer's.
    pub fn first_client(&self) -> u16 {
        u16::from(self.scenario.cluster.brokers) + 1
    }

    /// A topic of the scenario by its name.
    ///
    /// # Errors
    /// If there is none; and if it is `__consumer_offsets`, which is no application's.
    pub fn topic(&self, name: &str) -> Result<TopicId, Miss> {
        let names = || self.scenario.topics.iter().map(|topic| topic.name.as_str());
        if [offsets_topic::NAME, transactions_topic::NAME].contains(&name) {
            let whose = if name == offsets_topic::NAME { "groups" } else { "transactions" };
            return Err(Miss {
                message: format!(
                    "`{name}` is the cluster's own topic, which only coordinators of {whose} use"
                ),
                allowed: list(names()),
                nearest: None,
            });
        }
        let place = names().position(|known| known == name).ok_or_else(|| Miss {
            message: format!("there is no topic `{name}`"),
            allowed: list(names()),
            nearest: nearest(name, names()).map(ToOwned::to_owned),
        })?;
        Ok(TopicId(place as u16))
    }

    /// A group by its name.
    ///
    /// # Errors
    /// If there is none.
    pub fn group(&self, name: &str) -> Result<GroupId, Miss> {
        let names = || self.scenario.groups.iter().map(|group| group.name.as_str());
        let place = names().position(|known| known == name).ok_or_else(|| Miss {
            message: format!("there is no group `{name}`"),
            allowed: list(names()),
            nearest: nearest(name, names()).map(ToOwned::to_owned),
        })?;
        Ok(GroupId(place as u16))
    }

    /// A partition by its name, `orders-0`; also one that a fault may create, and `__consumer_offsets-0` if there is a group.
    ///
    /// # Errors
    /// If the topic or the partition does not exist.
    pub fn partition(&self, name: &str) -> Result<TopicPartition, Miss> {
        let Some((topic, number)) = name.rsplit_once('-') else { return Err(self.no_partition(name)) };
        let Ok(partition) = number.parse::<u16>() else { return Err(self.no_partition(name)) };
        let internal = self.internal().find(|(name, ..)| *name == topic);
        let topic = internal.map_or_else(|| self.topic(topic), |(_, id, ..)| Ok(id)).map_err(|miss| {
            Miss { nearest: miss.nearest.map(|near| format!("{near}-{number}")), ..self.no_partition(name) }
        })?;
        let partitions = match self.scenario.topics.get(usize::from(topic.0)) {
            Some(topic) => self.most_partitions(topic),
            None => internal.map_or(0, |(_, _, partitions, _)| partitions),
        };
        if partition >= partitions || number.len() > 1 && number.starts_with(['0', '+']) {
            return Err(self.no_partition(name));
        }
        Ok(TopicPartition { topic, partition })
    }

    /// How many partitions a topic may come to have.
    fn most_partitions(&self, topic: &TopicSpec) -> u16 {
        let mut most = topic.partitions;
        for fault in &self.scenario.faults {
            if let Action::CreatePartitions(create) = &fault.action
                && create.create_partitions == topic.name
            {
                most = most.max(create.count);
            }
        }
        most
    }

    fn no_partition(&self, name: &str) -> Miss {
        let range = |(name, count): (&str, u16)| match count {
            0 | 1 => format!("`{name}-0`"),
            more => format!("`{name}-0` to `{name}-{}`", more - 1),
        };
        let topics =
            self.scenario.topics.iter().map(|topic| (topic.name.as_str(), self.most_partitions(topic)));
        let internal = self.internal().map(|(name, _, partitions, _)| (name, partitions));
        let allowed = topics.chain(internal).map(range).collect::<Vec<_>>().join(", ");
        Miss { message: format!("there is no partition `{name}`"), allowed, nearest: None }
    }

    /// A client by its name.
    ///
    /// # Errors
    /// If there is none.
    pub fn client(&self, name: &str) -> Result<NodeId, Miss> {
        let Some(place) = self.clients.iter().position(|client| client == name) else {
            let near = nearest(name, self.clients.iter().map(String::as_str));
            return Err(Miss {
                message: format!("there is no client `{name}`"),
                allowed: match self.clients.is_empty() {
                    true => "nothing: the scenario has no clients".to_owned(),
                    false => list(&self.clients),
                },
                nearest: near.map(ToOwned::to_owned),
            });
        };
        // More clients than node ids are refused elsewhere.
        let node = usize::from(self.first_client()) + place;
        Ok(NodeId(u16::try_from(node).unwrap_or(u16::MAX)))
    }

    /// A group's member by its name, `billing-0`.
    ///
    /// # Errors
    /// If no group has it.
    pub fn member(&self, name: &str) -> Result<NodeId, Miss> {
        let producers = self.scenario.producers.len();
        if self.clients[producers..].iter().any(|member| member == name) {
            return self.client(name);
        }
        let message = match self.client(name) {
            Ok(_) => format!("`{name}` is a producer, and no member of a group"),
            Err(_) => format!("no group has a member `{name}`"),
        };
        let members = |group: &GroupSpec| match group.members + group.joining {
            0 | 1 => format!("`{}-0`", group.name),
            more => format!("`{0}-0` to `{0}-{1}`", group.name, more - 1),
        };
        let allowed = match self.scenario.groups.is_empty() {
            true => "nothing: the scenario has no groups".to_owned(),
            false => self.scenario.groups.iter().map(members).collect::<Vec<_>>().join(", "),
        };
        let near = nearest(name, self.clients[producers..].iter().map(String::as_str));
        Err(Miss { message, allowed, nearest: near.map(ToOwned::to_owned) })
    }

    /// A target, with its names turned into ids.
    ///
    /// # Errors
    /// If it names a broker, a partition, a follower or a client that does not exist.
    pub fn target(&self, target: &Target) -> Result<PlannedTarget, Miss> {
        Ok(match target {
            Target::Broker(id) => PlannedTarget::Node(self.broker(*id)?),
            Target::Controller => PlannedTarget::Node(NodeId::CONTROLLER),
            Target::Leader(partition) => PlannedTarget::Leader(self.partition(partition)?),
            Target::Follower { number, partition } => self.follower(*number, partition)?,
            Target::Coordinator(group) => PlannedTarget::Leader(self.coordinated_by(group)?),
            Target::TransactionCoordinator(id) => PlannedTarget::Leader(self.transactions_of(id)?),
            Target::AnyBroker => PlannedTarget::AnyBroker,
            Target::EventBroker => PlannedTarget::EventBroker,
            Target::EventClient => PlannedTarget::EventClient,
            Target::Rest => PlannedTarget::Rest,
            Target::Client(name) => {
                PlannedTarget::Node(self.client(name).map_err(|miss| self.no_node(name, miss))?)
            }
        })
    }

    /// The partition whose leader coordinates a group.
    fn coordinated_by(&self, group: &str) -> Result<TopicPartition, Miss> {
        let group = self.group(group)?;
        let topic = offsets_topic::id(self.scenario).unwrap_or_default();
        let partition = offsets_topic::partition_of(self.scenario, group).unwrap_or_default();
        Ok(TopicPartition { topic, partition })
    }

    /// The partition whose leader coordinates a transactional id's transactions.
    fn transactions_of(&self, id: &str) -> Result<TopicPartition, Miss> {
        let ids = transactions_topic::ids(self.scenario);
        let topic = transactions_topic::id(self.scenario).filter(|_| ids.iter().any(|known| known == id));
        let topic = topic.ok_or_else(|| Miss {
            message: format!("no producer has the transactional.id `{id}`"),
            allowed: match ids.is_empty() {
                true => "nothing: the scenario has no transactional producer".to_owned(),
                false => list(ids.iter().map(String::as_str)),
            },
            nearest: nearest(id, ids.iter().map(String::as_str)).map(ToOwned::to_owned),
        })?;
        Ok(TopicPartition { topic, partition: transactions_topic::partition_of(self.scenario, id) })
    }

    /// The cluster's own topics, as far as there are any: their names, ids, and numbers of partitions and replicas.
    fn internal(&self) -> impl Iterator<Item = (&'static str, TopicId, u16, u8)> {
        let scenario = self.scenario;
        let offsets = offsets_topic::id(scenario).map(|id| {
            (
                offsets_topic::NAME,
                id,
                offsets_topic::partitions(scenario),
                offsets_topic::replication(scenario),
            )
        });
        let transactions = transactions_topic::id(scenario).map(|id| {
            let partitions = transactions_topic::partitions(scenario);
            (transactions_topic::NAME, id, partitions, transactions_topic::replication(scenario))
        });
        offsets.into_iter().chain(transactions)
    }

    /// A broker by its id.
    ///
    /// # Errors
    /// If there is none.
    pub fn broker(&self, id: u8) -> Result<NodeId, Miss> {
        let brokers = self.scenario.cluster.brokers;
        if (1..=brokers).contains(&id) {
            return Ok(NodeId(u16::from(id)));
        }
        let allowed = if brokers == 1 { "broker 1".to_owned() } else { format!("brokers 1 to {brokers}") };
        Err(Miss { message: format!("there is no broker {id}"), allowed, nearest: None })
    }

    fn follower(&self, number: u8, partition: &str) -> Result<PlannedTarget, Miss> {
        let partition_id = self.partition(partition)?;
        let topic = self.scenario.topics.get(usize::from(partition_id.topic.0));
        let internal = || self.internal().find(|(_, id, ..)| *id == partition_id.topic);
        let replication =
            topic.map_or_else(|| internal().map_or(1, |(.., replicas)| replicas), |topic| topic.replication);
        let followers = replication.saturating_sub(1);
        if (1..=followers).contains(&number) {
            return Ok(PlannedTarget::Follower { number, partition: partition_id });
        }
        let allowed = match followers {
            0 => format!("nothing: {partition} has one replica, and so no follower"),
            1 => format!("`follower of {partition}`"),
            more => format!("`follower 1 of {partition}` to `follower {more} of {partition}`"),
        };
        Err(Miss { message: format!("there is no follower {number} of {partition}"), allowed, nearest: None })
    }

    /// One word that is no client: it may have been meant for a broker or another target.
    fn no_node(&self, name: &str, miss: Miss) -> Miss {
        let digits = name.trim_start_matches("broker").trim_start_matches(['-', '_']);
        let nearest = if digits.parse::<u8>().is_ok_and(|id| self.broker(id).is_ok()) {
            Some(format!("broker {digits}"))
        } else {
            miss.nearest.or_else(|| nearest(name, ["controller", "rest"]).map(ToOwned::to_owned))
        };
        Miss { message: format!("there is no node `{name}`"), allowed: Target::ALLOWED.to_owned(), nearest }
    }
}
