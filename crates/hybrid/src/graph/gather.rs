//! From Graph to evidence: what is read goes through the reader of exports, page by page, so that both are the same.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

use serde::Deserialize;
use uuid::Uuid;

use super::client::Client;
use super::error::{GraphError, GraphErrorKind};
use super::feed::Feed;
use super::keys::distinct;
use super::page::Page;
use super::query::Request;
use super::read::{Key, Place, Read, batches};
use crate::evidence::{Asked, Dataset, Loader, Stated, UserField, without_prefix};

/// How much is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All users and all deleted users, as the collector does. Memory grows with the tenant. The source of authority is not among
    /// it, for it takes a request a user: gather those users besides, into the same loader.
    Tenant,
    /// The users that have one of these, live and deleted. Of others nothing is known then.
    Users(Vec<Key>),
}

/// A dataset that could not be fetched, or not all of it.
#[derive(Debug)]
pub struct Shortfall {
    /// Which.
    pub dataset: Dataset,
    /// Why.
    pub error: GraphError,
    /// The permission of an app that is enough for it.
    pub permission: &'static str,
}

/// What was fetched.
#[derive(Debug)]
pub struct Gathered {
    /// Holds it; more files may be added before it is finished.
    pub loader: Loader,
    /// What is missing. The evidence knows too: nothing follows from what was not read.
    pub shortfalls: Vec<Shortfall>,
}

impl Client {
    /// Fetches what checks and decisions rest upon, into the same loader as files. A dataset that Graph refuses is a shortfall;
    /// no sign-in, no connection and endless throttling end it.
    pub async fn gather(&self, wanted: &Wanted, loader: Loader) -> Result<Gathered, GraphError> {
        let mut gathering = Gathering::new(self, loader);
        match wanted {
            Wanted::Tenant => gathering.whole_tenant().await?,
            Wanted::Users(keys) => gathering.users(keys).await?,
        }
        let all = LISTS.map(|(dataset, _)| dataset);
        gathering.lists(&all).await?;
        Ok(gathering.done())
    }

    /// The users that have one of these, live and deleted, with what hangs on them and nothing else: for asking again, and for
    /// waiting until one is there.
    pub async fn gather_users(&self, keys: &[Key], loader: Loader) -> Result<Gathered, GraphError> {
        let mut gathering = Gathering::new(self, loader);
        gathering.users(keys).await?;
        Ok(gathering.done())
    }

    /// Lists of the tenant that are no users: domains, the organisation, products, roles, features.
    pub async fn gather_lists(&self, wanted: &[Dataset], loader: Loader) -> Result<Gathered, GraphError> {
        let mut gathering = Gathering::new(self, loader);
        gathering.lists(wanted).await?;
        Ok(gathering.done())
    }
}

/// What belongs to the tenant and is one list each.
const LISTS: [(Dataset, Read); 7] = [
    (Dataset::Domains, Read::Domains),
    (Dataset::Organisation, Read::Organisation),
    (Dataset::SubscribedSkus, Read::SubscribedSkus),
    (Dataset::RoleAssignments, Read::RoleAssignments(None)),
    (Dataset::RoleEligibility, Read::RoleEligibility(None)),
    (Dataset::RoleDefinitions, Read::RoleDefinitions),
    (Dataset::SyncFeatures, Read::SyncFeatures),
];

/// One list, or several answers that belong together.
struct Task {
    dataset: Dataset,
    requests: Vec<Request>,
    is_whole: bool,
    permission: &'static str,
}

impl Task {
    fn whole(dataset: Dataset, read: &Read) -> Self {
        Self { dataset, requests: vec![read.request()], is_whole: true, permission: read.permission() }
    }

    fn some(dataset: Dataset, reads: &[Read]) -> Self {
        let permission = reads.first().map_or("", Read::permission);
        Self { dataset, requests: reads.iter().map(Read::request).collect(), is_whole: false, permission }
    }
}

/// The two lists of users.
const PLACES: [(Dataset, Place); 2] = [(Dataset::Users, Place::Live), (Dataset::DeletedUsers, Place::Bin)];
/// The most names of users that were found that are asked for in turn.
const MAX_KEYS: usize = 2000;

