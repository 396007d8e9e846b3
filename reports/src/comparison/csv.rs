//! The face for spreadsheets: CSV as in RFC 4180 but for its line feeds, a header, then a line a combination. Nothing is
//! shortened. What there is none of is empty.

use ::csv::Writer;

use super::groups::GroupSums;
use super::{Broke, Comparison, Harm, Row};
use crate::latency::Percentiles;

/// The columns after those of the settings: the varied ones, then those that were given with `--set`.
const COLUMNS: [&str; 35] = [
    "seeds",
    "sent",
    "acknowledged",
    "unconfirmed",
    "failed",
    "lost",
    "lost_seeds",
    "lost_seeds_percent",
    "lost_unconfirmed",
    "lost_unconfirmed_seeds",
    "lost_unconfirmed_seeds_percent",
    "duplicated",
    "duplicated_seeds",
    "duplicated_seeds_percent",
    "unavailable_ms_per_seed",
    "ack_latency_p50_ms",
    "ack_latency_p99_ms",
    "ack_latency_p999_ms",
    "ack_latency_max_ms",
    "messages",
    "messages_per_record",
    "rebalances",
    "members_expired",
    "commits_refused",
    "reprocessed",
    "skipped",
    "max_lag",
    "unowned_ms",
    "kept_seeds",
    "broken_seeds",
    "stalled_seeds",
    "panicked_seeds",
    "violated",
    "violated_only_on_offsets",
    "allowed",
];

/// The whole comparison.
///
/// # Errors
///
/// None that a comparison can cause: it is written to memory, and all lines have the same number of fields.
pub fn comparison(comparison: &Comparison) -> ::csv::Result<Vec<u8>> {
    let mut writer = Writer::from_writer(Vec::new());
    let keys = comparison.vary.iter().map(|variation| variation.key.as_str());
    let set = settings(&comparison.overrides);
    writer.write_record(keys.chain(set.iter().map(|(key, _)| *key)).chain(COLUMNS))?;
    for row in &comparison.rows {
        let values = row.settings.0.iter().map(|(_, value)| value.clone());
        let set = set.iter().map(|(_, value)| (*value).to_owned());
        writer.write_record(values.chain(set).chain(fields(comparison.seeds, row)))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The settings that are the same in every row, each key once: of one that was given again, the last value is the one that counts.
fn settings(overrides: &[String]) -> Vec<(&str, &str)> {
    let mut settings: Vec<(&str, &str)> = Vec::new();
    for (key, value) in overrides.iter().filter_map(|pair| pair.split_once('=')) {
        match settings.iter_mut().find(|(known, _)| *known == key) {
            Some(known) => known.1 = value,
            None => settings.push((key, value)),
        }
    }
    settings
}

fn fields(seeds: u64, row: &Row) -> Vec<String> {
    let mut fields: Vec<String> = [seeds, row.sent, row.acknowledged, row.unconfirmed, row.failed]
        .map(|count| count.to_string())
        .into();
    fields.extend([row.lost, row.lost_unconfirmed, row.duplicated].iter().flat_map(harm));
    fields.push(or_empty(row.unavailable_ms));
    fields.extend(latency(row.ack_latency.as_ref()));
    fields.extend([row.messages.to_string(), or_empty(row.messages_per_record)]);
    fields.extend(groups(row.groups.as_ref()));
    let verdicts = &row.verdicts;
    let seeds = [verdicts.kept, verdicts.broken, verdicts.stalled, verdicts.panicked];
    fields.extend(seeds.map(|seeds| seeds.to_string()));
    let on_offsets = listed(&verdicts.violated, |broke| broke.only_on_offsets);
    fields.extend([listed(&verdicts.violated, |broke| broke.seeds), on_offsets]);
    fields.push(listed(&verdicts.allowed, |broke| broke.seeds));
    fields
}

fn harm(harm: &Harm) -> [String; 3] {
    [harm.records.to_string(), harm.seeds.to_string(), or_empty(harm.seeds_percent)]
}

fn latency(found: Option<&Percentiles>) -> [String; 4] {
    found.map_or_else(Default::default, |Percentiles { p50_ms, p99_ms, p999_ms, max_ms, .. }| {
        [p50_ms, p99_ms, p999_ms, max_ms].map(ToString::to_string)
    })
}

fn groups(found: Option<&GroupSums>) -> [String; 7] {
    found.map_or_else(Default::default, |sums| {
        let &GroupSums { rebalances, members_expired, commits_refused, .. } = sums;
        let &GroupSums { reprocessed, skipped, max_lag, unowned_ms, .. } = sums;
        [rebalances, members_expired, commits_refused, reprocessed, skipped, max_lag, unowned_ms]
            .map(|number| number.to_string())
    })
}

/// `acked-durable=12 lost-write=5`, without those of no seed.
fn listed(broke: &[Broke], seeds: impl Fn(&Broke) -> u64) -> String {
    let each = broke.iter().map(|broke| (broke.property.name(), seeds(broke)));
    let each = each.filter(|(_, seeds)| *seeds > 0).map(|(name, seeds)| format!("{name}={seeds}"));
    each.collect::<Vec<_>>().join(" ")
}

fn or_empty(found: Option<impl ToString>) -> String {
    found.map(|found| found.to_string()).unwrap_or_default()
}
