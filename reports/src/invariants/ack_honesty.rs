//! `ack-honesty`: success means appended; for acks=all it means committed.
//!
//! Source: R9 of the requirements; I19 of `kafka-behaviour.md`; 0.11.0.2 `Partition.checkEnoughReplicasReachOffset`.
//! On a topic with ack strategy `leader` acks=all means appended too. acks=0 promises nothing and is never answered. What fails is unknown, and nothing is asked of it.
//!
//! Looked at: successes that brokers answered. Broken at each whose records are not in the broker's log at their
//! offsets, or, with acks=all, are not all below its high watermark. What counts is when success was decided.

use highwater_model::config::{AckStrategy, Acks};
use highwater_model::ids::{Offset, RecordId};

use super::acked::Acknowledged;
use super::decisions::Decision;
use super::scene::Scene;
use crate::finding::Tally;
use crate::property::Property;
use crate::strategies;

#[derive(Clone, Debug, Default)]
pub(crate) struct AckHonesty {
    pub(crate) tally: Tally,
}

impl AckHonesty {
    /// A broker answered success.
    pub(crate) fn acknowledged(
        &mut self,
        scene: &Scene<'_>,
        acks: Acks,
        entry: &Acknowledged,
        decision: Option<&Decision>,
    ) {
        self.tally.looked += 1;
        let Some(wrong) = Wrong::find(scene, acks, entry, decision) else { return };
        self.tally.broke(|| {
            let evidence = format!(
                "broker {} answered success to acks={acks} for {} records at offset {} of {}, but {}",
                entry.by,
                entry.records.len(),
                entry.base,
                scene.name(),
                wrong.in_words(scene, entry)
            );
            scene.finding(Property::AckHonesty, evidence)
        });
    }
}

/// Whether acks=all waits for more than the leader.
fn commits(scene: &Scene<'_>) -> bool {
    strategies::of(scene.config, scene.partition.id().topic) != AckStrategy::Leader
}

/// Why a success is a lie.
enum Wrong {
    NoReplica,
    NotAppended(Offset, RecordId),
    NotCommitted(Offset),
    Unasked,
}

impl Wrong {
    fn find(
        scene: &Scene<'_>,
        acks: Acks,
        entry: &Acknowledged,
        decision: Option<&Decision>,
    ) -> Option<Self> {
        let (Some((_, replica)), Some(decision)) = (scene.replica(entry.by), decision) else {
            return Some(Self::NoReplica);
        };
        let missing = if decision.held(entry) { None } else { entry.missing_in(replica, 0) };
        match (acks, missing) {
            (Acks::None, _) => Some(Self::Unasked),
            (Acks::Leader | Acks::All, Some((offset, value))) => Some(Self::NotAppended(offset, value)),
            (Acks::All, None) if commits(scene) && decision.high_watermark < entry.end() => {
                Some(Self::NotCommitted(decision.high_watermark))
            }
            (Acks::Leader | Acks::All, None) => None,
        }
    }

    fn in_words(&self, scene: &Scene<'_>, entry: &Acknowledged) -> String {
        match self {
            Self::NoReplica => String::from("it has no replica of it"),
            Self::NotAppended(offset, value) => scene
                .replica(entry.by)
                .map_or_else(String::new, |(_, replica)| scene.instead(replica, *offset, *value)),
            Self::NotCommitted(high_watermark) => {
                format!("its high watermark was {high_watermark} and should have reached {}", entry.end())
            }
            Self::Unasked => String::from("acks=0 is never answered"),
        }
    }
}
