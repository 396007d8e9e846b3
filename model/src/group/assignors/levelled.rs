//! The sticky assignment where members subscribe to different topics: nobody can say beforehand how much each one gets.

use crate::group::assignors::roster::{Owners, Place, Roster, Topic};

/// Gives what is free to those who have least, then levels shares until no member can take a partition from one that
/// has at least two more. What has moved without need goes home at last.
///
/// Partitions that fewest members can read go first. As in Kafka a single partition moves at a time, so that shares
/// can stay apart that only a chain of moves would level.
/// Source: 2.4.0 `AbstractStickyAssignor.balance`, `AbstractStickyAssignor.performReassignments`.
pub(super) fn assign(roster: &Roster, before: &Owners) -> Owners {
    let mut counts = vec![0; roster.members.len()];
    for owner in before.iter().flatten() {
        counts[*owner] += 1;
    }
    let mut by_subscribers: Vec<&Topic> = roster.topics.iter().collect();
    by_subscribers.sort_by_key(|topic| topic.subscribers.len());
    let numbers =
        by_subscribers.into_iter().flat_map(|topic| topic.numbers().map(move |number| (topic, number)));
    let all: Vec<(&Topic, usize)> = numbers.collect();
    let free: Vec<_> = all.iter().copied().filter(|&(_, number)| before[number].is_none()).collect();
    let mut levelled = Levelled { owners: before.clone(), counts };
    for &(topic, number) in &free {
        let to = levelled.lightest(topic);
        levelled.give(number, to);
    }
    // What was free costs nobody anything when it moves.
    levelled.level(&free);
    levelled.level(&all);
    levelled.send_home(&all, before);
    levelled.owners
}

/// The assignment as far as it has come.
struct Levelled {
    owners: Owners,
    /// How much each member has, by place.
    counts: Vec<usize>,
}

impl Levelled {
    /// Who has least of those who may get the topic.
    fn lightest(&self, topic: &Topic) -> Place {
        let least = topic.subscribers.iter().copied().min_by_key(|&place| (self.counts[place], place));
        least.expect("a topic of the roster has a subscriber")
    }

    /// Whether nobody who may get the topic has so little that it should get a partition from a member with `count`.
    fn is_level(&self, topic: &Topic, count: usize) -> bool {
        count <= self.counts[self.lightest(topic)] + 1
    }

    fn give(&mut self, number: usize, to: Place) {
        if let Some(from) = self.owners[number].replace(to) {
            self.counts[from] -= 1;
        }
        self.counts[to] += 1;
    }

    fn owner(&self, number: usize) -> Place {
        self.owners[number].expect("all partitions have been given out")
    }

    /// Moves these partitions until no move makes shares more even. Each move brings two shares closer to each other,
    /// so this ends.
    fn level(&mut self, partitions: &[(&Topic, usize)]) {
        let mut moved = true;
        while std::mem::take(&mut moved) {
            for &(topic, number) in partitions {
                if !self.is_level(topic, self.counts[self.owner(number)]) {
                    let to = self.lightest(topic);
                    self.give(number, to);
                    moved = true;
                }
            }
        }
    }

    /// Swaps partitions so that more of them stay with their owners of before, without changing how much anyone has.
    /// Each swap sends one home and none away from home, so this ends.
    /// Kafka turns back moves of the same topic between the same two members:
    /// 2.4.0 `AbstractStickyAssignor.PartitionMovements.getTheActualPartitionToBeMoved`.
    fn send_home(&mut self, partitions: &[(&Topic, usize)], before: &Owners) {
        let mut swapped = true;
        while std::mem::take(&mut swapped) {
            for &(topic, number) in partitions {
                let Some(home) = before[number].filter(|&home| home != self.owner(number)) else { continue };
                if let Some(other) = self.swap_for(topic, number, home, partitions, before) {
                    let away = self.owner(number);
                    self.owners[number] = Some(home);
                    self.owners[other] = Some(away);
                    swapped = true;
                }
            }
        }
    }

    /// A partition that `home` can give for `number` to whoever has that one now: not one of its own of before, and the
    /// shares stay level.
    fn swap_for(
        &self,
        topic: &Topic,
        number: usize,
        home: Place,
        partitions: &[(&Topic, usize)],
        before: &Owners,
    ) -> Option<usize> {
        if !self.is_level(topic, self.counts[home]) {
            return None;
        }
        let away = self.owner(number);
        let fits = |&&(topic, other): &&(&Topic, usize)| {
            self.owners[other] == Some(home)
                && before[other] != Some(home)
                && topic.subscribers.binary_search(&away).is_ok()
                && self.is_level(topic, self.counts[away])
        };
        partitions.iter().find(fits).map(|&(_, other)| other)
    }
}
