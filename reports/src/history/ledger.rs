//! What clients know of each record, by its number.

use highwater_model::event::Step;
use highwater_model::ids::{NodeId, Offset, RecordId, TopicPartition};
use highwater_model::time::Instant;

/// What its producer was told of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It was never sent, as far as anyone told.
    #[default]
    Unsent,
    /// Nothing yet.
    Pending,
    /// A leader acknowledged it.
    Acknowledged,
    /// Sent with acks=0 and called done.
    Unconfirmed,
    /// Given up. Unknown: it may be in a log all the same.
    Failed,
    /// Given up, and surely never written.
    Refused,
}

/// One record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// What its producer was told.
    pub fate: Fate,
    /// Whether any consumer returned it.
    pub read: bool,
    /// Whether it was handed over again, after its producer was restarted.
    pub resent: bool,
    /// Whether a consumer with `read_committed` returned it.
    pub read_committed: bool,
    /// Which transaction it belongs to, counted from 1 over all producers; 0 for none.
    pub transaction: u32,
    /// Which records of one key and one producer it belongs to; 0 without a key.
    pub stream: u32,
    /// Where it was sent, the last time.
    pub partition: TopicPartition,
    /// The first place that was reported for it.
    pub first: Option<(TopicPartition, Offset)>,
    /// When it was handed to its producer, the first time.
    pub sent_at: Instant,
    /// When its producer took it for done.
    pub answered: Step,
}

/// All records. Flat vectors, by client and number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    clients: Vec<Vec<Entry>>,
}

impl Ledger {
    /// The entry of a value, made if need be.
    pub fn entry(&mut self, value: RecordId) -> &mut Entry {
        let (client, number) = (usize::from(value.client().0), value.number() as usize);
        if client >= self.clients.len() {
            self.clients.resize(client + 1, Vec::new());
        }
        let records = &mut self.clients[client];
        if number >= records.len() {
            records.resize(number + 1, Entry::default());
        }
        &mut records[number]
    }

    /// The entry of a value that someone has told of.
    pub fn get(&self, value: RecordId) -> Option<&Entry> {
        self.clients.get(usize::from(value.client().0))?.get(value.number() as usize)
    }

    /// The first place that anyone was told of for a value.
    pub(super) fn place(&self, value: RecordId) -> Option<(TopicPartition, Offset)> {
        self.get(value)?.first
    }

    /// All records that were sent, by client and number.
    pub fn iter(&self) -> impl Iterator<Item = (RecordId, &Entry)> {
        (0..).zip(&self.clients).flat_map(|(client, records)| {
            let sent = (0..).zip(records).filter(|(_, entry)| entry.fate != Fate::Unsent);
            sent.map(move |(number, entry)| (RecordId::new(NodeId(client), number), entry))
        })
    }
}
