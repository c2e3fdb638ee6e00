//! `cloud.licence`.

use crate::checks::case::{Case, shown};
use crate::checks::looked::{gaps, of_files};
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::{Dataset, Evidence, Known, LicenceState, Sku, User, UserField};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "cloud.licence",
    title: "there is a seat for each licence of the user, and a usage location",
    severity: Severity::Warn,
    needs: Needs::Cloud,
    why: "A mailbox without a licence is taken away after 30 days. A user who comes back from the bin needs a free seat for each \
          licence that it had; without a usage location no licence can be given.",
    evidence: "assignedLicenses, licenseAssignmentStates and usageLocation of the cloud user; the seats of the tenant",
    fix: "set the usage location (Update-MgUser -UserId ID -UsageLocation COUNTRY), then the licence: Set-MgUserLicense -UserId ID \
          -AddLicenses @{SkuId='SKU'} -RemoveLicenses @()",
    source: "learn.microsoft.com/graph/api/user-assignlicense; \
             learn.microsoft.com/exchange/recipients-in-exchange-online/delete-or-restore-mailboxes; \
             learn.microsoft.com/entra/fundamentals/licensing-groups-resolve-problems",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let user = match case.need_cloud_user() {
        Ok(user) => user,
        Err(finding) => return finding,
    };
    let Ok(evidence) = case.need_evidence() else { return case.no_cloud() };
    let licences = match user.licences() {
        Known::Value(all) => all.iter().map(|licence| licence.sku_id.to_owned()).collect(),
        Known::Absent => vec![],
        Known::NotAsked => return Finding::unknown("the export of users does not hold assignedLicenses"),
    };
    let value = (!licences.is_empty()).then(|| names(evidence, &licences));
    let seen = [of_files(user.sources(), UserField::AssignedLicenses.name(), value)];
    if licences.is_empty() {
        return none(case, evidence, user).saw(seen);
    }
    let seats = if user.is_deleted() { seats(evidence, &licences) } else { Finding::pass() };
    Finding::all([seats, errors(evidence, user), location(case, user)]).saw(seen)
}

/// Whether the licences that a deleted user had can be given again: its seats are free for others.
fn seats(evidence: &Evidence, licences: &[String]) -> Finding {
    Finding::all(licences.iter().map(|id| {
        let Some(sku) = evidence.sku(id) else {
            let why = gaps(&evidence.coverage(Dataset::SubscribedSkus));
            return why.map_or_else(
                || Finding::fail(format!("the tenant does not have the product {id} of the user any more")),
                Finding::unknown,
            );
        };
        let finding = match sku.free() {
            Known::Value(free) if free > 0 => Finding::pass(),
            Known::Value(_) => Finding::fail(format!("there is no free seat of {}", label(sku)))
                .fix(format!("free or buy a seat of {} before the user comes back", label(sku))),
            _ => Finding::unknown(format!("how many seats of {} are free is not in the export", label(sku))),
        };
        finding.saw([saw(sku)])
    }))
}

/// Whether a licence is assigned and not in effect.
fn errors(evidence: &Evidence, user: User<'_>) -> Finding {
    let states = match user.licence_states() {
        Known::Value(states) => states,
        Known::Absent => vec![],
        Known::NotAsked => {
            return Finding::unknown("the export of users does not hold licenseAssignmentStates");
        }
    };
    let is_wrong = |state: &&LicenceState<'_>| {
        state.error.is_some()
            || !["", "Active", "ActiveWithError"].iter().any(|fine| state.state.eq_ignore_ascii_case(fine))
    };
    let told = states.iter().filter(is_wrong).map(|state| {
        let sku = names(evidence, &[state.sku_id.to_owned()]);
        format!("{sku}: {}", state.error.unwrap_or(state.state))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return Finding::pass();
    }
    Finding::fail(format!("a licence is assigned and not in effect: {}", told.join("; ")))
        .saw([of_files(user.sources(), UserField::LicenseAssignmentStates.name(), Some(told.join("; ")))])
        .fix("put right what the state names (CountViolation: no free seat; MutuallyExclusiveViolation: two plans that exclude each other), then reprocess the licences")
}

fn location(case: &Case<'_>, user: User<'_>) -> Finding {
    let seen = case.saw_cloud(user, UserField::UsageLocation);
    match user.text(UserField::UsageLocation) {
        Known::Value(_) => Finding::pass().saw([seen]),
        Known::Absent => {
            let id = user.id().value().map_or_else(|| "ID".to_owned(), |id| id.to_string());
            let fix = format!("Update-MgUser -UserId {id} -UsageLocation COUNTRY (two letters)");
            Finding::fail("the cloud user has no usage location: no licence can be given to it")
                .saw([seen])
                .fix(fix)
        }
        Known::NotAsked => Finding::unknown("the export of users does not hold usageLocation").saw([seen]),
    }
}

