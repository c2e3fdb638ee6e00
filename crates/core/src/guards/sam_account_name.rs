//! The account name is taken. Windows refuses the undelete (0x21C5); Samba lets it through and the domain then has two
//! accounts of one name (seen on a real DC).

use super::{Block, Case, block};
use crate::kind::ObjectKind;

/// Characters that AD does not take in `sAMAccountName` ([MS-SAMR] 3.1.1.6).
const FORBIDDEN: &str = "\"/\\[]:;|=,+*?<>@";
/// The longest account name of a user that every part of Windows understands ([MS-ADTS] 3.1.1.6, `SAM-Account-Name`).
const MAX_USER: usize = 20;

pub(super) fn check(case: &Case<'_>) -> Option<Block> {
    let name = case.identity.sam_account_name.as_deref()?;
    if let Some(holder) = case.object.sam_holders.first() {
        return Some(
            block("name.samAccountName", format!("the account name `{name}` is in use by another account"))
                .object(holder.dn.clone())
                .way_out("--sam-account-name NAME"),
        );
    }
    case.request.sam_account_name.as_ref()?;
    let bad = name.chars().find(|c| FORBIDDEN.contains(*c) || c.is_control());
    let long = case.object.kind == ObjectKind::User && name.chars().count() > MAX_USER;
    let problem = match bad {
        Some(c) => format!("holds `{}`, which account names cannot", c.escape_default()),
        None if long => format!("is longer than {MAX_USER} characters"),
        None if name.trim().is_empty() || name.ends_with('.') => {
            "is empty or ends with a full stop".to_owned()
        }
        None => return None,
    };
    Some(
        block("name.samAccountNameForm", format!("the account name `{name}` {problem}"))
            .way_out("--sam-account-name NAME"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{domain, guid, ids, object};
    use crate::facts::Holder;
    use crate::request::RestoreRequest;

    #[test]
    fn a_taken_or_impossible_account_name_blocks() {
        let mut facts = object();
        facts.sam_holders =
            vec![Holder { guid: guid(9), dn: "CN=Other".into(), attribute: "sAMAccountName".into() }];
        assert_eq!(ids(&facts, &domain(), &Default::default()), ["name.samAccountName"]);
        for (name, bad) in
            [("a*b", true), (" ", true), ("abc.", true), (&"x".repeat(21), true), ("UserB", false)]
        {
            let request = RestoreRequest { sam_account_name: Some(name.into()), ..Default::default() };
            assert_eq!(!ids(&object(), &domain(), &request).is_empty(), bad, "{name}");
        }
    }
}
