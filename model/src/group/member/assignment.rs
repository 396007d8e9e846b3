//! How the leader shares partitions out, and how a member takes its share.

use crate::defects::Defect;
use crate::event::Event;
use crate::group::assignors;
use crate::group::member::commits::Purpose;
use crate::group::member::joining::Phase;
use crate::group::member::{Member, Owned, Position};
use crate::ids::{TopicId, TopicPartition};
use crate::machine::Effects;
use crate::message::JoinedMember;
use crate::time::{Instant, Micros};

impl Member {
    /// Counts partitions. The leader joins again when there are other than those that it has shared out. A topic that seems
    /// to have lost partitions has not: the broker that says so is behind.
    /// Source: 0.11.0.2 `ConsumerCoordinator.MetadataSnapshot`, `needRejoin`.
    pub(super) fn on_new_metadata(&mut self, now: Instant, out: &mut Effects) {
        for (topic, count) in &mut self.counts {
            *count = self.net.metadata.partition_count(*topic).max(*count);
        }
        self.membership.rejoin |= self.membership.is_in_generation() && self.has_other_partitions();
        if let Phase::Assigning { members, version } = &mut self.membership.phase
            && *version < self.net.metadata.version()
        {
            let members = std::mem::take(members);
            self.share_out(&members, now, out);
        }
    }

    /// Whether this member has shared partitions out and there are others now.
    fn has_other_partitions(&self) -> bool {
        self.counted.as_ref().is_some_and(|counted| *counted != self.counts)
    }

    /// This member leads. It waits for newer metadata if somebody wants that.
    /// Source: 0.11.0.2 `ConsumerCoordinator.performAssignment`.
    pub(super) fn lead(&mut self, members: Vec<JoinedMember>, now: Instant, out: &mut Effects) {
        for topic in members.iter().flat_map(|joined| joined.subscription.topics.iter()) {
            let count = self.net.metadata.partition_count(*topic);
            self.counts.entry(*topic).or_insert(count);
        }
        if self.net.metadata.is_fresh(now) {
            self.share_out(&members, now, out);
        } else {
            self.net.metadata.want();
            self.enter(Phase::Assigning { members, version: self.net.metadata.version() });
        }
    }

    fn share_out(&mut self, members: &[JoinedMember], now: Instant, out: &mut Effects) {
        let counts = &self.counts;
        let partitions_of = |topic: TopicId| counts.get(&topic).copied().unwrap_or(0);
        let assignor = self.settings.partition_assignment_strategy;
        let mut assignments = assignors::assign(assignor, members, &partitions_of);
        if Defect::SharesOneTwice.is_on()
            && let Some(first) = assignments.iter().filter_map(|(_, share)| share.first()).min().copied()
        {
            for (_, share) in assignments.iter_mut().filter(|(_, share)| !share.contains(&first)) {
                share.push(first);
            }
        }
        self.counted = Some(self.counts.clone());
        self.sync(assignments, now, out);
    }

    /// The share takes effect. What a cooperative member owns beyond it, it commits and gives up.
    /// Source: 2.4.0 `ConsumerCoordinator.onJoinComplete`.
    pub(super) fn complete(&mut self, now: Instant, out: &mut Effects) {
        let Phase::Synced { assignment } = std::mem::take(&mut self.membership.phase) else { return };
        let revokes = self.owned.iter().any(|owned| assignment.binary_search(&owned.partition).is_err());
        self.enter(Phase::Revoking { assignment });
        if revokes && self.settings.enable_auto_commit {
            self.begin_sync_commit(Purpose::BeforeRevocation, now, out);
        } else {
            self.take_share(now, out);
        }
    }

    /// After a revocation the member joins again at once, so that what it gave up finds an owner.
    pub(super) fn take_share(&mut self, now: Instant, out: &mut Effects) {
        let Phase::Revoking { assignment } = std::mem::take(&mut self.membership.phase) else { return };
        self.enter(Phase::Stable);
        let (client, group, generation) = (self.node, self.group, self.membership.generation);
        let keeps_all = Defect::KeepsWhatItLost.is_on();
        let lacks = |partition: &TopicPartition| !keeps_all && assignment.binary_search(partition).is_err();
        let revoked: Vec<_> = self.owned.iter().map(|owned| owned.partition).filter(lacks).collect();
        if !revoked.is_empty() {
            self.membership.rejoin = true;
            out.event(Event::PartitionsRevoked { client, group, generation, partitions: revoked.into() });
        }
        self.own(&assignment, now);
        out.event(Event::PartitionsAssigned { client, group, generation, partitions: (&*assignment).into() });
        self.membership.assigned = (assignment, generation);
        self.membership.rejoin |= self.has_other_partitions();
        self.commit_at = now + Micros::from_millis(self.settings.auto_commit_interval_ms);
    }

    /// What it owns that is not among these.
    fn beyond(&self, partitions: &[TopicPartition]) -> Vec<Owned> {
        let is_beyond = |owned: &&Owned| partitions.binary_search(&owned.partition).is_err();
        self.owned.iter().filter(is_beyond).cloned().collect()
    }

    /// Owns exactly `partitions`, which ascend. What it keeps, it reads on where it is.
    fn own(&mut self, partitions: &[TopicPartition], now: Instant) {
        let lost = if Defect::KeepsWhatItLost.is_on() { self.beyond(partitions) } else { Vec::new() };
        let mut before = std::mem::take(&mut self.owned).into_iter().peekable();
        self.owned = partitions
            .iter()
            .map(|&partition| {
                while before.next_if(|owned| owned.partition < partition).is_some() {}
                let kept = before.next_if(|owned| owned.partition == partition);
                kept.unwrap_or(Owned {
                    partition,
                    position: Position::AwaitCommitted,
                    epoch: None,
                    leader: None,
                    committed: None,
                    fetch: None,
                    buffered: false,
                    retry_at: now,
                })
            })
            .chain(lost)
            .collect();
        self.owned.sort_by_key(|owned| owned.partition);
        let owned = &self.owned;
        let is_owned = |partition| owned.binary_search_by_key(&partition, |owned| owned.partition).is_ok();
        self.buffer.retain(|buffered| is_owned(buffered.partition));
        // An answer to a question of another generation may be of an older commit.
        self.fetching_offsets = None;
    }
}