/// The cloud user has no licence at all. That is wrong where it has, or had, a mailbox.
fn none(case: &Case<'_>, evidence: &Evidence, user: User<'_>) -> Finding {
    let mailboxes = case.mailboxes();
    let Some(mailbox) = mailboxes.as_ref().and_then(|found| found.first()) else {
        let why = mailboxes.and_then(|found| gaps(&found.gaps));
        return match (case.is_mail_user(), why) {
            (Known::Value(true), Some(why)) => Finding::unknown(format!(
                "the cloud user has no licence, and whether it has a mailbox is not known: {why}"
            )),
            _ => Finding::not_applicable("the cloud user has no licence and no mailbox"),
        };
    };
    let free = evidence.skus().filter(|sku| sku.has_mailbox() == Known::Value(true));
    let free: Vec<String> =
        free.filter(|sku| sku.free().value().is_some_and(|free| free > 0)).map(label).collect();
    let why = gaps(&evidence.coverage(Dataset::SubscribedSkus));
    let seats = match (free.is_empty(), why) {
        (false, _) => format!("seats with a mailbox are free of {}", free.join(", ")),
        (true, Some(why)) => format!("which seats are free is not known: {why}"),
        (true, None) => "no seat with a mailbox is free".to_owned(),
    };
    let address = mailbox.primary_smtp().value();
    let detail = format!(
        "the cloud user has no licence, and there is the mailbox {}: it goes without one; {seats}",
        shown(address)
    );
    let id = user.id().value().map_or_else(|| "ID".to_owned(), |id| id.to_string());
    let fix = format!(
        "find out whether a licence was taken away and when, and give it back before 30 days have passed: Set-MgUserLicense -UserId \
         {id} -AddLicenses @{{SkuId='SKU'}} -RemoveLicenses @(); shared mailboxes need none"
    );
    Finding::all([Finding::fail(detail).fix(fix), location(case, user)])
}

fn label(sku: Sku<'_>) -> String {
    sku.part_number().value().or(sku.sku_id().value()).unwrap_or("an unknown product").to_owned()
}

fn names(evidence: &Evidence, ids: &[String]) -> String {
    let name = |id: &String| evidence.sku(id).map_or_else(|| id.clone(), label);
    ids.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn saw(sku: Sku<'_>) -> Seen {
    let count =
        |number: Known<i64>| number.value().map_or_else(|| "?".to_owned(), |number| number.to_string());
    let value = format!("{} of {} given", count(sku.consumed()), count(sku.enabled()));
    of_files(sku.sources(), &format!("seats of {}", label(sku)), Some(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::fixtures::{collected, mailbox, user, with_user};
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";

    fn sku(consumed: u32) -> String {
        json!({
            "skuId": E3, "skuPartNumber": "SPE_E3", "capabilityStatus": "Enabled", "consumedUnits": consumed,
            "prepaidUnits": {"enabled": 10, "suspended": 0, "warning": 0},
            "servicePlans": [{"servicePlanName": "EXCHANGE_S_ENTERPRISE", "servicePlanId": "efb87545-963c-4e0d-99df-69c6916d9eb0", "provisioningStatus": "Success"}],
        })
        .to_string()
    }

    fn licensed(more: serde_json::Value) -> serde_json::Value {
        let mut all = json!({
            "assignedLicenses": [{"skuId": E3, "disabledPlans": []}],
            "licenseAssignmentStates": [{"skuId": E3, "assignedByGroup": null, "state": "Active", "error": "None"}],
        });
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    }

    fn cloud(changes: serde_json::Value, skus: &str, mailboxes: &str) -> Stage {
        let is_deleted = changes.get("deletedDateTime").is_some();
        let user = user(changes);
        let (live, bin) = if is_deleted { ("", user.as_str()) } else { (user.as_str(), "") };
        collected(
            Stage::new(),
            &[
                ("users", live),
                ("deletedUsers", bin),
                ("subscribedSkus", skus),
                ("mailboxes", mailboxes),
                ("softDeletedMailboxes", ""),
                ("inactiveMailboxes", ""),
            ],
        )
    }

    #[test]
    fn cases() {
        let deleted = || licensed(json!({"deletedDateTime": "2026-11-20T10:00:00Z"}));
        let violated =
            json!([{"skuId": E3, "assignedByGroup": null, "state": "Error", "error": "CountViolation"}]);
        let has = mailbox(json!({}));
        let no_skus = collected(Stage::new(), &[("users", ""), ("deletedUsers", &user(deleted()))]);
        table(
            &RULE,
            &[
                ("licensed", cloud(licensed(json!({})), &sku(10), ""), Status::Pass),
                ("in the bin, with seats left", cloud(deleted(), &sku(9), ""), Status::Pass),
                ("in the bin, with no seat left", cloud(deleted(), &sku(10), ""), Status::Fail),
                ("in the bin, of a product that is gone", cloud(deleted(), "", ""), Status::Fail),
                (
                    "not in effect",
                    cloud(licensed(json!({"licenseAssignmentStates": violated})), &sku(10), ""),
                    Status::Fail,
                ),
                (
                    "no usage location",
                    cloud(licensed(json!({"usageLocation": null})), &sku(9), ""),
                    Status::Fail,
                ),
                ("a mailbox and no licence", cloud(json!({}), &sku(9), &has), Status::Fail),
                ("neither", cloud(json!({}), &sku(9), ""), Status::NotApplicable),
                (
                    "no licence, and mailboxes are not exported",
                    with_user(Stage::new(), json!({})),
                    Status::Unknown,
                ),
                ("products are not exported", no_skus, Status::Unknown),
                (
                    "licences are not exported",
                    cloud(json!({"assignedLicenses": "-"}), &sku(9), ""),
                    Status::Unknown,
                ),
                (
                    "no cloud user",
                    collected(Stage::new(), &[("users", ""), ("deletedUsers", "")]),
                    Status::NotApplicable,
                ),
                ("no export", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn free_products_are_named() {
        let found = cloud(json!({}), &sku(9), &mailbox(json!({}))).look(|case| (RULE.judge)(case));
        assert!(found.detail.contains("seats with a mailbox are free of SPE_E3"), "{}", found.detail);
    }
}
