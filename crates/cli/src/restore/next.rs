//! The exact next command, where something is missing.

use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::{Action, ObjectPlan, Plan, Purpose};
use adrecover_core::report::{Failure, ObjectReport, Outcome, Status, StepReport};
use adrecover_engine::OperationId;

/// Says for each object how to go on.
pub(super) fn add(objects: &mut [ObjectReport], plan: &Plan, operation: Option<OperationId>) {
    if !matches!(plan.purpose, Purpose::Restore | Purpose::Recreate) {
        return;
    }
    let mut waits = false;
    for (report, planned) in objects.iter_mut().zip(&plan.objects) {
        let guid = report.guid;
        // One command for all of them.
        if !waits && let Some(id) = operation.filter(|_| is_open(report, planned)) {
            waits = true;
            report.next.push(format!(
                "when the synchronisation has run: adrecover operations --resume {id} --sync-config PATH --cloud graph|NEWER-EXPORT \
                 --mailboxes NEWER-EXPORT"
            ));
        }
        match report.outcome {
            Outcome::Partial if report.failure == Some(Failure::Other) => {}
            Outcome::Partial => {
                let pending = |s: &StepReport| s.step == "setPassword" && s.status != Status::Done;
                let password =
                    if report.steps.iter().any(pending) { " --generate-password=FILE" } else { "" };
                report
                    .next
                    .extend(operation.map(|id| format!("adrecover operations --resume {id}{password}")));
            }
            Outcome::Restored | Outcome::AlreadyRestored => {
                let has = |wanted: fn(&Action) -> bool| planned.steps.iter().any(|s| wanted(&s.action));
                let missing_upn = report.still_missing.iter().any(|a| a == "userPrincipalName");
                if missing_upn && planned.kind == ObjectKind::User {
                    report.next.push(format!("adrecover restore --guid {guid} --upn NAME@SUFFIX"));
                }
                let is_new = planned.kind == ObjectKind::User && has(|a| matches!(a, Action::Create { .. }));
                let is_disabled = is_new || has(|a| matches!(a, Action::Disable));
                if is_disabled && !has(|a| matches!(a, Action::SetPassword { .. })) {
                    report
                        .next
                        .push(format!("adrecover restore --guid {guid} --enable --generate-password=FILE"));
                }
                let others: Vec<&String> =
                    report.still_missing.iter().filter(|a| *a != "userPrincipalName").take(3).collect();
                let asked =
                    plan.request.fills.contains_key(&guid) || plan.request.fill_notes.contains_key(&guid);
                let is_user = planned.kind == ObjectKind::User;
                if is_user && !asked && report.still_missing.iter().any(|name| is_of_cloud(name)) {
                    report
                        .next
                        .push(format!("adrecover restore --guid {guid} --fill-from cloud --cloud PATH"));
                }
                if !others.is_empty() {
                    let set: Vec<String> = others.iter().map(|a| format!("--set {a}=VALUE")).collect();
                    report.next.push(format!("adrecover restore --guid {guid} {}", set.join(" ")));
                }
            }
            _ => {}
        }
    }
}

/// Whether something beyond the directory is still to come.
fn is_open(report: &ObjectReport, planned: &ObjectPlan) -> bool {
    matches!(report.outcome, Outcome::Restored | Outcome::AlreadyRestored)
        && planned.steps.iter().zip(&report.steps).any(|(step, done)| {
            step.action.is_beyond()
                && !step.action.is_by_hand()
                && !matches!(done.status, Status::Done | Status::Unchanged)
        })
}

/// Whether an attribute shows that the object was synchronised with a cloud, or had to do with Exchange.
fn is_of_cloud(attribute: &str) -> bool {
    const NAMES: [&str; 4] = ["proxyAddresses", "mailNickname", "targetAddress", "mS-DS-ConsistencyGuid"];
    NAMES.iter().any(|name| name.eq_ignore_ascii_case(attribute))
        || attribute.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("msExch"))
}
