//! Mail addressing: `proxyAddresses`, `mail`, `mailNickname`, `targetAddress`.
//!
//! What the cloud adds of its own is left to it: written on premises it would be there for good, and the cloud would not follow
//! when a name changes. KB 3190357 says which addresses of the directory the cloud takes over and which it makes itself.

use super::{Draft, Source, present};
use crate::checks::{idfix, is_on_premises, suffix};
use crate::compare::{bare, same};
use crate::evidence::{Items, Known, UserField};

/// The domains that every tenant has, public and sovereign.
const INITIAL: [&str; 5] = [
    ".onmicrosoft.com",
    ".onmicrosoft.us",
    ".onmicrosoft.de",
    ".partner.onmschina.cn",
    ".microsoftonline.com",
];
/// Those that Exchange on premises sends to: the hybrid wizard adds them, and an address there belongs to the directory.
const ROUTING: [&str; 4] =
    [".mail.onmicrosoft.com", ".mail.onmicrosoft.us", ".mail.onmicrosoft.de", ".partner.mail.onmschina.cn"];
/// More addresses of one user the cloud does not take (about 300), so that they cannot have come from there.
const MOST: usize = 300;
/// How many addresses a note lists.
const LISTED: usize = 6;

/// What was found out about the addresses.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    /// The values for `proxyAddresses`.
    pub(super) kept: Vec<String>,
    /// The address in the tenant that mail is sent to from on premises, without its type.
    pub(super) routing: Option<String>,
}

/// Whether a domain is one that the tenant has by itself.
pub(super) fn is_initial(domain: &str) -> bool {
    ends_with(domain, &INITIAL) && !ends_with(domain, &ROUTING)
}

fn ends_with(domain: &str, ends: &[&str]) -> bool {
    let domain = domain.to_lowercase();
    ends.iter().any(|end| domain.ends_with(end))
}

pub(super) fn add(draft: &mut Draft<'_, '_>) -> Addresses {
    let of_user = sorted(draft.user.proxy_addresses());
    let of_mailbox = draft.mailbox.map(|mailbox| sorted(mailbox.email_addresses())).unwrap_or_default();
    // The mailbox is asked where the user has none, as after its licence was taken away.
    let (sorted, source) = match draft.mailbox {
        Some(mailbox) if of_user.kept.is_empty() && of_user.none.is_none() => {
            (of_mailbox, Source::of(mailbox.sources()))
        }
        _ => (
            Sorted { routing: of_user.routing.clone().or(of_mailbox.routing), ..of_user },
            draft.source.clone(),
        ),
    };
    let found = Addresses { kept: proxies(draft, &sorted, &source), routing: sorted.routing };
    mail(draft);
    let is_of_mail = !found.kept.is_empty() || draft.mailbox.is_some();
    // The cloud gives everybody a nickname; one for a user without mail would make a recipient of it.
    if let Some(nickname) = present(draft.user.text(UserField::MailNickname)).filter(|_| is_of_mail) {
        match refused(idfix::nickname(nickname)) {
            None => draft.text("mailNickname", nickname),
            Some(problem) => draft.note(format!("mailNickname of the cloud is not filled: {problem}")),
        }
    }
    target(draft, &found);
    found
}

/// Mail for a mailbox in the cloud is sent to its routing address. One that is on premises is no remote mailbox.
fn target(draft: &mut Draft<'_, '_>, found: &Addresses) {
    let Some(mailbox) = draft.mailbox else { return };
    if is_on_premises(draft.case) == Known::Value(true) || !draft.has_schema("targetAddress") {
        return;
    }
    match &found.routing {
        Some(routing) => {
            let source = if found.kept.iter().any(|kept| same(bare(kept), routing)) {
                draft.source.clone()
            } else {
                Source::of(mailbox.sources())
            };
            draft.texts("targetAddress", &[format!("SMTP:{routing}")], &source);
        }
        None => draft.note(
            "neither the cloud user nor its mailbox has an address at TENANT.mail.onmicrosoft.com: targetAddress is not filled"
                .to_owned(),
        ),
    }
}

fn mail(draft: &mut Draft<'_, '_>) {
    let Some(mail) = present(draft.user.text(UserField::Mail)) else { return };
    let domain = suffix(mail).unwrap_or_default();
    if is_initial(domain) {
        return;
    }
    match refused(idfix::smtp(mail)) {
        None => draft.text("mail", mail),
        Some(problem) => draft.note(format!("mail of the cloud is not filled: {problem}")),
    }
}

/// Addresses by what becomes of them.
#[derive(Debug, Default)]
struct Sorted {
    kept: Vec<String>,
    routing: Option<String>,
    /// What the cloud makes itself, or what is of a kind that it does.
    left: Vec<String>,
    /// What no directory should have, and why.
    refused: Vec<(String, String)>,
    /// Why none is kept.
    none: Option<String>,
}

fn sorted(all: Known<Items<'_>>) -> Sorted {
    let mut out = Sorted::default();
    let Some(all) = all.value() else { return out };
    for (number, address) in all.enumerate() {
        if number >= MOST {
            return Sorted { none: Some(format!("there are more than {MOST} of them")), ..Sorted::default() };
        }
        sort(address.trim(), &mut out);
    }
    let primaries = out.kept.iter().filter(|address| address.starts_with("SMTP:")).count();
    if primaries > 1 {
        out.none = Some(format!("{primaries} of them are primary (SMTP: in capitals)"));
        out.kept.clear();
    }
    out
}

fn sort(address: &str, out: &mut Sorted) {
    let brief = || address.chars().take(80).collect::<String>();
    let (kind, rest) = address.split_once(':').unwrap_or(("", address));
    match kind.to_ascii_lowercase().as_str() {
        "smtp" | "x500" | "x400" => {}
        _ => return out.left.push(brief()),
    }
    if let Some(problem) = refused(idfix::proxy(address)) {
        return out.refused.push((brief(), problem));
    }
    if out.kept.iter().any(|kept| same(kept, address)) {
        return;
    }
    let domain = suffix(rest).unwrap_or_default();
    if !kind.eq_ignore_ascii_case("smtp") {
        out.kept.push(address.to_owned());
    } else if ends_with(domain, &ROUTING) {
        out.routing.get_or_insert_with(|| rest.to_owned());
        out.kept.push(format!("smtp:{rest}"));
    } else if is_initial(domain) {
        out.left.push(brief());
    } else if kind == "SMTP" {
        out.kept.push(address.to_owned());
    } else {
        out.kept.push(format!("smtp:{rest}"));
    }
}

fn proxies(draft: &mut Draft<'_, '_>, sorted: &Sorted, source: &Source) -> Vec<String> {
    if !sorted.left.is_empty() {
        draft.note(format!("addresses that the cloud makes itself are left to it: {}", listed(&sorted.left)));
    }
    for (address, problem) in sorted.refused.iter().take(LISTED) {
        draft.note(format!("the address `{address}` of the cloud is not filled: {problem}"));
    }
    if let Some(why) = &sorted.none {
        draft.note(format!("proxyAddresses is not filled from the cloud's addresses: {why}"));
    }
    if !sorted.kept.is_empty() {
        draft.texts("proxyAddresses", &sorted.kept, source);
    }
    sorted.kept.clone()
}

fn listed(all: &[String]) -> String {
    let mut out = all.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if all.len() > LISTED {
        out.push_str(&format!(" and {} more", all.len() - LISTED));
    }
    out
}

fn refused(problems: Vec<idfix::Problem>) -> Option<String> {
    problems.into_iter().find(|problem| problem.is_refused).map(|problem| problem.text)
}
