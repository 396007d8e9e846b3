//! `--vary KEY=V1,V2,...` as it is written, and the combinations that come of several.

use highwater_reports::comparison::{Settings, Variation};

/// How many combinations a comparison may have.
pub(super) const COMBINATIONS_MAX: usize = 1_000;

/// Reads one `KEY=V1,V2,...`. A comma within brackets or double quotes belongs to the value.
///
/// # Errors
/// What is wrong, and what would be right.
pub(super) fn parse(text: &str) -> Result<Variation, String> {
    let form = "write KEY=V1,V2,...";
    let (key, written) = text.split_once('=').ok_or_else(|| format!("no values; {form}"))?;
    if key.trim().is_empty() {
        return Err(format!("no key before the `=`; {form}"));
    }
    let mut values: Vec<String> = Vec::new();
    for value in split(written)? {
        let value = value.trim();
        if value.is_empty() {
            return Err(format!("a value is empty; {form}"));
        }
        if values.iter().any(|other| other == value) {
            return Err(format!("the value `{value}` is there twice; leave one out"));
        }
        values.push(value.to_owned());
    }
    Ok(Variation { key: key.trim().to_owned(), values })
}

/// At the commas that are in no brackets and no quotes.
fn split(written: &str) -> Result<Vec<&str>, String> {
    let mut values = Vec::new();
    let (mut begin, mut open, mut quoted, mut escaped) = (0, Vec::new(), false, false);
    for (place, letter) in written.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' => open.push(']'),
            '{' => open.push('}'),
            ']' | '}' if open.pop() != Some(letter) => {
                return Err(format!("a `{letter}` closes nothing in `{written}`"));
            }
            ',' if open.is_empty() => {
                values.push(&written[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    if quoted {
        return Err(format!("a double quote is not closed in `{written}`"));
    }
    if let Some(missing) = open.last() {
        return Err(format!("a `{missing}` is missing in `{written}`"));
    }
    values.push(&written[begin..]);
    Ok(values)
}

/// Every combination of the values, the last setting varying fastest.
///
/// # Errors
/// A key that is given more than once, here or in `set`; too many combinations.
pub(super) fn combinations(vary: &[Variation], set: &[String]) -> Result<Vec<Settings>, String> {
    for (place, Variation { key, .. }) in vary.iter().enumerate() {
        if vary[..place].iter().any(|other| other.key == *key) {
            return Err(format!("`{key}` is varied twice; write all its values after one --vary"));
        }
        if set.iter().filter_map(|pair| pair.split_once('=')).any(|(set, _)| set == key) {
            return Err(format!("`{key}` is set and varied; leave out --set {key}=... or --vary {key}=..."));
        }
    }
    let count = vary.iter().try_fold(1, |count: usize, variation| count.checked_mul(variation.values.len()));
    if count.is_none_or(|count| count > COMBINATIONS_MAX) {
        let sizes: Vec<String> = vary.iter().map(|variation| variation.values.len().to_string()).collect();
        let sizes = sizes.join(" times ");
        return Err(format!(
            "{sizes} values make more than {COMBINATIONS_MAX} combinations; vary less at a time"
        ));
    }
    let mut combinations = vec![Settings::default()];
    for Variation { key, values } in vary {
        let with = |before: &Settings, value: &String| {
            Settings(before.0.iter().cloned().chain([(key.clone(), value.clone())]).collect())
        };
        combinations = combinations
            .iter()
            .flat_map(|before| values.iter().map(move |value| with(before, value)))
            .collect();
    }
    Ok(combinations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        parse(text).expect("it can be read").values
    }

    #[test]
    fn values_are_split_at_commas() {
        assert_eq!(parse("acks=0,1, -1").map(|found| found.key).as_deref(), Ok("acks"));
        assert_eq!(values("acks=0,1, -1"), ["0", "1", "-1"]);
        assert_eq!(values("story=a=b,c"), ["a=b", "c"]);
    }

    #[test]
    fn commas_in_brackets_and_quotes_belong_to_the_value() {
        assert_eq!(values("network.latency_ms=[1,2],[5,10]"), ["[1,2]", "[5,10]"]);
        assert_eq!(values(r#"a={"b":[1,2],"c":3},4"#), [r#"{"b":[1,2],"c":3}"#, "4"]);
        assert_eq!(values(r#"a="x,\",y","[",z"#), [r#""x,\",y""#, r#""[""#, "z"]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_what_is_wrong() {
        let wrong = |text: &str| parse(text).expect_err("it cannot be read");
        assert_eq!(wrong("acks"), "no values; write KEY=V1,V2,...");
        assert_eq!(wrong("=1,2"), "no key before the `=`; write KEY=V1,V2,...");
        assert_eq!(wrong("acks=1,,2"), "a value is empty; write KEY=V1,V2,...");
        assert_eq!(wrong("acks="), "a value is empty; write KEY=V1,V2,...");
        assert_eq!(wrong("acks=1,0,1"), "the value `1` is there twice; leave one out");
        assert_eq!(wrong("a=[1,2"), "a `]` is missing in `[1,2`");
        assert_eq!(wrong("a=[1}"), "a `}` closes nothing in `[1}`");
        assert_eq!(wrong("a=\"x"), "a double quote is not closed in `\"x`");
    }

    #[test]
    fn the_last_setting_varies_fastest() {
        let vary =
            [parse("acks=0,1").expect("it can be read"), parse("retries=3,4").expect("it can be read")];
        let told: Vec<String> =
            combinations(&vary, &[]).expect("they are few").iter().map(ToString::to_string).collect();
        let expected = ["acks=0, retries=3", "acks=0, retries=4", "acks=1, retries=3", "acks=1, retries=4"];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_setting_has_one_source() {
        let acks = || parse("acks=0,1").expect("it can be read");
        let told = combinations(&[acks(), acks()], &[]).expect_err("it is there twice");
        assert!(told.starts_with("`acks` is varied twice"), "{told}");
        let told = combinations(&[acks()], &["acks=1".to_owned()]).expect_err("it is set");
        assert!(told.starts_with("`acks` is set and varied"), "{told}");
    }

    #[test]
    fn a_thousand_combinations_are_enough() {
        let many = |key: &str, count: u32| {
            let values: Vec<String> = (0..count).map(|value| value.to_string()).collect();
            parse(&format!("{key}={}", values.join(","))).expect("it can be read")
        };
        assert_eq!(combinations(&[many("a", 10), many("b", 100)], &[]).map(|found| found.len()), Ok(1_000));
        let told = combinations(&[many("a", 11), many("b", 91)], &[]).expect_err("they are too many");
        assert_eq!(told, "11 times 91 values make more than 1000 combinations; vary less at a time");
    }
}
