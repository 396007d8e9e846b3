//! The face for people.

use std::fmt::Write as _;

use super::{Differs, Fate, FaultDiffers, Played, Point, ReplayReport, Standing, Violation};
use crate::render::wrapped;
use crate::report::Evidence;

const WIDTH: usize = 110;

/// The whole answer; the last line plays it step by step. `bundle` is the file as it was named.
pub fn replay(report: &ReplayReport, bundle: &str) -> String {
    let mut text = headline(report);
    match &report.differs {
        None if report.standing() == Standing::SameSignature => {}
        None => text += "Every event is the same, and the judges say otherwise.\n",
        Some(differs) => text += &where_they_differ(differs, report),
    }
    text += &fate(&report.violation, report.recorded.violation.as_ref(), None);
    if report.by_name_same {
        text += "with the faults as recorded, by name: the same run\n";
    } else if let Some(by_name) = &report.by_name {
        text +=
            &fate(by_name, report.recorded.violation.as_ref(), Some("with the faults as recorded, by name"));
    }
    if report.exit_code() != 0 {
        writeln!(text, "step by step: highwater replay {} --trace", crate::render::quoted(bundle))
            .expect("a String takes all that is written");
    }
    text
}

/// The answer in one line, for many.
pub fn line(report: &ReplayReport, bundle: &str) -> String {
    let how = word(report);
    let violation = report.recorded.violation.as_ref().map_or("", |it| it.signature.as_str());
    let standing = report.standing().words();
    format!("{how:<9}  {bundle}: {standing}: {violation}\n")
}

/// What became of many, in one line.
pub fn total(reports: &[ReplayReport]) -> String {
    let are = |standing: fn(&ReplayReport) -> bool| reports.iter().filter(|it| standing(it)).count();
    let gone = are(|it| it.standing() == Standing::Gone);
    let same = are(|it| it.exit_code() == 0);
    let bundles = if reports.len() == 1 { "bundle" } else { "bundles" };
    let different = reports.len() - same - gone;
    format!("{} {bundles}: {same} the same, {different} different, {gone} gone\n", reports.len())
}

/// The same in a word: `SAME`, `GONE`, `DIFFERENT`.
pub fn word(report: &ReplayReport) -> &'static str {
    match (report.same, report.standing()) {
        (true, Standing::SameSignature) => "SAME",
        (_, Standing::Gone) => "GONE",
        (_, Standing::SameProperty | Standing::SameSignature) => "DIFFERENT",
    }
}

fn headline(report: &ReplayReport) -> String {
    let ReplayReport { scenario, seed, recorded, now, .. } = report;
    let mut text = format!("{}  {scenario}, seed {seed}", if report.same { "SAME" } else { "DIFFERENT" });
    for pair in &report.overrides {
        write!(text, ", {pair}").expect("a String takes all that is written");
    }
    if report.same {
        let Played { fingerprint, steps, .. } = now;
        return text + &format!(": every event as recorded, {steps} steps, fingerprint {fingerprint}\n");
    }
    let told = |it: &Played| {
        format!("{} steps, fingerprint {}, Highwater {}", it.steps, it.fingerprint, it.highwater)
    };
    text + &format!("\nrecorded: {}\nnow:      {}\n", told(recorded), told(now))
}

fn where_they_differ(differs: &Differs, report: &ReplayReport) -> String {
    let told = |point: &Point| format!("step {} at {} ms", point.step, point.at_ms);
    let by = match &differs.differ_by {
        Some(point) => format!("different by {}", told(point)),
        None => "different by the end".to_owned(),
    };
    let until = match &differs.same_until {
        Some(point) => format!("the same until {}", told(point)),
        None => "different from the start".to_owned(),
    };
    let mut text = format!("{until}; {by}\n");
    if let Some(FaultDiffers { fault, recorded, now }) = &differs.first_fault {
        let did = |it: &Option<String>| it.clone().unwrap_or_else(|| "did not come".to_owned());
        writeln!(text, "the first fault that differs: {fault}: {}; now: {}", did(recorded), did(now))
            .expect("a String takes all that is written");
    } else if !report.same {
        text += "every fault strikes as recorded\n";
    }
    text
}

fn fate(fate: &Fate, recorded: Option<&Violation>, how: Option<&str>) -> String {
    let how = how.map(|how| format!("{how}: ")).unwrap_or_default();
    let Fate { standing, found } = fate;
    let mut text = format!("{how}{}\n", standing.words());
    let signature = |it: &Violation| it.signature.clone();
    let recorded = recorded.map(signature).unwrap_or_default();
    match (standing, found) {
        (Standing::SameSignature, Some(found)) => {
            told(&mut text, "", &found.signature, found.evidence.as_ref());
        }
        (Standing::SameProperty | Standing::Gone, Some(found)) => {
            told(&mut text, "recorded: ", &recorded, None);
            told(&mut text, "now: ", &found.signature, found.evidence.as_ref());
        }
        (_, None) => told(&mut text, "recorded: ", &recorded, None),
    }
    text
}

fn told(text: &mut String, label: &str, signature: &str, evidence: Option<&Evidence>) {
    *text += &wrapped(&format!("{label}{signature}"), "  ", WIDTH);
    if let Some(evidence) = evidence {
        *text += &wrapped(&evidence.to_string(), "  ", WIDTH);
    }
}
