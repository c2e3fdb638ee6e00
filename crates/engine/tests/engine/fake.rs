//! A directory in memory, with the habits of a real one that matter here, and with faults on order.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adrecover_core::directory::{Change, ChangeKind, DirectoryError, Query, Refusal, Scope, Visibility};
use adrecover_core::{Directory, Dn, Entry, ObjectGuid};

/// What happens at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is lost before it has an effect, or after.
    LostBefore,
    LostAfter,
    /// The program dies there.
    DiesBefore,
    DiesAfter,
    /// The server is busy.
    Busy,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) dn: Dn,
    pub(crate) attributes: BTreeMap<String, Vec<Vec<u8>>>,
    /// The container that it was deleted from.
    pub(crate) parent: Option<ObjectGuid>,
}

impl Object {
    pub(crate) fn is_deleted(&self) -> bool {
        self.attributes.contains_key("isDeleted")
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let value = self.attributes.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?.1.first()?;
        Some(String::from_utf8(value.clone()).unwrap())
    }

    pub(crate) fn set(&mut self, name: &str, values: &[&str]) {
        self.attributes.retain(|n, _| !n.eq_ignore_ascii_case(name));
        if !values.is_empty() {
            let values = values.iter().map(|v| v.as_bytes().to_vec()).collect();
            self.attributes.insert(name.to_owned(), values);
        }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.text("userAccountControl").is_some_and(|u| u.parse::<u32>().unwrap() & 2 == 0)
    }
}

pub(crate) type Script = Box<dyn Fn(&str, &[Change]) -> Option<Refusal> + Send + Sync>;

#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) objects: BTreeMap<ObjectGuid, Object>,
    pub(crate) requests: usize,
    pub(crate) searches: usize,
    /// Every write that had an effect: the object's GUID and the attributes.
    pub(crate) writes: Vec<String>,
    pub(crate) faults: HashMap<usize, Fault>,
    /// Whether the server takes no password inside an undelete.
    pub(crate) no_password_inside: bool,
    pub(crate) reconnects: usize,
    pub(crate) cannot_reconnect: bool,
    /// Refusals by script.
    pub(crate) script: Option<Script>,
    /// Whether the program has died: what drives it drops it then.
    pub(crate) dead: Arc<AtomicBool>,
    usn: i64,
}

fn refuse<T>(code: u32, diagnostic: &str) -> Result<T, DirectoryError> {
    Err(DirectoryError::Refused(Refusal {
        code,
        diagnostic: diagnostic.to_owned(),
        operation: "request".to_owned(),
    }))
}

fn lost<T>() -> Result<T, DirectoryError> {
    Err(DirectoryError::ConnectionLost { server: "dc1".into(), reason: "reset".into() })
}

impl Fake {
    pub(crate) fn add(&mut self, guid: ObjectGuid, dn: &str, attributes: &[(&str, &[&str])]) {
        self.usn += 1;
        let mut object = Object { dn: dn.parse().unwrap(), attributes: BTreeMap::new(), parent: None };
        for (name, values) in attributes {
            object.set(name, values);
        }
        object.set("uSNChanged", &[&self.usn.to_string()]);
        self.objects.insert(guid, object);
    }

    /// Deletes an object as a server without Recycle Bin does.
    pub(crate) fn tombstone(&mut self, guid: ObjectGuid, parent: ObjectGuid) {
        self.usn += 1;
        let usn = self.usn;
        let object = self.objects.get_mut(&guid).unwrap();
        let rdn = object.dn.rdn().unwrap();
        let name = format!("{}\nDEL:{guid}", rdn.value());
        let container: Dn = "CN=Deleted Objects,DC=x".parse().unwrap();
        object.dn = container.child(adrecover_core::Rdn::new(rdn.kind(), &name));
        object.attributes.retain(|n, _| ["sAMAccountName", "userAccountControl"].contains(&n.as_str()));
        object.set("isDeleted", &["TRUE"]);
        object.set("uSNChanged", &[&usn.to_string()]);
        object.parent = Some(parent);
        for group in self.objects.values_mut() {
            if let Some(members) = group.attributes.get_mut("member") {
                members.retain(|m| *m != guid.to_string().as_bytes());
            }
        }
    }

    pub(crate) fn object(&self, guid: ObjectGuid) -> &Object {
        &self.objects[&guid]
    }

