//! The forest as it is after its installation: naming contexts, containers, groups, schema, and the one domain controller
//! ([MS-ADTS] 6.1.1; names and identifiers as [MS-ADTS] and a real DC have them).

use adrecover_core::{Dn, Rdn};
use uuid::uuid;

use super::{Directory, Parts, Settings, guid_octets};
use crate::access::{self, Caller, Descriptors, sddl};
use crate::schema::{known, schema};
use crate::store::{Attributes, Deletion, Id, NamingContext, Object, Store, Value};
use crate::{Clock, Failure};

/// `GUID_DELETED_OBJECTS_CONTAINER_W`.
const DELETED_OBJECTS: &str = "18E2EA80684F11D2B9AA00C04F79F805";
/// System and Administrators only, and nothing is inherited (KB 892806; as a real DC has it).
const DELETED_OBJECTS_SDDL: &str = "O:SYG:SYD:PAI(A;;RPWPCCDCLCRCWOWDSDSW;;;SY)(A;;RPLC;;;BA)";

/// What everything in the configuration and the schema inherits: everybody may read, administrators of the forest may do all (as a
/// real DC grants it, in fewer entries).
const FOREST_WIDE_SDDL: &str = "O:EAG:EAD:(A;CI;RPLCLORC;;;AU)(A;CI;GA;;;SY)(A;CI;GA;;;EA)(A;CI;GA;;;BA)\
     (OA;;CR;45ec5156-db7e-47bb-b53f-dbeb2d03c40f;;BA)";

/// Containers right below the domain, with the GUIDs by which they are well known ([MS-ADTS] 6.1.1.4).
const CONTAINERS: [(&str, &str, &str); 9] = [
    ("Users", "container", "A9D1CA15768811D1ADED00C04FD8D5CD"),
    ("Computers", "container", "AA312825768811D1ADED00C04FD8D5CD"),
    ("System", "container", "AB1D30F3768811D1ADED00C04FD8D5CD"),
    ("LostAndFound", "lostAndFound", "AB8153B7768811D1ADED00C04FD8D5CD"),
    ("Infrastructure", "infrastructureUpdate", "2FBAC1870ADE11D297C400C04FD8D5CD"),
    ("ForeignSecurityPrincipals", "container", "22B70C67D56E4EFB91E9300FCA3DC1AA"),
    ("Program Data", "container", "09460C08AE1E4A4EA0F64AEE7DAA1E5A"),
    ("NTDS Quotas", "msDS-QuotaContainer", "6227F0AF1FC2410D8E3BB10615BB5B0F"),
    ("Managed Service Accounts", "container", ""),
];

/// Built-in groups of `S-1-5-32`.
pub(super) const BUILTIN: [(&str, u32); 12] = [
    ("Administrators", 544),
    ("Users", 545),
    ("Guests", 546),
    ("Account Operators", 548),
    ("Server Operators", 549),
    ("Print Operators", 550),
    ("Backup Operators", 551),
    ("Replicator", 552),
    ("Pre-Windows 2000 Compatible Access", 554),
    ("Remote Desktop Users", 555),
    ("Windows Authorization Access Group", 560),
    ("Terminal Server License Servers", 561),
];

/// Groups of the domain: name, relative identifier, `groupType`, whether AdminSDHolder protects it.
const GROUPS: [(&str, u32, i64, bool); 16] = [
    ("Domain Admins", 512, GLOBAL, true),
    ("Domain Users", 513, GLOBAL, false),
    ("Domain Guests", 514, GLOBAL, false),
    ("Domain Computers", 515, GLOBAL, false),
    ("Domain Controllers", 516, GLOBAL, true),
    ("Cert Publishers", 517, LOCAL, false),
    ("Schema Admins", 518, UNIVERSAL, true),
    ("Enterprise Admins", 519, UNIVERSAL, true),
    ("Group Policy Creator Owners", 520, GLOBAL, false),
    ("Read-only Domain Controllers", 521, GLOBAL, true),
    ("Protected Users", 525, GLOBAL, false),
    ("Key Admins", 526, GLOBAL, true),
    ("Enterprise Key Admins", 527, UNIVERSAL, true),
    ("RAS and IAS Servers", 553, LOCAL, false),
    ("Allowed RODC Password Replication Group", 571, LOCAL, false),
    ("Denied RODC Password Replication Group", 572, LOCAL, false),
];
pub(super) const GLOBAL: i64 = -2_147_483_646;
const LOCAL: i64 = -2_147_483_644;
const UNIVERSAL: i64 = -2_147_483_640;
pub(super) const BUILTIN_LOCAL: i64 = -2_147_483_643;

