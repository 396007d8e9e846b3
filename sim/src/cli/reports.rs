//! Reads the JSON reports that `highwater run` printed.

use std::path::Path;

use highwater_reports::report::VERSION;
use serde_json::Value;

use crate::bundle;

/// What a file holds: one report, or one of each scenario.
///
/// # Errors
/// Why it cannot be read, or that it is none of ours, not whole, or of another version.
pub(super) fn read(file: &Path) -> Result<Vec<Value>, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name} could not be read: {error}"))?;
    parse(&text).map_err(|error| format!("{name} {error}"))
}

/// The same of its text.
///
/// # Errors
/// What is wrong with it, to be said after its name.
pub(super) fn parse(text: &str) -> Result<Vec<Value>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let whole = if error.is_eof() { "is not whole" } else { "is no JSON" };
        format!("{whole}: {error}")
    })?;
    let reports = match value {
        Value::Array(reports) => reports,
        one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            vec![one]
        }
    };
    reports.iter().try_for_each(is_report)?;
    Ok(reports)
}

/// Each report that does not have all that was asked for, and why: `steady_state ended early: interrupted`.
pub(super) fn cut_short(reports: &[Value]) -> impl Iterator<Item = String> + '_ {
    reports.iter().filter_map(|report| {
        let interrupted = || (report["end"] == "interrupted").then_some("interrupted");
        let why = report["ended_early"]["why"].as_str().or_else(interrupted)?;
        Some(format!("{} ended early: {why}", report["scenario"].as_str().unwrap_or_default()))
    })
}

fn is_report(value: &Value) -> Result<(), String> {
    if value.get("format").and_then(Value::as_str) == Some(bundle::FORMAT) {
        return Err("is a failure bundle and no report of `highwater run --format json`; `highwater replay` says what became of it"
            .to_owned());
    }
    if value.get("fingerprint").is_none() || value.get("scenario").is_none() {
        return Err("is no report of `highwater run --format json`".to_owned());
    }
    let version = value.get("version").and_then(Value::as_u64);
    if version == Some(u64::from(VERSION)) {
        return Ok(());
    }
    let theirs = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
    Err(format!("is a report of version {theirs}; this Highwater reads those of version {VERSION}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_is_refused_with_the_reason() {
        let report = r#"{ "version": 1, "scenario": "x", "fingerprint": "0" }"#;
        assert_eq!(parse(report).map(|reports| reports.len()), Ok(1));
        assert_eq!(parse(&format!("[{report}, {report}]")).map(|reports| reports.len()), Ok(2));
        for (text, wrong) in [
            (&report[..20], "is not whole"),
            ("", "is not whole"),
            ("nonsense", "is no JSON"),
            (r#"{"format": "highwater-bundle"}"#, "is a failure bundle and no report"),
            ("{}", "is no report of `highwater run --format json`"),
            ("[{}]", "is no report"),
            (
                &report.replace("1,", "2,"),
                "is a report of version 2; this Highwater reads those of version 1",
            ),
            (&report.replace("\"version\": 1,", ""), "is a report of version none"),
        ] {
            let told = parse(text).expect_err(text);
            assert!(told.starts_with(wrong), "{text}: {told}");
        }
    }
}
