//! A full read is what an independent client shows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use adrecover_core::{ObjectGuid, secrets};

use super::mirror::Known;
use super::*;
use crate::support::{Entry, Hand};

/// What the schema says of an attribute.
struct Attribute {
    link: i64,
    is_kept: bool,
}

/// What the lab's schema says, by lower-case names.
pub(crate) struct Schema(HashMap<String, Attribute>);

impl Schema {
    pub(crate) fn read(scene: &Scene) -> Self {
        let base = format!("CN=Schema,CN=Configuration,{}", scene.lab.base);
        let names = ["lDAPDisplayName", "linkID", "systemFlags", "searchFlags"];
        let entries = scene.hand().search_in(&base, "one", "(objectClass=attributeSchema)", &names);
        assert!(entries.len() > 500, "{} attributes", entries.len());
        let attribute = |entry: &Entry| {
            let number = |name: &str| entry.text(name).parse::<i64>().unwrap_or(0);
            let name = entry.text("lDAPDisplayName");
            let link = number("linkID");
            let is_secret = secrets::is_secret(&name) || number("searchFlags") & 0x280 != 0;
            let is_kept = number("systemFlags") & 5 == 0 && link % 2 == 0 && !is_secret;
            (name.to_lowercase(), Attribute { link, is_kept })
        };
        Self(entries.iter().map(attribute).collect())
    }
}

/// What a search shows, made of it what a journal knows.
fn known(schema: &Schema, entry: &Entry) -> (ObjectGuid, Known) {
    let (guid, dn) = apart(&entry.dn);
    let rdn = dn.split('=').next().unwrap().to_lowercase();
    let mut known = Known::default();
    known.dn = dn.to_owned();
    known.is_deleted = entry.has("isDeleted");
    known.parent = entry.octets("parentGUID").first().map(|octets| ObjectGuid::from_wire(octets).unwrap());
    let names: BTreeSet<String> = entry.names().into_iter().map(str::to_lowercase).collect();
    for name in names {
        let Some(attribute) = schema.0.get(&name).filter(|attribute| attribute.is_kept) else { continue };
        if ["objectguid", "objectsid", "instancetype", rdn.as_str()].contains(&name.as_str()) {
            continue;
        }
        for value in entry.octets(&name) {
            let text = std::str::from_utf8(value).unwrap_or_default();
            if attribute.link != 0 && text.contains("<GUID=") {
                let data =
                    text.strip_prefix("B:").map_or(vec![], |text| hex(text.split(':').nth(1).unwrap()));
                known.links.insert((name.clone(), apart(&text[text.find('<').unwrap()..]).0, data));
            } else {
                // A name, or one with octets before it.
                let plain = match text.find("<GUID=").filter(|at| *at == 0 || text.starts_with("B:")) {
                    Some(at) => [&text[..at], apart(&text[at..]).1].concat().into_bytes(),
                    None => value.to_vec(),
                };
                known.attributes.entry(name.clone()).or_default().insert(plain);
            }
        }
    }
    (guid, known)
}

