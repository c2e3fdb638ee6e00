//! A search read page by page (RFC 2696), the next page being asked for only when the last one is used up.

use adrecover_core::directory::Scope;
use adrecover_core::text::printable;
use adrecover_core::{DirectoryError, Entry};
use ldap3::controls::RawControl;
use ldap3::{LdapError, LdapResult, ResultEntry, SearchStream};

use crate::link::{self, Link};
use crate::{controls, decode, framer};

/// How many empty pages in a row are taken before the search counts as endless.
const MAX_EMPTY_PAGES: u32 = 1000;
/// How deep a filter may be nested: its parser is recursive.
const MAX_FILTER_DEPTH: usize = 100;

/// Everything of a search but its paging cookie.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: String,
    pub(crate) attributes: Vec<String>,
    pub(crate) controls: Vec<RawControl>,
    /// The page size; `None` sends no paging control.
    pub(crate) page: Option<u32>,
}

impl Request {
    /// One object, without controls.
    pub(crate) fn object(base: &str, attributes: &[&str]) -> Self {
        Self {
            base: base.to_owned(),
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: attributes.iter().map(|a| (*a).to_owned()).collect(),
            controls: vec![],
            page: None,
        }
    }

    /// What is asked, in words.
    pub(crate) fn describe(&self) -> String {
        let base = if self.base.is_empty() { "the root".into() } else { printable(&self.base) };
        match self.scope {
            Scope::Base => format!("read {base}"),
            _ => format!("search below {base}"),
        }
    }
}

