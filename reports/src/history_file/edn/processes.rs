//! Who does what: a process of Jepsen's has one operation under way at a time, and none after one that ended as `:info`.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::ids::NodeId;
use highwater_model::time::Instant;

use super::super::ops::{Kind, Op};
use super::jobs::Job;

/// A line of the file: the invocation of a job, or its completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// By its place.
    pub(super) job: usize,
    pub(super) process: u32,
    pub(super) at: Instant,
    pub(super) invocation: bool,
}

/// Whose processes are free.
#[derive(Default)]
struct Processes {
    begun: u32,
    free: BTreeMap<(NodeId, u32), BTreeSet<u32>>,
}

impl Processes {
    fn take(&mut self, job: &Job) -> u32 {
        let free = self.free.entry((job.client, job.life)).or_default();
        free.pop_first().unwrap_or_else(|| {
            self.begun += 1;
            self.begun - 1
        })
    }
}

/// All lines, in order. What has no completion is `:info` as its client crashes, or at the end.
pub(super) fn assigned(jobs: &[Job], ops: &[Op]) -> Vec<Line> {
    let mut moments: Vec<(usize, bool, usize)> = Vec::new();
    for (place, job) in jobs.iter().enumerate() {
        // What takes no time is over before the next begins.
        if job.to == Some(job.from) {
            moments.push((job.from, false, place));
        } else {
            moments.push((job.from, true, place));
            moments.push((job.to.unwrap_or_else(|| crash_after(job, ops)), false, place));
        }
    }
    moments.sort_by_key(|(at, ..)| *at);
    let last = ops.last().map_or(Instant::START, |op| op.at);
    let mut processes = Processes::default();
    let mut under_way: BTreeMap<usize, u32> = BTreeMap::new();
    let mut lines = Vec::new();
    for (place, begins, number) in moments {
        let job = &jobs[number];
        let at = ops.get(place).map_or(last, |op| op.at);
        let process = under_way.remove(&number).unwrap_or_else(|| {
            let process = processes.take(job);
            lines.push(Line { job: number, process, at, invocation: true });
            process
        });
        if begins {
            under_way.insert(number, process);
            continue;
        }
        lines.push(Line { job: number, process, at, invocation: false });
        if job.kind != Kind::Info {
            processes.free.entry((job.client, job.life)).or_default().insert(process);
        }
    }
    lines
}

/// Where the client's life ends; behind everything if it does not.
fn crash_after(job: &Job, ops: &[Op]) -> usize {
    let crash = |op: &Op| op.client == job.client && op.what.f() == "crash";
    ops.iter().skip(job.from).position(crash).map_or(ops.len(), |place| job.from + place)
}
