//! What is read of lines, and what is noted.

use super::*;

fn items(text: &str) -> (Vec<Item>, Vec<(u64, String)>) {
    let input = Input::memory(text.as_bytes().to_vec());
    let mut records = Records::new(&input, Encoding::Utf8, 0, 1);
    let (mut items, mut notes) = (vec![], vec![]);
    while let Some(item) = records.next().unwrap() {
        items.push(item);
        notes.append(&mut records.notes);
    }
    (items, notes)
}

fn record(text: &str) -> Record {
    let (mut items, notes) = items(text);
    assert_eq!((items.len(), notes), (1, vec![]));
    let Some(Item::Record(record)) = items.pop() else { panic!("{items:?}") };
    record
}

fn values(name: &str, values: &[&str]) -> Values {
    let values = values.iter().map(|v| Value::Octets(v.as_bytes().to_vec())).collect();
    Values { name: name.to_owned(), values }
}

#[test]
fn a_record_of_every_kind_of_value() {
    let read = record(
        "version: 1\n# a comment\n#  that\n  goes on\ndn:: Q049w4QsREM9eA==\nobjectClass: top\nobjectClass:user\ncn:  a:b\n\
         jpegPhoto:< file:///etc/passwd\nmail::\nmember;range=0-1: CN=a,\n DC=x\nmember;range=0-1: CN=b,DC=x\nsn: ä\n",
    );
    assert_eq!((read.dn.as_str(), read.line), ("CN=Ä,DC=x", 5));
    let expected = vec![
        values("objectClass", &["top", "user"]),
        values("cn", &["a:b"]),
        Values { name: "jpegPhoto".into(), values: vec![Value::Reference] },
        values("mail", &[""]),
        values("member;range=0-1", &["CN=a,DC=x", "CN=b,DC=x"]),
        values("sn", &["ä"]),
    ];
    assert_eq!(read.body, Body::Content(expected));
}

#[test]
fn every_change_of_rfc_2849() {
    let add = record("dn: CN=a\ncontrol: 1.2.840 true\ncontrol: 1.2 false: x\nchangetype: add\ncn: a\n");
    assert_eq!(add.body, Body::Add(vec![values("cn", &["a"])]));
    assert!(add.controls[0].is_critical && add.controls[0].value.is_none());
    assert_eq!(add.controls[1].value.as_deref(), Some(&b"x"[..]));
    assert_eq!(record("dn: CN=a\nchangetype: delete\n").body, Body::Delete);
    let text = "dn: CN=a\nchangetype: modrdn\nnewrdn: CN=b\ndeleteoldrdn: 0\nnewsuperior: OU=c\n";
    let renamed =
        Body::Rename { new_rdn: "CN=b".into(), delete_old: false, new_superior: Some("OU=c".into()) };
    assert_eq!(record(text).body, renamed);
    let text = "dn: CN=a\nchangetype: modify\nadd: mail\nmail: a@x\n-\ndelete: sn\n-\nreplace: cn\ncn: b\ncn:: Yw==\n-\n";
    let change = |kind, values| Modification { kind, values };
    let expected = vec![
        change(ChangeKind::Add, values("mail", &["a@x"])),
        change(ChangeKind::Delete, values("sn", &[])),
        change(ChangeKind::Replace, values("cn", &["b", "c"])),
    ];
    assert_eq!(record(text).body, Body::Modify(expected));
}

#[test]
fn what_programs_write_beside_records_is_no_damage() {
    let (items, notes) = items(
        "# extended LDIF\n\n# a, x\ndn: CN=a,DC=x\ncn: a\n\n# search reference\nref: ldap://y/\n\n# search result\nsearch: 2\n\
         result: 4 Size limit exceeded\ncontrol: 1.2.840.113556.1.4.319 false MAUCAQAEAA==\npagedresults: cookie=\n\n# numEntries: 1\n",
    );
    assert_eq!(notes, []);
    assert!(matches!(&items[0], Item::Record(record) if record.dn == "CN=a,DC=x"));
    assert_eq!(items[1], Item::Remark("ref".into(), "ldap://y/".into()));
    assert_eq!(items[2], Item::Remark("result".into(), "4 Size limit exceeded".into()));
    assert_eq!(items.len(), 3);
}

#[test]
fn what_is_wrong_costs_what_it_is_in() {
    let (items, notes) = items(
        "version: 2\n\ndn: CN=a\nno colon\ncn:: !!\nsn: kept\n\nmail: nobody\nsn: x\n\ndn:: !\ncn: x\n\ndn: CN=b\nchangetype: odd\ncn: b\n\n\
         dn: CN=c\nchangetype: modify\nadd: mail\nsn: x\n-\nincrement: n\n-\n\ndn: CN=d\nchangetype: moddn\n",
    );
    let lines: Vec<u64> = notes.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [1, 4, 5, 8, 11, 11, 15, 21, 23, 27], "{notes:?}");
    let Item::Record(first) = &items[0] else { panic!("{items:?}") };
    let expected = vec![
        Values { name: "cn".into(), values: vec![Value::Damaged("it is no base64")] },
        values("sn", &["kept"]),
    ];
    assert_eq!(first.body, Body::Content(expected));
    assert_eq!(items.iter().filter(|item| matches!(item, Item::Nothing)).count(), 4);
}

#[test]
fn a_record_of_any_size_takes_bounded_memory() {
    let (mut list, mut size) = (vec![], MOST_OCTETS - 100);
    for _ in 0..1000 {
        push(&mut list, Value::Octets(vec![0; 18]), &mut size);
    }
    assert_eq!((list.len(), list.last()), (3, Some(&Value::TooLarge)));
    let many: String = (0..2000).map(|n| format!("a{n}: x\n")).collect();
    let (items, notes) = items(&format!("dn: CN=a\n{many}"));
    let Item::Record(Record { body: Body::Content(content), .. }) = &items[0] else { panic!("{items:?}") };
    assert_eq!((content.len(), notes.len()), (MOST_ATTRIBUTES, MOST_NOTES));
}

#[test]
fn a_line_feed_in_a_name_is_no_damage() {
    // As `ldapsearch` writes it without `-LLL`.
    let (items, notes) = items(
        "# Ada\nDEL:3c45a0ae-ebc5-490d-a4b4-4b20d3e34a3f, Deleted Objects, contoso.test\ndn: CN=a\ncn: a\n\nDEL:nothing\ncn: b\n",
    );
    assert!(matches!(items[0], Item::Record(_)), "{items:?}");
    assert_eq!(notes.len(), 1, "{notes:?}");
    let (items, notes) = self::items(
        "# Line\nFeed, X, contoso.test\ndn:: Q049YQ==\ncn: a\n\n# Ada\ncn: b\nsn: b\n\ndn: CN=c\ncn: c\n",
    );
    assert!(matches!(items[..], [Item::Record(_), Item::Nothing, Item::Record(_)]), "{items:?}");
    for (text, is_ldif) in [
        ("# extended LDIF\n#\n\n# Line\nFeed, X\ndn:: Q049YQ==\n", true),
        ("# a list\n\nFeed, X\ndn: CN=a\n", false),
        ("# a text\nthat goes on\n", false),
    ] {
        assert_eq!(crate::ldif::looks_like(text.as_bytes()), is_ldif, "{text}");
    }
    assert_eq!(notes.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [7], "{notes:?}");
}
