//! How Highwater compares with a bare loop and with the usual madsim way, in one table.
//!
//! The machine that measures is busy with other things as well. So time is the CPU time of the one thread that works, the ways
//! take turns, round by round, and a ratio is the median of the rounds' ratios. Without `--bench`, which `cargo bench` passes,
//! everything is run once and briefly.

#![expect(clippy::print_stdout, reason = "a table is what it makes")]

mod idiomatic;
mod workloads;

use std::sync::Arc;

use highwater_model::config::Assignor;
use highwater_model::protocol::Preset;
use highwater_sim::prepared::Prepared;
use highwater_sim::run::{RunOptions, run, run_bare};
use rustix::time::{ClockId, clock_gettime};
use strum::IntoEnumIterator;

use crate::workloads::{SCALES, Workload, busy, chaos, rebalances, scaled, steady_state, steady_state_under};

/// The ways to run a scenario. The first is what the others are measured by.
const WAYS: [Way; 4] = [Way::Highwater, Way::Unjudged, Way::Bare, Way::Usual];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// madsim, a node and a task for each machine, all judges.
    Highwater,
    /// The same without judges.
    Unjudged,
    /// A loop over the same machines, all judges.
    Bare,
    /// madsim's own network and timers, no judges.
    Usual,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Highwater => "highwater",
            Self::Unjudged => "highwater, judges off",
            Self::Bare => "bare loop",
            Self::Usual => "the usual madsim way",
        }
    }

    fn run(self, prepared: &Arc<Prepared>, seed: u64) -> Sample {
        let unjudged = RunOptions { judges: false, ..RunOptions::default() };
        let report = match self {
            Self::Highwater => run(prepared, seed, RunOptions::default()),
            Self::Unjudged => run(prepared, seed, unjudged),
            Self::Bare => run_bare(prepared, seed, RunOptions::default()),
            Self::Usual => {
                let work = idiomatic::run(prepared, seed);
                let written: u64 =
                    prepared.plan.producers.iter().map(|planned| u64::from(planned.records)).sum();
                assert_eq!(
                    work.delivered, written,
                    "every record must come through, or it is not the same work"
                );
                return Sample { steps: work.steps, events: work.events, ..Sample::default() };
            }
        };
        Sample { steps: report.steps, events: report.events, ..Sample::default() }
    }
}

/// What some runs did, and how long it took.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    seconds: f64,
    seeds: u64,
    steps: u64,
    events: u64,
}

impl Sample {
    /// Runs seeds from 0 on.
    fn take(way: Way, prepared: &Arc<Prepared>, seeds: u64) -> Self {
        let mut sum = Self { seeds, ..Self::default() };
        let start = cpu_seconds();
        for seed in 0..seeds {
            let run = way.run(prepared, seed);
            sum.steps += run.steps;
            sum.events += run.events;
        }
        sum.seconds = cpu_seconds() - start;
        sum
    }

    fn per_step(self) -> f64 {
        self.seconds / self.steps as f64
    }

    fn per_second(self, number: u64) -> f64 {
        number as f64 / self.seconds
    }
}

/// CPU time of this thread.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    /// CPU time of a sample, at least.
    sample_seconds: f64,
}

impl Effort {
    const FULL: Self = Self { rounds: 9, sample_seconds: 0.2 };
    const BRIEF: Self = Self { rounds: 1, sample_seconds: 0.0 };

    /// How many seeds make a sample.
    fn seeds(self, way: Way, prepared: &Arc<Prepared>) -> u64 {
        let mut seeds = 1;
        while Sample::take(way, prepared, seeds).seconds < self.sample_seconds {
            seeds *= 2;
        }
        seeds
    }
}

/// The samples of one way, round by round.
struct Series {
    way: Way,
    samples: Vec<Sample>,
}

impl Series {
    fn median(&self, figure: impl Fn(Sample) -> f64) -> f64 {
        median(self.samples.iter().map(|&sample| figure(sample)))
    }

