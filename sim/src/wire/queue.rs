//! What is yet to come, in one total order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use highwater_model::event::StepId;
use highwater_model::ids::NodeId;
use highwater_model::machine::Command;
use highwater_model::message::Message;
use highwater_model::time::Instant;

/// Where something comes from or goes to. The driver itself sorts before all nodes, so that what it does at an instant is done
/// before anything is delivered at that instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(pub(crate) u16);

impl Place {
    /// The driver, the workload, the world outside.
    pub(crate) const OUTSIDE: Self = Self(0);

    /// The node at this place; none for the outside.
    pub(crate) fn node(self) -> Option<NodeId> {
        self.0.checked_sub(1).map(NodeId)
    }
}

impl From<NodeId> for Place {
    fn from(node: NodeId) -> Self {
        Self(node.0 + 1)
    }
}

/// When something is due, and its turn among all that is due at the same instant: by receiver, then by sender, then in the
/// order in which that sender sent to that receiver. The order in which a driver polls its tasks has no say in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u128);

impl Key {
    pub(crate) fn new(at: Instant, to: Place, from: Place, count: u32) -> Self {
        Self(u128::from(at.0) << 64 | u128::from(to.0) << 48 | u128::from(from.0) << 32 | u128::from(count))
    }
    pub(crate) fn at(self) -> Instant {
        Instant((self.0 >> 64) as u64)
    }
    pub(crate) fn to(self) -> Place {
        Place((self.0 >> 48) as u16)
    }
    pub(crate) fn count(self) -> u32 {
        self.0 as u32
    }
    /// The same turn at another time.
    pub(crate) fn moved_to(self, at: Instant) -> Self {
        Self(u128::from(at.0) << 64 | self.0 & u128::from(u64::MAX))
    }
}

/// What is on its way.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// Who sent it.
    pub(crate) from: Place,
    /// The step that sent it.
    pub(crate) cause: StepId,
    /// The sender's session with the receiver as it sent.
    pub(crate) from_session: u32,
    /// The receiver's session that it was sent into.
    pub(crate) to_session: u32,
    /// How it travels.
    pub(crate) travel: Travel,
    /// Whether it was on its link before: then it was copied if it was to be, and a cut sends it over once more.
    pub(crate) entered: bool,
    /// What it is.
    pub(crate) load: Load,
}

/// How a parcel travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Travel {
    /// Behind everything that was sent before it on its link.
    InOrder,
    /// Past what was sent before it: reordered, or the second copy of a duplicate.
    Overtaking,
    /// It has reached the node, which stood still; links have no more say in it.
    Arrived,
}

/// What a parcel holds.
#[derive(Clone, Debug)]
pub(crate) enum Load {
    /// A message.
    Message(Message),
    /// News that the connection to the sender's session of this number is broken.
    Broken(u32),
    /// A life begins.
    Start,
    /// The outside world wants something.
    Command(Command),
    /// The next record of a producer's workload, in its life of this number.
    Ask(u32),
    /// Something for the driver itself.
    Errand(Errand),
}

/// What the driver has set itself to do at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A fault strikes; its place in the list of those under way.
    Strike(u32),
    /// A fault ends; its place in the list of what to undo.
    Mend(u32),
    /// The next fault comes by chance.
    Chance,
    /// A dead node starts again.
    Restart(NodeId),
    /// A lagging follower's fetch leaves; its ticket.
    Depart(u64),
    /// Everything is mended.
    Heal,
    /// Has the cluster converged?
    Check,
}

/// An entry of the heap; small, because heaps move their entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: Key,
    slot: u32,
}

/// What comes off the queue.
pub(crate) enum Due {
    /// A node's timer.
    Timer,
    /// A parcel.
    Parcel(Parcel),
}

/// Entries in order, parcels in slots that are used again.
#[derive(Default)]
pub(crate) struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    parcels: Vec<Option<Parcel>>,
    free: Vec<u32>,
}

impl Queue {
    /// The slot of entries without a parcel.
    const TIMER: u32 = u32::MAX;

    pub(crate) fn push(&mut self, key: Key, parcel: Parcel) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.parcels[slot as usize] = Some(parcel);
                slot
            }
            None => {
                self.parcels.push(Some(parcel));
                self.parcels.len() as u32 - 1
            }
        };
        self.heap.push(Reverse(Entry { key, slot }));
    }

    pub(crate) fn push_timer(&mut self, key: Key) {
        self.heap.push(Reverse(Entry { key, slot: Self::TIMER }));
    }

    /// How many bytes all that was ever on its way at once takes: slots are kept for what comes next.
    pub(crate) fn held_bytes(&self) -> u64 {
        (self.parcels.len() * size_of::<Option<Parcel>>() + self.heap.len() * size_of::<Entry>()) as u64
    }

    pub(crate) fn pop(&mut self) -> Option<(Key, Due)> {
        let Reverse(entry) = self.heap.pop()?;
        if entry.slot == Self::TIMER {
            return Some((entry.key, Due::Timer));
        }
        self.free.push(entry.slot);
        let parcel =
            self.parcels[entry.slot as usize].take().expect("a slot is filled until its entry is popped");
        Some((entry.key, Due::Parcel(parcel)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(at: u64, to: u16, from: u16, count: u32) -> Key {
        Key::new(Instant(at), Place(to), Place(from), count)
    }

    #[test]
    fn ties_go_by_receiver_then_sender_then_count() {
        let sorted = [
            key(1, 9, 9, 9),
            key(2, 0, 0, 1),
            key(2, 1, 0, 0),
            key(2, 1, 2, 5),
            key(2, 1, 2, 6),
            key(2, 1, 3, 0),
        ];
        assert!(sorted.is_sorted());
        assert_eq!(key(7, 3, 2, 1).at(), Instant(7));
        assert_eq!(key(7, 3, 2, 1).to(), Place(3));
        assert_eq!(key(7, 3, 2, 1).moved_to(Instant(9)), key(9, 3, 2, 1));
    }

    #[test]
    fn slots_are_used_again() {
        let parcel = || Parcel {
            from: Place::OUTSIDE,
            cause: StepId(0),
            from_session: 0,
            to_session: 0,
            travel: Travel::InOrder,
            entered: false,
            load: Load::Start,
        };
        let mut queue = Queue::default();
        for turn in 0..100 {
            queue.push(key(turn, 1, 0, 0), parcel());
            queue.push_timer(key(turn, 1, 1, 0));
            assert!(matches!(queue.pop(), Some((_, Due::Parcel(_)))));
            assert!(matches!(queue.pop(), Some((_, Due::Timer))));
        }
        assert_eq!(queue.parcels.len(), 1);
        assert!(queue.pop().is_none());
    }
}
