use super::*;

/// A scenario that is sound; tests change a piece of it.
const SOUND: &str = r#"{
  "story": "All is well.",
  "protocol": "0.11-iv1",
  "cluster": { "brokers": 3, "config": { "min.insync.replicas": 2 } },
  "network": { "latency_ms": [1, 10] },
  "topics": [{ "name": "orders", "partitions": 2, "replication": 3 }],
  "producers": [
    { "name": "shop", "topic": "orders", "records": 20, "every_ms": 20, "config": { "acks": "1" } }
  ],
  "groups": [{ "name": "billing", "topics": ["orders"] }],
  "faults": [
    { "when": { "at_ms": 400 }, "do": { "crash": 1, "restart_after_ms": 100 } },
    { "when": { "event": "replicated" }, "do": { "pause": "shop" } }
  ],
  "duration_ms": 2000,
  "expect": { "must_see": ["leader_elected"], "breaks": { "duplicate": "may" } }
}
"#;

fn load_sets(text: &str, sets: &[&str]) -> Result<Loaded, LoadErrors> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    load_str("scenarios/x.json", text, &sets)
}

/// [`SOUND`] with the first `from` turned into `to`.
#[track_caller]
fn changed(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "the sound scenario has no {from}");
    SOUND.replacen(from, to, 1)
}

/// `LINE:COLUMN` of the first `marker` in `text`.
#[track_caller]
fn place_of(text: &str, marker: &str) -> String {
    let place = |(number, line): (usize, &str)| Some(format!("{}:{}", number + 1, line.find(marker)? + 1));
    text.lines().enumerate().find_map(place).unwrap_or_else(|| panic!("no {marker} in {text}"))
}

/// The sound scenario with `from` turned into `to` has exactly one error, which stands where `marker` stands and
/// says all of `words`.
#[track_caller]
fn one(from: &str, to: &str, marker: &str, words: &[&str]) {
    let text = changed(from, to);
    let told = load_sets(&text, &[]).expect_err("was loaded").to_string();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with(&format!("scenarios/x.json:{}: ", place_of(&text, marker))), "{told}");
    for word in words {
        assert!(told.contains(word), "no {word} in {told}");
    }
}

/// The faults of the sound scenario replaced by `faults`: one error, as in [`one`].
#[track_caller]
fn one_fault(faults: &str, marker: &str, words: &[&str]) {
    let (start, end) =
        (SOUND.find("    { \"when\"").unwrap(), SOUND.find("\n  ],\n  \"duration_ms\"").unwrap());
    one(&SOUND[start..end], faults, marker, words);
}

#[test]
fn a_sound_scenario_is_loaded() {
    let loaded = load_sets(SOUND, &[]).unwrap();
    assert_eq!(loaded.plan.name, "x");
    let nodes = ["controller", "broker-1", "broker-2", "broker-3", "shop", "billing-0"];
    assert_eq!(loaded.plan.names.nodes, nodes);
}

#[test]
fn malformed_json_is_told_its_line_and_column() {
    let first = |text: &str| load_sets(text, &[]).unwrap_err().to_string();
    let text = changed("\"All is well.\",", "\"All is well.\"");
    assert_eq!(first(&text), "scenarios/x.json:2:26: malformed JSON: expected comma");
    assert_eq!(first(""), "scenarios/x.json:1:1: the file is empty; allowed: a JSON object");
    assert!(first("{\"story\": \"").starts_with("scenarios/x.json:1:11: malformed JSON: "));
    assert!(
        first("[1]")
            .starts_with("scenarios/x.json:1:1: the file is a list; allowed: an object with the keys")
    );
    one("2000,", "02000,", "2000,", &["malformed JSON: expected comma"]);
    one("[1, 10]", "[1, 10,]", ",]", &["malformed JSON: trailing commas are not allowed"]);
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert!(load_sets(&format!("\u{feff}{SOUND}"), &[]).is_ok());
}

