//! Transactional producers: whether the protocol has them, and settings that contradict one another.

use highwater_model::config::ProducerConfig;
use highwater_model::protocol::Transactions;

use super::super::errors::Problem;
use super::super::format::{GroupSpec, OutputSpec};
use super::super::path::{JsonPath, at};
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    for (index, producer) in check.scenario.producers.iter().enumerate() {
        let path = at!["producers", index];
        match (&producer.config.transactional_id, &producer.transactions) {
            (None, None) => {}
            (None, Some(_)) => without_id(check, &path),
            (Some(_), None) => without_transactions(check, &path),
            (Some(_), Some(_)) => {
                available(check, &path.key("config").key("transactional.id"));
                settings(check, &path.key("config"), &producer.config);
            }
        }
    }
    for (index, group) in check.scenario.groups.iter().enumerate() {
        if let Some(output) = &group.output {
            written(check, &at!["groups", index], group, output);
        }
    }
}

/// Members that write of what they read.
fn written(check: &mut Check<'_>, path: &JsonPath, group: &GroupSpec, output: &OutputSpec) {
    let here = path.key("output");
    available(check, &here);
    if let Err(miss) = check.lookup.topic(&output.topic) {
        check.report(miss.at(here.key("topic")));
    } else if group.topics.contains(&output.topic) {
        let message = format!("`{}` reads `{}`, and would write to it for ever", group.name, output.topic);
        check
            .report(Problem::new(here.key("topic"), message).allowed("a topic that the group does not read"));
    }
    let config = here.key("config");
    settings(check, &config, &output.config);
    super::clients::idempotence(check, &config, &output.config);
    super::clients::delivery(check, &config, &output.config);
    if output.config.transactional_id.is_some() {
        let path = config.key("transactional.id");
        let message = format!("{path} is set, and each member's is its name");
        check.report(Problem::new(path, message).allowed("no transactional.id"));
    }
    if group.config.enable_auto_commit {
        let auto = path.key("config").key("enable.auto.commit");
        let message = format!("{auto} is true, and the members of `{}` commit in transactions", group.name);
        check.report(
            Problem::new(auto, message).allowed("false, or no enable.auto.commit").because(here, "written"),
        );
    } else if group.commit.is_some() {
        let commit = path.key("commit");
        let message = format!("{commit} is set, and the members of `{}` commit in transactions", group.name);
        check.report(
            Problem::new(commit, message).allowed("no `commit`, or no `output`").because(here, "written"),
        );
    }
}

fn without_id(check: &mut Check<'_>, path: &JsonPath) {
    let path = path.key("transactions");
    let message = format!("{path} are of a producer without a transactional.id");
    check.report(
        Problem::new(path, message).allowed("none, or a `transactional.id` in the producer's config"),
    );
}

fn without_transactions(check: &mut Check<'_>, path: &JsonPath) {
    let id = path.key("config").key("transactional.id");
    let message = format!("{id} is set, and nothing says how many records a transaction has");
    check.report(Problem::new(id, message).allowed("`\"transactions\": { \"records\": 5 }` in the producer"));
}

fn available(check: &mut Check<'_>, id: &JsonPath) {
    let (preset, switches) = (check.scenario.protocol, check.scenario.switches);
    if preset.protocol().with(switches).transactions != Transactions::None {
        return;
    }
    let message = format!(
        "{id} is set, and there are no transactions in Kafka {} as it is here: they came with 0.11 (KIP-98)",
        preset.name()
    );
    let allowed =
        "no transactional.id, a later protocol, or `transactions` other than none among the switches";
    check.report(Problem::new(id.clone(), message).allowed(allowed).because(at!["protocol"], preset.name()));
}

/// Source: 0.11.0.2 `KafkaProducer.configureTransactionState`; `TransactionStateManager.validateTransactionTimeoutMs`.
fn settings(check: &mut Check<'_>, path: &JsonPath, config: &ProducerConfig) {
    if !config.enable_idempotence {
        let path = path.key("enable.idempotence");
        let message = format!("{path} is false, which contradicts transactional.id");
        check.report(Problem::new(path, message).allowed("true, or no enable.idempotence at all"));
    }
    let most = check.scenario.cluster.config.transaction_max_timeout_ms;
    if config.transaction_timeout_ms > most || config.transaction_timeout_ms == 0 {
        let path = path.key("transaction.timeout.ms");
        let message =
            format!("{path} is {}, and the brokers allow no more than {most}", config.transaction_timeout_ms);
        let because = at!["cluster", "config", "transaction.max.timeout.ms"];
        let problem = Problem::new(path, message).allowed(format!("1 to {most}"));
        check.report(problem.because(because, "the most"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::load::load_str;

    fn problems(protocol: &str, producer: &str) -> Vec<String> {
        let text = format!(
            r#"{{ "story": "S.", "protocol": "{protocol}", "cluster": {{ "brokers": 3 }}, "topics": [{{ "name": "orders" }}],
               "producers": [{{ "name": "shop", "topic": "orders", "records": 3, "every_ms": 1, {producer} }}],
               "duration_ms": 9000 }}"#
        );
        match load_str("test", &text, &[]) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.errors.iter().map(|error| error.message.clone()).collect(),
        }
    }

    #[test]
    fn a_transactional_producer_is_idempotent_without_saying_so() {
        let shop = r#""config": { "transactional.id": "pay" }, "transactions": { "records": 2 }"#;
        assert_eq!(problems("0.11", shop), [] as [&str; 0]);
    }

    #[test]
    fn transactions_need_an_id_and_an_id_needs_transactions() {
        let found = problems("0.11", r#""transactions": { "records": 2 }"#);
        assert_eq!(found, ["producers[0].transactions are of a producer without a transactional.id"]);
        let found = problems("0.11", r#""config": { "transactional.id": "pay" }"#);
        assert!(found[0].contains("nothing says how many records"), "{found:?}");
    }

    #[test]
    fn what_contradicts_a_transactional_id_is_refused() {
        let transactions = r#""transactions": { "records": 2 }"#;
        let with = |protocol, config: &str| {
            let found = problems(protocol, &format!("\"config\": {{ {config} }}, {transactions}"));
            assert_eq!(found.len(), 1, "{found:?}");
            found[0].clone()
        };
        let plain = with("0.11", r#""transactional.id": "pay", "enable.idempotence": false"#);
        assert!(plain.contains("contradicts transactional.id"), "{plain}");
        let long = with("0.11", r#""transactional.id": "pay", "transaction.timeout.ms": 900001"#);
        assert!(long.contains("no more than 900000"), "{long}");
    }
}
