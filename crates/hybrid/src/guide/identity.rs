//! By what a user is known, here and in the cloud.

use uuid::Uuid;

use super::Inputs;
use crate::evidence::{User, UserField};
use crate::graph::Key;

/// By what a cloud object claims a user, the strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum By {
    /// `sAMAccountName`: unique in its domain only.
    Account,
    /// Any address.
    Address,
    /// The primary SMTP address.
    Smtp,
    /// The UPN.
    Upn,
    /// The DN on premises.
    Dn,
    /// The SID on premises.
    Sid,
    /// `onPremisesObjectIdentifier`.
    ObjectIdentifier,
    /// The source anchor.
    Anchor,
    /// Its own object id.
    ObjectId,
}

impl By {
    /// The name in JSON and tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Account => "samAccountName",
            Self::Address => "proxyAddresses",
            Self::Smtp => "primarySmtpAddress",
            Self::Upn => "userPrincipalName",
            Self::Dn => "distinguishedName",
            Self::Sid => "sid",
            Self::ObjectIdentifier => "onPremisesObjectIdentifier",
            Self::Anchor => "sourceAnchor",
            Self::ObjectId => "objectId",
        }
    }
}

/// All that the user is known by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    pub(crate) keys: Vec<(By, String)>,
    /// `msExchMailboxGuid`.
    pub(super) exchange_guid: Option<Uuid>,
}

impl Keys {
    /// From what the user was called, and from the directory.
    pub(crate) fn of(inputs: &Inputs<'_>) -> Self {
        let mut keys = Self::default();
        if let Some(called) = inputs.called.map(str::trim).filter(|c| !c.is_empty()) {
            keys.called(called);
        }
        let Some(facts) = inputs.facts else { return keys };
        let mut add = |by, value: &Option<String>| {
            if let Some(value) = value {
                keys.add(by, value.clone());
            }
        };
        add(By::Sid, &facts.sid);
        add(By::Upn, &facts.upn);
        add(By::Smtp, &facts.primary_smtp);
        add(By::Account, &facts.account);
        add(By::Dn, &facts.dn);
        if let Some(guid) = facts.guid {
            // The anchor is one of the two: the other one is nobody's.
            keys.add(By::Anchor, facts.consistency_anchor.clone().unwrap_or_else(|| guid.source_anchor()));
            keys.add(By::ObjectIdentifier, guid.to_string());
        }
        keys.exchange_guid = facts.exchange_guid;
        keys
    }

    fn called(&mut self, called: &str) {
        for key in Key::of_name(called) {
            match key {
                Key::Id(id) => self.add(By::ObjectId, id.to_string()),
                Key::ImmutableId(anchor) => self.add(By::Anchor, anchor),
                Key::Sid(sid) => self.add(By::Sid, sid),
                Key::UserPrincipalName(upn) => self.add(By::Upn, upn),
                Key::Address(address) => self.add(By::Smtp, address),
                Key::SamAccountName(account) => self.add(By::Account, account),
            }
        }
        if self.keys.is_empty() && called.contains('=') {
            self.add(By::Dn, called.to_owned());
        }
    }

    fn add(&mut self, by: By, value: String) {
        if !self.keys.iter().any(|(known, text)| *known == by && text.eq_ignore_ascii_case(&value)) {
            self.keys.push((by, value));
        }
    }

    /// With what a cloud user that was found adds.
    pub(super) fn with(mut self, user: Option<User<'_>>) -> Self {
        let Some(user) = user else { return self };
        if let Some(upn) = user.upn().value() {
            self.add(By::Upn, upn.to_owned());
        }
        for address in user.primary_smtp().value().unwrap_or_default() {
            self.add(By::Smtp, address.to_owned());
        }
        if let Some(mail) = user.text(UserField::Mail).value() {
            self.add(By::Smtp, mail.to_owned());
        }
        self
    }

    /// Those that Graph looks for.
    pub(super) fn of_graph(self) -> Vec<Key> {
        let key = |(by, value): (By, String)| match by {
            By::ObjectId => value.parse().ok().map(Key::Id),
            By::Anchor => Some(Key::ImmutableId(value)),
            By::Sid => Some(Key::Sid(value)),
            By::Upn => Some(Key::UserPrincipalName(value)),
            By::Smtp | By::Address => Some(Key::Address(value)),
            By::Account => Some(Key::SamAccountName(value)),
            By::ObjectIdentifier | By::Dn => None,
        };
        self.keys.into_iter().filter_map(key).collect()
    }

    /// The values of one kind.
    pub(super) fn all(&self, by: By) -> impl Iterator<Item = &str> {
        self.keys.iter().filter(move |(known, _)| *known == by).map(|(_, value)| value.as_str())
    }

    /// The first value of one kind.
    pub(super) fn first(&self, by: By) -> Option<&str> {
        self.all(by).next()
    }
}
