//! How members share a group's partitions, and what becomes of their work when one of them goes.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::{Event, EventKind};
use highwater_model::ids::{BrokerId, Generation, GroupId, NodeId, Offset, TopicPartition};
use highwater_model::message::ErrorCode;
use highwater_reports::property::Property;
use serde_json::json;

use crate::support::run::Polled;
use crate::support::scenarios::changed;
use crate::support::{Fact, Run, at, facts, ms, on_each_seed, on_each_seed_of, on_seeds, shop};

/// Members where one producer, `shop`, comes before them.
const BILLING_0: NodeId = NodeId(5);
const BILLING_1: NodeId = NodeId(6);
const BILLING_2: NodeId = NodeId(7);

const BILLING: GroupId = GroupId(0);
const AUDIT: GroupId = GroupId(1);

/// How far a group had committed a partition before a fact; the start if it never had.
fn committed(run: &Run, group: GroupId, partition: TopicPartition, before: &Fact<'_>) -> Offset {
    let commits =
        facts!(run, Event::OffsetCommitted { group, partition, offset, .. } => (*group, *partition, *offset));
    let of_it =
        commits.iter().rfind(|(fact, (by, of, _))| fact.before(before) && *by == group && *of == partition);
    of_it.map_or(Offset(0), |(_, (.., offset))| *offset)
}

/// Where a member began to read each partition from a fact on, and that it was where the group had committed.
fn begins_at_commits<'a>(
    run: &'a Run,
    member: NodeId,
    after: &Fact<'_>,
) -> Vec<(Fact<'a>, TopicPartition, Offset)> {
    let begun = facts!(run, Event::PositionReset { client, group, partition, to } => (*client, *group, *partition, *to));
    let begun: Vec<_> = begun
        .into_iter()
        .filter(|(fact, (client, ..))| *client == member && after.before(fact))
        .map(|(fact, (_, group, partition, to))| {
            assert_eq!(
                to,
                committed(run, group, partition, &fact),
                "{partition:?} begins at the last commit"
            );
            (fact, partition, to)
        })
        .collect();
    assert!(!begun.is_empty(), "it begins somewhere");
    begun
}

