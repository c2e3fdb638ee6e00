//! What a directory tells, in few words.

use adrecover_core::ObjectGuid;
use adrecover_core::change::{AttributeChange, LinkChange, LinkTarget, ObjectChange, Stamp, WholeLinks};
use adrecover_core::time::Timestamp;

pub(crate) const DOMAIN: &str = "DC=contoso,DC=com";

pub(crate) fn guid(n: u8) -> ObjectGuid {
    ObjectGuid::from_wire(&[n; 16]).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the stage has a clock")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_timestamp(since.as_secs() as i64, 0).unwrap()
}

/// A whole object below another one.
pub(crate) fn object(
    n: u8,
    parent: u8,
    dn: &str,
    attributes: &[(&'static str, &str)],
    members: &[u8],
) -> ObjectChange {
    let mut object = ObjectChange::new(guid(n), dn);
    object.parent = (parent > 0).then(|| guid(parent));
    (object.is_whole, object.whole_links) = (true, WholeLinks::All);
    for (name, text) in attributes {
        object.attributes.push(AttributeChange {
            name: (*name).into(),
            values: vec![text.as_bytes().to_vec()],
            stamp: None,
        });
    }
    for member in members {
        let (guid, dn) = (Some(guid(*member)), format!("CN=Member {member},{DOMAIN}"));
        let target = LinkTarget { guid, sid: None, dn, data: vec![] };
        object.links.push(LinkChange { attribute: "member".into(), target, is_present: true, stamp: None });
    }
    object
}

/// A domain with an OU (2), users Ada (10, with adminCount), Bob (11) and Eve (12, elsewhere), and groups: Tier0 (20) of Bob and
/// of All (21), which has Eve.
pub(crate) fn company() -> Vec<ObjectChange> {
    let staff = "OU=Staff,DC=contoso,DC=com";
    vec![
        object(1, 0, DOMAIN, &[("objectClass", "domainDNS")], &[]),
        object(2, 1, staff, &[("objectClass", "organizationalUnit")], &[]),
        object(3, 1, &format!("CN=Deleted Objects,{DOMAIN}"), &[("objectClass", "container")], &[]),
        object(10, 2, &format!("CN=Ada,{staff}"), &[("sAMAccountName", "ada"), ("adminCount", "1")], &[]),
        object(11, 2, &format!("CN=Bob,{staff}"), &[("sAMAccountName", "bob")], &[]),
        object(12, 1, &format!("CN=Eve,{DOMAIN}"), &[("sAMAccountName", "eve")], &[]),
        object(
            20,
            1,
            &format!("CN=Tier0,{DOMAIN}"),
            &[("sAMAccountName", "tier0"), ("groupType", "2")],
            &[11, 21],
        ),
        object(21, 1, &format!("CN=All,{DOMAIN}"), &[("sAMAccountName", "all"), ("groupType", "2")], &[12]),
    ]
}

/// The deletion of an object, with the bin off.
pub(crate) fn deleted(n: u8, name: &str) -> ObjectChange {
    let at = now();
    let dn = format!("CN={name}\\0ADEL:{},CN=Deleted Objects,{DOMAIN}", guid(n));
    let mut object = ObjectChange::new(guid(n), dn);
    (object.parent, object.is_deleted, object.when_changed) = (Some(guid(3)), true, Some(at));
    let stamp = Some(Stamp { version: 1, at: Some(at), invocation: guid(200), usn: 5000 + u64::from(n) });
    for name in ["isDeleted", "isRecycled"] {
        object.attributes.push(AttributeChange { name: name.into(), values: vec![b"TRUE".to_vec()], stamp });
    }
    object
}

/// Another value of an attribute.
pub(crate) fn changed(n: u8, dn: &str, name: &'static str, text: &str) -> ObjectChange {
    let mut object = ObjectChange::new(guid(n), dn);
    let values = vec![text.as_bytes().to_vec()];
    object.attributes.push(AttributeChange { name: name.into(), values, stamp: None });
    object
}
