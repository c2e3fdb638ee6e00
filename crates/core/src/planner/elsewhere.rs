//! Steps for groups of other domains of the forest.

use crate::facts::{GroupFacts, OtherDomain};
use crate::plan::{Action, Step, Undo};
use crate::request::RestoreRequest;

/// The step of a membership: one that is written on a domain controller of the group's domain, or what is left to a person, and
/// why.
pub(super) fn group(group: &GroupFacts, found: &OtherDomain, request: &RestoreRequest) -> Step {
    let wanted = &group.wanted;
    let text = match found {
        OtherDomain::Group { dn, guid, domain, protected, is_member } => {
            if !protected || request.allow_privileged {
                return Step {
                    action: Action::AddToGroup {
                        group: dn.clone(),
                        guid: *guid,
                        source: group.source.clone(),
                        domain: Some(domain.clone()),
                        at: group.at,
                    },
                    why: format!("{} lists it", group.source),
                    already: *is_member,
                    undo: Undo::RemoveFromGroup,
                };
            }
            format!(
                "`{dn}` is a protected group of the domain {domain}: add the object by hand, or give --allow-privileged"
            )
        }
        OtherDomain::Global { domain } => format!(
            "`{wanted}` is a global group of another domain, {domain}: such a group takes no members of this domain"
        ),
        OtherDomain::Missing { domain } => format!(
            "`{wanted}` lies in another domain, {domain}, which does not show a live group of that name to this account"
        ),
        OtherDomain::Unreachable { domain, reason } => format!(
            "`{wanted}` lies in another domain, {domain}, which could not be asked: add the object on a domain controller of that \
             domain, or run the same command again when it can ({reason})"
        ),
        OtherDomain::OtherForest => format!(
            "`{wanted}` lies in another domain, which is none of this forest: add the object on a domain controller of that domain"
        ),
    };
    Step { action: Action::Manual { text }, why: group.source.clone(), already: false, undo: Undo::Nothing }
}
