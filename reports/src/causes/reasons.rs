//! Why one event came: what its message or deadline came of, and what the state came of that it met.
//!
//! A table, one row a kind of event. Each row names the latest earlier events without which it would not have come.

use highwater_model::event::{Event, StepId};
use highwater_model::ids::{BrokerId, NodeId};
use highwater_model::names::Names;

use super::notable::{Subject, mends, of_group, takes_part, transaction_of, troubles};
use super::story::Story;

/// Looks for reasons.
pub(super) struct Why<'a> {
    pub(super) story: &'a Story,
    pub(super) subject: &'a Subject,
    pub(super) names: &'a Names,
}

impl Why<'_> {
    /// The events that brought about the event at a place. All of them stand before it.
    pub(super) fn of(&self, place: usize) -> Vec<usize> {
        let event = self.story.event(place);
        let found = self
            .of_faults(place, event)
            .or_else(|| self.of_brokers(place, event))
            .or_else(|| self.of_the_isr(place, event))
            .or_else(|| self.of_records(place, event))
            .or_else(|| self.of_groups(place, event))
            .or_else(|| self.of_transactions(place, event))
            .unwrap_or_else(|| vec![self.link(place), self.delay(place)]);
        let mut found: Vec<usize> = found.into_iter().flatten().collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn of_faults(&self, place: usize, event: &Event) -> Option<Vec<Option<usize>>> {
        Some(if matches!(event, Event::FaultStruck { .. } | Event::HealStarted) {
            vec![]
        } else if let Event::NodeRestarted { node } = event {
            vec![self.latest(place, |it| matches!(it, Event::NodeStopped { node: at, .. } if at == node))]
        } else if let Event::MessageDropped { .. } = event {
            vec![self.latest(place, |it| self.strikes(it, "drop"))]
        } else if let Event::BrokerStarted { broker, .. }
        | Event::BrokerRegistered { broker, .. }
        | Event::UncleanShutdownDetected { broker } = event
        {
            vec![self.restart(place, *broker)]
        } else if let Event::BounceOverlooked { broker } = event {
            vec![self.restart(place, *broker), self.trouble(place, NodeId::CONTROLLER, None)]
        } else if let Event::BrokerUnfenced { broker } = event {
            vec![self.restart(place, *broker).or_else(|| self.absence(place, *broker))]
        } else if let Event::BrokerFenced { broker } = event {
            vec![self.absence(place, *broker)]
        } else {
            return None;
        })
    }

    fn of_brokers(&self, place: usize, event: &Event) -> Option<Vec<Option<usize>>> {
        Some(if let Event::LeaderElected { unclean, broker, .. } = event {
            let before = self.before_step(place);
            let shrunk = self.latest(before, |it| matches!(it, Event::IsrShrunk { .. }) && self.is_here(it));
            let joined = self.latest(before, |it| {
                matches!(it, Event::IsrExpanded { added, .. } if added.contains(*broker)) && self.is_here(it)
            });
            // That it joined long before the record was there says nothing.
            let written = self.story.first(0..place, |it| self.subject.writes(it));
            let joined = joined.filter(|&it| written.is_some_and(|written| it > written));
            let isr = if *unclean { shrunk } else { joined };
            vec![self.link(place).or_else(|| self.leaders_trouble(place)), isr]
        } else if let Event::PartitionOffline { .. } = event {
            vec![self.link(place).or_else(|| self.leaders_trouble(place))]
        } else if let Event::BecameLeader { epoch, broker, .. }
        | Event::BecameFollower { epoch, broker, .. } = event
        {
            let elected = self.latest(place, |it| {
                matches!(it, Event::LeaderElected { epoch: of, .. } if of == epoch) && self.is_here(it)
            });
            vec![
                elected,
                self.link(place),
                self.first_since_start(place, *broker),
                self.shortfall(place, event),
            ]
        } else if let Event::LogTruncated { reason, broker, .. } = event {
            if *reason == highwater_model::event::TruncationReason::PowerLoss {
                return Some(vec![self.link(place)]);
            }
            vec![self.link(place), self.part(place, *broker)]
        } else if let Event::EpochEndTold { broker, .. }
        | Event::DivergenceTold { broker, .. }
        | Event::FetchOutOfRange { broker, .. } = event
        {
            vec![self.part(place, *broker)]
        } else if let Event::FetcherDied { broker, leader, .. } = event {
            vec![self.part(place, *broker), self.part(place, *leader)]
        } else {
            return None;
        })
    }

    fn of_the_isr(&self, place: usize, event: &Event) -> Option<Vec<Option<usize>>> {
        Some(if let Event::IsrShrinkProposed { removed, broker: leader, .. } = event {
            let leader = Some(NodeId::from(*leader));
            removed.iter().map(|broker| self.trouble(place, broker.into(), leader)).collect()
        } else if let Event::IsrShrunk { removed, .. } = event {
            let link = self.link(place);
            let by_leader =
                link.filter(|&it| matches!(self.story.event(it), Event::IsrShrinkProposed { .. }));
            let troubles = removed.iter().map(|broker| self.absence(place, broker));
            [link, by_leader.and_then(|_| self.delay(place))]
                .into_iter()
                .chain(troubles.filter(|_| by_leader.is_none()))
                .collect()
        } else if let Event::IsrExpandProposed { added, .. } = event {
            let cut = |it: &Event| {
                matches!(it, Event::LogTruncated { broker, .. } if broker == added) && self.is_here(it)
            };
            vec![self.latest(place, cut).max(self.part(place, *added)).max(self.restart(place, *added))]
        } else if let Event::IsrExpanded { added, .. } = event {
            let back = added.iter().map(|broker| self.restart(place, broker));
            let link = self.link(place);
            if link.is_some() { vec![link, self.delay(place)] } else { back.collect() }
        } else {
            return None;
        })
    }

    fn of_records(&self, place: usize, event: &Event) -> Option<Vec<Option<usize>>> {
        Some(
            if let Event::ProduceAcknowledged { broker, .. } | Event::HighWatermarkAdvanced { broker, .. } =
                event
            {
                let written = self.written(place, *broker, event);
                let raised =
                    self.story.of_step(self.story.step_of(place)).take_while(|&it| it < place).find(|&it| {
                        let event = self.story.event(it);
                        matches!(event, Event::HighWatermarkAdvanced { .. }) && self.is_here(event)
                    });
                let shrunk =
                    self.latest(place, |it| matches!(it, Event::IsrShrunk { .. }) && self.is_here(it));
                // A smaller ISR than before is what let the record through, if it became smaller after it was written.
                vec![written, raised, shrunk.filter(|&it| written.is_some_and(|written| it > written))]
            } else if let Event::RecordsAppended { broker, batch, .. } = event {
                let office = self.part(place, *broker).filter(|&it| self.is_after_an_election(it));
                // It writes where something else was before its log was cut.
                let cut = self.latest(place, |it| {
                    matches!(it, Event::LogTruncated { broker: by, from, to, .. }
                    if by == broker && *to <= batch.base_offset && batch.base_offset < *from)
                        && self.is_here(it)
                });
                let sent = self
                    .link(place)
                    .filter(|&it| matches!(self.story.event(it), Event::ProduceRetried { .. }));
                vec![office, cut, sent, self.delay(place)]
            } else if let Event::ProduceRetried { client, first, .. } = event {
                let before = self.latest(place, |it| {
                matches!(it, Event::ProduceSent { client: by, first: of, .. } if by == client && of == first)
            });
                let asked = before.and_then(|it| self.story.event(it).broker());
                let trouble = asked.and_then(|broker| {
                    let between = self.trouble(place, broker.into(), Some(*client));
                    between.or_else(|| self.trouble(place, broker.into(), None))
                });
                let refused = self.latest(place, |it| {
                    matches!(it, Event::ProduceRefused { client: by, .. } if by == client) && self.is_here(it)
                });
                vec![trouble.max(refused)]
            } else if let Event::ProduceRefused { broker, .. } = event {
                let shrunk =
                    self.latest(place, |it| matches!(it, Event::IsrShrunk { .. }) && self.is_here(it));
                vec![shrunk.max(self.part(place, *broker))]
            } else if let Event::SendFailed { client, .. } | Event::TransactionFailed { client, .. } = event {
                vec![self.link(place).or_else(|| self.trouble(place, *client, None)), self.delay(place)]
            } else if let Event::RecordsPolled { batch, .. } = event {
                vec![self.latest(place, |it| {
                    matches!(it, Event::RecordsAppended { batch: of, .. } if of == batch)
                        && it.partition() == event.partition()
                })]
            } else if let Event::SendAcknowledged { base_offset: Some(base), records, .. } = event {
                let is_it = |it: &Event| {
                    matches!(it, Event::RecordsAppended { batch, .. } if batch.base_offset == *base && batch.records == *records)
                        && it.partition() == event.partition()
                };
                vec![self.latest(place, is_it)]
            } else {
                return None;
            },
        )
    }

    fn of_groups(&self, place: usize, event: &Event) -> Option<Vec<Option<usize>>> {
        let group = event.group();
        let latest = |is: &dyn Fn(&Event) -> bool| {
            self.latest(place, |it| group.is_some_and(|group| of_group(it, group)) && is(it))
        };
        let started = || latest(&|it| matches!(it, Event::GenerationStarted { .. }));
        let rebalances = || latest(&|it| matches!(it, Event::RebalanceStarted { .. }));
        Some(if let Event::MemberExpired { client, .. } | Event::PollExpired { client, .. } = event {
            vec![self.trouble(place, *client, None)]
        } else if let Event::MemberFenced { .. } = event {
            vec![self.link(place), rebalances()]
        } else if let Event::GenerationStarted { .. } = event {
            vec![rebalances()]
        } else if let Event::PartitionsAssigned { .. }
        | Event::GroupStabilized { .. }
        | Event::CommitRefused { .. } = event
        {
            vec![started()]
        } else if let Event::PartitionsRevoked { .. } | Event::PartitionsKept { .. } = event {
            vec![rebalances()]
        } else if let Event::MemberJoined { client, .. } = event {
            vec![self.latest(place, |it| matches!(it, Event::NodeRestarted { node } if node == client))]
        } else if let Event::CoordinatorLoaded { partition, broker, .. } = event {
            vec![self.latest(place, |it| takes_part(it, *broker, Some(*partition)))]
        } else {
            return None;
        })
    }

    fn of_transactions(&self, place: usize, event: &Event) -> Option<Vec<Option<usize>>> {
        let transaction = transaction_of(event);
        let latest = |is: &dyn Fn(&Event) -> bool| {
            self.latest(place, |it| transaction.is_some() && transaction_of(it) == transaction && is(it))
        };
        Some(if let Event::TransactionBegun { .. } = event {
            vec![]
        } else if let Event::TransactionTimedOut { .. } = event {
            vec![latest(&|it| matches!(it, Event::TransactionBegun { .. }))]
        } else if let Event::ProducerFenced { .. } = event {
            vec![latest(&|it| {
                matches!(it, Event::ProducerInitialized { .. } | Event::TransactionTimedOut { .. })
            })]
        } else if let Event::ProducerInitialized { client, .. } = event {
            vec![self.latest(place, |it| matches!(it, Event::NodeRestarted { node } if node == client))]
        } else {
            return None;
        })
    }

    // ---- what rows are made of ----

    /// When a leader wrote what it now takes for safe; if it took it over from another leader, when that one did.
    fn written(&self, place: usize, broker: BrokerId, safe: &Event) -> Option<usize> {
        let offset = if let Event::ProduceAcknowledged { base_offset, .. } = safe {
            *base_offset
        } else if let Event::HighWatermarkAdvanced { from, to, .. } = safe {
            self.subject.offset.filter(|offset| from <= offset && offset < to).unwrap_or(*from)
        } else {
            return None;
        };
        let writes = |it: &Event| {
            matches!(it, Event::RecordsAppended { broker: by, batch, .. }
                if *by == broker && batch.base_offset <= offset && offset < batch.end_offset())
                && self.is_here(it)
        };
        self.latest(place, writes).or_else(|| self.latest(place, |it| self.subject.writes(it)))
    }

    /// What held up a message that this event came of, up to the nearest line: a link that was cut or degraded, or a node
    /// that stood still.
    fn delay(&self, place: usize) -> Option<usize> {
        let nearest = self.link(place).map_or(StepId(0), |link| self.story.step_of(link));
        let mut step = self.story.step(self.story.step_of(place))?;
        while step.cause > nearest || (step.cause == nearest && nearest.0 > 0) {
            let sent = self.story.step(step.cause)?;
            if let Some(found) = self.held_up(sent.node, step.node, (sent.id, step.id)) {
                return Some(found);
            }
            step = sent;
        }
        None
    }

    /// What held up a message from one node to another, sent in one step and taken in another: what began before it was taken
    /// and was not over when it was sent.
    fn held_up(&self, from: NodeId, to: NodeId, (sent, taken): (StepId, StepId)) -> Option<usize> {
        let taken = self.story.of_step(taken).start;
        let is_theirs = |a: &NodeId, b: &NodeId| *a == from && *b == to && from != to;
        let begun = self.latest(taken, |it| {
            matches!(it, Event::LinkCut { from, to } | Event::LinkDegraded { from, to } if is_theirs(from, to))
                || matches!(it, Event::NodePaused { node } if *node == to && from != to)
        })?;
        let is_over = |it: &Event| {
            matches!(it, Event::LinkHealed { from, to } if is_theirs(from, to))
                || matches!(it, Event::NodeResumed { node } if *node == to)
        };
        let over = self.story.first(begun..taken, is_over);
        over.is_none_or(|over| self.story.step_of(over) > sent).then_some(begun)
    }

    /// The nearest line up the chain of messages and deadlines: the latest that came before it in its own step, or of the
    /// nearest step that this one came of.
    pub(super) fn link(&self, place: usize) -> Option<usize> {
        let (step, kind) = (self.story.step_of(place), self.story.event(place).kind());
        let can_be = |it: usize| {
            let event = self.story.event(it);
            self.subject.concerns(event) && self.subject.is_notable(event)
        };
        let own = self.story.of_step(step).start..place;
        if let Some(found) = own.rev().find(|&it| self.story.event(it).kind() != kind && can_be(it)) {
            return Some(found);
        }
        self.ancestor(step, can_be)
    }

    /// The latest fitting event of the nearest step that a step came of.
    pub(super) fn ancestor(&self, step: StepId, can_be: impl Fn(usize) -> bool) -> Option<usize> {
        let mut cause = self.story.step(step)?.cause;
        while cause.0 > 0 {
            if let Some(found) = self.story.of_step(cause).rev().find(|&it| can_be(it)) {
                return Some(found);
            }
            cause = self.story.step(cause)?.cause;
        }
        None
    }

    fn latest(&self, place: usize, is: impl Fn(&Event) -> bool) -> Option<usize> {
        self.story.latest(place, is)
    }

    fn before_step(&self, place: usize) -> usize {
        self.story.of_step(self.story.step_of(place)).start
    }

    fn is_here(&self, event: &Event) -> bool {
        event.partition() == self.subject.partition
    }

    /// What keeps a node from its work, or from its work with `peer`: the latest that is not over; else the latest.
    fn trouble(&self, place: usize, node: NodeId, peer: Option<NodeId>) -> Option<usize> {
        let is_over = |it: usize| {
            let trouble = self.story.event(it);
            self.story.first(it..place, |event| mends(trouble, event)).is_some()
        };
        let all = self.story.all(0..place, |it| troubles(it, node, peer));
        all.iter().rev().copied().find(|&it| !is_over(it)).or_else(|| all.last().copied())
    }

    /// Why the controller hears nothing of a broker, or is to do without it.
    fn absence(&self, place: usize, broker: BrokerId) -> Option<usize> {
        self.trouble(place, broker.into(), Some(NodeId::CONTROLLER))
    }

    fn restart(&self, place: usize, broker: BrokerId) -> Option<usize> {
        self.latest(place, |it| matches!(it, Event::NodeRestarted { node } if *node == NodeId::from(broker)))
    }

    /// When a broker took the part on the partition that it plays.
    pub(super) fn part(&self, place: usize, broker: BrokerId) -> Option<usize> {
        self.latest(place, |it| takes_part(it, broker, self.subject.partition))
    }

    fn leaders_trouble(&self, place: usize) -> Option<usize> {
        let leader = self.latest(place, |it| {
            matches!(it, Event::LeaderElected { .. } | Event::BecameLeader { .. }) && self.is_here(it)
        })?;
        self.absence(place, self.story.event(leader).broker()?)
    }

    /// Why a broker that takes office lacks the record: its fetches had been held up, or its log was cut.
    fn shortfall(&self, place: usize, event: &Event) -> Option<usize> {
        let Event::BecameLeader { broker, end_offset, .. } = event else { return None };
        self.subject.offset.filter(|offset| offset >= end_offset)?;
        let written = self.story.first(0..place, |it| self.subject.writes(it))?;
        let cut = self.latest(place, |it| {
            matches!(it, Event::LogTruncated { broker: by, .. } if by == broker) && self.subject.cuts(it)
        });
        let slow = |it: &Event| matches!(it, Event::FollowerLagged { broker: by, .. } if by == broker);
        let is_over = |it: &Event| matches!(it, Event::FollowerLagEnded { broker: by } if by == broker);
        let lagged = self.latest(place, slow);
        let lagged = lagged.filter(|&it| self.story.first(it..written.max(it), is_over).is_none());
        cut.or(lagged)
    }

    /// The start of a broker's life, if it takes its first part on the partition in it; or that the controller never
    /// noticed that it had been gone.
    fn first_since_start(&self, place: usize, broker: BrokerId) -> Option<usize> {
        let restart = self.restart(place, broker)?;
        self.part(place, broker).is_none_or(|part| part < restart).then(|| {
            let overlooked =
                |it: &Event| matches!(it, Event::BounceOverlooked { broker: by } if *by == broker);
            self.latest(place, overlooked).unwrap_or_default().max(restart)
        })
    }

    fn is_after_an_election(&self, place: usize) -> bool {
        matches!(self.story.event(place), Event::BecameLeader { epoch, .. } if epoch.0 > 0)
    }

    fn strikes(&self, event: &Event, verb: &str) -> bool {
        matches!(event, Event::FaultStruck { fault, random }
            if self.names.fault(*fault, *random).is_some_and(|does| does.starts_with(verb)))
    }
}
