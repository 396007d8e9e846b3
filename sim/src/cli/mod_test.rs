//! What the README and the help texts tell people to type is what the command line takes.

use clap::{CommandFactory, Parser};
use saphyr::{LoadableYamlNode, Yaml};

use super::Arguments;

const README: &str = include_str!("../../../README.md");

/// The fenced blocks of the README that are in one of these languages.
fn blocks<'a>(languages: &'a [&'a str]) -> impl Iterator<Item = &'static str> + 'a {
    let fenced = README.split("\n```").skip(1).step_by(2);
    fenced.filter_map(|block| {
        let (language, text) = block.split_once('\n')?;
        languages.contains(&language).then_some(text)
    })
}

/// The lines of a shell's text, those joined that end in a backslash.
fn lines(text: &str) -> Vec<String> {
    text.replace("\\\n", " ").lines().map(|line| line.trim().to_owned()).collect()
}

/// The words after `highwater` on a shell's line, if it runs Highwater: without comments, without where the output goes, and with
/// ascending numbers in the places of the shell's own arithmetic and of GitHub's expressions.
fn words(line: &str) -> Option<Vec<String>> {
    let line = line.trim_start_matches("$ ");
    let (first, _) = line.split_once(' ').unwrap_or((line, ""));
    if first != "highwater" {
        return None;
    }
    let (mut text, mut number) = (line.to_owned(), 0);
    for (open, close) in [("$((", "))"), ("${{", "}}"), ("${", "}")] {
        while let Some(start) = text.find(open) {
            let end = text[start..].find(close).unwrap_or_else(|| panic!("{line}: {open} is not closed"));
            // A range is to end after it begins.
            number += 1;
            text.replace_range(start..start + end + close.len(), &number.to_string());
        }
    }
    let words = shlex::split(&text).unwrap_or_else(|| panic!("{line}: no shell reads this"));
    Some(
        words
            .into_iter()
            .take_while(|word| ![">", ">>", "|", "||", "&&", "2>"].contains(&word.as_str()))
            .collect(),
    )
}

/// Every line that is no command fails, with the parser's own words.
fn are_taken(lines: impl IntoIterator<Item = String>) -> usize {
    let mut taken = 0;
    for line in lines {
        let Some(words) = words(&line) else { continue };
        let glob_is_a_file = words.iter().map(|word| word.replace('*', "x"));
        if let Err(error) = Arguments::try_parse_from(glob_is_a_file) {
            panic!("{line}\n{error}");
        }
        taken += 1;
    }
    taken
}

#[test]
fn every_command_in_the_readme_is_one() {
    let taken = are_taken(blocks(&["sh", "text"]).flat_map(lines));
    assert!(taken > 20, "only {taken} were found");
}

/// Every `run` of the steps of every job, in order, and the jobs' names.
fn steps(workflow: &Yaml<'_>) -> Vec<(String, String)> {
    let jobs = workflow["jobs"].as_mapping().expect("jobs are a mapping");
    let of_job = jobs.iter().flat_map(|(job, content)| {
        let job = job.as_str().expect("a job has a name").to_owned();
        let steps = content["steps"].as_sequence().expect("steps are a list");
        steps.iter().filter_map(move |step| {
            let run = step.as_mapping_get("run")?.as_str()?;
            Some((job.clone(), run.to_owned()))
        })
    });
    of_job.collect()
}

#[test]
fn the_workflow_in_the_readme_is_yaml_and_runs_commands_that_there_are() {
    let workflows: Vec<&str> = blocks(&["yaml"]).collect();
    let [workflow] = workflows[..] else { panic!("there are {} workflows", workflows.len()) };
    let documents = Yaml::load_from_str(workflow).expect("it is YAML");
    let steps = steps(&documents[0]);
    for job in ["pinned", "fresh"] {
        let runs = steps.iter().filter(|(of, _)| of == job);
        assert!(are_taken(runs.flat_map(|(_, run)| lines(run))) > 0, "{job} plays nothing");
    }
    let never_blocks = &documents[0]["jobs"]["fresh"]["continue-on-error"];
    assert_eq!(never_blocks.as_bool(), Some(true), "fresh seeds never block");
    assert!(!documents[0]["jobs"]["pinned"].contains_mapping_key("continue-on-error"), "pinned ones do");
}

#[test]
fn every_example_in_a_help_text_is_one() {
    let root = Arguments::command();
    for command in root.get_subcommands().chain([&root]) {
        let name = command.get_name();
        let texts = [command.get_after_help(), command.get_after_long_help()];
        let texts: Vec<String> = texts.into_iter().flatten().map(ToString::to_string).collect();
        assert!(are_taken(texts.iter().flat_map(|text| lines(text))) > 0, "{name} has no example");
    }
}

#[test]
fn every_help_text_ends_with_the_exit_codes_in_one_layout() {
    let root = Arguments::command();
    for command in root.get_subcommands().chain([&root]) {
        let name = command.get_name();
        let help = command.get_after_long_help().or(command.get_after_help());
        let help = help.unwrap_or_else(|| panic!("{name} has none")).to_string();
        let (_, codes) = help
            .split_once("\nExit codes:\n")
            .unwrap_or_else(|| panic!("{name} does not say its exit codes"));
        for line in codes.lines() {
            let (code, meaning) = line.split_at(5);
            assert!(code.trim().parse::<u8>().is_ok() && meaning.starts_with("  "), "{name}: {line}");
        }
    }
}
