//! The rules that write `cloudFiltered`, in the order of their precedence: the first that applies and gives a value decides.
//!
//! Expressions are not evaluated, but for constants and the one of the default join rules.

use adrecover_core::Dn;

use crate::scope::conditions::{Answer, applies};
use crate::scope::facts::{Class, ObjectFacts};
use crate::scope::filters::{self, Outcome};
use crate::scope::model::{Connector, Direction, Mapping, MappingSource, Place, Rule};

/// The expression of `cloudFiltered` in the default join rules, without spaces and case: copies of these rules have it too.
const DEFAULT_EXPRESSION: &str = concat!(
    "iif(ispresent([iscriticalsystemobject])||ispresent([samaccountname])=false||[samaccountname]=\"support_388945a0\"",
    "||left([mailnickname],14)=\"systemmailbox{\"||left([samaccountname],4)=\"aad_\"||(left([mailnickname],4)=\"cas_\"",
    "&&(instr([mailnickname],\"}\")>0))||(left([samaccountname],4)=\"cas_\"&&(instr([samaccountname],\"}\")>0))",
    "||left([samaccountname],5)=\"msol_\"||cbool(iif(ispresent([msexchrecipienttypedetails]),",
    "bitand([msexchrecipienttypedetails],&h21c07000)>0,null))||cbool(instr(dncomponent(cref([dn]),1),\"\\\\0acnf:\")>0)",
    ",true,null)",
);

/// What the rules say of an object, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What comes out.
    pub outcome: Outcome,
    /// The name of the rule that decides, or cannot be told; `None` for the default ones.
    pub rule: Option<String>,
    /// Where it stands.
    pub at: Option<Place>,
}

impl Decision {
    fn of(rule: &Rule, outcome: Outcome) -> Self {
        Self { outcome, rule: Some(rule.name.clone()), at: Some(rule.at.clone()) }
    }

    fn plain(outcome: Outcome) -> Self {
        Self { outcome, rule: None, at: None }
    }
}

/// What a rule gives to `cloudFiltered` where it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    True,
    False,
    /// The next rule is asked.
    Nothing,
    /// What the default filters say; where they say nothing the next rule is asked.
    Default,
    NotUnderstood,
}

/// The custom rules of a connector that write `cloudFiltered` for objects of a class, the one that wins first.
pub(crate) fn custom<'a>(connector: &'a Connector, class: Class<'a>) -> Vec<(&'a Rule, &'a Mapping)> {
    let rules = connector.rules.iter().flatten();
    let is_for = |rule: &&Rule| {
        rule.is_custom()
            && rule.direction == Direction::Inbound
            && !rule.disabled
            && class.fits(rule.source_type.as_deref())
    };
    let mut found: Vec<_> =
        rules.filter(is_for).filter_map(|rule| Some((rule, rule.mapping("cloudFiltered")?))).collect();
    found.sort_by_key(|(rule, _)| rule.precedence.unwrap_or(i64::MAX));
    found
}

/// `scope.customRule`: what the custom rules say of an object, without the default ones.
pub fn custom_rule(connector: &Connector, dn: &Dn, facts: &ObjectFacts) -> Decision {
    decide(connector, dn, facts, Decision::plain(Outcome::Passes))
}

/// What all rules that write `cloudFiltered` say; `last` is what comes out where no custom rule decides.
pub(crate) fn decide(connector: &Connector, dn: &Dn, facts: &ObjectFacts, last: Decision) -> Decision {
    let mut rest = last;
    for (rule, mapping) in custom(connector, facts.class(dn)).into_iter().rev() {
        let then = match given(mapping, facts) {
            Given::True => {
                let text = format!("the rule `{}` sets cloudFiltered to True", rule.name);
                Decision::of(rule, Outcome::Filtered(text))
            }
            Given::False => Decision::of(rule, Outcome::Passes),
            Given::Nothing => rest.clone(),
            Given::Default => match of_default(dn, facts) {
                Outcome::Passes => rest.clone(),
                other => Decision::of(rule, other),
            },
            Given::NotUnderstood => Decision::of(rule, not_understood(rule, mapping)),
        };
        rest = match applies(&rule.scope, facts) {
            Answer::No => rest,
            Answer::Yes => then,
            // It does not matter whether it applies.
            Answer::Unknown { .. } if kind(&then) == kind(&rest) => rest,
            Answer::Unknown { why, attributes } => {
                let why = format!("whether the rule `{}` filters it cannot be told: {why}", rule.name);
                Decision::of(rule, Outcome::Unknown { why, attributes })
            }
        };
    }
    rest
}

/// What can be told of the default filters of `cloudFiltered`: with the name alone, only what is in the name.
pub(crate) fn of_default(dn: &Dn, facts: &ObjectFacts) -> Outcome {
    if facts.is_name_only() {
        return filters::conflict_name(dn, facts);
    }
    filters::together(&filters::OF_CLOUD_FILTERED, dn, facts)
}

/// Passing, filtering, or neither.
fn kind(decision: &Decision) -> Option<bool> {
    match decision.outcome {
        Outcome::Passes => Some(true),
        Outcome::Filtered(_) => Some(false),
        Outcome::Unknown { .. } => None,
    }
}