/// Who is in which group from the beginning.
const MEMBERS: [(&str, &str); 7] = [
    ("CN=Administrators,CN=Builtin", "CN=Domain Admins,CN=Users"),
    ("CN=Administrators,CN=Builtin", "CN=Enterprise Admins,CN=Users"),
    ("CN=Administrators,CN=Builtin", "CN=Administrator,CN=Users"),
    ("CN=Domain Admins,CN=Users", "CN=Administrator,CN=Users"),
    ("CN=Enterprise Admins,CN=Users", "CN=Administrator,CN=Users"),
    ("CN=Schema Admins,CN=Users", "CN=Administrator,CN=Users"),
    ("CN=Users,CN=Builtin", "CN=Domain Users,CN=Users"),
];

impl Directory {
    /// A new forest of one domain with one domain controller.
    pub fn new(settings: Settings, clock: Clock) -> Result<Self, Failure> {
        let mut directory = Self {
            store: Store::default(),
            bulk: None,
            domain_sid: domain_sid(settings.random).ok_or_else(|| Failure::protocol("no SID"))?,
            invocation_id: uuid!("e5a1c3d2-7b64-4f0e-9a58-1d2c3b4a5968").into(),
            clock,
            descriptors: Descriptors::default(),
            recycle_bin: false,
            next_rid: 1000,
            random: settings.random,
            parts: Parts::default(),
            changed: vec![],
            collected_at: None,
            siblings: vec![],
            home: super::Home::default(),
            untold: 0,
            settings,
        };
        directory.heads()?;
        directory.schema_objects()?;
        directory.configuration_objects()?;
        directory.domain_objects()?;
        directory.dns_objects()?;
        directory.changed.clear();
        Ok(directory)
    }

    /// The heads of the naming contexts: domain, configuration, schema, DNS zones.
    fn heads(&mut self) -> Result<(), Failure> {
        let labels = self.settings.domain.split('.').rev();
        let domain = labels.fold(Dn::default(), |dn, label| dn.child(Rdn::new("DC", label)));
        let configuration = domain.child(Rdn::new("CN", "Configuration"));
        let schema_dn = configuration.child(Rdn::new("CN", "Schema"));
        let heads = [
            (domain.clone(), "domainDNS"),
            (configuration, "configuration"),
            (schema_dn, "dMD"),
            (domain.child(Rdn::new("DC", "DomainDnsZones")), "domainDNS"),
            (domain.child(Rdn::new("DC", "ForestDnsZones")), "domainDNS"),
        ];
        for (dn, class) in heads {
            let head = self.head(&dn, class)?;
            self.store.contexts.push(NamingContext { dn, head, deleted_objects: None });
        }
        Ok(())
    }

    pub(super) fn head(&mut self, dn: &Dn, class: &str) -> Result<Id, Failure> {
        let class = schema().class(class).ok_or_else(Failure::no_object)?;
        let rdn = dn.rdn().cloned().ok_or_else(Failure::bad_dn)?;
        let descriptor = match class.name {
            "domainDNS" => access::of_new_object(class, None, None, &self.domain_sid),
            _ => sddl::descriptor(FOREST_WIDE_SDDL, &self.domain_sid).ok_or_else(Failure::no_access)?,
        };
        let now = self.now();
        let usn = self.store.next_usn();
        let mut object = Object {
            guid: self.new_guid(),
            parent: None,
            root: Some(dn.clone()),
            rdn,
            class: class.id,
            deletion: Deletion::Live,
            deleted_at: None,
            recycled_at: None,
            attributes: Attributes::default(),
            stamps: vec![],
            usn_created: usn,
            usn_changed: usn,
            created: now,
            changed: now,
            descriptor: self.share(descriptor),
            password: None,
        };
        // 5: a head that is written here ([MS-ADTS] 2.2.14).
        object.attributes.set(known().instance_type, text("5"));
        super::add::always_stamped(class).for_each(|attid| object.stamp(attid, now, usn));
        Ok(self.store.insert(object))
    }

