use std::collections::BTreeMap;

use highwater_model::event::EventKind;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::junit::junit;
use super::suite::Failed;
use super::{About, Case, State, Suite, github, markdown};
use crate::outcome::Outcome;
use crate::property::Property;
use crate::report::Fingerprint;

/// Each element: in which it may stand, the attributes that it must have, and those that it may have besides. This is what `junit-10.xsd` (the
/// Jenkins plugin xUnit, 3.x) and `surefire-test-report-3.0.xsd` (apache/maven-surefire) have in common; the second knows no `testsuites`.
const SCHEMA: [(&str, &str, &[&str], &[&str]); 8] = [
    ("testsuites", "", &[], &["name", "time", "tests", "failures", "errors"]),
    ("testsuite", "testsuites", &["name", "tests", "failures", "errors", "skipped"], &["time", "group"]),
    ("properties", "testsuite", &[], &[]),
    ("property", "properties", &["name", "value"], &[]),
    ("testcase", "testsuite", &["name", "time"], &["classname", "group"]),
    ("failure", "testcase", &["type"], &["message"]),
    ("error", "testcase", &["type"], &["message"]),
    ("skipped", "testcase", &[], &["message"]),
];

type Attributes = BTreeMap<String, String>;

/// A start of an element, its attributes and the text in it.
struct Element {
    name: String,
    attributes: Attributes,
    text: String,
}

/// Reads XML and holds it against the schema; every element in order.
fn valid(xml: &str) -> Vec<Element> {
    assert!(xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), "{xml}");
    let control = |c: char| c < ' ' && !"\t\n\r".contains(c) || c == '\u{fffe}' || c == '\u{ffff}';
    assert!(!xml.contains(control), "XML 1.0 has no place for these");
    let mut reader = Reader::from_str(xml);
    let (mut open, mut found): (Vec<String>, Vec<Element>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().expect("it is well-formed") {
            Event::Start(start) => {
                found.push(element(&start, &open, &found));
                open.push(found[found.len() - 1].name.clone());
            }
            Event::Empty(start) => found.push(element(&start, &open, &found)),
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => {
                let text: &str = text.as_ref();
                if let Some(last) = found.last_mut() {
                    last.text += text;
                }
            }
            Event::GeneralRef(name) => {
                let name: &str = name.as_ref();
                let said =
                    quick_xml::escape::unescape(&format!("&{name};")).expect("it is known").into_owned();
                found.last_mut().expect("it stands in an element").text += &said;
            }
            Event::Eof => break,
            Event::Decl(_) => {}
            Event::CData(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {
                panic!("none is written")
            }
        }
    }
    assert!(open.is_empty());
    found
}

fn element(start: &BytesStart<'_>, open: &[String], before: &[Element]) -> Element {
    let name = start.name().as_ref().to_owned();
    let rule = SCHEMA.iter().find(|(known, ..)| *known == name);
    let (_, parent, required, allowed) = rule.unwrap_or_else(|| panic!("{name} is no element"));
    assert_eq!(open.last().map_or("", String::as_str), *parent, "{name} stands elsewhere");
    let attributes: Attributes = start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.expect("it is well-formed");
            let key = attribute.key.as_ref().to_owned();
            (key, quick_xml::escape::unescape(&attribute.value).expect("it is escaped").into_owned())
        })
        .collect();
    required.iter().for_each(|key| assert!(attributes.contains_key(*key), "{name} lacks {key}"));
    let known = |key: &String| required.contains(&key.as_str()) || allowed.contains(&key.as_str());
    attributes.keys().for_each(|key| assert!(known(key), "{name} has no {key}"));
    // SUREFIRE_TIME
    attributes
        .get("time")
        .into_iter()
        .for_each(|time| assert!(time.parse::<f64>().is_ok_and(|it| it >= 0.0)));
    if name == "properties" {
        assert_eq!(before.last().map(|it| it.name.as_str()), Some("testsuite"), "properties come first");
    }
    Element { name, attributes, text: String::new() }
}

fn failed(kind: &'static str, message: &str) -> State {
    let details = vec!["at 1.000 ms, <b> & \"c\" ]]> \u{1b}[31m\u{0}".to_owned()];
    State::Failed(Failed { kind, message: message.to_owned(), details, again: "again: highwater".to_owned() })
}

