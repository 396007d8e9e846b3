//! Reports in GitHub's Markdown: for a step's summary, a comment, an issue.

use crate::latency::Percentiles;
use crate::outcome::{Outcome, Unexpected};
use crate::property::Property;
use crate::render::markdown::{Side, block, code, folded, plain, table};
use crate::render::text;
use crate::render::{Again, causes};
use crate::report::{PropertyReport, RunReport};
use crate::sweep::failures::Group;
use crate::sweep::{PropertySweep, SweepReport};
use crate::verdict::Verdict;

use super::suite::{Failed, expected};
use super::{About, Suite};

/// How many groups of failures are told; JSON has more.
const GROUPS_MAX: usize = 16;

/// All reports, with a table before them if there are several. Each is the scenario's own text from [`run`] or [`sweep`].
pub fn all(reports: &[(&Suite, &str)]) -> String {
    let texts = reports.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n");
    if reports.len() < 2 {
        return texts;
    }
    let expected = reports.iter().filter(|(suite, _)| suite.outcome == Outcome::AsExpected).count();
    let not_played = reports.iter().filter(|(suite, _)| suite.outcome == Outcome::NotPlayed).count();
    let not_played = if not_played == 0 { String::new() } else { format!(", {not_played} not played") };
    let all = if reports.iter().any(|(suite, _)| suite.is_bundle()) {
        "scenarios and bundles"
    } else {
        "scenarios"
    };
    format!(
        "**{expected} of {} {all} as expected{not_played}**\n\n{}\n{texts}",
        reports.len(),
        overview(reports.iter().map(|(suite, _)| *suite))
    )
}

/// A row a scenario.
pub fn overview<'a>(suites: impl Iterator<Item = &'a Suite>) -> String {
    let heads = [
        ("scenario", Side::Left),
        ("outcome", Side::Left),
        ("as expected", Side::Right),
        ("why not", Side::Left),
    ];
    let row = |suite: &Suite| {
        let (good, all) = suite.as_expected;
        let failures: Vec<String> = suite.failures().map(|(about, failed)| why(about, failed)).collect();
        vec![code(&suite.file), outcome(suite), format!("{good} of {all}"), failures.join(", ")]
    };
    table(&heads.map(|(head, side)| (head.to_owned(), side)), suites.map(row))
}

/// The report on one seed.
pub fn run(report: &RunReport, again: &Again<'_>) -> String {
    let mut told = head(
        text::words(report),
        &report.scenario,
        &report.story,
        &report.overrides,
        &[&text::protocol(report.protocol, &report.switches), &format!("seed {}", report.seed)],
    );
    told += &unexpected("Not as expected", &report.unexpected);
    told += &broken_on_one(report);
    let names = |wanted: Verdict| {
        let found = report.properties.iter().filter(|(_, it)| it.verdict == wanted);
        found.map(|(property, _)| property.name()).collect::<Vec<_>>()
    };
    told += &others(&names(Verdict::Held), &names(Verdict::NotExercised), &names(Verdict::Unknown));
    if !report.causes.is_empty() {
        let lines = causes::lines(&report.causes).join("\n");
        told += &format!("\nWhat led to what broke first:\n\n{}", block(&lines));
    }
    told += &numbers(&report.counts, report.latencies.percentiles().as_ref());
    if report.outcome != Outcome::AsExpected {
        told += &play_again(&again.run(report.seed, &report.overrides));
    }
    told
}

/// The report on many seeds.
pub fn sweep(report: &SweepReport, again: &Again<'_>) -> String {
    let mut told = head(
        report.outcome().words(),
        &report.scenario,
        &report.story,
        &report.overrides,
        &[
            &text::protocol(report.protocol, &report.switches),
            &report.seeds_in_words(),
            &format!("{} as expected", report.expected_runs()),
        ],
    );
    told += &unexpected("Not as expected", &report.unexpected());
    for failure in report.first_failures.values() {
        told += &unexpected(&format!("Seed {}, not as expected", failure.seed), &failure.unexpected);
    }
    told += &broken_on_many(report);
    told += &groups(report, again);
    let names = |wanted: fn(&PropertySweep) -> bool| {
        let unbroken = report.properties.iter().filter(|(_, it)| it.broken_seeds == 0 && wanted(it));
        unbroken.map(|(property, _)| property.name()).collect::<Vec<_>>()
    };
    told += &others(
        &names(|it| it.held > 0),
        &names(|it| it.held == 0 && it.unknown == 0),
        &names(|it| it.held == 0 && it.unknown > 0),
    );
    told += &numbers(&report.counts, report.latencies.percentiles().as_ref());
    told += &again.of(report).map(|line| play_again(&line)).unwrap_or_default();
    told
}

fn head(words: &str, scenario: &str, story: &str, overrides: &[String], facts: &[&str]) -> String {
    let mut facts: Vec<String> = facts.iter().map(|fact| plain(fact)).collect();
    facts.extend(overrides.iter().map(|pair| code(pair)));
    format!(
        "## {} {}\n\n{}\n\n{}",
        words,
        plain(scenario),
        facts.join(", "),
        folded("The story", &format!("{}\n", plain(story)))
    )
}

/// What failed stands out in a table.
fn outcome(suite: &Suite) -> String {
    match suite.outcome {
        Outcome::AsExpected => suite.words.to_lowercase(),
        Outcome::NotPlayed
        | Outcome::Interrupted
        | Outcome::Stalled
        | Outcome::Broken
        | Outcome::Panicked => format!("**{}**", suite.words),
    }
}

