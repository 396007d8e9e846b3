//! Mutants of clients, groups and transactions: of what producers, members and their coordinators do, and of what clients are told.

use highwater_model::defects::Defect;
use highwater_reports::property::Property;

use super::mutant::Mutant;

/// By who does wrong, in the order in which a record meets them.
pub(crate) const MUTANTS: &[Mutant] = &[
    // ---- producers ----
    Mutant::defect(Defect::HashesOtherwise, "A producer places keys by another hash.")
        .on("places_of_records")
        .aims(&[Property::Routing]),
    Mutant::defect(Defect::MissesTurns, "A producer passes over every other turn of its round.")
        .on("places_of_records")
        .aims(&[Property::Routing]),
    Mutant::defect(
        Defect::OverridesNamedPartitions,
        "A producer sends to the partition behind the one that its application names.",
    )
    .on("places_of_records")
    .aims(&[Property::Routing]),
    Mutant::defect(
        Defect::RenumbersRetries,
        "A producer stamps what it sends again as if it were new, so that nobody knows it again.",
    )
    .on("ack_is_lost")
    .aims(&[Property::Duplicate]),
    Mutant::defect(Defect::RetriesLast, "A producer puts what it has to send again behind all that waits.")
        .on("request_is_lost")
        .aims(&[Property::ProducerOrder, Property::NonmonotonicSend, Property::KeyOrder]),
    Mutant::defect(Defect::DropsRetries, "A producer drops what it has to send again, and says nothing.")
        .on("ack_is_lost")
        .aims(&[Property::Answered]),
    Mutant::defect(
        Defect::TakesRefusalsForSuccess,
        "A producer takes for written what the leader surely did not write.",
    )
    .on("too_few_in_sync")
    .aims(&[Property::Unseen]),
    Mutant::defect(
        Defect::TakesSilenceForSuccess,
        "A producer takes for written what it has heard nothing of.",
    )
    .on("nobody_tries_again")
    .aims(&[Property::Unseen]),
    Mutant::defect(
        Defect::CallsFailuresDefinite,
        "A producer says of all that it gives up that it was surely not written.",
    )
    .on("nobody_tries_again")
    .aims(&[Property::AbortedRead]),
    // ---- leaders, towards clients ----
    Mutant::defect(
        Defect::FollowersForgetProducers,
        "A follower learns nothing of producers from what it appends, and knows no duplicate when it leads.",
    )
    .on("leader_dies_before_its_answer")
    .aims(&[Property::IdempotentDedup, Property::Duplicate]),
    Mutant::defect(Defect::AnswersOneOffsetOn, "A leader tells a producer an offset that is one too large.")
        .on("places_of_records")
        .aims(&[Property::InconsistentOffsets]),
    Mutant::defect(
        Defect::LooksAtIsrTooLate,
        "A leader looks whether its ISR is large enough when it has appended already, and then refuses.",
    )
    .on("too_few_in_sync")
    .aims(&[Property::AbortedRead]),
    // ---- groups ----
    Mutant::defect(Defect::SharesOneTwice, "A group's leader gives the first partition to everybody.")
        .on("members_come_and_go")
        .aims(&[Property::GroupExclusivity, Property::GroupStable]),
    Mutant::defect(
        Defect::AcceptsAnyCommit,
        "A coordinator does not look whose commit it is, nor of which generation.",
    )
    .on("member_stands_still")
    .aims(&[Property::CommitFencing]),
    Mutant::defect(
        Defect::KeepsWhatItLost,
        "A member reads on in partitions that are not in its share any more.",
    )
    .on("a_member_joins")
    .aims(&[Property::GroupStable, Property::Reprocessed]),
    Mutant::defect(
        Defect::WaitsForEver,
        "A coordinator does not notice that all members have come to a rebalance.",
    )
    .on("members_come_and_go")
    .aims(&[Property::GroupStable]),
    Mutant::defect(
        Defect::TellsOnlyTheLeader,
        "A coordinator tells its share to nobody but the group's leader.",
    )
    .on("members_come_and_go")
    .aims(&[Property::GroupStable]),
    Mutant::defect(
        Defect::ForgetsOffsets,
        "A coordinator that takes a group over does not read its offsets.",
    )
    .on("coordinator_dies")
    .aims(&[Property::Reprocessed]),
    // ---- members ----
    Mutant::defect(Defect::CommitsOnePast, "A member commits one offset too far.")
        .on("members_come_and_go")
        .aims(&[Property::Skipped]),
    Mutant::defect(
        Defect::CommitsToNeighbours,
        "A member commits for each of its partitions how far it is in the next.",
    )
    .on("members_come_and_go")
    .within(40)
    .aims(&[Property::Skipped]),
    Mutant::defect(
        Defect::CommitsBeforeWork,
        "An application commits what a poll returned before it has worked on it, and dies at work.",
    )
    .on("work_takes_time")
    .aims(&[Property::Skipped]),
    Mutant::defect(Defect::BeginsAtTheEnd, "A member begins at the end where auto.offset.reset is earliest.")
        .on("members_come_and_go")
        .with(&["start_ms=0"])
        .aims(&[Property::LostWrite]),
    Mutant::defect(
        Defect::FetchesOnePartition,
        "A member asks a broker for one partition only, always the first.",
    )
    .on("one_member_reads_all")
    .aims(&[Property::AllSeen, Property::LagBounded]),
    Mutant::defect(
        Defect::SkipsBetweenPolls,
        "A member leaves out the first record of what it asks for next.",
    )
    .on("polls_of_many_batches")
    .aims(&[Property::PollSkip, Property::LostWrite, Property::Skipped]),
    Mutant::defect(
        Defect::GoesBackABatch,
        "A member asks once more for the last batch of those that it was sent.",
    )
    .on("polls_of_many_batches")
    .aims(&[Property::NonmonotonicPoll, Property::Reprocessed]),
    Mutant::defect(Defect::SkipsInsideAPoll, "A poll leaves out a batch between two others.")
        .on("polls_of_many_batches")
        .aims(&[Property::IntPollSkip, Property::LostWrite]),
    Mutant::defect(Defect::SwapsInsideAPoll, "A poll returns the last two batches in the wrong order.")
        .on("polls_of_many_batches")
        .aims(&[Property::IntNonmonotonicPoll]),
    Mutant::defect(
        Defect::WorksBackwards,
        "An application works on what a poll returned from its end to its beginning.",
    )
    .on("work_takes_time")
    .aims(&[Property::KeyOrder]),
    Mutant::defect(Defect::WorksSlowly, "An application needs ten times as long as its service rate says.")
        .on("one_member_reads_all")
        .aims(&[Property::LagBounded]),
    // ---- transactions ----
    Mutant::defect(
        Defect::MarksOnePartition,
        "A coordinator has a transaction's end written to its first partition only.",
    )
    .on("transactions_end_both_ways")
    .aims(&[Property::LastStableOffsetReached, Property::AllSeen]),
    Mutant::defect(Defect::MarksNoPartition, "A coordinator has a transaction's end written nowhere.")
        .on("transactions_end_both_ways")
        .aims(&[Property::LastStableOffsetReached, Property::AllSeen]),
    Mutant::defect(
        Defect::MarksUnevenly,
        "A coordinator has a commit written to even partitions and an abort to the odd ones.",
    )
    .on("transactions_end_both_ways")
    .aims(&[Property::AtomicTransactions]),
    Mutant::defect(Defect::MarksAbortsAsCommits, "A coordinator has every transaction marked as committed.")
        .on("transactions_end_both_ways")
        .aims(&[Property::AbortedRead]),
    Mutant::defect(
        Defect::StableUpToHighWatermark,
        "A leader takes everything below the high watermark for stable.",
    )
    .on("transactions_end_both_ways")
    .aims(&[Property::PrecommittedRead]),
    Mutant::defect(
        Defect::NamesNoAborted,
        "A leader does not say which of the transactions that it sends were aborted.",
    )
    .on("transactions_end_both_ways")
    .aims(&[Property::AbortedRead]),
    Mutant::defect(
        Defect::AnswersBeforeDecision,
        "A coordinator answers a commit before its decision is replicated, and dies.",
    )
    .on("decision_dies")
    .aims(&[Property::AtomicTransactions]),
    Mutant::defect(
        Defect::CommitsOffsetsAtOnce,
        "A coordinator takes offsets of a transaction for committed before the transaction is.",
    )
    .on("processor_dies")
    .aims(&[Property::AtomicTransactions]),
];
