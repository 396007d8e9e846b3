//! What is refused before anything is played, and the parser of the command line cannot know.

use std::path::PathBuf;

use super::bundles::Recorded;
use super::{Format, RunArguments, Story};
use crate::files_out;

impl RunArguments {
    /// Why these options cannot be, with what is to be played.
    pub(super) fn refused(&self, bundles: &[Recorded], stories: &[Story]) -> Option<String> {
        let said = self.contradiction(stories.len()).map(str::to_owned);
        said.or_else(|| self.ignored_by(bundles, stories.is_empty()))
            .or_else(|| self.overwritten(bundles, stories))
            .or_else(|| self.outputs.refused())
    }

    /// An option that says something to scenarios alone, if there are none.
    fn ignored_by(&self, bundles: &[Recorded], alone: bool) -> Option<String> {
        let file = &bundles.first().filter(|_| alone)?.file.given;
        let other_seed = |seed| bundles.iter().any(|recorded| recorded.bundle.seed() != seed);
        let (option, why) = [
            (self.seed.is_some_and(other_seed), "--seed", "its own seed"),
            (self.seeds.is_some(), "--seeds", "its own seed"),
            (self.until.is_some(), "--until", "its own seed"),
            (self.until_failures.is_some(), "--until-failures", "its own seed"),
            (!self.set.is_empty(), "--set", "its own overrides"),
            (self.limits.given().is_some(), self.limits.given().unwrap_or_default(), "its own bounds"),
            (self.trace, "--trace", "its timeline printed by highwater replay"),
            (self.history.is_some(), "--history", "no history written"),
        ]
        .into_iter()
        .find_map(|(given, option, why)| given.then_some((option, why)))?;
        Some(match bundles.len() {
            1 => format!("{file} is a bundle and has {why}; leave {option} out, or name a scenario file"),
            _ => format!("each of these bundles has {why}; leave {option} out, or name a scenario file"),
        })
    }

    /// A file that would be written over what is read, or over what another option writes.
    fn overwritten(&self, bundles: &[Recorded], stories: &[Story]) -> Option<String> {
        let read = bundles.iter().map(|it| &it.file).chain(stories.iter().map(|it| &it.file));
        let read: Vec<_> = read.map(|file| &file.path).collect();
        let ndjson = self.ndjson.clone().map(|path| ("--ndjson", path));
        let history = self.history.as_ref().map(|target| ("--history", target.path().to_owned()));
        let mut written: Vec<(&str, PathBuf)> = Vec::new();
        for (option, path) in ndjson.into_iter().chain(history).chain(self.outputs.files()) {
            let shown = path.display();
            if read.iter().any(|read| files_out::is_same(read, &path)) {
                return Some(format!("{option} {shown} is what is to be played; name another file"));
            }
            if let Some((other, _)) = written.iter().find(|(_, other)| files_out::is_same(other, &path)) {
                return Some(format!("{other} and {option} both name {shown}; name two files"));
            }
            written.push((option, path));
        }
        None
    }

    /// Options that contradict one another.
    fn contradiction(&self, scenarios: usize) -> Option<&'static str> {
        if self.trace && self.format != Format::Text {
            return Some("--trace prints text; leave --format out, or --trace");
        }
        if self.history.is_some() && self.plays_many() {
            return Some("--history is what the clients of one run know; give --seed N in place of --seeds");
        }
        if self.history.is_some() && scenarios > 1 {
            return Some(
                "--history is what the clients of one run know, and there are several scenarios; name one file",
            );
        }
        let endless = self.until_failures.is_some() && self.seeds.is_none() && self.until.is_none();
        (endless && scenarios > 1).then_some(
            "--until-failures alone may play the first of several scenarios for ever; give --seeds or --until, too",
        )
    }
}
