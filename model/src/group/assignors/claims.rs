//! Who says that it owns what, and who is believed.

use crate::group::assignors::roster::{Owners, Place, Roster};
use crate::ids::Generation;

/// What the members say of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// Nobody owns it.
    Free,
    /// This member owned it last.
    By(Generation, Place),
    /// Several say that they owned it in this generation, the latest of which anybody speaks.
    Disputed(Generation),
}

impl Claim {
    /// The claim once another member has been heard.
    fn heard(self, generation: Generation, place: Place) -> Self {
        match self {
            Self::Free => Self::By(generation, place),
            Self::By(known, _) | Self::Disputed(known) if known < generation => Self::By(generation, place),
            Self::By(known, _) | Self::Disputed(known) if known == generation => Self::Disputed(generation),
            Self::By(..) | Self::Disputed(_) => self,
        }
    }
}

/// What the members say, and who is believed; both by the partitions' numbers.
#[derive(Debug)]
pub(super) struct Claims {
    /// Whether anyone says that it owns the partition, rightly or not.
    pub(super) held: Vec<bool>,
    /// Who owns it and may keep it: the only one that says so for the latest generation, if it still subscribes to the
    /// topic. What two claim for one generation is neither's.
    pub(super) owners: Owners,
}

/// Hears all members.
///
/// Generations are compared partition by partition. From 2.5.1 to 3.4.0 Kafka heard only members of the latest generation
/// of all, at first only where all subscriptions are the same.
/// Source: 3.5.0 `AbstractStickyAssignor.allSubscriptionsEqual`, 2.4.0 `AbstractStickyAssignor.prepopulateCurrentAssignments`.
pub(super) fn claims(roster: &Roster) -> Claims {
    let mut claims = vec![Claim::Free; roster.partitions()];
    for (place, joined) in roster.members.iter().enumerate() {
        let subscription = &joined.subscription;
        for number in subscription.owned.iter().filter_map(|&partition| roster.number(partition)) {
            claims[number] = claims[number].heard(subscription.generation, place);
        }
    }
    let held = claims.iter().map(|claim| *claim != Claim::Free).collect();
    let mut owners = vec![None; claims.len()];
    for topic in &roster.topics {
        for number in topic.numbers() {
            if let Claim::By(_, place) = claims[number] {
                owners[number] = topic.subscribers.binary_search(&place).is_ok().then_some(place);
            }
        }
    }
    Claims { held, owners }
}