    /// Accounts that are live and enabled and have no password.
    pub(crate) fn exposed(&self) -> usize {
        let bare = |o: &&Object| o.text("pwdLastSet").as_deref() == Some("0") && o.is_enabled();
        self.objects.values().filter(|o| !o.is_deleted()).filter(bare).count()
    }

    /// Everything that somebody can see, without what only tells the order of writes.
    pub(crate) fn picture(&self) -> BTreeMap<ObjectGuid, Object> {
        let mut objects = self.objects.clone();
        for object in objects.values_mut() {
            object.attributes.remove("uSNChanged");
            if let Some(members) = object.attributes.get_mut("member") {
                members.sort();
            }
        }
        objects
    }

    fn resolve(&self, dn: &str, visibility: Visibility) -> Option<ObjectGuid> {
        let found = match dn.parse::<ObjectGuid>() {
            Ok(guid) => self.objects.contains_key(&guid).then_some(guid),
            Err(_) => {
                let dn: Dn = dn.parse().ok()?;
                self.objects.iter().find(|(_, o)| o.dn == dn).map(|(g, _)| *g)
            }
        }?;
        (visibility != Visibility::Live || !self.objects[&found].is_deleted()).then_some(found)
    }

    fn touch(&mut self, guid: ObjectGuid) {
        self.usn += 1;
        let usn = self.usn.to_string();
        self.objects.get_mut(&guid).unwrap().set("uSNChanged", &[&usn]);
    }

    /// What is to happen at this request.
    async fn fault(&mut self) -> Option<Fault> {
        self.requests += 1;
        let fault = self.faults.get(&self.requests).copied();
        if fault == Some(Fault::DiesBefore) {
            self.die().await;
        }
        fault
    }

    async fn die(&self) {
        self.dead.store(true, Ordering::SeqCst);
        std::future::pending::<()>().await;
    }

    async fn answer<T>(
        &mut self,
        fault: Option<Fault>,
        result: Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        match fault {
            Some(Fault::LostAfter) => lost(),
            Some(Fault::DiesAfter) => {
                self.die().await;
                result
            }
            _ => result,
        }
    }

    fn change(&mut self, dn: &str, changes: &[Change], visibility: Visibility) -> Result<(), DirectoryError> {
        if let Some(refusal) = self.script.as_ref().and_then(|s| s(dn, changes)) {
            return Err(DirectoryError::Refused(refusal));
        }
        let undelete = changes.iter().any(|c| c.attribute == "isDeleted");
        let Some(guid) = self.resolve(dn, visibility) else {
            return if undelete { refuse(1, "00002020: tombstone_reanimate.c:370") } else { refuse(32, "") };
        };
        self.check(guid, changes, undelete)?;
        if undelete {
            self.undelete(guid, dn, changes)?;
        }
        for change in changes {
            self.apply(guid, change)?;
        }
        self.touch(guid);
        let names: Vec<&str> = changes.iter().map(|c| c.attribute.as_str()).collect();
        let value = match changes {
            [one] if one.attribute == "member" => String::from_utf8_lossy(&one.values[0]).into_owned(),
            _ => String::new(),
        };
        self.writes.push(format!("{guid} {}{value}", names.join(",")));
        Ok(())
    }

    fn check(&self, guid: ObjectGuid, changes: &[Change], undelete: bool) -> Result<(), DirectoryError> {
        for change in changes {
            match change.attribute.as_str() {
                "userPrincipalName" => {
                    let taken = |(other, o): (&ObjectGuid, &Object)| {
                        *other != guid
                            && !o.is_deleted()
                            && change.values.first().is_some_and(|v| {
                                o.text("userPrincipalName").is_some_and(|u| u.as_bytes() == v)
                            })
                    };
                    if self.objects.iter().any(taken) {
                        return refuse(19, "0000202F: userPrincipalName already in use");
                    }
                }
                "unicodePwd" if undelete && self.no_password_inside => return refuse(53, "0000001F: no"),
                "unicodePwd" if change.values[0].len() < 20 => {
                    return refuse(19, "0000052D: check_password_restrictions");
                }
                "userAccountControl" if undelete => return refuse(32, "did not find base dn"),
                _ => {}
            }
        }
        Ok(())
    }

