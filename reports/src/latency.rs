//! How long acknowledgements took, from the application's send to the producer's answer.
//!
//! One run keeps its samples, because a run must begin within microseconds; a sweep pours them into a histogram with
//! three significant digits, whose sums do not depend on their order. Percentiles are read from such a histogram in
//! both cases, so a sweep of one seed says what the run says.

use hdrhistogram::Histogram;
use highwater_model::time::Micros;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The samples of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples(Vec<u64>);

impl Samples {
    /// Takes one sample.
    pub fn push(&mut self, span: Micros) {
        self.0.push(span.0);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their percentiles; none without samples.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let mut latencies = Latencies::default();
        latencies.add(self);
        latencies.percentiles()
    }
}

/// As its percentiles, which are only worked out when someone writes them down.
impl Serialize for Samples {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.percentiles().serialize(serializer)
    }
}

impl Serialize for Latencies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.percentiles().serialize(serializer)
    }
}

/// The samples of any number of runs, summed up.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new(3).expect("three significant digits are within the histogram's 0 to 5"))
    }
}

impl Latencies {
    /// Adds the samples of one run.
    pub fn add(&mut self, samples: &Samples) {
        for &micros in &samples.0 {
            self.0.record(micros).expect("the histogram grows with its samples");
        }
    }

    /// Adds those of other runs.
    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the histogram grows with its samples");
    }

    /// Values and how often each was counted, ascending: enough to make the same histogram again.
    pub fn counted(&self) -> Vec<(u64, u64)> {
        self.0.iter_recorded().map(|it| (it.value_iterated_to(), it.count_at_value())).collect()
    }

    /// The histogram of these values.
    pub fn of_counted(counted: &[(u64, u64)]) -> Self {
        let mut latencies = Self::default();
        for &(micros, times) in counted {
            latencies.0.record_n(micros, times).expect("the histogram grows with its samples");
        }
        latencies
    }

    /// The percentiles; none without samples.
    pub fn percentiles(&self) -> Option<Percentiles> {
        let at = |quantile| Millis(Micros(self.0.value_at_quantile(quantile)));
        (!self.0.is_empty()).then(|| Percentiles {
            samples: self.0.len(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: at(1.0),
        })
    }
}

/// How long acknowledgements took. Each figure is exact to three significant digits, and rounded up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Percentiles {
    /// Of how many records.
    pub samples: u64,
    /// Half took no longer.
    pub p50_ms: Millis,
    /// 99 of 100 took no longer.
    pub p99_ms: Millis,
    /// 999 of 1000 took no longer.
    pub p999_ms: Millis,
    /// The longest.
    pub max_ms: Millis,
}

/// A length of time that reports write in milliseconds with up to three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub Micros);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.0 as f64 / 1_000.0)
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(|millis| Self(Micros((millis * 1_000.0).round() as u64)))
    }
}

impl std::fmt::Display for Millis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(micros: impl IntoIterator<Item = u64>) -> Samples {
        Samples(micros.into_iter().collect())
    }

    #[test]
    fn percentiles_of_a_hundred_even_steps() {
        let mut latencies = Latencies::default();
        latencies.add(&samples((1..=100).map(|n| n * 10)));
        let found = latencies.percentiles().expect("there are samples");
        assert_eq!((found.samples, found.p50_ms.to_string()), (100, "0.500".to_owned()));
        assert_eq!(found.p99_ms.to_string(), "0.990");
        assert_eq!(found.max_ms.to_string(), "1.000");
    }

    #[test]
    fn without_samples_there_are_no_percentiles() {
        assert_eq!(Latencies::default().percentiles(), None);
    }

    #[test]
    fn a_histogram_is_made_again_from_what_it_counted() {
        let mut latencies = Latencies::default();
        latencies.add(&samples([0, 1, 999, 2_047, 2_048, 2_049, 123_456, 123_457, 987_654_321]));
        let again = Latencies::of_counted(&latencies.counted());
        assert_eq!(again.percentiles(), latencies.percentiles());
        assert_eq!(again.counted(), latencies.counted());
    }

    #[test]
    fn merging_does_not_depend_on_order() {
        let (small, large) = (samples([5, 7]), samples([40_000_000]));
        let (mut one, mut other) = (Latencies::default(), Latencies::default());
        one.add(&small);
        other.add(&large);
        let mut backwards = other.clone();
        backwards.merge(&one);
        one.merge(&other);
        assert_eq!(one.percentiles(), backwards.percentiles());
    }
}
