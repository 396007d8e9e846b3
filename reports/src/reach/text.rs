//! The face for people: what nothing reaches first.

use std::fmt::Write as _;

use strum::IntoEnumIterator;

use super::{By, Item, Reach, Sort};
use crate::render::wrapped;

const WIDTH: usize = 110;
/// How many scenarios are named of those that reach a thing.
const NAMED: usize = 3;

/// What nothing reaches, then a line a thing that is reached.
pub fn reach(reach: &Reach) -> String {
    let mut text = headline(reach);
    text += &unreached(reach);
    for sort in Sort::iter() {
        let mut of_sort = reach.reached().filter(|(item, _)| item.sort == sort).peekable();
        if of_sort.peek().is_some() {
            writeln!(text, "\n{:<52}{:>9}{:>9}  by", title(sort), "scenarios", "seeds")
                .expect("a String takes all");
            of_sort.for_each(|(item, by)| text += &row(item, &by));
        }
    }
    text
}

fn headline(reach: &Reach) -> String {
    let (first, seeds) = reach.seeds;
    let scenarios = reach.scenarios.len();
    let played = match seeds {
        1 => format!("seed {first}"),
        _ => format!("{seeds} seeds each, {first} to {}", first.saturating_add(seeds.saturating_sub(1))),
    };
    let (all, reached) = (reach.items.len(), reach.reached().count());
    let plural = if scenarios == 1 { "" } else { "s" };
    let interrupted = reach.interrupted_after.map(|runs| format!(", interrupted after {runs} runs"));
    let interrupted = interrupted.unwrap_or_default();
    format!("COVERAGE  {scenarios} scenario{plural}, {played}{interrupted}: {reached} of {all} reached\n")
}

fn unreached(reach: &Reach) -> String {
    let mut text = String::new();
    for sort in Sort::iter() {
        let names = reach.unreached().filter(|item| item.sort == sort).map(|item| item.name.as_str());
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            let indent = " ".repeat(16);
            let wrapped = wrapped(&names.join("; "), &indent, WIDTH);
            text += &format!("  {:<14}{}", short(sort), wrapped.trim_start());
        }
    }
    if text.is_empty() {
        "\nnothing is left out\n".to_owned()
    } else {
        format!("\nreached by nothing\n{text}")
    }
}

fn row(item: &Item, by: &[By<'_>]) -> String {
    let seeds: u64 = by.iter().map(|by| by.seeds).sum();
    let mut names: Vec<String> = by.iter().take(NAMED).map(|by| by.scenario.to_owned()).collect();
    if by.len() > NAMED {
        names.push(format!("and {} more", by.len() - NAMED));
    }
    format!("  {:<50}{:>9}{seeds:>9}  {}\n", item.name, by.len(), names.join(", "))
}

fn short(sort: Sort) -> &'static str {
    match sort {
        Sort::Event => "events",
        Sort::Fault => "faults",
        Sort::Error => "errors",
        Sort::Switch => "switches",
        Sort::Exercised => "not exercised",
        Sort::Broken => "never broken",
    }
}

fn title(sort: Sort) -> &'static str {
    match sort {
        Sort::Event => "events",
        Sort::Fault => "faults that struck",
        Sort::Error => "error codes, in events or replies",
        Sort::Switch => "switches, by the value that is played",
        Sort::Exercised => "properties that something could have broken",
        Sort::Broken => "properties that broke",
    }
}