    /// Adds an object below a DN, as the system.
    pub(super) fn plain(&mut self, dn: &str, class: &str, more: &[(&str, &str)]) -> Result<Id, Failure> {
        let mut given: Vec<(&str, Vec<&[u8]>)> = vec![("objectClass", vec![class.as_bytes()])];
        for (name, value) in more {
            match given.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value.as_bytes()),
                None => given.push((name, vec![value.as_bytes()])),
            }
        }
        let given: Vec<(&str, &[&[u8]])> =
            given.iter().map(|(name, values)| (*name, values.as_slice())).collect();
        self.add_as_system(dn, &given)
    }

    /// An attribute that the system keeps, whatever the class says.
    pub(super) fn keep(&mut self, id: Id, name: &str, values: Vec<Value>) {
        if let Some(attribute) = schema().find(name) {
            self.store.set(id, attribute.id, values);
        }
    }

    pub(super) fn deleted_objects(&mut self, context: usize) -> Result<(), Failure> {
        let Some(dn) = self.store.contexts.get(context).map(|c| c.dn.clone()) else { return Ok(()) };
        let id = self.plain(&format!("CN=Deleted Objects,{dn}"), "container", &[])?;
        let descriptor = sddl::descriptor(DELETED_OBJECTS_SDDL, &self.domain_sid);
        if let Some(shared) = descriptor.map(|descriptor| self.share(descriptor))
            && let Some(object) = self.store.get_mut(id)
        {
            object.descriptor = shared;
        }
        self.keep(id, "isCriticalSystemObject", text("TRUE"));
        self.keep(id, "systemFlags", text("-1946157056"));
        if let Some(context) = self.store.contexts.get_mut(context) {
            context.deleted_objects = Some(id);
        }
        Ok(())
    }

    /// The schema's own objects, from which the numbers in metadata get their names.
    fn schema_objects(&mut self) -> Result<(), Failure> {
        let base = self.schema_dn();
        // Classes first: every object wants the object of its category.
        let classes: Vec<_> = schema().classes().collect();
        for class in &classes {
            let dn = format!("CN={},{base}", class.cn);
            let parent = class.parent_name();
            let id = self.plain(
                &dn,
                "classSchema",
                &[
                    ("lDAPDisplayName", class.name),
                    ("governsID", class.oid),
                    ("subClassOf", parent),
                    ("objectClassCategory", &class.category.to_string()),
                    ("rDNAttID", class.rdn),
                ],
            )?;
            self.keep(id, "schemaIDGUID", vec![Value::Octets(guid_octets(class.guid))]);
        }
        for attribute in schema().attributes() {
            let dn = format!("CN={},{base}", attribute.cn);
            let yes_no = |is: bool| if is { "TRUE" } else { "FALSE" };
            let id = self.plain(
                &dn,
                "attributeSchema",
                &[
                    ("lDAPDisplayName", attribute.name),
                    ("attributeID", attribute.oid),
                    ("attributeSyntax", &format!("2.5.5.{}", attribute.syntax_number)),
                    ("oMSyntax", attribute.om_syntax),
                    ("isSingleValued", yes_no(attribute.is_single)),
                    ("searchFlags", &(attribute.search_flags as i32).to_string()),
                    ("systemFlags", &(attribute.system_flags as i32).to_string()),
                    ("systemOnly", yes_no(attribute.is_system_only)),
                    ("isMemberOfPartialAttributeSet", yes_no(attribute.is_partial)),
                ],
            )?;
            self.keep(id, "schemaIDGUID", vec![Value::Octets(guid_octets(attribute.guid))]);
            if let Some(link) = attribute.link {
                self.keep(id, "linkID", text(&link.to_string()));
            }
        }
        self.categories();
        Ok(())
    }

    /// The categories of what was made before the schema's objects were there.
    pub(super) fn categories(&mut self) {
        let ids: Vec<Id> = self.store.iter().map(|(id, _)| id).collect();
        for id in ids {
            let Some(mut object) = self.store.get(id).cloned() else { continue };
            self.fill_common(&mut object);
            let category = object.attributes.get(known().object_category).to_vec();
            self.store.set(id, known().object_category, category);
        }
    }

    fn configuration_objects(&mut self) -> Result<(), Failure> {
        self.deleted_objects(1)?;
        let base = self.configuration();
        let domain = self.settings.domain.clone();
        let partitions = self.plain(&format!("CN=Partitions,{base}"), "crossRefContainer", &[])?;
        self.keep(partitions, "msDS-Behavior-Version", text("7"));
        self.sites(&base)?;
        self.services(&base)?;
        let contexts: Vec<(Dn, Id)> = self.store.contexts.iter().map(|c| (c.dn.clone(), c.head)).collect();
        let net_bios = self.settings.net_bios.clone();
        // systemFlags of a cross-reference ([MS-ADTS] 6.1.1.2.1.1): 1 a naming context of the forest, 2 a domain, 4 not in the
        // global catalogue.
        for ((dn, head), (name, flags)) in contexts.into_iter().zip([
            (net_bios.as_str(), 3),
            ("Enterprise Configuration", 1),
            ("Enterprise Schema", 1),
            ("eea2d133-69d5-40a3-802d-56a82cf3d0dd", 5),
            ("856d55ad-b31f-4dcc-a683-4a5639d9a6b9", 5),
        ]) {
            let own = format!("CN={name},CN=Partitions,{base}");
            let dns_root = if flags == 5 { dn.dns_name() } else { domain.clone() };
            let given = [("nCName", dn.to_string()), ("dnsRoot", dns_root)];
            let given: Vec<(&str, &str)> =
                given.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let id = self.plain(&own, "crossRef", &given)?;
            self.keep(id, "nCName", vec![Value::Object(head)]);
            self.keep(id, "systemFlags", text(&flags.to_string()));
            if flags == 3 {
                self.keep(id, "nETBIOSName", text(&net_bios));
            }
        }
        self.parts.partitions = Some(partitions);
        Ok(())
    }

    fn sites(&mut self, base: &Dn) -> Result<(), Failure> {
        let site = format!("CN=Default-First-Site-Name,CN=Sites,{base}");
        self.plain(&format!("CN=Sites,{base}"), "sitesContainer", &[])?;
        self.plain(&site, "site", &[])?;
        self.plain(&format!("CN=Servers,{site}"), "serversContainer", &[])?;
        let server = format!("CN={},CN=Servers,{site}", self.settings.host.to_uppercase());
        let host = self.host_name();
        self.plain(&server, "server", &[("dNSHostName", &host)])?;
        let settings = self.plain(&format!("CN=NTDS Settings,{server}"), "nTDSDSA", &[])?;
        self.keep(settings, "invocationId", vec![Value::Octets(self.invocation_id.to_wire().to_vec())]);
        self.keep(settings, "options", text("1"));
        self.parts.settings = Some(settings);
        Ok(())
    }

    fn services(&mut self, base: &Dn) -> Result<(), Failure> {
        let services = format!("CN=Services,{base}");
        self.plain(&services, "container", &[])?;
        self.plain(&format!("CN=Windows NT,{services}"), "container", &[])?;
        let directory_service = format!("CN=Directory Service,CN=Windows NT,{services}");
        let id = self.plain(&directory_service, "nTDSService", &[])?;
        self.parts.directory_service = Some(id);
        if let Some(days) = self.settings.tombstone_lifetime {
            self.keep(id, "tombstoneLifetime", text(&days.to_string()));
        }
        if let Some(days) = self.settings.deleted_object_lifetime {
            self.keep(id, "msDS-DeletedObjectLifetime", text(&days.to_string()));
        }
        let features = format!("CN=Optional Features,{directory_service}");
        self.plain(&features, "container", &[])?;
        let feature = format!("CN=Recycle Bin Feature,{features}");
        let feature = self.plain(&feature, "msDS-OptionalFeature", &[("msDS-OptionalFeatureFlags", "1")])?;
        let guid = guid_octets(uuid!("766ddcd8-acd0-445e-f3b9-a7f9b6744f2a"));
        self.keep(feature, "msDS-OptionalFeatureGUID", vec![Value::Octets(guid)]);
        self.parts.bin_feature = Some(feature);
        let policies = format!("CN=Query-Policies,{directory_service}");
        self.plain(&policies, "container", &[])?;
        let policy = self.plain(&format!("CN=Default Query Policy,{policies}"), "queryPolicy", &[])?;
        let limits = self.settings.limits;
        let values = [
            format!("MaxPageSize={}", limits.page_size),
            format!("MaxValRange={}", limits.val_range),
            format!("MaxReceiveBuffer={}", limits.receive_buffer),
            format!("MaxNotificationPerConn={}", limits.notifications),
        ];
        self.keep(policy, "lDAPAdminLimits", values.map(|v| Value::Octets(v.into_bytes())).into());
        Ok(())
    }

    fn domain_objects(&mut self) -> Result<(), Failure> {
        self.deleted_objects(0)?;
        let base = self.domain();
        let head = self.store.contexts[0].head;
        let sid = self.domain_sid.to_wire();
        self.keep(head, "objectSid", vec![Value::Octets(sid)]);
        for (name, value) in [("minPwdLength", "7"), ("pwdProperties", "1"), ("msDS-Behavior-Version", "7")] {
            self.keep(head, name, text(value));
        }
        let mut well_known = vec![format!("B:32:{DELETED_OBJECTS}:CN=Deleted Objects,{base}")];
        for (name, class, guid) in CONTAINERS {
            let id = self.plain(&format!("CN={name},{base}"), class, &[])?;
            self.critical(id);
            if !guid.is_empty() {
                well_known.push(format!("B:32:{guid}:CN={name},{base}"));
            }
        }
        let controllers = format!("OU=Domain Controllers,{base}");
        let id = self.plain(&controllers, "organizationalUnit", &[])?;
        self.critical(id);
        well_known.push(format!("B:32:A361B2FFFFD211D1AA4B00C04FD7D83A:{controllers}"));
        let id = self.plain(&format!("CN=Builtin,{base}"), "builtinDomain", &[])?;
        self.critical(id);
        let values = well_known.into_iter().map(|value| Value::Octets(value.into_bytes()));
        self.keep(head, "wellKnownObjects", values.collect());
        self.plain(&format!("CN=Policies,CN=System,{base}"), "container", &[])?;
        // The Default Domain Policy, whose GUID is the same everywhere.
        let policy = format!("CN={{31B2F340-016D-11D2-945F-00C04FB984F9}},CN=Policies,CN=System,{base}");
        let id = self.plain(&policy, "groupPolicyContainer", &[])?;
        self.critical(id);
        self.groups(&base)?;
        self.principals(&base, &controllers)
    }

    fn groups(&mut self, base: &Dn) -> Result<(), Failure> {
        let builtin: adrecover_core::Sid =
            "S-1-5-32".parse().map_err(|_| Failure::protocol("S-1-5-32 is no SID"))?;
        for (name, rid) in BUILTIN {
            let sid = builtin.with_rid(rid).to_wire();
            let id = self.group(&format!("CN={name},CN=Builtin,{base}"), name, BUILTIN_LOCAL, sid)?;
            if matches!(rid, 544 | 548..=552) {
                self.keep(id, "adminCount", text("1"));
            }
        }
        for (name, rid, group_type, is_protected) in GROUPS {
            let sid = self.domain_sid.with_rid(rid).to_wire();
            let id = self.group(&format!("CN={name},CN=Users,{base}"), name, group_type, sid)?;
            if is_protected {
                self.keep(id, "adminCount", text("1"));
            }
        }
        Ok(())
    }

    fn group(&mut self, dn: &str, name: &str, group_type: i64, sid: Vec<u8>) -> Result<Id, Failure> {
        let group_type = group_type.to_string();
        let id = self.add_as_system(
            dn,
            &[
                ("objectClass", &[b"group"]),
                ("sAMAccountName", &[name.as_bytes()]),
                ("groupType", &[group_type.as_bytes()]),
                ("objectSid", &[&sid]),
            ],
        )?;
        self.critical(id);
        Ok(id)
    }

    /// The first accounts, and who is in which group.
    fn principals(&mut self, base: &Dn, controllers: &str) -> Result<(), Failure> {
        for (name, rid, uac) in
            [("Administrator", 500, "66082"), ("Guest", 501, "66082"), ("krbtgt", 502, "514")]
        {
            let sid = self.domain_sid.with_rid(rid).to_wire();
            let id = self.add_as_system(
                &format!("CN={name},CN=Users,{base}"),
                &[
                    ("objectClass", &[b"user"]),
                    ("sAMAccountName", &[name.as_bytes()]),
                    ("userAccountControl", &[uac.as_bytes()]),
                    ("objectSid", &[&sid]),
                ],
            )?;
            self.critical(id);
        }
        let host = self.settings.host.to_uppercase();
        let id = self.plain(
            &format!("CN={host},{controllers}"),
            "computer",
            &[
                ("sAMAccountName", &format!("{host}$")),
                ("userAccountControl", "532480"),
                ("dNSHostName", &self.host_name()),
            ],
        )?;
        self.critical(id);
        // Everybody who logs on may read what was readable before Windows 2000 (the default of a new domain).
        let principals = format!("CN=ForeignSecurityPrincipals,{base}");
        let authenticated = adrecover_core::Sid::to_wire(
            &"S-1-5-11".parse().map_err(|_| Failure::protocol("S-1-5-11 is no SID"))?,
        );
        let foreign = format!("CN=S-1-5-11,{principals}");
        self.add_as_system(
            &foreign,
            &[("objectClass", &[b"foreignSecurityPrincipal"]), ("objectSid", &[&authenticated])],
        )?;
        let members =
            MEMBERS.iter().map(|(group, member)| (format!("{group},{base}"), format!("{member},{base}")));
        let pre_2000 = format!("CN=Pre-Windows 2000 Compatible Access,CN=Builtin,{base}");
        for (group, member) in members.chain([(pre_2000, foreign)]).collect::<Vec<_>>() {
            self.join(&group, &member)?;
        }
        Ok(())
    }

    /// Makes an object a member of a group, as the system.
    pub fn join(&mut self, group: &str, member: &str) -> Result<(), Failure> {
        use adrecover_core::directory::Change;
        let manner = super::modify::Manner {
            sight: super::Sight::default(),
            is_encrypted: true,
            is_permissive: false,
        };
        self.modify(group, &[Change::add("member", [member])], &Caller::system(), manner)
    }

    fn critical(&mut self, id: Id) {
        self.keep(id, "isCriticalSystemObject", text("TRUE"));
    }

    fn dns_objects(&mut self) -> Result<(), Failure> {
        for context in [3, 4] {
            self.deleted_objects(context)?;
            let Some(dn) = self.store.contexts.get(context).map(|c| c.dn.clone()) else { continue };
            let head = self.store.contexts[context].head;
            self.keep(
                head,
                "wellKnownObjects",
                vec![Value::Octets(format!("B:32:{DELETED_OBJECTS}:CN=Deleted Objects,{dn}").into_bytes())],
            );
            let zones = format!("CN=MicrosoftDNS,{dn}");
            self.plain(&zones, "container", &[])?;
            if context == 3 {
                self.plain(&format!("DC={},{zones}", self.settings.domain), "dnsZone", &[])?;
            }
        }
        let Some(configuration) = self.store.contexts.get(1).map(|c| (c.head, c.dn.clone())) else {
            return Ok(());
        };
        let value = format!("B:32:{DELETED_OBJECTS}:CN=Deleted Objects,{}", configuration.1);
        self.keep(configuration.0, "wellKnownObjects", vec![Value::Octets(value.into_bytes())]);
        Ok(())
    }
}

pub(super) fn text(value: &str) -> Vec<Value> {
    vec![Value::Octets(value.as_bytes().to_vec())]
}

/// A SID that differs by what decides about GUIDs.
pub(super) fn domain_sid(random: u64) -> Option<adrecover_core::Sid> {
    let part = |shift: u32| (random.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> shift) as u32;
    format!("S-1-5-21-{}-{}-{}", part(0), part(16), part(32)).parse().ok()
}
