//! Plain questions to a history, each answered by going through all of it.

use super::told::{Group, Line, Producer, Said, Told, topic_of};

/// How a record's producer was last told that it went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    Unsent,
    Pending,
    Done,
    Unknown,
    SurelyFailed,
}

/// One time that a client was told which value an offset has.
#[derive(Clone)]
pub(crate) struct Report {
    /// Which line.
    pub(crate) at: usize,
    pub(crate) partition: String,
    pub(crate) offset: u64,
    pub(crate) value: u64,
    /// The cluster stands by it: committed, not only appended.
    pub(crate) firm: bool,
    /// By a poll.
    pub(crate) read: bool,
}

/// A transaction, from its begin to where its client knows no more of it.
pub(crate) struct Transaction {
    pub(crate) client: String,
    pub(crate) id: u64,
    pub(crate) begun: usize,
    /// The line behind which nothing more is part of it.
    pub(crate) over: usize,
    /// What its application was told, and at which line.
    pub(crate) ended: Option<(usize, bool)>,
    /// Each record that was handed over, and the line.
    pub(crate) records: Vec<(usize, String, u64)>,
}

/// A history with what every question needs.
pub(crate) struct Known<'a> {
    pub(crate) told: &'a Told,
    pub(crate) reports: Vec<Report>,
    pub(crate) transactions: Vec<Transaction>,
}

impl<'a> Known<'a> {
    pub(crate) fn new(told: &'a Told) -> Self {
        let mut known = Self { told, reports: Vec::new(), transactions: transactions(told) };
        for (at, line) in told.lines.iter().enumerate() {
            known.reports.extend(reports(told, at, line));
        }
        known
    }

    pub(crate) fn lines(
        &self,
    ) -> impl DoubleEndedIterator<Item = (usize, &'a Line)> + ExactSizeIterator + use<'a> {
        self.told.lines.iter().enumerate()
    }

    pub(crate) fn group(&self, name: &str) -> &'a Group {
        self.told.groups.iter().find(|group| group.name == name).expect("the header names every group")
    }

    // ---- settings ----

