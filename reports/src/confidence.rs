//! What a share of seeds says about all seeds.
//!
//! The interval is that of Clopper and Pearson (Biometrika 26, 1934): whatever the true share is, at least 95 of 100 sweeps
//! give an interval that holds it. Where nothing broke the rule of three says the same in words: what broke on none of N runs
//! breaks in fewer than 3/N of all, with 95 % confidence. Bounds are rounded to six decimals, outwards.
//!
//! The incomplete beta function is that of `special`, which takes its logarithms from `libm` and so gives the same bits on every
//! machine; the quantile is found by halving. (`statrs` 0.19 has a quantile, which for some counts never ends.)

use serde::{Serialize, Serializer};
use special::Beta;

/// How much may lie on each side of the interval.
const TAIL: f64 = 0.025;

/// Far finer than a millionth.
const HALVINGS: u32 = 40;

/// A share in millionths, which reports write with six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millionths(pub u32);

impl Millionths {
    /// All of them.
    const ONE: u32 = 1_000_000;

    /// `part` of `whole`, rounded; none of nothing.
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        let (part, whole) = (u128::from(part), u128::from(whole));
        let rounded = (part * u128::from(Self::ONE) + whole / 2).checked_div(whole)?;
        Some(Self(u32::try_from(rounded).unwrap_or(u32::MAX)))
    }
}

impl Serialize for Millionths {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / f64::from(Self::ONE))
    }
}

/// In percent: `12.34 %`, with as many decimals as two significant digits need.
impl std::fmt::Display for Millionths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = f64::from(self.0) / 10_000.0;
        let decimals = match self.0 {
            0 | Self::ONE => 0,
            1..1_000 => 4,
            1_000..10_000 => 2,
            _ => 1,
        };
        write!(f, "{percent:.decimals$} %")
    }
}

/// Between which shares the true one lies, with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Interval(pub Millionths, pub Millionths);

impl Interval {
    /// The interval where `broken` of `runs` broke; none without runs.
    pub fn new(broken: u64, runs: u64) -> Option<Self> {
        let whole = runs.checked_sub(broken).filter(|_| runs > 0)?;
        let low = if broken == 0 { 0.0 } else { quantile(TAIL, broken, whole + 1) };
        let high = if whole == 0 { 1.0 } else { quantile(1.0 - TAIL, broken + 1, whole) };
        let one = f64::from(Millionths::ONE);
        Some(Self(Millionths((low * one).floor() as u32), Millionths((high * one).ceil() as u32)))
    }
}

/// `1.2 % to 3.4 %`
impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.0, self.1)
    }
}

/// Where the beta distribution of these two has this much of itself below.
fn quantile(share: f64, one: u64, other: u64) -> f64 {
    let (one, other) = (one as f64, other as f64);
    let ln_beta = one.ln_beta(other);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if middle.inc_beta(one, other, ln_beta) < share { low = middle } else { high = middle }
    }
    high
}

/// `fewer than 1 of 3 300 runs`: three of `runs`, rounded to two digits on the safe side. None where runs are too few to
/// say anything.
pub fn rule_of_three(runs: u64) -> Option<String> {
    let one_of = runs / 3;
    let mut magnitude = 1;
    while one_of / magnitude >= 100 {
        magnitude *= 10;
    }
    (one_of >= 2).then(|| format!("fewer than 1 of {} runs", grouped(one_of / magnitude * magnitude)))
}

/// `3 300`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millionths(broken: u64, runs: u64) -> (u32, u32) {
        let Interval(low, high) = Interval::new(broken, runs).expect("there are runs");
        (low.0, high.0)
    }

    #[test]
    fn the_interval_is_that_of_the_tables() {
        // R: binom.test(x, n)$conf.int
        assert_eq!(millionths(123, 10_000), (10_232, 14_659));
        assert_eq!(millionths(7, 20), (153_909, 592_189));
        assert_eq!(millionths(0, 10), (0, 308_498));
        assert_eq!(millionths(10, 10), (691_502, 1_000_000));
        assert_eq!(millionths(1, 1_000), (25, 5_559));
    }

    #[test]
    fn the_interval_holds_its_share_however_many_runs_there_are() {
        for runs in [1_u64, 2, 25, 1_000, 10_000_000] {
            for broken in
                [0, 1, 2, runs / 1_000, runs / 2, runs - 1, runs].into_iter().filter(|&it| it <= runs)
            {
                let (low, high) = millionths(broken, runs);
                let share = Millionths::of(broken, runs).expect("there are runs").0;
                assert!(low <= share && share <= high, "{broken} of {runs}: {low} {share} {high}");
                assert!(runs < 10_000_000 || high - low < 1_000, "{broken} of {runs}: {low} to {high}");
            }
        }
        assert_eq!(Interval::new(0, 0), None);
    }

    #[test]
    fn what_never_broke_is_told_in_words() {
        assert_eq!(rule_of_three(10_000).as_deref(), Some("fewer than 1 of 3 300 runs"));
        assert_eq!(rule_of_three(1_000).as_deref(), Some("fewer than 1 of 330 runs"));
        assert_eq!(rule_of_three(25).as_deref(), Some("fewer than 1 of 8 runs"));
        assert_eq!(rule_of_three(10_000_000).as_deref(), Some("fewer than 1 of 3 300 000 runs"));
        assert_eq!(rule_of_three(5), None, "one of one says nothing");
    }

    #[test]
    fn shares_are_told_in_percent() {
        let told = |millionths| Millionths(millionths).to_string();
        assert_eq!([told(0), told(25), told(5_560), told(153_909)], ["0 %", "0.0025 %", "0.56 %", "15.4 %"]);
        assert_eq!(told(1_000_000), "100 %");
    }
}
