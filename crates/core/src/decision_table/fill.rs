//! Commands with the user's own values in them.

use std::collections::BTreeMap;

use crate::powershell::{Letters, quoted};

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
    Upn "upn" "<UPN>" "UserPrincipalName" "the user's UPN before the deletion (Entra export, or a colleague's pattern)",
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
    TargetOu "targetOu" "<OU-IN-SCOPE>" "TargetOu" "the DN of an OU that is in the synchronisation scope",
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
    /// The words of a program: each word with a value is quoted as a whole.
    Words,
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
    /// What of that is not known, and stands as `<…>`.
    pub missing: Vec<Placeholder>,
}

/// Puts values into a template. What is not known stays visible as `<…>`, and is named in the result.
pub fn fill(template: &str, values: &Values, style: Style) -> Filled {
    let mut filled = Filled { text: String::new(), used: vec![], missing: vec![] };
    match style {
        Style::Words => {
            let words = template.split(' ').map(|word| word_of(word, values, &mut filled));
            let words: Vec<String> = words.collect();
            filled.text = words.join(" ");
        }
        Style::PowerShell | Style::Script => {
            let text = replaced(template, &mut filled, |placeholder| match values.get(placeholder) {
                _ if style == Style::Script => Some(format!("${}", placeholder.parameter())),
                Some(value) => Some(quoted(value, Letters::Kept)),
                None => None,
            });
            filled.text = text;
        }
    }
    filled.missing = filled.used.iter().copied().filter(|p| values.get(*p).is_none()).collect();
    filled
}

/// A word of a command line. Characters that a shell may take for something else stand in quotes.
fn word_of(word: &str, values: &Values, filled: &mut Filled) -> String {
    let mut own = Filled { text: String::new(), used: vec![], missing: vec![] };
    let text = replaced(word, &mut own, |p| values.get(p).map(str::to_owned));
    let is_filled = own.used.iter().any(|p| values.get(*p).is_some());
    own.used.retain(|p| !filled.used.contains(p));
    filled.used.append(&mut own.used);
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_.@=:/+,".contains(c);
    if is_filled && !text.chars().all(is_safe) { quoted(&text, Letters::Kept) } else { text }
}

/// Replaces each `{key}`; `None` leaves the visible gap.
fn replaced(template: &str, filled: &mut Filled, value: impl Fn(Placeholder) -> Option<String>) -> String {
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
                out.push_str(&value(placeholder).unwrap_or_else(|| placeholder.shown().to_owned()));
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
            "adrecover x --upn 'o''brien@contoso.com' --set 'a=SMTP:o''brien@contoso.com' --guid <GUID>"
        );
        values.set(Placeholder::Upn, "ana@contoso.com");
        assert_eq!(fill("a --upn {upn}", &values, Style::Words).text, "a --upn ana@contoso.com");
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
