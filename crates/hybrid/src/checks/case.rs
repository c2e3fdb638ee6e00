//! What a check is given: the user, the forest, the configuration of the engine, and what the cloud holds of this user.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, ObjectGuid};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::anchor;
use super::engine::EngineFindings;
use super::forest::Forest;
use super::observed::Observed;
use super::rule::{Finding, Seen};
use super::subject::{ConnectorAccount, Subject};
use crate::compare::same;
use crate::evidence::{
    Evidence, Known, Mailbox, MailboxField, MailboxState, Matches, SyncFeature, User, UserField, Users,
};
use crate::scope::model::{Connector, SettingName};
use crate::scope::{Evaluator, ObjectFacts, SyncScope};

/// The configuration of the engine, made ready.
#[derive(Debug)]
pub struct Sync<'a> {
    /// The configuration.
    pub scope: &'a SyncScope,
    /// Answers for names and objects.
    pub evaluator: Evaluator<'a>,
    /// The attributes that it decides by.
    pub attributes: Vec<String>,
    /// The containers that it lists and the directory does not have: renamed or moved ones. Not asked where nobody looked.
    pub missing: Known<Vec<Dn>>,
}

impl<'a> Sync<'a> {
    /// Over a configuration.
    pub fn new(scope: &'a SyncScope) -> Self {
        let evaluator = Evaluator::new(scope);
        let attributes = evaluator.attributes();
        Self { scope, evaluator, attributes, missing: Known::NotAsked }
    }
}

/// What all users of one run have in common.
#[derive(Debug)]
pub struct Setting<'a> {
    /// The names and addresses of the forest.
    pub forest: &'a Forest,
    /// The configuration of the synchronisation engine, where it was given.
    pub sync: Option<&'a Sync<'a>>,
    /// What the cloud and the engine's own commands say, where that was given.
    pub evidence: Option<&'a Evidence>,
    /// The account that the engine reads the directory with, where it could be looked up.
    pub connector_account: Option<&'a ConnectorAccount>,
    /// The containers that live cloud users are synchronised from: found out once a run.
    pub observed: Observed,
    /// What was found out about the engine: once a run too.
    pub engine: EngineFindings,
    /// The groups of the directory that give licences in the cloud, by their SID: `S-1-5-21-…`. Not asked where nobody looked.
    pub licensed_groups: Known<HashMap<String, Dn>>,
    /// The attributes of [`ATTRIBUTES`](super::ATTRIBUTES) that the schema of the forest does not have. Not asked where nobody looked.
    pub schema_lacks: Known<Vec<String>>,
    /// Whether only what the directory tells is asked.
    pub on_prem_only: bool,
    /// The time of the run.
    pub now: Timestamp,
}

/// How a user's cloud object was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// By the source anchor: a hard match.
    Anchor,
    /// By the object identifier that the cloud keeps besides.
    ObjectIdentifier,
    /// By the SID.
    Sid,
    /// By its former name in the directory.
    DistinguishedName,
    /// By the primary SMTP address: a soft match.
    PrimarySmtp,
    /// By the UPN: a soft match, where the tenant allows it.
    Upn,
}

impl Found {
    /// In words.
    pub fn by(self) -> &'static str {
        match self {
            Self::Anchor => "the source anchor",
            Self::ObjectIdentifier => "onPremisesObjectIdentifier",
            Self::Sid => "the SID",
            Self::DistinguishedName => "the distinguished name",
            Self::PrimarySmtp => "the primary SMTP address",
            Self::Upn => "the UPN",
        }
    }
}

/// The cloud object that this user has, as far as the exports tell.
#[derive(Debug, Clone)]
pub enum CloudObject<'a> {
    /// No export was given.
    NoEvidence,
    /// This one.
    One(User<'a>, Found),
    /// There is none, and all there is was looked at.
    None,
    /// None was found, and there may be one all the same; why.
    Unknown(String),
}

/// A user and everything that is known around it.
#[derive(Debug)]
pub struct Case<'a> {
    /// The user.
    pub subject: &'a Subject,
    /// What all have in common.
    pub setting: &'a Setting<'a>,
    /// The exports that may be asked: none where only the directory is.
    pub evidence: Option<&'a Evidence>,
    /// The configuration of the engine, where that may be asked.
    pub sync: Option<&'a Sync<'a>>,
    /// The source anchor that the engine computes: base64 of 16 octets.
    pub anchor: Known<String>,
    /// Its cloud object.
    pub cloud: CloudObject<'a>,
    facts: OnceCell<ObjectFacts>,
    mailboxes: OnceCell<Option<Matches<'a, Mailbox<'a>>>>,
}

