//! `highwater list`: which scenarios there are, and what happens in each.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use highwater_reports::render::{WIDTH, wrapped};

use super::{Exit, output};
use crate::scenario::files::{self, FilesErrors};
use crate::scenario::load::load;

/// Lists scenarios: each with its name and how its story begins.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArguments {
    /// Scenario files, or directories of them
    #[arg(default_value = "scenarios", value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  highwater list
  highwater list my_scenarios

Exit codes:
    0  all are valid
    2  misuse, or a scenario file that is not valid; the others were listed
  101  a defect of Highwater itself";

/// Does what `highwater list` says: valid scenarios to stdout, errors to stderr.
///
/// # Errors
/// The result could not be written.
pub(super) fn list(arguments: &ListArguments) -> io::Result<Exit> {
    let (lines, errors) = listed(&arguments.paths);
    if !lines.is_empty() {
        output::result(&lines)?;
    }
    if errors.0.is_empty() {
        return Ok(Exit::SUCCESS);
    }
    output::note(&errors.checked(output::colours()));
    Ok(Exit::MISUSED)
}

/// An entry a scenario, whose story is broken into lines, and the errors of those that are not valid.
fn listed(paths: &[PathBuf]) -> (String, FilesErrors) {
    let files = match files::expand(paths) {
        Ok(files) => files,
        Err(errors) => return (String::new(), errors),
    };
    let (mut scenarios, mut errors) = (Vec::new(), Vec::new());
    for file in files {
        match load(&file.path, &[]) {
            Ok(loaded) => scenarios.push((shown(&file.path, paths), loaded.plan)),
            Err(error) => errors.push(error),
        }
    }
    let widest = scenarios.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let indent = " ".repeat(widest + 2);
    let line = |name: &str, story: &str| {
        let story = wrapped(&first_sentence(story), &indent, WIDTH);
        format!("{name:widest$}  {}\n", story.trim())
    };
    let lines = scenarios.iter().map(|(name, plan)| line(name, &plan.story)).collect();
    (lines, FilesErrors(errors))
}

/// What a scenario is called; one in a folder of a directory that was named has the folder's name before it.
pub(super) fn shown(file: &Path, named: &[PathBuf]) -> String {
    let below =
        named.iter().find_map(|named| file.strip_prefix(named).ok().filter(|rest| rest.parent().is_some()));
    let below = below.unwrap_or_else(|| file.file_name().map_or(file, Path::new)).with_extension("");
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Up to the first full stop that a space follows, on one line.
fn first_sentence(story: &str) -> String {
    let words = story.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = words.find(". ").map_or(words.len(), |stop| stop + 1);
    words[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_in_a_folder_is_listed_with_the_folder() {
        let named = [PathBuf::from("scenarios"), PathBuf::from("mine/x.json")];
        assert_eq!(shown(Path::new("scenarios/museum/a.json"), &named), "museum/a");
        assert_eq!(shown(Path::new("scenarios/a.b.json"), &named), "a.b");
        assert_eq!(shown(Path::new("mine/x.json"), &named), "x");
    }

    #[test]
    fn a_story_is_cut_after_its_first_sentence() {
        assert_eq!(
            first_sentence("With acks=0.5 or so,\n it fails. Then more."),
            "With acks=0.5 or so, it fails."
        );
        assert_eq!(first_sentence("One sentence"), "One sentence");
    }
}
