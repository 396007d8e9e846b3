//! The museum's scenarios: each played broken, mended, and under every preset.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use highwater_model::protocol::{Preset, Protocol};
use highwater_reports::museum::{
    Era, Harm, Row, Stated, amiss_in_broken, amiss_in_mended, found_after, is_always,
};
use highwater_reports::render::quoted;
use highwater_reports::sweep::SweepReport;
use highwater_reports::switches::Differing;
use strum::IntoEnumIterator;

use crate::pool;
use crate::prepared::Prepared;
use crate::scenario::errors::LoadErrors;
use crate::scenario::files::{self, ScenarioFile};
use crate::scenario::format::Museum;
use crate::scenario::load::{load, load_str};
use crate::sweep::{Progress, SweepOptions, sweep};

/// A scenario of the museum, ready to be played in all its versions.
pub struct Exhibit {
    given: String,
    says: Museum,
    broken: Arc<Prepared>,
    mended: Arc<Prepared>,
    /// How the twin differs from the file, as `--set` takes it.
    mended_by: Vec<String>,
    /// None where a preset refuses the file.
    under: Vec<(Preset, Option<Arc<Prepared>>)>,
}

/// Which seeds are played, and on how many threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tour {
    /// Unless given, as many as a file's `museum.seeds`, from 0.
    pub seeds: Option<Range<u64>>,
    /// How many threads; at least one is used.
    pub jobs: usize,
}

impl Tour {
    fn seeds(&self, exhibit: &Exhibit) -> Range<u64> {
        self.seeds.clone().unwrap_or(0..exhibit.says.seeds)
    }

    /// Up to where the bug is looked for: where the file says that it shows, if luck is needed, though fewer seeds were asked for.
    fn search_end(&self, exhibit: &Exhibit) -> u64 {
        let Range { start, end } = self.seeds(exhibit);
        end.max(start.saturating_add(exhibit.says.seeds))
    }

    /// How many runs these take at most.
    pub fn runs(&self, exhibits: &[Exhibit]) -> u64 {
        let of = |exhibit: &Exhibit| {
            let Range { start, end } = self.seeds(exhibit);
            (end - start) * (Preset::iter().count() as u64 + 2)
        };
        exhibits.iter().map(of).sum()
    }
}

/// Whether a file of the museum says that it shows this issue, in capitals or not.
pub(crate) fn is_about(file: &ScenarioFile, issue: &str) -> bool {
    let says = load(&file.path, &[]).ok().and_then(|loaded| loaded.scenario.museum);
    says.is_some_and(|says| says.issue.split(", ").any(|shown| shown.eq_ignore_ascii_case(issue)))
}

impl Exhibit {
    /// Reads a file of the museum.
    ///
    /// # Errors
    /// What is wrong with it, or with its twin.
    pub fn open(file: &ScenarioFile) -> Result<Self, LoadErrors> {
        let text = files::read(&file.path)?;
        let load = |overrides: &[String]| load_str(&file.given, &text, overrides);
        let loaded = load(&[])?;
        let Some(says) = loaded.scenario.museum.clone() else {
            let message =
                "the file has no key `museum`, which says what bug it shows and which version mended it";
            return Err(LoadErrors::of_file(&file.given, message, None));
        };
        if let Some(shows) = says.shows.filter(|&shows| !loaded.plan.expect.must_see.is_always(shows)) {
            let message = format!("museum.shows is {0}; allowed: with {0} in expect.must_see", shows.name());
            return Err(LoadErrors::of_file(&file.given, message, None));
        }
        let switches = serde_json::to_string(&says.mended_switches).unwrap_or_default();
        let mut mended_by = as_version(says.mended_in, &switches);
        mended_by.extend(says.mended_settings.iter().map(|(name, value)| format!("{name}={value}")));
        let mended = load(&mended_by)?;
        if mended.plan.config.protocol == loaded.plan.config.protocol && says.mended_settings.is_empty() {
            let message = "the version that mends, museum.mended_in, is the one that is broken; allowed: another one, or \
                           `mended_switches` or `mended_settings` beside it";
            return Err(LoadErrors::of_file(&file.given, message, None));
        }
        let under = Preset::iter().map(|preset| {
            let loaded = load(&as_version(preset, "{}")).ok();
            (preset, loaded.map(|loaded| Arc::new(Prepared::new(loaded.plan))))
        });
        Ok(Self {
            given: file.given.clone(),
            broken: Arc::new(Prepared::new(loaded.plan)),
            mended: Arc::new(Prepared::new(mended.plan)),
            under: under.collect(),
            mended_by,
            says,
        })
    }
}

/// The file under another version, where no promise may break.
fn as_version(preset: Preset, switches: &str) -> Vec<String> {
    vec![format!("protocol={}", preset.name()), format!("switches={switches}"), "expect={}".to_owned()]
}

