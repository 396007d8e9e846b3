//! Defects made on purpose, so that the judges can be judged: a property that no defect breaks proves nothing.
//!
//! The code of a machine asks [`Defect::is_on`] where the defect would sit. Without the feature `defects`, which only the
//! workspace's tests turn on, the answer is a constant `false` and nothing of it is compiled in. With the feature a defect is on
//! for the thread that plays a run inside [`Defect::during`], and off everywhere else.

use strum::{EnumIter, IntoStaticStr};

/// Something that a machine does wrong. One at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Defect {
    // ---- replicas ----
    /// A leader takes one offset more for committed than its ISR holds.
    CommitsOneTooFar,
    // ---- producers, groups, transactions ----
    /// A leader does not look whether it has a producer's batch already.
    SkipsDeduplication,
}

impl Defect {
    /// `commits_one_too_far`.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether this thread's run has it.
    #[cfg(not(feature = "defects"))]
    #[inline]
    pub const fn is_on(self) -> bool {
        false
    }

    /// Whether this thread's run has it.
    #[cfg(feature = "defects")]
    pub fn is_on(self) -> bool {
        on::PRESENT.get() == Some(self)
    }

    /// Does `work` with this defect, on this thread.
    #[cfg(feature = "defects")]
    pub fn during<R>(self, work: impl FnOnce() -> R) -> R {
        let _removed_at_the_end = on::Present::put(self);
        work()
    }
}

#[cfg(feature = "defects")]
mod on {
    use std::cell::Cell;

    use super::Defect;

    thread_local! {
        pub(super) static PRESENT: Cell<Option<Defect>> = const { Cell::new(None) };
    }

    /// While it lives, this thread has a defect. A panic takes it away, too.
    pub(super) struct Present(Option<Defect>);

    impl Present {
        pub(super) fn put(defect: Defect) -> Self {
            Self(PRESENT.replace(Some(defect)))
        }
    }

    impl Drop for Present {
        fn drop(&mut self) {
            PRESENT.set(self.0);
        }
    }
}

#[cfg(all(test, feature = "defects"))]
mod tests {
    use super::*;

    #[test]
    fn a_defect_is_there_while_the_work_lasts() {
        assert!(!Defect::CommitsOneTooFar.is_on());
        Defect::CommitsOneTooFar.during(|| {
            assert!(Defect::CommitsOneTooFar.is_on() && !Defect::SkipsDeduplication.is_on());
        });
        assert!(!Defect::CommitsOneTooFar.is_on());
    }
}
