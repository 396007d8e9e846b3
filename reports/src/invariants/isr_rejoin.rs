//! `isr-rejoin`: a leader takes a follower into the ISR only if its log reaches the leader's high watermark and, since 2.0.1, the
//! beginning of the leader's epoch.
//!
//! Source: R11 of the requirements; I9 of `kafka-behaviour.md`; 0.11.0.2 and 2.0.1 `Partition.maybeExpandIsr`, KAFKA-7128. What the leader
//! may take for the follower's log end is the offset of its latest fetch in this term, as kept here from the fetches.
//!
//! Looked at: expansions that leaders propose. Broken at each that the latest fetch does not bear out.

use highwater_model::ids::{BrokerId, Offset};
use highwater_model::protocol::IsrJoin;
use highwater_model::view::Role;

use super::fetches::Fetches;
use super::ghosts::Ghost;
use super::scene::Scene;
use crate::finding::Tally;
use crate::property::Property;

#[derive(Clone, Debug, Default)]
pub(crate) struct IsrRejoin {
    pub(crate) tally: Tally,
}

/// What is said of one proposed expansion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expansion {
    /// Who proposes it.
    pub(crate) leader: BrokerId,
    /// Whom it takes in.
    pub(crate) added: BrokerId,
    /// Where the leader takes the follower's log to end.
    pub(crate) end: Offset,
    /// The leader's high watermark.
    pub(crate) high_watermark: Offset,
}

impl IsrRejoin {
    /// A leader proposes to take a follower in. `before` is the ghost that has not yet taken over this step.
    pub(crate) fn proposed(
        &mut self,
        scene: &Scene<'_>,
        before: &Ghost,
        fetches: &Fetches,
        expansion: Expansion,
    ) {
        let (Some(leader), Some(added)) = (scene.place_of(expansion.leader), scene.place_of(expansion.added))
        else {
            return;
        };
        self.tally.looked += 1;
        let fetched = fetches.clock(leader, added).offset;
        // The high watermark only rises within a term, so what it was before the step bounds it too.
        let shadow = &before.shadows[leader];
        let known = if shadow.role == Role::Leader { shadow.high_watermark } else { Offset::ZERO };
        let bound = expansion.high_watermark.max(known);
        let epoch_start = match scene.config.protocol.isr_join {
            IsrJoin::HighWatermark => Offset::ZERO,
            IsrJoin::EpochStart => fetches.terms[leader].epoch_start,
        };
        if fetched == Some(expansion.end) && expansion.end >= bound.max(epoch_start) {
            return;
        }
        self.tally.broke(|| {
            let at = fetched.map_or_else(
                || String::from("which has not fetched in this term"),
                |offset| format!("which last fetched from {offset}"),
            );
            let begins = if epoch_start > bound {
                format!(", and its epoch begins at {epoch_start}")
            } else {
                String::new()
            };
            let evidence = format!(
                "broker {} proposes to take broker {}, {at}, into the ISR of {} with log end {}; its own high watermark \
                 is {bound}{begins}",
                expansion.leader,
                expansion.added,
                scene.name(),
                expansion.end
            );
            scene.finding(Property::IsrRejoin, evidence)
        });
    }
}