fn not_understood(rule: &Rule, mapping: &Mapping) -> Outcome {
    let attributes = match &mapping.source {
        MappingSource::Expression { text, attributes } if attributes.is_empty() => {
            crate::scope::wizard::bracketed(text)
        }
        MappingSource::Expression { attributes, .. } => attributes.clone(),
        MappingSource::Attribute(name) => vec![name.clone()],
        MappingSource::Constant(_) => vec![],
    };
    let of = if attributes.is_empty() { String::new() } else { format!(" of {}", attributes.join(", ")) };
    let why = format!("the rule `{}` filters by an expression{of} that is not evaluated here", rule.name);
    Outcome::Unknown { why, attributes }
}

fn given(mapping: &Mapping, facts: &ObjectFacts) -> Given {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    match &mapping.source {
        MappingSource::Constant(text) | MappingSource::Expression { text, .. } => {
            match plain(text).as_str() {
                "true" | "cbool(true)" | "cbool(\"true\")" | "\"true\"" => Given::True,
                "false" | "cbool(false)" | "cbool(\"false\")" | "\"false\"" => Given::False,
                "" | "null" | "ignorethisflow" => Given::Nothing,
                // It decides, with nothing.
                "authoritativenull" => Given::False,
                text if text == DEFAULT_EXPRESSION => Given::Default,
                _ => Given::NotUnderstood,
            }
        }
        MappingSource::Attribute(name) => match facts.get(name).values() {
            Some([]) => Given::Nothing,
            Some([one]) if one.eq_ignore_ascii_case("true") => Given::True,
            Some([one]) if one.eq_ignore_ascii_case("false") => Given::False,
            _ => Given::NotUnderstood,
        },
    }
}

/// Whether a rule brings users of this class into the engine where the default one is switched off. `None` where it is not.
pub(crate) fn joined(connector: &Connector, class: Class<'_>, facts: &ObjectFacts) -> Option<Decision> {
    let tag = match class {
        Class::Named("inetOrgPerson") => "Microsoft.InfromADInetOrgPersonJoin",
        _ if class.may_be_user() => "Microsoft.InfromADUserJoin",
        _ => return None,
    };
    let rules = connector.rules.as_ref()?;
    let of_setup = |rule: &&Rule| {
        rule.immutable_tag.as_ref().is_some_and(|t| crate::scope::model::has_prefix(t, tag))
            && !rule.is_custom()
    };
    let default = rules.iter().find(of_setup).filter(|rule| rule.disabled)?;
    let provisions = |rule: &&Rule| {
        rule.direction == Direction::Inbound
            && !rule.disabled
            && rule.link_type.as_ref().is_some_and(|t| t.eq_ignore_ascii_case("Provision"))
            && class.fits(rule.source_type.as_deref())
    };
    let mut unknown = None;
    for rule in rules.iter().filter(provisions) {
        match applies(&rule.scope, facts) {
            Answer::Yes => return Some(Decision::of(rule, Outcome::Passes)),
            Answer::No => {}
            Answer::Unknown { why, attributes } => {
                let why = format!("whether the rule `{}` takes it cannot be told: {why}", rule.name);
                unknown = Some(Decision::of(rule, Outcome::Unknown { why, attributes }));
            }
        }
    }
    let text = || format!("the rule `{}` is disabled, and no other takes it", default.name);
    Some(unknown.unwrap_or_else(|| Decision::of(default, Outcome::Filtered(text()))))
}

/// What the scoping filters of Cloud Sync say.
pub(crate) fn scoping(connector: &Connector, dn: &Dn, facts: &ObjectFacts) -> Decision {
    let class = facts.class(dn);
    let mut unknown = None;
    for filter in connector.filters.iter().filter(|f| class.fits(Some(&f.source_type))) {
        let name = format!("scoping filter for {}", filter.source_type);
        let decision = |outcome| Decision { outcome, rule: Some(name.clone()), at: Some(filter.at.clone()) };
        match applies(&filter.scope, facts) {
            Answer::Yes => {}
            Answer::No => return decision(Outcome::Filtered(format!("the {name} does not take it"))),
            Answer::Unknown { why, attributes } => {
                let why = format!("whether the {name} takes it cannot be told: {why}");
                unknown = Some(decision(Outcome::Unknown { why, attributes }));
            }
        }
    }
    unknown.unwrap_or_else(|| Decision::plain(Outcome::Passes))
}

/// The attributes that the custom rules and scoping filters of a connector look at.
pub(crate) fn attributes(connector: &Connector) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    let scopes = connector.filters.iter().map(|f| &f.scope);
    let rules = connector.rules.iter().flatten().filter(|r| {
        r.direction == Direction::Inbound
            && !r.disabled
            && (r.is_custom() && r.mapping("cloudFiltered").is_some()
                || r.link_type.as_deref() == Some("Provision"))
    });
    let rules: Vec<&Rule> = rules.collect();
    for scope in scopes.chain(rules.iter().map(|r| &r.scope)) {
        if let crate::scope::model::RuleScope::Groups(groups) = scope {
            names.extend(groups.iter().flatten().map(|c| c.attribute.clone()));
        }
    }
    let direct = rules.iter().filter_map(|r| match &r.mapping("cloudFiltered")?.source {
        MappingSource::Attribute(name) => Some(name.clone()),
        _ => None,
    });
    names.extend(direct);
    // What is no attribute of the directory would make a search fail.
    names.retain(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    names.sort_by_key(|n| n.to_ascii_lowercase());
    names.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    names
}
