//! The wishes of a restore as options, and what of them is wrong usage whatever the directory says.

use std::path::PathBuf;

use adrecover_core::Dn;
use adrecover_core::recovery::FILTERING_ATTRIBUTE;
use adrecover_core::request::{
    AccountWish, AttributeWish, PasswordWish, RestoreRequest, SetRefusal, UpnWish, may_set,
};
use adrecover_core::value::Value;
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::fill::{FillArgs, Source};
use super::groups_file::{self, GroupSource};
use crate::error::CliError;
use crate::journal::JournalArgs;
use crate::printer::Printer;
use crate::settings::Settings;
use crate::sources::SourceArgs;
use crate::{files, password};

pub(super) const WISHES: &str = "What it shall be like";
const ACCOUNT: &str = "Account and password";

/// What the objects shall be like afterwards.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct WishArgs {
    /// The logon name to set (one object)
    #[arg(long, value_name = "UPN", help_heading = WISHES)]
    upn: Option<String>,
    /// Set the logon name to the account name with this suffix
    #[arg(long, value_name = "SUFFIX", conflicts_with = "upn", help_heading = WISHES)]
    upn_suffix: Option<String>,
    /// The container to restore into, instead of the last known parent
    #[arg(long, value_name = "DN", help_heading = WISHES)]
    to: Option<String>,
    /// A new name (one object); its type, such as CN, cannot change
    #[arg(long, value_name = "NAME", help_heading = WISHES)]
    new_name: Option<String>,
    /// A new account name (one object)
    #[arg(long, value_name = "NAME", help_heading = WISHES)]
    sam_account_name: Option<String>,
    /// Set an attribute; repeat for several values; ATTR= clears, ATTR=@FILE reads the value
    #[arg(long, value_name = "ATTR=VALUE", help_heading = WISHES)]
    set: Vec<String>,
    #[command(flatten)]
    pub(crate) fill: FillArgs,
    #[command(flatten)]
    pub(crate) journal: JournalArgs,
    /// Where group memberships come from: journal (the change journal), a file or server as --fill-from takes them, or file:CSV
    /// with lines guid|samAccountName,groupDN; may repeat, the most trusted first
    #[arg(long, value_name = "SOURCE", help_heading = WISHES)]
    groups_from: Vec<String>,
    #[command(flatten)]
    pub(crate) opening: SourceArgs,
    /// Enable the account; needs a password where the old one is lost
    #[arg(long, help_heading = ACCOUNT)]
    enable: bool,
    /// Disable the account
    #[arg(long, conflicts_with = "enable", help_heading = ACCOUNT)]
    disable: bool,
    /// Consent to restoring privileged objects and to memberships of protected groups
    #[arg(long, help_heading = ACCOUNT)]
    allow_privileged: bool,
    /// Go on although the whole forest could not be asked whether a name is taken
    #[arg(long, help_heading = WISHES)]
    allow_unchecked_forest: bool,
    /// Keep each user from being synchronised, by adminDescription, until its recovery is complete (needs the exports of the cloud
    /// and of the synchronisation)
    #[arg(long, help_heading = WISHES)]
    hold_sync: bool,
    #[command(flatten)]
    pub(crate) password: PasswordArgs,
}

/// What is wanted of the password.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PasswordArgs {
    #[command(flatten)]
    pub(crate) source: PasswordSourceArgs,
    /// Set no password
    #[arg(long, conflicts_with_all = ["new_password_file", "generate_password"], help_heading = ACCOUNT)]
    no_password: bool,
    /// The user must change the password at the next logon
    #[arg(long, help_heading = ACCOUNT)]
    must_change: bool,
    /// Set a password again on what was restored before
    #[arg(long, help_heading = ACCOUNT)]
    reset_password: bool,
}

/// Where a new password comes from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PasswordSourceArgs {
    /// The file with the new password, `-` for standard input
    #[arg(long, value_name = "FILE", help_heading = ACCOUNT)]
    pub(crate) new_password_file: Option<PathBuf>,
    /// Generate a password for each user; show it on the terminal or write it to FILE (never overwritten)
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "",
          value_parser = OsStringValueParser::new().map(PathBuf::from), conflicts_with = "new_password_file",
          help_heading = ACCOUNT)]
    pub(crate) generate_password: Option<PathBuf>,
}

impl PasswordArgs {
    fn wish(&self) -> PasswordWish {
        if self.source.new_password_file.is_some() {
            PasswordWish::Given
        } else if self.source.generate_password.is_some() {
            PasswordWish::Generate
        } else if self.no_password {
            PasswordWish::No
        } else {
            PasswordWish::Unsaid
        }
    }
}

