//! What somebody asks for when restoring: the wishes, before they meet the facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fill::{Conflict, Fill};
use crate::time::Timestamp;
use crate::value::Value;
use crate::{Dn, ObjectGuid};

/// The wishes of one `restore`, the same for all its objects unless a single object is meant. Kept in the plan, so that
/// `apply` can derive the steps again and compare. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreRequest {
    /// The logon name to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upn: Option<UpnWish>,
    /// The container to restore into, instead of the last known parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Dn>,
    /// The new value of the RDN; its type cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_name: Option<String>,
    /// The new `sAMAccountName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sam_account_name: Option<String>,
    /// What the account's state shall be.
    #[serde(default)]
    pub account: AccountWish,
    /// Where the password comes from.
    #[serde(default)]
    pub password: PasswordWish,
    /// Whether the user must change the password at the next logon.
    #[serde(default)]
    pub must_change: bool,
    /// Whether a password is set again on an object that was restored before.
    #[serde(default)]
    pub reset_password: bool,
    /// Attributes to set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<AttributeWish>,
    /// What sources have for each object, the most trusted source first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fills: BTreeMap<ObjectGuid, Vec<Fill>>,
    /// What the sources say of an object besides, for people: why they have nothing for it, say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fill_notes: BTreeMap<ObjectGuid, Vec<String>>,
    /// Where sources contradict each other about the links of an object; those about its attributes follow from
    /// [`Self::fills`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflicts: BTreeMap<ObjectGuid, Vec<Conflict>>,
    /// Attributes that sources may fill although they are not on the list of harmless ones, or although it is not certain
    /// that the value belongs to the object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fill_attributes: Vec<String>,
    /// Groups to add objects to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupWish>,
    /// Links that sources say there were: of the objects to others, and of others to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LinkWish>,
    /// The primary groups that sources say users had, where that is not the usual one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub primary_groups: BTreeMap<ObjectGuid, PrimaryGroupWish>,
    /// Consent to restoring privileged objects and to memberships of protected groups.
    #[serde(default)]
    pub allow_privileged: bool,
    /// Whether a user is kept from being synchronised, by an attribute, until its recovery is complete.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold_sync: bool,
    /// Consent to not having asked the whole forest whether a name is taken.
    #[serde(default)]
    pub allow_unchecked_forest: bool,
}

impl RestoreRequest {
    /// The attributes whose present values decide what is to be done.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        let held = self.hold_sync.then_some(crate::recovery::FILTERING_ATTRIBUTE);
        self.set.iter().map(|wish| wish.attribute.as_str()).chain(held)
    }
}

/// The logon name to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UpnWish {
    /// This very name.
    Value(String),
    /// The account name with this suffix.
    Suffix(String),
}

/// What the account's state shall be after the restore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountWish {
    /// A tombstone comes back disabled, a bin object as it was.
    #[default]
    Default,
    /// Enabled; needs a password where the old one is lost.
    Enable,
    /// Disabled.
    Disable,
}

/// Where the password comes from. The password itself never stands in a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PasswordWish {
    /// Nothing was said: none is set.
    #[default]
    Unsaid,
    /// It is given with the command.
    Given,
    /// One is generated for each object.
    Generate,
    /// None shall be set, said so.
    No,
}

impl PasswordWish {
    /// Whether a password will be set.
    pub fn sets_one(self) -> bool {
        matches!(self, Self::Given | Self::Generate)
    }
}

/// An attribute to set; no values clear it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributeWish {
    /// The attribute's name.
    pub attribute: String,
    /// Its values.
    pub values: Vec<Value>,
}

/// A group that a source says an object was in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupWish {
    /// Whom it is about.
    pub member: MemberKey,
    /// The group's DN as the source has it.
    pub group: Dn,
    /// The source, as the user named it.
    pub source: String,
    /// Of when the source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A link that a source says there was, by the GUIDs of its two ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkWish {
    /// The object that had the attribute.
    pub holder: ObjectGuid,
    /// The forward link attribute.
    pub attribute: String,
    /// What it pointed to.
    pub target: ObjectGuid,
    /// What the source calls the end that is not restored, for people.
    pub name: String,
    /// The source.
    pub source: String,
    /// Of when the source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// The primary group that a source says a user had. It is one of the groups that the request adds the user to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrimaryGroupWish {
    /// The group's DN, as in the wish to be its member.
    pub group: Dn,
    /// The last part of its SID, which `primaryGroupID` is.
    pub rid: u32,
    /// The source.
    pub source: String,
    /// Of when the source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// How a source names an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MemberKey {
    /// By GUID.
    Guid(ObjectGuid),
    /// By account name, compared without case.
    SamAccountName(String),
}

