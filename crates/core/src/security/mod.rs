//! Security descriptors of directory objects: read from their octets, and asked whether they grant a right.
//!
//! [`SecurityDescriptor`] is the self-relative form of [MS-DTYP] 2.4.6, as `nTSecurityDescriptor` holds it. What it says about
//! a caller is decided as in [MS-ADTS] 5.1.3.3. The octets come from a server and may be anything: reading them ends in a value
//! or in [`NotADescriptor`], never in a panic.

mod access;
mod ace;
pub mod ids;
#[cfg(test)]
mod tests;

pub use access::{Access, Decision, Right};
pub use ace::{Ace, AceFlags, AceKind};

use crate::Sid;

/// `nTSecurityDescriptor`: owner, group and the discretionary access control list. The SACL is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityDescriptor {
    /// The control bits ([MS-DTYP] 2.4.6).
    pub control: u16,
    /// The owner; `None` where the server left it out.
    pub owner: Option<Sid>,
    /// The primary group.
    pub group: Option<Sid>,
    /// The access control entries in their order; `None` where there is no list, which grants everything to everybody ([MS-ADTS]
    /// 5.1.3.3.1). An empty list grants nothing.
    pub dacl: Option<Vec<Ace>>,
}

/// The octets are not a self-relative security descriptor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a security descriptor: {problem} at octet {at}")]
pub struct NotADescriptor {
    /// What is wrong.
    pub problem: &'static str,
    /// Where.
    pub at: usize,
}

const DACL_PRESENT: u16 = 0x0004;
const DACL_PROTECTED: u16 = 0x1000;
const SELF_RELATIVE: u16 = 0x8000;
const ACL_HEADER: usize = 8;

impl SecurityDescriptor {
    /// From the octets of the attribute value.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, NotADescriptor> {
        if bytes.first() != Some(&1) {
            return Err(fail("its revision is not 1", 0));
        }
        let control = u16_at(bytes, 2).ok_or_else(|| fail("it is too short", bytes.len()))?;
        if control & SELF_RELATIVE == 0 {
            return Err(fail("it is not self-relative", 2));
        }
        let offset = |at| u32_at(bytes, at).ok_or_else(|| fail("it is too short", bytes.len()));
        let (owner, group, dacl) = (offset(4)?, offset(8)?, offset(16)?);
        let dacl = match dacl {
            0 => None,
            _ if control & DACL_PRESENT == 0 => None,
            at => Some(acl(bytes, at as usize)?),
        };
        Ok(Self { control, owner: sid(bytes, owner)?, group: sid(bytes, group)?, dacl })
    }

    /// Whether the object keeps away what its container would have it inherit.
    pub fn is_protected(&self) -> bool {
        self.control & DACL_PROTECTED != 0
    }

    /// What an object of this class inherits when it is made or moved below this one, before its class adds its default
    /// ([MS-ADTS] 6.1.3, [MS-DTYP] 2.5.3.4): without an owner, and with the entries of the creator as they are.
    #[must_use]
    pub fn inherited_by(&self, class: impl Into<crate::ObjectGuid>) -> Self {
        let class = class.into();
        let for_class = |ace: &&Ace| {
            ace.flags.has(AceFlags::CONTAINER_INHERIT) && ace.inherited_object_type.is_none_or(|c| c == class)
        };
        let dacl =
            self.dacl.as_ref().map(|aces| aces.iter().filter(for_class).map(Ace::as_inherited).collect());
        Self { control: self.control & !DACL_PROTECTED, owner: None, group: None, dacl }
    }
}

/// A SID at an offset; offset 0 stands for none.
fn sid(bytes: &[u8], offset: u32) -> Result<Option<Sid>, NotADescriptor> {
    let at = offset as usize;
    match at {
        0 => Ok(None),
        _ => match bytes.get(at..).and_then(Sid::read) {
            Some((sid, _)) => Ok(Some(sid)),
            None => Err(fail("a SID is damaged", at)),
        },
    }
}

/// An ACL ([MS-DTYP] 2.4.5).
fn acl(bytes: &[u8], at: usize) -> Result<Vec<Ace>, NotADescriptor> {
    let cut = || fail("the access control list is cut off", at);
    let rest = bytes.get(at..).ok_or_else(cut)?;
    let size = usize::from(u16_at(rest, 2).ok_or_else(cut)?);
    let count = u16_at(rest, 4).ok_or_else(cut)?;
    let mut body = rest.get(ACL_HEADER..size).ok_or_else(cut)?;
    let mut aces = vec![];
    for _ in 0..count {
        let here = at + size - body.len();
        let length = u16_at(body, 2).map(usize::from).filter(|n| *n >= 4);
        let octets = length.and_then(|n| body.get(..n)).ok_or_else(|| fail("an entry is cut off", here))?;
        aces.push(Ace::read(octets).ok_or_else(|| fail("an entry is damaged", here))?);
        body = &body[octets.len()..];
    }
    Ok(aces)
}

fn fail(problem: &'static str, at: usize) -> NotADescriptor {
    NotADescriptor { problem, at }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let octets = bytes.get(at..)?.get(..2)?;
    Some(u16::from_le_bytes([octets[0], octets[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let octets = bytes.get(at..)?.get(..4)?;
    Some(u32::from_le_bytes([octets[0], octets[1], octets[2], octets[3]]))
}
