//! Kafka versions as vectors of switches. Every switch changed on its own date; a preset names one vector.
//!
//! - [`presets`]: the versions, [`Preset`], and the vector of each.
//! - [`switches`]: what can be switched, [`Protocol`], with single ones set otherwise by [`Switches`].
//! - [`values`]: what a switch may be set to.
//! - [`contradictions`]: what never makes sense together.
//!
//! Source: `kafka-behaviour.md` section 0.1.

pub mod contradictions;
pub mod presets;
pub mod switches;
pub mod values;

pub use contradictions::Contradiction;
pub use presets::Preset;
pub use switches::{Protocol, Switch, Switches};
pub use values::{
    ControllerKind, DedupWindow, IsrEligibility, IsrJoin, IsrWrite, Transactions, TruncateWhen,
    TruncationMoment, TruncationRule, UnkeyedRule, UnknownProducer,
};
