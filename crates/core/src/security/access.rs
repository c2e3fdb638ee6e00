//! Whether a descriptor grants a right to a caller ([MS-ADTS] 5.1.3.3, [MS-DTYP] 2.5.3.2).

use std::fmt;
use std::ops::BitOr;

use super::{Ace, AceFlags, AceKind, SecurityDescriptor, ids};
use crate::{ObjectGuid, Sid};

/// A set of rights: the access mask of a directory object ([MS-ADTS] 5.1.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Access(pub u32);

impl Access {
    /// No right.
    pub const NONE: Self = Self(0);
    /// Create a child (CC).
    pub const CREATE_CHILD: Self = Self(0x1);
    /// Delete a child (DC).
    pub const DELETE_CHILD: Self = Self(0x2);
    /// List the children (LC).
    pub const LIST_CHILDREN: Self = Self(0x4);
    /// Validated writes (SW).
    pub const SELF_WRITE: Self = Self(0x8);
    /// Read a property (RP).
    pub const READ_PROPERTY: Self = Self(0x10);
    /// Write a property (WP).
    pub const WRITE_PROPERTY: Self = Self(0x20);
    /// Delete the whole tree (DT).
    pub const DELETE_TREE: Self = Self(0x40);
    /// See the object where its container hides it (LO).
    pub const LIST_OBJECT: Self = Self(0x80);
    /// A control access right (CR).
    pub const CONTROL: Self = Self(0x100);
    /// Delete the object (SD).
    pub const DELETE: Self = Self(0x1_0000);
    /// Read the security descriptor (RC).
    pub const READ_CONTROL: Self = Self(0x2_0000);
    /// Write the DACL (WD).
    pub const WRITE_DACL: Self = Self(0x4_0000);
    /// Take the ownership (WO).
    pub const WRITE_OWNER: Self = Self(0x8_0000);
    /// Everything that a directory object knows.
    pub const ALL: Self = Self(0xF_01FF);

    /// With the generic rights replaced by what they stand for ([MS-ADTS] 5.1.3.2).
    #[must_use]
    pub fn specific(self) -> Self {
        const GENERIC: [(u32, u32); 4] = [
            (0x1000_0000, 0xF_01FF),
            (0x2000_0000, 0x2_0004),
            (0x4000_0000, 0x2_0028),
            (0x8000_0000, 0x2_0094),
        ];
        let mapped =
            GENERIC.iter().filter(|(generic, _)| self.0 & generic != 0).fold(self.0, |all, (_, m)| all | m);
        Self(mapped & 0x0FFF_FFFF)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Access {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// In the letters of SDDL ([MS-DTYP] 2.5.1.1): `RPWP`.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: [(u32, &str); 17] = [
            (0x1, "CC"),
            (0x2, "DC"),
            (0x4, "LC"),
            (0x8, "SW"),
            (0x10, "RP"),
            (0x20, "WP"),
            (0x40, "DT"),
            (0x80, "LO"),
            (0x100, "CR"),
            (0x1_0000, "SD"),
            (0x2_0000, "RC"),
            (0x4_0000, "WD"),
            (0x8_0000, "WO"),
            (0x1000_0000, "GA"),
            (0x2000_0000, "GX"),
            (0x4000_0000, "GW"),
            (0x8000_0000, "GR"),
        ];
        LETTERS.iter().filter(|(bit, _)| self.0 & bit != 0).try_for_each(|(_, letters)| f.write_str(letters))
    }
}

/// A right on an object, or on a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    access: Access,
    /// What an entry with an object type must name to be about this; an entry without one is about everything.
    about: Vec<ObjectGuid>,
}

impl Right {
    /// Rights on the object as a whole ([MS-ADTS] 5.1.3.3.2).
    pub fn object(access: Access) -> Self {
        Self { access, about: vec![] }
    }

    /// A control access right by its `rightsGuid` ([MS-ADTS] 5.1.3.3.4).
    pub fn control(right: impl Into<ObjectGuid>) -> Self {
        Self { access: Access::CONTROL, about: vec![right.into()] }
    }