    /// How many times the time of `other` a step takes.
    fn times(&self, other: &Self) -> f64 {
        median(self.samples.iter().zip(&other.samples).map(|(one, other)| one.per_step() / other.per_step()))
    }
}

/// Measures all ways, in turns.
fn race(workload: &Workload, ways: &[Way], effort: Effort) -> Vec<Series> {
    let prepared = &workload.prepared;
    let seeds: Vec<u64> = ways.iter().map(|&way| effort.seeds(way, prepared)).collect();
    let mut race: Vec<Series> = ways.iter().map(|&way| Series { way, samples: Vec::new() }).collect();
    for _ in 0..effort.rounds {
        for (series, &seeds) in race.iter_mut().zip(&seeds) {
            series.samples.push(Sample::take(series.way, prepared, seeds));
        }
    }
    race
}

/// A figure, and what it should be.
struct Target {
    what: String,
    figure: f64,
    wanted: f64,
    /// Whether more is better.
    at_least: bool,
}

impl Target {
    fn print(&self) {
        let Self { what, figure, wanted, at_least } = self;
        let met = if *at_least { figure >= wanted } else { figure <= wanted };
        let (bound, verdict) =
            (if *at_least { "at least" } else { "at most" }, if met { "met" } else { "MISSED" });
        println!("{what:<58} {figure:>12.2}   {bound} {wanted}: {verdict}");
    }
}

fn at_least(what: String, figure: f64, wanted: f64) -> Target {
    Target { what, figure, wanted, at_least: true }
}

fn at_most(what: String, figure: f64, wanted: f64) -> Target {
    Target { what, figure, wanted, at_least: false }
}

/// One row for each way, and the targets that they decide.
fn compare(workload: &Workload, ways: &[Way], effort: Effort) -> Vec<Target> {
    let name = &workload.name;
    let race = race(workload, ways, effort);
    let ours = &race[0];
    let mut targets = Vec::new();
    for series in &race {
        let times = series.times(ours);
        println!(
            "{name:<14} {:<22} {:>9.0} {:>10.0} {:>10.0} {:>9.0} {times:>8.2}",
            series.way.name(),
            series.median(|sample| sample.per_second(sample.seeds)),
            series.median(|sample| sample.per_second(sample.steps)),
            series.median(|sample| sample.per_second(sample.events)),
            series.median(|sample| sample.per_step() * 1e9),
        );
        match series.way {
            Way::Highwater => {
                let events = series.median(|sample| sample.per_second(sample.events));
                targets.push(at_least(format!("{name}: events a second"), events, 1e6));
            }
            Way::Unjudged => {}
            Way::Bare => {
                let times = ours.times(series);
                targets.push(at_most(format!("{name}: time, in times the bare loop's"), times, 2.0));
            }
            Way::Usual => {
                targets.push(at_least(
                    format!("{name}: steps a second, in times the usual way's"),
                    times,
                    5.0,
                ));
            }
        }
    }
    if name == "steady_state" {
        let seeds = ours.median(|sample| sample.per_second(sample.seeds));
        targets.push(at_least(format!("{name}: seeds a second"), seeds, 2_000.0));
    }
    targets
}

/// How the time of a record grows with their number.
fn scale(effort: Effort) -> Vec<Target> {
    let runs: Vec<(u32, Workload, u64)> = SCALES
        .map(|records| (records, scaled(records)))
        .map(|(records, workload)| {
            let seeds = effort.seeds(Way::Highwater, &workload.prepared);
            (records, workload, seeds)
        })
        .into();
    let mut rounds = Vec::new();
    for _ in 0..effort.rounds {
        let per_record = |(records, workload, seeds): &(u32, Workload, u64)| {
            Sample::take(Way::Highwater, &workload.prepared, *seeds).seconds
                / (seeds * u64::from(*records)) as f64
        };
        rounds.push(runs.iter().map(per_record).collect::<Vec<f64>>());
    }
    let mut targets = Vec::new();
    for (place, records) in SCALES.into_iter().enumerate() {
        let micros = median(rounds.iter().map(|round| round[place] * 1e6));
        let times = median(rounds.iter().map(|round| round[place] / round[0]));
        println!("{records:>14} records {micros:>22.2} us a record {times:>8.2}");
        if place > 0 {
            let what = format!("{records} records: time of one, in times that of 200");
            targets.push(at_most(what, times, 1.2));
        }
    }
    targets
}

