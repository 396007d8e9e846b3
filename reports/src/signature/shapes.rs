//! Notes the notable things of a run as they happen, so that a signature can be told at its end.
//!
//! Only what does not come with every record is noted, a few dozen bytes each. Once something has broken, nothing more is
//! needed; until then only the latest are kept.

use highwater_model::event::{Event, Step, StepId, TruncationReason};
use highwater_model::ids::{BrokerId, BrokerSet, NodeId, TopicPartition};
use highwater_model::machine::Ending;
use highwater_model::view::{ClusterView, PartitionView};

use super::{Role, Signature};
use crate::clients::Reader;
use crate::finding::Finding;
use crate::property::{Judge, Property};

/// How many things are kept at most.
const KEPT: usize = 8192;

/// A thing that happened.
#[derive(Clone, Copy, Debug)]
struct Note {
    step: StepId,
    what: What,
    partition: Option<TopicPartition>,
    /// Whom it happened to, and to whom else.
    nodes: (NodeId, Option<NodeId>),
}

/// What a note says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A part of the shape, by name; its one is named by their part if `whose`.
    Part {
        word: &'static str,
        whose: bool,
    },
    /// The ISR gained members, and is complete if `whole`.
    Expanded {
        whole: bool,
    },
    BecameLeader,
    BecameFollower,
    Stopped(&'static str),
    HealStarted,
}

impl What {
    /// Whether it is something that a fault does to a node or a link.
    fn is_a_fault(self) -> bool {
        match self {
            Self::Stopped(_) => true,
            Self::Part { word, .. } => {
                ["restart", "pause", "cut", "bad link", "lost message"].contains(&word)
            }
            Self::Expanded { .. } | Self::BecameLeader | Self::BecameFollower | Self::HealStarted => false,
        }
    }
}

/// Whether what strikes clients can break a property: not those of logs and of the ISR.
fn clients_matter(property: Property) -> bool {
    property.judge() == Judge::BlackBox
        || matches!(
            property,
            Property::GroupExclusivity
                | Property::CommitFencing
                | Property::LagBounded
                | Property::GroupStable
                | Property::AllSeen
                | Property::ProducerOrder
                | Property::IdempotentDedup
                | Property::Routing
                | Property::Answered
                | Property::LastStableOffsetReached
        )
}

/// All that was noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shapes {
    notes: Vec<Note>,
    /// Something broke: what happens from now on does not matter.
    closed: bool,
}

/// Who plays which part on a partition.
pub(crate) struct Stage<'a> {
    pub(crate) view: &'a ClusterView,
    pub(crate) groups: &'a [Reader],
    pub(crate) is_internal: bool,
}

impl Shapes {
    /// Notes an event, if it is notable.
    pub(crate) fn hear(&mut self, step: &Step, event: &Event, view: &ClusterView) {
        if self.closed {
            return;
        }
        if let Some((what, nodes)) = note(step, event, view) {
            self.notes.push(Note { step: step.id, what, partition: event.partition(), nodes });
        }
    }

    /// Whether there is no room for more: [`Shapes::make_room`].
    pub(crate) fn is_full(&self) -> bool {
        self.notes.len() >= KEPT && !self.closed
    }

    /// Forgets the older half, or, if something has broken, what is yet to come.
    pub(crate) fn make_room(&mut self, broken: bool) {
        self.closed = broken;
        if !broken {
            self.notes.drain(..KEPT / 2);
        }
    }

    /// The signature of a run that broke so.
    pub(crate) fn signature(&self, finding: &Finding, stage: &Stage<'_>) -> Signature {
        let at_the_end = finding.property.judged_at_the_end();
        let replicas = finding.partition.and_then(|partition| stage.view.partition(partition));
        let mut told = Telling {
            stage,
            replicas,
            leaders: BrokerSet::EMPTY,
            clients_matter: clients_matter(finding.property),
            parts: Vec::new(),
        };
        let mut role = None;
        for note in &self.notes {
            if note.step > finding.step.id || (at_the_end && note.what == What::HealStarted) {
                break;
            }
            if note.partition.is_some() && finding.partition.is_some() && note.partition != finding.partition
            {
                continue;
            }
            // What the simulation does is nobody's step: the one that it does it to plays the part.
            let struck = note.step == finding.step.id && matches!(note.what, What::Stopped(_));
            role = role.or(struck.then(|| told.role(note.nodes.0)));
            told.note(note, !at_the_end && note.step < finding.step.id);
        }
        let role = if at_the_end { Role::End } else { role.unwrap_or_else(|| told.role(finding.step.node)) };
        let first = told.parts.len().saturating_sub(Signature::LONGEST);
        Signature::new(finding.property, role, told.parts.split_off(first))
    }
}

