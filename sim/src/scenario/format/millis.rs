//! Milliseconds as a file has them: `400`, or `400.25` where a fault is to strike between two of them.

use std::borrow::Cow;
use std::fmt;

use highwater_model::time::Micros;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment or a length of time, in milliseconds; exact to the microsecond. Whole ones are written without a fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub Micros);

impl Millis {
    /// This many.
    pub const fn whole(millis: u64) -> Self {
        Self(Micros::from_millis(millis))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(Micros(self.0.0.saturating_add(other.0.0)))
    }

    /// What is left of this one without the other; nothing if that is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.less(other.0))
    }
}

/// `400`, `400.25`.
impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.0 % 1_000 {
            0 => write!(f, "{}", self.0.as_millis()),
            _ => write!(f, "{}", self.0.0 as f64 / 1_000.0),
        }
    }
}

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.0 % 1_000 {
            0 => serializer.serialize_u64(self.0.as_millis()),
            _ => serializer.serialize_f64(self.0.0 as f64 / 1_000.0),
        }
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        if let Some(whole) = number.as_u64() {
            return Ok(Self::whole(whole));
        }
        let millis = number.as_f64().filter(|&millis| millis >= 0.0);
        let millis = millis.ok_or_else(|| D::Error::custom("a time of less than nothing"))?;
        Ok(Self(Micros((millis * 1_000.0).round() as u64)))
    }
}

impl JsonSchema for Millis {
    fn schema_name() -> Cow<'static, str> {
        "Millis".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_to_the_microsecond_and_whole_numbers_have_no_fraction() {
        for (micros, written) in [(0, "0"), (400_000, "400"), (400_250, "400.25"), (11_437_001, "11437.001")]
        {
            let millis = Millis(Micros(micros));
            assert_eq!(serde_json::to_string(&millis).unwrap(), written);
            assert_eq!(millis.to_string(), written);
            assert_eq!(serde_json::from_str::<Millis>(written).unwrap(), millis);
        }
        for micros in (0..86_400_000_000).step_by(7_919_771_113) {
            let written = serde_json::to_string(&Millis(Micros(micros))).unwrap();
            assert_eq!(serde_json::from_str::<Millis>(&written).unwrap().0, Micros(micros));
        }
        assert!(serde_json::from_str::<Millis>("-1").is_err());
    }
}
