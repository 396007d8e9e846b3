//! What a run was like, in 64 bits: its abstract behaviour.
//!
//! Two runs behave alike if the same kinds of events came in them, each in the same roles, and the same properties broke. A
//! role is whose step it was: the controller, a broker that led a partition, one that led none, or a client. What came how
//! often, when, in which order, on which partition and by whose name is left out; so are the kinds that come with every
//! record. Names go into the hash, not numbers, so that a kind of event more moves only the runs in which it comes.

use highwater_model::event::{EventKind, Step};
use highwater_model::names::Names;
use highwater_model::view::ClusterView;
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};
use xxhash_rust::xxh3::Xxh3;

use crate::property::Property;

/// Whose step it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Role {
    Controller,
    Leader,
    Broker,
    Client,
}

const ROLES: usize = Role::Client as usize + 1;

/// A bit a kind, for each role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Behaviour {
    shown: [u128; ROLES],
}

// A kind has a bit.
const _: () = assert!((EventKind::Converged as u32) < u128::BITS);

impl Behaviour {
    /// An event of this kind came at `step`. Looks at the view only while it can learn something.
    pub(crate) fn hear(&mut self, kind: EventKind, step: &Step, view: &ClusterView, names: &Names) {
        let bit = 1_u128 << kind as u32;
        let role = match step.node.0 {
            0 => Role::Controller,
            node if node > u16::from(names.brokers) => Role::Client,
            _ if self.shown[Role::Leader as usize] & self.shown[Role::Broker as usize] & bit != 0 => return,
            _ if leads(step, view) => Role::Leader,
            _ => Role::Broker,
        };
        self.shown[role as usize] |= bit;
    }

    /// The behaviour of a run in which these properties broke.
    pub(crate) fn hash(&self, broken: impl Iterator<Item = Property>) -> u64 {
        let mut hash = Xxh3::new();
        for (role, shown) in Role::iter().zip(self.shown) {
            hash.update(<&str>::from(role).as_bytes());
            for kind in EventKind::iter().filter(|&kind| shown & (1 << kind as u32) != 0) {
                hash.update(b" ");
                hash.update(kind.name().as_bytes());
            }
            hash.update(b"\n");
        }
        for property in broken {
            hash.update(property.name().as_bytes());
            hash.update(b"\n");
        }
        hash.digest()
    }
}

/// Whether the controller has whose step it was for the leader of any partition.
fn leads(step: &Step, view: &ClusterView) -> bool {
    view.partitions
        .iter()
        .any(|partition| partition.controller.leader.is_some_and(|led| step.node == led.into()))
}
