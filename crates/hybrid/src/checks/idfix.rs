//! The character sets, lengths and forms that Microsoft's IdFix holds names and addresses to (microsoft/idfix, version 2.6).
//! `docs/idfix.md` says which check asks for what.
//!
//! IdFix has a list of top-level domains, which is old the day after, and takes none of more than 17 letters and none in Punycode.
//! Such names are fine in Entra ID, so that they are a remark here. So is a domain that cannot exist in public.

/// The longest UPN, and its two parts.
const UPN: (usize, usize, usize) = (113, 64, 48);
/// The longest address of `proxyAddresses`, and the longest `mail`.
pub(crate) const ADDRESS: usize = 256;
/// The longest `targetAddress`.
const TARGET: usize = 255;
/// The longest `mailNickname`.
const NICKNAME: usize = 64;

/// What a UPN must not hold, white space aside. The apostrophe is judged apart.
const NOT_IN_UPN: &str = "\\%&*+/=?{}|<>();:,[]\"äëïöüÿÄËÏÖÜŸ";
/// What an SMTP address must not hold, white space aside.
const NOT_IN_SMTP: &str = "<>();,[]\"";
/// What `targetAddress` must not hold, white space aside.
const NOT_IN_TARGET: &str = "\\<>();,[]\"";
/// What addresses of X.400 and X.500 must not hold, control characters aside. The apostrophe is judged apart.
const NOT_IN_X: &str = "[]\"";
/// What `mailNickname` must not hold with a dedicated tenant, white space aside.
const NOT_IN_NICKNAME: &str = "\\!#$%&*+/=?^`{}|~<>()';:,[]\"@";

/// Top-level domains that nobody can have in public: reserved (RFC 2606, RFC 6761, RFC 6762, ICANN 2024), or never to be
/// delegated, or in use inside companies and in no public zone.
const NOT_PUBLIC: [&str; 18] = [
    "ad",
    "corp",
    "domain",
    "example",
    "home",
    "intern",
    "internal",
    "intra",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "private",
    "root",
    "test",
];

/// What is wrong with a name or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// In words.
    pub(crate) text: String,
    /// Whether the synchronisation or the cloud refuses it; else it is a remark.
    pub(crate) is_refused: bool,
}

fn refused(text: impl Into<String>) -> Problem {
    Problem { text: text.into(), is_refused: true }
}

fn remark(text: impl Into<String>) -> Problem {
    Problem { text: text.into(), is_refused: false }
}

/// A user principal name.
pub(crate) fn upn(text: &str) -> Vec<Problem> {
    let (whole, local, domain) = UPN;
    let mut problems = vec![];
    problems.extend(longer(text, whole, "it is"));
    if let Some((before, behind)) = text.rsplit_once('@') {
        problems.extend(longer(before, local, "the part before @ is"));
        problems.extend(longer(behind, domain, "the domain is"));
    }
    problems.extend(characters(text, |c| c.is_whitespace() || NOT_IN_UPN.contains(c)));
    if text.contains('\'') {
        problems.push(remark("IdFix refuses the apostrophe; Entra ID takes it"));
    }
    problems.extend(mailbox(text));
    problems
}

/// An SMTP address without its type.
pub(crate) fn smtp(text: &str) -> Vec<Problem> {
    let mut problems = vec![];
    problems.extend(characters(text, |c| c.is_whitespace() || NOT_IN_SMTP.contains(c)));
    problems.extend(mailbox(text));
    problems
}

/// A value of `proxyAddresses`.
pub(crate) fn proxy(value: &str) -> Vec<Problem> {
    let mut problems = vec![];
    problems.extend(longer(value, ADDRESS, "it is"));
    let Some((kind, address)) = value.split_once(':') else {
        problems.push(remark("it has no type before it (`smtp:`)"));
        problems.extend(smtp(value));
        return problems;
    };
    if address.contains(':') {
        problems.push(refused("it has a second `:`"));
    }
    match kind.to_ascii_lowercase().as_str() {
        "smtp" => problems.extend(smtp(address)),
        "x400" | "x500" => {
            problems.extend(characters(address, |c| c.is_control() || NOT_IN_X.contains(c)));
            if address.contains('\'') {
                problems.push(remark("IdFix refuses the apostrophe"));
            }
        }
        _ => {
            let is_bad = |c: char| c != ';' && (c.is_whitespace() || NOT_IN_SMTP.contains(c));
            problems.extend(characters(address, is_bad));
        }
    }
    problems
}

