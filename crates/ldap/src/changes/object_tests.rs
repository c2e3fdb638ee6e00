use super::*;
use crate::changes::schema::tests::schema;
use crate::changes::tests::metadata;

const A: &str = "708e166b-183a-41c1-ae1e-4e73a745bf3a";
const B: &str = "cbafa0aa-1046-47fd-a402-d39b75cf6a80";

fn entry(dn: &str) -> Entry {
    Entry::new(dn).with("objectGUID", [A.parse::<ObjectGuid>().unwrap().to_wire()])
}

fn texts(object: &ObjectChange, name: &str) -> Option<Vec<String>> {
    let values = &object.attribute(name)?.values;
    Some(values.iter().map(|v| String::from_utf8(v.clone()).unwrap()).collect())
}

#[test]
fn a_deletion_by_dir_sync() {
    let dn = format!("<GUID={A}>;<SID=S-1-5-21-1-2-3-1104>;CN=a\\0ADEL:{A},CN=Deleted Objects,DC=x");
    let entry = entry(&dn)
        .with("name", ["a\nDEL:…"])
        .with("isDeleted", ["TRUE"])
        .with::<&str>("description", [])
        .with::<&str>("unicodePwd", [])
        .with("lastKnownParent", [format!("<GUID={B}>;OU=u,DC=x")])
        .with("parentGUID", [B.parse::<ObjectGuid>().unwrap().to_wire()])
        .with("cn", ["a\nDEL:…"]);
    let object = change(entry, &schema(), From::DirSync { full: false }).unwrap();
    assert_eq!(object.guid.to_string(), A);
    assert_eq!(object.parent.map(|guid| guid.to_string()).as_deref(), Some(B));
    assert_eq!(object.sid.as_ref().map(ToString::to_string).as_deref(), Some("S-1-5-21-1-2-3-1104"));
    assert!(object.is_deleted && !object.is_whole && object.dn.starts_with("CN=a\\0ADEL:"));
    assert_eq!(texts(&object, "description"), Some(vec![]));
    assert_eq!(texts(&object, "lastKnownParent"), Some(vec!["OU=u,DC=x".to_owned()]));
    let names: Vec<&str> = object.attributes.iter().map(|a| a.name.as_ref()).collect();
    assert_eq!(names, ["name", "isDeleted", "description", "lastKnownParent"]);
}

#[test]
fn link_values_one_by_one_and_whole() {
    let value = |guid: &str| format!("<GUID={guid}>;CN=m,DC=x");
    let entry = entry("CN=g,DC=x")
        .with("member;range=1-1", [value(A), value(B)])
        .with("MEMBER;range=0-0", [value(B)])
        .with("manager", [value(B)])
        .with("memberOf", [value(B)])
        .with("msDS-KeyCredentialLink;range=1-1", [format!("B:4:0aff:{}", value(A))]);
    let object = change(entry.clone(), &schema(), From::DirSync { full: false }).unwrap();
    let links: Vec<(&str, bool, String)> = object
        .links
        .iter()
        .map(|l| (l.attribute.as_ref(), l.is_present, l.target.guid.unwrap().to_string()))
        .collect();
    let expected = [("member", true, A), ("member", true, B), ("member", false, B), ("manager", true, B)];
    assert_eq!(links[..4], expected.map(|(name, there, guid)| (name, there, guid.to_owned())));
    assert_eq!(
        (links[4].0, object.links[4].target.data.as_slice()),
        ("msDS-KeyCredentialLink", &[10, 255][..])
    );
    assert_eq!(links.len(), 5);
    assert_eq!(object.whole_links, WholeLinks::Of(vec!["manager".to_owned()]));
    assert!(!object.is_whole && object.attributes.is_empty());
    // A part that a search left over is there.
    let searched = change(entry, &schema(), From::Search).unwrap();
    assert!(searched.is_whole && searched.links.iter().all(|l| l.is_present));
    assert_eq!(searched.whole_links, WholeLinks::All);
}

#[test]
fn a_full_read_has_whole_objects_and_further_links() {
    let full = From::DirSync { full: true };
    let whole = change(entry("CN=a,DC=x").with("objectClass", ["top"]), &schema(), full).unwrap();
    // `objectClass` is not in that schema, so that it is not known to be the main part.
    assert!(!whole.is_whole);
    let mut with_class = schema();
    with_class.add("objectClass");
    let whole = change(entry("CN=a,DC=x").with("objectClass", ["top"]), &with_class, full).unwrap();
    assert!(whole.is_whole);
    let part = change(entry("CN=a,DC=x").with("member;range=1-1", ["CN=b"]), &with_class, full).unwrap();
    assert!(!part.is_whole && part.links[0].target.guid.is_none());
}

#[test]
fn a_search_gives_numbers_and_stamps() {
    let entry = entry("CN=a,DC=x")
        .with("uSNChanged", ["4711"])
        .with("whenChanged", ["20261101093000.0Z"])
        .with("description", ["d"])
        .with("replPropertyMetaData", [metadata(&[(13, 3, 4711)])]);
    let object = change(entry, &schema(), From::Search).unwrap();
    assert_eq!((object.usn, object.when_changed.is_some()), (Some(4711), true));
    let stamp = object.attribute("description").unwrap().stamp.unwrap();
    assert_eq!((stamp.version, stamp.usn), (3, 99));
    assert!(!object.is_deleted);
}

#[test]
fn without_a_name_or_a_guid() {
    let unseen = change(entry(""), &schema(), From::DirSync { full: false }).unwrap();
    assert!(unseen.is_deleted && unseen.dn.is_empty());
    assert!(change(Entry::new("CN=a"), &schema(), From::Search).is_none());
    let by_name = change(Entry::new(format!("<GUID={A}>;CN=a")), &schema(), From::Search).unwrap();
    assert_eq!(by_name.guid.to_string(), A);
}
