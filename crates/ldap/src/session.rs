//! A session: one domain controller, bound, with what it says of itself.

use std::collections::HashSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use adrecover_core::directory::{Change, ChangeKind, Query, Scope, Visibility};
use adrecover_core::text::printable;
use adrecover_core::{Directory, DirectoryError, Dn, Entry};
use ldap3::Mod;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::connect::{Dialed, Dialer, PAUSES};
use crate::link::{self, Link};
use crate::message::Filter;
use crate::stream::{EntryStream, Request};
use crate::{
    BindMethod, ConnectError, ConnectOptions, RootDse, SearchOptions, ServerUrl, Sweep, SweepQuery, controls,
};

/// An authenticated connection to one domain controller, kept for its whole life.
#[derive(Debug)]
pub struct Session {
    dialer: Dialer,
    url: ServerUrl,
    address: SocketAddr,
    /// Another one after a question that was asked again.
    link: RwLock<Link>,
    renewing: Mutex<()>,
    root_dse: Arc<RootDse>,
    /// Who has logged on.
    account: Arc<str>,
    /// How long it took to connect, to bind and to read the rootDSE.
    opened_in: Duration,
    /// Why the servers before this one were not used.
    passed_over: Vec<String>,
}

impl Session {
    /// Connects to the first server that can be reached and trusted, binds, and reads the rootDSE.
    ///
    /// A refused bind ends it: the same password is not sent to another server, so that it cannot lock the account. A read-only
    /// domain controller is kept only where no other one can be used.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, ConnectError> {
        let dialer = Dialer::new(options)?;
        let (mut errors, mut passed_over) = (vec![], vec![]);
        let mut read_only: Option<Self> = None;
        for url in &options.servers {
            match Self::open(&dialer, url, None).await {
                Ok(session) if session.root_dse.is_read_only() => {
                    passed_over.push(format!("{url} is a read-only domain controller"));
                    match read_only {
                        Some(_) => session.close().await,
                        None => read_only = Some(session),
                    }
                }
                Ok(session) => {
                    if let Some(other) = read_only {
                        other.close().await;
                    }
                    return Ok(Self { passed_over, ..session.named().await });
                }
                Err(error) if error.may_try_next() => {
                    passed_over.push(error.to_string());
                    errors.push(error);
                }
                Err(error) => return Err(error),
            }
        }
        if let Some(session) = read_only {
            return Ok(Self { passed_over, ..session.named().await });
        }
        Err(if errors.len() == 1 { errors.remove(0) } else { ConnectError::All { errors } })
    }

    async fn open(dialer: &Dialer, url: &ServerUrl, known: Option<SocketAddr>) -> Result<Self, ConnectError> {
        let began = Instant::now();
        let Dialed { link, address } = dialer.dial(url, known).await?;
        let failed = |error| ConnectError::Directory { server: url.to_string(), error };
        let root_dse = Arc::new(RootDse::read(&link).await.map_err(failed)?);
        let account = match &dialer.options.bind {
            BindMethod::Simple { name, .. } | BindMethod::Kerberos { principal: Some(name), .. } => {
                name.as_str()
            }
            BindMethod::Kerberos { principal: None, .. } => "the owner of the Kerberos ticket",
        };
        let account = account.into();
        let (dialer, url, link) = (dialer.clone(), url.clone(), RwLock::new(link));
        let opened_in = began.elapsed();
        Ok(Self {
            dialer,
            url,
            address,
            link,
            renewing: Mutex::new(()),
            root_dse,
            account,
            opened_in,
            passed_over: vec![],
        })
    }

    /// The session with the name of its account, where a ticket of an unknown principal was used: nothing but the directory
    /// tells it.
    async fn named(mut self) -> Self {
        if matches!(self.dialer.options.bind, BindMethod::Kerberos { principal: None, .. }) {
            let found = crate::doctor::account::account_of(&self).await.ok().flatten();
            if let Some(name) = found {
                self.account = name.into();
            }
        }
        self
    }

    /// Who has logged on: the name that was given, or for a ticket `DOMAIN\name` as the directory tells it.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Why the servers before this one were not used, a sentence each.
    pub fn passed_over(&self) -> &[String] {
        &self.passed_over
    }

    /// A second session, with a global catalogue: that of the same domain controller, else one that was found with it. The port is
    /// 3269 for an `ldaps://` server, 3268 for an `ldap://` one.
    pub async fn global_catalog(&self) -> Result<Self, ConnectError> {
        let own = match self.own_catalog().await {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        let forest = &self.root_dse.root_domain_naming_context;
        for url in &self.dialer.options.catalogues {
            if let Ok(session) = Self::open(&self.dialer, url, None).await
                && session.root_dse.root_domain_naming_context == *forest
            {
                return Ok(session);
            }
        }
        Err(own)
    }

    async fn own_catalog(&self) -> Result<Self, ConnectError> {
        let port = self.dialer.options.gc_port.unwrap_or_else(|| self.url.scheme.global_catalog_port());
        let url = self.url.with_port(port);
        let mut address = self.address;
        address.set_port(port);
        let session = Self::open(&self.dialer, &url, Some(address)).await?;
        self.check_same_server(&session)?;
        Ok(session)
    }

    /// One more session with the same domain controller, tried once.
    pub(crate) fn twin(&self) -> impl Future<Output = Result<Self, ConnectError>> + Send + use<> {
        let (dialer, url, address) = (self.dialer.clone(), self.url.clone(), self.address);
        let identity = self.root_dse.identity();
        async move {
            let session = Self::open(&dialer, &url, Some(address)).await?;
            same_server(identity, &session)?;
            Ok(session)
        }
    }

    /// How long it took to open: several round trips and the server's work on them.
    pub(crate) fn opened_in(&self) -> Duration {
        self.opened_in
    }

    fn check_same_server(&self, other: &Self) -> Result<(), ConnectError> {
        same_server(self.root_dse.identity(), other)
    }

    /// What the server says of itself.
    pub fn root_dse(&self) -> &RootDse {
        &self.root_dse
    }

    /// The server's address as it was given.
    pub fn server(&self) -> &ServerUrl {
        &self.url
    }

    /// What it was connected with, the logon included.
    pub fn options(&self) -> &ConnectOptions {
        &self.dialer.options
    }

    /// The network address of the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts a search whose entries are read one by one, with constant memory. Nothing is sent before the first
    /// [`EntryStream::next`].
    pub fn search_stream(
        &self,
        query: &Query,
        options: &SearchOptions,
    ) -> Result<EntryStream, DirectoryError> {
        let filter = Filter::parse(&query.filter)?;
        let most = self.root_dse.page_size();
        let mut page = options.page_size.map_or(most, |size| size.clamp(1, most));
        if let Some(limit) = options.size_limit {
            // One more than wanted tells whether there is more.
            page = page.min(u32::try_from(limit.saturating_add(1)).unwrap_or(u32::MAX));
        }
        let request = Request {
            base: query.base.clone(),
            scope: query.scope,
            filter,
            attributes: query.attributes.clone(),
            controls: controls::for_search(query, options, &self.root_dse)?,
            page: (query.scope != Scope::Base).then_some(page),
        };
        Ok(EntryStream::open(self.link(), request).limited(options.size_limit))
    }

    /// Starts reading a container of any size so that a lost connection loses nothing. See [`Sweep`].
    pub async fn sweep(&mut self, query: SweepQuery) -> Result<Sweep<'_>, DirectoryError> {
        Sweep::start(self, query).await
    }

    /// Reads the server's highest committed update sequence number.
    pub async fn highest_committed_usn(&self) -> Result<Option<u64>, DirectoryError> {
        let link = self.link();
        match RootDse::current_usn(&link).await {
            Err(DirectoryError::ConnectionLost { .. }) => {}
            answer => return answer,
        }
        self.renew(&link).await?;
        RootDse::current_usn(&self.link()).await
    }

    /// All that a search finds. Where the connection was lost it is asked once more, on a new one.
    pub async fn ask(&self, query: &Query) -> Result<Vec<Entry>, DirectoryError> {
        let options = SearchOptions::default();
        let link = self.link();
        match self.search_stream(query, &options)?.collect().await {
            Err(DirectoryError::ConnectionLost { .. }) => {}
            answer => return answer,
        }
        self.renew(&link).await?;
        self.search_stream(query, &options)?.collect().await
    }

    /// Ends the session in the orderly way.
    pub async fn close(self) {
        self.link().close().await;
    }

    /// The connection as it is now.
    pub(crate) fn link(&self) -> Link {
        self.link.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the connection again in place of one that was lost, unless another question has done so already.
    async fn renew(&self, lost: &Link) -> Result<(), DirectoryError> {
        let _one_at_a_time = self.renewing.lock().await;
        if self.link().is(lost) {
            let link = self.again().await?.link();
            *self.link.write().unwrap_or_else(PoisonError::into_inner) = link;
        }
        Ok(())
    }

    /// A new session with the same domain controller, with a bounded number of tries.
    async fn again(&self) -> Result<Self, DirectoryError> {
        let mut last = ConnectError::NoServer;
        let deadline = Instant::now() + 2 * self.dialer.options.timeout;
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            if Instant::now() > deadline {
                break;
            }
            let opened = Self::open(&self.dialer, &self.url, Some(self.address)).await;
            match opened.and_then(|session| self.check_same_server(&session).map(|()| session)) {
                Ok(session) => return Ok(Self { account: Arc::clone(&self.account), ..session }),
                Err(error) => {
                    // A password that is refused now will be refused again, and may lock the account.
                    let futile = matches!(
                        error.kind(),
                        crate::ConnectErrorKind::Bind | crate::ConnectErrorKind::Options
                    );
                    last = error;
                    if futile {
                        break;
                    }
                }
            }
        }
        // Not as a lost connection again: that would say that something was asked.
        Err(DirectoryError::Unreachable { message: last.to_string(), hint: last.hint() })
    }
}

