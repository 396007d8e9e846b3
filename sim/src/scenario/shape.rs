//! Holds a scenario file against its schema, and finds everything that does not fit, not only the first.
//!
//! Whatever was probably meant is put in the place of what was found, so that the checks that follow
//! ([`super::validate`]) speak of the scenario that its author had in mind and do not complain about one
//! mistake twice.

use serde_json::{Map, Value};

use super::errors::{Part, Problem};
use super::path::JsonPath;
use super::schema::schema;
use super::suggest::{count as counted, list, nearest};
use super::target::Target;
use super::verbs::{VerbError, verb_of, verbs};

/// The schema, ready to check by.
#[derive(Clone, Debug)]
pub struct Shape {
    schema: Value,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Everything that does not fit.
    pub problems: Vec<Problem>,
    /// Keys that were taken for others: where they stand, and what they were taken for.
    pub renamed: Vec<(JsonPath, JsonPath)>,
    /// Values that are not what was meant, though nobody knows what was: a number put within its range, an object
    /// that lost a key. What else seems wrong because of them is not worth telling.
    pub tainted: Vec<JsonPath>,
    /// Something does not fit and nobody knows what was meant.
    pub broken: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self { schema: schema() }
    }
}

impl Shape {
    /// Checks a whole file.
    pub fn check(&self, value: &mut Value) -> Findings {
        let mut findings = Findings::default();
        self.value(&self.schema, &JsonPath::ROOT, value, &mut findings);
        findings
    }

    /// Checks the value at `path` against its part of the schema.
    pub fn check_part(&self, schema: &Value, path: &JsonPath, value: &mut Value) -> Findings {
        let mut findings = Findings::default();
        self.value(schema, path, value, &mut findings);
        findings
    }

    /// The schema of the whole file.
    pub fn root(&self) -> &Value {
        &self.schema
    }

    /// The schema of a named type, `BrokerConfig`.
    pub fn definition(&self, name: &str) -> &Value {
        &self.schema["$defs"][name]
    }

