//! `--fill-from` and `--fill-attribute`: what sources have for the chosen objects, put into the request. What of it is filled
//! is decided with the plan (`adrecover_core::fill`).

use std::collections::HashMap;

use adrecover_core::deleted::original_rdn;
use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::fill::{Rule, rule, why_not_kept};
use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::{Action, Plan, Step, Undo};
use adrecover_core::request::RestoreRequest;
use adrecover_core::{Dn, Entry, ObjectGuid, filter};
use adrecover_hybrid::checks::{Case, Forest};
use adrecover_hybrid::fill::{Offer, offer};
use clap::Args;

use super::desk::Desk;
use super::past::{Past, Pasts};
use super::wishes::refused;
use crate::context::Ctx;
use crate::error::CliError;
use crate::preflight::gather::{self, Around};
use crate::preflight::inputs::{EvidenceArgs, Inputs};
use crate::sources::{FORMS, SourceName};

/// The sources that there are.
const AVAILABLE: &str =
    "available: journal (what an agent has kept), cloud (what --cloud or --evidence gives), ";
/// How many objects one search asks for.
const CHUNK: usize = 50;

/// What is filled in that a deletion took, and from where.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FillArgs {
    /// Fill in what the deletion took from a source that still has it: journal (the change journal), cloud (what --cloud or
    /// --evidence gives), ldif:FILE, ntds:FILE, adexplorer:FILE, samba:FILE, evtx:FILE, file:FILE (recognised by its content),
    /// ldap:URL (a mounted snapshot); may repeat, the most trusted first
    #[arg(long, value_name = "SOURCE", help_heading = super::wishes::WISHES)]
    fill_from: Vec<String>,
    /// Fill this attribute too, although it is not on the list of harmless ones, or although it is not certain that the
    /// source's value belongs to the object; may repeat
    #[arg(long, value_name = "ATTR", requires = "fill_from", help_heading = super::wishes::WISHES)]
    fill_attribute: Vec<String>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The change journal.
    Journal,
    /// The exports of the cloud.
    Cloud,
    /// A file or a second server.
    Named(SourceName),
}

impl FillArgs {
    /// The sources, each once, in the order of trust.
    pub(crate) fn sources(&self, evidence: &EvidenceArgs) -> Result<Vec<Source>, CliError> {
        let mut out = vec![];
        for name in &self.fill_from {
            let source = match name.trim().to_lowercase().as_str() {
                "journal" => Source::Journal,
                "cloud" => Source::Cloud,
                _ => match SourceName::parse_named(name) {
                    Some(named) => Source::Named(named?),
                    None => {
                        let text = format!("--fill-from {}: there is no such source", name.trim());
                        return Err(CliError::usage(text).hint(format!("{AVAILABLE}{FORMS}")));
                    }
                },
            };
            if !out.contains(&source) {
                out.push(source);
            }
        }
        if out.contains(&Source::Cloud) && evidence.cloud.is_empty() && evidence.evidence.is_empty() {
            return Err(CliError::usage("--fill-from cloud: nothing is known of the cloud").hint(
                "add --cloud PATH or --evidence FOLDER; `adrecover preflight --collector FILE.ps1` writes the script that makes it",
            ));
        }
        Ok(out)
    }

    /// The attributes that may be filled because they are named.
    pub(crate) fn attributes(&self) -> Result<Vec<String>, CliError> {
        let mut out: Vec<String> = vec![];
        for name in self.fill_attribute.iter().map(|name| name.trim()) {
            if let Rule::Never(refusal) = rule(name) {
                return Err(refused("--fill-attribute", name, refusal));
            }
            if !out.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                out.push(name.to_owned());
            }
        }
        Ok(out)
    }
}

/// What is to be done by hand, besides the attributes: commands by object.
pub(crate) type ByHand = HashMap<ObjectGuid, String>;

/// Puts what the sources have into the request.
pub(crate) async fn ask(
    ctx: &Ctx,
    desk: &mut Desk,
    sources: &[Source],
    guids: &[ObjectGuid],
    inputs: Option<&Inputs>,
    pasts: &Pasts,
    request: &mut RestoreRequest,
) -> Result<ByHand, CliError> {
    let mut by_hand = ByHand::new();
    for source in sources {
        let offers = match (source, inputs) {
            (Source::Cloud, Some(inputs)) => of_cloud(ctx, desk, guids, inputs).await?,
            (Source::Cloud, None) => vec![],
            (Source::Journal | Source::Named(_), _) => pasts.get(source).map(Past::fills).unwrap_or_default(),
        };
        for (guid, offer) in offers {
            if !offer.fills.is_empty() {
                request.fills.entry(guid).or_default().extend(offer.fills);
            }
            if !offer.notes.is_empty() {
                request.fill_notes.entry(guid).or_default().extend(offer.notes);
            }
            by_hand.extend(offer.remote_mailbox.map(|text| (guid, text)));
        }
    }
    leave_out(request, &desk.confidential_fills(request).await?);
    Ok(by_hand)
}

