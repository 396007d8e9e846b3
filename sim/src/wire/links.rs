//! Directed links: order, delay, cuts, and which connection runs over them.

use highwater_model::time::{Instant, Micros};
use rand_chacha::ChaCha8Rng;

use super::queue::{Parcel, Place};
use crate::seed::{Seed, Share, StreamId, even};

/// After how many losses in a row TCP gets a message through: the longest wait is 200 ms × (2⁶ − 1) = 12.6 s.
const LOSSES_MAX: u32 = 6;

/// Linux's smallest retransmission timeout. It doubles with each loss.
const RETRANSMISSION: Micros = Micros::from_millis(200);

/// One direction between two nodes.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// How much was ever sent on it.
    count: u32,
    /// The sender's session with the receiver: grows whenever the sender's end of their connection is gone.
    pub(crate) session: u32,
    /// The receiver's session that the sender takes itself to be connected with; 0: no connection.
    pub(crate) peer: u32,
    /// Nothing that is sent from now on arrives before this.
    last_arrival: Instant,
    /// What is still on its way from before the latest mending arrives no sooner than this.
    pub(crate) floor: Instant,
    /// Where its stream lies among the opened ones, plus one; 0 before the first draw.
    stream: u32,
    /// What a scenario did to it; most links are well.
    pub(crate) trouble: Option<Box<Trouble>>,
}

/// What is wrong with a link.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// How many faults cut it at the moment.
    pub(crate) cuts: u32,
    /// What is held back, each with its count.
    pub(crate) held: Vec<(u32, Parcel)>,
    /// How it is degraded, and by which fault.
    pub(crate) degraded: Option<(u32, Degraded)>,
}

/// How a degraded link behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Degraded {
    /// Instead of the network's latency.
    pub(crate) latency: Option<(Micros, Micros)>,
    /// The share of transmissions that are lost. TCP sends again after 200 ms, doubling; at most six times in a row.
    pub(crate) loss: Share,
    /// The share of messages that arrive twice.
    pub(crate) duplicate: Share,
    /// The share of messages that overtake others.
    pub(crate) reorder: Share,
}

/// When a message arrives, and its copy, if it has one.
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) overtaking: bool,
    pub(crate) copy_at: Option<Instant>,
}

/// All links between all places, and their streams.
pub(crate) struct Links {
    places: usize,
    links: Vec<Link>,
    streams: Vec<ChaCha8Rng>,
    latency: (Micros, Micros),
    seed: Seed,
}

impl Links {
    pub(crate) fn new(places: usize, latency: (Micros, Micros), seed: Seed) -> Self {
        let mut links = Vec::new();
        links.resize_with(places * places, || Link { session: 1, ..Link::default() });
        Self { places, links, streams: Vec::new(), latency, seed }
    }

    #[inline]
    /// How many parcels cuts hold back.
    pub(crate) fn held(&self) -> usize {
        self.links.iter().filter_map(|link| link.trouble.as_ref()).map(|trouble| trouble.held.len()).sum()
    }

    fn index(&self, from: Place, to: Place) -> usize {
        usize::from(from.0) * self.places + usize::from(to.0)
    }

    #[inline]
    pub(crate) fn get(&self, from: Place, to: Place) -> &Link {
        &self.links[self.index(from, to)]
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, from: Place, to: Place) -> &mut Link {
        let index = self.index(from, to);
        &mut self.links[index]
    }

    /// The number of what is sent next on this link.
    #[inline]
    pub(crate) fn count(&mut self, from: Place, to: Place) -> u32 {
        let link = self.get_mut(from, to);
        link.count += 1;
        link.count
    }

