//! A second server as a source that is only read: a snapshot that `dsamain` has mounted, or another domain controller.
//!
//! Nothing here changes anything: the session is private, and [`Source`] has no way to. Links are told from the schema (`linkID`, even for
//! the forward attribute and odd for its back link, [MS-ADTS] 3.1.1.1.6); the other ends are looked up by their DNs on the same server.

use std::collections::{HashMap, HashSet};
use std::future::Future;

use adrecover_core::directory::{Query, Scope, Visibility};
use adrecover_core::entry::Attribute;
use adrecover_core::source::{
    About, DamageReport, Direction, Gap, GapReason, Key, Link, LinkEnd, LinkState, MOST_FOUND, Moment,
    Object, Selection, Source, SourceError, SourceKind, Standing, Visit,
};
use adrecover_core::time::Timestamp;
use adrecover_core::{DirectoryError, Dn, Entry, ObjectGuid, filter, secrets};

use crate::deleted::policy;
use crate::{ConnectError, ConnectOptions, EntryStream, SearchOptions, Session};

/// How many objects one search asks for.
const CHUNK: usize = 50;
/// How many of the newest changes are looked at to tell of when the server's directory is, in update sequence numbers.
const RECENT: u64 = 2000;
/// `searchFlags` bit 0x80: fCONFIDENTIAL ([MS-ADTS] 2.2.10).
const CONFIDENTIAL: i64 = 0x80;
/// What an object and its state are read from.
const IDENTITY: [&str; 4] = ["objectGUID", "objectSid", "isDeleted", "isRecycled"];

/// A server that is only read.
pub struct LdapSource {
    wire: Wire,
    about: About,
    links: Links,
    damage: DamageReport,
    remembered: Option<Remembered>,
}

/// The links of the objects of a listing, so that they need not be asked for one by one.
#[derive(Debug, Default)]
struct Remembered {
    of: HashMap<ObjectGuid, Vec<(String, Vec<u8>)>>,
    values: usize,
}

/// How many objects, and how many values of links, are remembered; the links of others are asked for. About 100 MB at most.
const REMEMBERED: usize = 500_000;

impl Remembered {
    fn add(&mut self, entry: &Entry, links: &Links) {
        let forward = |name: &str| {
            links.all.contains(&name.to_lowercase())
                && links.forward.values().any(|f| f.eq_ignore_ascii_case(name))
        };
        let Some(guid) = entry.guid() else { return };
        let held: Vec<&Attribute> =
            entry.attributes.iter().filter(|attribute| forward(&attribute.name)).collect();
        let number: usize = held.iter().map(|attribute| attribute.values.len()).sum();
        if self.of.len() >= REMEMBERED || self.values + number > REMEMBERED {
            return;
        }
        self.values += number;
        let values =
            held.into_iter().flat_map(|a| a.values.iter().map(|value| (a.name.to_string(), value.clone())));
        self.of.insert(guid, values.collect());
    }
}

/// The session on threads of its own, so that calls may block wherever they are made.
struct Wire {
    session: Session,
    /// Always there but while it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        // Whoever drops it may be on a thread that must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs a future to its end on another thread, wherever the caller is.
fn wait<T: Send>(runtime: &tokio::runtime::Runtime, work: impl Future<Output = T> + Send) -> Option<T> {
    std::thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join().ok())
}

impl Wire {
    fn ask(&self, query: &Query) -> Result<Vec<Entry>, SourceError> {
        self.wait(self.session.ask(query))
    }

    fn wait<T: Send>(
        &self,
        work: impl Future<Output = Result<T, DirectoryError>> + Send,
    ) -> Result<T, SourceError> {
        let ended = || DirectoryError::BadRequest("the connection was closed".to_owned());
        let runtime = self.runtime.as_ref().ok_or_else(ended)?;
        Ok(wait(runtime, work).unwrap_or_else(|| Err(ended()))?)
    }
}

/// Which attributes are links, and which hold what is not shown.
#[derive(Debug, Default)]
struct Links {
    /// Forward attributes by the half of their `linkID`.
    forward: HashMap<i64, String>,
    /// Back links with the half of their `linkID`.
    backward: Vec<(String, i64)>,
    /// Attributes that are links, in lower case.
    all: HashSet<String>,
    confidential: HashSet<String>,
}

impl Links {
    fn of(entries: &[Entry]) -> Self {
        let mut links = Self::default();
        for entry in entries {
            let Some(name) = entry.text("lDAPDisplayName") else { continue };
            if entry.integer("searchFlags").is_some_and(|flags| flags & CONFIDENTIAL != 0) {
                links.confidential.insert(name.to_lowercase());
            }
            let Some(id) = entry.integer("linkID").filter(|id| *id > 0) else { continue };
            links.all.insert(name.to_lowercase());
            if id % 2 == 0 {
                links.forward.insert(id / 2, name);
            } else {
                links.backward.push((name, id / 2));
            }
        }
        links
    }