/// A `targetAddress`.
pub(crate) fn target(value: &str) -> Vec<Problem> {
    let mut problems = vec![];
    problems.extend(longer(value, TARGET, "it is"));
    let Some((kind, address)) = value.split_once(':') else {
        problems.push(refused("it has no type before it (`SMTP:`)"));
        return problems;
    };
    if kind.eq_ignore_ascii_case("smtp") {
        problems.extend(characters(address, |c| c.is_whitespace() || NOT_IN_TARGET.contains(c)));
        problems.extend(mailbox(address));
    }
    problems
}

/// A `mailNickname`.
pub(crate) fn nickname(text: &str) -> Vec<Problem> {
    let mut problems = vec![];
    problems.extend(longer(text, NICKNAME, "it is"));
    if text.starts_with('.') {
        problems.push(refused("it begins with a full stop"));
    }
    if text.ends_with('.') {
        problems.push(remark("it ends with a full stop"));
    }
    let odd = characters(text, |c| c.is_whitespace() || NOT_IN_NICKNAME.contains(c));
    problems.extend(odd.map(|problem| Problem { is_refused: false, ..problem }));
    problems
}

/// As long as it is for Windows: in units of UTF-16.
fn longer(text: &str, most: usize, what: &str) -> Option<Problem> {
    let length = text.encode_utf16().count();
    (length > most).then(|| refused(format!("{what} {length} characters long, and at most {most} are taken")))
}

fn characters(text: &str, is_bad: impl Fn(char) -> bool) -> Option<Problem> {
    let mut bad: Vec<char> = text.chars().filter(|c| is_bad(*c)).collect();
    bad.sort_unstable();
    bad.dedup();
    let shown = |c: &char| match c {
        ' ' => "a blank".to_owned(),
        c if c.is_whitespace() || c.is_control() => format!("U+{:04X}", u32::from(*c)),
        c => format!("`{c}`"),
    };
    let all = bad.iter().map(shown).collect::<Vec<_>>().join(" ");
    (!bad.is_empty()).then(|| refused(format!("it holds {all}, which is not allowed there")))
}

/// The form of RFC 2822: one `@`, a dot-atom before it, a domain name behind it.
fn mailbox(text: &str) -> Vec<Problem> {
    let Some((local, domain)) = text.split_once('@').filter(|(_, domain)| !domain.contains('@')) else {
        return vec![refused(format!("it has {} `@` instead of one", text.matches('@').count()))];
    };
    let mut problems = vec![];
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    if !local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom)) {
        let text =
            "the part before @ is not words of letters, digits and signs with single full stops between them";
        problems.push(refused(text));
    }
    problems.extend(domain_name(domain));
    problems
}

