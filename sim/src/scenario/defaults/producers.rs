//! A producer's defaults. Those of idempotence pull one another along, and give way to what was set.

use highwater_model::protocol::{DedupWindow, Protocol};
use serde_json::Value;

use super::super::path::JsonPath;
use super::{Whose, by_table, default, table};

const IDEMPOTENCE: &str = "enable.idempotence";
const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";
const DELIVERY: &str = "delivery.timeout.ms";

/// Fills in what `config` does not say.
pub(super) fn fill(file: &mut Value, config: &JsonPath, protocol: &Protocol) {
    if config.key("transactional.id").find(file).is_some() {
        // Source: 0.11.0.2 KafkaProducer.configureTransactionState.
        default(file, &config.key(IDEMPOTENCE), true.into());
    }
    let asked = config.key(IDEMPOTENCE).find(file).cloned();
    let idempotent = match asked {
        Some(asked) => asked == Value::Bool(true),
        None => by_default(file, config, protocol),
    };
    default(file, &config.key(IDEMPOTENCE), idempotent.into());
    if idempotent {
        // Source: 0.11.0.2 KafkaProducer.configureRetries, configureAcks, configureInflightRequests.
        default(file, &config.key("retries"), i32::MAX.into());
        default(file, &config.key("acks"), "-1".into());
        if protocol.dedup_window == DedupWindow::LastBatch {
            default(file, &config.key(IN_FLIGHT), 1.into());
        }
    }
    delivery(file, config, protocol);
    by_table(file, config, Whose::Producers, protocol.preset);
}

/// Since 3.0 producers are idempotent unless something else was set that contradicts it; then they quietly are not. In 3.0.0 and
/// 3.1.0 they were only if that was set, whatever the documented default.
///
/// Source: KIP-679, KAFKA-13598, KAFKA-13673; 3.0.0 `ProducerConfig.idempotenceEnabled`; 3.3.2
/// `ProducerConfig.postProcessAndValidateIdempotenceConfigs`.
fn by_default(file: &Value, config: &JsonPath, protocol: &Protocol) -> bool {
    let set = |name: &str| config.key(name).find(file);
    let acks = set("acks").is_none_or(|acks| acks == "-1" || acks == "all");
    let retries = set("retries").and_then(Value::as_u64) != Some(0);
    let most = in_flight_max(protocol);
    let in_flight = set(IN_FLIGHT).and_then(Value::as_u64).is_none_or(|set| set <= most);
    protocol.idempotence && protocol.idempotence_default && acks && retries && in_flight
}

/// How many unanswered requests an idempotent producer may have. That is for the client to say, and the version is the client's:
/// that of 1.0 and later allows five, whatever its brokers remember; so does any client where a switch makes brokers remember five.
/// Source: KAFKA-5494; 0.11.0.2 and 1.0.0 `KafkaProducer.configureInflightRequests`.
pub fn in_flight_max(protocol: &Protocol) -> u64 {
    match (protocol.preset.protocol().dedup_window, protocol.dedup_window) {
        (DedupWindow::LastBatch, DedupWindow::LastBatch) => 1,
        (DedupWindow::FiveBatches, _) | (_, DedupWindow::FiveBatches) => 5,
    }
}

/// Where records would expire before their first request does, they may take as long as that.
/// Source: 2.1.0 `KafkaProducer.configureDeliveryTimeout`.
fn delivery(file: &mut Value, config: &JsonPath, protocol: &Protocol) {
    let usual = |name: &str| table::value(Whose::Producers, name, protocol.preset).and_then(|it| it.as_u64());
    let Some(timeout) = usual(DELIVERY) else { return };
    let set = |name: &str| config.key(name).find(file).and_then(Value::as_u64);
    let linger = set("linger.ms").or_else(|| usual("linger.ms")).unwrap_or_default();
    let request = set("request.timeout.ms").unwrap_or(REQUEST_TIMEOUT_MS);
    default(file, &config.key(DELIVERY), timeout.max(linger.saturating_add(request)).into());
}

/// The same in all versions.
const REQUEST_TIMEOUT_MS: u64 = 30_000;
