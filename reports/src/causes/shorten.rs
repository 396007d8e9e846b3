//! From a slice to a chain that a person reads: each line names only its nearest reasons, and the least telling lines are
//! left out until the rest fits.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::event::StepId;

use super::{Cause, LINES_MAX, Part};
use crate::render::causes;

/// A line of a slice, and how much it says.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) cause: Cause,
    /// How many reasons lie between it and what broke.
    pub(super) depth: u32,
    pub(super) is_fault: bool,
}

/// The chain: what led to it, what broke, what was noticed.
pub(super) fn to_lines(mut led: Vec<Line>, mut broke: Cause, mut noticed: Option<Cause>) -> Vec<Cause> {
    let mut left_out: Vec<Cause> = Vec::new();
    loop {
        let (mut lines, mut ends) = (led.clone(), (broke.clone(), noticed.clone()));
        reduce(&mut lines, &mut ends);
        let chain = assemble(lines, &left_out, ends);
        let Some(least) = least_telling(&led).filter(|_| causes::lines(&chain).len() > LINES_MAX) else {
            return chain;
        };
        let line = led.remove(least).cause;
        let redirect = |because: &mut Vec<StepId>| {
            if because.contains(&line.step) {
                because.retain(|step| *step != line.step);
                because.extend(&line.because_of);
                because.sort_unstable();
                because.dedup();
            }
        };
        led.iter_mut().for_each(|other| redirect(&mut other.cause.because_of));
        redirect(&mut broke.because_of);
        noticed.iter_mut().for_each(|noticed| redirect(&mut noticed.because_of));
        left_out.push(line);
    }
}

/// The line furthest from what broke; of those the earliest. A fault counts for nearer than it is, and the last one stays.
fn least_telling(led: &[Line]) -> Option<usize> {
    let faults = led.iter().filter(|line| line.is_fault).count();
    let can_go = |(_, line): &(usize, &Line)| line.depth > 0 && !(line.is_fault && faults == 1);
    let far = |line: &Line| if line.is_fault { line.depth.saturating_sub(3) } else { line.depth };
    let furthest = led.iter().enumerate().filter(can_go);
    let furthest = furthest.max_by_key(|(place, line)| (far(line), std::cmp::Reverse(*place)));
    // Nothing but what stands next to the break: the middle goes.
    furthest.map(|(place, _)| place).or_else(|| (led.len() > 2).then_some(led.len() / 2))
}

/// Leaves out reasons that another reason of the same line has itself.
fn reduce(led: &mut [Line], (broke, noticed): &mut (Cause, Option<Cause>)) {
    let mut before: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
    let nearest = |because: &[StepId], before: &BTreeMap<StepId, BTreeSet<StepId>>| {
        let implied = |step: &StepId| {
            because.iter().any(|other| before.get(other).is_some_and(|all| all.contains(step)))
        };
        because.iter().copied().filter(|step| !implied(step)).collect::<Vec<_>>()
    };
    for line in led {
        let all = line
            .cause
            .because_of
            .iter()
            .flat_map(|step| before.get(step).into_iter().flatten().chain([step]));
        let all: BTreeSet<StepId> = all.copied().collect();
        line.cause.because_of = nearest(&line.cause.because_of, &before);
        before.insert(line.cause.step, all);
    }
    for end in std::iter::once(broke).chain(noticed) {
        end.because_of = nearest(&end.because_of, &before);
    }
}

/// All lines in order of their steps; the one that says how many are left out stands where the first of them stood.
fn assemble(led: Vec<Line>, left_out: &[Cause], (broke, noticed): (Cause, Option<Cause>)) -> Vec<Cause> {
    let mut chain: Vec<Cause> = led.into_iter().map(|line| line.cause).collect();
    if let Some(first) = left_out.iter().min_by_key(|line| line.step) {
        let text = match left_out.len() {
            1 => "... one step more, left out".to_owned(),
            count => format!("... {count} steps more, left out"),
        };
        let note = Cause {
            actor: "-".to_owned(),
            text,
            because_of: Vec::new(),
            part: Part::LeftOut,
            ..first.clone()
        };
        chain.insert(chain.partition_point(|line| line.step < note.step), note);
    }
    chain.insert(chain.partition_point(|line| line.step <= broke.step), broke);
    chain.extend(noticed);
    chain
}

#[cfg(test)]
#[path = "shorten_test.rs"]
mod shorten_test;
