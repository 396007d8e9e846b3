//! What producers and consumers have in common: connections with requests in flight, and what they know of the cluster.
//!
//! Source: 0.11.0.2 `NetworkClient`, `ClusterConnectionStates`, `Metadata`.
pub(crate) mod metadata;
pub(crate) mod network;
pub(crate) mod wake;