/// Takes out of the request what must not stand in plans and journals, and says so.
fn leave_out(request: &mut RestoreRequest, confidential: &[String]) {
    for (guid, fills) in &mut request.fills {
        let notes = request.fill_notes.entry(*guid).or_default();
        fills.retain(|fill| {
            let is_confidential = confidential.iter().any(|name| name.eq_ignore_ascii_case(&fill.attribute));
            let why = match is_confidential {
                true => Some("the schema marks it as confidential".to_owned()),
                false => why_not_kept(fill),
            };
            if let Some(why) = &why {
                let name: String = fill.attribute.chars().take(60).collect();
                notes.push(format!("{name} of {} is not filled: {why}", fill.source));
            }
            why.is_none()
        });
    }
    request.fills.retain(|_, fills| !fills.is_empty());
    request.fill_notes.retain(|_, notes| !notes.is_empty());
}

/// What the cloud has for the users among these objects.
async fn of_cloud(
    ctx: &Ctx,
    desk: &Desk,
    guids: &[ObjectGuid],
    inputs: &Inputs,
) -> Result<Vec<(ObjectGuid, Offer)>, CliError> {
    let sync = gather::sync(&desk.session, inputs).await?;
    let around = Around::ask(ctx, &desk.session, inputs, sync.as_ref()).await?;
    // Who else has a name is of no interest here: the plan's guards ask.
    let forest = Forest::of(&around.server);
    let setting = around.setting(&forest, sync.as_ref(), inputs, false);
    let mut offers = vec![];
    for chunk in guids.chunks(CHUNK) {
        for entry in users(desk, &around, chunk).await? {
            let Some(guid) = entry.guid() else { continue };
            let subject = around.subject(entry)?;
            offers.push((guid, offer(&Case::new(&subject, &setting))));
        }
    }
    offers.sort_by_key(|(guid, _)| *guid);
    claimed_twice(&mut offers);
    Ok(offers)
}

/// The users among these objects, deleted ones under the names that they had.
async fn users(desk: &Desk, around: &Around, guids: &[ObjectGuid]) -> Result<Vec<Entry>, CliError> {
    let parts = guids.iter().map(|guid| format!("(objectGUID={})", guid.filter_value()));
    let mut attributes = around.attributes.clone();
    attributes.extend(["lastKnownParent", "msDS-LastKnownRDN"].map(str::to_owned));
    let query = Query::below(desk.domain.domain.to_string(), Scope::Subtree, filter::any_of(parts))
        .attributes(&attributes)
        .visibility(Visibility::Recycled);
    let mut found = desk.session.ask(&query).await?;
    found.retain(|entry| ObjectKind::of(entry) == ObjectKind::User);
    for entry in found.iter_mut().filter(|entry| entry.is_deleted()) {
        let parent = entry.dn_value("lastKnownParent");
        if let (Some(rdn), Some(parent)) = (original_rdn(entry), parent) {
            entry.dn = parent.child(rdn).to_string();
        }
    }
    // A name that no parser takes is nobody's to be found by.
    found.retain(|entry| entry.dn.parse::<Dn>().is_ok());
    Ok(found)
}

/// Two of the chosen users cannot be one cloud object: neither gets anything of it.
fn claimed_twice(offers: &mut [(ObjectGuid, Offer)]) {
    let mut owners: HashMap<_, Vec<ObjectGuid>> = HashMap::new();
    for (guid, offer) in offers.iter() {
        if let Some(id) = offer.cloud_id {
            owners.entry(id).or_default().push(*guid);
        }
    }
    for (guid, offer) in offers {
        let Some(id) = offer.cloud_id else { continue };
        let others: Vec<String> = owners
            .get(&id)
            .into_iter()
            .flatten()
            .filter(|o| *o != guid)
            .take(5)
            .map(ToString::to_string)
            .collect();
        if !others.is_empty() {
            let text = format!(
                "the cloud object {id} is found for {} of the chosen objects too: nothing is filled",
                others.join(", ")
            );
            *offer = Offer { cloud_id: Some(id), notes: vec![text], ..Offer::default() };
        }
    }
}

