//! What the tests of the checks are made of.

use std::collections::{BTreeMap, HashMap};

use adrecover_core::{Dn, Entry};

use super::case::{Case, Setting, Sync};
use super::engine::EngineFindings;
use super::forest::Forest;
use super::observed::Observed;
use super::rule::{Rule, Status};
use super::subject::{ATTRIBUTES, ConnectorAccount, Subject};
use crate::evidence::{Evidence, Known};
use crate::scope::SyncScope;

/// The GUID of the source anchor's test vector: its base64 is [`ANCHOR`].
pub(crate) const GUID: &str = "8d4e6b2a-1f3c-4a5b-9c7d-0123456789ab";
/// The same in base64.
pub(crate) const ANCHOR: &str = "KmtOjTwfW0qcfQEjRWeJqw==";

/// A stage for one case: a user, and whatever the test says is known around it.
pub(crate) struct Stage {
    dn: String,
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
    not_asked: Vec<String>,
    pub(crate) forest: Forest,
    pub(crate) scope: Option<SyncScope>,
    pub(crate) evidence: Option<Evidence>,
    pub(crate) connector_account: Option<ConnectorAccount>,
    pub(crate) on_prem_only: bool,
    pub(crate) change: fn(&mut Subject),
    licensed_groups: Known<HashMap<String, Dn>>,
    missing: Known<Vec<Dn>>,
    schema_lacks: Known<Vec<String>>,
}

impl Stage {
    /// Anna, an ordinary enabled user with a mailbox in the cloud, of whom nothing else is known.
    pub(crate) fn new() -> Self {
        let stage = Self {
            dn: "CN=Anna,OU=Sales,DC=contoso,DC=test".to_owned(),
            attributes: BTreeMap::new(),
            not_asked: vec![],
            forest: Forest::of("dc1"),
            scope: None,
            evidence: None,
            connector_account: None,
            on_prem_only: false,
            change: |_| {},
            licensed_groups: Known::NotAsked,
            missing: Known::NotAsked,
            schema_lacks: Known::NotAsked,
        };
        let guid: adrecover_core::ObjectGuid = GUID.parse().unwrap();
        stage
            .octets("objectGUID", &guid.to_wire())
            .with("objectClass", &["top", "person", "organizationalPerson", "user"])
            .with("cn", &["Anna"])
            .with("sAMAccountName", &["anna"])
            .with("userPrincipalName", &["anna@contoso.com"])
            .with("mail", &["anna@contoso.com"])
            .with("mailNickname", &["anna"])
            .with("displayName", &["Anna Example"])
            .with("proxyAddresses", &["SMTP:anna@contoso.com", "smtp:a.example@contoso.com"])
            .with("userAccountControl", &["512"])
            .with("pwdLastSet", &["133000000000000000"])
    }

    /// With an attribute; no values say that it is absent.
    pub(crate) fn with(mut self, name: &str, values: &[&str]) -> Self {
        self.attributes.insert(name.to_owned(), values.iter().map(|v| v.as_bytes().to_vec()).collect());
        self
    }

    /// With one value of octets.
    pub(crate) fn octets(mut self, name: &str, value: &[u8]) -> Self {
        self.attributes.insert(name.to_owned(), vec![value.to_vec()]);
        self
    }

    /// Without an attribute.
    pub(crate) fn without(self, name: &str) -> Self {
        self.with(name, &[])
    }

    /// With an attribute that nobody asked for.
    pub(crate) fn not_asked(mut self, name: &str) -> Self {
        self.attributes.remove(name);
        self.not_asked.push(name.to_owned());
        self
    }

    /// With another name.
    pub(crate) fn named(mut self, dn: &str) -> Self {
        self.dn = dn.to_owned();
        self
    }

    /// With a change to the user as a whole.
    pub(crate) fn changed(mut self, change: fn(&mut Subject)) -> Self {
        self.change = change;
        self
    }