impl Directory for Session {
    async fn search(&mut self, query: &Query) -> Result<Vec<Entry>, DirectoryError> {
        self.search_stream(query, &SearchOptions::default())?.collect().await
    }

    async fn modify(
        &mut self,
        dn: &str,
        changes: &[Change],
        visibility: Visibility,
    ) -> Result<(), DirectoryError> {
        if changes.is_empty() {
            return Err(DirectoryError::BadRequest("a modification without a change".to_owned()));
        }
        let controls = controls::for_modify(visibility, &self.root_dse)?;
        let link = self.link();
        let mut ldap = link.operation();
        if !controls.is_empty() {
            ldap.with_controls(controls);
        }
        let result = match ldap.modify(dn, changes.iter().map(modification).collect()).await {
            Ok(result) => result,
            Err(e) => return Err(link.error(e).await),
        };
        Ok(link::accepted(&result.into(), || format!("modify {}", printable(dn)))?)
    }

    async fn add(&mut self, dn: &Dn, attributes: &[Change]) -> Result<(), DirectoryError> {
        let attributes = attributes.iter().map(|change| {
            (
                change.attribute.clone().into_bytes(),
                change.values.iter().cloned().collect::<HashSet<Vec<u8>>>(),
            )
        });
        let (link, dn) = (self.link(), dn.to_string());
        let result = match link.operation().add(&dn, attributes.collect()).await {
            Ok(result) => result,
            Err(e) => return Err(link.error(e).await),
        };
        Ok(link::accepted(&result.into(), || format!("add {}", printable(&dn)))?)
    }

