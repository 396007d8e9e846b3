//! What a driver and a machine say to each other.

use crate::event::Event;
use crate::ids::{CorrelationId, NodeId, TopicId, TopicPartition};
use crate::message::{Body, Envelope, Message};
use crate::record::Record;
use crate::time::Instant;
use crate::view::ClusterView;

/// A role in the cluster that knows no clock, no network and no chance.
///
/// The driver calls [`handle`](Self::handle) when something comes in, and with [`Input::Deadline`] once the time of
/// [`next_deadline`](Self::next_deadline) has come; it may come later, never earlier.
pub trait Machine {
    /// Takes one input at `now` and says what follows.
    fn handle(&mut self, now: Instant, input: Input, out: &mut Effects);
    /// When it wants to be called next though nothing comes in.
    fn next_deadline(&self) -> Option<Instant>;
    /// Copies what changed since it was last asked into the judge's view.
    fn show(&mut self, view: &mut ClusterView);
}

/// What comes into a machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The first input of a life.
    Start,
    /// Something arrived.
    Message {
        /// From whom.
        from: NodeId,
        /// What.
        message: Message,
    },
    /// The connection to this node broke: requests to it stay unanswered, its own may have been lost.
    Disconnected(NodeId),
    /// The deadline has come.
    Deadline,
    /// The outside world wants something.
    Command(Command),
}

/// What applications and operators ask of machines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// To a producer: send this record.
    Send {
        /// To which topic.
        topic: TopicId,
        /// To which partition; otherwise the partitioner chooses.
        partition: Option<u16>,
        /// What.
        record: Record,
    },
    /// To a transactional producer: a new transaction begins; what is sent from now on belongs to it.
    BeginTransaction,
    /// To a transactional producer: commit, once all that was sent is acknowledged.
    CommitTransaction,
    /// To a transactional producer: abort.
    AbortTransaction,
    /// To a group's member: close the consumer. A dynamic member leaves the group; the machine then ends its own life.
    Close,
    /// To a broker: stop in good order.
    ControlledShutdown,
    /// To a broker: stop with the log flushed and the session closed, but ask the controller for nothing first
    /// (`controlled.shutdown.enable=false`).
    Shutdown,
    /// To the controller: give the partition to the first of its replicas, if that one is alive and in the ISR.
    PreferredElection(TopicPartition),
    /// To the controller: let the topic have this many partitions.
    CreatePartitions {
        /// Which topic.
        topic: TopicId,
        /// How many in all.
        count: u16,
    },
}

/// How a broker's life ends; decides what its disk still holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// A clean shutdown: all is flushed and checkpointed.
    Clean,
    /// The process dies: the page cache, and so the log, survives; the high watermark falls back to its checkpoint.
    Process,
    /// The power fails: any suffix after the last flush may be gone.
    Power,
}

/// What follows from one input. Reused from step to step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Effects {
    /// Messages, in order.
    pub sends: Vec<Envelope>,
    /// Peers whose connection the machine closes after its sends; each gets [`Input::Disconnected`].
    pub closes: Vec<NodeId>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The machine ends its own life in this way, once its sends have left.
    pub stop: Option<Ending>,
}

impl Effects {
    /// Sends a message.
    pub fn send(&mut self, to: NodeId, correlation: CorrelationId, body: Body) {
        self.sends.push(Envelope { to, message: Message { correlation, body } });
    }
    /// Says that something happened.
    pub fn event(&mut self, event: Event) {
        self.events.push(event);
    }
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.sends.clear();
        self.closes.clear();
        self.events.clear();
        self.stop = None;
    }
}