/// A shape as it is told.
struct Telling<'a> {
    stage: &'a Stage<'a>,
    replicas: Option<&'a PartitionView>,
    /// The brokers that take themselves for the leader.
    leaders: BrokerSet,
    /// Whether what strikes clients can have a part in it.
    clients_matter: bool,
    parts: Vec<String>,
}

impl Telling<'_> {
    fn note(&mut self, note: &Note, may_be_whole: bool) {
        let (node, other) = note.nodes;
        let broker = node.as_broker(self.brokers());
        let is_elsewhere = |broker: BrokerId| !self.has_replica(broker);
        let other_broker = other.and_then(|node| node.as_broker(self.brokers()));
        if broker.is_some_and(is_elsewhere) || other_broker.is_some_and(is_elsewhere) {
            return;
        }
        if !self.clients_matter
            && note.what.is_a_fault()
            && (self.is_client(node) || other.is_some_and(|it| self.is_client(it)))
        {
            return;
        }
        match note.what {
            What::Part { word, whose: false } => self.add(word.to_owned()),
            What::Part { word, whose: true } => {
                let mut whose: Vec<_> =
                    [Some(node), other].into_iter().flatten().map(|it| self.role(it)).collect();
                whose.sort_unstable();
                let whose: Vec<_> = whose.into_iter().map(Role::word).collect();
                self.add(format!("{word} of {}", whose.join(" and ")));
            }
            What::Stopped(word) => {
                self.add(format!("{word} of {}", self.role(node).word()));
                self.leaders = broker.map_or(self.leaders, |broker| self.leaders.without(broker));
            }
            What::Expanded { whole: true } if may_be_whole => self.parts.clear(),
            What::Expanded { .. } => self.add("ISR expanded".to_owned()),
            What::BecameLeader => {
                self.leaders = broker.map_or(self.leaders, |broker| self.leaders.with(broker));
            }
            What::BecameFollower => {
                self.leaders = broker.map_or(self.leaders, |broker| self.leaders.without(broker));
            }
            What::HealStarted => self.add("heal".to_owned()),
        }
    }

    fn brokers(&self) -> u8 {
        self.stage.view.brokers.len() as u8
    }

    fn is_client(&self, node: NodeId) -> bool {
        node != NodeId::CONTROLLER && node.as_broker(self.brokers()).is_none()
    }

    fn has_replica(&self, broker: BrokerId) -> bool {
        self.replicas.is_none_or(|replicas| replicas.replica(broker).is_some())
    }

    fn role(&self, node: NodeId) -> Role {
        match node.as_broker(self.brokers()) {
            Some(broker) if !self.leaders.contains(broker) => Role::Follower,
            Some(_) if self.stage.is_internal => Role::Coordinator,
            Some(_) => Role::Leader,
            None if node == NodeId::CONTROLLER => Role::Controller,
            None if self.stage.groups.iter().any(|group| group.members.contains(&node)) => Role::Member,
            None => Role::Producer,
        }
    }

    /// A kind stands once, where it happened last.
    fn add(&mut self, part: String) {
        self.parts.retain(|before| *before != part);
        self.parts.push(part);
    }
}

