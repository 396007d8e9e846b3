//! The session of an idempotent producer.

use crate::ids::{ProducerEpoch, ProducerId, Sequence};
use crate::message::ErrorCode;
use crate::record::ProducerStamp;
use crate::time::Instant;

/// Whether a producer has a PID. Source: KIP-98, 0.11.0.2 `TransactionManager`, `Sender.maybeWaitForProducerId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Session {
    /// The producer is not idempotent.
    Plain,
    /// It has no PID and asks for one from this moment on. Until it has one it sends nothing.
    Missing {
        /// Not before.
        ask_at: Instant,
    },
    /// The request is on its way.
    Asked,
    /// It has a PID.
    Open {
        /// PID.
        id: ProducerId,
        /// The first one, until a sequence is lost and the producer raises it (KIP-360).
        epoch: ProducerEpoch,
    },
    /// A newer producer has taken the PID over: nothing can be sent any more.
    /// Source: 0.11.0.2 `Sender.failBatch`, `TransactionManager.transitionToFatalError`.
    Fenced(ErrorCode),
}

impl Session {
    pub(super) fn new(idempotent: bool) -> Self {
        if idempotent { Self::Missing { ask_at: Instant::START } } else { Self::Plain }
    }

    /// Whether batches may leave.
    pub(super) fn may_send(self) -> bool {
        match self {
            Self::Plain | Self::Open { .. } => true,
            Self::Missing { .. } | Self::Asked | Self::Fenced(_) => false,
        }
    }

    /// What a batch that leaves for the first time is stamped with.
    pub(super) fn stamp(self, base_sequence: Sequence) -> Option<ProducerStamp> {
        match self {
            Self::Open { id, epoch } => {
                Some(ProducerStamp { id, epoch, base_sequence, transactional: false })
            }
            Self::Plain | Self::Missing { .. } | Self::Asked | Self::Fenced(_) => None,
        }
    }

    /// Whether a stamp is of this session.
    pub(super) fn made(self, stamp: ProducerStamp) -> bool {
        matches!(self, Self::Open { id, epoch } if (id, epoch) == (stamp.id, stamp.epoch))
    }
}
