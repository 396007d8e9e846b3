//! `--seeds A..B` as it is written.

use std::ops::Range;

/// Reads `7`.
///
/// # Errors
/// What would be right.
pub(super) fn one(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number; write 0 to {}", u64::MAX))
}

/// As [`one`], of those that a range can begin with.
///
/// # Errors
/// What would be right.
pub(super) fn one_of_a_range(text: &str) -> Result<u64, String> {
    let most = u64::MAX - 1;
    let seed = text.parse().ok().filter(|&seed| seed <= most);
    seed.ok_or_else(|| format!("a seed is a whole number; write 0 to {most}"))
}

/// Reads `A..B` (B not included) or `A..=B`. The largest seed of a range is 18446744073709551614.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn parse(text: &str) -> Result<Range<u64>, String> {
    let form = || format!("'{text}' is no range of seeds; write 0..1000 (the last not included) or 0..=999");
    let (first, last) = text.split_once("..").ok_or_else(form)?;
    let number = |word: &str| word.trim().replace('_', "").parse::<u64>().map_err(|_| form());
    let first = number(first)?;
    let end = match last.strip_prefix('=') {
        Some(last) => number(last)?.checked_add(1).ok_or_else(|| {
            format!("'{text}' goes too far: the largest seed of a range is {}", u64::MAX - 1)
        })?,
        None => number(last)?,
    };
    if first >= end {
        return Err(format!("'{text}' holds no seed; the second number must be the larger"));
    }
    Ok(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        assert_eq!(parse("0..1000"), Ok(0..1000));
        assert_eq!(parse("5..=9"), Ok(5..10));
        assert_eq!(parse("0..10_000"), Ok(0..10_000));
    }

    #[test]
    fn what_is_no_range_is_refused_with_what_would_be() {
        for text in ["7", "..", "a..b", "-1..3", ""] {
            assert!(parse(text).unwrap_err().contains("0..1000"), "{text}");
        }
        assert!(parse("9..3").unwrap_err().contains("holds no seed"));
        assert!(parse("0..=18446744073709551615").unwrap_err().contains("18446744073709551614"));
    }
}
