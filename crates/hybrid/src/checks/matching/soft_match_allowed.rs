//! `match.softMatchAllowed`.

use crate::checks::anchor::{Relation, relation, undecided};
use crate::checks::case::Case;
use crate::checks::looked::of_feature;
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::compare::same;
use crate::evidence::{Known, SyncFeature, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "match.softMatchAllowed",
    title: "where only a soft match can find the cloud object, it is allowed and finds it",
    severity: Severity::Block,
    needs: Needs::Cloud,
    why: "Without a common source anchor the user is matched by the primary SMTP address, and by the UPN where that finds \
          nothing. A further address never matches. It takes a live cloud user without an anchor, and a tenant that does not \
          block it. Otherwise the user becomes a second cloud user, or the export ends with InvalidSoftMatch.",
    evidence: "onPremisesImmutableId, proxyAddresses and UPN of the cloud user and whether it is live; proxyAddresses and UPN of \
               the user; blockSoftMatchEnabled and softMatchOnUpnEnabled of the tenant",
    fix: "give the cloud user the anchor, so that it is a hard match: Update-MgUser -UserId ID -OnPremisesImmutableId ANCHOR; or \
          switch blockSoftMatchEnabled off for the one synchronisation",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-existing-tenant (soft match); KB 3164442; \
             learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-syncservice-features (BlockSoftMatch, \
             SoftMatchOnUpn)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let seen = [case.saw_cloud(user, UserField::OnPremisesImmutableId)];
    let finding = match relation(case, user) {
        Relation::NotExported => Finding::unknown("the export of users does not hold onPremisesImmutableId"),
        Relation::Equal(_) => {
            Finding::not_applicable("the source anchor finds the cloud user: a soft match is not needed")
        }
        Relation::NotRead => Finding::unknown("the source anchor of the user was not read"),
        Relation::Undecided(theirs) => Finding::unknown(undecided(case, theirs)),
        Relation::Different(theirs) | Relation::NoneHere(theirs) => {
            let detail =
                format!("the cloud user has another source anchor, `{theirs}`: it takes no soft match");
            match case.doubt() {
                Some(doubt) => Finding::fail(format!("{detail}; {doubt}")).fix(
                    "if it is the same person, give this user the anchor of the cloud user (match.sourceAnchor); if not, give this \
                     user addresses of its own (upn.unique, mail.addressUnique)",
                ),
                None => Finding::fail(detail)
                    .fix("give this user the anchor of the cloud user (match.sourceAnchor)"),
            }
        }
        Relation::NoneInCloud => soft(case, user),
    };
    finding.saw(seen)
}

fn soft(case: &Case<'_>, user: User<'_>) -> Finding {
    let way_out = || {
        let id = user.id().value().map_or_else(|| "ID".to_owned(), |id| id.to_string());
        let doubt = case.doubt().map_or_else(String::new, |doubt| format!("{doubt}; then "));
        match case.anchor.as_ref() {
            Known::Value(anchor) => format!(
                "{doubt}give the cloud user the anchor, so that it is a hard match: Update-MgUser -UserId {id} -OnPremisesImmutableId \
                 '{anchor}'"
            ),
            _ => RULE.fix.to_owned(),
        }
    };
    if user.is_deleted() {
        let detail = "the cloud user is in the bin and has no source anchor: nothing matches it there, and this user would become \
                      a second one";
        let id = user.id().value().map_or_else(|| "ID".to_owned(), |id| id.to_string());
        let fix = format!(
            "put this user into scope only after the cloud user is restored: Restore-MgDirectoryDeletedItem -DirectoryObjectId \
             {id}; {}",
            way_out()
        );
        return Finding::fail(detail).fix(fix);
    }
    let allowed = match case.feature(SyncFeature::BlockSoftMatch) {
        Known::Value(true) => {
            Finding::fail("the tenant blocks soft matches (blockSoftMatchEnabled)").fix(way_out())
        }
        Known::Value(false) | Known::Absent => Finding::pass(),
        Known::NotAsked => unknown_features(),
    };
    let allowed = allowed.saw(of_feature(case, SyncFeature::BlockSoftMatch));
    let finds = finds(case, user);
    let finds = if finds.status == crate::checks::rule::Status::Fail { finds.fix(way_out()) } else { finds };
    Finding::all([allowed, finds])
}

