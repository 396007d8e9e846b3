//! What a history says, read from its lines and from nothing else.

use serde_json::Value;

/// A producer, by its settings.
pub(crate) struct Producer {
    pub(crate) client: String,
    pub(crate) acks: String,
    pub(crate) idempotent: bool,
    pub(crate) in_flight: u64,
    pub(crate) values_from: u64,
}

/// A group, by its settings.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) topics: Vec<String>,
    pub(crate) committed_only: bool,
    pub(crate) from_start: bool,
    pub(crate) commits_after: bool,
}

/// A topic, by its settings.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) unclean: bool,
    pub(crate) strategy: String,
}

/// Where a group stood in a partition, and a record that it made another of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) group: String,
    pub(crate) partition: String,
    pub(crate) offset: u64,
}

/// A line.
pub(crate) struct Line {
    pub(crate) client: String,
    pub(crate) group: String,
    pub(crate) said: Said,
}

/// Partitions and an offset of each.
pub(crate) type Places = Vec<(String, u64)>;

/// What a line says.
pub(crate) enum Said {
    Sent {
        partition: String,
        value: u64,
        made_of: Option<Origin>,
    },
    Acknowledged {
        records: Vec<(String, Option<u64>, u64)>,
    },
    /// `surely`: not written by any attempt.
    Failed {
        values: Vec<(String, u64)>,
        surely: bool,
    },
    Polled {
        reads: Vec<(String, Vec<(u64, u64)>)>,
    },
    Assigned(Vec<String>),
    Revoked(Vec<String>),
    Positioned(Places),
    Finished {
        partition: String,
        from: u64,
        to: u64,
    },
    AsksToCommit(Places),
    HasCommitted(Places),
    BringsOffsets(Places),
    Begins {
        transaction: u64,
    },
    AsksForEnd {
        commit: bool,
    },
    Ended {
        commit: bool,
    },
    Fenced,
    Crashed,
    Restarted,
    Grown {
        topic: String,
        first: u64,
        count: u64,
    },
    /// What bears on nothing here.
    Other,
}

/// A whole history.
pub(crate) struct Told {
    pub(crate) producers: Vec<Producer>,
    pub(crate) groups: Vec<Group>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) lines: Vec<Line>,
    pub(crate) converged: bool,
}

impl Told {
    /// Reads a file's text. Whatever is not of its form fails the test.
    pub(crate) fn read(text: &str) -> Self {
        let mut values =
            text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
        let header = values.next().expect("a history has a header");
        assert_eq!(
            (&header["format"], &header["version"]),
            (&Value::from("highwater-history"), &Value::from(1))
        );
        let mut lines: Vec<Value> = values.collect();
        let last = lines.pop().expect("a history says how it ended");
        assert_eq!(last["ops"].as_u64(), Some(lines.len() as u64), "it is whole");
        Self {
            producers: each(&header["producers"], producer),
            groups: each(&header["groups"], group),
            topics: each(&header["topics"], |it| Topic {
                name: text_of(&it["topic"]),
                unclean: it["unclean.leader.election.enable"] == true,
                strategy: text_of(&it["ack_strategy"]),
            }),
            lines: lines.iter().map(line).collect(),
            converged: last["end"] == "converged",
        }
    }
}

fn producer(it: &Value) -> Producer {
    Producer {
        client: text_of(&it["client"]),
        acks: text_of(&it["acks"]),
        idempotent: it["enable.idempotence"] == true,
        in_flight: number(&it["max.in.flight.requests.per.connection"]),
        values_from: number(&it["values_from"]),
    }
}

fn group(it: &Value) -> Group {
    Group {
        name: text_of(&it["group"]),
        topics: each(&it["topics"], text_of),
        committed_only: it["isolation.level"] == "read_committed",
        from_start: it["auto.offset.reset"] == "earliest",
        commits_after: it["enable.auto.commit"] == true || it["commit"] != "before_processing",
    }
}

fn line(it: &Value) -> Line {
    let (kind, value) = (text_of(&it["type"]), &it["value"]);
    let said = match (text_of(&it["f"]).as_str(), kind.as_str()) {
        ("send", "invoke") => {
            let [send] = &each(value, Value::clone)[..] else {
                panic!("one record is handed over at a time")
            };
            Said::Sent {
                partition: text_of(&send[1]),
                value: number(&send[2]),
                made_of: send[3].get("made_of").map(|of| Origin {
                    group: text_of(&of[0]),
                    partition: text_of(&of[1]),
                    offset: number(&of[2]),
                }),
            }
        }
        ("send", "ok") => Said::Acknowledged {
            records: each(value, |send| (text_of(&send[1]), send[2][0].as_u64(), number(&send[2][1]))),
        },
        ("send", kind) => Said::Failed {
            values: each(value, |send| (text_of(&send[1]), number(&send[2]))),
            surely: kind == "fail",
        },
        ("poll", _) => Said::Polled {
            reads: keyed(&value[0][1], |records| each(records, |it| (number(&it[0]), number(&it[1])))),
        },
        ("assign", _) => Said::Assigned(each(value, text_of)),
        ("revoke", _) => Said::Revoked(each(value, text_of)),
        ("seek", _) => Said::Positioned(keyed(value, number)),
        ("process", _) => {
            let [(partition, [from, to])] = &keyed(value, |it| [number(&it[0]), number(&it[1])])[..] else {
                panic!("records of one partition are finished at a time")
            };
            Said::Finished { partition: partition.clone(), from: *from, to: *to }
        }
        ("commit-offsets", "invoke") => Said::AsksToCommit(keyed(value, number)),
        ("commit-offsets", "ok") | ("committed", _) => Said::HasCommitted(keyed(value, number)),
        ("send-offsets", _) => Said::BringsOffsets(keyed(value, number)),
        ("begin", _) => Said::Begins { transaction: number(&value["transaction"]) },
        (end @ ("commit" | "abort"), "invoke") => Said::AsksForEnd { commit: end == "commit" },
        (end @ ("commit" | "abort"), "ok") => Said::Ended { commit: end == "commit" },
        ("fenced", _) => Said::Fenced,
        ("crash", _) => Said::Crashed,
        ("restart", _) => Said::Restarted,
        ("create-partitions", _) => Said::Grown {
            topic: text_of(&value["topic"]),
            first: number(&value["first"]),
            count: number(&value["count"]),
        },
        ("commit" | "abort" | "commit-offsets", _) => Said::Other,
        (f, kind) => panic!("{f} of type {kind} has no meaning"),
    };
    let group = it["group"].as_str().unwrap_or_default().to_owned();
    Line { client: text_of(&it["client"]), group, said }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is a text")).to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is a number"))
}

fn each<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap_or_else(|| panic!("{value} is a list")).iter().map(read).collect()
}

fn keyed<T>(value: &Value, read: impl Fn(&Value) -> T) -> Vec<(String, T)> {
    let object = value.as_object().unwrap_or_else(|| panic!("{value} is an object"));
    object.iter().map(|(key, value)| (key.clone(), read(value))).collect()
}

/// `orders` of `orders-0`.
pub(crate) fn topic_of(partition: &str) -> &str {
    partition.rsplit_once('-').map_or(partition, |(topic, _)| topic)
}
