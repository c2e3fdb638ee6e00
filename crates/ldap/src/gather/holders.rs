//! Who holds the names that the objects would have.

use std::collections::{HashMap, HashSet};

use adrecover_core::directory::{Query, Scope};
use adrecover_core::facts::{Holder, ObjectFacts, ParentFacts};
use adrecover_core::request::{ADDRESSES, smtp_addresses};
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, fill, filter};

use super::Gatherer;

/// How many names and addresses one search looks for; each stands in it several times.
const NAMES: usize = 100;

impl Gatherer<'_> {
    /// Fills in who holds account name, logon name and name at the target.
    pub(super) async fn add_holders(&mut self, facts: &mut [ObjectFacts]) -> Result<(), DirectoryError> {
        self.add_account_holders(facts).await?;
        self.add_upn_holders(facts).await?;
        self.add_name_holders(facts).await
    }

    async fn add_account_holders(&mut self, facts: &mut [ObjectFacts]) -> Result<(), DirectoryError> {
        let wanted: Vec<Option<String>> = facts
            .iter()
            .map(|o| self.identity(o).sam_account_name.filter(|_| o.presence.comes_back()))
            .collect();
        let parts: Vec<String> =
            wanted.iter().flatten().map(|sam| filter::equals("sAMAccountName", sam)).collect();
        if parts.is_empty() {
            return Ok(());
        }
        let query = Query::below(self.domain.domain.to_string(), Scope::Subtree, filter::any_of(parts))
            .attributes(["objectGUID", "sAMAccountName"]);
        let found = index(&self.session.ask(&query).await?, "sAMAccountName", "");
        for (object, sam) in facts.iter_mut().zip(wanted) {
            let Some(sam) = sam else { continue };
            object.sam_holders = others(found.get(&sam.to_lowercase()), object.guid, "sAMAccountName");
        }
        Ok(())
    }

    /// Who has the logon names and addresses that the objects would get. Asks the global catalogue, or the domain alone
    /// where that cannot be asked (the planner blocks on it then).
    async fn add_upn_holders(&mut self, facts: &mut [ObjectFacts]) -> Result<(), DirectoryError> {
        let upns: Vec<Option<String>> =
            facts.iter().map(|o| self.identity(o).user_principal_name.map(|u| u.to_lowercase())).collect();
        let asked: Vec<Vec<String>> = facts.iter().map(|object| self.addresses_of(object)).collect();
        let mut names: Vec<&String> = upns.iter().flatten().chain(asked.iter().flatten()).collect();
        if names.is_empty() {
            return Ok(());
        }
        names.sort_unstable();
        names.dedup();
        let logon: HashSet<&String> = upns.iter().flatten().collect();
        let found = self.held(&names, &|name| logon.contains(&name.to_owned())).await?;
        for ((object, upn), asked) in facts.iter_mut().zip(&upns).zip(asked) {
            object.upn_holders = upn.as_ref().map(|upn| found.holders(upn, object.guid)).unwrap_or_default();
            for address in asked {
                let holders = found.holders(&address, object.guid);
                object.address_holders.extend(holders.into_iter().map(|holder| (address.clone(), holder)));
            }
        }
        Ok(())
    }

    /// Who has these names, in lower case and each once, as a logon name or as an address. `is_upn` says which of them are logon names,
    /// which an account name may stand for.
    pub(super) async fn held(
        &mut self,
        names: &[&String],
        is_upn: &dyn Fn(&str) -> bool,
    ) -> Result<Names, DirectoryError> {
        let addresses = self.addresses().await?;
        let mut attributes = vec!["objectGUID", "userPrincipalName", "sAMAccountName"];
        attributes.extend(addresses.iter().map(|(attribute, _)| attribute));
        let base = if self.catalogue.is_ok() { String::new() } else { self.domain.domain.to_string() };
        let mut entries: Vec<Entry> = vec![];
        for some in names.chunks(NAMES) {
            let mut parts: Vec<String> =
                some.iter().flat_map(|name| name_filters(name, &addresses)).collect();
            let locals = some.iter().filter(|name| is_upn(name));
            let locals = locals.filter_map(|upn| upn.rsplit_once('@')).map(|(local, _)| local);
            parts.extend(locals.map(|local| filter::equals("sAMAccountName", local)));
            let query =
                Query::below(base.clone(), Scope::Subtree, filter::any_of(parts)).attributes(&attributes);
            entries.append(&mut self.named_in_forest(query, &addresses).await?);
        }
        let mut seen: HashSet<ObjectGuid> = HashSet::new();
        entries.retain(|entry| entry.guid().is_some_and(|guid| seen.insert(guid)));
        Ok(Names {
            upn: index(&entries, "userPrincipalName", ""),
            implicit: implicit_upns(&entries),
            addresses: addresses
                .iter()
                .map(|(name, prefix)| (*name, index(&entries, name, prefix)))
                .collect(),
        })
    }

    /// The SMTP addresses that an object is given, by `--set` or from a source, each once.
    fn addresses_of(&self, object: &ObjectFacts) -> Vec<String> {
        let set = self.request.set.iter().map(|wish| (&wish.attribute, &wish.values));
        let mut out: Vec<String> =
            set.flat_map(|(attribute, values)| smtp_addresses(attribute, values)).collect();
        let filled = fill::decide(self.domain, object, self.request).fills;
        out.extend(filled.iter().flat_map(|fill| smtp_addresses(&fill.attribute, &fill.values)));
        out.sort();
        out.dedup();
        out
    }

    /// Asks the whole forest. An attribute that the global catalogue does not hold (`proxyAddresses` without Exchange's schema) is
    /// looked for in this domain besides; in others it cannot be.
    async fn named_in_forest(
        &mut self,
        query: Query,
        addresses: &[(&str, &str)],
    ) -> Result<Vec<Entry>, DirectoryError> {
        let Ok(catalogue) = &mut self.catalogue else { return self.session.ask(&query).await };
        let mut entries = catalogue.ask(&query).await?;
        let names: Vec<&str> = addresses.iter().map(|(name, _)| *name).collect();
        let known = self.names.look_up(self.session, &names).await?;
        // Who cannot read the schema asks both.
        if known.iter().any(|known| known.as_ref().is_none_or(|known| !known.is_in_catalogue)) {
            let here = Query { base: self.domain.domain.to_string(), ..query };
            // The domain's own answer has all attributes.
            let mut here = self.session.ask(&here).await?;
            let seen: HashSet<ObjectGuid> = here.iter().filter_map(Entry::guid).collect();
            entries.retain(|entry| entry.guid().is_none_or(|guid| !seen.contains(&guid)));
            entries.append(&mut here);
        }
        Ok(entries)
    }

    /// Those of [`ADDRESSES`] that this directory has: `targetAddress` comes with Exchange.
    async fn addresses(&mut self) -> Result<Vec<(&'static str, &'static str)>, DirectoryError> {
        let names = ADDRESSES.map(|(name, _)| name);
        let existing = self.names.existing(self.session, &names).await?;
        let mut addresses = ADDRESSES.to_vec();
        // `mail` is in every schema. Who cannot read that asks for everything.
        if existing.contains(&"mail") {
            addresses.retain(|(name, _)| existing.contains(name));
        }
        Ok(addresses)
    }

    async fn add_name_holders(&mut self, facts: &mut [ObjectFacts]) -> Result<(), DirectoryError> {
        let mut by_parent: HashMap<Dn, Vec<usize>> = HashMap::new();
        for (i, object) in facts.iter().enumerate() {
            if let (true, ParentFacts::Live { dn, .. }) = (object.presence.comes_back(), &object.parent) {
                by_parent.entry(dn.clone()).or_default().push(i);
            }
        }
        for (parent, members) in by_parent {
            let names: Vec<String> =
                members.iter().map(|i| self.identity(&facts[*i]).rdn.value().to_owned()).collect();
            let parts = names.iter().map(|name| filter::equals("name", name));
            let query = Query::below(parent.to_string(), Scope::OneLevel, filter::any_of(parts))
                .attributes(["objectGUID", "name"]);
            let found = index(&self.session.ask(&query).await?, "name", "");
            for (i, name) in members.into_iter().zip(names) {
                let object = &mut facts[i];
                object.name_holder =
                    others(found.get(&name.to_lowercase()), object.guid, "name").into_iter().next();
            }
        }
        Ok(())
    }
}

