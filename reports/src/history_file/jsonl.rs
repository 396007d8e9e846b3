//! The face that says everything: JSON lines. The header, then an operation a line, then how the run ended.
//!
//! `process` is a life of `client`. `type` and `f` are Jepsen's, and so is the form of sends and polls. Records are handed over
//! one by one, and a completion is of those that went together, so a producer has many sends under way at a time.

use highwater_model::ids::{GroupId, TopicPartition};
use highwater_model::message::ErrorCode;
use highwater_model::names::Names;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::header::Header;
use super::ops::{Kind, Op, Positions, Read, Sent, What, value};
use crate::end::RunEnd;

/// An operation as a line has it.
#[derive(Serialize)]
struct Line<'a> {
    index: usize,
    /// In nanoseconds of the simulated clock.
    time: u64,
    process: u32,
    client: &'a str,
    #[serde(rename = "type")]
    kind: Kind,
    f: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// The whole file.
///
/// # Errors
/// None that a history can cause: all its keys are strings.
pub fn file(header: &Header, ops: &[Op], end: &RunEnd, names: &Names) -> serde_json::Result<String> {
    let mut text = serde_json::to_string(header)?;
    for (index, op) in ops.iter().enumerate() {
        text.push('\n');
        text.push_str(&serde_json::to_string(&line(index, op, names))?);
    }
    text.push('\n');
    let mut last = json!({ "ops": ops.len() });
    if let (Value::Object(last), Value::Object(end)) = (&mut last, serde_json::to_value(end)?) {
        last.extend(end);
    }
    text.push_str(&serde_json::to_string(&last)?);
    text.push('\n');
    Ok(text)
}

fn line<'a>(index: usize, op: &Op, names: &'a Names) -> Line<'a> {
    let group = match &op.what {
        What::Poll(group, _)
        | What::Assign(group, _)
        | What::Revoke(group, _)
        | What::Seek(group, ..)
        | What::Process(group, ..)
        | What::Commit(group, _)
        | What::Committed(group, _)
        | What::SendOffsets(group, _) => Some(*group),
        What::Send(_)
        | What::Begin(..)
        | What::End { .. }
        | What::Fenced
        | What::Crash
        | What::Restart
        | What::CreatePartitions(..) => None,
    };
    Line {
        index,
        time: op.at.0 * 1_000,
        process: op.process,
        client: names.node(op.client),
        kind: op.kind,
        f: op.what.f(),
        group: group.map(|group: GroupId| names.group(group)),
        value: told(op, names),
        error: op.error.map(ErrorCode::name),
    }
}

fn told(op: &Op, names: &Names) -> Value {
    match &op.what {
        What::Send(sent) => sent.iter().map(|sent| send(sent, op.kind, names)).collect(),
        What::Poll(_, reads) => {
            let reads = reads.iter().map(|read| (names.partition(read.partition), records(read)));
            json!([["poll", reads.collect::<Map<_, _>>()]])
        }
        What::Assign(_, partitions) | What::Revoke(_, partitions) => {
            partitions.iter().map(|partition| names.partition(*partition)).collect()
        }
        What::Seek(_, partition, to) => positions(&vec![(*partition, *to)], names),
        What::Process(_, partition, from, to) => json!({ names.partition(*partition): [from, to] }),
        What::Commit(_, offsets) | What::Committed(_, offsets) | What::SendOffsets(_, offsets) => {
            positions(offsets, names)
        }
        What::Begin(transaction, number) => json!({ "transaction": transaction, "number": number }),
        What::End { .. } | What::Fenced | What::Crash | What::Restart => Value::Null,
        What::CreatePartitions(topic, first, count) => {
            json!({ "topic": names.topic(*topic), "first": first, "count": count })
        }
    }
}

/// `["send", "orders-0", 40000000017]`; once it is done `["send", "orders-0", [3, 40000000017]]`.
fn send(sent: &Sent, kind: Kind, names: &Names) -> Value {
    let Sent { partition, offset, value: record, made_of } = *sent;
    let (partition, record) = (names.partition(partition), value(record));
    match (kind, made_of) {
        (Kind::Ok, _) => json!(["send", partition, [offset, record]]),
        (Kind::Invoke, Some(origin)) => {
            let of = (names.group(origin.group), names.partition(origin.partition), origin.offset);
            json!(["send", partition, record, { "made_of": of }])
        }
        (Kind::Invoke | Kind::Fail | Kind::Info, _) => json!(["send", partition, record]),
    }
}

fn records(read: &Read) -> Value {
    read.records.iter().map(|(offset, record)| json!([offset, value(*record)])).collect()
}

fn positions(offsets: &Positions, names: &Names) -> Value {
    let each = |(partition, offset): &(TopicPartition, _)| (names.partition(*partition), json!(offset));
    Value::Object(offsets.iter().map(each).collect())
}
