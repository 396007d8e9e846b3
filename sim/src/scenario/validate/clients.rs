//! Clients' names, and producers: where they write, and settings that contradict one another.

use std::collections::BTreeMap;

use highwater_model::config::{Acks, ProducerConfig};

use super::super::defaults::in_flight_max;
use super::super::errors::Problem;
use super::super::format::ProducerSpec;
use super::super::path::{JsonPath, at};
use super::super::suggest::count;
use super::Check;
use super::topics::{NAME, is_name};

/// How many records a scenario may send in all: the history of a run is held in memory.
const RECORDS_MAX: u64 = 10_000_000;
/// How many producers and members there may be in all.
const CLIENTS_MAX: usize = 10_000;

pub(super) fn check(check: &mut Check<'_>) {
    for (index, producer) in check.scenario.producers.iter().enumerate() {
        let path = at!["producers", index];
        client_name(check, &path, &producer.name);
        writes(check, &path, producer);
        idempotence(check, &path.key("config"), &producer.config);
        delivery(check, &path.key("config"), &producer.config);
    }
    for (index, group) in check.scenario.groups.iter().enumerate() {
        let path = at!["groups", index];
        client_name(check, &path, &group.name);
    }
    unique_names(check);
    totals(check);
}

fn client_name(check: &mut Check<'_>, path: &JsonPath, name: &str) {
    let path = path.key("name");
    let reserved = matches!(name, "controller" | "rest") || name.starts_with("broker-");
    if !is_name(name) {
        let message = format!("`{name}` is no name for a client");
        check.report(Problem::new(path, message).allowed(NAME));
    } else if reserved || name.chars().all(|letter| letter.is_ascii_digit()) {
        let message = format!("the name `{name}` would be taken for another node's");
        let allowed = "any but `controller`, `rest`, `broker-...` and mere digits";
        check.report(Problem::new(path, message).allowed(allowed));
    }
}

fn writes(check: &mut Check<'_>, path: &JsonPath, producer: &ProducerSpec) {
    match check.lookup.topic(&producer.topic) {
        Err(miss) => check.report(miss.at(path.key("topic"))),
        Ok(topic) => {
            let partitions = check.scenario.topics[usize::from(topic.0)].partitions;
            if let Some(partition) = producer.partition.filter(|&partition| partition >= partitions) {
                let path = path.key("partition");
                let message = format!(
                    "{path} is {partition}, and `{}` has {}",
                    producer.topic,
                    count(partitions, "partition")
                );
                let problem = Problem::new(path, message).allowed(match partitions {
                    1 => "0".to_owned(),
                    more => format!("0 to {}", more - 1),
                });
                let because = at!["topics", usize::from(topic.0), "partitions"];
                check.report(problem.because(because, count(partitions, "partition")));
            }
        }
    }
    workload(check, path, producer);
}

/// What a producer is asked to send fits into the run.
fn workload(check: &mut Check<'_>, path: &JsonPath, producer: &ProducerSpec) {
    let duration = check.scenario.duration_ms;
    if producer.start_ms > duration {
        let path = path.key("start_ms");
        let message = format!("{path} is {}, beyond the run's {duration} ms", producer.start_ms);
        let problem = Problem::new(path, message).allowed(format!("0 to {duration}"));
        check.report(problem.because(at!["duration_ms"], "the run's length"));
        return;
    }
    let last_ms =
        producer.start_ms as f64 + f64::from(producer.records.saturating_sub(1)) * producer.every_ms;
    if last_ms > duration as f64 {
        let path = path.key("records");
        let message = format!(
            "{path} is {}: the last would be sent at {last_ms} ms, beyond the run's {duration} ms",
            producer.records
        );
        let allowed = "fewer records, a smaller every_ms, an earlier start_ms or a longer duration_ms";
        let problem = Problem::new(path, message).allowed(allowed);
        check.report(problem.because(at!["duration_ms"], "the run's length"));
    }
}

