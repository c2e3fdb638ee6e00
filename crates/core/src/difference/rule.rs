//! Which attributes are compared.

use crate::rollback::{Way, way};
use crate::source::{forward_of, is_link};

/// Attributes that matter though nobody can write them back.
const TOO: [&str; 2] = ["primaryGroupID", "sIDHistory"];

/// What a server calculates when it is asked, and what it writes by itself on heads of domains, domain controllers and in DNS.
const CALCULATED: [&str; 44] = [
    "allowedAttributes",
    "allowedAttributesEffective",
    "allowedChildClasses",
    "allowedChildClassesEffective",
    "canonicalName",
    "createTimeStamp",
    "creationTime",
    "dNSTombstoned",
    "dSASignature",
    "fromEntry",
    "modifiedCount",
    "modifiedCountAtLastProm",
    "modifyTimeStamp",
    "msDS-Approx-Immed-Subordinates",
    "msDS-KeyVersionNumber",
    "msDS-NCReplCursors",
    "msDS-NCReplInboundNeighbors",
    "msDS-NCReplOutboundNeighbors",
    "msDS-ParentDistName",
    "msDS-PrincipalName",
    "msDS-ReplAttributeMetaData",
    "msDS-ReplValueMetaData",
    "msDS-ReplValueMetaDataExt",
    "msDS-ResultantPSO",
    "msDS-SiteName",
    "msDS-User-Account-Control-Computed",
    "msDS-UserPasswordExpiryTimeComputed",
    "nextRid",
    "parentGUID",
    "possibleInferiors",
    "primaryGroupToken",
    "rIDAllocationPool",
    "rIDAvailablePool",
    "rIDNextRID",
    "rIDPreviousAllocationPool",
    "rIDUsedPool",
    "sDRightsEffective",
    "structuralObjectClass",
    "subRefs",
    "subSchemaSubEntry",
    "tokenGroups",
    "tokenGroupsGlobalAndUniversal",
    "tokenGroupsNoGCAcceptable",
    "uSNDSALastObjRemoved",
];

/// Whether an attribute is compared, whatever the case it is written in.
///
/// Left out are what the directory writes by itself ([`way`]), what it calculates, names (they are told as renames and moves), links
/// (they are compared by their ends), secrets, and access lists, of which sources give different parts.
#[must_use]
pub fn matters(attribute: &str) -> bool {
    let is = |name: &&str| name.eq_ignore_ascii_case(attribute);
    if TOO.iter().any(is) {
        return true;
    }
    matches!(way(attribute), Way::Harmless | Way::Named)
        && !CALCULATED.iter().any(is)
        && !is_link(attribute)
        && forward_of(attribute).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_or_programs_set_matters() {
        for name in [
            "description",
            "MAIL",
            "userAccountControl",
            "scriptPath",
            "sIDHistory",
            "primaryGroupID",
            "gPLink",
        ] {
            assert!(matters(name), "{name}");
        }
        for name in [
            "unicodePwd",
            "whenChanged",
            "lastLogonTimestamp",
            "name",
            "cn",
            "memberOf",
            "member",
            "manager",
            "canonicalName",
            "nTSecurityDescriptor",
            "msLAPS-Password",
        ] {
            assert!(!matters(name), "{name}");
        }
    }
}
