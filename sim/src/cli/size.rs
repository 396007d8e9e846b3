//! `highwater size`: how many partitions a topic needs, with the arithmetic.

use std::io;

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::units::{self, Counted, Rate, Size, thousands};
use super::{Exit, output};

/// Says how many partitions a topic needs for what it carries, for what it keeps, or for both.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct SizeArguments {
    /// What is written to the topic at most: 100MB/s, 2 GiB/s, 5000 records/s
    #[arg(long, value_name = "RATE", allow_hyphen_values = true, value_parser = units::rate, requires = "consumer_throughput")]
    topic_throughput: Option<Rate>,
    /// What one consumer takes, in the same unit
    #[arg(long, value_name = "RATE", allow_hyphen_values = true, value_parser = units::rate, requires = "topic_throughput")]
    consumer_throughput: Option<Rate>,
    /// How much of the topic is kept, one copy of it counted: 1TB, 500GiB
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true, value_parser = units::size)]
    retained: Option<Size>,
    /// How large a partition may become
    #[arg(long, value_name = "SIZE", allow_hyphen_values = true, value_parser = units::size, default_value = "25GB", requires = "retained")]
    partition_max: Size,
    /// How many replicas each partition has; tells the disk that all of them need
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=255), requires = "retained")]
    replication: Option<u64>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

const EXAMPLES: &str = "\
kB, MB, GB, TB and PB are powers of 1000; KiB, MiB, GiB, TiB and PiB are powers of 1024.

Examples:
  highwater size --topic-throughput 100MB/s --consumer-throughput 10MB/s
  highwater size --topic-throughput '20000 records/s' --consumer-throughput '1500 records/s'
  highwater size --retained 1TB
  highwater size --retained 1TB --partition-max 50GB --replication 3
  highwater size --topic-throughput 100MB/s --consumer-throughput 10MB/s --retained 1TB --format json

Exit codes:
    0  it was printed
    2  misuse, or it could not be written
  101  a defect of Highwater itself";

/// The faces of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Does what `highwater size` says.
///
/// # Errors
/// The result could not be written.
pub(super) fn size(arguments: &SizeArguments) -> io::Result<Exit> {
    match answered(arguments) {
        Ok(answer) => {
            output::result(&answer)?;
            Ok(Exit::SUCCESS)
        }
        Err(wrong) => {
            output::note(&format!("highwater: {wrong}"));
            Ok(Exit::MISUSED)
        }
    }
}

fn answered(arguments: &SizeArguments) -> Result<String, String> {
    let sizing = Sizing::of(arguments)?;
    Ok(match arguments.format {
        Format::Text => sizing.text(),
        Format::Json => serde_json::to_string_pretty(&sizing.answer()).expect("numbers and names are JSON"),
    })
}

/// What is asked, checked.
struct Sizing<'a> {
    /// What the topic carries, and what one consumer takes.
    throughput: Option<(&'a Rate, &'a Rate)>,
    /// What is kept.
    retained: Option<&'a Size>,
    partition_max: &'a Size,
    replication: Option<u64>,
    /// What all replicas need, in bytes.
    disk: Option<u64>,
}

impl<'a> Sizing<'a> {
    fn of(arguments: &'a SizeArguments) -> Result<Self, String> {
        let throughput = arguments.topic_throughput.as_ref().zip(arguments.consumer_throughput.as_ref());
        let retained = arguments.retained.as_ref();
        if throughput.is_none() && retained.is_none() {
            return Err("nothing to size the topic by; tell what it carries, what it keeps, or both:\n  \
                 highwater size --topic-throughput 100MB/s --consumer-throughput 10MB/s\n  \
                 highwater size --retained 1TB"
                .to_owned());
        }
        if let Some((topic, consumer)) =
            throughput.filter(|(topic, consumer)| topic.counted != consumer.counted)
        {
            return Err(format!(
                "{topic} and {consumer} cannot be compared; give both in bytes, as 100MB/s and 10MB/s, or both in \
                 records, as '5000 records/s' and '500 records/s'"
            ));
        }
        let disk = match retained.zip(arguments.replication) {
            Some((kept, replicas)) => Some(kept.bytes.checked_mul(replicas).ok_or_else(|| {
                format!("{kept} on {replicas} replicas are more bytes than can be counted; give less to --retained")
            })?),
            None => None,
        };
        let (partition_max, replication) = (&arguments.partition_max, arguments.replication);
        Ok(Self { throughput, retained, partition_max, replication, disk })
    }

    /// How many partitions, and so how many consumers at least, the throughput asks for.
    fn for_throughput(&self) -> Option<u64> {
        self.throughput.map(|(topic, consumer)| topic.amount.div_ceil(consumer.amount))
    }

    /// How many partitions the size asks for.
    fn for_retained(&self) -> Option<u64> {
        self.retained.map(|kept| kept.bytes.div_ceil(self.partition_max.bytes))
    }

    /// The larger number: both have to be met.
    fn partitions(&self) -> u64 {
        self.for_throughput().max(self.for_retained()).expect("at least one of them was asked")
    }

