//! Whom a fault strikes: a node by its name, or a role that is resolved as the fault strikes.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::suggest::nearest;

/// A node, or a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "String")]
#[schemars(with = "Written")]
pub enum Target {
    /// `1` or `broker 1`.
    Broker(u8),
    /// `controller`.
    Controller,
    /// `leader of orders-0`: whom the controller takes for its leader.
    Leader(String),
    /// `follower of orders-0`, `follower 2 of orders-0`: the n-th live in-sync replica, from 1 in assignment order,
    /// that does not lead; if there are fewer in sync, then of all live ones.
    Follower {
        /// From 1.
        number: u8,
        /// `orders-0`.
        partition: String,
    },
    /// `coordinator of billing`: whom the controller takes for the leader of the partition of `__consumer_offsets` that keeps
    /// the group's offsets.
    Coordinator(String),
    /// `transaction coordinator of pay`: the same for the partition of `__transaction_state` that keeps a transactional id's
    /// state.
    TransactionCoordinator(String),
    /// `any broker`: a live one, by the fault's own draw.
    AnyBroker,
    /// `that broker`: the one of the event that the fault waited for.
    EventBroker,
    /// `that client`: the one of the event that the fault waited for.
    EventClient,
    /// `rest`: everyone who is named nowhere else in the same fault.
    Rest,
    /// `shop`, `billing-0`: a producer or a group's member.
    Client(String),
}

/// A target as it stands in a file: a broker's number, or words.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    /// A broker's id.
    Number(u8),
    /// `broker 1`, `controller`, `leader of orders-0`, `follower 2 of orders-0`, `coordinator of billing`,
    /// `transaction coordinator of pay`, `any broker`, `that broker`, `that client`, `rest`, or a client's name.
    Words(String),
}

impl Target {
    /// What may stand where a target is asked for, in words.
    pub const ALLOWED: &str = "1, `broker 1`, `controller`, `leader of orders-0`, `follower 2 of orders-0`, \
                               `coordinator of billing`, `transaction coordinator of pay`, `any broker`, `that broker`, `that client`, `rest` or a client's name";

    /// The target that `words`, which are none, were probably meant to be: each word but names is taken for the nearest.
    pub fn nearest(words: &str) -> Option<String> {
        const KNOWN: [&str; 10] = [
            "leader",
            "follower",
            "transaction",
            "coordinator",
            "of",
            "broker",
            "any",
            "that",
            "client",
            "controller",
        ];
        let mend = |word: &str| {
            let known = word.contains('-') || word.chars().all(|letter| letter.is_ascii_digit());
            let near = if known { None } else { nearest(word, KNOWN) };
            near.map_or_else(|| word.to_owned(), ToOwned::to_owned)
        };
        let mended = words.split_whitespace().map(mend).collect::<Vec<_>>().join(" ");
        mended.parse::<Self>().is_ok().then_some(mended)
    }
}

impl TryFrom<Written> for Target {
    type Error = String;
    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Number(id) => Ok(Self::Broker(id)),
            Written::Words(words) => words.parse(),
        }
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

impl FromStr for Target {
    type Err = String;
    fn from_str(words: &str) -> Result<Self, String> {
        let words: Vec<&str> = words.split_whitespace().collect();
        Ok(match words[..] {
            ["controller"] => Self::Controller,
            ["rest"] => Self::Rest,
            ["any", "broker"] => Self::AnyBroker,
            ["that", "broker"] => Self::EventBroker,
            ["that", "client"] => Self::EventClient,
            ["broker", id] => Self::Broker(id.parse().map_err(|_| format!("'{id}' is no broker id"))?),
            ["leader", "of", partition] => Self::Leader(partition.to_owned()),
            ["coordinator", "of", group] => Self::Coordinator(group.to_owned()),
            ["transaction", "coordinator", "of", id] => Self::TransactionCoordinator(id.to_owned()),
            ["follower", "of", partition] => Self::Follower { number: 1, partition: partition.to_owned() },
            ["follower", number, "of", partition] => Self::Follower {
                number: number.parse().map_err(|_| format!("'{number}' is no number of a follower"))?,
                partition: partition.to_owned(),
            },
            [name] => Self::Client(name.to_owned()),
            _ => {
                return Err(format!("is no target; say {}", Self::ALLOWED));
            }
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(id) => write!(f, "broker {id}"),
            Self::Controller => f.write_str("controller"),
            Self::Leader(partition) => write!(f, "leader of {partition}"),
            Self::Follower { number: 1, partition } => write!(f, "follower of {partition}"),
            Self::Follower { number, partition } => write!(f, "follower {number} of {partition}"),
            Self::Coordinator(group) => write!(f, "coordinator of {group}"),
            Self::TransactionCoordinator(id) => write!(f, "transaction coordinator of {id}"),
            Self::AnyBroker => f.write_str("any broker"),
            Self::EventBroker => f.write_str("that broker"),
            Self::EventClient => f.write_str("that client"),
            Self::Rest => f.write_str("rest"),
            Self::Client(name) => f.write_str(name),
        }
    }
}