#[test]
fn columns_count_characters_not_bytes() {
    let text = changed("\"All is well.\",\n ", "\"Übermäßig gut.\",");
    let told = load_sets(&text.replace("0.11-iv1", "0.12"), &[]).unwrap_err().to_string();
    assert!(told.starts_with("scenarios/x.json:2:42: protocol is the string \"0.12\""), "{told}");
}

#[test]
fn unknown_keys_are_told_the_nearest() {
    one(
        "\"acks\": \"1\"",
        "\"acsk\": \"1\"",
        "\"acsk\"",
        &[
            "unknown key `acsk` in producers[0].config; did you mean `acks`? allowed: `acks`, `enable.idempotence`",
        ],
    );
    one("\"partitions\": 2", "\"partition\": 2", "\"partition\"", &["did you mean `partitions`?"]);
    one(
        "\"protocol\"",
        "\"zebra\"",
        "\"zebra\"",
        &["unknown key `zebra` in the file; allowed: `$schema`, `story`"],
    );
    one("\"at_ms\"", "\"at\"", "\"at\"", &["did you mean `at_ms`?"]);
    one("\"at_ms\"", "\"zebra\"", "\"zebra\"", &["unknown key `zebra` in faults[0].when"]);
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let twice = "\"brokers\": 3,\n \"brokers\": 4,";
    let told = load_sets(&changed("\"brokers\": 3,", twice), &[]).unwrap_err().to_string();
    assert_eq!(
        told,
        "scenarios/x.json:5:2: the key `brokers` stands twice in cluster; allowed: each key once"
    );
}

#[test]
fn a_missing_key_is_told_where_it_belongs() {
    one(
        "\"name\": \"orders\", ",
        "",
        "{ \"partitions\"",
        &["the key `name` is missing in topics[0]; allowed: a string"],
    );
    one("{ \"at_ms\": 400 }", "{ }", "{ }", &["neither a time nor an event"]);
}

#[test]
fn unknown_properties_events_and_versions_are_told_the_nearest() {
    one("\"duplicate\"", "\"duplicat\"", "\"duplicat\"", &["did you mean `duplicate`?", "`strong-isr`"]);
    one("\"leader_elected\"", "\"leader_electd\"", "\"leader_electd\"", &["did you mean `leader_elected`?"]);
    one(
        "\"replicated\"",
        "\"replicatd\"",
        "\"replicatd\"",
        &["did you mean `replicated`?", "`became_leader`"],
    );
    one("\"may\"", "\"maybe\"", "\"maybe\"", &["`always`, `sometimes`, `may`"]);
    one("\"0.11-iv1\"", "\"0.11-iv\"", "\"0.11-iv\"", &["did you mean `0.11-iv1`?"]);
}

#[test]
fn unknown_targets_and_actions_are_told_the_nearest() {
    let pause = "\"pause\": \"shop\"";
    one(
        pause,
        "\"puase\": \"shop\"",
        "\"puase\"",
        &["`puase` is no action; did you mean `pause`?", "`elect_preferred`"],
    );
    one(pause, "\"pause\": \"shpo\"", "\"shpo\"", &["there is no node `shpo`; did you mean `shop`?"]);
    one(pause, "\"pause\": \"broker-2\"", "\"broker-2\"", &["did you mean `broker 2`?"]);
    one(pause, "\"pause\": \"billing\"", "\"billing\" }", &["did you mean `billing-0`?"]);
    one(pause, "\"pause\": 9", "9 }", &["there is no broker 9; allowed: brokers 1 to 3"]);
    let crash = "\"crash\": 1";
    one(crash, "\"crash\": \"leadr of orders-0\"", "\"leadr", &["did you mean `leader of orders-0`?"]);
    one(
        crash,
        "\"crash\": \"leader of ordres-0\"",
        "\"leader of",
        &["did you mean `orders-0`?", "`orders-0` to `orders-1`"],
    );
    one(crash, "\"crash\": \"leader of orders-2\"", "\"leader of", &["there is no partition `orders-2`"]);
    one(
        crash,
        "\"crash\": \"follower 3 of orders-0\"",
        "\"follower",
        &["`follower 1 of orders-0` to `follower 2"],
    );
    one(
        crash,
        "\"pause\": \"shop\", \"crash\": 1",
        "\"pause\": \"shop\", ",
        &["several actions", "one action a fault"],
    );
}

