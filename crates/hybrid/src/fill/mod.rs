//! Filling from the cloud: what the cloud object of a user still has of the attributes that a deletion took.
//!
//! [`offer`] says what there is; whether it is written is decided by the rules of `adrecover_core::fill`, which know what the
//! object has and has had. Nothing is offered of a cloud object that may be somebody else's (`claim.rs`), and what Microsoft
//! supports through Exchange's cmdlets only is offered for those who name it, and told as the cmdlet (`exchange.rs`).
//!
//! `docs/filling.md` says which attribute comes from which property.

mod addresses;
mod anchor;
mod claim;
mod exchange;
mod logon;
mod properties;
#[cfg(test)]
mod tests;

use std::path::Path;

use adrecover_core::fill::Fill;
use adrecover_core::time::Timestamp;
use adrecover_core::value::Value;
use chrono::SubsecRound;
use uuid::Uuid;

use crate::checks::{Case, name_of};
use crate::evidence::{Known, Mailbox, SourceFile, User};

use self::claim::Claim;

/// What the cloud has for one user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// The cloud object that it is of: two users cannot both be it.
    pub cloud_id: Option<Uuid>,
    /// The attributes.
    pub fills: Vec<Fill>,
    /// Why there is nothing, or what is left out, for people.
    pub notes: Vec<String>,
    /// What makes the user a remote mailbox for Exchange on premises: to be done by hand, unless the attributes are
    /// filled.
    pub remote_mailbox: Option<String>,
}

/// What is put together of one user.
struct Draft<'c, 'a> {
    case: &'c Case<'a>,
    user: User<'a>,
    /// The user's mailbox in the cloud.
    mailbox: Option<Mailbox<'a>>,
    source: Source,
    unsure: Option<String>,
    offer: Offer,
}

/// Where values come from.
#[derive(Debug, Clone)]
struct Source {
    name: String,
    at: Option<Timestamp>,
}

/// What the cloud has for the user of a case.
pub fn offer(case: &Case<'_>) -> Offer {
    let (user, unsure) = match claim::claim(case) {
        Claim::Certain(user) => (user, None),
        Claim::Unsure(user, why) => (user, Some(why)),
        Claim::None(why) => return Offer { notes: vec![why], ..Offer::default() },
    };
    let cloud_id = user.id().value();
    let mailboxes = case.evidence.zip(cloud_id).map(|(evidence, id)| {
        // Of several none is known to be the right one.
        evidence.mailboxes().by_external_directory_object_id(id)
    });
    let mut draft = Draft {
        case,
        user,
        mailbox: mailboxes.and_then(|found| found.only()),
        source: Source::of(user.sources()),
        unsure,
        offer: Offer { cloud_id, ..Offer::default() },
    };
    logon::add(&mut draft);
    let addresses = addresses::add(&mut draft);
    anchor::add(&mut draft);
    properties::add(&mut draft);
    exchange::add(&mut draft, &addresses);
    draft.offer
}

impl Draft<'_, '_> {
    fn text(&mut self, attribute: &str, value: &str) {
        self.texts(attribute, &[value.to_owned()], &self.source.clone());
    }

    fn texts(&mut self, attribute: &str, values: &[String], source: &Source) {
        let values = values.iter().map(|value| Value::from_bytes(value.as_bytes())).collect();
        self.values(attribute, values, source);
    }

    fn octets(&mut self, attribute: &str, value: &[u8], source: &Source) {
        self.values(attribute, vec![Value::from_bytes(value)], source);
    }

    /// What the schema of the forest does not have, no deletion has taken.
    fn has_schema(&self, attribute: &str) -> bool {
        match &self.case.setting.schema_lacks {
            Known::Value(lacks) => !lacks.iter().any(|name| name.eq_ignore_ascii_case(attribute)),
            _ => true,
        }
    }

    fn values(&mut self, attribute: &str, values: Vec<Value>, source: &Source) {
        if !self.has_schema(attribute) {
            return;
        }
        self.offer.fills.push(Fill {
            attribute: attribute.to_owned(),
            values,
            source: source.name.clone(),
            at: source.at,
            unsure: self.unsure.clone(),
        });
    }

    fn note(&mut self, text: String) {
        self.offer.notes.push(text);
    }
}

impl Source {
    /// Of several files the oldest counts: each of them may have given the value.
    fn of<'a>(files: impl Iterator<Item = &'a SourceFile>) -> Self {
        let (mut names, mut at): (Vec<String>, Option<Timestamp>) = (vec![], None);
        for file in files {
            let name = named(&file.path);
            if !names.contains(&name) {
                names.push(name);
            }
            let time = file.at.trunc_subsecs(0);
            at = Some(at.map_or(time, |oldest| oldest.min(time)));
        }
        let name = if names.is_empty() { "the cloud".to_owned() } else { names.join(" and ") };
        Self { name, at }
    }
}

/// The file's name; what was asked of the cloud itself has an address instead.
fn named(path: &Path) -> String {
    if path.to_string_lossy().starts_with("https://") { "Microsoft Graph".to_owned() } else { name_of(path) }
}

/// A text that is there and not blank, without blanks around it.
fn present(value: Known<&str>) -> Option<&str> {
    value.value().map(str::trim).filter(|text| !text.is_empty())
}
