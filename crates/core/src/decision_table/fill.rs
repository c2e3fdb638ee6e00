//! Commands with the user's own values in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::powershell::{Letters, argument, quoted};
use crate::text::printable;

macro_rules! placeholders {
    ($($(#[$doc:meta])* $name:ident $key:literal $shown:literal $parameter:literal $tells:literal,)+) => {
        /// What a command takes from the user's evidence: `{upn}` in a template.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Placeholder {
            $($(#[$doc])* $name,)+
        }

        impl Placeholder {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in templates, without braces.
            pub fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }

            /// What stands in a command where the value is not known. PowerShell does not run it: `<` is reserved.
            pub fn shown(self) -> &'static str {
                match self { $(Self::$name => $shown,)+ }
            }

            /// The name of the script's parameter.
            pub fn parameter(self) -> &'static str {
                match self { $(Self::$name => $parameter,)+ }
            }

            /// What it is and what tells it.
            pub fn tells(self) -> &'static str {
                match self { $(Self::$name => $tells,)+ }
            }
        }
    };
}

placeholders! {
    /// How the user was called.
    User "user" "<USER>" "User" "the user's account name, UPN or GUID",
    /// The UPN.
    Upn "upn" "<UPN>" "UserPrincipalName" "the user's UPN, of a deleted one as it was before (Entra export, or a colleague's pattern)",
    /// The object id of the Entra user.
    EntraId "entraId" "<ENTRA-ID>" "EntraObjectId" "the object id of the Entra user (Get-MgUser, or Get-MgDirectoryDeletedItemAsUser -All for a deleted one)",
    /// What names the mailbox: its ExchangeGuid, else its address.
    MailboxId "mailboxId" "<MAILBOX>" "MailboxId" "the mailbox's ExchangeGuid or address (Get-Mailbox; a deleted one: with -SoftDeletedMailbox)",
    /// The GUID of the mailbox.
    ExchangeGuid "exchangeGuid" "<EXCHANGE-GUID>" "ExchangeGuid" "the mailbox's ExchangeGuid (Get-Mailbox; a deleted one: with -SoftDeletedMailbox)",
    /// The primary SMTP address.
    PrimarySmtp "primarySmtp" "<PRIMARY-SMTP>" "PrimarySmtpAddress" "the primary SMTP address (Entra or mailbox export)",
    /// The alias.
    MailNickname "mailNickname" "<ALIAS>" "Alias" "the mail alias (mailNickname of the Entra user, Alias of the mailbox)",
    /// The address through which mail is routed to the cloud.
    RoutingAddress "routingAddress" "<ALIAS@TENANT.mail.onmicrosoft.com>" "RemoteRoutingAddress" "the routing address at the tenant's mail.onmicrosoft.com domain",
    /// The display name.
    DisplayName "displayName" "<DISPLAY-NAME>" "DisplayName" "the display name",
    /// A UPN in the tenant's first domain.
    InitialUpn "initialUpn" "<ALIAS@TENANT.onmicrosoft.com>" "InitialUserPrincipalName" "a UPN in the tenant's onmicrosoft.com domain",
    /// The GUID of the object on premises.
    Guid "guid" "<GUID>" "ObjectGuid" "the objectGUID on premises (adrecover list NAME)",
    /// The DN that the object had on premises.
    Dn "dn" "<DN>" "DistinguishedName" "the DN before the deletion (adrecover show)",
    /// The source anchor.
    ImmutableId "immutableId" "<IMMUTABLE-ID>" "ImmutableId" "onPremisesImmutableId of the Entra user (also of a deleted one)",
    /// An OU that is synchronised.
    TargetOu "targetOu" "<OU-IN-SCOPE>" "TargetOu" "the DN of an OU that is in the synchronisation scope; its own, where the account lies in one",
    /// The product with the licence.
    SkuId "skuId" "<SKU-ID>" "SkuId" "the SkuId of a product with Exchange Online and a free seat (Get-MgSubscribedSku)",
    /// The country of the licence.
    UsageLocation "usageLocation" "<COUNTRY>" "UsageLocation" "the two letters of the user's country",
    /// The mailbox that takes saved content.
    SaveTo "saveTo" "<OTHER-MAILBOX>" "SaveToMailbox" "the ExchangeGuid of a licensed mailbox that takes the saved content",
}

/// The values that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<Placeholder, String>);

impl Values {
    /// Adds a value; an empty one is none.
    pub fn set(&mut self, placeholder: Placeholder, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.0.insert(placeholder, value);
        }
    }

    /// Adds a value where there is one.
    pub fn set_if_known(&mut self, placeholder: Placeholder, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.set(placeholder, value);
        }
    }

    /// The value, if it is known.
    pub fn get(&self, placeholder: Placeholder) -> Option<&str> {
        self.0.get(&placeholder).map(String::as_str)
    }
}

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// PowerShell that a person reads and copies: values as literals.
    PowerShell,
    /// The words of this program: each word with a value is quoted as a whole.
    Words,
    /// What a person types into a program that asks: values stand in it as they are.
    Typed,
    /// A script: values are its parameters.
    Script,
}

/// A command with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The command.
    pub text: String,
    /// What was named in it.
    pub used: Vec<Placeholder>,
    /// What of that is not known, and stands as `<…>`; nothing in a script, where it is a parameter.
    pub missing: Vec<Placeholder>,
}

