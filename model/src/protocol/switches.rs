//! What can be switched. One list; the types that it is read as are made from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::Preset;
use super::values::{
    ControllerKind, DedupWindow, IsrEligibility, IsrJoin, IsrWrite, Transactions, TruncateWhen,
    TruncationMoment, TruncationRule, UnkeyedRule, UnknownProducer, Value,
};

macro_rules! switches {
    ($($(#[doc = $doc:literal])+ [$since:literal] $id:ident $name:ident: $type:ty,)*) => {
        /// The switches that a preset sets, and single ones that were set otherwise.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        pub struct Protocol {
            /// The preset that the switches came from.
            pub preset: Preset,
            $($(#[doc = $doc])+ #[doc = ""] #[doc = concat!("Changed by: ", $since, ".")] pub $name: $type,)*
        }

        /// Single switches that differ from the preset's.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Switches {
            $(
                $(#[doc = $doc])+
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $name: Option<$type>,
            )*
        }

        /// One switch.
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Serialize,
            Deserialize,
            JsonSchema,
            EnumIter,
            EnumString,
            IntoStaticStr,
        )]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum Switch {
            $($(#[doc = $doc])+ $id,)*
        }

        impl Switch {
            /// What it decides, in a sentence or two.
            pub fn says(self) -> &'static str {
                match self {
                    $(Self::$id => concat!($($doc),+).trim_ascii(),)*
                }
            }

            /// The KIP or JIRA that changed it, and the first release with that.
            pub fn changed_by(self) -> &'static str {
                match self {
                    $(Self::$id => $since,)*
                }
            }
        }

        impl Protocol {
            /// What a switch is set to, as scenario files spell it.
            pub fn value(&self, switch: Switch) -> &'static str {
                match switch {
                    $(Switch::$id => Value::word(self.$name),)*
                }
            }

            /// What that means, in a sentence or two; nothing where [`Switch::says`] says it.
            pub fn meaning(&self, switch: Switch) -> &'static str {
                match switch {
                    $(Switch::$id => Value::says(self.$name),)*
                }
            }

            /// These switches, but this one as `other` has it.
            #[must_use]
            pub fn taking(mut self, switch: Switch, other: &Self) -> Self {
                match switch {
                    $(Switch::$id => self.$name = other.$name,)*
                }
                self
            }

            /// These switches in place of the preset's.
            #[must_use]
            pub fn with(mut self, switches: Switches) -> Self {
                $(
                    if let Some(set) = switches.$name {
                        self.$name = set;
                    }
                )*
                self
            }

            /// The single switches by which it differs from its preset.
            pub fn switches(&self) -> Switches {
                let usual = self.preset.protocol();
                Switches { $($name: (self.$name != usual.$name).then_some(self.$name),)* }
            }
        }
    };
}

