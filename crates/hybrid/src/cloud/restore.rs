//! The plan that takes a user out of the bin of Entra ID, and what came of it.

use adrecover_core::kind::ObjectKind;
use adrecover_core::plan::{Action, Block, ObjectPlan, Plan, Purpose, SCHEMA, Step, Undo};
use adrecover_core::report::Difference;
use adrecover_core::request::RestoreRequest;
use adrecover_core::time::{Timestamp, rfc3339};
use adrecover_core::{Dn, ObjectGuid};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::user::until;
use super::{Claimant, Conflicts, HeldName};
use crate::compare::{bare, same};
use crate::evidence::{Known, User, UserField};

/// What somebody wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RestoreWishes {
    /// The UPN that the user gets instead of its own.
    pub upn: Option<String>,
    /// Consent to losing the addresses that somebody else holds now.
    pub without_taken_addresses: bool,
    /// Consent to restoring in the cloud what is synchronised from a directory.
    pub although_synchronised: bool,
}

/// Makes the plan; a live user needs nothing.
pub fn restore_plan(
    user: &Claimant<'_>,
    conflicts: &Conflicts,
    wishes: &RestoreWishes,
    tenant: &str,
    now: Timestamp,
    made_by: &str,
) -> Option<Plan> {
    let user = user.user;
    let id = user.id().value()?;
    let upn = user.upn().value().map(str::to_owned);
    let wanted = wishes.upn.clone().filter(|wanted| upn.as_ref().is_none_or(|upn| !same(upn, wanted)));
    let name = user.text(UserField::DisplayName).value().map(str::to_owned).or_else(|| upn.clone());
    let step = Step {
        action: Action::CloudRestore {
            user: id,
            user_principal_name: wanted,
            without_taken_addresses: wishes.without_taken_addresses && user.is_deleted(),
        },
        why: match user.deleted_at().value() {
            Some(at) if user.is_deleted() => format!("deleted on {}", rfc3339(at)),
            _ => "it is live".to_owned(),
        },
        already: !user.is_deleted(),
        undo: Undo::Impossible { reason: format!("Remove-MgUser -UserId {id} puts it into the bin again") },
    };
    let blocked_by = if user.is_deleted() { blocks(user, conflicts, wishes, now) } else { vec![] };
    let object = ObjectPlan {
        guid: id.to_string().parse::<ObjectGuid>().ok()?,
        name: name.unwrap_or_else(|| id.to_string()),
        kind: ObjectKind::User,
        sam_account_name: None,
        user_principal_name: upn.clone(),
        from: user.upn_as_listed().value().unwrap_or_default().to_owned(),
        usn_changed: None,
        dn: Dn::default(),
        deleted_at: user.deleted_at().value().filter(|_| user.is_deleted()),
        steps: vec![step],
        blocked_by,
        losses: vec![],
        warnings: if user.is_deleted() { warnings(user, conflicts) } else { vec![] },
        conflicts: vec![],
        still_missing: vec![],
        skipped: None,
    };
    Some(Plan {
        schema: SCHEMA.to_owned(),
        made_by: made_by.to_owned(),
        made_at: now,
        purpose: Purpose::Cloud { tenant: tenant.to_owned() },
        domain: Dn::default(),
        domain_sid: None,
        server: conflicts.host.clone(),
        request: RestoreRequest::default(),
        objects: vec![object],
    })
}

