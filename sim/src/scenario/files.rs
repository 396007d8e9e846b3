//! Finds and reads scenario files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use super::errors::LoadErrors;
use super::suggest::nearest;
use crate::bundle::is_bundle;

/// The file that editors read, which lies beside the scenarios and is none.
const SCHEMA: &str = "schema.json";

/// A scenario file that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioFile {
    /// Where it lies.
    pub path: PathBuf,
    /// How it is said on a command line.
    pub given: String,
}

/// What is wrong with several files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesErrors(pub Vec<LoadErrors>);

impl std::error::Error for FilesErrors {}

/// A line an error.
impl fmt::Display for FilesErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, errors) in self.0.iter().enumerate() {
            let break_before = if place == 0 { "" } else { "\n" };
            write!(f, "{break_before}{errors}")?;
        }
        Ok(())
    }
}

impl FilesErrors {
    /// All errors, as [`LoadErrors::render`] draws them.
    pub fn render(&self, colours: bool) -> String {
        self.0.iter().map(|errors| errors.render(colours)).collect::<Vec<_>>().join("\n")
    }

    /// All errors, as [`LoadErrors::checked`] draws them.
    pub fn checked(&self, colours: bool) -> String {
        self.0.iter().map(|errors| errors.checked(colours)).collect::<Vec<_>>().join("\n")
    }
}

/// The scenario files that `named` files and directories mean: files as they are, directories with their `*.json`
/// in order of name, except `schema.json` and failure bundles, and after those what the directories in them mean.
///
/// # Errors
/// Each name that does not exist, and each directory without a scenario.
pub fn expand(named: &[PathBuf]) -> Result<Vec<ScenarioFile>, FilesErrors> {
    each(named, |path| if path.is_dir() { scenarios_in(path) } else { exists(path) })
}

/// What is to be played of `named` files and directories: failure bundles, then scenarios, each as [`expand`] orders them.
///
/// # Errors
/// Each name that does not exist, and each directory with neither.
pub fn bundles_and_scenarios(
    named: &[PathBuf],
) -> Result<(Vec<ScenarioFile>, Vec<ScenarioFile>), FilesErrors> {
    let all = each(named, |path| if path.is_dir() { any_in(path) } else { exists(path) })?;
    Ok(all.into_iter().partition(|file| is_bundle(&file.path)))
}

fn each(
    named: &[PathBuf],
    means: impl Fn(&Path) -> Result<Vec<PathBuf>, LoadErrors>,
) -> Result<Vec<ScenarioFile>, FilesErrors> {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for path in named {
        match means(path) {
            Ok(found) => files.extend(found),
            Err(error) => errors.push(error),
        }
    }
    let file = |path: PathBuf| ScenarioFile { given: path.display().to_string(), path };
    if errors.is_empty() { Ok(files.into_iter().map(file).collect()) } else { Err(FilesErrors(errors)) }
}

fn exists(path: &Path) -> Result<Vec<PathBuf>, LoadErrors> {
    if path.exists() { Ok(vec![path.to_owned()]) } else { Err(missing(path)) }
}

fn scenarios_in(directory: &Path) -> Result<Vec<PathBuf>, LoadErrors> {
    let mut files = below(directory)?;
    files.retain(|file| !is_bundle(file));
    some(directory, files)
}

fn any_in(directory: &Path) -> Result<Vec<PathBuf>, LoadErrors> {
    some(directory, below(directory)?)
}

fn some(directory: &Path, files: Vec<PathBuf>) -> Result<Vec<PathBuf>, LoadErrors> {
    if files.is_empty() {
        let message = "the directory holds no scenario; allowed: a directory with at least one *.json file \
                       beside schema.json";
        return Err(LoadErrors::of_file(&directory.display().to_string(), message, None));
    }
    Ok(files)
}

/// Hidden directories, and links to directories, are left alone.
fn below(directory: &Path) -> Result<Vec<PathBuf>, LoadErrors> {
    let shown = directory.display().to_string();
    let unreadable = |error: std::io::Error| unreadable(&shown, &error);
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            directories.extend((!hidden).then_some(path));
        } else if is_scenario(&path) {
            files.push(path);
        }
    }
    files.sort();
    directories.sort();
    for directory in directories {
        files.extend(below(&directory)?);
    }
    Ok(files)
}