    pub(crate) fn producer(&self, client: &str) -> Option<&'a Producer> {
        self.told.producers.iter().find(|producer| producer.client == client)
    }

    /// Whose record it is.
    pub(crate) fn sender(&self, value: u64) -> Option<&'a Producer> {
        let older = self.told.producers.iter().filter(|producer| producer.values_from <= value);
        older.max_by_key(|producer| producer.values_from)
    }

    /// Of a partition, or of its topic.
    pub(crate) fn is_clean(&self, partition: &str) -> bool {
        let topic = self.told.topics.iter().find(|topic| topic.name == topic_of(partition));
        topic.is_some_and(|topic| !topic.unclean || topic.strategy == "majority")
    }

    /// Elections are clean where groups and transactions keep what they know.
    pub(crate) fn coordinators_last(&self) -> bool {
        self.told.topics.iter().all(|topic| !topic.name.starts_with("__") || self.is_clean(&topic.name))
    }

    /// A promise to those whose acknowledgements wait for all copies, where elections are clean.
    pub(crate) fn acks_last(&self, producer: Option<&Producer>, partition: &str) -> bool {
        let topic = self.told.topics.iter().find(|topic| topic.name == topic_of(partition));
        producer.is_some_and(|producer| producer.acks == "-1")
            && topic.is_some_and(|topic| topic.strategy != "leader")
            && self.is_clean(partition)
    }

    /// Some group reads the topic from its start; with `read_committed`, if that is asked for.
    pub(crate) fn read_from_start(&self, partition: &str, committed_only: bool) -> bool {
        self.told.groups.iter().any(|group| {
            group.from_start
                && (group.committed_only || !committed_only)
                && group.topics.iter().any(|topic| topic == topic_of(partition))
        })
    }

    pub(crate) fn restarted_before(&self, client: &str, at: usize) -> bool {
        let mut before = self.told.lines[..at].iter();
        before.any(|line| line.client == client && matches!(line.said, Said::Restarted))
    }

    // ---- records ----

    /// Every record that was handed over, once, in the order of values.
    pub(crate) fn values(&self) -> Vec<u64> {
        let mut values: Vec<u64> = self
            .lines()
            .filter_map(
                |(_, line)| if let Said::Sent { value, .. } = &line.said { Some(*value) } else { None },
            )
            .collect();
        values.sort_unstable();
        values.dedup();
        values
    }

    /// The lines before `until` at which it was handed over, and to which partition.
    pub(crate) fn sendings(&self, of: u64, until: usize) -> Vec<(usize, &'a str)> {
        let before = self.lines().take(until);
        before
            .filter_map(|(at, line)| match &line.said {
                Said::Sent { partition, value, .. } if *value == of => Some((at, partition.as_str())),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn fate(&self, of: u64, until: usize) -> Fate {
        let told = self.lines().take(until).rev().find_map(|(at, line)| match &line.said {
            Said::Sent { value, .. } if *value == of => Some(Fate::Pending),
            Said::Acknowledged { records } if records.iter().any(|(.., value)| *value == of) => {
                Some(Fate::Done)
            }
            Said::Failed { values, surely } if values.iter().any(|(_, value)| *value == of) => {
                let again = self.sendings(of, at).len() > 1;
                Some(if *surely && !again { Fate::SurelyFailed } else { Fate::Unknown })
            }
            _ => None,
        });
        told.unwrap_or(Fate::Unsent)
    }

    /// The value that counts for an offset: the first that the cluster stands by, else the first.
    pub(crate) fn standing(&self, partition: &str, offset: u64, until: usize) -> Option<&Report> {
        let here = || {
            let told = self.reports.iter().take_while(move |report| report.at < until);
            told.filter(move |report| report.offset == offset && report.partition == partition)
        };
        here().find(|report| report.firm).or_else(|| here().next())
    }

    pub(crate) fn was_read(&self, value: u64) -> bool {
        self.reports.iter().any(|report| report.read && report.value == value)
    }

    /// By a member of a group with `read_committed`, before this line.
    pub(crate) fn was_read_committed(&self, value: u64, until: usize) -> bool {
        let reads =
            self.reports.iter().filter(|report| report.read && report.value == value && report.at < until);
        reads.into_iter().any(|report| self.group(&self.told.lines[report.at].group).committed_only)
    }

    // ---- transactions ----

    /// The transaction of a record's last sending before this line.
    pub(crate) fn transaction_of(&self, value: u64, until: usize) -> Option<&Transaction> {
        let (sent_at, _) = *self.sendings(value, until).last()?;
        self.transactions.iter().find(|it| it.records.iter().any(|(at, ..)| *at == sent_at))
    }

    /// Whoever reads only what is committed, and comes past it, must have been given it.
    pub(crate) fn must_be_given(&self, value: u64, until: usize) -> bool {
        match self.transaction_of(value, until) {
            None => true,
            Some(transaction) => {
                transaction.ended.is_some_and(|(at, commit)| commit && at < until)
                    && self.sendings(value, until).len() == 1
            }
        }
    }
}

fn reports(told: &Told, at: usize, line: &Line) -> Vec<Report> {
    match &line.said {
        Said::Acknowledged { records } => {
            let Some(producer) = told.producers.iter().find(|it| it.client == line.client) else {
                return Vec::new();
            };
            let placed = records.iter().filter_map(|(partition, offset, value)| {
                let topic = told.topics.iter().find(|topic| topic.name == topic_of(partition))?;
                let firm = producer.acks == "-1" && topic.strategy != "leader";
                Some(Report {
                    at,
                    partition: partition.clone(),
                    offset: (*offset)?,
                    value: *value,
                    firm,
                    read: false,
                })
            });
            placed.filter(|_| producer.acks != "0").collect()
        }
        Said::Polled { reads } => {
            let each = reads.iter().flat_map(|(partition, records)| {
                records.iter().map(move |&(offset, value)| Report {
                    at,
                    partition: partition.clone(),
                    offset,
                    value,
                    firm: true,
                    read: true,
                })
            });
            each.collect()
        }
        _ => Vec::new(),
    }
}

fn transactions(told: &Told) -> Vec<Transaction> {
    let mut all = Vec::new();
    for (begun, line) in told.lines.iter().enumerate() {
        let Said::Begins { transaction: id } = line.said else { continue };
        let mine =
            || (begun + 1..).zip(&told.lines[begun + 1..]).filter(|(_, other)| other.client == line.client);
        let (over, ended) = mine()
            .find_map(|(at, other)| match other.said {
                Said::Ended { commit } => Some((at, Some((at, commit)))),
                Said::Fenced | Said::Crashed | Said::Restarted | Said::Begins { .. } => Some((at, None)),
                _ => None,
            })
            .unwrap_or((told.lines.len(), None));
        let records = mine().take_while(|(at, _)| *at < over).filter_map(|(at, other)| match &other.said {
            Said::Sent { partition, value, .. } => Some((at, partition.clone(), *value)),
            _ => None,
        });
        let records = records.collect();
        all.push(Transaction { client: line.client.clone(), id, begun, over, ended, records });
    }
    all
}
