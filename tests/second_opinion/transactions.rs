//! `precommitted-read` and `atomic-transactions`: what readers with `read_committed` are given of transactions.

use super::groups::committed;
use super::known::{Fate, Known, Transaction};
use super::opinion::Opinion;
use super::told::{Origin, Said};

/// Given before anyone decided that it is committed. When that was, clients know within bounds: not before the application's
/// producer asked for it, and not after it was told.
pub(crate) fn precommitted_read(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    for report in known.reports.iter().filter(|report| report.read) {
        if !known.group(&known.told.lines[report.at].group).committed_only {
            continue;
        }
        let Some(transaction) = known.transaction_of(report.value, report.at) else { continue };
        let promised = known.is_clean(&report.partition);
        let was_told = transaction.ended.is_some_and(|(at, commit)| commit && at < report.at);
        if !may_be_decided(known, transaction, report.value, report.at) {
            opinion.surely(promised);
        } else if !was_told {
            opinion.perhaps(promised);
        }
    }
    for transaction in &known.transactions {
        goes_on(known, transaction, &mut opinion);
    }
    opinion
}

/// Whether someone had asked for a commit of this transactional id that was still open when the record was handed over, or was
/// asked for since.
fn may_be_decided(known: &Known<'_>, of: &Transaction, value: u64, until: usize) -> bool {
    let (sent_at, _) = known.sendings(value, until)[0];
    let mut of_the_id = known.transactions.iter().filter(|it| it.id == of.id && it.begun < until);
    of_the_id.any(|it| {
        let asked = (it.begun..known.told.lines.len()).find(|&at| {
            let line = &known.told.lines[at];
            line.client == it.client && matches!(line.said, Said::AsksForEnd { commit: true })
        });
        let asked = asked.filter(|at| *at < it.over && *at < until);
        asked.is_some() && it.ended.is_none_or(|(told, _)| told > sent_at)
    })
}

/// A transaction that goes on after one of its records was read so is not committed, whoever thinks so.
fn goes_on(known: &Known<'_>, transaction: &Transaction, opinion: &mut Opinion) {
    let mut since = transaction.begun;
    for (at, partition, _) in &transaction.records {
        let given = known.reports.iter().any(|report| {
            (since..*at).contains(&report.at)
                && report.read
                && known.group(&known.told.lines[report.at].group).committed_only
                && known
                    .transaction_of(report.value, report.at)
                    .is_some_and(|it| it.begun == transaction.begun)
        });
        if given {
            opinion.surely(known.is_clean(partition));
            since = *at;
        }
    }
}

/// All of a transaction or nothing; and what groups made of what they read, exactly where they committed it.
pub(crate) fn atomic_transactions(known: &Known<'_>) -> Opinion {
    let mut opinion = Opinion::default();
    if known.told.converged {
        for transaction in &known.transactions {
            whole(known, transaction, &mut opinion);
        }
        processed_once(known, &mut opinion);
    }
    opinion
}

fn whole(known: &Known<'_>, transaction: &Transaction, opinion: &mut Opinion) {
    let end = known.told.lines.len();
    let records: Vec<_> = transaction
        .records
        .iter()
        .filter(|(.., value)| known.fate(*value, end) != Fate::SurelyFailed)
        .collect();
    let judged = records.iter().all(|(.., value)| {
        let sendings = known.sendings(*value, end);
        sendings.len() == 1 && known.read_from_start(sendings[0].1, true)
    });
    let was_committed = transaction.ended.is_some_and(|(_, commit)| commit);
    let was_aborted = transaction.ended.is_some() && !was_committed;
    if records.is_empty() || !judged || was_aborted {
        return;
    }
    let given = records.iter().filter(|(.., value)| known.was_read_committed(*value, end)).count();
    if given < records.len() && (given > 0 || was_committed) {
        opinion.surely(transaction.records.iter().all(|(_, partition, _)| known.is_clean(partition)));
    }
}

fn processed_once(known: &Known<'_>, opinion: &mut Opinion) {
    let end = known.told.lines.len();
    let mut made: Vec<(&Origin, u64)> = Vec::new();
    for (_, line) in known.lines() {
        if let Said::Sent { value, made_of: Some(origin), .. } = &line.said {
            made.push((origin, *value));
        }
    }
    let mut origins: Vec<&Origin> = made.iter().map(|(origin, _)| *origin).collect();
    origins.sort();
    origins.dedup();
    for origin in origins {
        let outputs: Vec<u64> =
            made.iter().filter(|(of, _)| *of == origin).map(|(_, value)| *value).collect();
        let goes_to = |value: &u64| known.sendings(*value, end).last().map(|(_, partition)| *partition);
        let partitions: Vec<&str> = outputs.iter().filter_map(goes_to).collect();
        if !partitions.iter().all(|partition| known.read_from_start(partition, true)) {
            continue;
        }
        let given = outputs.iter().filter(|value| known.was_read_committed(**value, end)).count();
        let (sure, possible) = committed(known, &origin.group, &origin.partition);
        let promised = known.group(&origin.group).committed_only
            && known.coordinators_last()
            && known.is_clean(&origin.partition)
            && partitions.iter().all(|partition| known.is_clean(partition));
        // Committed: one; not committed: none. Where nobody can say which, only more than one is surely wrong.
        if given > 1 || given == 0 && origin.offset < sure || given == 1 && origin.offset >= possible {
            opinion.surely(promised);
        } else if (sure..possible).contains(&origin.offset) {
            opinion.perhaps(promised);
        }
    }
}
