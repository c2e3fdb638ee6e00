//! The example company: the same as that of the test lab (`tests/lab/seed.py`), so that the same scenarios find the same objects.

mod deletions;

use std::collections::BTreeMap;

use adrecover_core::directory::Change;
use adrecover_core::{Dn, ObjectGuid};
use chrono::Duration;
use serde_json::{Value as Json, json};

use crate::access::{Caller, sddl};
use crate::directory::{Manner, Sight};
use crate::store::{Deletion, Id};
use crate::{Directory, Failure};

/// The accounts that run the tool, from everything to nothing: account name, and what it is called in the lab's settings.
pub const LOGINS: [(&str, &str); 5] = [
    ("Administrator", "ADMIN"),
    ("joe", "JOE"),
    ("operator1", "OPERATOR"),
    ("reader1", "READER"),
    ("agent1", "AGENT"),
];

const NORMAL: &str = "512";
const DISABLED: &str = "514";
const NEVER_EXPIRES: &str = "66048";
const WORKSTATION: &str = "4096";
const GLOBAL: &str = "-2147483646";
const UNIVERSAL: &str = "-2147483640";

/// Fills a directory.
pub struct Seed<'a> {
    directory: &'a mut Directory,
    passwords: &'a BTreeMap<String, String>,
    objects: BTreeMap<String, Remembered>,
    base: String,
    home: String,
}

#[derive(Debug, Clone)]
struct Remembered {
    id: Id,
    guid: ObjectGuid,
    before: Option<Json>,
}

type Given<'s> = Vec<(&'s str, String)>;

impl<'a> Seed<'a> {
    /// With the passwords of the [`LOGINS`], by account name in lower case.
    pub fn new(directory: &'a mut Directory, passwords: &'a BTreeMap<String, String>) -> Self {
        let base = directory.domain().to_string();
        Self { directory, passwords, objects: BTreeMap::new(), home: format!("OU=OnPremises,{base}"), base }
    }

    /// The whole company. What is deleted was deleted within the last two days.
    pub fn all(&mut self, recycle_bin: bool) -> Result<(), Failure> {
        let clock = self.directory.clock().clone();
        clock.advance(Duration::hours(-50));
        self.structure()?;
        self.accounts()?;
        self.live()?;
        self.early_deletions()?;
        clock.advance(Duration::hours(1));
        if recycle_bin {
            self.directory.enable_recycle_bin();
        }
        self.deletions()?;
        clock.advance(Duration::hours(24));
        self.tree()?;
        self.conflicts()?;
        self.other_partitions()?;
        if recycle_bin {
            self.recycled()?;
        }
        clock.reset();
        Ok(())
    }

    fn join(&mut self, group: &str, members: &[&str]) -> Result<(), Failure> {
        let group = self.dn(group);
        members.iter().try_for_each(|member| {
            let member = self.dn(member);
            self.directory.join(&group, &member)
        })
    }

    /// The DN of a label, or what looks like a DN.
    fn dn(&self, label: &str) -> String {
        match self.objects.get(label) {
            Some(known) => self.directory.store.dn(known.id).to_string(),
            None => label.to_owned(),
        }
    }

    fn add(&mut self, label: &str, dn: &str, class: &str, more: Given<'_>) -> Result<String, Failure> {
        self.add_octets(label, dn, gathered(class, more))
    }

    fn add_octets(
        &mut self,
        label: &str,
        dn: &str,
        attributes: Vec<(String, Vec<Vec<u8>>)>,
    ) -> Result<String, Failure> {
        let id = self.directory.add(dn, &attributes, &Caller::system(), true)?;
        let guid = self.directory.store.get(id).map(|object| object.guid).ok_or_else(Failure::no_object)?;
        self.objects.insert(label.to_owned(), Remembered { id, guid, before: None });
        Ok(dn.to_owned())
    }

    fn ou(&mut self, label: &str, dn: String, more: Given<'_>) -> Result<String, Failure> {
        self.add(label, &dn, "organizationalUnit", more)
    }

    /// A user with what every user has; `more` replaces or adds. `sam` is empty for the label without its dashes.
    fn user(
        &mut self,
        label: &str,
        name: &str,
        parent: &str,
        sam: &str,
        uac: &str,
        more: Given<'_>,
    ) -> Result<String, Failure> {
        self.person(label, name, parent, sam, uac, "user", more)
    }

