//! What evidence says of the ways inside a case, and the values for commands.

use adrecover_core::decision_table::{Answers, Placeholder, Question, Values};

use super::identity::{By, Keys};
use super::{Inputs, is_not_synchronised};
use crate::evidence::{Evidence, Known, Mailbox, MailboxField, MailboxState, User, UserField};
use crate::scope::model::SettingName;

/// All that was found, together.
pub(super) struct Seen<'a, 'i> {
    pub(super) inputs: &'i Inputs<'a>,
    pub(super) user: Option<User<'a>>,
    pub(super) mailbox: Option<Mailbox<'a>>,
    pub(super) keys: &'i Keys,
}

impl Seen<'_, '_> {
    fn evidence(&self) -> Option<&Evidence> {
        self.inputs.evidence
    }

    fn upn(&self) -> Option<&str> {
        let of_user = self.user.and_then(|u| u.upn().value());
        let of_mailbox =
            || self.mailbox.and_then(|m| m.text(MailboxField::MicrosoftOnlineServicesId).value());
        of_user.or_else(|| self.keys.first(By::Upn)).or_else(of_mailbox)
    }
}

pub(super) fn answers(seen: &Seen<'_, '_>) -> Answers {
    let mut answers = Answers::default();
    let facts = seen.inputs.facts;
    answers.set_if_known(Question::MailboxInactive, inactive(seen));
    answers.set_if_known(Question::DomainFederated, federated(seen));
    answers.set_if_known(Question::IdsEqual, ids_equal(seen));
    answers.set_if_known(Question::HybridExchange, hybrid(seen));
    answers.set_if_known(Question::AlternateLogin, alternate_login(seen));
    answers.set_if_known(Question::Licensed, licensed(seen));
    if let Some(facts) = facts.filter(|f| f.is_deleted) {
        answers.set_if_known(Question::RecycleBin, facts.recycle_bin);
        answers.set(Question::Undeletable, facts.not_restorable_because.is_none());
    }
    answers
}

fn inactive(seen: &Seen<'_, '_>) -> Option<bool> {
    match seen.mailbox?.state().value()? {
        MailboxState::Inactive => Some(true),
        // Exported as a soft-deleted one; where the export says of none whether it is inactive, that is not known.
        MailboxState::SoftDeleted => seen.mailbox?.flag(MailboxField::IsInactiveMailbox).value(),
        MailboxState::Live => None,
    }
}

fn federated(seen: &Seen<'_, '_>) -> Option<bool> {
    let (_, suffix) = seen.upn()?.rsplit_once('@')?;
    seen.evidence()?.domain(suffix)?.is_federated().value()
}

fn ids_equal(seen: &Seen<'_, '_>) -> Option<bool> {
    let theirs = seen.mailbox?.external_directory_object_id().asked()?;
    let ours = seen.user?.id().value()?;
    Some(theirs == Some(ours))
}

/// A setting of the sync engine: of the server's own export, else of its configuration where all servers agree.
fn setting<'a>(seen: &Seen<'a, '_>, name: SettingName) -> Option<&'a str> {
    let own = seen.inputs.evidence.and_then(|e| e.global_setting(name.name()).value());
    own.or_else(|| {
        let mut all = seen.inputs.scope?.setting(name).map(|s| s.value.as_str());
        let first = all.next()?;
        all.all(|other| other.eq_ignore_ascii_case(first)).then_some(first)
    })
}

fn hybrid(seen: &Seen<'_, '_>) -> Option<bool> {
    if is_not_synchronised(seen.evidence()) {
        return Some(false);
    }
    let on = setting(seen, SettingName::HybridExchange)?;
    Some(on.trim().eq_ignore_ascii_case("true") || on.trim() == "1")
}

fn alternate_login(seen: &Seen<'_, '_>) -> Option<bool> {
    let attribute = setting(seen, SettingName::UpnAttribute)?.trim();
    (!attribute.is_empty()).then(|| !attribute.eq_ignore_ascii_case("userPrincipalName"))
}

fn licensed(seen: &Seen<'_, '_>) -> Option<bool> {
    let user = seen.user?;
    if let Some(plans) = user.exchange_plans(UserField::AssignedPlans).asked() {
        let is_on = |status: &str| matches!(status.to_ascii_lowercase().as_str(), "enabled" | "warning");
        let on = plans.unwrap_or_default().into_iter().filter(|plan| is_on(plan.capability_status));
        return Some(on.into_iter().any(|plan| !is_add_on(plan.service_plan_id)));
    }
    let licences = user.licences().asked()?.unwrap_or_default();
    if licences.is_empty() {
        return Some(false);
    }
    let has_mailbox = |sku: &str| seen.evidence()?.sku(sku)?.has_mailbox().value();
    let all: Vec<Option<bool>> = licences.iter().map(|l| has_mailbox(l.sku_id)).collect();
    match all {
        all if all.contains(&Some(true)) => Some(true),
        all if all.contains(&None) => None,
        _ => Some(false),
    }
}