fn blocks(user: User<'_>, conflicts: &Conflicts, wishes: &RestoreWishes, now: Timestamp) -> Vec<Block> {
    let block = |id: &str, message: String, object: Option<String>, way_out: &str, for_good: bool| Block {
        id: format!("cloud.{id}"),
        message,
        object,
        way_out: Some(way_out.to_owned()),
        for_good,
    };
    let mut out = vec![];
    if let (Some(until), _) = until(user.deleted_at().value(), now)
        && until < now
    {
        let message = format!("its 30 days in the bin were over on {}", rfc3339(until));
        out.push(block("expired", message, None, "`adrecover guide` says what remains", true));
    }
    if let (Some(anchor), false) = (synchronised(user), wishes.although_synchronised) {
        let message = "it is synchronised from a directory: restored in the cloud alone it is managed there, and the next hard match may be \
             refused";
        let directory = match guid_of(anchor) {
            Some(guid) => format!("adrecover restore --guid {guid}, and a synchronisation"),
            None => "restore it in its directory, and synchronise".to_owned(),
        };
        let way_out = format!("{directory}; where the directory has it already: --although-synchronised");
        out.push(block("synchronised", message.to_owned(), None, &way_out, false));
    }
    for held in conflicts.names.iter().filter(|held| held.free == Some(false)) {
        let as_address = held.held_by.iter().any(|holder| holder.property != "userPrincipalName");
        let is_upn = held.properties.contains(&"userPrincipalName");
        // A logon name of somebody else is no address.
        let is_address =
            as_address && held.properties.iter().any(|property| *property != "userPrincipalName");
        if is_upn && wishes.upn.is_none() {
            let message = format!("somebody else has its UPN {} now", held.name);
            out.push(block("userPrincipalName", message, holders(held), "--upn NEW@DOMAIN", false));
        }
        if is_address && !wishes.without_taken_addresses {
            let message = format!("somebody else has its address {} now", held.name);
            let way_out = "take it away there; or --without-taken-addresses, with which this user loses it";
            out.push(block("proxyAddresses", message, holders(held), way_out, false));
        }
    }
    out
}

/// The source anchor of a synchronised user; empty where it has none.
fn synchronised(user: User<'_>) -> Option<&str> {
    let anchor = user.immutable_id().value().unwrap_or_default();
    (user.on_premises_sync_enabled() == Known::Value(true) || !anchor.is_empty()).then_some(anchor)
}

fn guid_of(anchor: &str) -> Option<ObjectGuid> {
    ObjectGuid::from_wire(&STANDARD.decode(anchor).ok()?).ok()
}

fn holders(held: &HeldName) -> Option<String> {
    let named = |holder: &crate::graph::Claimant| {
        let name = holder.user_principal_name.as_ref().or(holder.display_name.as_ref());
        name.map_or_else(|| holder.id.clone(), |name| format!("{name} ({})", holder.id))
    };
    let all: Vec<String> = held.held_by.iter().map(named).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn warnings(user: User<'_>, conflicts: &Conflicts) -> Vec<String> {
    let mut out = vec![];
    for missing in &conflicts.unanswered {
        out.push(format!(
            "whether its names are free is not known: {}: {}; Graph refuses the restore where one is not",
            missing.what, missing.message
        ));
    }
    if user.licences().value().is_some_and(|all| !all.is_empty()) {
        out.push(
            "its licences come back where there are seats: `adrecover cloud show` tells it then".to_owned(),
        );
    }
    out
}

/// What of a user that came back is not as it was, or not as it was wanted.
pub fn differences(before: User<'_>, after: User<'_>, wishes: &RestoreWishes) -> Vec<Difference> {
    let mut out = vec![];
    let expected = wishes.upn.as_deref().or(before.upn().value());
    if let (Some(expected), Some(observed)) = (expected, after.upn().value())
        && !same(expected, observed)
    {
        let (expected, observed) = (expected.to_owned(), observed.to_owned());
        out.push(Difference { what: "userPrincipalName".to_owned(), expected, observed });
    }
    let addresses = |user: User<'_>| -> Option<Vec<String>> {
        Some(user.proxy_addresses().asked()?.into_iter().flatten().map(str::to_owned).collect())
    };
    if let (Some(had), Some(has)) = (addresses(before), addresses(after)) {
        let is_there = |address: &&String| !has.iter().any(|other| same(bare(other), bare(address)));
        let lost: Vec<&str> = had.iter().filter(is_there).map(String::as_str).collect();
        if !lost.is_empty() {
            out.push(Difference {
                what: "proxyAddresses".to_owned(),
                expected: lost.join(", "),
                observed: "not there any more".to_owned(),
            });
        }
    }
    out
}