/// What the users that were found name.
#[derive(Default)]
struct Named {
    keys: BTreeSet<Key>,
    found: BTreeSet<(Place, Uuid)>,
    synchronised: BTreeSet<Uuid>,
    groups: BTreeSet<Uuid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIds {
    id: String,
    #[serde(default)]
    user_principal_name: Option<String>,
    #[serde(default)]
    mail: Option<String>,
    #[serde(default)]
    proxy_addresses: Option<Vec<String>>,
    #[serde(default)]
    on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    license_assignment_states: Option<Vec<LicenceState>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LicenceState {
    #[serde(default)]
    assigned_by_group: Option<String>,
}

struct Gathering<'a> {
    client: &'a Client,
    loader: Loader,
    shortfalls: Vec<Shortfall>,
    named: Named,
}

impl<'a> Gathering<'a> {
    fn new(client: &'a Client, loader: Loader) -> Self {
        Self { client, loader, shortfalls: vec![], named: Named::default() }
    }

    fn done(self) -> Gathered {
        Gathered { loader: self.loader, shortfalls: self.shortfalls }
    }

    async fn whole_tenant(&mut self) -> Result<(), GraphError> {
        for (dataset, place) in PLACES {
            self.fetch(Task::whole(dataset, &Read::AllUsers(place)), None).await?;
            self.fetch(Task::whole(dataset, &Read::ObjectIdentifiers(place)), None).await?;
        }
        self.fetch(Task::whole(Dataset::LicensedGroups, &Read::Groups), None).await?;
        Ok(())
    }

    async fn users(&mut self, keys: &[Key]) -> Result<(), GraphError> {
        // Whoever is found has names of its own, which somebody else may have too.
        let mut done: HashSet<Key> = HashSet::new();
        let mut next = distinct(keys.to_vec());
        for _ in 0..2 {
            for (dataset, place) in PLACES {
                // Apart from each other: one filter that Graph refuses must not take the others along.
                for batch in batches(place, &next) {
                    let task = Task::some(dataset, &[Read::Users(place, batch.clone())]);
                    if self.fetch(task, Some(place)).await? {
                        batch.iter().for_each(|key| self.loader.note_asked(dataset, asked(key)));
                    }
                }
            }
            done.extend(next);
            next =
                std::mem::take(&mut self.named.keys).into_iter().filter(|key| !done.contains(key)).collect();
        }
        for (dataset, place) in PLACES {
            let ids = self.named.found.iter().filter(|(at, _)| *at == place);
            let reads: Vec<Read> = ids.map(|(_, id)| Read::ObjectIdentifier(place, *id)).collect();
            self.fetch(Task::some(dataset, &reads), None).await?;
        }
        let behaviours: Vec<Read> =
            self.named.synchronised.iter().copied().map(Read::SyncBehaviour).collect();
        self.fetch(Task::some(Dataset::SyncBehaviour, &behaviours), None).await?;
        let groups: Vec<Read> = self.named.groups.iter().copied().map(Read::Group).collect();
        self.fetch(Task::some(Dataset::LicensedGroups, &groups), None).await?;
        Ok(())
    }

    async fn lists(&mut self, wanted: &[Dataset]) -> Result<(), GraphError> {
        for (dataset, read) in LISTS.iter().filter(|(dataset, _)| wanted.contains(dataset)) {
            self.fetch(Task::whole(*dataset, read), None).await?;
        }
        Ok(())
    }

