//! Mutants that Kafka once was: one rule of an older version in the newest one.

use super::mutant::Mutant;

/// By the version that mended each.
pub(crate) const MUTANTS: &[Mutant] = &[];
