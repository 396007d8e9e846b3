//! What a run was like, in 64 bits: its abstract behaviour.
//!
//! Two runs behave alike if the same kinds of events came in them of those that tell that something gave way, each in the same
//! roles: an election, a truncation, a refusal, an ISR that shrank, a member that expired. A role is whose step it was: the
//! controller, a broker that led a partition, one that led none, or a client. What came how often, when, in which order,
//! on which partition and by whose name is left out; so are the faults themselves and their mending, what every run does,
//! and what broke, which is counted by property. With all kinds that come, 703 of 1 000 seeds of `chaos` were a
//! behaviour of their own, with these, before roles, 136: enough to tell runs apart and few enough to run out.
//! Names go into the hash, not numbers, so that a kind of event more moves only the runs in which it comes.

use highwater_model::event::{EventKind, Step};
use highwater_model::names::Names;
use highwater_model::view::ClusterView;
use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};
use xxhash_rust::xxh3::Xxh3;

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
        if !gives_way(kind) {
            return;
        }
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

    /// The behaviour of a run that is over.
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        for (role, shown) in Role::iter().zip(self.shown) {
            hash.update(<&str>::from(role).as_bytes());
            for kind in EventKind::iter().filter(|&kind| shown & (1 << kind as u32) != 0) {
                hash.update(b" ");
                hash.update(kind.name().as_bytes());
            }
            hash.update(b"\n");
        }
        hash.digest()
    }
}

/// Whether events of this kind tell that something gave way.
fn gives_way(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::DuplicateDiscarded
            | EventKind::ProduceRefused
            | EventKind::ProducerEpochBumped
            | EventKind::SendFailed
            | EventKind::PositionReset
            | EventKind::MemberFenced
            | EventKind::TruncationDetected
            | EventKind::PollExpired
            | EventKind::MemberExpired
            | EventKind::CommitRefused
            | EventKind::TransactionFailed
            | EventKind::ProducerFenced
            | EventKind::TransactionTimedOut
            | EventKind::TransactionRefused
            | EventKind::LogTruncated
            | EventKind::DivergenceTold
            | EventKind::FetchFenced
            | EventKind::FetchOutOfRange
            | EventKind::FetcherDied
            | EventKind::LeaderRecovered
            | EventKind::IsrUpdateRefused
            | EventKind::BrokerHalted
            | EventKind::BrokerFenced
            | EventKind::UncleanShutdownDetected
            | EventKind::BounceOverlooked
            | EventKind::ElrChanged
            | EventKind::LeaderElected
            | EventKind::PartitionOffline
            | EventKind::IsrShrunk
            | EventKind::IsrExpanded
    )
}

/// Whether the controller has whose step it was for the leader of any partition.
fn leads(step: &Step, view: &ClusterView) -> bool {
    view.partitions
        .iter()
        .any(|partition| partition.controller.leader.is_some_and(|led| step.node == led.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients_for_tests::{SHOP, led, names, step};
    use highwater_model::ids::{BrokerId, NodeId};

    fn behaviour(seen: &[(EventKind, NodeId)]) -> u64 {
        let view = led(&[], 1);
        let mut behaviour = Behaviour::default();
        for (place, &(kind, node)) in seen.iter().enumerate() {
            behaviour.hear(kind, &step(place as u64, node), &view, &names());
        }
        behaviour.hash()
    }

    #[test]
    fn what_gave_way_and_in_which_role_makes_a_behaviour() {
        let broker = |id: u8| NodeId::from(BrokerId(id));
        let cut = (EventKind::LogTruncated, broker(2));
        let elected = (EventKind::LeaderElected, NodeId(0));
        assert_eq!(
            behaviour(&[cut, elected]),
            behaviour(&[elected, cut, cut]),
            "not how often, not in which order"
        );
        assert_eq!(
            behaviour(&[cut]),
            behaviour(&[(EventKind::LogTruncated, broker(3))]),
            "not by which name"
        );
        assert_ne!(behaviour(&[cut]), behaviour(&[(EventKind::LogTruncated, broker(1))]), "the leader");
        assert_ne!(behaviour(&[cut]), behaviour(&[cut, elected]));
        assert_eq!(behaviour(&[cut]), behaviour(&[cut, (EventKind::NodeStopped, SHOP)]), "a fault is none");
    }
}
