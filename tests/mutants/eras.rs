//! Mutants that Kafka once was: one rule of an older version in the newest one, on the scenario of the museum that shows it.

use highwater_reports::property::Property;

use super::mutant::Mutant;

/// A scenario of the museum under the newest version.
const fn newest(set: &'static [&'static str], says: &'static str) -> Mutant {
    Mutant::set(set, says).with(&["protocol=4.0-elr", "switches={}"])
}

/// By what each touches.
pub(crate) const MUTANTS: &[Mutant] = &[
    newest(
        &["switches.isr_join=high_watermark"],
        "Until 2.0.1 a follower joined at the high watermark (KAFKA-7128).",
    )
    .on("museum/s5_lagging_high_watermark_admits")
    .aims(&[Property::AckedDurable]),
    newest(
        &["switches.truncation=own_high_watermark"],
        "Until 0.11 a follower cut at its own high watermark (KIP-101).",
    )
    .on("museum/s1b_nobody_restarts")
    .aims(&[Property::TruncationSparesCommitted]),
    newest(
        &["switches.diverging_fetch_counted=true"],
        "2.8.0 counted fetches of another history (KAFKA-13141).",
    )
    .on("museum/kafka_13141_diverging_fetch_counts")
    .within(50)
    .aims(&[Property::LogMatching]),
    newest(
        &["switches.isr_reply_checked=false"],
        "Until 3.0 an overtaken answer voided the next proposal (KAFKA-12686).",
    )
    .on("museum/kafka_12686_proposal_never_sent")
    .aims(&[Property::Converged]),
    newest(
        &["switches.isr_eligibility=unfenced", "switches.stale_fetch_refused=false"],
        "Until 3.5 a broker that had lost its disk joined an ISR (KIP-903).",
    )
    .on("museum/reboot_race_empty_replica_joins")
    .aims(&[Property::CandidateCompleteness]),
    newest(
        &["switches.eligible_leader_replicas=false"],
        "Until 4.0 the last member of an ISR was elected, whatever its disk had lost (KIP-966).",
    )
    .on("museum/last_replica_standing")
    .aims(&[Property::AckedDurable]),
    newest(
        &["switches.unclean_shutdown_detected=false"],
        "Until 4.0 nobody asked how a broker had stopped (KAFKA-15586).",
    )
    .on("museum/last_replica_standing")
    .aims(&[Property::AckedDurable]),
    newest(
        &["switches.stale_epochs_dropped=false"],
        "Until 2.6.1 an epoch without records was never forgotten (KAFKA-10706).",
    )
    .on("museum/kafka_10706_stale_epoch_never_goes")
    .aims(&[Property::Converged]),
    newest(
        &["switches.high_watermark_clamped=false"],
        "Until 2.4 a cut left the high watermark beyond the log's end.",
    )
    .on("museum/s3n_unclean_forks")
    .aims(&[Property::HighWatermarkBound]),
    newest(
        &["switches.epoch_cached_at_election=false"],
        "Until 2.0.1 a leader noted its epoch only with its first record (KAFKA-7415).",
    )
    .on("museum/s3n_unclean_forks")
    .aims(&[Property::Converged]),
    newest(
        &["switches.high_watermark_retried=false"],
        "Until 3.1 a shrunk ISR released nothing (KAFKA-13091).",
    )
    .on("museum/kafka_13091_shrink_releases_nothing")
    .aims(&[Property::Duplicate]),
    newest(
        &["switches.positions_validated=false"],
        "Until 2.3 a consumer's position outlived an unclean election (KIP-320).",
    )
    .on("museum/kip_320_positions")
    .aims(&[Property::LostWrite]),
    newest(
        &["switches.auto_commits_fetched=true"],
        "Until 0.9.0.1 a poll committed what it was about to return (KAFKA-2942).",
    )
    .on("museum/kafka_2942")
    .aims(&[Property::Skipped]),
    newest(
        &["switches.round_robin_skips=true"],
        "The round robin partitioner passed every second partition over (KAFKA-9965).",
    )
    .on("museum/kafka_9965")
    .with(&["protocol=4.0-elr", "switches={}", "switches.round_robin_skips=false"])
    .aims(&[Property::LagBounded]),
    newest(
        &["switches.retries_hold_up_later=false"],
        "Until 0.10 a partition went on at its new leader with one request in flight (KAFKA-3197).",
    )
    .on("museum/kafka_3197")
    .aims(&[Property::ProducerOrder]),
    newest(
        &["switches.revoking_stops_reading=false"],
        "3.2.0 read on while it gave its partitions away (KAFKA-14196).",
    )
    .on("museum/kafka_14196")
    .aims(&[Property::Reprocessed]),
    newest(
        &["switches.joins_after_commit=false"],
        "3.2.0 joined before its commit was answered (KAFKA-14024).",
    )
    .on("museum/kafka_14024")
    .aims(&[Property::Reprocessed]),
    newest(
        &["switches.transactions=verified"],
        "Until 4.0 an EndTxn that came late decided the next transaction (KAFKA-17754).",
    )
    .on("museum/kafka_17754_late_end_txn")
    .aims(&[Property::PrecommittedRead]),
    newest(
        &["switches.dedup_window=last_batch"],
        "Until 1.0 a log remembered one batch of a producer (KAFKA-5494).",
    )
    .on("museum/kafka_5494")
    .aims(&[Property::Duplicate]),
    newest(
        &["switches.transactions=v1"],
        "Until 3.6 a late produce opened a transaction that nobody ended (KAFKA-14402).",
    )
    .on("museum/kafka_14402_late_produce_hangs")
    .aims(&[Property::LastStableOffsetReached]),
];