impl<'a> Case<'a> {
    /// Finds out what a user's cloud object is.
    pub fn new(subject: &'a Subject, setting: &'a Setting<'a>) -> Self {
        let mut case = Self {
            subject,
            setting,
            evidence: setting.evidence.filter(|_| !setting.on_prem_only),
            sync: setting.sync.filter(|_| !setting.on_prem_only),
            anchor: Known::NotAsked,
            cloud: CloudObject::NoEvidence,
            facts: OnceCell::new(),
            mailboxes: OnceCell::new(),
        };
        case.anchor = anchor::computed(&case);
        if let Some(evidence) = case.evidence {
            case.cloud = case.find(evidence);
        }
        case
    }

    /// The cloud object, if there is one.
    pub fn cloud_user(&self) -> Option<User<'a>> {
        match self.cloud {
            CloudObject::One(user, _) => Some(user),
            _ => None,
        }
    }

    /// The cloud object; else what a check that needs it says: nothing to compare with, or not known.
    pub fn need_cloud_user(&self) -> Result<User<'a>, Finding> {
        match &self.cloud {
            CloudObject::One(user, _) => Ok(*user),
            CloudObject::NoEvidence => Err(self.no_cloud()),
            CloudObject::None => Err(Finding::not_applicable("there is no cloud object to compare with")),
            CloudObject::Unknown(why) => Err(Finding::unknown(why.clone())),
        }
    }

    /// The exports; else what a check that needs them says.
    pub fn need_evidence(&self) -> Result<&'a Evidence, Finding> {
        self.evidence.ok_or_else(|| self.no_cloud())
    }

    /// The configuration of the engine; else what a check that needs it says.
    pub fn need_sync(&self) -> Result<&'a Sync<'a>, Finding> {
        self.sync.ok_or_else(|| {
            if self.setting.on_prem_only {
                Finding::not_applicable("not asked for (--on-prem-only)")
            } else {
                Finding::unknown(
                    "the configuration of the synchronisation is not known: give it with --sync-config PATH",
                )
            }
        })
    }

    /// What a check says where no export of the cloud was given.
    pub fn no_cloud(&self) -> Finding {
        if self.setting.on_prem_only {
            Finding::not_applicable("not asked for (--on-prem-only)")
        } else {
            Finding::unknown(
                "no export of the cloud was given: --cloud PATH, or --evidence FOLDER (`adrecover preflight --collector` writes \
                 the script that makes it)",
            )
        }
    }

    /// The mailboxes of the cloud object and of the account's addresses. Mind the gaps before concluding that there is none.
    ///
    /// Live mailboxes of other cloud users are not among them. `None` where there is nothing to look for one by.
    pub fn mailboxes(&self) -> Option<Matches<'a, Mailbox<'a>>> {
        self.mailboxes.get_or_init(|| self.find_mailboxes()).clone()
    }

    fn find_mailboxes(&self) -> Option<Matches<'a, Mailbox<'a>>> {
        let all = self.evidence?.mailboxes();
        let id = self.cloud_user().and_then(|user| user.id().value());
        let is_others = |mailbox: &Mailbox<'a>| {
            let owner = mailbox.external_directory_object_id().value();
            mailbox.state() == Known::Value(MailboxState::Live)
                && id.is_some()
                && owner.is_some()
                && owner != id
        };
        let guid = self.subject.guid_value("msExchMailboxGuid").value();
        let address = self.primary_smtps().value().and_then(|all| all.into_iter().next());
        let address = address.or_else(|| {
            let of_cloud = self.cloud_user()?.primary_smtp().value()?;
            of_cloud.first().map(|text| (*text).to_owned())
        });
        let mut last = None;
        for by in [0, 1, 2] {
            let matches = match by {
                0 => id.map(|id| all.by_external_directory_object_id(id)),
                1 => guid.map(|guid| all.by_exchange_guid(uuid::Uuid::from_bytes_le(guid.to_wire()))),
                _ => address.as_ref().map(|address| all.by_primary_smtp(address)),
            };
            let Some(mut matches) = matches else { continue };
            matches.found.retain(|mailbox| !is_others(mailbox));
            if !matches.found.is_empty() {
                return Some(matches);
            }
            last = Some(matches);
        }
        last
    }

    /// The primary SMTP addresses of `proxyAddresses` (`SMTP:` in capitals), without their type.
    pub fn primary_smtps(&self) -> Known<Vec<String>> {
        let all = self.subject.texts("proxyAddresses");
        all.map(|all| all.iter().filter_map(|a| a.strip_prefix("SMTP:")).map(str::to_owned).collect())
    }

    /// The attribute that the engine takes the UPN from, and the setting that says so.
    pub fn upn_attribute(&self) -> (String, Option<Seen>) {
        match self.sync_setting(SettingName::UpnAttribute) {
            Some((value, seen)) => (value, Some(seen)),
            None => ("userPrincipalName".to_owned(), None),
        }
    }

    /// The UPN as the engine computes it: that attribute, else the account name at the domain's DNS name.
    pub fn synchronised_upn(&self) -> Known<String> {
        match self.subject.text(&self.upn_attribute().0) {
            Known::Value(upn) => Known::Value(upn.into_owned()),
            Known::NotAsked => Known::NotAsked,
            Known::Absent => {
                let domain = self.subject.dn.dns_name();
                self.subject.text("sAMAccountName").map(|name| format!("{name}@{domain}"))
            }
        }
    }

    /// A setting of the engine: of its configuration, else of its own commands.
    pub fn sync_setting(&self, name: SettingName) -> Option<(String, Seen)> {
        if let Some(setting) = self.sync.and_then(|sync| sync.scope.setting(name).next()) {
            let seen = Seen {
                source: setting.at.name(),
                attribute: name.name().to_owned(),
                value: Some(setting.value.clone()),
                at: None,
            };
            return Some((setting.value.clone(), seen));
        }
        let value = self.evidence?.global_setting(name.name()).value()?.to_owned();
        let seen = Seen {
            source: "Get-ADSyncGlobalSettings".to_owned(),
            attribute: name.name().to_owned(),
            value: Some(value.clone()),
            at: None,
        };
        Some((value, seen))
    }

    /// A feature of the synchronisation in the tenant.
    pub fn feature(&self, feature: SyncFeature) -> Known<bool> {
        let features = self.evidence.and_then(|evidence| evidence.sync_features());
        features.map_or(Known::NotAsked, |features| features.is_on(feature))
    }

    /// What the scope is decided by.
    pub fn facts(&self) -> &ObjectFacts {
        self.facts.get_or_init(|| {
            let by_default = crate::scope::ATTRIBUTES.into_iter();
            let names: Vec<&str> = match self.sync {
                Some(sync) => sync.attributes.iter().map(String::as_str).collect(),
                None => by_default.collect(),
            };
            let is_read = |name: &&str| self.subject.was_asked(name) || self.subject.entry().has(name);
            ObjectFacts::of_entry(self.subject.entry(), names.into_iter().filter(is_read))
        })
    }

    /// The connectors that the user lies in.
    pub fn connectors(&self) -> Vec<&'a Connector> {
        let Some(sync) = self.sync else { return vec![] };
        sync.evaluator.locate(&self.subject.dn).into_iter().map(|located| located.connector).collect()
    }

    /// Whether the user has to do with mail: it has addresses or a recipient type here, or a mailbox or a primary address in the
    /// cloud. Not asked where none of that was read, and for what was a tombstone, which has lost most of it, where nothing is
    /// known of the cloud.
    pub fn is_mail_user(&self) -> Known<bool> {
        let here = [
            "mailNickname",
            "proxyAddresses",
            "mail",
            "msExchRecipientTypeDetails",
            "targetAddress",
            "homeMDB",
            // A tombstone keeps it.
            "legacyExchangeDN",
        ];
        if here.iter().any(|name| matches!(self.subject.octets(name), Known::Value(_))) {
            return Known::Value(true);
        }
        let has_address =
            |user: User<'_>| user.proxy_addresses().value().is_some_and(|mut all| all.next().is_some());
        if self.cloud_user().is_some_and(has_address) || self.mailboxes().is_some_and(|m| !m.found.is_empty())
        {
            return Known::Value(true);
        }
        let is_dark = matches!(self.cloud, CloudObject::NoEvidence | CloudObject::Unknown(_));
        let may_be_lost = self.subject.was_tombstone && is_dark && !self.setting.on_prem_only;
        if may_be_lost || here.iter().any(|name| self.subject.octets(name) == Known::NotAsked) {
            return Known::NotAsked;
        }
        Known::Value(false)
    }

    /// What a report says of an attribute of the user.
    pub fn saw(&self, attribute: &str) -> Seen {
        self.subject.seen(attribute)
    }

    /// What it says of a property of a cloud user.
    pub fn saw_cloud(&self, user: User<'_>, field: UserField) -> Seen {
        let value = match field {
            UserField::UserPrincipalName => user.upn().value().map(str::to_owned),
            _ => user
                .text(field)
                .value()
                .map(str::to_owned)
                .or_else(|| user.list(field).value().map(|all| all.collect::<Vec<_>>().join(", "))),
        };
        let file = user.sources().next();
        Seen {
            source: file.map_or_else(|| "cloud".to_owned(), |file| name_of(&file.path)),
            attribute: field.name().to_owned(),
            value: value.filter(|value| !value.is_empty()),
            at: file.map(|file| file.at),
        }
    }

    /// What it says of a property of a mailbox.
    pub fn saw_mailbox(&self, mailbox: Mailbox<'_>, field: MailboxField) -> Seen {
        let file = mailbox.sources().next();
        let value = match field {
            MailboxField::PrimarySmtpAddress => mailbox.primary_smtp().value().map(str::to_owned),
            _ => mailbox.text(field).value().map(str::to_owned),
        };
        Seen {
            source: file.map_or_else(|| "mailboxes".to_owned(), |file| name_of(&file.path)),
            attribute: field.name().to_owned(),
            value,
            at: file.map(|file| file.at),
        }
    }

    /// Live users first: what is in the bin counts only where nobody live is found.
    fn find(&self, evidence: &'a Evidence) -> CloudObject<'a> {
        let mut gaps: Vec<String> = vec![];
        let lists = [evidence.users(), evidence.deleted_users()];
        for by in [
            Found::Anchor,
            Found::ObjectIdentifier,
            Found::Sid,
            Found::DistinguishedName,
            Found::PrimarySmtp,
            Found::Upn,
        ] {
            for users in &lists {
                let Some(matches) = self.matches(by, users) else { continue };
                if let Some(user) = matches.first() {
                    return CloudObject::One(user, by);
                }
                // What the cloud does not tell of everybody is no gap as long as the anchor and the addresses are there.
                if matches!(by, Found::Anchor | Found::PrimarySmtp | Found::Upn) {
                    gaps.extend(matches.gaps.iter().map(ToString::to_string));
                }
            }
        }
        gaps.sort();
        gaps.dedup();
        if gaps.is_empty() { CloudObject::None } else { CloudObject::Unknown(gaps.join("; ")) }
    }

    /// The cloud users of one list that are this one by one property; `None` where the user does not have that. Most are found by the
    /// anchor: what the others take is not made before.
    pub(crate) fn matches(&self, by: Found, users: &Users<'a>) -> Option<Matches<'a, User<'a>>> {
        let smtp = || self.primary_smtps().value().and_then(|all| all.into_iter().next());
        let mut matches = match by {
            Found::Anchor => users.by_immutable_id(self.anchor.as_ref().value()?),
            Found::ObjectIdentifier => by_object_identifier(users, self.subject.guid()?),
            Found::Sid => users.by_sid(&self.subject.sid()?.to_string()),
            Found::DistinguishedName => users.by_dn(&self.subject.dn.to_string()),
            Found::PrimarySmtp => users.by_primary_smtp(&smtp()?),
            Found::Upn => users.by_upn(&self.synchronised_upn().value()?),
        };
        // A name or an address may be held by somebody else by now.
        if matches!(by, Found::DistinguishedName | Found::PrimarySmtp | Found::Upn) {
            matches.found.retain(|user| !self.has_other_sid(*user));
        }
        Some(matches)
    }

    /// What says that the cloud object may be somebody else's: it was found by an address or a name only, and no SID shows that it
    /// is of this user.
    pub fn doubt(&self) -> Option<String> {
        let CloudObject::One(user, by @ (Found::PrimarySmtp | Found::Upn)) = &self.cloud else { return None };
        let theirs = user.text(UserField::OnPremisesSecurityIdentifier);
        if self.subject.sid().is_some() && matches!(theirs, Known::Value(_)) {
            return None;
        }
        Some(format!(
            "it was found by {} only, and no SID shows whose it is: make sure first that both are the same person",
            by.by()
        ))
    }

    /// Whether a cloud user was synchronised from another object, which may have had the same name.
    pub(crate) fn has_other_sid(&self, user: User<'_>) -> bool {
        match (self.subject.sid(), user.text(UserField::OnPremisesSecurityIdentifier)) {
            (Some(own), Known::Value(theirs)) => !same(&own.to_string(), theirs.trim()),
            _ => false,
        }
    }
}

/// How the property is written is not documented: as base64 of its octets, or as a GUID.
fn by_object_identifier<'a>(users: &Users<'a>, guid: ObjectGuid) -> Matches<'a, User<'a>> {
    let coded = users.by_on_premises_object_identifier(&STANDARD.encode(guid.to_wire()));
    if coded.found.is_empty() { users.by_on_premises_object_identifier(&guid.to_string()) } else { coded }
}

/// A file's name without its folder; of what was asked of a server, the server.
pub(crate) fn name_of(path: &std::path::Path) -> String {
    if path.starts_with("https:") {
        let host = path.components().nth(1).map(|part| part.as_os_str().to_string_lossy().into_owned());
        return host.unwrap_or_default();
    }
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The part of a UPN or an address behind the last `@`.
pub(crate) fn suffix(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, suffix)| suffix).filter(|suffix| !suffix.is_empty())
}

/// Text for a report that says so where there is none.
pub(super) fn shown(value: Option<&str>) -> Cow<'_, str> {
    value.map_or(Cow::Borrowed("(none)"), |text| Cow::Owned(format!("`{text}`")))
}