/// How long a run takes in which a group of 50 members shares 200 partitions and rebalances three times.
fn rebalance(effort: Effort) -> Vec<Target> {
    let mut targets = Vec::new();
    for assignor in Assignor::iter() {
        let workload = rebalances(assignor);
        let runs = (0..effort.rounds).map(|_| Sample::take(Way::Highwater, &workload.prepared, 1));
        let runs: Vec<Sample> = runs.collect();
        let (steps, seconds) = (runs[0].steps, median(runs.iter().map(|run| run.seconds)));
        println!(
            "50 members, 200 partitions, {:<20} {steps:>9} steps {seconds:>10.3} s a run",
            workload.name
        );
        let what = format!("50 members, 200 partitions, {}: seconds a run", workload.name);
        targets.push(at_most(what, seconds, 1.0));
    }
    targets
}

/// What a step costs under each preset, in times what it costs under `0.11-iv1`; the presets take turns.
fn presets(effort: Effort) -> Vec<Target> {
    let workloads: Vec<(Preset, Workload)> =
        Preset::iter().map(|preset| (preset, steady_state_under(preset))).collect();
    let seeds: Vec<u64> =
        workloads.iter().map(|(_, workload)| effort.seeds(Way::Highwater, &workload.prepared)).collect();
    let mut rounds: Vec<Vec<Sample>> = Vec::new();
    for _ in 0..effort.rounds {
        let sample = |((_, workload), &seeds): (&(Preset, Workload), &u64)| {
            Sample::take(Way::Highwater, &workload.prepared, seeds)
        };
        rounds.push(workloads.iter().zip(&seeds).map(sample).collect());
    }
    let base = workloads.iter().position(|(preset, _)| *preset == Preset::V0_11Iv1).unwrap_or_default();
    let mut targets = Vec::new();
    for (place, (preset, _)) in workloads.iter().enumerate() {
        let times = median(rounds.iter().map(|round| round[place].per_step() / round[base].per_step()));
        let nanos = median(rounds.iter().map(|round| round[place].per_step() * 1e9));
        let Sample { steps, seeds, .. } = rounds[0][place];
        println!("{:<14} {:>22} steps a run {nanos:>9.0} ns/step {times:>8.3}", preset.name(), steps / seeds);
        let what = format!("{}: time of a step, in times 0.11-iv1's", preset.name());
        targets.push(at_most(what, times, 1.05));
    }
    targets
}

fn main() {
    let full = std::env::args().any(|argument| argument == "--bench");
    let effort = if full { Effort::FULL } else { Effort::BRIEF };
    println!(
        "{:<14} {:<22} {:>9} {:>10} {:>10} {:>9} {:>8}",
        "workload", "way", "seeds/s", "steps/s", "events/s", "ns/step", "times"
    );
    let mut targets = Vec::new();
    targets.extend(compare(&steady_state(), &WAYS, effort));
    targets.extend(compare(&busy(), &WAYS, effort));
    // The usual way has no faults.
    targets.extend(compare(&chaos(), &WAYS[..3], effort));
    println!();
    targets.extend(scale(effort));
    println!();
    targets.extend(rebalance(effort));
    println!();
    targets.extend(presets(effort));
    println!();
    for target in &targets {
        target.print();
    }
}