    fn answer(&self) -> Answer {
        Answer {
            partitions: self.partitions(),
            throughput: self.throughput.map(|(topic, consumer)| ThroughputAnswer {
                topic: topic.amount,
                consumer: consumer.amount,
                unit: topic.unit(),
                partitions: topic.amount.div_ceil(consumer.amount),
            }),
            retention: self.retained.map(|kept| RetentionAnswer {
                retained_bytes: kept.bytes,
                partition_max_bytes: self.partition_max.bytes,
                partitions: kept.bytes.div_ceil(self.partition_max.bytes),
                replication: self.replication,
                disk_bytes: self.disk,
            }),
            consumers_min: self.for_throughput(),
            consumers_max: self.partitions(),
        }
    }

    fn text(&self) -> String {
        let mut lines = Vec::new();
        if let Some((topic, consumer)) = self.throughput {
            lines.push(format!("To carry {topic} when one consumer takes {consumer}:"));
            if topic.counted == Counted::Bytes {
                lines.extend(in_bytes(&[(topic, topic.amount), (consumer, consumer.amount)], "/s"));
            }
            lines.push(quotient(&(topic, topic.amount), &(consumer, consumer.amount)));
        }
        if let Some(kept) = self.retained {
            let max = self.partition_max;
            lines.push(format!("To keep {kept} when a partition holds at most {max}:"));
            lines.extend(in_bytes(&[(kept, kept.bytes), (max, max.bytes)], ""));
            lines.push(quotient(&(kept, kept.bytes), &(max, max.bytes)));
        }
        lines.push(String::new());
        lines.push(self.verdict());
        lines.push(String::new());
        lines.extend(self.consequences());
        lines.join("\n")
    }

    /// The answer on one line.
    fn verdict(&self) -> String {
        let partitions = counted(self.partitions(), "partition");
        match self.for_throughput().zip(self.for_retained()) {
            Some((carried, kept)) if carried > kept => format!("{partitions}: what is carried asks for more"),
            Some((carried, kept)) if carried < kept => format!("{partitions}: what is kept asks for more"),
            Some(_) => format!("{partitions}: what is carried and what is kept ask for the same"),
            None => partitions,
        }
    }

    /// What follows from the answer, a line each.
    fn consequences(&self) -> Vec<String> {
        let partitions = self.partitions();
        let mut lines = vec![format!(
            "- Of each group at most {} at a time: one partition is read by one of them.",
            if partitions == 1 {
                "one member works".to_owned()
            } else {
                format!("{} members work", thousands(partitions))
            }
        )];
        if let Some(least) = self.for_throughput() {
            lines.push(format!("- To keep up, a group needs at least {}.", counted(least, "member")));
        }
        if let Some(((kept, replicas), disk)) = self.retained.zip(self.replication).zip(self.disk) {
            let (all, about) = (counted(replicas, "replica"), ByteSize(disk).display().si());
            let bytes = thousands(disk);
            lines.push(format!("- Disk: {kept} on {all} = {bytes} bytes ({about}), all brokers together."));
        }
        lines.push(
            "- This holds if records spread evenly; the partition of a busy key has more to carry."
                .to_owned(),
        );
        lines
            .push("- Partitions can be added and never removed, so round up for what is to come.".to_owned());
        lines.push(
            "- When they are added, keys move: what follows of a key is no longer ordered after what came before."
                .to_owned(),
        );
        lines
    }
}

/// The answer for machines. What was not asked is null.
#[derive(Serialize)]
struct Answer {
    partitions: u64,
    throughput: Option<ThroughputAnswer>,
    retention: Option<RetentionAnswer>,
    consumers_min: Option<u64>,
    consumers_max: u64,
}

#[derive(Serialize)]
struct ThroughputAnswer {
    topic: u64,
    consumer: u64,
    unit: &'static str,
    partitions: u64,
}

#[derive(Serialize)]
struct RetentionAnswer {
    retained_bytes: u64,
    partition_max_bytes: u64,
    partitions: u64,
    replication: Option<u64>,
    disk_bytes: Option<u64>,
}

/// What a unit stands for, if the two do not have the same one.
fn in_bytes<T: ToString>(amounts: &[(T, u64); 2], per: &str) -> Option<String> {
    let unit = |amount: &T| amount.to_string().split_once(' ').map(|(_, unit)| unit.to_owned());
    let told =
        |(amount, bytes): &(T, u64)| format!("{} = {} bytes{per}", amount.to_string(), thousands(*bytes));
    let [one, other] = amounts;
    (unit(&one.0) != unit(&other.0)).then(|| format!("  {}; {}", told(one), told(other)))
}

/// `  partitions = ceil(100 MB/s / 30 MB/s) = ceil(3.333…) = 4`
fn quotient<T: ToString>(whole: &(T, u64), part: &(T, u64)) -> String {
    let (told, by) = (whole.0.to_string(), part.0.to_string());
    let (whole, part) = (whole.1, part.1);
    let exact =
        if whole.is_multiple_of(part) { String::new() } else { format!("ceil({}) = ", decimal(whole, part)) };
    format!("  partitions = ceil({told} / {by}) = {exact}{}", thousands(whole.div_ceil(part)))
}

/// The quotient to three places; `…` if there are more.
fn decimal(whole: u64, part: u64) -> String {
    let rest = u128::from(whole % part) * 1_000;
    let (thousandths, more) = (rest / u128::from(part), rest % u128::from(part) != 0);
    let told = format!("{}.{thousandths:03}", thousands(whole / part));
    if more { told + "…" } else { told.trim_end_matches('0').to_owned() }
}

/// `1 partition`, `2 partitions`.
fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
#[path = "size_test.rs"]
mod tests;
