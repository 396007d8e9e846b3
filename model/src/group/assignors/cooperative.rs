//! The sticky assignment in two steps: first everyone gives up what others are to have, then these get it.

use crate::group::assignors::claims::claims;
use crate::group::assignors::roster::{Owners, Roster};
use crate::group::assignors::sticky;

/// The sticky assignment, less those partitions that would go to a member while another one may still read them. They
/// are nobody's until the rebalance that those who revoke them ask for.
///
/// What two members claim for the same generation both have to revoke. So does a member that is not believed: Kafka
/// lets the new owner start beside it when all members have the same subscription; ours does not.
/// Source: 3.5.0 `CooperativeStickyAssignor.assign`, `CooperativeStickyAssignor.computePartitionsTransferringOwnership`.
pub(super) fn assign(roster: &Roster) -> Owners {
    let claims = claims(roster);
    let mut owners = sticky::assign_beside(roster, &claims.owners);
    for (number, owner) in owners.iter_mut().enumerate() {
        if claims.held[number] && *owner != claims.owners[number] {
            *owner = None;
        }
    }
    owners
}
