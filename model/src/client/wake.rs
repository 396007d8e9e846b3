//! When a client wants to be called next.

use crate::time::Instant;

/// The earliest of a client's deadlines, or a moment before it.
///
/// Deadlines are only ever added. One that was met in the meantime costs a wake-up that finds nothing to do, once,
/// and then the client adds up what is still open. So no step pays for a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wake(Instant);

impl Wake {
    /// No deadline at all.
    const NEVER: Instant = Instant(u64::MAX);

    /// Wants to be called at `at` or before.
    pub(crate) fn by(&mut self, at: Instant) {
        self.0 = self.0.min(at);
    }

    /// Forgets all deadlines; whoever calls this adds up those that are still open.
    pub(crate) fn clear(&mut self) {
        self.0 = Self::NEVER;
    }

    /// Whether the time has come.
    pub(crate) fn is_due(self, now: Instant) -> bool {
        self.0 <= now
    }

    /// The deadline, if there is one.
    pub(crate) fn at(self) -> Option<Instant> {
        (self.0 != Self::NEVER).then_some(self.0)
    }
}

impl Default for Wake {
    fn default() -> Self {
        Self(Self::NEVER)
    }
}
