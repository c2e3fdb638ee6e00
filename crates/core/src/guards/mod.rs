//! What must not be restored, or not like this: checked before the first write, because a real DC accepts several of
//! these and refuses others with misleading words.
//!
//! One guard, one file, one id. A guard is a pure function from facts to at most one [`Block`]; [`check`] asks them all
//! and keeps the order in which an administrator would want to read the answers.

mod account;
mod address;
mod class;
mod forest;
mod live;
mod name_target;
mod parent;
mod privileged;
mod rdn;
mod sam_account_name;
mod state;
mod upn;

pub(crate) use self::upn::is_upn as is_logon_name;
use crate::facts::{DomainFacts, Identity, ObjectFacts};
use crate::plan::Block;
use crate::request::RestoreRequest;

/// Everything that a guard may look at.
pub struct Case<'a> {
    /// The object.
    pub object: &'a ObjectFacts,
    /// The names that it would have.
    pub identity: &'a Identity,
    /// The directory.
    pub domain: &'a DomainFacts,
    /// The wishes.
    pub request: &'a RestoreRequest,
}

impl Case<'_> {
    fn now(&self) -> crate::time::Timestamp {
        self.domain.now
    }
}

/// A guard.
type Guard = fn(&Case<'_>) -> Option<Block>;

/// Every guard with its id, in the order of the report.
const GUARDS: [(&str, Guard); 17] = [
    ("class", class::check),
    ("class.unknown", class::check_unknown),
    ("class.recreate", class::check_new),
    ("state", state::check),
    ("live", live::check),
    ("rdn.type", rdn::check_type),
    ("rdn.value", rdn::check_value),
    ("parent.place", parent::check_place),
    ("parent.class", parent::check_class),
    ("name.target", name_target::check),
    ("name.samAccountName", sam_account_name::check),
    ("name.userPrincipalName", upn::check),
    ("name.address", address::check),
    ("forest.unchecked", forest::check),
    ("privileged.consent", privileged::check_consent),
    ("privileged.password", privileged::check_password),
    ("account.password", account::check_password),
];

/// Everything that stands in the way of this object.
#[must_use]
pub fn check(case: &Case<'_>) -> Vec<Block> {
    GUARDS.iter().filter_map(|(_, guard)| guard(case)).collect()
}

/// What stands in the way of writing to an object that is live: nothing of it is needed where everything asked for is
/// there already.
#[must_use]
pub fn check_writes(case: &Case<'_>) -> Vec<Block> {
    privileged::check_live(case).into_iter().collect()
}

/// A block that something can be done about.
fn block(id: &str, message: impl Into<String>) -> Block {
    Block { id: id.to_owned(), message: message.into(), object: None, way_out: None, for_good: false }
}

impl Block {
    fn object(mut self, dn: impl Into<String>) -> Self {
        self.object = Some(dn.into());
        self
    }

    fn way_out(mut self, text: impl Into<String>) -> Self {
        self.way_out = Some(text.into());
        self
    }

    fn for_good(mut self) -> Self {
        self.for_good = true;
        self
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::facts::{ForestCheck, ParentFacts, Presence};
    use crate::kind::ObjectKind;
    use crate::lifetime::{DeletionPolicy, State};
    use crate::{ObjectGuid, Rdn, UserAccountControl};

    pub(crate) fn guid(n: u8) -> ObjectGuid {
        ObjectGuid::from_wire(&[n; 16]).unwrap()
    }

    pub(crate) fn domain() -> DomainFacts {
        DomainFacts {
            domain: "DC=contoso,DC=com".parse().unwrap(),
            domain_sid: None,
            server: "dc1.contoso.com".into(),
            naming_contexts: vec![
                "DC=contoso,DC=com".parse().unwrap(),
                "CN=Configuration,DC=contoso,DC=com".parse().unwrap(),
            ],
            policy: DeletionPolicy::new(false, Some(180), None),
            undeletes_from_bin: false,
            domains: vec![],
            upn_suffixes: vec!["contoso.com".into()],
            now: crate::time::generalized("20261122000000.0Z").unwrap(),
            forest: ForestCheck::Asked,
            attributes: Default::default(),
            ends: Default::default(),
        }
    }

    /// A tombstone of an enabled user below a live OU, with nothing in the way.
    pub(crate) fn object() -> ObjectFacts {
        ObjectFacts {
            guid: guid(1),
            dn: "CN=UserA\\0ADEL:01010101-0101-0101-0101-010101010101,CN=Deleted Objects,DC=contoso,DC=com"
                .into(),
            usn_changed: Some(4336),
            presence: Presence::Deleted(State::Tombstone),
            kind: ObjectKind::User,
            class: "user".into(),
            rdn: Rdn::new("CN", "UserA"),
            name_may_be_cut: false,
            sam_account_name: Some("UserA".into()),
            sid: None,
            user_principal_name: None,
            group_type: None,
            uac: UserAccountControl::parse("512"),
            has_password: false,
            keeps_old_password: false,
            deleted_at: None,
            expires_at: None,
            never: None,
            privileged: vec![],
            last_known_parent: Some("OU=OnPremises,DC=contoso,DC=com".parse().unwrap()),
            parent: ParentFacts::Live {
                dn: "OU=OnPremises,DC=contoso,DC=com".parse().unwrap(),
                guid: guid(2),
                classes: vec!["top".into(), "organizationalUnit".into()],
                may_hold: Some(true),
            },
            sam_holders: vec![],
            upn_holders: vec![],
            address_holders: vec![],
            name_holder: None,
            stripped: vec!["userPrincipalName".into(), "mail".into()],
            had: None,
            present: vec![],
            linked: vec![],
            groups: vec![],
            children: vec![],
            skipped: None,
        }
    }

    /// The ids of what blocks.
    pub(crate) fn ids(object: &ObjectFacts, domain: &DomainFacts, request: &RestoreRequest) -> Vec<String> {
        let identity = object.identity(request);
        let blocks = check(&Case { object, identity: &identity, domain, request });
        assert!(
            blocks.iter().all(|b| !b.message.is_empty() && (b.for_good || b.way_out.is_some())),
            "{blocks:?}"
        );
        blocks.into_iter().map(|b| b.id).collect()
    }

    #[test]
    fn an_ordinary_tombstone_is_not_blocked() {
        assert!(ids(&object(), &domain(), &RestoreRequest::default()).is_empty());
    }
}
