//! Which attributes are links: what files without a schema need to know.
//!
//! A source with a schema goes by that (`linkID` of each `attributeSchema`, even for the forward attribute and odd for the
//! back link, [MS-ADTS] 3.1.1.1.6). These are the pairs of the schema of Windows Server 2016 ([MS-ADA1] to [MS-ADA3]), and the
//! usual ones of Exchange.

/// Forward attributes with their back links, in the order of `linkID`; empty where there is none.
const PAIRS: [(&str, &str); 87] = [
    ("member", "memberOf"),
    ("manager", "directReports"),
    ("owner", "ownerBL"),
    ("siteObject", "siteObjectBL"),
    ("nonSecurityMember", "nonSecurityMemberBL"),
    ("queryPolicyObject", "queryPolicyBL"),
    ("privilegeHolder", "isPrivilegeHolder"),
    ("managedBy", "managedObjects"),
    ("hasPartialReplicaNCs", "msDS-IsPartialReplicaFor"),
    ("hasMasterNCs", "masteredBy"),
    ("syncMembership", ""),
    ("serverReference", "serverReferenceBL"),
    ("bridgeheadTransportList", "bridgeheadServerListBL"),
    ("netbootServer", "netbootSCPBL"),
    ("frsComputerReference", "frsComputerReferenceBL"),
    ("fRSMemberReference", "fRSMemberReferenceBL"),
    ("fRSPrimaryMember", ""),
    ("siteLinkList", ""),
    ("siteList", ""),
    ("msCOM-PartitionLink", "msCOM-PartitionSetLink"),
    ("msDS-NC-Replica-Locations", ""),
    ("msFRS-Hub-Member", ""),
    ("msCOM-UserPartitionSetLink", "msCOM-UserLink"),
    ("msDS-SDReferenceDomain", ""),
    ("msDS-HasInstantiatedNCs", ""),
    ("msDS-NonMembers", "msDS-NonMembersBL"),
    ("msDS-MembersForAzRole", "msDS-MembersForAzRoleBL"),
    ("msDS-OperationsForAzTask", "msDS-OperationsForAzTaskBL"),
    ("msDS-TasksForAzTask", "msDS-TasksForAzTaskBL"),
    ("msDS-OperationsForAzRole", "msDS-OperationsForAzRoleBL"),
    ("msDS-TasksForAzRole", "msDS-TasksForAzRoleBL"),
    ("msDS-HasDomainNCs", "msDS-IsDomainFor"),
    ("msSFU30PosixMember", "msSFU30PosixMemberOf"),
    ("msDS-hasMasterNCs", "msDs-masteredBy"),
    ("msDS-ObjectReference", "msDS-ObjectReferenceBL"),
    ("msPKIDPAPIMasterKeys", ""),
    ("msPKIAccountCredentials", ""),
    ("msDFSR-ComputerReference", "msDFSR-ComputerReferenceBL"),
    ("msDFSR-MemberReference", "msDFSR-MemberReferenceBL"),
    ("msDS-KrbTgtLink", "msDS-KrbTgtLinkBl"),
    ("msDS-RevealedUsers", "msDS-RevealedDSAs"),
    ("msDS-hasFullReplicaNCs", "msDS-IsFullReplicaFor"),
    ("msDS-NeverRevealGroup", ""),
    ("msDS-RevealOnDemandGroup", ""),
    ("msDS-AuthenticatedAtDC", "msDS-AuthenticatedToAccountlist"),
    ("msDS-NC-RO-Replica-Locations", "msDS-NC-RO-Replica-Locations-BL"),
    ("msDS-PSOAppliesTo", "msDS-PSOApplied"),
    ("addressBookRoots2", ""),
    ("globalAddressList2", ""),
    ("templateRoots2", ""),
    ("msDS-BridgeHeadServersUsed", ""),
    ("msPKI-CredentialRoamingTokens", ""),
    ("msDS-OIDToGroupLink", "msDS-OIDToGroupLinkBl"),
    ("msDS-HostServiceAccount", "msDS-HostServiceAccountBL"),
    ("msDS-EnabledFeature", "msDS-EnabledFeatureBL"),
    ("msTSPrimaryDesktop", "msTSPrimaryDesktopBL"),
    ("msTSSecondaryDesktops", "msTSSecondaryDesktopBL"),
    ("msDS-ClaimTypeAppliesToClass", ""),
    ("msDS-ClaimSharesPossibleValuesWith", "msDS-ClaimSharesPossibleValuesWithBL"),
    ("msDS-MembersOfResourcePropertyList", "msDS-MembersOfResourcePropertyListBL"),
    ("msTPM-TpmInformationForComputer", "msTPM-TpmInformationForComputerBL"),
    ("msAuthz-MemberRulesInCentralAccessPolicy", "msAuthz-MemberRulesInCentralAccessPolicyBL"),
    ("msDS-PrimaryComputer", "msDS-IsPrimaryComputerFor"),
    ("msDS-ValueTypeReference", "msDS-ValueTypeReferenceBL"),
    ("msDS-IngressClaimsTransformationPolicy", "msDS-TDOIngressBL"),
    ("msDS-EgressClaimsTransformationPolicy", "msDS-TDOEgressBL"),
    ("msDS-AssignedAuthNPolicySilo", "msDS-AssignedAuthNPolicySiloBL"),
    ("msDS-AuthNPolicySiloMembers", "msDS-AuthNPolicySiloMembersBL"),
    ("msDS-UserAuthNPolicy", "msDS-UserAuthNPolicyBL"),
    ("msDS-ComputerAuthNPolicy", "msDS-ComputerAuthNPolicyBL"),
    ("msDS-ServiceAuthNPolicy", "msDS-ServiceAuthNPolicyBL"),
    ("msDS-AssignedAuthNPolicy", "msDS-AssignedAuthNPolicyBL"),
    ("msDS-KeyPrincipal", "msDS-KeyPrincipalBL"),
    ("msDS-KeyCredentialLink", "msDS-KeyCredentialLink-BL"),
    // Exchange.
    ("publicDelegates", "publicDelegatesBL"),
    ("altRecipient", "altRecipientBL"),
    ("homeMTA", "homeMTABL"),
    ("homeMDB", "homeMDBBL"),
    ("authOrig", "authOrigBL"),
    ("unauthOrig", "unauthOrigBL"),
    ("dLMemSubmitPerms", "dLMemSubmitPermsBL"),
    ("dLMemRejectPerms", "dLMemRejectPermsBL"),
    ("msExchCoManagedByLink", "msExchCoManagedObjectsBL"),
    ("msExchDelegateListLink", "msExchDelegateListBL"),
    ("msExchModeratedByLink", "msExchModeratedObjectsBL"),
    ("msExchBypassModerationLink", "msExchBypassModerationBL"),
    ("msExchArchiveDatabaseLink", "msExchArchiveDatabaseLinkBL"),
];

/// The forward attribute of a back link: `member` of `memberOf`.
#[must_use]
pub fn forward_of(back_link: &str) -> Option<&'static str> {
    PAIRS
        .iter()
        .find(|(_, back)| back.eq_ignore_ascii_case(back_link) && !back.is_empty())
        .map(|(name, _)| *name)
}

/// The back link of a forward attribute: `memberOf` of `member`. `None` also for an attribute that has none.
#[must_use]
pub fn backward_of(forward: &str) -> Option<&'static str> {
    let pair = PAIRS.iter().find(|(name, _)| name.eq_ignore_ascii_case(forward))?;
    Some(pair.1).filter(|back| !back.is_empty())
}

/// Whether an attribute is a forward link.
#[must_use]
pub fn is_link(attribute: &str) -> bool {
    PAIRS.iter().any(|(name, _)| name.eq_ignore_ascii_case(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_from_both_ends() {
        assert_eq!((forward_of("MEMBEROF"), backward_of("member")), (Some("member"), Some("memberOf")));
        assert_eq!((forward_of(""), forward_of("member"), backward_of("syncMembership")), (None, None, None));
        assert!(is_link("Manager") && !is_link("directReports") && !is_link("distinguishedName"));
    }
}
