//! Nodes as the network knows them: who runs, who stands still, who is connected with whom.

use highwater_model::event::StepId;
use highwater_model::ids::NodeId;
use highwater_model::machine::Ending;
use highwater_model::time::Instant;

use super::Wire;
use super::queue::{Key, Parcel, Place};
use super::tamper::Lag;

/// A node, as the network knows it.
#[derive(Default)]
pub(super) struct Station {
    pub(super) life: Life,
    pub(super) paused: bool,
    /// What came while it stood still.
    pub(super) backlog: Vec<Waiting>,
    /// When its machine wants to be called, and the step that said so.
    pub(super) deadline: Option<Instant>,
    pub(super) deadline_cause: StepId,
    /// When its timer is set. Never later than the deadline: a timer that goes off too early is set anew.
    pub(super) scheduled: Option<Instant>,
    pub(super) lag: Option<Lag>,
}

/// Whether a node's process runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Running,
    /// The operating system is up and refuses connections.
    Refusing,
    /// Nobody answers.
    Silent,
}

/// What waits for a node to go on.
pub(super) enum Waiting {
    Timer,
    Parcel(Parcel),
}

impl Wire {
    // ---- lives ----

    /// This node does not run from the start. Nobody has heard of it yet.
    pub(crate) fn absent(&mut self, node: NodeId) {
        self.stations[usize::from(node.0)].life = Life::Refusing;
    }

    /// A node's life ends.
    pub(crate) fn stop(&mut self, node: NodeId, ending: Ending, cause: StepId) {
        let silent = ending == Ending::Power;
        let station = &mut self.stations[usize::from(node.0)];
        let lag = station.lag.take();
        let life = if silent { Life::Silent } else { Life::Refusing };
        *station = Station { life, lag, ..Station::default() };
        self.departures.retain(|departure| departure.from != node);
        for peer in self.nodes().filter(|&peer| peer != node) {
            if silent && let Some(trouble) = &mut self.links.get_mut(node.into(), peer.into()).trouble {
                // What a cut holds lies in its sender's memory, waiting to be sent again.
                trouble.held.clear();
            }
            self.close(node, peer, silent, cause);
        }
    }

    /// A node lives again. Peers that take themselves to be connected with an earlier life learn that they are not.
    pub(crate) fn restart(&mut self, node: NodeId, cause: StepId) {
        self.stations[usize::from(node.0)].life = Life::Running;
        let place = Place::from(node);
        for peer in self.nodes().filter(|&peer| peer != node) {
            let peer = Place::from(peer);
            self.links.get_mut(place, peer).session += 1;
            let stale = self.links.get(peer, place).peer;
            if stale != 0 {
                self.break_connection(place, peer, stale, cause);
            }
        }
    }

    /// A node closes its connection with a peer, behind what it has sent.
    pub(crate) fn disconnect(&mut self, node: NodeId, peer: NodeId, cause: StepId) {
        self.close(node, peer, false, cause);
    }

    fn close(&mut self, node: NodeId, peer: NodeId, silent: bool, cause: StepId) {
        let (node, peer) = (Place::from(node), Place::from(peer));
        let link = self.links.get_mut(node, peer);
        let (session, opened) = (link.session, link.peer != 0);
        link.session += 1;
        link.peer = 0;
        if !silent && (opened || self.links.get(peer, node).peer == session) {
            self.break_connection(node, peer, session, cause);
        }
    }

    /// A node stands still.
    pub(crate) fn pause(&mut self, node: NodeId) {
        self.stations[usize::from(node.0)].paused = true;
    }

    /// It goes on: what came meanwhile is delivered now, in the order in which it came, before anything else of this instant.
    pub(crate) fn resume(&mut self, node: NodeId) {
        let now = self.now;
        let place = Place::from(node);
        let station = &mut self.stations[usize::from(node.0)];
        station.paused = false;
        for waiting in std::mem::take(&mut station.backlog) {
            let key = Key::new(now, place, Place::OUTSIDE, self.links.count(Place::OUTSIDE, place));
            match waiting {
                Waiting::Parcel(parcel) => self.queue.push(key, parcel),
                Waiting::Timer => {
                    self.stations[usize::from(node.0)].scheduled = Some(now);
                    self.queue.push_timer(key);
                }
            }
        }
    }
}