    #[expect(clippy::too_many_arguments, reason = "a line of a table")]
    fn person(
        &mut self,
        label: &str,
        name: &str,
        parent: &str,
        sam: &str,
        uac: &str,
        class: &str,
        more: Given<'_>,
    ) -> Result<String, Failure> {
        let sam = match sam {
            "" => label.replace('-', "").chars().take(20).collect(),
            sam => sam.to_owned(),
        };
        let address = format!("{}@{}", sam.to_lowercase(), self.directory.settings.domain);
        let mut all: Vec<(&str, String)> = vec![
            ("sAMAccountName", sam.clone()),
            ("userPrincipalName", address.clone()),
            ("displayName", name.replace('\n', " ")),
            ("mail", address),
            ("userAccountControl", uac.to_owned()),
        ];
        for (attribute, _) in &more {
            all.retain(|(known, _)| known != attribute);
        }
        all.extend(more);
        let mut attributes = gathered(class, all);
        if uac != DISABLED {
            let key = sam.to_lowercase();
            let password = self.passwords.get(&key).or_else(|| self.passwords.get("joe")).cloned();
            let quoted = format!("\"{}\"", password.unwrap_or_default());
            let octets = quoted.encode_utf16().flat_map(u16::to_le_bytes).collect();
            attributes.push(("unicodePwd".into(), vec![octets]));
        }
        let parent = if parent.is_empty() { self.home.clone() } else { parent.to_owned() };
        let dn =
            Dn::child(&parent.parse().map_err(|_| Failure::bad_dn())?, adrecover_core::Rdn::new("CN", name));
        self.add_octets(label, &dn.to_string(), attributes)
    }

    fn group(
        &mut self,
        label: &str,
        name: &str,
        parent: &str,
        group_type: &str,
        members: &[&str],
        more: Given<'_>,
    ) -> Result<String, Failure> {
        let parent = if parent.is_empty() { format!("OU=Groups,{}", self.home) } else { parent.to_owned() };
        let mut all = vec![("sAMAccountName", name.to_owned()), ("groupType", group_type.to_owned())];
        all.extend(more);
        let dn = self.add(label, &format!("CN={name},{parent}"), "group", all)?;
        self.join(label, members)?;
        Ok(dn)
    }

    /// Deletes objects, each two seconds after the other: the stamps of deletions are in seconds.
    fn delete(&mut self, labels: &[&str], tree: bool) -> Result<(), Failure> {
        for label in labels {
            self.remember(label);
            let dn = self.dn(label);
            self.directory.delete(&dn, &Caller::system(), Sight::ALL, tree)?;
            self.directory.clock().clone().advance(Duration::seconds(2));
        }
        Ok(())
    }

    fn change(&mut self, label: &str, change: Change) -> Result<(), Failure> {
        let manner = Manner { sight: Sight::default(), is_encrypted: true, is_permissive: false };
        let dn = self.dn(label);
        self.directory.modify(&dn, &[change], &Caller::system(), manner)
    }

    /// Keeps what an object looks like before its deletion, as the lab's seed does.
    fn remember(&mut self, label: &str) {
        let Some(known) = self.objects.get(label) else { return };
        let dn = self.directory.store.dn(known.id).to_string();
        if let Some(known) = self.objects.get_mut(label) {
            known.before = Some(json!({ "dn": dn }));
        }
    }

    // -- the company ----------------------------------------------------------------------------------------------------

    fn structure(&mut self) -> Result<(), Failure> {
        let (base, home) = (self.base.clone(), self.home.clone());
        self.ou("ou-onpremises", home.clone(), vec![("description", "Synchronised with the cloud".into())])?;
        let sales = self.ou("ou-sales", format!("OU=Sales,{home}"), vec![])?;
        let emea = self.ou("ou-emea", format!("OU=EMEA,{sales}"), vec![])?;
        for (label, dn) in [
            ("ou-dach", format!("OU=DACH,{emea}")),
            ("ou-workstations", format!("OU=Workstations,{base}")),
            ("ou-groups", format!("OU=Groups,{home}")),
            ("ou-contacts", format!("OU=Contacts,{home}")),
            ("ou-service-accounts", format!("OU=Service Accounts,{base}")),
            ("ou-admins", format!("OU=Admins,{base}")),
        ] {
            self.ou(label, dn, vec![])?;
        }
        Ok(())
    }

