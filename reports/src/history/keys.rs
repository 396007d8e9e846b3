//! Which records belong together: those of one key and one producer. Each such stream has a number.
//!
//! A table of our own rather than one of the standard library: its order never shows, and a key that comes again is
//! found by one comparison of pointers.

use std::sync::Arc;

use highwater_model::ids::NodeId;
use highwater_model::record::{Content, Record};

use crate::fnv;

/// A stream's number, from 1; 0 for records without a key.
pub(super) type Stream = u32;

/// All streams.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// By number, less 1.
    streams: Vec<(NodeId, Arc<Content>)>,
    /// By hash, the next free place if taken; a power of two, at most half full.
    table: Vec<Stream>,
}

impl Keys {
    /// The stream of a record.
    #[inline]
    pub(super) fn stream(&mut self, client: NodeId, record: &Record) -> Stream {
        match (record.content.as_ref(), record.key()) {
            (Some(content), Some(key)) => self.find(client, content, key),
            (Some(_) | None, _) => 0,
        }
    }

    /// How many there are.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    fn find(&mut self, client: NodeId, content: &Arc<Content>, key: &[u8]) -> Stream {
        if self.streams.len() * 2 >= self.table.len() {
            self.grow();
        }
        let mask = self.table.len() - 1;
        let mut place = hash(client, key) & mask;
        loop {
            let stream = self.table[place];
            let Some((its, other)) = (stream as usize).checked_sub(1).map(|at| &self.streams[at]) else {
                self.streams.push((client, Arc::clone(content)));
                self.table[place] = self.streams.len() as Stream;
                return self.table[place];
            };
            if *its == client && (Arc::ptr_eq(other, content) || other == content) {
                return stream;
            }
            place = (place + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 2).max(16);
        self.table.clear();
        self.table.resize(size, 0);
        for (number, (client, content)) in (1..).zip(&self.streams) {
            let Content::Key(key) = content.as_ref() else { continue };
            let mut place = hash(*client, key) & (size - 1);
            while self.table[place] != 0 {
                place = (place + 1) & (size - 1);
            }
            self.table[place] = number;
        }
    }
}

fn hash(client: NodeId, key: &[u8]) -> usize {
    fnv::folded(fnv::START ^ u64::from(client.0), key) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use highwater_model::ids::RecordId;

    fn record(key: &str) -> Record {
        let content = Some(Arc::new(Content::Key(key.as_bytes().into())));
        Record { value: RecordId(0), content, size_bytes: 1 }
    }

    #[test]
    fn a_key_of_a_producer_keeps_its_number_however_many_there_are() {
        let mut keys = Keys::default();
        let first: Vec<_> =
            (0..100).map(|key| keys.stream(NodeId(4), &record(&format!("key-{key}")))).collect();
        assert_eq!(first, (1..=100).collect::<Vec<_>>());
        let again: Vec<_> =
            (0..100).map(|key| keys.stream(NodeId(4), &record(&format!("key-{key}")))).collect();
        assert_eq!(first, again);
        assert_eq!(keys.stream(NodeId(5), &record("key-0")), 101);
        assert_eq!(keys.stream(NodeId(5), &Record { content: None, ..record("") }), 0);
    }
}
