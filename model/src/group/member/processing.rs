//! An application that processes what a poll returned within a transaction of a producer of its own.

use crate::group::member::application::Application;
use crate::group::member::{Member, Position};
use crate::ids::{Generation, MemberId, Offset, TopicPartition};
use crate::machine::Effects;
use crate::message::PendingOffset;
use crate::time::Instant;

/// What a poll returned, for an application that hands it over to its producer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Polled {
    /// The records' places, in the order in which they were returned.
    pub(crate) inputs: Vec<(TopicPartition, Offset)>,
    /// How far the member has come with them.
    pub(crate) offsets: Vec<PendingOffset>,
    /// Who the member was in its group when the poll returned. Source: KIP-447, `KafkaConsumer.groupMetadata`.
    pub(crate) member: Option<(MemberId, Generation)>,
}

impl Member {
    /// Its application commits nothing by itself, and polls again only when it is told how its transaction ended.
    #[must_use]
    pub(crate) fn handing_over(mut self) -> Self {
        self.hands_over = Some(Vec::new());
        self.direct = false;
        self
    }

    /// A poll returned these records.
    pub(in crate::group) fn note_inputs(&mut self, partition: TopicPartition, from: Offset, to: Offset) {
        if let Some(inputs) = &mut self.hands_over {
            inputs.extend((from.0..to.0).map(|offset| (partition, Offset(offset))));
        }
    }

    /// The application is done with its work and begins a transaction: what belongs into it. Once for each poll.
    pub(crate) fn take_polled(&mut self) -> Option<Polled> {
        if self.application != Application::InTransaction {
            return None;
        }
        let inputs = std::mem::take(self.hands_over.as_mut().filter(|inputs| !inputs.is_empty())?);
        let offsets = self.work.iter().map(|work| (work.partition, work.to)).collect();
        Some(Polled { inputs, offsets, member: self.polled_as })
    }

    /// Whether the application waits for the end of its transaction.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.application == Application::InTransaction
    }

    /// The transaction has ended, and the application polls again. If it was aborted, it goes back to what the group has
    /// committed. Source: KIP-447; 2.5.0 `ExactlyOnceMessageProcessor.resetToLastCommittedPositions`.
    pub(crate) fn transaction_over(&mut self, committed: bool, now: Instant, out: &mut Effects) {
        self.unseen = true;
        for work in std::mem::take(&mut self.work) {
            if let Some(place) = self.place(work.partition).filter(|_| committed) {
                self.owned[place].committed = Some(work.to);
            }
        }
        if !committed {
            self.buffer.clear();
            self.fetching_offsets = None;
            for owned in &mut self.owned {
                owned.position = Position::AwaitCommitted;
                owned.fetch = None;
                owned.buffered = false;
            }
        }
        self.back_to_poll();
        self.sweep(now, out);
    }
}
