//! The options that every command takes.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};

const CONNECTION: &str = "Connection";
const OUTPUT: &str = "Output";

/// The connection and output options. Each has a variable of the environment and, `--config` and `--profile` aside, a
/// key in a profile of the configuration file; what is `None` or empty here may come from the profile.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GlobalArgs {
    /// A domain controller, such as ldaps://dc1.contoso.com; may repeat, the first that answers is used
    #[arg(long, value_name = "URL", env = "ADRECOVER_SERVER", value_delimiter = ',', global = true,
          hide_env = true, help_heading = CONNECTION)]
    pub(crate) server: Vec<String>,
    /// The domain whose domain controllers are looked for in the DNS where no server is named [default: this computer's, else
    /// that of the account]
    #[arg(long, value_name = "DNS", env = "ADRECOVER_DOMAIN", global = true, hide_env = true, help_heading = CONNECTION)]
    pub(crate) domain: Option<String>,
    /// The site whose domain controllers are preferred [default: as a domain controller tells it]
    #[arg(long, value_name = "NAME", env = "ADRECOVER_SITE", global = true, hide_env = true, help_heading = CONNECTION)]
    pub(crate) site: Option<String>,
    /// The DNS server to ask for domain controllers [default: those of this computer]
    #[arg(long, value_name = "ADDRESS", env = "ADRECOVER_DNS_SERVER", global = true, hide_env = true,
          help_heading = CONNECTION)]
    pub(crate) dns_server: Option<String>,
    /// A domain controller of another domain of the forest, such as emea.contoso.com=ldaps://dc1.emea.contoso.com; may repeat
    /// [default: looked for in the DNS when a group of that domain is written]
    #[arg(long, value_name = "DOMAIN=URL", env = "ADRECOVER_SERVER_OF", value_delimiter = ',', global = true,
          hide_env = true, help_heading = CONNECTION)]
    pub(crate) server_of: Vec<String>,
    /// The account to log on with: a UPN, DOMAIN\name or a DN
    #[arg(long = "user", id = "bind_user", value_name = "NAME", env = "ADRECOVER_USER", global = true,
          hide_env = true, help_heading = CONNECTION)]
    pub(crate) bind_user: Option<String>,
    /// The file with its password, `-` for standard input; else ADRECOVER_PASSWORD or a prompt
    #[arg(long, value_name = "FILE", env = "ADRECOVER_PASSWORD_FILE", global = true, hide_env = true,
          help_heading = CONNECTION)]
    pub(crate) password_file: Option<PathBuf>,
    /// Log on with the Kerberos ticket that is there; on port 389 everything is signed and sealed then
    #[arg(long, env = "ADRECOVER_KERBEROS", num_args = 0, default_missing_value = "true", global = true,
          value_parser = BoolishValueParser::new(), hide_env = true, help_heading = CONNECTION)]
    pub(crate) kerberos: Option<bool>,
    /// A file of certificates to trust besides those of the system
    #[arg(long, value_name = "FILE", env = "ADRECOVER_CA", global = true, hide_env = true, help_heading = CONNECTION)]
    pub(crate) ca: Option<PathBuf>,
    /// Start TLS on an ldap:// connection before anything else is sent
    #[arg(long, env = "ADRECOVER_STARTTLS", num_args = 0, default_missing_value = "true", global = true,
          value_parser = BoolishValueParser::new(), hide_env = true, help_heading = CONNECTION)]
    pub(crate) starttls: Option<bool>,
    /// Accept any certificate; warns each time
    #[arg(long, env = "ADRECOVER_INSECURE", num_args = 0, default_missing_value = "true", global = true,
          value_parser = BoolishValueParser::new(), hide_env = true, help_heading = CONNECTION)]
    pub(crate) insecure: Option<bool>,
    /// The profile of the configuration file to use
    #[arg(long, value_name = "NAME", env = "ADRECOVER_PROFILE", global = true, hide_env = true,
          help_heading = CONNECTION)]
    pub(crate) profile: Option<String>,
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "ADRECOVER_CONFIG", global = true, hide_env = true,
          help_heading = CONNECTION)]
    pub(crate) config: Option<PathBuf>,
    /// How long to wait for each reply of the server [default: 60]
    #[arg(long, value_name = "SECONDS", env = "ADRECOVER_TIMEOUT", global = true, hide_env = true,
          value_parser = clap::value_parser!(u32).range(1..=86_400), help_heading = CONNECTION)]
    pub(crate) timeout: Option<u32>,
    /// The form of the data on standard output [default: table]
    #[arg(short, long, value_name = "FORMAT", env = "ADRECOVER_OUTPUT", value_enum, global = true, hide_env = true,
          help_heading = OUTPUT)]
    pub(crate) output: Option<Format>,
    /// Only data, warnings and errors
    #[arg(short, long, env = "ADRECOVER_QUIET", num_args = 0, default_missing_value = "true", global = true,
          value_parser = BoolishValueParser::new(), hide_env = true, help_heading = OUTPUT)]
    pub(crate) quiet: Option<bool>,
    /// Say more; repeat for still more
    #[arg(short, long, env = "ADRECOVER_VERBOSE", action = clap::ArgAction::Count, global = true, hide_env = true,
          help_heading = OUTPUT)]
    pub(crate) verbose: u8,
    /// When to use colours [default: auto]
    #[arg(long, value_name = "WHEN", env = "ADRECOVER_COLOR", value_enum, global = true, hide_env = true,
          help_heading = OUTPUT)]
    pub(crate) color: Option<Color>,
}

impl GlobalArgs {
    /// The output options alone.
    pub(crate) fn of_output(&self) -> Self {
        let Self { output, quiet, verbose, color, .. } = *self;
        Self { output, quiet, verbose, color, ..Self::default() }
    }
}

/// The form of the data on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// One document
    Json,
    /// One JSON object a line, as they come
    Jsonl,
    /// Comma-separated values
    Csv,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
