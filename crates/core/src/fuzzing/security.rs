//! What is kept in octets about an object: its access list and when its attributes were written.

use crate::security::{Access, Ace, AceFlags, AceKind, Decision, Right, SecurityDescriptor, ids};
use crate::time::rfc3339;
use crate::{Sid, metadata as stamps};

/// `nTSecurityDescriptor`.
pub fn descriptor(data: &[u8]) {
    let descriptor = match SecurityDescriptor::from_wire(data) {
        Ok(descriptor) => descriptor,
        Err(error) => return assert!(error.to_string().len() < 200),
    };
    let aces: &[Ace] = descriptor.dacl.as_deref().unwrap_or_default();
    assert!(aces.len() * 4 <= data.len(), "{} entries from {} octets", aces.len(), data.len());
    // What cannot be told from an entry is not written either.
    if aces.iter().all(|a| !matches!(a.kind, AceKind::Other(_))) {
        let again = SecurityDescriptor::from_wire(&octets(&descriptor)).expect("it is read again");
        assert_eq!(again, descriptor);
    }
    let heir = descriptor.inherited_by(ids::USER);
    assert!(heir.owner.is_none() && !heir.is_protected());
    for ace in heir.dacl.iter().flatten() {
        assert!(ace.flags.has(AceFlags::INHERITED) && !ace.flags.has(AceFlags::INHERIT_ONLY));
    }
    for descriptor in [&descriptor, &heir] {
        access(descriptor);
    }
}

/// The decisions about several callers must not contradict each other.
fn access(descriptor: &SecurityDescriptor) {
    let mut token: Vec<Sid> = descriptor.owner.iter().cloned().collect();
    token.extend([ids::EVERYONE, ids::AUTHENTICATED_USERS].iter().filter_map(|s| s.parse().ok()));
    token.extend(descriptor.dacl.iter().flatten().filter_map(|a| a.trustee.clone()).take(8));
    let nobody: Vec<Sid> = vec![];
    assert_eq!(descriptor.access(&nobody, &Right::object(Access::NONE)), Decision::Granted);
    let alone = descriptor.access(&nobody, &Right::object(Access::LIST_CHILDREN));
    assert_eq!(
        alone == Decision::Granted,
        descriptor.dacl.is_none(),
        "somebody without a SID is granted something"
    );
    for some in [&token[..token.len().min(1)], &token[..]] {
        let parts = [Access::LIST_CHILDREN, Access::READ_PROPERTY, Access::WRITE_DACL, Access::DELETE];
        for (a, b) in parts.into_iter().zip(parts.into_iter().skip(1)) {
            let both = descriptor.access(some, &Right::object(a | b));
            if both == Decision::Granted {
                assert_eq!(descriptor.access(some, &Right::object(a)), Decision::Granted);
                assert_eq!(descriptor.access(some, &Right::object(b)), Decision::Granted);
            }
        }
        for right in [
            Right::control(ids::REANIMATE_TOMBSTONES),
            Right::write(ids::NAME),
            Right::read(ids::CN),
            Right::create_child(ids::USER),
            Right::object(Access::ALL),
        ] {
            let _ = descriptor.access(some, &right);
        }
    }
}

/// The self-relative form ([MS-DTYP] 2.4.6): the list first, so that its place does not depend on the SIDs.
fn octets(descriptor: &SecurityDescriptor) -> Vec<u8> {
    let mut body = vec![];
    let mut offsets = [0u32; 3];
    if let Some(dacl) = &descriptor.dacl {
        let aces: Vec<u8> = dacl.iter().flat_map(ace).collect();
        offsets[2] = 20;
        body.extend([2, 0]);
        body.extend((8 + aces.len() as u16).to_le_bytes());
        body.extend((dacl.len() as u16).to_le_bytes());
        body.extend([0, 0]);
        body.extend(aces);
    }
    for (offset, sid) in offsets.iter_mut().zip([&descriptor.owner, &descriptor.group]) {
        if let Some(sid) = sid {
            *offset = 20 + body.len() as u32;
            body.extend(sid.to_wire());
        }
    }
    let mut out = vec![1, 0];
    out.extend(descriptor.control.to_le_bytes());
    for offset in [offsets[0], offsets[1], 0, offsets[2]] {
        out.extend(offset.to_le_bytes());
    }
    out.extend(body);
    out
}

fn ace(ace: &Ace) -> Vec<u8> {
    let guids = [ace.object_type, ace.inherited_object_type];
    let object = guids.iter().any(Option::is_some);
    let code = match (ace.kind, object) {
        (AceKind::Allow, false) => 0,
        (AceKind::Deny, false) => 1,
        (AceKind::Allow, true) => 5,
        (AceKind::Deny, true) => 6,
        (AceKind::AllowIf, false) => 9,
        (AceKind::DenyIf, false) => 10,
        (AceKind::AllowIf, true) => 11,
        (AceKind::DenyIf, true) => 12,
        (AceKind::Other(code), _) => code,
    };
    let mut body = ace.access.0.to_le_bytes().to_vec();
    if object {
        let present = u32::from(guids[0].is_some()) | u32::from(guids[1].is_some()) << 1;
        body.extend(present.to_le_bytes());
        guids.iter().flatten().for_each(|guid| body.extend(guid.to_wire()));
    }
    body.extend(ace.trustee.iter().flat_map(Sid::to_wire));
    let mut out = vec![code, ace.flags.0];
    out.extend((4 + body.len() as u16).to_le_bytes());
    out.extend(body);
    out
}

/// `replPropertyMetaData`.
pub fn metadata(data: &[u8]) {
    let Some(all) = stamps::parse(data) else {
        return assert_eq!(stamps::find(data, stamps::IS_DELETED), None);
    };
    let all: Vec<_> = all.collect();
    assert_eq!(data.len(), 16 + 48 * all.len());
    for stamp in &all {
        let found = stamps::find(data, stamp.attribute).expect("it is among them");
        assert_eq!(found.attribute, stamp.attribute);
        if let Some(time) = stamp.time {
            assert_eq!(rfc3339(time).len(), 20, "{time} is no time of RFC 3339");
        }
    }
    let first = all.iter().find(|s| s.attribute == stamps::IS_DELETED).copied();
    assert_eq!(stamps::find(data, stamps::IS_DELETED), first);
}
