//! Jepsen's operations, each from its invocation to its completion, made of what clients know.

use std::collections::{BTreeMap, BTreeSet};

use highwater_model::ids::{NodeId, Offset, RecordId, TopicPartition};
use highwater_model::message::ErrorCode;

use super::super::ops::{Kind, Op, Read, Sent, What};

/// One operation of Jepsen's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Job {
    pub(super) client: NodeId,
    /// The life of the client.
    pub(super) life: u32,
    /// The places of its invocation and its completion among all that clients know; none if it had none until the end.
    pub(super) from: usize,
    pub(super) to: Option<usize>,
    pub(super) kind: Kind,
    pub(super) task: Task,
    pub(super) error: Option<&'static str>,
}

/// What it does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// Sends, alone or in a transaction; what their offsets are, as far as the client was told.
    Send {
        transaction: bool,
        sent: Vec<Sent>,
    },
    Poll(Vec<Read>),
    Assign(Vec<TopicPartition>),
    Crash,
}

/// Where a client stands.
#[derive(Default)]
struct Client {
    /// The jobs of the records that it has handed over and knows nothing of yet.
    sending: BTreeMap<RecordId, usize>,
    /// The job of its open transaction.
    transaction: Option<usize>,
    owned: BTreeSet<TopicPartition>,
    /// Which partitions it has polled since it was given them, or set its position.
    polled: BTreeSet<TopicPartition>,
}

/// All jobs, in the order of their invocations.
pub(super) fn jobs(ops: &[Op]) -> Vec<Job> {
    let mut jobs = Jobs { all: Vec::new(), clients: BTreeMap::new() };
    for (place, op) in ops.iter().enumerate() {
        jobs.hear(place, op);
    }
    jobs.all.retain(|job| !matches!(&job.task, Task::Send { sent, .. } if sent.is_empty()));
    jobs.all.sort_by_key(|job| job.from);
    jobs.all
}

struct Jobs {
    all: Vec<Job>,
    clients: BTreeMap<NodeId, Client>,
}

impl Jobs {
    fn hear(&mut self, place: usize, op: &Op) {
        let client = self.clients.entry(op.client).or_default();
        match &op.what {
            What::Send(sent) if op.kind == Kind::Invoke => self.handed_over(place, op, sent),
            What::Send(sent) => self.sent(place, op, sent),
            What::Begin(..) => {
                let job = Job { kind: Kind::Info, to: None, ..instant(place, op, transaction()) };
                client.transaction = Some(self.all.len());
                self.all.push(job);
            }
            What::End { commit } => self.ended(place, op, *commit),
            What::Poll(_, reads) => {
                client.polled.extend(reads.iter().map(|read| read.partition));
                self.all.push(instant(place, op, Task::Poll(reads.clone())));
            }
            What::Assign(_, partitions) => {
                client.owned = partitions.iter().copied().collect();
                self.assign(place, op);
            }
            What::Revoke(_, partitions) => {
                client.owned.retain(|partition| !partitions.contains(partition));
                self.assign(place, op);
            }
            What::Seek(_, partition, _) => self.positioned(place, op, *partition),
            What::Crash => {
                self.clients.remove(&op.client);
                self.all.push(instant(place, op, Task::Crash));
            }
            What::Process(..)
            | What::Commit(..)
            | What::Committed(..)
            | What::SendOffsets(..)
            | What::Fenced
            | What::Restart
            | What::CreatePartitions(..) => {}
        }
    }

    fn handed_over(&mut self, place: usize, op: &Op, sent: &[Sent]) {
        let client = self.clients.entry(op.client).or_default();
        for &sent in sent {
            let job = match client.transaction {
                Some(job) => {
                    push(&mut self.all[job], sent);
                    job
                }
                None => {
                    let task = Task::Send { transaction: false, sent: vec![sent] };
                    self.all.push(Job { kind: Kind::Info, to: None, ..instant(place, op, task) });
                    self.all.len() - 1
                }
            };
            client.sending.insert(sent.value, job);
        }
    }

    /// Records that went together were one operation, which began with the first of them.
    fn sent(&mut self, place: usize, op: &Op, sent: &[Sent]) {
        let client = self.clients.entry(op.client).or_default();
        let jobs: Vec<usize> = sent.iter().filter_map(|sent| client.sending.remove(&sent.value)).collect();
        let Some(&first) = jobs.iter().min() else { return };
        if is_transaction(&self.all[first]) {
            for sent in sent {
                learn(&mut self.all[first], sent.value, sent.offset);
            }
            return;
        }
        for &job in &jobs {
            if let Task::Send { sent, .. } = &mut self.all[job].task {
                sent.clear();
            }
        }
        let job = &mut self.all[first];
        (job.to, job.kind, job.error) = (Some(place), op.kind, op.error.map(ErrorCode::name));
        job.task = Task::Send { transaction: false, sent: sent.to_vec() };
    }

    /// A transaction that failed is not over: its application goes on to abort it.
    fn ended(&mut self, place: usize, op: &Op, commit: bool) {
        let client = self.clients.entry(op.client).or_default();
        let Some(job) = client.transaction.filter(|_| op.kind != Kind::Invoke) else { return };
        let job = &mut self.all[job];
        job.error = op.error.map(ErrorCode::name).or(job.error);
        if op.kind == Kind::Ok {
            (job.to, job.kind) = (Some(place), if commit { Kind::Ok } else { Kind::Fail });
            client.transaction = None;
        }
    }

    /// To Jepsen a poll goes on where the one before ended, unless the partition was not among the assigned meanwhile.
    fn positioned(&mut self, place: usize, op: &Op, partition: TopicPartition) {
        let client = self.clients.entry(op.client).or_default();
        if client.polled.remove(&partition) {
            let others = client.owned.iter().copied().filter(|owned| *owned != partition).collect();
            self.all.push(instant(place, op, Task::Assign(others)));
            self.assign(place, op);
        }
    }

    fn assign(&mut self, place: usize, op: &Op) {
        let client = self.clients.entry(op.client).or_default();
        let owned = &client.owned;
        client.polled.retain(|partition| owned.contains(partition));
        self.all.push(instant(place, op, Task::Assign(owned.iter().copied().collect())));
    }
}

/// An operation that ends as it begins.
fn instant(place: usize, op: &Op, task: Task) -> Job {
    let kind = if task == Task::Crash { Kind::Info } else { Kind::Ok };
    Job { client: op.client, life: op.process, from: place, to: Some(place), kind, task, error: None }
}

fn transaction() -> Task {
    Task::Send { transaction: true, sent: Vec::new() }
}

fn is_transaction(job: &Job) -> bool {
    matches!(job.task, Task::Send { transaction: true, .. })
}

fn push(job: &mut Job, record: Sent) {
    if let Task::Send { sent, .. } = &mut job.task {
        sent.push(record);
    }
}

fn learn(job: &mut Job, value: RecordId, offset: Option<Offset>) {
    if let Task::Send { sent, .. } = &mut job.task {
        sent.iter_mut().filter(|sent| sent.value == value).for_each(|sent| sent.offset = offset);
    }
}