/// Whether a plan of Exchange gives no mailbox: EXCHANGE_S_FOUNDATION, which comes with nearly every product, and the archive for a
/// mailbox elsewhere (Microsoft's list of service plan identifiers).
fn is_add_on(service_plan: &str) -> bool {
    const ADD_ONS: [&str; 2] =
        ["113feb6c-3fe4-4440-bddc-54d774bf0318", "176a09a6-7ec5-4039-ac02-b2791c6ba793"];
    ADD_ONS.iter().any(|known| known.eq_ignore_ascii_case(service_plan))
}

pub(super) fn values(seen: &Seen<'_, '_>) -> Values {
    let mut values = Values::default();
    let (user, mailbox, facts) = (seen.user, seen.mailbox, seen.inputs.facts);
    let text = |field| user.and_then(|u| u.text(field).value());
    let of_mailbox = |field| mailbox.and_then(|m| m.text(field).value());
    let smtp = mailbox
        .and_then(|m| m.primary_smtp().value())
        .or_else(|| user.and_then(|u| u.primary_smtp().value()?.first().copied()))
        .or_else(|| text(UserField::Mail))
        .or_else(|| seen.inputs.facts.and_then(|f| f.primary_smtp.as_deref()));
    let guid = mailbox.and_then(|m| m.exchange_guid().value()).or(seen.keys.exchange_guid);
    let guid = guid.map(|g| g.to_string());
    values.set_if_known(Placeholder::User, seen.inputs.called);
    values.set_if_known(Placeholder::Upn, seen.upn());
    values.set_if_known(Placeholder::EntraId, user.and_then(|u| u.id().value()).map(|id| id.to_string()));
    values.set_if_known(Placeholder::MailboxId, guid.as_deref().or(smtp).or_else(|| seen.upn()));
    values.set_if_known(Placeholder::ExchangeGuid, guid.as_deref());
    values.set_if_known(Placeholder::PrimarySmtp, smtp);
    let alias = of_mailbox(MailboxField::Alias)
        .or_else(|| text(UserField::MailNickname))
        .or_else(|| facts.and_then(|f| f.mail_nickname.as_deref()));
    values.set_if_known(Placeholder::MailNickname, alias);
    values.set_if_known(Placeholder::RoutingAddress, routing(seen));
    let name = of_mailbox(MailboxField::DisplayName)
        .or_else(|| text(UserField::DisplayName))
        .or_else(|| facts.and_then(|f| f.display_name.as_deref()));
    values.set_if_known(Placeholder::DisplayName, name);
    values.set_if_known(Placeholder::InitialUpn, initial_upn(seen, alias));
    values.set_if_known(Placeholder::Guid, facts.and_then(|f| f.guid).map(|g| g.to_string()));
    values.set_if_known(Placeholder::Dn, facts.and_then(|f| f.dn.as_deref()));
    values.set_if_known(Placeholder::ImmutableId, user.and_then(|u| u.immutable_id().value()));
    values.set_if_known(Placeholder::SkuId, sku(seen));
    values.set_if_known(Placeholder::UsageLocation, text(UserField::UsageLocation));
    values
}

/// The address at the tenant's routing domain.
fn routing(seen: &Seen<'_, '_>) -> Option<String> {
    let is_routing = |address: &&str| address.to_ascii_lowercase().ends_with(".mail.onmicrosoft.com");
    let of = |address: &str| {
        let bare =
            address.get(..5).filter(|p| p.eq_ignore_ascii_case("smtp:")).map_or(address, |_| &address[5..]);
        bare.to_owned()
    };
    let of_mailbox = seen.mailbox.and_then(|m| m.email_addresses().value()?.find(is_routing));
    let of_user = || seen.user.and_then(|u| u.proxy_addresses().value()?.find(is_routing));
    let of_facts = || seen.inputs.facts.and_then(|f| f.target_address.as_deref()).filter(is_routing);
    of_mailbox.or_else(of_user).or_else(of_facts).map(of)
}

fn initial_upn(seen: &Seen<'_, '_>, alias: Option<&str>) -> Option<String> {
    let initial = seen.inputs.evidence?.domains().find(|d| d.is_initial() == Known::Value(true))?;
    Some(format!("{}@{}", alias?, initial.name().value()?))
}

/// The product with a mailbox that the user had, else none: which one to give is for a person to say.
fn sku(seen: &Seen<'_, '_>) -> Option<String> {
    let licences = seen.user?.licences().value()?;
    let evidence = seen.inputs.evidence?;
    let with_mailbox = licences
        .iter()
        .find(|l| evidence.sku(l.sku_id).is_some_and(|sku| sku.has_mailbox() == Known::Value(true)));
    with_mailbox.map(|licence| licence.sku_id.to_owned())
}
