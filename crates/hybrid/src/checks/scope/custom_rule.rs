//! `scope.customRule`.

use adrecover_core::Dn;

use super::{best, line, place};
use crate::checks::case::{Case, Sync};
use crate::checks::rule::{Finding, Needs, Rule, Severity};
use crate::scope::filters::{self, Filter};
use crate::scope::model::{Connector, GroupFilter, SettingName};
use crate::scope::{Outcome, Reason, Verdict, custom_rule};

/// The check.
pub(crate) static RULE: Rule = Rule {
    id: "scope.customRule",
    title: "no rule of the administrator keeps the user out",
    severity: Severity::Block,
    needs: Needs::Sync,
    why: "A custom inbound rule that writes cloudFiltered takes the objects it applies to out of the cloud. Attributes that the \
          deletion took can turn such a rule: a user without its department may be filtered, or not be any more.",
    evidence: "the enabled inbound rules with a precedence below 100 or without a tag of Microsoft's, their scopes and what they write into \
               cloudFiltered; scoping filters of Cloud Sync; the attributes they look at",
    fix: "give the user the attributes that the rule wants, or change the rule and run Start-ADSyncSyncCycle -PolicyType Initial",
    source: "learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-sync-configure-filtering (attribute-based filtering)",
    judge,
};

fn judge(case: &Case<'_>) -> Finding {
    let sync = match case.need_sync() {
        Ok(sync) => sync,
        Err(finding) => return finding,
    };
    let of_each = case.connectors().into_iter().map(|connector| of_connector(case, connector));
    let Some(own) = best(of_each) else {
        return Finding::unknown("it lies in no partition of the configuration: see scope.partition");
    };
    Finding::all([own, of_the_rest(case, sync)])
}

fn of_connector(case: &Case<'_>, connector: &Connector) -> Finding {
    if connector.rules.is_none() {
        return Finding::unknown(
            "the configuration does not hold the synchronisation rules: give the folder of Get-ADSyncServerConfiguration",
        );
    }
    let decision = custom_rule(connector, &case.subject.dn, case.facts());
    let seen = match (&decision.rule, &decision.at) {
        (Some(rule), Some(at)) => vec![place(at, "synchronizationRule", rule.clone())],
        _ => vec![],
    };
    match decision.outcome {
        Outcome::Passes => match decision.rule {
            Some(rule) => Finding::fine(format!("the rule `{rule}` lets it pass")).saw(seen),
            None => Finding::pass(),
        },
        Outcome::Filtered(why) => Finding::fail(why).saw(seen),
        Outcome::Unknown { why, attributes } => {
            let looked_at: Vec<_> = attributes.iter().map(|name| case.saw(name)).collect();
            Finding::unknown(why).saw(seen).saw(looked_at)
        }
    }
}

/// What other rules keep out that none of the checks of the default rules tells: a default rule that was replaced, the scoping
/// filters of Cloud Sync.
fn of_the_rest(case: &Case<'_>, sync: &Sync<'_>) -> Finding {
    const DEFAULT: [Filter; 7] = [
        filters::critical_system_object,
        filters::account_name,
        filters::mail_nickname,
        filters::admin_description,
        filters::recipient_type,
        filters::linked_mailbox,
        filters::conflict_name,
    ];
    let (dn, facts) = (&case.subject.dn, case.facts());
    if !DEFAULT.iter().all(|filter| filter(dn, facts) == Outcome::Passes) {
        return Finding::pass();
    }
    let verdict = sync.evaluator.verdict(dn, facts);
    let of_rule = match verdict.reason {
        Reason::FilteredByRule => Finding::fail(verdict.detail.clone().unwrap_or_default()),
        Reason::Unknown
            if sync.evaluator.container(dn).in_scope == Some(true) && !is_of_group(case, &verdict) =>
        {
            Finding::unknown(verdict.detail.clone().unwrap_or_default())
        }
        _ => return Finding::pass(),
    };
    of_rule.saw(verdict.because.as_ref().map(|because| line(because, "synchronizationRule")))
}

/// Whether a verdict hangs on the pilot group, which has a check of its own.
fn is_of_group(case: &Case<'_>, verdict: &Verdict) -> bool {
    let Some(because) = &verdict.because else { return false };
    let value = because.value.parse::<Dn>().ok();
    let names_it = |connector: &Connector| match &connector.groups {
        GroupFilter::MembersOf(groups) => groups.iter().any(|group| Some(&group.dn) == value.as_ref()),
        GroupFilter::Unreadable(_) => because.value == "includedGroups",
        GroupFilter::NotSaid => because.value == SettingName::GroupFiltering.name(),
        GroupFilter::None => false,
    };
    case.connectors().into_iter().any(names_it)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{CONNECTOR_XML, JOIN_OFF_XML, WHOLE, rule_xml};
    use super::*;
    use crate::checks::rule::Status;
    use crate::checks::testing::{Stage, table};

    fn ruled(rule: &str) -> Stage {
        Stage::new().sync_files(&[("Connector_1.xml", CONNECTOR_XML), ("Rule_1.xml", rule)])
    }

    #[test]
    fn cases() {
        let always = rule_xml("<expression>True</expression>");
        let odd = rule_xml("<expression>IIF(InStr([department],\"x\")>0,True,NULL)</expression>");
        let with = |rule: &str, value: &str| ruled(rule).with("extensionAttribute1", &[value]);
        table(
            &RULE,
            &[
                ("it does not apply", with(&always, "yes"), Status::Pass),
                ("it filters", with(&always, "no"), Status::Fail),
                ("an expression", with(&odd, "no"), Status::Unknown),
                ("an expression that does not apply", with(&odd, "yes"), Status::Pass),
                (
                    "its attribute was not read",
                    ruled(&always).not_asked("extensionAttribute1"),
                    Status::Unknown,
                ),
                ("the default rule is off", ruled(JOIN_OFF_XML), Status::Fail),
                ("no rules in the file", Stage::new().sync("c.json", &WHOLE.json()), Status::Unknown),
                ("no partition", with(&always, "yes").named("CN=Anna,DC=fabrikam,DC=test"), Status::Unknown),
                ("no configuration", Stage::new(), Status::Unknown),
                ("the directory alone", Stage::new().on_prem_only(), Status::NotApplicable),
            ],
        );
    }

    #[test]
    fn the_rule_and_its_attributes_are_named() {
        let odd = rule_xml("<expression>IIF(InStr([department],\"x\")>0,True,NULL)</expression>");
        ruled(&odd).with("extensionAttribute1", &["no"]).look(|case| {
            let finding = judge(case);
            assert!(
                finding.detail.contains("`Keep out`") && finding.detail.contains("department"),
                "{}",
                finding.detail
            );
        });
    }
}