    /// The attributes that tell the links of one direction, each with the forward attribute's name.
    fn told_by(&self, direction: Direction) -> Vec<(&str, &str)> {
        match direction {
            Direction::Holds => self.forward.values().map(|name| (name.as_str(), name.as_str())).collect(),
            Direction::PointedTo => {
                let pairs = self.backward.iter();
                pairs
                    .filter_map(|(name, half)| Some((name.as_str(), self.forward.get(half)?.as_str())))
                    .collect()
            }
        }
    }
}

impl LdapSource {
    /// Connects, logs on, and reads what the server is. Blocks.
    pub fn open(options: &ConnectOptions) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| SourceError::io("a thread", &error))?;
        let connected = wait(&runtime, Session::connect(options));
        let Some(session) = connected.transpose()? else {
            return Err(SourceError::from(DirectoryError::BadRequest("connecting ended".to_owned())).into());
        };
        let wire = Wire { session, runtime: Some(runtime) };
        let schema = wire.session.root_dse().schema_naming_context.to_string();
        // Confidential is bit 0x80 of the flags (the rule is LDAP_MATCHING_RULE_BIT_AND, [MS-ADTS] 3.1.1.3.4.4.1).
        let wanted = "(&(objectClass=attributeSchema)(|(linkID=*)(searchFlags:1.2.840.113556.1.4.803:=128)))";
        let query = Query::below(schema, Scope::OneLevel, wanted).attributes([
            "lDAPDisplayName",
            "linkID",
            "searchFlags",
        ]);
        let links = Links::of(&wire.ask(&query)?);
        let about = about(&wire)?;
        Ok(Self { wire, about, links, damage: DamageReport::default(), remembered: None })
    }

    /// Makes it the directory as it is now, read from beginning to end: its moment is this one, what the account cannot read is taken for
    /// not set, and the links of what is listed are remembered.
    pub fn make_live(&mut self, now: Timestamp) {
        self.about.moment = Some(Moment::Live(now));
        self.about.absence_is_unset = true;
        self.about.limits = vec![
            "what the account cannot read seems not to be set, and what it cannot see seems not to be there"
                .to_owned(),
            "memberships in groups of other domains are not in it".to_owned(),
        ];
        self.remembered = Some(Remembered::default());
    }

    /// The object of an entry: without links and secrets, which are named as gaps.
    fn object(&self, mut entry: Entry) -> Object {
        let mut gaps = vec![];
        entry.attributes.retain(|attribute| {
            let name = attribute.name.to_lowercase();
            let is_hidden = secrets::is_secret(&name) || self.links.confidential.contains(&name);
            if is_hidden {
                gaps.push(Gap { attribute: attribute.name.to_string(), reason: GapReason::Secret });
            }
            !is_hidden && !self.links.all.contains(&name)
        });
        let place = entry.dn.clone();
        let mut object = Object::new(0, entry, self.about.recycle_bin, place);
        object.gaps = gaps;
        object
    }

    fn bases(&self, under: Option<&Dn>) -> Vec<String> {
        match under {
            Some(under) => vec![under.to_string()],
            None => self.about.contexts.iter().map(ToString::to_string).collect(),
        }
    }

    /// Who the objects of these names are.
    fn ends(&self, names: &[String]) -> Result<HashMap<String, Entry>, SourceError> {
        let mut out = HashMap::new();
        for chunk in names.chunks(CHUNK) {
            let parts: Vec<String> =
                chunk.iter().map(|name| filter::equals("distinguishedName", name)).collect();
            for base in self.bases(None) {
                let query = Query::below(base, Scope::Subtree, filter::any_of(&parts))
                    .attributes(IDENTITY)
                    .visibility(Visibility::Recycled);
                for entry in self.wire.ask(&query)? {
                    out.insert(key(&entry.dn), entry);
                }
            }
        }
        Ok(out)
    }
}

/// Why a server cannot be a source.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be reached, trusted or logged on to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It does not tell what it is.
    #[error(transparent)]
    Source(#[from] SourceError),
}

fn key(dn: &str) -> String {
    dn.parse::<Dn>().map_or_else(|_| dn.to_lowercase(), |dn| dn.key())
}

