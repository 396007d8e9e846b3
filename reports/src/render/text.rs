//! The face for people: plain text, 110 columns at most where words allow, no colours.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use highwater_model::protocol::Preset;

use super::{Again, WIDTH, wrapped};
use crate::causes::Cause;
use crate::counts::Counts;
use crate::end::RunEnd;
use crate::expect::HowOften;
use crate::faults::{FaultReport, FaultsReport};
use crate::groups::GroupReport;
use crate::latency::Percentiles;
use crate::outcome::{Outcome, Unexpected};
use crate::property::{Judge, Property};
use crate::report::{PropertyReport, RunReport};
use crate::standing::PartitionStanding;
use crate::switches::Differing;
use crate::verdict::Verdict;

pub use super::sweep_text::sweep;

/// As wide as what a line of the numbers is called.
pub(super) const INDENT: &str = "             ";

/// The report on one seed. A failure's last line is the command that plays it again.
pub fn run(report: &RunReport, again: &Again<'_>) -> String {
    let mut text = headline(
        words(report),
        &report.scenario,
        &protocol(report.protocol, &report.switches),
        &format!("seed {}", report.seed),
        &report.overrides,
    );
    text += &story(&report.story, &report.overrides);
    text += &unexpected(&report.unexpected);
    text += &never_struck(&report.faults);
    for judge in [Judge::WhiteBox, Judge::Liveness, Judge::BlackBox] {
        text += &properties(report, judge);
    }
    text += &causes(&report.causes);
    text += &replicas("as the faults ended", &report.replicas.as_the_faults_ended);
    text += &replicas("at the end", &report.replicas.at_the_end);
    text += "\n";
    text += &swarm(report);
    text += &faults(&report.faults, None);
    text += &counts(&report.counts);
    text += &latency(report.latencies.percentiles().as_ref());
    let by_topic = report.latencies_by_topic.iter();
    text += &by_topics(by_topic.map(|(topic, samples)| (topic.as_str(), samples.percentiles())));
    text += &unavailable(report.unavailable_ms);
    text += &groups(&report.groups);
    text += &must_see(report.must_see.iter().map(|(kind, times)| format!("{} {times}", kind.name())));
    text += &signature(report);
    text += &extent(report);
    for partition in &report.unavailable {
        text += &wrapped(partition, "             ", WIDTH);
    }
    if report.outcome != Outcome::AsExpected {
        text += &again.run(report.seed, &report.overrides);
        text += "\n";
    }
    text
}

/// How the run went. One that met a bound of its own did not stall: it was stopped.
pub(crate) fn words(report: &RunReport) -> &'static str {
    match (report.outcome, &report.end) {
        (Outcome::Stalled, RunEnd::EventsExhausted | RunEnd::MemoryExhausted { .. }) => "STOPPED",
        (outcome, _) => outcome.words(),
    }
}

/// `BROKEN  leader-crash, 0.11-iv1, seed 7, acks=1`
pub(super) fn headline(
    words: &str,
    scenario: &Arc<str>,
    protocol: &str,
    seeds: &str,
    overrides: &[String],
) -> String {
    let mut line = format!("{words}  {scenario}, {protocol}, {seeds}");
    for pair in overrides {
        line += ", ";
        line += pair;
    }
    line + "\n"
}

/// `0.11-iv1`, `0.11-iv1 with partitioner sticky`
pub(crate) fn protocol(preset: Preset, switches: &Differing) -> String {
    format!("{}{switches}", preset.name())
}

/// The story; if the run has another version than the file names, with a word that it is not of this one.
pub(super) fn story(story: &str, overrides: &[String]) -> String {
    let of_another = overrides.iter().any(|pair| pair.starts_with("protocol="));
    let note = if of_another { " (The story is of the version that the file names.)" } else { "" };
    format!("\n{}", wrapped(&format!("{story}{note}"), "  ", WIDTH))
}

/// What a swarm drew for this seed.
fn swarm(report: &RunReport) -> String {
    let Some(drawn) = &report.swarm else { return String::new() };
    wrapped(&drawn.to_string(), INDENT, WIDTH).replacen(INDENT, "swarm        ", 1)
}

pub(super) fn unexpected(found: &[Unexpected]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let mut text = "\nnot as expected\n".to_owned();
    for each in found {
        text += &hanging(&each.to_string());
    }
    text
}

/// An item of a list, wrapped: what follows its first line is indented by more.
pub(super) fn hanging(item: &str) -> String {
    let wrapped = wrapped(item, "      ", WIDTH);
    wrapped.strip_prefix("    ").map(str::to_owned).unwrap_or(wrapped)
}

