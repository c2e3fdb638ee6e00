//! Everything that is read, as requests.

use uuid::Uuid;

use super::filter::{ends_with, equal, has_address};
use super::query::Request;

/// What is asked of a user: what the collector asks for, so that the two give the same evidence.
pub(crate) const USER: [&str; 41] = [
    "id",
    "displayName",
    "givenName",
    "surname",
    "userPrincipalName",
    "mail",
    "mailNickname",
    "proxyAddresses",
    "otherMails",
    "accountEnabled",
    "userType",
    "deletedDateTime",
    "createdDateTime",
    "employeeId",
    "department",
    "jobTitle",
    "companyName",
    "officeLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "mobilePhone",
    "businessPhones",
    "preferredLanguage",
    "usageLocation",
    "onPremisesSyncEnabled",
    "onPremisesImmutableId",
    "onPremisesSecurityIdentifier",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesSamAccountName",
    "onPremisesUserPrincipalName",
    "onPremisesLastSyncDateTime",
    "onPremisesProvisioningErrors",
    "onPremisesExtensionAttributes",
    "assignedLicenses",
    "licenseAssignmentStates",
    "assignedPlans",
    "provisionedPlans",
];
/// What only the beta endpoint knows of a user.
pub(crate) const IDENTIFIER: [&str; 4] =
    ["id", "userPrincipalName", "deletedDateTime", "onPremisesObjectIdentifier"];
const GROUP: [&str; 9] = [
    "id",
    "displayName",
    "groupTypes",
    "securityEnabled",
    "assignedLicenses",
    "onPremisesSyncEnabled",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesDomainName",
];
const HOLDER: [&str; 4] = ["id", "displayName", "mail", "proxyAddresses"];
const ORGANISATION: [&str; 5] =
    ["id", "displayName", "onPremisesSyncEnabled", "onPremisesLastSyncDateTime", "verifiedDomains"];
const SKU: [&str; 6] =
    ["skuId", "skuPartNumber", "capabilityStatus", "consumedUnits", "prepaidUnits", "servicePlans"];
const ROLE: [&str; 5] = ["id", "displayName", "templateId", "isBuiltIn", "isPrivileged"];
/// The last segment that makes a list of deleted objects one of users; without it Graph refuses.
const DELETED_USER: [&str; 3] = ["directory", "deletedItems", "microsoft.graph.user"];
/// More alternatives than this are not put into one filter. (Graph takes 15.)
pub(crate) const ALTERNATIVES: usize = 10;

/// The live users, or those in the bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `/users`
    Live,
    /// `/directory/deletedItems`
    Bin,
}

/// What a user is looked for by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Key {
    /// The object id.
    Id(Uuid),
    /// The source anchor.
    ImmutableId(String),
    /// The UPN, of deleted users without the object id before it.
    UserPrincipalName(String),
    /// Any address, of SMTP with or without its type.
    Address(String),
    /// The SID on premises.
    Sid(String),
    /// The account name on premises.
    SamAccountName(String),
}

impl Key {
    /// The alternatives of the filter, and whether they need an advanced query.
    pub(crate) fn filter(&self, place: Place) -> (Vec<String>, bool) {
        match self {
            Self::Id(id) => (vec![equal("id", &id.to_string())], false),
            Self::ImmutableId(anchor) => (vec![equal("onPremisesImmutableId", anchor)], false),
            // In the bin the object id stands before it.
            Self::UserPrincipalName(upn) if place == Place::Bin => {
                (vec![ends_with("userPrincipalName", upn)], true)
            }
            Self::UserPrincipalName(upn) => (vec![equal("userPrincipalName", upn)], false),
            Self::Address(address) => (has_address(address), false),
            Self::Sid(sid) => (vec![equal("onPremisesSecurityIdentifier", sid)], false),
            Self::SamAccountName(name) => (vec![equal("onPremisesSamAccountName", name)], true),
        }
    }
}

/// Something to read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Read {
    /// One live user by id.
    User(Uuid),
    /// One user in the bin by id.
    DeletedUser(Uuid),
    /// The users that have one of these, all of which are advanced queries or none of which are.
    Users(Place, Vec<Key>),
    /// All users.
    AllUsers(Place),
    /// `onPremisesObjectIdentifier` of one user (beta).
    ObjectIdentifier(Place, Uuid),
    /// `onPremisesObjectIdentifier` of all users (beta).
    ObjectIdentifiers(Place),
    /// The users with errors that the synchronisation left.
    ProvisioningErrors,
    /// The domains of the tenant.
    Domains,
    /// The tenant itself.
    Organisation,
    /// Its products with licences.
    SubscribedSkus,
    /// The features of the synchronisation.
    SyncFeatures,
    /// Whether a user is managed in the cloud.
    SyncBehaviour(Uuid),
    /// Who has a role: all, or one principal.
    RoleAssignments(Option<Uuid>),
    /// Who may take a role: all, or one principal.
    RoleEligibility(Option<Uuid>),
    /// What the roles are called, and which of them are privileged (beta).
    RoleDefinitions,
    /// All groups, for the licences that they give.
    Groups,
    /// One group.
    Group(Uuid),
    /// The groups with an address.
    GroupsWithAddress(String),
    /// The contacts with an address.
    ContactsWithAddress(String),
}

