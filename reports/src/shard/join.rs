//! Parts of a sweep, joined; or why they are not parts of one.

use super::{Shard, ShardReport};

/// Why files cannot be joined. Says which files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinError {
    /// Two files that are not of the same sweep.
    Differ {
        /// What differs: `the scenario`.
        what: &'static str,
        /// A file and what it has.
        one: (String, String),
        /// Another file and what it has.
        other: (String, String),
    },
    /// Two files are the same part.
    Twice {
        /// Which part.
        number: u64,
        /// Of how many.
        of: u64,
        /// The files.
        files: (String, String),
    },
    /// A file ends before its part does.
    Short {
        /// Which.
        file: String,
        /// How many seeds it has.
        played: u64,
        /// What it was to be.
        shard: Box<Shard>,
    },
    /// Parts that no file has.
    Missing {
        /// Their numbers.
        numbers: Vec<u64>,
        /// Of how many.
        of: u64,
    },
}

impl std::fmt::Display for JoinError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Differ { what, one, other } => write!(
                f,
                "{} and {} are not of one sweep: {what} differs, {} and {}",
                one.0, other.0, one.1, other.1
            ),
            Self::Twice { number, of, files } => {
                write!(f, "{} and {} are both shard {number} of {of}; give each once", files.0, files.1)
            }
            Self::Short { file, played, shard } => write!(
                f,
                "{file} has {played} of the {} seeds of shard {} of {}: it was interrupted; play that shard again",
                shard.seeds.end - shard.seeds.start,
                shard.number,
                shard.of
            ),
            Self::Missing { numbers, of } if numbers.len() == 1 => {
                write!(f, "shard {} of {of} is missing", numbers[0])
            }
            Self::Missing { numbers, of } => {
                let numbers: Vec<_> = numbers.iter().map(ToString::to_string).collect();
                write!(f, "shards {} of {of} are missing", numbers.join(", "))
            }
        }
    }
}

/// Makes the whole of all its parts, each with its file's name. The whole is shard 1 of 1.
///
/// # Errors
/// They are not parts of one sweep, or not all of them.
pub fn join(mut parts: Vec<(String, ShardReport)>) -> Result<Option<ShardReport>, JoinError> {
    parts.sort_by_key(|(_, part)| part.shard.number);
    for pair in parts.windows(2) {
        are_of_one_sweep(&pair[0], &pair[1])?;
        let [(one, part), (other, _)] = pair else { continue };
        if part.shard.number == pair[1].1.shard.number {
            let Shard { number, of, .. } = part.shard;
            return Err(JoinError::Twice { number, of, files: (one.clone(), other.clone()) });
        }
    }
    parts.iter().try_for_each(is_whole)?;
    let Some(of) = parts.first().map(|(_, part)| part.shard.of) else { return Ok(None) };
    let mut numbers = parts.iter().map(|(_, part)| part.shard.number).peekable();
    let missing: Vec<u64> = (1..=of).filter(|number| numbers.next_if_eq(number).is_none()).collect();
    if !missing.is_empty() {
        return Err(JoinError::Missing { numbers: missing, of });
    }
    let whole = parts.into_iter().map(|(_, part)| part).reduce(|mut whole, part| {
        whole.report.merge(part.report);
        whole
    });
    Ok(whole.map(|whole| ShardReport {
        shard: Shard { number: 1, of: 1, seeds: whole.shard.sweep.clone(), ..whole.shard },
        report: whole.report,
    }))
}

fn are_of_one_sweep(one: &(String, ShardReport), other: &(String, ShardReport)) -> Result<(), JoinError> {
    let facts = |part: &ShardReport| {
        let ShardReport { shard, report } = part;
        [
            ("the version of Highwater", shard.highwater.clone()),
            ("the scenario", report.scenario.to_string()),
            ("the protocol", format!("{}{}", report.protocol.name(), report.switches)),
            (
                "what --set says",
                if report.overrides.is_empty() { "nothing".into() } else { report.overrides.join(" ") },
            ),
            ("what the scenario's file says", format!("{} by its hash", shard.scenario)),
            ("the range of seeds", format!("{}..{}", shard.sweep.start, shard.sweep.end)),
            ("the number of shards", shard.of.to_string()),
        ]
    };
    for ((what, mine), (_, theirs)) in facts(&one.1).into_iter().zip(facts(&other.1)) {
        if mine != theirs {
            let (one, other) = ((one.0.clone(), mine), (other.0.clone(), theirs));
            return Err(JoinError::Differ { what, one, other });
        }
    }
    Ok(())
}

/// Whether all seeds of the part were played.
fn is_whole((file, part): &(String, ShardReport)) -> Result<(), JoinError> {
    let Shard { seeds, .. } = &part.shard;
    if part.report.seeds == seeds.end - seeds.start {
        return Ok(());
    }
    let (file, played) = (file.clone(), part.report.seeds);
    Err(JoinError::Short { file, played, shard: Box::new(part.shard.clone()) })
}
