//! How far each two replicas of a partition agree, kept from step to step.
//!
//! Source: `LogMatching` and `WeakIsr` of kafka-specification both compare two logs, each up to its own bound.

use highwater_model::ids::Offset;
use highwater_model::view::ReplicaView;

use super::batches;
use super::ghosts::Ghost;

/// The common prefix of two logs, as far as anyone asked.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    agreed: Offset,
    near: [usize; 2],
}

/// The pairs of one partition's replicas.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agreement {
    replicas: usize,
    /// The pair of the replicas at places `a < b` is at `a * replicas + b`.
    pairs: Vec<Pair>,
}

impl Agreement {
    /// Of a partition with this many replicas.
    pub(crate) fn new(replicas: usize) -> Self {
        Self { replicas, pairs: vec![Pair::default(); replicas * replicas] }
    }

    /// Forgets what was agreed on where logs were cut in this step.
    pub(crate) fn follow(&mut self, ghost: &Ghost) {
        for (place, shadow) in ghost.shadows.iter().enumerate() {
            let Some(cut) = shadow.cut else { continue };
            for other in (0..self.replicas).filter(|other| *other != place) {
                let pair = self.pair(place, other);
                pair.agreed = pair.agreed.min(cut);
            }
        }
    }

    /// How far the replicas at two places hold the same records of the same epochs, looking no further than `limit`.
    pub(crate) fn agree_to(
        &mut self,
        replicas: &[ReplicaView],
        one: usize,
        other: usize,
        limit: Offset,
    ) -> Offset {
        let pair = self.pair(one, other);
        let (one, other) = (&replicas[one.min(other)].log, &replicas[one.max(other)].log);
        while pair.agreed < limit {
            let Some(place) = batches::place_of(one, pair.near[0], pair.agreed) else { break };
            let Some(other_place) = batches::place_of(other, pair.near[1], pair.agreed) else { break };
            pair.near = [place, other_place];
            let (batch, other_batch) = (&one[place], &other[other_place]);
            let to = batch.end_offset().min(other_batch.end_offset()).min(limit);
            pair.agreed = batches::agree_to(batch, other_batch, pair.agreed, to);
            if pair.agreed < to {
                break;
            }
        }
        pair.agreed.min(limit)
    }

    fn pair(&mut self, one: usize, other: usize) -> &mut Pair {
        &mut self.pairs[one.min(other) * self.replicas + one.max(other)]
    }
}
