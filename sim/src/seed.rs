//! One seed into named streams of chance.
//!
//! Every source of chance draws from a stream of its own, and a stream is found by its name: `link broker-1 > shop`,
//! `faults`, `power broker-2`. One more draw here never moves another there, and neither does one more node.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xxhash_rust::xxh3::xxh3_64;

/// A run's seed, ready to open streams.
#[derive(Clone, Debug)]
pub struct Seed {
    /// Stream 0, never drawn from; the others are copies of it with another stream number.
    base: ChaCha8Rng,
}

/// A stream's name, hashed. Made once a plan, so that no text is put together while a run sets up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

impl StreamId {
    /// The stream of this name. Stable across runs, machines and versions of Highwater.
    pub fn of(name: &str) -> Self {
        Self(xxh3_64(name.as_bytes()))
    }
}

impl Seed {
    /// Everything that chance decides in a run follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { base: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// The stream of this name, from its beginning.
    pub fn stream(&self, name: &str) -> ChaCha8Rng {
        self.open(StreamId::of(name))
    }

    /// The same for a name that was hashed before.
    pub fn open(&self, stream: StreamId) -> ChaCha8Rng {
        let mut opened = self.base.clone();
        opened.set_stream(stream.0);
        opened
    }
}

/// A whole number from `low` to `high`, both included, drawn evenly.
///
/// Takes exactly one draw whatever comes out, so that a stream's position tells only how often it was asked. The price is a
/// bias below one in 2⁶⁴ divided by the span, which no run can notice.
pub fn even(stream: &mut ChaCha8Rng, low: u64, high: u64) -> u64 {
    let span = u128::from(high.saturating_sub(low)) + 1;
    low + ((u128::from(stream.next_u64()) * span) >> 64) as u64
}

/// How often something happens: a share of all times, as a threshold for one draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share(u64);

impl Share {
    /// Never.
    pub const NEVER: Self = Self(0);

    /// From 0 (never) to 1 (always). One multiplication by a power of two: the same on every machine.
    pub fn new(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * (1_u64 << 32) as f64) as u64)
    }

    /// From 0 to 1; [`Share::nearest`] of it is the same share.
    pub(crate) fn share(self) -> f64 {
        self.0 as f64 / (1_u64 << 32) as f64
    }

    /// The share that was written down as this number, whose last bit a reader may have lost.
    pub(crate) fn nearest(share: f64) -> Self {
        Self((share.clamp(0.0, 1.0) * (1_u64 << 32) as f64).round() as u64)
    }

    /// The number with the fewest decimals that it may have been made of.
    pub(crate) fn in_decimals(self) -> f64 {
        let exact = self.0 as f64 / (1_u64 << 32) as f64;
        let rounded = |decimals: i32| (exact * 10_f64.powi(decimals)).round() / 10_f64.powi(decimals);
        (0..12).map(rounded).find(|&share| Self::new(share) == self).unwrap_or(exact)
    }

    /// Whether it happens this time. Draws only if the answer is open.
    pub fn happens(self, stream: &mut ChaCha8Rng) -> bool {
        match self.0 {
            0 => false,
            always if always >= 1 << 32 => true,
            threshold => u64::from(stream.next_u32()) < threshold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_draw_more_in_a_stream_moves_no_other() {
        let draws = |extra: bool| {
            let seed = Seed::new(7);
            let mut one = seed.stream("link broker-1 > broker-2");
            let mut other = seed.stream("link broker-2 > broker-1");
            if extra {
                one.next_u64();
            }
            (0..100).map(|_| other.next_u64()).collect::<Vec<_>>()
        };
        assert_eq!(draws(false), draws(true));
    }

    #[test]
    fn names_and_seeds_tell_streams_apart_and_nothing_else_does() {
        let first = |seed: u64, name: &str| Seed::new(seed).stream(name).next_u64();
        assert_eq!(first(1, "faults"), first(1, "faults"));
        assert_ne!(first(1, "faults"), first(1, "random faults"));
        assert_ne!(first(1, "faults"), first(2, "faults"));
    }

    #[test]
    fn streams_stay_what_they_are_from_version_to_version() {
        let mut stream = Seed::new(42).stream("faults");
        assert_eq!([even(&mut stream, 0, 999), even(&mut stream, 0, 999), even(&mut stream, 0, 999)], PINNED);
    }

    const PINNED: [u64; 3] = [428, 926, 711];

    #[test]
    fn an_even_draw_reaches_both_ends_and_stays_between_them() {
        let mut stream = Seed::new(3).stream("x");
        let drawn: Vec<u64> = (0..1_000).map(|_| even(&mut stream, 5, 9)).collect();
        for wanted in 5..=9 {
            assert!(drawn.iter().filter(|&&value| value == wanted).count() > 100);
        }
        assert!(drawn.iter().all(|value| (5..=9).contains(value)));
        assert_eq!(even(&mut stream, 4, 4), 4);
        assert!(even(&mut stream, 0, u64::MAX) > 0);
    }

    #[test]
    fn a_share_is_told_in_the_decimals_that_it_was_made_of() {
        for share in [0.0, 0.2, 0.25, 1.0 / 3.0, 0.123_456, 1.0] {
            assert_eq!(Share::new(Share::new(share).in_decimals()), Share::new(share));
        }
        assert_eq!(Share::new(0.2).in_decimals().to_string(), "0.2");
    }

    #[test]
    fn a_share_of_nothing_and_of_all_draws_nothing() {
        let mut stream = Seed::new(3).stream("x");
        let untouched = stream.clone();
        assert!(!Share::new(0.0).happens(&mut stream));
        assert!(Share::new(1.0).happens(&mut stream));
        assert_eq!(stream, untouched);
        let often = (0..10_000).filter(|_| Share::new(0.25).happens(&mut stream)).count();
        assert!((2_300..2_700).contains(&often), "{often}");
    }
}
