//! The account on premises, as the live directory has it.

use adrecover_core::deleted::{ATTRIBUTES, BIN_ATTRIBUTES, DeletedObject};
use adrecover_core::guid::source_anchor;
use adrecover_core::lifetime::State;
use adrecover_core::{Entry, ObjectGuid};
use adrecover_hybrid::guide::OnPremisesFacts;
use adrecover_ldap::Session;
use adrecover_ldap::deleted::{self, Found, Key};

use crate::commands::show;
use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::remains;

/// What the directory answered.
pub(super) enum Asked {
    /// The account.
    Found(Box<OnPremisesFacts>),
    /// Nothing, or it was not asked; why.
    Not(String),
}

/// What a guide takes from the account, besides what a deleted object is read from.
const OWN: [&str; 7] = [
    "displayName",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "targetAddress",
    "mS-DS-ConsistencyGuid",
    "msExchMailboxGuid",
];

/// Looks for the account under each name until it is found.
pub(super) async fn ask(ctx: &Ctx, session: &Session, names: &[String]) -> Result<Asked, CliError> {
    let judge = deleted::judge(session, ctx.now).await?;
    let attributes: Vec<&str> = ATTRIBUTES.iter().chain(&BIN_ATTRIBUTES).chain(&OWN).copied().collect();
    let mut problem = None;
    for name in names {
        let found = deleted::find(session, &Key::guess(name), &attributes).await?;
        match show::only(session, &judge, found, name).await {
            Ok(found) => {
                let object = judge.read(&found.entry).ok_or_else(|| {
                    CliError::unexpected(format!("{} cannot be read by this account", found.entry.dn))
                })?;
                check_user(&found.entry, name)?;
                return Ok(Asked::Found(Box::new(facts(&found, object))));
            }
            Err(error) if error.kind == Kind::NotFound => problem = problem.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    let called = names.first().map_or("", String::as_str);
    let hint = problem.and_then(|error| error.hint).map(|hint| format!(" ({hint})")).unwrap_or_default();
    Ok(Asked::Not(format!(
        "the directory knows no `{called}`, live or deleted{hint}; a tombstone has lost its UPN: name the account; what is past its lifetime is \
         --on-prem deleted"
    )))
}

/// Only users have an Entra user and a mailbox of this kind.
fn check_user(entry: &Entry, called: &str) -> Result<(), CliError> {
    if entry.is_class("user") && !entry.is_class("computer") {
        return Ok(());
    }
    Err(CliError::usage(format!("`{called}` is no user")).hint("`adrecover show` says what it is"))
}

fn facts(found: &Found, object: DeletedObject) -> OnPremisesFacts {
    let Found { entry, is_deleted } = found;
    let text = |name: &str| entry.text(name).filter(|text| !text.is_empty());
    let octets = |name: &str| entry.value(name).filter(|value| !value.is_empty());
    let smtp = entry.texts("proxyAddresses").iter().find_map(|a| a.strip_prefix("SMTP:").map(str::to_owned));
    let target = text("targetAddress");
    let bare = target.map(|t| match t.get(..5) {
        Some(kind) if kind.eq_ignore_ascii_case("smtp:") => t[5..].to_owned(),
        _ => t,
    });
    let exchange = octets("msExchMailboxGuid").and_then(|v| ObjectGuid::from_wire(v).ok());
    OnPremisesFacts {
        is_deleted: *is_deleted,
        guid: Some(object.guid),
        sid: object.sid.as_ref().map(ToString::to_string),
        dn: if *is_deleted { remains::original_dn(&object) } else { Some(entry.dn.clone()) },
        upn: text("userPrincipalName"),
        account: text("sAMAccountName"),
        display_name: text("displayName"),
        mail_nickname: text("mailNickname"),
        primary_smtp: smtp.or_else(|| text("mail")),
        target_address: bare,
        consistency_anchor: octets("mS-DS-ConsistencyGuid").map(source_anchor),
        exchange_guid: exchange.and_then(|guid| guid.to_string().parse().ok()),
        recycle_bin: is_deleted.then_some(object.state != State::Tombstone),
        not_restorable_because: is_deleted
            .then_some(object.not_restorable_because)
            .flatten()
            .map(|because| because.name().to_owned()),
        deleted_at: object.deleted_at.filter(|_| *is_deleted),
        expires_at: object.expires_at.filter(|_| *is_deleted),
    }
}
