//! What a run holds in memory, as an estimate: the machine's own count would be another on each.
//!
//! It is made of lengths alone, so the same seed comes to the same number everywhere and on any number of threads:
//!
//! - a log that is shared among replicas costs its batches and records once, and each replica two pointers a batch, one of its
//!   own and one for the judges;
//! - what is on its way costs a parcel, wherever it waits;
//! - what the judges remember grows with the records that they were told of and with the log. [`JUDGED_SENT`] and
//!   [`JUDGED_LOGGED`] are measured: `cargo bench -p highwater-sim --bench memory` prints the estimate beside the allocator's count.
//!
//! What `--trace` and `--history` keep of a run is not in it.

use std::mem::size_of;
use std::sync::Arc;

use highwater_model::record::{Batch, Record};
use highwater_model::view::{ClusterView, PartitionView, ReplicaView};

use crate::scenario::plan::Plan;
use crate::wire::Wire;
use crate::workload::Workload;

/// Bytes that the judges keep of a record that was handed to a producer.
const JUDGED_SENT: u64 = 200;
/// Bytes that they keep of a record in a log.
const JUDGED_LOGGED: u64 = 200;
/// The counts of an `Arc`, and what an allocator puts around it.
const SHARED: u64 = 32;

/// What a run holds, in bytes.
pub(crate) fn held(plan: &Plan, view: &ClusterView, wire: &Wire, workload: &Workload) -> u64 {
    let planned: u64 = plan.producers.iter().map(|producer| u64::from(producer.records)).sum();
    let sent = planned.saturating_sub(workload.left());
    let logs: u64 = view.partitions.iter().map(partition).sum();
    logs + wire.held_bytes() + sent * JUDGED_SENT
}

fn partition(partition: &PartitionView) -> u64 {
    let batches = |replica: &ReplicaView| replica.log.len() as u64;
    let records = |replica: &ReplicaView| replica.log_end.0.saturating_sub(replica.log_start.0);
    let longest = partition.replicas.iter().map(records).max().unwrap_or_default();
    let most = partition.replicas.iter().map(batches).max().unwrap_or_default();
    let pointers: u64 = partition.replicas.iter().map(batches).sum::<u64>() * 2;
    most * (size_of::<Batch>() as u64 + 2 * SHARED)
        + longest * (size_of::<Record>() as u64 + JUDGED_LOGGED)
        + pointers * size_of::<Arc<Batch>>() as u64
}
