//! The events that a scenario must show, and on which share of its seeds.
//!
//! A share is kept in millionths, a whole number: whether a sweep has enough is decided without floating point, on every machine alike.

use std::collections::BTreeMap;
use std::fmt;

use highwater_model::event::EventKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::comparison::ratio::Ratio;

/// The events that must come: a list of those that must come on every seed, or an object that says on which share of seeds each
/// must, as in `{"log_truncated": 1, "duplicate_discarded": 0.25}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MustSee {
    /// Each must come on every seed.
    Always(Vec<EventKind>),
    /// Each must come on this share of seeds.
    Shares(BTreeMap<EventKind, Share>),
}

impl Default for MustSee {
    fn default() -> Self {
        Self::Always(Vec::new())
    }
}

impl From<Vec<EventKind>> for MustSee {
    fn from(events: Vec<EventKind>) -> Self {
        Self::Always(events)
    }
}

impl MustSee {
    /// Each event, and its share.
    pub fn iter(&self) -> impl Iterator<Item = (EventKind, Share)> + '_ {
        let (always, shares) = match self {
            Self::Always(events) => (&events[..], None),
            Self::Shares(shares) => (&[][..], Some(shares)),
        };
        let always = always.iter().map(|&event| (event, Share::WHOLE));
        always.chain(shares.into_iter().flatten().map(|(&event, &share)| (event, share)))
    }

    /// On which share of seeds this event must come; none if it need not.
    pub fn share(&self, event: EventKind) -> Option<Share> {
        self.iter().find(|&(one, _)| one == event).map(|(_, share)| share)
    }

    /// Whether this event must come on every seed.
    pub fn is_always(&self, event: EventKind) -> bool {
        self.share(event) == Some(Share::WHOLE)
    }
}

/// A share of seeds, above 0 and up to 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    millionths: u32,
}

/// Every seed.
impl Default for Share {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl Share {
    const MILLION: u32 = 1_000_000;
    /// Every seed.
    pub const WHOLE: Self = Self { millionths: Self::MILLION };

    /// How many of so many seeds it comes to at the least. Rounded down: of three seeds a quarter is none, and of one seed only
    /// the whole is one.
    pub fn of(self, seeds: u64) -> u64 {
        (u128::from(seeds) * u128::from(self.millionths) / u128::from(Self::MILLION)) as u64
    }

    /// Whether it is every seed.
    pub fn is_whole(&self) -> bool {
        *self == Self::WHOLE
    }
}

/// `25 %`
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Ratio::percent(u64::from(self.millionths), u64::from(Self::MILLION)) {
            Some(percent) => write!(f, "{percent} %"),
            None => Ok(()),
        }
    }
}

/// As a number.
impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.millionths) / f64::from(Self::MILLION))
    }
}

/// From a number, to the nearest millionth.
impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(deserializer)?;
        let millionths = (share * f64::from(Self::MILLION)).round();
        if (1.0..=f64::from(Self::MILLION)).contains(&millionths) {
            Ok(Self { millionths: millionths as u32 })
        } else {
            Err(serde::de::Error::custom(format!("{share} is no share of seeds, from 0.000001 to 1")))
        }
    }
}

impl JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number",
            "minimum": 0.000_001,
            "maximum": 1,
            "description": "A share of seeds, in steps of a millionth. On a single seed only a share of 1 is asked for; of a sweep, as many whole seeds as the share comes to."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        serde_json::from_str(text).expect("a share")
    }

    #[test]
    fn a_list_and_an_object_say_the_same_where_the_shares_are_whole() {
        let list: MustSee = serde_json::from_str(r#"["log_truncated"]"#).unwrap();
        let object: MustSee = serde_json::from_str(r#"{"log_truncated": 1.0}"#).unwrap();
        assert_eq!(list.iter().collect::<Vec<_>>(), object.iter().collect::<Vec<_>>());
        assert!(list.is_always(EventKind::LogTruncated) && object.is_always(EventKind::LogTruncated));
        assert_eq!(list.share(EventKind::LeaderElected), None);
    }

    #[test]
    fn a_share_is_whole_seeds_rounded_down() {
        assert_eq!([0, 1, 3, 4, 1_000].map(|seeds| share("0.25").of(seeds)), [0, 0, 0, 1, 250]);
        assert_eq!([1, 7].map(|seeds| share("1").of(seeds)), [1, 7]);
        assert_eq!(share("0.1").of(30), 3, "a tenth is exact");
        assert_eq!(share("0.7").of(u64::MAX), 12_912_720_851_596_686_130);
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for text in ["0", "-1", "1.1", "0.0000001"] {
            assert!(serde_json::from_str::<Share>(text).is_err(), "{text} was read");
        }
        assert_eq!(share("0.000001").of(1_000_000), 1);
    }

    #[test]
    fn a_share_prints_in_per_cent_and_is_written_as_it_was_read() {
        assert_eq!(["0.25", "1", "0.005"].map(|text| share(text).to_string()), ["25 %", "100 %", "0.5 %"]);
        assert_eq!(serde_json::to_string(&share("0.3")).unwrap(), "0.3");
    }
}