/// Puts values into a template. What is not known stays visible as `<…>`, and is named in the result.
pub fn fill(template: &str, values: &Values, style: Style) -> Filled {
    let mut filled = Filled { text: String::new(), used: vec![], missing: vec![] };
    filled.text = match style {
        Style::Words => words(template, values, &mut filled),
        Style::Script => replaced(template, &mut filled, |p| Some(format!("${}", p.parameter()))),
        Style::PowerShell => {
            replaced(template, &mut filled, |p| values.get(p).map(|value| quoted(value, Letters::Kept)))
        }
        Style::Typed => {
            // A quote or a control character would be something else there: such a value is left to the person.
            let is_typed =
                |value: &&str| !value.contains('"') && matches!(printable(value), Cow::Borrowed(_));
            replaced(template, &mut filled, |p| values.get(p).filter(is_typed).map(str::to_owned))
        }
    };
    filled
}

/// A command line. A value that begins with a dash would be an option: it stands behind `--`, or in one word with its option.
fn words(template: &str, values: &Values, filled: &mut Filled) -> String {
    let mut out: Vec<String> = vec![];
    let mut option = None;
    for word in template.split(' ') {
        let mut is_filled = false;
        let text = replaced(word, filled, |p| {
            let value = values.get(p).map(str::to_owned);
            is_filled |= value.is_some();
            value
        });
        match option {
            _ if !is_filled => out.push(text.clone()),
            Some(option) if text.starts_with('-') => {
                out.pop();
                out.push(argument(&format!("{option}={text}")));
            }
            None if text.starts_with('-') => out.extend(["--".to_owned(), argument(&text)]),
            _ => out.push(argument(&text)),
        }
        option = word.starts_with("--").then_some(word);
    }
    out.join(" ")
}

/// Replaces each `{key}`; `None` leaves the visible gap.
fn replaced(
    template: &str,
    filled: &mut Filled,
    mut value: impl FnMut(Placeholder) -> Option<String>,
) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let key = from[1..].split_once('}').map(|(key, _)| key).unwrap_or_default();
        match Placeholder::ALL.iter().copied().find(|p| p.key() == key) {
            Some(placeholder) => {
                if !filled.used.contains(&placeholder) {
                    filled.used.push(placeholder);
                }
                out.push_str(&value(placeholder).unwrap_or_else(|| {
                    if !filled.missing.contains(&placeholder) {
                        filled.missing.push(placeholder);
                    }
                    placeholder.shown().to_owned()
                }));
                rest = &from[key.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_literals_words_or_parameters() {
        let mut values = Values::default();
        values.set(Placeholder::Upn, "o'brien@contoso.com");
        values.set(Placeholder::Guid, "");
        let template = "Do-It -UserId {upn} @{ a = {guid} } | Where-Object { $_ }";
        let shown = fill(template, &values, Style::PowerShell);
        assert_eq!(shown.text, "Do-It -UserId 'o''brien@contoso.com' @{ a = <GUID> } | Where-Object { $_ }");
        assert_eq!((shown.used.len(), shown.missing), (2, vec![Placeholder::Guid]));
        let script = fill(template, &values, Style::Script);
        assert_eq!(
            script.text,
            "Do-It -UserId $UserPrincipalName @{ a = $ObjectGuid } | Where-Object { $_ }"
        );
        let words = fill("adrecover x --upn {upn} --set a=SMTP:{upn} --guid {guid}", &values, Style::Words);
        assert_eq!(
            words.text,
            "adrecover x --upn \"o'brien@contoso.com\" --set \"a=SMTP:o'brien@contoso.com\" --guid <GUID>"
        );
        values.set(Placeholder::Upn, "ana@contoso.com");
        assert_eq!(fill("a --upn {upn}", &values, Style::Words).text, "a --upn ana@contoso.com");
        assert_eq!(fill("a --set b={upn}", &values, Style::Words).text, "a --set b=ana@contoso.com");
    }

    /// A name of the directory is never an option of this program.
    #[test]
    fn a_value_is_no_option() {
        let mut values = Values::default();
        values.set(Placeholder::User, "--yes");
        values.set(Placeholder::Upn, "-x@contoso.com");
        assert_eq!(fill("adrecover show {user}", &values, Style::Words).text, "adrecover show -- '--yes'");
        assert_eq!(
            fill("adrecover restore --upn {upn} --set mail={upn} --all", &values, Style::Words).text,
            "adrecover restore '--upn=-x@contoso.com' --set mail=-x@contoso.com --all"
        );
        values.set(Placeholder::User, "@ana");
        assert_eq!(fill("adrecover show {user}", &values, Style::Words).text, "adrecover show '@ana'");
    }

    #[test]
    fn what_a_person_types_stands_as_it_is() {
        let mut values = Values::default();
        values.set(Placeholder::Dn, "CN=O'Brien\\, Ana,OU=M\u{fc}nchen,DC=contoso,DC=com");
        let template = "restore object \"{dn}\"";
        let typed = |values: &Values| fill(template, values, Style::Typed).text;
        assert_eq!(typed(&values), "restore object \"CN=O'Brien\\, Ana,OU=M\u{fc}nchen,DC=contoso,DC=com\"");
        for bad in ["CN=a\"b", "CN=a\nquit", "CN=a\u{202e}b"] {
            values.set(Placeholder::Dn, bad);
            assert_eq!(typed(&values), "restore object \"<DN>\"");
        }
    }

    #[test]
    fn names_are_unique() {
        let by = |name: fn(Placeholder) -> &'static str| {
            Placeholder::ALL.iter().map(|p| name(*p)).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(by(Placeholder::key), Placeholder::ALL.len());
        assert_eq!(by(Placeholder::shown), Placeholder::ALL.len());
        assert_eq!(by(Placeholder::parameter), Placeholder::ALL.len());
    }
}