/// The GUID and the name in an extended DN.
fn apart(text: &str) -> (ObjectGuid, &str) {
    let guid = text[6..42].parse().unwrap_or_else(|e| panic!("{text}: {e}"));
    let end = text.rfind(">;").unwrap();
    (guid, &text[end + 2..])
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// All objects of a naming context as `ldapsearch` shows them, with `uSNChanged`.
pub(super) fn dump(scene: &Scene, schema: &Schema, context: &str) -> HashMap<ObjectGuid, (String, Known)> {
    dump_by(scene.hand(), schema, context)
}

/// The same as one account sees it.
pub(crate) fn dump_by(hand: &Hand, schema: &Schema, context: &str) -> HashMap<ObjectGuid, (String, Known)> {
    let filter = ["-b", context, "-s", "sub", "-E", "pr=1000/noprompt"];
    // Show Recycled, Domain Scope, Extended DN as text, SD Flags 7.
    let controls = [
        "!1.2.840.113556.1.4.2064",
        "1.2.840.113556.1.4.1339",
        "!1.2.840.113556.1.4.529=::MAMCAQE=",
        "!1.2.840.113556.1.4.801=::MAMCAQc=",
    ];
    let controls = controls.iter().flat_map(|control| ["-E", control]);
    let what = ["(objectClass=*)", "*", "nTSecurityDescriptor", "parentGUID"];
    let arguments: Vec<&str> = filter.into_iter().chain(controls).chain(what).collect();
    let entries = hand.ask_within("120", &arguments).unwrap();
    let pairs = entries.iter().map(|entry| {
        let (guid, known) = known(schema, entry);
        (guid, (entry.text("uSNChanged"), known))
    });
    pairs.collect()
}

#[test]
fn of_every_naming_context_by_every_way() {
    let Some(scene) = Scene::new() else { return };
    let group = scene.group("Crew").add();
    let user = scene.user("Una").with("manager", &group.dn).add();
    scene.hand().change(&crate::support::Ldif::default().add_values(&group.dn, "member", &[&user.dn]));
    let schema = Schema::read(&scene);
    for way in [Way::DirSync, Way::OwnRights, Way::Numbers] {
        run(async {
            let mut changes = open(&scene, "ADMIN", way).await;
            let contexts = changes.naming_contexts();
            assert_eq!(contexts.len(), 5);
            assert!(contexts[0].to_string().starts_with("CN=Schema,"), "{contexts:?}");
            for context in contexts {
                let before = dump(&scene, &schema, &context.to_string());
                let mut mirror = Mirror::default();
                for batch in read(&mut changes, &context, None).await.unwrap() {
                    assert_eq!((&batch.naming_context, batch.objects.len() <= 2000), (&context, true));
                    mirror.take(&batch);
                }
                let after = dump(&scene, &schema, &context.to_string());
                compare(&before, &mirror, &after, way, &context);
                if context.to_string() == scene.lab.base {
                    let user: ObjectGuid = user.guid.parse().unwrap();
                    let group: ObjectGuid = group.guid.parse().unwrap();
                    assert!(mirror.0[&user].links.contains(&("manager".to_owned(), group, vec![])));
                    assert!(mirror.0[&group].links.contains(&("member".to_owned(), user, vec![])));
                }
            }
        });
    }
}

/// Objects that nobody changed meanwhile are the same on both sides; other tests are at work on the same server.
pub(super) fn compare(
    before: &HashMap<ObjectGuid, (String, Known)>,
    mirror: &Mirror,
    after: &HashMap<ObjectGuid, (String, Known)>,
    way: Way,
    context: &Dn,
) {
    let quiet: BTreeMap<ObjectGuid, &Known> = before
        .iter()
        .filter(|(guid, as_it_was)| after.get(guid) == Some(as_it_was))
        .map(|(guid, (_, known))| (*guid, known))
        .collect();
    assert!(quiet.len() * 10 > before.len() * 8, "{} of {} were left alone", quiet.len(), before.len());
    for (guid, expected) in &quiet {
        let Some(found) = mirror.0.get(guid) else { panic!("{way:?} {context}: {} is missing", expected.dn) };
        assert_eq!(found.dn, expected.dn, "{way:?}");
        assert_eq!(found.is_deleted, expected.is_deleted, "{way:?} {}", expected.dn);
        assert_eq!(found.links, expected.links, "{way:?} {}", expected.dn);
        // The head of a naming context has none to DirSync.
        if found.dn != context.to_string() {
            assert_eq!(found.parent, expected.parent, "{way:?} {}", expected.dn);
        }
        let names = |known: &Known| known.attributes.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(found), names(expected), "{way:?} {}", expected.dn);
        // DirSync of Samba gives names as they were when the value was written, a search as they are now.
        let names = expected.attributes.iter().filter(|(name, _)| *name != "lastknownparent");
        for (name, values) in names {
            assert!(found.attributes[name] == *values, "{way:?} {} {name}", expected.dn);
        }
    }
    let known: HashSet<&ObjectGuid> = before.keys().chain(after.keys()).collect();
    for (guid, found) in &mirror.0 {
        assert!(known.contains(guid), "{way:?} {context}: nobody else knows {}", found.dn);
    }
}
