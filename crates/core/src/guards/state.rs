//! Objects that are past recovery, or that this server cannot undelete.

use super::{Block, Case, block};
use crate::facts::Presence;
use crate::lifetime::State;
use crate::time::rfc3339;

/// What is left to do where an object cannot come back.
const PAST_RECOVERY: &str = "an authoritative restore from a backup that is younger than the tombstone lifetime; or a new object, from a \
                             source that still has it (adrecover recreate)";

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    let Presence::Deleted(state) = case.object.presence else { return None };
    match state {
        State::Recycled => Some(
            block(
                "state.recycled",
                "the object is recycled: it was deleted before the Recycle Bin was switched on, or its deleted-object \
                 lifetime is over, or it was deleted a second time",
            )
            .way_out(PAST_RECOVERY)
            .for_good(),
        ),
        State::Deleted if !case.domain.undeletes_from_bin => Some(
            block(
                "state.serverCannot",
                "this server (Samba) lists objects of the Recycle Bin but cannot undelete them over LDAP",
            )
            .way_out("ask a Windows DC of the domain (--server), or restore on the Samba DC itself")
            .for_good(),
        ),
        State::Tombstone | State::Deleted => lifetime_over(case),
    }
}

/// Other DCs may have removed the object for good already: undeleting it here would make it a lingering object that
/// stops replication ([MS-ADTS] 3.1.1.1.15).
fn lifetime_over(case: &Case<'_>) -> Option<Block> {
    let expires = case.object.expires_at.filter(|at| *at <= case.now())?;
    Some(
        block(
            "state.lifetimeOver",
            format!(
                "its lifetime ended on {}: other DCs may have removed it for good already",
                rfc3339(expires)
            ),
        )
        .way_out(PAST_RECOVERY)
        .for_good(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, ids, object};
    use super::*;

    #[test]
    fn recycled_and_late_objects_are_past_recovery() {
        let mut recycled = object();
        recycled.presence = Presence::Deleted(State::Recycled);
        assert_eq!(ids(&recycled, &domain(), &Default::default()), ["state.recycled"]);

        let mut kept = object();
        kept.presence = Presence::Deleted(State::Deleted);
        assert_eq!(ids(&kept, &domain(), &Default::default()), ["state.serverCannot"]);
        let mut windows = domain();
        windows.undeletes_from_bin = true;
        assert!(ids(&kept, &windows, &Default::default()).is_empty());

        let mut late = object();
        late.expires_at = Some(domain().now);
        assert_eq!(ids(&late, &domain(), &Default::default()), ["state.lifetimeOver"]);
    }
}