/// Source: 0.11.0.2 `KafkaProducer.configureAcks`, `configureRetries`, `configureInflightRequests`; KIP-98.
pub(super) fn idempotence(check: &mut Check<'_>, path: &JsonPath, config: &ProducerConfig) {
    if !config.enable_idempotence {
        return;
    }
    let switch = path.key("enable.idempotence");
    available(check, &switch);
    let most = in_flight_max(&check.scenario.protocol.protocol().with(check.scenario.switches));
    let mut contradicts = |setting: &str, found: String, allowed: &str| {
        let path = path.key(setting);
        let message = format!("{path} is {found}, which contradicts enable.idempotence");
        check.report(Problem::new(path, message).allowed(allowed).because(switch.clone(), "idempotent"));
    };
    if config.acks != Acks::All {
        contradicts("acks", format!("`{}`", config.acks), "`-1`, or no acks at all");
    }
    if config.retries == 0 {
        contradicts("retries", "0".to_owned(), "1 or more, or no retries at all");
    }
    if u64::from(config.max_in_flight) > most {
        let setting = "max.in.flight.requests.per.connection";
        let allowed = match most {
            1 => "1: brokers remember a producer's last batch only, as `dedup_window` says (KAFKA-5494)"
                .to_owned(),
            most => format!("1 to {most}"),
        };
        contradicts(setting, config.max_in_flight.to_string(), &allowed);
    }
}

/// Whether the protocol has idempotent producers: its version, or a switch.
fn available(check: &mut Check<'_>, switch: &JsonPath) {
    let (preset, switches) = (check.scenario.protocol, check.scenario.switches);
    if preset.protocol().with(switches).idempotence {
        return;
    }
    check.report(if switches.idempotence == Some(false) {
        let message =
            format!("{switch} is true, and switches.idempotence says that no producer can be idempotent");
        let problem = Problem::new(switch.clone(), message).allowed("false, or no switch `idempotence`");
        problem.because(at!["switches", "idempotence"], "the switch")
    } else {
        let message = format!(
            "{switch} is true, and Kafka {} has no idempotent producer: it came with 0.11 (KIP-98)",
            preset.name()
        );
        let allowed = "false, or the protocol `0.11-iv1`; or `idempotence` true among the switches";
        Problem::new(switch.clone(), message).allowed(allowed).because(at!["protocol"], preset.name())
    });
}

/// A record must not expire before its first request can time out. Source: 2.1 `KafkaProducer.configureDeliveryTimeout`.
pub(super) fn delivery(check: &mut Check<'_>, path: &JsonPath, config: &ProducerConfig) {
    let least = config.linger_ms.saturating_add(config.request_timeout_ms);
    let Some(timeout) = config.delivery_timeout_ms.filter(|&timeout| timeout < least) else { return };
    let path = path.key("delivery.timeout.ms");
    let message = format!(
        "{path} is {timeout}, below linger.ms and request.timeout.ms together, {least}: records would expire before \
         their first request does"
    );
    let config = path.parent().unwrap_or_default();
    let problem = Problem::new(path, message).allowed(format!("{least} or more"));
    let (linger, request) = (config.key("linger.ms"), config.key("request.timeout.ms"));
    check.report(problem.because(linger, "lingers").because(request, "times out"));
}

/// Producers, groups, and members `billing-0`: no two of them share a name.
fn unique_names(check: &mut Check<'_>) {
    let mut owners: BTreeMap<String, JsonPath> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut own = |name: String, path: &JsonPath| {
        if let Some(first) = owners.get(&name) {
            let problem = Problem::new(path.clone(), format!("two clients would be called `{name}`"));
            problems.push(problem.allowed("names of their own").because(first.clone(), "first here"));
        } else {
            owners.insert(name, path.clone());
        }
    };
    for (index, producer) in check.scenario.producers.iter().enumerate() {
        own(producer.name.clone(), &at!["producers", index, "name"]);
    }
    for (index, group) in check.scenario.groups.iter().enumerate() {
        let path = at!["groups", index, "name"];
        own(group.name.clone(), &path);
        (0..group.members + group.joining).for_each(|member| own(format!("{}-{member}", group.name), &path));
    }
    // Two groups of one name share all their members' names too; once is enough.
    problems.dedup_by(|next, previous| next.path == previous.path);
    check.problems.extend(problems);
}

fn totals(check: &mut Check<'_>) {
    let records: u64 = check.scenario.producers.iter().map(|producer| u64::from(producer.records)).sum();
    if records > RECORDS_MAX {
        let message = format!("the producers send {records} records in all");
        check.report(Problem::new(at!["producers"], message).allowed(format!("at most {RECORDS_MAX}")));
    }
    let clients = check.lookup.clients().len();
    if clients > CLIENTS_MAX {
        let message = format!("there are {clients} producers and members in all");
        check.report(Problem::new(at!["groups"], message).allowed(format!("at most {CLIENTS_MAX}")));
    }
}
