//! What a run was, in 64 bits: two runs with the same fingerprint did the same things at the same times.
//!
//! Every step that told an event goes in with its number, cause, time and node, and then each event, in an order of bytes
//! that does not depend on the machine. Numbers go in as little endian, `usize` as 64 bits.

use std::hash::{Hash, Hasher};

use highwater_model::event::{Event, Step};
use xxhash_rust::xxh3::Xxh3;

/// Bytes gathered before they are hashed together.
const BLOCK_BYTES: usize = 4096;

/// The hash of all that happened so far.
///
/// Each number of each event goes through it, one by one: what takes them is inlined though the hash of an event is long.
pub(crate) struct Fingerprint {
    hash: Xxh3,
    block: Box<[u8; BLOCK_BYTES]>,
    filled: usize,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { hash: Xxh3::new(), block: Box::new([0; BLOCK_BYTES]), filled: 0 }
    }
}

impl Fingerprint {
    /// Takes in a step and what it told. A step that told nothing leaves no mark.
    pub(crate) fn take(&mut self, step: &Step, events: &[Event]) {
        if !events.is_empty() {
            step.hash(self);
            for event in events {
                event.hash(self);
            }
        }
    }

    /// The fingerprint of all that was taken in so far.
    pub(crate) fn value(&self) -> u64 {
        let mut hash = self.hash.clone();
        hash.update(&self.block[..self.filled]);
        hash.digest()
    }

    fn flush(&mut self) {
        self.hash.update(&self.block[..self.filled]);
        self.filled = 0;
    }

    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        match self.block.get_mut(self.filled..).and_then(<[u8]>::first_chunk_mut) {
            Some(room) => {
                *room = bytes;
                self.filled += N;
            }
            None => self.write(&bytes),
        }
    }
}

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        self.value()
    }

    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.filled == BLOCK_BYTES {
                self.flush();
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
            self.block[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            bytes = later;
        }
    }

    #[inline(always)]
    fn write_u8(&mut self, number: u8) {
        self.put([number]);
    }
    #[inline(always)]
    fn write_u16(&mut self, number: u16) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_u32(&mut self, number: u32) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_u64(&mut self, number: u64) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_u128(&mut self, number: u128) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_usize(&mut self, number: usize) {
        self.put((number as u64).to_le_bytes());
    }
    #[inline(always)]
    fn write_i8(&mut self, number: i8) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_i16(&mut self, number: i16) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_i32(&mut self, number: i32) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_i64(&mut self, number: i64) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_i128(&mut self, number: i128) {
        self.put(number.to_le_bytes());
    }
    #[inline(always)]
    fn write_isize(&mut self, number: isize) {
        self.put((number as i64).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use highwater_model::event::StepId;
    use highwater_model::ids::BrokerId;
    use highwater_model::time::Instant;

    use super::*;

    fn step(id: u64, at: u64) -> Step {
        Step { id: StepId(id), at: Instant(at), ..Step::default() }
    }

    fn of(steps: &[(Step, Event)]) -> u64 {
        let mut fingerprint = Fingerprint::default();
        for (step, event) in steps {
            fingerprint.take(step, std::slice::from_ref(event));
        }
        fingerprint.value()
    }

    fn fenced(broker: u8) -> Event {
        Event::BrokerFenced { broker: BrokerId(broker) }
    }

    #[test]
    fn it_tells_events_times_and_steps_apart() {
        let same = of(&[(step(1, 5), fenced(1))]);
        assert_eq!(same, of(&[(step(1, 5), fenced(1))]));
        assert_ne!(same, of(&[(step(2, 5), fenced(1))]));
        assert_ne!(same, of(&[(step(1, 6), fenced(1))]));
        assert_ne!(same, of(&[(step(1, 5), fenced(2))]));
        assert_ne!(same, of(&[(step(1, 5), fenced(1)), (step(2, 5), fenced(1))]));
    }

    #[test]
    fn blocks_leave_no_mark() {
        let mut whole = Fingerprint::default();
        let mut parts = Fingerprint::default();
        let bytes: Vec<u8> = (0..10_000_u32).map(|number| number as u8).collect();
        whole.write(&bytes);
        for byte in bytes {
            parts.write_u8(byte);
        }
        assert_eq!(whole.value(), parts.value());
    }
}
