//! Which object of a change journal is meant.

use adrecover_journal::{Found, Journal, Query, Status};
use adrecover_ldap::deleted::Key;
use clap::Args;

use crate::error::{Candidate, CliError, Kind};

/// The object that a question is about.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ObjectArgs {
    /// A GUID, DN, SID, account name, UPN or name, the present one or a former one
    #[arg(value_name = "OBJECT")]
    pub(crate) object: Option<String>,
    /// The object of this GUID
    #[arg(long, value_name = "GUID", conflicts_with = "object")]
    pub(crate) guid: Option<String>,
    /// The object of this DN, the present one or a former one
    #[arg(long, value_name = "DN", conflicts_with_all = ["object", "guid"])]
    pub(crate) dn: Option<String>,
}

impl ObjectArgs {
    /// Whether one is named.
    pub(crate) fn any(&self) -> bool {
        self.object.is_some() || self.guid.is_some() || self.dn.is_some()
    }

    /// The one object that is meant. What has the name now goes before what had it, and of those what is there before what is
    /// deleted; several are an error.
    pub(crate) fn find(&self, journal: &Journal) -> Result<Found, CliError> {
        let called = self.guid.as_ref().or(self.dn.as_ref()).or(self.object.as_ref());
        let called = called.map(|text| text.trim()).filter(|text| !text.is_empty());
        let called = called.ok_or_else(|| CliError::usage("no object is named"))?;
        let mut found = vec![];
        for query in self.queries(called)? {
            for one in journal.find(&query)? {
                if !found.iter().any(|known: &Found| known.guid == one.guid) {
                    found.push(one);
                }
            }
        }
        let rank = |found: &Found| (found.until.is_some(), found.status != Status::Live);
        let best = found.iter().map(rank).min();
        found.retain(|one| Some(rank(one)) == best);
        if let [_] = found.as_slice() {
            return Ok(found.remove(0));
        }
        if found.is_empty() {
            let text = format!("the change journal of {} has no object `{called}`", journal.forest());
            return Err(CliError::new(Kind::NotFound, text).hint(
                "names are whole names; what was never there while the journal was kept is not in it",
            ));
        }
        let text = format!("{} objects of the change journal are called `{called}`", found.len());
        Err(CliError::ambiguous(text, found.iter().map(candidate).collect()).hint("name one with --guid"))
    }

    fn queries(&self, called: &str) -> Result<Vec<Query>, CliError> {
        if self.guid.is_some() {
            return Ok(vec![Query::Guid(called.parse()?)]);
        }
        if self.dn.is_some() {
            return Ok(vec![Query::Dn(called.parse()?)]);
        }
        Ok(queries(called))
    }
}

/// What an object may be found by that is called so.
pub(crate) fn queries(called: &str) -> Vec<Query> {
    match Key::guess(called) {
        Key::Guid(guid) => vec![Query::Guid(guid)],
        Key::Dn(dn) => vec![Query::Dn(dn)],
        Key::Sid(sid) => vec![Query::Sid(sid)],
        Key::Name(name) => {
            vec![Query::Account(name.clone()), Query::Principal(name.clone()), Query::Name(name)]
        }
    }
}

fn candidate(found: &Found) -> Candidate {
    let dn = found.dn.parse::<adrecover_core::Dn>().ok();
    let name = dn.as_ref().and_then(|dn| dn.rdn()).map(|rdn| rdn.value().to_owned());
    Candidate {
        guid: found.guid,
        name: name.unwrap_or_else(|| found.dn.clone()),
        last_known_parent: dn.and_then(|dn| dn.parent()).map(|parent| parent.to_string()),
        deleted_at: None,
    }
}