fn domain_name(domain: &str) -> Option<Problem> {
    let is_label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && !label.starts_with('-') && !label.ends_with('-') && label.chars().all(inner)
    };
    let (_, top) = domain.rsplit_once('.').unwrap_or_default();
    if top.is_empty() || !domain.split('.').all(is_label) {
        return Some(refused(format!("`{domain}` is no domain name of two or more parts")));
    }
    let top = top.to_ascii_lowercase();
    if top.starts_with("xn--") || top.len() > 17 && top.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Some(remark(format!(
            "IdFix refuses the top-level domain `{top}`; Entra ID takes it once it is verified"
        )));
    }
    if top.len() < 2 || !top.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Some(refused(format!("`{top}` is no top-level domain")));
    }
    // `.ad` is Andorra, and a name of two parts there is one that somebody can have.
    let is_private = NOT_PUBLIC.contains(&top.as_str()) && (top != "ad" || domain.matches('.').count() > 1);
    is_private.then(|| remark(format!("no domain below `{top}` can be verified in a tenant")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checks::{Group, RULES};

    /// `!` for refused, `?` for a remark, nothing for neither.
    fn worst(problems: &[Problem]) -> &'static str {
        match problems.iter().map(|p| p.is_refused).max() {
            Some(true) => "!",
            Some(false) => "?",
            None => "",
        }
    }

    #[test]
    fn principal_names() {
        let (long, longer) = ("a".repeat(64), "a".repeat(65));
        let (domain, wider) = (format!("{}.com", "b".repeat(44)), format!("{}.com", "b".repeat(45)));
        for (text, expected) in [
            ("anna@contoso.com".to_owned(), ""),
            (format!("{long}@{domain}"), ""),
            (format!("{longer}@contoso.com"), "!"),
            (format!("a@{wider}"), "!"),
            ("anna".to_owned(), "!"),
            ("an na@contoso.com".to_owned(), "!"),
            ("an+na@contoso.com".to_owned(), "!"),
            ("an@na@contoso.com".to_owned(), "!"),
            ("änna@contoso.com".to_owned(), "!"),
            ("andré@contoso.com".to_owned(), "!"),
            (".anna@contoso.com".to_owned(), "!"),
            ("anna.@contoso.com".to_owned(), "!"),
            ("an..na@contoso.com".to_owned(), "!"),
            ("@contoso.com".to_owned(), "!"),
            ("anna@contoso".to_owned(), "!"),
            ("anna@-contoso.com".to_owned(), "!"),
            ("anna@contoso.c".to_owned(), "!"),
            ("anna@contoso.c0m".to_owned(), "!"),
            ("anna@contoso.".to_owned(), "!"),
            ("o'hara@contoso.com".to_owned(), "?"),
            ("anna@contoso.local".to_owned(), "?"),
            ("anna@contoso.xn--p1ai".to_owned(), "?"),
            ("anna@contoso.travelersinsurance".to_owned(), "?"),
            ("anna@contoso.engineering".to_owned(), ""),
            ("a-n_n.a#!^~1@sub.contoso-2.co".to_owned(), ""),
            ("anna@contoso.ad".to_owned(), ""),
            ("anna@corp.contoso.ad".to_owned(), "?"),
        ] {
            assert_eq!(worst(&upn(&text)), expected, "{text}: {:?}", upn(&text));
        }
    }

    #[test]
    fn addresses() {
        let long = format!("smtp:{}@contoso.com", "a".repeat(240));
        for (value, expected) in [
            ("SMTP:anna@contoso.com", ""),
            ("smtp:an+na@contoso.com", ""),
            ("smtp:o'hara@contoso.com", ""),
            ("smtp:an na@contoso.com", "!"),
            ("smtp:anna@contoso.com;", "!"),
            ("smtp:smtp:anna@contoso.com", "!"),
            (long.as_str(), "!"),
            ("anna@contoso.com", "?"),
            ("X500:/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=anna", ""),
            ("x500:/o=Contoso/cn=[anna]", "!"),
            ("x500:/o=Contoso/cn=o'hara", "?"),
            ("x400:c=US;a= ;p=Contoso;s=Anna;", ""),
            ("x400:c=US\t;", "!"),
            ("SIP:anna@contoso.com", ""),
            ("EUM:1234;phone-context=x.contoso.com", ""),
            ("SPO:a b", "!"),
        ] {
            assert_eq!(worst(&proxy(value)), expected, "{value}: {:?}", proxy(value));
        }
        for (value, expected) in [
            ("SMTP:anna@contoso.mail.onmicrosoft.com", ""),
            ("anna@contoso.mail.onmicrosoft.com", "!"),
            ("SMTP:an\\na@contoso.com", "!"),
            ("X400:c=US;a= ;", ""),
        ] {
            assert_eq!(worst(&target(value)), expected, "{value}");
        }
    }

    #[test]
    fn nicknames() {
        let long = "a".repeat(65);
        for (text, expected) in [
            ("anna", ""),
            ("a.n", ""),
            (".anna", "!"),
            (long.as_str(), "!"),
            ("anna.", "?"),
            ("an na", "?"),
            ("o'hara", "?"),
        ] {
            assert_eq!(worst(&nickname(text)), expected, "{text}");
        }
    }

    /// The page that says which check covers which rule of IdFix.
    const PAGE: &str = include_str!("../../../../docs/idfix.md");

    /// What stands between backquotes and looks like the id of a check.
    fn ids() -> impl Iterator<Item = (&'static str, &'static str)> {
        let is_group = |name: &str| Group::ALL.iter().any(|group| group.name() == name);
        PAGE.split('`')
            .skip(1)
            .step_by(2)
            .filter_map(move |text| text.split_once('.').filter(|(group, _)| is_group(group)))
    }

    #[test]
    fn the_page_names_checks_that_there_are() {
        assert!(ids().count() > 40);
        for (group, name) in ids() {
            let of_group: Vec<&str> =
                RULES.iter().filter(|rule| rule.group().name() == group).map(|rule| rule.id).collect();
            let id = format!("{group}.{name}");
            assert!(of_group.is_empty() || of_group.contains(&id.as_str()), "{id}");
        }
    }

    #[test]
    fn the_page_has_every_rule_of_idfix() {
        let rows = |cell: &str| PAGE.lines().filter(|line| line.starts_with(&format!("| {cell} |"))).count();
        for kind in [
            "Character",
            "Format",
            "TopLevelDomain",
            "DomainPart",
            "LocalPart",
            "MailMatch",
            "Length",
            "Blank",
            "Duplicate",
        ] {
            assert_eq!(rows(kind), 1, "{kind}");
        }
        for (attribute, count) in [
            ("displayName", 3),
            ("givenName", 1),
            ("mail", 4),
            ("mailNickname", 6),
            ("proxyAddresses", 7),
            ("sAMAccountName", 2),
            ("targetAddress", 6),
            ("userPrincipalName", 4),
        ] {
            assert_eq!(rows(&format!("`{attribute}`")), count, "{attribute}");
        }
        for skipped in [
            "ends with `$`",
            "`Admini`",
            "`CAS_{`",
            "`DiscoverySearchMailbox`",
            "`FederatedEmail`",
            "`Guest`",
            "`HTTPConnector`",
            "`krbtgt`",
            "`iusr_`",
            "`iwam`",
            "`msol`",
            "`support_`",
            "`SystemMailbox`",
            "`WWIOadmini`",
            "`HealthMailbox`",
            "`Exchange Online-ApplicationAccount`",
            "`\\0ACNF:`",
            "`isCriticalSystemObject`",
            "`CAS_`",
            "`SUPPORT_`",
            "`MSOL_`",
            "`SYSTEMMAILBOX`",
            "`msExchRecipientTypeDetails`",
        ] {
            assert!(PAGE.contains(skipped), "{skipped}");
        }
        // Every row says a check or a reason.
        for row in PAGE.lines().filter(|line| line.starts_with("| ") && !line.contains("check |")) {
            let last = row.trim_end_matches('|').rsplit(" | ").next().unwrap();
            assert!(last.starts_with('`') || last.starts_with("none"), "{row}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in ".{0,200}") {
            for judge in [upn, smtp, proxy, target, nickname] {
                prop_assert!(judge(&text).iter().all(|problem| !problem.text.is_empty()));
            }
        }

        #[test]
        fn words_at_a_domain_are_fine(name in "[a-z0-9]{1,20}(\\.[a-z0-9_-]{1,20}){0,2}", domain in "[a-z0-9]{1,20}\\.(com|org|de|engineering)") {
            let address = format!("{name}@{domain}");
            prop_assert_eq!(upn(&address), vec![]);
            let (smtp, remote) = (format!("smtp:{address}"), format!("SMTP:{address}"));
            prop_assert_eq!((proxy(&smtp), target(&remote)), (vec![], vec![]));
        }

        #[test]
        fn what_must_not_be_there_is_refused(before in "[a-z]{1,5}", bad in "[ <>();,\\[\\]\"]", after in "[a-z]{1,5}") {
            let address = format!("{before}{bad}{after}@contoso.com");
            for problems in [upn(&address), proxy(&format!("smtp:{address}")), target(&format!("SMTP:{address}"))] {
                prop_assert_eq!(worst(&problems), "!");
            }
        }
    }
}