/// Whether the addresses find it.
fn finds(case: &Case<'_>, user: User<'_>) -> Finding {
    let seen = [
        case.saw("proxyAddresses"),
        case.saw_cloud(user, UserField::ProxyAddresses),
        case.saw_cloud(user, UserField::UserPrincipalName),
    ];
    let (own, theirs) = (case.primary_smtps(), user.primary_smtp());
    if let (Known::Value(own), Known::Value(theirs)) = (&own, &theirs)
        && own.iter().any(|address| theirs.iter().any(|other| same(address, other)))
    {
        return Finding::fine("the primary SMTP address finds it").saw(seen);
    }
    let by_address_is_open = own == Known::NotAsked || theirs == Known::NotAsked;
    let by_upn = match (case.synchronised_upn(), user.upn()) {
        (Known::Value(own), Known::Value(theirs)) => Some(same(&own, theirs)),
        (Known::NotAsked, _) | (_, Known::NotAsked) => None,
        _ => Some(false),
    };
    let finding = match (by_upn, case.feature(SyncFeature::SoftMatchOnUpn)) {
        (Some(true), Known::Value(true)) => Finding::fine("the UPN finds it"),
        (Some(true), Known::NotAsked) => unknown_features(),
        (Some(true), _) if !by_address_is_open => Finding::fail(
            "only the UPN is the same, and the tenant does not match by it (softMatchOnUpnEnabled)",
        ),
        (Some(false), _) if !by_address_is_open => Finding::fail(
            "neither the primary SMTP address nor the UPN is that of the cloud user: nothing finds it, and this user would become \
             a second one",
        ),
        _ => Finding::unknown("the primary SMTP address or the UPN is not known on both sides"),
    };
    finding.saw(seen).saw(of_feature(case, SyncFeature::SoftMatchOnUpn))
}

fn unknown_features() -> Finding {
    let detail = "the features of the synchronisation in the tenant are not known: export /directory/onPremisesSynchronization";
    Finding::unknown(detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{ANCHOR, Stage, table};

    fn cloud(changes: serde_json::Value, blocks: bool, on_upn: bool) -> Stage {
        let mut all = json!({"onPremisesImmutableId": null, "onPremisesSyncEnabled": null});
        for (name, value) in changes.as_object().unwrap() {
            all[name] = value.clone();
        }
        let features = json!({"id": "x", "configuration": {}, "features": {"blockSoftMatchEnabled": blocks, "softMatchOnUpnEnabled": on_upn}});
        let user = user(all);
        let lists = if user.contains("2026-11-20") { ["", user.as_str()] } else { [user.as_str(), ""] };
        collected(
            Stage::new(),
            &[("users", lists[0]), ("deletedUsers", lists[1]), ("syncFeatures", &features.to_string())],
        )
    }

    #[test]
    fn cases() {
        let other = || json!({"proxyAddresses": ["SMTP:other@contoso.com", "smtp:anna@contoso.com"]});
        let none = || json!({"onPremisesImmutableId": null});
        let stranger = json!({"onPremisesImmutableId": "AAAAAAAAAAAAAAAAAAAAAA=="});
        table(&RULE, &[
            ("a hard match", cloud(json!({"onPremisesImmutableId": ANCHOR}), true, false), Status::NotApplicable),
            ("another anchor", cloud(stranger, false, true), Status::Fail),
            ("which of the two anchors is taken", cloud(json!({"onPremisesImmutableId": ANCHOR}), false, true).octets("mS-DS-ConsistencyGuid", &[7; 16]), Status::Unknown),
            ("the anchor was not read", cloud(json!({"onPremisesImmutableId": ANCHOR}), false, true).not_asked("mS-DS-ConsistencyGuid"), Status::Unknown),
            ("by the address", cloud(json!({}), false, false), Status::Pass),
            ("blocked", cloud(json!({}), true, true), Status::Fail),
            ("by the UPN", cloud(other(), false, true), Status::Pass),
            ("by the UPN, not allowed", cloud(other(), false, false), Status::Fail),
            ("neither", cloud(json!({"proxyAddresses": ["SMTP:other@contoso.com"], "userPrincipalName": "o@contoso.com", "onPremisesSecurityIdentifier": "S-1-5-21-1-2-3-1104"}), false, true).octets("objectSid", &sid()), Status::Fail),
            ("in the bin", cloud(json!({"deletedDateTime": "2026-11-20T10:00:00Z"}), false, true), Status::Fail),
            ("addresses are not exported", cloud(json!({"proxyAddresses": "-"}), false, false), Status::Unknown),
            ("features are not exported", with_user(Stage::new(), none()), Status::Unknown),
            ("the anchor is not exported", with_user(Stage::new(), json!({"onPremisesImmutableId": "-"})), Status::Unknown),
            ("no cloud user", collected(Stage::new(), &[("users", ""), ("deletedUsers", "")]), Status::NotApplicable),
            ("no export", Stage::new(), Status::Unknown),
            ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
        ]);
    }

    /// `S-1-5-21-1-2-3-1104`.
    fn sid() -> Vec<u8> {
        let mut octets = vec![1, 5, 0, 0, 0, 0, 0, 5];
        for part in [21u32, 1, 2, 3, 1104] {
            octets.extend(part.to_le_bytes());
        }
        octets
    }
}
