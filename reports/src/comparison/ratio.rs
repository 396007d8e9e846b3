//! Numbers that are not whole, rounded without floating point so that they print the same everywhere.

use serde::{Serialize, Serializer};

/// A quotient in hundredths, rounded to the nearest, halves up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ratio {
    hundredths: u128,
}

impl Ratio {
    /// `part` for each of `whole`; none if there are none.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        Self::scaled(u128::from(part), whole)
    }

    /// `part` in per cent of `whole`; none if that is nothing.
    pub fn percent(part: u64, whole: u64) -> Option<Self> {
        Self::scaled(u128::from(part) * 100, whole)
    }

    fn scaled(part: u128, whole: u64) -> Option<Self> {
        let whole = u128::from(whole);
        let hundredths = (part * 200 + whole).checked_div(2 * whole)?;
        Some(Self { hundredths })
    }
}

/// `12.5`: as many decimals as it has, up to two.
impl std::fmt::Display for Ratio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, rest) = (self.hundredths / 100, self.hundredths % 100);
        match rest {
            0 => write!(f, "{whole}"),
            rest if rest % 10 == 0 => write!(f, "{whole}.{}", rest / 10),
            rest => write!(f, "{whole}.{rest:02}"),
        }
    }
}

/// As a number.
impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.hundredths as f64 / 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(ratio: Option<Ratio>) -> Option<String> {
        ratio.map(|ratio| ratio.to_string())
    }

    #[test]
    fn it_is_rounded_to_the_nearest_hundredth() {
        assert_eq!(printed(Ratio::of(2, 3)).as_deref(), Some("0.67"));
        assert_eq!(printed(Ratio::of(1, 3)).as_deref(), Some("0.33"));
        assert_eq!(printed(Ratio::of(1, 200)).as_deref(), Some("0.01"), "halves go up");
        assert_eq!(printed(Ratio::of(5, 2)).as_deref(), Some("2.5"));
        assert_eq!(printed(Ratio::of(6, 2)).as_deref(), Some("3"));
    }

    #[test]
    fn the_largest_numbers_fit() {
        assert_eq!(printed(Ratio::percent(u64::MAX, u64::MAX)).as_deref(), Some("100"));
        assert_eq!(printed(Ratio::percent(u64::MAX, 1)).map(|text| text.len()), Some(22));
    }

    #[test]
    fn there_is_none_of_nothing() {
        assert_eq!(Ratio::of(5, 0), None);
        assert_eq!(Ratio::percent(0, 0), None);
    }

    #[test]
    fn json_has_a_number() {
        assert_eq!(serde_json::to_string(&Ratio::of(2, 3)).expect("it is a number"), "0.67");
    }
}