/// Puts what is to be done by hand behind the steps of its object, where Exchange's attributes themselves are not filled. Without a
/// routing address that is filled the pre-flight says it.
pub(crate) fn put_by_hand(plan: &mut Plan, by_hand: &ByHand) {
    for object in plan.objects.iter_mut().filter(|o| o.blocked_by.is_empty() && o.skipped.is_none()) {
        let Some(text) = by_hand.get(&object.guid) else { continue };
        let sets = |wanted: &str| {
            let set = |step: &Step| matches!(&step.action, Action::SetAttribute { attribute, .. } if attribute.eq_ignore_ascii_case(wanted));
            object.steps.iter().any(set)
        };
        if sets("targetAddress") && !sets("msExchRecipientTypeDetails") {
            object.steps.push(Step {
                action: Action::BeforeSync { text: text.clone() },
                why: "Exchange on premises does not know the mailbox in the cloud any more".to_owned(),
                already: false,
                undo: Undo::Nothing,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use adrecover_core::fill::Fill;
    use adrecover_core::plan::ObjectPlan;
    use adrecover_core::value::Value;

    use super::*;

    fn guid(n: u8) -> ObjectGuid {
        ObjectGuid::from_wire(&[n; 16]).unwrap()
    }

    fn fill(attribute: &str, value: &str) -> Fill {
        Fill {
            attribute: attribute.into(),
            values: vec![Value::Text(value.into())],
            source: "users.json".into(),
            at: None,
            unsure: None,
        }
    }

    #[test]
    fn two_users_cannot_be_one_cloud_object() {
        let id = |n: u8| format!("{n:08}-2222-4333-8444-555555555555").parse().ok();
        let of = |cloud_id| Offer { cloud_id, fills: vec![fill("title", "x")], ..Offer::default() };
        let mut offers =
            vec![(guid(1), of(id(7))), (guid(2), of(id(8))), (guid(3), of(id(7))), (guid(4), of(None))];
        claimed_twice(&mut offers);
        let left: Vec<usize> = offers.iter().map(|(_, offer)| offer.fills.len()).collect();
        assert_eq!(left, [0, 1, 0, 1]);
        assert!(offers[0].1.notes[0].contains(&guid(3).to_string()), "{:?}", offers[0].1.notes);
    }

    #[test]
    fn what_must_not_be_kept_does_not_get_into_the_request() {
        let offered = vec![fill("unicodePwd", "x"), fill("title", "x"), fill("secretOfOurs", "x")];
        let mut request = RestoreRequest { fills: [(guid(1), offered)].into(), ..Default::default() };
        leave_out(&mut request, &["secretofours".to_owned()]);
        let kept: Vec<&str> = request.fills[&guid(1)].iter().map(|fill| fill.attribute.as_str()).collect();
        assert_eq!(kept, ["title"]);
        let notes = request.fill_notes[&guid(1)].join("\n");
        assert!(notes.contains("unicodePwd") && notes.contains("secretOfOurs"), "{notes}");
        let mut only =
            RestoreRequest { fills: [(guid(1), vec![fill("unicodePwd", "x")])].into(), ..Default::default() };
        leave_out(&mut only, &[]);
        assert!(only.fills.is_empty());
    }

    #[test]
    fn the_remote_mailbox_is_left_to_a_person_unless_its_attributes_are_filled() {
        let planned = |attributes: &[&str]| {
            let set = |name: &&str| Step {
                action: Action::SetAttribute {
                    attribute: (*name).to_owned(),
                    values: vec![],
                    source: "x".into(),
                    at: None,
                    only_if_absent: true,
                },
                why: String::new(),
                already: false,
                undo: Undo::Nothing,
            };
            let mut object: ObjectPlan = serde_json::from_value(serde_json::json!({
                "guid": guid(1), "name": "a", "type": "user", "from": "", "usnChanged": null, "dn": "CN=a", "steps": [],
            }))
            .unwrap();
            object.steps = attributes.iter().map(set).collect();
            let mut plan: Plan = serde_json::from_value(serde_json::json!({
                "schema": "adrecover/plan/v1", "madeBy": "", "madeAt": "2026-11-26T12:00:00Z", "purpose": "restore", "domain": "DC=x",
                "domainSid": null, "server": "", "request": {}, "objects": [],
            }))
            .unwrap();
            plan.objects = vec![object];
            put_by_hand(&mut plan, &[(guid(1), "Enable-RemoteMailbox".to_owned())].into());
            plan.objects[0].steps.last().is_some_and(|s| matches!(&s.action, Action::BeforeSync { .. }))
        };
        assert!(planned(&["targetAddress"]));
        assert!(!planned(&["targetAddress", "msExchRecipientTypeDetails"]));
        assert!(!planned(&["mail"]), "the pre-flight says it");
    }

    #[test]
    fn names_of_attributes_are_checked() {
        let of = |names: &[&str]| {
            let fill_attribute = names.iter().map(|name| (*name).to_owned()).collect();
            FillArgs { fill_from: vec!["cloud".into()], fill_attribute }.attributes()
        };
        assert_eq!(of(&["scriptPath", "SCRIPTPATH ", "userPrincipalName"]).unwrap().len(), 2);
        for bad in ["unicodePwd", "objectSid", "member", "a b", ""] {
            assert_eq!(of(&[bad]).unwrap_err().code(), 2, "{bad}");
        }
    }
}
