//! What a run exercised: how often each kind of event came.

use highwater_model::event::EventKind;
use strum::IntoEnumIterator;

/// How many kinds of events there are.
const KINDS: usize = EventKind::Converged as usize + 1;

/// Counts events by their kind. One addition an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    times: [u64; KINDS],
}

impl Default for Coverage {
    fn default() -> Self {
        Self { times: [0; KINDS] }
    }
}

impl Coverage {
    /// Counts one event.
    pub fn count(&mut self, kind: EventKind) {
        self.times[kind as usize] += 1;
    }

    /// How often an event of this kind came.
    pub fn times(&self, kind: EventKind) -> u64 {
        self.times[kind as usize]
    }

    /// The kinds that came, in the order of [`EventKind`], and how often.
    pub fn seen(&self) -> impl Iterator<Item = (EventKind, u64)> + '_ {
        EventKind::iter().map(|kind| (kind, self.times(kind))).filter(|&(_, times)| times > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_place() {
        let mut coverage = Coverage::default();
        EventKind::iter().for_each(|kind| coverage.count(kind));
        coverage.count(EventKind::HealStarted);
        assert_eq!(coverage.seen().count(), KINDS);
        assert_eq!(coverage.times(EventKind::HealStarted), 2);
        assert!(coverage.times.iter().all(|&times| times > 0));
    }
}