/// The scenario's faults that struck on no seed: nothing is wrong with that, but the story is not told.
pub(super) fn never_struck(faults: &FaultsReport) -> String {
    let idle = (0..).zip(&faults.planned).filter(|(_, fault): &(u32, _)| fault.seeds == 0);
    let idle: Vec<String> = idle.map(|(number, fault)| format!("fault {number} ({})", fault.does)).collect();
    if idle.is_empty() {
        return String::new();
    }
    format!("\n{}", wrapped(&format!("never struck: {}", idle.join(", ")), "", WIDTH))
}

/// What the judges of this kind are called.
pub(super) fn heading(judge: Judge) -> &'static str {
    match judge {
        Judge::WhiteBox => "white box, after every step",
        Judge::Liveness => "liveness, after the heal",
        Judge::BlackBox => "black box, as clients saw it",
    }
}

/// HW and LEO of every replica, a line a partition. A wide cluster's are in the JSON face.
fn replicas(moment: &str, standings: &[PartitionStanding]) -> String {
    const SHOWN: usize = 12;
    if standings.is_empty() {
        return String::new();
    }
    let mut text = format!("\nreplicas {moment}, HW/LEO\n");
    for standing in standings.iter().take(SHOWN) {
        writeln!(text, "  {standing}").expect("a String takes all that is written");
    }
    if let Some(more) = standings.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        writeln!(text, "  and {more} partitions more; --format json shows them all").expect("the same");
    }
    text
}

fn properties(report: &RunReport, judge: Judge) -> String {
    let mut text = format!(
        "\n{:<36}{:<15}{:<12}{:>10}{:>10}\n",
        heading(judge),
        "verdict",
        "expected",
        "looked",
        "broken"
    );
    let judged = report.properties.iter().filter(|(_, property)| property.judge == judge);
    judged.for_each(|(name, property)| text += &row(*name, property, report.expect.breaks.get(name)));
    text
}

fn row(name: Property, property: &PropertyReport, expected: Option<&HowOften>) -> String {
    let PropertyReport { verdict, looked, broken, .. } = property;
    let expected = match expected {
        Some(HowOften::Always) => "breaks",
        Some(HowOften::Sometimes | HowOften::May) => "may break",
        None => "",
    };
    let mut text =
        format!("  {:<34}{:<15}{expected:<12}{looked:>10}{broken:>10}\n", name.name(), verdict.words());
    if let Some(first) = property.evidence.first() {
        text += &wrapped(&first.to_string(), "      ", WIDTH);
    }
    if let (Verdict::Allowed, Some(needs)) = (verdict, &property.promised_with) {
        text += &wrapped(&format!("promised only with {needs}"), "      ", WIDTH);
    }
    text
}

/// Which faults struck; of a sweep, on how many of its seeds.
pub(super) fn faults(faults: &FaultsReport, seeds: Option<u64>) -> String {
    let mut lines = Vec::new();
    for (number, FaultReport { does, seeds: struck, missed }) in faults.planned.iter().enumerate() {
        let mut line = match seeds {
            Some(seeds) => format!("fault {number} struck on {struck} of {seeds} seeds: {does}"),
            None if *struck > 0 => format!("fault {number} struck: {does}"),
            None => format!("fault {number} never struck: {does}"),
        };
        if *missed > 0 {
            write!(line, " (found no target {missed} times)").expect("a String takes all that is written");
        }
        lines.push(line);
    }
    if faults.random > 0 {
        lines.push(format!("{} by chance", faults.random));
    }
    let label = |place| if place == 0 { "faults       " } else { "             " };
    lines.iter().enumerate().map(|(place, line)| format!("{}{line}\n", label(place))).collect()
}

pub(crate) fn counts(counts: &Counts) -> String {
    let Counts { sent, acknowledged, unconfirmed, failed, committed, delivered, .. } = counts;
    let pending = sent.saturating_sub(acknowledged + unconfirmed + failed);
    let Counts { duplicated, lost, lost_unconfirmed, elections_clean, elections_unclean, .. } = counts;
    let Counts { isr_shrinks, isr_expands, truncations, records_truncated, .. } = counts;
    let Counts { records_lost_to_power, produce_retries, duplicates_discarded, produce_refusals, .. } =
        counts;
    let lines = [
        format!(
            "records      sent {sent}, acknowledged {acknowledged}, unconfirmed {unconfirmed}, failed {failed}, pending {pending}, \
             committed {committed}, delivered {delivered}"
        ),
        format!(
            "             duplicated {duplicated}, lost {lost}, lost of the unconfirmed {lost_unconfirmed}"
        ),
        format!("elections    clean {elections_clean}, unclean {elections_unclean}"),
        format!("ISR          shrinks {isr_shrinks}, expands {isr_expands}"),
        format!(
            "logs         truncations {truncations}, records truncated {records_truncated}, \
             records lost to power {records_lost_to_power}"
        ),
        format!(
            "produces     retries {produce_retries}, duplicates discarded {duplicates_discarded}, \
             refusals {produce_refusals}"
        ),
    ];
    lines.join("\n") + "\n" + &transactions(counts)
}

