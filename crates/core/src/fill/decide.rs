//! What of the sources' offers is filled into an object, and why the rest is not.
//!
//! The same facts and wishes give the same answer, so that a plan can be derived again. Of several sources the first one that
//! has an acceptable value for an attribute counts; what `--set` or an option for the logon name gives wins over all of them.

use std::collections::BTreeSet;

use super::rule::{Rule, comes_with_a_value, rule};
use super::value::{Problem, problem, too_large};
use super::{Claim, Conflict, Fill, LOGON_NAME};
use crate::facts::{AttributeFacts, DomainFacts, ObjectFacts, Presence};
use crate::guards::is_logon_name;
use crate::kind::ObjectKind;
use crate::lifetime::State;
use crate::request::{RestoreRequest, SetRefusal, smtp_addresses};
use crate::value::Value;

/// The decision about one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filling {
    /// What is filled, each attribute once. Some may be there already.
    pub fills: Vec<Fill>,
    /// What is not filled and why, and what the sources say besides, for people.
    pub notes: Vec<String>,
    /// Where another source has something else than what is filled.
    pub conflicts: Vec<Conflict>,
}

/// The logon name that a source gives an object, where none is asked for and it has lost its own.
#[must_use]
pub fn logon_name<'a>(object: &ObjectFacts, request: &'a RestoreRequest) -> Option<&'a Fill> {
    let is_free = object.user_principal_name.is_none() && object.kind == ObjectKind::User;
    let mut offers = offers(object, request).filter(|fill| fill.attribute.eq_ignore_ascii_case(LOGON_NAME));
    offers.find(|fill| is_free && why_no_logon_name(fill, object, request).is_none())
}

/// Why what a source has must not even be kept: it would stand in plans and journals. Secrets, and what is larger than any value
/// that is filled.
#[must_use]
pub fn why_not_kept(fill: &Fill) -> Option<String> {
    match rule(&fill.attribute) {
        Rule::Never(refusal) => Some(never(refusal).to_owned()),
        _ => too_large(&fill.values),
    }
}

/// Decides about all that the sources have for an object.
#[must_use]
pub fn decide(domain: &DomainFacts, object: &ObjectFacts, request: &RestoreRequest) -> Filling {
    let mut deciding = Deciding { domain, object, request, out: Filling::default(), reasons: vec![] };
    deciding.out.notes.extend(request.fill_notes.get(&object.guid).into_iter().flatten().cloned());
    if object.presence == Presence::Deleted(State::Deleted) && request.fills.contains_key(&object.guid) {
        let text = "it comes back from the Recycle Bin with what it had: nothing is filled";
        deciding.out.notes.push(text.to_owned());
    }
    for fill in offers(object, request) {
        let is_given = request.set.iter().any(|w| w.attribute.eq_ignore_ascii_case(&fill.attribute));
        let settled =
            deciding.out.fills.iter().position(|f| f.attribute.eq_ignore_ascii_case(&fill.attribute));
        match settled {
            _ if is_given => {}
            Some(place) => deciding.another(place, fill),
            None => deciding.one(fill),
        }
    }
    deciding.finish()
}

/// What the sources have for an object, as far as it may be filled at all.
fn offers<'a>(object: &ObjectFacts, request: &'a RestoreRequest) -> impl Iterator<Item = &'a Fill> + use<'a> {
    let comes_back_bare =
        matches!(object.presence, Presence::Live | Presence::Absent | Presence::Deleted(State::Tombstone));
    let fills = request.fills.get(&object.guid).filter(|_| comes_back_bare && object.skipped.is_none());
    fills.into_iter().flatten()
}

fn is_named(request: &RestoreRequest, attribute: &str) -> bool {
    request.fill_attributes.iter().any(|name| name.eq_ignore_ascii_case(attribute))
}

/// Whether the directory shows that the object never had the attribute: a source that gives it one has it from elsewhere.
fn never_had(object: &ObjectFacts, attribute: &str) -> bool {
    object.had.as_ref().is_some_and(|had| !had.iter().any(|name| name.eq_ignore_ascii_case(attribute)))
}

/// Why something is not filled. Attributes that are not filled for one reason are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    /// Never; in words.
    Never(&'static str),
    NotInSchema,
    NeedsName,
    NeverHad,
    Unsure(String),
}

fn why_no_logon_name(fill: &Fill, object: &ObjectFacts, request: &RestoreRequest) -> Option<Why> {
    let is_named = is_named(request, LOGON_NAME);
    let name = text_of(fill);
    if request.upn.is_some() {
        return Some(Why::Given);
    }
    if !name.as_deref().is_some_and(is_logon_name) {
        return Some(Why::Said("it is no logon name".to_owned()));
    }
    match &fill.unsure {
        Some(why) if !is_named => Some(Why::Reason(Reason::Unsure(why.clone()))),
        _ if !is_named && never_had(object, LOGON_NAME) => Some(Why::Reason(Reason::NeverHad)),
        _ => None,
    }
}

