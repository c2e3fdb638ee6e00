//! Microsoft Graph as the command line uses it: the options to sign in with, the client that they come to, and what it gathers.
//!
//! [`client`] is what a command starts from. It reads secrets and sends nothing; [`signed_in`] does, before anything is asked of a
//! server.

mod gather;
mod options;

use std::sync::Arc;

use adrecover_core::text::printable;
use adrecover_hybrid::graph::{
    Certificate, Client, Clock, Credential, DevicePrompt, Limits, SignIn, Signing,
};
use zeroize::Zeroizing;

use crate::context::Ctx;
use crate::error::{CliError, Kind};
use crate::files;
use crate::folders;
use crate::password;
pub(crate) use gather::{Asked, MANY, gather};
pub(crate) use options::GraphArgs;
#[cfg(test)]
pub(crate) use options::HEADING;
pub(crate) use options::SECRET_VARIABLE;
use options::{Options, Way};

/// No certificate with its chain and key is larger.
const CERTIFICATE: u64 = 1 << 20;

/// The client that the options, the variables and the profile come to. Nothing is sent yet.
pub(crate) fn client(ctx: &Ctx, given: &GraphArgs) -> Result<Client, CliError> {
    let options = Options::resolve(given, &ctx.settings.graph, |name| std::env::var_os(name))?;
    if options.secret_from_stdin() && ctx.settings.password_from_stdin() {
        return Err(CliError::usage(
            "standard input cannot be both the password to log on with and the secret of the app",
        ));
    }
    let client_id = options.client_id.parse().map_err(|_| {
        CliError::usage(format!("--client-id: `{}` is no id of an app", options.client_id))
            .hint("it is the application (client) id of the app registration, a GUID")
    })?;
    let sign_in = SignIn::new(&options.tenant, client_id, credential(ctx, &options)?)?;
    let ca = ctx.settings.ca.as_deref().map(|path| files::read(path, 16 << 20, false)).transpose()?;
    let mut limits = Limits::default();
    limits.answer = ctx.settings.timeout;
    limits.connect = limits.connect.min(ctx.settings.timeout);
    Ok(Client::new(sign_in, options.endpoint, limits, clock(), ca.as_deref())?)
}

/// Signs in now, so that a wrong secret is told before anything else is asked.
pub(crate) async fn signed_in(ctx: &Ctx, client: &Client) -> Result<(), CliError> {
    client.sign_in().await?;
    ctx.printer.detail(1, format!("signed in, to ask {}", client.host()));
    Ok(())
}

/// Whether the secret of the app is read from standard input, so that nothing else can be.
pub(crate) fn secret_from_stdin(ctx: &Ctx, given: &GraphArgs) -> bool {
    let options = Options::resolve(given, &ctx.settings.graph, |name| std::env::var_os(name));
    options.is_ok_and(|options| options.secret_from_stdin())
}

/// The tenant, and who signs in to it, as the journal names them.
pub(crate) fn who(ctx: &Ctx, given: &GraphArgs) -> Result<(String, String), CliError> {
    let options = Options::resolve(given, &ctx.settings.graph, |name| std::env::var_os(name))?;
    let identity = format!("app {} in {}", options.client_id, options.tenant);
    Ok((options.tenant, identity))
}

/// What signs in. Secrets are read here and stay in what is returned.
fn credential(ctx: &Ctx, options: &Options) -> Result<Credential, CliError> {
    let printer = &ctx.printer;
    Ok(match &options.way {
        Way::SecretFile(path) => {
            Credential::Secret(password::secret_from_file(path, &password::CLIENT_SECRET, printer)?)
        }
        Way::SecretVariable => {
            Credential::Secret(password::secret_from_variable(SECRET_VARIABLE, &password::CLIENT_SECRET)?)
        }
        Way::Certificate(path) => {
            if folders::is_readable_by_others(path) {
                printer.warn(format!(
                    "everybody can read the certificate's private key: chmod 600 {}",
                    path.display()
                ));
            }
            let pem = Zeroizing::new(files::read(path, CERTIFICATE, false)?);
            let certificate = Certificate::from_pem(&pem, Signing::default()).map_err(|error| {
                CliError::new(Kind::BadInput, format!("{} cannot be used: {error}", path.display()))
            })?;
            Credential::Certificate(Arc::new(certificate))
        }
        Way::DeviceCode => {
            let printer = Arc::clone(printer);
            Credential::DeviceCode(Arc::new(move |prompt| printer.instruct(device_code(prompt))))
        }
    })
}

/// What somebody has to do who signs in with a code.
fn device_code(prompt: &DevicePrompt) -> String {
    format!(
        "to sign in, open {} in a browser, here or elsewhere, and enter the code {}\nwaiting for it, for {} minutes at most; Ctrl-C ends it",
        printable(&prompt.verification_uri),
        printable(&prompt.user_code),
        prompt.expires_in.div_ceil(60)
    )
}

fn clock() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on")]
    Arc::new(chrono::Utc::now)
}
