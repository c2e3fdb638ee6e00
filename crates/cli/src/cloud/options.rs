//! Which app signs in to which tenant, and how: options over variables over the profile.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use adrecover_hybrid::graph::Endpoint;
use clap::Args;
use clap::builder::BoolishValueParser;

use crate::error::CliError;

/// The heading of these options in the help.
pub(crate) const HEADING: &str = "Microsoft Graph";
/// The variable that may hold the secret of the app. Whatever starts another program must not pass it on
/// (`Command::env_remove`), as with [`crate::password::VARIABLE`].
pub(crate) const SECRET_VARIABLE: &str = "ADRECOVER_CLIENT_SECRET";

/// How to sign in. Each has a variable and a key in a profile; there is none that holds a secret.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct GraphArgs {
    /// The tenant: its id, or one of its domains
    #[arg(long, value_name = "TENANT", env = "ADRECOVER_TENANT", global = true, hide_env = true, help_heading = HEADING)]
    pub(crate) tenant: Option<String>,
    /// The application (client) id of the app registration
    #[arg(long, value_name = "ID", env = "ADRECOVER_CLIENT_ID", global = true, hide_env = true, help_heading = HEADING)]
    pub(crate) client_id: Option<String>,
    /// The file with the app's secret, `-` for standard input; else ADRECOVER_CLIENT_SECRET
    #[arg(long, value_name = "FILE", env = "ADRECOVER_CLIENT_SECRET_FILE", global = true, hide_env = true,
          help_heading = HEADING)]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The file with the app's certificate and its private key (PEM), in place of a secret
    #[arg(long, value_name = "FILE", env = "ADRECOVER_CLIENT_CERTIFICATE", global = true, hide_env = true,
          help_heading = HEADING)]
    pub(crate) client_certificate: Option<PathBuf>,
    /// Sign in as a person, with a code that is shown and entered in a browser
    #[arg(long, env = "ADRECOVER_DEVICE_CODE", num_args = 0, default_missing_value = "true", global = true,
          value_parser = BoolishValueParser::new(), hide_env = true, help_heading = HEADING)]
    pub(crate) device_code: Option<bool>,
    /// The cloud: public, usgov, usgov-dod, china, or the two hosts https://LOGIN,https://GRAPH [default: public]
    #[arg(long, value_name = "CLOUD", env = "ADRECOVER_CLOUD_ENDPOINT", global = true, hide_env = true,
          help_heading = HEADING)]
    pub(crate) cloud_endpoint: Option<String>,
}

/// How the app or the person shows who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// A secret in a file; `-` is standard input.
    SecretFile(PathBuf),
    /// A secret in [`SECRET_VARIABLE`].
    SecretVariable,
    /// A certificate and its key.
    Certificate(PathBuf),
    /// A person with a code.
    DeviceCode,
}

impl Way {
    fn option(&self) -> &'static str {
        match self {
            Self::SecretFile(_) | Self::SecretVariable => "--client-secret-file",
            Self::Certificate(_) => "--client-certificate",
            Self::DeviceCode => "--device-code",
        }
    }

    /// Whether the variable of its option says the same: then it need not have been an option.
    fn may_be_of_variable(&self, variable: impl Fn(&str) -> Option<OsString>) -> bool {
        let name =
            format!("ADRECOVER_{}", self.option().trim_start_matches("--").to_uppercase().replace('-', "_"));
        match (self, variable(&name)) {
            (_, None) => false,
            (Self::SecretFile(path) | Self::Certificate(path), Some(value)) => path.as_os_str() == value,
            (Self::SecretVariable | Self::DeviceCode, Some(_)) => true,
        }
    }
}

/// Everything that signing in takes.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) way: Way,
    pub(super) endpoint: Endpoint,
}