    /// With another live object in the forest.
    pub(crate) fn beside(mut self, dn: &str, attributes: &[(&str, &str)]) -> Self {
        let mut entry = Entry::new(dn);
        for (name, value) in attributes {
            entry = entry.with(name, [value]);
        }
        self.forest.add(&entry);
        self
    }

    /// With a forest that could not be asked.
    pub(crate) fn alone(mut self) -> Self {
        self.forest = Forest::unknown("the global catalogue does not answer");
        self
    }

    /// With the directory alone.
    pub(crate) fn on_prem_only(mut self) -> Self {
        self.on_prem_only = true;
        self
    }

    /// With exports: pairs of a file's name and its text, as a folder of evidence.
    pub(crate) fn evidence(mut self, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        self.evidence = Some(Evidence::load([folder.path()]).unwrap());
        self
    }

    /// With a configuration of the synchronisation, of one file of any format that is read.
    pub(crate) fn sync(mut self, name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.scope = Some(crate::scope::read(&[path]).unwrap());
        self
    }

    /// With a configuration of several files.
    pub(crate) fn sync_files(mut self, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        self.scope = Some(crate::scope::read(&[folder.path().to_owned()]).unwrap());
        self
    }

    /// With this account as the one that the engine reads the directory with.
    pub(crate) fn account(mut self, account: ConnectorAccount) -> Self {
        self.connector_account = Some(account);
        self
    }

    /// With the groups of the directory that give licences looked up: pairs of SID and DN.
    pub(crate) fn licensed_groups(mut self, groups: &[(&str, &str)]) -> Self {
        let found = groups.iter().map(|(sid, dn)| ((*sid).to_owned(), dn.parse().unwrap()));
        self.licensed_groups = Known::Value(found.collect());
        self
    }

    /// With containers that the configuration lists and the directory does not have.
    pub(crate) fn missing(mut self, containers: &[&str]) -> Self {
        self.missing = Known::Value(containers.iter().map(|dn| dn.parse().unwrap()).collect());
        self
    }

    /// With the schema looked at: it lacks these.
    pub(crate) fn schema_lacks(mut self, names: &[&str]) -> Self {
        self.schema_lacks = Known::Value(names.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// Looks at the case.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Case<'_>) -> T) -> T {
        let mut entry = Entry::new(self.dn.clone());
        for (name, values) in self.attributes.iter().filter(|(_, values)| !values.is_empty()) {
            entry = entry.with(name, values);
        }
        let is_asked = |name: &&str| !self.not_asked.iter().any(|n| n.eq_ignore_ascii_case(name));
        let asked: Vec<&str> = ATTRIBUTES.into_iter().filter(is_asked).collect();
        let dn: Dn = self.dn.parse().unwrap();
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        let mut subject = Subject::new(dn, entry, asked, "dc1", now);
        (self.change)(&mut subject);
        let sync =
            self.scope.as_ref().map(|scope| Sync { missing: self.missing.clone(), ..Sync::new(scope) });
        let setting = Setting {
            forest: &self.forest,
            sync: sync.as_ref(),
            evidence: self.evidence.as_ref(),
            connector_account: self.connector_account.as_ref(),
            observed: Observed::default(),
            engine: EngineFindings::default(),
            licensed_groups: self.licensed_groups.clone(),
            schema_lacks: self.schema_lacks.clone(),
            on_prem_only: self.on_prem_only,
            now,
        };
        look(&Case::new(&subject, &setting))
    }

    /// What a check says: its status, and its words for messages of failing tests.
    pub(crate) fn status(&self, rule: &Rule) -> (Status, String) {
        self.look(|case| {
            let finding = (rule.judge)(case);
            (finding.status, finding.detail)
        })
    }
}

/// Compares the outcomes of a check with what they should be, case by case.
#[track_caller]
pub(crate) fn table(rule: &Rule, cases: &[(&str, Stage, Status)]) {
    for (what, stage, expected) in cases {
        let (status, detail) = stage.status(rule);
        assert_eq!(status, *expected, "{}: {what}: {detail}", rule.id);
    }
}
