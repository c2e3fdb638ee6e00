//! Who has now what a deleted user had: its UPN, its addresses.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::client::Client;
use super::error::{GraphError, GraphErrorKind};
use super::read::{Key, Place, Read};
use crate::compare::bare;
use crate::evidence::without_prefix;

/// What an object is that holds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClaimantKind {
    /// A live user.
    User,
    /// A user in the bin.
    DeletedUser,
    /// A group.
    Group,
    /// A contact.
    Contact,
}

/// An object that holds a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claimant {
    /// What it is.
    pub kind: ClaimantKind,
    /// Its object id.
    pub id: String,
    /// What it is called.
    pub display_name: Option<String>,
    /// Its UPN, as it stands there.
    pub user_principal_name: Option<String>,
    /// The property that holds the name.
    pub property: &'static str,
}

/// A name, and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claimed {
    /// The UPN or the address.
    pub name: String,
    /// Everybody who holds it.
    pub by: Vec<Claimant>,
}

/// What looking for names found.
#[derive(Debug, Default)]
pub struct Conflicts {
    /// Each name that was looked for.
    pub names: Vec<Claimed>,
    /// What could not be looked at, and why: where this is not empty, "nobody" is not known.
    pub gaps: Vec<Unseen>,
}

/// Objects that could not be looked at.
#[derive(Debug)]
pub struct Unseen {
    /// Which: `users`, `groups`, …
    pub what: &'static str,
    /// Why.
    pub error: GraphError,
    /// The permission of an app that is enough for it.
    pub permission: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    #[serde(default)]
    id: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    user_principal_name: Option<String>,
    #[serde(default)]
    mail: Option<String>,
    #[serde(default)]
    proxy_addresses: Option<Vec<String>>,
}

impl Client {
    /// Looks for everybody but `except` who holds one of these names, among users, deleted users, groups and contacts. A list that
    /// the token may not read is a gap; any other failure ends it.
    pub async fn conflicts(
        &self,
        upn: Option<&str>,
        addresses: &[String],
        except: Option<Uuid>,
    ) -> Result<Conflicts, GraphError> {
        let mut names: Vec<String> = vec![];
        for name in upn.into_iter().chain(addresses.iter().map(String::as_str)) {
            let name = bare(name);
            if !names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        let mut found = Conflicts::default();
        for name in names {
            let by = self.holders(&name, except, &mut found.gaps).await?;
            found.names.push(Claimed { name, by });
        }
        Ok(found)
    }

    async fn holders(
        &self,
        name: &str,
        except: Option<Uuid>,
        gaps: &mut Vec<Unseen>,
    ) -> Result<Vec<Claimant>, GraphError> {
        let address = || Key::Address(name.to_owned());
        let mut reads = vec![
            ("users", ClaimantKind::User, Read::Users(Place::Live, vec![address()])),
            ("deleted users", ClaimantKind::DeletedUser, Read::Users(Place::Bin, vec![address()])),
            ("groups", ClaimantKind::Group, Read::GroupsWithAddress(name.to_owned())),
            ("contacts", ClaimantKind::Contact, Read::ContactsWithAddress(name.to_owned())),
        ];
        if name.contains('@') && !name.contains(':') {
            let upn = || vec![Key::UserPrincipalName(name.to_owned())];
            reads.push(("users", ClaimantKind::User, Read::Users(Place::Live, upn())));
            reads.push(("deleted users", ClaimantKind::DeletedUser, Read::Users(Place::Bin, upn())));
        }
        let mut by: Vec<Claimant> = vec![];
        for (what, kind, read) in reads {
            if gaps.iter().any(|known| known.what == what) {
                continue;
            }
            let objects = match self.all(&read).await {
                Ok(objects) => objects,
                Err(error) if error.kind() == GraphErrorKind::Denied => {
                    gaps.push(Unseen { what, error, permission: read.permission() });
                    continue;
                }
                Err(error) => return Err(error),
            };
            let objects = objects.into_iter().filter_map(|o| serde_json::from_value::<Object>(o).ok());
            for object in objects {
                let Some(property) = held(&object, name) else { continue };
                let is_known = by.iter().any(|c| c.id == object.id)
                    || except.is_some_and(|id| object.id.eq_ignore_ascii_case(&id.to_string()));
                if !is_known {
                    by.push(Claimant {
                        kind,
                        id: object.id,
                        display_name: object.display_name,
                        user_principal_name: object.user_principal_name,
                        property,
                    });
                }
            }
        }
        Ok(by)
    }
}

/// Which property holds the name. What only ends with it is none.
fn held(object: &Object, name: &str) -> Option<&'static str> {
    let is = |text: &str| text.to_lowercase() == name.to_lowercase();
    let upn = object.user_principal_name.as_deref().unwrap_or_default();
    if is(without_prefix(upn, &object.id).unwrap_or(upn)) {
        return Some("userPrincipalName");
    }
    if object.proxy_addresses.iter().flatten().any(|p| is(bare(p))) {
        return Some("proxyAddresses");
    }
    object.mail.as_deref().filter(|m| is(m)).map(|_| "mail")
}
