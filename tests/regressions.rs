//! The corpus of failures that must stay failures: every bundle is played again, and its violation must still be there.
//!
//! Where the run itself became another one, as after a change of the events, the violation must be there all the same; then it
//! is time to record the bundle anew: `highwater run FILE --seed N --set ... --bundle scenarios/regressions`.

use std::path::{Path, PathBuf};

use highwater_reports::replay::{Standing, text};
use highwater_sim::bundle;

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/regressions");
    let entries = std::fs::read_dir(folder).expect("the corpus is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    assert!(files.len() >= 3, "{files:?}");
    files
}

#[test]
fn every_recorded_failure_is_still_there() {
    for path in corpus() {
        let file = path.display().to_string();
        let bundle = bundle::read(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(bundle.file_name().as_str()));
        let report = bundle::replay(&bundle, &file).unwrap_or_else(|error| panic!("{error}"));
        assert!(report.standing() > Standing::Gone, "{}", text::replay(&report, &file));
    }
}