/// Refuses a filter that the parser cannot take.
pub(crate) fn check_filter(filter: &str) -> Result<(), DirectoryError> {
    let mut depth = 0usize;
    let mut deepest = 0;
    for octet in filter.bytes() {
        match octet {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest > MAX_FILTER_DEPTH {
        return Err(DirectoryError::BadRequest(format!("the filter is nested {deepest} deep")));
    }
    if ldap3::parse_filter(filter).is_err() {
        let head: String = filter.chars().take(200).collect();
        return Err(DirectoryError::BadRequest(format!("the filter `{}` does not parse", printable(&head))));
    }
    Ok(())
}

type Replies = SearchStream<'static, String, Vec<String>>;

/// The entries of a search as the server sends them, ranged attributes in parts.
pub(crate) struct Pages {
    link: Link,
    request: Request,
    replies: Option<Replies>,
    cookie: Vec<u8>,
    finished: bool,
    given: u64,
    references: u64,
    /// The first DN of this page and of the one before.
    page_head: Option<String>,
    last_head: Option<String>,
    empty_pages: u32,
}

impl Pages {
    pub(crate) fn new(link: Link, request: Request) -> Self {
        Self {
            link,
            request,
            replies: None,
            cookie: vec![],
            finished: false,
            given: 0,
            references: 0,
            page_head: None,
            last_head: None,
            empty_pages: 0,
        }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// The references to other servers that were skipped.
    pub(crate) fn references(&self) -> u64 {
        self.references
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Entry>, DirectoryError> {
        loop {
            if self.finished {
                return Ok(None);
            }
            let replies = match &mut self.replies {
                Some(replies) => replies,
                none => {
                    none.insert(start(&self.link, &self.request, &self.cookie).await.inspect_err(|_| {
                        self.finished = true;
                    })?)
                }
            };
            match replies.next().await {
                Ok(Some(reply)) => {
                    if let Some(entry) = self.take(reply)? {
                        return Ok(Some(entry));
                    }
                }
                Ok(None) => {
                    let result = replies.finish().await;
                    self.replies = None;
                    // Only a page that was good to its end leaves the search open.
                    self.finished = true;
                    self.finished = self.end_of_page(&result)?;
                }
                Err(error) => return Err(self.fail(error).await),
            }
        }
    }

    fn take(&mut self, reply: ResultEntry) -> Result<Option<Entry>, DirectoryError> {
        if reply.is_ref() {
            self.references += 1;
            return Ok(None);
        }
        if reply.is_intermediate() {
            return Ok(None);
        }
        let entry = decode::entry(reply.0).map_err(|problem| {
            self.finished = true;
            self.link.malformed(problem)
        })?;
        if self.page_head.is_none() {
            self.page_head = Some(entry.dn.clone());
        }
        self.given += 1;
        Ok(Some(entry))
    }

    async fn fail(&mut self, error: LdapError) -> DirectoryError {
        self.finished = true;
        let timeout = matches!(error, LdapError::Timeout { .. });
        let error = self.link.error(error).await;
        if timeout {
            self.close().await;
        }
        error
    }

    /// Whether the search is over.
    fn end_of_page(&mut self, result: &LdapResult) -> Result<bool, DirectoryError> {
        match result.rc {
            0 => {}
            32 => return Ok(true),
            _ => {
                let mut operation = self.request.describe();
                if self.given > 0 {
                    operation.push_str(&format!(" (in part: {} objects were returned before)", self.given));
                }
                return Err(link::refusal(result, operation).into());
            }
        }
        let control = result.ctrls.iter().find(|c| c.1.ctype == controls::PAGED_RESULTS);
        let (Some(control), Some(_)) = (control, self.request.page) else {
            return Ok(true);
        };
        let cookie = framer::paged(control.1.val.as_deref().unwrap_or_default())
            .map_err(|problem| self.link.malformed(problem))?
            .to_vec();
        if cookie.is_empty() {
            return Ok(true);
        }
        self.check_progress(&cookie)?;
        self.cookie = cookie;
        Ok(false)
    }

    /// Samba's cookie is a number that stays the same for a whole search, so that a repeated one is a fault only where the page
    /// repeats itself too.
    fn check_progress(&mut self, cookie: &[u8]) -> Result<(), DirectoryError> {
        let head = self.page_head.take();
        let same_cookie = !self.cookie.is_empty() && self.cookie == cookie;
        if same_cookie && head.is_some() && head == self.last_head {
            return Err(self.link.malformed("the same page was sent twice, with the same paging cookie"));
        }
        self.empty_pages = if head.is_none() { self.empty_pages + 1 } else { 0 };
        if self.empty_pages > MAX_EMPTY_PAGES || (same_cookie && self.empty_pages > 2) {
            return Err(self.link.malformed("empty pages come without an end"));
        }
        self.last_head = head;
        Ok(())
    }

    /// Stops the search and tells the server so (RFC 4511 4.11).
    pub(crate) async fn close(&mut self) {
        self.finished = true;
        if let Some(mut replies) = self.replies.take() {
            let id = replies.ldap_handle().last_id();
            self.link.abandon(id).await;
        }
    }
}

/// Without [`Pages::close`] the server is told by a task of its own, where there is a runtime to run it.
impl Drop for Pages {
    fn drop(&mut self) {
        let Some(mut replies) = self.replies.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let id = replies.ldap_handle().last_id();
            let link = self.link.clone();
            runtime.spawn(async move { link.abandon(id).await });
        }
    }
}

async fn start(link: &Link, request: &Request, cookie: &[u8]) -> Result<Replies, DirectoryError> {
    let mut controls = request.controls.clone();
    if let Some(size) = request.page {
        controls.push(controls::paged(size, cookie));
    }
    let scope = match request.scope {
        Scope::Base => ldap3::Scope::Base,
        Scope::OneLevel => ldap3::Scope::OneLevel,
        Scope::Subtree => ldap3::Scope::Subtree,
    };
    let mut ldap = link.operation();
    if !controls.is_empty() {
        ldap.with_controls(controls);
    }
    match ldap.streaming_search(&request.base, scope, &request.filter, request.attributes.clone()).await {
        Ok(replies) => Ok(replies),
        Err(e) => Err(link.error(e).await),
    }
}
