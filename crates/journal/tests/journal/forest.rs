//! What the configuration of a forest says of its domain controllers and of deleted objects.

use adrecover_core::change::{AttributeChange, ObjectChange};
use adrecover_core::lifetime::RECYCLE_BIN;

use super::support::*;

const SERVERS: &str = "CN=Servers,CN=Site,CN=Sites,CN=Configuration,DC=contoso,DC=com";

fn settings(n: u8, parent: u8, dn: &str, invocation: u8) -> ObjectChange {
    let mut object = object(n, dn, &[("objectClass", "nTDSDSA")]).below(parent).whole();
    let values = vec![guid(invocation).to_wire().to_vec()];
    object.attributes.push(AttributeChange { name: "invocationId".into(), values, stamp: None });
    object
}

fn forest() -> Vec<ObjectChange> {
    let top = "CN=Configuration,DC=contoso,DC=com";
    let service = format!("CN=Directory Service,CN=Windows NT,CN=Services,{top}");
    let feature = format!("CN=Renamed Feature,CN=Optional Features,{service}");
    let mut feature = object(33, &feature, &[("objectClass", "msDS-OptionalFeature")]).whole();
    let wire = RECYCLE_BIN.parse::<adrecover_core::ObjectGuid>().unwrap().to_wire();
    let values = vec![wire.to_vec()];
    feature.attributes.push(AttributeChange { name: "msDS-OptionalFeatureGUID".into(), values, stamp: None });
    vec![
        object(30, top, &[("objectClass", "configuration")]).whole(),
        object(31, &service, &[("objectClass", "nTDSService"), ("tombstoneLifetime", "180")]).whole(),
        object(32, &format!("CN=Partitions,{top}"), &[("objectClass", "crossRefContainer")])
            .below(30)
            .whole(),
        feature,
        object(
            40,
            &format!("CN=DC1,{SERVERS}"),
            &[("objectClass", "server"), ("dNSHostName", "dc1.contoso.com")],
        )
        .whole(),
        settings(41, 40, &format!("CN=NTDS Settings,CN=DC1,{SERVERS}"), 201),
        object(50, &format!("CN=DC2,{SERVERS}"), &[("objectClass", "server")]).whole(),
        settings(51, 50, &format!("CN=NTDS Settings,CN=DC2,{SERVERS}"), 202),
        // What has the name and is no domain controller.
        object(60, "CN=NTDS Settings,OU=Staff,DC=contoso,DC=com", &[("objectClass", "container")]).whole(),
    ]
}

#[test]
fn domain_controllers_are_named_by_all_their_invocation_ids() {
    let place = Place::new();
    let writer = place.writer();
    assert_eq!(writer.journal().controllers().unwrap(), []);
    read_all(&writer, 0, forest());
    // Restored from a backup: another id.
    let dn = format!("CN=NTDS Settings,CN=DC1,{SERVERS}");
    follow(&writer, 20, vec![settings(41, 40, &dn, 203)]);
    // Demoted.
    let mangled = format!("CN=NTDS Settings\\0ADEL:{},CN=DC2,{SERVERS}", guid(51));
    let demoted = object(51, &mangled, &[("isRecycled", "TRUE")]).below(50).deleted().stamped(30, 1);
    follow(&writer, 40, vec![demoted]);
    let known = writer.journal().controllers().unwrap();
    let mut known: Vec<_> =
        known.iter().map(|c| (c.invocation.to_wire()[0], c.name.as_str(), c.host.as_deref())).collect();
    known.sort_unstable();
    let host = Some("dc1.contoso.com");
    assert_eq!(known, [(201, "DC1", host), (202, "DC2", None), (203, "DC1", host)]);
}

#[test]
fn how_long_deleted_objects_live() {
    let place = Place::new();
    let writer = place.writer();
    assert_eq!(writer.journal().deletion_policy().unwrap(), None);
    read_all(&writer, 0, forest());
    let policy = || writer.journal().deletion_policy().unwrap().unwrap();
    assert_eq!((policy().recycle_bin, policy().tombstone_lifetime), (false, 180));
    let partitions = object(32, "", &[]).link("msDS-EnabledFeature", 33, true).stamped(10, 1);
    let service = object(31, "", &[("msDS-DeletedObjectLifetime", "30")]).stamped(11, 1);
    follow(&writer, 20, vec![partitions, service]);
    let now = policy();
    assert!(now.recycle_bin);
    assert_eq!((now.tombstone_lifetime, now.deleted_object_lifetime), (180, 30));
}
