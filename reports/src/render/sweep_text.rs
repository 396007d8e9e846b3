//! The face for people of many seeds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::failures_text::failures;
use super::text::{
    INDENT, by_topics, counts, faults, groups, hanging, headline, latency, must_see, never_struck, protocol,
    story, unavailable, unexpected,
};
use super::{Again, WIDTH, wrapped};
use crate::confidence::{Interval, rule_of_three};
use crate::expect::HowOften;
use crate::outcome::Outcome;
use crate::property::Property;
use crate::sweep::{Failure, PropertySweep, SweepReport};

/// The report on many seeds. A failure's last line is the command that plays it again: the smallest seed of
/// the gravest outcome, or the sweep where no single seed does.
pub fn sweep(report: &SweepReport, again: &Again<'_>) -> String {
    let mut text = headline(
        report.outcome().words(),
        &report.scenario,
        &protocol(report.protocol, &report.switches),
        &report.seeds_in_words(),
        &report.overrides,
    );
    text += &story(&report.story, &report.overrides);
    text += &unexpected(&report.unexpected());
    if report.seeds > 0 {
        text += &never_struck(&report.faults);
    }
    text += &outcomes(report);
    report.first_failures.values().for_each(|failure| text += &first_failure(failure));
    text += &broken(report);
    text += &failures(report, again);
    text += &others(report);
    text += "\n";
    text += &faults(&report.faults, Some(report.seeds));
    text += &counts(&report.counts);
    text += &latency(report.latencies.percentiles().as_ref());
    let by_topic = report.latencies_by_topic.iter();
    text += &by_topics(by_topic.map(|(topic, latencies)| (topic.as_str(), latencies.percentiles())));
    text += &unavailable(report.unavailable_ms);
    text += &groups(&report.groups);
    let seen = report.must_see.iter();
    text += &must_see(seen.map(|(kind, seen)| {
        let stated =
            if seen.stated.is_whole() { String::new() } else { format!(" ({} stated)", seen.stated) };
        format!("{} {} on {} of {} seeds{stated}", kind.name(), seen.times, seen.seeds, report.seeds)
    }));
    text += &swarm(report);
    text += &behaviours(report);
    writeln!(
        text,
        "runs         {} steps, {} events, {} messages, sum of fingerprints {}",
        report.steps, report.events, report.messages, report.fingerprint
    )
    .expect("a String takes all that is written");
    if let Some(again) = again.of(report) {
        text += &again;
        text += "\n";
    }
    text
}

fn outcomes(report: &SweepReport) -> String {
    let each = report.outcomes.iter().map(|(outcome, runs)| {
        let words = match outcome {
            Outcome::NotPlayed => "not played",
            Outcome::AsExpected => "as expected",
            Outcome::Interrupted => "interrupted",
            Outcome::Stalled => "stalled",
            Outcome::Broken => "broken",
            Outcome::Panicked => "panicked",
        };
        format!("{runs} {words}")
    });
    let each = each.collect::<Vec<_>>();
    format!(
        "\nseeds        {}\n",
        if each.is_empty() { "none was played".to_owned() } else { each.join(", ") }
    )
}

fn first_failure(Failure { seed, unexpected }: &Failure) -> String {
    let mut text = format!("\nseed {seed}, not as expected\n");
    for each in unexpected {
        text += &hanging(&each.to_string());
    }
    text
}

/// The properties that broke or were to break.
fn broken(report: &SweepReport) -> String {
    let breaks = &report.expect.breaks;
    let mut shown = report
        .properties
        .iter()
        .filter(|(property, sweep)| sweep.broken_seeds > 0 || breaks.contains_key(property))
        .peekable();
    if shown.peek().is_none() {
        return String::new();
    }
    let mut text = format!(
        "\n{:<36}{:<12}{:>10}{:>10}{:>10}{:>20}\n",
        "broken", "expected", "seeds", "violated", "allowed", "first seed"
    );
    for (property, sweep) in shown {
        text += &broken_row(*property, sweep, breaks.get(property).copied(), report.seeds);
        text += &how_often(*property, sweep, report);
    }
    text
}

