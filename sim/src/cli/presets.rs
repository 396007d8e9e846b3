//! A Kafka version as it is written on the command line.

use highwater_model::protocol::Preset;
use strum::IntoEnumIterator;

use crate::scenario::suggest::{list, nearest};

/// Reads `2.0.1`.
///
/// # Errors
/// That there is no such preset, the nearest one, and all.
pub(super) fn parse(text: &str) -> Result<Preset, String> {
    let names = || Preset::iter().map(Preset::name);
    if let Some(preset) = Preset::iter().find(|preset| preset.name() == text) {
        return Ok(preset);
    }
    let near = nearest(text, names()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Err(format!("there is no such preset; {near}allowed: {}", list(names())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_goes_by_its_name() {
        Preset::iter().for_each(|preset| assert_eq!(parse(preset.name()), Ok(preset)));
    }

    #[test]
    fn an_unknown_one_is_told_the_nearest() {
        let told = parse("4.0").unwrap_err();
        assert!(told.contains("did you mean `4.0-elr`? allowed: `0.10`, "), "{told}");
        assert!(parse("nonsense").unwrap_err().starts_with("there is no such preset; allowed"));
    }
}
