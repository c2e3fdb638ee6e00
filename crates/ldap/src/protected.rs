//! The groups whose members AD protects: privileged accounts.

use std::collections::HashSet;

use adrecover_core::directory::{Query, Scope};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, Sid, filter};

use crate::Session;

/// The groups that AdminSDHolder protects, by relative identifier in the domain ([MS-ADTS] 3.1.1.6.1.3): DC and
/// read-only DC accounts' groups, Domain, Schema and Enterprise Admins, (Enterprise) Key Admins.
pub(crate) const PROTECTED_RIDS: [u32; 7] = [512, 516, 518, 519, 521, 526, 527];
/// The same in `S-1-5-32`: Administrators, Account, Server, Print and Backup Operators, Replicator.
pub(crate) const PROTECTED_BUILTIN: [u32; 6] = [544, 548, 549, 550, 551, 552];
/// How many names one search asks for.
const CHUNK: usize = 50;

/// The protected groups and every group nested in one.
#[derive(Debug, Default)]
pub struct Protected {
    pub(crate) groups: HashSet<ObjectGuid>,
    pub(crate) by_dn: HashSet<Dn>,
}

impl Protected {
    /// Looks them up in the database of a domain controller.
    pub async fn find(
        session: &Session,
        domain: &Dn,
        domain_sid: Option<&Sid>,
    ) -> Result<Self, DirectoryError> {
        let builtin: Option<Sid> = "S-1-5-32".parse().ok();
        let mut sids: Vec<Sid> = vec![];
        sids.extend(domain_sid.iter().flat_map(|d| PROTECTED_RIDS.iter().map(|rid| d.with_rid(*rid))));
        sids.extend(builtin.iter().flat_map(|d| PROTECTED_BUILTIN.iter().map(|rid| d.with_rid(*rid))));
        let base = domain.to_string();
        let by_sid = filter::any_of(sids.iter().map(|sid| format!("(objectSid={})", sid.filter_value())));
        let query = Query::below(&base, Scope::Subtree, by_sid).attributes(["objectGUID"]);
        let mut entries = session.ask(&query).await?;
        // The nesting is followed here, level by level: Samba with the Recycle Bin on refuses every search with
        // LDAP_MATCHING_RULE_IN_CHAIN (1, "Indexed and full searches both failed!"; seen on a real DC).
        let mut seen: HashSet<ObjectGuid> = entries.iter().filter_map(Entry::guid).collect();
        let mut level: Vec<String> = entries.iter().map(|e| e.dn.clone()).collect();
        while !level.is_empty() {
            let mut next = vec![];
            for some in level.chunks(CHUNK) {
                let member = filter::any_of(some.iter().map(|dn| filter::equals("memberOf", dn)));
                let query = Query::below(&base, Scope::Subtree, format!("(&(objectClass=group){member})"))
                    .attributes(["objectGUID"]);
                let found = session.ask(&query).await?;
                let new = found.into_iter().filter(|e| e.guid().is_some_and(|guid| seen.insert(guid)));
                next.extend(new);
            }
            level = next.iter().map(|e| e.dn.clone()).collect();
            entries.extend(next);
        }
        Ok(Self {
            groups: entries.iter().filter_map(Entry::guid).collect(),
            by_dn: entries.iter().filter_map(|e| e.dn.parse().ok()).collect(),
        })
    }

    /// Whether this is one of them.
    pub fn has(&self, group: &Dn) -> bool {
        self.by_dn.contains(group)
    }

    /// What shows that a live user is privileged, from its `adminCount`, `primaryGroupID` and `memberOf`.
    pub fn evidence(&self, entry: &Entry) -> Vec<String> {
        let mut evidence = own_evidence(entry);
        evidence.extend(self.memberships(entry));
        evidence
    }

    /// The protected groups that it is a member of, directly or through groups.
    pub(crate) fn memberships(&self, entry: &Entry) -> impl Iterator<Item = String> {
        let groups = entry.texts("memberOf").into_iter().filter_map(|dn| dn.parse::<Dn>().ok());
        groups.filter(|dn| self.by_dn.contains(dn)).map(|dn| format!("it is a member of `{dn}`"))
    }
}

/// What the entry shows by itself, without asking which groups are protected.
pub(crate) fn own_evidence(entry: &Entry) -> Vec<String> {
    let mut evidence = vec![];
    if entry.integer("adminCount").is_some_and(|n| n > 0) {
        evidence.push("adminCount is set".to_owned());
    }
    let primary = entry.integer("primaryGroupID").and_then(|n| u32::try_from(n).ok());
    if primary.is_some_and(|rid| PROTECTED_RIDS.contains(&rid)) {
        evidence.push("its primary group is a protected group".to_owned());
    }
    evidence
}

pub(crate) fn is_builtin(sid: &Sid) -> bool {
    sid.domain().is_some_and(|d| d.to_string() == "S-1-5-32")
}
