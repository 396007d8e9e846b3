//! Records that their producer takes for done, and whether readers have come past them.

use std::collections::BTreeMap;
use std::fmt;

use highwater_model::event::Step;
use highwater_model::ids::{NodeId, Offset, RecordId, TopicPartition};

use super::offsets::Offsets;
use super::{Fate, Ledger};

/// A record that its producer takes for done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub value: RecordId,
    pub partition: TopicPartition,
    /// Where it was acknowledged; with acks=0 nobody says.
    pub offset: Option<Offset>,
    /// When its producer took it for done.
    pub answered: Step,
    /// Whether any consumer returned it.
    pub read: bool,
    /// Whether readers have come past it: past its offset or, with acks=0, to a later record of the same producer.
    pub passed: bool,
}

/// All claims, by client and number.
pub(super) fn claims(records: &Ledger, offsets: &Offsets) -> Vec<Claim> {
    let mut newest_read: BTreeMap<(NodeId, TopicPartition), RecordId> = BTreeMap::new();
    for (value, entry) in records.iter().filter(|(_, entry)| entry.read && entry.fate == Fate::Unconfirmed) {
        newest_read.insert((value.client(), entry.partition), value);
    }
    let claim = |(value, entry): (RecordId, &super::Entry)| {
        let partition = entry.first.map_or(entry.partition, |(partition, _)| partition);
        let offset = entry.first.map(|(_, offset)| offset);
        let passed = match entry.fate {
            Fate::Acknowledged => offset.is_some_and(|offset| offset < offsets.read_end(partition)),
            Fate::Unconfirmed => {
                newest_read.get(&(value.client(), partition)).is_some_and(|&newest| newest > value)
            }
            Fate::Unsent | Fate::Pending | Fate::Failed | Fate::Refused => return None,
        };
        Some(Claim { value, partition, offset, answered: entry.answered, read: entry.read, passed })
    };
    records.iter().filter_map(claim).collect()
}

/// `was acknowledged at offset 7 (1204.250 ms, step 381)`, `was called done with acks=0 (...)`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "was acknowledged at offset {offset}")?,
            None => f.write_str("was called done with acks=0")?,
        }
        write!(f, " ({} ms, step {})", self.answered.at, self.answered.id.0)
    }
}
