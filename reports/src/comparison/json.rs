//! The face for machines: JSON, indented, with a fixed order of keys.

use super::Comparison;

/// The whole comparison.
///
/// # Errors
///
/// None that a comparison can cause: all its keys are strings.
pub fn comparison(comparison: &Comparison) -> serde_json::Result<String> {
    serde_json::to_string_pretty(comparison)
}
