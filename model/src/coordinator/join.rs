//! Members gather into a generation: JoinGroup. Source: 0.11.0.2 `GroupCoordinator.doJoinGroup`, `prepareRebalance`,
//! `onCompleteJoin`.

use crate::defects::Defect;
use crate::event::Event;
use crate::ids::{Generation, GroupId, MemberId};
use crate::machine::Effects;
use crate::message::{Body, ErrorCode, JoinedMember};
use crate::time::{Instant, Micros};

use super::Coordinator;
use super::group::{Context, DelayedJoin, Group, InitialDelay, Member, State};
use super::request::{Asker, Join};
use super::store::Write;
use super::timers::Timer;

impl Coordinator {
    /// A group comes to be when somebody joins it for the first time. Source: 0.11.0.2 `GroupCoordinator.handleJoinGroup`.
    pub(super) fn on_join(&mut self, now: Instant, asker: Asker, id: GroupId, join: Join, out: &mut Effects) {
        let member = join.member;
        let result = self.check_join(id, &join).and_then(|()| match self.group(now, id, out) {
            Some((group, mut cx)) => group.join(asker, join, &mut cx),
            None => Err(ErrorCode::NotCoordinator),
        });
        if let Err(error) = result {
            asker.refuse_join(member, error, out);
        }
    }

    fn check_join(&mut self, id: GroupId, join: &Join) -> Result<(), ErrorCode> {
        let broker = &self.config.broker;
        let shortest = Micros::from_millis(broker.group_min_session_timeout_ms);
        let longest = Micros::from_millis(broker.group_max_session_timeout_ms);
        if !(shortest..=longest).contains(&join.session_timeout) {
            return Err(ErrorCode::InvalidSessionTimeout);
        }
        if !self.groups.contains_key(&id) {
            if join.member.is_some() {
                return Err(ErrorCode::UnknownMemberId);
            }
            let partition = self.config.offsets_partition(id).ok_or(ErrorCode::NotCoordinator)?;
            self.groups.insert(id, Group::new(id, partition));
        }
        Ok(())
    }
}

impl Group {
    /// Lets a client in, or says why not. Its answer may come much later.
    fn join(&mut self, asker: Asker, join: Join, cx: &mut Context<'_>) -> Result<(), ErrorCode> {
        if !self.supports(join.assignor) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        match join.member {
            Some(member) => self.join_again(asker, member, join, cx)?,
            None => {
                let id = cx.next_member(asker);
                match self.static_member(join.instance) {
                    Some(old) => self.join_in_place_of(old, id, asker, join, cx),
                    None => self.add_member(id, asker, join, cx),
                }
            }
        }
        self.complete_join_if_all_came(cx);
        Ok(())
    }

    /// Source: 0.11.0.2 `GroupCoordinator.addMemberAndRebalance`. As there, no session runs until the join is answered.
    fn add_member(&mut self, id: MemberId, asker: Asker, join: Join, cx: &mut Context<'_>) {
        if let State::PreparingRebalance(DelayedJoin { initial: Some(initial), .. }) = &mut self.state
            && self.generation == Generation(0)
        {
            initial.member_added = true;
        }
        let member = Member {
            instance: join.instance,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            subscription: join.subscription,
            assignment: Vec::new(),
            join: Some(asker),
            sync: None,
            expires: None,
        };
        self.assignor = join.assignor;
        self.leader.get_or_insert(id);
        self.members.insert(id, member);
        let (broker, group) = (cx.broker, self.id);
        cx.out.event(Event::MemberJoined { broker, group, client: id.client, member: id });
        self.prepare_rebalance_if_possible(cx);
    }

    /// A member that the coordinator knows asks to join (again).
    fn join_again(
        &mut self,
        asker: Asker,
        id: MemberId,
        join: Join,
        cx: &mut Context<'_>,
    ) -> Result<(), ErrorCode> {
        if self.is_fenced(id, join.instance) {
            return Err(ErrorCode::FencedInstanceId);
        }
        let is_leader = self.is_leader(id);
        let unknown_instance = join.instance.is_some() && self.static_member(join.instance).is_none();
        let Some(member) = self.members.get_mut(&id).filter(|_| !unknown_instance) else {
            return Err(ErrorCode::UnknownMemberId);
        };
        // It may have missed the answer; or it wants nothing else than before. Only the leader's wish for another round is
        // granted as such: it may know of more partitions.
        let wants_the_same = member.subscription == join.subscription;
        let is_answered = match self.state {
            State::Empty => return Err(ErrorCode::UnknownMemberId),
            State::PreparingRebalance(_) => false,
            State::CompletingRebalance => wants_the_same,
            State::Stable => wants_the_same && !is_leader,
        };
        if is_answered {
            let members = if is_leader { self.joined_members() } else { Vec::new() };
            self.answer_join(asker, id, members, cx);
        } else {
            member.subscription = join.subscription;
            member.join = Some(asker);
            self.prepare_rebalance_if_possible(cx);
        }
        Ok(())
    }

    /// Tells a member of the generation.
    fn answer_join(&self, asker: Asker, member: MemberId, members: Vec<JoinedMember>, cx: &mut Context<'_>) {
        let (error, generation) = (ErrorCode::None, self.generation);
        let leader = self.leader.unwrap_or_default();
        asker.send(Body::JoinGroupReply { error, generation, member, leader, members }, cx.out);
    }

