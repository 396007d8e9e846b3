//! Predicates on what is said in a step. The state is that after it; of logs that were cut, also that before.

use std::collections::BTreeSet;

use highwater_model::config::{Acks, ClusterConfig};
use highwater_model::event::{Event, TruncationReason};
use highwater_model::ids::Offset;
use highwater_model::record::Record;
use highwater_model::view::{PartitionView, ReplicaView, Role};
use highwater_reports::property::Property;

use super::ghosts::{Ghosts, Held, records};

/// What is broken by what was said, which is remembered.
pub(super) fn broken(
    ghosts: &mut Ghosts,
    config: &ClusterConfig,
    said: &[&Event],
    now: &PartitionView,
) -> Vec<Property> {
    let mut broken = Vec::new();
    let mut before: Vec<Vec<Held>> = ghosts.before.replicas.iter().map(records).collect();
    for event in said {
        if let Event::LogTruncated { broker, to, reason, .. } = event {
            let Some(place) = now.replicas.iter().position(|it| it.broker == *broker) else { continue };
            let kept = (to.0 as usize).min(before[place].len());
            let removed = before[place].split_off(kept);
            let exposed = ghosts.exposed.iter().skip(kept);
            let spares = removed.iter().zip(exposed).all(|(removed, exposed)| removed != exposed);
            if *reason != TruncationReason::PowerLoss && !spares {
                broken.push(Property::TruncationSparesCommitted);
            }
        } else if let Event::LeaderElected { broker, epoch, .. } = event {
            ghosts.decided((Some(*broker), *epoch));
        } else if let Event::BecameLeader { broker, epoch, .. } = event {
            ghosts.offices.push((*epoch, *broker));
        } else if let Event::RecordsAppended { broker, batch, .. } = event {
            let offsets = batch.base_offset.0 as usize..batch.end_offset().0 as usize;
            for offset in offsets {
                if !ghosts.written.insert((batch.leader_epoch, offset)) {
                    broken.push(Property::EpochOrder);
                }
            }
            if now.replica(*broker).is_some_and(has_a_sequence_twice) {
                broken.push(Property::IdempotentDedup);
            }
        } else if let Event::RecordsServed { broker, to, high_watermark, .. } = event {
            let shown = now.replica(*broker).map_or(Offset::ZERO, |it| it.high_watermark);
            if to > high_watermark || *to > shown {
                broken.push(Property::VisibleBelowHighWatermark);
            }
        } else if let Event::RecordsPolled { from, batch, .. } = event {
            let offsets = batch.base_offset.0..;
            for (offset, record) in offsets.zip(batch.records.iter()).filter(|(at, _)| *at >= from.0) {
                let before = ghosts.read.insert(offset as usize, record.value);
                if before.is_some_and(|before| before != record.value) {
                    broken.push(Property::RepeatableRead);
                }
            }
        } else if let Event::Replicated { broker, client, base_offset, .. } = event {
            if let Some(replica) = now.replica(*broker) {
                ghosts.successes.push((*broker, *client, *base_offset, replica.clone()));
            }
        } else if let Event::ProduceAcknowledged { broker, client, acks, base_offset, records, .. } = event {
            let same = |(by, to, at, _): &(_, _, _, _)| (by, to, at) == (broker, client, base_offset);
            let decided = (*acks == Acks::All).then(|| ghosts.successes.iter().position(same)).flatten();
            let then = match decided {
                Some(place) => Some(ghosts.successes.remove(place).3),
                None => now.replica(*broker).cloned(),
            };
            broken.extend(acknowledged(config, *acks, (*base_offset, records), then.as_ref(), now));
        }
    }
    broken
}

/// What is broken by a success that rests on a replica as it was `then`.
fn acknowledged(
    config: &ClusterConfig,
    acks: Acks,
    (base, answered): (Offset, &[Record]),
    then: Option<&ReplicaView>,
    now: &PartitionView,
) -> Vec<Property> {
    let Some(then) = then else { return vec![Property::AckHonesty] };
    let log = records(then);
    let offsets = base.0 as usize..;
    let appended = offsets
        .zip(answered)
        .all(|(offset, record)| log.get(offset).is_some_and(|(held, _)| *held == record.value));
    let committed = then.high_watermark >= base.plus(answered.len() as u64);
    let honest = match acks {
        Acks::None => false,
        Acks::Leader => appended,
        Acks::All => appended && committed,
    };
    let set = now.min_insync_replicas as usize;
    let min = if config.protocol.min_isr_capped { set.min(now.replicas.len()) } else { set };
    let enough = acks != Acks::All || then.role != Role::Leader || then.maximal_isr.len() >= min;
    let holds = [(Property::AckHonesty, honest), (Property::MinIsrRespected, enough)];
    holds.into_iter().filter(|(_, holds)| !holds).map(|(property, _)| property).collect()
}

/// Whether a sequence of a producer's session stands at two offsets of a log.
fn has_a_sequence_twice(replica: &ReplicaView) -> bool {
    let mut seen = BTreeSet::new();
    replica.log.iter().filter(|batch| batch.is_sequenced()).any(|batch| {
        let Some(stamp) = batch.producer else { return false };
        let sequences = (0..batch.records.len() as u32).map(|it| stamp.base_sequence.0 + it);
        let mut again = false;
        for sequence in sequences {
            again |= !seen.insert((stamp.id, stamp.epoch, sequence));
        }
        again
    })
}
