//! JUnit's XML, as Jenkins and Surefire define it and the other servers read it: a `testsuite` a scenario, a `testcase` a property,
//! an event that must be seen, and how runs end.
//!
//! Only what both schemas allow is written: `junit-10.xsd` of Jenkins' xUnit plugin and `surefire-test-report-3.0.xsd`. The second asks for
//! `time`: it is always 0, because a report does not depend on the machine, and simulated seconds would be taken for real ones. A
//! `classname` is the scenario's file with dots between folders, which servers show as packages and classes.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::suite::Failed;
use super::{Case, State, Suite};

type Xml = Writer<Vec<u8>>;

/// All suites as one file.
pub fn junit(suites: &[Suite]) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut xml, suites).expect("memory takes all that is written");
    let mut text = String::from_utf8(xml.into_inner()).expect("only strings were written");
    text.push('\n');
    text
}

fn write(xml: &mut Xml, suites: &[Suite]) -> io::Result<()> {
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let sums = Sums::of(all.iter().copied());
    let root = xml.create_element("testsuites").with_attribute(("name", "highwater"));
    let root = root.with_attribute(("tests", sums.tests.as_str()));
    let root = root.with_attribute(("failures", sums.failures.as_str()));
    let root = root.with_attribute(("errors", sums.errors.as_str()));
    root.write_inner_content(|xml| suites.iter().try_for_each(|each| suite(xml, each)))?;
    Ok(())
}

fn suite(xml: &mut Xml, suite: &Suite) -> io::Result<()> {
    let sums = Sums::of(suite.cases.iter());
    let class = class(&suite.file);
    let element = xml
        .create_element("testsuite")
        .with_attribute(("name", clean(&suite.scenario).as_str()))
        .with_attribute(("tests", sums.tests.as_str()))
        .with_attribute(("failures", sums.failures.as_str()))
        .with_attribute(("errors", sums.errors.as_str()))
        .with_attribute(("skipped", sums.skipped.as_str()))
        .with_attribute(("time", "0"));
    element.write_inner_content(|xml| {
        properties(xml, suite)?;
        suite.cases.iter().try_for_each(|each| case(xml, &class, each))
    })?;
    Ok(())
}

/// What was played.
fn properties(xml: &mut Xml, suite: &Suite) -> io::Result<()> {
    let fingerprint = suite.fingerprint.to_string();
    let set = suite.overrides.iter().map(|pair| ("set", pair.as_str()));
    let known = [
        ("protocol", suite.protocol.as_str()),
        ("seeds", suite.seeds.as_str()),
        ("outcome", suite.words),
        ("fingerprint", fingerprint.as_str()),
    ];
    xml.create_element("properties").write_inner_content(|xml| {
        known.into_iter().chain(set).try_for_each(|(name, value)| {
            let property = xml.create_element("property").with_attribute(("name", name));
            property.with_attribute(("value", clean(value).as_str())).write_empty().map(drop)
        })
    })?;
    Ok(())
}

fn case(xml: &mut Xml, class: &str, case: &Case) -> io::Result<()> {
    let element = xml
        .create_element("testcase")
        .with_attribute(("name", case.about.name().as_str()))
        .with_attribute(("classname", class))
        .with_attribute(("time", "0"));
    match &case.state {
        State::Passed => element.write_empty()?,
        State::Skipped(why) => element.write_inner_content(|xml| {
            xml.create_element("skipped").with_attribute(("message", *why)).write_empty().map(drop)
        })?,
        State::Failed(failed) => element.write_inner_content(|xml| failure(xml, failed))?,
    };
    Ok(())
}

/// A defect of Highwater itself is an error, all else a failure.
fn failure(xml: &mut Xml, failed: &Failed) -> io::Result<()> {
    let Failed { kind, message, details, again } = failed;
    let element = xml.create_element(if *kind == Failed::PANICKED { "error" } else { "failure" });
    let element = element.with_attribute(("message", clean(message).as_str()));
    let body = details.iter().chain([again]).map(String::as_str).collect::<Vec<_>>().join("\n");
    element.with_attribute(("type", *kind)).write_text_content(BytesText::new(&clean(&body)))?;
    Ok(())
}

/// How many there are of what, as attributes say it.
struct Sums {
    tests: String,
    failures: String,
    errors: String,
    skipped: String,
}

impl Sums {
    fn of<'a>(cases: impl Iterator<Item = &'a Case>) -> Self {
        let (mut tests, mut failures, mut errors, mut skipped) = (0_u64, 0_u64, 0_u64, 0_u64);
        for case in cases {
            tests += 1;
            match &case.state {
                State::Passed => {}
                State::Skipped(_) => skipped += 1,
                State::Failed(failed) if failed.kind == Failed::PANICKED => errors += 1,
                State::Failed(_) => failures += 1,
            }
        }
        let [tests, failures, errors, skipped] =
            [tests, failures, errors, skipped].map(|sum| sum.to_string());
        Self { tests, failures, errors, skipped }
    }
}

/// `scenarios/museum/x.json` as `scenarios.museum.x`.
fn class(file: &str) -> String {
    let file = file.strip_suffix(".json").unwrap_or(file);
    let parts = file.split(['/', '\\']).filter(|part| !["", ".", ".."].contains(part));
    clean(&parts.collect::<Vec<_>>().join("."))
}

/// The text without what XML 1.0 has no place for even when it is escaped. A replacement character tells that there was something.
fn clean(text: &str) -> String {
    let allowed = |c: char| match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    };
    text.chars().map(|c| if allowed(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
