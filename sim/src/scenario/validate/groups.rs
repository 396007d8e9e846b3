//! Groups: what they read, who is in them, and settings that contradict one another or the brokers'.

use highwater_model::config::{AutoOffsetReset, ConsumerConfig};
use highwater_model::protocol::Preset;

use super::super::errors::Problem;
use super::super::format::GroupSpec;
use super::super::path::{JsonPath, at};
use super::Check;

pub(super) fn check(check: &mut Check<'_>) {
    for (index, group) in check.scenario.groups.iter().enumerate() {
        let path = at!["groups", index];
        reads(check, &path, group);
        members(check, &path, group);
        commits(check, &path, group);
        pace(check, &path, group);
        requests(check, &path.key("config"), &group.config);
        session(check, &path.key("config"), &group.config);
        heartbeat(check, &path.key("config"), &group.config);
    }
}

fn reads(check: &mut Check<'_>, path: &JsonPath, group: &GroupSpec) {
    for (index, topic) in group.topics.iter().enumerate() {
        let path = path.key("topics");
        if let Err(miss) = check.lookup.topic(topic) {
            check.report(miss.at(path.index(index)));
        } else if let Some(first) = group.topics[..index].iter().position(|other| other == topic) {
            let problem = Problem::new(path.index(index), format!("{path} names `{topic}` twice"));
            check.report(problem.allowed("each topic once").because(path.index(first), "first here"));
        }
    }
    if group.config.auto_offset_reset == AutoOffsetReset::None {
        let path = path.key("config").key("auto.offset.reset");
        let message =
            format!("{path} is `none`, and a group begins without offsets: every member would stop at once");
        check.report(Problem::new(path, message).allowed("`earliest`, `latest`"));
    }
}

/// Source: 0.11.0.2 `KafkaConsumer`'s constructor; 2.0.0 asks for it no more (KIP-266).
fn requests(check: &mut Check<'_>, path: &JsonPath, config: &ConsumerConfig) {
    if check.scenario.protocol >= Preset::V2_0 {
        return;
    }
    let timeout = config.request_timeout_ms;
    let session = ("session.timeout.ms", config.session_timeout_ms, "requests that wait for other members");
    let wait = ("fetch.max.wait.ms", config.fetch_max_wait_ms, "fetches that wait");
    let (other, least, what) = if wait.1 > session.1 { wait } else { session };
    if timeout <= least {
        let message = format!("request.timeout.ms is {timeout}, and {other} {least}: {what} would time out");
        let problem = Problem::new(path.key("request.timeout.ms"), message);
        let problem = problem.allowed(format!("more than {other}"));
        check.report(problem.because(path.key(other), format!("{least}")));
    }
}

/// A group without a member, now or later, reads nothing.
fn members(check: &mut Check<'_>, path: &JsonPath, group: &GroupSpec) {
    if group.members == 0 && group.joining == 0 {
        let message = format!("`{}` has no members, and nobody can join", group.name);
        check.report(Problem::new(path.key("members"), message).allowed("1 or more, or `joining`"));
    }
}

/// Work that takes no time is neither done one after another nor side by side.
fn pace(check: &mut Check<'_>, path: &JsonPath, group: &GroupSpec) {
    if group.side_by_side && group.service_rate.is_none() {
        let message = format!("{path} works side by side, and without a service_rate its work takes no time");
        check.report(
            Problem::new(path.key("side_by_side"), message).allowed("a `service_rate`, or no `side_by_side`"),
        );
    }
}

/// A point at which the application commits says nothing while its consumer does that unasked.
fn commits(check: &mut Check<'_>, path: &JsonPath, group: &GroupSpec) {
    let Some(point) = group.commit.filter(|_| group.config.enable_auto_commit) else { return };
    let said = serde_json::to_value(point).unwrap_or_default();
    let auto = path.key("config").key("enable.auto.commit");
    let path = path.key("commit");
    let message = format!(
        "{path} is {said}, and would be passed over: with enable.auto.commit, which is true unless set, the application \
         does not commit by itself"
    );
    let problem = Problem::new(path, message).allowed("enable.auto.commit false, or no `commit`");
    check.report(problem.because(auto, "commits unasked"));
}

/// Source: 0.11.0.2 `GroupCoordinator.handleJoinGroup`.
fn session(check: &mut Check<'_>, path: &JsonPath, config: &ConsumerConfig) {
    let broker = &check.scenario.cluster.config;
    let (least, most) = (broker.group_min_session_timeout_ms, broker.group_max_session_timeout_ms);
    // Limits that contradict each other are a problem of their own.
    if least > most {
        return;
    }
    let timeout = config.session_timeout_ms;
    let (setting, limit, is) = if timeout < least {
        ("group.min.session.timeout.ms", least, "below")
    } else if timeout > most {
        ("group.max.session.timeout.ms", most, "above")
    } else {
        return;
    };
    let path = path.key("session.timeout.ms");
    let message = format!(
        "{path} is {timeout}, {is} the {limit} of {setting}: coordinators would refuse every member \
         (INVALID_SESSION_TIMEOUT)"
    );
    let problem = Problem::new(path, message).allowed(format!("{least} to {most}; or another {setting}"));
    check.report(problem.because(at!["cluster", "config", setting], format!("{limit}")));
}

/// Source: 0.11.0.2 `ConsumerConfig.HEARTBEAT_INTERVAL_MS_DOC`, and `Heartbeat`'s constructor, which refuses one that is not below
/// the session.
fn heartbeat(check: &mut Check<'_>, path: &JsonPath, config: &ConsumerConfig) {
    let (interval, session) = (config.heartbeat_interval_ms, config.session_timeout_ms);
    if interval.saturating_mul(3) <= session {
        return;
    }
    let timeout = path.key("session.timeout.ms");
    let path = path.key("heartbeat.interval.ms");
    let message = format!(
        "{path} is {interval}, above a third of session.timeout.ms, {session}: a member that is a little late would be \
         taken for dead"
    );
    let allowed = match session / 3 {
        0 => "a session.timeout.ms of three heartbeats or more".to_owned(),
        most => format!("1 to {most}; or a longer session.timeout.ms"),
    };
    check.report(Problem::new(path, message).allowed(allowed).because(timeout, "the session"));
}

#[cfg(test)]
#[path = "groups_test.rs"]
mod groups_test;
