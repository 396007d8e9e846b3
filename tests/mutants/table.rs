//! The mutation table in text.

use std::fmt::Write;

use highwater_reports::property::Property;
use strum::IntoEnumIterator;

use super::hunt::Hunted;

/// No line is longer.
const WIDTH: usize = 130;

/// A line a mutant, with what it stands for beneath it; and a line a property.
pub(crate) fn text(hunted: &[Hunted]) -> String {
    let mut out = String::new();
    let killed = hunted.iter().filter(|it| it.missed().is_none()).count();
    let _ = writeln!(out, "{killed} of {} mutants were killed.", hunted.len());
    let _ = writeln!(
        out,
        "killed   after so many seeds all who are there for it, named before the bar, have noticed"
    );
    let _ = writeln!(out, "~        what broke was not promised with these settings");
    let _ = writeln!(out);
    for it in hunted {
        mutant(&mut out, it);
    }
    let _ = writeln!(out, "{:<26}  {:>7}  {:>8}", "PROPERTY", "mutants", "seeds");
    for property in Property::iter() {
        let kills = hunted.iter().filter_map(|it| it.killed_by.get(&property));
        let fewest = kills.clone().map(|kill| kill.seed + 1).min();
        let fewest = fewest.map_or_else(|| "-".to_owned(), |seeds| seeds.to_string());
        let _ = writeln!(out, "{:<26}  {:>7}  {:>8}", property.name(), kills.count(), fewest);
    }
    out
}

fn mutant(out: &mut String, it: &Hunted) {
    let state = if it.missed().is_none() { "killed" } else { "SURVIVED" };
    let seeds = format!("{} seed{}", it.seeds, if it.seeds == 1 { "" } else { "s" });
    let _ = writeln!(out, "{}: {state}, {seeds}", it.mutant.name());
    wrapped(out, "    ", it.mutant.says.split(' ').map(str::to_owned));
    let (aims, others): (Vec<_>, Vec<_>) =
        it.killed_by.iter().partition(|(property, _)| it.mutant.aims.contains(property));
    let told = |(property, kill): (&Property, &super::hunt::Kill)| {
        format!("{}{}", if kill.promised { "" } else { "~" }, property.name())
    };
    let bar = (!others.is_empty()).then(|| "|".to_owned());
    let aims = aims.into_iter().map(told);
    wrapped(out, "    -> ", aims.chain(bar).chain(others.into_iter().map(told)));
    let _ = writeln!(out);
}

/// Words on as few lines as fit, each after the first indented as far as `lead` is long.
fn wrapped(out: &mut String, lead: &str, words: impl Iterator<Item = String>) {
    let mut line = lead.to_owned();
    let mut is_empty = true;
    for word in words {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = " ".repeat(lead.chars().count());
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    let _ = writeln!(out, "{line}");
}