/// Why one value is not filled.
enum Why {
    /// An option gives it.
    Given,
    Reason(Reason),
    Said(String),
}

fn text_of(fill: &Fill) -> Option<String> {
    match fill.values.as_slice() {
        [Value::Text(text)] => Some(text.clone()),
        _ => None,
    }
}

struct Deciding<'a> {
    domain: &'a DomainFacts,
    object: &'a ObjectFacts,
    request: &'a RestoreRequest,
    out: Filling,
    reasons: Vec<(Reason, String, Vec<&'a str>)>,
}

impl<'a> Deciding<'a> {
    fn one(&mut self, fill: &'a Fill) {
        if fill.attribute.eq_ignore_ascii_case(LOGON_NAME) {
            return self.logon_name(fill);
        }
        let is_named = is_named(self.request, &fill.attribute);
        let is_harmless = match rule(&fill.attribute) {
            Rule::Harmless => true,
            Rule::Named if is_named => false,
            Rule::Named => return self.because(Reason::NeedsName, fill),
            Rule::Never(refusal) => return self.because(Reason::Never(never(refusal)), fill),
        };
        let schema = match self.domain.attributes.get(&fill.attribute.to_lowercase()) {
            Some(None) => return self.because(Reason::NotInSchema, fill),
            Some(Some(schema)) if schema.is_system => {
                return self.because(Reason::Never(never(SetRefusal::System)), fill);
            }
            Some(Some(schema)) if schema.is_confidential => {
                return self.because(Reason::Never("the schema marks it as confidential"), fill);
            }
            Some(Some(schema)) => Some(schema),
            None => None,
        };
        match problem(&fill.attribute, &fill.values, is_harmless, schema) {
            Some(Problem::Bad(text)) => return self.say(fill, &text),
            Some(Problem::Odd(text)) if !is_named => {
                let text = format!("{text}; --fill-attribute {} takes it all the same", fill.attribute);
                return self.say(fill, &text);
            }
            _ => {}
        }
        if let (Some(why), false) = (&fill.unsure, is_named) {
            return self.because(Reason::Unsure(why.clone()), fill);
        }
        let Some(values) = self.values(fill, schema) else {
            return self.say(fill, "it names an object that is not in this directory");
        };
        let values = self.without_taken(fill, values);
        if values.is_empty() {
            return;
        }
        let present = self.object.present.iter().find(|(n, _)| n.eq_ignore_ascii_case(&fill.attribute));
        let present = present.map_or(&[][..], |(_, values)| values);
        if present.is_empty() {
            let is_link = schema.is_some_and(|s| s.is_link);
            if !is_named && !is_link && never_had(self.object, &fill.attribute) {
                return self.because(Reason::NeverHad, fill);
            }
        } else if is_named && comes_with_a_value(&fill.attribute) {
            // The directory has put it there, and nobody else.
        } else if present.len() != values.len() || !values.iter().all(|v| present.contains(v)) {
            return self.has_another(&fill.attribute, present, &values, &fill.source);
        }
        self.out.fills.push(Fill { values, ..fill.clone() });
    }

    /// What a further source has of an attribute that is settled: told where it is something else.
    fn another(&mut self, place: usize, fill: &'a Fill) {
        let schema = self.domain.attributes.get(&fill.attribute.to_lowercase()).and_then(Option::as_ref);
        let values = self.values(fill, schema).unwrap_or_else(|| fill.values.clone());
        let settled = &self.out.fills[place];
        // Not against what was left out of the first one's values because somebody else has it by now.
        let offered = offers(self.object, self.request)
            .find(|f| f.attribute.eq_ignore_ascii_case(&fill.attribute) && f.source == settled.source);
        let first = offered.and_then(|f| self.values(f, schema)).unwrap_or_else(|| settled.values.clone());
        if folded(&first) == folded(&values) {
            return;
        }
        let claim = |fill: &Fill, values| Claim { source: fill.source.clone(), at: fill.at, values };
        let other = claim(fill, values);
        match self.out.conflicts.iter_mut().find(|c| c.attribute.eq_ignore_ascii_case(&fill.attribute)) {
            Some(known) => known.others.push(other),
            None => self.out.conflicts.push(Conflict {
                attribute: settled.attribute.clone(),
                chosen: claim(settled, first),
                others: vec![other],
            }),
        }
    }

    /// Without the addresses that somebody else has by now; each is told.
    fn without_taken(&mut self, fill: &Fill, mut values: Vec<Value>) -> Vec<Value> {
        for (address, holder) in &self.object.address_holders {
            let before = values.len();
            values.retain(|value| {
                !smtp_addresses(&fill.attribute, std::slice::from_ref(value)).contains(address)
            });
            if values.len() < before {
                self.out.notes.push(format!(
                    "{} of {}: `{}` is not filled: `{}` has it now ({})",
                    shortened(&fill.attribute, 60),
                    fill.source,
                    shortened(address, 200),
                    holder.dn,
                    holder.attribute
                ));
            }
        }
        values
    }

