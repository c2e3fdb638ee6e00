//! What the scenarios stand on: the labs, an independent LDAP hand, the program in a clean environment, and a stage of
//! its own for every test.
//!
//! ```text
//! let Some(scene) = Scene::new() else { return };
//! let anna = scene.user("Anna").deleted();
//! let report = scene.restore(&anna, ["--upn", "anna@contoso.test"]).exits(0);
//! assert_eq!(scene.hand().get(&anna, &["userPrincipalName"]).text("userPrincipalName"), "anna@contoso.test");
//! ```

mod draft;
pub(crate) mod graph;
mod hand;
mod keeper;
mod lab;
mod ldif;
mod output;
mod proxy;
mod run;
mod scene;
pub(crate) mod schema;
mod tap;
mod terminal;
#[cfg(feature = "kerberos")]
pub(crate) mod tickets;

pub(crate) use draft::{Draft, Object, PASSWORD, quoted};
pub(crate) use hand::{Entry, Hand};
pub(crate) use keeper::Keeper;
pub(crate) use lab::{Account, Lab};
pub(crate) use ldif::{Ldif, escape_dn, to_base64};
pub(crate) use output::{Output, ids_of_blocks};
pub(crate) use proxy::Proxy;
pub(crate) use run::Run;
pub(crate) use scene::{Scene, Secrets, files_below, private};
pub(crate) use tap::Tap;
