//! What a cluster does when something goes wrong. A test's name is the fault, then the promise.
//!
//! Every test looks at several seeds: what it says must not hang on when which message arrives.

mod acks;
mod consumers;
mod elections;
mod high_watermark;
mod idempotence;
mod isr;
mod network;
mod retries;
mod truncation;
