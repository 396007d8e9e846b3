//! When a coordinator has to do something by the clock.

use std::collections::BTreeSet;

use crate::ids::{GroupId, MemberId};
use crate::time::Instant;

/// What the time is for. A group has at most one of the first kind, a member of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// The rebalance of this group waits no longer.
    Rebalance(GroupId),
    /// This member has been silent for its session timeout.
    Session(GroupId, MemberId),
}

/// All of them, by time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Timers(BTreeSet<(Instant, Timer)>);

impl Timers {
    /// The first time.
    pub(super) fn first(&self) -> Option<Instant> {
        self.0.first().map(|&(at, _)| at)
    }

    /// Takes out the first that is due.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Timer> {
        let &(at, timer) = self.0.first()?;
        (at <= now).then(|| {
            self.0.remove(&(at, timer));
            timer
        })
    }

    /// Lets a timer that was set to one time go off at another; none is never.
    pub(super) fn set(&mut self, timer: Timer, was: &mut Option<Instant>, at: Option<Instant>) {
        if let Some(was) = *was {
            self.0.remove(&(was, timer));
        }
        if let Some(at) = at {
            self.0.insert((at, timer));
        }
        *was = at;
    }
}
