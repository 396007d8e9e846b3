//! A broker takes groups over with their partition of `__consumer_offsets`, and gives them up with it.
//! Source: 0.11.0.2 `GroupMetadataManager.loadGroupsAndOffsets`, `removeGroupsForPartition`;
//! `GroupCoordinator.onGroupLoaded`, `onGroupUnloaded`.

use std::collections::{BTreeMap, BTreeSet};

use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{GroupId, MemberId, Offset, ProducerId, TopicPartition};
use crate::log::Log;
use crate::machine::Effects;
use crate::message::ErrorCode;
use crate::record::{Content, GroupRecord, StoredMember};
use crate::time::Instant;

use super::Coordinator;
use super::group::{Group, Member, State};
use super::timers::Timer;

impl Coordinator {
    /// The broker leads this partition of `__consumer_offsets` from now on: what its log holds is how its groups stand.
    ///
    /// The log is read to its end, not to the high watermark, as Kafka does (what 0.11.0.2 calls `highWaterMark` there is the log's
    /// end; 1.0.0, 2.0.0, 2.4.0, 3.0.0 and 3.8.0 do the same): just after an election the new leader's high watermark lags, and
    /// there is no later read that would catch up. So a coordinator may know of an offset or a generation that nobody was told
    /// of and that a later truncation takes away again.
    pub fn load(&mut self, now: Instant, partition: TopicPartition, log: &Log, out: &mut Effects) {
        let mut loaded: BTreeMap<GroupId, Group> = BTreeMap::new();
        let mut by_marker: BTreeSet<(GroupId, TopicPartition)> = BTreeSet::new();
        for batch in log.read(Offset::ZERO, log.end_offset(), u64::MAX) {
            let within = batch.producer.filter(|stamp| stamp.transactional).map(|stamp| stamp.id);
            for record in batch.records.iter() {
                match record.content.as_deref() {
                    Some(Content::Group(stored)) => take_over(&mut loaded, partition, stored, within),
                    Some(Content::Marker(marker)) => {
                        for group in loaded.values_mut() {
                            let ended = group.load_end(marker.producer, marker.commit);
                            by_marker.extend(ended.into_iter().map(|partition| (group.id, partition)));
                        }
                    }
                    Some(Content::Key(_) | Content::Transaction(_) | Content::Output(_)) | None => {}
                }
            }
        }
        if log.end_offset() > Offset::ZERO {
            let groups = loaded.len() as u32;
            out.event(Event::CoordinatorLoaded { partition, broker: self.me, groups });
        }
        let ids: Vec<GroupId> = loaded.keys().copied().collect();
        let broker = self.me;
        // The broker before may have died between the marker and telling of it.
        for (group, partition) in by_marker {
            let committed = loaded.get(&group).and_then(|group| group.committed.get(&partition));
            let Some(&offset) = committed else { continue };
            out.event(Event::OffsetCommitted { partition, broker, client: broker.into(), group, offset });
        }
        self.groups.append(&mut loaded);
        for id in ids {
            let Some((group, mut cx)) = self.group(now, id, out) else { continue };
            let members: Vec<MemberId> = group.members.keys().copied().collect();
            for member in members {
                group.renew_session(member, &mut cx);
            }
        }
    }

    /// Another broker leads this partition now: its groups are forgotten, and whoever waits is sent away to look for it.
    pub fn unload(&mut self, partition: TopicPartition, out: &mut Effects) {
        let Self { groups, timers, .. } = self;
        groups.retain(|_, group| {
            let stays = group.partition != partition;
            if !stays {
                if let State::PreparingRebalance(delayed) = &mut group.state {
                    timers.set(Timer::Rebalance(group.id), &mut delayed.until, None);
                }
                for (&id, member) in &mut group.members {
                    timers.set(Timer::Session(group.id, id), &mut member.expires, None);
                    member.send_away(id, out);
                }
            }
            stays
        });
    }
}

impl Member {
    fn send_away(&self, id: MemberId, out: &mut Effects) {
        if let Some(asker) = self.join {
            asker.refuse_join(Some(id), ErrorCode::NotCoordinator, out);
        }
        if let Some(asker) = self.sync {
            asker.answer_sync(ErrorCode::NotCoordinator, Vec::new(), out);
        }
    }
}

/// Later records replace earlier ones. Offsets within a transaction are pending until its marker.
fn take_over(
    loaded: &mut BTreeMap<GroupId, Group>,
    stored_in: TopicPartition,
    record: &GroupRecord,
    within: Option<ProducerId>,
) {
    let (GroupRecord::Offset { group: id, .. } | GroupRecord::Metadata { group: id, .. }) = record;
    let known = loaded.entry(*id).or_insert_with(|| Group::new(*id, stored_in));
    match record {
        GroupRecord::Offset { .. } if Defect::ForgetsOffsets.is_on() => {}
        &GroupRecord::Offset { partition, offset, .. } => match within {
            Some(producer) => known.load_pending(producer, partition, offset),
            None => {
                known.committed.insert(partition, offset);
            }
        },
        GroupRecord::Metadata { generation, assignor, leader, members, .. } => {
            known.state = if members.is_empty() { State::Empty } else { State::Stable };
            known.generation = *generation;
            known.assignor = *assignor;
            known.leader = *leader;
            known.members = members.iter().map(|stored| (stored.member, member(stored))).collect();
        }
    }
}

fn member(stored: &StoredMember) -> Member {
    Member {
        instance: stored.instance,
        session_timeout: stored.session_timeout,
        rebalance_timeout: stored.rebalance_timeout,
        subscription: stored.subscription.clone(),
        assignment: stored.assignment.clone(),
        join: None,
        sync: None,
        expires: None,
    }
}
