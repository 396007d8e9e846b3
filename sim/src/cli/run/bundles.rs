//! `--bundle DIR`: of each kind of failure the first seed, as a file that plays it again; and bundles that are played first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Args;
use highwater_reports::ci;
use highwater_reports::render::quoted;
use highwater_reports::replay::{ReplayReport, Standing, Violation, text};
use highwater_reports::report::RunReport;

use super::{Exit, Format, Part, RunArguments, Story, output};
use crate::bundle::{self, Bundle};
use crate::cli::{protocols, replay};
use crate::files_out;
use crate::scenario::files::ScenarioFile;

/// Of how many kinds of failures of a scenario a bundle is written.
const MOST: usize = 16;

/// What the command line says of bundles.
#[derive(Args, Debug)]
pub(super) struct BundleArguments {
    /// Writes a file for the first failing seed of each kind of failure into this directory, of each scenario at most 16;
    /// `highwater replay` plays it again
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
}

/// The failures of a scenario that bundles are written of.
pub(super) struct Bundles<'a> {
    directory: Option<&'a Path>,
    /// The first seed of each signature.
    first: BTreeMap<String, u64>,
}

impl<'a> Bundles<'a> {
    /// Makes the directory, if bundles were asked for.
    ///
    /// # Errors
    /// Why it cannot be made, in words.
    pub(super) fn create(arguments: &'a BundleArguments) -> Result<Self, String> {
        let directory = arguments.bundle.as_deref();
        if let Some(directory) = directory {
            fs::create_dir_all(directory).map_err(|error| {
                format!("highwater: the directory {} could not be made: {error}", directory.display())
            })?;
        }
        Ok(Self { directory, first: BTreeMap::new() })
    }

    /// A seed was played; they come in ascending order.
    pub(super) fn hear(&mut self, run: &RunReport) {
        if self.directory.is_none() || self.first.len() == MOST {
            return;
        }
        if let Some(violation) = Violation::of(run) {
            self.first.entry(violation.signature).or_insert(run.seed);
        }
    }

    /// The scenario is over: its failures are played once more and written down.
    ///
    /// # Errors
    /// What could not be written, in words; what was written before stays.
    pub(super) fn write(&mut self, story: &Story) -> Result<(), String> {
        let Some(directory) = self.directory else { return Ok(()) };
        let mut seeds = Vec::from_iter(std::mem::take(&mut self.first).into_values());
        seeds.sort_unstable();
        for seed in seeds {
            let Some(bundle) = bundle::record(&story.prepared, seed, &story.text) else { continue };
            let path = directory.join(bundle.file_name());
            files_out::whole(&path, &bundle.text()).map_err(|error| {
                format!("highwater: the bundle {} could not be written: {error}", path.display())
            })?;
            output::note(&format!("bundle: highwater replay {}", quoted(&path.display().to_string())));
        }
        Ok(())
    }
}

/// A bundle that is to be played.
pub(super) struct Recorded {
    pub(super) file: ScenarioFile,
    pub(super) bundle: Bundle,
}

/// Plays bundles before anything else, and says what became of them: in one line each, or in full if there is nothing but one. A
/// bundle whose violation is still there is as it should be, though the run be another one. In JSON reports alone are printed,
/// so that whoever reads them finds what the scenarios make; then only what is gone is told, on stderr. Markdown is printed
/// when all is known.
pub(super) fn replay_first(
    arguments: &RunArguments,
    bundles: &[Recorded],
    scenarios_follow: bool,
) -> io::Result<Vec<Part>> {
    let mut parts = Vec::new();
    let (mut printed, mut replayed) = (Vec::new(), Vec::new());
    let in_lines = scenarios_follow || bundles.len() > 1;
    for recorded in bundles {
        let given = &recorded.file.given;
        let report = match bundle::replay(&recorded.bundle, given) {
            Ok(report) => report,
            Err(errors) => {
                output::note(&errors.render(output::colours()));
                parts.push(recorded.not_played(&errors.render(false)));
                continue;
            }
        };
        let gone = report.standing() == Standing::Gone;
        match (arguments.format, scenarios_follow) {
            (Format::Text, _) if in_lines => output::result(&text::line(&report, given))?,
            (Format::Text, _) => output::result(&replay::face(&report, protocols::Format::Text, given))?,
            (Format::Json | Format::Markdown, true) if gone => {
                output::note(&text::line(&report, given));
            }
            (Format::Json | Format::Markdown, true) | (Format::Markdown, false) => {}
            (Format::Json, false) => printed.push(replay::face(&report, protocols::Format::Json, given)),
        }
        parts.push(recorded.part(&report, scenarios_follow));
        replayed.push(report);
    }
    if arguments.format == Format::Json && !scenarios_follow {
        output::result(&super::as_json(printed.iter().map(String::as_str), bundles.len()))?;
    }
    if arguments.format == Format::Text && in_lines && !scenarios_follow {
        output::result(&format!("\n{}", text::total(&replayed)))?;
    }
    if arguments.format == Format::Text && scenarios_follow && !bundles.is_empty() {
        output::result("\n")?;
    }
    Ok(parts)
}

impl Recorded {
    /// What became of it, for the exit code and for CI servers.
    fn part(&self, report: &ReplayReport, scenarios_follow: bool) -> Part {
        let is_there = report.standing() != Standing::Gone;
        let exit = Exit(if scenarios_follow && is_there { 0 } else { report.exit_code() });
        let expected = exit == Exit::SUCCESS;
        let told = if scenarios_follow && expected {
            text::line(report, &self.file.given)
        } else {
            replay::face(report, protocols::Format::Text, &self.file.given)
        };
        let suite = self.named().suite(report, expected);
        Part { printed: String::new(), exit, suite, markdown: format!("```text\n{told}```\n") }
    }

    fn not_played(&self, why: &str) -> Part {
        let suite = self.named().not_played(why);
        Part {
            printed: String::new(),
            exit: Exit::MISUSED,
            suite,
            markdown: format!("```text\n{why}\n```\n"),
        }
    }

    fn named(&self) -> ci::bundle::Recorded<'_> {
        let Self { file, bundle } = self;
        ci::bundle::Recorded {
            scenario: &bundle.name,
            protocol: bundle.preset.name(),
            file: &file.given,
            seed: bundle.seed,
            overrides: &bundle.overrides,
        }
    }
}
