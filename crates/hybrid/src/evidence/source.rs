//! Which files there are, what each of them lists, how much of it, and what had to be said about them.

use std::fmt;
use std::path::{Path, PathBuf};

use adrecover_core::text::printable;
use adrecover_core::time::Timestamp;
use serde::Deserialize;

use super::entity::Entity;
use super::table::part;

/// A list of objects, or a setting, that checks rest upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Dataset {
    /// The users of the tenant.
    Users,
    /// The users in the bin of Entra ID.
    DeletedUsers,
    /// The groups that give licences.
    LicensedGroups,
    /// The domains of the tenant.
    Domains,
    /// The tenant itself.
    Organisation,
    /// Its products with licences.
    SubscribedSkus,
    /// Who has a role of the directory.
    RoleAssignments,
    /// Who may take one.
    RoleEligibility,
    /// What the roles are called.
    RoleDefinitions,
    /// The features of the synchronisation, as the tenant has them.
    SyncFeatures,
    /// Which users are managed in the cloud although they are synchronised.
    SyncBehaviour,
    /// The mailboxes.
    Mailboxes,
    /// The mailboxes that can be taken back.
    SoftDeletedMailboxes,
    /// The mailboxes that are kept for a hold.
    InactiveMailboxes,
    /// Mailboxes of which the export does not say whether they are deleted.
    MailboxesOfUnknownState,
    /// The scheduler of the sync server.
    Scheduler,
    /// The runs of the sync server.
    RunHistory,
    /// Events of the sync server.
    Events,
    /// How many deletions stop an export.
    DeletionThreshold,
    /// The global settings of the sync server.
    GlobalSettings,
}

impl Dataset {
    /// What has been read of a kind and a list.
    pub(crate) fn of(entity: Entity, list: u8) -> Self {
        match (entity, list) {
            (Entity::User, part::DELETED) => Self::DeletedUsers,
            (Entity::User, _) => Self::Users,
            (Entity::Group, _) => Self::LicensedGroups,
            (Entity::Domain, _) => Self::Domains,
            (Entity::Organisation, _) => Self::Organisation,
            (Entity::Sku, _) => Self::SubscribedSkus,
            (Entity::RoleAssignment, _) => Self::RoleAssignments,
            (Entity::RoleEligibility, _) => Self::RoleEligibility,
            (Entity::RoleDefinition, _) => Self::RoleDefinitions,
            (Entity::SyncFeatures, _) => Self::SyncFeatures,
            (Entity::SyncBehaviour, _) => Self::SyncBehaviour,
            (Entity::Mailbox, part::LIVE) => Self::Mailboxes,
            (Entity::Mailbox, part::DELETED) => Self::SoftDeletedMailboxes,
            (Entity::Mailbox, part::INACTIVE) => Self::InactiveMailboxes,
            (Entity::Mailbox, _) => Self::MailboxesOfUnknownState,
            (Entity::Scheduler, _) => Self::Scheduler,
            (Entity::Run, _) => Self::RunHistory,
            (Entity::Event, _) => Self::Events,
            (Entity::Threshold, _) => Self::DeletionThreshold,
            (Entity::Settings, _) => Self::GlobalSettings,
        }
    }

    /// The kind of its objects, and the list in which they stand.
    pub(crate) fn place(self) -> (Entity, u8) {
        match self {
            Self::Users => (Entity::User, part::LIVE),
            Self::DeletedUsers => (Entity::User, part::DELETED),
            Self::LicensedGroups => (Entity::Group, part::NONE),
            Self::Domains => (Entity::Domain, part::NONE),
            Self::Organisation => (Entity::Organisation, part::NONE),
            Self::SubscribedSkus => (Entity::Sku, part::NONE),
            Self::RoleAssignments => (Entity::RoleAssignment, part::NONE),
            Self::RoleEligibility => (Entity::RoleEligibility, part::NONE),
            Self::RoleDefinitions => (Entity::RoleDefinition, part::NONE),
            Self::SyncFeatures => (Entity::SyncFeatures, part::NONE),
            Self::SyncBehaviour => (Entity::SyncBehaviour, part::NONE),
            Self::Mailboxes => (Entity::Mailbox, part::LIVE),
            Self::SoftDeletedMailboxes => (Entity::Mailbox, part::DELETED),
            Self::InactiveMailboxes => (Entity::Mailbox, part::INACTIVE),
            Self::MailboxesOfUnknownState => (Entity::Mailbox, part::NONE),
            Self::Scheduler => (Entity::Scheduler, part::NONE),
            Self::RunHistory => (Entity::Run, part::NONE),
            Self::Events => (Entity::Event, part::NONE),
            Self::DeletionThreshold => (Entity::Threshold, part::NONE),
            Self::GlobalSettings => (Entity::Settings, part::NONE),
        }
    }

