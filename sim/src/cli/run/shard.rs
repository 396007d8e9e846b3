//! `--shard 3/16` as it is written.

/// Which part of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// From 1 on.
    pub(super) number: u64,
    pub(super) of: u64,
}

/// Reads `3/16`.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn parse(text: &str) -> Result<Part, String> {
    let form = || format!("'{text}' is no part; write 3/16 for the third of sixteen");
    let (number, of) = text.split_once('/').ok_or_else(form)?;
    let read = |word: &str| word.parse::<u64>().map_err(|_| form());
    let (number, of) = (read(number)?, read(of)?);
    if number == 0 || number > of {
        return Err(format!("'{text}' is no part: of {of} parts, the first is 1 and the last {of}"));
    }
    Ok(Part { number, of })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!(parse("3/16"), Ok(Part { number: 3, of: 16 }));
        assert!(parse("0/16").unwrap_err().contains("the first is 1"));
        assert!(parse("17/16").unwrap_err().contains("the last 16"));
        assert!(parse("3").unwrap_err().contains("3/16"));
    }
}