impl PasswordSourceArgs {
    /// Whether the passwords that are needed can come from here: wrong usage is said before anything is asked or done. An
    /// interrupted operation goes on in the file that it began.
    pub(crate) fn check(&self, needed: bool, resuming: bool, printer: &Printer) -> Result<(), CliError> {
        if !needed {
            return Ok(());
        }
        if let Some(file) = &self.new_password_file {
            // Standard input can be read once only.
            return if file.as_os_str() == "-" {
                Ok(())
            } else {
                password::from_file(file, printer).map(drop)
            };
        }
        if self.generate_password.is_none() {
            return Err(CliError::usage("a step of the plan (setPassword) needs a password")
                .hint("add --new-password-file FILE or --generate-password=FILE"));
        }
        match self.generate_into() {
            Some(file) if file.exists() && !resuming => Err(CliError::usage(format!(
                "{} exists: passwords are never written over it",
                file.display()
            ))
            .hint("name another file")),
            Some(file) if file.parent().is_some_and(|p| !p.as_os_str().is_empty() && !p.is_dir()) => {
                Err(CliError::usage(format!("the folder of {} does not exist", file.display())))
            }
            None if !printer.errors_to_terminal() => {
                Err(CliError::usage("there is no terminal to show a generated password on")
                    .hint("--generate-password=FILE writes it to a file"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the new password is read from standard input.
    pub(crate) fn reads_stdin(&self) -> bool {
        self.new_password_file.as_ref().is_some_and(|p| p.as_os_str() == "-")
    }

    /// Refuses to read two things from standard input.
    pub(crate) fn check_stdin(&self, settings: &Settings) -> Result<(), CliError> {
        if self.reads_stdin() && settings.password_from_stdin() {
            let text = "standard input cannot be both the password to log on with and the new one";
            return Err(CliError::usage(text));
        }
        Ok(())
    }

    /// The file that generated passwords go to; `None` for the terminal.
    pub(crate) fn generate_into(&self) -> Option<&std::path::Path> {
        self.generate_password.as_deref().filter(|p| !p.as_os_str().is_empty())
    }
}

impl WishArgs {
    /// The request, before any group is known to exist.
    pub(crate) fn request(&self) -> Result<RestoreRequest, CliError> {
        let to = self.to.as_deref().map(|text| text.parse::<Dn>()).transpose();
        let to = to.map_err(|e| CliError::usage(format!("--to: {e}")))?;
        if to.as_ref().is_some_and(Dn::is_empty) {
            return Err(CliError::usage("--to: the DN is empty"));
        }
        let password = self.password.wish();
        if self.password.must_change && !password.sets_one() {
            return Err(CliError::usage("--must-change needs a new password")
                .hint("add --new-password-file FILE or --generate-password=FILE"));
        }
        if self.password.reset_password && !password.sets_one() {
            return Err(CliError::usage("--reset-password needs a new password")
                .hint("add --new-password-file FILE or --generate-password=FILE"));
        }
        let set = attribute_wishes(&self.set)?;
        let sets_filter = |wish: &AttributeWish| wish.attribute.eq_ignore_ascii_case(FILTERING_ATTRIBUTE);
        if self.hold_sync && set.iter().any(sets_filter) {
            return Err(CliError::usage(format!("--hold-sync uses {FILTERING_ATTRIBUTE}, which --set sets"))
                .hint("set it afterwards, when the user is in the cloud again"));
        }
        let upn = match (&self.upn, &self.upn_suffix) {
            (Some(value), _) => Some(UpnWish::Value(value.trim().to_owned())),
            (None, Some(suffix)) => Some(UpnWish::Suffix(suffix_of(suffix)?)),
            (None, None) => None,
        };
        Ok(RestoreRequest {
            upn,
            to,
            new_name: self.new_name.clone(),
            sam_account_name: self.sam_account_name.clone(),
            account: match (self.enable, self.disable) {
                (true, _) => AccountWish::Enable,
                (_, true) => AccountWish::Disable,
                _ => AccountWish::Default,
            },
            password,
            must_change: self.password.must_change,
            reset_password: self.password.reset_password,
            set,
            fill_attributes: self.fill.attributes()?,
            groups: groups_file::read_all(&self.groups_from)?,
            hold_sync: self.hold_sync,
            allow_privileged: self.allow_privileged,
            allow_unchecked_forest: self.allow_unchecked_forest,
            ..RestoreRequest::default()
        })
    }

    /// The sources of memberships, each once, in the order of trust; lists of memberships are in the request already.
    pub(crate) fn group_sources(&self) -> Result<Vec<Source>, CliError> {
        let mut out = vec![];
        for text in &self.groups_from {
            if let GroupSource::Asked(source) = groups_file::source(text)?
                && !out.contains(&source)
            {
                out.push(source);
            }
        }
        Ok(out)
    }

    /// Whether `--set` names what two objects must not share.
    fn sets_identity(&self) -> bool {
        const OWN: [&str; 4] = ["mail", "proxyAddresses", "targetAddress", "mS-DS-ConsistencyGuid"];
        let names = self.set.iter().filter_map(|option| option.split_once('='));
        names
            .filter(|(_, value)| !value.is_empty())
            .any(|(n, _)| OWN.iter().any(|own| own.eq_ignore_ascii_case(n.trim())))
    }

    /// The first option given that makes sense for one object only.
    pub(crate) fn single_object_option(&self) -> Option<&'static str> {
        [
            (self.upn.is_some(), "--upn"),
            (self.new_name.is_some(), "--new-name"),
            (self.sam_account_name.is_some(), "--sam-account-name"),
            (self.sets_identity(), "--set of an address or a source anchor"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

fn suffix_of(text: &str) -> Result<String, CliError> {
    let suffix = text.trim().trim_start_matches('@');
    let bad = suffix.is_empty()
        || suffix.contains('@')
        || suffix.chars().any(|c| c.is_whitespace() || c.is_control());
    if bad {
        return Err(CliError::usage(format!("--upn-suffix: `{text}` is not a suffix such as contoso.com")));
    }
    Ok(suffix.to_owned())
}

/// Puts `--set` options of one attribute together.
pub(crate) fn attribute_wishes(options: &[String]) -> Result<Vec<AttributeWish>, CliError> {
    let mut out: Vec<(AttributeWish, bool)> = vec![];
    for option in options {
        let (name, text) = option
            .split_once('=')
            .ok_or_else(|| CliError::usage(format!("--set {option}: `=` is missing; it takes ATTR=VALUE")))?;
        let name = name.trim();
        check_name(name)?;
        let value = match text.strip_prefix('@') {
            Some(file) => Some(file_value(name, file)?),
            None => (!text.is_empty()).then(|| Value::from_bytes(text.as_bytes())),
        };
        match out.iter_mut().find(|(wish, _)| wish.attribute.eq_ignore_ascii_case(name)) {
            Some((_, cleared)) if *cleared || value.is_none() => {
                return Err(CliError::usage(format!("--set {name}: it is cleared and set at the same time")));
            }
            Some((wish, _)) => wish.values.extend(value),
            None => {
                let cleared = value.is_none();
                let wish = AttributeWish { attribute: name.to_owned(), values: value.into_iter().collect() };
                out.push((wish, cleared));
            }
        }
    }
    Ok(out.into_iter().map(|(wish, _)| wish).collect())
}

fn check_name(name: &str) -> Result<(), CliError> {
    may_set(name).map_err(|refusal| refused("--set", name, refusal))
}

/// What is said of an option that names an attribute which it must not.
pub(super) fn refused(option: &str, name: &str, refusal: SetRefusal) -> CliError {
    match refusal {
        SetRefusal::Secret => {
            CliError::usage(format!("{option} {name}: it is a secret, which does not belong in arguments"))
                .hint("passwords are set with --new-password-file or --generate-password")
        }
        SetRefusal::HasOption(other) => {
            CliError::usage(format!("{option} {name}: there is an option for it"))
                .hint(format!("use {other}"))
        }
        SetRefusal::NotAName => {
            CliError::usage(format!("{option}: `{name}` is not the name of an attribute"))
        }
        SetRefusal::System => CliError::usage(format!("{option} {name}: the directory owns it")),
    }
}

fn file_value(name: &str, file: &str) -> Result<Value, CliError> {
    /// The largest value that AD takes in one request (`MaxReceiveBuffer`).
    const LIMIT: u64 = 10 << 20;
    let bytes = files::read(std::path::Path::new(file), LIMIT, false)
        .map_err(|e| CliError::usage(format!("--set {name}: {}", e.message)))?;
    if bytes.is_empty() {
        return Err(
            CliError::usage(format!("--set {name}: {file} is empty")).hint(format!("`{name}=` clears it"))
        );
    }
    Ok(Value::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(options: &[&str]) -> Result<Vec<AttributeWish>, CliError> {
        attribute_wishes(&options.iter().map(|o| (*o).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn repeated_attributes_become_several_values() {
        let all =
            wishes(&["proxyAddresses=SMTP:a@x", "title=CEO", "PROXYADDRESSES=smtp:b@x", "info="]).unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].values.len(), 2);
        assert!(all[2].values.is_empty());
    }

    #[test]
    fn what_cannot_be_set_is_wrong_usage() {
        for bad in [
            "title",
            "=x",
            "ti tle=x",
            "unicodePwd=x",
            "userPrincipalName=x",
            "objectSid=x",
            "a=@/no/such/file",
        ] {
            assert_eq!(wishes(&[bad]).unwrap_err().code(), 2, "{bad}");
        }
        assert_eq!(wishes(&["info=", "info=x"]).unwrap_err().code(), 2);
    }

    #[test]
    fn suffixes() {
        assert_eq!(suffix_of("@contoso.com").unwrap(), "contoso.com");
        assert!(suffix_of("a@b").is_err() && suffix_of("").is_err() && suffix_of("a b").is_err());
    }
}