    /// Begins another rebalance, unless one is being prepared already. Source: 0.11.0.2 `GroupCoordinator.prepareRebalance`.
    pub(super) fn prepare_rebalance_if_possible(&mut self, cx: &mut Context<'_>) {
        let initial = match self.state {
            State::PreparingRebalance(_) => return,
            State::Empty => Some(InitialDelay {
                delay: cx.initial_delay,
                remaining: self.rebalance_timeout().less(cx.initial_delay),
                member_added: false,
            }),
            State::CompletingRebalance => {
                self.refuse_syncs(ErrorCode::RebalanceInProgress, cx);
                None
            }
            State::Stable => None,
        };
        let (broker, group, generation) = (cx.broker, self.id, self.generation);
        cx.out.event(Event::RebalanceStarted { broker, group, generation });
        self.wait_for_members(initial, cx);
        self.complete_join_if_all_came(cx);
    }

    fn wait_for_members(&mut self, initial: Option<InitialDelay>, cx: &mut Context<'_>) {
        // A rebalance that waits for static members begins anew when its time is up, so it must take some.
        let time = self.rebalance_timeout().max(Micros::from_millis(1));
        let delay = initial.map_or(time, |initial| initial.delay);
        let mut delayed = DelayedJoin { until: None, initial };
        cx.timers.set(Timer::Rebalance(self.id), &mut delayed.until, Some(cx.now + delay));
        self.state = State::PreparingRebalance(delayed);
    }

    /// Source: 0.11.0.2 `GroupCoordinator.tryCompleteJoin`.
    pub(super) fn complete_join_if_all_came(&mut self, cx: &mut Context<'_>) {
        if let State::PreparingRebalance(DelayedJoin { initial: None, .. }) = self.state
            && self.members.values().all(|member| member.join.is_some())
            && !Defect::WaitsForEver.is_on()
        {
            self.complete_join(cx);
        }
    }

    /// The rebalance has waited long enough. If members are still coming to a new group, it waits a little more.
    /// Source: 0.11.0.2 `InitialDelayedJoin.onComplete`.
    pub(super) fn rebalance_delay_over(&mut self, cx: &mut Context<'_>) {
        let State::PreparingRebalance(delayed) = self.state else { return };
        match delayed.initial {
            Some(InitialDelay { delay, remaining, member_added: true }) if remaining != Micros::ZERO => {
                let again = InitialDelay {
                    delay: cx.initial_delay.min(remaining),
                    remaining: remaining.less(delay),
                    member_added: false,
                };
                self.wait_for_members(Some(again), cx);
            }
            Some(_) | None => self.complete_join(cx),
        }
    }

    /// Whoever has come is in the next generation. Source: 0.11.0.2 `GroupCoordinator.onCompleteJoin`.
    fn complete_join(&mut self, cx: &mut Context<'_>) {
        if let State::PreparingRebalance(delayed) = &mut self.state {
            cx.timers.set(Timer::Rebalance(self.id), &mut delayed.until, None);
        }
        self.drop_absent(cx);
        if !self.leader_has_come() && !self.members.is_empty() {
            // Only static members are left, and none has come: their sessions decide.
            self.wait_for_members(None, cx);
            return;
        }
        self.generation.0 += 1;
        let (broker, group, generation) = (cx.broker, self.id, self.generation);
        let members = self.members.len() as u32;
        cx.out.event(Event::GenerationStarted { broker, group, generation, members });
        if self.members.is_empty() {
            self.state = State::Empty;
            cx.writes.push_back(Write::empty(self));
        } else {
            self.state = State::CompletingRebalance;
            self.answer_joins(cx);
        }
    }

    /// Members that did not come are out. Static ones stay: they may be restarting. Source: 2.4.0 `GroupCoordinator.onCompleteJoin`.
    fn drop_absent(&mut self, cx: &mut Context<'_>) {
        let is_absent = |member: &Member| member.join.is_none() && member.instance.is_none();
        let absent: Vec<MemberId> =
            self.members.iter().filter(|(_, member)| is_absent(member)).map(|(&id, _)| id).collect();
        for id in absent {
            self.take_out(id, cx);
            self.say_expired(id, cx);
        }
    }

    /// Whether the leader has come; if it has not, one that has takes its place.
    /// Source: 2.4.0 `GroupMetadata.maybeElectNewJoinedLeader`.
    fn leader_has_come(&mut self) -> bool {
        let has_come = |id: &MemberId| self.members.get(id).is_some_and(|member| member.join.is_some());
        let leader = self.leader.filter(has_come).or_else(|| self.members.keys().copied().find(has_come));
        self.leader = leader.or(self.leader);
        leader.is_some()
    }

    fn answer_joins(&mut self, cx: &mut Context<'_>) {
        let mut for_leader = self.joined_members();
        let ids: Vec<MemberId> = self.members.keys().copied().collect();
        for id in ids {
            let asker = self.members.get_mut(&id).and_then(|member| member.join.take());
            if let Some(asker) = asker {
                let members = if self.is_leader(id) { std::mem::take(&mut for_leader) } else { Vec::new() };
                self.answer_join(asker, id, members, cx);
            }
            self.renew_session(id, cx);
        }
    }
}

impl Context<'_> {
    /// An id for a new member.
    fn next_member(&mut self, asker: Asker) -> MemberId {
        *self.member_numbers += 1;
        MemberId { client: asker.node, number: *self.member_numbers }
    }
}