fn suite(file: &str, states: Vec<State>) -> Suite {
    let about = [About::End, About::Event(EventKind::LeaderElected), About::Property(Property::StrongIsr)];
    let cases: Vec<Case> =
        about.into_iter().zip(states).map(|(about, state)| Case { about, state }).collect();
    let broken = cases.iter().any(|case| matches!(case.state, State::Failed(_)));
    Suite {
        scenario: "x".to_owned(),
        file: file.to_owned(),
        protocol: "2.0".to_owned(),
        seeds: "3 seeds, 0 to 2".to_owned(),
        overrides: vec!["story=<a>&\"\u{7}".to_owned()],
        outcome: if broken { Outcome::Broken } else { Outcome::AsExpected },
        words: if broken { "BROKEN" } else { "AS EXPECTED" },
        as_expected: (if broken { 1 } else { 3 }, 3),
        fingerprint: Fingerprint(7),
        cases,
        again: broken.then(|| "again: highwater run x.json --seed 1".to_owned()),
    }
}

fn broken() -> Suite {
    let states = vec![
        failed(Failed::PANICKED, "a machine panicked: 'x' < 3\nand 50 %"),
        State::Skipped("not exercised"),
        failed("promise_broken", "strong-isr is promised and broke: once, twice"),
    ];
    suite("./scenarios/museum/x.json", states)
}

fn well(file: &str) -> Suite {
    suite(file, vec![State::Passed, State::Passed, State::Passed])
}

#[test]
fn what_is_written_is_valid_by_the_schemas_whatever_stands_in_it() {
    let found = valid(&junit(&[broken(), well("y.json")]));
    let of = |name: &'static str| found.iter().filter(move |it| it.name == name);
    let sums = |it: &Element| ["tests", "failures", "errors"].map(|key| it.attributes[key].clone());
    assert_eq!(of("testsuites").map(sums).collect::<Vec<_>>(), [["6", "1", "1"]]);
    assert_eq!(of("testsuite").map(sums).collect::<Vec<_>>(), [["3", "1", "1"], ["3", "0", "0"]]);
    assert_eq!(of("testsuite").map(|it| it.attributes["skipped"].as_str()).collect::<Vec<_>>(), ["1", "0"]);
    assert_eq!(of("testcase").count(), 6);
    let classes: Vec<_> = of("testcase").map(|it| it.attributes["classname"].as_str()).step_by(3).collect();
    assert_eq!(classes, ["scenarios.museum.x", "y"]);
    assert_eq!(
        of("failure").next().expect("one failed").text.trim_end(),
        "at 1.000 ms, <b> & \"c\" ]]> \u{fffd}[31m\u{fffd}\nagain: highwater"
    );
    assert!(of("error").next().expect("one panicked").attributes["message"].contains("'x' < 3"));
    assert!(of("property").any(|it| it.attributes["value"] == "story=<a>&\"\u{fffd}"));
}

#[test]
fn no_suite_at_all_is_valid_too() {
    assert_eq!(valid(&junit(&[])).len(), 1);
}

#[test]
#[should_panic(expected = "testsuite lacks skipped")]
fn the_check_of_the_schema_notices_what_is_missing() {
    valid(&junit(&[broken()]).replace(" skipped=\"1\"", ""));
}

#[test]
fn an_annotation_escapes_what_would_end_a_property_or_a_line() {
    let told =
        github::annotations(&[well("y.json"), broken()], |_, about| usize::from(about == About::End) + 6);
    assert_eq!(
        told,
        "::error file=./scenarios/museum/x.json,line=7,title=x BROKEN%2C 3 seeds%2C 0 to 2::a machine panicked: 'x' < 3%0Aand 50 %25%0A\
         strong-isr is promised and broke: once, twice%0Aagain: highwater run x.json --seed 1\n"
    );
}

#[test]
fn of_more_annotations_than_github_shows_the_last_says_how_many_there_are() {
    let many = vec![broken(); 25];
    let told = github::annotations(&many, |_, _| 1);
    assert_eq!(told.lines().count(), 10);
    assert_eq!(
        told.lines().last(),
        Some("::error title=highwater::16 more scenarios did not go as expected")
    );
    assert_eq!(github::annotations(&many[..10], |_, _| 1).lines().count(), 10);
    assert_eq!(github::annotations(&[well("y.json")], |_, _| 1), "");
}

#[test]
fn several_reports_have_a_table_before_them() {
    let (one, other) = (broken(), well("y.json"));
    let told = markdown::all(&[(&one, "ONE\n"), (&other, "OTHER\n")]);
    assert_eq!(
        told,
        "**1 of 2 scenarios as expected**\n\n\
         | scenario | outcome | as expected | why not |\n| --- | --- | ---: | --- |\n\
         | `./scenarios/museum/x.json` | **BROKEN** | 1 of 3 | panicked, `strong-isr` |\n\
         | `y.json` | as expected | 3 of 3 |  |\n\nONE\n\nOTHER\n"
    );
    assert_eq!(markdown::all(&[(&one, "ONE\n")]), "ONE\n");
}
