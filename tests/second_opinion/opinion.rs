//! What the naive judge makes of one anomaly.

/// How often something happened. Where clients cannot know, the least and the most that it may have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opinion {
    pub(crate) least: u64,
    pub(crate) most: u64,
    /// Of those that happened for certain: how often to someone whose settings promised that it would not.
    pub(crate) promised_least: u64,
    /// Of those that may have happened.
    pub(crate) promised_most: u64,
}

impl Opinion {
    /// It happened.
    pub(crate) fn surely(&mut self, promised: bool) {
        self.least += 1;
        self.promised_least += u64::from(promised);
        self.perhaps(promised);
    }

    /// It may have happened.
    pub(crate) fn perhaps(&mut self, promised: bool) {
        self.most += 1;
        self.promised_most += u64::from(promised);
    }

    pub(crate) fn is_exact(&self) -> bool {
        self.least == self.most
    }
}
