//! `nonmonotonic-send`: a producer's later send lands before an earlier one.

use super::known::Known;
use super::opinion::Opinion;
use super::told::Said;

/// What one acknowledgement says: the first and the last value, and where they are.
#[derive(Clone, Copy)]
struct Batch {
    first: (u64, u64),
    last: (u64, u64),
}

/// Each acknowledgement against the one before it and against that of the latest send.
pub(crate) fn nonmonotonic_send(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    for (at, line) in known.lines() {
        let Some((partition, now)) = batch(&line.said) else { continue };
        let earlier = earlier(known, at, &line.client, partition);
        let newest = earlier.iter().rev().max_by_key(|batch| batch.last.0);
        let crosses = |other: &Batch| {
            let (value, offset) = other.last;
            now.first.0 > value && now.first.1 < offset || now.last.0 < value && now.first.1 > offset
        };
        if newest.into_iter().chain(earlier.last()).any(crosses) {
            let producer = known.producer(&line.client);
            let ordered = producer.is_some_and(|it| it.idempotent || it.in_flight == 1);
            opinion.surely(ordered && known.acks_last(producer, partition));
        }
    }
    opinion
}

fn batch(said: &Said) -> Option<(&str, Batch)> {
    let Said::Acknowledged { records } = said else { return None };
    let ((partition, first, value), (_, last, last_value)) = (records.first()?, records.last()?);
    Some((partition, Batch { first: (*value, (*first)?), last: (*last_value, (*last)?) }))
}

/// Those of the same life, in order.
fn earlier(known: &Known<'_>, until: usize, client: &str, of: &str) -> Vec<Batch> {
    let mine = known.told.lines[..until].iter().rev().filter(|line| line.client == client);
    let life = mine.take_while(|line| !matches!(line.said, Said::Crashed | Said::Restarted));
    let mut batches: Vec<Batch> = life
        .filter_map(|line| batch(&line.said))
        .filter(|(partition, _)| *partition == of)
        .map(|(_, batch)| batch)
        .collect();
    batches.reverse();
    batches
}