type Index = HashMap<String, Vec<(ObjectGuid, String)>>;

/// Who has which name, each in lower case.
pub(super) struct Names {
    upn: Index,
    implicit: Index,
    addresses: Vec<(&'static str, Index)>,
}

impl Names {
    fn holders(&self, name: &str, own: ObjectGuid) -> Vec<Holder> {
        let mut out = self.of(name);
        out.retain(|holder| holder.guid != own);
        out
    }

    /// Everybody who has a name.
    pub(super) fn of(&self, name: &str) -> Vec<Holder> {
        let mut out = holders(self.upn.get(name), "userPrincipalName");
        out.extend(holders(self.implicit.get(name), "sAMAccountName"));
        for (attribute, index) in &self.addresses {
            out.extend(holders(index.get(name), attribute));
        }
        out
    }
}

/// `sAMAccountName@domain` is a logon name too ([MS-ADTS] 5.1.1.1.1).
fn implicit_upns(entries: &[Entry]) -> Index {
    let mut out = Index::new();
    for entry in entries {
        let domain = entry.dn.parse::<Dn>().map(|dn| dn.dns_name()).unwrap_or_default();
        if let (Some(guid), Some(sam)) = (entry.guid(), entry.text("sAMAccountName")) {
            let name = format!("{sam}@{domain}").to_lowercase();
            out.entry(name).or_default().push((guid, entry.dn.clone()));
        }
    }
    out
}

fn name_filters(name: &str, addresses: &[(&str, &str)]) -> Vec<String> {
    let mut parts = vec![filter::equals("userPrincipalName", name)];
    parts.extend(
        addresses.iter().map(|(attribute, prefix)| filter::equals(attribute, &format!("{prefix}{name}"))),
    );
    parts
}

/// Entries by each value of an attribute, lower-case and without the prefix (`smtp:`).
fn index(entries: &[Entry], attribute: &str, prefix: &str) -> HashMap<String, Vec<(ObjectGuid, String)>> {
    let mut out: HashMap<String, Vec<(ObjectGuid, String)>> = HashMap::new();
    for entry in entries {
        let Some(guid) = entry.guid() else { continue };
        for value in entry.texts(attribute) {
            let value = value.to_lowercase();
            if let Some(value) = value.strip_prefix(prefix) {
                out.entry(value.to_owned()).or_default().push((guid, entry.dn.clone()));
            }
        }
    }
    out
}

fn others(found: Option<&Vec<(ObjectGuid, String)>>, own: ObjectGuid, attribute: &str) -> Vec<Holder> {
    let mut out = holders(found, attribute);
    out.retain(|holder| holder.guid != own);
    out
}

fn holders(found: Option<&Vec<(ObjectGuid, String)>>, attribute: &str) -> Vec<Holder> {
    let found = found.into_iter().flatten();
    found.map(|(guid, dn)| Holder { guid: *guid, dn: dn.clone(), attribute: attribute.to_owned() }).collect()
}