/// What the server is.
fn about(wire: &Wire) -> Result<About, SourceError> {
    let root = wire.session.root_dse();
    let mut about = About::new(SourceKind::Ldap, format!("ldap:{}", wire.session.server()));
    about.format =
        format!("LDAP server{}", root.vendor_name.as_ref().map(|v| format!(" of {v}")).unwrap_or_default());
    about.host.clone_from(&root.dns_host_name);
    about.domain = Some(root.default_naming_context.clone());
    about.forest = Some(root.root_domain_naming_context.clone());
    about.contexts.clone_from(&root.naming_contexts);
    (about.domain_level, about.forest_level) = (root.domain_functionality, root.forest_functionality);
    let head = Query::object(root.default_naming_context.to_string()).attributes(["objectGUID"]);
    about.domain_guid = wire.ask(&head)?.first().and_then(Entry::guid);
    // An account that may not read the policy can read objects all the same.
    if let Ok(policy) = wire.wait(policy(&wire.session)) {
        about.recycle_bin = Some(policy.recycle_bin);
        about.policy = Some(policy);
    }
    about.moment = newest(wire)?.map(Moment::Newest);
    about.limits = vec![
        "it shows what the account that logs on to it may read".to_owned(),
        "memberships in groups of other domains are not in it".to_owned(),
    ];
    about.verification =
        "tried against Samba and against this project's stand-in, and not against dsamain".to_owned();
    Ok(about)
}

/// When its newest object was changed: a snapshot was made then or later, whatever its clock says.
fn newest(wire: &Wire) -> Result<Option<Timestamp>, SourceError> {
    let root = wire.session.root_dse();
    let Some(highest) = root.highest_committed_usn else { return Ok(None) };
    let wanted = format!("(uSNChanged>={})", highest.saturating_sub(RECENT));
    let query = Query::below(root.default_naming_context.to_string(), Scope::Subtree, wanted)
        .attributes(["whenChanged"])
        .visibility(Visibility::Recycled);
    let mut found = wire.ask(&query)?;
    if found.is_empty() {
        let head = Query::object(root.default_naming_context.to_string()).attributes(["whenChanged"]);
        found = wire.ask(&head)?;
    }
    Ok(found.iter().filter_map(|entry| entry.time("whenChanged")).max())
}

impl Source for LdapSource {
    fn about(&self) -> &About {
        &self.about
    }

