//! Each action of a fault has exactly one verb, the key that says which action it is.

use std::fmt;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::format::Action;
use super::suggest::{list, nearest};

/// Reads the rest of an action once its verb is known.
type Read = fn(Value) -> Result<Action, serde_json::Error>;

/// The verbs, in the order in which the format's documentation has them.
const VERBS: [(&str, Read); 12] = [
    ("crash", |value| read(value).map(Action::Crash)),
    ("shutdown", |value| read(value).map(Action::Shutdown)),
    ("leave", |value| read(value).map(Action::Leave)),
    ("join", |value| read(value).map(Action::Join)),
    ("pause", |value| read(value).map(Action::Pause)),
    ("partition", |value| read(value).map(Action::Partition)),
    ("cut", |value| read(value).map(Action::Cut)),
    ("degrade", |value| read(value).map(Action::Degrade)),
    ("lag", |value| read(value).map(Action::Lag)),
    ("drop", |value| read(value).map(Action::Drop)),
    ("elect_preferred", |value| read(value).map(Action::ElectPreferred)),
    ("create_partitions", |value| read(value).map(Action::CreatePartitions)),
];

fn read<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    T::deserialize(value)
}

/// The verbs that an action may have: `crash`, `shutdown`, ...
pub fn verbs() -> impl Iterator<Item = &'static str> {
    VERBS.iter().map(|&(verb, _)| verb)
}

/// Why an object is no action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerbError {
    /// None of its keys is a verb. The key that looks most like one, and that verb.
    None(Option<(String, &'static str)>),
    /// These keys all are.
    Several(Vec<&'static str>),
}

/// The one verb of an action.
///
/// # Errors
/// If no key is a verb, or several are.
pub fn verb_of(action: &Map<String, Value>) -> Result<&'static str, VerbError> {
    let found: Vec<&str> = verbs().filter(|&verb| action.contains_key(verb)).collect();
    match found[..] {
        [verb] => Ok(verb),
        [] => Err(VerbError::None(
            action.keys().find_map(|key| nearest(key, verbs()).map(|verb| (key.clone(), verb))),
        )),
        _ => Err(VerbError::Several(found)),
    }
}

impl fmt::Display for VerbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None(None) => f.write_str("an action without a verb"),
            Self::None(Some((key, verb))) => {
                write!(f, "an action without a verb: `{key}` is none; did you mean `{verb}`?")
            }
            Self::Several(found) => write!(f, "an action with several verbs: {}", list(found)),
        }
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        let verb = verb_of(&map)
            .map_err(|error| D::Error::custom(format!("{error}; allowed: one of {}", list(verbs()))))?;
        VERBS
            .iter()
            .find(|&&(name, _)| name == verb)
            .map_or_else(|| Err(serde_json::Error::custom(verb)), |(_, read)| read(Value::Object(map)))
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(text: &str) -> Result<Action, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_verb_chooses_the_action() {
        assert!(matches!(action(r#"{"restart_after_ms": 5, "crash": 1}"#), Ok(Action::Crash(_))));
        assert!(matches!(action(r#"{"cut": {"from": 1, "to": "shop"}}"#), Ok(Action::Cut(_))));
        assert!(matches!(action(r#"{"drop": "produce_reply", "from": 1}"#), Ok(Action::Drop(_))));
        assert!(matches!(action(r#"{"elect_preferred": "orders-0"}"#), Ok(Action::ElectPreferred(_))));
        let grow = action(r#"{"count": 6, "create_partitions": "orders"}"#);
        assert!(matches!(grow, Ok(Action::CreatePartitions(_))));
    }

    #[test]
    fn an_unknown_verb_is_refused_with_the_nearest_and_all_of_them() {
        let error = action(r#"{"crsh": 1}"#).unwrap_err();
        assert!(error.contains("did you mean `crash`?"), "{error}");
        assert!(error.contains("elect_preferred"), "{error}");
    }

    #[test]
    fn two_verbs_are_refused() {
        assert!(action(r#"{"crash": 1, "pause": 2}"#).unwrap_err().contains("`crash`, `pause`"));
    }
}