#[test]
fn a_target_that_the_action_cannot_strike_is_refused() {
    let crash = "\"crash\": 1";
    one(
        crash,
        "\"crash\": \"controller\"",
        "\"controller\"",
        &["`controller`, which is neither a broker nor a client"],
    );
    one(crash, "\"shutdown\": \"shop\"", "\"shop\", \"restart", &["`shop` is a producer"]);
    one(crash, "\"crash\": \"that broker\"", "\"that broker\"", &["this fault waits for no event"]);
    one("\"pause\": \"shop\"", "\"pause\": \"rest\"", "\"rest\"", &["no single node"]);
    one_fault(
        r#"{ "when": { "event": "isr_shrunk" }, "do": { "lag": "that broker" } }"#,
        "\"that broker\"",
        &["an event `isr_shrunk` tells of none"],
    );
    one_fault(
        r#"{ "when": { "at_ms": 1 }, "do": { "lag": "controller" } }"#,
        "\"controller\"",
        &["which is no broker"],
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    one(
        "\"brokers\": 3",
        "\"brokers\": 64",
        "64",
        &["cluster.brokers is 64; allowed: a whole number from 1 to 63"],
    );
    one(
        "\"partitions\": 2",
        "\"partitions\": 0",
        "0, \"repl",
        &["topics[0].partitions is 0", "from 1 to 10000"],
    );
    one("\"records\": 20", "\"records\": -1", "-1, \"every", &["producers[0].records is -1"]);
    one("\"records\": 20", "\"records\": 1.5", "1.5", &["the number 1.5; allowed: a whole number"]);
    one("\"records\": 20", "\"records\": 20, \"keys\": 0", "0, \"every_ms\": 20, \"config", &["1 or more"]);
    one("2000,", "-5,", "-5", &["duration_ms is -5; allowed: a whole number from 1 to 86400000"]);
    one("[1, 10]", "[-1, 10]", "-1, 10]", &["network.latency_ms[0] is -1; allowed: a number from 0"]);
    one(
        "[1, 10]",
        "[1, 2, 3]",
        "[1, 2",
        &["network.latency_ms has 3 elements; allowed: a list of 2, each a number"],
    );
    one("[1, 10]", "[10, 1]", "[10, 1]", &["network.latency_ms runs from 10 down to 1"]);
    one("20, \"config\"", "\"50\", \"config\"", "\"50\"", &["the string \"50\"", "a number from 0"]);
    one(
        "\"1\"",
        "1",
        "1 }",
        &["the number 1 without quotes; did you mean `\"1\"`? allowed: `0`, `1`, `-1`, `all`"],
    );
    one("\"acks\": \"1\"", "\"max.in.flight.requests.per.connection\": 0", "0 } }", &["from 1 to"]);
    one_fault(
        r#"{ "when": { "at_ms": 1 }, "do": { "degrade": { "from": 1, "to": 2 }, "loss": 1.5 } }"#,
        "1.5",
        &["a number from 0 to 1"],
    );
    one_fault(
        r#"{ "when": { "event": "replicated", "occurrence": 0 }, "do": { "crash": 1 } }"#,
        "0 },",
        &["1 or more"],
    );
}

#[test]
fn more_replicas_than_brokers_are_refused() {
    one(
        "\"replication\": 3",
        "\"replication\": 4",
        "4 }]",
        &["topics[0].replication is 4, more than the 3 brokers; allowed: 1 to 3"],
    );
}

#[test]
fn assignments_must_fit_the_partitions_the_replication_and_the_brokers() {
    let assign = |lists: &str| format!("\"replication\": 2, \"assignment\": {lists}");
    let told = |lists: &str| {
        let text = changed("\"replication\": 3", &assign(lists));
        load_sets(&text, &[]).map(|loaded| loaded.plan).map_err(|errors| errors.to_string())
    };
    let plan = told("[[3, 1], [2, 3]]").unwrap();
    assert_eq!(format!("{:?}", plan.config.topics[0].assignment[0]), "[BrokerId(3), BrokerId(1)]");
    assert!(told("[[3, 1]]").unwrap_err().contains("has 1 list of replicas, and the topic 2 partitions"));
    assert!(told("[[3, 1], [2]]").unwrap_err().contains("topics[0].assignment[1] has 1 replica,"));
    assert!(told("[[3, 1], [2, 4]]").unwrap_err().contains("there is no broker 4; allowed: brokers 1 to 3"));
    assert!(told("[[3, 1], [2, 2]]").unwrap_err().contains("topics[0].assignment[1] names broker 2 twice"));
}

#[test]
fn names_must_be_known_unique_and_sayable() {
    one(
        "\"topic\": \"orders\"",
        "\"topic\": \"ordres\"",
        "\"ordres\"",
        &["no topic `ordres`; did you mean `orders`?"],
    );
    one("[\"orders\"]", "[\"ordres\"]", "\"ordres\"", &["groups[0].topics[0]: there is no topic `ordres`"]);
    one("[\"orders\"]", "[\"orders\", \"orders\"]", "\"orders\"] }]", &["names `orders` twice"]);
    one("\"billing\"", "\"shop\"", "\"shop\", \"topics\"", &["two clients would be called `shop`"]);
    let producer = "\"producers\": [\n { \"name\": \"billing-0\", \"topic\": \"orders\", \"records\": 1, \"every_ms\": 1 },";
    one("\"producers\": [", producer, "\"billing\"", &["two clients would be called `billing-0`"]);
    one("\"billing\"", "\"rest\"", "\"rest\"", &["would be taken for another node's"]);
    one("\"billing\"", "\"the bill\"", "\"the bill\"", &["no name for a client"]);
    one(
        "[{ \"name\": \"orders\",",
        "[{ \"name\": \"orders\" }, { \"name\": \"orders\",",
        "\"orders\", \"partitions\"",
        &["there are two topics `orders`"],
    );
    one(
        "\"every_ms\"",
        "\"partition\": 2, \"every_ms\"",
        "2, \"every",
        &["`orders` has 2 partitions; allowed: 0 to 1"],
    );
}

#[test]
fn contradictory_producer_settings_are_refused() {
    let config = |settings: &str| format!("\"enable.idempotence\": true, {settings}");
    one(
        "\"acks\": \"1\"",
        &config("\"acks\": \"1\""),
        "\"1\" }",
        &["producers[0].config.acks is `1`, which contradicts enable.idempotence; allowed: `-1`"],
    );
    let flight = config("\"max.in.flight.requests.per.connection\": 6");
    one(
        "\"acks\": \"1\"",
        &flight,
        "6 } }",
        &[
            "is 6, which contradicts enable.idempotence; allowed: 1: brokers remember a producer's last batch only",
        ],
    );
    one("\"acks\": \"1\"", &config("\"retries\": 0"), "0 } }", &["retries is 0, which contradicts"]);
    let old = changed("0.11-iv1", "0.10").replace("\"acks\": \"1\"", "\"enable.idempotence\": true");
    let told = load_sets(&old, &[]).unwrap_err().to_string();
    assert!(
        told.contains("8:107: producers[0].config.enable.idempotence is true, and Kafka 0.10 has no"),
        "{told}"
    );
    assert!(told.contains("KIP-98"), "{told}");
}

#[test]
fn contradictory_waits_are_refused() {
    let broker = "\"min.insync.replicas\": 2";
    one(
        broker,
        "\"replica.fetch.wait.max.ms\": 20000",
        "20000",
        &["above the 10000 of replica.lag.time.max.ms"],
    );
    one(
        broker,
        "\"replica.lag.time.max.ms\": 400",
        "{ \"replica",
        &["above the 400 of replica.lag.time.max.ms"],
    );
    let group = "\"topics\": [\"orders\"], \"config\": { \"fetch.max.wait.ms\": 20000, \"request.timeout.ms\": 20000 }";
    one("\"topics\": [\"orders\"]", group, "20000 }", &["more than fetch.max.wait.ms"]);
}

#[test]
fn a_group_that_could_only_stop_is_refused() {
    let group = "\"topics\": [\"orders\"], \"config\": { \"auto.offset.reset\": \"none\" }";
    one("\"topics\": [\"orders\"]", group, "\"none\"", &["begins without offsets", "`earliest`, `latest`"]);
}

#[test]
fn a_link_slower_than_the_liveness_phase_is_refused() {
    one_fault(
        r#"{ "when": { "at_ms": 1 }, "do": { "degrade": { "from": 1, "to": 2 }, "latency_ms": [1, 70000] } }"#,
        "{ \"from\"",
        &["may take 70000 ms, longer than the 60000 ms"],
    );
}

#[test]
fn times_beyond_the_run_are_refused() {
    one(
        "400",
        "2001",
        "2001",
        &["faults[0].when.at_ms is 2001, beyond the run's 2000 ms; allowed: 0 to 2000"],
    );
    one(
        "\"records\": 20",
        "\"records\": 27",
        "27",
        &["is 27: the last would be sent at 2020 ms, beyond the run's"],
    );
    one("\"replicated\"", "\"replicated\", \"after_ms\": 3000", "3000", &["after_ms is 3000, beyond"]);
    one("\"every_ms\"", "\"start_ms\": 3000, \"every_ms\"", "3000", &["start_ms is 3000, beyond"]);
    one(
        "\"restart_after_ms\": 100",
        "\"restart_after_ms\": 1601",
        "1601",
        &["at most 1600; or leave it out: the heal at 2000 ms"],
    );
}

#[test]
fn a_fault_has_either_a_time_or_an_event() {
    one(
        "\"at_ms\": 400",
        "\"at_ms\": 400, \"event\": \"replicated\"",
        "\"event\": \"replicated\" },",
        &["both a time and an event"],
    );
    one(
        "\"at_ms\": 400",
        "\"at_ms\": 400, \"occurrence\": 2",
        "\"occurrence\"",
        &["`occurrence` only goes with an event"],
    );
    let event = "\"event\": \"replicated\"";
    one(
        event,
        "\"event\": \"replicated\", \"before\": \"ack\", \"delay_ms\": 5",
        "\"delay_ms\"",
        &["both before"],
    );
    one(
        event,
        "\"event\": \"broker_fenced\", \"partition\": \"orders-0\"",
        "\"partition\": \"orders-0\"",
        &["tells of no partition", "allowed: `broker`, `after_ms`"],
    );
    one(event, "\"event\": \"heal_started\"", "\"heal_started\"", &["only when the faults are over"]);
    one(
        event,
        "\"event\": \"replicated\", \"client\": \"shpo\"",
        "\"shpo\"",
        &["no client `shpo`; did you mean `shop`?"],
    );
    one(
        event,
        "\"event\": \"replicated\", \"broker\": \"any broker\"",
        "\"any broker\"",
        &["says nothing about"],
    );
    one_fault(
        r#"{ "when": { "event": "replicated", "before": "ack" }, "do": { "shutdown": 1 } }"#,
        "\"before\"",
        &["`shutdown` cannot strike before messages leave"],
    );
}

#[test]
fn overlapping_timed_faults_are_refused() {
    let two = |second: &str| {
        format!(
            r#"{{ "when": {{ "at_ms": 100 }}, "do": {{ "crash": 1, "restart_after_ms": 300 }} }},
               {{ "when": {{ "at_ms": {second} }}, "do": {{ "pause": 1, "for_ms": 9 }} }}"#
        )
    };
    one_fault(
        &two("200"),
        "1, \"for_ms\"",
        &[
            "this `pause` at 200 ms strikes what the `crash` from 100 to 400 ms still holds; allowed: 400 ms or later",
        ],
    );
    let (start, end) =
        (SOUND.find("    { \"when\"").unwrap(), SOUND.find("\n  ],\n  \"duration_ms\"").unwrap());
    assert!(load_sets(&changed(&SOUND[start..end], &two("400")), &[]).is_ok());
}

#[test]
fn impossible_faults_are_refused() {
    one_fault(
        r#"{ "when": { "at_ms": 1 }, "do": { "crash": 1 } },
        { "when": { "at_ms": 999 }, "do": { "crash": 1, "ending": "power" } }"#,
        "1, \"ending\"",
        &["this `crash` at 999 ms strikes what the `crash` from 1 to 2000 ms still holds"],
    );
    one_fault(
        r#"{ "when": { "at_ms": 1 }, "do": { "cut": { "from": 1, "to": 1 } } }"#,
        "1 } }",
        &["to itself"],
    );
    one_fault(
        r#"{ "when": { "at_ms": 1 }, "do": { "partition": [[1], [2, 1]] } }"#,
        "1]] }",
        &["`broker 1` stands in a partition twice"],
    );
    one_fault(r#"{ "when": { "at_ms": 1 }, "do": { "partition": [[1]] } }"#, "[[1]]", &["at least 2"]);
    one_fault(
        r#"{ "when": { "at_ms": 1 }, "do": { "crash": 1, "ending": "clean" } }"#,
        "\"clean\"",
        &["never clean"],
    );
    let random = |weights: &str| {
        format!(
            "\"random_faults\": {{ \"every_ms\": 5, \"budget\": 1, \"lasts_ms\": 9, \"weights\": {weights} }},\n  \"duration_ms\""
        )
    };
    one("\"duration_ms\"", &random("{ \"pause\": 0 }"), "{ \"pause\": 0", &["at least one weight above 0"]);
    one(
        "\"duration_ms\"",
        &random("{ \"pasue\": 1 }"),
        "\"pasue\"",
        &["did you mean `pause`?", "`crash_power`"],
    );
}

#[test]
fn an_event_that_must_be_seen_is_named_once() {
    one(
        "[\"leader_elected\"]",
        "[\"leader_elected\", \"leader_elected\"]",
        "\"leader_elected\"],",
        &["names `leader_elected` twice"],
    );
}

#[test]
fn several_errors_are_reported_together_in_the_files_order() {
    let text =
        changed("\"acks\"", "\"acsk\"").replace("\"crash\": 1", "\"crash\": 9").replace("duplicate", "dup");
    let told = load_sets(&text, &[]).unwrap_err().to_string();
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with("scenarios/x.json:8:85: unknown key `acsk`"), "{told}");
    assert!(
        lines[1].starts_with("scenarios/x.json:12:50: faults[0].do.crash: there is no broker 9"),
        "{told}"
    );
    assert!(lines[2].starts_with("scenarios/x.json:16:59: unknown key `dup`"), "{told}");
}

#[test]
fn one_mistake_is_not_told_twice() {
    one(
        "\"cluster\": { \"brokers\": 3,",
        "\"cluster\": { \"brokrs\": 3,",
        "\"brokrs\"",
        &["did you mean `brokers`?"],
    );
    one("\"brokers\": 3", "\"brokers\": 0", "0, \"config\"", &["cluster.brokers is 0"]);
}

#[test]
fn the_excerpt_points_at_what_is_wrong() {
    let text = changed("\"replication\": 3", "\"replication\": 4");
    let told = load_sets(&text, &[]).unwrap_err().render(false);
    let expected = r#"error: scenarios/x.json:6:66: topics[0].replication is 4, more than the 3 brokers
  |
4 |   "cluster": { "brokers": 3, "config": { "min.insync.replicas": 2 } },
  |                           - 3 brokers
5 |   "network": { "latency_ms": [1, 10] },
6 |   "topics": [{ "name": "orders", "partitions": 2, "replication": 4 }],
  |                                                                  ^
  |
  = help: allowed: 1 to 3

scenarios/x.json: 1 error; nothing was run
"#;
    assert_eq!(told, expected);
    assert!(load_sets(&text, &[]).unwrap_err().render(true).contains("\u{1b}["));
}

#[test]
fn an_error_in_an_override_names_the_override() {
    let told = |set: &str| load_sets(SOUND, &[set]).unwrap_err().to_string();
    assert_eq!(
        told("acks=2"),
        "scenarios/x.json: --set acks=2: producers[0].config.acks is the number 2; allowed: `0`, `1`, `-1`, `all`"
    );
    assert!(
        told("topics.0.replication=4")
            .starts_with("scenarios/x.json: --set topics.0.replication=4: topics[0].replication is 4")
    );
    // The replication stands in the file, but the number of brokers that it contradicts does not.
    assert!(
        told("brokers=2")
            .starts_with("scenarios/x.json: --set brokers=2: topics[0].replication is 3, more than")
    );
    let rendered = load_sets(SOUND, &["brokers=2"]).unwrap_err().render(false);
    assert!(rendered.contains("- this in the file"), "{rendered}");
}

#[test]
fn defaults_that_depend_on_other_settings_are_filled_in() {
    let old = load_sets(SOUND, &["protocol=0.10"]).unwrap();
    assert!(old.plan.config.topics[0].unclean_leader_election_enable);
    let text = changed("\"acks\": \"1\"", "\"enable.idempotence\": true");
    let settings = load_sets(&text, &[]).unwrap().plan.producers[0].settings.clone();
    assert_eq!((settings.retries, settings.acks.to_string()), (i32::MAX as u32, "-1".to_owned()));
}

#[test]
fn no_mangled_file_is_loaded_or_brings_the_loader_down() {
    let sound = changed("All is well.", "Alles ist gut, überall.");
    for (cut, _) in sound.char_indices().skip(1) {
        let errors = load_sets(&sound[..cut], &[]).map(|_| ());
        assert_eq!(errors.is_ok(), cut + 1 == sound.len(), "cut at {cut}");
        errors.err().into_iter().for_each(|errors| assert!(errors.render(false).contains("error")));
    }
    // Each character in turn becomes each of these; what still is a scenario may be loaded.
    for (place, letter) in sound.char_indices() {
        for other in ["", "9", "-", "\"", "x", "ü", "null", "[", "}"] {
            let text = format!("{}{other}{}", &sound[..place], &sound[place + letter.len_utf8()..]);
            load_sets(&text, &[])
                .err()
                .into_iter()
                .for_each(|errors| drop((errors.to_string(), errors.render(true))));
        }
    }
}

#[test]
fn a_great_many_clients_are_refused() {
    let groups: Vec<String> = (0..70)
        .map(|index| format!("{{ \"name\": \"g{index}\", \"topics\": [\"orders\"], \"members\": 1000 }}"))
        .collect();
    let text = changed("{ \"name\": \"billing\", \"topics\": [\"orders\"] }", &groups.join(","));
    let told = load_sets(&text.replace("\"pause\": \"shop\"", "\"pause\": \"g69-999\""), &[])
        .unwrap_err()
        .to_string();
    assert!(told.ends_with("there are 70001 producers and members in all; allowed: at most 10000"), "{told}");
}

#[test]
fn what_is_written_from_the_types_fits_the_schema_and_reads_back() {
    let scenario = load_sets(SOUND, &[]).unwrap().scenario;
    let mut written = serde_json::to_value(&scenario).unwrap();
    assert_eq!(Shape::default().check(&mut written).problems, []);
    assert_eq!(decode(written).unwrap(), scenario);
}
