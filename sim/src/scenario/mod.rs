//! Scenario files: what may stand in them, how they are read, and what a run makes of them.
//!
//! The walk of a file: [`files`] finds it, [`spans`] reads its JSON and remembers where everything stands,
//! [`overrides`] sets what the command line says, [`shape`] holds it against the [`schema`] of its types,
//! [`defaults`] fills in what depends on other settings, serde decodes the [`format`](mod@format), [`validate`]
//! looks whether it makes sense, and [`build`] makes the [`plan`] of it. Whatever is wrong on the way is
//! gathered as [`errors`], all at once. [`load`] walks it.
pub mod build;
pub mod defaults;
pub mod errors;
pub mod files;
pub mod format;
pub mod load;
pub mod lookup;
pub mod offsets_topic;
pub mod overrides;
pub mod path;
pub mod plan;
pub mod schema;
pub mod shape;
pub mod spans;
pub mod suggest;
mod swarm;
pub mod target;
pub mod transactions_topic;
pub mod validate;
pub mod verbs;

#[cfg(test)]
mod groups_test;
