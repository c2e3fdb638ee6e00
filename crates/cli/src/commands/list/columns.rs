//! The columns of the list.

use std::str::FromStr;

use adrecover_core::Dn;
use adrecover_core::deleted::{DeletedObject, ParentState};
use adrecover_core::time::{Timestamp, rfc3339};

use crate::printer::table;

/// Who tells of the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// A domain controller, that would restore them.
    Live,
    /// A file: it knows what cannot be restored, and not what can be today.
    File,
}

impl Sight {
    /// Whether it is known whether an object can be restored.
    pub(super) fn is_known(self, object: &DeletedObject) -> bool {
        self == Self::Live || !object.restorable
    }
}

/// A field of a list item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Account,
    Type,
    State,
    Deleted,
    DeletedOn,
    Expires,
    DaysLeft,
    Parent,
    ParentState,
    Restorable,
    Because,
    Upn,
    Rdn,
    Sid,
    Dn,
    Guid,
    Fill,
}

impl Column {
    /// What CSV has.
    pub(super) const ALL: [Self; 18] = [
        Self::Guid,
        Self::Name,
        Self::Type,
        Self::State,
        Self::Account,
        Self::Upn,
        Self::Sid,
        Self::Deleted,
        Self::DeletedOn,
        Self::Expires,
        Self::DaysLeft,
        Self::Parent,
        Self::ParentState,
        Self::Restorable,
        Self::Because,
        Self::Rdn,
        Self::Dn,
        Self::Fill,
    ];

    /// What a table has.
    pub(super) const USUAL: [Self; 8] = [
        Self::Name,
        Self::Account,
        Self::Type,
        Self::Deleted,
        Self::DaysLeft,
        Self::Parent,
        Self::Restorable,
        Self::Guid,
    ];

    /// The field's name in JSON and CSV.
    pub(super) fn key(self) -> &'static str {
        self.words().0
    }

    /// The JSON name, the short name, and what stands above the column.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Name => ("name", "name", "NAME"),
            Self::Account => ("samAccountName", "account", "ACCOUNT"),
            Self::Type => ("type", "type", "TYPE"),
            Self::State => ("state", "state", "STATE"),
            Self::Deleted => ("deletedAt", "deleted", "DELETED (UTC)"),
            Self::DeletedOn => ("deletedOn", "dc", "DELETED ON"),
            Self::Expires => ("expiresAt", "expires", "EXPIRES (UTC)"),
            Self::DaysLeft => ("daysLeft", "days", "DAYS LEFT"),
            Self::Parent => ("lastKnownParent", "parent", "LAST PARENT"),
            Self::ParentState => ("parentState", "parent-state", "PARENT"),
            Self::Restorable => ("restorable", "restorable", "RESTORABLE"),
            Self::Because => ("notRestorableBecause", "because", "WHY NOT"),
            Self::Upn => ("userPrincipalName", "upn", "UPN"),
            Self::Rdn => ("rdn", "rdn", "RDN"),
            Self::Sid => ("sid", "sid", "SID"),
            Self::Dn => ("dn", "dn", "DN"),
            Self::Guid => ("guid", "guid", "GUID"),
            Self::Fill => ("canFillFrom", "fill", "FILL FROM"),
        }
    }

    /// The column of a table.
    pub(super) fn heading(self) -> table::Column {
        let may_shrink = matches!(
            self,
            Self::Name | Self::Account | Self::Parent | Self::Upn | Self::Rdn | Self::Dn | Self::DeletedOn
        );
        table::Column { title: self.words().2, may_shrink, right: self == Self::DaysLeft }
    }

    /// The value as CSV has it: as in JSON, nothing for `null`.
    pub(super) fn raw(self, object: &DeletedObject, sight: Sight) -> String {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let time = |value: Option<Timestamp>| value.map(rfc3339).unwrap_or_default();
        match self {
            Self::Name => object.name.clone(),
            Self::Account => text(&object.sam_account_name),
            Self::Type => object.kind.name().to_owned(),
            Self::State => object.state.name().to_owned(),
            Self::Deleted => time(object.deleted_at),
            Self::DeletedOn => text(&object.deleted_on),
            Self::Expires => time(object.expires_at),
            Self::DaysLeft => object.days_left.map(|n| n.to_string()).unwrap_or_default(),
            Self::Parent => text(&object.last_known_parent),
            Self::ParentState => object.parent_state.map(|s| s.name().to_owned()).unwrap_or_default(),
            Self::Restorable if !sight.is_known(object) => String::new(),
            Self::Restorable => object.restorable.to_string(),
            Self::Because => object.not_restorable_because.map(|b| b.name().to_owned()).unwrap_or_default(),
            Self::Upn => text(&object.user_principal_name),
            Self::Rdn => object.rdn.clone(),
            Self::Sid => object.sid.as_ref().map(ToString::to_string).unwrap_or_default(),
            Self::Dn => object.dn.clone(),
            Self::Guid => object.guid.to_string(),
            Self::Fill => object.can_fill_from.join(" "),
        }
    }

    /// The value for people.
    pub(super) fn shown(self, object: &DeletedObject, sight: Sight) -> String {
        let time =
            |value: Option<Timestamp>| value.map_or("?".into(), |t| t.format("%Y-%m-%d %H:%M").to_string());
        match self {
            Self::Deleted => time(object.deleted_at),
            Self::Expires => object.expires_at.map_or_else(|| "-".into(), |t| time(Some(t))),
            Self::Parent => parent(object),
            Self::Restorable => match object.not_restorable_because {
                None if !sight.is_known(object) => "?".into(),
                None => "yes".into(),
                Some(because) => format!("no: {}", because.name()),
            },
            other => match other.raw(object, sight) {
                empty if empty.is_empty() => "-".into(),
                value => value,
            },
        }
    }
}

/// The last parent, marked where it is not there any more. A parent that is deleted itself is shown by its old name.
fn parent(object: &DeletedObject) -> String {
    let Some(dn) = &object.last_known_parent else { return "?".into() };
    let mark = match object.parent_state {
        Some(ParentState::Deleted) => " (deleted)",
        Some(ParentState::Missing) => " (missing)",
        Some(ParentState::Live) | None => "",
    };
    let old = dn.parse::<Dn>().ok().and_then(|dn| Some(dn.rdn()?.unmangled()?.0.to_string()));
    format!("{}{mark}", old.as_deref().unwrap_or(dn))
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.trim();
        let is = |word: &str| word.eq_ignore_ascii_case(wanted);
        Self::ALL.into_iter().find(|c| is(c.words().0) || is(c.words().1)).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.iter().map(|c| c.words().0).collect();
            format!("there is no such field; there are {}", known.join(", "))
        })
    }
}
