//! What clients do and are told, one operation after the other.

use highwater_model::event::StepId;
use highwater_model::ids::{GroupId, NodeId, Offset, RecordId, TopicId, TopicPartition, TransactionalId};
use highwater_model::message::ErrorCode;
use highwater_model::record::Origin;
use highwater_model::time::Instant;
use serde::Serialize;
use strum::IntoStaticStr;

/// Jepsen's four: what is asked for, and the three ways in which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Kind {
    /// It begins.
    Invoke,
    /// It was done.
    Ok,
    /// It was surely not done.
    Fail,
    /// Nobody can say.
    Info,
}

/// Something that a client did or was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// When.
    pub at: Instant,
    /// The step that it was part of. Never written: it only joins what one poll returned.
    pub step: StepId,
    /// A life of a client.
    pub process: u32,
    /// Which client.
    pub client: NodeId,
    /// Whether it begins or how it ended.
    pub kind: Kind,
    /// What.
    pub what: What,
    /// What the client was told of what went wrong.
    pub error: Option<ErrorCode>,
}

/// A record that was handed over, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// To which partition it went.
    pub partition: TopicPartition,
    /// Where it is, once its producer knows.
    pub offset: Option<Offset>,
    /// Which record.
    pub value: RecordId,
    /// What the application made it of.
    pub made_of: Option<Origin>,
}

/// What a poll returned of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Which partition.
    pub partition: TopicPartition,
    /// In the order in which they came.
    pub records: Vec<(Offset, RecordId)>,
}

/// Partitions and how far a group has come in each.
pub type Positions = Vec<(TopicPartition, Offset)>;

/// What a client did or was told. Where nothing is said of an invocation there is only the completion.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Invocation: one record was handed over. Completion: what became of records that went together.
    Send(Vec<Sent>),
    /// A poll returned records.
    Poll(GroupId, Vec<Read>),
    /// A member owns these partitions from now on, and no others.
    Assign(GroupId, Vec<TopicPartition>),
    /// A member gave these partitions away, or learned that it has lost them.
    Revoke(GroupId, Vec<TopicPartition>),
    /// A member goes on from here.
    Seek(GroupId, TopicPartition, Offset),
    /// An application has finished these records: from an offset to another.
    Process(GroupId, TopicPartition, Offset, Offset),
    /// A member commits how far it has come.
    Commit(GroupId, Positions),
    /// A member was told how far its group has come.
    Committed(GroupId, Positions),
    /// An application begins a transaction.
    Begin(TransactionalId, u32),
    /// Its producer brings offsets, to hold if the transaction is committed.
    SendOffsets(GroupId, Positions),
    /// Its producer asks for the transaction's end, or was told of it.
    End {
        /// Whether it is to be committed, or was.
        commit: bool,
    },
    /// A producer learned that another has taken its place.
    Fenced,
    /// A client's life ended.
    Crash,
    /// It lives again, as another process.
    Restart,
    /// A topic was given partitions, the first of them and so many in all.
    CreatePartitions(TopicId, u16, u16),
}

impl What {
    /// Jepsen's `:f`.
    pub fn f(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::Poll(..) => "poll",
            Self::Assign(..) => "assign",
            Self::Revoke(..) => "revoke",
            Self::Seek(..) => "seek",
            Self::Process(..) => "process",
            Self::Commit(..) => "commit-offsets",
            Self::Committed(..) => "committed",
            Self::Begin(..) => "begin",
            Self::SendOffsets(..) => "send-offsets",
            Self::End { commit: true } => "commit",
            Self::End { commit: false } => "abort",
            Self::Fenced => "fenced",
            Self::Crash => "crash",
            Self::Restart => "restart",
            Self::CreatePartitions(..) => "create-partitions",
        }
    }
}

/// A value as files have it: 40000000017 is the eighteenth record of node 4. Unlike the bits of a [`RecordId`], people can read it.
pub fn value(record: RecordId) -> u64 {
    u64::from(record.client().0) * VALUES_OF_A_CLIENT + u64::from(record.number())
}

/// Larger than any number of a client's record.
pub const VALUES_OF_A_CLIENT: u64 = 10_000_000_000;