    /// Writing one attribute by its `schemaIDGUID`, and by the property set that it belongs to (`attributeSecurityGUID`)
    /// ([MS-ADTS] 5.1.3.3.3).
    pub fn write(attribute: ids::Property) -> Self {
        Self::property(Access::WRITE_PROPERTY, attribute)
    }

    /// Reading one attribute.
    pub fn read(attribute: ids::Property) -> Self {
        Self::property(Access::READ_PROPERTY, attribute)
    }

    /// Creating a child of a class by its `schemaIDGUID`.
    pub fn create_child(class: impl Into<ObjectGuid>) -> Self {
        Self { access: Access::CREATE_CHILD, about: vec![class.into()] }
    }

    fn property(access: Access, attribute: ids::Property) -> Self {
        let guids = [Some(attribute.attribute), attribute.set];
        Self { access, about: guids.into_iter().flatten().map(Into::into).collect() }
    }
}

/// What a descriptor says about a caller's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Granted.
    Granted,
    /// An entry denies it before others could grant it.
    Denied,
    /// No entry grants it.
    NotGranted,
    /// It hangs on an entry with a condition, which only the server can evaluate.
    Conditional,
}

impl Decision {
    /// Yes or no, where that can be told.
    pub fn is_granted(self) -> Option<bool> {
        match self {
            Self::Granted => Some(true),
            Self::Denied | Self::NotGranted => Some(false),
            Self::Conditional => None,
        }
    }
}

impl SecurityDescriptor {
    /// Whether a caller with these SIDs has the right: entries in their order, each taking out of the wish what it grants, until
    /// nothing is left or one denies what is left.
    ///
    /// The token must hold `S-1-5-10` (SELF) where the object is the caller. Privileges (to take ownership, to back up) are not
    /// considered.
    pub fn access(&self, token: &[Sid], right: &Right) -> Decision {
        let Some(dacl) = &self.dacl else {
            return Decision::Granted;
        };
        let is_owner = self.owner.as_ref().is_some_and(|owner| token.contains(owner));
        let mut left = right.access.specific();
        if is_owner && !names_owner_rights(dacl) {
            left = left.without(Access::READ_CONTROL | Access::WRITE_DACL);
        }
        let (mut may_be_granted, mut may_be_denied) = (false, false);
        for ace in dacl.iter().filter(|ace| ace.is_about(token, is_owner, right)) {
            if left == Access::NONE {
                break;
            }
            let access = ace.access.specific();
            match ace.kind {
                AceKind::Allow => left = left.without(access),
                AceKind::Deny if access.meets(left) && may_be_granted => return Decision::Conditional,
                AceKind::Deny if access.meets(left) => return Decision::Denied,
                AceKind::AllowIf => may_be_granted |= access.meets(left),
                AceKind::DenyIf => may_be_denied |= access.meets(left),
                AceKind::Deny | AceKind::Other(_) => {}
            }
        }
        match left {
            Access::NONE if may_be_denied => Decision::Conditional,
            Access::NONE => Decision::Granted,
            _ if may_be_granted => Decision::Conditional,
            _ => Decision::NotGranted,
        }
    }
}

/// An entry for OWNER RIGHTS replaces what an owner has implicitly.
fn names_owner_rights(dacl: &[Ace]) -> bool {
    dacl.iter().any(|ace| {
        !ace.flags.has(AceFlags::INHERIT_ONLY)
            && ace.trustee.as_ref().is_some_and(|t| ids::is(t, ids::OWNER_RIGHTS))
    })
}

impl Ace {
    /// Whether the entry speaks about this caller and this right on the object itself.
    fn is_about(&self, token: &[Sid], is_owner: bool, right: &Right) -> bool {
        let Some(trustee) = &self.trustee else {
            return false;
        };
        !self.flags.has(AceFlags::INHERIT_ONLY)
            && self.object_type.is_none_or(|part| right.about.contains(&part))
            && (token.contains(trustee) || (is_owner && ids::is(trustee, ids::OWNER_RIGHTS)))
    }
}
