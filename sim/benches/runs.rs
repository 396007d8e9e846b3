//! Steps a second of each way to run each workload; see also the `ratios` benchmark.
//!
//! One step is one input that a machine handles, or one act of the driver such as a fault. All seeds of a sample are the same
//! in every sample.

mod idiomatic;
mod workloads;

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use highwater_sim::run::{RunOptions, run, run_bare};

use crate::workloads::{SCALES, Workload, busy, chaos, scaled, steady_state};

fn unjudged() -> RunOptions {
    RunOptions { judges: false, trace: None }
}

/// Measures one way to run a workload. `steps` runs a seed and says how many steps that took.
fn measure(
    group: &mut BenchmarkGroup<'_, WallTime>,
    way: &str,
    Workload { seeds, .. }: &Workload,
    steps: impl Fn(u64) -> u64,
) {
    let sample = || (0..*seeds).map(&steps).sum::<u64>();
    group.throughput(Throughput::Elements(sample()));
    group.bench_function(way, |bencher| bencher.iter(|| black_box(sample())));
}

/// Highwater with its judges, without them, and as a bare loop.
fn ours(group: &mut BenchmarkGroup<'_, WallTime>, workload: &Workload) {
    let prepared = &workload.prepared;
    measure(group, "highwater", workload, |seed| run(prepared, seed, RunOptions::default()).steps);
    measure(group, "highwater without judges", workload, |seed| run(prepared, seed, unjudged()).steps);
    measure(group, "bare loop", workload, |seed| run_bare(prepared, seed, RunOptions::default()).steps);
}

fn drivers(criterion: &mut Criterion) {
    for workload in [steady_state(), busy()] {
        let mut group = criterion.benchmark_group(&workload.name);
        ours(&mut group, &workload);
        // A twentieth of the speed: a smaller sample of the same seeds is enough.
        let few = Workload { seeds: workload.seeds.div_ceil(5), ..workload };
        measure(&mut group, "the usual madsim way", &few, |seed| idiomatic::run(&few.prepared, seed).steps);
        group.finish();
    }
}

fn faults(criterion: &mut Criterion) {
    let chaos = chaos();
    let mut group = criterion.benchmark_group(&chaos.name);
    ours(&mut group, &chaos);
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

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = drivers, faults, records
}
criterion_main!(benches);