    /// The people who run the tool.
    fn accounts(&mut self) -> Result<(), Failure> {
        let admins = format!("OU=Admins,{}", self.base);
        for (login, name) in [
            ("joe", "Joe Ordinary"),
            ("operator1", "Restore Operator"),
            ("reader1", "Deleted Objects Reader"),
            ("agent1", "Watch Agent"),
        ] {
            self.user(login, name, &admins, login, NEVER_EXPIRES, vec![])?;
        }
        let administrator = format!("CN=Administrator,CN=Users,{}", self.base);
        let password = self.passwords.get("administrator").cloned().unwrap_or_default();
        let quoted: Vec<u8> = format!("\"{password}\"").encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.change(&administrator, Change::replace("unicodePwd", [quoted]))?;
        self.change(&administrator, Change::replace("userAccountControl", [NEVER_EXPIRES]))?;
        let sid = |seed: &Self, label: &str| {
            let id = seed.objects.get(label).map(|known| known.id)?;
            Some(seed.directory.store.get(id)?.sid()?.to_string())
        };
        let sids = ["operator1", "reader1", "agent1"].map(|label| sid(self, label).unwrap_or_default());
        let [operator, reader, agent] = sids;
        let reanimate = "45ec5156-db7e-47bb-b53f-dbeb2d03c40f";
        let get_changes = "1131f6aa-9c07-11d1-f79f-00c04fc2dcd2";
        let base = self.base.clone();
        self.grant(&base, &format!("(OA;;CR;{reanimate};;{operator})(OA;;CR;{get_changes};;{agent})"))?;
        let list = format!("(A;;RPLCLO;;;{operator})(A;;RPLCLO;;;{reader})(A;;RPLCLO;;;{agent})");
        self.grant(&format!("CN=Deleted Objects,{base}"), &list)?;
        // A tombstone keeps the access list it had: what the operator may do with it comes from the OU, by inheritance.
        let home = self.home.clone();
        self.grant(&home, &format!("(A;CI;GA;;;{operator})"))
    }

    /// Puts entries before the others of an access list.
    fn grant(&mut self, dn: &str, aces: &str) -> Result<(), Failure> {
        let domain = self.directory.domain_sid.clone();
        let new = sddl::aces(aces, &domain)
            .ok_or_else(|| Failure::protocol("an access list that cannot be read"))?;
        self.directory.grant(&dn.parse().map_err(|_| Failure::bad_dn())?, new)
    }

    fn live(&mut self) -> Result<(), Failure> {
        let home = self.home.clone();
        let sales = format!("OU=Sales,{home}");
        let dach = format!("OU=DACH,OU=EMEA,{sales}");
        let boss = self.user(
            "dana",
            "Dana Director",
            "",
            "",
            NORMAL,
            vec![
                ("title", "Managing Director".into()),
                ("department", "Management".into()),
                ("proxyAddresses", "SMTP:dana@contoso.test".into()),
                ("proxyAddresses", "smtp:director@contoso.test".into()),
            ],
        )?;
        for (label, name, parent) in [
            ("alice", "Alice Archer", &sales),
            ("bob", "Bob Baker", &sales),
            ("carol", "Carol Carter", &dach),
            ("dieter", "Dieter Dörr", &dach),
            ("erin", "Erin Evans", &home),
            ("frank", "Frank Foster", &home),
            ("grace", "Grace Green", &home),
            ("henry", "Henry Hill", &home),
            ("ines", "Inés Ibáñez", &sales),
            ("jack", "Jack Jones", &home),
            ("laura", "Laura Lang", &dach),
            ("mallory", "Mallory Moss", &home),
        ] {
            self.user(
                label,
                name,
                parent,
                "",
                NORMAL,
                vec![
                    ("manager", boss.clone()),
                    ("department", if *parent == home { "Office" } else { "Sales" }.into()),
                    ("proxyAddresses", format!("SMTP:{label}@contoso.test")),
                    ("proxyAddresses", format!("smtp:{label}.alias@contoso.test")),
                ],
            )?;
        }
        let admins = format!("OU=Admins,{}", self.base);
        self.user("privileged", "Priya Privileged", &admins, "", NORMAL, vec![("adminCount", "1".into())])?;
        self.join(&format!("CN=Domain Admins,CN=Users,{}", self.base), &["privileged"])?;
        let mail = vec![("mail", "sales@contoso.test".into())];
        self.group("grp-sales", "Sales", "", GLOBAL, &["alice", "bob", "ines"], mail)?;
        self.group("grp-marketing", "Marketing", "", GLOBAL, &["erin"], vec![])?;
        self.group("grp-vpn", "VPN", "", GLOBAL, &["frank", "carol"], vec![])?;
        self.group(
            "grp-all-staff",
            "All Staff",
            "",
            UNIVERSAL,
            &["grp-sales", "grp-marketing", "dana"],
            vec![],
        )?;
        self.group("grp-news", "Newsletter", "", "2", &["grace"], vec![])?;
        self.group("grp-protected", "Protected", "", GLOBAL, &["privileged"], vec![])?;
        self.add(
            "contact-supplier",
            &format!("CN=Sam Supplier,OU=Contacts,{home}"),
            "contact",
            vec![
                ("mail", "sam@supplier.test".into()),
                ("displayName", "Sam Supplier".into()),
                ("proxyAddresses", "SMTP:sam@supplier.test".into()),
            ],
        )?;
        self.computer("computer-pc01", "PC01")?;
        self.gmsa("gmsa-web", "gmsaweb")?;
        self.person("ora", "Ora Orgperson", "", "", NORMAL, "inetOrgPerson", vec![])?;
        Ok(())
    }