/// What was not as expected, in a word or two. That runs end as expected would say the opposite of what it means.
fn why(about: About, failed: &Failed) -> String {
    match about {
        About::End | About::Recorded => failed.kind.replace('_', " "),
        About::Event(event) if failed.kind == Failed::TOO_RARE => format!("{} too rare", code(event.name())),
        About::Event(event) => format!("{} missing", code(event.name())),
        About::Property(_) => code(&about.name()),
    }
}

fn unexpected(title: &str, found: &[Unexpected]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let items: String = found.iter().map(|each| format!("- {}\n", plain(&brief(each)))).collect();
    format!("\n**{title}**\n\n{items}")
}

/// What was seen stands in the table below.
fn brief(unexpected: &Unexpected) -> String {
    if let &Unexpected::PromiseBroken { property, broken, first: Some(_) } = unexpected {
        return Unexpected::PromiseBroken { property, broken, first: None }.to_string();
    }
    unexpected.to_string()
}

fn heads(heads: &[(&str, Side)]) -> Vec<(String, Side)> {
    heads.iter().map(|(head, side)| ((*head).to_owned(), *side)).collect()
}

fn broken_on_one(report: &RunReport) -> String {
    let broken: Vec<(&Property, &PropertyReport)> =
        report.properties.iter().filter(|(_, it)| it.broken > 0).collect();
    if broken.is_empty() {
        return String::new();
    }
    let row = |(property, it): (&Property, &PropertyReport)| {
        let first = it.evidence.first().map(ToString::to_string).unwrap_or_default();
        let expected = expected(report.expect.breaks.get(property).copied()).to_owned();
        vec![
            code(property.name()),
            it.verdict.words().to_owned(),
            expected,
            it.broken.to_string(),
            plain(&first),
        ]
    };
    let heads = heads(&[
        ("broken", Side::Left),
        ("verdict", Side::Left),
        ("expected", Side::Left),
        ("times", Side::Right),
        ("first", Side::Left),
    ]);
    format!("\n{}", table(&heads, broken.into_iter().map(row)))
}

fn broken_on_many(report: &SweepReport) -> String {
    let breaks = &report.expect.breaks;
    let shown: Vec<_> = report
        .properties
        .iter()
        .filter(|(property, it)| it.broken_seeds > 0 || breaks.contains_key(property))
        .collect();
    if shown.is_empty() {
        return String::new();
    }
    let row = |(property, it): (&Property, &PropertySweep)| {
        let first = it.first_broken.as_ref();
        vec![
            code(property.name()),
            expected(breaks.get(property).copied()).to_owned(),
            it.broken_seeds.to_string(),
            it.violated.to_string(),
            it.allowed.to_string(),
            first.map(|first| first.seed.to_string()).unwrap_or_default(),
            first
                .and_then(|first| first.evidence.as_ref())
                .map(|it| plain(&it.to_string()))
                .unwrap_or_default(),
        ]
    };
    let heads = heads(&[
        ("broken", Side::Left),
        ("expected", Side::Left),
        ("seeds", Side::Right),
        ("violated", Side::Right),
        ("allowed", Side::Right),
        ("first seed", Side::Right),
        ("first", Side::Left),
    ]);
    format!("\n{}", table(&heads, shown.into_iter().map(row)))
}

fn groups(report: &SweepReport, again: &Again<'_>) -> String {
    let found = report.failures.report();
    if found.seeds == 0 {
        return String::new();
    }
    let row = |group: &Group| {
        let again = again.run(group.first_seed, &report.overrides);
        let again = again.strip_prefix("again: ").unwrap_or(&again);
        vec![plain(&group.signature), group.seeds.to_string(), group.unexpected.to_string(), code(again)]
    };
    let heads = heads(&[
        ("failures", Side::Left),
        ("seeds", Side::Right),
        ("unexpected", Side::Right),
        ("the first again", Side::Left),
    ]);
    let told = found.groups.len().min(GROUPS_MAX);
    let others = found.others + found.groups[told..].iter().map(|group| group.seeds).sum::<u64>();
    let more = if others > 0 { format!("\nOthers on {others} seeds.\n") } else { String::new() };
    format!("\n{}{more}", table(&heads, found.groups[..told].iter().map(|group| row(group))))
}

/// What did not break, in a line each.
fn others(held: &[&str], not_exercised: &[&str], unknown: &[&str]) -> String {
    let lines = [("Held", held), ("Not exercised", not_exercised), ("Unknown", unknown)];
    let line = |(title, names): (&str, &[&str])| {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        format!("**{title}**: {}\n\n", names.join(", "))
    };
    let all: String = lines.into_iter().filter(|(_, names)| !names.is_empty()).map(line).collect();
    let sums = lines.map(|(title, names)| format!("{} {}", names.len(), title.to_lowercase()));
    format!("\n{}", folded(&format!("Properties that did not break: {}", sums.join(", ")), &all))
}

fn numbers(counts: &crate::counts::Counts, latency: Option<&Percentiles>) -> String {
    let lines = text::counts(counts) + &text::latency(latency);
    format!("\n{}", folded("Numbers", &block(&lines)))
}

fn play_again(line: &str) -> String {
    format!("\nAgain:\n\n{}", block(line.strip_prefix("again: ").unwrap_or(line)))
}