/// The records that a member got, by place.
fn places(polled: &[Polled<'_>], member: NodeId) -> BTreeSet<(TopicPartition, Offset)> {
    polled.iter().filter(|poll| poll.member == member).map(|poll| (poll.partition, poll.offset)).collect()
}

fn group_of(event: &Event) -> Option<GroupId> {
    event.group()
}

// ---- sharing ----

#[test]
fn within_a_generation_a_partition_has_one_owner_whatever_becomes_of_members_and_coordinators() {
    let scenarios = [
        "group_shares_partitions",
        "groups_are_independent",
        "group_member_crash_reprocesses",
        "group_zombie_is_fenced",
        "coordinator_crash_keeps_offsets",
        "cooperative_rebalance_keeps_reading",
    ];
    for name in scenarios {
        on_each_seed_of(name, &[], |run| {
            let mut owners = BTreeMap::<(GroupId, Generation, TopicPartition), NodeId>::new();
            let shares = facts!(run, Event::PartitionsAssigned { client, group, generation, partitions } => (*client, *group, *generation, partitions));
            assert!(!shares.is_empty());
            for (_, (member, group, generation, partitions)) in shares {
                for partition in partitions.iter() {
                    let owner = *owners.entry((group, generation, *partition)).or_insert(member);
                    assert_eq!(owner, member, "{name}: {partition:?} in generation {generation}");
                }
            }
        });
    }
}

#[test]
fn six_partitions_and_three_members_make_two_each_and_every_record_is_read_once() {
    on_each_seed_of("group_shares_partitions", &[], |run| {
        run.assert_converged();
        let stable = facts!(run, Event::GroupStabilized { assignment, .. } => assignment);
        let (_, shares) = stable.last().expect("the group is stable");
        assert_eq!(shares.iter().map(|(_, share)| share.len()).collect::<Vec<_>>(), [2, 2, 2]);
        let shared: BTreeSet<TopicPartition> = shares.iter().flat_map(|(_, share)| share).copied().collect();
        assert_eq!(shared.len(), 6);
        let mut read: Vec<u32> = run.polled().iter().map(|poll| poll.record.value.number()).collect();
        read.sort_unstable();
        assert_eq!(read, (0..120).collect::<Vec<_>>());
    });
}

#[test]
fn two_groups_read_everything_and_a_death_in_one_is_nothing_to_the_other() {
    on_each_seed_of("groups_are_independent", &[], |run| {
        run.assert_converged();
        let died = run.first_of(EventKind::NodeStopped);
        let (mut billing, mut audit) = (Vec::new(), BTreeSet::new());
        for poll in run.polled() {
            match group_of(poll.fact.event) {
                Some(BILLING) => billing.push(poll.record.value.number()),
                Some(AUDIT) => drop(audit.insert(poll.record.value.number())),
                other => panic!("there is no group {other:?}"),
            }
        }
        billing.sort_unstable();
        assert_eq!(billing, (0..200).collect::<Vec<_>>(), "each once");
        assert_eq!(audit.len(), 200);
        let rebalances = facts!(run, Event::RebalanceStarted { group, .. } => *group);
        let after: Vec<GroupId> =
            rebalances.into_iter().filter(|(fact, _)| died.before(fact)).map(|(_, group)| group).collect();
        assert!(after.contains(&AUDIT) && !after.contains(&BILLING), "{after:?}");
    });
}

// ---- a member goes ----

#[test]
fn a_member_that_dies_leaves_its_partition_to_the_other_which_begins_at_the_last_commit_and_reads_again() {
    on_each_seed_of("group_member_crash_reprocesses", &[], |run| {
        run.assert_converged();
        let expired = run.first_of(EventKind::MemberExpired);
        assert!(matches!(expired.event, Event::MemberExpired { client: BILLING_0, .. }));
        let died = run.first_of(EventKind::NodeStopped);
        // It was heard of last at most heartbeat.interval.ms and a message's time before it died.
        let silent = expired.at.since(died.at);
        assert!(silent >= ms(3_900) && silent <= ms(6_100), "taken for dead after {silent} ms");
        let polled = run.polled();
        let died_with: Vec<_> = polled.iter().filter(|poll| poll.member == BILLING_0).collect();
        let theirs = died_with.first().expect("it had read").partition;
        let begun = begins_at_commits(run, BILLING_1, &expired);
        let (begun_at, _, from) =
            begun.iter().find(|(_, partition, _)| *partition == theirs).expect("the other takes it over");
        let again: BTreeSet<Offset> = polled
            .iter()
            .filter(|poll| {
                begun_at.before(&poll.fact) && poll.member == BILLING_1 && poll.partition == theirs
            })
            .map(|poll| poll.offset)
            .collect();
        let lost_work: Vec<Offset> =
            died_with.iter().map(|poll| poll.offset).filter(|offset| offset >= from).collect();
        assert!(!lost_work.is_empty(), "it had read past its commit");
        assert!(lost_work.iter().all(|offset| again.contains(offset)));
        assert!(again.first() == Some(from), "nothing below the commit is read again");
    });
}

#[test]
fn a_zombies_commit_is_refused_its_records_are_read_twice_and_the_groups_progress_never_falls() {
    on_each_seed_of("group_zombie_is_fenced", &[], |run| {
        run.assert_converged();
        let resumed = run.first_of(EventKind::NodeResumed);
        let refused = run.first_of(EventKind::CommitRefused);
        let Event::CommitRefused { client, generation, error, .. } = *refused.event else {
            unreachable!("it is of that kind")
        };
        assert_eq!((client, error), (BILLING_0, ErrorCode::UnknownMemberId));
        assert!(resumed.before(&refused));
        let moved_on = facts!(run, Event::GroupStabilized { generation, .. } => *generation);
        assert!(moved_on.iter().any(|(fact, now)| fact.before(&resumed) && *now > generation));
        let fenced =
            facts!(run, Event::MemberFenced { client, partitions, .. } => (*client, partitions.len()));
        assert!(fenced.iter().any(|(_, (client, lost))| *client == BILLING_0 && *lost == 1));

        let polled = run.polled();
        let twice: Vec<_> =
            places(&polled, BILLING_0).intersection(&places(&polled, BILLING_1)).copied().collect();
        assert!(!twice.is_empty(), "both got what the zombie had not committed");

        let mut progress = BTreeMap::<TopicPartition, Offset>::new();
        for (_, (partition, offset)) in
            facts!(run, Event::OffsetCommitted { partition, offset, .. } => (*partition, *offset))
        {
            let before = progress.insert(partition, offset).unwrap_or_default();
            assert!(before <= offset, "{partition:?} falls from {before} to {offset}");
        }
    });
}

#[test]
fn a_commit_before_the_work_loses_what_was_committed_and_not_finished_and_nothing_else() {
    on_each_seed_of("commit_before_processing_loses", &[], |run| {
        run.assert_converged();
        let died = run.first_of(EventKind::NodeStopped);
        let orders = TopicPartition { topic: highwater_model::ids::TopicId(0), partition: 0 };
        let promised = committed(run, BILLING, orders, &died);
        let work = facts!(run, Event::RecordsProcessed { from, to, .. } => (*from, *to));
        let done: BTreeSet<u64> = work.iter().flat_map(|(_, (from, to))| from.0..to.0).collect();
        let before: Vec<_> = work.iter().filter(|(fact, _)| fact.before(&died)).collect();
        let (_, (_, finished)) = before.last().expect("some work was finished");
        assert!(*finished < promised, "it died between the commit and the end of the work");
        let never: Vec<u64> = (0..100).filter(|offset| !done.contains(offset)).collect();
        assert_eq!(never, (finished.0..promised.0).collect::<Vec<_>>());
        assert_eq!(run.report.properties[&Property::Skipped].broken, promised.0 - finished.0);
        assert_eq!(run.report.properties[&Property::Reprocessed].broken, 0, "at most once");
        begins_at_commits(run, BILLING_0, &died);
    });
}

// ---- coordinators ----

#[test]
fn after_a_coordinators_death_the_generation_goes_on_and_who_takes_over_begins_at_what_the_dead_one_stored() {
    on_each_seed_of("coordinator_crash_keeps_offsets", &[], |run| {
        run.assert_converged();
        let died = run.first_of(EventKind::NodeStopped);
        let loads = facts!(run, Event::CoordinatorLoaded { broker, groups, .. } => (*broker, *groups));
        let (loaded, (successor, groups)) =
            *loads.iter().find(|(fact, _)| died.before(fact)).expect("there is a successor");
        assert_eq!(groups, 1);
        let commits = facts!(run, Event::CommitAccepted { broker, generation, .. } => (*broker, *generation));
        let (old, new): (Vec<_>, Vec<_>) = commits.iter().partition(|(fact, _)| fact.before(&died));
        let (_, (dead, generation)) = old.last().expect("there were commits before");
        assert_ne!(*dead, successor);
        assert_eq!(new.first().map(|(_, commit)| *commit), Some((successor, *generation)));

        let expired = run.first_of(EventKind::MemberExpired);
        let rebalanced = facts!(run, Event::RebalanceStarted { generation, .. } => *generation);
        let since: Vec<_> = rebalanced.iter().filter(|(fact, _)| died.before(fact)).collect();
        let (first, of) = since.first().expect("a member dies too");
        assert!(!first.before(&expired), "the coordinator's death alone moves nothing");
        assert_eq!(of, generation);
        let begun = begins_at_commits(run, BILLING_1, &expired);
        assert!(begun.iter().all(|(fact, _, to)| loaded.before(fact) && to.0 > 0));
    });
}

#[test]
fn the_coordinator_is_the_leader_of_the_groups_partition_and_others_answer_nothing_of_the_group() {
    on_each_seed_of("coordinator_crash_keeps_offsets", &[], |run| {
        let of_the_group = [EventKind::CommitAccepted, EventKind::GenerationStarted, EventKind::MemberJoined];
        let mut coordinator = None;
        let mut looked = 0;
        for fact in run.facts_of_all_topics() {
            let kind = fact.event.kind();
            if kind == EventKind::CoordinatorLoaded {
                coordinator = fact.event.broker();
            } else if of_the_group.contains(&kind) {
                assert_eq!(fact.event.broker(), coordinator.or(Some(BrokerId(3))), "{kind:?} at {}", fact.at);
                looked += 1;
            }
        }
        assert!(looked > 5 && coordinator.is_some_and(|broker| broker != BrokerId(3)));
    });
}

// ---- the cooperative assignor ----

/// The third member's coming, from the coordinator's beginning of the rebalance to its end.
fn rebalance<'a>(run: &'a Run, joined: &Fact<'_>) -> (Fact<'a>, Fact<'a>) {
    let next = |kind, after: &Fact<'_>| {
        run.all(kind).into_iter().find(|fact| !fact.before(after)).expect("the group rebalances")
    };
    let started = next(EventKind::RebalanceStarted, joined);
    (started, next(EventKind::GroupStabilized, &started))
}