impl Read {
    /// How it is asked for.
    pub fn request(&self) -> Request {
        match self {
            Self::User(id) => Request::get(&["users", &id.to_string()]).select(&USER),
            Self::DeletedUser(id) => Request::get(&deleted(&id.to_string())).select(&USER),
            Self::Users(place, keys) => filtered(list(*place).select(&USER), *place, keys),
            Self::AllUsers(place) => list(*place).select(&USER).with("$top", "500"),
            Self::ObjectIdentifier(Place::Live, id) => {
                Request::beta(&["users", &id.to_string()]).select(&IDENTIFIER)
            }
            Self::ObjectIdentifier(Place::Bin, id) => {
                Request::beta(&deleted(&id.to_string())).select(&IDENTIFIER)
            }
            Self::ObjectIdentifiers(place) => {
                let path = if *place == Place::Bin { &DELETED_USER[..] } else { &["users"] };
                Request::beta(path).select(&IDENTIFIER).with("$top", "999")
            }
            Self::ProvisioningErrors => Request::get(&["users"])
                .select(&["id", "userPrincipalName", "deletedDateTime", "onPremisesProvisioningErrors"])
                .with("$filter", "onPremisesProvisioningErrors/any(p:p/category eq 'PropertyConflict')")
                .eventual(),
            Self::Domains => Request::get(&["domains"]),
            Self::Organisation => Request::get(&["organization"]).select(&ORGANISATION),
            Self::SubscribedSkus => Request::get(&["subscribedSkus"]).select(&SKU),
            Self::SyncFeatures => Request::get(&["directory", "onPremisesSynchronization"]),
            Self::SyncBehaviour(id) => Request::get(&["users", &id.to_string(), "onPremisesSyncBehavior"])
                .select(&["id", "isCloudManaged"]),
            Self::RoleAssignments(of) => role("roleAssignments", *of),
            Self::RoleEligibility(of) => role("roleEligibilityScheduleInstances", *of),
            Self::RoleDefinitions => {
                Request::beta(&["roleManagement", "directory", "roleDefinitions"]).select(&ROLE)
            }
            Self::Groups => Request::get(&["groups"]).select(&GROUP).with("$top", "999"),
            Self::Group(id) => Request::get(&["groups", &id.to_string()]).select(&GROUP),
            Self::GroupsWithAddress(address) => holders("groups", address),
            Self::ContactsWithAddress(address) => holders("contacts", address),
        }
    }
}

fn list(place: Place) -> Request {
    match place {
        Place::Live => Request::get(&["users"]),
        Place::Bin => Request::get(&DELETED_USER),
    }
}

fn deleted(id: &str) -> [&str; 4] {
    let [directory, items, kind] = DELETED_USER;
    [directory, items, id, kind]
}

fn filtered(request: Request, place: Place, keys: &[Key]) -> Request {
    let parts: Vec<(Vec<String>, bool)> = keys.iter().map(|key| key.filter(place)).collect();
    let is_advanced = parts.iter().any(|(_, advanced)| *advanced);
    let all: Vec<String> = parts.into_iter().flat_map(|(alternatives, _)| alternatives).collect();
    let request = request.with("$filter", all.join(" or "));
    if is_advanced { request.eventual() } else { request }
}

fn role(set: &str, of: Option<Uuid>) -> Request {
    let request = Request::get(&["roleManagement", "directory", set]);
    match of {
        Some(id) => request.with("$filter", equal("principalId", &id.to_string())),
        None => request,
    }
}

fn holders(set: &str, address: &str) -> Request {
    Request::get(&[set]).select(&HOLDER).with("$filter", has_address(address).join(" or "))
}

/// Keys in as many groups as filters are needed: what needs an advanced query apart, for its index may lag behind.
pub(crate) fn batches(place: Place, keys: &[Key]) -> Vec<Vec<Key>> {
    let mut out: Vec<Vec<Key>> = vec![];
    for wanted in [false, true] {
        let mut count = 0;
        let mut batch = vec![];
        for key in keys {
            let (alternatives, is_advanced) = key.filter(place);
            if is_advanced != wanted {
                continue;
            }
            if count + alternatives.len() > ALTERNATIVES && !batch.is_empty() {
                out.push(std::mem::take(&mut batch));
                count = 0;
            }
            count += alternatives.len();
            batch.push(key.clone());
        }
        if !batch.is_empty() {
            out.push(batch);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_stay_below_what_graph_takes() {
        let keys: Vec<Key> = (0..23)
            .map(
                |n| if n % 5 == 0 { Key::SamAccountName(n.to_string()) } else { Key::Address(n.to_string()) },
            )
            .collect();
        let batches = batches(Place::Live, &keys);
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [5, 5, 5, 3, 5]);
        for batch in batches {
            let request = Read::Users(Place::Live, batch).request();
            let is_advanced = request.query.iter().any(|(_, v)| v.contains("onPremisesSamAccountName eq"));
            assert_eq!(request.is_eventual, is_advanced);
        }
    }

    #[test]
    fn the_collector_asks_for_the_same() {
        let script = crate::evidence::collector::SCRIPT;
        for name in USER.iter().chain(&IDENTIFIER).chain(&GROUP).chain(&ORGANISATION).chain(&SKU).chain(&ROLE)
        {
            assert!(script.contains(&format!("'{name}'")), "{name}");
        }
        let (_, users) = script.split_once("$user = @(").unwrap();
        assert_eq!(users.split_once(')').unwrap().0.matches('\'').count(), 2 * USER.len());
    }

    #[test]
    fn a_deleted_user_is_found_behind_its_prefix() {
        let read = Read::Users(Place::Bin, vec![Key::UserPrincipalName("o'neil@contoso.com".into())]);
        let request = read.request();
        assert!(
            request.query.contains(&("$filter", "endsWith(userPrincipalName,'o''neil@contoso.com')".into()))
        );
        assert!(request.is_eventual && request.query.contains(&("$count", "true".into())));
    }
}
