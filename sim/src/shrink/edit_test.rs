use serde_json::json;

use super::*;

fn file() -> Value {
    json!({
        "story": "", "cluster": { "brokers": 3, "config": {} },
        "topics": [{ "name": "orders", "partitions": 2, "replication": 3 }],
        "producers": [{ "name": "shop", "topic": "orders", "records": 5, "every_ms": 10, "config": { "acks": "1" } }],
        "groups": [{ "name": "billing", "topics": ["orders"], "members": 2 }],
        "faults": [
            { "when": { "at_ms": 500 }, "do": { "crash": "leader of orders-1", "restart_after_ms": 900 } },
            { "when": { "at_ms": 800.5 }, "do": { "pause": "billing-1", "for_ms": 100 } },
            { "when": { "at_ms": 900 }, "do": { "partition": [["broker 3", "shop"], ["rest"]] } }
        ],
        "duration_ms": 1000
    })
}

fn tidied(mut file: Value) -> Value {
    tidy(&mut file);
    file
}

#[test]
fn faults_that_speak_of_what_is_gone_go_and_what_ends_after_the_heal_ends_with_it() {
    let whole = tidied(file());
    assert_eq!(whole["faults"].as_array().unwrap().len(), 3);
    assert_eq!(whole["faults"][0]["do"], json!({ "crash": "leader of orders-1" }));
    assert!(whole["cluster"].get("config").is_none(), "it says nothing");
    let without_members = tidied(with(&file(), "/groups/0/members", json!(1)));
    assert_eq!(without_members["faults"].as_array().unwrap().len(), 2);
    let without_shop = tidied(without(&file(), "producers", &[0]));
    assert_eq!(without_shop["faults"][2]["do"]["partition"], json!([["broker 3"], ["rest"]]));
    let short = tidied(with(&file(), "/duration_ms", json!(600)));
    assert_eq!(short["faults"].as_array().unwrap().len(), 1);
    let without_topic = tidied(without(&file(), "topics", &[0]));
    assert!(without_topic.get("producers").is_none() && without_topic.get("groups").is_none());
}

#[test]
fn time_that_is_cut_out_moves_up_all_that_comes_after_it() {
    let mut cut = file();
    cut_time(&mut cut, 501_000, 200_000);
    let times: Vec<f64> =
        cut["faults"].as_array().unwrap().iter().map(|it| it["when"]["at_ms"].as_f64().unwrap()).collect();
    assert_eq!(times, [500.0, 600.5, 700.0]);
    assert_eq!(cut["duration_ms"], 800);
    assert_eq!(cut["producers"][0]["start_ms"], 1300, "it begins at 1500 where the file says nothing");
    cut_time(&mut cut, 501_000, 10_000_000);
    assert_eq!(cut["faults"][1]["when"]["at_ms"], 501, "what would pass the moment stops there");
}

#[test]
fn settings_are_all_that_a_scenario_can_do_without() {
    let settings = settings(&file());
    assert_eq!(settings, ["/producers/0/config/acks"]);
    let mut file = file();
    remove(&mut file, &settings[0]);
    assert!(file["producers"][0]["config"].as_object().unwrap().is_empty());
}

#[test]
fn an_assignment_that_is_the_usual_one_is_not_said() {
    let mut assigned = file();
    assign(&mut assigned, 0);
    assert_eq!(assigned["topics"][0]["assignment"], json!([[1, 2, 3], [2, 3, 1]]));
    assert!(tidied(assigned)["topics"][0].get("assignment").is_none());
}
