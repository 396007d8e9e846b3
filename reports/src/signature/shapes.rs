//! Notes the notable things of a run as they happen, so that a signature can be told at its end.
//!
//! Only what does not come with every record is noted, a few dozen bytes each. Once something has broken, nothing more is
//! needed; until then only the latest are kept.

use highwater_model::event::{Event, Step, StepId, TruncationReason};
use highwater_model::ids::{BrokerId, NodeId, TopicPartition};
use highwater_model::machine::Ending;
use highwater_model::view::ClusterView;

use super::telling::Telling;
use super::{Role, Signature};
use crate::clients::Reader;
use crate::finding::Finding;

/// What the controller does to a broker that it takes for dead.
pub(super) const FENCING: &str = "fencing";

/// How many things are kept at most.
const KEPT: usize = 8192;

/// A thing that happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    pub(super) step: StepId,
    pub(super) what: What,
    partition: Option<TopicPartition>,
    /// Whom it happened to, and to whom else.
    pub(super) nodes: (NodeId, Option<NodeId>),
}

/// What a note says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
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
    /// Whether it is something that clients do or that is done to them, and that has no part in logs and the ISR.
    pub(super) fn strikes_clients(self) -> bool {
        self.is_a_fault()
            || matches!(self, Self::Part { word: "retry" | "epoch bump" | FENCING, whose: true })
    }

    /// Whether it is something that a fault does to a node or a link.
    pub(super) fn is_a_fault(self) -> bool {
        match self {
            Self::Stopped(_) => true,
            Self::Part { word, .. } => {
                ["restart", "pause", "cut", "bad link", "slow fetches", "lost message"].contains(&word)
            }
            Self::Expanded { .. } | Self::BecameLeader | Self::BecameFollower | Self::HealStarted => false,
        }
    }
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
        let mut told = Telling::new(stage, replicas, finding);
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
        Signature::new(finding.property, role, told.shape())
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
    if let Event::BrokerFenced { broker } = event {
        Some((What::Part { word: FENCING, whose: false }, (NodeId::from(*broker), None)))
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