impl MemberKey {
    /// The key in the form in which equal keys are equal: account names are compared without case.
    #[must_use]
    pub fn folded(&self) -> Self {
        match self {
            Self::Guid(guid) => Self::Guid(*guid),
            Self::SamAccountName(name) => Self::SamAccountName(name.to_lowercase()),
        }
    }
}

/// The attributes in which SMTP addresses stand, with what stands before an address.
pub const ADDRESSES: [(&str, &str); 3] =
    [("proxyAddresses", "smtp:"), ("mail", ""), ("targetAddress", "smtp:")];

/// The SMTP addresses among the values of an attribute, in lower case and without `smtp:`.
pub fn smtp_addresses(attribute: &str, values: &[Value]) -> Vec<String> {
    let known = ADDRESSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
    let Some((_, prefix)) = known else { return vec![] };
    let texts = values.iter().filter_map(Value::to_bytes).map(|v| String::from_utf8_lossy(&v).to_lowercase());
    texts.filter_map(|text| text.strip_prefix(prefix).map(str::to_owned)).collect()
}

/// Why an attribute is not set through `--set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetRefusal {
    /// It is a secret: it must not stand in arguments, plans and journals.
    Secret,
    /// There is an option of its own for it.
    HasOption(&'static str),
    /// The directory owns it.
    System,
    /// It is no attribute name: letters, digits and hyphens, beginning with a letter. Object identifiers and options
    /// (`;binary`) could name an attribute under another name.
    NotAName,
}

/// Whether `--set` may name this attribute.
pub fn may_set(attribute: &str) -> Result<(), SetRefusal> {
    let is_name = attribute.starts_with(|c: char| c.is_ascii_alphabetic())
        && attribute.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !is_name {
        return Err(SetRefusal::NotAName);
    }
    const OPTIONS: [(&str, &str); 9] = [
        ("userPrincipalName", "--upn"),
        ("sAMAccountName", "--sam-account-name"),
        ("userAccountControl", "--enable or --disable"),
        ("pwdLastSet", "--must-change"),
        ("member", "--groups-from"),
        ("memberOf", "--groups-from"),
        ("cn", "--new-name"),
        ("name", "--new-name"),
        ("primaryGroupID", "--groups-from; the primary group is changed by hand"),
    ];
    const SYSTEM: [&str; 18] = [
        "nTSecurityDescriptor",
        "lastKnownParent",
        "objectGUID",
        "objectSid",
        "distinguishedName",
        "isDeleted",
        "isRecycled",
        "whenCreated",
        "whenChanged",
        "uSNCreated",
        "uSNChanged",
        "instanceType",
        "objectClass",
        "objectCategory",
        "sAMAccountType",
        "sIDHistory",
        "replPropertyMetaData",
        "msDS-LastKnownRDN",
    ];
    let is = |name: &&str| name.eq_ignore_ascii_case(attribute);
    if crate::secrets::is_secret(attribute) {
        return Err(SetRefusal::Secret);
    }
    if let Some((_, option)) = OPTIONS.iter().find(|(n, _)| is(n)) {
        return Err(SetRefusal::HasOption(option));
    }
    if SYSTEM.iter().any(is) {
        return Err(SetRefusal::System);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_system_attributes_are_not_set() {
        assert_eq!(may_set("UNICODEPWD"), Err(SetRefusal::Secret));
        assert_eq!(may_set("userprincipalname"), Err(SetRefusal::HasOption("--upn")));
        assert_eq!(may_set("1.2.840.113556.1.4.8"), Err(SetRefusal::NotAName));
        assert_eq!(may_set("description;x"), Err(SetRefusal::NotAName));
        assert_eq!(may_set("objectSid"), Err(SetRefusal::System));
        assert_eq!(may_set("displayName"), Ok(()));
    }

    #[test]
    fn account_names_are_compared_without_case() {
        let key = |name: &str| MemberKey::SamAccountName(name.into()).folded();
        assert_eq!(key("usera"), key("UserA"));
    }
}
