//! `config.toml`: connection and output settings under names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::args::{Color, Format, GlobalArgs};
use crate::error::CliError;
use crate::files;
use crate::folders;
use crate::recovery::Through;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    #[serde(default, rename = "default-profile", alias = "default_profile")]
    default_profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// One profile: the keys are the long options. It never holds a password, only where to get it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Profile {
    /// `--server`: a text or a list.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(crate) server: Vec<String>,
    /// `--domain`.
    pub(crate) domain: Option<String>,
    /// `--site`.
    pub(crate) site: Option<String>,
    /// `--dns-server`.
    pub(crate) dns_server: Option<String>,
    /// `--kerberos`.
    pub(crate) kerberos: Option<bool>,
    /// `--server-of`: a text or a list.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(crate) server_of: Vec<String>,
    /// `--user`.
    pub(crate) user: Option<String>,
    /// `--password-file`, relative to the configuration file.
    pub(crate) password_file: Option<PathBuf>,
    /// `--ca`, relative to the configuration file.
    pub(crate) ca: Option<PathBuf>,
    /// `--starttls`.
    pub(crate) starttls: Option<bool>,
    /// `--insecure`.
    pub(crate) insecure: Option<bool>,
    /// `--tenant`.
    pub(crate) tenant: Option<String>,
    /// `--client-id`.
    pub(crate) client_id: Option<String>,
    /// `--client-secret-file`, relative to the configuration file.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// `--client-certificate`, relative to the configuration file.
    pub(crate) client_certificate: Option<PathBuf>,
    /// `--device-code`.
    pub(crate) device_code: Option<bool>,
    /// `--cloud-endpoint`.
    pub(crate) cloud_endpoint: Option<String>,
    /// `--sync-server`.
    pub(crate) sync_server: Option<String>,
    /// `--sync-through`.
    pub(crate) sync_through: Option<Through>,
    /// `--journal`, relative to the configuration file where it is a path.
    pub(crate) journal: Option<String>,
    /// `--forest`.
    pub(crate) forest: Option<String>,
    /// `--journal-key-file`, relative to the configuration file.
    pub(crate) journal_key_file: Option<PathBuf>,
    /// `--journal-password-file`, relative to the configuration file.
    pub(crate) journal_password_file: Option<PathBuf>,
    /// `--timeout`.
    pub(crate) timeout: Option<u32>,
    /// `--output`.
    pub(crate) output: Option<Format>,
    /// `--quiet`.
    pub(crate) quiet: Option<bool>,
    /// `--verbose`, as a number.
    pub(crate) verbose: Option<u8>,
    /// `--color`.
    pub(crate) color: Option<Color>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct OneOrMany;

    impl<'de> serde::de::Visitor<'de> for OneOrMany {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a server or a list of servers")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut out = vec![];
            while let Some(text) = seq.next_element()? {
                out.push(text);
            }
            Ok(out)
        }
    }

    deserializer.deserialize_any(OneOrMany)
}

/// The profile that the options choose: `--profile`, else the file's `default-profile`, else none.
pub(crate) fn profile(given: &GlobalArgs) -> Result<Option<Profile>, CliError> {
    let (file, named) = match &given.config {
        Some(file) => (file.clone(), true),
        None => match folders::config_file() {
            Some(file) => (file, false),
            None => return Ok(None),
        },
    };
    if !named && !file.exists() {
        return match &given.profile {
            Some(name) => Err(CliError::usage(format!(
                "there is no profile `{name}`: {} does not exist",
                file.display()
            ))),
            None => Ok(None),
        };
    }
    let text = files::text(&file, files::read(&file, 1 << 20, false)?)?;
    folders::refuse_file_if_others_write(&file, "configuration file")?;
    let folder = file.parent().unwrap_or(Path::new(""));
    choose(&text, given.profile.as_deref(), folder)
        .map_err(|e| CliError { message: format!("{}: {}", file.display(), e.message), ..e })
}

/// Refuses a text that is no configuration file, or that holds a password.
pub(crate) fn check(text: &str) -> Result<(), CliError> {
    parse(text).map(|_| ())
}

fn parse(text: &str) -> Result<ConfigFile, CliError> {
    let table: toml::Table = text.parse().map_err(|e: toml::de::Error| syntax(text, &e))?;
    refuse_passwords(&table)?;
    toml::from_str(text).map_err(|e| syntax(text, &e))
}

