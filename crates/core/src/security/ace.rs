//! Access control entries ([MS-DTYP] 2.4.4).

use super::{Access, u32_at};
use crate::{ObjectGuid, Sid};

/// One entry of an access control list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ace {
    /// What it does.
    pub kind: AceKind,
    /// How it is inherited.
    pub flags: AceFlags,
    /// The rights that it is about.
    pub access: Access,
    /// The property, property set, class or control access right that it is about; `None` for all.
    pub object_type: Option<ObjectGuid>,
    /// The class of objects that inherit it; `None` for all.
    pub inherited_object_type: Option<ObjectGuid>,
    /// Whom it is about; `None` only where the kind is [`AceKind::Other`].
    pub trustee: Option<Sid>,
}

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AceKind {
    /// It grants (ACCESS_ALLOWED and ACCESS_ALLOWED_OBJECT).
    Allow,
    /// It denies (ACCESS_DENIED and ACCESS_DENIED_OBJECT).
    Deny,
    /// It grants under a condition that is not evaluated here (the CALLBACK types).
    AllowIf,
    /// It denies under a condition that is not evaluated here.
    DenyIf,
    /// A type that decides nothing about access, or is not known.
    Other(u8),
}

/// The flags of an entry ([MS-DTYP] 2.4.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AceFlags(pub u8);

impl AceFlags {
    /// Containers below inherit it. Every object of a directory counts as a container.
    pub const CONTAINER_INHERIT: u8 = 0x02;
    /// Only what is directly below inherits it.
    pub const NO_PROPAGATE: u8 = 0x04;
    /// It says nothing about the object itself.
    pub const INHERIT_ONLY: u8 = 0x08;
    /// It came from a container above.
    pub const INHERITED: u8 = 0x10;

    /// Whether any of the bits is set.
    pub fn has(self, bits: u8) -> bool {
        self.0 & bits != 0
    }
}

const OBJECT_TYPE_PRESENT: u32 = 1;
const INHERITED_OBJECT_TYPE_PRESENT: u32 = 2;

impl Ace {
    /// Reads one entry, header included; `None` where it is damaged.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (&code, &flags) = (octets.first()?, octets.get(1)?);
        let flags = AceFlags(flags);
        let (kind, is_object) = match code {
            0 => (AceKind::Allow, false),
            1 => (AceKind::Deny, false),
            5 => (AceKind::Allow, true),
            6 => (AceKind::Deny, true),
            9 => (AceKind::AllowIf, false),
            10 => (AceKind::DenyIf, false),
            11 => (AceKind::AllowIf, true),
            12 => (AceKind::DenyIf, true),
            _ => return Some(Self::unknown(code, flags)),
        };
        let access = Access(u32_at(octets, 4)?);
        let (mut object_type, mut inherited_object_type, mut at) = (None, None, 8);
        if is_object {
            let present = u32_at(octets, 8)?;
            at = 12;
            if present & OBJECT_TYPE_PRESENT != 0 {
                object_type = Some(guid(octets, &mut at)?);
            }
            if present & INHERITED_OBJECT_TYPE_PRESENT != 0 {
                inherited_object_type = Some(guid(octets, &mut at)?);
            }
        }
        let (trustee, _) = Sid::read(octets.get(at..)?)?;
        Some(Self { kind, flags, access, object_type, inherited_object_type, trustee: Some(trustee) })
    }

    fn unknown(code: u8, flags: AceFlags) -> Self {
        Self {
            kind: AceKind::Other(code),
            flags,
            access: Access::NONE,
            object_type: None,
            inherited_object_type: None,
            trustee: None,
        }
    }

    /// The entry as an heir has it.
    pub(super) fn as_inherited(&self) -> Self {
        let mut flags = self.flags.0 & !AceFlags::INHERIT_ONLY | AceFlags::INHERITED;
        if self.flags.has(AceFlags::NO_PROPAGATE) {
            flags &= !(AceFlags::CONTAINER_INHERIT | AceFlags::NO_PROPAGATE);
        }
        Self { flags: AceFlags(flags), ..self.clone() }
    }
}

fn guid(octets: &[u8], at: &mut usize) -> Option<ObjectGuid> {
    let guid = ObjectGuid::from_wire(octets.get(*at..)?.get(..16)?).ok()?;
    *at += 16;
    Some(guid)
}
