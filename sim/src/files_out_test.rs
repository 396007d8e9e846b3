//! Files that are whole or not there.

use std::fs;
use std::path::Path;

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_takes_the_place_of_the_one_before_and_nothing_lies_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.json");
    for text in ["long and old", "new"] {
        whole(&path, text).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(names(folder.path()), ["report.json"]);
}

#[test]
fn a_directory_in_the_place_of_the_file_is_told_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let told = whole(folder.path(), "text").unwrap_err();
    assert_eq!(told.to_string(), "it is a directory; name a file in it");
    assert!(Stream::create(folder.path()).is_err_and(|told| told.to_string().contains("name a file in it")));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reports").join("one.json");
    let right = format!("there is no directory {}; make it first", folder.path().join("reports").display());
    assert_eq!(whole(&path, "text").unwrap_err().to_string(), right);
    assert!(Stream::create(&path).is_err_and(|told| told.to_string() == right));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_file_that_may_only_be_read_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.json");
    fs::write(&path, "kept").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let told = whole(&path, "new").unwrap_err().to_string();
    assert!(told.ends_with("; name a place that may be written to"), "{told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
}

#[test]
#[cfg(unix)]
fn a_link_stays_and_what_it_leads_to_is_replaced_with_the_permissions_that_it_had() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
    fs::write(&real, "old").unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&real, &link).unwrap();
    whole(&link, "new").unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), "new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
#[cfg(target_os = "linux")]
fn a_device_is_written_to_and_not_replaced() {
    let full = Path::new("/dev/full");
    let told = whole(full, "text").unwrap_err();
    assert_eq!(told.kind(), ErrorKind::StorageFull);
    assert!(told.to_string().ends_with("; make room and play it again"), "{told}");
    assert!(!fs::metadata(full).unwrap().is_file());
    let mut stream = Stream::create(full).unwrap();
    assert_eq!(stream.line(b"line\n").unwrap_err().kind(), ErrorKind::StorageFull);
}

#[test]
fn two_names_of_one_file_are_one_whether_it_is_there_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("a.xml"), folder.path().join(".").join("a.xml"));
    assert!(is_same(&one, &other));
    fs::write(&one, "").unwrap();
    assert!(is_same(&one, &other));
    assert!(!is_same(&one, &folder.path().join("b.xml")));
    assert!(!is_same(Path::new("/nowhere/a"), Path::new("/nowhere/b")));
}

#[test]
fn what_a_file_names_is_told_from_elsewhere_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (here, below) = (folder.path(), folder.path().join("below"));
    fs::create_dir(&below).unwrap();
    fs::write(here.join("schema.json"), "{}").unwrap();
    assert_eq!(told_from("./schema.json", Some(here), &here.join("a")).as_deref(), Some("./schema.json"));
    assert_eq!(told_from("./schema.json", Some(here), &below.join("a")).as_deref(), Some("../schema.json"));
    assert_eq!(told_from("../schema.json", Some(&below), &here.join("a")).as_deref(), Some("./schema.json"));
    assert_eq!(told_from("./other.json", Some(here), &here.join("a")), None, "it is not there");
    assert_eq!(told_from("./schema.json", None, &here.join("a")), None, "nobody knows where it lay");
    let web = "https://example.org/schema.json";
    assert_eq!(told_from(web, None, &here.join("a")).as_deref(), Some(web));
}
