//! The mutation table in text.

use std::fmt::Write;

use highwater_reports::property::Property;
use strum::IntoEnumIterator;

use super::hunt::{Hunted, Kill};

/// No line is longer.
const WIDTH: usize = 130;
/// Where the names of properties begin.
const INDENT: usize = 42;

/// A line a mutant, and a line a property.
pub(crate) fn text(hunted: &[Hunted]) -> String {
    let mut out = String::new();
    let killed = hunted.iter().filter(|it| it.missed().is_none()).count();
    let _ = writeln!(
        out,
        "{killed} of {} mutants were killed: all that are there for it noticed, after so many seeds. Behind the bar, who else did.\n\
         ~ it broke, and was not promised with these settings\n",
        hunted.len()
    );
    let _ = writeln!(out, "{:<31} {:>8}  KILLED BY", "MUTANT", "SEEDS");
    for it in hunted {
        mutant(&mut out, it);
    }
    let _ = writeln!(out, "\n{:<31} {:>8}  FEWEST SEEDS", "PROPERTY", "MUTANTS");
    for property in Property::iter() {
        let kills = hunted.iter().filter_map(|it| it.killed_by.get(&property));
        let fewest = kills.clone().map(|kill| kill.seed + 1).min();
        let fewest = fewest.map_or_else(|| "-".to_owned(), |seeds| seeds.to_string());
        let _ = writeln!(out, "{:<31} {:>8}  {fewest:>12}", property.name(), kills.count());
    }
    out
}

fn mutant(out: &mut String, it: &Hunted) {
    let seeds = if it.missed().is_none() { it.seeds.to_string() } else { "SURVIVED".to_owned() };
    let told = |(property, kill): (&Property, &Kill)| {
        format!(" {}{}", if kill.promised { "" } else { "~" }, property.name())
    };
    let (aims, others): (Vec<_>, Vec<_>) =
        it.killed_by.iter().partition(|(property, _)| it.mutant.aims.contains(property));
    let bar = (!others.is_empty()).then(|| " |".to_owned());
    let mut line = format!("{:<31} {seeds:>8} ", it.mutant.name());
    for word in aims.into_iter().map(told).chain(bar).chain(others.into_iter().map(told)) {
        if line.len() + word.len() > WIDTH {
            let _ = writeln!(out, "{}", line.trim_end());
            line = " ".repeat(INDENT - 1);
        }
        line.push_str(&word);
    }
    let _ = writeln!(out, "{}", line.trim_end());
}