    /// When something that enters the link now arrives.
    pub(crate) fn arrival(&mut self, from: Place, to: Place, now: Instant, names: &[StreamId]) -> Arrival {
        let index = self.index(from, to);
        let link = &mut self.links[index];
        if link.stream == 0 {
            self.streams.push(self.seed.open(names[index]));
            link.stream = self.streams.len() as u32;
        }
        let stream = &mut self.streams[link.stream as usize - 1];
        let degraded = link.trouble.as_ref().and_then(|trouble| trouble.degraded);
        let Some((_, degraded)) = degraded else {
            let at = (now + draw(stream, self.latency)).max(link.last_arrival);
            link.last_arrival = at;
            return Arrival { at, overtaking: false, copy_at: None };
        };
        let latency = degraded.latency.unwrap_or(self.latency);
        let mut at = now + draw(stream, latency) + losses(stream, degraded.loss);
        let overtaking = degraded.reorder.happens(stream);
        let copy_at = degraded.duplicate.happens(stream).then(|| now + draw(stream, latency));
        if !overtaking {
            at = at.max(link.last_arrival);
            link.last_arrival = at;
        }
        Arrival { at, overtaking, copy_at }
    }
}

fn draw(stream: &mut ChaCha8Rng, (low, high): (Micros, Micros)) -> Micros {
    Micros(even(stream, low.0, high.0))
}

/// How long the losses of one message delay it.
fn losses(stream: &mut ChaCha8Rng, loss: Share) -> Micros {
    let mut waited = Micros::ZERO;
    for lost in 0..LOSSES_MAX {
        if !loss.happens(stream) {
            break;
        }
        waited = waited + Micros(RETRANSMISSION.0 << lost);
    }
    waited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(degraded: Option<Degraded>) -> Links {
        let mut links = Links::new(3, (Micros(1_000), Micros(10_000)), Seed::new(1));
        if let Some(degraded) = degraded {
            let trouble = Trouble { degraded: Some((0, degraded)), ..Trouble::default() };
            links.get_mut(Place(1), Place(2)).trouble = Some(Box::new(trouble));
        }
        links
    }

    fn arrivals(degraded: Option<Degraded>) -> Vec<Arrival> {
        let names: Vec<StreamId> = (0..9).map(|link| StreamId::of(&format!("link {link}"))).collect();
        let mut links = links(degraded);
        (0..200).map(|at| links.arrival(Place(1), Place(2), Instant(at * 100), &names)).collect()
    }

    const WELL: Degraded =
        Degraded { latency: None, loss: Share::NEVER, duplicate: Share::NEVER, reorder: Share::NEVER };

    #[test]
    fn nothing_overtakes_on_a_link() {
        assert!(arrivals(None).is_sorted_by_key(|arrival| arrival.at));
        let lossy = Degraded { loss: Share::new(0.5), ..WELL };
        assert!(arrivals(Some(lossy)).is_sorted_by_key(|arrival| arrival.at));
    }

    #[test]
    fn latency_stays_between_its_bounds_where_nothing_is_ahead() {
        let first = &arrivals(None)[0];
        assert!((1_000..=10_000).contains(&first.at.0));
        let slow = Degraded { latency: Some((Micros(50_000), Micros(50_000))), ..WELL };
        assert_eq!(arrivals(Some(slow))[0].at, Instant(50_000));
    }

    #[test]
    fn loss_shows_as_delay_that_doubles_and_ends() {
        let always = Degraded { loss: Share::new(1.0), latency: Some((Micros(0), Micros(0))), ..WELL };
        assert_eq!(arrivals(Some(always))[0].at, Instant(200_000 * 63));
    }

    #[test]
    fn what_is_reordered_overtakes_and_holds_nobody_back() {
        let half = Degraded { reorder: Share::new(0.5), ..WELL };
        let arrivals = arrivals(Some(half));
        assert!(!arrivals.is_sorted_by_key(|arrival| arrival.at));
        let in_order = arrivals.iter().filter(|arrival| !arrival.overtaking);
        assert!(in_order.is_sorted_by_key(|arrival| arrival.at));
    }

    #[test]
    fn duplicates_have_a_latency_of_their_own() {
        let always = Degraded { duplicate: Share::new(1.0), ..WELL };
        let arrivals = arrivals(Some(always));
        assert!(arrivals.iter().all(|arrival| arrival.copy_at.is_some()));
        assert!(arrivals.iter().any(|arrival| arrival.copy_at != Some(arrival.at)));
    }
}
