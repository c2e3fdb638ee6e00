//! The attributes of an object that get their old values again.

use super::SOURCE;
use super::past::{PastAttribute, same};
use super::plan::{Maker, by_hand};
use super::rule::{ACCOUNT_NAME, UAC, Way, way};
use crate::UserAccountControl;
use crate::facts::{ForestCheck, Holder};
use crate::fill::{LOGON_NAME, values_problem};
use crate::guards;
use crate::plan::{Action, Block, Step, Undo};
use crate::request::smtp_addresses;
use crate::text::printable;
use crate::value::Value;

/// Adds the steps for the attributes.
pub(super) fn add(maker: &mut Maker<'_>) {
    let past = maker.past;
    for attribute in &past.attributes {
        let name = attribute.attribute.as_str();
        if !maker.scope.includes(name) || same(&attribute.values, maker.present.values(name)) {
            continue;
        }
        match way(name) {
            Way::Silent => continue,
            Way::Told(why) => {
                maker.notes.push(format!("{name} was changed and stays: {why}"));
                continue;
            }
            Way::Named if !maker.scope.names(name) => {
                maker.notes.push(format!(
                    "{name} is {} and was {}: it is rolled back only by its name (--attribute {name})",
                    shown(maker.present.values(name)),
                    shown(&attribute.values)
                ));
                continue;
            }
            Way::Named | Way::Harmless => {}
        }
        if !maker.overwrites(name, attribute.later.as_ref()) {
            continue;
        }
        if name.eq_ignore_ascii_case(UAC) {
            account_state(maker, attribute);
        } else if let Some(values) = writable(maker, attribute) {
            step(maker, attribute, values);
        }
    }
}

fn step(maker: &mut Maker<'_>, past: &PastAttribute, values: Vec<Value>) {
    let present = maker.present.values(&past.attribute).to_vec();
    if same(&values, &present) {
        return;
    }
    let action = match values.as_slice() {
        [Value::Text(value)] if past.attribute.eq_ignore_ascii_case(LOGON_NAME) => {
            Action::SetUpn { value: value.clone(), source: None, at: None }
        }
        _ => Action::SetAttribute {
            attribute: past.attribute.clone(),
            values,
            source: SOURCE.to_owned(),
            at: Some(maker.request.to),
            only_if_absent: false,
        },
    };
    maker.steps.push(Step {
        action,
        why: why(past, &present),
        already: false,
        undo: Undo::Values { attribute: past.attribute.clone(), values: present },
    });
}

fn why(past: &PastAttribute, present: &[Value]) -> String {
    let changed = past.changed.iter().map(|changed| format!(", changed {}", changed.in_words()));
    format!("it is {} now{}", shown(present), changed.collect::<String>())
}

/// The values that may be written: what the schema or somebody else is in the way of is left to a person.
fn writable(maker: &mut Maker<'_>, past: &PastAttribute) -> Option<Vec<Value>> {
    let name = past.attribute.as_str();
    let was = shown(&past.values);
    let refuse = |maker: &mut Maker<'_>, why: String| {
        maker.steps.push(by_hand(format!("{name} was {was}: {why}"), String::new()));
        None
    };
    let schema = match maker.domain.attributes.get(&name.to_lowercase()) {
        Some(Some(schema)) if schema.is_confidential => {
            maker.notes.push(format!("{name} stays: the schema marks it as confidential"));
            return None;
        }
        // The directory writes it itself: it will change by itself.
        Some(Some(schema)) if schema.is_system || schema.is_link => return None,
        Some(Some(schema)) => schema,
        _ => return refuse(maker, "this forest's schema has no such attribute".to_owned()),
    };
    if !past.values.is_empty()
        && let Some(problem) = values_problem(name, &past.values, schema)
    {
        return refuse(maker, problem);
    }
    if name.eq_ignore_ascii_case(LOGON_NAME) || name.eq_ignore_ascii_case(ACCOUNT_NAME) {
        return match taken_name(maker, past) {
            Some(why) => refuse(maker, why),
            None => Some(past.values.clone()),
        };
    }
    Some(without_taken_addresses(maker, past))
}

/// Why a logon name or an account name cannot be given back.
fn taken_name(maker: &mut Maker<'_>, past: &PastAttribute) -> Option<String> {
    let is_logon_name = past.attribute.eq_ignore_ascii_case(LOGON_NAME);
    let name = match past.values.as_slice() {
        [Value::Text(name)] => name,
        // Without one is how a user may be; an account is called something.
        [] if is_logon_name => return None,
        _ => return Some("that is no name".to_owned()),
    };
    if !is_logon_name {
        let holder = others(maker, maker.around.accounts.get(&name.to_lowercase()))?;
        return Some(format!("`{}` has that account name now", holder.dn));
    }
    if !guards::is_logon_name(name) {
        return Some("that is no logon name".to_owned());
    }
    unchecked(maker, name);
    let holder = others(maker, maker.around.holders.get(&name.to_lowercase()))?;
    Some(format!("`{}` has that name now ({})", holder.dn, holder.attribute))
}

