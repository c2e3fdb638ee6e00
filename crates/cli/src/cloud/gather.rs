//! What the cloud holds of some users, or of all, as evidence.

use adrecover_hybrid::evidence::Loader;
use adrecover_hybrid::graph::{Client, Gathered, Key, Wanted};

use crate::context::Ctx;
use crate::error::CliError;

/// For more users than these the whole tenant is fetched: that takes fewer requests.
pub(crate) const MANY: usize = 50;

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Everything.
    Tenant,
    /// The users that have one of these, and what of the tenant their checks rest upon.
    Users(Vec<Key>),
    /// The users that have one of these and nothing else: once more, or until one of them is there.
    UsersAlone(Vec<Key>),
}

/// Adds to the loader what the cloud holds now. What it refuses is a warning, and unknown afterwards; where it cannot be reached, or
/// breaks off, that is an error, and nothing of what it said is to be used.
pub(crate) async fn gather(
    ctx: &Ctx,
    client: &Client,
    asked: &Asked,
    loader: Loader,
) -> Result<Loader, CliError> {
    let work = async {
        let gathered = match asked {
            Asked::Tenant => client.gather(&Wanted::Tenant, loader).await,
            Asked::Users(keys) => client.gather(&Wanted::Users(keys.clone()), loader).await,
            Asked::UsersAlone(keys) => client.gather_users(keys, loader).await,
        };
        Ok(gathered?)
    };
    let Gathered { loader, shortfalls } = ctx.stop.unless_asked(work).await?;
    let mut told = vec![];
    for missing in shortfalls {
        if !told.contains(&missing.dataset) {
            told.push(missing.dataset);
            ctx.printer.warn(format!(
                "the cloud does not tell its {}: {}; it takes the permission {} (docs/cloud.md), and what rests upon it is unknown",
                missing.dataset, missing.error, missing.permission
            ));
        }
    }
    Ok(loader)
}
