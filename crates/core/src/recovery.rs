//! The part of a plan that lies beyond the directory: the synchronisation, and the cloud.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::value::Value;

/// The attribute by which the default rules of Entra Connect leave a user out: they take no user whose value begins with
/// `User_` (rule "In from AD - User Join", seen in exported rules of version 1.1 and later).
pub const FILTERING_ATTRIBUTE: &str = "adminDescription";
/// The value with which a user is left out until its recovery is complete.
pub const FILTERING_VALUE: &str = "User_adrecover: held until its recovery is complete";

/// When a step has its turn. Every object has done one stage before any begins with the next: the synchronisation is one for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The synchronisation is held, before anything else.
    Hold,
    /// The directory.
    Directory,
    /// What has to be so before the synchronisation goes on.
    Gate,
    /// The synchronisation is let go.
    Release,
    /// It is run.
    Sync,
    /// The cloud users come back.
    Arrival,
    /// What is left to do in the cloud.
    Cloud,
}

impl Stage {
    /// The stages after the directory, in their order.
    pub const AFTERWARDS: [Stage; 5] = [Self::Gate, Self::Release, Self::Sync, Self::Arrival, Self::Cloud];
}

/// Who carries out a step of the synchronisation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Hand {
    /// A person.
    #[default]
    Person,
    /// This program, by a command on the server of the synchronisation.
    Command,
    /// This program, by an attribute of the user that the rules of the synchronisation leave out.
    Attribute {
        /// The values that the attribute has when the user is not held.
        then: Vec<Value>,
    },
}

impl Hand {
    /// Whether it is a person.
    pub fn is_person(&self) -> bool {
        *self == Self::Person
    }
}

/// What a plan waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Awaited {
    /// The cloud user is live, and linked to this object.
    CloudUser {
        /// The source anchor: base64 of 16 octets.
        anchor: String,
        /// The object id of the cloud user that was in the bin, or is live already: another one would be a second account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Uuid>,
    },
    /// The cloud user has the licences that it had.
    Licences {
        /// Its source anchor.
        anchor: String,
        /// The products.
        products: Vec<Uuid>,
    },
    /// The mailbox is live and belongs to the cloud user.
    Mailbox {
        /// Its source anchor.
        anchor: String,
        /// The mailbox that it had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exchange_guid: Option<Uuid>,
    },
}

/// A licence that is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The product.
    pub product: Uuid,
    /// The plans of it that are switched off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Uuid>,
}

/// What is changed of a live cloud user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum CloudChange {
    /// It is given these licences; none is taken away.
    Licences {
        /// Each of them.
        add: Vec<Grant>,
    },
    /// Its country, which licences need.
    UsageLocation {
        /// As two letters.
        country: String,
    },
}

/// What is waited for, as a fragment.
impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloudUser { user: Some(user), .. } => write!(f, "the cloud user {user} is live and linked"),
            Self::CloudUser { user: None, .. } => f.write_str("the cloud user is live and linked"),
            Self::Licences { products, .. } => {
                write!(f, "the cloud user has the licences that it had: {}", listed(products))
            }
            Self::Mailbox { .. } => f.write_str("the mailbox is live and the cloud user's own"),
        }
    }
}

/// The change, as a fragment.
impl fmt::Display for CloudChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Licences { add } => {
                let told = add.iter().map(|grant| match grant.without.len() {
                    0 => grant.product.to_string(),
                    n => format!("{} without {n} of its plans, as before", grant.product),
                });
                write!(f, "give it the licences {}", told.collect::<Vec<_>>().join(", "))
            }
            Self::UsageLocation { country } => write!(f, "set its country to {country}"),
        }
    }
}

fn listed(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ")
}
