//! A chain of causes for people: a line a step, in the columns of a [`trace`](super::trace).
//!
//! ```text
//!     5522.074      #175  -         fault 1 (crash leader of orders-0) strikes; broker-1 died; its log survives
//!    10006.492      #256  controller  takes broker-1 for dead; elected broker-2 leader of orders-0 <- #175
//! ```

use super::{WIDTH, wrapped};
use crate::causes::{Cause, Part};

/// The lines of a chain, without line feeds. A long one is broken, and what follows is indented.
pub fn lines(chain: &[Cause]) -> Vec<String> {
    let width = chain.iter().map(|cause| cause.actor.chars().count()).max().unwrap_or_default();
    chain.iter().flat_map(|cause| broken(cause, width)).collect()
}

fn broken(cause: &Cause, width: usize) -> Vec<String> {
    let Cause { at_ms, step, actor, text, because_of, part } = cause;
    let mark = match part {
        Part::Led | Part::LeftOut => "",
        Part::Broke => "BROKEN  ",
        Part::Noticed => "CLIENT  ",
    };
    let because = because_of.iter().map(|step| format!("#{}", step.0)).collect::<Vec<_>>().join(", ");
    let because = if because.is_empty() { because } else { format!(" (because of {because})") };
    let head = format!("{:>12}{:>10}  {actor:<width$}  ", at_ms.to_string(), format!("#{}", step.0));
    let indent = " ".repeat(head.chars().count());
    let text = wrapped(&format!("{mark}{text}{because}"), &indent, WIDTH);
    let mut lines = text.lines().map(str::to_owned);
    let first = lines.next().map(|line| format!("{head}{}", line.trim_start()));
    first.into_iter().chain(lines).collect()
}