/// The addresses that nobody else has by now; each of the others is told.
fn without_taken_addresses(maker: &mut Maker<'_>, past: &PastAttribute) -> Vec<Value> {
    let present = maker.present.values(&past.attribute).to_vec();
    let mut out = vec![];
    for value in &past.values {
        let one = std::slice::from_ref(value);
        let addresses = smtp_addresses(&past.attribute, one);
        let is_new = !present.contains(value);
        let mut holder = None;
        for address in addresses.iter().filter(|_| is_new) {
            unchecked(maker, address);
            holder = others(maker, maker.around.holders.get(address)).cloned();
        }
        match holder {
            None => out.push(value.clone()),
            Some(holder) => {
                let text = format!(
                    "{} had {}, which `{}` has now ({})",
                    past.attribute,
                    value.shown(),
                    holder.dn,
                    holder.attribute
                );
                maker.steps.push(by_hand(text, String::new()));
            }
        }
    }
    // Of a single value that is taken nothing is left: what is there now is better than nothing.
    if out.is_empty() && !past.values.is_empty() { present } else { out }
}

fn others<'a>(maker: &Maker<'_>, holders: Option<&'a Vec<Holder>>) -> Option<&'a Holder> {
    holders?.iter().find(|holder| holder.guid != maker.past.guid)
}

/// A name of which nobody could say whether it is taken in the forest blocks, as in a restore.
fn unchecked(maker: &mut Maker<'_>, name: &str) {
    let ForestCheck::Unavailable(reason) = &maker.domain.forest else { return };
    if maker.request.allow_unchecked_forest || maker.blocks.iter().any(|b| b.id == "forest.unchecked") {
        return;
    }
    maker.blocks.push(Block {
        id: "forest.unchecked".to_owned(),
        message: format!("whether `{name}` is taken in the forest could not be asked: {reason}"),
        object: None,
        way_out: Some(
            "--server with a global catalogue, or --allow-unchecked-forest to go on with this domain's answer"
                .to_owned(),
        ),
        for_good: false,
    });
}

/// Only whether the account is enabled is rolled back; the other bits decide about rights.
fn account_state(maker: &mut Maker<'_>, past: &PastAttribute) {
    let was = match past.values.as_slice() {
        [Value::Text(text)] => UserAccountControl::parse(text),
        _ => None,
    };
    let (Some(was), Some(is)) = (was, maker.present.object.uac) else {
        maker.notes.push("userAccountControl cannot be read, then or now: it stays".to_owned());
        return;
    };
    let disabled = UserAccountControl::DISABLED;
    if was.without(disabled) != is.without(disabled) {
        maker.notes.push(format!(
            "userAccountControl is {} and was {}: of its bits only whether the account is enabled is rolled back",
            is.to_attribute(),
            was.to_attribute()
        ));
    }
    if was.is_enabled() == is.is_enabled() {
        return;
    }
    let changed = past.changed.iter().map(|changed| format!(", changed {}", changed.in_words()));
    let changed = changed.collect::<String>();
    maker.steps.push(match was.is_enabled() {
        true if is.has(UserAccountControl::PASSWORD_NOT_REQUIRED) => by_hand(
            "it was enabled; it needs no password by its userAccountControl, and may have none: it is not enabled".to_owned(),
            String::new(),
        ),
        true => Step {
            action: Action::Enable,
            why: format!("it was enabled{changed}"),
            already: false,
            undo: Undo::Disable,
        },
        false => Step {
            action: Action::Disable,
            why: format!("it was disabled{changed}"),
            already: false,
            undo: Undo::Enable,
        },
    });
}

/// How many values a text lists, and how long each may be.
const LISTED: usize = 5;
const LONGEST: usize = 120;

/// Values in words.
pub(super) fn shown(values: &[Value]) -> String {
    if values.is_empty() {
        return "not set".to_owned();
    }
    let one = |value: &Value| {
        let text = value.shown();
        let short: String = text.chars().take(LONGEST).collect();
        let dots = if short.len() < text.len() { "…" } else { "" };
        format!("`{}{dots}`", printable(&short))
    };
    let mut out: Vec<String> = values.iter().take(LISTED).map(one).collect();
    if values.len() > LISTED {
        out.push(format!("and {} more", values.len() - LISTED));
    }
    out.join(", ")
}