/// Nothing where nobody began any.
fn transactions(counts: &Counts) -> String {
    let Counts { transactions_begun, transactions_committed, transactions_aborted, .. } = counts;
    let Counts { transactions_failed, producers_fenced, .. } = counts;
    if *transactions_begun == 0 {
        return String::new();
    }
    format!(
        "transactions begun {transactions_begun}, committed {transactions_committed}, aborted {transactions_aborted}, \
         failed {transactions_failed}, producers fenced {producers_fenced}\n"
    )
}

pub(crate) fn latency(found: Option<&Percentiles>) -> String {
    let Some(Percentiles { samples, p50_ms, p99_ms, p999_ms, max_ms }) = found else {
        return "ack latency  none acknowledged\n".to_owned();
    };
    format!(
        "ack latency  p50 {p50_ms} ms, p99 {p99_ms} ms, p99.9 {p999_ms} ms, max {max_ms} ms, \
         of {samples} records\n"
    )
}

/// A line a topic, if there are several.
pub(super) fn by_topics<'a>(topics: impl ExactSizeIterator<Item = (&'a str, Option<Percentiles>)>) -> String {
    if topics.len() < 2 {
        return String::new();
    }
    let line = |(topic, found): (&str, Option<Percentiles>)| {
        let Percentiles { samples, p50_ms, p99_ms, p999_ms, max_ms } = found?;
        Some(format!(
            "             {topic}: p50 {p50_ms} ms, p99 {p99_ms} ms, p99.9 {p999_ms} ms, max {max_ms} ms, \
             of {samples} records\n"
        ))
    };
    topics.filter_map(line).collect()
}

/// Nothing where acks=-1 could have been acknowledged all the time.
pub(super) fn unavailable(millis: u64) -> String {
    if millis == 0 {
        return String::new();
    }
    let text = format!(
        "acks=-1 could not be answered for {millis} ms, summed over partitions: no leader, too small an ISR or a member \
         of it down, or with ack_strategy majority too few replicas up"
    );
    labelled("unavailable  ", &text)
}

/// What became of each group, wrapped.
pub(super) fn groups(groups: &BTreeMap<String, GroupReport>) -> String {
    let told = |(place, (name, group)): (usize, (&String, &GroupReport))| {
        labelled(if place == 0 { "groups       " } else { INDENT }, &format!("{name}: {group}"))
    };
    groups.iter().enumerate().map(told).collect()
}

pub(super) fn must_see(seen: impl Iterator<Item = String>) -> String {
    labelled("must see     ", &seen.collect::<Vec<_>>().join(", "))
}

/// The text, wrapped; the first line's indent makes room for what the lines are. Nothing if there is no text.
fn labelled(label: &str, text: &str) -> String {
    let text = wrapped(text, INDENT, WIDTH);
    text.strip_prefix(INDENT).map_or_else(String::new, |rest| format!("{label}{rest}"))
}

/// What led to the first break, if someone has found it out.
fn causes(chain: &[Cause]) -> String {
    if chain.is_empty() {
        return String::new();
    }
    let lines = super::causes::lines(chain).join("\n");
    format!("\ncauses, of what broke first and on to what a client could notice first\n{lines}\n")
}

/// What kind of failure it is, wrapped.
fn signature(report: &RunReport) -> String {
    let told = report.signature.as_ref().map(|signature| labelled("signature    ", &signature.to_string()));
    told.unwrap_or_default()
}

fn extent(report: &RunReport) -> String {
    let end = match &report.end {
        RunEnd::Converged => "converged",
        RunEnd::Stalled { .. } => "stalled",
        RunEnd::EventsExhausted => "stopped: too many steps",
        RunEnd::MemoryExhausted { .. } => "stopped: too much memory",
        RunEnd::Interrupted => "interrupted",
        RunEnd::Panicked { .. } => "panicked",
    };
    format!(
        "run          {end} at {} ms, {} steps, {} events, {} messages, fingerprint {}\n",
        report.simulated_ms, report.steps, report.events, report.messages, report.fingerprint
    )
}

#[cfg(test)]
#[path = "text_test.rs"]
mod text_test;
