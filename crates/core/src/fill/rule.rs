//! Which attributes a source may fill by itself, which only when they are named, and which never.
//!
//! The list holds what describes a person or a thing to people, addresses, and the source anchor. Everything else may
//! decide about rights, logons, programs that run or where secrets go to (`servicePrincipalName`, `msDS-KeyCredentialLink`,
//! `scriptPath`, delegation, …), now or in a schema to come: it is not on the list, so that it has to be named.

use super::LOGON_NAME;
use crate::request::{SetRefusal, may_set};

/// What a source may do with an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Fill it.
    Harmless,
    /// Fill it where somebody has named it (`--fill-attribute`).
    Named,
    /// Nothing; why.
    Never(SetRefusal),
}

/// Describing attributes, mail addressing, the source anchor; in lower case, sorted.
const HARMLESS: [&str; 81] = [
    "assistant",
    "c",
    "co",
    "comment",
    "company",
    "department",
    "departmentnumber",
    "description",
    "displayname",
    "displaynameprintable",
    "division",
    "employeeid",
    "employeenumber",
    "employeetype",
    "extensionattribute1",
    "extensionattribute10",
    "extensionattribute11",
    "extensionattribute12",
    "extensionattribute13",
    "extensionattribute14",
    "extensionattribute15",
    "extensionattribute2",
    "extensionattribute3",
    "extensionattribute4",
    "extensionattribute5",
    "extensionattribute6",
    "extensionattribute7",
    "extensionattribute8",
    "extensionattribute9",
    "facsimiletelephonenumber",
    "generationqualifier",
    "givenname",
    "homephone",
    "homepostaladdress",
    "houseidentifier",
    "info",
    "initials",
    "ipphone",
    "jpegphoto",
    "l",
    "location",
    "mail",
    "mailnickname",
    "managedby",
    "manager",
    "middlename",
    "mobile",
    "ms-ds-consistencyguid",
    "msds-phoneticcompanyname",
    "msds-phoneticdepartment",
    "msds-phoneticdisplayname",
    "msds-phoneticfirstname",
    "msds-phoneticlastname",
    "o",
    "otherfacsimiletelephonenumber",
    "otherhomephone",
    "otheripphone",
    "othermailbox",
    "othermobile",
    "otherpager",
    "othertelephone",
    "pager",
    "personaltitle",
    "physicaldeliveryofficename",
    "postaladdress",
    "postalcode",
    "postofficebox",
    "preferredlanguage",
    "proxyaddresses",
    "roomnumber",
    "secretary",
    "sn",
    "st",
    "street",
    "streetaddress",
    "targetaddress",
    "telephonenumber",
    "thumbnailphoto",
    "title",
    "url",
    "wwwhomepage",
];

/// The rule for an attribute, whatever the case it is written in.
#[must_use]
pub fn rule(attribute: &str) -> Rule {
    if attribute.eq_ignore_ascii_case(LOGON_NAME) {
        return Rule::Harmless;
    }
    if let Err(refusal) = may_set(attribute) {
        return Rule::Never(refusal);
    }
    let name = attribute.to_ascii_lowercase();
    let of_cloud = name.strip_prefix("msds-cloudextensionattribute");
    let is_harmless = HARMLESS.binary_search(&name.as_str()).is_ok()
        || of_cloud.is_some_and(|n| n.parse::<u8>().is_ok_and(|n| (1..=20).contains(&n)));
    if is_harmless { Rule::Harmless } else { Rule::Named }
}

/// Attributes that an account has a value of as soon as it is there again, whatever it had before: a source's value takes the place of
/// that one, where it is named.
const COMES_WITH_A_VALUE: [&str; 5] =
    ["accountExpires", "codePage", "countryCode", "logonHours", "msDS-SupportedEncryptionTypes"];

/// Whether the directory gives an account a value of this attribute by itself.
#[must_use]
pub fn comes_with_a_value(attribute: &str) -> bool {
    COMES_WITH_A_VALUE.iter().any(|name| attribute.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(HARMLESS.is_sorted() && HARMLESS.iter().all(|name| *name == name.to_lowercase()));
    }

    #[test]
    fn what_decides_about_rights_has_to_be_named_and_secrets_are_never_filled() {
        for name in [
            "DisplayName",
            "proxyAddresses",
            "mS-DS-ConsistencyGuid",
            "extensionAttribute15",
            "msDS-cloudExtensionAttribute20",
            "userPrincipalName",
        ] {
            assert_eq!(rule(name), Rule::Harmless, "{name}");
        }
        for name in [
            "scriptPath",
            "profilePath",
            "homeDirectory",
            "servicePrincipalName",
            "dNSHostName",
            "msDS-AllowedToDelegateTo",
            "msDS-AllowedToActOnBehalfOfOtherIdentity",
            "msDS-KeyCredentialLink",
            "altSecurityIdentities",
            "userCertificate",
            "adminCount",
            "adminDescription",
            "gPLink",
            "uidNumber",
            "accountExpires",
            "msExchMailboxGuid",
            "legacyExchangeDN",
            "altRecipient",
            "extensionAttribute16",
            "msDS-cloudExtensionAttribute21",
            "somethingNew",
        ] {
            assert_eq!(rule(name), Rule::Named, "{name}");
        }
        for name in [
            "unicodePwd",
            "msLAPS-Password",
            "sIDHistory",
            "nTSecurityDescriptor",
            "objectSid",
            "member",
            "userAccountControl",
            "sAMAccountName",
            "cn",
            "primaryGroupID",
            "1.2.840.113556.1.4.90",
            "mail;binary",
            "",
        ] {
            assert!(matches!(rule(name), Rule::Never(_)), "{name}");
        }
    }
}