switches! {
    // ---- where logs are cut ----
    /// How a follower finds where its log may differ from the leader's.
    ["KIP-101 (0.11), KIP-279 (2.0), KIP-595 (2.8)"]
    Truncation truncation: TruncationRule,
    /// When a follower cuts by its own high watermark: as it hears of the new leader, or before it next fetches.
    ["KIP-101 (0.11)"]
    TruncationMoment truncation_moment: TruncationMoment,
    /// Which notice of the controller makes a follower look where its log may differ.
    ["KAFKA-7164 (2.0.1), KIP-320 (2.1)"]
    TruncateWhen truncate_when: TruncateWhen,
    /// A leader notes where its epoch begins as it takes office, not only at its first append; and below the oldest epoch that
    /// it knows it answers with that one's start.
    ["KAFKA-7415 (2.0.1)"]
    EpochCachedAtElection epoch_cached_at_election: bool,
    /// A cut at or beyond the log's end also forgets epochs that were noted there and never written in.
    ["KAFKA-10706 (2.6.1)"]
    StaleEpochsDropped stale_epochs_dropped: bool,
    /// Fetches and questions about epochs carry the asker's leader epoch; a leader in another refuses them.
    ["KAFKA-7395, KIP-320 (2.1)"]
    FetchesFenced fetches_fenced: bool,
    /// A leader takes the offset of a fetch that it answers with the place where the logs part for the follower's log end.
    ["KAFKA-13141 (only 2.7.0, 2.7.1 and 2.8.0 do)"]
    DivergingFetchCounted diverging_fetch_counted: bool,
    /// A follower whose log is longer than its leader's stops its broker, where unclean elections are off.
    ["KAFKA-7414 (2.0.1 ends it)"]
    HaltsWhenAhead halts_when_ahead: bool,
    /// A follower whose fetch was beyond its leader's log starts over at the log's beginning if the leader's log has grown past
    /// its end meanwhile.
    ["KAFKA-2143 (0.9.0.1 ends it)"]
    OutOfRangeWipes out_of_range_wipes: bool,

    /// A fetched batch that does not begin at the follower's log end kills the thread that fetches from that leader, for all
    /// partitions; later only that partition is given up, until there is news of it.
    ["KIP-461 (2.3 ends it)"]
    MisfitKillsFetcher misfit_kills_fetcher: bool,

    // ---- the high watermark ----
    /// Whatever cuts the log brings a high watermark beyond its end down to it.
    ["2.4"]
    HighWatermarkClamped high_watermark_clamped: bool,
    /// A fetch outside of the leader's log makes the follower's log end unknown, which holds the high watermark.
    ["KAFKA-8400 (2.4 ends it)"]
    FailedReadForgetsEnd failed_read_forgets_end: bool,
    /// A follower's fetch is answered as soon as the high watermark has risen above the one that it was last told.
    ["2.4; KAFKA-9952 (2.6 ends it)"]
    HighWatermarkPushed high_watermark_pushed: bool,
    /// A leader looks at each fetch of a follower whether the high watermark may rise, not only where the follower's log has got another
    /// end.
    ["2.4 ends it"]
    HighWatermarkEachFetch high_watermark_each_fetch: bool,
    /// Followers outside of the ISR that have caught up lately count for the high watermark only if they may join.
    ["KAFKA-15021 (3.6)"]
    CaughtUpMustBeEligible caught_up_must_be_eligible: bool,
    /// The high watermark stays where it is while the ISR is smaller than min.insync.replicas.
    ["KAFKA-15583, KIP-966 (3.7)"]
    HighWatermarkFrozenBelowMinIsr high_watermark_frozen_below_min_isr: bool,
    /// A leader looks whether the high watermark may rise when a change of its ISR has come into force.
    ["KAFKA-13091 (3.1); before 2.7 the change itself does"]
    HighWatermarkRetried high_watermark_retried: bool,
    /// min.insync.replicas counts at most as many as there are replicas.
    ["KAFKA-15583 (3.7)"]
    MinIsrCapped min_isr_capped: bool,

    // ---- the ISR ----
    /// How far a follower must have come to join the ISR.
    ["KAFKA-7128 (2.0.1)"]
    IsrJoin isr_join: IsrJoin,
    /// Who may join the ISR, however far its log has come.
    ["KIP-841 (3.3), KIP-903 (3.5)"]
    IsrEligibility isr_eligibility: IsrEligibility,
    /// A fetch from an earlier life of a broker than the one that is registered is refused.
    ["KAFKA-15221 (3.7)"]
    StaleFetchRefused stale_fetch_refused: bool,
    /// A follower whose log ends where the leader's does is not dropped, however long it has been silent.
    ["KAFKA-7152 (2.1)"]
    IsrShrinkSparesLevel isr_shrink_spares_level: bool,
    /// How a leader changes the ISR.
    ["KIP-497 (2.7)"]
    IsrWrite isr_write: IsrWrite,
    /// A leader that took another notice of the controller meanwhile does not let the answer to its older proposal undo it.
    ["KAFKA-12686 (3.0)"]
    IsrReplyChecked isr_reply_checked: bool,

    // ---- the controller ----
    /// Who keeps the cluster's state and decides.
    ["KIP-500 (3.3)"]
    Controller controller: ControllerKind,
    /// A broker's lives are told apart, so that the controller notices one that is gone and back at once.
    ["KIP-380 (2.2)"]
    BrokerEpochs broker_epochs: bool,
    /// The last member of an ISR stays in it when its broker dies, also where unclean elections are on.
    ["KAFKA-5642 (1.1)"]
    LastIsrMemberKept last_isr_member_kept: bool,
    /// A KRaft controller raises the leader epoch whenever an ISR loses a member.
    ["KAFKA-15021 (3.6 ends it)"]
    LeaderEpochBumpedOnShrink leader_epoch_bumped_on_shrink: bool,
    /// A leader that was elected uncleanly is known to be recovering, and alone in its ISR until it has recovered.
    ["KIP-704 (3.2)"]
    LeaderRecoveryState leader_recovery_state: bool,
    /// Replicas that leave an ISR below min.insync.replicas stay eligible to lead.
    ["KIP-966 (4.0, off by default; on in new clusters of 4.1)"]
    EligibleLeaderReplicas eligible_leader_replicas: bool,
    /// A broker that comes back without the word of a clean shutdown leaves all ISRs, and is not eligible to lead.
    ["KAFKA-15586, KIP-966 (4.0)"]
    UncleanShutdownDetected unclean_shutdown_detected: bool,
    /// With eligible leader replicas, the last known leader is elected only if its broker is not fenced.
    ["KAFKA-19522 (after 4.0.0, which does not look; 4.0-elr here does)"]
    LastKnownLeaderChecked last_known_leader_checked: bool,
    /// What `unclean.leader.election.enable` is unless set.
    ["KIP-106 (0.11)"]
    UncleanElectionDefault unclean_election_default: bool,

    // ---- disks ----
    /// The checkpoint of high watermarks keeps those of replicas that have not been told what they are.
    ["KAFKA-1647 (0.8.2)"]
    CheckpointKeepsUntold checkpoint_keeps_untold: bool,

    // ---- producers ----
    /// Producers may be idempotent.
    ["KIP-98 (0.11)"]
    Idempotence idempotence: bool,
    /// What `enable.idempotence` is unless set, if nothing that was set contradicts it.
    ["KIP-679 (3.0), KAFKA-13598 (3.0.1, 3.1.1, 3.2.0)"]
    IdempotenceDefault idempotence_default: bool,
    /// How many of a producer's batches a log remembers.
    ["KAFKA-5494 (1.0)"]
    DedupWindow dedup_window: DedupWindow,
    /// What a broker makes of a sequence other than 0 from a producer that it does not know.
    ["1.0, KIP-360 (2.5)"]
    UnknownProducer unknown_producer: UnknownProducer,
    /// An idempotent producer recovers from a lost sequence by raising its epoch.
    ["KIP-360 (2.5)"]
    EpochBump epoch_bump: bool,
    /// As it raises its epoch, it also begins anew on partitions that have nothing in flight.
    ["KAFKA-12152 (2.7.1)"]
    EpochBumpResetsIdle epoch_bump_resets_idle: bool,
    /// Where one request is in flight on a connection, a partition rests until it is answered, though another broker leads by now.
    ["KAFKA-3197 (0.10)"]
    RetriesHoldUpLater retries_hold_up_later: bool,
    /// Where records without a key go.
    ["KIP-480 (2.4), KIP-794 (3.3)"]
    Partitioner partitioner: UnkeyedRule,
    /// `RoundRobinPartitioner` is asked twice for a record that begins a batch, and so passes a partition over.
    ["KIP-480 (2.4); KAFKA-9965"]
    RoundRobinSkips round_robin_skips: bool,

    // ---- consumers ----
    /// A consumer's position carries a leader epoch and is held against the new leader's log when the leader changes.
    ["KIP-320 (2.3)"]
    PositionsValidated positions_validated: bool,
    /// A new leader does not say where its log ends for consumers before its high watermark has reached its epoch's beginning.
    ["KIP-207, KAFKA-2334 (2.2)"]
    OffsetNotAvailable offset_not_available: bool,
    /// The auto commit of a poll commits also what that very poll is about to return.
    ["KAFKA-2942 (0.9.0.1 ends it)"]
    AutoCommitsFetched auto_commits_fetched: bool,
    /// A member that gives everything away before it joins reads no more while it commits.
    ["KAFKA-14196 (only 3.2.0 to 3.2.2 do not)"]
    RevokingStopsReading revoking_stops_reading: bool,
    /// A cooperative member that commits before it joins joins once that commit is answered, or is out of time.
    ["KAFKA-14024 (only 3.2.0 does not)"]
    JoinsAfterCommit joins_after_commit: bool,
    /// A heartbeat while the group waits for its leader's assignment is answered REBALANCE_IN_PROGRESS.
    ["2.7 ends it"]
    HeartbeatRefusedInSync heartbeat_refused_in_sync: bool,

    // ---- transactions ----
    /// What transactions there are.
    ["KIP-98 (0.11), KIP-890 (3.6, 4.0)"]
    Transactions transactions: Transactions,
    /// A KRaft broker reads a partition of `__transaction_state` that it leads anew whenever the ISR of that changes, and carries
    /// out again what was decided there.
    ["KAFKA-15468 (3.8 ends it)"]
    TransactionsReloaded transactions_reloaded: bool,
    /// A coordinator of transactions goes by all that its partition of `__transaction_state` holds when it takes office, replicated
    /// or not, and may lose some of it with its office: a producer is told that a partition is in its transaction, as it is read
    /// there, and the next coordinator knows nothing of it, so that nobody ends the transaction there.
    ["3.9.0 TransactionStateManager.loadTransactionMetadata; ended by no version that we know"]
    TransactionsLoadedUncommitted transactions_loaded_uncommitted: bool,
    /// A member that reads only what is committed is not told of offsets while a transaction has others pending.
    ["KIP-447 (2.5)"]
    PendingOffsetsRefused pending_offsets_refused: bool,
    /// Coordinators tell a fenced session so, and not that its epoch is invalid.
    ["KIP-588 (2.7)"]
    ProducerFenced producer_fenced: bool,
}

impl Switch {
    /// `truncate_when`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Switches {
    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
