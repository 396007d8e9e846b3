//! What a swarm drew for a seed: which kinds of random faults were on, and which settings it ran with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What was drawn for one seed. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// The kinds of random faults that were on; none where the swarm leaves them as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faults: Option<Arc<[String]>>,
    /// The settings, as `K=V`.
    #[serde(skip_serializing_if = "is_nothing")]
    pub settings: Arc<[String]>,
}

fn is_nothing(settings: &Arc<[String]>) -> bool {
    settings.is_empty()
}

impl Drawn {
    /// All that was drawn, in order.
    pub(crate) fn each(&self) -> impl Iterator<Item = &str> {
        let faults = self.faults.iter().flat_map(|faults| faults.iter());
        faults.chain(self.settings.iter()).map(String::as_str)
    }
}

/// `crash_process, pause, min.insync.replicas=2`
impl std::fmt::Display for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.each().collect::<Vec<_>>().join(", "))
    }
}

/// On how many seeds something was drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnSweep {
    /// In all.
    pub seeds: u64,
    /// Those that did not go as expected.
    pub unexpected: u64,
}

impl DrawnSweep {
    pub(crate) fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.unexpected += other.unexpected;
    }
}
