//! What the options, the environment and the profile come to.

use std::path::PathBuf;
use std::time::Duration;

use adrecover_ldap::ServerUrl;

use crate::args::{Color, Format, GlobalArgs};
use crate::config::Profile;
use crate::error::CliError;

/// The settings of one run.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The servers to try, in order.
    pub(crate) servers: Vec<ServerUrl>,
    /// The account to log on with.
    pub(crate) user: Option<String>,
    /// Where its password is; `-` is standard input.
    pub(crate) password_file: Option<PathBuf>,
    /// Certificates to trust besides those of the system.
    pub(crate) ca: Option<PathBuf>,
    /// Whether to start TLS on `ldap://`.
    pub(crate) starttls: bool,
    /// Whether any certificate is accepted.
    pub(crate) insecure: bool,
    /// How long to wait for a reply.
    pub(crate) timeout: Duration,
    /// The form of the data.
    pub(crate) output: Format,
    /// `-q` is -1, `-v` 1, …
    pub(crate) verbosity: i8,
    /// When to use colours.
    pub(crate) color: Color,
}

impl Settings {
    /// Option over variable (both stand in `given`) over profile over default.
    pub(crate) fn resolve(given: &GlobalArgs, profile: Option<&Profile>) -> Result<Self, CliError> {
        let none = Profile::default();
        let profile = profile.unwrap_or(&none);
        let servers = if given.server.is_empty() { &profile.server } else { &given.server };
        let servers = servers.iter().map(|text| text.parse::<ServerUrl>()).collect::<Result<_, _>>()?;
        let timeout = given.timeout.or(profile.timeout).unwrap_or(60);
        if !(1..=86_400).contains(&timeout) {
            return Err(CliError::usage(format!("the timeout of {timeout} seconds is not 1 to 86400")));
        }
        let loud = if given.verbose > 0 { given.verbose } else { profile.verbose.unwrap_or(0) };
        let quiet = given.quiet.or(profile.quiet).unwrap_or(false) && given.verbose == 0;
        Ok(Self {
            servers,
            user: given.bind_user.clone().or_else(|| profile.user.clone()),
            password_file: given.password_file.clone().or_else(|| profile.password_file.clone()),
            ca: given.ca.clone().or_else(|| profile.ca.clone()),
            starttls: given.starttls.or(profile.starttls).unwrap_or(false),
            insecure: given.insecure.or(profile.insecure).unwrap_or(false),
            timeout: Duration::from_secs(timeout.into()),
            output: given.output.or(profile.output).unwrap_or_default(),
            verbosity: if quiet { -1 } else { i8::try_from(loud).unwrap_or(i8::MAX) },
            color: given.color.or(profile.color).unwrap_or_default(),
        })
    }

    /// Whether the password of the connection is read from standard input, so that nothing else can be.
    pub(crate) fn password_from_stdin(&self) -> bool {
        self.password_file.as_ref().is_some_and(|p| p.as_os_str() == "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile {
            server: vec!["dc9".into()],
            user: Some("p".into()),
            timeout: Some(5),
            insecure: Some(true),
            verbose: Some(2),
            ..Profile::default()
        }
    }

    #[test]
    fn the_profile_fills_what_was_not_given() {
        let settings = Settings::resolve(&GlobalArgs::default(), Some(&profile())).unwrap();
        assert_eq!(settings.servers[0].to_string(), "ldaps://dc9");
        assert_eq!((settings.user.as_deref(), settings.timeout.as_secs()), (Some("p"), 5));
        assert!(settings.insecure && settings.verbosity == 2);
    }

    #[test]
    fn what_was_given_wins() {
        let given = GlobalArgs {
            server: vec!["ldap://dc1".into()],
            insecure: Some(false),
            quiet: Some(true),
            timeout: Some(7),
            ..GlobalArgs::default()
        };
        let settings = Settings::resolve(&given, Some(&profile())).unwrap();
        assert_eq!((settings.servers.len(), settings.servers[0].to_string().as_str()), (1, "ldap://dc1"));
        assert!(!settings.insecure && settings.verbosity == -1 && settings.timeout.as_secs() == 7);
    }

    #[test]
    fn defaults() {
        let settings = Settings::resolve(&GlobalArgs::default(), None).unwrap();
        assert_eq!((settings.timeout.as_secs(), settings.output, settings.verbosity), (60, Format::Table, 0));
        assert!(settings.servers.is_empty() && !settings.insecure && !settings.starttls);
    }

    #[test]
    fn bad_values_are_usage_errors() {
        let given = GlobalArgs { server: vec!["http://dc1".into()], ..GlobalArgs::default() };
        assert_eq!(Settings::resolve(&given, None).unwrap_err().code(), 2);
        let zero = Profile { timeout: Some(0), ..Profile::default() };
        assert_eq!(Settings::resolve(&GlobalArgs::default(), Some(&zero)).unwrap_err().code(), 2);
    }
}
