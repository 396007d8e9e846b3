//! What a producer leaves to chance, as a sequence that follows from one number.

/// Draws of the sticky partitioners, which in Kafka come from `ThreadLocalRandom`. The numbers are those of SplitMix64.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of `count` numbers from 0, each as likely as the others but for what is left of 2³¹ after division, as in
    /// Kafka. There must be one.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        assert!(count > 0, "nothing can be drawn from nothing");
        let positive_int = (self.next() >> 33) as u32;
        positive_int % count
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // The first numbers of Vigna's splitmix64.c from state 1234567.
        let mut chance = Chance::new(1_234_567);
        let drawn: Vec<_> = (0..3).map(|_| chance.next()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn one_seed_gives_one_sequence_and_every_number_comes_up() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            (0..100).map(|_| chance.below(5)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!((0..5).all(|number| draw(7).contains(&number)));
    }
}
