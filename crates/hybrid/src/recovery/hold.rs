//! Whether a user may be held by the attribute that the default rules leave out.

use adrecover_core::recovery::{FILTERING_ATTRIBUTE, FILTERING_VALUE};

use crate::checks::{Case, CloudObject};
use crate::scope::Reason;
use crate::scope::model::{Connector, Direction, Engine};

/// Why not, and the way out. Fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRefusal {
    /// Why.
    pub why: String,
    /// What to do instead.
    pub way_out: &'static str,
}

const INSTEAD: &str = "leave --hold-sync out: the plan holds the synchronisation itself";

/// Holding a user by an attribute takes it out of the scope. That is harmless only where the cloud user lies in the bin already: a
/// live one would be deleted. And it works only where the rules are those that the setup wrote.
pub fn may_hold_by_attribute(case: &Case<'_>) -> Result<(), HoldRefusal> {
    let refuse = |why: String| Err(HoldRefusal { why, way_out: INSTEAD });
    match &case.cloud {
        CloudObject::One(user, _) if user.is_deleted() => {}
        CloudObject::None => {}
        CloudObject::One(..) => {
            return refuse(
                "the cloud user is live: the next synchronisation would delete it when the user is left out"
                    .to_owned(),
            );
        }
        CloudObject::NoEvidence => {
            return Err(HoldRefusal {
                why: "whether the cloud user is deleted already is not known".to_owned(),
                way_out: "give --cloud PATH, or --cloud graph",
            });
        }
        CloudObject::Unknown(why) => {
            return refuse(format!("whether the cloud user is deleted already is not known: {why}"));
        }
    }
    let Some(sync) = case.sync else {
        return Err(HoldRefusal {
            why: "the rules of the synchronisation are not known".to_owned(),
            way_out: "give --sync-config PATH",
        });
    };
    let connectors = case.connectors();
    if connectors.is_empty() {
        return refuse("no connector of the configuration has the user's domain".to_owned());
    }
    for connector in connectors {
        if let Some(why) = has_other_rules(connector) {
            return refuse(why);
        }
    }
    let facts = case.facts().clone();
    let left_out =
        sync.evaluator.verdict(&case.subject.dn, &facts.with(FILTERING_ATTRIBUTE, [FILTERING_VALUE]));
    match (left_out.in_scope, left_out.reason) {
        (Some(false), Reason::FilteredByRule) => Ok(()),
        (Some(false), _) => refuse("the user is not in the scope of the synchronisation anyway".to_owned()),
        _ => refuse(format!(
            "by the configuration a user with {FILTERING_ATTRIBUTE} = `User_…` is taken all the same"
        )),
    }
}

/// What of a connector is not as the setup writes it, as far as users are concerned.
fn has_other_rules(connector: &Connector) -> Option<String> {
    if connector.engine != Engine::ConnectSync {
        return Some("Cloud Sync knows no such attribute".to_owned());
    }
    let Some(rules) = &connector.rules else {
        return Some("the configuration does not hold the rules".to_owned());
    };
    let is_of_users = |class: &Option<String>| {
        class.as_ref().is_none_or(|class| {
            class.eq_ignore_ascii_case("user") || class.eq_ignore_ascii_case("inetOrgPerson")
        })
    };
    let decides = |rule: &&crate::scope::model::Rule| {
        let provisions = rule.link_type.as_ref().is_some_and(|link| link.eq_ignore_ascii_case("Provision"));
        rule.direction == Direction::Inbound
            && !rule.disabled
            && rule.is_custom()
            && is_of_users(&rule.source_type)
            && (provisions || rule.mapping("cloudFiltered").is_some())
    };
    let rule = rules.iter().find(decides)?;
    Some(format!("the rule `{}` is not one of the setup, and decides who is taken", rule.name))
}
