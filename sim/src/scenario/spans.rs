//! Reads a scenario file as strict JSON and remembers where every key and value stands.

use std::collections::BTreeMap;
use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Map, Number, Value};

use super::errors::{Part, Problem};
use super::path::JsonPath;

/// Where a value stands in the text, in bytes, and the key before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its key, with the quotes; `None` in a list.
    pub key: Option<Range<usize>>,
    /// The value itself.
    pub value: Range<usize>,
}

/// Where every value stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    places: BTreeMap<JsonPath, Span>,
    /// Keys that were taken for others: where they are sought, and where they stand.
    moved: Vec<(JsonPath, JsonPath)>,
}

impl Spans {
    /// Where the value at `path` stands; if there is none, where the nearest object or list around it does, `false`.
    pub fn locate(&self, path: &JsonPath) -> Option<(&Span, bool)> {
        let mut path = self.moved.iter().rev().fold(path.clone(), |path, (to, from)| path.moved(to, from));
        let mut exact = true;
        loop {
            if let Some(span) = self.places.get(&path) {
                return Some((span, exact));
            }
            path = path.parent()?;
            exact = false;
        }
    }

    /// From now on, what is sought at `to` is found at `from`.
    pub fn take(&mut self, from: JsonPath, to: JsonPath) {
        self.moved.push((to, from));
    }
}

/// A file that is JSON.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it says. Of a key that stands twice, the first.
    pub value: Value,
    /// Where it says so.
    pub spans: Spans,
    /// Keys that stand twice in one object.
    pub problems: Vec<Problem>,
}

/// JSON as RFC 8259 has it, and nothing beside.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Reads `text`.
///
/// # Errors
/// The first place at which it is not JSON: the bytes there, and what is wrong with them.
pub fn parse(text: &str) -> Result<Document, (Range<usize>, String)> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let range = error.range();
        (range.start..range.end, format!("malformed JSON: {}", lower_first(&error.kind().to_string())))
    })?;
    let Some(root) = parsed.value else {
        return Err((0..text.len(), "the file is empty; allowed: a JSON object".to_owned()));
    };
    let mut reader = Reader { places: BTreeMap::new(), problems: Vec::new() };
    let value = reader.read(&root, JsonPath::ROOT, None);
    let spans = Spans { places: reader.places, moved: Vec::new() };
    Ok(Document { value, spans, problems: reader.problems })
}

struct Reader {
    places: BTreeMap<JsonPath, Span>,
    problems: Vec<Problem>,
}

impl Reader {
    fn read(&mut self, node: &ast::Value<'_>, path: JsonPath, key: Option<Range<usize>>) -> Value {
        let value = match node {
            ast::Value::Object(object) => self.object(object, &path),
            ast::Value::Array(array) => {
                let element = |(index, node)| self.read(node, path.index(index), None);
                Value::Array(array.elements.iter().enumerate().map(element).collect())
            }
            ast::Value::StringLit(string) => Value::String(string.value.clone().into_owned()),
            ast::Value::NumberLit(number) => self.number(number.value, &path),
            ast::Value::BooleanLit(boolean) => Value::Bool(boolean.value),
            ast::Value::NullKeyword(_) => Value::Null,
        };
        let range = node.range();
        self.places.insert(path, Span { key, value: range.start..range.end });
        value
    }

    fn object(&mut self, object: &ast::Object<'_>, path: &JsonPath) -> Value {
        let mut map = Map::new();
        for property in &object.properties {
            let name = property.name.as_str();
            let range = property.name.range();
            let key = range.start..range.end;
            let place = path.key(name);
            if let Some(first) = self.places.get(&place) {
                let problem = Problem::new(place.clone(), format!("the key `{name}` stands twice in {path}"))
                    .at_bytes(key)
                    .allowed("each key once")
                    .because_bytes(first.key.clone().unwrap_or_default(), "first here");
                self.problems.push(problem.part(Part::Key));
            } else {
                let value = self.read(&property.value, place, Some(key));
                map.insert(name.to_owned(), value);
            }
        }
        Value::Object(map)
    }

    /// What Rust cannot hold becomes `null`, so that nothing rests on it; that never happens with up to 308 digits.
    fn number(&mut self, text: &str, path: &JsonPath) -> Value {
        text.parse::<Number>().map(Value::Number).unwrap_or_else(|_| {
            let problem = Problem::new(path.clone(), format!("{path}: the number {text} is out of range"));
            self.problems.push(problem.allowed("a number that fits 64 bits"));
            Value::Null
        })
    }
}

fn lower_first(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::super::path::at;
    use super::*;

    #[test]
    fn keys_and_values_are_found_by_their_bytes() {
        let text = r#"{"topics": [{"name": "ö"}, 7]}"#;
        let document = parse(text).unwrap();
        let (span, exact) = document.spans.locate(&at!["topics", 0, "name"]).unwrap();
        assert!(exact);
        assert_eq!(&text[span.value.clone()], "\"ö\"");
        assert_eq!(&text[span.key.clone().unwrap()], "\"name\"");
        let (span, exact) = document.spans.locate(&at!["topics", 0, "config", "acks"]).unwrap();
        assert_eq!((&text[span.value.clone()], exact), (r#"{"name": "ö"}"#, false));
    }

    #[test]
    fn only_strict_json_is_read() {
        for text in
            ["", "{'a': 1}", "{a: 1}", "[1,]", "{\"a\": 1,}", "// x\n1", "0x1", "+1", ".5", "NaN", "1 2"]
        {
            assert!(parse(text).is_err(), "{text} was read");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_a_problem_and_the_first_counts() {
        let document = parse(r#"{"a": 1, "a": 2}"#).unwrap();
        assert_eq!(document.value["a"], 1);
        assert_eq!(document.problems.len(), 1);
    }
}