const BUSY: [&str; 2] = ["producers.shop.every_ms=5", "producers.shop.records=2200"];

#[test]
fn a_cooperative_rebalance_lets_the_members_that_were_there_read_on_and_moves_only_what_the_new_one_gets() {
    on_each_seed_of("cooperative_rebalance_keeps_reading", &BUSY, |run| {
        run.assert_converged();
        let joined = run
            .first("the third joins", |event| matches!(event, Event::MemberJoined { client: BILLING_2, .. }));
        let (started, stable) = rebalance(run, &joined);
        let polled = run.polled();
        for member in [BILLING_0, BILLING_1] {
            let kept = facts!(run, Event::PartitionsKept { client, .. } => *client);
            let (kept, _) = kept
                .iter()
                .find(|(fact, client)| *client == member && started.before(fact))
                .expect("it hears of the rebalance");
            let assigned = facts!(run, Event::PartitionsAssigned { client, .. } => *client);
            let (assigned, _) = assigned
                .iter()
                .find(|(fact, client)| *client == member && kept.before(fact))
                .expect("it gets its share");
            let within = polled.iter().filter(|poll| {
                poll.member == member && kept.before(&poll.fact) && poll.fact.before(assigned)
            });
            assert!(within.count() > 0, "member {member} reads between {} and {}", kept.at, assigned.at);
        }
        assert!(polled.iter().any(|poll| started.before(&poll.fact) && poll.fact.before(&stable)));

        let revoked =
            facts!(run, Event::PartitionsRevoked { client, partitions, .. } => (*client, partitions));
        let mut moved: Vec<TopicPartition> = revoked
            .iter()
            .filter(|(fact, _)| joined.before(fact))
            .flat_map(|(_, (_, partitions))| partitions.iter().copied())
            .collect();
        moved.sort_unstable();
        let assigned =
            facts!(run, Event::PartitionsAssigned { client, partitions, .. } => (*client, partitions));
        let (_, (_, last)) =
            assigned.iter().rfind(|(_, (client, _))| *client == BILLING_2).expect("it has a share");
        let mut got = last.to_vec();
        got.sort_unstable();
        assert_eq!(moved, got);
        assert_eq!(got.len(), 2);
    });
}

