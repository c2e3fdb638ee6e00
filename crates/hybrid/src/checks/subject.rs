//! The on-premises user that is checked: as it is, or as it will be after a restore.

use std::borrow::Cow;
use std::collections::HashSet;

use adrecover_core::security::SecurityDescriptor;
use adrecover_core::time::Timestamp;
use adrecover_core::{Dn, Entry, ObjectGuid, Sid, UserAccountControl};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::rule::Seen;
use crate::evidence::Known;
use crate::scope::ObjectFacts;

/// The attributes that the checks look at, those of the scope aside.
pub const ATTRIBUTES: [&str; 66] = [
    "objectGUID",
    "objectSid",
    "objectClass",
    "cn",
    "name",
    "distinguishedName",
    "isDeleted",
    "isRecycled",
    "uSNChanged",
    "whenChanged",
    "isCriticalSystemObject",
    "sAMAccountName",
    "userPrincipalName",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "targetAddress",
    "displayName",
    "givenName",
    "sn",
    "adminDescription",
    "adminCount",
    "userAccountControl",
    "pwdLastSet",
    "memberOf",
    "primaryGroupID",
    "mS-DS-ConsistencyGuid",
    "legacyExchangeDN",
    "homeMDB",
    "msExchRecipientTypeDetails",
    "msExchRecipientDisplayType",
    "msExchRemoteRecipientType",
    "msExchMailboxGuid",
    "msExchArchiveGuid",
    "msExchMasterAccountSid",
    "userCertificate",
    "department",
    "title",
    "company",
    "manager",
    "physicalDeliveryOfficeName",
    "streetAddress",
    "l",
    "st",
    "postalCode",
    "co",
    "mobile",
    "telephoneNumber",
    "employeeID",
    "preferredLanguage",
    "extensionAttribute1",
    "extensionAttribute2",
    "extensionAttribute3",
    "extensionAttribute4",
    "extensionAttribute5",
    "extensionAttribute6",
    "extensionAttribute7",
    "extensionAttribute8",
    "extensionAttribute9",
    "extensionAttribute10",
    "extensionAttribute11",
    "extensionAttribute12",
    "extensionAttribute13",
    "extensionAttribute14",
    "extensionAttribute15",
    "nTSecurityDescriptor",
];

/// What is known of the rights of the account that the synchronisation engine reads the directory with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnectorAccount {
    /// Its name.
    pub name: String,
    /// It and every group that it is in.
    pub token: Vec<Sid>,
}

/// A user of the directory.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its name, as it will be.
    pub dn: Dn,
    /// Its attributes.
    entry: Entry,
    /// The attributes that were asked for, in lower case.
    asked: HashSet<String>,
    /// The server or the file that it was read from.
    pub source: String,
    /// When.
    pub at: Timestamp,
    /// Whether it is live in the directory, or is to be when the plan has been carried out.
    pub is_live: bool,
    /// Whether it is shown as it will be after a restore.
    pub is_planned: bool,
    /// Whether it was a tombstone, so that attributes are lost, and those that it had are not known.
    pub was_tombstone: bool,
    /// What shows that it is or was privileged; empty when nothing does.
    pub privileged: Known<Vec<String>>,
    /// The security descriptor.
    pub descriptor: Known<SecurityDescriptor>,
    /// The groups that it was a member of before it was deleted and is not any more, by DN.
    pub lost_groups: Known<Vec<Dn>>,
    /// The other domain controllers that were seen to have the object as it is here.
    pub replicated_to: Known<Vec<String>>,
}

impl Subject {
    /// A live object that was read with these attributes asked for.
    pub fn new<S: AsRef<str>>(
        dn: Dn,
        entry: Entry,
        asked: impl IntoIterator<Item = S>,
        source: &str,
        at: Timestamp,
    ) -> Self {
        let asked = asked.into_iter().map(|name| name.as_ref().to_ascii_lowercase()).collect();
        let bytes = entry.value("nTSecurityDescriptor");
        let descriptor = bytes.and_then(|bytes| SecurityDescriptor::from_wire(bytes).ok());
        let is_live = !entry.is_deleted();
        Self {
            dn,
            entry,
            asked,
            source: source.to_owned(),
            at,
            is_live,
            is_planned: false,
            was_tombstone: false,
            privileged: Known::NotAsked,
            descriptor: descriptor.map_or(Known::NotAsked, Known::Value),
            lost_groups: Known::NotAsked,
            replicated_to: Known::NotAsked,
        }
    }

    /// The object that it is.
    pub fn guid(&self) -> Option<ObjectGuid> {
        self.entry.guid()
    }

    /// Its SID.
    pub fn sid(&self) -> Option<Sid> {
        self.entry.sid()
    }

    /// Its attributes, as far as they were read.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// What the scope is decided by.
    pub fn facts(&self) -> ObjectFacts {
        ObjectFacts::of_entry(&self.entry, &self.asked)
    }

    /// Whether the attribute was asked for.
    pub fn was_asked(&self, name: &str) -> bool {
        self.asked.contains(&name.to_ascii_lowercase())
    }

    /// The values of an attribute. One that was not returned counts as absent.
    pub fn octets(&self, name: &str) -> Known<&[Vec<u8>]> {
        match self.entry.values(name) {
            [] if !self.was_asked(name) => Known::NotAsked,
            [] => Known::Absent,
            values => Known::Value(values),
        }
    }

    /// The first value as text.
    pub fn text(&self, name: &str) -> Known<Cow<'_, str>> {
        self.octets(name).map(|values| String::from_utf8_lossy(&values[0]))
    }

    /// All values as text.
    pub fn texts(&self, name: &str) -> Known<Vec<Cow<'_, str>>> {
        self.octets(name).map(|values| values.iter().map(|v| String::from_utf8_lossy(v)).collect())
    }

    /// The first value as a number; not asked for where it is none.
    pub fn number(&self, name: &str) -> Known<i64> {
        self.text(name).read(|text| text.trim().parse().ok())
    }

    /// The first value as a GUID of 16 octets.
    pub fn guid_value(&self, name: &str) -> Known<ObjectGuid> {
        self.octets(name).read(|values| ObjectGuid::from_wire(&values[0]).ok())
    }

    /// `userAccountControl`.
    pub fn uac(&self) -> Known<UserAccountControl> {
        self.text("userAccountControl").read(|text| UserAccountControl::parse(&text))
    }

    /// What a report says of an attribute: all its values, octets as base64.
    pub fn seen(&self, name: &str) -> Seen {
        let shown = |octets: &Vec<u8>| match std::str::from_utf8(octets) {
            Ok(text) if !text.contains('\0') => text.to_owned(),
            _ => STANDARD.encode(octets),
        };
        let values: Vec<String> = match name {
            "objectSid" => self.sid().iter().map(ToString::to_string).collect(),
            "objectGUID" => self.guid().iter().map(ToString::to_string).collect(),
            "distinguishedName" => vec![self.dn.to_string()],
            _ => self.entry.values(name).iter().map(shown).collect(),
        };
        Seen {
            source: self.source.clone(),
            attribute: name.to_owned(),
            value: (!values.is_empty()).then(|| values.join(", ")),
            at: Some(self.at),
        }
    }
}
