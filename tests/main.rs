//! What Highwater promises, as tests: one binary, a theme a module.
//!
//! Newcomers begin at `walk_of_a_record`, which follows one record through a cluster. Then:
//!
//! - `behaviours`: what clusters do when something goes wrong, by theme;
//! - `bundles`: failures that are written down, and played again;
//! - `golden`: the reports on every scenario, word for word;
//! - `expectations`: every scenario is as it says, on a thousand seeds;
//! - `determinism`: the same seed is the same run, in whatever process, build and number of threads;
//! - `drivers`: both drivers make the same run of a seed;
//! - `causes`: why something broke, from the fault to what a client could notice;
//! - `ci`: what CI servers are told, and what changed between two reports;
//! - `command_line`: what the shell sees;
//! - `compare`: one scenario under several settings, side by side;
//! - `limits`: what ends a run or a command before its time, and what is left of it;
//! - `museum`: the bugs that Kafka had, each broken and mended;
//! - `mutants`: what is done wrong on purpose, and which properties notice;
//! - `regressions`: recorded failures that must stay failures;
//! - `second_opinion`: another judge, naive, on what clients saw;
//! - `naive_judges`: the judge of true state agrees with one that reads everything after every step;
//! - `shrinking`: what chance found, made small;
//! - `soundness`: nothing is called broken that is not;
//! - `house_rules`: how the code itself is to be.

mod support;
mod sweeps;

mod behaviours;
mod bundles;
mod causes;
mod ci;
mod command_line;
mod compare;
mod determinism;
mod drivers;
mod expectations;
mod golden;
mod house_rules;
mod limits;
mod museum;
mod mutants;
mod naive_judges;
mod regressions;
mod second_opinion;
mod shrinking;
mod soundness;
mod walk_of_a_record;