    /// The schema that a reference names, with its name; `null` is left out of the alternatives of an optional one.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
            return (self.definition(name), Some(name));
        }
        let alternatives = schema["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
        match alternatives {
            [only, null] if null["type"] == "null" => self.resolve(only),
            _ => (schema, None),
        }
    }

    /// The schema of the action that `action` is, by its verb.
    pub fn action(&self, action: &Map<String, Value>) -> Result<&Value, VerbError> {
        let verb = verb_of(action)?;
        let variants = self.definition("Action")["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
        variants
            .iter()
            .map(|variant| self.resolve(variant).0)
            .find(|variant| required(variant).any(|key| key == verb))
            .ok_or(VerbError::None(None))
    }

    fn value(&self, schema: &Value, path: &JsonPath, value: &mut Value, findings: &mut Findings) {
        // Whoever reads what may be anything says what is wrong with it.
        if *schema == Value::Bool(true) || (value.is_null() && accepts_null(schema)) {
            return;
        }
        let (schema, name) = self.resolve(schema);
        match (name, &mut *value) {
            (Some("Action"), Value::Object(map)) => return self.verb(path, map, findings),
            (Some("Target"), Value::String(words)) => return target(path, words, findings),
            _ => {}
        }
        if kinds(schema).next().is_some() {
            return self.kind(schema, path, value, findings);
        }
        if schema["oneOf"].is_array() {
            return choice(schema, path, value, findings);
        }
        if let Some(alternative) = alternatives(schema).find(|alternative| fits(alternative, value)) {
            return self.value(alternative, path, value, findings);
        }
        if !fits(schema, value) {
            let message = format!("{path} is {}", describe_value(value));
            findings.problems.push(Problem::new(path.clone(), message).allowed(self.describe(schema)));
            findings.broken = true;
            return;
        }
        match value {
            Value::Object(map) => self.object(schema, path, map, findings),
            Value::Array(elements) => self.array(schema, path, elements, findings),
            Value::Number(_) => range(schema, path, value, &self.describe(schema), findings),
            Value::String(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    fn array(&self, schema: &Value, path: &JsonPath, elements: &mut [Value], findings: &mut Findings) {
        let count = elements.len() as u64;
        let least = schema["minItems"].as_u64().unwrap_or(0);
        let most = schema["maxItems"].as_u64().unwrap_or(u64::MAX);
        if !(least..=most).contains(&count) {
            let problem = Problem::new(path.clone(), format!("{path} has {}", counted(count, "element")));
            findings.problems.push(problem.allowed(self.describe(schema)));
            findings.broken = true;
        }
        for (index, element) in elements.iter_mut().enumerate() {
            self.value(&schema["items"], &path.index(index), element, findings);
        }
    }

    fn object(&self, schema: &Value, path: &JsonPath, map: &mut Map<String, Value>, findings: &mut Findings) {
        if schema["additionalProperties"].is_object() {
            return self.map(schema, path, map, findings);
        }
        // Settings of a twin: whoever reads them says what is wrong with them.
        if schema["additionalProperties"] == Value::Bool(true) {
            return;
        }
        let known: Vec<&str> = properties(schema).collect();
        let unknown: Vec<String> = map.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
        for key in unknown {
            let absent = known.iter().copied().filter(|name| !map.contains_key(*name));
            let meant = nearest(&key, absent);
            let near = meant.or_else(|| nearest(&key, known.iter().copied()));
            let problem = Problem::new(path.key(&key), format!("unknown key `{key}` in {path}"));
            findings.problems.push(problem.part(Part::Key).nearest(near).allowed(list(&known)));
            rename(path, map, &key, meant, findings);
        }
        for name in required(schema).filter(|name| !map.contains_key(*name)).collect::<Vec<_>>() {
            let what = self.describe(&schema["properties"][name]);
            let problem = Problem::new(path.clone(), format!("the key `{name}` is missing in {path}"));
            findings.problems.push(problem.allowed(what));
            findings.broken = true;
        }
        for (key, value) in map.iter_mut() {
            self.value(&schema["properties"][key], &path.key(key), value, findings);
        }
    }

    /// An object of one kind or another, which its only key tells: `{"records_per_second": 50}`.
    fn kind(&self, schema: &Value, path: &JsonPath, value: &mut Value, findings: &mut Findings) {
        let allowed = self.describe(schema);
        let known: Vec<&str> = kinds(schema).flat_map(properties).collect();
        let Some(map) = value.as_object_mut() else {
            let message = format!("{path} is {}", describe_value(value));
            findings.problems.push(Problem::new(path.clone(), message).allowed(allowed));
            findings.broken = true;
            return;
        };
        let given: Vec<&str> = known.iter().copied().filter(|&key| map.contains_key(key)).collect();
        let meant = match (&given[..], map.keys().next()) {
            ([only], _) => Some(*only),
            ([], Some(key)) => nearest(key, known.iter().copied()),
            _ => None,
        };
        match meant.and_then(|key| kinds(schema).find(|kind| properties(kind).any(|name| name == key))) {
            Some(kind) => self.object(kind, path, map, findings),
            None => {
                let message = match given[..] {
                    [] => format!("{path} has none of the keys that it may have"),
                    _ => format!("{path} has several keys: {}", list(&given)),
                };
                findings.problems.push(Problem::new(path.clone(), message).allowed(allowed));
                findings.broken = true;
            }
        }
    }

    /// An object whose values are all alike, and whose keys are names from a list, or names that whoever reads them judges.
    fn map(&self, schema: &Value, path: &JsonPath, map: &mut Map<String, Value>, findings: &mut Findings) {
        let known = choices(self.resolve(&schema["propertyNames"]).0);
        let any = schema["propertyNames"].is_null();
        let is_unknown = |key: &&String| !any && !known.contains(&key.as_str());
        let unknown: Vec<String> = map.keys().filter(is_unknown).cloned().collect();
        for key in unknown {
            let near = nearest(&key, known.iter().copied());
            let problem = Problem::new(path.key(&key), format!("unknown key `{key}` in {path}"));
            findings.problems.push(problem.part(Part::Key).nearest(near).allowed(list(&known)));
            rename(path, map, &key, near.filter(|near| !map.contains_key(*near)), findings);
        }
        for (key, value) in map.iter_mut() {
            self.value(&schema["additionalProperties"], &path.key(key), value, findings);
        }
    }

    fn verb(&self, path: &JsonPath, map: &mut Map<String, Value>, findings: &mut Findings) {
        match self.action(map) {
            Ok(variant) => return self.object(variant, path, map, findings),
            Err(VerbError::None(Some((key, verb)))) => {
                let message = format!("`{key}` is no action");
                let problem = Problem::new(path.key(&key), message).part(Part::Key).nearest(Some(verb));
                findings.problems.push(problem.allowed(list(verbs())));
                rename(path, map, &key, Some(verb), findings);
                if let Ok(variant) = self.action(map) {
                    return self.object(variant, path, map, findings);
                }
            }
            Err(VerbError::None(None)) => {
                let message = match map.keys().next() {
                    Some(key) => format!("{path} says no action; `{key}` is none"),
                    None => format!("{path} says no action"),
                };
                let allowed = format!("exactly one of {}", list(verbs()));
                findings.problems.push(Problem::new(path.clone(), message).allowed(allowed));
            }
            Err(VerbError::Several(found)) => {
                let message = format!("{path} says several actions: {}", list(&found));
                let problem = Problem::new(path.key(found[1]), message).part(Part::Key);
                findings
                    .problems
                    .push(problem.allowed("one action a fault; say the others in faults of their own"));
            }
        }
        findings.broken = true;
    }

    /// What may stand where `schema` rules, in words.
    pub fn describe(&self, schema: &Value) -> String {
        let null = if accepts_null(schema) { ", or null" } else { "" };
        let (schema, name) = self.resolve(schema);
        match name {
            Some("Action") => return format!("an object with exactly one of {}", list(verbs())),
            Some("Target") => return Target::ALLOWED.to_owned(),
            _ => {}
        }
        if kinds(schema).next().is_some() {
            let keys = list(kinds(schema).flat_map(properties));
            return format!("an object with exactly one of {keys}{null}");
        }
        if schema["oneOf"].is_array() {
            return format!("{}{null}", list(choices(schema)));
        }
        if alternatives(schema).next().is_some() {
            return alternatives(schema).map(|one| self.describe(one)).collect::<Vec<_>>().join(", or ");
        }
        let words = match types(schema).first().copied() {
            Some("string") => "a string".to_owned(),
            Some("boolean") => "true or false".to_owned(),
            Some("integer") => format!("a whole number{}", limits(schema)),
            Some("number") => format!("a number{}", limits(schema)),
            Some("array") => format!("a list of {}{}", count(schema), self.describe(&schema["items"])),
            Some("object") if schema["properties"].is_object() => {
                format!("an object with the keys {}", list(properties(schema)))
            }
            Some("object") if schema["propertyNames"].is_object() => {
                let value = self.describe(&schema["additionalProperties"]);
                format!("an object that says for each of them {value}")
            }
            _ => "an object".to_owned(),
        };
        format!("{words}{null}")
    }
}

/// Puts the value of a key that is unknown under the one that was meant, or away.
fn rename(
    path: &JsonPath,
    map: &mut Map<String, Value>,
    key: &str,
    meant: Option<&str>,
    findings: &mut Findings,
) {
    match (map.shift_remove(key), meant) {
        (Some(value), Some(meant)) => {
            map.insert(meant.to_owned(), value);
            findings.renamed.push((path.key(key), path.key(meant)));
        }
        _ => findings.tainted.push(path.clone()),
    }
}

fn target(path: &JsonPath, words: &mut String, findings: &mut Findings) {
    if words.parse::<Target>().is_ok() {
        return;
    }
    let near = Target::nearest(words);
    let problem = Problem::new(path.clone(), format!("{path} is {}, which is no target", quote(words)));
    findings.problems.push(problem.nearest(near.as_deref()).allowed(Target::ALLOWED));
    match near {
        Some(near) => *words = near,
        None => findings.broken = true,
    }
}

fn choice(schema: &Value, path: &JsonPath, value: &mut Value, findings: &mut Findings) {
    let known = choices(schema);
    let found = value.as_str().map(ToOwned::to_owned);
    if found.as_deref().is_some_and(|found| known.contains(&found)) {
        return;
    }
    // A number where its digits were asked for in quotes: `"acks": 1`.
    let bare = found.is_none().then(|| value.to_string()).filter(|digits| known.contains(&digits.as_str()));
    let near = nearest(&found.unwrap_or_else(|| value.to_string()), known.iter().copied());
    let problem = match &bare {
        Some(digits) => {
            Problem::new(path.clone(), format!("{path} is {} without quotes", describe_value(value)))
                .nearest(Some(&format!("\"{digits}\"")))
        }
        None => Problem::new(path.clone(), format!("{path} is {}", describe_value(value))).nearest(near),
    };
    findings.problems.push(problem.allowed(list(&known)));
    match near {
        Some(near) => *value = Value::from(near),
        None => findings.broken = true,
    }
}

fn range(schema: &Value, path: &JsonPath, value: &mut Value, allowed: &str, findings: &mut Findings) {
    let number = |bound: &Value| bound.as_f64();
    let Some(found) = value.as_f64() else { return };
    let low = number(&schema["minimum"]).is_some_and(|least| found < least);
    let high = match (value.as_u64(), schema["maximum"].as_u64()) {
        (Some(found), Some(most)) => found > most,
        _ => number(&schema["maximum"]).is_some_and(|most| found > most),
    };
    if low || high {
        findings.problems.push(Problem::new(path.clone(), format!("{path} is {value}")).allowed(allowed));
        *value = schema[if low { "minimum" } else { "maximum" }].clone();
        findings.tainted.push(path.clone());
    }
}

fn fits(schema: &Value, value: &Value) -> bool {
    let kinds: Vec<&str> = match schema["anyOf"].as_array() {
        Some(alternatives) => alternatives.iter().flat_map(types).collect(),
        None => types(schema),
    };
    kinds.into_iter().any(|kind| match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    })
}

fn accepts_null(schema: &Value) -> bool {
    types(schema).contains(&"null")
        || schema["anyOf"].as_array().is_some_and(|any| any.iter().any(|one| one["type"] == "null"))
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

/// The keys that an object may have.
pub fn properties(schema: &Value) -> impl Iterator<Item = &str> {
    schema["properties"].as_object().into_iter().flat_map(|map| map.keys().map(String::as_str))
}

/// The kinds of objects that may stand where `schema` rules, if there are several.
pub fn kinds(schema: &Value) -> impl Iterator<Item = &Value> {
    schema["oneOf"].as_array().into_iter().flatten().filter(|kind| kind["properties"].is_object())
}

/// The lists and objects any of which may stand where `schema` rules, if there are several.
pub fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    let is_inline = |one: &&Value| one["items"].is_object() || one["additionalProperties"].is_object();
    schema["anyOf"].as_array().into_iter().flatten().filter(is_inline)
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The words one of which may stand where `schema` rules.
pub fn choices(schema: &Value) -> Vec<&str> {
    let options = schema["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
    options.iter().filter_map(|option| option["const"].as_str()).collect()
}

fn limits(schema: &Value) -> String {
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Number(least), Value::Number(most)) => format!(" from {} to {}", plain(least), plain(most)),
        (Value::Number(least), _) => format!(", {} or more", plain(least)),
        (_, Value::Number(most)) => format!(", {} or less", plain(most)),
        _ => String::new(),
    }
}

/// Without an exponent.
fn plain(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}

fn count(schema: &Value) -> String {
    match (schema["minItems"].as_u64(), schema["maxItems"].as_u64()) {
        (Some(least), Some(most)) if least == most => format!("{least}, each "),
        (Some(least), _) => format!("at least {least}, each "),
        _ => String::new(),
    }
}

fn quote(words: &str) -> String {
    Value::from(words).to_string()
}

/// What was found, in a few words: a scalar as it is written, else its kind.
pub fn describe_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => value.to_string(),
        Value::Number(_) => format!("the number {value}"),
        Value::String(words) => format!("the string {}", quote(words)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
#[path = "shape_test.rs"]
mod shape_test;
