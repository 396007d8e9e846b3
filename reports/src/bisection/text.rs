//! The face for people.

use std::fmt::Write as _;

use super::{Answer, Bisection};
use crate::property::Property;
use crate::protocols::Difference;
use crate::render::wrapped;

const WIDTH: usize = 110;

/// The whole answer. `sweep` is the command that looks for a seed that fails.
pub fn bisection(found: &Bisection, sweep: &str) -> String {
    let Bisection { scenario, from, to, seed, first_seed, last_seed, .. } = found;
    let mut text = format!(
        "BISECTION  {scenario}, {from} to {}, seed {seed}, to be mended on {first_seed} to {last_seed}",
        to.name()
    );
    for pair in &found.overrides {
        write!(text, ", {pair}").expect("a String takes all that is written");
    }
    text += "\n\n";
    if !found.broke.is_empty() {
        text += &wrapped(&format!("breaks: {}", names(&found.broke)), "", WIDTH);
    }
    text += &match &found.answer {
        Answer::DoesNotFail => {
            wrapped(
                &format!(
                    "No promise breaks on seed {seed} under {from}, nor what the scenario is there to break: there is nothing to \
                 bisect. A seed that fails is found with"
                ),
                "",
                WIDTH,
            ) + &format!("  {sweep}\n")
        }
        Answer::SameSwitches => {
            format!("Its switches are those of {}: there is nothing to change.\n", to.name())
        }
        Answer::FailsAfterwards { still, on_seed } => wrapped(
            &format!(
                "With every switch of {to} it breaks too, on seed {on_seed}: {}. So no change towards {to} mends it; another \
                 version may (--to).",
                names(still),
                to = to.name()
            ),
            "",
            WIDTH,
        ),
        Answer::Found { mends, smallest, complete, breaks_newest } => {
            let size = mends.first().map_or(0, Vec::len);
            answer(found, mends, (*smallest, *complete, size)) + &alone(breaks_newest, to.name())
        }
    };
    text
}

fn answer(
    found: &Bisection,
    mends: &[Vec<Difference>],
    (smallest, complete, size): (bool, bool, usize),
) -> String {
    let Bisection { differing, tried, contradictory, .. } = found;
    let mut text = format!(
        "\nswitches that differ: {differing}; sets of them that were tried: {tried}, that contradict themselves: {contradictory}\n\nmended by "
    );
    text += &match (mends.len(), size) {
        (1, 1) => "one switch".to_owned(),
        (1, size) => format!("{size} switches together"),
        (count, 1) => format!("any one of {count} switches"),
        (count, size) => format!("any of {count} sets of {size} switches"),
    };
    text += match (smallest, complete) {
        (true, true) => "\n",
        (true, false) => "; no smaller set does, others of this size were not all tried\n",
        (false, _) => "; the search ended before all smaller sets were tried\n",
    };
    for (place, set) in mends.iter().enumerate() {
        if place > 0 && size > 1 {
            text += "  or\n";
        }
        set.iter().for_each(|difference| text += &told(difference, true));
    }
    text
}

fn alone(breaking: &[Difference], newest: &str) -> String {
    if breaking.is_empty() {
        return format!("\nNo single switch as it was breaks {newest} on these seeds.\n");
    }
    let mut text = format!("\n{newest} is broken on these seeds by each of these alone, as it was\n");
    breaking.iter().for_each(|difference| text += &told(difference, false));
    text
}

/// A switch, the value that mends or breaks, what it decides and who changed it.
fn told(Difference { name, from, to, says, changed_by, .. }: &Difference, mends: bool) -> String {
    let change = if mends { format!("{from} -> {to}") } else { (*from).to_owned() };
    format!("  {} {change}: {changed_by}\n{}", name.name(), wrapped(says, "      ", WIDTH))
}

fn names(properties: &[Property]) -> String {
    properties.iter().map(|property| property.name()).collect::<Vec<_>>().join(", ")
}
