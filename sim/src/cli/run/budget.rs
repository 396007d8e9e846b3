//! `--until 5m`: how long a sweep may take by the wall clock. The clock decides how many seeds are played and nothing else.

#![expect(clippy::disallowed_types, reason = "--until is about the time of those who wait")]

use std::time::{Duration, Instant};

/// What is left of the time for all scenarios.
pub(in crate::cli) struct Budget {
    end: Option<Instant>,
}

/// When one scenario's time is up.
#[derive(Clone, Copy)]
pub(in crate::cli) struct Deadline(Instant);

impl Budget {
    pub(in crate::cli) fn new(time: Option<Duration>) -> Self {
        Self { end: time.map(|time| Instant::now() + time) }
    }

    /// The end of an even share of what is left, for one of so many scenarios that are still to be played.
    pub(in crate::cli) fn share(&self, scenarios: usize) -> Option<Deadline> {
        let now = Instant::now();
        let left = self.end?.saturating_duration_since(now);
        Some(Deadline(now + left / u32::try_from(scenarios.max(1)).unwrap_or(u32::MAX)))
    }
}

impl Deadline {
    pub(in crate::cli) fn is_over(self) -> bool {
        Instant::now() >= self.0
    }

    pub(in crate::cli) fn left(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Reads `30s`, `5m`, `2h`.
///
/// # Errors
/// What is wrong, and what would be right.
pub(in crate::cli) fn parse(text: &str) -> Result<Duration, String> {
    let form = || format!("'{text}' is no time; write 30s, 5m or 2h");
    let split = text.len().checked_sub(1).filter(|&at| text.is_char_boundary(at)).ok_or_else(form)?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(form()),
    };
    let number: u64 = number.parse().map_err(|_| form())?;
    // A year is as good as for ever, and no clock runs over.
    let longest = 365 * 24 * 3600;
    match number.checked_mul(seconds) {
        Some(0) => Err(format!("'{text}' leaves no time to play a seed")),
        Some(seconds) if seconds <= longest => Ok(Duration::from_secs(seconds)),
        Some(_) | None => Err(format!("'{text}' is too long; a year is the most")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_seconds_minutes_and_hours() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(parse("2h"), Ok(Duration::from_secs(7_200)));
    }

    #[test]
    fn what_is_no_time_is_refused_with_what_would_be() {
        for text in ["5", "m", "", "-1s", "5 m", "1.5h", "5ä"] {
            assert!(parse(text).unwrap_err().contains("30s, 5m or 2h"), "{text}");
        }
        assert!(parse("0s").unwrap_err().contains("no time to play"));
        assert!(parse("99999999999999999h").unwrap_err().contains("too long"));
    }
}