    fn computer(&mut self, label: &str, name: &str) -> Result<(), Failure> {
        let lower = name.to_lowercase();
        self.add(
            label,
            &format!("CN={name},OU=Workstations,{}", self.base),
            "computer",
            vec![
                ("sAMAccountName", format!("{name}$")),
                ("userAccountControl", WORKSTATION.into()),
                ("dNSHostName", format!("{lower}.contoso.test")),
                ("servicePrincipalName", format!("HOST/{lower}.contoso.test")),
                ("servicePrincipalName", format!("HOST/{name}")),
            ],
        )?;
        Ok(())
    }

    fn gmsa(&mut self, label: &str, name: &str) -> Result<(), Failure> {
        let dn = format!("CN={name},CN=Managed Service Accounts,{}", self.base);
        self.add(
            label,
            &dn,
            "msDS-GroupManagedServiceAccount",
            vec![
                ("sAMAccountName", format!("{name}$")),
                ("dNSHostName", format!("{name}.contoso.test")),
                ("userAccountControl", WORKSTATION.into()),
                ("msDS-ManagedPasswordInterval", "30".into()),
            ],
        )?;
        Ok(())
    }

    // -- what is told of it ---------------------------------------------------------------------------------------------

    /// `seed.json`: where each object is now, in the form of the lab's.
    pub fn to_json(&self) -> Json {
        let mut out = serde_json::Map::new();
        for (label, known) in &self.objects {
            let Some(object) = self.directory.store.get(known.id) else { continue };
            let state = match object.deletion {
                Deletion::Live => "live",
                Deletion::Deleted => "deleted",
                Deletion::Tombstone => "tombstone",
                Deletion::Recycled => "recycled",
            };
            let parent =
                object.attributes.get(crate::schema::known().last_known_parent).first().and_then(|value| {
                    match value {
                        crate::store::Value::Object(id) => Some(self.directory.store.dn(*id).to_string()),
                        crate::store::Value::Octets(_) => None,
                    }
                });
            let mut entry = json!({
                "guid": known.guid.to_string(),
                "state": state,
                "dn": self.directory.store.dn(known.id).to_string(),
                "lastKnownParent": parent,
                "sam": object.attributes.text(crate::schema::known().sam_account_name),
            });
            if let Some(sid) = object.sid() {
                entry["sid"] = Json::String(sid.to_string());
            }
            if let Some(before) = &known.before {
                entry["before"] = before.clone();
            }
            out.insert(label.clone(), entry);
        }
        Json::Object(out)
    }
}

/// Values by their attributes, the class first.
fn gathered(class: &str, pairs: Given<'_>) -> Vec<(String, Vec<Vec<u8>>)> {
    let mut attributes: Vec<(String, Vec<Vec<u8>>)> = vec![("objectClass".into(), vec![class.into()])];
    for (name, value) in pairs {
        match attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value.into_bytes()),
            None => attributes.push((name.to_owned(), vec![value.into_bytes()])),
        }
    }
    attributes
}
