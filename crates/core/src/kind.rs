//! The classes of objects that the program knows about, and what each is called.

use serde::{Deserialize, Serialize};

use crate::Entry;
use crate::entry::has_class;

/// What an object is, as far as its recovery is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ObjectKind {
    /// `user` or `inetOrgPerson`.
    User,
    /// `group`, security or distribution.
    Group,
    /// `computer`.
    Computer,
    /// A managed service account (`msDS-GroupManagedServiceAccount`, `msDS-ManagedServiceAccount`).
    Gmsa,
    /// `organizationalUnit`.
    Ou,
    /// `container`.
    Container,
    /// `contact`.
    Contact,
    /// Anything else.
    Other,
}

impl ObjectKind {
    /// Every kind with its name, in the order of the help texts.
    pub const ALL: [(ObjectKind, &'static str); 8] = [
        (Self::User, "user"),
        (Self::Group, "group"),
        (Self::Computer, "computer"),
        (Self::Gmsa, "gmsa"),
        (Self::Ou, "ou"),
        (Self::Container, "container"),
        (Self::Contact, "contact"),
        (Self::Other, "other"),
    ];

    /// The kind of an object with these classes, most special first: a computer is a user too.
    pub fn of(entry: &Entry) -> Self {
        let classes = entry.values("objectClass");
        let is = |class: &str| has_class(classes, class);
        if is("msDS-GroupManagedServiceAccount") || is("msDS-ManagedServiceAccount") {
            Self::Gmsa
        } else if is("computer") {
            Self::Computer
        } else if is("user") || is("inetOrgPerson") {
            Self::User
        } else if is("group") {
            Self::Group
        } else if is("organizationalUnit") {
            Self::Ou
        } else if is("contact") {
            Self::Contact
        } else if classes.last().is_some_and(|c| c.eq_ignore_ascii_case(b"container")) {
            Self::Container
        } else {
            Self::Other
        }
    }

    /// The kind's name in tables and JSON.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, name)| name)
    }

    /// A filter that finds at least all objects of this kind among deleted ones, where `objectCategory` is gone. What it
    /// finds too many is told apart by [`Self::of`].
    pub fn filter(self) -> &'static str {
        match self {
            Self::User => {
                "(&(objectClass=user)(!(objectClass=computer))(!(objectClass=msDS-ManagedServiceAccount)))"
            }
            Self::Group => "(objectClass=group)",
            Self::Computer => {
                "(&(objectClass=computer)(!(objectClass=msDS-GroupManagedServiceAccount))(!(objectClass=msDS-ManagedServiceAccount)))"
            }
            Self::Gmsa => {
                "(|(objectClass=msDS-GroupManagedServiceAccount)(objectClass=msDS-ManagedServiceAccount))"
            }
            Self::Ou => "(objectClass=organizationalUnit)",
            Self::Container => "(objectClass=container)",
            Self::Contact => "(objectClass=contact)",
            // A group policy container is a container by class and not by kind, so containers are not left out here.
            Self::Other => {
                "(!(|(objectClass=user)(objectClass=group)(objectClass=organizationalUnit)(objectClass=contact)))"
            }
        }
    }

    /// Whether objects of this kind log on: they have a password and can be enabled.
    pub fn is_account(self) -> bool {
        matches!(self, Self::User | Self::Computer | Self::Gmsa)
    }

    /// Whether objects of this kind have others below them.
    pub fn is_container(self) -> bool {
        matches!(self, Self::Ou | Self::Container)
    }
}

impl std::fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_special_class_decides() {
        let kind = |classes: &[&str]| ObjectKind::of(&Entry::new("").with("objectClass", classes));
        assert_eq!(kind(&["top", "person", "organizationalPerson", "user"]), ObjectKind::User);
        assert_eq!(
            kind(&["top", "person", "organizationalPerson", "user", "inetOrgPerson"]),
            ObjectKind::User
        );
        assert_eq!(
            kind(&["top", "person", "organizationalPerson", "user", "computer"]),
            ObjectKind::Computer
        );
        let gmsa =
            ["top", "person", "organizationalPerson", "user", "computer", "msDS-GroupManagedServiceAccount"];
        assert_eq!(kind(&gmsa), ObjectKind::Gmsa);
        assert_eq!(kind(&["top", "container"]), ObjectKind::Container);
        assert_eq!(kind(&["top", "container", "groupPolicyContainer"]), ObjectKind::Other);
        assert_eq!(kind(&[]), ObjectKind::Other);
    }
}
