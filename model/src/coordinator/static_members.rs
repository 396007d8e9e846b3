//! Members with a `group.instance.id` (KIP-345): whoever comes with it, without a member id, takes the place of the member that
//! had it, share and all. Source: 2.7.0 `GroupCoordinator.updateStaticMemberAndRebalance`,
//! `GroupMetadata.replaceGroupInstance`.
//!
//! 2.4 did it differently in two ways that lose members. In CompletingRebalance it let the generation go on, in which the member
//! then got no share (until 2.5.0, KAFKA-9801). And it did not store the new id, so that the next coordinator fenced the member
//! (until 2.6.1 and 2.7.0, KAFKA-10284).
//!
//! Two weaknesses are kept, for Kafka has them too. A leader that restarts is told that its former self leads, so nobody watches
//! for new partitions until the next rebalance (until 3.2.0, KAFKA-13435). And an id that a coordinator gave out in a rebalance is
//! stored only with its shares: if another coordinator takes over before, it knows the member by the former id, and fences it.

use crate::event::Event;
use crate::ids::{MemberId, NodeId};
use crate::message::{Body, ErrorCode};

use super::group::{Context, Group, State};
use super::request::{Asker, Join};
use super::store::{Stored, Write};
use super::timers::Timer;

impl Group {
    /// The member with this `group.instance.id`.
    pub(super) fn static_member(&self, instance: Option<NodeId>) -> Option<MemberId> {
        let has_it = |(_, member): &(&MemberId, &super::group::Member)| member.instance == instance;
        instance.and_then(|_| self.members.iter().find(has_it)).map(|(&id, _)| id)
    }

    /// Whether another member has taken the instance's place. Source: 2.4.0 `GroupMetadata.isStaticMemberFenced`.
    pub(super) fn is_fenced(&self, member: MemberId, instance: Option<NodeId>) -> bool {
        self.static_member(instance).is_some_and(|current| current != member)
    }

    /// A static member has restarted. A stable group goes on as it is once the new id is stored; otherwise there is another
    /// rebalance.
    pub(super) fn join_in_place_of(
        &mut self,
        old: MemberId,
        new: MemberId,
        asker: Asker,
        join: Join,
        cx: &mut Context<'_>,
    ) {
        let leader = self.leader;
        self.replace_id(old, new, cx);
        let (broker, group) = (cx.broker, self.id);
        cx.out.event(Event::MemberJoined { broker, group, client: new.client, member: new });
        self.renew_session(new, cx);
        if let Some(member) = self.members.get_mut(&new) {
            member.subscription = join.subscription;
            member.join = Some(asker);
        }
        match self.state {
            State::Stable => {
                let stored = Stored::StaticMember { group, member: new, old, leader };
                cx.writes.push_back(Write::metadata(self, stored));
            }
            State::CompletingRebalance => self.prepare_rebalance_if_possible(cx),
            State::Empty | State::PreparingRebalance(_) => {}
        }
    }

    /// The new id is stored, and the member goes on in the present generation; or it could not be, and the old one stands again.
    ///
    /// The member hears the leader's id of before: if it led itself it is not to share anything out now.
    pub(super) fn static_member_stored(
        &mut self,
        id: MemberId,
        old: MemberId,
        leader: Option<MemberId>,
        error: ErrorCode,
        cx: &mut Context<'_>,
    ) {
        // A rebalance that has begun since has taken the request over; its answer comes with the next generation.
        if self.state != State::Stable {
            return;
        }
        let Some(asker) = self.members.get_mut(&id).and_then(|member| member.join.take()) else { return };
        if error != ErrorCode::None {
            self.replace_id(id, old, cx);
            self.renew_session(old, cx);
            asker.refuse_join(None, error, cx.out);
            return;
        }
        self.renew_session(id, cx);
        let reply = Body::JoinGroupReply {
            error,
            generation: self.generation,
            member: id,
            leader: leader.unwrap_or_default(),
            members: Vec::new(),
        };
        asker.send(reply, cx.out);
    }

    /// The member is called otherwise from now on. Whoever waits under the old id is fenced.
    fn replace_id(&mut self, old: MemberId, new: MemberId, cx: &mut Context<'_>) {
        let Some(mut member) = self.members.remove(&old) else { return };
        cx.timers.set(Timer::Session(self.id, old), &mut member.expires, None);
        if let Some(asker) = member.join.take() {
            asker.refuse_join(Some(old), ErrorCode::FencedInstanceId, cx.out);
        }
        if let Some(asker) = member.sync.take() {
            asker.answer_sync(ErrorCode::FencedInstanceId, Vec::new(), cx.out);
        }
        if self.is_leader(old) {
            self.leader = Some(new);
        }
        self.members.insert(new, member);
    }
}
