//! The face for people.

use std::fmt::Write as _;

use super::{Shrinking, Size};
use crate::render::wrapped;

const WIDTH: usize = 110;

/// The whole answer. `again` plays the smaller scenario.
pub fn shrinking(found: &Shrinking, again: &str) -> String {
    let Shrinking { scenario, seed, before_signature, after_signature, tried, .. } = found;
    let how = if found.is_smaller() { "SHRUNK" } else { "NOT SHRUNK" };
    let mut text = format!("{how}  {scenario}, seed {seed}");
    for pair in &found.overrides {
        write!(text, ", {pair}").expect("a String takes all that is written");
    }
    text += "\n";
    if !found.is_smaller() {
        text += "as many faults, records, brokers, partitions and clients as before; what was written has its faults at set times\n";
    }
    text += "\n";
    text += &wrapped(&format!("failed as {before_signature}"), "", WIDTH);
    if after_signature != before_signature {
        text += &wrapped(&format!("fails as  {after_signature}"), "", WIDTH);
    }
    text += "\n";
    text += &sizes(&found.before, &found.after);
    let ended = match found.finished {
        true => "nothing smaller was found",
        false => "it was ended before nothing helped any more",
    };
    writeln!(text, "\n{tried} scenarios tried; {ended}.").expect("a String takes all that is written");
    writeln!(text, "again: {again}").expect("a String takes all that is written");
    text
}

/// A line a number.
fn sizes(before: &Size, after: &Size) -> String {
    let mut text = format!("{:<14}{:>10}{:>10}\n", "", "before", "after");
    for ((name, before), (_, after)) in rows(before).into_iter().zip(rows(after)) {
        writeln!(text, "{name:<14}{before:>10}{after:>10}").expect("a String takes all that is written");
    }
    text
}

fn rows(size: &Size) -> [(&'static str, u64); 8] {
    [
        ("faults", size.faults),
        ("records", size.records),
        ("brokers", size.brokers),
        ("partitions", size.partitions),
        ("clients", size.clients),
        ("simulated ms", size.simulated_ms.0.as_millis()),
        ("steps", size.steps),
        ("bytes", size.bytes),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::Property;
    use crate::shrinking::VERSION;
    use crate::signature::{Role, Signature};

    #[test]
    fn the_answer_says_what_fails_and_how_much_smaller_it_became() {
        let shape = ["crash of leader", "clean election", "truncation (became follower)"];
        let signature = |parts: &[&str]| {
            Signature::new(
                Property::StrongIsr,
                Role::Follower,
                parts.iter().map(|it| (*it).to_owned()).collect(),
            )
        };
        let found = Shrinking {
            version: VERSION,
            scenario: "chaos".to_owned(),
            overrides: vec!["protocol=0.10".to_owned()],
            seed: 7,
            after_seed: 0,
            before_signature: signature(&shape),
            after_signature: signature(&shape[1..]),
            before: Size { faults: 12, records: 600, steps: 12_345, ..Size::default() },
            after: Size { faults: 2, records: 1, steps: 345, ..Size::default() },
            tried: 1_000,
            finished: true,
        };
        let told = shrinking(&found, "highwater run small.json");
        assert!(told.starts_with("SHRUNK  chaos, seed 7, protocol=0.10\n"), "{told}");
        assert!(told.contains("\nfails as "), "{told}");
        assert!(told.contains("faults                12         2\n"), "{told}");
        assert!(
            told.ends_with(
                "1000 scenarios tried; nothing smaller was found.\nagain: highwater run small.json\n"
            ),
            "{told}"
        );
        let as_large = shrinking(&Shrinking { after: found.before, ..found.clone() }, "");
        assert!(
            as_large.starts_with("NOT SHRUNK  chaos, seed 7, protocol=0.10\nas many faults"),
            "{as_large}"
        );
        let stopped = Shrinking { finished: false, after_signature: signature(&shape), ..found };
        let told = shrinking(&stopped, "");
        assert!(told.contains("it was ended before") && !told.contains("\nfails as "), "{told}");
    }
}
