//! What scenarios do to links and messages: cuts, degraded links, lagging followers, messages that vanish.

use highwater_model::event::StepId;
use highwater_model::ids::NodeId;
use highwater_model::message::{Body, Envelope, Fetcher, Message, MessageKind};
use highwater_model::time::Micros;

use super::Wire;
use super::links::{Degraded, Trouble};
use super::queue::{Errand, Place, Travel};

/// The next messages that pass this vanish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DropRule {
    /// Which kind.
    pub(crate) kind: MessageKind,
    /// Only from this node.
    pub(crate) from: Option<NodeId>,
    /// Only to this node.
    pub(crate) to: Option<NodeId>,
    /// How many.
    pub(crate) left: u32,
}

/// How a follower's fetches are slowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lag {
    /// Which of the faults under way does it.
    owner: u32,
    /// Each fetch leaves this much later; `None`: not before the lag ends.
    delay: Option<Micros>,
}

/// A fetch that has not left yet.
pub(super) struct Departure {
    ticket: u64,
    pub(super) from: NodeId,
    to: NodeId,
    message: Message,
    cause: StepId,
}

impl Wire {
    // ---- cuts ----

    /// Cuts a link once more. Says whether it was whole before.
    pub(crate) fn cut(&mut self, from: NodeId, to: NodeId) -> bool {
        let trouble = self.links.get_mut(from.into(), to.into()).trouble.get_or_insert_default();
        trouble.cuts += 1;
        trouble.cuts == 1
    }

    /// Takes one cut back. Says whether the link is whole again; then what it held arrives, in order.
    pub(crate) fn mend(&mut self, from: NodeId, to: NodeId) -> bool {
        let (from, to) = (Place::from(from), Place::from(to));
        let link = self.links.get_mut(from, to);
        let Some(trouble) = &mut link.trouble else { return false };
        trouble.cuts = trouble.cuts.saturating_sub(1);
        if trouble.cuts > 0 {
            return false;
        }
        let mut held = std::mem::take(&mut trouble.held);
        held.sort_by_key(|&(count, _)| count);
        for (count, parcel) in held {
            let in_order = parcel.travel == Travel::InOrder;
            let at = self.enter(to, count, parcel);
            if in_order {
                let link = self.links.get_mut(from, to);
                link.floor = link.floor.max(at);
            }
        }
        self.forget_trouble(from, to);
        true
    }

    // ---- degraded links ----

    /// Degrades a link, in place of how `owner` or another fault degraded it before.
    pub(crate) fn degrade(&mut self, from: NodeId, to: NodeId, owner: u32, degraded: Degraded) {
        let trouble = self.links.get_mut(from.into(), to.into()).trouble.get_or_insert_default();
        trouble.degraded = Some((owner, degraded));
    }

    /// The link behaves again, if it was `owner` that degraded it last.
    pub(crate) fn undegrade(&mut self, from: NodeId, to: NodeId, owner: u32) -> bool {
        let (from, to) = (Place::from(from), Place::from(to));
        let Some(trouble) = &mut self.links.get_mut(from, to).trouble else { return false };
        let ours = trouble.degraded.is_some_and(|(by, _)| by == owner);
        if ours {
            trouble.degraded = None;
            self.forget_trouble(from, to);
        }
        ours
    }

    fn forget_trouble(&mut self, from: Place, to: Place) {
        let trouble = &mut self.links.get_mut(from, to).trouble;
        if trouble.as_deref().is_some_and(Trouble::is_over) {
            *trouble = None;
        }
    }

    // ---- messages that vanish ----

    /// Makes messages vanish.
    pub(crate) fn add_drop(&mut self, rule: DropRule) {
        self.drops.push(rule);
    }

    /// No message vanishes any more.
    pub(crate) fn clear_drops(&mut self) {
        self.drops.clear();
    }

    /// The kind of a message that a rule makes vanish.
    pub(super) fn dropped(&mut self, from: NodeId, envelope: &Envelope) -> Option<MessageKind> {
        let kind = MessageKind::from(&envelope.message.body);
        let place = self.drops.iter().position(|rule| {
            rule.kind == kind
                && rule.from.is_none_or(|node| node == from)
                && rule.to.is_none_or(|node| node == envelope.to)
        })?;
        self.drops[place].left -= 1;
        if self.drops[place].left == 0 {
            self.drops.remove(place);
        }
        Some(kind)
    }

    // ---- lagging followers ----

    /// Slows a follower's fetches, in place of any earlier lag.
    pub(crate) fn lag(&mut self, node: NodeId, owner: u32, delay: Option<Micros>) {
        self.stations[usize::from(node.0)].lag = Some(Lag { owner, delay });
    }

    /// Ends the lag, if it is `owner`'s: the fetches that it kept back leave now.
    pub(crate) fn unlag(&mut self, node: NodeId, owner: u32) -> bool {
        let lag = &mut self.stations[usize::from(node.0)].lag;
        let ours = lag.is_some_and(|lag| lag.owner == owner);
        if ours {
            *lag = None;
            let (leaving, staying) =
                std::mem::take(&mut self.departures).into_iter().partition(|d| d.from == node);
            self.departures = staying;
            let leaving: Vec<Departure> = leaving;
            for Departure { from, to, message, cause, .. } in leaving {
                self.post(from, to, message, cause);
            }
        }
        ours
    }

    /// Keeps a lagging follower's fetch back; gives anything else back.
    #[inline]
    pub(super) fn lagging(&mut self, from: NodeId, envelope: Envelope, cause: StepId) -> Option<Envelope> {
        let Some(lag) = self.stations[usize::from(from.0)].lag else { return Some(envelope) };
        if !is_follower_fetch(&envelope.message) {
            return Some(envelope);
        }
        self.tickets += 1;
        let ticket = self.tickets;
        self.departures.push(Departure { ticket, from, to: envelope.to, message: envelope.message, cause });
        if let Some(delay) = lag.delay {
            self.errand(self.now + delay, Errand::Depart(ticket), cause);
        }
        None
    }

    /// A fetch that was kept back leaves, unless it has left or its sender has died.
    pub(super) fn depart(&mut self, ticket: u64) {
        if let Some(place) = self.departures.iter().position(|departure| departure.ticket == ticket) {
            let Departure { from, to, message, cause, .. } = self.departures.remove(place);
            self.post(from, to, message, cause);
        }
    }
}

impl Trouble {
    fn is_over(&self) -> bool {
        self.cuts == 0 && self.degraded.is_none() && self.held.is_empty()
    }
}

fn is_follower_fetch(message: &Message) -> bool {
    matches!(message.body, Body::FetchRequest { fetcher: Fetcher::Replica(_), .. })
}
