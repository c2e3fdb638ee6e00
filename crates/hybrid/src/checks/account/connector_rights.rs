//! `account.connectorRights`.

use adrecover_core::security::ids::{self, Property};
use adrecover_core::security::{Decision, Right, SecurityDescriptor};
use uuid::{Uuid, uuid};

use crate::checks::case::Case;
use crate::checks::command::{once_live, quoted};
use crate::checks::rule::{Finding, Needs, Rule, Seen, Severity, Status};
use crate::checks::subject::ConnectorAccount;
use crate::compare::same;
use crate::evidence::Known;
use crate::scope::model::SettingName;

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "account.connectorRights",
    title: "the account of the connector may read the object, and write its source anchor",
    severity: Severity::Warn,
    needs: Needs::Sync,
    why: "What the engine may not read it takes for empty, and blanks in the cloud. Where it may not write mS-DS-ConsistencyGuid the cycle ends \
          with permission-issue (error 8344). An object that is or was protected (adminCount) inherits no rights from its container.",
    evidence: "nTSecurityDescriptor and adminCount of the object; the SIDs of the connector's account and of its groups",
    fix: "on the sync server, module ADSyncConfig: Set-ADSyncBasicReadPermissions and Set-ADSyncMsDsConsistencyGuidPermissions for the account; \
          where inheritance is blocked and the user is not privileged any more: dsacls DN /P:N",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-configure-ad-ds-connector-account; \
             learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-adsyncconfig; [MS-ADTS] 5.1.3.3, 3.1.1.6.1",
    judge,
};

const PUBLIC_INFORMATION: Uuid = uuid!("e48d0154-bcf8-11d1-8702-00c04fb96050");
const GENERAL_INFORMATION: Uuid = uuid!("59ba2f42-79a2-11d0-9020-00c04fc2d3cf");

/// `mS-DS-ConsistencyGuid`, which is in no property set ([MS-ADA2]).
const CONSISTENCY_GUID: Property =
    Property { attribute: uuid!("23773dc2-b63a-11d2-90e1-00c04fd91ab1"), set: None };

/// What no user can do without, of each property set one ([MS-ADA1] to [MS-ADA3]).
const READ: [(&str, Property); 5] = [
    ("userPrincipalName", ids::USER_PRINCIPAL_NAME),
    (
        "proxyAddresses",
        Property { attribute: uuid!("bf967a06-0de6-11d0-a285-00aa003049e2"), set: Some(PUBLIC_INFORMATION) },
    ),
    ("userAccountControl", ids::USER_ACCOUNT_CONTROL),
    (
        "displayName",
        Property { attribute: uuid!("bf967953-0de6-11d0-a285-00aa003049e2"), set: Some(GENERAL_INFORMATION) },
    ),
    ("mS-DS-ConsistencyGuid", CONSISTENCY_GUID),
];

fn judge(case: &Case<'_>) -> Finding {
    if case.setting.on_prem_only {
        return no_account(case);
    }
    let Some(account) = case.setting.connector_account else { return no_account(case) };
    let Known::Value(descriptor) = &case.subject.descriptor else {
        return Finding::unknown(
            "the security descriptor was not read: the account that runs this may lack Read Permissions on it",
        );
    };
    let protected = descriptor.is_protected();
    let seen = [
        Seen {
            attribute: "nTSecurityDescriptor".to_owned(),
            value: Some(if protected { "inheritance is blocked" } else { "inherits" }.to_owned()),
            ..case.saw("nTSecurityDescriptor")
        },
        case.saw("adminCount"),
    ];
    let mut finding = Finding::all([reads(account, descriptor), writes(case, account, descriptor)]).saw(seen);
    if finding.status == Status::Fail && protected {
        finding.detail.push_str("; the object inherits no rights from its container");
    }
    finding.fix(once_live(case.subject, &commands(case, account, protected)))
}

fn no_account(case: &Case<'_>) -> Finding {
    if let Err(finding) = case.need_sync() {
        return finding;
    }
    match case.connectors().into_iter().find_map(|connector| connector.account.as_deref()) {
        Some(name) => {
            Finding::unknown(format!("the connector's account {name} was not looked up in the directory"))
        }
        None => Finding::unknown(
            "the configuration does not name the account of the connector: give the output of Get-ADSyncConnector",
        ),
    }
}

