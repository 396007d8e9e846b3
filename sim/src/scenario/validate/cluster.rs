//! The story, the brokers' settings and the network.

use super::super::errors::Problem;
use super::super::path::{JsonPath, at};
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    if check.scenario.story.trim().is_empty() {
        check.report(Problem::new(at!["story"], "story is empty").allowed("a few sentences of prose"));
    }
    settings(check);
    sessions(check);
    latency(check, &at!["network", "latency_ms"], check.scenario.network.latency_ms);
}

/// Source: 0.11.0.2 `KafkaConfig.validateValues`.
fn settings(check: &mut Check<'_>) {
    let config = &check.scenario.cluster.config;
    let wait = config.replica_fetch_wait_max_ms;
    let not_above = [
        ("replica.socket.timeout.ms", config.replica_socket_timeout_ms, "fetches that wait would time out"),
        (
            "replica.lag.time.max.ms",
            config.replica_lag_time_max_ms,
            "followers that wait would leave the ISR",
        ),
    ];
    for (other, most, why) in not_above {
        if wait > most {
            let name = "replica.fetch.wait.max.ms";
            let message = format!("{name} is {wait}, above the {most} of {other}: {why}");
            let problem = Problem::new(at!["cluster", "config", name], message);
            let because = at!["cluster", "config", other];
            check.report(problem.allowed(format!("at most {other}")).because(because, format!("{most}")));
        }
    }
}

/// Source: 0.11.0.2 `KafkaConfig.GroupMinSessionTimeoutMsDoc`.
fn sessions(check: &mut Check<'_>) {
    let config = &check.scenario.cluster.config;
    let (least, most) = (config.group_min_session_timeout_ms, config.group_max_session_timeout_ms);
    if least > most {
        let (name, other) = ("group.min.session.timeout.ms", "group.max.session.timeout.ms");
        let message =
            format!("{name} is {least}, above the {most} of {other}: no member could join any group");
        let problem = Problem::new(at!["cluster", "config", name], message);
        let because = at!["cluster", "config", other];
        check.report(problem.allowed(format!("at most {other}")).because(because, format!("{most}")));
    }
}

/// A range of latencies, the smaller first.
pub(super) fn latency(check: &mut Check<'_>, path: &JsonPath, [low, high]: [f64; 2]) {
    if low > high {
        let message = format!("{path} runs from {low} down to {high}");
        let problem =
            Problem::new(path.clone(), message).allowed("the smaller first, then the larger or the same");
        check.report(problem.because(path.index(0), "from").because(path.index(1), "to"));
    }
}
