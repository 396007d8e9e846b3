//! The arithmetic of sizes, as the command line asks for it.

use clap::Parser;
use serde_json::{Value, json};

use super::*;

#[derive(Parser)]
struct Asked {
    #[command(flatten)]
    arguments: SizeArguments,
}

/// What `highwater size` answers to these words; whatever is wrong is the error.
fn ask(words: &str) -> Result<String, String> {
    let words = words.split('|').map(str::trim).filter(|word| !word.is_empty());
    let asked =
        Asked::try_parse_from(std::iter::once("size").chain(words)).map_err(|error| error.to_string())?;
    answered(&asked.arguments)
}

fn ask_json(words: &str) -> Value {
    let answer = ask(&format!("{words}|--format|json")).expect("it can be sized");
    serde_json::from_str(&answer).expect("it is JSON")
}

fn partitions(words: &str) -> Value {
    ask_json(words)["partitions"].clone()
}

#[test]
fn throughput_is_divided_by_what_one_consumer_takes_and_rounded_up() {
    assert_eq!(partitions("--topic-throughput|100MB/s|--consumer-throughput|10MB/s"), 10);
    assert_eq!(partitions("--topic-throughput|100MB/s|--consumer-throughput|30MB/s"), 4);
    assert_eq!(partitions("--topic-throughput|1MB/s|--consumer-throughput|30MB/s"), 1);
    assert_eq!(partitions("--topic-throughput|100MiB/s|--consumer-throughput|100MB/s"), 2);
    assert_eq!(partitions("--topic-throughput|5000 records/s|--consumer-throughput|900 records/s"), 6);
}

#[test]
fn what_is_kept_is_divided_by_25_gb_unless_told_otherwise() {
    assert_eq!(partitions("--retained|1TB"), 40);
    assert_eq!(partitions("--retained|1TB|--partition-max|50GB"), 20);
    assert_eq!(partitions("--retained|25000000001B"), 2);
    assert_eq!(partitions("--retained|1TB|--partition-max|25GiB"), 38);
}

#[test]
fn of_both_the_larger_number_wins() {
    let both = |consumer, kept| {
        let words = format!("--topic-throughput|100MB/s|--consumer-throughput|{consumer}|--retained|{kept}");
        (partitions(&words), ask(&words).expect("it can be sized"))
    };
    let (number, told) = both("10MB/s", "1TB");
    assert_eq!(number, 40);
    assert!(told.contains("40 partitions: what is kept asks for more"), "{told}");
    assert!(told.contains("at most 40 members") && told.contains("at least 10 members"), "{told}");
    let (number, told) = both("1MB/s", "1TB");
    assert_eq!(number, 100);
    assert!(told.contains("100 partitions: what is carried asks for more"), "{told}");
    let (_, told) = both("10MB/s", "250GB");
    assert!(told.contains("10 partitions: what is carried and what is kept ask for the same"), "{told}");
}

#[test]
fn the_arithmetic_is_shown() {
    let told = ask("--topic-throughput|100MB/s|--consumer-throughput|30MB/s").expect("it can be sized");
    assert!(told.contains("\n  partitions = ceil(100 MB/s / 30 MB/s) = ceil(3.333…) = 4\n"), "{told}");
    let told = ask("--topic-throughput|100MB/s|--consumer-throughput|10MB/s").expect("it can be sized");
    assert!(told.contains("\n  partitions = ceil(100 MB/s / 10 MB/s) = 10\n"), "{told}");
    assert!(!told.contains("bytes"), "the units are the same: {told}");
    let told = ask("--retained|1TiB|--partition-max|20GB").expect("it can be sized");
    assert!(told.contains("\n  1 TiB = 1,099,511,627,776 bytes; 20 GB = 20,000,000,000 bytes\n"), "{told}");
    assert!(told.contains("= ceil(54.975…) = 55\n"), "{told}");
}

#[test]
fn quotients_are_told_to_three_places_and_never_rounded() {
    assert_eq!(decimal(5, 2), "2.5");
    assert_eq!(decimal(10, 3), "3.333…");
    assert_eq!(decimal(2, 3), "0.666…");
    assert_eq!(decimal(30_001, 10_000), "3.000…");
    assert_eq!(decimal(u64::MAX, 2), "9,223,372,036,854,775,807.5");
}

#[test]
fn json_says_the_same_in_numbers() {
    let both = "--topic-throughput|100MB/s|--consumer-throughput|10MB/s|--retained|1TB|--replication|3";
    assert_eq!(
        ask_json(both),
        json!({
            "partitions": 40,
            "throughput": {"topic": 100_000_000, "consumer": 10_000_000, "unit": "bytes/s", "partitions": 10},
            "retention": {
                "retained_bytes": 1_000_000_000_000_u64,
                "partition_max_bytes": 25_000_000_000_u64,
                "partitions": 40,
                "replication": 3,
                "disk_bytes": 3_000_000_000_000_u64,
            },
            "consumers_min": 10,
            "consumers_max": 40,
        })
    );
    let answer = ask_json("--retained|1TB");
    assert_eq!((&answer["throughput"], &answer["retention"]["disk_bytes"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_cannot_be_sized_is_refused_with_what_would_be_right() {
    for (words, wrong) in [
        ("", "highwater size --retained 1TB"),
        ("--topic-throughput|100MB/s", "--consumer-throughput <RATE>"),
        ("--consumer-throughput|100MB/s", "--topic-throughput <RATE>"),
        ("--topic-throughput|100MB/s|--consumer-throughput|0MB/s", "is nothing; write more than zero"),
        ("--topic-throughput|100MB/s|--consumer-throughput|500 records/s", "cannot be compared"),
        ("--retained|much", "is no number of bytes"),
        ("--retained|1TB|--partition-max|0B", "is nothing"),
        ("--retained|1TB|--replication|0", "0 is not in 1..=255"),
        ("--topic-throughput|9MB/s|--consumer-throughput|9MB/s|--replication|3", "--retained <SIZE>"),
        ("--topic-throughput|9MB/s|--consumer-throughput|9MB/s|--partition-max|3GB", "--retained <SIZE>"),
        ("--retained|18EB|--replication|200", "more bytes than can be counted"),
    ] {
        let error = ask(words).expect_err(words);
        assert!(error.contains(wrong), "{words}: {error}");
    }
}
