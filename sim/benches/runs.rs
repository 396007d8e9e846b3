//! Steps a second of each way to run each workload; see also the `ratios` benchmark.
//!
//! One step is one input that a machine handles, or one act of the driver such as a fault. All seeds of a sample are the same
//! in every sample.

mod idiomatic;
mod workloads;

use std::hint::black_box;
use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use highwater_model::config::Assignor;
use highwater_sim::run::{RunOptions, run, run_bare};
use highwater_sim::sweep::{SweepOptions, sweep};

use crate::workloads::{SCALES, Workload, busy, chaos, rebalances, scaled, steady_state};

fn unjudged() -> RunOptions {
    RunOptions { judges: false, ..RunOptions::default() }
}

/// Measures one way to run a workload, on so many seeds at a time. `steps` runs a seed and says how many steps that took.
fn measure(group: &mut BenchmarkGroup<'_, WallTime>, way: &str, seeds: u64, steps: impl Fn(u64) -> u64) {
    let sample = || (0..seeds).map(&steps).sum::<u64>();
    group.throughput(Throughput::Elements(sample()));
    group.bench_function(way, |bencher| bencher.iter(|| black_box(sample())));
}

/// Highwater with its judges, without them, and as a bare loop.
fn ours(group: &mut BenchmarkGroup<'_, WallTime>, workload: &Workload, seeds: u64) {
    let prepared = &workload.prepared;
    measure(group, "highwater", seeds, |seed| run(prepared, seed, RunOptions::default()).steps);
    measure(group, "highwater without judges", seeds, |seed| run(prepared, seed, unjudged()).steps);
    measure(group, "bare loop", seeds, |seed| run_bare(prepared, seed, RunOptions::default()).steps);
}

fn drivers(criterion: &mut Criterion) {
    for (workload, seeds) in [(steady_state(), 100), (busy(), 5)] {
        let mut group = criterion.benchmark_group(&workload.name);
        ours(&mut group, &workload, seeds);
        // So much slower that fewer seeds are enough.
        let usual = |seed| idiomatic::run(&workload.prepared, seed).steps;
        measure(&mut group, "the usual madsim way", seeds / 5, usual);
        group.finish();
    }
}

fn faults(criterion: &mut Criterion) {
    let chaos = chaos();
    let mut group = criterion.benchmark_group(&chaos.name);
    ours(&mut group, &chaos, 10);
    group.finish();
}

/// Here an element is a record: the time of one must not grow with their number.
fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("records");
    for records in SCALES {
        let workload = scaled(records);
        group.throughput(Throughput::Elements(u64::from(records)));
        group.bench_function(&workload.name, |bencher| {
            bencher.iter(|| run(&workload.prepared, 0, RunOptions::default()));
        });
    }
    group.finish();
}

/// A group of 50 members over 200 partitions that rebalances three times in 60 simulated seconds. An element is a run.
fn groups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rebalances");
    group.throughput(Throughput::Elements(1));
    for assignor in [Assignor::Range, Assignor::CooperativeSticky] {
        let workload = rebalances(assignor);
        group.bench_function(&workload.name, |bencher| {
            bencher.iter(|| run(&workload.prepared, 0, RunOptions::default()));
        });
    }
    group.finish();
}

/// A sweep on one thread and on two; two are to be at least 1.8 times as fast on two idle cores. An element is a seed.
fn sweeps(criterion: &mut Criterion) {
    let workload = steady_state();
    let mut group = criterion.benchmark_group("sweep");
    let seeds = 0..2_000;
    group.throughput(Throughput::Elements(seeds.end));
    for jobs in [1, 2] {
        let options = SweepOptions { seeds: seeds.clone(), jobs };
        group.bench_function(format!("{jobs} jobs"), |bencher| {
            bencher.iter(|| sweep(&workload.prepared, &options, &(), &Arc::default()));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = drivers, faults, records, groups, sweeps
}
criterion_main!(benches);