#[test]
fn with_range_the_same_join_stops_every_member_from_when_it_hears_of_it_until_it_has_its_share() {
    let range = ["partition.assignment.strategy=range", BUSY[0], BUSY[1]];
    on_each_seed_of("cooperative_rebalance_keeps_reading", &range, |run| {
        run.assert_converged();
        assert_eq!(run.count(EventKind::PartitionsKept), 0);
        let joined = run
            .first("the third joins", |event| matches!(event, Event::MemberJoined { client: BILLING_2, .. }));
        for member in [BILLING_0, BILLING_1] {
            let mine = |kind| {
                let all = run.all(kind).into_iter();
                all.filter(|fact| joined.before(fact) && fact.event.client() == Some(member))
                    .collect::<Vec<_>>()
            };
            let (revoked, assigned) =
                (mine(EventKind::PartitionsRevoked), mine(EventKind::PartitionsAssigned));
            assert_eq!((revoked.len(), assigned.len()), (1, 1));
            assert!(
                matches!(revoked[0].event, Event::PartitionsRevoked { partitions, .. } if partitions.len() == 3)
            );
            let reads = mine(EventKind::RecordsPolled);
            let within = reads.iter().filter(|read| revoked[0].before(read) && read.before(&assigned[0]));
            assert_eq!(within.count(), 0, "between {} and {}", revoked[0].at, assigned[0].at);
            assert!(reads.iter().any(|read| assigned[0].before(read)));
        }
    });
}

// ---- static members ----

