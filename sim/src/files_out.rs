//! Files that are whole or not there.

use std::fs;
use std::io;
use std::path::Path;

/// Writes a text beside its place and moves it there: whoever reads meanwhile sees the old file or the new one, and a full disk
/// leaves the old one as it was.
///
/// # Errors
/// Whatever kept it from being written; what was written beside it is taken away.
pub(crate) fn whole(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let beside = path.with_file_name(name);
    let moved = fs::write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if moved.is_err() {
        // If it is not there, there is nothing to take away.
        let _absent = fs::remove_file(&beside);
    }
    moved
}
