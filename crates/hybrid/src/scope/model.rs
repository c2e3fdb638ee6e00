//! The scope model: what every format of a configuration is read into.
//!
//! Exports hold cookies, keys and encrypted passwords. Only what stands here is taken out of them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adrecover_core::Dn;

/// A line of a file.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// The line, counted from 1.
    pub line: u32,
}

impl Place {
    /// The file's name without its folder.
    pub fn name(&self) -> String {
        self.file.file_name().unwrap_or(self.file.as_os_str()).to_string_lossy().into_owned()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A name that a configuration lists, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name.
    pub dn: Dn,
    /// Where it stands.
    pub at: Place,
}

/// What kind of configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Entra Connect Sync: a server with connectors.
    ConnectSync,
    /// Entra Cloud Sync: an agent, configured in the tenant.
    CloudSync,
}

/// What a connector filters by group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupFilter {
    /// It filters by no group.
    None,
    /// It takes only direct members of one of these.
    MembersOf(Vec<Listed>),
    /// It takes only members of a group that is not named by its DN, at this place.
    Unreadable(Place),
    /// The format does not say.
    NotSaid,
}

/// One Active Directory forest as an engine sees it (a connector), or one configuration of Cloud Sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// Which engine it belongs to.
    pub engine: Engine,
    /// Its GUID, lower-case and without braces.
    pub id: Option<String>,
    /// Its name: that of the forest, with Entra Connect.
    pub name: String,
    /// The DNS name of the forest.
    pub forest: Option<String>,
    /// The account that reads the directory, `domain\name` where the domain is known.
    pub account: Option<String>,
    /// The pilot group.
    pub groups: GroupFilter,
    /// Its naming contexts.
    pub partitions: Vec<Partition>,
    /// Its rules; `None` where the format does not hold them.
    pub rules: Option<Vec<Rule>>,
    /// What an object must be to be taken, by its class: the scoping filters of Cloud Sync.
    pub filters: Vec<ScopingFilter>,
    /// Where it begins.
    pub at: Place,
}

/// One naming context of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its DN. The empty one, of a Cloud Sync configuration that names no domain, is any.
    pub dn: Dn,
    /// Whether it is selected.
    pub selected: bool,
    /// The containers that are included.
    pub inclusions: Vec<Listed>,
    /// The containers that are excluded.
    pub exclusions: Vec<Listed>,
    /// Whether two empty lists mean everything (Cloud Sync), and not that nobody knows.
    pub empty_is_all: bool,
    /// The classes of objects that are read; `None` where the format does not say.
    pub object_classes: Option<Vec<String>>,
    /// The domain controller that was read last.
    pub last_dc: Option<String>,
    /// Where it begins.
    pub at: Place,
}

/// What an object of a class must be to be taken by a Cloud Sync configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopingFilter {
    /// The class.
    pub source_type: String,
    /// The condition.
    pub scope: RuleScope,
    /// Where it stands.
    pub at: Place,
}

/// Which way a rule goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a directory into the engine.
    Inbound,
    /// From the engine into a directory.
    Outbound,
}

/// A synchronisation rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// The tag that marks Microsoft's own rules: `Microsoft.InfromADUserJoin.003`.
    pub immutable_tag: Option<String>,
    /// Which way it goes.
    pub direction: Direction,
    /// Whether it is switched off.
    pub disabled: bool,
    /// The GUID of its connector, lower-case and without braces.
    pub connector: Option<String>,
    /// The class of the object that it reads.
    pub source_type: Option<String>,
    /// The type of the object that it writes.
    pub target_type: Option<String>,
    /// `Provision`, `Join` or `StickyJoin`.
    pub link_type: Option<String>,
    /// The lower the number, the sooner its values win.
    pub precedence: Option<i64>,
    /// Which objects it is for: one of these groups of conditions, or every object where there is none.
    pub scope: RuleScope,
    /// What joins an object of the directory with one of the engine.
    pub joins: Vec<Vec<Join>>,
    /// What it writes.
    pub mappings: Vec<Mapping>,
    /// Where it begins.
    pub at: Place,
}

impl Rule {
    /// Whether Microsoft's setup did not write it: no tag of Microsoft's, or a precedence below 100, which setup leaves free.
    pub fn is_custom(&self) -> bool {
        let is_tagged = self.immutable_tag.as_ref().is_some_and(|t| has_prefix(t, "Microsoft."));
        !is_tagged || self.precedence.is_some_and(|p| p < 100)
    }

    /// What it writes into an attribute.
    pub fn mapping(&self, attribute: &str) -> Option<&Mapping> {
        self.mappings.iter().find(|m| m.target.eq_ignore_ascii_case(attribute))
    }
}