#[test]
fn a_static_member_that_dies_and_is_back_within_its_session_causes_no_rebalance_and_a_dynamic_one_does() {
    let of_audit =
        |run: &Run, kind| run.all(kind).iter().filter(|fact| group_of(fact.event) == Some(AUDIT)).count();
    on_each_seed_of("groups_are_independent", &["groups.audit.static_membership=true"], |run| {
        run.assert_converged();
        assert_eq!(of_audit(run, EventKind::RebalanceStarted), 1, "the first");
        assert_eq!(of_audit(run, EventKind::GenerationStarted), 1);
        assert_eq!(of_audit(run, EventKind::MemberExpired), 0);
        let back = run.first_of(EventKind::NodeRestarted);
        begins_at_commits(run, back_again(run, &back), &back);
    });
    on_each_seed_of("groups_are_independent", &[], |run| {
        assert_eq!(of_audit(run, EventKind::MemberExpired), 1);
        assert!(of_audit(run, EventKind::GenerationStarted) > 1);
    });
}

/// The node that was started again.
fn back_again(run: &Run, restarted: &Fact<'_>) -> NodeId {
    let Event::NodeRestarted { node } = *restarted.event else { unreachable!("it is of that kind") };
    let audited = facts!(run, Event::RecordsPolled { client, group: AUDIT, .. } => *client);
    assert!(audited.iter().all(|(_, client)| *client == node), "it is audit's only member");
    node
}

// ---- coming and going in good order ----

#[test]
fn a_member_that_leaves_commits_first_and_its_partitions_are_the_others_long_before_a_session_would_end() {
    let leaves = json!({
        "topics": [{ "name": "orders", "partitions": 4, "replication": 3 }],
        "producers": [shop(400, 25, json!({}))],
        "groups": [{
            "name": "billing", "topics": ["orders"], "members": 2,
            "config": { "auto.offset.reset": "earliest" }
        }],
        "faults": [
            { "when": { "at_ms": 9000 }, "do": { "leave": "billing-1" } },
            { "when": { "at_ms": 14000 }, "do": { "join": "billing-1" } }
        ]
    });
    on_each_seed(&leaves, |run| {
        run.assert_converged();
        assert_eq!(run.count(EventKind::MemberExpired), 0);
        let left = run.first_of(EventKind::MemberLeft);
        assert!(matches!(left.event, Event::MemberLeft { client: BILLING_1, .. }));
        assert!(left.at <= at(9_050));
        let stable = facts!(run, Event::GroupStabilized { assignment, .. } => assignment);
        let stable: Vec<_> = stable.into_iter().filter(|(fact, _)| left.before(fact)).collect();
        let (alone, shares) = stable[0];
        assert_eq!(shares.iter().map(|(_, share)| share.len()).collect::<Vec<_>>(), [4]);
        // The other hears of it with its next heartbeat: heartbeat.interval.ms is 3 s.
        assert!(alone.at <= left.at + ms(3_200), "alone at {}", alone.at);
        let (together, shares) = stable[1];
        assert!(together.at > at(14_000));
        assert_eq!(shares.iter().map(|(_, share)| share.len()).collect::<Vec<_>>(), [2, 2]);
        begins_at_commits(run, BILLING_0, &left);

        let mut read: Vec<u32> = run.polled().iter().map(|poll| poll.record.value.number()).collect();
        read.sort_unstable();
        assert_eq!(
            read,
            (0..400).collect::<Vec<_>>(),
            "each once: both commit before they give partitions away"
        );
    });
}

#[test]
fn a_new_group_waits_three_seconds_for_more_members_and_again_when_one_comes() {
    on_seeds(&changed("group_shares_partitions", &[]), 0..8, |run| {
        let started = run.first_of(EventKind::RebalanceStarted);
        let generation = run.first_of(EventKind::GenerationStarted);
        assert!(matches!(
            generation.event,
            Event::GenerationStarted { generation: Generation(1), members: 3, .. }
        ));
        assert_eq!(generation.at.since(started.at), ms(6_000), "group.initial.rebalance.delay.ms twice");
    });
    on_each_seed(&json!({}), |run| {
        let started = run.first_of(EventKind::RebalanceStarted);
        let generation = run.first_of(EventKind::GenerationStarted);
        assert_eq!(generation.at.since(started.at), ms(3_000), "a group of one waits once");
    });
}