    /// Whether it is one object, so that one is all of it.
    pub(crate) fn is_single(self) -> bool {
        matches!(
            self,
            Self::Organisation
                | Self::SyncFeatures
                | Self::Scheduler
                | Self::DeletionThreshold
                | Self::GlobalSettings
        )
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Users => "users",
            Self::DeletedUsers => "deleted users",
            Self::LicensedGroups => "groups with licences",
            Self::Domains => "domains",
            Self::Organisation => "organisation",
            Self::SubscribedSkus => "subscribed SKUs",
            Self::RoleAssignments => "role assignments",
            Self::RoleEligibility => "role eligibility",
            Self::RoleDefinitions => "role definitions",
            Self::SyncFeatures => "synchronisation features",
            Self::SyncBehaviour => "source of authority",
            Self::Mailboxes => "mailboxes",
            Self::SoftDeletedMailboxes => "soft-deleted mailboxes",
            Self::InactiveMailboxes => "inactive mailboxes",
            Self::MailboxesOfUnknownState => "mailboxes of unknown state",
            Self::Scheduler => "scheduler",
            Self::RunHistory => "run history",
            Self::Events => "events of the sync server",
            Self::DeletionThreshold => "deletion threshold",
            Self::GlobalSettings => "global settings of the sync server",
        })
    }
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// How old what it says is: the time in the collector's manifest, else the time of the file itself.
    pub at: Timestamp,
    /// Whether the time is the collector's.
    pub is_dated_inside: bool,
}

/// How much of a list a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of it: the collector says so.
    Stated,
    /// All of it, as far as can be seen: a list that does not say that there is more.
    Assumed,
    /// One object, which may be a list of one or one of many.
    One,
    /// The first pages: the last one names a next one.
    Paged,
    /// Not all, or nothing: what the collector says went wrong.
    Failed(String),
}

impl Extent {
    /// Whether what is not in the file is not there.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Stated | Self::Assumed)
    }
}

/// What a file holds of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The dataset.
    pub dataset: Dataset,
    /// The file, by its place among [`Evidence::files`](super::Evidence::files).
    pub file: usize,
    /// How many objects.
    pub objects: u64,
    /// How much of all of them that is.
    pub extent: Extent,
}

/// Why something is not known, although it was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gap {
    /// No file holds the dataset.
    NoExport(Dataset),
    /// The files that hold it do not hold all of it.
    Incomplete(Dataset, PathBuf, String),
    /// A file holds it without this property.
    NotAsked(Dataset, &'static str, PathBuf),
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoExport(dataset) => write!(f, "no file holds {dataset}"),
            Self::Incomplete(dataset, path, why) => {
                write!(f, "{} holds not all {dataset}: {why}", shown(path))
            }
            Self::NotAsked(dataset, property, path) => {
                write!(f, "{} holds {dataset} without a readable `{property}`", shown(path))
            }
        }
    }
}

/// Something about a file that its reader should know. Each names its file and a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub path: PathBuf,
    /// What is the matter, as a fragment that can be printed.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", shown(&self.path), self.message)
    }
}

/// Why files could not be read as evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// A file or a folder could not be opened or read.
    #[error("cannot read {}: {source}", shown(path))]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is in none of the formats that are read.
    #[error("{} is no export that is known: {looks_like}", shown(path))]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What it looks like.
        looks_like: String,
    },
    /// It is cut or broken.
    #[error("{} is damaged: line {line}: {problem}; export it again", shown(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong there.
        problem: String,
    },
    /// It holds users of whom it cannot be told whether they are deleted.
    #[error(
        "{} holds users without userPrincipalName and deletedDateTime, so that live and deleted ones cannot be told apart; \
         export it with both",
        shown(path)
    )]
    LiveOrDeleted {
        /// The file.
        path: PathBuf,
    },
    /// There are more files than are read.
    #[error(
        "{} holds more than {limit} files or is nested too deeply; name the folder of the exports",
        shown(path)
    )]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
}

/// A path that cannot drive a terminal.
pub(crate) fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

/// A short text of a file that can be printed.
pub(crate) fn brief(text: &str) -> String {
    let short: String = text.chars().take(120).collect();
    let cut = if short.len() < text.len() { "…" } else { "" };
    format!("{}{cut}", printable(&short))
}