    fn list(&mut self, wanted: &Selection, visit: Visit<'_, Object>) -> Result<(), SourceError> {
        let mut names: Vec<&str> = vec![];
        if let Some(wished) = &wanted.attributes {
            names.extend(wished.iter().map(String::as_str).chain(IDENTITY));
        }
        let visibility = match (wanted.deleted, wanted.recycled) {
            (_, true) => Visibility::Recycled,
            (true, false) => Visibility::Deleted,
            _ => Visibility::Live,
        };
        // Of a part of the attributes nothing could be said of links.
        let is_whole = wanted.attributes.is_none();
        if let Some(remembered) = self.remembered.as_mut().filter(|_| is_whole) {
            *remembered = Remembered::default();
        }
        for base in self.bases(wanted.under.as_ref()) {
            let query = Query::below(base, Scope::Subtree, "(objectClass=*)")
                .attributes(&names)
                .visibility(visibility);
            let mut stream = self.wire.session.search_stream(&query, &SearchOptions::default())?;
            loop {
                let some = self.wire.wait(some(&mut stream))?;
                if some.is_empty() {
                    break;
                }
                for entry in some {
                    if let Some(remembered) = self.remembered.as_mut().filter(|_| is_whole) {
                        remembered.add(&entry, &self.links);
                    }
                    let object = self.object(entry);
                    if wanted.takes(object.standing) && visit(object).is_break() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    fn find(&mut self, wanted: &Key) -> Result<Vec<Object>, SourceError> {
        let object = |dn: String| Query::object(dn).visibility(Visibility::Recycled);
        let queries: Vec<Query> = match wanted {
            Key::Guid(guid) => vec![object(guid.as_dn())],
            Key::Dn(dn) => vec![object(dn.to_string())],
            Key::Sid(_) | Key::Account(_) | Key::Principal(_) | Key::Name(_) => {
                let wanted = match wanted {
                    Key::Sid(sid) => format!("(objectSid={})", sid.filter_value()),
                    Key::Account(name) => filter::equals("sAMAccountName", name),
                    Key::Principal(name) => filter::equals("userPrincipalName", name),
                    Key::Name(name) => filter::any_of([
                        filter::equals("name", name),
                        // What follows the name of a deleted object: a line feed and `DEL:` with its GUID.
                        format!("(name={}\\0aDEL:*)", filter::escape(name)),
                    ]),
                    Key::Guid(_) | Key::Dn(_) => String::new(),
                };
                let below = |base| Query::below(base, Scope::Subtree, wanted.clone());
                self.bases(None).into_iter().map(|b| below(b).visibility(Visibility::Recycled)).collect()
            }
        };
        let mut found: Vec<Object> = vec![];
        for query in queries {
            found.extend(self.wire.ask(&query)?.into_iter().take(MOST_FOUND).map(|entry| self.object(entry)));
        }
        found.retain(|object| wanted.matches(object));
        found.sort_by_key(|object| object.standing != Standing::Live);
        found.truncate(MOST_FOUND);
        Ok(found)
    }

    fn links(
        &mut self,
        object: &Object,
        direction: Direction,
        visit: Visit<'_, Link>,
    ) -> Result<(), SourceError> {
        let known = self.remembered.as_ref().zip(object.guid).and_then(|(known, guid)| known.of.get(&guid));
        if let (Some(values), Direction::Holds) = (known, direction) {
            for (attribute, value) in values {
                let (dn, data) = split(value);
                let other = LinkEnd { dn, ..LinkEnd::default() };
                let link = Link {
                    attribute: attribute.clone(),
                    other,
                    data,
                    state: LinkState::Present,
                    since: None,
                };
                if visit(link).is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let told = self.links.told_by(direction);
        let dn = object.guid.map_or_else(|| object.entry.dn.clone(), ObjectGuid::as_dn);
        let query =
            Query::object(dn).attributes(told.iter().map(|(name, _)| name)).visibility(Visibility::Recycled);
        let Some(entry) = self.wire.ask(&query)?.into_iter().next() else { return Ok(()) };
        let mut seen: Vec<(&str, String, Vec<u8>)> = vec![];
        for Attribute { name, values } in &entry.attributes {
            let Some((_, forward)) = told.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else {
                continue;
            };
            seen.extend(values.iter().map(|value| {
                let (dn, data) = split(value);
                (*forward, dn, data)
            }));
        }
        let names: Vec<String> = seen.iter().map(|(_, dn, _)| dn.clone()).collect();
        let ends = self.ends(&names)?;
        for (attribute, dn, data) in seen {
            let other = ends.get(&key(&dn));
            let standing = other.map(|entry| Standing::of(entry, self.about.recycle_bin));
            let is_in_bin = object.standing != Standing::Live
                || standing.is_some_and(|standing| standing != Standing::Live);
            let link = Link {
                attribute: attribute.to_owned(),
                other: LinkEnd {
                    guid: other.and_then(Entry::guid),
                    sid: other.and_then(Entry::sid),
                    dn,
                    standing,
                },
                data,
                state: if is_in_bin { LinkState::Deactivated } else { LinkState::Present },
                since: None,
            };
            if visit(link).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn damage(&self) -> &DamageReport {
        &self.damage
    }
}

/// The next entries of a list, a bounded number; none at its end.
async fn some(stream: &mut EntryStream) -> Result<Vec<Entry>, DirectoryError> {
    /// How many are handed over at a time.
    const AT_ONCE: usize = 500;
    let mut out = vec![];
    while out.len() < AT_ONCE
        && let Some(entry) = stream.next().await?
    {
        out.push(entry);
    }
    Ok(out)
}

/// A value of a link: a DN, or `B:8:0123ABCD:DN` and `S:5:text1:DN` with what belongs to it ([MS-ADTS] 3.1.1.2.2.2.3).
fn split(value: &[u8]) -> (String, Vec<u8>) {
    let text = String::from_utf8_lossy(value).into_owned();
    let parsed = || {
        let rest = text.strip_prefix("B:").or_else(|| text.strip_prefix("S:"))?;
        let (length, rest) = rest.split_once(':')?;
        let length: usize = length.parse().ok()?;
        let data = rest.get(..length)?;
        let dn = rest.get(length..)?.strip_prefix(':')?;
        Some((dn.to_owned(), data.as_bytes().to_vec()))
    };
    parsed().unwrap_or((text.clone(), vec![]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_octets_are_taken_apart() {
        assert_eq!(split(b"CN=a,DC=x"), ("CN=a,DC=x".into(), vec![]));
        assert_eq!(split(b"B:4:00ff:CN=a,DC=x"), ("CN=a,DC=x".into(), b"00ff".to_vec()));
        for odd in ["B:400:00ff:CN=a", "B:x:y:CN=a", "B:4:00ff"] {
            assert_eq!(split(odd.as_bytes()), (odd.to_owned(), vec![]));
        }
    }

    #[test]
    fn links_are_told_from_the_schema() {
        let entry = |name: &str, id: &str, flags: &str| {
            Entry::new("").with("lDAPDisplayName", [name]).with("linkID", [id]).with("searchFlags", [flags])
        };
        let links = Links::of(&[
            entry("member", "2", "0"),
            entry("memberOf", "3", "0"),
            entry("secretOne", "x", "128"),
        ]);
        assert_eq!(links.told_by(Direction::Holds), [("member", "member")]);
        assert_eq!(links.told_by(Direction::PointedTo), [("memberOf", "member")]);
        assert!(links.all.contains("memberof") && links.confidential.contains("secretone"));
    }
}
