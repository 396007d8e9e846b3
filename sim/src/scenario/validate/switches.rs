//! Switches of the protocol that contradict one another.

use super::super::errors::Problem;
use super::super::path::at;
use super::Check;

/// KIP-360 mends what KIP-98 brought. Source: 2.5 `TransactionManager.bumpIdempotentProducerEpoch`.
pub(super) fn check(check: &mut Check<'_>) {
    let (preset, switches) = (check.scenario.protocol, check.scenario.switches);
    if switches.epoch_bump != Some(true) || preset.protocol().with(switches).idempotence {
        return;
    }
    let message = format!(
        "switches.epoch_bump is true, and there is no idempotent producer whose epoch could be raised in Kafka {}",
        preset.name()
    );
    let problem = Problem::new(at!["switches", "epoch_bump"], message);
    let problem = problem.allowed("false, or `idempotence` true beside it");
    check.report(
        problem.because(at!["protocol"], preset.name()).because(at!["switches", "idempotence"], "the switch"),
    );
}