    async fn delete(&mut self, dn: &str) -> Result<(), DirectoryError> {
        let link = self.link();
        let result = match link.operation().delete(dn).await {
            Ok(result) => result,
            Err(e) => return Err(link.error(e).await),
        };
        Ok(link::accepted(&result.into(), || format!("delete {}", printable(dn)))?)
    }

    async fn rename(&mut self, dn: &str, new_dn: &Dn) -> Result<(), DirectoryError> {
        let (Some(rdn), Some(parent)) = (new_dn.rdn(), new_dn.parent()) else {
            return Err(DirectoryError::BadRequest(
                "an object cannot be renamed to the empty name".to_owned(),
            ));
        };
        let stays = dn.parse::<Dn>().is_ok_and(|old| old.parent().as_ref() == Some(&parent));
        let parent = parent.to_string();
        let superior = (!stays).then_some(parent.as_str());
        let link = self.link();
        let result = match link.operation().modifydn(dn, &rdn.to_string(), true, superior).await {
            Ok(result) => result,
            Err(e) => return Err(link.error(e).await),
        };
        Ok(link::accepted(&result.into(), || {
            format!("rename {} to {}", printable(dn), printable(&new_dn.to_string()))
        })?)
    }

    async fn reconnect(&mut self) -> Result<(), DirectoryError> {
        *self = self.again().await?;
        Ok(())
    }
}

/// `ldap3` takes the values as a set, which they are: the order of values carries no meaning in LDAP (RFC 4511 4.1.7).
fn modification(change: &Change) -> Mod<Vec<u8>> {
    let name = change.attribute.clone().into_bytes();
    let values: HashSet<Vec<u8>> = change.values.iter().cloned().collect();
    match change.kind {
        ChangeKind::Add => Mod::Add(name, values),
        ChangeKind::Delete => Mod::Delete(name, values),
        ChangeKind::Replace => Mod::Replace(name, values),
    }
}

/// Refuses a session with another domain controller than the one of that identity.
fn same_server(before: Option<String>, other: &Session) -> Result<(), ConnectError> {
    let now = other.root_dse.identity();
    if before == now {
        return Ok(());
    }
    let shown = |name: Option<String>| name.unwrap_or_else(|| "a server without a name".to_owned());
    Err(ConnectError::OtherServer { server: other.url.to_string(), before: shown(before), now: shown(now) })
}