/// One part of the work.
enum Part<'a> {
    Broken(&'a Exhibit),
    Mended(&'a Exhibit),
    Under(&'a Exhibit, Option<&'a Arc<Prepared>>),
}

/// Plays them all. A row whose runs were not all played, because `stop` was set, is left out.
pub fn tour(exhibits: &[Exhibit], tour: &Tour, progress: &dyn Progress, stop: &Arc<AtomicBool>) -> Vec<Row> {
    let parts: Vec<Part<'_>> = exhibits.iter().flat_map(parts).collect();
    let play = |part: &Part<'_>| match part {
        Part::Broken(exhibit) => Some(search(exhibit, tour, progress, stop)),
        Part::Mended(exhibit) => Some(played(&exhibit.mended, tour.seeds(exhibit), progress, stop)),
        Part::Under(exhibit, prepared) => {
            prepared.map(|prepared| played(prepared, tour.seeds(exhibit), progress, stop))
        }
    };
    let mut done = pool::each(&parts, tour.jobs, stop, play).into_iter();
    let mut rows = Vec::new();
    for exhibit in exhibits {
        let (broken, mended) = (done.next().flatten().flatten(), done.next().flatten().flatten());
        let verdicts: Vec<_> = done.by_ref().take(exhibit.under.len()).collect();
        let whole =
            |report: &SweepReport| report.seeds >= tour.seeds(exhibit).end - tour.seeds(exhibit).start;
        if let (Some(broken), Some(mended)) = (broken, mended)
            && verdicts.iter().all(|it| it.as_ref().is_some_and(|it| it.as_ref().is_none_or(whole)))
            && whole(&broken)
            && whole(&mended)
        {
            rows.push(row(exhibit, tour, &broken, &mended, verdicts.into_iter().flatten()));
        }
    }
    rows
}

fn parts(exhibit: &Exhibit) -> Vec<Part<'_>> {
    let under = exhibit.under.iter().map(|(_, prepared)| Part::Under(exhibit, prepared.as_ref()));
    [Part::Broken(exhibit), Part::Mended(exhibit)].into_iter().chain(under).collect()
}

fn played(
    prepared: &Arc<Prepared>,
    seeds: Range<u64>,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> SweepReport {
    sweep(prepared, &SweepOptions { seeds, jobs: 1 }, &Plain(progress), stop)
}

/// Plays the broken version on the seeds that were asked for; and on more if luck is needed and has not come.
fn search(exhibit: &Exhibit, tour: &Tour, progress: &dyn Progress, stop: &Arc<AtomicBool>) -> SweepReport {
    let Range { start, end } = tour.seeds(exhibit);
    let last = tour.search_end(exhibit);
    let mut report = played(&exhibit.broken, start..end, progress, stop);
    let mut next = end;
    while next < last && !report.unexpected().is_empty() && !stop.load(std::sync::atomic::Ordering::Relaxed) {
        let until = last.min(next.saturating_add((next - start).max(1)));
        report.merge(played(&exhibit.broken, next..until, &(), stop));
        next = until;
    }
    report
}

/// Breaking is what these scenarios are for.
struct Plain<'a>(&'a dyn Progress);

impl Progress for Plain<'_> {
    fn done(&self, seeds: u64, _unexpected: u64) {
        self.0.done(seeds, 0);
    }
}

fn row(
    exhibit: &Exhibit,
    tour: &Tour,
    broken: &SweepReport,
    mended: &SweepReport,
    verdicts: impl Iterator<Item = Option<SweepReport>>,
) -> Row {
    let Range { start, end } = tour.seeds(exhibit);
    let stated = &Stated { expect: exhibit.broken.plan.expect.clone(), shows: exhibit.says.shows };
    let verdicts: Vec<_> = Preset::iter().zip(verdicts).collect();
    let lossy = verdicts.iter().filter(|(_, report)| report.as_ref().is_some_and(Harm::is_lossy));
    let lossy = lossy.map(|(preset, _)| *preset).collect();
    let harm = |report: Option<SweepReport>| report.map_or(Harm::Refused, |it| Harm::worst(&it, stated));
    let era = |prepared: &Prepared| -> Era { Era::new(protocol(prepared)) };
    let again = |overrides: &[String]| {
        let sets = overrides.iter().map(|pair| format!(" --set {}", quoted(pair)));
        format!("highwater run {}{}", quoted(&exhibit.given), sets.collect::<String>())
    };
    let mut amiss = amiss_in_broken(broken, &again(&[]), &format!("{start}..{}", start + broken.seeds));
    let by_twin = again(&exhibit.mended_by);
    amiss.extend(amiss_in_mended(mended, stated, &by_twin, &format!("{start}..{end}")));
    Row {
        name: exhibit.broken.plan.name.clone(),
        issue: exhibit.says.issue.clone(),
        breaks: exhibit.says.breaks.clone(),
        broken_in: era(&exhibit.broken),
        mended_in: era(&exhibit.mended),
        mended_settings: Differing::of(exhibit.says.mended_settings.clone()),
        always: is_always(broken),
        seeds: end - start,
        first_seed: start,
        searched: broken.seeds,
        found_after: found_after(broken, stated, start),
        broken: Harm::worst(broken, stated),
        mended: Harm::worst(mended, stated),
        verdicts: verdicts.into_iter().map(|(preset, report)| (preset, harm(report))).collect(),
        lossy,
        amiss,
    }
}

fn protocol(prepared: &Prepared) -> &Protocol {
    &prepared.plan.config.protocol
}

#[cfg(test)]
#[path = "museum_test.rs"]
mod museum_test;
