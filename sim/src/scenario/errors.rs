//! What is wrong with a scenario, where, what may stand there instead, and how that is told to a person.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::path::JsonPath;

/// Whether a problem is with a value, or with the key before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// The value.
    #[default]
    Value,
    /// The key.
    Key,
}

/// Something that a problem is about: a place by its path, or by its bytes where paths cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// By path.
    Path(JsonPath),
    /// By bytes of the file.
    Bytes(Range<usize>),
}

/// Something wrong, before it is known where in the file it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The value that it is about.
    pub path: JsonPath,
    /// Which part of it.
    pub part: Part,
    /// Set where the path does not tell.
    pub bytes: Option<Range<usize>>,
    /// What was found, and why it cannot be.
    pub message: String,
    /// What may stand there.
    pub allowed: Option<String>,
    /// The known name most like the one that was found.
    pub nearest: Option<String>,
    /// Other places that it follows from, and what stands there.
    pub because: Vec<(Spot, String)>,
}

impl Problem {
    /// A problem with the value at `path`.
    pub fn new(path: JsonPath, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            path,
            part: Part::Value,
            bytes: None,
            message,
            allowed: None,
            nearest: None,
            because: Vec::new(),
        }
    }
    /// What may stand there.
    #[must_use]
    pub fn allowed(mut self, allowed: impl Into<String>) -> Self {
        self.allowed = Some(allowed.into());
        self
    }
    /// The known name that was probably meant.
    #[must_use]
    pub fn nearest(mut self, nearest: Option<&str>) -> Self {
        self.nearest = nearest.map(ToOwned::to_owned);
        self
    }
    /// It is about this part.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.part = part;
        self
    }
    /// It also follows from the value at `path`.
    #[must_use]
    pub fn because(mut self, path: JsonPath, says: impl Into<String>) -> Self {
        self.because.push((Spot::Path(path), says.into()));
        self
    }
    /// Whether it is about one of these values, or follows from one.
    pub fn rests_on(&self, values: &[JsonPath]) -> bool {
        values.iter().any(|value| {
            *value == self.path || self.because.iter().any(|(spot, _)| *spot == Spot::Path(value.clone()))
        })
    }
    /// It stands at these bytes.
    #[must_use]
    pub fn at_bytes(mut self, bytes: Range<usize>) -> Self {
        self.bytes = Some(bytes);
        self
    }
    /// It also follows from these bytes.
    #[must_use]
    pub fn because_bytes(mut self, bytes: Range<usize>, says: impl Into<String>) -> Self {
        self.because.push((Spot::Bytes(bytes), says.into()));
        self
    }
}

/// Where an error is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole: it cannot be read.
    File,
    /// In the file.
    At {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// In bytes.
        range: Range<usize>,
    },
    /// In an override on the command line, `KEY=VALUE`.
    Override(String),
}

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// Where.
    pub place: Place,
    /// What was found, and why it cannot be.
    pub message: String,
    /// What may stand there.
    pub allowed: Option<String>,
    /// The known name most like the one that was found.
    pub nearest: Option<String>,
    /// Other bytes of the file that it follows from, and what stands there.
    pub because: Vec<(Range<usize>, String)>,
}

impl LoadError {
    /// What is wrong, with the nearest name.
    fn headline(&self) -> String {
        match &self.nearest {
            Some(nearest) => format!("{}; did you mean `{nearest}`?", self.message),
            None => self.message.clone(),
        }
    }
}

/// All that is wrong with one scenario, in the order of the file, overrides first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadErrors {
    /// The file's name as it was given.
    pub file: String,
    /// Its text, if it could be read.
    pub text: String,
    /// At least one.
    pub errors: Vec<LoadError>,
}

impl std::error::Error for LoadErrors {}

/// A line an error: `FILE:LINE:COLUMN: what was found; did you mean ...? allowed: ...`.
impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, error) in self.errors.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}{}", self.prefix(error), error.headline())?;
            if let Some(allowed) = &error.allowed {
                let joint = if error.nearest.is_some() { "" } else { ";" };
                write!(f, "{joint} allowed: {allowed}")?;
            }
        }
        Ok(())
    }
}

impl LoadErrors {
    /// Errors that concern the file as a whole.
    pub fn of_file(file: &str, message: impl Into<String>, nearest: Option<&str>) -> Self {
        let error = LoadError {
            place: Place::File,
            message: message.into(),
            allowed: None,
            nearest: nearest.map(ToOwned::to_owned),
            because: Vec::new(),
        };
        Self { file: file.to_owned(), text: String::new(), errors: vec![error] }
    }

    /// As [`checked`](Self::checked), for commands that would have run the scenario.
    pub fn render(&self, colours: bool) -> String {
        self.told(colours, "; nothing was run")
    }

    /// All errors with excerpts of the file that point at what is wrong; with colours for terminals.
    pub fn checked(&self, colours: bool) -> String {
        self.told(colours, "")
    }

    fn told(&self, colours: bool, consequence: &str) -> String {
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for error in &self.errors {
            text.push_str(&renderer.render(&[self.group(error)]));
            text.push_str("\n\n");
        }
        let count = self.errors.len();
        let noun = if count == 1 { "error" } else { "errors" };
        text.push_str(&format!("{}: {count} {noun}{consequence}\n", self.file));
        text
    }

    fn prefix(&self, error: &LoadError) -> String {
        match &error.place {
            Place::File => format!("{}: ", self.file),
            Place::At { line, column, .. } => format!("{}:{line}:{column}: ", self.file),
            Place::Override(set) => format!("{}: --set {set}: ", self.file),
        }
    }

    fn group<'a>(&'a self, error: &'a LoadError) -> Group<'a> {
        let title = format!("{}{}", self.prefix(error), error.headline());
        let mut group = Group::with_title(Level::ERROR.primary_title(title));
        let mut excerpt = Snippet::source(self.text.as_str()).fold(true);
        let mut points = false;
        if let Place::At { range, .. } = &error.place {
            excerpt = excerpt.annotation(AnnotationKind::Primary.span(range.clone()));
            points = true;
        }
        for (range, says) in &error.because {
            excerpt = excerpt.annotation(AnnotationKind::Context.span(range.clone()).label(says.as_str()));
            points = true;
        }
        if points {
            group = group.element(excerpt);
        }
        if let Some(allowed) = &error.allowed {
            group = group.element(Level::HELP.message(format!("allowed: {allowed}")));
        }
        group
    }
}

/// The line and column, both from 1, of a byte of `text`; columns count characters.
pub fn line_and_column(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
