//! What a switch may be set to, where that is more than on and off.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, IntoStaticStr};

/// A value that prints as scenario files spell it.
pub trait Value: Copy + PartialEq {
    /// `epoch_query`.
    fn word(self) -> &'static str;

    /// What it means, in a sentence or two; nothing where the switch itself says it.
    fn says(self) -> &'static str;
}

impl Value for bool {
    fn word(self) -> &'static str {
        if self { "true" } else { "false" }
    }

    fn says(self) -> &'static str {
        ""
    }
}

macro_rules! value {
    ($(#[$doc:meta])* $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident),* $(,)? }) => {
        $(#[$doc])*
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
            IntoStaticStr,
        )]
        #[serde(rename_all = "snake_case")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant),*
        }

        impl Value for $name {
            fn word(self) -> &'static str {
                self.into()
            }

            fn says(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($variant_doc),+).trim_ascii(),)*
                }
            }
        }
    };
}

value! {
    /// How a follower finds where its log may differ from the leader's.
    TruncationRule {
        /// It cuts at its own high watermark. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
        OwnHighWatermark,
        /// It asks the leader where its last epoch ends, once, and is told an offset: the start of the first epoch there that
        /// is larger. Where the leader does not know, it cuts at its own high watermark. Source: KIP-101, 0.11.0.2
        /// `ReplicaFetcherThread.maybeTruncate`.
        EpochQuery,
        /// The leader tells its largest epoch that is not above, too, and the follower asks again from an epoch that both know.
        /// Source: KIP-279, 2.0.0 `AbstractFetcherThread.getOffsetTruncationState`.
        EpochQueryIterative,
        /// It fetches at once and says the epoch of its last record; a leader that has another history answers where the logs
        /// part. Source: KIP-595, 2.8.0 `AbstractFetcherThread.truncateOnFetchResponse`.
        OnFetch,
    }
}

value! {
    /// When a follower cuts.
    TruncationMoment {
        /// As it obeys the notice. Source: 0.10.2.2 `ReplicaManager.makeFollowers`.
        OnNotice,
        /// Before it next fetches from the new leader; not before a fetch is answered that it already has under way there for
        /// other partitions. Source: 0.11.0.2 `AbstractFetcherThread.doWork`.
        BeforeFetch,
    }
}

value! {
    /// Which notice of the controller makes a follower look where its log may differ.
    TruncateWhen {
        /// One that names another leader than before. Source: 0.11.0.2 `Partition.makeFollower`.
        LeaderChanges,
        /// That, or one whose epoch is not the next. Source: KAFKA-7164 as mended in 2.0.1.
        EpochMissed,
        /// Any of a new epoch. Source: 2.1.0 `Partition.makeFollower`, KIP-320.
        EpochChanges,
    }
}

value! {
    /// How far a follower must have come to join the ISR.
    IsrJoin {
        /// To the leader's high watermark. Source: 0.11.0.2 `Partition.maybeExpandIsr`.
        HighWatermark,
        /// There, and to where the leader's epoch began. Source: KAFKA-7128, 2.0.1 `Partition.isFollowerInSync`.
        EpochStart,
    }
}

value! {
    /// Who may join the ISR, however far its log has come.
    IsrEligibility {
        /// Any assigned replica that fetches.
        Anyone,
        /// One whose broker is neither fenced nor shutting down, as leader and controller know. Source: KIP-841, 3.3.0
        /// `Partition.isReplicaIsrEligible`, `ReplicationControlManager.ineligibleReplicasForIsr`.
        Unfenced,
        /// One that besides fetched in the life that is registered. Source: KIP-903, 3.5.0.
        BrokerEpoch,
    }
}

value! {
    /// How a leader changes the ISR.
    IsrWrite {
        /// A conditional write to ZooKeeper; the partition stands still until it is answered. Source: 0.11.0.2
        /// `Partition.updateIsr`.
        Zookeeper,
        /// A request to the controller. Meanwhile the leader counts on the larger of both ISRs. Source: KIP-497, 2.7.0
        /// `Partition.expandIsr`, `shrinkIsr`; called AlterIsr until 3.0.
        AlterPartition,
    }
}

value! {
    /// Who keeps the cluster's state and decides.
    ControllerKind {
        /// A broker, elected in ZooKeeper, where brokers have sessions. Source: 0.11.0.2 `KafkaController`.
        Zookeeper,
        /// A KRaft controller, to which brokers send heartbeats. Source: KIP-500, KIP-631, 3.3.0 `QuorumController`.
        Kraft,
    }
}

value! {
    /// How many of a producer's batches a log remembers, and so how many requests an idempotent producer may have in flight.
    DedupWindow {
        /// One. Source: 0.11.0.2 `ProducerIdEntry`.
        LastBatch,
        /// Five. Source: KAFKA-5494, 1.0.0 `ProducerIdEntry.NumBatchesToRetain`.
        FiveBatches,
    }
}

value! {
    /// What a broker makes of a sequence other than 0 from a producer that it does not know.
    UnknownProducer {
        /// OUT_OF_ORDER_SEQUENCE_NUMBER. Source: 0.11.0.2 `ProducerAppendInfo.validateAppend`.
        OutOfOrder,
        /// UNKNOWN_PRODUCER_ID. Source: 1.0.0 `ProducerAppendInfo.checkSequence`.
        UnknownProducerId,
        /// It takes it. Source: KIP-360, 2.5.0 `ProducerAppendInfo.checkSequence`.
        AnySequence,
    }
}

value! {
    /// Where a producer sends a record that has neither a partition nor a key.
    UnkeyedRule {
        /// Round the available partitions, from a random one (0.8.2 to 2.3). Source: 0.11.0.2 `DefaultPartitioner`.
        RoundRobin,
        /// To one partition until a batch of it is full or has left, then to another available one at random (2.4 to 3.2,
        /// KIP-480). Source: 24 `StickyPartitionCache`.
        Sticky,
        /// To one partition until it has had batch.size bytes, then to another, the likelier the shorter its queue (3.3+,
        /// KIP-794). Source: 39 `BuiltInPartitioner`.
        UniformSticky,
    }
}

value! {
    /// What transactions there are.
    Transactions {
        /// None.
        None,
        /// Those of KIP-98: brokers take what carries a current epoch, whether or not a transaction is open.
        V1,
        /// The first append of a transaction to a partition is verified with its coordinator. Source: KIP-890 part 1, 3.6.0.
        Verified,
        /// Each transaction ends its epoch, so that nothing late touches the next. Source: KIP-890 part 2,
        /// `transaction.version=2`.
        V2,
    }
}
