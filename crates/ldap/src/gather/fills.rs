//! What a source would fill: the facts by which it is decided.

use adrecover_core::directory::{Query, Visibility};
use adrecover_core::facts::ObjectFacts;
use adrecover_core::fill::{Rule, rule};
use adrecover_core::value::Value;
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid};

use super::Gatherer;

impl Gatherer<'_> {
    /// The attributes that sources offer for an object and that may be read and written at all. Names come from files: what the
    /// schema does not know is not asked for.
    pub(super) fn fillable(&self, guid: ObjectGuid) -> Vec<&str> {
        let is_known = |name: &str| {
            let schema = self.domain.attributes.get(&name.to_lowercase());
            schema.is_some_and(|s| s.as_ref().is_some_and(|s| !s.is_confidential && !s.is_system))
        };
        let mut out: Vec<&str> = vec![];
        for fill in self.request.fills.get(&guid).into_iter().flatten() {
            let name = fill.attribute.as_str();
            let is_new = !out.iter().any(|known| known.eq_ignore_ascii_case(name));
            if is_new && !matches!(rule(name), Rule::Never(_)) && is_known(name) {
                out.push(name);
            }
        }
        out
    }

    /// What the object had once, and where the names of other objects lead that a source gives it.
    pub(super) async fn add_fill_facts(
        &mut self,
        object: &mut ObjectFacts,
        entry: Option<&Entry>,
    ) -> Result<(), DirectoryError> {
        let Some(fills) = self.request.fills.get(&object.guid) else { return Ok(()) };
        if let Some(entry) = entry {
            object.had = self.names.had(self.session, entry).await?;
        }
        for fill in fills {
            let schema = self.domain.attributes.get(&fill.attribute.to_lowercase());
            if !schema.is_some_and(|s| s.as_ref().is_some_and(|s| s.is_link)) {
                continue;
            }
            for value in &fill.values {
                let Value::Text(name) = value else { continue };
                let found = self.linked(name).await?;
                object.linked.push((name.clone(), found));
            }
        }
        Ok(())
    }

    /// The object of a name that is live, as the directory writes it today.
    async fn linked(&mut self, name: &str) -> Result<Option<Dn>, DirectoryError> {
        let key = name.to_lowercase();
        if let Some(known) = self.cache.linked.get(&key) {
            return Ok(known.clone());
        }
        let dn = name.parse::<Dn>().ok().filter(|dn| !dn.is_empty());
        let found = match dn {
            Some(dn) => self.live(&dn).await?,
            None => None,
        };
        self.cache.linked.insert(key, found.clone());
        Ok(found)
    }

    /// The present name of a live object of the forest. One of another domain is asked for in the global catalogue.
    async fn live(&mut self, dn: &Dn) -> Result<Option<Dn>, DirectoryError> {
        let query = Query::object(dn.to_string()).attributes(["objectGUID"]).visibility(Visibility::Live);
        let is_here = self.domain.naming_contexts.iter().any(|nc| dn.is_at_or_below(nc));
        let answer = match &self.catalogue {
            _ if is_here => self.session.ask(&query).await,
            Ok(catalogue) => catalogue.ask(&query).await,
            Err(_) => return Ok(None),
        };
        match answer {
            Ok(found) => Ok(found.first().and_then(|entry| entry.dn.parse().ok())),
            // A name of a form that the server does not take, or of a domain that nobody here knows.
            Err(DirectoryError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