fn reads(account: &ConnectorAccount, descriptor: &SecurityDescriptor) -> Finding {
    let decided: Vec<(&str, Decision)> = READ
        .iter()
        .map(|(name, property)| (*name, descriptor.access(&account.token, &Right::read(*property))))
        .collect();
    let of = |wanted: Option<bool>| {
        decided
            .iter()
            .filter(|(_, d)| d.is_granted() == wanted)
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (of(Some(false)), of(None)) {
        (refused, _) if !refused.is_empty() => {
            Finding::fail(format!("{} may not read {refused}", account.name))
        }
        (_, open) if !open.is_empty() => Finding::unknown(format!(
            "whether {} may read {open} hangs on a condition that only the server evaluates",
            account.name
        )),
        _ => Finding::pass(),
    }
}

/// The engine writes the anchor where it is empty and the anchor is that attribute.
fn writes(case: &Case<'_>, account: &ConnectorAccount, descriptor: &SecurityDescriptor) -> Finding {
    const NAME: &str = "mS-DS-ConsistencyGuid";
    let anchor = case.sync_setting(SettingName::AnchorAttribute);
    if anchor.as_ref().is_some_and(|(value, _)| !same(value, NAME)) {
        return Finding::not_applicable("the source anchor is another attribute");
    }
    if let Known::Value(_) = case.subject.octets(NAME) {
        return Finding::not_applicable("the source anchor is there");
    }
    match descriptor.access(&account.token, &Right::write(CONSISTENCY_GUID)).is_granted() {
        Some(true) => Finding::pass(),
        Some(false) => Finding::fail(format!("{} may not write {NAME}, which is empty", account.name)),
        None => Finding::unknown(format!(
            "whether {} may write {NAME} hangs on a condition that only the server evaluates",
            account.name
        )),
    }
}

fn commands(case: &Case<'_>, account: &ConnectorAccount, is_protected: bool) -> String {
    let name = account.name.rsplit('\\').next().unwrap_or(&account.name);
    let domain = case.subject.dn.dns_name();
    let who =
        format!("-ADConnectorAccountName {} -ADConnectorAccountDomain {}", quoted(name), quoted(&domain));
    let dn = quoted(&case.subject.dn.to_string());
    if is_protected {
        return format!(
            "if the user is not privileged any more: dsacls {dn} /P:N; else keep it out of the cloud, or grant it on AdminSDHolder too: \
             Set-ADSyncMsDsConsistencyGuidPermissions {who} -IncludeAdminSdHolders"
        );
    }
    format!(
        "Set-ADSyncBasicReadPermissions {who} -ADobjectDN {dn}; Set-ADSyncMsDsConsistencyGuidPermissions {who} -ADobjectDN {dn}"
    )
}

#[cfg(test)]
mod tests {
    use adrecover_core::security::Access;

    use super::super::fixture::{ENGINE, descriptor};
    use super::*;
    use crate::checks::testing::{Stage, table};

    const READ_ALL: Access = Access::READ_PROPERTY;
    const NONE: Access = Access::NONE;

    fn stage() -> Stage {
        let token = [ENGINE, "S-1-5-11"].map(|sid| sid.parse().unwrap()).to_vec();
        Stage::new().account(ConnectorAccount { name: "CONTOSO\\MSOL_1".into(), token })
    }

    #[test]
    fn cases() {
        let both = || {
            stage()
                .changed(|s| s.descriptor = Known::Value(descriptor(READ_ALL, Access::WRITE_PROPERTY, false)))
        };
        let readable = || stage().changed(|s| s.descriptor = Known::Value(descriptor(READ_ALL, NONE, true)));
        let anchor = r#"{"InstanceId":"77777777-7777-7777-7777-777777777777","Parameters":[{"Name":"Microsoft.SynchronizationOption.AnchorAttribute","Value":"objectGUID"}]}"#;
        // A failing finding of this rule becomes a warning by the rule's severity.
        table(
            &RULE,
            &[
                ("reads and writes", both(), Status::Pass),
                ("reads alone", readable(), Status::Fail),
                (
                    "reads alone, with an anchor",
                    readable().octets("mS-DS-ConsistencyGuid", &[7; 16]),
                    Status::Pass,
                ),
                (
                    "reads alone, and the anchor is another",
                    readable().evidence(&[("settings.json", anchor)]),
                    Status::Pass,
                ),
                (
                    "reads nothing",
                    stage().changed(|s| {
                        s.descriptor = Known::Value(descriptor(NONE, Access::WRITE_PROPERTY, true))
                    }),
                    Status::Fail,
                ),
                ("no descriptor", stage(), Status::Unknown),
                ("no account", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn blocked_inheritance_is_named() {
        let stage = stage().changed(|s| s.descriptor = Known::Value(descriptor(NONE, NONE, true)));
        stage.look(|case| {
            let finding = judge(case);
            assert!(finding.detail.contains("inherits no rights"), "{}", finding.detail);
            assert!(finding.fix.unwrap().contains("dsacls 'CN=Anna,OU=Sales,DC=contoso,DC=test' /P:N"));
        });
    }

    #[test]
    fn an_account_that_was_not_looked_up_is_named() {
        let connector = crate::checks::scope::fixture::WHOLE.json();
        let (status, detail) = Stage::new().sync("c.json", &connector).status(&RULE);
        assert_eq!(status, Status::Unknown);
        assert!(detail.contains("MSOL_1"), "{detail}");
    }
}