    fn undelete(&mut self, guid: ObjectGuid, dn: &str, changes: &[Change]) -> Result<(), DirectoryError> {
        if dn.starts_with("<GUID") || !self.objects[&guid].is_deleted() {
            return refuse(1, "00002020: tombstone_reanimate.c:370");
        }
        let target = changes.iter().find(|c| c.attribute == "distinguishedName").unwrap();
        let target: Dn = std::str::from_utf8(&target.values[0]).unwrap().parse().unwrap();
        let parent = target.parent().unwrap();
        let live = |dn: &Dn| self.objects.values().any(|o| o.dn == *dn && !o.is_deleted());
        if live(&target) {
            return refuse(68, "Entry already exists");
        }
        if !live(&parent) {
            return refuse(1, "acl:access_denied renaming");
        }
        let object = self.objects.get_mut(&guid).unwrap();
        object.dn = target;
        object.attributes.remove("isDeleted");
        if object.attributes.contains_key("userAccountControl") {
            object.set("pwdLastSet", &["0"]);
        }
        // The link to the restored container changes what was below it.
        let below: Vec<_> =
            self.objects.iter().filter(|(_, o)| o.parent == Some(guid)).map(|(g, _)| *g).collect();
        for child in below {
            self.touch(child);
        }
        Ok(())
    }

    fn apply(&mut self, guid: ObjectGuid, change: &Change) -> Result<(), DirectoryError> {
        match change.attribute.as_str() {
            "isDeleted" | "distinguishedName" => Ok(()),
            "unicodePwd" => {
                let object = self.objects.get_mut(&guid).unwrap();
                object.set("pwdLastSet", &["1"]);
                Ok(())
            }
            "member" => self.member(guid, change),
            name => {
                let object = self.objects.get_mut(&guid).unwrap();
                object.attributes.retain(|n, _| !n.eq_ignore_ascii_case(name));
                if !change.values.is_empty() && change.kind != ChangeKind::Delete {
                    object.attributes.insert(name.to_owned(), change.values.clone());
                }
                Ok(())
            }
        }
    }

    fn member(&mut self, group: ObjectGuid, change: &Change) -> Result<(), DirectoryError> {
        let value = std::str::from_utf8(&change.values[0]).unwrap();
        let Some(who) = self.resolve(value, Visibility::Live) else { return refuse(32, "00000525: ") };
        let key = who.to_string().into_bytes();
        let members = self.objects.get_mut(&group).unwrap().attributes.entry("member".into()).or_default();
        match change.kind {
            ChangeKind::Add if members.contains(&key) => refuse(68, "already exists for target GUID"),
            ChangeKind::Add => {
                members.push(key);
                Ok(())
            }
            _ if !members.contains(&key) => refuse(53, "not a member"),
            _ => {
                members.retain(|m| *m != key);
                if members.is_empty() {
                    self.objects.get_mut(&group).unwrap().attributes.remove("member");
                }
                Ok(())
            }
        }
    }

    fn entry(&self, guid: ObjectGuid, names: &[String]) -> Entry {
        let object = &self.objects[&guid];
        let mut entry = Entry::new(object.dn.to_string()).with("objectGUID", [guid.to_wire()]);
        for (name, values) in &object.attributes {
            if names.is_empty() || names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
                // Links are kept by GUID, and shown by name.
                let name_of = |value: &[u8]| {
                    let guid = std::str::from_utf8(value).ok()?.parse().ok()?;
                    Some(self.objects.get(&guid)?.dn.to_string().into_bytes())
                };
                let shown: Vec<Vec<u8>> = match name.as_str() {
                    "manager" => values.iter().filter_map(|value| name_of(value)).collect(),
                    _ => values.clone(),
                };
                entry = entry.with(name, &shown);
            }
        }
        let key = guid.to_string().into_bytes();
        let is_in = |o: &&Object| o.attributes.get("member").is_some_and(|m| m.contains(&key));
        let groups: Vec<String> = self.objects.values().filter(is_in).map(|o| o.dn.to_string()).collect();
        if groups.is_empty() { entry } else { entry.with("memberOf", &groups) }
    }

    /// Whether a filter that asks for a member of a group is met; any other is.
    fn has_member(&self, group: ObjectGuid, filter: &str) -> bool {
        let Some(name) = filter.strip_prefix("(member=") else { return true };
        let name = String::from_utf8(unescape(name.trim_end_matches(')'))).unwrap();
        let member = self.resolve(&name, Visibility::Live).map(|guid| guid.to_string().into_bytes());
        let members = self.objects[&group].attributes.get("member");
        member.is_some_and(|member| members.is_some_and(|members| members.contains(&member)))
    }

    fn matches(&self, guid: ObjectGuid, filter: &str) -> bool {
        filter.split('(').filter_map(|part| part.split_once('=')).any(|(name, rest)| {
            let value = unescape(rest.trim_end_matches(')'));
            match name {
                "objectClass" => true,
                "objectGUID" => value == guid.to_wire(),
                name => self.objects[&guid]
                    .text(name)
                    .is_some_and(|t| t.eq_ignore_ascii_case(&String::from_utf8_lossy(&value))),
            }
        })
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut out = vec![];
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    out
}