fn broken_row(property: Property, sweep: &PropertySweep, expected: Option<HowOften>, seeds: u64) -> String {
    let expected = match expected {
        None => "-",
        Some(HowOften::Always) => "always",
        Some(HowOften::Sometimes) => "sometimes",
        Some(HowOften::May) => "may",
    };
    let first = sweep.first_broken.as_ref();
    let mut text = format!(
        "  {:<34}{expected:<12}{:>10}{:>10}{:>10}{:>20}\n",
        property.name(),
        format!("{}/{seeds}", sweep.broken_seeds),
        sweep.violated,
        sweep.allowed,
        first.map_or_else(|| "-".to_owned(), |broken| broken.seed.to_string()),
    );
    if let Some(evidence) = first.and_then(|broken| broken.evidence.as_ref()) {
        text += &wrapped(&evidence.to_string(), "      ", WIDTH);
    }
    text
}

/// `broke on 3 of 25 judged seeds: 2.5 % to 31.3 % of all runs, with 95 % confidence; 4 seeds to the first`
fn how_often(property: Property, sweep: &PropertySweep, report: &SweepReport) -> String {
    let judged = sweep.judged();
    let Some(interval) = Interval::new(sweep.broken_seeds, judged) else { return String::new() };
    let mut words = if sweep.broken_seeds == 0 {
        rule_of_three(judged)
            .map_or_else(String::new, |rule| format!("breaks in {rule}, with 95 % confidence"))
    } else {
        format!("breaks in {interval} of all runs, with 95 % confidence")
    };
    if let Some(seeds) = report.seeds_to_first(property) {
        words += &format!("; {seeds} {} to the first", if seeds == 1 { "seed" } else { "seeds" });
        let shown = sweep.first_broken.as_ref().map(|broken| broken.seed);
        words += if shown == sweep.first_seed { "" } else { ", promised or not" };
    }
    wrapped(&words, "      ", WIDTH)
}

fn swarm(report: &SweepReport) -> String {
    if report.swarm.is_empty() {
        return String::new();
    }
    let each = report.swarm.iter().map(|(drawn, on)| {
        let failed =
            if on.unexpected == 0 { String::new() } else { format!(" ({} not as expected)", on.unexpected) };
        format!("{drawn} on {} seeds{failed}", on.seeds)
    });
    let words = each.collect::<Vec<_>>().join(", ");
    wrapped(&words, INDENT, WIDTH).replacen(INDENT, "swarm        ", 1)
}

fn behaviours(report: &SweepReport) -> String {
    let found = report.behaviours.report();
    let Some(new) = found.next_is_new else { return String::new() };
    let about = if found.sampled_one_of == 1 { "" } else { "about " };
    let sampled = match found.sampled_one_of {
        1 => String::new(),
        one_of => format!(" (one behaviour of {one_of} was counted)"),
    };
    format!(
        "behaviours   {about}{} distinct, {about}{} on one seed only; the next seed shows a new one with a chance of about {new}{sampled}\n",
        found.distinct, found.on_one_seed
    )
}

/// The properties that broke on no seed, by what became of them.
fn others(report: &SweepReport) -> String {
    let properties: &BTreeMap<Property, PropertySweep> = &report.properties;
    let unbroken = || properties.iter().filter(|(_, sweep)| sweep.broken_seeds == 0);
    let list = |title: &str, wanted: &dyn Fn(&PropertySweep) -> bool| {
        let names: Vec<_> =
            unbroken().filter(|(_, sweep)| wanted(sweep)).map(|(name, _)| name.name()).collect();
        if names.is_empty() {
            String::new()
        } else {
            format!("\n{title}\n{}", wrapped(&names.join(", "), "  ", WIDTH))
        }
    };
    let rule =
        rule_of_three(report.seeds).map(|rule| format!("; each breaks in {rule}, with 95 % confidence"));
    let held = format!("held wherever it was exercised{}", rule.unwrap_or_default());
    let mut text = list(&held, &|sweep| sweep.held > 0 && sweep.unknown == 0);
    text += &list("held, but not judged on every seed", &|sweep| sweep.held > 0 && sweep.unknown > 0);
    text += &list("never judged", &|sweep| sweep.held == 0 && sweep.unknown > 0);
    text += &list("not exercised on any seed", &|sweep| sweep.held == 0 && sweep.unknown == 0);
    text
}