fn is_scenario(path: &Path) -> bool {
    let json = path.extension() == Some(OsStr::new("json"));
    json && path.file_name() != Some(OsStr::new(SCHEMA)) && path.is_file()
}

/// A scenario file's text.
///
/// # Errors
/// If it cannot be read, is not UTF-8, or is a failure bundle.
pub fn read(path: &Path) -> Result<String, LoadErrors> {
    if is_bundle(path) {
        let message =
            "this is a failure bundle; allowed: a scenario file. `highwater replay` plays a bundle again";
        return Err(LoadErrors::of_file(&path.display().to_string(), message, None));
    }
    text(path)
}

/// A file's text, whatever it is.
///
/// # Errors
/// If it cannot be read, or is not UTF-8.
pub(crate) fn text(path: &Path) -> Result<String, LoadErrors> {
    let shown = path.display().to_string();
    if path.is_dir() {
        return Err(LoadErrors::of_file(&shown, "this is a directory; allowed: a scenario file", None));
    }
    if !path.exists() {
        return Err(missing(path));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(&shown, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let message = format!("the file is not UTF-8 from byte {} on", error.utf8_error().valid_up_to());
        LoadErrors::of_file(&shown, message, None)
    })
}

/// What a scenario is called: its file's name without directories and `.json`.
pub fn stem(file: &str) -> String {
    Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// Nothing has this name; perhaps something beside it was meant.
fn missing(path: &Path) -> LoadErrors {
    let shown = path.display().to_string();
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        beside.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let near = nearest(&wanted, names.iter().map(String::as_str));
    let near = near.map(|near| path.with_file_name(near).display().to_string());
    LoadErrors::of_file(&shown, "there is no such file or directory", near.as_deref())
}

fn unreadable(shown: &str, error: &std::io::Error) -> LoadErrors {
    LoadErrors::of_file(shown, format!("cannot be read: {error}"), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory of its own for a test, removed at its end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, files: &[&str]) -> Self {
            let path = std::env::temp_dir().join(format!("highwater-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            files.iter().for_each(|file| fs::write(path.join(file), "{}").unwrap());
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn a_directory_means_its_json_files_in_order_without_the_schema() {
        let scratch = Scratch::new("order", &["b.json", "a.json", "schema.json", "notes.md"]);
        let files = expand(std::slice::from_ref(&scratch.0)).unwrap();
        let names: Vec<String> = files.iter().map(|file| stem(&file.given)).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn the_directories_in_it_come_after_its_own_files() {
        let scratch = Scratch::new("below", &["b.json"]);
        for (folder, file) in [("a", "z.json"), ("a/b", "y.json"), (".hidden", "x.json")] {
            fs::create_dir_all(scratch.0.join(folder)).unwrap();
            fs::write(scratch.0.join(folder).join(file), "{}").unwrap();
        }
        let files = expand(std::slice::from_ref(&scratch.0)).unwrap();
        let names: Vec<String> = files.iter().map(|file| stem(&file.given)).collect();
        assert_eq!(names, ["b", "z", "y"]);
    }

    #[test]
    fn an_empty_directory_is_an_error() {
        let scratch = Scratch::new("empty", &["schema.json"]);
        let told = expand(std::slice::from_ref(&scratch.0)).unwrap_err().to_string();
        assert!(told.contains("the directory holds no scenario; allowed: a directory with"), "{told}");
    }

    #[test]
    fn a_file_that_is_missing_is_told_the_nearest_beside_it() {
        let scratch = Scratch::new("missing", &["chaos.json"]);
        let told = expand(&[scratch.0.join("chaso.json"), scratch.0.join("zebra")]).unwrap_err();
        assert_eq!(told.0.len(), 2);
        assert!(told.to_string().contains("did you mean `"), "{told}");
        assert!(told.render(false).contains("chaos.json`?"), "{told}");
    }

    #[test]
    fn what_is_not_utf_8_is_refused() {
        let scratch = Scratch::new("latin", &[]);
        let path = scratch.0.join("x.json");
        fs::write(&path, b"{\xe4}").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("not UTF-8 from byte 1 on"));
    }
}
