//! What the fuzz targets call (`tests/fuzz`), and the tests with the corpus and mutations of it.

use std::path::Path;

use adrecover_core::text::printable;
use chrono::DateTime;

use super::manifest::Manifest;
use super::{Dataset, Evidence, Known, Loader, MailboxField, SchedulerField, UserField};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target by its name.
pub const TARGETS: &[Target] = &[("evidence", evidence), ("evidence_manifest", evidence_manifest)];

/// Fails where text could drive the terminal, or repeats more of a file than a person reads.
#[track_caller]
fn assert_presentable(text: &str) {
    assert_eq!(printable(text), text);
    assert!(text.len() < 2000, "{text}");
}

/// An export of any kind, given once and, where it is one, twice.
pub fn evidence(data: &[u8]) {
    let read = |times: i64| {
        let mut loader = Loader::new();
        for at in 0..times {
            let time = DateTime::from_timestamp(at, 0).unwrap_or_default();
            loader.add_reader(Path::new("x"), time, data)?;
        }
        Ok::<Evidence, super::EvidenceError>(loader.finish())
    };
    let once = match read(1) {
        Ok(once) => once,
        Err(error) => return assert_presentable(&error.to_string()),
    };
    look(&once);
    let twice = read(2).expect("what was read is read again");
    look(&twice);
    // What is given twice says the same: no property contradicts itself, whatever file is the newer.
    let named = |e: &Evidence| {
        e.users()
            .iter()
            .chain(e.deleted_users().iter())
            .filter(|u| u.id() != Known::NotAsked && u.id() != Known::Absent)
            .count()
    };
    assert!(named(&twice) <= named(&once));
}

/// Asks everything that can be asked.
fn look(evidence: &Evidence) {
    evidence.warnings().iter().for_each(|w| assert_presentable(&w.to_string()));
    for listing in evidence.listings() {
        evidence.coverage(listing.dataset).iter().for_each(|gap| assert_presentable(&gap.to_string()));
    }
    for users in [evidence.users(), evidence.deleted_users()] {
        for user in users.iter() {
            // Each user is found by what names it.
            if let Known::Value(id) = user.id() {
                assert!(users.by_id(id).first().is_some());
            }
            if let Known::Value(upn) = user.upn() {
                assert!(users.by_upn(upn).first().is_some());
                assert!(user.upn_as_listed().value().is_some_and(|listed| listed.ends_with(upn)));
            }
            if let Known::Value(anchor) = user.immutable_id() {
                assert!(
                    users
                        .by_immutable_id(anchor)
                        .found
                        .iter()
                        .all(|u| u.immutable_id() == Known::Value(anchor))
                );
            }
            for proxy in user.proxy_addresses().value().into_iter().flatten() {
                assert!(users.by_address(proxy).first().is_some());
            }
            let _ =
                (user.licences(), user.licence_states(), user.provisioning_errors(), user.is_cloud_managed());
            let _ = (user.exchange_plans(UserField::AssignedPlans), user.deleted_at(), user.last_sync());
        }
        let _ = users.observed_dns().count();
    }
    for mailbox in evidence.mailboxes().iter() {
        if let Known::Value(guid) = mailbox.exchange_guid() {
            assert!(evidence.mailboxes().by_exchange_guid(guid).first().is_some());
        }
        if let Known::Value(address) = mailbox.text(MailboxField::PrimarySmtpAddress) {
            assert!(evidence.mailboxes().by_address(address).first().is_some());
        }
        let _ = (mailbox.state(), mailbox.recipient_type_details(), mailbox.remote_recipient_type());
    }
    for s in evidence.schedulers() {
        let _ = (s.next_policy(), s.next_start(), s.interval(SchedulerField::AllowedSyncCycleInterval));
    }
    for r in evidence.runs() {
        let _ = (r.is_stopped_by_deletions(), r.started());
    }
    for e in evidence.events() {
        let _ = (e.id(), e.at());
    }
    for s in evidence.skus() {
        let _ = (s.free(), s.has_mailbox());
    }
    for g in evidence.licensed_groups() {
        let _ = g.licences();
    }
    for d in evidence.domains() {
        let _ = (d.is_federated(), d.name());
    }
    let _ =
        (evidence.roles_of(Dataset::RoleAssignments, ""), evidence.sync_features(), evidence.organisation());
    let _ = (evidence.deletion_threshold(), evidence.global_setting(""));
}

/// What the collector says of its files.
pub fn evidence_manifest(data: &[u8]) {
    match Manifest::parse(Path::new("folder/manifest.json"), data) {
        Ok(manifest) => {
            assert!(manifest.files.len() + manifest.failed.len() <= data.len());
        }
        Err(error) => assert_presentable(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_corpus_and_mutations_of_it() {
        crate::fuzzing::replay::all(super::TARGETS, 2000);
    }
}
