//! Kafka's partition replication as machines that know no clock, no network, no disk and no chance.
//!
//! What comes in and what time it is go into a [`Machine`](machine::Machine); messages, deadlines and facts come out. The
//! same machines are driven by a simulation, by a bare loop, or by hand in a test.
//!
//! # The walk of one record
//!
//! 1. An application hands a record to a [`Producer`](producer::Producer) as
//!    [`Command::Send`](machine::Command::Send). The partitioner chooses a partition, the accumulator a batch, and the batch leaves
//!    in a [`ProduceRequest`](message::Body::ProduceRequest).
//! 2. A [`Broker`](broker::Broker) gives it to the leader's [`Replica::append`](partition::Replica::append), which asks the
//!    [`Log`](log::Log::check) whether it is a duplicate and writes it
//!    ([`append_as_leader`](log::Log::append_as_leader)). With acks=-1 the request waits in
//!    [`PendingAcks`](partition::pending_acks::PendingAcks).
//! 3. Followers fetch it. What they ask for tells the leader how far they are:
//!    [`Replica::follower_fetched`](partition::Replica::follower_fetched). They write what they get:
//!    [`Replica::fetched`](partition::Replica::fetched).
//! 4. Their next fetch carries the new end of their logs, and the leader moves the high watermark:
//!    [`Replica::advance_high_watermark`](partition::Replica::advance_high_watermark), which is
//!    [`high_watermark::advance`](partition::high_watermark::advance) over the ISR of [`isr`](partition::isr).
//! 5. What waited is let go ([`Replica::release`](partition::Replica::release)), and the producer hears.
//! 6. A consumer's fetch reads up to the high watermark: a [`Member`](group::Member) returns it to its application.
//!
//! Who reads what in a group, and how far it has come, is looked after by a [`Coordinator`](coordinator::Coordinator): the leader
//! of the group's partition of `__consumer_offsets`, whose records go the same way as any other.
//!
//! What belongs together across partitions is looked after by the coordinator of [`transactions`]; how far a log is free of open
//! ones, by its [`OpenTransactions`](open_transactions::OpenTransactions).
//!
//! When a leader dies, the [`Controller`](controller::Controller) elects another of the ISR, and followers cut their logs before
//! they fetch from it ([`truncation`](partition::truncation)). What survives a broker is its [`Storage`](storage::Storage).
//!
//! # Architecture invariant
//!
//! No I/O, no clock, no randomness, no madsim. Machines never import each other: they meet in [`message`]. Every collection has
//! an order. Every machine is `Clone + Eq + Hash`, so that worlds can be compared and forked.

pub mod broker;
mod client;
pub mod config;
pub mod controller;
pub mod coordinator;
pub mod defects;
pub mod event;
pub mod group;
pub mod ids;
pub mod log;
pub mod machine;
pub mod message;
pub mod murmur2;
pub mod names;
pub mod open_transactions;
pub mod partition;
pub mod processor;
pub mod producer;
pub mod producer_state;
pub mod protocol;
pub mod record;
pub mod storage;
pub mod time;
pub mod transactions;
pub mod view;