/// What is notable in an event, and whom it happened to. Nothing that comes with every record.
fn note(step: &Step, event: &Event, view: &ClusterView) -> Option<(What, (NodeId, Option<NodeId>))> {
    let of = |word| What::Part { word, whose: true };
    let plain = |word| (What::Part { word, whose: false }, (NodeId::CONTROLLER, None));
    let broker = |id: BrokerId| (NodeId::from(id), None);
    Some(if let Event::NodeStopped { node, ending } = event {
        let word = match ending {
            Ending::Clean => "shutdown",
            Ending::Process => "crash",
            Ending::Power => "power loss",
        };
        (What::Stopped(word), (*node, None))
    } else if let Event::NodeRestarted { node } = event {
        (of("restart"), (*node, None))
    } else if let Event::NodePaused { node } = event {
        (of("pause"), (*node, None))
    } else if let Event::LinkCut { from, to } = event {
        (of("cut"), (*from, Some(*to)))
    } else if let Event::LinkDegraded { from, to } = event {
        (of("bad link"), (*from, Some(*to)))
    } else if let Event::FollowerLagged { broker: slow, .. } = event {
        (of("slow fetches"), broker(*slow))
    } else if let Event::MessageDropped { from, to, .. } = event {
        (of("lost message"), (*from, Some(*to)))
    } else if let Event::LeaderElected { epoch, unclean, .. } = event {
        if epoch.0 == 0 {
            return None;
        }
        plain(if *unclean { "unclean election" } else { "clean election" })
    } else if let Event::BecameLeader { broker: who, .. } = event {
        (What::BecameLeader, broker(*who))
    } else if let Event::BecameFollower { broker: who, .. } = event {
        (What::BecameFollower, broker(*who))
    } else if let Event::IsrExpanded { partition, isr, .. } = event {
        let replicas = view.partition(*partition).map_or(0, |partition| partition.replicas.len());
        (What::Expanded { whole: isr.len() == replicas }, (NodeId::CONTROLLER, None))
    } else if let Event::LogTruncated { reason, .. } = event {
        plain(match reason {
            TruncationReason::BecameFollower => "truncation (became follower)",
            TruncationReason::EpochEnd => "truncation (epoch end)",
            TruncationReason::UnknownEpoch => "truncation (unknown epoch)",
            TruncationReason::Diverged => "truncation (diverged)",
            TruncationReason::OutOfRange => "truncation (out of range)",
            TruncationReason::PowerLoss => "truncation (power loss)",
        })
    } else if *event == Event::HealStarted {
        (What::HealStarted, (NodeId::CONTROLLER, None))
    } else {
        return rarer(step, event);
    })
}

fn rarer(step: &Step, event: &Event) -> Option<(What, (NodeId, Option<NodeId>))> {
    let of = |word| Some((What::Part { word, whose: true }, (event.client().unwrap_or(step.node), None)));
    let plain = |word| Some((What::Part { word, whose: false }, (NodeId::CONTROLLER, None)));
    let about = |word, broker: BrokerId| Some((What::Part { word, whose: true }, (broker.into(), None)));
    if let Event::BrokerFenced { .. } = event {
        plain("fencing")
    } else if let Event::BounceOverlooked { broker } = event {
        about("overlooked bounce", *broker)
    } else if let Event::UncleanShutdownDetected { broker } = event {
        about("unclean shutdown", *broker)
    } else if let Event::FetcherDied { broker, .. } = event {
        about("dead fetcher", *broker)
    } else if let Event::BrokerHalted { broker, .. } = event {
        about("halt", *broker)
    } else if let Event::IsrShrunk { .. } = event {
        plain("ISR shrunk")
    } else if let Event::PartitionOffline { .. } = event {
        plain("no leader")
    } else if let Event::PartitionsCreated { .. } = event {
        plain("partitions created")
    } else if let Event::ProduceRetried { .. } = event {
        of("retry")
    } else if let Event::ProducerEpochBumped { .. } = event {
        of("epoch bump")
    } else if let Event::MemberExpired { .. } = event {
        of("expiry")
    } else if let Event::MemberLeft { .. } = event {
        of("leaving")
    } else if let Event::MemberFenced { .. } | Event::ProducerFenced { .. } = event {
        of("fencing")
    } else if let Event::PollExpired { .. } = event {
        of("poll expiry")
    } else if let Event::TransactionTimedOut { .. } = event {
        plain("transaction timeout")
    } else if let Event::TransactionFailed { .. } = event {
        plain("failed transaction")
    } else {
        None
    }
}
