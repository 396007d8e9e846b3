//! What a cluster does when something goes wrong. A test's name is the fault, then the promise.
//!
//! Every test looks at several seeds: what it says must not hang on when which message arrives.

mod ack_strategies;
mod acks;
mod consumers;
mod elections;
mod groups;
mod high_watermark;
mod idempotence;
mod isr;
mod network;
mod ordering;
mod partitioning;
mod retries;
mod service_rates;
mod truncation;