/// Parses the file's text and takes one profile out of it.
pub(crate) fn choose(text: &str, wanted: Option<&str>, folder: &Path) -> Result<Option<Profile>, CliError> {
    let mut config = parse(text)?;
    let Some(name) = wanted.map(str::to_owned).or(config.default_profile.take()) else { return Ok(None) };
    let known: Vec<String> = config.profiles.keys().cloned().collect();
    let mut profile = config.profiles.remove(&name).ok_or_else(|| {
        let hint = if known.is_empty() {
            "it has no profiles".into()
        } else {
            format!("there are: {}", known.join(", "))
        };
        CliError::usage(format!("there is no profile `{name}`")).hint(hint)
    })?;
    // `-` is standard input.
    let from_here = |path: PathBuf| if path.as_os_str() == "-" { path } else { folder.join(path) };
    profile.ca = profile.ca.map(|p| folder.join(p));
    profile.password_file = profile.password_file.map(from_here);
    profile.client_secret_file = profile.client_secret_file.map(from_here);
    profile.client_certificate = profile.client_certificate.map(|p| folder.join(p));
    profile.journal_key_file = profile.journal_key_file.map(|p| folder.join(p));
    profile.journal_password_file = profile.journal_password_file.map(|p| folder.join(p));
    profile.journal = profile.journal.map(|place| match place.contains("://") {
        true => place,
        false => folder.join(place).to_string_lossy().into_owned(),
    });
    Ok(Some(profile))
}

/// Where and what: `line 3: unknown field …`.
fn syntax(text: &str, error: &toml::de::Error) -> CliError {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map(|n| format!("line {n}: ")).unwrap_or_default();
    CliError::usage(format!("{place}{}", error.message().trim().replace('\n', "; ")))
}

fn refuse_passwords(table: &toml::Table) -> Result<(), CliError> {
    for (key, value) in table {
        let lower = key.to_lowercase();
        let names_one =
            ["password", "passwd", "pwd", "secret", "passphrase"].iter().any(|w| lower.contains(w));
        let says_where = lower.ends_with("-file") || lower.ends_with("_file");
        match value {
            toml::Value::Table(inner) => refuse_passwords(inner)?,
            _ if names_one && !says_where => {
                return Err(CliError::usage(format!("the key `{key}` holds a password, which a profile must not"))
                    .hint("put it into a file that only you can read and name that with `password-file` (the secret of an app: \
                           `client-secret-file`), and change it if others could see it"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str, wanted: Option<&str>) -> Result<Option<Profile>, CliError> {
        choose(text, wanted, Path::new("/etc/x"))
    }

    #[test]
    fn a_profile_is_chosen_by_name_or_default() {
        let text = "default-profile = \"a\"\n[profiles.a]\nserver = \"dc1\"\nca = \"ca.pem\"\n[profiles.b]\nserver = [\"dc2\", \"dc3\"]\npassword-file = \"-\"\n";
        let a = chosen(text, None).unwrap().unwrap();
        assert_eq!((a.server, a.ca), (vec!["dc1".to_owned()], Some(PathBuf::from("/etc/x/ca.pem"))));
        let b = chosen(text, Some("b")).unwrap().unwrap();
        assert_eq!((b.server.len(), b.password_file), (2, Some(PathBuf::from("-"))));
        let error = chosen(text, Some("c")).unwrap_err();
        assert!(error.hint.unwrap().contains("a, b"));
        assert_eq!(chosen("", None).unwrap(), None);
    }

    #[test]
    fn a_profile_says_where_the_secret_of_an_app_is() {
        let text = "[profiles.a]\ntenant = \"contoso.com\"\nclient-id = \"x\"\nclient-secret-file = \"app.secret\"\n\
                    client-certificate = \"/app.pem\"\ndevice-code = false\ncloud-endpoint = \"usgov\"\n";
        let a = chosen(text, Some("a")).unwrap().unwrap();
        assert_eq!(a.client_secret_file, Some(PathBuf::from("/etc/x/app.secret")));
        assert_eq!(a.client_certificate, Some(PathBuf::from("/app.pem")));
        assert_eq!((a.tenant.as_deref(), a.cloud_endpoint.as_deref()), (Some("contoso.com"), Some("usgov")));
    }

    #[test]
    fn unknown_keys_and_passwords_are_refused() {
        let error = chosen("[profiles.a]\nserver = \"x\"\nservre = 1\n", Some("a")).unwrap_err();
        assert!(error.message.contains("servre") && error.message.contains("line 3"), "{error}");
        assert!(chosen("profile = \"a\"", None).is_err());
        for key in ["password", "bindPassword", "client_secret", "client-secret"] {
            let error = chosen(&format!("[profiles.a]\n{key} = \"hunter2\"\n"), Some("a")).unwrap_err();
            assert!(error.message.contains(key) && !error.message.contains("hunter2"), "{error}");
        }
    }
}
