//! Hears a run and keeps what clients know of it.

use std::collections::BTreeMap;

use highwater_model::event::{Event, Step};
use highwater_model::ids::{CorrelationId, GroupId, NodeId, Offset, TopicPartition};
use highwater_model::machine::Input;
use highwater_model::message::{Body, Envelope, ErrorCode};
use highwater_model::record::{Batch, Content, Origin, Record};

use super::ops::{Kind, Op, Positions, Read, Sent, What};

/// Keeps what clients know of a run.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    brokers: u16,
    ops: Vec<Op>,
    /// By client: the number of its life.
    processes: BTreeMap<NodeId, u32>,
    /// How many processes there have been.
    begun: u32,
    /// What members ask their coordinators and have no answer to: what they commit.
    commits: BTreeMap<(NodeId, CorrelationId), (GroupId, Positions)>,
    /// The same: about which group they ask how far it has come.
    questions: BTreeMap<(NodeId, CorrelationId), GroupId>,
    /// By client: the open transaction's end that it has asked for.
    ends: BTreeMap<NodeId, Option<bool>>,
}

impl Recorder {
    /// Nothing has happened yet.
    pub fn new(brokers: u8) -> Self {
        Self { brokers: u16::from(brokers), ..Self::default() }
    }

    /// All that clients know, in order.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// One step of the run: what came in, what happened, and what leaves.
    pub fn take(&mut self, step: &Step, input: Option<&Input>, events: &[Event], sends: &[Envelope]) {
        if self.is_client(step.node)
            && let Some(Input::Message { message, .. }) = input
        {
            self.told(step, message.correlation, &message.body);
        }
        for event in events {
            self.hear(step, event);
        }
        if self.is_client(step.node) {
            for Envelope { message, .. } in sends {
                self.asks(step, message.correlation, &message.body);
            }
        }
    }

    fn is_client(&self, node: NodeId) -> bool {
        node.0 > self.brokers
    }

    fn add(&mut self, step: &Step, client: NodeId, kind: Kind, what: What) {
        self.add_with(step, client, kind, what, None);
    }

    fn add_with(&mut self, step: &Step, client: NodeId, kind: Kind, what: What, error: Option<ErrorCode>) {
        let next = self.begun;
        let process = *self.processes.entry(client).or_insert(next);
        self.begun += u32::from(process == next);
        self.ops.push(Op { at: step.at, step: step.id, process, client, kind, what, error });
    }

    // ---- what machines say of their applications ----

    fn hear(&mut self, step: &Step, event: &Event) {
        if let Event::RecordSent { client, partition, record } = event {
            let sent = vec![sent(*partition, None, record)];
            self.add(step, *client, Kind::Invoke, What::Send(sent));
        } else if let Event::SendAcknowledged { client, partition, base_offset, records } = event {
            let sent = together(*partition, *base_offset, records);
            self.add(step, *client, Kind::Ok, What::Send(sent));
        } else if let Event::SendFailed { client, partition, records, error, definite } = event {
            let (kind, sent) = (ended_badly(*definite), together(*partition, None, records));
            self.add_with(step, *client, kind, What::Send(sent), Some(*error));
        } else if let Event::RecordsPolled { client, group, partition, from, batch } = event {
            self.polled(step, *client, *group, *partition, *from, batch);
        } else if let Event::RecordsProcessed { client, group, partition, from, to } = event {
            self.add(step, *client, Kind::Ok, What::Process(*group, *partition, *from, *to));
        } else if let Event::PositionReset { client, group, partition, to } = event {
            self.add(step, *client, Kind::Ok, What::Seek(*group, *partition, *to));
        } else if let Event::PartitionsAssigned { client, group, partitions, .. } = event {
            self.add(step, *client, Kind::Ok, What::Assign(*group, partitions.to_vec()));
        } else if let Event::PartitionsRevoked { client, group, partitions, .. } = event {
            self.add(step, *client, Kind::Ok, What::Revoke(*group, partitions.to_vec()));
        } else if let Event::MemberFenced { client, group, error, partitions } = event {
            let what = What::Revoke(*group, partitions.to_vec());
            self.add_with(step, *client, Kind::Info, what, Some(*error));
        } else if let Event::PartitionsCreated { partition, count } = event {
            let what = What::CreatePartitions(partition.topic, partition.partition, *count);
            self.add(step, NodeId::CONTROLLER, Kind::Ok, what);
        } else {
            self.hear_of_lives_and_transactions(step, event);
        }
    }

