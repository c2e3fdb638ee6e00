//! `scope.linkedMailbox`.

use adrecover_core::Sid;

use crate::checks::case::Case;
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity};
use crate::evidence::{Known, UserField};
use crate::scope::{Outcome, filters};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.linkedMailbox",
    title: "it is no linked mailbox, or its master account is synchronised",
    severity: Severity::Block,
    needs: Needs::SomeCloud,
    why: "For a linked mailbox (msExchRecipientTypeDetails 2) the default rules give no source anchor: it waits for its master account of \
          another forest and is joined to that. Without the master account nothing is exported.",
    evidence: "msExchRecipientTypeDetails, msExchMasterAccountSid; onPremisesSecurityIdentifier of live cloud users",
    fix: "synchronise the forest of the master account too; if the mailbox is not linked any more: Set-User -Identity GUID \
          -LinkedMasterAccount $null",
    source: "KB 3066176; learn.microsoft.com/entra/identity/hybrid/connect/concept-azure-ad-connect-sync-user-and-contacts (linked \
             mailboxes)",
    judge,
};

const TYPE: &str = "msExchRecipientTypeDetails";
const MASTER: &str = "msExchMasterAccountSid";

fn judge(case: &Case<'_>) -> Finding {
    match filters::linked_mailbox(&case.subject.dn, case.facts()) {
        Outcome::Passes => return Finding::pass().saw([case.saw(TYPE)]),
        Outcome::Filtered(why) => return Finding::fail(why).saw([case.saw(TYPE)]),
        Outcome::Unknown { .. } if !matches!(case.subject.number(TYPE), Known::Value(2)) => {
            return Finding::unknown(format!("{TYPE} was not read, or is no number")).saw([case.saw(TYPE)]);
        }
        Outcome::Unknown { .. } => {}
    }
    let master = match case.subject.octets(MASTER).read(|values| Sid::from_wire(&values[0]).ok()) {
        Known::Value(sid) => sid.to_string(),
        Known::Absent => {
            return Finding::fail("it is a linked mailbox without a master account")
                .saw([case.saw(TYPE), case.saw(MASTER)]);
        }
        Known::NotAsked => {
            return Finding::unknown(format!("it is a linked mailbox, and {MASTER} was not read"))
                .saw([case.saw(TYPE)]);
        }
    };
    let seen = Seen { value: Some(master.clone()), ..case.saw(MASTER) };
    with_master(case, &master).saw([case.saw(TYPE), seen])
}

fn with_master(case: &Case<'_>, master: &str) -> Finding {
    let evidence = match case.need_evidence() {
        Ok(evidence) => evidence,
        Err(finding) => {
            let linked =
                format!("it is a linked mailbox: it is synchronised only with its master account {master}");
            return Finding::all([finding, Finding::warn(linked)]);
        }
    };
    let matches = evidence.users().by_sid(master);
    if let Some(user) = matches.first() {
        return Finding::fine("its master account is synchronised")
            .saw([case.saw_cloud(user, UserField::OnPremisesSecurityIdentifier)]);
    }
    match matches.gaps.first() {
        Some(gap) => Finding::unknown(format!(
            "whether its master account {master} is synchronised is not known: {gap}"
        )),
        None => Finding::fail(format!("no live cloud user is its master account {master}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    const SID: &str = "S-1-5-21-1-2-3-1105";

    fn linked() -> Stage {
        Stage::new().with(TYPE, &["2"]).octets(MASTER, &SID.parse::<Sid>().unwrap().to_wire())
    }

    fn users(sid: &str) -> String {
        format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[
              {{"id":"33333333-3333-3333-3333-333333333333","userPrincipalName":"m@contoso.com","onPremisesSecurityIdentifier":{sid}}}]}}"#
        )
    }

    #[test]
    fn cases() {
        let with = |sid: &str| linked().evidence(&[("users.json", &users(sid))]);
        let without_sids = r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users(id,userPrincipalName)","value":[{"id":"33333333-3333-3333-3333-333333333333","userPrincipalName":"m@contoso.com"}]}"#;
        table(
            &RULE,
            &[
                ("no mailbox", Stage::new(), Status::Pass),
                ("a mailbox of its own", Stage::new().with(TYPE, &["1"]), Status::Pass),
                ("the master account is there", with(&format!("\"{SID}\"")), Status::Pass),
                ("another account is there", with("\"S-1-5-21-1-2-3-1106\""), Status::Fail),
                (
                    "SIDs were not exported",
                    linked().evidence(&[("users.json", without_sids)]),
                    Status::Unknown,
                ),
                ("no master account", Stage::new().with(TYPE, &["2"]), Status::Fail),
                ("master not read", Stage::new().with(TYPE, &["2"]).not_asked(MASTER), Status::Unknown),
                ("not read", Stage::new().not_asked(TYPE), Status::Unknown),
                ("no export", linked(), Status::Unknown),
                ("the directory alone", linked().on_prem_only(), Status::Warn),
            ],
        );
    }
}
