//! Files that are whole or not there, streams that end with a whole line, and what to do when neither can be written.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

/// Writes a text beside its place and moves it there: whoever reads meanwhile sees the old file or the new one, and a full disk
/// leaves the old one as it was. A pipe or a device, as `/dev/stdout` is, is written to where it stands.
///
/// # Errors
/// Why it could not be written and what to do about it; the path is for the caller to name. What was written beside it is taken
/// away.
pub(crate) fn whole(path: &Path, text: &str) -> io::Result<()> {
    replaced(path, text).map_err(|error| advised(path, &error))
}

fn replaced(path: &Path, text: &str) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    if there.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(ErrorKind::IsADirectory.into());
    }
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return File::options().write(true).open(path)?.write_all(text.as_bytes());
    }
    let kept = there.map(|there| there.permissions());
    if kept.as_ref().is_some_and(fs::Permissions::readonly) {
        return Err(ErrorKind::PermissionDenied.into());
    }
    // A link stays, and what it leads to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut beside = Builder::new();
    beside.prefix(".").suffix(".partial");
    let usual = usual_permissions();
    if let Some(permissions) = kept.or(usual) {
        beside.permissions(permissions);
    }
    let mut beside = beside.tempfile_in(folder(&target))?;
    beside.write_all(text.as_bytes())?;
    // Some file systems say only now that they are full.
    beside.as_file().sync_all()?;
    beside.persist(&target)?;
    Ok(())
}

/// Those of any new file: as all may, less what the process masks. Temporary files would be their owner's alone.
fn usual_permissions() -> Option<fs::Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    #[cfg(not(unix))]
    return None;
}

/// Whether both name one file, be it there or not. What two are written to that is no file, as `/dev/stdout` is, is not lost.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    let apart = |path: &Path| fs::metadata(path).is_ok_and(|it| !it.is_file());
    let real = |path: &Path| {
        let beside = || Some(fs::canonicalize(folder(path)).ok()?.join(path.file_name()?));
        fs::canonicalize(path).ok().or_else(beside)
    };
    !apart(one) && real(one).is_some_and(|one| real(other) == Some(one))
}

/// A file that a text in `from` names, as it is named by a text that lies at `to`; none if that cannot be told.
pub(crate) fn told_from(name: &str, from: Option<&Path>, to: &Path) -> Option<String> {
    if name.contains("://") || Path::new(name).is_absolute() {
        return Some(name.to_owned());
    }
    let there = fs::canonicalize(from?.join(name)).ok()?;
    let here = fs::canonicalize(folder(to)).ok()?;
    let shared = there.components().zip(here.components()).take_while(|(there, here)| there == here).count();
    // What is not below one root cannot be told from elsewhere.
    if shared == 0 {
        return None;
    }
    let up = here.components().skip(shared).map(|_| "..".to_owned());
    let down = there.components().skip(shared).map(|it| it.as_os_str().to_string_lossy().into_owned());
    let way: Vec<String> = up.chain(down).collect();
    let way = way.join("/");
    Some(if way.starts_with("..") { way } else { format!("./{way}") })
}

/// In which directory a file lies.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The error in words that say what to do.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "systems have more kinds of errors than there is advice for"
)]
fn advised(path: &Path, error: &io::Error) -> io::Error {
    let folder = folder(path).display();
    let told = match error.kind() {
        ErrorKind::NotFound => format!("there is no directory {folder}; make it first"),
        ErrorKind::NotADirectory => format!("{folder} is no directory; name a place in one"),
        ErrorKind::IsADirectory => "it is a directory; name a file in it".to_owned(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!("{}; name a place that may be written to", said(error))
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            format!("{}; make room and play it again", said(error))
        }
        _ => said(error),
    };
    io::Error::new(error.kind(), told)
}

/// What the system says, without the name of a file that nobody asked for.
fn said(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(Error::source);
    inner.map_or_else(|| error.to_string(), ToString::to_string)
}

/// A file that grows a line at a time where it stands, so that others can follow it.
pub(crate) struct Stream {
    path: PathBuf,
    file: File,
    /// How many bytes its whole lines have.
    length: u64,
}

impl Stream {
    /// Begins the file anew.
    ///
    /// # Errors
    /// As [`whole`].
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path).map_err(|error| advised(path, &error))?;
        Ok(Self { path: path.to_owned(), file, length: 0 })
    }

    /// Writes a line, with its line feed, at once: nothing is kept back that an interrupt could cut off.
    ///
    /// # Errors
    /// As [`whole`]. What was written of the line is taken away where that can be done.
    pub(crate) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        match self.file.write_all(line) {
            Ok(()) => {
                self.length += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Pipes and devices have no length; what has left through them has left.
                let _kept = self.file.set_len(self.length);
                Err(advised(&self.path, &error))
            }
        }
    }
}

#[cfg(test)]
#[path = "files_out_test.rs"]
mod files_out_test;