    fn hear_of_lives_and_transactions(&mut self, step: &Step, event: &Event) {
        if let Event::TransactionBegun { client, transaction, number } = event {
            self.ends.insert(*client, None);
            self.add(step, *client, Kind::Ok, What::Begin(*transaction, *number));
        } else if let Event::TransactionEnded { client, commit, .. } = event {
            self.ends(step, *client, *commit);
            self.ends.remove(client);
            self.add(step, *client, Kind::Ok, What::End { commit: *commit });
        } else if let Event::TransactionFailed { client, error, .. } = event {
            let commit = self.ends.get(client).copied().flatten().unwrap_or(true);
            self.add_with(step, *client, Kind::Info, What::End { commit }, Some(*error));
        } else if let Event::ProducerFenced { client, error, .. } = event {
            self.add_with(step, *client, Kind::Info, What::Fenced, Some(*error));
        } else if let Event::NodeStopped { node, .. } = event {
            if self.is_client(*node) {
                self.add(step, *node, Kind::Info, What::Crash);
                self.forget(*node);
            }
        } else if let Event::NodeRestarted { node } = event
            && self.is_client(*node)
        {
            self.processes.remove(node);
            self.add(step, *node, Kind::Ok, What::Restart);
        }
    }

    /// What polls of one step return is one poll's.
    fn polled(
        &mut self,
        step: &Step,
        client: NodeId,
        group: GroupId,
        partition: TopicPartition,
        from: Offset,
        batch: &Batch,
    ) {
        let placed = (batch.base_offset.0..).map(Offset).zip(batch.records.iter());
        let records =
            placed.filter(|(offset, _)| *offset >= from).map(|(offset, record)| (offset, record.value));
        if let Some(Op { what: What::Poll(_, reads), client: its, step: when, .. }) = self.ops.last_mut()
            && (*its, *when) == (client, step.id)
        {
            match reads.iter_mut().find(|read| read.partition == partition) {
                Some(read) => read.records.extend(records),
                None => reads.push(Read { partition, records: records.collect() }),
            }
            return;
        }
        let reads = vec![Read { partition, records: records.collect() }];
        self.add(step, client, Kind::Ok, What::Poll(group, reads));
    }

    /// A life is over: nobody hears the answers to what it asked.
    fn forget(&mut self, client: NodeId) {
        self.ends.remove(&client);
        self.commits.retain(|(asker, _), _| *asker != client);
        self.questions.retain(|(asker, _), _| *asker != client);
    }

    // ---- what clients ask brokers and are told by them ----

    fn asks(&mut self, step: &Step, correlation: CorrelationId, body: &Body) {
        let client = step.node;
        if let Body::OffsetCommitRequest { group, offsets, .. } = body {
            self.commits.insert((client, correlation), (*group, offsets.clone()));
            self.add(step, client, Kind::Invoke, What::Commit(*group, offsets.clone()));
        } else if let Body::OffsetFetchRequest { group, .. } = body {
            self.questions.insert((client, correlation), *group);
        } else if let Body::TxnOffsetCommitRequest { group, offsets, .. } = body {
            self.add(step, client, Kind::Invoke, What::SendOffsets(*group, offsets.clone()));
        } else if let Body::EndTxnRequest { commit, .. } = body {
            self.ends(step, client, *commit);
        }
    }

    fn told(&mut self, step: &Step, correlation: CorrelationId, body: &Body) {
        let client = step.node;
        if let Body::OffsetCommitReply { error } = body {
            let Some((group, offsets)) = self.commits.remove(&(client, correlation)) else { return };
            let what = What::Commit(group, offsets);
            if *error == ErrorCode::None {
                self.add(step, client, Kind::Ok, what);
            } else {
                self.add_with(step, client, Kind::Info, what, Some(*error));
            }
        } else if let Body::OffsetFetchReply { error: ErrorCode::None, offsets } = body {
            let Some(group) = self.questions.remove(&(client, correlation)) else { return };
            let known = offsets.iter().filter_map(|&(partition, offset)| Some((partition, offset?)));
            let known: Positions = known.collect();
            if !known.is_empty() {
                self.add(step, client, Kind::Ok, What::Committed(group, known));
            }
        }
    }

    /// A producer asks for an end of its transaction, if it has not done so before.
    fn ends(&mut self, step: &Step, client: NodeId, commit: bool) {
        if let Some(asked) = self.ends.get_mut(&client)
            && *asked != Some(commit)
        {
            *asked = Some(commit);
            self.add(step, client, Kind::Invoke, What::End { commit });
        }
    }
}

fn ended_badly(definite: bool) -> Kind {
    if definite { Kind::Fail } else { Kind::Info }
}

fn sent(partition: TopicPartition, offset: Option<Offset>, record: &Record) -> Sent {
    Sent { partition, offset, value: record.value, made_of: made_of(record) }
}

fn together(partition: TopicPartition, base: Option<Offset>, records: &[Record]) -> Vec<Sent> {
    let placed = (0..).zip(records);
    placed.map(|(place, record)| sent(partition, base.map(|base| base.plus(place)), record)).collect()
}

fn made_of(record: &Record) -> Option<Origin> {
    match record.content.as_deref()? {
        Content::Output(origin) => Some(*origin),
        Content::Key(_) | Content::Group(_) | Content::Transaction(_) | Content::Marker(_) => None,
    }
}
