//! Faults that come by chance, from a stream of their own.
//!
//! The gap between two is drawn evenly between nothing and twice the mean. An exponential gap would need a logarithm, and those
//! differ in their last bits from machine to machine. Each fault takes the same number of draws whatever it turns out to be.

use std::collections::BTreeMap;
use std::sync::Arc;

use highwater_model::ids::{BrokerId, NodeId};
use highwater_model::machine::Ending;
use highwater_model::message::MessageKind;
use highwater_model::time::Micros;
use highwater_model::view::{ClusterView, PartitionView};
use rand_chacha::ChaCha8Rng;

use super::resolve::{live_brokers, live_clients};
use super::{Act, Source, Strike, Witness};
use crate::scenario::format::{RandomFault, RandomFaults};
use crate::scenario::plan::Plan;
use crate::seed::{Seed, Share, even};
use crate::swarm;
use crate::wire::{Degraded, DropRule, Wire};

/// The source of a run's random faults.
pub(crate) struct Chance {
    plan: Arc<Plan>,
    /// Those that are on for this seed.
    weights: BTreeMap<RandomFault, u32>,
    stream: ChaCha8Rng,
    struck: u32,
}

/// What is drawn for each fault.
struct Draws {
    kind: RandomFault,
    lasts: Micros,
    /// Two numbers to choose targets by.
    targets: [u64; 2],
}

impl Chance {
    /// None if the plan leaves nothing to chance.
    pub(crate) fn new(plan: &Arc<Plan>, seed: &Seed) -> Option<Self> {
        let random = plan.random.as_ref()?;
        let weights = swarm::weights(random, seed);
        (weight(&weights) > 0).then(|| Self {
            plan: Arc::clone(plan),
            weights,
            stream: seed.stream("random faults"),
            struck: 0,
        })
    }

    /// How long until the next; none once the budget is spent.
    pub(crate) fn gap(&mut self) -> Option<Micros> {
        let random = self.plan.random.as_ref()?;
        let mean = Micros::from_millis(random.every_ms);
        (self.struck < random.budget).then(|| Micros(even(&mut self.stream, 0, mean.0.saturating_mul(2))))
    }

    /// Of which kinds the faults of this seed are, in order: the same draws, with nobody to strike.
    pub(crate) fn kinds(mut self) -> Vec<RandomFault> {
        let plan = Arc::clone(&self.plan);
        let Some(random) = &plan.random else { return Vec::new() };
        let mut kinds = Vec::new();
        while self.gap().is_some() {
            kinds.push(draw(random, &self.weights, &mut self.stream).kind);
            self.struck += 1;
        }
        kinds
    }

    /// The next one.
    pub(crate) fn strike(&mut self, view: &ClusterView, wire: &Wire) -> Option<Strike> {
        let draws = draw(self.plan.random.as_ref()?, &self.weights, &mut self.stream);
        let fault = self.struck;
        self.struck += 1;
        let act = Act::drawn(&draws, &self.plan, view, wire);
        Some(Strike { fault, witness: Witness::default(), source: Source::Chance(act) })
    }
}

fn weight(weights: &BTreeMap<RandomFault, u32>) -> u64 {
    weights.values().map(|&weight| u64::from(weight)).sum()
}

fn draw(random: &RandomFaults, weights: &BTreeMap<RandomFault, u32>, stream: &mut ChaCha8Rng) -> Draws {
    let mut place = even(stream, 0, weight(weights) - 1);
    let mut kind = RandomFault::CrashProcess;
    for (&candidate, &weight) in weights {
        let weight = u64::from(weight);
        if place < weight {
            kind = candidate;
            break;
        }
        place -= weight;
    }
    let longest = Micros::from_millis(random.lasts_ms);
    let lasts = Micros(even(stream, longest.0 / 10, longest.0));
    Draws { kind, lasts, targets: [even(stream, 0, u64::MAX), even(stream, 0, u64::MAX)] }
}

/// One of these, by a number that was drawn from all 64-bit numbers.
fn pick<T: Copy>(from: &[T], drawn: u64) -> Option<T> {
    let place = (u128::from(drawn) * from.len() as u128) >> 64;
    from.get(place as usize).copied()
}

impl Act {
    /// What was drawn, with targets; none if there is nobody to strike.
    fn drawn(draws: &Draws, plan: &Plan, view: &ClusterView, wire: &Wire) -> Option<Self> {
        let live = live_brokers(view, wire);
        let [first, second] = draws.targets;
        let broker = pick(&live, first);
        let node = broker.map(NodeId::from);
        let lasts = Some(draws.lasts);
        Some(match draws.kind {
            RandomFault::CrashProcess => {
                Self::Crash { node: node?, ending: Ending::Process, keeps: None, restart_after: lasts }
            }
            RandomFault::CrashPower => {
                Self::Crash { node: node?, ending: Ending::Power, keeps: None, restart_after: lasts }
            }
            RandomFault::Shutdown => Self::Shutdown { node: node?, controlled: true, restart_after: lasts },
            RandomFault::Pause => Self::Pause { node: node?, lasts },
            RandomFault::Isolate => Self::Cut { links: isolated(node?, wire), lasts },
            RandomFault::Cut => {
                let (from, to) = two(&live, first, second)?;
                Self::Cut { links: vec![(from.into(), to.into())], lasts }
            }
            RandomFault::Degrade => {
                let (from, to) = two(&live, first, second)?;
                Self::Degrade { from: from.into(), to: to.into(), degraded: slow_and_lossy(plan), lasts }
            }
            RandomFault::Lag => Self::Lag { broker: broker?, delay: None, lasts },
            RandomFault::DropAck => Self::Drop(DropRule {
                kind: MessageKind::ProduceReply,
                from: None,
                to: Some(pick(
                    &plan.producers.iter().map(|producer| producer.node).collect::<Vec<_>>(),
                    first,
                )?),
                left: 1,
            }),
            RandomFault::ElectPreferred => {
                let partitions: Vec<_> = view.partitions.iter().map(PartitionView::id).collect();
                Self::ElectPreferred(pick(&partitions, first)?)
            }
            RandomFault::CrashClient => {
                let node = pick(&live_clients(view, wire), first)?;
                Self::Crash { node, ending: Ending::Process, keeps: None, restart_after: lasts }
            }
            RandomFault::PauseClient => Self::Pause { node: pick(&live_clients(view, wire), first)?, lasts },
        })
    }
}

/// Two different brokers.
fn two(live: &[BrokerId], first: u64, second: u64) -> Option<(BrokerId, BrokerId)> {
    let one = pick(live, first)?;
    let others: Vec<BrokerId> = live.iter().copied().filter(|&other| other != one).collect();
    Some((one, pick(&others, second)?))
}

fn isolated(node: NodeId, wire: &Wire) -> Vec<(NodeId, NodeId)> {
    wire.nodes().filter(|&other| other != node).flat_map(|other| [(node, other), (other, node)]).collect()
}

/// One transmission in five is lost, and a message takes up to ten times as long as the network's slowest.
fn slow_and_lossy(plan: &Plan) -> Degraded {
    let (fastest, slowest) = plan.latency;
    Degraded {
        latency: Some((fastest, Micros(slowest.0.saturating_mul(10)))),
        loss: Share::new(0.2),
        duplicate: Share::NEVER,
        reorder: Share::NEVER,
    }
}
