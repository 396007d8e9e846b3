//! Mutants of replication: of leaders, followers, the ISR and the controller.

use highwater_model::defects::Defect;
use highwater_reports::property::Property;

use super::mutant::Mutant;

/// By the rule that each breaks, in the order in which a record meets them.
pub(crate) const MUTANTS: &[Mutant] = &[
    // ---- the high watermark ----
    Mutant::defect(
        Defect::CommitsOneTooFar,
        "A leader takes one offset more for committed than its ISR holds.",
    )
    .on("records_flow")
    .aims(&[Property::WeakIsr, Property::HighWatermarkBound]),
    Mutant::defect(
        Defect::CommitsAtOwnEnd,
        "A leader takes its own log's end for committed, whoever has it.",
    )
    .on("followers_lag_and_leader_dies")
    .aims(&[Property::StrongIsr, Property::CommittedDurable, Property::RepeatableRead]),
    Mutant::defect(
        Defect::CommitsOneTooFew,
        "A leader never takes the last record that its ISR holds for committed.",
    )
    .on("records_flow")
    .aims(&[Property::HighWatermarkReached]),
    Mutant::defect(
        Defect::CommitsWithoutTheUnknown,
        "A new leader commits before the members of its ISR have told it where their logs end.",
    )
    .on("leader_dies")
    .aims(&[Property::HighWatermarkBound]),
    Mutant::defect(Defect::CountsWhatItSends, "A leader counts what it sends a follower as written there.")
        .on("records_flow")
        .aims(&[Property::WeakIsr]),
    Mutant::defect(
        Defect::HighWatermarkFalls,
        "A leader's high watermark falls to what a follower is found to have.",
    )
    .on("follower_dies")
    .aims(&[Property::HighWatermarkMonotone]),
    Mutant::defect(
        Defect::TakesLeadersHighWatermark,
        "A follower takes over its leader's high watermark, however short its own log is.",
    )
    .on("follower_dies")
    .with(&["replica.fetch.max.bytes=200"])
    .aims(&[Property::HighWatermarkBound]),
    // ---- acknowledgements ----
    Mutant::defect(Defect::AcknowledgesWhenAppended, "A leader answers acks=-1 as it has appended.")
        .on("leader_dies")
        .aims(&[Property::AckHonesty, Property::AckedDurable, Property::LeaderCompleteness]),
    Mutant::defect(Defect::AcknowledgesUnwritten, "A leader answers acks=1 and has not appended.")
        .on("records_flow")
        .with(&["acks=1", "enable.idempotence=false"])
        .aims(&[Property::AckHonesty]),
    Mutant::defect(
        Defect::ForgetsParkedProduces,
        "A leader forgets produces that wait for its ISR, and never answers.",
    )
    .on("records_flow")
    .with(&["request.timeout.ms=600000", "delivery.timeout.ms=900000"])
    .aims(&[Property::Answered]),
    Mutant::defect(Defect::AsksForNoMinIsr, "A leader alone in its ISR answers success to acks=-1.")
        .on("followers_lag")
        .aims(&[Property::MinIsrRespected]),
    Mutant::defect(Defect::ServesUncommitted, "A leader shows consumers what is not committed yet.")
        .on("records_flow")
        .aims(&[Property::VisibleBelowHighWatermark]),
    // ---- the ISR ----
    Mutant::defect(
        Defect::EvictsWithoutClock,
        "A leader drops followers that are behind, and does not look at the clock.",
    )
    .on("follower_lags")
    .aims(&[Property::IsrEvictionTimely]),
    Mutant::defect(
        Defect::NeverEvicts,
        "A leader keeps a follower in the ISR that has long stopped fetching.",
    )
    .on("follower_lags")
    .aims(&[Property::IsrEvictionTimely]),
    Mutant::defect(
        Defect::JoinsAtFirstFetch,
        "A leader takes a follower into the ISR however far its log reaches.",
    )
    .on("follower_lags")
    .aims(&[Property::IsrRejoin, Property::CandidateCompleteness]),
    Mutant::defect(Defect::NeverExpands, "A leader takes nobody into the ISR again.")
        .on("follower_lags")
        .aims(&[Property::Converged]),
    Mutant::defect(
        Defect::MaximalIsrForgetsPending,
        "A leader does not reckon with a follower that it has asked the controller to take in.",
    )
    .on("follower_lags")
    .aims(&[Property::MaximalIsr]),
    // ---- where logs are cut ----
    Mutant::defect(
        Defect::StampsEpochBefore,
        "A leader stamps what it writes with the epoch before its own.",
    )
    .on("leader_dies")
    .aims(&[Property::EpochOrder]),
    Mutant::defect(
        Defect::NeverFindsDivergence,
        "A leader does not look whether a follower's log parts from its own.",
    )
    .on("leader_dies")
    .aims(&[Property::LogMatching]),
    Mutant::defect(Defect::NeverTruncates, "A follower is to cut its log and does not.")
        .on("leader_dies")
        .with(&["protocol=0.11-iv1", "enable.idempotence=false"])
        .aims(&[Property::TruncationToHighWatermark]),
    Mutant::defect(
        Defect::TruncatesBelowHighWatermark,
        "A follower that cuts at its own high watermark cuts one offset below.",
    )
    .on("leader_dies")
    .with(&["protocol=0.11-iv1", "enable.idempotence=false"])
    .aims(&[Property::TruncationToHighWatermark]),
    Mutant::defect(
        Defect::TruncatesBelowDivergence,
        "A follower cuts one offset below where its log parts from its leader's.",
    )
    .on("leader_dies")
    .aims(&[Property::TruncationSparesCommitted]),
    // ---- the controller ----
    Mutant::defect(
        Defect::ElectsFirstReplica,
        "The controller elects the first replica that lives, in the ISR or not.",
    )
    .on("follower_lags_and_leader_dies")
    .aims(&[Property::LeaderCompleteness]),
    Mutant::defect(Defect::ElectsNobody, "The controller elects nobody once a leader has died.")
        .on("leader_dies")
        .aims(&[Property::Elected]),
    Mutant::defect(Defect::KeepsEpochAtElection, "The controller elects another leader in the same epoch.")
        .on("leader_dies")
        .aims(&[Property::OneLeaderPerEpoch]),
    Mutant::defect(Defect::IsrForgetsLeader, "The controller elects a leader and leaves it out of the ISR.")
        .on("leader_dies")
        .aims(&[Property::LeaderInIsr]),
    Mutant::defect(
        Defect::CountsNewPartitionsOnly,
        "The controller takes the number of partitions that are new for the number that a topic has.",
    )
    .on("topic_grows")
    .aims(&[Property::PartitionsNeverShrink]),
    Mutant::defect(
        Defect::SkipsDeduplication,
        "A leader does not look whether it has a producer's batch already.",
    )
    .on("ack_is_lost")
    .aims(&[Property::IdempotentDedup]),
];
