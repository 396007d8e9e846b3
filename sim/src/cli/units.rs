//! Sizes and rates as people write them: `25GB`, `1.5 TiB`, `100MB/s`, `20000 records/s`.

use std::fmt;

use bytesize::ByteSize;

/// A size in bytes, never zero, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Size {
    written: String,
    pub(super) bytes: u64,
}

/// What a rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Bytes,
    Records,
}

/// So much a second, never zero, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    written: String,
    pub(super) counted: Counted,
    pub(super) amount: u64,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Rate {
    /// `bytes/s` or `records/s`.
    pub(super) fn unit(&self) -> &'static str {
        match self.counted {
            Counted::Bytes => "bytes/s",
            Counted::Records => "records/s",
        }
    }
}

/// Reads a size: a number and a unit of bytes. `MB` are 1,000,000 bytes and `MiB` 1,048,576.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn size(text: &str) -> Result<Size, String> {
    size_as(text, "25GB or 1.5TiB")
}

/// As [`size`], of what a run may hold.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn memory(text: &str) -> Result<Size, String> {
    size_as(text, "200MB or 1GiB")
}

fn size_as(text: &str, right: &str) -> Result<Size, String> {
    not_negative(text, right)?;
    if text.contains('/') {
        return Err(format!("'{text}' is a rate and no size; write {right}"));
    }
    let (written, bytes) = bytes(text.trim(), right)?;
    Ok(Size { written, bytes })
}

/// Reads a rate: bytes or records a second. The `/s` may be left out.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let right = "10MB/s or 5000 records/s";
    not_negative(text, right)?;
    let amount = match text.trim().split_once('/') {
        Some((amount, per)) if per.trim() == "s" => amount.trim_end(),
        Some((_, per)) => {
            return Err(format!(
                "'{}' is no unit of time for a rate; write it a second, as {right}",
                per.trim()
            ));
        }
        None => text.trim(),
    };
    let (written, counted, amount) = match amount.strip_suffix("records") {
        Some(number) => {
            let number = number.trim_end();
            let count = number
                .replace('_', "")
                .parse()
                .map_err(|_| format!("'{text}' is no whole number of records a second; write {right}"))?;
            (format!("{} records", thousands(count)), Counted::Records, not_zero(count, text, right)?)
        }
        None => {
            let (written, bytes) = bytes(amount, right)?;
            (written, Counted::Bytes, bytes)
        }
    };
    Ok(Rate { written: format!("{written}/s"), counted, amount })
}

/// Reads a number of bytes that says its unit, and how it is written with one space. `right` is an example for errors.
fn bytes(text: &str, right: &str) -> Result<(String, u64), String> {
    let unit_from = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..unit_from], text[unit_from..].trim());
    if unit.is_empty() && !number.is_empty() {
        return Err(format!("'{text}' has no unit; write {right}"));
    }
    if unit.ends_with('b') || unit.to_ascii_lowercase().ends_with("bit") {
        return Err(format!("'{unit}' are bits; count in bytes, with a large B: {right}"));
    }
    let bytes = text.parse::<ByteSize>().map_err(|_| {
        format!(
            "'{text}' is no number of bytes; write {right} (B, kB, MB, GB, TB, PB, KiB, MiB, GiB, TiB, PiB)"
        )
    })?;
    if bytes.as_u64() == u64::MAX {
        return Err(format!("'{text}' is more than can be counted; write {right}"));
    }
    Ok((format!("{number} {unit}"), not_zero(bytes.as_u64(), text, right)?))
}

fn not_zero(amount: u64, text: &str, right: &str) -> Result<u64, String> {
    if amount == 0 {
        Err(format!("'{text}' is nothing; write more than zero, as {right}"))
    } else {
        Ok(amount)
    }
}

fn not_negative(text: &str, right: &str) -> Result<(), String> {
    if text.trim_start().starts_with('-') {
        Err(format!("'{text}' is less than nothing; write more than zero, as {right}"))
    } else {
        Ok(())
    }
}

/// `1,204`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut told = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            told.push(',');
        }
        told.push(digit);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_units_are_powers_of_a_thousand_and_binary_ones_of_1024() {
        for (text, bytes) in [
            ("25GB", 25_000_000_000),
            ("25 GiB", 25 * 1_073_741_824),
            ("1.5TB", 1_500_000_000_000),
            ("1.5TiB", 1_649_267_441_664),
            ("7B", 7),
            ("3kB", 3_000),
            ("3KiB", 3_072),
            (" 2 MB ", 2_000_000),
        ] {
            assert_eq!(size(text).map(|size| size.bytes), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_rate_counts_bytes_or_records_a_second() {
        for (text, counted, amount, told) in [
            ("100MB/s", Counted::Bytes, 100_000_000, "100 MB/s"),
            ("100 MiB / s", Counted::Bytes, 104_857_600, "100 MiB/s"),
            ("100MB", Counted::Bytes, 100_000_000, "100 MB/s"),
            ("5000 records/s", Counted::Records, 5_000, "5,000 records/s"),
            ("20_000records/s", Counted::Records, 20_000, "20,000 records/s"),
        ] {
            let rate = rate(text).expect("it is a rate");
            assert_eq!(
                (rate.counted, rate.amount, rate.to_string().as_str()),
                (counted, amount, told),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_what_would_be() {
        for (text, wrong) in [
            ("25", "has no unit"),
            ("", "is no number of bytes"),
            ("GB", "is no number of bytes"),
            ("-1GB", "is less than nothing"),
            ("1.2.3GB", "is no number of bytes"),
            ("25 parsecs", "is no number of bytes"),
            ("25é", "is no number of bytes"),
            ("0GB", "is nothing"),
            ("0.0001B", "is nothing"),
            ("25Gb", "are bits"),
            ("25 Gbit", "are bits"),
            ("25GB/s", "is a rate"),
            ("99999999EB", "more than can be counted"),
        ] {
            let error = size(text).expect_err(text);
            assert!(error.contains(wrong) && error.contains("25GB or 1.5TiB"), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_with_what_would_be() {
        for (text, wrong) in [
            ("10MB/h", "'h' is no unit of time"),
            ("10MB/", "'' is no unit of time"),
            ("0MB/s", "is nothing"),
            ("-5MB/s", "is less than nothing"),
            ("-5 records/s", "is less than nothing"),
            ("0 records/s", "is nothing"),
            ("1.5 records/s", "no whole number of records"),
            ("many records/s", "no whole number of records"),
            ("100/s", "has no unit"),
            ("100Mb/s", "are bits"),
            ("100 apples/s", "is no number of bytes"),
        ] {
            let error = rate(text).expect_err(text);
            assert!(error.contains(wrong) && error.contains("10MB/s or 5000 records/s"), "{text}: {error}");
        }
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_204), "1,204");
        assert_eq!(thousands(25_000_000_000), "25,000,000,000");
    }
}