    /// Fetches one list or several answers as one file of evidence. Says whether all of it came.
    async fn fetch(&mut self, task: Task, users_of: Option<Place>) -> Result<bool, GraphError> {
        let Some(first) = task.requests.first() else { return Ok(true) };
        let path = self.path(first);
        let at = self.client.now();
        let mut feed = Feed::new(path.clone(), at);
        let error = self.pages(&task, users_of, &mut feed).await.err();
        self.loader = feed.end(std::mem::take(&mut self.loader)).await?;
        let Some(error) = error else { return Ok(true) };
        let ends_all = matches!(
            error.kind(),
            GraphErrorKind::SignIn | GraphErrorKind::Unreachable | GraphErrorKind::Input
        );
        if ends_all {
            return Err(error);
        }
        self.loader.note_failure(&path, at, task.dataset, &error.to_string())?;
        self.shortfalls.push(Shortfall { dataset: task.dataset, error, permission: task.permission });
        Ok(false)
    }

    async fn pages(
        &mut self,
        task: &Task,
        users_of: Option<Place>,
        feed: &mut Feed,
    ) -> Result<(), GraphError> {
        for request in &task.requests {
            let selected = request.query.iter().find(|(name, _)| *name == "$select");
            let properties = selected.map(|(_, all)| all.split(',').map(str::to_owned).collect());
            let stated = Stated {
                dataset: task.dataset,
                at: None,
                is_complete: task.is_whole,
                properties: properties.unwrap_or_default(),
                error: (!task.is_whole).then(|| "only the users that were named were asked for".into()),
            };
            if is_one(request) {
                match self.client.text(request).await {
                    Ok(body) => feed.give(&mut self.loader, &stated, body).await?,
                    // It went away meanwhile.
                    Err(error) if error.kind() == GraphErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
                continue;
            }
            let mut pages = self.client.pages(request.clone());
            while let Some(body) = pages.next().await? {
                if let Some(place) = users_of {
                    self.named.note(place, &body);
                }
                feed.give(&mut self.loader, &stated, body).await?;
            }
        }
        Ok(())
    }

    /// The name under which it stands among the files: never one of a file.
    fn path(&self, request: &Request) -> PathBuf {
        let path = request.to_string();
        let path = path.split_once(' ').map_or(path.as_str(), |(_, path)| path);
        PathBuf::from(format!("https://{}{path}", self.client.host()))
    }
}

/// Whether the answer is an object and no list: its path ends with an id, or what belongs to one.
fn is_one(request: &Request) -> bool {
    request.path.iter().any(|segment| Uuid::try_parse(segment).is_ok())
}

impl Named {
    fn note(&mut self, place: Place, body: &[u8]) {
        let Ok(page) = Page::read(body) else { return };
        for object in page.value {
            let Ok(user) = serde_json::from_str::<UserIds>(object.get()) else { continue };
            let Ok(id) = Uuid::try_parse(&user.id) else { continue };
            self.found.insert((place, id));
            if user.on_premises_sync_enabled == Some(true) && place == Place::Live {
                self.synchronised.insert(id);
            }
            let upn = user.user_principal_name.unwrap_or_default();
            let upn = without_prefix(&upn, &user.id).unwrap_or(&upn);
            let addresses = user.proxy_addresses.unwrap_or_default().into_iter().chain(user.mail);
            let names = addresses.map(Key::Address).chain([
                Key::UserPrincipalName(upn.to_owned()),
                Key::Address(upn.to_owned()),
                Key::Id(id),
            ]);
            let room = MAX_KEYS.saturating_sub(self.keys.len());
            self.keys.extend(names.filter(|key| !key.is_empty()).take(room));
            let states = user.license_assignment_states.unwrap_or_default();
            self.groups
                .extend(states.iter().filter_map(|s| Uuid::try_parse(s.assigned_by_group.as_deref()?).ok()));
        }
    }
}

fn asked(key: &Key) -> Asked {
    match key {
        Key::Id(id) => Asked::by(UserField::Id, &id.to_string()),
        Key::ImmutableId(anchor) => Asked::by(UserField::OnPremisesImmutableId, anchor),
        Key::UserPrincipalName(upn) => Asked::by(UserField::UserPrincipalName, upn),
        Key::Address(address) => Asked::by(UserField::ProxyAddresses, address),
        Key::Sid(sid) => Asked::by(UserField::OnPremisesSecurityIdentifier, sid),
        Key::SamAccountName(name) => Asked::by(UserField::OnPremisesSamAccountName, name),
    }
}
