//! From a file to a bundle, or to what is wrong with it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::error::Category;

use super::format::{Bundle, FORMAT, VERSION};
use crate::scenario::errors::LoadErrors;
use crate::scenario::files;

/// What can be told of a bundle of any version.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
    #[serde(default)]
    highwater: Option<String>,
}

/// Whether a file says of itself that it is a bundle, by its first key; even if it is cut off behind it.
pub fn is_bundle(path: &Path) -> bool {
    // What can be read only once, such as a pipe, is left to whoever reads it.
    if !path.is_file() {
        return false;
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_ok() && says_bundle(&String::from_utf8_lossy(&head))
}

/// More than a bundle's first key takes.
const HEAD_BYTES: u64 = 128;

/// Whether a text begins as a bundle does.
fn says_bundle(text: &str) -> bool {
    let mut left = text.trim_start_matches('\u{feff}');
    for word in ["{", "\"format\"", ":", "\"highwater-bundle\""] {
        match left.trim_start().strip_prefix(word) {
            Some(rest) => left = rest,
            None => return false,
        }
    }
    true
}

/// Reads a bundle.
///
/// # Errors
/// The file cannot be read, is no bundle, is cut off, or was written by a newer Highwater.
pub fn read(path: &Path) -> Result<Bundle, LoadErrors> {
    parse(&path.display().to_string(), &files::text(path)?)
}

/// The same from its text.
///
/// # Errors
/// As [`read`].
pub fn parse(file: &str, text: &str) -> Result<Bundle, LoadErrors> {
    let text = text.trim_start_matches('\u{feff}');
    let refused = |message: String| LoadErrors::of_file(file, message, None);
    if !says_bundle(text) {
        return Err(refused(format!(
            "this is no failure bundle: it does not begin with \"format\": \"{FORMAT}\"; allowed: a file that \
             `highwater run FILE --bundle DIR` wrote"
        )));
    }
    let head: Head = serde_json::from_str(text).map_err(|error| refused(cut_off_or_wrong(&error)))?;
    debug_assert_eq!(head.format, FORMAT, "it says so of itself");
    if head.version > VERSION {
        let newer = head.highwater.map(|it| format!(" by Highwater {it}")).unwrap_or_default();
        return Err(refused(format!(
            "this bundle was written{newer} in version {} of the format, which is newer than this Highwater; allowed: version \
             {VERSION}, or a newer Highwater",
            head.version
        )));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, why) = (error.path().to_string(), cut_off_or_wrong(error.inner()));
        // A key that is missing has no path of its own.
        refused(if path == "." { why } else { format!("{path}: {why}") })
    })
}

fn cut_off_or_wrong(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => format!(
            "the bundle is truncated: it ends in the middle, in line {line}; copy it again, or have it written again"
        ),
        Category::Syntax | Category::Data | Category::Io => {
            // serde_json ends its words with the place.
            let words = error.to_string();
            let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
            format!("line {line}, column {column}: {words}")
        }
    }
}