/// Whether a text begins so, in any case.
pub(crate) fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// Which objects a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleScope {
    /// Those for which every condition of one group holds; all where there is no group.
    Groups(Vec<Vec<Condition>>),
    /// The file says it in a way that is not known.
    NotUnderstood,
}

/// A condition of a rule's scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The attribute that is looked at.
    pub attribute: String,
    /// The operator as the file names it: `NOTEQUAL`.
    pub operator: String,
    /// What the attribute is compared with.
    pub value: String,
    /// Where it stands.
    pub at: Place,
}

/// A join criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The attribute of the directory's object.
    pub source: String,
    /// The attribute of the engine's object.
    pub target: String,
}

/// What a rule writes into one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The attribute.
    pub target: String,
    /// From where.
    pub source: MappingSource,
    /// Where it stands.
    pub at: Place,
}

/// Where a written value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingSource {
    /// Always the same value.
    Constant(String),
    /// An attribute as it is.
    Attribute(String),
    /// An expression of the engine's language, with the attributes that it reads.
    Expression {
        /// Its text.
        text: String,
        /// The attributes.
        attributes: Vec<String>,
    },
}

/// A global setting of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Which.
    pub name: SettingName,
    /// Its value, as the file has it.
    pub value: String,
    /// Where it stands.
    pub at: Place,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The global settings that are read. All others are passed over.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum SettingName {
            $($(#[$doc])* $variant,)*
        }

        impl SettingName {
            /// The name in MV.xml and in `(Get-ADSyncGlobalSettings).Parameters`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The setting of that name.
            pub fn of(name: &str) -> Option<Self> {
                [$(Self::$variant,)*].into_iter().find(|s| s.name().eq_ignore_ascii_case(name.trim()))
            }
        }
    };
}

settings! {
    /// The attribute that the source anchor is made of: `objectGUID` or `mS-DS-ConsistencyGuid`.
    AnchorAttribute = "Microsoft.SynchronizationOption.AnchorAttribute",
    /// The attribute that the cloud's user principal name is made of: another than `userPrincipalName` with an alternate id.
    UpnAttribute = "Microsoft.SynchronizationOption.UPNAttribute",
    /// How users of several forests are joined.
    JoinCriteria = "Microsoft.SynchronizationOption.JoinCriteria",
    /// Whether objects are filtered by the pilot group.
    GroupFiltering = "Microsoft.OptionalFeature.GroupFiltering",
    /// Whether an export with too many deletions is stopped.
    DeletionThreshold = "Microsoft.OptionalFeature.ExportDeletionThreshold",
    /// How many deletions are too many.
    DeletionThresholdValue = "Microsoft.OptionalFeature.ExportDeletionThresholdValue",
    /// Whether the Exchange attributes are written back.
    HybridExchange = "Microsoft.OptionalFeature.HybridExchange",
    /// Whether password hashes are synchronised.
    PasswordHashSync = "Microsoft.OptionalFeature.PasswordHashSync",
    /// Whether the server exports nothing.
    StagingMode = "Microsoft.Synchronize.StagingMode",
    /// Whether the scheduler is suspended.
    SchedulerSuspended = "Microsoft.Synchronize.SchedulerSuspended",
    /// Whether the scheduler is enabled (`SyncCycleEnabled`).
    SynchronizationSchedule = "Microsoft.Synchronize.SynchronizationSchedule",
    /// What the next cycle is: `Delta` or `Initial`.
    SynchronizationPolicy = "Microsoft.Synchronize.SynchronizationPolicy",
    /// How often a cycle begins.
    TimeInterval = "Microsoft.Synchronize.TimeInterval",
    /// When the next cycle begins.
    NextStartTime = "Microsoft.Synchronize.NextStartTime",
    /// The version of the engine that wrote the configuration.
    ServerConfigurationVersion = "Microsoft.Synchronize.ServerConfigurationVersion",
}

/// Everything that the given files say about what is synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncScope {
    /// The connectors of all configurations.
    pub connectors: Vec<Connector>,
    /// The global settings; the same one may come from several servers.
    pub settings: Vec<Setting>,
    /// What is worth a warning: keys and values that were passed over.
    pub warnings: Vec<String>,
    /// The files that something was read from.
    pub files: Vec<PathBuf>,
}

impl SyncScope {
    /// What the files say of a setting: nothing, one value, or one a server.
    pub fn setting(&self, name: SettingName) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(move |s| s.name == name)
    }

    /// Whether any server has a setting of this value, in any case.
    pub fn has_setting(&self, name: SettingName, value: &str) -> bool {
        self.setting(name).any(|s| s.value.trim().eq_ignore_ascii_case(value))
    }
}