impl Options {
    /// Options (and variables, which stand among them) over the profile. `variable` reads the environment.
    pub(super) fn resolve(
        given: &GraphArgs,
        profile: &GraphArgs,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, CliError> {
        let text = |given: &Option<String>, profile: &Option<String>| {
            given
                .as_ref()
                .or(profile.as_ref())
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        let tenant = text(&given.tenant, &profile.tenant);
        let client_id = text(&given.client_id, &profile.client_id);
        let way = way(given, profile, variable)?;
        let endpoint = text(&given.cloud_endpoint, &profile.cloud_endpoint);
        let endpoint = endpoint_of(endpoint.as_deref().unwrap_or("public"))?;
        match (tenant, client_id, way) {
            (Some(tenant), Some(client_id), Some(way)) => Ok(Self { tenant, client_id, way, endpoint }),
            (tenant, client_id, way) => {
                let missing = [
                    tenant.is_none().then_some("--tenant"),
                    client_id.is_none().then_some("--client-id"),
                    way.is_none()
                        .then_some("one of --client-secret-file, --client-certificate and --device-code"),
                ];
                let missing: Vec<&str> = missing.into_iter().flatten().collect();
                Err(CliError::usage(format!("to sign in to Microsoft Graph there is missing: {}", missing.join("; ")))
                    .hint("give the options, their variables (ADRECOVER_TENANT, …) or keys of a profile; docs/cloud.md says how an app \
                           is registered"))
            }
        }
    }

    /// Whether the secret comes from standard input, so that nothing else can.
    pub(super) fn secret_from_stdin(&self) -> bool {
        matches!(&self.way, Way::SecretFile(path) if path.as_os_str() == "-")
    }
}

impl GraphArgs {
    fn ways(&self) -> Vec<Way> {
        let path = |path: &Option<PathBuf>| path.clone().filter(|path| path != Path::new(""));
        let ways = [
            path(&self.client_secret_file).map(Way::SecretFile),
            path(&self.client_certificate).map(Way::Certificate),
            (self.device_code == Some(true)).then_some(Way::DeviceCode),
        ];
        ways.into_iter().flatten().collect()
    }
}

/// The one way to sign in, if there is one.
fn way(
    given: &GraphArgs,
    profile: &GraphArgs,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Way>, CliError> {
    let (variables, options): (Vec<Way>, Vec<Way>) =
        given.ways().into_iter().partition(|way| way.may_be_of_variable(&variable));
    if let Some(way) = one(options, "options")? {
        return Ok(Some(way));
    }
    if let Some(way) = one(variables, "variables")? {
        return Ok(Some(way));
    }
    if variable(SECRET_VARIABLE).is_some() {
        return Ok(Some(Way::SecretVariable));
    }
    let mut kept = profile.ways();
    if given.device_code == Some(false) {
        kept.retain(|way| *way != Way::DeviceCode);
    }
    one(kept, "keys of the profile")
}

fn one(mut ways: Vec<Way>, what: &str) -> Result<Option<Way>, CliError> {
    if ways.len() > 1 {
        let names: Vec<&str> = ways.iter().map(Way::option).collect();
        return Err(CliError::usage(format!(
            "the {what} name several ways to sign in: {}",
            names.join(" and ")
        ))
        .hint("give one of them"));
    }
    Ok(ways.pop())
}

fn endpoint_of(text: &str) -> Result<Endpoint, CliError> {
    let endpoint = match text.split_once(',') {
        Some((login, graph)) => Endpoint::new(login, graph),
        None => Endpoint::named(text),
    };
    endpoint.map_err(|error| {
        CliError::usage(format!("--cloud-endpoint: {error}"))
            .hint("hosts of one's own are given as --cloud-endpoint https://LOGIN,https://GRAPH")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(secret: Option<&str>, certificate: Option<&str>, code: Option<bool>) -> GraphArgs {
        GraphArgs {
            tenant: Some("contoso.com".into()),
            client_id: Some("x".into()),
            client_secret_file: secret.map(PathBuf::from),
            client_certificate: certificate.map(PathBuf::from),
            device_code: code,
            cloud_endpoint: None,
        }
    }

    fn chosen(given: &GraphArgs, profile: &GraphArgs, variables: &[(&str, &str)]) -> Result<Way, CliError> {
        let of =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        Options::resolve(given, profile, of).map(|options| options.way)
    }

    #[test]
    fn an_option_wins_over_a_variable_and_that_over_the_profile() {
        let none = GraphArgs::default();
        let secret = |path: &str| Way::SecretFile(path.into());
        let both = given(Some("s"), Some("c"), None);
        let of_secret = [("ADRECOVER_CLIENT_SECRET_FILE", "s")];
        assert_eq!(chosen(&both, &none, &of_secret).unwrap(), Way::Certificate("c".into()));
        assert_eq!(chosen(&given(Some("s"), None, None), &none, &of_secret).unwrap(), secret("s"));
        // Which of two variables would count does not matter then.
        let three = given(Some("s"), Some("c"), Some(true));
        let two = [of_secret[0], ("ADRECOVER_CLIENT_CERTIFICATE", "c")];
        assert_eq!(chosen(&three, &none, &two).unwrap(), Way::DeviceCode);
        assert!(chosen(&both, &none, &two).unwrap_err().message.contains("the variables name several"));
        let kept = given(Some("p"), None, None);
        let nothing = given(None, None, None);
        assert_eq!(chosen(&given(None, None, Some(true)), &kept, &[]).unwrap(), Way::DeviceCode);
        assert_eq!(chosen(&nothing, &kept, &[]).unwrap(), secret("p"));
        assert_eq!(chosen(&nothing, &kept, &[(SECRET_VARIABLE, "x")]).unwrap(), Way::SecretVariable);
        let code = given(None, None, Some(true));
        assert!(chosen(&given(None, None, Some(false)), &code, &[]).is_err());
    }

    #[test]
    fn two_ways_are_wrong_usage() {
        let none = GraphArgs::default();
        let error = chosen(&given(Some("s"), None, Some(true)), &none, &[]).unwrap_err();
        assert!(
            error.code() == 2 && error.message.contains("--client-secret-file and --device-code"),
            "{error}"
        );
        let error = chosen(&none, &given(Some("s"), Some("c"), None), &[]).unwrap_err();
        assert!(error.message.contains("keys of the profile"), "{error}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let none = GraphArgs::default();
        let error = Options::resolve(&none, &none, |_| None).unwrap_err();
        for part in ["--tenant", "--client-id", "--client-certificate"] {
            assert!(error.message.contains(part), "{error}");
        }
        let tenant = GraphArgs { tenant: Some(" ".into()), ..given(Some("s"), None, None) };
        let error = Options::resolve(&tenant, &none, |_| None).unwrap_err();
        assert!(error.message.ends_with("missing: --tenant") && error.code() == 2, "{error}");
    }

    #[test]
    fn clouds_are_names_or_two_hosts() {
        assert_eq!(endpoint_of("usgov").unwrap().graph_host(), "graph.microsoft.us");
        assert_eq!(endpoint_of("https://login.x,https://graph.x").unwrap().graph_host(), "graph.x");
        assert!(endpoint_of("http://127.0.0.1:1,http://127.0.0.1:1").is_ok());
        for bad in ["moon", "https://login.x", "http://login.x,https://graph.x", "https://a/b,https://c"] {
            assert_eq!(endpoint_of(bad).unwrap_err().code(), 2, "{bad}");
        }
    }
}
