//! EDN as text: vectors, maps, keywords, integers and strings are all there is of it.

use std::fmt::Write;

use highwater_model::ids::{Offset, RecordId, TopicPartition};
use highwater_model::names::Names;

use super::super::ops::{Kind, Read, Sent, value};
use super::jobs::{Job, Task};
use super::processes::Line;

/// Writes one operation and a line feed.
pub(super) fn write(text: &mut String, index: usize, line: &Line, jobs: &[Job], names: &Names) {
    let job = &jobs[line.job];
    let kind = if line.invocation { Kind::Invoke } else { job.kind };
    let named: &str = kind.into();
    let (f, said) = match &job.task {
        Task::Send { transaction, sent } => {
            (if *transaction { "txn" } else { "send" }, sends(sent, kind, names))
        }
        Task::Poll(_) if line.invocation => ("poll", "[[:poll]]".to_owned()),
        Task::Poll(reads) => ("poll", format!("[[:poll {{{}}}]]", polled(reads, names))),
        Task::Assign(partitions) => ("assign", format!("[{}]", keys(partitions, names))),
        Task::Crash => ("crash", "nil".to_owned()),
    };
    let (time, process) = (line.at.0 * 1_000, line.process);
    // A String takes whatever is written to it.
    let _taken =
        write!(text, "{{:index {index} :time {time} :process {process} :type :{named} :f :{f} :value {said}");
    if let Some(error) = job.error.filter(|_| !line.invocation) {
        let _taken = write!(text, " :error :{error}");
    }
    text.push_str("}\n");
}

fn sends(sent: &[Sent], kind: Kind, names: &Names) -> String {
    let each = sent.iter().map(|&Sent { partition, offset, value: record, .. }| {
        let (key, record) = (key(partition, names), value(record));
        match (kind, offset) {
            (Kind::Ok | Kind::Info, Some(offset)) => format!("[:send {key} [{offset} {record}]]"),
            (Kind::Ok, None) => format!("[:send {key} [nil {record}]]"),
            (Kind::Invoke | Kind::Fail | Kind::Info, _) => format!("[:send {key} {record}]"),
        }
    });
    format!("[{}]", each.collect::<Vec<_>>().join(" "))
}

fn polled(reads: &[Read], names: &Names) -> String {
    let pair = |&(offset, record): &(Offset, RecordId)| format!("[{offset} {}]", value(record));
    let each = reads.iter().map(|Read { partition, records }| {
        let pairs = records.iter().map(pair).collect::<Vec<_>>().join(" ");
        format!("{} [{pairs}]", key(*partition, names))
    });
    each.collect::<Vec<_>>().join(", ")
}

fn keys(partitions: &[TopicPartition], names: &Names) -> String {
    partitions.iter().map(|partition| key(*partition, names)).collect::<Vec<_>>().join(" ")
}

/// A topic's name has none of the letters that EDN would escape: a scenario's names are checked.
fn key(partition: TopicPartition, names: &Names) -> String {
    format!("{:?}", names.partition(partition))
}