    fn logon_name(&mut self, fill: &'a Fill) {
        if self.object.kind != ObjectKind::User {
            return;
        }
        match why_no_logon_name(fill, self.object, self.request) {
            Some(Why::Given) => return,
            Some(Why::Reason(reason)) => return self.because(reason, fill),
            Some(Why::Said(text)) => return self.say(fill, &text),
            None => {}
        }
        let own = self.object.user_principal_name.clone().map(|own| vec![Value::Text(own)]);
        match own {
            Some(own) if own != fill.values => {
                self.has_another(LOGON_NAME, &own, &fill.values, &fill.source);
            }
            _ => self.out.fills.push(fill.clone()),
        }
    }

    /// The values as the directory would give them, each once. `None` where one names an object that is not there.
    fn values(&self, fill: &Fill, schema: Option<&AttributeFacts>) -> Option<Vec<Value>> {
        let mut out: Vec<Value> = vec![];
        let mut seen: Vec<Value> = vec![];
        for value in &fill.values {
            let value = match value {
                Value::Text(text) if schema.is_some_and(|s| s.is_link) => {
                    let (_, found) = self.object.linked.iter().find(|(wanted, _)| wanted == text)?;
                    Value::Text(found.as_ref()?.to_string())
                }
                Value::Text(_) => value.clone(),
                Value::Base64(_) => Value::from_bytes(&value.to_bytes()?),
            };
            let folded = fold(&value);
            if !seen.contains(&folded) {
                seen.push(folded);
                out.push(value);
            }
        }
        Some(out)
    }

    fn has_another(&mut self, attribute: &str, has: &[Value], offered: &[Value], source: &str) {
        self.out.notes.push(format!(
            "{attribute} is not filled: the object has `{}`, and {source} has `{}`",
            shown(has),
            shown(offered)
        ));
    }

    fn say(&mut self, fill: &Fill, text: &str) {
        let attribute = shortened(&fill.attribute, 60);
        self.out.notes.push(format!("{attribute} of {} is not filled: {text}", fill.source));
    }

    fn because(&mut self, reason: Reason, fill: &'a Fill) {
        match self.reasons.iter_mut().find(|(r, source, _)| *r == reason && *source == fill.source) {
            Some((_, _, names)) => names.push(&fill.attribute),
            None => self.reasons.push((reason, fill.source.clone(), vec![&fill.attribute])),
        }
    }

    fn finish(mut self) -> Filling {
        for (reason, source, names) in self.reasons {
            let listed = listed(&names);
            self.out.notes.push(match reason {
                Reason::Never(why) => format!("not filled from {source}: {listed}: {why}"),
                Reason::NotInSchema => format!("not filled from {source}: {listed}: this forest's schema has no such attribute"),
                Reason::NeedsName => {
                    let options: Vec<String> =
                        names.iter().take(LISTED).map(|name| format!("--fill-attribute {}", shortened(name, 60))).collect();
                    format!("not filled from {source}: {listed}: needs {}", options.join(" "))
                }
                Reason::NeverHad => format!(
                    "not filled from {source}: {listed}: the directory does not show that the object ever had it; --fill-attribute \
                     ATTR fills it all the same"
                ),
                Reason::Unsure(why) => format!(
                    "not filled from {source}: {listed}: {why}; --fill-attribute ATTR fills what is named all the same"
                ),
            });
        }
        self.out
    }
}

/// Two values that differ in case only are one to the directory.
fn fold(value: &Value) -> Value {
    match value {
        Value::Text(text) => Value::Text(text.to_lowercase()),
        Value::Base64(_) => value.clone(),
    }
}

/// Values as a set in which equal ones are equal.
fn folded(values: &[Value]) -> BTreeSet<Vec<u8>> {
    values.iter().map(fold).filter_map(|value| value.to_bytes()).collect()
}

fn never(refusal: SetRefusal) -> &'static str {
    match refusal {
        SetRefusal::Secret => "it is a secret, which no source gives",
        SetRefusal::System => "the directory owns it",
        SetRefusal::HasOption(_) => "names, the account's state and memberships have options of their own",
        SetRefusal::NotAName => "it is not the name of an attribute",
    }
}

/// How many names or values a note lists.
const LISTED: usize = 20;

fn listed(names: &[&str]) -> String {
    let mut out: Vec<String> = names.iter().take(LISTED).map(|name| shortened(name, 60)).collect();
    if names.len() > LISTED {
        out.push(format!("and {} more", names.len() - LISTED));
    }
    out.join(", ")
}

pub(super) fn shown(values: &[Value]) -> String {
    if values.is_empty() {
        return "nothing".to_owned();
    }
    let mut out: Vec<String> = values.iter().take(LISTED).map(|v| shortened(&v.shown(), 200)).collect();
    if values.len() > LISTED {
        out.push(format!("and {} more", values.len() - LISTED));
    }
    out.join("; ")
}

fn shortened(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