impl Directory for Fake {
    async fn search(&mut self, query: &Query) -> Result<Vec<Entry>, DirectoryError> {
        let fault = self.fault().await;
        self.searches += 1;
        match fault {
            Some(Fault::LostBefore) => return lost(),
            Some(Fault::Busy) => return refuse(51, ""),
            _ => {}
        }
        let found: Vec<ObjectGuid> = if query.scope == Scope::Base {
            let base = self.resolve(&query.base, query.visibility);
            base.into_iter().filter(|guid| self.has_member(*guid, &query.filter)).collect()
        } else {
            let base: Dn = query.base.parse().unwrap();
            let visible = |o: &Object| query.visibility != Visibility::Live || !o.is_deleted();
            self.objects
                .iter()
                .filter(|(g, o)| visible(o) && o.dn.is_at_or_below(&base) && self.matches(**g, &query.filter))
                .map(|(g, _)| *g)
                .collect()
        };
        let entries = found.into_iter().map(|g| self.entry(g, &query.attributes)).collect();
        self.answer(fault, Ok(entries)).await
    }

    async fn modify(
        &mut self,
        dn: &str,
        changes: &[Change],
        visibility: Visibility,
    ) -> Result<(), DirectoryError> {
        let fault = self.fault().await;
        match fault {
            Some(Fault::LostBefore) => return lost(),
            Some(Fault::Busy) => return refuse(51, ""),
            _ => {}
        }
        let result = self.change(dn, changes, visibility);
        self.answer(fault, result).await
    }

    async fn add(&mut self, dn: &Dn, attributes: &[Change]) -> Result<(), DirectoryError> {
        let fault = self.fault().await;
        match fault {
            Some(Fault::LostBefore) => return lost(),
            Some(Fault::Busy) => return refuse(51, ""),
            _ => {}
        }
        let result = match self.resolve(&dn.to_string(), Visibility::Live) {
            Some(_) => refuse(68, ""),
            None => {
                let number = u8::try_from(self.objects.len()).unwrap();
                let guid = ObjectGuid::from_wire(&[100 + number; 16]).unwrap();
                Self::add(self, guid, &dn.to_string(), &[("pwdLastSet", &["0"])]);
                let object = self.objects.get_mut(&guid).unwrap();
                for change in attributes {
                    object.attributes.insert(change.attribute.clone(), change.values.clone());
                }
                self.writes.push(format!("{guid} add"));
                Ok(())
            }
        };
        self.answer(fault, result).await
    }

    async fn delete(&mut self, dn: &str) -> Result<(), DirectoryError> {
        let fault = self.fault().await;
        match fault {
            Some(Fault::LostBefore) => return lost(),
            Some(Fault::Busy) => return refuse(51, ""),
            _ => {}
        }
        let result = match self.resolve(dn, Visibility::Live) {
            None => refuse(32, ""),
            Some(guid) => {
                let parent = self.objects[&guid].dn.parent().unwrap();
                let parent = self.resolve(&parent.to_string(), Visibility::Live).unwrap_or(guid);
                self.tombstone(guid, parent);
                self.writes.push(format!("{guid} delete"));
                Ok(())
            }
        };
        self.answer(fault, result).await
    }

    async fn rename(&mut self, dn: &str, new_dn: &Dn) -> Result<(), DirectoryError> {
        let fault = self.fault().await;
        match fault {
            Some(Fault::LostBefore) => return lost(),
            Some(Fault::Busy) => return refuse(51, ""),
            _ => {}
        }
        let result = match self.resolve(dn, Visibility::Live) {
            None => refuse(32, ""),
            Some(guid) => {
                self.objects.get_mut(&guid).unwrap().dn = new_dn.clone();
                self.touch(guid);
                self.writes.push(format!("{guid} rename"));
                Ok(())
            }
        };
        self.answer(fault, result).await
    }

    async fn reconnect(&mut self) -> Result<(), DirectoryError> {
        self.reconnects += 1;
        if self.cannot_reconnect {
            return Err(DirectoryError::Unreachable { message: "dc1 is gone".into(), hint: None });
        }
        Ok(())
    }
}
