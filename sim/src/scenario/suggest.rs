//! The nearest known name.

/// How alike two names must be, 0 to 1, for one to be offered in place of the other.
const ALIKE: f64 = 0.7;

/// Of the `known` names the one most like `found`, if any is alike enough. Of equals, the first. Of versions, the newest that is
/// not newer than the one that was found.
pub fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    let dotted = |name: &&&str| name.contains('.');
    if let Some(version) =
        version(found).filter(|_| !found.contains('-') && known.iter().any(|it| dotted(&it)))
    {
        let until = known.iter().filter(dotted).filter_map(|name| Some((self::version(name)?, *name)));
        return until
            .filter(|(known, _)| *known <= version)
            .max_by_key(|(known, _)| *known)
            .map(|(_, name)| name);
    }
    let found = found.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for name in known {
        let alike = likeness(&found, &name.to_lowercase());
        if alike >= ALIKE && best.is_none_or(|(most, _)| alike > most) {
            best = Some((alike, name));
        }
    }
    best.map(|(_, name)| name)
}

/// The numbers with which a version begins: `2.0.1` and `4.0-elr`, but not `2x`.
fn version(name: &str) -> Option<[u32; 3]> {
    let numbers = name.split('-').next()?;
    let mut version = [0; 3];
    for (place, number) in numbers.split('.').enumerate() {
        *version.get_mut(place)? = number.parse().ok()?;
    }
    Some(version)
}

/// A name that goes on where the other ends is nearest: `0.11-iv1` for `0.11`, `at_ms` for `at`. Short names differ
/// much by one letter, so one edit is always near; and so is what Jaro-Winkler takes for near, which forgives the ends.
fn likeness(found: &str, name: &str) -> f64 {
    let edited = strsim::normalized_damerau_levenshtein(found, name);
    let one_edit = name.len() > 1 && strsim::damerau_levenshtein(found, name) <= 1;
    if found.len() > 1 && name.starts_with(found) {
        0.96 + 0.04 * edited
    } else if one_edit {
        0.95
    } else if name.len() > 1 && found.starts_with(name) || strsim::jaro_winkler(found, name) >= 0.88 {
        edited.max(ALIKE + 0.2 * edited)
    } else {
        edited
    }
}

/// `` `a`, `b` ``.
pub fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}

/// `1 broker`, `2 brokers`.
pub fn count(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_and_missing_letters_find_the_name() {
        assert_eq!(nearest("acsk", ["retries", "acks"]), Some("acks"));
        assert_eq!(nearest("dop", ["drop", "do"]), Some("drop"));
        assert_eq!(nearest("min.insync", ["min.insync.replicas", "retries"]), Some("min.insync.replicas"));
        assert_eq!(nearest("0.11", ["0.10", "0.11-iv1"]), Some("0.11-iv1"));
        assert_eq!(nearest("Leader_Elected", ["leader_elected"]), Some("leader_elected"));
    }

    #[test]
    fn a_version_between_two_is_the_older_one() {
        let known = ["0.10", "0.11-iv1", "0.11", "2.0", "2.0.1", "2.8", "3.3", "4.0-elr"];
        let found =
            ["0.9", "1.1", "2", "2.0.0", "2.0.5", "3.0", "3.2.1", "4.0", "9"].map(|it| nearest(it, known));
        let expected = ["", "0.11", "2.0", "2.0", "2.0.1", "2.8", "2.8", "4.0-elr", "4.0-elr"];
        assert_eq!(found.map(Option::unwrap_or_default), expected);
    }

    #[test]
    fn nothing_alike_finds_nothing() {
        assert_eq!(nearest("zebra", ["acks", "retries"]), None);
    }
}
