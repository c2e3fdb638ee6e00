//! Who is logged on, and with which groups.

use adrecover_core::directory::{Query, Scope};
use adrecover_core::doctor::Account;
use adrecover_core::security::ids;
use adrecover_core::{DirectoryError, Entry, Sid, filter};

use super::tolerated;
use crate::Session;
use crate::deleted::{one, search};

/// How many SIDs one search asks for.
const CHUNK: usize = 50;
const ATTRIBUTES: [&str; 2] = ["objectSid", "sAMAccountName"];

/// The SIDs of the caller: `tokenGroups` of the rootDSE ([MS-ADTS] 3.1.1.3.2.31), which holds the account's own and the well-known
/// ones too; else those of the account's object with the ones that everybody gets who logs on.
pub(super) async fn token(session: &Session, bind_name: &str) -> Result<Option<Vec<Sid>>, DirectoryError> {
    let query = Query::object("").attributes(["tokenGroups"]);
    let root = tolerated(one(session, &query).await)?.flatten();
    let sids = root.as_ref().map(sids_of).unwrap_or_default();
    if !sids.is_empty() {
        return Ok(Some(sids));
    }
    token_of(session, bind_name).await
}

/// The SIDs of an account, of the groups that it is in, and those that everybody gets who logs on.
pub(crate) async fn token_of(session: &Session, name: &str) -> Result<Option<Vec<Sid>>, DirectoryError> {
    let Some(entry) = by_name(session, name).await? else {
        return Ok(None);
    };
    let query = Query::object(&entry.dn).attributes(["tokenGroups"]);
    let groups = tolerated(one(session, &query).await)?.flatten();
    let mut sids = groups.as_ref().map(sids_of).unwrap_or_default();
    if sids.is_empty() {
        return Ok(None);
    }
    sids.extend(entry.sid());
    sids.extend(
        [ids::EVERYONE, ids::AUTHENTICATED_USERS, ids::NETWORK].iter().filter_map(|s| s.parse().ok()),
    );
    Ok(Some(sids))
}

/// The account that has logged on, as `DOMAIN\name`.
pub(crate) async fn account_of(session: &Session) -> Result<Option<String>, DirectoryError> {
    let sids = token(session, "").await?;
    let Some(account) = account(session, sids.as_deref(), "").await? else { return Ok(None) };
    let name = account.sam_account_name.unwrap_or(account.dn);
    Ok(Some(match account.net_bios_domain {
        Some(domain) => format!("{domain}\\{name}"),
        None => name,
    }))
}

fn sids_of(entry: &Entry) -> Vec<Sid> {
    entry.values("tokenGroups").iter().filter_map(|v| Sid::from_wire(v).ok()).collect()
}

/// The account's object: the only user among the SIDs of the caller, or the one of the name that logged on.
pub(super) async fn account(
    session: &Session,
    token: Option<&[Sid]>,
    bind_name: &str,
) -> Result<Option<Account>, DirectoryError> {
    let domain = session.root_dse().default_naming_context.to_string();
    let is_of_domain = |sid: &&Sid| sid.to_string().starts_with("S-1-5-21-");
    let sids: Vec<&Sid> = token.unwrap_or_default().iter().filter(is_of_domain).collect();
    let mut found = None;
    for chunk in sids.chunks(CHUNK) {
        let parts = chunk.iter().map(|sid| format!("(objectSid={})", sid.filter_value()));
        let user = filter::all_of(["(objectClass=user)".to_owned(), filter::any_of(parts)]);
        let query = Query::below(&domain, Scope::Subtree, user).attributes(ATTRIBUTES);
        found = tolerated(search(session, &query).await)?.and_then(|found| found.into_iter().next());
        if found.is_some() {
            break;
        }
    }
    if found.is_none() {
        found = by_name(session, bind_name).await?;
    }
    let Some(entry) = found else {
        return Ok(None);
    };
    Ok(Some(Account {
        sid: entry.sid(),
        sam_account_name: entry.text("sAMAccountName"),
        net_bios_domain: net_bios_domain(session).await?,
        dn: entry.dn,
    }))
}

/// The object that a logon name stands for ([MS-ADTS] 5.1.1.1.1), as far as this domain holds it.
async fn by_name(session: &Session, name: &str) -> Result<Option<Entry>, DirectoryError> {
    let domain = session.root_dse().default_naming_context.to_string();
    let sam = name.rsplit_once('\\').map_or(name, |(_, sam)| sam);
    let sam = sam.split_once('@').map_or(sam, |(sam, _)| sam);
    let names = [("userPrincipalName", name), ("distinguishedName", name), ("sAMAccountName", sam)]
        .map(|(a, v)| filter::equals(a, v));
    let query = Query::below(domain, Scope::Subtree, filter::any_of(names)).attributes(ATTRIBUTES);
    let mut found = tolerated(search(session, &query).await)?.unwrap_or_default();
    // Of two that could be meant neither is taken.
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// The NetBIOS name of the server's own domain.
async fn net_bios_domain(session: &Session) -> Result<Option<String>, DirectoryError> {
    let root = session.root_dse();
    let partitions = format!("CN=Partitions,{}", root.configuration_naming_context);
    let own = filter::equals("nCName", &root.default_naming_context.to_string());
    let query = Query::below(partitions, Scope::OneLevel, own).attributes(["nETBIOSName"]);
    let found = tolerated(search(session, &query).await)?.unwrap_or_default();
    Ok(found.iter().find_map(|e| e.text("nETBIOSName")))
}
